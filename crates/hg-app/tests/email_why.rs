//! Why somebody got an email, or did not: every rule with what it sees, and what comes next.

mod mail;

use hg_app::emails::{self, Content, EmailPatch, Kind, NewEmail};
use hg_app::segments::{self, NewSegment};
use hg_app::sending::{self, SkipReason, Why};
use hg_core::ids::ContactId;
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};

async fn segment(app: &TestApp, name: &str, people: &[ContactId]) -> i64 {
    let made = segments::create(&app.cx(), NewSegment { name: name.into(), ..NewSegment::default() }).await.unwrap();
    segments::change_by_hand(&app.cx(), made.id, people.to_vec(), true).await.unwrap();
    made.id.0
}

fn rule(why: &Why, rule: SkipReason) -> (bool, bool, String) {
    let found = why.rules.iter().find(|one| one.rule == rule).unwrap_or_else(|| panic!("{rule:?} is explained"));
    (found.asked, found.holds, found.seen.clone())
}

on_each_db!(an_email_that_nobody_wanted_is_explained_with_every_rule_and_what_would_bring_it, |app| {
    let ann = app.contact("ann@example.org", "Ann").await;
    let hello = app.email(email("Hello", "Hi")).await;
    let why = sending::why(&app.cx(), hello, ann).await.unwrap();
    assert!(why.answer.starts_with("Never sent"), "{}", why.answer);
    assert_eq!(why.next, "All rules hold: it is sent as soon as a campaign, a form or the API wants it.");
    assert_eq!(why.rules.len(), 8);
    assert!(why.rules.iter().all(|rule| rule.holds));
    assert_eq!(rule(&why, SkipReason::NoAddress), (true, true, "ann@example.org".into()));
    let audience = rule(&why, SkipReason::NotInAudience);
    assert!(!audience.0, "an email for campaigns has no audience of its own");
});

on_each_db!(the_rule_that_stands_in_the_way_says_what_it_sees, |app| {
    let ann = app.contact("ann@example.org", "Ann").await;
    let hello = app.email(email("Hello", "Hi")).await;
    app.block(ann, 1).await;
    let why = sending::why(&app.cx(), hello, ann).await.unwrap();
    assert_eq!(rule(&why, SkipReason::OptedOut), (true, false, "Unsubscribed.".into()));
    assert_eq!(why.next, "Nothing, as long as this is so: The contact does not want email.");
    let content = Content { purpose: "transactional".into(), ..email("Receipt", "Receipt").content };
    let receipt = app.email(NewEmail { content, ..email("Receipt", "") }).await;
    let why = sending::why(&app.cx(), receipt, ann).await.unwrap();
    assert_eq!(rule(&why, SkipReason::OptedOut), (false, false, "Unsubscribed.".into()));
    assert!(why.next.starts_with("All rules hold"), "an opt-out does not stop a receipt: {}", why.next);
});

on_each_db!(after_a_message_left_the_explanation_says_that_it_does_not_come_again, |app| {
    let ann = app.contact("ann@example.org", "Ann").await;
    let hello = app.email(email("Hello", "Hi")).await;
    app.queue(hello, ann, "first").await;
    app.settle().await;
    let why = sending::why(&app.cx(), hello, ann).await.unwrap();
    assert_eq!((why.messages.len(), why.next.as_str()), (1, "Nothing: nobody gets a marketing email twice."));
    let (asked, holds, seen) = rule(&why, SkipReason::HadItAlready);
    assert!(asked && !holds && seen.starts_with("Sent at "), "{seen}");
});

on_each_db!(a_segment_email_names_the_segments_that_it_looks_at, |app| {
    let ann = app.contact("ann@example.org", "Ann").await;
    let (inside, outside) = (segment(&app, "Readers", &[ann]).await, segment(&app, "Others", &[]).await);
    let letter = app.email(NewEmail { kind: Kind::Segment, segments: vec![outside], ..email("Letter", "Hi") }).await;
    let seen = |why: &Why| rule(why, SkipReason::NotInAudience);
    let why = sending::why(&app.cx(), letter, ann).await.unwrap();
    assert_eq!(seen(&why), (true, false, "In none of its segments.".into()));
    let patch = EmailPatch { segments: Some(vec![inside, outside]), ..EmailPatch::default() };
    emails::update(&app.cx(), letter, patch).await.unwrap();
    let why = sending::why(&app.cx(), letter, ann).await.unwrap();
    assert_eq!(seen(&why), (true, true, "In “Readers”.".into()));
    assert_eq!(why.next, "All rules hold: it is sent with the next send to the segments.");
});
