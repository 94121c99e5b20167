//! What comes back: dead addresses are left alone, passing refusals are counted, and strangers change nothing.

mod mail;

use hg_app::returns::{self, Outcome, Returned, What, act, read_mail};
use hg_app::settings::Mailbox;
use hg_app::suppressions;
use hg_app::{Cx, emails};
use hg_core::deliverability::{BounceClass, BounceVerdict};
use hg_core::ids::{ContactId, EmailId};
use hg_core::time::Millis;
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};

/// A notice of a mail server about a message.
fn notice(to: &str, recipient: &str, status: &str, diagnostic: &str, message_id: &str) -> Vec<u8> {
    format!(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Undelivered\r\nAuto-Submitted: auto-replied\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nIt did not work.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n\
         Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: {status}\r\nDiagnostic-Code: smtp; {diagnostic}\r\n\r\n\
         --b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{message_id}>\r\nSubject: Hi\r\n\r\nHi\r\n--b--\r\n"
    )
    .into_bytes()
}

async fn taken(app: &TestApp, returned: Returned) -> Outcome {
    let now = app.now();
    app.ws.db.write(move |tx| act(tx, now, "mailbox", &returned)).await.unwrap()
}

/// Ann, an email, and that she was sent it.
async fn sent(app: &TestApp, address: &str) -> (ContactId, EmailId, hg_app::sending::SendRow) {
    let ann = app.contact(address, "Ann").await;
    let hello = app.email(email("Hello", "Hi")).await;
    app.queue(hello, ann, "first").await;
    app.settle().await;
    let send = app.sends(ann).await.remove(0);
    (ann, hello, send)
}

fn bounce(class: BounceClass, key: &str, event: &str) -> Returned {
    Returned { key: Some(key.to_owned()), ..Returned::new(What::Bounce(class, class.verdict()), event) }
}

on_each_db!(a_dead_address_is_never_written_to_again, |app| {
    let (ann, hello, send) = sent(&app, "ann@example.org").await;
    let raw = notice("bounces@x.io", "ann@example.org", "5.1.1", "550 user unknown", &send.message_id);
    let returned = read_mail(&raw);
    assert_eq!(returned.what, What::Bounce(BounceClass::Unknown, BounceVerdict::Suppress));
    assert_eq!(taken(&app, returned.clone()).await, Outcome::Done);
    assert_eq!(taken(&app, returned).await, Outcome::Repeated, "the same notice twice is one");
    assert_eq!(app.blocked(ann).await, Some(2));
    let list = suppressions::list(&app.cx(), suppressions::SuppressionQuery::default()).await.unwrap();
    assert_eq!((list.items.len(), list.items[0].source.as_str()), (1, "mailbox"));
    let timeline: Vec<i64> = kinds(&app, ann).await;
    assert!(timeline.contains(&25), "the timeline tells of the bounce: {timeline:?}");
    let bounced: i64 = count(&app, "SELECT bounced FROM email_counts WHERE email_id = $1", hello.0).await;
    assert_eq!(bounced, 1);
    assert_eq!(emails::get(&app.cx(), hello).await.unwrap().counts.sent, 1);
});

async fn kinds(app: &TestApp, contact: ContactId) -> Vec<i64> {
    let sql = "SELECT kind FROM events WHERE contact_id = $1 ORDER BY id";
    app.ws.db.read(move |tx| tx.all(hg_store::Sql::new(sql).bind(contact), |r| r.get(0))).await.unwrap()
}

async fn count(app: &TestApp, sql: &'static str, id: i64) -> i64 {
    app.ws.db.read(move |tx| tx.scalar(hg_store::Sql::new(sql).bind(id))).await.unwrap()
}

on_each_db!(passing_refusals_count_and_five_over_a_week_are_enough, |app| {
    let (ann, _, send) = sent(&app, "ann@example.org").await;
    for day in 0..7 {
        assert_eq!(app.blocked(ann).await, None, "after {day} days");
        taken(&app, bounce(BounceClass::Full, &send.tracking_key, &format!("event {day}"))).await;
        app.advance(Millis::days(1));
    }
    assert_eq!(app.blocked(ann).await, None, "six days are no week");
    taken(&app, bounce(BounceClass::Full, &send.tracking_key, "event 7")).await;
    assert_eq!(app.blocked(ann).await, Some(2));
});

on_each_db!(whoever_is_heard_of_begins_anew, |app| {
    let (ann, _, send) = sent(&app, "ann@example.org").await;
    for day in 0..7 {
        taken(&app, bounce(BounceClass::Full, &send.tracking_key, &format!("event {day}"))).await;
        app.advance(Millis::days(1));
    }
    let (now, row) = (app.now(), send.clone());
    app.ws.db.write(move |tx| hg_app::sending::responses::write_open(tx, now, &row, false)).await.unwrap();
    taken(&app, bounce(BounceClass::Full, &send.tracking_key, "event 8")).await;
    assert_eq!(app.blocked(ann).await, None, "she opened a mail: the mailbox lives");
});

on_each_db!(what_is_our_fault_never_blocks_a_contact, |app| {
    let (ann, _, send) = sent(&app, "ann@example.org").await;
    for (n, class) in
        [BounceClass::Antispam, BounceClass::ContentReject, BounceClass::Oversize, BounceClass::DnsLoop].iter().enumerate()
    {
        for round in 0..9 {
            taken(&app, bounce(*class, &send.tracking_key, &format!("{n} {round}"))).await;
            app.advance(Millis::days(2));
        }
    }
    assert_eq!(app.blocked(ann).await, None);
});

on_each_db!(a_complaint_blocks_even_what_people_ask_for, |app| {
    let (ann, _, send) = sent(&app, "ann@example.org").await;
    let raw = format!(
        "From: fbl@provider.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nAbuse.\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n\
         Version: 1\r\nOriginal-Rcpt-To: <ann@example.org>\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nMessage-ID: <{}>\r\n\r\nHi\r\n--b--\r\n",
        send.message_id
    );
    let returned = read_mail(raw.as_bytes());
    assert_eq!((&returned.what, returned.address.as_deref()), (&What::Complaint, Some("ann@example.org")));
    assert_eq!(taken(&app, returned).await, Outcome::Done);
    assert_eq!(app.blocked(ann).await, Some(1));
    let content = emails::Content { purpose: "transactional".into(), ..email("Receipt", "Receipt").content };
    let receipt = app.email(emails::NewEmail { content, ..email("Receipt", "") }).await;
    let queued = app.queue(receipt, ann, "order").await;
    assert_eq!(queued, emails::Queued::Skipped(emails::SkipReason::Undeliverable));
});

on_each_db!(mail_that_we_never_sent_is_counted_and_changes_nothing, |app| {
    let bob = app.contact("bob@example.org", "Bob").await;
    let raw = notice("bounces@x.io", "bob@example.org", "5.1.1", "550 user unknown", "someone.else@elsewhere.example");
    assert_eq!(taken(&app, read_mail(&raw)).await, Outcome::NotOurs);
    assert_eq!(app.blocked(bob).await, None);
    let raw = notice("bounces+bounce_0123456789abcdef012345@x.io", "nobody@x.io", "5.1.1", "550 no", "a.b@c");
    assert_eq!(taken(&app, read_mail(&raw)).await, Outcome::NotOurs, "a key that was never given out");
});

on_each_db!(mail_of_our_own_that_comes_back_is_dropped_and_counted, |app| {
    let (ann, _, send) = sent(&app, "ann@example.org").await;
    let before = kinds(&app, ann).await;
    // Somebody's address forwards to the mailbox: our very message arrives, once with our mark and once stripped of it.
    let whole = app.caught().await[0].bytes.clone();
    let returned = read_mail(&whole);
    assert_eq!(returned.what, What::Loop);
    assert_eq!(taken(&app, returned).await, Outcome::Loop);
    let stripped = format!(
        "Message-ID: <{}>\r\nFrom: team@x.io\r\nTo: ann@example.org\r\nSubject: Hi\r\nContent-Type: text/html\r\n\r\n\
         <img src=\"http://x.io/email/{}.gif\">",
        send.message_id, send.tracking_key
    );
    assert_eq!(taken(&app, read_mail(stripped.as_bytes())).await, Outcome::Loop);
    assert_eq!(kinds(&app, ann).await, before, "nobody answered, nobody left");
    assert_eq!(app.blocked(ann).await, None);
    let kept: i64 = app.ws.db.read(|tx| tx.scalar("SELECT count(*) FROM mail_returns")).await.unwrap();
    assert_eq!((kept, app.caught().await.len()), (0, 1), "nothing is kept, and nothing is sent because of it");
});

on_each_db!(no_machines_answer_is_an_answer_or_causes_one, |app| {
    let (ann, hello, send) = sent(&app, "ann@example.org").await;
    for (n, header) in [
        "Auto-Submitted: auto-replied",
        "Auto-Submitted: auto-generated (vacation)",
        "X-Autoreply: yes",
        "X-Autorespond: on holiday",
        "X-Autoresponse: 1",
        "X-Auto-Response-Suppress: All",
        "Precedence: auto_reply",
        "Precedence: junk",
        "Precedence: list",
        "List-Id: <talk.example.org>",
        "X-Loop: ann@example.org",
        "Return-Path: <>",
        "Subject: Out of Office: Hi",
        "Subject: Automatic reply: Hi",
        "Subject: Abwesenheitsnotiz: Hi",
        "Subject: Réponse automatique : Hi",
    ]
    .iter()
    .enumerate()
    {
        let subject = if header.starts_with("Subject") { "" } else { "Subject: Re: Hi\r\n" };
        let raw = format!(
            "From: Ann <ann@example.org>\r\nTo: bounces@x.io\r\n{subject}{header}\r\nIn-Reply-To: <{}>\r\n\r\nAway, no. {n}",
            send.message_id
        );
        let returned = read_mail(raw.as_bytes());
        assert_eq!(returned.what, What::AutoReply, "{header}");
        assert_eq!(taken(&app, returned).await, Outcome::Done, "{header}");
    }
    app.settle().await;
    assert!(!kinds(&app, ann).await.contains(&24), "nobody answered");
    assert_eq!(count(&app, "SELECT replied FROM email_counts WHERE email_id = $1", hello.0).await, 0);
    assert_eq!(app.caught().await.len(), 1, "no machine is answered");
});

on_each_db!(an_answer_counts_and_a_machines_answer_does_not, |app| {
    let (ann, hello, send) = sent(&app, "ann@example.org").await;
    let answer = |extra: &str, body: &str| {
        format!(
            "From: Ann <ann@example.org>\r\nTo: team@x.io\r\nSubject: Re: Hi\r\nIn-Reply-To: <{}>\r\n{extra}\r\n{body}",
            send.message_id
        )
    };
    for (extra, body) in [
        ("Auto-Submitted: auto-replied\r\n", "I am away"),
        ("X-Autoreply: yes\r\n", "I am away"),
        ("Precedence: bulk\r\n", "I am away"),
    ] {
        let returned = read_mail(answer(extra, body).as_bytes());
        assert_eq!(returned.what, What::AutoReply, "{extra}");
        taken(&app, returned).await;
    }
    assert!(!kinds(&app, ann).await.contains(&24));
    let returned = read_mail(answer("", "Yes, please!").as_bytes());
    assert_eq!(returned.what, What::Reply);
    assert_eq!(taken(&app, returned).await, Outcome::Done);
    assert!(kinds(&app, ann).await.contains(&24));
    assert_eq!(count(&app, "SELECT replied FROM email_counts WHERE email_id = $1", hello.0).await, 1);
    let quoted = format!(
        "From: ann@example.org\r\nSubject: Hello again\r\nContent-Type: text/html\r\n\r\n<p>Yes</p><img src=\"http://x.io/email/{}.gif\">",
        send.tracking_key
    );
    let returned = read_mail(quoted.as_bytes());
    assert_eq!((&returned.what, returned.key.as_deref()), (&What::Reply, Some(send.tracking_key.as_str())));
    let stranger = read_mail(b"From: eve@example.org\r\nSubject: Buy this\r\n\r\nNow!");
    assert_eq!(taken(&app, stranger).await, Outcome::NotOurs);
});

on_each_db!(a_mail_to_the_leaving_address_unsubscribes_its_recipient, |app| {
    switch_on(&app.cx()).await;
    let (ann, _, send) = sent(&app, "ann@example.org").await;
    let source = String::from_utf8_lossy(&app.caught().await[0].bytes).into_owned();
    let address = format!("bounces+unsubscribe_{}@x.io", send.tracking_key);
    let joined = source.replace("\r\n ", " ").replace("\r\n\t", " ");
    assert!(joined.contains(&format!("<mailto:{address}?subject=unsubscribe>")), "{source}");
    assert_eq!(app.caught().await[0].about.from, format!("bounces+bounce_{}@x.io", send.tracking_key));
    let raw = format!("From: ann@example.org\r\nTo: {address}\r\nSubject: unsubscribe\r\n\r\n");
    let returned = read_mail(raw.as_bytes());
    assert_eq!(returned.what, What::Unsubscribe);
    assert_eq!(taken(&app, returned).await, Outcome::Done);
    assert_eq!(app.blocked(ann).await, Some(1));
});

/// A mailbox for everything that comes back.
async fn switch_on(cx: &Cx) {
    let mailbox = Mailbox {
        enabled: true,
        address: "bounces@x.io".into(),
        host: "imap.x.io".into(),
        user: "bounces".into(),
        password: "secret of the mailbox".into(),
        ..Mailbox::default()
    };
    returns::write_mailbox(cx, mailbox).await.unwrap();
}

on_each_db!(the_mailboxs_password_lies_nowhere_readable_and_goes_to_no_other_server, |app| {
    switch_on(&app.cx()).await;
    let body = "SELECT body FROM settings WHERE section = 'mailbox'";
    let stored: serde_json::Value = app.ws.db.read(move |tx| tx.scalar(body)).await.unwrap();
    assert!(!stored.to_string().contains("secret of the mailbox"), "{stored}");
    let shown = returns::read_mailbox(&app.cx()).unwrap();
    assert_eq!(shown.password, "");
    returns::write_mailbox(&app.cx(), Mailbox { folder: "Bounces".into(), ..shown.clone() }).await.unwrap();
    let elsewhere = returns::write_mailbox(&app.cx(), Mailbox { host: "imap.evil.example".into(), ..shown }).await.unwrap_err();
    assert_eq!(elsewhere.fields[0].pointer, "/password");
});

#[test]
fn mails_are_told_apart() {
    for (mail, what) in [
        ("From: MAILER-DAEMON@x.io\r\nX-Failed-Recipients: ann@example.org\r\n\r\nAddress not found", "bounce unknown"),
        ("From: postmaster@x.io\r\n\r\nThe mailbox is full.", "bounce full"),
        ("From: a@b.c\r\nSubject: Out of office\r\n\r\nBack on Monday", "auto_reply"),
        ("From: a@b.c\r\nReturn-Path: <>\r\n\r\nHm", "auto_reply"),
        ("From: a@b.c\r\nSubject: Re: Hi\r\n\r\nThanks", "reply"),
        ("", "other"),
    ] {
        let returned = read_mail(mail.as_bytes());
        let class = match returned.what {
            What::Bounce(class, _) => format!(" {}", class.key()),
            _ => String::new(),
        };
        assert_eq!(format!("{}{class}", returned.what.key()), what, "{mail}");
    }
}
