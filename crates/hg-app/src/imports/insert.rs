//! Makes the contacts of a batch together: rows, tags, consents, opt-outs and first events, a statement for each kind.

use std::collections::HashMap;

use hg_core::contacts::{FieldCatalogue, FieldDef, FieldValue};
use hg_core::events::EventKind;
use hg_core::ids::{CompanyId, ContactId, TagId, UserId};
use hg_core::imports::NewRow;
use hg_core::text::fold;
use hg_core::time::Timestamp;
use hg_store::{ToValue, Tx, Value};
use serde_json::json;

use crate::contacts::save::{IDENTIFYING, unique_key};
use crate::contacts::{self, Source, Values, row};
use crate::error::Result;
use crate::fields::store::key_column;
use crate::imports::batch::{Shared, all_consents, owner};
use crate::workspace::Workspace;
use crate::{companies, tags};

/// A contact to be made, gathered from one or more rows.
pub(super) struct New<'a> {
    pub values: Values,
    pub rows: Vec<&'a NewRow>,
}

/// The company of each contact to be made, found or made for all of them together; her text is the company's name.
pub(super) fn employ(
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    shared: &Shared,
    new: &mut [New<'_>],
    now: Timestamp,
) -> Result<Vec<Option<CompanyId>>> {
    let wanted: Vec<Values> = new
        .iter()
        .map(|contact| {
            let mut wanted = companies::employer_values(&contact.values);
            wanted.extend(contact.rows.iter().flat_map(|row| row.company.iter().cloned()));
            wanted
        })
        .collect();
    let found = companies::Names::default().resolve(tx, fields, &wanted, Source::Import(shared.import.0), now)?;
    for (contact, company) in new.iter_mut().zip(&found) {
        if let Some((_, name)) = company {
            let is_hers = matches!(contact.values.get("company"), Some(FieldValue::Text(own)) if own == name);
            if !is_hers {
                contact.values.insert("company".to_owned(), FieldValue::Text(name.clone()));
            }
        }
    }
    Ok(found.into_iter().map(|company| company.map(|(id, _)| id)).collect())
}

/// Makes contacts; their ids in the order of `new`.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    shared: &Shared,
    new: &[New<'_>],
    owners: &mut HashMap<String, Option<UserId>>,
    now: Timestamp,
) -> Result<Vec<ContactId>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let written: Vec<&FieldDef> = fields
        .published()
        .filter(|f| shared.mapped.contains(&f.alias) || f.default_value.is_some() || f.alias == "company")
        // When she was last active stands among the fixed columns, although it is a field too.
        .filter(|f| f.column.as_deref().is_some_and(|column| column != "last_active_at"))
        .collect();
    let overflow: Vec<&FieldDef> =
        fields.published().filter(|f| shared.mapped.contains(&f.alias) && f.column.is_none()).collect();
    let mut columns: Vec<String> = [
        "created_at",
        "updated_at",
        "identified_at",
        "last_active_at",
        "owner_id",
        "name_fold",
        "email_fold",
        "company_fold",
        "overflow",
    ]
    .map(str::to_owned)
    .to_vec();
    for field in &written {
        let column = field.column.clone().unwrap_or_default();
        if field.unique {
            columns.push(key_column(&column));
        }
        columns.push(column);
    }
    let width = columns.len();
    let mut values: Vec<Value> = Vec::with_capacity(width * new.len());
    for contact in new {
        let owner = match contact.rows.last() {
            Some(row) => owner(tx, owners, shared, row)?,
            None => None,
        };
        push_row(&mut values, contact, &written, &overflow, owner, now);
    }
    let head = format!("INSERT INTO contacts ({})", columns.join(", "));
    Ok(tx.insert_ids(&head, width, &values)?.into_iter().map(ContactId).collect())
}

fn push_row(
    values: &mut Vec<Value>,
    contact: &New<'_>,
    written: &[&FieldDef],
    overflow: &[&FieldDef],
    owner: Option<UserId>,
    now: Timestamp,
) {
    let said = |date: fn(&NewRow) -> Option<Timestamp>| contact.rows.iter().find_map(|row| date(row)).unwrap_or(now);
    let identified_at = said(|row| row.date_identified);
    let text = |alias: &str| contact.values.get(alias).filter(|v| !v.is_empty()).map(FieldValue::to_text);
    let folded = |text: Option<String>| text.filter(|t| !t.is_empty()).map_or(Value::Null, |t| Value::Text(fold(&t)));
    let name = [text("firstname"), text("lastname")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    let identified = IDENTIFYING.iter().any(|alias| contact.values.get(*alias).is_some_and(|v| !v.is_empty()));
    let mut rest = serde_json::Map::new();
    for field in overflow {
        if let Some(value) = contact.values.get(&field.alias) {
            row::put_overflow(&mut rest, field, value);
        }
    }
    values.extend([
        Value::Int(said(|row| row.date_added).0),
        Value::Int(said(|row| row.date_modified).0),
        if identified { Value::Int(identified_at.0) } else { Value::Null },
        contact.rows.iter().filter_map(|row| row.last_active).max().to_value(),
        owner.map_or(Value::Null, |o| Value::Int(o.0)),
        folded(Some(name)),
        folded(text("email")),
        folded(text("company")),
        if rest.is_empty() { Value::Null } else { Value::Text(serde_json::Value::Object(rest).to_string()) },
    ]);
    for field in written {
        let default = field.default_value();
        let value = contact.values.get(&field.alias).filter(|v| !v.is_empty()).unwrap_or(&default);
        if field.unique {
            values.push(unique_key(field, value).map_or(Value::Null, Value::Text));
        }
        values.push(match row::to_stored(field, value) {
            Value::Null if field.alias == "points" => Value::Int(0),
            stored => stored,
        });
    }
}

/// Tags, consents and the first event of contacts that were just made.
pub(super) fn hang_on(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    shared: &Shared,
    new: &[New<'_>],
    made: &[ContactId],
    now: Timestamp,
) -> Result<()> {
    let mut tag_ids: HashMap<String, Option<TagId>> = HashMap::new();
    let mut tag_rows = Vec::new();
    let mut consent_rows = Vec::new();
    let mut event_rows = Vec::new();
    let source = format!("import {}", shared.import);
    for (contact, id) in new.iter().zip(made) {
        let by = contact.rows.iter().find_map(|row| row.created_by.as_deref());
        event_rows.extend([
            Value::Int(id.0),
            Value::Int(EventKind::Created.code()),
            Value::Int(now.0),
            Value::Int(shared.import.0),
            by.map_or(Value::Null, |name| Value::Text(json!({"by": name}).to_string())),
        ]);
        let mut said: HashMap<&str, bool> = HashMap::new();
        for row in &contact.rows {
            for name in row.add_tags.iter().chain(&shared.options.tags) {
                if !tag_ids.contains_key(name) {
                    tag_ids.insert(name.clone(), tags::ensure(tx, name, now)?.map(|(tag, _)| tag));
                }
                if let Some(tag) = tag_ids.get(name).copied().flatten() {
                    tag_rows.extend([Value::Int(id.0), Value::Int(tag.0), Value::Int(now.0)]);
                }
            }
            said.extend(all_consents(shared, row));
            if row.do_not_mail == Some(true) {
                contacts::set_do_not_contact(ws, tx, *id, "email", 3, "Imported", None)?;
            }
        }
        for (purpose, given) in said {
            consent_rows.extend([
                Value::Int(id.0),
                Value::Text(purpose.to_owned()),
                Value::Int(i64::from(given)),
                Value::Text(source.clone()),
                Value::Int(now.0),
                shared.options.words(given).to_value(),
            ]);
        }
    }
    tx.insert_many("INSERT INTO events (contact_id, kind, occurred_at, object_id, detail)", "", 5, &event_rows)?;
    tx.insert_many("INSERT INTO contact_tags (contact_id, tag_id, added_at)", "ON CONFLICT DO NOTHING", 3, &tag_rows)?;
    tx.insert_many("INSERT INTO consents (contact_id, purpose, given, source, at, text_shown)", "", 6, &consent_rows)?;
    Ok(())
}
