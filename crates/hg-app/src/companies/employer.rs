//! From the text in a contact's field `company` to the company of that name.

use std::collections::HashMap;

use hg_core::contacts::{FieldCatalogue, FieldDef, FieldValue};
use hg_core::ids::{CompanyId, ContactId, UserId};
use hg_core::text::fold;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx, Value};
use serde_json::json;

use crate::companies::links;
use crate::company_segments;
use crate::contacts::save::unique_key;
use crate::contacts::{Source, Values, row};
use crate::error::Result;
use crate::fields::store::key_column;
use crate::settings;

/// What a contact's field `company` means for the companies of the contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Employer {
    /// The text was cleared: no company is the primary one any more.
    Nobody,
    At(CompanyId),
}

/// Fields of a contact from which a company that is made for it takes its own.
const LENT: [(&str, &str); 3] = [("city", "companycity"), ("state", "companystate"), ("country", "companycountry")];

/// Looks at the values that a contact is about to get. A name that a company has is written as the company writes it; one that
/// nobody has makes a company, with the city, state and country of the contact.
pub(crate) fn employ(
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    changed: &mut [(&FieldDef, FieldValue)],
    by: Source,
    now: Timestamp,
) -> Result<Option<Employer>> {
    let Some(at) = changed.iter().position(|(f, _)| f.alias == "company") else { return Ok(None) };
    let values: Values = changed.iter().map(|(f, v)| (f.alias.clone(), v.clone())).collect();
    let wanted = employer_values(&values);
    if wanted.is_empty() {
        return Ok(Some(Employer::Nobody));
    }
    let Some((id, name)) = Names::default().resolve(tx, fields, &[wanted], by, now)?.pop().flatten() else { return Ok(None) };
    changed[at].1 = FieldValue::Text(name);
    Ok(Some(Employer::At(id)))
}

/// What the values of a contact say about the company that she works for; nothing when they name none.
pub(crate) fn employer_values(contact: &Values) -> Values {
    let name = contact.get("company").map(FieldValue::to_text).unwrap_or_default();
    if name.trim().is_empty() {
        return Values::new();
    }
    let lent = LENT.iter().filter_map(|(theirs, ours)| {
        let value = contact.get(*theirs).filter(|v| !v.is_empty())?;
        Some(((*ours).to_owned(), value.clone()))
    });
    let name = ("companyname".to_owned(), FieldValue::Text(name.trim().to_owned()));
    lent.chain([name]).collect()
}

impl Employer {
    /// Writes what the text means for the companies of the contact.
    pub(crate) fn write(self, tx: &mut Tx<'_>, contact: ContactId, tell: bool, now: Timestamp) -> Result<()> {
        match self {
            Employer::Nobody => links::no_primary(tx, contact),
            Employer::At(company) => links::join(tx, contact, company, tell, now),
        }
    }
}

/// Companies by the normalised values of their unique fields, as they are met in the rows of one transaction.
#[derive(Debug, Default)]
pub(crate) struct Names {
    known: HashMap<(String, String), (CompanyId, String)>,
    /// All identifiers of a row must be a company's; asked of the settings once.
    all: Option<bool>,
    /// Those that were made.
    pub made: Vec<CompanyId>,
}

impl Names {
    /// The company that each row of values names, and its name; new ones are made together. Rows without a name that
    /// meet no company stay without one.
    pub(crate) fn resolve(
        &mut self,
        tx: &mut Tx<'_>,
        fields: &FieldCatalogue,
        rows: &[Values],
        by: Source,
        now: Timestamp,
    ) -> Result<Vec<Option<(CompanyId, String)>>> {
        let fields = fields.companies();
        if self.all.is_none() {
            self.all = Some(settings::identity_in(tx)?.all_company_identifiers);
        }
        self.look(tx, fields, rows)?;
        self.make(tx, fields, rows, by, now)?;
        Ok(rows.iter().map(|values| self.of(fields, values)).collect())
    }

    /// The company that each row of values names, when there is one; nothing is made.
    pub(crate) fn find(&mut self, tx: &mut Tx<'_>, fields: &FieldCatalogue, rows: &[Values]) -> Result<Vec<Option<CompanyId>>> {
        let fields = fields.companies();
        self.all = Some(settings::identity_in(tx)?.all_company_identifiers);
        self.look(tx, fields, rows)?;
        Ok(rows.iter().map(|values| self.of(fields, values).map(|(id, _)| id)).collect())
    }

    fn of(&self, fields: &FieldCatalogue, values: &Values) -> Option<(CompanyId, String)> {
        let met: Vec<Option<&(CompanyId, String)>> = keys(fields, values).into_iter().map(|key| self.known.get(&key)).collect();
        if self.all == Some(true) {
            // Identifiers that lead to different companies, or some of them nowhere, name none.
            let first = met.first().copied().flatten()?;
            return met.iter().all(|one| one.is_some_and(|(id, _)| *id == first.0)).then(|| first.clone());
        }
        // Of several the oldest.
        met.into_iter().flatten().min_by_key(|(id, _)| *id).cloned()
    }

    /// Asks for what is not known yet, once for each unique field.
    fn look(&mut self, tx: &mut Tx<'_>, fields: &FieldCatalogue, rows: &[Values]) -> Result<()> {
        for field in fields.unique() {
            let Some(column) = &field.column else { continue };
            let mut wanted: Vec<String> = rows
                .iter()
                .filter_map(|values| unique_key(field, values.get(&field.alias)?))
                .filter(|key| !self.known.contains_key(&(field.alias.clone(), key.clone())))
                .collect();
            wanted.sort_unstable();
            wanted.dedup();
            if wanted.is_empty() {
                continue;
            }
            let key = key_column(column);
            let text = format!("SELECT {key}, id, companyname FROM companies WHERE {key} @intext($1) AND deleted_at IS NULL");
            let found = tx.all(Sql::new(text).bind(json!(wanted)), |r| {
                Ok((r.get::<String>(0)?, (r.get::<CompanyId>(1)?, r.get::<Option<String>>(2)?.unwrap_or_default())))
            })?;
            self.known.extend(found.into_iter().map(|(key, company)| ((field.alias.clone(), key), company)));
        }
        Ok(())
    }

    /// Makes the companies that are still unknown and have a name.
    fn make(&mut self, tx: &mut Tx<'_>, fields: &FieldCatalogue, rows: &[Values], by: Source, now: Timestamp) -> Result<()> {
        let mut new: Vec<Values> = Vec::new();
        let mut met: HashMap<(String, String), usize> = HashMap::new();
        for values in rows {
            let keys = keys(fields, values);
            let has_name = values.get("companyname").is_some_and(|v| !v.is_empty());
            if !has_name || keys.iter().any(|key| self.known.contains_key(key)) {
                continue;
            }
            if let Some(same) = keys.iter().find_map(|key| met.get(key).copied()) {
                for (alias, value) in values {
                    if new[same].get(alias).is_none_or(FieldValue::is_empty) {
                        new[same].insert(alias.clone(), value.clone());
                    }
                }
                continue;
            }
            met.extend(keys.into_iter().map(|key| (key, new.len())));
            new.push(values.clone());
        }
        if new.is_empty() {
            return Ok(());
        }
        let ids = insert(tx, fields, &new, by, now)?;
        self.made.extend(ids.iter().copied().map(CompanyId));
        company_segments::noted(tx, &self.made)?;
        for (values, id) in new.iter().zip(ids) {
            let name = values.get("companyname").map(FieldValue::to_text).unwrap_or_default();
            self.known.extend(keys(fields, values).into_iter().map(|key| (key, (CompanyId(id), name.clone()))));
        }
        Ok(())
    }
}

/// The identifiers of a company: field and normalised value.
fn keys(fields: &FieldCatalogue, values: &Values) -> Vec<(String, String)> {
    fields.unique().filter_map(|f| Some((f.alias.clone(), unique_key(f, values.get(&f.alias)?)?))).collect()
}

/// Makes companies; their ids in the order given.
fn insert(tx: &mut Tx<'_>, fields: &FieldCatalogue, new: &[Values], by: Source, now: Timestamp) -> Result<Vec<i64>> {
    let by: Option<UserId> = match by {
        Source::User(user) | Source::Api(user) => user,
        Source::Web | Source::Import(_) | Source::Engine => None,
    };
    let written: Vec<&FieldDef> = fields
        .published()
        .filter(|f| f.column.is_some())
        .filter(|f| f.default_value.is_some() || new.iter().any(|v| v.contains_key(&f.alias)))
        .collect();
    let rest: Vec<&FieldDef> = fields.published().filter(|f| f.column.is_none()).collect();
    let mut columns: Vec<String> =
        ["created_at", "updated_at", "created_by", "name_fold", "overflow"].map(str::to_owned).to_vec();
    for field in &written {
        let column = field.column.clone().unwrap_or_default();
        if field.unique {
            columns.push(key_column(&column));
        }
        columns.push(column);
    }
    let width = columns.len();
    let mut stored = Vec::with_capacity(width * new.len());
    for values in new {
        let mut overflow = serde_json::Map::new();
        for field in &rest {
            if let Some(value) = values.get(&field.alias) {
                row::put_overflow(&mut overflow, field, value);
            }
        }
        let name = values.get("companyname").map(FieldValue::to_text).unwrap_or_default();
        stored.extend([
            Value::Int(now.0),
            Value::Int(now.0),
            by.map_or(Value::Null, |u| Value::Int(u.0)),
            Value::Text(fold(&name)),
            if overflow.is_empty() { Value::Null } else { Value::Text(serde_json::Value::Object(overflow).to_string()) },
        ]);
        for field in &written {
            let default = field.default_value();
            let value = values.get(&field.alias).filter(|v| !v.is_empty()).unwrap_or(&default);
            if field.unique {
                stored.push(unique_key(field, value).map_or(Value::Null, Value::Text));
            }
            stored.push(row::to_stored(field, value));
        }
    }
    Ok(tx.insert_ids(&format!("INSERT INTO companies ({})", columns.join(", ")), width, &stored)?)
}
