//! Two contacts turn out to be one (`contacts.md` §1.6).
//!
//! [`plan`] says what the survivor would look like, [`moves`] takes along every row that hangs on the other one and notes
//! which it was, [`undo`] puts everything back for thirty days. The merged one stays in the contact table like a deleted
//! contact, with her own values: an undo only has to take things back. Her number leads to the survivor from then on.

mod moves;
mod plan;
mod undo;

use std::collections::BTreeMap;

use hg_core::contacts::FieldCatalogue;
use hg_core::events::EventKind;
use hg_core::ids::{ContactId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

pub use plan::{MergeField, MergePreview, Side, preview};
pub use undo::{DAYS, MergeRecord, merges_of, unmerge};

use crate::audit::{self, Deed, Entry};
use crate::changes::{self, Happening};
use crate::contacts::save::{self, Change};
use crate::contacts::{Contact, Existing, Source, Values, service};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;
use crate::suppressions;
use crate::workspace::Workspace;

/// Whose value somebody chose, by the alias of the field; the others follow the rules.
pub type Choices = BTreeMap<String, Side>;

/// What a merge changed of the survivor, kept for the undo.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Before {
    /// Values of fields: as they were, and as the merge left them.
    values: BTreeMap<String, (Json, Json)>,
    points: i64,
    loser_points: i64,
    identified_at: Option<Timestamp>,
    last_active_at: Option<Timestamp>,
    owner: Option<i64>,
    stage: Option<(i64, Option<i64>)>,
}

/// Merges a contact into another, which survives under her own number. Nothing happens when they are one already.
pub fn merge(ws: &Workspace, tx: &mut Tx<'_>, loser: ContactId, winner: ContactId) -> Result<()> {
    let (loser, winner) = (service::survivor(tx, loser)?, service::survivor(tx, winner)?);
    if loser == winner {
        return Ok(());
    }
    write(ws, tx, loser, winner, &Choices::new(), None).map(|_| ())
}

/// Somebody merges `other` into `id`; the survivor.
pub async fn merge_by_hand(cx: &Cx, id: ContactId, other: ContactId, choices: Choices) -> Result<Contact> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, who, by) = (cx.ws.clone(), cx.who(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let (winner, loser) = different(tx, id, other)?;
            let names = (service::load(&ws, tx, winner)?.name(), service::load(&ws, tx, loser)?.name());
            write(&ws, tx, loser, winner, &choices, by)?;
            audit::record(tx, &who, Entry::new(Deed::Merge, "contact", winner.0, names.0).detail(json!({"merged": loser})))?;
            audit::record(tx, &who, Entry::new(Deed::Merge, "contact", loser.0, names.1).detail(json!({"merged_into": winner})))?;
            service::load(&ws, tx, winner)
        })
        .await
}

/// Both as they are now, or why they cannot be merged.
fn different(tx: &mut Tx<'_>, id: ContactId, other: ContactId) -> Result<(ContactId, ContactId)> {
    let (winner, loser) = (service::survivor(tx, id)?, service::survivor(tx, other)?);
    if winner != loser {
        return Ok((winner, loser));
    }
    if id == other {
        return Err(Error::field(
            "/other",
            "contact.merge-itself",
            "A contact cannot be merged with itself; choose another one.",
        ));
    }
    let detail = format!("{id} and {other} are one contact already: both numbers lead to {winner}. Nothing was changed.");
    Err(Error::conflict("contact.merged-already", detail))
}

/// Does it; the number of the merge.
pub(super) fn write(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    loser: ContactId,
    winner: ContactId,
    choices: &Choices,
    by: Option<UserId>,
) -> Result<i64> {
    let (loser, winner) = (service::load(ws, tx, loser)?, service::load(ws, tx, winner)?);
    let now = ws.clock.now();
    let fields = fields::catalogue(ws, tx)?;
    let values = plan::values(&fields, &loser, &winner, choices);
    let mut before = Before {
        points: winner.points,
        loser_points: loser.points,
        identified_at: winner.identified_at,
        last_active_at: winner.last_active_at,
        owner: winner.owner_id.map(|o| o.0),
        stage: stage(tx, winner.id)?,
        ..Before::default()
    };
    // The loser goes first, so that her identifiers are free.
    tx.exec(
        Sql::new("UPDATE contacts SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1")
            .bind(loser.id)
            .bind(now),
    )?;
    let owner = winner.owner_id.is_none().then_some(loser.owner_id);
    let change =
        Change { values: &values, existing: Existing::Overwrite, blanks_clear: true, owner, source: Source::Engine, now };
    let written = save::write(tx, &fields, Some(&winner), &change)?;
    for alias in written.changed {
        let text = |values: &Values| values.get(&alias).map_or(Json::Null, hg_core::contacts::FieldValue::to_json);
        let kept = (text(&winner.values), text(&values));
        before.values.insert(alias, kept);
    }
    let stage = if before.stage.is_none() { stage(tx, loser.id)? } else { None };
    tx.exec(
        Sql::new(
            "UPDATE contacts SET points = points + $2, identified_at = coalesce($3, identified_at), \
             last_active_at = coalesce($4, last_active_at), stage_id = coalesce($5, stage_id), stage_at = coalesce($6, stage_at), \
             updated_at = $7, version = version + 1 WHERE id = $1",
        )
        .bind(winner.id)
        .bind(loser.points)
        .bind([loser.identified_at, winner.identified_at].into_iter().flatten().min())
        .bind(loser.last_active_at.max(winner.last_active_at))
        .bind(stage.map(|s| s.0))
        .bind(stage.and_then(|s| s.1))
        .bind(now),
    )?;
    let merge: i64 = tx.scalar(
        Sql::new(
            "INSERT INTO merges (loser_id, winner_id, merged_at, merged_by, before) VALUES ($1, $2, $3, $4, $5) RETURNING id",
        )
        .bind(loser.id)
        .bind(winner.id)
        .bind(now)
        .bind(by)
        .bind(serde_json::to_value(&before).map_err(|e| Error::internal(e.to_string()))?),
    )?;
    keep_opt_out_with_address(tx, &fields, &loser, &winner, &values, now)?;
    moves::take_along(ws, tx, merge, loser.id, winner.id)?;
    tx.exec(Sql::new("UPDATE contact_merges SET winner_id = $2 WHERE winner_id = $1").bind(loser.id).bind(winner.id))?;
    tx.exec(
        Sql::new(
            "INSERT INTO contact_merges (loser_id, winner_id, name, merged_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (loser_id) DO UPDATE SET winner_id = excluded.winner_id, merged_at = excluded.merged_at",
        )
        .bind(loser.id)
        .bind(winner.id)
        .bind(loser.name())
        .bind(now),
    )?;
    tx.exec(
        Sql::new("UPDATE duplicates SET state = 'merged' WHERE state = 'open' AND (first_id = $1 OR other_id = $1)")
            .bind(loser.id),
    )?;
    changes::queue(tx, &Happening::new(loser.id, EventKind::DeletedChanged, now).detail(json!({"deleted": true})))?;
    changes::record(tx, Happening::new(winner.id, EventKind::Merged, now).object(loser.id.0))?;
    Ok(merge)
}

/// The stage of a contact, and since when.
fn stage(tx: &mut Tx<'_>, contact: ContactId) -> Result<Option<(i64, Option<i64>)>> {
    let found = tx.opt(Sql::new("SELECT stage_id, stage_at FROM contacts WHERE id = $1").bind(contact), |r| {
        Ok((r.get::<Option<i64>>(0)?, r.get::<Option<i64>>(1)?))
    })?;
    Ok(found.and_then(|(stage, at)| stage.map(|stage| (stage, at))))
}

/// An opt-out stays with its address, also when the survivor keeps another one.
fn keep_opt_out_with_address(
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    loser: &Contact,
    winner: &Contact,
    values: &Values,
    now: Timestamp,
) -> Result<()> {
    let after = values.get("email").or_else(|| winner.values.get("email"));
    let key =
        |contact: &Contact| fields.get("email").and_then(|f| contact.values.get("email").and_then(|v| save::unique_key(f, v)));
    let kept = fields.get("email").and_then(|f| after.and_then(|v| save::unique_key(f, v)));
    for contact in [loser, winner] {
        let Some(entry) = contact.do_not_contact.iter().find(|d| d.channel == "email") else { continue };
        let Some(address) = key(contact).filter(|key| Some(key) != kept.as_ref()) else { continue };
        suppressions::keep(tx, now, &address, suppressions::Cause::of(entry.reason), "merge", None)?;
    }
    Ok(())
}

/// A value as it was kept for an undo.
fn value_of(fields: &FieldCatalogue, alias: &str, json: &Json) -> hg_core::contacts::FieldValue {
    let read = fields.get(alias).map(|f| f.read_json(json, &hg_core::time::TimeZone::UTC));
    read.and_then(std::result::Result::ok).unwrap_or_default()
}
