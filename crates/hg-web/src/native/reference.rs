//! The description of the API, for programs and for people.

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

use crate::Web;

pub fn router() -> Router<Web> {
    Router::new()
        .route("/openapi.json", get(|| async { axum::Json(super::openapi()) }))
        .route("/reference", get(page))
        .route("/reference.js", get(|| async { ([(header::CONTENT_TYPE, "text/javascript")], include_str!("reference.js")) }))
}

async fn page() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], include_str!("reference.html"))
}
