//! The native API. One router serves `/api/v1` (Basic) and `/s/api/v1` (session and CSRF header); its description is
//! generated from the handlers and served as `openapi.json`.

pub mod activity;
pub mod attachments;
mod audit;
mod brand;
mod bulk;
pub mod campaign_goals;
pub mod campaign_people;
pub mod campaign_templates;
pub mod campaign_versions;
pub mod campaigns;
pub mod categories;
pub mod companies;
mod company_segments;
mod contact_mail;
pub mod contact_parts;
mod contact_traces;
pub mod contacts;
pub mod dashboard;
mod describe;
mod email_blocks;
mod email_checks;
mod email_comments;
mod email_drafts;
mod email_family;
mod email_results;
mod email_tidy;
pub mod email_why;
pub mod emails;
mod engagement;
pub mod exports;
mod field_parts;
pub mod fields;
pub mod forms;
mod import_mappings;
pub mod import_schedules;
mod import_undo;
pub mod imports;
pub mod live;
mod mail_routes;
pub mod maybe;
mod media;
mod merges;
mod notes;
mod notices;
pub mod outbox;
mod pace;
pub mod pages;
pub mod point_groups;
pub mod point_triggers;
pub mod points;
mod privacy;
pub mod reference;
mod returns;
mod saved_blocks;
pub mod segment_pages;
pub mod segment_parts;
pub mod segments;
mod sender_domains;
pub mod sends;
mod session;
pub mod settings;
mod simulations;
pub mod stages;
mod suppressions;
pub mod tags;
pub mod tasks;
pub mod users;
pub mod views;
mod words;

pub use sends::key_of as idempotency_key;

use axum::routing::any;
use axum::{Router, middleware};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use crate::{Web, auth};

/// What stands at the head of the description.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Honeyguide API",
        description = "Everything the app does, it does through this API. Sign in with Basic credentials; the app uses its session. \
                       Instants are RFC 3339 in UTC, lists page by cursor, errors are application/problem+json.",
        license(name = "Apache-2.0")
    ),
    servers((url = "/api/v1", description = "Basic sign-in"), (url = "/s/api/v1", description = "The app's session")),
    components(schemas(crate::problem::ProblemBody, words::FilterRule, words::FilterCondition))
)]
struct Description;

/// The handlers with their description; a domain adds one `merge` here.
fn api() -> OpenApiRouter<Web> {
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(session::router())
        .merge(users::router())
        .merge(settings::router())
        .merge(brand::router())
        .merge(activity::router())
        .merge(audit::router())
        .merge(campaigns::router())
        .merge(campaign_people::router())
        .merge(campaign_templates::router())
        .merge(campaign_versions::router())
        .merge(simulations::router())
        .merge(categories::router())
        .merge(dashboard::router())
        .merge(contacts::router())
        .merge(bulk::router())
        .merge(contact_mail::router())
        .merge(companies::router())
        .merge(company_segments::router())
        .merge(contact_parts::router())
        .merge(contact_traces::router())
        .merge(engagement::router())
        .merge(merges::router())
        .merge(privacy::router())
        .merge(notes::router())
        .merge(notices::router())
        .merge(exports::router())
        .merge(fields::router())
        .merge(imports::router())
        .merge(import_mappings::router())
        .merge(import_schedules::router())
        .merge(import_undo::router())
        .merge(pace::router())
        .merge(returns::router())
        .merge(sender_domains::router())
        .merge(suppressions::router())
        .merge(tags::router())
        .merge(segments::router())
        .merge(segment_pages::router())
        .merge(segment_parts::router())
        .merge(emails::router())
        .merge(sends::router())
        .merge(email_checks::router())
        .merge(email_comments::router())
        .merge(email_drafts::router())
        .merge(email_tidy::router())
        .merge(saved_blocks::router())
        .merge(email_why::router())
        .merge(email_family::router())
        .merge(attachments::router())
        .merge(email_results::router())
        .merge(forms::router())
        .merge(mail_routes::router())
        .merge(media::router())
        .merge(outbox::router())
        .merge(pages::router())
        .merge(point_groups::router())
        .merge(point_triggers::router())
        .merge(points::router())
        .merge(stages::router())
        .merge(tasks::router())
        .merge(views::router())
        .merge(live::router())
}

/// The description of the native API (OpenAPI 3.1).
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut api = api().into_openapi();
    describe::complete(&mut api);
    api
}

pub fn router(web: &Web) -> Router<Web> {
    let (routes, _) = api().split_for_parts();
    // A route of its own, for one of the other API begins with the same words and takes what is left over.
    let routes = routes.merge(reference::router()).route("/{*unknown}", any(nothing_here)).fallback(nothing_here);
    let basic = routes.clone().layer(middleware::from_fn_with_state(web.clone(), auth::by_basic));
    let session = routes.layer(middleware::from_fn_with_state(web.clone(), auth::by_session));
    Router::new().nest("/api/v1", basic).nest("/s/api/v1", session)
}

async fn nothing_here() -> crate::Problem {
    crate::Problem(hg_app::Error::new(
        hg_app::ErrorKind::NotFound,
        "not-found",
        "There is nothing at this address. The reference lists what there is.",
    ))
}
