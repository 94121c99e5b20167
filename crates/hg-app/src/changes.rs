//! Cause and effect: what happens to a contact is written once, and segments and campaigns react to it.
//!
//! A use case calls [`record`] in its own transaction. That writes the event (the timeline), and a row of the change
//! queue. The [`ReactorWorker`] takes such rows, hands them to its [`Reactor`]s in order (segments first, then
//! campaigns, which see the joins and leaves that the segments just made), and removes them in the same transaction
//! in which the reactions are written: no change is lost and none acts twice. What reactions cause is queued again.

use async_trait::async_trait;
use hg_core::events::EventKind;
use hg_core::ids::{ContactId, EventId};
use hg_core::time::Timestamp;
use hg_store::{Dialect, Lane, Sql, ToValue, Tx, Value};
use serde_json::Value as Json;

use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::worker::Worker;
use crate::workspace::Workspace;

/// Announced when the queue got something to react to.
pub const TOPIC: &str = "changes";
/// Announced for each event that people see; the payload is the JSON of the live stream.
pub const ACTIVITY: &str = "activity";

/// Something that happened to a contact.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    pub contact: ContactId,
    pub kind: EventKind,
    pub at: Timestamp,
    /// See [`EventKind`] for what this and `ref_id` mean.
    pub object_id: i64,
    pub ref_id: Option<i64>,
    pub url_id: Option<i64>,
    pub detail: Option<Json>,
}

impl Happening {
    pub fn new(contact: ContactId, kind: EventKind, at: Timestamp) -> Self {
        Self { contact, kind, at, object_id: 0, ref_id: None, url_id: None, detail: None }
    }
    #[must_use]
    pub fn object(mut self, id: i64) -> Self {
        self.object_id = id;
        self
    }
    #[must_use]
    pub fn reference(mut self, id: i64) -> Self {
        self.ref_id = Some(id);
        self
    }
    #[must_use]
    pub fn url(mut self, id: i64) -> Self {
        self.url_id = Some(id);
        self
    }
    #[must_use]
    pub fn detail(mut self, detail: Json) -> Self {
        self.detail = Some(detail);
        self
    }
}

/// A row of the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub id: i64,
    pub contact: ContactId,
    pub kind: EventKind,
    pub object_id: i64,
    pub ref_id: Option<i64>,
    pub detail: Option<Json>,
    pub at: Timestamp,
}

const INTO_EVENTS: &str = "INSERT INTO events (contact_id, kind, occurred_at, object_id, ref_id, url_id, detail)";
const INSERT_EVENT: &str = "INSERT INTO events (contact_id, kind, occurred_at, object_id, ref_id, url_id, detail) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id";
const INTO_CHANGES: &str = "INSERT INTO contact_changes (contact_id, kind, object_id, ref_id, detail, occurred_at)";
const INSERT_CHANGE: &str =
    "INSERT INTO contact_changes (contact_id, kind, object_id, ref_id, detail, occurred_at) VALUES ($1, $2, $3, $4, $5, $6)";
/// Asking whether anybody listens is worth its price for more happenings than this.
const FEW: usize = 8;

/// Writes the event, queues the reaction to it, and announces it. Kinds that are not shown are only queued.
pub fn record(tx: &mut Tx<'_>, what: Happening) -> Result<Option<EventId>> {
    let id = if what.kind.is_shown() { Some(note(tx, &what)?) } else { None };
    queue(tx, &what)?;
    Ok(id)
}

/// Writes the event without any reaction to it, for what follows from something already queued.
pub fn note(tx: &mut Tx<'_>, what: &Happening) -> Result<EventId> {
    let id: EventId = tx.one(
        Sql::new(INSERT_EVENT)
            .bind(what.contact)
            .bind(what.kind.code())
            .bind(what.at)
            .bind(what.object_id)
            .bind(what.ref_id)
            .bind(what.url_id)
            .bind(what.detail.as_ref()),
        |r| r.get(0),
    )?;
    announce(tx, id, what);
    Ok(id)
}

fn announce(tx: &mut Tx<'_>, id: EventId, what: &Happening) {
    tx.announce_with(ACTIVITY, || {
        format!(r#"{{"id":{},"kind":"{}","contact_id":{},"occurred_at":"{}"}}"#, id, what.kind.key(), what.contact, what.at)
    });
}

/// As [`record`], for many contacts to whom the same happened: one kind, one object. Reactions are queued only when something
/// listens for what happened, so that a step for a million contacts costs nothing where nothing depends on it.
pub fn record_many(ws: &Workspace, tx: &mut Tx<'_>, what: &[Happening]) -> Result<()> {
    let Some(first) = what.first() else { return Ok(()) };
    if first.kind.is_shown() {
        note_many(tx, what)?;
    }
    if what.len() > FEW && !somebody_listens(ws, tx, first)? {
        return Ok(());
    }
    queue_many(tx, what)
}

/// As [`record`], for many.
pub fn record_all(tx: &mut Tx<'_>, what: &[Happening]) -> Result<()> {
    let shown: Vec<Happening> = what.iter().filter(|w| w.kind.is_shown()).cloned().collect();
    note_many(tx, &shown)?;
    queue_many(tx, what)
}

/// As [`queue`], for many.
fn queue_many(tx: &mut Tx<'_>, what: &[Happening]) -> Result<()> {
    if what.is_empty() {
        return Ok(());
    }
    let mut rows = Vec::with_capacity(what.len() * 6);
    for w in what {
        let told = w.detail.as_ref().to_value();
        rows.extend([w.contact.to_value(), w.kind.code().to_value(), w.object_id.to_value(), w.ref_id.to_value(), told]);
        rows.push(w.at.to_value());
    }
    tx.insert_many(INTO_CHANGES, "", 6, &rows)?;
    tx.wake(TOPIC);
    Ok(())
}

/// As [`note`] for many.
pub fn note_many(tx: &mut Tx<'_>, what: &[Happening]) -> Result<()> {
    let mut rows: Vec<Value> = Vec::with_capacity(what.len() * 7);
    for w in what {
        rows.extend([w.contact.to_value(), w.kind.code().to_value(), w.at.to_value(), w.object_id.to_value()]);
        rows.extend([w.ref_id.to_value(), w.url_id.to_value(), w.detail.as_ref().to_value()]);
    }
    if !tx.is_heard() {
        tx.insert_many(INTO_EVENTS, "", 7, &rows)?;
        return Ok(());
    }
    for (id, w) in tx.insert_ids(INTO_EVENTS, 7, &rows)?.into_iter().zip(what) {
        announce(tx, EventId(id), w);
    }
    Ok(())
}

/// Whether any reactor can have something to do with it. On PostgreSQL, where somebody may be making a segment at this very
/// moment who sees neither the change nor its place in the queue, always.
fn somebody_listens(ws: &Workspace, tx: &mut Tx<'_>, what: &Happening) -> Result<bool> {
    if tx.dialect() == Dialect::Postgres {
        return Ok(true);
    }
    let sample = Change {
        id: 0,
        contact: what.contact,
        kind: what.kind,
        object_id: what.object_id,
        ref_id: what.ref_id,
        detail: what.detail.clone(),
        at: what.at,
    };
    for reactor in crate::engine::REACTORS {
        if reactor.listens(ws, tx, &sample)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Queues the reaction without an event.
pub fn queue(tx: &mut Tx<'_>, what: &Happening) -> Result<()> {
    tx.exec(
        Sql::new(INSERT_CHANGE)
            .bind(what.contact)
            .bind(what.kind.code())
            .bind(what.object_id)
            .bind(what.ref_id)
            .bind(what.detail.as_ref())
            .bind(what.at),
    )?;
    tx.wake(TOPIC);
    Ok(())
}

/// Reacts to changes inside the transaction that takes them from the queue.
pub trait Reactor: Send + Sync + 'static {
    /// Reacts; changes that the next reactor must see at once (joins and leaves of segments) are appended.
    fn react(&self, ws: &Workspace, tx: &mut Tx<'_>, changes: &mut Vec<Change>) -> Result<()>;

    /// Whether it can have something to do with changes like this one; asked once for many contacts.
    fn listens(&self, ws: &Workspace, tx: &mut Tx<'_>, sample: &Change) -> Result<bool>;
}

/// Takes changes from the queue and hands them to the reactors.
pub struct ReactorWorker {
    reactors: &'static [&'static dyn Reactor],
    batch: i64,
}

/// A change that fails this often is left in the queue and logged, so that it cannot hold up the others.
const GIVE_UP_AFTER: i64 = 8;

impl ReactorWorker {
    pub fn new(reactors: &'static [&'static dyn Reactor]) -> Self {
        Self { reactors, batch: 200 }
    }

    async fn take(&self, cx: &Cx, limit: i64) -> Result<usize> {
        let reactors = self.reactors;
        let ws = cx.ws.clone();
        cx.db().write_in(Lane::Live, move |tx| {
            let mut changes = tx.all(
                Sql::new("SELECT id, contact_id, kind, object_id, ref_id, detail, occurred_at FROM contact_changes WHERE failures < $1 ORDER BY id LIMIT $2")
                    .bind(GIVE_UP_AFTER)
                    .bind(limit),
                |r| {
                    Ok(Change {
                        id: r.get(0)?,
                        contact: r.get(1)?,
                        kind: EventKind::from_code(r.get(2)?).unwrap_or(EventKind::TimePassed),
                        object_id: r.get(3)?,
                        ref_id: r.get(4)?,
                        detail: r.get(5)?,
                        at: r.get(6)?,
                    })
                },
            )?;
            if changes.is_empty() {
                return Ok(0);
            }
            let taken = changes.len();
            let ids: Vec<i64> = changes.iter().map(|c| c.id).collect();
            for reactor in reactors {
                reactor.react(&ws, tx, &mut changes)?;
            }
            tx.exec(Sql::new("DELETE FROM contact_changes WHERE id @in($1)").bind(ids.as_slice()))?;
            Ok::<_, Error>(taken)
        })
        .await
    }

    /// Counts a failure of the oldest change, so that it is given up in the end.
    async fn mark_failed(&self, cx: &Cx) -> Result<()> {
        cx.db()
            .write_in(Lane::Live, |tx| {
                tx.exec(
                    Sql::new("UPDATE contact_changes SET failures = failures + 1 WHERE id = (SELECT min(id) FROM contact_changes WHERE failures < $1)")
                        .bind(GIVE_UP_AFTER),
                )?;
                Ok::<_, Error>(())
            })
            .await
    }
}

#[async_trait]
impl Worker for ReactorWorker {
    fn name(&self) -> &'static str {
        "reactor"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        match self.take(cx, self.batch).await {
            Ok(n) => Ok(n),
            Err(error) if error.store().is_some_and(hg_store::StoreError::is_passing) => Err(error),
            // One of the batch is at fault: take them one by one, so that only that one waits.
            Err(_) => match self.take(cx, 1).await {
                Ok(n) => Ok(n),
                Err(error) => {
                    tracing::error!(error = %error, cause = ?error.source, "A change could not be reacted to");
                    self.mark_failed(cx).await?;
                    Ok(1)
                }
            },
        }
    }
}
