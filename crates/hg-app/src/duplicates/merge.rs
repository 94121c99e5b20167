//! Merging pairs: one, or all that nothing speaks against.

use async_trait::async_trait;
use hg_core::ids::{ContactId, JobId};
use hg_store::{Lane, Sql, Tx};
use serde_json::json;

use super::pairs;
use crate::contacts::{self, Contact};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};
use crate::workspace::Workspace;

const KIND: &str = "contacts.merge-duplicates";
/// Pairs merged in one transaction.
const CHUNK: i64 = 20;

/// Merges a pair into the contact that is older; the survivor.
pub async fn merge_pair(cx: &Cx, pair: i64) -> Result<Contact> {
    cx.may(Action::Edit(Area::Contacts))?;
    let ws = cx.ws.clone();
    let (winner, loser) = cx
        .db()
        .read(move |tx| {
            let (first, other) = pairs::open(tx, pair)?;
            ordered(&ws, tx, first, other, false)
        })
        .await?;
    contacts::merge_by_hand(cx, winner, loser, contacts::Choices::new()).await
}

/// Who survives, and who does not: the older one, or with `newer` the newer.
fn ordered(ws: &Workspace, tx: &mut Tx<'_>, first: ContactId, other: ContactId, newer: bool) -> Result<(ContactId, ContactId)> {
    let (a, b) = (contacts::load(ws, tx, first)?, contacts::load(ws, tx, other)?);
    let a_is_older = (a.created_at, a.id.0) <= (b.created_at, b.id.0);
    Ok(if a_is_older == newer { (b.id, a.id) } else { (a.id, b.id) })
}

/// Merges every safe pair in the background.
pub async fn merge_safe(cx: &Cx) -> Result<Option<JobId>> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (now, by) = (cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let job = NewJob {
                kind: KIND,
                dedupe_key: Some(KIND.to_owned()),
                title: "Merge safe duplicates".to_owned(),
                payload: json!({"by": by}),
                due_at: now,
                visible: true,
                link: Some("/contacts/duplicates".to_owned()),
                created_by: by,
            };
            jobs::push(tx, now, job)
        })
        .await
}

/// Merges every safe pair while the caller waits: the newer into the older, or the other way round. How many it was.
pub async fn merge_safe_now(cx: &Cx, newer_survives: bool, batch: i64) -> Result<u64> {
    cx.may(Action::Edit(Area::Contacts))?;
    let mut merged = 0;
    loop {
        let done = chunk(cx, newer_survives, batch.clamp(1, 1_000)).await?;
        if done.looked_at == 0 {
            return Ok(merged);
        }
        merged += done.merged;
    }
}

#[derive(Default)]
struct Done {
    looked_at: u64,
    merged: u64,
}

/// Merges the next safe pairs; pairs of whom one is gone are closed.
async fn chunk(cx: &Cx, newer_survives: bool, batch: i64) -> Result<Done> {
    let ws = cx.ws.clone();
    cx.db()
        .write_in(Lane::Bulk, move |tx| {
            let text = "SELECT id, first_id, other_id FROM duplicates WHERE state = 'open' AND safe = 1 ORDER BY id LIMIT $1";
            let next: Vec<(i64, ContactId, ContactId)> =
                tx.all(Sql::new(text).bind(batch), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
            let mut done = Done { looked_at: next.len() as u64, merged: 0 };
            for (id, first, other) in next {
                tx.exec(Sql::new("UPDATE duplicates SET state = 'merged' WHERE id = $1").bind(id))?;
                match ordered(&ws, tx, first, other, newer_survives) {
                    Ok((winner, loser)) if winner != loser => {
                        contacts::merge(&ws, tx, loser, winner)?;
                        done.merged += 1;
                    }
                    Ok(_) => {}
                    Err(error) if error.is_not_found() => {}
                    Err(error) => return Err(error),
                }
            }
            Ok::<_, Error>(done)
        })
        .await
}

/// Merges safe pairs, some at a time; a pair that was merged is not looked at again.
pub struct MergeSafeJob;

#[async_trait]
impl JobRunner for MergeSafeJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let left: i64 = cx
            .db()
            .read(|tx| Ok::<_, Error>(tx.scalar("SELECT count(*) FROM duplicates WHERE state = 'open' AND safe = 1")?))
            .await?;
        let mut looked_at = job.done;
        let total = looked_at + left;
        loop {
            let done = chunk(cx, false, CHUNK).await?;
            if done.looked_at == 0 {
                return Ok(Outcome::Done(format!("{looked_at} pairs.")));
            }
            looked_at += i64::try_from(done.looked_at).unwrap_or(0);
            if !handle.progress(looked_at, Some(total), None).await? {
                return Ok(Outcome::Interrupted);
            }
        }
    }
}
