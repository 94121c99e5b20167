//! The SMTP client against a real server: hand-over in two halves, and every way a server can misbehave.

use std::time::Duration;

use hg_net::smtp::{Connection, DeliverError, Envelope, OfferError, Security, SmtpConfig, SmtpError, Timeouts};
use hg_testkit::smtp_sink::{Faults, SinkOptions, SmtpSink};

async fn sink(options: SinkOptions) -> (SmtpSink, SmtpConfig) {
    let sink = SmtpSink::with(options).await.expect("the sink starts");
    let config = SmtpConfig::parse(&sink.url()).expect("its address is one");
    (sink, config)
}

fn to(recipient: &str) -> Envelope {
    Envelope { sender: "shop@x.io".into(), recipient: recipient.into() }
}

fn message(id: u32) -> Vec<u8> {
    format!("Message-ID: <{id}@x.io>\r\nSubject: Hi\r\n\r\n.dots\r\nand more").into_bytes()
}

fn impatient(config: SmtpConfig) -> SmtpConfig {
    let limit = Duration::from_millis(200);
    SmtpConfig { timeouts: Timeouts { connect: limit, reply: limit, body: limit }, ..config }
}

#[tokio::test]
async fn many_messages_travel_on_one_connection() {
    for pipelining in [true, false] {
        let (sink, config) = sink(SinkOptions { pipelining, ..SinkOptions::default() }).await;
        let mut connection = Connection::open(&config).await.expect("it opens");
        for id in 0..20 {
            connection.offer(&to(&format!("p{id}@x.io")), &message(id)).await.expect("it may be sent");
            connection.deliver(&message(id)).await.expect("it is taken");
        }
        connection.close().await;
        let caught = sink.caught();
        assert_eq!(caught.len(), 20);
        assert_eq!((caught[3].from.as_str(), caught[3].to.as_slice()), ("shop@x.io", ["p3@x.io".to_owned()].as_slice()));
        assert_eq!(caught[3].message_id, "<3@x.io>");
        assert_eq!(caught[3].data, [message(3), b"\r\n".to_vec()].concat(), "dots come through, pipelining {pipelining}");
        assert_eq!(sink.connections(), (1, 1));
    }
}

#[tokio::test]
async fn nothing_is_handed_over_before_the_second_half() {
    let (sink, config) = sink(SinkOptions::default()).await;
    let mut connection = Connection::open(&config).await.expect("it opens");
    connection.offer(&to("a@x.io"), &message(1)).await.expect("it may be sent");
    drop(connection);
    let mut other = Connection::open(&config).await.expect("it opens again");
    other.offer(&to("b@x.io"), &message(2)).await.expect("it may be sent");
    other.deliver(&message(2)).await.expect("it is taken");
    assert_eq!(sink.per_recipient().keys().collect::<Vec<_>>(), ["b@x.io"]);
}

#[tokio::test]
async fn start_tls_and_tls_carry_mail_and_passwords() {
    let auth = Some(("me".to_owned(), "secret".to_owned()));
    for (start_tls, tls, login_only, security) in [
        (true, false, false, Security::StartTls),
        (true, false, true, Security::Opportunistic),
        (false, true, false, Security::Tls),
    ] {
        let (sink, config) = sink(SinkOptions { start_tls, tls, login_only, auth: auth.clone(), ..SinkOptions::default() }).await;
        let config = SmtpConfig { security, credentials: auth.clone(), verify: false, ..config };
        let mut connection = Connection::open(&config).await.expect("it opens");
        connection.offer(&to("a@x.io"), &message(1)).await.expect("it may be sent");
        connection.deliver(&message(1)).await.expect("it is taken");
        assert_eq!(sink.total(), 1);
        let wrong = SmtpConfig { credentials: Some(("me".into(), "wrong".into())), ..config };
        assert!(matches!(Connection::open(&wrong).await, Err(SmtpError::Refused(reply)) if reply.code == 535));
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_when_it_matters() {
    let (_sink, config) = sink(SinkOptions { start_tls: true, ..SinkOptions::default() }).await;
    let careful = SmtpConfig { security: Security::StartTls, verify: true, ..config };
    assert!(matches!(Connection::open(&careful).await, Err(SmtpError::Tls(_))));
}

#[tokio::test]
async fn tls_that_is_required_but_not_offered_is_an_error() {
    let (_sink, config) = sink(SinkOptions::default()).await;
    let careful = SmtpConfig { security: Security::StartTls, ..config };
    assert!(matches!(Connection::open(&careful).await, Err(SmtpError::Tls(_))));
}

#[tokio::test]
async fn a_refused_recipient_leaves_the_connection_usable() {
    for pipelining in [true, false] {
        let recipients = [
            ("gone@x.io".to_owned(), "550 5.1.1 no such user".to_owned()),
            ("later@x.io".to_owned(), "451 4.7.1 later".to_owned()),
        ]
        .into();
        let faults = Faults { recipients, ..Faults::default() };
        let (sink, config) = sink(SinkOptions { pipelining, faults, ..SinkOptions::default() }).await;
        let mut connection = Connection::open(&config).await.expect("it opens");
        let gone = connection.offer(&to("gone@x.io"), &message(1)).await.expect_err("it is refused");
        assert!(matches!(gone, OfferError::Refused(reply) if reply.is_permanent() && reply.blames_address()));
        let later = connection.offer(&to("later@x.io"), &message(2)).await.expect_err("it is refused");
        assert!(matches!(later, OfferError::Refused(reply) if !reply.is_permanent() && reply.enhanced.is_some()));
        assert!(connection.is_usable());
        connection.offer(&to("here@x.io"), &message(3)).await.expect("it may be sent");
        connection.deliver(&message(3)).await.expect("it is taken");
        assert_eq!(sink.per_recipient(), [("here@x.io".to_owned(), 1)].into());
    }
}

#[tokio::test]
async fn a_message_refused_at_its_end_is_known_not_to_be_delivered() {
    let faults = Faults { every_nth_message: Some((1, "554 5.7.1 content rejected".into())), ..Faults::default() };
    let (sink, config) = sink(SinkOptions { faults, ..SinkOptions::default() }).await;
    let mut connection = Connection::open(&config).await.expect("it opens");
    connection.offer(&to("a@x.io"), &message(1)).await.expect("it may be sent");
    let refused = connection.deliver(&message(1)).await.expect_err("it is refused");
    assert!(matches!(refused, DeliverError::Refused(reply) if reply.code == 554));
    assert!(connection.is_usable());
    assert_eq!(sink.total(), 0);
}

#[tokio::test]
async fn an_answer_that_never_comes_leaves_the_message_unknown() {
    for faults in
        [Faults { drop_after_every_nth: Some(1), ..Faults::default() }, Faults { hang_at: Some(".".into()), ..Faults::default() }]
    {
        let (sink, config) = sink(SinkOptions { faults, ..SinkOptions::default() }).await;
        let mut connection = Connection::open(&impatient(config)).await.expect("it opens");
        connection.offer(&to("a@x.io"), &message(1)).await.expect("it may be sent");
        assert!(matches!(connection.deliver(&message(1)).await, Err(DeliverError::Unknown(_))));
        assert!(!connection.is_usable());
        assert_eq!(sink.total(), 1, "the server had it all the same");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up_in_time() {
    for at in ["CONNECT", "EHLO", "MAIL", "DATA"] {
        let faults = Faults { hang_at: Some(at.into()), ..Faults::default() };
        let (_sink, config) = sink(SinkOptions { faults, ..SinkOptions::default() }).await;
        let config = impatient(config);
        let outcome = match Connection::open(&config).await {
            Ok(mut connection) => connection.offer(&to("a@x.io"), &message(1)).await.map_err(|error| match error {
                OfferError::Broken(error) => error,
                other => panic!("{other}"),
            }),
            Err(error) => Err(error),
        };
        assert!(matches!(outcome, Err(SmtpError::Timeout(_))), "{at}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_server_that_closes_after_some_messages_breaks_the_next_offer_only() {
    let faults = Faults { close_after: Some(2), ..Faults::default() };
    let (sink, config) = sink(SinkOptions { faults, ..SinkOptions::default() }).await;
    let mut connection = Connection::open(&config).await.expect("it opens");
    for id in 0..2 {
        connection.offer(&to("a@x.io"), &message(id)).await.expect("it may be sent");
        connection.deliver(&message(id)).await.expect("it is taken");
    }
    assert!(matches!(connection.offer(&to("a@x.io"), &message(3)).await, Err(OfferError::Broken(_))));
    assert!(!connection.is_usable());
    assert_eq!(sink.total(), 2);
}

#[tokio::test]
async fn an_announced_message_is_offered_with_the_end_of_the_one_before() {
    for pipelining in [true, false] {
        let (sink, config) = sink(SinkOptions { pipelining, ..SinkOptions::default() }).await;
        let mut connection = Connection::open(&config).await.expect("it opens");
        for id in 0..4 {
            connection.offer(&to(&format!("p{id}@x.io")), &message(id)).await.expect("it may be sent");
            connection.announce(&to(&format!("p{}@x.io", id + 1)), &message(id + 1));
            connection.deliver(&message(id)).await.expect("it is taken");
            assert_eq!(connection.is_promised(), pipelining);
        }
        assert_eq!(sink.total(), 4, "what is announced is not handed over");
        if pipelining {
            // The server answers in order, so that it has seen the last offer by the end of the next message.
            connection.offer(&to("p4@x.io"), &message(4)).await.expect("it may be sent");
            assert_eq!(sink.offered(), 5);
        }
        assert_eq!((sink.total(), sink.connections().0), (4, 1));
        assert!(sink.per_message_id().values().all(|n| *n == 1));
    }
}

#[tokio::test]
async fn a_refusal_of_an_announced_message_is_heard_when_it_is_offered() {
    let recipients = [("gone@x.io".to_owned(), "550 5.1.1 no such user".to_owned())].into();
    let faults = Faults { recipients, ..Faults::default() };
    let (sink, config) = sink(SinkOptions { faults, ..SinkOptions::default() }).await;
    let mut connection = Connection::open(&config).await.expect("it opens");
    connection.offer(&to("a@x.io"), &message(1)).await.expect("it may be sent");
    connection.announce(&to("gone@x.io"), &message(2));
    connection.deliver(&message(1)).await.expect("it is taken");
    let gone = connection.offer(&to("gone@x.io"), &message(2)).await.expect_err("it is refused");
    assert!(matches!(gone, OfferError::Refused(reply) if reply.is_permanent() && reply.blames_address()));
    assert!(connection.is_usable());
    connection.offer(&to("b@x.io"), &message(3)).await.expect("it may be sent");
    connection.deliver(&message(3)).await.expect("it is taken");
    assert_eq!(sink.per_recipient().keys().collect::<Vec<_>>(), ["a@x.io", "b@x.io"]);
}

#[tokio::test]
async fn where_a_message_was_announced_no_other_one_is_taken() {
    let (sink, config) = sink(SinkOptions::default()).await;
    let mut connection = Connection::open(&config).await.expect("it opens");
    connection.offer(&to("a@x.io"), &message(1)).await.expect("it may be sent");
    connection.announce(&to("b@x.io"), &message(2));
    connection.deliver(&message(1)).await.expect("it is taken");
    assert!(matches!(connection.offer(&to("c@x.io"), &message(3)).await, Err(OfferError::Broken(_))));
    assert!(!connection.is_usable());
    assert_eq!(sink.per_recipient().keys().collect::<Vec<_>>(), ["a@x.io"]);
}

#[tokio::test]
async fn what_the_server_cannot_take_is_not_even_offered() {
    let (_sink, config) = sink(SinkOptions { size: Some(30), utf8: false, ..SinkOptions::default() }).await;
    let mut connection = Connection::open(&config).await.expect("it opens");
    for (recipient, body) in [("a@x.io", vec![b'x'; 31]), ("zoë@x.io", vec![b'x']), ("a@x.io>\r\nRCPT TO:<b@x.io", vec![b'x'])] {
        assert!(matches!(connection.offer(&to(recipient), &body).await, Err(OfferError::Impossible(_))), "{recipient}");
    }
    assert!(connection.is_usable());
}

#[tokio::test]
async fn addresses_in_other_scripts_travel_when_the_server_can() {
    let (sink, config) = sink(SinkOptions::default()).await;
    let mut connection = Connection::open(&config).await.expect("it opens");
    connection.offer(&to("zoë@bücher.example"), &message(1)).await.expect("it may be sent");
    connection.deliver(&message(1)).await.expect("it is taken");
    assert_eq!(sink.per_recipient().keys().collect::<Vec<_>>(), ["zoë@bücher.example"]);
}

#[tokio::test]
async fn nobody_listening_is_an_error_and_not_a_wait() {
    let (sink, config) = sink(SinkOptions::default()).await;
    drop(sink);
    // The task that listened may take a moment to go; a refused connection is what must come in the end.
    let outcome = loop {
        match Connection::open(&impatient(config.clone())).await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert!(matches!(outcome, SmtpError::Io(_) | SmtpError::Timeout(_)), "{outcome}");
}

#[tokio::test]
async fn something_that_is_no_mail_server_is_named_so() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt;
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    let config = SmtpConfig::parse(&format!("smtp://127.0.0.1:{port}")).expect("an address");
    assert!(matches!(Connection::open(&config).await, Err(SmtpError::NotSmtp(said)) if said.starts_with("HTTP/1.1")));
}
