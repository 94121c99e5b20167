//! From cause to effect: a person opens, clicks or sends in a form, and the next step of her campaign happens, while
//! page hits of others keep the whole engine busy.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use hg_app::campaigns::{self, NewCampaign, StepIn};
use hg_app::contacts::{self, ContactInput};
use hg_app::emails::{self, Content, NewEmail};
use hg_app::forms::{self, NewForm};
use hg_app::segments::{self, NewSegment};
use hg_app::sending::{self, outbox};
use hg_app::{Cx, Error, Result, Workspace, changes, engine};
use hg_core::campaigns::{Path, Source, SourceKind, Timing};
use hg_core::forms::{FieldKind, FormField, PostAction};
use hg_core::ids::{ContactId, EmailId, FormId};
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use super::ingest::{self, BROWSER, said};
use super::{Bench, peak_memory};
use crate::open;

/// Causes of each kind; more answers to forms from one address in a minute would be refused.
const EACH: usize = 100;
/// Hits a second that others make meanwhile, and over how many connections.
const LOAD: u32 = 2_000;
const CONNECTIONS: u32 = 16;
/// Between one cause and the next.
const PAUSE: Duration = Duration::from_millis(20);
/// An effect that takes longer counts as lost.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn run(bench: &Bench) -> Result<()> {
    let ws = bench.workspace("react").await?;
    let devices = Arc::new(ingest::visitors(&ws).await?);
    let effects = Effects::watch(&ws);
    let workers = tokio::spawn({
        let ws = ws.clone();
        async move { engine::standard().run(&ws).await }
    });
    let scene = Scene::set(&ws, &effects).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(said)?;
    let address = listener.local_addr().map_err(said)?;
    let app = hg_web::router(ws.clone());
    let server = tokio::spawn(async move {
        let _ = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await;
    });
    let load = Load::start(address, devices);
    let began = Instant::now();
    let mut kinds = Vec::new();
    for (name, causes) in scene.causes() {
        kinds.push((name, measure(address, &effects, causes).await?));
    }
    let rate = load.stop().await? as f64 / began.elapsed().as_secs_f64();
    println!("react: {rate:.0} page hits/s of others meanwhile, {EACH} causes of each kind");
    let mut all = Vec::new();
    for (name, times) in &kinds {
        tell(name, times);
        all.extend(times);
    }
    all.sort();
    tell("all", &all);
    println!("react: goal p99 1000 ms; peak memory {:.0} MB", peak_memory());
    server.abort();
    ws.stop();
    let _ = workers.await;
    ws.db.close().await;
    Ok(())
}

fn tell(name: &str, times: &[Duration]) {
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!("react: {name}: cause to effect p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms", at(0.5), at(0.99), at(1.0));
}

/// When a step of a campaign last ran for a contact, told by the announcement of its commit.
#[derive(Clone, Default)]
struct Effects(Arc<Mutex<HashMap<i64, Instant>>>);

impl Effects {
    fn watch(ws: &Workspace) -> Self {
        let (own, mut announcements) = (Self::default(), ws.db.subscribe());
        let seen = own.clone();
        tokio::spawn(async move {
            loop {
                match announcements.recv().await {
                    Ok(a) if a.topic == changes::ACTIVITY && a.payload.contains("campaign_step") => {
                        let at = Instant::now();
                        let contact = serde_json::from_str::<serde_json::Value>(&a.payload).ok();
                        if let Some(contact) = contact.and_then(|v| v.get("contact_id")?.as_i64()) {
                            seen.0.lock().unwrap_or_else(PoisonError::into_inner).insert(contact, at);
                        }
                    }
                    Ok(_) | Err(tokio::sync::broadcast::error::RecvError::Lagged(_)) => {}
                    Err(tokio::sync::broadcast::error::RecvError::Closed) => return,
                }
            }
        });
        own
    }

    /// When the first effect after `since` was seen.
    async fn after(&self, contact: i64, since: Instant) -> Result<Instant> {
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&contact).copied();
            if let Some(at) = seen.filter(|at| *at >= since) {
                return Ok(at);
            }
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        Err(open::plain(format!("no effect for contact {contact} within {PATIENCE:?}")))
    }
}

/// Something that a person does: a request, and the contact if she is known before.
pub(super) struct Cause {
    pub request: String,
    pub contact: Option<i64>,
}

/// Campaigns, people and mails that wait for what is measured.
struct Scene {
    opens: Vec<Cause>,
    clicks: Vec<Cause>,
    posts: Vec<Cause>,
}

impl Scene {
    async fn set(ws: &Workspace, effects: &Effects) -> Result<Self> {
        let cx = Cx::system(ws);
        let mut people = Vec::with_capacity(2 * EACH);
        for n in 0..2 * EACH {
            let fields = [("email".to_owned(), json!(format!("person{n}@example.org")))].into();
            people.push(contacts::create(&cx, ContactInput { fields, ..ContactInput::default() }, false).await?.0.id);
        }
        let source = "<p><a href=\"https://example.org/offer\">Offer</a></p>".to_owned();
        let content = Content { subject: "News".into(), source, ..Content::default() };
        let email = emails::create(&cx, NewEmail { name: "News".into(), content, ..NewEmail::default() }).await?.id;
        let segment = segments::create(&cx, NewSegment { name: "People".into(), ..NewSegment::default() }).await?.id;
        publish(&cx, "By mail", Source { kind: SourceKind::Segment, id: segment.0 }, mail_steps(email)).await?;
        let form = make_form(&cx).await?;
        let asked = vec![step("asked", None, None, "contact.tags", json!({"add": ["asked"]}))];
        publish(&cx, "By form", Source { kind: SourceKind::Form, id: form.0 }, asked).await?;
        let before = Instant::now();
        segments::change_by_hand(&cx, segment, people.clone(), true).await?;
        for person in &people {
            // The mail has left: the step after it waits for its answer.
            effects.after(person.0, before).await?;
        }
        let (openers, clickers) = people.split_at(EACH);
        Ok(Self { opens: opens(&cx, openers).await?, clicks: clicks(&cx, clickers).await?, posts: posts(form, EACH) })
    }

    fn causes(self) -> [(&'static str, Vec<Cause>); 3] {
        [("open", self.opens), ("click", self.clicks), ("form", self.posts)]
    }
}

pub(super) fn step(key: &str, parent: Option<&str>, path: Option<Path>, kind: &str, settings: serde_json::Value) -> StepIn {
    let name = key.to_owned();
    StepIn {
        key: name.clone(),
        parent: parent.map(str::to_owned),
        path,
        name,
        kind: kind.into(),
        settings,
        timing: Timing::immediate(),
    }
}

fn mail_steps(email: EmailId) -> Vec<StepIn> {
    let tags = |key: &str, parent: &str| step(key, Some(parent), Some(Path::Yes), "contact.tags", json!({ "add": [key] }));
    vec![
        step("mail", None, None, "email.send", json!({ "email_id": email })),
        step("open", Some("mail"), None, "email.open", json!({})),
        tags("opened", "open"),
        step("click", Some("mail"), None, "email.click", json!({})),
        tags("clicked", "click"),
    ]
}

pub(super) async fn publish(cx: &Cx, name: &str, source: Source, steps: Vec<StepIn>) -> Result<()> {
    let new = NewCampaign { name: name.into(), sources: vec![source], steps, publish: true, ..NewCampaign::default() };
    campaigns::create(cx, new).await.map(|_| ())
}

pub(super) async fn make_form(cx: &Cx) -> Result<FormId> {
    let field = FormField {
        alias: "email".into(),
        label: "Email".into(),
        kind: FieldKind::Email,
        mapped_field: Some("email".into()),
        ..FormField::default()
    };
    let new = NewForm {
        name: "Ask".into(),
        fields: vec![field],
        post_action: PostAction::Message("Thanks".into()),
        ..NewForm::default()
    };
    Ok(forms::create(cx, new).await?.id)
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {BROWSER}\r\n\r\n")
}

async fn opens(cx: &Cx, people: &[ContactId]) -> Result<Vec<Cause>> {
    let mut causes = Vec::with_capacity(people.len());
    for &person in people {
        let sends = cx.db().read(move |tx| sending::of_contact(tx, person, 1)).await?;
        let key = sends.first().map(|s| s.tracking_key.clone()).ok_or_else(|| Error::internal("no mail was sent"))?;
        causes.push(Cause { request: get(&format!("/email/{key}.gif")), contact: Some(person.0) });
    }
    Ok(causes)
}

pub(super) async fn clicks(cx: &Cx, people: &[ContactId]) -> Result<Vec<Cause>> {
    let caught = outbox::list(cx, hg_app::list::ListQuery { limit: 10_000, ..Default::default() }).await?.items;
    let mut causes = Vec::with_capacity(people.len());
    for &person in people {
        let found = caught.iter().find(|c| c.contact == Some(person)).ok_or_else(|| Error::internal("no mail was caught"))?;
        let parts = outbox::parts(&outbox::get(cx, found.id).await?.bytes);
        let link = parts.links.iter().map(|(_, url)| url).find(|url| url.contains("/r/"));
        let link = link.ok_or_else(|| Error::internal("the mail has no link"))?;
        let path = link.strip_prefix(&cx.ws.site.url).unwrap_or(link);
        causes.push(Cause { request: get(path), contact: Some(person.0) });
    }
    Ok(causes)
}

/// People nobody knew before.
pub(super) fn posts(form: FormId, number: usize) -> Vec<Cause> {
    (0..number)
        .map(|n| {
            let body = format!("mauticform%5Bemail%5D=new{n}%40example.org");
            let request = format!(
                "POST /form/submit/ajax?formId={form} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {BROWSER}\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            Cause { request, contact: None }
        })
        .collect()
}

/// The contact that the answer names in its cookie.
fn contact_in(head: &str) -> Option<i64> {
    head.lines().find_map(|l| l.strip_prefix("set-cookie: mtc_id="))?.split(';').next()?.parse().ok()
}

/// From the answer, which comes right after the commit of the cause, to the commit of the effect.
async fn measure(address: SocketAddr, effects: &Effects, causes: Vec<Cause>) -> Result<Vec<Duration>> {
    let mut stream = TcpStream::connect(address).await.map_err(said)?;
    stream.set_nodelay(true).map_err(said)?;
    let mut buffer = vec![0; 8_192];
    let mut times = Vec::with_capacity(causes.len());
    for cause in causes {
        let asked = Instant::now();
        stream.write_all(cause.request.as_bytes()).await.map_err(said)?;
        let head = ingest::answer(&mut stream, &mut buffer).await.map_err(said)?;
        let answered = Instant::now();
        let contact = cause.contact.or_else(|| contact_in(&head)).ok_or_else(|| Error::internal("nobody was recognised"))?;
        let seen = effects.after(contact, asked).await?;
        times.push(seen.saturating_duration_since(answered));
        tokio::time::sleep(PAUSE).await;
    }
    times.sort();
    Ok(times)
}

/// Page hits of others at a steady rate.
struct Load {
    stop: Arc<AtomicBool>,
    done: Arc<AtomicUsize>,
    clients: tokio::task::JoinSet<std::io::Result<()>>,
}

impl Load {
    fn start(address: SocketAddr, devices: Arc<Vec<String>>) -> Self {
        let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let mut clients = tokio::task::JoinSet::new();
        for client in 0..CONNECTIONS as usize {
            let (stop, done, devices) = (stop.clone(), done.clone(), devices.clone());
            clients.spawn(async move {
                let mut stream = TcpStream::connect(address).await?;
                stream.set_nodelay(true)?;
                let mut buffer = vec![0; 8_192];
                let mut pace = tokio::time::interval(Duration::from_secs(1) * CONNECTIONS / LOAD);
                let mut n = client;
                while !stop.load(Ordering::Relaxed) {
                    pace.tick().await;
                    n += CONNECTIONS as usize;
                    let device = &devices[n % devices.len()];
                    let request = format!(
                        "GET /mtracking.gif?page_url=https%3A%2F%2Fexample.org%2F{} HTTP/1.1\r\nHost: localhost\r\n\
                         User-Agent: {BROWSER}\r\nCookie: mautic_device_id={device}\r\n\r\n",
                        n % 50
                    );
                    stream.write_all(request.as_bytes()).await?;
                    ingest::answer(&mut stream, &mut buffer).await?;
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            });
        }
        Self { stop, done, clients }
    }

    /// How many hits there were.
    async fn stop(mut self) -> Result<usize> {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(client) = self.clients.join_next().await {
            client.map_err(|e| open::plain(e.to_string()))?.map_err(said)?;
        }
        Ok(self.done.load(Ordering::Relaxed))
    }
}
