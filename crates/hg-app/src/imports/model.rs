//! An import as services give and take it.

use hg_core::ids::{ImportId, UserId};
use hg_core::imports::{Column, Object};
use hg_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::imports::undo::Undo;

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportState {
    /// Somebody still decides which column goes where.
    Mapping,
    DryRunning,
    /// Tried out.
    Ready,
    Queued,
    Running,
    Stopped,
    Done,
    Failed,
}

impl ImportState {
    const ALL: [(ImportState, &'static str); 8] = [
        (ImportState::Mapping, "mapping"),
        (ImportState::DryRunning, "dry_running"),
        (ImportState::Ready, "ready"),
        (ImportState::Queued, "queued"),
        (ImportState::Running, "running"),
        (ImportState::Stopped, "stopped"),
        (ImportState::Done, "done"),
        (ImportState::Failed, "failed"),
    ];

    pub fn key(self) -> &'static str {
        ImportState::ALL[self as usize].1
    }

    pub fn from_key(key: &str) -> ImportState {
        ImportState::ALL.into_iter().find(|(_, k)| *k == key).map_or(ImportState::Failed, |(state, _)| state)
    }

    /// Whether mapping and options can still change.
    pub fn is_open(self) -> bool {
        matches!(self, ImportState::Mapping | ImportState::Ready)
    }
}

/// What happens to every row besides its own values.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ImportOptions {
    /// Fields that have a value are not overwritten.
    pub skip_existing: bool,
    pub tags: Vec<String>,
    pub segment_id: Option<i64>,
    pub owner_id: Option<i64>,
    /// Everybody in the file agreed to this purpose.
    pub purpose: Option<String>,
    /// The words that the people of the file read when they agreed; kept with each consent.
    pub consent_text: Option<String>,
}

impl ImportOptions {
    /// The words to keep with a consent. Whoever withdrew one read nothing.
    pub fn words(&self, given: bool) -> Option<&str> {
        self.consent_text.as_deref().map(str::trim).filter(|text| given && !text.is_empty())
    }
}

/// How the file is written and where its columns go.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setup {
    pub encoding: String,
    pub delimiter: char,
    pub headers: Vec<String>,
    pub sample: Vec<Vec<String>>,
    pub mapping: Vec<Column>,
    #[serde(default)]
    pub options: ImportOptions,
    /// The saved mapping that was taken.
    #[serde(default)]
    pub saved: Option<String>,
}

/// How many rows came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub created: i64,
    pub updated: i64,
    /// Nothing to change.
    pub skipped: i64,
    pub rejected: i64,
}

impl Counts {
    pub fn rows(self) -> i64 {
        self.created + self.updated + self.skipped + self.rejected
    }
}

/// What an import would do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DryRun {
    #[serde(flatten)]
    pub counts: Counts,
    pub reasons: Vec<Reason>,
}

/// Why rows are rejected.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    pub reason: String,
    pub count: i64,
    pub example_line: i64,
}

/// An import.
#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    pub id: ImportId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<UserId>,
    pub file_name: String,
    pub file_path: String,
    pub file_bytes: i64,
    pub state: ImportState,
    pub setup: Setup,
    pub dry_run: Option<DryRun>,
    /// Bytes of the decoded file that are done.
    pub resume_at: i64,
    pub rows_total: Option<i64>,
    pub counts: Counts,
    pub message: Option<String>,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
    /// `contact` or `company`.
    pub object: String,
    /// `csv`, `jsonl` or `xlsx`.
    pub format: String,
    /// Of those that wait the lowest begins first.
    pub priority: i64,
    /// Everything that it did is written down.
    pub logged: bool,
    /// `queued`, `running`, `stopped`, `done`, `failed` or `expired`.
    pub undo_state: Option<String>,
    pub undo: Option<Undo>,
    /// The schedule that made it.
    pub schedule_id: Option<i64>,
    /// Milliseconds since the start and rows done by then.
    pub pace: Vec<(i64, i64)>,
}

impl Import {
    /// Whose records the file holds.
    pub fn kind(&self) -> Object {
        Object::from_key(&self.object).unwrap_or_default()
    }
}

/// What of an import changes.
#[derive(Debug, Clone, Default)]
pub struct ImportPatch {
    pub version: Option<i64>,
    pub mapping: Option<Vec<Column>>,
    pub options: Option<ImportOptions>,
    pub delimiter: Option<char>,
    pub encoding: Option<String>,
    pub priority: Option<i64>,
}
