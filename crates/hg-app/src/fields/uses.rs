//! Where a field is used, asked before it is renamed, converted or deleted.

use std::sync::Arc;
use std::time::Duration;

use hg_core::contacts::{FieldDef, FieldObject};
use hg_core::ids::FieldId;
use hg_core::segments::{Condition, Filter, Operator, Plan};
use hg_store::{Sql, Tx};
use serde_json::Value as Json;

use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::fields::service::find;
use crate::fields::store;
use crate::segments::{self, Everyone, UsedBy};

/// Where a field is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldUses {
    pub uses: Vec<UsedBy>,
    /// How many contacts or companies have a value.
    pub values: u64,
    /// Whether that is the whole number; otherwise it is an estimate.
    pub exact: bool,
}

/// Longer is nobody kept waiting for the number of values.
const TIME_LIMIT: Duration = Duration::from_millis(800);
/// Companies are counted up to here.
const COUNTED: i64 = 100_000;

/// Where a field is used, and how many have a value in it.
pub async fn uses(cx: &Cx, id: FieldId) -> Result<FieldUses> {
    cx.may(Action::View(Area::Fields))?;
    let ws = cx.ws.clone();
    let (def, uses, catalogue) = cx
        .db()
        .read(move |tx| {
            let def = find(tx, id)?.def;
            let mut uses: Vec<UsedBy> = segments::using_field(&ws, tx, &def.alias)?
                .into_iter()
                .map(|(id, name)| UsedBy { kind: "segment", id: id.0, name })
                .collect();
            uses.extend(elsewhere(tx, &def)?);
            Ok::<_, crate::Error>((def, uses, store::catalogue(&ws, tx)?))
        })
        .await?;
    let filled = Filter::all(vec![Condition::new(def.alias.as_str(), Operator::NotEmpty, Json::Null)]);
    let (values, exact) = match (def.object, Plan::of(&filled, &catalogue)) {
        (FieldObject::Contact, Ok(plan)) => {
            let plan = Arc::new(plan);
            let moment = Arc::new(plan.at(cx.now(), &hg_core::time::TimeZone::UTC));
            let found = segments::select(&cx.ws, plan, moment, Everyone::WithVisitors, Some(TIME_LIMIT)).await?;
            let share = found.looked_at.clamp(0.001, 1.0);
            ((found.selected.len() as f64 / share).round() as u64, found.looked_at >= 1.0)
        }
        _ => cx.db().read(move |tx| counted(tx, &def)).await?,
    };
    Ok(FieldUses { uses, values, exact })
}

fn counted(tx: &mut Tx<'_>, def: &FieldDef) -> Result<(u64, bool)> {
    let Some(column) = &def.column else { return Ok((0, false)) };
    let table = def.object.table();
    let text = format!(
        "SELECT count(*) FROM (SELECT 1 FROM {table} WHERE {column} IS NOT NULL AND deleted_at IS NULL LIMIT {COUNTED}) AS n"
    );
    let n: i64 = tx.scalar(Sql::new(text))?;
    Ok((n.unsigned_abs(), n < COUNTED))
}

/// Forms, emails, pages, campaigns and views that name a field; there are hundreds of these, not millions.
fn elsewhere(tx: &mut Tx<'_>, def: &FieldDef) -> Result<Vec<UsedBy>> {
    let mut found = Vec::new();
    for (kind, text) in [
        ("form", "SELECT id, name, fields FROM forms WHERE deleted_at IS NULL ORDER BY id"),
        (
            "campaign",
            "SELECT c.id, c.name, s.settings FROM campaign_steps s JOIN campaigns c ON c.id = s.campaign_id \
             WHERE s.deleted_at IS NULL AND c.deleted_at IS NULL ORDER BY c.id",
        ),
        ("view", "SELECT id, name, body FROM views ORDER BY id"),
    ] {
        let rows = tx.all(text, |r| Ok((r.get::<i64>(0)?, r.get::<String>(1)?, r.get::<Option<Json>>(2)?)))?;
        let named = rows.into_iter().filter(|(_, _, json)| json.as_ref().is_some_and(|json| names(json, &def.alias)));
        found.extend(named.map(|(id, name, _)| UsedBy { kind, id, name }));
    }
    for (kind, text) in [
        (
            "email",
            "SELECT id, name, subject, coalesce(preheader, ''), source, coalesce(plain_text, '') FROM emails WHERE deleted_at IS NULL ORDER BY id",
        ),
        ("page", "SELECT id, title, html, '', '', '' FROM pages WHERE deleted_at IS NULL ORDER BY id"),
    ] {
        let rows = tx.all(text, |r| {
            let written = [2, 3, 4, 5].map(|n| r.get::<String>(n));
            let mut mentions = false;
            for text in written {
                mentions |= written_in(&text?, &def.alias);
            }
            Ok((mentions, UsedBy { kind, id: r.get(0)?, name: r.get(1)? }))
        })?;
        found.extend(rows.into_iter().filter(|(mentions, _)| *mentions).map(|(_, user)| user));
    }
    found.dedup();
    Ok(found)
}

/// Whether settings name a field: as what something is mapped to or asks about, or as a column.
fn names(settings: &Json, alias: &str) -> bool {
    match settings {
        Json::Array(items) => items.iter().any(|item| names(item, alias)),
        Json::Object(map) => map.iter().any(|(key, value)| match (key.as_str(), value) {
            ("field" | "mapped_field" | "sort", Json::String(text)) => {
                let text = text.trim_start_matches('-');
                text == alias || text.rsplit_once(':').is_some_and(|(_, last)| last == alias)
            }
            ("columns", Json::Array(columns)) => columns.iter().any(|c| c.as_str() == Some(alias)),
            // A filter of a view stands there as text.
            ("filter", Json::String(text)) => serde_json::from_str(text).is_ok_and(|json: Json| names(&json, alias)),
            (_, value) => names(value, alias),
        }),
        _ => false,
    }
}

/// Whether a token of a text names a field: `{contactfield=city}`, `{contactfield=city|Prague}`.
fn written_in(text: &str, alias: &str) -> bool {
    ["contactfield=", "leadfield=", "companyfield=", "contact."].iter().any(|token| {
        text.match_indices(token).any(|(at, _)| {
            let rest = &text[at + token.len()..];
            rest.strip_prefix(alias).is_some_and(|after| !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_field_is_found_wherever_it_is_named() {
        for (settings, expected) in [
            (json!([{"alias": "x", "mapped_field": "city"}]), true),
            (json!({"field": "city", "op": "="}), true),
            (json!({"rules": [{"rules": [{"field": "primary:city"}]}]}), true),
            (json!({"columns": ["tags", "city"]}), true),
            (json!({"sort": "-city"}), true),
            (json!({"filter": "{\"rules\":[{\"field\":\"city\"}]}"}), true),
            (json!({"field": "citystate", "value": "city"}), false),
        ] {
            assert_eq!(names(&settings, "city"), expected, "{settings}");
        }
        assert!(written_in("Dear {contactfield=city|there}", "city"));
        assert!(!written_in("{contactfield=city_old}", "city"));
    }
}
