//! What a use case answers when it cannot do what was asked.
//!
//! Each domain has an enum of its own that implements [`DomainError`]; services give [`Error`], which carries the
//! kind (what the caller can do about it), a stable code (`segment.in-use`) and a sentence for a person.

use std::borrow::Cow;
use std::fmt;

use hg_store::StoreError;

/// What the caller can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// What was sent is wrong; the fields say where.
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    /// It stands against something else; the sentence says against what.
    Conflict,
    /// Later, after this many seconds.
    TooMany {
        retry_after: u64,
    },
    /// The body is too large.
    TooLarge,
    /// Something Honeyguide needs cannot be reached; later tries may work.
    Unavailable,
    Internal,
}

/// One thing wrong in what was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// JSON pointer into the body (`/email`, `/filter/rules/2`).
    pub pointer: String,
    /// Stable code, such as `required`.
    pub code: Cow<'static, str>,
    /// A sentence that says what to do.
    pub detail: String,
}

impl FieldError {
    pub fn new(pointer: impl Into<String>, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }
}

/// An error of a domain: `thiserror` enums with a stable code a variant.
pub trait DomainError: std::error::Error + Send + Sync + 'static {
    fn code(&self) -> &'static str;
    fn kind(&self) -> ErrorKind;
    /// Where in the body, when the kind is [`ErrorKind::Invalid`].
    fn fields(&self) -> Vec<FieldError> {
        Vec::new()
    }
}

/// What a use case gives back instead of its result.
#[derive(Debug)]
pub struct Error {
    pub kind: ErrorKind,
    pub code: Cow<'static, str>,
    pub detail: String,
    pub fields: Vec<FieldError>,
    /// For the log, never for the caller.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub fn new(kind: ErrorKind, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { kind, code: code.into(), detail: detail.into(), fields: Vec::new(), source: None }
    }

    /// One or more fields are wrong.
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        let detail = fields.iter().map(|f| f.detail.as_str()).collect::<Vec<_>>().join(" ");
        Self { kind: ErrorKind::Invalid, code: "invalid".into(), detail, fields, source: None }
    }

    /// One field is wrong.
    pub fn field(pointer: impl Into<String>, code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(pointer, code, detail)])
    }

    pub fn not_found(what: &'static str, id: impl fmt::Display) -> Self {
        Self::new(ErrorKind::NotFound, format!("{what}.not-found"), format!("There is no {what} {id}; it may have been deleted."))
    }

    pub fn conflict(code: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Conflict, code, detail)
    }

    /// Somebody else saved in between (optimistic lock).
    pub fn changed_meanwhile(what: &str) -> Self {
        Self::conflict(
            "changed-meanwhile",
            format!("Somebody else changed this {what} in the meantime. Load it again, then apply your change."),
        )
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Forbidden, "forbidden", detail)
    }

    pub fn unauthenticated() -> Self {
        Self::new(ErrorKind::Unauthenticated, "unauthenticated", "Sign in first.")
    }

    pub fn internal(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, "internal", detail)
    }

    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(ErrorKind::Unavailable, "unavailable", detail)
    }

    pub fn is_not_found(&self) -> bool {
        self.kind == ErrorKind::NotFound
    }

    /// The storage error behind this one.
    pub fn store(&self) -> Option<&StoreError> {
        self.source.as_deref().and_then(|s| s.downcast_ref())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|s| s as _)
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        let (kind, code, detail) = match &error {
            StoreError::NoRow => {
                (ErrorKind::NotFound, "not-found", "There is no such thing; it may have been deleted.".to_owned())
            }
            StoreError::Unique { .. } => {
                (ErrorKind::Conflict, "already-there", "Something with the same name or address is already there.".to_owned())
            }
            StoreError::Contended => {
                (ErrorKind::Unavailable, "busy", "Too many changes at the same place at once. Try again.".to_owned())
            }
            StoreError::DiskFull => (ErrorKind::Unavailable, "disk-full", error.to_string()),
            StoreError::Unwritable(_) => (ErrorKind::Unavailable, "disk-unwritable", error.to_string()),
            StoreError::Closed => {
                (ErrorKind::Unavailable, "closing", "Honeyguide is stopping. Try again in a moment.".to_owned())
            }
            StoreError::Unreachable(_) => {
                (ErrorKind::Unavailable, "database", "The database cannot be reached. Try again in a moment.".to_owned())
            }
            _ => (ErrorKind::Internal, "internal", "Something went wrong on our side; it has been logged.".to_owned()),
        };
        Self { kind, code: code.into(), detail, fields: Vec::new(), source: Some(Box::new(error)) }
    }
}

impl<E: DomainError> From<E> for Error {
    fn from(error: E) -> Self {
        Self {
            kind: error.kind(),
            code: error.code().into(),
            detail: error.to_string(),
            fields: error.fields(),
            source: Some(Box::new(error)),
        }
    }
}
