//! Actions on many contacts in the background.

use async_trait::async_trait;
use hg_core::ids::ContactId;
use hg_store::Lane;

use super::{effects, store};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::jobs::{Job, JobHandle, JobRunner, Outcome};

pub(super) const KIND: &str = "contacts.bulk";
/// How many one transaction takes.
const CHUNK: usize = 250;

/// Does an action to many contacts, or takes one back, piece by piece. How far it is stands in the transaction of each piece:
/// after a crash nobody is done twice and nobody is forgotten.
pub struct BulkJob;

#[async_trait]
impl JobRunner for BulkJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let ended = match (job.payload["bulk"].as_i64(), job.payload["undo"].as_i64()) {
            (Some(id), _) => forwards(cx, id, handle).await,
            (None, Some(id)) => backwards(cx, id, job.done, handle).await,
            (None, None) => Ok(Outcome::Fail("The task does not say what to do.".to_owned())),
        };
        match ended {
            // What it names was deleted while it ran: trying again changes nothing.
            Err(error) if error.is_not_found() => Ok(Outcome::Fail(error.to_string())),
            other => other,
        }
    }
}

async fn forwards(cx: &Cx, id: i64, handle: &JobHandle) -> Result<Outcome> {
    let Some((action, wanted, mut done)) = cx.db().read(move |tx| store::work(tx, id)).await? else {
        return Ok(Outcome::Fail("What was to be done is no longer known.".to_owned()));
    };
    let ids: Vec<ContactId> = wanted.iter().map(ContactId::from_bit).collect();
    let total = ids.len();
    while done < total {
        let chunk: Vec<ContactId> = ids[done..].iter().take(CHUNK).copied().collect();
        done += chunk.len();
        let (ws, action) = (cx.ws.clone(), action.clone());
        cx.db()
            .write_in(Lane::Bulk, move |tx| {
                let effect = effects::apply(&ws, tx, &chunk, &action)?;
                store::note(tx, id, &effect)?;
                store::advance(tx, id, done)
            })
            .await?;
        if !handle.progress(counted(done), Some(counted(total)), None).await? {
            return Ok(Outcome::Interrupted);
        }
    }
    let changed = cx.db().read(move |tx| store::affected(tx, id)).await?;
    Ok(Outcome::Done(format!("{changed} of {total} contacts changed.")))
}

async fn backwards(cx: &Cx, id: i64, done: i64, handle: &JobHandle) -> Result<Outcome> {
    let total = cx.db().read(move |tx| store::affected(tx, id)).await?;
    let mut done = done;
    loop {
        let ws = cx.ws.clone();
        let changed = cx.db().write_in(Lane::Bulk, move |tx| effects::take_back(&ws, tx, id)).await?;
        let Some(changed) = changed else { break };
        done += i64::try_from(changed).map_err(|e| Error::internal(e.to_string()))?;
        if !handle.progress(done.min(total), Some(total), None).await? {
            return Ok(Outcome::Interrupted);
        }
    }
    Ok(Outcome::Done(format!("{done} contacts are as they were.")))
}

fn counted(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
