//! What the steps of a campaign ask other domains to do.

use hg_core::campaigns::StepType;
use hg_core::ids::{CampaignId, ContactId, EmailId, PointGroupId, SendId, StageId, StepId};
use hg_core::segments::{Filter, Plan};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};

use crate::contacts::PointsOperator;
use crate::error::{Error, Result};
use crate::points::Given;
use crate::workspace::Workspace;
use crate::{companies, contacts, emails, fields, points, segments, stages};

/// A mail to be sent by a step.
pub(super) struct Mail {
    pub email: EmailId,
    pub contact: ContactId,
    pub campaign: CampaignId,
    pub step: StepId,
    pub rotation: i64,
    pub now: Timestamp,
}

/// Puts the mail on its way. The occasion names campaign, step and rotation: the same one never sends twice.
pub(super) fn send(ws: &Workspace, tx: &mut Tx<'_>, mail: &Mail) -> Result<std::result::Result<SendId, String>> {
    let queue = emails::Queue {
        email: mail.email,
        contact: mail.contact,
        occasion: format!("campaign:{}:{}:{}", mail.campaign, mail.step, mail.rotation),
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

/// The filter of a condition; wrong ones were refused when the campaign was published.
pub(super) fn filter(step: &StepType) -> Result<Filter> {
    let StepType::FieldIs { field, op, value } = step else {
        return Err(Error::internal("This step compares nothing."));
    };
    let json = serde_json::json!({"match": "all", "rules": [{"field": field, "op": op, "value": value}]});
    Filter::parse(&json).map_err(|errors| {
        let fields = errors.into_iter().map(|e| crate::FieldError::new("/settings", e.code, e.detail)).collect();
        Error::invalid(fields)
    })
}

/// Whether a condition can be answered in this workspace: its field is there and the operator fits.
pub(super) fn check(ws: &Workspace, tx: &mut Tx<'_>, step: &StepType) -> Result<()> {
    Plan::of(&filter(step)?, &*fields::catalogue(ws, tx)?).map_err(segments::SegmentProblem::Filter)?;
    Ok(())
}

pub(super) fn condition(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, step: &StepType) -> Result<bool> {
    segments::matches(ws, tx, contact, &filter(step)?)
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
