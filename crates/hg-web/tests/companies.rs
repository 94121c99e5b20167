//! Companies through the native and the compatible API.

use hg_app::Role;
use hg_testkit::app::PASSWORD;
use hg_testkit::web::TestWeb;
use hg_testkit::{TestApp, on_each_db};
use serde_json::json;

async fn start(app: &TestApp) -> TestWeb {
    app.user("ada@example.org", Role::Administrator).await;
    TestWeb::start(&app.ws).await.with_basic("ada@example.org", PASSWORD)
}

on_each_db!(companies_are_kept_through_the_native_api, |app| {
    let web = start(&app).await;
    let made =
        web.post("/api/v1/companies", &json!({"fields": {"companyname": "Acme", "companycity": "Rome"}, "score": 3})).await;
    assert_eq!((made.status, &made.json()["name"], &made.json()["score"]), (201, &json!("Acme"), &json!(3)), "{}", made.text);
    let twin = web.post("/api/v1/companies", &json!({"fields": {"companyname": "acme"}})).await;
    assert_eq!((twin.status, &twin.json()["errors"][0]["pointer"]), (409, &json!("/fields/companyname")));
    let ada = web.post("/api/v1/contacts", &json!({"fields": {"email": "ada@example.com"}, "companies": [1]})).await.json();
    assert_eq!((&ada["companies"][0]["name"], &ada["companies"][0]["primary"]), (&json!("Acme"), &json!(true)));
    assert_eq!(ada["fields"]["company"], "Acme");
    let contact = ada["id"].as_i64().unwrap();
    let changed = web
        .patch("/api/v1/companies/1", &json!({"fields": {"companyname": "Acme & Sons"}, "version": made.json()["version"]}))
        .await;
    assert_eq!((changed.status, &changed.json()["contacts"]), (200, &json!(1)), "{}", changed.text);
    assert_eq!(web.get(&format!("/api/v1/contacts/{contact}")).await.json()["fields"]["company"], "Acme & Sons");
    let late = web.patch("/api/v1/companies/1", &json!({"fields": {"companyname": "X"}, "version": 1})).await;
    assert_eq!(late.status, 409);
    let members = web.get("/api/v1/companies/1/contacts").await.json();
    assert_eq!(members["items"][0]["email"], "ada@example.com");
    let scored = web.post("/api/v1/companies/1/score", &json!({"operator": "plus", "value": 4, "reason": "Fair"})).await;
    assert_eq!(scored.json()["score"], 7);
    let log = web.get("/api/v1/companies/1/log").await.json();
    assert_eq!((&log["items"][0]["kind"], &log["items"][0]["detail"]["reason"]), (&json!("score"), &json!("Fair")));
    let beta = web.post("/api/v1/companies", &json!({"fields": {"companyname": "Beta"}})).await.json()["id"].clone();
    let put = web.put(&format!("/api/v1/companies/{beta}/contacts/{contact}"), &json!({})).await;
    assert_eq!(put.status, 204);
    assert_eq!(web.post(&format!("/api/v1/contacts/{contact}/companies/1/primary"), &json!({})).await.status, 204);
    let links = web.get(&format!("/api/v1/contacts/{contact}/companies")).await.json();
    assert_eq!((&links[0]["id"], &links[1]["id"]), (&json!(1), &beta));
    let csv = web.get("/api/v1/companies/export.csv?columns=id,companyname&search=sons").await;
    assert_eq!(csv.text, "id,companyname\n1,Acme & Sons\n");
    let merged = web.post(&format!("/api/v1/companies/{beta}/merge"), &json!({"into": 1})).await;
    assert_eq!((merged.status, &merged.json()["name"]), (200, &json!("Acme & Sons")));
    assert_eq!(web.get(&format!("/api/v1/companies/{beta}")).await.json()["id"], 1);
    let gone = web.post("/api/v1/companies/bulk", &json!({"ids": [1], "action": "delete"})).await;
    assert_eq!(gone.json()["affected"], 1);
    assert_eq!(web.get("/api/v1/companies").await.json()["total"], 0);
    web.post("/api/v1/companies/bulk", &json!({"ids": [1], "action": "restore"})).await;
    assert_eq!(web.get("/api/v1/companies").await.json()["total"], 1);
    let own = web.get("/api/v1/fields?object=company").await.json();
    assert_eq!((&own["items"][0]["alias"], own["total"].as_i64()), (&json!("companyname"), Some(15)));
});

on_each_db!(companies_look_as_old_clients_know_them, |app| {
    let web = start(&app).await;
    assert_eq!(web.get("/api/companies").await.json(), json!({"total": 0, "companies": {}}));
    let nameless = web.post("/api/companies/new", &json!({"companycity": "Rome"})).await;
    assert_eq!(nameless.status, 400, "{}", nameless.text);
    let made = web
        .post(
            "/api/companies/new",
            &json!({"companyname": "Acme", "companycity": "Rome", "companynumber_of_employees": "12", "owner": 1}),
        )
        .await;
    assert_eq!((made.status, made.header("location")), (201, Some("/api/companies/1")), "{}", made.text);
    let again = web.post("/api/companies/new", &json!({"companyname": "ACME", "companyphone": "123"})).await;
    assert_eq!((again.status, &again.json()["company"]["id"]), (200, &json!(1)));
    let read = web.get("/api/companies/1").await.json()["company"].clone();
    let name = &read["fields"]["core"]["companyname"];
    assert_eq!((&name["value"], &name["object"], &name["is_fixed"]), (&json!("ACME"), &json!("company"), &json!("1")));
    assert_eq!((&read["fields"]["all"]["companyphone"], &read["fields"]["other"]), (&json!("123"), &json!([])));
    assert_eq!((&read["fields"]["all"]["companynumber_of_employees"], &read["owner"]["id"]), (&json!(12), &json!(1)));
    let contact = web.post("/api/contacts/new", &json!({"email": "ada@example.com"})).await.json()["contact"]["id"].clone();
    let add = web.post(&format!("/api/companies/1/contact/{contact}/add"), &json!({})).await;
    assert_eq!((add.status, add.json()), (200, json!({"success": 1})));
    assert_eq!(web.post(&format!("/api/companies/99/contact/{contact}/add"), &json!({})).await.status, 404);
    let of = web.get(&format!("/api/contacts/{contact}/companies")).await.json();
    let one = &of["companies"][0];
    assert_eq!(
        (&of["total"], &one["company_id"], &one["is_primary"], &one["score"]),
        (&json!(1), &json!("1"), &json!("1"), &json!("0"))
    );
    assert_eq!((&one["companyname"], &one["companyemail"]), (&json!("ACME"), &json!(null)));
    assert_eq!(web.post(&format!("/api/companies/1/contact/{contact}/remove"), &json!({})).await.json(), json!({"success": 1}));
    assert_eq!(web.post(&format!("/api/companies/1/contact/{contact}/remove"), &json!({})).await.status, 404);
    let several = web
        .post("/api/companies/batch/new", &json!([{"companyname": "Beta"}, {"companycity": "Nowhere"}, {"companyname": "Beta"}]))
        .await;
    assert_eq!((several.status, &several.json()["statusCodes"]), (201, &json!([201, 400, 200])), "{}", several.text);
    let replaced = web.put("/api/companies/1/edit", &json!({"companyname": "Acme"})).await;
    assert_eq!(replaced.json()["company"]["fields"]["all"]["companycity"], json!(null), "what is not named is emptied");
    let joined = web.post("/api/contacts/new", &json!({"email": "bo@example.com", "companies": [1, "2"]})).await.json();
    assert_eq!(joined["contact"]["fields"]["all"]["company"], "Acme");
    let found = web.get("/api/companies?search=companyname:bet&orderBy=companyname").await.json();
    assert_eq!((&found["total"], &found["companies"]["2"]["id"]), (&json!(1), &json!(2)));
    let gone = web.delete("/api/companies/2/delete").await;
    assert_eq!((gone.status, &gone.json()["company"]["id"]), (200, &json!(null)));
});

on_each_db!(fields_of_companies_have_an_address_of_their_own, |app| {
    let web = start(&app).await;
    let made = web.post("/api/fields/company/new", &json!({"label": "VAT number", "type": "text"})).await.json();
    let field = &made["field"];
    assert_eq!((&field["object"], &field["alias"]), (&json!("company"), &json!("vat_number")));
    assert_eq!(web.get(&format!("/api/fields/contact/{}", field["id"])).await.status, 404);
    assert_eq!(web.get("/api/fields/company").await.json()["total"], 16);
    assert_eq!(web.get("/api/fields/contact").await.json()["total"], 28);
    let kept = web.post("/api/companies/new", &json!({"companyname": "Acme", "vat_number": "CZ1"})).await.json();
    assert_eq!(kept["company"]["fields"]["all"]["vat_number"], "CZ1");
});

on_each_db!(segments_of_companies_are_kept_through_both_doors, |app| {
    let web = start(&app).await;
    web.post("/api/v1/companies", &json!({"fields": {"companyname": "Acme", "companycity": "Rome"}})).await;
    web.post("/api/v1/companies", &json!({"fields": {"companyname": "Beta", "companycity": "Oslo"}})).await;
    let rome = json!({"match": "all", "rules": [{"field": "companycity", "op": "eq", "value": "Rome"}]});
    let seen = web.post("/api/v1/company-segments/preview", &json!({"filter": rome})).await.json();
    assert_eq!((&seen["count"], &seen["everyone"], &seen["sample"][0]["name"]), (&json!(1), &json!(2), &json!("Acme")));
    assert_eq!(seen["conditions"], json!([{"pointer": "/rules/0", "count": 1}]));
    let made = web.post("/api/v1/company-segments", &json!({"name": "In Rome", "filter": rome})).await;
    assert_eq!((made.status, &made.json()["alias"]), (201, &json!("in-rome")), "{}", made.text);
    app.settle().await;
    let one = web.get("/api/v1/company-segments/1").await.json();
    assert_eq!((&one["count"], &one["building"]), (&json!(1), &json!(false)), "{one}");
    let hands = web.post("/api/v1/company-segments/1/companies", &json!({"add": [2]})).await;
    assert_eq!(hands.json(), json!({"moved": 1}), "{}", hands.text);
    let inside = web.get("/api/v1/company-segments/1/companies").await.json();
    assert_eq!((&inside["items"][1]["name"], &inside["items"][1]["by_hand"]), (&json!("Beta"), &json!(true)));
    assert_eq!(web.get("/api/v1/companies/2/segments").await.json()[0]["name"], "In Rome");
    assert_eq!(web.get("/api/v1/companies?search=segment:in-rome").await.json()["total"], 2);
    let fields = web.get("/api/v1/company-segments/catalogue").await.json();
    assert_eq!(fields["groups"][0]["fields"][0]["field"], "companyname");
    let wrong = json!({"name": "X", "filter": {"match": "all", "rules": [{"field": "email", "op": "empty"}]}});
    let refused = web.post("/api/v1/company-segments", &wrong).await;
    assert_eq!((refused.status, &refused.json()["errors"][0]["code"]), (422, &json!("unknown-field")), "{}", refused.text);
    // As old clients know them.
    let old = web.get("/api/companysegments").await.json();
    assert_eq!((&old["total"], &old["companysegments"]["1"]["filters"][0]["field"]), (&json!(1), &json!("companycity")), "{old}");
    let body = json!({"name": "Norse", "filters": [{"glue": "and", "object": "company", "field": "companycity", "type": "text", "operator": "=", "properties": {"filter": "Oslo"}}]});
    let second = web.post("/api/companysegments/new", &body).await;
    assert_eq!((second.status, &second.json()["companysegment"]["id"]), (201, &json!(2)), "{}", second.text);
    assert_eq!(web.post("/api/companysegments/2/company/1/add", &json!({})).await.json(), json!({"success": 1}));
    app.settle().await;
    assert_eq!(web.get("/api/v1/company-segments/2").await.json()["count"], 2);
    // What a segment of contacts asks about is not deleted.
    let asking = json!({"name": "Works in Rome", "filter": {"match": "all", "rules": [{"field": "company_segments", "op": "in", "value": [1]}]}});
    let asking = web.post("/api/v1/segments", &asking).await;
    assert_eq!(asking.status, 201, "{}", asking.text);
    assert_eq!(web.delete("/api/v1/company-segments/1").await.status, 409);
    assert_eq!(web.delete("/api/companysegments/2/delete").await.status, 200);
    assert_eq!(web.get("/api/v1/trash?kind=company_segment").await.json()["items"][0]["name"], "Norse");
    assert_eq!(web.post("/api/v1/company-segments/2/restore", &json!({})).await.status, 200);
    assert_eq!(web.post("/api/v1/company-segments/2/clone", &json!({})).await.json()["published"], false);
    assert_eq!(web.post("/api/v1/company-segments/2/rebuild", &json!({})).await.status, 202);
});

on_each_db!(segments_of_companies_have_categories_through_both_doors, |app| {
    let web = start(&app).await;
    for (bundle, title) in [("segment", "Partners"), ("email", "News")] {
        let made = web.post("/api/v1/categories", &json!({"bundle": bundle, "title": title})).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    let made = web.post("/api/v1/company-segments", &json!({"name": "In Rome", "category_id": 1})).await;
    assert_eq!((made.status, &made.json()["category"]["title"]), (201, &json!("Partners")), "{}", made.text);
    let unfit = web.post("/api/v1/company-segments", &json!({"name": "In Oslo", "category_id": 2})).await;
    assert_eq!((unfit.status, &unfit.json()["errors"][0]["pointer"]), (422, &json!("/category_id")), "{}", unfit.text);
    web.post("/api/v1/company-segments", &json!({"name": "Elsewhere"})).await;
    let names = async |search: &str| {
        let found = web.get(&format!("/api/v1/company-segments?search={search}")).await.json();
        found["items"].as_array().unwrap().iter().map(|s| s["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("category:partners").await, ["In Rome"]);
    assert_eq!(names("is:uncategorized").await, ["Elsewhere"]);
    // The old API writes and shows the same.
    let old = web.get("/api/companysegments/1").await.json();
    assert_eq!(old["companysegment"]["category"]["title"], "Partners", "{old}");
    let moved = web.patch("/api/companysegments/2/edit", &json!({"category": 1})).await.json();
    assert_eq!(moved["companysegment"]["category"]["id"], 1, "{moved}");
    let used = web.get("/api/v1/categories/1").await.json();
    assert_eq!(used["used"], 2, "{used}");
    assert_eq!(web.patch("/api/v1/company-segments/2", &json!({"category_id": null})).await.json()["category"], json!(null));
    // What nothing asks about is unused, until something does.
    assert_eq!(names("is:unused").await, ["Elsewhere", "In Rome"]);
    let asking =
        json!({"name": "Romans", "filter": {"match": "all", "rules": [{"field": "company_segments", "op": "in", "value": [1]}]}});
    web.post("/api/v1/segments", &asking).await;
    assert_eq!(names("is:unused").await, ["Elsewhere"]);
    assert_eq!(names("is:mine").await, ["Elsewhere", "In Rome"]);
});

on_each_db!(companies_are_exported_in_every_format, |app| {
    let web = start(&app).await;
    for (name, city) in [("Acme", "Rome"), ("Beta", "Oslo")] {
        web.post("/api/v1/companies", &json!({"fields": {"companyname": name, "companycity": city}, "tags": ["partner"]})).await;
    }
    for (format, search) in [("csv", ""), ("xlsx", ""), ("jsonl", "companycity:oslo")] {
        let asked = json!({"search": search, "columns": ["id", "companyname", "tags"], "format": format});
        let made = web.post("/api/v1/exports/companies", &asked).await;
        assert_eq!((made.status, &made.json()["object"]), (202, &json!("company")), "{}", made.text);
    }
    app.settle().await;
    let all = web.get("/api/v1/exports").await.json();
    assert!(all["items"].as_array().unwrap().iter().all(|e| e["state"] == "done"), "{all}");
    assert_eq!(web.get("/api/v1/exports/1/file").await.text, "id,companyname,tags\n1,Acme,partner\n2,Beta,partner\n");
    let lines = web.get("/api/v1/exports/3/file").await.text;
    assert_eq!((lines.lines().count(), lines.contains("Beta")), (1, true), "{lines}");
    let wrong = web.post("/api/v1/exports/companies", &json!({"columns": ["nothing"], "format": "csv"})).await;
    assert!(wrong.status == 422 || wrong.status == 400, "{}", wrong.text);
});
