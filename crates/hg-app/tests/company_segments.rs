//! Segments of companies: who belongs, at once when something changes, and what follows for their contacts.

mod flow;

use std::collections::BTreeMap;

use hg_app::campaigns::{self, PeopleQuery};
use hg_app::companies::{self, Company, CompanyInput};
use hg_app::company_segments::{self, CompanySegment, CompanySegmentPatch, Hand, NewCompanySegment};
use hg_app::contacts::{self, ContactInput};
use hg_app::list::ListQuery;
use hg_app::segments::{self, NewSegment};
use hg_app::{ErrorKind, Role};
use hg_core::campaigns::{Source, SourceKind, Timing, Unit};
use hg_core::ids::{CampaignId, CompanyId, CompanySegmentId, ContactId, SegmentId};
use hg_core::time::Millis;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

fn values(fields: Value) -> BTreeMap<String, Value> {
    fields.as_object().cloned().unwrap_or_default().into_iter().collect()
}

async fn company(app: &TestApp, name: &str, employees: i64) -> CompanyId {
    let fields = values(json!({"companyname": name, "companynumber_of_employees": employees}));
    let input = CompanyInput { fields, ..CompanyInput::default() };
    companies::create(&app.cx(), input, false).await.unwrap().0.id
}

async fn grow(app: &TestApp, id: CompanyId, employees: i64) {
    let fields = values(json!({"companynumber_of_employees": employees}));
    companies::update(&app.cx(), id, CompanyInput { fields, ..CompanyInput::default() }, true).await.unwrap();
    app.settle().await;
}

fn all(rules: Value) -> Value {
    json!({"match": "all", "rules": rules})
}

async fn segment(app: &TestApp, name: &str, rules: Option<Value>) -> CompanySegmentId {
    let new = NewCompanySegment { name: name.into(), filter: rules.map(all), ..NewCompanySegment::default() };
    let made = company_segments::create(&app.cx(), new).await.unwrap();
    app.settle().await;
    made.id
}

async fn shown(app: &TestApp, id: CompanySegmentId) -> CompanySegment {
    company_segments::get(&app.cx(), id).await.unwrap()
}

async fn inside(app: &TestApp, id: CompanySegmentId) -> Vec<String> {
    let (page, _) = company_segments::companies_of(&app.cx(), id, ListQuery::default()).await.unwrap();
    let names: Vec<String> = page.items.iter().map(Company::name).collect();
    assert_eq!(shown(app, id).await.members, names.len() as i64, "the count is kept");
    names
}

async fn person(app: &TestApp, email: &str, company: &str) -> ContactId {
    let input = ContactInput { fields: values(json!({"email": email, "company": company})), ..ContactInput::default() };
    contacts::create(&app.cx(), input, true).await.unwrap().0.id
}

async fn people(app: &TestApp, id: SegmentId) -> u64 {
    let ws = app.ws.clone();
    app.ws.db.read(move |tx| segments::members(&ws, tx, id).map(|m| m.len())).await.unwrap()
}

on_each_db!(companies_join_and_leave_as_they_change, |app| {
    let acme = company(&app, "Acme", 10).await;
    company(&app, "Beta", 90).await;
    let large = segment(&app, "Large", Some(json!([{"field": "companynumber_of_employees", "op": "gt", "value": 50}]))).await;
    assert_eq!(inside(&app, large).await, ["Beta"]);
    grow(&app, acme, 60).await;
    assert_eq!(inside(&app, large).await, ["Acme", "Beta"]);
    grow(&app, acme, 20).await;
    assert_eq!(inside(&app, large).await, ["Beta"]);
    // Tags and the score count too, and so does who came in through a contact.
    let tagged = CompanyInput { tags: vec!["partner".into()], ..CompanyInput::default() };
    companies::update(&app.cx(), acme, tagged, false).await.unwrap();
    let chosen = json!([{"field": "tags", "op": "in", "value": ["partner"]}, {"field": "score", "op": "gte", "value": 5}]);
    let partners = segment(&app, "Partners", Some(chosen)).await;
    assert!(inside(&app, partners).await.is_empty());
    let scored = CompanyInput { score: Some(7), ..CompanyInput::default() };
    companies::update(&app.cx(), acme, scored, false).await.unwrap();
    let named = segment(&app, "Gammas", Some(json!([{"field": "companyname", "op": "startsWith", "value": "gam"}]))).await;
    person(&app, "ada@example.org", "Gamma").await;
    app.settle().await;
    assert_eq!((inside(&app, partners).await, inside(&app, named).await), (vec!["Acme".to_owned()], vec!["Gamma".to_owned()]));
    // Who is deleted belongs nowhere, and comes back.
    companies::delete(&app.cx(), acme).await.unwrap();
    app.settle().await;
    assert!(inside(&app, partners).await.is_empty());
    companies::restore(&app.cx(), acme).await.unwrap();
    app.settle().await;
    assert_eq!(inside(&app, partners).await, ["Acme"]);
    // A new filter is asked of all.
    let small = all(json!([{"field": "companynumber_of_employees", "op": "lt", "value": 50}]));
    let patch = CompanySegmentPatch { filter: Some(Some(small)), ..CompanySegmentPatch::default() };
    company_segments::update(&app.cx(), large, patch).await.unwrap();
    app.settle().await;
    assert_eq!(inside(&app, large).await, ["Acme"]);
});

on_each_db!(what_a_hand_did_beats_the_filter_until_it_is_forgotten, |app| {
    let (acme, beta) = (company(&app, "Acme", 10).await, company(&app, "Beta", 90).await);
    let large = segment(&app, "Large", Some(json!([{"field": "companynumber_of_employees", "op": "gt", "value": 50}]))).await;
    let by_hand = |companies: Vec<CompanyId>, hand| {
        let cx = app.cx();
        async move { company_segments::change_by_hand(&cx, large, companies, hand).await.unwrap() }
    };
    assert_eq!((by_hand(vec![acme], Hand::In).await, by_hand(vec![beta], Hand::Out).await), (1, 1));
    assert_eq!(inside(&app, large).await, ["Acme"]);
    grow(&app, beta, 500).await;
    company_segments::build_all_now(&app.cx(), Some(large)).await.unwrap();
    assert_eq!(inside(&app, large).await, ["Acme"]);
    assert!(company_segments::segments_of(&app.cx(), acme).await.unwrap()[0].by_hand);
    assert_eq!(by_hand(vec![acme, beta], Hand::Away).await, 2);
    assert_eq!(inside(&app, large).await, ["Beta"]);
    // One without a filter holds whom a hand put in, and nobody else.
    let chosen = segment(&app, "Chosen", None).await;
    company_segments::change_by_hand(&app.cx(), chosen, vec![acme], Hand::In).await.unwrap();
    grow(&app, acme, 11).await;
    assert_eq!(inside(&app, chosen).await, ["Acme"]);
    assert!(company_segments::change_by_hand(&app.cx(), chosen, vec![CompanyId(99)], Hand::In).await.unwrap_err().is_not_found());
});

on_each_db!(contacts_follow_their_companies_into_segments, |app| {
    let acme = company(&app, "Acme", 10).await;
    let large = segment(&app, "Large", Some(json!([{"field": "companynumber_of_employees", "op": "gt", "value": 50}]))).await;
    person(&app, "ada@example.org", "Acme").await;
    person(&app, "bo@example.org", "").await;
    let ask = |op: &str, value: Value| all(json!([{"field": "company_segments", "op": op, "value": value}]));
    let mut made = Vec::new();
    for (name, filter) in
        [("In", ask("in", json!([large.0]))), ("Out", ask("!in", json!([large.0]))), ("Any", ask("!empty", json!(null)))]
    {
        let new = NewSegment { name: name.into(), filter: Some(filter), ..NewSegment::default() };
        made.push(segments::create(&app.cx(), new).await.unwrap().id);
    }
    app.settle().await;
    let counts = || async { [people(&app, made[0]).await, people(&app, made[1]).await, people(&app, made[2]).await] };
    assert_eq!(counts().await, [0, 2, 0]);
    grow(&app, acme, 70).await;
    assert_eq!(counts().await, [1, 1, 1], "at once, when the company grows");
    segments::rebuild_all_now(&app.cx(), None).await.unwrap();
    assert_eq!(counts().await, [1, 1, 1], "and the same when all are asked");
    person(&app, "cy@example.org", "Acme").await;
    app.settle().await;
    assert_eq!(counts().await, [2, 1, 2]);
    let error = company_segments::delete(&app.cx(), large).await.unwrap_err();
    assert!(error.to_string().contains("“In”"), "{error}");
    let unpublished = CompanySegmentPatch { published: Some(false), ..CompanySegmentPatch::default() };
    assert!(company_segments::update(&app.cx(), large, unpublished).await.is_err());
});

on_each_db!(time_moves_companies_too, |app| {
    company(&app, "Acme", 10).await;
    let new = segment(&app, "New", Some(json!([{"field": "date_added", "op": "gte", "value": "-3 days"}]))).await;
    assert_eq!(inside(&app, new).await, ["Acme"]);
    app.play_until(app.now().plus(Millis::days(5))).await;
    assert!(inside(&app, new).await.is_empty());
});

on_each_db!(what_cannot_be_is_refused, |app| {
    let (_, viewer) = app.user("viewer@example.org", Role::Viewer).await;
    let new = NewCompanySegment { name: "X".into(), ..NewCompanySegment::default() };
    assert_eq!(company_segments::create(&viewer, new.clone()).await.unwrap_err().kind, ErrorKind::Forbidden);
    let nameless = NewCompanySegment { name: " ".into(), ..new.clone() };
    assert_eq!(company_segments::create(&app.cx(), nameless).await.unwrap_err().code, "segment.no-name");
    let wrong = NewCompanySegment { filter: Some(all(json!([{"field": "email", "op": "empty"}]))), ..new.clone() };
    assert_eq!(company_segments::create(&app.cx(), wrong).await.unwrap_err().fields[0].code, "unknown-field");
    let first = company_segments::create(&app.cx(), NewCompanySegment { alias: Some("x".into()), ..new.clone() }).await.unwrap();
    let again = NewCompanySegment { alias: Some("X".into()), ..new };
    assert_eq!(company_segments::create(&app.cx(), again).await.unwrap_err().code, "segment.alias-taken");
    let late = CompanySegmentPatch { version: Some(7), ..CompanySegmentPatch::default() };
    assert_eq!(company_segments::update(&app.cx(), first.id, late).await.unwrap_err().kind, ErrorKind::Conflict);
    company_segments::delete(&app.cx(), first.id).await.unwrap();
    assert_eq!(company_segments::restore(&app.cx(), first.id).await.unwrap().alias, "x");
});

/// Who is on the way through a campaign.
async fn on_the_way(app: &TestApp, campaign: CampaignId) -> Vec<ContactId> {
    let query = PeopleQuery { state: Some("active".into()), ..PeopleQuery::default() };
    let page = campaigns::people(&app.cx(), campaign, query).await.unwrap();
    let mut found: Vec<ContactId> = page.items.iter().map(|p| p.contact).collect();
    found.sort_unstable();
    found
}

on_each_db!(a_campaign_lets_in_the_contacts_of_the_companies_of_a_segment, |app| {
    let (acme, beta) = (company(&app, "Acme", 10).await, company(&app, "Beta", 90).await);
    let (ada, bo) = (person(&app, "ada@example.org", "Acme").await, person(&app, "bo@example.org", "Beta").await);
    let partners = segment(&app, "Partners", None).await;
    let by_hand = |company: CompanyId, hand| {
        let app = &app;
        async move {
            company_segments::change_by_hand(&app.cx(), partners, vec![company], hand).await.unwrap();
            app.settle().await;
        }
    };
    by_hand(acme, Hand::In).await;
    let source = Source { kind: SourceKind::CompanySegment, id: partners.0 };
    let welcome = flow::campaign(&app, vec![source], vec![flow::tag("met", None, Timing::after(3, Unit::Days))]).await;
    assert_eq!(on_the_way(&app, welcome).await, [ada], "who is there when it starts");
    let cy = person(&app, "cy@example.org", "Acme").await;
    app.settle().await;
    assert_eq!(on_the_way(&app, welcome).await, [ada, cy], "who comes to one of its companies");
    by_hand(beta, Hand::In).await;
    assert_eq!(on_the_way(&app, welcome).await, [ada, bo, cy], "the contacts of a company that joins");
    by_hand(acme, Hand::Out).await;
    assert_eq!(on_the_way(&app, welcome).await, [bo], "and leave with it");
    let used = shown(&app, partners).await.used_by;
    assert_eq!(used.iter().map(|u| (u.kind, u.id)).collect::<Vec<_>>(), [("campaign", welcome.0)]);
    let refused = company_segments::delete(&app.cx(), partners).await.unwrap_err();
    assert_eq!(refused.kind, ErrorKind::Conflict);
    app.clock.advance(Millis::days(3));
    app.settle().await;
    assert_eq!((flow::tags(&app, bo).await, flow::tags(&app, ada).await), (vec!["met".to_owned()], Vec::new()));
});
