//! One deed on many segments at once: all of them, or none.

use hg_core::ids::{CategoryId, SegmentId};
use hg_store::Tx;

use crate::audit::{self, Changes, Deed, Entry};
use crate::categories;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::segments::named::refuse_if_used;
use crate::segments::rebuild::push;
use crate::segments::{Segment, UsedBy, service, store};
use crate::workspace::Workspace;

/// What happens to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentDeed {
    Publish,
    Unpublish,
    /// Into a category, or out of all.
    Place(Option<CategoryId>),
    Delete,
    Restore,
}

/// So many segments one request changes.
const MOST: usize = 200;

/// Changes segments; how many were not so before. What is used by another segment may go when that one goes with it.
pub async fn change_many(cx: &Cx, mut ids: Vec<SegmentId>, deed: SegmentDeed) -> Result<usize> {
    cx.may(Action::Edit(Area::Segments))?;
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() || ids.len() > MOST {
        return Err(Error::field("/ids", "segment.ids", format!("Name one to {MOST} segments.")));
    }
    let (ws, who, now) = (cx.ws.clone(), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            if let SegmentDeed::Place(category) = deed {
                categories::check(tx, category, "segment")?;
            }
            let mut changed = 0;
            for id in &ids {
                if deed == SegmentDeed::Restore {
                    store::set_deleted(tx, *id, None, now)?;
                }
                let before = store::find(tx, *id)?;
                if matches!(deed, SegmentDeed::Delete | SegmentDeed::Unpublish) {
                    refuse_if_used(&others(&ws, tx, *id, &ids)?)?;
                }
                let (after, word) = match deed {
                    SegmentDeed::Publish => (Segment { published: true, ..before.clone() }, Deed::Publish),
                    SegmentDeed::Unpublish => (Segment { published: false, building: false, ..before.clone() }, Deed::Unpublish),
                    SegmentDeed::Place(category) => (Segment { category_id: category, ..before.clone() }, Deed::Update),
                    SegmentDeed::Delete => (before.clone(), Deed::Delete),
                    SegmentDeed::Restore => (before.clone(), Deed::Restore),
                };
                match deed {
                    SegmentDeed::Delete => drop(store::set_deleted(tx, *id, Some(now), now)?),
                    SegmentDeed::Restore => {}
                    _ if after == before => continue,
                    SegmentDeed::Publish => {
                        store::update(tx, &Segment { building: after.filter.is_some(), ..after.clone() }, now)?
                    }
                    _ => store::update(tx, &after, now)?,
                }
                if after.published && matches!(deed, SegmentDeed::Publish | SegmentDeed::Restore) {
                    let found = store::find(tx, *id)?;
                    push(tx, &found, now, None)?;
                }
                let changes = Changes::new().field("published", &before.published, &after.published).field(
                    "category_id",
                    &before.category_id,
                    &after.category_id,
                );
                audit::record(tx, &who, Entry::new(word, "segment", id.0, &after.name).changes(changes))?;
                changed += 1;
            }
            Ok(changed)
        })
        .await
}

/// What uses a segment besides those that share its fate.
fn others(ws: &Workspace, tx: &mut Tx<'_>, id: SegmentId, together: &[SegmentId]) -> Result<Vec<UsedBy>> {
    let mut users = service::holding(ws, tx, id)?;
    users.retain(|u| u.kind != "segment" || !together.contains(&SegmentId(u.id)));
    Ok(users)
}
