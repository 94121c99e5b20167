//! What the links inside mails lead to.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use hg_app::sending::unsubscribe::{self, LeaveLink, Leaver};
use hg_app::{Cx, Result, sending, tracking};
use hg_core::ids::EmailId;
use hg_core::tokens::escaped_html;

use super::preferences;
use super::tracking::gif;
use super::visitor::{Asked, never_cache};
use crate::problem;

/// The open pixel, `/email/{key}.gif`. An unknown key gets the same picture.
pub async fn pixel(asked: Asked, Path(file): Path<String>) -> Response {
    let Some(key) = file.strip_suffix(".gif") else { return StatusCode::NOT_FOUND.into_response() };
    if let Err(error) = tracking::read_in_mail(&asked.cx, key, &asked.visitor).await {
        problem::log(&error);
    }
    gif()
}

/// The link that no person sees.
pub async fn more(asked: Asked, Path(key): Path<String>) -> Response {
    if let Err(error) = tracking::trapped(&asked.cx, &key, &asked.visitor).await {
        problem::log(&error);
    }
    page(StatusCode::OK, "Nothing here", "<p>There is nothing to see here.</p>")
}

/// A mail in the browser. It may hold anything, so it may run nothing.
pub async fn view(asked: Asked, Path(key): Path<String>) -> Response {
    match sending::web_view(&asked.cx, &key).await {
        Ok(Some((html, _))) => {
            if let Err(error) = tracking::read_in_browser(&asked.cx, &key, &asked.visitor).await {
                problem::log(&error);
            }
            mail(html)
        }
        Ok(None) => page(StatusCode::NOT_FOUND, "Not found", "<p>This message is not kept any more.</p>"),
        Err(error) => failed(error),
    }
}

/// The public preview of an email is for people who may see emails.
pub async fn preview(asked: Asked, Path(id): Path<String>) -> Response {
    let Ok(id) = id.parse::<i64>() else { return StatusCode::NOT_FOUND.into_response() };
    match sending::preview_page(&asked.cx, EmailId(id)).await {
        Ok(html) => mail(html),
        Err(_) => page(StatusCode::FORBIDDEN, "Not public", "<p>This preview is not public.</p>"),
    }
}

fn mail(html: String) -> Response {
    let policy = "default-src 'none'; img-src * data:; style-src * 'unsafe-inline'; font-src *; sandbox allow-popups allow-top-navigation-by-user-activation";
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    never_cache((headers, html).into_response())
}

fn failed(error: hg_app::Error) -> Response {
    problem::log(&error);
    page(problem::status(error.kind), "Not now", "<p>This cannot be done at the moment. Try again in a minute.</p>")
}

fn by_key(key: String) -> LeaveLink {
    LeaveLink { key, ..LeaveLink::default() }
}

fn by_secret((key, address, secret): (String, String, String)) -> LeaveLink {
    LeaveLink { key, address, secret }
}

pub async fn ask(asked: Asked, Path(key): Path<String>, RawQuery(query): RawQuery) -> Response {
    show(asked, by_key(key), query).await
}

pub async fn ask_by_secret(asked: Asked, Path(link): Path<(String, String, String)>, RawQuery(query): RawQuery) -> Response {
    show(asked, by_secret(link), query).await
}

/// The way out of everything never leads to preferences.
pub async fn ask_to_leave(asked: Asked, Path(key): Path<String>) -> Response {
    one_button(asked, by_key(key)).await
}

pub async fn ask_to_leave_by_secret(asked: Asked, Path(link): Path<(String, String, String)>) -> Response {
    one_button(asked, by_secret(link)).await
}

pub async fn leave(asked: Asked, Path(key): Path<String>, body: Bytes) -> Response {
    act(asked, by_key(key), body).await
}

pub async fn leave_by_secret(asked: Asked, Path(link): Path<(String, String, String)>, body: Bytes) -> Response {
    act(asked, by_secret(link), body).await
}

/// The preference centre, where the settings say so.
async fn show(asked: Asked, link: LeaveLink, query: Option<String>) -> Response {
    if asked.cx.ws.settings().preferences.show_preferences {
        let saved = query.is_some_and(|q| q.split('&').any(|part| part == "saved=1"));
        return match hg_app::preferences::centre(&asked.cx, link).await {
            Ok(Some(centre)) => preferences::show(&centre, saved),
            Ok(None) => unknown(),
            Err(error) => failed(error),
        };
    }
    one_button(asked, link).await
}

/// One button; it works without a script, and scanners that only look change nothing.
async fn one_button(asked: Asked, link: LeaveLink) -> Response {
    if asked.cx.ws.settings().sending.unsubscribe_on_get && !asked.visitor.is_head {
        return told(unsubscribe::leave(&asked.cx, link).await, &asked.cx);
    }
    match unsubscribe::of_link(&asked.cx, link).await {
        Ok(Some(leaver)) if leaver.has_left => left_page(&leaver, &asked.cx),
        Ok(Some(leaver)) => {
            let address = escaped_html(&leaver.address);
            let text = format!(
                "<p>Stop sending email to <strong>{address}</strong>?</p><form method=\"post\"><button type=\"submit\">Unsubscribe</button></form>"
            );
            page(StatusCode::OK, "Unsubscribe", &text)
        }
        Ok(None) => unknown(),
        Err(error) => failed(error),
    }
}

async fn act(asked: Asked, link: LeaveLink, body: Bytes) -> Response {
    let one_click = url::form_urlencoded::parse(&body).any(|(name, value)| name == "List-Unsubscribe" && value == "One-Click");
    if !one_click
        && asked.cx.ws.settings().preferences.show_preferences
        && let Some(said) = preferences::read(&body)
    {
        return match hg_app::preferences::save(&asked.cx, link, said).await {
            // Reloading the page says nothing twice.
            Ok(Some(_)) => never_cache((StatusCode::SEE_OTHER, [(header::LOCATION, "?saved=1")]).into_response()),
            Ok(None) => unknown(),
            Err(error) => failed(error),
        };
    }
    let done = unsubscribe::leave(&asked.cx, link).await;
    if one_click {
        return match done {
            Ok(Some(_)) => never_cache("Unsubscribed.".into_response()),
            Ok(None) => never_cache((StatusCode::NOT_FOUND, "Unknown.").into_response()),
            Err(error) => failed(error),
        };
    }
    told(done, &asked.cx)
}

fn told(done: Result<Option<Leaver>>, cx: &Cx) -> Response {
    match done {
        Ok(Some(leaver)) => left_page(&leaver, cx),
        Ok(None) => unknown(),
        Err(error) => failed(error),
    }
}

fn left_page(leaver: &Leaver, cx: &Cx) -> Response {
    let site = escaped_html(&cx.ws.settings().general.site_name);
    let back = match &leaver.key {
        Some(key) => {
            format!("<p>That was a mistake? <a href=\"/email/resubscribe/{}\">Subscribe again</a></p>", escaped_html(key))
        }
        None => String::new(),
    };
    let text = format!("<p><strong>{}</strong> gets no more email from {site}.</p>{back}", escaped_html(&leaver.address));
    page(StatusCode::OK, "Unsubscribed", &text)
}

fn unknown() -> Response {
    page(
        StatusCode::OK,
        "Not found",
        "<p>This link is not known here. Perhaps it was cut off: copy all of it from your mail.</p>",
    )
}

/// One button for those who want mail again.
pub async fn ask_back(asked: Asked, Path(key): Path<String>) -> Response {
    match unsubscribe::of_link(&asked.cx, by_key(key)).await {
        Ok(Some(leaver)) => {
            let address = escaped_html(&leaver.address);
            let text = format!(
                "<p>Send email to <strong>{address}</strong> again?</p><form method=\"post\"><button type=\"submit\">Subscribe again</button></form>"
            );
            page(StatusCode::OK, "Subscribe again", &text)
        }
        Ok(None) => unknown(),
        Err(error) => failed(error),
    }
}

pub async fn come_back(asked: Asked, Path(key): Path<String>) -> Response {
    match unsubscribe::come_back(&asked.cx, by_key(key)).await {
        Ok(Some(leaver)) => {
            let text = format!("<p><strong>{}</strong> gets email again.</p>", escaped_html(&leaver.address));
            page(StatusCode::OK, "Welcome back", &text)
        }
        Ok(None) => unknown(),
        Err(error) => failed(error),
    }
}

/// A small page of our own.
pub fn page(status: StatusCode, title: &str, body: &str) -> Response {
    const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;color:#1a1a1a;background:#f6f6f4;margin:0}\
        main{max-width:32rem;margin:12vh auto;padding:2rem;background:#fff;border-radius:12px}\
        h1{font-size:1.4rem;margin:0 0 1rem}button{font:inherit;font-weight:600;color:#fff;background:#3b4cb8;border:0;\
        border-radius:8px;padding:.7em 1.4em;cursor:pointer}@media(prefers-color-scheme:dark){body{background:#1a1b1e;color:#e9e9ea}\
        main{background:#25262b}button{background:#4c5fd5}}";
    let html = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"robots\" content=\"noindex\"><title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1>{body}</main></body></html>"
    );
    never_cache((status, Html(html)).into_response())
}
