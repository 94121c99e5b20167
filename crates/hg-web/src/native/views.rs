//! Views of lists that people keep, and the trash.

use axum::Json;
use axum::http::StatusCode;
use hg_app::list::ListQuery;
use hg_app::trash::{self, Trashed};
use hg_app::views::{self, View, ViewInput};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, PageOut, Path, Query};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(update, delete))
        .routes(routes!(trashed))
        .routes(routes!(restore))
}

/// A kept view of a list.
#[derive(Debug, Serialize, ToSchema)]
struct ViewOut {
    id: i64,
    version: i64,
    list: String,
    name: String,
    /// What the list understands: search, filter, sort, columns.
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    body: Value,
    /// Whether everybody sees it.
    shared: bool,
    /// Whether it is one's own and can be changed.
    own: bool,
}

fn out(view: View, me: Option<i64>) -> ViewOut {
    ViewOut {
        id: view.id,
        version: view.version,
        list: view.list,
        name: view.name,
        body: view.body,
        shared: view.shared,
        own: me == Some(view.owner.0),
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ViewParams {
    /// Which list, such as `contacts`.
    list: String,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct ViewIn {
    /// Which list; when it is made.
    list: Option<String>,
    name: Option<String>,
    #[schema(value_type = Option<std::collections::HashMap<String, Value>>)]
    body: Option<Value>,
    shared: Option<bool>,
}

/// One's own views of a list, and those that others share.
#[utoipa::path(get, path = "/views", tag = "views", params(ViewParams), responses((status = 200, body = Vec<ViewOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ViewParams>) -> Answer<Json<Vec<ViewOut>>> {
    let me = cx.user_id().map(|u| u.0);
    Ok(Json(views::all(&cx, &q.list).await?.into_iter().map(|view| out(view, me)).collect()))
}

/// Keeps a view.
#[utoipa::path(post, path = "/views", tag = "views", request_body = ViewIn, responses((status = 201, body = ViewOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<ViewIn>) -> Answer<(StatusCode, Json<ViewOut>)> {
    let input = ViewInput { name: b.name, body: b.body, shared: b.shared };
    let view = views::create(&cx, b.list.as_deref().unwrap_or("contacts"), input).await?;
    Ok((StatusCode::CREATED, Json(out(view, cx.user_id().map(|u| u.0)))))
}

/// Changes a view of one's own.
#[utoipa::path(patch, path = "/views/{id}", tag = "views", params(("id" = i64, Path)), request_body = ViewIn, responses((status = 200, body = ViewOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<i64>, Body(b): Body<ViewIn>) -> Answer<Json<ViewOut>> {
    let view = views::update(&cx, id, ViewInput { name: b.name, body: b.body, shared: b.shared }).await?;
    Ok(Json(out(view, cx.user_id().map(|u| u.0))))
}

/// Forgets a view of one's own.
#[utoipa::path(delete, path = "/views/{id}", tag = "views", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<StatusCode> {
    views::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Something that was deleted.
#[derive(Debug, Serialize, ToSchema)]
struct TrashOut {
    /// `contact`, `segment`, `tag`, `email`, `page`, `form`, `campaign`…
    kind: String,
    id: i64,
    name: String,
    deleted_at: String,
    /// From then on it cannot be brought back.
    until: String,
}

impl From<Trashed> for TrashOut {
    fn from(t: Trashed) -> Self {
        Self { kind: t.kind, id: t.id, name: t.name, deleted_at: t.deleted_at.rfc3339(), until: t.until.rfc3339() }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct TrashParams {
    /// Only things of this kind.
    kind: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

/// What was deleted within thirty days, the latest first.
#[utoipa::path(get, path = "/trash", tag = "trash", params(TrashParams), responses((status = 200, body = PageOut<TrashOut>)))]
async fn trashed(Caller(cx): Caller, Query(q): Query<TrashParams>) -> Answer<Json<PageOut<TrashOut>>> {
    let limit = q.limit.unwrap_or(0).min(hg_app::list::MAX_LIMIT);
    let query = ListQuery { limit, cursor: q.cursor.filter(|c| !c.is_empty()), ..ListQuery::default() };
    Ok(PageOut::of(trash::list(&cx, q.kind.filter(|k| !k.is_empty()), query).await?, TrashOut::from))
}

/// Brings something back.
#[utoipa::path(post, path = "/trash/{kind}/{id}/restore", tag = "trash", params(("kind" = String, Path), ("id" = i64, Path)), responses((status = 204)))]
async fn restore(Caller(cx): Caller, Path((kind, id)): Path<(String, i64)>) -> Answer<StatusCode> {
    trash::restore(&cx, &kind, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
