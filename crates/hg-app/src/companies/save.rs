//! The one way in which a company's own values are written.

use std::collections::BTreeMap;

use hg_core::contacts::{FieldCatalogue, FieldDef, FieldValue};
use hg_core::ids::{CompanyId, UserId};
use hg_core::text::fold;
use hg_core::time::Timestamp;
use hg_store::{Sql, StoreError, Tx, Value};
use serde_json::{Map, Value as Json};

use crate::companies::{Company, CompanyProblem};
use crate::company_segments;
use crate::contacts::save::unique_key;
use crate::contacts::{Existing, Values, row};
use crate::error::{Error, Result};
use crate::fields::store::key_column;
use crate::settings;

/// A change to be written.
pub(crate) struct Change<'a> {
    pub values: &'a Values,
    pub existing: Existing,
    /// Empty values clear what is there; otherwise they are ignored.
    pub blanks_clear: bool,
    pub owner: Option<Option<UserId>>,
    pub published: Option<bool>,
    /// A new company keeps a unique value that another one has; it is then found by the other one's only.
    pub twin: bool,
    pub by: Option<UserId>,
    pub now: Timestamp,
}

/// Makes a company, or changes the one given: its id, and the aliases that changed. `fields` are those of companies.
pub(crate) fn write(
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    target: Option<&Company>,
    change: &Change<'_>,
) -> Result<(CompanyId, Vec<String>)> {
    let mut new: Values = change.values.clone();
    if target.is_none() {
        for field in fields.published().filter(|f| f.default_value.is_some()) {
            if new.get(&field.alias).is_none_or(FieldValue::is_empty) {
                new.insert(field.alias.clone(), field.default_value());
            }
        }
    }
    let changed: Vec<(&FieldDef, FieldValue)> = new
        .into_iter()
        .filter_map(|(alias, value)| fields.get(&alias).map(|field| (field, value)))
        .filter(|(field, value)| {
            let before = target.and_then(|t| t.values.get(&field.alias)).unwrap_or(&FieldValue::Empty);
            let fills = change.existing == Existing::Overwrite || before.is_empty();
            fills && before != value && (change.blanks_clear || !value.is_empty())
        })
        .collect();
    let owner_changes = change.owner.is_some_and(|owner| Some(owner) != target.map(|t| t.owner_id));
    let published_changes = change.published.is_some_and(|p| Some(p) != target.map(|t| t.published));
    if let Some(company) = target.filter(|_| changed.is_empty() && !owner_changes && !published_changes) {
        return Ok((company.id, Vec::new()));
    }
    // A company without a name is none.
    if let Some((field, _)) = changed.iter().find(|(f, v)| f.required && v.is_empty()) {
        return Err(CompanyProblem::Required { alias: field.alias.clone(), label: field.label.clone() }.into());
    }
    let mut columns = stored_columns(fields, target, &changed, change);
    if change.twin && target.is_none() {
        leave_taken(tx, fields, &mut columns)?;
    }
    let id = match target {
        None => insert(tx, columns, change),
        Some(company) => update(tx, company.id, columns).map(|()| company.id),
    };
    let id = id.map_err(|error| not_unique(error, fields))?;
    company_segments::noted(tx, &[id])?;
    Ok((id, changed.into_iter().map(|(field, _)| field.alias.clone()).collect()))
}

/// Takes the keys of unique values out that are another company's already, so that the index lets the twin in.
fn leave_taken(tx: &mut Tx<'_>, fields: &FieldCatalogue, columns: &mut BTreeMap<String, Value>) -> Result<()> {
    for key in fields.unique().filter_map(|f| f.column.as_deref()).map(key_column) {
        let Some(value @ Value::Text(_)) = columns.get(&key) else { continue };
        let text = format!("SELECT count(*) FROM companies WHERE {key} = $1 AND deleted_at IS NULL");
        let there: i64 = tx.scalar(Sql::new(text).bind(value.clone()))?;
        if there > 0 {
            columns.insert(key, Value::Null);
        }
    }
    Ok(())
}

/// The unique index names the column; the caller hears the field.
fn not_unique(error: Error, fields: &FieldCatalogue) -> Error {
    let Some(StoreError::Unique { .. }) = error.store() else { return error };
    let text = error.store().map(ToString::to_string).unwrap_or_default();
    let unique = fields.unique().find(|f| f.column.as_deref().is_some_and(|c| text.contains(&key_column(c))));
    match unique.or_else(|| fields.unique().next()) {
        Some(field) => CompanyProblem::NotUnique { alias: field.alias.clone(), label: field.label.clone() }.into(),
        None => error,
    }
}

fn stored_columns(
    fields: &FieldCatalogue,
    target: Option<&Company>,
    changed: &[(&FieldDef, FieldValue)],
    change: &Change<'_>,
) -> BTreeMap<String, Value> {
    let mut columns = BTreeMap::new();
    let mut overflow: Option<Map<String, Json>> = None;
    for (field, value) in changed {
        match &field.column {
            Some(column) => {
                columns.insert(column.clone(), row::to_stored(field, value));
                if field.unique {
                    columns.insert(key_column(column), unique_key(field, value).map_or(Value::Null, Value::Text));
                }
            }
            None => row::put_overflow(overflow.get_or_insert_with(|| overflow_of(fields, target)), field, value),
        }
        if field.alias == "companyname" {
            columns.insert("name_fold".to_owned(), Value::Text(fold(&value.to_text())));
        }
    }
    if let Some(overflow) = overflow {
        columns.insert("overflow".to_owned(), Value::Text(Json::Object(overflow).to_string()));
    }
    if let Some(owner) = change.owner {
        columns.insert("owner_id".to_owned(), owner.map_or(Value::Null, |o| Value::Int(o.0)));
    }
    if let Some(published) = change.published {
        columns.insert("published".to_owned(), Value::Int(i64::from(published)));
    }
    columns.insert("updated_at".to_owned(), Value::Int(change.now.0));
    columns
}

/// The overflow object as it was.
fn overflow_of(fields: &FieldCatalogue, target: Option<&Company>) -> Map<String, Json> {
    let mut overflow = Map::new();
    for field in fields.iter().filter(|f| f.column.is_none()) {
        if let Some(value) = target.and_then(|t| t.values.get(&field.alias)) {
            row::put_overflow(&mut overflow, field, value);
        }
    }
    overflow
}

fn insert(tx: &mut Tx<'_>, mut columns: BTreeMap<String, Value>, change: &Change<'_>) -> Result<CompanyId> {
    columns.insert("created_at".to_owned(), Value::Int(change.now.0));
    columns.insert("created_by".to_owned(), change.by.map_or(Value::Null, |u| Value::Int(u.0)));
    let names: Vec<&str> = columns.keys().map(String::as_str).collect();
    let marks: Vec<String> = (1..=names.len()).map(|n| format!("${n}")).collect();
    let text = format!("INSERT INTO companies ({}) VALUES ({}) RETURNING id", names.join(", "), marks.join(", "));
    Ok(tx.scalar(Sql::new(text).binds(columns.values()))?)
}

fn update(tx: &mut Tx<'_>, id: CompanyId, columns: BTreeMap<String, Value>) -> Result<()> {
    let sets: Vec<String> = columns.keys().enumerate().map(|(n, name)| format!("{name} = ${}", n + 2)).collect();
    let text = format!("UPDATE companies SET {}, version = version + 1 WHERE id = $1", sets.join(", "));
    tx.exec(Sql::new(text).bind(id).binds(columns.values()))?;
    Ok(())
}

/// Finds a company by its unique values, of which any is enough or all must be its own, as the settings say; of several
/// the oldest.
pub(crate) fn find_by_unique(tx: &mut Tx<'_>, fields: &FieldCatalogue, values: &Values) -> Result<Option<CompanyId>> {
    let all = settings::identity_in(tx)?.all_company_identifiers;
    let (mut oldest, mut asked): (Option<(i64, CompanyId)>, usize) = (None, 0);
    for field in fields.unique() {
        let Some(key) = values.get(&field.alias).and_then(|v| unique_key(field, v)) else { continue };
        let Some(column) = &field.column else { continue };
        let text = format!("SELECT created_at, id FROM companies WHERE {} = $1 AND deleted_at IS NULL", key_column(column));
        let found: Option<(i64, CompanyId)> = tx.opt(Sql::new(text).bind(key), |r| Ok((r.get(0)?, r.get(1)?)))?;
        if all && (found.is_none() || asked > 0 && found != oldest) {
            return Ok(None);
        }
        asked += 1;
        oldest = [oldest, found].into_iter().flatten().min();
    }
    Ok(oldest.map(|(_, id)| id))
}
