//! From cause to hand-over: somebody clicks, sends in a form, or changes so that she joins a segment, and the mail that a
//! campaign sends for it reaches the mail server, in a large workspace where others change all the time.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use hg_app::contacts::{self, ContactInput};
use hg_app::emails::{self, Content, NewEmail};
use hg_app::segments::{self, NewSegment};
use hg_app::sending::MailTransport;
use hg_app::{Cx, Error, Result, Workspace, engine, settings};
use hg_core::campaigns::{Path, Source, SourceKind};
use hg_core::ids::{ContactId, EmailId, SegmentId};
use hg_net::smtp::{SmtpConfig, SmtpTransport};
use hg_store::Sql;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::react::{self, Cause};
use super::send::{self, Arrivals};
use super::world::{Times, values, world};
use super::{Bench, ingest, live, peak_memory};
use crate::open;

/// Campaigns that run beside those that are measured, and how many people wait in each.
const OTHERS: i64 = 47;
const WAITING: i64 = 1_000;
/// Causes of each kind a minute; more answers to forms from one address in a minute would be refused.
const A_MINUTE: u32 = 90;
/// A mail that takes longer counts as lost.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn run(bench: &Bench, minutes: u32) -> Result<()> {
    let ws = world(bench).await?;
    let cx = Cx::system(&ws);
    let mut own = ws.settings().sending.clone();
    own.sender_email = "team@example.org".into();
    settings::write_sending(&cx, own).await?;
    let workers = tokio::spawn({
        let ws = ws.clone();
        async move { engine::standard().run(&ws).await }
    });
    let number = (A_MINUTE * minutes.max(1)) as usize;
    let scene = Scene::set(&cx, number).await?;
    let arrivals = Arrivals::default();
    let smtp = format!("smtp://{}?tls=none", send::sink(Some(arrivals.clone())).await?);
    let smtp = SmtpConfig::parse(&smtp).map_err(|e| open::plain(e.to_string()))?;
    ws.set_part(Arc::new(MailTransport(Arc::new(SmtpTransport::new(smtp)))));
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(ingest::said)?;
    let address = listener.local_addr().map_err(ingest::said)?;
    let app = hg_web::router(ws.clone());
    let server = tokio::spawn(async move {
        let _ = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await;
    });
    let (stop, made) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writers: Vec<_> = (0..live::WRITERS)
        .map(|w| tokio::spawn(live::change(ws.clone(), w, u64::from(bench.contacts), stop.clone(), made.clone())))
        .collect();
    let began = Instant::now();
    let mut probe = Probe { cx: cx.clone(), arrivals, stream: TcpStream::connect(address).await.map_err(ingest::said)?, lost: 0 };
    let (mut clicks, mut forms, mut fields) = (Vec::new(), Vec::new(), Vec::new());
    let mut pace = tokio::time::interval(Duration::from_secs(60) / A_MINUTE);
    let causes = scene.clicks.into_iter().zip(scene.forms.into_iter().zip(scene.people));
    for (n, ((click, to), (form, person))) in causes.enumerate() {
        pace.tick().await;
        clicks.extend(probe.asked(click.request, &to).await?);
        forms.extend(probe.asked(form.request, &format!("new{n}@example.org")).await?);
        fields.extend(probe.changed(person.0, &person.1).await?);
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        let _ = writer.await;
    }
    let rate = made.load(Ordering::Relaxed) as f64 / began.elapsed().as_secs_f64();
    println!("handover: {rate:.0} changes/s of others meanwhile, {} campaigns run, {number} causes of each kind", OTHERS + 3);
    let mut all = Vec::new();
    for (name, times) in [("click", clicks), ("form", forms), ("field", fields)] {
        all.extend(times.iter().copied());
        println!("handover: {name} to mail {}", Times::of(times).line());
    }
    println!("handover: all {}, {} lost; goal p99 1000 ms", Times::of(all).line(), probe.lost);
    println!("handover: peak memory {:.0} MB", peak_memory());
    server.abort();
    workers.abort();
    ws.stop();
    ws.db.close().await;
    Ok(())
}

/// What waits to be caused, each with the address that the mail goes to.
struct Scene {
    clicks: Vec<(Cause, String)>,
    forms: Vec<Cause>,
    people: Vec<(ContactId, String)>,
}

impl Scene {
    async fn set(cx: &Cx, number: usize) -> Result<Self> {
        let everybody = addresses(&cx.ws, 2 * number as i64).await?;
        let (clickers, people) = everybody.split_at(number.min(everybody.len()));
        others(cx).await?;
        let answer = letter(cx, "Answer").await?;
        let sends = |parent: Option<&str>, path| react::step("answer", parent, path, "email.send", json!({ "email_id": answer }));
        // By a changed field: a filter lets her in.
        let filter = json!({"match": "all", "rules": [{"field": "title", "op": "=", "value": "Cause"}]});
        let cause = NewSegment { name: "Cause".into(), filter: Some(filter), ..NewSegment::default() };
        let cause = segments::create(cx, cause).await?.id;
        segments::rebuild_all_now(cx, Some(cause)).await?;
        react::publish(cx, "By field", from(cause), vec![sends(None, None)]).await?;
        // By a form.
        let form = react::make_form(cx).await?;
        let source = Source { kind: SourceKind::Form, id: form.0 };
        react::publish(cx, "By form", source, vec![sends(None, None)]).await?;
        // By a click into a mail that the outbox has caught.
        let first = letter(cx, "First").await?;
        let told = segments::create(cx, NewSegment { name: "Told".into(), ..NewSegment::default() }).await?.id;
        let steps = vec![
            react::step("first", None, None, "email.send", json!({ "email_id": first })),
            react::step("click", Some("first"), None, "email.click", json!({})),
            sends(Some("click"), Some(Path::Yes)),
        ];
        react::publish(cx, "By click", from(told), steps).await?;
        let ids: Vec<ContactId> = clickers.iter().map(|(id, _)| *id).collect();
        segments::change_by_hand(cx, told, ids.clone(), true).await?;
        until(cx, ids.len() as i64, "SELECT count(*) FROM campaign_log WHERE state = 1 AND send_id IS NOT NULL").await?;
        let clicks = react::clicks(cx, &ids).await?.into_iter().zip(clickers.iter().map(|(_, to)| to.clone())).collect();
        Ok(Self { clicks, forms: react::posts(form, number), people: people.to_vec() })
    }
}

fn from(segment: SegmentId) -> Source {
    Source { kind: SourceKind::Segment, id: segment.0 }
}

async fn letter(cx: &Cx, name: &str) -> Result<EmailId> {
    let source = "<p>Dear {contactfield=firstname|friend}, <a href=\"https://example.org/offer\">look</a>.</p>".to_owned();
    let content = Content { subject: name.to_owned(), source, ..Content::default() };
    Ok(emails::create(cx, NewEmail { name: name.into(), content, ..NewEmail::default() }).await?.id)
}

/// Campaigns in which people wait for a visit that never comes.
async fn others(cx: &Cx) -> Result<()> {
    for n in 0..OTHERS {
        let segment = segments::create(cx, NewSegment { name: format!("Waits {n}"), ..NewSegment::default() }).await?.id;
        let steps = vec![
            react::step("visit", None, None, "page.visit", json!({"url": format!("https://example.org/offers/{n}/*")})),
            react::step("came", Some("visit"), Some(Path::Yes), "contact.tags", json!({"add": ["came"]})),
        ];
        react::publish(cx, &format!("Waits {n}"), from(segment), steps).await?;
        let people = (1..=WAITING).map(|i| ContactId(50_000 + n * WAITING + i)).collect();
        segments::change_by_hand(cx, segment, people, true).await?;
    }
    let waiting = "SELECT count(*) FROM campaign_log WHERE state = 1";
    let there: i64 = cx.db().read(|tx| Ok::<_, Error>(tx.scalar("SELECT max(id) FROM contacts")?)).await?;
    until(cx, (OTHERS * WAITING).min((there - 50_000).max(0)), waiting).await
}

/// Waits until a count is reached.
async fn until(cx: &Cx, wanted: i64, count: &'static str) -> Result<()> {
    let began = Instant::now();
    loop {
        let there: i64 = cx.db().read(move |tx| Ok::<_, Error>(tx.scalar(count)?)).await?;
        if there >= wanted {
            return Ok(());
        }
        if began.elapsed() > Duration::from_secs(300) {
            return Err(open::plain(format!("only {there} of {wanted} wait after five minutes")));
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Contacts who can be written to.
async fn addresses(ws: &Workspace, number: i64) -> Result<Vec<(ContactId, String)>> {
    ws.db
        .read(move |tx| {
            let sql = Sql::new(
                "SELECT id, email FROM contacts c WHERE email IS NOT NULL AND deleted_at IS NULL AND id > 100 \
                 AND NOT EXISTS (SELECT 1 FROM do_not_contact d WHERE d.contact_id = c.id) ORDER BY id LIMIT $1",
            );
            Ok::<_, Error>(tx.all(sql.bind(number), |r| Ok((r.get(0)?, r.get(1)?)))?)
        })
        .await
}

/// Causes something and waits for its mail.
struct Probe {
    cx: Cx,
    arrivals: Arrivals,
    stream: TcpStream,
    lost: usize,
}

impl Probe {
    /// Something that a browser asks for.
    async fn asked(&mut self, request: String, to: &str) -> Result<Option<Duration>> {
        let began = Instant::now();
        self.stream.write_all(request.as_bytes()).await.map_err(ingest::said)?;
        let mut buffer = vec![0; 8_192];
        ingest::answer(&mut self.stream, &mut buffer).await.map_err(ingest::said)?;
        self.arrived(to, began).await
    }

    async fn changed(&mut self, contact: ContactId, to: &str) -> Result<Option<Duration>> {
        let began = Instant::now();
        let input = ContactInput { fields: values(&[("title", json!("Cause"))]), ..ContactInput::default() };
        contacts::update(&self.cx, contact, input, true).await?;
        self.arrived(to, began).await
    }

    async fn arrived(&mut self, to: &str, since: Instant) -> Result<Option<Duration>> {
        while since.elapsed() < PATIENCE {
            let at = self.arrivals.lock().unwrap_or_else(PoisonError::into_inner).get(to).copied();
            if let Some(at) = at.filter(|at| *at >= since) {
                return Ok(Some(at - since));
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        self.lost += 1;
        Ok(None)
    }
}
