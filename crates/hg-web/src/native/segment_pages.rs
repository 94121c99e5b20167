//! Around one segment: how it grew, copies of it, what a hand did, how it overlaps with another.

use axum::Json;
use axum::http::StatusCode;
use hg_app::Error;
use hg_app::segments::{self, Override, SegmentDeed};
use hg_core::ids::{CategoryId, ContactId, SegmentId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::native::segments::{SegmentOut, whole};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(compare))
        .routes(routes!(history))
        .routes(routes!(duplicate))
        .routes(routes!(freeze))
        .routes(routes!(split))
        .routes(routes!(bulk))
        .routes(routes!(overrides))
        .routes(routes!(forget))
}

/// One day of a segment.
#[derive(Debug, Serialize, ToSchema)]
struct SegmentDayOut {
    date: String,
    joined: i64,
    left: i64,
    /// How many belonged to it at the end of the day.
    size: i64,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct HistoryParams {
    /// 90 when absent, 366 at most.
    days: Option<i64>,
}

/// How a segment grew, oldest day first.
#[utoipa::path(get, path = "/segments/{id}/history", tag = "segments", params(("id" = i64, Path), HistoryParams), responses((status = 200, body = Vec<SegmentDayOut>)))]
async fn history(
    Caller(cx): Caller,
    Path(id): Path<SegmentId>,
    Query(q): Query<HistoryParams>,
) -> Answer<Json<Vec<SegmentDayOut>>> {
    let days = segments::history(&cx, id, q.days.unwrap_or(90)).await?;
    let shown = days.into_iter().map(|d| SegmentDayOut { date: d.date, joined: d.joined, left: d.left, size: d.size });
    Ok(Json(shown.collect()))
}

/// Copies everything but the alias and the members; the copy is not published.
#[utoipa::path(post, path = "/segments/{id}/clone", tag = "segments", params(("id" = i64, Path)), responses((status = 201, body = SegmentOut)))]
async fn duplicate(Caller(cx): Caller, Path(id): Path<SegmentId>) -> Answer<(StatusCode, Json<SegmentOut>)> {
    let made = segments::duplicate(&cx, id).await?;
    Ok((StatusCode::CREATED, Json(whole(&cx, made.id).await?)))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct FreezeIn {
    /// That of the segment with a note when absent.
    name: Option<String>,
}

/// Keeps the people of now in a segment that no condition changes.
#[utoipa::path(post, path = "/segments/{id}/freeze", tag = "segments", params(("id" = i64, Path)), request_body = FreezeIn, responses((status = 201, body = SegmentOut)))]
async fn freeze(
    Caller(cx): Caller,
    Path(id): Path<SegmentId>,
    Body(b): Body<FreezeIn>,
) -> Answer<(StatusCode, Json<SegmentOut>)> {
    let made = segments::freeze(&cx, id, b.name).await?;
    Ok((StatusCode::CREATED, Json(whole(&cx, made.id).await?)))
}

#[derive(Debug, Deserialize, ToSchema)]
struct SegmentsBulkIn {
    /// Up to 200.
    ids: Vec<i64>,
    #[schema(value_type = super::words::SegmentDeedWord)]
    action: String,
    /// For `category`: which one; null takes them out of theirs.
    #[serde(default)]
    category_id: Option<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SegmentsBulkOut {
    affected: usize,
}

/// One deed on many segments: all of them, or none.
#[utoipa::path(post, path = "/segments/bulk", tag = "segments", request_body = SegmentsBulkIn, responses((status = 200, body = SegmentsBulkOut)))]
async fn bulk(Caller(cx): Caller, Body(b): Body<SegmentsBulkIn>) -> Answer<Json<SegmentsBulkOut>> {
    let deed = match b.action.as_str() {
        "publish" => SegmentDeed::Publish,
        "unpublish" => SegmentDeed::Unpublish,
        "category" => SegmentDeed::Place(b.category_id.map(CategoryId)),
        "delete" => SegmentDeed::Delete,
        "restore" => SegmentDeed::Restore,
        _ => {
            let detail = "Say what to do: publish, unpublish, category, delete or restore.";
            return Err(Error::field("/action", "segment.action", detail).into());
        }
    };
    let ids = b.ids.into_iter().map(SegmentId).collect();
    Ok(Json(SegmentsBulkOut { affected: segments::change_many(&cx, ids, deed).await? }))
}

/// A random part of a segment.
#[derive(Debug, Deserialize, ToSchema)]
struct SegmentPart {
    /// That of the segment with a letter when absent.
    #[serde(default)]
    name: Option<String>,
    percent: f64,
}

#[derive(Debug, Deserialize, ToSchema)]
struct SplitIn {
    /// Two to ten, at most 100 percent together.
    parts: Vec<SegmentPart>,
}

/// Makes segments of random parts, which share nobody and follow the segment.
#[utoipa::path(post, path = "/segments/{id}/split", tag = "segments", params(("id" = i64, Path)), request_body = SplitIn, responses((status = 201, body = Vec<SegmentOut>)))]
async fn split(
    Caller(cx): Caller,
    Path(id): Path<SegmentId>,
    Body(b): Body<SplitIn>,
) -> Answer<(StatusCode, Json<Vec<SegmentOut>>)> {
    let parts = b.parts.into_iter().map(|p| segments::Part { name: p.name, percent: p.percent }).collect();
    let mut out = Vec::new();
    for made in segments::split(&cx, id, parts).await? {
        out.push(whole(&cx, made.id).await?);
    }
    Ok((StatusCode::CREATED, Json(out)))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CompareParams {
    a: i64,
    b: i64,
}

/// How two segments overlap.
#[derive(Debug, Serialize, ToSchema)]
struct OverlapOut {
    a: String,
    b: String,
    only_a: u64,
    both: u64,
    only_b: u64,
}

/// Who is in one segment, in the other, in both.
#[utoipa::path(get, path = "/segments/compare", tag = "segments", params(CompareParams), responses((status = 200, body = OverlapOut)))]
async fn compare(Caller(cx): Caller, Query(q): Query<CompareParams>) -> Answer<Json<OverlapOut>> {
    let found = segments::compare(&cx, SegmentId(q.a), SegmentId(q.b)).await?;
    Ok(Json(OverlapOut { a: found.a.name, b: found.b.name, only_a: found.only_a, both: found.both, only_b: found.only_b }))
}

/// Somebody whom a hand put in or took out.
#[derive(Debug, Serialize, ToSchema)]
struct OverrideOut {
    contact_id: i64,
    name: String,
    email: Option<String>,
    /// Put in; otherwise taken out.
    pinned: bool,
    /// `user`, `import`, `form`, `campaign` or `point trigger`.
    origin: String,
    at: String,
}

impl From<Override> for OverrideOut {
    fn from(o: Override) -> Self {
        Self {
            contact_id: o.contact.0,
            name: o.name.name,
            email: o.name.email,
            pinned: o.pinned,
            origin: o.origin,
            at: o.at.rfc3339(),
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct OverrideParams {
    /// Only those put in (`true`) or only those taken out (`false`).
    #[param(value_type = Option<bool>)]
    pinned: Option<String>,
}

/// Who was put in or taken out by hand.
#[utoipa::path(get, path = "/segments/{id}/overrides", tag = "segments", params(("id" = i64, Path), ListParams, OverrideParams), responses((status = 200, body = PageOut<OverrideOut>)))]
async fn overrides(
    Caller(cx): Caller,
    Path(id): Path<SegmentId>,
    Query(q): Query<ListParams>,
    Query(o): Query<OverrideParams>,
) -> Answer<Json<PageOut<OverrideOut>>> {
    let pinned = match o.pinned.as_deref() {
        Some("true" | "1") => Some(true),
        Some("false" | "0") => Some(false),
        _ => None,
    };
    Ok(PageOut::of(segments::overrides(&cx, id, pinned, q.into()).await?, OverrideOut::from))
}

/// Whether the contact belongs to the segment now.
#[derive(Debug, Serialize, ToSchema)]
struct ForgottenOut {
    member: bool,
}

/// Lets the conditions decide again about a contact.
#[utoipa::path(delete, path = "/segments/{id}/overrides/{contact}", tag = "segments", params(("id" = i64, Path), ("contact" = i64, Path)), responses((status = 200, body = ForgottenOut)))]
async fn forget(Caller(cx): Caller, Path((id, contact)): Path<(SegmentId, ContactId)>) -> Answer<Json<ForgottenOut>> {
    Ok(Json(ForgottenOut { member: segments::forget_override(&cx, id, contact).await? }))
}
