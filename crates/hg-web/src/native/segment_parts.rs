//! The members of a segment: who, why, since when.

use axum::Json;
use axum::http::StatusCode;
use hg_app::contacts::{self, ContactQuery};
use hg_app::jobs;
use hg_app::segments::{self, SegmentChange};
use hg_core::ids::{ContactId, SegmentId};
use hg_core::segments::Explained;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::native::contacts::ContactOut;
use crate::native::tasks::TaskOut;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(members, change_members))
        .routes(routes!(explain))
        .routes(routes!(changes))
        .routes(routes!(rebuild))
        .routes(routes!(reached))
}

/// The members.
#[utoipa::path(get, path = "/segments/{id}/contacts", tag = "segments", params(("id" = i64, Path), ListParams), responses((status = 200, body = PageOut<ContactOut>)))]
async fn members(
    Caller(cx): Caller,
    Path(id): Path<SegmentId>,
    Query(q): Query<ListParams>,
) -> Answer<Json<PageOut<ContactOut>>> {
    segments::get(&cx, id).await?;
    let query = ContactQuery { list: q.into(), segment: Some(id), include_anonymous: true, ..ContactQuery::default() };
    Ok(PageOut::of(contacts::list(&cx, query).await?, ContactOut::from))
}

/// Contacts to add and to remove by hand.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct MembersIn {
    add: Vec<i64>,
    remove: Vec<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct MembersOut {
    joined: usize,
    left: usize,
}

/// Adds and removes members by hand. Who was added stays, who was removed stays away, whatever the filter says.
#[utoipa::path(post, path = "/segments/{id}/contacts", tag = "segments", params(("id" = i64, Path)), request_body = MembersIn, responses((status = 200, body = MembersOut)))]
async fn change_members(Caller(cx): Caller, Path(id): Path<SegmentId>, Body(b): Body<MembersIn>) -> Answer<Json<MembersOut>> {
    let ids = |ids: Vec<i64>| ids.into_iter().map(ContactId).collect();
    let joined = segments::change_by_hand(&cx, id, ids(b.add), true).await?.len();
    let left = segments::change_by_hand(&cx, id, ids(b.remove), false).await?.len();
    Ok(Json(MembersOut { joined, left }))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExplainParams {
    contact: i64,
}

/// Why a contact belongs to the segment or does not.
#[derive(Debug, Serialize, ToSchema)]
struct ExplainOut {
    member: bool,
    /// `filter`, or by whose hand.
    origin: String,
    since: Option<String>,
    tree: Option<ExplainTree>,
}

/// A condition or group with its verdict.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ExplainTree {
    verdict: bool,
    label: String,
    /// What was found.
    actual: Option<String>,
    /// The dates that it was compared with.
    bounds: Option<String>,
    #[schema(no_recursion)]
    children: Vec<ExplainTree>,
}

impl From<Explained> for ExplainTree {
    fn from(e: Explained) -> Self {
        Self {
            verdict: e.verdict,
            label: e.label,
            actual: e.actual,
            bounds: e.bounds,
            children: e.children.into_iter().map(ExplainTree::from).collect(),
        }
    }
}

/// Explains why a contact belongs to the segment or does not.
#[utoipa::path(get, path = "/segments/{id}/explain", tag = "segments", params(("id" = i64, Path), ExplainParams), responses((status = 200, body = ExplainOut)))]
async fn explain(Caller(cx): Caller, Path(id): Path<SegmentId>, Query(q): Query<ExplainParams>) -> Answer<Json<ExplainOut>> {
    let why = segments::explain(&cx, id, ContactId(q.contact)).await?;
    Ok(Json(ExplainOut {
        member: why.member,
        origin: why.origin,
        since: why.since.map(|t| t.rfc3339()),
        tree: why.tree.map(ExplainTree::from),
    }))
}

/// A join or a leave, of one or of many.
#[derive(Debug, Serialize, ToSchema)]
struct ChangeOut {
    at: String,
    /// Null when it stands for many.
    contact: Option<WhoOut>,
    #[schema(value_type = super::words::ChangeWord)]
    change: &'static str,
    count: i64,
    reason: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct WhoOut {
    id: i64,
    name: String,
}

impl From<SegmentChange> for ChangeOut {
    fn from(c: SegmentChange) -> Self {
        Self {
            at: c.at.rfc3339(),
            contact: c.contact.map(|(id, name)| WhoOut { id: id.0, name }),
            change: if c.joined { "joined" } else { "left" },
            count: c.people,
            reason: c.reason,
        }
    }
}

/// Joins and leaves, newest first.
#[utoipa::path(get, path = "/segments/{id}/changes", tag = "segments", params(("id" = i64, Path), ListParams), responses((status = 200, body = PageOut<ChangeOut>)))]
async fn changes(Caller(cx): Caller, Path(id): Path<SegmentId>, Query(q): Query<ListParams>) -> Answer<Json<PageOut<ChangeOut>>> {
    Ok(PageOut::of(segments::changes(&cx, id, q.into()).await?, ChangeOut::from))
}

/// Builds the segment anew; gives the task that does it.
#[utoipa::path(post, path = "/segments/{id}/rebuild", tag = "segments", params(("id" = i64, Path)), responses((status = 202, body = Option<TaskOut>)))]
async fn rebuild(Caller(cx): Caller, Path(id): Path<SegmentId>) -> Answer<(StatusCode, Json<Option<TaskOut>>)> {
    let task = match segments::rebuild(&cx, id).await? {
        Some(job) => Some(jobs::get(&cx, job).await?.into()),
        None => None,
    };
    Ok((StatusCode::ACCEPTED, Json(task)))
}

/// Something that a change of the segment reaches.
#[derive(Debug, Serialize, ToSchema)]
struct ReachedOut {
    #[serde(rename = "type")]
    #[schema(value_type = super::words::SegmentUserWord)]
    kind: &'static str,
    id: i64,
    name: String,
    /// It is at work now: a running campaign, a published email, form or segment.
    active: bool,
    /// People in the campaign, members of the segment, people who would get the email.
    people: Option<u64>,
    /// The segment can be deleted in spite of it; it goes on without.
    yields: bool,
}

/// What uses a segment and how many people that is about, for whoever changes or deletes it.
#[utoipa::path(get, path = "/segments/{id}/reached", tag = "segments", params(("id" = i64, Path)), responses((status = 200, body = Vec<ReachedOut>)))]
async fn reached(Caller(cx): Caller, Path(id): Path<SegmentId>) -> Answer<Json<Vec<ReachedOut>>> {
    let found = segments::reached(&cx, id).await?.into_iter().map(|r| ReachedOut {
        kind: if r.by.kind == "point trigger" { "point_trigger" } else { r.by.kind },
        id: r.by.id,
        name: r.by.name,
        active: r.active,
        people: r.people,
        yields: r.yields,
    });
    Ok(Json(found.collect()))
}
