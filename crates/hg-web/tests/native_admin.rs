//! Settings, users, permissions and tasks through the native API.

mod door;

use door::{administrator, code, complaint, contact, email, good, segment_of, visitor};
use hg_app::Role;
use hg_testkit::app::PASSWORD;
use hg_testkit::web::{Reply, TestWeb};
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Map, Value, json};

on_each_db!(settings_come_back_as_they_were_set_and_take_effect_at_once, |app| {
    let web = administrator(&app).await;
    let mut general = good(&web.get("/api/v1/settings/general").await);
    general["site_name"] = json!("Birds");
    general["site_url"] = json!("https://birds.example.org/");
    general["timezone"] = json!("Europe/Prague");
    let set = good(&web.put("/api/v1/settings/general", &general).await);
    assert_eq!((&set["site_name"], &set["site_url"]), (&json!("Birds"), &json!("https://birds.example.org")));
    assert_eq!(good(&web.get("/api/v1/settings/general").await), set);
    let page = good(&web.post("/api/v1/pages", &json!({"title": "Nest"})).await);
    assert_eq!(page["url"], "https://birds.example.org/nest");

    let mut sending = good(&web.get("/api/v1/settings/sending").await);
    assert_eq!(sending["transport_in_use"], "outbox");
    sending["sender_email"] = json!("team@birds.example.org");
    sending["max_connections"] = json!(3);
    assert_eq!(good(&web.put("/api/v1/settings/sending", &sending).await)["max_connections"], 3);

    let mut tracking = good(&web.get("/api/v1/settings/tracking").await);
    assert!(tracking["script_snippet"].as_str().unwrap().contains("https://birds.example.org/mtc.js"), "{tracking}");
    tracking["respect_dnt"] = json!(false);
    tracking["public_update_unverified"] = json!("none");
    good(&web.put("/api/v1/settings/tracking", &tracking).await);
    assert_eq!(good(&web.get("/api/v1/settings/tracking").await)["public_update_unverified"], "none");
    let hit = visitor(&web).with_header("dnt", "1").post_form("/mtc/event", &[("page_url", "https://x.io/")]).await.json();
    assert!(hit["id"].is_i64(), "who asks not to be tracked is tracked when the settings say so: {hit}");
});

on_each_db!(settings_that_cannot_be_are_refused_and_nothing_changes, |app| {
    let web = administrator(&app).await;
    let general = good(&web.get("/api/v1/settings/general").await);
    let sending = good(&web.get("/api/v1/settings/sending").await);
    let with = |section: &Value, key: &str, value: Value| {
        let mut changed = section.clone();
        changed[key] = value;
        changed
    };
    for (section, body, pointer) in [
        ("general", with(&general, "site_name", json!(" ")), "/site_name"),
        ("general", with(&general, "timezone", json!("Mars/Olympus")), "/timezone"),
        ("general", with(&general, "site_url", json!("ftp://x.io")), "/site_url"),
        ("sending", with(&sending, "sender_email", json!("nobody")), "/sender_email"),
        ("sending", with(&sending, "max_connections", json!(0)), "/max_connections"),
        ("sending", with(&sending, "unsubscribe_text", json!("Bye")), "/unsubscribe_text"),
        ("tracking", json!({"respect_gpc": "perhaps"}), ""),
    ] {
        let reply = web.put(&format!("/api/v1/settings/{section}"), &body).await;
        assert_eq!(complaint(&reply), (422, pointer.to_owned()), "{body}");
    }
    assert_eq!(good(&web.get("/api/v1/settings/general").await), general);
    assert_eq!(good(&web.get("/api/v1/settings/sending").await), sending);
});

on_each_db!(accounts_are_made_changed_and_deleted_and_the_last_administrator_stays, |app| {
    let web = administrator(&app).await;
    let vera = json!({"email": "vera@example.org", "password": PASSWORD, "role": "viewer", "first_name": "Vera"});
    let made = web.post("/api/v1/users", &vera).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert!(!made.text.contains(PASSWORD) && !made.text.contains("argon2"), "{}", made.text);
    let path = format!("/api/v1/users/{}", made.json()["id"]);
    assert_eq!(complaint(&web.post("/api/v1/users", &vera).await), (422, "/email".into()), "an address signs in once");
    for (body, pointer) in [
        (json!({"email": "x", "password": PASSWORD, "role": "viewer"}), "/email"),
        (json!({"email": "x@example.org", "password": "short", "role": "viewer"}), "/password"),
        (json!({"email": "x@example.org", "password": PASSWORD, "role": "queen"}), "/role"),
    ] {
        assert_eq!(complaint(&web.post("/api/v1/users", &body).await), (422, pointer.to_owned()), "{body}");
    }
    let vera = web.another_browser().with_basic("vera@example.org", PASSWORD);
    assert_eq!(vera.get("/api/v1/emails").await.status, 200);
    assert_eq!((vera.get("/api/v1/users").await.status, vera.get(&path).await.status), (403, 200), "her own account she sees");
    assert_eq!(good(&web.patch(&path, &json!({"role": "administrator"})).await)["role"], "administrator");
    assert_eq!(vera.get("/api/v1/users").await.status, 200, "a change of role holds at once");
    assert_eq!(good(&web.patch(&path, &json!({"role": "viewer", "first_name": "V."})).await)["first_name"], "V.");
    assert_eq!(web.patch("/api/v1/users/1", &json!({"role": "viewer"})).await.status, 409);
    assert_eq!(web.delete("/api/v1/users/1").await.status, 409);
    let wrong = json!({"current": "wrong", "new": "another horse battery"});
    assert_ne!(vera.post("/api/v1/me/password", &wrong).await.status, 204);
    let right = json!({"current": PASSWORD, "new": "another horse battery"});
    assert_eq!(vera.post("/api/v1/me/password", &right).await.status, 204);
    assert_eq!(vera.get("/api/v1/emails").await.status, 401, "the old password is forgotten at once");
    assert_eq!(web.with_basic("vera@example.org", "another horse battery").get("/api/v1/emails").await.status, 200);
    assert_eq!(web.delete(&path).await.status, 204);
    assert_eq!(web.with_basic("vera@example.org", "another horse battery").get("/api/v1/emails").await.status, 401);
});

/// A body that the schema of a request allows: what is required, with the plainest values.
fn sample(api: &Value, schema: &Value) -> Value {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        return sample(api, &api["components"]["schemas"][name]);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut all = Map::new();
        for part in parts {
            if let Value::Object(own) = sample(api, part) {
                all.extend(own);
            }
        }
        return Value::Object(all);
    }
    if let Some(first) = schema["enum"].as_array().and_then(|e| e.first()) {
        return first.clone();
    }
    if let Some(first) = schema["oneOf"].as_array().and_then(|e| e.first()) {
        return sample(api, first);
    }
    let kind = match &schema["type"] {
        Value::String(kind) => kind.as_str(),
        Value::Array(kinds) => kinds.first().and_then(Value::as_str).unwrap_or("object"),
        _ => "object",
    };
    match kind {
        "string" => json!("x"),
        "integer" | "number" => json!(1),
        "boolean" => json!(false),
        "array" => json!([]),
        _ => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let fields = required.iter().filter_map(Value::as_str);
            fields.map(|name| (name.to_owned(), sample(api, &schema["properties"][name]))).collect()
        }
    }
}

/// Every operation of the description that is no safe one, as method, template and an address that leads somewhere.
fn unsafe_operations(api: &Value) -> Vec<(String, String, Value)> {
    let mut all = Vec::new();
    for (path, operations) in api["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            if matches!(method.as_str(), "post" | "put" | "patch" | "delete") {
                let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
                let body = if schema.is_null() { json!({}) } else { sample(api, schema) };
                all.push((method.clone(), path.clone(), body));
            }
        }
    }
    all
}

/// Bodies whose words the description does not list.
fn chosen(path: &str) -> Option<Value> {
    Some(match path {
        "/contacts/bulk" => json!({"select": {"ids": [1]}, "action": {"kind": "delete"}}),
        "/contacts/{id}/consents" => json!({"purpose": "newsletter", "state": "given"}),
        "/contacts/{id}/points" => json!({"operator": "plus", "value": 1}),
        "/fields" => json!({"label": "Shoe size", "type": "text"}),
        "/users" => json!({"email": "mallory@example.org", "password": PASSWORD, "role": "administrator"}),
        _ => return None,
    })
}

async fn call(web: &TestWeb, method: &str, path: &str, body: &Value) -> Reply {
    let body = &chosen(path).unwrap_or_else(|| body.clone());
    let path = filled(path);
    match method {
        _ if path == "/api/v1/imports" => web.upload(&path, "file", "x.csv", b"email\na@example.org\n".to_vec()).await,
        "post" => web.post(&path, body).await,
        "put" => web.put(&path, body).await,
        "patch" => web.patch(&path, body).await,
        _ => web.delete(&path).await,
    }
}

/// Where a reading operation finds something.
fn address_of(path: &str) -> String {
    let query = match path {
        "/segments/{id}/explain" => "?contact=1",
        "/views" => "?list=contacts",
        _ => "",
    };
    filled(path) + query
}

/// The same with everything that its query must say.
fn reading(path: &str, operations: &Value) -> String {
    let address = address_of(path);
    let needed = operations["get"]["parameters"].as_array().into_iter().flatten();
    let needed = needed.filter(|p| p["in"] == "query" && p["required"] == true);
    let query: Vec<String> = needed.map(|p| format!("{}=1", p["name"].as_str().unwrap())).collect();
    if address.contains('?') || query.is_empty() { address } else { format!("{address}?{}", query.join("&")) }
}

/// The address of a path with something in the place of every name.
fn filled(path: &str) -> String {
    let kind = if path.starts_with("/trash") { "contact" } else { "email" };
    let part = |part: &str| match part {
        "{kind}" => kind.to_owned(),
        "{channel}" => "email".to_owned(),
        // Somebody else than the first one.
        "{other}" => "2".to_owned(),
        part if part.starts_with('{') => "1".to_owned(),
        part => part.to_owned(),
    };
    format!("/api/v1{}", path.split('/').map(part).collect::<Vec<_>>().join("/"))
}

/// Whether there is one of it: then nothing may hide behind a 404.
fn is_made(path: &str) -> bool {
    let made =
        ["contacts", "segments", "tags", "pages", "forms", "emails", "campaigns", "fields", "imports", "tasks", "settings"];
    path.matches('{').count() < 2 && path.split('/').nth(1).is_some_and(|first| made.contains(&first))
}

/// One of everything, each with the id 1, so that no answer hides behind a 404.
async fn one_of_everything(app: &TestApp, web: &TestWeb) {
    let ann = contact(web, "ann@example.org", "Ann").await;
    let segment = segment_of(web, &[ann]).await;
    good(&web.post("/api/v1/tags", &json!({"name": "vip"})).await);
    good(&web.post("/api/v1/pages", &json!({"title": "Page"})).await);
    good(&web.post("/api/v1/forms", &json!({"name": "Form", "fields": [{"label": "Email", "type": "email"}]})).await);
    let mail = email(web, json!({"name": "Mail", "subject": "Hi", "kind": "segment", "segments": [segment]})).await;
    good(&web.post("/api/v1/campaigns", &json!({"name": "Campaign", "sources": [{"kind": "segment", "id": segment}]})).await);
    good(&web.upload("/api/v1/imports", "file", "people.csv", b"email\nbo@example.org\n".to_vec()).await);
    good(&web.post("/api/v1/imports/1/dry-run", &json!({})).await);
    good(&web.post("/api/v1/company-segments", &json!({"name": "Large companies"})).await);
    let nightly = json!({"name": "Nightly", "kind": "folder", "source": "crm", "every_minutes": 60});
    good(&web.post("/api/v1/imports/schedules", &nightly).await);
    good(&web.post(&format!("/api/v1/emails/{mail}/test"), &json!({"to": ["me@example.org"]})).await);
    app.settle().await;
}

/// Operations that change nothing, or only what is the caller's own.
const HARMLESS: [&str; 20] = [
    "/fields/{id}/conversion/preview",
    "/points/simulate",
    "/points/decay/{group}/preview",
    "/emails/preview",
    "/emails/check",
    "/pages/preview",
    "/segments/preview",
    "/company-segments/preview",
    "/segments/try",
    "/session",
    "/setup",
    "/me/password",
    // Notices, files and views of one's own.
    "/me/notices",
    "/me/notices/{id}",
    "/me/notices/read",
    "/me/notices/settings",
    "/exports",
    "/exports/companies",
    "/views",
    "/views/{id}",
];

on_each_db!(a_viewer_is_refused_by_every_operation_that_changes_something, |app| {
    let web = administrator(&app).await;
    one_of_everything(&app, &web).await;
    app.user("vera@example.org", Role::Viewer).await;
    let vera = web.another_browser().with_basic("vera@example.org", PASSWORD);
    let api = web.get("/api/v1/openapi.json").await.json();
    let operations = unsafe_operations(&api);
    assert!(operations.len() > 50, "only {} operations were found", operations.len());
    let mut open = Vec::new();
    for (method, path, body) in operations.iter().filter(|(_, path, _)| !HARMLESS.contains(&path.as_str())) {
        let reply = call(&vera, method, path, body).await;
        if code(&reply) != (403, "forbidden".into()) {
            open.push(format!("{method} {path} {body}: {} {}", reply.status, reply.text));
        }
    }
    assert!(open.is_empty(), "a viewer gets through:\n{}", open.join("\n"));
});

on_each_db!(whoever_does_not_sign_in_gets_nothing_from_any_operation, |app| {
    let web = administrator(&app).await;
    one_of_everything(&app, &web).await;
    let nobody = web.another_browser();
    let api = web.get("/api/v1/openapi.json").await.json();
    let mut open = Vec::new();
    for (method, path, body) in
        unsafe_operations(&api).iter().filter(|(_, path, _)| !["/session", "/setup"].contains(&path.as_str()))
    {
        let reply = call(&nobody, method, path, body).await;
        if reply.status != 401 {
            open.push(format!("{method} {path}: {} {}", reply.status, reply.text));
        }
    }
    for path in api["paths"].as_object().unwrap().keys().filter(|path| path.as_str() != "/setup") {
        let reply = nobody.get(&reading(path, &api["paths"][path])).await;
        if !matches!(reply.status, 401 | 405) {
            open.push(format!("get {path}: {} {}", reply.status, reply.text));
        }
    }
    assert!(open.is_empty(), "open to everybody:\n{}", open.join("\n"));
});

on_each_db!(a_viewer_sees_everything_but_accounts, |app| {
    let web = administrator(&app).await;
    one_of_everything(&app, &web).await;
    app.user("vera@example.org", Role::Viewer).await;
    let vera = web.another_browser().with_basic("vera@example.org", PASSWORD);
    let api = web.get("/api/v1/openapi.json").await.json();
    for (path, operations) in api["paths"].as_object().unwrap() {
        // The live stream has no end, sessions are for browsers, and there is only one segment to compare.
        if operations["get"].is_null() || matches!(path.as_str(), "/live" | "/session" | "/segments/compare") {
            continue;
        }
        let address = reading(path, operations);
        let reply = vera.get(&address).await;
        // What colleagues do is for administrators.
        let expected = if path.starts_with("/users") || path.starts_with("/audit") { 403 } else { 200 };
        let missing = reply.status == 404 && path.contains('{') && !is_made(path);
        assert!(reply.status == expected || missing, "{path}: {} {}", reply.status, reply.text);
    }
});

on_each_db!(a_waiting_task_is_stopped_and_goes_on_where_it_was, |app| {
    let web = administrator(&app).await;
    let file = b"email,firstname\nann@example.org,Ann\nbob@example.org,Bob\n".to_vec();
    let import = good(&web.upload("/api/v1/imports", "file", "people.csv", file).await)["id"].clone();
    good(&web.post(&format!("/api/v1/imports/{import}/start"), &json!({})).await);
    let task = web.get("/api/v1/tasks").await.json()["items"][0].clone();
    assert_eq!((&task["state"], &task["link"]), (&json!("queued"), &json!(format!("/imports/{import}"))));
    let path = format!("/api/v1/tasks/{}", task["id"]);
    assert_eq!(good(&web.post(&format!("{path}/stop"), &json!({})).await)["state"], "stopped");
    app.settle().await;
    assert_eq!(web.get("/api/v1/contacts").await.json()["total"], 0, "a stopped task does nothing");
    assert_eq!(good(&web.post(&format!("{path}/resume"), &json!({})).await)["state"], "queued");
    app.settle().await;
    let done = good(&web.get(&path).await);
    assert_eq!((&done["state"], &done["done"]), (&json!("done"), &json!(2)));
    assert_eq!(web.get("/api/v1/contacts").await.json()["total"], 2);
    assert_eq!(good(&web.post(&format!("{path}/resume"), &json!({})).await)["state"], "done", "what is done is not done again");
    assert_eq!(good(&web.post(&format!("{path}/stop"), &json!({})).await)["state"], "done");
    assert_eq!(web.post("/api/v1/tasks/999/resume", &json!({})).await.status, 404);
});

on_each_db!(a_failed_task_is_tried_again_by_resuming_it, |app| {
    let web = administrator(&app).await;
    let file = b"email,firstname\nann@example.org,Ann\n".to_vec();
    let import = good(&web.upload("/api/v1/imports", "file", "people.csv", file).await)["id"].clone();
    let folder = app.test_db.dir.path().join("imports");
    let kept = std::fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let away = folder.join("away");
    std::fs::rename(&kept, &away).unwrap();
    good(&web.post(&format!("/api/v1/imports/{import}/start"), &json!({})).await);
    app.settle().await;
    let failed = web.get("/api/v1/tasks").await.json()["items"][0].clone();
    assert_eq!(failed["state"], "failed", "{failed}");
    assert!(failed["message"].as_str().is_some_and(|m| !m.is_empty()), "a failure says why: {failed}");
    std::fs::rename(&away, &kept).unwrap();
    good(&web.post(&format!("/api/v1/tasks/{}/resume", failed["id"]), &json!({})).await);
    app.settle().await;
    assert_eq!(good(&web.get(&format!("/api/v1/tasks/{}", failed["id"])).await)["state"], "done");
    assert_eq!(good(&web.get(&format!("/api/v1/imports/{import}")).await)["state"], "done");
    assert_eq!(web.get("/api/v1/contacts").await.json()["total"], 1);
});
