//! What uses what: segments in filters, campaigns, emails, forms and triggers; fields, tags and point groups in filters.

use std::collections::HashMap;

use hg_core::ids::{PointGroupId, SegmentId, TagId};
use hg_core::segments::Relation;
use hg_store::{Sql, Tx};
use serde_json::Value as Json;

use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::segments::{UsedBy, known};
use crate::workspace::Workspace;

/// What uses a segment: filters of other segments, campaigns, emails, forms, point triggers.
pub fn using_segment(ws: &Workspace, tx: &mut Tx<'_>, id: SegmentId) -> Result<Vec<UsedBy>> {
    Ok(users(ws, tx, &[id])?.remove(&id).unwrap_or_default())
}

/// The same for several segments at once, for lists.
pub async fn users_of_many(cx: &Cx, ids: Vec<SegmentId>) -> Result<HashMap<SegmentId, Vec<UsedBy>>> {
    cx.may(Action::View(Area::Segments))?;
    let ws = cx.ws.clone();
    cx.db().read(move |tx| users(&ws, tx, &ids)).await
}

fn users(ws: &Workspace, tx: &mut Tx<'_>, ids: &[SegmentId]) -> Result<HashMap<SegmentId, Vec<UsedBy>>> {
    let known = known::all(ws, tx)?;
    let mut found: HashMap<SegmentId, Vec<UsedBy>> = HashMap::new();
    for k in &known.ordered {
        for id in ids.iter().filter(|id| **id != k.segment.id && k.depends.segments.contains(id)) {
            let user = UsedBy { kind: "segment", id: k.segment.id.0, name: k.segment.name.clone() };
            found.entry(*id).or_default().push(user);
        }
    }
    let plain: Vec<i64> = ids.iter().map(|id| id.0).collect();
    for (kind, text) in [
        (
            "campaign",
            "SELECT s.source_id, c.id, c.name FROM campaign_sources s JOIN campaigns c ON c.id = s.campaign_id \
             WHERE s.kind = 'segment' AND s.source_id @in($1) AND c.deleted_at IS NULL ORDER BY c.id",
        ),
        (
            "email",
            "SELECT DISTINCT s.segment_id, e.id, e.name FROM email_segments s JOIN emails e ON e.id = s.email_id \
             WHERE s.segment_id @in($1) AND e.deleted_at IS NULL ORDER BY e.id",
        ),
    ] {
        let rows = tx.all(Sql::new(text).bind(plain.as_slice()), |r| {
            Ok((r.get::<SegmentId>(0)?, UsedBy { kind, id: r.get(1)?, name: r.get(2)? }))
        })?;
        for (id, user) in rows {
            found.entry(id).or_default().push(user);
        }
    }
    // Forms and point triggers name segments inside their settings; there are hundreds of them, not millions.
    for (kind, keys, text) in [
        ("form", ["add", "remove"], "SELECT id, name, actions FROM forms WHERE deleted_at IS NULL ORDER BY id"),
        (
            "point trigger",
            ["addToLists", "removeFromLists"],
            "SELECT t.id, t.name, e.settings FROM point_trigger_events e JOIN point_triggers t ON t.id = e.trigger_id \
             WHERE e.kind = 'lead.changelists' AND t.deleted_at IS NULL ORDER BY t.id",
        ),
    ] {
        let rows = tx.all(text, |r| Ok((r.get::<i64>(0)?, r.get::<String>(1)?, r.get::<Json>(2)?)))?;
        for (user, name, settings) in rows {
            let named = named_segments(&settings, keys);
            for id in ids.iter().filter(|id| named.contains(&id.0)) {
                found.entry(*id).or_default().push(UsedBy { kind, id: user, name: name.clone() });
            }
        }
    }
    for list in found.values_mut() {
        list.dedup();
    }
    Ok(found)
}

/// Ids that stand under these keys, in the settings themselves or in a list of actions.
fn named_segments(settings: &Json, keys: [&str; 2]) -> Vec<i64> {
    match settings {
        Json::Array(actions) => {
            let about = actions.iter().filter(|a| a.get("kind").and_then(Json::as_str) == Some("add_to_segment"));
            about.flat_map(|action| named_segments(action, keys)).collect()
        }
        settings => keys
            .iter()
            .filter_map(|key| settings.get(*key).and_then(Json::as_array))
            .flatten()
            .filter_map(|id| id.as_i64().or_else(|| id.as_str()?.parse().ok()))
            .collect(),
    }
}

/// The segments that a segment's filter asks about.
pub fn asked_by(ws: &Workspace, tx: &mut Tx<'_>, id: SegmentId) -> Result<Vec<UsedBy>> {
    let known = known::all(ws, tx)?;
    let Some(own) = known.by_id.get(&id) else { return Ok(Vec::new()) };
    let asked = own.depends.segments.iter().filter_map(|other| known.by_id.get(other));
    Ok(asked.map(|k| UsedBy { kind: "segment", id: k.segment.id.0, name: k.segment.name.clone() }).collect())
}

/// Segments whose filter reads a field.
pub fn using_field(ws: &Workspace, tx: &mut Tx<'_>, alias: &str) -> Result<Vec<(SegmentId, String)>> {
    let known = known::all(ws, tx)?;
    let users = known.ordered.iter().filter(|k| k.depends.columns.contains(alias));
    Ok(users.map(|k| (k.segment.id, k.segment.name.clone())).collect())
}

/// Segments whose filter asks about a tag.
pub fn using_tag(ws: &Workspace, tx: &mut Tx<'_>, tag: TagId) -> Result<Vec<(SegmentId, String)>> {
    let known = known::all(ws, tx)?;
    let users = known.ordered.iter().filter(|k| k.depends.tags.contains(&tag));
    Ok(users.map(|k| (k.segment.id, k.segment.name.clone())).collect())
}

/// Segments whose filter asks about the scores of a point group.
pub fn using_point_group(ws: &Workspace, tx: &mut Tx<'_>, group: PointGroupId) -> Result<Vec<(SegmentId, String)>> {
    let known = known::all(ws, tx)?;
    let users = known.ordered.iter().filter(|k| k.depends.relations.contains(&Relation::GroupPoints(group.0)));
    Ok(users.map(|k| (k.segment.id, k.segment.name.clone())).collect())
}
