//! Tasks: stopped, failed, tried again, and left behind by a crash.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use hg_app::jobs::{self, Job, JobHandle, JobRunner, JobWorker, NewJob, Outcome};
use hg_app::worker::Worker;
use hg_app::{Cx, Error, Result};
use hg_core::ids::JobId;
use hg_core::time::Millis;
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use serde_json::json;

/// Does what its payload says, each time the next thing.
struct Played(Arc<AtomicUsize>);

#[async_trait]
impl JobRunner for Played {
    fn kind(&self) -> &'static str {
        "test.played"
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let turn = self.0.fetch_add(1, Ordering::SeqCst);
        let what = job.payload["plays"][turn].as_str().unwrap_or("done").to_owned();
        Ok(match what.as_str() {
            "error" => return Err(Error::unavailable("The disk is full.")),
            "fail" => Outcome::Fail("It cannot be done.".into()),
            "later" => Outcome::Retry(Millis::minutes(5), "The other side rests.".into()),
            "stopped while it failed" => {
                jobs::stop(cx, job.id).await?;
                return Err(Error::unavailable("The disk is full."));
            }
            "stopped while it ran" => {
                jobs::stop(cx, job.id).await?;
                assert!(!handle.progress(3, Some(10), None).await?, "it hears that it is to stop");
                Outcome::Interrupted
            }
            _ => Outcome::Done("All done.".into()),
        })
    }
}

async fn push(app: &TestApp, plays: &[&str]) -> JobId {
    let (now, plays) = (app.now(), json!({ "plays": plays }));
    let pushed = app.ws.db.write(move |tx| {
        let job = NewJob {
            kind: "test.played",
            dedupe_key: None,
            title: "Play".into(),
            payload: plays.clone(),
            due_at: now,
            visible: true,
            link: None,
            created_by: None,
        };
        jobs::push(tx, now, job)
    });
    pushed.await.unwrap().expect("it waits")
}

fn worker() -> (JobWorker, Arc<AtomicUsize>) {
    let turns = Arc::new(AtomicUsize::new(0));
    (JobWorker::new(vec![Arc::new(Played(turns.clone()))]), turns)
}

async fn work(app: &TestApp, worker: &JobWorker) {
    while worker.run_once(&app.cx()).await.unwrap() > 0 {}
}

async fn state(app: &TestApp, id: JobId) -> (String, String) {
    let job = jobs::get(&app.cx(), id).await.unwrap();
    (job.state, job.message.unwrap_or_default())
}

fn is(state: &str, message: &str) -> (String, String) {
    (state.to_owned(), message.to_owned())
}

on_each_db!(a_task_that_fails_is_tried_again_and_given_up_with_its_reason, |app| {
    let (worker, turns) = worker();
    let id = push(&app, &["error", "error", "done"]).await;
    work(&app, &worker).await;
    assert_eq!(state(&app, id).await, is("queued", "The disk is full."));
    app.advance(Millis::minutes(1));
    work(&app, &worker).await;
    app.advance(Millis::minutes(1));
    work(&app, &worker).await;
    assert_eq!(state(&app, id).await, is("done", "All done."));
    turns.store(0, Ordering::SeqCst);
    let id = push(&app, &["error"; 9]).await;
    for _ in 0..9 {
        work(&app, &worker).await;
        app.advance(Millis::minutes(5));
    }
    assert_eq!((state(&app, id).await, turns.load(Ordering::SeqCst)), (is("failed", "The disk is full."), 5));
    jobs::resume(&app.cx(), id).await.unwrap();
    turns.store(9, Ordering::SeqCst);
    work(&app, &worker).await;
    assert_eq!(state(&app, id).await, is("done", "All done."));
});

on_each_db!(a_task_that_asks_for_patience_waits_for_its_time, |app| {
    let (worker, turns) = worker();
    let id = push(&app, &["later", "done"]).await;
    work(&app, &worker).await;
    assert_eq!(state(&app, id).await, is("queued", "The other side rests."));
    app.advance(Millis::minutes(4));
    work(&app, &worker).await;
    assert_eq!(turns.load(Ordering::SeqCst), 1);
    app.advance(Millis::minutes(1));
    work(&app, &worker).await;
    assert_eq!(state(&app, id).await.0, "done");
});

on_each_db!(who_stops_a_task_is_heard_whatever_it_is_doing, |app| {
    for play in ["stopped while it ran", "stopped while it failed"] {
        let (worker, turns) = worker();
        let id = push(&app, &[play, "done"]).await;
        work(&app, &worker).await;
        assert_eq!(state(&app, id).await.0, "stopped", "{play}");
        app.advance(Millis::hours(1));
        work(&app, &worker).await;
        assert_eq!(turns.load(Ordering::SeqCst), 1, "{play}: it stays stopped");
        jobs::resume(&app.cx(), id).await.unwrap();
        work(&app, &worker).await;
        assert_eq!(state(&app, id).await.0, "done", "{play}");
    }
});

on_each_db!(what_a_crash_left_running_goes_on_unless_it_was_being_stopped, |app| {
    let (worker, _) = worker();
    let (running, stopping) = (push(&app, &["done"]).await, push(&app, &["done"]).await);
    let past = app.now().minus(Millis::hours(1));
    for (id, state) in [(running, "running"), (stopping, "stopping")] {
        let sql = "UPDATE jobs SET state = $2, leased_until = $3 WHERE id = $1";
        app.ws.db.write(move |tx| Ok::<_, Error>(tx.exec(Sql::new(sql).bind(id).bind(state).bind(past))?)).await.unwrap();
    }
    assert_eq!(jobs::recover(&app.cx()).await.unwrap(), 2);
    work(&app, &worker).await;
    assert_eq!((state(&app, running).await.0, state(&app, stopping).await.0), ("done".into(), "stopped".into()));
});

on_each_db!(a_task_of_a_kind_that_nobody_knows_says_so, |app| {
    let id = push(&app, &[]).await;
    let nobody = JobWorker::new(Vec::new());
    work(&app, &nobody).await;
    let (state, message) = state(&app, id).await;
    assert!(state == "failed" && message.contains("test.played"), "{message}");
});
