//! What imports do to companies: filling their fields, and taking that back.

use std::collections::BTreeMap;

use hg_core::ids::{CompanyId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};

use crate::companies::follow::{self, Cause};
use crate::companies::save::{self, Change};
use crate::companies::{Company, load_many};
use crate::company_segments;
use crate::contacts::{Existing, Values};
use crate::error::Result;
use crate::fields;
use crate::workspace::Workspace;

/// A company's own values from an import, in the caller's transaction; its contacts follow. `rule` says what of them is
/// written beside those that are there. The companies as they were and as they are.
pub(crate) fn fill(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    values: &BTreeMap<CompanyId, (Values, Option<UserId>)>,
    rule: &dyn Fn(&Values, Values) -> Values,
    now: Timestamp,
) -> Result<(Vec<Company>, Vec<Company>)> {
    let fields = fields::catalogue(ws, tx)?;
    let ids: Vec<CompanyId> = values.keys().copied().collect();
    let before = load_many(tx, fields.companies(), &ids)?;
    for company in &before {
        let Some((values, owner)) = values.get(&company.id) else { continue };
        let values = rule(&company.values, values.clone());
        write(ws, tx, company, &values, owner.map(Some), now)?;
    }
    let after = load_many(tx, fields.companies(), &ids)?;
    Ok((before, after))
}

/// Gives a company values and an owner that it had.
pub(crate) fn put_back(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    company: &Company,
    values: &Values,
    owner: Option<Option<UserId>>,
) -> Result<()> {
    write(ws, tx, company, values, owner, ws.clock.now())
}

fn write(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    company: &Company,
    values: &Values,
    owner: Option<Option<UserId>>,
    now: Timestamp,
) -> Result<()> {
    let fields = fields::catalogue(ws, tx)?;
    let existing = Existing::Overwrite;
    let change = Change { values, existing, blanks_clear: true, owner, published: None, twin: false, by: None, now };
    let (id, changed) = save::write(tx, fields.companies(), Some(company), &change)?;
    if !changed.is_empty() {
        follow::start(tx, id, &company.name(), Cause::Changed, now)?;
    }
    Ok(())
}

/// Deletes companies that an import made; how many were there.
pub(crate) fn delete_made(ws: &Workspace, tx: &mut Tx<'_>, ids: &[CompanyId]) -> Result<u64> {
    let now = ws.clock.now();
    let plain: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let text = "UPDATE companies SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id @in($1) AND deleted_at IS NULL \
                RETURNING id, companyname";
    let gone = tx.all(Sql::new(text).bind(plain.as_slice()).bind(now), |r| {
        Ok((r.get::<CompanyId>(0)?, r.get::<Option<String>>(1)?.unwrap_or_default()))
    })?;
    company_segments::noted(tx, &gone.iter().map(|(id, _)| *id).collect::<Vec<_>>())?;
    for (id, name) in &gone {
        follow::start(tx, *id, name, Cause::Changed, now)?;
    }
    Ok(gone.len() as u64)
}
