//! What every entity of the compatible API does alike: its routes, their statuses, their envelopes.

mod door;

use door::{administrator, good, segment_of};
use hg_app::Role;
use hg_testkit::app::PASSWORD;
use hg_testkit::on_each_db;
use hg_testkit::web::{Reply, TestWeb};
use serde_json::{Value, json};

/// An entity, and how to make one.
struct Kind {
    path: &'static str,
    one: &'static str,
    many: &'static str,
    /// Lists are objects keyed by id.
    keyed: bool,
    body: Value,
    /// The key that names it.
    name: &'static str,
    /// A body that is refused.
    bad: Value,
}

async fn kinds(web: &TestWeb) -> Vec<Kind> {
    let segment = segment_of(web, &[]).await;
    let event = json!({"id": "new1", "name": "Tag", "type": "lead.changetags", "eventType": "action", "order": 1, "properties": {"add_tags": ["x"]}, "triggerMode": "immediate"});
    let canvas = json!({"nodes": [{"id": "lists", "positionX": "1", "positionY": "1"}, {"id": "new1", "positionX": "1", "positionY": "9"}], "connections": [{"sourceId": "lists", "targetId": "new1", "anchors": {"source": "leadsource", "target": "top"}}]});
    let kind = |path, one, many, keyed, name, body: Value, bad: Value| Kind { path, one, many, keyed, body, name, bad };
    vec![
        kind("contacts", "contact", "contacts", true, "firstname", json!({"firstname": "One"}), json!({"email": "broken"})),
        kind(
            "fields/contact",
            "field",
            "fields",
            true,
            "label",
            json!({"label": "One", "type": "text"}),
            json!({"type": "text"}),
        ),
        kind("tags", "tag", "tags", true, "tag", json!({"tag": "One"}), json!({"tag": ""})),
        kind("segments", "list", "lists", true, "name", json!({"name": "One"}), json!({"name": ""})),
        kind("emails", "email", "emails", true, "name", json!({"name": "One", "subject": "One"}), json!({"name": "One"})),
        kind(
            "forms",
            "form",
            "forms",
            false,
            "name",
            json!({"name": "One", "fields": [{"label": "Email", "type": "email"}]}),
            json!({"name": "One"}),
        ),
        kind(
            "campaigns",
            "campaign",
            "campaigns",
            true,
            "name",
            json!({"name": "One", "isPublished": false, "lists": [{"id": segment}], "events": [event], "canvasSettings": canvas}),
            json!({"name": "One"}),
        ),
    ]
}

/// The value that names an entity as it is shown.
fn named<'a>(kind: &Kind, shown: &'a Value) -> &'a Value {
    if kind.path == "contacts" { &shown["fields"]["all"][kind.name] } else { &shown[kind.name] }
}

fn called(kind: &Kind, name: &str) -> Value {
    let mut body = kind.body.clone();
    body[kind.name] = json!(name);
    body
}

fn message(reply: &Reply) -> (u16, String) {
    (reply.status, reply.json()["errors"][0]["message"].as_str().unwrap_or_default().to_owned())
}

on_each_db!(every_entity_is_made_read_listed_changed_replaced_and_deleted_alike, |app| {
    let web = administrator(&app).await;
    for kind in kinds(&web).await {
        let (path, one) = (format!("/api/{}", kind.path), kind.one);
        let made = web.post(&format!("{path}/new"), &kind.body).await;
        assert_eq!(made.status, 201, "{path}: {}", made.text);
        let id = made.json()[one]["id"].clone();
        assert_eq!(made.header("location"), Some(format!("{path}/{id}").as_str()));
        assert_eq!(made.header("mautic-version"), Some("5.1.0"));
        let read = good(&web.get(&format!("{path}/{id}")).await)[one].clone();
        assert_eq!((&read["id"], named(&kind, &read)), (&id, &json!("One")), "{path}");
        assert_eq!(good(&web.get(&format!("{path}/{id}/")).await)[one]["id"], id, "{path}: a slash at the end is the same");
        let list = good(&web.get(&format!("{path}?limit=1000")).await)[kind.many].clone();
        let listed = if kind.keyed { list[id.to_string()].clone() } else { list.as_array().unwrap()[0].clone() };
        assert_eq!(named(&kind, &listed), &json!("One"), "{path}: {list}");

        let patched = good(&web.patch(&format!("{path}/{id}/edit"), &json!({ kind.name: "Two" })).await)[one].clone();
        assert_eq!((&patched["id"], named(&kind, &patched)), (&id, &json!("Two")), "{path}");
        let put = good(&web.put(&format!("{path}/{id}/edit"), &called(&kind, "Three")).await)[one].clone();
        assert_eq!((&put["id"], named(&kind, &put)), (&id, &json!("Three")), "{path}");
        assert_eq!(
            web.put(&format!("{path}/{id}/edit"), &Value::Null).await.status,
            400,
            "{path}: nothing readable wipes nothing"
        );
        assert_eq!(named(&kind, &good(&web.get(&format!("{path}/{id}")).await)[one]), &json!("Three"), "{path}");
        let fresh = web.put(&format!("{path}/9999/edit"), &called(&kind, "Four")).await;
        assert_eq!(fresh.status, 201, "{path}: {}", fresh.text);
        assert_ne!(fresh.json()[one]["id"], json!(9999), "{path}: a new one has a new id");
        let bad = web.post(&format!("{path}/new"), &kind.bad).await;
        assert_eq!(bad.status, 400, "{path}: {}", bad.text);
        assert!(bad.json()["errors"][0]["code"] == 400 && !message(&bad).1.is_empty(), "{path}: {}", bad.text);

        let gone = good(&web.delete(&format!("{path}/{id}/delete")).await)[one].clone();
        assert_eq!((&gone["id"], named(&kind, &gone)), (&Value::Null, &json!("Three")), "{path}");
        let lost = (404, "Item was not found.".to_owned());
        assert_eq!(message(&web.get(&format!("{path}/{id}")).await), lost, "{path}");
        assert_eq!(message(&web.patch(&format!("{path}/{id}/edit"), &json!({ kind.name: "X" })).await), lost, "{path}");
        assert_eq!(message(&web.delete(&format!("{path}/{id}/delete")).await), lost, "{path}");
        assert_eq!(web.get(&format!("{path}/x1")).await.status, 404, "{path}");
        assert_eq!(web.post(&format!("{path}/{id}/edit"), &json!({})).await.status, 405, "{path}");
    }
});

on_each_db!(batches_of_every_entity_answer_item_by_item, |app| {
    let web = administrator(&app).await;
    for kind in kinds(&web).await {
        let path = format!("/api/{}", kind.path);
        let items = json!([called(&kind, "A"), kind.bad, called(&kind, "C")]);
        let made = web.post(&format!("{path}/batch/new"), &items).await;
        assert_eq!(made.status, 201, "{path}: {}", made.text);
        let made = made.json();
        assert_eq!(made["statusCodes"], json!([201, 400, 201]), "{path}: {made}");
        let (a, c) = (made[kind.many]["0"]["id"].clone(), made[kind.many]["2"]["id"].clone());
        assert!(a.is_i64() && c.is_i64() && made["errors"]["1"]["code"] == 400, "{path}: {made}");
        let edits = json!([{"id": a, kind.name: "A2"}, {kind.name: "nobody"}, {"id": 9999, kind.name: "lost"}]);
        let edited = web.patch(&format!("{path}/batch/edit"), &edits).await;
        assert_eq!((edited.status, &edited.json()["statusCodes"]), (200, &json!([200, 400, 404])), "{path}: {}", edited.text);
        assert_eq!(edited.json()["errors"]["1"]["message"], "ID is missing from the payload.", "{path}");
        let mut whole = called(&kind, "C2");
        whole["id"] = c.clone();
        let put = web.put(&format!("{path}/batch/edit"), &json!([whole])).await;
        assert_eq!((put.status, &put.json()["statusCodes"]), (200, &json!([200])), "{path}: {}", put.text);
        let many: Vec<&Value> = vec![&kind.body; 201];
        let refused = web.post(&format!("{path}/batch/new"), &json!(many)).await;
        assert_eq!(message(&refused), (400, "A max of 200 entities are supported at a time.".into()), "{path}");
        let gone = web.delete(&format!("{path}/batch/delete?ids={a},9999,{c}")).await;
        assert_eq!(gone.status, 200, "{path}: {}", gone.text);
        assert_eq!(gone.json()["errors"].as_object().map(|e| e.len()), Some(1), "{path}: {}", gone.text);
        assert_eq!(gone.json()["errors"]["1"]["code"], 404, "{path}: {}", gone.text);
        assert_eq!(web.get(&format!("{path}/{a}")).await.status, 404, "{path}");
        assert_eq!(web.get(&format!("{path}/{c}")).await.status, 404, "{path}");
    }
});

on_each_db!(lists_of_every_entity_take_conditions_selections_and_the_short_form, |app| {
    let web = administrator(&app).await;
    for kind in kinds(&web).await {
        let path = format!("/api/{}", kind.path);
        let mut ids = Vec::new();
        for name in ["Xanthe", "Xerxes", "Ximena"] {
            ids.push(good(&web.post(&format!("{path}/new"), &called(&kind, name)).await)[kind.one]["id"].clone());
        }
        let found = async |query: String| {
            let reply = good(&web.get(&format!("{path}?{query}")).await);
            let total =
                reply["total"].as_i64().or_else(|| reply["total"].as_str().and_then(|t| t.parse().ok())).expect("a total");
            let rows: Vec<Value> = match &reply[kind.many] {
                Value::Object(map) => map.values().cloned().collect(),
                Value::Array(list) => list.clone(),
                other => panic!("{path}: {other}"),
            };
            (total, rows)
        };
        let column = kind.name;
        let (total, rows) = found(format!("where[0][col]={column}&where[0][expr]=eq&where[0][val]=Xerxes")).await;
        assert_eq!((total, rows.len(), &rows[0]["id"]), (1, 1, &ids[1]), "{path}");
        let (total, rows) = found(format!("where[0][col]={column}&where[0][expr]=like&where[0][val]=X%25&start=1&limit=1")).await;
        assert_eq!((total, rows.len()), (3, 1), "{path}: conditions first, then the window");
        let part = |at: usize, name: &str| {
            format!("&where[0][val][{at}][col]={column}&where[0][val][{at}][expr]=eq&where[0][val][{at}][val]={name}")
        };
        let either = format!("where[0][expr]=orX{}{}", part(0, "Xanthe"), part(1, "Ximena"));
        assert_eq!(found(either).await.0, 2, "{path}");
        let behind = format!(
            "where[0][col]=id&where[0][expr]=gt&where[0][val]={}&where[1][col]={column}&where[1][expr]=like&where[1][val]=X%25",
            ids[0]
        );
        assert_eq!(found(behind).await.0, 2, "{path}");
        let without = format!(
            "where[0][col]=id&where[0][expr]=notIn&where[0][val]={}&where[1][col]={column}&where[1][expr]=like&where[1][val]=X%25",
            ids[1]
        );
        assert_eq!(found(without).await.0, 2, "{path}");
        let among = format!("where[0][col]=id&where[0][expr]=in&where[0][val]={},{}", ids[0], ids[1]);
        assert_eq!(found(among).await.0, 2, "{path}");
        for wrong in [
            "where[0][col]=id&where[0][expr]=sounds&where[0][val]=1",
            "where[0][col]=id",
            "where[0][col]=nosuch&where[0][expr]=eq&where[0][val]=1",
        ] {
            assert_eq!(web.get(&format!("{path}?{wrong}")).await.status, 400, "{path}: {wrong}");
        }
        let (_, rows) = found("select[]=id&limit=1".into()).await;
        assert_eq!(rows[0].as_object().map(|o| o.keys().cloned().collect::<Vec<_>>()), Some(vec!["id".to_owned()]), "{path}");
        let (_, short) = found("minimal=1&limit=1".into()).await;
        let (_, long) = found("limit=1".into()).await;
        let keys = |row: &Value| row.as_object().map_or(0, serde_json::Map::len);
        assert!(keys(&short[0]) < keys(&long[0]) || kind.path == "tags", "{path}: {}", short[0]);
        assert!(short[0]["id"].is_i64(), "{path}");
    }
});

on_each_db!(who_may_only_look_changes_nothing_and_who_does_not_sign_in_sees_nothing, |app| {
    let web = administrator(&app).await;
    app.user("vera@example.org", Role::Viewer).await;
    let vera = web.another_browser().with_basic("vera@example.org", PASSWORD);
    let denied = (403, "You do not have access to the requested area/action.".to_owned());
    for kind in kinds(&web).await {
        let path = format!("/api/{}", kind.path);
        let id = good(&web.post(&format!("{path}/new"), &called(&kind, "Safe")).await)[kind.one]["id"].clone();
        assert_eq!(vera.get(&format!("{path}/{id}")).await.status, 200, "{path}");
        assert_eq!(message(&vera.post(&format!("{path}/new"), &called(&kind, "New")).await), denied, "{path}");
        assert_eq!(message(&vera.patch(&format!("{path}/{id}/edit"), &json!({ kind.name: "X" })).await), denied, "{path}");
        assert_eq!(message(&vera.put(&format!("{path}/{id}/edit"), &called(&kind, "X")).await), denied, "{path}");
        assert_eq!(message(&vera.delete(&format!("{path}/{id}/delete")).await), denied, "{path}");
        let batch = vera.post(&format!("{path}/batch/new"), &json!([called(&kind, "New")])).await;
        assert_eq!(batch.json()["statusCodes"], json!([403]), "{path}: {}", batch.text);
        let batch = vera.delete(&format!("{path}/batch/delete?ids={id}")).await;
        assert_eq!(batch.json()["errors"]["0"]["code"], 403, "{path}: {}", batch.text);
        let still = good(&web.get(&format!("{path}/{id}")).await)[kind.one].clone();
        assert_eq!(named(&kind, &still), &json!("Safe"), "{path}");
        let nobody = web.another_browser().get(&path).await;
        assert_eq!(message(&nobody), (401, "API authorization denied.".into()), "{path}");
    }
    for path in [
        "/api/contacts/1/dnc/email/add",
        "/api/contacts/1/dnc/email/remove",
        "/api/contacts/1/points/plus/5",
        "/api/segments/1/contact/1/add",
        "/api/segments/1/contact/1/remove",
        "/api/campaigns/1/contact/1/add",
        "/api/campaigns/clone/1",
        "/api/emails/1/send",
        "/api/emails/1/contact/1/send",
        "/api/emails/reply/x",
    ] {
        let reply = vera.post(path, &json!({})).await;
        assert!(
            reply.status == 403 || (path == "/api/emails/1/send" && reply.status == 404),
            "{path}: {} {}",
            reply.status,
            reply.text
        );
    }
    assert_eq!(vera.delete("/api/forms/1/fields/delete?fields[]=1").await.status, 403);
    assert_eq!(vera.put("/api/campaigns/events/1/contact/1/edit", &json!({"triggerDate": "2030-01-01"})).await.status, 403);
});

on_each_db!(what_hangs_on_a_contact_has_addresses_of_its_own, |app| {
    let web = administrator(&app).await;
    let ann =
        good(&web.post("/api/contacts/new", &json!({"email": "ann@example.org", "firstname": "Ann"})).await)["contact"]["id"]
            .clone();
    for part in ["segments", "campaigns", "activity", "events"] {
        assert_eq!(web.get(&format!("/api/contacts/{ann}/{part}")).await.status, 200, "{part}");
        assert_eq!(message(&web.get(&format!("/api/contacts/999/{part}")).await), (404, "Contact not found.".into()), "{part}");
    }
    assert_eq!(web.get(&format!("/api/contacts/{ann}/segments")).await.json(), json!({"total": 0, "lists": []}));
    let owners = web.get("/api/contacts/list/owners?filter=ada").await.json();
    assert_eq!(owners, json!([{"id": 1, "firstName": "Ada", "lastName": "Lovelace"}]));
    assert_eq!(web.get("/api/contacts/list/owners?filter=zed").await.json(), json!([]));
    assert!(web.get("/api/contacts/list/fields").await.json()["1"]["alias"].is_string());
    let everybody = || web.get("/api/contacts/activity");
    assert_eq!(everybody().await.json()["total"], 0, "how a contact came to be is only told on her own page");
    good(&web.post(&format!("/api/contacts/{ann}/points/plus/5"), &json!({})).await);
    assert_eq!(everybody().await.json()["events"][0]["event"], "point.gained");
    let exact = web.get("/api/contacts?search=email:ann@example.org").await.json();
    assert_eq!(exact["contacts"].as_object().map(|c| c.len()), Some(1));
    assert_eq!(web.get("/api/contacts?search=email:nn@example.org").await.json()["contacts"], json!({}), "exact without a star");
});
