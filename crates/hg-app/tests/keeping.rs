//! Exports in the background, views that people keep, the trash.

use std::collections::BTreeMap;

use hg_app::contacts::{self, ContactInput, ContactQuery, Selection};
use hg_app::exports::{self, Format, NewExport};
use hg_app::list::ListQuery;
use hg_app::segments::{self, NewSegment};
use hg_app::tags::{self, NewTag};
use hg_app::views::{self, ViewInput};
use hg_app::{ErrorKind, Role, trash};
use hg_core::time::Millis;
use hg_testkit::{TestApp, on_each_db};
use serde_json::json;

async fn people(app: &TestApp, count: usize) {
    for n in 0..count {
        let fields: BTreeMap<_, _> = [
            ("firstname", json!(if n == 1 { "=HYPERLINK(1)" } else { "Ada" })),
            ("email", json!(format!("ada{n}@example.org"))),
            ("phone", json!(format!("00420 12{n}"))),
        ]
        .into_iter()
        .map(|(k, v)| (k.to_owned(), v))
        .collect();
        let input = ContactInput { fields, tags: vec!["news".into()], ..ContactInput::default() };
        contacts::create(&app.cx(), input, false).await.unwrap();
    }
}

fn everybody(search: &str) -> Selection {
    let list = ListQuery { search: search.into(), ..ListQuery::default() };
    Selection::Query(Box::new(ContactQuery { list, ..ContactQuery::default() }))
}

async fn export(app: &TestApp, format: Format, columns: &[&str]) -> (i64, Vec<u8>) {
    let columns = columns.iter().map(|c| (*c).to_owned()).collect();
    let asked = exports::start(&app.cx(), NewExport { contacts: everybody(""), columns, format }).await.unwrap();
    assert_eq!((asked.state.as_str(), asked.total), ("queued", Some(3)));
    app.settle().await;
    let done = exports::get(&app.cx(), asked.id).await.unwrap();
    assert_eq!((done.state.as_str(), done.done), ("done", 3));
    let (path, _, _) = exports::file(&app.cx(), asked.id).await.unwrap();
    (asked.id, std::fs::read(path).unwrap())
}

on_each_db!(contacts_are_exported_in_the_background_in_every_format, |app| {
    people(&app, 3).await;
    let filter = json!({"match": "all", "rules": [{"field": "email", "op": "startsWith", "value": "ada1"}]});
    let new = NewSegment { name: "First".into(), filter: Some(filter), ..NewSegment::default() };
    segments::create(&app.cx(), new).await.unwrap();
    app.settle().await;
    let (_, csv) = export(&app, Format::Csv, &["id", "firstname", "phone", "tags", "segments"]).await;
    assert_eq!(
        String::from_utf8(csv).unwrap(),
        "id,firstname,phone,tags,segments\n1,Ada,00420 120,news,\n2,'=HYPERLINK(1),00420 121,news,First\n3,Ada,00420 122,news,\n",
        "a spreadsheet must not run what a stranger wrote"
    );
    let (_, jsonl) = export(&app, Format::Jsonl, &["id", "email"]).await;
    let lines: Vec<serde_json::Value> =
        String::from_utf8(jsonl).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines[2], json!({"id": "3", "email": "ada2@example.org"}));
    let (id, xlsx) = export(&app, Format::Xlsx, &[]).await;
    assert_eq!(&xlsx[..2], b"PK", "a workbook is a zip file");
    app.advance(Millis::days(8));
    app.settle().await;
    assert_eq!(exports::get(&app.cx(), id).await.unwrap().state, "expired");
    assert_eq!(exports::file(&app.cx(), id).await.unwrap_err().code, "export.expired");
});

on_each_db!(an_export_names_what_it_cannot_give, |app| {
    let asked = |columns: &[&str]| NewExport {
        contacts: everybody(""),
        columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        format: Format::Csv,
    };
    let wrong = exports::start(&app.cx(), asked(&["id", "shoe_size"])).await.unwrap_err();
    assert_eq!(wrong.code, "contact.unknown-field");
    let (_, vera) = app.user("vera@example.org", Role::Viewer).await;
    let (_, carla) = app.user("carla@example.org", Role::Administrator).await;
    let hers = exports::start(&carla, asked(&[])).await.unwrap();
    assert_eq!(exports::file(&carla, hers.id).await.unwrap_err().code, "export.not-done");
    assert!(exports::get(&vera, hers.id).await.unwrap_err().is_not_found(), "files of others are not hers to see");
});

on_each_db!(a_view_is_ones_own_until_it_is_shared, |app| {
    let (_, carla) = app.user("carla@example.org", Role::Administrator).await;
    let (_, vera) = app.user("vera@example.org", Role::Viewer).await;
    let input = |name: &str| ViewInput { name: Some(name.into()), body: Some(json!({"search": "tag:news"})), shared: None };
    let kept = views::create(&carla, "contacts", input("Readers")).await.unwrap();
    assert!(views::all(&vera, "contacts").await.unwrap().is_empty());
    views::update(&carla, kept.id, ViewInput { shared: Some(true), ..ViewInput::default() }).await.unwrap();
    let seen = views::all(&vera, "contacts").await.unwrap();
    assert_eq!((seen[0].name.as_str(), &seen[0].body), ("Readers", &json!({"search": "tag:news"})));
    assert_eq!(views::delete(&vera, kept.id).await.unwrap_err().kind, ErrorKind::Forbidden);
    for wrong in [input(" "), ViewInput { name: Some("x".into()), body: Some(json!([1])), shared: None }] {
        assert_eq!(views::create(&carla, "contacts", wrong).await.unwrap_err().kind, ErrorKind::Invalid);
    }
    assert_eq!(views::create(&carla, "shoes", input("x")).await.unwrap_err().fields[0].pointer, "/list");
    views::delete(&carla, kept.id).await.unwrap();
    assert!(views::all(&carla, "contacts").await.unwrap().is_empty());
});

on_each_db!(what_was_deleted_can_be_brought_back_for_thirty_days, |app| {
    people(&app, 2).await;
    let (tag, _) = tags::create(&app.cx(), NewTag { name: "Old".into(), description: None }).await.unwrap();
    let segment = segments::create(&app.cx(), NewSegment { name: "Gone".into(), ..NewSegment::default() }).await.unwrap();
    contacts::delete(&app.cx(), hg_core::ids::ContactId(2)).await.unwrap();
    app.advance(Millis::minutes(1));
    tags::delete(&app.cx(), tag.id).await.unwrap();
    app.advance(Millis::minutes(1));
    segments::delete(&app.cx(), segment.id).await.unwrap();
    let page = |cursor: Option<String>| ListQuery { limit: 2, cursor, ..ListQuery::default() };
    let first = trash::list(&app.cx(), None, page(None)).await.unwrap();
    let second = trash::list(&app.cx(), None, page(first.next_cursor.clone())).await.unwrap();
    let seen: Vec<(String, String)> = first.items.into_iter().chain(second.items).map(|t| (t.kind, t.name)).collect();
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(seen, [pair("segment", "Gone"), pair("tag", "Old"), pair("contact", "=HYPERLINK(1)")]);
    trash::restore(&app.cx(), "tag", tag.id.0).await.unwrap();
    assert_eq!(trash::list(&app.cx(), Some("tag".into()), page(None)).await.unwrap().items, []);
    assert!(trash::restore(&app.cx(), "shoe", 1).await.unwrap_err().is_not_found());
    app.advance(Millis::days(31));
    assert_eq!(trash::list(&app.cx(), None, page(None)).await.unwrap().items, []);
});

on_each_db!(a_filter_tells_what_each_part_leaves_and_whom_it_would_move, |app| {
    people(&app, 6).await;
    let rule = |field: &str, op: &str, value: serde_json::Value| json!({"field": field, "op": op, "value": value});
    let filter = json!({"match": "all", "rules": [rule("firstname", "=", json!("ada")), rule("email", "in", json!(["ada0@example.org", "ada1@example.org"]))]});
    let new = NewSegment {
        name: "Adas".into(),
        filter: Some(json!({"match": "all", "rules": [rule("firstname", "=", json!("ada"))]})),
        ..NewSegment::default()
    };
    let segment = segments::create(&app.cx(), new).await.unwrap();
    app.settle().await;
    let query = segments::PreviewQuery { filter, include_anonymous: false, segment: Some(segment.id), everybody: false };
    let preview = segments::preview(&app.cx(), query.clone()).await.unwrap();
    assert_eq!(preview.funnel, [("/rules/0".to_owned(), 5), ("/rules/1".to_owned(), 1)]);
    assert_eq!((preview.everyone, preview.count, preview.moves), (6, 1, Some((0, 4))));
    let (member, tree) = segments::try_on(&app.cx(), query.clone(), hg_core::ids::ContactId(2)).await.unwrap();
    assert_eq!((member, tree.children[0].verdict, tree.children[1].verdict), (false, false, true));
    assert!(segments::try_on(&app.cx(), query, hg_core::ids::ContactId(99)).await.unwrap_err().is_not_found());
});
