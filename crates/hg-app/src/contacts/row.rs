//! The contact table row by row: which columns there are, how values are stored and read.

use std::collections::{BTreeSet, HashMap};

use hg_core::contacts::{FieldCatalogue, FieldDef, FieldType, FieldValue};
use hg_core::ids::{ContactId, StageId};
use hg_core::time::{Timestamp, format_date, parse_date};
use hg_store::{Row, Sql, Tx, Value, ValueRef};
use serde_json::{Map, Value as Json};

use crate::companies;
use crate::contacts::{Contact, DoNotContact, Values};
use crate::error::Result;

/// Columns before those of the fields.
const FIXED: &str = "id, version, created_at, updated_at, identified_at, last_active_at, owner_id, points, overflow, stage_id";
const FIXED_COLUMNS: usize = 10;

/// The columns of a SELECT that [`read`] understands.
pub(crate) fn columns(fields: &FieldCatalogue) -> String {
    with_columns(FIXED, fields)
}

/// Columns, and behind them those of fields: what [`read_values`] understands.
pub(crate) fn with_columns(fixed: &str, fields: &FieldCatalogue) -> String {
    let mut text = fixed.to_owned();
    for column in fields.iter().filter_map(|f| f.column.as_deref()) {
        text.push_str(", ");
        text.push_str(column);
    }
    text
}

/// The values of published fields, whose columns begin at `at`.
pub(crate) fn read_values(
    row: &Row<'_>,
    fields: &FieldCatalogue,
    mut at: usize,
    overflow: Option<&Json>,
) -> hg_store::Result<Values> {
    let mut values = Values::new();
    for field in fields.iter() {
        let value = if field.column.is_some() {
            at += 1;
            from_stored(field, row.value(at - 1)?)
        } else {
            overflow.map_or(FieldValue::Empty, |json| from_overflow(field, json))
        };
        if field.published {
            values.insert(field.alias.clone(), value);
        }
    }
    Ok(values)
}

/// Reads a contact; tags and do-not-contact entries are added by [`with_marks`].
pub(crate) fn read(row: &Row<'_>, fields: &FieldCatalogue) -> hg_store::Result<Contact> {
    let overflow: Option<Json> = row.get(8)?;
    let values = read_values(row, fields, FIXED_COLUMNS, overflow.as_ref())?;
    Ok(Contact {
        id: row.get(0)?,
        version: row.get(1)?,
        created_at: row.get(2)?,
        updated_at: row.get(3)?,
        identified_at: row.get(4)?,
        last_active_at: row.get(5)?,
        owner_id: row.get(6)?,
        points: row.get(7)?,
        stage: row.get::<Option<StageId>>(9)?.map(|id| (id, String::new())),
        color: None,
        values,
        tags: Vec::new(),
        companies: Vec::new(),
        do_not_contact: Vec::new(),
    })
}

/// The value of a column.
pub(crate) fn from_stored(field: &FieldDef, value: ValueRef<'_>) -> FieldValue {
    match (field.kind, value) {
        (_, ValueRef::Null) => FieldValue::Empty,
        (FieldType::Datetime, ValueRef::Int(at)) => FieldValue::Instant(Timestamp(at)),
        (FieldType::Boolean, ValueRef::Int(n)) => FieldValue::Bool(n != 0),
        (_, ValueRef::Int(n)) => FieldValue::Number(n as f64),
        (_, ValueRef::Real(x)) => FieldValue::Number(x),
        (_, ValueRef::Text("")) => FieldValue::Empty,
        (FieldType::Date, ValueRef::Text(t)) => parse_date(t).map_or(FieldValue::Empty, FieldValue::Date),
        (FieldType::Multiselect, ValueRef::Text(t)) => FieldValue::Choices(t.split('|').map(str::to_owned).collect()),
        (_, ValueRef::Text(t)) => FieldValue::Text(t.to_owned()),
        (_, ValueRef::Bytes(_)) => FieldValue::Empty,
    }
}

/// What goes into the column of a field.
pub(crate) fn to_stored(field: &FieldDef, value: &FieldValue) -> Value {
    match value {
        FieldValue::Empty => Value::Null,
        FieldValue::Text(text) => Value::Text(text.clone()),
        // Points are whole numbers in a column of their own.
        FieldValue::Number(n) if field.alias == "points" => Value::Int(*n as i64),
        FieldValue::Number(n) => Value::Real(*n),
        FieldValue::Bool(yes) => Value::Int(i64::from(*yes)),
        FieldValue::Date(date) => Value::Text(format_date(*date)),
        FieldValue::Instant(at) => Value::Int(at.0),
        FieldValue::Choices(choices) => Value::Text(choices.join("|")),
    }
}

/// Values without a column stand in one JSON object, stored as columns would store them.
pub(crate) fn from_overflow(field: &FieldDef, overflow: &Json) -> FieldValue {
    match overflow.get(&field.alias) {
        Some(Json::String(text)) => from_stored(field, ValueRef::Text(text)),
        Some(Json::Number(n)) => match n.as_i64() {
            Some(n) => from_stored(field, ValueRef::Int(n)),
            None => from_stored(field, ValueRef::Real(n.as_f64().unwrap_or(0.0))),
        },
        _ => FieldValue::Empty,
    }
}

/// Puts a value into the overflow object.
pub(crate) fn put_overflow(overflow: &mut Map<String, Json>, field: &FieldDef, value: &FieldValue) {
    let json = match to_stored(field, value) {
        Value::Null | Value::Bytes(_) => Json::Null,
        Value::Int(n) => Json::from(n),
        Value::Real(x) => Json::from(x),
        Value::Text(text) => Json::from(text),
    };
    if json.is_null() {
        overflow.remove(&field.alias);
    } else {
        overflow.insert(field.alias.clone(), json);
    }
}

/// Contacts of these ids that are not deleted, with everything that hangs on them, in the order asked for.
pub(crate) fn load_many(tx: &mut Tx<'_>, fields: &FieldCatalogue, ids: &[ContactId]) -> Result<Vec<Contact>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let plain: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let text = format!("SELECT {} FROM contacts WHERE id @in($1) AND deleted_at IS NULL", columns(fields));
    let mut found: HashMap<ContactId, Contact> = tx
        .all(Sql::new(text).bind(plain.as_slice()), |row| read(row, fields))?
        .into_iter()
        .map(|contact| (contact.id, contact))
        .collect();
    with_marks(tx, &plain, &mut found)?;
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// The names of their stages, and the colours that their points earned them.
fn with_standing(tx: &mut Tx<'_>, found: &mut HashMap<ContactId, Contact>) -> Result<()> {
    let stages: BTreeSet<i64> = found.values().filter_map(|c| c.stage.as_ref()).map(|(id, _)| id.0).collect();
    let names = if stages.is_empty() {
        HashMap::new()
    } else {
        let ids: Vec<i64> = stages.into_iter().collect();
        let sql = Sql::new("SELECT id, name FROM stages WHERE id @in($1) AND deleted_at IS NULL").bind(ids.as_slice());
        tx.all(sql, |r| Ok((r.get::<i64>(0)?, r.get::<String>(1)?)))?.into_iter().collect()
    };
    let colours = crate::points::colours(tx)?;
    for contact in found.values_mut() {
        contact.stage = contact.stage.take().and_then(|(id, _)| Some((id, names.get(&id.0)?.clone())));
        contact.color = colours.iter().find(|(points, _)| *points <= contact.points).map(|(_, colour)| colour.clone());
    }
    Ok(())
}

fn with_marks(tx: &mut Tx<'_>, ids: &[i64], found: &mut HashMap<ContactId, Contact>) -> Result<()> {
    with_standing(tx, found)?;
    let tags = tx.all(
        Sql::new(
            "SELECT ct.contact_id, t.id, t.name FROM contact_tags ct JOIN tags t ON t.id = ct.tag_id \
             WHERE ct.contact_id @in($1) AND t.deleted_at IS NULL ORDER BY t.name_key",
        )
        .bind(ids),
        |r| Ok((r.get::<ContactId>(0)?, r.get(1)?, r.get::<String>(2)?)),
    )?;
    for (contact, tag, name) in tags {
        if let Some(contact) = found.get_mut(&contact) {
            contact.tags.push((tag, name));
        }
    }
    let marks = tx.all(
        Sql::new(
            "SELECT contact_id, channel, reason, channel_id, comments, added_at FROM do_not_contact \
             WHERE contact_id @in($1) ORDER BY channel",
        )
        .bind(ids),
        |r| {
            Ok((
                r.get::<ContactId>(0)?,
                DoNotContact {
                    channel: r.get(1)?,
                    reason: r.get(2)?,
                    channel_id: r.get(3)?,
                    comments: r.get::<Option<String>>(4)?.unwrap_or_default(),
                    at: r.get(5)?,
                },
            ))
        },
    )?;
    for (contact, mark) in marks {
        if let Some(contact) = found.get_mut(&contact) {
            contact.do_not_contact.push(mark);
        }
    }
    for (contact, links) in companies::links_in(tx, ids)? {
        if let Some(contact) = found.get_mut(&contact) {
            contact.companies = links;
        }
    }
    Ok(())
}
