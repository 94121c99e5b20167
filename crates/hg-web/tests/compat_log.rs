//! Events of campaigns, and what became of them for a contact, as clients written for Mautic know them.

mod door;

use door::{administrator, contact, good, segment_of};
use hg_core::time::Millis;
use hg_testkit::web::{Reply, TestWeb};
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

fn message(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["errors"][0]["message"].as_str().unwrap_or_default().to_owned())
}

/// A tag at once, points after two days, and a decision without an end.
async fn campaign(web: &TestWeb, segment: i64) -> Value {
    let body = json!({
        "name": "Tips", "sources": [{"kind": "segment", "id": segment}],
        "steps": [
            {"key": "tag", "type": "contact.tags", "settings": {"add": ["tips"]}},
            {"key": "points", "type": "contact.points", "parent": "tag", "settings": {"points": 5}, "timing": {"mode": "interval", "interval": 2, "unit": "d"}},
            {"key": "form", "type": "form.submit", "parent": "points", "settings": {"forms": []}},
            {"key": "end", "type": "contact.tags", "parent": "form", "path": "yes", "settings": {"add": ["asked"]}},
        ],
    });
    let id = good(&web.post("/api/v1/campaigns", &body).await)["id"].clone();
    good(&web.post(&format!("/api/v1/campaigns/{id}/publish"), &json!({})).await)
}

async fn running(app: &TestApp) -> (TestWeb, i64, Vec<i64>) {
    let web = administrator(app).await;
    let ann = contact(&web, "ann@example.org", "Ann").await;
    let segment = segment_of(&web, &[ann]).await;
    app.settle().await;
    let made = campaign(&web, segment).await;
    app.settle().await;
    let steps = made["steps"].as_array().unwrap().iter().map(|s| s["id"].as_i64().unwrap()).collect();
    (web, ann, steps)
}

on_each_db!(events_are_listed_with_their_campaign_and_read_one_by_one, |app| {
    let (web, _, steps) = running(&app).await;
    let all = web.get("/api/campaigns/events").await.json();
    assert_eq!((&all["total"], all["events"].as_array().map(Vec::len)), (&json!(4), Some(4)));
    let first = &all["events"][0];
    assert_eq!(
        (&first["id"], &first["type"], &first["eventType"], &first["campaign"]["name"]),
        (&json!(steps[0]), &json!("lead.changetags"), &json!("action"), &json!("Tips"))
    );
    assert_eq!(web.get("/api/campaigns/events?start=1&limit=1").await.json()["events"][0]["id"], json!(steps[1]));
    let one = web.get(&format!("/api/campaigns/events/{}", steps[1])).await.json()["event"].clone();
    assert_eq!(
        (&one["type"], &one["triggerInterval"], &one["parent"]["id"], &one["children"][0]["id"]),
        (&json!("lead.changepoints"), &json!(2), &json!(steps[0]), &json!(steps[2]))
    );
    assert_eq!(message(&web.get("/api/campaigns/events/999").await), (404, "Item was not found.".into()));
});

on_each_db!(the_log_of_a_contact_says_what_ran_and_what_is_to_come, |app| {
    let (web, ann, steps) = running(&app).await;
    let log = web.get(&format!("/api/campaigns/events/contact/{ann}")).await.json();
    assert_eq!(log["total"], 2);
    let (done, open) = (&log["events"][0], &log["events"][1]);
    assert_eq!(
        (&done["event"]["id"], &done["isScheduled"], &done["triggerDate"], &done["lead"]["id"], &done["campaign"]["name"]),
        (&json!(steps[0]), &json!(false), &Value::Null, &json!(ann), &json!("Tips"))
    );
    assert_eq!(done["dateTriggered"], "2024-03-13T10:00:00+00:00");
    assert_eq!(
        (&open["event"]["id"], &open["isScheduled"], &open["triggerDate"], &open["dateTriggered"], &open["rotation"]),
        (&json!(steps[1]), &json!(true), &json!("2024-03-15T10:00:00+00:00"), &Value::Null, &json!(1))
    );
    let inside = web.get(&format!("/api/campaigns/1/events/contact/{ann}")).await.json();
    assert_eq!((&inside["total"], &inside["campaign"]["id"]), (&json!(4), &json!(1)));
    assert_eq!(inside["events"][0]["contactLog"][0]["dateTriggered"], "2024-03-13T10:00:00+00:00");
    assert_eq!(inside["events"][3]["contactLog"], json!([]));
    assert_eq!((&inside["membership"][0]["manuallyRemoved"], &inside["membership"][0]["rotation"]), (&json!(false), &json!(1)));
    let stranger = contact(&web, "eve@example.org", "Eve").await;
    assert_eq!(
        message(&web.get(&format!("/api/campaigns/1/events/contact/{stranger}")).await),
        (409, "This contact is not a member of this campaign.".into())
    );
    assert_eq!(web.get("/api/campaigns/events/contact/999").await.status, 404);
    assert_eq!(web.get(&format!("/api/campaigns/9/events/contact/{ann}")).await.status, 404);
});

on_each_db!(an_event_is_scheduled_anew_and_runs_then, |app| {
    let (web, ann, steps) = running(&app).await;
    let path = format!("/api/campaigns/events/{}/contact/{ann}/edit", steps[1]);
    let moved = web.put(&path, &json!({"triggerDate": "2024-03-13 12:00:00"})).await;
    assert_eq!(
        (moved.status, moved.json()["event"]["contactLog"]["triggerDate"].clone()),
        (200, json!("2024-03-13T12:00:00+00:00"))
    );
    app.play_until(app.now().plus(Millis::hours(1))).await;
    assert_eq!(web.get(&format!("/api/contacts/{ann}")).await.json()["contact"]["points"], 0);
    app.play_until(app.now().plus(Millis::hours(1))).await;
    assert_eq!(web.get(&format!("/api/contacts/{ann}")).await.json()["contact"]["points"], 5);
    app.play_until(app.now().plus(Millis::days(5))).await;
    assert_eq!(web.get(&format!("/api/contacts/{ann}")).await.json()["contact"]["points"], 5, "once, not at its old date again");
});

on_each_db!(an_event_marked_as_executed_does_nothing_itself_and_what_follows_goes_on, |app| {
    let (web, ann, steps) = running(&app).await;
    let path = format!("/api/campaigns/events/{}/contact/{ann}/edit", steps[1]);
    let marked = web.put(&path, &json!({"dateTriggered": "2024-03-13T09:00:00+00:00"})).await;
    assert_eq!(marked.status, 200, "{}", marked.text);
    let log = marked.json()["event"]["contactLog"].clone();
    assert_eq!((&log["dateTriggered"], &log["isScheduled"]), (&json!("2024-03-13T09:00:00+00:00"), &json!(false)));
    app.settle().await;
    assert_eq!(web.get(&format!("/api/contacts/{ann}")).await.json()["contact"]["points"], 0, "somebody else gave the points");
    let inside = web.get(&format!("/api/campaigns/1/events/contact/{ann}")).await.json();
    assert_eq!(inside["events"][2]["contactLog"].as_array().map(Vec::len), Some(1), "the decision below waits now");
    let decided = web
        .put(
            &format!("/api/campaigns/events/{}/contact/{ann}/edit", steps[2]),
            &json!({"dateTriggered": "2024-03-13T09:30:00+00:00"}),
        )
        .await;
    assert_eq!((decided.status, decided.json()["event"]["contactLog"]["nonActionPathTaken"].clone()), (200, json!(false)));
    app.settle().await;
    let tags = web.get(&format!("/api/contacts/{ann}")).await.json()["contact"]["tags"].clone();
    assert!(tags.as_array().unwrap().iter().any(|t| t["tag"] == "asked"), "the yes path was taken: {tags}");
    let again = web.put(&path, &json!({"dateTriggered": "2024-03-13T09:00:00+00:00"})).await;
    assert_eq!(message(&again), (409, "This step has already run for the contact.".into()));
});

on_each_db!(what_a_client_tells_about_an_event_is_kept, |app| {
    let (web, ann, steps) = running(&app).await;
    let edit = |step: i64| format!("/api/campaigns/events/{step}/contact/{ann}/edit");
    let told = json!({
        "dateTriggered": "2024-03-13T09:00:00+00:00", "ipAddress": "192.0.2.7", "metadata": {"till": "A-17"}, "channel": "till", "channelId": 3,
    });
    let log = good(&web.put(&edit(steps[1]), &told).await)["event"]["contactLog"].clone();
    assert_eq!(log["ipAddress"]["ipAddress"], "192.0.2.7");
    assert_eq!(log["metadata"], json!({"till": "A-17"}));
    assert_eq!((&log["channel"], &log["channelId"]), (&json!("till"), &json!(3)));
    let again = web.get(&format!("/api/campaigns/1/events/contact/{ann}")).await.json();
    assert_eq!(again["events"][1]["contactLog"][0], log, "it stays");
    // A decision that was answered elsewhere, with no.
    let no = json!({"dateTriggered": "2024-03-13T09:30:00+00:00", "nonActionPathTaken": true});
    let decided = good(&web.put(&edit(steps[2]), &no).await);
    assert_eq!(decided["event"]["contactLog"]["nonActionPathTaken"], true);
    app.settle().await;
    let tags = web.get(&format!("/api/contacts/{ann}")).await.json()["contact"]["tags"].clone();
    assert!(!tags.as_array().unwrap().iter().any(|t| t["tag"] == "asked"), "the yes path was not taken: {tags}");
    for (key, value) in [("ipAddress", json!("home")), ("metadata", json!("x")), ("channel", json!(["a"]))] {
        let body = json!({"triggerDate": "2024-03-20 12:00:00", key: value});
        assert_eq!(message(&web.put(&edit(steps[3]), &body).await), (400, format!("{key}: This value is not valid.")));
    }
});

on_each_db!(changes_of_the_log_that_cannot_be_are_refused_one_by_one, |app| {
    let (web, ann, steps) = running(&app).await;
    let eve = contact(&web, "eve@example.org", "Eve").await;
    let edit = |step: i64, contact: i64| format!("/api/campaigns/events/{step}/contact/{contact}/edit");
    let soon = json!({"triggerDate": "2024-03-20 12:00:00"});
    for (path, body, status, text) in [
        (edit(steps[0], ann), soon.clone(), 409, "This step has already run for the contact."),
        (edit(steps[1], eve), soon.clone(), 409, "The contact is not in this campaign."),
        (edit(steps[2], ann), soon.clone(), 409, "A decision waits for the contact and cannot be scheduled."),
        (
            edit(steps[1], ann),
            json!({"metadata": {}}),
            409,
            "The event must be either executed (dateTriggered) or scheduled (triggerDate).",
        ),
        (edit(steps[1], ann), json!({"triggerDate": "whenever"}), 400, "triggerDate: This value is not a valid datetime."),
        (
            edit(steps[1], ann),
            json!({"dateTriggered": "2030-01-01"}),
            400,
            "dateTriggered: This lies in the future; use triggerDate to schedule the event.",
        ),
        (edit(999, ann), soon.clone(), 404, "Item was not found."),
        (edit(steps[1], 999), soon.clone(), 404, "Item was not found."),
    ] {
        assert_eq!(message(&web.put(&path, &body).await), (status, text.to_owned()), "{path} {body}");
    }
    let new = web.put(&edit(steps[3], ann), &soon).await;
    assert_eq!(new.status, 201, "a step that was not planned yet gets a row: {}", new.text);
    let batch = json!([
        {"eventId": steps[1], "contactId": ann, "triggerDate": "2024-03-21 12:00:00"},
        {"eventId": steps[1], "contactId": eve, "triggerDate": "2024-03-21 12:00:00"},
        {"contactId": ann},
    ]);
    let done = good(&web.put("/api/campaigns/events/batch/edit", &batch).await);
    assert_eq!(done["events"]["0"]["contactLog"]["triggerDate"], "2024-03-21T12:00:00+00:00");
    assert_eq!(
        (&done["errors"]["1"]["code"], &done["errors"]["2"]["message"]),
        (&json!(409), &json!("ID is missing from the payload."))
    );
});

/// A mail, a decision below it, and what follows on either side: the events say themselves what follows what.
fn told_by_events(segment: i64, email: i64) -> Value {
    json!({
        "name": "Told by its events", "lists": [{"id": segment}],
        "events": [
            {"id": "new1", "name": "Mail", "type": "email.send", "eventType": "action", "properties": {"email": email}, "children": [{"id": "new2"}]},
            {"id": "new2", "name": "Opened?", "type": "email.open", "eventType": "decision", "properties": {}},
            {"id": "new3", "name": "Readers", "type": "lead.changetags", "eventType": "action", "decisionPath": "yes",
             "properties": {"add_tags": ["reader"]}, "parent": {"id": "new2"}},
            {"id": "new4", "name": "Others", "type": "lead.changepoints", "eventType": "action", "decisionPath": "no", "parent": {"id": "new2"},
             "properties": {"points": -5}, "triggerMode": "interval", "triggerInterval": 3, "triggerIntervalUnit": "d"},
        ],
    })
}

fn families(campaign: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let events = campaign["events"].as_array().cloned().unwrap_or_default();
    events.iter().map(|e| (text(&e["name"]), text(&e["parent"]["name"]), text(&e["decisionPath"]))).collect()
}

on_each_db!(events_that_name_their_parents_and_children_need_no_canvas, |app| {
    let web = administrator(&app).await;
    let segment = segment_of(&web, &[]).await;
    let email = door::email(&web, json!({"name": "Tips", "subject": "Tips", "source": "<p>Tips</p>"})).await;
    let made = good(&web.post("/api/campaigns/new", &told_by_events(segment, email)).await)["campaign"].clone();
    let expected = [("Mail", "-", "-"), ("Opened?", "Mail", "-"), ("Readers", "Opened?", "yes"), ("Others", "Opened?", "no")];
    let expected: Vec<_> = expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())).into();
    assert_eq!(families(&made), expected);
    // Made and published in one go is not changed since.
    assert_eq!((&made["dateModified"], &made["modifiedBy"]), (&Value::Null, &Value::Null));
    // Whoever leaves out places of events that stand there already leaves them where they are.
    let path = format!("/api/campaigns/{}/edit", made["id"]);
    let mut events = made["events"].clone();
    for event in events.as_array_mut().unwrap() {
        let event = event.as_object_mut().unwrap();
        event.remove("parent");
        event.remove("children");
    }
    let kept = good(&web.patch(&path, &json!({ "events": events })).await)["campaign"].clone();
    assert_eq!(families(&kept), expected);
    // And whoever says that one has no parent moves it to the front.
    events[2]["parent"] = Value::Null;
    events[2]["decisionPath"] = Value::Null;
    let moved = good(&web.patch(&path, &json!({ "events": events })).await)["campaign"].clone();
    assert_eq!(families(&moved)[2], ("Readers".to_owned(), "-".to_owned(), "-".to_owned()));
});

on_each_db!(a_wrong_event_is_named_by_its_place_in_the_body, |app| {
    let web = administrator(&app).await;
    let segment = segment_of(&web, &[]).await;
    let error = |reply: &Reply| {
        let error = reply.json()["errors"][0].clone();
        (reply.status, error["type"].clone(), error["details"].clone())
    };
    let email = door::email(&web, json!({"name": "Tips", "subject": "Tips", "source": "<p>Tips</p>"})).await;
    let validation = |place: &str| (422, json!("validation"), json!(place));
    let mut unknown = told_by_events(segment, email);
    unknown["events"][2]["type"] = json!("nonsense");
    assert_eq!(error(&web.post("/api/campaigns/new", &unknown).await), validation("data.events[2].type"));
    let mut lonely = told_by_events(segment, email);
    lonely["events"][0]["children"] = json!([]);
    let refused = web.post("/api/campaigns/new", &lonely).await;
    assert_eq!(error(&refused), validation("data.events[1]"), "{}", refused.text);
    let mut unit = told_by_events(segment, email);
    unit["events"][3]["triggerIntervalUnit"] = json!("q");
    assert_eq!(error(&web.post("/api/campaigns/new", &unit).await), validation("data.events[3]"));
    let mut date = told_by_events(segment, email);
    date["events"][3]["triggerDate"] = json!("some day");
    assert_eq!(error(&web.post("/api/campaigns/new", &date).await), validation("data.events[3]"));
    let nowhere = web.post("/api/campaigns/new", &told_by_events(999, email)).await;
    assert_eq!(message(&nowhere), (400, "sources: There is no segment 999; choose another source.".into()));
    let mut nameless = told_by_events(segment, email);
    nameless["events"] = json!([
        {"name": "Five", "type": "lead.changepoints", "eventType": "action", "properties": {"points": 5}},
        {"name": "Six", "type": "lead.changepoints", "eventType": "action", "properties": {"points": 6}},
    ]);
    let made = good(&web.post("/api/campaigns/new", &nameless).await)["campaign"].clone();
    assert_eq!(made["events"].as_array().map(Vec::len), Some(2), "events need no ids");
    let mut circle = told_by_events(segment, email);
    circle["events"][0]["parent"] = json!({"id": "new3"});
    let refused = web.post("/api/campaigns/new", &circle).await;
    assert_eq!((refused.status, error(&refused).1), (422, json!("validation")), "{}", refused.text);
});

on_each_db!(a_copy_and_the_events_of_a_campaign_say_who_made_it_and_name_its_segments_as_they_are, |app| {
    let web = administrator(&app).await;
    let segment = good(
        &web.post("/api/v1/segments", &json!({"name": "News readers", "alias": "readers", "public_name": "Our news"})).await,
    );
    let segment = segment["id"].as_i64().unwrap();
    let email = door::email(&web, json!({"name": "Tips", "subject": "Tips", "source": "<p>Tips</p>"})).await;
    let made = good(&web.post("/api/campaigns/new", &told_by_events(segment, email)).await)["campaign"].clone();
    let list = |campaign: &Value| (campaign["lists"][0]["alias"].clone(), campaign["lists"][0]["publicName"].clone());
    assert_eq!(list(&made), (json!("readers"), json!("Our news")));
    let author = made["createdByUser"].clone();
    assert!(author.is_string(), "{author}");
    let copy = good(&web.post(&format!("/api/campaigns/clone/{}", made["id"]), &json!({})).await)["campaign"].clone();
    assert_eq!((&copy["isPublished"], &copy["createdByUser"], list(&copy)), (&json!(false), &author, list(&made)));
    let events = web.get("/api/campaigns/events").await.json();
    assert_eq!(events["events"][0]["campaign"]["createdByUser"], author);
});
