//! Time as a cause: filters about "today" or "the last two hours" answer differently by themselves.

use async_trait::async_trait;
use hg_core::events::EventKind;
use hg_core::ids::{ContactId, SegmentId};
use hg_core::time::Timestamp;
use hg_store::{Lane, Sql};

use crate::changes::{self, Happening};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::segments::{rebuild, store};
use crate::worker::Worker;

/// Announced when a new due instant was written.
pub(super) const TOPIC: &str = "segment-flips";

/// Watches for the instants at which segments, or single contacts in them, have to be looked at again.
pub struct SegmentClock;

#[async_trait]
impl Worker for SegmentClock {
    fn name(&self) -> &'static str {
        "segment clock"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        let now = cx.now();
        cx.db()
            .write_in(Lane::Live, move |tx| {
                let due: Vec<(SegmentId, ContactId)> = tx.all(
                    Sql::new("SELECT segment_id, contact_id FROM segment_flips WHERE due_at <= $1 ORDER BY due_at LIMIT 500")
                        .bind(now),
                    |r| Ok((r.get(0)?, r.get(1)?)),
                )?;
                for (segment, contact) in &due {
                    tx.exec(
                        Sql::new("DELETE FROM segment_flips WHERE segment_id = $1 AND contact_id = $2")
                            .bind(*segment)
                            .bind(*contact),
                    )?;
                    if contact.0 != 0 {
                        changes::queue(tx, &Happening::new(*contact, EventKind::TimePassed, now))?;
                        continue;
                    }
                    match store::find(tx, *segment) {
                        Ok(found) if found.published => {
                            rebuild::push(tx, &found, now, None)?;
                        }
                        Ok(_) => {}
                        Err(error) if error.is_not_found() => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok::<_, Error>(due.len())
            })
            .await
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        cx.db().read(|tx| Ok(tx.scalar("SELECT min(due_at) FROM segment_flips")?)).await
    }
}
