//! The job that takes an import back, piece by piece.

use std::collections::BTreeSet;

use async_trait::async_trait;
use hg_core::ids::{CompanyId, ContactId, ImportId, SegmentId};
use hg_store::{Lane, Sql, Tx};
use roaring::RoaringBitmap;

use super::service::{Note, all_made, companies_touched_since, mark, notes, touched_since};
use super::{Undo, back};
use crate::contacts::row;
use crate::contacts::service::set_deleted;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::imports::{Import, store, told};
use crate::jobs::{Job, JobHandle, JobRunner, Outcome};
use crate::workspace::Workspace;
use crate::{companies, fields};

pub(super) const KIND: &str = "imports.undo";
/// Notes that one transaction takes back.
const CHUNK: i64 = 200;

/// Undoes an import.
pub struct UndoJob;

#[async_trait]
impl JobRunner for UndoJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let id = ImportId(job.payload["import"].as_i64().unwrap_or(0));
        match run(cx, id, Some(handle)).await {
            Ok(Some(undo)) => {
                tell(cx, id, job, true, sentence(&undo)).await?;
                Ok(Outcome::Done(sentence(&undo)))
            }
            Ok(None) => {
                // When the process ends the undoing stays running: it goes on at the next start.
                if !cx.ws.is_stopping() {
                    set_state(cx, id, "stopped", None).await?;
                }
                Ok(Outcome::Interrupted)
            }
            Err(error) if error.store().is_some_and(hg_store::StoreError::is_passing) => Err(error),
            Err(error) => {
                let why = error.to_string();
                set_state(cx, id, "failed", Some(why.clone())).await?;
                tell(cx, id, job, false, why.clone()).await?;
                Ok(Outcome::Fail(why))
            }
        }
    }
}

async fn tell(cx: &Cx, id: ImportId, job: &Job, went: bool, said: String) -> Result<()> {
    let (ws, by) = (cx.ws.clone(), job.created_by);
    cx.db().write(move |tx| told::undone(&ws, tx, id, by, went, &said)).await
}

/// Undoes an import while the caller waits, for the console.
pub async fn undo_now(cx: &Cx, id: ImportId) -> Result<Undo> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (who, user, now) = (cx.who(), cx.user_id(), cx.now());
    cx.db().write(move |tx| mark(tx, &who, id, user.map(|u| u.0), now)).await?;
    Ok(run(cx, id, None).await?.unwrap_or_default())
}

async fn set_state(cx: &Cx, id: ImportId, state: &'static str, message: Option<String>) -> Result<Undo> {
    cx.db()
        .write(move |tx| {
            let mut undo = store::find(tx, id)?.undo.unwrap_or_default();
            undo.message.clone_from(&message);
            store::set_undo(tx, id, state, &undo)?;
            Ok(undo)
        })
        .await
}

fn sentence(undo: &Undo) -> String {
    let c = undo.counts;
    let mut said = format!("{} deleted, {} as they were", c.deleted, c.restored);
    if c.kept > 0 {
        said.push_str(&format!(", {} kept because somebody changed them since", c.kept));
    }
    if c.gone > 0 {
        said.push_str(&format!(", {} were gone already", c.gone));
    }
    said.push('.');
    said
}

/// Takes everything back. `None` when it was stopped.
async fn run(cx: &Cx, id: ImportId, handle: Option<&JobHandle>) -> Result<Option<Undo>> {
    set_state(cx, id, "running", None).await?;
    let made = cx.db().read(move |tx| all_made(tx, id)).await?;
    // What it changed first, the latest before the earlier; then what it made.
    for made in [Some(made), None] {
        loop {
            let (ws, made) = (cx.ws.clone(), made.clone());
            let left = cx.db().write_in(Lane::Bulk, move |tx| match &made {
                Some(made) => take_back(&ws, tx, id, made),
                None => delete_some(&ws, tx, id),
            });
            let Some(undo) = left.await? else { break };
            if let Some(handle) = handle
                && !handle.progress(undo.done, Some(undo.total), None).await?
            {
                return Ok(None);
            }
        }
    }
    let undo = cx.db().read(move |tx| Ok::<_, Error>(store::find(tx, id)?.undo.unwrap_or_default())).await?;
    set_state(cx, id, "done", Some(sentence(&undo))).await.map(Some)
}

/// Takes the latest notes back; `None` when there are none left.
fn take_back(ws: &Workspace, tx: &mut Tx<'_>, id: ImportId, made: &RoaringBitmap) -> Result<Option<Undo>> {
    let import = store::find(tx, id)?;
    let notes = notes(tx, id, CHUNK)?;
    if notes.is_empty() {
        return Ok(None);
    }
    let mut undo = import.undo.clone().unwrap_or_default();
    let mut met = BTreeSet::new();
    for note in &notes {
        // What it made goes as a whole.
        if note.contact.is_some_and(|id| made.contains(ContactId(id).bit())) {
            continue;
        }
        // A record that several rows changed is one record.
        let first = met.insert((note.contact, note.company));
        match one(ws, tx, &import, note)? {
            None if first => undo.counts.gone += 1,
            Some(took) if first => {
                undo.counts.restored += i64::from(took.back);
                undo.counts.kept += i64::from(took.kept);
            }
            _ => {}
        }
    }
    let rows: Vec<i64> = notes.iter().map(|n| n.id).collect();
    tx.exec(Sql::new("DELETE FROM import_changes WHERE id @in($1)").bind(rows.as_slice()))?;
    undo.done += i64::try_from(notes.len()).unwrap_or(0);
    store::set_undo(tx, id, "running", &undo)?;
    Ok(Some(undo))
}

fn one(ws: &Workspace, tx: &mut Tx<'_>, import: &Import, note: &Note) -> Result<Option<back::Took>> {
    let fields = fields::catalogue(ws, tx)?;
    if let Some(id) = note.contact {
        let segment = import.setup.options.segment_id.map(SegmentId);
        let Some(now) = row::load_many(tx, &fields, &[ContactId(id)])?.pop() else { return Ok(None) };
        return back::contact(ws, tx, &fields, (import.id, segment), &note.noted, &now).map(Some);
    }
    let Some(id) = note.company else { return Ok(None) };
    let Some(now) = companies::load_many(tx, fields.companies(), &[CompanyId(id)])?.pop() else { return Ok(None) };
    back::company(ws, tx, &fields, &note.noted, &now).map(Some)
}

/// Deletes what one batch made; `None` when there is nothing left.
fn delete_some(ws: &Workspace, tx: &mut Tx<'_>, id: ImportId) -> Result<Option<Undo>> {
    let import = store::find(tx, id)?;
    let text = "SELECT place, ids FROM import_made WHERE import_id = $1 ORDER BY place DESC LIMIT 1";
    let next = tx.opt(Sql::new(text).bind(id), |r| Ok((r.get::<i64>(0)?, r.get::<Vec<u8>>(1)?)))?;
    let Some((place, bytes)) = next else { return Ok(None) };
    let made = bitmap(&bytes)?;
    let mut undo = import.undo.clone().unwrap_or_default();
    if let (Some(low), Some(high)) = (made.min(), made.max()) {
        let since = import.started_at.unwrap_or(import.created_at);
        let by_company = import.object == "company";
        let look = if by_company { companies_touched_since } else { touched_since };
        let kept = look(tx, i64::from(low), i64::from(high), since)? & &made;
        let ids: Vec<i64> = (&made - &kept).iter().map(|bit| ContactId::from_bit(bit).0).collect();
        let deleted = if by_company {
            companies::delete_made(ws, tx, &ids.iter().copied().map(CompanyId).collect::<Vec<_>>())?
        } else {
            set_deleted(ws, tx, &ids.iter().copied().map(ContactId).collect::<Vec<_>>(), true)?.len() as u64
        };
        let deleted = i64::try_from(deleted).unwrap_or(0);
        undo.counts.deleted += deleted;
        undo.counts.gone += i64::try_from(ids.len()).unwrap_or(0) - deleted;
        undo.counts.kept += i64::try_from(kept.len()).unwrap_or(0);
        undo.done += i64::try_from(made.len()).unwrap_or(0);
    }
    tx.exec(Sql::new("DELETE FROM import_made WHERE import_id = $1 AND place = $2").bind(id).bind(place))?;
    store::set_undo(tx, id, "running", &undo)?;
    Ok(Some(undo))
}

pub(super) fn bitmap(bytes: &[u8]) -> Result<RoaringBitmap> {
    RoaringBitmap::deserialize_from(bytes).map_err(|e| Error::internal(format!("The notes of an import are broken: {e}")))
}
