//! What the public meets: tracking, links in mails, landing pages, forms.
//!
//! Nobody signs in here. A visitor is what her request tells ([`visitor`]); answers that set cookies or say something
//! personal are never cached. Every path also works below `/index.php`, where old embeds look for it.

mod callbacks;
mod cors;
mod forms;
mod mails;
mod media;
mod pages;
mod preferences;
mod scripts;
mod tracking;
mod visitor;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{any, get, post};

use crate::{Web, limit, request};

pub use cors::AllowedOrigins;

/// Posts of forms and hits may be this long.
const LONGEST_BODY: usize = 1024 * 1024;

pub fn router(web: &Web) -> Router<Web> {
    let routes = Router::new()
        .route("/mtc.js", get(scripts::tracking))
        .route("/media/js/mautic-form.js", get(scripts::forms))
        .route("/media/{hash}/{name}", get(media::picture))
        .route("/mtc/event", any(tracking::event))
        .route("/mtc", get(tracking::who))
        .route("/mtracking.gif", any(tracking::pixel))
        .route("/r/{key}", get(tracking::redirect))
        .route("/redirect/{key}", get(tracking::redirect))
        .route("/email/{file}", get(mails::pixel))
        .route("/email/more/{key}", get(mails::more))
        .route("/email/view/{key}", get(mails::view))
        .route("/email/preview/{id}", get(mails::preview))
        .route("/email/unsubscribe/{key}", get(mails::ask).post(mails::leave))
        .route("/email/unsubscribe/{key}/{address}/{secret}", get(mails::ask_by_secret).post(mails::leave_by_secret))
        .route("/email/dnc/{key}", get(mails::ask_to_leave).post(mails::leave))
        .route("/email/dnc/{key}/{address}/{secret}", get(mails::ask_to_leave_by_secret).post(mails::leave_by_secret))
        .route("/email/resubscribe/{key}", get(mails::ask_back).post(mails::come_back))
        .route("/form/submit", post(forms::submit).get(forms::no_get))
        .route("/form/submit/ajax", post(forms::submit_ajax))
        .route("/form/message", get(forms::message))
        .route("/form/generate.js", get(forms::generate))
        .route("/form/embed/{id}", get(forms::embed))
        .route("/form/{id}", get(forms::themed))
        .route("/{slug}", get(pages::show));
    // Providers report thousands at once from one address, and are checked by their signatures.
    let reports = Router::new()
        .route("/mailer/callback", post(callbacks::any))
        .route("/mailer/callback/{provider}", post(callbacks::named))
        .layer(DefaultBodyLimit::max(callbacks::LONGEST_REPORT));
    Router::new()
        .nest("/index.php", routes.clone())
        .merge(routes)
        .layer(DefaultBodyLimit::max(LONGEST_BODY))
        .layer(middleware::from_fn_with_state(web.clone(), limit::posts))
        .merge(reports)
        .layer(middleware::from_fn(request::never_sniffed))
        .layer(middleware::from_fn(cors::answer))
}
