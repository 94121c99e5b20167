//! Marketing mail that has to wait: the contact had enough of it lately, or asked for a pause (`contacts.md` §4.2). The
//! row in the ledger is the queue: it goes back with the instant at which it may leave.

use std::collections::HashMap;

use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::{self, Millis, Timestamp};
use hg_store::{Sql, Tx};
use serde_json::json;

use super::ledger::SendRow;
use super::pace;
use crate::changes::{self, Happening};
use crate::error::Result;
use crate::preferences::{Period, Rule, rules_of};
use crate::workspace::Workspace;

/// How long a message waits when nobody said for how long.
const LOOK_AGAIN: Millis = Millis::days(1);

/// Puts back what has to wait; what may leave is left over.
///
/// `ceiling`: how much marketing mail may still leave today, and when the next day begins.
pub(super) fn hold(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    claimed: Vec<SendRow>,
    ceiling: Option<(i64, Timestamp)>,
) -> Result<Vec<SendRow>> {
    let mut people: Vec<i64> = claimed.iter().filter(|s| s.marketing).map(|s| s.contact.0).collect();
    people.sort_unstable();
    people.dedup();
    if people.is_empty() {
        return Ok(claimed);
    }
    let rules: HashMap<ContactId, Rule> = rules_of(tx, &people)?
        .into_iter()
        .filter_map(|(id, rules)| Some((id, rules.into_iter().find(|r| r.channel == "email")?)))
        .collect();
    let general = limit_of_all(ws);
    let quiet = ws.settings().pace.quiet;
    if rules.is_empty() && general.is_none() && !quiet && ceiling.is_none() {
        return Ok(claimed);
    }
    let now = ws.clock.now();
    let zones = if quiet { zones_of(tx, &people)? } else { HashMap::new() };
    let mut left = ceiling.map(|(left, next)| (left.max(0), next));
    let mut had = had_lately(ws, tx, &claimed, &people, now)?;
    let mut leaving = Vec::with_capacity(claimed.len());
    for send in claimed {
        if !send.marketing {
            leaving.push(send);
            continue;
        }
        let rule = rules.get(&send.contact);
        if let Some(until) = rule.and_then(|r| r.pause_at(now)) {
            let due = until.unwrap_or_else(|| now.plus(LOOK_AGAIN));
            put_off(tx, &send, now, due, "she asked for a pause")?;
            continue;
        }
        let zone = zones.get(&send.contact).map_or("", String::as_str);
        if let Some(until) = pace::quiet_until(ws, now, zone) {
            put_off(tx, &send, now, until, "it is night where she lives")?;
            continue;
        }
        if let Some((0, next)) = left {
            put_off(tx, &send, now, next, "as much left today as the settings allow")?;
            continue;
        }
        let own = rule.and_then(|r| Some((r.most?, r.period?)));
        let times = had.entry(send.contact).or_default();
        match own.or(general).and_then(|(most, period)| free_at(ws, times, most, period, now)) {
            Some(due) => put_off(tx, &send, now, due, "she had as many as she wants in this time")?,
            None => {
                times.push(now);
                left = left.map(|(left, next)| (left - 1, next));
                leaving.push(send);
            }
        }
    }
    Ok(leaving)
}

/// The zones that these contacts live in.
fn zones_of(tx: &mut Tx<'_>, people: &[i64]) -> Result<HashMap<ContactId, String>> {
    let text = "SELECT id, timezone FROM contacts WHERE id @in($1) AND timezone IS NOT NULL";
    let rows = tx.all(Sql::new(text).bind(people), |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(rows.into_iter().collect())
}

/// The workspace's own limit.
fn limit_of_all(ws: &Workspace) -> Option<(i64, Period)> {
    let settings = ws.settings();
    let p = &settings.preferences;
    (p.email_most > 0).then_some((p.email_most, p.email_period))
}

/// An instant, a period on.
fn after(ws: &Workspace, at: Timestamp, period: Period, times: i64) -> Timestamp {
    let zone = time::zone_or(Some(&ws.settings().general.timezone), &time::TimeZone::UTC);
    match period {
        Period::Day => at.plus(Millis::days(times)),
        Period::Week => at.plus(Millis::days(7 * times)),
        Period::Month => at.plus_months(times, &zone),
    }
}

/// When the next message fits, if it does not now.
fn free_at(ws: &Workspace, had: &mut [Timestamp], most: i64, period: Period, now: Timestamp) -> Option<Timestamp> {
    had.sort_unstable();
    let within: Vec<Timestamp> = had.iter().copied().filter(|at| after(ws, *at, period, 1) > now).collect();
    let most = usize::try_from(most).unwrap_or(usize::MAX).max(1);
    // The oldest of the last so many has to leave the period first.
    within.len().checked_sub(most).map(|over| after(ws, within[over], period, 1))
}

/// When each of these got marketing mail in the last month; what is on its way counts as of now.
fn had_lately(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    claimed: &[SendRow],
    people: &[i64],
    now: Timestamp,
) -> Result<HashMap<ContactId, Vec<Timestamp>>> {
    let since = after(ws, now, Period::Month, -1).minus(Millis::days(1));
    let text = "SELECT id, contact_id, sent_at FROM sends WHERE contact_id @in($1) AND marketing = 1 \
                AND (state IN (1, 2) OR (state IN (3, 5) AND coalesce(sent_at, handed_at) >= $2))";
    let rows = tx.all(Sql::new(text).bind(people).bind(since), |r| {
        Ok((r.get::<hg_core::ids::SendId>(0)?, r.get::<ContactId>(1)?, r.get::<Option<Timestamp>>(2)?))
    })?;
    let mut had: HashMap<ContactId, Vec<Timestamp>> = HashMap::new();
    for (id, contact, at) in rows {
        if claimed.iter().all(|s| s.id != id) {
            had.entry(contact).or_default().push(at.unwrap_or(now));
        }
    }
    Ok(had)
}

fn put_off(tx: &mut Tx<'_>, send: &SendRow, now: Timestamp, due: Timestamp, reason: &str) -> Result<()> {
    let held: i64 = tx.scalar(
        Sql::new(
            "UPDATE sends SET state = 0, claimed_until = NULL, due_at = $2, held = held + 1, held_reason = $3 WHERE id = $1 RETURNING held",
        )
        .bind(send.id)
        .bind(due)
        .bind(reason),
    )?;
    // Told once, however often it is put off.
    if held == 1 {
        let what = Happening::new(send.contact, EventKind::MessageHeld, now).object(send.email.0).reference(send.id.0);
        changes::note(tx, &what.detail(json!({"reason": reason, "until": due.rfc3339()})))?;
    }
    Ok(())
}
