//! Data that tries the edges: names of fields, endless filters, turned ranges, far dates. Each has a clear answer.

mod door;

use door::{administrator, complaint, good};
use hg_app::Error;
use hg_store::Sql;
use hg_testkit::on_each_db;
use serde_json::{Value, json};

on_each_db!(a_field_may_be_called_anything_and_gets_a_name_that_a_database_can_live_with, |app| {
    let web = administrator(&app).await;
    for label in ["select", "Order by", "💛 favourite", "'; DROP TABLE contacts; --", "数量", "Größe (cm)", "SELECT"] {
        let field = good(&web.post("/api/v1/fields", &json!({"label": label, "type": "text"})).await);
        let alias = field["alias"].as_str().unwrap().to_owned();
        assert!(
            !alias.is_empty() && alias.len() <= 25 && alias.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'),
            "{alias}"
        );
        let made =
            good(&web.post("/api/v1/contacts", &json!({"fields": {"firstname": "Ada", &alias: "it's \"fine\"; --"}})).await);
        assert_eq!(made["fields"][&alias], "it's \"fine\"; --", "{label}");
        let rule = json!({"match": "all", "rules": [{"field": alias, "op": "=", "value": "IT'S \"FINE\"; --"}]});
        let found = good(&web.post("/api/v1/segments/preview", &json!({"filter": rule, "include_anonymous": true})).await);
        assert_eq!(found["count"], 1, "{label}");
        good(&web.post("/api/v1/contacts/bulk", &json!({"select": {"ids": [made["id"]]}, "action": {"kind": "delete"}})).await);
    }
    let long = web.post("/api/v1/fields", &json!({"label": "x".repeat(200), "type": "text"})).await;
    assert_eq!(complaint(&long).1, "/label");
});

on_each_db!(two_fields_never_share_a_name, |app| {
    let web = administrator(&app).await;
    let first = good(&web.post("/api/v1/fields", &json!({"label": "Shoe size", "type": "number"})).await);
    let second = good(&web.post("/api/v1/fields", &json!({"label": "Shoe size", "type": "number"})).await);
    assert_eq!(first["alias"], "shoe_size");
    assert_ne!(first["alias"], second["alias"]);
    let taken = web.post("/api/v1/fields", &json!({"label": "Other", "alias": "shoe_size", "type": "text"})).await;
    assert_eq!(complaint(&taken), (422, "/alias".into()), "{}", taken.text);
});

on_each_db!(a_thousand_fields_are_enough_and_the_next_one_is_told_so, |app| {
    let web = administrator(&app).await;
    app.ws
        .db
        .write(|tx| {
            for n in 0..1_000 {
                tx.exec(
                    Sql::new(
                        "INSERT INTO fields (created_at, updated_at, alias, label, kind, field_group, position, properties) \
                         VALUES (0, 0, $1, $1, 'text', 'core', 99, '{}')",
                    )
                    .bind(format!("many{n}")),
                )?;
            }
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
    let refused = web.post("/api/v1/fields", &json!({"label": "One more", "type": "text"})).await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert!(refused.text.contains("1,000") || refused.text.contains("1000"), "{}", refused.text);
    let made = good(&web.post("/api/v1/contacts", &json!({"fields": {"firstname": "Ada", "many999": "still works"}})).await);
    assert_eq!(made["fields"]["many999"], "still works");
});

on_each_db!(a_filter_a_thousand_groups_deep_is_refused_without_harm, |app| {
    let web = administrator(&app).await;
    let (open, close) = (r#"{"match":"all","rules":["#.repeat(1_000), "]}".repeat(1_000));
    let body = format!(r#"{{"name":"Deep","filter":{open}{{"field":"city","op":"=","value":"x"}}{close}}}"#);
    for door in ["/api/v1/segments", "/api/v1/segments/preview"] {
        let reply = web.post_raw(door, "application/json", body.as_bytes()).await;
        assert!((400..500).contains(&reply.status.into()), "{door}: {} {}", reply.status, reply.text);
    }
    assert_eq!(web.get("/api/v1/segments").await.json()["items"], json!([]));
});

on_each_db!(a_range_that_ends_before_it_begins_is_refused_at_its_place, |app| {
    let web = administrator(&app).await;
    let preview = async |field: &str, value: Value| {
        let rule = json!({"match": "all", "rules": [{"field": field, "op": "between", "value": value}]});
        web.post("/api/v1/segments/preview", &json!({"filter": rule})).await
    };
    for (field, value) in [("points", json!([10, 5])), ("date_added", json!(["2024-05-01", "2024-04-01"]))] {
        let reply = preview(field, value).await;
        assert_eq!(complaint(&reply), (422, "/filter/rules/0/value".into()));
        assert_eq!(reply.json()["errors"][0]["code"], "range-backwards");
    }
    good(&preview("points", json!([5, 5])).await);
});

on_each_db!(far_dates_are_kept_as_long_as_the_calendar_has_them, |app| {
    let web = administrator(&app).await;
    let field = good(&web.post("/api/v1/fields", &json!({"label": "Founded", "type": "date"})).await);
    let alias = field["alias"].as_str().unwrap().to_owned();
    let make = async |date: &str| web.post("/api/v1/contacts", &json!({"fields": {"firstname": "Ada", &alias: date}})).await;
    for date in ["1066-10-14", "1899-12-31", "9999-12-31"] {
        assert_eq!(good(&make(date).await)["fields"][&alias], date);
    }
    for date in ["10000-01-01", "99999-12-31", "2023-02-29"] {
        let reply = make(date).await;
        assert_eq!(complaint(&reply), (422, format!("/fields/{alias}")), "{date}: {}", reply.text);
    }
    let rule = json!({"match": "all", "rules": [{"field": alias, "op": "lt", "value": "1900-01-01"}]});
    let found = good(&web.post("/api/v1/segments/preview", &json!({"filter": rule})).await);
    assert_eq!(found["count"], 2);
    let never = json!({"match": "all", "rules": [{"field": alias, "op": "gt", "value": "+9000 years"}]});
    assert_eq!(good(&web.post("/api/v1/segments/preview", &json!({"filter": never})).await)["count"], 0);
});
