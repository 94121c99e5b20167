//! What can be wrong with what is asked of points.

use hg_core::points::EarnsError;

use crate::error::{DomainError, ErrorKind, FieldError};

#[derive(Debug, thiserror::Error)]
pub enum PointsProblem {
    #[error("Give it a name of 1 to 191 characters.")]
    NoName,
    #[error("{0}.")]
    Earns(#[from] EarnsError),
    #[error("The points may be up to a million either way, and not zero.")]
    Delta,
    #[error("The end must come after the beginning.")]
    Window,
    #[error("A colour is six hexadecimal digits, such as 4e5d9d.")]
    Colour,
    #[error("There is no point group {0}.")]
    NoGroup(i64),
    #[error("{detail}")]
    Event { index: usize, detail: String },
    #[error("The point group is used by {0}. Change that first.")]
    GroupInUse(String),
    #[error("{detail}")]
    Decay { pointer: &'static str, detail: &'static str },
    #[error("Use plus, minus, times, divide or set.")]
    Operator,
}

impl DomainError for PointsProblem {
    fn code(&self) -> &'static str {
        match self {
            Self::NoName => "points.no-name",
            Self::Earns(_) => "points.action",
            Self::Delta => "points.delta",
            Self::Window => "points.window",
            Self::Colour => "points.colour",
            Self::NoGroup(_) => "points.no-group",
            Self::Event { .. } => "points.event",
            Self::GroupInUse(_) => "points.group-in-use",
            Self::Decay { .. } => "points.decay",
            Self::Operator => "points.operator",
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            Self::GroupInUse(_) => ErrorKind::Conflict,
            _ => ErrorKind::Invalid,
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            Self::NoName => "/name".to_owned(),
            Self::Earns(EarnsError::Setting(key, _)) => format!("/settings/{key}"),
            Self::Earns(_) => "/type".to_owned(),
            Self::Delta => "/delta".to_owned(),
            Self::Window => "/publish_down".to_owned(),
            Self::Colour => "/color".to_owned(),
            Self::NoGroup(_) => "/group_id".to_owned(),
            Self::Event { index, .. } => format!("/events/{index}"),
            Self::GroupInUse(_) => return Vec::new(),
            Self::Decay { pointer, .. } => (*pointer).to_owned(),
            Self::Operator => "/operator".to_owned(),
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
    }
}
