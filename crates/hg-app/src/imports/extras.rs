//! What columns of a file say beyond a contact's own fields: her stage, her company, when she was known and changed.

use std::collections::{BTreeMap, HashMap};

use hg_core::contacts::{FieldCatalogue, FieldValue};
use hg_core::ids::{CompanyId, ContactId, StageId, UserId};
use hg_core::imports::NewRow;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};

use crate::companies::{self, Names};
use crate::contacts::{Existing, Source, Values};
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
    if row.date_identified.is_none() && row.date_modified.is_none() && row.date_added.is_none() {
        return Ok(());
    }
    tx.exec(
        Sql::new(
            "UPDATE contacts SET created_at = coalesce($2, created_at), identified_at = coalesce($3, identified_at), \
             updated_at = coalesce($4, updated_at) WHERE id = $1",
        )
        .bind(contact)
        .bind(row.date_added)
        .bind(row.date_identified)
        .bind(row.date_modified),
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

/// Writes what rows say about companies that are there; a later row wins.
pub(super) fn companies(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    shared: &Shared,
    rows: &[(i64, NewRow)],
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
    let existing = if shared.options.skip_existing { Existing::Keep } else { Existing::Overwrite };
    for (values, _) in by_company.values_mut() {
        // The name found the company; how it is written there stays.
        values.remove("companyname");
    }
    let (before, after) = companies::fill(ws, tx, &by_company, existing, now)?;
    if shared.logged {
        noted::changed_companies(tx, shared.import, &before.into_iter().map(|c| (c.id, c)).collect(), &after)?;
    }
    Ok(())
}
