//! Around a segment: growth, copies, comparison, exceptions, what uses it.

use std::collections::BTreeMap;

use hg_app::contacts::{self, ContactInput};
use hg_app::list::ListQuery;
use hg_app::segments::{self, NewSegment, Segment, SegmentPatch};
use hg_app::{ErrorKind, Role};
use hg_core::ids::ContactId;
use hg_core::time::Millis;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

async fn person(app: &TestApp, email: &str, city: &str) -> ContactId {
    let fields: BTreeMap<String, Value> = [("email".to_owned(), json!(email)), ("city".to_owned(), json!(city))].into();
    contacts::create(&app.cx(), ContactInput { fields, ..ContactInput::default() }, false).await.unwrap().0.id
}

fn city(name: &str) -> Value {
    json!({"match": "all", "rules": [{"field": "city", "op": "=", "value": name}]})
}

async fn segment(app: &TestApp, name: &str, filter: Option<Value>) -> Segment {
    let made = segments::create(&app.cx(), NewSegment { name: name.into(), filter, ..NewSegment::default() }).await.unwrap();
    app.settle().await;
    made
}

async fn size(app: &TestApp, segment: &Segment) -> i64 {
    segments::get(&app.cx(), segment.id).await.unwrap().0.members
}

on_each_db!(growth_is_told_day_by_day, |app| {
    let praha = segment(&app, "Praha", Some(city("Praha"))).await;
    for day in 0..3 {
        for n in 0..=day {
            person(&app, &format!("p{day}{n}@example.org"), "Praha").await;
        }
        app.settle().await;
        app.advance(Millis::days(1));
    }
    let days = segments::history(&app.cx(), praha.id, 30).await.unwrap();
    let told: Vec<(i64, i64)> = days.iter().map(|d| (d.joined, d.size)).collect();
    assert_eq!(told, [(1, 1), (2, 3), (3, 6), (0, 6)], "{days:?}");
    assert_eq!((days[0].date.as_str(), days.len()), ("2024-03-13", 4), "it begins when the segment was made");
    assert_eq!(segments::history(&app.cx(), praha.id, 2).await.unwrap().len(), 2);
});

on_each_db!(a_copy_has_the_conditions_and_a_frozen_one_the_people, |app| {
    let praha = segment(&app, "Praha", Some(city("Praha"))).await;
    let ada = person(&app, "ada@example.org", "Praha").await;
    person(&app, "bo@example.org", "Praha").await;
    app.settle().await;
    let copy = segments::duplicate(&app.cx(), praha.id).await.unwrap();
    assert_eq!((copy.published, copy.members, copy.filter.is_some()), (false, 0, true));
    assert_ne!(copy.alias, praha.alias);
    let frozen = segments::freeze(&app.cx(), praha.id, None).await.unwrap();
    assert_eq!((frozen.members, frozen.filter.clone()), (2, None));
    let moved: BTreeMap<String, Value> = [("city".to_owned(), json!("Brno"))].into();
    contacts::update(&app.cx(), ada, ContactInput { fields: moved, ..ContactInput::default() }, true).await.unwrap();
    app.settle().await;
    assert_eq!((size(&app, &praha).await, size(&app, &frozen).await), (1, 2), "no condition changes the frozen one");
    let found = segments::compare(&app.cx(), frozen.id, praha.id).await.unwrap();
    assert_eq!((found.only_a, found.both, found.only_b), (1, 1, 0));
    assert_eq!(segments::compare(&app.cx(), praha.id, praha.id).await.unwrap_err().fields[0].pointer, "/b");
});

on_each_db!(an_exception_can_be_seen_and_forgotten, |app| {
    let praha = segment(&app, "Praha", Some(city("Praha"))).await;
    let (ada, bo) = (person(&app, "ada@example.org", "Praha").await, person(&app, "bo@example.org", "Brno").await);
    app.settle().await;
    segments::change_by_hand(&app.cx(), praha.id, vec![ada], false).await.unwrap();
    segments::change_by_hand(&app.cx(), praha.id, vec![bo], true).await.unwrap();
    let listed = |pinned| {
        let cx = app.cx();
        async move {
            let page = segments::overrides(&cx, praha.id, pinned, ListQuery::default()).await.unwrap();
            page.items.into_iter().map(|o| (o.contact, o.pinned)).collect::<Vec<_>>()
        }
    };
    assert_eq!(listed(None).await, [(ada, false), (bo, true)]);
    assert_eq!(listed(Some(true)).await, [(bo, true)]);
    assert!(segments::forget_override(&app.cx(), praha.id, ada).await.unwrap(), "the condition holds for her");
    assert!(!segments::forget_override(&app.cx(), praha.id, bo).await.unwrap());
    assert_eq!((listed(None).await.len(), size(&app, &praha).await), (0, 1));
    assert_eq!(segments::forget_override(&app.cx(), praha.id, bo).await.unwrap_err().kind, ErrorKind::NotFound);
    let (_, viewer) = app.user("vi@example.org", Role::Viewer).await;
    assert_eq!(segments::freeze(&viewer, praha.id, None).await.unwrap_err().kind, ErrorKind::Forbidden);
    app.settle().await;
});

on_each_db!(what_uses_a_segment_is_named_and_keeps_it, |app| {
    let praha = segment(&app, "Praha", Some(city("Praha"))).await;
    let asks = json!({"match": "all", "rules": [{"field": "segments", "op": "in", "value": [praha.id]}]});
    let outer = segment(&app, "Outer", Some(asks)).await;
    let users = segments::users_of_many(&app.cx(), vec![praha.id, outer.id]).await.unwrap();
    assert_eq!((users[&praha.id][0].name.as_str(), users.get(&outer.id)), ("Outer", None));
    let (ws, id) = (app.ws.clone(), outer.id);
    let asked = app.ws.db.read(move |tx| segments::asked_by(&ws, tx, id)).await.unwrap();
    assert_eq!(asked[0].name, "Praha");
    let off = SegmentPatch { published: Some(false), ..SegmentPatch::default() };
    for error in
        [segments::delete(&app.cx(), praha.id).await.unwrap_err(), segments::update(&app.cx(), praha.id, off).await.unwrap_err()]
    {
        assert!(error.kind == ErrorKind::Conflict && error.detail.contains("Outer"), "{}", error.detail);
    }
    let found = |search: &'static str| {
        let cx = app.cx();
        async move {
            let query = ListQuery { search: search.into(), sort: "name".into(), ..ListQuery::default() };
            segments::list(&cx, query).await.unwrap().items.into_iter().map(|s| s.name).collect::<Vec<_>>()
        }
    };
    segments::duplicate(&app.cx(), outer.id).await.unwrap();
    assert_eq!(found("is:unpublished").await, ["Outer (copy)"]);
    assert_eq!(found("is:published name:out").await, ["Outer"]);
    assert_eq!(found("is:uncategorized !praha").await, ["Outer", "Outer (copy)"]);
});

on_each_db!(random_parts_share_nobody_and_take_in_whoever_joins_later, |app| {
    let praha = segment(&app, "Praha", Some(city("Praha"))).await;
    for n in 0..60 {
        person(&app, &format!("p{n}@example.org"), if n % 10 == 0 { "Brno" } else { "Praha" }).await;
    }
    app.settle().await;
    let part = |name: Option<&str>, percent| segments::Part { name: name.map(str::to_owned), percent };
    let parts = vec![part(Some("Old letter"), 50.0), part(None, 50.0)];
    let made = segments::split(&app.cx(), praha.id, parts).await.unwrap();
    app.settle().await;
    assert_eq!(made.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["Old letter", "Praha (B)"]);
    let overlap = segments::compare(&app.cx(), made[0].id, made[1].id).await.unwrap();
    assert_eq!((overlap.both, overlap.only_a + overlap.only_b), (0, 54), "everybody is in one of them");
    assert!(overlap.only_a > 10 && overlap.only_b > 10, "{} and {}", overlap.only_a, overlap.only_b);
    let mut late = Vec::new();
    for n in 60..70 {
        late.push(person(&app, &format!("p{n}@example.org"), "Praha").await);
    }
    app.settle().await;
    assert_eq!(size(&app, &made[0]).await + size(&app, &made[1]).await, 64);
    // Why somebody is in a part is told in words.
    let tried = json!({"match": "all", "rules": [{"field": "random_share", "op": "=", "value": {"percent": 100}}]});
    let tried = segments::PreviewQuery { filter: tried, include_anonymous: false, segment: None, everybody: true };
    let (holds, tree) = segments::try_on(&app.cx(), tried, late[0]).await.unwrap();
    assert!(holds && tree.children[0].actual.as_ref().unwrap().starts_with("drew "), "{tree:?}");
    // Another split draws anew: its parts are not those of the first.
    let again = segments::split(&app.cx(), praha.id, vec![part(None, 50.0), part(None, 50.0)]).await.unwrap();
    app.settle().await;
    let crossed = segments::compare(&app.cx(), made[0].id, again[0].id).await.unwrap();
    assert!(crossed.both > 4 && crossed.only_a > 4, "{} {}", crossed.both, crossed.only_a);
    for (parts, pointer) in [
        (vec![part(None, 50.0)], "/parts"),
        (vec![part(None, 60.0), part(None, 50.0)], "/parts"),
        (vec![part(None, 60.0), part(None, 0.0)], "/parts/1/percent"),
        (vec![part(None, 10.0); 11], "/parts"),
    ] {
        let error = segments::split(&app.cx(), praha.id, parts).await.unwrap_err();
        assert_eq!(error.fields[0].pointer, pointer);
    }
});

async fn told(cx: &hg_app::Cx) -> Vec<String> {
    let found = hg_app::notices::list(cx, ListQuery::default()).await.unwrap();
    found.page.items.into_iter().map(|n| n.kind).collect()
}

on_each_db!(a_segment_that_ends_reminds_its_maker_and_is_switched_off_unless_it_is_used, |app| {
    let (_, ada) = app.user("ada@example.org", Role::Administrator).await;
    let ends = app.now().plus(Millis::days(20));
    let wanted = |name: &str| NewSegment {
        name: name.into(),
        filter: Some(city("Praha")),
        expires_at: Some(ends),
        ..NewSegment::default()
    };
    let spring = segments::create(&ada, wanted("Spring")).await.unwrap();
    let used = segments::create(&ada, wanted("Used")).await.unwrap();
    let by = json!({"match": "all", "rules": [{"field": "segments", "op": "in", "value": [used.id.0]}]});
    let by = NewSegment { name: "Asks".into(), filter: Some(by), ..NewSegment::default() };
    segments::create(&ada, by).await.unwrap();
    app.settle().await;
    assert_eq!(told(&ada).await, Vec::<String>::new());
    app.play_until(ends.minus(Millis::days(6))).await;
    assert_eq!(told(&ada).await, ["segment.expires", "segment.expires"]);
    app.play_until(ends.plus(Millis::hours(1))).await;
    assert_eq!(told(&ada).await[..2], ["segment.overdue", "segment.expired"]);
    let published = async |s: &Segment| segments::get(&ada, s.id).await.unwrap().0.published;
    assert_eq!((published(&spring).await, published(&used).await), (false, true));
    // A later date begins the story anew; one that has passed is refused.
    let late = SegmentPatch { expires_at: Some(Some(app.now())), ..SegmentPatch::default() };
    assert_eq!(segments::update(&ada, used.id, late).await.unwrap_err().fields[0].pointer, "/expires_at");
    let later = SegmentPatch { expires_at: Some(Some(app.now().plus(Millis::days(8)))), ..SegmentPatch::default() };
    segments::update(&ada, used.id, later).await.unwrap();
    app.play_until(app.now().plus(Millis::days(2))).await;
    assert_eq!(told(&ada).await[0], "segment.expires");
    let never = SegmentPatch { expires_at: Some(None), ..SegmentPatch::default() };
    segments::update(&ada, used.id, never).await.unwrap();
    app.play_until(app.now().plus(Millis::days(20))).await;
    assert_eq!(told(&ada).await.len(), 5);
});
