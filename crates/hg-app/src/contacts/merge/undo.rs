//! Taking a merge back, for thirty days.

use hg_core::events::EventKind;
use hg_core::ids::{ContactId, UserId};
use hg_core::time::{Millis, Timestamp};
use hg_store::{Sql, Tx};
use serde_json::{Value as Json, json};

use super::{Before, moves, value_of};
use crate::audit::{self, Deed, Entry};
use crate::changes::{self, Happening};
use crate::contacts::save::{self, Change};
use crate::contacts::{Contact, Existing, Source, Values, service};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;
use crate::workspace::Workspace;

/// How long a merge can be undone.
pub const DAYS: i64 = 30;

/// A merge that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeRecord {
    pub id: i64,
    pub loser: ContactId,
    pub winner: ContactId,
    /// What the merged one was called.
    pub name: String,
    pub at: Timestamp,
    pub by: Option<UserId>,
    pub undone_at: Option<Timestamp>,
    /// Until when it can be undone.
    pub until: Timestamp,
}

const COLUMNS: &str = "m.id, m.loser_id, m.winner_id, coalesce((SELECT x.name FROM contact_merges x WHERE x.loser_id = m.loser_id), ''), \
     m.merged_at, m.merged_by, m.undone_at";

fn read(r: &hg_store::Row<'_>) -> hg_store::Result<MergeRecord> {
    let at: Timestamp = r.get(4)?;
    Ok(MergeRecord {
        id: r.get(0)?,
        loser: r.get(1)?,
        winner: r.get(2)?,
        name: r.get(3)?,
        at,
        by: r.get(5)?,
        undone_at: r.get(6)?,
        until: at.plus(Millis::days(DAYS)),
    })
}

/// Who was merged into a contact, the latest first; merges of nameless visitors are not worth showing.
pub async fn merges_of(cx: &Cx, contact: ContactId) -> Result<Vec<MergeRecord>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let id = service::survivor(tx, contact)?;
            let text = format!(
                "SELECT {COLUMNS} FROM merges m JOIN contacts c ON c.id = m.loser_id \
                 WHERE m.winner_id = $1 AND m.undone_at IS NULL AND c.identified_at IS NOT NULL ORDER BY m.id DESC LIMIT 50"
            );
            Ok(tx.all(Sql::new(text).bind(id), read)?)
        })
        .await
}

/// Takes a merge back; the one who comes back.
pub async fn unmerge(cx: &Cx, merge: i64) -> Result<Contact> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, who) = (cx.ws.clone(), cx.who());
    cx.db()
        .write(move |tx| {
            let record = tx
                .opt(Sql::new(format!("SELECT {COLUMNS} FROM merges m WHERE m.id = $1 @forupdate")).bind(merge), read)?
                .ok_or_else(|| Error::not_found("merge", merge))?;
            write(&ws, tx, &record)?;
            let back = service::load(&ws, tx, record.loser)?;
            let detail = json!({"from": record.winner});
            audit::record(tx, &who, Entry::new(Deed::Unmerge, "contact", record.loser.0, back.name()).detail(detail))?;
            Ok(back)
        })
        .await
}

fn write(ws: &Workspace, tx: &mut Tx<'_>, record: &MergeRecord) -> Result<()> {
    let now = ws.clock.now();
    if record.undone_at.is_some() {
        return Err(Error::conflict("contact.unmerged-already", "This merge was undone already."));
    }
    if record.until <= now {
        let detail = format!("A merge can be undone for {DAYS} days; this one is older.");
        return Err(Error::conflict("contact.merge-too-old", detail));
    }
    let alive = |tx: &mut Tx<'_>, id: ContactId| -> Result<bool> {
        Ok(tx
            .opt(Sql::new("SELECT id FROM contacts WHERE id = $1 AND deleted_at IS NULL").bind(id), |r| r.get::<i64>(0))?
            .is_some())
    };
    if !alive(tx, record.winner)? {
        let later = service::survivor(tx, record.winner).ok();
        let detail = match later {
            Some(later) => format!("The survivor was merged into contact {later} since. Undo that merge first."),
            None => "The survivor was deleted since. Bring her back first.".to_owned(),
        };
        return Err(Error::conflict("contact.merge-not-last", detail));
    }
    let there: Option<i64> = tx.opt(Sql::new("SELECT id FROM contacts WHERE id = $1").bind(record.loser), |r| r.get(0))?;
    if there.is_none() {
        return Err(Error::conflict("contact.merged-gone", "The merged contact was removed for good; she cannot come back."));
    }
    let before: Json = tx.scalar(Sql::new("SELECT before FROM merges WHERE id = $1").bind(record.id))?;
    let before: Before = serde_json::from_value(before).map_err(|e| Error::internal(e.to_string()))?;
    restore_winner(ws, tx, record, &before)?;
    let back = "UPDATE contacts SET deleted_at = NULL, updated_at = $2, version = version + 1 WHERE id = $1";
    tx.exec(Sql::new(back).bind(record.loser).bind(now)).map_err(|error| {
        let error = Error::from(error);
        match error.store() {
            Some(hg_store::StoreError::Unique { .. }) => Error::conflict(
                "contact.identifier-taken",
                "Another contact has the email address or another identifier of the merged one by now. Change it there first.",
            ),
            _ => error,
        }
    })?;
    tx.exec(Sql::new("DELETE FROM contact_merges WHERE loser_id = $1").bind(record.loser))?;
    // Who was merged into her before leads to her again.
    let earlier = "UPDATE contact_merges SET winner_id = $1 WHERE loser_id IN \
                   (SELECT m.loser_id FROM merges m WHERE m.winner_id = $1 AND m.undone_at IS NULL)";
    tx.exec(Sql::new(earlier).bind(record.loser))?;
    moves::give_back(tx, record.id, record.loser, record.winner)?;
    tx.exec(Sql::new("UPDATE merges SET undone_at = $2 WHERE id = $1").bind(record.id).bind(now))?;
    changes::queue(tx, &Happening::new(record.loser, EventKind::DeletedChanged, now).detail(json!({"deleted": false})))?;
    changes::record(tx, Happening::new(record.winner, EventKind::Unmerged, now).object(record.loser.0))?;
    Ok(())
}

/// Values that nobody changed since the merge are as they were; points that came since stay.
fn restore_winner(ws: &Workspace, tx: &mut Tx<'_>, record: &MergeRecord, before: &Before) -> Result<()> {
    let fields = fields::catalogue(ws, tx)?;
    let winner = service::load(ws, tx, record.winner)?;
    let mut values = Values::new();
    for (alias, (was, became)) in &before.values {
        let now = winner.values.get(alias).cloned().unwrap_or_default();
        if now == value_of(&fields, alias, became) {
            values.insert(alias.clone(), value_of(&fields, alias, was));
        }
    }
    let owner = (before.owner.is_none()).then_some(None);
    let change = Change {
        values: &values,
        existing: Existing::Overwrite,
        blanks_clear: true,
        owner,
        source: Source::Engine,
        now: ws.clock.now(),
    };
    save::write(tx, &fields, Some(&winner), &change)?;
    tx.exec(
        Sql::new(
            "UPDATE contacts SET points = points - $2, identified_at = $3, updated_at = $4, version = version + 1 WHERE id = $1",
        )
        .bind(record.winner)
        .bind(before.loser_points)
        .bind(before.identified_at)
        .bind(ws.clock.now()),
    )?;
    if before.stage.is_none() {
        let same = "UPDATE contacts SET stage_id = NULL, stage_at = NULL WHERE id = $1 AND stage_id = (SELECT l.stage_id FROM contacts l WHERE l.id = $2)";
        tx.exec(Sql::new(same).bind(record.winner).bind(record.loser))?;
    }
    Ok(())
}
