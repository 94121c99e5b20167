//! What a merge would make of two contacts, before anybody decides.

use hg_core::contacts::{FieldCatalogue, FieldValue};
use hg_core::ids::ContactId;
use hg_store::Tx;
use serde::{Deserialize, Serialize};

use super::{Choices, different, moves};
use crate::contacts::{Contact, Values, service};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::fields;

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The one that survives.
    Winner,
    /// The one that is merged into her.
    Loser,
}

/// A field of both, side by side.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeField {
    pub alias: String,
    pub label: String,
    pub winner: String,
    pub loser: String,
    /// Whose value the rules take.
    pub chosen: Side,
}

/// What a merge would do.
#[derive(Debug, Clone, PartialEq)]
pub struct MergePreview {
    pub winner: Contact,
    pub loser: Contact,
    /// Fields that at least one of them has a value for.
    pub fields: Vec<MergeField>,
    /// The survivor's points afterwards.
    pub points: i64,
    /// How many rows of each kind move.
    pub moved: Vec<(&'static str, u64)>,
}

/// Fields that are summed or follow from what happened; nobody chooses.
const BY_THEMSELVES: [&str; 2] = ["points", "last_active"];

/// The value of the one who was changed last wins, unless it is empty or a visitor's default; an identifier of the
/// survivor stays hers.
fn rule(field: &hg_core::contacts::FieldDef, loser: &Contact, winner: &Contact) -> Side {
    let filled = |c: &Contact| c.values.get(&field.alias).is_some_and(|v| !v.is_empty());
    let by_default = loser.identified_at.is_none() && loser.values.get(&field.alias) == Some(&field.default_value());
    let newer = loser.updated_at > winner.updated_at && loser.identified_at.is_some();
    match (filled(winner), filled(loser) && !by_default) {
        (_, false) => Side::Winner,
        (false, true) => Side::Loser,
        (true, true) if newer && !field.unique => Side::Loser,
        (true, true) => Side::Winner,
    }
}

/// The values that the survivor takes from the other one.
pub(super) fn values(fields: &FieldCatalogue, loser: &Contact, winner: &Contact, choices: &Choices) -> Values {
    let mut taken = Values::new();
    for field in fields.published().filter(|f| !BY_THEMSELVES.contains(&f.alias.as_str())) {
        let side = choices.get(&field.alias).copied().unwrap_or_else(|| rule(field, loser, winner));
        if side == Side::Loser {
            taken.insert(field.alias.clone(), loser.values.get(&field.alias).cloned().unwrap_or_default());
        }
    }
    taken
}

/// Both side by side, and what would move.
pub async fn preview(cx: &Cx, id: ContactId, other: ContactId) -> Result<MergePreview> {
    cx.may(Action::View(Area::Contacts))?;
    let ws = cx.ws.clone();
    cx.db()
        .read(move |tx| {
            let (winner, loser) = different(tx, id, other)?;
            let (winner, loser) = (service::load(&ws, tx, winner)?, service::load(&ws, tx, loser)?);
            let fields = side_by_side(tx, &ws, &winner, &loser)?;
            let moved = moves::counts(tx, loser.id)?;
            Ok(MergePreview { points: winner.points.saturating_add(loser.points), winner, loser, fields, moved })
        })
        .await
}

fn side_by_side(tx: &mut Tx<'_>, ws: &crate::Workspace, winner: &Contact, loser: &Contact) -> Result<Vec<MergeField>> {
    let catalogue = fields::catalogue(ws, tx)?;
    let text = |c: &Contact, alias: &str| c.values.get(alias).filter(|v| !v.is_empty()).map(FieldValue::to_text);
    let shown = catalogue.published().filter(|f| !BY_THEMSELVES.contains(&f.alias.as_str())).filter_map(|field| {
        let (theirs, others) = (text(winner, &field.alias), text(loser, &field.alias));
        (theirs.is_some() || others.is_some()).then(|| MergeField {
            alias: field.alias.clone(),
            label: field.label.clone(),
            winner: theirs.unwrap_or_default(),
            loser: others.unwrap_or_default(),
            chosen: rule(field, loser, winner),
        })
    });
    Ok(shown.collect())
}
