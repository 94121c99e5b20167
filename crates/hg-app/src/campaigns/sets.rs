//! Steps that do the same to everybody run for many contacts at once, with a few statements for all of them. What comes of it
//! is what comes of running them one by one, in the same order for each contact.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use hg_core::campaigns::timing::Due;
use hg_core::campaigns::{Kind, Step};
use hg_core::ids::{CampaignId, ContactId, LogId};
use hg_core::time::{self, TimeZone, Timestamp};
use hg_store::Sql;
use serde_json::json;

use super::effects;
use super::model::LogState;
use super::run::{Loaded, Run, TOPIC, Task, Work, passed};
use crate::changes;
use crate::error::Result;

/// A step for many contacts costs what a step for one of so many of them costs.
const CHEAPER: usize = 10;

impl Run<'_, '_> {
    /// Runs a piece of work; how many single steps it cost.
    pub(super) fn work(&mut self, work: Work) -> Result<usize> {
        let tasks = match work {
            Work::Many(tasks) => tasks,
            Work::One(task) => {
                let Some(step) = task.campaign.plan.by_id(task.step).cloned() else {
                    return self.execute(&task).map(|()| 1);
                };
                if self.ready.is_empty() || !self.is_alike(&step)? {
                    return self.execute(&task).map(|()| 1);
                }
                self.with_its_like(task)
            }
        };
        let Some(campaign) = tasks.first().map(|task| task.campaign.clone()) else { return Ok(0) };
        let cost = 1 + tasks.len() / CHEAPER;
        match tasks.first().and_then(|task| campaign.plan.by_id(task.step)) {
            Some(step) => self.execute_many(&campaign, step, tasks)?,
            None => tasks.iter().try_for_each(|task| self.redirect(task))?,
        }
        Ok(cost)
    }

    /// Whether a step does the same to everybody; asked once a transaction.
    pub(super) fn is_alike(&mut self, step: &Step) -> Result<bool> {
        if let Some(known) = self.alike.get(&step.id) {
            return Ok(*known);
        }
        let alike = step.what.kind() == Kind::Action && effects::is_alike(self.ws, self.tx, step)?;
        self.alike.insert(step.id, alike);
        Ok(alike)
    }

    /// The task and those of the same step that are ready too. Nobody's steps change their order: who has something else to
    /// do first does that first.
    fn with_its_like(&mut self, first: Task) -> Vec<Task> {
        let (campaign, step) = (first.campaign.id, first.step);
        let mut busy: HashSet<ContactId> = HashSet::from([first.contact]);
        let mut tasks = vec![first];
        for work in std::mem::take(&mut self.ready) {
            match work {
                Work::One(task) if task.step == step && task.campaign.id == campaign && busy.insert(task.contact) => {
                    tasks.push(task)
                }
                Work::One(task) => {
                    busy.insert(task.contact);
                    self.ready.push_back(Work::One(task));
                }
                Work::Many(others) => {
                    busy.extend(others.iter().map(|task| task.contact));
                    self.ready.push_back(Work::Many(others));
                }
            }
        }
        tasks
    }

    fn execute_many(&mut self, campaign: &Arc<Loaded>, step: &Step, tasks: Vec<Task>) -> Result<()> {
        let ids: Vec<i64> = tasks.iter().map(|task| task.contact.0).collect();
        let there = effects::who_is_there(self.tx, &ids)?;
        let (tasks, gone): (Vec<Task>, Vec<Task>) = tasks.into_iter().partition(|task| there.contains(&task.contact));
        for task in &gone {
            self.cancel(task, super::execute::DELETED)?;
        }
        if tasks.is_empty() {
            return Ok(());
        }
        let contacts: Vec<ContactId> = tasks.iter().map(|task| task.contact).collect();
        let said = effects::alike(self.ws, self.tx, step, &contacts, &campaign.name)?;
        self.end_many(campaign, step, &tasks, said)
    }

    /// Writes that a step is done for many, and plans what follows.
    fn end_many(&mut self, campaign: &Arc<Loaded>, step: &Step, tasks: &[Task], said: Option<String>) -> Result<()> {
        let now = self.now;
        let logs: Vec<i64> = tasks.iter().map(|task| task.log.0).collect();
        let state = if said.is_some() { LogState::Warned } else { LogState::Done };
        let detail = said.as_ref().map(|text| json!({ "text": text, "why": null }));
        self.tx.exec(
            Sql::new(
                "UPDATE campaign_log SET state = $2, due_at = NULL, done_at = $3, path = NULL, detail = $4 WHERE id @in($1)",
            )
            .bind(logs.as_slice())
            .bind(state.code())
            .bind(now)
            .bind(detail),
        )?;
        let number = i64::try_from(tasks.len()).unwrap_or(i64::MAX);
        let failing = tasks.iter().filter(|task| task.attempts > 0).count();
        let counts = self.count(step.id);
        counts.waiting -= number;
        counts.done += number;
        counts.failing -= i64::try_from(failing).unwrap_or(0);
        let told: Vec<_> = tasks.iter().map(|task| passed(task, step, None, said.as_deref(), now)).collect();
        changes::note_many(self.tx, &told)?;
        for child in campaign.plan.children(step, None) {
            self.plan_many(campaign, child, tasks)?;
        }
        Ok(())
    }

    /// Plans a step for many who have just done what stands before it.
    fn plan_many(&mut self, campaign: &Arc<Loaded>, step: &Step, before: &[Task]) -> Result<()> {
        let now = self.now;
        if step.what.kind() == Kind::Decision {
            return before.iter().try_for_each(|task| self.plan(campaign, step, task.contact, task.rotation, now, None));
        }
        if step.timing.needs_zone() {
            self.know_zones(before)?;
        }
        let mut by_due: BTreeMap<Timestamp, Vec<&Task>> = BTreeMap::new();
        for task in before {
            match self.due(step, task.contact, now)? {
                Due::At(at) => by_due.entry(at).or_default().push(task),
                Due::Missed(_) => self.plan(campaign, step, task.contact, task.rotation, now, None)?,
            }
        }
        let alike = self.is_alike(step)?;
        for (at, tasks) in by_due {
            let ready = at <= now && campaign.runs_at(now) && !campaign.paused.contains(&step.id);
            // A row that is run in this transaction needs no place among those that are due.
            let due = if ready && alike { None } else { Some(at) };
            let planned = self.insert_many(campaign, step, &tasks, due)?;
            self.count(step.id).waiting += i64::try_from(planned.len()).unwrap_or(i64::MAX);
            match (ready, alike) {
                (true, true) => self.ready.push_back(Work::Many(planned)),
                (true, false) => self.ready.extend(planned.into_iter().map(Work::One)),
                (false, _) => self.tx.wake(TOPIC),
            }
        }
        Ok(())
    }

    /// Rows of a step, after rows of another; who has had the step in this round gets none.
    fn insert_many(
        &mut self,
        campaign: &Arc<Loaded>,
        step: &Step,
        before: &[&Task],
        due: Option<Timestamp>,
    ) -> Result<Vec<Task>> {
        let logs: Vec<i64> = before.iter().map(|task| task.log.0).collect();
        let base = self.now;
        let sql = Sql::new(
            "INSERT INTO campaign_log (campaign_id, step_id, contact_id, rotation, state, due_at, base_at) \
             SELECT campaign_id, $2, contact_id, rotation, $3, $4, $5 FROM campaign_log WHERE id @in($1) \
             ON CONFLICT (step_id, contact_id, rotation) DO NOTHING RETURNING id, contact_id, rotation",
        );
        let sql = sql.bind(logs.as_slice()).bind(step.id).bind(LogState::Scheduled.code()).bind(due).bind(base);
        let mut rows: Vec<(LogId, ContactId, i64)> = self.tx.all(sql, |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
        rows.sort_unstable();
        let task = |(log, contact, rotation)| Task {
            campaign: campaign.clone(),
            log,
            step: step.id,
            contact,
            rotation,
            base,
            attempts: 0,
        };
        Ok(rows.into_iter().map(task).collect())
    }

    /// Reads the time zones of contacts that are not known yet.
    fn know_zones(&mut self, tasks: &[Task]) -> Result<()> {
        let unknown: Vec<i64> =
            tasks.iter().map(|task| task.contact).filter(|c| !self.zones.contains_key(c)).map(|c| c.0).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let default = time::zone_or(Some(&self.ws.settings().general.timezone), &TimeZone::UTC);
        for (contact, name) in effects::zone_names(self.tx, &unknown)? {
            self.zones.insert(contact, time::zone_or(name.as_deref(), &default));
        }
        Ok(())
    }

    /// What cannot be run in this transaction any more waits for the timer.
    pub(super) fn put_back(&mut self, work: Work) -> Result<()> {
        self.tx.wake(TOPIC);
        let Work::Many(tasks) = work else { return Ok(()) };
        let logs: Vec<i64> = tasks.iter().map(|task| task.log.0).collect();
        self.tx.exec(Sql::new("UPDATE campaign_log SET due_at = $2 WHERE id @in($1)").bind(logs.as_slice()).bind(self.now))?;
        Ok(())
    }

    /// A contact whose steps were cancelled does nothing more here.
    pub(super) fn forget_ready(&mut self, campaign: CampaignId, contact: ContactId) {
        let meant = |task: &Task| task.contact == contact && task.campaign.id == campaign;
        self.ready.retain_mut(|work| match work {
            Work::One(task) => !meant(task),
            Work::Many(tasks) => {
                tasks.retain(|task| !meant(task));
                !tasks.is_empty()
            }
        });
    }
}
