//! Sends to segments that go on: whoever joins the audience later gets the email too, within a moment (`messages.md` §3.2).
//!
//! Single joins come through the reactor, many at once through [`audience_changed`]. Such a send stays `sending` until
//! somebody ends it, or until the email is not live any more.

use std::collections::{BTreeMap, BTreeSet};

use hg_core::events::EventKind;
use hg_core::ids::{ContactId, EmailId, SegmentId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};

use super::queue::sendable;
use super::{plan, segment};
use crate::changes::{Change, Reactor};
use crate::emails::{self, Email};
use crate::error::Result;
use crate::jobs::{self, NewJob};
use crate::segments;
use crate::workspace::Workspace;

/// Rows written by one statement.
const CHUNK: usize = 500;

/// Emails whose send goes on, with the segments that a change could concern.
fn open(tx: &mut Tx<'_>, of: &BTreeSet<SegmentId>) -> Result<BTreeSet<EmailId>> {
    let ids: Vec<i64> = of.iter().map(|id| id.0).collect();
    let text = "SELECT e.id FROM emails e JOIN email_segments s ON s.email_id = e.id \
                WHERE e.send_state = 'sending' AND e.evergreen = 1 AND e.deleted_at IS NULL AND s.segment_id @in($1)";
    Ok(tx.all(Sql::new(text).bind(ids.as_slice()), |r| r.get(0))?.into_iter().collect())
}

fn concerns(kind: EventKind) -> bool {
    matches!(kind, EventKind::SegmentJoined | EventKind::SegmentLeft)
}

/// Stands behind the segments' reactor: who joined in the same moment is among the changes.
pub struct EvergreenReactor;

impl Reactor for EvergreenReactor {
    fn react(&self, ws: &Workspace, tx: &mut Tx<'_>, changes: &mut Vec<Change>) -> Result<()> {
        let mut moved: BTreeMap<SegmentId, BTreeSet<ContactId>> = BTreeMap::new();
        for change in changes.iter().filter(|change| concerns(change.kind)) {
            moved.entry(SegmentId(change.object_id)).or_default().insert(change.contact);
        }
        if moved.is_empty() {
            return Ok(());
        }
        for id in open(tx, &moved.keys().copied().collect())? {
            // Asked again under a lock: a pause of this moment moves what is written before it, and nothing is written after it.
            let goes = "SELECT id FROM emails WHERE id = $1 AND send_state = 'sending' AND evergreen = 1 @forupdate";
            if tx.opt(Sql::new(goes).bind(id), |r| r.get::<i64>(0))?.is_none() {
                continue;
            }
            let Some(email) = emails::find_uncounted(tx, id)? else { continue };
            if sendable(&email, ws.clock.now()).is_err() {
                continue;
            }
            let mut people = Vec::new();
            for contact in of_email(&email, &moved) {
                if belongs(tx, &email, contact)? {
                    people.push(contact.bit());
                }
            }
            let per_hour = plan::find(tx, id)?.map_or(0, |plan| plan.per_hour);
            for chunk in people.chunks(CHUNK) {
                segment::give_rows(ws, tx, &email, chunk, per_hour)?;
            }
        }
        Ok(())
    }

    fn listens(&self, _: &Workspace, tx: &mut Tx<'_>, sample: &Change) -> Result<bool> {
        Ok(concerns(sample.kind) && !open(tx, &BTreeSet::from([SegmentId(sample.object_id)]))?.is_empty())
    }
}

/// Who moved in a segment that an email asks about.
fn of_email(email: &Email, moved: &BTreeMap<SegmentId, BTreeSet<ContactId>>) -> BTreeSet<ContactId> {
    let asked = email.segments.iter().chain(&email.excluded_segments);
    asked.filter_map(|id| moved.get(&SegmentId(*id))).flatten().copied().collect()
}

/// Whether somebody is in a segment of an email and in none that it leaves out.
fn belongs(tx: &mut Tx<'_>, email: &Email, contact: ContactId) -> Result<bool> {
    for id in &email.excluded_segments {
        if segments::contains(tx, SegmentId(*id), contact)? {
            return Ok(false);
        }
    }
    for id in &email.segments {
        if segments::contains(tx, SegmentId(*id), contact)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Many joined or left a segment at once: the sends that go on look at their whole audience.
pub fn audience_changed(ws: &Workspace, tx: &mut Tx<'_>, segment: SegmentId) -> Result<()> {
    let now = ws.clock.now();
    for id in open(tx, &BTreeSet::from([segment]))? {
        if let Some(email) = emails::find_uncounted(tx, id)? {
            segment::push_fill(tx, now, &email, now, None)?;
        }
    }
    Ok(())
}

/// Whether a send that goes on does so no longer, because the email is not live any more.
pub(super) fn is_over(email: &Email, now: Timestamp) -> bool {
    email.evergreen && email.publish_down.is_some_and(|end| end <= now)
}

/// Nobody new gets it; the send is over when those who wait have it.
pub(super) fn end(tx: &mut Tx<'_>, id: EmailId) -> Result<()> {
    tx.exec(Sql::new("UPDATE emails SET send_filled = 1 WHERE id = $1 AND send_state = 'sending'").bind(id))?;
    tx.wake(super::TOPIC);
    Ok(())
}

/// Everybody of the audience has a row. A send that does not go on is over when they were served; another one looks again
/// when the email's time ends.
pub(super) fn filled(tx: &mut Tx<'_>, now: Timestamp, id: EmailId) -> Result<()> {
    let Some(email) = emails::find_uncounted(tx, id)? else { return Ok(()) };
    if !email.evergreen {
        return end(tx, id);
    }
    let Some(over) = email.publish_down else { return Ok(()) };
    let job = NewJob {
        kind: segment::KIND,
        dedupe_key: Some(format!("{}:{id}:over", segment::KIND)),
        title: format!("End the send of “{}”", email.name),
        payload: serde_json::json!({ "email_id": id.0 }),
        due_at: over.max(now),
        visible: false,
        link: None,
        created_by: None,
    };
    jobs::push(tx, now, job).map(|_| ())
}
