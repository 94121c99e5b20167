//! Segments: live membership, rebuilds, hands, and the equality of both.

use hg_app::contacts::{self, ContactInput};
use hg_app::fields::{self, NewField};
use hg_app::segments::{self, NewSegment, Segment, SegmentPatch};
use hg_app::{ErrorKind, tags};
use hg_core::contacts::FieldType;
use hg_core::ids::ContactId;
use hg_core::time::Millis;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

async fn person(app: &TestApp, fields: Value) -> ContactId {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    let input = ContactInput { fields: fields.into_iter().collect(), ..ContactInput::default() };
    contacts::create(&app.cx(), input, false).await.unwrap().0.id
}

async fn change(app: &TestApp, id: ContactId, fields: Value) {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    let input = ContactInput { fields: fields.into_iter().collect(), ..ContactInput::default() };
    contacts::update(&app.cx(), id, input, true).await.unwrap();
    app.settle().await;
}

fn all(rules: Value) -> Option<Value> {
    Some(json!({"match": "all", "rules": rules}))
}

async fn segment(app: &TestApp, name: &str, filter: Option<Value>) -> Segment {
    let made = segments::create(&app.cx(), NewSegment { name: name.into(), filter, ..NewSegment::default() }).await.unwrap();
    app.settle().await;
    made
}

async fn members(app: &TestApp, segment: &Segment) -> Vec<i64> {
    let (ws, id) = (app.ws.clone(), segment.id);
    let bits = app.ws.db.read(move |tx| segments::members(&ws, tx, id)).await.unwrap();
    let (found, _) = segments::get(&app.cx(), id).await.unwrap();
    assert_eq!(found.members, bits.len() as i64, "the count goes with the members");
    bits.iter().map(i64::from).collect()
}

on_each_db!(a_segment_is_built_when_it_is_made_and_follows_every_change, |app| {
    let ada = person(&app, json!({"firstname": "Ada", "city": "Praha"})).await;
    let bob = person(&app, json!({"firstname": "Bob", "city": "Brno"})).await;
    let praha = segment(&app, "Praha", all(json!([{"field": "city", "op": "=", "value": "PRAHA"}]))).await;
    assert_eq!(members(&app, &praha).await, [ada.0]);
    change(&app, bob, json!({"city": "praha"})).await;
    assert_eq!(members(&app, &praha).await, [ada.0, bob.0]);
    change(&app, ada, json!({"city": null})).await;
    assert_eq!(members(&app, &praha).await, [bob.0]);
    contacts::delete(&app.cx(), bob).await.unwrap();
    app.settle().await;
    assert!(members(&app, &praha).await.is_empty());
    contacts::restore(&app.cx(), bob).await.unwrap();
    app.settle().await;
    assert_eq!(members(&app, &praha).await, [bob.0]);
    let log = segments::changes(&app.cx(), praha.id, Default::default()).await.unwrap();
    let told: Vec<(bool, i64)> = log.items.iter().map(|c| (c.joined, c.people)).collect();
    assert_eq!(told, [(true, 1), (false, 1), (false, 1), (true, 1), (true, 1)]);
});

on_each_db!(visitors_belong_only_where_they_are_asked_for, |app| {
    let visitor = person(&app, json!({"city": "Praha"})).await;
    let rules = json!([{"field": "city", "op": "=", "value": "Praha"}]);
    let known = segment(&app, "Known", all(rules.clone())).await;
    let new = NewSegment { name: "All".into(), filter: all(rules), include_anonymous: true, ..NewSegment::default() };
    let everybody = segments::create(&app.cx(), new).await.unwrap();
    app.settle().await;
    assert!(members(&app, &known).await.is_empty());
    assert_eq!(members(&app, &everybody).await, [visitor.0]);
    change(&app, visitor, json!({"firstname": "Vera"})).await;
    assert_eq!(members(&app, &known).await, [visitor.0]);
});

on_each_db!(hands_beat_filters_until_somebody_takes_them_back, |app| {
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(person(&app, json!({"firstname": format!("P{n}"), "city": if n < 2 { "Praha" } else { "Brno" }})).await);
    }
    let praha = segment(&app, "Praha", all(json!([{"field": "city", "op": "=", "value": "Praha"}]))).await;
    let rebuild = || async {
        segments::rebuild(&app.cx(), praha.id).await.unwrap();
        app.settle().await;
    };
    segments::change_by_hand(&app.cx(), praha.id, vec![ids[0]], false).await.unwrap();
    segments::change_by_hand(&app.cx(), praha.id, vec![ids[2]], true).await.unwrap();
    rebuild().await;
    assert_eq!(members(&app, &praha).await, [ids[1].0, ids[2].0]);
    // The removal is remembered through a time in which the filter said no.
    change(&app, ids[0], json!({"city": "Brno"})).await;
    rebuild().await;
    change(&app, ids[0], json!({"city": "Praha"})).await;
    assert_eq!(members(&app, &praha).await, [ids[1].0, ids[2].0]);
    // Whoever was added by hand and removed by hand stays away although the filter says yes.
    segments::change_by_hand(&app.cx(), praha.id, vec![ids[2]], false).await.unwrap();
    change(&app, ids[2], json!({"city": "Praha"})).await;
    rebuild().await;
    assert_eq!(members(&app, &praha).await, [ids[1].0]);
    segments::change_by_hand(&app.cx(), praha.id, vec![ids[0]], true).await.unwrap();
    let patch = SegmentPatch { filter: Some(None), ..SegmentPatch::default() };
    segments::update(&app.cx(), praha.id, patch).await.unwrap();
    rebuild().await;
    assert_eq!(members(&app, &praha).await, [ids[0].0, ids[1].0]);
});

on_each_db!(a_segment_of_segments_follows_its_parts, |app| {
    let ada = person(&app, json!({"firstname": "Ada", "city": "Praha", "points": 5})).await;
    let praha = segment(&app, "Praha", all(json!([{"field": "city", "op": "=", "value": "Praha"}]))).await;
    let rest = segment(&app, "Elsewhere", all(json!([{"field": "segments", "op": "!in", "value": [praha.id.0]}]))).await;
    assert!(members(&app, &rest).await.is_empty());
    change(&app, ada, json!({"city": "Brno"})).await;
    assert_eq!((members(&app, &praha).await, members(&app, &rest).await), (vec![], vec![ada.0]));
    // By hand and by a new filter too.
    segments::change_by_hand(&app.cx(), praha.id, vec![ada], true).await.unwrap();
    app.settle().await;
    assert!(members(&app, &rest).await.is_empty());
    let circle = SegmentPatch {
        filter: Some(all(json!([{"field": "segments", "op": "in", "value": [rest.id.0]}]))),
        ..SegmentPatch::default()
    };
    let error = segments::update(&app.cx(), praha.id, circle).await.unwrap_err();
    assert_eq!(error.code, "segment.circle");
    assert!(error.detail.contains("Praha → Elsewhere → Praha"), "{}", error.detail);
    assert_eq!(segments::delete(&app.cx(), praha.id).await.unwrap_err().kind, ErrorKind::Conflict);
});

on_each_db!(midnight_moves_people_by_itself, |app| {
    fields::create(&app.cx(), NewField::new("Born", FieldType::Date)).await.unwrap();
    let ada = person(&app, json!({"firstname": "Ada", "born": "1990-03-14"})).await;
    let birthday = segment(&app, "Birthday", all(json!([{"field": "born", "op": "=", "value": "birthday"}]))).await;
    let fresh = segment(&app, "Just now", all(json!([{"field": "date_added", "op": "gte", "value": "-2 hours"}]))).await;
    assert_eq!((members(&app, &birthday).await, members(&app, &fresh).await), (vec![], vec![ada.0]));
    let bob = person(&app, json!({"firstname": "Bob", "born": "1980-01-01"})).await;
    app.settle().await;
    assert_eq!(members(&app, &fresh).await, [ada.0, bob.0]);
    app.play_until(app.now().plus(Millis::hours(3))).await;
    assert!(members(&app, &fresh).await.is_empty());
    app.play_until(app.now().plus(Millis::hours(14))).await;
    assert_eq!(members(&app, &birthday).await, [ada.0]);
    app.play_until(app.now().plus(Millis::hours(24))).await;
    assert!(members(&app, &birthday).await.is_empty());
});

on_each_db!(the_explanation_and_the_preview_agree_with_the_members, |app| {
    let ada = person(&app, json!({"firstname": "Ada", "city": "Praha", "points": 5})).await;
    let bob = person(&app, json!({"firstname": "Bob", "city": "Brno", "points": 50})).await;
    contacts::update(&app.cx(), bob, ContactInput { tags: vec!["vip".into()], ..ContactInput::default() }, true).await.unwrap();
    app.settle().await;
    let filter = json!({"match": "any", "rules": [{"field": "city", "op": "=", "value": "Praha"}, {"field": "tags", "op": "in", "value": ["VIP"]}]});
    let both = segment(&app, "Both", Some(filter.clone())).await;
    assert_eq!(members(&app, &both).await, [ada.0, bob.0]);
    let why = segments::explain(&app.cx(), both.id, ada).await.unwrap();
    assert!(why.member && why.since.is_some());
    let tree = why.tree.unwrap();
    assert_eq!((tree.verdict, tree.children[0].verdict, tree.children[1].verdict), (true, true, false));
    assert_eq!(tree.children[0].actual.as_deref(), Some("Praha"));
    let preview = segments::preview(
        &app.cx(),
        segments::PreviewQuery { filter, include_anonymous: false, segment: None, everybody: false },
    )
    .await
    .unwrap();
    assert_eq!((preview.count, preview.exact, preview.sample.len()), (2, true, 2));
    assert_eq!(preview.conditions, [("/rules/0".to_owned(), 1), ("/rules/1".to_owned(), 1)]);
    let wrong = json!({"match": "all", "rules": [{"field": "city", "op": "regexp", "value": "(?=x)"}]});
    let error = segments::preview(
        &app.cx(),
        segments::PreviewQuery { filter: wrong, include_anonymous: false, segment: None, everybody: false },
    )
    .await
    .unwrap_err();
    assert_eq!(error.fields[0].pointer, "/filter/rules/0/value");
    let tag = tags::list(&app.cx(), Default::default()).await.unwrap().items[0].id;
    assert_eq!(tags::delete(&app.cx(), tag).await.unwrap_err().code, "tag.in-use");
    let memberships = segments::memberships(&app.cx(), ada).await.unwrap();
    assert_eq!(memberships[0].name, "Both");
});

on_each_db!(a_broken_segment_says_so_and_keeps_its_members, |app| {
    let field = fields::create(&app.cx(), NewField::new("Shoe", FieldType::Number)).await.unwrap();
    let ada = person(&app, json!({"firstname": "Ada", "shoe": 38})).await;
    let shoes = segment(&app, "Shoes", all(json!([{"field": "shoe", "op": "gt", "value": 30}]))).await;
    assert_eq!(members(&app, &shoes).await, [ada.0]);
    assert_eq!(fields::delete(&app.cx(), field.def.id).await.unwrap_err().code, "field.in-use");
    let id = shoes.id;
    // As an older version of the product might have left it.
    app.ws
        .db
        .write(move |tx| {
            tx.exec(
                hg_store::Sql::new("UPDATE segments SET filter = $2, version = version + 1 WHERE id = $1")
                    .bind(id)
                    .bind(json!({"match": "all", "rules": [{"field": "gone", "op": "=", "value": 1}]})),
            )?;
            Ok::<_, hg_app::Error>(())
        })
        .await
        .unwrap();
    segments::rebuild(&app.cx(), id).await.unwrap();
    app.settle().await;
    let (found, _) = segments::get(&app.cx(), id).await.unwrap();
    assert!(found.broken.unwrap().contains("gone"));
    assert_eq!(members(&app, &shoes).await, [ada.0]);
});

on_each_db!(joins_of_many_at_once_stand_in_the_timeline_of_each, |app| {
    let ada = person(&app, json!({"firstname": "Ada", "city": "Praha"})).await;
    let bob = person(&app, json!({"firstname": "Bob", "city": "Brno"})).await;
    app.advance(Millis::hours(1));
    let praha = segment(&app, "Praha", all(json!([{"field": "city", "op": "=", "value": "Praha"}]))).await;
    app.advance(Millis::hours(1));
    let patch =
        SegmentPatch { filter: Some(all(json!([{"field": "city", "op": "=", "value": "Brno"}]))), ..SegmentPatch::default() };
    segments::update(&app.cx(), praha.id, patch).await.unwrap();
    app.settle().await;
    let told = async |contact| {
        let mut titles = Vec::new();
        let mut query = contacts::TimelineQuery::default();
        query.list.limit = 1;
        loop {
            let page = contacts::timeline(&app.cx(), Some(contact), query.clone()).await.unwrap();
            titles.extend(page.items.iter().map(|m| m.title.clone()));
            let Some(cursor) = page.next_cursor else { return (titles, page.total) };
            query.list.cursor = Some(cursor);
        }
    };
    let (titles, total) = told(ada).await;
    assert_eq!(titles[..2], ["Left the segment “Praha”", "Joined the segment “Praha”"], "{titles:?}");
    assert_eq!(total, Some(titles.len() as u64), "every page together is the whole");
    let (titles, _) = told(bob).await;
    assert_eq!(titles[0], "Joined the segment “Praha”");
    assert!(!titles.contains(&"Left the segment “Praha”".to_owned()), "{titles:?}");
    let mut query = contacts::TimelineQuery { kinds: vec![hg_core::events::EventKind::SegmentLeft], ..Default::default() };
    let left = contacts::timeline(&app.cx(), Some(ada), query.clone()).await.unwrap();
    assert_eq!((left.items.len(), left.total), (1, Some(1)));
    query.list.offset = 1;
    assert!(contacts::timeline(&app.cx(), Some(ada), query).await.unwrap().items.is_empty());
});
