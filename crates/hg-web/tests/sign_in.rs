//! Sign-in through the doors: session, CSRF, Basic, both error shapes.

use hg_app::Role;
use hg_testkit::app::PASSWORD;
use hg_testkit::web::TestWeb;
use hg_testkit::{Backend, TestApp, on_each_db};
use serde_json::json;

on_each_db!(a_session_opens_the_app_and_a_change_needs_its_csrf_token, |app| {
    app.user("ada@example.org", Role::Administrator).await;
    let web = TestWeb::start(&app.ws).await;
    assert_eq!(web.get("/s/api/v1/session").await.status, 401);
    let signed_in = web.post("/s/api/v1/session", &json!({"email": "ada@example.org", "password": PASSWORD})).await;
    assert_eq!(signed_in.status, 201, "{}", signed_in.text);
    let cookie = signed_in.header("set-cookie").expect("a cookie").to_owned();
    for word in ["Path=/s", "HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    assert_eq!(web.get("/s/api/v1/users").await.json()["total"], 1);
    let name = json!({"first_name": "Augusta"});
    let refused = web.patch("/s/api/v1/users/1", &name).await;
    assert_eq!((refused.status, refused.json()["type"].as_str()), (403, Some("/problems/forbidden")));
    let csrf = signed_in.json()["csrf_token"].as_str().expect("a token").to_owned();
    let changed = web.with_csrf(&csrf).patch("/s/api/v1/users/1", &name).await;
    assert_eq!((changed.status, changed.json()["first_name"].as_str()), (200, Some("Augusta")));
    assert_eq!(web.with_csrf(&csrf).delete("/s/api/v1/session").await.status, 204);
    assert_eq!(web.get("/s/api/v1/users").await.status, 401);
});

on_each_db!(basic_credentials_open_the_native_api_but_a_session_cookie_does_not, |app| {
    app.user("ada@example.org", Role::Administrator).await;
    let web = TestWeb::start(&app.ws).await;
    web.post("/s/api/v1/session", &json!({"email": "ada@example.org", "password": PASSWORD})).await;
    assert_eq!(web.get("/api/v1/users").await.status, 401);
    let basic = web.with_basic("ada@example.org", PASSWORD);
    assert_eq!(basic.get("/api/v1/users").await.status, 200);
    assert_eq!(web.with_basic("ada@example.org", "wrong").get("/api/v1/users").await.status, 401);
});

on_each_db!(a_viewer_is_refused_with_a_problem_that_says_what_to_do, |app| {
    app.user("vera@example.org", Role::Viewer).await;
    let web = TestWeb::start(&app.ws).await;
    let answer = web
        .with_basic("vera@example.org", PASSWORD)
        .put("/api/v1/settings/general", &json!({"site_name": "X", "timezone": "UTC"}))
        .await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert!(answer.json()["detail"].as_str().unwrap().contains("administrator"), "{}", answer.text);
});

on_each_db!(the_compatible_api_answers_in_the_old_shape, |app| {
    app.user("ada@example.org", Role::Administrator).await;
    let web = TestWeb::start(&app.ws).await;
    let none = web.get("/api/contacts").await;
    assert_eq!(none.status, 401);
    assert_eq!(none.json(), json!({"errors": [{"message": "API authorization denied.", "code": 401, "type": "access_denied"}]}));
    let wrong = web.with_basic("ada@example.org", "wrong").get("/api/contacts").await;
    assert_eq!(wrong.json()["errors"][0]["message"], "Authorization denied, invalid credentials.");
    let lost = web.with_basic("ada@example.org", PASSWORD).get("/api/nonsense").await;
    assert_eq!(
        lost.json(),
        json!({"errors": [{"message": "Requested URL not found: /api/nonsense", "code": 404, "type": null}]})
    );
    assert_eq!(lost.header("mautic-version"), Some("5.1.0"));
});

on_each_db!(broken_bodies_and_unknown_addresses_get_problems_and_not_pages, |app| {
    app.user("ada@example.org", Role::Administrator).await;
    let web = TestWeb::start(&app.ws).await;
    let basic = web.with_basic("ada@example.org", PASSWORD);
    let broken = basic.post_raw("/api/v1/users", "application/json", b"{\"email\":").await;
    assert_eq!((broken.status, broken.json()["errors"][0]["code"].as_str()), (422, Some("json")));
    let lost = basic.get("/api/v1/nonsense").await;
    assert_eq!((lost.status, lost.json()["status"].as_u64()), (404, Some(404)));
    assert_eq!(basic.get("/api/v1/users/not-a-number").await.status, 404);
    assert_eq!(basic.get("/api/v1/tasks?cursor=broken").await.json()["errors"][0]["pointer"], "/cursor");
});

on_each_db!(the_first_run_signs_in_and_closes_behind_itself, |app| {
    let web = TestWeb::start(&app.ws).await;
    assert_eq!(web.get("/s/api/v1/setup").await.json()["needed"], true);
    let body = json!({"email": "ada@example.org", "password": PASSWORD, "site_name": "Birds", "timezone": "Europe/Prague"});
    let done = web.post("/s/api/v1/setup", &body).await;
    assert_eq!((done.status, done.json()["site"]["name"].as_str()), (201, Some("Birds")));
    assert_eq!(web.get("/s/api/v1/session").await.json()["user"]["role"], "administrator");
    assert_eq!(web.post("/s/api/v1/setup", &body).await.status, 403, "a second run has neither the token nor the right");
    assert_eq!(TestWeb::start(&app.ws).await.post("/s/api/v1/setup", &body).await.status, 409);
});

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_says_when_it_is_ready_and_describes_its_api() {
    let app = TestApp::new(Backend::Sqlite).await;
    let web = TestWeb::start(&app.ws).await;
    assert_eq!((web.get("/health").await.status, web.get("/health").await.text.as_str()), (200, "ok"));
    let api = web.get("/api/v1/openapi.json").await.json();
    assert_eq!(api["openapi"].as_str().map(|v| &v[..3]), Some("3.1"));
    assert!(api["paths"]["/users"]["post"].is_object());
    assert_eq!(web.get("/api/v1/reference").await.header("content-type"), Some("text/html; charset=utf-8"));
}
