//! Every command of the search above the contact list, by name.

mod mail;

use std::collections::BTreeMap;

use hg_app::campaigns::{self, NewCampaign};
use hg_app::changes::{self, Happening};
use hg_app::contacts::{self, BulkAction, ContactInput, ContactQuery, NewDoNotContact, Selection};
use hg_app::list::ListQuery;
use hg_app::segments::{self, NewSegment};
use hg_app::stages::{self, NewStage};
use hg_app::users::{self, UserPatch};
use hg_app::{Role, emails};
use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};
use serde_json::{Value, json};

async fn person(app: &TestApp, fields: Value) -> ContactId {
    let fields: BTreeMap<String, Value> = fields.as_object().cloned().unwrap_or_default().into_iter().collect();
    contacts::create(&app.cx(), ContactInput { fields, ..ContactInput::default() }, false).await.unwrap().0.id
}

async fn happened(app: &TestApp, contact: ContactId, kind: EventKind, object: i64) {
    let at = app.now();
    let what = Happening::new(contact, kind, at).object(object);
    app.ws.db.write(move |tx| changes::record(tx, what.clone())).await.unwrap();
}

/// First names of whom a search finds; a visitor has none.
async fn found(cx: &hg_app::Cx, search: &str) -> String {
    let list = ListQuery { search: search.into(), sort: "id".into(), ..ListQuery::default() };
    let page = contacts::list(cx, ContactQuery { list, ..ContactQuery::default() }).await.unwrap();
    let names: Vec<String> = page.items.iter().map(|c| c.text("firstname").unwrap_or_else(|| "?".into())).collect();
    names.join(" ")
}

on_each_db!(every_command_finds_whom_it_names, |app| {
    let (owner, cx) = app.user("owner@example.org", Role::Administrator).await;
    let patch = UserPatch { first_name: Some("Ágnes".into()), last_name: Some("Király".into()), ..UserPatch::default() };
    users::update(&app.cx(), owner.id, patch).await.unwrap();
    let ada = person(
        &app,
        json!({"firstname": "Ada", "lastname": "Lovelace", "email": "ada@example.org", "company": "Analytical Engines",
               "city": "London", "points": 60, "phone": "+44 1"}),
    )
    .await;
    let bob = person(&app, json!({"firstname": "Bob", "email": "bob@example.org.uk", "city": "Prague", "points": 5})).await;
    let cleo = person(&app, json!({"firstname": "Cleo", "email": "bob@example.org", "twitter": "cleo"})).await;
    let visitor = app.visitor();
    let _ = visitor;
    let stage = stages::create(&app.cx(), NewStage { name: "Customer".into(), weight: 1, ..NewStage::default() }).await.unwrap();
    for (who, action) in [
        (ada, BulkAction::SetOwner { owner: Some(owner.id.0) }),
        (ada, BulkAction::AddTags { tags: vec!["News letter".into()] }),
        (bob, BulkAction::AddTags { tags: vec!["vip".into()] }),
        (bob, BulkAction::ChangeStage { stage: Some(stage.id.0) }),
    ] {
        contacts::bulk(&app.cx(), Selection::Ids(vec![who]), action).await.unwrap();
    }
    let mut segment_ids = Vec::new();
    for (name, members) in [("News", vec![ada, bob]), ("Vip", vec![bob, cleo])] {
        let id = segments::create(&app.cx(), NewSegment { name: name.into(), ..NewSegment::default() }).await.unwrap().id;
        segments::change_by_hand(&app.cx(), id, members, true).await.unwrap();
        segment_ids.push(id.0);
    }
    let stop = |channel: &str| NewDoNotContact { channel: channel.into(), reason: 3, channel_id: None, comments: String::new() };
    contacts::stop_contacting(&app.cx(), bob, stop("email")).await.unwrap();
    contacts::stop_contacting(&app.cx(), cleo, stop("sms")).await.unwrap();
    let campaign = campaigns::create(&app.cx(), NewCampaign { name: "Welcome".into(), ..NewCampaign::default() }).await.unwrap();
    campaigns::change_people(&app.cx(), campaign.id, vec![cleo], Vec::new()).await.unwrap();
    contacts::add_address(&app.cx(), bob, "192.0.2.7".into()).await.unwrap();
    let template = app.email(email("Hello", "Hello")).await;
    app.queue(template, ada, "one").await;
    happened(&app, cleo, EventKind::EmailSent, template.0).await;
    happened(&app, cleo, EventKind::EmailOpened, template.0).await;
    happened(&app, cleo, EventKind::EmailClicked, template.0).await;
    let mut news = email("News", "News");
    news.kind = emails::Kind::Segment;
    news.segments = segment_ids;
    let news = app.email(news).await;
    happened(&app, ada, EventKind::PageHit, 3).await;
    happened(&app, bob, EventKind::FormSubmitted, 4).await;
    happened(&app, bob, EventKind::Imported, 9).await;
    let sql = "UPDATE events SET object_id = 9 WHERE kind = 1 AND contact_id = $1";
    app.ws.db.write(move |tx| Ok::<_, hg_app::Error>(tx.exec(Sql::new(sql).bind(cleo))?)).await.unwrap();
    let acme = contacts::get(&app.cx(), ada).await.unwrap().companies[0].id;
    let rows: Vec<(String, &str)> = vec![
        ("ada".into(), "Ada"),
        ("is:anonymous".into(), ""),
        ("is:identified".into(), "Ada Bob Cleo"),
        ("is:mine".into(), "Ada"),
        ("is:unowned".into(), "Bob Cleo"),
        ("segment:news".into(), "Ada Bob"),
        ("segment:nobody".into(), ""),
        ("common:news+vip".into(), "Bob"),
        ("name:love".into(), "Ada"),
        ("name:+lovelace".into(), "Ada"),
        ("name:+love".into(), ""),
        ("email:bob".into(), "Bob Cleo"),
        ("email:bob@example.org".into(), "Cleo"),
        ("email:*@example.org".into(), "Ada Bob Cleo"),
        ("email:+%@example.org".into(), "Ada Cleo"),
        ("company:analytical".into(), "Ada"),
        ("company:+\"analytical engines\"".into(), "Ada"),
        (format!("company_id:{acme}"), "Ada"),
        ("owner:kiraly".into(), "Ada"),
        ("owner:+agnes".into(), "Ada"),
        ("owner:+agn".into(), ""),
        ("ip:192.0.".into(), "Bob"),
        (format!("ids:{ada},{cleo}"), "Ada Cleo"),
        ("tag:news".into(), "Ada"),
        ("tag:\"news letter\"".into(), "Ada"),
        ("tag:(vip OR news)".into(), "Ada Bob"),
        ("!tag:vip".into(), "Ada Cleo"),
        ("tag:none".into(), "Cleo"),
        ("stage:cust".into(), "Bob"),
        ("stage:none".into(), "Ada Cleo"),
        (format!("email_sent:{template}"), "Cleo"),
        (format!("!email_sent:{template}"), "Ada Bob"),
        (format!("email_read:{template}"), "Cleo"),
        (format!("email_queued:{template}"), "Ada"),
        (format!("email_pending:{news}"), "Ada Cleo"),
        (format!("!email_pending:{news}"), "Bob"),
        (format!("email_pending:{template}"), ""),
        ("sms_sent:1".into(), ""),
        ("web_sent:1".into(), ""),
        ("mobile_sent:1".into(), ""),
        ("page_source:email".into(), "Cleo"),
        ("page_source:campaign".into(), ""),
        (format!("page_source_id:{template}"), "Cleo"),
        ("page_id:3".into(), "Ada"),
        ("form_id:4".into(), "Bob"),
        ("import_id:9".into(), "Bob Cleo"),
        ("import_action:inserted".into(), "Cleo"),
        ("import_action:updated".into(), "Bob"),
        ("import_action:failed".into(), ""),
        ("city:pra".into(), "Bob"),
        ("city:(london OR prague)".into(), "Ada Bob"),
        ("dnc:email".into(), "Bob"),
        ("dnc:sms".into(), "Cleo"),
        ("dnc:any".into(), "Bob Cleo"),
        ("!dnc:any".into(), "Ada"),
        ("has:phone".into(), "Ada"),
        ("!has:phone".into(), "Bob Cleo"),
        ("points:>50".into(), "Ada"),
        ("points:<=5".into(), "Bob Cleo"),
        ("score:60".into(), "Ada"),
        ("added:>2000-01-01".into(), "Ada Bob Cleo"),
        ("added:<2000-01-01".into(), ""),
        (format!("campaign:{}", campaign.id), "Cleo"),
        ("campaign:wel".into(), "Cleo"),
        ("campaign:+wel".into(), ""),
        ("!campaign:welcome".into(), "Ada Bob"),
        ("project:x".into(), ""),
        ("segment:news OR dnc:sms".into(), "Ada Bob Cleo"),
        ("name:ada OR name:bob city:prague".into(), "Ada Bob"),
        ("(name:ada OR name:bob) city:prague".into(), "Bob"),
    ];
    for (search, expected) in rows {
        assert_eq!(found(&cx, &search).await, expected, "{search}");
    }
    person(&app, json!({"firstname": "Dora", "city": "project:x"})).await;
    assert_eq!(found(&cx, "project:x").await, "Dora", "a command that nobody knows is text");
    app.settle().await;
});
