//! A contact month by month, and her timeline as a file.

use axum::Json;
use axum::body::Body as HttpBody;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use hg_app::{Cx, Error, contacts};
use hg_core::ids::ContactId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Path, Query};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(months)).routes(routes!(timeline_csv))
}

/// A month of somebody.
#[derive(Debug, Serialize, ToSchema)]
struct EngagementMonth {
    /// `2024-03`.
    month: String,
    /// Everything that her timeline shows.
    events: i64,
    /// Points that she gained and lost.
    points: i64,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct EngagementParams {
    /// 6 when absent, 24 at most.
    months: Option<i64>,
}

/// How much happened to a contact month by month, the oldest first.
#[utoipa::path(get, path = "/contacts/{id}/engagement", tag = "contacts", params(("id" = i64, Path), EngagementParams), responses((status = 200, body = Vec<EngagementMonth>)))]
async fn months(
    Caller(cx): Caller,
    Path(id): Path<ContactId>,
    Query(q): Query<EngagementParams>,
) -> Answer<Json<Vec<EngagementMonth>>> {
    let found = contacts::engagement(&cx, id, q.months.unwrap_or(6)).await?;
    let shown = found.into_iter().map(|m| EngagementMonth { month: m.month, events: m.events, points: m.points });
    Ok(Json(shown.collect()))
}

/// The timeline of a contact as CSV, newest first.
#[utoipa::path(get, path = "/contacts/{id}/timeline.csv", tag = "contacts", params(("id" = i64, Path)), responses((status = 200, content_type = "text/csv", body = String)))]
async fn timeline_csv(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<Response> {
    let found = contacts::get(&cx, id).await?.id;
    let head = contacts::timeline_head()?;
    let pages = stream::try_unfold(Some((cx, found, None)), next_page);
    let body = HttpBody::from_stream(stream::once(async { Ok::<_, Error>(head) }).chain(pages));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"timeline_{found}.csv\"")),
    ];
    Ok((headers, body).into_response())
}

type Going = Option<(Cx, ContactId, Option<String>)>;

async fn next_page(going: Going) -> Result<Option<(Vec<u8>, Going)>, Error> {
    let Some((cx, contact, cursor)) = going else { return Ok(None) };
    let (lines, next) = contacts::timeline_lines(&cx, contact, cursor).await?;
    Ok(Some((lines, next.map(|cursor| (cx, contact, Some(cursor))))))
}
