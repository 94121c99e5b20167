//! What providers report about mail that they carry for us.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use hg_app::Cx;
use hg_app::returns::webhooks::{self, Callback, Provider, Refused};

use crate::{Web, problem};

/// A report may hold thousands of events.
pub const LONGEST_REPORT: usize = 8 * 1024 * 1024;

fn callback(headers: &HeaderMap, body: &Bytes) -> Callback {
    let text = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
    };
    Callback { headers: headers.iter().filter_map(text).collect(), body: body.to_vec() }
}

/// `/mailer/callback/{provider}`.
pub async fn named(State(web): State<Web>, Path(provider): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    match Provider::of_key(&provider) {
        Some(provider) => take(&web, provider, callback(&headers, &body)).await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// `/mailer/callback`, the one address of Mautic: whose report it is, it tells itself.
pub async fn any(State(web): State<Web>, headers: HeaderMap, body: Bytes) -> Response {
    let callback = callback(&headers, &body);
    match callback.provider() {
        Some(provider) => take(&web, provider, callback).await,
        None => (StatusCode::BAD_REQUEST, "This is no report of a mail provider that Honeyguide knows.").into_response(),
    }
}

async fn take(web: &Web, provider: Provider, callback: Callback) -> Response {
    match webhooks::take(&Cx::public(&web.ws), provider, callback).await {
        Ok(Ok(_)) => (StatusCode::OK, "ok").into_response(),
        Ok(Err(Refused::Unreadable)) => (StatusCode::BAD_REQUEST, "This report cannot be read.").into_response(),
        Ok(Err(Refused::Forged)) => (StatusCode::FORBIDDEN, "The signature of this report is not right.").into_response(),
        Ok(Err(Refused::Stale)) => (StatusCode::FORBIDDEN, "This report is too old.").into_response(),
        Ok(Err(Refused::Later(_))) => (StatusCode::SERVICE_UNAVAILABLE, "Try again in a few minutes.").into_response(),
        Err(error) => {
            problem::log(&error);
            problem::status(error.kind).into_response()
        }
    }
}
