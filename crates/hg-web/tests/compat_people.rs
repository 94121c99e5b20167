//! Contacts, fields, tags and segments as clients written for Mautic know them.

use hg_app::Role;
use hg_testkit::app::PASSWORD;
use hg_testkit::web::TestWeb;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

async fn start(app: &TestApp) -> TestWeb {
    app.user("ada@example.org", Role::Administrator).await;
    TestWeb::start(&app.ws).await.with_basic("ada@example.org", PASSWORD)
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().map(|o| o.keys().map(String::as_str).collect()).unwrap_or_default()
}

on_each_db!(a_contact_has_the_keys_that_clients_read, |app| {
    let web = start(&app).await;
    assert_eq!(web.get("/api/contacts").await.json(), json!({"total": "0", "contacts": {}}));
    let made = web
        .post("/api/contacts/new", &json!({"firstname": "Jo", "email": "jo@example.com", "tags": ["vip"], "unknown": 1}))
        .await;
    assert_eq!((made.status, made.header("location")), (201, Some("/api/contacts/1")), "{}", made.text);
    assert!(made.json()["contact"]["fields"]["core"]["firstname"]["id"].is_i64());
    let read = web.get("/api/contacts/1").await.json()["contact"].clone();
    assert_eq!(
        keys(&read),
        [
            "isPublished",
            "dateAdded",
            "dateModified",
            "createdBy",
            "createdByUser",
            "modifiedBy",
            "modifiedByUser",
            "id",
            "points",
            "color",
            "fields",
            "lastActive",
            "owner",
            "ipAddresses",
            "tags",
            "utmtags",
            "stage",
            "dateIdentified",
            "preferredProfileImage",
            "doNotContact",
            "frequencyRules"
        ]
    );
    let name = &read["fields"]["core"]["firstname"];
    assert_eq!((&name["value"], &name["normalizedValue"], &name["properties"]), (&json!("Jo"), &json!("Jo"), &json!("a:0:{}")));
    assert!(name["id"].is_string() && name["is_fixed"].is_string(), "{name}");
    assert_eq!((&read["fields"]["personal"], &read["fields"]["all"]["id"]), (&json!([]), &json!(1)));
    assert_eq!(read["tags"][0]["tag"], "vip");
    let minimal = web.get("/api/contacts?minimal=1").await.json();
    assert_eq!((&minimal["total"], keys(&minimal["contacts"]["1"]).last().copied()), (&json!("1"), Some("fields")));
});

on_each_db!(the_same_address_twice_is_one_contact, |app| {
    let web = start(&app).await;
    assert_eq!(web.post("/api/contacts/new", &json!({"email": "jo@example.com", "firstname": "Jo"})).await.status, 201);
    let again = web.post("/api/contacts/new", &json!({"email": "JO@example.com", "lastname": "Doe"})).await;
    assert_eq!((again.status, again.header("location")), (200, None));
    assert_eq!(again.json()["contact"]["fields"]["all"]["firstname"], "Jo");
    let bad = web.post("/api/contacts/new", &json!({"email": "nonsense"})).await;
    assert_eq!(bad.status, 400);
    assert!(bad.json()["errors"][0]["details"]["email"].is_array(), "{}", bad.text);
});

on_each_db!(blanks_are_passed_over_by_patch_and_clear_by_put, |app| {
    let web = start(&app).await;
    web.post("/api/contacts/new", &json!({"email": "jo@example.com", "firstname": "Jo", "city": "Rome", "tags": ["a"]})).await;
    let patched = web.patch("/api/contacts/1/edit", &json!({"firstname": "", "tags": ["b", "-a"]})).await.json();
    assert_eq!(
        (&patched["contact"]["fields"]["all"]["firstname"], &patched["contact"]["tags"][0]["tag"]),
        (&json!("Jo"), &json!("b"))
    );
    let cleared = web.patch("/api/contacts/1/edit", &json!({"firstname": "", "overwriteWithBlank": true})).await.json();
    assert_eq!(cleared["contact"]["fields"]["all"]["firstname"], Value::Null);
    let put = web.put("/api/contacts/1/edit", &json!({"email": "jo@example.com"})).await.json();
    assert_eq!((&put["contact"]["fields"]["all"]["city"], &put["contact"]["tags"][0]["tag"]), (&Value::Null, &json!("b")));
    assert_eq!(web.put("/api/contacts/1/edit", &json!({})).await.status, 200, "an object without keys clears, as it says");
    assert_eq!(web.post_raw("/api/contacts/1/edit", "text/plain", b"").await.status, 405);
    let made = web.put("/api/contacts/99/edit", &json!({"email": "new@example.com"})).await;
    assert_eq!((made.status, made.header("location")), (201, Some("/api/contacts/2")));
    assert_eq!(web.patch("/api/contacts/99/edit", &json!({"city": "X"})).await.status, 404);
});

on_each_db!(a_form_with_brackets_is_as_good_as_json, |app| {
    let web = start(&app).await;
    let made = web.post_form("/api/contacts/new", &[("email", "jo@example.com"), ("tags[0]", "a"), ("tags[1]", "b")]).await;
    assert_eq!((made.status, made.json()["contact"]["tags"].as_array().map(Vec::len)), (201, Some(2)), "{}", made.text);
});

on_each_db!(batches_answer_for_each_item_in_its_place, |app| {
    let web = start(&app).await;
    let items = json!([{"email": "a@example.com"}, {"email": "broken"}, {"email": "b@example.com"}]);
    let made = web.post("/api/contacts/batch/new", &items).await;
    assert_eq!(made.status, 201);
    let body = made.json();
    assert_eq!((keys(&body["contacts"]), &body["statusCodes"]), (vec!["0", "2"], &json!([201, 400, 201])));
    assert_eq!(body["errors"]["1"]["code"], 400);
    let edited = web.patch("/api/contacts/batch/edit", &json!([{"id": 1, "city": "Rome"}, {"city": "Nowhere"}])).await.json();
    assert_eq!(
        (&edited["statusCodes"], &edited["errors"]["1"]["message"]),
        (&json!([200, 400]), &json!("ID is missing from the payload."))
    );
    let many: Vec<Value> = (0..201).map(|n| json!({"email": format!("x{n}@example.com")})).collect();
    let refused = web.post("/api/contacts/batch/new", &json!(many)).await;
    assert_eq!(
        (refused.status, refused.json()["errors"][0]["message"].clone()),
        (400, json!("A max of 200 entities are supported at a time."))
    );
    let gone = web.delete("/api/contacts/batch/delete?ids=1,77").await.json();
    assert_eq!((&gone["contacts"][0]["id"], &gone["errors"]["1"]["type"]), (&Value::Null, &json!("api")));
    assert_eq!(web.get("/api/contacts/1").await.status, 404);
});

on_each_db!(lists_are_searched_filtered_and_ordered, |app| {
    let web = start(&app).await;
    for (first, city, points) in [("Ana", "Prague", 5), ("Bob", "Rome", 20), ("Cleo", "Prague", 50)] {
        let body = json!({"firstname": first, "city": city, "email": format!("{first}@example.com"), "points": points});
        assert_eq!(web.post("/api/contacts/new", &body).await.status, 201);
    }
    let order = |reply: Value| -> Vec<String> {
        reply["contacts"]
            .as_object()
            .unwrap()
            .values()
            .map(|c| c["fields"]["all"]["firstname"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(order(web.get("/api/contacts?orderBy=firstname&orderByDir=desc").await.json()), ["Cleo", "Bob", "Ana"]);
    assert_eq!(order(web.get("/api/contacts?search=bob").await.json()), ["Bob"]);
    let filtered = web.get("/api/contacts?where[0][col]=city&where[0][expr]=eq&where[0][val]=Prague&where[1][col]=points&where[1][expr]=gt&where[1][val]=10").await;
    assert_eq!(order(filtered.json()), ["Cleo"]);
    assert_eq!(order(web.get("/api/contacts?orderBy=id&start=1&limit=1").await.json()), ["Bob"]);
    assert_eq!(web.get("/api/contacts?where[0][col]=city&where[0][expr]=sounds").await.status, 400);
});

on_each_db!(do_not_contact_points_and_activity_have_addresses_of_their_own, |app| {
    let web = start(&app).await;
    web.post("/api/contacts/new", &json!({"email": "jo@example.com"})).await;
    let blocked = web.post("/api/contacts/1/dnc/email/add", &json!({"reason": 1, "comments": "asked"})).await.json();
    assert_eq!(
        (&blocked["contact"]["doNotContact"][0]["reason"], &blocked["contact"]["doNotContact"][0]["comments"]),
        (&json!(1), &json!("asked"))
    );
    assert_eq!(web.post("/api/contacts/1/dnc/email/add", &json!({"reason": 0})).await.status, 400);
    assert_eq!(web.post("/api/contacts/1/dnc/email/remove", &json!({})).await.json()["recordFound"], true);
    assert_eq!(web.post("/api/contacts/1/points/plus/7", &json!({})).await.json(), json!({"success": 1}));
    assert_eq!(web.get("/api/contacts/1").await.json()["contact"]["points"], 7);
    assert_eq!(web.post("/api/contacts/1/points/power/7", &json!({})).await.status, 400);
    let told = web.get("/api/contacts/1/activity?filters[includeEvents][]=point.gained").await.json();
    assert_eq!((&told["total"], &told["events"][0]["event"], &told["page"]), (&json!(1), &json!("point.gained"), &json!(1)));
    assert_eq!(web.get("/api/contacts/99/activity").await.status, 404);
});

on_each_db!(fields_and_tags_are_made_edited_and_deleted, |app| {
    let web = start(&app).await;
    let body = json!({"label": "Shoe size", "type": "select", "properties": {"list": "40|41"}});
    let made = web.post("/api/fields/contact/new", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let field = made.json()["field"].clone();
    assert_eq!((&field["alias"], &field["properties"]["list"][1]["value"]), (&json!("shoe_size"), &json!("41")));
    let id = field["id"].as_i64().unwrap();
    web.post("/api/contacts/new", &json!({"email": "jo@example.com", "shoe_size": "41"})).await;
    assert_eq!(web.get("/api/contacts/1").await.json()["contact"]["fields"]["all"]["shoe_size"], "41");
    assert_eq!(
        web.patch(&format!("/api/fields/contact/{id}/edit"), &json!({"label": "Shoes"})).await.json()["field"]["label"],
        "Shoes"
    );
    assert_eq!(web.delete(&format!("/api/fields/contact/{id}/delete")).await.json()["field"]["id"], Value::Null);
    assert_eq!(web.post("/api/fields/contact/new", &json!({"label": "X", "type": "colour"})).await.status, 400);
    let unnamed = web.post("/api/fields/contact/new", &json!({"label": "VIP", "type": "boolean"})).await;
    assert_eq!(unnamed.status, 400);
    assert!(unnamed.json()["errors"][0]["message"].as_str().unwrap().contains("labels “yes” and “no”"));
    let body = json!({"label": "VIP", "type": "boolean", "properties": {"yes": "Ja", "no": "Nein"}});
    let named = web.post("/api/fields/contact/new", &body).await.json();
    assert_eq!(named["field"]["properties"], json!({"yes": "Ja", "no": "Nein"}));
    let short = web.post("/api/fields/contact/new", &json!({"label": "Motto", "type": "text"})).await.json();
    assert_eq!(short["field"]["charLengthLimit"], 64);
    assert_eq!(web.post("/api/tags/new", &json!({"tag": "News"})).await.status, 201);
    assert_eq!(web.post("/api/tags/new", &json!({"tag": "news"})).await.status, 200, "found by its name");
    assert_eq!(web.get("/api/tags").await.json()["tags"]["1"], json!({"id": 1, "tag": "News", "description": null}));
});

on_each_db!(segments_keep_their_flat_filters_and_their_people, |app| {
    let web = start(&app).await;
    let filters = json!([{"glue": "and", "object": "lead", "field": "city", "type": "text", "operator": "=", "properties": {"filter": "Prague"}}]);
    let made = web.post("/api/segments/new", &json!({"name": "In Prague", "filters": filters})).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let list = made.json()["list"].clone();
    assert_eq!(
        (&list["alias"], &list["filters"][0]["field"], &list["filters"][0]["properties"]["filter"]),
        (&json!("in-prague"), &json!("city"), &json!("Prague"))
    );
    web.post("/api/contacts/new", &json!({"email": "ana@example.com", "city": "Prague"})).await;
    web.post("/api/contacts/new", &json!({"email": "bob@example.com", "city": "Rome"})).await;
    app.settle().await;
    let mine = web.get("/api/contacts/1/segments").await.json();
    assert_eq!(
        (&mine["total"], &mine["lists"]["1"]["name"], &mine["lists"]["1"]["manuallyAdded"]),
        (&json!(1), &json!("In Prague"), &json!(false))
    );
    assert_eq!(web.post("/api/segments/1/contact/2/add", &json!({})).await.json(), json!({"success": 1}));
    assert_eq!(web.get("/api/contacts/2/segments").await.json()["lists"]["1"]["manuallyAdded"], true);
    let many = web.post("/api/segments/1/contacts/add", &json!({"ids": [1, 99]})).await.json();
    assert_eq!(many["details"], json!({"1": {"success": true}, "99": {"success": false}}));
    assert_eq!(web.post("/api/segments/new", &json!({})).await.json()["errors"][0]["message"], "name: A name is required.");
    let broken = json!([{"glue": "and", "field": "nosuch", "operator": "=", "properties": {"filter": "x"}}]);
    assert_eq!(web.post("/api/segments/new", &json!({"name": "X", "filters": broken})).await.status, 400);
    assert_eq!(web.get("/api/segments").await.json()["lists"]["1"]["isGlobal"], true);
});
