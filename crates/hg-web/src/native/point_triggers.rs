//! Point triggers: thresholds and what follows.

use axum::Json;
use axum::http::StatusCode;
use hg_app::points::{self, NewTrigger, PointTrigger, TriggerEvent, TriggerPatch};
use hg_core::ids::{CategoryId, PointGroupId, PointTriggerId, TriggerEventId};
use hg_core::publish::Window;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::native::maybe::{Maybe, instant};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, update, delete)).routes(routes!(restore))
}

/// Something that happens when a trigger is reached, once for each contact.
#[derive(Debug, Default, Clone, Serialize, Deserialize, ToSchema)]
struct TriggerEventIo {
    /// Known ones keep their id; new ones have none.
    #[serde(default)]
    id: Option<i64>,
    #[serde(rename = "type")]
    #[schema(value_type = super::words::TriggerEventWord)]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    description: Option<String>,
    /// `add_tags`, `remove_tags`; `addToLists`, `removeFromLists`; `addTo`, `removeFrom`; `email`; `stage`; `user_id`,
    /// `to_owner`, `to`, `cc`, `bcc`.
    #[serde(default)]
    #[schema(value_type = Object)]
    settings: Value,
}

impl From<TriggerEvent> for TriggerEventIo {
    fn from(e: TriggerEvent) -> Self {
        Self { id: Some(e.id.0), kind: e.kind, name: e.name, description: e.description, settings: e.settings }
    }
}

impl From<TriggerEventIo> for TriggerEvent {
    fn from(e: TriggerEventIo) -> Self {
        Self {
            id: TriggerEventId(e.id.unwrap_or(0)),
            kind: e.kind,
            name: e.name,
            description: e.description,
            settings: e.settings,
        }
    }
}

/// A threshold, and what follows when somebody reaches it.
#[derive(Debug, Serialize, ToSchema)]
struct PointTriggerOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    name: String,
    description: Option<String>,
    /// Reached by this many points or more.
    points: i64,
    /// Contacts show the colour of the highest trigger that they reached.
    color: Option<String>,
    /// Whoever has so many points already when it is published gets its events too.
    apply_existing: bool,
    group_id: Option<i64>,
    category_id: Option<i64>,
    published: bool,
    publish_up: Option<String>,
    publish_down: Option<String>,
    events: Vec<TriggerEventIo>,
}

impl From<PointTrigger> for PointTriggerOut {
    fn from(t: PointTrigger) -> Self {
        Self {
            id: t.id.0,
            version: t.version,
            created_at: t.created_at.rfc3339(),
            updated_at: t.updated_at.rfc3339(),
            name: t.name,
            description: t.description,
            points: t.points,
            color: t.color,
            apply_existing: t.apply_existing,
            group_id: t.group_id.map(|g| g.0),
            category_id: t.category_id.map(|c| c.0),
            published: t.window.published,
            publish_up: t.window.publish_up.map(|t| t.rfc3339()),
            publish_down: t.window.publish_down.map(|t| t.rfc3339()),
            events: t.events.into_iter().map(TriggerEventIo::from).collect(),
        }
    }
}

/// A trigger to be made, or what of one changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct PointTriggerIn {
    version: Option<i64>,
    name: Option<String>,
    #[schema(value_type = Option<String>)]
    description: Maybe<String>,
    points: Option<i64>,
    #[schema(value_type = Option<String>)]
    color: Maybe<String>,
    apply_existing: Option<bool>,
    #[schema(value_type = Option<i64>)]
    group_id: Maybe<i64>,
    #[schema(value_type = Option<i64>)]
    category_id: Maybe<i64>,
    published: Option<bool>,
    #[schema(value_type = Option<String>)]
    publish_up: Maybe<String>,
    #[schema(value_type = Option<String>)]
    publish_down: Maybe<String>,
    /// All of them; absent ones go.
    events: Option<Vec<TriggerEventIo>>,
}

fn events(events: Vec<TriggerEventIo>) -> Vec<TriggerEvent> {
    events.into_iter().map(TriggerEvent::from).collect()
}

/// Point triggers.
#[utoipa::path(get, path = "/points/triggers", tag = "points", params(ListParams), responses((status = 200, body = PageOut<PointTriggerOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<PageOut<PointTriggerOut>>> {
    Ok(PageOut::of(points::list_triggers(&cx, q.into()).await?, PointTriggerOut::from))
}

/// Makes a trigger.
#[utoipa::path(post, path = "/points/triggers", tag = "points", request_body = PointTriggerIn, responses((status = 201, body = PointTriggerOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<PointTriggerIn>) -> Answer<(StatusCode, Json<PointTriggerOut>)> {
    let new = NewTrigger {
        name: b.name.unwrap_or_default(),
        description: b.description.0.flatten(),
        points: b.points.unwrap_or(0),
        color: b.color.0.flatten(),
        apply_existing: b.apply_existing.unwrap_or(false),
        group_id: b.group_id.0.flatten().map(PointGroupId),
        category_id: b.category_id.0.flatten().map(CategoryId),
        window: Window {
            published: b.published.unwrap_or(true),
            publish_up: instant("/publish_up", b.publish_up.0.flatten())?,
            publish_down: instant("/publish_down", b.publish_down.0.flatten())?,
        },
        events: events(b.events.unwrap_or_default()),
    };
    Ok((StatusCode::CREATED, Json(points::create_trigger(&cx, new).await?.into())))
}

/// One trigger.
#[utoipa::path(get, path = "/points/triggers/{id}", tag = "points", params(("id" = i64, Path)), responses((status = 200, body = PointTriggerOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<PointTriggerId>) -> Answer<Json<PointTriggerOut>> {
    Ok(Json(points::get_trigger(&cx, id).await?.into()))
}

/// Changes what is named.
#[utoipa::path(patch, path = "/points/triggers/{id}", tag = "points", params(("id" = i64, Path)), request_body = PointTriggerIn, responses((status = 200, body = PointTriggerOut)))]
async fn update(
    Caller(cx): Caller,
    Path(id): Path<PointTriggerId>,
    Body(b): Body<PointTriggerIn>,
) -> Answer<Json<PointTriggerOut>> {
    let patch = TriggerPatch {
        version: b.version,
        name: b.name,
        description: b.description.0,
        points: b.points,
        color: b.color.0,
        apply_existing: b.apply_existing,
        group_id: b.group_id.0.map(|g| g.map(PointGroupId)),
        category_id: b.category_id.0.map(|c| c.map(CategoryId)),
        published: b.published,
        publish_up: b.publish_up.0.map(|t| instant("/publish_up", t)).transpose()?,
        publish_down: b.publish_down.0.map(|t| instant("/publish_down", t)).transpose()?,
        events: b.events.map(events),
    };
    Ok(Json(points::update_trigger(&cx, id, patch).await?.into()))
}

/// Deletes a trigger; what it did stays done.
#[utoipa::path(delete, path = "/points/triggers/{id}", tag = "points", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<PointTriggerId>) -> Answer<StatusCode> {
    points::delete_trigger(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted trigger back.
#[utoipa::path(post, path = "/points/triggers/{id}/restore", tag = "points", params(("id" = i64, Path)), responses((status = 200, body = PointTriggerOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<PointTriggerId>) -> Answer<Json<PointTriggerOut>> {
    Ok(Json(points::restore_trigger(&cx, id).await?.into()))
}
