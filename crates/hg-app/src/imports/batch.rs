//! Writes one batch of rows in one transaction: contacts, tags, consents, events, segments, the place in the file.

use std::collections::{BTreeSet, HashMap};

use hg_core::contacts::{FieldCatalogue, FieldDef, FieldValue};
use hg_core::events::EventKind;
use hg_core::ids::{CompanyId, ContactId, ImportId, SegmentId, TagId, UserId};
use hg_core::imports::NewRow;
use hg_core::text::fold;
use hg_core::time::Timestamp;
use hg_store::{Sql, ToValue, Tx, Value};
use serde_json::json;

use crate::contacts::save::{self, Change, IDENTIFYING, unique_key};
use crate::contacts::{self, Contact, Existing, NewDoNotContact, Source, Values, row};
use crate::error::Result;
use crate::fields::store::key_column;
use crate::imports::undo::noted;
use crate::imports::{Counts, ImportOptions, extras};
use crate::workspace::Workspace;
use crate::{companies, consents, segments, tags};

/// What every batch of an import has in common.
#[derive(Clone)]
pub(super) struct Shared {
    pub import: ImportId,
    pub options: ImportOptions,
    /// Everything is written down, so that it can be undone.
    pub logged: bool,
    /// Aliases of the fields that columns go to.
    pub mapped: Vec<String>,
}

/// A contact to be made, gathered from one or more rows.
struct New<'a> {
    values: Values,
    rows: Vec<&'a NewRow>,
}

/// Writes the rows; how many came to what.
pub(super) fn write(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    shared: &Shared,
    place: i64,
    rows: &[(i64, NewRow)],
) -> Result<Counts> {
    let now = ws.clock.now();
    let existing = Known::find(tx, fields, rows)?;
    let targets: Vec<ContactId> = existing.ids();
    let before: HashMap<ContactId, Contact> = row::load_many(tx, fields, &targets)?.into_iter().map(|c| (c.id, c)).collect();
    let hands = match shared.options.segment_id.filter(|_| shared.logged) {
        Some(segment) => Some(noted::hands(tx, SegmentId(segment), before.keys().copied())?),
        None => None,
    };
    // Those whom more than one row is about, as the row before left them.
    let mut again: HashMap<ContactId, Contact> = HashMap::new();
    let mut owners = HashMap::new();
    let mut counts = Counts::default();
    let mut new: Vec<New<'_>> = Vec::new();
    let mut new_by_key: HashMap<(String, String), usize> = HashMap::new();
    let mut touched: BTreeSet<ContactId> = BTreeSet::new();
    let mut met: Vec<(ContactId, &NewRow)> = Vec::new();
    for (_, row) in rows {
        let keys = keys(fields, row);
        let target = existing.of(row, &keys).filter(|id| before.contains_key(id));
        // A second row about one contact meets what the first one wrote.
        if let Some(id) = target.filter(|id| touched.contains(id)) {
            again.extend(row::load_many(tx, fields, &[id])?.into_iter().map(|c| (c.id, c)));
        }
        if let Some(contact) = target.and_then(|id| again.get(&id).or_else(|| before.get(&id))) {
            let owner = owner(tx, &mut owners, shared, row)?;
            if update(ws, tx, fields, shared, contact, row, owner, now)? {
                counts.updated += 1;
            } else {
                counts.skipped += 1;
            }
            extras::dates(tx, contact.id, row)?;
            met.push((contact.id, row));
            touched.insert(contact.id);
        } else if let Some(same) = keys.iter().find_map(|key| new_by_key.get(key).copied()) {
            let values: Vec<(String, FieldValue)> = extras::values(row)
                .filter(|(alias, _)| {
                    !shared.options.skip_existing || new[same].values.get(alias).is_none_or(FieldValue::is_empty)
                })
                .collect();
            new[same].values.extend(values);
            new[same].rows.push(row);
            counts.updated += 1;
        } else {
            for key in keys {
                new_by_key.insert(key, new.len());
            }
            new.push(New { values: extras::values(row).collect(), rows: vec![row] });
            counts.created += 1;
        }
    }
    let employers = employ(tx, fields, shared, &mut new, now)?;
    let made = insert(tx, fields, shared, &new, &mut owners, now)?;
    let links: Vec<Value> = made
        .iter()
        .zip(&employers)
        .filter_map(|(contact, company)| {
            Some([Value::Int(contact.0), Value::Int((*company)?.0), Value::Int(1), Value::Int(now.0)])
        })
        .flatten()
        .collect();
    tx.insert_many("INSERT INTO contact_companies (contact_id, company_id, is_primary, added_at)", "", 4, &links)?;
    hang_on(ws, tx, shared, &new, &made, now)?;
    let placed: Vec<(ContactId, &NewRow)> =
        new.iter().zip(&made).flat_map(|(contact, id)| contact.rows.iter().map(|row| (*id, *row))).chain(met).collect();
    let agreed: BTreeSet<ContactId> =
        placed.iter().filter(|(_, row)| all_consents(shared, row).next().is_some()).map(|(id, _)| *id).collect();
    extras::stages(ws, tx, &placed, now)?;
    extras::companies(ws, tx, fields, shared, rows, now)?;
    let were: BTreeSet<ContactId> = std::mem::take(&mut touched);
    touched.extend(were.iter().chain(&made));
    after(ws, tx, shared, &touched.into_iter().collect::<Vec<_>>())?;
    if shared.logged {
        noted::made(tx, shared.import, place, &made.iter().map(|id| id.bit()).collect())?;
        let agreed: Vec<ContactId> = agreed.into_iter().filter(|id| were.contains(id)).collect();
        let mut before = before;
        before.retain(|id, _| were.contains(id));
        noted::changed(tx, fields, shared.import, &before, hands.as_ref(), &agreed)?;
    }
    Ok(counts)
}

/// The identifiers of a row: field and normalised value.
fn keys(fields: &FieldCatalogue, row: &NewRow) -> Vec<(String, String)> {
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
    by_key: HashMap<(String, String), ContactId>,
    by_id: HashMap<i64, ContactId>,
}

impl Known {
    pub fn find(tx: &mut Tx<'_>, fields: &FieldCatalogue, rows: &[(i64, NewRow)]) -> Result<Known> {
        let mut known = Known { by_key: HashMap::new(), by_id: HashMap::new() };
        for field in fields.unique() {
            let Some(column) = &field.column else { continue };
            let wanted: Vec<String> = rows
                .iter()
                .filter_map(|(_, row)| row.values.iter().find(|(alias, _)| *alias == field.alias))
                .filter_map(|(_, value)| unique_key(field, value))
                .collect();
            if wanted.is_empty() {
                continue;
            }
            let key = key_column(column);
            let text = format!("SELECT {key}, id FROM contacts WHERE {key} @intext($1) AND deleted_at IS NULL");
            let found = tx.all(Sql::new(text).bind(json!(wanted)), |r| Ok((r.get::<String>(0)?, r.get::<ContactId>(1)?)))?;
            known.by_key.extend(found.into_iter().map(|(key, id)| ((field.alias.clone(), key), id)));
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

    fn ids(&self) -> Vec<ContactId> {
        let mut ids: Vec<ContactId> = self.by_key.values().chain(self.by_id.values()).copied().collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The contact that a row means; of several the newest.
    fn of(&self, row: &NewRow, keys: &[(String, String)]) -> Option<ContactId> {
        let by_id = row.id.and_then(|id| self.by_id.get(&id).copied());
        by_id.or_else(|| keys.iter().filter_map(|key| self.by_key.get(key).copied()).max())
    }
}

/// Whether a contact is there, and if so whether anything would change; and the keys by which it was looked for.
pub(super) type Judged = (Option<bool>, Vec<(String, String)>);

/// What a dry run would say of rows: for each whether its contact is there, and whether anything would change.
pub(super) fn judge(
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    options: &ImportOptions,
    rows: &[(i64, NewRow)],
) -> Result<Vec<Judged>> {
    let known = Known::find(tx, fields, rows)?;
    let loaded: HashMap<ContactId, Contact> = row::load_many(tx, fields, &known.ids())?.into_iter().map(|c| (c.id, c)).collect();
    Ok(rows
        .iter()
        .map(|(_, row)| {
            let keys = keys(fields, row);
            let target = known.of(row, &keys).and_then(|id| loaded.get(&id));
            let differs = target.map(|contact| {
                let tagged =
                    row.add_tags.iter().chain(&options.tags).any(|tag| !contact.tags.iter().any(|(_, t)| fold(t) == fold(tag)));
                tagged || row.values.iter().any(|(alias, value)| differs(contact, alias, value, options.skip_existing))
            });
            (differs, keys)
        })
        .collect())
}

fn differs(contact: &Contact, alias: &str, value: &FieldValue, keep: bool) -> bool {
    let before = contact.values.get(alias).unwrap_or(&FieldValue::Empty);
    before != value && (!keep || before.is_empty()) && alias != "points"
}

/// Changes a contact that is there; whether anything changed.
#[allow(clippy::too_many_arguments)]
fn update(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    shared: &Shared,
    contact: &Contact,
    row: &NewRow,
    owner: Option<UserId>,
    now: Timestamp,
) -> Result<bool> {
    // Points are for new contacts only.
    let values: Values = extras::values(row).filter(|(alias, _)| alias != "points").collect();
    let change = Change {
        values: &values,
        existing: if shared.options.skip_existing { Existing::Keep } else { Existing::Overwrite },
        blanks_clear: true,
        owner: owner.map(Some),
        source: Source::Import(shared.import.0),
        now,
    };
    let written = save::write(tx, fields, Some(contact), &change)?;
    let mut changed = !written.changed.is_empty();
    for name in row.add_tags.iter().chain(&shared.options.tags) {
        if let Some((tag, name)) = tags::ensure(tx, name, now)?
            && !contact.tags.iter().any(|(id, _)| *id == tag)
        {
            contacts::tag_one(tx, contact.id, tag, &name, now)?;
            changed = true;
        }
    }
    if !row.remove_tags.is_empty() {
        contacts::change_tags(ws, tx, contact.id, &[], &row.remove_tags)?;
    }
    changed |= mail_and_consents(ws, tx, shared, contact.id, row)?;
    Ok(changed)
}

fn mail_and_consents(ws: &Workspace, tx: &mut Tx<'_>, shared: &Shared, contact: ContactId, row: &NewRow) -> Result<bool> {
    let mut changed = match row.do_not_mail {
        Some(true) => {
            let entry = NewDoNotContact { channel: "email".into(), reason: 3, channel_id: None, comments: "Imported".into() };
            contacts::write_do_not_contact(ws, tx, contact, &entry)?
        }
        Some(false) => contacts::lift_do_not_contact(ws, tx, contact, "email", None)?,
        None => false,
    };
    let source = format!("import {}", shared.import);
    for (purpose, given) in all_consents(shared, row) {
        changed |= consents::record(ws, tx, contact, purpose, given, shared.options.words(given), &source, None)?;
    }
    Ok(changed)
}

fn all_consents<'a>(shared: &'a Shared, row: &'a NewRow) -> impl Iterator<Item = (&'a str, bool)> {
    let everybody = shared.options.purpose.as_deref().filter(|p| !p.trim().is_empty()).map(|p| (p.trim(), true));
    row.consents.iter().map(|(purpose, given)| (purpose.as_str(), *given)).chain(everybody)
}

/// The owner that a row or the whole import names.
fn owner(tx: &mut Tx<'_>, known: &mut HashMap<String, Option<UserId>>, shared: &Shared, row: &NewRow) -> Result<Option<UserId>> {
    let default = shared.options.owner_id.map(UserId);
    let Some(email) = &row.owner else { return Ok(default) };
    if let Some(found) = known.get(email) {
        return Ok(found.or(default));
    }
    let found: Option<UserId> = tx.opt(
        Sql::new("SELECT id FROM users WHERE email_key = $1 AND deleted_at IS NULL").bind(email.trim().to_lowercase()),
        |r| r.get(0),
    )?;
    known.insert(email.clone(), found);
    Ok(found.or(default))
}

/// The company of each contact to be made, found or made for all of them together; her text is the company's name.
fn employ(
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
            contact.values.insert("company".to_owned(), FieldValue::Text(name.clone()));
        }
    }
    Ok(found.into_iter().map(|company| company.map(|(id, _)| id)).collect())
}

/// Makes contacts; their ids in the order of `new`.
fn insert(
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
        .filter(|f| f.column.is_some())
        .collect();
    let overflow: Vec<&FieldDef> =
        fields.published().filter(|f| shared.mapped.contains(&f.alias) && f.column.is_none()).collect();
    let mut columns: Vec<String> =
        ["created_at", "updated_at", "identified_at", "owner_id", "name_fold", "email_fold", "company_fold", "overflow"]
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
fn hang_on(ws: &Workspace, tx: &mut Tx<'_>, shared: &Shared, new: &[New<'_>], made: &[ContactId], now: Timestamp) -> Result<()> {
    let mut tag_ids: HashMap<String, Option<TagId>> = HashMap::new();
    let mut tag_rows = Vec::new();
    let mut consent_rows = Vec::new();
    let mut event_rows = Vec::new();
    let source = format!("import {}", shared.import);
    for (contact, id) in new.iter().zip(made) {
        event_rows.extend([
            Value::Int(id.0),
            Value::Int(EventKind::Created.code()),
            Value::Int(now.0),
            Value::Int(shared.import.0),
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
    tx.insert_many("INSERT INTO events (contact_id, kind, occurred_at, object_id)", "", 4, &event_rows)?;
    tx.insert_many("INSERT INTO contact_tags (contact_id, tag_id, added_at)", "ON CONFLICT DO NOTHING", 3, &tag_rows)?;
    tx.insert_many("INSERT INTO consents (contact_id, purpose, given, source, at, text_shown)", "", 6, &consent_rows)?;
    Ok(())
}

/// Segments: the one that the import fills by hand, and every filter.
fn after(ws: &Workspace, tx: &mut Tx<'_>, shared: &Shared, touched: &[ContactId]) -> Result<()> {
    if touched.is_empty() {
        return Ok(());
    }
    if let Some(segment) = shared.options.segment_id {
        segments::change_by_hand_in(ws, tx, SegmentId(segment), touched, true, "import", None)?;
    }
    for segment in segments::refresh_contacts(ws, tx, touched, "import")? {
        crate::campaigns::sources_changed(ws, tx, segment)?;
    }
    Ok(())
}
