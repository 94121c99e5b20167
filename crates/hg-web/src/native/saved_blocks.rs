//! Pieces of emails that are kept to be used again.

use axum::Json;
use axum::http::StatusCode;
use hg_app::emails::blocks::{self, BlockPatch, BlockUse, NewBlock, SavedBlock};
use hg_core::emails::{BlockPlace, linked, place_of};
use hg_core::ids::BlockId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
        .routes(routes!(uses))
}

/// A piece of an email that is kept.
#[derive(Debug, Serialize, ToSchema)]
pub struct SavedBlockOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    name: String,
    category: String,
    #[schema(value_type = super::words::EmailFormat)]
    format: String,
    source: String,
    /// What to put into an email that shall change with the block.
    linked: String,
    /// MJML only: it stands below other sections, not in a column.
    section: bool,
    /// So many emails are linked to it.
    used_by: i64,
}

impl From<SavedBlock> for SavedBlockOut {
    fn from(b: SavedBlock) -> Self {
        Self {
            id: b.id.0,
            version: b.version,
            created_at: b.created_at.rfc3339(),
            updated_at: b.updated_at.rfc3339(),
            linked: linked(b.id.0, &b.name, &b.source),
            section: b.format == "mjml" && place_of(&b.source) == BlockPlace::Section,
            name: b.name,
            category: b.category,
            format: b.format,
            source: b.source,
            used_by: b.used_by,
        }
    }
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct FormatParam {
    /// `html` or `mjml`.
    format: Option<String>,
}

/// Blocks, newest first.
#[utoipa::path(get, path = "/email-blocks", tag = "emails", params(ListParams, FormatParam), responses((status = 200, body = PageOut<SavedBlockOut>)))]
async fn list(
    Caller(cx): Caller,
    Query(q): Query<ListParams>,
    Query(f): Query<FormatParam>,
) -> Answer<Json<PageOut<SavedBlockOut>>> {
    Ok(PageOut::of(blocks::list(&cx, q.into(), f.format.as_deref()).await?, SavedBlockOut::from))
}

/// What is sent to keep a block.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct SavedBlockNew {
    name: String,
    /// A word to sort it by.
    category: String,
    #[schema(value_type = super::words::EmailFormat)]
    format: String,
    /// HTML or MJML; it cannot hold other saved blocks.
    source: String,
}

/// Keeps a block.
#[utoipa::path(post, path = "/email-blocks", tag = "emails", request_body = SavedBlockNew, responses((status = 201, body = SavedBlockOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<SavedBlockNew>) -> Answer<(StatusCode, Json<SavedBlockOut>)> {
    let new = NewBlock { name: b.name, category: b.category, format: b.format, source: b.source };
    Ok((StatusCode::CREATED, Json(blocks::create(&cx, new).await?.into())))
}

/// One block.
#[utoipa::path(get, path = "/email-blocks/{id}", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = SavedBlockOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<BlockId>) -> Answer<Json<SavedBlockOut>> {
    Ok(Json(blocks::get(&cx, id).await?.into()))
}

/// What of a block changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct SavedBlockIn {
    version: Option<i64>,
    name: Option<String>,
    category: Option<String>,
    source: Option<String>,
}

/// Changes a block and every email that is linked to it; only named keys change. What was sent stays as it was.
#[utoipa::path(patch, path = "/email-blocks/{id}", tag = "emails", params(("id" = i64, Path)), request_body = SavedBlockIn, responses((status = 200, body = SavedBlockOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<BlockId>, Body(b): Body<SavedBlockIn>) -> Answer<Json<SavedBlockOut>> {
    let patch = BlockPatch { version: b.version, name: b.name, category: b.category, source: b.source };
    Ok(Json(blocks::update(&cx, id, patch).await?.into()))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct DeleteParam {
    /// Emails that are linked to it keep a copy; without this, a block that is used is not deleted.
    #[serde(default)]
    keep_copies: bool,
}

/// Deletes a block; it can be restored.
#[utoipa::path(delete, path = "/email-blocks/{id}", tag = "emails", params(("id" = i64, Path), DeleteParam), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<BlockId>, Query(q): Query<DeleteParam>) -> Answer<StatusCode> {
    blocks::delete(&cx, id, q.keep_copies).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a block back; emails that kept a copy are not linked to it again.
#[utoipa::path(post, path = "/email-blocks/{id}/restore", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = SavedBlockOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<BlockId>) -> Answer<Json<SavedBlockOut>> {
    Ok(Json(blocks::restore(&cx, id).await?.into()))
}

/// An email that is linked to a block.
#[derive(Debug, Serialize, ToSchema)]
struct SavedBlockUse {
    id: i64,
    name: String,
    /// Readers got it already.
    sent: bool,
}

impl From<BlockUse> for SavedBlockUse {
    fn from(u: BlockUse) -> Self {
        Self { id: u.email.0, name: u.name, sent: u.sent }
    }
}

/// Emails that are linked to a block: they change with it.
#[utoipa::path(get, path = "/email-blocks/{id}/uses", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = Vec<SavedBlockUse>)))]
async fn uses(Caller(cx): Caller, Path(id): Path<BlockId>) -> Answer<Json<Vec<SavedBlockUse>>> {
    Ok(Json(blocks::uses(&cx, id).await?.into_iter().map(SavedBlockUse::from).collect()))
}
