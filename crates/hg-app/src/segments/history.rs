//! How a segment grew: its size day by day, from the log of joins and leaves.

use std::collections::BTreeMap;

use hg_core::ids::SegmentId;
use hg_core::time::{Millis, TimeZone, Timestamp, format_date, zone_or};
use hg_store::{Flow, Sql};

use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::segments::store;

/// One day of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// `YYYY-MM-DD` in the workspace's zone.
    pub date: String,
    pub joined: i64,
    pub left: i64,
    /// How many belonged to it at the end of the day.
    pub size: i64,
}

/// So many rows of the log are read, the newest first.
const MOST: usize = 200_000;

/// The last days of a segment, oldest first. Days further back than the log can be read through are left out.
pub async fn history(cx: &Cx, id: SegmentId, days: i64) -> Result<Vec<Day>> {
    cx.may(Action::View(Area::Segments))?;
    let (now, days) = (cx.now(), days.clamp(1, 366));
    let zone = zone_or(Some(&cx.ws.settings().general.timezone), &TimeZone::UTC);
    let today = now.start_of_day(&zone);
    let first = today.plus_days(1 - days, &zone);
    cx.db()
        .read(move |tx| {
            let segment = store::find(tx, id)?;
            let mut moves: BTreeMap<String, (i64, i64)> = BTreeMap::new();
            let (mut seen, mut reached) = (0, first);
            let sql = Sql::new("SELECT at, joined, people FROM segment_log WHERE segment_id = $1 ORDER BY id DESC LIMIT $2");
            let limit = i64::try_from(MOST).unwrap_or(i64::MAX);
            tx.each(sql.bind(id).bind(limit), |r| {
                let (at, joined, people): (Timestamp, bool, i64) = (r.get(0)?, r.get(1)?, r.get(2)?);
                if at < first {
                    return Ok(Flow::Stop);
                }
                seen += 1;
                if seen == MOST {
                    // The day in which the reading ends is not whole.
                    reached = at.start_of_day(&zone).plus_days(1, &zone);
                }
                let day = moves.entry(format_date(at.date(&zone))).or_default();
                if joined {
                    day.0 += people
                } else {
                    day.1 += people
                }
                Ok(Flow::Next)
            })?;
            let from = reached.max(segment.created_at.start_of_day(&zone));
            let mut found = Vec::new();
            let (mut size, mut day) = (segment.members, today);
            while day >= from {
                let date = format_date(day.date(&zone));
                let (joined, left) = moves.get(&date).copied().unwrap_or_default();
                found.push(Day { date, joined, left, size });
                size = (size - joined + left).max(0);
                // Half a day back from midnight is always the day before, whatever the clocks do.
                day = Timestamp(day.0 - Millis::hours(12).0).start_of_day(&zone);
            }
            found.reverse();
            Ok(found)
        })
        .await
}
