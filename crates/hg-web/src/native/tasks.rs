//! Long work: how far it is, stop, resume.

use axum::Json;
use hg_app::jobs::{self, Job};
use hg_core::ids::JobId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{ListParams, PageOut, Path, Query};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(stop)).routes(routes!(resume))
}

/// Something long that runs by itself.
#[derive(Serialize, ToSchema)]
pub struct TaskOut {
    id: i64,
    kind: String,
    title: String,
    #[schema(value_type = super::words::TaskState)]
    state: String,
    done: i64,
    total: Option<i64>,
    message: Option<String>,
    /// Where in the app it belongs.
    link: Option<String>,
    /// A deed on many contacts that can be taken back, by its number.
    undo: Option<i64>,
    created_at: String,
    started_at: Option<String>,
    finished_at: Option<String>,
}

impl From<Job> for TaskOut {
    fn from(j: Job) -> Self {
        let undo = (j.kind == "contacts.bulk").then(|| j.payload["bulk"].as_i64()).flatten();
        Self {
            id: j.id.0,
            undo: undo.filter(|_| matches!(j.state.as_str(), "done" | "stopped" | "failed")),
            kind: j.kind,
            title: j.title,
            state: j.state,
            done: j.done,
            total: j.total,
            message: j.message,
            link: j.link,
            created_at: j.created_at.rfc3339(),
            started_at: j.started_at.map(|t| t.rfc3339()),
            finished_at: j.finished_at.map(|t| t.rfc3339()),
        }
    }
}

/// Tasks, newest first.
#[utoipa::path(get, path = "/tasks", tag = "tasks", params(ListParams), responses((status = 200, body = PageOut<TaskOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<PageOut<TaskOut>>> {
    Ok(PageOut::of(jobs::list(&cx, q.into()).await?, TaskOut::from))
}

/// One task.
#[utoipa::path(get, path = "/tasks/{id}", tag = "tasks", params(("id" = i64, Path)), responses((status = 200, body = TaskOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<JobId>) -> Answer<Json<TaskOut>> {
    Ok(Json(jobs::get(&cx, id).await?.into()))
}

/// Stops a task; what it did stays done.
#[utoipa::path(post, path = "/tasks/{id}/stop", tag = "tasks", params(("id" = i64, Path)), responses((status = 200, body = TaskOut)))]
async fn stop(Caller(cx): Caller, Path(id): Path<JobId>) -> Answer<Json<TaskOut>> {
    Ok(Json(jobs::stop(&cx, id).await?.into()))
}

/// Lets a stopped or failed task go on where it was.
#[utoipa::path(post, path = "/tasks/{id}/resume", tag = "tasks", params(("id" = i64, Path)), responses((status = 200, body = TaskOut)))]
async fn resume(Caller(cx): Caller, Path(id): Path<JobId>) -> Answer<Json<TaskOut>> {
    Ok(Json(jobs::resume(&cx, id).await?.into()))
}
