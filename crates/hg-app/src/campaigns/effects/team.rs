//! Telling people of the house, and calling other programs.

use hg_core::campaigns::steps::{Pairs, Team};
use hg_core::forms::is_email_address;
use hg_core::ids::{ContactId, EmailId};
use hg_core::tokens::{Place, encode_form};
use hg_store::Tx;
use serde_json::{Map, Value as Json, json};

use super::{Said, WebCall};
use crate::campaigns::texts::Texts;
use crate::error::Result;
use crate::sending::{self, UserMail};
use crate::workspace::Workspace;

/// Sends an email about the contact to people of the house.
pub(in crate::campaigns) fn tell(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contact: ContactId,
    email: Option<EmailId>,
    team: &Team,
) -> Result<Said> {
    let Some(email) = email else { return Ok(Some("No email is chosen.".to_owned())) };
    let users: Vec<i64> = team.users.iter().map(|u| u.0).collect();
    let mut to = sending::addresses_of_users(tx, &users, team.owner.then_some(contact))?;
    let mut texts = Texts::of(contact);
    for written in &team.to {
        let address = texts.fill(ws, tx, written, Place::Line)?;
        to.extend(Some(address.trim().to_owned()).filter(|a| is_email_address(a)));
    }
    to.sort();
    to.dedup();
    if to.is_empty() {
        return Ok(Some("Nobody is named whom it could be sent to.".to_owned()));
    }
    sending::push_user_mail(tx, ws.clock.now(), &UserMail { email, contact, to })?;
    Ok(None)
}

/// The question to another program, filled in for a contact: `{"url", "method", "headers", "body"}`.
pub(in crate::campaigns) fn web_call(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, call: &WebCall) -> Result<Json> {
    let mut texts = Texts::of(contact);
    let mut url = texts.fill(ws, tx, call.url.trim(), Place::Url)?;
    let mut fill = |tx: &mut Tx<'_>, pairs: &Pairs, place| -> Result<Pairs> {
        pairs.iter().map(|(name, value)| Ok((name.clone(), texts.fill(ws, tx, value, place)?))).collect()
    };
    let mut headers = fill(tx, &call.headers, Place::Line)?;
    let data = fill(tx, &call.data, Place::Plain)?;
    let is_json = headers.iter().any(|(n, v)| n.eq_ignore_ascii_case("content-type") && v.starts_with("application/json"));
    let mut body = None;
    if !data.is_empty() && call.method != "delete" {
        if call.method == "get" {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&form(&data));
        } else if is_json {
            let values: Map<String, Json> = data.into_iter().map(|(name, value)| (name, Json::String(value))).collect();
            body = Some(Json::Object(values).to_string());
        } else {
            body = Some(form(&data));
            if !headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("content-type")) {
                headers.push(("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()));
            }
        }
    }
    Ok(json!({ "url": url, "method": call.method, "headers": headers, "body": body }))
}

fn form(pairs: &Pairs) -> String {
    pairs.iter().map(|(name, value)| format!("{}={}", encode_form(name), encode_form(value))).collect::<Vec<_>>().join("&")
}
