//! Statements about schedules.

use hg_core::ids::{ImportId, UserId};
use hg_core::imports::Object;
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};
use serde_json::json;

use crate::error::{Error, Result};
use crate::imports::schedules::{NewSchedule, Schedule, SourceKind};

const COLUMNS: &str = "id, version, created_at, updated_at, created_by, name, object, kind, source, mapping_id, every_minutes, \
     paused, next_at, etag, modified, last_state, last_message, last_at, last_import, seen";

fn read(r: &Row<'_>) -> hg_store::Result<Schedule> {
    let (object, kind): (String, String) = (r.get(6)?, r.get(7)?);
    let seen: Option<serde_json::Value> = r.get(19)?;
    Ok(Schedule {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        created_by: r.get(4)?,
        name: r.get(5)?,
        object: Object::from_key(&object).unwrap_or_default(),
        kind: SourceKind::from_key(&kind).unwrap_or(SourceKind::Url),
        source: r.get(8)?,
        mapping_id: r.get(9)?,
        every_minutes: r.get(10)?,
        paused: r.get(11)?,
        next_at: r.get(12)?,
        etag: r.get(13)?,
        modified: r.get(14)?,
        last_state: r.get(15)?,
        last_message: r.get(16)?,
        last_at: r.get(17)?,
        last_import: r.get(18)?,
        seen: seen.and_then(|s| serde_json::from_value(s).ok()).unwrap_or_default(),
    })
}

pub(super) fn find(tx: &mut Tx<'_>, id: i64) -> Result<Schedule> {
    let text = format!("SELECT {COLUMNS} FROM import_schedules WHERE id = $1");
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("import schedule", id))
}

pub(super) fn all(tx: &mut Tx<'_>) -> Result<Vec<Schedule>> {
    let text = format!("SELECT {COLUMNS} FROM import_schedules ORDER BY name, id LIMIT 500");
    Ok(tx.all(Sql::new(text), read)?)
}

pub(super) fn due(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<Schedule>> {
    let text = format!("SELECT {COLUMNS} FROM import_schedules WHERE paused = 0 AND next_at <= $1 ORDER BY next_at, id LIMIT 50");
    Ok(tx.all(Sql::new(text).bind(now), read)?)
}

pub(super) fn insert(tx: &mut Tx<'_>, new: &NewSchedule, by: Option<UserId>, now: Timestamp) -> Result<i64> {
    Ok(tx.scalar(
        Sql::new(
            "INSERT INTO import_schedules (created_at, updated_at, created_by, name, object, kind, source, mapping_id, every_minutes, next_at) \
             VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $1) RETURNING id",
        )
        .bind(now)
        .bind(by)
        .bind(new.name.as_str())
        .bind(new.object.key())
        .bind(new.kind.key())
        .bind(new.source.as_str())
        .bind(new.mapping_id)
        .bind(new.every_minutes),
    )?)
}

/// Writes what people change. Another source knows nothing of what was fetched from the one before.
pub(super) fn update(tx: &mut Tx<'_>, s: &Schedule, moved: bool, now: Timestamp) -> Result<()> {
    tx.exec(
        Sql::new(
            "UPDATE import_schedules SET name = $2, source = $3, mapping_id = $4, every_minutes = $5, paused = $6, next_at = $7, \
             etag = CASE WHEN $8 = 1 THEN NULL ELSE etag END, modified = CASE WHEN $8 = 1 THEN NULL ELSE modified END, \
             updated_at = $9, version = version + 1 WHERE id = $1",
        )
        .bind(s.id)
        .bind(s.name.as_str())
        .bind(s.source.as_str())
        .bind(s.mapping_id)
        .bind(s.every_minutes)
        .bind(s.paused)
        .bind(s.next_at)
        .bind(moved)
        .bind(now),
    )?;
    Ok(())
}

pub(super) fn set_next(tx: &mut Tx<'_>, id: i64, next: Timestamp) -> Result<()> {
    tx.exec(Sql::new("UPDATE import_schedules SET next_at = $2 WHERE id = $1").bind(id).bind(next))?;
    Ok(())
}

/// How the last run went.
pub(super) fn set_last(
    tx: &mut Tx<'_>,
    id: i64,
    state: &str,
    message: &str,
    import: Option<ImportId>,
    now: Timestamp,
) -> Result<()> {
    tx.exec(
        Sql::new(
            "UPDATE import_schedules SET last_state = $2, last_message = $3, last_at = $4, last_import = coalesce($5, last_import) WHERE id = $1",
        )
        .bind(id)
        .bind(state)
        .bind(message)
        .bind(now)
        .bind(import),
    )?;
    Ok(())
}

pub(super) fn set_seen(tx: &mut Tx<'_>, id: i64, seen: &[(String, u64, u64)]) -> Result<()> {
    tx.exec(Sql::new("UPDATE import_schedules SET seen = $2 WHERE id = $1").bind(id).bind(json!(seen)))?;
    Ok(())
}

pub(super) fn set_answer(tx: &mut Tx<'_>, id: i64, etag: Option<&str>, modified: Option<&str>) -> Result<()> {
    tx.exec(Sql::new("UPDATE import_schedules SET etag = $2, modified = $3 WHERE id = $1").bind(id).bind(etag).bind(modified))?;
    Ok(())
}

/// The import that took a content, when one did.
pub(super) fn taken(tx: &mut Tx<'_>, schedule: i64, hash: &str) -> Result<Option<ImportId>> {
    let text = "SELECT import_id FROM import_taken WHERE schedule_id = $1 AND hash = $2";
    Ok(tx.opt(Sql::new(text).bind(schedule).bind(hash), |r| r.get(0))?)
}

/// Whether nobody took the content before.
pub(super) fn take(tx: &mut Tx<'_>, schedule: i64, hash: &str, import: ImportId, now: Timestamp) -> Result<bool> {
    let text = "INSERT INTO import_taken (schedule_id, hash, taken_at, import_id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    Ok(tx.exec(Sql::new(text).bind(schedule).bind(hash).bind(now).bind(import))? > 0)
}
