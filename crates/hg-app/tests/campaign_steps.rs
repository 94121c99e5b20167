//! What each kind of step does, on both databases.

mod flow;
mod mail;

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use flow::*;
use hg_app::campaigns::{self, Again};
use hg_app::changes::{self, Happening};
use hg_app::companies::{self, CompanyInput};
use hg_app::contacts;
use hg_app::outgoing::{Ask, Outgoing, Told, Unanswered, Web};
use hg_app::{Role, segments};
use hg_core::campaigns::Timing;
use hg_core::events::EventKind;
use hg_core::ids::{CampaignId, ContactId};
use hg_core::time::Millis;
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};
use serde_json::{Value, json};

/// A campaign for everybody in Prague with one step, and Ada in it.
async fn one_step(app: &TestApp, kind: &str, settings: Value) -> (CampaignId, ContactId) {
    let ada = person(app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(app, "Prague").await;
    let id = campaign(app, from(prague), vec![step("one", None, kind, settings, Timing::immediate())]).await;
    (id, ada)
}

async fn text(app: &TestApp, contact: ContactId, field: &str) -> String {
    contacts::get(&app.cx(), contact).await.unwrap().text(field).unwrap_or_default()
}

async fn history(app: &TestApp, id: CampaignId, contact: ContactId) -> Vec<(String, &'static str, String)> {
    let progress = campaigns::progress(&app.cx(), id, contact).await.unwrap();
    progress.history.into_iter().map(|h| (h.step_key, h.state, h.detail.unwrap_or_default())).collect()
}

/// Which of `yes` and `no` a condition comes to for Ada.
async fn answer(app: &TestApp, ada: ContactId, kind: &str, settings: Value) -> String {
    let name = format!("{kind}{settings}");
    let steps = vec![
        step("look", None, kind, settings, Timing::immediate()),
        tag(&format!("{name} yes"), Some(("look", YES)), Timing::immediate()),
        tag(&format!("{name} no"), Some(("look", NO)), Timing::immediate()),
    ];
    let steps = steps.into_iter().enumerate().map(|(i, mut s)| {
        if i > 0 {
            s.settings = json!({"add": [s.key.rsplit(' ').next()]});
            s.key = format!("tag{i}");
        }
        s
    });
    contacts_untag(app, ada).await;
    let all = segments::create(&app.cx(), segments::NewSegment { name: name.clone(), ..Default::default() }).await.unwrap().id;
    let id = campaign(app, from(all), steps.collect()).await;
    campaigns::change_people(&app.cx(), id, vec![ada], vec![]).await.unwrap();
    app.settle().await;
    tags(app, ada).await.into_iter().find(|t| t == "yes" || t == "no").unwrap_or_else(|| panic!("{name} did not answer"))
}

async fn contacts_untag(app: &TestApp, contact: ContactId) {
    let ws = app.ws.clone();
    app.ws.db.write(move |tx| contacts::change_tags(&ws, tx, contact, &[], &["yes".to_owned(), "no".to_owned()])).await.unwrap();
}

on_each_db!(fields_are_written_with_tokens_and_relative_dates_and_blank_ones_stay, |app| {
    app.clock.set(t("2025-04-01T10:00:00Z"));
    let settings = json!({"fields": {"company": "Friends of {contactfield=firstname}", "city": "", "zipcode": "11000"}});
    let (_, ada) = one_step(&app, "contact.update", settings).await;
    assert_eq!(text(&app, ada, "company").await, "Friends of Ada");
    assert_eq!((text(&app, ada, "city").await, text(&app, ada, "zipcode").await), ("Prague".into(), "11000".into()));
    let new = hg_app::fields::NewField {
        alias: Some("trial_ends".into()),
        ..hg_app::fields::NewField::new("Trial ends", hg_core::contacts::FieldType::Date)
    };
    hg_app::fields::create(&app.cx(), new).await.unwrap();
    let all = segment(&app, "Brno").await;
    let id = campaign(
        &app,
        from(all),
        vec![step("one", None, "contact.update", json!({"fields": {"trial_ends": "+2 days"}}), Timing::immediate())],
    )
    .await;
    campaigns::change_people(&app.cx(), id, vec![ada], vec![]).await.unwrap();
    app.settle().await;
    assert_eq!(text(&app, ada, "trial_ends").await, "2025-04-03");
});

on_each_db!(a_value_that_does_not_fit_or_is_somebody_elses_is_told_and_the_contact_goes_on, |app| {
    person(&app, "Bo", json!({})).await;
    let (id, ada) = one_step(&app, "contact.update", json!({"fields": {"email": "bo@example.org"}})).await;
    let told = history(&app, id, ada).await;
    assert_eq!(told[0].1, "warning");
    assert!(told[0].2.contains("another contact"), "{told:?}");
    assert_eq!(text(&app, ada, "email").await, "ada@example.org");
});

on_each_db!(companies_owners_and_segments_change, |app| {
    let (owner, _) = app.user("owner@example.org", Role::Administrator).await;
    let input = CompanyInput { fields: [("companyname".to_owned(), json!("Acme"))].into(), ..CompanyInput::default() };
    let acme = companies::create(&app.cx(), input, false).await.unwrap().0.id;
    let vip = segments::create(&app.cx(), segments::NewSegment { name: "VIP".into(), ..Default::default() }).await.unwrap().id;
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let now = Timing::immediate;
    campaign(
        &app,
        from(prague),
        vec![
            step("join", None, "company.add", json!({"company_id": acme}), now()),
            step("town", Some(("join", None)), "company.update", json!({"fields": {"companycity": "Brno"}}), now()),
            step("own", Some(("town", None)), "contact.owner", json!({"owner_id": owner.id}), now()),
            step("vip", Some(("own", None)), "contact.segments", json!({"add": [vip]}), now()),
        ],
    )
    .await;
    let found = contacts::get(&app.cx(), ada).await.unwrap();
    assert_eq!((found.companies[0].name.as_str(), found.owner_id), ("Acme", Some(owner.id)));
    assert_eq!(companies::get(&app.cx(), acme).await.unwrap().text("companycity"), Some("Brno".into()));
    let inside = app.ws.db.read(move |tx| segments::contains(tx, vip, ada)).await.unwrap();
    assert!(inside);
});

on_each_db!(a_campaign_stops_contacting_but_takes_no_opt_out_back, |app| {
    let (_, ada) = one_step(&app, "contact.stop", json!({"channels": ["email"]})).await;
    assert_eq!(app.blocked(ada).await, Some(3));
    let again = |app: &TestApp| {
        let cx = app.cx();
        async move {
            let all = segments::create(&cx, segments::NewSegment { name: "All".into(), ..Default::default() }).await.unwrap().id;
            hg_app::campaigns::create(
                &cx,
                campaigns::NewCampaign {
                    name: "Again".into(),
                    sources: from(all),
                    steps: vec![step("again", None, "contact.again", json!({"channels": ["email"]}), Timing::immediate())],
                    publish: true,
                    ..Default::default()
                },
            )
            .await
            .unwrap()
            .id
        }
    };
    let lifted = again(&app).await;
    campaigns::change_people(&app.cx(), lifted, vec![ada], vec![]).await.unwrap();
    app.settle().await;
    assert_eq!(app.blocked(ada).await, None);
    app.block(ada, 1).await;
    let kept = again(&app).await;
    campaigns::change_people(&app.cx(), kept, vec![ada], vec![]).await.unwrap();
    app.settle().await;
    assert_eq!(app.blocked(ada).await, Some(1), "what she said herself, only she takes back");
});

on_each_db!(a_deleted_contact_is_out_of_everything, |app| {
    let (id, ada) = one_step(&app, "contact.delete", json!({})).await;
    assert!(contacts::get(&app.cx(), ada).await.is_err());
    assert_eq!(read(&app, id).await.counts.active, 0);
});

on_each_db!(campaigns_hand_people_on, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let (prague, nobody) = (segment(&app, "Prague").await, segment(&app, "Nowhere").await);
    let next = campaign(&app, from(nobody), vec![tag("arrived", None, Timing::immediate())]).await;
    let first = campaign(
        &app,
        from(prague),
        vec![
            step("on", None, "contact.campaigns", json!({"add": [next], "remove_this": true}), Timing::immediate()),
            tag("never", Some(("on", None)), Timing::after(1, hg_core::campaigns::Unit::Days)),
        ],
    )
    .await;
    app.play_until(app.now().plus(Millis::days(2))).await;
    assert_eq!(tags(&app, ada).await, ["arrived"]);
    assert_eq!((read(&app, first).await.counts.active, read(&app, next).await.counts.active), (0, 1));
});

// campaigns.md §9, vector 19.
on_each_db!(a_jump_goes_on_in_a_new_round, |app| {
    app.clock.set(t("2025-04-01T08:00:00Z"));
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let hours = |n| Timing::after(n, hg_core::campaigns::Unit::Hours);
    let id = campaign(
        &app,
        from(prague),
        vec![
            step("points", None, "contact.points", json!({"points": 1}), hours(2)),
            step("again", Some(("points", None)), "flow.jump", json!({"to": "points"}), Timing::immediate()),
        ],
    )
    .await;
    app.play_until(t("2025-04-01T10:00:00Z")).await;
    assert_eq!(due(&app, id, ada).await, [("points".to_owned(), Some(t("2025-04-01T12:00:00Z")))]);
    assert_eq!(campaigns::progress(&app.cx(), id, ada).await.unwrap().person.rotation, 2);
    app.play_until(t("2025-04-01T14:00:00Z")).await;
    assert_eq!(contacts::get(&app.cx(), ada).await.unwrap().points, 3);
});

on_each_db!(the_team_is_told_about_the_contact, |app| {
    let mail = app.email(email("News", "About {contactfield=firstname}")).await;
    let settings = json!({"email_id": mail, "owner": false, "to": ["desk@example.org", "{contactfield=city}"]});
    one_step(&app, "team.email", settings).await;
    let caught = app.caught().await;
    assert_eq!(caught.len(), 1, "a token that is no address is left out");
    assert!(String::from_utf8_lossy(&caught[0].bytes).contains("desk@example.org"));
});

/// Answers what it was told to, and remembers what it was asked.
struct Server {
    answers: Mutex<Vec<u16>>,
    asked: Mutex<Vec<Ask>>,
}

#[async_trait]
impl Web for Server {
    async fn ask(&self, ask: Ask) -> Result<Told, Unanswered> {
        self.asked.lock().unwrap().push(ask);
        let mut answers = self.answers.lock().unwrap();
        let status = if answers.len() > 1 { answers.remove(0) } else { answers[0] };
        Ok(Told { status, body: b"Busy".to_vec(), ..Told::default() })
    }

    async fn fetch(&self, ask: Ask, _to: &std::path::Path) -> Result<Told, Unanswered> {
        self.ask(ask).await
    }
}

fn server(app: &TestApp, answers: &[u16]) -> Arc<Server> {
    let server = Arc::new(Server { answers: Mutex::new(answers.to_vec()), asked: Mutex::new(Vec::new()) });
    app.ws.set_part(Arc::new(Outgoing(server.clone())));
    server
}

on_each_db!(a_webhook_carries_the_values_of_the_contact, |app| {
    let server = server(&app, &[200]);
    let call = json!({
        "url": "https://x.io/hook?who={contactfield=email}", "method": "post",
        "headers": [{"name": "X-City", "value": "{contactfield=city}"}], "data": [{"name": "name", "value": "{contactfield=firstname} & co"}],
    });
    let (id, ada) = one_step(&app, "web.call", call).await;
    let asked = server.asked.lock().unwrap().remove(0);
    assert_eq!(asked.url, "https://x.io/hook?who=ada%40example.org");
    assert_eq!(String::from_utf8(asked.body).unwrap(), "name=Ada+%26+co");
    assert!(asked.headers.contains(&("X-City".to_owned(), "Prague".to_owned())), "{:?}", asked.headers);
    assert_eq!(history(&app, id, ada).await[0].1, "done");
});

// campaigns.md §9, vector 16, for a call: 1 h, then 2 h; what follows counts from the success.
on_each_db!(a_call_that_fails_is_tried_again_with_growing_pauses, |app| {
    app.clock.set(t("2025-04-01T10:00:00Z"));
    let server = server(&app, &[503, 503, 200]);
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let id = campaign(
        &app,
        from(prague),
        vec![
            step(
                "call",
                None,
                "team.slack",
                json!({"url": "https://x.io", "text": "{contactfield=firstname}!"}),
                Timing::immediate(),
            ),
            tag("after", Some(("call", None)), Timing::after(1, hg_core::campaigns::Unit::Days)),
        ],
    )
    .await;
    assert_eq!(due(&app, id, ada).await[0].1, Some(t("2025-04-01T11:00:00Z")));
    assert_eq!(read(&app, id).await.step_counts[0].failing, 1);
    app.play_until(t("2025-04-01T11:00:00Z")).await;
    assert_eq!(due(&app, id, ada).await[0].1, Some(t("2025-04-01T13:00:00Z")));
    app.play_until(t("2025-04-01T13:00:00Z")).await;
    assert_eq!(due(&app, id, ada).await, [("after".to_owned(), Some(t("2025-04-02T13:00:00Z")))]);
    assert_eq!(read(&app, id).await.step_counts[0].failing, 0);
    let bodies: Vec<Vec<u8>> = server.asked.lock().unwrap().iter().map(|a| a.body.clone()).collect();
    assert_eq!(bodies[2], br#"{"text":"Ada!"}"#);
});

on_each_db!(what_was_given_up_is_tried_again_or_passed_by_hand, |app| {
    let server = server(&app, &[500]);
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let bo = person(&app, "Bo", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let call = json!({"url": "https://x.io", "method": "get"});
    let steps =
        vec![step("call", None, "web.call", call, Timing::immediate()), tag("after", Some(("call", None)), Timing::immediate())];
    let id = campaign(&app, from(prague), steps).await;
    app.play_until(app.now().plus(Millis::days(10))).await;
    let counts = read(&app, id).await.step_counts[0];
    assert_eq!((counts.failed, counts.failing, counts.waiting), (2, 0, 0));
    assert_eq!(server.asked.lock().unwrap().len(), 20, "ten tries each");
    assert_eq!(campaigns::take_up(&app.cx(), id, "call".into(), Some(ada), Again::Skip).await.unwrap(), 1);
    *server.answers.lock().unwrap() = vec![200];
    assert_eq!(campaigns::take_up(&app.cx(), id, "call".into(), None, Again::Retry).await.unwrap(), 1);
    app.settle().await;
    assert_eq!((tags(&app, ada).await, tags(&app, bo).await), (vec!["after".to_owned()], vec!["after".to_owned()]));
    let counts = read(&app, id).await.step_counts[0];
    assert_eq!((counts.done, counts.failed, counts.failing), (2, 0, 0));
});

on_each_db!(a_step_at_which_most_fail_pauses_by_itself_and_goes_on_when_resumed, |app| {
    let server = server(&app, &[500]);
    for n in 0..25 {
        person(&app, &format!("P{n}"), json!({"city": "Prague"})).await;
    }
    let prague = segment(&app, "Prague").await;
    let call = json!({"url": "https://x.io", "method": "get"});
    // Whose campaign it is; the step breaks before the test can say so.
    let (maker, vera) = app.user("vera@example.org", hg_app::Role::Administrator).await;
    let steps = vec![step("call", None, "web.call", call, Timing::immediate())];
    let id = campaign_of(&app, &vera, from(prague), steps).await;
    assert_eq!(read(&app, id).await.created_by, Some(maker.id.0));
    let found = read(&app, id).await;
    assert_eq!(found.pauses.len(), 1, "{:?}", found.step_counts);
    let asked = server.asked.lock().unwrap().len();
    app.play_until(app.now().plus(Millis::days(1))).await;
    assert_eq!(server.asked.lock().unwrap().len(), asked, "nobody passes a paused step");
    *server.answers.lock().unwrap() = vec![200];
    campaigns::pause_step(&app.cx(), id, "call".into(), false).await.unwrap();
    app.play_until(app.now().plus(Millis::days(1))).await;
    let counts = read(&app, id).await.step_counts[0];
    assert_eq!((counts.done, counts.failing), (25, 0));
    let told = hg_app::notices::list(&vera, hg_app::list::ListQuery::default()).await.unwrap();
    let told: Vec<(&str, &str)> = told.page.items.iter().map(|n| (n.kind.as_str(), n.tone.as_str())).collect();
    assert_eq!(told, [("campaign.step-paused", "bad")], "whoever made the campaign heard of it once");
});

on_each_db!(conditions_look_at_the_contact, |app| {
    let (owner, _) = app.user("owner@example.org", Role::Administrator).await;
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let ws = app.ws.clone();
    let (now, form) = (app.now(), 1i64);
    app.ws
        .db
        .write(move |tx| {
            contacts::change_tags(&ws, tx, ada, &["Coffee".to_owned()], &[])?;
            contacts::change_points(&ws, tx, ada, 7, "test")?;
            tx.exec(Sql::new("UPDATE contacts SET owner_id = $2 WHERE id = $1").bind(ada).bind(owner.id))?;
            tx.exec(Sql::new("INSERT INTO forms (created_at, updated_at, name, alias, fields, actions) VALUES (0, 0, 'Q', 'q', '[]', '[]')"))?;
            let sql = "INSERT INTO submissions (form_id, contact_id, submitted_at, answers) VALUES ($1, $2, $3, $4)";
            tx.exec(Sql::new(sql).bind(form).bind(ada).bind(now).bind(json!({"size": "L|XL"})))?;
            let sql = "INSERT INTO devices (tracking_id, contact_id, kind, os, brand, created_at, seen_at) VALUES ('d', $1, 'smartphone', 'iOS', 'Apple', 0, 0)";
            tx.exec(Sql::new(sql).bind(ada))?;
            let url: i64 = tx.scalar("INSERT INTO urls (url) VALUES ('https://x.io/pricing') RETURNING id")?;
            changes::record(tx, Happening::new(ada, EventKind::PageHit, now).url(url).detail(json!({"url": "https://x.io/pricing"})))
        })
        .await
        .unwrap();
    app.block(ada, 2).await;
    app.settle().await;
    let rule =
        |field: &str, op: &str, value: Value| json!({"match": "all", "rules": [{"field": field, "op": op, "value": value}]});
    for (kind, settings, expected) in [
        ("contact.has_tags", json!({"tags": ["coffee"]}), "yes"),
        ("contact.has_tags", json!({"tags": ["tea"]}), "no"),
        ("contact.in_segments", json!({"segments": [prague]}), "yes"),
        ("contact.points_are", json!({"op": "gt", "points": 6}), "yes"),
        ("contact.points_are", json!({"op": "gt", "points": 7}), "no"),
        ("contact.owned_by", json!({"owners": [owner.id]}), "yes"),
        ("contact.blocked", json!({"channels": ["email"], "reason": 2}), "yes"),
        ("contact.blocked", json!({"channels": ["email"], "reason": 1}), "no"),
        ("contact.device", json!({"types": ["smartphone"], "brands": ["Apple"]}), "yes"),
        ("contact.device", json!({"types": ["smartphone"], "brands": ["Samsung"]}), "no"),
        ("contact.visited", json!({"url": "*/pricing"}), "yes"),
        ("contact.visited", json!({"url": "*/blog"}), "no"),
        ("contact.visited", json!({"url": "*/pricing", "to": "2001-01-01T00:00:00Z"}), "no"),
        ("form.answer", json!({"form_id": form, "field": "size", "op": "=", "value": "xl"}), "yes"),
        ("form.answer", json!({"form_id": form, "field": "size", "op": "=", "value": "S"}), "no"),
        ("email.valid", json!({}), "yes"),
        ("contact.filter", json!({"filter": rule("city", "=", json!("Prague"))}), "yes"),
        ("contact.filter", json!({"filter": rule("city", "=", json!("Brno"))}), "no"),
        ("flow.split", json!({"percent": 100}), "yes"),
        ("flow.split", json!({"percent": 0}), "no"),
        ("flow.holdout", json!({"percent": 0}), "yes"),
        ("flow.holdout", json!({"percent": 100}), "no"),
    ] {
        assert_eq!(answer(&app, ada, kind, settings.clone()).await, expected, "{kind} {settings}");
    }
});

on_each_db!(the_history_of_a_condition_tells_what_was_found, |app| {
    let rules = json!({"match": "all", "rules": [{"field": "city", "op": "=", "value": "Brno"}]});
    let (id, ada) = one_step(&app, "contact.filter", json!({ "filter": rules })).await;
    let told = history(&app, id, ada).await.remove(0).2;
    assert!(told.starts_with('✗') && told.contains("Prague"), "{told}");
    let tagged = campaign(
        &app,
        vec![hg_core::campaigns::Source { kind: hg_core::campaigns::SourceKind::Segment, id: segment(&app, "Nowhere").await.0 }],
        vec![step("one", None, "contact.has_tags", json!({"tags": ["a"]}), Timing::immediate())],
    )
    .await;
    campaigns::change_people(&app.cx(), tagged, vec![ada], vec![]).await.unwrap();
    app.settle().await;
    assert_eq!(history(&app, tagged, ada).await[0].2, "✗ Has any of the tags a: none");
});

on_each_db!(a_contact_waits_until_she_matches, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let filter = json!({"match": "all", "rules": [{"field": "firstname", "op": "=", "value": "Adelaide"}]});
    let id = campaign(
        &app,
        from(prague),
        vec![
            step("until", None, "contact.becomes", json!({ "filter": filter }), Timing::immediate()),
            tag("renamed", Some(("until", YES)), Timing::immediate()),
            tag("in vain", Some(("until", NO)), Timing::after(5, hg_core::campaigns::Unit::Days)),
        ],
    )
    .await;
    let rename =
        |name: &str| contacts::ContactInput { fields: [("firstname".to_owned(), json!(name))].into(), ..Default::default() };
    contacts::update(&app.cx(), ada, rename("Adele"), false).await.unwrap();
    app.settle().await;
    assert_eq!(tags(&app, ada).await, [""; 0]);
    contacts::update(&app.cx(), ada, rename("Adelaide"), false).await.unwrap();
    app.settle().await;
    assert_eq!(tags(&app, ada).await, ["renamed"]);
    app.play_until(app.now().plus(Millis::days(6))).await;
    assert_eq!(tags(&app, ada).await, ["renamed"]);
    assert_eq!(read(&app, id).await.step_counts[0].yes, 1);
});

on_each_db!(an_answer_to_the_mail_is_heard, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let mail = app.email(email("Invitation", "Hello")).await;
    campaign(
        &app,
        from(prague),
        vec![
            step("send", None, "email.send", json!({"email_id": mail}), Timing::immediate()),
            step("reply", Some(("send", None)), "email.reply", json!({}), Timing::immediate()),
            tag("talks", Some(("reply", YES)), Timing::immediate()),
        ],
    )
    .await;
    let send = app.sends(ada).await.remove(0).id;
    let now = app.now();
    let answered = Happening::new(ada, EventKind::EmailReplied, now).object(mail.0).reference(send.0);
    app.ws.db.write(move |tx| changes::record(tx, answered.clone())).await.unwrap();
    app.settle().await;
    assert_eq!(tags(&app, ada).await, ["talks"]);
});

on_each_db!(a_campaign_comes_back_from_its_file_and_finds_what_it_uses_by_name, |app| {
    let prague = segment(&app, "Prague").await;
    let mail = app.email(email("Invitation", "Hello")).await;
    let steps = vec![
        step("send", None, "email.send", json!({"email_id": mail}), Timing::immediate()),
        step("open", Some(("send", None)), "email.open", json!({}), Timing::immediate()),
        step(
            "vip",
            Some(("open", NO)),
            "contact.segments",
            json!({"add": [prague]}),
            Timing::after(2, hg_core::campaigns::Unit::Days),
        ),
    ];
    let id = campaign(&app, from(prague), steps).await;
    let mut file = campaigns::export(&app.cx(), id).await.unwrap();
    let back = campaigns::import(&app.cx(), file.clone()).await.unwrap();
    let (mut before, mut after) = (read(&app, id).await.plan, back.campaign.plan);
    for step in before.steps.iter_mut().chain(&mut after.steps) {
        step.id = hg_core::ids::StepId(0);
    }
    assert_eq!((after, back.missing.len(), back.campaign.sources.len()), (before, 0, 1));
    // The email has another id in another workspace.
    file["things"][0]["id"] = json!(77);
    file["steps"][0]["settings"]["email_id"] = json!(77);
    let moved = campaigns::import(&app.cx(), file.clone()).await.unwrap();
    assert_eq!(moved.campaign.plan.steps[0].what.needs(), [hg_core::campaigns::Needs::Email(mail.0)]);
    file["things"][0]["name"] = json!("Nobody has this");
    let lost = campaigns::import(&app.cx(), file).await.unwrap();
    assert_eq!(lost.campaign.problems[0].code, "step.email");
    assert!(lost.missing[0].contains("Nobody has this"), "{:?}", lost.missing);
    let refused = campaigns::import(&app.cx(), json!({"honeyguide": "campaign"})).await.unwrap_err();
    assert_eq!(refused.code, "invalid");
});

on_each_db!(ids_inside_of_a_filter_become_those_of_this_workspace_when_a_file_comes_in, |app| {
    let (prague, brno) = (segment(&app, "Prague").await, segment(&app, "Brno").await);
    let red = tag_id(&app, "red").await;
    let filter = |segment: hg_core::ids::SegmentId, tag: i64| {
        json!({"match": "all", "rules": [
            {"field": "segments", "op": "in", "value": [segment]},
            {"match": "any", "rules": [{"field": "tags", "op": "in", "value": [tag]}]},
        ]})
    };
    let look = step("look", None, "contact.filter", json!({"filter": filter(prague, red)}), Timing::immediate());
    let id = campaign(&app, from(brno), vec![look]).await;
    let mut file = campaigns::export(&app.cx(), id).await.unwrap();
    // Elsewhere they have other numbers.
    file["steps"][0]["settings"]["filter"] = filter(hg_core::ids::SegmentId(prague.0 + 900), red + 900);
    for thing in file["things"].as_array_mut().unwrap() {
        if thing["name"] == "In Prague" || thing["name"] == "red" {
            thing["id"] = json!(thing["id"].as_i64().unwrap() + 900);
        }
    }
    let moved = campaigns::import(&app.cx(), file).await.unwrap();
    assert_eq!(moved.missing, Vec::<String>::new());
    assert_eq!(moved.campaign.plan.steps[0].what.write()["filter"], filter(prague, red));
});

on_each_db!(a_segment_knows_the_campaigns_whose_steps_ask_about_it, |app| {
    let (prague, brno) = (segment(&app, "Prague").await, segment(&app, "Brno").await);
    let ask = json!({"filter": {"match": "all", "rules": [{"field": "segments", "op": "in", "value": [prague]}]}});
    let id = campaign(&app, from(brno), vec![step("look", None, "contact.filter", ask, Timing::immediate())]).await;
    for asked in [prague, brno] {
        let (_, used_by) = segments::get(&app.cx(), asked).await.unwrap();
        let used_by: Vec<_> = used_by.into_iter().map(|u| (u.kind, u.id)).collect();
        assert_eq!(used_by, [("campaign", id.0)]);
    }
});

async fn tag_id(app: &TestApp, name: &str) -> i64 {
    let new = hg_app::tags::NewTag { name: name.into(), ..Default::default() };
    hg_app::tags::create(&app.cx(), new).await.unwrap().0.id.0
}
