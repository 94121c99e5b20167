//! Answers in the old shape: errors, envelopes, headers (`api.md` §2, `observed.md`).

use axum::Json;
use axum::extract::OriginalUri;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hg_app::{Error, ErrorKind, FieldError};
use serde_json::{Map, Value, json};

use super::MAUTIC_VERSION;
use crate::problem;

/// What a compatible handler gives back.
pub type CompatAnswer<T = Response> = Result<T, CompatError>;

/// `{"errors":[{code, message, details, type}]}`.
#[derive(Debug)]
pub struct CompatError {
    pub status: StatusCode,
    pub message: String,
    pub kind: Option<&'static str>,
    /// Field → messages.
    pub details: Box<Map<String, Value>>,
    /// The part of the body that an error of the type `validation` is about, such as `data.events[0].name`.
    pub place: Option<String>,
    pub retry_after: Option<u64>,
}

impl CompatError {
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), kind: None, details: Box::default(), place: None, retry_after: None }
    }

    /// 400 with a sentence.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 422 about one part of a nested body (§4.1).
    pub fn invalid(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: Some(place.into()), ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, message) }
    }

    pub fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Item was not found.")
    }

    pub(super) fn denied(message: &str) -> Self {
        Self { kind: Some("access_denied"), ..Self::new(StatusCode::UNAUTHORIZED, message) }
    }

    /// The error as it stands inside `errors` of a list or a batch.
    pub fn body(&self) -> Value {
        if let Some(place) = &self.place {
            return json!({"code": self.status.as_u16(), "message": self.message, "details": place, "type": "validation"});
        }
        let details = if self.details.is_empty() { json!([]) } else { Value::Object((*self.details).clone()) };
        if self.kind.is_some() {
            return json!({"message": self.message, "code": self.status.as_u16(), "type": self.kind});
        }
        json!({"code": self.status.as_u16(), "message": self.message, "details": details, "type": null})
    }
}

/// The key of the old body that an error is about.
fn place(field: &FieldError) -> String {
    // One of many is called by what they are together.
    let is_name = |part: &&str| !part.is_empty() && part.parse::<usize>().is_err();
    match field.pointer.rsplit('/').find(is_name) {
        Some("owner_id") => "owner".to_owned(),
        Some("from_address") => "fromAddress".to_owned(),
        Some("from_name") => "fromName".to_owned(),
        Some("reply_to") => "replyToAddress".to_owned(),
        name => name.unwrap_or("body").to_owned(),
    }
}

impl From<Error> for CompatError {
    fn from(error: Error) -> Self {
        problem::log(&error);
        match error.kind {
            ErrorKind::NotFound => Self::not_found(),
            ErrorKind::Forbidden => Self::new(StatusCode::FORBIDDEN, "You do not have access to the requested area/action."),
            ErrorKind::Unauthenticated => Self::denied("API authorization denied."),
            ErrorKind::Invalid => {
                let mut details = Map::new();
                for field in &error.fields {
                    match details.entry(place(field)).or_insert_with(|| json!([])) {
                        Value::Array(list) => list.push(json!(field.detail)),
                        _ => unreachable!("only lists are put in"),
                    }
                }
                let message = error.fields.iter().map(|f| format!("{}: {}", place(f), f.detail));
                let message = message.collect::<Vec<_>>().join(", ");
                Self { details: Box::new(details), ..Self::bad(if message.is_empty() { error.detail } else { message }) }
            }
            ErrorKind::TooMany { retry_after } => {
                Self { retry_after: Some(retry_after), ..Self::new(StatusCode::TOO_MANY_REQUESTS, error.detail) }
            }
            kind => Self::new(problem::status(kind), error.detail),
        }
    }
}

impl IntoResponse for CompatError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(json!({ "errors": [self.body()] }))).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"Honeyguide\""));
        }
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// 404 for addresses below `/api` that lead nowhere.
pub async fn unknown_url(OriginalUri(uri): OriginalUri) -> Response {
    let body = json!({"errors": [{"message": format!("Requested URL not found: {}", uri.path()), "code": 404, "type": null}]});
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

/// 405 where an address knows other methods.
pub async fn other_method() -> Response {
    CompatError::new(StatusCode::METHOD_NOT_ALLOWED, "This address does not know this method.").into_response()
}

/// `Mautic-Version`, which clients read, and no caching.
pub async fn version_headers(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert("mautic-version", HeaderValue::from_static(MAUTIC_VERSION));
    headers.insert("honeyguide-version", HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

/// 201 with the address of what was made.
pub fn created(path: &str, id: i64, body: Value) -> Response {
    let mut response = (StatusCode::CREATED, Json(body)).into_response();
    if let Ok(value) = HeaderValue::from_str(&format!("/api/{path}/{id}")) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}

/// Rows keyed by id in the order of the list; `empty` is what an empty list looks like (`{}` or `[]`).
pub fn keyed(rows: impl IntoIterator<Item = (i64, Value)>, empty: Value) -> Value {
    let map: Map<String, Value> = rows.into_iter().map(|(id, v)| (id.to_string(), v)).collect();
    if map.is_empty() { empty } else { Value::Object(map) }
}
