//! A clock that is put back must not hold up what waits.
//!
//! Whoever was queued while the clock was ahead carries an instant of then: without help it would wait until that comes
//! again. What was written later than now was written by the clock of then; it waits as long as it would have, from now on.

use std::sync::atomic::{AtomicI64, Ordering};

use async_trait::async_trait;
use hg_core::time::{Millis, Timestamp};
use hg_store::{Lane, Sql};

use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::worker::Worker;
use crate::{campaigns, jobs, sending};

/// Clocks are corrected by less than this all the time.
const SLACK: Millis = Millis::minutes(1);
/// No message that was refused for now waits longer than this for its next try.
const LONGEST_RETRY: Millis = Millis::hours(12);

/// How far ahead the clock is known to have been.
#[derive(Default)]
struct Ahead {
    /// The latest instant that was seen.
    seen: AtomicI64,
    /// Up to here everything was brought back already.
    done: AtomicI64,
}

/// Notices that the clock was put back.
pub struct ClockWatch;

/// Rows in one transaction.
const CHUNK: i64 = 2_000;

/// What is brought back, a chunk of each at a time. `$1` is now, `$2` the rows of one transaction.
const LATER_THAN_NOW: [&str; 3] = [
    "UPDATE sends SET due_at = due_at - (created_at - $1), created_at = $1 \
     WHERE id IN (SELECT id FROM sends WHERE state = 0 AND created_at > $1 LIMIT $2)",
    "UPDATE campaign_log SET due_at = due_at - (base_at - $1), base_at = $1 \
     WHERE id IN (SELECT id FROM campaign_log WHERE state IN (0, 1) AND due_at IS NOT NULL AND base_at > $1 LIMIT $2)",
    "UPDATE jobs SET due_at = due_at - (created_at - $1), created_at = $1 \
     WHERE id IN (SELECT id FROM jobs WHERE state = 'queued' AND created_at > $1 LIMIT $2)",
];

#[async_trait]
impl Worker for ClockWatch {
    fn name(&self) -> &'static str {
        "clock watch"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        let ahead = cx.ws.part::<Ahead>();
        let now = cx.now();
        let seen = Timestamp(ahead.seen.swap(now.0, Ordering::SeqCst));
        // A clock may be put back before anybody looked, or while nobody ran: what was written tells of it too.
        let written = last_written(cx).await?.unwrap_or(now);
        let told = written.since(now) > SLACK && written.0 > ahead.done.load(Ordering::SeqCst);
        if seen.since(now) <= SLACK && !told {
            return Ok(0);
        }
        let before = seen.max(written);
        tracing::warn!(was = %before.rfc3339(), is = %now.rfc3339(), "The clock was put back; what waits is counted from now");
        bring_back(cx, now).await?;
        ahead.done.store(before.0, Ordering::SeqCst);
        Ok(0)
    }
}

/// When the last message or job was written.
async fn last_written(cx: &Cx) -> Result<Option<Timestamp>> {
    cx.db()
        .read(|tx| {
            let mut last = None;
            for table in ["sends", "jobs"] {
                let text = format!("SELECT created_at FROM {table} ORDER BY id DESC LIMIT 1");
                last = last.max(tx.opt(text, |r| r.get::<Timestamp>(0))?);
            }
            Ok::<_, Error>(last)
        })
        .await
}

async fn bring_back(cx: &Cx, now: Timestamp) -> Result<()> {
    for text in LATER_THAN_NOW {
        chunks(cx, Sql::new(text).bind(now).bind(CHUNK)).await?;
    }
    let retries = "UPDATE sends SET due_at = $1 WHERE id IN (SELECT id FROM sends WHERE state = 0 AND attempts > 0 AND due_at > $3 LIMIT $2)";
    chunks(cx, Sql::new(retries).bind(now).bind(CHUNK).bind(now.plus(LONGEST_RETRY))).await?;
    cx.db()
        .write(|tx| {
            for topic in [sending::TOPIC, campaigns::TOPIC, jobs::TOPIC] {
                tx.wake(topic);
            }
            Ok(())
        })
        .await
}

/// Runs a statement until it finds nothing more.
async fn chunks(cx: &Cx, sql: Sql<'static>) -> Result<()> {
    loop {
        let sql = sql.clone();
        if cx.db().write_in(Lane::Bulk, move |tx| Ok::<_, Error>(tx.exec(sql.clone())?)).await? == 0 {
            return Ok(());
        }
    }
}
