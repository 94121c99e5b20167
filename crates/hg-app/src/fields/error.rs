//! What can be wrong with a field.

use hg_core::contacts::AliasError;

use crate::error::{DomainError, ErrorKind, FieldError};

/// Why a field cannot be made, changed or deleted.
#[derive(Debug, thiserror::Error)]
pub enum FieldProblem {
    #[error("Give the field a name of 1 to 191 characters.")]
    NoLabel,
    #[error("{0}.")]
    Alias(#[from] AliasError),
    #[error("There is no field type “{0}”.")]
    UnknownType(String),
    #[error("A field of this type needs a list of choices.")]
    NoChoices,
    #[error("The value “{0}” is in the list of choices twice.")]
    ChoiceTwice(String),
    #[error("A choice cannot contain the character |.")]
    ChoiceWithBar,
    #[error("The default value does not fit the field: {0}.")]
    Default(String),
    #[error("A length limit is a number from 1 to 191.")]
    CharLimit,
    #[error("Only fields with text, numbers or one choice can be unique, and only the first 400.")]
    Unique,
    #[error("Several of them have the same value: {values}. Merge or change them first.")]
    Twins { values: String },
    #[error(
        "{there} of them have a value; a field can be made unique with at most {most}. Make a new unique field and import into it."
    )]
    TooManyValues { there: i64, most: i64 },
    #[error("A workspace has at most {most} fields.")]
    TooMany { most: i64 },
    #[error("“{label}” belongs to every workspace and cannot be deleted or switched off.")]
    Fixed { label: String },
    #[error("The field is used by the filter of {used_by}. Change that first.")]
    InUse { used_by: String },
    #[error("“{label}” belongs to every workspace; its type stays what it is.")]
    FixedType { label: String },
    #[error("“{label}” is unique. Switch that off before its type changes.")]
    UniqueType { label: String },
    #[error("There is no column left for the new type; delete fields that nobody needs any more.")]
    NoColumn,
    #[error("The type of “{label}” is being changed already.")]
    Converting { label: String },
}

impl DomainError for FieldProblem {
    fn code(&self) -> &'static str {
        match self {
            FieldProblem::NoLabel => "field.no-label",
            FieldProblem::Alias(AliasError::Taken(_)) => "field.alias-taken",
            FieldProblem::Alias(_) => "field.alias",
            FieldProblem::UnknownType(_) => "field.unknown-type",
            FieldProblem::NoChoices | FieldProblem::ChoiceTwice(_) | FieldProblem::ChoiceWithBar => "field.choices",
            FieldProblem::Default(_) => "field.default",
            FieldProblem::CharLimit => "field.char-limit",
            FieldProblem::Unique | FieldProblem::TooManyValues { .. } => "field.unique",
            FieldProblem::Twins { .. } => "field.not-unique",
            FieldProblem::TooMany { .. } => "field.too-many",
            FieldProblem::Fixed { .. } => "field.fixed",
            FieldProblem::InUse { .. } => "field.in-use",
            FieldProblem::FixedType { .. } => "field.fixed",
            FieldProblem::UniqueType { .. } => "field.unique",
            FieldProblem::NoColumn => "field.no-column",
            FieldProblem::Converting { .. } => "field.converting",
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            FieldProblem::Fixed { .. } | FieldProblem::FixedType { .. } => ErrorKind::Forbidden,
            FieldProblem::InUse { .. }
            | FieldProblem::TooMany { .. }
            | FieldProblem::Twins { .. }
            | FieldProblem::NoColumn
            | FieldProblem::Converting { .. } => ErrorKind::Conflict,
            _ => ErrorKind::Invalid,
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            FieldProblem::NoLabel => "/label",
            FieldProblem::Alias(_) => "/alias",
            FieldProblem::UnknownType(_) => "/type",
            FieldProblem::NoChoices | FieldProblem::ChoiceTwice(_) | FieldProblem::ChoiceWithBar => "/options",
            FieldProblem::Default(_) => "/default_value",
            FieldProblem::CharLimit => "/char_limit",
            FieldProblem::Unique | FieldProblem::Twins { .. } | FieldProblem::TooManyValues { .. } => "/unique",
            _ => return Vec::new(),
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
    }
}
