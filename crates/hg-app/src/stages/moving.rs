//! From stage to stage.

use hg_core::events::EventKind;
use hg_core::ids::{ContactId, StageId};
use hg_store::{Sql, Tx};
use serde_json::json;

use crate::changes::{self, Happening};
use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::stages::store;
use crate::workspace::Workspace;

/// Somebody moves a contact to a stage, or out of any. Whether that changed anything.
pub async fn change(cx: &Cx, contact: ContactId, stage: Option<StageId>) -> Result<bool> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, reason) = (cx.ws.clone(), format!("By {}", cx.actor_name()));
    cx.db()
        .write(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            change_in(&ws, tx, contact, stage, &reason)
        })
        .await
}

/// The same in the caller's transaction.
pub fn change_in(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, stage: Option<StageId>, reason: &str) -> Result<bool> {
    let to = stage.map(|id| store::find(tx, id)).transpose()?;
    let before = stage_of(tx, contact)?;
    if before == stage {
        return Ok(false);
    }
    let now = ws.clock.now();
    tx.exec(
        Sql::new("UPDATE contacts SET stage_id = $2, stage_at = $3, updated_at = $3, version = version + 1 WHERE id = $1")
            .bind(contact)
            .bind(stage)
            .bind(now),
    )?;
    let from = match before {
        Some(id) => store::names(tx, &[id.0])?.remove(&id.0),
        None => None,
    };
    let detail = json!({"from": from, "to": to.map(|s| s.name), "reason": reason});
    let mut happening = Happening::new(contact, EventKind::StageChanged, now).object(stage.map_or(0, |s| s.0));
    happening.ref_id = before.map(|s| s.0);
    changes::record(tx, happening.detail(detail))?;
    Ok(true)
}

fn stage_of(tx: &mut Tx<'_>, contact: ContactId) -> Result<Option<StageId>> {
    tx.opt(Sql::new("SELECT stage_id FROM contacts WHERE id = $1 AND deleted_at IS NULL @forupdate").bind(contact), |r| r.get(0))?
        .ok_or_else(|| Error::not_found("contact", contact))
}

/// What became of a move that may only go forwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Forward {
    Moved,
    /// Why not, in a sentence.
    Refused(String),
}

/// Moves a contact to a stage of more weight than her own; anything else is refused with the reason.
pub fn forward_in(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, stage: StageId, reason: &str) -> Result<Forward> {
    let refused = |why: String| Ok(Forward::Refused(why));
    let to = match store::find(tx, stage) {
        Ok(to) => to,
        Err(error) if error.is_not_found() => return refused("The stage was deleted.".to_owned()),
        Err(error) => return Err(error),
    };
    if !to.window.holds_at(ws.clock.now()) {
        return refused(format!("The stage “{}” is not published.", to.name));
    }
    let before = match stage_of(tx, contact)? {
        Some(id) if id == stage => return refused(format!("The contact is in the stage “{}” already.", to.name)),
        Some(id) => store::find(tx, id).ok(),
        None => None,
    };
    if let Some(before) = before.filter(|b| b.weight >= to.weight) {
        let text = format!(
            "The contact is in the stage “{}” of weight {}; “{}” has {}, and campaigns only move forwards.",
            before.name, before.weight, to.name, to.weight
        );
        return refused(text);
    }
    change_in(ws, tx, contact, Some(stage), reason)?;
    Ok(Forward::Moved)
}
