//! The send to segments: everybody of the audience gets a row in the ledger, in chunks; the worker does the rest.
//!
//! The ledger's unique key makes filling harmless to repeat: after a crash, a pause or a second press of the button it
//! goes on where it was, and nobody gets a second row.

use async_trait::async_trait;
use hg_core::emails::{Purpose, SendState, Verdict, judge};
use hg_core::ids::EmailId;
use hg_store::{Lane, Sql, Tx, Value};
use serde_json::json;

use super::audience::{candidates, people};
use super::ledger::{LANE_MASS, PAUSED};
use super::queue::{fresh_keys, sendable};
use crate::cx::{Action, Cx};
use crate::emails::{self, Email, EmailError, SendingState};
use crate::error::{Error, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};

/// The occasion of every send to segments: once for each contact, however often it is pressed.
const OCCASION: &str = "segment";
/// Rows written in one transaction.
const CHUNK: usize = 500;
const KIND: &str = "email.fill";

/// What was begun.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentSend {
    pub email: Email,
}

/// Begins, or begins again for those who joined since.
pub async fn send_to_segments(cx: &Cx, id: EmailId) -> Result<SegmentSend> {
    cx.may(Action::Send)?;
    if super::sender_of(&cx.ws).is_empty() {
        return Err(EmailError::NoSender.into());
    }
    let (now, by) = (cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let email = emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            sendable(&email)?;
            tx.exec(Sql::new("UPDATE emails SET send_state = 'sending', send_filled = 0 WHERE id = $1").bind(id))?;
            push_fill(tx, now, &email, by)?;
            reload(tx, id)
        })
        .await
}

/// Stops handing over, at once but for what is on its way.
pub async fn pause(cx: &Cx, id: EmailId) -> Result<SegmentSend> {
    cx.may(Action::Send)?;
    set_state(cx, id, SendingState::Sending, SendingState::Paused).await?;
    move_lane(cx, id, LANE_MASS, LANE_MASS + PAUSED).await?;
    cx.db().read(move |tx| reload(tx, id)).await
}

/// Goes on.
pub async fn resume(cx: &Cx, id: EmailId) -> Result<SegmentSend> {
    cx.may(Action::Send)?;
    set_state(cx, id, SendingState::Paused, SendingState::Sending).await?;
    move_lane(cx, id, LANE_MASS + PAUSED, LANE_MASS).await?;
    let (now, by) = (cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let email = emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            push_fill(tx, now, &email, by)?;
            tx.wake(super::TOPIC);
            reload(tx, id)
        })
        .await
}

fn reload(tx: &mut Tx<'_>, id: EmailId) -> Result<SegmentSend> {
    let email = emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
    tx.announce_with(super::PROGRESS, || format!(r#"{{"email_id":{id}}}"#));
    Ok(SegmentSend { email })
}

async fn set_state(cx: &Cx, id: EmailId, from: SendingState, to: SendingState) -> Result<()> {
    cx.db()
        .write(move |tx| {
            let sql = Sql::new("UPDATE emails SET send_state = $3 WHERE id = $1 AND send_state = $2 AND deleted_at IS NULL");
            if tx.exec(sql.bind(id).bind(from.key()).bind(to.key()))? == 1 {
                return Ok(());
            }
            emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            Err(EmailError::NotSending.into())
        })
        .await
}

/// Moves waiting rows between the lanes, in steps that hold up nobody.
async fn move_lane(cx: &Cx, id: EmailId, from: i64, to: i64) -> Result<()> {
    loop {
        let moved = cx
            .db()
            .write_in(Lane::Bulk, move |tx| {
                let sql = "UPDATE sends SET lane = $3 WHERE id IN (SELECT id FROM sends WHERE email_id = $1 AND state = 0 AND lane = $2 LIMIT 2000)";
                Ok::<_, Error>(tx.exec(Sql::new(sql).bind(id).bind(from).bind(to))?)
            })
            .await?;
        if moved == 0 {
            return Ok(());
        }
    }
}

fn push_fill(tx: &mut Tx<'_>, now: hg_core::time::Timestamp, email: &Email, by: Option<hg_core::ids::UserId>) -> Result<()> {
    jobs::push(
        tx,
        now,
        NewJob {
            kind: KIND,
            dedupe_key: Some(format!("{KIND}:{}", email.id)),
            title: format!("Send “{}”", email.name),
            payload: json!({"email_id": email.id.0}),
            due_at: now,
            visible: true,
            link: Some(format!("/emails/{}", email.id)),
            created_by: by,
        },
    )?;
    Ok(())
}

/// Gives everybody of the audience a row.
pub struct FillJob;

#[async_trait]
impl JobRunner for FillJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let id = EmailId(job.payload.get("email_id").and_then(serde_json::Value::as_i64).unwrap_or(0));
        let ws = cx.ws.clone();
        let found = cx
            .db()
            .read(move |tx| match emails::find(tx, id)? {
                Some(email) => Ok::<_, Error>(Some((people(&ws, tx, &email)?, email))),
                None => Ok(None),
            })
            .await?;
        let Some((people, email)) = found else { return Ok(Outcome::Fail("The email was deleted.".into())) };
        let total = people.len() as i64;
        let mut done = 0;
        for chunk in people.chunks(CHUNK) {
            if !self.fill(cx, &email, chunk.to_vec()).await? {
                return Ok(Outcome::Done("Paused.".into()));
            }
            done += chunk.len() as i64;
            if !handle.progress(done, Some(total), None).await? {
                return Ok(Outcome::Interrupted);
            }
        }
        cx.db()
            .write(move |tx| {
                tx.exec(Sql::new("UPDATE emails SET send_filled = 1 WHERE id = $1 AND send_state = 'sending'").bind(id))?;
                tx.wake(super::TOPIC);
                Ok::<_, Error>(())
            })
            .await?;
        Ok(Outcome::Done(format!("{total} people considered.")))
    }
}

impl FillJob {
    /// Writes the rows of a chunk; false when the send was paused.
    async fn fill(&self, cx: &Cx, email: &Email, chunk: Vec<u32>) -> Result<bool> {
        let (ws, now, id, revision) = (cx.ws.clone(), cx.now(), email.id, email.revision);
        cx.db()
            .write_in(Lane::Bulk, move |tx| {
                let state: String = tx.scalar(Sql::new("SELECT send_state FROM emails WHERE id = $1 @forupdate").bind(id))?;
                if state != SendingState::Sending.key() {
                    return Ok(false);
                }
                let people = candidates(tx, id, &chunk)?;
                let (mut rows, mut skipped) = (Vec::new(), 0);
                for (contact, address, candidate) in people {
                    if candidate.had_it_already {
                        continue;
                    }
                    let verdict = judge(&candidate, Purpose::Marketing);
                    let (state, reason) = match verdict {
                        Verdict::Send => (SendState::Queued, None),
                        Verdict::Skip(skip) => (SendState::Skipped, Some(skip.as_str())),
                    };
                    skipped += i64::from(state == SendState::Skipped);
                    let (key, message_id) = fresh_keys(&ws);
                    rows.extend([
                        Value::Int(id.0),
                        Value::Int(contact.0),
                        Value::Text(OCCASION.into()),
                        Value::Int(state.code()),
                        reason.map_or(Value::Null, |r| Value::Text(r.into())),
                        Value::Text(address),
                        Value::Text(key),
                        Value::Text(message_id),
                        Value::Int(1),
                        Value::Int(revision),
                        Value::Int(LANE_MASS),
                        Value::Int(now.0),
                        Value::Int(now.0),
                    ]);
                }
                // Whoever was skipped before and may be mailed now gets the row that is there already.
                let head = "INSERT INTO sends (email_id, contact_id, occasion, state, reason, address, tracking_key, message_id, marketing, \
                            revision, lane, due_at, created_at)";
                let tail = "ON CONFLICT (email_id, contact_id, occasion) DO UPDATE SET state = excluded.state, reason = excluded.reason, \
                            address = excluded.address, revision = excluded.revision, due_at = excluded.due_at WHERE sends.state = 6";
                tx.insert_many(head, tail, 13, &rows)?;
                if skipped > 0 {
                    let count = "UPDATE email_counts SET skipped = (SELECT count(*) FROM sends WHERE email_id = $1 AND state = 6) WHERE email_id = $1";
                    tx.exec(Sql::new(count).bind(id))?;
                }
                tx.wake(super::TOPIC);
                Ok::<_, Error>(true)
            })
            .await
    }
}
