//! Notes, devices, campaign parameters, addresses and activity as clients written for Mautic know them.

mod door;

use door::{administrator, good};
use hg_testkit::on_each_db;
use serde_json::{Value, json};

on_each_db!(notes_have_routes_of_their_own_and_of_their_contact, |app| {
    let web = administrator(&app).await;
    let id = door::contact(&web, "jo@example.com", "Jo").await;
    let made = web
        .post("/api/notes/new", &json!({"lead": id, "text": "Called", "type": "call", "dateTime": "2025-03-01 09:30:00"}))
        .await;
    assert_eq!((made.status, made.header("location")), (201, Some("/api/notes/1")), "{}", made.text);
    let note = made.json()["note"].clone();
    assert_eq!(
        (&note["type"], &note["dateTime"], &note["lead"]["id"]),
        (&json!("call"), &json!("2025-03-01T09:30:00+00:00"), &json!(id))
    );
    assert_eq!(note["lead"]["fields"]["all"]["firstname"], "Jo");
    assert_eq!(web.post("/api/notes/new", &json!({"text": "About whom?"})).await.status, 400);
    assert_eq!(web.post("/api/notes/new", &json!({"lead": 999, "text": "Nobody"})).await.status, 404);
    assert_eq!(web.post("/api/notes/new", &json!({"lead": id, "text": "x", "type": "fax"})).await.status, 400);
    good(&web.post("/api/notes/new", &json!({"lead": id, "text": "Met"})).await);
    let of = good(&web.get(&format!("/api/contacts/{id}/notes?search=type:call")).await);
    assert_eq!((&of["total"], of["notes"].as_array().map(Vec::len)), (&json!(1), Some(1)));
    let sorted = good(&web.get(&format!("/api/contacts/{id}/notes?orderBy=id&orderByDir=desc&limit=1")).await);
    assert_eq!((&sorted["total"], &sorted["notes"][0]["text"]), (&json!(2), &json!("Met")));
    assert_eq!(good(&web.patch("/api/notes/1/edit", &json!({"text": "Called again"})).await)["note"]["type"], "call");
    assert_eq!(good(&web.delete("/api/notes/1/delete").await)["note"]["id"], Value::Null);
    assert_eq!(good(&web.get("/api/notes").await)["total"], 1);
    let batch = web.post("/api/notes/batch/new", &json!([{"lead": id, "text": "a"}, {"text": "b"}])).await;
    assert_eq!(batch.json()["statusCodes"], json!([201, 400]));
});

on_each_db!(devices_are_read_off_the_browser_and_written_through_the_api, |app| {
    let web = administrator(&app).await;
    let id = door::contact(&web, "jo@example.com", "Jo").await;
    let body = json!({"lead": id, "device": "tablet", "deviceOsName": "iOS", "clientInfo": {"type": "browser", "name": "Safari", "version": "17"}});
    let made = web.post("/api/devices/new", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["device"]["deviceOsShortName"], "IOS");
    assert_eq!(web.post("/api/devices/new", &body).await.status, 200);
    let of = good(&web.get(&format!("/api/contacts/{id}/devices")).await);
    assert_eq!((&of["total"], &of["devices"][0]["clientInfo"]["version"]), (&json!(1), &json!("17")));
    let visitor = door::visitor(&web);
    visitor.get("/mtracking.gif?page_url=https%3A%2F%2Fexample.org%2F%3Futm_source%3Dblog%26utm_campaign%3Dspring").await;
    let all = good(&web.get("/api/devices").await);
    let seen = &all["devices"][1];
    assert_eq!(
        (&seen["deviceOsName"], &seen["clientInfo"]["name"], &seen["clientInfo"]["version"]),
        (&json!("Linux"), &json!("Firefox"), &json!("130"))
    );
    assert_eq!(seen["deviceOsPlatform"], "x64");
    let whose = seen["lead"]["id"].as_i64().unwrap();
    let contact = good(&web.get(&format!("/api/contacts/{whose}")).await)["contact"].clone();
    assert_eq!(contact["ipAddresses"][0]["ipAddress"], "127.0.0.1");
    assert_eq!((&contact["utmtags"][0]["utmSource"], &contact["utmtags"][0]["utmCampaign"]), (&json!("blog"), &json!("spring")));
    let activity = good(
        &web.get(&format!(
            "/api/contacts/{whose}/activity?filters[includeEvents][]=lead.utmtagsadded&filters[includeEvents][]=lead.ipadded"
        ))
        .await,
    );
    let kinds: Vec<&str> = activity["events"].as_array().unwrap().iter().filter_map(|e| e["event"].as_str()).collect();
    assert!(kinds.contains(&"lead.utmtagsadded") && kinds.contains(&"lead.ipadded"), "{activity}");
    // The activity of all has no addresses.
    let all = good(&web.get("/api/contacts/activity").await);
    assert!(
        all["events"]
            .as_array()
            .unwrap()
            .iter()
            .all(|e| !matches!(e["event"].as_str(), Some("lead.ipadded" | "lead.create" | "lead.identified" | "lead.apiadded"))),
        "{all}"
    );
});

on_each_db!(utm_tags_rules_and_addresses_come_in_with_a_contact, |app| {
    let web = administrator(&app).await;
    let id = door::contact(&web, "jo@example.com", "Jo").await;
    let added = web
        .post(
            &format!("/api/contacts/{id}/utm/add"),
            &json!({"utm_campaign": "spring", "utm_source": "blog", "url": "https://example.org/", "query": {"a": "b"}}),
        )
        .await;
    let tags = good(&added)["contact"]["utmtags"].clone();
    assert_eq!((&tags[0]["utmCampaign"], &tags[0]["query"]), (&json!("spring"), &json!({"a": "b"})));
    assert_eq!(web.post(&format!("/api/contacts/{id}/utm/99/remove"), &json!({})).await.status, 400);
    let removed = good(&web.post(&format!("/api/contacts/{id}/utm/{}/remove", tags[0]["id"]), &json!({})).await);
    assert_eq!((&removed["recordFound"], &removed["contact"]["utmtags"]), (&json!(true), &json!([])));
    assert_eq!(web.post("/api/contacts/999/utm/add", &json!({"utm_source": "x"})).await.status, 404);
    let body = json!({
        "ipAddress": "192.0.2.7", "lastActive": "2025-03-02 10:00:00", "owner": 1,
        "frequencyRules": {"email": {"frequencyNumber": 2, "frequencyTime": "WEEK", "preferredChannel": 1}},
    });
    let edited = good(&web.patch(&format!("/api/contacts/{id}/edit"), &body).await)["contact"].clone();
    assert_eq!(
        (&edited["ipAddresses"][0]["ipAddress"], &edited["lastActive"]),
        (&json!("192.0.2.7"), &json!("2025-03-02T10:00:00+00:00"))
    );
    assert_eq!(edited["owner"]["username"], "ada@example.org");
    let rule = json!({"channel": "email", "frequencyNumber": 2, "frequencyTime": "WEEK", "preferredChannel": true, "pauseFromDate": null, "pauseToDate": null});
    assert_eq!(edited["frequencyRules"], json!([rule]));
    let wrong = web
        .patch(&format!("/api/contacts/{id}/edit"), &json!({"frequencyRules": [{"frequencyNumber": 1, "frequencyTime": "YEAR"}]}))
        .await;
    assert_eq!(wrong.status, 400);
    for reason in ["0", "7"] {
        assert_eq!(web.post(&format!("/api/contacts/{id}/dnc/email/add"), &json!({"reason": reason})).await.status, 400);
    }
    let off = good(&web.post(&format!("/api/contacts/{id}/dnc/sms/add"), &json!({"channelId": 4, "comments": "asked"})).await);
    assert_eq!(
        (&off["contact"]["doNotContact"][0]["channelId"], &off["contact"]["doNotContact"][0]["reason"]),
        (&json!(4), &json!(3))
    );
    assert_eq!(good(&web.post(&format!("/api/contacts/{id}/dnc/sms/remove"), &json!({})).await)["recordFound"], true);
    assert_eq!(good(&web.post(&format!("/api/contacts/{id}/dnc/sms/remove"), &json!({})).await)["recordFound"], false);
});
