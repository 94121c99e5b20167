//! Use cases of segments.

use std::collections::{HashMap, HashSet};

use hg_core::ids::{JobId, SegmentId};
use hg_core::text::fold;
use hg_store::{Sql, Tx};
use serde_json::Value as Json;

use crate::audit::{self, Changes, Deed, Entry};
use crate::categories;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;
use crate::list::{ListQuery, Listed, Matcher, Page};
use crate::segments::known::{self, circle};
use crate::segments::named::{blank_is_none, by_another, clean_name, free_alias, page_of, refuse_if_used, sort_key};
use crate::segments::preview::resolve_filter;
use crate::segments::rebuild::push;
use crate::segments::{
    NewSegment, Segment, SegmentPatch, SegmentProblem, UsedBy, compile, expiry, store, users::all_used, using_segment,
};
use crate::workspace::Workspace;

/// Segments by name.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<Segment>> {
    cx.may(Action::View(Area::Segments))?;
    let (ws, query) = (cx.ws.clone(), query.asked_by(cx));
    cx.db()
        .read(move |tx| {
            let matcher = Matcher::of(tx, &query)?;
            let used = if matcher.asks_for_unused() { all_used(&ws, tx)? } else { HashSet::new() };
            let (field, _) = query.sort_field();
            let found: Vec<Segment> = store::all(tx)?.into_iter().filter(|s| matcher.wants(&listed(s, &used))).collect();
            page_of(found, &query, |s| (sort_key(field, &s.name, s.members, s.created_at, s.updated_at, s.id.0), s.id.0))
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

/// What other things show of a segment that they name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentCard {
    pub name: String,
    /// What contacts see; the name where nothing else was given.
    pub public_name: String,
    pub alias: String,
    pub description: Option<String>,
}

/// The cards of segments, by id; what is not there any more has none.
pub async fn cards(cx: &Cx, ids: Vec<i64>) -> Result<HashMap<i64, SegmentCard>> {
    let text = "SELECT id, name, coalesce(public_name, name), alias, description FROM segments WHERE id @in($1)";
    cx.db()
        .read(move |tx| {
            let rows = tx.all(Sql::new(text).bind(ids.as_slice()), |r| {
                let card = SegmentCard { name: r.get(1)?, public_name: r.get(2)?, alias: r.get(3)?, description: r.get(4)? };
                Ok((r.get(0)?, card))
            })?;
            Ok(rows.into_iter().collect())
        })
        .await
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
            let alias = free(tx, new.alias.as_deref(), &name, None)?;
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
                expires_at: new.expires_at,
            };
            expiry::check(now, None, segment.expires_at)?;
            let id = store::insert(tx, &segment, user)?;
            let made = store::find(tx, id)?;
            if made.building {
                push(tx, &made, now, None)?;
            }
            if made.expires_at.is_some() {
                tx.wake(expiry::TOPIC);
            }
            audit::record(tx, &who, entry(Deed::Create, &made))?;
            Ok(made)
        })
        .await
}

fn free(tx: &mut Tx<'_>, chosen: Option<&str>, name: &str, own: Option<SegmentId>) -> Result<String> {
    free_alias(chosen, name, "segment", |alias| by_another(store::by_alias(tx, alias), own))
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
            expiry::check(now, before.expires_at, after.expires_at)?;
            if before.published && !after.published {
                refuse_if_used(&holding(&ws, tx, id)?)?;
            }
            let differs = before.filter != after.filter
                || before.include_anonymous != after.include_anonymous
                || (!before.published && after.published);
            let after = Segment { building: after.published && (differs || before.building), ..after };
            store::update(tx, &after, now)?;
            if before.expires_at != after.expires_at {
                tx.wake(expiry::TOPIC);
            }
            if differs && after.published {
                push(tx, &after, now, None)?;
            }
            let changes = Changes::new()
                .field("name", &before.name, &after.name)
                .field("alias", &before.alias, &after.alias)
                .field("public_name", &before.public_name, &after.public_name)
                .field("published", &before.published, &after.published)
                .field("include_anonymous", &before.include_anonymous, &after.include_anonymous)
                .field("expires_at", &before.expires_at, &after.expires_at)
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
        after.alias = free(tx, Some(alias), &after.name, Some(before.id))?;
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
    after.expires_at = patch.expires_at.unwrap_or(before.expires_at);
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

/// What would reach the wrong people without it. A form or a trigger that names it goes on without it.
pub(super) fn holding(ws: &Workspace, tx: &mut Tx<'_>, id: SegmentId) -> Result<Vec<UsedBy>> {
    let mut users = using_segment(ws, tx, id)?;
    users.retain(|u| matches!(u.kind, "segment" | "campaign" | "email"));
    Ok(users)
}

/// Deletes a segment that nothing uses.
pub async fn delete(cx: &Cx, id: SegmentId) -> Result<Segment> {
    cx.may(Action::Edit(Area::Segments))?;
    let (ws, who, now) = (cx.ws.clone(), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let segment = store::find(tx, id)?;
            refuse_if_used(&holding(&ws, tx, id)?)?;
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
