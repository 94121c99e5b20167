//! Emails, sending and the outbox through the native API.

mod door;

use door::{administrator, code, complaint, contact, email, good, path_of, segment_of, visitor};
use hg_testkit::on_each_db;
use serde_json::{Value, json};

fn news(segments: &[i64]) -> Value {
    json!({
        "name": "News", "subject": "News for {contactfield=firstname|you}", "kind": "segment", "segments": segments,
        "source": "<p>Dear {contactfield=firstname}, <a href=\"https://example.com/offer\">look</a>.</p>",
    })
}

on_each_db!(an_email_is_written_changed_found_deleted_and_brought_back, |app| {
    let web = administrator(&app).await;
    let made = web.post("/api/v1/emails", &news(&[])).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    assert_eq!(
        (&made["kind"], &made["purpose"], &made["format"], &made["send_state"], &made["published"]),
        (&json!("segment"), &json!("marketing"), &json!("html"), &json!("idle"), &json!(true))
    );
    assert!(made["plain_text_auto"].as_str().unwrap().contains("Dear "), "{made}");
    let path = format!("/api/v1/emails/{}", made["id"]);
    let change = json!({"version": made["version"], "preheader": "Something good", "plain_text": "Look: https://example.com/offer", "utm": {"source": "news"}});
    let changed = good(&web.patch(&path, &change).await);
    assert_eq!(
        (&changed["preheader"], &changed["plain_text"], &changed["utm"]["source"], &changed["subject"]),
        (&json!("Something good"), &json!("Look: https://example.com/offer"), &json!("news"), &made["subject"])
    );
    assert_eq!(
        good(&web.patch(&path, &json!({"plain_text": null})).await)["plain_text"],
        Value::Null,
        "null: made automatically"
    );
    assert_eq!(code(&web.patch(&path, &change).await), (409, "changed-meanwhile".into()));
    email(&web, json!({"name": "Receipt", "subject": "Thanks", "purpose": "transactional"})).await;
    let names = |list: Value| -> Vec<String> {
        list["items"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(web.get("/api/v1/emails?sort=name").await.json()), ["News", "Receipt"]);
    assert_eq!(names(web.get("/api/v1/emails?kind=template").await.json()), ["Receipt"]);
    assert_eq!(names(web.get("/api/v1/emails?search=new").await.json()), ["News"]);
    assert_eq!(web.delete(&path).await.status, 204);
    assert_eq!(web.get(&path).await.status, 404);
    assert_eq!(good(&web.post(&format!("{path}/restore"), &json!({})).await)["name"], "News");
    assert_eq!(web.get(&path).await.status, 200);
});

on_each_db!(what_is_wrong_with_an_email_is_told_at_its_place, |app| {
    let web = administrator(&app).await;
    for (body, pointer) in [
        (json!({"subject": "Hi"}), "/name"),
        (json!({"name": "Hi"}), "/subject"),
        (json!({"name": "Hi", "subject": "Hi", "kind": "fax"}), "/kind"),
        (json!({"name": "Hi", "subject": "Hi", "purpose": "spam"}), "/purpose"),
        (json!({"name": "Hi", "subject": "Hi", "format": "docx"}), "/format"),
        (json!({"name": "Hi", "subject": "Hi", "from_address": "nobody"}), "/from_address"),
        (json!({"name": "Hi", "subject": "Hi", "format": "mjml", "source": "<mjml><mj-body><mj-nope>"}), "/source"),
        (json!({"name": 7}), ""),
    ] {
        assert_eq!(complaint(&web.post("/api/v1/emails", &body).await), (422, pointer.to_owned()), "{body}");
    }
    assert_eq!(web.get("/api/v1/emails").await.json()["items"], json!([]), "nothing was kept of them");
});

on_each_db!(a_dynamic_block_shows_each_person_what_fits_her, |app| {
    let web = administrator(&app).await;
    let ann = contact(&web, "ann@example.org", "Ann").await;
    let bo = contact(&web, "bo@example.org", "Bo").await;
    let segment = segment_of(&web, &[ann]).await;
    app.settle().await;
    let row = json!({"glue": "and", "field": "leadlist", "kind": "leadlist", "operator": "in", "value": [segment]});
    let body = json!({
        "name": "Hello", "subject": "For {dynamiccontent=\"Who\"}", "source": "<p>{dynamiccontent=\"Who\"}</p>{% if contact.firstname == 'Bo' %}<i>{{ contact.firstname }}</i>{% endif %}",
        "dynamic": [{"name": "Who", "content": "everybody", "variations": [{"content": "<b>friends</b>", "rows": [row]}]}],
    });
    let made = good(&web.post("/api/v1/emails", &body).await);
    assert_eq!(made["dynamic"], body["dynamic"]);
    for (person, subject, html) in
        [(ann, "For friends", "<p><b>friends</b></p>"), (bo, "For everybody", "<p>everybody</p><i>Bo</i>")]
    {
        let mut asked = body.clone();
        asked["contact_id"] = json!(person);
        let seen = good(&web.post("/api/v1/emails/preview", &asked).await);
        assert_eq!(seen["subject"], subject);
        assert!(seen["html"].as_str().unwrap().contains(html), "{seen}");
        assert_eq!(seen["warnings"], json!([]));
    }
    let path = format!("/api/v1/emails/{}", made["id"]);
    let wrong = json!({"dynamic": [{"name": "", "content": "x", "variations": []}]});
    assert_eq!(complaint(&web.patch(&path, &wrong).await), (422, "/dynamic/0/name".into()));
    let endless = json!({"source": "{% for a in contact.city %}"});
    assert_eq!(complaint(&web.patch(&path, &endless).await), (422, "/source".into()));
});

on_each_db!(a_preview_shows_what_a_person_would_get_and_names_what_is_no_token, |app| {
    let web = administrator(&app).await;
    let ann = contact(&web, "ann@example.org", "Ann").await;
    let body = json!({
        "subject": "Hi {contactfield=firstname|you}", "contact_id": ann,
        "source": "<p>{contactfield=firstname}, {first_name}: {contactfield=shoe}</p><a href=\"https://example.com/\">x</a>",
    });
    let seen = good(&web.post("/api/v1/emails/preview", &body).await);
    assert_eq!(seen["subject"], "Hi Ann");
    let html = seen["html"].as_str().unwrap();
    assert!(html.contains("Ann, {first_name}:") && html.contains("https://example.com/") && !html.contains("/r/"), "{html}");
    let codes: Vec<&str> = seen["warnings"].as_array().unwrap().iter().map(|w| w["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["unknown-token", "unknown-field"]);
    assert!(seen["warnings"][0]["detail"].as_str().unwrap().contains("{first_name}"), "{seen}");
    let sample = good(&web.post("/api/v1/emails/preview", &json!({"subject": "Hi {contactfield=firstname}"})).await);
    assert_eq!(sample["subject"], "Hi [firstname]", "without a person the field is named");
    let broken = json!({"format": "mjml", "source": "<mjml><mj-body><mj-nope>"});
    assert_eq!(complaint(&web.post("/api/v1/emails/preview", &broken).await), (422, "/source".into()));
    assert_eq!(web.post("/api/v1/emails/preview", &json!({"subject": "x", "contact_id": 999})).await.status, 404);
    assert_eq!(web.get("/api/v1/outbox").await.json()["total"], 0, "nobody got anything");
});

on_each_db!(a_test_goes_to_the_addresses_named_and_nowhere_into_the_numbers, |app| {
    let web = administrator(&app).await;
    let ann = contact(&web, "ann@example.org", "Ann").await;
    let id = email(&web, news(&[])).await;
    let path = format!("/api/v1/emails/{id}");
    let sent =
        good(&web.post(&format!("{path}/test"), &json!({"to": ["me@example.org", "you@example.org"], "contact_id": ann})).await);
    assert_eq!(sent, json!({"sent": 2}));
    let caught = web.get("/api/v1/outbox").await.json();
    assert_eq!(
        (&caught["total"], &caught["items"][0]["subject"], &caught["items"][0]["contact_id"]),
        (&json!(2), &json!("[TEST] News for Ann"), &Value::Null)
    );
    assert_eq!(good(&web.get(&path).await)["counts"]["sent"], 0);
    for to in [json!([]), json!(["not an address"]), json!(vec!["me@example.org"; 21])] {
        assert_eq!(complaint(&web.post(&format!("{path}/test"), &json!({ "to": to })).await), (422, "/to".into()));
    }
    assert_eq!(web.post("/api/v1/emails/999/test", &json!({"to": ["me@example.org"]})).await.status, 404);
});

on_each_db!(a_send_to_segments_is_announced_in_numbers_made_paused_and_told_person_by_person, |app| {
    let web = administrator(&app).await;
    let mut people = Vec::new();
    for (address, name) in [("ann@example.org", "Ann"), ("bob@example.org", "Bob"), ("cleo@example.org", "Cleo")] {
        people.push(contact(&web, address, name).await);
    }
    let nobody = good(&web.post("/api/v1/contacts", &json!({"fields": {"firstname": "Nemo"}})).await)["id"].as_i64().unwrap();
    people.push(nobody);
    good(&web.post(&format!("/api/v1/contacts/{}/do-not-contact", people[2]), &json!({"channel": "email"})).await);
    let segment = segment_of(&web, &people).await;
    app.settle().await;
    let id = email(&web, news(&[segment])).await;
    let path = format!("/api/v1/emails/{id}");
    let audience = good(&web.get(&format!("{path}/audience")).await);
    assert_eq!(audience["will_receive"], 2);
    let skipped: Vec<(&str, u64)> = audience["skipped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["reason"].as_str().unwrap(), s["count"].as_u64().unwrap()))
        .collect();
    assert_eq!(skipped, [("no-address", 1), ("opted-out", 1)]);
    assert_eq!(audience["sample"][0]["name"], "Ann");

    assert_eq!(good(&web.post(&format!("{path}/send"), &json!({})).await)["send_state"], "sending");
    assert_eq!(good(&web.post(&format!("{path}/pause"), &json!({})).await)["send_state"], "paused");
    app.settle().await;
    assert_eq!(web.get("/api/v1/outbox").await.json()["total"], 0, "paused is paused");
    assert_eq!(code(&web.post(&format!("{path}/pause"), &json!({})).await), (409, "email.not-sending".into()));
    assert_eq!(good(&web.post(&format!("{path}/resume"), &json!({})).await)["send_state"], "sending");
    app.settle().await;
    let sent = good(&web.get(&path).await);
    assert_eq!(
        (&sent["send_state"], &sent["counts"]["sent"], &sent["counts"]["skipped"]),
        (&json!("sent"), &json!(2), &json!(2))
    );
    good(&web.post(&format!("{path}/send"), &json!({})).await);
    app.settle().await;
    assert_eq!(web.get("/api/v1/outbox").await.json()["total"], 2, "the second press reaches nobody twice");

    let told = good(&web.get(&format!("{path}/recipients?state=skipped")).await);
    let why: Vec<(&str, &str)> = told["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["contact"]["name"].as_str().unwrap(), r["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(why.len(), 2, "{told}");
    assert!(why.iter().any(|(name, reason)| *name == "Cleo" && !reason.is_empty()), "{told}");
    assert_eq!(good(&web.get(&format!("{path}/recipients?state=sent")).await)["items"].as_array().unwrap().len(), 2);
    assert_eq!(complaint(&web.get(&format!("{path}/recipients?state=lost")).await), (422, "/state".into()));
});

on_each_db!(opens_and_clicks_come_back_to_the_email_its_links_and_its_recipients, |app| {
    let web = administrator(&app).await;
    let ann = contact(&web, "ann@example.org", "Ann").await;
    let segment = segment_of(&web, &[ann]).await;
    app.settle().await;
    let id = email(&web, news(&[segment])).await;
    let path = format!("/api/v1/emails/{id}");
    good(&web.post(&format!("{path}/send"), &json!({})).await);
    app.settle().await;
    let caught = web.get("/api/v1/outbox?search=ann").await.json()["items"][0].clone();
    assert_eq!((&caught["to"], &caught["email_id"]), (&json!("ann@example.org"), &json!(id)));
    let message = good(&web.get(&format!("/api/v1/outbox/{}", caught["id"])).await);
    assert_eq!(good(&web.get(&path).await)["counts"]["opened"], 0, "reading the source is not opening");
    assert!(message["source"].as_str().unwrap().contains("List-Unsubscribe-Post: List-Unsubscribe=One-Click"), "{message}");
    assert!(message["headers"].as_array().unwrap().iter().any(|h| h["name"] == "To"), "{message}");
    assert!(message["html"].as_str().unwrap().contains("Dear Ann") && message["text"].as_str().unwrap().contains("Dear Ann"));
    let copy = visitor(&web).get(&path_of(message["open_url"].as_str().expect("a copy in the browser"))).await;
    assert!(copy.status == 200 && copy.text.contains("Dear Ann"), "{}", copy.text);
    let counts = |email: Value| (email["counts"]["opened"].clone(), email["counts"]["clicked"].clone());
    assert_eq!(counts(good(&web.get(&path).await)), (json!(1), json!(0)), "the copy in the browser counts as an open");
    good(&web.post(&format!("/api/v1/outbox/{}/open", caught["id"]), &json!({})).await);
    assert_eq!(counts(good(&web.get(&path).await)), (json!(1), json!(0)));
    let links = message["links"].as_array().unwrap();
    let link = links.iter().find(|l| l["url"].as_str().unwrap().contains("/r/")).expect("a tracked link");
    let clicked = visitor(&web).get(&path_of(link["url"].as_str().unwrap())).await;
    assert_eq!((clicked.status, clicked.header("location")), (302, Some("https://example.com/offer")));
    assert_eq!(counts(good(&web.get(&path).await)), (json!(1), json!(1)));
    assert_eq!(
        good(&web.get(&format!("{path}/links")).await),
        json!([{"url": "https://example.com/offer", "clicks": 1, "people": 1, "machines": 0}])
    );
    let who = good(&web.get(&format!("{path}/recipients?state=clicked")).await);
    assert_eq!(who["items"][0]["contact"]["id"], ann);
    assert_eq!(web.delete("/api/v1/outbox").await.status, 204);
    assert_eq!(web.get("/api/v1/outbox").await.json()["total"], 0);
    assert_eq!(web.get(&format!("/api/v1/outbox/{}", caught["id"])).await.status, 404);
    assert_eq!(counts(good(&web.get(&path).await)), (json!(1), json!(1)), "what was counted stays");
});

on_each_db!(sends_that_cannot_be_made_say_what_is_missing, |app| {
    let web = administrator(&app).await;
    let segment = segment_of(&web, &[]).await;
    let cases = [
        (json!({"name": "T", "subject": "T"}), "email.not-for-segments"),
        (json!({"name": "N", "subject": "N", "kind": "segment"}), "email.no-segments"),
        (
            json!({"name": "U", "subject": "U", "kind": "segment", "segments": [segment], "published": false}),
            "email.not-published",
        ),
    ];
    for (body, expected) in cases {
        let id = email(&web, body).await;
        assert_eq!(code(&web.post(&format!("/api/v1/emails/{id}/send"), &json!({})).await), (409, expected.to_owned()));
    }
    for path in ["/api/v1/emails/999/send", "/api/v1/emails/999/pause", "/api/v1/emails/999/resume"] {
        assert_eq!(web.post(path, &json!({})).await.status, 404, "{path}");
    }
    assert_eq!(web.get("/api/v1/emails/999/audience").await.status, 404);
});

on_each_db!(files_go_out_with_an_email_by_either_api, |app| {
    let web = administrator(&app).await;
    let file = good(&web.upload("/api/v1/attachments", "file", "terms.pdf", b"%PDF-1.7 terms".to_vec()).await);
    assert_eq!((&file["content_type"], &file["bytes"]), (&json!("application/pdf"), &json!(14)));
    let id = file["id"].as_i64().unwrap();
    let saved = web.get(&format!("/api/v1/attachments/{id}/file")).await;
    assert_eq!(saved.bytes, b"%PDF-1.7 terms");
    assert_eq!(saved.header("content-disposition"), Some("attachment; filename*=UTF-8''terms.pdf"));
    let wrong = web.upload("/api/v1/attachments", "file", "setup.exe", b"MZ".to_vec()).await;
    assert_eq!((wrong.status, &wrong.json()["errors"][0]["pointer"]), (422, &json!("/file")));
    let body = json!({"name": "Terms", "subject": "Terms", "source": "<p>Hello</p>", "attachments": [id]});
    let mail = email(&web, body.clone()).await;
    assert_eq!(good(&web.get(&format!("/api/v1/emails/{mail}")).await)["attachments"], json!([id]));
    let mut lost = body;
    lost["attachments"] = json!([id + 1]);
    let lost = web.post("/api/v1/emails", &lost).await;
    assert_eq!((lost.status, &lost.json()["errors"][0]["code"]), (422, &json!("attachments.missing")));
    let old = good(&web.get(&format!("/api/emails/{mail}")).await);
    assert_eq!(old["email"]["assetAttachments"], json!([id]));
    let more = good(&web.upload("/api/v1/attachments", "file", "bill.txt", b"7 euros".to_vec()).await)["id"].clone();
    let ann = contact(&web, "ann@example.org", "Ann").await;
    good(&web.post(&format!("/api/emails/{mail}/contact/{ann}/send"), &json!({"assetAttachments": [more]})).await);
    app.settle().await;
    let caught = good(&web.get("/api/v1/outbox?search=ann").await)["items"][0]["id"].clone();
    let raw = hg_app::sending::outbox::get(&app.cx(), caught.as_i64().unwrap()).await.unwrap().bytes;
    let text = String::from_utf8_lossy(&raw).into_owned();
    assert!(text.contains("terms.pdf") && text.contains("bill.txt") && text.contains("NyBldXJvcw=="), "{text}");
    let without = good(&web.patch(&format!("/api/emails/{mail}/edit"), &json!({"assetAttachments": []})).await);
    assert_eq!(without["email"]["assetAttachments"], json!([]));
});
