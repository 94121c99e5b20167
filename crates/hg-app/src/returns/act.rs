//! What follows from something that came back.

use hg_core::deliverability::{BounceClass, BounceVerdict};
use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::{Millis, Timestamp};
use hg_store::{Sql, Tx};
use serde_json::json;

use crate::changes::{self, Happening};
use crate::error::Result;
use crate::sending::{SendRow, responses, unsubscribe};
use crate::suppressions::{self, Cause};

/// So many passing refusals …
const MOST_SOFT: i64 = 5;
/// … over at least so long, and the address is given up.
const SOFT_SPAN: Millis = Millis::days(7);
/// What is kept of a report.
const LONGEST: usize = 8_000;

/// What a report says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Bounce(BounceClass, BounceVerdict),
    Complaint,
    Unsubscribe,
    Reply,
    /// A machine answered.
    AutoReply,
    Delivered,
    /// Mail of our own, which went in a circle.
    Loop,
    /// Something else, kept as it came.
    Other,
}

impl What {
    /// The word that is stored.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Bounce(..) => "bounce",
            Self::Complaint => "complaint",
            Self::Unsubscribe => "unsubscribe",
            Self::Reply => "reply",
            Self::AutoReply => "auto_reply",
            Self::Delivered => "delivered",
            Self::Loop => "loop",
            Self::Other => "other",
        }
    }
}

/// Something that came back, from wherever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    pub what: What,
    /// The key of the message, where the report carries it.
    pub key: Option<String>,
    /// The Message-ID of what we sent, without brackets.
    pub message_id: Option<String>,
    /// The Message-ID of what came, without brackets: it may be mail of our own.
    pub own_id: Option<String>,
    /// Whom it is about; for replies, who wrote.
    pub address: Option<String>,
    pub reason: String,
    /// Tells the same report again from another one.
    pub event_key: String,
    pub raw: String,
}

impl Returned {
    /// A report without details.
    pub fn new(what: What, event_key: impl Into<String>) -> Self {
        let event_key = event_key.into();
        let (key, message_id, own_id, address) = (None, None, None, None);
        Self { what, key, message_id, own_id, address, reason: String::new(), event_key, raw: String::new() }
    }
}

/// What became of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Was here before.
    Repeated,
    /// About mail that we never sent.
    NotOurs,
    /// Mail of our own that came back, as when an address forwards to the mailbox: dropped.
    Loop,
}

impl Outcome {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Repeated => "repeated",
            Self::NotOurs => "not_ours",
            Self::Loop => "loop",
        }
    }
}

/// Counts for the day; `outcome` is a word of [`Outcome`], or `forged`, `stale`.
pub fn count(tx: &mut Tx<'_>, now: Timestamp, source: &str, outcome: &str, times: i64) -> Result<()> {
    let day = now.0.div_euclid(Millis::days(1).0);
    tx.exec(
        Sql::new(
            "INSERT INTO return_counts (day, source, outcome, times) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (day, source, outcome) DO UPDATE SET times = return_counts.times + excluded.times",
        )
        .bind(day)
        .bind(source)
        .bind(outcome)
        .bind(times),
    )?;
    Ok(())
}

/// Keeps a report and writes what follows from it.
pub fn act(tx: &mut Tx<'_>, now: Timestamp, source: &str, returned: &Returned) -> Result<Outcome> {
    if is_our_own(tx, returned)? {
        return Ok(Outcome::Loop);
    }
    let (class, verdict) = match &returned.what {
        What::Bounce(class, verdict) => (Some(class.key()), verdict.key()),
        _ => (None, "done"),
    };
    let raw: String = returned.raw.chars().filter(|c| *c != '\0').take(LONGEST).collect();
    let reason: String = returned.reason.chars().filter(|c| *c != '\0').take(500).collect();
    let kept: Option<i64> = tx.opt(
        Sql::new(
            "INSERT INTO mail_returns (received_at, source, event_key, kind, class, verdict, address, reason, raw) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (source, event_key) DO NOTHING RETURNING id",
        )
        .bind(now)
        .bind(source)
        .bind(&returned.event_key)
        .bind(returned.what.key())
        .bind(class)
        .bind(verdict)
        .bind(returned.address.as_deref())
        .bind(&reason)
        .bind(&raw),
        |r| r.get(0),
    )?;
    let Some(id) = kept else { return Ok(Outcome::Repeated) };
    let Some(send) = find(tx, returned)? else {
        tx.exec(Sql::new("UPDATE mail_returns SET verdict = 'not_ours' WHERE id = $1").bind(id))?;
        return Ok(Outcome::NotOurs);
    };
    let contact = survivor(tx, send.contact)?;
    let sql = Sql::new(
        "UPDATE mail_returns SET send_id = $2, contact_id = $3, email_id = $4, address = coalesce(address, $5) WHERE id = $1",
    );
    tx.exec(sql.bind(id).bind(send.id).bind(contact).bind(send.email).bind(&send.address))?;
    let about = About { now, source, send: &send, contact, reason: &reason };
    match &returned.what {
        What::Bounce(class, BounceVerdict::Suppress) => about.bounced(tx, *class)?,
        What::Bounce(class, BounceVerdict::Count) => about.soft(tx, id, *class)?,
        What::Complaint => about.complained(tx)?,
        What::Unsubscribe => {
            if unsubscribe::write(tx, now, contact, unsubscribe::UNSUBSCRIBED, "User unsubscribed.", Some(send.email.0))? {
                unsubscribe::count(tx, now, &send)?;
            }
        }
        What::Reply => responses::write_reply(tx, now, &send)?,
        What::Delivered => {
            let sql = Sql::new("UPDATE sends SET delivered_at = $2 WHERE id = $1 AND delivered_at IS NULL");
            tx.exec(sql.bind(send.id).bind(now))?;
        }
        What::Bounce(..) | What::AutoReply | What::Loop | What::Other => {}
    }
    Ok(Outcome::Done)
}

/// Whether it is no answer to a message of ours but such a message itself.
fn is_our_own(tx: &mut Tx<'_>, returned: &Returned) -> Result<bool> {
    if returned.what == What::Loop {
        return Ok(true);
    }
    Ok(match &returned.own_id {
        Some(id) => responses::of_message_id(tx, id)?.is_some(),
        None => false,
    })
}

/// The message that a report is about: by its key, its Message-ID, or as the last one to the address.
fn find(tx: &mut Tx<'_>, returned: &Returned) -> Result<Option<SendRow>> {
    if let Some(key) = &returned.key
        && let Some(send) = responses::of_key(tx, key)?
    {
        return Ok(Some(send));
    }
    if let Some(message_id) = &returned.message_id
        && let Some(send) = responses::of_message_id(tx, message_id)?
    {
        return Ok(Some(send));
    }
    match (&returned.address, &returned.what) {
        // Whoever writes to us did not answer a message only because she got one.
        (_, What::Reply | What::AutoReply | What::Unsubscribe) | (None, _) => Ok(None),
        (Some(address), _) => responses::last_to(tx, address),
    }
}

fn survivor(tx: &mut Tx<'_>, contact: ContactId) -> Result<ContactId> {
    let winner = Sql::new("SELECT winner_id FROM contact_merges WHERE loser_id = $1").bind(contact);
    Ok(tx.opt(winner, |r| r.get(0))?.unwrap_or(contact))
}

/// A report with its message.
struct About<'a> {
    now: Timestamp,
    source: &'a str,
    send: &'a SendRow,
    contact: ContactId,
    reason: &'a str,
}

impl About<'_> {
    /// The address is dead: nothing is ever sent to it again.
    fn bounced(&self, tx: &mut Tx<'_>, class: BounceClass) -> Result<()> {
        let reason = if self.reason.is_empty() { class.key() } else { self.reason };
        unsubscribe::write(tx, self.now, self.contact, unsubscribe::BOUNCED, reason, Some(self.send.email.0))?;
        suppressions::keep(tx, self.now, &self.send.address, Cause::Bounced, self.source, Some(reason))?;
        self.mark(tx, "bounced", EventKind::EmailBounced, json!({"reason": reason, "class": class.key(), "final": true}))
    }

    fn complained(&self, tx: &mut Tx<'_>) -> Result<()> {
        unsubscribe::write(tx, self.now, self.contact, unsubscribe::UNSUBSCRIBED, "spam", Some(self.send.email.0))?;
        suppressions::keep(tx, self.now, &self.send.address, Cause::Complained, self.source, Some("spam"))?;
        self.mark(tx, "complained", EventKind::EmailComplained, json!({"source": self.source}))
    }

    /// Writes the first of its kind at the message and at its email, and tells.
    fn mark(&self, tx: &mut Tx<'_>, what: &str, kind: EventKind, detail: serde_json::Value) -> Result<()> {
        let text = format!("UPDATE sends SET {what}_at = $2 WHERE id = $1 AND {what}_at IS NULL");
        if tx.exec(Sql::new(text).bind(self.send.id).bind(self.now))? == 1 {
            let text = format!("UPDATE email_counts SET {what} = {what} + 1 WHERE email_id = $1");
            tx.exec(Sql::new(text).bind(self.send.email))?;
            let happening = Happening::new(self.contact, kind, self.now).object(self.send.email.0).reference(self.send.id.0);
            changes::record(tx, happening.detail(detail))?;
            crate::sending::stop_if_needed(tx, self.now, self.send.email)?;
        }
        Ok(())
    }

    /// Counts a passing refusal. Whoever opened or clicked since the first one begins anew.
    fn soft(&self, tx: &mut Tx<'_>, id: i64, class: BounceClass) -> Result<()> {
        let heard =
            "SELECT 1 FROM sends WHERE contact_id = $1 AND (opened_at > $2 OR clicked_at > $2 OR delivered_at > $2) LIMIT 1";
        let before: Option<(i64, Timestamp)> = tx
            .opt(Sql::new("SELECT times, first_at FROM soft_bounces WHERE contact_id = $1").bind(self.contact), |r| {
                Ok((r.get(0)?, r.get(1)?))
            })?;
        let alive = match before {
            Some((_, first)) => tx.opt(Sql::new(heard).bind(self.contact).bind(first), |_| Ok(()))?.is_some(),
            None => false,
        };
        let (times, first) = before.filter(|_| !alive).map_or((1, self.now), |(times, first)| (times + 1, first));
        tx.exec(
            Sql::new(
                "INSERT INTO soft_bounces (contact_id, times, first_at, last_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (contact_id) DO UPDATE SET times = excluded.times, first_at = excluded.first_at, last_at = excluded.last_at",
            )
            .bind(self.contact)
            .bind(times)
            .bind(first)
            .bind(self.now),
        )?;
        if times >= MOST_SOFT && self.now.since(first) >= SOFT_SPAN {
            tx.exec(Sql::new("UPDATE mail_returns SET verdict = 'suppress' WHERE id = $1").bind(id))?;
            return self.bounced(tx, class);
        }
        let detail = json!({"reason": self.reason, "class": class.key(), "final": false, "times": times});
        let happening = Happening::new(self.contact, EventKind::EmailBounced, self.now).object(self.send.email.0);
        changes::note(tx, &happening.reference(self.send.id.0).detail(detail)).map(|_| ())
    }
}
