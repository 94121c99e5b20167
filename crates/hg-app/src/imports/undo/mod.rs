//! Undoing an import, for thirty days: contacts that it made go to the trash, what it changed of others is as it was.
//!
//! While an import runs, [`noted`] writes down what it does. [`start`] queues the job that takes it back, the latest
//! first, in transactions that take the notes away with what they were about: a job that was stopped or killed goes on
//! with what is left. What somebody changed since stays and is counted. Notes older than thirty days are forgotten.

mod back;
mod expiry;
mod job;
pub(super) mod noted;
mod service;

pub use expiry::NotesExpiry;
pub use job::{UndoJob, undo_now};
pub use service::{UndoPreview, preview, start};

use hg_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

use crate::imports::{Import, ImportState};

/// How long an import can be undone.
pub const KEPT: Millis = Millis::days(30);

/// What became of the records of an import that was undone.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UndoCounts {
    /// Made by the import, now in the trash.
    pub deleted: i64,
    /// Changed by the import, now as they were.
    pub restored: i64,
    /// Changed by somebody since: that stays.
    pub kept: i64,
    /// Deleted or merged since.
    pub gone: i64,
}

/// An undoing as it stands.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Undo {
    pub counts: UndoCounts,
    /// Records done, and all there are to do.
    pub done: i64,
    pub total: i64,
    pub at: Option<i64>,
    pub by: Option<i64>,
    pub message: Option<String>,
}

/// Until when an import can be undone; `None` when it cannot (any more).
pub fn possible_until(import: &Import, now: Timestamp) -> Option<Timestamp> {
    let rests = matches!(import.state, ImportState::Done | ImportState::Stopped | ImportState::Failed);
    let again = matches!(import.undo_state.as_deref(), None | Some("stopped" | "failed"));
    let until = import.finished_at.unwrap_or(import.updated_at).plus(KEPT);
    (import.logged && rests && again && import.counts.rows() > 0 && now < until).then_some(until)
}
