//! What the events of a trigger do.

use hg_core::events::EventKind;
use hg_core::forms::is_email_address;
use hg_core::ids::{CampaignId, ContactId, EmailId, SegmentId, StageId, TriggerEventId};
use hg_store::{Sql, Tx};
use serde_json::{Value as Json, json};

use crate::changes::{self, Happening};
use crate::error::Result;
use crate::points::PointTrigger;
use crate::sending::{self, UserMail};
use crate::workspace::Workspace;
use crate::{campaigns, contacts, emails, segments, stages};

/// Something that happens when a trigger is reached, once for each contact.
#[derive(Debug, Clone, PartialEq)]
pub struct TriggerEvent {
    /// 0 for one that is not stored yet.
    pub id: TriggerEventId,
    pub kind: String,
    pub name: String,
    pub description: Option<String>,
    /// As both APIs write them: `add_tags`, `remove_tags`; `addToLists`, `removeFromLists`; `addTo`, `removeFrom`; `email`;
    /// `stage`; `user_id`, `to_owner`, `to`, `cc`, `bcc`.
    pub settings: Json,
}

/// Every kind with what people call it.
pub const EVENT_KINDS: [(&str, &str); 6] = [
    ("campaign.changecampaign", "Modify contact's campaigns"),
    ("lead.changelists", "Modify contact's segments"),
    ("lead.changetags", "Modify contact's tags"),
    ("email.send", "Send an email"),
    ("email.send_to_user", "Send an email to users"),
    ("stage.change", "Change contact's stage"),
];

fn ids(settings: &Json, key: &str) -> Vec<i64> {
    let one = |v: &Json| v.as_i64().or_else(|| v.as_str().and_then(|s| s.trim().parse().ok())).filter(|id| *id > 0);
    match settings.get(key) {
        Some(Json::Array(items)) => items.iter().filter_map(one).collect(),
        Some(Json::Object(items)) => items.values().filter_map(one).collect(),
        Some(other) => one(other).into_iter().collect(),
        None => Vec::new(),
    }
}

fn words(settings: &Json, key: &str) -> Vec<String> {
    let items: Vec<String> = match settings.get(key) {
        Some(Json::Array(items)) => items.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        Some(Json::String(text)) => text.split(',').map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    items.into_iter().map(|w| w.trim().to_owned()).filter(|w| !w.is_empty()).collect()
}

/// The email of `email.send_to_user` stands one level deeper in the old shape.
fn email_of(settings: &Json) -> Option<EmailId> {
    let direct = ids(settings, "email").first().copied();
    let nested = || settings.get("useremail").and_then(|u| ids(u, "email").first().copied());
    direct.or_else(nested).map(EmailId)
}

/// Checks an event and gives it a name when it has none. The sentence says what is wrong.
pub(super) fn check(tx: &mut Tx<'_>, event: &mut TriggerEvent) -> Result<(), String> {
    if event.kind == "plugin.leadpush" {
        return Err("“plugin.leadpush” needs a connected CRM, and this version can connect none yet.".to_owned());
    }
    let Some((_, label)) = EVENT_KINDS.iter().find(|(kind, _)| *kind == event.kind) else {
        let known = EVENT_KINDS.map(|(kind, _)| kind).join(", ");
        return Err(format!("“{}” is not a kind of event; use {known}.", event.kind));
    };
    if event.name.trim().is_empty() {
        event.name = (*label).to_owned();
    }
    if !event.settings.is_object() {
        event.settings = json!({});
    }
    let needed: Vec<(&'static str, &'static str, Vec<i64>)> = match event.kind.as_str() {
        "lead.changetags" => {
            if words(&event.settings, "add_tags").is_empty() && words(&event.settings, "remove_tags").is_empty() {
                return Err("Name at least one tag to add or to remove.".to_owned());
            }
            return Ok(());
        }
        "lead.changelists" => vec![("segments", "segment", both(&event.settings, "addToLists", "removeFromLists"))],
        "campaign.changecampaign" => vec![("campaigns", "campaign", both(&event.settings, "addTo", "removeFrom"))],
        "stage.change" => vec![("stages", "stage", ids(&event.settings, "stage"))],
        "email.send_to_user" => {
            for key in ["to", "cc", "bcc"] {
                if let Some(wrong) = words(&event.settings, key).into_iter().find(|a| !is_email_address(a)) {
                    return Err(format!("“{wrong}” is not an email address."));
                }
            }
            let email = email_of(&event.settings).map(|e| e.0);
            vec![("emails", "email", email.into_iter().collect())]
        }
        _ => vec![("emails", "email", email_of(&event.settings).map(|e| e.0).into_iter().collect())],
    };
    for (table, what, wanted) in needed {
        let Some(first) = wanted.first() else { return Err(format!("Choose the {what}.")) };
        let sql = Sql::new(format!("SELECT id FROM {table} WHERE id @in($1) AND deleted_at IS NULL")).bind(wanted.as_slice());
        let there: Vec<i64> = tx.all(sql, |r| r.get(0)).map_err(|_| format!("The {what} {first} cannot be looked up now."))?;
        if let Some(gone) = wanted.iter().find(|id| !there.contains(id)) {
            return Err(format!("There is no {what} {gone}."));
        }
    }
    Ok(())
}

fn both(settings: &Json, a: &str, b: &str) -> Vec<i64> {
    let mut all = ids(settings, a);
    all.extend(ids(settings, b));
    all
}

/// Fires a trigger for a contact: every event that she did not get yet, in order, in the caller's transaction. How many.
pub(super) fn fire(ws: &Workspace, tx: &mut Tx<'_>, trigger: &PointTrigger, contact: ContactId, score: i64) -> Result<usize> {
    let now = ws.clock.now();
    let mut done = Vec::new();
    for event in &trigger.events {
        let fresh = tx.exec(
            Sql::new("INSERT INTO point_trigger_log (event_id, contact_id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                .bind(event.id)
                .bind(contact)
                .bind(now),
        )?;
        if fresh == 0 {
            continue;
        }
        let text = run(ws, tx, trigger, event, contact)?;
        tx.exec(
            Sql::new("UPDATE point_trigger_log SET result = $3 WHERE event_id = $1 AND contact_id = $2")
                .bind(event.id)
                .bind(contact)
                .bind(text.as_deref()),
        )?;
        done.push(json!({"name": event.name, "text": text}));
    }
    if !done.is_empty() {
        let detail = json!({"name": trigger.name, "points": score, "done": done});
        changes::note(tx, &Happening::new(contact, EventKind::TriggerReached, now).object(trigger.id.0).detail(detail))?;
    }
    Ok(done.len())
}

/// Does what an event says; a sentence when it could not be done.
fn run(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    trigger: &PointTrigger,
    event: &TriggerEvent,
    contact: ContactId,
) -> Result<Option<String>> {
    let settings = &event.settings;
    match event.kind.as_str() {
        "lead.changetags" => {
            contacts::change_tags(ws, tx, contact, &words(settings, "add_tags"), &words(settings, "remove_tags"))?;
            Ok(None)
        }
        "lead.changelists" => {
            for (key, add) in [("addToLists", true), ("removeFromLists", false)] {
                for segment in ids(settings, key) {
                    match segments::change_by_hand_in(ws, tx, SegmentId(segment), &[contact], add, "point trigger", None) {
                        Err(error) if error.is_not_found() => return Ok(Some("The segment was deleted.".to_owned())),
                        other => other.map(|_| ())?,
                    }
                }
            }
            Ok(None)
        }
        "campaign.changecampaign" => {
            for (key, add) in [("addTo", true), ("removeFrom", false)] {
                for campaign in ids(settings, key) {
                    match campaigns::change_one_in(ws, tx, CampaignId(campaign), contact, add) {
                        Err(error) if error.is_not_found() => return Ok(Some("The campaign was deleted.".to_owned())),
                        other => other?,
                    }
                }
            }
            Ok(None)
        }
        "stage.change" => {
            let Some(stage) = ids(settings, "stage").first().copied() else { return Ok(None) };
            let reason = format!("Point trigger: {}", trigger.name);
            match stages::forward_in(ws, tx, contact, StageId(stage), &reason)? {
                stages::Forward::Moved => Ok(None),
                stages::Forward::Refused(why) => Ok(Some(why)),
            }
        }
        "email.send" => {
            let Some(email) = email_of(settings) else { return Ok(None) };
            let queue = emails::Queue {
                email,
                contact,
                occasion: format!("point-trigger:{}", event.id),
                campaign: None,
                step: None,
                due_at: ws.clock.now(),
            };
            match emails::queue_one(ws, tx, queue) {
                Ok(emails::Queued::Queued(_)) => Ok(None),
                Ok(emails::Queued::Skipped(reason)) => Ok(Some(reason.text().to_owned())),
                Err(error) if error.is_not_found() => Ok(Some("The email was deleted.".to_owned())),
                Err(error) => Err(error),
            }
        }
        "email.send_to_user" => {
            let Some(email) = email_of(settings) else { return Ok(None) };
            let mut to: Vec<String> = ["to", "cc", "bcc"].into_iter().flat_map(|key| words(settings, key)).collect();
            to.extend(addresses(tx, settings, contact)?);
            to.sort();
            to.dedup();
            if to.is_empty() {
                return Ok(Some("Nobody is named whom it could be sent to.".to_owned()));
            }
            sending::push_user_mail(tx, ws.clock.now(), &UserMail { email, contact, to })?;
            Ok(None)
        }
        other => Ok(Some(format!("“{other}” cannot be done by this version."))),
    }
}

/// Addresses of the users that an event names.
fn addresses(tx: &mut Tx<'_>, settings: &Json, contact: ContactId) -> Result<Vec<String>> {
    let to_owner = match settings.get("to_owner") {
        Some(Json::Bool(yes)) => *yes,
        Some(Json::Number(n)) => n.as_i64() == Some(1),
        Some(Json::String(text)) => matches!(text.as_str(), "1" | "true" | "yes" | "on"),
        _ => false,
    };
    sending::addresses_of_users(tx, &ids(settings, "user_id"), to_owner.then_some(contact))
}
