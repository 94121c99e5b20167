//! Stages, points and categories at the doors: the native API, and the one that old clients know.

mod door;

use door::{administrator, code, complaint, contact, good};
use hg_testkit::on_each_db;
use hg_testkit::web::TestWeb;
use serde_json::{Value, json};

async fn id_of(web: &TestWeb, path: &str, body: Value, one: &str) -> i64 {
    let reply = web.post(path, &body).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()[one]["id"].as_i64().expect("an id")
}

on_each_db!(stages_have_the_old_shape_and_move_contacts, |app| {
    let web = administrator(&app).await;
    let ada = contact(&web, "ada@example.org", "Ada").await;
    assert_eq!(web.get("/api/stages").await.json(), json!({"total": 0, "stages": []}));
    let sales = id_of(&web, "/api/categories/new", json!({"title": "Sales", "bundle": "stage"}), "category").await;
    let body = json!({"name": "Lead", "weight": "10", "category": sales, "publishUp": "2024-01-01 00:00:00"});
    let stage = id_of(&web, "/api/stages/new", body, "stage").await;
    let shown = web.get(&format!("/api/stages/{stage}")).await.json()["stage"].clone();
    assert_eq!(
        (&shown["weight"], &shown["category"]["title"], &shown["isPublished"]),
        (&json!(10), &json!("Sales"), &json!(true))
    );
    assert_eq!(shown["publishUp"], "2024-01-01T00:00:00+00:00");
    assert_eq!(web.post(&format!("/api/stages/{stage}/contact/{ada}/add"), &json!({})).await.json(), json!({"success": 1}));
    let person = web.get(&format!("/api/contacts/{ada}")).await.json()["contact"].clone();
    assert_eq!((&person["stage"]["name"], &person["stage"]["weight"]), (&json!("Lead"), &json!(10)));
    assert_eq!(web.post(&format!("/api/stages/99/contact/{ada}/add"), &json!({})).await.status, 404);
    assert_eq!(web.post(&format!("/api/stages/{stage}/contact/99/add"), &json!({})).await.status, 404);
    let events = web.get(&format!("/api/contacts/{ada}/activity?filters[includeEvents][]=stage.changed")).await.json();
    assert_eq!(events["total"], 1, "{events}");
    good(&web.post(&format!("/api/stages/{stage}/contact/{ada}/remove"), &json!({})).await);
    assert_eq!(web.get(&format!("/api/contacts/{ada}")).await.json()["contact"]["stage"], Value::Null);
    good(&web.patch(&format!("/api/contacts/{ada}/edit"), &json!({"stage": stage})).await);
    assert_eq!(web.get(&format!("/api/contacts/{ada}")).await.json()["contact"]["stage"]["id"], stage);
    assert_eq!(web.patch(&format!("/api/contacts/{ada}/edit"), &json!({"stage": 77})).await.status, 400);
    let put = web.put(&format!("/api/stages/{stage}/edit"), &json!({"name": "Customer"})).await.json()["stage"].clone();
    assert_eq!((&put["weight"], &put["category"], &put["isPublished"]), (&json!(0), &Value::Null, &json!(false)));
    let found =
        web.get("/api/stages?search=is:unpublished&where[0][col]=name&where[0][expr]=eq&where[0][val]=Customer").await.json();
    assert_eq!(found["total"], 1);
    assert_eq!(web.post("/api/stages/new", &json!({"weight": 1})).await.status, 400);
    assert_eq!(web.delete(&format!("/api/stages/{stage}/delete")).await.json()["stage"]["id"], Value::Null);
    app.settle().await;
});

on_each_db!(point_rules_have_the_old_shape, |app| {
    let web = administrator(&app).await;
    let types = web.get("/api/points/actions/types").await.json();
    assert_eq!(types["pointActionTypes"]["email.open"], "Opens an email");
    assert!(web.get("/api/points/triggers/events/types").await.json()["eventTypes"]["stage.change"].is_string());
    let group = id_of(&web, "/api/points/groups/new", json!({"name": "Interest"}), "pointGroup").await;
    let body =
        json!({"name": "Visited", "type": "page.hit", "delta": 5, "properties": {"pages": [1]}, "repeatable": 1, "group": group});
    let action = id_of(&web, "/api/points/new", body, "point").await;
    let shown = web.get(&format!("/api/points/{action}")).await.json()["point"].clone();
    assert_eq!((&shown["delta"], &shown["properties"], &shown["repeatable"]), (&json!(5), &json!({"pages": [1]}), &json!(true)));
    for (body, named) in [
        (json!({"name": "x", "type": "asset.download", "delta": 1}), "asset.download"),
        (json!({"name": "x", "type": "plugin.video", "delta": 1}), "plugin.video"),
        (json!({"name": "x", "type": "page.hit"}), "delta"),
        (json!({"name": "x", "type": "page.hit", "delta": 1, "group": 99}), "no point group 99"),
    ] {
        let refused = web.post("/api/points/new", &body).await;
        assert!(refused.status == 400 && refused.text.contains(named), "{}", refused.text);
    }
    let events = json!([
        {"name": "Tag", "type": "lead.changetags", "order": 2, "properties": {"add_tags": ["hot"]}},
        {"name": "First", "type": "lead.changetags", "order": 1, "properties": {"add_tags": ["warm"]}}
    ]);
    let trigger = id_of(
        &web,
        "/api/points/triggers/new",
        json!({"name": "Hot", "points": 100, "color": "4e5d9d", "events": events}),
        "trigger",
    )
    .await;
    let shown = web.get(&format!("/api/points/triggers/{trigger}")).await.json()["trigger"].clone();
    assert_eq!(
        (&shown["events"][0]["name"], &shown["events"][1]["order"], &shown["color"]),
        (&json!("First"), &json!(2), &json!("4e5d9d"))
    );
    let first = shown["events"][0]["id"].as_i64().unwrap();
    let left = web.delete(&format!("/api/points/triggers/{trigger}/events/delete?events[]={first}")).await.json();
    assert_eq!(left["trigger"]["events"].as_array().unwrap().len(), 1);
    let push = json!({"name": "x", "points": 1, "events": [{"type": "plugin.leadpush"}]});
    let refused = web.post("/api/points/triggers/new", &push).await;
    assert!(refused.status == 400 && refused.text.contains("plugin.leadpush"), "{}", refused.text);
    assert_eq!(web.get("/api/points?search=visited").await.json()["total"], 1);
    assert_eq!(web.get("/api/points/triggers").await.json()["triggers"][0]["name"], "Hot");
    assert_eq!(web.delete(&format!("/api/points/groups/{group}/delete")).await.status, 409, "the action uses it");
});

on_each_db!(scores_are_changed_and_read_at_both_doors, |app| {
    let web = administrator(&app).await;
    let ada = contact(&web, "ada@example.org", "Ada").await;
    let group = id_of(&web, "/api/points/groups/new", json!({"name": "Interest"}), "pointGroup").await;
    let at = |op: &str, n: i64| format!("/api/contacts/{ada}/points/groups/{group}/{op}/{n}");
    assert_eq!(web.post(&at("plus", 4), &json!({"eventName": "Call"})).await.json()["groupScore"]["score"], 4);
    assert_eq!(web.post(&at("times", 3), &json!({})).await.json()["groupScore"]["score"], 12);
    assert_eq!(web.post(&at("set", 5), &json!({})).await.json()["groupScore"]["group"]["name"], "Interest");
    assert_eq!(web.post(&at("root", 2), &json!({})).await.status, 400);
    assert_eq!(web.get(&format!("/api/contacts/{ada}/points/groups")).await.json()["groupScores"][0]["score"], 5);
    assert_eq!(web.get(&format!("/api/contacts/{ada}/points/groups/99")).await.status, 404);
    assert_eq!(web.post(&format!("/api/contacts/99/points/groups/{group}/plus/1"), &json!({})).await.status, 404);
    good(&web.post(&format!("/api/contacts/{ada}/points/plus/7"), &json!({"eventName": "Fair", "actionName": "Talked"})).await);
    let scores = good(&web.get(&format!("/api/v1/contacts/{ada}/points")).await);
    assert_eq!((&scores["points"], &scores["groups"][0]["score"]), (&json!(7), &json!(5)));
    assert!(scores["lines"].as_array().unwrap().iter().any(|l| l["reason"] == "Fair" && l["points"] == 7), "{scores}");
    let more = json!({"operator": "plus", "value": 1, "reason": "By me"});
    assert_eq!(good(&web.post(&format!("/api/v1/contacts/{ada}/points/groups/{group}"), &more).await)["groups"][0]["score"], 6);
    app.settle().await;
});

on_each_db!(the_native_door_refuses_with_the_place_in_the_body, |app| {
    let web = administrator(&app).await;
    for (path, body, pointer) in [
        ("/stages", json!({}), "/name"),
        ("/stages", json!({"name": "x", "category_id": 9}), "/category_id"),
        ("/stages", json!({"name": "x", "publish_up": "soon"}), "/publish_up"),
        ("/points/actions", json!({"name": "x", "type": "url.hit", "delta": 1}), "/settings/page_url"),
        ("/points/actions", json!({"name": "x", "type": "page.hit", "delta": 0}), "/delta"),
        ("/points/actions", json!({"name": "x", "type": "asset.download", "delta": 1}), "/type"),
        ("/points/triggers", json!({"name": "x", "color": "red"}), "/color"),
        ("/points/triggers", json!({"name": "x", "events": [{"type": "plugin.leadpush"}]}), "/events/0"),
        ("/points/groups", json!({"name": " "}), "/name"),
        ("/points/decay/0/preview", json!({"kind": "half_life", "days": 0}), "/days"),
        ("/categories", json!({"title": "x", "bundle": "shoe"}), "/bundle"),
    ] {
        assert_eq!(complaint(&web.post(&format!("/api/v1{path}"), &body).await), (422, pointer.to_owned()), "{path} {body}");
    }
    let put = web.put("/api/v1/points/decay/0", &json!({"kind": "inactive", "days": 30, "amount": 5})).await;
    assert_eq!(good(&put)["kind"], "inactive");
    assert_eq!(good(&web.get("/api/v1/points/decay").await).as_array().unwrap().len(), 1);
    assert_eq!(web.delete("/api/v1/points/decay/0").await.status, 204);
    assert_eq!(web.delete("/api/v1/points/decay/0").await.status, 404);
    let tried = json!({"action": {"type": "page.hit", "delta": 2}});
    assert_eq!(good(&web.post("/api/v1/points/simulate", &tried).await)["people"], 0);
});

on_each_db!(categories_are_given_back_by_everything_that_has_them, |app| {
    let web = administrator(&app).await;
    let all = id_of(&web, "/api/categories/new", json!({"title": "News", "color": "4e5d9d"}), "category").await;
    let mail = id_of(&web, "/api/categories/new", json!({"title": "Mail", "bundle": "email"}), "category").await;
    for (path, one, body) in [
        ("segments", "list", json!({"name": "A"})),
        ("emails", "email", json!({"name": "A", "subject": "A", "customHtml": "<p>A</p>"})),
        (
            "forms",
            "form",
            json!({"name": "A", "fields": [{"label": "Email", "type": "email", "alias": "email"}], "postAction": "return"}),
        ),
        ("points", "point", json!({"name": "A", "type": "page.hit", "delta": 1})),
        ("points/triggers", "trigger", json!({"name": "A", "points": 1})),
        ("stages", "stage", json!({"name": "A"})),
    ] {
        let mut with = body.clone();
        with["category"] = json!(all);
        let made = web.post(&format!("/api/{path}/new"), &with).await;
        assert_eq!(made.status, 201, "{path} {}", made.text);
        let shown = &made.json()[one];
        assert_eq!((&shown["category"]["title"], &shown["category"]["color"]), (&json!("News"), &json!("4e5d9d")), "{path}");
        let id = shown["id"].as_i64().unwrap();
        assert_eq!(web.get(&format!("/api/{path}?search=category:news")).await.json()["total"], 1, "{path}");
        assert_eq!(web.get(&format!("/api/{path}?search=is:uncategorized")).await.json()["total"], 0, "{path}");
        let cleared = web.patch(&format!("/api/{path}/{id}/edit"), &json!({"category": null})).await.json();
        assert_eq!(cleared[one]["category"], Value::Null, "{path}");
        let mut foreign = body;
        foreign["category"] = json!(mail);
        let reply = web.post(&format!("/api/{path}/new"), &foreign).await;
        assert_eq!(reply.status, if path == "emails" { 201 } else { 400 }, "{path} {}", reply.text);
    }
    let used = good(&web.get(&format!("/api/v1/categories/{mail}/usage")).await);
    assert_eq!((&used[0]["type"], &used[0]["name"]), (&json!("email"), &json!("A")));
    let unknown = json!({"title": "x", "bundle": "shoe"});
    assert_eq!(web.post("/api/categories/new", &unknown).await.status, 400);
    assert_eq!(web.post("/api/categories/new", &json!({"bundle": "email"})).await.status, 400);
});

on_each_db!(a_stage_that_a_campaign_needs_stays, |app| {
    let web = administrator(&app).await;
    let stage = good(&web.post("/api/v1/stages", &json!({"name": "Lead"})).await)["id"].as_i64().unwrap();
    let step = json!({"key": "s", "kind": "action", "type": "contact.stage", "settings": {"stage_id": stage}, "timing": {"mode": "immediate"}});
    good(&web.post("/api/v1/campaigns", &json!({"name": "Welcome", "steps": [step]})).await);
    assert_eq!(code(&web.delete(&format!("/api/v1/stages/{stage}")).await), (409, "stage.in-use".to_owned()));
    let board = good(&web.get("/api/v1/stages/board").await);
    assert_eq!((&board[0]["stage"]["name"], &board[0]["people"]), (&json!("Lead"), &json!(0)));
});
