//! Mail through the whole ledger to servers that misbehave: who got it, who is tried again, who is told off, and that
//! nobody is mailed twice and nobody is lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use hg_app::contacts::{self, ContactInput};
use hg_app::emails::{self, Content, Counts, Kind, NewEmail, SendingState};
use hg_app::segments::{self, NewSegment};
use hg_app::sending::{self, MailTransport, SendRow};
use hg_core::emails::{MOST_ATTEMPTS, SendState};
use hg_core::ids::{ContactId, EmailId};
use hg_core::time::Millis;
use hg_net::smtp::{SmtpConfig, SmtpTransport, Timeouts};
use hg_testkit::smtp_sink::{Faults, SinkOptions, SmtpSink};
use hg_testkit::{TestApp, on_each_db};
use serde_json::json;

/// How long the product waits for this server.
const PATIENCE: Duration = Duration::from_millis(400);

async fn server(app: &TestApp, faults: Faults) -> SmtpSink {
    let sink = SmtpSink::with(SinkOptions { faults, ..SinkOptions::default() }).await.expect("the sink starts");
    let config = SmtpConfig::parse(&format!("{}?tls=none", sink.url())).expect("its address is one");
    let config = SmtpConfig { timeouts: Timeouts { connect: PATIENCE, reply: PATIENCE, body: PATIENCE }, ..config };
    app.ws.set_part(Arc::new(MailTransport(Arc::new(SmtpTransport::new(config)))));
    let mut own = app.ws.settings().sending.clone();
    own.sender_email = "team@example.org".into();
    own.max_connections = 3;
    hg_app::settings::write_sending(&app.cx(), own).await.expect("the settings are good");
    sink
}

async fn people(app: &TestApp, count: usize) -> Vec<ContactId> {
    let mut ids = Vec::new();
    for n in 0..count {
        let fields = [("email".to_owned(), json!(format!("p{n}@example.org")))].into();
        let made = contacts::create(&app.cx(), ContactInput { fields, ..ContactInput::default() }, false).await;
        ids.push(made.expect("a contact").0.id);
    }
    ids
}

/// Begins the send of an email to these people.
async fn begin(app: &TestApp, people: &[ContactId]) -> EmailId {
    let cx = app.cx();
    let segment = segments::create(&cx, NewSegment { name: "All".into(), ..NewSegment::default() }).await.expect("a segment").id;
    segments::change_by_hand(&cx, segment, people.to_vec(), true).await.expect("members");
    let content = Content { subject: "News".into(), source: "<p>Hello</p>".into(), ..Content::default() };
    let new = NewEmail { name: "News".into(), content, kind: Kind::Segment, segments: vec![segment.0], ..NewEmail::default() };
    let email = emails::create(&cx, new).await.expect("an email").id;
    sending::send_to_segments(&cx, email, sending::Wish::default()).await.expect("it begins");
    email
}

async fn counts(app: &TestApp, email: EmailId) -> (Counts, SendingState) {
    let email = emails::get(&app.cx(), email).await.expect("it is there");
    (email.counts, email.send_state)
}

async fn send_of(app: &TestApp, contact: ContactId) -> SendRow {
    let mut sends = app.ws.db.read(move |tx| sending::of_contact(tx, contact, 10)).await.expect("the ledger");
    assert_eq!(sends.len(), 1, "one row for one occasion");
    sends.remove(0)
}

/// What each got, by address.
fn got(sink: &SmtpSink) -> BTreeMap<String, u64> {
    sink.per_recipient()
}

fn nobody_twice(sink: &SmtpSink) {
    assert!(got(sink).values().all(|n| *n == 1), "{:?}", got(sink));
    assert!(sink.per_message_id().values().all(|n| *n == 1));
}

async fn is_blocked(app: &TestApp, contact: ContactId) -> bool {
    app.ws.db.read(move |tx| contacts::is_suppressed(tx, contact, "email")).await.expect("an answer")
}

on_each_db!(a_server_that_refuses_half_the_recipients_for_good_gets_each_asked_once, |app| {
    let people = people(&app, 40).await;
    let refused = (0..40).step_by(2).map(|n| (format!("p{n}@example.org"), "550 5.1.1 no such user".to_owned())).collect();
    let sink = server(&app, Faults { recipients: refused, ..Faults::default() }).await;
    let email = begin(&app, &people).await;
    app.settle().await;
    let (counts, state) = counts(&app, email).await;
    assert_eq!((counts.sent, counts.failed, counts.unknown, counts.queued), (20, 20, 0, 0));
    assert_eq!(state, SendingState::Sent);
    nobody_twice(&sink);
    assert_eq!(got(&sink).len(), 20);
    let failed = send_of(&app, people[0]).await;
    assert_eq!((failed.state, failed.reason.as_deref()), (SendState::Failed, Some("550 5.1.1 no such user")));
    assert!(is_blocked(&app, people[0]).await, "an address that is none is not mailed again");
    assert!(!is_blocked(&app, people[1]).await);
    sending::send_to_segments(&app.cx(), email, sending::Wish::default()).await.expect("again");
    app.settle().await;
    assert_eq!(got(&sink).len(), 20, "nobody is asked a second time");
});

on_each_db!(a_server_that_refuses_half_the_recipients_for_now_has_them_all_in_the_end, |app| {
    let people = people(&app, 40).await;
    let refused: BTreeMap<String, String> =
        (0..40).step_by(2).map(|n| (format!("p{n}@example.org"), "451 4.7.1 greylisted".to_owned())).collect();
    let sink = server(&app, Faults { recipients: refused, ..Faults::default() }).await;
    let email = begin(&app, &people).await;
    app.settle().await;
    let (now, state) = counts(&app, email).await;
    assert_eq!((now.sent, now.failed, now.queued, state), (20, 0, 20, SendingState::Sending), "those refused wait");
    let waiting = send_of(&app, people[0]).await;
    assert_eq!((waiting.state, waiting.attempts), (SendState::Queued, 1));
    assert!(!is_blocked(&app, people[0]).await);
    sink.set_faults(Faults::default());
    app.settle().await;
    assert_eq!(counts(&app, email).await.0.sent, 20, "not before its time");
    app.play_until(app.now().plus(Millis::minutes(2))).await;
    let (end, state) = counts(&app, email).await;
    assert_eq!((end.sent, end.failed, end.queued, state), (40, 0, 0, SendingState::Sent));
    nobody_twice(&sink);
    assert_eq!(got(&sink).len(), 40);
});

on_each_db!(who_is_refused_again_and_again_is_given_up_with_the_servers_words_and_not_blocked, |app| {
    let people = people(&app, 2).await;
    let refused = [("p0@example.org".to_owned(), "452 4.2.2 mailbox full".to_owned())].into();
    let sink = server(&app, Faults { recipients: refused, ..Faults::default() }).await;
    let email = begin(&app, &people).await;
    app.play_until(app.now().plus(Millis::days(4))).await;
    let (counts, state) = counts(&app, email).await;
    assert_eq!((counts.sent, counts.failed, counts.queued, state), (1, 1, 0, SendingState::Sent));
    let given_up = send_of(&app, people[0]).await;
    assert_eq!((given_up.state, given_up.reason.as_deref()), (SendState::Failed, Some("452 4.2.2 mailbox full")));
    assert_eq!(given_up.attempts, MOST_ATTEMPTS - 1, "the last refusal ends it");
    assert!(!is_blocked(&app, people[0]).await, "a full mailbox is no dead address");
    assert_eq!(got(&sink).len(), 1);
});

on_each_db!(a_server_that_drops_the_connection_after_the_end_of_a_message_leaves_it_unknown_and_doubles_nobody, |app| {
    let people = people(&app, 30).await;
    let sink = server(&app, Faults { drop_after_every_nth: Some(5), ..Faults::default() }).await;
    let email = begin(&app, &people).await;
    app.play_until(app.now().plus(Millis::minutes(30))).await;
    let (counts, state) = counts(&app, email).await;
    assert_eq!((counts.sent + counts.unknown, counts.failed, counts.queued, state), (30, 0, 0, SendingState::Sent));
    assert_eq!(counts.unknown, 6, "each fifth was taken without an answer");
    nobody_twice(&sink);
    assert_eq!(got(&sink).len(), 30, "the server had them all the same");
    app.play_until(app.now().plus(Millis::days(2))).await;
    assert_eq!(sink.total(), 30, "what is unknown is never sent again by itself");
});

on_each_db!(a_server_that_closes_between_messages_is_opened_anew, |app| {
    let people = people(&app, 30).await;
    let sink = server(&app, Faults { close_after: Some(4), ..Faults::default() }).await;
    let email = begin(&app, &people).await;
    app.play_until(app.now().plus(Millis::minutes(30))).await;
    let (counts, _) = counts(&app, email).await;
    assert_eq!((counts.sent, counts.unknown, counts.failed, counts.queued), (30, 0, 0, 0));
    nobody_twice(&sink);
    assert_eq!(got(&sink).len(), 30);
});

on_each_db!(a_server_that_hangs_before_it_takes_anything_delays_everybody_and_loses_nobody, |app| {
    for at in ["CONNECT", "EHLO", "MAIL", "DATA"] {
        let name = at.to_lowercase();
        let fields = [("email".to_owned(), json!(format!("{name}@example.org")))].into();
        let made = contacts::create(&app.cx(), ContactInput { fields, ..ContactInput::default() }, false).await;
        let person = made.expect("a contact").0.id;
        let sink = server(&app, Faults { hang_at: Some(at.into()), ..Faults::default() }).await;
        let email = begin(&app, &[person]).await;
        app.settle().await;
        let waiting = send_of(&app, person).await;
        assert_eq!((waiting.state, sink.total()), (SendState::Queued, 0), "{at}");
        sink.set_faults(Faults::default());
        app.play_until(app.now().plus(Millis::minutes(10))).await;
        let (counts, state) = counts(&app, email).await;
        assert_eq!((counts.sent, counts.unknown, counts.failed, state), (1, 0, 0, SendingState::Sent), "{at}");
        nobody_twice(&sink);
        assert_eq!(send_of(&app, person).await.attempts, 0, "{at}: a server that is away is no refusal");
    }
});

on_each_db!(a_server_that_never_answers_the_end_of_a_message_leaves_as_many_unknown_as_it_had_connections, |app| {
    let people = people(&app, 60).await;
    let sink = server(&app, Faults { hang_at: Some(".".into()), ..Faults::default() }).await;
    let email = begin(&app, &people).await;
    let settling = tokio::spawn({
        let ws = app.ws.clone();
        async move { hg_app::engine::standard().settle(&ws).await.expect("it settles") }
    });
    // It mends itself as soon as each of the connections hangs.
    tokio::time::timeout(Duration::from_secs(30), sink.wait_for(3)).await.expect("three hang");
    sink.set_faults(Faults::default());
    settling.await.expect("it ends");
    app.play_until(app.now().plus(Millis::minutes(30))).await;
    let (counts, state) = counts(&app, email).await;
    assert_eq!((counts.sent + counts.unknown, counts.failed, counts.queued, state), (60, 0, 0, SendingState::Sent), "{counts:?}");
    assert!((1..=3).contains(&counts.unknown), "{counts:?}");
    nobody_twice(&sink);
    assert_eq!(got(&sink).len(), 60);
});

on_each_db!(a_server_that_is_away_is_asked_less_and_less_often_and_then_gets_everything, |app| {
    let people = people(&app, 25).await;
    let sink = server(&app, Faults::default()).await;
    let address = sink.address();
    drop(sink);
    let email = begin(&app, &people).await;
    app.play_until(app.now().plus(Millis::minutes(5))).await;
    let (away, state) = counts(&app, email).await;
    assert_eq!((away.queued, away.sent, away.failed, away.unknown, state), (25, 0, 0, 0, SendingState::Sending));
    let sink = SmtpSink::with(SinkOptions { listen: address, ..SinkOptions::default() }).await.expect("it is back");
    app.play_until(app.now().plus(Millis::minutes(5))).await;
    assert_eq!(counts(&app, email).await.0.sent, 25);
    nobody_twice(&sink);
});

on_each_db!(a_content_refused_at_its_end_fails_with_the_servers_words, |app| {
    let people = people(&app, 6).await;
    let faults = Faults { every_nth_message: Some((3, "554 5.7.1 looks like spam".into())), ..Faults::default() };
    let sink = server(&app, faults).await;
    let email = begin(&app, &people).await;
    app.play_until(app.now().plus(Millis::minutes(5))).await;
    let (counts, _) = counts(&app, email).await;
    assert_eq!((counts.sent, counts.failed, counts.unknown, counts.queued), (4, 2, 0, 0));
    nobody_twice(&sink);
    for person in &people {
        assert!(!is_blocked(&app, *person).await, "the content was refused, not the address");
    }
});

on_each_db!(a_destination_that_asks_to_wait_is_left_alone_and_others_are_served, |app| {
    // Twenty at one host that is busy, and some elsewhere.
    let busy: Vec<ContactId> = people(&app, 20).await;
    let mut others = Vec::new();
    for n in 0..5 {
        let fields = [("email".to_owned(), json!(format!("o{n}@elsewhere.example")))].into();
        let made = contacts::create(&app.cx(), ContactInput { fields, ..ContactInput::default() }, false).await;
        others.push(made.expect("a contact").0.id);
    }
    let refused = (0..20).map(|n| (format!("p{n}@example.org"), "451 4.7.1 try again later".to_owned())).collect();
    let sink = server(&app, Faults { recipients: refused, ..Faults::default() }).await;
    // One connection, so that batches come one after another.
    let mut own = app.ws.settings().sending.clone();
    own.max_connections = 1;
    hg_app::settings::write_sending(&app.cx(), own).await.expect("the settings are good");
    let all: Vec<ContactId> = busy.iter().chain(&others).copied().collect();
    let email = begin(&app, &all).await;
    app.settle().await;
    assert_eq!(got(&sink).len(), 5, "the others got theirs");
    // It is asked again at its time; what was never tried waits with it instead of being refused too.
    app.advance(Millis::minutes(6));
    app.settle().await;
    sink.set_faults(Faults::default());
    app.play_until(app.now().plus(Millis::hours(6))).await;
    let (counts, state) = counts(&app, email).await;
    assert_eq!((counts.sent, counts.failed, counts.queued, state), (25, 0, 0, SendingState::Sent));
    nobody_twice(&sink);
});
