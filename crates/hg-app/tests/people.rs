//! Contacts, tags, do-not-contact, points, consents, fields.

use std::collections::BTreeMap;

use hg_app::contacts::{
    self, BulkAction, Contact, ContactInput, ContactQuery, NewDoNotContact, PointsOperator, Selection, TimelineQuery,
};
use hg_app::fields::{self, FieldPatch, NewField};
use hg_app::list::ListQuery;
use hg_app::{ErrorKind, Role, consents, tags};
use hg_core::contacts::{Choice, FieldType, FieldValue, default_fields};
use hg_core::events::EventKind;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

fn input(fields: Value) -> ContactInput {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    ContactInput { fields: fields.into_iter().collect::<BTreeMap<_, _>>(), ..ContactInput::default() }
}

async fn person(app: &TestApp, fields: Value) -> Contact {
    contacts::create(&app.cx(), input(fields), false).await.unwrap().0
}

async fn found(app: &TestApp, search: &str) -> Vec<String> {
    let query = ContactQuery {
        list: ListQuery { search: search.into(), sort: "id".into(), ..ListQuery::default() },
        ..ContactQuery::default()
    };
    contacts::list(&app.cx(), query).await.unwrap().items.iter().map(Contact::name).collect()
}

on_each_db!(a_workspace_starts_with_the_usual_fields, |app| {
    let there = fields::list(&app.cx()).await.unwrap();
    let expected = default_fields();
    assert_eq!(there.len(), expected.len());
    for (field, mut expected) in there.into_iter().zip(expected) {
        expected.id = field.def.id;
        assert_eq!(field.def, expected);
    }
});

on_each_db!(a_contact_is_read_back_as_it_was_written, |app| {
    let ada = person(
        &app,
        json!({"firstname": "Ada", "lastname": "Lovelace", "email": "Ada@Example.org", "country": "uk", "attribution": 12.345}),
    )
    .await;
    assert_eq!(ada.name(), "Ada Lovelace");
    assert_eq!(ada.values["country"], FieldValue::Text("United Kingdom".into()));
    assert_eq!(ada.values["attribution"], FieldValue::Number(12.35));
    assert_eq!(ada.identified_at, Some(app.now()));
    let again = contacts::update(
        &app.cx(),
        ada.id,
        ContactInput { version: Some(ada.version), ..input(json!({"city": "Praha", "country": null})) },
        true,
    )
    .await
    .unwrap();
    assert_eq!((again.version, again.text("city").as_deref(), again.text("country")), (ada.version + 1, Some("Praha"), None));
    let stale =
        contacts::update(&app.cx(), ada.id, ContactInput { version: Some(ada.version), ..input(json!({"city": "Brno"})) }, true)
            .await;
    assert_eq!(stale.unwrap_err().code, "changed-meanwhile");
    app.settle().await;
});

on_each_db!(an_address_belongs_to_one_contact_however_it_is_written, |app| {
    let ada = person(&app, json!({"email": "ada@example.org"})).await;
    let twin =
        contacts::create(&app.cx(), input(json!({"email": "ADA@EXAMPLE.org", "firstname": "Ada"})), false).await.unwrap_err();
    assert_eq!((twin.kind, twin.fields[0].pointer.as_str()), (ErrorKind::Conflict, "/fields/email"));
    let (same, made) =
        contacts::create(&app.cx(), input(json!({"email": "ADA@EXAMPLE.org", "firstname": "Ada"})), true).await.unwrap();
    assert_eq!((same.id, made, same.text("firstname").as_deref()), (ada.id, false, Some("Ada")));
    // A deleted contact leaves her address to somebody else.
    contacts::delete(&app.cx(), ada.id).await.unwrap();
    assert!(contacts::create(&app.cx(), input(json!({"email": "ada@example.org"})), false).await.unwrap().1);
    app.settle().await;
});

on_each_db!(every_mistake_in_a_contact_is_reported_at_its_field, |app| {
    let wrong =
        contacts::create(&app.cx(), input(json!({"email": "nobody", "shoe": 1, "timezone": "Mars"})), false).await.unwrap_err();
    let pointers: Vec<&str> = wrong.fields.iter().map(|f| f.pointer.as_str()).collect();
    assert_eq!((wrong.kind, pointers), (ErrorKind::Invalid, vec!["/fields/email", "/fields/shoe", "/fields/timezone"]));
});

on_each_db!(a_field_of_ones_own_is_a_column_that_lists_and_searches_read, |app| {
    let mut tier = NewField::new("Tier", FieldType::Select);
    tier.properties.options = vec![Choice::new("gold"), Choice::new("silver")];
    let tier = fields::create(&app.cx(), tier).await.unwrap();
    fields::create(&app.cx(), NewField::new("Born", FieldType::Date)).await.unwrap();
    let mut number = NewField::new("Member number", FieldType::Text);
    number.unique = true;
    fields::create(&app.cx(), number).await.unwrap();
    let ada = person(&app, json!({"firstname": "Ada", "tier": "GOLD", "born": "10.12.1815", "member_number": "A 1"})).await;
    assert_eq!((ada.text("tier").as_deref(), ada.text("born").as_deref()), (Some("gold"), Some("1815-12-10")));
    assert_eq!(found(&app, "tier:gold").await, ["Ada"]);
    assert_eq!(found(&app, "has:born").await, ["Ada"]);
    let twin = contacts::create(&app.cx(), input(json!({"member_number": "a 1"})), false).await.unwrap_err();
    assert_eq!(twin.fields[0].pointer, "/fields/member_number");
    let bad =
        fields::update(&app.cx(), tier.def.id, FieldPatch { char_limit: Some(0), ..FieldPatch::default() }).await.unwrap_err();
    assert_eq!(bad.code, "field.char-limit");
    fields::delete(&app.cx(), tier.def.id).await.unwrap();
    assert!(fields::get(&app.cx(), tier.def.id).await.unwrap_err().is_not_found());
    // The alias is free again while the old column still waits to be dropped.
    let again = fields::create(&app.cx(), NewField::new("Tier", FieldType::Number)).await.unwrap();
    assert_eq!(again.def.alias, "tier");
    app.advance(hg_core::time::Millis::days(31));
    app.settle().await;
    let fixed = fields::list(&app.cx()).await.unwrap().into_iter().find(|f| f.def.alias == "email").unwrap();
    assert_eq!(fields::delete(&app.cx(), fixed.def.id).await.unwrap_err().kind, ErrorKind::Forbidden);
});

on_each_db!(tags_points_and_consents_stand_in_the_timeline, |app| {
    let ada = person(&app, json!({"firstname": "Ada"})).await;
    let tagged = contacts::update(
        &app.cx(),
        ada.id,
        ContactInput { tags: vec!["News".into(), "vip".into()], ..ContactInput::default() },
        true,
    )
    .await
    .unwrap();
    assert_eq!(tagged.tags.iter().map(|t| t.1.as_str()).collect::<Vec<_>>(), ["News", "vip"]);
    contacts::update(
        &app.cx(),
        ada.id,
        ContactInput { tags: vec!["news".into(), "-VIP".into()], ..ContactInput::default() },
        true,
    )
    .await
    .unwrap();
    assert_eq!(contacts::points(&app.cx(), ada.id, PointsOperator::Plus, 7, "Hello".into()).await.unwrap(), 7);
    assert_eq!(contacts::points(&app.cx(), ada.id, PointsOperator::Divide, 0, "Oops".into()).await.unwrap(), 7);
    consents::set(&app.cx(), ada.id, "newsletter".into(), true, Some("Yes please".into())).await.unwrap();
    let consents = consents::set(&app.cx(), ada.id, "newsletter".into(), false, None).await.unwrap();
    assert_eq!(consents.iter().map(|c| (c.given, c.current)).collect::<Vec<_>>(), [(false, true), (true, false)]);
    app.settle().await;
    let page = contacts::timeline(&app.cx(), Some(ada.id), TimelineQuery::default()).await.unwrap();
    let kinds: Vec<EventKind> = page.items.iter().map(|m| m.kind).collect();
    let expected = [
        EventKind::ConsentChanged,
        EventKind::ConsentChanged,
        EventKind::PointsChanged,
        EventKind::TagChanged,
        EventKind::TagChanged,
        EventKind::TagChanged,
        EventKind::Identified,
        EventKind::Created,
    ];
    assert_eq!(kinds, expected);
    assert_eq!(page.items[3].title, "Tag “vip” removed");
    let tags = tags::list(&app.cx(), ListQuery::default()).await.unwrap();
    assert_eq!(tags.items.iter().map(|t| (t.name.as_str(), t.contacts)).collect::<Vec<_>>(), [("News", 1), ("vip", 0)]);
});

on_each_db!(an_unsubscription_is_not_overwritten_by_a_bounce, |app| {
    let ada = person(&app, json!({"firstname": "Ada"})).await;
    let entry = |reason| NewDoNotContact { channel: "email".into(), reason, channel_id: None, comments: String::new() };
    contacts::stop_contacting(&app.cx(), ada.id, entry(3)).await.unwrap();
    contacts::stop_contacting(&app.cx(), ada.id, entry(1)).await.unwrap();
    contacts::stop_contacting(&app.cx(), ada.id, entry(2)).await.unwrap();
    let marks = contacts::get(&app.cx(), ada.id).await.unwrap().do_not_contact;
    assert_eq!(marks.iter().map(|m| m.reason).collect::<Vec<_>>(), [1]);
    assert_eq!(contacts::stop_contacting(&app.cx(), ada.id, entry(9)).await.unwrap_err().code, "contact.reason");
    assert!(contacts::contact_again(&app.cx(), ada.id, "email".into()).await.unwrap());
    assert!(!contacts::contact_again(&app.cx(), ada.id, "email".into()).await.unwrap());
    app.settle().await;
});

on_each_db!(the_search_finds_whom_it_names, |app| {
    for (first, last, email, points, tag) in [
        ("Ada", "Lovelace", "ada@example.org", 5, "news"),
        ("Zoë", "Čapková", "zoe@example.com", 60, "vip"),
        ("Bob", "", "bob@example.com", 0, "news"),
    ] {
        let made = person(&app, json!({"firstname": first, "lastname": last, "email": email, "points": points})).await;
        contacts::update(&app.cx(), made.id, ContactInput { tags: vec![tag.into()], ..ContactInput::default() }, true)
            .await
            .unwrap();
    }
    let visitor = person(&app, json!({"city": "Praha"})).await;
    for (search, expected) in [
        ("", &["Ada Lovelace", "Zoë Čapková", "Bob"][..]),
        ("capkova", &["Zoë Čapková"]),
        ("ZOE example", &["Zoë Čapková"]),
        ("email:%com", &["Zoë Čapková", "Bob"]),
        ("tag:news !bob", &["Ada Lovelace"]),
        ("tag:vip OR name:bob", &["Zoë Čapková", "Bob"]),
        ("points:>50", &["Zoë Čapková"]),
        ("!(tag:news OR tag:vip)", &[]),
        ("is:anonymous", &["Anonymous"]),
        ("100%", &[]),
        ("nosuch:thing", &[]),
    ] {
        assert_eq!(found(&app, search).await, expected, "{search}");
    }
    assert_eq!(found(&app, &format!("ids:{}", visitor.id)).await, ["Anonymous"]);
    app.settle().await;
});

on_each_db!(pages_of_a_list_give_everybody_once_in_every_order, |app| {
    for n in 0..23 {
        let points = if n % 3 == 0 { json!(null) } else { json!(n % 5) };
        person(&app, json!({"firstname": format!("P{n:02}"), "attribution": points})).await;
    }
    for sort in ["", "id", "-id", "name", "-name", "attribution", "-attribution", "last_active", "-created_at"] {
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let list = ListQuery { sort: sort.into(), limit: 7, cursor: cursor.clone(), ..ListQuery::default() };
            let page = contacts::list(&app.cx(), ContactQuery { list, ..ContactQuery::default() }).await.unwrap();
            assert_eq!(page.total, Some(23));
            seen.extend(page.items.iter().map(|c| c.id));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        let mut once = seen.clone();
        once.sort();
        once.dedup();
        assert_eq!((seen.len(), once.len()), (23, 23), "sorted by {sort}");
    }
    let unknown = ContactQuery { list: ListQuery { sort: "shoe".into(), ..ListQuery::default() }, ..ContactQuery::default() };
    assert_eq!(contacts::list(&app.cx(), unknown).await.unwrap_err().code, "contact.sort");
    app.settle().await;
});

on_each_db!(many_are_tagged_and_deleted_in_one_go_and_brought_back, |app| {
    for n in 0..3 {
        person(&app, json!({"firstname": format!("P{n}")})).await;
    }
    let all = || Selection::Query(Box::default());
    let done = contacts::bulk(&app.cx(), all(), BulkAction::AddTags { tags: vec!["x".into()] }).await.unwrap();
    assert_eq!(done.affected, 3);
    let ids: Vec<_> = contacts::list(&app.cx(), ContactQuery { tag: Some("X".into()), ..ContactQuery::default() })
        .await
        .unwrap()
        .items
        .iter()
        .map(|c| c.id)
        .collect();
    assert_eq!(ids.len(), 3);
    contacts::bulk(&app.cx(), all(), BulkAction::Delete).await.unwrap();
    assert!(found(&app, "").await.is_empty());
    contacts::bulk(&app.cx(), Selection::Ids(ids), BulkAction::Restore).await.unwrap();
    assert_eq!(found(&app, "").await.len(), 3);
    app.settle().await;
});

on_each_db!(a_viewer_sees_contacts_and_changes_none, |app| {
    let ada = person(&app, json!({"firstname": "Ada"})).await;
    let (_, viewer) = app.user("viewer@example.org", Role::Viewer).await;
    assert!(contacts::get(&viewer, ada.id).await.is_ok());
    assert_eq!(contacts::delete(&viewer, ada.id).await.unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(contacts::get(&app.visitor(), ada.id).await.unwrap_err().kind, ErrorKind::Unauthenticated);
    app.settle().await;
});

on_each_db!(a_visitor_who_becomes_known_is_merged_with_her_history, |app| {
    let known = person(&app, json!({"firstname": "Ada", "email": "ada@example.org", "points": 5})).await;
    let ws = app.ws.clone();
    let known_id = known.id;
    let visitor = app
        .ws
        .db
        .write(move |tx| {
            let visitor = contacts::create_anonymous(&ws, tx)?;
            contacts::change_tags(&ws, tx, visitor, &["ama".into()], &[])?;
            contacts::change_points(&ws, tx, visitor, 3, "Visit")?;
            let texts = [
                ("city".to_owned(), "Praha".to_owned()),
                ("nosuch".to_owned(), "x".to_owned()),
                ("timezone".to_owned(), "Mars".to_owned()),
            ];
            contacts::write_texts(&ws, tx, visitor, &texts, contacts::Overwrite::All, false)?;
            contacts::set_do_not_contact(&ws, tx, visitor, "email", 1, "", None)?;
            contacts::set_do_not_contact(&ws, tx, known_id, "email", 2, "", None)?;
            Ok::<_, hg_app::Error>(visitor)
        })
        .await
        .unwrap();
    app.settle().await;
    let ws = app.ws.clone();
    app.ws.db.write(move |tx| contacts::merge(&ws, tx, visitor, known_id)).await.unwrap();
    app.settle().await;
    // The old id leads to the survivor.
    let merged = contacts::get(&app.cx(), visitor).await.unwrap();
    assert_eq!(
        (merged.id, merged.points, merged.text("city").as_deref(), merged.text("timezone")),
        (known.id, 8, Some("Praha"), None)
    );
    assert_eq!(merged.tags[0].1, "ama");
    assert_eq!(merged.do_not_contact[0].reason, 1, "the most restrictive wins");
    let page = contacts::timeline(&app.cx(), Some(known.id), TimelineQuery::default()).await.unwrap();
    assert!(page.items.iter().any(|m| m.kind == EventKind::Merged) && page.items.iter().any(|m| m.kind == EventKind::TagChanged));
});

on_each_db!(a_visitor_cannot_take_over_somebody_elses_address, |app| {
    let known = person(&app, json!({"email": "ada@example.org"})).await;
    let ws = app.ws.clone();
    let visitor = app
        .ws
        .db
        .write(move |tx| {
            let visitor = contacts::create_anonymous(&ws, tx)?;
            let texts = [("email".to_owned(), "ADA@example.org".to_owned()), ("firstname".to_owned(), "Mallory".to_owned())];
            contacts::write_texts(&ws, tx, visitor, &texts, contacts::Overwrite::All, false)?;
            Ok::<_, hg_app::Error>(visitor)
        })
        .await
        .unwrap();
    let contact = contacts::get(&app.cx(), visitor).await.unwrap();
    assert_eq!((contact.email(), contact.text("firstname").as_deref()), (None, Some("Mallory")));
    assert_eq!(contacts::get(&app.cx(), known.id).await.unwrap().text("firstname"), None);
    app.settle().await;
});
