//! `/api/companysegments`, as later versions have it: segments whose filters are about companies (`api.md` §12).

use async_trait::async_trait;
use axum::extract::Path;
use axum::routing::post;
use axum::{Json, Router};
use hg_app::company_segments::{self, CompanySegment, CompanySegmentPatch, Hand, NewCompanySegment};
use hg_app::list::ListQuery;
use hg_app::{Cx, companies};
use hg_core::ids::{CompanyId, CompanySegmentId};
use hg_core::segments::{Filter, to_flat};
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::crud::{CompatList, Entity, PublishBlock, id_of, is_true, routes};
use super::segments::{catalogue, read_filter, text};
use crate::Web;
use crate::auth::Caller;

pub fn router() -> Router<Web> {
    routes::<CompanySegments>()
        .route("/companysegments/{id}/company/{company}/add", post(add))
        .route("/companysegments/{id}/company/{company}/remove", post(remove))
}

struct CompanySegments;

async fn show(cx: &Cx, s: &CompanySegment) -> CompatAnswer<Value> {
    let known = catalogue(cx).await?;
    let block = PublishBlock {
        is_published: s.published,
        date_added: Some(s.created_at),
        date_modified: Some(s.updated_at),
        created_by: s.created_by.map(|u| u.0),
        created_by_user: None,
    };
    let parsed = s.filter.as_ref().and_then(|json| Filter::parse(json).ok());
    let mut flat = parsed.and_then(|filter| to_flat(&filter, known.companies()));
    for entry in flat.as_mut().and_then(Value::as_array_mut).into_iter().flatten() {
        entry["object"] = json!("company");
    }
    let mut out = block.start();
    let own = json!({
        "id": s.id, "name": s.name, "publicName": s.public_name.as_ref().unwrap_or(&s.name), "alias": s.alias,
        "description": s.description, "category": null, "filters": flat.clone().unwrap_or_else(|| json!([])),
    });
    if let Value::Object(own) = own {
        out.extend(own);
    }
    // A tree of another shape is shown as it is, under a key of ours.
    if let (None, Some(tree)) = (flat, &s.filter) {
        out.insert("honeyguideFilter".into(), tree.clone());
    }
    Ok(Value::Object(out))
}

#[async_trait]
impl Entity for CompanySegments {
    const PATH: &'static str = "companysegments";
    const ONE: &'static str = "companysegment";
    const MANY: &'static str = "companysegments";
    const KEYED: bool = true;
    const CATEGORY: Option<(&'static str, &'static str)> = Some(("segment", "company_segments"));

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let all = ListQuery { search: query.search.clone(), sort: "id".into(), ..ListQuery::default() };
        let mut found = Vec::new();
        let mut page = company_segments::list(cx, ListQuery { limit: 500, ..all.clone() }).await?;
        loop {
            found.extend(page.items.into_iter().filter(|s| !query.published_only || s.published));
            let Some(cursor) = page.next_cursor else { break };
            page = company_segments::list(cx, ListQuery { limit: 500, cursor: Some(cursor), ..all.clone() }).await?;
        }
        if let Some((column, down)) = query.order.first() {
            match column.as_str() {
                "name" => found.sort_by_key(|s| hg_core::text::fold(&s.name)),
                "dateAdded" | "date_added" => found.sort_by_key(|s| s.created_at),
                "dateModified" | "date_modified" => found.sort_by_key(|s| s.updated_at),
                "id" => {}
                other => return Err(CompatError::bad(format!("Unknown column {other}."))),
            }
            if *down {
                found.reverse();
            }
        }
        let total = found.len() as u64;
        let skip = usize::try_from(query.start).unwrap_or(usize::MAX);
        let mut rows = Vec::new();
        for segment in found.iter().skip(skip).take(query.limit as usize) {
            rows.push((segment.id.0, show(cx, segment).await?));
        }
        Ok((total, rows))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        show(cx, &company_segments::get(cx, CompanySegmentId(id)).await?).await
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        let name = text(&body, "name").filter(|n| !n.trim().is_empty()).ok_or_else(CompatError::from_missing_name)?;
        let new = NewCompanySegment {
            name,
            public_name: text(&body, "publicName").filter(|n| !n.is_empty()),
            alias: text(&body, "alias").filter(|a| !a.is_empty()),
            description: text(&body, "description"),
            published: Some(body.get("isPublished").is_none_or(is_true)),
            filter: read_filter(&body)?.filter(|f| !f.is_null()),
            ..NewCompanySegment::default()
        };
        let made = company_segments::create(cx, new).await?;
        Ok((made.id.0, show(cx, &made).await?, true))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        if (replace || body.contains_key("name")) && text(&body, "name").is_none_or(|n| n.trim().is_empty()) {
            return Err(CompatError::from_missing_name());
        }
        let named = |key: &str| replace || body.contains_key(key);
        let filter = match read_filter(&body)? {
            Some(Value::Null) => Some(None),
            Some(filter) => Some(Some(filter)),
            None => replace.then_some(None),
        };
        let patch = CompanySegmentPatch {
            name: text(&body, "name"),
            public_name: named("publicName").then(|| text(&body, "publicName").filter(|n| !n.is_empty())),
            alias: text(&body, "alias").filter(|a| !a.is_empty()),
            description: named("description").then(|| text(&body, "description")),
            published: body.get("isPublished").map(is_true).or_else(|| replace.then_some(false)),
            filter,
            ..CompanySegmentPatch::default()
        };
        show(cx, &company_segments::update(cx, CompanySegmentId(id), patch).await?).await
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        let shown = Self::get(cx, id).await?;
        company_segments::delete(cx, CompanySegmentId(id)).await?;
        Ok(shown)
    }
}

async fn add(caller: Caller, Path(path): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    change(caller, path, Hand::In).await
}

async fn remove(caller: Caller, Path(path): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    change(caller, path, Hand::Out).await
}

async fn change(Caller(cx): Caller, (id, company): (String, String), hand: Hand) -> CompatAnswer<Json<Value>> {
    let company = companies::get(&cx, CompanyId(id_of(&company)?)).await?.id;
    company_segments::change_by_hand(&cx, CompanySegmentId(id_of(&id)?), vec![company], hand).await?;
    Ok(Json(json!({"success": 1})))
}
