//! What can be wrong with what is asked of companies.

use crate::error::{DomainError, ErrorKind, FieldError};

#[derive(Debug, thiserror::Error)]
pub enum CompanyProblem {
    #[error("{label} is required.")]
    Required { alias: String, label: String },
    #[error("Another company already has this {label}. Open that one, or merge the two.")]
    NotUnique { alias: String, label: String },
    #[error("A company cannot be merged into itself. Choose another one.")]
    Itself,
    #[error("The contact does not belong to this company.")]
    NotLinked,
    #[error("There is no field “{0}” of companies to sort by.")]
    Sort(String),
    #[error("There is no field “{0}” of companies.")]
    UnknownField(String),
    #[error("At most {most} companies can be deleted at once; choose fewer.")]
    TooMany { most: usize },
}

impl DomainError for CompanyProblem {
    fn code(&self) -> &'static str {
        match self {
            CompanyProblem::Required { .. } => "company.required",
            CompanyProblem::NotUnique { .. } => "company.not-unique",
            CompanyProblem::Itself => "company.itself",
            CompanyProblem::NotLinked => "company.not-linked",
            CompanyProblem::Sort(_) => "company.sort",
            CompanyProblem::UnknownField(_) => "company.unknown-field",
            CompanyProblem::TooMany { .. } => "company.too-many",
        }
    }

    fn kind(&self) -> ErrorKind {
        match self {
            CompanyProblem::NotUnique { .. } => ErrorKind::Conflict,
            CompanyProblem::NotLinked => ErrorKind::NotFound,
            _ => ErrorKind::Invalid,
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            CompanyProblem::Required { alias, .. } | CompanyProblem::NotUnique { alias, .. } => format!("/fields/{alias}"),
            CompanyProblem::Itself => "/into".to_owned(),
            CompanyProblem::Sort(_) => "/sort".to_owned(),
            CompanyProblem::UnknownField(_) => "/columns".to_owned(),
            CompanyProblem::TooMany { .. } => "/ids".to_owned(),
            CompanyProblem::NotLinked => return Vec::new(),
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
    }
}
