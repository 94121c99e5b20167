//! Forms on the pages of anybody.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Path, Query, Request};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use hg_app::emails::site_url;
use hg_app::forms::{self, After, Post, Submitted};
use hg_app::tracking::HitAnswer;
use hg_core::forms::{RenderWishes, generator_script, render};
use hg_core::ids::{FormId, PageId, alphanumeric};
use hg_core::tokens::escaped_html;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::mails::page;
use super::visitor::{Asked, never_cache, remember};
use crate::problem;
use crate::request::Secure;

/// What a browser posted, by the names inside `mauticform[…]`.
pub struct Posted(BTreeMap<String, String>);

impl<S: Send + Sync> FromRequest<S> for Posted {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let unreadable = || page(StatusCode::BAD_REQUEST, "Not readable", "<p>What was sent cannot be read.</p>");
        let kind = request.headers().get(CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default().to_ascii_lowercase();
        let (parts, body) = request.into_parts();
        let bytes = whole(body).await?.ok_or_else(unreadable)?;
        let mut values = BTreeMap::new();
        if kind.starts_with("multipart/form-data") {
            let again = Request::from_parts(parts, Body::from(bytes));
            let mut parts = Multipart::from_request(again, state).await.map_err(|_| unreadable())?;
            while let Some(part) = parts.next_field().await.map_err(|_| unreadable())? {
                let name = part.name().unwrap_or_default().to_owned();
                put(&mut values, &name, part.text().await.map_err(|_| unreadable())?);
            }
            return Ok(Self(values));
        }
        for (name, value) in url::form_urlencoded::parse(&bytes).into_owned().take(1_000) {
            put(&mut values, &name, value);
        }
        Ok(Self(values))
    }
}

/// Posts of forms may be this long.
const LONGEST: usize = 1024 * 1024;
/// So much of what is too long is read and thrown away: a browser shows the answer only when it could send everything.
const PATIENCE: usize = 64 * 1024 * 1024;

/// The body; none when it broke off.
async fn whole(body: Body) -> Result<Option<Bytes>, Response> {
    let mut stream = body.into_data_stream();
    let (mut kept, mut length) = (BytesMut::new(), 0);
    while let Some(chunk) = stream.next().await {
        let Ok(chunk) = chunk else { return Ok(None) };
        length += chunk.len();
        if length <= LONGEST {
            kept.extend_from_slice(&chunk);
        } else if length > PATIENCE {
            break;
        } else {
            kept.clear();
        }
    }
    if length > LONGEST {
        return Err(page(StatusCode::PAYLOAD_TOO_LARGE, "Too large", "<p>What you sent is too large.</p>"));
    }
    Ok(Some(kept.freeze()))
}

/// `mauticform[alias]`, also with `[]` behind it; several values of one name are joined by `|`.
fn put(values: &mut BTreeMap<String, String>, name: &str, value: String) {
    let Some(inner) = name.strip_prefix("mauticform[").and_then(|rest| rest.split(']').next()) else { return };
    values.entry(inner.to_lowercase()).and_modify(|there| *there = format!("{there}|{value}")).or_insert(value);
}

#[derive(Deserialize)]
pub struct FormParam {
    #[serde(rename = "formId")]
    form_id: Option<String>,
    id: Option<String>,
}

impl FormParam {
    fn id(&self) -> Option<FormId> {
        self.form_id.as_ref().or(self.id.as_ref())?.parse().ok()
    }
}

pub async fn no_get() -> Response {
    page(StatusCode::FORBIDDEN, "Not this way", "<p>Forms are sent with POST.</p>")
}

struct Sent {
    outcome: Submitted,
    values: BTreeMap<String, String>,
    back: String,
    cx: hg_app::Cx,
    secure: Secure,
}

async fn take(asked: Asked, param: FormParam, posted: Posted) -> Result<Sent, Response> {
    let values = posted.0;
    let text = |name: &str| values.get(name).map(|v| v.trim().to_owned()).unwrap_or_default();
    let form = text("formid").parse().ok().map(FormId).or_else(|| param.id());
    let back = Some(text("return")).filter(|r| !r.is_empty()).unwrap_or_else(|| asked.header("referer").to_owned());
    let Some(form) = form else {
        return Ok(Sent { outcome: Submitted::Unavailable, back, values, cx: asked.cx, secure: asked.secure });
    };
    let post = Post {
        form,
        visitor: asked.visitor,
        referrer: back.clone(),
        page: text("mauticpage").parse().ok().map(PageId),
        nonce: Some(text("nonce")).filter(|n| !n.is_empty() && n.len() <= 64),
        values: values.clone(),
    };
    match forms::submit(&asked.cx, post).await {
        Ok(outcome) => Ok(Sent { outcome, values, back, cx: asked.cx, secure: asked.secure }),
        Err(error) => {
            problem::log(&error);
            Err(page(problem::status(error.kind), "Not now", "<p>Your answer could not be stored. Try again in a minute.</p>"))
        }
    }
}

/// Without a script: everything by redirects. With `messenger`: a frame that tells the page around it.
pub async fn submit(asked: Asked, Query(param): Query<FormParam>, posted: Posted) -> Response {
    let sent = match take(asked, param, posted).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    if sent.values.get("messenger").is_some_and(|m| m == "1") {
        return messenger(&sent);
    }
    let response = match &sent.outcome {
        Submitted::Done { after, .. } => match after {
            After::Redirect(url) => to(url),
            After::Return if !sent.back.is_empty() => to(&sent.back),
            After::Return => to("/form/message"),
            After::Message(text) => thanks(text),
        },
        Submitted::Refused { problems, form } => {
            let list: String = problems.iter().map(|p| format!("<li>{}</li>", escaped_html(&p.message))).collect();
            refused(&sent.back, &format!("<ol>{list}</ol>"), form)
        }
        Submitted::Unavailable => refused(&sent.back, "This form is not available.", ""),
    };
    remember(sent.secure, never_cache(response), &device_of(&sent.outcome))
}

fn device_of(outcome: &Submitted) -> HitAnswer {
    match outcome {
        Submitted::Done { tracking_id, contact, .. } if tracking_id.is_some() => {
            HitAnswer { tracking_id: tracking_id.clone(), contact: *contact, ..HitAnswer::default() }
        }
        _ => HitAnswer::default(),
    }
}

fn to(url: &str) -> Response {
    match HeaderValue::from_str(url) {
        Ok(location) if is_web(url) => (StatusCode::FOUND, [(LOCATION, location)]).into_response(),
        _ => (StatusCode::FOUND, [(LOCATION, HeaderValue::from_static("/form/message"))]).into_response(),
    }
}

fn is_web(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://") || (url.starts_with('/') && !url.starts_with("//"))
}

fn thanks(text: &str) -> Response {
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("m", text).finish();
    // The text is ours or escaped; long ones would not fit into an address.
    if query.len() < 1_500 { to(&format!("/form/message?{query}")) } else { to("/form/message") }
}

fn refused(back: &str, html: &str, form: &str) -> Response {
    if !is_web(back) {
        return page(StatusCode::BAD_REQUEST, "Please check", html);
    }
    let (address, _) = back.split_once('#').unwrap_or((back, ""));
    let sign = if address.contains('?') { '&' } else { '?' };
    let error = url::form_urlencoded::Serializer::new(String::new()).append_pair("mauticError", html).finish();
    to(&format!("{address}{sign}{error}#{form}"))
}

/// The parts of a reply that scripts read.
fn reply(sent: &Sent) -> Map<String, Value> {
    let mut out = Map::new();
    match &sent.outcome {
        Submitted::Done { after, results, form, .. } => {
            out.insert("success".into(), json!(1));
            out.insert("formName".into(), json!(form));
            out.insert("results".into(), results.iter().map(|(k, v)| (k.clone(), json!(v))).collect());
            match after {
                After::Message(text) => out.insert("successMessage".into(), json!(text)),
                After::Redirect(url) => out.insert("redirect".into(), json!(url)),
                After::Return => out.insert("successMessage".into(), json!("Thank you.")),
            };
        }
        Submitted::Refused { problems, form } => {
            out.insert("success".into(), json!(0));
            out.insert("formName".into(), json!(form));
            out.insert("validationErrors".into(), problems.iter().map(|p| (p.alias.clone(), json!(p.message))).collect());
        }
        Submitted::Unavailable => {
            out.insert("success".into(), json!(0));
            out.insert("errorMessage".into(), json!("This form is not available."));
        }
    }
    out
}

fn messenger(sent: &Sent) -> Response {
    let text = Value::from(Value::Object(reply(sent)).to_string()).to_string().replace("</", "<\\/");
    let origin = sent.back.split('/').take(3).collect::<Vec<_>>().join("/");
    let origin = if origin.starts_with("http") { origin } else { site_url(&sent.cx.ws) };
    let html = format!(
        "<!DOCTYPE html><html><head><title>Sent</title></head><body><script>parent.postMessage({text},{})</script></body></html>",
        json!(origin)
    );
    let response = ([(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response();
    remember(sent.secure, never_cache(response), &device_of(&sent.outcome))
}

pub async fn submit_ajax(asked: Asked, Query(param): Query<FormParam>, posted: Posted) -> Response {
    let sent = match take(asked, param, posted).await {
        Ok(sent) => sent,
        Err(response) => return response,
    };
    let mut out = reply(&sent);
    let good = matches!(sent.outcome, Submitted::Done { .. });
    out.insert("success".into(), json!(good));
    out.insert("type".into(), json!(if good { "notice" } else { "error" }));
    let message = out.get("successMessage").or_else(|| out.get("errorMessage")).cloned().unwrap_or_else(|| json!(""));
    out.insert("message".into(), message);
    remember(sent.secure, never_cache(Json(Value::Object(out)).into_response()), &device_of(&sent.outcome))
}

#[derive(Deserialize)]
pub struct MessageParam {
    #[serde(default)]
    m: String,
}

/// What people read after sending a form without a script. Plain text only: anybody can write such an address.
pub async fn message(Query(param): Query<MessageParam>) -> Response {
    let text = hg_core::tokens::strip_tags(&param.m);
    let text = if text.trim().is_empty() { "Thank you.".to_owned() } else { text.chars().take(1_000).collect() };
    page(StatusCode::OK, "Thank you", &format!("<p>{}</p>", escaped_html(&hg_core::tokens::decode_entities(&text))))
}

fn script(text: String) -> Response {
    never_cache(([(CONTENT_TYPE, "text/javascript; charset=utf-8")], text).into_response())
}

/// The script that writes a form onto a page; empty for forms that are not published.
pub async fn generate(asked: Asked, Query(param): Query<FormParam>) -> Response {
    let Some(id) = param.id() else { return script(String::new()) };
    match forms::public_form(&asked.cx, id).await {
        Ok(Some(form)) => script(generator_script(&form.form(), &site_url(&asked.cx.ws))),
        Ok(None) => script(String::new()),
        Err(error) => {
            problem::log(&error);
            script(String::new())
        }
    }
}

async fn html_of(asked: &Asked, id: &str) -> Result<Option<(String, String)>, Response> {
    let Ok(id) = id.parse::<i64>() else { return Ok(None) };
    match forms::public_form(&asked.cx, FormId(id)).await {
        Ok(found) => Ok(found.map(|form| {
            let site = site_url(&asked.cx.ws);
            let nonce = alphanumeric(asked.cx.chance(), 24);
            let error = url::form_urlencoded::parse(asked.query.as_bytes())
                .find(|(n, _)| n == "mauticError")
                .map(|(_, v)| hg_core::tokens::strip_tags(&v.replace("</li>", " ")));
            let wishes = RenderWishes {
                site_url: &site,
                nonce: Some(&nonce),
                with_style: true,
                error: error.as_deref(),
                ..RenderWishes::default()
            };
            (form.name.clone(), render(&form.form(), &wishes))
        })),
        Err(error) => {
            problem::log(&error);
            Err(page(problem::status(error.kind), "Not now", "<p>This form cannot be shown at the moment.</p>"))
        }
    }
}

/// The bare form.
pub async fn embed(asked: Asked, Path(id): Path<String>) -> Response {
    match html_of(&asked, &id).await {
        Ok(Some((_, html))) => never_cache(([(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response()),
        Ok(None) => page(StatusCode::NOT_FOUND, "Not found", "<p>There is no such form.</p>"),
        Err(response) => response,
    }
}

/// The form on a page of its own, also for frames.
pub async fn themed(asked: Asked, Path(id): Path<String>) -> Response {
    match html_of(&asked, &id).await {
        Ok(Some((name, html))) => page(StatusCode::OK, &escaped_html(&name), &html),
        Ok(None) => page(StatusCode::NOT_FOUND, "Not found", "<p>There is no such form.</p>"),
        Err(response) => response,
    }
}
