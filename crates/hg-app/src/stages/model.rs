//! A stage as services give and take it.

use hg_core::ids::{CategoryId, ContactId, StageId, UserId};
use hg_core::publish::Window;
use hg_core::time::Timestamp;
use serde::Serialize;

/// A stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Stage {
    pub id: StageId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<UserId>,
    pub name: String,
    pub description: Option<String>,
    /// Campaigns move people only to a stage of more weight.
    pub weight: i64,
    pub category_id: Option<CategoryId>,
    #[serde(flatten)]
    pub window: Window,
}

/// A stage to be made.
#[derive(Debug, Clone, Default)]
pub struct NewStage {
    pub name: String,
    pub description: Option<String>,
    pub weight: i64,
    pub category_id: Option<CategoryId>,
    pub window: Window,
}

/// What of a stage changes; what is absent stays.
#[derive(Debug, Clone, Default)]
pub struct StagePatch {
    pub version: Option<i64>,
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub weight: Option<i64>,
    pub category_id: Option<Option<CategoryId>>,
    pub published: Option<bool>,
    pub publish_up: Option<Option<Timestamp>>,
    pub publish_down: Option<Option<Timestamp>>,
}

/// A stage on the board, with how many people stand in it.
#[derive(Debug, Clone)]
pub struct Lane {
    pub stage: Stage,
    pub people: u64,
}

/// Somebody in a lane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanePerson {
    pub contact: ContactId,
    pub name: String,
    pub email: Option<String>,
    pub points: i64,
    /// Since when she stands there.
    pub since: Option<Timestamp>,
}
