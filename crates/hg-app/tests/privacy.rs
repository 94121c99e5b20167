//! Erasing, giving somebody her data, and forgetting what has grown old.

mod mail;

use std::collections::BTreeMap;
use std::net::IpAddr;

use hg_app::campaigns::{self, NewCampaign, StepIn};
use hg_app::contacts::{self, ContactInput, ContactQuery, NewDoNotContact, NewUtm};
use hg_app::imports;
use hg_app::notes::{self, NoteInput};
use hg_app::privacy::{self, CleanUp};
use hg_app::segments::{self, NewSegment};
use hg_app::settings::{self, Retention};
use hg_app::suppressions::{self, SuppressionQuery};
use hg_app::tracking::{self, Hit, Visitor};
use hg_app::{Role, consents, list::ListQuery};
use hg_core::campaigns::{Source, SourceKind, Timing, Unit};
use hg_core::emails::SendState;
use hg_core::ids::ContactId;
use hg_core::time::Millis;
use hg_core::tracking::HitParams;
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};
use serde_json::{Value, json};

/// Values that occur nowhere else.
const TELLING: [&str; 11] = [
    "quirina.zvonimir",
    "Quirinazeta",
    "Zvonimirova",
    "Xanthippolis",
    "601777888",
    "vexillology",
    "noted-gargoyle",
    "198.51.100.77",
    "utm-heliotrope",
    "reason-ocarina",
    "Before-Marriage",
];

fn input(fields: Value) -> ContactInput {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    ContactInput { fields: fields.into_iter().collect::<BTreeMap<_, _>>(), ..ContactInput::default() }
}

/// Where a value still stands: in the tables of PostgreSQL, in the bytes of an SQLite file and its log.
async fn found(app: &TestApp, value: &str) -> Vec<String> {
    if let Some(file) = app.ws.db.file() {
        let mut places = Vec::new();
        for end in ["", "-wal"] {
            let path = format!("{}{end}", file.display());
            let bytes = std::fs::read(&path).unwrap_or_default();
            if bytes.windows(value.len()).any(|w| w.eq_ignore_ascii_case(value.as_bytes())) {
                places.push(path);
            }
        }
        return places;
    }
    let value = format!("%{}%", value.to_lowercase());
    app.ws
        .db
        .read(move |tx| {
            let tables: Vec<String> = tx.all(
                "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())",
                |r| r.get(0),
            )?;
            let mut places = Vec::new();
            for table in tables {
                let text = format!("SELECT count(*) FROM {table} t WHERE lower(t::text) LIKE $1");
                if tx.scalar::<i64>(Sql::new(text).bind(&value))? > 0 {
                    places.push(table);
                }
            }
            Ok::<_, hg_app::Error>(places)
        })
        .await
        .unwrap()
}

fn browser(address: &str, device: Option<String>) -> Visitor {
    Visitor {
        address: address.parse::<IpAddr>().unwrap(),
        user_agent: "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0".into(),
        is_head: false,
        purpose: None,
        gpc: false,
        dnt: false,
        device,
        own_user: false,
    }
}

/// Somebody on whom a telling value of every kind hangs.
async fn quirina(app: &TestApp) -> ContactId {
    let (_, cx) = app.user("carla@example.org", Role::Administrator).await;
    let csv =
        "firstname,lastname,email\nQuirinazeta,Zvonimirova,quirina.zvonimir@example.org\nBroken,Quirinazeta,quirina.zvonimir@@\n";
    let path = app.ws.site.data_dir.join("people.csv");
    std::fs::write(&path, csv).unwrap();
    let import = imports::create(&cx, hg_core::imports::Object::Contact, "people.csv", path, csv.len() as i64, None, None)
        .await
        .unwrap()
        .id;
    imports::run_now(&cx, import, |_| {}).await.unwrap();
    let page = contacts::list(&cx, ContactQuery::default()).await.unwrap();
    let id = page.items[0].id;
    contacts::update(&cx, id, input(json!({"lastname": "Before-Marriage"})), true).await.unwrap();
    contacts::update(&cx, id, input(json!({"lastname": "Zvonimirova", "city": "Xanthippolis", "phone": "601777888"})), true)
        .await
        .unwrap();
    let tags = ContactInput { tags: vec!["vip".into()], ..ContactInput::default() };
    contacts::update(&cx, id, tags, true).await.unwrap();
    notes::create(&cx, id, NoteInput { text: Some("noted-gargoyle".into()), ..NoteInput::default() }).await.unwrap();
    consents::set(&cx, id, "news".into(), true, Some("Yes to vexillology".into())).await.unwrap();
    let entry = NewDoNotContact { channel: "email".into(), reason: 3, channel_id: None, comments: "reason-ocarina".into() };
    contacts::stop_contacting(&cx, id, entry).await.unwrap();
    contacts::contact_again(&cx, id, "email".into()).await.unwrap();
    contacts::add_utm(&cx, id, NewUtm { campaign: Some("utm-heliotrope".into()), ..NewUtm::default() }).await.unwrap();
    let params = HitParams { url: "https://shop.example/?email=quirina.zvonimir%40example.org".into(), ..HitParams::default() };
    let hit =
        tracking::record_hit(&app.visitor(), Hit { visitor: browser("198.51.100.77", None), params, page: None }).await.unwrap();
    let (ws, visitor) = (app.ws.clone(), hit.contact.unwrap());
    app.ws.db.write(move |tx| contacts::merge(&ws, tx, visitor, id)).await.unwrap();
    let mail = app.email(email("Offer", "Offer for {contactfield=firstname}")).await;
    app.queue(mail, id, "now").await;
    app.settle().await;
    id
}

on_each_db!(nothing_personal_is_left_after_an_erasure, |app| {
    let id = quirina(&app).await;
    let cx = app.cx();
    for value in TELLING {
        assert!(!found(&app, value).await.is_empty(), "{value} is there before");
    }
    let before: i64 = count(&app, "SELECT count(*) FROM events").await;
    let consequence = privacy::consequence(&cx, id).await.unwrap();
    assert_eq!((consequence.notes, consequence.emails, consequence.events > 5), (1, 1, true));
    privacy::erase(&cx, id, false).await.unwrap();
    app.settle().await;
    for value in TELLING {
        assert_eq!(found(&app, value).await, Vec::<String>::new(), "{value} is nowhere any more");
    }
    let files: Vec<_> = walk(&app.ws.site.data_dir);
    assert!(!files.iter().any(|bytes| bytes.windows(16).any(|w| w == b"quirina.zvonimir")), "no file keeps it");
    // The counts by day stay, and what was counted on emails.
    let after: i64 = count(&app, "SELECT count(*) FROM events").await;
    assert!(after >= before, "{before} events became {after}");
    assert_eq!(count(&app, "SELECT sent FROM email_counts").await, 1);
    assert!(contacts::get(&cx, id).await.unwrap_err().is_not_found());
    assert!(contacts::restore(&cx, id).await.unwrap_err().is_not_found(), "there is no way back");
});

fn walk(dir: &std::path::Path) -> Vec<Vec<u8>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.extend(std::fs::read(&path)) }
    }
    files
}

async fn count(app: &TestApp, text: &'static str) -> i64 {
    app.ws.db.read(move |tx| Ok::<_, hg_app::Error>(tx.scalar(text)?)).await.unwrap()
}

on_each_db!(whoever_is_erased_in_the_middle_of_a_campaign_gets_nothing_more, |app| {
    let cx = app.cx();
    let id = contacts::create(&cx, input(json!({"email": "ada@example.org", "city": "Praha"})), false).await.unwrap().0.id;
    let filter = json!({"match": "all", "rules": [{"field": "city", "op": "=", "value": "Praha"}]});
    let segment =
        segments::create(&cx, NewSegment { name: "P".into(), filter: Some(filter), ..NewSegment::default() }).await.unwrap().id;
    app.settle().await;
    let mail = app.email(email("Later", "Later")).await;
    let step = StepIn {
        key: "later".into(),
        parent: None,
        path: None,
        name: "later".into(),
        kind: "email.send".into(),
        settings: json!({"email_id": mail}),
        timing: Timing::after(2, Unit::Days),
    };
    let sources = vec![Source { kind: SourceKind::Segment, id: segment.0 }];
    let new = NewCampaign { name: "Welcome".into(), sources, steps: vec![step], publish: true, ..NewCampaign::default() };
    let campaign = campaigns::create(&cx, new).await.unwrap().id;
    let waiting = app.queue_at(mail, id, "waits", app.now().plus(Millis::days(1))).await;
    app.settle().await;
    assert_eq!(campaigns::get(&cx, campaign).await.unwrap().step_counts[0].waiting, 1);
    privacy::erase(&cx, id, true).await.unwrap();
    app.settle().await;
    let shown = campaigns::get(&cx, campaign).await.unwrap();
    assert_eq!((shown.step_counts[0].waiting, shown.counts.active), (0, 0));
    app.play_until(app.now().plus(Millis::days(5))).await;
    assert!(app.caught().await.is_empty(), "{waiting:?}");
    assert_eq!(segments::get(&cx, segment).await.unwrap().0.members, 0);
    // The address stays shut, whoever brings it back.
    let shut = SuppressionQuery { list: ListQuery { search: "ada@example.org".into(), ..ListQuery::default() }, cause: None };
    assert_eq!(suppressions::list(&cx, shut).await.unwrap().total, Some(1));
    let again = contacts::create(&cx, input(json!({"email": "ada@example.org"})), false).await.unwrap().0.id;
    app.queue(mail, again, "again").await;
    app.settle().await;
    assert!(app.caught().await.is_empty());
});

on_each_db!(whoever_is_erased_while_her_message_is_on_its_way_leaves_no_address_behind, |app| {
    let cx = app.cx();
    let id = app.contact("ada@example.org", "Ada").await;
    let mail = app.email(email("Offer", "Offer")).await;
    for (occasion, state) in [("claimed", SendState::Claimed), ("on-its-way", SendState::HandingOver)] {
        app.queue(mail, id, occasion).await;
        app.force_state(id, state).await;
    }
    privacy::erase(&cx, id, false).await.unwrap();
    app.advance(Millis::minutes(30));
    app.settle().await;
    assert!(app.caught().await.is_empty());
    assert!(app.sends(id).await.iter().all(|s| s.address.is_empty() && s.state != SendState::Sent));
});

on_each_db!(a_contacts_own_data_comes_as_one_archive, |app| {
    let id = quirina(&app).await;
    let (name, bytes) = privacy::archive(&app.cx(), id).await.unwrap();
    assert_eq!(name, format!("contact-{id}.zip"));
    let holds = |value: &str| bytes.windows(value.len()).any(|w| w == value.as_bytes());
    for value in TELLING.iter().filter(|v| !["Before-Marriage"].contains(v)) {
        assert!(holds(value), "{value}");
    }
    for file in ["contact.json", "events.csv", "emails.json", "consents.csv", "notes.json", "form-answers.csv"] {
        assert!(holds(file), "{file}");
    }
});

on_each_db!(what_has_grown_old_is_counted_and_then_forgotten_every_night, |app| {
    let cx = app.cx();
    contacts::create(&cx, input(json!({"email": "ada@example.org"})), false).await.unwrap();
    for _ in 0..3 {
        let (ws, now) = (app.ws.clone(), app.now());
        app.ws
            .db
            .write(move |tx| {
                let id = contacts::create_anonymous(&ws, tx)?;
                contacts::see_address(tx, id, "192.0.2.7", now)
            })
            .await
            .unwrap();
    }
    app.settle().await;
    app.advance(Millis::days(40));
    let rules = CleanUp { visitors_days: 30, events_days: 365, ..CleanUp::default() };
    let would = privacy::count(&cx, rules).await.unwrap();
    assert_eq!((would.visitors, would.contacts, would.events), (3, 0, 0));
    let wrong = settings::write_retention(&cx, Retention { visitors_days: 3, ..Retention::default() }).await.unwrap_err();
    assert_eq!(wrong.fields[0].pointer, "/visitors_days");
    settings::write_retention(&cx, Retention { visitors_days: 30, events_days: 365, ..Retention::default() }).await.unwrap();
    app.settle().await;
    assert_eq!(privacy::count(&cx, rules).await.unwrap().visitors, 3, "not before the night");
    app.play_until(app.now().plus(Millis::days(1))).await;
    assert_eq!(privacy::count(&cx, rules).await.unwrap().visitors, 0);
    assert_eq!(count(&app, "SELECT count(*) FROM erasures WHERE reason = 'retention'").await, 3);
    assert_eq!(privacy::clean_up_now(&cx, CleanUp { contacts_days: 30, ..CleanUp::default() }).await.unwrap().contacts, 1);
    assert!(count(&app, "SELECT count(*) FROM events").await > 0);
    app.advance(Millis::days(400));
    privacy::clean_up_now(&cx, rules).await.unwrap();
    assert_eq!(count(&app, "SELECT count(*) FROM events WHERE kind = 1").await, 0);
});
