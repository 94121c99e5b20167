use hg_core::campaigns::{Path, Plan, Problem, Republish, Source, Timing};
use hg_core::ids::{CampaignId, StepId};
use hg_core::time::Timestamp;
use serde_json::Value as Json;

use super::goals::{GoalFigures, RuleIn, Ruled};
use super::versions::PeopleChoice;
use crate::list::ListQuery;

/// Whether a campaign runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Never published.
    Draft,
    Published,
    /// Nothing runs, what waits goes on waiting.
    Paused,
}

impl State {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Paused => "paused",
        }
    }

    pub fn from_key(key: &str) -> Self {
        match key {
            "published" => Self::Published,
            "paused" => Self::Paused,
            _ => Self::Draft,
        }
    }
}

/// A campaign with its steps and figures.
#[derive(Debug, Clone)]
pub struct Campaign {
    pub id: CampaignId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<i64>,
    pub name: String,
    pub description: Option<String>,
    pub state: State,
    pub publish_up: Option<Timestamp>,
    pub publish_down: Option<Timestamp>,
    pub allow_restart: bool,
    /// What becomes of waits when it is published again after a pause.
    /// What becomes of waits after a pause; none: as the workspace says.
    pub republish: Option<Republish>,
    pub layout: Option<Json>,
    /// Keys of clients that we store and give back.
    pub extra: Option<Json>,
    pub sources: Vec<(Source, String)>,
    pub plan: Plan,
    /// By the order of the plan's steps.
    pub step_counts: Vec<StepCounts>,
    pub pauses: Vec<StepPause>,
    pub counts: Counts,
    /// Goals and exit rules.
    pub rules: Vec<Ruled>,
    pub problems: Vec<Problem>,
}

impl Campaign {
    /// How it does by its goals; none where it has none.
    pub fn goals(&self) -> Option<GoalFigures> {
        GoalFigures::of(&self.rules, &self.plan, &self.step_counts, self.counts)
    }

    /// Whether its steps run at this instant.
    pub fn runs_at(&self, now: Timestamp) -> bool {
        runs_at(self.state, self.publish_up, self.publish_down, now)
    }
}

pub(super) fn runs_at(state: State, up: Option<Timestamp>, down: Option<Timestamp>, now: Timestamp) -> bool {
    state == State::Published && up.is_none_or(|t| t <= now) && down.is_none_or(|t| now < t)
}

/// How many contacts are where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Who ever entered.
    pub members: i64,
    /// Who is in now.
    pub active: i64,
    /// Who is in and has nothing left to come.
    pub finished: i64,
}

/// How many contacts passed a step, or wait there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StepCounts {
    pub done: i64,
    pub waiting: i64,
    pub yes: i64,
    pub no: i64,
    pub failed: i64,
    /// Of those who wait: whose try failed and who get another.
    pub failing: i64,
}

/// A step that nobody passes for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepPause {
    pub step: StepId,
    pub at: Timestamp,
    /// A sentence.
    pub why: String,
}

/// A step as somebody drew it; the type is not read yet.
#[derive(Debug, Clone)]
pub struct StepIn {
    pub key: String,
    pub parent: Option<String>,
    pub path: Option<Path>,
    pub name: String,
    pub kind: String,
    pub settings: Json,
    pub timing: Timing,
}

#[derive(Debug, Clone, Default)]
pub struct NewCampaign {
    pub name: String,
    pub description: Option<String>,
    pub publish_up: Option<Timestamp>,
    pub publish_down: Option<Timestamp>,
    pub allow_restart: bool,
    /// What becomes of waits when it is published again after a pause.
    /// What becomes of waits after a pause; none: as the workspace says.
    pub republish: Option<Republish>,
    pub sources: Vec<Source>,
    pub steps: Vec<StepIn>,
    pub rules: Vec<RuleIn>,
    pub layout: Option<Json>,
    pub extra: Option<Json>,
    /// Start it at once; refused when something is wrong with it.
    pub publish: bool,
}

/// Only what is named changes.
#[derive(Debug, Clone, Default)]
pub struct CampaignPatch {
    pub version: Option<i64>,
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub publish_up: Option<Option<Timestamp>>,
    pub publish_down: Option<Option<Timestamp>>,
    pub allow_restart: Option<bool>,
    pub republish: Option<Option<Republish>>,
    pub sources: Option<Vec<Source>>,
    pub steps: Option<Vec<StepIn>>,
    pub rules: Option<Vec<RuleIn>>,
    pub layout: Option<Json>,
    pub extra: Option<Json>,
    /// What becomes of the people inside; without it, who waits at a removed step goes no further.
    pub people: Option<PeopleChoice>,
}

/// What part of the list of campaigns is wanted.
#[derive(Debug, Clone, Default)]
pub struct CampaignQuery {
    pub list: ListQuery,
    pub state: Option<State>,
}

/// States of a row of the log; the numbers are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LogState {
    /// Due at `due_at`; without one it waits for its mail to leave.
    Scheduled = 0,
    /// A decision; `due_at` is when its no path is taken.
    Waiting = 1,
    Done = 2,
    /// Passed, but not as meant; the detail says why.
    Warned = 3,
    Cancelled = 4,
    Failed = 5,
}

impl LogState {
    pub const fn code(self) -> i64 {
        self as i64
    }

    pub fn from_code(code: i64) -> Self {
        match code {
            0 => Self::Scheduled,
            1 => Self::Waiting,
            2 => Self::Done,
            3 => Self::Warned,
            4 => Self::Cancelled,
            _ => Self::Failed,
        }
    }

    pub const fn key(self) -> &'static str {
        match self {
            Self::Scheduled => "scheduled",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Warned => "warning",
            Self::Cancelled => "cancelled",
            Self::Failed => "failed",
        }
    }
}

/// A step's id with its figures, as read from the database.
pub(super) type Counted = (StepId, StepCounts);
