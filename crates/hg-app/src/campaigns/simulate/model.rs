use hg_core::ids::{CampaignId, ContactId, StepId};
use hg_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::error::{Error, FieldError, Result};

/// How a campaign is to be tried.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Setup {
    /// Of a larger audience so many are taken, evenly spread.
    pub most_people: i64,
    pub days: i64,
    /// Everybody opens and clicks as often as she did before; shares are for those of whom nothing is known.
    pub replay: bool,
    /// Shares in percent, of all who get a mail.
    pub open_percent: f64,
    pub click_percent: f64,
    /// Of those from whom the campaign waits for a form, or for a visit.
    pub submit_percent: f64,
    pub visit_percent: f64,
    /// More mails than this within seven days are too many.
    pub many_a_week: i64,
    /// The same number gives the same result.
    pub seed: i64,
    /// Only these; empty: whom the campaign's sources hold.
    pub contacts: Vec<i64>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            most_people: 5_000,
            days: 30,
            replay: true,
            open_percent: 35.0,
            click_percent: 5.0,
            submit_percent: 5.0,
            visit_percent: 10.0,
            many_a_week: 3,
            seed: 1,
            contacts: Vec::new(),
        }
    }
}

impl Setup {
    pub(super) fn check(&self) -> Result<()> {
        let mut wrong = Vec::new();
        if !(1..=100_000).contains(&self.most_people) {
            wrong.push(FieldError::new("/most_people", "range", "Choose between 1 and 100,000 people."));
        }
        if !(1..=365).contains(&self.days) {
            wrong.push(FieldError::new("/days", "range", "Choose between 1 and 365 days."));
        }
        if !(1..=1_000).contains(&self.many_a_week) {
            wrong.push(FieldError::new("/many_a_week", "range", "Choose between 1 and 1,000 mails a week."));
        }
        for (pointer, percent) in [
            ("/open_percent", self.open_percent),
            ("/click_percent", self.click_percent),
            ("/submit_percent", self.submit_percent),
            ("/visit_percent", self.visit_percent),
        ] {
            if !(0.0..=100.0).contains(&percent) {
                wrong.push(FieldError::new(pointer, "range", "Choose between 0 and 100 percent."));
            }
        }
        if self.contacts.len() > 1_000 {
            wrong.push(FieldError::new("/contacts", "too-many", "Name at most 1,000 contacts, or take a segment."));
        }
        if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
    }
}

/// How far a simulation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SimulationState {
    Running,
    Done,
    Stopped,
    Failed,
}

impl SimulationState {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }

    pub fn from_key(key: &str) -> Self {
        match key {
            "done" => Self::Done,
            "stopped" => Self::Stopped,
            "failed" => Self::Failed,
            _ => Self::Running,
        }
    }
}

/// A simulation that was asked for.
#[derive(Debug, Clone)]
pub struct Simulation {
    pub id: i64,
    pub campaign: CampaignId,
    pub created_at: Timestamp,
    pub setup: Setup,
    pub state: SimulationState,
    /// Why it failed.
    pub message: Option<String>,
    pub report: Option<Report>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Report {
    /// Who would come in, and how many of them were looked at.
    pub audience: i64,
    pub people: i64,
    pub from: Timestamp,
    pub until: Timestamp,
    pub sent: i64,
    /// Mails that had to wait for a limit or a pause, and those that still did at the end.
    pub held: i64,
    pub still_held: i64,
    pub steps: Vec<StepReport>,
    /// By day in the workspace's zone, without the days on which nothing went out.
    pub days: Vec<DayReport>,
    /// Why mails were not sent, the most frequent first.
    pub not_sent: Vec<Reason>,
    /// Steps that nobody came to.
    pub unreached: Vec<StepId>,
    /// How many would get more mails within seven days than they should, other mail of the last days included.
    pub too_many: i64,
    pub busiest: Vec<BusyPerson>,
    /// The way of each contact that was named, up to ten.
    pub walks: Vec<Walk>,
    /// How long it took, in milliseconds.
    pub took: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    pub step: StepId,
    pub key: String,
    pub name: String,
    pub done: i64,
    pub waiting: i64,
    pub yes: i64,
    pub no: i64,
    pub failed: i64,
    /// What the step said instead of acting, with how often.
    pub said: Vec<Reason>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayReport {
    /// `2026-11-22`
    pub day: String,
    pub sent: i64,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub text: String,
    pub times: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BusyPerson {
    pub contact: ContactId,
    /// Looked up when the report is read, not kept with it.
    #[serde(skip)]
    pub name: String,
    /// In her busiest seven days.
    pub mails: i64,
    pub from: Timestamp,
}

/// One person's way through the campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Walk {
    pub contact: ContactId,
    /// As with [`BusyPerson`].
    #[serde(skip)]
    pub name: String,
    pub steps: Vec<WalkedStep>,
}

/// A step that somebody came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WalkedStep {
    pub step: StepId,
    pub name: String,
    /// `scheduled`, `waiting`, `done`, `warned`, `cancelled`, `failed`.
    pub state: String,
    /// `yes` or `no`.
    pub path: Option<String>,
    /// From when its wait was counted.
    pub from: Timestamp,
    /// When it ended, or falls due.
    pub at: Option<Timestamp>,
    pub text: Option<String>,
}
