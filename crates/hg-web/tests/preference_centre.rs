//! The preference centre: reached from the link of a mail, plain forms, and only for whoever has the link.

mod door;

use door::{administrator, good, path_of, visitor};
use hg_testkit::web::TestWeb;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

const FORM: &str = "lead_contact_frequency_rules";

async fn show(web: &TestWeb, more: Value) {
    let mut body = json!({
        "show_preferences": true, "show_frequency": true, "show_pause_dates": true, "show_preferred_channel": true,
        "show_categories": true, "show_segments": true, "show_consents": true, "email_most": 0, "email_period": "day",
        "sms_most": 0, "sms_period": "day", "page_id": null,
    });
    body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    good(&web.put("/api/v1/settings/preferences", &body).await);
}

/// Somebody who got a mail, and the link in it.
async fn ada(app: &TestApp, web: &TestWeb) -> (i64, String) {
    let body =
        json!({"fields": {"email": "ada@example.org", "firstname": "Ada", "mobile": "601123456", "preferred_locale": "cs_CZ"}});
    let id = good(&web.post("/api/v1/contacts", &body).await)["id"].as_i64().unwrap();
    let segment = door::segment_of(web, &[id]).await;
    let body = json!({
        "name": "News", "subject": "News", "source": "<p>Hi</p><p><a href=\"{unsubscribe_url}\">Preferences</a></p>", "kind": "segment",
        "segments": [segment], "published": true, "from_address": "us@example.org",
    });
    let email = door::email(web, body).await;
    good(&web.post(&format!("/api/v1/emails/{email}/send"), &json!({})).await);
    app.settle().await;
    let caught = good(&web.get("/api/v1/outbox").await)["items"][0]["id"].clone();
    let links = good(&web.get(&format!("/api/v1/outbox/{caught}")).await)["links"].clone();
    let link = links.as_array().unwrap().iter().filter_map(|l| l["url"].as_str()).find(|u| u.contains("/email/unsubscribe/"));
    (id, path_of(link.unwrap_or_else(|| panic!("no link in {links}"))))
}

on_each_db!(somebody_says_what_she_wants_to_hear_and_how_often, |app| {
    let web = administrator(&app).await;
    show(&web, json!({})).await;
    let offered = good(
        &web.post(
            "/api/segments/new",
            &json!({"name": "Internal name", "publicName": "Garden <letters>", "isPreferenceCenter": true}),
        )
        .await,
    );
    let list = offered["list"]["id"].as_i64().unwrap();
    let (id, link) = ada(&app, &web).await;
    good(&web.post(&format!("/api/v1/contacts/{id}/consents"), &json!({"purpose": "research", "state": "given"})).await);
    let browser = visitor(&web);
    let page = browser.get(&link).await;
    assert_eq!(page.status, 200);
    for part in [
        "Your preferences",
        "ada@example.org",
        "Garden &lt;letters&gt;",
        "frequency_number_email",
        "contact_pause_start_date_sms",
        "research",
    ] {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    assert!(!page.text.contains("Internal name") && !page.text.contains("<script"), "{}", page.text);
    let list_value = list.to_string();
    let sent = [
        (format!("{FORM}[lead_channels][subscribed_channels][]"), "email"),
        (format!("{FORM}[lead_channels][preferred_channel]"), "email"),
        (format!("{FORM}[lead_channels][frequency_number_email]"), "2"),
        (format!("{FORM}[lead_channels][frequency_time_email]"), "WEEK"),
        (format!("{FORM}[lead_channels][contact_pause_start_date_email]"), "2030-01-10"),
        (format!("{FORM}[lead_channels][contact_pause_end_date_email]"), "2030-01-20"),
        (format!("{FORM}[lead_lists][]"), list_value.as_str()),
    ];
    let fields: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let saved = browser.post_form(&link, &fields).await;
    assert_eq!((saved.status, saved.header("location")), (303, Some("?saved=1")), "{}", saved.text);
    app.settle().await;
    let again = browser.get(&format!("{link}?saved=1")).await.text;
    assert!(again.contains("Your preferences are saved.") && again.contains("value=\"2030-01-20\""), "{again}");
    let contact = good(&web.get(&format!("/api/contacts/{id}")).await)["contact"].clone();
    assert_eq!(contact["doNotContact"][0]["channel"], "sms", "unticked is unsubscribed");
    assert_eq!(contact["doNotContact"][0]["reason"], 1);
    let rule = &contact["frequencyRules"][0];
    assert_eq!(
        (&rule["frequencyNumber"], &rule["frequencyTime"], &rule["preferredChannel"]),
        (&json!(2), &json!("WEEK"), &json!(true))
    );
    assert_eq!(rule["pauseToDate"], "2030-01-21T00:00:00+00:00", "the last day belongs to the pause");
    let segments = good(&web.get(&format!("/api/v1/contacts/{id}/segments")).await);
    assert!(segments.as_array().unwrap().iter().any(|s| s["id"] == list), "{segments}");
    assert_eq!(good(&web.get(&format!("/api/v1/contacts/{id}/consents")).await)[0]["state"], "withdrawn");
    // Ticked again, she may be written to again.
    let on: Vec<(&str, &str)> = vec![
        ("lead_contact_frequency_rules[lead_channels][subscribed_channels][]", "email"),
        ("lead_contact_frequency_rules[lead_channels][subscribed_channels][]", "sms"),
    ];
    browser.post_form(&link, &on).await;
    let contact = good(&web.get(&format!("/api/contacts/{id}")).await)["contact"].clone();
    assert_eq!(contact["doNotContact"], json!([]));
    app.settle().await;
});

on_each_db!(one_click_and_the_way_out_of_everything_go_on_working, |app| {
    let web = administrator(&app).await;
    show(&web, json!({"show_segments": false})).await;
    let (id, link) = ada(&app, &web).await;
    let browser = visitor(&web);
    let out = browser.get(&link.replace("/email/unsubscribe/", "/email/dnc/")).await.text;
    assert!(out.contains("Unsubscribe</button>") && !out.contains(FORM), "{out}");
    // A bounced address takes no mail because somebody ticks a box.
    let bounced = web.post(&format!("/api/contacts/{id}/dnc/email/add"), &json!({"reason": 2})).await;
    assert_eq!(bounced.status, 200);
    browser.post_form(&link, &[("lead_contact_frequency_rules[lead_channels][subscribed_channels][]", "email")]).await;
    let reason = |contact: &Value| contact["contact"]["doNotContact"][0]["reason"].clone();
    assert_eq!(reason(&good(&web.get(&format!("/api/contacts/{id}")).await)), 2);
    let one_click = browser.post_form(&link, &[("List-Unsubscribe", "One-Click")]).await;
    assert_eq!((one_click.status, one_click.text.as_str()), (200, "Unsubscribed."));
    assert_eq!(reason(&good(&web.get(&format!("/api/contacts/{id}")).await)), 1);
    let stranger = browser.get("/email/unsubscribe/0123456789abcdef012345").await.text;
    assert!(stranger.contains("not known here"), "{stranger}");
    app.settle().await;
});

on_each_db!(a_landing_page_is_the_frame_in_her_language, |app| {
    let web = administrator(&app).await;
    let mut pages = Vec::new();
    for (language, hello) in [("en", "Hello"), ("cs", "Ahoj")] {
        let html = format!(
            "<html><body><h1>{hello} {{contactfield=firstname}}</h1>{{successmessage}}{{channelfrequency}}{{segmentlist}}{{saveprefsbutton}}</body></html>"
        );
        let body = json!({"title": hello, "html": html, "language": language, "published": true});
        pages.push(good(&web.post("/api/v1/pages", &body).await));
    }
    show(&web, json!({"page_id": pages[0]["id"]})).await;
    let (_, link) = ada(&app, &web).await;
    let browser = visitor(&web);
    let page = browser.get(&link).await.text;
    assert!(page.contains("<h1>Ahoj Ada</h1>") && page.contains("<form method=\"post\">"), "{page}");
    assert!(
        page.contains("subscribed_channels") && !page.contains("{segmentlist}") && !page.contains("{successmessage}"),
        "{page}"
    );
    // Nobody finds it without a link of a mail.
    let alias = pages[0]["alias"].as_str().unwrap();
    assert_eq!(browser.get(&format!("/{alias}")).await.status, 404);
    app.settle().await;
});
