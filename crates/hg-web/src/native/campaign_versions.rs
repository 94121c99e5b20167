//! Edits of running campaigns: what a change would do, the versions, and the way back.

use std::collections::BTreeMap;

use axum::Json;
use hg_app::Error;
use hg_app::campaigns::{self, PeopleChoice, StepDifference, Version, VersionDetail};
use hg_core::campaigns::{Inside, Part};
use hg_core::ids::CampaignId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::campaigns::{CampaignOut, StepDraft, TimingIo, kind_key, steps_in, timing_out};
use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, PageOut, Path, Query};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(diff)).routes(routes!(list)).routes(routes!(get)).routes(routes!(restore))
}

/// What becomes of the people inside when changes of a running campaign are published.
#[derive(Deserialize, ToSchema, Default)]
#[serde(default)]
pub struct PeopleIn {
    /// `keep`: who waits keeps the moment that was set. `replan`: it is found anew by the new timing. `restart`: everybody
    /// begins again.
    #[schema(value_type = Option<super::words::InsideWord>)]
    inside: Option<String>,
    /// By the key of a removed step: the key of the step where those who wait there go on; null: they leave.
    gone: BTreeMap<String, Option<String>>,
    /// Keys of new or moved steps that people who are past the place get too.
    backfill: Vec<String>,
    /// A sentence about the change.
    note: Option<String>,
}

impl PeopleIn {
    pub fn read(self) -> Result<PeopleChoice, Error> {
        let inside = match self.inside.as_deref() {
            None | Some("") => Inside::Keep,
            Some(word) => Inside::from_key(word)
                .ok_or_else(|| Error::field("/people/inside", "inside", "Choose keep, replan or restart."))?,
        };
        Ok(PeopleChoice { inside, gone: self.gone, backfill: self.backfill, note: self.note })
    }
}

/// One step that a change touches.
#[derive(Serialize, ToSchema)]
struct StepDifferenceOut {
    key: String,
    name: String,
    #[schema(value_type = super::words::StepChange)]
    change: String,
    #[schema(value_type = Vec<super::words::StepPart>)]
    parts: Vec<String>,
    /// Who waits there now.
    waiting: i64,
    /// Of a new or moved step: how many at most are past its place.
    past: i64,
}

impl From<StepDifference> for StepDifferenceOut {
    fn from(d: StepDifference) -> Self {
        let (waiting, past, d) = (d.waiting, d.past, d.difference);
        let parts = d.parts.into_iter().map(Part::key).map(str::to_owned).collect();
        Self { key: d.key, name: d.name, change: d.change.key().to_owned(), parts, waiting, past }
    }
}

/// A version of a campaign.
#[derive(Serialize, ToSchema)]
struct CampaignVersion {
    number: i64,
    made_at: String,
    made_by: Option<String>,
    note: Option<String>,
    #[schema(value_type = super::words::InsideWord)]
    inside: String,
    added: i64,
    changed: i64,
    removed: i64,
    /// Everybody inside is where the version wants them.
    done: bool,
}

impl From<Version> for CampaignVersion {
    fn from(v: Version) -> Self {
        let Version { number, note, made_by, added, changed, removed, done, .. } = v;
        let (made_at, inside) = (v.made_at.rfc3339(), v.inside.key().to_owned());
        Self { number, made_at, made_by, note, inside, added, changed, removed, done }
    }
}

/// A step as a version keeps it.
#[derive(Serialize, ToSchema)]
struct KeptStep {
    key: String,
    #[schema(value_type = super::words::StepWord)]
    kind: String,
    #[serde(rename = "type")]
    what: String,
    name: String,
    parent: Option<String>,
    #[schema(value_type = Option<super::words::PathWord>)]
    path: Option<String>,
    #[schema(value_type = Object)]
    settings: Value,
    timing: TimingIo,
    timing_text: String,
}

/// A version with its steps.
#[derive(Serialize, ToSchema)]
struct CampaignVersionDetail {
    version: CampaignVersion,
    allow_restart: bool,
    steps: Vec<KeptStep>,
    /// What going back to it would change.
    back: Vec<StepDifferenceOut>,
}

impl From<VersionDetail> for CampaignVersionDetail {
    fn from(v: VersionDetail) -> Self {
        let step = |s: hg_core::campaigns::Step| KeptStep {
            kind: kind_key(&s.what).into(),
            what: s.what.key().into(),
            settings: s.what.write(),
            timing_text: s.timing.in_words(),
            timing: timing_out(&s.timing),
            key: s.key,
            name: s.name,
            parent: s.parent,
            path: s.path.map(|p| p.key().into()),
        };
        Self {
            version: v.version.into(),
            allow_restart: v.allow_restart,
            steps: v.plan.steps.into_iter().map(step).collect(),
            back: v.back.into_iter().map(StepDifferenceOut::from).collect(),
        }
    }
}

#[derive(Deserialize, ToSchema)]
struct DiffIn {
    /// The whole list of steps as they would be.
    steps: Vec<StepDraft>,
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct VersionParams {
    #[serde(default)]
    limit: u32,
    cursor: Option<String>,
}

#[derive(Deserialize, ToSchema)]
struct GoBack {
    /// The version of the campaign that was read; refused when somebody saved since.
    version: Option<i64>,
    #[serde(default)]
    people: PeopleIn,
}

/// What a change of the steps would do, and how many people it concerns. Nothing is saved.
#[utoipa::path(post, path = "/campaigns/{id}/diff", tag = "campaigns", params(("id" = i64, Path)), request_body = DiffIn, responses((status = 200, body = Vec<StepDifferenceOut>)))]
async fn diff(Caller(cx): Caller, Path(id): Path<CampaignId>, Body(b): Body<DiffIn>) -> Answer<Json<Vec<StepDifferenceOut>>> {
    let all = campaigns::difference(&cx, id, steps_in(b.steps)?).await?;
    Ok(Json(all.into_iter().map(StepDifferenceOut::from).collect()))
}

/// The versions of a campaign, the newest first.
#[utoipa::path(get, path = "/campaigns/{id}/versions", tag = "campaigns", params(("id" = i64, Path), VersionParams), responses((status = 200, body = PageOut<CampaignVersion>)))]
async fn list(
    Caller(cx): Caller,
    Path(id): Path<CampaignId>,
    Query(q): Query<VersionParams>,
) -> Answer<Json<PageOut<CampaignVersion>>> {
    let query = crate::input::ListParams { limit: q.limit, cursor: q.cursor, ..Default::default() }.into();
    Ok(PageOut::of(campaigns::versions(&cx, id, query).await?, CampaignVersion::from))
}

/// One version: its steps, and what going back to it would change.
#[utoipa::path(get, path = "/campaigns/{id}/versions/{number}", tag = "campaigns", params(("id" = i64, Path), ("number" = i64, Path)), responses((status = 200, body = CampaignVersionDetail)))]
async fn get(Caller(cx): Caller, Path((id, number)): Path<(CampaignId, i64)>) -> Answer<Json<CampaignVersionDetail>> {
    Ok(Json(campaigns::version(&cx, id, number).await?.into()))
}

/// Makes a campaign what it was in a version. That makes a new version; nothing is lost.
#[utoipa::path(post, path = "/campaigns/{id}/versions/{number}/restore", tag = "campaigns", params(("id" = i64, Path), ("number" = i64, Path)), request_body = GoBack, responses((status = 200, body = CampaignOut)))]
async fn restore(
    Caller(cx): Caller,
    Path((id, number)): Path<(CampaignId, i64)>,
    Body(b): Body<GoBack>,
) -> Answer<Json<CampaignOut>> {
    Ok(Json(campaigns::go_back(&cx, id, number, b.version, b.people.read()?).await?.into()))
}
