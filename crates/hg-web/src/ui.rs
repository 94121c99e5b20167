//! The admin app, embedded into the binary. `/` leads to it.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use rust_embed::RustEmbed;

use crate::Web;

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
#[allow_missing = true]
struct Files;

pub fn router() -> Router<Web> {
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/s/") }))
        .route("/s", get(|| async { Redirect::permanent("/s/") }))
        .route("/s/", get(file))
        .route("/s/{*path}", get(file))
}

async fn file(uri: Uri, request: Request) -> Response {
    let path = uri.path().strip_prefix("/s/").unwrap_or("");
    if let Some(found) = Files::get(path).filter(|_| !path.is_empty()) {
        let mime = mime_guess::from_path(path).first_or_octet_stream();
        let mut response = (StatusCode::OK, found.data).into_response();
        let headers = response.headers_mut();
        if let Ok(value) = HeaderValue::from_str(mime.as_ref()) {
            headers.insert(header::CONTENT_TYPE, value);
        }
        // File names under assets/ carry a hash of their content.
        let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
        return response;
    }
    if path.starts_with("assets/") || path.starts_with("api/") {
        return (StatusCode::NOT_FOUND, "There is nothing at this address.").into_response();
    }
    drop(request);
    page()
}

/// Every address of the app is the same page; the app finds its way by itself.
fn page() -> Response {
    let Some(index) = Files::get("index.html") else {
        return (StatusCode::SERVICE_UNAVAILABLE, "The app was not built into this binary. Build it with script/build.")
            .into_response();
    };
    let mut response = (StatusCode::OK, index.data).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
