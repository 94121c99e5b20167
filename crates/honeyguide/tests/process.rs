//! The real binary from outside: what it says to a wrong configuration, how it stops, and what it does after a crash.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use hg_store::{Db, DbUrl, Options, Sql};
use hg_testkit::app::PASSWORD;
use hg_testkit::smtp_sink::{Faults, SinkOptions, SmtpSink};
use hg_testkit::web::{Reply, TestWeb, browser};
use serde_json::{Value, json};

/// How long anything may take before the test gives up.
const DEADLINE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(25);

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_honeyguide"));
    command
        .args(args)
        .current_dir(dir)
        .env_remove("HONEYGUIDE__MAIL__URL")
        .env("HONEYGUIDE__LOG__LEVEL", "error")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

/// Waits until a process has ended by itself.
async fn ended(child: &mut Child, within: Duration) -> Option<ExitStatus> {
    let began = Instant::now();
    while began.elapsed() < within {
        if let Some(status) = child.try_wait().expect("it can be asked") {
            return Some(status);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    None
}

/// Runs what must not start; its exit code and its last words.
async fn refused(mut command: Command) -> (Option<i32>, String) {
    let mut child = command.spawn().expect("the binary starts");
    let Some(status) = ended(&mut child, DEADLINE).await else {
        let _ = child.kill();
        panic!("it runs although it should not: {command:?}");
    };
    let mut words = String::new();
    let stderr = child.stderr.as_mut().expect("it was asked for");
    std::io::Read::read_to_string(stderr, &mut words).expect("text");
    assert!(!words.contains("panicked"), "{words}");
    (status.code(), words)
}

struct Server {
    child: Child,
    port: u16,
}

impl Server {
    async fn start(dir: &Path, mail: Option<&SmtpSink>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port").port();
        let mut command = command(dir, &["serve", "--listen", &format!("127.0.0.1:{port}"), "--data-dir", "data"]);
        command
            .env("HONEYGUIDE__ADMIN__EMAIL", "ada@example.org")
            .env("HONEYGUIDE__ADMIN__PASSWORD", PASSWORD)
            .stderr(Stdio::inherit());
        if let Some(sink) = mail {
            command.env("HONEYGUIDE__MAIL__URL", format!("{}?tls=none", sink.url()));
        }
        let server = Self { child: command.spawn().expect("the binary starts"), port };
        server.until_it_answers().await;
        server
    }

    async fn until_it_answers(&self) {
        let client = browser().build().unwrap();
        let began = Instant::now();
        while began.elapsed() < DEADLINE {
            let health = client.get(format!("http://127.0.0.1:{}/health", self.port)).send().await;
            if health.is_ok_and(|r| r.status().is_success()) {
                return;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        panic!("the server does not answer");
    }

    fn web(&self) -> TestWeb {
        TestWeb::at(format!("http://127.0.0.1:{}", self.port)).with_basic("ada@example.org", PASSWORD)
    }

    /// Kill -9: no goodbye.
    fn kill(&mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is gone");
    }

    /// SIGTERM, as every supervisor stops a service.
    async fn stop(&mut self) -> ExitStatus {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().expect("kill is there");
        assert!(told.success());
        ended(&mut self.child, DEADLINE).await.expect("it stops when it is asked to")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn good(reply: &Reply) -> Value {
    assert!(reply.status < 300, "{} {}", reply.status, reply.text);
    reply.json()
}

/// Asks again and again until the answer is as wanted.
async fn until(web: &TestWeb, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let began = Instant::now();
    loop {
        let now = good(&web.get(path).await);
        if wanted(&now) {
            return now;
        }
        assert!(began.elapsed() < DEADLINE, "{path} stays at {now}");
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

#[tokio::test]
async fn a_wrong_configuration_is_told_in_words_and_the_program_ends_with_a_code() {
    let dir = tempfile::tempdir().expect("a folder");
    let at = |name: &str| dir.path().join(name).display().to_string();
    std::fs::write(at("notes.txt"), "This is no database. ".repeat(500)).expect("a file");
    std::fs::write(at("unknown.toml"), "[server]\nlissten = \"127.0.0.1:1\"\n").expect("a file");
    std::fs::write(at("broken.toml"), "[server\n").expect("a file");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let busy = taken.local_addr().expect("an address").to_string();
    let free = ["--listen", "127.0.0.1:0", "--data-dir", "data"];
    let serve = |extra: &[&str]| command(dir.path(), &[&["serve"], &free[..], extra].concat());
    let with = |key: &str, value: &str| {
        let mut command = serve(&[]);
        command.env(key, value);
        command
    };
    for (what, command, words) in [
        (
            "an address that is none",
            command(dir.path(), &["serve", "--listen", "nonsense", "--data-dir", "data"]),
            "is not an address to listen on",
        ),
        (
            "a port that is taken",
            command(dir.path(), &["serve", "--listen", &busy, "--data-dir", "data"]),
            "is in use by another program",
        ),
        ("another kind of database", serve(&["--database", "mysql://hg:secret@db/x"]), "is not a database address"),
        ("no file", serve(&["--database", "sqlite:"]), "names no file"),
        ("a folder that cannot be made", serve(&["--database", "sqlite:/proc/nowhere/x.db"]), "cannot be made"),
        (
            "a file that is no database",
            serve(&["--database", &format!("sqlite:{}", at("notes.txt"))]),
            "not a database of Honeyguide",
        ),
        ("a server that is not there", serve(&["--database", "postgres://hg@127.0.0.1:1/x"]), "cannot be reached"),
        ("a data folder that is a file", command(dir.path(), &["serve", "--data-dir", &at("notes.txt")]), "the data folder"),
        ("no such file", serve(&["--config", "nowhere.toml"]), "the configuration cannot be read"),
        ("a broken file", serve(&["--config", "broken.toml"]), "the configuration cannot be read"),
        ("a slip of the pen in a file", serve(&["--config", "unknown.toml"]), "lissten"),
        ("no mail server", with("HONEYGUIDE__MAIL__URL", "ftp://mail.example.org"), "mail.url: a mail server is written"),
        ("an option that means nothing", with("HONEYGUIDE__MAIL__URL", "smtp://x.io?tsl=none"), "the option tsl"),
        ("a short key", with("HONEYGUIDE__SECRET_KEY", "secret"), "the secret key is too short"),
        ("a slip of the pen outside", with("HONEYGUIDE__DATABSE__URL", "sqlite:x.db"), "databse"),
    ] {
        let (code, said) = refused(command).await;
        assert!(said.contains(words), "{what}: {said}");
        assert!(!said.contains("secret@"), "no password is told: {said}");
        assert_eq!(code, Some(1), "{what}: {said}");
    }
    let notes = std::fs::read_to_string(at("notes.txt")).expect("it is there");
    assert!(notes.starts_with("This is no database."), "what is not ours stays as it was");
    let (code, said) = refused(command(dir.path(), &["serve", "--nonsense"])).await;
    assert_eq!((code, said.contains("--nonsense")), (Some(2), true), "{said}");
}

#[tokio::test]
async fn a_database_made_by_a_newer_version_is_left_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("data").join("honeyguide.db");
    let made = command(dir.path(), &["migrate", "--data-dir", "data"]).status().expect("it runs");
    assert!(made.success());
    let db = Db::open(&DbUrl::Sqlite(file.clone()), Options::default()).await.expect("it opens");
    db.write(|tx| tx.exec(Sql::new("INSERT INTO schema_steps (number, name, applied_at) VALUES (900, 'later', 0)")))
        .await
        .expect("a later step");
    db.close().await;
    drop(db);
    let before = std::fs::read(&file).expect("the file");
    for args in [&["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"][..], &["migrate", "--data-dir", "data"]] {
        let (code, said) = refused(command(dir.path(), args)).await;
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("made by a newer version") && said.contains("900"), "{said}");
    }
    assert!(std::fs::read(&file).expect("the file") == before, "not a byte changed");
}

#[tokio::test]
async fn a_second_server_on_the_same_file_is_sent_away_and_the_first_goes_on() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start(dir.path(), None).await;
    let web = server.web();
    good(&web.post("/api/v1/contacts", &json!({"fields": {"email": "ann@example.org"}})).await);
    let second = command(dir.path(), &["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"]);
    let (code, said) = refused(second).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("in use by another process") && said.contains("PostgreSQL"), "{said}");
    good(&web.post("/api/v1/contacts", &json!({"fields": {"email": "bob@example.org"}})).await);
    assert_eq!(good(&web.get("/api/v1/contacts").await)["total"], 2);
}

fn rows(count: usize) -> Vec<u8> {
    let lines: String = (0..count).map(|n| format!("p{n}@example.org,Person {n},\"Street {n}\n2nd floor\"\n")).collect();
    format!("email,firstname,address1\n{lines}").into_bytes()
}

/// Uploads a list and starts its import; where it is told of.
async fn begin_import(web: &TestWeb, count: usize) -> String {
    let import = good(&web.upload("/api/v1/imports", "file", "people.csv", rows(count)).await)["id"].clone();
    let path = format!("/api/v1/imports/{import}");
    good(&web.post(&format!("{path}/start"), &json!({})).await);
    path
}

fn done(import: &Value) -> u64 {
    import["progress"]["done"].as_u64().unwrap_or(0)
}

/// Every row became one contact, and none became two.
async fn exactly(web: &TestWeb, import: &Value, count: usize) {
    let told = &import["progress"];
    assert_eq!(
        (&told["created"], &told["updated"], &told["skipped"], &told["rejected"]),
        (&json!(count), &json!(0), &json!(0), &json!(0)),
        "{import}"
    );
    assert_eq!(good(&web.get("/api/v1/contacts?limit=1").await)["total"], count);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_killed_again_and_again_ends_with_exactly_the_right_people() {
    const PEOPLE: usize = 30_000;
    const KILLS: u64 = 4;
    let dir = tempfile::tempdir().expect("a folder");
    let mut server = Server::start(dir.path(), None).await;
    let path = begin_import(&server.web(), PEOPLE).await;
    for kill in 1..=KILLS {
        let before = done(&good(&server.web().get(&path).await));
        let now = until(&server.web(), &path, |i| done(i) > before + 1_000).await;
        server.kill();
        assert!(done(&now) < PEOPLE as u64, "kill {kill} came after the last row");
        server = Server::start(dir.path(), None).await;
        let again = good(&server.web().get(&path).await);
        assert!(done(&again) >= done(&now), "what was told is kept: {} then {}", done(&now), done(&again));
    }
    let end = until(&server.web(), &path, |i| i["state"] == "done").await;
    exactly(&server.web(), &end, PEOPLE).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_asked_to_stop_ends_well_and_goes_on_where_it_was() {
    const PEOPLE: usize = 12_000;
    const MAILED: u64 = 400;
    let dir = tempfile::tempdir().expect("a folder");
    let faults = Faults { delay: Duration::from_millis(10), ..Faults::default() };
    let sink = SmtpSink::with(SinkOptions { keep: false, faults, ..SinkOptions::default() }).await.expect("the sink starts");
    let mut server = Server::start(dir.path(), Some(&sink)).await;
    let web = server.web();
    let email = begin_send(&web, MAILED).await;
    let path = begin_import(&web, PEOPLE).await;
    // Somebody watches: an open stream must not hold up the end.
    let watching = tokio::spawn({
        let client = browser().build().unwrap();
        let url = format!("{}/api/v1/live", web.url);
        async move {
            let stream = client.get(url).basic_auth("ada@example.org", Some(PASSWORD)).send().await.expect("it answers");
            stream.bytes().await.map(|b| b.len()).unwrap_or(0)
        }
    });
    let before = until(&web, &path, |i| done(i) > 500).await;
    tokio::time::timeout(DEADLINE, sink.wait_for(20)).await.expect("mail leaves");
    assert!(done(&before) < PEOPLE as u64 && sink.total() < MAILED, "it was stopped too late to show anything");
    let status = server.stop().await;
    assert_eq!(status.code(), Some(0), "{status}");
    tokio::time::timeout(DEADLINE, watching).await.expect("the stream ends").expect("without a panic");
    let arrived = sink.total();

    server = Server::start(dir.path(), Some(&sink)).await;
    let web = server.web();
    let now = good(&web.get(&format!("/api/v1/emails/{email}")).await)["counts"].clone();
    assert_eq!(now["unknown"], 0, "a good end leaves no message in doubt: {now}");
    assert!(now["sent"].as_u64() >= Some(arrived), "what arrived is written down: {now}, {arrived}");
    sink.set_faults(Faults::default());
    let end = until(&web, &path, |i| i["state"] == "done").await;
    let told = &end["progress"];
    assert_eq!((&told["created"], &told["rejected"]), (&json!(PEOPLE - MAILED as usize), &json!(0)), "{end}");
    assert_eq!(good(&web.get("/api/v1/contacts?limit=1").await)["total"], PEOPLE);
    let mails = until(&web, &format!("/api/v1/emails/{email}"), |e| e["counts"]["queued"] == 0).await;
    assert_eq!((&mails["counts"]["sent"], &mails["counts"]["unknown"]), (&json!(MAILED), &json!(0)));
    assert_eq!(sink.per_recipient().len() as u64, MAILED);
    assert!(sink.per_recipient().values().all(|n| *n == 1), "nobody is mailed twice");
}

/// The first people of the list, in a segment, on their way to be mailed.
async fn begin_send(web: &TestWeb, people: u64) -> i64 {
    let path = begin_import(web, usize::try_from(people).expect("small")).await;
    until(web, &path, |i| i["state"] == "done").await;
    let mut sending = good(&web.get("/api/v1/settings/sending").await);
    sending["sender_email"] = json!("team@example.org");
    sending["max_connections"] = json!(2);
    good(&web.put("/api/v1/settings/sending", &sending).await);
    let ids: Vec<Value> = (1..=people).map(|n| json!(n)).collect();
    let segment = good(&web.post("/api/v1/segments", &json!({"name": "First"})).await)["id"].clone();
    good(&web.post(&format!("/api/v1/segments/{segment}/contacts"), &json!({ "add": ids })).await);
    until(web, &format!("/api/v1/segments/{segment}"), |s| s["count"] == json!(people) && s["building"] == false).await;
    let email = json!({"name": "News", "subject": "News", "source": "<p>Hello</p>", "kind": "segment", "segments": [segment]});
    let id = good(&web.post("/api/v1/emails", &email).await)["id"].as_i64().expect("an id");
    good(&web.post(&format!("/api/v1/emails/{id}/send"), &json!({})).await);
    id
}
