use hg_core::campaigns::Problem;

use crate::error::{DomainError, ErrorKind, FieldError};

#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    #[error("The campaign cannot be started yet: {}", .0.iter().map(|p| p.detail.as_str()).collect::<Vec<_>>().join(" "))]
    NotReady(Vec<Problem>),
    #[error("Give the campaign a name.")]
    NoName,
    #[error("{detail}")]
    Step { index: usize, code: &'static str, detail: String },
    #[error("{detail}")]
    Rule { index: usize, code: &'static str, detail: String },
    #[error("There is no {kind} {id}; choose another source.")]
    NoSource { index: usize, kind: &'static str, id: i64 },
    #[error("A campaign can have at most {0} steps.")]
    TooManySteps(usize),
    #[error("{waiting} people wait at “{name}”, which is removed. Say where they go on, or that they leave.")]
    PeopleWait { key: String, name: String, waiting: i64 },
    #[error("People of “{key}” cannot go on at “{target}”: there is no such step. Choose one that stays.")]
    NoTarget { key: String, target: String },
    #[error("“{0}” is neither new nor moved: who is past it has had it already.")]
    NotNew(String),
}

impl DomainError for CampaignError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotReady(_) => "campaign.not-ready",
            Self::NoName => "campaign.no-name",
            Self::Step { code, .. } | Self::Rule { code, .. } => code,
            Self::NoSource { .. } => "campaign.no-such-source",
            Self::TooManySteps(_) => "campaign.too-many-steps",
            Self::PeopleWait { .. } => "campaign.people-wait",
            Self::NoTarget { .. } => "campaign.no-target",
            Self::NotNew(_) => "campaign.not-new",
        }
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Invalid
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            Self::NotReady(problems) => problems
                .iter()
                .map(|p| {
                    FieldError::new(
                        p.step.as_ref().map_or_else(|| "/steps".to_owned(), |k| format!("/steps/{k}")),
                        p.code,
                        &p.detail,
                    )
                })
                .collect(),
            Self::NoName => vec![FieldError::new("/name", self.code(), self.to_string())],
            Self::Step { index, code, detail } => vec![FieldError::new(format!("/steps/{index}"), *code, detail)],
            Self::Rule { index, code, detail } => vec![FieldError::new(format!("/rules/{index}"), *code, detail)],
            Self::NoSource { index, .. } => vec![FieldError::new(format!("/sources/{index}"), self.code(), self.to_string())],
            Self::PeopleWait { key, .. } | Self::NoTarget { key, .. } => {
                vec![FieldError::new(format!("/people/gone/{key}"), self.code(), self.to_string())]
            }
            Self::NotNew(_) => vec![FieldError::new("/people/backfill", self.code(), self.to_string())],
            Self::TooManySteps(_) => vec![FieldError::new("/steps", self.code(), self.to_string())],
        }
    }
}

/// Why the log of a contact cannot be changed as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    #[error("The contact is not in this campaign.")]
    NotAMember,
    #[error("This step has already run for the contact.")]
    AlreadyExecuted,
    #[error("A decision waits for the contact and cannot be scheduled.")]
    Decision,
}

impl DomainError for LogError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotAMember => "campaign.not-a-member",
            Self::AlreadyExecuted => "campaign.step-executed",
            Self::Decision => "campaign.decision",
        }
    }

    fn kind(&self) -> ErrorKind {
        ErrorKind::Conflict
    }
}
