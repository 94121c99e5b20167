//! What waits of a send to segments stands where the send does: on the road, beside it, or nowhere.

use async_trait::async_trait;
use hg_core::emails::Skip;
use hg_core::ids::{EmailId, UserId};
use hg_core::sending_pace::too_much;
use hg_core::time::{Millis, Timestamp};
use hg_store::{Lane, Sql, Tx};
use serde_json::json;

use super::ledger::{LANE_MASS, PAUSED};
use super::segment::OCCASION;
use crate::cx::Cx;
use crate::emails::{self, SendingState};
use crate::error::{Error, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};
use crate::notices::{self, News, Tone};
use crate::settings;

const KIND: &str = "email.lanes";

/// Sees to it, also after a crash, that the waiting rows follow the state of the send.
pub(super) fn push_lane_job(tx: &mut Tx<'_>, now: Timestamp, email: EmailId) -> Result<()> {
    push_job(tx, now, email, None)
}

/// `stopped`: why it stopped by itself, which is told.
fn push_job(tx: &mut Tx<'_>, now: Timestamp, email: EmailId, stopped: Option<&str>) -> Result<()> {
    let key = if stopped.is_some() { format!("{KIND}:{email}:stopped") } else { format!("{KIND}:{email}") };
    let job = NewJob {
        kind: KIND,
        dedupe_key: Some(key),
        title: "Move what waits".to_owned(),
        payload: json!({"email_id": email.0, "stopped": stopped}),
        due_at: now,
        visible: false,
        link: None,
        created_by: None,
    };
    jobs::push(tx, now, job).map(|_| ())
}

/// Stops the send of an email when its bounces or complaints say so. Whoever lets it go on again has decided: it is not
/// stopped a second time.
pub(crate) fn stop_if_needed(tx: &mut Tx<'_>, now: Timestamp, email: EmailId) -> Result<()> {
    let counts = "SELECT c.sent, c.bounced, c.complained FROM email_counts c JOIN emails e ON e.id = c.email_id \
                  WHERE e.id = $1 AND e.send_state = 'sending' AND e.stopped_reason IS NULL";
    let found = tx.opt(Sql::new(counts).bind(email), |r| Ok((r.get::<i64>(0)?, r.get::<i64>(1)?, r.get::<i64>(2)?)))?;
    let Some((sent, bounced, complained)) = found else { return Ok(()) };
    let pace = settings::pace_in(tx)?;
    let Some(reason) = too_much(sent, bounced, complained, pace.stop_bounced_percent, pace.stop_complained_permille) else {
        return Ok(());
    };
    let sql = Sql::new("UPDATE emails SET send_state = 'paused', stopped_reason = $2 WHERE id = $1 AND send_state = 'sending'");
    tx.exec(sql.bind(email).bind(&reason))?;
    tx.exec(Sql::new("UPDATE send_plans SET paused_at = $2 WHERE email_id = $1").bind(email).bind(now))?;
    push_job(tx, now, email, Some(&reason))?;
    tx.announce_with(super::PROGRESS, || format!(r#"{{"email_id":{email}}}"#));
    Ok(())
}

/// Whoever let the send go out hears that it stopped by itself, and why.
async fn tell_stopped(cx: &Cx, id: EmailId, reason: String) -> Result<()> {
    let ws = cx.ws.clone();
    cx.db()
        .write(move |tx| {
            let text = "SELECT e.name, coalesce(p.asked_by, e.created_by) FROM emails e LEFT JOIN send_plans p ON p.email_id = e.id \
                        WHERE e.id = $1 AND e.deleted_at IS NULL";
            let found = tx.opt(Sql::new(text).bind(id), |r| Ok((r.get::<String>(0)?, r.get::<Option<UserId>>(1)?)))?;
            let Some((name, by)) = found else { return Ok(()) };
            let title = format!("The send of “{name}” stopped by itself");
            let link = format!("/emails/{id}/send");
            let news = News { kind: "send.stopped", tone: Tone::Bad, title: &title, body: &reason, link: &link };
            notices::tell(&ws, tx, by, &news)
        })
        .await
}

/// Moves what waits.
pub struct LaneJob;

#[async_trait]
impl JobRunner for LaneJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, _: &JobHandle) -> Result<Outcome> {
        let email = EmailId(job.payload.get("email_id").and_then(serde_json::Value::as_i64).unwrap_or(0));
        if let Some(reason) = job.payload.get("stopped").and_then(serde_json::Value::as_str) {
            tell_stopped(cx, email, reason.to_owned()).await?;
        }
        settle_lane(cx, email).await?;
        Ok(Outcome::Done("Moved.".to_owned()))
    }
}

/// Where the waiting rows of a send belong.
enum Place {
    Road { shift: Millis },
    Beside,
    Nowhere,
}

/// Brings the waiting rows where the state of the send says, in steps that hold up nobody.
pub(super) async fn settle_lane(cx: &Cx, id: EmailId) -> Result<()> {
    let now = cx.now();
    loop {
        let moved = cx
            .db()
            .write_in(Lane::Bulk, move |tx| {
                let place = match emails::find(tx, id)?.map(|email| email.send_state) {
                    Some(SendingState::Sending) => Place::Road { shift: pause_of(tx, id, now)? },
                    Some(SendingState::Paused) => Place::Beside,
                    _ => Place::Nowhere,
                };
                step(tx, id, &place)
            })
            .await?;
        if moved == 0 {
            return Ok(());
        }
    }
}

/// How long a send that goes slowly stood still: what is left of it keeps its distances.
fn pause_of(tx: &mut Tx<'_>, id: EmailId, now: Timestamp) -> Result<Millis> {
    let text = "SELECT paused_at FROM send_plans WHERE email_id = $1 AND per_hour > 0";
    let paused: Option<Option<Timestamp>> = tx.opt(Sql::new(text).bind(id), |r| r.get(0))?;
    Ok(paused.flatten().map_or(Millis(0), |at| now.since(at).max(Millis(0))))
}

fn step(tx: &mut Tx<'_>, id: EmailId, place: &Place) -> Result<u64> {
    const SOME: &str = "id IN (SELECT id FROM sends WHERE state = 0 AND lane = $2 AND email_id = $1 LIMIT 2000)";
    let waiting = |lane| (format!("UPDATE sends SET lane = $3, due_at = due_at + $4 WHERE {SOME}"), lane);
    Ok(match place {
        Place::Road { shift } => {
            let (text, from) = waiting(LANE_MASS + PAUSED);
            tx.exec(Sql::new(text).bind(id).bind(from).bind(LANE_MASS).bind(shift.0))?
        }
        Place::Beside => {
            let (text, from) = waiting(LANE_MASS);
            tx.exec(Sql::new(text).bind(id).bind(from).bind(LANE_MASS + PAUSED).bind(0))?
        }
        Place::Nowhere => {
            let mut n = 0;
            for lane in [LANE_MASS, LANE_MASS + PAUSED] {
                let text = format!("UPDATE sends SET state = 6, lane = $5, reason = $3 WHERE {SOME} AND occasion = $4");
                n += tx.exec(Sql::new(text).bind(id).bind(lane).bind(Skip::Cancelled.as_str()).bind(OCCASION).bind(LANE_MASS))?;
            }
            if n > 0 {
                let count = "UPDATE email_counts SET skipped = skipped + $2 WHERE email_id = $1";
                tx.exec(Sql::new(count).bind(id).bind(n as i64))?;
            }
            n
        }
    })
}

/// Ends the sends to segments of which everybody was served.
pub(super) async fn finish_sends(cx: &Cx) -> Result<()> {
    let open: i64 = cx
        .db()
        .read(|tx| Ok::<_, Error>(tx.scalar("SELECT count(*) FROM emails WHERE send_state = 'sending' AND send_filled = 1")?))
        .await?;
    if open == 0 {
        return Ok(());
    }
    cx.db()
        .write_in(Lane::Live, |tx| {
            let finished: Vec<i64> = tx.all(
                Sql::new(
                    "UPDATE emails SET send_state = 'sent' WHERE send_state = 'sending' AND send_filled = 1 \
                     AND NOT EXISTS (SELECT 1 FROM sends WHERE sends.email_id = emails.id AND sends.state = 0 AND sends.lane IN (0, 1, 2, 102)) \
                     AND NOT EXISTS (SELECT 1 FROM sends WHERE sends.email_id = emails.id AND sends.state IN (1, 2)) RETURNING id",
                ),
                |r| r.get(0),
            )?;
            for email in finished {
                super::ledger::recount(tx, email)?;
                tx.announce_with(super::PROGRESS, || format!(r#"{{"email_id":{email}}}"#));
            }
            Ok::<_, Error>(())
        })
        .await
}
