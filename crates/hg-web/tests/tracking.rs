//! Whose visit is it? What visitors do before they say who they are, what they claim, and what proves it.

mod door;

use door::{administrator, contact, email, good, path_of, segment_of, visitor};
use hg_core::time::Millis;
use hg_testkit::web::TestWeb;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

/// Email and first name may be written by the public, as in the specification's examples.
async fn public_fields(web: &TestWeb) {
    let fields = good(&web.get("/api/v1/fields").await);
    for field in fields["items"].as_array().unwrap_or_else(|| fields.as_array().expect("a list")) {
        if matches!(field["alias"].as_str(), Some("email" | "firstname")) {
            good(&web.patch(&format!("/api/v1/fields/{}", field["id"]), &json!({"publicly_updatable": true})).await);
        }
    }
}

/// A mail to these people, sent and caught; its email's id.
async fn mailed(app: &TestApp, web: &TestWeb, people: &[i64]) -> i64 {
    let segment = segment_of(web, people).await;
    app.settle().await;
    let body = json!({
        "name": "News", "subject": "News", "kind": "segment", "segments": [segment],
        "source": "<p><a href=\"https://example.com/offer\">go</a> {webview_text}</p>",
    });
    let id = email(web, body).await;
    good(&web.post(&format!("/api/v1/emails/{id}/send"), &json!({})).await);
    app.settle().await;
    id
}

/// The tracked link in the newest mail to an address, as a path on the test's server.
async fn link_to(web: &TestWeb, address: &str) -> String {
    let caught = web.get(&format!("/api/v1/outbox?search={address}")).await.json()["items"][0]["id"].clone();
    let links = good(&web.get(&format!("/api/v1/outbox/{caught}")).await)["links"].clone();
    let mut urls = links.as_array().unwrap().iter().map(|l| l["url"].as_str().unwrap().to_owned());
    path_of(&urls.find(|url| url.contains("/r/")).expect("a tracked link"))
}

async fn hit(person: &TestWeb, url: &str, more: &[(&str, &str)]) -> Value {
    let fields: Vec<(&str, &str)> = [("page_url", url)].into_iter().chain(more.iter().copied()).collect();
    person.post_form("/mtc/event", &fields).await.json()
}

/// The addresses that a contact visited, the newest first.
async fn visits(web: &TestWeb, contact: &Value) -> Vec<String> {
    let told = good(&web.get(&format!("/api/v1/contacts/{contact}/timeline?kinds=page_hit")).await);
    told["items"].as_array().unwrap().iter().map(|i| i["detail"]["url"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn tags(web: &TestWeb, contact: i64) -> Vec<String> {
    let found = good(&web.get(&format!("/api/v1/contacts/{contact}")).await);
    found["tags"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap().to_owned()).collect()
}

on_each_db!(what_a_visitor_did_waits_through_her_claim_and_joins_her_when_she_proves_it, |app| {
    let web = administrator(&app).await;
    public_fields(&web).await;
    let ann = contact(&web, "ann@example.org", "Ann").await;
    mailed(&app, &web, &[ann]).await;
    let person = visitor(&web);
    let before = hit(&person, "https://x.io/before", &[]).await["id"].clone();
    let claimed =
        hit(&person, "https://x.io/claim", &[("email", "ann@example.org"), ("firstname", "Mallory"), ("tags", "vip")]).await;
    assert_eq!(claimed["id"], json!(ann), "the device points to her");
    assert_eq!(visits(&web, &before).await, ["https://x.io/before"], "but nothing has moved");
    assert_eq!(good(&web.get(&format!("/api/v1/contacts/{ann}")).await)["fields"]["firstname"], "Ann");
    assert!(tags(&web, ann).await.is_empty(), "a claim brings no tags");
    assert_eq!(person.get(&link_to(&web, "ann").await).await.status, 302);
    let whole = visits(&web, &json!(ann)).await;
    assert!(whole.contains(&"https://x.io/before".to_owned()) && whole.contains(&"https://x.io/claim".to_owned()), "{whole:?}");
    let old = good(&web.get(&format!("/api/v1/contacts/{before}")).await);
    assert_eq!(old["id"], json!(ann), "the visitor's old number leads to her");
    assert_eq!(good(&web.get("/api/v1/contacts?include_anonymous=true").await)["total"], 1);
    assert_eq!(hit(&person, "https://x.io/after", &[("tags", "vip,-nothing")]).await["id"], json!(ann));
    assert_eq!(tags(&web, ann).await, ["vip"], "who has proved it may");
});

on_each_db!(who_only_uses_her_address_elsewhere_gains_nothing_when_she_proves_hers, |app| {
    let web = administrator(&app).await;
    let ann = contact(&web, "ann@example.org", "Ann").await;
    mailed(&app, &web, &[ann]).await;
    let form = good(
        &web.post(
            "/api/v1/forms",
            &json!({
                "name": "Ask", "fields": [{"label": "Email", "type": "email", "mapped_field": "email"}],
                "actions": [{"kind": "add_tags", "tags": ["asked"]}, {"kind": "change_points", "points": 10}],
            }),
        )
        .await,
    )["id"]
        .clone();
    let path = format!("/form/submit/ajax?formId={form}");
    let (mallory, hers) = (visitor(&web), visitor(&web));
    for person in [&mallory, &hers] {
        hit(person, "https://x.io/", &[]).await;
    }
    assert_eq!(mallory.post_form(&path, &[("mauticform[email]", "ann@example.org")]).await.json()["success"], true);
    assert_eq!(hers.get(&link_to(&web, "ann").await).await.status, 302);
    assert!(tags(&web, ann).await.is_empty(), "what somebody else sent in under her name still waits");
    assert_eq!(hers.post_form(&path, &[("mauticform[email]", "ann@example.org")]).await.json()["success"], true);
    let now = good(&web.get(&format!("/api/v1/contacts/{ann}")).await);
    assert_eq!((&now["points"], &now["tags"][0]["name"]), (&json!(10), &json!("asked")), "hers counts, once");
    let told = good(&web.get(&format!("/api/v1/forms/{form}/submissions")).await);
    let verified: Vec<&Value> = told["items"].as_array().unwrap().iter().map(|s| &s["verified"]).collect();
    assert_eq!(verified, [&json!(true), &json!(false)]);
});

on_each_db!(an_address_typed_on_somebody_elses_device_moves_the_device_and_no_data, |app| {
    let web = administrator(&app).await;
    public_fields(&web).await;
    let (kim, jo) = (contact(&web, "kim@example.org", "Kim").await, contact(&web, "jo@example.org", "Jo").await);
    mailed(&app, &web, &[kim]).await;
    let device = visitor(&web);
    device.get(&link_to(&web, "kim").await).await;
    assert_eq!(
        hit(&device, "https://x.io/a", &[("firstname", "Kimberley"), ("phone", "+420 777 123 456")]).await["id"],
        json!(kim)
    );
    let now = good(&web.get(&format!("/api/v1/contacts/{kim}")).await);
    assert_eq!(
        (&now["fields"]["firstname"], &now["fields"]["phone"]),
        (&json!("Kimberley"), &Value::Null),
        "only public fields are written"
    );
    hit(&device, "https://x.io/b", &[("firstname", "")]).await;
    assert_eq!(
        good(&web.get(&format!("/api/v1/contacts/{kim}")).await)["fields"]["firstname"],
        "Kimberley",
        "a blank changes nothing"
    );
    assert_eq!(hit(&device, "https://x.io/c", &[("email", "jo@example.org"), ("firstname", "X")]).await["id"], json!(jo));
    assert_eq!(visits(&web, &json!(kim)).await, ["https://x.io/b", "https://x.io/a"]);
    assert_eq!(good(&web.get(&format!("/api/v1/contacts/{jo}")).await)["fields"]["firstname"], "Jo");
    device.get(&link_to(&web, "kim").await).await;
    let new = hit(&device, "https://x.io/d", &[("email", "new@example.org")]).await["id"].clone();
    assert!(new != json!(kim) && new != json!(jo), "an address nobody has is somebody new: {new}");
    assert_eq!(good(&web.get(&format!("/api/v1/contacts/{new}")).await)["email"], "new@example.org");
    assert_eq!(
        good(&web.get(&format!("/api/v1/contacts/{kim}")).await)["email"],
        "kim@example.org",
        "never overwritten from outside"
    );
});

on_each_db!(a_link_that_is_old_or_was_passed_around_counts_but_proves_nothing, |app| {
    let web = administrator(&app).await;
    let ann = contact(&web, "ann@example.org", "Ann").await;
    let mail = mailed(&app, &web, &[ann]).await;
    let link = link_to(&web, "ann").await;
    let mut visitors = Vec::new();
    for n in 0..4 {
        let person = visitor(&web);
        let id = hit(&person, &format!("https://x.io/{n}"), &[]).await["id"].clone();
        assert_eq!(person.get(&link).await.status, 302);
        visitors.push(id);
    }
    let mine = visits(&web, &json!(ann)).await;
    assert_eq!(mine.len(), 3, "three devices are hers, the fourth has it from a friend: {mine:?}");
    assert_eq!(visits(&web, &visitors[3]).await, ["https://x.io/3"], "the friend's visits stay the friend's");
    let bob = contact(&web, "bob@example.org", "Bob").await;
    mailed(&app, &web, &[bob]).await;
    let link = link_to(&web, "bob").await;
    app.advance(Millis::days(31));
    let person = visitor(&web);
    let id = hit(&person, "https://x.io/late", &[]).await["id"].clone();
    assert_eq!(person.get(&link).await.status, 302);
    assert!(visits(&web, &json!(bob)).await.is_empty());
    assert_eq!(visits(&web, &id).await, ["https://x.io/late"]);
    assert_eq!(good(&web.get(&format!("/api/v1/emails/{mail}")).await)["counts"]["clicked"], 1);
});

on_each_db!(opens_count_once_and_only_when_somebody_looked, |app| {
    let web = administrator(&app).await;
    let (ann, bob) = (contact(&web, "ann@example.org", "Ann").await, contact(&web, "bob@example.org", "Bob").await);
    let mail = mailed(&app, &web, &[ann, bob]).await;
    let pixel_of = async |address: &str| {
        let caught = web.get(&format!("/api/v1/outbox?search={address}")).await.json()["items"][0]["id"].clone();
        let message = good(&web.get(&format!("/api/v1/outbox/{caught}")).await);
        let html = message["html"].as_str().unwrap().to_owned();
        let end = html.find(".gif").expect("a pixel") + 4;
        let start = html[..end].rfind("http").expect("an address");
        (path_of(&html[start..end]), path_of(message["open_url"].as_str().unwrap()))
    };
    let opened = async || good(&web.get(&format!("/api/v1/emails/{mail}")).await)["counts"]["opened"].clone();
    let (pixel, copy) = pixel_of("ann").await;
    let person = visitor(&web);
    person.head(&pixel).await;
    person.with_header("sec-purpose", "prefetch").get(&pixel).await;
    web.another_browser().with_header("user-agent", "Googlebot/2.1").get(&pixel).await;
    web.another_browser().with_header("user-agent", "Googlebot/2.1").get(&copy).await;
    assert_eq!(opened().await, 0, "robots, prefetching and HEAD have not read it");
    let counts = good(&web.get(&format!("/api/v1/emails/{mail}")).await)["counts"].clone();
    assert_eq!(counts["machine_opened"], 1, "they are counted beside people");
    let seen = person.with_header("sec-gpc", "1").get(&pixel).await;
    assert_eq!((seen.header("content-type"), seen.bytes.len(), opened().await), (Some("image/gif"), 43, json!(1)));
    person.get(&pixel).await;
    person.get(&copy).await;
    assert_eq!(opened().await, 1, "she opened it, however often");
    let (_, copy) = pixel_of("bob").await;
    assert!(person.get(&copy).await.text.contains("go"));
    assert_eq!(opened().await, 2, "the copy in the browser counts too");
    let told = good(&web.get(&format!("/api/v1/contacts/{bob}/timeline?kinds=email_opened")).await);
    assert_eq!((told["items"].as_array().map(Vec::len), &told["items"][0]["detail"]["in_browser"]), (Some(1), &json!(true)));
    assert_eq!(person.get("/email/nosuchkey.gif").await.bytes.len(), 43);
    assert_eq!(person.get("/email/view/nosuchkey").await.status, 404);
});

on_each_db!(a_click_counts_as_an_open_even_for_those_who_ask_not_to_be_tracked_elsewhere, |app| {
    let web = administrator(&app).await;
    let ann = contact(&web, "ann@example.org", "Ann").await;
    let mail = mailed(&app, &web, &[ann]).await;
    let link = link_to(&web, "ann").await;
    let quiet = visitor(&web).with_header("sec-gpc", "1");
    assert_eq!(hit(&quiet, "https://x.io/", &[]).await["id"], Value::Null, "a visit is not stored");
    assert_eq!(quiet.head(&link).await.status, 302);
    let counts = async || good(&web.get(&format!("/api/v1/emails/{mail}")).await)["counts"].clone();
    assert_eq!(counts().await["clicked"], 0, "a scanner that only looks clicks nothing");
    assert_eq!(quiet.get(&link).await.status, 302);
    quiet.get(&link).await;
    let now = counts().await;
    assert_eq!((&now["opened"], &now["clicked"]), (&json!(1), &json!(1)));
    assert_eq!(
        good(&web.get(&format!("/api/v1/emails/{mail}/links")).await),
        json!([{"url": "https://example.com/offer", "clicks": 2, "people": 1, "machines": 1}])
    );
    let told = good(&web.get(&format!("/api/v1/contacts/{ann}/timeline?kinds=email_clicked")).await);
    assert_eq!(told["items"][0]["title"], "Clicked https://example.com/offer in the email “News”");
});

on_each_db!(a_scanner_that_follows_every_link_makes_no_reader_of_the_contact, |app| {
    let web = administrator(&app).await;
    let settings = good(&web.get("/api/v1/settings/tracking").await);
    let mut settings = settings.clone();
    settings["hidden_link"] = json!(true);
    good(&web.put("/api/v1/settings/tracking", &settings).await);
    let ann = contact(&web, "ann@example.org", "Ann").await;
    let mail = mailed(&app, &web, &[ann]).await;
    let caught = web.get("/api/v1/outbox?search=ann").await.json()["items"][0]["id"].clone();
    let html = good(&web.get(&format!("/api/v1/outbox/{caught}")).await)["html"].as_str().unwrap().to_owned();
    let start = html.rfind("/email/more/").expect("a hidden link");
    let trap = html[start..].split('"').next().unwrap().to_owned();
    app.advance(Millis::minutes(5));
    let (link, scanner) = (link_to(&web, "ann").await, visitor(&web));
    assert_eq!(scanner.get(&link).await.status, 302);
    let counts = async || good(&web.get(&format!("/api/v1/emails/{mail}")).await)["counts"].clone();
    assert_eq!(counts().await["clicked"], 1, "it looks like anybody");
    assert_eq!(scanner.get(&trap).await.status, 200);
    assert_eq!((counts().await["clicked"].clone(), counts().await["opened"].clone()), (json!(0), json!(0)));
    let links = good(&web.get(&format!("/api/v1/emails/{mail}/links")).await);
    assert_eq!((&links[0]["clicks"], &links[0]["people"], &links[0]["machines"]), (&json!(0), &json!(0), &json!(1)));
    let devices = app.ws.db.read(|tx| Ok::<_, hg_app::Error>(tx.scalar::<i64>("SELECT count(*) FROM devices")?)).await.unwrap();
    assert_eq!(scanner.another_browser().with_header("user-agent", "Barracuda").get(&link).await.status, 302);
    let after = app.ws.db.read(|tx| Ok::<_, hg_app::Error>(tx.scalar::<i64>("SELECT count(*) FROM devices")?)).await.unwrap();
    assert_eq!(after, devices, "nobody gets to know a scanner as the contact");
    let told = good(&web.get(&format!("/api/v1/contacts/{ann}/timeline?kinds=machine_opened,machine_clicked")).await);
    let title = told["items"][0]["title"].as_str().unwrap();
    assert!(title.starts_with("A mail scanner"), "{title}");
    app.advance(Millis::minutes(5));
    visitor(&web).get(&link).await;
    let origins = good(&web.get(&format!("/api/v1/emails/{mail}/origins")).await);
    assert_eq!((&origins["domain"][0]["value"], &origins["domain"][0]["clicked"]), (&json!("example.org"), &json!(1)));
});
