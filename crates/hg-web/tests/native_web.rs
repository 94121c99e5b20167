//! Landing pages and forms through the native API, and what the public sees of them.

mod door;

use door::{administrator, code, complaint, contact, good, visitor};
use hg_testkit::on_each_db;
use hg_testkit::web::TestWeb;
use serde_json::{Value, json};

async fn ask_form(web: &TestWeb) -> Value {
    let body = json!({
        "name": "Ask us",
        "fields": [
            {"label": "Email", "type": "email", "required": true, "mapped_field": "email"},
            {"label": "Your name", "type": "text", "mapped_field": "firstname"},
            {"label": "Topic", "type": "select", "options": [{"label": "Bees", "value": "bees"}, {"label": "Honey", "value": "honey"}]},
            {"label": "News?", "type": "consent", "purpose": "newsletter", "consent_text": "Send me news"},
        ],
        "actions": [{"kind": "add_tags", "tags": ["asked"]}, {"kind": "change_points", "operator": "plus", "points": 10}],
        "post_action": {"kind": "message", "value": "Thank you, {formfield=your_name}!"},
    });
    let made = web.post("/api/v1/forms", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()
}

on_each_db!(a_page_is_made_seen_counted_hidden_and_brought_back, |app| {
    let web = administrator(&app).await;
    let body = json!({"title": "Ask us anything", "html": "<h1>{pagetitle}</h1>", "meta_description": "A <session>"});
    let made = web.post("/api/v1/pages", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    assert_eq!((&made["alias"], &made["url"]), (&json!("ask-us-anything"), &json!("http://honeyguide.test/ask-us-anything")));
    let path = format!("/api/v1/pages/{}", made["id"]);
    let reader = visitor(&web);
    let seen = reader.get("/ask-us-anything").await;
    assert!(seen.status == 200 && seen.text.contains("<h1>Ask us anything</h1>"), "{}", seen.text);
    assert!(seen.text.contains("content=\"A &lt;session&gt;\""), "{}", seen.text);
    reader.get("/ask-us-anything").await;
    visitor(&web).get("/ask-us-anything").await;
    let counted = good(&web.get(&path).await);
    assert_eq!((&counted["hits"], &counted["unique_hits"]), (&json!(3), &json!(2)));
    let twin = good(&web.post("/api/v1/pages", &body).await);
    assert_eq!(twin["alias"], "ask-us-anything1", "an address belongs to one page");
    assert_eq!(good(&web.post("/api/v1/pages", &json!({"title": "api"})).await)["alias"], "api1", "and none to ours");
    let stale = json!({"version": made["version"], "title": "Later"});
    assert_eq!(good(&web.patch(&path, &stale).await)["title"], "Later");
    assert_eq!(code(&web.patch(&path, &stale).await), (409, "changed-meanwhile".into()));
    good(&web.patch(&path, &json!({"published": false})).await);
    assert_eq!(reader.get("/ask-us-anything").await.status, 403);
    good(&web.patch(&path, &json!({"redirect_type": 302, "redirect_url": "https://example.org/"})).await);
    let led = reader.get("/ask-us-anything").await;
    assert_eq!((led.status, led.header("location")), (302, Some("https://example.org/")));
    assert_eq!(good(&web.patch(&path, &json!({"redirect_type": null})).await)["redirect_type"], Value::Null);
    assert_eq!(web.delete(&path).await.status, 204);
    assert_eq!((web.get(&path).await.status, reader.get("/ask-us-anything").await.status), (404, 404));
    assert_eq!(good(&web.post(&format!("{path}/restore"), &json!({})).await)["title"], "Later");
    let found = web.get("/api/v1/pages?search=later&sort=title").await.json();
    assert_eq!(found["items"].as_array().unwrap().len(), 1, "{found}");
});

on_each_db!(what_is_wrong_with_a_page_is_told_at_its_place, |app| {
    let web = administrator(&app).await;
    for (body, pointer) in [
        (json!({"html": "x"}), "/title"),
        (json!({"title": "X", "alias": "über uns"}), "/alias"),
        (json!({"title": "X", "redirect_type": 200, "redirect_url": "https://x.io"}), "/redirect_type"),
        (json!({"title": "X", "redirect_type": 301, "redirect_url": "javascript:alert(1)"}), "/redirect_url"),
        (json!({"title": "X", "html": "x".repeat(4 * 1024 * 1024 + 1)}), "/html"),
    ] {
        assert_eq!(complaint(&web.post("/api/v1/pages", &body).await), (422, pointer.to_owned()));
    }
    assert_eq!(web.get("/api/v1/pages").await.json()["items"], json!([]));
});

on_each_db!(a_page_preview_shows_a_person_and_counts_nobody, |app| {
    let web = administrator(&app).await;
    let ann = contact(&web, "ann@example.org", "<Ann>").await;
    let form = ask_form(&web).await;
    let html = format!("<p>Hi {{contactfield=firstname|you}}</p>{{form={}}}{{form=999}}", form["id"]);
    let seen = good(&web.post("/api/v1/pages/preview", &json!({"title": "T", "html": html, "contact_id": ann})).await);
    let seen = seen["html"].as_str().unwrap();
    assert!(seen.contains("Hi &lt;Ann&gt;") && seen.contains("mauticform_wrapper_askus"), "{seen}");
    assert!(seen.contains("not available"), "a form that is not there says so: {seen}");
    let nobody = good(&web.post("/api/v1/pages/preview", &json!({"title": "T", "html": html})).await);
    assert!(nobody["html"].as_str().unwrap().contains("Hi you"), "{nobody}");
    assert_eq!(web.get("/api/v1/activity?kinds=page_hit").await.json()["items"], json!([]));
});

on_each_db!(a_form_is_made_filled_in_read_and_exported, |app| {
    let web = administrator(&app).await;
    let form = ask_form(&web).await;
    let aliases: Vec<&str> = form["fields"].as_array().unwrap().iter().map(|f| f["alias"].as_str().unwrap()).collect();
    assert_eq!(aliases, ["email", "your_name", "topic", "news"]);
    for (how, part) in [("script", "generate.js?id="), ("html", "mauticform_wrapper_askus"), ("iframe", "/form/")] {
        assert!(form["embed"][how].as_str().unwrap().contains(part), "{how}: {}", form["embed"][how]);
    }
    let path = format!("/api/v1/forms/{}", form["id"]);
    let post = format!("/form/submit/ajax?formId={}", form["id"]);
    let answer = [
        ("mauticform[email]", "ann@example.org"),
        ("mauticform[your_name]", "=cmd()"),
        ("mauticform[topic]", "bees"),
        ("mauticform[news]", "1"),
        ("mauticform[return]", "https://blog.example.org/?utm_source=blog&utm_medium=link"),
    ];
    let thanks = visitor(&web).post_form(&post, &answer).await.json();
    assert_eq!((&thanks["success"], &thanks["successMessage"]), (&json!(true), &json!("Thank you, =cmd()!")));
    app.settle().await;
    let told = good(&web.get(&format!("{path}/submissions")).await);
    let first = &told["items"][0];
    assert_eq!(
        (&told["total"], &first["values"]["topic"], &first["values"]["news"], &first["verified"], &first["utm"]["source"]),
        (&json!(1), &json!("bees"), &json!("yes"), &json!(true), &json!("blog"))
    );
    let contact = good(&web.get(&format!("/api/v1/contacts/{}", first["contact"]["id"])).await);
    assert_eq!(
        (&contact["email"], &contact["points"], &contact["tags"][0]["name"]),
        (&json!("ann@example.org"), &json!(10), &json!("asked"))
    );
    let consents = good(&web.get(&format!("/api/v1/contacts/{}/consents", first["contact"]["id"])).await);
    assert!(consents.to_string().contains("Send me news"), "the text that was shown is kept: {consents}");
    let csv = web.get(&format!("{path}/submissions.csv")).await;
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    let mut lines = csv.text.lines();
    assert_eq!(
        lines.next(),
        Some("id,submitted_at,contact_id,email,your_name,topic,news,referrer,utm_source,utm_medium,utm_campaign")
    );
    assert!(lines.next().unwrap().contains(",ann@example.org,'=cmd(),bees,yes,"), "{}", csv.text);
    assert_eq!(good(&web.get(&path).await)["submissions"], 1);
    let wrong =
        visitor(&web).post_form(&post, &[("mauticform[email]", "b@example.org"), ("mauticform[topic]", "wasps")]).await.json();
    assert!(wrong["validationErrors"]["topic"].is_string(), "{wrong}");
    assert_eq!(good(&web.get(&format!("{path}/submissions")).await)["total"], 1);
});

on_each_db!(a_form_is_changed_without_losing_its_answers, |app| {
    let web = administrator(&app).await;
    let form = ask_form(&web).await;
    let path = format!("/api/v1/forms/{}", form["id"]);
    let post = format!("/form/submit/ajax?formId={}", form["id"]);
    visitor(&web).post_form(&post, &[("mauticform[email]", "ann@example.org"), ("mauticform[topic]", "honey")]).await;
    let mut fields = form["fields"].clone();
    fields.as_array_mut().unwrap().remove(2);
    let changed = good(&web.patch(&path, &json!({"version": form["version"], "fields": fields, "name": "Ask"})).await);
    assert_eq!((&changed["name"], changed["fields"].as_array().unwrap().len()), (&json!("Ask"), 3));
    assert_eq!(changed["actions"], form["actions"], "what is not named stays");
    assert_eq!(
        code(&web.patch(&path, &json!({"version": form["version"], "name": "X"})).await),
        (409, "changed-meanwhile".into())
    );
    let told = good(&web.get(&format!("{path}/submissions")).await);
    assert_eq!(told["items"][0]["values"]["topic"], "honey", "an answer keeps what it said");
    assert_eq!(web.delete(&path).await.status, 204);
    assert_eq!((web.get(&path).await.status, visitor(&web).get(&format!("/form/{}", form["id"])).await.status), (404, 404));
    assert_eq!(good(&web.post(&format!("{path}/restore"), &json!({})).await)["submissions"], 1);
});

on_each_db!(what_is_wrong_with_a_form_is_told_at_its_place, |app| {
    let web = administrator(&app).await;
    let field = json!({"label": "Email", "type": "email"});
    for (body, pointer) in [
        (json!({"fields": [field]}), "/name"),
        (json!({"name": "F"}), "/fields"),
        (json!({"name": "F", "fields": [{"label": "X", "type": "hologram"}]}), "/fields/0/type"),
        (json!({"name": "F", "fields": [{"label": "X", "type": "select"}]}), "/fields/0/options"),
        (json!({"name": "F", "fields": [{"label": "X", "type": "consent"}]}), "/fields/0/purpose"),
        (json!({"name": "F", "fields": [{"type": "text"}]}), "/fields/0/label"),
        (json!({"name": "F", "fields": [{"label": "X", "type": "text", "mapped_field": "shoe"}]}), "/fields/0/mapped_field"),
        (
            json!({"name": "F", "fields": [{"label": "X", "type": "text", "alias": "x"}, {"label": "Y", "type": "text", "alias": "x"}]}),
            "/fields/1/alias",
        ),
        (json!({"name": "F", "fields": [field], "actions": [{"kind": "dance"}]}), "/actions/0/kind"),
        (
            json!({"name": "F", "fields": [field], "actions": [{"kind": "change_points", "operator": "root"}]}),
            "/actions/0/operator",
        ),
        (
            json!({"name": "F", "fields": [field], "post_action": {"kind": "redirect", "value": "javascript:alert(1)"}}),
            "/post_action/value",
        ),
        (json!({"name": "F", "fields": [field], "post_action": {"kind": "shout"}}), "/post_action/kind"),
        (json!({"name": "F", "fields": [field], "kind": "paper"}), "/kind"),
    ] {
        assert_eq!(complaint(&web.post("/api/v1/forms", &body).await), (422, pointer.to_owned()), "{body}");
    }
    assert_eq!(web.get("/api/v1/forms").await.json()["items"], json!([]));
});
