//! Campaigns through both APIs: made in one, read in the other.

use hg_app::Role;
use hg_testkit::app::PASSWORD;
use hg_testkit::web::TestWeb;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

async fn start(app: &TestApp) -> TestWeb {
    app.user("ada@example.org", Role::Administrator).await;
    TestWeb::start(&app.ws).await.with_basic("ada@example.org", PASSWORD)
}

async fn segment(app: &TestApp) -> i64 {
    let new = hg_app::segments::NewSegment { name: "Everybody".into(), ..Default::default() };
    hg_app::segments::create(&app.cx(), new).await.unwrap().id.0
}

async fn email(app: &TestApp) -> i64 {
    let content = hg_app::emails::Content { subject: "Hello".into(), source: "<p>Hello</p>".into(), ..Default::default() };
    let new = hg_app::emails::NewEmail { name: "Hello".into(), content, ..Default::default() };
    hg_app::emails::create(&app.cx(), new).await.unwrap().id.0
}

async fn bo(app: &TestApp) -> i64 {
    let fields = [("email", "bo@example.org"), ("firstname", "Bo")].map(|(k, v)| (k.to_owned(), json!(v)));
    let input = hg_app::contacts::ContactInput { fields: fields.into(), ..Default::default() };
    hg_app::contacts::create(&app.cx(), input, false).await.unwrap().0.id.0
}

/// A campaign as a client of Mautic sends it: send, then a click with both paths.
fn old_shape(segment: i64, email: i64) -> Value {
    let event = |id: &str, kind: &str, group: &str, properties: Value| json!({"id": id, "name": id, "type": kind, "eventType": group, "order": 1, "properties": properties, "triggerMode": "immediate"});
    let mut reminder = event("new_3", "lead.changetags", "action", json!({"add_tags": ["late"], "remove_tags": []}));
    reminder["triggerMode"] = json!("interval");
    reminder["triggerInterval"] = json!(2);
    reminder["triggerIntervalUnit"] = json!("d");
    reminder["triggerHour"] = json!("09:30");
    let connect = |from: &str, to: &str, anchor: &str| json!({"sourceId": from, "targetId": to, "anchors": {"source": anchor, "target": "top"}});
    json!({
        "name": "Welcome", "isPublished": true, "lists": [{"id": segment}],
        "events": [
            event("new_1", "email.send", "action", json!({"email": email, "email_type": "marketing", "priority": 2})),
            event("new_2", "email.click", "decision", json!({"urls": {"list": ["*/offer"]}})),
            reminder,
        ],
        "canvasSettings": {
            "nodes": [{"id": "lists", "positionX": "500", "positionY": "50"}, {"id": "new_1", "positionX": "510", "positionY": "160"}],
            "connections": [connect("lists", "new_1", "leadsource"), connect("new_1", "new_2", "bottom"), connect("new_2", "new_3", "no")],
        },
    })
}

on_each_db!(a_campaign_made_by_an_old_client_is_the_same_campaign_in_the_native_api, |app| {
    let web = start(&app).await;
    let (segment, email) = (segment(&app).await, email(&app).await);
    let made = web.post("/api/campaigns/new", &old_shape(segment, email)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.header("location"), Some("/api/campaigns/1"));
    let old = &made.json()["campaign"];
    assert_eq!((&old["isPublished"], &old["lists"][0]["id"]), (&json!(true), &json!(segment)));
    let click = &old["events"][1];
    assert_eq!(
        (&click["parent"]["name"], &click["children"][0]["name"], &click["triggerMode"]),
        (&json!("new_1"), &json!("new_3"), &json!(null))
    );
    assert_eq!(old["events"][0]["properties"]["email_type"], "marketing", "what we do not use is given back");
    assert_eq!(
        (&old["events"][2]["decisionPath"], &old["events"][2]["triggerHour"]),
        (&json!("no"), &json!("1970-01-01T09:30:00+00:00"))
    );
    assert_eq!(
        old["canvasSettings"]["nodes"][1],
        json!({"id": old["events"][0]["id"].to_string(), "positionX": "510", "positionY": "160"})
    );

    let native = web.get("/api/v1/campaigns/1").await.json();
    assert_eq!((&native["state"], &native["problems"]), (&json!("published"), &json!([])));
    let kinds: Vec<&str> = native["steps"].as_array().unwrap().iter().map(|s| s["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["email.send", "email.click", "contact.tags"]);
    assert_eq!(native["steps"][2]["timing_text"], "2 days later, at 09:30");
});

on_each_db!(an_old_client_edits_what_it_read_and_nothing_is_lost, |app| {
    let web = start(&app).await;
    let (segment, email) = (segment(&app).await, email(&app).await);
    web.post("/api/campaigns/new", &old_shape(segment, email)).await;
    let read = web.get("/api/campaigns/1").await.json()["campaign"].clone();
    let again = web.put("/api/campaigns/1/edit", &read).await;
    assert_eq!(again.status, 200, "{}", again.text);
    let mut before = read.clone();
    let mut after = again.json()["campaign"].clone();
    assert_eq!((&before["modifiedByUser"], &after["modifiedByUser"]), (&json!(null), &before["createdByUser"]));
    for campaign in [&mut before, &mut after] {
        for trace_of_the_edit in ["dateModified", "modifiedBy", "modifiedByUser"] {
            campaign.as_object_mut().unwrap().remove(trace_of_the_edit);
        }
    }
    assert_eq!(after, before);
    let renamed = web.patch("/api/campaigns/1/edit", &json!({"name": "Hello again"})).await.json();
    assert_eq!(
        (&renamed["campaign"]["name"], renamed["campaign"]["events"].as_array().unwrap().len()),
        (&json!("Hello again"), 3)
    );
    assert_eq!(web.put("/api/campaigns/1/edit", &json!({})).await.status, 400);
    assert_eq!(web.get("/api/campaigns").await.json()["campaigns"]["1"]["name"], "Hello again");
});

on_each_db!(mistakes_of_old_clients_are_named, |app| {
    let web = start(&app).await;
    let (segment, email) = (segment(&app).await, email(&app).await);
    let mut body = old_shape(segment, email);
    body["events"][0]["type"] = json!("twitter.tweet");
    let unknown = web.post("/api/campaigns/new", &body).await;
    assert_eq!(unknown.status, 422);
    assert!(unknown.json()["errors"][0]["message"].as_str().unwrap().contains("twitter.tweet"));
    let mut body = old_shape(segment, email);
    body["canvasSettings"]["connections"].as_array_mut().unwrap().pop();
    let orphan = web.post("/api/campaigns/new", &body).await;
    assert_eq!(
        (orphan.status, orphan.json()["errors"][0]["message"].as_str().unwrap().contains("not connected")),
        (422, true),
        "{}",
        orphan.text
    );
    assert_eq!(web.get("/api/campaigns").await.json(), json!({"total": 0, "campaigns": []}), "nothing was kept of it");
    let nameless = web.post("/api/campaigns/new", &json!({"lists": [{"id": segment}]})).await;
    assert_eq!(nameless.json()["errors"][0]["message"], "name: A name is required.");
    assert_eq!(web.get("/api/campaigns/77").await.json()["errors"][0]["message"], "Item was not found.");
});

on_each_db!(members_are_added_removed_and_listed_by_old_clients, |app| {
    let web = start(&app).await;
    let (segment, email) = (segment(&app).await, email(&app).await);
    web.post("/api/campaigns/new", &old_shape(segment, email)).await;
    let id = bo(&app).await;
    assert_eq!(web.post(&format!("/api/campaigns/1/contact/{id}/add"), &json!({})).await.json(), json!({"success": 1}));
    let rows = web.get("/api/campaigns/1/contacts").await.json();
    assert_eq!(
        (&rows["total"], &rows["contacts"][0]["lead_id"], &rows["contacts"][0]["manually_added"]),
        (&json!("1"), &json!(id.to_string()), &json!("1"))
    );
    web.post(&format!("/api/campaigns/1/contact/{id}/remove"), &json!({})).await;
    assert_eq!(web.get("/api/campaigns/1/contacts").await.json()["contacts"][0]["manually_removed"], "1");
    assert_eq!(web.post("/api/campaigns/1/contact/999/add", &json!({})).await.status, 404);
});

on_each_db!(the_native_api_draws_publishes_and_shows_who_is_where, |app| {
    let web = start(&app).await;
    let segment = segment(&app).await;
    let body = json!({
        "name": "Tips", "sources": [{"kind": "segment", "id": segment}],
        "steps": [{"key": "s1", "type": "contact.tags", "settings": {"add": ["tips"]}, "timing": {"mode": "interval", "interval": 1, "unit": "d"}}],
    });
    let made = web.post("/api/v1/campaigns", &body).await.json();
    assert_eq!(
        (&made["state"], &made["steps"][0]["name"], &made["steps"][0]["kind"]),
        (&json!("draft"), &json!("Change tags"), &json!("action"))
    );
    let wrong = web.patch("/api/v1/campaigns/1", &json!({"steps": [{"key": "s1", "type": "sms.send"}]})).await;
    assert_eq!((wrong.status, wrong.json()["errors"][0]["pointer"].as_str()), (422, Some("/steps/0")));
    assert_eq!(web.patch("/api/v1/campaigns/1", &json!({"version": 99, "name": "X"})).await.status, 409);
    assert_eq!(web.post("/api/v1/campaigns/1/publish", &json!({})).await.json()["state"], "published");
    let contact = bo(&app).await;
    assert_eq!(web.post("/api/v1/campaigns/1/people", &json!({"add": [contact]})).await.json()["affected"], 1);
    app.settle().await;
    let people = web.get("/api/v1/campaigns/1/people").await.json();
    assert_eq!(
        (&people["items"][0]["contact"]["name"], &people["items"][0]["current"][0]["state"]),
        (&json!("Bo"), &json!("scheduled"))
    );
    let progress = web.get(&format!("/api/v1/campaigns/1/people/{contact}")).await.json();
    assert!(progress["next"][0]["explain"].as_str().unwrap().starts_with("Runs 1 day later"), "{progress}");
    assert_eq!(web.get(&format!("/api/v1/contacts/{contact}/campaigns")).await.json()[0]["name"], "Tips");
    let dashboard = web.get("/api/v1/dashboard").await;
    assert_eq!(dashboard.json()["upcoming"][0]["people"], 1, "{}", dashboard.text);
});

on_each_db!(a_deleted_campaign_comes_back_paused_with_its_steps, |app| {
    let web = start(&app).await;
    let segment = segment(&app).await;
    let body = json!({
        "name": "Tips", "sources": [{"kind": "segment", "id": segment}],
        "steps": [{"key": "s1", "type": "contact.tags", "settings": {"add": ["tips"]}}],
    });
    assert_eq!(web.post("/api/v1/campaigns", &body).await.status, 201);
    assert_eq!(web.post("/api/v1/campaigns/1/publish", &json!({})).await.status, 200);
    assert_eq!(web.delete("/api/v1/campaigns/1").await.status, 204);
    assert_eq!((web.get("/api/v1/campaigns/1").await.status, web.delete("/api/v1/campaigns/1").await.status), (404, 404));
    let back = web.post("/api/v1/campaigns/1/restore", &json!({})).await.json();
    assert_eq!((&back["state"], &back["steps"][0]["key"]), (&json!("paused"), &json!("s1")));
});

on_each_db!(a_running_campaign_is_changed_with_a_word_for_the_people_inside, |app| {
    let web = start(&app).await;
    let (segment, contact) = (segment(&app).await, bo(&app).await);
    let day = json!({"mode": "interval", "interval": 1, "unit": "d"});
    let later = json!({"key": "later", "type": "contact.tags", "settings": {"add": ["late"]}, "timing": day});
    let other = json!({"key": "other", "type": "contact.tags", "settings": {"add": ["other"]}, "timing": day});
    let body = json!({"name": "Tips", "sources": [{"kind": "segment", "id": segment}], "steps": [later]});
    assert_eq!(web.post("/api/v1/campaigns", &body).await.status, 201);
    assert_eq!(web.post("/api/v1/campaigns/1/publish", &json!({})).await.status, 200);
    assert_eq!(web.post("/api/v1/campaigns/1/people", &json!({"add": [contact]})).await.json()["affected"], 1);
    let changed = json!({"steps": [other]});
    let diff = web.post("/api/v1/campaigns/1/diff", &changed).await.json();
    assert_eq!(
        diff,
        json!([
            {"key": "other", "name": "Change tags", "change": "new", "parts": [], "waiting": 0, "past": 1},
            {"key": "later", "name": "Change tags", "change": "gone", "parts": [], "waiting": 1, "past": 0},
        ])
    );
    let refused = web.patch("/api/v1/campaigns/1", &changed).await;
    assert_eq!((refused.status, &refused.json()["errors"][0]["pointer"]), (422, &json!("/people/gone/later")));
    let told = json!({"steps": [other], "people": {"gone": {"later": "other"}, "note": "Other tips"}});
    assert_eq!(web.patch("/api/v1/campaigns/1", &told).await.status, 200);
    app.settle().await;
    let progress = web.get(&format!("/api/v1/campaigns/1/people/{contact}")).await.json();
    assert_eq!(progress["next"][0]["step_key"], "other", "{progress}");
    let versions = web.get("/api/v1/campaigns/1/versions").await.json();
    assert_eq!((&versions["items"][0]["note"], &versions["items"][0]["made_by"]), (&json!("Other tips"), &json!("Ada Lovelace")));
    let first = web.get("/api/v1/campaigns/1/versions/1").await.json();
    assert_eq!((&first["steps"][0]["key"], &first["back"][1]["change"]), (&json!("later"), &json!("gone")));
    let back = json!({"people": {"inside": "restart"}});
    let back = web.post("/api/v1/campaigns/1/versions/1/restore", &back).await;
    assert_eq!((back.status, &back.json()["steps"][0]["key"]), (200, &json!("later")), "{}", back.text);
    assert_eq!(web.patch("/api/v1/campaigns/1", &json!({"people": {"inside": "now"}})).await.status, 422);
});

on_each_db!(goals_templates_and_reasons_are_reached_by_the_api, |app| {
    let web = start(&app).await;
    let (segment, contact) = (segment(&app).await, bo(&app).await);
    let templates = web.get("/api/v1/campaigns/templates").await.json();
    assert!(templates.as_array().unwrap().iter().any(|t| t["key"] == "welcome"), "{templates}");
    let body = json!({"name": "Hello", "sources": [{"kind": "segment", "id": segment}]});
    let made = web.post("/api/v1/campaigns/templates/welcome", &body).await;
    assert_eq!((made.status, &made.json()["name"]), (201, &json!("Hello")), "{}", made.text);
    let rule = json!({"key": "g", "aim": "goal", "type": "contact.in_segments", "settings": {"segments": [segment]}});
    let steps = json!([{"key": "look", "type": "contact.field", "settings": {"field": "firstname", "op": "=", "value": "Bo"}}]);
    let changed = web.patch("/api/v1/campaigns/1", &json!({"rules": [rule], "steps": steps})).await.json();
    assert_eq!((&changed["rules"][0]["reached"], &changed["goals"]["people"]["of"]), (&json!(0), &json!(0)), "{changed}");
    assert_eq!(web.patch("/api/v1/campaigns/1", &json!({"rules": []})).await.json()["goals"], Value::Null);
    assert_eq!(web.post("/api/v1/campaigns/1/publish", &json!({})).await.status, 200);
    web.post("/api/v1/campaigns/1/people", &json!({"add": [contact]})).await;
    app.settle().await;
    let history = web.get(&format!("/api/v1/campaigns/1/people/{contact}")).await.json()["history"][0].clone();
    let kept: hg_core::campaigns::Decision = serde_json::from_value(history["decision"].clone()).unwrap();
    assert!(kept.outcome() && history["path"] == "yes", "{history}");
    let email = email(&app).await;
    let why = web.get(&format!("/api/v1/emails/{email}/why?contact={contact}")).await.json();
    assert!(why["answer"].as_str().unwrap().starts_with("Never sent"), "{why}");
    assert!(why["next"].as_str().unwrap().starts_with("All rules hold"), "{why}");
    assert_eq!(why["rules"][1]["rule"], "no-address", "{why}");
});
