//! Which contacts belong to which companies, and whose name stands in the contact.

use std::collections::HashMap;

use hg_core::events::EventKind;
use hg_core::ids::{CompanyId, ContactId};
use hg_core::text::fold;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx, Value};
use serde_json::json;

use crate::changes::{self, Happening};
use crate::companies::{CompanyLink, CompanyMember, CompanyProblem, log, service};
use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::list::{ListQuery, Page};
use crate::settings;

/// The companies of contacts, the primary one first, then the latest.
pub(crate) fn links_in(tx: &mut Tx<'_>, contacts: &[i64]) -> Result<HashMap<ContactId, Vec<CompanyLink>>> {
    let mut found: HashMap<ContactId, Vec<CompanyLink>> = HashMap::new();
    let rows = tx.all(
        Sql::new(
            "SELECT l.contact_id, l.company_id, c.companyname, l.is_primary, l.added_at FROM contact_companies l \
             JOIN companies c ON c.id = l.company_id WHERE l.contact_id @in($1) AND c.deleted_at IS NULL \
             ORDER BY l.contact_id, l.is_primary DESC, l.added_at DESC, l.company_id DESC",
        )
        .bind(contacts),
        |r| {
            let name: Option<String> = r.get(2)?;
            let link = CompanyLink { id: r.get(1)?, name: name.unwrap_or_default(), primary: r.get(3)?, added_at: r.get(4)? };
            Ok((r.get::<ContactId>(0)?, link))
        },
    )?;
    for (contact, link) in rows {
        found.entry(contact).or_default().push(link);
    }
    Ok(found)
}

/// The companies of a contact.
pub async fn links_of(cx: &Cx, contact: ContactId) -> Result<Vec<CompanyLink>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            Ok(links_in(tx, &[contact.0])?.remove(&contact).unwrap_or_default())
        })
        .await
}

/// The contacts of a company, the newest first.
pub async fn contacts_of(cx: &Cx, company: CompanyId, query: ListQuery) -> Result<Page<CompanyMember>> {
    cx.may(Action::View(Area::Contacts))?;
    let (before, limit) = (query.after()?.map_or(i64::MAX, |(_, id)| id), query.limit());
    cx.db()
        .read(move |tx| {
            let company = service::survivor(tx, company)?;
            let rows: Vec<(ContactId, bool, Timestamp)> = tx.all(
                Sql::new(
                    "SELECT l.contact_id, l.is_primary, l.added_at FROM contact_companies l JOIN contacts c ON c.id = l.contact_id \
                     WHERE l.company_id = $1 AND l.contact_id < $2 AND c.deleted_at IS NULL ORDER BY l.contact_id DESC LIMIT $3",
                )
                .bind(company)
                .bind(before)
                .bind(i64::from(limit) + 1),
                |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)),
            )?;
            let ids: Vec<i64> = rows.iter().map(|(id, ..)| id.0).collect();
            let mut names = contacts::names(tx, &ids)?;
            let members = rows.into_iter().filter_map(|(contact, primary, added_at)| {
                let name = names.remove(&contact.0)?;
                Some(CompanyMember { contact, name: name.name, email: name.email, primary, added_at })
            });
            Ok(Page::of(members.collect(), limit, None, |m: &CompanyMember| (Value::Null, m.contact.0)))
        })
        .await
}

/// No company of the contact is the primary one any more; all stay.
pub(super) fn no_primary(tx: &mut Tx<'_>, contact: ContactId) -> Result<()> {
    tx.exec(
        Sql::new(
            "UPDATE contact_companies SET is_primary = 0, was_primary = 0 WHERE contact_id = $1 AND is_primary + was_primary > 0",
        )
        .bind(contact),
    )?;
    Ok(())
}

/// Adds a contact to a company, which becomes the primary one. `tell`: the timeline and segments hear of it.
/// The contact's text is the caller's to write, or [`settle`]'s.
pub(super) fn join(tx: &mut Tx<'_>, contact: ContactId, company: CompanyId, tell: bool, now: Timestamp) -> Result<()> {
    no_primary(tx, contact)?;
    let added = add(tx, contact, company, true, now)?;
    if added && tell {
        tell_contact(tx, contact, company, true, now)?;
    }
    if added { only_one(tx, &[contact], company, now) } else { Ok(()) }
}

/// Where contacts belong to one company at most, the new one takes the place of those before.
fn only_one(tx: &mut Tx<'_>, contacts: &[ContactId], company: CompanyId, now: Timestamp) -> Result<()> {
    if contacts.is_empty() || !settings::identity_in(tx)?.one_company {
        return Ok(());
    }
    let plain: Vec<i64> = contacts.iter().map(|id| id.0).collect();
    let others: Vec<(ContactId, CompanyId)> = tx.all(
        Sql::new("SELECT contact_id, company_id FROM contact_companies WHERE contact_id @in($1) AND company_id <> $2")
            .bind(plain.as_slice())
            .bind(company),
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    for (contact, other) in others {
        leave(tx, contact, other, now)?;
    }
    Ok(())
}

/// Whether the contact did not belong to it before.
fn add(tx: &mut Tx<'_>, contact: ContactId, company: CompanyId, primary: bool, now: Timestamp) -> Result<bool> {
    let added = tx.exec(
        Sql::new(
            "INSERT INTO contact_companies (contact_id, company_id, is_primary, added_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        )
        .bind(contact)
        .bind(company)
        .bind(primary)
        .bind(now),
    )?;
    if added == 0 && primary {
        tx.exec(
            Sql::new("UPDATE contact_companies SET is_primary = 1 WHERE contact_id = $1 AND company_id = $2")
                .bind(contact)
                .bind(company),
        )?;
    }
    Ok(added > 0)
}

fn tell_contact(tx: &mut Tx<'_>, contact: ContactId, company: CompanyId, added: bool, now: Timestamp) -> Result<()> {
    let name: Option<Option<String>> =
        tx.opt(Sql::new("SELECT companyname FROM companies WHERE id = $1").bind(company), |r| r.get(0))?;
    let detail = json!({"added": added, "name": name.flatten().unwrap_or_default()});
    changes::record(tx, Happening::new(contact, EventKind::CompanyChanged, now).object(company.0).detail(detail))?;
    Ok(())
}

/// Makes the text of contacts that of their primary companies. A primary company that is deleted gives its place to the one
/// added last. Whose text changed.
pub(super) fn settle(tx: &mut Tx<'_>, contacts: &[i64], now: Timestamp) -> Result<Vec<ContactId>> {
    struct Row {
        company: CompanyId,
        primary: bool,
        name: Option<String>,
        alive: bool,
    }
    let mut links: HashMap<i64, Vec<Row>> = HashMap::new();
    for (contact, row) in tx.all(
        Sql::new(
            "SELECT l.contact_id, l.company_id, l.is_primary, c.companyname, c.deleted_at IS NULL FROM contact_companies l \
             JOIN companies c ON c.id = l.company_id WHERE l.contact_id @in($1) \
             ORDER BY l.contact_id, l.added_at DESC, l.company_id DESC",
        )
        .bind(contacts),
        |r| {
            let alive = matches!(r.value(4)?, hg_store::ValueRef::Int(n) if n != 0);
            Ok((r.get::<i64>(0)?, Row { company: r.get(1)?, primary: r.get(2)?, name: r.get(3)?, alive }))
        },
    )? {
        links.entry(contact).or_default().push(row);
    }
    let mut texts: HashMap<i64, Option<String>> = contacts.iter().map(|id| (*id, None)).collect();
    for (contact, rows) in &links {
        let mut primary = rows.iter().find(|r| r.primary && r.alive);
        if let Some(gone) = rows.iter().find(|r| r.primary && !r.alive) {
            set_flags(tx, *contact, gone.company, false, true)?;
            primary = rows.iter().find(|r| r.alive);
            if let Some(next) = primary {
                set_flags(tx, *contact, next.company, true, false)?;
            }
        }
        texts.insert(*contact, primary.and_then(|r| r.name.clone()));
    }
    let before: Vec<(i64, Option<String>)> =
        tx.all(Sql::new("SELECT id, company FROM contacts WHERE id @in($1)").bind(contacts), |r| Ok((r.get(0)?, r.get(1)?)))?;
    let mut changed = Vec::new();
    for (contact, before) in before {
        let after = texts.remove(&contact).flatten();
        if before.as_deref().unwrap_or("") == after.as_deref().unwrap_or("") {
            continue;
        }
        tx.exec(
            Sql::new("UPDATE contacts SET company = $2, company_fold = $3, updated_at = $4, version = version + 1 WHERE id = $1")
                .bind(contact)
                .bind(after.as_deref())
                .bind(after.as_deref().map(fold))
                .bind(now),
        )?;
        let contact = ContactId(contact);
        changes::record(tx, Happening::new(contact, EventKind::FieldsChanged, now).detail(json!({"fields": ["company"]})))?;
        changed.push(contact);
    }
    Ok(changed)
}

fn set_flags(tx: &mut Tx<'_>, contact: i64, company: CompanyId, primary: bool, was: bool) -> Result<()> {
    let text = "UPDATE contact_companies SET is_primary = $3, was_primary = $4 WHERE contact_id = $1 AND company_id = $2";
    tx.exec(Sql::new(text).bind(contact).bind(company).bind(primary).bind(was))?;
    Ok(())
}

/// Adds a contact to a company, which becomes her primary one; whether she did not belong to it before.
pub async fn link(cx: &Cx, company: CompanyId, contact: ContactId) -> Result<bool> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (now, actor) = (cx.now(), cx.actor_name().to_owned());
    cx.db()
        .write(move |tx| {
            let (contact, company) = (contacts::survivor(tx, contact)?, service::survivor(tx, company)?);
            no_primary(tx, contact)?;
            let added = add(tx, contact, company, true, now)?;
            if added {
                tell_contact(tx, contact, company, true, now)?;
                log::write(tx, company, "contact_added", Some(contact), &actor, json!({}), now)?;
                only_one(tx, &[contact], company, now)?;
            }
            settle(tx, &[contact.0], now)?;
            Ok(added)
        })
        .await
}

/// Takes a contact out of a company. When that was the primary one, the one added last takes its place.
pub async fn unlink(cx: &Cx, company: CompanyId, contact: ContactId) -> Result<()> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (now, actor) = (cx.now(), cx.actor_name().to_owned());
    cx.db()
        .write(move |tx| {
            let (contact, company) = (contacts::survivor(tx, contact)?, service::survivor(tx, company)?);
            if leave(tx, contact, company, now)?.is_none() {
                return Err(CompanyProblem::NotLinked.into());
            }
            log::write(tx, company, "contact_removed", Some(contact), &actor, json!({}), now)?;
            settle(tx, &[contact.0], now)?;
            Ok(())
        })
        .await
}

/// Removes the link and promotes another company; whether there was one, and it was the primary one.
pub(crate) fn leave(tx: &mut Tx<'_>, contact: ContactId, company: CompanyId, now: Timestamp) -> Result<Option<bool>> {
    let was: Option<bool> = tx.opt(
        Sql::new("DELETE FROM contact_companies WHERE contact_id = $1 AND company_id = $2 RETURNING is_primary")
            .bind(contact)
            .bind(company),
        |r| r.get(0),
    )?;
    let Some(primary) = was else { return Ok(None) };
    if primary && let Some(next) = links_in(tx, &[contact.0])?.remove(&contact).and_then(|l| l.into_iter().next()) {
        set_flags(tx, contact.0, next.id, true, false)?;
    }
    tell_contact(tx, contact, company, false, now)?;
    Ok(Some(primary))
}

/// Adds contacts to a company, as their primary one or beside it; who did not belong to it before.
pub(crate) fn link_many_in(
    tx: &mut Tx<'_>,
    company: CompanyId,
    contacts: &[ContactId],
    primary: bool,
    now: Timestamp,
) -> Result<Vec<ContactId>> {
    let company = service::survivor(tx, company)?;
    let mut added = Vec::new();
    for contact in contacts {
        if primary {
            no_primary(tx, *contact)?;
        }
        if add(tx, *contact, company, primary, now)? {
            tell_contact(tx, *contact, company, true, now)?;
            added.push(*contact);
        }
    }
    if primary {
        only_one(tx, &added, company, now)?;
    }
    let plain: Vec<i64> = contacts.iter().map(|id| id.0).collect();
    settle(tx, &plain, now)?;
    Ok(added)
}

/// Takes contacts out of a company; who belonged to it, and whether it was the primary one.
pub(crate) fn unlink_many_in(
    tx: &mut Tx<'_>,
    company: CompanyId,
    contacts: &[ContactId],
    now: Timestamp,
) -> Result<Vec<(ContactId, bool)>> {
    let company = service::survivor(tx, company)?;
    let mut gone = Vec::new();
    for contact in contacts {
        if let Some(primary) = leave(tx, *contact, company, now)? {
            gone.push((*contact, primary));
        }
    }
    let plain: Vec<i64> = gone.iter().map(|(id, _)| id.0).collect();
    settle(tx, &plain, now)?;
    Ok(gone)
}

/// Makes a company of the contact the primary one.
pub async fn make_primary(cx: &Cx, company: CompanyId, contact: ContactId) -> Result<()> {
    cx.may(Action::Edit(Area::Contacts))?;
    let now = cx.now();
    cx.db()
        .write(move |tx| {
            let (contact, company) = (contacts::survivor(tx, contact)?, service::survivor(tx, company)?);
            let there = links_in(tx, &[contact.0])?.remove(&contact).unwrap_or_default();
            if !there.iter().any(|l| l.id == company) {
                return Err(CompanyProblem::NotLinked.into());
            }
            no_primary(tx, contact)?;
            set_flags(tx, contact.0, company, true, false)?;
            changes::queue(tx, &Happening::new(contact, EventKind::CompanyEdited, now).object(company.0))?;
            settle(tx, &[contact.0], now)?;
            Ok(())
        })
        .await
}

/// Makes these the companies of a contact. Of those that are new the first becomes the primary one.
pub async fn replace_links(cx: &Cx, contact: ContactId, companies: Vec<CompanyId>) -> Result<()> {
    cx.may(Action::Edit(Area::Contacts))?;
    let now = cx.now();
    cx.db().write(move |tx| replace_links_in(tx, contact, &companies, now)).await
}

/// As [`replace_links`], in the caller's transaction.
pub fn replace_links_in(tx: &mut Tx<'_>, contact: ContactId, companies: &[CompanyId], now: Timestamp) -> Result<()> {
    let contact = contacts::survivor(tx, contact)?;
    let mut wanted = Vec::new();
    for company in companies {
        let company = service::survivor(tx, *company)?;
        if !wanted.contains(&company) {
            wanted.push(company);
        }
    }
    if wanted.len() > 1 && settings::identity_in(tx)?.one_company {
        wanted.truncate(1);
    }
    let there: Vec<CompanyId> =
        links_in(tx, &[contact.0])?.remove(&contact).unwrap_or_default().into_iter().map(|l| l.id).collect();
    for company in there.iter().filter(|id| !wanted.contains(id)) {
        leave(tx, contact, *company, now)?;
    }
    let new: Vec<CompanyId> = wanted.into_iter().filter(|id| !there.contains(id)).collect();
    if !new.is_empty() {
        no_primary(tx, contact)?;
    }
    for (n, company) in new.into_iter().enumerate() {
        add(tx, contact, company, n == 0, now)?;
        tell_contact(tx, contact, company, true, now)?;
    }
    settle(tx, &[contact.0], now)?;
    Ok(())
}

/// Changes the score of every company of a contact; how many there are.
pub fn score_companies_of(tx: &mut Tx<'_>, contact: ContactId, delta: i64, why: &str, now: Timestamp) -> Result<usize> {
    let companies = links_in(tx, &[contact.0])?.remove(&contact).unwrap_or_default();
    for company in &companies {
        service::add_score(tx, company.id, contacts::PointsOperator::Plus, delta, why, Some(contact), now)?;
    }
    Ok(companies.len())
}

/// The companies of a contact who is merged into another go along; the survivor keeps her primary one when she has one.
pub(crate) fn absorb(tx: &mut Tx<'_>, loser: ContactId, winner: ContactId, now: Timestamp) -> Result<()> {
    let there = links_in(tx, &[winner.0])?.remove(&winner).unwrap_or_default();
    let has_primary = there.iter().any(|l| l.primary);
    if has_primary {
        no_primary(tx, loser)?;
    }
    tx.exec(
        Sql::new(
            "UPDATE contact_companies SET contact_id = $2 WHERE contact_id = $1 AND NOT EXISTS \
             (SELECT 1 FROM contact_companies w WHERE w.contact_id = $2 AND w.company_id = contact_companies.company_id)",
        )
        .bind(loser)
        .bind(winner),
    )?;
    if !has_primary {
        let both: Option<CompanyId> = tx.opt(
            Sql::new("SELECT company_id FROM contact_companies WHERE contact_id = $1 AND is_primary = 1").bind(loser),
            |r| r.get(0),
        )?;
        if let Some(company) = both {
            no_primary(tx, loser)?;
            set_flags(tx, winner.0, company, true, false)?;
        }
    }
    let now_there: Vec<CompanyLink> = links_in(tx, &[winner.0])?.remove(&winner).unwrap_or_default();
    if !now_there.is_empty() {
        settle(tx, &[winner.0], now)?;
    }
    Ok(())
}
