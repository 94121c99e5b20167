//! Fields that become unique, and what stands against it.

use hg_app::contacts::{self, ContactInput};
use hg_app::fields::{self, FieldPatch, NewField};
use hg_app::{ErrorKind, Result};
use hg_core::contacts::FieldType;
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
