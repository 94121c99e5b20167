//! Statements about actions on many contacts.

use hg_core::ids::{ContactId, JobId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use roaring::RoaringBitmap;
use serde_json::{Value as Json, json};

use super::BulkAction;
use super::effects::Effect;
use crate::error::{Error, Result};

/// An action as it stands.
pub(super) struct Bulk {
    pub action: BulkAction,
    pub affected: u64,
    pub undone_at: Option<Timestamp>,
    pub job: Option<JobId>,
    pub job_state: Option<String>,
}

fn bytes(set: &RoaringBitmap) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(set.serialized_size());
    set.serialize_into(&mut out).map_err(|e| Error::internal(e.to_string()))?;
    Ok(out)
}

fn set(bytes: &[u8]) -> Result<RoaringBitmap> {
    RoaringBitmap::deserialize_from(bytes).map_err(|e| Error::internal(e.to_string()))
}

fn action(json: Json) -> Result<BulkAction> {
    serde_json::from_value(json).map_err(|e| Error::internal(e.to_string()))
}

pub(super) fn insert(
    tx: &mut Tx<'_>,
    now: Timestamp,
    by: Option<UserId>,
    action: &BulkAction,
    wanted: Option<&RoaringBitmap>,
) -> Result<i64> {
    let sql = Sql::new("INSERT INTO bulk_actions (created_at, created_by, action, wanted) VALUES ($1, $2, $3, $4) RETURNING id");
    Ok(tx.scalar(sql.bind(now).bind(by).bind(json!(action)).bind(wanted.map(bytes).transpose()?))?)
}

pub(super) fn set_job(tx: &mut Tx<'_>, id: i64, job: Option<JobId>) -> Result<()> {
    tx.exec(Sql::new("UPDATE bulk_actions SET job_id = $2 WHERE id = $1").bind(id).bind(job))?;
    Ok(())
}

/// Notes what happened to a piece.
pub(super) fn note(tx: &mut Tx<'_>, id: i64, effect: &Effect) -> Result<()> {
    let changed = i64::try_from(effect.changed).unwrap_or(i64::MAX);
    tx.exec(Sql::new("UPDATE bulk_actions SET affected = affected + $2 WHERE id = $1").bind(id).bind(changed))?;
    for (action, contacts) in &effect.undo {
        let contacts: RoaringBitmap = contacts.iter().map(|id| id.bit()).collect();
        tx.exec(
            Sql::new("INSERT INTO bulk_undos (bulk_id, action, contacts) VALUES ($1, $2, $3)")
                .bind(id)
                .bind(json!(action))
                .bind(bytes(&contacts)?),
        )?;
    }
    Ok(())
}

pub(super) fn find(tx: &mut Tx<'_>, id: i64) -> Result<Bulk> {
    let text = "SELECT b.action, b.affected, b.undone_at, b.job_id, j.state FROM bulk_actions b \
                LEFT JOIN jobs j ON j.id = b.job_id WHERE b.id = $1";
    let row = tx.opt(Sql::new(text).bind(id), |r| Ok((r.get::<Json>(0)?, r.get::<i64>(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))?;
    let (json, affected, undone_at, job, job_state) = row.ok_or_else(|| Error::not_found("bulk action", id))?;
    Ok(Bulk { action: action(json)?, affected: affected.unsigned_abs(), undone_at, job, job_state })
}

/// What a task does and to whom, and how many of them are done.
pub(super) fn work(tx: &mut Tx<'_>, id: i64) -> Result<Option<(BulkAction, RoaringBitmap, usize)>> {
    let text = "SELECT action, wanted, position FROM bulk_actions WHERE id = $1";
    let row = tx.opt(Sql::new(text).bind(id), |r| {
        Ok((r.get::<Json>(0)?, r.get::<Option<Vec<u8>>>(1)?.unwrap_or_default(), r.get::<i64>(2)?))
    })?;
    let Some((json, wanted, position)) = row else { return Ok(None) };
    Ok(Some((action(json)?, set(&wanted)?, usize::try_from(position).unwrap_or(0))))
}

pub(super) fn affected(tx: &mut Tx<'_>, id: i64) -> Result<i64> {
    Ok(tx.scalar(Sql::new("SELECT coalesce(max(affected), 0) FROM bulk_actions WHERE id = $1").bind(id))?)
}

pub(super) fn advance(tx: &mut Tx<'_>, id: i64, position: usize) -> Result<()> {
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    tx.exec(Sql::new("UPDATE bulk_actions SET position = $2 WHERE id = $1").bind(id).bind(position))?;
    Ok(())
}

pub(super) fn set_undone(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> Result<()> {
    tx.exec(Sql::new("UPDATE bulk_actions SET undone_at = $2 WHERE id = $1").bind(id).bind(now))?;
    Ok(())
}

/// The piece that was done last, taken off the table.
pub(super) fn pop_undo(tx: &mut Tx<'_>, bulk: i64) -> Result<Option<(BulkAction, Vec<ContactId>)>> {
    let text = "DELETE FROM bulk_undos WHERE id = (SELECT max(id) FROM bulk_undos WHERE bulk_id = $1) RETURNING action, contacts";
    let row = tx.opt(Sql::new(text).bind(bulk), |r| Ok((r.get::<Json>(0)?, r.get::<Vec<u8>>(1)?)))?;
    let Some((json, contacts)) = row else { return Ok(None) };
    Ok(Some((action(json)?, set(&contacts)?.iter().map(ContactId::from_bit).collect())))
}

/// Forgets how old actions are taken back, a handful at a time.
pub(super) fn prune(tx: &mut Tx<'_>, before: Timestamp) -> Result<()> {
    tx.exec(
        Sql::new(
            "DELETE FROM bulk_undos WHERE id IN (SELECT u.id FROM bulk_actions b JOIN bulk_undos u ON u.bulk_id = b.id \
             WHERE b.created_at < $1 ORDER BY b.created_at LIMIT 500)",
        )
        .bind(before),
    )?;
    tx.exec(
        Sql::new(
            "DELETE FROM bulk_actions WHERE created_at < $1 AND NOT EXISTS (SELECT 1 FROM bulk_undos u WHERE u.bulk_id = bulk_actions.id)",
        )
        .bind(before),
    )?;
    Ok(())
}
