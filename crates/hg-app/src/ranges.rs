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
/// Begins no further range after `until`: ranges are shorter then, and those that come first are spread over all ids, so
/// that a part stands for the whole. The part of the ranges that were read, 1 for all of them.
pub(crate) async fn each_range<T: Send + 'static>(
    db: &Db,
    until: Option<Instant>,
    read: impl Fn(&mut Tx<'_>, i64, i64) -> Result<T> + Send + Sync + 'static,
    mut take: impl FnMut(T),
) -> Result<f64> {
    let last: i64 = db.read(|tx| Ok::<_, Error>(tx.scalar("SELECT coalesce(max(id), 0) FROM contacts")?)).await?;
    let size = if until.is_some() { RANGE / 4 } else { RANGE };
    let ranges = last / size + 1;
    let stride = if until.is_some() { stride(ranges) } else { 1 };
    let read = Arc::new(read);
    let mut next = 0;
    let mut done = 0;
    let mut running = tokio::task::JoinSet::new();
    loop {
        while running.len() < SIDE_BY_SIDE && next < ranges && until.is_none_or(|u| Instant::now() < u) {
            let (db, read, from) = (db.clone(), read.clone(), next * stride % ranges * size);
            running.spawn(async move { db.read(move |tx| read(tx, from, from + size)).await });
            next += 1;
        }
        let Some(part) = running.join_next().await else { break };
        take(part.map_err(|e| Error::internal(e.to_string()))??);
        done += 1;
    }
    Ok(if ranges == 0 { 1.0 } else { f64::from(done) / ranges as f64 })
}

/// A step that meets each of so many once, the first of them far apart.
fn stride(ranges: i64) -> i64 {
    let divides_both = |a: i64| (2..=a).any(|d| a % d == 0 && ranges % d == 0);
    (ranges * 5 / 8..ranges).find(|step| *step > 0 && !divides_both(*step)).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_is_met_once_however_many_there_are() {
        for ranges in 1..500 {
            let mut met: Vec<i64> = (0..ranges).map(|n| n * stride(ranges) % ranges).collect();
            met.sort_unstable();
            assert_eq!(met, (0..ranges).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_first_ranges_are_spread_over_all() {
        let first: Vec<i64> = (0..4).map(|n| n * stride(80) % 80).collect();
        let quarters: std::collections::BTreeSet<i64> = first.iter().map(|range| range / 20).collect();
        assert_eq!(quarters.len(), 4, "{first:?}");
    }
}
