//! The ways out for mail: how each fares, and a mail that tries one.

use axum::Json;
use axum::http::StatusCode;
use hg_app::sending::{self, RouteHealth};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, Path};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(attempt))
}

/// A way out for mail, and how it fares since the server started.
#[derive(Debug, Serialize, ToSchema)]
struct MailRouteOut {
    /// Its place in the order of priority, from 0.
    number: usize,
    /// Host and port.
    name: String,
    /// Whether it is asked in its turn; otherwise it rests after a failure.
    working: bool,
    /// When it is tried again, while it rests.
    rests_until: Option<String>,
    /// Messages that it took.
    taken: u64,
    /// Messages that it certainly did not take and that went to the next way.
    passed_on: u64,
    /// Messages of which nobody knows whether it took them; they are never sent again by themselves.
    unknown: u64,
    /// When it last failed.
    failed_at: Option<String>,
    /// Why it last failed.
    trouble: Option<String>,
}

impl From<(usize, RouteHealth)> for MailRouteOut {
    fn from((number, health): (usize, RouteHealth)) -> Self {
        let RouteHealth { name, working, rests_until, taken, passed_on, unknown, trouble } = health;
        let (failed_at, trouble) = trouble.map(|(at, why)| (at.rfc3339(), why)).unzip();
        Self {
            number,
            name,
            working,
            rests_until: rests_until.map(|at| at.rfc3339()),
            taken,
            passed_on,
            unknown,
            failed_at,
            trouble,
        }
    }
}

/// The ways out in order of priority; empty while the outbox catches all mail.
#[utoipa::path(get, path = "/mail-routes", tag = "sending", responses((status = 200, body = Vec<MailRouteOut>)))]
async fn list(Caller(cx): Caller) -> Answer<Json<Vec<MailRouteOut>>> {
    Ok(Json(sending::routes(&cx)?.into_iter().enumerate().map(MailRouteOut::from).collect()))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct MailRouteTest {
    /// Who gets the test.
    #[schema(required = true)]
    to: String,
}

/// Sends a short mail through one way alone.
#[utoipa::path(post, path = "/mail-routes/{number}/test", tag = "sending", params(("number" = usize, Path)), request_body = MailRouteTest, responses((status = 204)))]
async fn attempt(Caller(cx): Caller, Path(number): Path<usize>, Body(b): Body<MailRouteTest>) -> Answer<StatusCode> {
    sending::try_route(&cx, number, &b.to).await?;
    Ok(StatusCode::NO_CONTENT)
}
