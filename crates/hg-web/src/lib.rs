//! HTTP doors of Honeyguide.
//!
//! | where | what | who |
//! |---|---|---|
//! | `/api/v1` | native API, Basic sign-in | scripts, integrations |
//! | `/s/api/v1` | the same router, session cookie and CSRF header | the app |
//! | `/api/…` | Mautic-compatible API, Basic sign-in | clients written for Mautic |
//! | `/s/…` | the app itself | people |
//! | everything else | tracking, forms, pages, links in mails | the public |
//!
//! Handlers parse, make one call of a use case, and present. They hold no rules.

pub mod auth;
pub mod compat;
pub mod input;
pub mod limit;
pub mod native;
pub mod problem;
pub mod public;
pub mod request;
pub mod ui;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use hg_app::Workspace;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};

pub use problem::{Answer, Problem};

/// Bodies of the APIs may be this long: the largest landing page, or a batch of two hundred. Uploads have their own rule.
const LONGEST_BODY: usize = 16 * 1024 * 1024;

/// What handlers share.
#[derive(Clone)]
pub struct Web {
    pub ws: Workspace,
}

/// Every door of a workspace.
pub fn router(ws: Workspace) -> Router {
    let web = Web { ws };
    let compression =
        CompressionLayer::new().compress_when(DefaultPredicate::new().and(NotForContentType::new("text/event-stream")));
    let people = Router::new()
        .merge(native::router(&web))
        .merge(compat::router(&web))
        .merge(ui::router())
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(compression)
        .layer(middleware::from_fn(request::security_headers));
    Router::new()
        .route("/health", axum::routing::get(health))
        .merge(people)
        .merge(public::router(&web))
        .layer(middleware::from_fn_with_state(web.clone(), request::identify))
        .with_state(web)
}

/// Answers when the database does.
async fn health(axum::extract::State(web): axum::extract::State<Web>) -> Answer<&'static str> {
    web.ws.db.read(|tx| Ok::<_, hg_app::Error>(tx.scalar::<i64>("SELECT 1")?)).await?;
    Ok("ok")
}
