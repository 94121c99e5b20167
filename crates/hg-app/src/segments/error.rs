//! What can be wrong with a segment.

use hg_core::segments::FilterError;

use crate::error::{DomainError, ErrorKind, FieldError};

#[derive(Debug, thiserror::Error)]
pub enum SegmentProblem {
    #[error("Give the segment a name of 1 to 191 characters.")]
    NoName,
    #[error("Another segment has the alias “{0}” already.")]
    AliasTaken(String),
    #[error("{}", sentences(.0))]
    Filter(Vec<FilterError>),
    #[error("This filter would make a circle: {0}.")]
    Circle(String),
    #[error("The segment is used by {0}. Change that first.")]
    InUse(String),
}

fn sentences(errors: &[FilterError]) -> String {
    errors.iter().map(|e| e.detail.as_str()).collect::<Vec<_>>().join("; ")
}

impl DomainError for SegmentProblem {
    fn code(&self) -> &'static str {
        match self {
            SegmentProblem::NoName => "segment.no-name",
            SegmentProblem::AliasTaken(_) => "segment.alias-taken",
            SegmentProblem::Filter(_) => "segment.filter",
            SegmentProblem::Circle(_) => "segment.circle",
            SegmentProblem::InUse(_) => "segment.in-use",
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            SegmentProblem::InUse(_) | SegmentProblem::AliasTaken(_) => ErrorKind::Conflict,
            _ => ErrorKind::Invalid,
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        match self {
            SegmentProblem::NoName => vec![FieldError::new("/name", self.code(), self.to_string())],
            SegmentProblem::Filter(errors) => {
                errors.iter().map(|e| FieldError::new(format!("/filter{}", e.pointer), e.code, e.detail.clone())).collect()
            }
            SegmentProblem::Circle(_) => vec![FieldError::new("/filter", self.code(), self.to_string())],
            _ => Vec::new(),
        }
    }
}
