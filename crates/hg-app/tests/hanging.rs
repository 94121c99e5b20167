//! What hangs on a contact: notes, devices, addresses, campaign parameters, do-not-contact entries, rules.

use std::collections::BTreeMap;

use hg_app::contacts::{
    self, BulkAction, Contact, ContactInput, DeviceInput, DeviceTraits, NewDoNotContact, NewUtm, Selection, TimelineQuery,
};
use hg_app::list::ListQuery;
use hg_app::notes::{self, NoteInput, NoteKind, NoteQuery};
use hg_app::preferences::{self, Period, Rule};
use hg_app::{Error, Role};
use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::{Millis, Timestamp};
use hg_testkit::{TestApp, on_each_db};
use serde_json::json;

async fn person(app: &TestApp, email: &str) -> Contact {
    let fields = BTreeMap::from([("email".to_owned(), json!(email))]);
    contacts::create(&app.cx(), ContactInput { fields, ..ContactInput::default() }, false).await.unwrap().0
}

async fn notes_found(app: &TestApp, contact: ContactId, search: &str) -> Vec<String> {
    let list = ListQuery { search: search.into(), ..ListQuery::default() };
    let page = notes::list(&app.cx(), NoteQuery { contact: Some(contact), list }).await.unwrap();
    assert_eq!(page.total, Some(page.items.len() as u64));
    page.items.into_iter().map(|n| n.text).collect()
}

on_each_db!(notes_are_found_by_words_and_kinds_and_pinned_ones_stand_first, |app| {
    let cx = app.cx();
    let ada = person(&app, "ada@example.org").await;
    for (text, kind, day) in [
        ("Called about the Añejo offer", NoteKind::Call, 3),
        ("Met at the fair", NoteKind::Meeting, 1),
        ("50% off?", NoteKind::General, 2),
    ] {
        let happened_at = Some(app.now().plus(Millis::days(day)));
        notes::create(&cx, ada.id, NoteInput { text: Some(text.into()), kind: Some(kind), happened_at, ..NoteInput::default() })
            .await
            .unwrap();
    }
    assert_eq!(notes_found(&app, ada.id, "").await, ["Called about the Añejo offer", "50% off?", "Met at the fair"]);
    assert_eq!(notes_found(&app, ada.id, "anejo").await, ["Called about the Añejo offer"]);
    assert_eq!(notes_found(&app, ada.id, "50%").await, ["50% off?"]);
    assert_eq!(notes_found(&app, ada.id, "type:call type:meeting").await.len(), 2);
    assert!(notes_found(&app, ada.id, "type:lunch").await.is_empty());
    let page = notes::list(&cx, NoteQuery { contact: Some(ada.id), ..NoteQuery::default() }).await.unwrap();
    let fair = page.items.iter().find(|n| n.kind == NoteKind::Meeting).unwrap();
    let pinned = notes::update(&cx, fair.id, NoteInput { pinned: Some(true), ..NoteInput::default() }).await.unwrap();
    assert_eq!(notes_found(&app, ada.id, "").await[0], "Met at the fair");
    let stale = notes::update(&cx, fair.id, NoteInput { version: Some(fair.version), ..NoteInput::default() }).await;
    assert_eq!(stale.unwrap_err().code, "changed-meanwhile");
    notes::delete(&cx, pinned.id).await.unwrap();
    assert_eq!(notes_found(&app, ada.id, "").await.len(), 2);
    notes::restore(&cx, pinned.id).await.unwrap();
    assert_eq!(notes_found(&app, ada.id, "").await.len(), 3);
    let blank = notes::create(&cx, ada.id, NoteInput { text: Some("  ".into()), ..NoteInput::default() }).await;
    assert_eq!(blank.unwrap_err().fields[0].pointer, "/text");
});

on_each_db!(notes_are_paged_without_losing_any, |app| {
    let cx = app.cx();
    let ada = person(&app, "ada@example.org").await;
    for n in 0..5 {
        let text = Some(format!("note {n}"));
        notes::create(&cx, ada.id, NoteInput { text, pinned: Some(n == 2), ..NoteInput::default() }).await.unwrap();
    }
    let (mut cursor, mut seen) = (None, Vec::new());
    loop {
        let list = ListQuery { limit: 2, cursor, ..ListQuery::default() };
        let page = notes::list(&cx, NoteQuery { contact: Some(ada.id), list }).await.unwrap();
        seen.extend(page.items.into_iter().map(|n| n.text));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["note 2", "note 4", "note 3", "note 1", "note 0"]);
});

on_each_db!(an_equal_device_is_used_again, |app| {
    let cx = app.cx();
    let ada = person(&app, "ada@example.org").await;
    let phone = |os: &str| DeviceInput {
        contact: Some(ada.id),
        tracking_id: None,
        traits: DeviceTraits {
            kind: Some("smartphone".into()),
            brand: Some("Google".into()),
            os: Some(os.into()),
            ..DeviceTraits::default()
        },
    };
    let (first, made) = contacts::add_device(&cx, phone("Android")).await.unwrap();
    assert!(made && first.tracking_id.len() == 23);
    let (again, made) = contacts::add_device(&cx, phone("Android 14")).await.unwrap();
    assert_eq!((again.id, made, again.traits.os.as_deref()), (first.id, false, Some("Android 14")));
    let wrong = DeviceInput { tracking_id: Some("no!".into()), contact: Some(ada.id), ..DeviceInput::default() };
    assert_eq!(contacts::add_device(&cx, wrong).await.unwrap_err().fields[0].pointer, "/tracking_id");
    assert_eq!(contacts::devices(&cx, Some(ada.id), ListQuery::default()).await.unwrap().items, [again]);
    contacts::forget_device(&cx, first.id).await.unwrap();
    assert!(contacts::device(&cx, first.id).await.is_err());
});

/// What a second entry makes of the first one; 0: no entry.
const OPT_OUTS: [(i64, i64, i64); 12] = [
    (0, 1, 1),
    (0, 2, 2),
    (0, 3, 3),
    (1, 2, 1),
    (1, 3, 1),
    (2, 1, 1),
    (2, 3, 3),
    (3, 1, 1),
    (3, 2, 3),
    (1, 0, 0),
    (2, 0, 0),
    (3, 0, 0),
];

on_each_db!(an_opt_out_is_replaced_only_by_a_stronger_one, |app| {
    let cx = app.cx();
    for (n, (first, second, left)) in OPT_OUTS.into_iter().enumerate() {
        let id = person(&app, &format!("p{n}@example.org")).await.id;
        for reason in [first, second] {
            let new = NewDoNotContact { channel: "sms".into(), reason, channel_id: None, comments: String::new() };
            contacts::stop_contacting(&cx, id, new).await.unwrap();
        }
        let now = contacts::get(&cx, id).await.unwrap().do_not_contact.first().map_or(0, |d| d.reason);
        assert_eq!(now, left, "{first} and then {second}");
    }
});

on_each_db!(campaign_parameters_stand_in_the_timeline_and_go_with_their_record, |app| {
    let cx = app.cx();
    let ada = person(&app, "ada@example.org").await;
    let empty = contacts::add_utm(&cx, ada.id, NewUtm { url: Some("https://example.org".into()), ..NewUtm::default() }).await;
    assert_eq!(empty.unwrap_err().code, "invalid");
    let new = NewUtm { source: Some("blog".into()), campaign: Some("spring".into()), ..NewUtm::default() };
    let record = contacts::add_utm(&cx, ada.id, new).await.unwrap();
    let told = || async {
        let query = TimelineQuery { kinds: vec![EventKind::UtmRecorded], ..TimelineQuery::default() };
        contacts::timeline(&cx, Some(ada.id), query).await.unwrap().items.into_iter().map(|m| m.title).collect::<Vec<_>>()
    };
    assert_eq!(told().await, ["Came through the campaign parameters spring, blog"]);
    assert!(contacts::remove_utm(&cx, ada.id, record).await.unwrap());
    assert!(!contacts::remove_utm(&cx, ada.id, record).await.unwrap());
    assert!(told().await.is_empty());
    app.settle().await;
});

on_each_db!(an_address_is_kept_once_and_told_once, |app| {
    let ada = person(&app, "ada@example.org").await;
    for (address, minutes) in [("192.0.2.7", 0), ("192.0.2.7", 5), ("192.0.2.9", 2)] {
        let at = app.now().plus(Millis::minutes(minutes));
        app.ws.db.write(move |tx| contacts::see_address(tx, ada.id, address, at)).await.unwrap();
    }
    let seen: Vec<_> = contacts::addresses(&app.cx(), ada.id).await.unwrap().into_iter().map(|a| a.address).collect();
    assert_eq!(seen, ["192.0.2.7", "192.0.2.9"]);
    let query = TimelineQuery { kinds: vec![EventKind::AddressSeen], ..TimelineQuery::default() };
    let page = contacts::timeline(&app.cx(), Some(ada.id), query).await.unwrap();
    assert_eq!((page.items.len(), page.total), (2, Some(2)));
    assert_eq!(page.items[0].title, "Seen at the address 192.0.2.9 for the first time");
});

on_each_db!(a_rule_of_a_contact_is_checked_and_goes_when_it_says_nothing, |app| {
    let cx = app.cx();
    let ada = person(&app, "ada@example.org").await;
    let rule = Rule { most: Some(2), period: Some(Period::Week), preferred: true, ..Rule::open("email") };
    assert_eq!(preferences::set_rule(&cx, ada.id, rule.clone()).await.unwrap(), std::slice::from_ref(&rule));
    let sms = Rule { preferred: true, ..Rule::open("sms") };
    let both = preferences::set_rule(&cx, ada.id, sms).await.unwrap();
    assert_eq!(both.iter().map(|r| (r.channel.as_str(), r.preferred)).collect::<Vec<_>>(), [("email", false), ("sms", true)]);
    assert_eq!(preferences::set_rule(&cx, ada.id, Rule::open("sms")).await.unwrap().len(), 1);
    let day = |n: i64| Some(Timestamp(n * 86_400_000));
    for (wrong, pointer) in [
        (Rule { most: Some(2), ..Rule::open("email") }, "/period"),
        (Rule { most: Some(0), period: Some(Period::Day), ..Rule::open("email") }, "/most"),
        (Rule { pause_from: day(5), pause_until: day(4), ..Rule::open("email") }, "/pause_until"),
        (Rule { preferred: true, ..Rule::open("e mail") }, "/channel"),
    ] {
        let error = preferences::set_rule(&cx, ada.id, wrong).await.unwrap_err();
        assert_eq!(error.fields[0].pointer, pointer);
    }
    app.settle().await;
});

on_each_db!(an_owner_is_given_to_many_at_once, |app| {
    let user = app.user("owner@example.org", Role::Administrator).await;
    let (ada, bob) = (person(&app, "ada@example.org").await, person(&app, "bob@example.org").await);
    let owner = hg_app::users::owners(&app.cx()).await.unwrap()[0].id;
    let give = |owner: Option<i64>| {
        let cx = app.cx();
        async move {
            let select = Selection::Ids(vec![ada.id, bob.id]);
            contacts::bulk(&cx, select, BulkAction::SetOwner { owner }).await.map(|done| done.affected)
        }
    };
    assert_eq!(give(Some(owner.0)).await.unwrap(), 2);
    assert_eq!(contacts::get(&app.cx(), ada.id).await.unwrap().owner_id, Some(owner));
    assert_eq!(give(Some(owner.0)).await.unwrap(), 0);
    let nobody: Result<u64, Error> = give(Some(999)).await;
    assert!(nobody.unwrap_err().is_not_found());
    assert_eq!(give(None).await.unwrap(), 2);
    drop(user);
    app.settle().await;
});
