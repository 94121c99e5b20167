//! Drafts of emails that readers get already.

use axum::Json;
use axum::http::StatusCode;
use hg_app::emails::{self, Draft};
use hg_core::ids::EmailId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::emails::{EmailIn, EmailOut};
use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, Path};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(get, save, discard)).routes(routes!(publish))
}

/// A setting that differs; empty where it cannot be told in a line.
#[derive(Debug, Serialize, ToSchema)]
struct EmailDraftChange {
    field: String,
    before: String,
    after: String,
}

/// A line of what readers see.
#[derive(Debug, Serialize, ToSchema)]
struct EmailDraftLine {
    /// `same`, `removed` or `added`.
    mark: String,
    line: String,
}

/// What waits to be published.
#[derive(Debug, Serialize, ToSchema)]
struct EmailDraft {
    /// Counts the saves of the draft.
    version: i64,
    updated_at: String,
    updated_by: Option<i64>,
    /// The email was changed by something else since the draft was begun.
    behind: bool,
    /// The email as it would be.
    email: EmailOut,
    changes: Vec<EmailDraftChange>,
    text: Vec<EmailDraftLine>,
}

impl From<Draft> for EmailDraft {
    fn from(d: Draft) -> Self {
        let change = |(field, before, after): (&str, String, String)| EmailDraftChange { field: field.to_owned(), before, after };
        Self {
            version: d.version,
            updated_at: d.updated_at.rfc3339(),
            updated_by: d.updated_by.map(|user| user.0),
            behind: d.behind,
            email: d.email.into(),
            changes: d.changes.into_iter().map(change).collect(),
            text: d.text.into_iter().map(|(mark, line)| EmailDraftLine { mark: mark.key().to_owned(), line }).collect(),
        }
    }
}

/// Whether readers get an email already, and what waits to be published.
#[derive(Debug, Serialize, ToSchema)]
struct EmailDraftState {
    /// It was sent, is being sent, or a running campaign sends it.
    live: bool,
    /// Null: nothing waits.
    draft: Option<EmailDraft>,
}

/// Whether readers get an email already, and what waits to be published.
#[utoipa::path(get, path = "/emails/{id}/draft", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = EmailDraftState)))]
async fn get(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<EmailDraftState>> {
    let email = emails::get(&cx, id).await?;
    let live = emails::is_live(&cx, &email).await?;
    Ok(Json(EmailDraftState { live, draft: emails::draft(&cx, id).await?.map(EmailDraft::from) }))
}

/// Keeps changes beside the email; only named keys change. `version` is that of the draft, 0 for the first save. Name,
/// kind, segments and whether it is published belong to the email itself and are not kept here.
#[utoipa::path(put, path = "/emails/{id}/draft", tag = "emails", params(("id" = i64, Path)), request_body = EmailIn, responses((status = 200, body = EmailDraft)))]
async fn save(Caller(cx): Caller, Path(id): Path<EmailId>, Body(b): Body<EmailIn>) -> Answer<Json<EmailDraft>> {
    let before = match emails::draft(&cx, id).await? {
        Some(draft) => draft.email.content,
        None => emails::get(&cx, id).await?.content,
    };
    Ok(Json(emails::save_draft(&cx, id, b.version(), b.content(before)?).await?.into()))
}

/// Throws the draft away; readers never got it.
#[utoipa::path(delete, path = "/emails/{id}/draft", tag = "emails", params(("id" = i64, Path)), responses((status = 204)))]
async fn discard(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<StatusCode> {
    emails::discard_draft(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which draft is meant.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct EmailDraftVersion {
    /// Of the draft that was looked at; null: the newest.
    version: Option<i64>,
}

/// Makes the draft what readers get from now on.
#[utoipa::path(post, path = "/emails/{id}/draft/publish", tag = "emails", params(("id" = i64, Path)), request_body = EmailDraftVersion, responses((status = 200, body = EmailOut)))]
async fn publish(Caller(cx): Caller, Path(id): Path<EmailId>, Body(b): Body<EmailDraftVersion>) -> Answer<Json<EmailOut>> {
    Ok(Json(emails::publish_draft(&cx, id, b.version).await?.into()))
}
