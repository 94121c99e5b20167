//! Reading a mailbox, against a server that speaks IMAP, and one that stops in the middle of a mail.

use std::sync::Arc;
use std::time::Duration;

use hg_app::engine;
use hg_app::returns::{Account, MailboxReader, Mailboxes, Security, Watch, fetch, last_look, watch_state, write_mailbox};
use hg_app::settings::Mailbox;
use hg_net::imap::ImapReader;
use hg_testkit::imap_stand::{ImapOptions, ImapStand, PASSWORD};
use hg_testkit::{Backend, TestApp};

/// Longer than anything here takes when it goes well.
const PATIENCE: Duration = Duration::from_secs(20);

fn mail(n: usize) -> String {
    format!("From: person{n}@example.org\r\nSubject: Hello {n}\r\n\r\nThis is mail {n}, which is long enough to be cut.\r\n")
}

fn account(port: u16, password: &str, security: Security) -> Account {
    Account {
        host: "127.0.0.1".into(),
        port,
        security,
        verify: false,
        user: "bounces".into(),
        password: password.into(),
        folder: "INBOX".into(),
    }
}

fn reader() -> ImapReader {
    ImapReader::new(Duration::from_secs(5))
}

/// A workspace whose mailbox this is; a reader that waits that long for each answer.
async fn workspace(stand: &ImapStand, limit: Duration, start_tls: bool) -> TestApp {
    let app = TestApp::new(Backend::Sqlite).await;
    app.ws.set_part(Arc::new(Mailboxes(Arc::new(ImapReader::new(limit)))));
    let settings = Mailbox {
        enabled: true,
        address: "bounces@example.org".into(),
        host: "127.0.0.1".into(),
        port: stand.port(),
        tls: false,
        start_tls,
        verify: false,
        user: "bounces".into(),
        password: PASSWORD.into(),
        ..Mailbox::default()
    };
    write_mailbox(&app.cx(), settings).await.unwrap();
    app
}

async fn kept(app: &TestApp) -> i64 {
    app.ws.db.read(|tx| tx.scalar("SELECT count(*) FROM mail_returns")).await.unwrap()
}

#[tokio::test]
async fn unseen_mails_are_read_whole_and_marked() {
    let stand = ImapStand::start(ImapOptions::default()).await.unwrap();
    for n in 1..=3 {
        stand.add(mail(n));
    }
    let mut session = reader().open(&account(stand.port(), PASSWORD, Security::None)).await.unwrap();
    assert_eq!(session.unseen().await.unwrap(), [1, 2, 3]);
    assert_eq!(session.mail(3).await.unwrap().as_deref(), Some(mail(3).as_bytes()));
    session.finish(3, false).await.unwrap();
    assert_eq!(session.unseen().await.unwrap(), [1, 2]);
    session.close().await;
}

#[tokio::test]
async fn what_goes_wrong_is_said_in_words() {
    let stand = ImapStand::start(ImapOptions::default()).await.unwrap();
    let refused = reader().open(&account(stand.port(), "wrong", Security::None)).await.err().unwrap();
    assert!(refused.starts_with("The mailbox does not let us in"), "{refused}");
    let nobody = reader().open(&account(1, PASSWORD, Security::None)).await.err().unwrap();
    assert!(nobody.starts_with("The mail server cannot be reached"), "{nobody}");
}

#[tokio::test]
async fn with_starttls_the_password_is_never_sent_in_clear_text() {
    let stand = ImapStand::start(ImapOptions { start_tls: true, ..ImapOptions::default() }).await.unwrap();
    stand.add(mail(1));
    let mut session = reader().open(&account(stand.port(), PASSWORD, Security::StartTls)).await.unwrap();
    assert_eq!(session.unseen().await.unwrap(), [1]);
    session.close().await;
    assert_eq!(stand.sign_ins(), (1, 0));

    let plain = ImapStand::start(ImapOptions::default()).await.unwrap();
    let refused = reader().open(&account(plain.port(), PASSWORD, Security::StartTls)).await.err().unwrap();
    assert!(refused.starts_with("The mail server does not encrypt"), "{refused}");
    assert_eq!(plain.sign_ins(), (0, 0), "whoever wants it encrypted does not go on without");
    let strict = Account { verify: true, ..account(stand.port(), PASSWORD, Security::StartTls) };
    let refused = reader().open(&strict).await.err().unwrap();
    assert!(refused.starts_with("No secure connection"), "a certificate that nobody vouches for: {refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_that_stops_in_the_middle_of_a_mail_loses_and_doubles_nothing() {
    let stand = ImapStand::start(ImapOptions::default()).await.unwrap();
    for n in 1..=5 {
        stand.add(mail(n));
    }
    stand.stop_at(Some(3));
    let app = workspace(&stand, Duration::from_secs(5), false).await;
    let look = fetch(&app.cx(), None).await.unwrap();
    assert_eq!((look.fetched, kept(&app).await), (2, 2));
    assert!(look.error.is_some(), "somebody can see that it stopped");
    assert_eq!(last_look(&app.cx()).await.unwrap(), Some(look));
    stand.stop_at(None);
    let look = fetch(&app.cx(), None).await.unwrap();
    assert_eq!((look.fetched, look.error, kept(&app).await), (3, None, 5));
    // The mark got lost after the mail was taken: it comes again and is known.
    stand.unsee(1);
    assert_eq!((fetch(&app.cx(), None).await.unwrap().fetched, kept(&app).await), (1, 5));
    assert_eq!(fetch(&app.cx(), None).await.unwrap().fetched, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_that_falls_silent_in_the_middle_of_a_mail_is_given_up_for_now() {
    let stand = ImapStand::start(ImapOptions::default()).await.unwrap();
    for n in 1..=3 {
        stand.add(mail(n));
    }
    stand.fall_silent_at(Some(2));
    let app = workspace(&stand, Duration::from_millis(400), false).await;
    let look = fetch(&app.cx(), None).await.unwrap();
    assert_eq!((look.fetched, stand.unseen()), (1, 2));
    assert!(look.error.as_deref().is_some_and(|e| e.contains("no answer within")), "{look:?}");
    stand.fall_silent_at(None);
    assert_eq!((fetch(&app.cx(), None).await.unwrap().fetched, kept(&app).await), (2, 3));
}

/// Runs the workers as the server does, until the test is over.
fn served(app: &TestApp) {
    let ws = app.ws.clone();
    tokio::spawn(async move { engine::standard().run(&ws).await });
}

/// Looks until it is so.
async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect(what);
}

async fn until_kept(app: &TestApp, count: i64) {
    until("the mails are taken", async || kept(app).await == count).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_tells_of_new_mail_is_read_at_once_also_after_it_hung_up() {
    let stand = ImapStand::start(ImapOptions { idle: true, start_tls: true }).await.unwrap();
    let app = workspace(&stand, Duration::from_secs(5), true).await;
    served(&app);
    let idling = |count| tokio::time::timeout(PATIENCE, stand.until_idling(count));
    idling(1).await.expect("it listens");
    assert_eq!(watch_state(&app.cx()).unwrap(), Watch::Told);
    stand.add(mail(1));
    until_kept(&app, 1).await;
    // The clock stands still: only the server's word can have led to the look.
    idling(1).await.expect("it listens on");
    stand.hang_up();
    idling(0).await.expect("the line is cut");
    idling(1).await.expect("it comes back by itself");
    stand.add(mail(2));
    until_kept(&app, 2).await;
    assert_eq!(stand.sign_ins().1, 0, "each line was encrypted");
    app.ws.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_does_not_tell_is_looked_into_every_few_minutes() {
    let stand = ImapStand::start(ImapOptions::default()).await.unwrap();
    let app = workspace(&stand, Duration::from_secs(5), false).await;
    served(&app);
    until("it was asked", async || watch_state(&app.cx()).unwrap() == Watch::Polled).await;
    until("it was looked into", async || last_look(&app.cx()).await.unwrap().is_some()).await;
    stand.add(mail(1));
    app.clock.advance(hg_core::time::Millis::minutes(6));
    until_kept(&app, 1).await;
    app.ws.stop();
}
