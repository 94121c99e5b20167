//! Sends to segments: at their time, as slowly as wanted, called back, asked for; and nobody's mail holds up another's.

mod mail;

use hg_app::emails::{self, Kind, NewEmail, Queue, SendingState};
use hg_app::segments::{self, NewSegment};
use hg_app::sending::{self, Wish, outbox};
use hg_app::settings::{self, Pace};
use hg_app::{Cx, Role};
use hg_core::ids::{CampaignId, ContactId, EmailId, SegmentId};
use hg_core::time::{Millis, Timestamp};
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};
use serde_json::json;

async fn people(app: &TestApp, count: usize) -> Vec<ContactId> {
    let mut ids = Vec::new();
    for n in 0..count {
        ids.push(app.contact(&format!("p{n}@example.org"), "Pat").await);
    }
    ids
}

async fn news(app: &TestApp, people: &[ContactId]) -> EmailId {
    let cx = app.cx();
    let segment = segments::create(&cx, NewSegment { name: "All".into(), ..NewSegment::default() }).await.unwrap().id;
    segments::change_by_hand(&cx, segment, people.to_vec(), true).await.unwrap();
    app.email(NewEmail { kind: Kind::Segment, segments: vec![segment.0], ..email("News", "News") }).await
}

async fn send(cx: &Cx, id: EmailId, wish: Wish) -> SendingState {
    sending::send_to_segments(cx, id, wish).await.unwrap_or_else(|e| panic!("{e:?}")).email.send_state
}

async fn state(app: &TestApp, id: EmailId) -> (SendingState, i64) {
    let email = emails::get(&app.cx(), id).await.unwrap();
    (email.send_state, email.counts.sent)
}

async fn at(app: &TestApp, minutes: i64, start: Timestamp) {
    app.play_until(start.plus(Millis::minutes(minutes))).await;
}

async fn pace(app: &TestApp, change: impl FnOnce(&mut Pace)) {
    let mut pace = Pace::default();
    change(&mut pace);
    settings::write_pace(&app.cx(), pace).await.unwrap();
}

on_each_db!(for_five_minutes_a_send_can_be_called_back_and_leaves_no_trace, |app| {
    let everybody = people(&app, 3).await;
    let (id, start) = (news(&app, &everybody).await, app.now());
    let wish = Wish { undo_minutes: 5, ..Wish::default() };
    assert_eq!(send(&app.cx(), id, wish).await, SendingState::Scheduled);
    at(&app, 4, start).await;
    assert_eq!(state(&app, id).await, (SendingState::Scheduled, 0));
    let back = sending::call_back(&app.cx(), id).await.unwrap();
    assert_eq!(back.email.send_state, SendingState::Idle);
    at(&app, 60, start).await;
    assert!(app.caught().await.is_empty());
    assert!(app.sends(everybody[0]).await.is_empty(), "nothing was written about her");
    assert_eq!(sending::call_back(&app.cx(), id).await.unwrap_err().code, "email.not-sending");
    // It can be sent after all, and once.
    send(&app.cx(), id, wish).await;
    at(&app, 70, start).await;
    assert_eq!(state(&app, id).await, (SendingState::Sent, 3));
});

on_each_db!(a_planned_send_goes_to_those_who_are_in_the_segment_when_it_begins, |app| {
    let everybody = people(&app, 3).await;
    let (id, start) = (news(&app, &everybody[..2]).await, app.now());
    let wish = Wish { at: Some(start.plus(Millis::hours(2))), ..Wish::default() };
    assert_eq!(send(&app.cx(), id, wish).await, SendingState::Scheduled);
    let segment = emails::get(&app.cx(), id).await.unwrap().segments[0];
    segments::change_by_hand(&app.cx(), SegmentId(segment), vec![everybody[2]], true).await.unwrap();
    at(&app, 119, start).await;
    assert!(app.caught().await.is_empty());
    at(&app, 121, start).await;
    assert_eq!(state(&app, id).await, (SendingState::Sent, 3));
    // Another time replaces the first one.
    let other = news(&app, &everybody).await;
    let start = app.now();
    send(&app.cx(), other, Wish { at: Some(start.plus(Millis::hours(1))), ..Wish::default() }).await;
    send(&app.cx(), other, Wish { at: Some(start.plus(Millis::hours(5))), ..Wish::default() }).await;
    at(&app, 200, start).await;
    assert_eq!(state(&app, other).await, (SendingState::Scheduled, 0));
    at(&app, 301, start).await;
    assert_eq!(state(&app, other).await, (SendingState::Sent, 3));
});

on_each_db!(an_email_that_is_no_longer_published_at_its_time_stays_and_says_so, |app| {
    let everybody = people(&app, 1).await;
    let (id, start) = (news(&app, &everybody).await, app.now());
    send(&app.cx(), id, Wish { undo_minutes: 5, ..Wish::default() }).await;
    let patch = emails::EmailPatch { published: Some(false), ..emails::EmailPatch::default() };
    emails::update(&app.cx(), id, patch).await.unwrap();
    at(&app, 10, start).await;
    let email = emails::get(&app.cx(), id).await.unwrap();
    assert_eq!((email.send_state, email.stopped_reason.is_some()), (SendingState::Idle, true));
    assert!(app.caught().await.is_empty());
});

on_each_db!(a_slow_send_spreads_its_mail_and_a_pause_moves_what_is_left, |app| {
    let everybody = people(&app, 12).await;
    let (id, start) = (news(&app, &everybody).await, app.now());
    send(&app.cx(), id, Wish { per_hour: 6, ..Wish::default() }).await;
    at(&app, 25, start).await;
    assert_eq!(state(&app, id).await, (SendingState::Sending, 3), "one every ten minutes, the first at once");
    sending::pause(&app.cx(), id).await.unwrap();
    at(&app, 85, start).await;
    assert_eq!(state(&app, id).await, (SendingState::Paused, 3));
    sending::resume(&app.cx(), id).await.unwrap();
    app.settle().await;
    assert_eq!(state(&app, id).await.1, 3, "what stood still does not leave at once");
    at(&app, 91, start).await;
    assert_eq!(state(&app, id).await.1, 4);
    at(&app, 240, start).await;
    assert_eq!(state(&app, id).await, (SendingState::Sent, 12));
    assert_eq!(app.caught().await.len(), 12);
});

on_each_db!(what_is_left_of_a_running_send_can_be_cancelled_and_sent_later, |app| {
    let everybody = people(&app, 6).await;
    let (id, start) = (news(&app, &everybody).await, app.now());
    send(&app.cx(), id, Wish { per_hour: 6, ..Wish::default() }).await;
    at(&app, 15, start).await;
    sending::call_back(&app.cx(), id).await.unwrap();
    at(&app, 300, start).await;
    let email = emails::get(&app.cx(), id).await.unwrap();
    assert_eq!((email.send_state, email.counts.sent, email.counts.skipped, email.counts.queued), (SendingState::Sent, 2, 4, 0));
    send(&app.cx(), id, Wish::default()).await;
    app.settle().await;
    assert_eq!(state(&app, id).await, (SendingState::Sent, 6));
    assert_eq!(app.caught().await.len(), 6, "nobody got it twice");
});

on_each_db!(who_only_writes_asks_and_an_administrator_answers, |app| {
    let everybody = people(&app, 2).await;
    let (id, start) = (news(&app, &everybody).await, app.now());
    let (author, cx) = app.user("ada@example.org", Role::Author).await;
    let (_, viewer) = app.user("vera@example.org", Role::Viewer).await;
    assert_eq!(sending::send_to_segments(&viewer, id, Wish::default()).await.unwrap_err().code, "forbidden");
    assert_eq!(send(&cx, id, Wish { undo_minutes: 5, ..Wish::default() }).await, SendingState::Asked);
    at(&app, 60, start).await;
    assert!(app.caught().await.is_empty(), "nothing leaves before somebody says yes");
    assert_eq!(sending::approve(&cx, id).await.unwrap_err().code, "forbidden");
    assert_eq!(sending::refuse(&app.cx(), id, "  ").await.unwrap_err().code, "invalid");
    let refused = sending::refuse(&app.cx(), id, "Mention the new date.").await.unwrap();
    assert_eq!(refused.email.send_state, SendingState::Idle);
    let (_, plan) = sending::plan(&cx, id).await.unwrap();
    assert_eq!(plan.unwrap().answer.as_deref(), Some("Mention the new date."));
    assert_eq!(sending::approve(&app.cx(), id).await.unwrap_err().code, "email.not-asked");
    // Asked again, allowed: the five minutes count from the answer.
    send(&cx, id, Wish { undo_minutes: 5, ..Wish::default() }).await;
    at(&app, 120, start).await;
    assert_eq!(sending::approve(&app.cx(), id).await.unwrap().email.send_state, SendingState::Scheduled);
    at(&app, 124, start).await;
    assert!(app.caught().await.is_empty());
    assert_eq!(sending::call_back(&cx, id).await.unwrap_err().code, "email.needs-approval");
    at(&app, 126, start).await;
    assert_eq!(state(&app, id).await, (SendingState::Sent, 2));
    let (_, plan) = sending::plan(&cx, id).await.unwrap();
    assert_eq!(plan.unwrap().asked_by, Some(author.id));
});

on_each_db!(a_large_send_holds_up_neither_a_receipt_nor_another_campaign, |app| {
    let everybody = people(&app, 60).await;
    let id = news(&app, &everybody).await;
    let mut receipt = email("Receipt", "Receipt");
    receipt.content.purpose = "transactional".into();
    let (receipt, welcome) = (app.email(receipt).await, app.email(email("Welcome", "Welcome")).await);
    send(&app.cx(), id, Wish::default()).await;
    // The ledger is full of news before the others come.
    let jobs = hg_app::jobs::JobWorker::new(vec![std::sync::Arc::new(sending::FillJob)]);
    hg_app::worker::Worker::run_once(&jobs, &app.cx()).await.unwrap();
    app.advance(Millis::minutes(1));
    let ws = app.ws.clone();
    let (now, contact) = (app.now(), everybody[59]);
    app.ws
        .db
        .write(move |tx| {
            let what = Queue {
                email: welcome,
                contact,
                occasion: "campaign:1:step:1:1".into(),
                campaign: Some(CampaignId(1)),
                step: None,
                due_at: now,
            };
            emails::queue_one(&ws, tx, what)
        })
        .await
        .unwrap();
    app.queue(receipt, everybody[58], "order 1").await;
    hg_app::worker::Worker::run_once(&sending::MailWorker, &app.cx()).await.unwrap();
    let first: Vec<String> = app.caught().await.into_iter().map(|m| m.about.subject).collect();
    assert!(first.len() < 40, "one batch left: {}", first.len());
    for subject in ["Receipt", "Welcome"] {
        assert!(first.iter().any(|s| s == subject), "{subject} is among the first: {first:?}");
    }
    app.settle().await;
    assert_eq!(app.caught().await.len(), 62);
});

on_each_db!(a_new_sender_sends_a_little_more_each_day_and_answers_at_once, |app| {
    pace(&app, |p| (p.warm_up, p.warm_up_first, p.warm_up_growth) = (true, 4, 50)).await;
    let everybody = people(&app, 12).await;
    let (id, start) = (news(&app, &everybody).await, app.now());
    send(&app.cx(), id, Wish::default()).await;
    app.settle().await;
    assert_eq!(state(&app, id).await.1, 4);
    let mut receipt = email("Receipt", "Receipt");
    receipt.content.purpose = "transactional".into();
    let receipt = app.email(receipt).await;
    app.queue(receipt, everybody[0], "order 1").await;
    app.settle().await;
    assert_eq!(app.caught().await.len(), 5, "a receipt does not wait");
    at(&app, 24 * 60, start).await;
    assert_eq!(state(&app, id).await.1, 4 + 6);
    at(&app, 48 * 60, start).await;
    assert_eq!(state(&app, id).await, (SendingState::Sent, 12));
});

on_each_db!(at_night_marketing_waits_for_the_contacts_own_morning, |app| {
    pace(&app, |p| p.quiet = true).await;
    let ada = app.contact("ada@example.org", "Ada").await;
    let hello = app.email(email("Hello", "Hi")).await;
    // Two in the night in Coordinated Universal Time, which is the workspace's.
    let night = app.now().start_of_day(&hg_core::time::TimeZone::UTC).plus(Millis::hours(26));
    app.play_until(night).await;
    app.queue(hello, ada, "first").await;
    app.settle().await;
    assert!(app.caught().await.is_empty());
    let waiting = sending::waiting(&app.cx(), ada).await.unwrap();
    assert_eq!((waiting.len(), waiting[0].due_at), (1, night.plus(Millis::hours(5))));
    app.play_until(night.plus(Millis::hours(5))).await;
    assert_eq!(app.caught().await.len(), 1);
});

on_each_db!(a_send_of_which_too_much_comes_back_stops_by_itself_once, |app| {
    let everybody = people(&app, 130).await;
    let (id, start) = (news(&app, &everybody).await, app.now());
    let (_, vera) = app.user("vera@example.org", hg_app::Role::Administrator).await;
    send(&vera, id, Wish { per_hour: 600, ..Wish::default() }).await;
    at(&app, 11, start).await;
    let sent = state(&app, id).await.1;
    assert!((100..130).contains(&sent), "{sent}");
    let gone =
        outbox::list(&app.cx(), hg_app::list::ListQuery { limit: 10, ..hg_app::list::ListQuery::default() }).await.unwrap();
    for (n, message) in gone.items.iter().take(8).enumerate() {
        let key = app.sends(message.contact.unwrap()).await.remove(0).tracking_key;
        let class = hg_core::deliverability::BounceClass::Unknown;
        let what = hg_app::returns::What::Bounce(class, class.verdict());
        let bounce = hg_app::returns::Returned { key: Some(key), ..hg_app::returns::Returned::new(what, format!("b{n}")) };
        let now = app.now();
        app.ws.db.write(move |tx| hg_app::returns::act(tx, now, "mailbox", &bounce)).await.unwrap();
    }
    at(&app, 60, start).await;
    let email = emails::get(&app.cx(), id).await.unwrap();
    assert_eq!((email.send_state, email.counts.sent), (SendingState::Paused, sent));
    let reason = email.stopped_reason.unwrap();
    assert!(reason.contains("came back"), "it says why");
    let told = hg_app::notices::list(&vera, hg_app::list::ListQuery::default()).await.unwrap().page.items;
    let told: Vec<(&str, &str)> = told.iter().map(|n| (n.kind.as_str(), n.body.as_str())).collect();
    assert_eq!(told, [("send.stopped", reason.as_str())], "whoever let it go hears of it once");
    // Whoever lets it go on has decided.
    sending::resume(&app.cx(), id).await.unwrap();
    at(&app, 120, start).await;
    assert_eq!(state(&app, id).await.0, SendingState::Sent);
});

on_each_db!(the_same_wish_of_a_client_sends_once, |app| {
    let ada = app.contact("ada@example.org", "Ada").await;
    let hello = app.email(email("Hello", "Hi")).await;
    let cx = app.cx();
    let ask = |key: &str| sending::send_to_contact(&cx, hello, ada, sending::Personal::default(), Some(key.to_owned()));
    let first = ask("order 17").await.unwrap();
    assert_eq!(ask("order 17").await.unwrap(), first);
    app.settle().await;
    assert_eq!(ask("order 17").await.unwrap(), first);
    assert_ne!(ask("order 18").await.unwrap(), first);
    app.settle().await;
    assert_eq!(app.caught().await.len(), 2);
    assert_eq!(ask(&"x".repeat(201)).await.unwrap_err().code, "invalid");
});

on_each_db!(impossible_wishes_are_refused_with_the_field, |app| {
    let everybody = people(&app, 1).await;
    let id = news(&app, &everybody).await;
    for (wish, pointer) in [
        (Wish { undo_minutes: 61, ..Wish::default() }, "/undo_minutes"),
        (Wish { per_hour: -1, ..Wish::default() }, "/per_hour"),
        (Wish { at: Some(app.now().plus(Millis::days(400))), ..Wish::default() }, "/at"),
    ] {
        let error = sending::send_to_segments(&app.cx(), id, wish).await.unwrap_err();
        assert_eq!(error.fields.first().map(|f| f.pointer.as_str()), Some(pointer));
    }
    assert_eq!(state(&app, id).await.0, SendingState::Idle);
});

on_each_db!(what_is_made_of_everybody_who_was_sent_an_email_follows_a_send_to_many, |app| {
    let everybody = people(&app, 12).await;
    let id = news(&app, &everybody).await;
    let filter = json!({"match": "all", "rules": [{"field": "lead_email_sent", "op": "in", "value": [id.0]}]});
    let wanted = NewSegment { name: "Had the news".into(), filter: Some(filter), ..NewSegment::default() };
    let had_it = segments::create(&app.cx(), wanted).await.unwrap().id;
    app.settle().await;
    send(&app.cx(), id, Wish::default()).await;
    app.settle().await;
    assert_eq!(state(&app, id).await, (SendingState::Sent, 12));
    let members = app.ws.db.read({
        let ws = app.ws.clone();
        move |tx| segments::members(&ws, tx, had_it)
    });
    assert_eq!(members.await.unwrap().len(), 12);
});
