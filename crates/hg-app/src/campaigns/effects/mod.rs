//! What the steps of a campaign ask other domains to do.

mod alike;
mod fields;
mod team;

use std::collections::{HashMap, HashSet};

use hg_core::campaigns::steps::WebCall;
use hg_core::events::EventKind;
use hg_core::ids::{CampaignId, CompanyId, ContactId, EmailId, PointGroupId, SegmentId, SendId, StageId, StepId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};

use crate::contacts::PointsOperator;
use crate::error::{ErrorKind, Result};
use crate::points::Given;
use crate::workspace::Workspace;
use crate::{companies, contacts, emails, points, segments, stages};

pub(super) use alike::{alike, is_alike};
pub(super) use fields::{update_company, update_contact};
pub(super) use team::{tell, web_call};

/// So many answers of a kind are read, of which at most one an hour counts.
const ANSWERS: i64 = 1_000;

/// What came of an effect: nothing to say, or a sentence why it could not be had.
pub(super) type Said = Option<String>;

/// What is gone or cannot be is told in the log and the contact goes on; anything else is an error.
fn soft<T>(result: Result<T>) -> Result<Said> {
    match result {
        Ok(_) => Ok(None),
        Err(e) if matches!(e.kind, ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::Conflict) => Ok(Some(e.detail)),
        Err(e) => Err(e),
    }
}

/// A mail to be sent by a step.
pub(super) struct Mail {
    pub email: EmailId,
    pub contact: ContactId,
    pub campaign: CampaignId,
    pub step: StepId,
    pub rotation: i64,
    /// Tries that failed before: a new one is another occasion.
    pub attempts: i64,
    pub now: Timestamp,
}

/// Puts the mail on its way. The occasion names campaign, step and rotation: the same one never sends twice.
pub(super) fn send(ws: &Workspace, tx: &mut Tx<'_>, mail: &Mail) -> Result<std::result::Result<SendId, String>> {
    let again = if mail.attempts > 0 { format!(":{}", mail.attempts) } else { String::new() };
    let queue = emails::Queue {
        email: mail.email,
        contact: mail.contact,
        occasion: format!("campaign:{}:{}:{}{again}", mail.campaign, mail.step, mail.rotation),
        campaign: Some(mail.campaign),
        step: Some(mail.step),
        due_at: mail.now,
    };
    match emails::queue_one(ws, tx, queue) {
        Ok(emails::Queued::Queued(send)) => Ok(Ok(send)),
        Ok(emails::Queued::Skipped(reason)) => Ok(Err(reason.text().to_owned())),
        Err(error) if error.is_not_found() => Ok(Err("The email was deleted.".to_owned())),
        Err(error) => Err(error),
    }
}

/// A sentence when the points could not be given.
pub(super) fn change_points(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contacts: &[ContactId],
    points: i64,
    group: Option<PointGroupId>,
    campaign: &str,
) -> Result<Said> {
    let given = Given { event: Some(campaign.to_owned()), ..Given::by("campaign", format!("Campaign: {campaign}")) };
    match points::change_many(ws, tx, contacts, group, PointsOperator::Plus, points, &given) {
        Ok(_) => Ok(None),
        Err(error) if error.code == "points.no-group" => Ok(Some("The point group was deleted.".to_owned())),
        Err(error) => Err(error),
    }
}

/// A sentence when the contact belongs to no company.
pub(super) fn score_companies(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contact: ContactId,
    score: i64,
    campaign: &str,
) -> Result<Option<String>> {
    let there = companies::score_companies_of(tx, contact, score, &format!("Campaign: {campaign}"), ws.clock.now())?;
    Ok((there == 0).then(|| "The contact belongs to no company.".to_owned()))
}

/// A sentence when the contact could not be moved.
pub(super) fn change_stage(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contact: ContactId,
    stage: Option<StageId>,
    campaign: &str,
) -> Result<Option<String>> {
    let Some(stage) = stage else { return Ok(Some("No stage is chosen.".to_owned())) };
    match stages::forward_in(ws, tx, contact, stage, &format!("Campaign: {campaign}"))? {
        stages::Forward::Moved => Ok(None),
        stages::Forward::Refused(why) => Ok(Some(why)),
    }
}

pub(super) fn change_segments(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contacts: &[ContactId],
    add: &[SegmentId],
    remove: &[SegmentId],
) -> Result<Said> {
    let mut said = None;
    for (segment, adds) in add.iter().map(|s| (s, true)).chain(remove.iter().map(|s| (s, false))) {
        // In pieces so small that each contact's move is written for herself.
        for part in contacts.chunks(segments::ONE_BY_ONE) {
            let done = segments::change_by_hand_in(ws, tx, *segment, part, adds, "campaign", None);
            said = soft(done)?.or(said);
        }
    }
    Ok(said)
}

pub(super) fn change_owner(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, owner: Option<UserId>) -> Result<Said> {
    let Some(owner) = owner else { return Ok(Some("No owner is chosen.".to_owned())) };
    soft(contacts::service::set_owner(ws, tx, &[contact], Some(owner)))
}

pub(super) fn stop_contacting(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contact: ContactId,
    channels: &[String],
    reason: &str,
    campaign: &str,
) -> Result<()> {
    let comments = if reason.trim().is_empty() { format!("Campaign: {campaign}") } else { reason.to_owned() };
    for channel in channels {
        contacts::set_do_not_contact(ws, tx, contact, channel, 3, &comments, None)?;
    }
    Ok(())
}

/// Only what was stopped by hand or bounced: what the contact said herself, only she takes back (`decisions.md`).
pub(super) fn contact_again(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, channels: &[String]) -> Result<Said> {
    let mut kept = None;
    for channel in channels {
        for reason in [2, 3] {
            contacts::lift_do_not_contact(ws, tx, contact, channel, Some(reason))?;
        }
        if contacts::is_suppressed(tx, contact, channel)? {
            kept = Some("The contact opted out; only she can take that back.".to_owned());
        }
    }
    Ok(kept)
}

pub(super) fn delete_contact(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId) -> Result<()> {
    contacts::service::set_deleted(ws, tx, &[contact], true).map(|_| ())
}

pub(super) fn add_to_company(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, company: Option<CompanyId>) -> Result<Said> {
    let Some(company) = company else { return Ok(Some("No company is chosen.".to_owned())) };
    soft(companies::link_many_in(tx, company, &[contact], true, ws.clock.now()))
}

/// The contact's time zone, if it names one.
pub(super) fn zone_name(tx: &mut Tx<'_>, contact: ContactId) -> Result<Option<String>> {
    contacts::zone_of(tx, contact)
}

/// When a contact opened mail, visited pages and sent in forms since an instant, each the newest first. Machines that open
/// mail for her tell nothing about her.
pub(super) fn answers_since(tx: &mut Tx<'_>, contact: ContactId, since: Timestamp) -> Result<[Vec<Timestamp>; 3]> {
    let mut found: [Vec<Timestamp>; 3] = Default::default();
    for (kind, moments) in [EventKind::EmailOpened, EventKind::PageHit, EventKind::FormSubmitted].into_iter().zip(&mut found) {
        let sql = Sql::new(
            "SELECT occurred_at FROM events WHERE contact_id = $1 AND occurred_at >= $2 AND kind = $3 ORDER BY occurred_at DESC LIMIT $4",
        );
        *moments = tx.all(sql.bind(contact).bind(since).bind(kind.code()).bind(ANSWERS), |r| r.get(0))?;
    }
    Ok(found)
}

/// What came back of a mail so far.
#[derive(Default)]
pub(super) struct Answered {
    opened: Option<Timestamp>,
    pub clicked: Option<Timestamp>,
}

impl Answered {
    /// A click shows that the mail was opened.
    pub fn either(&self) -> Option<Timestamp> {
        self.opened.or(self.clicked)
    }
}

/// Whether the mail of a send was opened and clicked already: an answer may come before the sending is written down.
/// `machines`: by a mail scanner too.
pub(super) fn answered(tx: &mut Tx<'_>, send: SendId, machines: bool) -> Result<Answered> {
    let columns = if machines {
        "coalesce(opened_at, machine_opened_at), coalesce(clicked_at, machine_clicked_at)"
    } else {
        "opened_at, clicked_at"
    };
    let sql = Sql::new(format!("SELECT {columns} FROM sends WHERE id = $1")).bind(send);
    Ok(tx.opt(sql, |r| Ok(Answered { opened: r.get(0)?, clicked: r.get(1)? }))?.unwrap_or_default())
}

/// Whether the contact is still there.
pub(super) fn is_there(tx: &mut Tx<'_>, contact: ContactId) -> Result<bool> {
    Ok(!who_is_there(tx, &[contact.0])?.is_empty())
}

/// Those of the contacts who are still there.
pub(super) fn who_is_there(tx: &mut Tx<'_>, contacts: &[i64]) -> Result<HashSet<ContactId>> {
    let sql = Sql::new("SELECT id FROM contacts WHERE id @in($1) AND deleted_at IS NULL");
    Ok(tx.all(sql.bind(contacts), |r| r.get(0))?.into_iter().collect())
}

/// The time zones that contacts name.
pub(super) fn zone_names(tx: &mut Tx<'_>, contacts: &[i64]) -> Result<HashMap<ContactId, Option<String>>> {
    let sql = Sql::new("SELECT id, timezone FROM contacts WHERE id @in($1)");
    Ok(tx.all(sql.bind(contacts), |r| Ok((r.get(0)?, r.get(1)?)))?.into_iter().collect())
}
