//! The real binary in a folder of its own: commands that run and end, and a server that runs beside them.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hg_store::testing::{postgres_admin, with_database};
use hg_testkit::app::PASSWORD;
use hg_testkit::web::{Reply, TestWeb, browser};
use serde_json::Value;
use tempfile::TempDir;

pub const ADDRESS: &str = "ada@example.org";

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub well: bool,
    pub out: String,
    pub err: String,
}

/// A folder, a database and a port.
pub struct House {
    pub dir: TempDir,
    database: Option<(String, String)>,
    port: u16,
}

impl House {
    /// On an SQLite file in the folder.
    pub fn on_sqlite() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        Self { dir: tempfile::tempdir().expect("a folder"), database: None, port }
    }

    /// On a fresh PostgreSQL database; none when no server is named.
    pub async fn on_postgres(name: &str) -> Option<Self> {
        let Some(hg_testkit::Backend::Postgres(server)) = hg_testkit::Backend::postgres() else { return None };
        let name = format!("hg_console_{}_{name}", std::process::id());
        postgres_admin(&server, &[format!("CREATE DATABASE {name}")]).await.expect("a database");
        let mut house = Self::on_sqlite();
        house.database = Some((server, name));
        Some(house)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_honeyguide"));
        command.args(args).arg("--data-dir").arg(self.data()).current_dir(self.dir.path());
        if let Some((server, name)) = &self.database {
            command.args(["--database", &with_database(server, name)]);
        }
        command.env("HONEYGUIDE__LOG__LEVEL", "error").stdin(Stdio::null());
        command
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Runs a command to its end.
    pub fn run(&self, args: &[&str]) -> Said {
        let output = self.command(args).output().expect("the command starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Said { well: output.status.success(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Runs a command that must end well; what it said.
    pub fn done(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert!(said.well, "{args:?}: {said:?}");
        said.out
    }

    /// Runs a command that must be refused; why.
    pub fn refused(&self, args: &[&str]) -> String {
        let said = self.run(args);
        assert!(!said.well, "{args:?}: {said:?}");
        said.err
    }

    /// Starts the server and waits until it answers.
    pub async fn serve(&self) -> Server {
        let child = self
            .command(&["serve", "--listen", &format!("127.0.0.1:{}", self.port)])
            .env("HONEYGUIDE__ADMIN__EMAIL", ADDRESS)
            .env("HONEYGUIDE__ADMIN__PASSWORD", PASSWORD)
            .stdout(Stdio::null())
            .spawn()
            .expect("the server starts");
        let server = Server { child, web: TestWeb::at(format!("http://127.0.0.1:{}", self.port)).with_basic(ADDRESS, PASSWORD) };
        let client = browser().build().unwrap();
        for _ in 0..600 {
            let answer = client.get(format!("{}/health", server.web.url)).send().await;
            if answer.is_ok_and(|r| r.status().is_success()) {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("the server does not answer");
    }

    pub fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }
}

impl Drop for House {
    fn drop(&mut self) {
        let Some((server, name)) = self.database.take() else { return };
        let drop_it = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            let _ = runtime.block_on(postgres_admin(&server, &[format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")]));
        };
        let _ = std::thread::spawn(drop_it).join();
    }
}

/// A running server; it goes with the value.
pub struct Server {
    child: Child,
    pub web: TestWeb,
}

impl Server {
    /// Asks it to stop and waits until it has.
    pub fn stop(mut self) {
        let asked = Command::new("kill").arg(self.child.id().to_string()).status().expect("kill runs");
        assert!(asked.success() && self.child.wait().expect("it ends").success(), "the server did not stop in peace");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of an answer that must be good.
pub fn good(reply: &Reply) -> Value {
    assert!(reply.status < 300, "{} {}", reply.status, reply.text);
    reply.json()
}

/// Asks again until the answer is as it should be; background work ends soon, but when is nobody's business.
pub async fn until(web: &TestWeb, path: &str, right: impl Fn(&Value) -> bool) -> Value {
    let mut last = Value::Null;
    for _ in 0..200 {
        last = good(&web.get(path).await);
        if right(&last) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{path} stays {last}");
}

/// Whether a folder or file is there.
pub fn is_there(path: impl AsRef<Path>) -> bool {
    path.as_ref().exists()
}
