//! Long work in the background: imports, rebuilds, exports. A job is a row; it is pushed inside the transaction that
//! wants it, shows its progress, can be stopped and goes on after a restart.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use hg_core::ids::{JobId, UserId};
use hg_core::time::{Millis, Timestamp};
use hg_store::{Flow, Lane, Row, Sql, StoreError, Tx};
use serde_json::Value as Json;

use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};
use crate::worker::{Worker, surely};

/// Announced when a job was pushed or changed its state.
pub const TOPIC: &str = "jobs";
/// Announced with each progress; the payload is the JSON of the live stream.
pub const TASK: &str = "task";

/// A job whose run fails is tried so often.
pub(crate) const TRIES: i64 = 5;
const LEASE: Millis = Millis::minutes(2);
/// The longest wait between two tries.
const LONGEST_WAIT: Millis = Millis::minutes(1);

/// A job to be done.
#[derive(Debug, Clone)]
pub struct NewJob {
    pub kind: &'static str,
    /// Of jobs with the same key at most one waits.
    pub dedupe_key: Option<String>,
    /// What people see in the tasks menu.
    pub title: String,
    pub payload: Json,
    pub due_at: Timestamp,
    /// Whether people see it.
    pub visible: bool,
    /// Where in the app it belongs (`/imports/3`).
    pub link: Option<String>,
    pub created_by: Option<UserId>,
}

/// A job as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub id: JobId,
    pub kind: String,
    pub title: String,
    pub payload: Json,
    /// `queued`, `running`, `stopping`, `stopped`, `done` or `failed`.
    pub state: String,
    pub due_at: Timestamp,
    pub attempts: i64,
    pub done: i64,
    pub total: Option<i64>,
    pub message: Option<String>,
    pub link: Option<String>,
    /// Who asked for it.
    pub created_by: Option<UserId>,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
}

/// How a run of a job ended.
#[derive(Debug)]
pub enum Outcome {
    /// Done; the sentence is shown.
    Done(String),
    /// Somebody stopped it, or the process stops; it goes on where it was when resumed.
    Interrupted,
    /// Again later; the sentence says why.
    Retry(Millis, String),
    /// It cannot be done; the sentence says why.
    Fail(String),
}

/// Runs the jobs of one kind. Running one twice must give the same as running it once.
#[async_trait]
pub trait JobRunner: Send + Sync + 'static {
    fn kind(&self) -> &'static str;
    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome>;
}

/// How a running job tells how far it is, and hears that it should stop.
pub struct JobHandle {
    cx: Cx,
    id: JobId,
    kind: String,
}

impl JobHandle {
    /// Writes the progress and renews the lease. `false`: come to an end now, with [`Outcome::Interrupted`].
    pub async fn progress(&self, done: i64, total: Option<i64>, message: Option<String>) -> Result<bool> {
        let (id, now, kind) = (self.id, self.cx.now(), self.kind.clone());
        let go_on = self
            .cx
            .db()
            .write(move |tx| {
                let state: Option<String> = tx.opt(
                    Sql::new(
                        "UPDATE jobs SET done = $2, total = coalesce($3, total), message = coalesce($4, message), leased_until = $5 \
                         WHERE id = $1 RETURNING state",
                    )
                    .bind(id)
                    .bind(done)
                    .bind(total)
                    .bind(message.as_deref())
                    .bind(now.plus(LEASE)),
                    |r| r.get(0),
                )?;
                announce(tx, id, &kind, "running", done, total);
                Ok::<_, Error>(state.as_deref() == Some("running"))
            })
            .await?;
        Ok(go_on && !self.cx.ws.is_stopping())
    }
}

fn announce(tx: &mut Tx<'_>, id: JobId, kind: &str, state: &str, done: i64, total: Option<i64>) {
    tx.announce(TASK, serde_json::json!({"id": id, "kind": kind, "state": state, "done": done, "total": total}).to_string());
}

/// Queues a job inside the caller's transaction. `None` when one with the same key waits already.
pub fn push(tx: &mut Tx<'_>, now: Timestamp, job: NewJob) -> Result<Option<JobId>> {
    let id: Option<JobId> = tx.opt(
        Sql::new(
            "INSERT INTO jobs (kind, dedupe_key, title, payload, state, due_at, visible, link, created_by, created_at) \
             VALUES ($1, $2, $3, $4, 'queued', $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(job.kind)
        .bind(job.dedupe_key)
        .bind(job.title)
        .bind(job.payload)
        .bind(job.due_at)
        .bind(job.visible)
        .bind(job.link)
        .bind(job.created_by)
        .bind(now),
        |r| r.get(0),
    )?;
    if let Some(id) = id {
        announce(tx, id, job.kind, "queued", 0, None);
    }
    tx.wake(TOPIC);
    Ok(id)
}

/// Takes a job back that nobody has begun.
pub(crate) fn take_back(tx: &mut Tx<'_>, kind: &str, dedupe_key: &str) -> Result<()> {
    let text = "DELETE FROM jobs WHERE kind = $1 AND dedupe_key = $2 AND state = 'queued' RETURNING id";
    for id in tx.all(Sql::new(text).bind(kind).bind(dedupe_key), |r| r.get::<JobId>(0))? {
        announce(tx, id, kind, "stopped", 0, None);
    }
    Ok(())
}

const COLUMNS: &str = "id, kind, title, payload, state, due_at, attempts, done, total, message, link, created_at, started_at, finished_at, \
     created_by";

fn read(r: &Row<'_>) -> hg_store::Result<Job> {
    Ok(Job {
        id: r.get(0)?,
        kind: r.get(1)?,
        title: r.get(2)?,
        payload: r.get(3)?,
        state: r.get(4)?,
        due_at: r.get(5)?,
        attempts: r.get(6)?,
        done: r.get(7)?,
        total: r.get(8)?,
        message: r.get(9)?,
        link: r.get(10)?,
        created_at: r.get(11)?,
        started_at: r.get(12)?,
        finished_at: r.get(13)?,
        created_by: r.get(14)?,
    })
}

/// The jobs that people see, newest first.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<Job>> {
    cx.may(Action::View(Area::Tasks))?;
    let after = query.after()?.map_or(i64::MAX, |(_, id)| id);
    let limit = query.limit();
    cx.db()
        .read(move |tx| {
            let text = format!("SELECT {COLUMNS} FROM jobs WHERE visible = 1 AND id < $1 ORDER BY id DESC LIMIT $2");
            let rows = tx.all(Sql::new(text).bind(after).bind(i64::from(limit) + 1), read)?;
            Ok(Page::of(rows, limit, None, |j| (hg_store::Value::Null, j.id.0)))
        })
        .await
}

pub async fn get(cx: &Cx, id: JobId) -> Result<Job> {
    cx.may(Action::View(Area::Tasks))?;
    cx.db().read(move |tx| find(tx, id)).await
}

fn find(tx: &mut Tx<'_>, id: JobId) -> Result<Job> {
    tx.opt(Sql::new(format!("SELECT {COLUMNS} FROM jobs WHERE id = $1")).bind(id), read)?
        .ok_or_else(|| Error::not_found("task", id))
}

/// Stops a waiting or running job.
pub async fn stop(cx: &Cx, id: JobId) -> Result<Job> {
    cx.may(Action::Edit(Area::Tasks))?;
    cx.db()
        .write(move |tx| {
            tx.exec(
                Sql::new("UPDATE jobs SET state = CASE state WHEN 'queued' THEN 'stopped' ELSE 'stopping' END WHERE id = $1 AND state IN ('queued', 'running')")
                    .bind(id),
            )?;
            tx.wake(TOPIC);
            find(tx, id)
        })
        .await
}

/// Lets a stopped or failed job go on.
pub async fn resume(cx: &Cx, id: JobId) -> Result<Job> {
    cx.may(Action::Edit(Area::Tasks))?;
    let now = cx.now();
    cx.db()
        .write(move |tx| {
            tx.exec(
                Sql::new("UPDATE jobs SET state = 'queued', due_at = $2, attempts = 0, finished_at = NULL WHERE id = $1 AND state IN ('stopped', 'failed')")
                    .bind(id)
                    .bind(now),
            )?;
            tx.wake(TOPIC);
            find(tx, id)
        })
        .await
}

/// Ends a job that stands still, in the caller's transaction: nobody resumes it any more.
pub(crate) fn close(tx: &mut Tx<'_>, id: JobId, now: Timestamp, message: &str) -> Result<()> {
    tx.exec(
        Sql::new(
            "UPDATE jobs SET state = 'done', payload = $3, message = $4, finished_at = coalesce(finished_at, $2) \
             WHERE id = $1 AND state NOT IN ('running', 'stopping')",
        )
        .bind(id)
        .bind(now)
        .bind(serde_json::json!({}))
        .bind(message),
    )?;
    tx.wake(TOPIC);
    Ok(())
}

/// Jobs that a crash left behind go on. Called when a process that owns the whole database starts.
pub async fn recover(cx: &Cx) -> Result<u64> {
    let now = cx.now();
    let alone = cx.db().file().is_some();
    cx.db()
        .write(move |tx| {
            let n = tx.exec(
                // Of jobs with one key only one may wait: where another waits already, it does the work of this one too.
                Sql::new(
                    "UPDATE jobs SET state = CASE WHEN state = 'stopping' THEN 'stopped' \
                     WHEN EXISTS (SELECT 1 FROM jobs w WHERE w.dedupe_key = jobs.dedupe_key AND w.id <> jobs.id \
                     AND (w.state = 'queued' OR (w.state = 'running' AND w.id > jobs.id))) THEN 'done' ELSE 'queued' END, \
                     leased_until = NULL WHERE state IN ('running', 'stopping') AND ($1 = 1 OR leased_until < $2)",
                )
                .bind(alone)
                .bind(now),
            )?;
            tx.wake(TOPIC);
            Ok(n)
        })
        .await
}

/// Runs jobs.
pub struct JobWorker {
    runners: HashMap<&'static str, Arc<dyn JobRunner>>,
}

impl JobWorker {
    pub fn new(runners: Vec<Arc<dyn JobRunner>>) -> Self {
        Self { runners: runners.into_iter().map(|r| (r.kind(), r)).collect() }
    }

    async fn claim(&self, cx: &Cx) -> Result<Option<Job>> {
        let now = cx.now();
        cx.db()
            .write(move |tx| {
                let mut claimed = None;
                tx.each(
                    Sql::new(format!(
                        "UPDATE jobs SET state = 'running', attempts = attempts + 1, leased_until = $2, started_at = coalesce(started_at, $1) \
                         WHERE id = (SELECT id FROM jobs WHERE state = 'queued' AND due_at <= $1 ORDER BY due_at, id LIMIT 1 @locked) RETURNING {COLUMNS}"
                    ))
                    .bind(now)
                    .bind(now.plus(LEASE)),
                    |r| {
                        claimed = Some(read(r)?);
                        Ok(Flow::Next)
                    },
                )?;
                if let Some(job) = &claimed {
                    announce(tx, job.id, &job.kind, "running", job.done, job.total);
                }
                Ok(claimed)
            })
            .await
    }

    async fn finish(&self, cx: &Cx, job: &Job, outcome: Outcome) -> Result<()> {
        let now = cx.now();
        let (id, kind, done, total) = (job.id, job.kind.clone(), job.done, job.total);
        let (state, due, message) = match outcome {
            Outcome::Done(message) => ("done", now, Some(message)),
            // A stop that somebody asked for stays stopped, also when the run just failed; one for the end of the process
            // goes on at the next start.
            Outcome::Interrupted => ("interrupted", now, None),
            Outcome::Retry(after, why) => ("queued", now.plus(after), Some(why)),
            Outcome::Fail(why) => ("failed", now, Some(why)),
        };
        surely(cx, Lane::Interactive, move |tx| {
            let now_state: String = tx.one(
                Sql::new(
                    "UPDATE jobs SET state = CASE WHEN $2 IN ('done', 'failed') THEN $2 WHEN state = 'stopping' THEN 'stopped' ELSE 'queued' END, \
                     due_at = $3, message = coalesce($4, message), leased_until = NULL, \
                     finished_at = CASE WHEN $2 IN ('done', 'failed') THEN $3 ELSE finished_at END WHERE id = $1 RETURNING state",
                )
                .bind(id)
                .bind(state)
                .bind(due)
                .bind(message.as_deref()),
                |r| r.get(0),
            )?;
            announce(tx, id, &kind, &now_state, done, total);
            Ok(())
        })
        .await
    }
}

#[async_trait]
impl Worker for JobWorker {
    fn name(&self) -> &'static str {
        "jobs"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        let Some(job) = self.claim(cx).await? else { return Ok(0) };
        let handle = JobHandle { cx: cx.clone(), id: job.id, kind: job.kind.clone() };
        let outcome = match self.runners.get(job.kind.as_str()) {
            None => Outcome::Fail(format!("This version of Honeyguide does not know tasks of the kind “{}”.", job.kind)),
            Some(runner) => runner.run(cx, &job, &handle).await.unwrap_or_else(|error| {
                tracing::error!(job.id = job.id.0, job.kind = %job.kind, error = %error, cause = ?error.source, "A task failed");
                // A full disk is not the job's fault: it goes on when there is room again, however long that takes.
                if job.attempts < TRIES || error.store().is_some_and(StoreError::is_passing) {
                    Outcome::Retry(Millis::seconds(10 * job.attempts).min(LONGEST_WAIT), error.to_string())
                } else {
                    Outcome::Fail(error.to_string())
                }
            }),
        };
        self.finish(cx, &job, outcome).await?;
        Ok(1)
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        cx.db().read(|tx| Ok(tx.scalar("SELECT min(due_at) FROM jobs WHERE state = 'queued'")?)).await
    }

    fn parallel(&self) -> usize {
        2
    }
}
