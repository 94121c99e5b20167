//! What people and programs get wrong: each has a clear answer, and nothing is lost.

mod door;

use std::time::{Duration, Instant};

use door::{administrator, code, complaint, contact, email, good, path_of, segment_of, visitor};
use hg_testkit::TestApp;
use hg_testkit::on_each_db;
use hg_testkit::web::TestWeb;
use serde_json::{Value, json};

async fn total(web: &TestWeb) -> Value {
    web.get("/api/v1/contacts?include_anonymous=true").await.json()["total"].clone()
}

async fn imported(app: &TestApp, web: &TestWeb, file: Vec<u8>) -> Value {
    let import = good(&web.upload("/api/v1/imports", "file", "people.csv", file).await)["id"].clone();
    good(&web.post(&format!("/api/v1/imports/{import}/start"), &json!({})).await);
    app.settle().await;
    good(&web.get(&format!("/api/v1/imports/{import}")).await)
}

on_each_db!(a_file_that_is_no_list_is_refused_before_anything_is_made, |app| {
    let web = administrator(&app).await;
    let noise: Vec<u8> = (0..40_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (name, content, expected) in [
        ("book.xlsx", b"PK\x03\x04 and so on".to_vec(), "import.workbook"),
        ("photo.csv", noise, "import.binary"),
        ("empty.csv", Vec::new(), "import.empty"),
        ("head.csv", b"email,city\n".to_vec(), "import.empty"),
        ("twice.csv", b"email,email\na@x.io,b@x.io\n".to_vec(), "import.header-twice"),
    ] {
        let reply = web.upload("/api/v1/imports", "file", name, content).await;
        assert_eq!(complaint(&reply), (422, "/file".into()), "{name}");
        assert_eq!(reply.json()["errors"][0]["code"], expected, "{name}");
    }
    let nothing = web.upload("/api/v1/imports", "attachment", "x.csv", b"email\na@x.io\n".to_vec()).await;
    assert_eq!(code(&nothing), (422, "import.no-file".into()));
    let cut = web
        .post_raw(
            "/api/v1/imports",
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nemail\na@x",
        )
        .await;
    assert_eq!(complaint(&cut), (422, "/file".into()), "an upload that broke off");
    assert_eq!(web.get("/api/v1/imports").await.json()["items"], json!([]));
    let left = std::fs::read_dir(app.test_db.dir.path().join("imports")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "no file stays behind");
});

on_each_db!(a_broken_row_in_the_middle_is_put_aside_with_its_reason_and_all_others_arrive, |app| {
    let web = administrator(&app).await;
    let mut file = String::from("email,firstname,city\n");
    for n in 0..2_000 {
        match n {
            700 => file.push_str("nobody,Broken,Prague\n"),
            1_200 => file.push_str("short@example.org,Short\n"),
            1_300 => file.push_str("torn@example.org,\"Torn \u{fffd}\",Prague,too,many,cells\n"),
            _ => file.push_str(&format!("p{n}@example.org,\"P, {n}\",Prague\n")),
        }
    }
    let done = imported(&app, &web, file.into_bytes()).await;
    assert_eq!(
        (&done["state"], &done["progress"]["created"], &done["progress"]["rejected"]),
        (&json!("done"), &json!(1_997), &json!(3)),
        "{done}"
    );
    assert_eq!(total(&web).await, 1_997);
    let rejected = web.get(&format!("/api/v1/imports/{}/rejected.csv", done["id"])).await.text;
    let lines: Vec<&str> = rejected.lines().collect();
    assert_eq!(lines.len(), 4, "{rejected}");
    assert!(lines[0].ends_with("line,reason"), "{rejected}");
    assert!(lines[1].contains("nobody") && lines[1].contains(",702,"), "{rejected}");
    assert!(lines[2].contains(",1202,") && lines[3].contains(",1302,"), "{rejected}");
});

on_each_db!(two_columns_for_one_field_are_refused_at_their_place_and_the_mapping_stays, |app| {
    let web = administrator(&app).await;
    let file = b"email,firstname,nick\nann@example.org,Ann,Annie\n".to_vec();
    let import = good(&web.upload("/api/v1/imports", "file", "people.csv", file).await);
    let path = format!("/api/v1/imports/{}", import["id"]);
    let twice =
        json!([{"column": 0, "target": "email"}, {"column": 1, "target": "firstname"}, {"column": 2, "target": "firstname"}]);
    let refused = web.patch(&path, &json!({ "mapping": twice })).await;
    assert_eq!(complaint(&refused), (422, "/mapping/2/target".into()));
    assert_eq!(refused.json()["errors"][0]["code"], "import.target-twice");
    assert_eq!(good(&web.get(&path).await)["mapping"], import["mapping"]);
    let unknown = json!([{"column": 0, "target": "shoe"}, {"column": 9, "target": "city"}]);
    let refused = web.patch(&path, &json!({ "mapping": unknown })).await.json();
    let pointers: Vec<&str> = refused["errors"].as_array().unwrap().iter().map(|e| e["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/mapping/0/target", "/mapping/1/target"]);
});

on_each_db!(a_filter_with_a_wrong_type_or_shape_is_refused_at_its_place, |app| {
    let web = administrator(&app).await;
    let rule =
        |field: &str, op: &str, value: Value| json!({"match": "all", "rules": [{"field": field, "op": op, "value": value}]});
    let mut deep = rule("city", "=", json!("x"));
    for _ in 0..20 {
        deep = json!({"match": "all", "rules": [deep]});
    }
    for (filter, pointer) in [
        (rule("points", "gt", json!("many")), "/filter/rules/0/value"),
        (rule("points", "=", json!({"a": 1})), "/filter/rules/0/value"),
        (rule("city", "gt", json!([1, 2])), "/filter/rules/0/op"),
        (rule("date_added", "gt", json!("the day after")), "/filter/rules/0/value"),
        (rule("shoe", "=", json!("42")), "/filter/rules/0/field"),
        (rule("city", "sounds", json!("x")), "/filter/rules/0/op"),
        (rule("city", "regexp", json!("(?=x)")), "/filter/rules/0/value"),
        (rule("city", "regexp", json!("(a{1000}){1000}")), "/filter/rules/0/value"),
        (rule("city", "regexp", json!("(unclosed")), "/filter/rules/0/value"),
        (rule("city", "regexp", json!("a".repeat(5_000))), "/filter/rules/0/value"),
        (json!({"match": "most", "rules": []}), "/filter/match"),
        (json!("city = x"), "/filter"),
        (deep, "/filter"),
    ] {
        for door in ["/api/v1/segments", "/api/v1/segments/preview"] {
            let reply = web.post(door, &json!({"name": "S", "filter": filter})).await;
            let (status, at) = complaint(&reply);
            assert!(status == 422 && at.starts_with(pointer), "{door} {filter}: {status} {at} {}", reply.text);
        }
        let listed = web.get(&format!("/api/v1/contacts?filter={}", percent(&filter.to_string()))).await;
        assert_eq!(listed.status, 422, "{filter}: {}", listed.text);
    }
    assert_eq!(web.get("/api/v1/segments").await.json()["items"], json!([]), "nothing was kept of them");
});

fn percent(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_alphanumeric() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

on_each_db!(a_pattern_that_other_engines_never_finish_is_answered_at_once, |app| {
    let web = administrator(&app).await;
    let long = format!("{}!", "a".repeat(190));
    for n in 0..50 {
        good(&web.post("/api/v1/contacts", &json!({"fields": {"email": format!("p{n}@example.org"), "city": long}})).await);
    }
    let filter = json!({"match": "any", "rules": [
        {"field": "city", "op": "regexp", "value": "^(a+)+$"},
        {"field": "city", "op": "regexp", "value": "^(a|aa)+$"},
        {"field": "city", "op": "like", "value": format!("{}b", "%a".repeat(60))},
    ]});
    let began = Instant::now();
    let found = good(&web.post("/api/v1/segments/preview", &json!({ "filter": filter })).await);
    assert_eq!(found["count"], 0, "{found}");
    good(&web.post("/api/v1/segments", &json!({"name": "Endless", "filter": filter})).await);
    app.settle().await;
    assert!(began.elapsed() < Duration::from_secs(20), "it took {:?}", began.elapsed());
});

on_each_db!(a_template_with_unknown_tokens_is_saved_warned_about_and_sent_as_it_stands, |app| {
    let web = administrator(&app).await;
    let ann = contact(&web, "ann@example.org", "Ann").await;
    let segment = segment_of(&web, &[ann]).await;
    app.settle().await;
    let source =
        "<style>p{color:red}</style><p>{first_name} {contactfield=shoe|none} {contactfield=firstname} {pagelink=999} {</p>";
    let made = good(
        &web.post(
            "/api/v1/emails",
            &json!({"name": "N", "subject": "{nosuch}", "source": source, "kind": "segment", "segments": [segment]}),
        )
        .await,
    );
    let codes: Vec<&str> = made["warnings"].as_array().unwrap().iter().map(|w| w["code"].as_str().unwrap()).collect();
    assert!(codes.iter().filter(|c| **c == "unknown-token").count() >= 2 && codes.contains(&"unknown-field"), "{made}");
    good(&web.post(&format!("/api/v1/emails/{}/send", made["id"]), &json!({})).await);
    app.settle().await;
    let caught = web.get("/api/v1/outbox").await.json()["items"][0].clone();
    assert_eq!(caught["subject"], "{nosuch}");
    let html = good(&web.get(&format!("/api/v1/outbox/{}", caught["id"])).await)["html"].as_str().unwrap().to_owned();
    assert!(html.contains("{first_name} none Ann") && html.contains("p{color:red}"), "{html}");
});

fn tagging(key: &str, parent: Option<&str>) -> Value {
    json!({"key": key, "type": "contact.tags", "settings": {"add": [key]}, "parent": parent})
}

on_each_db!(a_campaign_with_an_unconnected_step_is_kept_as_a_draft_and_cannot_start, |app| {
    let web = administrator(&app).await;
    let segment = segment_of(&web, &[]).await;
    let body = json!({
        "name": "Torn", "sources": [{"kind": "segment", "id": segment}],
        "steps": [tagging("a", None), tagging("lost", Some("nobody"))],
    });
    let made = good(&web.post("/api/v1/campaigns", &body).await);
    assert_eq!(
        (&made["state"], &made["problems"][0]["step_id"], &made["problems"][0]["code"]),
        (&json!("draft"), &json!("lost"), &json!("step.unconnected"))
    );
    let path = format!("/api/v1/campaigns/{}", made["id"]);
    let refused = web.post(&format!("{path}/publish"), &json!({})).await;
    assert_eq!(complaint(&refused), (422, "/steps/lost".into()));
    assert!(refused.json()["detail"].as_str().unwrap().contains("not connected"), "{}", refused.text);
    assert_eq!(good(&web.get(&path).await)["steps"].as_array().unwrap().len(), 2, "the draft is as it was");
    good(&web.patch(&path, &json!({"steps": [tagging("a", None), tagging("lost", Some("a"))]})).await);
    assert_eq!(good(&web.post(&format!("{path}/publish"), &json!({})).await)["state"], "published");
    let circle = json!({"steps": [tagging("a", Some("lost")), tagging("lost", Some("a"))]});
    assert_eq!(web.patch(&path, &circle).await.status, 422, "a running campaign cannot be torn");
    assert_eq!(good(&web.get(&path).await)["steps"][0]["parent"], Value::Null);
});

on_each_db!(an_email_deleted_since_is_named_before_the_start_and_told_on_the_way, |app| {
    let web = administrator(&app).await;
    let (ann, bob) = (contact(&web, "ann@example.org", "Ann").await, contact(&web, "bob@example.org", "Bob").await);
    let segment = segment_of(&web, &[ann]).await;
    app.settle().await;
    let mail = email(&web, json!({"name": "Hello", "subject": "Hello", "source": "<p>x</p>"})).await;
    let body = json!({
        "name": "Welcome", "sources": [{"kind": "segment", "id": segment}],
        "steps": [{"key": "mail", "type": "email.send", "settings": {"email_id": mail}}, tagging("after", Some("mail"))],
    });
    let id = good(&web.post("/api/v1/campaigns", &body).await)["id"].clone();
    let path = format!("/api/v1/campaigns/{id}");
    assert_eq!(web.delete(&format!("/api/v1/emails/{mail}")).await.status, 204);
    let refused = web.post(&format!("{path}/publish"), &json!({})).await;
    assert_eq!(
        (complaint(&refused), refused.json()["errors"][0]["code"].clone()),
        ((422, "/steps/mail".into()), json!("step.missing"))
    );
    good(&web.post(&format!("/api/v1/emails/{mail}/restore"), &json!({})).await);
    good(&web.post(&format!("{path}/publish"), &json!({})).await);
    app.settle().await;
    assert_eq!(web.get("/api/v1/outbox").await.json()["total"], 1, "Ann has it");
    // Deleted while the campaign runs: nobody is lost, and the way goes on.
    assert_eq!(web.delete(&format!("/api/v1/emails/{mail}")).await.status, 204);
    assert_eq!(good(&web.get(&path).await)["problems"][0]["code"], "step.missing");
    good(&web.post(&format!("/api/v1/segments/{segment}/contacts"), &json!({"add": [bob]})).await);
    app.settle().await;
    let way = good(&web.get(&format!("{path}/people/{bob}")).await);
    assert_eq!((&way["history"][0]["step_key"], &way["history"][0]["state"]), (&json!("mail"), &json!("warning")), "{way}");
    assert!(way["history"][0]["detail"].as_str().unwrap().contains("deleted"), "{way}");
    assert_eq!((&way["history"][1]["step_key"], &way["history"][1]["state"]), (&json!("after"), &json!("done")), "{way}");
    assert_eq!(web.get("/api/v1/outbox").await.json()["total"], 1);
});

async fn simple_form(web: &TestWeb) -> Value {
    let body = json!({
        "name": "Ask us", "post_action": {"kind": "message", "value": "Thanks"},
        "fields": [{"label": "Email", "type": "email", "required": true, "mapped_field": "email"}, {"label": "Question", "type": "textarea"}],
    });
    good(&web.post("/api/v1/forms", &body).await)
}

async fn submissions(web: &TestWeb, form: &Value) -> Value {
    good(&web.get(&format!("/api/v1/forms/{}/submissions", form["id"])).await)["total"].clone()
}

on_each_db!(a_form_post_without_a_token_counts_and_a_token_makes_a_double_click_harmless, |app| {
    let web = administrator(&app).await;
    let form = simple_form(&web).await;
    let path = format!("/form/submit/ajax?formId={}", form["id"]);
    let person = visitor(&web);
    let bare = [("mauticform[email]", "ann@example.org"), ("mauticform[question]", "Why?")];
    assert_eq!(person.post_form(&path, &bare).await.json()["success"], true, "copied HTML knows no token");
    assert_eq!(submissions(&web, &form).await, 1);
    let with = |question: &'static str| {
        [("mauticform[email]", "ann@example.org"), ("mauticform[question]", question), ("mauticform[nonce]", "abc123")]
    };
    for _ in 0..2 {
        let reply = person.post_form(&path, &with("How?")).await.json();
        assert_eq!((&reply["success"], &reply["successMessage"]), (&json!(true), &json!("Thanks")));
    }
    assert_eq!(submissions(&web, &form).await, 2, "the double click counts once");
    app.advance(hg_core::time::Millis::seconds(30));
    assert_eq!(person.post_form(&path, &with("And when?")).await.json()["success"], true);
    assert_eq!(submissions(&web, &form).await, 3, "whoever goes back and asks again is heard, token or not");
    let no_csrf = web.another_browser();
    let signed_in =
        no_csrf.post("/s/api/v1/session", &json!({"email": "ada@example.org", "password": hg_testkit::app::PASSWORD})).await;
    assert_eq!(signed_in.status, 201);
    assert_eq!(no_csrf.post("/s/api/v1/forms", &json!({"name": "X"})).await.status, 403, "the app's own posts need theirs");
});

on_each_db!(a_form_post_of_ten_megabytes_or_to_a_form_that_is_away_is_refused_and_the_form_goes_on, |app| {
    let web = administrator(&app).await;
    let form = simple_form(&web).await;
    let (plain, ajax) = (format!("/form/submit?formId={}", form["id"]), format!("/form/submit/ajax?formId={}", form["id"]));
    let person = visitor(&web);
    let huge = format!("mauticform[email]=ann%40example.org&mauticform[question]={}", "x".repeat(10 * 1024 * 1024));
    for path in [&plain, &ajax] {
        let reply = person.post_raw(path, "application/x-www-form-urlencoded", huge.as_bytes()).await;
        assert!(reply.status == 413 && reply.text.contains("too large"), "{}: {}", reply.status, reply.text);
    }
    let part = "--x\r\nContent-Disposition: form-data; name=\"mauticform[question]\"\r\n\r\n";
    let multipart = format!("{part}{}\r\n--x--\r\n", "x".repeat(10 * 1024 * 1024));
    assert_eq!(person.post_raw(&plain, "multipart/form-data; boundary=x", multipart.as_bytes()).await.status, 413);
    let torn = person.post_raw(&plain, "multipart/form-data; boundary=x", part.as_bytes()).await;
    assert!(torn.status == 400 && torn.text.contains("cannot be read"), "{}", torn.text);
    let long = [("mauticform[email]", "ann@example.org"), ("mauticform[question]", &"x".repeat(66_000))];
    assert!(person.post_form(&ajax, &long).await.json()["validationErrors"]["question"].is_string());
    good(&web.patch(&format!("/api/v1/forms/{}", form["id"]), &json!({"published": false})).await);
    let fields = [("mauticform[email]", "ann@example.org"), ("mauticform[return]", "https://blog.example.org/")];
    let away = person.post_form(&ajax, &fields).await.json();
    assert_eq!((&away["success"], &away["errorMessage"]), (&json!(false), &json!("This form is not available.")));
    let back = person.post_form(&plain, &fields).await;
    assert!(
        back.status == 302 && back.header("location").unwrap().starts_with("https://blog.example.org/?mauticError="),
        "{:?}",
        back.headers
    );
    for path in [format!("/form/{}", form["id"]), format!("/form/embed/{}", form["id"])] {
        assert_eq!(person.get(&path).await.status, 404, "{path}");
    }
    assert_eq!((submissions(&web, &form).await, total(&web).await), (json!(0), json!(0)));
    good(&web.patch(&format!("/api/v1/forms/{}", form["id"]), &json!({"published": true})).await);
    assert_eq!(person.post_form(&ajax, &fields).await.json()["success"], true);
    assert_eq!(submissions(&web, &form).await, 1);
});

on_each_db!(a_forged_cut_or_huge_proof_leads_on_and_proves_nothing_at_any_door, |app| {
    let web = administrator(&app).await;
    let ann = contact(&web, "ann@example.org", "Ann").await;
    let segment = segment_of(&web, &[ann]).await;
    app.settle().await;
    let mail = email(&web, json!({"name": "N", "subject": "N", "kind": "segment", "segments": [segment], "source": "<a href=\"https://example.com/offer\">go</a>"})).await;
    good(&web.post(&format!("/api/v1/emails/{mail}/send"), &json!({})).await);
    app.settle().await;
    let caught = web.get("/api/v1/outbox").await.json()["items"][0]["id"].clone();
    let links = good(&web.get(&format!("/api/v1/outbox/{caught}")).await)["links"].clone();
    let link = links.as_array().unwrap().iter().map(|l| path_of(l["url"].as_str().unwrap())).find(|l| l.contains("/r/")).unwrap();
    let (path, ct) = link.split_once("?ct=").unwrap();
    let ct = ct.split('&').next().unwrap();
    let (head, tail) = ct.rsplit_once('.').unwrap();
    let forged = format!("{head}.{}", tail.chars().rev().collect::<String>());
    let unsigned = "YTozOntzOjU6ImVtYWlsIjtpOjE7czo0OiJsZWFkIjtpOjE7czo0OiJzdGF0IjtzOjIyOiJhYWFhYWFhYWFhYWFhYWFhYWFhYWFhIjt9";
    let huge = "A".repeat(60_000);
    for broken in [&ct[..ct.len() / 2], &forged, unsigned, "%F0%9F", "O:8:\"Exploit\":0:{}", "", &huge] {
        let person = visitor(&web);
        let reply = person.get(&format!("{path}?ct={broken}")).await;
        assert!(reply.status == 302 || reply.status == 431 || reply.status == 414, "{broken:.40}: {}", reply.status);
        if reply.status == 302 {
            assert_eq!(reply.header("location"), Some("https://example.com/offer"), "{broken:.40}");
        }
        let hit = person.post_form("/mtc/event", &[("page_url", "https://x.io/"), ("ct", broken)]).await.json();
        assert!(hit["success"] == 1 && hit["id"] != json!(ann), "{broken:.40}: {hit}");
        assert_eq!(person.get(&format!("/mtracking.gif?ct={}", &broken[..broken.len().min(8_000)])).await.bytes.len(), 43);
    }
    let seen = good(&web.get(&format!("/api/v1/emails/{mail}")).await);
    assert_eq!((&seen["counts"]["opened"], &seen["counts"]["clicked"]), (&json!(0), &json!(0)));
    assert_eq!(visitor(&web).get(&format!("{path}?ct={ct}")).await.status, 302);
    assert_eq!(good(&web.get(&format!("/api/v1/emails/{mail}")).await)["counts"]["clicked"], 1, "the real one counts");
});
