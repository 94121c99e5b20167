//! The two scripts that other people's pages load. They hold nothing about anybody.

use axum::http::header;
use axum::response::IntoResponse;

use super::visitor::Asked;

const TRACKING: &str = include_str!("assets/mtc.js");
const FORMS: &str = include_str!("assets/mautic-form.js");

fn script(text: &'static str, site: &str) -> impl IntoResponse + use<> {
    let headers =
        [(header::CONTENT_TYPE, "application/javascript; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, text.replace("__SITE__", site))
}

pub async fn tracking(asked: Asked) -> impl IntoResponse {
    script(TRACKING, &hg_app::emails::site_url(&asked.cx.ws))
}

pub async fn forms(asked: Asked) -> impl IntoResponse {
    script(FORMS, &hg_app::emails::site_url(&asked.cx.ws))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_tracking_script_stays_below_five_kilobytes() {
        assert!(super::TRACKING.len() < 5 * 1024, "{} bytes", super::TRACKING.len());
    }
}
