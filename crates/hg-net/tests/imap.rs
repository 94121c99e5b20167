//! Reading a mailbox, against a server that speaks IMAP, and one that stops in the middle of a mail.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use hg_app::returns::{Account, MailboxReader, Mailboxes, fetch, last_look, write_mailbox};
use hg_app::settings::Mailbox;
use hg_net::imap::ImapReader;
use hg_testkit::{Backend, TestApp};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A mailbox: mails, and which of them somebody has seen.
#[derive(Default)]
struct Folder {
    mails: Vec<(String, bool)>,
    /// Hangs up in the middle of this mail.
    stops_at: Option<u32>,
    sign_ins: u32,
}

type Shared = Arc<Mutex<Folder>>;

/// A server for one folder; its port.
async fn serve(folder: Shared) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, folder.clone()));
        }
    });
    port
}

async fn talk(stream: TcpStream, folder: Shared) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"* OK IMAP4rev1 ready\r\n").await?;
    while let Some(line) = lines.next_line().await? {
        let (tag, command) = line.split_once(' ').unwrap_or((&line, ""));
        let words: Vec<&str> = command.split_whitespace().collect();
        let upper = command.to_ascii_uppercase();
        let mut answer = String::new();
        let mut hang_up = false;
        if upper.starts_with("LOGIN") {
            if !command.contains("right") {
                write.write_all(format!("{tag} NO [AUTHENTICATIONFAILED] wrong password\r\n").as_bytes()).await?;
                continue;
            }
            folder.lock().unwrap().sign_ins += 1;
        } else if upper.starts_with("SELECT") {
            let count = folder.lock().unwrap().mails.len();
            answer = format!("* {count} EXISTS\r\n* 0 RECENT\r\n* FLAGS (\\Seen \\Deleted)\r\n* OK [UIDVALIDITY 1] ok\r\n");
        } else if upper.starts_with("UID SEARCH") {
            let folder = folder.lock().unwrap();
            let unseen = folder.mails.iter().enumerate().filter(|(_, m)| !m.1).map(|(n, _)| format!(" {}", n + 1));
            answer = format!("* SEARCH{}\r\n", unseen.collect::<String>());
        } else if upper.starts_with("UID FETCH") {
            let uid: u32 = words[2].parse().unwrap();
            let folder = folder.lock().unwrap();
            let mail = &folder.mails[uid as usize - 1].0;
            answer = format!("* {uid} FETCH (UID {uid} BODY[]<0> {{{}}}\r\n{mail})\r\n", mail.len());
            if folder.stops_at == Some(uid) {
                answer.truncate(answer.len() - mail.len() / 2);
                hang_up = true;
            }
        } else if upper.starts_with("UID STORE") {
            let uid: usize = words[2].parse().unwrap();
            folder.lock().unwrap().mails[uid - 1].1 = true;
        }
        write.write_all(answer.as_bytes()).await?;
        if hang_up {
            return write.shutdown().await;
        }
        write.write_all(format!("{tag} OK done\r\n").as_bytes()).await?;
    }
    Ok(())
}

fn mail(n: u32) -> (String, bool) {
    (
        format!("From: person{n}@example.org\r\nSubject: Hello {n}\r\n\r\nThis is mail {n}, which is long enough to be cut.\r\n"),
        false,
    )
}

fn account(port: u16, password: &str) -> Account {
    Account {
        host: "127.0.0.1".into(),
        port,
        tls: false,
        verify: false,
        user: "bounces".into(),
        password: password.into(),
        folder: "INBOX".into(),
    }
}

#[tokio::test]
async fn unseen_mails_are_read_whole_and_marked() {
    let folder = Shared::default();
    folder.lock().unwrap().mails = vec![mail(1), (String::from("seen"), true), mail(3)];
    let port = serve(folder.clone()).await;
    let reader = ImapReader::new(Duration::from_secs(5));
    let mut session = reader.open(&account(port, "right")).await.unwrap();
    assert_eq!(session.unseen().await.unwrap(), [1, 3]);
    assert_eq!(session.mail(3).await.unwrap().as_deref(), Some(mail(3).0.as_bytes()));
    session.finish(3, false).await.unwrap();
    assert_eq!(session.unseen().await.unwrap(), [1]);
    session.close().await;
}

#[tokio::test]
async fn what_goes_wrong_is_said_in_words() {
    let port = serve(Shared::default()).await;
    let reader = ImapReader::new(Duration::from_secs(5));
    let refused = reader.open(&account(port, "wrong")).await.err().unwrap();
    assert!(refused.starts_with("The mailbox does not let us in"), "{refused}");
    let nobody = reader.open(&account(1, "right")).await.err().unwrap();
    assert!(nobody.starts_with("The mail server cannot be reached"), "{nobody}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_that_stops_in_the_middle_of_a_mail_loses_and_doubles_nothing() {
    let folder = Shared::default();
    {
        let mut folder = folder.lock().unwrap();
        folder.mails = (1..=5).map(mail).collect();
        folder.stops_at = Some(3);
    }
    let port = serve(folder.clone()).await;
    let app = TestApp::new(Backend::Sqlite).await;
    app.ws.set_part(Arc::new(Mailboxes(Arc::new(ImapReader::new(Duration::from_secs(5))))));
    let settings = Mailbox {
        enabled: true,
        address: "bounces@example.org".into(),
        host: "127.0.0.1".into(),
        port,
        tls: false,
        user: "bounces".into(),
        password: "right".into(),
        ..Mailbox::default()
    };
    write_mailbox(&app.cx(), settings).await.unwrap();
    let kept = async || -> i64 { app.ws.db.read(|tx| tx.scalar("SELECT count(*) FROM mail_returns")).await.unwrap() };
    let look = fetch(&app.cx(), None).await.unwrap();
    assert_eq!((look.fetched, kept().await), (2, 2));
    assert!(look.error.is_some(), "somebody can see that it stopped");
    assert_eq!(last_look(&app.cx()).await.unwrap(), Some(look));
    folder.lock().unwrap().stops_at = None;
    let look = fetch(&app.cx(), None).await.unwrap();
    assert_eq!((look.fetched, look.error, kept().await), (3, None, 5));
    // The mark got lost after the mail was taken: it comes again and is known.
    folder.lock().unwrap().mails[0].1 = false;
    assert_eq!((fetch(&app.cx(), None).await.unwrap().fetched, kept().await), (1, 5));
    assert_eq!(fetch(&app.cx(), None).await.unwrap().fetched, 0);
}
