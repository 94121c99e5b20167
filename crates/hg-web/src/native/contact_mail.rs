//! Messages of a contact that have not left.

use axum::Json;
use axum::http::StatusCode;
use hg_app::sending::{self, WaitingMessage};
use hg_core::ids::{ContactId, SendId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::Path;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(waiting)).routes(routes!(cancel))
}

/// A message that waits to leave.
#[derive(Debug, Serialize, ToSchema)]
struct WaitingMessageOut {
    id: i64,
    email_id: i64,
    email_name: String,
    /// When it may leave.
    due_at: String,
    /// How often it was put off.
    held: i64,
    /// Why it was put off the last time.
    reason: Option<String>,
}

impl From<WaitingMessage> for WaitingMessageOut {
    fn from(m: WaitingMessage) -> Self {
        let (id, email_id) = (m.id.0, m.email.0);
        Self { id, email_id, email_name: m.name, due_at: m.due_at.rfc3339(), held: m.held, reason: m.reason }
    }
}

/// What of a contact's mail waits, the next one first.
#[utoipa::path(get, path = "/contacts/{id}/messages", tag = "contacts", params(("id" = i64, Path)), responses((status = 200, body = Vec<WaitingMessageOut>)))]
async fn waiting(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<Json<Vec<WaitingMessageOut>>> {
    Ok(Json(sending::waiting(&cx, id).await?.into_iter().map(WaitingMessageOut::from).collect()))
}

/// Cancels a message that has not left.
#[utoipa::path(delete, path = "/contacts/{id}/messages/{message}", tag = "contacts", params(("id" = i64, Path), ("message" = i64, Path)), responses((status = 204)))]
async fn cancel(Caller(cx): Caller, Path((id, message)): Path<(ContactId, SendId)>) -> Answer<StatusCode> {
    sending::cancel(&cx, id, message).await?;
    Ok(StatusCode::NO_CONTENT)
}
