//! Point actions, and who would gain what by them.

use axum::Json;
use axum::http::StatusCode;
use hg_app::points::{self, ActionPatch, NewAction, PointAction};
use hg_core::ids::{CategoryId, PointActionId, PointGroupId};
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
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(simulate))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
}

/// A rule that gives points for something that people do.
#[derive(Debug, Serialize, ToSchema)]
struct PointActionOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    name: String,
    description: Option<String>,
    #[serde(rename = "type")]
    #[schema(value_type = super::words::EarnWord)]
    kind: &'static str,
    /// `pages`, `emails`, `categories`, `forms`; for `url.hit` `page_url`, `page_hits`, `first_time`, `returns_within`,
    /// `returns_after`, `accumulative_time` (seconds).
    #[schema(value_type = Object)]
    settings: Value,
    delta: i64,
    /// Every time, not only the first time that a contact does it.
    repeatable: bool,
    /// Null: the main score.
    group_id: Option<i64>,
    category_id: Option<i64>,
    published: bool,
    publish_up: Option<String>,
    publish_down: Option<String>,
}

impl From<PointAction> for PointActionOut {
    fn from(a: PointAction) -> Self {
        Self {
            id: a.id.0,
            version: a.version,
            created_at: a.created_at.rfc3339(),
            updated_at: a.updated_at.rfc3339(),
            name: a.name,
            description: a.description,
            kind: a.earns.kind(),
            settings: a.earns.write(),
            delta: a.delta,
            repeatable: a.repeatable,
            group_id: a.group_id.map(|g| g.0),
            category_id: a.category_id.map(|c| c.0),
            published: a.window.published,
            publish_up: a.window.publish_up.map(|t| t.rfc3339()),
            publish_down: a.window.publish_down.map(|t| t.rfc3339()),
        }
    }
}

/// A rule to be made, or what of one changes.
#[derive(Debug, Default, Clone, Deserialize, ToSchema)]
#[serde(default)]
struct PointActionIn {
    version: Option<i64>,
    name: Option<String>,
    #[schema(value_type = Option<String>)]
    description: Maybe<String>,
    #[serde(rename = "type")]
    #[schema(value_type = Option<super::words::EarnWord>)]
    kind: Option<String>,
    #[schema(value_type = Option<Object>)]
    settings: Option<Value>,
    delta: Option<i64>,
    repeatable: Option<bool>,
    #[schema(value_type = Option<i64>)]
    group_id: Maybe<i64>,
    #[schema(value_type = Option<i64>)]
    category_id: Maybe<i64>,
    published: Option<bool>,
    #[schema(value_type = Option<String>)]
    publish_up: Maybe<String>,
    #[schema(value_type = Option<String>)]
    publish_down: Maybe<String>,
}

impl PointActionIn {
    fn whole(self) -> Result<NewAction, hg_app::Error> {
        Ok(NewAction {
            name: self.name.unwrap_or_default(),
            description: self.description.0.flatten(),
            kind: self.kind.unwrap_or_default(),
            settings: self.settings.unwrap_or(Value::Null),
            delta: self.delta.unwrap_or(0),
            repeatable: self.repeatable.unwrap_or(false),
            group_id: self.group_id.0.flatten().map(PointGroupId),
            category_id: self.category_id.0.flatten().map(CategoryId),
            window: Window {
                published: self.published.unwrap_or(true),
                publish_up: instant("/publish_up", self.publish_up.0.flatten())?,
                publish_down: instant("/publish_down", self.publish_down.0.flatten())?,
            },
        })
    }
}

/// Point actions.
#[utoipa::path(get, path = "/points/actions", tag = "points", params(ListParams), responses((status = 200, body = PageOut<PointActionOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<PageOut<PointActionOut>>> {
    Ok(PageOut::of(points::list_actions(&cx, q.into()).await?, PointActionOut::from))
}

/// Makes a point action; it counts for what happens from now on.
#[utoipa::path(post, path = "/points/actions", tag = "points", request_body = PointActionIn, responses((status = 201, body = PointActionOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<PointActionIn>) -> Answer<(StatusCode, Json<PointActionOut>)> {
    Ok((StatusCode::CREATED, Json(points::create_action(&cx, b.whole()?).await?.into())))
}

/// A rule, saved or not, and how far back to look.
#[derive(Debug, Deserialize, ToSchema)]
struct SimulateIn {
    action: PointActionIn,
    /// 30 when absent.
    days: Option<i64>,
}

/// What a rule would have given.
#[derive(Debug, Serialize, ToSchema)]
struct SimulationOut {
    days: i64,
    people: u64,
    points: i64,
    times: i64,
    /// Those who would have gained most.
    top: Vec<GainOut>,
    /// Everything was looked at; otherwise only the newest of it.
    whole: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct GainOut {
    contact_id: i64,
    name: String,
    email: Option<String>,
    times: i64,
    gained: i64,
    points_now: i64,
}

/// Who would have gained how much in the last days. Nothing is changed.
#[utoipa::path(post, path = "/points/simulate", tag = "points", request_body = SimulateIn, responses((status = 200, body = SimulationOut)))]
async fn simulate(Caller(cx): Caller, Body(b): Body<SimulateIn>) -> Answer<Json<SimulationOut>> {
    let found = points::simulate(&cx, b.action.whole()?, b.days.unwrap_or(30)).await?;
    let gain = |g: points::Gain| GainOut {
        contact_id: g.contact.0,
        name: g.name.name,
        email: g.name.email,
        times: g.times,
        gained: g.gained,
        points_now: g.points_now,
    };
    Ok(Json(SimulationOut {
        days: found.days,
        people: found.people,
        points: found.points,
        times: found.times,
        top: found.top.into_iter().map(gain).collect(),
        whole: found.whole,
    }))
}

/// One point action.
#[utoipa::path(get, path = "/points/actions/{id}", tag = "points", params(("id" = i64, Path)), responses((status = 200, body = PointActionOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<PointActionId>) -> Answer<Json<PointActionOut>> {
    Ok(Json(points::get_action(&cx, id).await?.into()))
}

/// Changes what is named; what was given stays given.
#[utoipa::path(patch, path = "/points/actions/{id}", tag = "points", params(("id" = i64, Path)), request_body = PointActionIn, responses((status = 200, body = PointActionOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<PointActionId>, Body(b): Body<PointActionIn>) -> Answer<Json<PointActionOut>> {
    let patch = ActionPatch {
        version: b.version,
        name: b.name,
        description: b.description.0,
        kind: b.kind,
        settings: b.settings,
        delta: b.delta,
        repeatable: b.repeatable,
        group_id: b.group_id.0.map(|g| g.map(PointGroupId)),
        category_id: b.category_id.0.map(|c| c.map(CategoryId)),
        published: b.published,
        publish_up: b.publish_up.0.map(|t| instant("/publish_up", t)).transpose()?,
        publish_down: b.publish_down.0.map(|t| instant("/publish_down", t)).transpose()?,
    };
    Ok(Json(points::update_action(&cx, id, patch).await?.into()))
}

/// Deletes a point action; what it gave stays given.
#[utoipa::path(delete, path = "/points/actions/{id}", tag = "points", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<PointActionId>) -> Answer<StatusCode> {
    points::delete_action(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted point action back.
#[utoipa::path(post, path = "/points/actions/{id}/restore", tag = "points", params(("id" = i64, Path)), responses((status = 200, body = PointActionOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<PointActionId>) -> Answer<Json<PointActionOut>> {
    Ok(Json(points::restore_action(&cx, id).await?.into()))
}
