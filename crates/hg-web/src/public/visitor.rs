//! A visitor, out of a request.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::Response;
use hg_app::Cx;
use hg_app::tracking::{HitAnswer, Visitor};

use crate::Web;
use crate::auth::{OWN_USER_COOKIE, cookie};
use crate::request::{ClientAddress, RequestId, Secure};

pub const DEVICE_COOKIE: &str = "mautic_device_id";
const CONTACT_COOKIE: &str = "mtc_id";
const HIT_COOKIE: &str = "mautic_referer_id";

/// Whoever asks, and the context in which she is served.
pub struct Asked {
    pub cx: Cx,
    pub visitor: Visitor,
    /// Cookies may be `Secure`.
    pub secure: Secure,
    pub headers: HeaderMap,
    /// The request's own address, as the public wrote it.
    pub url: String,
    /// Its query, undecoded.
    pub query: String,
}

impl FromRequestParts<Web> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Infallible> {
        let text = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let address = parts.extensions.get::<ClientAddress>().map_or(std::net::IpAddr::from([127, 0, 0, 1]), |a| a.0);
        let purpose = [text("sec-purpose"), text("purpose")].into_iter().find(|p| !p.is_empty()).map(str::to_owned);
        let visitor = Visitor {
            address,
            user_agent: text("user-agent").to_owned(),
            is_head: parts.method == Method::HEAD,
            purpose,
            gpc: text("sec-gpc") == "1",
            dnt: text("dnt") == "1",
            device: cookie(&parts.headers, DEVICE_COOKIE),
            own_user: cookie(&parts.headers, OWN_USER_COOKIE).is_some(),
        };
        let request_id = parts.extensions.get::<RequestId>().map(|r| r.0.clone()).unwrap_or_default();
        let site = hg_app::emails::site_url(&web.ws);
        Ok(Self {
            cx: Cx { request_id, ..Cx::public(&web.ws) },
            visitor,
            secure: parts.extensions.get::<Secure>().copied().unwrap_or(Secure(false)),
            url: format!("{site}{}", parts.uri),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers.clone(),
        })
    }
}

impl Asked {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }
}

/// Never to be kept by anybody on the way.
pub fn never_cache(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache, no-store, must-revalidate, max-age=0"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    response
}

/// Sets the cookies that recognise a device the next time. They travel with requests of other sites only over https.
pub fn remember(Secure(secure): Secure, mut response: Response, answer: &HitAnswer) -> Response {
    let site = if secure { "SameSite=None; Secure" } else { "SameSite=Lax" };
    let mut add = |text: String| {
        if let Ok(value) = HeaderValue::from_str(&text) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    };
    if let Some(id) = &answer.tracking_id {
        add(format!("{DEVICE_COOKIE}={id}; Path=/; Max-Age=31536000; {site}"));
    }
    if let Some(contact) = answer.contact {
        add(format!("{CONTACT_COOKIE}={contact}; Path=/; {site}"));
    }
    if let Some(hit) = answer.hit {
        add(format!("{HIT_COOKIE}={hit}; Path=/; Max-Age=1800; {site}"));
    }
    response
}
