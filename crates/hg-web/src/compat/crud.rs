//! The standard routes of an entity (`api.md` §2.2, §2.6): list, get, new, edit by PUT and PATCH, delete, batches.
//!
//! A domain implements [`Entity`]: how one is read from the old shape and shown in it. Everything that all entities
//! share (envelopes, statuses, batches, errors) is here.

use async_trait::async_trait;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use axum::{Json, Router};
use hg_app::{Cx, Error};
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError, created, keyed};
use super::body::{self, AnyBody, BATCH_LIMIT};
use super::placed::{create_whole, delete_whole, edit_whole, get_whole, with_authors, with_categories, with_lists};
pub use super::query::{CompatList, Condition};
use super::query::{keep_short, meets};
use crate::Web;
use crate::auth::Caller;

/// A key that is only kept for its clients, and what it is when nobody set it.
pub type Kept = (&'static str, fn() -> Value);

/// Whether a loosely written boolean means yes (`api.md` §2.2).
pub fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(b) => *b,
        Value::Number(n) => n.as_f64().is_some_and(|x| x != 0.0),
        Value::String(s) => matches!(s.trim().to_ascii_lowercase().as_str(), "1" | "true" | "on" | "yes"),
        _ => false,
    }
}

/// Ids written as numbers, texts, or objects with an `id`; a list or an object of them (`api.md` §2.2, §2.4).
pub fn ids(value: Option<&Value>) -> Vec<i64> {
    fn id(value: &Value) -> Option<i64> {
        match value {
            Value::Number(n) => n.as_i64(),
            Value::String(s) => s.trim().parse().ok(),
            Value::Object(o) => o.get("id").and_then(id),
            _ => None,
        }
    }
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(id).collect(),
        Some(v @ Value::Object(o)) => match id(v) {
            Some(one) => vec![one],
            None => o.values().filter_map(id).collect(),
        },
        Some(other) => id(other).into_iter().collect(),
        None => Vec::new(),
    }
}

/// What the seven keys at the head of an entity say (`api.md` §2.8).
#[derive(Debug, Clone, Default)]
pub struct PublishBlock {
    pub is_published: bool,
    pub date_added: Option<hg_core::time::Timestamp>,
    pub date_modified: Option<hg_core::time::Timestamp>,
    pub created_by: Option<i64>,
    pub created_by_user: Option<String>,
}

impl PublishBlock {
    /// The block, to which an entity adds its own keys.
    pub fn start(&self) -> Map<String, Value> {
        let date = |t: Option<hg_core::time::Timestamp>| t.map(|t| t.rfc3339_offset());
        let Value::Object(map) = json!({
            "isPublished": self.is_published,
            "dateAdded": date(self.date_added),
            "dateModified": date(self.date_modified.filter(|m| Some(*m) != self.date_added)),
            "createdBy": self.created_by,
            "createdByUser": self.created_by_user,
            "modifiedBy": null,
            "modifiedByUser": null,
        }) else {
            unreachable!("an object was written")
        };
        map
    }
}

/// An entity of the compatible API.
#[async_trait]
pub trait Entity: Send + Sync + 'static {
    /// Below `/api/`, such as `campaigns`.
    const PATH: &'static str;
    /// Key of one, such as `campaign`.
    const ONE: &'static str;
    /// Key of many, such as `campaigns`.
    const MANY: &'static str;
    /// Lists are objects keyed by id, or arrays (`api.md` §2.9).
    const KEYED: bool;
    /// What an empty keyed list looks like: `{}` for contacts, `[]` for the others.
    const EMPTY_IS_OBJECT: bool = false;
    /// The contact list gives its total as a text.
    const TOTAL_IS_TEXT: bool = false;
    /// Its `list` answers `where` and `minimal` by itself; for the others that is done on what they show.
    const LISTS_BY_ITSELF: bool = false;
    /// The kind of its categories and the table of its rows, when it has categories.
    const CATEGORY: Option<(&'static str, &'static str)> = None;
    /// What `minimal` keeps besides the publish block.
    const SHORT: &'static [&'static str] = &["id", "name", "title", "alias", "category"];

    /// How many there are, and the rows of the window in order.
    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)>;
    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value>;
    /// Makes one; `false` beside it: an existing one was found and changed instead.
    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)>;
    /// Changes one. `replace`: PUT, what is not named is emptied.
    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value>;
    /// Deletes one and gives it as it was.
    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value>;
}

/// The routes.
pub fn routes<E: Entity>() -> Router<Web> {
    let base = format!("/{}", E::PATH);
    let at = |rest: &str| format!("{base}{rest}");
    Router::new()
        .route(&base, get(list::<E>))
        .route(&at("/new"), post(create::<E>))
        .route(&at("/{id}"), get(one::<E>))
        .route(&at("/{id}/edit"), put(replace::<E>).patch(change::<E>))
        .route(&at("/{id}/delete"), delete(remove::<E>))
        .route(&at("/batch/new"), post(batch_new::<E>))
        .route(&at("/batch/edit"), put(batch_put::<E>).patch(batch_patch::<E>))
        .route(&at("/batch/delete"), delete(batch_delete::<E>))
}

/// The id of a path; anything else leads nowhere.
pub fn id_of(text: &str) -> Result<i64, CompatError> {
    text.parse().ok().filter(|n| *n > 0).ok_or_else(CompatError::not_found)
}

fn envelope(key: &str, value: Value) -> Value {
    json!({ key: value })
}

async fn list<E: Entity>(Caller(cx): Caller, RawQuery(query): RawQuery) -> CompatAnswer<Json<Value>> {
    let query = CompatList::parse(query.as_deref().unwrap_or(""))?;
    let (total, mut rows) = if E::LISTS_BY_ITSELF { E::list(&cx, &query).await? } else { conditioned::<E>(&cx, &query).await? };
    with_authors::<E>(&cx, &mut rows).await?;
    with_lists(&cx, &mut rows).await?;
    if !query.select.is_empty() {
        for (_, row) in &mut rows {
            if let Value::Object(map) = row {
                map.retain(|k, v| query.select.contains(k) && !v.is_null());
            }
        }
    }
    let many = if E::KEYED {
        keyed(rows, if E::EMPTY_IS_OBJECT { json!({}) } else { json!([]) })
    } else {
        Value::Array(rows.into_iter().map(|(_, v)| v).collect())
    };
    let total = if E::TOTAL_IS_TEXT { json!(total.to_string()) } else { json!(total) };
    Ok(Json(json!({ "total": total, E::MANY: many })))
}

/// A list whose conditions are put to what it shows: there are hundreds of these, not millions.
async fn conditioned<E: Entity>(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
    let (total, mut rows) = if query.wheres.is_empty() {
        let (total, mut rows) = E::list(cx, query).await?;
        with_categories::<E>(cx, &mut rows).await?;
        (total, rows)
    } else {
        let whole = CompatList { start: 0, limit: u32::MAX, wheres: Vec::new(), ..query.clone() };
        let (_, mut all) = E::list(cx, &whole).await?;
        with_categories::<E>(cx, &mut all).await?;
        let mut found = Vec::new();
        for (id, row) in all {
            if meets(&row, &query.wheres)? {
                found.push((id, row));
            }
        }
        let total = found.len() as u64;
        let skip = usize::try_from(query.start).unwrap_or(usize::MAX);
        (total, found.into_iter().skip(skip).take(query.limit as usize).collect())
    };
    if query.minimal {
        rows.iter_mut().for_each(|(_, row)| keep_short(row, E::SHORT));
    }
    Ok((total, rows))
}

async fn one<E: Entity>(Caller(cx): Caller, Path(id): Path<String>) -> CompatAnswer<Json<Value>> {
    let id = id_of(&id)?;
    Ok(Json(envelope(E::ONE, get_whole::<E>(&cx, id).await?)))
}

async fn create<E: Entity>(Caller(cx): Caller, body: AnyBody) -> CompatAnswer {
    let (id, value, new) = create_whole::<E>(&cx, body.0.and_then(into_object).unwrap_or_default()).await?;
    let body = envelope(E::ONE, value);
    Ok(if new { created(E::PATH, id, body) } else { Json(body).into_response() })
}

fn into_object(value: Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(map) => Some(map),
        _ => None,
    }
}

async fn replace<E: Entity>(Caller(cx): Caller, Path(id): Path<String>, body: AnyBody) -> CompatAnswer {
    let (id, body) = (id_of(&id)?, body.object()?);
    match edit_whole::<E>(&cx, id, body.clone(), true).await {
        // PUT on an unknown id makes a new one, with a new id.
        Err(error) if error.status == StatusCode::NOT_FOUND && E::get(&cx, id).await.is_err() => {
            let (new_id, value, _) = create_whole::<E>(&cx, body).await?;
            Ok(created(E::PATH, new_id, envelope(E::ONE, value)))
        }
        other => Ok(Json(envelope(E::ONE, other?)).into_response()),
    }
}

async fn change<E: Entity>(Caller(cx): Caller, Path(id): Path<String>, body: AnyBody) -> CompatAnswer<Json<Value>> {
    let (id, body) = (id_of(&id)?, body.object()?);
    Ok(Json(envelope(E::ONE, edit_whole::<E>(&cx, id, body, false).await?)))
}

/// A deleted entity is shown once more, without its id.
fn without_id(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        map.insert("id".into(), Value::Null);
    }
    value
}

async fn remove<E: Entity>(Caller(cx): Caller, Path(id): Path<String>) -> CompatAnswer<Json<Value>> {
    Ok(Json(envelope(E::ONE, without_id(delete_whole::<E>(&cx, id_of(&id)?).await?))))
}

/// What became of the items of a batch.
#[derive(Default)]
struct Batch {
    done: Vec<(String, Value)>,
    statuses: Vec<(String, u16)>,
    errors: Map<String, Value>,
    /// The input was an object, so the answer is.
    by_name: bool,
}

impl Batch {
    fn add(&mut self, key: String, outcome: Result<(Value, u16), CompatError>) {
        match outcome {
            Ok((value, status)) => {
                self.statuses.push((key.clone(), status));
                self.done.push((key, value));
            }
            Err(error) => {
                self.statuses.push((key.clone(), error.status.as_u16()));
                let mut body = error.body();
                if matches!(error.status, StatusCode::NOT_FOUND | StatusCode::FORBIDDEN) {
                    body = json!({"message": error.message, "code": error.status.as_u16(), "type": "api"});
                }
                self.errors.insert(key, body);
            }
        }
    }

    fn answer(self, many: &str, status: StatusCode) -> Response {
        let in_order = self.done.iter().enumerate().all(|(i, (k, _))| *k == i.to_string());
        let done = if in_order && !self.by_name {
            Value::Array(self.done.into_iter().map(|(_, v)| v).collect())
        } else {
            Value::Object(self.done.into_iter().collect())
        };
        let statuses = if self.by_name {
            Value::Object(self.statuses.into_iter().map(|(k, s)| (k, json!(s))).collect())
        } else {
            Value::Array(self.statuses.into_iter().map(|(_, s)| json!(s)).collect())
        };
        let mut body = Map::from_iter([(many.to_owned(), done), ("statusCodes".to_owned(), statuses)]);
        if !self.errors.is_empty() {
            body.insert("errors".into(), Value::Object(self.errors));
        }
        (status, Json(Value::Object(body))).into_response()
    }
}

fn items_of(body: AnyBody) -> Result<(Vec<(String, Value)>, bool), CompatError> {
    let by_name = matches!(body.0, Some(Value::Object(_)));
    Ok((body.limited_batch()?, by_name))
}

async fn batch_new<E: Entity>(Caller(cx): Caller, body: AnyBody) -> CompatAnswer {
    let (items, by_name) = items_of(body)?;
    let mut batch = Batch { by_name, ..Batch::default() };
    for (key, item) in items {
        let outcome = create_whole::<E>(&cx, into_object(item).unwrap_or_default()).await;
        batch.add(key, outcome.map(|(_, value, new)| (value, if new { 201 } else { 200 })));
    }
    Ok(batch.answer(E::MANY, StatusCode::CREATED))
}

async fn batch_put<E: Entity>(caller: Caller, body: AnyBody) -> CompatAnswer {
    batch_edit::<E>(caller, body, true).await
}

async fn batch_patch<E: Entity>(caller: Caller, body: AnyBody) -> CompatAnswer {
    batch_edit::<E>(caller, body, false).await
}

async fn batch_edit<E: Entity>(Caller(cx): Caller, body: AnyBody, replace: bool) -> CompatAnswer {
    let (items, by_name) = items_of(body)?;
    let mut batch = Batch { by_name, ..Batch::default() };
    for (key, item) in items {
        let item = into_object(item).unwrap_or_default();
        let outcome = match ids(item.get("id")).first() {
            None => Err(CompatError::bad("ID is missing from the payload.")),
            Some(id) => edit_whole::<E>(&cx, *id, item, replace).await.map(|value| (value, 200)),
        };
        batch.add(key, outcome);
    }
    Ok(batch.answer(E::MANY, StatusCode::OK))
}

async fn batch_delete<E: Entity>(Caller(cx): Caller, RawQuery(query): RawQuery, body: AnyBody) -> CompatAnswer {
    let from_query = body::pairs(url::form_urlencoded::parse(query.as_deref().unwrap_or("").as_bytes()).into_owned())?;
    let wanted = match from_query.get("ids") {
        Some(Value::String(list)) => list.split(',').filter_map(|s| s.trim().parse().ok()).collect(),
        Some(other) => ids(Some(other)),
        None => match &body.0 {
            Some(Value::Object(map)) if map.contains_key("ids") => ids(map.get("ids")),
            other => ids(other.as_ref()),
        },
    };
    if wanted.len() > BATCH_LIMIT {
        return Err(CompatError::bad(format!("A max of {BATCH_LIMIT} entities are supported at a time.")));
    }
    let mut batch = Batch::default();
    for (at, id) in wanted.into_iter().enumerate() {
        batch.add(at.to_string(), delete_whole::<E>(&cx, id).await.map(|value| (without_id(value), 200)));
    }
    Ok(batch.answer(E::MANY, StatusCode::OK))
}

/// An error of a use case as this API says it.
impl CompatError {
    pub fn from_missing_name() -> Self {
        Error::field("/name", "required", "A name is required.").into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_in_every_spelling() {
        assert_eq!(ids(Some(&json!([1, "2", {"id": 3}]))), [1, 2, 3]);
        assert_eq!(ids(Some(&json!({"a": {"id": 4}, "b": 5}))), [4, 5]);
        assert_eq!(ids(Some(&json!({"id": 6}))), [6]);
        assert_eq!(ids(Some(&json!("7"))), [7]);
        assert_eq!(ids(None), [0; 0]);
    }
}
