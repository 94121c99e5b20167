//! Campaigns that are tried before they run.

use axum::Json;
use axum::http::StatusCode;
use hg_app::campaigns::simulate::{self, Reason, Report, Setup, Simulation};
use hg_core::ids::CampaignId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, Path};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list, start)).routes(routes!(get))
}

/// How a campaign is to be tried. Everything has a default.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct CampaignSimulationSetup {
    /// Of a larger audience so many are taken, evenly spread; at most 100,000.
    most_people: i64,
    /// At most 365.
    days: i64,
    /// Everybody opens and clicks as often as before; the shares are for those of whom nothing is known.
    replay: bool,
    /// Shares in percent, of all who get a mail.
    open_percent: f64,
    click_percent: f64,
    /// Of those from whom the campaign waits for a form, or for a visit.
    submit_percent: f64,
    visit_percent: f64,
    /// More mails than this within seven days are too many.
    many_a_week: i64,
    /// The same number gives the same result.
    seed: i64,
    /// Only these contacts; empty: whom the campaign's sources hold.
    contacts: Vec<i64>,
}

impl Default for CampaignSimulationSetup {
    fn default() -> Self {
        Setup::default().into()
    }
}

impl From<Setup> for CampaignSimulationSetup {
    fn from(s: Setup) -> Self {
        Self {
            most_people: s.most_people,
            days: s.days,
            replay: s.replay,
            open_percent: s.open_percent,
            click_percent: s.click_percent,
            submit_percent: s.submit_percent,
            visit_percent: s.visit_percent,
            many_a_week: s.many_a_week,
            seed: s.seed,
            contacts: s.contacts,
        }
    }
}

impl From<CampaignSimulationSetup> for Setup {
    fn from(s: CampaignSimulationSetup) -> Self {
        Self {
            most_people: s.most_people,
            days: s.days,
            replay: s.replay,
            open_percent: s.open_percent,
            click_percent: s.click_percent,
            submit_percent: s.submit_percent,
            visit_percent: s.visit_percent,
            many_a_week: s.many_a_week,
            seed: s.seed,
            contacts: s.contacts,
        }
    }
}

/// A simulation, and what came of it.
#[derive(Serialize, ToSchema)]
struct CampaignSimulation {
    id: i64,
    created_at: String,
    setup: CampaignSimulationSetup,
    /// `running`, `done`, `stopped` or `failed`.
    state: String,
    /// Why it failed.
    message: Option<String>,
    report: Option<CampaignSimulationReport>,
}

#[derive(Serialize, ToSchema)]
struct CampaignSimulationReport {
    /// Who would come in, and how many of them were looked at.
    audience: i64,
    people: i64,
    from: String,
    until: String,
    sent: i64,
    /// Mails that had to wait for a limit or a pause, and those that still did at the end.
    held: i64,
    still_held: i64,
    steps: Vec<SimulatedStep>,
    days: Vec<SimulatedDay>,
    /// Why mails were not sent, the most frequent first.
    not_sent: Vec<SimulatedReason>,
    /// Keys of the steps that nobody came to.
    unreached: Vec<String>,
    /// How many would get more mails within seven days than they should.
    too_many: i64,
    busiest: Vec<SimulatedPerson>,
    /// The way of each contact that was named, up to ten.
    walks: Vec<SimulatedWalk>,
    /// How long it took, in milliseconds.
    took: i64,
}

#[derive(Serialize, ToSchema)]
struct SimulatedStep {
    key: String,
    name: String,
    done: i64,
    waiting: i64,
    yes: i64,
    no: i64,
    failed: i64,
    /// What the step said instead of acting.
    said: Vec<SimulatedReason>,
}

#[derive(Serialize, ToSchema)]
struct SimulatedDay {
    /// In the workspace's zone.
    day: String,
    sent: i64,
}

#[derive(Serialize, ToSchema)]
struct SimulatedReason {
    text: String,
    times: i64,
}

#[derive(Serialize, ToSchema)]
struct SimulatedPerson {
    contact: i64,
    name: String,
    /// In the busiest seven days.
    mails: i64,
    from: String,
}

#[derive(Serialize, ToSchema)]
struct SimulatedWalk {
    contact: i64,
    name: String,
    steps: Vec<SimulatedPassage>,
}

#[derive(Serialize, ToSchema)]
struct SimulatedPassage {
    step_key: String,
    name: String,
    /// `scheduled`, `waiting`, `done`, `warning`, `cancelled` or `failed`.
    state: String,
    path: Option<String>,
    /// From when its wait was counted.
    from: String,
    /// When it ended, or falls due.
    at: Option<String>,
    text: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct CampaignSimulations {
    items: Vec<CampaignSimulation>,
}

fn reasons(all: Vec<Reason>) -> Vec<SimulatedReason> {
    all.into_iter().map(|r| SimulatedReason { text: r.text, times: r.times }).collect()
}

impl From<Simulation> for CampaignSimulation {
    fn from(s: Simulation) -> Self {
        Self {
            id: s.id,
            created_at: s.created_at.rfc3339(),
            setup: s.setup.into(),
            state: s.state.key().into(),
            message: s.message,
            report: s.report.map(Into::into),
        }
    }
}

impl From<Report> for CampaignSimulationReport {
    fn from(r: Report) -> Self {
        let key = |id| r.steps.iter().find(|s| s.step == id).map(|s| s.key.clone()).unwrap_or_default();
        let unreached = r.unreached.iter().map(|id| key(*id)).collect();
        let walks = r
            .walks
            .iter()
            .map(|walk| SimulatedWalk {
                contact: walk.contact.0,
                name: walk.name.clone(),
                steps: walk
                    .steps
                    .iter()
                    .map(|s| SimulatedPassage {
                        step_key: key(s.step),
                        name: s.name.clone(),
                        state: s.state.clone(),
                        path: s.path.clone(),
                        from: s.from.rfc3339(),
                        at: s.at.map(|at| at.rfc3339()),
                        text: s.text.clone(),
                    })
                    .collect(),
            })
            .collect();
        let steps = r.steps.into_iter().map(|s| SimulatedStep {
            key: s.key,
            name: s.name,
            done: s.done,
            waiting: s.waiting,
            yes: s.yes,
            no: s.no,
            failed: s.failed,
            said: reasons(s.said),
        });
        let person = |p: hg_app::campaigns::simulate::BusyPerson| SimulatedPerson {
            contact: p.contact.0,
            name: p.name,
            mails: p.mails,
            from: p.from.rfc3339(),
        };
        Self {
            audience: r.audience,
            people: r.people,
            from: r.from.rfc3339(),
            until: r.until.rfc3339(),
            sent: r.sent,
            held: r.held,
            still_held: r.still_held,
            steps: steps.collect(),
            days: r.days.into_iter().map(|d| SimulatedDay { day: d.day, sent: d.sent }).collect(),
            not_sent: reasons(r.not_sent),
            unreached,
            too_many: r.too_many,
            busiest: r.busiest.into_iter().map(person).collect(),
            walks,
            took: r.took,
        }
    }
}

/// The latest twenty simulations of a campaign, newest first.
#[utoipa::path(get, path = "/campaigns/{id}/simulations", tag = "campaigns", params(("id" = i64, Path)), responses((status = 200, body = CampaignSimulations)))]
async fn list(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<Json<CampaignSimulations>> {
    let found = simulate::list(&cx, CampaignId(id)).await?;
    Ok(Json(CampaignSimulations { items: found.into_iter().map(Into::into).collect() }))
}

/// Tries a campaign in the background: its real people, the real rules, a clock of its own, and nothing leaves.
#[utoipa::path(post, path = "/campaigns/{id}/simulations", tag = "campaigns", params(("id" = i64, Path)), request_body = CampaignSimulationSetup, responses((status = 202, body = CampaignSimulation)))]
async fn start(
    Caller(cx): Caller,
    Path(id): Path<i64>,
    Body(setup): Body<CampaignSimulationSetup>,
) -> Answer<(StatusCode, Json<CampaignSimulation>)> {
    let asked = simulate::start(&cx, CampaignId(id), setup.into()).await?;
    Ok((StatusCode::ACCEPTED, Json(asked.into())))
}

/// A simulation with its report, when it is done.
#[utoipa::path(get, path = "/campaigns/{id}/simulations/{simulation}", tag = "campaigns", params(("id" = i64, Path), ("simulation" = i64, Path)), responses((status = 200, body = CampaignSimulation)))]
async fn get(Caller(cx): Caller, Path((id, simulation)): Path<(i64, i64)>) -> Answer<Json<CampaignSimulation>> {
    Ok(Json(simulate::get(&cx, CampaignId(id), simulation).await?.into()))
}
