//! Asking for a simulation, and the job that runs it.

use std::time::Instant;

use async_trait::async_trait;
use hg_core::ids::CampaignId;

use super::model::{Report, Setup, Simulation, SimulationState};
use super::{play, report, scratch, store};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};

const KIND: &str = "campaigns.simulate";

/// Asks for a simulation; the background works on it. A campaign that could not be published is refused with its
/// problems.
pub async fn start(cx: &Cx, campaign: CampaignId, setup: Setup) -> Result<Simulation> {
    cx.may(Action::Edit(Area::Campaigns))?;
    setup.check()?;
    let found = crate::campaigns::get(cx, campaign).await?;
    if !found.problems.is_empty() {
        return Err(crate::campaigns::CampaignError::NotReady(found.problems).into());
    }
    let (now, by) = (cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let id = store::insert(tx, campaign, &setup, by, now)?;
            let job = NewJob {
                kind: KIND,
                dedupe_key: Some(format!("{KIND}:{id}")),
                title: format!("Try “{}”", found.name),
                payload: serde_json::json!({"campaign": campaign, "simulation": id}),
                due_at: now,
                visible: true,
                link: Some(format!("/campaigns/{campaign}/try")),
                created_by: by,
            };
            jobs::push(tx, now, job)?;
            store::find(tx, campaign, id)
        })
        .await
}

/// The latest simulations of a campaign, newest first.
pub async fn list(cx: &Cx, campaign: CampaignId) -> Result<Vec<Simulation>> {
    cx.may(Action::View(Area::Campaigns))?;
    crate::campaigns::get(cx, campaign).await?;
    cx.db().read(move |tx| store::list(tx, campaign)).await
}

pub async fn get(cx: &Cx, campaign: CampaignId, id: i64) -> Result<Simulation> {
    cx.may(Action::View(Area::Campaigns))?;
    cx.db().read(move |tx| store::find(tx, campaign, id)).await
}

/// Simulates while the caller waits, for the console. Nothing is kept.
pub async fn run_now(cx: &Cx, campaign: CampaignId, setup: &Setup) -> Result<Report> {
    cx.may(Action::Edit(Area::Campaigns))?;
    setup.check()?;
    let report = simulate(cx, campaign, setup, 0, None).await?;
    report.ok_or_else(|| Error::internal("nobody stopped it"))
}

/// `None`: somebody stopped it.
async fn simulate(
    cx: &Cx,
    campaign: CampaignId,
    setup: &Setup,
    number: i64,
    handle: Option<&JobHandle>,
) -> Result<Option<Report>> {
    let began = Instant::now();
    let scratch = scratch::open(cx, campaign, setup, number).await?;
    if !play::play(&scratch, setup, handle).await? {
        return Ok(None);
    }
    let mut report = report::read(&scratch, setup).await?;
    report.took = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    Ok(Some(report))
}

/// Runs a simulation. After a crash it begins again: its copy is thrown away.
pub struct SimulateJob;

#[async_trait]
impl JobRunner for SimulateJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let campaign = CampaignId(job.payload["campaign"].as_i64().unwrap_or(0));
        let id = job.payload["simulation"].as_i64().unwrap_or(0);
        let setup = match cx.db().read(move |tx| store::find(tx, campaign, id)).await {
            Ok(found) => found.setup,
            Err(error) if error.is_not_found() => return Ok(Outcome::Done("The simulation is gone.".to_owned())),
            Err(error) => return Err(error),
        };
        match simulate(cx, campaign, &setup, id, Some(handle)).await {
            Ok(Some(report)) => {
                let said = format!("{} people, {} mails in {} days.", report.people, report.sent, setup.days);
                end(cx, id, SimulationState::Done, None, Some(report)).await?;
                Ok(Outcome::Done(said))
            }
            Ok(None) => {
                // When the process ends it begins again at the next start.
                if !cx.ws.is_stopping() {
                    end(cx, id, SimulationState::Stopped, None, None).await?;
                }
                Ok(Outcome::Interrupted)
            }
            Err(error) if error.store().is_some_and(hg_store::StoreError::is_passing) => Err(error),
            Err(error) => {
                let why = error.to_string();
                end(cx, id, SimulationState::Failed, Some(why.clone()), None).await?;
                Ok(Outcome::Fail(why))
            }
        }
    }
}

async fn end(cx: &Cx, id: i64, state: SimulationState, message: Option<String>, report: Option<Report>) -> Result<()> {
    cx.db().write(move |tx| store::end(tx, id, state, message.as_deref(), report.as_ref())).await
}
