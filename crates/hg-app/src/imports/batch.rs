//! Writes one batch of rows in one transaction: contacts, tags, consents, events, segments, the place in the file.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use hg_core::contacts::FieldCatalogue;
use hg_core::ids::{ContactId, ImportId, SegmentId, UserId};
use hg_core::imports::{NewRow, Object, Rejected};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx, Value};

use crate::contacts::save::{self, Change};
use crate::contacts::{self, Contact, Existing, NewDoNotContact, Source, row};
use crate::error::Result;
use crate::imports::insert::{New, employ, hang_on, insert};
use crate::imports::known::{Known, Place, without};
use crate::imports::reader::Batch;
use crate::imports::rules::Rules;
use crate::imports::undo::noted;
use crate::imports::{Counts, ImportOptions, extras};
use crate::workspace::Workspace;
use crate::{consents, segments, tags};

/// What every batch of an import has in common.
#[derive(Clone)]
pub(super) struct Shared {
    pub import: ImportId,
    pub object: Object,
    pub options: ImportOptions,
    pub rules: Rules,
    /// Everything is written down, so that it can be undone.
    pub logged: bool,
    /// Aliases of the fields that columns go to.
    pub mapped: Vec<String>,
}

/// What came of a batch.
#[derive(Default)]
pub(super) struct Written {
    pub counts: Counts,
    /// Rows that cannot be written beside what is there, with their lines.
    pub rejected: Vec<(i64, Rejected)>,
}

/// Writes the rows; how many came to what.
pub(super) fn write(ws: &Workspace, tx: &mut Tx<'_>, fields: &FieldCatalogue, shared: &Shared, batch: &Batch) -> Result<Written> {
    let now = ws.clock.now();
    let mut known = Known::find(tx, fields, &batch.rows, &batch.keys)?;
    let before: HashMap<ContactId, Contact> = row::load_many(tx, fields, &known.ids())?.into_iter().map(|c| (c.id, c)).collect();
    let hands = match shared.options.segment_id.filter(|_| shared.logged) {
        Some(segment) => Some(noted::hands(tx, SegmentId(segment), before.keys().copied())?),
        None => None,
    };
    // Those whom more than one row is about, as the row before left them.
    let mut again: HashMap<ContactId, Contact> = HashMap::new();
    let mut owners = HashMap::new();
    let mut written = Written::default();
    let mut new: Vec<New<'_>> = Vec::new();
    let mut touched: BTreeSet<ContactId> = BTreeSet::new();
    let mut met: Vec<(ContactId, &NewRow)> = Vec::new();
    for ((line, row), keys) in batch.rows.iter().zip(&batch.keys) {
        let mut keys = keys.clone();
        let since = |id: ContactId| before.get(&id).map(|contact| contact.created_at);
        let (place, told) = match known.of(fields, row, &keys, shared.rules.all_identifiers, since) {
            Ok(None) => (None, Cow::Borrowed(row)),
            Ok(Some(meant)) => {
                keys.retain(|key| !meant.others.contains(&key.0));
                (Some(meant.place), without(row, &meant.others))
            }
            Err(reason) => {
                written.rejected.push((*line, reason));
                continue;
            }
        };
        known.take(keys, place.unwrap_or(Place::New(new.len())));
        match place {
            Some(Place::There(id)) => {
                // A second row about one contact meets what the first one wrote.
                if touched.contains(&id) {
                    again.extend(row::load_many(tx, fields, &[id])?.into_iter().map(|c| (c.id, c)));
                }
                let Some(contact) = again.get(&id).or_else(|| before.get(&id)) else { continue };
                let owner = owner(tx, &mut owners, shared, row)?;
                if update(ws, tx, fields, shared, contact, &told, owner, now)? {
                    written.counts.updated += 1;
                } else {
                    written.counts.skipped += 1;
                }
                extras::dates(tx, id, row)?;
                extras::modified_by(tx, shared, id, row, now)?;
                met.push((id, row));
                touched.insert(id);
            }
            Some(Place::New(same)) => {
                let values = shared.rules.written(&new[same].values, &told);
                new[same].values.extend(values);
                new[same].rows.push(row);
                written.counts.updated += 1;
            }
            None => {
                new.push(New { values: extras::values(row).collect(), rows: vec![row] });
                written.counts.created += 1;
            }
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
    extras::addresses(tx, &placed, now)?;
    extras::companies(ws, tx, fields, shared, &placed, now)?;
    let were: BTreeSet<ContactId> = std::mem::take(&mut touched);
    touched.extend(were.iter().chain(&made));
    after(ws, tx, shared, &touched.into_iter().collect::<Vec<_>>())?;
    if shared.logged {
        noted::made(tx, shared.import, batch.from, &made.iter().map(|id| id.bit()).collect())?;
        let agreed: Vec<ContactId> = agreed.into_iter().filter(|id| were.contains(id)).collect();
        let mut before = before;
        before.retain(|id, _| were.contains(id));
        noted::changed(tx, fields, shared.import, &before, hands.as_ref(), &agreed)?;
    }
    Ok(written)
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
    let mut values = shared.rules.written(&contact.values, row);
    values.remove("points");
    let change = Change {
        values: &values,
        existing: Existing::Overwrite,
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

pub(super) fn all_consents<'a>(shared: &'a Shared, row: &'a NewRow) -> impl Iterator<Item = (&'a str, bool)> {
    let everybody = shared.options.purpose.as_deref().filter(|p| !p.trim().is_empty()).map(|p| (p.trim(), true));
    row.consents.iter().map(|(purpose, given)| (purpose.as_str(), *given)).chain(everybody)
}

/// The owner that a row or the whole import names.
pub(super) fn owner(
    tx: &mut Tx<'_>,
    known: &mut HashMap<String, Option<UserId>>,
    shared: &Shared,
    row: &NewRow,
) -> Result<Option<UserId>> {
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

/// Segments: the one that the import fills by hand, and every filter.
fn after(ws: &Workspace, tx: &mut Tx<'_>, shared: &Shared, touched: &[ContactId]) -> Result<()> {
    if touched.is_empty() {
        return Ok(());
    }
    if let Some(segment) = shared.options.segment_id {
        segments::change_by_hand_in(ws, tx, SegmentId(segment), touched, true, "import", None)?;
    }
    for segment in segments::refresh_contacts(ws, tx, touched, "import")? {
        crate::sending::audience_changed(ws, tx, segment)?;
        crate::campaigns::sources_changed(ws, tx, segment)?;
    }
    crate::campaigns::company_sources_changed(ws, tx)
}
