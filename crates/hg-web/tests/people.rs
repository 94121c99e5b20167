//! Contacts, fields, tags and segments through the native API.

use hg_app::Role;
use hg_testkit::app::PASSWORD;
use hg_testkit::web::TestWeb;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

async fn door(app: &TestApp) -> TestWeb {
    app.user("ada@example.org", Role::Administrator).await;
    TestWeb::start(&app.ws).await.with_basic("ada@example.org", PASSWORD)
}

on_each_db!(a_contact_goes_through_the_native_api, |app| {
    let web = door(&app).await;
    let body = json!({"fields": {"firstname": "Zoë", "email": "zoe@example.org", "country": "cz"}, "tags": ["news"]});
    let made = web.post("/api/v1/contacts", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    assert_eq!(
        (&made["name"], &made["fields"]["country"], &made["tags"][0]["name"]),
        (&json!("Zoë"), &json!("Czech Republic"), &json!("news"))
    );
    let path = format!("/api/v1/contacts/{}", made["id"]);
    let changed = web.patch(&path, &json!({"fields": {"city": "Praha"}, "version": made["version"]})).await.json();
    assert_eq!(changed["fields"]["city"], "Praha");
    let stale = web.patch(&path, &json!({"fields": {"city": "Brno"}, "version": made["version"]})).await;
    assert_eq!((stale.status, stale.json()["type"].as_str()), (409, Some("/problems/changed-meanwhile")));
    let wrong = web.patch(&path, &json!({"fields": {"email": "nobody"}})).await;
    assert_eq!((wrong.status, wrong.json()["errors"][0]["pointer"].as_str()), (422, Some("/fields/email")));
    let twin = web.post("/api/v1/contacts", &json!({"fields": {"email": "ZOE@example.org"}})).await;
    assert_eq!((twin.status, twin.json()["errors"][0]["pointer"].as_str()), (409, Some("/fields/email")));
    let points = web.post(&format!("{path}/points"), &json!({"operator": "plus", "value": 5, "reason": "Test"})).await.json();
    assert_eq!(points["points"], 5);
    let stopped = web.post(&format!("{path}/do-not-contact"), &json!({"channel": "email", "comments": "asked"})).await.json();
    assert_eq!(stopped["do_not_contact"][0]["reason"], "manual");
    assert_eq!(web.delete(&format!("{path}/do-not-contact/email")).await.status, 204);
    let consent = web.post(&format!("{path}/consents"), &json!({"purpose": "newsletter", "state": "given"})).await;
    assert_eq!(consent.json()["state"], "given", "{}", consent.text);
    app.settle().await;
    let timeline = web.get(&format!("{path}/timeline?kinds=points_changed,tag_changed")).await.json();
    let titles: Vec<&str> = timeline["items"].as_array().unwrap().iter().map(|i| i["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["+5 points: Test", "Tag “news” added"]);
    let csv = web.get("/api/v1/contacts/export.csv?columns=firstname,email,tags").await;
    assert_eq!(csv.text, "firstname,email,tags\nZoë,zoe@example.org,news\n");
    assert_eq!(web.delete(&path).await.status, 204);
    assert_eq!(web.get(&path).await.status, 404);
    assert_eq!(web.post(&format!("{path}/restore"), &json!({})).await.status, 200);
    let filter = "%7B%22match%22%3A%22all%22%2C%22rules%22%3A%5B%7B%22field%22%3A%22city%22%2C%22op%22%3A%22%3D%22%2C%22value%22%3A%22praha%22%7D%5D%7D";
    let listed =
        web.get(&format!("/api/v1/contacts?filter={filter}&tag=NEWS&search=zoe&sort=name&include_anonymous=true")).await.json();
    assert_eq!((&listed["total"], &listed["items"][0]["id"]), (&json!(1), &made["id"]));
    let bulk = json!({"select": {"search": "zoe"}, "action": {"kind": "add_tags", "tags": ["vip"]}});
    let done = web.post("/api/v1/contacts/bulk", &bulk).await.json();
    assert_eq!((&done["affected"], &done["task_id"]), (&json!(1), &Value::Null));
    let undone = web.post(&format!("/api/v1/contacts/bulk/{}/undo", done["undo"]), &json!({})).await;
    assert_eq!((undone.status, &undone.json()["affected"]), (200, &json!(1)), "{}", undone.text);
    assert_eq!(web.get("/api/v1/contacts?tag=vip&include_anonymous=true").await.json()["total"], 0);
    let twice = web.post(&format!("/api/v1/contacts/bulk/{}/undo", done["undo"]), &json!({})).await;
    assert_eq!(twice.status, 409);
    for (action, pointer) in [
        (json!({"kind": "add_to_campaign"}), "/action/campaign_id"),
        (json!({"kind": "add_to_company"}), "/action/company_id"),
        (json!({"kind": "subscribe"}), "/action/category_id"),
        (json!({"kind": "change_channel"}), "/action/channel"),
        (json!({"kind": "change_channel", "limit": {"most": 1, "period": "year"}}), "/action/limit/period"),
        (json!({"kind": "change_channel", "pause": {"from": "soon"}}), "/action/pause/from"),
    ] {
        let body = json!({"select": {"ids": [1]}, "action": action});
        let wrong = web.post("/api/v1/contacts/bulk", &body).await;
        assert_eq!((wrong.status, wrong.json()["errors"][0]["pointer"].as_str()), (422, Some(pointer)), "{}", wrong.text);
    }
    let nothing = web.post("/api/v1/contacts/bulk", &json!({"select": {"ids": []}, "action": {"kind": "fly"}})).await;
    assert_eq!((nothing.status, nothing.json()["errors"][0]["pointer"].as_str()), (422, Some("/action")));
    app.settle().await;
});

on_each_db!(a_segment_goes_through_the_native_api, |app| {
    let web = door(&app).await;
    let field = json!({"label": "Tier", "type": "select", "options": [{"label": "Gold", "value": "gold"}]});
    let field = web.post("/api/v1/fields", &field).await;
    assert_eq!((field.status, field.json()["alias"].as_str()), (201, Some("tier")), "{}", field.text);
    let ada = web.post("/api/v1/contacts", &json!({"fields": {"firstname": "Ada", "tier": "GOLD"}})).await.json();
    let catalogue = web.get("/api/v1/segments/catalogue").await.json();
    let groups = catalogue["groups"].as_array().unwrap();
    let tier = groups[0]["fields"].as_array().unwrap().iter().find(|f| f["field"] == "tier").unwrap();
    assert_eq!(
        (&tier["operators"][0], &tier["options"][0]["label"]),
        (&json!({"op": "=", "label": "equals", "value": "option"}), &json!("Gold"))
    );
    let filter = json!({"match": "all", "rules": [{"field": "tier", "op": "=", "value": "gold"}]});
    let preview = web.post("/api/v1/segments/preview", &json!({"filter": filter})).await.json();
    assert_eq!((&preview["count"], &preview["conditions"]), (&json!(1), &json!([{"pointer": "/rules/0", "count": 1}])));
    let made = web.post("/api/v1/segments", &json!({"name": "Gold people", "filter": filter})).await;
    assert_eq!((made.status, made.json()["building"].as_bool()), (201, Some(true)), "{}", made.text);
    app.settle().await;
    let path = format!("/api/v1/segments/{}", made.json()["id"]);
    let built = web.get(&path).await.json();
    assert_eq!((&built["count"], &built["building"], &built["alias"]), (&json!(1), &json!(false), &json!("gold-people")));
    let members = web.get(&format!("{path}/contacts")).await.json();
    assert_eq!(members["items"][0]["id"], ada["id"]);
    let why = web.get(&format!("{path}/explain?contact={}", ada["id"])).await.json();
    assert_eq!((&why["member"], &why["tree"]["children"][0]["actual"]), (&json!(true), &json!("gold")));
    let moved = web.post(&format!("{path}/contacts"), &json!({"remove": [ada["id"]]})).await.json();
    assert_eq!(moved, json!({"joined": 0, "left": 1}));
    app.settle().await;
    let changes = web.get(&format!("{path}/changes")).await.json();
    let told: Vec<&Value> = changes["items"].as_array().unwrap().iter().map(|c| &c["change"]).collect();
    assert_eq!(told, ["left", "joined"]);
    let wrong = json!({"name": "X", "filter": {"match": "all", "rules": [{"field": "tier", "op": "gt", "value": 1}]}});
    let wrong = web.post("/api/v1/segments", &wrong).await;
    assert_eq!((wrong.status, wrong.json()["errors"][0]["pointer"].as_str()), (422, Some("/filter/rules/0/op")));
    assert_eq!(web.post(&format!("{path}/rebuild"), &json!({})).await.status, 202);
    app.settle().await;
    let used = web.delete(&format!("/api/v1/fields/{}", field.json()["id"])).await;
    assert_eq!((used.status, used.json()["type"].as_str()), (409, Some("/problems/field.in-use")));
});
