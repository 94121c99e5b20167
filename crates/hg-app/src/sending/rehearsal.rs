//! Mail in a simulation: everything is the real thing up to the message itself, which is made where that can fail, and
//! thrown away.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use hg_core::ids::{ContactId, EmailId, SendId};
use hg_core::time::Timestamp;
use hg_store::{Lane, Sql, Tx};

use super::batch::{self, Outcome};
use super::compose::{ComposeError, Desk};
use super::ledger::SendRow;
use super::transport::{Channel, MailTransport, Transport, TransportError};
use super::{TOPIC, ledger, responses};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::worker::Worker;
use crate::workspace::Workspace;

/// Messages of one transaction.
const BATCH: i64 = 500;

/// A message that would have gone out.
#[derive(Debug, Clone)]
pub(crate) struct Rehearsed {
    pub send: SendId,
    pub contact: ContactId,
    /// Where its counted links lead.
    pub links: Arc<[String]>,
}

/// Takes the place of the mail worker, and remembers what would have gone out.
#[derive(Clone, Default)]
pub(crate) struct RehearsedMail(Arc<Mutex<Vec<Rehearsed>>>);

impl RehearsedMail {
    /// What would have gone out since it was last asked.
    pub fn take(&self) -> Vec<Rehearsed> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Worker for RehearsedMail {
    fn name(&self) -> &'static str {
        "rehearsed mail"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        let claimed = batch::claim(cx, BATCH).await?;
        let count = claimed.len();
        if count == 0 {
            return Ok(0);
        }
        let ready = batch::prepare(cx, claimed).await?;
        let (now, desk, ws) = (cx.now(), Desk::of(&cx.ws), cx.ws.clone());
        let gone = cx
            .db()
            .write_in(Lane::Live, move |tx| {
                let mut done = ready.settled.clone();
                let mut gone = Vec::new();
                // What is the same for everybody is tried once.
                let mut tried: HashMap<(EmailId, i64), std::result::Result<(), ComposeError>> = HashMap::new();
                let sends: Vec<SendRow> = ready.jobs.iter().map(|job| job.send.clone()).collect();
                for (job, skip) in ready.jobs.iter().zip(batch::refusals(tx, &sends)?) {
                    if let Some(skip) = skip {
                        done.push((job.send.clone(), Outcome::Skipped(skip)));
                        continue;
                    }
                    let compose = || desk.compose(&job.send, &job.email, &job.texts, &job.more, now).map(|_| ());
                    let made = if job.email.compiled.can_fail() {
                        compose()
                    } else {
                        tried.entry((job.send.email, job.send.revision)).or_insert_with(compose).clone()
                    };
                    let outcome = match made {
                        Err(error) => Outcome::Failed { reason: error.to_string(), blames_address: false },
                        Ok(()) => {
                            let links = job.email.compiled.links.iter().map(|l| l.url.clone()).collect();
                            gone.push(Rehearsed { send: job.send.id, contact: job.send.contact, links });
                            Outcome::Sent
                        }
                    };
                    done.push((job.send.clone(), outcome));
                }
                batch::settle(&ws, tx, now, &done)?.write(tx)?;
                Ok::<_, Error>(gone)
            })
            .await?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(gone);
        Ok(count)
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        cx.db().read(|tx| ledger::next_due(tx, None)).await
    }
}

/// Somebody opens a message, or clicks one of its links.
pub(crate) fn answer(tx: &mut Tx<'_>, now: Timestamp, send: SendId, link: Option<&str>) -> Result<()> {
    let text = format!("SELECT {} FROM sends WHERE id = $1", ledger::COLUMNS);
    let Some(row) = tx.opt(Sql::new(text).bind(send), ledger::read)? else { return Ok(()) };
    match link {
        None => responses::write_open(tx, now, &row, false),
        Some(url) => responses::write_click(tx, now, &row, 0, url, None),
    }
}

/// Stands where the real transport would: what asks whether there is one gets the same answer, and nobody gets through.
struct Sealed;

#[async_trait]
impl Transport for Sealed {
    async fn channel(&self) -> std::result::Result<Box<dyn Channel>, TransportError> {
        Err(TransportError::Unreachable("No mail leaves a simulation.".to_owned()))
    }

    async fn release(&self, _channel: Box<dyn Channel>) {}

    fn describe(&self) -> String {
        "simulation".to_owned()
    }
}

/// Lets a simulation send, or not, for the same reasons as the workspace that it stands for.
pub(crate) fn seal(real: &Workspace, simulation: &Workspace) {
    if real.get_part::<MailTransport>().is_some() {
        simulation.set_part(Arc::new(MailTransport(Arc::new(Sealed))));
    }
}
