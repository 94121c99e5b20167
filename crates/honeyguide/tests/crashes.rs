//! The real binary is killed at random moments while people are imported, join a segment, enter a campaign, get its mail,
//! a tag and points: nobody is lost, nothing happens twice.
//!
//! `HONEYGUIDE_KILLS` says how often (a few in the usual run), `HONEYGUIDE_SEED` repeats a run:
//! `HONEYGUIDE_KILLS=1000 cargo test --profile ci -p honeyguide --test crashes -- --nocapture`

mod server;

use std::path::Path;
use std::time::Duration;

use hg_core::ids::share_of;
use hg_testkit::smtp_sink::{Faults, SinkOptions, SmtpSink};
use hg_testkit::web::TestWeb;
use serde_json::{Value, json};
use server::{Server, client, free_port, good, until_it_answers};

/// Without another wish.
const KILLS: u64 = 15;
/// People of one import; there are as many imports as the kills need.
const PEOPLE: u64 = 400;
/// Connections of the sender at once: as many messages may be unknown after a kill.
const CONNECTIONS: u64 = 4;
/// The longest that a server lives after it answers, in milliseconds.
const LONGEST_LIFE: f64 = 900.0;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// A segment that the imported people fall into, and a campaign that writes to them, tags them and gives them points.
async fn set_up(web: &TestWeb) -> (i64, i64, i64) {
    let mut sending = good(web.get("/api/v1/settings/sending").await).await;
    sending["sender_email"] = json!("team@example.org");
    sending["max_connections"] = json!(CONNECTIONS);
    good(web.put("/api/v1/settings/sending", &sending).await).await;
    let filter = json!({"match": "all", "rules": [{"field": "city", "op": "=", "value": "Oslo"}]});
    let segment = id_of(&good(web.post("/api/v1/segments", &json!({"name": "Oslo", "filter": filter})).await).await);
    let email =
        json!({"name": "Welcome", "subject": "Welcome {contactfield=firstname}", "source": "<p>Hello</p>", "kind": "template"});
    let email = id_of(&good(web.post("/api/v1/emails", &email).await).await);
    let steps = json!([
        {"key": "mail", "name": "Mail", "type": "email.send", "settings": {"email_id": email}},
        {"key": "tag", "name": "Tag", "type": "contact.tags", "parent": "mail", "settings": {"add": ["welcomed"]}},
        {"key": "points", "name": "Points", "type": "contact.points", "parent": "tag", "settings": {"points": 7}},
    ]);
    let campaign = json!({"name": "Welcome", "sources": [{"kind": "segment", "id": segment}], "steps": steps});
    let campaign = id_of(&good(web.post("/api/v1/campaigns", &campaign).await).await);
    good(web.post(&format!("/api/v1/campaigns/{campaign}/publish"), &json!({})).await).await;
    (segment, email, campaign)
}

fn id_of(made: &Value) -> i64 {
    made["id"].as_i64().expect("an id")
}

/// Uploads so many people and starts their import.
async fn import(web: &TestWeb, round: u64) -> i64 {
    let lines: String = (0..PEOPLE).map(|n| format!("r{round}p{n}@example.org,Person {n},Oslo\n")).collect();
    let file = format!("email,firstname,city\n{lines}").into_bytes();
    let id = id_of(&good(web.upload("/api/v1/imports", "file", "people.csv", file).await).await);
    good(web.post(&format!("/api/v1/imports/{id}/start"), &json!({})).await).await;
    id
}

struct Story {
    email: i64,
    campaign: i64,
    segment: i64,
    rounds: u64,
}

impl Story {
    fn people(&self) -> u64 {
        self.rounds * PEOPLE
    }

    /// Whether everybody has come to the end: imported, a member, written to, tagged, with points.
    async fn is_told(&self, web: &TestWeb) -> bool {
        let counts = good(web.get(&format!("/api/v1/emails/{}", self.email)).await).await["counts"].clone();
        if counts["sent"].as_u64().unwrap_or(0) + counts["unknown"].as_u64().unwrap_or(0) < self.people() {
            return false;
        }
        let steps = good(web.get(&format!("/api/v1/campaigns/{}", self.campaign)).await).await["steps"].clone();
        steps.as_array().is_some_and(|steps| steps.iter().all(|step| step["counts"]["waiting"] == json!(0)))
    }

    async fn until_told(&self, web: &TestWeb) {
        for _ in 0..2_400 {
            if self.is_told(web).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        let email = good(web.get(&format!("/api/v1/emails/{}", self.email)).await).await["counts"].clone();
        let steps = good(web.get(&format!("/api/v1/campaigns/{}", self.campaign)).await).await["steps"].clone();
        let imports = good(web.get("/api/v1/imports").await).await;
        panic!("it does not come to its end: {email} {steps} {imports}");
    }
}

/// Restarts after each kill until the kills are used up; a new import begins whenever everybody of the last is served.
async fn kill_at_random(dir: &Path, port: u16, sink: &SmtpSink, web: &TestWeb, story: &mut Story) -> (Server, u64) {
    let (kills, seed) = (number("HONEYGUIDE_KILLS", KILLS), number("HONEYGUIDE_SEED", 1));
    let mut server = Server::start(dir, port, Some(sink));
    until_it_answers(port).await;
    for kill in 1..=kills {
        let life = Duration::from_millis((share_of(&[seed, kill]) * LONGEST_LIFE) as u64);
        tokio::time::sleep(life).await;
        server.kill();
        server = Server::start(dir, port, Some(sink));
        until_it_answers(port).await;
        if story.is_told(web).await {
            story.rounds += 1;
            import(web, story.rounds).await;
        }
    }
    (server, kills)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_at_random_moments_lose_nobody_and_repeat_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let faults = Faults { delay: Duration::from_millis(5), ..Faults::default() };
    let sink = SmtpSink::with(SinkOptions { keep: false, faults, ..SinkOptions::default() }).await.expect("the sink starts");
    let port = free_port();
    let web = client(port);
    let mut first = Server::start(dir.path(), port, Some(&sink));
    until_it_answers(port).await;
    let (segment, email, campaign) = set_up(&web).await;
    let mut story = Story { email, campaign, segment, rounds: 1 };
    import(&web, 1).await;
    first.kill();
    let (_server, kills) = kill_at_random(dir.path(), port, &sink, &web, &mut story).await;
    sink.set_faults(Faults::default());
    story.until_told(&web).await;

    let people = story.people();
    let counts = good(web.get(&format!("/api/v1/emails/{email}")).await).await["counts"].clone();
    let unknown = counts["unknown"].as_u64().expect("a number");
    assert_eq!(counts["sent"].as_u64().expect("a number") + unknown, people, "{counts}");
    assert!(unknown <= (kills + 1) * CONNECTIONS, "only what was on the line is unknown: {counts}");
    let got = sink.per_recipient();
    assert!(got.values().all(|n| *n == 1), "doubled: {:?}", got.iter().filter(|(_, n)| **n > 1).collect::<Vec<_>>());
    assert!(people - got.len() as u64 <= unknown, "{} of {people} got it, {unknown} unknown", got.len());

    let members = good(web.get(&format!("/api/v1/segments/{}", story.segment)).await).await["count"].clone();
    assert_eq!(members, json!(people), "everybody is in the segment");
    let steps = good(web.get(&format!("/api/v1/campaigns/{campaign}")).await).await["steps"].clone();
    // A mail of which nobody knows ends its step too: what follows is not held up by it.
    for step in steps.as_array().expect("steps") {
        assert_eq!(step["counts"]["done"], json!(people), "{step}");
    }
    for search in ["", "tag%3Awelcomed", "points%3A7"] {
        let found = good(web.get(&format!("/api/v1/contacts?limit=1&search={search}")).await).await["total"].clone();
        assert_eq!(found, json!(people), "{search}");
    }
    println!("{kills} kills, {people} people, {} messages arrived, {unknown} unknown", got.len());
}
