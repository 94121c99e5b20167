//! One message for one contact, put into the ledger in the caller's transaction.

use std::collections::HashMap;

use hg_core::emails::{Candidate, Purpose, SendState, Skip, Verdict, judge};
use hg_core::ids::{CampaignId, ContactId, EmailId, SendId, StepId, alphanumeric, hex};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde_json::Value as Json;

use super::ledger::{self, LANE_CAMPAIGN, LANE_SINGLE, NewSend, Tally};
use crate::cx::{Action, Cx};
use crate::emails::family::Family;
use crate::emails::{self, Email};
use crate::error::{Error, Result};
use crate::suppressions::{self, Cause};
use crate::workspace::Workspace;

/// What to send to whom, and on which occasion.
#[derive(Debug, Clone, PartialEq)]
pub struct Queue {
    pub email: EmailId,
    pub contact: ContactId,
    /// Names the occasion (`campaign:3:step:7:1`): the same occasion never sends twice.
    pub occasion: String,
    pub campaign: Option<CampaignId>,
    pub step: Option<StepId>,
    pub due_at: Timestamp,
}

/// What the caller of the API brings along.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Given {
    /// `{"tokens": {name: value}, "escape": bool, "attachments": [id]}`
    pub tokens: Option<Json>,
    /// An answer to something the contact did: sent in spite of an opt-out, and as often as asked.
    pub transactional: bool,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queued {
    Queued(SendId),
    Skipped(Skip),
}

/// Queues a message, or tells why not. The same occasion again gives the same answer.
pub fn queue_one(ws: &Workspace, tx: &mut Tx<'_>, what: Queue) -> Result<Queued> {
    queue_given(ws, tx, what, &Given::default())
}

/// The same with tokens of the caller's.
pub fn queue_given(ws: &Workspace, tx: &mut Tx<'_>, what: Queue, given: &Given) -> Result<Queued> {
    let email = emails::find_uncounted(tx, what.email)?.ok_or_else(|| Error::not_found("email", what.email))?;
    // Whoever names a variant or a translation gets the email that it belongs to: that is what nobody gets twice.
    let email = match email.parent {
        Some((parent, _)) => emails::find_uncounted(tx, parent)?.ok_or_else(|| Error::not_found("email", parent))?,
        None => email,
    };
    if let Some(there) = ledger::by_occasion(tx, email.id, what.contact, &what.occasion)? {
        let skipped = there.reason.as_deref().and_then(Skip::of).filter(|_| there.state == SendState::Skipped);
        return Ok(skipped.map_or(Queued::Queued(there.id), Queued::Skipped));
    }
    let family = Family::of(tx, &email)?;
    let locales = family.locales(tx, &[what.contact.0])?;
    let (content, revision) = family.choose_now(what.contact, locales.get(&what.contact.0).map(String::as_str));
    let purpose = if given.transactional { Purpose::Transactional } else { email.content.purpose() };
    let addressee = addressee(tx, what.contact)?;
    let candidate = Candidate {
        published: email.window().holds_at(ws.clock.now()),
        category_refused: !super::audience::refused(tx, email.id, &[what.contact.0])?.is_empty(),
        had_it_already: purpose == Purpose::Marketing && ledger::had_it(tx, email.id, what.contact)?,
        ..addressee.candidate()
    };
    let verdict = judge(&candidate, purpose);
    let (state, reason) = match verdict {
        Verdict::Send => (SendState::Queued, None),
        Verdict::Skip(skip) => (SendState::Skipped, Some(skip.as_str())),
    };
    let now = ws.clock.now();
    let (tracking_key, message_id) = fresh_keys(ws);
    let new = NewSend {
        email: email.id,
        content,
        contact: what.contact,
        occasion: &what.occasion,
        state,
        reason,
        address: &addressee.address,
        tracking_key,
        message_id,
        marketing: purpose == Purpose::Marketing,
        revision,
        campaign: what.campaign,
        step: what.step,
        tokens: given.tokens.as_ref(),
        lane: if what.campaign.is_some() && purpose == Purpose::Marketing { LANE_CAMPAIGN } else { LANE_SINGLE },
        due_at: what.due_at,
        now,
    };
    let id = ledger::insert(tx, &new)?;
    match verdict {
        Verdict::Send => {
            tx.wake(super::TOPIC);
            Ok(Queued::Queued(id))
        }
        Verdict::Skip(skip) => {
            let mut tally = Tally::default();
            tally.of(email.id).skipped += 1;
            tally.write(tx)?;
            Ok(Queued::Skipped(skip))
        }
    }
}

/// The random key of a message in links, and its Message-ID; both are fixed when the row is made.
pub(super) fn fresh_keys(ws: &Workspace) -> (String, String) {
    let key = hex(&*ws.chance, 22);
    let site = emails::site_url(ws);
    let host = site.split("://").nth(1).unwrap_or(&site).split(['/', ':']).next().unwrap_or("localhost").to_owned();
    let message_id =
        format!("{}.{}@{}", &key[..12], alphanumeric(&*ws.chance, 10), if host.is_empty() { "localhost" } else { &host });
    (key, message_id)
}

/// A contact as the ledger sees her.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Addressee {
    pub address: String,
    pub there: bool,
    /// Reason of the do-not-contact entry for email.
    pub blocked: Option<i64>,
    /// Why the address is on the suppression list, if it is.
    pub suppressed: Option<Cause>,
}

impl Addressee {
    /// Everything that depends on the contact alone.
    pub(super) fn candidate(&self) -> Candidate {
        Candidate {
            has_address: self.there && hg_core::forms::is_email_address(&self.address),
            opted_out: matches!(self.blocked, Some(reason) if reason != BOUNCED),
            undeliverable: self.blocked == Some(BOUNCED) || self.suppressed.is_some_and(Cause::blocks_everything),
            suppressed: self.suppressed.is_some(),
            ..Candidate::WELCOME
        }
    }
}

/// The do-not-contact reason of addresses that refused mail for good.
pub(super) const BOUNCED: i64 = 2;

const ADDRESSEES: &str = "SELECT c.id, c.email, d.reason FROM contacts c \
     LEFT JOIN do_not_contact d ON d.contact_id = c.id AND d.channel = 'email' WHERE c.id @in($1) AND c.deleted_at IS NULL";

/// Asks for the contact as she is now.
pub(super) fn addressee(tx: &mut Tx<'_>, contact: ContactId) -> Result<Addressee> {
    Ok(addressees(tx, &[contact.0])?.remove(&contact).unwrap_or_default())
}

/// The same for many; who is not there is left out.
pub(super) fn addressees(tx: &mut Tx<'_>, contacts: &[i64]) -> Result<HashMap<ContactId, Addressee>> {
    let found = tx.all(Sql::new(ADDRESSEES).bind(contacts), |r| {
        let address = r.get::<Option<String>>(1)?.unwrap_or_default().trim().to_owned();
        Ok((r.get(0)?, Addressee { address, there: true, blocked: r.get(2)?, suppressed: None }))
    })?;
    let mut found: HashMap<ContactId, Addressee> = found.into_iter().collect();
    let listed = suppressions::among(tx, found.values().map(|a| a.address.as_str()))?;
    if !listed.is_empty() {
        for addressee in found.values_mut() {
            addressee.suppressed = listed.get(&addressee.address).copied();
        }
    }
    Ok(found)
}

/// Whether an email can be sent to segments at an instant.
pub(super) fn sendable(email: &Email, at: Timestamp) -> Result<()> {
    use emails::{EmailError, Kind};
    if email.parent.is_some() {
        return Err(EmailError::IsChild.into());
    }
    if email.kind != Kind::Segment {
        return Err(EmailError::NotForSegments.into());
    }
    if email.segments.is_empty() {
        return Err(EmailError::NoSegments.into());
    }
    if !email.published {
        return Err(EmailError::NotPublished.into());
    }
    if !email.window().holds_at(at) {
        return Err(EmailError::OutsideWindow.into());
    }
    Ok(())
}

/// The longest key with which a client names its wish.
const LONGEST_KEY: usize = 200;

/// What is in one message alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Personal {
    /// Texts for tokens, by name.
    pub tokens: Option<Json>,
    /// Files that go out with it, beside those of the email.
    pub attachments: Vec<i64>,
}

impl Personal {
    /// As the ledger keeps it.
    fn kept(&self) -> Option<Json> {
        let mut kept = serde_json::Map::new();
        if let Some(tokens) = &self.tokens {
            kept.insert("tokens".into(), tokens.clone());
        }
        if !self.attachments.is_empty() {
            kept.insert("attachments".into(), Json::from(self.attachments.clone()));
        }
        Some(Json::Object(kept)).filter(|kept| kept.as_object().is_some_and(|k| !k.is_empty()))
    }
}

/// One email to one contact, because a client of the API says so: in spite of an opt-out, and as often as asked. A wish
/// with a key is the same wish when it comes again: it gets the answer that it got before.
pub async fn send_to_contact(
    cx: &Cx,
    email: EmailId,
    contact: ContactId,
    personal: Personal,
    key: Option<String>,
) -> Result<Queued> {
    cx.may(Action::Send)?;
    if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > LONGEST_KEY || key.chars().any(char::is_control)) {
        return Err(Error::field("/idempotency_key", "range", "Give a key of 1 to 200 characters, without line breaks."));
    }
    let (ws, now) = (cx.ws.clone(), cx.now());
    let given = Given { tokens: personal.kept(), transactional: true };
    cx.db()
        .write(move |tx| {
            crate::attachments::check(tx, &personal.attachments)?;
            let contact = crate::contacts::survivor(tx, contact)?;
            let occasion = match &key {
                Some(key) => format!("api-key:{key}"),
                None => format!("api:{}", alphanumeric(&*ws.chance, 20)),
            };
            queue_given(&ws, tx, Queue { email, contact, occasion, campaign: None, step: None, due_at: now }, &given)
        })
        .await
}
