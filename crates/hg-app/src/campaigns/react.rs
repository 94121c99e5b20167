//! Campaigns react to what happens: people enter and leave, decisions are answered, mails end.

use std::collections::BTreeSet;

use hg_core::campaigns::{Occurrence, Source, SourceKind};
use hg_core::events::EventKind;
use hg_core::ids::{ContactId, SendId};
use hg_store::{Sql, Tx};

use super::answers::Visit;
use super::members::Entry;
use super::run::Run;
use super::store;
use crate::changes::{Change, Reactor};
use crate::error::Result;
use crate::workspace::Workspace;

/// Stands behind the segments' reactor: joins and leaves of the same moment are among the changes.
pub struct CampaignReactor;

impl Reactor for CampaignReactor {
    fn react(&self, ws: &Workspace, tx: &mut Tx<'_>, changes: &mut Vec<Change>) -> Result<()> {
        let mut run = Run::new(ws, tx);
        for change in changes.iter() {
            react(&mut run, change)?;
        }
        let contacts: BTreeSet<ContactId> = changes.iter().map(|change| change.contact).collect();
        for contact in contacts {
            run.aims_looked_at(contact)?;
        }
        run.finish()
    }

    fn listens(&self, ws: &Workspace, tx: &mut Tx<'_>, sample: &Change) -> Result<bool> {
        let mut run = Run::new(ws, tx);
        // Decisions and goals may look at anything about a contact.
        if run.somebody_waits_to_match()? || run.somebody_aims()? {
            return Ok(true);
        }
        match sample.kind {
            EventKind::SegmentJoined | EventKind::SegmentLeft => {
                Ok(!store::fed_by(run.tx, Source { kind: SourceKind::Segment, id: sample.object_id })?.is_empty())
            }
            EventKind::TagChanged | EventKind::PointsChanged | EventKind::FieldsChanged => Ok(false),
            EventKind::EmailSent => match sample.ref_id {
                Some(send) => sent_by_step(run.tx, SendId(send)),
                None => Ok(false),
            },
            _ => Ok(true),
        }
    }
}

/// Whether a step of a campaign waits for the end of a mail.
fn sent_by_step(tx: &mut Tx<'_>, send: SendId) -> Result<bool> {
    Ok(tx.opt(Sql::new("SELECT 1 FROM sends WHERE id = $1 AND step_id IS NOT NULL").bind(send), |_| Ok(()))?.is_some())
}

fn react(run: &mut Run<'_, '_>, change: &Change) -> Result<()> {
    let text = |key: &str| change.detail.as_ref().and_then(|d| d.get(key)).and_then(|v| v.as_str()).unwrap_or("");
    let contact = change.contact;
    match change.kind {
        EventKind::SegmentJoined => {
            for campaign in store::fed_by(run.tx, Source { kind: SourceKind::Segment, id: change.object_id })? {
                run.enter(campaign, contact, Entry::Segment)?;
            }
        }
        EventKind::SegmentLeft => {
            for campaign in store::fed_by(run.tx, Source { kind: SourceKind::Segment, id: change.object_id })? {
                run.source_lost(campaign, contact)?;
            }
        }
        EventKind::FormSubmitted => {
            // Who sends in the form is in before decisions hear of it (§2).
            for campaign in store::fed_by(run.tx, Source { kind: SourceKind::Form, id: change.object_id })? {
                if run.load(campaign)?.runs_at(run.now) {
                    run.enter(campaign, contact, Entry::Form)?;
                }
            }
            run.happened(contact, &Occurrence::Submitted { form: change.object_id }, change.at)?;
        }
        EventKind::EmailOpened | EventKind::MachineOpened => {
            if let Some(send) = change.ref_id {
                let machine = change.kind == EventKind::MachineOpened;
                run.happened(contact, &Occurrence::Opened { send: SendId(send), machine }, change.at)?;
            }
        }
        EventKind::EmailClicked | EventKind::MachineClicked => {
            if let Some(send) = change.ref_id {
                let machine = change.kind == EventKind::MachineClicked;
                run.happened(contact, &Occurrence::Clicked { send: SendId(send), url: text("url"), machine }, change.at)?;
            }
        }
        EventKind::EmailReplied => {
            if let Some(send) = change.ref_id {
                run.happened(contact, &Occurrence::Replied { send: SendId(send) }, change.at)?;
            }
        }
        EventKind::PageHit => {
            let visit = Visit { page: change.object_id, url: text("url"), referrer: text("referrer"), device: change.ref_id };
            run.visited(contact, &visit, change.at)?;
        }
        EventKind::EmailSent => {
            if let Some(send) = change.ref_id {
                run.mail_ended(contact, SendId(send), change.at, None)?;
            }
        }
        EventKind::EmailFailed => {
            if let Some(send) = change.ref_id {
                let how = text("final");
                run.mail_ended(
                    contact,
                    SendId(send),
                    change.at,
                    Some((text("reason"), if how.is_empty() { "failed" } else { how })),
                )?;
            }
        }
        EventKind::Created | EventKind::CompanyChanged | EventKind::CompanyEdited => run.companies_changed(contact)?,
        EventKind::DeletedChanged => {
            let deleted =
                change.detail.as_ref().and_then(|d| d.get("deleted")).and_then(serde_json::Value::as_bool).unwrap_or(true);
            if deleted {
                let sql =
                    Sql::new("SELECT campaign_id FROM campaign_members WHERE contact_id = $1 AND state = 'active'").bind(contact);
                for campaign in run.tx.all(sql, |r| r.get(0))? {
                    run.leave(campaign, contact, false, "The contact was deleted.")?;
                }
            }
        }
        _ => {}
    }
    run.changed(contact)
}
