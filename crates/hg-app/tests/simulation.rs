//! Trying a campaign: the same steps as the real run, and nothing left behind or let out.

mod mail;

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::Arc;

use async_trait::async_trait;
use hg_app::campaigns::simulate::{self, Report, Setup, SimulationState};
use hg_app::campaigns::{self, NewCampaign, StepIn};
use hg_app::contacts::{self, ContactInput};
use hg_app::outgoing::{Ask, Outgoing, Told, Unanswered, Web};
use hg_app::segments::{self, NewSegment};
use hg_app::sending::{Channel, Envelope, MailTransport, Transport, TransportError, Undelivered, responses};
use hg_app::settings::{self, Preferences, Sending};
use hg_core::campaigns::{Path, Source, SourceKind, Timing, Unit};
use hg_core::ids::{CampaignId, ContactId, SegmentId};
use hg_core::time::Millis;
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};
use serde_json::{Value, json};

/// Whoever reaches for the outside fails the test.
struct Forbidden;

#[async_trait]
impl Transport for Forbidden {
    async fn channel(&self) -> Result<Box<dyn Channel>, TransportError> {
        panic!("a simulation asked for a mail server")
    }
    async fn release(&self, _channel: Box<dyn Channel>) {}
    fn describe(&self) -> String {
        "forbidden".into()
    }
}

#[async_trait]
impl Web for Forbidden {
    async fn ask(&self, ask: Ask) -> Result<Told, Unanswered> {
        panic!("a simulation asked {}", ask.url)
    }
    async fn fetch(&self, ask: Ask, _to: &FilePath) -> Result<Told, Unanswered> {
        panic!("a simulation asked {}", ask.url)
    }
}

/// A mail server that takes everything.
struct Takes;

#[async_trait]
impl Transport for Takes {
    async fn channel(&self) -> Result<Box<dyn Channel>, TransportError> {
        Ok(Box::new(Takes))
    }
    async fn release(&self, _channel: Box<dyn Channel>) {}
    fn describe(&self) -> String {
        "takes everything".into()
    }
}

#[async_trait]
impl Channel for Takes {
    async fn offer(&mut self, _envelope: &Envelope, _message: &[u8]) -> Result<(), TransportError> {
        Ok(())
    }
    async fn deliver(&mut self, _message: &[u8]) -> Result<(), Undelivered> {
        Ok(())
    }
    fn is_usable(&self) -> bool {
        true
    }
    fn is_used(&self) -> bool {
        false
    }
    fn as_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}

fn step(key: &str, parent: Option<(&str, Option<Path>)>, kind: &str, settings: Value, timing: Timing) -> StepIn {
    StepIn {
        key: key.into(),
        parent: parent.map(|p| p.0.into()),
        path: parent.and_then(|p| p.1),
        name: key.into(),
        kind: kind.into(),
        settings,
        timing,
    }
}

fn in_days(count: i64) -> Timing {
    Timing::after(count, Unit::Days)
}

async fn people(app: &TestApp, count: usize) -> Vec<ContactId> {
    let mut made = Vec::new();
    for n in 0..count {
        let Value::Object(fields) = json!({"firstname": format!("P{n}"), "email": format!("p{n}@example.org"), "city": "Oslo"})
        else {
            unreachable!()
        };
        let input = ContactInput { fields: fields.into_iter().collect::<BTreeMap<_, _>>(), ..ContactInput::default() };
        made.push(contacts::create(&app.cx(), input, false).await.unwrap().0.id);
    }
    made
}

async fn oslo(app: &TestApp) -> SegmentId {
    let filter = json!({"match": "all", "rules": [{"field": "city", "op": "=", "value": "Oslo"}]});
    let new = NewSegment { name: "In Oslo".into(), filter: Some(filter), ..NewSegment::default() };
    let id = segments::create(&app.cx(), new).await.unwrap().id;
    app.settle().await;
    id
}

/// A mail; who opens it is a reader, who does not within three days gets a reminder, and a day later a second one.
async fn campaign(app: &TestApp, segment: SegmentId) -> CampaignId {
    let first = app.email(email("First", "First")).await;
    let second = app.email(email("Second", "Second")).await;
    let steps = vec![
        step("hello", None, "email.send", json!({"email_id": first}), Timing::default()),
        step("opens", Some(("hello", None)), "email.open", json!({}), Timing::default()),
        step("reader", Some(("opens", Some(Path::Yes))), "contact.tags", json!({"add": ["reader"]}), in_days(1)),
        step("again", Some(("opens", Some(Path::No))), "email.send", json!({"email_id": second}), in_days(3)),
        step("lost", Some(("again", None)), "contact.tags", json!({"add": ["lost"]}), in_days(1)),
    ];
    let sources = vec![Source { kind: SourceKind::Segment, id: segment.0 }];
    let new = NewCampaign { name: "Welcome".into(), sources, steps, ..NewCampaign::default() };
    campaigns::create(&app.cx(), new).await.unwrap().id
}

fn setup(open: f64) -> Setup {
    Setup { replay: false, open_percent: open, click_percent: 0.0, days: 10, ..Setup::default() }
}

/// Done, yes and no of each step, by key.
fn counts(report: &Report) -> BTreeMap<String, (i64, i64, i64)> {
    report.steps.iter().map(|s| (s.key.clone(), (s.done, s.yes, s.no))).collect()
}

async fn real_counts(app: &TestApp, id: CampaignId) -> BTreeMap<String, (i64, i64, i64)> {
    let c = campaigns::get(&app.cx(), id).await.unwrap();
    c.plan.steps.iter().zip(&c.step_counts).map(|(s, n)| (s.key.clone(), (n.done, n.yes, n.no))).collect()
}

on_each_db!(a_simulation_takes_the_steps_of_the_real_run_and_lets_nothing_out, |app| {
    let everybody = people(&app, 12).await;
    let segment = oslo(&app).await;
    let id = campaign(&app, segment).await;
    let version = campaigns::get(&app.cx(), id).await.unwrap().version;
    let named = Setup { contacts: everybody.iter().map(|c| c.0).take(3).collect(), ..setup(0.0) };
    let walked = simulate::run_now(&app.cx(), id, &named).await.unwrap();

    app.ws.set_part(Arc::new(MailTransport(Arc::new(Forbidden))));
    app.ws.set_part(Arc::new(Outgoing(Arc::new(Forbidden))));
    let refused = simulate::run_now(&app.cx(), id, &setup(0.0)).await.unwrap();
    assert_eq!((refused.sent, refused.not_sent.len()), (0, 1));
    assert!(refused.not_sent[0].text.contains("no sender"), "what a real server would be denied is told: {refused:?}");
    let sending = Sending { sender_email: "team@example.org".into(), ..app.ws.settings().sending.clone() };
    settings::write_sending(&app.cx(), sending).await.unwrap();
    let nobody = simulate::run_now(&app.cx(), id, &setup(0.0)).await.unwrap();
    let all = simulate::run_now(&app.cx(), id, &setup(100.0)).await.unwrap();
    let some = simulate::run_now(&app.cx(), id, &setup(50.0)).await.unwrap();
    assert_eq!((nobody.people, nobody.audience, nobody.sent), (12, 12, 24));
    // Some open only after three days: too late.
    assert!(counts(&all)["opens"].1 >= 9, "{:?}", counts(&all));
    assert_eq!(all.sent, 12 + counts(&all)["opens"].2);
    let opened = counts(&some)["opens"];
    assert_eq!(opened.1 + opened.2, 12);
    assert!(opened.1 > 0 && opened.2 > 0, "half of them open: {opened:?}");
    assert_eq!(some, Report { took: some.took, ..simulate::run_now(&app.cx(), id, &setup(50.0)).await.unwrap() });

    // Nothing of all this happened.
    let untouched = campaigns::get(&app.cx(), id).await.unwrap();
    assert_eq!((untouched.version, untouched.counts.members), (version, 0));
    for table in ["sends", "campaign_log", "campaign_members", "contact_tags", "outbox"] {
        let rows: i64 = app.ws.db.read(move |tx| tx.scalar(format!("SELECT count(*) FROM {table}"))).await.unwrap();
        assert_eq!(rows, 0, "{table}");
    }
    let left = std::fs::read_dir(app.ws.site.data_dir.join("simulations")).map_or(0, Iterator::count);
    assert_eq!(left, 0, "the copy is thrown away");

    // The real run, with nobody opening.
    app.ws.set_part(Arc::new(MailTransport(Arc::new(Takes))));
    let begin = app.cx().now();
    campaigns::publish(&app.cx(), id).await.unwrap();
    app.play_until(begin.plus(Millis::days(10))).await;
    assert_eq!(counts(&nobody), real_counts(&app, id).await);
    for walk in walked.walks {
        let contact = walk.contact;
        let text = "SELECT step_id, path, base_at, done_at FROM campaign_log WHERE contact_id = $1 ORDER BY base_at, id";
        let real: Vec<_> = app
            .ws
            .db
            .read(move |tx| tx.all(Sql::new(text).bind(contact), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))))
            .await
            .unwrap();
        let simulated: Vec<_> = walk.steps.into_iter().map(|s| (s.step, s.path, s.from, s.at)).collect();
        assert_eq!(simulated, real, "{}", walk.name);
    }
});

on_each_db!(limits_that_would_bite_and_people_who_would_get_too_much_are_told, |app| {
    people(&app, 4).await;
    let segment = oslo(&app).await;
    let mut steps = Vec::new();
    for n in 0..4 {
        let mail = app.email(email(&format!("Mail {n}"), "Mail")).await;
        steps.push(step(&format!("m{n}"), None, "email.send", json!({"email_id": mail}), in_days(n)));
    }
    let sources = vec![Source { kind: SourceKind::Segment, id: segment.0 }];
    let new = NewCampaign { name: "Much".into(), sources, steps, ..NewCampaign::default() };
    let id = campaigns::create(&app.cx(), new).await.unwrap().id;
    let free = simulate::run_now(&app.cx(), id, &setup(0.0)).await.unwrap();
    assert_eq!((free.sent, free.held, free.too_many), (16, 0, 4));
    assert_eq!(free.busiest[0].mails, 4);
    assert_eq!(free.days.iter().map(|d| d.sent).collect::<Vec<_>>(), [4, 4, 4, 4]);

    let limited = Preferences { email_most: 2, email_period: hg_app::preferences::Period::Week, ..Preferences::default() };
    settings::write_preferences(&app.cx(), limited).await.unwrap();
    let held = simulate::run_now(&app.cx(), id, &setup(0.0)).await.unwrap();
    assert_eq!((held.held, held.too_many), (8, 0));
    assert_eq!(held.sent + held.still_held, 16);
});

on_each_db!(a_simulation_runs_in_the_background_and_is_kept, |app| {
    people(&app, 3).await;
    let segment = oslo(&app).await;
    let id = campaign(&app, segment).await;
    let asked = simulate::start(&app.cx(), id, setup(100.0)).await.unwrap();
    assert_eq!(asked.state, SimulationState::Running);
    app.settle().await;
    let done = simulate::get(&app.cx(), id, asked.id).await.unwrap();
    assert_eq!((done.state, done.message), (SimulationState::Done, None));
    let report = done.report.unwrap();
    assert_eq!(report.sent, 3);
    let key = |id| report.steps.iter().find(|s| s.step == id).unwrap().key.clone();
    assert_eq!(report.unreached.iter().copied().map(key).collect::<Vec<_>>(), ["again", "lost"]);
    assert_eq!(simulate::list(&app.cx(), id).await.unwrap().len(), 1);
});

on_each_db!(the_way_of_somebody_who_is_erased_goes_with_her, |app| {
    let everybody = people(&app, 2).await;
    let segment = oslo(&app).await;
    let id = campaign(&app, segment).await;
    let hers = Setup { contacts: vec![everybody[0].0], ..setup(0.0) };
    simulate::start(&app.cx(), id, hers).await.unwrap();
    let other = simulate::start(&app.cx(), id, Setup { contacts: vec![everybody[1].0], ..setup(0.0) }).await.unwrap();
    app.settle().await;
    let named = simulate::get(&app.cx(), id, other.id).await.unwrap().report.unwrap();
    assert_eq!(named.walks[0].name, "P1");
    let kept: String = app
        .ws
        .db
        .read(|tx| tx.scalar("SELECT CAST(report AS TEXT) FROM campaign_simulations ORDER BY id DESC LIMIT 1"))
        .await
        .unwrap();
    assert!(!kept.contains("P1"), "names are not kept with a report: {kept}");
    hg_app::privacy::erase(&app.cx(), everybody[0], false).await.unwrap();
    let left = simulate::list(&app.cx(), id).await.unwrap();
    assert_eq!(left.iter().map(|s| s.id).collect::<Vec<_>>(), [other.id]);
});

on_each_db!(copies_that_a_crash_left_are_removed_and_those_in_use_stay, |app| {
    let folder = app.ws.site.data_dir.join("simulations");
    std::fs::create_dir_all(folder.join("7")).unwrap();
    std::fs::write(folder.join("7/half.db"), "half a copy").unwrap();
    std::fs::create_dir_all(folder.join("8")).unwrap();
    let url = hg_store::DbUrl::Sqlite(folder.join("8/world.db"));
    let in_use = hg_store::Db::open(&url, hg_store::Options::default()).await.unwrap();
    simulate::sweep(&app.ws).await;
    assert!(!folder.join("7").exists() && folder.join("8").exists());
    in_use.close().await;
    drop(in_use);
    simulate::sweep(&app.ws).await;
    assert!(!folder.join("8").exists());
});

on_each_db!(what_cannot_be_tried_says_why, |app| {
    let segment = oslo(&app).await;
    let id = campaign(&app, segment).await;
    let refused = simulate::run_now(&app.cx(), id, &setup(0.0)).await.unwrap_err();
    assert!(refused.to_string().contains("Nobody would come into this campaign"), "{refused}");
    let wrong = Setup { days: 0, open_percent: 101.0, ..Setup::default() };
    let refused = simulate::start(&app.cx(), id, wrong).await.unwrap_err();
    assert_eq!(refused.fields.iter().map(|f| f.pointer.as_str()).collect::<Vec<_>>(), ["/days", "/open_percent"]);
    let empty = NewCampaign { name: "Empty".into(), ..NewCampaign::default() };
    let empty = campaigns::create(&app.cx(), empty).await.unwrap().id;
    let refused = simulate::start(&app.cx(), empty, Setup::default()).await.unwrap_err();
    assert_eq!(refused.code, "campaign.not-ready");
});

on_each_db!(people_open_as_often_as_they_did_before, |app| {
    let everybody = people(&app, 2).await;
    let (opener, other) = (everybody[0], everybody[1]);
    for n in 0..20 {
        let mail = app.email(email(&format!("Old {n}"), "Old")).await;
        for contact in &everybody {
            app.queue(mail, *contact, "once").await;
        }
    }
    app.settle().await;
    for send in app.sends(opener).await {
        responses::opened(&app.cx(), send.id, false).await.unwrap();
    }
    app.settle().await;
    assert_eq!(app.sends(other).await.len(), 20);
    let segment = oslo(&app).await;
    let id = campaign(&app, segment).await;
    let mut opened = BTreeMap::from([(opener, 0), (other, 0)]);
    for seed in 0..12 {
        let contacts = everybody.iter().map(|c| c.0).collect();
        let setup = Setup { replay: true, open_percent: 50.0, seed, contacts, days: 10, ..Setup::default() };
        for walk in simulate::run_now(&app.cx(), id, &setup).await.unwrap().walks {
            let answered = walk.steps.iter().any(|s| s.name == "opens" && s.path.as_deref() == Some("yes"));
            *opened.entry(walk.contact).or_default() += i32::from(answered);
        }
    }
    assert!(opened[&opener] >= 9 && opened[&other] <= 3, "{opened:?}");
});
