//! Merging, duplicates and suppressed addresses at the doors.

mod door;

use door::{administrator, code, good};
use hg_testkit::on_each_db;
use serde_json::{Value, json};

on_each_db!(two_contacts_are_merged_and_come_apart_through_the_api, |app| {
    let web = administrator(&app).await;
    let (a, b) = (door::contact(&web, "a@example.org", "Ada").await, door::contact(&web, "b@example.org", "Bea").await);
    let preview = good(&web.get(&format!("/api/v1/contacts/{a}/merge/{b}")).await);
    assert_eq!((&preview["winner"]["id"], &preview["loser"]["id"]), (&json!(a), &json!(b)));
    let wrong = web.post(&format!("/api/v1/contacts/{a}/merge/{b}"), &json!({"choices": {"firstname": "both"}})).await;
    assert_eq!(door::complaint(&wrong), (422, "/choices/firstname".into()));
    let merged = good(&web.post(&format!("/api/v1/contacts/{a}/merge/{b}"), &json!({"choices": {"firstname": "loser"}})).await);
    assert_eq!((&merged["id"], &merged["fields"]["firstname"]), (&json!(a), &json!("Bea")));
    let again = web.post(&format!("/api/v1/contacts/{b}/merge/{a}"), &json!({})).await;
    assert_eq!(code(&again), (409, "contact.merged-already".into()));
    // The old number leads to the survivor in both APIs.
    assert_eq!(good(&web.get(&format!("/api/contacts/{b}")).await)["contact"]["id"], a);
    let records = good(&web.get(&format!("/api/v1/contacts/{a}/merges")).await);
    let back = good(&web.post(&format!("/api/v1/merges/{}/undo", records[0]["id"]), &json!({})).await);
    assert_eq!((&back["id"], &back["email"]), (&json!(b), &json!("b@example.org")));
    assert_eq!(good(&web.get(&format!("/api/v1/contacts/{a}")).await)["fields"]["firstname"], "Ada");
    app.settle().await;
});

on_each_db!(an_edit_that_takes_anothers_address_merges_her_in_the_compatible_api, |app| {
    let web = administrator(&app).await;
    let (a, b) = (door::contact(&web, "a@example.org", "Ada").await, door::contact(&web, "b@example.org", "Bea").await);
    let edited = good(&web.patch(&format!("/api/contacts/{a}/edit"), &json!({"email": "b@example.org"})).await);
    assert_eq!((&edited["contact"]["id"], &edited["contact"]["fields"]["all"]["email"]), (&json!(a), &json!("b@example.org")));
    assert_eq!(good(&web.get(&format!("/api/contacts/{b}")).await)["contact"]["id"], a);
    let c = door::contact(&web, "c@example.org", "Cleo").await;
    let merged = good(&web.post(&format!("/api/contacts/{a}/merge/{c}"), &json!({})).await);
    assert_eq!(merged["contact"]["id"], a);
    assert_eq!(web.post(&format!("/api/contacts/{a}/merge/999"), &json!({})).await.status, 404);
    app.settle().await;
});

on_each_db!(pairs_are_found_looked_at_and_put_away, |app| {
    let web = administrator(&app).await;
    let a = door::contact(&web, "ada@example.org", "Ada").await;
    door::contact(&web, "ada+x@example.org", "Ada").await;
    assert!(good(&web.post("/api/v1/duplicates/find", &json!({})).await)["task_id"].is_i64());
    app.settle().await;
    let pairs = good(&web.get("/api/v1/duplicates?safe=true").await);
    let pair = &pairs["items"][0];
    assert_eq!((&pair["rule"], &pair["safe"], &pair["first"]["id"]), (&json!("mailbox"), &json!(true), &json!(a)));
    let id = pair["id"].as_i64().unwrap();
    assert_eq!(web.post(&format!("/api/v1/duplicates/{id}/dismiss"), &json!({})).await.status, 204);
    assert_eq!(good(&web.get("/api/v1/duplicates").await)["total"], 0);
    assert_eq!(web.post(&format!("/api/v1/duplicates/{id}/merge"), &json!({})).await.status, 404);
    assert_eq!(web.post(&format!("/api/v1/duplicates/{id}/dismiss"), &json!({"dismissed": false})).await.status, 204);
    assert_eq!(good(&web.post(&format!("/api/v1/duplicates/{id}/merge"), &json!({})).await)["id"], a);
    app.settle().await;
});

on_each_db!(a_suppressed_address_gets_nothing_whoever_has_it, |app| {
    let web = administrator(&app).await;
    let wrong = web.post("/api/v1/suppressions", &json!({"address": "nobody"})).await;
    assert_eq!(door::complaint(&wrong), (422, "/address".into()));
    let made =
        good(&web.post("/api/v1/suppressions", &json!({"address": " Ada@Example.org", "comments": "asked by phone"})).await);
    assert_eq!((made["hash"].as_str().map(str::len), &made["cause"]), (Some(64), &json!("manual")));
    let csv = "address,why\nbob@example.org,bounced\nada@example.org\nnot an address\n";
    let done = good(&web.post("/api/v1/suppressions/import", &json!({"csv": csv})).await);
    assert_eq!(done, json!({"added": 1, "there": 1, "unreadable": 1}));
    assert_eq!(good(&web.get("/api/v1/suppressions?search=ADA%40example.org").await)["total"], 1);
    assert_eq!(good(&web.get("/api/v1/suppressions?cause=bounced").await)["total"], 1);
    let exported = web.get("/api/v1/suppressions/export.csv").await.text;
    assert!(exported.starts_with("sha256,cause,source,added_at\n") && !exported.contains('@'), "{exported}");

    let people = [
        door::contact(&web, "ada@example.org", "Ada").await,
        door::contact(&web, "bob@example.org", "Bob").await,
        door::contact(&web, "eve@example.org", "Eve").await,
    ];
    let segment = door::segment_of(&web, &people).await;
    let body = json!({"name": "News", "subject": "News", "source": "<p>x</p>", "kind": "segment", "segments": [segment], "published": true, "from_address": "us@example.org"});
    let email = door::email(&web, body).await;
    let audience = good(&web.get(&format!("/api/v1/emails/{email}/audience")).await);
    assert_eq!(audience["will_receive"], 1);
    let reasons: Vec<(&str, i64)> = audience["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["reason"].as_str().unwrap(), s["count"].as_i64().unwrap()))
        .collect();
    assert_eq!(reasons, [("undeliverable", 1), ("suppressed", 1)]);
    good(&web.post(&format!("/api/v1/emails/{email}/send"), &json!({})).await);
    app.settle().await;
    let counts = good(&web.get(&format!("/api/v1/emails/{email}")).await)["counts"].clone();
    assert_eq!((&counts["sent"], &counts["skipped"]), (&json!(1), &json!(2)));
    assert_eq!(web.delete(&format!("/api/v1/suppressions/{}", made["id"])).await.status, 204);
    assert_eq!(
        good(&web.get(&format!("/api/v1/emails/{email}/audience")).await)["will_receive"],
        1,
        "Eve had it, Ada may get it now"
    );
    assert_eq!(web.delete("/api/v1/suppressions/999").await.status, 404);
    let _: Value = good(&web.get("/api/v1/suppressions").await);
});
