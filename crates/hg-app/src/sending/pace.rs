//! How fast mail leaves: so much a day while the sender is new, nothing at night, and nothing for a while to servers that
//! ask to wait.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use hg_core::sending_pace::{Quiet, ceiling};
use hg_core::time::{self, Millis, TimeZone, Timestamp};
use hg_store::{Sql, Tx};

use super::batch::Outcome;
use super::ledger::{self, SendRow};
use crate::error::Result;
use crate::workspace::Workspace;

/// So many refusals in a row, and a destination is left alone for a while.
const PATIENCE: u32 = 3;
/// The first rest; each further refusal doubles it.
const FIRST_REST: Millis = Millis::minutes(2);
/// The longest.
const LONGEST_REST: Millis = Millis::minutes(64);
/// Destinations remembered; those that take mail are forgotten.
const MOST: usize = 10_000;

/// Destinations that asked to wait. Kept in memory: after a restart they say so again.
#[derive(Default)]
pub(super) struct Destinations(Mutex<HashMap<String, Slow>>);

#[derive(Clone, Copy)]
struct Slow {
    refusals: u32,
    until: Timestamp,
}

fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

/// Whether a rest until then goes on. One that is longer than any was begun by a clock that has been put back.
fn is_rest(now: Timestamp, until: Timestamp) -> bool {
    until > now && until.since(now) <= LONGEST_REST
}

impl Destinations {
    /// What a destination said to a message.
    pub fn said(&self, now: Timestamp, address: &str, outcome: &Outcome) {
        let mut slow = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = domain(address).to_ascii_lowercase();
        match outcome {
            Outcome::Later(_) => {
                if slow.len() >= MOST {
                    slow.retain(|_, s| s.until > now);
                }
                let known = slow.entry(name).or_insert(Slow { refusals: 0, until: now });
                // What was on its way when the rest began says nothing new.
                if is_rest(now, known.until) {
                    return;
                }
                known.refusals += 1;
                if let Some(more) = known.refusals.checked_sub(PATIENCE) {
                    let rest = Millis(FIRST_REST.0.saturating_mul(1 << more.min(5))).min(LONGEST_REST);
                    known.until = now.plus(rest);
                }
            }
            Outcome::Sent => {
                slow.remove(&name);
            }
            _ => {}
        }
    }

    /// Until when a destination is left alone.
    fn rests(&self, now: Timestamp, address: &str) -> Option<Timestamp> {
        let slow = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if slow.is_empty() {
            return None;
        }
        let until = slow.get(&domain(address).to_ascii_lowercase())?.until;
        Some(until).filter(|until| is_rest(now, *until))
    }
}

/// Puts back what goes to destinations that rest; what may leave is left over.
pub(super) fn leave_alone(ws: &Workspace, tx: &mut Tx<'_>, claimed: Vec<SendRow>) -> Result<Vec<SendRow>> {
    let (destinations, now) = (ws.part::<Destinations>(), ws.clock.now());
    let mut leaving = Vec::with_capacity(claimed.len());
    let mut resting: HashMap<Timestamp, Vec<i64>> = HashMap::new();
    for send in claimed {
        match destinations.rests(now, &send.address) {
            Some(until) => resting.entry(until).or_default().push(send.id.0),
            None => leaving.push(send),
        }
    }
    for (until, ids) in resting {
        ledger::release(tx, &ids, Some(until))?;
    }
    Ok(leaving)
}

/// The day of an instant, and when the next one begins; days are those of UTC.
fn day_of(now: Timestamp) -> (i64, Timestamp) {
    let day = now.0.div_euclid(Millis::days(1).0);
    (day, Timestamp((day + 1) * Millis::days(1).0))
}

/// Whether the settings know a ceiling, so that mail has to be counted.
pub(super) fn is_counted(ws: &Workspace) -> bool {
    let settings = ws.settings();
    settings.pace.daily_most > 0 || settings.pace.warm_up
}

/// How much marketing mail may still leave today, and when the next day begins; none without a ceiling.
pub(super) fn left_today(ws: &Workspace, tx: &mut Tx<'_>, now: Timestamp) -> Result<Option<(i64, Timestamp)>> {
    let settings = ws.settings();
    let pace = &settings.pace;
    let (today, next) = day_of(now);
    let since = pace.warm_up.then(|| today - day_of(pace.warm_up_since).0);
    let Some(most) = ceiling(pace.daily_most, since, pace.warm_up_first, pace.warm_up_growth) else { return Ok(None) };
    let sent: Option<i64> = tx.opt(Sql::new("SELECT times FROM sent_days WHERE day = $1").bind(today), |r| r.get(0))?;
    let open: i64 = tx.scalar("SELECT count(*) FROM sends WHERE state IN (1, 2) AND marketing = 1")?;
    Ok(Some((most - sent.unwrap_or(0) - open, next)))
}

/// Adds to the day's count.
pub(super) fn add_sent(tx: &mut Tx<'_>, now: Timestamp, times: i64) -> Result<()> {
    tx.exec(
        Sql::new("INSERT INTO sent_days (day, times) VALUES ($1, $2) ON CONFLICT (day) DO UPDATE SET times = sent_days.times + excluded.times")
            .bind(day_of(now).0)
            .bind(times),
    )?;
    Ok(())
}

/// When marketing mail may leave for a contact in this zone, if it may not now.
pub(super) fn quiet_until(ws: &Workspace, now: Timestamp, contact_zone: &str) -> Option<Timestamp> {
    let settings = ws.settings();
    let pace = &settings.pace;
    if !pace.quiet {
        return None;
    }
    let house = time::zone_or(Some(&settings.general.timezone), &TimeZone::UTC);
    let quiet = Quiet { from: pace.quiet_from, until: pace.quiet_until };
    quiet.over_at(now, &time::zone_or(Some(contact_zone).filter(|z| !z.is_empty()), &house))
}
