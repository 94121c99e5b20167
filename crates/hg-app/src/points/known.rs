//! The rules of a workspace, kept until one of them changes.

use std::sync::{Arc, Mutex, PoisonError};

use hg_store::Tx;

use crate::error::Result;
use crate::points::{PointAction, PointTrigger, actions, triggers};
use crate::workspace::Workspace;

/// Everything that may give points, and everything that points may set off.
#[derive(Debug, Default)]
pub(super) struct Rules {
    pub actions: Vec<PointAction>,
    pub triggers: Vec<PointTrigger>,
}

type Stamp = [i64; 6];

#[derive(Default)]
struct Cached(Mutex<Option<(Stamp, Arc<Rules>)>>);

/// Changes whenever a rule, or a category that switches rules off, is made, changed or deleted.
fn stamp(tx: &mut Tx<'_>) -> Result<Stamp> {
    let sql = "SELECT (SELECT count(*) FROM point_actions), (SELECT @sum(version) FROM point_actions), \
         (SELECT count(*) FROM point_triggers), (SELECT @sum(version) FROM point_triggers), \
         (SELECT count(*) FROM categories), (SELECT @sum(version) FROM categories)";
    Ok(tx.one(sql, |r| Ok([r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?]))?)
}

/// The rules that are switched on now; their windows are for the caller to ask.
pub(super) fn rules(ws: &Workspace, tx: &mut Tx<'_>) -> Result<Arc<Rules>> {
    let stamp = stamp(tx)?;
    let cached = ws.part::<Cached>();
    {
        let held = cached.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, rules)) = held.as_ref().filter(|(s, _)| *s == stamp) {
            return Ok(rules.clone());
        }
    }
    let rules = Arc::new(Rules { actions: actions::switched_on(tx)?, triggers: triggers::switched_on(tx)? });
    *cached.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((stamp, rules.clone()));
    Ok(rules)
}

/// The colours of the main score's triggers, by the points that reach them, highest first.
pub(crate) fn colours(tx: &mut Tx<'_>) -> Result<Vec<(i64, String)>> {
    let sql = "SELECT points, color FROM point_triggers WHERE deleted_at IS NULL AND published = 1 AND group_id IS NULL \
         AND color IS NOT NULL ORDER BY points DESC, id";
    Ok(tx.all(sql, |r| Ok((r.get(0)?, r.get(1)?)))?)
}
