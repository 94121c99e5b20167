//! Who asks: sessions for the app, Basic for the APIs. Handlers take [`Caller`].

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hg_app::users::{self, SessionInfo};
use hg_app::{Cx, Error};
use subtle::ConstantTimeEq;

use crate::Web;
use crate::problem::Problem;
use crate::request::{ClientAddress, RequestId};

/// The cookie of the app's session. It goes only to `/s`.
pub const COOKIE_NAME: &str = "hg_session";
/// Tells public pages that one of our own people looks at them. It proves nothing and opens nothing.
pub const OWN_USER_COOKIE: &str = "hg_own";
/// The header that carries the session's CSRF token.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// The call context of whoever asks. Without a session or credentials it is a visitor's, which services refuse.
pub struct Caller(pub Cx);

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let cx = parts.extensions.get::<Cx>().cloned().ok_or_else(Error::unauthenticated)?;
        Ok(Self(cx))
    }
}

/// The context of a request before anybody signed in.
pub(crate) fn cx_for(web: &Web, request: &Request) -> Cx {
    let request_id = request.extensions().get::<RequestId>().map(|r| r.0.clone()).unwrap_or_default();
    let address = request.extensions().get::<ClientAddress>().map(|a| a.0);
    Cx { request_id, address, ..Cx::public(&web.ws) }
}

/// The address a request came from, for lock-out.
pub fn client_address(request: &Request) -> String {
    request.extensions().get::<ClientAddress>().map(|a| a.0.to_string()).unwrap_or_default()
}

/// Browsers say when a page of another site made them send a request. Nothing is changed at its word, whatever
/// credentials the browser remembers.
pub fn from_another_site(request: &Request) -> Option<Error> {
    let site = request.headers().get("sec-fetch-site")?;
    (site == "cross-site" && !is_safe(request.method()))
        .then(|| Error::forbidden("This request was made by a page of another site. Send it from the app, or from a program."))
}

/// Session cookie and CSRF header, for `/s/api/v1`.
pub async fn by_session(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    if let Some(refused) = from_another_site(&request) {
        return Problem(refused).into_response();
    }
    let mut cx = cx_for(&web, &request);
    if let Some(token) = session_token(request.headers()) {
        match users::who(&cx, &token).await {
            Ok(Some(session)) => {
                if !is_safe(request.method()) && !csrf_matches(request.headers(), &session) {
                    return Problem(Error::forbidden(
                        "This request did not come from the app (its CSRF token is missing). Load the page again.",
                    ))
                    .into_response();
                }
                cx.actor = session.user.actor(false);
                request.extensions_mut().insert(session);
            }
            Ok(None) => {}
            Err(error) => return Problem(error).into_response(),
        }
    }
    request.extensions_mut().insert(cx);
    next.run(request).await
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn csrf_matches(headers: &HeaderMap, session: &SessionInfo) -> bool {
    headers.get(CSRF_HEADER).is_some_and(|h| h.as_bytes().ct_eq(session.csrf_token.as_bytes()).into())
}

/// The value of our cookie.
pub fn session_token(headers: &HeaderMap) -> Option<String> {
    cookie(headers, COOKIE_NAME)
}

/// The value of a cookie.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|v| v.to_str().ok())
        .flat_map(|v| v.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(k, _)| *k == name)
        .map(|(_, v)| v.to_owned())
}

/// User and password of a Basic header.
pub fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Basic credentials, for `/api/v1`.
pub async fn by_basic(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    if let Some(refused) = from_another_site(&request) {
        return Problem(refused).into_response();
    }
    let mut cx = cx_for(&web, &request);
    if let Some((email, password)) = basic(request.headers()) {
        match users::authenticate_basic(&cx, &email, &password, &client_address(&request)).await {
            Ok(user) => cx.actor = user.actor(true),
            Err(error) => return Problem(error).into_response(),
        }
    }
    request.extensions_mut().insert(cx);
    next.run(request).await
}
