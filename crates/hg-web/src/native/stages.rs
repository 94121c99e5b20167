//! Stages: the list, the board, who stands where.

use axum::Json;
use axum::http::StatusCode;
use hg_app::stages::{self, LanePerson, NewStage, Stage, StagePatch};
use hg_core::ids::{CategoryId, ContactId, StageId};
use hg_core::publish::Window;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::native::contacts::ContactOut;
use crate::native::maybe::{Maybe, instant};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(board))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
        .routes(routes!(lane))
        .routes(routes!(change))
}

/// A stage.
#[derive(Debug, Serialize, ToSchema)]
struct StageOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    name: String,
    description: Option<String>,
    /// Campaigns move people only to a stage of more weight.
    weight: i64,
    category_id: Option<i64>,
    published: bool,
    publish_up: Option<String>,
    publish_down: Option<String>,
}

impl From<Stage> for StageOut {
    fn from(s: Stage) -> Self {
        Self {
            id: s.id.0,
            version: s.version,
            created_at: s.created_at.rfc3339(),
            updated_at: s.updated_at.rfc3339(),
            name: s.name,
            description: s.description,
            weight: s.weight,
            category_id: s.category_id.map(|c| c.0),
            published: s.window.published,
            publish_up: s.window.publish_up.map(|t| t.rfc3339()),
            publish_down: s.window.publish_down.map(|t| t.rfc3339()),
        }
    }
}

/// A stage to be made, or what of one changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct StageIn {
    version: Option<i64>,
    name: Option<String>,
    #[schema(value_type = Option<String>)]
    description: Maybe<String>,
    weight: Option<i64>,
    #[schema(value_type = Option<i64>)]
    category_id: Maybe<i64>,
    published: Option<bool>,
    #[schema(value_type = Option<String>)]
    publish_up: Maybe<String>,
    #[schema(value_type = Option<String>)]
    publish_down: Maybe<String>,
}

/// Stages.
#[utoipa::path(get, path = "/stages", tag = "stages", params(ListParams), responses((status = 200, body = PageOut<StageOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<PageOut<StageOut>>> {
    Ok(PageOut::of(stages::list(&cx, q.into()).await?, StageOut::from))
}

/// Makes a stage.
#[utoipa::path(post, path = "/stages", tag = "stages", request_body = StageIn, responses((status = 201, body = StageOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<StageIn>) -> Answer<(StatusCode, Json<StageOut>)> {
    let new = NewStage {
        name: b.name.unwrap_or_default(),
        description: b.description.0.flatten(),
        weight: b.weight.unwrap_or(0),
        category_id: b.category_id.0.flatten().map(CategoryId),
        window: Window {
            published: b.published.unwrap_or(true),
            publish_up: instant("/publish_up", b.publish_up.0.flatten())?,
            publish_down: instant("/publish_down", b.publish_down.0.flatten())?,
        },
    };
    Ok((StatusCode::CREATED, Json(stages::create(&cx, new).await?.into())))
}

/// A stage with how many people stand in it.
#[derive(Debug, Serialize, ToSchema)]
struct LaneOut {
    stage: StageOut,
    people: u64,
}

/// Every stage, lightest first, with how many people stand in it.
#[utoipa::path(get, path = "/stages/board", tag = "stages", responses((status = 200, body = Vec<LaneOut>)))]
async fn board(Caller(cx): Caller) -> Answer<Json<Vec<LaneOut>>> {
    let lanes = stages::board(&cx).await?;
    Ok(Json(lanes.into_iter().map(|l| LaneOut { stage: l.stage.into(), people: l.people }).collect()))
}

/// One stage.
#[utoipa::path(get, path = "/stages/{id}", tag = "stages", params(("id" = i64, Path)), responses((status = 200, body = StageOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<StageId>) -> Answer<Json<StageOut>> {
    Ok(Json(stages::get(&cx, id).await?.into()))
}

/// Changes what is named.
#[utoipa::path(patch, path = "/stages/{id}", tag = "stages", params(("id" = i64, Path)), request_body = StageIn, responses((status = 200, body = StageOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<StageId>, Body(b): Body<StageIn>) -> Answer<Json<StageOut>> {
    let patch = StagePatch {
        version: b.version,
        name: b.name,
        description: b.description.0,
        weight: b.weight,
        category_id: b.category_id.0.map(|c| c.map(CategoryId)),
        published: b.published,
        publish_up: b.publish_up.0.map(|t| instant("/publish_up", t)).transpose()?,
        publish_down: b.publish_down.0.map(|t| instant("/publish_down", t)).transpose()?,
    };
    Ok(Json(stages::update(&cx, id, patch).await?.into()))
}

/// Deletes a stage; everybody in it is in none, within a moment.
#[utoipa::path(delete, path = "/stages/{id}", tag = "stages", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<StageId>) -> Answer<StatusCode> {
    stages::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted stage back, with everybody who is in no other since.
#[utoipa::path(post, path = "/stages/{id}/restore", tag = "stages", params(("id" = i64, Path)), responses((status = 200, body = StageOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<StageId>) -> Answer<Json<StageOut>> {
    Ok(Json(stages::restore(&cx, id).await?.into()))
}

/// Somebody in a stage.
#[derive(Debug, Serialize, ToSchema)]
struct LanePersonOut {
    id: i64,
    name: String,
    email: Option<String>,
    points: i64,
    /// Since when she stands there.
    since: Option<String>,
}

impl From<LanePerson> for LanePersonOut {
    fn from(p: LanePerson) -> Self {
        Self { id: p.contact.0, name: p.name, email: p.email, points: p.points, since: p.since.map(|t| t.rfc3339()) }
    }
}

/// Who stands in a stage, the newest arrivals first.
#[utoipa::path(get, path = "/stages/{id}/contacts", tag = "stages", params(("id" = i64, Path), ListParams), responses((status = 200, body = PageOut<LanePersonOut>)))]
async fn lane(Caller(cx): Caller, Path(id): Path<StageId>, Query(q): Query<ListParams>) -> Answer<Json<PageOut<LanePersonOut>>> {
    Ok(PageOut::of(stages::lane(&cx, id, q.into()).await?, LanePersonOut::from))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct StageChangeIn {
    /// Null: out of any stage.
    stage_id: Option<i64>,
}

/// Moves a contact to a stage, forwards or backwards.
#[utoipa::path(post, path = "/contacts/{id}/stage", tag = "contacts", params(("id" = i64, Path)), request_body = StageChangeIn, responses((status = 200, body = ContactOut)))]
async fn change(Caller(cx): Caller, Path(id): Path<ContactId>, Body(b): Body<StageChangeIn>) -> Answer<Json<ContactOut>> {
    stages::change(&cx, id, b.stage_id.map(StageId)).await?;
    Ok(Json(hg_app::contacts::get(&cx, id).await?.into()))
}
