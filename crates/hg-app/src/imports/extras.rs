//! What columns of a file say beyond a contact's own fields: her stage, her company, when she was known and changed.

use std::collections::{BTreeMap, HashMap};

use hg_core::contacts::{FieldCatalogue, FieldValue};
use hg_core::events::EventKind;
use hg_core::ids::{CompanyId, ContactId, StageId, UserId};
use hg_core::imports::NewRow;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde_json::json;

use crate::companies::{self, Names};
use crate::contacts::{Source, Values, see_address};
use crate::error::Result;
use crate::imports::batch::Shared;
use crate::imports::undo::noted;
use crate::stages;
use crate::workspace::Workspace;

/// The values of a row; the name of her company stands in her own field too.
pub(super) fn values(row: &NewRow) -> impl Iterator<Item = (String, FieldValue)> {
    let company = row.company.iter().find(|(alias, value)| alias == "companyname" && !value.is_empty());
    let company = company.map(|(_, name)| ("company".to_owned(), name.clone()));
    let has_company = company.is_some();
    row.values.iter().filter(move |(alias, _)| alias != "company" || !has_company).cloned().chain(company)
}

/// Dates of a contact that was there already.
pub(super) fn dates(tx: &mut Tx<'_>, contact: ContactId, row: &NewRow) -> Result<()> {
    if [row.date_identified, row.date_modified, row.date_added, row.last_active].iter().all(Option::is_none) {
        return Ok(());
    }
    tx.exec(
        Sql::new(
            "UPDATE contacts SET created_at = coalesce($2, created_at), identified_at = coalesce($3, identified_at), \
             updated_at = coalesce($4, updated_at), last_active_at = coalesce($5, last_active_at) WHERE id = $1",
        )
        .bind(contact)
        .bind(row.date_added)
        .bind(row.date_identified)
        .bind(row.date_modified)
        .bind(row.last_active),
    )?;
    Ok(())
}

/// Who changed her elsewhere stands beside the event of the import.
pub(super) fn modified_by(tx: &mut Tx<'_>, shared: &Shared, contact: ContactId, row: &NewRow, now: Timestamp) -> Result<()> {
    let Some(name) = &row.modified_by else { return Ok(()) };
    tx.exec(
        Sql::new("UPDATE events SET detail = $5 WHERE contact_id = $1 AND occurred_at = $2 AND kind = $3 AND object_id = $4")
            .bind(contact)
            .bind(now)
            .bind(EventKind::Imported.code())
            .bind(shared.import)
            .bind(json!({"by": name})),
    )?;
    Ok(())
}

/// Moves contacts to the stages that their rows name; a stage that nobody knows is made.
pub(super) fn stages(ws: &Workspace, tx: &mut Tx<'_>, rows: &[(ContactId, &NewRow)], now: Timestamp) -> Result<()> {
    let mut known: HashMap<&str, StageId> = HashMap::new();
    for (contact, row) in rows {
        let Some(stage) = &row.stage else { continue };
        let stage = match stage {
            None => None,
            Some(name) => match known.get(name.as_str()) {
                Some(id) => Some(*id),
                None => {
                    let id = stages::ensure(tx, name, now)?;
                    known.insert(name, id);
                    Some(id)
                }
            },
        };
        stages::change_in(ws, tx, *contact, stage, "Import")?;
    }
    Ok(())
}

/// Addresses that contacts came from.
pub(super) fn addresses(tx: &mut Tx<'_>, rows: &[(ContactId, &NewRow)], now: Timestamp) -> Result<()> {
    for (contact, row) in rows {
        for address in &row.addresses {
            see_address(tx, *contact, address, row.last_active.unwrap_or(now))?;
        }
    }
    Ok(())
}

/// Writes what rows say about companies that are there; a later row wins.
pub(super) fn companies(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    shared: &Shared,
    rows: &[(ContactId, &NewRow)],
    now: Timestamp,
) -> Result<()> {
    let said: Vec<Values> =
        rows.iter().filter(|(_, row)| row.company.len() > 1).map(|(_, row)| row.company.iter().cloned().collect()).collect();
    if said.is_empty() {
        return Ok(());
    }
    let found = Names::default().resolve(tx, fields, &said, Source::Import(shared.import.0), now)?;
    let mut by_company: BTreeMap<CompanyId, (Values, Option<UserId>)> = BTreeMap::new();
    for (values, company) in said.into_iter().zip(found) {
        if let Some((id, _)) = company {
            by_company.entry(id).or_default().0.extend(values);
        }
    }
    for (values, _) in by_company.values_mut() {
        // The name found the company; how it is written there stays.
        values.remove("companyname");
    }
    let (before, after) = companies::fill(ws, tx, &by_company, &|before, values| shared.rules.of_company(before, values), now)?;
    if shared.logged {
        noted::changed_companies(tx, shared.import, &before.into_iter().map(|c| (c.id, c)).collect(), &after)?;
    }
    Ok(())
}
