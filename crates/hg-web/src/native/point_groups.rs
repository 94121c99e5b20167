//! Point groups, how their scores fade, and the scores of one contact.

use axum::Json;
use axum::http::StatusCode;
use hg_app::Error;
use hg_app::contacts::{self, PointsOperator};
use hg_app::points::{self, DecayRule, Given, GroupPatch, NewGroup, PointGroup, PointsProblem};
use hg_core::ids::{ContactId, PointGroupId};
use hg_core::points::Decay;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::native::maybe::Maybe;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
        .routes(routes!(decay_rules))
        .routes(routes!(set_decay, remove_decay))
        .routes(routes!(preview_decay))
        .routes(routes!(scores))
        .routes(routes!(change))
}

/// A score beside the main one.
#[derive(Debug, Serialize, ToSchema)]
struct PointGroupOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    name: String,
    description: Option<String>,
    published: bool,
}

impl From<PointGroup> for PointGroupOut {
    fn from(g: PointGroup) -> Self {
        Self {
            id: g.id.0,
            version: g.version,
            created_at: g.created_at.rfc3339(),
            updated_at: g.updated_at.rfc3339(),
            name: g.name,
            description: g.description,
            published: g.published,
        }
    }
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct PointGroupIn {
    version: Option<i64>,
    name: Option<String>,
    #[schema(value_type = Option<String>)]
    description: Maybe<String>,
    published: Option<bool>,
}

/// Point groups.
#[utoipa::path(get, path = "/points/groups", tag = "points", params(ListParams), responses((status = 200, body = PageOut<PointGroupOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<PageOut<PointGroupOut>>> {
    Ok(PageOut::of(points::list_groups(&cx, q.into()).await?, PointGroupOut::from))
}

/// Makes a group.
#[utoipa::path(post, path = "/points/groups", tag = "points", request_body = PointGroupIn, responses((status = 201, body = PointGroupOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<PointGroupIn>) -> Answer<(StatusCode, Json<PointGroupOut>)> {
    let new = NewGroup { name: b.name.unwrap_or_default(), description: b.description.0.flatten(), published: b.published };
    Ok((StatusCode::CREATED, Json(points::create_group(&cx, new).await?.into())))
}

/// One group.
#[utoipa::path(get, path = "/points/groups/{id}", tag = "points", params(("id" = i64, Path)), responses((status = 200, body = PointGroupOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<PointGroupId>) -> Answer<Json<PointGroupOut>> {
    Ok(Json(points::get_group(&cx, id).await?.into()))
}

/// Changes what is named.
#[utoipa::path(patch, path = "/points/groups/{id}", tag = "points", params(("id" = i64, Path)), request_body = PointGroupIn, responses((status = 200, body = PointGroupOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<PointGroupId>, Body(b): Body<PointGroupIn>) -> Answer<Json<PointGroupOut>> {
    let patch = GroupPatch { version: b.version, name: b.name, description: b.description.0, published: b.published };
    Ok(Json(points::update_group(&cx, id, patch).await?.into()))
}

/// Deletes a group that nothing uses; its scores come back with it.
#[utoipa::path(delete, path = "/points/groups/{id}", tag = "points", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<PointGroupId>) -> Answer<StatusCode> {
    points::delete_group(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted group back.
#[utoipa::path(post, path = "/points/groups/{id}/restore", tag = "points", params(("id" = i64, Path)), responses((status = 200, body = PointGroupOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<PointGroupId>) -> Answer<Json<PointGroupOut>> {
    Ok(Json(points::restore_group(&cx, id).await?.into()))
}

/// How a score fades.
#[derive(Debug, Serialize, ToSchema)]
struct DecayOut {
    /// 0: the main score.
    group_id: i64,
    #[schema(value_type = super::words::DecayWord)]
    kind: &'static str,
    days: i64,
    /// Points lost for each such period without activity.
    amount: i64,
    published: bool,
    last_run_at: String,
    running: bool,
    /// Points taken so far.
    lost: i64,
}

impl From<DecayRule> for DecayOut {
    fn from(r: DecayRule) -> Self {
        let (kind, days, amount) = match r.decay {
            Decay::HalfLife { days } => ("half_life", days, 0),
            Decay::Inactive { days, amount } => ("inactive", days, amount),
        };
        Self {
            group_id: r.group_id.map_or(0, |g| g.0),
            kind,
            days,
            amount,
            published: r.published,
            last_run_at: r.last_run_at.rfc3339(),
            running: r.running,
            lost: r.lost,
        }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
struct DecayIn {
    #[schema(value_type = super::words::DecayWord)]
    kind: String,
    days: i64,
    #[serde(default)]
    amount: i64,
    #[serde(default = "yes")]
    published: bool,
    /// For a preview: so many days ahead, 30 when absent.
    ahead: Option<i64>,
}

fn yes() -> bool {
    true
}

impl DecayIn {
    fn rule(&self) -> Result<Decay, Error> {
        match self.kind.as_str() {
            "half_life" => Ok(Decay::HalfLife { days: self.days }),
            "inactive" => Ok(Decay::Inactive { days: self.days, amount: self.amount }),
            _ => Err(Error::field("/kind", "points.decay", "A score fades by “half_life” or when “inactive”.")),
        }
    }
}

fn group(id: i64) -> Option<PointGroupId> {
    Some(PointGroupId(id)).filter(|g| g.0 > 0)
}

/// How scores fade: one rule a group, and one for the main score.
#[utoipa::path(get, path = "/points/decay", tag = "points", responses((status = 200, body = Vec<DecayOut>)))]
async fn decay_rules(Caller(cx): Caller) -> Answer<Json<Vec<DecayOut>>> {
    Ok(Json(points::decay_rules(&cx).await?.into_iter().map(DecayOut::from).collect()))
}

/// Lets the scores of a group (0: the main score) fade from tomorrow on.
#[utoipa::path(put, path = "/points/decay/{group}", tag = "points", params(("group" = i64, Path)), request_body = DecayIn, responses((status = 200, body = DecayOut)))]
async fn set_decay(Caller(cx): Caller, Path(id): Path<i64>, Body(b): Body<DecayIn>) -> Answer<Json<DecayOut>> {
    Ok(Json(points::set_decay(&cx, group(id), b.rule()?, b.published).await?.into()))
}

/// The scores of a group fade no more.
#[utoipa::path(delete, path = "/points/decay/{group}", tag = "points", params(("group" = i64, Path)), responses((status = 204)))]
async fn remove_decay(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<StatusCode> {
    points::remove_decay(&cx, group(id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a rule would do to the highest scores, if nobody did anything more.
#[derive(Debug, Serialize, ToSchema)]
struct DecayPreviewOut {
    days: i64,
    people: u64,
    points_now: i64,
    points_then: i64,
    sample: Vec<FadedOut>,
    /// Every score was looked at.
    whole: bool,
}

#[derive(Debug, Serialize, ToSchema)]
struct FadedOut {
    contact_id: i64,
    name: String,
    email: Option<String>,
    now: i64,
    then: i64,
}

/// What a rule, saved or not, would do. Nothing is changed.
#[utoipa::path(post, path = "/points/decay/{group}/preview", tag = "points", params(("group" = i64, Path)), request_body = DecayIn, responses((status = 200, body = DecayPreviewOut)))]
async fn preview_decay(Caller(cx): Caller, Path(id): Path<i64>, Body(b): Body<DecayIn>) -> Answer<Json<DecayPreviewOut>> {
    let found = points::preview_decay(&cx, group(id), b.rule()?, b.ahead.unwrap_or(30)).await?;
    let faded =
        |f: points::Faded| FadedOut { contact_id: f.contact.0, name: f.name.name, email: f.name.email, now: f.now, then: f.then };
    Ok(Json(DecayPreviewOut {
        days: found.days,
        people: found.people,
        points_now: found.points_now,
        points_then: found.points_then,
        sample: found.sample.into_iter().map(faded).collect(),
        whole: found.whole,
    }))
}

/// Every score of a contact, and where it came from.
#[derive(Debug, Serialize, ToSchema)]
struct ScoresOut {
    points: i64,
    /// Of the highest trigger that she reached.
    color: Option<String>,
    groups: Vec<GroupScoreOut>,
    /// What each rule or reason contributed; the sums are the scores.
    lines: Vec<ScoreLineOut>,
}

#[derive(Debug, Serialize, ToSchema)]
struct GroupScoreOut {
    group_id: i64,
    name: String,
    score: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ScoreLineOut {
    /// 0: the main score.
    group_id: i64,
    /// The point action that gave them.
    action_id: Option<i64>,
    reason: String,
    points: i64,
    times: i64,
    last_at: Option<String>,
}

/// The scores of a contact, explained by rule.
#[utoipa::path(get, path = "/contacts/{id}/points", tag = "contacts", params(("id" = i64, Path)), responses((status = 200, body = ScoresOut)))]
async fn scores(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<Json<ScoresOut>> {
    let contact = contacts::get(&cx, id).await?;
    let groups = points::scores(&cx, id).await?;
    let lines = points::explain(&cx, id).await?;
    Ok(Json(ScoresOut {
        points: contact.points,
        color: contact.color,
        groups: groups
            .into_iter()
            .map(|s| GroupScoreOut { group_id: s.group.id.0, name: s.group.name, score: s.score })
            .collect(),
        lines: lines
            .into_iter()
            .map(|l| ScoreLineOut {
                group_id: l.group.map_or(0, |(g, _)| g.0),
                action_id: l.rule.map(|r| r.0),
                reason: l.reason,
                points: l.points,
                times: l.times,
                last_at: l.last_at.map(|t| t.rfc3339()),
            })
            .collect(),
    }))
}

#[derive(Debug, Deserialize, ToSchema)]
struct GroupPointsIn {
    /// `plus`, `minus`, `times`, `divide` or `set`.
    operator: String,
    value: i64,
    #[serde(default)]
    reason: String,
}

/// Changes the score of a contact in a group.
#[utoipa::path(post, path = "/contacts/{id}/points/groups/{group}", tag = "contacts", params(("id" = i64, Path), ("group" = i64, Path)), request_body = GroupPointsIn, responses((status = 200, body = ScoresOut)))]
async fn change(
    caller: Caller,
    Path((id, group)): Path<(ContactId, PointGroupId)>,
    Body(b): Body<GroupPointsIn>,
) -> Answer<Json<ScoresOut>> {
    caller.0.may(hg_app::Action::Edit(hg_app::Area::Contacts))?;
    let op = PointsOperator::parse(&b.operator).ok_or(PointsProblem::Operator).map_err(Error::from)?;
    let reason = if b.reason.trim().is_empty() { "By hand".to_owned() } else { b.reason };
    points::change(&caller.0, id, Some(group), op, b.value, Given::by("user", reason)).await?;
    scores(caller, Path(id)).await
}
