//! What colleagues say to each other about an email.

use axum::Json;
use axum::http::StatusCode;
use hg_app::emails::{self, Comment};
use hg_core::ids::{CommentId, EmailId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, Path};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list, say)).routes(routes!(unsay)).routes(routes!(settle, reopen))
}

/// Something that somebody said.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmailComment {
    id: i64,
    /// The comment that opened the thread; null: this one did.
    parent: Option<i64>,
    created_at: String,
    author: Option<i64>,
    author_name: String,
    body: String,
    /// The version of the email that it speaks of.
    revision: i64,
    resolved_at: Option<String>,
}

impl From<Comment> for EmailComment {
    fn from(c: Comment) -> Self {
        Self {
            id: c.id.0,
            parent: c.parent.map(|p| p.0),
            created_at: c.created_at.rfc3339(),
            author: c.author.map(|a| a.0),
            author_name: c.author_name,
            body: c.body,
            revision: c.revision,
            resolved_at: c.resolved_at.map(|t| t.rfc3339()),
        }
    }
}

/// Everything said about an email, the oldest first.
#[utoipa::path(get, path = "/emails/{id}/comments", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = Vec<EmailComment>)))]
async fn list(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<Vec<EmailComment>>> {
    Ok(Json(emails::comments(&cx, id).await?.into_iter().map(EmailComment::from).collect()))
}

/// What is said.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct EmailCommentIn {
    body: String,
    /// The thread that it answers in; null: opens one.
    parent: Option<i64>,
}

/// Opens a thread, or answers in one.
#[utoipa::path(post, path = "/emails/{id}/comments", tag = "emails", params(("id" = i64, Path)), request_body = EmailCommentIn, responses((status = 201, body = EmailComment)))]
async fn say(
    Caller(cx): Caller,
    Path(id): Path<EmailId>,
    Body(b): Body<EmailCommentIn>,
) -> Answer<(StatusCode, Json<EmailComment>)> {
    let made = emails::say(&cx, id, b.parent.map(CommentId), &b.body).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Takes a comment back, with its answers; only whoever wrote it may.
#[utoipa::path(delete, path = "/emails/{id}/comments/{comment}", tag = "emails", params(("id" = i64, Path), ("comment" = i64, Path)), responses((status = 204)))]
async fn unsay(Caller(cx): Caller, Path((id, comment)): Path<(EmailId, CommentId)>) -> Answer<StatusCode> {
    emails::unsay(&cx, id, comment).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Closes a thread.
#[utoipa::path(post, path = "/emails/{id}/comments/{comment}/settled", tag = "emails", params(("id" = i64, Path), ("comment" = i64, Path)), responses((status = 200, body = EmailComment)))]
async fn settle(Caller(cx): Caller, Path((id, comment)): Path<(EmailId, CommentId)>) -> Answer<Json<EmailComment>> {
    Ok(Json(emails::settle(&cx, id, comment, true).await?.into()))
}

/// Opens a thread again.
#[utoipa::path(delete, path = "/emails/{id}/comments/{comment}/settled", tag = "emails", params(("id" = i64, Path), ("comment" = i64, Path)), responses((status = 200, body = EmailComment)))]
async fn reopen(Caller(cx): Caller, Path((id, comment)): Path<(EmailId, CommentId)>) -> Answer<Json<EmailComment>> {
    Ok(Json(emails::settle(&cx, id, comment, false).await?.into()))
}
