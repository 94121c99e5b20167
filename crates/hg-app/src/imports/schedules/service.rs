//! Use cases of schedules.

use hg_core::time::{Millis, Timestamp};
use hg_store::{Sql, Tx};
use serde_json::json;

use super::{NewSchedule, Schedule, SchedulePatch, SourceKind, folder, job, store};
use crate::audit::{self, Changes, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, FieldError, Result};

/// The most often that anybody asks: every five minutes; the least: once in a quarter.
const MINUTES: std::ops::RangeInclusive<i64> = 5..=131_040;

fn check(name: &str, kind: SourceKind, source: &str, every_minutes: i64) -> Result<()> {
    let mut wrong = Vec::new();
    if name.trim().is_empty() || name.chars().count() > 100 {
        wrong.push(FieldError::new("/name", "schedule.name", "Give the schedule a name of at most 100 characters."));
    }
    if !MINUTES.contains(&every_minutes) {
        let detail = "An import comes back every 5 minutes at the most, and once in 91 days at the least.";
        wrong.push(FieldError::new("/every_minutes", "schedule.every", detail));
    }
    let fits = match kind {
        SourceKind::Url => {
            ["https://", "http://"].iter().any(|s| source.get(..s.len()).is_some_and(|h| h.eq_ignore_ascii_case(s)))
        }
        SourceKind::Folder => folder::is_name(source),
    };
    if !fits {
        let detail = match kind {
            SourceKind::Url => "Write an address that begins with https:// or http://.",
            SourceKind::Folder => "Write the name of one folder, of letters, digits, dots, dashes and underscores.",
        };
        wrong.push(FieldError::new("/source", "schedule.source", detail));
    }
    if source.len() > 2_000 {
        wrong.push(FieldError::new("/source", "schedule.source", "The address is longer than 2,000 characters."));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
}

fn check_mapping(tx: &mut Tx<'_>, schedule: &NewSchedule) -> Result<()> {
    let Some(id) = schedule.mapping_id else { return Ok(()) };
    let object: Option<String> = tx.opt(Sql::new("SELECT object FROM import_mappings WHERE id = $1").bind(id), |r| r.get(0))?;
    if object.as_deref() == Some(schedule.object.key()) {
        return Ok(());
    }
    Err(Error::field("/mapping_id", "schedule.mapping", "There is no saved mapping of this number for this kind of records."))
}

/// The schedules, by name.
pub async fn list(cx: &Cx) -> Result<Vec<Schedule>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db().read(store::all).await
}

pub async fn get(cx: &Cx, id: i64) -> Result<Schedule> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db().read(move |tx| store::find(tx, id)).await
}

/// Makes a schedule; its first run is at once. Files that lie in a folder are taken by it.
pub async fn create(cx: &Cx, new: NewSchedule) -> Result<Schedule> {
    cx.may(Action::Edit(Area::Contacts))?;
    let new = NewSchedule { name: new.name.trim().to_owned(), source: new.source.trim().to_owned(), ..new };
    check(&new.name, new.kind, &new.source, new.every_minutes)?;
    if new.kind == SourceKind::Folder {
        folder::make(&cx.ws, &new.source)?;
    }
    let (who, user, now) = (cx.who(), cx.user_id(), cx.now());
    cx.db()
        .write(move |tx| {
            check_mapping(tx, &new)?;
            let id = store::insert(tx, &new, user, now)?;
            let detail = json!({"source": new.source, "every_minutes": new.every_minutes});
            audit::record(tx, &who, Entry::new(Deed::Create, "import_schedule", id, new.name.clone()).detail(detail))?;
            tx.wake(job::TOPIC);
            store::find(tx, id)
        })
        .await
}

/// Changes a schedule, pauses it or lets it go on.
pub async fn update(cx: &Cx, id: i64, patch: SchedulePatch) -> Result<Schedule> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, who, now) = (cx.ws.clone(), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let before = store::find(tx, id)?;
            if patch.version.is_some_and(|v| v != before.version) {
                return Err(Error::changed_meanwhile("schedule"));
            }
            let mut after = before.clone();
            after.name = patch.name.as_ref().map_or(before.name.clone(), |n| n.trim().to_owned());
            after.source = patch.source.as_ref().map_or(before.source.clone(), |s| s.trim().to_owned());
            after.mapping_id = patch.mapping_id.unwrap_or(before.mapping_id);
            after.every_minutes = patch.every_minutes.unwrap_or(before.every_minutes);
            after.paused = patch.paused.unwrap_or(before.paused);
            check(&after.name, after.kind, &after.source, after.every_minutes)?;
            let new = NewSchedule {
                name: after.name.clone(),
                object: after.object,
                kind: after.kind,
                source: after.source.clone(),
                mapping_id: after.mapping_id,
                every_minutes: after.every_minutes,
            };
            check_mapping(tx, &new)?;
            let moved = after.source != before.source;
            if moved && after.kind == SourceKind::Folder {
                folder::make(&ws, &after.source)?;
            }
            if after.every_minutes != before.every_minutes {
                after.next_at = next(before.last_at.unwrap_or(now), after.every_minutes, now);
            }
            store::update(tx, &after, moved, now)?;
            let changes = Changes::new()
                .field("name", &before.name, &after.name)
                .field("source", &before.source, &after.source)
                .field("mapping_id", &before.mapping_id, &after.mapping_id)
                .field("every_minutes", &before.every_minutes, &after.every_minutes)
                .field("paused", &before.paused, &after.paused);
            audit::record(tx, &who, Entry::new(Deed::Update, "import_schedule", id, after.name.clone()).changes(changes))?;
            tx.wake(job::TOPIC);
            store::find(tx, id)
        })
        .await
}

/// When a schedule is due again, counted from when it was; what was missed while nothing ran is not made up for.
pub(super) fn next(from: Timestamp, every_minutes: i64, now: Timestamp) -> Timestamp {
    let step = Millis::minutes(every_minutes);
    let next = from.plus(step);
    if next > now { next } else { now.plus(step) }
}

/// Deletes a schedule; its imports stay.
pub async fn delete(cx: &Cx, id: i64) -> Result<()> {
    cx.may(Action::Edit(Area::Contacts))?;
    let who = cx.who();
    cx.db()
        .write(move |tx| {
            let schedule = store::find(tx, id)?;
            tx.exec(Sql::new("DELETE FROM import_taken WHERE schedule_id = $1").bind(id))?;
            tx.exec(Sql::new("DELETE FROM import_schedules WHERE id = $1").bind(id))?;
            audit::record(tx, &who, Entry::new(Deed::Delete, "import_schedule", id, schedule.name))
        })
        .await
}

/// Runs a schedule now, also one that is paused; the next regular run stays.
pub async fn run_soon(cx: &Cx, id: i64) -> Result<Schedule> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (user, now) = (cx.user_id(), cx.now());
    cx.db()
        .write(move |tx| {
            let schedule = store::find(tx, id)?;
            job::push(tx, &schedule, user, now)?;
            Ok(schedule)
        })
        .await
}
