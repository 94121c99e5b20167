//! The mail worker: claims what is due and hands it over, on as many connections as the settings allow.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use async_trait::async_trait;
use hg_core::time::{Millis, Timestamp};
use hg_store::Lane;
use tokio::task::JoinSet;

use super::batch::{self, Outcome};
use super::clerk::Clerk;
use super::compose::{Desk, Job, Outgoing};
use super::lanes;
use super::ledger::{self, SendRow};
use super::pace::{self, Destinations};
use super::transport::{Channel, MailTransport, Transport, TransportError, Undelivered};
use super::{TOPIC, outbox};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::worker::{Worker, surely};

/// The first batch of a connection; it grows while the server is quick, so that urgent mail never waits long.
const FIRST_BATCH: i64 = 20;
const LARGEST_BATCH: i64 = 200;
/// A server that cannot be reached rests a second, doubled so many times at most.
const MOST_DOUBLINGS: u32 = 6;
const LONGEST_REST: Millis = Millis::seconds(1 << MOST_DOUBLINGS);
/// What a batch should take.
const QUICK: Millis = Millis(250);

/// Hands over mail.
pub struct MailWorker;

/// When to try a server again that could not be reached.
#[derive(Default)]
struct Rest {
    until: AtomicI64,
    failures: AtomicU32,
}

impl Rest {
    fn now_on(&self, now: Timestamp) {
        let failures = self.failures.fetch_add(1, Ordering::SeqCst).min(MOST_DOUBLINGS);
        self.until.store(now.plus(Millis::seconds(1 << failures)).0, Ordering::SeqCst);
    }

    fn is_over(&self) {
        self.failures.store(0, Ordering::SeqCst);
        self.until.store(0, Ordering::SeqCst);
    }

    /// Until when, if it is still resting: a rest that is longer than any was written by a clock that has been put back.
    fn until(&self, now: Timestamp) -> Timestamp {
        let until = Timestamp(self.until.load(Ordering::SeqCst));
        if until.since(now) > LONGEST_REST { Timestamp(0) } else { until }
    }
}

#[async_trait]
impl Worker for MailWorker {
    fn name(&self) -> &'static str {
        "mail"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        if cx.now() < cx.ws.part::<Rest>().until(cx.now()) {
            return Ok(0);
        }
        let first = batch::claim(cx, FIRST_BATCH).await?;
        if first.is_empty() {
            ledger::recover(cx, false).await?;
            lanes::finish_sends(cx).await?;
            return Ok(0);
        }
        match cx.ws.get_part::<MailTransport>() {
            None => outbox::catch(cx, first).await,
            Some(transport) => hand_over_all(cx, transport.0.clone(), first).await,
        }
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        let rest = cx.ws.part::<Rest>().until(cx.now());
        let (ws, now) = (cx.ws.clone(), cx.now());
        let due = cx
            .db()
            .read(move |tx| {
                let ceiling = pace::left_today(&ws, tx, now)?;
                ledger::next_due(tx, ceiling.filter(|(left, _)| *left <= 0).map(|(_, next)| next))
            })
            .await?;
        Ok(due.map(|due| due.max(rest)))
    }
}

/// Opens as many connections as there is work for.
async fn hand_over_all(cx: &Cx, transport: Arc<dyn Transport>, first: Vec<SendRow>) -> Result<usize> {
    let much = first.len() as i64 == FIRST_BATCH;
    let connections = if much { cx.ws.settings().sending.max_connections.max(1) } else { 1 };
    let desk = Arc::new(Desk::open(cx).await?);
    let clerk = Clerk::hire(cx);
    let mut lines = JoinSet::new();
    for number in 0..connections {
        let line = Line {
            cx: cx.clone(),
            transport: transport.clone(),
            desk: desk.clone(),
            channel: None,
            before: None,
            clerk: clerk.clone(),
        };
        lines.spawn(line.run(if number == 0 { first.clone() } else { Vec::new() }));
    }
    let mut done = 0;
    let mut failure = None;
    while let Some(line) = lines.join_next().await {
        match line {
            Ok(Ok(n)) => done += n,
            Ok(Err(error)) => failure = Some(error),
            Err(panic) => failure = Some(Error::internal(panic.to_string())),
        }
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(done),
    }
}

/// A message of a batch, written.
struct Letter {
    send: SendRow,
    /// Or why it cannot be written.
    outgoing: Result<Outgoing, String>,
}

impl Letter {
    fn write(desk: &Desk, job: Job, now: Timestamp) -> Self {
        let outgoing = desk.compose(&job.send, &job.email, &job.texts, &job.more, now).map_err(|error| error.to_string());
        Self { send: job.send, outgoing }
    }
}

/// One connection and what it carries.
struct Line {
    cx: Cx,
    transport: Arc<dyn Transport>,
    desk: Arc<Desk>,
    channel: Option<Box<dyn Channel>>,
    /// The message before, answered but not yet written: it shares the commit of the next hand-over.
    before: Option<(SendRow, Outcome)>,
    clerk: Clerk,
}

/// Why a line stops.
enum Halt {
    /// The server is away.
    Unreachable(String),
    Error(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl Line {
    async fn run(mut self, mut claimed: Vec<SendRow>) -> Result<usize> {
        let mut size = FIRST_BATCH;
        let mut done = 0;
        loop {
            if claimed.is_empty() {
                claimed = batch::claim(&self.cx, size).await?;
            }
            if claimed.is_empty() || self.cx.ws.is_stopping() {
                break;
            }
            let began = self.cx.now();
            match self.batch(std::mem::take(&mut claimed)).await {
                Ok(n) => done += n,
                Err(Halt::Error(error)) => return Err(error),
                Err(Halt::Unreachable(reason)) => {
                    tracing::warn!(server = %self.transport.describe(), reason = %reason, "The mail server cannot be used now");
                    break;
                }
            }
            let took = self.cx.now().since(began);
            size = if took < QUICK { (size * 2).min(LARGEST_BATCH) } else { (size / 2).max(1) };
        }
        let ids: Vec<i64> = claimed.iter().map(|s| s.id.0).collect();
        if !ids.is_empty() {
            surely(&self.cx, Lane::Live, move |tx| ledger::release(tx, &ids, None)).await?;
        }
        if let Some(channel) = self.channel.take() {
            self.transport.release(channel).await;
        }
        Ok(done)
    }

    /// Hands over one batch; how many messages came to an end.
    async fn batch(&mut self, claimed: Vec<SendRow>) -> Result<usize, Halt> {
        let ids: Vec<i64> = claimed.iter().map(|send| send.id.0).collect();
        let ready = match batch::prepare(&self.cx, claimed).await {
            Ok(ready) => ready,
            Err(error) => {
                surely(&self.cx, Lane::Live, move |tx| ledger::release(tx, &ids, None)).await?;
                return Err(error.into());
            }
        };
        let mut done = ready.settled.len();
        self.write(ready.settled).await?;
        let (cx, desk) = (self.cx.clone(), self.desk.clone());
        let mut letters = ready.jobs.into_iter().map(|job| Letter::write(&desk, job, cx.now())).peekable();
        while let Some(letter) = letters.next() {
            let stopping = self.cx.ws.is_stopping();
            let carried =
                if stopping { Err(Halt::Unreachable("stopping".into())) } else { self.carry(&letter, letters.peek()).await };
            match carried {
                Ok(outcome) => {
                    done += 1;
                    self.cx.ws.part::<Destinations>().said(self.cx.now(), &letter.send.address, &outcome);
                    // What was not written down with the hand-over (a refused offer) is written now.
                    if let Some(before) = self.before.replace((letter.send, outcome)) {
                        self.write(vec![before]).await?;
                    }
                }
                Err(halt) => {
                    let before = self.before.take();
                    self.write(before.into_iter().collect()).await?;
                    // Of all, those are released that are still claimed.
                    surely(&self.cx, Lane::Live, move |tx| ledger::release(tx, &ids, None)).await?;
                    if matches!(&halt, Halt::Unreachable(_)) && !self.cx.ws.is_stopping() {
                        self.cx.ws.part::<Rest>().now_on(self.cx.now());
                    }
                    return Err(halt);
                }
            }
        }
        let before = self.before.take();
        self.write(before.into_iter().collect()).await?;
        self.cx.ws.part::<Rest>().is_over();
        Ok(done)
    }

    /// Writes what became of messages.
    async fn write(&mut self, done: Vec<(SendRow, Outcome)>) -> Result<()> {
        if done.is_empty() {
            return Ok(());
        }
        let (now, ws) = (self.cx.now(), self.cx.ws.clone());
        surely(&self.cx, Lane::Live, move |tx| batch::settle(&ws, tx, now, &done)?.write(tx)).await
    }

    /// One message: offered, written down, delivered. The server hears with its end which one comes next.
    async fn carry(&mut self, letter: &Letter, next: Option<&Letter>) -> Result<Outcome, Halt> {
        let (send, outgoing) = match &letter.outgoing {
            Ok(outgoing) => (&letter.send, outgoing),
            Err(reason) => return Ok(Outcome::Failed { reason: reason.clone(), blames_address: false }),
        };
        if let Some(refused) = self.offer(send, outgoing).await? {
            return Ok(refused);
        }
        // The server waits for a message: when it must not come, or not now, only hanging up stops it.
        match self.clerk.hand_over(self.before.clone(), send.clone()).await {
            Ok(None) => self.before = None,
            Ok(Some(skip)) => {
                (self.before, self.channel) = (None, None);
                return Ok(Outcome::Skipped(skip));
            }
            Err(error) => {
                self.channel = None;
                return Err(Halt::Error(error));
            }
        }
        let Some(channel) = self.channel.as_mut() else { return Err(Halt::Error(Error::internal("the connection is gone"))) };
        if let Some(Ok(next)) = next.map(|next| &next.outgoing) {
            channel.announce(&next.envelope, &next.bytes);
        }
        let delivered = channel.deliver(&outgoing.bytes).await;
        if !channel.is_usable() {
            self.channel = None;
        }
        Ok(match delivered {
            Ok(()) => Outcome::Sent,
            Err(Undelivered::Refused(refusal)) => Outcome::of_refusal(send, refusal),
            Err(Undelivered::Unknown(reason)) => Outcome::Unknown(reason),
            Err(Undelivered::NotTaken(reason)) => {
                let id = send.id.0;
                surely(&self.cx, Lane::Live, move |tx| ledger::take_back(tx, id)).await?;
                return Err(Halt::Unreachable(reason));
            }
        })
    }

    /// As far as the server's "go ahead"; or what its refusal means.
    async fn offer(&mut self, send: &SendRow, outgoing: &Outgoing) -> Result<Option<Outcome>, Halt> {
        loop {
            let mut channel = match self.channel.take().filter(|c| c.is_usable()) {
                Some(channel) => channel,
                None => self.transport.channel().await.map_err(|e| Halt::Unreachable(e.to_string()))?,
            };
            let offered = channel.offer(&outgoing.envelope, &outgoing.bytes).await;
            // A connection that carried mail before may have been closed meanwhile: that is no news about the server.
            let stale = channel.is_used();
            if channel.is_usable() {
                self.channel = Some(channel);
            }
            match offered {
                Ok(()) => return Ok(None),
                Err(TransportError::Refused(refusal)) => return Ok(Some(Outcome::of_refusal(send, refusal))),
                Err(TransportError::Unreachable(_)) if stale => {}
                Err(TransportError::Unreachable(reason)) => return Err(Halt::Unreachable(reason)),
            }
        }
    }
}
