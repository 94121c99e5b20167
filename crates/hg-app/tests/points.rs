//! Points: what earns them, what they set off, how they fade.

mod mail;

use std::collections::BTreeMap;

use hg_app::changes::{self, Happening};
use hg_app::contacts::{self, ContactInput, ContactQuery, PointsOperator};
use hg_app::list::ListQuery;
use hg_app::points::{
    self, ActionPatch, Given, NewAction, NewGroup, NewTrigger, PointAction, PointTrigger, TriggerEvent, TriggerPatch,
};
use hg_app::sending::outbox;
use hg_app::{ErrorKind, Role, segments};
use hg_core::events::EventKind;
use hg_core::ids::{ContactId, PointGroupId, TriggerEventId};
use hg_core::points::Decay;
use hg_core::publish::Window;
use hg_core::time::{Millis, Timestamp};
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use mail::Desk;
use serde_json::{Value, json};

async fn person(app: &TestApp, email: &str) -> ContactId {
    let fields: BTreeMap<String, Value> = [("email".to_owned(), json!(email))].into();
    contacts::create(&app.cx(), ContactInput { fields, ..ContactInput::default() }, false).await.unwrap().0.id
}

async fn action(app: &TestApp, kind: &str, settings: Value, delta: i64, repeatable: bool) -> PointAction {
    let new = NewAction { name: format!("For {kind}"), kind: kind.into(), settings, delta, repeatable, ..NewAction::default() };
    points::create_action(&app.cx(), new).await.unwrap()
}

fn event(kind: &str, settings: Value) -> TriggerEvent {
    TriggerEvent { id: TriggerEventId(0), kind: kind.into(), name: String::new(), description: None, settings }
}

async fn trigger(app: &TestApp, points: i64, events: Vec<TriggerEvent>) -> PointTrigger {
    let new = NewTrigger { name: format!("From {points}"), points, events, ..NewTrigger::default() };
    points::create_trigger(&app.cx(), new).await.unwrap()
}

/// Writes what happened as the tracking does, without a device: nobody doubts whose it was.
async fn happens(app: &TestApp, contact: ContactId, kind: EventKind, object: i64, url: &str) {
    let (now, url) = (app.now(), url.to_owned());
    app.ws
        .db
        .write(move |tx| {
            let mut happening = Happening::new(contact, kind, now).object(object);
            if !url.is_empty() {
                let id: i64 = tx.scalar(
                    Sql::new(
                        "INSERT INTO urls (url) VALUES ($1) ON CONFLICT (url) DO UPDATE SET url = excluded.url RETURNING id",
                    )
                    .bind(&url),
                )?;
                happening = happening.url(id).detail(json!({ "url": url }));
            }
            changes::record(tx, happening).map(|_| ())
        })
        .await
        .unwrap();
    app.settle().await;
}

async fn score(app: &TestApp, contact: ContactId) -> i64 {
    contacts::get(&app.cx(), contact).await.unwrap().points
}

async fn tags(app: &TestApp, contact: ContactId) -> Vec<String> {
    contacts::get(&app.cx(), contact).await.unwrap().tags.into_iter().map(|(_, name)| name).collect()
}

async fn give(app: &TestApp, contact: ContactId, group: Option<PointGroupId>, op: PointsOperator, by: i64) -> i64 {
    let after = points::change(&app.cx(), contact, group, op, by, Given::by("user", "By hand")).await.unwrap();
    app.settle().await;
    after
}

async fn found(app: &TestApp, filter: Value) -> Vec<ContactId> {
    let query = ContactQuery {
        list: ListQuery { sort: "id".into(), ..ListQuery::default() },
        filter: Some(filter),
        ..ContactQuery::default()
    };
    contacts::list(&app.cx(), query).await.unwrap().items.iter().map(|c| c.id).collect()
}

on_each_db!(what_people_do_earns_points_once_or_every_time, |app| {
    let ada = person(&app, "ada@example.org").await;
    let email = app.email(mail::email("Hello", "Hello")).await;
    action(&app, "email.open", json!({"emails": [email.0]}), 5, false).await;
    action(&app, "page.hit", json!({}), 2, true).await;
    action(&app, "form.submit", json!({"forms": [99]}), 100, true).await;
    for _ in 0..2 {
        happens(&app, ada, EventKind::EmailOpened, email.0, "").await;
        happens(&app, ada, EventKind::PageHit, 7, "https://x.io/ama").await;
    }
    happens(&app, ada, EventKind::EmailOpened, email.0 + 1, "").await;
    happens(&app, ada, EventKind::PageHit, 0, "https://elsewhere.org").await;
    happens(&app, ada, EventKind::FormSubmitted, 1, "").await;
    assert_eq!(score(&app, ada).await, 5 + 2 + 2);
    let lines = points::explain(&app.cx(), ada).await.unwrap();
    let told: Vec<(i64, i64)> = lines.iter().map(|l| (l.points, l.times)).collect();
    assert_eq!(told, [(5, 1), (4, 2)], "the sums are the score");
});

on_each_db!(a_rule_outside_its_window_or_switched_off_gives_nothing, |app| {
    let ada = person(&app, "ada@example.org").await;
    let rule = action(&app, "page.hit", json!({}), 3, true).await;
    let later = ActionPatch { publish_up: Some(Some(app.now().plus(Millis::hours(1)))), ..ActionPatch::default() };
    points::update_action(&app.cx(), rule.id, later).await.unwrap();
    happens(&app, ada, EventKind::PageHit, 7, "").await;
    assert_eq!(score(&app, ada).await, 0);
    app.advance(Millis::hours(1));
    happens(&app, ada, EventKind::PageHit, 7, "").await;
    assert_eq!(score(&app, ada).await, 3);
    points::update_action(&app.cx(), rule.id, ActionPatch { published: Some(false), ..ActionPatch::default() }).await.unwrap();
    happens(&app, ada, EventKind::PageHit, 7, "").await;
    points::delete_action(&app.cx(), rule.id).await.unwrap();
    points::restore_action(&app.cx(), rule.id).await.unwrap();
    assert_eq!(score(&app, ada).await, 3);
});

on_each_db!(addresses_are_judged_by_every_condition, |app| {
    let ada = person(&app, "ada@example.org").await;
    action(&app, "url.hit", json!({"page_url": "*/pricing", "page_hits": 2, "returns_after": 60}), 10, true).await;
    action(&app, "url.hit", json!({"page_url": "*/pricing", "first_time": true}), 1, true).await;
    let visit = || happens(&app, ada, EventKind::PageHit, 0, "https://x.io/pricing");
    visit().await;
    assert_eq!(score(&app, ada).await, 1, "the first visit");
    app.advance(Millis::seconds(30));
    visit().await;
    assert_eq!(score(&app, ada).await, 1, "back too soon");
    app.advance(Millis::seconds(60));
    visit().await;
    assert_eq!(score(&app, ada).await, 11);
});

on_each_db!(who_only_claims_to_be_somebody_earns_nothing, |app| {
    let ada = person(&app, "ada@example.org").await;
    action(&app, "page.hit", json!({}), 5, true).await;
    for (verified, expected) in [(false, 0), (true, 5)] {
        let now = app.now();
        app.ws
            .db
            .write(move |tx| {
                let device: i64 = tx.scalar(
                    Sql::new("INSERT INTO devices (tracking_id, contact_id, verified, created_at, seen_at) VALUES ($1, $2, $3, $4, $4) RETURNING id")
                        .bind(format!("device-{verified}"))
                        .bind(ada)
                        .bind(verified)
                        .bind(now),
                )?;
                let happening = Happening::new(ada, EventKind::PageHit, now).object(7).reference(device);
                changes::record(tx, happening).map(|_| ())
            })
            .await
            .unwrap();
        app.settle().await;
        assert_eq!(score(&app, ada).await, expected, "verified: {verified}");
    }
});

on_each_db!(a_trigger_fires_each_event_once_for_a_contact, |app| {
    let ada = person(&app, "ada@example.org").await;
    let segment = segments::create(&app.cx(), segments::NewSegment { name: "Hot".into(), ..Default::default() }).await.unwrap();
    let email = app.email(mail::email("You are hot", "Hot")).await;
    let hot = trigger(
        &app,
        10,
        vec![
            event("lead.changetags", json!({"add_tags": ["hot"]})),
            event("lead.changelists", json!({"addToLists": [segment.id.0]})),
            event("email.send", json!({"email": email.0})),
        ],
    )
    .await;
    assert_eq!(hot.events[0].name, "Modify contact's tags");
    give(&app, ada, None, PointsOperator::Plus, 9).await;
    assert_eq!(tags(&app, ada).await, [""; 0]);
    give(&app, ada, None, PointsOperator::Plus, 1).await;
    assert_eq!(tags(&app, ada).await, ["hot"]);
    assert_eq!(segments::memberships(&app.cx(), ada).await.unwrap()[0].name, "Hot");
    assert_eq!(app.caught().await.len(), 1);
    contacts::update(&app.cx(), ada, ContactInput { tags: vec!["-hot".into()], ..ContactInput::default() }, false).await.unwrap();
    give(&app, ada, None, PointsOperator::Minus, 5).await;
    give(&app, ada, None, PointsOperator::Plus, 50).await;
    assert_eq!((tags(&app, ada).await.len(), app.caught().await.len()), (0, 1), "each event once");
    let mut events = hot.events.clone();
    events.push(event("lead.changetags", json!({"add_tags": ["late"]})));
    points::update_trigger(&app.cx(), hot.id, TriggerPatch { events: Some(events), ..TriggerPatch::default() }).await.unwrap();
    give(&app, ada, None, PointsOperator::Plus, 1).await;
    assert_eq!((tags(&app, ada).await, app.caught().await.len()), (vec!["late".to_owned()], 1), "only the new one");
});

on_each_db!(triggers_look_at_new_contacts_and_back_when_asked, |app| {
    let old = person(&app, "old@example.org").await;
    give(&app, old, None, PointsOperator::Set, 30).await;
    trigger(&app, 0, vec![event("lead.changetags", json!({"add_tags": ["new"]}))]).await;
    let fresh = person(&app, "fresh@example.org").await;
    app.settle().await;
    assert_eq!((tags(&app, fresh).await, tags(&app, old).await.len()), (vec!["new".to_owned()], 0));
    let new = NewTrigger {
        name: "Warm".into(),
        points: 20,
        color: Some("#FF8800".into()),
        apply_existing: true,
        events: vec![event("lead.changetags", json!({"add_tags": ["warm"]}))],
        ..NewTrigger::default()
    };
    points::create_trigger(&app.cx(), new).await.unwrap();
    app.settle().await;
    assert_eq!((tags(&app, old).await, tags(&app, fresh).await), (vec!["warm".to_owned()], vec!["new".to_owned()]));
    let coloured = contacts::get(&app.cx(), old).await.unwrap().color;
    assert_eq!(coloured.as_deref(), Some("ff8800"), "the highest trigger reached");
});

on_each_db!(users_hear_of_a_contact_once, |app| {
    let (user, _) = app.user("sales@example.org", Role::Viewer).await;
    let ada = person(&app, "ada@example.org").await;
    let email = app.email(mail::email("A hot contact", "Hot")).await;
    let settings = json!({"useremail": {"email": email.0}, "user_id": [user.id.0], "to": "boss@example.org"});
    trigger(&app, 5, vec![event("email.send_to_user", settings)]).await;
    give(&app, ada, None, PointsOperator::Plus, 5).await;
    give(&app, ada, None, PointsOperator::Plus, 5).await;
    let caught = outbox::list(&app.cx(), ListQuery::default()).await.unwrap().items;
    let mut to: Vec<String> = caught.into_iter().map(|m| m.to).collect();
    to.sort();
    assert_eq!(to, ["boss@example.org", "sales@example.org"]);
});

on_each_db!(what_cannot_be_set_off_is_refused_by_its_name, |app| {
    let refused = |kind: &'static str, settings: Value| {
        let new = NewTrigger { name: "x".into(), events: vec![event(kind, settings)], ..NewTrigger::default() };
        let cx = app.cx();
        async move { points::create_trigger(&cx, new).await.unwrap_err() }
    };
    for (kind, settings, said) in [
        ("plugin.leadpush", json!({}), "plugin.leadpush"),
        ("shoe.size", json!({}), "shoe.size"),
        ("email.send", json!({}), "Choose the email"),
        ("email.send", json!({"email": 99}), "no email 99"),
        ("lead.changetags", json!({"add_tags": []}), "at least one tag"),
        ("email.send_to_user", json!({"to": "nobody"}), "not an email address"),
    ] {
        let error = refused(kind, settings).await;
        assert_eq!((error.kind, error.fields[0].pointer.as_str()), (ErrorKind::Invalid, "/events/0"));
        assert!(error.detail.contains(said), "{}", error.detail);
    }
    let asset = NewAction { name: "x".into(), kind: "asset.download".into(), delta: 1, ..NewAction::default() };
    let error = points::create_action(&app.cx(), asset).await.unwrap_err();
    assert!(error.detail.contains("asset.download") && error.kind == ErrorKind::Invalid, "{}", error.detail);
});

on_each_db!(groups_keep_scores_of_their_own_that_filters_see, |app| {
    let (ada, bo) = (person(&app, "ada@example.org").await, person(&app, "bo@example.org").await);
    let group = points::create_group(&app.cx(), NewGroup { name: "Interest".into(), ..NewGroup::default() }).await.unwrap();
    assert_eq!(give(&app, ada, Some(group.id), PointsOperator::Plus, 7).await, 7);
    assert_eq!(give(&app, ada, Some(group.id), PointsOperator::Times, 3).await, 21);
    assert_eq!(give(&app, ada, Some(group.id), PointsOperator::Set, 8).await, 8);
    assert_eq!(score(&app, ada).await, 0, "the main score is another");
    let name = format!("group_points_{}", group.id);
    let rule = |op: &str, value: Value| json!({"match": "all", "rules": [{"field": name, "op": op, "value": value}]});
    assert_eq!(found(&app, rule("gte", json!(8))).await, [ada]);
    assert_eq!(found(&app, rule("lt", json!(5))).await, [ContactId(0); 0], "no row is not zero");
    assert_eq!((found(&app, rule("empty", Value::Null)).await, found(&app, rule("!=", json!(3))).await.len()), (vec![bo], 2));
    let made = segments::create(
        &app.cx(),
        segments::NewSegment { name: "Keen".into(), filter: Some(rule("gt", json!(10))), ..Default::default() },
    )
    .await
    .unwrap();
    app.settle().await;
    give(&app, ada, Some(group.id), PointsOperator::Plus, 5).await;
    assert_eq!(segments::get(&app.cx(), made.id).await.unwrap().0.members, 1, "a change of the score moves her at once");
    let error = points::delete_group(&app.cx(), group.id).await.unwrap_err();
    assert!(error.kind == ErrorKind::Conflict && error.detail.contains("Keen"), "{}", error.detail);
    let loser = person(&app, "ada2@example.org").await;
    give(&app, loser, Some(group.id), PointsOperator::Plus, 2).await;
    let ws = app.ws.clone();
    app.ws.db.write(move |tx| contacts::merge(&ws, tx, loser, ada)).await.unwrap();
    assert_eq!(points::scores(&app.cx(), ada).await.unwrap()[0].score, 15, "merged scores add up");
    app.settle().await;
});

on_each_db!(scores_fade_day_by_day_and_nobody_fades_twice, |app| {
    let (ada, bo) = (person(&app, "ada@example.org").await, person(&app, "bo@example.org").await);
    give(&app, ada, None, PointsOperator::Set, 100).await;
    let group = points::create_group(&app.cx(), NewGroup { name: "Interest".into(), ..NewGroup::default() }).await.unwrap();
    give(&app, bo, Some(group.id), PointsOperator::Set, 12).await;
    let preview = points::preview_decay(&app.cx(), None, Decay::HalfLife { days: 10 }, 10).await.unwrap();
    assert_eq!((preview.points_now, preview.points_then, preview.sample[0].then), (100, 50, 50));
    assert_eq!(score(&app, ada).await, 100, "a preview changes nothing");
    points::set_decay(&app.cx(), None, Decay::HalfLife { days: 10 }, true).await.unwrap();
    points::set_decay(&app.cx(), Some(group.id), Decay::Inactive { days: 3, amount: 5 }, true).await.unwrap();
    let start = app.now();
    app.play_until(Timestamp(start.0 + Millis::days(10).0)).await;
    app.settle().await;
    assert_eq!(score(&app, ada).await, 50);
    assert_eq!(points::scores(&app.cx(), bo).await.unwrap()[0].score, 0);
    let rule = &points::decay_rules(&app.cx()).await.unwrap()[0];
    assert_eq!((rule.lost, rule.running), (50, false));
    let faded = points::explain(&app.cx(), ada).await.unwrap().into_iter().find(|l| l.kind == "decay").unwrap();
    assert_eq!((faded.points, faded.times), (-50, 10), "every loss is in the log");
    points::remove_decay(&app.cx(), None).await.unwrap();
    app.play_until(Timestamp(start.0 + Millis::days(20).0)).await;
    assert_eq!(score(&app, ada).await, 50);
    for wrong in [Decay::HalfLife { days: 0 }, Decay::Inactive { days: 5, amount: 0 }] {
        assert_eq!(points::set_decay(&app.cx(), None, wrong, true).await.unwrap_err().kind, ErrorKind::Invalid);
    }
});

on_each_db!(a_rule_can_be_tried_on_the_past_before_it_is_saved, |app| {
    let (ada, bo) = (person(&app, "ada@example.org").await, person(&app, "bo@example.org").await);
    for _ in 0..3 {
        happens(&app, ada, EventKind::PageHit, 7, "https://x.io/ama").await;
        app.advance(Millis::seconds(1));
    }
    happens(&app, bo, EventKind::PageHit, 8, "https://x.io/ama").await;
    app.advance(Millis::days(31));
    happens(&app, bo, EventKind::PageHit, 7, "https://x.io/ama").await;
    let rule = |repeatable| NewAction {
        name: "Tried".into(),
        kind: "page.hit".into(),
        settings: json!({"pages": [7]}),
        delta: 4,
        repeatable,
        window: Window::default(),
        ..NewAction::default()
    };
    let far = points::simulate(&app.cx(), rule(true), 60).await.unwrap();
    assert_eq!((far.people, far.times, far.points, far.top[0].contact, far.whole), (2, 4, 16, ada, true));
    let once = points::simulate(&app.cx(), rule(false), 60).await.unwrap();
    assert_eq!((once.people, once.points), (2, 8));
    let near = points::simulate(&app.cx(), rule(true), 30).await.unwrap();
    assert_eq!((near.people, near.top[0].contact), (1, bo));
    assert_eq!(score(&app, ada).await, 0, "nothing was given");
});
