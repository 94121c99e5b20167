//! Forgetting what has grown old: by rules in the settings, every night, in small batches; or at the console.

use async_trait::async_trait;
use hg_core::ids::{ContactId, JobId};
use hg_core::time::{self, Millis, Timestamp};
use hg_store::{Lane, Sql, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::erase;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};
use crate::settings::Retention;
use crate::worker::Worker;

const KIND: &str = "privacy.clean-up";
/// Contacts erased in one transaction.
const PEOPLE: usize = 25;
/// Contacts looked for at once.
const LOOKED_AT: i64 = 2_000;
/// Rows looked at together.
const ROWS: i64 = 20_000;
/// A count goes on only so far: what is behind it is "at least".
const COUNTED: i64 = 100_000;

/// What is forgotten: everything older than so many days. 0: never.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CleanUp {
    /// Visitors whom nobody knows and who did not come again.
    pub visitors_days: i64,
    /// Contacts who did nothing, known ones too.
    pub contacts_days: i64,
    /// Visits, opens, clicks and everything else in timelines.
    pub events_days: i64,
    /// Addresses that people came from.
    pub addresses_days: i64,
}

impl From<&Retention> for CleanUp {
    fn from(r: &Retention) -> Self {
        Self {
            visitors_days: r.visitors_days,
            contacts_days: r.contacts_days,
            events_days: r.events_days,
            addresses_days: r.addresses_days,
        }
    }
}

/// How many of each; a hundred thousand stands for more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CleanUpDone {
    pub visitors: i64,
    pub contacts: i64,
    pub events: i64,
    pub addresses: i64,
}

impl CleanUpDone {
    fn total(self) -> i64 {
        self.visitors + self.contacts + self.events + self.addresses
    }
}

impl CleanUp {
    fn before(days: i64, now: Timestamp) -> Option<Timestamp> {
        (days > 0).then(|| now.minus(Millis::days(days)))
    }
}

/// Visitors, or with `known` identified contacts, who did nothing since.
fn idle(tx: &mut Tx<'_>, known: bool, since: Timestamp, limit: i64) -> Result<Vec<ContactId>> {
    let who = if known { "identified_at IS NOT NULL" } else { "identified_at IS NULL" };
    let text = format!(
        "SELECT id FROM contacts WHERE last_active_at < $1 AND deleted_at IS NULL AND {who} \
         UNION ALL SELECT id FROM contacts WHERE last_active_at IS NULL AND created_at < $1 AND deleted_at IS NULL AND {who} LIMIT $2"
    );
    Ok(tx.all(Sql::new(text).bind(since).bind(limit), |r| r.get(0))?)
}

/// What a clean-up would take, without taking it.
pub async fn count(cx: &Cx, rules: CleanUp) -> Result<CleanUpDone> {
    cx.may(Action::View(Area::Settings))?;
    let now = cx.now();
    cx.db()
        .read(move |tx| {
            let people = |tx: &mut Tx<'_>, known: bool, days: i64| -> Result<i64> {
                let Some(since) = CleanUp::before(days, now) else { return Ok(0) };
                Ok(idle(tx, known, since, COUNTED)?.len() as i64)
            };
            let old = |tx: &mut Tx<'_>, text: &str, days: i64| -> Result<i64> {
                let Some(since) = CleanUp::before(days, now) else { return Ok(0) };
                let text = format!("SELECT count(*) FROM ({text} LIMIT $2) AS old");
                Ok(tx.scalar(Sql::new(text).bind(since).bind(COUNTED))?)
            };
            Ok(CleanUpDone {
                visitors: people(tx, false, rules.visitors_days)?,
                contacts: people(tx, true, rules.contacts_days)?,
                events: old(tx, "SELECT 1 FROM events WHERE occurred_at < $1", rules.events_days)?,
                addresses: old(tx, "SELECT 1 FROM contact_addresses WHERE last_at < $1", rules.addresses_days)?,
            })
        })
        .await
}

/// Cleans up in the background.
pub async fn start(cx: &Cx, rules: CleanUp) -> Result<Option<JobId>> {
    cx.may(Action::Edit(Area::Settings))?;
    let (now, by) = (cx.now(), cx.user_id());
    cx.db().write(move |tx| push(tx, now, rules, by)).await
}

fn push(tx: &mut Tx<'_>, now: Timestamp, rules: CleanUp, by: Option<hg_core::ids::UserId>) -> Result<Option<JobId>> {
    let job = NewJob {
        kind: KIND,
        dedupe_key: Some(KIND.to_owned()),
        title: "Forget what has grown old".to_owned(),
        payload: json!(rules),
        due_at: now,
        visible: true,
        link: Some("/settings/privacy".to_owned()),
        created_by: by,
    };
    jobs::push(tx, now, job)
}

/// Cleans up while the caller waits.
pub async fn clean_up_now(cx: &Cx, rules: CleanUp) -> Result<CleanUpDone> {
    cx.may(Action::Edit(Area::Settings))?;
    let mut going = Going { rules, ..Going::default() };
    while going.step(cx).await? {}
    Ok(going.done)
}

/// A clean-up under way. What is to go is looked for by readers, and taken away in small transactions.
#[derive(Default)]
struct Going {
    rules: CleanUp,
    done: CleanUpDone,
    people: Vec<ContactId>,
    /// Behind which row events and addresses are looked at next; none when they are through.
    events_after: Option<i64>,
    addresses_after: Option<i64>,
    through: [bool; 4],
}

impl Going {
    /// One batch; false when nothing is left.
    async fn step(&mut self, cx: &Cx) -> Result<bool> {
        for (at, known) in [(0, false), (1, true)] {
            if self.through[at] {
                continue;
            }
            let days = if known { self.rules.contacts_days } else { self.rules.visitors_days };
            match self.erase_idle(cx, known, days).await? {
                0 => self.through[at] = true,
                n => {
                    *(if known { &mut self.done.contacts } else { &mut self.done.visitors }) += n;
                    return Ok(true);
                }
            }
        }
        if !self.through[2] {
            let from = self.events_after.unwrap_or(0);
            let (gone, next) = window(cx, "events", "occurred_at", from, self.rules.events_days).await?;
            self.done.events += gone;
            // Events stand in the order of time: behind a window without old ones there are none.
            (self.events_after, self.through[2]) = (next, next.is_none() || gone == 0);
            return Ok(true);
        }
        if !self.through[3] {
            let from = self.addresses_after.unwrap_or(0);
            let (gone, next) = window(cx, "contact_addresses", "last_at", from, self.rules.addresses_days).await?;
            self.done.addresses += gone;
            (self.addresses_after, self.through[3]) = (next, next.is_none());
            return Ok(true);
        }
        Ok(false)
    }

    async fn erase_idle(&mut self, cx: &Cx, known: bool, days: i64) -> Result<i64> {
        let Some(since) = CleanUp::before(days, cx.now()) else { return Ok(0) };
        if self.people.is_empty() {
            self.people = cx.db().read(move |tx| idle(tx, known, since, LOOKED_AT)).await?;
        }
        let rest = self.people.split_off(self.people.len().min(PEOPLE));
        let next = std::mem::replace(&mut self.people, rest);
        let (ws, count) = (cx.ws.clone(), next.len() as i64);
        cx.db()
            .write_in(Lane::Bulk, move |tx| {
                for id in &next {
                    erase::write(&ws, tx, *id, false, None, "retention")?;
                }
                Ok::<_, Error>(())
            })
            .await?;
        Ok(count)
    }
}

/// Takes what is old out of a window of rows: how many, and where the next window begins.
async fn window(cx: &Cx, table: &'static str, column: &'static str, after: i64, days: i64) -> Result<(i64, Option<i64>)> {
    let Some(since) = CleanUp::before(days, cx.now()) else { return Ok((0, None)) };
    let (old, last) = cx
        .db()
        .read(move |tx| {
            let text = format!("SELECT id, {column} FROM {table} WHERE id > $1 ORDER BY id LIMIT $2");
            let rows = tx.all(Sql::new(text).bind(after).bind(ROWS), |r| Ok((r.get::<i64>(0)?, r.get::<Timestamp>(1)?)))?;
            let last = rows.last().map(|row| row.0);
            Ok::<_, Error>((rows.into_iter().filter(|row| row.1 < since).map(|row| row.0).collect::<Vec<i64>>(), last))
        })
        .await?;
    let gone = old.len() as i64;
    if gone > 0 {
        cx.db()
            .write_in(Lane::Bulk, move |tx| {
                let text = format!("DELETE FROM {table} WHERE id @in($1)");
                Ok::<_, Error>(tx.exec(Sql::new(text).bind(old.as_slice()))?)
            })
            .await?;
    }
    Ok((gone, last))
}

/// Cleans up, batch by batch.
pub struct CleanUpJob;

#[async_trait]
impl JobRunner for CleanUpJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let rules: CleanUp = serde_json::from_value(job.payload.clone()).unwrap_or_default();
        let mut going = Going { rules, ..Going::default() };
        while going.step(cx).await? {
            if !handle.progress(job.done + going.done.total(), None, None).await? {
                return Ok(Outcome::Interrupted);
            }
        }
        let CleanUpDone { visitors, contacts, events, addresses } = going.done;
        Ok(Outcome::Done(format!("{visitors} visitors, {contacts} contacts, {events} events, {addresses} addresses forgotten.")))
    }
}

/// Starts the clean-up of each day, at three in the morning of the workspace.
pub struct RetentionClock;

/// When the next one is due, behind an instant.
fn next_night(after: Timestamp, zone: &str) -> Timestamp {
    let zone = time::zone_or(Some(zone), &time::TimeZone::UTC);
    let today = after.start_of_day(&zone).plus(Millis::hours(3));
    if today > after { today } else { after.plus_days(1, &zone).start_of_day(&zone).plus(Millis::hours(3)) }
}

async fn last_run(cx: &Cx) -> Result<Option<Timestamp>> {
    let text = "SELECT max(created_at) FROM jobs WHERE kind = $1";
    cx.db().read(move |tx| Ok::<_, Error>(tx.scalar(Sql::new(text).bind(KIND))?)).await
}

#[async_trait]
impl Worker for RetentionClock {
    fn name(&self) -> &'static str {
        "retention"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        let Some(due) = self.next_due(cx).await?.filter(|due| *due <= cx.now()) else { return Ok(0) };
        let rules = CleanUp::from(&cx.ws.settings().retention);
        let now = cx.now();
        cx.db().write(move |tx| push(tx, now, rules, None)).await?;
        tracing::info!(due = %due, "Retention rules are applied");
        Ok(1)
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        let settings = cx.ws.settings();
        if CleanUp::from(&settings.retention) == CleanUp::default() {
            return Ok(None);
        }
        let since = last_run(cx).await?.unwrap_or(settings.retention.since).max(settings.retention.since);
        Ok(Some(next_night(since, &settings.general.timezone)))
    }
}
