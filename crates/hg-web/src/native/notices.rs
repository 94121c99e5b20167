//! What somebody is told about work that ended meanwhile.

use axum::Json;
use axum::http::StatusCode;
use hg_app::notices::{self, Notice};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, Path, Query};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, clear))
        .routes(routes!(mark_read))
        .routes(routes!(settings, set_settings))
        .routes(routes!(dismiss))
}

/// How something went.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code)]
enum NoticeTone {
    Good,
    Bad,
}

/// News about work that ended.
#[derive(Serialize, ToSchema)]
struct NoticeOut {
    id: i64,
    /// What it is about, such as `import.done`.
    kind: String,
    #[schema(value_type = NoticeTone)]
    tone: String,
    title: String,
    body: String,
    /// Where in the app it leads.
    link: Option<String>,
    read: bool,
    created_at: String,
}

impl From<Notice> for NoticeOut {
    fn from(n: Notice) -> Self {
        Self {
            id: n.id,
            kind: n.kind,
            tone: n.tone,
            title: n.title,
            body: n.body,
            link: n.link,
            read: n.read,
            created_at: n.created_at.rfc3339(),
        }
    }
}

/// A page of one's own notices.
#[derive(Serialize, ToSchema)]
struct NoticesOut {
    items: Vec<NoticeOut>,
    next_cursor: Option<String>,
    /// How many of all of them were not read.
    unread: i64,
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct NoticesRead {
    /// Which ones; all of them when empty.
    ids: Vec<i64>,
}

/// How one wants to be told.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct NoticeSettings {
    /// Whether each notice comes by mail too.
    by_mail: bool,
}

/// One's own notices, newest first.
#[utoipa::path(get, path = "/me/notices", tag = "notices", params(ListParams), responses((status = 200, body = NoticesOut)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<NoticesOut>> {
    let found = notices::list(&cx, q.into()).await?;
    let page = found.page.map(NoticeOut::from);
    Ok(Json(NoticesOut { items: page.items, next_cursor: page.next_cursor, unread: found.unread }))
}

/// Marks notices as read.
#[utoipa::path(post, path = "/me/notices/read", tag = "notices", request_body = NoticesRead, responses((status = 204)))]
async fn mark_read(Caller(cx): Caller, Body(b): Body<NoticesRead>) -> Answer<StatusCode> {
    notices::mark_read(&cx, b.ids).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes one notice away.
#[utoipa::path(delete, path = "/me/notices/{id}", tag = "notices", params(("id" = i64, Path)), responses((status = 204)))]
async fn dismiss(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<StatusCode> {
    notices::dismiss(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes all of one's notices away.
#[utoipa::path(delete, path = "/me/notices", tag = "notices", responses((status = 204)))]
async fn clear(Caller(cx): Caller) -> Answer<StatusCode> {
    notices::clear(&cx).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How one wants to be told.
#[utoipa::path(get, path = "/me/notices/settings", tag = "notices", responses((status = 200, body = NoticeSettings)))]
async fn settings(Caller(cx): Caller) -> Answer<Json<NoticeSettings>> {
    Ok(Json(NoticeSettings { by_mail: notices::by_mail(&cx).await? }))
}

/// Says how one wants to be told.
#[utoipa::path(put, path = "/me/notices/settings", tag = "notices", request_body = NoticeSettings, responses((status = 200, body = NoticeSettings)))]
async fn set_settings(Caller(cx): Caller, Body(b): Body<NoticeSettings>) -> Answer<Json<NoticeSettings>> {
    notices::set_by_mail(&cx, b.by_mail).await?;
    Ok(Json(b))
}
