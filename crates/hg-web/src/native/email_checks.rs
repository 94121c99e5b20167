//! What helps whoever writes an email: the look over it, what to start from, and what it looked like before.

use axum::Json;
use hg_app::emails::{self, PreviewRequest};
use hg_core::ids::EmailId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::emails::{EmailOut, EmailPreviewIn};
use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, Path};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(check))
        .routes(routes!(check_draft))
        .routes(routes!(templates))
        .routes(routes!(revisions))
        .routes(routes!(revision))
        .routes(routes!(restore_revision))
}

/// One thing that was seen.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmailRemark {
    code: String,
    /// `error`, `warning` or `hint`.
    #[schema(value_type = super::words::RemarkWeight)]
    weight: String,
    /// What was seen.
    seen: String,
    /// What to do.
    advice: String,
}

/// What was found in an email; the weightiest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmailCheckOut {
    remarks: Vec<EmailRemark>,
    /// Length of the HTML that one person gets.
    bytes: usize,
}

async fn answer(cx: &hg_app::Cx, request: PreviewRequest) -> Answer<Json<EmailCheckOut>> {
    let found = emails::check(cx, request).await?;
    let remarks = found.remarks.into_iter().map(|r| EmailRemark {
        code: r.code.to_owned(),
        weight: r.weight.key().to_owned(),
        seen: r.seen,
        advice: r.advice,
    });
    Ok(Json(EmailCheckOut { remarks: remarks.collect(), bytes: found.bytes }))
}

/// Looks over an email before it goes out.
#[utoipa::path(get, path = "/emails/{id}/check", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = EmailCheckOut)))]
async fn check(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<EmailCheckOut>> {
    let email = emails::get(&cx, id).await?;
    answer(&cx, PreviewRequest { email_id: id.0, content: email.content, contact: None }).await
}

/// Looks over an email as it stands in the editor.
#[utoipa::path(post, path = "/emails/check", tag = "emails", request_body = EmailPreviewIn, responses((status = 200, body = EmailCheckOut)))]
async fn check_draft(Caller(cx): Caller, Body(b): Body<EmailPreviewIn>) -> Answer<Json<EmailCheckOut>> {
    answer(&cx, b.request()?).await
}

/// An email to start from.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmailTemplate {
    key: String,
    name: String,
    text: String,
    #[schema(value_type = super::words::PurposeWord)]
    purpose: String,
    subject: String,
    preheader: String,
    /// MJML in the looks of the house.
    source: String,
}

/// Emails to start from, in the looks of the house.
#[utoipa::path(get, path = "/emails/templates", tag = "emails", responses((status = 200, body = Vec<EmailTemplate>)))]
async fn templates(Caller(cx): Caller) -> Answer<Json<Vec<EmailTemplate>>> {
    let all = emails::gallery(&cx)?.into_iter().map(|one| EmailTemplate {
        key: one.key.to_owned(),
        name: one.name.to_owned(),
        text: one.text.to_owned(),
        purpose: if one.transactional { "transactional" } else { "marketing" }.to_owned(),
        subject: one.subject.to_owned(),
        preheader: one.preheader.to_owned(),
        source: one.source,
    });
    Ok(Json(all.collect()))
}

/// What an email looked like once.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmailRevision {
    revision: i64,
    created_at: String,
    subject: String,
    /// Length of the source.
    bytes: usize,
}

/// The versions of an email, the newest first: one for each save that changed what is sent.
#[utoipa::path(get, path = "/emails/{id}/revisions", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = Vec<EmailRevision>)))]
async fn revisions(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<Vec<EmailRevision>>> {
    let found = emails::revisions(&cx, id).await?.into_iter().map(|r| EmailRevision {
        revision: r.number,
        created_at: r.created_at.rfc3339(),
        subject: r.subject,
        bytes: r.bytes,
    });
    Ok(Json(found.collect()))
}

/// What stands in a version.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmailRevisionContent {
    subject: String,
    preheader: String,
    #[schema(value_type = super::words::EmailFormat)]
    format: String,
    source: String,
}

/// One version of an email.
#[utoipa::path(get, path = "/emails/{id}/revisions/{revision}", tag = "emails", params(("id" = i64, Path), ("revision" = i64, Path)), responses((status = 200, body = EmailRevisionContent)))]
async fn revision(Caller(cx): Caller, Path((id, number)): Path<(EmailId, i64)>) -> Answer<Json<EmailRevisionContent>> {
    let c = emails::revision(&cx, id, number).await?;
    Ok(Json(EmailRevisionContent { subject: c.subject, preheader: c.preheader, format: c.format, source: c.source }))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct RevisionRestoreIn {
    /// Refuse if somebody else saved since this version.
    version: Option<i64>,
}

/// Makes an email look as it did in a version; the look of now is kept as a version too.
#[utoipa::path(post, path = "/emails/{id}/revisions/{revision}/restore", tag = "emails", params(("id" = i64, Path), ("revision" = i64, Path)), request_body = RevisionRestoreIn, responses((status = 200, body = EmailOut)))]
async fn restore_revision(
    Caller(cx): Caller,
    Path((id, number)): Path<(EmailId, i64)>,
    Body(b): Body<RevisionRestoreIn>,
) -> Answer<Json<EmailOut>> {
    Ok(Json(emails::restore_revision(&cx, id, number, b.version).await?.into()))
}
