//! Hits and links.

use axum::Json;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hg_app::tracking::{self, Hit, HitAnswer};
use hg_core::tracking::{HitParams, PIXEL};
use serde_json::{Value, json};

use super::visitor::{Asked, never_cache, remember};
use crate::limit;
use crate::problem;
use crate::request::Secure;

/// The answer of every pixel.
pub fn gif() -> Response {
    never_cache(([(header::CONTENT_TYPE, "image/gif")], &PIXEL[..]).into_response())
}

/// What a hit says: query and body together, the body wins; where it was is the page's word, else the referrer.
fn params(asked: &Asked, body: &Bytes) -> HitParams {
    let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(asked.query.as_bytes()).into_owned().collect();
    pairs.extend(url::form_urlencoded::parse(body).into_owned());
    HitParams::read(pairs, asked.header("referer"))
}

/// Counts a hit. Whatever goes wrong is ours to log; the page of somebody else must not notice.
async fn counted(asked: Asked, body: &Bytes) -> (Secure, HitAnswer) {
    let mut params = params(&asked, body);
    // Whoever tries one address after the other is counted as a visitor and no more.
    let claims = params.fields.contains_key("email");
    if claims && !limit::allows(&asked.cx.ws, limit::What::Claim, asked.visitor.address) {
        params.fields.clear();
    }
    let hit = Hit { visitor: asked.visitor, params, page: None };
    let answer = tracking::record_hit(&asked.cx, hit).await.unwrap_or_else(|error| {
        problem::log(&error);
        HitAnswer::default()
    });
    (asked.secure, answer)
}

pub async fn pixel(method: Method, asked: Asked, body: Bytes) -> Response {
    let (secure, answer) = counted(asked, &body).await;
    if method == Method::POST {
        let blank = ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], " ").into_response();
        return remember(secure, never_cache(blank), &answer);
    }
    remember(secure, gif(), &answer)
}

fn ids(answer: &HitAnswer) -> Value {
    json!({ "id": answer.contact.map(|c| c.0), "sid": answer.tracking_id, "device_id": answer.tracking_id })
}

pub async fn event(asked: Asked, body: Bytes) -> Response {
    let (secure, answer) = counted(asked, &body).await;
    let mut out = json!({ "success": 1 });
    if let (Value::Object(out), Value::Object(ids)) = (&mut out, ids(&answer)) {
        out.extend(ids);
        out.insert("events".into(), json!({}));
    }
    remember(secure, never_cache(Json(out).into_response()), &answer)
}

pub async fn who(asked: Asked) -> Response {
    let answer = tracking::known_visitor(&asked.cx, asked.visitor).await.unwrap_or_else(|error| {
        problem::log(&error);
        HitAnswer::default()
    });
    remember(asked.secure, never_cache(Json(ids(&answer)).into_response()), &answer)
}

/// Follows a link of ours. The query of the request travels on, `ct` only to sites that may have it.
pub async fn redirect(asked: Asked, Path(key): Path<String>) -> Response {
    let query: Vec<(String, String)> = url::form_urlencoded::parse(asked.query.as_bytes()).into_owned().collect();
    let ct = query.iter().find(|(name, _)| name == "ct").map(|(_, value)| value.clone()).unwrap_or_default();
    let found = match tracking::click(&asked.cx, &key, asked.visitor, &ct).await {
        Ok(found) => found,
        Err(error) => {
            problem::log(&error);
            return problem::status(error.kind).into_response();
        }
    };
    let Some(click) = found else {
        return never_cache((StatusCode::NOT_FOUND, "This link leads nowhere any more.").into_response());
    };
    let genuine = click.answer.contact.is_some();
    let target = with_query(&click.target, &query, click.keep_ct && genuine);
    let Ok(location) = HeaderValue::from_str(&target) else {
        return never_cache((StatusCode::NOT_FOUND, "This link leads nowhere any more.").into_response());
    };
    let response = (StatusCode::FOUND, [(header::LOCATION, location)]).into_response();
    remember(asked.secure, never_cache(response), &click.answer)
}

/// The target with what the link carried, in front of its fragment. What the target says itself stays.
fn with_query(target: &str, query: &[(String, String)], keep_ct: bool) -> String {
    if !target.starts_with("http") {
        return target.to_owned();
    }
    let (address, fragment) = target.split_once('#').map_or((target, None), |(a, f)| (a, Some(f)));
    let own = address.split_once('?').map(|(_, q)| q).unwrap_or_default();
    let has = |name: &str| url::form_urlencoded::parse(own.as_bytes()).any(|(n, _)| n == name);
    let mut out = address.trim_end_matches(['&', '?']).to_owned();
    for (name, value) in query.iter().filter(|(name, _)| !name.is_empty() && (name != "ct" || keep_ct) && !has(name)) {
        out.push(if out.contains('?') { '&' } else { '?' });
        out.push_str(&url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish());
    }
    match fragment {
        Some(fragment) => format!("{out}#{fragment}"),
        None => out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn what_a_link_carries_travels_on_but_its_proof_only_where_it_may() {
        let query = pairs(&[("ct", "hg1.a.b"), ("utm_source", "news")]);
        assert_eq!(with_query("https://x.io/a#top", &query, false), "https://x.io/a?utm_source=news#top");
        assert_eq!(with_query("https://x.io/?q=1", &query, true), "https://x.io/?q=1&ct=hg1.a.b&utm_source=news");
        assert_eq!(with_query("https://x.io/?utm_source=own", &query, false), "https://x.io/?utm_source=own");
        assert_eq!(with_query("mailto:a@x.io", &query, true), "mailto:a@x.io");
    }
}
