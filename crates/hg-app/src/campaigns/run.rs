//! The engine: plans steps, runs them, and goes on with what follows. Everything happens in the caller's transaction.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use hg_core::campaigns::timing::Due;
use hg_core::campaigns::{Kind, Occurrence, Path, Plan, Step, StepType, answers};
use hg_core::events::EventKind;
use hg_core::ids::{CampaignId, ContactId, LogId, SendId, StepId};
use hg_core::time::{self, TimeZone, Timestamp};
use hg_store::{Sql, Tx};
use serde_json::json;

use super::effects;
use super::members::active_rotation;
use super::model::{LogState, State, StepCounts, runs_at};
use super::store;
use crate::changes::{self, Happening};
use crate::error::Result;
use crate::workspace::Workspace;

/// Announced when something was scheduled that the timer must know of.
pub(super) const TOPIC: &str = "campaign-timer";
/// Announced when figures of a campaign changed, for the live stream.
const LIVE: &str = "campaign";
/// One contact passes at most this many steps in one go; the rest is done by the timer.
const MOST_AT_ONCE: usize = 1_000;

/// A campaign as the engine needs it.
pub(super) struct Loaded {
    pub id: CampaignId,
    pub name: String,
    pub state: State,
    pub publish_up: Option<Timestamp>,
    pub publish_down: Option<Timestamp>,
    pub allow_restart: bool,
    pub plan: Plan,
}

impl Loaded {
    pub fn runs_at(&self, now: Timestamp) -> bool {
        runs_at(self.state, self.publish_up, self.publish_down, now)
    }
}

/// Plans read before, each good for one version of its campaign.
#[derive(Default)]
struct Plans(Mutex<HashMap<CampaignId, (i64, Arc<Loaded>)>>);

/// A row of the log that is to be run.
pub(super) struct Task {
    pub campaign: Arc<Loaded>,
    pub log: LogId,
    pub step: StepId,
    pub contact: ContactId,
    pub rotation: i64,
    pub base: Timestamp,
}

/// How a step ended.
pub(super) struct Ending {
    state: LogState,
    path: Option<Path>,
    at: Timestamp,
    /// What followed is counted from here.
    next_base: Timestamp,
    text: Option<String>,
}

impl Ending {
    pub(super) fn done(at: Timestamp) -> Self {
        Self { state: LogState::Done, path: None, at, next_base: at, text: None }
    }

    pub(super) fn path(at: Timestamp, yes: bool) -> Self {
        Self { path: Some(if yes { Path::Yes } else { Path::No }), ..Self::done(at) }
    }

    fn warned(at: Timestamp, text: String) -> Self {
        Self { state: LogState::Warned, text: Some(text), ..Self::done(at) }
    }
}

/// One transaction's work on campaigns.
pub(super) struct Run<'a, 't> {
    pub ws: &'a Workspace,
    pub tx: &'a mut Tx<'t>,
    pub now: Timestamp,
    ready: VecDeque<Task>,
    tally: HashMap<StepId, StepCounts>,
    zones: HashMap<ContactId, TimeZone>,
    loaded: HashMap<CampaignId, Arc<Loaded>>,
}

impl<'a, 't> Run<'a, 't> {
    pub fn new(ws: &'a Workspace, tx: &'a mut Tx<'t>) -> Self {
        let now = ws.clock.now();
        Self { ws, tx, now, ready: VecDeque::new(), tally: HashMap::new(), zones: HashMap::new(), loaded: HashMap::new() }
    }

    /// Runs what became ready, then writes the figures. Must be the last call.
    pub fn finish(mut self) -> Result<()> {
        let mut steps = 0;
        while let Some(task) = self.ready.pop_front() {
            steps += 1;
            if steps > MOST_AT_ONCE {
                // Its row is in the log with a due instant that has come: the timer goes on.
                self.tx.wake(TOPIC);
                break;
            }
            self.execute(&task)?;
        }
        let mut deltas: Vec<(StepId, StepCounts)> = self.tally.into_iter().filter(|(_, c)| *c != StepCounts::default()).collect();
        deltas.sort_by_key(|(id, _)| *id);
        store::add_counts(self.tx, &deltas)?;
        if !deltas.is_empty() {
            for campaign in self.loaded.keys() {
                self.tx.announce(LIVE, json!({ "id": campaign }).to_string());
            }
        }
        Ok(())
    }

    /// The campaign as it is in this transaction; a plan is read anew only when its version changed.
    pub fn load(&mut self, id: CampaignId) -> Result<Arc<Loaded>> {
        if let Some(loaded) = self.loaded.get(&id) {
            return Ok(loaded.clone());
        }
        let plans = self.ws.part::<Plans>();
        let version: i64 =
            self.tx.opt(Sql::new("SELECT version FROM campaigns WHERE id = $1").bind(id), |r| r.get(0))?.unwrap_or(0);
        let cached = plans
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&id)
            .filter(|(v, _)| *v == version)
            .map(|(_, l)| l.clone());
        let loaded = match cached {
            Some(loaded) => loaded,
            None => {
                let c = store::find(self.tx, id, true)?;
                let loaded = Arc::new(Loaded {
                    id,
                    name: c.name,
                    state: c.state,
                    publish_up: c.publish_up,
                    publish_down: c.publish_down,
                    allow_restart: c.allow_restart,
                    plan: c.plan,
                });
                plans.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id, (version, loaded.clone()));
                loaded
            }
        };
        self.loaded.insert(id, loaded.clone());
        Ok(loaded)
    }

    /// A contact entered: every step below the sources is planned.
    pub fn begin(&mut self, campaign: &Arc<Loaded>, contact: ContactId, rotation: i64) -> Result<()> {
        let now = self.now;
        for step in campaign.plan.roots() {
            self.plan(campaign, step, contact, rotation, now, None)?;
        }
        Ok(())
    }

    fn zone(&mut self, contact: ContactId) -> Result<TimeZone> {
        if let Some(zone) = self.zones.get(&contact) {
            return Ok(zone.clone());
        }
        let default = time::zone_or(Some(&self.ws.settings().general.timezone), &TimeZone::UTC);
        let zone = time::zone_or(effects::zone_name(self.tx, contact)?.as_deref(), &default);
        self.zones.insert(contact, zone.clone());
        Ok(zone)
    }

    /// Writes a step into the log: waiting, scheduled, or ready to run now. Once per contact and rotation.
    fn plan(
        &mut self,
        campaign: &Arc<Loaded>,
        step: &Step,
        contact: ContactId,
        rotation: i64,
        base: Timestamp,
        mail: Option<SendId>,
    ) -> Result<()> {
        let zone = self.zone(contact)?;
        if step.what.kind() == Kind::Decision {
            return self.wait(campaign, step, contact, rotation, base, mail, &zone);
        }
        let due = step.timing.due(base, self.now, &zone);
        let at = match due {
            Due::At(at) => at,
            Due::Missed(_) => self.now,
        };
        let Some(log) = self.insert_log(campaign.id, step.id, contact, rotation, LogState::Scheduled, Some(at), base, None)?
        else {
            return Ok(());
        };
        self.count(step.id).waiting += 1;
        let task = Task { campaign: campaign.clone(), log, step: step.id, contact, rotation, base };
        if let Due::Missed(date) = due {
            let text = format!("Left out: its date, {}, had passed when the contact came here.", date.sql_text());
            return self.end(&task, step, Ending::warned(self.now, text));
        }
        if at <= self.now && campaign.runs_at(self.now) {
            self.ready.push_back(task);
        } else {
            self.tx.wake(TOPIC);
        }
        Ok(())
    }

    /// A decision begins to wait. Its no path is taken when the first step on it would be due (§5.6).
    #[allow(clippy::too_many_arguments)]
    fn wait(
        &mut self,
        campaign: &Arc<Loaded>,
        step: &Step,
        contact: ContactId,
        rotation: i64,
        base: Timestamp,
        mail: Option<SendId>,
        zone: &TimeZone,
    ) -> Result<()> {
        let due = campaign
            .plan
            .children(step, Some(Path::No))
            .into_iter()
            .filter_map(|child| match child.timing.due(base, self.now, zone) {
                Due::At(at) => Some(at),
                Due::Missed(_) => None,
            })
            .min();
        let Some(log) = self.insert_log(campaign.id, step.id, contact, rotation, LogState::Waiting, due, base, mail)? else {
            return Ok(());
        };
        self.count(step.id).waiting += 1;
        self.tx.wake(TOPIC);
        // The answer may have come before the sending was written down.
        if let Some(send) = mail
            && campaign.runs_at(self.now)
        {
            let (opened, clicked) = effects::answered(self.tx, send)?;
            let early = match &step.what {
                StepType::OpensEmail => opened.or(clicked),
                StepType::ClicksEmail { urls } if urls.is_empty() => clicked,
                _ => None,
            };
            if let Some(at) = early {
                let task = Task { campaign: campaign.clone(), log, step: step.id, contact, rotation, base };
                return self.end(&task, step, Ending::path(at.max(base), true));
            }
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    pub(super) fn insert_log(
        &mut self,
        campaign: CampaignId,
        step: StepId,
        contact: ContactId,
        rotation: i64,
        state: LogState,
        due: Option<Timestamp>,
        base: Timestamp,
        mail: Option<SendId>,
    ) -> Result<Option<LogId>> {
        let sql = Sql::new(
            "INSERT INTO campaign_log (campaign_id, step_id, contact_id, rotation, state, due_at, base_at, send_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (step_id, contact_id, rotation) DO NOTHING RETURNING id",
        );
        let sql = sql.bind(campaign).bind(step).bind(contact).bind(rotation).bind(state.code()).bind(due).bind(base).bind(mail);
        Ok(self.tx.opt(sql, |r| r.get(0))?)
    }

    pub(super) fn count(&mut self, step: StepId) -> &mut StepCounts {
        self.tally.entry(step).or_default()
    }

    /// Runs a row that is due: acts, looks, or takes a decision's no path.
    pub fn execute(&mut self, task: &Task) -> Result<()> {
        let campaign = task.campaign.clone();
        let Some(step) = campaign.plan.by_id(task.step) else {
            return self.cancel(task, "The step was deleted.");
        };
        if !effects::is_there(self.tx, task.contact)? {
            return self.cancel(task, "The contact was deleted.");
        }
        let now = self.now;
        match &step.what {
            StepType::SendEmail { email: Some(email) } => {
                let mail = effects::Mail {
                    email: *email,
                    contact: task.contact,
                    campaign: campaign.id,
                    step: step.id,
                    rotation: task.rotation,
                    now,
                };
                match effects::send(self.ws, self.tx, &mail)? {
                    // What follows begins when the mail has left (§5.2, vector 16).
                    Ok(send) => {
                        self.tx.exec(
                            Sql::new("UPDATE campaign_log SET due_at = NULL, send_id = $2 WHERE id = $1")
                                .bind(task.log)
                                .bind(send),
                        )?;
                        Ok(())
                    }
                    Err(why) => self.end(task, step, Ending::warned(now, why)),
                }
            }
            StepType::SendEmail { email: None } => self.end(task, step, Ending::warned(now, "No email is chosen.".into())),
            StepType::ChangeTags { add, remove } => {
                effects::change_tags(self.ws, self.tx, task.contact, add, remove)?;
                self.end(task, step, Ending::done(now))
            }
            StepType::ChangePoints { points, group } => {
                let said = effects::change_points(self.ws, self.tx, task.contact, *points, *group, &campaign.name)?;
                self.end(task, step, said.map_or_else(|| Ending::done(now), |why| Ending::warned(now, why)))
            }
            StepType::ChangeStage { stage } => {
                let said = effects::change_stage(self.ws, self.tx, task.contact, *stage, &campaign.name)?;
                self.end(task, step, said.map_or_else(|| Ending::done(now), |why| Ending::warned(now, why)))
            }
            StepType::ScoreCompanies { score } => {
                let said = effects::score_companies(self.ws, self.tx, task.contact, *score, &campaign.name)?;
                self.end(task, step, said.map_or_else(|| Ending::done(now), |why| Ending::warned(now, why)))
            }
            what @ StepType::FieldIs { .. } => {
                let yes = effects::condition(self.ws, self.tx, task.contact, what)?;
                self.end(task, step, Ending::path(now, yes))
            }
            StepType::OpensEmail | StepType::ClicksEmail { .. } | StepType::SubmitsForm { .. } | StepType::VisitsPage { .. } => {
                // What stands on the no path counts from when the waiting began, not from now.
                self.end(task, step, Ending { next_base: task.base, ..Ending::path(now, false) })
            }
        }
    }

    /// Writes how a step ended and plans what follows.
    pub(super) fn end(&mut self, task: &Task, step: &Step, ending: Ending) -> Result<()> {
        let detail = ending.text.as_ref().map(|text| json!({ "text": text }));
        self.tx.exec(
            Sql::new("UPDATE campaign_log SET state = $2, due_at = NULL, done_at = $3, path = $4, detail = $5 WHERE id = $1")
                .bind(task.log)
                .bind(ending.state.code())
                .bind(ending.at)
                .bind(ending.path.map(Path::key))
                .bind(detail),
        )?;
        let counts = self.count(step.id);
        counts.waiting -= 1;
        match (ending.state, ending.path) {
            (LogState::Failed, _) => counts.failed += 1,
            (_, path) => {
                counts.done += 1;
                counts.yes += i64::from(path == Some(Path::Yes));
                counts.no += i64::from(path == Some(Path::No));
            }
        }
        let told = json!({"name": step.name, "type": step.what.key(), "campaign": task.campaign.name, "path": ending.path.map(Path::key), "text": ending.text});
        changes::note(
            self.tx,
            &Happening::new(task.contact, EventKind::CampaignStep, ending.at)
                .object(step.id.0)
                .reference(task.campaign.id.0)
                .detail(told),
        )?;
        if ending.state == LogState::Failed {
            return Ok(());
        }
        let mail: Option<SendId> = match step.what {
            StepType::SendEmail { .. } => {
                self.tx.opt(Sql::new("SELECT send_id FROM campaign_log WHERE id = $1").bind(task.log), |r| r.get(0))?.flatten()
            }
            _ => None,
        };
        let campaign = task.campaign.clone();
        for child in campaign.plan.children(step, ending.path) {
            self.plan(&campaign, child, task.contact, task.rotation, ending.next_base, mail)?;
        }
        Ok(())
    }

    fn cancel(&mut self, task: &Task, why: &str) -> Result<()> {
        self.tx.exec(
            Sql::new("UPDATE campaign_log SET state = 4, due_at = NULL, done_at = $2, detail = $3 WHERE id = $1")
                .bind(task.log)
                .bind(self.now)
                .bind(json!({ "text": why })),
        )?;
        self.count(task.step).waiting -= 1;
        Ok(())
    }

    /// Cancels everything that is to come for a contact in a campaign.
    pub fn cancel_open(&mut self, campaign: CampaignId, contact: ContactId, why: &str) -> Result<()> {
        let sql = Sql::new(
            "UPDATE campaign_log SET state = 4, due_at = NULL, done_at = $3, detail = $4 \
             WHERE campaign_id = $1 AND contact_id = $2 AND state IN (0, 1) RETURNING step_id",
        );
        let steps: Vec<StepId> =
            self.tx.all(sql.bind(campaign).bind(contact).bind(self.now).bind(json!({ "text": why })), |r| r.get(0))?;
        for step in steps {
            self.count(step).waiting -= 1;
        }
        self.ready.retain(|t| t.contact != contact || t.campaign.id != campaign);
        Ok(())
    }

    /// A contact did something: every decision of hers that waits for it is answered.
    pub fn happened(&mut self, contact: ContactId, what: &Occurrence<'_>, at: Timestamp) -> Result<()> {
        let waiting = self.tx.all(
            Sql::new("SELECT id, campaign_id, step_id, rotation, base_at, send_id FROM campaign_log WHERE contact_id = $1 AND state = 1 ORDER BY id").bind(contact),
            |r| Ok((r.get::<LogId>(0)?, r.get::<CampaignId>(1)?, r.get::<StepId>(2)?, r.get::<i64>(3)?, r.get::<Timestamp>(4)?, r.get::<Option<SendId>>(5)?)),
        )?;
        for (log, campaign, step, rotation, base, mail) in waiting {
            let campaign = self.load(campaign)?;
            let Some(found) = campaign.plan.by_id(step).cloned() else { continue };
            if !campaign.runs_at(self.now) || !answers(&found.what, mail, what) || at < base {
                continue;
            }
            if active_rotation(self.tx, campaign.id, contact)? != Some(rotation) {
                continue;
            }
            let task = Task { campaign, log, step, contact, rotation, base };
            self.end(&task, &found, Ending::path(at, true))?;
        }
        Ok(())
    }

    /// A mail that a step sent has left, or has not: the step is done.
    pub fn mail_ended(&mut self, contact: ContactId, send: SendId, at: Timestamp, failure: Option<(&str, &str)>) -> Result<()> {
        let row = self.tx.opt(
            Sql::new("SELECT id, campaign_id, step_id, rotation, base_at FROM campaign_log WHERE contact_id = $1 AND send_id = $2 AND state = 0")
                .bind(contact)
                .bind(send),
            |r| Ok((r.get::<LogId>(0)?, r.get::<CampaignId>(1)?, r.get::<StepId>(2)?, r.get::<i64>(3)?, r.get::<Timestamp>(4)?)),
        )?;
        let Some((log, campaign, step, rotation, base)) = row else { return Ok(()) };
        let campaign = self.load(campaign)?;
        let task = Task { campaign: campaign.clone(), log, step, contact, rotation, base };
        let Some(found) = campaign.plan.by_id(step) else { return self.cancel(&task, "The step was deleted.") };
        let ending = match failure {
            None => Ending::done(at),
            Some((text, "failed")) => Ending { state: LogState::Failed, text: Some(text.to_owned()), ..Ending::done(at) },
            Some((text, _)) => Ending::warned(at, text.to_owned()),
        };
        self.end(&task, found, ending)
    }
}
