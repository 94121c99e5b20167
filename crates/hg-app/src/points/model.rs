//! Points as services give and take them.

use hg_core::ids::{CategoryId, PointActionId, PointGroupId, PointTriggerId, UserId};
use hg_core::points::{Decay, Earns};
use hg_core::publish::Window;
use hg_core::time::Timestamp;
use serde_json::{Value as Json, json};

use crate::points::TriggerEvent;

/// A score beside the main one.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct PointGroup {
    pub id: PointGroupId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<UserId>,
    pub name: String,
    pub description: Option<String>,
    pub published: bool,
}

#[derive(Debug, Clone, Default)]
pub struct NewGroup {
    pub name: String,
    pub description: Option<String>,
    pub published: Option<bool>,
}

#[derive(Debug, Clone, Default)]
pub struct GroupPatch {
    pub version: Option<i64>,
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub published: Option<bool>,
}

/// The score of a contact in a group.
#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub group: PointGroup,
    pub score: i64,
}

/// A rule that gives points for something that people do.
#[derive(Debug, Clone, PartialEq)]
pub struct PointAction {
    pub id: PointActionId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<UserId>,
    pub name: String,
    pub description: Option<String>,
    pub earns: Earns,
    pub delta: i64,
    /// Every time, not only the first time that a contact does it.
    pub repeatable: bool,
    pub group_id: Option<PointGroupId>,
    pub category_id: Option<CategoryId>,
    pub window: Window,
}

impl PointAction {
    /// For the audit log.
    pub(super) fn told(&self) -> Json {
        json!({
            "name": self.name, "description": self.description, "type": self.earns.kind(), "settings": self.earns.write(),
            "delta": self.delta, "repeatable": self.repeatable, "group_id": self.group_id, "category_id": self.category_id,
            "window": self.window,
        })
    }
}

#[derive(Debug, Clone, Default)]
pub struct NewAction {
    pub name: String,
    pub description: Option<String>,
    /// `page.hit`, `url.hit`, `email.open`, `email.send` or `form.submit`.
    pub kind: String,
    pub settings: Json,
    pub delta: i64,
    pub repeatable: bool,
    pub group_id: Option<PointGroupId>,
    pub category_id: Option<CategoryId>,
    pub window: Window,
}

#[derive(Debug, Clone, Default)]
pub struct ActionPatch {
    pub version: Option<i64>,
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub kind: Option<String>,
    pub settings: Option<Json>,
    pub delta: Option<i64>,
    pub repeatable: Option<bool>,
    pub group_id: Option<Option<PointGroupId>>,
    pub category_id: Option<Option<CategoryId>>,
    pub published: Option<bool>,
    pub publish_up: Option<Option<Timestamp>>,
    pub publish_down: Option<Option<Timestamp>>,
}

/// A threshold, and what follows when somebody reaches it.
#[derive(Debug, Clone, PartialEq)]
pub struct PointTrigger {
    pub id: PointTriggerId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<UserId>,
    pub name: String,
    pub description: Option<String>,
    /// Reached by this many points or more.
    pub points: i64,
    /// Six hexadecimal digits; contacts show the colour of the highest trigger that they reached.
    pub color: Option<String>,
    /// Whoever has so many points already when it is published gets its events too.
    pub apply_existing: bool,
    pub group_id: Option<PointGroupId>,
    pub category_id: Option<CategoryId>,
    pub window: Window,
    pub events: Vec<TriggerEvent>,
}

impl PointTrigger {
    /// For the audit log.
    pub(super) fn told(&self) -> Json {
        let events: Vec<Json> =
            self.events.iter().map(|e| json!({"name": e.name, "type": e.kind, "settings": e.settings})).collect();
        json!({
            "name": self.name, "description": self.description, "points": self.points, "color": self.color,
            "apply_existing": self.apply_existing, "group_id": self.group_id, "category_id": self.category_id,
            "window": self.window, "events": events,
        })
    }
}

#[derive(Debug, Clone, Default)]
pub struct NewTrigger {
    pub name: String,
    pub description: Option<String>,
    pub points: i64,
    pub color: Option<String>,
    pub apply_existing: bool,
    pub group_id: Option<PointGroupId>,
    pub category_id: Option<CategoryId>,
    pub window: Window,
    pub events: Vec<TriggerEvent>,
}

#[derive(Debug, Clone, Default)]
pub struct TriggerPatch {
    pub version: Option<i64>,
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub points: Option<i64>,
    pub color: Option<Option<String>>,
    pub apply_existing: Option<bool>,
    pub group_id: Option<Option<PointGroupId>>,
    pub category_id: Option<Option<CategoryId>>,
    pub published: Option<bool>,
    pub publish_up: Option<Option<Timestamp>>,
    pub publish_down: Option<Option<Timestamp>>,
    /// All of them: those with an id that is known are changed, others are new, absent ones go.
    pub events: Option<Vec<TriggerEvent>>,
}

/// How a score fades.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DecayRule {
    /// `None`: the main score.
    pub group_id: Option<PointGroupId>,
    pub version: i64,
    pub decay: Decay,
    pub published: bool,
    pub last_run_at: Timestamp,
    /// A run is under way.
    pub running: bool,
    /// Points taken so far, all runs together.
    pub lost: i64,
}
