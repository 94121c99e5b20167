//! One deed on many contacts, and taking it back.

use std::collections::BTreeMap;

use hg_app::campaigns::{self, NewCampaign};
use hg_app::categories::{self, NewCategory};
use hg_app::companies::{self, CompanyInput};
use hg_app::contacts::{self, BulkAction, BulkDone, ContactInput, ContactQuery, Limit, NewDoNotContact, Pause, Selection};
use hg_app::preferences::{self, Period, Rule};
use hg_app::segments::{self, NewSegment};
use hg_app::stages::{self, NewStage};
use hg_app::{Role, jobs, trash};
use hg_core::ids::ContactId;
use hg_core::time::Millis;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

async fn person(app: &TestApp, name: &str) -> ContactId {
    let fields: BTreeMap<String, Value> =
        [("firstname".to_owned(), json!(name)), ("email".to_owned(), json!(format!("{name}@example.org")))].into();
    contacts::create(&app.cx(), ContactInput { fields, ..ContactInput::default() }, false).await.unwrap().0.id
}

async fn pair(app: &TestApp) -> [ContactId; 2] {
    [person(app, "ada").await, person(app, "bob").await]
}

async fn act(app: &TestApp, ids: &[ContactId], action: BulkAction) -> BulkDone {
    contacts::bulk(&app.cx(), Selection::Ids(ids.to_vec()), action).await.unwrap()
}

async fn tags(app: &TestApp, id: ContactId) -> Vec<String> {
    contacts::get(&app.cx(), id).await.unwrap().tags.into_iter().map(|(_, name)| name).collect()
}

async fn reasons(app: &TestApp, id: ContactId) -> Vec<(String, i64)> {
    let contact = contacts::get(&app.cx(), id).await.unwrap();
    contact.do_not_contact.into_iter().map(|d| (d.channel, d.reason)).collect()
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

on_each_db!(taking_tags_back_leaves_alone_who_had_them_before, |app| {
    let [ada, bob] = pair(&app).await;
    act(&app, &[ada], BulkAction::AddTags { tags: texts(&["old"]) }).await;
    let done = act(&app, &[ada, bob], BulkAction::AddTags { tags: texts(&["old", "new"]) }).await;
    assert_eq!((done.affected, tags(&app, bob).await), (2, texts(&["new", "old"])));
    let undone = contacts::undo_bulk(&app.cx(), done.undo.unwrap()).await.unwrap();
    assert!(undone.affected >= 2);
    assert_eq!((tags(&app, ada).await, tags(&app, bob).await), (texts(&["old"]), texts(&[])));
    let twice = contacts::undo_bulk(&app.cx(), done.undo.unwrap()).await.unwrap_err();
    assert_eq!(twice.code, "contact.undone");
    let nothing = act(&app, &[ada], BulkAction::AddTags { tags: texts(&["old"]) }).await;
    assert_eq!((nothing.affected, nothing.undo), (0, None), "nothing changed, so there is nothing to take back");
    app.settle().await;
});

on_each_db!(owners_and_stages_come_back_one_by_one, |app| {
    let [ada, bob] = pair(&app).await;
    let (user, _) = app.user("owner@example.org", Role::Administrator).await;
    let mut stage_ids = Vec::new();
    for (name, weight) in [("Lead", 10), ("Friend", 20)] {
        let new = NewStage { name: name.into(), weight, ..NewStage::default() };
        stage_ids.push(stages::create(&app.cx(), new).await.unwrap().id);
    }
    act(&app, &[ada], BulkAction::SetOwner { owner: Some(user.id.0) }).await;
    act(&app, &[ada], BulkAction::ChangeStage { stage: Some(stage_ids[0].0) }).await;
    let owner = act(&app, &[ada, bob], BulkAction::SetOwner { owner: None }).await;
    assert_eq!(owner.affected, 1, "only she had one");
    let stage = act(&app, &[ada, bob], BulkAction::ChangeStage { stage: Some(stage_ids[1].0) }).await;
    assert_eq!(stage.affected, 2);
    for done in [owner, stage] {
        contacts::undo_bulk(&app.cx(), done.undo.unwrap()).await.unwrap();
    }
    let (ada, bob) = (contacts::get(&app.cx(), ada).await.unwrap(), contacts::get(&app.cx(), bob).await.unwrap());
    assert_eq!((ada.owner_id, ada.stage.map(|s| s.0)), (Some(user.id), Some(stage_ids[0])));
    assert_eq!((bob.owner_id, bob.stage), (None, None));
    app.settle().await;
});

on_each_db!(taken_back_from_a_segment_the_conditions_decide_again, |app| {
    let [ada, bob] = pair(&app).await;
    let filter = json!({"match": "all", "rules": [{"field": "city", "op": "=", "value": "Rome"}]});
    let new = NewSegment { name: "Rome".into(), filter: Some(filter), ..NewSegment::default() };
    let segment = segments::create(&app.cx(), new).await.unwrap().id;
    app.settle().await;
    let inside = async || {
        let query = ContactQuery { segment: Some(segment), ..ContactQuery::default() };
        contacts::list(&app.cx(), query).await.unwrap().items.len()
    };
    let done = act(&app, &[ada, bob], BulkAction::AddToSegment { segment: segment.0 }).await;
    assert_eq!((done.affected, inside().await), (2, 2));
    contacts::undo_bulk(&app.cx(), done.undo.unwrap()).await.unwrap();
    assert_eq!(inside().await, 0);
    let rome = ContactInput { fields: [("city".to_owned(), json!("Rome"))].into(), ..ContactInput::default() };
    contacts::update(&app.cx(), ada, rome, true).await.unwrap();
    app.settle().await;
    assert_eq!(inside().await, 1, "no exception holds her out");
    let done = act(&app, &[ada], BulkAction::RemoveFromSegment { segment: segment.0 }).await;
    assert_eq!(inside().await, 0);
    contacts::undo_bulk(&app.cx(), done.undo.unwrap()).await.unwrap();
    assert_eq!(inside().await, 1);
    app.settle().await;
});

on_each_db!(many_enter_a_campaign_and_are_taken_out_again, |app| {
    let [ada, bob] = pair(&app).await;
    let campaign = campaigns::create(&app.cx(), NewCampaign { name: "Welcome".into(), ..NewCampaign::default() }).await.unwrap();
    let add = BulkAction::AddToCampaign { campaign: campaign.id.0 };
    let done = act(&app, &[ada, bob], add.clone()).await;
    assert_eq!(done.affected, 2);
    assert_eq!(campaigns::campaigns_of(&app.cx(), ada).await.unwrap()[0].state, "active");
    assert_eq!(act(&app, &[ada], add).await.undo, None, "she is in it already");
    contacts::undo_bulk(&app.cx(), done.undo.unwrap()).await.unwrap();
    assert_eq!(campaigns::campaigns_of(&app.cx(), bob).await.unwrap()[0].state, "removed");
    let out = act(&app, &[ada], BulkAction::RemoveFromCampaign { campaign: campaign.id.0 }).await;
    assert_eq!((out.affected, out.undo), (0, None));
    app.settle().await;
});

on_each_db!(what_people_said_outlives_what_colleagues_take_back, |app| {
    let [ada, bob] = pair(&app).await;
    let cx = app.cx();
    let said = |reason| NewDoNotContact { channel: "email".into(), reason, channel_id: None, comments: String::new() };
    contacts::stop_contacting(&cx, ada, said(1)).await.unwrap();
    let all = [ada, bob];
    let stop = BulkAction::DoNotContact { channel: "email".into(), comments: "Asked by phone".into(), reason: 3 };
    let done = act(&app, &all, stop).await;
    assert_eq!(done.affected, 1, "she had said so herself");
    assert_eq!(reasons(&app, bob).await, [("email".to_owned(), 3)]);
    contacts::undo_bulk(&cx, done.undo.unwrap()).await.unwrap();
    assert_eq!((reasons(&app, ada).await, reasons(&app, bob).await), (vec![("email".to_owned(), 1)], vec![]));
    assert_eq!(act(&app, &all, BulkAction::ContactAgain { channel: "email".into() }).await.affected, 0);
    let again =
        BulkAction::ChangeChannel { channel: "email".into(), subscribed: Some(true), preferred: None, limit: None, pause: None };
    let done = act(&app, &all, again).await;
    assert_eq!((done.affected, reasons(&app, ada).await), (1, vec![]));
    contacts::undo_bulk(&cx, done.undo.unwrap()).await.unwrap();
    assert_eq!(reasons(&app, ada).await, [("email".to_owned(), 1)]);
    app.settle().await;
});

on_each_db!(channels_change_only_in_what_was_said, |app| {
    let [ada, bob] = pair(&app).await;
    let cx = app.cx();
    let before = Rule { preferred: true, most: Some(3), period: Some(Period::Day), ..Rule::open("sms") };
    preferences::set_rule(&cx, ada, before.clone()).await.unwrap();
    let until = app.now().plus(Millis::days(3));
    let change = BulkAction::ChangeChannel {
        channel: "email".into(),
        subscribed: None,
        preferred: Some(true),
        limit: Some(Limit { most: Some(1), period: Some(Period::Week) }),
        pause: Some(Pause { from: None, until: Some(until) }),
    };
    let done = act(&app, &[ada, bob], change).await;
    let mail =
        Rule { preferred: true, most: Some(1), period: Some(Period::Week), pause_until: Some(until), ..Rule::open("email") };
    assert_eq!(preferences::rules(&cx, bob).await.unwrap(), std::slice::from_ref(&mail));
    assert_eq!(preferences::rules(&cx, ada).await.unwrap(), [mail, Rule { preferred: false, ..before.clone() }]);
    contacts::undo_bulk(&cx, done.undo.unwrap()).await.unwrap();
    assert_eq!(preferences::rules(&cx, ada).await.unwrap(), [before], "text messages are her preferred channel again");
    assert_eq!(preferences::rules(&cx, bob).await.unwrap(), []);
    for (limit, pause, pointer) in [
        (None, None, "/action/channel"),
        (Some(Limit { most: Some(1), period: None }), None, "/period"),
        (None, Some(Pause { from: Some(until), until: Some(app.now()) }), "/pause_until"),
    ] {
        let wrong = BulkAction::ChangeChannel { channel: "email".into(), subscribed: None, preferred: None, limit, pause };
        let error = contacts::bulk(&cx, Selection::Ids(vec![ada]), wrong).await.unwrap_err();
        assert_eq!(error.fields[0].pointer, pointer);
    }
    app.settle().await;
});

on_each_db!(categories_and_companies_are_given_to_many, |app| {
    let [ada, bob] = pair(&app).await;
    let cx = app.cx();
    let new = NewCategory { title: "News".into(), bundle: Some("global".into()), ..NewCategory::default() };
    let category = categories::create(&cx, new).await.unwrap().id;
    let done = act(&app, &[ada, bob], BulkAction::Subscribe { category: category.0, subscribed: false }).await;
    assert_eq!(done.affected, 2);
    contacts::undo_bulk(&cx, done.undo.unwrap()).await.unwrap();
    assert!(categories::subscriptions(&cx, ada).await.unwrap()[0].subscribed);
    let make = async |name: &str| {
        let input = CompanyInput { fields: [("companyname".to_owned(), json!(name))].into(), ..CompanyInput::default() };
        companies::create(&cx, input, false).await.unwrap().0.id
    };
    let (acme, beta) = (make("Acme").await, make("Beta").await);
    let names = async |id| -> Vec<String> {
        let links = companies::links_of(&cx, id).await.unwrap();
        links.iter().map(|l| format!("{}{}", if l.primary { "*" } else { "" }, l.name)).collect()
    };
    let first = act(&app, &[ada], BulkAction::AddToCompany { company: acme.0, primary: true }).await;
    assert_eq!(first.affected, 1);
    app.advance(Millis(10));
    act(&app, &[ada, bob], BulkAction::AddToCompany { company: beta.0, primary: true }).await;
    assert_eq!((names(ada).await, names(bob).await), (texts(&["*Beta", "Acme"]), texts(&["*Beta"])));
    let gone = act(&app, &[ada, bob], BulkAction::RemoveFromCompany { company: beta.0 }).await;
    assert_eq!((gone.affected, names(ada).await), (2, texts(&["*Acme"])));
    assert_eq!(contacts::get(&cx, ada).await.unwrap().text("company").as_deref(), Some("Acme"));
    contacts::undo_bulk(&cx, gone.undo.unwrap()).await.unwrap();
    assert_eq!(names(ada).await, texts(&["*Beta", "Acme"]));
    app.settle().await;
});

on_each_db!(what_is_not_there_is_said_before_anything_happens, |app| {
    let ada = person(&app, "ada").await;
    for action in [
        BulkAction::AddToSegment { segment: 77 },
        BulkAction::AddToCampaign { campaign: 77 },
        BulkAction::ChangeStage { stage: Some(77) },
        BulkAction::SetOwner { owner: Some(77) },
        BulkAction::AddToCompany { company: 77, primary: true },
        BulkAction::Subscribe { category: 77, subscribed: true },
    ] {
        let error = contacts::bulk(&app.cx(), Selection::Ids(vec![ada]), action).await.unwrap_err();
        assert!(error.is_not_found(), "{error}");
    }
    assert!(contacts::undo_bulk(&app.cx(), 77).await.unwrap_err().is_not_found());
    let (_, viewer) = app.user("viewer@example.org", Role::Viewer).await;
    let all = Selection::Query(Box::default());
    assert_eq!(contacts::bulk(&viewer, all, BulkAction::Delete).await.unwrap_err().kind, hg_app::ErrorKind::Forbidden);
    app.settle().await;
});

on_each_db!(more_than_a_handful_are_done_and_taken_back_in_the_background, |app| {
    let cx = app.cx();
    let mut ids = Vec::new();
    for n in 0..620 {
        ids.push(person(&app, &format!("p{n}")).await);
    }
    let had = &ids[..7];
    act(&app, had, BulkAction::AddTags { tags: texts(&["vip"]) }).await;
    let tagged = async || {
        let query = ContactQuery { tag: Some("vip".into()), ..ContactQuery::default() };
        contacts::list(&cx, query).await.unwrap().total.unwrap()
    };
    let all = || Selection::Query(Box::default());
    let done = contacts::bulk(&cx, all(), BulkAction::AddTags { tags: texts(&["vip"]) }).await.unwrap();
    let (task, undo) = (done.task.unwrap(), done.undo.unwrap());
    assert_eq!(done.affected, 620);
    assert_eq!(contacts::undo_bulk(&cx, undo).await.unwrap_err().code, "contact.still-running");
    app.settle().await;
    assert_eq!(tagged().await, 620);
    assert_eq!(jobs::get(&cx, task).await.unwrap().message.as_deref(), Some("613 of 620 contacts changed."));
    let back = contacts::undo_bulk(&cx, undo).await.unwrap();
    assert!(back.task.is_some());
    app.settle().await;
    assert_eq!(tagged().await, 7, "who had the tag keeps it");
    assert_eq!(jobs::get(&cx, back.task.unwrap()).await.unwrap().message.as_deref(), Some("613 contacts are as they were."));
    assert_eq!(jobs::get(&cx, task).await.unwrap().message.as_deref(), Some("Taken back."));
    // After thirty days nobody can take it back any more, and nothing of it is kept.
    let old = contacts::bulk(&cx, all(), BulkAction::Delete).await.unwrap().undo.unwrap();
    app.settle().await;
    app.advance(Millis(trash::KEPT.0 + Millis::days(1).0));
    for _ in 0..3 {
        act(&app, &ids[..1], BulkAction::Restore).await;
        act(&app, &ids[..1], BulkAction::Delete).await;
    }
    assert!(contacts::undo_bulk(&cx, old).await.unwrap_err().is_not_found());
});
