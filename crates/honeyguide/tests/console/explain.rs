//! Commands at the console, most of them beside a running server.

use crate::house::{House, good, until};
use serde_json::{Value, json};

/// A segment of everybody with an address, an email, and a campaign that sends it and then waits for a click.
async fn furnish(web: &hg_testkit::web::TestWeb) {
    let filter = json!({"match": "all", "rules": [{"field": "email", "op": "!empty"}]});
    good(&web.post("/api/v1/segments", &json!({"name": "Everybody", "filter": filter})).await);
    let mut sending = good(&web.get("/api/v1/settings/sending").await);
    sending["sender_email"] = json!("team@example.org");
    good(&web.put("/api/v1/settings/sending", &sending).await);
    let email = json!({"name": "Hello", "subject": "Hello", "source": "<p><a href=\"https://example.org/\">x</a></p>", "kind": "template"});
    good(&web.post("/api/v1/emails", &email).await);
    let steps = json!([
        {"key": "hello", "type": "email.send", "name": "Say hello", "settings": {"email_id": 1}},
        {"key": "click", "type": "email.click", "name": "Clicks", "parent": "hello"},
        {"key": "late", "type": "contact.tags", "name": "Late", "parent": "click", "path": "no", "settings": {"add": ["late"], "remove": []},
         "timing": {"mode": "interval", "interval": 2, "unit": "d"}},
    ]);
    let campaign = json!({"name": "Welcome", "sources": [{"kind": "segment", "id": 1}], "steps": steps});
    good(&web.post("/api/v1/campaigns", &campaign).await);
    let bo = json!({"fields": {"email": "bo@example.org", "firstname": "Bo"}});
    good(&web.post("/api/v1/contacts", &bo).await);
    good(&web.post("/api/v1/contacts", &json!({"fields": {"firstname": "Nameless"}})).await);
}

async fn the_console_explains(house: House) {
    let server = house.serve().await;
    furnish(&server.web).await;
    assert!(house.done(&["explain", "mail", "Hello", "bo@example.org"]).contains("Never sent: no campaign step"));
    assert!(house.done(&["campaigns", "list"]).contains("draft"));
    good(&server.web.post("/api/v1/campaigns/1/publish", &json!({})).await);
    until(&server.web, "/api/v1/emails/1", |e: &Value| e["counts"]["sent"] == 1).await;
    until(&server.web, "/api/v1/contacts/1/campaigns", |c: &Value| c.to_string().contains("waiting")).await;

    let said = house.done(&["segments", "list"]);
    assert!(said.contains("Everybody") && said.contains("  1  "), "{said}");
    let said = house.done(&["explain", "segment", "everybody", "bo@example.org"]);
    assert!(said.starts_with("A member") && said.contains("found: bo@example.org"), "{said}");
    assert!(house.done(&["explain", "segment", "1", "2"]).starts_with("Not a member"));
    let said = house.done(&["explain", "campaign", "Welcome", "bo@example.org"]);
    assert!(
        said.contains("Entered") && said.contains("“Say hello”") && said.contains("a link of the email to be clicked"),
        "{said}"
    );
    assert!(house.done(&["explain", "campaign", "1", "2"]).contains("never entered “Welcome”"));
    let said = house.done(&["explain", "mail", "1", "bo@example.org"]);
    assert!(said.contains("Sent to bo@example.org") && said.contains("the step “Say hello” of the campaign “Welcome”"), "{said}");
    let said = house.done(&["campaigns", "people", "Welcome"]);
    assert!(said.contains("Bo") && said.contains("waiting “Clicks”"), "{said}");
    assert!(house.done(&["campaigns", "where", "1"]).contains("Welcome"));
    assert!(house.done(&["campaigns", "where", "2"]).contains("in no campaign"));
    assert!(house.done(&["export", "contacts", "--columns", "email"]).contains("bo@example.org"));
    assert!(house.done(&["doctor"]).contains("ok     database"));
    assert!(house.refused(&["explain", "segment", "everybody", "nobody@example.org"]).contains("there is no contact"));
    assert!(house.refused(&["explain", "mail", "Nothing", "1"]).contains("there is no email “Nothing”"));
    server.stop();
    assert!(house.done(&["campaigns", "pause", "Welcome"]).contains("is paused; 1 people wait"));
    assert!(house.done(&["campaigns", "publish", "Welcome"]).contains("is published"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_explains_beside_a_running_server_on_sqlite() {
    the_console_explains(House::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_explains_beside_a_running_server_on_postgres() {
    let Some(house) = House::on_postgres("explains").await else { return };
    the_console_explains(house).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_writes_is_told_why_it_must_wait_for_the_server() {
    let house = House::on_sqlite();
    let server = house.serve().await;
    furnish(&server.web).await;
    for args in [&["campaigns", "pause", "1"][..], &["segments", "rebuild"], &["migrate"]] {
        let said = house.refused(args);
        assert!(said.contains("in use by another process"), "{args:?}: {said}");
    }
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_makes_nothing() {
    let house = House::on_sqlite();
    let said = house.refused(&["segments", "list"]);
    assert!(said.contains("there is no database at"), "{said}");
    assert!(!crate::house::is_there(house.data().join("honeyguide.db")));
    let said = house.done(&["doctor"]);
    assert!(said.contains("is made at the first start") && said.contains("ok     disk"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_names_what_is_wrong() {
    let house = House::on_sqlite();
    house.serve().await.stop();
    std::fs::write(house.dir.path().join("honeyguide.toml"), "[mail]\nurl = \"smtp://127.0.0.1:1\"\n").expect("written");
    let said = house.run(&["doctor"]);
    assert!(!said.well, "{said:?}");
    assert!(said.out.contains("wrong  mail: 127.0.0.1:1 cannot be used"), "{said:?}");
    assert!(said.out.contains("ok     accounts: 1 can sign in") && said.out.contains("wrong  sender"), "{said:?}");
    let sink = hg_testkit::smtp_sink::SmtpSink::start().await.expect("a mail server");
    let toml = format!("[mail]\nurl = \"{}?tls=none\"\n", sink.url());
    std::fs::write(house.dir.path().join("honeyguide.toml"), toml).expect("written");
    let said = house.run(&["doctor"]);
    assert!(said.out.contains("ok     mail") && said.err.contains("1 of the checks failed"), "{said:?}");
    assert_eq!(sink.total(), 0, "the doctor sends nothing");
}

async fn the_doctor_tries_the_ways_out_of_the_app(house: House) {
    let sink = hg_testkit::smtp_sink::SmtpSink::start().await.expect("a mail server");
    let server = house.serve().await;
    for address in [format!("{}?tls=none", sink.url()), "smtp://ada:hush@127.0.0.1:1?tls=none".to_owned()] {
        good(&server.web.post("/api/v1/mail-ways", &json!({"address": address})).await);
    }
    let said = house.run(&["doctor"]);
    assert!(!said.well, "{said:?}");
    assert!(said.out.contains("ok     way out: 127.0.0.1:") && said.out.contains(" answers"), "{said:?}");
    assert!(said.out.contains("wrong  way out: 127.0.0.1:1 cannot be used"), "{said:?}");
    assert!(!said.out.contains("hush") && !said.err.contains("hush"), "an address stays secret: {said:?}");
    assert_eq!(sink.total(), 0, "the doctor sends nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_tries_the_ways_out_of_the_app_on_sqlite() {
    the_doctor_tries_the_ways_out_of_the_app(House::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_tries_the_ways_out_of_the_app_on_postgres() {
    let Some(house) = House::on_postgres("ways").await else { return };
    the_doctor_tries_the_ways_out_of_the_app(house).await;
}

#[test]
fn the_schema_of_the_configuration_can_be_printed_and_used() {
    let house = House::on_sqlite();
    let schema: Value = serde_json::from_str(&house.done(&["config", "schema"])).expect("JSON");
    assert_eq!(schema["properties"]["server"]["properties"]["listen"]["default"], "127.0.0.1:8080", "{schema}");
    assert!(schema["properties"]["mail"]["properties"]["url"]["description"].as_str().is_some_and(|d| d.contains("outbox:")));
    std::fs::write(house.dir.path().join("honeyguide.toml"), "[server]\ntrusted_proxies = [\"proxy\"]\n").expect("written");
    let said = house.refused(&["config", "check"]);
    assert!(said.contains("trusted_proxies") && said.contains("proxy"), "{said}");
}

#[test]
fn every_command_says_what_it_does_with_examples() {
    let house = House::on_sqlite();
    let all = house.done(&["--help"]);
    for command in [
        "serve",
        "demo",
        "admin",
        "import",
        "export",
        "segments",
        "campaigns",
        "explain",
        "migrate",
        "backup",
        "restore",
        "doctor",
        "bench",
        "config",
    ] {
        assert!(all.contains(command), "{command} is not listed: {all}");
        let help = house.done(&[command, "--help"]);
        assert!(help.contains("Examples:") && help.contains(&format!("honeyguide {command}")), "{command}: {help}");
    }
}

async fn the_console_keeps_the_list_of_suppressed_addresses(house: House) {
    house.serve().await.stop();
    let added = house.done(&["suppressions", "add", "Ada@Example.org", "--cause", "complained", "--comments", "by phone"]);
    assert!(added.contains("complained") && added.contains("by phone"), "{added}");
    house.done(&["suppressions", "add", "bo@example.org"]);
    let hash = added.split_whitespace().next().unwrap();
    assert_eq!(house.done(&["suppressions", "list"]).lines().count(), 2);
    assert_eq!(house.done(&["suppressions", "list", "ada@example.org"]), added);
    assert_eq!(house.done(&["suppressions", "list", "--cause", "complained"]), added);
    assert!(house.refused(&["suppressions", "add", "nobody"]).contains("Write an email address"));
    assert!(house.refused(&["suppressions", "add", "x@example.org", "--cause", "whim"]).contains("A cause is"));
    house.done(&["suppressions", "remove", hash]);
    assert!(house.refused(&["suppressions", "remove", "ada@example.org"]).contains("There is no suppressed address"));
    assert_eq!(house.done(&["suppressions", "list"]).lines().count(), 1);
}

#[tokio::test]
async fn the_console_keeps_the_list_of_suppressed_addresses_on_sqlite() {
    the_console_keeps_the_list_of_suppressed_addresses(House::on_sqlite()).await;
}
