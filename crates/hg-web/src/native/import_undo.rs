//! Undoing imports.

use axum::Json;
use hg_app::imports::{self, Import, UndoCounts};
use hg_core::ids::ImportId;
use hg_core::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::Path;
use crate::native::imports::ImportOut;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(undo_preview, undo))
}

/// How far the undoing of an import is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct UndoOut {
    /// `queued`, `running`, `stopped`, `done`, `failed`; `expired` when it is too late.
    state: String,
    counts: UndoCountsOut,
    done: i64,
    total: i64,
    started_at: Option<String>,
    message: Option<String>,
}

/// What becomes of the records of an import that is undone.
#[derive(Debug, Serialize, ToSchema)]
struct UndoCountsOut {
    /// Made by the import: they go to the trash.
    deleted: i64,
    /// Changed by the import: they are as they were.
    restored: i64,
    /// Changed by somebody since: that stays.
    kept: i64,
    /// Deleted or merged since.
    gone: i64,
}

impl From<UndoCounts> for UndoCountsOut {
    fn from(c: UndoCounts) -> Self {
        Self { deleted: c.deleted, restored: c.restored, kept: c.kept, gone: c.gone }
    }
}

pub(super) fn undo_out(import: &Import) -> Option<UndoOut> {
    let state = import.undo_state.clone()?;
    let undo = import.undo.clone().unwrap_or_default();
    Some(UndoOut {
        state,
        counts: undo.counts.into(),
        done: undo.done,
        total: undo.total,
        started_at: undo.at.map(|at| Timestamp(at).rfc3339()),
        message: undo.message,
    })
}

/// What undoing an import would do.
#[derive(Debug, Serialize, ToSchema)]
struct UndoPreviewOut {
    counts: UndoCountsOut,
    /// Otherwise the numbers are projected from the latest changes.
    exact: bool,
    /// Until when it can be undone; null: it cannot.
    until: Option<String>,
    /// Why it cannot.
    reason: Option<String>,
}

/// What undoing would do; nothing is written.
#[utoipa::path(get, path = "/imports/{id}/undo", tag = "imports", params(("id" = i64, Path)), responses((status = 200, body = UndoPreviewOut)))]
async fn undo_preview(Caller(cx): Caller, Path(id): Path<ImportId>) -> Answer<Json<UndoPreviewOut>> {
    let found = imports::undo_preview(&cx, id).await?;
    let (until, reason) = (found.until.map(Timestamp::rfc3339), found.reason.map(str::to_owned));
    Ok(Json(UndoPreviewOut { counts: found.counts.into(), exact: found.exact, until, reason }))
}

/// Undoes the import in the background: what it made goes to the trash, what it changed is as it was. What somebody
/// changed since stays. An undoing that was stopped goes on.
#[utoipa::path(post, path = "/imports/{id}/undo", tag = "imports", params(("id" = i64, Path)), responses((status = 200, body = ImportOut)))]
async fn undo(Caller(cx): Caller, Path(id): Path<ImportId>) -> Answer<Json<ImportOut>> {
    Ok(Json(ImportOut::of(imports::undo(&cx, id).await?, cx.now())))
}
