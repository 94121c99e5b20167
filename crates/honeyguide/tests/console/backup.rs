//! A workspace is backed up while its server runs, and comes back whole: on both databases, and from one to the other.

use crate::house::{House, good, is_there};
use serde_json::{Value, json};

/// Ada with a value in a field of our own that must stay unique, and a tag.
async fn furnish(house: &House) -> crate::house::Server {
    let server = house.serve().await;
    let field = json!({"label": "Member number", "alias": "member_number", "type": "text", "unique": true});
    good(&server.web.post("/api/v1/fields", &field).await);
    let ada = json!({"fields": {"email": "ada@example.org", "city": "Žižkov 🐝", "points": 0, "member_number": "A-1"}, "tags": ["vip"]});
    good(&server.web.post("/api/v1/contacts", &ada).await);
    let gone = good(&server.web.post("/api/v1/contacts", &json!({"fields": {"email": "gone@example.org"}})).await);
    good(
        &server
            .web
            .post(
                "/api/v1/segments",
                &json!({"name": "Everybody", "filter": {"match": "all", "rules": [{"field": "email", "op": "!empty"}]}}),
            )
            .await,
    );
    assert_eq!(gone["id"], 2);
    server
}

async fn city(server: &crate::house::Server) -> Value {
    good(&server.web.get("/api/v1/contacts/1").await)["fields"]["city"].clone()
}

/// Everything is as it was, and the rules still hold.
async fn looks_the_same(server: &crate::house::Server) {
    let ada = good(&server.web.get("/api/v1/contacts/1").await);
    assert_eq!((&ada["fields"]["city"], &ada["fields"]["member_number"]), (&json!("Žižkov 🐝"), &json!("A-1")));
    assert_eq!(ada["tags"][0]["name"].as_str().or(ada["tags"][0].as_str()), Some("vip"), "{ada}");
    let twin = json!({"fields": {"email": "twin@example.org", "member_number": "A-1"}});
    let twin = server.web.post("/api/v1/contacts", &twin).await;
    assert!(twin.status == 409 || twin.json()["id"] == 1, "the number is still Ada's alone: {}", twin.text);
    let new = good(&server.web.post("/api/v1/contacts", &json!({"fields": {"email": "new@example.org"}})).await);
    assert!(new["id"].as_i64() > Some(2), "an id is never given twice: {new}");
}

async fn comes_back(from: House, into: House, portable: bool) {
    let server = furnish(&from).await;
    let folder = from.path("monday");
    let mut args = vec!["backup", "--output", &folder];
    if portable {
        args.push("--portable");
    }
    let said = from.done(&args);
    assert!(said.contains("schema") && said.contains("files"), "{said}");
    assert!(from.refused(&args).contains("is there already"));
    good(&server.web.patch("/api/v1/contacts/1", &json!({"fields": {"city": "Elsewhere"}})).await);
    server.stop();

    assert!(into.done(&["restore", &folder, "--check"]).contains("is whole"));
    into.done(&["restore", &folder]);
    let key = |house: &House| std::fs::read(house.data().join("secret.key")).expect("the key");
    assert_eq!(key(&from), key(&into), "links in mails sent before still work");
    let server = into.serve().await;
    looks_the_same(&server).await;
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_sqlite_comes_back() {
    comes_back(House::on_sqlite(), House::on_sqlite(), false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_postgres_comes_back() {
    let Some(from) = House::on_postgres("from").await else { return };
    let into = House::on_postgres("into").await.expect("a second database");
    comes_back(from, into, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_moves_from_sqlite_to_postgres() {
    let Some(into) = House::on_postgres("move").await else { return };
    comes_back(House::on_sqlite(), into, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_workspace_moves_from_postgres_to_sqlite() {
    let Some(from) = House::on_postgres("small").await else { return };
    comes_back(from, House::on_sqlite(), false).await;
}

/// A workspace that is there is replaced only when somebody insists, never while it is in use, and it is kept.
async fn what_was_there_is_kept(house: House, in_use: &str) {
    let server = furnish(&house).await;
    let folder = house.path("monday");
    house.done(&["backup", "--output", &folder]);
    good(&server.web.patch("/api/v1/contacts/1", &json!({"fields": {"city": "Later"}})).await);
    let said = house.refused(&["restore", &folder, "--force"]);
    assert!(said.contains(in_use), "{said}");
    assert_eq!(city(&server).await, "Later", "a refused restore changes nothing");
    server.stop();
    let said = house.refused(&["restore", &folder]);
    assert!(said.contains("holds a workspace already") && said.contains("--force"), "{said}");
    let said = house.done(&["restore", &folder, "--force"]);
    assert!(said.contains("kept"), "{said}");
    let server = house.serve().await;
    looks_the_same(&server).await;
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_there_is_kept_on_sqlite() {
    what_was_there_is_kept(House::on_sqlite(), "in use by another process").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_there_is_kept_on_postgres() {
    let Some(house) = House::on_postgres("kept").await else { return };
    what_was_there_is_kept(house, "stop Honeyguide").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_or_half_backup_is_refused_before_anything_changes() {
    let house = House::on_sqlite();
    furnish(&house).await.stop();
    let folder = house.path("monday");
    house.done(&["backup", "--portable", "--output", &folder]);
    let contacts = house.dir.path().join("monday/rows/contacts.jsonl");
    let text = std::fs::read_to_string(&contacts).expect("rows");
    std::fs::write(&contacts, text.replace("A-1", "A-2")).expect("written");
    let other = House::on_sqlite();
    let said = other.refused(&["restore", &folder]);
    assert!(said.contains("damaged") && said.contains("contacts.jsonl"), "{said}");
    std::fs::remove_file(house.dir.path().join("monday/manifest.json")).expect("removed");
    assert!(other.refused(&["restore", &folder]).contains("no whole backup"));
    assert!(!is_there(other.data().join("honeyguide.db")));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_sqlite_copy_is_not_put_into_postgres() {
    let Some(into) = House::on_postgres("wrong").await else { return };
    let from = House::on_sqlite();
    furnish(&from).await.stop();
    let folder = from.path("monday");
    from.done(&["backup", "--output", &folder]);
    assert!(into.refused(&["restore", &folder]).contains("--portable"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn running_campaigns_can_be_held_until_somebody_has_looked() {
    let house = House::on_sqlite();
    let server = furnish(&house).await;
    let tag = json!({"key": "a", "type": "contact.tags", "name": "Tag", "settings": {"add": ["held"], "remove": []}});
    let campaign = json!({"name": "Welcome", "sources": [{"kind": "segment", "id": 1}], "steps": [tag]});
    let id = good(&server.web.post("/api/v1/campaigns", &campaign).await)["id"].clone();
    good(&server.web.post(&format!("/api/v1/campaigns/{id}/publish"), &json!({})).await);
    let folder = house.path("monday");
    house.done(&["backup", "--output", &folder]);
    server.stop();
    let (going, held) = (House::on_sqlite(), House::on_sqlite());
    assert!(going.done(&["restore", &folder]).contains("1 campaigns and 0 sends go on"));
    assert!(going.done(&["campaigns", "list"]).contains("published"));
    assert!(held.done(&["restore", &folder, "--pause"]).contains("1 campaigns and 0 sends are paused"));
    assert!(held.done(&["campaigns", "list"]).contains("paused"));
}
