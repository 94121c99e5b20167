//! Tags.

use axum::Json;
use axum::http::StatusCode;
use hg_app::tags::{self, NewTag, Tag, TagPatch};
use hg_core::ids::TagId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::native::maybe::Maybe;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, update, delete)).routes(routes!(restore))
}

/// A tag.
#[derive(Debug, Serialize, ToSchema)]
struct TagOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    name: String,
    description: Option<String>,
    /// How many contacts carry it.
    contacts: i64,
}

impl From<Tag> for TagOut {
    fn from(t: Tag) -> Self {
        Self {
            id: t.id.0,
            version: t.version,
            created_at: t.created_at.rfc3339(),
            updated_at: t.updated_at.rfc3339(),
            name: t.name,
            description: t.description,
            contacts: t.contacts,
        }
    }
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct TagIn {
    version: Option<i64>,
    name: Option<String>,
    #[schema(value_type = Option<String>)]
    description: Maybe<String>,
}

/// Tags by name.
#[utoipa::path(get, path = "/tags", tag = "tags", params(ListParams), responses((status = 200, body = PageOut<TagOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<PageOut<TagOut>>> {
    Ok(PageOut::of(tags::list(&cx, q.into()).await?, TagOut::from))
}

/// Makes a tag; a name that is there already gives the tag that has it.
#[utoipa::path(post, path = "/tags", tag = "tags", request_body = TagIn, responses((status = 201, body = TagOut), (status = 200, body = TagOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<TagIn>) -> Answer<(StatusCode, Json<TagOut>)> {
    let new = NewTag { name: b.name.unwrap_or_default(), description: b.description.0.flatten() };
    let (tag, made) = tags::create(&cx, new).await?;
    Ok((if made { StatusCode::CREATED } else { StatusCode::OK }, Json(tag.into())))
}

/// One tag.
#[utoipa::path(get, path = "/tags/{id}", tag = "tags", params(("id" = i64, Path)), responses((status = 200, body = TagOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<TagId>) -> Answer<Json<TagOut>> {
    Ok(Json(tags::get(&cx, id).await?.into()))
}

/// Renames or describes a tag.
#[utoipa::path(patch, path = "/tags/{id}", tag = "tags", params(("id" = i64, Path)), request_body = TagIn, responses((status = 200, body = TagOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<TagId>, Body(b): Body<TagIn>) -> Answer<Json<TagOut>> {
    let patch = TagPatch { version: b.version, name: b.name, description: b.description.0 };
    Ok(Json(tags::update(&cx, id, patch).await?.into()))
}

/// Deletes a tag that no segment asks about.
#[utoipa::path(delete, path = "/tags/{id}", tag = "tags", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<TagId>) -> Answer<StatusCode> {
    tags::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted tag back.
#[utoipa::path(post, path = "/tags/{id}/restore", tag = "tags", params(("id" = i64, Path)), responses((status = 200, body = TagOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<TagId>) -> Answer<Json<TagOut>> {
    Ok(Json(tags::restore(&cx, id).await?.into()))
}
