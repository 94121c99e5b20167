//! Every statement over the ledger of sends.

use std::collections::{BTreeMap, HashMap, HashSet};

use hg_core::emails::SendState;
use hg_core::events::EventKind;
use hg_core::ids::{CampaignId, ContactId, EmailId, SendId, StepId};
use hg_core::time::{Millis, Timestamp};
use hg_store::{Row, Sql, Tx};
use serde_json::{Value as Json, json};

use super::segment::OCCASION;
use crate::changes::{self, Happening};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// How long a claimed message may take before another worker takes it over.
pub(super) const CLAIM: Millis = Millis::minutes(3);
/// How long a hand-over may take before its outcome counts as unknown; longer than any server's time limit.
pub(super) const HAND_OVER: Millis = Millis::minutes(15);
/// Single messages that somebody waits for go before everything else.
pub(super) const LANE_SINGLE: i64 = 0;
/// What campaigns send.
pub(super) const LANE_CAMPAIGN: i64 = 1;
/// What is sent to segments.
pub(super) const LANE_MASS: i64 = 2;
/// Added to the lane while a send is paused.
pub(super) const PAUSED: i64 = 100;

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct SendRow {
    pub id: SendId,
    pub email: EmailId,
    /// The member of the email's family that the message is written from: the email itself, a variant or a translation.
    pub content: EmailId,
    pub contact: ContactId,
    pub occasion: String,
    pub state: SendState,
    pub reason: Option<String>,
    pub address: String,
    pub tracking_key: String,
    pub message_id: String,
    pub marketing: bool,
    pub revision: i64,
    pub tokens: Option<Json>,
    pub attempts: i64,
    pub claimed_until: Option<Timestamp>,
    pub sent_at: Option<Timestamp>,
    pub opened_at: Option<Timestamp>,
    pub clicked_at: Option<Timestamp>,
    pub unsubscribed_at: Option<Timestamp>,
}

pub(super) const COLUMNS: &str = "id, email_id, contact_id, occasion, state, reason, address, tracking_key, message_id, marketing, revision, \
     tokens, attempts, claimed_until, sent_at, opened_at, clicked_at, unsubscribed_at, coalesce(content_id, email_id)";

pub(super) fn read(r: &Row<'_>) -> hg_store::Result<SendRow> {
    Ok(SendRow {
        id: r.get(0)?,
        email: r.get(1)?,
        contact: r.get(2)?,
        occasion: r.get(3)?,
        state: SendState::of_code(r.get(4)?).unwrap_or(SendState::Unknown),
        reason: r.get(5)?,
        address: r.get(6)?,
        tracking_key: r.get(7)?,
        message_id: r.get(8)?,
        marketing: r.get(9)?,
        revision: r.get(10)?,
        tokens: r.get(11)?,
        attempts: r.get(12)?,
        claimed_until: r.get(13)?,
        sent_at: r.get(14)?,
        opened_at: r.get(15)?,
        clicked_at: r.get(16)?,
        unsubscribed_at: r.get(17)?,
        content: r.get(18)?,
    })
}

pub(super) fn by_key(tx: &mut Tx<'_>, key: &str) -> Result<Option<SendRow>> {
    Ok(tx.opt(Sql::new(format!("SELECT {COLUMNS} FROM sends WHERE tracking_key = $1")).bind(key), read)?)
}

pub(super) fn by_occasion(tx: &mut Tx<'_>, email: EmailId, contact: ContactId, occasion: &str) -> Result<Option<SendRow>> {
    let text = format!("SELECT {COLUMNS} FROM sends WHERE email_id = $1 AND contact_id = $2 AND occasion = $3");
    Ok(tx.opt(Sql::new(text).bind(email).bind(contact).bind(occasion), read)?)
}

/// What a contact was sent, newest first.
pub fn of_contact(tx: &mut Tx<'_>, contact: ContactId, limit: u32) -> Result<Vec<SendRow>> {
    let text = format!("SELECT {COLUMNS} FROM sends WHERE contact_id = $1 ORDER BY id DESC LIMIT $2");
    Ok(tx.all(Sql::new(text).bind(contact).bind(limit), read)?)
}

/// Whether the contact had this email before, or is about to get it.
pub(super) fn had_it(tx: &mut Tx<'_>, email: EmailId, contact: ContactId) -> Result<bool> {
    let sql = Sql::new("SELECT 1 FROM sends WHERE email_id = $1 AND contact_id = $2 AND state NOT IN (4, 6) LIMIT 1");
    Ok(tx.opt(sql.bind(email).bind(contact), |_| Ok(()))?.is_some())
}

/// A row to be written.
pub(super) struct NewSend<'a> {
    pub email: EmailId,
    /// None: the email itself.
    pub content: Option<EmailId>,
    pub contact: ContactId,
    pub occasion: &'a str,
    pub state: SendState,
    pub reason: Option<&'a str>,
    pub address: &'a str,
    pub tracking_key: String,
    pub message_id: String,
    pub marketing: bool,
    pub revision: i64,
    pub campaign: Option<CampaignId>,
    pub step: Option<StepId>,
    pub tokens: Option<&'a Json>,
    pub lane: i64,
    pub due_at: Timestamp,
    pub now: Timestamp,
}

pub(super) fn insert(tx: &mut Tx<'_>, new: &NewSend<'_>) -> Result<SendId> {
    Ok(tx.one(
        Sql::new(
            "INSERT INTO sends (email_id, contact_id, occasion, state, reason, address, tracking_key, message_id, marketing, revision, \
             campaign_id, step_id, tokens, lane, due_at, created_at, content_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17) RETURNING id",
        )
        .bind(new.email)
        .bind(new.contact)
        .bind(new.occasion)
        .bind(new.state.code())
        .bind(new.reason)
        .bind(new.address)
        .bind(&new.tracking_key)
        .bind(&new.message_id)
        .bind(new.marketing)
        .bind(new.revision)
        .bind(new.campaign)
        .bind(new.step)
        .bind(new.tokens)
        .bind(new.lane)
        .bind(new.due_at)
        .bind(new.now)
        .bind(new.content),
        |r| r.get(0),
    )?)
}

/// An email that has mail waiting in a lane.
struct Source {
    lane: i64,
    email: EmailId,
    /// When its first message is due.
    due_at: Timestamp,
}

/// The emails that have mail waiting in a lane: one look into the index for each.
fn sources(tx: &mut Tx<'_>, lane: i64) -> Result<Vec<Source>> {
    let text = "WITH RECURSIVE waiting (email_id) AS (\
                SELECT min(email_id) FROM sends WHERE state = 0 AND lane = $1 \
                UNION ALL SELECT (SELECT min(s.email_id) FROM sends s WHERE s.state = 0 AND s.lane = $1 AND s.email_id > waiting.email_id) \
                FROM waiting WHERE waiting.email_id IS NOT NULL) \
                SELECT email_id, (SELECT min(s.due_at) FROM sends s WHERE s.state = 0 AND s.lane = $1 AND s.email_id = waiting.email_id) \
                FROM waiting WHERE email_id IS NOT NULL";
    Ok(tx.all(Sql::new(text).bind(lane), |r| Ok(Source { lane, email: r.get(0)?, due_at: r.get(1)? }))?)
}

/// Takes what is due. Single messages come first; campaigns and sends to segments share the rest, each email alike, so
/// that a large one holds up nobody else's. `mass`: sends to segments may leave too.
///
/// The instant until which a row is claimed is also the mark of whoever claimed it.
pub(super) fn claim(tx: &mut Tx<'_>, now: Timestamp, until: Timestamp, limit: i64, mass: bool) -> Result<Vec<SendRow>> {
    let mut taken = Vec::new();
    let single = sources(tx, LANE_SINGLE)?;
    take_shares(tx, now, until, limit, single, &mut taken)?;
    let rest = limit - taken.len() as i64;
    if rest > 0 {
        let mut others = sources(tx, LANE_CAMPAIGN)?;
        if mass {
            others.extend(sources(tx, LANE_MASS)?);
        }
        take_shares(tx, now, until, rest, others, &mut taken)?;
    }
    Ok(taken)
}

/// Takes the same number from each, those that wait longest first; what one leaves over goes to those after it.
fn take_shares(
    tx: &mut Tx<'_>,
    now: Timestamp,
    until: Timestamp,
    limit: i64,
    mut from: Vec<Source>,
    taken: &mut Vec<SendRow>,
) -> Result<()> {
    from.retain(|source| source.due_at <= now);
    from.sort_by_key(|source| source.due_at);
    let text = format!(
        "UPDATE sends SET state = 1, claimed_until = $2 WHERE id IN (SELECT id FROM sends WHERE state = 0 AND lane = $4 AND email_id = $5 \
         AND due_at <= $1 ORDER BY due_at LIMIT $3 @locked) RETURNING {COLUMNS}"
    );
    let mut rest = limit;
    for (at, source) in from.iter().enumerate() {
        if rest <= 0 {
            break;
        }
        let share = (rest + (from.len() - at) as i64 - 1) / (from.len() - at) as i64;
        let sql = Sql::new(&text).bind(now).bind(until).bind(share).bind(source.lane).bind(source.email);
        let some = tx.all(sql, read)?;
        rest -= some.len() as i64;
        taken.extend(some);
    }
    Ok(())
}

/// Puts claimed rows back; nothing had left the house.
pub(super) fn release(tx: &mut Tx<'_>, ids: &[i64], due_at: Option<Timestamp>) -> Result<()> {
    tx.exec(
        Sql::new(
            "UPDATE sends SET state = 0, claimed_until = NULL, due_at = coalesce($2, due_at) WHERE id @in($1) AND state = 1",
        )
        .bind(ids)
        .bind(due_at),
    )?;
    Ok(())
}

/// What was being handed over and certainly was not taken waits again, as if it had never been offered.
pub(super) fn take_back(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    let back = "UPDATE sends SET state = 0, claimed_until = NULL, handed_at = NULL WHERE id = $1 AND state = 2";
    tx.exec(Sql::new(back).bind(id))?;
    Ok(())
}

/// Writes `handing_over`; which rows were still ours.
pub(super) fn hand_over(tx: &mut Tx<'_>, now: Timestamp, sends: &[&SendRow]) -> Result<HashSet<SendId>> {
    if sends.is_empty() {
        return Ok(HashSet::new());
    }
    let ids: Vec<i64> = sends.iter().map(|send| send.id.0).collect();
    let claimed = Sql::new("SELECT id, claimed_until FROM sends WHERE id @in($1) AND state = 1 @forupdate").bind(ids.as_slice());
    let claimed: HashMap<SendId, Option<Timestamp>> = tx.all(claimed, |r| Ok((r.get(0)?, r.get(1)?)))?.into_iter().collect();
    let ours: HashSet<SendId> =
        sends.iter().filter(|send| claimed.get(&send.id) == Some(&send.claimed_until)).map(|send| send.id).collect();
    let ids: Vec<i64> = ours.iter().map(|id| id.0).collect();
    tx.exec(
        Sql::new("UPDATE sends SET state = 2, handed_at = $2, claimed_until = $3 WHERE id @in($1)")
            .bind(ids.as_slice())
            .bind(now)
            .bind(now.plus(HAND_OVER)),
    )?;
    Ok(ours)
}

/// Writes that the transport took messages, and tells; those of which nobody had written anything else.
pub(super) fn sent<'s>(ws: &Workspace, tx: &mut Tx<'_>, now: Timestamp, sends: &[&'s SendRow]) -> Result<Vec<&'s SendRow>> {
    if sends.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<i64> = sends.iter().map(|send| send.id.0).collect();
    let written = Sql::new(
        "UPDATE sends SET state = 3, sent_at = $2, handed_at = coalesce(handed_at, $2), claimed_until = NULL \
         WHERE id @in($1) AND state IN (1, 2) RETURNING id",
    );
    let written: HashSet<SendId> = tx.all(written.bind(ids.as_slice()).bind(now), |r| r.get(0))?.into_iter().collect();
    let sent: Vec<&SendRow> = sends.iter().copied().filter(|send| written.contains(&send.id)).collect();
    let told =
        |send: &&SendRow| Happening::new(send.contact, EventKind::EmailSent, now).object(send.email.0).reference(send.id.0);
    // Nobody waits for a single mail of a send to a segment: of those, one speaks for all.
    let (mass, single): (Vec<&SendRow>, Vec<&SendRow>) = sent.iter().copied().partition(|send| send.occasion == OCCASION);
    changes::record_all(tx, &single.iter().map(told).collect::<Vec<_>>())?;
    let mut of_email: BTreeMap<EmailId, Vec<Happening>> = BTreeMap::new();
    for send in mass {
        of_email.entry(send.email).or_default().push(told(&send));
    }
    for of_one in of_email.values() {
        changes::record_many(ws, tx, of_one)?;
    }
    Ok(sent)
}

/// Ends a message that did not go out, or of which nobody knows, and tells.
pub(super) fn ended(tx: &mut Tx<'_>, now: Timestamp, send: &SendRow, state: SendState, reason: &str) -> Result<bool> {
    let n = tx.exec(
        Sql::new("UPDATE sends SET state = $2, reason = $3, claimed_until = NULL WHERE id = $1 AND state IN (0, 1, 2)")
            .bind(send.id)
            .bind(state.code())
            .bind(reason),
    )?;
    if n == 1 {
        let detail = json!({"reason": reason_text(reason), "final": state.key()});
        let happening = Happening::new(send.contact, EventKind::EmailFailed, now).object(send.email.0).reference(send.id.0);
        changes::record(tx, happening.detail(detail))?;
    }
    Ok(n == 1)
}

/// A sentence for people: our own reasons are words in the database, a server's stand as they came.
pub(crate) fn reason_text(reason: &str) -> String {
    hg_core::emails::Skip::of(reason).map_or_else(|| reason.to_owned(), |skip| skip.text().to_owned())
}

/// Tries a refused-for-now message again later.
pub(super) fn later(tx: &mut Tx<'_>, send: &SendRow, due_at: Timestamp, reason: &str) -> Result<()> {
    tx.exec(
        Sql::new(
            "UPDATE sends SET state = 0, attempts = attempts + 1, due_at = $2, reason = $3, claimed_until = NULL, handed_at = NULL \
             WHERE id = $1 AND state IN (1, 2)",
        )
        .bind(send.id)
        .bind(due_at)
        .bind(reason),
    )?;
    Ok(())
}

/// What came of messages, by email, until it is added to the emails' figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Tally(BTreeMap<EmailId, Outcomes>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Outcomes {
    pub sent: i64,
    pub failed: i64,
    pub unknown: i64,
    pub skipped: i64,
}

impl Tally {
    pub fn of(&mut self, email: EmailId) -> &mut Outcomes {
        self.0.entry(email).or_default()
    }

    /// Counts for the email, and for the member of its family that was sent.
    pub fn count(&mut self, send: &SendRow, what: impl Fn(&mut Outcomes) -> &mut i64) {
        *what(self.of(send.email)) += 1;
        if send.content != send.email {
            *what(self.of(send.content)) += 1;
        }
    }

    /// Adds everything to the emails' figures, and tells.
    pub fn write(&self, tx: &mut Tx<'_>) -> Result<()> {
        for (email, n) in self.0.iter().filter(|(_, n)| **n != Outcomes::default()) {
            tx.exec(
                Sql::new(
                    "UPDATE email_counts SET sent = sent + $2, failed = failed + $3, unknown = unknown + $4, skipped = skipped + $5 \
                     WHERE email_id = $1",
                )
                .bind(*email)
                .bind(n.sent)
                .bind(n.failed)
                .bind(n.unknown)
                .bind(n.skipped),
            )?;
            tx.announce_with(super::PROGRESS, || format!(r#"{{"email_id":{email}}}"#));
        }
        Ok(())
    }
}

/// Counts an email anew from its rows: after a crash, when the last additions may be missing.
pub(super) fn recount(tx: &mut Tx<'_>, email: i64) -> Result<()> {
    let members: Vec<i64> = tx.all(Sql::new("SELECT id FROM emails WHERE parent_id = $1").bind(email), |r| r.get(0))?;
    for (id, column) in std::iter::once((email, "email_id")).chain(members.into_iter().map(|id| (id, "content_id"))) {
        let count = |state: SendState| {
            format!("(SELECT count(*) FROM sends WHERE {column} = $1 AND state = {} AND state >= 3)", state.code())
        };
        let text = format!(
            "UPDATE email_counts SET sent = {}, failed = {}, unknown = {}, skipped = {} WHERE email_id = $1",
            count(SendState::Sent),
            count(SendState::Failed),
            count(SendState::Unknown),
            count(SendState::Skipped)
        );
        tx.exec(Sql::new(text).bind(id))?;
    }
    Ok(())
}

/// When the next message falls due; mass mail not before an instant.
pub(super) fn next_due(tx: &mut Tx<'_>, mass_from: Option<Timestamp>) -> Result<Option<Timestamp>> {
    let mut next: Option<Timestamp> = None;
    for lane in [LANE_SINGLE, LANE_CAMPAIGN, LANE_MASS] {
        let due = sources(tx, lane)?.into_iter().map(|source| source.due_at).min();
        let due = due.map(|due| mass_from.filter(|_| lane == LANE_MASS).map_or(due, |from| due.max(from)));
        next = match (next, due) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    Ok(next)
}

/// When the last of an email's waiting messages to segments is due.
pub(super) fn last_slot(tx: &mut Tx<'_>, email: EmailId) -> Result<Option<Timestamp>> {
    let text = "SELECT max(due_at) FROM sends WHERE state = 0 AND lane = $2 AND email_id = $1";
    Ok(tx.scalar(Sql::new(text).bind(email).bind(LANE_MASS))?)
}

/// Settles what a crash or a lost worker left behind: claimed messages wait again, those being handed over are unknown.
/// `everything`: nobody else works on this database, so whatever is open was left behind.
pub async fn recover(cx: &Cx, everything: bool) -> Result<u64> {
    let now = cx.now();
    cx.db()
        .write(move |tx| {
            // A claim that is longer than any was written by a clock that has been put back.
            let text = format!(
                "SELECT {COLUMNS} FROM sends WHERE state IN (1, 2) AND ($1 = 1 OR claimed_until < $2 OR claimed_until > $3) @forupdate"
            );
            let open = tx.all(Sql::new(text).bind(everything).bind(now).bind(now.plus(HAND_OVER)), read)?;
            if open.is_empty() {
                return Ok(0);
            }
            let claimed: Vec<i64> = open.iter().filter(|s| s.state == SendState::Claimed).map(|s| s.id.0).collect();
            release(tx, &claimed, None)?;
            for send in open.iter().filter(|s| s.state == SendState::HandingOver) {
                ended(tx, now, send, SendState::Unknown, "The answer of the mail server was never seen.")?;
            }
            let mut emails: Vec<i64> = open.iter().map(|s| s.email.0).collect();
            emails.sort_unstable();
            emails.dedup();
            for email in emails {
                recount(tx, email)?;
            }
            tx.wake(super::TOPIC);
            Ok::<_, Error>(open.len() as u64)
        })
        .await
}
