//! A disk that fills: the product says so, keeps what it answered, and goes on when there is room again.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use hg_testkit::smtp_sink::Faults;
use serde_json::{Value, json};

use crate::server::good;
use crate::stage::Stage;

/// The binary, told by a full disk instead of being ended by it. The largest size of its files can be set from outside: no
/// file system of its own is needed.
fn told_of_limits() -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\"", env!("CARGO_BIN_EXE_honeyguide")]);
    command
}

/// No file of the process may be larger than that; None: as large as it likes.
fn limit(stage: &Stage, bytes: Option<u64>) {
    let limit = bytes.map_or_else(|| "unlimited:".to_owned(), |bytes| format!("{bytes}:"));
    let status = Command::new("prlimit")
        .args(["--pid", &stage.server.id().to_string(), &format!("--fsize={limit}")])
        .status()
        .expect("prlimit is part of every Linux");
    assert!(status.success());
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |m| m.len())
}

/// There is room for a little more in the log of the database, and then none.
fn nearly_full(stage: &Stage, room: u64) {
    limit(stage, Some(size(&stage.dir.path().join("honeyguide.db-wal")) + room));
}

/// Makes contacts until the disk is full; how many were answered with yes.
async fn until_full(stage: &Stage) -> (u64, Value) {
    for n in 0..2_000 {
        let reply = stage.web.post("/api/v1/contacts", &json!({"fields": {"email": format!("more{n}@example.org")}})).await;
        if reply.status != 201 {
            assert_eq!(reply.status, 503, "{}", reply.text);
            return (n, reply.json());
        }
    }
    panic!("the disk never fills");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_said_clearly_and_loses_nothing_that_was_answered() {
    let stage = Stage::with(told_of_limits(), Faults::default()).await;
    let segment = stage.people(5).await;
    nearly_full(&stage, 300_000);
    let (made, problem) = until_full(&stage).await;
    assert!(made > 0, "it was full from the start");
    assert_eq!(problem["type"], "/problems/disk-unwritable", "{problem}");
    assert!(problem["detail"].as_str().is_some_and(|d| d.contains("free some space")), "{problem}");
    let total = || async { good(stage.web.get("/api/v1/contacts?limit=1").await).await["total"].clone() };
    assert_eq!(total().await, json!(5 + made), "what was answered is there, and one can still look");
    // There is room again: nobody has to start anything anew.
    limit(&stage, None);
    let (more, members) = (format!("/api/v1/segments/{segment}"), 5 + made + 1);
    good(stage.web.post("/api/v1/contacts", &json!({"fields": {"email": "after@example.org"}})).await).await;
    assert_eq!(total().await, json!(members));
    stage.until(&more, |s| s["count"] == json!(members)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_stops_while_the_disk_is_full_and_goes_on_with_the_right_counts() {
    const PEOPLE: u64 = 300;
    let slow = Faults { delay: Duration::from_millis(10), ..Faults::default() };
    let stage = Stage::with(told_of_limits(), slow).await;
    let segment = stage.people(PEOPLE as usize).await;
    let email = stage.send(segment, "News").await;
    tokio::time::timeout(Duration::from_secs(30), stage.sink.wait_for(20)).await.expect("mail leaves");
    nearly_full(&stage, 0);
    // Each line finishes what is on it; nothing more is handed over that could not be written down before.
    let mut arrived = stage.sink.total();
    loop {
        tokio::time::sleep(Duration::from_millis(700)).await;
        if stage.sink.total() == arrived {
            break;
        }
        arrived = stage.sink.total();
    }
    assert!(arrived < PEOPLE, "the disk was full too late to show anything");
    limit(&stage, None);
    let counts = stage.until_ended(email, PEOPLE).await;
    assert_eq!((&counts["sent"], &counts["unknown"], &counts["failed"]), (&json!(PEOPLE), &json!(0), &json!(0)));
    stage.assert_each_once(PEOPLE);
}
