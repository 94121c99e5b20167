//! Segments through the native API: many at once, parts, an end; and a contact month by month.

mod door;

use door::{administrator, complaint, contact, good};
use hg_core::time::Millis;
use hg_testkit::on_each_db;
use hg_testkit::web::TestWeb;
use serde_json::{Value, json};

async fn segment(web: &TestWeb, name: &str, rule: Value) -> i64 {
    let body = json!({"name": name, "filter": {"match": "all", "rules": [rule]}});
    good(&web.post("/api/v1/segments", &body).await)["id"].as_i64().unwrap()
}

async fn names(web: &TestWeb, search: &str) -> Vec<String> {
    let found = good(&web.get(&format!("/api/v1/segments?search={search}")).await);
    found["items"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap().to_owned()).collect()
}

on_each_db!(many_segments_are_changed_together_or_not_at_all, |app| {
    let web = administrator(&app).await;
    let city = |name: &str| json!({"field": "city", "op": "=", "value": name});
    let base = segment(&web, "Base", city("Rome")).await;
    let asks = segment(&web, "Asks", json!({"field": "segments", "op": "in", "value": [base]})).await;
    let free = segment(&web, "Free", city("Oslo")).await;
    let news = good(&web.post("/api/v1/categories", &json!({"bundle": "segment", "title": "News"})).await)["id"].clone();
    app.settle().await;
    assert_eq!(names(&web, "is:unused").await, ["Asks", "Free"]);
    let bulk = async |body: Value| web.post("/api/v1/segments/bulk", &body).await;
    // Somebody asks about Base: alone it stays, and Free with it.
    let refused = bulk(json!({"ids": [base, free], "action": "unpublish"})).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert_eq!(names(&web, "is:unpublished").await, Vec::<String>::new());
    let done = good(&bulk(json!({"ids": [base, asks, free, free], "action": "unpublish"})).await);
    assert_eq!(done, json!({"affected": 3}), "what is asked about goes with who asks");
    assert_eq!(good(&bulk(json!({"ids": [free], "action": "unpublish"})).await)["affected"], 0);
    assert_eq!(good(&bulk(json!({"ids": [base, asks, free], "action": "publish"})).await)["affected"], 3);
    good(&bulk(json!({"ids": [base, free], "action": "category", "category_id": news})).await);
    assert_eq!(names(&web, "category:news").await, ["Base", "Free"]);
    good(&bulk(json!({"ids": [base], "action": "category"})).await);
    assert_eq!(names(&web, "is:uncategorized").await, ["Asks", "Base"]);
    good(&bulk(json!({"ids": [base, asks], "action": "delete"})).await);
    assert_eq!(names(&web, "").await, ["Free"]);
    good(&bulk(json!({"ids": [base, asks], "action": "restore"})).await);
    app.settle().await;
    assert_eq!(names(&web, "").await, ["Asks", "Base", "Free"]);
    let log = good(&web.get("/api/v1/audit?object=segment&action=unpublish").await);
    assert_eq!(log["items"].as_array().unwrap().len(), 3, "{log}");
    for (body, answer) in [
        (json!({"ids": [], "action": "delete"}), (422, "/ids")),
        (json!({"ids": [base], "action": "paint"}), (422, "/action")),
        (json!({"ids": [base], "action": "category", "category_id": 99}), (422, "/category_id")),
    ] {
        let (status, pointer) = complaint(&bulk(body).await);
        assert_eq!((status, pointer.as_str()), answer);
    }
    assert_eq!(bulk(json!({"ids": [free, 999], "action": "delete"})).await.status, 404);
    assert_eq!(names(&web, "").await.len(), 3, "nothing was done by halves");
});

on_each_db!(a_segment_is_split_and_given_an_end_through_the_api, |app| {
    let web = administrator(&app).await;
    let all = segment(&web, "All", json!({"field": "email", "op": "!empty"})).await;
    for n in 0..40 {
        contact(&web, &format!("p{n}@example.org"), "P").await;
    }
    let body = json!({"parts": [{"percent": 30, "name": "Test"}, {"percent": 70}]});
    let made = good(&web.post(&format!("/api/v1/segments/{all}/split"), &body).await);
    assert_eq!((&made[0]["name"], &made[1]["name"]), (&json!("Test"), &json!("All (B)")));
    app.settle().await;
    let count = async |id: &Value| good(&web.get(&format!("/api/v1/segments/{id}")).await)["count"].as_i64().unwrap();
    let (test, rest) = (count(&made[0]["id"]).await, count(&made[1]["id"]).await);
    assert!(test > 2 && test < rest && test + rest == 40, "{test} and {rest}");
    let wrong = json!({"parts": [{"percent": 80}, {"percent": 30}]});
    assert_eq!(complaint(&web.post(&format!("/api/v1/segments/{all}/split"), &wrong).await), (422, "/parts".into()));
    // A random share says what is wrong with it where it stands.
    let share = |value: Value| json!({"name": "X", "filter": {"match": "all", "rules": [{"field": "random_share", "op": "=", "value": value}]}});
    let refused = web.post("/api/v1/segments", &share(json!({"percent": 0}))).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("/rules/0/value"), "{}", refused.text);
    // The end.
    let ends = app.now().plus(Millis::days(2)).rfc3339();
    let path = format!("/api/v1/segments/{}", made[0]["id"]);
    assert_eq!(good(&web.patch(&path, &json!({"expires_at": ends})).await)["expires_at"], json!(ends));
    let past = app.now().minus(Millis::days(2)).rfc3339();
    assert_eq!(complaint(&web.patch(&path, &json!({"expires_at": past})).await), (422, "/expires_at".into()));
    assert_eq!(complaint(&web.patch(&path, &json!({"expires_at": "soon"})).await), (422, "/expires_at".into()));
    app.advance(Millis::days(3));
    app.settle().await;
    assert_eq!(good(&web.get(&path).await)["published"], false);
    let told = good(&web.get("/api/v1/me/notices").await);
    assert_eq!(told["items"][0]["kind"], "segment.expired", "{told}");
});

on_each_db!(a_contact_is_told_month_by_month_and_as_a_file, |app| {
    let web = administrator(&app).await;
    let ada = contact(&web, "ada.l@example.org", "=Ada").await;
    good(&web.post(&format!("/api/v1/contacts/{ada}/points"), &json!({"operator": "plus", "value": 7})).await);
    app.advance(Millis::days(40));
    good(&web.post(&format!("/api/v1/contacts/{ada}/points"), &json!({"operator": "minus", "value": 3})).await);
    let months = good(&web.get(&format!("/api/v1/contacts/{ada}/engagement?months=3")).await);
    let seen: Vec<(&str, i64)> =
        months.as_array().unwrap().iter().map(|m| (m["month"].as_str().unwrap(), m["points"].as_i64().unwrap())).collect();
    assert_eq!(seen, [("2024-02", 0), ("2024-03", 7), ("2024-04", -3)]);
    assert!(months[1]["events"].as_i64().unwrap() > months[2]["events"].as_i64().unwrap(), "{months}");
    assert_eq!(months[0]["events"], 0);
    let six = good(&web.get(&format!("/api/v1/contacts/{ada}/engagement")).await);
    assert_eq!(six.as_array().unwrap().len(), 6);
    let file = web.get(&format!("/api/v1/contacts/{ada}/timeline.csv")).await;
    assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
    let lines: Vec<&str> = file.text.lines().collect();
    assert_eq!(lines[0], "occurred_at,kind,title,about,detail");
    assert!(lines[1].contains(",points_changed,"), "the newest first: {}", file.text);
    let shown = good(&web.get(&format!("/api/v1/contacts/{ada}/timeline")).await);
    assert_eq!(lines.len() - 1, shown["items"].as_array().unwrap().len(), "{}", file.text);
    assert_eq!(web.get("/api/v1/contacts/999/engagement").await.status, 404);
    assert_eq!(web.get("/api/v1/contacts/999/timeline.csv").await.status, 404);
});
