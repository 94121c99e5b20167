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
    #[error("There is no {kind} {id}; choose another source.")]
    NoSource { index: usize, kind: &'static str, id: i64 },
    #[error("A campaign can have at most {0} steps.")]
    TooManySteps(usize),
}

impl DomainError for CampaignError {
    fn code(&self) -> &'static str {
        match self {
            Self::NotReady(_) => "campaign.not-ready",
            Self::NoName => "campaign.no-name",
            Self::Step { code, .. } => code,
            Self::NoSource { .. } => "campaign.no-such-source",
            Self::TooManySteps(_) => "campaign.too-many-steps",
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
            Self::NoSource { index, .. } => vec![FieldError::new(format!("/sources/{index}"), self.code(), self.to_string())],
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
