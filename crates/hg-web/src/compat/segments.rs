//! `/api/segments` with the old keys `list` and `lists` (`api.md` §4.2).

use std::collections::BTreeSet;

use async_trait::async_trait;
use axum::extract::Path;
use axum::routing::post;
use axum::{Json, Router};
use hg_app::list::ListQuery;
use hg_app::segments::{self, NewSegment, Segment, SegmentPatch};
use hg_app::{Cx, Error, FieldError, fields};
use hg_core::contacts::FieldCatalogue;
use hg_core::ids::{ContactId, SegmentId};
use hg_core::segments::{Filter, from_flat, to_flat};
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::body::AnyBody;
use super::crud::{CompatList, Entity, PublishBlock, id_of, ids, is_true, routes};
use crate::Web;
use crate::auth::Caller;

pub fn router() -> Router<Web> {
    routes::<Segments>()
        .route("/segments/{id}/contact/{contact}/add", post(add))
        .route("/segments/{id}/contact/{contact}/remove", post(remove))
        .route("/segments/{id}/contacts/add", post(add_many))
}

struct Segments;

pub(super) async fn catalogue(cx: &Cx) -> CompatAnswer<FieldCatalogue> {
    Ok((*fields::known(cx).await?).clone())
}

/// The filter as the flat list that old clients know; a tree of another shape is shown as it is, under a key of ours.
fn filters(segment: &Segment, known: &FieldCatalogue) -> (Value, Option<Value>) {
    let Some(json) = &segment.filter else { return (json!([]), None) };
    match Filter::parse(json).ok().and_then(|f| to_flat(&f, known)) {
        Some(flat) => (flat, None),
        None => (json!([]), Some(json.clone())),
    }
}

fn show(s: &Segment, known: &FieldCatalogue) -> Value {
    let block = PublishBlock {
        is_published: s.published,
        date_added: Some(s.created_at),
        date_modified: Some(s.updated_at),
        created_by: s.created_by.map(|u| u.0),
        created_by_user: None,
    };
    let mut out = block.start();
    let (flat, tree) = filters(s, known);
    let own = json!({
        "id": s.id, "name": s.name, "publicName": s.public_name.as_ref().unwrap_or(&s.name), "alias": s.alias, "description": s.description,
        "category": null, "filters": flat,
        "isGlobal": s.is_global, "isPreferenceCenter": s.in_preferences,
    });
    if let Value::Object(own) = own {
        out.extend(own);
    }
    if let Some(tree) = tree {
        out.insert("honeyguideFilter".into(), tree);
    }
    Value::Object(out)
}

pub(super) fn read_filter(body: &Map<String, Value>) -> CompatAnswer<Option<Value>> {
    let Some(flat) = body.get("filters") else { return Ok(None) };
    let list = match flat {
        Value::Object(map) => map.values().cloned().collect(),
        other => other.clone(),
    };
    if list.as_array().is_none_or(Vec::is_empty) {
        return Ok(Some(Value::Null));
    }
    let filter = from_flat(&list).map_err(|wrong| {
        let fields = wrong.into_iter().map(|w| FieldError::new(format!("/filters{}", w.pointer), w.code, w.detail)).collect();
        CompatError::from(Error::invalid(fields))
    })?;
    Ok(Some(filter.to_json()))
}

pub(super) fn text(body: &Map<String, Value>, key: &str) -> Option<String> {
    body.get(key).and_then(Value::as_str).map(str::to_owned)
}

#[async_trait]
impl Entity for Segments {
    const PATH: &'static str = "segments";
    const ONE: &'static str = "list";
    const MANY: &'static str = "lists";
    const KEYED: bool = true;
    const CATEGORY: Option<(&str, &str)> = Some(("segment", "segments"));

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let known = catalogue(cx).await?;
        let published = query.published_only;
        let search = query.search.clone();
        let page = segments::list(cx, ListQuery { search, limit: 100_000, ..ListQuery::default() }).await?;
        let mut all: Vec<Segment> = page.items.into_iter().filter(|s| !published || s.published).collect();
        all.sort_by_key(|s| s.id);
        if let Some((column, down)) = query.order.first() {
            match column.as_str() {
                "name" => all.sort_by_key(|s| hg_core::text::fold(&s.name)),
                "dateAdded" | "date_added" => all.sort_by_key(|s| s.created_at),
                "dateModified" | "date_modified" => all.sort_by_key(|s| s.updated_at),
                "id" => {}
                other => return Err(CompatError::bad(format!("Unknown column {other}."))),
            }
            if *down {
                all.reverse();
            }
        }
        let total = all.len() as u64;
        let skip = usize::try_from(query.start).unwrap_or(usize::MAX);
        Ok((total, all.iter().skip(skip).take(query.limit as usize).map(|s| (s.id.0, show(s, &known))).collect()))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show(&segments::get(cx, SegmentId(id)).await?.0, &catalogue(cx).await?))
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        let name = text(&body, "name").filter(|n| !n.trim().is_empty()).ok_or_else(CompatError::from_missing_name)?;
        let new = NewSegment {
            name,
            public_name: text(&body, "publicName").filter(|n| !n.is_empty()),
            alias: text(&body, "alias").filter(|a| !a.is_empty()),
            description: text(&body, "description"),
            published: Some(body.get("isPublished").is_none_or(is_true)),
            is_global: Some(body.get("isGlobal").is_none_or(is_true)),
            in_preferences: body.get("isPreferenceCenter").is_some_and(is_true),
            include_anonymous: false,
            filter: read_filter(&body)?.filter(|f| !f.is_null()),
            ..NewSegment::default()
        };
        let made = segments::create(cx, new).await?;
        Ok((made.id.0, show(&made, &catalogue(cx).await?), true))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        if (replace || body.contains_key("name")) && text(&body, "name").is_none_or(|n| n.trim().is_empty()) {
            return Err(CompatError::from_missing_name());
        }
        let flag = |key: &str| body.get(key).map(is_true).or_else(|| replace.then_some(false));
        let named = |key: &str| replace || body.contains_key(key);
        let filter = match read_filter(&body)? {
            Some(Value::Null) => Some(None),
            Some(filter) => Some(Some(filter)),
            None => replace.then_some(None),
        };
        let patch = SegmentPatch {
            version: None,
            name: text(&body, "name"),
            public_name: named("publicName").then(|| text(&body, "publicName").filter(|n| !n.is_empty())),
            alias: text(&body, "alias").filter(|a| !a.is_empty()),
            description: named("description").then(|| text(&body, "description")),
            published: flag("isPublished"),
            is_global: flag("isGlobal"),
            in_preferences: flag("isPreferenceCenter"),
            include_anonymous: None,
            filter,
            ..SegmentPatch::default()
        };
        let saved = segments::update(cx, SegmentId(id), patch).await?;
        Ok(show(&saved, &catalogue(cx).await?))
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        let shown = Self::get(cx, id).await?;
        segments::delete(cx, SegmentId(id)).await?;
        Ok(shown)
    }
}

async fn add(caller: Caller, Path(path): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    change(caller, path, true).await
}

async fn remove(caller: Caller, Path(path): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    change(caller, path, false).await
}

async fn change(Caller(cx): Caller, (id, contact): (String, String), add: bool) -> CompatAnswer<Json<Value>> {
    let contact = ContactId(id_of(&contact)?);
    hg_app::contacts::get(&cx, contact).await?;
    segments::change_by_hand(&cx, SegmentId(id_of(&id)?), vec![contact], add).await?;
    Ok(Json(json!({"success": 1})))
}

async fn add_many(Caller(cx): Caller, Path(id): Path<String>, body: AnyBody) -> CompatAnswer<Json<Value>> {
    let wanted = ids(body.0.as_ref().and_then(|b| b.get("ids")));
    if wanted.is_empty() {
        return Err(CompatError::bad("ids: At least one id is required."));
    }
    let contacts: Vec<ContactId> = wanted.iter().map(|n| ContactId(*n)).collect();
    segments::change_by_hand(&cx, SegmentId(id_of(&id)?), contacts.clone(), true).await?;
    let names = hg_app::contacts::names_of(&cx, wanted.clone()).await?;
    let there: BTreeSet<i64> = names.into_keys().collect();
    let details: Map<String, Value> = wanted.iter().map(|n| (n.to_string(), json!({"success": there.contains(n)}))).collect();
    Ok(Json(json!({"success": 1, "details": details})))
}
