//! Use cases of segments.

use std::collections::{HashMap, HashSet};

use hg_core::ids::{ContactId, JobId, SegmentId};
use hg_core::text::{fold, slug};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx, Value};
use serde_json::Value as Json;

use crate::audit::{self, Changes, Deed, Entry};
use crate::categories;
use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;
use crate::list::{ListQuery, Listed, Matcher, Page};
use crate::segments::known::{self, circle};
use crate::segments::members::{decode, decode_piece};
use crate::segments::preview::resolve_filter;
use crate::segments::rebuild::push;
use crate::segments::{
    Membership, NewSegment, Origin, Segment, SegmentChange, SegmentPatch, SegmentProblem, UsedBy, compile, store,
    users::all_used, using_segment,
};
use crate::workspace::Workspace;

/// Segments by name.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<Segment>> {
    cx.may(Action::View(Area::Segments))?;
    let after = query.after()?;
    let (ws, query) = (cx.ws.clone(), query.asked_by(cx));
    cx.db()
        .read(move |tx| {
            let matcher = Matcher::of(tx, &query)?;
            let used = if matcher.asks_for_unused() { all_used(&ws, tx)? } else { HashSet::new() };
            let (field, descending) = query.sort_field();
            let mut found: Vec<Segment> = store::all(tx)?.into_iter().filter(|s| matcher.wants(&listed(s, &used))).collect();
            let key = |s: &Segment| match field {
                "members" | "count" => Value::Int(s.members),
                "created_at" => Value::Int(s.created_at.0),
                "updated_at" => Value::Int(s.updated_at.0),
                "id" => Value::Int(s.id.0),
                _ => Value::Text(fold(&s.name)),
            };
            found.sort_by(|a, b| {
                let order = compare(&key(a), &key(b)).then(a.id.cmp(&b.id));
                if descending { order.reverse() } else { order }
            });
            let total = found.len() as u64;
            let start = match &after {
                Some((_, id)) => found.iter().position(|s| s.id.0 == *id).map_or(0, |i| i + 1),
                None => usize::try_from(query.offset).unwrap_or(usize::MAX).min(found.len()),
            };
            let limit = query.limit();
            let window: Vec<Segment> = found.into_iter().skip(start).take(limit as usize + 1).collect();
            Ok(Page::of(window, limit, Some(total), |s| (key(s), s.id.0)))
        })
        .await
}

/// A segment as the search of the list sees it.
fn listed(s: &Segment, used: &HashSet<SegmentId>) -> Listed {
    Listed {
        id: s.id.0,
        texts: vec![fold(&s.name), s.alias.clone(), fold(s.public_name.as_deref().unwrap_or(""))],
        published: Some(s.published),
        global: Some(s.is_global),
        created_by: s.created_by.map(|u| u.0),
        category: s.category_id.map(|c| c.0),
        unused: Some(!used.contains(&s.id)),
    }
}

fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        _ => std::cmp::Ordering::Equal,
    }
}

/// A segment with what uses it.
pub async fn get(cx: &Cx, id: SegmentId) -> Result<(Segment, Vec<UsedBy>)> {
    cx.may(Action::View(Area::Segments))?;
    let ws = cx.ws.clone();
    cx.db().read(move |tx| Ok((store::find(tx, id)?, using_segment(&ws, tx, id)?))).await
}

pub fn by_alias(tx: &mut Tx<'_>, alias: &str) -> Result<Option<SegmentId>> {
    store::by_alias(tx, alias)
}

/// Names of segments, for what mentions them.
pub fn names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<i64, String>> {
    let rows = tx.all(Sql::new("SELECT id, name FROM segments WHERE id @in($1)").bind(ids), |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(rows.into_iter().collect())
}

/// Makes a segment; its members are there within a moment.
pub async fn create(cx: &Cx, new: NewSegment) -> Result<Segment> {
    cx.may(Action::Edit(Area::Segments))?;
    let (ws, who, now, user) = (cx.ws.clone(), cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let filter = checked_filter(&ws, tx, new.filter.as_ref())?;
            let name = clean_name(&new.name)?;
            categories::check(tx, new.category_id, "segment")?;
            let alias = free_alias(tx, new.alias.as_deref(), &name, None)?;
            let segment = Segment {
                id: SegmentId(0),
                version: 1,
                created_at: now,
                updated_at: now,
                created_by: user,
                name,
                public_name: blank_is_none(new.public_name.clone()),
                alias,
                description: blank_is_none(new.description.clone()),
                published: new.published.unwrap_or(true),
                is_global: new.is_global.unwrap_or(true),
                in_preferences: new.in_preferences,
                include_anonymous: new.include_anonymous,
                category_id: new.category_id,
                building: filter.is_some() && new.published.unwrap_or(true),
                filter,
                extra: new.extra.clone(),
                members: 0,
                members_version: 0,
                broken: None,
                built_at: None,
                build_ms: None,
            };
            let id = store::insert(tx, &segment, user)?;
            let made = store::find(tx, id)?;
            if made.building {
                push(tx, &made, now, None)?;
            }
            audit::record(tx, &who, entry(Deed::Create, &made))?;
            Ok(made)
        })
        .await
}

fn clean_name(name: &str) -> Result<String, SegmentProblem> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 191 { Err(SegmentProblem::NoName) } else { Ok(name.to_owned()) }
}

fn blank_is_none(text: Option<String>) -> Option<String> {
    text.filter(|t| !t.trim().is_empty())
}

/// A chosen alias must be free; one made of the name gets a number until it is.
fn free_alias(tx: &mut Tx<'_>, chosen: Option<&str>, name: &str, own: Option<SegmentId>) -> Result<String> {
    let mut taken = |alias: &str| Ok::<_, Error>(store::by_alias(tx, alias)?.is_some_and(|id| Some(id) != own));
    if let Some(chosen) = chosen.map(|a| slug(a, '-')).filter(|a| !a.is_empty()) {
        return if taken(&chosen)? { Err(SegmentProblem::AliasTaken(chosen).into()) } else { Ok(chosen) };
    }
    let base = Some(slug(name, '-')).filter(|b| !b.is_empty()).unwrap_or_else(|| "segment".to_owned());
    let mut alias = base.clone();
    let mut n = 1;
    while taken(&alias)? {
        n += 1;
        alias = format!("{base}-{n}");
    }
    Ok(alias)
}

/// Checks a filter; an empty one is none.
fn checked_filter(ws: &Workspace, tx: &mut Tx<'_>, filter: Option<&Json>) -> Result<Option<Json>> {
    let Some(json) = filter.filter(|j| !j.is_null()) else { return Ok(None) };
    let fields = fields::catalogue(ws, tx)?;
    let json = resolve_filter(tx, json)?;
    let plan = compile(&json, &fields)?;
    let unknown: Vec<SegmentId> = plan.dependencies().segments.into_iter().filter(|id| store::find(tx, *id).is_err()).collect();
    if let Some(id) = unknown.first() {
        let error = hg_core::segments::FilterError::new("", "unknown-segment", format!("there is no segment {id}"));
        return Err(SegmentProblem::Filter(vec![error]).into());
    }
    Ok((!plan.filter().is_empty()).then(|| plan.filter().to_json()))
}

/// Changes a segment. A new filter takes effect within a moment.
pub async fn update(cx: &Cx, id: SegmentId, patch: SegmentPatch) -> Result<Segment> {
    cx.may(Action::Edit(Area::Segments))?;
    let (ws, who, now) = (cx.ws.clone(), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let before = store::find(tx, id)?;
            if patch.version.is_some_and(|v| v != before.version) {
                return Err(Error::changed_meanwhile("segment"));
            }
            let after = patched(&ws, tx, &before, &patch)?;
            if before.published && !after.published {
                refuse_if_used(&ws, tx, id)?;
            }
            let differs = before.filter != after.filter
                || before.include_anonymous != after.include_anonymous
                || (!before.published && after.published);
            let after = Segment { building: after.published && (differs || before.building), ..after };
            store::update(tx, &after, now)?;
            if differs && after.published {
                push(tx, &after, now, None)?;
            }
            let changes = Changes::new()
                .field("name", &before.name, &after.name)
                .field("alias", &before.alias, &after.alias)
                .field("public_name", &before.public_name, &after.public_name)
                .field("published", &before.published, &after.published)
                .field("include_anonymous", &before.include_anonymous, &after.include_anonymous)
                .field("filter", &before.filter, &after.filter);
            audit::record(tx, &who, entry(Deed::Update, &after).changes(changes))?;
            store::find(tx, id)
        })
        .await
}

fn entry(deed: Deed, segment: &Segment) -> Entry {
    Entry::new(deed, "segment", segment.id.0, &segment.name)
}

fn patched(ws: &Workspace, tx: &mut Tx<'_>, before: &Segment, patch: &SegmentPatch) -> Result<Segment> {
    let mut after = before.clone();
    if let Some(name) = &patch.name {
        after.name = clean_name(name)?;
    }
    if let Some(alias) = &patch.alias {
        after.alias = free_alias(tx, Some(alias), &after.name, Some(before.id))?;
    }
    if let Some(public_name) = &patch.public_name {
        after.public_name = blank_is_none(public_name.clone());
    }
    if let Some(description) = &patch.description {
        after.description = blank_is_none(description.clone());
    }
    after.published = patch.published.unwrap_or(before.published);
    after.is_global = patch.is_global.unwrap_or(before.is_global);
    after.in_preferences = patch.in_preferences.unwrap_or(before.in_preferences);
    after.include_anonymous = patch.include_anonymous.unwrap_or(before.include_anonymous);
    if let Some(category) = patch.category_id {
        categories::check(tx, category, "segment")?;
        after.category_id = category;
    }
    if let Some(extra) = &patch.extra {
        after.extra = extra.clone();
    }
    if let Some(filter) = &patch.filter {
        after.filter = checked_filter(ws, tx, filter.as_ref())?;
        if let Some(json) = &after.filter {
            let fields = fields::catalogue(ws, tx)?;
            let depends = compile(json, &fields)?.dependencies();
            if let Some(path) = circle(&*known::all(ws, tx)?, before.id, &depends) {
                return Err(SegmentProblem::Circle(path).into());
            }
        }
    }
    Ok(after)
}

fn refuse_if_used(ws: &Workspace, tx: &mut Tx<'_>, id: SegmentId) -> Result<()> {
    // A form or a trigger that names it goes on without it; these would send to the wrong people.
    let mut users = using_segment(ws, tx, id)?;
    users.retain(|u| matches!(u.kind, "segment" | "campaign" | "email"));
    if users.is_empty() {
        return Ok(());
    }
    let named: Vec<String> = users.iter().map(|u| format!("the {} “{}”", u.kind, u.name)).collect();
    Err(SegmentProblem::InUse(named.join(", ")).into())
}

/// Deletes a segment that nothing uses.
pub async fn delete(cx: &Cx, id: SegmentId) -> Result<Segment> {
    cx.may(Action::Edit(Area::Segments))?;
    let (ws, who, now) = (cx.ws.clone(), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let segment = store::find(tx, id)?;
            refuse_if_used(&ws, tx, id)?;
            store::set_deleted(tx, id, Some(now), now)?;
            audit::record(tx, &who, entry(Deed::Delete, &segment))?;
            Ok(segment)
        })
        .await
}

/// Brings a deleted segment back and builds it anew.
pub async fn restore(cx: &Cx, id: SegmentId) -> Result<Segment> {
    cx.may(Action::Edit(Area::Segments))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            store::set_deleted(tx, id, None, now)?;
            let segment = store::find(tx, id)?;
            audit::record(tx, &who, entry(Deed::Restore, &segment))?;
            push(tx, &segment, now, None)?;
            Ok(segment)
        })
        .await
}

/// Builds a segment anew; the task that does it, unless one waits already.
pub async fn rebuild(cx: &Cx, id: SegmentId) -> Result<Option<JobId>> {
    cx.may(Action::Edit(Area::Segments))?;
    let (now, user) = (cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let segment = store::find(tx, id)?;
            push(tx, &segment, now, user)
        })
        .await
}

/// The segments that a contact belongs to.
pub async fn memberships(cx: &Cx, contact: ContactId) -> Result<Vec<Membership>> {
    cx.may(Action::View(Area::Segments))?;
    cx.db()
        .read(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            let hands = by_hand(tx, contact)?;
            let rows = tx.all(
                Sql::new(
                    "SELECT s.id, s.name, s.alias, k.bits FROM segment_pieces k JOIN segments s ON s.id = k.segment_id \
                     WHERE k.piece = $1 AND s.deleted_at IS NULL ORDER BY s.name, s.id",
                )
                .bind(super::members::piece_of(contact)),
                |r| Ok((r.get::<SegmentId>(0)?, r.get::<String>(1)?, r.get::<String>(2)?, r.get::<Vec<u8>>(3)?)),
            )?;
            let mut found = Vec::new();
            for (segment, name, alias, bits) in rows {
                if decode_piece(&bits)?.contains(contact.bit()) {
                    let joined_at = joined_at(tx, segment, contact)?;
                    let origin = hands.get(&segment).cloned().map_or(Origin::Filter, Origin::Hand);
                    found.push(Membership { segment, name, alias, origin, joined_at });
                }
            }
            Ok(found)
        })
        .await
}

fn by_hand(tx: &mut Tx<'_>, contact: ContactId) -> Result<HashMap<SegmentId, String>> {
    let rows = tx.all(
        Sql::new("SELECT segment_id, origin FROM segment_overrides WHERE contact_id = $1 AND state = 1").bind(contact),
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    Ok(rows.into_iter().collect())
}

/// When a member last joined: her own row of the log, or a row that stands for many.
pub(super) fn joined_at(tx: &mut Tx<'_>, segment: SegmentId, contact: ContactId) -> Result<Option<Timestamp>> {
    let own: Option<Option<Timestamp>> = tx.opt(
        Sql::new("SELECT max(at) FROM segment_log WHERE contact_id = $2 AND segment_id = $1 AND joined = 1")
            .bind(segment)
            .bind(contact),
        |r| r.get(0),
    )?;
    let many: Vec<(Timestamp, Vec<u8>)> = tx.all(
        Sql::new("SELECT at, bits FROM segment_log WHERE segment_id = $1 AND contact_id IS NULL AND joined = 1 ORDER BY id DESC LIMIT 200").bind(segment),
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    for (at, bits) in many {
        if decode(&bits)?.contains(contact.bit()) {
            return Ok(own.flatten().max(Some(at)));
        }
    }
    Ok(own.flatten())
}

/// Joins and leaves of a segment, newest first.
pub async fn changes(cx: &Cx, id: SegmentId, query: ListQuery) -> Result<Page<SegmentChange>> {
    cx.may(Action::View(Area::Segments))?;
    let before = query.after()?.map_or(i64::MAX, |(_, id)| id);
    let limit = query.limit();
    cx.db()
        .read(move |tx| {
            store::find(tx, id)?;
            let rows = tx.all(
                Sql::new(
                    "SELECT id, at, contact_id, joined, people, reason FROM segment_log WHERE segment_id = $1 AND id < $2 \
                     ORDER BY id DESC LIMIT $3",
                )
                .bind(id)
                .bind(before)
                .bind(i64::from(limit) + 1),
                |r| Ok((r.get::<i64>(0)?, r.get(1)?, r.get::<Option<ContactId>>(2)?, r.get(3)?, r.get(4)?, r.get(5)?)),
            )?;
            let ids: HashSet<i64> = rows.iter().filter_map(|row| row.2.map(|c| c.0)).collect();
            let names = contacts::names(tx, &ids.into_iter().collect::<Vec<_>>())?;
            let changes = rows
                .into_iter()
                .map(|(id, at, contact, joined, people, reason)| SegmentChange {
                    id,
                    at,
                    contact: contact.map(|c| (c, names.get(&c.0).map_or_else(String::new, |n| n.name.clone()))),
                    joined,
                    people,
                    reason,
                })
                .collect();
            Ok(Page::of(changes, limit, None, |c: &SegmentChange| (Value::Null, c.id)))
        })
        .await
}
