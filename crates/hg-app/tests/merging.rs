//! Merging two contacts, taking it back, finding duplicates.

use std::collections::BTreeMap;

use hg_app::consents;
use hg_app::contacts::{self, Choices, Contact, ContactInput, NewDoNotContact, Side, TimelineQuery};
use hg_app::duplicates::{self, PairQuery};
use hg_app::notes::{self, NoteInput, NoteQuery};
use hg_app::preferences::{self, Period, Rule};
use hg_app::settings::{self, Identity};
use hg_app::suppressions::{self, SuppressionQuery};
use hg_app::{ErrorKind, list::ListQuery};
use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::Millis;
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

fn input(fields: Value, tags: &[&str]) -> ContactInput {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    let tags = tags.iter().map(|t| (*t).to_owned()).collect();
    ContactInput { fields: fields.into_iter().collect::<BTreeMap<_, _>>(), tags, ..ContactInput::default() }
}

async fn person(app: &TestApp, fields: Value, tags: &[&str]) -> Contact {
    let made = contacts::create(&app.cx(), input(fields, tags), false).await.unwrap().0;
    app.clock.advance(Millis::minutes(1));
    made
}

async fn get(app: &TestApp, id: ContactId) -> Contact {
    contacts::get(&app.cx(), id).await.unwrap()
}

/// Two contacts on whom something of nearly every kind hangs.
async fn ada_twice(app: &TestApp) -> (Contact, Contact) {
    let cx = app.cx();
    let old =
        person(app, json!({"firstname": "Ada", "lastname": "Byron", "email": "ada@example.org", "points": 5}), &["a", "b"]).await;
    let new = person(
        app,
        json!({"firstname": "Ada", "lastname": "Lovelace", "email": "ada@work.example", "city": "London", "points": 7}),
        &["b", "c"],
    )
    .await;
    notes::create(&cx, new.id, NoteInput { text: Some("Called".into()), ..NoteInput::default() }).await.unwrap();
    let entry = NewDoNotContact { channel: "email".into(), reason: 1, channel_id: None, comments: "left".into() };
    contacts::stop_contacting(&cx, new.id, entry).await.unwrap();
    for (id, most) in [(old.id, 5), (new.id, 2)] {
        let rule = Rule { most: Some(most), period: Some(Period::Week), ..Rule::open("email") };
        preferences::set_rule(&cx, id, rule).await.unwrap();
    }
    consents::set(&cx, old.id, "news".into(), true, None).await.unwrap();
    app.clock.advance(Millis::minutes(1));
    consents::set(&cx, new.id, "news".into(), false, None).await.unwrap();
    let address = "192.0.2.7";
    let now = app.now();
    for id in [old.id, new.id] {
        app.ws.db.write(move |tx| contacts::see_address(tx, id, address, now)).await.unwrap();
    }
    app.settle().await;
    (old, new)
}

async fn mark(app: &TestApp, id: ContactId) -> Vec<(String, i64)> {
    get(app, id).await.do_not_contact.into_iter().map(|d| (d.channel, d.reason)).collect()
}

async fn agreed(app: &TestApp, id: ContactId) -> Vec<bool> {
    consents::list(&app.cx(), id).await.unwrap().into_iter().filter(|c| c.current).map(|c| c.given).collect()
}

async fn most(app: &TestApp, id: ContactId) -> Option<i64> {
    preferences::rules(&app.cx(), id).await.unwrap().first().and_then(|r| r.most)
}

fn tags(contact: &Contact) -> Vec<&str> {
    contact.tags.iter().map(|t| t.1.as_str()).collect()
}

on_each_db!(a_merge_takes_everything_along_and_comes_apart_again, |app| {
    let cx = app.cx();
    let (old, new) = ada_twice(&app).await;
    let preview = contacts::merge_preview(&cx, old.id, new.id).await.unwrap();
    let last = preview.fields.iter().find(|f| f.alias == "lastname").unwrap();
    assert_eq!((last.winner.as_str(), last.loser.as_str(), last.chosen), ("Byron", "Lovelace", Side::Loser));
    let email = preview.fields.iter().find(|f| f.alias == "email").unwrap();
    assert_eq!(email.chosen, Side::Winner, "an identifier of the survivor stays");
    assert_eq!(preview.points, 12);
    assert!(preview.moved.contains(&("notes", 1)), "{:?}", preview.moved);

    let choices = Choices::from([("lastname".to_owned(), Side::Winner)]);
    let merged = contacts::merge_by_hand(&cx, old.id, new.id, choices).await.unwrap();
    app.settle().await;
    assert_eq!(merged.id, old.id);
    assert_eq!(
        (merged.text("lastname").as_deref(), merged.text("city").as_deref(), merged.points),
        (Some("Byron"), Some("London"), 12)
    );
    assert_eq!(tags(&get(&app, old.id).await), ["a", "b", "c"]);
    assert_eq!(
        (mark(&app, old.id).await, agreed(&app, old.id).await, most(&app, old.id).await),
        (vec![("email".into(), 1)], vec![false], Some(2))
    );
    assert_eq!(notes::list(&cx, NoteQuery { contact: Some(old.id), ..NoteQuery::default() }).await.unwrap().items.len(), 1);
    assert_eq!(contacts::addresses(&cx, old.id).await.unwrap().len(), 1);
    // The old number leads to the survivor; the address that was given up stays shut.
    assert_eq!(get(&app, new.id).await.id, old.id);
    let shut = suppressions::list(
        &cx,
        SuppressionQuery { list: ListQuery { search: "ADA@work.example".into(), ..ListQuery::default() }, cause: None },
    )
    .await
    .unwrap();
    assert_eq!(shut.total, Some(1));
    // Whoever was merged does not come back from the trash.
    assert!(contacts::restore(&cx, new.id).await.is_ok_and(|c| c.id == old.id));

    contacts::points(&cx, old.id, contacts::PointsOperator::Plus, 3, "since".into()).await.unwrap();
    let record = contacts::merges_of(&cx, old.id).await.unwrap().remove(0);
    assert_eq!((record.loser, record.name.as_str()), (new.id, "Ada Lovelace"));
    let back = contacts::unmerge(&cx, record.id).await.unwrap();
    app.settle().await;
    assert_eq!(
        (back.id, back.text("lastname").as_deref(), back.text("email").as_deref(), back.points),
        (new.id, Some("Lovelace"), Some("ada@work.example"), 7)
    );
    let old_again = get(&app, old.id).await;
    assert_eq!((old_again.text("city"), old_again.points), (None, 8), "what came since stays");
    assert_eq!((tags(&old_again), tags(&get(&app, new.id).await)), (vec!["a", "b"], vec!["b", "c"]));
    assert_eq!((mark(&app, old.id).await, mark(&app, new.id).await), (vec![], vec![("email".into(), 1)]));
    assert_eq!((agreed(&app, old.id).await, agreed(&app, new.id).await), (vec![true], vec![false]));
    assert_eq!((most(&app, old.id).await, most(&app, new.id).await), (Some(5), Some(2)));
    assert_eq!(notes::list(&cx, NoteQuery { contact: Some(new.id), ..NoteQuery::default() }).await.unwrap().items.len(), 1);
    assert_eq!(contacts::unmerge(&cx, record.id).await.unwrap_err().code, "contact.unmerged-already");
});

on_each_db!(a_merge_in_a_circle_is_told_and_changes_nothing, |app| {
    let cx = app.cx();
    let (a, b) =
        (person(&app, json!({"email": "a@example.org"}), &[]).await, person(&app, json!({"email": "b@example.org"}), &[]).await);
    let c = person(&app, json!({"email": "c@example.org"}), &[]).await;
    contacts::merge_by_hand(&cx, a.id, b.id, Choices::new()).await.unwrap();
    for (winner, loser) in [(b.id, a.id), (a.id, b.id)] {
        let error = contacts::merge_by_hand(&cx, winner, loser, Choices::new()).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_ref()), (ErrorKind::Conflict, "contact.merged-already"));
    }
    let itself = contacts::merge_by_hand(&cx, a.id, a.id, Choices::new()).await.unwrap_err();
    assert_eq!(itself.fields[0].pointer, "/other");
    // Chains are collapsed: both old numbers lead to the last survivor, and come apart in the order they were made.
    contacts::merge_by_hand(&cx, c.id, a.id, Choices::new()).await.unwrap();
    assert_eq!((get(&app, a.id).await.id, get(&app, b.id).await.id), (c.id, c.id));
    let all = |tx: &mut hg_store::Tx<'_>| tx.all(Sql::new("SELECT id FROM merges ORDER BY id"), |r| r.get::<i64>(0));
    let ids = app.ws.db.read(move |tx| Ok::<_, hg_app::Error>(all(tx)?)).await.unwrap();
    assert_eq!(contacts::unmerge(&cx, ids[0]).await.unwrap_err().code, "contact.merge-not-last");
    contacts::unmerge(&cx, ids[1]).await.unwrap();
    assert_eq!((get(&app, a.id).await.id, get(&app, b.id).await.id), (a.id, a.id));
    contacts::unmerge(&cx, ids[0]).await.unwrap();
    assert_eq!(get(&app, b.id).await.id, b.id);
    app.settle().await;
});

on_each_db!(a_merge_is_undone_for_thirty_days_unless_its_address_was_taken, |app| {
    let cx = app.cx();
    let (a, b) =
        (person(&app, json!({"email": "a@example.org"}), &[]).await, person(&app, json!({"email": "b@example.org"}), &[]).await);
    contacts::merge_by_hand(&cx, a.id, b.id, Choices::new()).await.unwrap();
    let record = contacts::merges_of(&cx, a.id).await.unwrap().remove(0).id;
    let taken = person(&app, json!({"email": "b@example.org"}), &[]).await;
    assert_eq!(contacts::unmerge(&cx, record).await.unwrap_err().code, "contact.identifier-taken");
    contacts::delete(&cx, taken.id).await.unwrap();
    app.clock.advance(Millis::days(31));
    assert_eq!(contacts::unmerge(&cx, record).await.unwrap_err().code, "contact.merge-too-old");
    let told = contacts::timeline(&cx, Some(a.id), TimelineQuery { kinds: vec![EventKind::Merged], ..TimelineQuery::default() })
        .await
        .unwrap();
    assert_eq!(told.items.len(), 1);
    app.settle().await;
});

on_each_db!(duplicates_are_found_by_mailbox_phone_and_name_and_safe_ones_merged, |app| {
    let cx = app.cx();
    let ada = person(&app, json!({"email": "ada@example.org", "firstname": "Ada"}), &[]).await;
    let plus = person(&app, json!({"email": "ada+news@example.org"}), &[]).await;
    person(&app, json!({"email": "bob@example.org", "firstname": "Bob", "phone": "+420 601 123 456"}), &[]).await;
    person(&app, json!({"email": "eve@example.org", "firstname": "Eve", "mobile": "601123456"}), &[]).await;
    for _ in 0..2 {
        person(&app, json!({"firstname": "Zoë", "lastname": "Nováková", "company": "Acme"}), &[]).await;
    }
    for n in 0..12 {
        person(&app, json!({"email": format!("p{n}@example.org"), "phone": "800 700 600"}), &[]).await;
    }
    assert_eq!(duplicates::find_now(&cx).await.unwrap(), 3, "a number of twelve people tells nobody apart");
    let found = duplicates::list(&cx, PairQuery::default()).await.unwrap();
    let shown: Vec<(&str, bool)> = found.items.iter().map(|p| (p.rule.key(), p.safe)).collect();
    assert_eq!(shown, [("name_and_company", true), ("mailbox", true), ("phone", false)]);
    let twins = duplicates::list(&cx, PairQuery { safe_only: true, ..PairQuery::default() }).await.unwrap();
    assert_eq!(twins.total, Some(2));
    duplicates::dismiss(&cx, found.items[2].id, true).await.unwrap();
    assert_eq!(duplicates::find_now(&cx).await.unwrap(), 2, "what was dismissed stays so");
    let survivor = duplicates::merge_pair(&cx, found.items[1].id).await.unwrap();
    assert_eq!((survivor.id, get(&app, plus.id).await.id), (ada.id, ada.id), "the older one survives");
    duplicates::merge_safe(&cx).await.unwrap();
    app.settle().await;
    assert_eq!(duplicates::list(&cx, PairQuery::default()).await.unwrap().total, Some(0));
    assert_eq!(duplicates::find_now(&cx).await.unwrap(), 0);
});

on_each_db!(one_identifier_is_enough_unless_the_settings_want_all, |app| {
    use hg_app::fields::{self, NewField};
    let cx = app.cx();
    let field = NewField { unique: true, ..NewField::new("Member", hg_core::contacts::FieldType::Text) };
    fields::create(&cx, field).await.unwrap();
    let ada = person(&app, json!({"email": "ada@example.org", "member": "M-1"}), &[]).await;
    let one = contacts::create(&cx, input(json!({"member": "m-1", "city": "Praha"}), &[]), true).await.unwrap();
    assert_eq!((one.0.id, one.1), (ada.id, false));
    settings::write_identity(&cx, Identity { all_identifiers: true, ..Identity::default() }).await.unwrap();
    let both = contacts::create(&cx, input(json!({"member": "M-1", "email": "ada@example.org"}), &[]), true).await.unwrap();
    assert_eq!((both.0.id, both.1), (ada.id, false));
    let half = contacts::create(&cx, input(json!({"member": "M-2", "email": "ada@example.org"}), &[]), true).await.unwrap_err();
    assert_eq!(half.code, "contact.not-unique", "she is somebody else, but the address is taken");
    app.settle().await;
});

on_each_db!(two_at_once_with_one_identifier_make_one_contact, |app| {
    use hg_app::fields::{self, NewField};
    let cx = app.cx();
    let field = NewField { unique: true, ..NewField::new("Member", hg_core::contacts::FieldType::Text) };
    fields::create(&cx, field).await.unwrap();
    let tries = (0..6).map(|n| {
        let cx = cx.clone();
        tokio::spawn(
            async move { contacts::create(&cx, input(json!({"member": "M-1", "city": format!("c{n}")}), &[]), true).await },
        )
    });
    let mut ids = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        ids.push(one.await.unwrap().unwrap().0.id);
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    app.settle().await;
});
