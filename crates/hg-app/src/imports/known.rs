//! Which contacts the rows of a batch mean, by their identifiers and ids.

use std::borrow::Cow;
use std::collections::HashMap;

use hg_core::contacts::{FieldCatalogue, FieldValue};
use hg_core::ids::ContactId;
use hg_core::imports::{NewRow, Rejected};
use hg_core::text::fold;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde_json::json;

use crate::contacts::save::unique_key;
use crate::contacts::{self, Contact, row};
use crate::error::Result;
use crate::fields::store::key_column;
use crate::imports::rules::Rules;

/// An identifier: field and normalised value.
pub(super) type Key = (String, String);

/// The identifiers of a row: field and normalised value.
pub(super) fn keys(fields: &FieldCatalogue, row: &NewRow) -> Vec<Key> {
    fields
        .unique()
        .filter_map(|field| {
            let (_, value) = row.values.iter().find(|(alias, _)| *alias == field.alias)?;
            Some((field.alias.clone(), unique_key(field, value)?))
        })
        .collect()
}

/// Contacts that rows mean, by their identifiers and ids.
pub(super) struct Known {
    by_key: HashMap<Key, Place>,
    by_id: HashMap<i64, ContactId>,
}

impl Known {
    pub fn find(tx: &mut Tx<'_>, fields: &FieldCatalogue, rows: &[(i64, NewRow)], keys: &[Vec<Key>]) -> Result<Known> {
        let mut known = Known { by_key: HashMap::new(), by_id: HashMap::new() };
        for field in fields.unique() {
            let Some(column) = &field.column else { continue };
            let wanted: Vec<&str> =
                keys.iter().flatten().filter(|(alias, _)| *alias == field.alias).map(|(_, value)| value.as_str()).collect();
            if wanted.is_empty() {
                continue;
            }
            let key = key_column(column);
            let text = format!("SELECT {key}, id FROM contacts WHERE {key} @intext($1) AND deleted_at IS NULL");
            let found = tx.all(Sql::new(text).bind(json!(wanted)), |r| Ok((r.get::<String>(0)?, r.get::<ContactId>(1)?)))?;
            known.by_key.extend(found.into_iter().map(|(key, id)| ((field.alias.clone(), key), Place::There(id))));
        }
        for id in rows.iter().filter_map(|(_, row)| row.id) {
            match contacts::survivor(tx, ContactId(id)) {
                Ok(found) => {
                    known.by_id.insert(id, found);
                }
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(known)
    }

    pub fn ids(&self) -> Vec<ContactId> {
        let there = self.by_key.values().filter_map(|place| match place {
            Place::There(id) => Some(*id),
            Place::New(_) => None,
        });
        let mut ids: Vec<ContactId> = there.chain(self.by_id.values().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Whom a row means. Identifiers of several people mean the newest of them; those of the others stay with them, and
    /// are not among hers. `all`: every identifier that the row names must be hers. A row that names a contact by its id
    /// and others by their identifiers is rejected: what it says is true of neither. `there`: since when a contact is there.
    pub fn of(
        &self,
        fields: &FieldCatalogue,
        row: &NewRow,
        keys: &[Key],
        all: bool,
        there: impl Fn(ContactId) -> Option<Timestamp>,
    ) -> std::result::Result<Option<Meant>, Rejected> {
        let by_id = row.id.and_then(|id| self.by_id.get(&id).copied()).filter(|id| there(*id).is_some()).map(Place::There);
        let mut holders: Vec<(Place, &Key)> = Vec::new();
        for key in keys {
            let place = self.by_key.get(key).copied().filter(|p| !matches!(p, Place::There(id) if there(*id).is_none()));
            holders.extend(place.map(|place| (place, key)));
        }
        let label = |key: &Key| fields.get(&key.0).map_or_else(|| key.0.clone(), |f| f.label.clone());
        let age = |place: &Place| match place {
            Place::There(id) => (0, there(*id), id.0),
            Place::New(n) => (1, None, i64::try_from(*n).unwrap_or(i64::MAX)),
        };
        let target = by_id.or_else(|| holders.iter().map(|(place, _)| *place).max_by_key(age));
        let others: Vec<&Key> = holders.iter().filter(|(place, _)| Some(*place) != target).map(|(_, key)| *key).collect();
        if let Some(key) = others.first().filter(|_| by_id.is_some() || all) {
            return Err(Rejected::Taken { label: label(key), value: key.1.clone() });
        }
        if all
            && by_id.is_none()
            && holders.len() < keys.len()
            && let Some((_, key)) = holders.first()
        {
            return Err(Rejected::Half { label: label(key), value: key.1.clone() });
        }
        let others = others.into_iter().map(|key| key.0.clone()).collect();
        Ok(target.map(|place| Meant { place, others }))
    }

    /// From now on these identifiers are hers.
    pub fn take(&mut self, keys: Vec<Key>, place: Place) {
        self.by_key.extend(keys.into_iter().map(|key| (key, place)));
    }
}

/// A contact that is there, or one that the batch makes, by its number among those.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    There(ContactId),
    New(usize),
}

/// Whom a row means.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meant {
    pub place: Place,
    /// Fields whose values in the row are identifiers of others: they stay with those.
    pub others: Vec<String>,
}

/// The row without the identifiers that are of others.
pub(super) fn without<'a>(row: &'a NewRow, others: &[String]) -> Cow<'a, NewRow> {
    if others.is_empty() {
        return Cow::Borrowed(row);
    }
    let mut row = row.clone();
    row.values.retain(|(alias, _)| !others.contains(alias));
    Cow::Owned(row)
}

/// What a dry run says of a row.
pub(super) struct Judged {
    /// Whether a contact is there, and if so whether anything would change; or why the row is rejected.
    pub verdict: std::result::Result<Option<bool>, Rejected>,
    /// The keys by which it was looked for.
    pub keys: Vec<Key>,
}

/// What a dry run would say of rows.
pub(super) fn judge(
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    rules: &Rules,
    tags: &[String],
    rows: &[(i64, NewRow)],
) -> Result<Vec<Judged>> {
    let of_rows: Vec<Vec<Key>> = rows.iter().map(|(_, row)| keys(fields, row)).collect();
    let known = Known::find(tx, fields, rows, &of_rows)?;
    let loaded: HashMap<ContactId, Contact> = row::load_many(tx, fields, &known.ids())?.into_iter().map(|c| (c.id, c)).collect();
    Ok(rows
        .iter()
        .zip(of_rows)
        .map(|((_, row), keys)| {
            let found = known.of(fields, row, &keys, rules.all_identifiers, |id| loaded.get(&id).map(|c| c.created_at));
            let verdict = found.map(|meant| {
                let Meant { place: Place::There(id), others } = meant? else { return None };
                let row = without(row, &others);
                let contact = loaded.get(&id)?;
                let tagged = row.add_tags.iter().chain(tags).any(|tag| !contact.tags.iter().any(|(_, t)| fold(t) == fold(tag)));
                let before = |alias: &str| contact.values.get(alias).unwrap_or(&FieldValue::Empty);
                let written = rules.written(&contact.values, &row);
                Some(tagged || written.iter().any(|(alias, value)| alias != "points" && before(alias) != value))
            });
            Judged { verdict, keys }
        })
        .collect())
}
