//! Use cases of one contact.

use std::collections::{BTreeMap, HashMap};

use hg_core::contacts::{FieldCatalogue, FieldValue};
use hg_core::events::EventKind;
use hg_core::ids::{ContactId, UserId};
use hg_core::text::Email;
use hg_core::time::{self, Timestamp};
use hg_store::{Sql, Tx};
use serde_json::json;

use crate::audit::{self, Changes, Deed, Entry};
use crate::changes::{self, Happening};
use crate::companies;
use crate::contacts::{
    Contact, ContactInput, ContactName, ContactProblem, Existing, Source, Values, marks, row,
    save::{self, Change, Written, unique_key},
};
use crate::cx::{Action, Actor, Area, Cx};
use crate::error::{Error, ErrorKind, FieldError, Result};
use crate::fields::{self, store::key_column};
use crate::users;
use crate::workspace::Workspace;

/// The id that an id leads to: itself, or the contact that it was merged into.
pub fn survivor(tx: &mut Tx<'_>, id: ContactId) -> Result<ContactId> {
    let there: Option<i64> =
        tx.opt(Sql::new("SELECT id FROM contacts WHERE id = $1 AND deleted_at IS NULL").bind(id), |r| r.get(0))?;
    if there.is_some() {
        return Ok(id);
    }
    let winner: Option<ContactId> = tx.opt(
        Sql::new(
            "SELECT m.winner_id FROM contact_merges m JOIN contacts c ON c.id = m.winner_id \
             WHERE m.loser_id = $1 AND c.deleted_at IS NULL",
        )
        .bind(id),
        |r| r.get(0),
    )?;
    winner.ok_or_else(|| Error::not_found("contact", id))
}

/// A contact, or the one that it was merged into, with everything that hangs on it.
pub fn load(ws: &Workspace, tx: &mut Tx<'_>, id: ContactId) -> Result<Contact> {
    let id = survivor(tx, id)?;
    let fields = fields::catalogue(ws, tx)?;
    row::load_many(tx, &fields, &[id])?.pop().ok_or_else(|| Error::not_found("contact", id))
}

pub async fn get(cx: &Cx, id: ContactId) -> Result<Contact> {
    cx.may(Action::View(Area::Contacts))?;
    let ws = cx.ws.clone();
    cx.db().read(move |tx| load(&ws, tx, id)).await
}

/// Contacts in the order of their ids as given; those that are gone are left out.
pub fn get_many(ws: &Workspace, tx: &mut Tx<'_>, ids: &[ContactId]) -> Result<Vec<Contact>> {
    let fields = fields::catalogue(ws, tx)?;
    row::load_many(tx, &fields, ids)
}

/// The same for whoever shows contacts beside something else.
pub async fn several(cx: &Cx, ids: Vec<ContactId>) -> Result<Vec<Contact>> {
    cx.may(Action::View(Area::Contacts))?;
    let ws = cx.ws.clone();
    cx.db().read(move |tx| get_many(&ws, tx, &ids)).await
}

/// Reads values as they came against the catalogue; every mistake is reported, each at its field.
pub fn read_values(fields: &FieldCatalogue, sent: &BTreeMap<String, serde_json::Value>, zone: &str) -> Result<Values> {
    let zone = time::zone_or(Some(zone), &time::TimeZone::UTC);
    let mut values = Values::new();
    let mut wrong = Vec::new();
    for (alias, sent) in sent {
        let Some(field) = fields.get(alias).filter(|f| f.published) else {
            let problem = ContactProblem::UnknownField(alias.clone());
            wrong.push(FieldError::new(format!("/fields/{alias}"), "contact.unknown-field", problem.to_string()));
            continue;
        };
        match field.read_json(sent, &zone) {
            Ok(value) => {
                values.insert(alias.clone(), value);
            }
            Err(error) => {
                wrong.push(FieldError::new(format!("/fields/{alias}"), "contact.value", format!("{}: {error}.", field.label)))
            }
        }
    }
    if wrong.is_empty() {
        return Ok(values);
    }
    let detail = wrong.iter().map(|w| w.detail.as_str()).collect::<Vec<_>>().join(" ");
    Err(ContactProblem::Many(detail, wrong).into())
}

fn source(cx: &Cx) -> Source {
    match &cx.actor {
        Actor::User { id, api: true, .. } => Source::Api(Some(*id)),
        Actor::User { id, .. } => Source::User(Some(*id)),
        Actor::System => Source::Engine,
        Actor::Public => Source::Web,
    }
}

/// Makes a contact. `match_existing`: when a unique value is another contact's, that one is changed instead.
/// Whether it was made.
pub async fn create(cx: &Cx, input: ContactInput, match_existing: bool) -> Result<(Contact, bool)> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, source, who, now) = (cx.ws.clone(), source(cx), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let values = read_values(&fields, &input.fields, &ws.settings().general.timezone)?;
            users::checked_owner(tx, input.owner_id)?;
            let found = if match_existing { find_by_unique(&ws, tx, &fields, &values)? } else { None };
            let target = found.map(|id| load(&ws, tx, id)).transpose()?;
            if target.is_none() {
                require(&fields, &values)?;
            }
            let change = Change {
                values: &values,
                existing: Existing::Overwrite,
                blanks_clear: false,
                owner: input.owner_id,
                source,
                now,
            };
            let written = save::write(tx, &fields, target.as_ref(), &change)?;
            apply_marks(&ws, tx, written.id, &input)?;
            let contact = load(&ws, tx, written.id)?;
            let changes = difference(target.as_ref(), &contact);
            let deed = if written.created { Deed::Create } else { Deed::Update };
            audit::record(tx, &who, entry(deed, &contact).changes(changes))?;
            Ok((contact, written.created))
        })
        .await
}

fn entry(deed: Deed, contact: &Contact) -> Entry {
    Entry::new(deed, "contact", contact.id.0, contact.name())
}

/// What a write changed of a contact.
fn difference(before: Option<&Contact>, after: &Contact) -> Changes {
    let text = |contact: Option<&Contact>, alias: &str| contact.and_then(|c| c.text(alias));
    let mut changes = Changes::new();
    for alias in after.values.keys() {
        changes = changes.field(alias, &text(before, alias), &text(Some(after), alias));
    }
    let tags = |contact: Option<&Contact>| contact.map(|c| c.tags.iter().map(|t| t.1.clone()).collect()).unwrap_or_default();
    let blocked = |contact: Option<&Contact>| -> Vec<String> {
        contact
            .map(|c| c.do_not_contact.iter().map(|d| format!("{}:{}", d.channel, d.reason_key())).collect())
            .unwrap_or_default()
    };
    changes
        .field::<Vec<String>>("tags", &tags(before), &tags(Some(after)))
        .field("do_not_contact", &blocked(before), &blocked(Some(after)))
        .field("owner_id", &before.and_then(|c| c.owner_id).map(|o| o.0), &after.owner_id.map(|o| o.0))
}

fn require(fields: &FieldCatalogue, values: &Values) -> Result<()> {
    let missing = fields
        .published()
        .find(|f| f.required && values.get(&f.alias).is_none_or(FieldValue::is_empty) && f.default_value.is_none());
    match missing {
        Some(field) => Err(ContactProblem::Required { alias: field.alias.clone(), label: field.label.clone() }.into()),
        None => Ok(()),
    }
}

fn apply_marks(ws: &Workspace, tx: &mut Tx<'_>, id: ContactId, input: &ContactInput) -> Result<()> {
    let (add, remove) = marks::split_tags(&input.tags);
    marks::change_tags(ws, tx, id, &add, &remove)?;
    for entry in &input.do_not_contact {
        marks::write_do_not_contact(ws, tx, id, entry)?;
    }
    if let Some(companies) = &input.companies {
        let no_company = |error: Error| match error.kind {
            ErrorKind::NotFound => Error::field("/companies", "contact.unknown-company", error.detail),
            _ => error,
        };
        companies::replace_links_in(tx, id, companies, ws.clock.now()).map_err(no_company)?;
    }
    Ok(())
}

/// The contact that has a unique value which these say, and is not the one given.
pub async fn other_holder(cx: &Cx, id: ContactId, input: ContactInput) -> Result<Option<ContactId>> {
    cx.may(Action::View(Area::Contacts))?;
    let ws = cx.ws.clone();
    cx.db()
        .read(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let values = read_values(&fields, &input.fields, &ws.settings().general.timezone)?;
            for field in fields.unique() {
                let one: Values =
                    values.iter().filter(|(alias, _)| **alias == field.alias).map(|(a, v)| (a.clone(), v.clone())).collect();
                if let Some(other) = find_by_unique(&ws, tx, &fields, &one)?.filter(|other| *other != id) {
                    return Ok(Some(other));
                }
            }
            Ok(None)
        })
        .await
}

/// Changes the named values of a contact; a blank value clears.
pub async fn update(cx: &Cx, id: ContactId, input: ContactInput, blanks_clear: bool) -> Result<Contact> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, source, who, now) = (cx.ws.clone(), source(cx), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let values = read_values(&fields, &input.fields, &ws.settings().general.timezone)?;
            users::checked_owner(tx, input.owner_id)?;
            let contact = load(&ws, tx, id)?;
            if input.version.is_some_and(|v| v != contact.version) {
                return Err(Error::changed_meanwhile("contact"));
            }
            let change =
                Change { values: &values, existing: Existing::Overwrite, blanks_clear, owner: input.owner_id, source, now };
            save::write(tx, &fields, Some(&contact), &change)?;
            apply_marks(&ws, tx, contact.id, &input)?;
            let after = load(&ws, tx, contact.id)?;
            audit::record(tx, &who, entry(Deed::Update, &after).changes(difference(Some(&contact), &after)))?;
            Ok(after)
        })
        .await
}

/// Finds a contact by its unique values; of several the newest. One value is enough, or all that are given must be hers:
/// as the settings say.
pub(crate) fn find_by_unique(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    values: &Values,
) -> Result<Option<ContactId>> {
    let all = ws.settings().identity.all_identifiers;
    let (mut newest, mut asked) = (None, 0);
    for field in fields.unique() {
        let Some(key) = values.get(&field.alias).and_then(|v| unique_key(field, v)) else { continue };
        let Some(column) = &field.column else { continue };
        let text = format!("SELECT created_at, id FROM contacts WHERE {} = $1 AND deleted_at IS NULL", key_column(column));
        let found: Option<(i64, ContactId)> = tx.opt(Sql::new(text).bind(key), |r| Ok((r.get(0)?, r.get(1)?)))?;
        if all && (found.is_none() || asked > 0 && found != newest) {
            return Ok(None);
        }
        newest = newest.max(found);
        asked += 1;
    }
    Ok(newest.map(|(_, id)| id))
}

/// The contact of an e-mail address, however it is written.
pub fn find_by_email(_ws: &Workspace, tx: &mut Tx<'_>, email: &str) -> Result<Option<ContactId>> {
    let Ok(email) = Email::parse(email) else { return Ok(None) };
    Ok(tx.opt(Sql::new("SELECT id FROM contacts WHERE email_key = $1 AND deleted_at IS NULL").bind(email.key()), |r| r.get(0))?)
}

/// Whether an address, or the contact that has it, must not be mailed.
pub fn is_suppressed(tx: &mut Tx<'_>, contact: ContactId, channel: &str) -> Result<bool> {
    let n: i64 = tx.scalar(
        Sql::new("SELECT count(*) FROM do_not_contact WHERE contact_id = $1 AND channel = $2").bind(contact).bind(channel),
    )?;
    Ok(n > 0)
}

/// Finds the contact that these values name or makes one, and writes the values, in the caller's transaction. Blank
/// values change nothing. Whether it was made.
pub fn create_or_update(ws: &Workspace, tx: &mut Tx<'_>, values: &Values, source: Source) -> Result<(ContactId, bool)> {
    let fields = fields::catalogue(ws, tx)?;
    let found = find_by_unique(ws, tx, &fields, values)?;
    let target = found.map(|id| load(ws, tx, id)).transpose()?;
    let change = Change { values, existing: Existing::Overwrite, blanks_clear: false, owner: None, source, now: ws.clock.now() };
    let Written { id, created, .. } = save::write(tx, &fields, target.as_ref(), &change)?;
    Ok((id, created))
}

/// The time zone of a contact, when she has one.
pub fn zone_of(tx: &mut Tx<'_>, contact: ContactId) -> Result<Option<String>> {
    let zone: Option<Option<String>> =
        tx.opt(Sql::new("SELECT timezone FROM contacts WHERE id = $1").bind(contact), |r| r.get(0))?;
    Ok(zone.flatten())
}

/// What to call contacts; deleted ones too, for what is told about the past.
pub fn names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<i64, ContactName>> {
    let rows = tx
        .all(Sql::new("SELECT id, firstname, lastname, company, email FROM contacts WHERE id @in($1)").bind(ids), |r| {
            Ok((r.get::<i64>(0)?, [r.get(1)?, r.get(2)?, r.get(3)?, r.get::<Option<String>>(4)?]))
        })?;
    let name = |[first, last, company, email]: [Option<String>; 4]| {
        let full = [first, last].into_iter().flatten().filter(|n| !n.is_empty()).collect::<Vec<_>>().join(" ");
        let name = Some(full).filter(|n| !n.is_empty()).or(company).or_else(|| email.clone());
        ContactName { name: name.unwrap_or_else(|| "Anonymous".to_owned()), email }
    };
    Ok(rows.into_iter().map(|(id, parts)| (id, name(parts))).collect())
}

/// The same for whoever shows contacts beside something else.
pub async fn names_of(cx: &Cx, ids: Vec<i64>) -> Result<HashMap<i64, ContactName>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db().read(move |tx| names(tx, &ids)).await
}

/// Says when a contact was added: administrators who bring people over from elsewhere may. What differs by less than a
/// second is the same, for other programs do not write smaller parts.
pub async fn set_created_at(cx: &Cx, id: ContactId, at: Timestamp) -> Result<()> {
    cx.may(Action::Edit(Area::Users))?;
    let (ws, who, now) = (cx.ws.clone(), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let contact = load(&ws, tx, id)?;
            if contact.created_at.0.div_euclid(1_000) == at.0.div_euclid(1_000) {
                return Ok(());
            }
            let text = "UPDATE contacts SET created_at = $2, updated_at = $3, version = version + 1 WHERE id = $1";
            tx.exec(Sql::new(text).bind(contact.id).bind(at).bind(now))?;
            let happening = Happening::new(contact.id, EventKind::FieldsChanged, now);
            changes::queue(tx, &happening.detail(json!({"fields": ["date_added"]})))?;
            let changes = Changes::new().field("created_at", &contact.created_at.rfc3339(), &at.rfc3339());
            audit::record(tx, &who, entry(Deed::Update, &contact).changes(changes))
        })
        .await
}

/// Deletes a contact; she can be brought back for as long as the trash is kept.
pub async fn delete(cx: &Cx, id: ContactId) -> Result<Contact> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, who) = (cx.ws.clone(), cx.who());
    cx.db()
        .write(move |tx| {
            let contact = load(&ws, tx, id)?;
            set_deleted(&ws, tx, &[contact.id], true)?;
            audit::record(tx, &who, entry(Deed::Delete, &contact))?;
            Ok(contact)
        })
        .await
}

/// Brings a deleted contact back.
pub async fn restore(cx: &Cx, id: ContactId) -> Result<Contact> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, who) = (cx.ws.clone(), cx.who());
    cx.db()
        .write(move |tx| {
            set_deleted(&ws, tx, &[id], false)?;
            let contact = load(&ws, tx, id)?;
            audit::record(tx, &who, entry(Deed::Restore, &contact))?;
            Ok(contact)
        })
        .await
}

/// Gives contacts an owner, or none; which of them had another.
pub(crate) fn set_owner(ws: &Workspace, tx: &mut Tx<'_>, ids: &[ContactId], owner: Option<UserId>) -> Result<Vec<ContactId>> {
    if let Some(owner) = owner {
        let user = Sql::new("SELECT id FROM users WHERE id = $1 AND deleted_at IS NULL").bind(owner);
        tx.opt(user, |r| r.get::<UserId>(0))?.ok_or_else(|| Error::not_found("user", owner))?;
    }
    let now = ws.clock.now();
    let plain: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let text = "UPDATE contacts SET owner_id = $2, updated_at = $3, version = version + 1 \
                WHERE id @in($1) AND deleted_at IS NULL AND coalesce(owner_id, 0) <> coalesce($2, 0) RETURNING id";
    let sql = Sql::new(text).bind(plain.as_slice()).bind(owner).bind(now);
    let touched = tx.all(sql, |r| r.get::<ContactId>(0))?;
    for id in &touched {
        changes::queue(tx, &Happening::new(*id, EventKind::FieldsChanged, now).detail(json!({"fields": ["owner_id"]})))?;
    }
    Ok(touched)
}

/// Deletes or brings back; whom it was.
pub(crate) fn set_deleted(ws: &Workspace, tx: &mut Tx<'_>, ids: &[ContactId], deleted: bool) -> Result<Vec<ContactId>> {
    let now = ws.clock.now();
    let plain: Vec<i64> = ids.iter().map(|id| id.0).collect();
    let text = if deleted {
        "UPDATE contacts SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id @in($1) AND deleted_at IS NULL RETURNING id"
    } else {
        // Who was merged comes back by undoing the merge.
        "UPDATE contacts SET deleted_at = NULL, updated_at = $2, version = version + 1 WHERE id @in($1) AND deleted_at IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM contact_merges m WHERE m.loser_id = contacts.id) \
         AND NOT EXISTS (SELECT 1 FROM erasures e WHERE e.contact_id = contacts.id) RETURNING id"
    };
    let touched = tx.all(Sql::new(text).bind(plain.as_slice()).bind(now), |r| r.get::<ContactId>(0))?;
    for id in &touched {
        changes::record(tx, Happening::new(*id, EventKind::DeletedChanged, now).detail(json!({"deleted": deleted})))?;
    }
    Ok(touched)
}
