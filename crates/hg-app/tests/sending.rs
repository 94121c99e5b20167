//! Sending: nobody gets anything twice, nobody is forgotten, and nobody who left is mailed.

mod mail;

use hg_app::Role;
use hg_app::emails::{self, Content, EmailPatch, NewEmail, Queued, SkipReason};
use hg_app::list::ListQuery;
use hg_app::sending::{self, outbox, responses, unsubscribe};
use hg_core::emails::SendState;
use hg_core::time::Millis;
use hg_testkit::on_each_db;
use mail::{Desk, email};

on_each_db!(a_queued_message_lands_in_the_outbox_filled_in_for_its_contact, |app| {
    let ann = app.contact("ann@example.org", "Ann").await;
    let hello = app.email(email("Hello", "Hi {contactfield=firstname|there}")).await;
    assert!(matches!(app.queue(hello, ann, "first").await, Queued::Queued(_)));
    app.settle().await;
    let caught = app.caught().await;
    assert_eq!(caught.len(), 1);
    assert_eq!((caught[0].about.to.as_str(), caught[0].about.subject.as_str()), ("ann@example.org", "Hi Ann"));
    let source = String::from_utf8_lossy(&caught[0].bytes).into_owned();
    for header in
        ["List-Unsubscribe: <http://honeyguide.test/email/unsubscribe/", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
    {
        assert!(source.contains(header), "{source}");
    }
    let counts = emails::get(&app.cx(), hello).await.unwrap().counts;
    assert_eq!((counts.sent, counts.queued), (1, 0));
});

on_each_db!(the_same_occasion_never_sends_twice, |app| {
    let ann = app.contact("ann@example.org", "Ann").await;
    let hello = app.email(email("Hello", "Hi")).await;
    let first = app.queue(hello, ann, "first").await;
    assert_eq!(app.queue(hello, ann, "first").await, first);
    app.settle().await;
    assert_eq!(app.queue(hello, ann, "first").await, first);
    assert_eq!(app.queue(hello, ann, "second").await, Queued::Skipped(SkipReason::HadItAlready));
    app.settle().await;
    assert_eq!(app.caught().await.len(), 1);
});

on_each_db!(whoever_leaves_after_the_queueing_is_not_mailed, |app| {
    let ann = app.contact("ann@example.org", "Ann").await;
    let hello = app.email(email("Hello", "Hi")).await;
    app.queue(hello, ann, "first").await;
    app.block(ann, 1).await;
    app.settle().await;
    assert!(app.caught().await.is_empty());
    let send = app.sends(ann).await.remove(0);
    assert_eq!((send.state, send.reason.as_deref()), (SendState::Skipped, Some("opted-out")));
    assert_eq!(emails::get(&app.cx(), hello).await.unwrap().counts.skipped, 1);
});

on_each_db!(a_receipt_reaches_those_who_left_but_not_dead_addresses, |app| {
    let content = Content { purpose: "transactional".into(), ..email("Receipt", "Receipt").content };
    let receipt = app.email(NewEmail { content, ..email("Receipt", "") }).await;
    let (ann, bob) = (app.contact("ann@example.org", "Ann").await, app.contact("bob@example.org", "Bob").await);
    app.block(ann, 1).await;
    app.block(bob, 2).await;
    assert!(matches!(app.queue(receipt, ann, "order 1").await, Queued::Queued(_)));
    assert!(matches!(app.queue(receipt, ann, "order 2").await, Queued::Queued(_)));
    assert_eq!(app.queue(receipt, bob, "order 3").await, Queued::Skipped(SkipReason::Undeliverable));
    app.settle().await;
    assert_eq!(app.caught().await.len(), 2);
});

on_each_db!(a_contact_without_an_address_is_skipped_with_a_reason, |app| {
    let nobody = app.contact("", "Nobody").await;
    let hello = app.email(email("Hello", "Hi")).await;
    assert_eq!(app.queue(hello, nobody, "first").await, Queued::Skipped(SkipReason::NoAddress));
});

on_each_db!(an_email_deleted_or_unpublished_in_the_meantime_is_not_sent, |app| {
    let ann = app.contact("ann@example.org", "Ann").await;
    let (gone, hidden) = (app.email(email("Gone", "Hi")).await, app.email(email("Hidden", "Hi")).await);
    app.queue(gone, ann, "first").await;
    app.queue(hidden, ann, "first").await;
    emails::delete(&app.cx(), gone).await.unwrap();
    emails::update(&app.cx(), hidden, EmailPatch { published: Some(false), ..EmailPatch::default() }).await.unwrap();
    app.settle().await;
    assert!(app.caught().await.is_empty());
    assert!(app.sends(ann).await.iter().all(|s| s.reason.as_deref() == Some("not-published")));
    assert_eq!(app.queue(hidden, ann, "second").await, Queued::Skipped(SkipReason::NotPublished));
});

on_each_db!(a_message_waits_for_its_time, |app| {
    let ann = app.contact("ann@example.org", "Ann").await;
    let hello = app.email(email("Hello", "Hi")).await;
    let later = app.now().plus(Millis::hours(3));
    app.queue_at(hello, ann, "later", later).await;
    app.settle().await;
    assert!(app.caught().await.is_empty());
    app.play_until(later).await;
    assert_eq!(app.caught().await[0].about.caught_at, later);
});

on_each_db!(an_open_counts_once_and_a_click_counts_as_an_open, |app| {
    let (ann, bob) = (app.contact("ann@example.org", "Ann").await, app.contact("bob@example.org", "Bob").await);
    let hello = app.email(email("Hello", "Hi")).await;
    app.queue(hello, ann, "first").await;
    app.queue(hello, bob, "first").await;
    app.settle().await;
    for caught in app.caught().await.iter().filter(|c| c.about.contact == Some(ann)) {
        outbox::open(&app.cx(), caught.about.id).await.unwrap();
        outbox::open(&app.cx(), caught.about.id).await.unwrap();
    }
    let (send, now) = (app.sends(bob).await.remove(0), app.now());
    app.ws.db.write(move |tx| responses::write_click(tx, now, &send, 1, "https://x.io", None)).await.unwrap();
    let counts = emails::get(&app.cx(), hello).await.unwrap().counts;
    assert_eq!((counts.sent, counts.opened, counts.clicked), (2, 2, 1));
});

on_each_db!(the_link_in_a_mail_unsubscribes_its_recipient_and_nobody_else, |app| {
    let ann = app.contact("ann@example.org", "Ann").await;
    let hello = app.email(email("Hello", "Hi")).await;
    app.queue(hello, ann, "first").await;
    app.settle().await;
    let key = app.sends(ann).await[0].tracking_key.clone();
    let link = unsubscribe::LeaveLink { key, ..Default::default() };
    let seen = unsubscribe::of_link(&app.visitor(), link.clone()).await.unwrap().expect("it is ours");
    assert!(!seen.has_left, "looking is not leaving");
    assert!(unsubscribe::leave(&app.visitor(), link.clone()).await.unwrap().expect("it is ours").has_left);
    unsubscribe::leave(&app.visitor(), link.clone()).await.unwrap();
    assert_eq!(emails::get(&app.cx(), hello).await.unwrap().counts.unsubscribed, 1);
    unsubscribe::come_back(&app.visitor(), link).await.unwrap();
    let other = app.email(email("Other", "Hi")).await;
    assert!(matches!(app.queue(other, ann, "again").await, Queued::Queued(_)));
    let forged = unsubscribe::LeaveLink { address: "ann@example.org".into(), secret: "0".repeat(64), key: "nobody".into() };
    assert_eq!(unsubscribe::leave(&app.visitor(), forged).await.unwrap(), None);
});

on_each_db!(a_link_works_by_its_secret_when_the_message_is_forgotten, |app| {
    app.contact("ann@example.org", "Ann").await;
    let secret = hg_core::emails::unsubscribe_secret(&app.ws.site.secret_key, "ann@example.org");
    let link = unsubscribe::LeaveLink { key: "forgotten".into(), address: "Ann@Example.org".into(), secret };
    assert!(unsubscribe::leave(&app.visitor(), link).await.unwrap().expect("it is ours").has_left);
});

on_each_db!(a_bounce_never_replaces_an_opt_out, |app| {
    let ann = app.contact("ann@example.org", "Ann").await;
    app.block(ann, 1).await;
    app.block(ann, 2).await;
    assert_eq!(app.blocked(ann).await, Some(1));
});

on_each_db!(what_a_crash_left_claimed_waits_again_and_what_was_handed_over_is_unknown, |app| {
    let (ann, bob) = (app.contact("ann@example.org", "Ann").await, app.contact("bob@example.org", "Bob").await);
    let hello = app.email(email("Hello", "Hi")).await;
    app.queue(hello, ann, "first").await;
    app.queue(hello, bob, "first").await;
    app.force_state(ann, SendState::Claimed).await;
    app.force_state(bob, SendState::HandingOver).await;
    assert_eq!(sending::recover(&app.cx(), true).await.unwrap(), 2);
    app.settle().await;
    assert_eq!(app.sends(ann).await[0].state, SendState::Sent);
    assert_eq!(app.sends(bob).await[0].state, SendState::Unknown);
    let counts = emails::get(&app.cx(), hello).await.unwrap().counts;
    assert_eq!((counts.sent, counts.unknown, app.caught().await.len()), (1, 1, 1));
});

on_each_db!(a_test_goes_out_marked_and_leaves_no_trace_in_the_numbers, |app| {
    let ann = app.contact("ann@example.org", "Ann").await;
    let hello = app.email(email("Hello", "Hi {contactfield=firstname|there}")).await;
    sending::send_test(&app.cx(), hello, vec!["me@example.org".into()], Some(ann)).await.unwrap();
    let caught = app.caught().await;
    assert_eq!((caught[0].about.to.as_str(), caught[0].about.subject.as_str()), ("me@example.org", "[TEST] Hi Ann"));
    assert_eq!(emails::get(&app.cx(), hello).await.unwrap().counts, emails::Counts::default());
    let wrong = sending::send_test(&app.cx(), hello, vec!["not an address".into()], None).await.unwrap_err();
    assert_eq!(wrong.fields[0].pointer, "/to");
});

on_each_db!(a_message_shows_what_was_sent_even_after_the_email_was_changed, |app| {
    let ann = app.contact("ann@example.org", "Ann").await;
    let hello = app.email(email("Hello", "Before")).await;
    app.queue(hello, ann, "first").await;
    app.settle().await;
    let mut content = emails::get(&app.cx(), hello).await.unwrap().content;
    content.source = "<p>After</p>".into();
    emails::update(&app.cx(), hello, EmailPatch { content: Some(content), ..EmailPatch::default() }).await.unwrap();
    let key = app.sends(ann).await[0].tracking_key.clone();
    let (html, _) = sending::web_view(&app.visitor(), &key).await.unwrap().expect("it is ours");
    assert!(html.contains("Dear Ann") && !html.contains("After"), "{html}");
    assert!(!html.contains(".gif"), "looking at the copy is counted by the page, not by a pixel: {html}");
});

on_each_db!(what_is_wrong_with_an_email_is_told_at_the_field, |app| {
    let broken = NewEmail {
        name: String::new(),
        content: Content {
            format: "mjml".into(),
            source: "<mjml><mj-body><mj-nope>".into(),
            from_address: "nobody".into(),
            ..Content::default()
        },
        ..NewEmail::default()
    };
    let wrong = emails::create(&app.cx(), broken).await.unwrap_err();
    let pointers: Vec<&str> = wrong.fields.iter().map(|f| f.pointer.as_str()).collect();
    assert_eq!(pointers, ["/name", "/subject", "/from_address", "/source"]);
});

on_each_db!(two_people_who_edit_the_same_email_do_not_overwrite_each_other, |app| {
    let hello = app.email(email("Hello", "Hi")).await;
    let patch = |name: &str| EmailPatch { version: Some(1), name: Some(name.into()), ..EmailPatch::default() };
    emails::update(&app.cx(), hello, patch("First")).await.unwrap();
    assert_eq!(emails::update(&app.cx(), hello, patch("Second")).await.unwrap_err().code, "changed-meanwhile");
    assert_eq!(emails::get(&app.cx(), hello).await.unwrap().name, "First");
});

on_each_db!(a_viewer_sees_emails_and_sends_nothing, |app| {
    let hello = app.email(email("Hello", "Hi")).await;
    let (_, viewer) = app.user("vera@example.org", Role::Viewer).await;
    assert!(emails::get(&viewer, hello).await.is_ok());
    assert_eq!(emails::create(&viewer, email("X", "X")).await.unwrap_err().code, "forbidden");
    assert_eq!(sending::send_test(&viewer, hello, vec!["v@example.org".into()], None).await.unwrap_err().code, "forbidden");
    assert!(emails::get(&app.visitor(), hello).await.is_err());
});

on_each_db!(lists_are_searched_sorted_and_paged, |app| {
    for name in ["Beta", "alpha", "Gamma"] {
        app.email(email(name, &format!("Subject {name}"))).await;
    }
    let names = async |query: ListQuery| {
        let page = emails::list(&app.cx(), query, None).await.unwrap();
        (page.items.iter().map(|e| e.name.clone()).collect::<Vec<_>>(), page.next_cursor)
    };
    let (first, cursor) = names(ListQuery { sort: "name".into(), limit: 2, ..ListQuery::default() }).await;
    let (second, end) = names(ListQuery { sort: "name".into(), limit: 2, cursor, ..ListQuery::default() }).await;
    assert_eq!((first.len(), second.len(), end), (2, 1, None));
    let (found, _) = names(ListQuery { search: "gam".into(), ..ListQuery::default() }).await;
    assert_eq!(found, ["Gamma"]);
});

on_each_db!(an_email_is_sent_only_within_its_window, |app| {
    let (ann, bob) = (app.contact("ann@example.org", "Ann").await, app.contact("bob@example.org", "Bob").await);
    let (up, down) = (app.now().plus(Millis::hours(1)), app.now().plus(Millis::hours(3)));
    let spring = app.email(NewEmail { publish_up: Some(up), publish_down: Some(down), ..email("Spring", "Spring") }).await;
    assert_eq!(app.queue(spring, ann, "early").await, Queued::Skipped(SkipReason::NotPublished));
    app.advance(Millis::hours(1));
    assert!(matches!(app.queue(spring, ann, "in time").await, Queued::Queued(_)));
    app.settle().await;
    assert_eq!(app.caught().await.len(), 1);
    // What waits until the window is over does not leave any more.
    assert!(matches!(app.queue_at(spring, bob, "late", down).await, Queued::Queued(_)));
    app.advance(Millis::hours(2));
    app.settle().await;
    let send = app.sends(bob).await.remove(0);
    assert_eq!((send.state, send.reason.as_deref()), (SendState::Skipped, Some("not-published")));
    let why = sending::why(&app.cx(), spring, bob).await.unwrap();
    let rule = why.rules.iter().find(|rule| rule.rule == SkipReason::NotPublished).unwrap();
    assert_eq!((rule.holds, rule.seen.as_str()), (false, format!("It was live until {}.", down.rfc3339()).as_str()));
});

on_each_db!(a_window_that_ends_before_it_begins_is_refused, |app| {
    let (up, down) = (app.now().plus(Millis::hours(2)), app.now().plus(Millis::hours(1)));
    let backwards = NewEmail { publish_up: Some(up), publish_down: Some(down), ..email("Never", "Never") };
    let refused = emails::create(&app.cx(), backwards).await.unwrap_err();
    assert_eq!(refused.fields[0].pointer, "/publish_down");
    let spring = app.email(NewEmail { publish_up: Some(up), ..email("Spring", "Spring") }).await;
    let patch = EmailPatch { publish_down: Some(Some(down)), ..EmailPatch::default() };
    let refused = emails::update(&app.cx(), spring, patch).await.unwrap_err();
    assert_eq!(refused.fields[0].detail, "The end must come after the beginning.");
    // Only what is named changes.
    let patch = EmailPatch { name: Some("Early spring".into()), ..EmailPatch::default() };
    assert_eq!(emails::update(&app.cx(), spring, patch).await.unwrap().publish_up, Some(up));
    let patch = EmailPatch { publish_up: Some(None), ..EmailPatch::default() };
    assert_eq!(emails::update(&app.cx(), spring, patch).await.unwrap().publish_up, None);
});
