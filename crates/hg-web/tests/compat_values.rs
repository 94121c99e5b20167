//! Values of contacts, companies and fields as the compatible API reads, keeps and finds them.

mod door;

use door::{administrator, good};
use hg_testkit::on_each_db;
use hg_testkit::web::{Reply, TestWeb};
use serde_json::{Value, json};

async fn field(web: &TestWeb, label: &str, kind: &str) -> Value {
    let reply = web.post("/api/fields/contact/new", &json!({"label": label, "type": kind})).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()["field"].clone()
}

/// The ids of the contacts that a query finds.
async fn found(web: &TestWeb, query: &str) -> Vec<String> {
    let reply = web.get(&format!("/api/contacts?orderBy=id&{query}")).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.text);
    reply.json()["contacts"].as_object().expect("keyed").keys().cloned().collect()
}

/// The key that an error is about.
fn complained(reply: &Reply) -> (u16, String) {
    let message = reply.json()["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
    (reply.status, message.split(':').next().unwrap_or_default().to_owned())
}

on_each_db!(instants_without_an_offset_are_meant_in_utc_wherever_the_workspace_is, |app| {
    let web = administrator(&app).await;
    let general = json!({"site_name": "Garden", "timezone": "America/New_York"});
    door::good(&web.put("/api/v1/settings/general", &general).await);
    field(&web, "Seen", "datetime").await;
    let sent = json!({"email": "jo@example.com", "seen": "2025-03-02 10:00:00", "lastActive": "2025-03-03 11:00:00"});
    let made = web.post("/api/contacts/new", &sent).await.json()["contact"].clone();
    assert_eq!(made["fields"]["all"]["seen"], "2025-03-02 10:00:00");
    assert_eq!(made["lastActive"], "2025-03-03T11:00:00+00:00");
    // What was read is written back, and stays what it was.
    let again = json!({"seen": made["fields"]["all"]["seen"]});
    let kept = web.patch("/api/contacts/1/edit", &again).await.json()["contact"].clone();
    assert_eq!(kept["fields"]["all"]["seen"], "2025-03-02 10:00:00");
    let asked = |expr: &str, at: &str| format!("where[0][col]=seen&where[0][expr]={expr}&where[0][val]={at}");
    assert_eq!(found(&web, &asked("lte", "2025-03-02%2010:00:00")).await, ["1"]);
    assert!(found(&web, &asked("gt", "2025-03-02%2010:00:00")).await.is_empty());
    assert_eq!(found(&web, "where[0][col]=last_active&where[0][expr]=gte&where[0][val]=2025-03-03%2011:00").await, ["1"]);
});

on_each_db!(texts_lose_their_tags_and_formatted_texts_what_acts, |app| {
    let web = administrator(&app).await;
    let bio = field(&web, "Bio", "html").await;
    assert_eq!((&bio["type"], &bio["alias"]), (&json!("html"), &json!("bio")));
    let sent = json!({"email": "jo@example.com", "firstname": "<b>Jo</b> 3 < 4", "bio": "<b onclick=\"x()\">Hi</b><script>x()</script>"});
    let made = web.post("/api/contacts/new", &sent).await.json()["contact"]["fields"]["all"].clone();
    assert_eq!((&made["firstname"], &made["bio"]), (&json!("Jo 3 < 4"), &json!("<b>Hi</b>")));
    let native = json!({"fields": {"bio": "<p>Hi</p><iframe src=\"https://example.org\"></iframe>"}});
    assert_eq!(web.patch("/api/v1/contacts/1", &native).await.json()["fields"]["bio"], "<p>Hi</p>");
});

on_each_db!(a_time_of_day_is_kept_and_no_segment_asks_for_it, |app| {
    let web = administrator(&app).await;
    let made = field(&web, "Call at", "time").await;
    assert_eq!((&made["type"], &made["isListable"]), (&json!("time"), &json!(false)));
    let listed = web.patch(&format!("/api/fields/contact/{}/edit", made["id"]), &json!({"isListable": true})).await.json();
    assert_eq!(listed["field"]["isListable"], false);
    let jo = web.post("/api/contacts/new", &json!({"email": "jo@example.com", "call_at": "9:05"})).await.json();
    assert_eq!(jo["contact"]["fields"]["all"]["call_at"], "09:05:00");
    let wrong = web.patch("/api/contacts/1/edit", &json!({"call_at": "25:00"})).await;
    assert_eq!(complained(&wrong), (400, "call_at".into()));
    let filter = json!([{"field": "call_at", "operator": "=", "properties": {"filter": "09:05:00"}}]);
    assert_eq!(web.post("/api/segments/new", &json!({"name": "Early", "filters": filter})).await.status, 400);
});

on_each_db!(who_made_and_who_changed_a_thing_is_told, |app| {
    let web = administrator(&app).await;
    let made = web.post("/api/contacts/new", &json!({"email": "jo@example.com"})).await.json()["contact"].clone();
    assert_eq!((&made["createdBy"], &made["createdByUser"]), (&json!(1), &json!("Ada Lovelace")));
    assert_eq!((&made["modifiedBy"], &made["modifiedByUser"]), (&Value::Null, &Value::Null));
    let changed = web.patch("/api/contacts/1/edit", &json!({"firstname": "Jo"})).await.json()["contact"].clone();
    assert_eq!((&changed["modifiedBy"], &changed["modifiedByUser"]), (&json!(1), &json!("Ada Lovelace")));
    for (path, one, many) in [("segments", "list", "lists"), ("stages", "stage", "stages"), ("companies", "company", "companies")]
    {
        let name = if path == "companies" { "companyname" } else { "name" };
        let made = web.post(&format!("/api/{path}/new"), &json!({name: "Thing"})).await.json()[one].clone();
        assert_eq!(made["createdByUser"], "Ada Lovelace", "{path}");
        let listed = web.get(&format!("/api/{path}")).await.json()[many].clone();
        let row = listed.get("1").or_else(|| listed.get(0)).cloned().unwrap_or_default();
        assert_eq!((&row["createdBy"], &row["createdByUser"]), (&json!(1), &json!("Ada Lovelace")), "{path}");
    }
});

on_each_db!(whoever_imports_a_file_made_the_contacts_in_it, |app| {
    let web = administrator(&app).await;
    let file = b"email\njo@example.com\nann@example.com\n".to_vec();
    let import = good(&web.upload("/api/v1/imports", "file", "people.csv", file).await)["id"].clone();
    good(&web.post(&format!("/api/v1/imports/{import}/start"), &json!({})).await);
    app.settle().await;
    let rows = web.get("/api/contacts").await.json()["contacts"].clone();
    for id in ["1", "2"] {
        assert_eq!((&rows[id]["createdBy"], &rows[id]["createdByUser"]), (&json!(1), &json!("Ada Lovelace")), "{id}");
    }
    let mine = web.get("/api/contacts?where[0][col]=created_by&where[0][expr]=eq&where[0][val]=1").await.json();
    assert_eq!(mine["contacts"].as_object().map(serde_json::Map::len), Some(2));
});

on_each_db!(where_finds_contacts_by_what_is_no_field_too, |app| {
    let web = administrator(&app).await;
    for name in ["a", "b", "c"] {
        web.post("/api/contacts/new", &json!({"email": format!("{name}@example.com"), "city": name})).await;
    }
    let one = |n: usize, column: &str, expr: &str, value: &str| {
        format!("where[0][val][{n}][col]={column}&where[0][val][{n}][expr]={expr}&where[0][val][{n}][val]={value}")
    };
    for (query, wanted) in [
        ("where[0][col]=created_by&where[0][expr]=eq&where[0][val]=1".to_owned(), vec!["1", "2", "3"]),
        ("where[0][col]=createdBy&where[0][expr]=eq&where[0][val]=9".to_owned(), vec![]),
        ("where[0][col]=created_by&where[0][expr]=isNull".to_owned(), vec![]),
        ("where[0][col]=is_published&where[0][expr]=eq&where[0][val]=1".to_owned(), vec!["1", "2", "3"]),
        ("where[0][col]=isPublished&where[0][expr]=eq&where[0][val]=0".to_owned(), vec![]),
        (format!("where[0][expr]=orX&{}&{}", one(0, "id", "eq", "1"), one(1, "id", "gt", "2")), vec!["1", "3"]),
        (format!("where[0][expr]=orX&{}&{}", one(0, "id", "neq", "1"), one(1, "id", "eq", "2")), vec!["2", "3"]),
        (format!("where[0][expr]=andX&{}&{}", one(0, "id", "lt", "3"), one(1, "city", "eq", "b")), vec!["2"]),
        (format!("where[0][expr]=orX&{}&{}", one(0, "id", "eq", "3"), one(1, "city", "eq", "b")), vec!["2", "3"]),
        (format!("where[0][expr]=orX&{}&{}", one(0, "id", "neq", "3"), one(1, "city", "eq", "x")), vec!["1", "2"]),
        (
            format!(
                "where[0][expr]=orX&{}&where[0][val][1][expr]=andX&where[0][val][1][val][0][col]=created_by&\
                 where[0][val][1][val][0][expr]=eq&where[0][val][1][val][0][val]=1&where[0][val][1][val][1][col]=city&\
                 where[0][val][1][val][1][expr]=eq&where[0][val][1][val][1][val]=c",
                one(0, "city", "eq", "a")
            ),
            vec!["1", "3"],
        ),
    ] {
        assert_eq!(found(&web, &query).await, wanted, "{query}");
    }
});

on_each_db!(a_company_made_by_force_stands_beside_its_namesake, |app| {
    let web = administrator(&app).await;
    let acme = json!({"companyname": "Acme", "companycity": "Rome"});
    let twin = json!({"companyname": "Acme", "companycity": "Oslo", "force": 1});
    web.post("/api/companies/new", &acme).await;
    let made = web.post("/api/companies/new", &twin).await;
    assert_eq!((made.status, made.json()["company"]["id"].as_i64()), (201, Some(2)), "{}", made.json());
    let batch = web.post("/api/companies/batch/new", &json!([twin, {"companyname": "acme"}])).await.json();
    assert_eq!(batch["statusCodes"], json!([201, 200]), "{batch}");
    assert_eq!(batch["companies"][1]["id"], 1, "without force the one that had the name first is met: {batch}");
    let renamed = web.patch("/api/companies/2/edit", &json!({"companyname": "Acme", "companycity": "Bergen"})).await;
    assert_eq!((renamed.status, &renamed.json()["company"]["fields"]["all"]["companycity"]), (200, &json!("Bergen")));
});

on_each_db!(companies_are_found_by_their_fields, |app| {
    let web = administrator(&app).await;
    for (name, city) in [("Acme", "Rome"), ("Beta", "Oslo")] {
        web.post("/api/companies/new", &json!({"companyname": name, "companycity": city})).await;
    }
    let asked = web.get("/api/companies?where[0][col]=companycity&where[0][expr]=eq&where[0][val]=oslo").await.json();
    assert_eq!((&asked["total"], asked["companies"]["2"]["id"].as_i64()), (&json!(1), Some(2)), "{asked}");
});

on_each_db!(fields_are_searched_by_state_kind_and_group, |app| {
    let web = administrator(&app).await;
    let made = field(&web, "Shoe size", "number").await;
    web.patch(&format!("/api/fields/contact/{}/edit", made["id"]), &json!({"isPublished": false})).await;
    for (search, total) in [
        ("is:unique", 1),
        ("is:unpublished", 1),
        ("is:mine", 1),
        ("type:tel", 3),
        ("group:social", 6),
        ("ids:1,2", 2),
        ("shoe", 1),
    ] {
        let list = web.get(&format!("/api/fields/contact?search={search}")).await.json();
        assert_eq!(list["total"], total, "{search}");
    }
});

on_each_db!(what_leads_nowhere_is_refused_at_its_place, |app| {
    let web = administrator(&app).await;
    web.post("/api/contacts/new", &json!({"email": "jo@example.com"})).await;
    for (key, value) in [("owner", json!(99)), ("companies", json!([99])), ("lastActive", json!("never"))] {
        let reply = web.patch("/api/contacts/1/edit", &json!({key: value})).await;
        assert_eq!(complained(&reply), (400, key.to_owned()), "{}", reply.text);
    }
    let native = web.patch("/api/v1/contacts/1", &json!({"owner_id": 99})).await;
    assert_eq!(door::complaint(&native), (422, "/owner_id".into()));
    let note = web.post("/api/notes/new", &json!({"lead": 1, "text": "x", "dateTime": "some day"})).await;
    assert_eq!(complained(&note), (400, "dateTime".into()));
    let reason = web.post("/api/contacts/1/dnc/email/add", &json!({"reason": "why"})).await;
    assert_eq!((reason.status, reason.json()["errors"][0]["message"].as_str()), (400, Some("Invalid reason code given")));
    let method = web.post("/api/contacts", &json!({})).await;
    assert_eq!((method.status, &method.json()["errors"][0]["code"]), (405, &json!(405)));
});
