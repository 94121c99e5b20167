//! Brings the people inside to where a new version wants them, in pieces that each end with a note of how far it is.

use async_trait::async_trait;
use hg_core::campaigns::timing::Due;
use hg_core::campaigns::{Kind, Step};
use hg_core::ids::{CampaignId, ContactId, LogId, SendId, StepId};
use hg_core::time::Timestamp;
use hg_store::{Lane, Sql, Tx};

use super::model::{Cursor, Work};
use super::store::{self, Open};
use crate::campaigns::model::LogState;
use crate::campaigns::run::{Ending, Run, TOPIC, Task};
use crate::campaigns::sync;
use crate::cx::Cx;
use crate::error::Result;
use crate::jobs::{Job, JobHandle, JobRunner, Outcome};
use crate::workspace::Workspace;

/// Rows of one transaction.
const CHUNK: i64 = 500;

/// Queues the job.
pub(in crate::campaigns) fn push(tx: &mut Tx<'_>, now: Timestamp, campaign: CampaignId, name: &str) -> Result<()> {
    sync::push_job(tx, now, EditJob::KIND, campaign, format!("Bring the changes of “{name}” to the people inside"))
}

/// Works off what versions of a campaign want of the people inside, the oldest version first.
pub struct EditJob;

impl EditJob {
    pub const KIND: &'static str = "campaign.edit";
}

#[async_trait]
impl JobRunner for EditJob {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let Some(campaign) = sync::campaign_of(job) else {
            return Ok(Outcome::Fail("The task does not say which campaign.".into()));
        };
        let mut done = 0;
        loop {
            let ws = cx.ws.clone();
            let Some(n) = cx.db().write_in(Lane::Bulk, move |tx| advance(&ws, tx, campaign)).await? else {
                return Ok(Outcome::Done(format!("{done} moved.")));
            };
            done += n;
            if !handle.progress(done, None, None).await? {
                return Ok(Outcome::Interrupted);
            }
        }
    }
}

/// One piece; how many were moved. `None`: nothing is left.
fn advance(ws: &Workspace, tx: &mut Tx<'_>, campaign: CampaignId) -> Result<Option<i64>> {
    let Some(open) = store::open(tx, campaign)? else { return Ok(None) };
    let mut cursor = open.cursor;
    let Some(work) = open.work.get(cursor.at).copied() else {
        store::note(tx, campaign, open.number, cursor, true)?;
        return Ok(Some(0));
    };
    let before = cursor.moved;
    let mut run = Run::new(ws, tx);
    let last = run.piece(campaign, &open, work, &mut cursor)?;
    run.finish()?;
    if last {
        cursor = Cursor { at: cursor.at + 1, moved: cursor.moved, ..Cursor::default() };
    }
    store::note(tx, campaign, open.number, cursor, open.work.len() <= cursor.at)?;
    Ok(Some(cursor.moved - before))
}

/// A row of the log that the work looks at.
struct Row {
    log: LogId,
    contact: ContactId,
    rotation: i64,
    state: LogState,
    due: Option<Timestamp>,
    base: Timestamp,
    attempts: i64,
    path: Option<String>,
    mail: Option<SendId>,
    /// The rotation that the contact is in now.
    current: Option<i64>,
}

impl Run<'_, '_> {
    /// Does one piece; whether it was the last of this work.
    fn piece(&mut self, campaign: CampaignId, open: &Open, work: Work, cursor: &mut Cursor) -> Result<bool> {
        match work {
            Work::Move { step } => self.move_some(campaign, step, cursor),
            Work::Replan { step } => self.replan_some(campaign, step, cursor),
            Work::Backfill { step } => self.backfill_some(campaign, step, cursor),
            Work::Restart => self.restart_some(campaign, open.made_at, cursor),
            Work::Aims => self.aim_some(campaign, cursor),
            Work::Resume { step, republish, paused, published } => {
                let base = |base| republish.base(base, paused, published);
                self.resume_some(campaign, step, &base, cursor)
            }
        }
    }

    /// The next rows of a step, whatever their state: the walk along the key is bounded, however many are done.
    fn rows(&mut self, step: StepId, cursor: &mut Cursor) -> Result<Vec<Row>> {
        let sql = Sql::new(
            "SELECT l.id, l.contact_id, l.rotation, l.state, l.due_at, l.base_at, l.attempts, l.path, l.send_id, m.rotation \
             FROM campaign_log l LEFT JOIN campaign_members m ON m.campaign_id = l.campaign_id AND m.contact_id = l.contact_id \
             AND m.state = 'active' \
             WHERE l.step_id = $1 AND (l.contact_id > $2 OR (l.contact_id = $2 AND l.rotation > $3)) \
             ORDER BY l.contact_id, l.rotation LIMIT $4",
        );
        let rows = self.tx.all(sql.bind(step).bind(cursor.contact).bind(cursor.rotation).bind(CHUNK), |r| {
            Ok(Row {
                log: r.get(0)?,
                contact: r.get(1)?,
                rotation: r.get(2)?,
                state: LogState::from_code(r.get(3)?),
                due: r.get(4)?,
                base: r.get(5)?,
                attempts: r.get(6)?,
                path: r.get(7)?,
                mail: r.get(8)?,
                current: r.get(9)?,
            })
        })?;
        if let Some(last) = rows.last() {
            (cursor.contact, cursor.rotation) = (last.contact.0, last.rotation);
        }
        Ok(rows)
    }

    fn move_some(&mut self, id: CampaignId, step: StepId, cursor: &mut Cursor) -> Result<bool> {
        let campaign = self.load(id)?;
        // Somebody brought the step back meanwhile.
        if campaign.plan.by_id(step).is_some() {
            return Ok(true);
        }
        let rows = self.rows(step, cursor)?;
        let last = is_short(&rows);
        for row in rows.into_iter().filter(is_open) {
            let task = Task {
                campaign: campaign.clone(),
                log: row.log,
                step,
                contact: row.contact,
                rotation: row.rotation,
                base: row.base,
                attempts: row.attempts,
            };
            self.redirect(&task)?;
            cursor.moved += 1;
        }
        Ok(last)
    }

    fn replan_some(&mut self, id: CampaignId, step: StepId, cursor: &mut Cursor) -> Result<bool> {
        let campaign = self.load(id)?;
        let Some(found) = campaign.plan.by_id(step).cloned() else { return Ok(true) };
        let rows = self.rows(step, cursor)?;
        let last = is_short(&rows);
        for row in rows.into_iter().filter(is_open) {
            // What is on its way, or gets another try, has its own clock.
            let waits_for_time = row.state == LogState::Waiting || (row.due.is_some() && row.attempts == 0);
            if !waits_for_time || row.current != Some(row.rotation) {
                continue;
            }
            let due = match self.due_again(&campaign.plan, &found, &row)? {
                Due::At(at) => Some(at),
                Due::Missed(_) if row.state == LogState::Waiting => None,
                Due::Missed(date) => {
                    let task = Task {
                        campaign: campaign.clone(),
                        log: row.log,
                        step,
                        contact: row.contact,
                        rotation: row.rotation,
                        base: row.base,
                        attempts: 0,
                    };
                    let text = format!("Left out: its date, {}, had passed when the campaign was changed.", date.sql_text());
                    self.end(&task, &found, Ending::warned(self.now, text))?;
                    cursor.moved += 1;
                    continue;
                }
            };
            if due != row.due {
                self.tx.exec(Sql::new("UPDATE campaign_log SET due_at = $2 WHERE id = $1").bind(row.log).bind(due))?;
                cursor.moved += 1;
            }
        }
        self.tx.wake(TOPIC);
        Ok(last)
    }

    /// Waits of a step count from another instant. Dates, and what is on its way or gets another try, stay as they are.
    fn resume_some(
        &mut self,
        id: CampaignId,
        step: StepId,
        base: &dyn Fn(Timestamp) -> Timestamp,
        cursor: &mut Cursor,
    ) -> Result<bool> {
        let campaign = self.load(id)?;
        let Some(found) = campaign.plan.by_id(step).cloned() else { return Ok(true) };
        let rows = self.rows(step, cursor)?;
        let last = is_short(&rows);
        for row in rows.into_iter().filter(|row| is_open(row) && row.due.is_some() && row.attempts == 0) {
            let row = Row { base: base(row.base), ..row };
            if let Due::At(due) = self.due_again(&campaign.plan, &found, &row)? {
                let sql = Sql::new("UPDATE campaign_log SET base_at = $2, due_at = $3 WHERE id = $1");
                self.tx.exec(sql.bind(row.log).bind(row.base).bind(due))?;
                cursor.moved += 1;
            }
        }
        self.tx.wake(TOPIC);
        Ok(last)
    }

    fn due_again(&mut self, plan: &hg_core::campaigns::Plan, step: &Step, row: &Row) -> Result<Due> {
        Ok(match step.what.kind() {
            Kind::Decision => self.no_path_due(plan, step, row.contact, row.base)?.map_or(Due::Missed(row.base), Due::At),
            Kind::Action | Kind::Condition => self.due(step, row.contact, row.base)?,
        })
    }

    fn backfill_some(&mut self, id: CampaignId, step: StepId, cursor: &mut Cursor) -> Result<bool> {
        let campaign = self.load(id)?;
        let Some(found) = campaign.plan.by_id(step).cloned() else { return Ok(true) };
        let now = self.now;
        let Some(parent) = campaign.plan.parent(&found).map(|p| p.id) else {
            let members = self.members(id, Timestamp::MAX, cursor)?;
            for (contact, rotation) in &members {
                self.plan(&campaign, &found, *contact, *rotation, now, None)?;
            }
            cursor.moved += i64::try_from(members.len()).unwrap_or(0);
            return Ok(is_short(&members));
        };
        let rows = self.rows(parent, cursor)?;
        let last = is_short(&rows);
        let path = found.path.map(hg_core::campaigns::Path::key);
        for row in rows {
            let passed = matches!(row.state, LogState::Done | LogState::Warned) && row.path.as_deref() == path;
            if passed && row.current == Some(row.rotation) {
                self.plan(&campaign, &found, row.contact, row.rotation, now, row.mail)?;
                cursor.moved += 1;
            }
        }
        Ok(last)
    }

    fn restart_some(&mut self, id: CampaignId, until: Timestamp, cursor: &mut Cursor) -> Result<bool> {
        let campaign = self.load(id)?;
        let members = self.members(id, until, cursor)?;
        for (contact, rotation) in &members {
            self.cancel_open(id, *contact, "The campaign was changed, and the contact began it again.")?;
            let sql = Sql::new("UPDATE campaign_members SET rotation = $3 WHERE campaign_id = $1 AND contact_id = $2");
            self.tx.exec(sql.bind(id).bind(*contact).bind(rotation + 1))?;
            self.begin(&campaign, *contact, rotation + 1)?;
            cursor.moved += 1;
        }
        Ok(is_short(&members))
    }

    fn aim_some(&mut self, id: CampaignId, cursor: &mut Cursor) -> Result<bool> {
        let members = self.members(id, Timestamp::MAX, cursor)?;
        for (contact, _) in &members {
            self.aims_looked_at(*contact)?;
        }
        cursor.moved += i64::try_from(members.len()).unwrap_or(0);
        Ok(is_short(&members))
    }

    /// The next active members who were in at an instant.
    fn members(&mut self, id: CampaignId, until: Timestamp, cursor: &mut Cursor) -> Result<Vec<(ContactId, i64)>> {
        let sql = Sql::new(
            "SELECT contact_id, rotation FROM campaign_members WHERE campaign_id = $1 AND contact_id > $2 AND state = 'active' \
             AND joined_at <= $3 ORDER BY contact_id LIMIT $4",
        );
        let sql = sql.bind(id).bind(cursor.contact).bind(until).bind(CHUNK);
        let rows: Vec<(ContactId, i64)> = self.tx.all(sql, |r| Ok((r.get(0)?, r.get(1)?)))?;
        if let Some((last, _)) = rows.last() {
            cursor.contact = last.0;
        }
        Ok(rows)
    }
}

fn is_open(row: &Row) -> bool {
    matches!(row.state, LogState::Scheduled | LogState::Waiting)
}

fn is_short<T>(rows: &[T]) -> bool {
    i64::try_from(rows.len()).unwrap_or(CHUNK) < CHUNK
}
