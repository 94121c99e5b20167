//! The engine: plans steps, runs them, and goes on with what follows. Everything happens in the caller's transaction.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use hg_core::campaigns::goals::Rule;
use hg_core::campaigns::timing::Due;
use hg_core::campaigns::{Kind, Path, Plan, Step, StepType};
use hg_core::events::EventKind;
use hg_core::ids::{CampaignId, ContactId, LogId, SendId, StepId};
use hg_core::time::{self, TimeZone, Timestamp};
use hg_store::{Sql, Tx};
use serde_json::json;

use super::effects;
use super::look::{Found, look};
use super::model::{LogState, State, StepCounts, runs_at};
use super::store;
use crate::changes::{self, Happening};
use crate::error::Result;
use crate::workspace::Workspace;

/// Announced when something was scheduled that the timer must know of.
pub(crate) const TOPIC: &str = "campaign-timer";
/// Announced when figures of a campaign changed, for the live stream.
pub(super) const LIVE: &str = "campaign";
/// A transaction runs at most this many steps of its own accord; the rest is done by the timer.
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
    /// Goals and exit rules.
    pub rules: Vec<Rule>,
    /// Steps that nobody passes for now.
    pub paused: Vec<StepId>,
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
    /// Tries that failed before.
    pub attempts: i64,
}

/// What is to be run next.
pub(super) enum Work {
    One(Task),
    /// Rows of one step of one campaign, each of another contact, whose due instants were not written.
    Many(Vec<Task>),
}

/// How a step ended.
pub(super) struct Ending {
    state: LogState,
    path: Option<Path>,
    at: Timestamp,
    /// What followed is counted from here.
    next_base: Timestamp,
    text: Option<String>,
    /// What a condition found.
    why: Option<Found>,
}

impl Ending {
    pub(super) fn done(at: Timestamp) -> Self {
        Self { state: LogState::Done, path: None, at, next_base: at, text: None, why: None }
    }

    pub(super) fn path(at: Timestamp, yes: bool) -> Self {
        Self { path: Some(if yes { Path::Yes } else { Path::No }), ..Self::done(at) }
    }

    /// The no path of a decision: what stands there counts from when the waiting began, not from now.
    pub(super) fn in_vain(at: Timestamp, base: Timestamp) -> Self {
        Self { next_base: base, ..Self::path(at, false) }
    }

    pub(super) fn looked(at: Timestamp, why: Found) -> Self {
        Self { why: Some(why), ..Self::path(at, false) }.decided()
    }

    fn decided(mut self) -> Self {
        self.path = self.why.as_ref().map(|why| if why.verdict { Path::Yes } else { Path::No });
        self
    }

    pub(super) fn warned(at: Timestamp, text: String) -> Self {
        Self { state: LogState::Warned, text: Some(text), ..Self::done(at) }
    }

    /// Done, or passed with a sentence.
    pub(super) fn said(at: Timestamp, said: Option<String>) -> Self {
        said.map_or_else(|| Self::done(at), |why| Self::warned(at, why))
    }

    /// For good: nothing follows.
    pub(super) fn failed(at: Timestamp, text: impl Into<String>) -> Self {
        Self { state: LogState::Failed, text: Some(text.into()), ..Self::done(at) }
    }
}

/// One transaction's work on campaigns.
pub(super) struct Run<'a, 't> {
    pub ws: &'a Workspace,
    pub tx: &'a mut Tx<'t>,
    pub now: Timestamp,
    pub(super) ready: VecDeque<Work>,
    /// How much more is done in this transaction; see [`MOST_AT_ONCE`].
    budget: usize,
    pub(super) alike: HashMap<StepId, bool>,
    tally: HashMap<StepId, StepCounts>,
    pub(super) zones: HashMap<ContactId, TimeZone>,
    loaded: HashMap<CampaignId, Arc<Loaded>>,
    /// Whether anybody waits to match a filter; asked when it matters.
    pub(super) matchers: Option<bool>,
    /// Whether any campaign has goals or exit rules; asked when it matters.
    pub(super) aimed: Option<bool>,
}

impl<'a, 't> Run<'a, 't> {
    pub fn new(ws: &'a Workspace, tx: &'a mut Tx<'t>) -> Self {
        let now = ws.clock.now();
        Self {
            ws,
            tx,
            now,
            ready: VecDeque::new(),
            budget: MOST_AT_ONCE,
            alike: HashMap::new(),
            tally: HashMap::new(),
            zones: HashMap::new(),
            loaded: HashMap::new(),
            matchers: None,
            aimed: None,
        }
    }

    /// Takes up rows that are due, in their order.
    pub fn take_up(&mut self, due: Vec<Task>) {
        self.budget += due.len();
        self.ready.extend(due.into_iter().map(Work::One));
    }

    /// Runs what became ready, then writes the figures. Must be the last call.
    pub fn finish(mut self) -> Result<()> {
        while let Some(work) = self.ready.pop_front() {
            if self.budget == 0 {
                // What is left waits in the log with an instant that has come: the timer goes on.
                self.put_back(work)?;
                continue;
            }
            let cost = self.work(work)?;
            self.budget = self.budget.saturating_sub(cost);
        }
        let mut deltas: Vec<(StepId, StepCounts)> = self.tally.into_iter().filter(|(_, c)| *c != StepCounts::default()).collect();
        deltas.sort_by_key(|(id, _)| *id);
        store::add_counts(self.tx, &deltas)?;
        super::failures::break_circuits(self.ws, self.tx, self.now, &deltas)?;
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
                    paused: c.pauses.iter().map(|p| p.step).collect(),
                    plan: c.plan,
                    rules: c.rules.into_iter().map(|r| r.rule).collect(),
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

    pub(super) fn zone(&mut self, contact: ContactId) -> Result<TimeZone> {
        if let Some(zone) = self.zones.get(&contact) {
            return Ok(zone.clone());
        }
        let default = time::zone_or(Some(&self.ws.settings().general.timezone), &TimeZone::UTC);
        let zone = time::zone_or(effects::zone_name(self.tx, contact)?.as_deref(), &default);
        self.zones.insert(contact, zone.clone());
        Ok(zone)
    }

    /// Writes a step into the log: waiting, scheduled, or ready to run now. Once per contact and rotation.
    pub(super) fn plan(
        &mut self,
        campaign: &Arc<Loaded>,
        step: &Step,
        contact: ContactId,
        rotation: i64,
        base: Timestamp,
        mail: Option<SendId>,
    ) -> Result<()> {
        if step.what.kind() == Kind::Decision {
            return self.wait(campaign, step, contact, rotation, base, mail);
        }
        let due = self.due(step, contact, base)?;
        let at = match due {
            Due::At(at) => at,
            Due::Missed(_) => self.now,
        };
        let Some(log) = self.insert_log(campaign.id, step.id, contact, rotation, LogState::Scheduled, Some(at), base, None)?
        else {
            return Ok(());
        };
        self.count(step.id).waiting += 1;
        let task = Task { campaign: campaign.clone(), log, step: step.id, contact, rotation, base, attempts: 0 };
        if let Due::Missed(date) = due {
            let text = format!("Left out: its date, {}, had passed when the contact came here.", date.sql_text());
            return self.end(&task, step, Ending::warned(self.now, text));
        }
        if at <= self.now && campaign.runs_at(self.now) && !campaign.paused.contains(&step.id) {
            self.ready.push_back(Work::One(task));
        } else {
            self.tx.wake(TOPIC);
        }
        Ok(())
    }

    /// A decision begins to wait. Its no path is taken when the first step on it would be due (§5.6).
    fn wait(
        &mut self,
        campaign: &Arc<Loaded>,
        step: &Step,
        contact: ContactId,
        rotation: i64,
        base: Timestamp,
        mail: Option<SendId>,
    ) -> Result<()> {
        let due = self.no_path_due(&campaign.plan, step, contact, base)?;
        let Some(log) = self.insert_log(campaign.id, step.id, contact, rotation, LogState::Waiting, due, base, mail)? else {
            return Ok(());
        };
        self.count(step.id).waiting += 1;
        self.tx.wake(TOPIC);
        if matches!(step.what, StepType::Becomes { .. }) && campaign.runs_at(self.now) {
            let why = look(self.ws, self.tx, campaign.id, step, contact)?;
            if why.verdict {
                let task = Task { campaign: campaign.clone(), log, step: step.id, contact, rotation, base, attempts: 0 };
                return self.end(&task, step, Ending::looked(self.now, why));
            }
        }
        // The answer may have come before the sending was written down.
        if let Some(send) = mail
            && campaign.runs_at(self.now)
        {
            let mut answered = |machines| effects::answered(self.tx, send, machines);
            let early = match &step.what {
                StepType::OpensEmail { machines } => answered(*machines)?.either(),
                StepType::ClicksEmail { urls, machines } if urls.is_empty() => answered(*machines)?.clicked,
                _ => None,
            };
            if let Some(at) = early {
                let task = Task { campaign: campaign.clone(), log, step: step.id, contact, rotation, base, attempts: 0 };
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

    /// Writes how a step ended and plans what follows.
    pub(super) fn end(&mut self, task: &Task, step: &Step, ending: Ending) -> Result<()> {
        let detail = match (&ending.text, &ending.why) {
            (None, None) => None,
            (text, None) => Some(json!({ "text": text, "why": null })),
            (text, Some(found)) => Some(json!({ "text": text, "why": found.why, "decision": found.decision })),
        };
        let (attempts, mail): (i64, Option<SendId>) = self.tx.one(
            Sql::new(
                "UPDATE campaign_log SET state = $2, due_at = NULL, done_at = $3, path = $4, detail = $5 WHERE id = $1 \
                 RETURNING attempts, send_id",
            )
            .bind(task.log)
            .bind(ending.state.code())
            .bind(ending.at)
            .bind(ending.path.map(Path::key))
            .bind(detail),
            |r| Ok((r.get(0)?, r.get(1)?)),
        )?;
        let counts = self.count(step.id);
        counts.waiting -= 1;
        counts.failing -= i64::from(attempts > 0);
        match (ending.state, ending.path) {
            (LogState::Failed, _) => counts.failed += 1,
            (_, path) => {
                counts.done += 1;
                counts.yes += i64::from(path == Some(Path::Yes));
                counts.no += i64::from(path == Some(Path::No));
            }
        }
        changes::note(self.tx, &passed(task, step, ending.path, ending.text.as_deref(), ending.at))?;
        if ending.state == LogState::Failed {
            return Ok(());
        }
        let mail = mail.filter(|_| matches!(step.what, StepType::SendEmail { .. }));
        let campaign = task.campaign.clone();
        for child in campaign.plan.children(step, ending.path) {
            self.plan(&campaign, child, task.contact, task.rotation, ending.next_base, mail)?;
        }
        Ok(())
    }

    pub(super) fn cancel(&mut self, task: &Task, why: &str) -> Result<()> {
        let attempts: i64 = self.tx.one(
            Sql::new(
                "UPDATE campaign_log SET state = 4, due_at = NULL, done_at = $2, detail = $3 WHERE id = $1 RETURNING attempts",
            )
            .bind(task.log)
            .bind(self.now)
            .bind(json!({ "text": why })),
            |r| r.get(0),
        )?;
        let counts = self.count(task.step);
        counts.waiting -= 1;
        counts.failing -= i64::from(attempts > 0);
        Ok(())
    }

    /// Cancels everything that is to come for a contact in a campaign.
    pub fn cancel_open(&mut self, campaign: CampaignId, contact: ContactId, why: &str) -> Result<()> {
        self.cancel_rows(campaign, contact, why, false)
    }

    pub(super) fn cancel_rows(
        &mut self,
        campaign: CampaignId,
        contact: ContactId,
        why: &str,
        decisions_only: bool,
    ) -> Result<()> {
        let sql = Sql::new(
            "UPDATE campaign_log SET state = 4, due_at = NULL, done_at = $3, detail = $4 \
             WHERE campaign_id = $1 AND contact_id = $2 AND state IN (0, 1) AND state >= $5 RETURNING step_id, attempts",
        );
        let least = if decisions_only { LogState::Waiting } else { LogState::Scheduled };
        let sql = sql.bind(campaign).bind(contact).bind(self.now).bind(json!({ "text": why })).bind(least.code());
        let rows = self.tx.all(sql, |r| Ok((r.get::<StepId>(0)?, r.get::<i64>(1)?)))?;
        for (step, attempts) in rows {
            let counts = self.count(step);
            counts.waiting -= 1;
            counts.failing -= i64::from(attempts > 0);
        }
        if !decisions_only {
            self.forget_ready(campaign, contact);
        }
        Ok(())
    }
}

/// The line of the contact's timeline that says how a step ended.
pub(super) fn passed(task: &Task, step: &Step, path: Option<Path>, text: Option<&str>, at: Timestamp) -> Happening {
    let told = json!({
        "name": step.name, "type": step.what.key(), "campaign": task.campaign.name, "path": path.map(Path::key), "text": text,
    });
    Happening::new(task.contact, EventKind::CampaignStep, at).object(step.id.0).reference(task.campaign.id.0).detail(told)
}
