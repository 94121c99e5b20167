//! Every route of contacts and what hangs on them, of companies, fields, segments, categories, points and stages: that it
//! is there, with and without a slash at its end, and what its answer holds.

mod door;

use door::{administrator, good};
use hg_testkit::on_each_db;
use hg_testkit::web::{Reply, TestWeb};
use serde_json::{Value, json};

async fn call(web: &TestWeb, method: &str, path: &str, body: &Value) -> Reply {
    match method {
        "GET" => web.get(path).await,
        "PUT" => web.put(path, body).await,
        "PATCH" => web.patch(path, body).await,
        "DELETE" => web.delete(path).await,
        _ => web.post(path, body).await,
    }
}

/// Routes that change nothing that another route of the table needs: method, address, body, status, keys of the answer.
fn routes() -> Vec<(&'static str, &'static str, Value, u16, &'static [&'static str])> {
    let no = || json!({});
    vec![
        ("GET", "/api/contacts", no(), 200, &["total", "contacts"]),
        ("GET", "/api/contacts/1", no(), 200, &["contact"]),
        ("POST", "/api/contacts/batch/new", json!([{"firstname": "Batch"}]), 201, &["contacts", "statusCodes"]),
        ("PATCH", "/api/contacts/batch/edit", json!([{"id": 1, "city": "Rome"}]), 200, &["contacts", "statusCodes"]),
        ("PATCH", "/api/contacts/1/edit", json!({"city": "Rome"}), 200, &["contact"]),
        ("PUT", "/api/contacts/1/edit", json!({"email": "jo@example.com", "firstname": "Jo"}), 200, &["contact"]),
        ("GET", "/api/contacts/1/segments", no(), 200, &["total", "lists"]),
        ("GET", "/api/contacts/1/campaigns", no(), 200, &["total", "campaigns"]),
        ("GET", "/api/contacts/1/companies", no(), 200, &["total", "companies"]),
        ("GET", "/api/contacts/1/devices", no(), 200, &["total", "devices"]),
        ("GET", "/api/contacts/1/notes", no(), 200, &["total", "notes"]),
        (
            "GET",
            "/api/contacts/1/activity",
            no(),
            200,
            &["events", "filters", "order", "types", "total", "page", "limit", "maxPages"],
        ),
        ("GET", "/api/contacts/1/events", no(), 200, &["events", "total", "types"]),
        ("GET", "/api/contacts/activity", no(), 200, &["events", "filters", "order", "types", "total"]),
        ("POST", "/api/contacts/1/dnc/email/add", json!({"reason": 3}), 200, &["contact"]),
        ("POST", "/api/contacts/1/dnc/email/add", json!({"reason": 0}), 400, &["errors"]),
        ("POST", "/api/contacts/1/dnc/email/remove", no(), 200, &["recordFound", "contact"]),
        ("POST", "/api/contacts/1/utm/add", json!({"utm_source": "x"}), 200, &["contact"]),
        ("POST", "/api/contacts/1/utm/1/remove", no(), 200, &["recordFound", "contact"]),
        ("POST", "/api/contacts/1/utm/99/remove", no(), 400, &["errors"]),
        ("POST", "/api/contacts/1/points/plus/5", no(), 200, &["success"]),
        ("POST", "/api/contacts/1/points/power/5", no(), 400, &["errors"]),
        ("GET", "/api/contacts/1/points/groups", no(), 200, &["total", "groupScores"]),
        ("POST", "/api/contacts/1/points/groups/1/set/7", no(), 200, &["groupScore"]),
        ("GET", "/api/contacts/1/points/groups/1", no(), 200, &["groupScore"]),
        ("POST", "/api/contacts/1/points/groups/99/set/7", no(), 404, &["errors"]),
        ("GET", "/api/contacts/list/owners", no(), 200, &[]),
        ("GET", "/api/contacts/list/fields", no(), 200, &["1"]),
        ("GET", "/api/contacts/list/segments", no(), 200, &["1"]),
        ("GET", "/api/contacts/999/segments", no(), 404, &["errors"]),
        ("GET", "/api/contacts/x", no(), 404, &["errors"]),
        ("GET", "/api/companies", no(), 200, &["total", "companies"]),
        ("GET", "/api/companies/1", no(), 200, &["company"]),
        ("POST", "/api/companies/new", json!({"companyname": "Acme"}), 200, &["company"]),
        ("POST", "/api/companies/new", json!({"companycity": "Rome"}), 400, &["errors"]),
        ("POST", "/api/companies/1/contact/1/add", no(), 200, &["success"]),
        ("POST", "/api/companies/1/contact/1/remove", no(), 200, &["success"]),
        ("POST", "/api/companies/1/contact/1/remove", no(), 404, &["errors"]),
        ("POST", "/api/companies/99/contact/1/add", no(), 404, &["errors"]),
        ("GET", "/api/notes", no(), 200, &["total", "notes"]),
        ("GET", "/api/devices", no(), 200, &["total", "devices"]),
        ("GET", "/api/tags", no(), 200, &["total", "tags"]),
        ("POST", "/api/tags/new", json!({"tag": "VIP"}), 200, &["tag"]),
        ("GET", "/api/fields/contact", no(), 200, &["total", "fields"]),
        ("GET", "/api/fields/company", no(), 200, &["total", "fields"]),
        ("GET", "/api/fields/contact/2", no(), 200, &["field"]),
        ("DELETE", "/api/fields/contact/2/delete", no(), 403, &["errors"]),
        ("GET", "/api/segments", no(), 200, &["total", "lists"]),
        ("GET", "/api/segments/1", no(), 200, &["list"]),
        ("POST", "/api/segments/new", no(), 400, &["errors"]),
        ("POST", "/api/segments/1/contact/1/add", no(), 200, &["success"]),
        ("POST", "/api/segments/1/contact/1/remove", no(), 200, &["success"]),
        ("POST", "/api/segments/1/contacts/add", json!({"ids": [1, 999]}), 200, &["success", "details"]),
        ("POST", "/api/segments/1/contacts/add", no(), 400, &["errors"]),
        ("GET", "/api/categories", no(), 200, &["total", "categories"]),
        ("GET", "/api/categories/1", no(), 200, &["category"]),
        ("GET", "/api/points", no(), 200, &["total", "points"]),
        ("GET", "/api/points/1", no(), 200, &["point"]),
        ("GET", "/api/points/actions/types", no(), 200, &["pointActionTypes"]),
        ("GET", "/api/points/triggers", no(), 200, &["total", "triggers"]),
        ("GET", "/api/points/triggers/1", no(), 200, &["trigger"]),
        ("GET", "/api/points/triggers/events/types", no(), 200, &["eventTypes"]),
        ("DELETE", "/api/points/triggers/1/events/delete?events[]=1", no(), 200, &["trigger"]),
        ("GET", "/api/points/groups", no(), 200, &["total", "pointGroups"]),
        ("GET", "/api/points/groups/1", no(), 200, &["pointGroup"]),
        ("GET", "/api/stages", no(), 200, &["total", "stages"]),
        ("GET", "/api/stages/1", no(), 200, &["stage"]),
        ("POST", "/api/stages/1/contact/1/add", no(), 200, &["success"]),
        ("POST", "/api/stages/1/contact/1/remove", no(), 200, &["success"]),
        ("POST", "/api/stages/1/contact/999/add", no(), 404, &["errors"]),
        ("POST", "/api/stages/99/contact/1/add", no(), 404, &["errors"]),
        ("GET", "/api/nothing", no(), 404, &["errors"]),
    ]
}

async fn furnish(web: &TestWeb) {
    for (path, body) in [
        ("/api/contacts/new", json!({"email": "jo@example.com", "firstname": "Jo"})),
        ("/api/companies/new", json!({"companyname": "Acme"})),
        ("/api/tags/new", json!({"tag": "vip"})),
        ("/api/segments/new", json!({"name": "News"})),
        ("/api/categories/new", json!({"title": "News", "bundle": "segment"})),
        ("/api/points/new", json!({"name": "Opened", "type": "email.open", "delta": 5})),
        ("/api/points/groups/new", json!({"name": "Interest"})),
        (
            "/api/points/triggers/new",
            json!({"name": "Hot", "points": 100, "events": [{"name": "Tag", "type": "lead.changetags", "order": 1, "properties": {"add_tags": ["hot"]}}]}),
        ),
        ("/api/stages/new", json!({"name": "Lead", "weight": 10})),
    ] {
        let made = web.post(path, &body).await;
        assert_eq!(made.status, 201, "{path}: {}", made.text);
    }
}

on_each_db!(every_route_answers_with_its_keys, |app| {
    let web = administrator(&app).await;
    furnish(&web).await;
    for (method, path, body, status, keys) in routes() {
        let reply = call(&web, method, path, &body).await;
        assert_eq!(reply.status, status, "{method} {path}: {}", reply.text);
        let answer = reply.json();
        for key in keys {
            assert!(answer.get(key).is_some(), "{method} {path} has no {key}: {answer}");
        }
        assert!(reply.header("mautic-version").is_some(), "{method} {path}");
    }
    app.settle().await;
});

on_each_db!(a_slash_at_the_end_changes_nothing, |app| {
    let web = administrator(&app).await;
    furnish(&web).await;
    for path in ["/api/contacts", "/api/contacts/1", "/api/contacts/1/segments", "/api/points/actions/types", "/api/stages/1"] {
        let plain = good(&web.get(path).await);
        assert_eq!(good(&web.get(&format!("{path}/")).await), plain, "{path}");
    }
    let made = web.post("/api/contacts/new/", &json!({"email": "ada@example.com"})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let found = good(&web.get("/api/contacts/?search=email:ada@example.com").await);
    assert_eq!(found["total"], "1");
});

on_each_db!(a_put_leaves_alone_what_somebody_earned, |app| {
    let web = administrator(&app).await;
    let made = good(
        &web.post("/api/contacts/new", &json!({"email": "jo@example.com", "city": "Rome", "points": 15, "tags": "vip"})).await,
    );
    assert_eq!(made["contact"]["points"], 15);
    let put = good(&web.put("/api/contacts/1/edit", &json!({"email": "jo@example.com"})).await)["contact"].clone();
    assert_eq!((&put["points"], &put["fields"]["all"]["city"]), (&json!(15), &Value::Null));
    assert_eq!(put["tags"][0]["tag"], "vip");
});

on_each_db!(campaigns_of_a_contact_say_how_she_came_in, |app| {
    let web = administrator(&app).await;
    furnish(&web).await;
    good(&web.post("/api/segments/1/contact/1/add", &json!({})).await);
    let steps = json!([{"key": "a", "type": "contact.tags", "name": "Tag", "settings": {"add": ["x"], "remove": []}}]);
    let campaign = json!({"name": "Welcome", "sources": [{"kind": "segment", "id": 1}], "steps": steps});
    good(&web.post("/api/v1/campaigns", &campaign).await);
    good(&web.post("/api/campaigns/1/contact/1/add", &json!({})).await);
    let inside = good(&web.get("/api/contacts/1/campaigns").await)["campaigns"]["1"].clone();
    assert_eq!((&inside["manuallyAdded"], &inside["manuallyRemoved"]), (&json!(true), &json!(false)));
    assert_eq!(inside["listMembership"], json!(["1"]));
    app.settle().await;
});
