//! What hangs on a contact: timeline, segments, consents, do-not-contact, points.

use axum::Json;
use axum::http::StatusCode;
use hg_app::consents::{self, Consent};
use hg_app::contacts::{self, Moment, NewDoNotContact, PointsOperator, TimelineQuery};
use hg_app::list::MAX_LIMIT;
use hg_app::segments::{self, Membership, Origin};
use hg_app::{Error, list::ListQuery};
use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, PageOut, Path, Query};
use crate::native::contacts::ContactOut;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(timeline))
        .routes(routes!(memberships))
        .routes(routes!(list_consents, set_consent))
        .routes(routes!(stop_contacting))
        .routes(routes!(contact_again))
        .routes(routes!(points))
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
struct TimelineItem {
    id: i64,
    kind: &'static str,
    occurred_at: String,
    title: String,
    #[schema(value_type = Object)]
    detail: Value,
    link: Option<TimelineLink>,
}

/// What it was about.
#[derive(Debug, Serialize, ToSchema)]
struct TimelineLink {
    #[serde(rename = "type")]
    kind: &'static str,
    id: i64,
    label: String,
}

impl From<Moment> for TimelineItem {
    fn from(m: Moment) -> Self {
        Self {
            id: m.id,
            kind: m.kind.key(),
            occurred_at: m.at.rfc3339(),
            title: m.title,
            detail: m.detail,
            link: m.about.map(|(kind, id, label)| TimelineLink { kind, id, label }),
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TimelineParams {
    /// Kinds with commas between; all when absent.
    #[serde(default)]
    kinds: String,
    #[serde(default)]
    limit: u32,
    cursor: Option<String>,
}

/// What happened to a contact, newest first.
#[utoipa::path(get, path = "/contacts/{id}/timeline", tag = "contacts", params(("id" = i64, Path), TimelineParams), responses((status = 200, body = PageOut<TimelineItem>)))]
async fn timeline(
    Caller(cx): Caller,
    Path(id): Path<ContactId>,
    Query(q): Query<TimelineParams>,
) -> Answer<Json<PageOut<TimelineItem>>> {
    let kinds = q.kinds.split(',').filter_map(|k| EventKind::from_key(k.trim())).collect();
    let list = ListQuery { limit: q.limit.min(MAX_LIMIT), cursor: q.cursor.filter(|c| !c.is_empty()), ..ListQuery::default() };
    let query = TimelineQuery { list, kinds, ..TimelineQuery::default() };
    Ok(PageOut::of(contacts::timeline(&cx, Some(id), query).await?, TimelineItem::from))
}

/// A segment that a contact belongs to.
#[derive(Debug, Serialize, ToSchema)]
struct MembershipOut {
    id: i64,
    name: String,
    /// `filter`, or who added her by hand.
    origin: String,
    joined_at: Option<String>,
}

impl From<Membership> for MembershipOut {
    fn from(m: Membership) -> Self {
        let origin = match m.origin {
            Origin::Filter => "filter".to_owned(),
            Origin::Hand(by) => by,
        };
        Self { id: m.segment.0, name: m.name, origin, joined_at: m.joined_at.map(|t| t.rfc3339()) }
    }
}

/// The segments that a contact belongs to.
#[utoipa::path(get, path = "/contacts/{id}/segments", tag = "contacts", params(("id" = i64, Path)), responses((status = 200, body = Vec<MembershipOut>)))]
async fn memberships(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<Json<Vec<MembershipOut>>> {
    let found = segments::memberships(&cx, id).await?;
    Ok(Json(found.into_iter().map(MembershipOut::from).collect()))
}

/// A consent as it holds now.
#[derive(Debug, Serialize, ToSchema)]
struct ConsentOut {
    purpose: String,
    #[schema(value_type = super::words::ConsentWord)]
    state: &'static str,
    text: Option<String>,
    source: String,
    at: String,
}

impl From<Consent> for ConsentOut {
    fn from(c: Consent) -> Self {
        let state = if c.given { "given" } else { "withdrawn" };
        Self { purpose: c.purpose, state, text: c.text, source: c.source, at: c.at.rfc3339() }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
struct ConsentIn {
    purpose: String,
    #[schema(value_type = super::words::ConsentWord)]
    state: String,
    /// The words that the person saw.
    text: Option<String>,
}

/// What a contact agreed to.
#[utoipa::path(get, path = "/contacts/{id}/consents", tag = "contacts", params(("id" = i64, Path)), responses((status = 200, body = Vec<ConsentOut>)))]
async fn list_consents(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<Json<Vec<ConsentOut>>> {
    let all = consents::list(&cx, id).await?;
    Ok(Json(all.into_iter().filter(|c| c.current).map(ConsentOut::from).collect()))
}

/// Records that a contact gave or withdrew a consent.
#[utoipa::path(post, path = "/contacts/{id}/consents", tag = "contacts", params(("id" = i64, Path)), request_body = ConsentIn, responses((status = 200, body = ConsentOut)))]
async fn set_consent(Caller(cx): Caller, Path(id): Path<ContactId>, Body(b): Body<ConsentIn>) -> Answer<Json<ConsentOut>> {
    let given = match b.state.as_str() {
        "given" => true,
        "withdrawn" => false,
        _ => return Err(Error::field("/state", "consent.state", "A consent is “given” or “withdrawn”.").into()),
    };
    let purpose = b.purpose.trim().to_owned();
    let all = consents::set(&cx, id, b.purpose, given, b.text).await?;
    let now = all.into_iter().find(|c| c.current && c.purpose == purpose);
    Ok(Json(now.ok_or_else(|| Error::internal("the consent was not kept"))?.into()))
}

#[derive(Debug, Deserialize, ToSchema)]
struct StopIn {
    #[serde(default = "email")]
    channel: String,
    #[serde(default)]
    comments: String,
}

fn email() -> String {
    "email".into()
}

/// Puts a contact on the do-not-contact list of a channel, by hand.
#[utoipa::path(post, path = "/contacts/{id}/do-not-contact", tag = "contacts", params(("id" = i64, Path)), request_body = StopIn, responses((status = 200, body = ContactOut)))]
async fn stop_contacting(Caller(cx): Caller, Path(id): Path<ContactId>, Body(b): Body<StopIn>) -> Answer<Json<ContactOut>> {
    let new = NewDoNotContact { channel: b.channel, reason: 3, channel_id: None, comments: b.comments };
    contacts::stop_contacting(&cx, id, new).await?;
    Ok(Json(contacts::get(&cx, id).await?.into()))
}

/// Takes a contact off the do-not-contact list of a channel.
#[utoipa::path(delete, path = "/contacts/{id}/do-not-contact/{channel}", tag = "contacts", params(("id" = i64, Path), ("channel" = String, Path)), responses((status = 204)))]
async fn contact_again(Caller(cx): Caller, Path((id, channel)): Path<(ContactId, String)>) -> Answer<StatusCode> {
    contacts::contact_again(&cx, id, channel).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Deserialize, ToSchema)]
struct PointsIn {
    /// `plus`, `minus`, `times`, `divide` or `set`.
    operator: String,
    value: i64,
    #[serde(default)]
    reason: String,
}

/// Changes the points of a contact.
#[utoipa::path(post, path = "/contacts/{id}/points", tag = "contacts", params(("id" = i64, Path)), request_body = PointsIn, responses((status = 200, body = ContactOut)))]
async fn points(Caller(cx): Caller, Path(id): Path<ContactId>, Body(b): Body<PointsIn>) -> Answer<Json<ContactOut>> {
    let op = PointsOperator::parse(&b.operator)
        .ok_or_else(|| Error::field("/operator", "points.operator", "An operator is plus, minus, times, divide or set."))?;
    let reason = if b.reason.trim().is_empty() { "By hand".to_owned() } else { b.reason };
    contacts::points(&cx, id, op, b.value, reason).await?;
    Ok(Json(contacts::get(&cx, id).await?.into()))
}
