//! How often somebody hears from us: limits, pauses, and who is not held up by them.

mod mail;

use hg_app::contacts::{self, TimelineQuery};
use hg_app::preferences::{self, Period, Rule};
use hg_app::sending;
use hg_app::settings::{self, Preferences};
use hg_core::emails::Purpose;
use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::Millis;
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};

async fn limit(app: &TestApp, most: i64, period: Period) {
    let rules = Preferences { email_most: most, email_period: period, ..Preferences::default() };
    settings::write_preferences(&app.cx(), rules).await.unwrap();
}

/// Queues so many different emails for a contact.
async fn emails(app: &TestApp, contact: ContactId, count: usize) {
    for n in 0..count {
        let id = app.email(email(&format!("Mail {n}"), &format!("Mail {n}"))).await;
        app.queue(id, contact, "once").await;
    }
}

async fn pass(app: &TestApp, by: Millis) -> usize {
    app.play_until(app.now().plus(by)).await;
    app.caught().await.len()
}

on_each_db!(over_the_limit_mail_waits_until_the_period_has_passed, |app| {
    for (period, before, after) in [
        (Period::Day, Millis::hours(23), Millis::hours(2)),
        (Period::Week, Millis::days(6), Millis::days(2)),
        (Period::Month, Millis::days(27), Millis::days(5)),
    ] {
        limit(&app, 2, period).await;
        let ada = app.contact(&format!("{}@example.org", period.key().to_lowercase()), "Ada").await;
        emails(&app, ada, 5).await;
        let start = app.caught().await.len();
        app.settle().await;
        assert_eq!(app.caught().await.len() - start, 2, "{period:?}");
        assert_eq!(pass(&app, before).await - start, 2, "{period:?}");
        assert_eq!(pass(&app, after).await - start, 4, "{period:?}");
        assert_eq!(pass(&app, Millis::days(40)).await - start, 5, "{period:?}");
        let query = TimelineQuery { kinds: vec![EventKind::MessageHeld], ..TimelineQuery::default() };
        let told = contacts::timeline(&app.cx(), Some(ada), query).await.unwrap();
        assert_eq!(told.items.len(), 3, "each message that waits is told once");
    }
});

on_each_db!(mail_that_waits_can_be_cancelled_and_does_not_go_out_later, |app| {
    limit(&app, 1, Period::Week).await;
    let ada = app.contact("ada@example.org", "Ada").await;
    emails(&app, ada, 3).await;
    app.settle().await;
    let waiting = sending::waiting(&app.cx(), ada).await.unwrap();
    assert_eq!(waiting.len(), 2);
    assert!(waiting.iter().all(|m| m.held == 1 && m.reason.is_some()), "{waiting:?}");
    sending::cancel(&app.cx(), ada, waiting[0].id).await.unwrap();
    let error = sending::cancel(&app.cx(), ada, waiting[0].id).await.unwrap_err();
    assert_eq!(error.code, "message.left");
    let bob = app.contact("bob@example.org", "Bob").await;
    assert!(sending::cancel(&app.cx(), bob, waiting[1].id).await.unwrap_err().is_not_found(), "it is somebody else's");
    assert_eq!(pass(&app, Millis::days(40)).await, 2);
    assert!(sending::waiting(&app.cx(), ada).await.unwrap().is_empty());
});

on_each_db!(her_own_rule_wins_over_the_workspaces, |app| {
    limit(&app, 1, Period::Week).await;
    let (ada, bob) = (app.contact("ada@example.org", "Ada").await, app.contact("bob@example.org", "Bob").await);
    let rule = Rule { most: Some(3), period: Some(Period::Day), ..Rule::open("email") };
    preferences::set_rule(&app.cx(), ada, rule).await.unwrap();
    emails(&app, ada, 3).await;
    emails(&app, bob, 3).await;
    app.settle().await;
    let to = |address: &str| {
        let address = address.to_owned();
        let caught = app.caught();
        async move { caught.await.into_iter().filter(|m| m.about.to.contains(&address)).count() }
    };
    assert_eq!((to("ada@").await, to("bob@").await), (3, 1));
    // A new rule lets go at once what the old one held.
    let rule = Rule { most: Some(9), period: Some(Period::Day), ..Rule::open("email") };
    preferences::set_rule(&app.cx(), bob, rule).await.unwrap();
    app.settle().await;
    assert_eq!(to("bob@").await, 3);
});

on_each_db!(a_pause_holds_marketing_and_lets_answers_through, |app| {
    let ada = app.contact("ada@example.org", "Ada").await;
    let pause = Rule { pause_until: Some(app.now().plus(Millis::days(3))), ..Rule::open("email") };
    preferences::set_rule(&app.cx(), ada, pause).await.unwrap();
    emails(&app, ada, 1).await;
    let mut receipt = email("Receipt", "Receipt");
    receipt.content.purpose = "transactional".into();
    assert_eq!(receipt.content.purpose(), Purpose::Transactional);
    let receipt = app.email(receipt).await;
    app.queue(receipt, ada, "order 1").await;
    app.settle().await;
    assert_eq!(app.caught().await.len(), 1);
    assert_eq!(pass(&app, Millis::days(2)).await, 1);
    assert_eq!(pass(&app, Millis::days(2)).await, 2);
});
