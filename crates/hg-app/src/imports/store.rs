//! Statements about imports.

use hg_core::ids::{ImportId, UserId};
use hg_core::imports::Object;
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx, Value};
use serde_json::json;

use crate::error::{Error, Result};
use crate::imports::undo::Undo;
use crate::imports::{Counts, DryRun, Import, ImportState, Setup};

const COLUMNS: &str = "id, version, created_at, updated_at, created_by, file_name, file_path, file_bytes, state, setup, dry_run, \
     resume_at, rows_total, created, updated, skipped, rejected, message, started_at, finished_at, object, format, priority, logged, undo_state, undo, \
     schedule_id, pace";

fn read(r: &Row<'_>) -> hg_store::Result<Import> {
    let setup: serde_json::Value = r.get(9)?;
    let dry_run: Option<serde_json::Value> = r.get(10)?;
    let state: String = r.get(8)?;
    let undo: Option<serde_json::Value> = r.get(25)?;
    let pace: Option<serde_json::Value> = r.get(27)?;
    Ok(Import {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        created_by: r.get(4)?,
        file_name: r.get(5)?,
        file_path: r.get(6)?,
        file_bytes: r.get(7)?,
        state: ImportState::from_key(&state),
        setup: serde_json::from_value(setup)
            .map_err(|_| hg_store::StoreError::Type { column: 9, wanted: "the setup of an import" })?,
        dry_run: dry_run.and_then(|json| serde_json::from_value(json).ok()),
        resume_at: r.get(11)?,
        rows_total: r.get(12)?,
        counts: Counts { created: r.get(13)?, updated: r.get(14)?, skipped: r.get(15)?, rejected: r.get(16)? },
        message: r.get(17)?,
        started_at: r.get(18)?,
        finished_at: r.get(19)?,
        object: r.get(20)?,
        format: r.get(21)?,
        priority: r.get(22)?,
        logged: r.get(23)?,
        undo_state: r.get(24)?,
        schedule_id: r.get(26)?,
        pace: pace.and_then(|json| serde_json::from_value(json).ok()).unwrap_or_default(),
        undo: undo.and_then(|json| serde_json::from_value(json).ok()),
    })
}

pub(super) fn find(tx: &mut Tx<'_>, id: ImportId) -> Result<Import> {
    let text = format!("SELECT {COLUMNS} FROM imports WHERE id = $1 AND deleted_at IS NULL");
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("import", id))
}

pub(super) fn list(tx: &mut Tx<'_>, before: i64, limit: i64) -> Result<Vec<Import>> {
    let text = format!("SELECT {COLUMNS} FROM imports WHERE deleted_at IS NULL AND id < $1 ORDER BY id DESC LIMIT $2");
    Ok(tx.all(Sql::new(text).bind(before).bind(limit), read)?)
}

pub(super) fn insert(
    tx: &mut Tx<'_>,
    (object, format): (Object, &str),
    file: (&str, &str, i64),
    setup: &Setup,
    by: Option<UserId>,
    now: Timestamp,
) -> Result<ImportId> {
    Ok(tx.scalar(
        Sql::new(
            "INSERT INTO imports (created_at, updated_at, created_by, file_name, file_path, file_bytes, state, setup, object, format) \
             VALUES ($1, $1, $2, $3, $4, $5, 'mapping', $6, $7, $8) RETURNING id",
        )
        .bind(now)
        .bind(by)
        .bind(file.0)
        .bind(file.1)
        .bind(file.2)
        .bind(json!(setup))
        .bind(object.key())
        .bind(format),
    )?)
}

pub(super) fn set_setup(tx: &mut Tx<'_>, id: ImportId, setup: &Setup, now: Timestamp) -> Result<()> {
    tx.exec(
        Sql::new(
            "UPDATE imports SET setup = $2, state = 'mapping', dry_run = NULL, message = NULL, updated_at = $3, version = version + 1 WHERE id = $1",
        )
        .bind(id)
        .bind(json!(setup))
        .bind(now),
    )?;
    Ok(())
}

/// Moves an import to a state, with a sentence about it.
pub(crate) fn set_state(tx: &mut Tx<'_>, id: ImportId, state: ImportState, message: Option<&str>, now: Timestamp) -> Result<()> {
    let finished = matches!(state, ImportState::Done | ImportState::Failed).then_some(now);
    let started = (state == ImportState::Running).then_some(now);
    tx.exec(
        Sql::new(
            "UPDATE imports SET state = $2, message = $3, updated_at = $4, started_at = coalesce(started_at, $5), \
             finished_at = $6, version = version + 1 WHERE id = $1",
        )
        .bind(id)
        .bind(state.key())
        .bind(message)
        .bind(now)
        .bind(started)
        .bind(finished),
    )?;
    Ok(())
}

/// The schedule that made an import, and who made the schedule.
pub(super) fn set_schedule(tx: &mut Tx<'_>, id: ImportId, schedule: i64, by: Option<UserId>) -> Result<()> {
    let text = "UPDATE imports SET schedule_id = $2, created_by = coalesce(created_by, $3) WHERE id = $1";
    tx.exec(Sql::new(text).bind(id).bind(schedule).bind(by))?;
    Ok(())
}

pub(super) fn set_priority(tx: &mut Tx<'_>, id: ImportId, priority: i64) -> Result<()> {
    tx.exec(Sql::new("UPDATE imports SET priority = $2 WHERE id = $1").bind(id).bind(priority))?;
    Ok(())
}

/// How fast it went: milliseconds since the start, rows.
pub(super) fn set_pace(tx: &mut Tx<'_>, id: ImportId, pace: &[(i64, i64)]) -> Result<()> {
    tx.exec(Sql::new("UPDATE imports SET pace = $2 WHERE id = $1").bind(id).bind(json!(pace)))?;
    Ok(())
}

/// Whether an import has to wait: as many run as may, or another one that waits comes first.
pub(super) fn must_wait(tx: &mut Tx<'_>, import: &Import, most: i64) -> Result<bool> {
    let others = "SELECT count(*) FROM jobs j JOIN imports i ON j.link = '/imports/' || i.id \
                  WHERE j.kind = 'imports.run' AND i.id <> $1 AND i.deleted_at IS NULL";
    let running = format!("{others} AND j.state = 'running' AND i.state = 'running'");
    let running: i64 = tx.scalar(Sql::new(running).bind(import.id))?;
    if running >= most {
        return Ok(true);
    }
    let before = format!("{others} AND j.state = 'queued' AND i.state = 'queued' AND i.priority < $2");
    Ok(tx.scalar::<i64>(Sql::new(before).bind(import.id).bind(import.priority))? > 0)
}

pub(super) fn set_dry_run(tx: &mut Tx<'_>, id: ImportId, found: &DryRun, now: Timestamp) -> Result<()> {
    tx.exec(
        Sql::new("UPDATE imports SET state = 'ready', dry_run = $2, rows_total = $3, updated_at = $4, version = version + 1 WHERE id = $1")
            .bind(id)
            .bind(json!(found))
            .bind(found.counts.rows())
            .bind(now),
    )?;
    Ok(())
}

/// From its first row on everything that the import does is written down.
pub(super) fn begin_log(tx: &mut Tx<'_>, id: ImportId) -> Result<()> {
    tx.exec(Sql::new("UPDATE imports SET logged = 1 WHERE id = $1 AND resume_at = 0 AND rows_done = 0").bind(id))?;
    Ok(())
}

/// How far the undoing is. The import's own dates stay: from them the thirty days are counted.
pub(super) fn set_undo(tx: &mut Tx<'_>, id: ImportId, state: &str, undo: &Undo) -> Result<()> {
    let text = "UPDATE imports SET undo_state = $2, undo = $3, version = version + 1 WHERE id = $1";
    tx.exec(Sql::new(text).bind(id).bind(state).bind(json!(undo)))?;
    Ok(())
}

/// Moves the place in the file and adds the counts; `false` when somebody else moved it in between.
pub(super) fn advance(tx: &mut Tx<'_>, id: ImportId, from: i64, to: i64, add: Counts, now: Timestamp) -> Result<bool> {
    let moved = tx.exec(
        Sql::new(
            "UPDATE imports SET resume_at = $3, rows_done = rows_done + $4, created = created + $5, updated = updated + $6, \
             skipped = skipped + $7, rejected = rejected + $8, updated_at = $9 WHERE id = $1 AND resume_at = $2",
        )
        .bind(id)
        .bind(from)
        .bind(to)
        .bind(add.rows())
        .bind(add.created)
        .bind(add.updated)
        .bind(add.skipped)
        .bind(add.rejected)
        .bind(now),
    )?;
    Ok(moved > 0)
}

pub(super) fn reject(tx: &mut Tx<'_>, id: ImportId, rows: &[(i64, String, Vec<String>)]) -> Result<()> {
    let values: Vec<Value> = rows
        .iter()
        .flat_map(|(line, reason, cells)| {
            [Value::Int(id.0), Value::Int(*line), Value::Text(reason.clone()), Value::Text(json!(cells).to_string())]
        })
        .collect();
    tx.insert_many("INSERT INTO import_rejects (import_id, line, reason, cells)", "ON CONFLICT DO NOTHING", 4, &values)?;
    Ok(())
}

/// A rejected row: its line, the reason, its cells.
pub type RejectedRow = (i64, String, Vec<String>);

pub(super) fn rejected(tx: &mut Tx<'_>, id: ImportId, after: i64, limit: i64) -> Result<Vec<RejectedRow>> {
    let sql =
        Sql::new("SELECT line, reason, cells FROM import_rejects WHERE import_id = $1 AND line > $2 ORDER BY line LIMIT $3");
    Ok(tx.all(sql.bind(id).bind(after).bind(limit), |r| {
        let cells: serde_json::Value = r.get(2)?;
        Ok((r.get(0)?, r.get(1)?, serde_json::from_value(cells).unwrap_or_default()))
    })?)
}
