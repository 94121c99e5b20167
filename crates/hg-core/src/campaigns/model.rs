//! The parts of a campaign.

use serde::{Deserialize, Serialize};

use crate::campaigns::steps::StepType;
use crate::campaigns::timing::Timing;
use crate::ids::StepId;

/// What a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Does something to the contact.
    Action,
    /// Waits for something the contact does; yes when it happens, no when time runs out.
    Decision,
    /// Looks at the contact once; yes or no.
    Condition,
}

/// Which way out of a decision or condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Path {
    Yes,
    No,
}

impl Path {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "yes" => Some(Self::Yes),
            "no" => Some(Self::No),
            _ => None,
        }
    }
}

/// What lets contacts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    Segment,
    Form,
    /// A segment of companies: the contacts of its companies.
    CompanySegment,
}

impl SourceKind {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Form => "form",
            Self::CompanySegment => "company_segment",
        }
    }

    /// As a person says it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Segment => "segment",
            Self::Form => "form",
            Self::CompanySegment => "segment of companies",
        }
    }

    /// Whether it holds people, so that they leave with it; a form only lets them in.
    pub const fn holds(self) -> bool {
        matches!(self, Self::Segment | Self::CompanySegment)
    }

    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "segment" => Some(Self::Segment),
            "form" => Some(Self::Form),
            "company_segment" => Some(Self::CompanySegment),
            _ => None,
        }
    }
}

/// A segment, a form or a segment of companies whose people enter the campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source {
    pub kind: SourceKind,
    pub id: i64,
}

/// One step of a campaign.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Given by the database; 0 before the step is stored.
    pub id: StepId,
    /// The client's own name for the step, stable over edits.
    pub key: String,
    /// The key of the step above; none: directly below the sources.
    pub parent: Option<String>,
    /// Which way out of the step above, when that has two.
    pub path: Option<Path>,
    pub name: String,
    pub what: StepType,
    pub timing: Timing,
}

/// A campaign's steps, in order: a step never stands before the one above it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    pub steps: Vec<Step>,
}

impl Plan {
    pub fn by_key(&self, key: &str) -> Option<&Step> {
        self.steps.iter().find(|s| s.key == key)
    }

    pub fn by_id(&self, id: StepId) -> Option<&Step> {
        self.steps.iter().find(|s| s.id == id)
    }

    pub fn roots(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|s| s.parent.is_none())
    }

    /// What follows a step on a path; conditions first, then actions, decisions, and jumps last
    /// (`campaigns.md` §5.3).
    pub fn children(&self, of: &Step, path: Option<Path>) -> Vec<&Step> {
        let mut below: Vec<&Step> =
            self.steps.iter().filter(|s| s.parent.as_deref() == Some(of.key.as_str()) && s.path == path).collect();
        below.sort_by_key(|s| match s.what.kind() {
            Kind::Condition => 0,
            Kind::Action if !matches!(s.what, StepType::Jump { .. }) => 1,
            Kind::Decision => 2,
            Kind::Action => 3,
        });
        below
    }

    pub fn parent(&self, of: &Step) -> Option<&Step> {
        self.by_key(of.parent.as_deref()?)
    }
}
