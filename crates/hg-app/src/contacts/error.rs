//! What can be wrong with what is asked of contacts.

use hg_core::contacts::ValueError;

use crate::error::{DomainError, ErrorKind, FieldError};

#[derive(Debug, thiserror::Error)]
pub enum ContactProblem {
    #[error("There is no field “{0}”.")]
    UnknownField(String),
    #[error("{label}: {error}.")]
    Value { alias: String, label: String, error: ValueError },
    #[error("{label} is required.")]
    Required { alias: String, label: String },
    #[error("Another contact already has this {label}.")]
    NotUnique { alias: String, label: String },
    #[error("{0}")]
    Many(String, Vec<FieldError>),
    #[error("A reason is 1 (unsubscribed), 2 (bounced) or 3 (by hand).")]
    Reason,
    #[error("Say what to do with the contacts.")]
    NoAction,
    #[error("The search cannot be read: {0}.")]
    Search(String),
    #[error("There is no field “{0}” to sort by.")]
    Sort(String),
    #[error("This was taken back already.")]
    AlreadyUndone,
    #[error("This still runs. Stop the task first; then what it did so far can be taken back.")]
    StillRunning,
}

impl DomainError for ContactProblem {
    fn code(&self) -> &'static str {
        match self {
            ContactProblem::UnknownField(_) => "contact.unknown-field",
            ContactProblem::Value { .. } | ContactProblem::Many(..) => "contact.value",
            ContactProblem::Required { .. } => "contact.required",
            ContactProblem::NotUnique { .. } => "contact.not-unique",
            ContactProblem::Reason => "contact.reason",
            ContactProblem::NoAction => "contact.no-action",
            ContactProblem::Search(_) => "contact.search",
            ContactProblem::Sort(_) => "contact.sort",
            ContactProblem::AlreadyUndone => "contact.undone",
            ContactProblem::StillRunning => "contact.still-running",
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            ContactProblem::NotUnique { .. } | ContactProblem::AlreadyUndone | ContactProblem::StillRunning => {
                ErrorKind::Conflict
            }
            _ => ErrorKind::Invalid,
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        let one = |pointer: String| vec![FieldError::new(pointer, self.code(), self.to_string())];
        match self {
            ContactProblem::UnknownField(alias) => one(format!("/fields/{alias}")),
            ContactProblem::Value { alias, .. }
            | ContactProblem::Required { alias, .. }
            | ContactProblem::NotUnique { alias, .. } => one(format!("/fields/{alias}")),
            ContactProblem::Many(_, fields) => fields.clone(),
            ContactProblem::Reason => one("/reason".to_owned()),
            ContactProblem::NoAction => one("/action".to_owned()),
            ContactProblem::Search(_) => one("/search".to_owned()),
            ContactProblem::Sort(_) => one("/sort".to_owned()),
            ContactProblem::AlreadyUndone | ContactProblem::StillRunning => Vec::new(),
        }
    }
}
