//! Runs what is due: scheduled steps, and the no paths of decisions.

use async_trait::async_trait;
use hg_core::ids::{CampaignId, ContactId, LogId, StepId};
use hg_core::time::Timestamp;
use hg_store::{Lane, Sql};

use super::run::{Run, TOPIC, Task};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::worker::Worker;

/// Rows of one transaction.
const BATCH: i64 = 200;

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
const STEPS: &str = "SELECT s.id AS step, c.publish_up AS up, (SELECT min(l.due_at) FROM campaign_log l WHERE l.step_id = s.id \
                     AND l.state IN (0, 1) AND l.due_at IS NOT NULL) AS due \
                     FROM campaign_steps s JOIN campaigns c ON c.id = s.campaign_id \
                     WHERE s.paused_at IS NULL AND c.state = 'published' AND c.deleted_at IS NULL";

/// The rows that are due; those of the step that waits longest come first.
fn due(run: &mut Run<'_, '_>, limit: i64) -> Result<Vec<Task>> {
    type Row = (LogId, CampaignId, StepId, ContactId, i64, Timestamp, i64);
    let text = format!(
        "SELECT d.step FROM ({STEPS} AND (c.publish_up IS NULL OR c.publish_up <= $1) \
         AND (c.publish_down IS NULL OR c.publish_down > $1)) d WHERE d.due <= $1 ORDER BY d.due, d.step"
    );
    let steps: Vec<StepId> = run.tx.all(Sql::new(text).bind(run.now), |r| r.get(0))?;
    let mut rows: Vec<Row> = Vec::new();
    for step in steps {
        let left = limit - i64::try_from(rows.len()).unwrap_or(limit);
        if left <= 0 {
            break;
        }
        let sql = Sql::new(
            "SELECT id, campaign_id, step_id, contact_id, rotation, base_at, attempts FROM campaign_log \
             WHERE step_id = $1 AND state IN (0, 1) AND due_at IS NOT NULL AND due_at <= $2 ORDER BY due_at, id LIMIT $3",
        );
        rows.extend(run.tx.all(sql.bind(step).bind(run.now).bind(left), |r| {
            Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?, r.get(6)?))
        })?);
    }
    rows.into_iter()
        .map(|(log, campaign, step, contact, rotation, base, attempts)| {
            Ok(Task { campaign: run.load(campaign)?, log, step, contact, rotation, base, attempts })
        })
        .collect()
}

async fn take(cx: &Cx, limit: i64) -> Result<usize> {
    let ws = cx.ws.clone();
    cx.db()
        .write_in(Lane::Live, move |tx| {
            let mut run = Run::new(&ws, tx);
            let due = due(&mut run, limit)?;
            for task in &due {
                run.execute(task)?;
            }
            run.finish()?;
            Ok::<_, Error>(due.len())
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
