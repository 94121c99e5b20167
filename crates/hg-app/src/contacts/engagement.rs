//! How much happened to a contact month by month, and her timeline as a file.

use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::{self, TimeZone, Timestamp};
use hg_store::Sql;
use serde_json::Value as Json;

use crate::contacts::{TimelineQuery, service, timeline};
use crate::csv_text::{csv_line, harmless};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::list::{ListQuery, MAX_LIMIT};

/// A month of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Month {
    /// `2024-03`.
    pub month: String,
    /// Everything that her timeline shows.
    pub events: i64,
    /// Points that she gained and lost.
    pub points: i64,
}

/// At most so many months back.
const MOST_MONTHS: i64 = 24;
/// Of so many changes of points the sum is taken.
const MOST_CHANGES: i64 = 10_000;

/// The latest months of a contact, the oldest first; months begin in the workspace's zone.
pub async fn engagement(cx: &Cx, contact: ContactId, months: i64) -> Result<Vec<Month>> {
    cx.may(Action::View(Area::Contacts))?;
    let zone = time::zone_or(Some(&cx.ws.settings().general.timezone), &TimeZone::UTC);
    let begins = beginnings(cx.now(), &zone, months.clamp(1, MOST_MONTHS));
    let kinds: Vec<i64> = EventKind::ALL.iter().filter(|k| k.is_shown()).map(|k| k.code()).collect();
    cx.db()
        .read(move |tx| {
            let contact = service::survivor(tx, contact)?;
            let mut found = Vec::with_capacity(begins.len());
            for (at, (month, from)) in begins.iter().enumerate() {
                let until = begins.get(at + 1).map_or(Timestamp::MAX, |next| next.1);
                let span = "contact_id = $1 AND occurred_at >= $2 AND occurred_at < $3";
                let count = format!("SELECT count(*) FROM events WHERE {span} AND kind @in($4)");
                let bound = |text: String| Sql::new(text).bind(contact).bind(*from).bind(until);
                let events = tx.scalar(bound(count).bind(kinds.as_slice()))?;
                let changes = format!("SELECT detail FROM events WHERE {span} AND kind = $4 AND object_id = 0 LIMIT $5");
                let changes = bound(changes).bind(EventKind::PointsChanged.code()).bind(MOST_CHANGES);
                let deltas = tx.all(changes, |r| r.get::<Option<Json>>(0))?;
                let points = deltas.iter().flatten().filter_map(|d| d.get("delta")?.as_i64()).sum();
                found.push(Month { month: month.clone(), events, points });
            }
            Ok(found)
        })
        .await
}

/// The months up to now, with the instant at which each begins.
fn beginnings(now: Timestamp, zone: &TimeZone, months: i64) -> Vec<(String, Timestamp)> {
    let this = Timestamp::from_civil(now.date(zone).first_of_month().at(0, 0, 0, 0), zone).unwrap_or(now);
    let begins = (0..months).rev().map(|back| this.plus_months(-back, zone));
    begins.map(|at| (at.date(zone).strftime("%Y-%m").to_string(), at)).collect()
}

/// The head line of a timeline as CSV.
pub fn timeline_head() -> Result<Vec<u8>> {
    csv_line(["occurred_at", "kind", "title", "about", "detail"].into_iter())
}

/// The lines of a page of a timeline, and the cursor of the next one.
pub async fn timeline_lines(cx: &Cx, contact: ContactId, cursor: Option<String>) -> Result<(Vec<u8>, Option<String>)> {
    let list = ListQuery { limit: MAX_LIMIT, cursor, ..ListQuery::default() };
    let page = timeline(cx, Some(contact), TimelineQuery { list, ..TimelineQuery::default() }).await?;
    let mut lines = Vec::new();
    for moment in page.items {
        let about = moment.about.map_or_else(String::new, |(kind, id, name)| format!("{kind} {id}: {name}"));
        let detail = if moment.detail.is_null() { String::new() } else { moment.detail.to_string() };
        let cells = [moment.at.sql_text(), moment.kind.key().to_owned(), moment.title, about, detail].map(harmless);
        lines.extend(csv_line(cells.iter().map(String::as_str))?);
    }
    Ok((lines, page.next_cursor))
}
