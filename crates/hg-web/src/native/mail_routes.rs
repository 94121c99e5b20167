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
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(attempt))
        .routes(routes!(add))
        .routes(routes!(change, remove))
        .routes(routes!(place))
}

/// A way out for mail, and how it fares since the server started.
#[derive(Debug, Serialize, ToSchema)]
struct MailRouteOut {
    /// Its place in the order of priority, from 0.
    number: usize,
    /// Host and port.
    name: String,
    /// Its id, when it was set in the app; null when it stands in the configuration, where alone it can be changed.
    way_id: Option<i64>,
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
        let RouteHealth { name, way, working, rests_until, taken, passed_on, unknown, trouble } = health;
        let (failed_at, trouble) = trouble.map(|(at, why)| (at.rfc3339(), why)).unzip();
        Self {
            number,
            name,
            way_id: way,
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

#[derive(Default, Deserialize, ToSchema)]
#[serde(default)]
struct MailWayIn {
    /// `smtp://user:password@host:587?tls=required`, or a provider's, such as `sendgrid+api://KEY@default`. Kept encrypted,
    /// never told again.
    #[schema(required = true)]
    address: String,
}

/// A way that was set in the app.
#[derive(Debug, Serialize, ToSchema)]
struct MailWayOut {
    id: i64,
}

/// Adds a way out, as the last one.
#[utoipa::path(post, path = "/mail-ways", tag = "sending", request_body = MailWayIn, responses((status = 201, body = MailWayOut)))]
async fn add(Caller(cx): Caller, Body(b): Body<MailWayIn>) -> Answer<(StatusCode, Json<MailWayOut>)> {
    let id = sending::add_way(&cx, &b.address).await?;
    Ok((StatusCode::CREATED, Json(MailWayOut { id })))
}

/// Gives a way out another address.
#[utoipa::path(put, path = "/mail-ways/{id}", tag = "sending", params(("id" = i64, Path)), request_body = MailWayIn, responses((status = 204)))]
async fn change(Caller(cx): Caller, Path(id): Path<i64>, Body(b): Body<MailWayIn>) -> Answer<StatusCode> {
    sending::change_way(&cx, id, &b.address).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a way out.
#[utoipa::path(delete, path = "/mail-ways/{id}", tag = "sending", params(("id" = i64, Path)), responses((status = 204)))]
async fn remove(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<StatusCode> {
    sending::remove_way(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct MailWayPlace {
    /// Its place among the ways of the app, from 0.
    #[schema(required = true)]
    to: usize,
}

/// Puts a way out at another place among those of the app.
#[utoipa::path(post, path = "/mail-ways/{id}/place", tag = "sending", params(("id" = i64, Path)), request_body = MailWayPlace, responses((status = 204)))]
async fn place(Caller(cx): Caller, Path(id): Path<i64>, Body(b): Body<MailWayPlace>) -> Answer<StatusCode> {
    sending::move_way(&cx, id, b.to).await?;
    Ok(StatusCode::NO_CONTENT)
}
