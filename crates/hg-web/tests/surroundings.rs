//! What stands around a request: proxies, own people, addresses that are kept.

use hg_app::forms::{self, NewForm};
use hg_app::settings::{self, Tracking};
use hg_app::{Cx, Role};
use hg_core::forms::{FieldKind, FormField};
use hg_store::Sql;
use hg_testkit::app::PASSWORD;
use hg_testkit::web::TestWeb;
use hg_testkit::{TestApp, on_each_db};
use serde_json::json;

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";

async fn number(app: &TestApp, text: &'static str) -> i64 {
    app.ws.db.read(move |tx| tx.scalar(Sql::new(text))).await.unwrap()
}

async fn text(app: &TestApp, text: &'static str) -> String {
    app.ws.db.read(move |tx| tx.scalar(Sql::new(text))).await.unwrap()
}

async fn set(app: &TestApp, change: impl FnOnce(&mut Tracking)) {
    let mut tracking = app.ws.settings().tracking.clone();
    change(&mut tracking);
    settings::write_tracking(&app.cx(), tracking).await.unwrap();
}

async fn sign_in(web: &TestWeb) -> hg_testkit::web::Reply {
    web.post("/s/api/v1/session", &json!({"email": "ada@example.org", "password": PASSWORD})).await
}

fn behind_a_proxy(app: TestApp) -> TestApp {
    app.with_site(|site| site.trusted_proxies = vec!["127.0.0.1".into(), "::1".into(), "10.0.0.0/8".into()])
}

fn cookies(reply: &hg_testkit::web::Reply) -> Vec<&str> {
    reply.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value.as_str()).collect()
}

on_each_db!(a_trusted_proxy_names_the_visitor_and_nobody_else_can, |app| {
    let app = behind_a_proxy(app);
    set(&app, |t| t.do_not_track_ips = vec!["203.0.113.9".into()]).await;
    let web = TestWeb::start(&app.ws).await.with_header("user-agent", BROWSER);
    web.with_header("x-forwarded-for", "203.0.113.9, 10.0.0.7").get("/mtracking.gif").await;
    assert_eq!(number(&app, "SELECT count(*) FROM contacts").await, 0, "her address stands on the list");
    web.with_header("x-forwarded-for", "203.0.113.9, 198.51.100.4").get("/mtracking.gif").await;
    assert_eq!(number(&app, "SELECT count(*) FROM contacts").await, 1, "what stands in front of the last hop is only her word");
    assert_eq!(text(&app, "SELECT address FROM devices").await, "198.51.100.4");
});

on_each_db!(without_a_trusted_proxy_forwarded_headers_say_nothing, |app| {
    set(&app, |t| t.do_not_track_ips = vec!["203.0.113.9".into()]).await;
    let web = TestWeb::start(&app.ws).await.with_header("user-agent", BROWSER).with_header("x-forwarded-for", "203.0.113.9");
    web.get("/mtracking.gif").await;
    assert_eq!(text(&app, "SELECT address FROM devices").await, "127.0.0.1");
    app.user("ada@example.org", Role::Administrator).await;
    let signed_in = sign_in(&web.with_header("x-forwarded-proto", "https")).await;
    assert!(cookies(&signed_in).iter().all(|c| !c.contains("Secure")), "{:?}", cookies(&signed_in));
});

on_each_db!(cookies_are_secure_when_the_proxy_speaks_https, |app| {
    let app = behind_a_proxy(app);
    app.user("ada@example.org", Role::Administrator).await;
    let web = TestWeb::start(&app.ws).await.with_header("user-agent", BROWSER);
    let https = web.with_header("x-forwarded-proto", "https");
    let signed_in = sign_in(&https).await;
    assert_eq!(cookies(&signed_in).len(), 2);
    for cookie in cookies(&signed_in).into_iter().chain(cookies(&https.get("/mtracking.gif").await)) {
        assert!(cookie.contains("; Secure"), "{cookie}");
    }
    let plain = web.with_header("x-forwarded-proto", "http").get("/mtracking.gif").await;
    assert!(cookies(&plain).iter().all(|c| c.contains("SameSite=Lax") && !c.contains("Secure")), "{:?}", cookies(&plain));
});

on_each_db!(wrong_passwords_lock_the_visitor_and_not_the_proxy, |app| {
    let app = behind_a_proxy(app);
    app.user("ada@example.org", Role::Administrator).await;
    let web = TestWeb::start(&app.ws).await;
    let mallory = web.with_header("x-forwarded-for", "203.0.113.9");
    for n in 0..20 {
        let body = json!({"email": format!("nobody{n}@example.org"), "password": "wrong"});
        assert_eq!(mallory.post("/s/api/v1/session", &body).await.status, 401);
    }
    assert_eq!(sign_in(&mallory).await.status, 429);
    assert_eq!(sign_in(&web.with_header("x-forwarded-for", "198.51.100.4")).await.status, 201);
});

on_each_db!(people_who_are_signed_in_count_only_while_the_outbox_catches_mail_and_somebody_wants_it, |app| {
    app.user("ada@example.org", Role::Administrator).await;
    let web = TestWeb::start(&app.ws).await.with_header("user-agent", BROWSER);
    assert_eq!(sign_in(&web).await.status, 201);
    set(&app, |t| t.track_own_users = false).await;
    assert_eq!(cookies(&web.get("/mtracking.gif").await).len(), 0);
    assert_eq!(number(&app, "SELECT count(*) FROM contacts").await, 0);
    set(&app, |t| t.track_own_users = true).await;
    web.get("/mtracking.gif").await;
    assert_eq!(number(&app, "SELECT count(*) FROM contacts").await, 1);
    let app = app.with_site(|site| site.mail_transport = "smtp".into());
    let served = TestWeb::start(&app.ws).await.with_header("user-agent", BROWSER).with_header("cookie", "hg_own=1");
    served.get("/mtracking.gif").await;
    assert_eq!(number(&app, "SELECT count(*) FROM contacts").await, 1, "with a mail server they never count");
    let visitor = TestWeb::start(&app.ws).await.with_header("user-agent", BROWSER);
    visitor.get("/mtracking.gif").await;
    assert_eq!(number(&app, "SELECT count(*) FROM contacts").await, 2);
});

on_each_db!(signing_out_makes_a_visitor_of_her_again, |app| {
    app.user("ada@example.org", Role::Administrator).await;
    set(&app, |t| t.track_own_users = false).await;
    let web = TestWeb::start(&app.ws).await.with_header("user-agent", BROWSER);
    let csrf = sign_in(&web).await.json()["csrf_token"].as_str().unwrap().to_owned();
    web.get("/mtracking.gif").await;
    assert_eq!(web.with_csrf(&csrf).delete("/s/api/v1/session").await.status, 204);
    web.get("/mtracking.gif").await;
    assert_eq!(number(&app, "SELECT count(*) FROM contacts").await, 1);
});

async fn form(cx: &Cx) -> i64 {
    let field = FormField {
        alias: "email".into(),
        label: "Email".into(),
        kind: FieldKind::Email,
        mapped_field: Some("email".into()),
        ..FormField::default()
    };
    let new = NewForm { name: "Ask".into(), fields: vec![field], ..NewForm::default() };
    forms::create(cx, new).await.unwrap().id.0
}

on_each_db!(addresses_are_kept_whole_or_shortened_as_the_settings_say, |app| {
    let app = behind_a_proxy(app);
    let form = form(&app.cx()).await;
    let path = format!("/form/submit/ajax?formId={form}");
    let web = TestWeb::start(&app.ws).await.with_header("user-agent", BROWSER);
    let from = |address: &str| web.another_browser().with_header("user-agent", BROWSER).with_header("x-forwarded-for", address);
    from("203.0.113.9").post_form(&path, &[("mauticform[email]", "a@example.org")]).await;
    set(&app, |t| t.anonymize_ip = true).await;
    from("203.0.113.9").post_form(&path, &[("mauticform[email]", "b@example.org")]).await;
    from("2001:db8:1:2::3").post_form(&path, &[("mauticform[email]", "c@example.org")]).await;
    let kept = app.ws.db.read(|tx| tx.all("SELECT address FROM submissions ORDER BY id", |r| r.get::<String>(0))).await.unwrap();
    assert_eq!(kept, ["203.0.113.9", "203.0.113.0", "2001:db8:1::"]);
    let devices = app.ws.db.read(|tx| tx.all("SELECT address FROM devices ORDER BY id", |r| r.get::<String>(0))).await.unwrap();
    assert_eq!(devices, kept);
    app.user("ada@example.org", Role::Administrator).await;
    let old = web.with_basic("ada@example.org", PASSWORD).get(&format!("/api/forms/{form}/submissions")).await.json();
    assert_eq!(old["submissions"][2]["ipAddress"]["ipAddress"], "203.0.113.9", "{old}");
});
