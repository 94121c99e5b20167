//! What must not be possible: other sites acting for somebody, trying without end, seeing or doing more than a role may.

use hg_app::Role;
use hg_testkit::app::PASSWORD;
use hg_testkit::web::TestWeb;
use hg_testkit::{Backend, TestApp, on_each_db};
use serde_json::{Value, json};

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";

on_each_db!(a_page_of_another_site_changes_nothing_whatever_the_browser_remembers, |app| {
    app.user("ada@example.org", Role::Administrator).await;
    let web = TestWeb::start(&app.ws).await;
    let elsewhere = web.with_header("sec-fetch-site", "cross-site");
    let signed_in = json!({"email": "ada@example.org", "password": PASSWORD});
    assert_eq!(elsewhere.post("/s/api/v1/session", &signed_in).await.status, 403, "not even somebody else's sign-in");
    let basic = elsewhere.with_basic("ada@example.org", PASSWORD);
    let contact = json!({"fields": {"email": "bo@example.org"}, "email": "bo@example.org"});
    assert_eq!(basic.post("/api/v1/contacts", &contact).await.status, 403);
    assert_eq!(basic.post("/api/contacts/new", &contact).await.status, 403);
    assert_eq!(basic.get("/api/v1/contacts").await.json()["total"], 0, "reading is the browser's own rule");
    let app_itself = web.with_header("sec-fetch-site", "same-origin");
    assert_eq!(app_itself.post("/s/api/v1/session", &signed_in).await.status, 201);
});

on_each_db!(an_address_that_posts_without_end_is_asked_to_wait, |app| {
    let web = TestWeb::start(&app.ws).await.with_header("user-agent", BROWSER);
    let mut last = 0;
    for _ in 0..=120 {
        last = web.post_form("/form/submit?formId=1", &[("mauticform[x]", "y")]).await.status;
    }
    assert_eq!(last, 429);
    assert_eq!(web.post_form("/email/unsubscribe/unknown", &[("List-Unsubscribe", "One-Click")]).await.status, 429);
    assert_eq!(web.get("/mtracking.gif").await.status, 200, "looking at pages goes on");
    app.advance(hg_core::time::Millis::minutes(1));
    assert_ne!(web.post_form("/form/submit?formId=1", &[("mauticform[x]", "y")]).await.status, 429);
});

on_each_db!(whoever_tries_addresses_one_after_the_other_learns_and_changes_nothing, |app| {
    let web = TestWeb::start(&app.ws).await.with_header("user-agent", BROWSER);
    for n in 0..70 {
        let url = format!("/mtracking.gif?email=person{n}%40example.org");
        let fresh = web.another_browser().with_header("user-agent", BROWSER);
        assert_eq!(fresh.get(&url).await.status, 200, "every answer looks alike");
    }
    let known = "SELECT count(*) FROM contacts WHERE email_key IS NOT NULL";
    let known: i64 = app.ws.db.read(move |tx| tx.scalar(hg_store::Sql::new(known))).await.unwrap();
    assert!(known <= 60, "{known} addresses were taken at their word within a minute");
});

/// Addresses of the API that anybody may call, and those that change nothing but what is one's own.
const OPEN: [&str; 3] = ["/setup", "/session", "/openapi.json"];
const ONLY_LOOKS: [&str; 9] = [
    "/segments/preview",
    "/emails/preview",
    "/emails/check",
    "/pages/preview",
    "/me/password",
    "/me/notices",
    "/me/notices/read",
    "/me/notices/settings",
    "/fields/{id}/conversion/preview",
];

fn each_door(api: &Value) -> Vec<(String, String)> {
    let paths = api["paths"].as_object().expect("paths");
    let doors = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().expect("methods").keys().map(move |method| (method.clone(), path.clone()))
    });
    doors.filter(|(_, path)| !OPEN.contains(&path.as_str())).collect()
}

fn address(path: &str) -> String {
    let kind = if path.starts_with("/trash") { "contact" } else { "email" };
    let parts = path.split('/').map(|part| match part {
        "{kind}" => kind,
        part if part.starts_with('{') => "1",
        part => part,
    });
    format!("/api/v1{}", parts.collect::<Vec<_>>().join("/"))
}

async fn call(web: &TestWeb, method: &str, path: &str) -> u16 {
    let body = json!({});
    let reply = match method {
        "get" => web.get(path).await,
        "delete" => web.delete(path).await,
        "put" => web.put(path, &body).await,
        "patch" => web.patch(path, &body).await,
        _ => web.post(path, &body).await,
    };
    reply.status
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_door_of_the_api_opens_without_a_sign_in_and_none_changes_anything_for_a_viewer() {
    let app = TestApp::new(Backend::Sqlite).await;
    app.user("ada@example.org", Role::Administrator).await;
    app.user("vera@example.org", Role::Viewer).await;
    let web = TestWeb::start(&app.ws).await;
    let viewer = web.with_basic("vera@example.org", PASSWORD);
    let doors = each_door(&web.get("/api/v1/openapi.json").await.json());
    assert!(doors.len() > 80, "{} doors", doors.len());
    for (method, path) in &doors {
        if path == "/live" {
            assert_eq!(web.get("/api/v1/live").await.status, 401);
            continue;
        }
        let anonymous = call(&web, method, &address(path)).await;
        // A body that cannot be read is told before anybody is asked who sends it.
        assert!(matches!(anonymous, 401 | 422 | 400), "{method} {path} answers {anonymous} to anybody");
        let answer = call(&viewer, method, &address(path)).await;
        if method != "get" && !ONLY_LOOKS.contains(&path.as_str()) {
            assert!(matches!(answer, 403 | 404 | 422 | 400), "{method} {path} answers {answer} to a viewer");
        }
        assert!(answer < 500, "{method} {path} answers {answer}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_tells_browsers_to_be_careful() {
    let app = TestApp::new(Backend::Sqlite).await;
    let web = TestWeb::start(&app.ws).await;
    for path in ["/s/", "/api/v1/contacts", "/api/contacts", "/mtc.js", "/mtracking.gif", "/form/message?m=%3Cscript%3E"] {
        assert_eq!(web.get(path).await.header("x-content-type-options"), Some("nosniff"), "{path}");
    }
    for path in ["/s/", "/api/v1/contacts"] {
        let reply = web.get(path).await;
        let policy = reply.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'self'"), "{path}: {policy}");
        assert!(
            !policy.contains("script-src") && !policy.contains("unsafe-eval"),
            "scripts come from our own files only: {policy}"
        );
    }
    let message = web.get("/form/message?m=%3Cscript%3Ealert(1)%3C/script%3E").await;
    assert!(!message.text.contains("<script>alert"), "{}", message.text);
}
