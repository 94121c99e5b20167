//! Campaigns: draw, publish, see who is where.

use axum::Json;
use axum::http::StatusCode;
use hg_app::Error;
use hg_app::campaigns::{self, Campaign, CampaignPatch, CampaignQuery, NewCampaign, State, StepIn};
use hg_core::campaigns::steps::TYPES;
use hg_core::campaigns::{Path as Way, Republish, Source, SourceKind, StepType, Timing};
use hg_core::ids::CampaignId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, PageOut, Path, Query};
use crate::native::campaign_goals::{CampaignGoals, CampaignRule, RuleDraft, rules_in};
use crate::native::campaign_versions::PeopleIn;
use crate::native::maybe::{Maybe, instant};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(catalogue))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
        .routes(routes!(publish))
        .routes(routes!(pause))
        .routes(routes!(pause_step))
        .routes(routes!(resume_step))
        .routes(routes!(duplicate))
        .routes(routes!(export))
        .routes(routes!(import))
}

/// A campaign.
#[derive(Serialize, ToSchema)]
pub struct CampaignOut {
    id: i64,
    version: i64,
    name: String,
    description: Option<String>,
    #[schema(value_type = super::words::CampaignState)]
    state: String,
    publish_up: Option<String>,
    publish_down: Option<String>,
    allow_restart: bool,
    /// What becomes of waits when it is published again after a pause.
    #[schema(value_type = super::words::CampaignRepublishWord)]
    republish: String,
    sources: Vec<SourceOut>,
    steps: Vec<StepOut>,
    /// Where the canvas drew the steps; ours to keep, yours to read.
    #[schema(value_type = Option<Object>)]
    layout: Option<Value>,
    counts: CampaignCounts,
    /// Goals and exit rules.
    rules: Vec<CampaignRule>,
    /// How it does by its goals; null where it has none.
    goals: Option<CampaignGoals>,
    /// What keeps it from being published.
    problems: Vec<CampaignProblem>,
    created_at: String,
    updated_at: String,
}

#[derive(Serialize, ToSchema)]
struct SourceOut {
    #[schema(value_type = super::words::SourceWord)]
    kind: String,
    id: i64,
    name: String,
}

#[derive(Serialize, ToSchema)]
struct CampaignCounts {
    /// Who ever entered.
    members: i64,
    /// Who is in now.
    active: i64,
    /// Who is in and has nothing left to come.
    finished: i64,
}

#[derive(Serialize, ToSchema)]
struct CampaignProblem {
    /// Key of the step at fault; null: the campaign itself.
    step_id: Option<String>,
    code: String,
    detail: String,
}

/// A step on the canvas.
#[derive(Serialize, ToSchema)]
struct StepOut {
    id: i64,
    key: String,
    #[schema(value_type = super::words::StepWord)]
    kind: String,
    #[serde(rename = "type")]
    what: String,
    name: String,
    parent: Option<String>,
    /// Below a decision or condition.
    #[schema(value_type = Option<super::words::PathWord>)]
    path: Option<String>,
    #[schema(value_type = Object)]
    settings: Value,
    timing: TimingIo,
    /// The timing in words.
    timing_text: String,
    counts: StepCountsOut,
    /// Set while nobody passes it.
    paused: Option<StepPauseOut>,
}

#[derive(Serialize, ToSchema)]
struct StepCountsOut {
    done: i64,
    waiting: i64,
    yes: i64,
    no: i64,
    /// Given up.
    failed: i64,
    /// Of those who wait: whose try failed and who get another.
    failing: i64,
}

/// A step that nobody passes for now.
#[derive(Serialize, ToSchema)]
struct StepPauseOut {
    at: String,
    why: String,
}

/// When a step runs. Hours and weekdays are the contact's local time.
#[derive(Serialize, Deserialize, ToSchema, Default)]
#[serde(default)]
pub(super) struct TimingIo {
    #[schema(value_type = super::words::TimingMode, required = true)]
    mode: String,
    interval: i64,
    #[schema(value_type = Option<super::words::UnitWord>)]
    unit: Option<String>,
    /// The instant of mode `date`.
    at: Option<String>,
    /// `HH:MM`
    hour: Option<String>,
    /// `[HH:MM, HH:MM]`
    between: Option<Vec<String>>,
    /// 0 = Sunday … 6 = Saturday.
    weekdays: Vec<u8>,
    #[schema(value_type = Option<super::words::PastWord>)]
    if_past: Option<String>,
    /// What mode `optimized` chooses.
    #[schema(value_type = Option<super::words::BestWord>)]
    best: Option<String>,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct SourceIn {
    #[schema(value_type = super::words::SourceWord)]
    kind: String,
    id: i64,
}

#[derive(Deserialize, ToSchema)]
pub(super) struct StepDraft {
    /// Your own name for the step, stable over edits.
    key: String,
    #[serde(rename = "type")]
    what: String,
    #[serde(default)]
    name: String,
    parent: Option<String>,
    #[schema(value_type = Option<super::words::PathWord>)]
    path: Option<String>,
    #[serde(default)]
    #[schema(value_type = Object)]
    settings: Value,
    #[serde(default)]
    timing: TimingIo,
}

#[derive(Deserialize, ToSchema)]
struct CampaignIn {
    name: String,
    description: Option<String>,
    publish_up: Option<String>,
    publish_down: Option<String>,
    #[serde(default)]
    allow_restart: bool,
    #[schema(value_type = Option<super::words::CampaignRepublishWord>)]
    republish: Option<String>,
    #[serde(default)]
    sources: Vec<SourceIn>,
    #[serde(default)]
    steps: Vec<StepDraft>,
    #[serde(default)]
    rules: Vec<RuleDraft>,
    #[schema(value_type = Option<Object>)]
    layout: Option<Value>,
}

#[derive(Deserialize, ToSchema)]
struct CampaignChange {
    version: Option<i64>,
    name: Option<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    description: Maybe<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    publish_up: Maybe<String>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    publish_down: Maybe<String>,
    allow_restart: Option<bool>,
    #[schema(value_type = Option<super::words::CampaignRepublishWord>)]
    republish: Option<String>,
    sources: Option<Vec<SourceIn>>,
    /// The whole list: steps that are not in it are deleted.
    steps: Option<Vec<StepDraft>>,
    /// The whole list of goals and exit rules.
    rules: Option<Vec<RuleDraft>>,
    #[schema(value_type = Option<Object>)]
    layout: Option<Value>,
    /// Of a campaign that was started: what becomes of the people inside.
    #[serde(default)]
    people: PeopleIn,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct CampaignParams {
    #[serde(default)]
    search: String,
    #[serde(default)]
    sort: String,
    #[serde(default)]
    limit: u32,
    cursor: Option<String>,
    /// `draft`, `published` or `paused`.
    state: Option<String>,
}

/// A kind of step that can be drawn.
#[derive(Serialize, ToSchema)]
struct StepTypeOut {
    #[serde(rename = "type")]
    what: String,
    #[schema(value_type = super::words::StepWord)]
    kind: String,
    label: String,
    /// Settings of a new step of this type.
    #[schema(value_type = Object)]
    settings: Value,
    /// Types that it may stand directly below; null: any.
    only_below: Option<Vec<String>>,
    /// Nothing may follow it.
    is_end: bool,
}

#[derive(Serialize, ToSchema)]
struct StepCatalogue {
    types: Vec<StepTypeOut>,
}

pub(super) fn kind_key(what: &StepType) -> &'static str {
    match what.kind() {
        hg_core::campaigns::Kind::Action => "action",
        hg_core::campaigns::Kind::Decision => "decision",
        hg_core::campaigns::Kind::Condition => "condition",
    }
}

impl From<Campaign> for CampaignOut {
    fn from(c: Campaign) -> Self {
        let goals = c.goals().map(CampaignGoals::from);
        let counts = c.step_counts;
        let pauses = c.pauses;
        let steps = c.plan.steps.into_iter().enumerate().map(|(i, s)| {
            let n = counts.get(i).copied().unwrap_or_default();
            StepOut {
                id: s.id.0,
                kind: kind_key(&s.what).into(),
                what: s.what.key().into(),
                settings: s.what.write(),
                timing_text: s.timing.in_words(),
                timing: timing_out(&s.timing),
                key: s.key,
                name: s.name,
                parent: s.parent,
                path: s.path.map(|p| p.key().into()),
                counts: StepCountsOut {
                    done: n.done,
                    waiting: n.waiting,
                    yes: n.yes,
                    no: n.no,
                    failed: n.failed,
                    failing: n.failing,
                },
                paused: pauses.iter().find(|p| p.step == s.id).map(|p| StepPauseOut { at: p.at.rfc3339(), why: p.why.clone() }),
            }
        });
        Self {
            steps: steps.collect(),
            rules: c.rules.into_iter().map(CampaignRule::from).collect(),
            goals,
            id: c.id.0,
            version: c.version,
            name: c.name,
            description: c.description,
            state: c.state.key().into(),
            publish_up: c.publish_up.map(|t| t.rfc3339()),
            publish_down: c.publish_down.map(|t| t.rfc3339()),
            allow_restart: c.allow_restart,
            republish: c.republish.map_or(WORKSPACE, Republish::key).into(),
            sources: c.sources.into_iter().map(|(s, name)| SourceOut { kind: s.kind.key().into(), id: s.id, name }).collect(),
            layout: c.layout,
            counts: CampaignCounts { members: c.counts.members, active: c.counts.active, finished: c.counts.finished },
            problems: c
                .problems
                .into_iter()
                .map(|p| CampaignProblem { step_id: p.step, code: p.code.into(), detail: p.detail })
                .collect(),
            created_at: c.created_at.rfc3339(),
            updated_at: c.updated_at.rfc3339(),
        }
    }
}

pub(super) fn timing_out(t: &Timing) -> TimingIo {
    serde_json::to_value(t).ok().and_then(|v| serde_json::from_value(v).ok()).unwrap_or_default()
}

fn timing_in(index: usize, t: TimingIo) -> Result<Timing, Error> {
    let mode = if t.mode.is_empty() { "immediate".to_owned() } else { t.mode };
    let json = serde_json::json!({
        "mode": mode, "interval": t.interval, "unit": t.unit, "at": t.at, "hour": t.hour.filter(|h| !h.is_empty()),
        "between": t.between.filter(|b| b.len() == 2), "weekdays": t.weekdays, "if_past": t.if_past.unwrap_or_else(|| "run".into()),
        "best": t.best,
    });
    serde_json::from_value(json)
        .map_err(|e| Error::field(format!("/steps/{index}/timing"), "timing", format!("The timing cannot be read: {e}.")))
}

/// The word for what the workspace says.
const WORKSPACE: &str = "workspace";

fn republish_in(word: Option<String>) -> Result<Option<Option<Republish>>, Error> {
    let Some(word) = word else { return Ok(None) };
    if word == WORKSPACE {
        return Ok(Some(None));
    }
    let detail = "Choose count_all_time, count_only_while_published, restart_on_publish or workspace.";
    Republish::from_key(&word).map(|known| Some(Some(known))).ok_or_else(|| Error::field("/republish", "republish", detail))
}

pub(super) fn steps_in(drafts: Vec<StepDraft>) -> Result<Vec<StepIn>, Error> {
    drafts
        .into_iter()
        .enumerate()
        .map(|(index, d)| {
            let path = match d.path.as_deref() {
                None | Some("") => None,
                Some(text) => Some(
                    Way::from_key(text)
                        .ok_or_else(|| Error::field(format!("/steps/{index}/path"), "path", "A path is yes or no."))?,
                ),
            };
            Ok(StepIn {
                key: d.key,
                parent: d.parent.filter(|p| !p.is_empty()),
                path,
                name: d.name,
                kind: d.what,
                settings: d.settings,
                timing: timing_in(index, d.timing)?,
            })
        })
        .collect()
}

pub(super) fn sources_in(sources: Vec<SourceIn>) -> Result<Vec<Source>, Error> {
    sources
        .into_iter()
        .enumerate()
        .map(|(index, s)| {
            let kind = SourceKind::from_key(&s.kind).ok_or_else(|| {
                Error::field(format!("/sources/{index}/kind"), "kind", "A source is a segment, a form or a company_segment.")
            })?;
            Ok(Source { kind, id: s.id })
        })
        .collect()
}

/// Campaigns.
#[utoipa::path(get, path = "/campaigns", tag = "campaigns", params(CampaignParams), responses((status = 200, body = PageOut<CampaignOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<CampaignParams>) -> Answer<Json<PageOut<CampaignOut>>> {
    let query = CampaignQuery {
        list: crate::input::ListParams { search: q.search, sort: q.sort, limit: q.limit, cursor: q.cursor }.into(),
        state: q.state.filter(|s| !s.is_empty()).map(|s| State::from_key(&s)),
    };
    Ok(PageOut::of(campaigns::list(&cx, query).await?, CampaignOut::from))
}

/// Makes a campaign as a draft; unfinished ones may be saved.
#[utoipa::path(post, path = "/campaigns", tag = "campaigns", request_body = CampaignIn, responses((status = 201, body = CampaignOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<CampaignIn>) -> Answer<(StatusCode, Json<CampaignOut>)> {
    let new = NewCampaign {
        name: b.name,
        description: b.description,
        publish_up: instant("/publish_up", b.publish_up)?,
        publish_down: instant("/publish_down", b.publish_down)?,
        allow_restart: b.allow_restart,
        republish: republish_in(b.republish)?.unwrap_or_default(),
        sources: sources_in(b.sources)?,
        steps: steps_in(b.steps)?,
        rules: rules_in(b.rules)?,
        layout: b.layout,
        extra: None,
        publish: false,
    };
    Ok((StatusCode::CREATED, Json(campaigns::create(&cx, new).await?.into())))
}

/// The kinds of steps that can be drawn.
#[utoipa::path(get, path = "/campaigns/catalogue", tag = "campaigns", responses((status = 200, body = StepCatalogue)))]
async fn catalogue(Caller(cx): Caller) -> Answer<Json<StepCatalogue>> {
    cx.may(hg_app::Action::View(hg_app::Area::Campaigns))?;
    let types = TYPES.iter().filter_map(|info| {
        let empty = StepType::read(info.key, &Value::Null).ok()?;
        let only_below = info.only_below.iter().map(|key| (*key).to_owned()).collect::<Vec<_>>();
        Some(StepTypeOut {
            what: info.key.into(),
            kind: kind_key(&empty).into(),
            label: info.label.into(),
            settings: empty.write(),
            only_below: Some(only_below).filter(|list| !list.is_empty()),
            is_end: info.is_end,
        })
    });
    Ok(Json(StepCatalogue { types: types.collect() }))
}

/// One campaign.
#[utoipa::path(get, path = "/campaigns/{id}", tag = "campaigns", params(("id" = i64, Path)), responses((status = 200, body = CampaignOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<CampaignId>) -> Answer<Json<CampaignOut>> {
    Ok(Json(campaigns::get(&cx, id).await?.into()))
}

/// Changes a campaign; only named keys change. Members of a running one keep their place.
#[utoipa::path(patch, path = "/campaigns/{id}", tag = "campaigns", params(("id" = i64, Path)), request_body = CampaignChange, responses((status = 200, body = CampaignOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<CampaignId>, Body(b): Body<CampaignChange>) -> Answer<Json<CampaignOut>> {
    let patch = CampaignPatch {
        version: b.version,
        name: b.name,
        description: b.description.0,
        publish_up: b.publish_up.0.map(|t| instant("/publish_up", t)).transpose()?,
        publish_down: b.publish_down.0.map(|t| instant("/publish_down", t)).transpose()?,
        allow_restart: b.allow_restart,
        republish: republish_in(b.republish)?,
        sources: b.sources.map(sources_in).transpose()?,
        steps: b.steps.map(steps_in).transpose()?,
        rules: b.rules.map(rules_in).transpose()?,
        layout: b.layout,
        extra: None,
        people: Some(b.people.read()?),
    };
    Ok(Json(campaigns::update(&cx, id, patch).await?.into()))
}

/// Deletes a campaign; it can be restored.
#[utoipa::path(delete, path = "/campaigns/{id}", tag = "campaigns", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<CampaignId>) -> Answer<StatusCode> {
    campaigns::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted campaign back, paused.
#[utoipa::path(post, path = "/campaigns/{id}/restore", tag = "campaigns", params(("id" = i64, Path)), responses((status = 200, body = CampaignOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<CampaignId>) -> Answer<Json<CampaignOut>> {
    Ok(Json(campaigns::restore(&cx, id).await?.into()))
}

/// Starts a campaign.
#[utoipa::path(post, path = "/campaigns/{id}/publish", tag = "campaigns", params(("id" = i64, Path)), responses((status = 200, body = CampaignOut)))]
async fn publish(Caller(cx): Caller, Path(id): Path<CampaignId>) -> Answer<Json<CampaignOut>> {
    Ok(Json(campaigns::publish(&cx, id).await?.into()))
}

/// Pauses a campaign: what waits goes on waiting.
#[utoipa::path(post, path = "/campaigns/{id}/pause", tag = "campaigns", params(("id" = i64, Path)), responses((status = 200, body = CampaignOut)))]
async fn pause(Caller(cx): Caller, Path(id): Path<CampaignId>) -> Answer<Json<CampaignOut>> {
    Ok(Json(campaigns::pause(&cx, id).await?.into()))
}

/// Pauses one step: nobody passes it, who waits there goes on waiting.
#[utoipa::path(post, path = "/campaigns/{id}/steps/{key}/pause", tag = "campaigns", params(("id" = i64, Path), ("key" = String, Path)), responses((status = 200, body = CampaignOut)))]
async fn pause_step(Caller(cx): Caller, Path((id, key)): Path<(CampaignId, String)>) -> Answer<Json<CampaignOut>> {
    campaigns::pause_step(&cx, id, key, true).await?;
    Ok(Json(campaigns::get(&cx, id).await?.into()))
}

/// Resumes a paused step.
#[utoipa::path(post, path = "/campaigns/{id}/steps/{key}/resume", tag = "campaigns", params(("id" = i64, Path), ("key" = String, Path)), responses((status = 200, body = CampaignOut)))]
async fn resume_step(Caller(cx): Caller, Path((id, key)): Path<(CampaignId, String)>) -> Answer<Json<CampaignOut>> {
    campaigns::pause_step(&cx, id, key, false).await?;
    Ok(Json(campaigns::get(&cx, id).await?.into()))
}

/// A campaign as a file that people can read: steps by their keys, everything else by its name.
#[utoipa::path(get, path = "/campaigns/{id}/file", tag = "campaigns", params(("id" = i64, Path)), responses((status = 200, body = Object)))]
async fn export(Caller(cx): Caller, Path(id): Path<CampaignId>) -> Answer<Json<Value>> {
    Ok(Json(campaigns::export(&cx, id).await?))
}

#[derive(Deserialize, ToSchema)]
struct CampaignFile {
    /// As `GET /campaigns/{id}/file` gives it.
    #[schema(value_type = Object)]
    file: Value,
}

#[derive(Serialize, ToSchema)]
struct CampaignImported {
    campaign: CampaignOut,
    /// What the file names and this workspace does not have.
    missing: Vec<String>,
}

/// Makes a draft of a file; what it names is found again by its name.
#[utoipa::path(post, path = "/campaigns/import", tag = "campaigns", request_body = CampaignFile, responses((status = 201, body = CampaignImported)))]
async fn import(Caller(cx): Caller, Body(b): Body<CampaignFile>) -> Answer<(StatusCode, Json<CampaignImported>)> {
    let made = campaigns::import(&cx, b.file).await?;
    Ok((StatusCode::CREATED, Json(CampaignImported { campaign: made.campaign.into(), missing: made.missing })))
}

/// Makes an unpublished copy with everything in it.
#[utoipa::path(post, path = "/campaigns/{id}/duplicate", tag = "campaigns", params(("id" = i64, Path)), responses((status = 201, body = CampaignOut)))]
async fn duplicate(Caller(cx): Caller, Path(id): Path<CampaignId>) -> Answer<(StatusCode, Json<CampaignOut>)> {
    Ok((StatusCode::CREATED, Json(campaigns::duplicate(&cx, id).await?.into())))
}
