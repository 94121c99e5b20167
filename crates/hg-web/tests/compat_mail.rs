//! Emails and forms as clients written for Mautic know them.

mod door;

use door::{administrator, contact, good, segment_of, visitor};
use hg_app::engine;
use hg_testkit::on_each_db;
use hg_testkit::web::{Reply, TestWeb};
use serde_json::{Value, json};

const EMAIL_KEYS: [&str; 40] = [
    "isPublished",
    "dateAdded",
    "dateModified",
    "createdBy",
    "createdByUser",
    "modifiedBy",
    "modifiedByUser",
    "id",
    "name",
    "subject",
    "language",
    "category",
    "fromAddress",
    "fromName",
    "replyToAddress",
    "bccAddress",
    "useOwnerAsMailer",
    "utmTags",
    "customHtml",
    "plainText",
    "template",
    "emailType",
    "publishUp",
    "publishDown",
    "publicPreview",
    "readCount",
    "sentCount",
    "revision",
    "assetAttachments",
    "variantStartDate",
    "variantSentCount",
    "variantReadCount",
    "variantParent",
    "variantChildren",
    "translationParent",
    "translationChildren",
    "unsubscribeForm",
    "dynamicContent",
    "lists",
    "headers",
];
const FORM_KEYS: [&str; 24] = [
    "isPublished",
    "dateAdded",
    "dateModified",
    "createdBy",
    "createdByUser",
    "modifiedBy",
    "modifiedByUser",
    "id",
    "name",
    "alias",
    "category",
    "description",
    "cachedHtml",
    "publishUp",
    "publishDown",
    "fields",
    "actions",
    "template",
    "inKioskMode",
    "renderStyle",
    "formType",
    "postAction",
    "postActionProperty",
    "noIndex",
];

fn message(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["errors"][0]["message"].as_str().unwrap_or_default().to_owned())
}

fn has_all(value: &Value, keys: &[&str]) {
    let missing: Vec<&&str> = keys.iter().filter(|k| value.get(**k).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?} are missing in {value}");
}

on_each_db!(an_email_has_the_keys_that_clients_read_and_keeps_what_it_does_not_use, |app| {
    let web = administrator(&app).await;
    assert_eq!(web.get("/api/emails").await.json(), json!({"total": 0, "emails": []}));
    let body = json!({
        "name": "Welcome", "subject": "Hi {contactfield=firstname}", "customHtml": "<p>Hello</p>", "fromName": "Team",
        "utmTags": {"utmSource": "news"}, "template": "blank", "headers": {"X-Our": "yes"}, "publicPreview": true, "unknown": 1,
    });
    let made = web.post("/api/emails/new", &body).await;
    assert_eq!(
        (made.status, made.header("location"), made.header("mautic-version")),
        (201, Some("/api/emails/1"), Some("5.1.0"))
    );
    let email = web.get("/api/emails/1").await.json()["email"].clone();
    has_all(&email, &EMAIL_KEYS);
    assert_eq!(
        (&email["emailType"], &email["isPublished"], &email["template"], &email["publicPreview"], &email["utmTags"]["utmSource"]),
        (&json!("template"), &json!(true), &json!("blank"), &json!(true), &json!("news"))
    );
    assert_eq!((&email["headers"]["X-Our"], &email["revision"], &email["readCount"]), (&json!("yes"), &json!(1), &json!(0)));
    let patched = good(&web.patch("/api/emails/1/edit", &json!({"subject": "Hello"})).await)["email"].clone();
    assert_eq!((&patched["subject"], &patched["fromName"], &patched["revision"]), (&json!("Hello"), &json!("Team"), &json!(2)));
    let again = good(&web.put("/api/emails/1/edit", &patched).await)["email"].clone();
    assert_eq!(
        (&again["subject"], &again["fromName"], &again["headers"]),
        (&json!("Hello"), &json!("Team"), &patched["headers"])
    );
    let put = json!({"name": "Welcome", "subject": "Short", "isPublished": "1"});
    let emptied = good(&web.put("/api/emails/1/edit", &put).await)["email"].clone();
    assert_eq!(
        (&emptied["subject"], &emptied["fromName"], &emptied["customHtml"], &emptied["isPublished"]),
        (&json!("Short"), &Value::Null, &json!(""), &json!(true))
    );
    let new = web.put("/api/emails/77/edit", &put).await;
    assert_eq!((new.status, new.header("location")), (201, Some("/api/emails/2")));
    assert_eq!(message(&web.patch("/api/emails/77/edit", &put).await), (404, "Item was not found.".into()));
    let gone = good(&web.delete("/api/emails/2/delete").await);
    assert_eq!((&gone["email"]["id"], &gone["email"]["name"]), (&Value::Null, &json!("Welcome")));
    assert_eq!(web.get("/api/emails/2").await.status, 404);
    let form = [("name", "From a form"), ("subject", "Hi"), ("utmTags[utmSource]", "x")];
    assert_eq!(good(&web.post_form("/api/emails/new", &form).await)["email"]["utmTags"]["utmSource"], "x");
});

on_each_db!(dynamic_content_of_old_clients_is_kept_and_runs, |app| {
    let web = administrator(&app).await;
    let ann = door::contact(&web, "ann@example.org", "Ann").await;
    let row = json!({"glue": "and", "field": "firstname", "object": "lead", "type": "text", "operator": "like", "filter": "A%", "display": null});
    let blocks = json!([{"tokenName": "Hero", "content": "Hey", "filters": [{"content": "Dear {contactfield=firstname}", "filters": [row]}]}]);
    let body = json!({"name": "Hi", "subject": "Hi", "customHtml": "<p>{dynamiccontent=\"Hero\"}</p>", "dynamicContent": blocks});
    assert_eq!(good(&web.post("/api/emails/new", &body).await)["email"]["dynamicContent"], blocks);
    let unnamed = good(
        &web.patch(
            "/api/emails/1/edit",
            &json!({"dynamicContent": [{"content": "x", "filters": [{"content": null, "filters": []}]}]}),
        )
        .await,
    );
    assert_eq!(unnamed["email"]["dynamicContent"][0]["tokenName"], "Dynamic Content 1");
    good(&web.patch("/api/emails/1/edit", &json!({"dynamicContent": blocks})).await);
    good(&web.post(&format!("/api/emails/1/contact/{ann}/send"), &json!({})).await);
    app.settle().await;
    let caught = good(&web.get("/api/v1/outbox").await)["items"][0]["id"].clone();
    let message = good(&web.get(&format!("/api/v1/outbox/{caught}")).await);
    assert!(message["html"].as_str().unwrap().contains("<p>Dear Ann</p>"), "{message}");
});

on_each_db!(mistakes_in_emails_of_old_clients_are_named, |app| {
    let web = administrator(&app).await;
    let filtered = json!([{"tokenName": "Hero", "content": "x", "filters": [{"content": "y", "filters": [{"field": "city"}]}]}]);
    for (body, expected) in [
        (json!({"subject": "Hi"}), "name: A name is required."),
        (json!({"name": "Hi"}), "subject: A subject is required."),
        (json!({"name": "Hi", "subject": "Hi", "emailType": "list"}), "lists: A segment is required."),
        (json!({"name": "Hi", "subject": "Hi", "emailType": "fax"}), "emailType: The selected choice is invalid."),
        (json!({"name": "Hi", "subject": "Hi", "dynamicContent": filtered}), "dynamicContent: There is no operator “”."),
    ] {
        assert_eq!(message(&web.post("/api/emails/new", &body).await), (400, expected.to_owned()), "{body}");
    }
    assert_eq!(message(&web.get("/api/emails?orderBy=shoe").await), (400, "Unknown column shoe.".into()));
    assert_eq!(web.put("/api/emails/1/edit", &Value::Null).await.status, 400);
    assert_eq!(web.get("/api/emails").await.json()["total"], 0);
});

on_each_db!(emails_are_listed_searched_and_changed_in_batches, |app| {
    let web = administrator(&app).await;
    let items = json!([{"name": "A", "subject": "One"}, {"name": "B"}, {"name": "C", "subject": "Three", "isPublished": false}]);
    let made = web.post("/api/emails/batch/new", &items).await;
    assert_eq!((made.status, &made.json()["statusCodes"]), (201, &json!([201, 400, 201])));
    assert!(made.json()["emails"].get("2").is_some() && made.json()["errors"]["1"]["code"] == 400, "{}", made.text);
    let names = |reply: Value| -> Vec<String> {
        reply["emails"].as_object().unwrap().values().map(|e| e["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(web.get("/api/emails?orderBy=e.name&orderByDir=desc").await.json()), ["C", "A"]);
    assert_eq!(names(web.get("/api/emails?publishedOnly=1").await.json()), ["A"]);
    assert_eq!(names(web.get("/api/emails?search=thr").await.json()), ["C"]);
    let window = web.get("/api/emails?start=1&limit=1&orderBy=id").await.json();
    assert_eq!((&window["total"], names(window.clone())), (&json!(2), vec!["C".to_owned()]));
    let edited = web.patch("/api/emails/batch/edit", &json!([{"id": 1, "subject": "New"}, {"id": 99}])).await.json();
    assert_eq!(edited["statusCodes"], json!([200, 404]));
    let gone = web.delete("/api/emails/batch/delete?ids[]=1&ids[]=2").await.json();
    assert_eq!(gone["emails"].as_array().map(Vec::len), Some(2));
    assert_eq!(web.get("/api/emails").await.json()["total"], 0);
});

on_each_db!(a_send_to_segments_answers_with_its_counts, |app| {
    let web = administrator(&app).await;
    let people = [contact(&web, "ann@example.org", "Ann").await, contact(&web, "bob@example.org", "Bob").await];
    let segment = segment_of(&web, &people).await;
    app.settle().await;
    let body = json!({"name": "News", "subject": "News", "emailType": "list", "lists": [segment], "customHtml": "<p>x</p>"});
    let email = good(&web.post("/api/emails/new", &body).await)["email"].clone();
    assert_eq!((&email["emailType"], &email["lists"][0]["name"]), (&json!("list"), &json!("Chosen")));
    let path = format!("/api/emails/{}/send", email["id"]);
    let running = tokio::spawn({
        let ws = app.ws.clone();
        async move { engine::standard().run(&ws).await }
    });
    let sent = good(&web.post(&path, &json!({})).await);
    assert_eq!(sent, json!({"success": 1, "sentCount": 2, "failedRecipients": 0}));
    assert_eq!(good(&web.post(&path, &json!({})).await)["sentCount"], 0, "again: only those who joined since");
    app.ws.stop();
    running.await.unwrap();
    assert_eq!(good(&web.get(&format!("/api/emails/{}", email["id"])).await)["email"]["sentCount"], 2);
    good(&web.patch(&format!("/api/emails/{}/edit", email["id"]), &json!({"isPublished": false})).await);
    assert_eq!(web.post(&path, &json!({})).await.status, 404, "what is not published is not sent");
    let template = good(&web.post("/api/emails/new", &json!({"name": "T", "subject": "T"})).await)["email"]["id"].clone();
    assert_eq!(web.post(&format!("/api/emails/{template}/send"), &json!({})).await.status, 404);
});

on_each_db!(one_email_goes_to_one_contact_with_tokens_and_in_spite_of_an_opt_out, |app| {
    let web = administrator(&app).await;
    let ann = contact(&web, "ann@example.org", "Ann").await;
    let nobody = good(&web.post("/api/v1/contacts", &json!({"fields": {"firstname": "Nemo"}})).await)["id"].clone();
    good(&web.post(&format!("/api/contacts/{ann}/dnc/email/add"), &json!({"reason": 1})).await);
    let body = json!({"name": "Code", "subject": "Your code", "customHtml": "<p>{contactfield=firstname}: {code}</p>"});
    let email = good(&web.post("/api/emails/new", &body).await)["email"]["id"].clone();
    let sent = web.post(&format!("/api/emails/{email}/contact/{ann}/send"), &json!({"tokens": {"code": "<b>7</b>"}})).await;
    assert_eq!(good(&sent), json!({"success": true}));
    app.settle().await;
    let caught = web.get("/api/v1/outbox").await.json()["items"][0]["id"].clone();
    let html = good(&web.get(&format!("/api/v1/outbox/{caught}")).await)["html"].to_string();
    assert!(html.contains("Ann: <b>7</b>"), "{html}");
    let failed = good(&web.post(&format!("/api/emails/{email}/contact/{nobody}/send"), &json!({})).await);
    assert_eq!((&failed["success"], failed["failed"].is_string()), (&json!(false), true), "{failed}");
    for path in [format!("/api/emails/{email}/contact/999/send"), format!("/api/emails/999/contact/{ann}/send")] {
        assert_eq!(message(&web.post(&path, &json!({})).await), (404, "Item was not found.".into()), "{path}");
    }
});

on_each_db!(an_answer_to_a_mail_proves_that_it_was_read, |app| {
    let web = administrator(&app).await;
    let ann = contact(&web, "ann@example.org", "Ann").await;
    let email = good(&web.post("/api/emails/new", &json!({"name": "Hi", "subject": "Hi"})).await)["email"]["id"].clone();
    good(&web.post(&format!("/api/emails/{email}/contact/{ann}/send"), &json!({})).await);
    app.settle().await;
    let key: String =
        app.ws.db.read(move |tx| Ok::<_, hg_app::Error>(tx.scalar("SELECT tracking_key FROM sends")?)).await.unwrap();
    let told = web.post(&format!("/api/emails/reply/{key}"), &json!({})).await;
    assert_eq!((told.status, told.json()), (201, json!({"success": true})));
    assert_eq!(message(&web.post("/api/emails/reply/nosuchkey", &json!({})).await), (404, "Item was not found.".into()));
    assert_eq!(good(&web.get(&format!("/api/emails/{email}")).await)["email"]["readCount"], 1);
    let told = good(&web.get(&format!("/api/contacts/{ann}/activity?filters[includeEvents][]=email.replied")).await);
    assert_eq!((&told["total"], &told["events"][0]["eventLabel"]), (&json!(1), &json!("Answered the email “Hi”")));
});

fn newsletter() -> Value {
    json!({
        "name": "Newsletter", "formType": "standalone", "postAction": "message", "postActionProperty": "Thank you",
        "fields": [
            {"label": "Email", "type": "email", "isRequired": true, "mappedObject": "contact", "mappedField": "email"},
            {"label": "Name", "type": "text", "leadField": "firstname", "properties": {"placeholder": "Your name"}},
            {"label": "Topic", "type": "select", "properties": {"list": {"list": [{"label": "Bees", "value": "bees"}]}}},
        ],
        "actions": [
            {"name": "Tag", "type": "lead.changetags", "properties": {"add_tags": ["news"], "remove_tags": []}},
            {"name": "Points", "type": "lead.pointschange", "properties": {"operator": "plus", "points": "5"}},
        ],
    })
}

async fn make_form(web: &TestWeb) -> Value {
    let made = web.post("/api/forms/new", &newsletter()).await;
    assert_eq!((made.status, made.header("location")), (201, Some("/api/forms/1")), "{}", made.text);
    made.json()["form"].clone()
}

on_each_db!(a_form_has_the_keys_that_clients_read, |app| {
    let web = administrator(&app).await;
    assert_eq!(web.get("/api/forms").await.json(), json!({"total": 0, "forms": []}));
    let form = make_form(&web).await;
    has_all(&form, &FORM_KEYS);
    has_all(&form, &["formAttributes", "language"]);
    assert!(form["cachedHtml"].as_str().unwrap().contains("mauticform_wrapper_newsletter"), "{form}");
    let field = &form["fields"][1];
    assert_eq!(
        (&field["alias"], &field["leadField"], &field["mappedField"], &field["properties"]["placeholder"], &field["order"]),
        (&json!("name"), &json!("firstname"), &json!("firstname"), &json!("Your name"), &json!(2))
    );
    assert_eq!(form["actions"][1]["properties"], json!({"operator": "plus", "points": 5}));
    let list = web.get("/api/forms").await.json();
    assert_eq!((&list["total"], &list["forms"][0]["name"]), (&json!(1), &json!("Newsletter")), "a list, not a map");
    let patched = good(&web.patch("/api/forms/1/edit", &json!({"name": "News"})).await)["form"].clone();
    assert_eq!((&patched["name"], patched["fields"].as_array().map(Vec::len)), (&json!("News"), Some(3)));
    let mut put = patched.clone();
    put["fields"].as_array_mut().unwrap().pop();
    let put = good(&web.put("/api/forms/1/edit", &put).await)["form"].clone();
    assert_eq!((put["fields"].as_array().map(Vec::len), &put["fields"][0]["id"]), (Some(2), &form["fields"][0]["id"]));
    assert_eq!(message(&web.put("/api/forms/1/edit", &json!({"name": "News"})).await).0, 400, "a form without fields is none");
    let gone = good(&web.delete("/api/forms/1/delete").await);
    assert_eq!(gone["form"]["id"], Value::Null);
    assert_eq!(message(&web.get("/api/forms/1").await), (404, "Item was not found.".into()));
});

on_each_db!(fields_and_actions_of_a_form_are_deleted_by_addresses_of_their_own, |app| {
    let web = administrator(&app).await;
    let form = make_form(&web).await;
    let topic = form["fields"][2]["id"].clone();
    let left = good(&web.delete(&format!("/api/forms/1/fields/delete?fields[]={topic}")).await)["form"].clone();
    let aliases: Vec<&str> = left["fields"].as_array().unwrap().iter().map(|f| f["alias"].as_str().unwrap()).collect();
    assert_eq!(aliases, ["email", "name"]);
    let first = left["actions"][0]["id"].clone();
    let left = good(&web.delete(&format!("/api/forms/1/actions/delete?actions[]={first}")).await)["form"].clone();
    assert_eq!((left["actions"].as_array().map(Vec::len), &left["actions"][0]["type"]), (Some(1), &json!("lead.pointschange")));
    assert_eq!(
        message(&web.delete("/api/forms/1/fields/delete?fields=7").await),
        (400, "The fields attribute must be array.".into())
    );
    assert_eq!(message(&web.delete("/api/forms/1/actions/delete").await), (400, "The actions attribute must be array.".into()));
    assert_eq!(web.delete("/api/forms/9/fields/delete?fields[]=1").await.status, 404);
});

on_each_db!(types_that_cannot_run_are_refused_by_name, |app| {
    let web = administrator(&app).await;
    let mut upload = newsletter();
    upload["fields"][1]["type"] = json!("file");
    let (status, text) = message(&web.post("/api/forms/new", &upload).await);
    assert!(status == 400 && text.contains("file"), "{text}");
    let mut repost = newsletter();
    repost["actions"][0]["type"] = json!("form.repost");
    let (status, text) = message(&web.post("/api/forms/new", &repost).await);
    assert!(status == 400 && text.contains("form.repost"), "{text}");
    assert_eq!(message(&web.post("/api/forms/new", &json!({"fields": []})).await), (400, "name: A name is required.".into()));
    let batch = web.post("/api/forms/batch/new", &json!([newsletter(), upload])).await.json();
    assert_eq!(batch["statusCodes"], json!([201, 400]));
    assert_eq!(web.get("/api/forms").await.json()["total"], 1);
});

on_each_db!(answers_are_read_all_by_contact_and_one_by_one, |app| {
    let web = administrator(&app).await;
    make_form(&web).await;
    assert_eq!(web.get("/api/forms/1/submissions").await.json(), json!({"total": 0, "submissions": {}}));
    for (address, name) in [("ann@example.org", "Ann"), ("bob@example.org", "Bob")] {
        let fields = [("mauticform[email]", address), ("mauticform[name]", name), ("mauticform[topic]", "bees")];
        visitor(&web).post_form("/form/submit/ajax?formId=1", &fields).await;
    }
    let all = web.get("/api/forms/1/submissions").await.json();
    assert_eq!((&all["total"], all["submissions"].as_array().map(Vec::len)), (&json!(2), Some(2)));
    let newest = &all["submissions"][0];
    has_all(newest, &["id", "ipAddress", "form", "lead", "trackingId", "dateSubmitted", "referer", "page", "results"]);
    assert_eq!(
        (&newest["results"]["topic"], &newest["lead"]["firstname"], &newest["lead"]["points"], &newest["form"]["alias"]),
        (&json!("bees"), &json!("Bob"), &json!(5), &json!("newsletter"))
    );
    has_all(
        &newest["lead"],
        &["id", "points", "color", "title", "lastname", "company", "email", "zipcode", "timezone", "country"],
    );
    let second = web.get("/api/forms/1/submissions?start=1&limit=1").await.json();
    assert_eq!((&second["total"], &second["submissions"][0]["lead"]["firstname"]), (&json!(2), &json!("Ann")));
    let hers = web.get(&format!("/api/forms/1/submissions/contact/{}", newest["lead"]["id"])).await.json();
    assert_eq!((&hers["total"], &hers["submissions"][0]["id"]), (&json!(1), &newest["id"]));
    let one = web.get(&format!("/api/forms/1/submissions/{}", newest["id"])).await.json();
    assert_eq!(one["submission"], *newest);
    assert_eq!(web.get("/api/forms/1/submissions/999").await.status, 404);
    assert_eq!(web.get("/api/forms/9/submissions").await.status, 404);
});

on_each_db!(what_an_email_leaves_out_survives_the_round_trip_of_an_old_client, |app| {
    let web = administrator(&app).await;
    let (to, not_to) = (segment_of(&web, &[]).await, segment_of(&web, &[]).await);
    let body = json!({
        "name": "News", "subject": "News", "emailType": "list", "lists": [to], "excludedLists": [not_to], "customHtml": "<p>News</p>",
        "publishUp": "2026-03-01 09:00:00", "publicPreview": 1,
    });
    let made = good(&web.post("/api/emails/new", &body).await)["email"].clone();
    assert_eq!(made["excludedLists"][0]["id"], json!(not_to));
    assert_eq!((&made["publishUp"], &made["publicPreview"]), (&json!("2026-03-01T09:00:00+00:00"), &json!(true)));
    let again = good(&web.put(&format!("/api/emails/{}/edit", made["id"]), &made).await)["email"].clone();
    for key in ["lists", "excludedLists", "publishUp", "publicPreview", "customHtml"] {
        assert_eq!(again[key], made[key], "{key}");
    }
    let native = web.get(&format!("/api/v1/emails/{}", made["id"])).await.json();
    assert_eq!((&native["publish_up"], &native["publish_down"]), (&json!("2026-03-01T09:00:00.000Z"), &Value::Null));
    let over = json!({"publishDown": "2020-01-01", "publishUp": null});
    let over = good(&web.patch(&format!("/api/emails/{}/edit", made["id"]), &over).await)["email"].clone();
    assert_eq!((&over["publishUp"], &over["publishDown"]), (&Value::Null, &json!("2020-01-01T00:00:00+00:00")));
    assert_eq!(web.post(&format!("/api/emails/{}/send", made["id"]), &json!({})).await.status, 404, "its window is over");
    let refused = web.post("/api/emails/new", &json!({"name": "x", "subject": "y", "fromAddress": "nobody"})).await;
    assert!(message(&refused).1.starts_with("fromAddress: "), "{}", refused.text);
});
