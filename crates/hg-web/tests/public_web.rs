//! What the public meets: hits, links in mails, landing pages, forms, and everything that can be wrong with them.

use hg_app::emails::{self, Content, NewEmail, Queue};
use hg_app::forms::{self, FormPatch, NewForm};
use hg_app::list::ListQuery;
use hg_app::pages::{self, NewPage, PagePatch};
use hg_app::sending::{self, SendRow};
use hg_core::forms::{FieldKind, FormAction, FormField, PostAction};
use hg_core::ids::{ContactId, EmailId, FormId};
use hg_store::Sql;
use hg_testkit::web::TestWeb;
use hg_testkit::{TestApp, on_each_db};
use serde_json::Value;

const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";

async fn browser(app: &TestApp) -> TestWeb {
    TestWeb::start(&app.ws).await.with_header("user-agent", BROWSER)
}

async fn contact(app: &TestApp, address: &str, first_name: &str) -> ContactId {
    let (ws, values) =
        (app.ws.clone(), [("email", address), ("firstname", first_name)].map(|(k, v)| (k.to_owned(), v.to_owned())));
    app.ws
        .db
        .write(move |tx| {
            let id = hg_app::contacts::create_anonymous(&ws, tx)?;
            hg_app::contacts::write_texts(&ws, tx, id, &values, hg_app::contacts::Overwrite::All, false)?;
            Ok::<_, hg_app::Error>(id)
        })
        .await
        .unwrap()
}

async fn mailed(app: &TestApp, contact: ContactId, link: &str) -> (EmailId, SendRow) {
    let content = Content { subject: "Hi".into(), source: format!("<p><a href=\"{link}\">go</a></p>"), ..Content::default() };
    let email = emails::create(&app.cx(), NewEmail { name: "Mail".into(), content, ..NewEmail::default() }).await.unwrap().id;
    let (ws, due_at) = (app.ws.clone(), app.now());
    let what = Queue { email, contact, occasion: "test".into(), campaign: None, step: None, due_at };
    app.ws.db.write(move |tx| emails::queue_one(&ws, tx, what.clone())).await.unwrap();
    app.settle().await;
    let send = app.ws.db.read(move |tx| sending::of_contact(tx, contact, 1)).await.unwrap().remove(0);
    (email, send)
}

/// The tracked link of the newest caught message, as a path on this server.
async fn link_of(app: &TestApp) -> String {
    let caught = sending::outbox::list(&app.cx(), ListQuery::default()).await.unwrap().items.remove(0);
    let message = sending::outbox::get(&app.cx(), caught.id).await.unwrap();
    let parts = sending::outbox::parts(&message.bytes);
    let url = parts.links.iter().map(|(_, url)| url.clone()).find(|url| url.contains("/r/")).expect("a tracked link");
    url.strip_prefix("http://honeyguide.test").expect("on our site").to_owned()
}

async fn number(app: &TestApp, sql: &'static str) -> i64 {
    app.ws.db.read(move |tx| Ok::<_, hg_app::Error>(tx.scalar(Sql::new(sql))?)).await.unwrap()
}

async fn question_form(app: &TestApp, actions: Vec<FormAction>) -> FormId {
    let field = |alias: &str, kind, mapped: Option<&str>| FormField {
        alias: alias.into(),
        label: alias.into(),
        kind,
        mapped_field: mapped.map(str::to_owned),
        ..FormField::default()
    };
    let new = NewForm {
        name: "Ask us".into(),
        fields: vec![
            FormField { required: true, ..field("email", FieldKind::Email, Some("email")) },
            field("name", FieldKind::Text, Some("firstname")),
            field("question", FieldKind::Textarea, None),
        ],
        actions,
        post_action: PostAction::Message("Thank you, {formfield=name}!".into()),
        ..NewForm::default()
    };
    forms::create(&app.cx(), new).await.unwrap_or_else(|e| panic!("{e:?}")).id
}

async fn tags_of(app: &TestApp, contact: ContactId) -> Vec<String> {
    let sql = "SELECT t.name FROM contact_tags c JOIN tags t ON t.id = c.tag_id WHERE c.contact_id = $1 ORDER BY t.name";
    app.ws.db.read(move |tx| Ok::<_, hg_app::Error>(tx.all(Sql::new(sql).bind(contact), |r| r.get(0))?)).await.unwrap()
}

on_each_db!(a_first_hit_makes_a_visitor_and_the_next_one_knows_her, |app| {
    let web = browser(&app).await;
    let first = web.get("/mtracking.gif?page_url=https%3A%2F%2Fx.io%2Fa%3FUTM_Source%3Dblog").await;
    assert_eq!((first.status, first.header("content-type"), first.bytes.len()), (200, Some("image/gif"), 43));
    let second = web.post_form("/mtc/event", &[("page_url", "https://x.io/b"), ("page_title", "B")]).await.json();
    assert_eq!(second["success"], 1);
    assert_eq!(second["sid"], second["device_id"]);
    assert_eq!(number(&app, "SELECT count(*) FROM contacts").await, 1);
    assert_eq!(number(&app, "SELECT count(*) FROM events WHERE kind = 13").await, 2);
    let other = web.another_browser().with_header("user-agent", BROWSER);
    let by_storage = other.post_form("/mtc/event", &[("mautic_device_id", second["device_id"].as_str().unwrap())]).await.json();
    assert_eq!(by_storage["id"], second["id"], "the id that the script kept is as good as the cookie");
});

on_each_db!(robots_prefetching_and_people_who_object_leave_no_trace, |app| {
    let web = browser(&app).await;
    web.another_browser().with_header("user-agent", "Googlebot/2.1").get("/mtracking.gif").await;
    web.with_header("sec-purpose", "prefetch").get("/mtracking.gif").await;
    web.with_header("sec-gpc", "1").get("/mtracking.gif").await;
    web.with_header("dnt", "1").post_form("/mtc/event", &[]).await;
    let head = web.head("/mtracking.gif").await;
    assert_eq!((head.status, head.header("set-cookie")), (200, None));
    assert_eq!(number(&app, "SELECT count(*) FROM contacts").await, 0);
});

on_each_db!(a_click_in_a_mail_counts_proves_its_recipient_and_brings_the_visitors_history_along, |app| {
    let ann = contact(&app, "ann@example.org", "Ann").await;
    let (email, send) = mailed(&app, ann, "https://example.com/offer?n={contactfield=firstname}#top").await;
    let web = browser(&app).await;
    web.get("/mtracking.gif?page_url=https%3A%2F%2Fx.io%2Fbefore").await;
    let click = web.get(&link_of(&app).await).await;
    assert_eq!((click.status, click.header("location")), (302, Some("https://example.com/offer?n=Ann#top")));
    let counts = emails::get(&app.cx(), email).await.unwrap().counts;
    assert_eq!((counts.opened, counts.clicked), (1, 1));
    let who = web.get("/mtc").await.json();
    assert_eq!(who["id"], ann.0);
    let before = "SELECT count(*) FROM events e JOIN urls u ON u.id = e.url_id WHERE u.url = 'https://x.io/before' AND e.contact_id = (SELECT id FROM contacts WHERE email_key = 'ann@example.org')";
    assert_eq!(number(&app, before).await, 1, "what the visitor did before is hers");
    let pixel = web.get(&format!("/email/{}.gif", send.tracking_key)).await;
    assert_eq!(pixel.bytes.len(), 43);
});

on_each_db!(a_broken_proof_leads_to_the_target_and_counts_nobody, |app| {
    let ann = contact(&app, "ann@example.org", "Ann").await;
    let (email, _) = mailed(&app, ann, "https://example.com/").await;
    let link = link_of(&app).await;
    let (path, ct) = link.split_once("?ct=").unwrap();
    let web = browser(&app).await;
    let huge = "A".repeat(9_000);
    for broken in [&ct[..ct.len() - 4], &format!("{}x", &ct[..20]), "hg1..", "%00%ff", &huge, ""] {
        let reply = web.get(&format!("{path}?ct={broken}")).await;
        assert_eq!(
            (reply.status, reply.header("location")),
            (302, Some("https://example.com/")),
            "{}",
            &broken[..broken.len().min(30)]
        );
    }
    assert_eq!(emails::get(&app.cx(), email).await.unwrap().counts.clicked, 0);
    assert_eq!(web.get("/r/0000000000000000000000000").await.status, 404);
});

on_each_db!(proof_travels_only_to_our_own_pages, |app| {
    let ann = contact(&app, "ann@example.org", "Ann").await;
    mailed(&app, ann, "http://honeyguide.test/offer?x=1").await;
    let web = browser(&app).await;
    let reply = web.get(&link_of(&app).await).await;
    let location = reply.header("location").unwrap_or_default();
    assert!(location.starts_with("http://honeyguide.test/offer?x=1&ct=hg1."), "{location}");
});

on_each_db!(looking_at_the_unsubscribe_page_changes_nothing_and_its_button_does, |app| {
    let ann = contact(&app, "ann@example.org", "Ann").await;
    let (_, send) = mailed(&app, ann, "https://example.com/").await;
    let web = browser(&app).await;
    let path = format!("/email/unsubscribe/{}", send.tracking_key);
    let asked = web.get(&path).await;
    assert!(asked.text.contains("<button type=\"submit\">Unsubscribe</button>"), "{}", asked.text);
    web.head(&path).await;
    assert_eq!(number(&app, "SELECT count(*) FROM do_not_contact").await, 0);
    let one_click = web.post_form(&path, &[("List-Unsubscribe", "One-Click")]).await;
    assert_eq!((one_click.status, one_click.text.as_str()), (200, "Unsubscribed."));
    assert_eq!(number(&app, "SELECT reason FROM do_not_contact").await, 1);
    web.post_form(&format!("/email/resubscribe/{}", send.tracking_key), &[]).await;
    assert_eq!(number(&app, "SELECT count(*) FROM do_not_contact").await, 0);
    assert_eq!(web.post_form("/email/unsubscribe/unknown", &[("List-Unsubscribe", "One-Click")]).await.status, 404);
    assert!(web.get("/email/unsubscribe/unknown").await.text.contains("not known here"));
});

on_each_db!(a_landing_page_is_counted_and_shows_values_only_to_proven_readers, |app| {
    let form = question_form(&app, vec![]).await;
    let html = format!("<h1>Hi {{contactfield=firstname|there}}</h1>{{form={form}}}");
    let new = NewPage { title: "Ask me anything".into(), alias: "ama-2017".into(), html, ..NewPage::default() };
    let page = pages::create(&app.cx(), new).await.unwrap();
    let ann = contact(&app, "ann@example.org", "Ann").await;
    mailed(&app, ann, "http://honeyguide.test/ama-2017").await;
    let web = browser(&app).await;
    let stranger = web
        .another_browser()
        .with_header("user-agent", BROWSER)
        .get("/ama-2017?utm_source=blog.example.org&email=ann@example.org")
        .await;
    assert!(stranger.text.contains("Hi there") && stranger.text.contains("mauticform_wrapper_askus"), "{}", stranger.text);
    web.get(&link_of(&app).await).await;
    assert!(web.get("/ama-2017").await.text.contains("Hi Ann"));
    let page = pages::get(&app.cx(), page.id).await.unwrap();
    assert_eq!((page.hits, page.unique_hits), (2, 2));
    assert_eq!(web.get("/no-such-page").await.status, 404);
    pages::update(&app.cx(), page.id, PagePatch { published: Some(false), ..PagePatch::default() }).await.unwrap();
    assert_eq!(web.get("/ama-2017").await.status, 403);
});

on_each_db!(a_good_answer_makes_a_contact_and_runs_the_actions, |app| {
    let actions = vec![
        FormAction::AddTags { tags: vec!["asked".into()], remove: vec![] },
        FormAction::ChangePoints { operator: "plus".into(), points: 10, group: None },
    ];
    let form = question_form(&app, actions).await;
    let web = browser(&app).await;
    let posted = [
        ("mauticform[email]", "new@example.org"),
        ("mauticform[name]", "<b>Nina</b>"),
        ("mauticform[question]", "Why?"),
        ("mauticform[return]", "http://honeyguide.test/ama?utm_source=blog.example.org&utm_medium=blog-link"),
        ("mauticform[nonce]", "once"),
    ];
    let path = format!("/form/submit/ajax?formId={form}");
    let reply = web.post_form(&path, &posted).await.json();
    assert_eq!(reply["success"], true);
    assert_eq!(reply["successMessage"], "Thank you, &lt;b&gt;Nina&lt;/b&gt;!");
    assert_eq!(web.post_form(&path, &posted).await.json()["success"], true, "a double click is answered alike");
    let answers = forms::answers(&app.cx(), form, None, ListQuery::default()).await.unwrap().items;
    assert_eq!(answers.len(), 1);
    assert_eq!(
        (answers[0].utm_source.as_deref(), answers[0].utm_medium.as_deref()),
        (Some("blog.example.org"), Some("blog-link"))
    );
    let (contact, _, address) = answers[0].contact.clone().expect("a contact");
    assert_eq!(address.as_deref(), Some("new@example.org"));
    assert_eq!(tags_of(&app, contact).await, ["asked"]);
    assert_eq!(number(&app, "SELECT points FROM contacts WHERE email_key = 'new@example.org'").await, 10);
});

on_each_db!(whoever_only_claims_an_address_changes_nothing_of_hers_until_she_proves_it, |app| {
    let ann = contact(&app, "ann@example.org", "Ann").await;
    let form = question_form(&app, vec![FormAction::AddTags { tags: vec!["asked".into()], remove: vec![] }]).await;
    let web = browser(&app).await;
    let path = format!("/form/submit/ajax?formId={form}");
    web.post_form(&path, &[("mauticform[email]", "ann@example.org"), ("mauticform[name]", "Mallory")]).await;
    assert!(tags_of(&app, ann).await.is_empty());
    let name = app.ws.db.read(move |tx| hg_app::contacts::names(tx, &[ann.0])).await.unwrap();
    assert_eq!(name[&ann.0].name, "Ann");
    mailed(&app, ann, "https://example.com/").await;
    web.get(&link_of(&app).await).await;
    assert_eq!(tags_of(&app, ann).await, ["asked"], "the click proved it");
});

on_each_db!(a_bad_answer_stores_nothing_and_says_what_is_wrong, |app| {
    let form = question_form(&app, vec![]).await;
    let web = browser(&app).await;
    let path = format!("/form/submit/ajax?formId={form}");
    let reply = web.post_form(&path, &[("mauticform[email]", "a@b")]).await.json();
    assert_eq!((&reply["success"], reply["validationErrors"]["email"].is_string()), (&Value::Bool(false), true));
    let plain = web.post_form(&format!("/form/submit?formId={form}"), &[("mauticform[return]", "https://x.io/page")]).await;
    let location = plain.header("location").unwrap_or_default();
    assert!(
        plain.status == 302 && location.starts_with("https://x.io/page?mauticError=") && location.ends_with("#askus"),
        "{location}"
    );
    assert_eq!(number(&app, "SELECT count(*) FROM submissions").await, 0);
    assert_eq!(number(&app, "SELECT count(*) FROM contacts").await, 0);
});

on_each_db!(posts_without_fields_of_unknown_or_unpublished_forms_and_huge_ones_are_answered_clearly, |app| {
    let form = question_form(&app, vec![]).await;
    let web = browser(&app).await;
    assert_eq!(web.get("/form/submit").await.status, 403);
    assert_eq!(web.post_form("/form/submit/ajax?formId=999", &[]).await.json()["errorMessage"], "This form is not available.");
    let huge = web
        .post_raw(&format!("/form/submit?formId={form}"), "application/x-www-form-urlencoded", &vec![b'x'; 10 * 1024 * 1024])
        .await;
    assert_eq!(huge.status, 413);
    let broken = web.post_raw(&format!("/form/submit?formId={form}"), "multipart/form-data; boundary=x", b"--x\r\nrubbish").await;
    assert!((400..500).contains(&broken.status), "{}", broken.status);
    forms::update(&app.cx(), form, FormPatch { published: Some(false), ..FormPatch::default() }).await.unwrap();
    let hidden = web.post_form(&format!("/form/submit/ajax?formId={form}"), &[("mauticform[email]", "a@x.io")]).await.json();
    assert_eq!(hidden["success"], false);
    assert_eq!(web.get(&format!("/form/generate.js?id={form}")).await.text, "");
    assert_eq!(number(&app, "SELECT count(*) FROM submissions").await, 0);
});

on_each_db!(what_a_robot_fills_in_is_thanked_for_and_kept_apart, |app| {
    let form = question_form(&app, vec![]).await;
    let web = browser(&app).await;
    let posted = [("mauticform[email]", "spam@example.org"), ("mauticform[hg_homepage]", "https://spam.example")];
    let reply = web.post_form(&format!("/form/submit/ajax?formId={form}"), &posted).await.json();
    assert_eq!(reply["success"], true);
    assert_eq!(number(&app, "SELECT count(*) FROM contacts").await, 0);
    assert_eq!(number(&app, "SELECT quarantined FROM submissions").await, 1);
    assert_eq!(forms::get(&app.cx(), form).await.unwrap().submissions, 0);
});

on_each_db!(pages_elsewhere_may_ask_only_when_the_settings_name_them, |app| {
    let mut tracking = app.ws.settings().tracking.clone();
    tracking.cors_valid_domains = vec!["https://*.example.org".into()];
    hg_app::settings::write_tracking(&app.cx(), tracking).await.unwrap();
    let web = browser(&app).await;
    let good = web.with_header("origin", "https://shop.example.org").post_form("/mtc/event", &[]).await;
    assert_eq!(good.header("access-control-allow-origin"), Some("https://shop.example.org"));
    let bad = web.with_header("origin", "https://evil.example").post_form("/mtc/event", &[]).await;
    assert_eq!(bad.header("access-control-allow-origin"), None);
});

on_each_db!(scripts_and_embeds_are_served_to_everybody, |app| {
    let form = question_form(&app, vec![]).await;
    let web = browser(&app).await;
    let script = web.get("/mtc.js").await;
    assert!(script.text.contains("http://honeyguide.test") && script.text.len() < 5 * 1024);
    for (path, part) in [
        (format!("/form/generate.js?id={form}"), "mauticform_wrapper_askus"),
        (format!("/form/embed/{form}"), "mauticform_wrapper_askus"),
        (format!("/form/{form}"), "<title>Ask us</title>"),
        (format!("/index.php/form/{form}"), "mauticform_askus"),
        ("/media/js/mautic-form.js".to_owned(), "MauticSDK"),
        ("/form/message?m=%3Cb%3EHi".to_owned(), "<p>Hi</p>"),
    ] {
        let reply = web.get(&path).await;
        assert!(reply.status == 200 && reply.text.contains(part), "{path}: {}", reply.text);
    }
});
