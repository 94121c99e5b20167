//! What every request gets: an id for the log, the caller's address, headers that keep browsers careful.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderValue;
use axum::http::header::{self, HeaderName};
use axum::middleware::Next;
use axum::response::Response;
use hg_core::tracking::{client_address, is_listed};

use crate::Web;

static SERIAL: AtomicU64 = AtomicU64::new(1);

/// The id of a request, in the log and in answers that report a problem.
#[derive(Debug, Clone)]
pub struct RequestId(pub String);

/// The network address a request came from.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub IpAddr);

/// Whether the visitor's browser speaks https with us, directly or through a proxy: cookies may then be `Secure`.
#[derive(Debug, Clone, Copy)]
pub struct Secure(pub bool);

/// Who sent the request and how: the peer's word, or that of a proxy which the configuration trusts.
fn origin(web: &Web, request: &Request) -> (ClientAddress, Secure) {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map_or(IpAddr::from([127, 0, 0, 1]), |ConnectInfo(a)| a.ip().to_canonical());
    let by_address = || Secure(hg_app::emails::site_url(&web.ws).starts_with("https://"));
    let trusted = &web.ws.site.trusted_proxies;
    if trusted.is_empty() || !is_listed(peer, trusted) {
        return (ClientAddress(peer), by_address());
    }
    // Several headers of one name are one list (RFC 9110, 5.3).
    let all = |name: &str| {
        let values = request.headers().get_all(name).iter().filter_map(|v| v.to_str().ok());
        values.collect::<Vec<_>>().join(",")
    };
    let address = client_address(peer, Some(&all("x-forwarded-for")), trusted);
    // The nearest proxy wrote the last word.
    let scheme = all("x-forwarded-proto").rsplit(',').next().unwrap_or_default().trim().to_ascii_lowercase();
    let secure = if scheme.is_empty() { by_address() } else { Secure(scheme == "https") };
    (ClientAddress(address), secure)
}

/// Gives the request its id, and tells where it comes from.
pub async fn identify(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let id = RequestId(format!("r{}", SERIAL.fetch_add(1, Ordering::Relaxed)));
    let (address, secure) = origin(&web, &request);
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(address);
    request.extensions_mut().insert(secure);
    if request.headers().contains_key(header::ORIGIN) {
        let mut origins = web.ws.settings().tracking.cors_valid_domains.clone();
        origins.push(hg_app::emails::site_url(&web.ws));
        request.extensions_mut().insert(crate::public::AllowedOrigins(origins));
    }
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), value);
    }
    response
}

/// What the public gets is what it says it is. Forms and pages may be framed by other sites, and run what they hold.
pub async fn never_sniffed(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    response
}

/// The app and the APIs may not be framed by others, sniffed, or load anything from elsewhere.
pub async fn security_headers(request: Request, next: Next) -> Response {
    const CSP: &str = "default-src 'self'; img-src 'self' data: blob: https: http:; style-src 'self' 'unsafe-inline'; font-src 'self' data:; \
         frame-src 'self' blob: data:; frame-ancestors 'self'; base-uri 'self'; form-action 'self'; object-src 'none'";
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(CSP));
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(header::REFERRER_POLICY).or_insert(HeaderValue::from_static("same-origin"));
    headers.entry(header::X_FRAME_OPTIONS).or_insert(HeaderValue::from_static("SAMEORIGIN"));
    response
}
