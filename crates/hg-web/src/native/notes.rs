//! Notes about a contact.

use axum::Json;
use axum::http::StatusCode;
use hg_app::Error;
use hg_app::notes::{self, Note, NoteInput, NoteKind, NoteQuery};
use hg_core::ids::{ContactId, NoteId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::native::maybe::instant;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(update, delete)).routes(routes!(restore))
}

/// A note.
#[derive(Debug, Serialize, ToSchema)]
struct NoteOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    #[schema(value_type = super::words::NoteWord)]
    kind: &'static str,
    text: String,
    /// When it happened, which need not be when it was written down.
    happened_at: String,
    /// Stands above the others.
    pinned: bool,
    /// Who wrote it.
    author: Option<String>,
}

impl From<Note> for NoteOut {
    fn from(n: Note) -> Self {
        Self {
            id: n.id.0,
            version: n.version,
            created_at: n.created_at.rfc3339(),
            updated_at: n.updated_at.rfc3339(),
            kind: n.kind.key(),
            text: n.text,
            happened_at: n.happened_at.rfc3339(),
            pinned: n.pinned,
            author: n.author,
        }
    }
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct NoteIn {
    version: Option<i64>,
    text: Option<String>,
    #[schema(value_type = Option<super::words::NoteWord>)]
    kind: Option<String>,
    /// Now, when it is left out.
    happened_at: Option<String>,
    pinned: Option<bool>,
}

impl NoteIn {
    fn read(self) -> Result<NoteInput, Error> {
        let wrong = || Error::field("/kind", "note.kind", "A note is general, or about an email, a call or a meeting.");
        Ok(NoteInput {
            version: self.version,
            text: self.text,
            kind: self.kind.map(|k| NoteKind::parse(&k).ok_or_else(wrong)).transpose()?,
            happened_at: instant("/happened_at", self.happened_at)?,
            pinned: self.pinned,
            contact: None,
        })
    }
}

/// Notes about a contact, pinned ones first, then the newest. A search may hold `type:call`.
#[utoipa::path(get, path = "/contacts/{id}/notes", tag = "contacts", params(("id" = i64, Path), ListParams), responses((status = 200, body = PageOut<NoteOut>)))]
async fn list(Caller(cx): Caller, Path(id): Path<ContactId>, Query(q): Query<ListParams>) -> Answer<Json<PageOut<NoteOut>>> {
    let query = NoteQuery { contact: Some(id), list: q.into() };
    Ok(PageOut::of(notes::list(&cx, query).await?, NoteOut::from))
}

/// Writes a note.
#[utoipa::path(post, path = "/contacts/{id}/notes", tag = "contacts", params(("id" = i64, Path)), request_body = NoteIn, responses((status = 201, body = NoteOut)))]
async fn create(Caller(cx): Caller, Path(id): Path<ContactId>, Body(b): Body<NoteIn>) -> Answer<(StatusCode, Json<NoteOut>)> {
    Ok((StatusCode::CREATED, Json(notes::create(&cx, id, b.read()?).await?.into())))
}

/// Changes a note, or pins it.
#[utoipa::path(patch, path = "/notes/{id}", tag = "contacts", params(("id" = i64, Path)), request_body = NoteIn, responses((status = 200, body = NoteOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<NoteId>, Body(b): Body<NoteIn>) -> Answer<Json<NoteOut>> {
    Ok(Json(notes::update(&cx, id, b.read()?).await?.into()))
}

/// Deletes a note.
#[utoipa::path(delete, path = "/notes/{id}", tag = "contacts", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<NoteId>) -> Answer<StatusCode> {
    notes::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted note back.
#[utoipa::path(post, path = "/notes/{id}/restore", tag = "contacts", params(("id" = i64, Path)), responses((status = 200, body = NoteOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<NoteId>) -> Answer<Json<NoteOut>> {
    Ok(Json(notes::restore(&cx, id).await?.into()))
}
