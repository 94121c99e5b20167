//! What the steps of a campaign ask other domains to do.

mod fields;
mod team;

use hg_core::campaigns::steps::WebCall;
use hg_core::ids::{CampaignId, CompanyId, ContactId, EmailId, PointGroupId, SegmentId, SendId, StageId, StepId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};

use crate::contacts::PointsOperator;
use crate::error::{ErrorKind, Result};
use crate::points::Given;
use crate::workspace::Workspace;
use crate::{companies, contacts, emails, points, segments, stages};

pub(super) use fields::{update_company, update_contact};
pub(super) use team::{tell, web_call};

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

pub(super) fn change_tags(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, add: &[String], remove: &[String]) -> Result<()> {
    contacts::change_tags(ws, tx, contact, add, remove)
}

/// A sentence when the points could not be given.
pub(super) fn change_points(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contact: ContactId,
    points: i64,
    group: Option<PointGroupId>,
    campaign: &str,
) -> Result<Option<String>> {
    let given = Given { event: Some(campaign.to_owned()), ..Given::by("campaign", format!("Campaign: {campaign}")) };
    match points::change_in(ws, tx, contact, group, PointsOperator::Plus, points, &given) {
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
    contact: ContactId,
    add: &[SegmentId],
    remove: &[SegmentId],
) -> Result<Said> {
    let mut said = None;
    for (segment, adds) in add.iter().map(|s| (s, true)).chain(remove.iter().map(|s| (s, false))) {
        let done = segments::change_by_hand_in(ws, tx, *segment, &[contact], adds, "campaign", None);
        said = soft(done)?.or(said);
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

/// Whether the mail of a send was opened and clicked already: an answer may come before the sending is written down.
pub(super) fn answered(tx: &mut Tx<'_>, send: SendId) -> Result<(Option<Timestamp>, Option<Timestamp>)> {
    let sql = Sql::new("SELECT opened_at, clicked_at FROM sends WHERE id = $1").bind(send);
    Ok(tx.opt(sql, |r| Ok((r.get(0)?, r.get(1)?)))?.unwrap_or((None, None)))
}

/// Whether the contact is still there.
pub(super) fn is_there(tx: &mut Tx<'_>, contact: ContactId) -> Result<bool> {
    let n: i64 = tx.scalar(Sql::new("SELECT count(*) FROM contacts WHERE id = $1 AND deleted_at IS NULL").bind(contact))?;
    Ok(n > 0)
}
