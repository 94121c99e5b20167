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
        let (ws, now) = (cx.ws.clone(), cx.now());
        cx.db()
            .write_in(Lane::Live, move |tx| {
                let due = tx.all(
                    Sql::new(
                        "SELECT l.id, l.campaign_id, l.step_id, l.contact_id, l.rotation, l.base_at FROM campaign_log l \
                         JOIN campaigns c ON c.id = l.campaign_id \
                         WHERE l.state IN (0, 1) AND l.due_at IS NOT NULL AND l.due_at <= $1 AND c.state = 'published' AND c.deleted_at IS NULL \
                         AND (c.publish_up IS NULL OR c.publish_up <= $1) AND (c.publish_down IS NULL OR c.publish_down > $1) \
                         ORDER BY l.due_at, l.id LIMIT $2",
                    )
                    .bind(now)
                    .bind(BATCH),
                    |r| {
                        Ok((r.get::<LogId>(0)?, r.get::<CampaignId>(1)?, r.get::<StepId>(2)?, r.get::<ContactId>(3)?, r.get::<i64>(4)?, r.get::<Timestamp>(5)?))
                    },
                )?;
                let taken = due.len();
                let mut run = Run::new(&ws, tx);
                for (log, campaign, step, contact, rotation, base) in due {
                    let campaign = run.load(campaign)?;
                    run.execute(&Task { campaign, log, step, contact, rotation, base })?;
                }
                run.finish()?;
                Ok::<_, Error>(taken)
            })
            .await
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        let now = cx.now();
        cx.db()
            .read(move |tx| {
                Ok(tx
                    .opt(
                        Sql::new(
                            "SELECT @greatest(l.due_at, coalesce(c.publish_up, 0)) FROM campaign_log l JOIN campaigns c ON c.id = l.campaign_id \
                             WHERE l.state IN (0, 1) AND l.due_at IS NOT NULL AND c.state = 'published' AND c.deleted_at IS NULL \
                             AND (c.publish_down IS NULL OR c.publish_down > $1) ORDER BY l.due_at LIMIT 1",
                        )
                        .bind(now),
                        |r| r.get(0),
                    )?
                    .flatten())
            })
            .await
    }
}
