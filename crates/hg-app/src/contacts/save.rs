//! The one way in which a contact's own values are written.

use std::collections::BTreeMap;

use hg_core::contacts::{FieldCatalogue, FieldDef, FieldType, FieldValue};
use hg_core::events::EventKind;
use hg_core::ids::{ContactId, UserId};
use hg_core::text::{Email, fold};
use hg_core::time::Timestamp;
use hg_store::{Sql, StoreError, Tx, Value};
use serde_json::{Map, Value as Json, json};

use crate::changes::{self, Happening};
use crate::companies;
use crate::contacts::{Contact, ContactProblem, Existing, Source, Values, row};
use crate::error::{Error, Result};
use crate::fields::store::key_column;

/// A change to be written.
pub(crate) struct Change<'a> {
    pub values: &'a Values,
    pub existing: Existing,
    /// Empty values clear what is there; otherwise they are ignored.
    pub blanks_clear: bool,
    pub owner: Option<Option<UserId>>,
    pub source: Source,
    pub now: Timestamp,
}

/// What a write did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub id: ContactId,
    pub created: bool,
    /// Aliases of the fields that changed.
    pub changed: Vec<String>,
}

/// What identifies a contact: without any of these she is a visitor.
pub(crate) const IDENTIFYING: [&str; 10] =
    ["firstname", "lastname", "company", "email", "facebook", "foursquare", "instagram", "linkedin", "skype", "twitter"];

/// Makes a contact, or changes the one given.
pub(crate) fn write(tx: &mut Tx<'_>, fields: &FieldCatalogue, target: Option<&Contact>, change: &Change<'_>) -> Result<Written> {
    let mut new: Values = change.values.clone();
    if target.is_none() {
        for field in fields.published().filter(|f| f.default_value.is_some()) {
            if new.get(&field.alias).is_none_or(FieldValue::is_empty) {
                new.insert(field.alias.clone(), field.default_value());
            }
        }
    }
    let mut changed: Vec<(&FieldDef, FieldValue)> = new
        .into_iter()
        .filter_map(|(alias, value)| fields.get(&alias).map(|field| (field, value)))
        .filter(|(field, value)| {
            let before = target.and_then(|t| t.values.get(&field.alias)).unwrap_or(&FieldValue::Empty);
            let fills = change.existing == Existing::Overwrite || before.is_empty();
            fills && before != value && (change.blanks_clear || !value.is_empty())
        })
        .collect();
    let owner_changes = change.owner.is_some_and(|owner| Some(owner) != target.map(|t| t.owner_id));
    if let Some(contact) = target.filter(|_| changed.is_empty() && !owner_changes) {
        return Ok(Written { id: contact.id, created: false, changed: Vec::new() });
    }
    let employer = companies::employ(tx, fields, &mut changed, change.source, change.now)?;
    let columns = stored_columns(fields, target, &changed, change);
    let id = match target {
        None => insert(tx, columns, change.now),
        Some(contact) => update(tx, contact.id, columns).map(|()| contact.id),
    };
    let id = id.map_err(|error| not_unique(error, fields))?;
    if let Some(employer) = employer {
        let tell = target.is_some() && !matches!(change.source, Source::Import(_));
        employer.write(tx, id, tell, change.now)?;
    }
    let aliases: Vec<String> = changed.iter().map(|(field, _)| field.alias.clone()).collect();
    let written = Written { id, created: target.is_none(), changed: aliases };
    record(tx, target, &changed, &written, change)?;
    Ok(written)
}

/// The unique index names the column; the caller hears the field.
fn not_unique(error: Error, fields: &FieldCatalogue) -> Error {
    let Some(StoreError::Unique { .. }) = error.store() else { return error };
    let text = error.store().map(ToString::to_string).unwrap_or_default();
    let unique = fields.unique().find(|f| f.column.as_deref().is_some_and(|c| text.contains(&key_column(c))));
    match unique.or_else(|| fields.unique().next()) {
        Some(field) => ContactProblem::NotUnique { alias: field.alias.clone(), label: field.label.clone() }.into(),
        None => error,
    }
}

/// Every column that changes, with the folded ones and the identifiers that follow from it.
fn stored_columns(
    fields: &FieldCatalogue,
    target: Option<&Contact>,
    changed: &[(&FieldDef, FieldValue)],
    change: &Change<'_>,
) -> BTreeMap<String, Value> {
    let mut columns = BTreeMap::new();
    let mut overflow: Option<Map<String, Json>> = None;
    for (field, value) in changed {
        match &field.column {
            Some(column) => {
                columns.insert(
                    column.clone(),
                    if field.alias == "points" && value.is_empty() { Value::Int(0) } else { row::to_stored(field, value) },
                );
                if field.unique {
                    columns.insert(key_column(column), unique_key(field, value).map_or(Value::Null, Value::Text));
                }
            }
            None => row::put_overflow(overflow.get_or_insert_with(|| overflow_of(fields, target)), field, value),
        }
    }
    if let Some(overflow) = overflow {
        columns.insert("overflow".to_owned(), Value::Text(Json::Object(overflow).to_string()));
    }
    let after = |alias: &str| {
        let new = changed.iter().find(|(f, _)| f.alias == alias).map(|(_, v)| v);
        new.or_else(|| target.and_then(|t| t.values.get(alias))).filter(|v| !v.is_empty()).map(FieldValue::to_text)
    };
    let touches = |aliases: &[&str]| changed.iter().any(|(f, _)| aliases.contains(&f.alias.as_str()));
    let folded = |text: String| if text.is_empty() { Value::Null } else { Value::Text(fold(&text)) };
    if touches(&["firstname", "lastname"]) {
        let name = [after("firstname"), after("lastname")].into_iter().flatten().collect::<Vec<_>>().join(" ");
        columns.insert("name_fold".to_owned(), folded(name));
    }
    if touches(&["email"]) {
        columns.insert("email_fold".to_owned(), folded(after("email").unwrap_or_default()));
    }
    if touches(&["company"]) {
        columns.insert("company_fold".to_owned(), folded(after("company").unwrap_or_default()));
    }
    let identified = target.is_some_and(|t| t.identified_at.is_some());
    if !identified && IDENTIFYING.iter().any(|alias| after(alias).is_some()) {
        columns.insert("identified_at".to_owned(), Value::Int(change.now.0));
    }
    if let Some(owner) = change.owner {
        columns.insert("owner_id".to_owned(), owner.map_or(Value::Null, |o| Value::Int(o.0)));
    }
    columns.insert("updated_at".to_owned(), Value::Int(change.now.0));
    columns
}

/// The overflow object as it was.
fn overflow_of(fields: &FieldCatalogue, target: Option<&Contact>) -> Map<String, Json> {
    let mut overflow = Map::new();
    for field in fields.iter().filter(|f| f.column.is_none()) {
        if let Some(value) = target.and_then(|t| t.values.get(&field.alias)) {
            row::put_overflow(&mut overflow, field, value);
        }
    }
    overflow
}

/// How a value is compared for uniqueness: trimmed, composed, lower-cased; e-mail domains in ASCII.
pub(crate) fn unique_key(field: &FieldDef, value: &FieldValue) -> Option<String> {
    if value.is_empty() {
        return None;
    }
    let text = value.to_text();
    match field.kind {
        FieldType::Email => Email::parse(&text).ok().map(|email| email.key().to_owned()),
        _ => Some(text.trim().to_lowercase()),
    }
}

fn insert(tx: &mut Tx<'_>, mut columns: BTreeMap<String, Value>, now: Timestamp) -> Result<ContactId> {
    columns.insert("created_at".to_owned(), Value::Int(now.0));
    let names: Vec<&str> = columns.keys().map(String::as_str).collect();
    let marks: Vec<String> = (1..=names.len()).map(|n| format!("${n}")).collect();
    let text = format!("INSERT INTO contacts ({}) VALUES ({}) RETURNING id", names.join(", "), marks.join(", "));
    Ok(tx.scalar(Sql::new(text).binds(columns.values()))?)
}

fn update(tx: &mut Tx<'_>, id: ContactId, columns: BTreeMap<String, Value>) -> Result<()> {
    let sets: Vec<String> = columns.keys().enumerate().map(|(n, name)| format!("{name} = ${}", n + 2)).collect();
    let text = format!("UPDATE contacts SET {}, version = version + 1 WHERE id = $1", sets.join(", "));
    tx.exec(Sql::new(text).bind(id).binds(columns.values()))?;
    Ok(())
}

fn record(
    tx: &mut Tx<'_>,
    target: Option<&Contact>,
    changed: &[(&FieldDef, FieldValue)],
    written: &Written,
    change: &Change<'_>,
) -> Result<()> {
    let happening = |kind| Happening::new(written.id, kind, change.now);
    let from_import = if let Source::Import(import) = change.source { import } else { 0 };
    if written.created {
        changes::record(tx, happening(EventKind::Created).object(from_import))?;
    }
    let identifies = changed.iter().any(|(f, v)| IDENTIFYING.contains(&f.alias.as_str()) && !v.is_empty());
    if identifies && target.is_none_or(|t| t.identified_at.is_none()) && from_import == 0 {
        changes::record(tx, happening(EventKind::Identified))?;
    }
    if let Some((_, points)) = changed.iter().find(|(f, v)| f.alias == "points" && !v.is_empty()) {
        let after = if let FieldValue::Number(n) = points { *n as i64 } else { 0 };
        let delta = after - target.map_or(0, |t| t.points);
        if delta != 0 {
            changes::record(
                tx,
                happening(EventKind::PointsChanged).detail(json!({"delta": delta, "points": after, "reason": "Set"})),
            )?;
        }
    }
    match change.source {
        // Imports bring segments up to date for a whole batch at once.
        Source::Import(import) if !written.created => {
            changes::note(tx, &happening(EventKind::Imported).object(import))?;
            return Ok(());
        }
        Source::Api(user) => {
            changes::record(tx, happening(EventKind::ApiChanged).object(user.map_or(0, |u| u.0)))?;
        }
        _ => {}
    }
    if !written.created {
        changes::record(tx, happening(EventKind::FieldsChanged).detail(json!({"fields": written.changed})))?;
    }
    Ok(())
}
