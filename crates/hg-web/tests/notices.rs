//! What somebody is told about work that ended while they did something else.

mod door;

use door::{administrator, code, good};
use hg_app::Role;
use hg_core::time::Millis;
use hg_testkit::app::PASSWORD;
use hg_testkit::web::TestWeb;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

const PEOPLE: &str = "firstname,email\nAda,ada.l@example.org\nBroken,nobody\n";

async fn import(app: &TestApp, web: &TestWeb) -> i64 {
    let made = good(&web.upload("/api/v1/imports", "file", "people.csv", PEOPLE.as_bytes().to_vec()).await);
    let id = made["id"].as_i64().unwrap();
    good(&web.post(&format!("/api/v1/imports/{id}/start"), &json!({})).await);
    app.settle().await;
    id
}

async fn notices(web: &TestWeb) -> Value {
    good(&web.get("/api/v1/me/notices").await)
}

fn kinds(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|n| n["kind"].as_str().unwrap()).collect()
}

on_each_db!(whoever_starts_an_import_is_told_how_it_ended_and_nobody_else_is, |app| {
    let ada = administrator(&app).await;
    app.user("bo@example.org", Role::Administrator).await;
    let bo = ada.another_browser().with_basic("bo@example.org", PASSWORD);
    let id = import(&app, &ada).await;
    let told = notices(&ada).await;
    assert_eq!((&told["unread"], kinds(&told)), (&json!(1), vec!["import.done"]));
    let one = &told["items"][0];
    assert_eq!(one["title"], "“people.csv” was imported");
    assert_eq!(one["body"], "1 created, 0 updated, 0 unchanged, 1 rejected.");
    assert_eq!((&one["link"], &one["tone"], &one["read"]), (&json!(format!("/imports/{id}")), &json!("good"), &json!(false)));
    assert_eq!(kinds(&notices(&bo).await), Vec::<&str>::new());
    let mail = good(&ada.get("/api/v1/outbox").await);
    assert_eq!(mail["items"], json!([]), "nobody is mailed who did not wish it");
    // Taking it back is work of its own.
    good(&ada.post(&format!("/api/v1/imports/{id}/undo"), &json!({})).await);
    app.settle().await;
    assert_eq!(kinds(&notices(&ada).await), ["import.undone", "import.done"]);
});

on_each_db!(notices_are_read_dismissed_and_cleared_by_their_own_person_only, |app| {
    let ada = administrator(&app).await;
    app.user("vera@example.org", Role::Viewer).await;
    let vera = ada.another_browser().with_basic("vera@example.org", PASSWORD);
    import(&app, &ada).await;
    import(&app, &ada).await;
    let ids: Vec<i64> = notices(&ada).await["items"].as_array().unwrap().iter().map(|n| n["id"].as_i64().unwrap()).collect();
    good(&vera.post("/api/v1/me/notices/read", &json!({})).await);
    good(&vera.delete("/api/v1/me/notices").await);
    assert_eq!(code(&vera.delete(&format!("/api/v1/me/notices/{}", ids[0])).await), (404, "notice.not-found".into()));
    assert_eq!(notices(&ada).await["unread"], 2);
    good(&ada.post("/api/v1/me/notices/read", &json!({"ids": [ids[1]]})).await);
    let told = notices(&ada).await;
    assert_eq!((&told["unread"], &told["items"][0]["read"], &told["items"][1]["read"]), (&json!(1), &json!(false), &json!(true)));
    good(&ada.delete(&format!("/api/v1/me/notices/{}", ids[0])).await);
    assert_eq!(kinds(&notices(&ada).await).len(), 1);
    // A page at a time.
    import(&app, &ada).await;
    let first = good(&ada.get("/api/v1/me/notices?limit=1").await);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = good(&ada.get(&format!("/api/v1/me/notices?limit=1&cursor={cursor}")).await);
    assert_eq!(second["items"][0]["id"], ids[1]);
    assert_eq!(second["next_cursor"], Value::Null);
    good(&ada.delete("/api/v1/me/notices").await);
    assert_eq!(notices(&ada).await, json!({"items": [], "next_cursor": null, "unread": 0}));
});

on_each_db!(who_wishes_it_gets_each_notice_by_mail_with_the_way_to_the_import, |app| {
    let ada = administrator(&app).await;
    assert_eq!(good(&ada.get("/api/v1/me/notices/settings").await), json!({"by_mail": false}));
    good(&ada.put("/api/v1/me/notices/settings", &json!({"by_mail": true})).await);
    assert_eq!(good(&ada.get("/api/v1/me/notices/settings").await), json!({"by_mail": true}));
    let log = good(&ada.get("/api/v1/audit?object=user").await);
    assert!(log["items"][0].to_string().contains("notices_by_mail"), "{log}");
    let id = import(&app, &ada).await;
    let caught = good(&ada.get("/api/v1/outbox").await);
    assert_eq!(caught["items"].as_array().unwrap().len(), 1, "{caught}");
    let message = good(&ada.get(&format!("/api/v1/outbox/{}", caught["items"][0]["id"])).await).to_string();
    for part in ["ada@example.org", "“people.csv” was imported", "1 created, 0 updated", &format!("/s/imports/{id}")] {
        assert!(message.contains(part), "{part}: {message}");
    }
});

on_each_db!(old_notices_go_by_themselves, |app| {
    let ada = administrator(&app).await;
    import(&app, &ada).await;
    app.advance(Millis::days(31));
    import(&app, &ada).await;
    assert_eq!(kinds(&notices(&ada).await).len(), 1);
});

on_each_db!(an_export_says_when_its_file_is_ready, |app| {
    let ada = administrator(&app).await;
    good(&ada.post("/api/v1/contacts", &json!({"fields": {"email": "cleo@example.org"}})).await);
    let asked = json!({"format": "jsonl", "select": {"search": ""}});
    good(&ada.post("/api/v1/exports", &asked).await);
    app.settle().await;
    let told = notices(&ada).await;
    assert_eq!(kinds(&told), ["export.done"]);
    assert_eq!(told["items"][0]["link"], "/exports");
});
