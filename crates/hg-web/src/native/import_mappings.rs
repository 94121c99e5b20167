//! Mappings of imports that were saved under a name.

use axum::Json;
use axum::http::StatusCode;
use hg_app::imports::{self, SavedMapping};
use hg_core::ids::ImportId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, Path};
use crate::native::imports::{ImportOut, OptionsOut};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(mappings, save_mapping)).routes(routes!(delete_mapping)).routes(routes!(apply_mapping))
}

/// A mapping that was saved under a name.
#[derive(Debug, Serialize, ToSchema)]
struct SavedMappingOut {
    id: i64,
    name: String,
    /// `contact` or `company`.
    object: String,
    updated_at: String,
    columns: Vec<SavedColumnOut>,
    options: OptionsOut,
}

#[derive(Debug, Serialize, ToSchema)]
struct SavedColumnOut {
    /// The name of the column in the head line.
    header: String,
    target: Option<String>,
    policy: String,
}

impl From<SavedMapping> for SavedMappingOut {
    fn from(m: SavedMapping) -> Self {
        let column =
            |c: imports::SavedColumn| SavedColumnOut { header: c.header, target: c.target, policy: c.policy.key().to_owned() };
        Self {
            id: m.id,
            name: m.name,
            object: m.object.key().to_owned(),
            updated_at: m.updated_at.rfc3339(),
            columns: m.columns.into_iter().map(column).collect(),
            options: m.options.into(),
        }
    }
}

/// The mappings that were saved, by name.
#[utoipa::path(get, path = "/imports/mappings", tag = "imports", responses((status = 200, body = Vec<SavedMappingOut>)))]
async fn mappings(Caller(cx): Caller) -> Answer<Json<Vec<SavedMappingOut>>> {
    Ok(Json(imports::saved_mappings(&cx).await?.into_iter().map(SavedMappingOut::from).collect()))
}

#[derive(Debug, Deserialize, ToSchema)]
struct SaveMappingIn {
    /// The import whose mapping and options are kept.
    import_id: i64,
    /// One of the same name is replaced.
    name: String,
}

/// Saves the mapping of an import under a name. Files with the same head line take it by themselves.
#[utoipa::path(post, path = "/imports/mappings", tag = "imports", request_body = SaveMappingIn, responses((status = 201, body = SavedMappingOut)))]
async fn save_mapping(Caller(cx): Caller, Body(b): Body<SaveMappingIn>) -> Answer<(StatusCode, Json<SavedMappingOut>)> {
    let saved = imports::save_mapping(&cx, ImportId(b.import_id), b.name).await?;
    Ok((StatusCode::CREATED, Json(saved.into())))
}

/// Forgets a saved mapping.
#[utoipa::path(delete, path = "/imports/mappings/{id}", tag = "imports", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete_mapping(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<StatusCode> {
    imports::delete_mapping(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
struct ApplyMappingIn {
    mapping_id: i64,
}

/// Gives an import that was not started a saved mapping.
#[utoipa::path(post, path = "/imports/{id}/mapping", tag = "imports", params(("id" = i64, Path)), request_body = ApplyMappingIn, responses((status = 200, body = ImportOut)))]
async fn apply_mapping(Caller(cx): Caller, Path(id): Path<ImportId>, Body(b): Body<ApplyMappingIn>) -> Answer<Json<ImportOut>> {
    Ok(Json(ImportOut::of(imports::apply_mapping(&cx, id, b.mapping_id).await?, cx.now())))
}
