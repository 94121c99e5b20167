//! A server of the real binary that tests can kill.
#![allow(dead_code)]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hg_testkit::smtp_sink::SmtpSink;
use hg_testkit::web::{Reply, TestWeb, browser};
use serde_json::Value;

/// A running binary.
pub struct Server {
    child: Child,
}

impl Server {
    /// Without a sink mail stays in the outbox.
    pub fn start(dir: &Path, port: u16, sink: Option<&SmtpSink>) -> Self {
        Self::of(Command::new(env!("CARGO_BIN_EXE_honeyguide")), dir, port, sink)
    }

    /// The same with a command of the caller's, to which the arguments are added.
    pub fn of(mut command: Command, dir: &Path, port: u16, sink: Option<&SmtpSink>) -> Self {
        let mail = sink.map_or_else(|| "outbox:".to_owned(), |sink| format!("{}?tls=none", sink.url()));
        let child = command
            .args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data-dir"])
            .arg(dir)
            .env("HONEYGUIDE__MAIL__URL", mail)
            .env("HONEYGUIDE__ADMIN__EMAIL", "ada@example.org")
            .env("HONEYGUIDE__ADMIN__PASSWORD", hg_testkit::app::PASSWORD)
            .env("HONEYGUIDE__LOG__LEVEL", "error")
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .expect("the binary starts");
        Self { child }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kill -9: no goodbye.
    pub fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub async fn until_it_answers(port: u16) {
    let client = browser().build().unwrap();
    for _ in 0..600 {
        if client.get(format!("http://127.0.0.1:{port}/health")).send().await.is_ok_and(|r| r.status().is_success()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the server does not answer");
}

pub async fn good(reply: Reply) -> Value {
    assert!(reply.status < 300, "{} {}", reply.status, reply.text);
    reply.json()
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port()
}

/// The administrator's client.
pub fn client(port: u16) -> TestWeb {
    TestWeb::at(format!("http://127.0.0.1:{port}")).with_basic("ada@example.org", hg_testkit::app::PASSWORD)
}
