//! Fields that a step writes: into the contact, or into the company that the contact works for.

use std::collections::BTreeMap;

use hg_core::contacts::{FieldCatalogue, FieldType};
use hg_core::ids::ContactId;
use hg_core::time;
use hg_core::tokens::{Place, shift_date};
use hg_store::Tx;
use serde_json::{Map, Value as Json};

use super::{Said, soft};
use crate::campaigns::texts::Texts;
use crate::contacts::{Existing, Source, save};
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
