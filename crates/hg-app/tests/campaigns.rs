//! What campaigns promise, on both databases.

mod flow;
mod mail;

use std::collections::BTreeMap;

use flow::*;
use hg_app::campaigns::{self, CampaignPatch, NewCampaign, State};
use hg_app::changes::{self, Happening};
use hg_app::contacts::{self, ContactInput};
use hg_app::sending::responses;
use hg_core::campaigns::{IfPast, Source, SourceKind, Timing, Unit};
use hg_core::events::EventKind;
use hg_core::ids::{ContactId, EmailId};
use hg_core::time::Millis;
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};
use serde_json::json;

async fn submit(app: &TestApp, contact: ContactId, form: i64) {
    let now = app.now();
    app.ws
        .db
        .write(move |tx| changes::record(tx, Happening::new(contact, EventKind::FormSubmitted, now).object(form).reference(1)))
        .await
        .unwrap();
    app.settle().await;
}

async fn form(app: &TestApp) -> i64 {
    app.ws
        .db
        .write(|tx| {
            Ok::<_, hg_app::Error>(tx.scalar(Sql::new(
                "INSERT INTO forms (created_at, updated_at, name, alias, fields, actions) VALUES (0, 0, 'Question', 'q', '[]', '[]') RETURNING id",
            ))?)
        })
        .await
        .unwrap()
}

async fn open(app: &TestApp, contact: ContactId) {
    let send = app.sends(contact).await.remove(0).id;
    responses::opened(&app.cx(), send, false).await.unwrap();
    app.settle().await;
}

on_each_db!(who_joins_the_segment_enters_and_the_first_step_runs_at_once, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let id = campaign(&app, from(prague), vec![tag("hello", None, Timing::immediate())]).await;
    assert_eq!(tags(&app, ada).await, ["hello"], "who was in the segment when the campaign was published");
    let bo = person(&app, "Bo", json!({"city": "Prague"})).await;
    let eve = person(&app, "Eve", json!({"city": "Brno"})).await;
    app.settle().await;
    assert_eq!((tags(&app, bo).await, tags(&app, eve).await), (vec!["hello".to_owned()], vec![]));
    assert_eq!(at(&app, id, "hello").await, (2, 0));
    assert_eq!((read(&app, id).await.counts.members, read(&app, id).await.counts.finished), (2, 2));
});

on_each_db!(who_leaves_the_segment_leaves_and_what_was_to_come_is_cancelled, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let id = campaign(&app, from(prague), vec![tag("later", None, Timing::after(1, Unit::Days))]).await;
    assert_eq!(due(&app, id, ada).await, [("later".to_owned(), Some(app.now().plus(Millis::days(1))))]);
    let moved = ContactInput { fields: BTreeMap::from([("city".into(), json!("Brno"))]), ..ContactInput::default() };
    contacts::update(&app.cx(), ada, moved, false).await.unwrap();
    app.settle().await;
    assert_eq!(due(&app, id, ada).await, []);
    app.play_until(app.now().plus(Millis::days(2))).await;
    assert_eq!(tags(&app, ada).await, [""; 0]);
    assert_eq!(campaigns::progress(&app.cx(), id, ada).await.unwrap().person.state, "left");
});

// campaigns.md §9, vector 14.
on_each_db!(each_step_on_a_no_path_counts_from_when_the_waiting_began, |app| {
    app.clock.set(t("2025-04-01T10:00:00Z"));
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let mail = app.email(email("Invitation", "Hello")).await;
    let id = campaign(
        &app,
        from(prague),
        vec![
            step("send", None, "email.send", json!({"email_id": mail}), Timing::immediate()),
            step("opened", Some(("send", None)), "email.open", json!({}), Timing::immediate()),
            tag("a", Some(("opened", NO)), Timing::after(1, Unit::Days)),
            tag("b", Some(("opened", NO)), Timing::after(3, Unit::Days)),
            tag("never", Some(("opened", YES)), Timing::immediate()),
        ],
    )
    .await;
    assert_eq!(due(&app, id, ada).await, [("opened".to_owned(), Some(t("2025-04-02T10:00:00Z")))]);
    app.play_until(t("2025-04-02T10:00:00Z")).await;
    assert_eq!(tags(&app, ada).await, ["a"]);
    assert_eq!(due(&app, id, ada).await, [("b".to_owned(), Some(t("2025-04-04T10:00:00Z")))]);
    app.clock.set(t("2025-04-03T10:00:00Z"));
    open(&app, ada).await;
    assert_eq!(tags(&app, ada).await, ["a"], "an open after the no path was taken is ignored");
    app.play_until(t("2025-04-04T10:00:00Z")).await;
    assert_eq!(tags(&app, ada).await, ["a", "b"]);
});

on_each_db!(an_open_in_time_takes_the_yes_path_once, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let mail = app.email(email("Invitation", "Hello")).await;
    let id = campaign(
        &app,
        from(prague),
        vec![
            step("send", None, "email.send", json!({"email_id": mail}), Timing::immediate()),
            step("opened", Some(("send", None)), "email.open", json!({}), Timing::immediate()),
            step("points", Some(("opened", YES)), "contact.points", json!({"points": 5}), Timing::immediate()),
            tag("no", Some(("opened", NO)), Timing::after(1, Unit::Days)),
        ],
    )
    .await;
    open(&app, ada).await;
    open(&app, ada).await;
    app.play_until(app.now().plus(Millis::days(3))).await;
    assert_eq!(contacts::get(&app.cx(), ada).await.unwrap().points, 5);
    assert_eq!(tags(&app, ada).await, [""; 0]);
    let c = read(&app, id).await;
    assert_eq!((c.step_counts[1].yes, c.step_counts[1].no, c.step_counts[1].waiting), (1, 0, 0));
});

on_each_db!(a_mail_goes_out_once_for_a_contact_and_a_rotation, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let mail = app.email(email("Invitation", "Hello")).await;
    let id = campaign(&app, from(prague), vec![step("send", None, "email.send", json!({"email_id": mail}), Timing::immediate())])
        .await;
    campaigns::pause(&app.cx(), id).await.unwrap();
    campaigns::publish(&app.cx(), id).await.unwrap();
    app.settle().await;
    assert_eq!(app.caught().await.len(), 1);
    assert_eq!(app.sends(ada).await.len(), 1);
});

on_each_db!(a_step_waits_for_its_mail_to_leave_and_passes_with_a_warning_when_it_may_not, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    app.block(ada, 1).await;
    let prague = segment(&app, "Prague").await;
    let mail = app.email(email("Invitation", "Hello")).await;
    let id = campaign(
        &app,
        from(prague),
        vec![
            step("send", None, "email.send", json!({"email_id": mail}), Timing::immediate()),
            tag("after", Some(("send", None)), Timing::immediate()),
        ],
    )
    .await;
    assert_eq!(app.caught().await.len(), 0);
    assert_eq!(tags(&app, ada).await, ["after"]);
    let progress = campaigns::progress(&app.cx(), id, ada).await.unwrap();
    assert_eq!((progress.history[0].state, progress.history[0].detail.is_some()), ("warning", true));
});

on_each_db!(a_condition_takes_the_path_that_the_contact_answers, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague", "country": "Germany"})).await;
    let bo = person(&app, "Bo", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    campaign(
        &app,
        from(prague),
        vec![
            step(
                "german",
                None,
                "contact.field",
                json!({"field": "country", "op": "=", "value": "Germany"}),
                Timing::immediate(),
            ),
            tag("ja", Some(("german", YES)), Timing::immediate()),
            tag("nein", Some(("german", NO)), Timing::immediate()),
        ],
    )
    .await;
    assert_eq!((tags(&app, ada).await, tags(&app, bo).await), (vec!["ja".to_owned()], vec!["nein".to_owned()]));
});

on_each_db!(a_form_lets_in_once_or_again_where_restart_is_allowed, |app| {
    let question = form(&app).await;
    let source = vec![Source { kind: SourceKind::Form, id: question }];
    let points = || step("points", None, "contact.points", json!({"points": 10}), Timing::immediate());
    let once = campaign(&app, source.clone(), vec![points()]).await;
    let ada = person(&app, "Ada", json!({})).await;
    submit(&app, ada, question).await;
    submit(&app, ada, question).await;
    assert_eq!(contacts::get(&app.cx(), ada).await.unwrap().points, 10);
    let patch = CampaignPatch { allow_restart: Some(true), ..CampaignPatch::default() };
    campaigns::update(&app.cx(), once, patch).await.unwrap();
    submit(&app, ada, question).await;
    assert_eq!(contacts::get(&app.cx(), ada).await.unwrap().points, 20);
    assert_eq!(campaigns::progress(&app.cx(), once, ada).await.unwrap().person.rotation, 2);
});

on_each_db!(a_decision_hears_the_form_and_the_page_it_waits_for_and_no_other, |app| {
    let (question, other) = (form(&app).await, form(&app).await);
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    campaign(
        &app,
        from(prague),
        vec![
            step("asks", None, "form.submit", json!({"forms": [question]}), Timing::immediate()),
            tag("asked", Some(("asks", YES)), Timing::immediate()),
            step("visits", None, "page.visit", json!({"url": "*/pricing"}), Timing::immediate()),
            tag("visited", Some(("visits", YES)), Timing::immediate()),
        ],
    )
    .await;
    submit(&app, ada, other).await;
    let hit = |url: &'static str| {
        let now = app.now();
        app.ws.db.write(move |tx| changes::record(tx, Happening::new(ada, EventKind::PageHit, now).detail(json!({ "url": url }))))
    };
    hit("https://x.io/about").await.unwrap();
    app.settle().await;
    assert_eq!(tags(&app, ada).await, [""; 0]);
    submit(&app, ada, question).await;
    hit("https://x.io/pricing?a=1").await.unwrap();
    app.settle().await;
    assert_eq!(tags(&app, ada).await, ["asked", "visited"]);
});

// campaigns.md §9, vector 17 (count_all_time).
on_each_db!(while_paused_nothing_runs_and_what_was_due_runs_when_published_again, |app| {
    app.clock.set(t("2025-10-02T10:00:00Z"));
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let id = campaign(&app, from(prague), vec![tag("later", None, Timing::after(10, Unit::Days))]).await;
    app.clock.set(t("2025-10-05T10:00:00Z"));
    campaigns::pause(&app.cx(), id).await.unwrap();
    app.play_until(t("2025-10-20T10:00:00Z")).await;
    assert_eq!(tags(&app, ada).await, [""; 0]);
    campaigns::publish(&app.cx(), id).await.unwrap();
    app.settle().await;
    assert_eq!(tags(&app, ada).await, ["later"]);
});

// campaigns.md §9, vector 18 (keep).
on_each_db!(a_changed_interval_does_not_move_what_is_planned_already, |app| {
    app.clock.set(t("2025-04-01T10:00:00Z"));
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let id = campaign(&app, from(prague), vec![tag("later", None, Timing::after(1, Unit::Days))]).await;
    app.clock.set(t("2025-04-01T15:00:00Z"));
    let patch = CampaignPatch { steps: Some(vec![tag("later", None, Timing::after(3, Unit::Days))]), ..CampaignPatch::default() };
    campaigns::update(&app.cx(), id, patch).await.unwrap();
    app.settle().await;
    assert_eq!(due(&app, id, ada).await, [("later".to_owned(), Some(t("2025-04-02T10:00:00Z")))]);
});

on_each_db!(a_date_that_has_passed_runs_at_once_or_is_left_out_as_the_step_says, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let past = app.now().minus(Millis::days(1));
    let id = campaign(
        &app,
        from(prague),
        vec![
            tag("run", None, Timing::on(past, IfPast::Run)),
            tag("skip", None, Timing::on(past, IfPast::Skip)),
            tag("next", Some(("skip", None)), Timing::immediate()),
        ],
    )
    .await;
    assert_eq!(tags(&app, ada).await, ["next", "run"]);
    let history = campaigns::progress(&app.cx(), id, ada).await.unwrap().history;
    let skipped = history.iter().find(|h| h.step_key == "skip").unwrap();
    assert!(skipped.detail.as_deref().unwrap().contains("had passed"), "{skipped:?}");
});

on_each_db!(a_deleted_step_cancels_what_waits_there_and_keeps_its_history, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let steps = vec![tag("first", None, Timing::immediate()), tag("later", Some(("first", None)), Timing::after(1, Unit::Days))];
    let id = campaign(&app, from(prague), steps).await;
    let patch = CampaignPatch { steps: Some(vec![tag("first", None, Timing::immediate())]), ..CampaignPatch::default() };
    campaigns::update(&app.cx(), id, patch).await.unwrap();
    app.play_until(app.now().plus(Millis::days(3))).await;
    assert_eq!(tags(&app, ada).await, ["first"]);
    let history = campaigns::progress(&app.cx(), id, ada).await.unwrap().history;
    assert_eq!(
        history.iter().map(|h| (h.step_key.as_str(), h.state)).collect::<Vec<_>>(),
        [("first", "done"), ("later", "cancelled")]
    );
});

on_each_db!(somebody_removed_by_hand_stays_out_until_a_hand_brings_them_back, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let id = campaign(&app, from(prague), vec![tag("hello", None, Timing::after(1, Unit::Hours))]).await;
    campaigns::change_people(&app.cx(), id, vec![], vec![ada]).await.unwrap();
    campaigns::pause(&app.cx(), id).await.unwrap();
    campaigns::publish(&app.cx(), id).await.unwrap();
    app.play_until(app.now().plus(Millis::days(1))).await;
    assert_eq!(tags(&app, ada).await, [""; 0]);
    campaigns::change_people(&app.cx(), id, vec![ada], vec![]).await.unwrap();
    app.play_until(app.now().plus(Millis::days(1))).await;
    assert_eq!(tags(&app, ada).await, ["hello"]);
});

on_each_db!(a_deleted_contact_takes_no_further_step, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let mail = app.email(email("Late", "Hello")).await;
    let id = campaign(
        &app,
        from(prague),
        vec![step("send", None, "email.send", json!({"email_id": mail}), Timing::after(1, Unit::Days))],
    )
    .await;
    contacts::delete(&app.cx(), ada).await.unwrap();
    app.play_until(app.now().plus(Millis::days(3))).await;
    assert_eq!(app.caught().await.len(), 0);
    assert_eq!(read(&app, id).await.counts.active, 0);
});

on_each_db!(an_unfinished_campaign_is_saved_but_not_started_and_says_what_is_missing, |app| {
    let steps = vec![
        step("send", None, "email.send", json!({"email_id": 99}), Timing::immediate()),
        tag("lost", Some(("gone", None)), Timing::immediate()),
        step("odd", None, "contact.field", json!({"field": "nosuchfield", "op": "=", "value": "x"}), Timing::immediate()),
    ];
    let new = NewCampaign { name: "Draft".into(), steps, ..NewCampaign::default() };
    let draft = campaigns::create(&app.cx(), new).await.unwrap();
    let codes: Vec<&str> = draft.problems.iter().map(|p| p.code).collect();
    assert_eq!(codes, ["campaign.no-source", "step.missing", "step.unconnected", "step.condition"]);
    let refused = campaigns::publish(&app.cx(), draft.id).await.unwrap_err();
    assert_eq!((refused.code.as_ref(), refused.fields.len()), ("campaign.not-ready", 4));
    assert_eq!(read(&app, draft.id).await.state, State::Draft);
});

on_each_db!(an_email_deleted_since_is_named_and_its_step_passes_with_a_warning, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let mail: EmailId = app.email(email("Late", "Hello")).await;
    let steps = vec![
        step("send", None, "email.send", json!({"email_id": mail}), Timing::after(1, Unit::Days)),
        tag("after", Some(("send", None)), Timing::immediate()),
    ];
    let id = campaign(&app, from(prague), steps).await;
    hg_app::emails::delete(&app.cx(), mail).await.unwrap();
    assert_eq!(read(&app, id).await.problems[0].code, "step.missing");
    app.play_until(app.now().plus(Millis::days(2))).await;
    assert_eq!((app.caught().await.len(), tags(&app, ada).await), (0, vec!["after".to_owned()]));
});

on_each_db!(steps_that_cannot_run_are_refused_by_name, |app| {
    let new = |steps| NewCampaign { name: "X".into(), steps, ..NewCampaign::default() };
    let unknown =
        campaigns::create(&app.cx(), new(vec![step("a", None, "sms.send", json!({}), Timing::immediate())])).await.unwrap_err();
    assert!(unknown.detail.contains("sms.send"), "{unknown:?}");
    let twice = campaigns::create(&app.cx(), new(vec![tag("a", None, Timing::immediate()), tag("a", None, Timing::immediate())]))
        .await
        .unwrap_err();
    assert_eq!(twice.fields[0].pointer, "/steps/1");
});

on_each_db!(steps_follow_the_clock_of_the_contact, |app| {
    app.clock.set(t("2025-03-10T12:00:00Z"));
    let tokyo = person(&app, "Aiko", json!({"city": "Prague", "timezone": "Asia/Tokyo"})).await;
    let york = person(&app, "Bo", json!({"city": "Prague", "timezone": "America/New_York"})).await;
    let prague = segment(&app, "Prague").await;
    let nine = Timing { hour: Some("09:00".into()), ..Timing::after(1, Unit::Days) };
    let id = campaign(&app, from(prague), vec![tag("morning", None, nine)]).await;
    assert_eq!(due(&app, id, tokyo).await[0].1, Some(t("2025-03-12T00:00:00Z")));
    assert_eq!(due(&app, id, york).await[0].1, Some(t("2025-03-11T13:00:00Z")));
});
