//! What tests of the doors share: somebody signed in, and things made through the native API.
#![allow(dead_code)]

use hg_app::Role;
use hg_testkit::TestApp;
use hg_testkit::app::PASSWORD;
use hg_testkit::web::{Reply, TestWeb};
use serde_json::{Value, json};

/// A browser as people have.
pub const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";

/// An administrator at the doors.
pub async fn administrator(app: &TestApp) -> TestWeb {
    app.user("ada@example.org", Role::Administrator).await;
    TestWeb::start(&app.ws).await.with_basic("ada@example.org", PASSWORD)
}

/// A visitor of the same server.
pub fn visitor(web: &TestWeb) -> TestWeb {
    web.another_browser().with_header("user-agent", BROWSER)
}

/// The body of an answer that must be a success.
pub fn good(reply: &Reply) -> Value {
    assert!((200..300).contains(&reply.status), "{} {}", reply.status, reply.text);
    if reply.text.is_empty() { Value::Null } else { reply.json() }
}

/// The status of an answer, and the first place in the body that it complains about.
pub fn complaint(reply: &Reply) -> (u16, String) {
    assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{}", reply.text);
    let body = reply.json();
    assert!(body["detail"].as_str().is_some_and(|d| !d.is_empty()), "{body}");
    (reply.status, body["errors"][0]["pointer"].as_str().unwrap_or_default().to_owned())
}

/// The stable code of a problem.
pub fn code(reply: &Reply) -> (u16, String) {
    let kind = reply.json()["type"].as_str().unwrap_or_default().replace("/problems/", "");
    (reply.status, kind)
}

pub async fn contact(web: &TestWeb, address: &str, first_name: &str) -> i64 {
    let body = json!({"fields": {"email": address, "firstname": first_name}});
    good(&web.post("/api/v1/contacts", &body).await)["id"].as_i64().expect("an id")
}

/// A segment with these people, added by hand.
pub async fn segment_of(web: &TestWeb, people: &[i64]) -> i64 {
    let id = good(&web.post("/api/v1/segments", &json!({"name": "Chosen"})).await)["id"].as_i64().expect("an id");
    good(&web.post(&format!("/api/v1/segments/{id}/contacts"), &json!({ "add": people })).await);
    id
}

pub async fn email(web: &TestWeb, body: Value) -> i64 {
    good(&web.post("/api/v1/emails", &body).await)["id"].as_i64().expect("an id")
}

/// The address of a link of ours, as a path on the test's server.
pub fn path_of(url: &str) -> String {
    url.strip_prefix("http://honeyguide.test").unwrap_or_else(|| panic!("{url} is not on our site")).to_owned()
}
