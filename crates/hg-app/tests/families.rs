//! Emails that are several: variants in a test, translations, and never the same thing twice.

mod mail;

use hg_app::emails::family::{self, NewTrial};
use hg_app::emails::{self, EmailPatch, Kind, NewEmail, Queued, SkipReason};
use hg_app::sending;
use hg_core::emails::Criterion;
use hg_core::ids::{ContactId, EmailId, SendId};
use hg_core::time::Millis;
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};

const ALL: NewTrial = NewTrial { criterion: Criterion::Clicks, share: 100, automatic: false, hours: None };

async fn variant(app: &TestApp, parent: EmailId, subject: &str, weight: i64) -> EmailId {
    let made = family::add_variant(&app.cx(), parent, None, Some(weight)).await.unwrap();
    let child = made.children.last().expect("a variant").id;
    subjected(app, child, subject).await;
    child
}

async fn subjected(app: &TestApp, id: EmailId, subject: &str) {
    let mut content = emails::get(&app.cx(), id).await.unwrap().content;
    content.subject = subject.into();
    emails::update(&app.cx(), id, EmailPatch { content: Some(content), ..EmailPatch::default() }).await.unwrap();
}

async fn people(app: &TestApp, count: usize) -> Vec<ContactId> {
    let mut made = Vec::new();
    for number in 0..count {
        made.push(app.contact(&format!("p{number}@example.org"), "Pat").await);
    }
    made
}

/// A segment with these people.
async fn segment(app: &TestApp, people: &[ContactId]) -> i64 {
    let new = hg_app::segments::NewSegment { name: "All".into(), ..Default::default() };
    let made = hg_app::segments::create(&app.cx(), new).await.unwrap();
    hg_app::segments::change_by_hand(&app.cx(), made.id, people.to_vec(), true).await.unwrap();
    app.settle().await;
    made.id.0
}

async fn respond(app: &TestApp, parent: EmailId, content: EmailId, share_of_ten: i64) {
    let sql = "SELECT id FROM sends WHERE email_id = $1 AND coalesce(content_id, email_id) = $2 ORDER BY id";
    let sends: Vec<SendId> = app
        .ws
        .db
        .read(move |tx| Ok::<_, hg_app::Error>(tx.all(Sql::new(sql).bind(parent).bind(content), |r| r.get(0))?))
        .await
        .unwrap();
    for (number, send) in sends.into_iter().enumerate() {
        if (number as i64) % 10 < share_of_ten {
            sending::responses::opened(&app.cx(), send, false).await.unwrap();
        }
    }
}

on_each_db!(a_family_is_one_email_to_everybody_whichever_member_they_got, |app| {
    let a = app.email(email("Offer", "Offer A")).await;
    let b = variant(&app, a, "Offer B", 50).await;
    let all = people(&app, 40).await;
    family::begin(&app.cx(), a, ALL).await.unwrap();
    for contact in &all {
        assert!(matches!(app.queue(a, *contact, "first").await, Queued::Queued(_)));
        let again = app.queue(b, *contact, "second").await;
        assert_eq!(again, Queued::Skipped(SkipReason::HadItAlready), "the other member is the same email");
    }
    app.settle().await;
    let mut subjects: Vec<String> = app.caught().await.into_iter().map(|m| m.about.subject).collect();
    subjects.sort();
    let first = subjects.iter().filter(|s| *s == "Offer A").count();
    assert!(subjects.len() == 40 && (8..=32).contains(&first), "{first} of {}", subjects.len());
    let view = family::family_of(&app.cx(), b).await.unwrap();
    assert_eq!((view.parent.id, view.parent.counts.sent), (a, 40), "the family's figures add up at the parent");
    let test = view.running.expect("a test");
    assert_eq!(test.arms.iter().map(|arm| arm.arm.sent).collect::<Vec<_>>(), [first as i64, 40 - first as i64]);
    let listed = emails::list(&app.cx(), Default::default(), None).await.unwrap();
    assert_eq!(listed.items.iter().map(|e| e.id).collect::<Vec<_>>(), [a], "lists show the parent alone");
});

on_each_db!(part_of_an_audience_is_tested_and_the_rest_gets_the_winner_by_itself, |app| {
    let all = people(&app, 300).await;
    let new = NewEmail { kind: Kind::Segment, segments: vec![segment(&app, &all).await], ..email("News", "News A") };
    let a = app.email(new).await;
    let b = variant(&app, a, "News B", 50).await;
    let trial = NewTrial { criterion: Criterion::Opens, share: 60, automatic: true, hours: Some(48) };
    family::begin(&app.cx(), a, trial).await.unwrap();
    sending::send_to_segments(&app.cx(), a, sending::Wish::default()).await.unwrap();
    app.settle().await;
    let tested = app.caught().await.len();
    assert!((150..=210).contains(&tested), "{tested} of 300 take part");
    assert_eq!(emails::get(&app.cx(), a).await.unwrap().send_state.key(), "sending", "the rest waits");
    respond(&app, a, a, 1).await;
    respond(&app, a, b, 8).await;
    app.advance(Millis::minutes(61));
    app.settle().await;
    let after = emails::get(&app.cx(), a).await.unwrap();
    assert_eq!((after.content.subject.as_str(), after.send_state.key(), after.counts.sent), ("News B", "sent", 300));
    let view = family::family_of(&app.cx(), a).await.unwrap();
    let past = view.past.first().expect("the test is kept");
    assert_eq!((past.winner, past.ended_how.as_deref()), (Some(b), Some("automatic")));
    assert!(past.arms[1].lift.expect("an interval").low > 1.0, "{past:?}");
    assert!(view.running.is_none() && view.children.iter().all(|m| !m.published));
});

on_each_db!(without_a_clear_winner_the_best_so_far_is_taken_at_the_deadline, |app| {
    let a = app.email(email("Offer", "Offer A")).await;
    let b = variant(&app, a, "Offer B", 50).await;
    let trial = NewTrial { criterion: Criterion::Opens, share: 100, automatic: true, hours: Some(5) };
    family::begin(&app.cx(), a, trial).await.unwrap();
    for contact in people(&app, 20).await {
        app.queue(a, contact, "x").await;
    }
    app.settle().await;
    respond(&app, a, b, 2).await;
    app.advance(Millis::minutes(4 * 60));
    app.settle().await;
    assert!(family::family_of(&app.cx(), a).await.unwrap().running.is_some(), "too early");
    app.advance(Millis::minutes(61));
    app.settle().await;
    let view = family::family_of(&app.cx(), a).await.unwrap();
    assert_eq!((view.past[0].ended_how.as_deref(), view.past[0].winner), (Some("deadline"), Some(b)));
    assert_eq!(view.parent.content.subject, "Offer B");
});

on_each_db!(a_winner_by_hand_needs_data_and_a_change_begins_the_test_anew, |app| {
    let a = app.email(email("Offer", "Offer A")).await;
    let code = |e: hg_app::Error| e.code.to_string();
    assert_eq!(code(family::begin(&app.cx(), a, ALL).await.unwrap_err()), "email.no-variants");
    assert_eq!(code(family::win(&app.cx(), a, a).await.unwrap_err()), "email.no-test");
    let b = variant(&app, a, "Offer B", 40).await;
    assert!(family::add_variant(&app.cx(), a, None, Some(70)).await.is_err(), "more than 100 percent");
    family::begin(&app.cx(), a, ALL).await.unwrap();
    assert_eq!(code(family::win(&app.cx(), a, b).await.unwrap_err()), "email.no-data");
    assert_eq!(code(family::set_weight(&app.cx(), a, b, 10).await.unwrap_err()), "email.test-runs");
    for contact in people(&app, 30).await {
        app.queue(a, contact, "x").await;
    }
    app.settle().await;
    subjected(&app, b, "Offer C").await;
    let view = family::family_of(&app.cx(), a).await.unwrap();
    assert_eq!(view.past[0].ended_how.as_deref(), Some("changed"));
    let sent: i64 = view.running.expect("it begins anew").arms.iter().map(|arm| arm.arm.sent).sum();
    assert_eq!((sent, view.past[0].arms.iter().map(|arm| arm.arm.sent).sum::<i64>()), (0, 30));
    let after = family::call_off(&app.cx(), a).await.unwrap();
    assert_eq!((after.parent.content.subject.as_str(), after.past.len()), ("Offer A", 2));
});

on_each_db!(readers_get_their_language_and_it_counts_for_the_email, |app| {
    let a = app.email(email("Offer", "Hello")).await;
    let made = family::add_translation(&app.cx(), a, "de".into()).await.unwrap();
    let german = made.children[0].id;
    assert!(family::add_translation(&app.cx(), a, "DE".into()).await.is_err(), "once for each language");
    subjected(&app, german, "Hallo").await;
    let greta = app.contact("greta@example.org", "Greta").await;
    let pat = app.contact("pat@example.org", "Pat").await;
    let sql = "UPDATE contacts SET preferred_locale = 'de_AT' WHERE id = $1";
    app.ws.db.write(move |tx| Ok::<_, hg_app::Error>(tx.exec(Sql::new(sql).bind(greta))?)).await.unwrap();
    app.queue(a, greta, "draft").await;
    emails::update(&app.cx(), german, EmailPatch { published: Some(true), ..EmailPatch::default() }).await.unwrap();
    let anna = app.contact("anna@example.org", "Anna").await;
    app.ws.db.write(move |tx| Ok::<_, hg_app::Error>(tx.exec(Sql::new(sql).bind(anna))?)).await.unwrap();
    app.queue(a, anna, "x").await;
    app.queue(a, pat, "x").await;
    app.settle().await;
    let mut got: Vec<(String, String)> = app.caught().await.into_iter().map(|m| (m.about.to, m.about.subject)).collect();
    got.sort();
    let wanted = [("anna@example.org", "Hallo"), ("greta@example.org", "Hello"), ("pat@example.org", "Hello")];
    assert_eq!(got, wanted.map(|(to, subject)| (to.to_owned(), subject.to_owned())), "a draft translation is not used");
    assert_eq!(emails::get(&app.cx(), a).await.unwrap().counts.sent, 3);
    emails::delete(&app.cx(), a).await.unwrap();
    assert!(emails::get(&app.cx(), german).await.is_err(), "translations go with their email");
    emails::restore(&app.cx(), a).await.unwrap();
    assert_eq!(emails::get(&app.cx(), german).await.unwrap().content.subject, "Hallo");
});
