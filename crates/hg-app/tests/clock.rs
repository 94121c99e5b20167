//! A clock that is put back holds nothing up, and repeats nothing.

mod mail;

use hg_core::emails::SendState;
use hg_core::time::Millis;
use hg_testkit::on_each_db;
use mail::{Desk, email};

on_each_db!(what_was_queued_while_the_clock_was_ahead_is_counted_from_now, |app| {
    let ann = app.contact("ann@example.org", "Ann").await;
    let (bob, cleo) = (app.contact("bob@example.org", "Bob").await, app.contact("cleo@example.org", "Cleo").await);
    let hello = app.email(email("Hello", "Hi")).await;
    let right = app.now();
    app.queue(hello, ann, "before").await;
    app.settle().await;
    app.advance(Millis::days(2));
    app.queue(hello, bob, "at once").await;
    app.queue_at(hello, cleo, "in an hour", app.now().plus(Millis::hours(1))).await;
    app.clock.set(right);
    app.settle().await;
    assert_eq!(app.caught().await.len(), 2, "one from before, one that was due; neither twice");
    app.advance(Millis::minutes(59));
    app.settle().await;
    assert_eq!(app.caught().await.len(), 2, "the hour goes on");
    app.advance(Millis::minutes(2));
    app.settle().await;
    assert_eq!(app.caught().await.len(), 3);
});

on_each_db!(a_message_that_was_claimed_while_the_clock_was_ahead_is_taken_up_again, |app| {
    let ann = app.contact("ann@example.org", "Ann").await;
    let hello = app.email(email("Hello", "Hi")).await;
    app.queue(hello, ann, "first").await;
    // Whoever claimed it was gone before it left.
    app.force_state(ann, SendState::Claimed).await;
    let until = app.now().plus(Millis::days(2));
    app.ws.db.write(move |tx| tx.exec(hg_store::Sql::new("UPDATE sends SET claimed_until = $1").bind(until))).await.unwrap();
    app.settle().await;
    app.settle().await;
    assert_eq!(app.caught().await.len(), 1);
});
