//! What becomes of waits over a pause, and the contact's best hour, on both databases.

mod flow;

use flow::*;
use hg_app::campaigns::{self, CampaignPatch, NewCampaign};
use hg_app::changes::{self, Happening};
use hg_app::settings;
use hg_core::campaigns::{Best, Mode, Republish, Timing, Unit};
use hg_core::events::EventKind;
use hg_core::ids::{CampaignId, ContactId};
use hg_core::time::{Millis, Timestamp};
use hg_testkit::{TestApp, on_each_db};
use serde_json::json;

/// Ada waits ten days for a tag, from 2 October; the campaign is paused on the 5th and published again on the 10th.
async fn paused_for_five_days(app: &TestApp, republish: Option<Republish>) -> (CampaignId, ContactId) {
    app.clock.set(t("2025-10-02T00:00:00Z"));
    let ada = person(app, "Ada", json!({"city": "Prague"})).await;
    let prague = segment(app, "Prague").await;
    let steps = vec![
        tag("wait", None, Timing::after(10, Unit::Days)),
        step(
            "mail",
            None,
            "contact.becomes",
            json!({"filter": {"match": "all", "rules": [{"field": "city", "op": "=", "value": "Brno"}]}}),
            Timing::immediate(),
        ),
        tag("in-vain", Some(("mail", NO)), Timing::after(10, Unit::Days)),
    ];
    let new =
        NewCampaign { name: "Patience".into(), sources: from(prague), steps, publish: true, republish, ..NewCampaign::default() };
    let id = campaigns::create(&app.cx(), new).await.unwrap().id;
    app.settle().await;
    app.clock.set(t("2025-10-05T00:00:00Z"));
    campaigns::pause(&app.cx(), id).await.unwrap();
    app.settle().await;
    app.clock.set(t("2025-10-10T00:00:00Z"));
    campaigns::publish(&app.cx(), id).await.unwrap();
    app.settle().await;
    (id, ada)
}

/// `campaigns.md` §9, vector 17, for an action and for the no path of a decision.
async fn vector_17(app: &TestApp, republish: Option<Republish>, expected: &str) {
    let (id, ada) = paused_for_five_days(app, republish).await;
    let day = Some(t(expected));
    assert_eq!(due(app, id, ada).await, [("wait".to_owned(), day), ("mail".to_owned(), day)]);
    app.clock.set(t(expected).minus(Millis::minutes(1)));
    app.settle().await;
    assert_eq!(tags(app, ada).await, Vec::<String>::new());
    app.clock.set(t(expected));
    app.settle().await;
    assert_eq!(tags(app, ada).await, ["in-vain", "wait"]);
}

on_each_db!(the_time_of_a_pause_counts_unless_said_otherwise, |app| {
    vector_17(&app, Some(Republish::CountAllTime), "2025-10-12T00:00:00Z").await;
});

on_each_db!(only_the_time_while_published_counts_where_that_is_chosen, |app| {
    vector_17(&app, Some(Republish::CountOnlyWhilePublished), "2025-10-17T00:00:00Z").await;
});

on_each_db!(waits_begin_anew_where_that_is_chosen, |app| {
    vector_17(&app, Some(Republish::RestartOnPublish), "2025-10-20T00:00:00Z").await;
});

on_each_db!(a_campaign_that_does_not_say_follows_the_workspace, |app| {
    assert_eq!(settings::read_campaigns(&app.cx()).unwrap().republish, Republish::CountAllTime);
    let new = settings::Campaigns { republish: Republish::CountOnlyWhilePublished };
    settings::write_campaigns(&app.cx(), new).await.unwrap();
    vector_17(&app, None, "2025-10-17T00:00:00Z").await;
});

on_each_db!(a_campaign_that_says_so_does_not_follow_the_workspace, |app| {
    let new = settings::Campaigns { republish: Republish::RestartOnPublish };
    settings::write_campaigns(&app.cx(), new).await.unwrap();
    vector_17(&app, Some(Republish::CountAllTime), "2025-10-12T00:00:00Z").await;
});

on_each_db!(what_is_overdue_after_a_pause_is_planned_anew_before_it_can_run, |app| {
    let (id, ada) = paused_for_five_days(&app, Some(Republish::CountOnlyWhilePublished)).await;
    campaigns::pause(&app.cx(), id).await.unwrap();
    // Overdue by far when it goes on: 7 days were left.
    app.clock.set(t("2025-12-10T00:00:00Z"));
    campaigns::publish(&app.cx(), id).await.unwrap();
    app.settle().await;
    assert_eq!(tags(&app, ada).await, Vec::<String>::new());
    assert_eq!(due(&app, id, ada).await[0].1, Some(t("2025-12-17T00:00:00Z")));
});

on_each_db!(the_choice_is_changed_like_everything_else_of_a_campaign, |app| {
    let (id, _) = paused_for_five_days(&app, Some(Republish::CountAllTime)).await;
    let patch = CampaignPatch { republish: Some(Some(Republish::RestartOnPublish)), ..CampaignPatch::default() };
    assert_eq!(campaigns::update(&app.cx(), id, patch).await.unwrap().republish, Some(Republish::RestartOnPublish));
    assert_eq!(campaigns::duplicate(&app.cx(), id).await.unwrap().republish, Some(Republish::RestartOnPublish));
});

/// Ada opened mail at these moments.
async fn opened(app: &TestApp, ada: ContactId, moments: &[&str]) {
    let moments: Vec<Timestamp> = moments.iter().map(|m| t(m)).collect();
    let write = move |tx: &mut hg_store::Tx<'_>| {
        for at in &moments {
            changes::note(tx, &Happening::new(ada, EventKind::EmailOpened, *at))?;
        }
        Ok::<_, hg_app::Error>(())
    };
    app.ws.db.write(write).await.unwrap();
}

on_each_db!(a_call_waits_for_the_hour_at_which_the_contact_mostly_answers, |app| {
    app.clock.set(t("2025-10-01T12:00:00Z"));
    let (ada, bob) = (
        person(&app, "Ada", json!({"city": "Prague", "timezone": "Europe/Prague"})).await,
        person(&app, "Bob", json!({"city": "Prague", "timezone": "America/New_York"})).await,
    );
    // Eight in the evening in Prague; what is older than 60 days teaches nothing.
    let evenings =
        ["2025-09-01T18:00:00Z", "2025-09-03T18:10:00Z", "2025-09-08T18:20:00Z", "2025-09-10T18:00:00Z", "2025-09-17T18:00:00Z"];
    opened(&app, ada, &evenings).await;
    opened(&app, bob, &["2025-01-01T18:00:00Z"; 9]).await;
    let best = Timing { mode: Mode::Optimized, best: Some(Best::Hour), ..Timing::default() };
    let days = Timing { mode: Mode::Optimized, best: Some(Best::DayAndHour), ..Timing::default() };
    let call = json!({"url": "https://example.org/hook"});
    let steps = vec![step("hour", None, "web.call", call.clone(), best), step("day", None, "web.call", call, days)];
    let prague = segment(&app, "Prague").await;
    let id = campaign(&app, from(prague), steps).await;
    let of = |key: &str, at: &str| (key.to_owned(), Some(t(at)));
    // 2025-10-01 is a Wednesday; her days are Wednesday and Monday.
    assert_eq!(due(&app, id, ada).await, [of("hour", "2025-10-01T17:00:00Z"), of("day", "2025-10-01T17:00:00Z")]);
    // Of him nothing is known: nine o'clock by his clock, and Thursday.
    assert_eq!(due(&app, id, bob).await, [of("hour", "2025-10-01T13:00:00Z"), of("day", "2025-10-02T13:00:00Z")]);
});

on_each_db!(a_tag_cannot_wait_for_a_best_hour_and_says_so, |app| {
    let prague = segment(&app, "Prague").await;
    let best = Timing { mode: Mode::Optimized, ..Timing::default() };
    let new =
        NewCampaign { name: "Odd".into(), sources: from(prague), steps: vec![tag("tag", None, best)], ..NewCampaign::default() };
    let campaign = campaigns::create(&app.cx(), new).await.unwrap();
    assert!(campaign.problems.iter().any(|p| p.code == "step.no-best-time"), "{:?}", campaign.problems);
});
