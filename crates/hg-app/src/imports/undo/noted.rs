//! What an import did to records that were there, written down batch by batch while it runs.
//!
//! Records that it made need their ids only, as one bitmap a batch. Of those that were there, the difference between
//! before and after is kept, one row each: fields, owner, stage, tags, the e-mail opt-out, companies, dates, and the
//! exception in the segment that the import filled.

use std::collections::{BTreeMap, HashMap};

use hg_core::contacts::{FieldCatalogue, FieldValue};
use hg_core::ids::{CompanyId, ContactId, ImportId, SegmentId};
use hg_store::{Sql, Tx, Value};
use roaring::RoaringBitmap;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::companies::Company;
use crate::contacts::{Contact, DoNotContact, Values, row};
use crate::error::{Error, Result};

/// A value as it was and as it became.
pub(in crate::imports) type Pair<T> = (T, T);

fn none<T>(value: &Option<T>) -> bool {
    value.is_none()
}

/// An opt-out of the e-mail channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::imports) struct Block {
    pub reason: i64,
    pub channel_id: Option<i64>,
    pub comments: String,
    pub at: i64,
}

impl Block {
    pub fn of(entries: &[DoNotContact]) -> Option<Block> {
        let entry = entries.iter().find(|d| d.channel == "email")?;
        let comments = entry.comments.clone();
        Some(Block { reason: entry.reason, channel_id: entry.channel_id, comments, at: entry.at.0 })
    }
}

/// An exception in a segment: 1 put in, -1 taken out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::imports) struct Hand {
    pub state: i64,
    pub origin: String,
    pub user: Option<i64>,
}

/// What a batch changed of one record. Short names: there is one of these for each record.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(in crate::imports) struct Noted {
    #[serde(rename = "v", skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Pair<Json>>,
    #[serde(rename = "o", skip_serializing_if = "none")]
    pub owner: Option<Pair<Option<i64>>>,
    #[serde(rename = "s", skip_serializing_if = "none")]
    pub stage: Option<Pair<Option<i64>>>,
    #[serde(rename = "t", skip_serializing_if = "Vec::is_empty")]
    pub tagged: Vec<i64>,
    /// By name: a tag may have been deleted since.
    #[serde(rename = "u", skip_serializing_if = "Vec::is_empty")]
    pub untagged: Vec<String>,
    #[serde(rename = "d", skip_serializing_if = "none")]
    pub block: Option<Pair<Option<Block>>>,
    #[serde(rename = "c", skip_serializing_if = "Vec::is_empty")]
    pub joined: Vec<i64>,
    #[serde(rename = "a", skip_serializing_if = "none")]
    pub added_at: Option<Pair<i64>>,
    #[serde(rename = "i", skip_serializing_if = "none")]
    pub identified_at: Option<Pair<Option<i64>>>,
    /// The exception before the import put her into a segment: `Some(None)` when there was none.
    #[serde(rename = "g", skip_serializing_if = "none", deserialize_with = "there")]
    pub hand: Option<Option<Hand>>,
    /// The import said something about what she agreed to.
    #[serde(rename = "k", skip_serializing_if = "std::ops::Not::not")]
    pub consents: bool,
}

/// Tells `null` from nothing.
fn there<'de, D: serde::Deserializer<'de>>(from: D) -> std::result::Result<Option<Option<Hand>>, D::Error> {
    Option::<Hand>::deserialize(from).map(Some)
}

fn pair<T: PartialEq>(before: T, after: T) -> Option<Pair<T>> {
    (before != after).then_some((before, after))
}

fn values(before: &Values, after: &Values) -> BTreeMap<String, Pair<Json>> {
    let json = |value: Option<&FieldValue>| value.map_or(Json::Null, FieldValue::to_json);
    after
        .iter()
        .filter(|(alias, value)| *alias != "points" && before.get(*alias).unwrap_or(&FieldValue::Empty) != *value)
        .map(|(alias, value)| (alias.clone(), (json(before.get(alias)), json(Some(value)))))
        .collect()
}

impl Noted {
    /// What differs between a contact before a batch and after it.
    pub fn of_contact(before: &Contact, after: &Contact) -> Noted {
        Noted {
            values: values(&before.values, &after.values),
            owner: pair(before.owner_id.map(|o| o.0), after.owner_id.map(|o| o.0)),
            stage: pair(before.stage.as_ref().map(|s| s.0.0), after.stage.as_ref().map(|s| s.0.0)),
            tagged: after.tags.iter().filter(|t| !before.tags.iter().any(|b| b.0 == t.0)).map(|t| t.0.0).collect(),
            untagged: before.tags.iter().filter(|t| !after.tags.iter().any(|a| a.0 == t.0)).map(|t| t.1.clone()).collect(),
            block: pair(Block::of(&before.do_not_contact), Block::of(&after.do_not_contact)),
            joined: after.companies.iter().filter(|c| !before.companies.iter().any(|b| b.id == c.id)).map(|c| c.id.0).collect(),
            added_at: pair(before.created_at.0, after.created_at.0),
            identified_at: pair(before.identified_at.map(|t| t.0), after.identified_at.map(|t| t.0)),
            hand: None,
            consents: false,
        }
    }

    /// The same for a company.
    pub fn of_company(before: &Company, after: &Company) -> Noted {
        Noted {
            values: values(&before.values, &after.values),
            owner: pair(before.owner_id.map(|o| o.0), after.owner_id.map(|o| o.0)),
            ..Noted::default()
        }
    }
}

/// Records that a batch made.
pub(in crate::imports) fn made(tx: &mut Tx<'_>, import: ImportId, place: i64, ids: &RoaringBitmap) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    let mut bytes = Vec::with_capacity(ids.serialized_size());
    ids.serialize_into(&mut bytes).map_err(|e| Error::internal(e.to_string()))?;
    tx.exec(
        Sql::new("INSERT INTO import_made (import_id, place, count, ids) VALUES ($1, $2, $3, $4)")
            .bind(import)
            .bind(place)
            .bind(i64::try_from(ids.len()).unwrap_or(i64::MAX))
            .bind(bytes.as_slice()),
    )?;
    Ok(())
}

/// Writes down what differs of contacts that were there. `hands`: the exceptions in the segment that the import fills, as
/// they were; `agreed`: of whom the import said what they agreed to, in order.
pub(in crate::imports) fn changed(
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    import: ImportId,
    before: &HashMap<ContactId, Contact>,
    hands: Option<&HashMap<ContactId, Hand>>,
    agreed: &[ContactId],
) -> Result<()> {
    let mut ids: Vec<ContactId> = before.keys().copied().collect();
    ids.sort_unstable();
    let mut rows = Vec::new();
    for after in row::load_many(tx, fields, &ids)? {
        let Some(before) = before.get(&after.id) else { continue };
        let mut noted = Noted::of_contact(before, &after);
        noted.hand = hands.map(|hands| hands.get(&after.id).cloned());
        noted.consents = agreed.binary_search(&after.id).is_ok();
        if noted != Noted::default() {
            rows.extend([Value::Int(import.0), Value::Int(after.id.0), Value::Text(json!(noted).to_string())]);
        }
    }
    tx.insert_many("INSERT INTO import_changes (import_id, contact_id, noted)", "", 3, &rows)?;
    Ok(())
}

/// The same for companies.
pub(in crate::imports) fn changed_companies(
    tx: &mut Tx<'_>,
    import: ImportId,
    before: &HashMap<CompanyId, Company>,
    after: &[Company],
) -> Result<()> {
    let mut rows = Vec::new();
    for after in after {
        let Some(before) = before.get(&after.id) else { continue };
        let noted = Noted::of_company(before, after);
        if noted != Noted::default() {
            rows.extend([Value::Int(import.0), Value::Int(after.id.0), Value::Text(json!(noted).to_string())]);
        }
    }
    tx.insert_many("INSERT INTO import_changes (import_id, company_id, noted)", "", 3, &rows)?;
    Ok(())
}

/// The exceptions of contacts in a segment, as they are.
pub(in crate::imports) fn hands(
    tx: &mut Tx<'_>,
    segment: SegmentId,
    contacts: impl Iterator<Item = ContactId>,
) -> Result<HashMap<ContactId, Hand>> {
    let plain: Vec<i64> = contacts.map(|c| c.0).collect();
    let text = "SELECT contact_id, state, origin, user_id FROM segment_overrides WHERE segment_id = $1 AND contact_id @in($2)";
    let found = tx.all(Sql::new(text).bind(segment).bind(plain.as_slice()), |r| {
        Ok((r.get(0)?, Hand { state: r.get(1)?, origin: r.get(2)?, user: r.get(3)? }))
    })?;
    Ok(found.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_that_was_not_there_is_told_from_none_noted() {
        let noted = Noted { hand: Some(None), ..Noted::default() };
        let text = json!(noted).to_string();
        assert_eq!(text, r#"{"g":null}"#);
        assert_eq!(serde_json::from_str::<Noted>(&text).unwrap(), noted);
        assert_eq!(serde_json::from_str::<Noted>("{}").unwrap(), Noted::default());
    }
}
