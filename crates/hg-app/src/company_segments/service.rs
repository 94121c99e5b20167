//! Use cases of company segments.

use std::collections::HashSet;

use hg_core::ids::{CompanySegmentId, JobId};
use hg_core::text::fold;
use hg_store::Tx;
use serde_json::Value as Json;

use crate::audit::{self, Changes, Deed, Entry};
use crate::campaigns;
use crate::categories;
use crate::company_segments::build::push;
use crate::company_segments::{CompanySegment, CompanySegmentPatch, NewCompanySegment, store};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;
use crate::list::{ListQuery, Listed, Matcher, Page};
use crate::segments::named::{
    blank_is_none, by_another, clean_name, free_alias, name_of_copy, page_of, refuse_if_used, sort_key,
};
use crate::segments::{SegmentProblem, UsedBy, compile, resolve_filter, using_company_segment};
use crate::workspace::Workspace;

fn users(ws: &Workspace, tx: &mut Tx<'_>, id: CompanySegmentId) -> Result<Vec<UsedBy>> {
    let asking = using_company_segment(ws, tx, id)?.into_iter();
    let segments = asking.map(|(id, name)| UsedBy { kind: "segment", id: id.0, name });
    let fed = campaigns::using_company_segment(tx, id)?.into_iter();
    Ok(segments.chain(fed.map(|(id, name)| UsedBy { kind: "campaign", id: id.0, name })).collect())
}

/// Company segments by name.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<CompanySegment>> {
    cx.may(Action::View(Area::Segments))?;
    let (ws, query) = (cx.ws.clone(), query.asked_by(cx));
    cx.db()
        .read(move |tx| {
            let matcher = Matcher::of(tx, &query)?;
            let mut unused = HashSet::new();
            if matcher.asks_for_unused() {
                for segment in store::all(tx)? {
                    if users(&ws, tx, segment.id)?.is_empty() {
                        unused.insert(segment.id);
                    }
                }
            }
            let (field, _) = query.sort_field();
            let found = store::all(tx)?.into_iter().filter(|s| matcher.wants(&listed(s, &unused))).collect();
            let mut page = page_of(found, &query, |s: &CompanySegment| {
                (sort_key(field, &s.name, s.members, s.created_at, s.updated_at, s.id.0), s.id.0)
            })?;
            for segment in &mut page.items {
                segment.used_by = users(&ws, tx, segment.id)?;
            }
            Ok(page)
        })
        .await
}

/// A segment as the search of the list sees it.
fn listed(s: &CompanySegment, unused: &HashSet<CompanySegmentId>) -> Listed {
    Listed {
        id: s.id.0,
        texts: vec![fold(&s.name), s.alias.clone(), fold(s.public_name.as_deref().unwrap_or(""))],
        published: Some(s.published),
        global: None,
        created_by: s.created_by.map(|u| u.0),
        category: s.category_id.map(|c| c.0),
        unused: Some(unused.contains(&s.id)),
    }
}

/// One segment, and what uses it.
pub async fn get(cx: &Cx, id: CompanySegmentId) -> Result<CompanySegment> {
    cx.may(Action::View(Area::Segments))?;
    let ws = cx.ws.clone();
    cx.db().read(move |tx| whole(&ws, tx, id)).await
}

fn whole(ws: &Workspace, tx: &mut Tx<'_>, id: CompanySegmentId) -> Result<CompanySegment> {
    Ok(CompanySegment { used_by: users(ws, tx, id)?, ..store::find(tx, id)? })
}

/// Makes a segment; its companies are there within a moment.
pub async fn create(cx: &Cx, new: NewCompanySegment) -> Result<CompanySegment> {
    cx.may(Action::Edit(Area::Segments))?;
    let (ws, who, now, user) = (cx.ws.clone(), cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let filter = checked_filter(&ws, tx, new.filter.as_ref())?;
            let name = clean_name(&new.name)?;
            categories::check(tx, new.category_id, "segment")?;
            let alias = free(tx, new.alias.as_deref(), &name, None)?;
            let published = new.published.unwrap_or(true);
            let segment = CompanySegment {
                id: CompanySegmentId(0),
                version: 1,
                created_at: now,
                updated_at: now,
                created_by: user,
                name,
                public_name: blank_is_none(new.public_name.clone()),
                alias,
                description: blank_is_none(new.description.clone()),
                published,
                building: filter.is_some() && published,
                filter,
                broken: None,
                built_at: None,
                build_ms: None,
                members: 0,
                category_id: new.category_id,
                used_by: Vec::new(),
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

fn entry(deed: Deed, segment: &CompanySegment) -> Entry {
    Entry::new(deed, "company_segment", segment.id.0, &segment.name)
}

fn free(tx: &mut Tx<'_>, chosen: Option<&str>, name: &str, own: Option<CompanySegmentId>) -> Result<String> {
    free_alias(chosen, name, "companies", |alias| by_another(store::by_alias(tx, alias), own))
}

/// Checks a filter; an empty one is none.
fn checked_filter(ws: &Workspace, tx: &mut Tx<'_>, filter: Option<&Json>) -> Result<Option<Json>> {
    let Some(json) = filter.filter(|j| !j.is_null()) else { return Ok(None) };
    let fields = fields::catalogue(ws, tx)?;
    let plan = compile(&resolve_filter(tx, json)?, fields.companies())?;
    Ok((!plan.filter().is_empty()).then(|| plan.filter().to_json()))
}

/// Changes a segment. A new filter takes effect within a moment.
pub async fn update(cx: &Cx, id: CompanySegmentId, patch: CompanySegmentPatch) -> Result<CompanySegment> {
    cx.may(Action::Edit(Area::Segments))?;
    let (ws, who, now) = (cx.ws.clone(), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let before = store::find(tx, id)?;
            if patch.version.is_some_and(|v| v != before.version) {
                return Err(Error::changed_meanwhile("company segment"));
            }
            let mut after = before.clone();
            if let Some(name) = &patch.name {
                after.name = clean_name(name)?;
            }
            if let Some(alias) = &patch.alias {
                after.alias = free(tx, Some(alias), &after.name, Some(id))?;
            }
            if let Some(public_name) = &patch.public_name {
                after.public_name = blank_is_none(public_name.clone());
            }
            if let Some(description) = &patch.description {
                after.description = blank_is_none(description.clone());
            }
            if let Some(filter) = &patch.filter {
                after.filter = checked_filter(&ws, tx, filter.as_ref())?;
            }
            if let Some(category) = patch.category_id {
                categories::check(tx, category, "segment")?;
                after.category_id = category;
            }
            after.published = patch.published.unwrap_or(before.published);
            if before.published && !after.published {
                refuse_if_used(&users(&ws, tx, id)?)?;
            }
            let differs = before.filter != after.filter || (!before.published && after.published);
            after.building = after.published && (differs || before.building);
            store::update(tx, &after, now)?;
            if differs && after.published {
                push(tx, &after, now, None)?;
            }
            let changes = Changes::new()
                .field("name", &before.name, &after.name)
                .field("alias", &before.alias, &after.alias)
                .field("public_name", &before.public_name, &after.public_name)
                .field("published", &before.published, &after.published)
                .field("category_id", &before.category_id, &after.category_id)
                .field("filter", &before.filter, &after.filter);
            audit::record(tx, &who, entry(Deed::Update, &after).changes(changes))?;
            whole(&ws, tx, id)
        })
        .await
}

/// Deletes a segment that nothing uses.
pub async fn delete(cx: &Cx, id: CompanySegmentId) -> Result<CompanySegment> {
    cx.may(Action::Edit(Area::Segments))?;
    let (ws, who, now) = (cx.ws.clone(), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let segment = store::find(tx, id)?;
            refuse_if_used(&users(&ws, tx, id)?)?;
            store::set_deleted(tx, id, Some(now), now)?;
            audit::record(tx, &who, entry(Deed::Delete, &segment))?;
            Ok(segment)
        })
        .await
}

/// Brings a deleted segment back and builds it anew.
pub async fn restore(cx: &Cx, id: CompanySegmentId) -> Result<CompanySegment> {
    cx.may(Action::Edit(Area::Segments))?;
    let (ws, who, now) = (cx.ws.clone(), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            match store::set_deleted(tx, id, None, now) {
                Err(error) if matches!(error.store(), Some(hg_store::StoreError::Unique { .. })) => {
                    return Err(SegmentProblem::AliasTaken(format!("of segment {id}")).into());
                }
                other => other?,
            };
            let segment = store::find(tx, id)?;
            audit::record(tx, &who, entry(Deed::Restore, &segment))?;
            push(tx, &segment, now, None)?;
            whole(&ws, tx, id)
        })
        .await
}

/// Builds a segment anew; the task that does it, unless one waits already.
pub async fn rebuild(cx: &Cx, id: CompanySegmentId) -> Result<Option<JobId>> {
    cx.may(Action::Edit(Area::Segments))?;
    let (now, user) = (cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let segment = store::find(tx, id)?;
            push(tx, &segment, now, user)
        })
        .await
}

/// Copies the conditions of a segment. The copy is not published.
pub async fn duplicate(cx: &Cx, id: CompanySegmentId) -> Result<CompanySegment> {
    cx.may(Action::Edit(Area::Segments))?;
    let of = cx.db().read(move |tx| store::find(tx, id)).await?;
    let new = NewCompanySegment {
        name: name_of_copy(&of.name, "copy"),
        public_name: of.public_name,
        description: of.description,
        published: Some(false),
        category_id: of.category_id,
        filter: of.filter,
        ..NewCompanySegment::default()
    };
    create(cx, new).await
}
