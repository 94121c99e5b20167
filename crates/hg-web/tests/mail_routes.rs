//! The ways out for mail through the native API: those of the configuration are shown, those of the app can be changed, and
//! no address is ever told.

mod door;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use door::{administrator, code, good};
use hg_app::cx::Role;
use hg_app::sending::{Channel, Envelope, Transport, TransportError, Undelivered, WayKit, WayMaker, open_ways};
use hg_testkit::app::PASSWORD;
use hg_testkit::web::TestWeb;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

/// What left, and through which way.
type Left = Arc<Mutex<Vec<(String, String)>>>;

struct Way {
    name: String,
    left: Left,
}

struct Line {
    name: String,
    left: Left,
    to: String,
}

#[async_trait]
impl Transport for Way {
    async fn channel(&self) -> Result<Box<dyn Channel>, TransportError> {
        Ok(Box::new(Line { name: self.name.clone(), left: self.left.clone(), to: String::new() }))
    }
    async fn release(&self, _: Box<dyn Channel>) {}
    fn describe(&self) -> String {
        self.name.clone()
    }
}

#[async_trait]
impl Channel for Line {
    async fn offer(&mut self, envelope: &Envelope, _: &[u8]) -> Result<(), TransportError> {
        self.to.clone_from(&envelope.recipient);
        Ok(())
    }
    async fn deliver(&mut self, _: &[u8]) -> Result<(), Undelivered> {
        self.left.lock().unwrap().push((self.name.clone(), self.to.clone()));
        Ok(())
    }
    fn is_usable(&self) -> bool {
        true
    }
    fn is_used(&self) -> bool {
        false
    }
    fn as_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}

/// Knows `test://secret@host`.
struct Maker(Left);

impl WayMaker for Maker {
    fn make(&self, address: &str) -> Result<Arc<dyn Transport>, String> {
        let rest = address.strip_prefix("test://").ok_or("Write an address that begins with test://.")?;
        let name = rest.rsplit('@').next().unwrap_or_default().to_owned();
        Ok(Arc::new(Way { name, left: self.0.clone() }))
    }
}

/// A server whose configuration names these ways.
async fn served(app: &TestApp, configured: &[&str]) -> Left {
    let left = Left::default();
    let way = |name: &&str| -> Arc<dyn Transport> { Arc::new(Way { name: (*name).to_owned(), left: left.clone() }) };
    let configured = configured.iter().map(way).collect();
    let clock: hg_core::time::SharedClock = Arc::new(app.clock.clone());
    app.ws.set_part(Arc::new(WayKit { configured, maker: Arc::new(Maker(left.clone())), clock }));
    open_ways(&app.ws).await.unwrap();
    left
}

async fn names(web: &TestWeb) -> Vec<String> {
    let ways = good(&web.get("/api/v1/mail-routes").await);
    ways.as_array().unwrap().iter().map(|w| w["name"].as_str().unwrap().to_owned()).collect()
}

async fn added(web: &TestWeb, address: &str) -> i64 {
    good(&web.post("/api/v1/mail-ways", &json!({ "address": address })).await)["id"].as_i64().unwrap()
}

on_each_db!(ways_of_the_app_come_after_those_of_the_configuration_and_can_be_changed, |app| {
    served(&app, &["relay.example.org:25"]).await;
    let web = administrator(&app).await;
    let one = added(&web, "test://user:hush-hush@one.example.org:587").await;
    let two = added(&web, "test://two.example.org:587").await;
    assert_eq!(names(&web).await, ["relay.example.org:25", "one.example.org:587", "two.example.org:587"]);
    let ways = good(&web.get("/api/v1/mail-routes").await);
    assert_eq!((&ways[0]["way_id"], &ways[1]["way_id"]), (&Value::Null, &json!(one)));
    assert_eq!(web.post(&format!("/api/v1/mail-ways/{two}/place"), &json!({"to": 0})).await.status, 204);
    let change = json!({"address": "test://user:more-hush@uno.example.org:587"});
    assert_eq!(web.put(&format!("/api/v1/mail-ways/{one}"), &change).await.status, 204);
    assert_eq!(names(&web).await, ["relay.example.org:25", "two.example.org:587", "uno.example.org:587"]);
    // A server that starts anew finds them again.
    served(&app, &[]).await;
    assert_eq!(names(&web).await, ["two.example.org:587", "uno.example.org:587"]);
    assert_eq!(web.delete(&format!("/api/v1/mail-ways/{two}")).await.status, 204);
    assert_eq!(code(&web.delete(&format!("/api/v1/mail-ways/{two}")).await).0, 404);
    assert_eq!(names(&web).await, ["uno.example.org:587"]);

    let kept: Value = app.ws.db.read(|tx| tx.scalar("SELECT body FROM settings WHERE section = 'mail_ways'")).await.unwrap();
    let log = good(&web.get("/api/v1/audit?limit=50").await);
    for text in [kept.to_string(), log.to_string(), web.get("/api/v1/mail-routes").await.text] {
        assert!(!text.contains("hush"), "no secret is told: {text}");
    }
    let of_ways: Vec<&str> = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| e["object"] == "way out")
        .map(|e| e["action"].as_str().unwrap())
        .collect();
    assert_eq!(of_ways, ["delete", "update", "update", "create", "create"], "{log}");
});

on_each_db!(a_test_leaves_through_one_way_alone_and_is_told_to_the_audit_log, |app| {
    let left = served(&app, &["relay.example.org:25"]).await;
    let web = administrator(&app).await;
    let mut sending = good(&web.get("/api/v1/settings/sending").await);
    sending["sender_email"] = json!("team@example.org");
    good(&web.put("/api/v1/settings/sending", &sending).await);
    added(&web, "test://spare.example.org:25").await;
    assert_eq!(web.post("/api/v1/mail-routes/1/test", &json!({"to": "ada@example.org"})).await.status, 204);
    assert_eq!(*left.lock().unwrap(), [("spare.example.org:25".to_owned(), "ada@example.org".to_owned())]);
    assert_eq!(code(&web.post("/api/v1/mail-routes/1/test", &json!({"to": "nobody"})).await).0, 422);
    assert_eq!(web.post("/api/v1/mail-routes/7/test", &json!({"to": "ada@example.org"})).await.status, 404);
    let log = good(&web.get("/api/v1/audit?limit=1").await);
    assert_eq!((&log["items"][0]["action"], &log["items"][0]["object"]), (&json!("send"), &json!("way out")), "{log}");
});

on_each_db!(without_any_way_the_outbox_catches_mail_and_with_the_first_one_it_leaves, |app| {
    served(&app, &[]).await;
    let web = administrator(&app).await;
    let transport = async || good(&web.get("/api/v1/settings/sending").await)["transport_in_use"].clone();
    assert_eq!(names(&web).await.len(), 0);
    let before = transport().await;
    let id = added(&web, "test://one.example.org:25").await;
    let with = transport().await;
    web.delete(&format!("/api/v1/mail-ways/{id}")).await;
    assert_eq!((before, with, transport().await), (json!("outbox"), json!("smtp"), json!("outbox")));
});

on_each_db!(only_administrators_change_ways_and_what_is_no_address_is_refused, |app| {
    served(&app, &[]).await;
    let web = administrator(&app).await;
    let id = added(&web, "test://one.example.org:25").await;
    for wrong in ["", "fax://one", "test://a test://b"] {
        let refused = web.post("/api/v1/mail-ways", &json!({ "address": wrong })).await;
        assert_eq!(refused.json()["errors"][0]["pointer"], "/address", "{wrong}: {}", refused.text);
    }
    for (email, role) in [("will@example.org", Role::Author), ("vera@example.org", Role::Viewer)] {
        app.user(email, role).await;
        let other = web.another_browser().with_basic(email, PASSWORD);
        let body = json!({"address": "test://evil.example:25", "to": 0});
        assert_eq!(other.post("/api/v1/mail-ways", &body).await.status, 403, "{email}");
        assert_eq!(other.put(&format!("/api/v1/mail-ways/{id}"), &body).await.status, 403);
        assert_eq!(other.post(&format!("/api/v1/mail-ways/{id}/place"), &body).await.status, 403);
        assert_eq!(other.delete(&format!("/api/v1/mail-ways/{id}")).await.status, 403);
        assert_eq!(other.post("/api/v1/mail-routes/0/test", &json!({"to": "a@b.io"})).await.status, 403);
    }
    assert_eq!(names(&web).await, ["one.example.org:25"]);
});
