//! Steps that do the same to everybody run for many at once: with the same outcome as one by one, on both databases.

mod flow;

use flow::*;
use hg_app::campaigns;
use hg_app::changes;
use hg_app::contacts::{self, ContactInput};
use hg_app::points::{self, NewTrigger, TriggerEvent};
use hg_app::segments::{self, NewSegment};
use hg_app::tags::NewTag;
use hg_core::campaigns::{Timing, Unit};
use hg_core::ids::{CampaignId, ContactId, SegmentId, TriggerEventId};
use hg_core::time::Millis;
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use serde_json::json;

const PEOPLE: usize = 30;

/// People of three time zones, every fifth with the tag already, every sixth with the field.
async fn crowd(app: &TestApp, town: &str) -> Vec<ContactId> {
    let mut ids = Vec::new();
    for n in 0..PEOPLE {
        let zone = ["Europe/Prague", "America/New_York", ""][n % 3];
        let fields = json!({
            "firstname": format!("P{n}"), "email": format!("p{n}@{}.example", town.to_lowercase()), "city": town,
            "timezone": zone, "title": if n % 6 == 0 { "Member" } else { "" },
        });
        let serde_json::Value::Object(fields) = fields else { unreachable!() };
        let tags = if n % 5 == 0 { vec!["customer".to_owned()] } else { Vec::new() };
        let input = ContactInput { fields: fields.into_iter().collect(), tags, ..ContactInput::default() };
        ids.push(contacts::create(&app.cx(), input, false).await.unwrap().0.id);
    }
    app.settle().await;
    ids
}

/// Two branches: on one, everything that is done alike, and then something for each; on the other, a later hour.
async fn alike(app: &TestApp, chosen: SegmentId) -> CampaignId {
    let all = segments::create(&app.cx(), NewSegment { name: "Nobody".into(), ..NewSegment::default() }).await.unwrap().id;
    let mut at_nine = Timing::after(0, Unit::Hours);
    at_nine.hour = Some("09:00".into());
    let steps = vec![
        step("tag", None, "contact.tags", json!({"add": ["customer"]}), Timing::immediate()),
        step("points", Some(("tag", None)), "contact.points", json!({"points": 5}), Timing::immediate()),
        step("field", Some(("points", None)), "contact.update", json!({"fields": {"title": "Member"}}), Timing::immediate()),
        step("segment", Some(("field", None)), "contact.segments", json!({"add": [chosen]}), Timing::immediate()),
        step(
            "is",
            Some(("segment", None)),
            "contact.field",
            json!({"field": "city", "op": "=", "value": "Brno"}),
            Timing::immediate(),
        ),
        tag("from-brno", Some(("is", YES)), Timing::immediate()),
        tag("from-elsewhere", Some(("is", NO)), Timing::immediate()),
        tag("at-nine", None, at_nine),
    ];
    campaign(app, from(all), steps).await
}

/// What each contact has in the end: tags, points, the field, membership, her steps in order, and what is to come.
async fn outcome(app: &TestApp, id: CampaignId, chosen: SegmentId, people: &[ContactId]) -> Vec<String> {
    let mut out = Vec::new();
    for &contact in people {
        let found = contacts::get(&app.cx(), contact).await.unwrap();
        let progress = campaigns::progress(&app.cx(), id, contact).await.unwrap();
        let steps: Vec<_> = progress.history.iter().map(|h| format!("{} {} {:?}", h.step_key, h.state, h.path)).collect();
        let member = app.ws.db.read(move |tx| segments::contains(tx, chosen, contact)).await.unwrap();
        let moments: i64 =
            count_of(app, "SELECT count(*) FROM events WHERE contact_id = $1 AND kind IN (4, 5, 8, 12)", contact).await;
        let logged: i64 = count_of(app, "SELECT count(*) FROM segment_log WHERE contact_id = $1", contact).await;
        out.push(format!(
            "{:?} {} {:?} {member} {steps:?} {:?} {moments} {logged}",
            tags(app, contact).await,
            found.points,
            found.text("title"),
            due(app, id, contact).await
        ));
    }
    out
}

async fn tag_named(app: &TestApp, name: &str) -> i64 {
    hg_app::tags::create(&app.cx(), NewTag { name: name.into(), ..NewTag::default() }).await.unwrap().0.id.0
}

async fn count_of(app: &TestApp, text: &'static str, contact: ContactId) -> i64 {
    app.ws.db.read(move |tx| tx.scalar(Sql::new(text).bind(contact))).await.unwrap()
}

on_each_db!(many_at_once_come_to_what_each_alone_comes_to, |app| {
    app.clock.set(t("2025-04-01T12:00:00Z"));
    let chosen = segments::create(&app.cx(), NewSegment { name: "Chosen".into(), ..NewSegment::default() }).await.unwrap().id;
    let id = alike(&app, chosen).await;
    let (together, alone) = (crowd(&app, "Praha").await, crowd(&app, "Plzen").await);
    campaigns::change_people(&app.cx(), id, together.clone(), vec![]).await.unwrap();
    app.settle().await;
    for contact in &alone {
        campaigns::change_people(&app.cx(), id, vec![*contact], vec![]).await.unwrap();
        app.settle().await;
    }
    let first = outcome(&app, id, chosen, &together).await;
    assert_eq!(first, outcome(&app, id, chosen, &alone).await);
    assert!(first[1].starts_with("[\"customer\", \"from-elsewhere\"] 5 Some(\"Member\") true"), "{}", first[1]);
    assert!(first[1].contains("2025-04-01T13:00:00"), "New York's nine o'clock: {}", first[1]);
    assert_eq!(at(&app, id, "segment").await, (2 * PEOPLE as i64, 0));
    assert_eq!(at(&app, id, "at-nine").await, (0, 2 * PEOPLE as i64));
    // The rows that are due later are taken up together as well.
    app.clock.advance(Millis::days(1));
    app.settle().await;
    assert_eq!(at(&app, id, "at-nine").await, (2 * PEOPLE as i64, 0));
    assert_eq!(outcome(&app, id, chosen, &together).await, outcome(&app, id, chosen, &alone).await);
});

on_each_db!(whoever_was_deleted_meanwhile_is_left_out_and_the_others_go_on, |app| {
    app.clock.set(t("2025-04-01T12:00:00Z"));
    let chosen = segments::create(&app.cx(), NewSegment { name: "Chosen".into(), ..NewSegment::default() }).await.unwrap().id;
    let id = alike(&app, chosen).await;
    let people = crowd(&app, "Praha").await;
    campaigns::pause_step(&app.cx(), id, "points".into(), true).await.unwrap();
    campaigns::change_people(&app.cx(), id, people.clone(), vec![]).await.unwrap();
    app.settle().await;
    assert_eq!(at(&app, id, "points").await, (0, PEOPLE as i64));
    // Gone without a trace in the queue, as if it happened in the same moment.
    let gone = people[3];
    app.ws.db.write(move |tx| tx.exec(Sql::new("UPDATE contacts SET deleted_at = 1 WHERE id = $1").bind(gone))).await.unwrap();
    campaigns::pause_step(&app.cx(), id, "points".into(), false).await.unwrap();
    app.settle().await;
    assert_eq!(at(&app, id, "segment").await, (PEOPLE as i64 - 1, 0));
    assert_eq!(at(&app, id, "points").await, (PEOPLE as i64 - 1, 0));
});

on_each_db!(whatever_depends_on_what_a_step_changes_hears_of_each_contact, |app| {
    let tag_id = tag_named(&app, "customer").await;
    let asks = json!({"match": "all", "rules": [{"field": "tags", "op": "in", "value": [tag_id]}]});
    let customers = NewSegment { name: "Customers".into(), filter: Some(asks), ..NewSegment::default() };
    let customers = segments::create(&app.cx(), customers).await.unwrap().id;
    let settings = json!({"add_tags": ["warm"]});
    let event =
        TriggerEvent { id: TriggerEventId(0), kind: "lead.changetags".into(), name: "Tag".into(), description: None, settings };
    let trigger = NewTrigger { name: "Warm".into(), points: 5, events: vec![event], ..NewTrigger::default() };
    points::create_trigger(&app.cx(), trigger).await.unwrap();
    let chosen = segments::create(&app.cx(), NewSegment { name: "Chosen".into(), ..NewSegment::default() }).await.unwrap().id;
    // A second campaign is fed by the segment that the first one puts people into.
    let second = campaign(&app, from(chosen), vec![tag("arrived", None, Timing::immediate())]).await;
    let id = alike(&app, chosen).await;
    let people = crowd(&app, "Praha").await;
    campaigns::change_people(&app.cx(), id, people.clone(), vec![]).await.unwrap();
    app.settle().await;
    assert_eq!(segments::get(&app.cx(), customers).await.unwrap().0.members, PEOPLE as i64);
    let warm: i64 = app.ws.db.read(|tx| tx.scalar("SELECT count(*) FROM events WHERE kind = 42")).await.unwrap();
    assert_eq!(warm, PEOPLE as i64);
    assert_eq!(at(&app, second, "arrived").await, (PEOPLE as i64, 0));
});

on_each_db!(where_nothing_listens_nothing_is_queued_on_sqlite, |app| {
    let people = crowd(&app, "Praha").await;
    let ws = app.ws.clone();
    let ids = people.clone();
    app.ws
        .db
        .write(move |tx| {
            let told: Vec<_> = ids
                .iter()
                .map(|c| changes::Happening::new(*c, hg_core::events::EventKind::TagChanged, ws.clock.now()).object(1))
                .collect();
            changes::record_many(&ws, tx, &told)
        })
        .await
        .unwrap();
    let queued: i64 = app.ws.db.read(|tx| tx.scalar("SELECT count(*) FROM contact_changes")).await.unwrap();
    let sqlite = app.ws.db.read(|tx| Ok::<_, hg_app::Error>(tx.dialect() == hg_store::Dialect::Sqlite)).await.unwrap();
    assert_eq!(queued, if sqlite { 0 } else { PEOPLE as i64 });
});
