//! Fields that become unique or take another type, what stands against it, and where a field is used.

use hg_app::contacts::{self, ContactInput, ContactQuery};
use hg_app::emails::{self, NewEmail};
use hg_app::fields::{self, FieldPatch, NewField, NewType};
use hg_app::segments::{self, NewSegment};
use hg_app::{ErrorKind, Result, jobs};
use hg_core::contacts::{Choice, FieldProperties, FieldType};
use hg_core::ids::{ContactId, FieldId};
use hg_testkit::{TestApp, on_each_db};
use serde_json::json;

async fn person(app: &TestApp, email: &str, number: &str) -> Result<(ContactId, bool)> {
    let fields = [("email".to_owned(), json!(email)), ("member_number".to_owned(), json!(number))];
    let input = ContactInput { fields: fields.into(), ..ContactInput::default() };
    contacts::create(&app.cx(), input, true).await.map(|(contact, made)| (contact.id, made))
}

async fn number_field(app: &TestApp) -> FieldId {
    let new = NewField { alias: Some("member_number".into()), ..NewField::new("Member number", FieldType::Text) };
    fields::create(&app.cx(), new).await.unwrap().def.id
}

async fn make_unique(app: &TestApp, field: FieldId, unique: bool) -> Result<fields::Field> {
    fields::update(&app.cx(), field, FieldPatch { unique: Some(unique), ..FieldPatch::default() }).await
}

on_each_db!(a_field_can_be_made_unique_once_its_values_are, |app| {
    let field = number_field(&app).await;
    let (ada, _) = person(&app, "ada@example.org", " A-1 ").await.unwrap();
    let (twin, _) = person(&app, "twin@example.org", "a-1").await.unwrap();
    let refused = make_unique(&app, field, true).await.unwrap_err();
    assert_eq!((refused.kind, refused.code.as_ref()), (ErrorKind::Conflict, "field.not-unique"));
    assert!(refused.detail.contains("“a-1” (2 contacts)"), "{}", refused.detail);
    assert!(!fields::get(&app.cx(), field).await.unwrap().def.unique, "a refused change leaves nothing behind");
    contacts::delete(&app.cx(), twin).await.unwrap();
    assert!(make_unique(&app, field, true).await.unwrap().def.unique);
    let (found, made) = person(&app, "", "A-1").await.unwrap();
    assert_eq!((found, made), (ada, false), "people are found by it from now on");
});

on_each_db!(a_unique_field_can_be_let_go, |app| {
    let field = number_field(&app).await;
    person(&app, "ada@example.org", "A-1").await.unwrap();
    make_unique(&app, field, true).await.unwrap();
    assert!(!make_unique(&app, field, false).await.unwrap().def.unique);
    let (_, made) = person(&app, "bo@example.org", "A-1").await.unwrap();
    assert!(made, "two people may have it again");
    let refused = make_unique(&app, field, true).await.unwrap_err();
    assert_eq!(refused.code, "field.not-unique");
});

on_each_db!(what_cannot_tell_people_apart_cannot_be_unique, |app| {
    let long = fields::create(&app.cx(), NewField::new("Story", FieldType::LongText)).await.unwrap().def.id;
    assert_eq!(make_unique(&app, long, true).await.unwrap_err().code, "field.unique");
    let email = fields::list(&app.cx()).await.unwrap().into_iter().find(|f| f.def.alias == "email").unwrap();
    assert_eq!(make_unique(&app, email.def.id, false).await.unwrap_err().kind, ErrorKind::Forbidden);
});

fn to(kind: &str, choices: &[&str]) -> NewType {
    let options = choices.iter().map(|value| Choice { label: (*value).into(), value: (*value).into() }).collect();
    NewType { kind: kind.into(), properties: FieldProperties { options, ..FieldProperties::default() } }
}

async fn value(app: &TestApp, id: ContactId) -> Option<String> {
    contacts::get(&app.cx(), id).await.unwrap().text("member_number")
}

on_each_db!(a_field_takes_another_type_and_says_first_which_values_do_not_fit, |app| {
    let cx = app.cx();
    let field = number_field(&app).await;
    let mut people = Vec::new();
    for (name, number) in [("ada", "12"), ("bo", "3.5"), ("cleo", "a dozen"), ("dan", "")] {
        people.push(person(&app, &format!("{name}@example.org"), number).await.unwrap().0);
    }
    contacts::delete(&cx, people[1]).await.unwrap();
    let seen = fields::preview_conversion(&cx, field, to("number", &[])).await.unwrap();
    assert_eq!((seen.values, seen.fit, seen.all), (2, 1, true), "{seen:?}");
    assert_eq!(seen.unfit.len(), 1);
    assert_eq!(seen.unfit[0].0, "a dozen");
    let choices = fields::preview_conversion(&cx, field, to("select", &[])).await.unwrap();
    assert_eq!(choices.met, [("12".to_owned(), 1), ("a dozen".to_owned(), 1)], "choices can be made of what is there");
    assert_eq!(value(&app, people[0]).await.as_deref(), Some("12"), "looking changes nothing");
    let task = fields::convert_field(&cx, field, to("number", &[])).await.unwrap();
    let twice = fields::convert_field(&cx, field, to("date", &[])).await.unwrap_err();
    assert_eq!(twice.code, "field.converting");
    app.settle().await;
    assert_eq!(jobs::get(&cx, task).await.unwrap().state, "done");
    assert_eq!(fields::get(&cx, field).await.unwrap().def.kind, FieldType::Number);
    contacts::restore(&cx, people[1]).await.unwrap();
    let mut now = Vec::new();
    for id in &people {
        now.push(value(&app, *id).await);
    }
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(now, [some("12"), some("3.5"), None, None], "who lay in the trash comes back with her value");
    let query = ContactQuery {
        filter: Some(json!({"match": "all", "rules": [{"field": "member_number", "op": "gt", "value": "10"}]})),
        ..ContactQuery::default()
    };
    assert_eq!(contacts::list(&cx, query).await.unwrap().total, Some(1), "filters compare numbers from now on");
    let written = ContactInput { fields: [("member_number".to_owned(), json!(7))].into(), ..ContactInput::default() };
    contacts::update(&cx, people[3], written, true).await.unwrap();
    assert_eq!(value(&app, people[3]).await.as_deref(), Some("7"));
});

on_each_db!(a_text_becomes_a_choice_and_a_choice_a_text, |app| {
    let cx = app.cx();
    let field = number_field(&app).await;
    let (ada, _) = person(&app, "ada@example.org", "Gold").await.unwrap();
    let (bo, _) = person(&app, "bo@example.org", "tin").await.unwrap();
    assert_eq!(fields::convert_field(&cx, field, to("select", &[])).await.unwrap_err().code, "field.choices");
    fields::convert_field(&cx, field, to("select", &["gold", "silver"])).await.unwrap();
    app.settle().await;
    assert_eq!((value(&app, ada).await.as_deref(), value(&app, bo).await), (Some("gold"), None));
    fields::convert_field(&cx, field, to("long_text", &[])).await.unwrap();
    app.settle().await;
    assert_eq!(value(&app, ada).await.as_deref(), Some("gold"));
});

on_each_db!(a_filter_that_could_not_ask_any_more_keeps_the_type, |app| {
    let cx = app.cx();
    let field = number_field(&app).await;
    let filter = json!({"match": "all", "rules": [{"field": "member_number", "op": "endsWith", "value": "7"}]});
    let new = NewSegment { name: "Sevens".into(), filter: Some(filter), ..NewSegment::default() };
    segments::create(&cx, new).await.unwrap();
    app.settle().await;
    let refused = fields::convert_field(&cx, field, to("boolean", &[])).await.unwrap_err();
    assert_eq!((refused.kind, refused.code.as_ref()), (ErrorKind::Conflict, "field.in-use"));
    assert!(refused.detail.contains("“Sevens”"), "{}", refused.detail);
    let refused = fields::convert_field(&cx, field, to("time", &[])).await.unwrap_err();
    assert_eq!(refused.code, "field.in-use", "segments cannot ask for a time of day");
    assert!(fields::convert_field(&cx, field, to("long_text", &[])).await.is_ok(), "long texts can be asked the same");
    app.settle().await;
    let email = fields::list(&cx).await.unwrap().into_iter().find(|f| f.def.alias == "email").unwrap();
    assert_eq!(fields::convert_field(&cx, email.def.id, to("text", &[])).await.unwrap_err().kind, ErrorKind::Forbidden);
    make_unique(&app, field, true).await.unwrap_err();
});

on_each_db!(a_field_says_where_it_is_used, |app| {
    let cx = app.cx();
    let field = number_field(&app).await;
    person(&app, "ada@example.org", "7").await.unwrap();
    person(&app, "bo@example.org", "").await.unwrap();
    assert_eq!(fields::uses(&cx, field).await.unwrap(), fields::FieldUses { uses: Vec::new(), values: 1, exact: true });
    let filter = json!({"match": "all", "rules": [{"field": "member_number", "op": "!empty"}]});
    let new = NewSegment { name: "Members".into(), filter: Some(filter), ..NewSegment::default() };
    segments::create(&cx, new).await.unwrap();
    let mut email = NewEmail { name: "Card".into(), ..NewEmail::default() };
    email.content.subject = "Your number {contactfield=member_number}".into();
    email.content.source = "<p>Hello</p>".into();
    emails::create(&cx, email).await.unwrap();
    app.settle().await;
    let used = fields::uses(&cx, field).await.unwrap().uses;
    let named: Vec<(&str, &str)> = used.iter().map(|u| (u.kind, u.name.as_str())).collect();
    assert_eq!(named, [("segment", "Members"), ("email", "Card")]);
});

on_each_db!(odd_names_make_fields_and_names_that_cannot_be_say_why, |app| {
    let make = |label: &str, alias: Option<&str>| {
        let new = NewField { alias: alias.map(str::to_owned), ..NewField::new(label, FieldType::Text) };
        let cx = app.cx();
        async move { fields::create(&cx, new).await.map(|field| field.def.alias) }
    };
    assert_eq!(make("select", None).await.unwrap(), "f_select", "a word of SQL");
    assert_eq!(make("🌻", None).await.unwrap(), "custom", "nothing that an alias could be made of");
    assert_eq!(make("🌷", None).await.unwrap(), "custom1");
    assert_eq!(make(&"x".repeat(191), None).await.unwrap().chars().filter(|c| *c != 'x').count(), 0);
    let values = [("email", "ada@example.org"), ("f_select", "it's \"1\"; DROP TABLE contacts"), ("custom", "sun")];
    let fields = values.map(|(alias, value)| (alias.to_owned(), json!(value))).into();
    let ada = contacts::create(&app.cx(), ContactInput { fields, ..ContactInput::default() }, true).await.unwrap().0;
    assert_eq!(ada.text("f_select").as_deref(), Some("it's \"1\"; DROP TABLE contacts"));
    for (label, alias, code) in [
        ("y".repeat(200).as_str(), None, "field.no-label"),
        (" ", None, "field.no-label"),
        ("Sun", Some("custom"), "field.alias-taken"),
        ("Order", Some("order"), "field.alias"),
        ("Drop", Some("x; drop table contacts"), "field.alias"),
    ] {
        assert_eq!(make(label, alias).await.unwrap_err().code, code, "{label}");
    }
    let first = fields::list(&app.cx()).await.unwrap().into_iter().find(|f| f.def.alias == "f_select").unwrap();
    let long = FieldPatch { label: Some("z".repeat(192)), ..FieldPatch::default() };
    assert_eq!(fields::update(&app.cx(), first.def.id, long).await.unwrap_err().code, "field.no-label");
});

on_each_db!(there_is_an_end_to_fields_and_it_is_told, |app| {
    app.ws
        .db
        .write(|tx| {
            let text = "INSERT INTO fields (object, alias, label, kind, field_group, position, created_at, updated_at, properties) \
                        SELECT object, 'many_' || $1, 'Many', kind, field_group, position, created_at, updated_at, properties FROM fields \
                        WHERE alias = 'city' AND object = 'contact'";
            for n in 0..1_000_i64 {
                tx.exec(hg_store::Sql::new(text).bind(n.to_string()))?;
            }
            Ok::<_, hg_app::Error>(())
        })
        .await
        .unwrap();
    let refused = fields::create(&app.cx(), NewField::new("One more", FieldType::Text)).await.unwrap_err();
    assert_eq!((refused.kind, refused.code.as_ref()), (ErrorKind::Conflict, "field.too-many"));
});
