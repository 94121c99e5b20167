//! The send to segments: everybody of the audience gets a row in the ledger, in chunks; the worker does the rest.
//!
//! The ledger's unique key makes filling harmless to repeat: after a crash, a pause or a second press of the button it
//! goes on where it was, and nobody gets a second row.

use async_trait::async_trait;
use hg_core::emails::{Purpose, SendState, Verdict, judge};
use hg_core::ids::{EmailId, UserId};
use hg_core::time::{Millis, Timestamp};
use hg_store::{Lane, Sql, Tx, Value};
use serde_json::json;

use super::audience::{candidates, people};
use super::evergreen;
use super::lanes::{push_lane_job, settle_lane};
use super::ledger::{LANE_MASS, last_slot};
use super::plan;
use super::queue::{fresh_keys, sendable};
use crate::cx::{Action, Cx};
use crate::emails::family::{Family, ended_since, is_held_back};
use crate::emails::{self, Email, EmailError, SendingState};
use crate::error::{Error, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};
use crate::workspace::Workspace;

/// The occasion of every send to segments: once for each contact, however often it is pressed.
pub(super) const OCCASION: &str = "segment";
/// Rows written in one transaction.
const CHUNK: usize = 500;
/// Milliseconds.
const HOUR: f64 = 3_600_000.0;
pub(super) const KIND: &str = "email.fill";

/// What was begun.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentSend {
    pub email: Email,
}

/// Stops handing over, at once but for what is on its way.
pub async fn pause(cx: &Cx, id: EmailId) -> Result<SegmentSend> {
    cx.may(Action::Send)?;
    set_state(cx, id, SendingState::Sending, SendingState::Paused).await?;
    settle_lane(cx, id).await?;
    cx.db().read(move |tx| reload(tx, id)).await
}

/// Goes on.
pub async fn resume(cx: &Cx, id: EmailId) -> Result<SegmentSend> {
    cx.may(Action::Send)?;
    set_state(cx, id, SendingState::Paused, SendingState::Sending).await?;
    settle_lane(cx, id).await?;
    let (now, by) = (cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let email = emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            push_fill(tx, now, &email, now, by)?;
            tx.wake(super::TOPIC);
            reload(tx, id)
        })
        .await
}

pub(super) fn reload(tx: &mut Tx<'_>, id: EmailId) -> Result<SegmentSend> {
    let email = emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
    tx.announce_with(super::PROGRESS, || format!(r#"{{"email_id":{id}}}"#));
    Ok(SegmentSend { email })
}

/// Moves on from one state to another; what waits follows, also after a crash.
async fn set_state(cx: &Cx, id: EmailId, from: SendingState, to: SendingState) -> Result<()> {
    let now = cx.now();
    cx.db()
        .write(move |tx| {
            let sql = Sql::new("UPDATE emails SET send_state = $3 WHERE id = $1 AND send_state = $2 AND deleted_at IS NULL");
            if tx.exec(sql.bind(id).bind(from.key()).bind(to.key()))? == 1 {
                if to == SendingState::Paused {
                    tx.exec(Sql::new("UPDATE send_plans SET paused_at = $2 WHERE email_id = $1").bind(id).bind(now))?;
                }
                return push_lane_job(tx, now, id);
            }
            emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            Err(EmailError::NotSending.into())
        })
        .await
}

/// Queues the work of giving everybody a row, for when the send begins.
pub(super) fn push_fill(tx: &mut Tx<'_>, now: Timestamp, email: &Email, due_at: Timestamp, by: Option<UserId>) -> Result<()> {
    jobs::push(
        tx,
        now,
        NewJob {
            kind: KIND,
            dedupe_key: Some(format!("{KIND}:{}", email.id)),
            title: format!("Send “{}”", email.name),
            payload: json!({"email_id": email.id.0}),
            due_at,
            visible: true,
            link: Some(format!("/emails/{}/send", email.id)),
            created_by: by,
        },
    )?;
    Ok(())
}

/// Takes that work back, unless it has begun.
pub(super) fn forget_fill(tx: &mut Tx<'_>, email: EmailId) -> Result<()> {
    jobs::take_back(tx, KIND, &format!("{KIND}:{email}"))
}

/// Begins a send whose time has come. `None`: it is not to be sent, or not yet.
fn set_out(tx: &mut Tx<'_>, now: Timestamp, id: EmailId) -> Result<Option<Email>> {
    let Some(email) = emails::find(tx, id)? else { return Ok(None) };
    match email.send_state {
        SendingState::Sending => Ok(Some(email)),
        SendingState::Scheduled if plan::find(tx, id)?.is_none_or(|plan| plan.starts_at <= now) => {
            tx.exec(Sql::new("UPDATE emails SET send_state = 'sending', send_filled = 0 WHERE id = $1").bind(id))?;
            tx.announce_with(super::PROGRESS, || format!(r#"{{"email_id":{id}}}"#));
            emails::find(tx, id)
        }
        _ => Ok(None),
    }
}

/// A test has ended: everybody of the audience who waited for that gets a row now.
pub(crate) fn fill_rest(tx: &mut Tx<'_>, now: Timestamp, email: &Email, by: Option<UserId>) -> Result<()> {
    push_fill(tx, now, email, now, by)
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
        let (ws, now) = (cx.ws.clone(), cx.now());
        let Some(email) = cx.db().write(move |tx| set_out(tx, now, id)).await? else {
            return Ok(Outcome::Done("Not sent: it was called back or deleted.".into()));
        };
        if evergreen::is_over(&email, now) {
            cx.db().write(move |tx| evergreen::end(tx, id)).await?;
            return Ok(Outcome::Done("Its time is over: nobody new gets it.".into()));
        }
        if let Err(error) = sendable(&email, now) {
            // What was possible when it was planned is not any more.
            let text = "UPDATE emails SET send_state = 'idle', stopped_reason = $2 WHERE id = $1";
            let reason = error.detail.clone();
            cx.db().write(move |tx| Ok::<_, Error>(tx.exec(Sql::new(text).bind(id).bind(&reason))?)).await?;
            return Ok(Outcome::Fail(error.detail));
        }
        let asked = email.clone();
        let (people, per_hour) = cx
            .db()
            .read(move |tx| {
                let per_hour = plan::find(tx, id)?.map_or(0, |plan| plan.per_hour);
                Ok::<_, Error>((people(&ws, tx, &asked)?, per_hour))
            })
            .await?;
        let total = people.len() as i64;
        let mut done = 0;
        for chunk in people.chunks(CHUNK) {
            if !self.fill(cx, &email, chunk.to_vec(), per_hour).await? {
                return Ok(Outcome::Done("Paused.".into()));
            }
            done += chunk.len() as i64;
            if !handle.progress(done, Some(total), None).await? {
                return Ok(Outcome::Interrupted);
            }
        }
        let again = cx
            .db()
            .write(move |tx| {
                // A test that ended meanwhile had held some back who were passed already.
                let again = ended_since(tx, id, now)?;
                // While a part of the audience waits for the winner of a test, the send is not over.
                if !again && !is_held_back(tx, id)? {
                    evergreen::filled(tx, now, id)?;
                }
                tx.wake(super::TOPIC);
                Ok::<_, Error>(again)
            })
            .await?;
        if again {
            return Ok(Outcome::Retry(Millis(0), "The test has ended: the rest gets the winner.".into()));
        }
        Ok(Outcome::Done(format!("{total} people considered.")))
    }
}

impl FillJob {
    /// Writes the rows of a chunk; false when the send was paused.
    async fn fill(&self, cx: &Cx, email: &Email, chunk: Vec<u32>, per_hour: i64) -> Result<bool> {
        let (ws, email) = (cx.ws.clone(), email.clone());
        cx.db()
            .write_in(Lane::Bulk, move |tx| {
                let state: String =
                    tx.scalar(Sql::new("SELECT send_state FROM emails WHERE id = $1 @forupdate").bind(email.id))?;
                if state != SendingState::Sending.key() {
                    return Ok(false);
                }
                give_rows(&ws, tx, &email, &chunk, per_hour)?;
                Ok::<_, Error>(true)
            })
            .await
    }
}

/// Gives people of the audience a row each, evenly spread where the send goes slowly. Who has one keeps it, unless she was
/// skipped before.
pub(super) fn give_rows(ws: &Workspace, tx: &mut Tx<'_>, email: &Email, chunk: &[u32], per_hour: i64) -> Result<()> {
    let (now, id) = (ws.clock.now(), email.id);
    let family = Family::of(tx, email)?;
    let locales = family.locales(tx, &chunk.iter().map(|id| i64::from(*id)).collect::<Vec<_>>())?;
    let people = candidates(tx, id, chunk)?;
    let (mut rows, mut skipped) = (Vec::new(), 0);
    let apart = if per_hour > 0 { HOUR / per_hour as f64 } else { 0.0 };
    let mut slot = now.0 as f64;
    if per_hour > 0 {
        slot = last_slot(tx, id)?.map_or(slot, |last| slot.max(last.0 as f64 + apart));
    }
    for (contact, address, candidate) in people {
        // Who waits for the winner of a test gets her row when there is one.
        if candidate.had_it_already || family.waits(contact) {
            continue;
        }
        let verdict = judge(&candidate, Purpose::Marketing);
        let (state, reason) = match verdict {
            Verdict::Send => (SendState::Queued, None),
            Verdict::Skip(skip) => (SendState::Skipped, Some(skip.as_str())),
        };
        skipped += i64::from(state == SendState::Skipped);
        let (content, revision) = family.choose(contact, locales.get(&contact.0).map(String::as_str));
        let (key, message_id) = fresh_keys(ws);
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
            Value::Int(slot as i64),
            Value::Int(now.0),
            content.map_or(Value::Null, |id| Value::Int(id.0)),
        ]);
        if state == SendState::Queued {
            slot += apart;
        }
    }
    // Whoever was skipped before and may be mailed now gets the row that is there already.
    let head = "INSERT INTO sends (email_id, contact_id, occasion, state, reason, address, tracking_key, message_id, marketing, \
                revision, lane, due_at, created_at, content_id)";
    let tail = "ON CONFLICT (email_id, contact_id, occasion) DO UPDATE SET state = excluded.state, reason = excluded.reason, \
                address = excluded.address, revision = excluded.revision, lane = excluded.lane, \
                content_id = excluded.content_id, \
                due_at = excluded.due_at WHERE sends.state = 6";
    tx.insert_many(head, tail, 14, &rows)?;
    if skipped > 0 {
        let count = "UPDATE email_counts SET skipped = (SELECT count(*) FROM sends WHERE email_id = $1 AND state = 6 AND state >= 3) \
                     WHERE email_id = $1";
        tx.exec(Sql::new(count).bind(id))?;
    }
    tx.wake(super::TOPIC);
    Ok(())
}
