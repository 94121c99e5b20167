//! Reports are kept for a while, as proof, and then forgotten.

use async_trait::async_trait;
use hg_core::time::{Millis, Timestamp};
use hg_store::{Lane, Sql};

use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::worker::Worker;

/// How long a report is kept.
const KEPT: Millis = Millis::days(90);
/// Rows in one transaction.
const CHUNK: i64 = 5_000;

/// Forgets old reports.
pub struct Expiry;

#[async_trait]
impl Worker for Expiry {
    fn name(&self) -> &'static str {
        "returns expiry"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        let before = cx.now().minus(KEPT);
        let due: Option<i64> = cx
            .db()
            .read(move |tx| {
                let sql =
                    Sql::new("SELECT id FROM mail_returns WHERE received_at < $1 ORDER BY received_at LIMIT 1").bind(before);
                Ok::<_, Error>(tx.opt(sql, |r| r.get(0))?)
            })
            .await?;
        if due.is_none() {
            return Ok(0);
        }
        let gone = cx
            .db()
            .write_in(Lane::Bulk, move |tx| {
                let text = "DELETE FROM mail_returns WHERE id IN (SELECT id FROM mail_returns WHERE received_at < $1 ORDER BY received_at LIMIT $2)";
                Ok::<_, Error>(tx.exec(Sql::new(text).bind(before).bind(CHUNK))?)
            })
            .await?;
        Ok(usize::try_from(gone).unwrap_or(0))
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        let oldest: Option<Timestamp> = cx
            .db()
            .read(|tx| Ok::<_, Error>(tx.opt("SELECT received_at FROM mail_returns ORDER BY received_at LIMIT 1", |r| r.get(0))?))
            .await?;
        Ok(oldest.map(|at| at.plus(KEPT).plus(Millis(1))))
    }
}
