//! Steps that fail: tried again with growing pauses, given up after ten times, and taken up again or skipped by hand. A step
//! at which most fail pauses by itself, so that a broken server is not asked for every contact.

use hg_core::campaigns::Step;
use hg_core::ids::{CampaignId, ContactId, LogId, StepId, UserId};
use hg_core::time::{Millis, Timestamp};
use hg_store::{Lane, Sql, Tx};
use serde_json::json;

use super::model::{Counted, LogState};
use super::run::{Ending, Run, TOPIC, Task};
use super::store;
use crate::audit::{self, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::notices::{self, News, Tone};
use crate::workspace::Workspace;

/// After so many tries a step is given up for a contact.
pub(super) const MOST_ATTEMPTS: i64 = 10;
const FIRST_PAUSE: i64 = 1;
const LONGEST_PAUSE: i64 = 24;
/// A step pauses when at least so many contacts failed there …
const BREAKS_AT: i64 = 20;
/// … and so many of a hundred.
const BREAKS_SHARE: i64 = 35;
/// Rows of one transaction when many are taken up again.
const CHUNK: i64 = 500;

/// When a step that failed so many times is tried again: after 1, 2, 4 … hours, at most a day.
pub(super) fn pause_after(attempts: i64) -> Millis {
    let doubled = FIRST_PAUSE << (attempts - 1).clamp(0, 8);
    Millis::hours(doubled.min(LONGEST_PAUSE))
}

impl Run<'_, '_> {
    /// A try failed for a reason that may pass: another one is planned, or the step is given up.
    pub(super) fn failed(&mut self, task: &Task, step: &Step, why: &str) -> Result<()> {
        let attempts = task.attempts + 1;
        let first = task.attempts == 0;
        self.count(step.id).failing += i64::from(first);
        if attempts >= MOST_ATTEMPTS {
            self.write_attempts(task.log, attempts, None, why)?;
            return self.end(task, step, Ending::failed(self.now, why));
        }
        let due = self.now.plus(pause_after(attempts));
        self.write_attempts(task.log, attempts, Some(due), why)?;
        self.tx.wake(TOPIC);
        Ok(())
    }

    fn write_attempts(&mut self, log: LogId, attempts: i64, due: Option<Timestamp>, why: &str) -> Result<()> {
        self.tx.exec(
            Sql::new("UPDATE campaign_log SET attempts = $2, due_at = $3, detail = $4 WHERE id = $1")
                .bind(log)
                .bind(attempts)
                .bind(due)
                .bind(json!({ "text": why })),
        )?;
        Ok(())
    }
}

/// Pauses the steps at which most contacts failed, and tells whoever made the campaign.
pub(super) fn break_circuits(ws: &Workspace, tx: &mut Tx<'_>, now: Timestamp, deltas: &[Counted]) -> Result<()> {
    for (step, delta) in deltas.iter().filter(|(_, d)| d.failing > 0 || d.failed > 0) {
        let broken: Option<(CampaignId, String, i64)> = tx.opt(
            Sql::new(
                "UPDATE campaign_steps SET paused_at = $2, paused_why = $3 WHERE id = $1 AND paused_at IS NULL \
                 AND failing + failed >= $4 AND (failing + failed) * 100 >= (done + failing + failed) * $5 \
                 RETURNING campaign_id, name, failing + failed",
            )
            .bind(*step)
            .bind(now)
            .bind("Most contacts failed here, so the step paused by itself. Mend the cause, then resume it.")
            .bind(BREAKS_AT)
            .bind(BREAKS_SHARE),
            |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
        )?;
        if let Some((campaign, name, failed)) = broken {
            tracing::warn!(%campaign, step = %name, failed, more = delta.failing, "A step of a campaign paused by itself");
            touch(tx, campaign)?;
            tell_paused(ws, tx, campaign, &name, failed)?;
        }
    }
    Ok(())
}

fn tell_paused(ws: &Workspace, tx: &mut Tx<'_>, campaign: CampaignId, step: &str, failed: i64) -> Result<()> {
    let text = "SELECT name, created_by FROM campaigns WHERE id = $1";
    let found = tx.opt(Sql::new(text).bind(campaign), |r| Ok((r.get::<String>(0)?, r.get::<Option<UserId>>(1)?)))?;
    let Some((name, by)) = found else { return Ok(()) };
    let title = format!("A step of the campaign “{name}” paused by itself");
    let body = format!("“{step}” failed for {failed} contacts. Mend the cause, then resume the step: who waits there goes on.");
    let news = News {
        kind: "campaign.step-paused",
        tone: Tone::Bad,
        title: &title,
        body: &body,
        link: &format!("/campaigns/{campaign}"),
    };
    notices::tell(ws, tx, by, &news)
}

/// Plans that were read before are read anew.
fn touch(tx: &mut Tx<'_>, campaign: CampaignId) -> Result<()> {
    tx.exec(Sql::new("UPDATE campaigns SET version = version + 1 WHERE id = $1").bind(campaign))?;
    tx.announce("campaign", json!({ "id": campaign }).to_string());
    Ok(())
}

/// Pauses a step or resumes it. Nobody passes a paused step; who waits there goes on when it is resumed.
pub async fn pause_step(cx: &Cx, id: CampaignId, key: String, pause: bool) -> Result<()> {
    cx.may(Action::Edit(Area::Campaigns))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let campaign = store::find(tx, id, false)?;
            let step = step_of(&campaign, &key)?;
            tx.exec(
                Sql::new("UPDATE campaign_steps SET paused_at = $2, paused_why = $3 WHERE id = $1")
                    .bind(step)
                    .bind(pause.then_some(now))
                    .bind(pause.then_some("Somebody paused the step.")),
            )?;
            touch(tx, id)?;
            tx.wake(TOPIC);
            let deed = if pause { Deed::Unpublish } else { Deed::Publish };
            audit::record(tx, &who, Entry::new(deed, "campaign", id.0, format!("{}: {key}", campaign.name)))
        })
        .await
}

fn step_of(campaign: &super::Campaign, key: &str) -> Result<StepId> {
    let step = campaign.plan.by_key(key).ok_or_else(|| Error::not_found("step", key))?;
    Ok(step.id)
}

/// What becomes of steps that were given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// They are tried once more, now.
    Retry,
    /// They count as passed; what follows goes on.
    Skip,
}

/// Takes up what was given up at a step, or what waits there for another try: for one contact, or for everybody. How many.
pub async fn take_up(cx: &Cx, id: CampaignId, key: String, contact: Option<ContactId>, again: Again) -> Result<u64> {
    cx.may(Action::Edit(Area::Campaigns))?;
    let who = cx.who();
    let (step, name) = cx
        .db()
        .read(move |tx| {
            let campaign = store::find(tx, id, false)?;
            Ok::<_, Error>((step_of(&campaign, &key)?, campaign.name))
        })
        .await?;
    let (mut total, mut after) = (0, LogId(0));
    loop {
        let ws = cx.ws.clone();
        let (n, last) = cx.db().write_in(Lane::Bulk, move |tx| take_up_some(&ws, tx, id, step, contact, again, after)).await?;
        total += n;
        match last {
            Some(last) => after = last,
            None => break,
        }
    }
    if total > 0 {
        cx.db().write(move |tx| audit::record(tx, &who, Entry::new(Deed::Update, "campaign", id.0, &name))).await?;
    }
    Ok(total)
}

type Row = (LogId, ContactId, i64, Timestamp, i64, i64);

fn take_up_some(
    ws: &crate::workspace::Workspace,
    tx: &mut Tx<'_>,
    id: CampaignId,
    step: StepId,
    contact: Option<ContactId>,
    again: Again,
    after: LogId,
) -> Result<(u64, Option<LogId>)> {
    let mut run = Run::new(ws, tx);
    let campaign = run.load(id)?;
    let found = campaign.plan.by_id(step).cloned().ok_or_else(|| Error::not_found("step", step))?;
    let rows: Vec<Row> = run.tx.all(
        Sql::new(
            "SELECT l.id, l.contact_id, l.rotation, l.base_at, l.attempts, l.state FROM campaign_log l \
             JOIN campaign_members m ON m.campaign_id = l.campaign_id AND m.contact_id = l.contact_id \
             WHERE l.campaign_id = $1 AND l.step_id = $2 AND l.id > $3 AND ($4 = 0 OR l.contact_id = $4) AND m.state = 'active' \
             AND m.rotation = l.rotation AND (l.state = 5 OR (l.state = 0 AND l.attempts > 0 AND l.due_at IS NOT NULL)) \
             ORDER BY l.id LIMIT $5",
        )
        .bind(id)
        .bind(step)
        .bind(after)
        .bind(contact.map_or(0, |c| c.0))
        .bind(CHUNK),
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?)),
    )?;
    let (n, last) = (rows.len() as u64, rows.last().map(|r| r.0));
    for (log, contact, rotation, base, attempts, state) in rows {
        let now = run.now;
        if LogState::from_code(state) == LogState::Failed {
            // It waits again, as if it had not been given up; another try is another occasion.
            run.tx.exec(
                Sql::new("UPDATE campaign_log SET state = 0, done_at = NULL, due_at = $2, attempts = $3 WHERE id = $1")
                    .bind(log)
                    .bind(now)
                    .bind(attempts.max(1)),
            )?;
            let counts = run.count(step);
            counts.waiting += 1;
            counts.failed -= 1;
            counts.failing += 1;
        }
        match again {
            Again::Retry => {
                run.tx.exec(Sql::new("UPDATE campaign_log SET due_at = $2 WHERE id = $1").bind(log).bind(now))?;
                run.tx.wake(TOPIC);
            }
            Again::Skip => {
                let task = Task { campaign: campaign.clone(), log, step, contact, rotation, base, attempts };
                run.end(&task, &found, Ending::warned(now, "Somebody let the contact pass without it.".to_owned()))?;
            }
        }
    }
    run.finish()?;
    Ok((n, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_a_day() {
        let hours: Vec<i64> = (1..=9).map(|n| pause_after(n).0 / 3_600_000).collect();
        assert_eq!(hours, [1, 2, 4, 8, 16, 24, 24, 24, 24]);
    }
}
