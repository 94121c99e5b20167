//! Landing pages.

use axum::extract::Path;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use hg_app::pages::{self, Served};
use hg_core::tracking::HitParams;

use super::mails::page;
use super::visitor::{Asked, never_cache, remember};
use crate::problem;

/// `/{slug}`. Counted before the last byte; a page holds what it wants, so scripts of its own run here and nowhere else.
pub async fn show(asked: Asked, Path(slug): Path<String>) -> Response {
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(asked.query.as_bytes())
        .into_owned()
        .filter(|(name, _)| name != "page_url" && name != "d")
        .collect();
    let referrer = asked.header("referer").to_owned();
    let params = HitParams { referrer, ..HitParams::read(pairs, &asked.url) };
    match pages::serve(&asked.cx, &slug, asked.visitor, params).await {
        Ok(Served::Page { html, answer }) => remember(asked.secure, never_cache(Html(html).into_response()), &answer),
        Ok(Served::Redirect { status, url, answer }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::FOUND);
            match HeaderValue::from_str(&url) {
                Ok(location) => {
                    remember(asked.secure, never_cache((status, [(header::LOCATION, location)]).into_response()), &answer)
                }
                Err(_) => not_found(),
            }
        }
        Ok(Served::Forbidden) => page(StatusCode::FORBIDDEN, "Not public", "<p>This page is not published.</p>"),
        Ok(Served::NotFound) => not_found(),
        Err(error) => {
            problem::log(&error);
            page(problem::status(error.kind), "Not now", "<p>This page cannot be shown at the moment. Try again in a minute.</p>")
        }
    }
}

fn not_found() -> Response {
    page(StatusCode::NOT_FOUND, "Not found", "<p>There is no page at this address.</p>")
}
