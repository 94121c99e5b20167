//! The built-in outbox: what would have been sent.

use axum::Json;
use axum::http::StatusCode;
use hg_app::Cx;
use hg_app::emails::site_url;
use hg_app::sending::outbox::{self, Caught, CaughtMessage};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{ListParams, PageOut, Path, Query};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list, empty)).routes(routes!(get)).routes(routes!(open))
}

/// A caught message.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaughtOut {
    id: i64,
    to: String,
    subject: String,
    from: String,
    caught_at: String,
    email_id: Option<i64>,
    contact_id: Option<i64>,
    size: i64,
}

impl From<Caught> for CaughtOut {
    fn from(c: Caught) -> Self {
        Self {
            id: c.id,
            to: c.to,
            subject: c.subject,
            from: c.from,
            caught_at: c.caught_at.rfc3339(),
            email_id: c.email.map(|e| e.0),
            contact_id: c.contact.map(|c| c.0),
            size: c.size,
        }
    }
}

/// One header of a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct HeaderOut {
    name: String,
    value: String,
}

/// One link of a message.
#[derive(Debug, Serialize, ToSchema)]
pub struct OutboxLink {
    text: String,
    url: String,
}

/// A caught message with everything in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageOut {
    #[serde(flatten)]
    about: CaughtOut,
    html: String,
    text: String,
    source: String,
    headers: Vec<HeaderOut>,
    /// The message in the browser, as the recipient; null for tests.
    open_url: Option<String>,
    links: Vec<OutboxLink>,
}

fn out(cx: &Cx, m: CaughtMessage) -> MessageOut {
    let parts = outbox::parts(&m.bytes);
    MessageOut {
        about: m.about.into(),
        open_url: m.key.map(|key| format!("{}/email/view/{key}", site_url(&cx.ws))),
        source: String::from_utf8_lossy(&m.bytes).into_owned(),
        headers: parts.headers.into_iter().map(|(name, value)| HeaderOut { name, value }).collect(),
        html: parts.html,
        text: parts.text,
        links: parts.links.into_iter().map(|(text, url)| OutboxLink { text, url }).collect(),
    }
}

/// Caught messages, newest first.
#[utoipa::path(get, path = "/outbox", tag = "outbox", params(ListParams), responses((status = 200, body = PageOut<CaughtOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<PageOut<CaughtOut>>> {
    Ok(PageOut::of(outbox::list(&cx, q.into()).await?, CaughtOut::from))
}

/// Empties the outbox; what was counted stays.
#[utoipa::path(delete, path = "/outbox", tag = "outbox", responses((status = 204)))]
async fn empty(Caller(cx): Caller) -> Answer<StatusCode> {
    outbox::empty(&cx).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One caught message.
#[utoipa::path(get, path = "/outbox/{id}", tag = "outbox", params(("id" = i64, Path)), responses((status = 200, body = MessageOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<Json<MessageOut>> {
    let message = outbox::get(&cx, id).await?;
    Ok(Json(out(&cx, message)))
}

/// Opens a caught message as its recipient would; the open counts.
#[utoipa::path(post, path = "/outbox/{id}/open", tag = "outbox", params(("id" = i64, Path)), responses((status = 200, body = MessageOut)))]
async fn open(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<Json<MessageOut>> {
    let message = outbox::open(&cx, id).await?;
    Ok(Json(out(&cx, message)))
}
