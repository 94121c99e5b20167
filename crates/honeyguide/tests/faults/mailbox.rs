//! A mailbox that stops in the middle of a mail, while the binary reads what came back.

use hg_testkit::imap_stand::{ImapOptions, ImapStand, PASSWORD};
use hg_testkit::smtp_sink::{Caught, Faults};
use serde_json::{Value, json};

use crate::server::{Server, good, until_it_answers};
use crate::stage::Stage;

/// What a mail server writes about a message that it could not deliver.
fn notice(message: &Caught) -> String {
    let (to, id) = (&message.to[0], &message.message_id);
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: {}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; {to}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 user unknown\r\n\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: {id}\r\nSubject: News\r\n\r\nHello\r\n--b--\r\n",
        message.from
    )
}

async fn look(stage: &Stage) -> Value {
    good(stage.web.post("/api/v1/mailbox/look", &json!({})).await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_that_stops_in_the_middle_of_a_mail_loses_and_doubles_nothing() {
    let mut stage = Stage::open(Faults::default()).await;
    let segment = stage.people(8).await;
    let email = stage.send(segment, "News").await;
    stage.until_ended(email, 8).await;
    let mailbox = ImapStand::start(ImapOptions::default()).await.expect("the mailbox opens");
    for message in stage.sink.caught() {
        mailbox.add(notice(&message));
    }
    mailbox.stop_at(Some(4));
    let settings = json!({"enabled": true, "address": "bounces@example.org", "host": "127.0.0.1", "port": mailbox.port(),
        "tls": false, "user": "bounces", "password": PASSWORD, "every_minutes": 1_440});
    good(stage.web.put("/api/v1/settings/mailbox", &settings).await).await;
    // The worker looks by itself as soon as there is a mailbox; whoever came first, it stopped at the fourth.
    let stopped = stage.until("/api/v1/mailbox/look", |look| look["error"].is_string()).await;
    assert!(stopped["error"].as_str().is_some_and(|why| !why.is_empty()), "{stopped}");
    let bounced = |stage: &Stage| {
        let web = stage.web.clone();
        async move { good(web.get(&format!("/api/v1/emails/{email}")).await).await["counts"]["bounced"].clone() }
    };
    look(&stage).await;
    assert_eq!((bounced(&stage).await, mailbox.unseen()), (json!(3), 5), "the rest waits in the mailbox");

    // The binary dies too, and one mail that was taken already looks as if nobody had seen it.
    stage.server.kill();
    mailbox.unsee(2);
    stage.server = Server::start(stage.dir.path(), stage.port, Some(&stage.sink));
    until_it_answers(stage.port).await;
    mailbox.stop_at(None);
    for _ in 0..2 {
        assert_eq!(look(&stage).await["error"], Value::Null);
    }
    assert_eq!((bounced(&stage).await, mailbox.unseen()), (json!(8), 0));
    let returns = good(stage.web.get("/api/v1/returns?kind=bounce&limit=100").await).await;
    assert_eq!(returns["items"].as_array().expect("a list").len(), 8, "each report stands there once");
    let list = good(stage.web.get("/api/v1/suppressions?cause=bounced&limit=100").await).await;
    assert_eq!(list["items"].as_array().expect("a list").len(), 8);
}
