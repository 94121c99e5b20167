//! What uses what: segments in filters, campaigns, emails, forms and triggers; fields, tags and point groups in filters.

use std::collections::{HashMap, HashSet};

use hg_core::contacts::FieldCatalogue;
use hg_core::ids::{CompanySegmentId, EmailId, PointGroupId, SegmentId, TagId};
use hg_core::segments::Relation;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde_json::Value as Json;

use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::segments::rebuild::push;
use crate::segments::{UsedBy, compile, known, store};
use crate::sending;
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

/// Segments that something uses.
pub(super) fn all_used(ws: &Workspace, tx: &mut Tx<'_>) -> Result<HashSet<SegmentId>> {
    let all: Vec<SegmentId> = store::all(tx)?.into_iter().map(|s| s.id).collect();
    Ok(users(ws, tx, &all)?.into_keys().collect())
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
    for (campaign, name, named) in crate::campaigns::segments_in_steps(tx)? {
        for id in ids.iter().filter(|id| named.contains(id)) {
            let list = found.entry(*id).or_default();
            // A campaign that the segment feeds may ask about it in a step too.
            if !list.iter().any(|by| by.kind == "campaign" && by.id == campaign) {
                list.push(UsedBy { kind: "campaign", id: campaign, name: name.clone() });
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

/// Segments whose filter asks about a segment of companies, by name or about any.
pub fn using_company_segment(ws: &Workspace, tx: &mut Tx<'_>, id: CompanySegmentId) -> Result<Vec<(SegmentId, String)>> {
    let known = known::all(ws, tx)?;
    let asks = |k: &&std::sync::Arc<known::Known>| {
        let named = k.depends.objects.iter().any(|(relation, object)| *relation == Relation::CompanySegment && *object == id.0);
        named || k.depends.any_company_segment
    };
    Ok(known.ordered.iter().filter(asks).map(|k| (k.segment.id, k.segment.name.clone())).collect())
}

/// Segments that read a field and could not be understood if the fields were these.
pub(crate) fn broken_by(tx: &mut Tx<'_>, alias: &str, after: &FieldCatalogue) -> Result<Vec<String>> {
    let mut broken = Vec::new();
    for segment in store::all(tx)? {
        let Some(json) = segment.filter.as_ref().filter(|json| reads(json, alias)) else { continue };
        if compile(json, after).is_err() {
            broken.push(segment.name);
        }
    }
    Ok(broken)
}

/// Builds the published segments that read a field anew.
pub(crate) fn rebuild_using(ws: &Workspace, tx: &mut Tx<'_>, alias: &str, now: Timestamp) -> Result<()> {
    let known = known::all(ws, tx)?;
    for k in known.ordered.iter().filter(|k| k.segment.published && k.depends.columns.contains(alias)) {
        push(tx, &k.segment, now, None)?;
    }
    Ok(())
}

/// Whether a filter has a condition on a field, of contacts or of companies.
fn reads(filter: &Json, alias: &str) -> bool {
    let own = filter.get("field").and_then(Json::as_str);
    let named = own.is_some_and(|field| field == alias || field.rsplit_once(':').is_some_and(|(_, last)| last == alias));
    let rules = filter.get("rules").and_then(Json::as_array);
    named || rules.is_some_and(|rules| rules.iter().any(|rule| reads(rule, alias)))
}

/// What a change of a segment reaches, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    pub by: UsedBy,
    /// Whether it is at work now: a running campaign, a published email, form or segment.
    pub active: bool,
    /// People in the campaign, members of the segment, people who would get the email.
    pub people: Option<u64>,
    /// Whether the segment can be deleted in spite of it.
    pub yields: bool,
}

/// What uses a segment and how many people that is about: what somebody should know who changes or deletes it.
pub async fn reached(cx: &Cx, id: SegmentId) -> Result<Vec<Reached>> {
    cx.may(Action::View(Area::Segments))?;
    let ws = cx.ws.clone();
    cx.db()
        .read(move |tx| {
            store::find(tx, id)?;
            let users = using_segment(&ws, tx, id)?;
            users.into_iter().map(|by| reach(&ws, tx, by)).collect()
        })
        .await
}

fn reach(ws: &Workspace, tx: &mut Tx<'_>, by: UsedBy) -> Result<Reached> {
    let flag = |tx: &mut Tx<'_>, text: &'static str| -> Result<bool> {
        Ok(tx.opt(Sql::new(text).bind(by.id), |r| r.get::<bool>(0))?.unwrap_or(false))
    };
    let (active, people) = match by.kind {
        "campaign" => {
            let inside = "SELECT count(*) FROM campaign_members WHERE campaign_id = $1 AND state = 'active'";
            let state = "SELECT state FROM campaigns WHERE id = $1";
            let state: Option<String> = tx.opt(Sql::new(state).bind(by.id), |r| r.get(0))?;
            (state.as_deref() == Some("published"), Some(tx.scalar::<i64>(Sql::new(inside).bind(by.id))?.unsigned_abs()))
        }
        "segment" => {
            let members = tx.opt(Sql::new("SELECT members FROM segments WHERE id = $1").bind(by.id), |r| r.get::<i64>(0))?;
            (flag(tx, "SELECT published FROM segments WHERE id = $1")?, members.map(i64::unsigned_abs))
        }
        "email" => {
            let people = sending::people_of(ws, tx, EmailId(by.id))?;
            (flag(tx, "SELECT published FROM emails WHERE id = $1")?, people)
        }
        "form" => (flag(tx, "SELECT published FROM forms WHERE id = $1")?, None),
        _ => (flag(tx, "SELECT published FROM point_triggers WHERE id = $1")?, None),
    };
    Ok(Reached { active, people, yields: matches!(by.kind, "form" | "point trigger"), by })
}
