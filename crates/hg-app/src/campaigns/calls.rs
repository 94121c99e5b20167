//! Calls of campaigns to other programs: webhooks, and messages for Slack.
//!
//! A step writes the call into a queue, in its transaction; this worker makes it outside of any transaction and then ends the
//! step. A call whose answer was lost in a crash is made again: every call carries a key by which the other program
//! can tell that it knows it already.

use std::sync::Arc;

use async_trait::async_trait;
use hg_core::campaigns::StepType;
use hg_core::ids::{CampaignId, ContactId, LogId, StepId};
use hg_core::time::{Millis, Timestamp};
use hg_store::{Lane, Sql, Tx};
use serde_json::Value as Json;
use tokio::task::JoinSet;

use super::run::{Ending, Run, Task};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::outgoing::{self, Ask, Method, Told, Unanswered, Web};
use crate::worker::Worker;

/// Announced when a call waits.
const TOPIC: &str = "campaign-calls";
/// Calls made at the same time.
const AT_ONCE: i64 = 16;
/// Longer than any call takes.
const LEASE: Millis = Millis::minutes(2);

/// Queues a call; the row of the log waits for the answer.
pub(super) fn push(tx: &mut Tx<'_>, now: Timestamp, task: &Task, mut request: Json) -> Result<()> {
    request["key"] = Json::from(format!("campaign-{}-{}", task.log, task.attempts + 1));
    tx.exec(Sql::new("UPDATE campaign_log SET due_at = NULL WHERE id = $1").bind(task.log))?;
    tx.exec(
        Sql::new(
            "INSERT INTO campaign_calls (log_id, campaign_id, contact_id, request, made_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (log_id) DO UPDATE SET request = excluded.request, made_at = excluded.made_at, leased_until = NULL",
        )
        .bind(task.log)
        .bind(task.campaign.id)
        .bind(task.contact)
        .bind(request)
        .bind(now),
    )?;
    tx.wake(TOPIC);
    Ok(())
}

/// Makes the calls.
pub struct CallWorker;

struct Call {
    id: i64,
    log: LogId,
    request: Json,
}

#[async_trait]
impl Worker for CallWorker {
    fn name(&self) -> &'static str {
        "campaign calls"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        let calls = claim(cx).await?;
        let taken = calls.len();
        if taken == 0 {
            return Ok(0);
        }
        let web = outgoing::web(cx);
        let mut running = JoinSet::new();
        for call in calls {
            let (cx, web) = (cx.clone(), web.clone());
            running.spawn(async move {
                let answer = match web {
                    Ok(web) => make(&cx, web, &call.request).await,
                    Err(why) => Err(why),
                };
                write(&cx, call, verdict(answer)).await
            });
        }
        while let Some(done) = running.join_next().await {
            done.map_err(|e| Error::internal(e.to_string()))??;
        }
        Ok(taken)
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        cx.db().read(|tx| Ok(tx.scalar("SELECT min(coalesce(leased_until, made_at)) FROM campaign_calls")?)).await
    }
}

async fn claim(cx: &Cx) -> Result<Vec<Call>> {
    let now = cx.now();
    cx.db()
        .write_in(Lane::Live, move |tx| {
            Ok(tx.all(
                Sql::new(
                    "UPDATE campaign_calls SET leased_until = $2 WHERE id IN (SELECT id FROM campaign_calls \
                     WHERE leased_until IS NULL OR leased_until <= $1 ORDER BY id LIMIT $3) RETURNING id, log_id, request",
                )
                .bind(now)
                .bind(now.plus(LEASE))
                .bind(AT_ONCE),
                |r| Ok(Call { id: r.get(0)?, log: r.get(1)?, request: r.get(2)? }),
            )?)
        })
        .await
}

async fn make(cx: &Cx, web: Arc<dyn Web>, request: &Json) -> Result<Told, Unanswered> {
    let text = |value: &Json| value.as_str().unwrap_or_default().to_owned();
    let method = Method::from_key(&text(&request["method"])).unwrap_or(Method::Post);
    let mut ask = Ask::new(method, text(&request["url"])).as_allowed(cx);
    for pair in request["headers"].as_array().into_iter().flatten() {
        ask = ask.header(text(&pair[0]), text(&pair[1]));
    }
    ask = ask.header("idempotency-key", text(&request["key"]));
    ask.body = text(&request["body"]).into_bytes();
    web.ask(ask).await
}

/// What an answer means for the step (`campaigns.md` §4.1).
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Done,
    /// It may work later.
    Failed(String),
    /// It will not: the contact goes on.
    Passed(String),
}

fn verdict(answer: Result<Told, Unanswered>) -> Verdict {
    match answer {
        Ok(told) if told.is_success() => Verdict::Done,
        Ok(told) => {
            let said: String = told.text().trim().chars().take(200).collect();
            let text = format!("The server answered {}: {said}", told.status).trim_end_matches([':', ' ']).to_owned();
            if matches!(told.status, 408 | 425 | 429 | 500..) { Verdict::Failed(text) } else { Verdict::Passed(text) }
        }
        Err(Unanswered::Refused(why)) => Verdict::Passed(why),
        Err(Unanswered::Unreachable(why) | Unanswered::Broken(why)) => Verdict::Failed(why),
    }
}

async fn write(cx: &Cx, call: Call, verdict: Verdict) -> Result<()> {
    let ws = cx.ws.clone();
    cx.db()
        .write_in(Lane::Live, move |tx| {
            let mut run = Run::new(&ws, tx);
            run.tx.exec(Sql::new("DELETE FROM campaign_calls WHERE id = $1").bind(call.id))?;
            // Who left in the meantime has nothing waiting any more.
            if let Some(attempts) = run.open_attempts(call.log)? {
                run.call_ended(call.log, attempts, &verdict)?;
            }
            run.finish()
        })
        .await
}

impl Run<'_, '_> {
    fn call_ended(&mut self, log: LogId, attempts: i64, verdict: &Verdict) -> Result<()> {
        type Row = (CampaignId, StepId, ContactId, i64, Timestamp);
        let sql =
            Sql::new("SELECT campaign_id, step_id, contact_id, rotation, base_at FROM campaign_log WHERE id = $1").bind(log);
        let (campaign, step, contact, rotation, base): Row =
            self.tx.one(sql, |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))?;
        let campaign = self.load(campaign)?;
        let task = Task { campaign: campaign.clone(), log, step, contact, rotation, base, attempts };
        let Some(found) = campaign.plan.by_id(step) else { return self.cancel(&task, "The step was deleted.") };
        match verdict {
            Verdict::Done => self.end(&task, found, Ending::done(self.now)),
            Verdict::Passed(why) => self.end(&task, found, Ending::warned(self.now, why.clone())),
            Verdict::Failed(why) => self.failed(&task, found, why),
        }
    }
}

/// Whether a step waits for an answer of another program rather than for a mail.
pub(super) const fn is_call(step: &StepType) -> bool {
    matches!(step, StepType::CallWeb { .. } | StepType::TellSlack { .. })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(status: u16) -> Result<Told, Unanswered> {
        Ok(Told { status, body: b"Sorry".to_vec(), ..Told::default() })
    }

    #[test]
    fn what_may_pass_is_tried_again_and_what_will_not_is_passed() {
        assert_eq!(verdict(told(204)), Verdict::Done);
        for status in [408, 429, 500, 503] {
            assert_eq!(verdict(told(status)), Verdict::Failed(format!("The server answered {status}: Sorry")));
        }
        for status in [301, 400, 404, 410] {
            assert_eq!(verdict(told(status)), Verdict::Passed(format!("The server answered {status}: Sorry")));
        }
        assert_eq!(verdict(Err(Unanswered::Unreachable("No such server.".into()))), Verdict::Failed("No such server.".into()));
        assert_eq!(verdict(Err(Unanswered::Refused("Not there.".into()))), Verdict::Passed("Not there.".into()));
    }
}
