//! Who changed what.

use std::collections::BTreeMap;

use hg_app::audit::{self, AuditQuery};
use hg_app::contacts::{self, ContactInput};
use hg_app::emails::{self, Content, NewEmail};
use hg_app::segments::{self, NewSegment, SegmentPatch};
use hg_app::tags::{self, NewTag, TagPatch};
use hg_app::{ErrorKind, Role, settings, users};
use hg_testkit::on_each_db;
use serde_json::json;

fn input(fields: &[(&str, serde_json::Value)]) -> ContactInput {
    let fields: BTreeMap<_, _> = fields.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect();
    ContactInput { fields, ..ContactInput::default() }
}

on_each_db!(a_deed_says_who_did_what_with_the_values_before_and_after, |app| {
    let (_, cx) = app.user("carla@example.org", Role::Administrator).await;
    let (ada, _) =
        contacts::create(&cx, input(&[("email", json!("ada@example.org")), ("city", json!("London"))]), false).await.unwrap();
    contacts::update(&cx, ada.id, input(&[("city", json!("Turin"))]), true).await.unwrap();
    contacts::update(&cx, ada.id, input(&[("city", json!("Turin"))]), true).await.unwrap();
    contacts::delete(&cx, ada.id).await.unwrap();
    contacts::restore(&cx, ada.id).await.unwrap();
    let (tag, _) = tags::create(&cx, NewTag { name: "News".into(), description: None }).await.unwrap();
    tags::update(&cx, tag.id, TagPatch { name: Some("Novelties".into()), ..TagPatch::default() }).await.unwrap();

    let about = AuditQuery { object: Some("contact".into()), object_id: Some(ada.id.0), ..AuditQuery::default() };
    let rows = audit::list(&cx, about).await.unwrap().items;
    let deeds: Vec<&str> = rows.iter().map(|r| r.action.as_str()).collect();
    assert_eq!(deeds, ["restore", "delete", "update", "create"], "an update that changes nothing is no deed");
    assert_eq!(rows[2].detail, Some(json!({"city": ["London", "Turin"]})));
    assert_eq!(rows[2].user_id, cx.user_id());
    assert_eq!(rows[2].name.as_deref(), Some("ada@example.org"));

    let tags = audit::list(&cx, AuditQuery { object: Some("tag".into()), ..AuditQuery::default() }).await.unwrap().items;
    assert_eq!(tags[0].detail, Some(json!({"name": ["News", "Novelties"]})));
    let text = String::from_utf8(audit::export_csv(&cx, AuditQuery::default()).await.unwrap()).unwrap();
    assert!(text.starts_with("at,user,action,object"));
    assert!(text.contains("Novelties"));
});

on_each_db!(a_viewer_sees_the_history_of_one_thing_but_not_what_colleagues_do, |app| {
    let (_, admin) = app.user("carla@example.org", Role::Administrator).await;
    let (tag, _) = tags::create(&admin, NewTag { name: "News".into(), description: None }).await.unwrap();
    let (_, viewer) = app.user("vera@example.org", Role::Viewer).await;
    let refused = audit::list(&viewer, AuditQuery::default()).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Forbidden);
    let about = AuditQuery { object: Some("tag".into()), object_id: Some(tag.id.0), ..AuditQuery::default() };
    assert_eq!(audit::list(&viewer, about).await.unwrap().items.len(), 1);
});

on_each_db!(whatever_somebody_makes_changes_and_deletes_is_told, |app| {
    let (_, cx) = app.user("carla@example.org", Role::Administrator).await;
    let segment = segments::create(&cx, NewSegment { name: "Readers".into(), ..NewSegment::default() }).await.unwrap();
    let renamed = SegmentPatch { name: Some("Keen readers".into()), ..SegmentPatch::default() };
    segments::update(&cx, segment.id, renamed).await.unwrap();
    segments::delete(&cx, segment.id).await.unwrap();
    segments::restore(&cx, segment.id).await.unwrap();
    let content = Content { subject: "Hello".into(), source: "<p>Hi</p>".into(), ..Content::default() };
    let email = emails::create(&cx, NewEmail { name: "News".into(), content, ..NewEmail::default() }).await.unwrap();
    emails::delete(&cx, email.id).await.unwrap();
    let mut general = cx.ws.settings().general.clone();
    general.site_name = "Hive".into();
    settings::write_general(&cx, general).await.unwrap();
    let (user, _) = app.user("vera@example.org", Role::Viewer).await;
    users::delete(&cx, user.id).await.unwrap();
    let rows = audit::list(&cx, AuditQuery::default()).await.unwrap().items;
    let told: Vec<(&str, &str)> = rows.iter().map(|r| (r.object.as_str(), r.action.as_str())).collect();
    assert_eq!(
        told,
        [
            ("user", "delete"),
            ("user", "create"),
            ("settings", "update"),
            ("email", "delete"),
            ("email", "create"),
            ("segment", "restore"),
            ("segment", "delete"),
            ("segment", "update"),
            ("segment", "create"),
            ("user", "create"),
        ]
    );
    assert_eq!(rows[2].detail.as_ref().unwrap()["site_name"][1], "Hive");
    assert_eq!(rows[7].detail, Some(json!({"name": ["Readers", "Keen readers"]})));
});
