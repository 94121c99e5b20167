//! Writes one batch of a file of companies.

use std::collections::{BTreeMap, HashMap};

use hg_core::contacts::{FieldCatalogue, FieldValue};
use hg_core::ids::{CompanyId, UserId};
use hg_core::imports::{NewRow, Rejected};
use hg_store::Tx;

use crate::companies::{self, Company, Names};
use crate::contacts::{Source, Values};
use crate::error::Result;
use crate::imports::batch::{Shared, Written, owner};
use crate::imports::known::Judged;
use crate::imports::rules::Rules;
use crate::imports::undo::noted;
use crate::workspace::Workspace;

fn values(row: &NewRow) -> Values {
    row.company.iter().cloned().collect()
}

/// The company of each row, and what is known of those.
type Targets = (Vec<Option<CompanyId>>, HashMap<CompanyId, Company>);

/// The companies of rows: by their number, else by their identifiers, such as the name. `None`: nobody knows it.
fn targets(tx: &mut Tx<'_>, fields: &FieldCatalogue, rows: &[(i64, NewRow)]) -> Result<Targets> {
    let said: Vec<Values> = rows.iter().map(|(_, row)| values(row)).collect();
    let mut found = Names::default().find(tx, fields, &said)?;
    let mut by_number: HashMap<i64, Option<CompanyId>> = HashMap::new();
    for ((_, row), target) in rows.iter().zip(&mut found) {
        let Some(number) = row.id else { continue };
        let id = match by_number.get(&number) {
            Some(id) => *id,
            None => {
                let id = match companies::survivor(tx, CompanyId(number)) {
                    Ok(id) => Some(id),
                    Err(error) if error.is_not_found() => None,
                    Err(error) => return Err(error),
                };
                by_number.insert(number, id);
                id
            }
        };
        *target = id.or(*target);
    }
    let mut ids: Vec<CompanyId> = found.iter().copied().flatten().collect();
    ids.sort_unstable();
    ids.dedup();
    let there = companies::load_many(tx, fields.companies(), &ids)?.into_iter().map(|c| (c.id, c)).collect();
    Ok((found, there))
}

fn missing(fields: &FieldCatalogue) -> Rejected {
    Rejected::Missing(fields.companies().get("companyname").map_or_else(|| "Name".to_owned(), |f| f.label.clone()))
}

/// An identifier of the row that is another company's than the one that its number names.
fn taken(fields: &FieldCatalogue, tx: &mut Tx<'_>, row: &NewRow, target: CompanyId) -> Result<Option<Rejected>> {
    if row.id.is_none() {
        return Ok(None);
    }
    let said = values(row);
    for field in fields.companies().unique() {
        let Some(value) = said.get(&field.alias).filter(|v| !v.is_empty()) else { continue };
        let one: Values = [(field.alias.clone(), value.clone())].into();
        if companies::find_by_unique(tx, fields.companies(), &one)?.is_some_and(|other| other != target) {
            return Ok(Some(Rejected::Taken { label: field.label.clone(), value: value.to_text() }));
        }
    }
    Ok(None)
}

/// Writes the rows; how many came to what.
pub(super) fn write(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    shared: &Shared,
    place: i64,
    rows: &[(i64, NewRow)],
) -> Result<Written> {
    let now = ws.clock.now();
    let mut written = Written::default();
    let (found, there) = targets(tx, fields, rows)?;
    let mut new: Vec<(&NewRow, Values)> = Vec::new();
    let mut changes: BTreeMap<CompanyId, (Values, Option<UserId>)> = BTreeMap::new();
    let mut owners = HashMap::new();
    for ((line, row), target) in rows.iter().zip(found) {
        let said = values(row);
        let has_name = said.get("companyname").is_some_and(|v| !v.is_empty());
        match target.filter(|id| there.contains_key(id)) {
            Some(id) => {
                if let Some(reason) = taken(fields, tx, row, id)? {
                    written.rejected.push((*line, reason));
                } else if said.get("companyname").is_some_and(FieldValue::is_empty) {
                    written.rejected.push((*line, missing(fields)));
                } else {
                    let owner = owner(tx, &mut owners, shared, row)?;
                    let entry = changes.entry(id).or_default();
                    entry.1 = owner.or(entry.1);
                    entry.0.extend(said);
                    written.counts.updated += 1;
                }
            }
            None if has_name => new.push((row, said)),
            None => written.rejected.push((*line, missing(fields))),
        }
    }
    let mut names = Names::default();
    let said: Vec<Values> = new.iter().map(|(_, said)| said.clone()).collect();
    let resolved = names.resolve(tx, fields, &said, Source::Import(shared.import.0), now)?;
    written.counts.created = i64::try_from(names.made.len()).unwrap_or(0);
    // Later rows about a company that was just made, and owners, are written like changes.
    let mut met: Vec<CompanyId> = Vec::new();
    for ((row, said), company) in new.into_iter().zip(resolved) {
        let Some((id, _)) = company else { continue };
        let owner = owner(tx, &mut owners, shared, row)?;
        let later = met.contains(&id);
        if !later {
            met.push(id);
        } else {
            written.counts.updated += 1;
        }
        if later || owner.is_some() {
            let entry = changes.entry(id).or_default();
            entry.1 = owner.or(entry.1);
            entry.0.extend(said);
        }
    }
    let (before, after) = companies::fill(ws, tx, &changes, &|before, values| shared.rules.of_company(before, values), now)?;
    let same = before.iter().zip(&after).filter(|(b, a)| b.version == a.version && !met.contains(&b.id)).count();
    let same = i64::try_from(same).unwrap_or(0).min(written.counts.updated);
    written.counts.updated -= same;
    written.counts.skipped += same;
    if shared.logged {
        noted::made(tx, shared.import, place, &names.made.iter().map(|id| hg_core::ids::ContactId(id.0).bit()).collect())?;
        let there: HashMap<CompanyId, Company> =
            before.into_iter().filter(|c| !names.made.contains(&c.id)).map(|c| (c.id, c)).collect();
        noted::changed_companies(tx, shared.import, &there, &after)?;
    }
    Ok(written)
}

/// What a dry run would say of rows.
pub(super) fn judge(tx: &mut Tx<'_>, fields: &FieldCatalogue, rules: &Rules, rows: &[(i64, NewRow)]) -> Result<Vec<Judged>> {
    let (found, there) = targets(tx, fields, rows)?;
    let mut judged = Vec::with_capacity(rows.len());
    for ((_, row), target) in rows.iter().zip(found) {
        let said = values(row);
        let name = said.get("companyname").map(|v| hg_core::text::fold(&v.to_text())).filter(|n| !n.is_empty());
        let keys = name.iter().map(|name| ("companyname".to_owned(), name.clone())).collect();
        let verdict = match target.and_then(|id| there.get(&id)) {
            Some(company) => match taken(fields, tx, row, company.id)? {
                Some(reason) => Err(reason),
                None => {
                    let before = |alias: &str| company.values.get(alias).unwrap_or(&FieldValue::Empty);
                    let new = rules.of_company(&company.values, said);
                    Ok(Some(new.iter().any(|(alias, value)| before(alias) != value)))
                }
            },
            None if name.is_some() => Ok(None),
            None => Err(missing(fields)),
        };
        judged.push(Judged { verdict, keys });
    }
    Ok(judged)
}
