//! Goals and exit rules of campaigns, and campaigns to start from, on both databases.

mod flow;

use std::collections::BTreeMap;

use flow::*;
use hg_app::campaigns::{self, CampaignPatch, NewCampaign, RuleIn, StepIn};
use hg_app::changes::{self, Happening};
use hg_app::contacts::{self, ContactInput};
use hg_core::campaigns::goals::Aim;
use hg_core::campaigns::{Plan, Source, Timing, Unit};
use hg_core::events::EventKind;
use hg_core::ids::{CampaignId, ContactId};
use hg_core::time::Millis;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

fn rule(aim: Aim, kind: &str, settings: Value) -> RuleIn {
    RuleIn { key: format!("{}-{kind}", aim.key()), aim, name: String::new(), kind: kind.into(), settings }
}

async fn aimed(app: &TestApp, sources: Vec<Source>, steps: Vec<StepIn>, rules: Vec<RuleIn>) -> CampaignId {
    let new = NewCampaign { name: "Nurture".into(), sources, steps, rules, publish: true, ..NewCampaign::default() };
    let id = campaigns::create(&app.cx(), new).await.unwrap_or_else(|e| panic!("{e:?}")).id;
    app.settle().await;
    id
}

async fn city(app: &TestApp, contact: ContactId, city: &str) {
    let moved = ContactInput { fields: BTreeMap::from([("city".into(), json!(city))]), ..ContactInput::default() };
    contacts::update(&app.cx(), contact, moved, false).await.unwrap();
    app.settle().await;
}

fn country(is: &str) -> Value {
    json!({"field": "country", "op": "=", "value": is})
}

async fn country_of(app: &TestApp, contact: ContactId, is: &str) {
    let moved = ContactInput { fields: BTreeMap::from([("country".into(), json!(is))]), ..ContactInput::default() };
    contacts::update(&app.cx(), contact, moved, false).await.unwrap();
    app.settle().await;
}

async fn left_why(app: &TestApp, id: CampaignId, contact: ContactId) -> (String, Option<String>) {
    let person = campaigns::progress(&app.cx(), id, contact).await.unwrap().person;
    (person.state, person.left_why)
}

fn later() -> Vec<StepIn> {
    vec![tag("later", None, Timing::after(9, Unit::Days))]
}

on_each_db!(who_reaches_the_goal_leaves_and_is_counted_with_the_time_it_took, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let bo = person(&app, "Bo", json!({"city": "Prague"})).await;
    let (prague, vip) = (segment(&app, "Prague").await, segment(&app, "Rome").await);
    let goal = rule(Aim::Goal, "contact.field", country("Germany"));
    let id = aimed(&app, from(prague), later(), vec![goal]).await;
    app.advance(Millis::hours(6));
    country_of(&app, ada, "Germany").await;
    assert_eq!(left_why(&app, id, ada).await, ("left".into(), Some("goal".into())));
    assert_eq!(left_why(&app, id, bo).await, ("active".into(), None));
    let history = campaigns::progress(&app.cx(), id, ada).await.unwrap().history;
    assert!(history[0].detail.as_deref().unwrap().contains("reached the goal"), "{history:?}");
    let goals = read(&app, id).await.goals().unwrap();
    assert_eq!((goals.others.of, goals.others.reached, goals.held.of), (2, 1, 0));
    assert_eq!(goals.mean_ms, Some(6 * 3_600_000));
    app.play_until(app.now().plus(Millis::days(20))).await;
    assert_eq!((tags(&app, ada).await, tags(&app, bo).await), (vec![], vec!["later".to_owned()]));
    country_of(&app, ada, "France").await;
    country_of(&app, ada, "Germany").await;
    assert_eq!(read(&app, id).await.rules[0].counts.reached, 1, "once");
    let _ = vip;
});

on_each_db!(an_exit_rule_takes_out_without_counting_as_a_goal_and_keeps_others_from_entering, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let (prague, rome) = (segment(&app, "Prague").await, segment(&app, "Rome").await);
    let nobody = segment(&app, "Nowhere").await;
    let exit = rule(Aim::Exit, "contact.in_segments", json!({"segments": [rome]}));
    let id = aimed(&app, [from(prague), from(nobody)].concat(), later(), vec![exit]).await;
    campaigns::change_people(&app.cx(), id, vec![ada], vec![ada]).await.unwrap();
    campaigns::change_people(&app.cx(), id, vec![ada], vec![]).await.unwrap();
    city(&app, ada, "Rome").await;
    assert_eq!(left_why(&app, id, ada).await, ("left".into(), Some("exit".into())));
    assert_eq!(read(&app, id).await.goals(), None);
    let roman = person(&app, "Caesar", json!({"city": "Rome"})).await;
    app.settle().await;
    let moved = campaigns::change_people(&app.cx(), id, vec![roman], vec![]).await.unwrap();
    assert_eq!(moved, 0, "for him it is over before it begins");
});

on_each_db!(what_somebody_does_reaches_a_goal_before_the_next_step_runs, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let steps = vec![
        step("visits", None, "page.visit", json!({"url": "*/thanks"}), Timing::immediate()),
        tag("visited", Some(("visits", YES)), Timing::immediate()),
    ];
    let id = aimed(&app, from(prague), steps, vec![rule(Aim::Goal, "page.visit", json!({"url": "*/thanks"}))]).await;
    let visit = |url: &'static str| {
        let now = app.now();
        app.ws.db.write(move |tx| changes::record(tx, Happening::new(ada, EventKind::PageHit, now).detail(json!({ "url": url }))))
    };
    visit("https://x.io/pricing").await.unwrap();
    app.settle().await;
    assert_eq!(left_why(&app, id, ada).await.0, "active");
    visit("https://x.io/thanks").await.unwrap();
    app.settle().await;
    assert_eq!(left_why(&app, id, ada).await, ("left".into(), Some("goal".into())));
    assert_eq!(tags(&app, ada).await, [""; 0]);
});

on_each_db!(those_who_were_held_back_are_compared_with_the_others, |app| {
    let prague = segment(&app, "Prague").await;
    let steps = vec![step("hold", None, "flow.holdout", json!({"percent": 50}), Timing::immediate())];
    let id = aimed(&app, from(prague), steps, vec![rule(Aim::Goal, "contact.field", country("Germany"))]).await;
    let mut people = Vec::new();
    for n in 0..12 {
        people.push(person(&app, &format!("P{n}"), json!({"city": "Prague"})).await);
    }
    app.settle().await;
    let held = read(&app, id).await.step_counts[0].no;
    assert!(held > 0 && held < 12, "{held} of 12 were held back");
    for contact in people {
        country_of(&app, contact, "Germany").await;
    }
    let goals = read(&app, id).await.goals().unwrap();
    assert_eq!((goals.held.of, goals.held.reached), (held, held));
    assert_eq!((goals.others.of, goals.others.reached), (12 - held, 12 - held));
});

on_each_db!(a_goal_that_is_added_later_is_asked_of_everybody_inside, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague", "country": "Germany"})).await;
    let bo = person(&app, "Bo", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let id = aimed(&app, from(prague), later(), vec![]).await;
    let rules = Some(vec![rule(Aim::Goal, "contact.field", country("Germany"))]);
    campaigns::update(&app.cx(), id, CampaignPatch { rules, ..CampaignPatch::default() }).await.unwrap();
    app.settle().await;
    assert_eq!(left_why(&app, id, ada).await, ("left".into(), Some("goal".into())));
    assert_eq!(left_why(&app, id, bo).await.0, "active");
    let first = campaigns::version(&app.cx(), id, 1).await.unwrap();
    assert_eq!(first.version.number, 1);
    campaigns::go_back(&app.cx(), id, 1, None, campaigns::PeopleChoice::default()).await.unwrap();
    assert_eq!(read(&app, id).await.rules, [], "goals belong to the version");
});

on_each_db!(rules_that_cannot_be_asked_are_refused_and_unfinished_ones_are_named, |app| {
    let prague = segment(&app, "Prague").await;
    let new = |rules| NewCampaign { name: "X".into(), sources: from(prague), steps: later(), rules, ..NewCampaign::default() };
    let refused = |rules| {
        let (cx, new) = (app.cx(), new(rules));
        async move { campaigns::create(&cx, new).await.unwrap_err() }
    };
    let by_chance = refused(vec![rule(Aim::Goal, "flow.split", json!({}))]).await;
    assert_eq!((by_chance.code, by_chance.fields[0].pointer.as_str()), ("rule.type".into(), "/rules/0"));
    let twice = refused(vec![rule(Aim::Goal, "form.submit", json!({})), rule(Aim::Goal, "form.submit", json!({}))]).await;
    assert_eq!(twice.fields[0].pointer, "/rules/1");
    let open = campaigns::create(&app.cx(), new(vec![rule(Aim::Goal, "contact.in_segments", json!({}))])).await.unwrap();
    assert_eq!(open.problems.iter().map(|p| p.code).collect::<Vec<_>>(), ["campaign.rule"]);
});

on_each_db!(goals_go_along_with_copies_and_files, |app| {
    let (prague, rome) = (segment(&app, "Prague").await, segment(&app, "Rome").await);
    let id = aimed(&app, from(prague), later(), vec![rule(Aim::Goal, "contact.in_segments", json!({"segments": [rome]}))]).await;
    let asks = |c: &campaigns::Campaign| c.rules.iter().map(|r| r.rule.step.what.write()).collect::<Vec<_>>();
    let wanted = [json!({"segments": [rome]})];
    assert_eq!(asks(&campaigns::duplicate(&app.cx(), id).await.unwrap()), wanted);
    let file = campaigns::export(&app.cx(), id).await.unwrap();
    assert_eq!(asks(&campaigns::import(&app.cx(), file).await.unwrap().campaign), wanted);
});

on_each_db!(every_template_is_a_good_campaign_once_what_is_open_is_chosen, |app| {
    let prague = segment(&app, "Prague").await;
    let all = campaigns::templates();
    assert!(all.len() >= 5);
    for template in all {
        let made = campaigns::create_from(&app.cx(), template.key, None, from(prague)).await.unwrap();
        assert_eq!(made.name, template.name);
        let open: Vec<&str> = made.problems.iter().map(|p| p.code).collect();
        assert!(!open.is_empty(), "{}: emails are to be chosen", template.key);
        let mut chosen: Plan = made.plan.clone();
        for step in &mut chosen.steps {
            let mut settings = step.what.write();
            if settings.get("email_id").is_some() {
                settings["email_id"] = json!(1);
            }
            step.what = hg_core::campaigns::StepType::read(step.what.key(), &settings).unwrap();
        }
        let left = hg_core::campaigns::check(&chosen, &from(prague), &|_| true);
        assert!(left.is_empty(), "{}: {left:?}", template.key);
    }
    assert!(campaigns::create_from(&app.cx(), "nothing", None, vec![]).await.unwrap_err().is_not_found());
});
