//! A mail server that is slow, wants to be asked twice, hangs up, or does not know everybody.

use std::time::Duration;

use hg_testkit::smtp_sink::Faults;
use serde_json::json;

use crate::server::good;
use crate::stage::{DAY, MINUTE, Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_mail_server_gets_everything_once() {
    let stage = Stage::open(Faults { delay: Duration::from_millis(40), ..Faults::default() }).await;
    let segment = stage.people(40).await;
    let email = stage.send(segment, "News").await;
    let counts = stage.until_ended(email, 40).await;
    assert_eq!((&counts["sent"], &counts["unknown"], &counts["failed"]), (&json!(40), &json!(0), &json!(0)));
    stage.assert_each_once(40);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_wants_to_be_asked_twice_is_asked_twice_and_gets_everything_once() {
    let grey = Faults { greylists: Some("450 4.7.1 greylisted, come again".into()), ..Faults::default() };
    let stage = Stage::open(grey).await;
    let segment = stage.people(20).await;
    let email = stage.send(segment, "News").await;
    let path = format!("/api/v1/emails/{email}");
    let first = stage.until(&path, |e| e["counts"]["queued"] == 20 && stage.sink.offered() == 20).await;
    assert_eq!((stage.sink.total(), &first["counts"]["failed"]), (0, &json!(0)), "a no for now is no failure");
    // However many were refused at once, the server is left alone for two minutes, not for hours.
    stage.shift_clock(3 * MINUTE);
    let counts = stage.until_ended(email, 20).await;
    assert_eq!((&counts["sent"], &counts["unknown"], &counts["failed"]), (&json!(20), &json!(0), &json!(0)));
    assert_eq!(stage.sink.offered(), 40, "each was asked for twice, not more");
    stage.assert_each_once(20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_handed_over_without_an_answer_is_unknown_and_never_sent_again() {
    let stage = Stage::open(Faults { drop_after_every_nth: Some(5), ..Faults::default() }).await;
    let segment = stage.people(40).await;
    let email = stage.send(segment, "News").await;
    let counts = stage.until_ended(email, 40).await;
    assert_eq!((&counts["sent"], &counts["unknown"], &counts["failed"]), (&json!(32), &json!(8), &json!(0)));
    stage.assert_each_once(40);
    // A day later, with a server that behaves: what was unknown stays so, while other mail goes on.
    stage.sink.set_faults(Faults::default());
    stage.shift_clock(DAY);
    let later = stage.send(segment, "Later news").await;
    assert_eq!(stage.until_ended(later, 40).await["sent"], 40);
    assert_eq!(stage.sink.total(), 80, "nothing of the first was sent again");
    assert_eq!(stage.counts(email).await["unknown"], 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_tenth_address_is_refused_for_good_and_never_written_to_again() {
    let refuses = Some((10, "550 5.1.1 there is no such mailbox".to_owned()));
    let stage = Stage::open(Faults { every_nth_recipient: refuses, ..Faults::default() }).await;
    let segment = stage.people(60).await;
    let email = stage.send(segment, "News").await;
    let counts = stage.until_ended(email, 60).await;
    assert_eq!((&counts["sent"], &counts["failed"], &counts["unknown"]), (&json!(54), &json!(6), &json!(0)));
    stage.assert_each_once(54);
    let list = good(stage.web.get("/api/v1/suppressions?cause=bounced&limit=100").await).await;
    assert_eq!(list["items"].as_array().expect("a list").len(), 6, "{list}");
    stage.sink.set_faults(Faults::default());
    let before = stage.sink.offered();
    let next = stage.send(segment, "More news").await;
    assert_eq!(stage.until_ended(next, 54).await["sent"], 54);
    assert_eq!(stage.sink.offered() - before, 54, "the six are not even tried");
    let blocked = good(stage.web.get(&format!("/api/v1/emails/{next}/audience")).await).await;
    assert!(blocked.to_string().contains("6"), "{blocked}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_hangs_up_after_a_hundred_mails_costs_nothing() {
    let stage = Stage::open(Faults { close_after: Some(100), ..Faults::default() }).await;
    let segment = stage.people(450).await;
    let email = stage.send(segment, "News").await;
    let counts = stage.until_ended(email, 450).await;
    assert_eq!((&counts["sent"], &counts["unknown"], &counts["failed"]), (&json!(450), &json!(0), &json!(0)));
    stage.assert_each_once(450);
    let (connections, at_once) = stage.sink.connections();
    assert!(connections >= 5 && at_once <= crate::stage::CONNECTIONS, "{connections} connections, {at_once} at once");
}
