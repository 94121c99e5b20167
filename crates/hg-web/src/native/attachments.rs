//! Files that go out with emails.

use axum::Json;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hg_app::attachments::{self, Attachment, NewAttachment};
use hg_app::{Error, ErrorKind};
use hg_core::emails::LONGEST_ATTACHMENTS;
use hg_core::ids::AttachmentId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{ListParams, PageOut, Path, Query};
use crate::problem::{Answer, Problem};

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, upload))
        .routes(routes!(get))
        .routes(routes!(file))
        // A little more, so that what is too long is told in words.
        .layer(DefaultBodyLimit::max(LONGEST_ATTACHMENTS + 1024 * 1024))
}

/// A file that emails can carry.
#[derive(Debug, Serialize, ToSchema)]
pub struct AttachmentOut {
    id: i64,
    created_at: String,
    name: String,
    content_type: String,
    bytes: i64,
}

impl From<Attachment> for AttachmentOut {
    fn from(file: Attachment) -> Self {
        Self {
            id: file.id.0,
            created_at: file.created_at.rfc3339(),
            name: file.name,
            content_type: file.content_type,
            bytes: file.bytes,
        }
    }
}

/// Files, newest first.
#[utoipa::path(get, path = "/attachments", tag = "emails", params(ListParams), responses((status = 200, body = PageOut<AttachmentOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<PageOut<AttachmentOut>>> {
    Ok(PageOut::of(attachments::list(&cx, q.into()).await?, AttachmentOut::from))
}

/// What is sent to put a file in.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the parts of the form")]
struct AttachmentUpload {
    /// Up to 10 MB; no programs.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Puts a file in (multipart, part `file`). One that is there already under the same name is given back.
#[utoipa::path(post, path = "/attachments", tag = "emails", request_body(content = AttachmentUpload, content_type = "multipart/form-data"), responses((status = 201, body = AttachmentOut), (status = 200, body = AttachmentOut)))]
async fn upload(Caller(cx): Caller, form: Result<Multipart, MultipartRejection>) -> Answer<(StatusCode, Json<AttachmentOut>)> {
    cx.may(hg_app::Action::Edit(hg_app::Area::Emails))?;
    let no_file = || Error::new(ErrorKind::Invalid, "attachments.no-file", "Send the file as the part “file” of a form.");
    let mut form = form.map_err(|_| no_file())?;
    let broken = |e: axum::extract::multipart::MultipartError| {
        Problem(Error::field("/file", "attachments.upload", format!("The upload broke off: {}.", e.body_text())))
    };
    let mut new = None;
    while let Some(part) = form.next_field().await.map_err(broken)? {
        if part.name() == Some("file") {
            let name = part.file_name().unwrap_or("file").to_owned();
            new = Some(NewAttachment { name, body: part.bytes().await.map_err(broken)?.to_vec() });
        }
    }
    let (file, made) = attachments::upload(&cx, new.ok_or_else(no_file)?).await?;
    Ok((if made { StatusCode::CREATED } else { StatusCode::OK }, Json(file.into())))
}

/// One file.
#[utoipa::path(get, path = "/attachments/{id}", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = AttachmentOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<AttachmentId>) -> Answer<Json<AttachmentOut>> {
    Ok(Json(attachments::get(&cx, id).await?.into()))
}

/// The bytes of a file, to be saved.
#[utoipa::path(get, path = "/attachments/{id}/file", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn file(Caller(cx): Caller, Path(id): Path<AttachmentId>) -> Answer<Response> {
    let (file, body) = attachments::read(&cx, id).await?;
    let name = hg_core::tokens::encode_component(&file.name);
    let headers = [
        // Whatever it is, the browser saves it and runs nothing of it.
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename*=UTF-8''{name}")),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, body).into_response())
}
