//! Sends to segments that go on: who joins the audience later gets the email too (`messages.md` §3.2).

mod mail;

use hg_app::contacts::{self, ContactInput};
use hg_app::emails::{self, EmailPatch, Kind, NewEmail, SendingState};
use hg_app::segments::{self, NewSegment, SegmentPatch};
use hg_app::sending::{self, Wish};
use hg_core::ids::{ContactId, EmailId, SegmentId};
use hg_core::time::Millis;
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};
use serde_json::json;

async fn segment(app: &TestApp, name: &str) -> SegmentId {
    segments::create(&app.cx(), NewSegment { name: name.into(), ..NewSegment::default() }).await.unwrap().id
}

async fn put(app: &TestApp, segment: SegmentId, who: &[ContactId], inside: bool) {
    segments::change_by_hand(&app.cx(), segment, who.to_vec(), inside).await.unwrap();
    app.settle().await;
}

async fn state(app: &TestApp, id: EmailId) -> (SendingState, i64) {
    let email = emails::get(&app.cx(), id).await.unwrap();
    (email.send_state, email.counts.sent)
}

struct Case {
    email: EmailId,
    /// Everybody in it gets the email…
    inside: SegmentId,
    /// …but for those in here.
    outside: SegmentId,
    people: Vec<ContactId>,
}

/// A send that goes on, which the first of five people have got.
async fn going_on(app: &TestApp, first: usize) -> Case {
    let (inside, outside) = (segment(app, "Readers").await, segment(app, "Colleagues").await);
    let mut people = Vec::new();
    for n in 0..5 {
        people.push(app.contact(&format!("p{n}@example.org"), "Pat").await);
    }
    put(app, inside, &people[..first], true).await;
    let new = NewEmail {
        kind: Kind::Segment,
        segments: vec![inside.0],
        excluded_segments: vec![outside.0],
        ..email("Welcome", "Welcome")
    };
    let id = app.email(new).await;
    let wish = Wish { evergreen: Some(true), ..Wish::default() };
    sending::send_to_segments(&app.cx(), id, wish).await.unwrap();
    app.settle().await;
    assert_eq!(state(app, id).await, (SendingState::Sending, first as i64));
    Case { email: id, inside, outside, people }
}

on_each_db!(who_joins_later_gets_it_once_and_the_send_goes_on, |app| {
    let case = going_on(&app, 2).await;
    put(&app, case.inside, &case.people[2..4], true).await;
    assert_eq!(state(&app, case.email).await, (SendingState::Sending, 4));
    // Out and in again: nobody gets it twice.
    put(&app, case.inside, &case.people[..3], false).await;
    put(&app, case.inside, &case.people[..3], true).await;
    assert_eq!(state(&app, case.email).await, (SendingState::Sending, 4));
    let mut addresses: Vec<String> = app.caught().await.into_iter().map(|mail| mail.about.to).collect();
    addresses.sort();
    assert_eq!(addresses, ["p0@example.org", "p1@example.org", "p2@example.org", "p3@example.org"]);
});

on_each_db!(who_is_left_out_gets_it_when_she_no_longer_is, |app| {
    let case = going_on(&app, 1).await;
    put(&app, case.outside, &case.people[1..2], true).await;
    put(&app, case.inside, &case.people[1..2], true).await;
    assert_eq!(state(&app, case.email).await.1, 1);
    put(&app, case.outside, &case.people[1..2], false).await;
    assert_eq!(state(&app, case.email).await.1, 2);
    // Who is in none of its segments is not its reader, whatever she leaves.
    put(&app, case.outside, &case.people[2..3], true).await;
    put(&app, case.outside, &case.people[2..3], false).await;
    assert_eq!(state(&app, case.email).await.1, 2);
});

on_each_db!(a_filter_that_lets_people_in_at_once_reaches_them_too, |app| {
    let case = going_on(&app, 1).await;
    // The filter takes in everybody: the whole segment is built anew.
    let filter = json!({"match": "all", "rules": [{"field": "email", "op": "contains", "value": "example.org"}]});
    let patch = SegmentPatch { filter: Some(Some(filter)), ..SegmentPatch::default() };
    segments::update(&app.cx(), case.inside, patch).await.unwrap();
    app.settle().await;
    assert_eq!(state(&app, case.email).await, (SendingState::Sending, 5));
    // A new contact is in by the filter, and has the mail a moment later.
    let fields = [("email".to_owned(), json!("new@example.org"))].into();
    contacts::create(&app.cx(), ContactInput { fields, ..ContactInput::default() }, false).await.unwrap();
    app.settle().await;
    assert_eq!(state(&app, case.email).await, (SendingState::Sending, 6));
});

on_each_db!(it_ends_with_the_time_of_the_email, |app| {
    let case = going_on(&app, 1).await;
    let end = app.now().plus(Millis::minutes(60));
    let patch = EmailPatch { publish_down: Some(Some(end)), ..EmailPatch::default() };
    emails::update(&app.cx(), case.email, patch).await.unwrap();
    app.settle().await;
    assert_eq!(state(&app, case.email).await.0, SendingState::Sending);
    app.play_until(end.plus(Millis::minutes(1))).await;
    assert_eq!(state(&app, case.email).await, (SendingState::Sent, 1));
    put(&app, case.inside, &case.people[1..], true).await;
    assert_eq!(state(&app, case.email).await, (SendingState::Sent, 1));
});

on_each_db!(it_ends_when_somebody_says_so, |app| {
    let case = going_on(&app, 1).await;
    let patch = EmailPatch { evergreen: Some(false), ..EmailPatch::default() };
    emails::update(&app.cx(), case.email, patch).await.unwrap();
    app.settle().await;
    assert_eq!(state(&app, case.email).await, (SendingState::Sent, 1));
    put(&app, case.inside, &case.people[1..], true).await;
    assert_eq!(state(&app, case.email).await, (SendingState::Sent, 1));
});

on_each_db!(who_joins_during_a_pause_gets_it_after, |app| {
    let case = going_on(&app, 1).await;
    sending::pause(&app.cx(), case.email).await.unwrap();
    put(&app, case.inside, &case.people[1..3], true).await;
    assert_eq!(state(&app, case.email).await, (SendingState::Paused, 1));
    sending::resume(&app.cx(), case.email).await.unwrap();
    app.settle().await;
    assert_eq!(state(&app, case.email).await, (SendingState::Sending, 3));
});

on_each_db!(who_does_not_want_it_is_skipped_with_the_reason, |app| {
    let case = going_on(&app, 1).await;
    let who = case.people[1];
    app.block(who, 1).await;
    put(&app, case.inside, &[who], true).await;
    assert_eq!(state(&app, case.email).await, (SendingState::Sending, 1));
    let why = sending::why(&app.cx(), case.email, who).await.unwrap();
    assert!(why.answer.contains("Not sent, although the send to its segments wanted it."), "{}", why.answer);
});
