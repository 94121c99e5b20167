//! `/api/companies` (`api.md` §3.4).

use std::collections::BTreeMap;

use async_trait::async_trait;
use axum::extract::Path;
use axum::routing::{get, post};
use axum::{Json, Router};
use hg_app::Cx;
use hg_app::companies::{self, Company, CompanyInput};
use hg_app::fields::{self, Field};
use hg_app::list::ListQuery;
use hg_core::contacts::FieldObject;
use hg_core::ids::{CompanyId, ContactId};
use serde_json::{Map, Value, json};

use super::answer::CompatAnswer;
use super::contact_parts::no_contact;
use super::contacts::{entry, stored};
use super::crud::{CompatList, Entity, PublishBlock, id_of, is_true, routes};
use super::reading::field_value;
use crate::Web;
use crate::auth::Caller;

pub fn router() -> Router<Web> {
    routes::<Companies>()
        .route("/companies/{id}/contact/{contact}/add", post(add))
        .route("/companies/{id}/contact/{contact}/remove", post(remove))
        .route("/contacts/{id}/companies", get(of_contact))
}

struct Companies;

async fn own_fields(cx: &Cx) -> CompatAnswer<Vec<Field>> {
    Ok(fields::list_of(cx, FieldObject::Company).await?)
}

fn show(c: &Company, all_fields: &[Field], fresh: bool) -> Value {
    let block = PublishBlock {
        is_published: c.published,
        date_added: Some(c.created_at),
        date_modified: Some(c.updated_at),
        created_by: c.created_by.map(|u| u.0),
        created_by_user: None,
    };
    let mut out = block.start();
    let mut groups: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    let mut flat = Map::from_iter([("id".to_owned(), json!(c.id))]);
    for field in all_fields.iter().map(|f| &f.def).filter(|f| f.published) {
        let value = c.values.get(&field.alias).cloned().unwrap_or_default();
        groups.entry(field.group.name()).or_default().insert(field.alias.clone(), entry(field, &value, fresh));
        flat.insert(field.alias.clone(), stored(field, &value));
    }
    let mut shown = Map::new();
    for group in ["core", "professional", "social", "personal", "other"] {
        match groups.remove(group) {
            Some(fields) => drop(shown.insert(group.to_owned(), Value::Object(fields))),
            None if group == "other" || group == "professional" => drop(shown.insert(group.to_owned(), json!([]))),
            None => {}
        }
    }
    shown.insert("all".to_owned(), Value::Object(flat));
    out.insert("id".to_owned(), json!(c.id));
    out.insert("fields".to_owned(), Value::Object(shown));
    out.insert("score".to_owned(), json!(c.score));
    out.insert(
        "owner".to_owned(),
        c.owner_id.map_or(Value::Null, |id| json!({"createdByUser": null, "modifiedByUser": null, "id": id})),
    );
    Value::Object(out)
}

/// What a body says of a company; keys that are no fields are passed over.
fn read(body: &Map<String, Value>, all_fields: &[Field], keep_blanks: bool) -> CompanyInput {
    let blank = |v: &Value| matches!(v, Value::Null) || v.as_str().is_some_and(|s| s.trim().is_empty());
    let number = |v: &Value| v.as_i64().or_else(|| v.as_str().and_then(|s| s.trim().parse().ok()));
    let fields = all_fields
        .iter()
        .filter(|f| f.def.published)
        .filter_map(|f| body.get(&f.def.alias).map(|v| (f.def.alias.clone(), field_value(&f.def, v))))
        .filter(|(_, v)| keep_blanks || !blank(v));
    CompanyInput {
        version: None,
        fields: fields.collect(),
        owner_id: body
            .get("owner")
            .map(|v| number(v).or_else(|| v.get("id").and_then(number)).filter(|n| *n > 0).map(Into::into)),
        score: body.get("score").and_then(number),
        published: body.get("isPublished").map(is_true),
        tags: super::reading::words(body.get("tags")),
    }
}

fn sort(query: &CompatList) -> String {
    query.order.first().map_or_else(
        || "id".to_owned(),
        |(name, down)| {
            let field = match name.as_str() {
                "dateAdded" | "date_added" => "created_at",
                "dateModified" | "date_modified" => "updated_at",
                other => other,
            };
            format!("{}{field}", if *down { "-" } else { "" })
        },
    )
}

#[async_trait]
impl Entity for Companies {
    const PATH: &'static str = "companies";
    const ONE: &'static str = "company";
    const MANY: &'static str = "companies";
    const KEYED: bool = true;
    const EMPTY_IS_OBJECT: bool = true;
    const SHORT: &'static [&'static str] = &["id", "fields", "score"];

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let all_fields = own_fields(cx).await?;
        let (mut rows, mut total) = (Vec::new(), 0);
        // A client may ask for any number of rows; they are read in windows.
        while (rows.len() as u64) < u64::from(query.limit) {
            let left = query.limit - u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let list = ListQuery {
                search: query.search.clone(),
                sort: sort(query),
                limit: left.min(500),
                cursor: None,
                offset: query.start + rows.len() as u64,
                ..ListQuery::default()
            };
            let page = companies::list(cx, list).await?;
            let more = page.next_cursor.is_some();
            rows.extend(
                page.items.iter().filter(|c| !query.published_only || c.published).map(|c| (c.id.0, show(c, &all_fields, false))),
            );
            total = page.total.unwrap_or(query.start + rows.len() as u64 + u64::from(more));
            if !more {
                break;
            }
        }
        Ok((total, rows))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show(&companies::get(cx, CompanyId(id)).await?, &own_fields(cx).await?, false))
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        let all_fields = own_fields(cx).await?;
        let alone = body.get("force").is_some_and(is_true);
        let input = read(&body, &all_fields, false);
        let (company, new) =
            if alone { (companies::create_twin(cx, input).await?, true) } else { companies::create(cx, input, true).await? };
        Ok((company.id.0, show(&company, &all_fields, true), new))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        let all_fields = own_fields(cx).await?;
        let mut input = read(&body, &all_fields, replace);
        if replace {
            for field in all_fields.iter().map(|f| &f.def).filter(|f| f.published && !f.required) {
                input.fields.entry(field.alias.clone()).or_insert(Value::Null);
            }
        }
        Ok(show(&companies::update(cx, CompanyId(id), input, replace).await?, &all_fields, false))
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show(&companies::delete(cx, CompanyId(id)).await?, &own_fields(cx).await?, false))
    }
}

async fn add(Caller(cx): Caller, Path((id, contact)): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    companies::link(&cx, CompanyId(id_of(&id)?), ContactId(id_of(&contact)?)).await?;
    Ok(Json(json!({"success": 1})))
}

async fn remove(Caller(cx): Caller, Path((id, contact)): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    companies::unlink(&cx, CompanyId(id_of(&id)?), ContactId(id_of(&contact)?)).await?;
    Ok(Json(json!({"success": 1})))
}

/// The companies of a contact, each with all its columns as texts.
async fn of_contact(Caller(cx): Caller, Path(id): Path<String>) -> CompatAnswer<Json<Value>> {
    let contact = hg_app::contacts::get(&cx, ContactId(id_of(&id)?)).await.map_err(no_contact)?;
    let all_fields = own_fields(&cx).await?;
    let mut rows = Vec::new();
    for link in contact.companies {
        let company = companies::get(&cx, link.id).await?;
        let text = |id: i64| json!(id.to_string());
        let mut row = Map::from_iter([
            ("company_id".to_owned(), text(company.id.0)),
            ("date_associated".to_owned(), json!(link.added_at.sql_text())),
            ("is_primary".to_owned(), json!(if link.primary { "1" } else { "0" })),
            ("id".to_owned(), text(company.id.0)),
            ("score".to_owned(), text(company.score)),
            ("owner_id".to_owned(), company.owner_id.map_or(Value::Null, |o| text(o.0))),
            ("date_added".to_owned(), json!(company.created_at.sql_text())),
        ]);
        for field in all_fields.iter().map(|f| &f.def).filter(|f| f.published) {
            let value = company.values.get(&field.alias).filter(|v| !v.is_empty());
            row.insert(field.alias.clone(), value.map_or(Value::Null, |v| json!(v.to_text())));
        }
        rows.push(Value::Object(row));
    }
    Ok(Json(json!({"total": rows.len(), "companies": rows})))
}
