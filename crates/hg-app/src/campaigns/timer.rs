//! Runs what is due: scheduled steps, and the no paths of decisions.

use async_trait::async_trait;
use hg_core::ids::{CampaignId, StepId};
use hg_core::time::Timestamp;
use hg_store::{Lane, Sql};

use super::run::{Run, TOPIC, Task};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::worker::Worker;

/// Rows of one transaction.
const BATCH: i64 = 200;
/// So many times as many of a step that does the same to everybody.
const ALIKE: i64 = 5;

/// The worker behind every waiting step.
pub struct CampaignTimer;

#[async_trait]
impl Worker for CampaignTimer {
    fn name(&self) -> &'static str {
        "campaign timer"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        match take(cx, BATCH).await {
            Ok(n) => Ok(n),
            Err(error) if error.store().is_some_and(hg_store::StoreError::is_passing) => Err(error),
            // One of the batch is at fault: one by one only that one fails.
            Err(_) => match take(cx, 1).await {
                Ok(n) => Ok(n),
                Err(error) if error.store().is_some_and(hg_store::StoreError::is_passing) => Err(error),
                Err(error) => {
                    tracing::error!(error = %error, cause = ?error.source, "A step of a campaign could not be run");
                    fail_first(cx, error.detail).await
                }
            },
        }
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        let now = cx.now();
        cx.db()
            .read(move |tx| {
                let text = format!(
                    "SELECT @greatest(d.due, coalesce(d.up, 0)) AS at FROM ({STEPS} AND (c.publish_down IS NULL OR c.publish_down > $1)) d \
                     WHERE d.due IS NOT NULL ORDER BY at LIMIT 1"
                );
                Ok(tx.opt(Sql::new(text).bind(now), |r| r.get(0))?)
            })
            .await
    }
}

/// Steps that run, each with the first moment that is due there: one look into the index for each, however many rows of paused
/// campaigns and steps are overdue.
const STEPS: &str = "SELECT c.id AS campaign, s.id AS step, c.publish_up AS up, (SELECT min(l.due_at) FROM campaign_log l WHERE l.step_id = s.id \
                     AND l.state IN (0, 1) AND l.due_at IS NOT NULL) AS due \
                     FROM campaign_steps s JOIN campaigns c ON c.id = s.campaign_id \
                     WHERE s.paused_at IS NULL AND c.state = 'published' AND c.resuming = 0 AND c.deleted_at IS NULL";

/// The rows that are due; those of the step that waits longest come first.
fn due(run: &mut Run<'_, '_>, limit: i64) -> Result<Vec<Task>> {
    let text = format!(
        "SELECT d.campaign, d.step FROM ({STEPS} AND (c.publish_up IS NULL OR c.publish_up <= $1) \
         AND (c.publish_down IS NULL OR c.publish_down > $1)) d WHERE d.due <= $1 ORDER BY d.due, d.step"
    );
    let steps: Vec<(CampaignId, StepId)> = run.tx.all(Sql::new(text).bind(run.now), |r| Ok((r.get(0)?, r.get(1)?)))?;
    let mut tasks: Vec<Task> = Vec::new();
    let mut left = limit;
    for (campaign, step) in steps {
        if left <= 0 {
            break;
        }
        let campaign = run.load(campaign)?;
        let alike = match campaign.plan.by_id(step) {
            Some(found) if limit > 1 => run.is_alike(found)?,
            _ => false,
        };
        let most = if alike { left * ALIKE } else { left };
        let sql = Sql::new(
            "SELECT id, contact_id, rotation, base_at, attempts FROM campaign_log \
             WHERE step_id = $1 AND state IN (0, 1) AND due_at IS NOT NULL AND due_at <= $2 ORDER BY due_at, id LIMIT $3",
        );
        let found = run.tx.all(sql.bind(step).bind(run.now).bind(most), |r| {
            let campaign = campaign.clone();
            Ok(Task {
                campaign,
                log: r.get(0)?,
                step,
                contact: r.get(1)?,
                rotation: r.get(2)?,
                base: r.get(3)?,
                attempts: r.get(4)?,
            })
        })?;
        let taken = i64::try_from(found.len()).unwrap_or(left);
        left -= if alike { taken.div_euclid(ALIKE) + 1 } else { taken };
        tasks.extend(found);
    }
    Ok(tasks)
}

async fn take(cx: &Cx, limit: i64) -> Result<usize> {
    let ws = cx.ws.clone();
    cx.db()
        .write_in(Lane::Live, move |tx| {
            let mut run = Run::new(&ws, tx);
            let due = due(&mut run, limit)?;
            let taken = due.len();
            run.take_up(due);
            run.finish()?;
            Ok::<_, Error>(taken)
        })
        .await
}

/// The first row that is due failed in a way that nobody foresaw: it is tried again later, and holds up nobody else.
async fn fail_first(cx: &Cx, why: String) -> Result<usize> {
    let ws = cx.ws.clone();
    cx.db()
        .write_in(Lane::Live, move |tx| {
            let mut run = Run::new(&ws, tx);
            let due = due(&mut run, 1)?;
            for task in &due {
                match task.campaign.clone().plan.by_id(task.step) {
                    Some(step) => run.failed(task, step, &why)?,
                    None => run.redirect(task)?,
                }
            }
            run.finish()?;
            Ok::<_, Error>(due.len())
        })
        .await
}
