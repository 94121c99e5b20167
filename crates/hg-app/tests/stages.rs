//! Stages and categories: who stands where, and how things are sorted.

use std::collections::BTreeMap;

use hg_app::categories::{self, CategoryPatch, NewCategory};
use hg_app::contacts::{self, BulkAction, Contact, ContactInput, ContactQuery, Selection, TimelineQuery};
use hg_app::list::ListQuery;
use hg_app::stages::{self, Forward, NewStage, Stage, StagePatch};
use hg_app::{ErrorKind, Role, trash};
use hg_core::ids::ContactId;
use hg_core::publish::Window;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

async fn person(app: &TestApp, email: &str) -> ContactId {
    let fields: BTreeMap<String, Value> = [("email".to_owned(), json!(email))].into();
    contacts::create(&app.cx(), ContactInput { fields, ..ContactInput::default() }, false).await.unwrap().0.id
}

async fn stage(app: &TestApp, name: &str, weight: i64) -> Stage {
    stages::create(&app.cx(), NewStage { name: name.into(), weight, ..NewStage::default() }).await.unwrap()
}

async fn category(app: &TestApp, title: &str, bundle: &str) -> hg_app::Result<categories::Category> {
    let new = NewCategory { title: title.into(), bundle: Some(bundle.into()), ..NewCategory::default() };
    categories::create(&app.cx(), new).await
}

async fn of(app: &TestApp, id: ContactId) -> Option<String> {
    contacts::get(&app.cx(), id).await.unwrap().stage.map(|(_, name)| name)
}

async fn forward(app: &TestApp, contact: ContactId, stage: &Stage) -> Forward {
    let (ws, id) = (app.ws.clone(), stage.id);
    app.ws.db.write(move |tx| stages::forward_in(&ws, tx, contact, id, "Campaign: Welcome")).await.unwrap()
}

async fn found(app: &TestApp, filter: Value) -> Vec<ContactId> {
    let query = ContactQuery {
        list: ListQuery { sort: "id".into(), ..ListQuery::default() },
        filter: Some(filter),
        ..ContactQuery::default()
    };
    contacts::list(&app.cx(), query).await.unwrap().items.iter().map(|c: &Contact| c.id).collect()
}

on_each_db!(a_move_stands_in_the_timeline_and_in_the_filter, |app| {
    let (ada, bo) = (person(&app, "ada@example.org").await, person(&app, "bo@example.org").await);
    let lead = stage(&app, "Lead", 10).await;
    assert!(stages::change(&app.cx(), ada, Some(lead.id)).await.unwrap());
    assert!(!stages::change(&app.cx(), ada, Some(lead.id)).await.unwrap(), "she is there already");
    assert_eq!((of(&app, ada).await.as_deref(), of(&app, bo).await), (Some("Lead"), None));
    let told = contacts::timeline(&app.cx(), Some(ada), TimelineQuery::default()).await.unwrap();
    assert!(told.items.iter().any(|m| m.title == "Moved to the stage “Lead”"), "{:?}", told.items);
    let rule = |op: &str, value: Value| json!({"match": "all", "rules": [{"field": "stage", "op": op, "value": value}]});
    assert_eq!(found(&app, rule("=", json!(lead.id))).await, [ada]);
    assert_eq!(found(&app, rule("!=", json!(lead.id))).await, [bo]);
    assert_eq!(found(&app, rule("empty", Value::Null)).await, [bo]);
    app.settle().await;
});

on_each_db!(campaigns_move_forwards_only_and_say_why_not, |app| {
    let ada = person(&app, "ada@example.org").await;
    let (lead, friend) = (stage(&app, "Lead", 10).await, stage(&app, "Friend", 20).await);
    assert_eq!(forward(&app, ada, &friend).await, Forward::Moved);
    for (to, why) in [(&friend, "already"), (&lead, "weight 20")] {
        let Forward::Refused(text) = forward(&app, ada, to).await else { panic!("{} was reached", to.name) };
        assert!(text.contains(why), "{text}");
    }
    assert_eq!(of(&app, ada).await.as_deref(), Some("Friend"));
    let window = Window { published: false, ..Window::default() };
    let closed = NewStage { name: "Later".into(), weight: 90, window, ..NewStage::default() };
    let closed = stages::create(&app.cx(), closed).await.unwrap();
    let Forward::Refused(text) = forward(&app, ada, &closed).await else { panic!("an unpublished stage was reached") };
    assert!(text.contains("not published"), "{text}");
    assert!(stages::change(&app.cx(), ada, Some(lead.id)).await.unwrap(), "people may move anybody anywhere");
    app.settle().await;
});

on_each_db!(deleting_a_stage_empties_it_and_bringing_it_back_fills_it, |app| {
    let mut people = Vec::new();
    for n in 0..3 {
        people.push(person(&app, &format!("p{n}@example.org")).await);
    }
    let (lead, friend) = (stage(&app, "Lead", 10).await, stage(&app, "Friend", 20).await);
    let all = BulkAction::ChangeStage { stage: Some(lead.id.0) };
    let done = contacts::bulk(&app.cx(), Selection::Ids(people.clone()), all).await.unwrap();
    assert_eq!(done.affected, 3);
    assert_eq!(stages::board(&app.cx()).await.unwrap().iter().map(|l| l.people).collect::<Vec<_>>(), [3, 0]);
    stages::delete(&app.cx(), lead.id).await.unwrap();
    app.settle().await;
    assert_eq!(
        (
            of(&app, people[0]).await,
            found(&app, json!({"match": "all", "rules": [{"field": "stage", "op": "!empty"}]})).await.len()
        ),
        (None, 0)
    );
    stages::change(&app.cx(), people[1], Some(friend.id)).await.unwrap();
    stages::restore(&app.cx(), lead.id).await.unwrap();
    app.settle().await;
    let now: Vec<Option<String>> = [of(&app, people[0]).await, of(&app, people[1]).await].into();
    assert_eq!(now, [Some("Lead".to_owned()), Some("Friend".to_owned())], "who moved on since stays there");
    let lane = stages::lane(&app.cx(), lead.id, ListQuery { limit: 1, ..ListQuery::default() }).await.unwrap();
    let rest = ListQuery { limit: 1, cursor: lane.next_cursor.clone(), ..ListQuery::default() };
    let rest = stages::lane(&app.cx(), lead.id, rest).await.unwrap();
    assert_eq!((lane.items.len(), rest.items.len(), rest.next_cursor), (1, 1, None));
});

on_each_db!(a_stage_says_what_is_wrong_with_it, |app| {
    let wrong = |new: NewStage| {
        let cx = app.cx();
        async move { stages::create(&cx, new).await.unwrap_err().fields[0].pointer.clone() }
    };
    assert_eq!(wrong(NewStage::default()).await, "/name");
    let turned = Window { published: true, publish_up: Some(app.now()), publish_down: Some(app.now()) };
    assert_eq!(wrong(NewStage { name: "x".into(), window: turned, ..NewStage::default() }).await, "/publish_down");
    let email = category(&app, "Mail", "email").await.unwrap();
    assert_eq!(wrong(NewStage { name: "x".into(), category_id: Some(email.id), ..NewStage::default() }).await, "/category_id");
    let lead = stage(&app, "Lead", 1).await;
    let stale = StagePatch { version: Some(lead.version + 1), ..StagePatch::default() };
    assert_eq!(stages::update(&app.cx(), lead.id, stale).await.unwrap_err().code, "changed-meanwhile");
    let (_, viewer) = app.user("vi@example.org", Role::Viewer).await;
    assert_eq!(stages::delete(&viewer, lead.id).await.unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(stages::change(&viewer, ContactId(1), None).await.unwrap_err().kind, ErrorKind::Forbidden);
});

on_each_db!(categories_sort_their_own_kind_and_count_what_is_in_them, |app| {
    let sales = category(&app, "Sales", "stage").await.unwrap();
    let sales2 = category(&app, "Sales", "stage").await.unwrap();
    let all = category(&app, "Sales", "global").await.unwrap();
    assert_eq!((sales.alias.as_str(), sales2.alias.as_str(), all.alias.as_str()), ("sales", "sales-2", "sales"));
    assert_eq!(category(&app, "x", "shoes").await.unwrap_err().fields[0].pointer, "/bundle");
    let colour = CategoryPatch { color: Some(Some("#4E5D9D".into())), ..CategoryPatch::default() };
    assert_eq!(categories::update(&app.cx(), sales.id, colour).await.unwrap().color.as_deref(), Some("4e5d9d"));
    let new = NewStage { name: "Lead".into(), category_id: Some(sales.id), ..NewStage::default() };
    let lead = stages::create(&app.cx(), new).await.unwrap();
    stage(&app, "Friend", 20).await;
    assert_eq!(categories::get(&app.cx(), sales.id).await.unwrap().used, 1);
    assert_eq!(categories::usage(&app.cx(), sales.id).await.unwrap()[0].name, "Lead");
    let fitting = categories::list(&app.cx(), ListQuery::default(), Some("stage".into())).await.unwrap();
    assert_eq!(fitting.items.len(), 3, "its own and the global one");
    let names = |search: &'static str| {
        let cx = app.cx();
        async move {
            let query = ListQuery { search: search.into(), sort: "name".into(), ..ListQuery::default() };
            stages::list(&cx, query).await.unwrap().items.into_iter().map(|s| s.name).collect::<Vec<_>>()
        }
    };
    assert_eq!(names("category:sales").await, ["Lead"]);
    assert_eq!(names("is:uncategorized").await, ["Friend"]);
    assert_eq!(names("is:mine").await, [""; 0]);
    categories::delete(&app.cx(), sales.id).await.unwrap();
    assert_eq!(categories::of_rows(&app.cx(), "stages", vec![lead.id.0]).await.unwrap().len(), 0);
    categories::restore(&app.cx(), sales.id).await.unwrap();
    assert_eq!(categories::of_rows(&app.cx(), "stages", vec![lead.id.0]).await.unwrap()[&lead.id.0].title, "Sales");
});

on_each_db!(only_active_subscriptions_meet_the_filter, |app| {
    let (ada, bo) = (person(&app, "ada@example.org").await, person(&app, "bo@example.org").await);
    let news = categories::create(&app.cx(), NewCategory { title: "News".into(), ..NewCategory::default() }).await.unwrap();
    for contact in [ada, bo] {
        assert!(categories::subscribe(&app.cx(), contact, news.id, true).await.unwrap());
    }
    assert!(categories::subscribe(&app.cx(), bo, news.id, false).await.unwrap());
    assert!(!categories::subscribe(&app.cx(), bo, news.id, false).await.unwrap(), "he said so already");
    let rule = |op: &str| json!({"match": "all", "rules": [{"field": "globalcategory", "op": op, "value": [news.id]}]});
    assert_eq!((found(&app, rule("in")).await, found(&app, rule("!in")).await), (vec![ada], vec![bo]));
    let said = categories::subscriptions(&app.cx(), bo).await.unwrap();
    assert_eq!((said.len(), said[0].subscribed), (1, false));
    app.settle().await;
});

on_each_db!(stages_points_and_categories_wait_in_the_trash, |app| {
    let lead = stage(&app, "Lead", 10).await;
    let news = category(&app, "News", "global").await.unwrap();
    stages::delete(&app.cx(), lead.id).await.unwrap();
    categories::delete(&app.cx(), news.id).await.unwrap();
    let mut lying: Vec<String> =
        trash::list(&app.cx(), None, ListQuery::default()).await.unwrap().items.into_iter().map(|t| t.name).collect();
    lying.sort();
    assert_eq!(lying, ["Lead", "News"]);
    trash::restore(&app.cx(), "stage", lead.id.0).await.unwrap();
    trash::restore(&app.cx(), "category", news.id.0).await.unwrap();
    assert!(trash::list(&app.cx(), None, ListQuery::default()).await.unwrap().items.is_empty());
    assert_eq!(trash::restore(&app.cx(), "shoe", 1).await.unwrap_err().kind, ErrorKind::NotFound);
    assert_eq!(trash::restore(&app.visitor(), "shoe", 1).await.unwrap_err().kind, ErrorKind::Unauthenticated);
    app.settle().await;
});
