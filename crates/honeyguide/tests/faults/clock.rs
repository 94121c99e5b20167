//! A clock that jumps: forward over what is due, and back to where it should have been.

use hg_testkit::smtp_sink::{Faults, SinkOptions, SmtpSink};
use serde_json::{Value, json};

use crate::server::good;
use crate::stage::{DAY, Stage};

/// A mail, two days, a second mail.
async fn campaign(stage: &Stage, segment: i64) -> (i64, i64) {
    let (first, second) = (stage.template("First").await, stage.template("Second").await);
    let steps = json!([
        {"key": "first", "name": "First", "type": "email.send", "settings": {"email_id": first}},
        {"key": "second", "name": "Second", "type": "email.send", "parent": "first", "settings": {"email_id": second},
         "timing": {"mode": "interval", "interval": 2, "unit": "d"}},
        {"key": "points", "name": "Points", "type": "contact.points", "parent": "second", "settings": {"points": 7}},
    ]);
    let campaign = json!({"name": "Welcome", "sources": [{"kind": "segment", "id": segment}], "steps": steps});
    let campaign = stage.made(stage.web.post("/api/v1/campaigns", &campaign).await).await;
    good(stage.web.post(&format!("/api/v1/campaigns/{campaign}/publish"), &json!({})).await).await;
    (first, second)
}

async fn with_points(stage: &Stage, points: i64) -> Value {
    good(stage.web.get(&format!("/api/v1/contacts?limit=1&search=points%3A{points}")).await).await["total"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn steps_that_a_jump_of_the_clock_makes_due_happen_once_and_not_again_when_it_jumps_back() {
    let stage = Stage::open(Faults::default()).await;
    let segment = stage.people(25).await;
    let (first, second) = campaign(&stage, segment).await;
    stage.until_ended(first, 25).await;
    assert_eq!(stage.counts(second).await["sent"], 0);
    stage.shift_clock(3 * DAY);
    stage.until_ended(second, 25).await;
    stage.until("/api/v1/contacts?limit=1&search=points%3A7", |found| found["total"] == 25).await;
    // Back again: what happened is not repeated, and who comes now is served now.
    stage.shift_clock(0);
    good(stage.web.post("/api/v1/contacts", &json!({"fields": {"email": "late@example.org"}})).await).await;
    stage.until_ended(first, 26).await;
    assert_eq!(stage.counts(second).await["sent"], 25, "the two days of the latest go on");
    stage.shift_clock(3 * DAY);
    stage.until_ended(second, 26).await;
    stage.until("/api/v1/contacts?limit=1&search=points%3A7", |found| found["total"] == 26).await;
    assert_eq!(with_points(&stage, 14).await, 0, "nobody got points twice");
    let got = stage.sink.per_recipient();
    assert!(got.len() == 26 && got.values().all(|n| *n == 2), "{got:?}");
    assert!(stage.sink.per_message_id().values().all(|n| *n == 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_queued_by_a_clock_that_was_ahead_does_not_wait_until_that_day() {
    let mut stage = Stage::open(Faults::default()).await;
    let segment = stage.people(12).await;
    // Two days ahead, the mail server goes away: what is queued waits, and so does the sender.
    stage.shift_clock(2 * DAY);
    let listen = stage.sink.address();
    stage.sink = SmtpSink::start().await.expect("another place");
    let email = stage.send(segment, "News").await;
    stage.until("/api/v1/mail-routes", |routes| routes[0]["trouble"].is_string()).await;
    assert_eq!(stage.counts(email).await["queued"], 12);
    // Somebody puts the clock right, and the server is back.
    stage.shift_clock(0);
    stage.sink = SmtpSink::with(SinkOptions { listen, ..SinkOptions::default() }).await.expect("the same place");
    assert_eq!(stage.until_ended(email, 12).await["sent"], 12);
    stage.assert_each_once(12);
}
