use std::collections::BTreeMap;

use hg_core::campaigns::{Difference, Inside, Plan, Republish, Source};
use hg_core::ids::StepId;
use hg_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::campaigns::file::{FileRule, FileStep};

/// What becomes of the people inside when changes are published.
#[derive(Debug, Clone, Default)]
pub struct PeopleChoice {
    pub inside: Inside,
    /// By the key of a removed step: the step at which those who wait there go on; none: their way ends, and who has
    /// nothing else to come leaves.
    pub gone: BTreeMap<String, Option<String>>,
    /// Keys of steps that people who are past the place get too, from now.
    pub backfill: Vec<String>,
    /// A sentence for those who look at the versions later.
    pub note: Option<String>,
}

/// One step that an edit touches, with the people it concerns.
#[derive(Debug, Clone)]
pub struct StepDifference {
    pub difference: Difference,
    /// Who waits there now.
    pub waiting: i64,
    /// Of a new or moved step: how many at most are past its place.
    pub past: i64,
}

/// A version of a campaign, without its steps.
#[derive(Debug, Clone)]
pub struct Version {
    pub number: i64,
    pub made_at: Timestamp,
    /// Who made it; none: an API client or the system.
    pub made_by: Option<String>,
    pub note: Option<String>,
    pub inside: Inside,
    pub added: i64,
    pub changed: i64,
    pub removed: i64,
    /// Everybody inside is where the version wants them.
    pub done: bool,
}

/// A version with what it holds, and how the campaign differs from it now.
#[derive(Debug, Clone)]
pub struct VersionDetail {
    pub version: Version,
    pub plan: Plan,
    pub sources: Vec<Source>,
    pub allow_restart: bool,
    pub layout: Option<Json>,
    /// What going back to it would change.
    pub back: Vec<StepDifference>,
}

/// A campaign as a version keeps it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Kept {
    pub sources: Vec<KeptSource>,
    pub allow_restart: bool,
    pub steps: Vec<FileStep>,
    #[serde(default)]
    pub rules: Vec<FileRule>,
    pub layout: Option<Json>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct KeptSource {
    pub kind: String,
    pub id: i64,
}

/// Something to be done with the people inside, in pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub(in crate::campaigns) enum Work {
    /// Who waits at a removed step goes on where its redirection says.
    Move { step: StepId },
    /// Who waits gets a moment by the timing of now.
    Replan { step: StepId },
    /// Who is past the place of the step gets it from now.
    Backfill { step: StepId },
    /// Everybody begins again.
    Restart,
    /// Everybody is looked at by the goals and exit rules.
    Aims,
    /// Who waits at the step does so from another instant, because the campaign was paused meanwhile.
    Resume { step: StepId, republish: Republish, paused: Timestamp, published: Timestamp },
}

/// How far the work of a version is: which of its pieces, and the last row of it.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Cursor {
    pub at: usize,
    pub contact: i64,
    pub rotation: i64,
    pub moved: i64,
}
