//! Looking at every contact: ranges of ids, each a short read of its own, some of them side by side.

use std::sync::Arc;
use std::time::Instant;

use hg_store::{Db, Tx};

use crate::error::{Error, Result};

/// Ids in a range.
pub(crate) const RANGE: i64 = 131_072;
/// How many ranges are read side by side.
const SIDE_BY_SIDE: usize = 2;

/// Reads every range with `read` (from this id, to below that one) and gives what it found to `take`, in no order.
/// Begins no further range after `until`; the part of the ranges that were read, 1 for all of them.
pub(crate) async fn each_range<T: Send + 'static>(
    db: &Db,
    until: Option<Instant>,
    read: impl Fn(&mut Tx<'_>, i64, i64) -> Result<T> + Send + Sync + 'static,
    mut take: impl FnMut(T),
) -> Result<f64> {
    let last: i64 = db.read(|tx| Ok::<_, Error>(tx.scalar("SELECT coalesce(max(id), 0) FROM contacts")?)).await?;
    let ranges = last / RANGE + 1;
    let read = Arc::new(read);
    let mut next = 0;
    let mut done = 0;
    let mut running = tokio::task::JoinSet::new();
    loop {
        while running.len() < SIDE_BY_SIDE && next < ranges && until.is_none_or(|u| Instant::now() < u) {
            let (db, read, from) = (db.clone(), read.clone(), next * RANGE);
            running.spawn(async move { db.read(move |tx| read(tx, from, from + RANGE)).await });
            next += 1;
        }
        let Some(part) = running.join_next().await else { break };
        take(part.map_err(|e| Error::internal(e.to_string()))??);
        done += 1;
    }
    Ok(if ranges == 0 { 1.0 } else { f64::from(done) / ranges as f64 })
}
