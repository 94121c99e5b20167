//! A schedule as services give and take it.

use hg_core::ids::UserId;
use hg_core::imports::Object;
use hg_core::time::Timestamp;

/// Where the files come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// An address of the web.
    Url,
    /// A folder of the workspace's inbox.
    Folder,
}

impl SourceKind {
    pub const fn key(self) -> &'static str {
        match self {
            SourceKind::Url => "url",
            SourceKind::Folder => "folder",
        }
    }

    pub fn from_key(key: &str) -> Option<SourceKind> {
        [SourceKind::Url, SourceKind::Folder].into_iter().find(|k| k.key() == key)
    }
}

/// An import that comes back.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    pub id: i64,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<UserId>,
    pub name: String,
    pub object: Object,
    pub kind: SourceKind,
    pub source: String,
    pub mapping_id: Option<i64>,
    pub every_minutes: i64,
    pub paused: bool,
    pub next_at: Timestamp,
    pub etag: Option<String>,
    pub modified: Option<String>,
    /// `ok`, `unchanged` or `failed`.
    pub last_state: Option<String>,
    pub last_message: Option<String>,
    pub last_at: Option<Timestamp>,
    pub last_import: Option<i64>,
    /// Name, size and time of change of files that a folder held at the last look.
    pub seen: Vec<(String, u64, u64)>,
}

/// What somebody wants to come back.
#[derive(Debug, Clone)]
pub struct NewSchedule {
    pub name: String,
    pub object: Object,
    pub kind: SourceKind,
    pub source: String,
    pub mapping_id: Option<i64>,
    pub every_minutes: i64,
}

/// What of a schedule changes.
#[derive(Debug, Clone, Default)]
pub struct SchedulePatch {
    pub version: Option<i64>,
    pub name: Option<String>,
    pub source: Option<String>,
    /// `Some(None)`: by the head line.
    pub mapping_id: Option<Option<i64>>,
    pub every_minutes: Option<i64>,
    pub paused: Option<bool>,
}
