//! What came back, to look at.

use hg_core::ids::{ContactId, EmailId};
use hg_core::time::{Millis, Timestamp};
use hg_store::{Row, Sql};

use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::list::Page;

/// A report that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnRow {
    pub id: i64,
    pub received_at: Timestamp,
    pub source: String,
    pub kind: String,
    pub class: Option<String>,
    pub verdict: String,
    pub contact: Option<ContactId>,
    pub email: Option<EmailId>,
    pub address: Option<String>,
    pub reason: Option<String>,
}

/// Which reports.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReturnQuery {
    /// `bounce`, `complaint`, `unsubscribe`, `reply`, `auto_reply`, `delivered`, `other`; empty: all but deliveries.
    pub kind: String,
    /// Before this one.
    pub before: Option<i64>,
    pub limit: u32,
}

/// What came back, the newest first.
pub async fn list(cx: &Cx, query: ReturnQuery) -> Result<Page<ReturnRow>> {
    cx.may(Action::View(Area::Emails))?;
    let limit = query.limit.clamp(1, 500);
    let rows = cx
        .db()
        .read(move |tx| {
            let only = if query.kind.is_empty() { "kind <> 'delivered'" } else { "kind = $3" };
            let text = format!(
                "SELECT id, received_at, source, kind, class, verdict, contact_id, email_id, address, reason FROM mail_returns \
                 WHERE id < $1 AND {only} ORDER BY id DESC LIMIT $2"
            );
            let mut sql = Sql::new(text).bind(query.before.unwrap_or(i64::MAX)).bind(i64::from(limit) + 1);
            if !query.kind.is_empty() {
                sql = sql.bind(&query.kind);
            }
            Ok::<_, crate::error::Error>(tx.all(sql, read)?)
        })
        .await?;
    let more = rows.len() > limit as usize;
    let items: Vec<ReturnRow> = rows.into_iter().take(limit as usize).collect();
    let next_cursor = items.last().filter(|_| more).map(|r| r.id.to_string());
    Ok(Page { items, next_cursor, total: None })
}

fn read(r: &Row<'_>) -> hg_store::Result<ReturnRow> {
    Ok(ReturnRow {
        id: r.get(0)?,
        received_at: r.get(1)?,
        source: r.get(2)?,
        kind: r.get(3)?,
        class: r.get(4)?,
        verdict: r.get(5)?,
        contact: r.get(6)?,
        email: r.get(7)?,
        address: r.get(8)?,
        reason: r.get(9)?,
    })
}

/// How much came back on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    pub day: Timestamp,
    pub source: String,
    pub outcome: String,
    pub times: i64,
}

/// How much came back in the last days, refused reports included.
pub async fn days(cx: &Cx, days: i64) -> Result<Vec<Day>> {
    cx.may(Action::View(Area::Emails))?;
    let since = cx.now().0.div_euclid(Millis::days(1).0) - days.clamp(1, 366) + 1;
    cx.db()
        .read(move |tx| {
            let text = "SELECT day, source, outcome, times FROM return_counts WHERE day >= $1 ORDER BY day DESC, source, outcome";
            let read = |r: &Row<'_>| {
                let day = Timestamp(r.get::<i64>(0)? * Millis::days(1).0);
                Ok(Day { day, source: r.get(1)?, outcome: r.get(2)?, times: r.get(3)? })
            };
            Ok(tx.all(Sql::new(text).bind(since), read)?)
        })
        .await
}
