//! The real binary is killed in the middle of its work, again and again: nobody is mailed twice, nobody is forgotten, and
//! points for a visit are given once.

mod server;

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use hg_testkit::smtp_sink::{Faults, SinkOptions, SmtpSink};
use hg_testkit::web::{TestWeb, browser};
use serde_json::{Value, json};
use server::{Server, client, free_port, good, until_it_answers};

const PEOPLE: u64 = 1_500;
const KILLS: u64 = 30;
/// Connections of the sender at once.
const CONNECTIONS: u64 = 4;
/// Messages that must arrive between two kills.
const BETWEEN: u64 = 12;

fn import_people(dir: &Path) {
    let file = dir.join("people.csv");
    let lines: String = (0..PEOPLE).map(|n| format!("p{n}@example.org,Person {n}\n")).collect();
    std::fs::write(&file, format!("email,firstname\n{lines}")).expect("the file is written");
    let status = Command::new(env!("CARGO_BIN_EXE_honeyguide"))
        .args(["import", "contacts"])
        .arg(&file)
        .arg("--data-dir")
        .arg(dir)
        .env("HONEYGUIDE__LOG__LEVEL", "error")
        .current_dir(dir)
        .stdout(Stdio::null())
        .status()
        .expect("the import starts");
    assert!(status.success());
}

/// Makes segment and email and begins the send; the email's id.
async fn begin(web: &TestWeb) -> i64 {
    let mut sending = good(web.get("/api/v1/settings/sending").await).await;
    sending["sender_email"] = json!("team@example.org");
    sending["max_connections"] = json!(CONNECTIONS);
    good(web.put("/api/v1/settings/sending", &sending).await).await;
    let filter = json!({"match": "all", "rules": [{"field": "email", "op": "!empty"}]});
    let segment = good(web.post("/api/v1/segments", &json!({"name": "Everybody", "filter": filter})).await).await["id"].clone();
    for _ in 0..600 {
        if good(web.get(&format!("/api/v1/segments/{segment}")).await).await["count"] == json!(PEOPLE) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let email = json!({"name": "News", "subject": "News for {contactfield=firstname}", "source": "<p>Hello</p>", "kind": "segment", "segments": [segment]});
    let id = good(web.post("/api/v1/emails", &email).await).await["id"].as_i64().expect("an id");
    let audience = good(web.get(&format!("/api/v1/emails/{id}/audience")).await).await;
    assert_eq!(audience["will_receive"], json!(PEOPLE));
    good(web.post(&format!("/api/v1/emails/{id}/send"), &json!({})).await).await;
    id
}

async fn counts(web: &TestWeb, id: i64) -> Value {
    good(web.get(&format!("/api/v1/emails/{id}")).await).await["counts"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_kills_in_the_middle_of_a_send_double_nobody_and_forget_nobody() {
    let dir = tempfile::tempdir().expect("a folder");
    let faults = Faults { delay: Duration::from_millis(15), ..Faults::default() };
    let sink = SmtpSink::with(SinkOptions { keep: false, faults, ..SinkOptions::default() }).await.expect("the sink starts");
    let port = free_port();
    import_people(dir.path());
    let mut server = Server::start(dir.path(), port, Some(&sink));
    until_it_answers(port).await;
    let web = client(port);
    let id = begin(&web).await;
    for kill in 1..=KILLS {
        tokio::time::timeout(Duration::from_secs(60), sink.wait_for(sink.total() + BETWEEN)).await.expect("mail goes on");
        server.kill();
        assert!(sink.total() < PEOPLE, "kill {kill} came after the last message");
        server = Server::start(dir.path(), port, Some(&sink));
        until_it_answers(port).await;
        let now = counts(&web, id).await;
        assert!(now["queued"].as_i64() > Some(0), "after kill {kill} nothing was left to send: {now}");
        assert!(now["unknown"].as_u64() <= Some(kill * CONNECTIONS), "{now}");
    }
    sink.set_faults(Faults::default());
    for _ in 0..1_200 {
        if counts(&web, id).await["queued"] == json!(0) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let end = counts(&web, id).await;
    let unknown = end["unknown"].as_u64().expect("a number");
    assert_eq!(end["sent"].as_u64().expect("a number") + unknown, PEOPLE, "{end}");
    assert!(unknown <= KILLS * CONNECTIONS, "{end}");
    let got = sink.per_recipient();
    assert!(got.values().all(|times| *times == 1), "doubled: {:?}", got.iter().filter(|(_, n)| **n > 1).collect::<Vec<_>>());
    assert!(sink.per_message_id().values().all(|times| *times == 1));
    let missing = PEOPLE - got.len() as u64;
    assert!(missing <= unknown, "{missing} people got nothing, of whom only {unknown} are marked");
    println!("{KILLS} kills, {} arrived, {unknown} unknown, {missing} of them did not arrive", got.len());
}

/// Kills in the middle of visits.
const VISIT_KILLS: usize = 10;
/// Visitors between two kills, and how many of them are answered before it.
const VISITORS: usize = 40;
const ANSWERED: usize = 20;

/// Visits by people whom nobody knows, all at once; the server is killed when some of them have their answer. How many had.
async fn visits(port: u16, server: &mut Server) -> usize {
    let mut going = tokio::task::JoinSet::new();
    for n in 0..VISITORS {
        going.spawn(async move {
            let page = format!("https%3A%2F%2Fex.org%2Fpricing%3Fn%3D{n}");
            let address = format!("http://127.0.0.1:{port}/mtracking.gif?page_url={page}");
            let browser = browser().user_agent("Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0");
            let Ok(browser) = browser.build() else { return false };
            browser.get(address).send().await.is_ok_and(|reply| reply.status().is_success())
        });
    }
    let mut answered = 0;
    while let Some(reply) = going.join_next().await {
        answered += usize::from(reply.unwrap_or(false));
        if answered == ANSWERED {
            server.kill();
        }
    }
    answered
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn points_for_a_visit_are_given_once_however_often_the_server_is_killed() {
    let dir = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let mut server = Server::start(dir.path(), port, None);
    until_it_answers(port).await;
    let web = client(port);
    let action = json!({"name": "Looks at prices", "type": "url.hit", "settings": {"page_url": "*/pricing*"}, "delta": 5, "repeatable": true});
    good(web.post("/api/v1/points/actions", &action).await).await;
    let mut answered = 0;
    for _ in 0..VISIT_KILLS {
        answered += visits(port, &mut server).await;
        server = Server::start(dir.path(), port, None);
        until_it_answers(port).await;
    }
    let mut people = Vec::new();
    for _ in 0..600 {
        let shown = good(web.get("/api/v1/contacts?include_anonymous=true&limit=500").await).await;
        people = shown["items"].as_array().cloned().unwrap_or_default();
        if people.iter().all(|contact| contact["points"] != json!(0)) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(people.len() >= answered && answered >= VISIT_KILLS * ANSWERED, "{} of {answered} visits are kept", people.len());
    let wrong: Vec<&Value> = people.iter().filter(|contact| contact["points"] != json!(5)).map(|c| &c["points"]).collect();
    assert!(wrong.is_empty(), "every visit is worth five points once: {wrong:?}");
}
