//! Campaigns that are changed while people are inside, on both databases.

mod flow;
mod mail;

use std::collections::{BTreeMap, BTreeSet};

use flow::*;
use hg_app::campaigns::{self, CampaignPatch, PeopleChoice, StepIn};
use hg_app::contacts;
use hg_app::list::ListQuery;
use hg_core::campaigns::{Inside, Timing, Unit};
use hg_core::ids::{CampaignId, ContactId};
use hg_core::time::Millis;
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};
use serde_json::json;

fn days(n: i64) -> Timing {
    Timing::after(n, Unit::Days)
}

async fn change(app: &TestApp, id: CampaignId, steps: Vec<StepIn>, people: PeopleChoice) -> Result<(), hg_app::Error> {
    let patch = CampaignPatch { steps: Some(steps), people: Some(people), ..CampaignPatch::default() };
    campaigns::update(&app.cx(), id, patch).await?;
    app.settle().await;
    Ok(())
}

fn gone(key: &str, to: Option<&str>) -> PeopleChoice {
    PeopleChoice { gone: BTreeMap::from([(key.to_owned(), to.map(str::to_owned))]), ..PeopleChoice::default() }
}

async fn history(app: &TestApp, id: CampaignId, contact: ContactId) -> Vec<(String, &'static str)> {
    let progress = campaigns::progress(&app.cx(), id, contact).await.unwrap();
    progress.history.into_iter().map(|h| (h.step_key, h.state)).collect()
}

// campaigns.md §9, vector 18.
on_each_db!(a_changed_wait_keeps_the_moment_or_finds_it_anew_as_the_edit_says, |app| {
    app.clock.set(t("2025-04-01T10:00:00Z"));
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let id = campaign(&app, from(prague), vec![tag("later", None, days(1))]).await;
    app.clock.set(t("2025-04-01T15:00:00Z"));
    let longer = || vec![tag("later", None, days(3))];
    change(&app, id, longer(), PeopleChoice::default()).await.unwrap();
    assert_eq!(due(&app, id, ada).await[0].1, Some(t("2025-04-02T10:00:00Z")));
    change(&app, id, vec![tag("later", None, days(2))], PeopleChoice::default()).await.unwrap();
    let again = PeopleChoice { inside: Inside::Replan, ..PeopleChoice::default() };
    change(&app, id, longer(), again).await.unwrap();
    assert_eq!(due(&app, id, ada).await[0].1, Some(t("2025-04-04T10:00:00Z")));
});

on_each_db!(a_decision_waits_as_long_as_its_changed_no_path_says, |app| {
    app.clock.set(t("2025-04-01T10:00:00Z"));
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let asks = || step("asks", None, "form.submit", json!({}), Timing::immediate());
    let id = campaign(&app, from(prague), vec![asks()]).await;
    assert_eq!(due(&app, id, ada).await, [("asks".to_owned(), None)]);
    let steps = vec![asks(), tag("late", Some(("asks", NO)), days(2))];
    let again = PeopleChoice { inside: Inside::Replan, ..PeopleChoice::default() };
    change(&app, id, steps, again).await.unwrap();
    assert_eq!(due(&app, id, ada).await, [("asks".to_owned(), Some(t("2025-04-03T10:00:00Z")))]);
    app.play_until(t("2025-04-03T10:00:00Z")).await;
    assert_eq!(tags(&app, ada).await, ["late"]);
});

on_each_db!(a_removed_step_asks_where_people_go_and_they_go_there, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let id = campaign(&app, from(prague), vec![tag("wait", None, days(5)), tag("other", None, days(9))]).await;
    let without = || vec![tag("other", None, days(9)), tag("next", Some(("other", None)), days(1))];
    let refused = change(&app, id, without(), PeopleChoice::default()).await.unwrap_err();
    assert_eq!(refused.fields[0].pointer, "/people/gone/wait");
    assert!(refused.detail.contains("1 people wait at “wait”"), "{}", refused.detail);
    let nowhere = change(&app, id, without(), gone("wait", Some("wait"))).await.unwrap_err();
    assert_eq!(nowhere.fields[0].code, "campaign.no-target");
    change(&app, id, without(), gone("wait", Some("next"))).await.unwrap();
    let waits: Vec<String> = due(&app, id, ada).await.into_iter().map(|d| d.0).collect();
    assert_eq!(waits, ["next", "other"], "counted from when what came before was done");
    app.play_until(app.now().plus(Millis::days(30))).await;
    assert_eq!(tags(&app, ada).await, ["next", "other"]);
    let times = history(&app, id, ada).await.into_iter().filter(|h| h.0 == "next").count();
    assert_eq!(times, 1, "who came by the detour does not come by the road once more");
});

on_each_db!(who_has_nothing_else_to_come_leaves_with_the_removed_step, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let steps = vec![tag("first", None, Timing::immediate()), tag("wait", Some(("first", None)), days(5))];
    let id = campaign(&app, from(prague), steps).await;
    change(&app, id, vec![tag("first", None, Timing::immediate())], gone("wait", None)).await.unwrap();
    assert_eq!(campaigns::progress(&app.cx(), id, ada).await.unwrap().person.state, "left");
});

on_each_db!(a_new_step_reaches_those_who_are_past_its_place_only_when_asked, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let first = || tag("first", None, Timing::immediate());
    let id = campaign(&app, from(prague), vec![first()]).await;
    change(&app, id, vec![first(), tag("quiet", Some(("first", None)), Timing::immediate())], PeopleChoice::default())
        .await
        .unwrap();
    assert_eq!(tags(&app, ada).await, ["first"]);
    let steps = vec![
        first(),
        tag("quiet", Some(("first", None)), Timing::immediate()),
        tag("loud", Some(("first", None)), Timing::immediate()),
        tag("root", None, days(1)),
    ];
    let shown = campaigns::difference(&app.cx(), id, steps.clone()).await.unwrap();
    let shown: Vec<_> = shown.iter().map(|d| (d.difference.key.as_str(), d.difference.change.key(), d.past)).collect();
    assert_eq!(shown, [("loud", "new", 1), ("root", "new", 1)]);
    let both = PeopleChoice { backfill: vec!["loud".into(), "root".into()], ..PeopleChoice::default() };
    change(&app, id, steps.clone(), both).await.unwrap();
    assert_eq!(tags(&app, ada).await, ["first", "loud"]);
    app.play_until(app.now().plus(Millis::days(2))).await;
    assert_eq!(tags(&app, ada).await, ["first", "loud", "root"]);
    let old = PeopleChoice { backfill: vec!["first".into()], ..PeopleChoice::default() };
    assert_eq!(change(&app, id, steps, old).await.unwrap_err().code, "campaign.not-new");
});

on_each_db!(everybody_begins_again_when_the_edit_says_so_and_once, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let points = |n| step("points", None, "contact.points", json!({ "points": n }), Timing::immediate());
    let id = campaign(&app, from(prague), vec![points(1), tag("later", None, days(3))]).await;
    let again = PeopleChoice { inside: Inside::Restart, ..PeopleChoice::default() };
    change(&app, id, vec![points(10), tag("sooner", None, days(1))], again).await.unwrap();
    app.settle().await;
    assert_eq!(contacts::get(&app.cx(), ada).await.unwrap().points, 11);
    assert_eq!(due(&app, id, ada).await.into_iter().map(|d| d.0).collect::<Vec<_>>(), ["sooner"]);
    assert_eq!(campaigns::progress(&app.cx(), id, ada).await.unwrap().person.rotation, 2);
});

on_each_db!(a_detour_below_a_mail_hears_of_that_mail, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let mail = app.email(email("Invitation", "Hello")).await;
    let send = || step("send", None, "email.send", json!({"email_id": mail}), Timing::immediate());
    let id = campaign(&app, from(prague), vec![send(), tag("wait", Some(("send", None)), days(2))]).await;
    let steps = vec![
        send(),
        step("opened", Some(("send", None)), "email.open", json!({}), Timing::immediate()),
        tag("yes", Some(("opened", YES)), Timing::immediate()),
    ];
    change(&app, id, steps, gone("wait", Some("opened"))).await.unwrap();
    let sent = app.sends(ada).await.remove(0).id;
    hg_app::sending::responses::opened(&app.cx(), sent, false).await.unwrap();
    app.settle().await;
    assert_eq!(tags(&app, ada).await, ["yes"]);
});

on_each_db!(every_publishing_is_a_version_and_the_way_back_repeats_nothing, |app| {
    let ada = person(&app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(&app, "Prague").await;
    let hello = |n| step("hello", None, "contact.points", json!({ "points": n }), Timing::immediate());
    let id = campaign(&app, from(prague), vec![hello(1)]).await;
    campaigns::pause(&app.cx(), id).await.unwrap();
    campaigns::publish(&app.cx(), id).await.unwrap();
    let note = PeopleChoice { note: Some("Without a welcome.".into()), ..PeopleChoice::default() };
    change(&app, id, vec![tag("instead", None, Timing::immediate())], note).await.unwrap();
    let versions = campaigns::versions(&app.cx(), id, ListQuery::default()).await.unwrap().items;
    let seen: Vec<_> = versions.iter().map(|v| (v.number, v.added, v.removed, v.done, v.note.as_deref())).collect();
    assert_eq!(seen, [(2, 1, 1, true, Some("Without a welcome.")), (1, 0, 0, true, None)]);
    let first = campaigns::version(&app.cx(), id, 1).await.unwrap();
    let back: Vec<_> = first.back.iter().map(|d| (d.difference.key.as_str(), d.difference.change.key())).collect();
    assert_eq!(back, [("hello", "new"), ("instead", "gone")]);
    let choice = PeopleChoice { backfill: vec!["hello".into()], ..PeopleChoice::default() };
    let now = campaigns::go_back(&app.cx(), id, 1, None, choice).await.unwrap();
    app.settle().await;
    assert_eq!(now.plan.steps.iter().map(|s| s.key.as_str()).collect::<Vec<_>>(), ["hello"]);
    assert_eq!(contacts::get(&app.cx(), ada).await.unwrap().points, 1, "she has had it before");
    let bo = person(&app, "Bo", json!({"city": "Prague"})).await;
    app.settle().await;
    assert_eq!(contacts::get(&app.cx(), bo).await.unwrap().points, 1);
    let first = campaigns::version(&app.cx(), id, 1).await.unwrap();
    assert!(first.back.is_empty(), "{:?}", first.back);
});

on_each_db!(who_saved_meanwhile_is_named, |app| {
    let prague = segment(&app, "Prague").await;
    let id = campaign(&app, from(prague), vec![tag("hello", None, Timing::immediate())]).await;
    let patch = |name: &str| CampaignPatch { version: Some(2), name: Some(name.into()), ..CampaignPatch::default() };
    let seen = read(&app, id).await.version;
    let (_, hers) = app.user("ada@example.org", hg_app::Role::Administrator).await;
    campaigns::update(&hers, id, CampaignPatch { version: Some(seen), ..patch("Hers") }).await.unwrap();
    let refused = campaigns::update(&app.cx(), id, CampaignPatch { version: Some(seen), ..patch("Mine") }).await.unwrap_err();
    assert_eq!(refused.code, "changed-meanwhile");
    assert!(refused.detail.starts_with("Ada Lovelace changed this campaign"), "{}", refused.detail);
});

/// Numbers that look drawn and are the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A drawn tree of steps that each give a point: `(key, parent, days)`.
type Drawn = Vec<(String, Option<String>, i64)>;

fn steps_of(drawn: &Drawn) -> Vec<StepIn> {
    let one = |(key, parent, wait): &(String, Option<String>, i64)| {
        let timing = if *wait == 0 { Timing::immediate() } else { days(*wait) };
        step(key, parent.as_deref().map(|p| (p, None)), "contact.points", json!({"points": 1}), timing)
    };
    drawn.iter().map(one).collect()
}

/// Removes, adds, moves and slows down some steps.
fn edited(drawn: &Drawn, dice: &mut Dice, fresh: &mut u64) -> Drawn {
    let mut after: Drawn = Vec::new();
    for (key, parent, wait) in drawn {
        let goes = dice.roll(4) == 0 && drawn.len() > 1;
        if goes {
            continue;
        }
        let parent = parent.clone().filter(|p| after.iter().any(|s| s.0 == *p) && dice.roll(6) > 0);
        let wait = if dice.roll(3) == 0 { i64::try_from(dice.roll(5)).unwrap() } else { *wait };
        after.push((key.clone(), parent, wait));
    }
    for _ in 0..dice.roll(3) + u64::from(after.is_empty()) {
        *fresh += 1;
        let above = usize::try_from(dice.roll(after.len() as u64 + 1)).unwrap();
        let parent = after.get(above).map(|s| s.0.clone());
        after.push((format!("s{fresh}"), parent, i64::try_from(dice.roll(4)).unwrap()));
    }
    after
}

/// `(step key, contact, round, state, step is there)` of every row of the log.
async fn log(app: &TestApp, id: CampaignId) -> Vec<(String, i64, i64, i64, bool)> {
    let text = "SELECT s.client_key, l.contact_id, l.rotation, l.state, CASE WHEN s.deleted_at IS NULL THEN 1 ELSE 0 END \
                FROM campaign_log l JOIN campaign_steps s ON s.id = l.step_id WHERE l.campaign_id = $1 ORDER BY l.id";
    app.ws
        .db
        .read(move |tx| tx.all(Sql::new(text).bind(id), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?))))
        .await
        .unwrap()
}

on_each_db!(whatever_is_edited_nobody_is_lost_and_nobody_repeats_a_step, |app| {
    let prague = segment(&app, "Prague").await;
    for seed in 0..3 {
        let mut dice = Dice(seed);
        let mut fresh = 0;
        let mut drawn = edited(&Vec::new(), &mut dice, &mut fresh);
        let id = campaign(&app, from(prague), steps_of(&drawn)).await;
        let mut people = Vec::new();
        for round in 0..6 {
            people.push(person(&app, &format!("P{seed}x{round}"), json!({"city": "Prague"})).await);
            app.play_until(app.now().plus(Millis::hours(i64::try_from(dice.roll(40)).unwrap()))).await;
            let before = log(&app, id).await;
            let after = edited(&drawn, &mut dice, &mut fresh);
            let stays: BTreeSet<&str> = after.iter().map(|s| s.0.as_str()).collect();
            let removed = drawn.iter().filter(|s| !stays.contains(s.0.as_str()));
            let gone: BTreeMap<String, Option<String>> = removed
                .map(|s| {
                    let to = usize::try_from(dice.roll(after.len() as u64 + 1)).unwrap();
                    (s.0.clone(), after.get(to).map(|s| s.0.clone()))
                })
                .collect();
            let fresh_ones = after.iter().filter(|s| drawn.iter().all(|d| d.0 != s.0)).map(|s| s.0.clone());
            let backfill: Vec<String> = fresh_ones.filter(|_| dice.roll(2) == 0).collect();
            let inside =
                [Inside::Keep, Inside::Replan, Inside::Restart][[0, 0, 0, 1, 1, 1, 1, 2][usize::try_from(dice.roll(8)).unwrap()]];
            let choice = PeopleChoice { inside, gone: gone.clone(), backfill, note: None };
            change(&app, id, steps_of(&after), choice).await.unwrap();
            drawn = after;
            let now = log(&app, id).await;
            let had = |key: &str, contact: i64, rotation: i64| {
                now.iter().any(|r| r.0 == key && r.1 == contact && r.2 == rotation && r.3 != 4)
            };
            for (key, contact, rotation, state, _) in before.iter().filter(|r| r.3 == 0) {
                let left = campaigns::progress(&app.cx(), id, ContactId(*contact)).await.unwrap().person.state != "active";
                let kept = match gone.get(key) {
                    _ if inside == Inside::Restart => now.iter().any(|r| r.1 == *contact && r.2 == rotation + 1),
                    None => had(key, *contact, *rotation),
                    Some(Some(target)) => had(target, *contact, *rotation),
                    Some(None) => left || now.iter().any(|r| r.0 != *key && r.1 == *contact && r.2 == *rotation && r.3 != 4),
                };
                assert!(kept, "seed {seed}, round {round}: {contact} was lost at {key} ({state}): {gone:?} {now:?}");
            }
            assert!(now.iter().all(|r| r.4 || r.3 != 0), "somebody waits at a step that is gone: {now:?}");
            for (i, found) in read(&app, id).await.plan.steps.iter().enumerate() {
                let waiting = read(&app, id).await.step_counts[i].waiting;
                let open = now.iter().filter(|r| r.0 == found.key && r.3 == 0).count();
                assert_eq!(waiting, i64::try_from(open).unwrap(), "seed {seed}: the figure of {}", found.key);
            }
        }
        app.play_until(app.now().plus(Millis::days(60))).await;
        let end = log(&app, id).await;
        assert!(end.iter().all(|r| r.3 != 0), "seed {seed}: everybody comes to an end");
        let mut ran = BTreeSet::new();
        for (key, contact, rotation, ..) in end.iter().filter(|r| r.3 == 2) {
            assert!(ran.insert((key, contact, rotation)), "seed {seed}: {key} ran twice for {contact}");
        }
        for contact in people {
            let points = contacts::get(&app.cx(), contact).await.unwrap().points;
            let steps = ran.iter().filter(|r| *r.1 == contact.0).count();
            assert_eq!(points, i64::try_from(steps).unwrap(), "seed {seed}: a point for each step that ran");
        }
        campaigns::pause(&app.cx(), id).await.unwrap();
    }
});
