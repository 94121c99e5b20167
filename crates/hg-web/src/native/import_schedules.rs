//! Imports that come back.

use axum::Json;
use axum::http::StatusCode;
use hg_app::imports::schedules::{self, NewSchedule, Schedule, SchedulePatch, SourceKind};
use hg_app::{Action, Area, Error};
use hg_core::imports::Object;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, Path};
use crate::problem::{Answer, Problem};

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, update, delete)).routes(routes!(run))
}

/// An import that comes back.
#[derive(Debug, Serialize, ToSchema)]
struct ImportScheduleOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    name: String,
    /// `contact` or `company`.
    object: String,
    /// `url` or `folder`.
    kind: String,
    /// The address, or the name of a folder in the inbox.
    source: String,
    /// The saved mapping that is taken; null: by the head line.
    mapping_id: Option<i64>,
    every_minutes: i64,
    paused: bool,
    /// Null while it is paused.
    next_at: Option<String>,
    /// `ok`, `unchanged` or `failed`; null before the first run.
    last_state: Option<String>,
    last_message: Option<String>,
    last_at: Option<String>,
    /// The latest import that it started.
    last_import: Option<i64>,
}

impl From<Schedule> for ImportScheduleOut {
    fn from(s: Schedule) -> Self {
        Self {
            id: s.id,
            version: s.version,
            created_at: s.created_at.rfc3339(),
            updated_at: s.updated_at.rfc3339(),
            name: s.name,
            object: s.object.key().to_owned(),
            kind: s.kind.key().to_owned(),
            source: s.source,
            mapping_id: s.mapping_id,
            every_minutes: s.every_minutes,
            paused: s.paused,
            next_at: (!s.paused).then(|| s.next_at.rfc3339()),
            last_state: s.last_state,
            last_message: s.last_message,
            last_at: s.last_at.map(|t| t.rfc3339()),
            last_import: s.last_import,
        }
    }
}

/// The schedules, by name.
#[utoipa::path(get, path = "/imports/schedules", tag = "imports", responses((status = 200, body = Vec<ImportScheduleOut>)))]
async fn list(Caller(cx): Caller) -> Answer<Json<Vec<ImportScheduleOut>>> {
    Ok(Json(schedules::list(&cx).await?.into_iter().map(ImportScheduleOut::from).collect()))
}

#[derive(Debug, Deserialize, ToSchema)]
struct NewImportSchedule {
    name: String,
    /// `contact` (when absent) or `company`.
    #[serde(default)]
    object: Option<String>,
    /// `url` or `folder`.
    kind: String,
    /// An address of the web, or the name of a folder in the inbox.
    source: String,
    #[serde(default)]
    mapping_id: Option<i64>,
    /// From 5 minutes to 91 days.
    every_minutes: i64,
}

/// Makes a schedule; it runs at once and then every so often.
#[utoipa::path(post, path = "/imports/schedules", tag = "imports", request_body = NewImportSchedule, responses((status = 201, body = ImportScheduleOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<NewImportSchedule>) -> Answer<(StatusCode, Json<ImportScheduleOut>)> {
    cx.may(Action::Edit(Area::Contacts))?;
    let kind = SourceKind::from_key(&b.kind)
        .ok_or_else(|| Problem(Error::field("/kind", "schedule.kind", "Files come from a url or a folder.")))?;
    let object = Object::from_key(b.object.as_deref().unwrap_or("contact")).ok_or_else(|| {
        Problem(Error::field("/object", "import.object", "A file holds records of the kind contact or company."))
    })?;
    let new =
        NewSchedule { name: b.name, object, kind, source: b.source, mapping_id: b.mapping_id, every_minutes: b.every_minutes };
    Ok((StatusCode::CREATED, Json(schedules::create(&cx, new).await?.into())))
}

/// One schedule.
#[utoipa::path(get, path = "/imports/schedules/{id}", tag = "imports", params(("id" = i64, Path)), responses((status = 200, body = ImportScheduleOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<Json<ImportScheduleOut>> {
    Ok(Json(schedules::get(&cx, id).await?.into()))
}

/// Tells `null` from nothing.
#[allow(clippy::option_option)]
fn there<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Option<i64>>, D::Error> {
    Option::<i64>::deserialize(from).map(Some)
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct ImportSchedulePatch {
    version: Option<i64>,
    name: Option<String>,
    source: Option<String>,
    /// Null: by the head line.
    #[serde(deserialize_with = "there")]
    #[schema(value_type = Option<i64>)]
    mapping_id: Option<Option<i64>>,
    every_minutes: Option<i64>,
    paused: Option<bool>,
}

/// Changes a schedule, pauses it or lets it go on.
#[utoipa::path(patch, path = "/imports/schedules/{id}", tag = "imports", params(("id" = i64, Path)), request_body = ImportSchedulePatch, responses((status = 200, body = ImportScheduleOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<i64>, Body(b): Body<ImportSchedulePatch>) -> Answer<Json<ImportScheduleOut>> {
    let patch = SchedulePatch {
        version: b.version,
        name: b.name,
        source: b.source,
        mapping_id: b.mapping_id,
        every_minutes: b.every_minutes,
        paused: b.paused,
    };
    Ok(Json(schedules::update(&cx, id, patch).await?.into()))
}

/// Deletes a schedule; its imports stay.
#[utoipa::path(delete, path = "/imports/schedules/{id}", tag = "imports", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<StatusCode> {
    schedules::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Runs a schedule now, also one that is paused.
#[utoipa::path(post, path = "/imports/schedules/{id}/run", tag = "imports", params(("id" = i64, Path)), responses((status = 200, body = ImportScheduleOut)))]
async fn run(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<Json<ImportScheduleOut>> {
    Ok(Json(schedules::run_soon(&cx, id).await?.into()))
}
