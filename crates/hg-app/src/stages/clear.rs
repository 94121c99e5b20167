//! Taking everybody out of a deleted stage, and putting them back.

use async_trait::async_trait;
use hg_core::ids::{ContactId, StageId};
use hg_core::time::Timestamp;
use hg_store::{Flow, Lane, Sql, Tx};
use roaring::RoaringBitmap;
use serde_json::json;

use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};
use crate::stages::{Stage, moving};
use crate::workspace::Workspace;

const KIND: &str = "stages.clear";
/// How many one transaction takes.
const CHUNK: usize = 250;

/// Marks the stage as deleted, remembers who is in it, and lets the rest happen in the background.
pub(super) fn begin(tx: &mut Tx<'_>, now: Timestamp, stage: &Stage) -> Result<()> {
    let mut inside = RoaringBitmap::new();
    tx.each(Sql::new("SELECT id FROM contacts WHERE stage_id = $1 AND deleted_at IS NULL").bind(stage.id), |r| {
        inside.insert(r.get(0)?);
        Ok(Flow::Next)
    })?;
    tx.exec(
        Sql::new("UPDATE stages SET deleted_at = $2, updated_at = $2, version = version + 1, cleared = $3 WHERE id = $1")
            .bind(stage.id)
            .bind(now)
            .bind(bytes(&inside)?),
    )?;
    push(tx, now, stage.id, &format!("Take everybody out of the stage “{}”", stage.name), inside.len(), true)
}

/// Takes the mark away again.
pub(super) fn bring_back(tx: &mut Tx<'_>, now: Timestamp, id: StageId) -> Result<()> {
    let row: Option<(String, Option<Vec<u8>>)> = tx
        .opt(Sql::new("SELECT name, cleared FROM stages WHERE id = $1 AND deleted_at IS NOT NULL").bind(id), |r| {
            Ok((r.get(0)?, r.get(1)?))
        })?;
    let Some((name, cleared)) = row else { return Ok(()) };
    tx.exec(
        Sql::new("UPDATE stages SET deleted_at = NULL, updated_at = $2, version = version + 1 WHERE id = $1").bind(id).bind(now),
    )?;
    let inside = read(cleared)?;
    push(tx, now, id, &format!("Put everybody back into the stage “{name}”"), inside.len(), false)
}

fn push(tx: &mut Tx<'_>, now: Timestamp, id: StageId, title: &str, people: u64, out: bool) -> Result<()> {
    if people == 0 {
        return Ok(());
    }
    let job = NewJob {
        kind: KIND,
        dedupe_key: None,
        title: title.to_owned(),
        payload: json!({"stage": id, "out": out}),
        due_at: now,
        visible: people > CHUNK as u64,
        link: Some("/stages".to_owned()),
        created_by: None,
    };
    jobs::push(tx, now, job).map(|_| ())
}

fn bytes(set: &RoaringBitmap) -> Result<Vec<u8>> {
    let mut out = Vec::with_capacity(set.serialized_size());
    set.serialize_into(&mut out).map_err(|e| Error::internal(e.to_string()))?;
    Ok(out)
}

fn read(bytes: Option<Vec<u8>>) -> Result<RoaringBitmap> {
    match bytes {
        Some(bytes) => RoaringBitmap::deserialize_from(bytes.as_slice()).map_err(|e| Error::internal(e.to_string())),
        None => Ok(RoaringBitmap::new()),
    }
}

/// Goes through everybody who was in the stage, chunk by chunk; after a crash it goes on where it was.
pub struct ClearJob;

#[async_trait]
impl JobRunner for ClearJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let id = StageId(job.payload["stage"].as_i64().unwrap_or(0));
        let out = job.payload["out"].as_bool().unwrap_or(true);
        let cleared = cx
            .db()
            .read(move |tx| {
                let sql = Sql::new("SELECT cleared FROM stages WHERE id = $1").bind(id);
                Ok::<_, Error>(tx.opt(sql, |r| r.get::<Option<Vec<u8>>>(0))?.flatten())
            })
            .await?;
        let inside: Vec<ContactId> = read(cleared)?.iter().map(ContactId::from_bit).collect();
        let total = inside.len();
        let mut done = usize::try_from(job.done).unwrap_or(0).min(total);
        while done < total {
            let chunk: Vec<ContactId> = inside[done..].iter().take(CHUNK).copied().collect();
            let (ws, taken) = (cx.ws.clone(), chunk.len());
            cx.db().write_in(Lane::Bulk, move |tx| move_chunk(&ws, tx, id, &chunk, out)).await?;
            done += taken;
            let so_far = i64::try_from(done).unwrap_or(i64::MAX);
            if !handle.progress(so_far, i64::try_from(total).ok(), None).await? {
                return Ok(Outcome::Interrupted);
            }
        }
        Ok(Outcome::Done(format!("{total} contacts.")))
    }
}

/// Whoever was moved by hand since stays where she is.
fn move_chunk(ws: &Workspace, tx: &mut Tx<'_>, id: StageId, chunk: &[ContactId], out: bool) -> Result<()> {
    // The stage may have been brought back, or deleted again, while this went on.
    let sql = Sql::new("SELECT 1 FROM stages WHERE id = $1 AND deleted_at IS NULL").bind(id);
    let is_there = tx.opt(sql, |_| Ok(()))?.is_some();
    if is_there == out {
        return Ok(());
    }
    let plain: Vec<i64> = chunk.iter().map(|c| c.0).collect();
    let condition = if out { "stage_id = $2" } else { "stage_id IS NULL AND $2 > 0" };
    let text = format!("SELECT id FROM contacts WHERE id @in($1) AND deleted_at IS NULL AND {condition}");
    let found: Vec<ContactId> = tx.all(Sql::new(text).bind(plain.as_slice()).bind(id), |r| r.get(0))?;
    for contact in found {
        let (to, reason) = if out { (None, "The stage was deleted") } else { (Some(id), "The stage was brought back") };
        moving::change_in(ws, tx, contact, to, reason)?;
    }
    Ok(())
}
