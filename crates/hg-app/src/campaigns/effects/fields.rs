//! Fields that a step writes: into the contact, or into the company that the contact works for.

use std::collections::BTreeMap;

use hg_core::contacts::{FieldCatalogue, FieldDef, FieldType};
use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time;
use hg_core::tokens::{Place, shift_date};
use hg_store::{Sql, Tx};
use serde_json::{Map, Value as Json, json};

use super::{Said, soft};
use crate::campaigns::texts::Texts;
use crate::changes::{self, Happening};
use crate::contacts::{Existing, Source, row, save};
use crate::cx::Cx;
use crate::error::Result;
use crate::workspace::Workspace;
use crate::{companies, contacts, fields};

/// The values that are meant: tokens filled in, relative dates made dates; blank ones are left out.
fn values(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contact: ContactId,
    fields: &FieldCatalogue,
    written: &Map<String, Json>,
) -> Result<BTreeMap<String, Json>> {
    let zone = ws.settings().general.timezone.clone();
    let mut texts = Texts::of(contact);
    let mut out = BTreeMap::new();
    for (alias, value) in written {
        let value = match value {
            Json::String(text) => {
                let text = texts.fill(ws, tx, text, Place::Plain)?;
                let kind = fields.get(alias).map(|f| f.kind);
                Json::String(dated(kind, text, ws, &zone))
            }
            other => other.clone(),
        };
        let blank = match &value {
            Json::Null => true,
            Json::String(text) => text.trim().is_empty(),
            Json::Array(items) => items.is_empty(),
            _ => false,
        };
        if !blank {
            out.insert(alias.clone(), value);
        }
    }
    Ok(out)
}

/// `now`, `+1 day`, `next monday` in a date's field become that date.
fn dated(kind: Option<FieldType>, text: String, ws: &Workspace, zone: &str) -> String {
    let Some(kind @ (FieldType::Date | FieldType::Datetime)) = kind else { return text };
    let zone = time::zone_or(Some(zone), &time::TimeZone::UTC);
    let now = ws.clock.now().jiff().to_zoned(zone);
    let words = text.trim();
    let at = if words.eq_ignore_ascii_case("now") { Some(now) } else { shift_date(&now, words) };
    match (kind, at) {
        (_, None) => text,
        (FieldType::Date, Some(at)) => at.strftime("%Y-%m-%d").to_string(),
        (_, Some(at)) => at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string(),
    }
}

/// Writes fields of the contact. A sentence when a value does not fit, or is another contact's.
pub(in crate::campaigns) fn update_contact(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contact: ContactId,
    written: &Map<String, Json>,
) -> Result<Said> {
    let catalogue = fields::catalogue(ws, tx)?;
    let sent = values(ws, tx, contact, &catalogue, written)?;
    let values = match contacts::read_values(&catalogue, &sent, &ws.settings().general.timezone) {
        Ok(values) => values,
        Err(error) => return soft::<()>(Err(error)),
    };
    for field in catalogue.unique() {
        let one = values.iter().filter(|(alias, _)| **alias == field.alias).map(|(a, v)| (a.clone(), v.clone())).collect();
        if contacts::service::find_by_unique(ws, tx, &catalogue, &one)?.is_some_and(|other| other != contact) {
            return Ok(Some(format!("{}: another contact has this value.", field.label)));
        }
    }
    let target = contacts::load(ws, tx, contact)?;
    let change = save::Change {
        values: &values,
        existing: Existing::Overwrite,
        blanks_clear: false,
        owner: None,
        source: Source::Engine,
        now: ws.clock.now(),
    };
    soft(save::write(tx, &catalogue, Some(&target), &change))
}

/// Whether fields can be written to many contacts as they are: nothing else follows from them, and no two contacts may not
/// share them.
pub(super) fn are_plain(catalogue: &FieldCatalogue, written: &Map<String, Json>) -> bool {
    let plain = |field: &FieldDef| {
        let told = field.alias == "points" || save::IDENTIFYING.contains(&field.alias.as_str());
        field.published && field.column.is_some() && !field.unique && !told
    };
    written.keys().all(|alias| catalogue.get(alias).is_some_and(plain))
}

/// Writes the same values to many contacts, where they are others. A sentence when a value does not fit.
pub(super) fn update_alike(ws: &Workspace, tx: &mut Tx<'_>, people: &[ContactId], written: &Map<String, Json>) -> Result<Said> {
    let Some(first) = people.first() else { return Ok(None) };
    let catalogue = fields::catalogue(ws, tx)?;
    let sent = values(ws, tx, *first, &catalogue, written)?;
    let values = match contacts::read_values(&catalogue, &sent, &ws.settings().general.timezone) {
        Ok(values) => values,
        Err(error) => return soft::<()>(Err(error)),
    };
    let now = ws.clock.now();
    let ids: Vec<i64> = people.iter().map(|c| c.0).collect();
    let (mut sets, mut others, mut aliases, mut stored) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (alias, value) in values.iter().filter(|(_, value)| !value.is_empty()) {
        let Some((field, column)) = catalogue.get(alias).and_then(|f| Some((f, f.column.as_deref()?))) else { continue };
        let n = stored.len() + 3;
        sets.push(format!("{column} = ${n}"));
        others.push(format!("{column} IS DISTINCT FROM ${n}"));
        aliases.push(alias.as_str());
        stored.push(row::to_stored(field, value));
    }
    if stored.is_empty() {
        return Ok(None);
    }
    let text = format!(
        "UPDATE contacts SET {}, updated_at = $2, version = version + 1 WHERE id @in($1) AND ({}) RETURNING id",
        sets.join(", "),
        others.join(" OR ")
    );
    let mut changed: Vec<ContactId> = tx.all(Sql::new(text).bind(ids.as_slice()).bind(now).binds(stored), |r| r.get(0))?;
    changed.sort_unstable();
    let told = json!({ "fields": aliases });
    let told: Vec<Happening> =
        changed.into_iter().map(|c| Happening::new(c, EventKind::FieldsChanged, now).detail(told.clone())).collect();
    changes::record_many(ws, tx, &told)?;
    Ok(None)
}

/// Writes fields of the company that the contact works for. Another name finds or makes that company first. A contact
/// without a company is left as she is.
pub(in crate::campaigns) fn update_company(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contact: ContactId,
    written: &Map<String, Json>,
) -> Result<Said> {
    let primary = |tx: &mut Tx<'_>| -> Result<Option<companies::CompanyLink>> {
        let links = companies::links_in(tx, &[contact.0])?.remove(&contact).unwrap_or_default();
        Ok(links.into_iter().find(|link| link.primary))
    };
    let Some(before) = primary(tx)? else { return Ok(None) };
    let catalogue = fields::catalogue(ws, tx)?;
    let mut sent = values(ws, tx, contact, catalogue.companies(), written)?;
    let name = sent.remove("companyname").and_then(|n| n.as_str().map(|n| n.trim().to_owned()));
    let mut company = before.id;
    if let Some(name) = name.filter(|n| !n.eq_ignore_ascii_case(&before.name)) {
        let employer = Map::from_iter([("company".to_owned(), Json::String(name))]);
        if let Some(why) = update_contact(ws, tx, contact, &employer)? {
            return Ok(Some(why));
        }
        company = primary(tx)?.map_or(company, |link| link.id);
    }
    if sent.is_empty() {
        return Ok(None);
    }
    let values = match contacts::read_values(catalogue.companies(), &sent, &ws.settings().general.timezone) {
        Ok(values) => values,
        Err(error) => return soft::<()>(Err(error)),
    };
    soft(companies::write_in(&Cx::system(ws), tx, company, &values))
}
