//! Ways out that administrators set in the app. They come after those of the configuration, in an order of their own; their
//! addresses, which hold passwords and keys, are kept encrypted and never told.

use std::sync::Arc;

use async_trait::async_trait;
use hg_core::time::SharedClock;
use hg_store::{Sql, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::routes::{MailRoutes, Routes, Way};
use super::transport::{Channel, MailTransport, Transport, TransportError};
use crate::audit::{self, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, FieldError, Result};
use crate::secrets;
use crate::settings::Section;
use crate::workspace::Workspace;

/// A workspace has a handful.
const MOST: usize = 20;
const SECRET: &str = "a way out for mail";
const KIND: &str = "way out";

/// Makes transports of addresses.
pub trait WayMaker: Send + Sync + 'static {
    /// What mail leaves through at this address, or what is wrong with it. Nothing is connected.
    fn make(&self, address: &str) -> Result<Arc<dyn Transport>, String>;
}

/// Tries an address without sending anything.
#[async_trait]
pub trait WayProbe: Send + Sync {
    /// What was found there, or what is wrong.
    async fn probe(&self, address: &str) -> Result<String, String>;
}

/// What ways are made of, put in place with `set_part`.
pub struct WayKit {
    /// Those of the configuration, which are asked first.
    pub configured: Vec<Arc<dyn Transport>>,
    pub maker: Arc<dyn WayMaker>,
    pub clock: SharedClock,
}

/// One of the app's ways, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    id: i64,
    /// Host and port.
    name: String,
    /// Encrypted.
    address: String,
}

/// All of them, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct Ways {
    /// The last number that was given; none is given twice.
    last: i64,
    list: Vec<Kept>,
}

impl Section for Ways {
    const KEY: &'static str = "mail_ways";
    const SECRET: &'static [&'static str] = &["list"];
}

/// A way that cannot be used, instead of none: mail waits until somebody mends it.
struct Shut {
    name: String,
    why: String,
}

#[async_trait]
impl Transport for Shut {
    async fn channel(&self) -> Result<Box<dyn Channel>, TransportError> {
        Err(TransportError::Unreachable(self.why.clone()))
    }

    async fn release(&self, _: Box<dyn Channel>) {}

    fn describe(&self) -> String {
        self.name.clone()
    }
}

/// Opens the ways of the configuration and of the app as one transport; without any the outbox catches mail.
pub async fn open_ways(ws: &Workspace) -> Result<()> {
    let Some(kit) = ws.get_part::<WayKit>() else { return Ok(()) };
    let ways = ws.db.read(read).await?;
    let configured = kit.configured.iter().enumerate().map(|(at, transport)| Way {
        key: format!("configuration {at}"),
        id: None,
        transport: Arc::clone(transport),
    });
    let own =
        ways.list.into_iter().map(|kept| Way { id: Some(kept.id), transport: opened(ws, &*kit.maker, &kept), key: kept.address });
    let all: Vec<Way> = configured.chain(own).collect();
    if all.is_empty() {
        ws.drop_part::<MailTransport>();
        ws.drop_part::<MailRoutes>();
        return Ok(());
    }
    let before = ws.get_part::<MailRoutes>();
    let routes = Routes::of(all, kit.clock.clone(), before.as_ref().map(|before| &before.0));
    ws.set_part(Arc::new(MailTransport(Arc::new(routes.clone()))));
    ws.set_part(Arc::new(MailRoutes(routes)));
    Ok(())
}

fn opened(ws: &Workspace, maker: &dyn WayMaker, kept: &Kept) -> Arc<dyn Transport> {
    let plain = secrets::open(ws, SECRET, &kept.address).map_err(|error| error.detail);
    let made = plain.and_then(|plain| maker.make(&String::from_utf8_lossy(&plain)));
    made.unwrap_or_else(|why| {
        tracing::error!(way = %kept.name, why = %why, "A way out for mail cannot be used");
        Arc::new(Shut { name: kept.name.clone(), why })
    })
}

/// Tries the ways of the app in their order, whether or not they are open: what was found at each, or what is wrong. Only the
/// probe sees their addresses.
///
/// # Errors
/// When the caller may not change settings, or the list cannot be read.
pub async fn probe_ways(cx: &Cx, probe: &dyn WayProbe) -> Result<Vec<Result<String, String>>> {
    cx.may(Action::Edit(Area::Settings))?;
    let mut found = Vec::new();
    for kept in cx.db().read(read).await?.list {
        found.push(match secrets::open(&cx.ws, SECRET, &kept.address) {
            Ok(plain) => probe.probe(&String::from_utf8_lossy(&plain)).await,
            Err(error) => Err(format!("{}: {}", kept.name, error.detail)),
        });
    }
    Ok(found)
}

fn read(tx: &mut Tx<'_>) -> Result<Ways> {
    let text = "SELECT body FROM settings WHERE section = $1";
    let body: Option<serde_json::Value> = tx.opt(Sql::new(text).bind(Ways::KEY), |r| r.get(0))?;
    let ways = body.map(serde_json::from_value).transpose().map_err(|e| Error::internal(e.to_string()))?;
    Ok(ways.unwrap_or_default())
}

/// Changes the list, tells the audit log, and opens the ways anew.
async fn change<T: Send + 'static>(cx: &Cx, change: impl Fn(&mut Ways) -> Result<(Entry, T)> + Send + 'static) -> Result<T> {
    cx.may(Action::Edit(Area::Settings))?;
    let (who, now) = (cx.who(), cx.now());
    let done = cx
        .db()
        .write(move |tx| {
            let mut ways = read(tx)?;
            let (entry, done) = change(&mut ways)?;
            let body = serde_json::to_value(&ways).map_err(|e| Error::internal(e.to_string()))?;
            let keep = "INSERT INTO settings (section, body, updated_at) VALUES ($1, $2, $3) \
                        ON CONFLICT (section) DO UPDATE SET body = excluded.body, version = settings.version + 1, updated_at = excluded.updated_at";
            tx.exec(Sql::new(keep).bind(Ways::KEY).bind(&body).bind(now))?;
            audit::record(tx, &who, entry)?;
            // What waits may leave now.
            tx.wake(super::TOPIC);
            Ok::<_, Error>(done)
        })
        .await?;
    open_ways(&cx.ws).await?;
    Ok(done)
}

/// Checks an address: what it is called, and how it is kept.
fn taken(cx: &Cx, address: &str) -> Result<(String, String)> {
    let address = address.trim();
    let wrong = |detail: String| Error::invalid(vec![FieldError::new("/address", "address", detail)]);
    if address.is_empty() || address.contains(char::is_whitespace) {
        return Err(wrong("Write one address, such as smtp://user:password@mail.example.org:587.".to_owned()));
    }
    let kit = cx.ws.get_part::<WayKit>().ok_or_else(|| Error::unavailable("This server cannot send mail."))?;
    let name = kit.maker.make(address).map_err(wrong)?.describe();
    Ok((name, secrets::seal(&cx.ws, SECRET, address.as_bytes())?))
}

fn place(ways: &Ways, id: i64) -> Result<usize> {
    ways.list.iter().position(|kept| kept.id == id).ok_or_else(|| Error::not_found("way out", id))
}

/// Adds a way as the last one; its number.
///
/// # Errors
/// When the address is none, or there are too many ways.
pub async fn add_way(cx: &Cx, address: &str) -> Result<i64> {
    cx.may(Action::Edit(Area::Settings))?;
    let (name, address) = taken(cx, address)?;
    change(cx, move |ways| {
        if ways.list.len() >= MOST {
            return Err(Error::conflict("way-out.too-many", format!("There can be {MOST} ways out. Remove one first.")));
        }
        ways.last += 1;
        ways.list.push(Kept { id: ways.last, name: name.clone(), address: address.clone() });
        Ok((Entry::new(Deed::Create, KIND, ways.last, &name), ways.last))
    })
    .await
}

/// Gives a way another address; it keeps its place.
pub async fn change_way(cx: &Cx, id: i64, address: &str) -> Result<()> {
    cx.may(Action::Edit(Area::Settings))?;
    let (name, address) = taken(cx, address)?;
    change(cx, move |ways| {
        let at = place(ways, id)?;
        let before = std::mem::replace(&mut ways.list[at], Kept { id, name: name.clone(), address: address.clone() });
        // Of the address only the server is told.
        Ok((Entry::new(Deed::Update, KIND, id, &name).detail(json!({"was": before.name, "is": name})), ()))
    })
    .await
}

/// Removes a way. When it was the last one, the outbox catches mail.
pub async fn remove_way(cx: &Cx, id: i64) -> Result<()> {
    change(cx, move |ways| {
        let at = place(ways, id)?;
        let gone = ways.list.remove(at);
        Ok((Entry::new(Deed::Delete, KIND, id, &gone.name), ()))
    })
    .await
}

/// Puts a way at another place among those of the app, counted from 0.
pub async fn move_way(cx: &Cx, id: i64, to: usize) -> Result<()> {
    change(cx, move |ways| {
        let at = place(ways, id)?;
        let kept = ways.list.remove(at);
        let to = to.min(ways.list.len());
        let entry = Entry::new(Deed::Update, KIND, id, &kept.name).detail(json!({"from": at, "to": to}));
        ways.list.insert(to, kept);
        Ok((entry, ()))
    })
    .await
}
