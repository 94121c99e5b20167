//! Values of contacts as the texts that tokens print: only the columns that an email asks for, many contacts at once.

use std::collections::{HashMap, HashSet};

use hg_core::contacts::{FieldDef, FieldProperties, FieldType, default_fields};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx, ValueRef};
use serde_json::Value as Json;

use crate::error::Result;

/// A value as text, and the label of the chosen option.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    pub value: String,
    pub label: Option<String>,
}

struct Column {
    alias: String,
    kind: FieldType,
    /// None: in the overflow.
    name: Option<String>,
    properties: FieldProperties,
}

/// The fields of the workspace: those of the table, and the fixed ones while the table is empty.
fn columns(tx: &mut Tx<'_>) -> Result<Vec<Column>> {
    let rows = tx
        .all("SELECT alias, kind, column_name, properties FROM fields WHERE deleted_at IS NULL AND published = 1 AND object = 'contact'", |r| {
            Ok((r.get::<String>(0)?, r.get::<String>(1)?, r.get::<Option<String>>(2)?, r.get::<Option<Json>>(3)?))
        })?;
    let mut found: Vec<Column> = rows
        .into_iter()
        .filter_map(|(alias, kind, name, properties)| {
            let properties = properties.and_then(|p| serde_json::from_value(p).ok()).unwrap_or_default();
            Some(Column { alias, kind: FieldType::from_name(&kind)?, name, properties })
        })
        .collect();
    for FieldDef { alias, kind, column, properties, .. } in default_fields() {
        if !found.iter().any(|c| c.alias == alias) {
            found.push(Column { alias, kind, name: column, properties });
        }
    }
    found.extend(["id", "points", "owner_id"].map(|name| Column {
        alias: name.into(),
        kind: FieldType::Number,
        name: Some(name.into()),
        properties: FieldProperties::default(),
    }));
    Ok(found)
}

/// Aliases that a `{contactfield=…}` may use.
pub fn known_aliases(tx: &mut Tx<'_>) -> Result<HashSet<String>> {
    let mut known: HashSet<String> = columns(tx)?.into_iter().map(|c| c.alias).collect();
    known.extend(super::related::company_columns(tx)?.into_iter().map(|(alias, _)| alias));
    known.insert("tags".into());
    Ok(known)
}

/// The values of contacts that are not deleted; also of the pseudo fields for owners, tags, companies and segments.
pub fn texts(tx: &mut Tx<'_>, ids: &[i64], aliases: &[String]) -> Result<HashMap<i64, HashMap<String, Text>>> {
    let mut wanted: Vec<Column> = Vec::new();
    for column in columns(tx)? {
        if aliases.contains(&column.alias) && !wanted.iter().any(|w| w.alias == column.alias) {
            wanted.push(column);
        }
    }
    let mut names = vec!["id".to_owned(), "overflow".to_owned()];
    names.extend(wanted.iter().map(|c| c.name.clone().unwrap_or_else(|| "NULL".into())));
    let sql = format!("SELECT {} FROM contacts WHERE id @in($1) AND deleted_at IS NULL", names.join(", "));
    let rows = tx.all(Sql::new(sql).bind(ids), |r| {
        let overflow: Option<Json> = r.get(1)?;
        let mut texts = HashMap::with_capacity(wanted.len());
        for (at, column) in wanted.iter().enumerate() {
            let value = match (&column.name, &overflow) {
                (Some(_), _) => shown(column, r.value(at + 2)?),
                (None, Some(overflow)) => {
                    overflow.get(&column.alias).map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_owned))
                }
                (None, None) => None,
            };
            if let Some(value) = value.filter(|v| !v.is_empty()) {
                let label = column.properties.options.iter().find(|o| o.value == value).map(|o| o.label.clone());
                texts.insert(column.alias.clone(), Text { label: label.or_else(|| yes_or_no(column, &value)), value });
            }
        }
        Ok((r.get::<i64>(0)?, texts))
    })?;
    let own: Vec<String> = wanted.into_iter().map(|c| c.alias).collect();
    let mut found = rows.into_iter().collect();
    super::related::add(tx, &mut found, aliases, &own)?;
    Ok(found)
}

fn yes_or_no(column: &Column, value: &str) -> Option<String> {
    let properties = &column.properties;
    match (column.kind, value) {
        (FieldType::Boolean, "1") => Some(properties.yes.clone().unwrap_or_else(|| "Yes".into())),
        (FieldType::Boolean, _) => Some(properties.no.clone().unwrap_or_else(|| "No".into())),
        _ => None,
    }
}

fn shown(column: &Column, value: ValueRef<'_>) -> Option<String> {
    Some(match (column.kind, value) {
        (_, ValueRef::Null | ValueRef::Bytes(_)) => return None,
        (FieldType::Datetime, ValueRef::Int(at)) => Timestamp(at).sql_text(),
        (_, ValueRef::Int(n)) => n.to_string(),
        (_, ValueRef::Real(x)) => x.to_string(),
        (_, ValueRef::Text(text)) => text.to_owned(),
    })
}
