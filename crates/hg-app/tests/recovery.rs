//! What a crash left behind is sorted out when Honeyguide starts again.

use hg_app::jobs;
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};

async fn job(app: &TestApp, key: Option<&'static str>, state: &'static str) {
    let sql = "INSERT INTO jobs (kind, dedupe_key, title, payload, state, due_at, leased_until, created_at) \
               VALUES ('x', $1, 'X', '{}', $2, 0, 1, 0)";
    app.ws.db.write(move |tx| tx.exec(Sql::new(sql).bind(key).bind(state))).await.unwrap();
}

on_each_db!(of_jobs_with_one_key_one_waits_after_a_crash_and_nothing_is_lost, |app| {
    job(&app, Some("rebuild:1"), "running").await;
    job(&app, Some("rebuild:1"), "queued").await;
    job(&app, Some("rebuild:2"), "running").await;
    job(&app, Some("rebuild:2"), "running").await;
    job(&app, Some("rebuild:3"), "running").await;
    job(&app, None, "running").await;
    job(&app, None, "running").await;
    job(&app, Some("rebuild:4"), "stopping").await;
    jobs::recover(&app.cx()).await.unwrap();
    let states = app.ws.db.read(|tx| tx.all("SELECT state FROM jobs ORDER BY id", |r| r.get::<String>(0))).await.unwrap();
    assert_eq!(states, ["done", "queued", "done", "queued", "queued", "queued", "queued", "stopped"]);
});
