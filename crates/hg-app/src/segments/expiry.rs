//! Segments that are wanted only until a date: their makers are reminded a week before, and on the date what nothing
//! uses any more is switched off. A campaign, an email or another segment that still uses one keeps it going.

use async_trait::async_trait;
use hg_core::ids::SegmentId;
use hg_core::time::{Millis, Timestamp};
use hg_store::{Sql, Tx};

use crate::audit::{self, Deed, Entry, Who};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::notices::{self, News, Tone};
use crate::segments::named::users_named;
use crate::segments::{Segment, service, store};
use crate::worker::Worker;
use crate::workspace::Workspace;

/// Announced when a date was set.
pub(super) const TOPIC: &str = "segment-expiry";
/// So long before the end its maker is reminded.
const BEFORE: Millis = Millis::days(7);

/// Refuses a date that has passed; one that stays as it was may.
pub(super) fn check(now: Timestamp, before: Option<Timestamp>, after: Option<Timestamp>) -> Result<()> {
    if after.is_some_and(|at| at <= now) && before != after {
        let detail = "This date has passed. Choose a later one, or none.";
        return Err(Error::field("/expires_at", "segment.expired", detail));
    }
    Ok(())
}

/// Reminds, and switches off what has expired.
pub struct ExpiryClock;

#[async_trait]
impl Worker for ExpiryClock {
    fn name(&self) -> &'static str {
        "expiry of segments"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        let (ws, who, now) = (cx.ws.clone(), cx.who(), cx.now());
        cx.db()
            .write(move |tx| {
                let due = "SELECT id, expiry_told FROM segments WHERE deleted_at IS NULL AND expires_at IS NOT NULL AND expiry_told < 2 \
                           AND (expires_at <= $1 OR (expiry_told = 0 AND expires_at <= $2)) ORDER BY id LIMIT 100";
                let due: Vec<(SegmentId, i64)> =
                    tx.all(Sql::new(due).bind(now).bind(now.plus(BEFORE)), |r| Ok((r.get(0)?, r.get(1)?)))?;
                for (id, _) in &due {
                    let segment = store::find(tx, *id)?;
                    let told = if segment.expires_at.is_some_and(|at| at <= now) {
                        end(&ws, tx, &who, &segment)?;
                        2
                    } else {
                        remind(&ws, tx, &segment)?;
                        1
                    };
                    tx.exec(Sql::new("UPDATE segments SET expiry_told = $2 WHERE id = $1").bind(*id).bind(told))?;
                }
                Ok::<_, Error>(due.len())
            })
            .await
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        let text = "SELECT min(CASE WHEN expiry_told = 0 THEN expires_at - $1 ELSE expires_at END) FROM segments \
                    WHERE deleted_at IS NULL AND expires_at IS NOT NULL AND expiry_told < 2";
        cx.db().read(move |tx| Ok(tx.scalar(Sql::new(text).bind(BEFORE.0))?)).await
    }
}

fn day(ws: &Workspace, segment: &Segment) -> String {
    let zone = hg_core::time::zone_or(Some(&ws.settings().general.timezone), &hg_core::time::TimeZone::UTC);
    segment.expires_at.map_or_else(String::new, |at| hg_core::time::format_date(at.date(&zone)))
}

fn remind(ws: &Workspace, tx: &mut Tx<'_>, segment: &Segment) -> Result<()> {
    let title = format!("The segment “{}” ends on {}", segment.name, day(ws, segment));
    let body = match users_named(&service::holding(ws, tx, segment.id)?) {
        None => "Nothing uses it any more; it will be switched off then.".to_owned(),
        Some(users) => format!("It is used by {users}. As long as it is, it goes on."),
    };
    tell(ws, tx, segment, ("segment.expires", Tone::Good), &title, &body)
}

fn end(ws: &Workspace, tx: &mut Tx<'_>, who: &Who, segment: &Segment) -> Result<()> {
    if !segment.published {
        return Ok(());
    }
    if let Some(users) = users_named(&service::holding(ws, tx, segment.id)?) {
        let title = format!("The segment “{}” has ended but is still used", segment.name);
        let body = format!("It goes on, because it is used by {users}. Switch it off when they no longer need it.");
        return tell(ws, tx, segment, ("segment.overdue", Tone::Bad), &title, &body);
    }
    store::update(tx, &Segment { published: false, building: false, ..segment.clone() }, ws.clock.now())?;
    audit::record(tx, who, Entry::new(Deed::Unpublish, "segment", segment.id.0, &segment.name))?;
    let title = format!("The segment “{}” has ended", segment.name);
    let body = "It was switched off and keeps its people. Switch it on again, or delete it.";
    tell(ws, tx, segment, ("segment.expired", Tone::Good), &title, body)
}

fn tell(ws: &Workspace, tx: &mut Tx<'_>, segment: &Segment, (kind, tone): (&str, Tone), title: &str, body: &str) -> Result<()> {
    let link = format!("/segments/{}", segment.id);
    notices::tell(ws, tx, segment.created_by, &News { kind, tone, title, body, link: &link })
}
