use std::collections::BTreeMap;

use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};

use super::{ContactFigures, EmailFigures, SourceCount, Upcoming};
use crate::error::Result;

/// Counts are read in half hours and folded into local days: every zone's midnight falls on one.
pub(super) const BUCKET_MS: i64 = 1_800_000;

pub(super) fn contacts(tx: &mut Tx<'_>, from: Timestamp, to: Timestamp) -> Result<ContactFigures> {
    let sql = Sql::new(
        "SELECT count(*), count(identified_at), count(CASE WHEN identified_at IS NOT NULL AND created_at >= $1 AND created_at < $2 THEN 1 END) FROM contacts WHERE deleted_at IS NULL",
    );
    Ok(tx.one(sql.bind(from).bind(to), |r| Ok(ContactFigures { total: r.get(0)?, identified: r.get(1)?, new: r.get(2)? }))?)
}

pub(super) fn emails(tx: &mut Tx<'_>, from: Timestamp, to: Timestamp) -> Result<EmailFigures> {
    let sql = Sql::new(
        "SELECT count(CASE WHEN sent_at >= $1 AND sent_at < $2 THEN 1 END), count(CASE WHEN opened_at >= $1 AND opened_at < $2 THEN 1 END), \
         count(CASE WHEN clicked_at >= $1 AND clicked_at < $2 THEN 1 END), count(CASE WHEN unsubscribed_at >= $1 AND unsubscribed_at < $2 THEN 1 END) FROM sends",
    );
    let mut figures = tx.one(sql.bind(from).bind(to), |r| {
        Ok(EmailFigures { sent: r.get(0)?, opened: r.get(1)?, clicked: r.get(2)?, unsubscribed: r.get(3)?, failed: 0 })
    })?;
    figures.failed = tx.scalar(
        Sql::new("SELECT count(*) FROM events WHERE kind = $3 AND occurred_at >= $1 AND occurred_at < $2")
            .bind(from)
            .bind(to)
            .bind(hg_core::events::EventKind::EmailFailed.code()),
    )?;
    Ok(figures)
}

pub(super) fn by_source(tx: &mut Tx<'_>, from: Timestamp, to: Timestamp) -> Result<Vec<SourceCount>> {
    let sql = Sql::new(
        "SELECT utm_source, utm_medium, count(*) FROM submissions WHERE quarantined = 0 AND submitted_at >= $1 AND submitted_at < $2 \
         GROUP BY utm_source, utm_medium ORDER BY count(*) DESC, utm_source NULLS LAST LIMIT 20",
    );
    Ok(tx.all(sql.bind(from).bind(to), |r| Ok(SourceCount { source: r.get(0)?, medium: r.get(1)?, count: r.get(2)? }))?)
}

/// What is counted by day.
#[derive(Debug, Clone, Copy)]
pub(super) enum Series {
    Sent,
    Opened,
    Clicked,
    Submissions,
    NewContacts,
}

/// Counts by half hour since `from`.
pub(super) fn series(tx: &mut Tx<'_>, what: Series, from: Timestamp, to: Timestamp) -> Result<BTreeMap<i64, i64>> {
    let (table, column, only) = match what {
        Series::Sent => ("sends", "sent_at", ""),
        Series::Opened => ("sends", "opened_at", ""),
        Series::Clicked => ("sends", "clicked_at", ""),
        Series::Submissions => ("submissions", "submitted_at", "AND quarantined = 0"),
        Series::NewContacts => ("contacts", "created_at", "AND deleted_at IS NULL"),
    };
    let text = format!(
        "SELECT ({column} - $1) / $3 AS bucket, count(*) FROM {table} WHERE {column} >= $1 AND {column} < $2 {only} GROUP BY bucket"
    );
    let rows = tx.all(Sql::new(text).bind(from).bind(to).bind(BUCKET_MS), |r| Ok((r.get::<i64>(0)?, r.get::<i64>(1)?)))?;
    Ok(rows.into_iter().collect())
}

pub(super) fn upcoming(tx: &mut Tx<'_>) -> Result<Vec<Upcoming>> {
    let sql = "SELECT min(l.due_at), count(*), s.name, c.name, c.id FROM campaign_log l JOIN campaign_steps s ON s.id = l.step_id \
         JOIN campaigns c ON c.id = l.campaign_id \
         WHERE l.state = 0 AND l.due_at IS NOT NULL AND c.state = 'published' AND c.deleted_at IS NULL \
         GROUP BY s.id, s.name, c.name, c.id ORDER BY min(l.due_at) LIMIT 6";
    Ok(tx.all(sql, |r| {
        Ok(Upcoming {
            at: r.get(0)?,
            people: r.get(1)?,
            title: format!("{} · {}", r.get::<String>(2)?, r.get::<String>(3)?),
            kind: "campaign_step",
            link: format!("/campaigns/{}", r.get::<i64>(4)?),
        })
    })?)
}

/// Which steps of the way to a first campaign are done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Has {
    pub contacts: bool,
    pub segments: bool,
    pub forms: bool,
    pub pages: bool,
    pub emails: bool,
    pub campaigns: bool,
    pub opens: bool,
}

pub(super) fn has(tx: &mut Tx<'_>) -> Result<Has> {
    let mut any = |from: &'static str| -> Result<bool> {
        let n: Option<i64> = tx.opt(Sql::new(format!("SELECT 1 FROM {from} LIMIT 1")), |_| Ok(1))?;
        Ok(n.is_some())
    };
    Ok(Has {
        contacts: any("contacts WHERE identified_at IS NOT NULL AND deleted_at IS NULL")?,
        segments: any("segments WHERE deleted_at IS NULL")?,
        forms: any("forms WHERE deleted_at IS NULL")?,
        pages: any("pages WHERE deleted_at IS NULL")?,
        emails: any("emails WHERE deleted_at IS NULL")?,
        campaigns: any("campaigns WHERE state = 'published' AND deleted_at IS NULL")?,
        opens: any("sends WHERE opened_at IS NOT NULL")?,
    })
}
