//! What helps whoever writes an email: the look over it, and the gallery.

mod door;

use door::{administrator, complaint, good, visitor};
use hg_testkit::on_each_db;
use serde_json::{Value, json};

fn codes(found: &Value) -> Vec<&str> {
    found["remarks"].as_array().unwrap().iter().map(|r| r["code"].as_str().unwrap()).collect()
}

on_each_db!(an_email_is_looked_over_as_it_was_saved_and_as_it_stands_in_the_editor, |app| {
    let web = administrator(&app).await;
    let draft = json!({
        "name": "Apples", "subject": "BUY APPLES", "preheader": "Now", "from_address": "shop@gmail.com",
        "source": "<p>Some words about apples for everybody.</p><a href='#'>Go</a>{first_name}{unsubscribe_text}",
    });
    let made = good(&web.post("/api/v1/emails", &draft).await);
    let found = good(&web.get(&format!("/api/v1/emails/{}/check", made["id"])).await);
    assert_eq!(codes(&found), ["link-empty", "free-mailbox", "capitals", "no-address", "unknown-token"]);
    assert_eq!(found["remarks"][0]["weight"], "error");
    assert!(found["remarks"][0]["advice"].as_str().unwrap().contains("address"), "{found}");
    assert!(found["bytes"].as_u64().unwrap() > 100, "{found}");
    assert_eq!(good(&web.post("/api/v1/emails/check", &draft).await)["remarks"], found["remarks"]);

    let general = json!({"site_name": "Garden", "timezone": "UTC", "postal_address": "5 Apple Lane\nPrague"});
    good(&web.put("/api/v1/settings/general", &general).await);
    good(&web.post("/api/v1/sender-domains", &json!({"name": "garden.io"})).await);
    let better = json!({
        "subject": "Apples", "preheader": "Now", "from_address": "shop@news.garden.io",
        "source": "<p>Some words about apples for everybody.</p><p>5 Apple Lane, Prague</p>{unsubscribe_text}",
    });
    assert_eq!(codes(&good(&web.post("/api/v1/emails/check", &better).await)), [] as [&str; 0], "not looked at is not wrong");
    let broken = json!({"subject": "x", "format": "mjml", "source": "<mjml><mj-body><mj-nope>"});
    assert_eq!(complaint(&web.post("/api/v1/emails/check", &broken).await), (422, "/source".into()));
    assert_eq!(web.get("/api/v1/emails/999/check").await.status, 404);
});

on_each_db!(the_gallery_comes_in_the_name_of_the_house_and_nothing_is_found_in_it, |app| {
    let web = administrator(&app).await;
    let general = json!({"site_name": "Garden & Sons", "site_url": "https://garden.io", "timezone": "UTC", "postal_address": "5 Apple Lane\nPrague"});
    good(&web.put("/api/v1/settings/general", &general).await);
    good(&web.post("/api/v1/sender-domains", &json!({"name": "garden.io"})).await);
    let all = good(&web.get("/api/v1/emails/templates").await);
    assert_eq!(all.as_array().unwrap().len(), 10);
    for one in all.as_array().unwrap() {
        let source = one["source"].as_str().unwrap();
        assert!(source.contains("Garden &amp; Sons") && source.contains("5 Apple Lane"), "{source}");
        let draft = json!({
            "subject": one["subject"], "preheader": one["preheader"], "source": source, "format": "mjml",
            "purpose": one["purpose"], "from_address": "hello@garden.io",
        });
        let found = good(&web.post("/api/v1/emails/check", &draft).await);
        let own_tokens = one["key"] == "receipt";
        let rest: Vec<&str> = codes(&found).into_iter().filter(|code| !own_tokens || *code != "unknown-token").collect();
        assert_eq!(rest, [] as [&str; 0], "{}", one["key"]);
    }
});

/// A picture of three by two pixels.
fn picture(tail: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend([0, 0, 0, 3, 0, 0, 0, 2, 8, 6]);
    bytes.extend(tail);
    bytes
}

on_each_db!(a_picture_is_put_in_described_shown_to_everybody_and_taken_out, |app| {
    let web = administrator(&app).await;
    let made = web.upload("/api/v1/media", "file", "Spring Garden.JPG", picture(b"one")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    assert_eq!(
        (&made["name"], &made["content_type"], &made["width"], &made["height"]),
        (&json!("spring-garden.png"), &json!("image/png"), &json!(3), &json!(2)),
        "told by its bytes"
    );
    let again = web.upload("/api/v1/media", "file", "other.png", picture(b"one")).await;
    assert_eq!((again.status, &again.json()["id"]), (200, &made["id"]), "kept once");
    let other = good(&web.upload("/api/v1/media", "file", "apple.png", picture(b"two")).await);

    let path = format!("/api/v1/media/{}", made["id"]);
    let described = good(&web.patch(&path, &json!({"version": made["version"], "alt": "Tulips", "folder": "Spring"})).await);
    assert_eq!((&described["alt"], &described["folder"]), (&json!("Tulips"), &json!("Spring")));
    assert_eq!(web.patch(&path, &json!({"version": made["version"], "alt": "x"})).await.status, 409);
    let names = |list: Value| -> Vec<String> {
        list["items"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(web.get("/api/v1/media?search=tulips").await.json()), ["spring-garden.png"]);
    assert_eq!(names(web.get("/api/v1/media?sort=name").await.json()), ["apple.png", "spring-garden.png"]);

    let url = made["url"].as_str().unwrap();
    let public = &url[url.find("/media/").unwrap()..];
    let reader = visitor(&web);
    let shown = reader.get(public).await;
    assert_eq!((shown.status, shown.header("content-type")), (200, Some("image/png")));
    assert_eq!(shown.header("x-content-type-options"), Some("nosniff"));
    assert!(shown.header("content-security-policy").is_some_and(|policy| policy.contains("sandbox")), "{:?}", shown.headers);
    for unknown in ["/media/0123/a.png", "/media/../x", &format!("/media/{}/a.png", "0".repeat(64))] {
        assert_eq!(reader.get(unknown).await.status, 404, "{unknown}");
    }

    let source = format!("<img src=\"{url}\" alt=\"Tulips\" width=\"300\">");
    good(&web.post("/api/v1/emails", &json!({"name": "Letter", "subject": "x", "source": source})).await);
    let uses = good(&web.get(&format!("{path}/uses")).await);
    assert_eq!((&uses[0]["kind"], &uses[0]["name"], uses.as_array().unwrap().len()), (&json!("email"), &json!("Letter"), 1));
    assert_eq!(good(&web.get(&format!("/api/v1/media/{}/uses", other["id"])).await), json!([]));

    assert_eq!(web.delete(&path).await.status, 204);
    assert_eq!(web.get(&path).await.status, 404);
    assert_eq!(reader.get(public).await.status, 200, "mails that were sent still show it");
    assert_eq!(good(&web.post(&format!("{path}/restore"), &json!({})).await)["alt"], "Tulips");
});

on_each_db!(pictures_that_stand_nowhere_are_shown_and_taken_out_at_once, |app| {
    let web = administrator(&app).await;
    let mut urls = Vec::new();
    let mut ids = Vec::new();
    for n in 0..8_u8 {
        let made = good(&web.upload("/api/v1/media", "file", &format!("p{n}.png"), picture(&[n])).await);
        ids.push(made["id"].as_i64().unwrap());
        urls.push(made["url"].as_str().unwrap().to_owned());
    }
    let names = |list: Value| -> Vec<String> {
        list["items"].as_array().unwrap().iter().map(|e| e["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        names(good(&web.get("/api/v1/media/unused").await)).len(),
        0,
        "what was put in just now may be on its way into an email"
    );
    app.advance(hg_core::time::Millis::hours(2));

    let img = |n: usize| format!("<p><img src=\"{}\" alt=\"x\"></p>", urls[n]);
    let email = good(&web.post("/api/v1/emails", &json!({"name": "Letter", "subject": "x", "source": img(0)})).await);
    let drafted = web.put(&format!("/api/v1/emails/{}/draft", email["id"]), &json!({"subject": "y", "source": img(1)})).await;
    assert!(drafted.status < 300, "{}", drafted.text);
    let block = json!({"name": "Footer", "format": "html", "source": img(2)});
    good(&web.post("/api/v1/email-blocks", &block).await);
    good(&web.post("/api/v1/pages", &json!({"title": "Spring", "html": img(3)})).await);
    let dynamic = json!([{"name": "Hero", "content": img(4), "variations": []}]);
    good(&web.patch(&format!("/api/v1/emails/{}", email["id"]), &json!({"dynamic": dynamic})).await);
    let mut brand = good(&web.get("/api/v1/settings/brand").await);
    brand["logo_url"] = json!(urls[5]);
    good(&web.put("/api/v1/settings/brand", &brand).await);

    let kind = |n: usize| format!("/api/v1/media/{}/uses", ids[n]);
    for (n, expected) in [(0, "email"), (1, "email"), (2, "email_block"), (3, "page"), (4, "email"), (5, "brand")] {
        assert_eq!(good(&web.get(&kind(n)).await)[0]["kind"], expected, "{n}");
    }
    assert_eq!(names(good(&web.get("/api/v1/media/unused").await)), ["p6.png", "p7.png"]);
    // Somebody puts one of them into an email before the other person presses the button.
    good(&web.post("/api/v1/emails", &json!({"name": "Late", "subject": "x", "source": img(7)})).await);
    let removed = good(&web.post("/api/v1/media/unused/remove", &json!({"ids": [ids[0], ids[6], ids[7]]})).await);
    assert_eq!(names(removed), ["p6.png"]);
    assert_eq!(web.get(&format!("/api/v1/media/{}", ids[6])).await.status, 404);
    assert_eq!(web.get(&format!("/api/v1/media/{}", ids[0])).await.status, 200);
    assert_eq!(names(good(&web.get("/api/v1/media/unused").await)).len(), 0);
    good(&web.post(&format!("/api/v1/media/{}/restore", ids[6]), &json!({})).await);
});

on_each_db!(what_is_no_picture_is_refused_whatever_it_is_called, |app| {
    let web = administrator(&app).await;
    for body in [b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>".to_vec(), b"<!doctype html>".to_vec(), Vec::new()]
    {
        let refused = web.upload("/api/v1/media", "file", "logo.png", body).await;
        assert_eq!(complaint(&refused), (422, "/file".into()), "{}", refused.text);
    }
    let long = web.upload("/api/v1/media", "file", "logo.png", picture(&vec![0; 5 * 1024 * 1024])).await;
    assert_eq!(complaint(&long), (422, "/file".into()));
    assert!(long.text.contains("5 MB"), "{}", long.text);
    assert_eq!(web.upload("/api/v1/media", "image", "logo.png", picture(b"")).await.status, 422);
    assert_eq!(good(&web.get("/api/v1/media").await)["items"], json!([]));
});

on_each_db!(the_brand_stands_in_every_template_and_what_cannot_be_one_is_refused, |app| {
    let web = administrator(&app).await;
    let mut brand = good(&web.get("/api/v1/settings/brand").await);
    assert_eq!(brand["primary"], "#4338ca");
    brand["primary"] = json!("#0f766e");
    brand["logo_url"] = json!("https://garden.io/logo.png");
    brand["profiles"] = json!([{"name": "Mastodon", "url": "https://social.garden.io/us"}]);
    good(&web.put("/api/v1/settings/brand", &brand).await);
    let all = good(&web.get("/api/v1/emails/templates").await);
    for one in all.as_array().unwrap() {
        let source = one["source"].as_str().unwrap();
        for part in ["#0f766e", "https://garden.io/logo.png", "https://social.garden.io/us"] {
            assert!(source.contains(part), "{part} in {}", one["key"]);
        }
    }
    for (key, value, pointer) in [
        ("primary", json!("red"), "/primary"),
        ("logo_url", json!("javascript:alert(1)"), "/logo_url"),
        ("logo_width", json!(9000), "/logo_width"),
        ("font", json!("a\" onload=\""), "/font"),
        ("profiles", json!([{"name": "", "url": "x"}]), "/profiles/0"),
    ] {
        let mut wrong = brand.clone();
        wrong[key] = value;
        assert_eq!(complaint(&web.put("/api/v1/settings/brand", &wrong).await), (422, pointer.into()), "{key}");
    }
});

on_each_db!(every_look_of_an_email_is_kept_and_can_come_back, |app| {
    let web = administrator(&app).await;
    let made = good(&web.post("/api/v1/emails", &json!({"name": "Letter", "subject": "One", "source": "<p>First</p>"})).await);
    let path = format!("/api/v1/emails/{}", made["id"]);
    good(&web.patch(&path, &json!({"subject": "Two", "source": "<mjml><mj-body></mj-body></mjml>", "format": "mjml"})).await);
    good(&web.patch(&path, &json!({"name": "Another name"})).await);
    let all = good(&web.get(&format!("{path}/revisions")).await);
    let subjects: Vec<&str> = all.as_array().unwrap().iter().map(|r| r["subject"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["Two", "One"], "a name is not part of what is sent");
    let first = good(&web.get(&format!("{path}/revisions/1")).await);
    assert_eq!((&first["source"], &first["format"]), (&json!("<p>First</p>"), &json!("html")));
    let stale = web.post(&format!("{path}/revisions/1/restore"), &json!({"version": made["version"]})).await;
    assert_eq!(stale.status, 409, "somebody saved meanwhile");
    let back = good(&web.post(&format!("{path}/revisions/1/restore"), &json!({})).await);
    assert_eq!((&back["subject"], &back["format"], &back["name"]), (&json!("One"), &json!("html"), &json!("Another name")));
    assert_eq!(good(&web.get(&format!("{path}/revisions")).await).as_array().unwrap().len(), 3, "the look of before is kept");
    assert_eq!(web.get(&format!("{path}/revisions/9")).await.status, 404);
});

on_each_db!(colleagues_talk_about_an_email_in_threads_that_are_settled, |app| {
    let web = administrator(&app).await;
    app.user("bo@example.org", hg_app::Role::Administrator).await;
    let other = web.with_basic("bo@example.org", hg_testkit::app::PASSWORD);
    let made = good(&web.post("/api/v1/emails", &json!({"name": "Letter", "subject": "One", "source": "<p>First</p>"})).await);
    let path = format!("/api/v1/emails/{}/comments", made["id"]);
    let thread = good(&web.post(&path, &json!({"body": " Is the date right? "})).await);
    assert_eq!(
        (&thread["body"], &thread["revision"], &thread["parent"]),
        (&json!("Is the date right?"), &json!(1), &Value::Null)
    );
    let answer = good(&other.post(&path, &json!({"body": "It is.", "parent": thread["id"]})).await);
    assert_eq!(answer["parent"], thread["id"]);
    let deeper = good(&web.post(&path, &json!({"body": "Thanks.", "parent": answer["id"]})).await);
    assert_eq!(deeper["parent"], thread["id"], "answers stand in one row");
    let settled = format!("{path}/{}/settled", thread["id"]);
    assert!(good(&other.post(&settled, &json!({})).await)["resolved_at"].is_string());
    good(&web.post(&path, &json!({"body": "Wait, no.", "parent": thread["id"]})).await);
    let all = good(&web.get(&path).await);
    assert_eq!((all.as_array().unwrap().len(), &all[0]["resolved_at"]), (4, &Value::Null), "an answer opens it again");
    assert_eq!(complaint(&web.post(&path, &json!({"body": " "})).await), (422, "/body".into()));
    assert_eq!(other.delete(&format!("{path}/{}", thread["id"])).await.status, 409, "only whoever wrote it");
    assert_eq!(web.delete(&format!("{path}/{}", thread["id"])).await.status, 204);
    assert_eq!(good(&web.get(&path).await), json!([]), "with its answers");
    assert_eq!(web.get("/api/v1/emails/999/comments").await.status, 404);
});

on_each_db!(old_clients_see_the_html_of_a_design_and_give_both_back_unharmed, |app| {
    let web = administrator(&app).await;
    let mjml = "<mjml><mj-body><mj-section><mj-column><mj-text>Hello</mj-text></mj-column></mj-section></mj-body></mjml>";
    let body = json!({"name": "Letter", "subject": "One", "customHtml": "", "grapesjsbuilder": {"customMjml": mjml}});
    let made = good(&web.post("/api/emails/new", &body).await)["email"].clone();
    assert_eq!(made["grapesjsbuilder"]["customMjml"], mjml);
    let html = made["customHtml"].as_str().unwrap();
    assert!(html.contains("<table") && html.contains("Hello"), "{html}");
    let path = format!("/api/emails/{}/edit", made["id"]);
    let back = json!({"name": "Letter", "subject": "Two", "customHtml": html, "grapesjsbuilder": made["grapesjsbuilder"]});
    let kept = good(&web.patch(&path, &back).await)["email"].clone();
    assert_eq!((&kept["subject"], &kept["grapesjsbuilder"]["customMjml"]), (&json!("Two"), &json!(mjml)));
    let own = json!({"customHtml": "<p>Own</p>", "grapesjsbuilder": made["grapesjsbuilder"]});
    assert_eq!(good(&web.patch(&path, &own).await)["email"]["customHtml"], "<p>Own</p>", "changed by hand: the HTML holds");
});

on_each_db!(html_from_word_is_cleaned_without_being_stored_and_says_what_went, |app| {
    let web = administrator(&app).await;
    let word = json!({"source": "<p class=MsoNormal>Hi<o:p></o:p></p><!--[if mso]>x<![endif]-->"});
    let done = good(&web.post("/api/v1/emails/tidy", &word).await);
    assert_eq!(done["source"], "<p>Hi</p>");
    assert_eq!(
        (&done["taken"]["comments"], &done["taken"]["classes"], &done["taken"]["tags"]),
        (&json!(1), &json!(1), &json!(1))
    );
    let draft = json!({"subject": "a", "source": word["source"]});
    assert!(codes(&good(&web.post("/api/v1/emails/check", &draft).await)).contains(&"word"), "the look over it offers the same");
    let long = json!({"source": "a".repeat(2 * 1024 * 1024 + 1)});
    assert_eq!(complaint(&web.post("/api/v1/emails/tidy", &long).await), (422, "/source".into()));
    assert_eq!(visitor(&web).post("/api/v1/emails/tidy", &word).await.status, 401);
});

on_each_db!(saved_blocks_are_linked_changed_and_not_deleted_while_they_are_used, |app| {
    let web = administrator(&app).await;
    let new = json!({"name": "Foot", "category": "Feet", "format": "mjml", "source": "<mj-text>Old</mj-text>"});
    let block = good(&web.post("/api/v1/email-blocks", &new).await);
    assert_eq!((&block["section"], &block["used_by"]), (&json!(false), &json!(0)));
    let linked = block["linked"].as_str().unwrap();
    let source = format!("<mjml><mj-body><mj-section><mj-column>{linked}</mj-column></mj-section></mj-body></mjml>");
    let email =
        good(&web.post("/api/v1/emails", &json!({"name": "a", "subject": "a", "format": "mjml", "source": source})).await);
    let path = format!("/api/v1/email-blocks/{}", block["id"]);
    assert_eq!(good(&web.get(&format!("{path}/uses")).await), json!([{"id": email["id"], "name": "a", "sent": false}]));
    let changed = json!({"source": "<mj-text>New</mj-text>", "version": block["version"]});
    assert_eq!(good(&web.patch(&path, &changed).await)["used_by"], 1);
    assert_eq!(web.patch(&path, &changed).await.status, 409, "somebody else saved meanwhile");
    let email = good(&web.get(&format!("/api/v1/emails/{}", email["id"])).await);
    assert!(
        email["source"].as_str().unwrap().contains("New") && email["plain_text_auto"].as_str().unwrap().contains("New"),
        "{email}"
    );
    let html = good(&web.get("/api/v1/email-blocks?format=html").await);
    assert_eq!(html["items"].as_array().unwrap().len(), 0);
    let refused = web.delete(&path).await;
    assert_eq!((refused.status, refused.json()["type"].as_str()), (409, Some("/problems/block.in-use")));
    assert_eq!(web.delete(&format!("{path}?keep_copies=true")).await.status, 204);
    assert_eq!(web.get(&path).await.status, 404);
    assert_eq!(good(&web.post(&format!("{path}/restore"), &json!({})).await)["name"], "Foot");
});

on_each_db!(a_draft_is_kept_beside_the_email_until_it_is_published, |app| {
    let web = administrator(&app).await;
    let email = good(&web.post("/api/v1/emails", &json!({"name": "a", "subject": "Old", "source": "<p>Old words</p>"})).await);
    let path = format!("/api/v1/emails/{}/draft", email["id"]);
    assert_eq!(good(&web.get(&path).await), json!({"live": false, "draft": null}));
    let kept = good(&web.put(&path, &json!({"version": 0, "source": "<p>New words</p>"})).await);
    assert_eq!((&kept["version"], &kept["email"]["subject"]), (&json!(1), &json!("Old")));
    let marks: Vec<&str> = kept["text"].as_array().unwrap().iter().map(|line| line["mark"].as_str().unwrap()).collect();
    assert!(marks.contains(&"added") && marks.contains(&"removed"), "{kept}");
    assert_eq!(web.put(&path, &json!({"version": 0, "subject": "Late"})).await.status, 409);
    let kept = good(&web.put(&path, &json!({"version": 1, "subject": "New"})).await);
    assert_eq!(kept["changes"][0], json!({"field": "subject", "before": "Old", "after": "New"}));
    assert_eq!(good(&web.get(&format!("/api/v1/emails/{}", email["id"])).await)["subject"], "Old");
    let published = good(&web.post(&format!("{path}/publish"), &json!({"version": 2})).await);
    assert_eq!((&published["subject"], &published["source"]), (&json!("New"), &json!("<p>New words</p>")));
    assert_eq!(web.delete(&path).await.status, 404, "nothing waits any more");
});
