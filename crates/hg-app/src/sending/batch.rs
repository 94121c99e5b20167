//! A claimed batch on its way: prepared together, handed over one by one, finished together.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use hg_core::emails::{MOST_ATTEMPTS, Purpose, SendState, Skip, Verdict, judge, retry_after_minutes};
use hg_core::ids::{ContactId, EmailId};
use hg_core::time::{Millis, Timestamp};
use hg_store::{Lane, Sql, Tx};

use super::compose::{Job, Texts};
use super::hold::hold;
use super::ledger::{self, SendRow, Tally};
use super::pace;
use super::queue::{Addressee, BOUNCED, addressees};
use super::transport::Refusal;
use crate::attachments::{self, Attached};
use crate::cx::Cx;
use crate::emails::{self, ContactTexts, Prepared};
use crate::error::{Error, Result};
use crate::suppressions::{self, Cause};
use crate::workspace::Workspace;

/// What became of a message.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Outcome {
    Sent,
    /// Refused for now.
    Later(String),
    Failed {
        reason: String,
        blames_address: bool,
    },
    Skipped(Skip),
    Unknown(String),
}

impl Outcome {
    /// What a refusal means for a message that was tried so often.
    pub(super) fn of_refusal(send: &SendRow, refusal: Refusal) -> Self {
        if refusal.permanent || send.attempts + 1 >= MOST_ATTEMPTS {
            return Self::Failed { blames_address: refusal.permanent && refusal.blames_address, reason: refusal.text };
        }
        Self::Later(refusal.text)
    }
}

/// Takes a batch.
pub(super) async fn claim(cx: &Cx, limit: i64) -> Result<Vec<SendRow>> {
    loop {
        let (ws, now) = (cx.ws.clone(), cx.now());
        let (claimed, leaving) = cx
            .db()
            .write_in(Lane::Live, move |tx| {
                let ceiling = pace::left_today(&ws, tx, now)?;
                // Over the day's ceiling mass mail is not even looked at; under it no more is taken than may leave.
                let mass = ceiling.is_none_or(|(left, _)| left > 0);
                let limit = ceiling.map_or(limit, |(left, _)| if left > 0 { limit.min(left) } else { limit });
                let claimed = ledger::claim(tx, now, now.plus(ledger::CLAIM), limit, mass)?;
                let count = claimed.len();
                let claimed = pace::leave_alone(&ws, tx, claimed)?;
                Ok::<_, Error>((count, hold(&ws, tx, claimed, ceiling)?))
            })
            .await?;
        // A batch that has to wait as a whole says nothing about what is behind it.
        if claimed == 0 || !leaving.is_empty() {
            return Ok(leaving);
        }
    }
}

/// A batch ready to be handed over, and what can be settled without.
pub(super) struct Ready {
    pub jobs: Vec<Job>,
    pub settled: Vec<(SendRow, Outcome)>,
}

type Emails = HashMap<(EmailId, i64), Result<Arc<Prepared>, Outcome>>;

/// Fetches everything that the messages of a batch are made of.
pub(super) async fn prepare(cx: &Cx, sends: Vec<SendRow>) -> Result<Ready> {
    let emails = prepare_emails(cx, &sends).await?;
    let mut wanted: BTreeMap<i64, ()> = BTreeMap::new();
    let mut aliases: Vec<String> = Vec::new();
    for send in &sends {
        if let Some(Ok(email)) = emails.get(&(send.content, send.revision)) {
            wanted.insert(send.contact.0, ());
            aliases.extend(email.aliases.iter().filter(|a| !aliases.contains(a)).cloned().collect::<Vec<_>>());
        }
    }
    let ids: Vec<i64> = wanted.into_keys().collect();
    let mut texts: Texts = cx
        .db()
        .read(move |tx| {
            let found = emails::texts(tx, &ids, &aliases)?;
            Ok::<_, Error>(found.into_iter().map(|(id, texts)| (ContactId(id), ContactTexts(texts))).collect())
        })
        .await?;
    let mut files = given_files(cx, &sends).await?;
    let mut ready = Ready { jobs: Vec::with_capacity(sends.len()), settled: Vec::new() };
    for send in sends {
        match emails.get(&(send.content, send.revision)) {
            Some(Ok(email)) => match texts.remove(&send.contact).or_else(|| again(&ready.jobs, send.contact)) {
                Some(texts) => {
                    let more = files.remove(&send.id.0).unwrap_or_default();
                    ready.jobs.push(Job { send, email: email.clone(), texts, more });
                }
                None => ready.settled.push((send, Outcome::Skipped(Skip::NoAddress))),
            },
            Some(Err(outcome)) => {
                let outcome = outcome.clone();
                ready.settled.push((send, outcome));
            }
            None => ready.settled.push((send, Outcome::Skipped(Skip::NotPublished))),
        }
    }
    Ok(ready)
}

/// Files that the caller of the API gave to single messages.
async fn given_files(cx: &Cx, sends: &[SendRow]) -> Result<HashMap<i64, Vec<Arc<Attached>>>> {
    let ids = |send: &SendRow| -> Vec<i64> {
        let given = send.tokens.as_ref().and_then(|t| t.get("attachments")).and_then(serde_json::Value::as_array);
        given.into_iter().flatten().filter_map(serde_json::Value::as_i64).collect()
    };
    let wanted: Vec<(i64, Vec<i64>)> = sends.iter().map(|s| (s.id.0, ids(s))).filter(|(_, ids)| !ids.is_empty()).collect();
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let ws = cx.ws.clone();
    cx.db().read(move |tx| wanted.iter().map(|(send, ids)| Ok((*send, attachments::attached_all(&ws, tx, ids)?))).collect()).await
}

/// The same contact may get two emails of one batch.
fn again(jobs: &[Job], contact: ContactId) -> Option<ContactTexts> {
    jobs.iter().find(|j| j.send.contact == contact).map(|j| j.texts.clone())
}

async fn prepare_emails(cx: &Cx, sends: &[SendRow]) -> Result<Emails> {
    let mut wanted: Vec<(EmailId, EmailId, i64)> = sends.iter().map(|s| (s.email, s.content, s.revision)).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let (ws, now) = (cx.ws.clone(), cx.now());
    cx.db()
        .write_in(Lane::Live, move |tx| {
            let ids: Vec<i64> = wanted.iter().map(|(email, ..)| email.0).collect();
            let live = Sql::new(
                "SELECT id FROM emails WHERE id @in($1) AND deleted_at IS NULL AND published = 1 \
                 AND (publish_up IS NULL OR publish_up <= $2) AND (publish_down IS NULL OR publish_down > $2)",
            );
            let live: Vec<EmailId> = tx.all(live.bind(ids.as_slice()).bind(now), |r| r.get(0))?;
            let mut emails = Emails::new();
            // A variant that stopped taking part still goes to those it was chosen for.
            for (_, id, revision) in wanted.iter().filter(|(email, ..)| live.contains(email)) {
                let made = match emails::prepared(&ws, tx, now, *id, *revision) {
                    Ok(prepared) => Ok(prepared),
                    Err(error) if error.store().is_some() => return Err(error),
                    Err(error) => Err(Outcome::Failed { reason: error.to_string(), blames_address: false }),
                };
                emails.insert((*id, *revision), made);
            }
            Ok(emails)
        })
        .await
}

/// Asks again, at the last moment, whether the contacts may get it: for each, in order, why not, if so.
pub(super) fn refusals(tx: &mut Tx<'_>, sends: &[SendRow]) -> Result<Vec<Option<Skip>>> {
    let contacts: Vec<i64> = sends.iter().map(|send| send.contact.0).collect();
    let people = addressees(tx, &contacts)?;
    let welcome = |send: &SendRow| {
        let purpose = if send.marketing { Purpose::Marketing } else { Purpose::Transactional };
        let nobody = Addressee::default();
        match judge(&people.get(&send.contact).unwrap_or(&nobody).candidate(), purpose) {
            Verdict::Send => None,
            Verdict::Skip(skip) => Some(skip),
        }
    };
    Ok(sends.iter().map(welcome).collect())
}

/// Writes that messages are being handed over, after asking whether each may be. For each, in order, why it must not, if so.
pub(super) fn hand_over(tx: &mut Tx<'_>, now: Timestamp, sends: &[SendRow]) -> Result<Vec<Option<Skip>>> {
    let refused = refusals(tx, sends)?;
    let going: Vec<&SendRow> = sends.iter().zip(&refused).filter(|(_, skip)| skip.is_none()).map(|(send, _)| send).collect();
    let ours = ledger::hand_over(tx, now, &going)?;
    // Somebody else took the row over: theirs is the message, and the outcome.
    let said = |(send, skip): (&SendRow, Option<Skip>)| skip.or((!ours.contains(&send.id)).then_some(Skip::HadItAlready));
    Ok(sends.iter().zip(refused).map(said).collect())
}

/// Writes what became of messages; what is to be added to their emails' figures.
pub(super) fn settle(ws: &Workspace, tx: &mut Tx<'_>, now: Timestamp, done: &[(SendRow, Outcome)]) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut marketing = 0;
    let left: Vec<&SendRow> = done.iter().filter(|(_, outcome)| *outcome == Outcome::Sent).map(|(send, _)| send).collect();
    for send in ledger::sent(ws, tx, now, &left)? {
        tally.count(send, |n| &mut n.sent);
        marketing += i64::from(send.marketing);
    }
    for (send, outcome) in done {
        match outcome {
            Outcome::Sent => {}
            Outcome::Later(reason) => {
                let wait = Millis::minutes(retry_after_minutes(send.attempts + 1));
                ledger::later(tx, send, now.plus(wait), reason)?;
            }
            Outcome::Failed { reason, blames_address } => {
                if ledger::ended(tx, now, send, SendState::Failed, reason)? {
                    tally.count(send, |n| &mut n.failed);
                }
                if *blames_address {
                    block_address(tx, now, send, reason)?;
                }
            }
            Outcome::Unknown(reason) => {
                if ledger::ended(tx, now, send, SendState::Unknown, reason)? {
                    tally.count(send, |n| &mut n.unknown);
                }
            }
            Outcome::Skipped(skip) => {
                if ledger::ended(tx, now, send, SendState::Skipped, skip.as_str())? {
                    tally.count(send, |n| &mut n.skipped);
                }
            }
        }
    }
    if marketing > 0 && pace::is_counted(ws) {
        pace::add_sent(tx, now, marketing)?;
    }
    Ok(tally)
}

/// An address that can never take mail is not mailed again, whatever the occasion.
fn block_address(tx: &mut Tx<'_>, now: Timestamp, send: &SendRow, reason: &str) -> Result<()> {
    super::unsubscribe::write(tx, now, send.contact, BOUNCED, reason, Some(send.email.0))?;
    suppressions::keep(tx, now, &send.address, Cause::Bounced, "smtp", Some(reason)).map(|_| ())
}
