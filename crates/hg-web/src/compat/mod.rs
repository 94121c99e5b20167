//! The Mautic-compatible API (`/api/…`): the dialect that clients written for Mautic 5.1 speak.
//!
//! Old words (lead, list) and old shapes live here and nowhere deeper. A handler reads the body in any of the three
//! encodings ([`body`]), calls the same use case as the native API, and presents the old envelope ([`answer`]).

pub mod answer;
pub mod body;
mod campaign_events;
mod campaign_log;
mod campaign_steps;
mod campaigns;
mod categories;
mod companies;
mod company_segments;
mod contact_body;
mod contact_parts;
mod contact_query;
mod contacts;
pub mod crud;
mod devices;
mod email_blocks;
mod email_family;
mod emails;
mod field_search;
mod fields;
mod form_answers;
mod forms;
mod notes;
mod placed;
mod point_parts;
mod points;
mod query;
mod reading;
mod segments;
mod stages;
mod tags;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use hg_app::users;
use tower::Layer;

use crate::Web;
use crate::auth;
use answer::CompatError;

/// The Mautic version whose API this is; clients switch their behaviour on it.
pub const MAUTIC_VERSION: &str = "5.1.0";

pub fn router(web: &Web) -> Router<Web> {
    let api = Router::new()
        .merge(campaigns::router())
        .merge(campaign_log::router())
        .merge(categories::router())
        .merge(contacts::router())
        .merge(contact_parts::router())
        .merge(devices::router())
        .merge(companies::router())
        .merge(company_segments::router())
        .merge(emails::router())
        .merge(fields::router())
        .merge(forms::router())
        .merge(form_answers::router())
        .merge(notes::router())
        .merge(points::router())
        .merge(point_parts::router())
        .merge(segments::router())
        .merge(stages::router())
        .merge(tags::router())
        .fallback(answer::unknown_url)
        .method_not_allowed_fallback(answer::other_method)
        .layer(middleware::map_response(answer::version_headers));
    let api = api.layer(middleware::from_fn_with_state(web.clone(), authenticate)).with_state(web.clone());
    // Around the routes, so that it comes before one is chosen.
    Router::new().nest_service("/api", middleware::map_request(without_last_slash).layer(api))
}

/// A slash at the end of an address is passed over, without a redirect: that would lose the body of a POST.
async fn without_last_slash(mut request: Request) -> Request {
    let uri = request.uri();
    let path = uri.path().trim_end_matches('/');
    if path.len() == uri.path().len() || path.is_empty() {
        return request;
    }
    let address = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    if let Ok(address) = address.parse() {
        *request.uri_mut() = address;
    }
    request
}

/// Basic sign-in with the answers that Mautic gives.
async fn authenticate(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let mut cx = auth::cx_for(&web, &request);
    if let Some(refused) = auth::from_another_site(&request) {
        return CompatError::from(refused).into_response();
    }
    let Some((email, password)) = auth::basic(request.headers()) else {
        return CompatError::denied("API authorization denied.").into_response();
    };
    match users::authenticate_basic(&cx, &email, &password, &auth::client_address(&request)).await {
        Ok(user) => cx.actor = user.actor(true),
        Err(error) if error.kind == hg_app::ErrorKind::Unauthenticated => {
            return CompatError::denied("Authorization denied, invalid credentials.").into_response();
        }
        Err(error) => return CompatError::from(error).into_response(),
    }
    request.extensions_mut().insert(cx);
    next.run(request).await
}
