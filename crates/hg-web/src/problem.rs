//! The only place where the kind of an error meets an HTTP status (RFC 9457 bodies).

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hg_app::{Error, ErrorKind};
use serde::Serialize;
use utoipa::ToSchema;

/// What a native handler gives back.
pub type Answer<T> = Result<T, Problem>;

/// An error on its way to a native client.
#[derive(Debug)]
pub struct Problem(pub Error);

impl<E: Into<Error>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// The body of every answer that reports a problem.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemBody {
    /// `/problems/` and the stable code.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    pub status: u16,
    /// A sentence that says what happened and what to do.
    pub detail: String,
    pub errors: Vec<ProblemField>,
}

/// One thing wrong in what was sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProblemField {
    /// JSON pointer into the body.
    pub pointer: String,
    pub code: String,
    pub detail: String,
}

/// The status that stands for a kind.
pub fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::Forbidden => StatusCode::FORBIDDEN,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Conflict => StatusCode::CONFLICT,
        ErrorKind::TooMany { .. } => StatusCode::TOO_MANY_REQUESTS,
        ErrorKind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Logs what somebody must look at, once, at the edge.
pub fn log(error: &Error) {
    if matches!(error.kind, ErrorKind::Internal | ErrorKind::Unavailable) {
        tracing::error!(error.code = %error.code, error = %error.detail, cause = ?error.source, "A request failed");
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Self(error) = self;
        log(&error);
        let status = status(error.kind);
        let body = ProblemBody {
            kind: format!("/problems/{}", error.code),
            title: status.canonical_reason().unwrap_or("Problem").to_owned(),
            status: status.as_u16(),
            detail: error.detail,
            errors: error
                .fields
                .into_iter()
                .map(|f| ProblemField { pointer: f.pointer, code: f.code.into_owned(), detail: f.detail })
                .collect(),
        };
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let ErrorKind::TooMany { retry_after } = error.kind {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
        }
        response
    }
}
