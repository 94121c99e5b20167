//! A new trigger looks back: whoever has reached it already gets its events too, in the background.

use async_trait::async_trait;
use hg_core::ids::{ContactId, PointTriggerId};
use hg_core::time::Timestamp;
use hg_store::{Lane, Sql, Tx};
use serde_json::json;

use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};
use crate::points::{PointTrigger, effects, triggers};
use crate::workspace::Workspace;

const KIND: &str = "points.existing";
/// So many ids are looked through in one transaction.
const WINDOW: i64 = 2_000;

/// Queues the look back when a trigger that asks for it becomes public, or asks for it anew.
pub(super) fn look_back(tx: &mut Tx<'_>, now: Timestamp, before: Option<&PointTrigger>, after: &PointTrigger) -> Result<()> {
    let asks = |t: &PointTrigger| t.apply_existing && t.window.published;
    let reaches_more =
        before.is_none_or(|b| !asks(b) || b.points > after.points || b.group_id != after.group_id || b.events != after.events);
    if !asks(after) || !reaches_more || after.events.is_empty() {
        return Ok(());
    }
    let job = NewJob {
        kind: KIND,
        dedupe_key: Some(format!("{KIND}:{}", after.id)),
        title: format!("Apply the point trigger “{}” to whoever reached it already", after.name),
        payload: json!({"trigger": after.id}),
        due_at: after.window.publish_up.map_or(now, |up| up.max(now)),
        visible: true,
        link: Some("/points/triggers".to_owned()),
        created_by: None,
    };
    jobs::push(tx, now, job).map(|_| ())
}

/// Goes through the contacts by their ids; after a crash it goes on where it was. Nobody gets an event twice.
pub struct ExistingJob;

#[async_trait]
impl JobRunner for ExistingJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let id = PointTriggerId(job.payload["trigger"].as_i64().unwrap_or(0));
        let last: i64 = cx.db().read(|tx| Ok::<_, Error>(tx.scalar("SELECT coalesce(max(id), 0) FROM contacts")?)).await?;
        let mut at = job.done;
        while at < last {
            let (ws, from) = (cx.ws.clone(), at);
            let goes_on = cx.db().write_in(Lane::Bulk, move |tx| window(&ws, tx, id, from)).await?;
            if !goes_on {
                return Ok(Outcome::Done("The trigger was taken back.".to_owned()));
            }
            at = from.saturating_add(WINDOW).min(last);
            if !handle.progress(at, Some(last), None).await? {
                return Ok(Outcome::Interrupted);
            }
        }
        Ok(Outcome::Done("Everybody was looked at.".to_owned()))
    }
}

fn window(ws: &Workspace, tx: &mut Tx<'_>, id: PointTriggerId, from: i64) -> Result<bool> {
    let trigger = match triggers::find(tx, id) {
        Ok(trigger) if trigger.window.holds_at(ws.clock.now()) => trigger,
        Ok(_) => return Ok(false),
        Err(error) if error.is_not_found() => return Ok(false),
        Err(error) => return Err(error),
    };
    let text = match trigger.group_id {
        None => {
            "SELECT id, points FROM contacts WHERE id > $1 AND id <= $2 AND points >= $3 AND deleted_at IS NULL AND $4 = 0 ORDER BY id"
        }
        Some(_) => {
            "SELECT s.contact_id, s.score FROM contact_scores s JOIN contacts c ON c.id = s.contact_id \
             WHERE s.contact_id > $1 AND s.contact_id <= $2 AND s.score >= $3 AND s.group_id = $4 AND c.deleted_at IS NULL \
             ORDER BY s.contact_id"
        }
    };
    let sql = Sql::new(text)
        .bind(from)
        .bind(from.saturating_add(WINDOW))
        .bind(trigger.points)
        .bind(trigger.group_id.map_or(0, |g| g.0));
    let found: Vec<(ContactId, i64)> = tx.all(sql, |r| Ok((r.get(0)?, r.get(1)?)))?;
    for (contact, score) in found {
        effects::fire(ws, tx, &trigger, contact, score)?;
    }
    Ok(true)
}
