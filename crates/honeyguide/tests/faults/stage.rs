//! A running binary with people in a segment, a mail server that can misbehave, and a clock that can be put.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use hg_testkit::smtp_sink::{Faults, SinkOptions, SmtpSink};
use hg_testkit::web::TestWeb;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Server, client, free_port, good, until_it_answers};

pub const MINUTE: i64 = 60_000;
pub const DAY: i64 = 24 * 60 * MINUTE;
/// Connections of the sender at once.
pub const CONNECTIONS: u64 = 4;

pub struct Stage {
    pub dir: TempDir,
    pub port: u16,
    pub sink: SmtpSink,
    pub web: TestWeb,
    pub server: Server,
}

impl Stage {
    /// A fresh workspace whose mail goes to a server with these faults.
    pub async fn open(faults: Faults) -> Self {
        Self::with(Command::new(env!("CARGO_BIN_EXE_honeyguide")), faults).await
    }

    /// The same with a command of the caller's.
    pub async fn with(mut command: Command, faults: Faults) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let sink = SmtpSink::with(SinkOptions { keep: true, faults, ..SinkOptions::default() }).await.expect("the sink starts");
        let port = free_port();
        command.env("HONEYGUIDE_CLOCK_SHIFT", dir.path().join("clock.shift"));
        let server = Server::of(command, dir.path(), port, Some(&sink));
        let stage = Self { port, sink, web: client(port), server, dir };
        until_it_answers(port).await;
        let mut sending = good(stage.web.get("/api/v1/settings/sending").await).await;
        sending["sender_email"] = json!("team@example.org");
        sending["max_connections"] = json!(CONNECTIONS);
        good(stage.web.put("/api/v1/settings/sending", &sending).await).await;
        stage
    }

    /// Puts the clock of the binary: so many milliseconds from the real one.
    pub fn shift_clock(&self, by: i64) {
        let (file, whole): (PathBuf, PathBuf) = (self.dir.path().join("clock.shift"), self.dir.path().join("clock.new"));
        // Moved into place, so that nobody reads half of it.
        std::fs::write(&whole, by.to_string()).expect("the clock can be put");
        std::fs::rename(whole, file).expect("the clock can be put");
    }

    /// Imports so many people; the segment that holds everybody.
    pub async fn people(&self, count: usize) -> i64 {
        let lines: String = (0..count).map(|n| format!("p{n}@example.org,Person {n}\n")).collect();
        let file = format!("email,firstname\n{lines}").into_bytes();
        let import = self.made(self.web.upload("/api/v1/imports", "file", "people.csv", file).await).await;
        good(self.web.post(&format!("/api/v1/imports/{import}/start"), &json!({})).await).await;
        let filter = json!({"match": "all", "rules": [{"field": "email", "op": "!empty"}]});
        let segment = self.made(self.web.post("/api/v1/segments", &json!({"name": "Everybody", "filter": filter})).await).await;
        self.until(&format!("/api/v1/imports/{import}"), |i| i["state"] == "done").await;
        self.until(&format!("/api/v1/segments/{segment}"), |s| s["count"] == json!(count) && s["building"] == false).await;
        segment
    }

    /// Sends an email to a segment; the email.
    pub async fn send(&self, segment: i64, name: &str) -> i64 {
        let email = json!({"name": name, "subject": name, "source": "<p>Hello</p>", "kind": "segment", "segments": [segment]});
        let id = self.made(self.web.post("/api/v1/emails", &email).await).await;
        good(self.web.post(&format!("/api/v1/emails/{id}/send"), &json!({})).await).await;
        id
    }

    /// An email that campaigns and single sends use.
    pub async fn template(&self, name: &str) -> i64 {
        let email = json!({"name": name, "subject": name, "source": "<p>Hello</p>", "kind": "template"});
        self.made(self.web.post("/api/v1/emails", &email).await).await
    }

    pub async fn made(&self, reply: hg_testkit::web::Reply) -> i64 {
        good(reply).await["id"].as_i64().expect("an id")
    }

    /// Looks until it is as it should be.
    pub async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..800 {
            last = good(self.web.get(path).await).await;
            if wanted(&last) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{path} stays like this: {last}");
    }

    /// The counts of an email, once this many of its messages have come to an end.
    pub async fn until_ended(&self, email: i64, people: u64) -> Value {
        let ended =
            |counts: &Value| ["sent", "failed", "unknown", "skipped"].iter().filter_map(|k| counts[*k].as_u64()).sum::<u64>();
        let path = format!("/api/v1/emails/{email}");
        self.until(&path, |e| e["counts"]["queued"] == 0 && ended(&e["counts"]) >= people).await["counts"].clone()
    }

    pub async fn counts(&self, email: i64) -> Value {
        good(self.web.get(&format!("/api/v1/emails/{email}")).await).await["counts"].clone()
    }

    /// So many different people got something, and each of them once.
    pub fn assert_each_once(&self, people: u64) {
        let got = self.sink.per_recipient();
        assert!(got.values().all(|n| *n == 1), "doubled: {:?}", got.iter().filter(|(_, n)| **n > 1).collect::<Vec<_>>());
        assert_eq!(got.len() as u64, people);
        assert!(self.sink.per_message_id().values().all(|n| *n == 1), "a Message-ID came twice");
    }
}
