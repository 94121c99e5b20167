//! Who is it? Proof, claim and device come together; the decision itself is `hg_core::tracking::decide`.

use std::collections::BTreeMap;
use std::net::IpAddr;

use hg_core::contacts::FieldValue;
use hg_core::ids::{ContactId, DeviceId, alphanumeric};
use hg_core::time::{Millis, Timestamp};
use hg_core::tracking::{
    Ct, Decision, Evidence, Ignored, PROOF_AGE_DAYS, PROOF_DEVICES, TrackedDevice, TrackingRules, Visit, anonymized, decide,
    device_of, judge, short_system, versions_of,
};
use hg_store::{Sql, Tx};

use super::absorb::absorb;
use crate::contacts::{self, Existing, Source, Values, save};
use crate::error::Result;
use crate::sending::machines::Asker;
use crate::sending::{self, SendRow};
use crate::settings::UnverifiedUpdates;
use crate::workspace::Workspace;

/// What a request tells about whoever sent it.
#[derive(Debug, Clone)]
pub struct Visitor {
    pub address: IpAddr,
    pub user_agent: String,
    pub is_head: bool,
    /// `Purpose` or `Sec-Purpose`.
    pub purpose: Option<String>,
    pub gpc: bool,
    pub dnt: bool,
    /// The id in the device's cookie, or the one its script kept.
    pub device: Option<String>,
    /// One of our own people, signed in to the app.
    pub own_user: bool,
}

impl Visitor {
    /// The address as it may be kept.
    pub fn kept_address(&self, ws: &Workspace) -> String {
        let shortened = ws.settings().tracking.anonymize_ip;
        if shortened { anonymized(self.address).to_string() } else { self.address.to_string() }
    }

    /// As those see her who count opens and clicks.
    pub fn asker(&self, ws: &Workspace) -> Asker {
        let settings = ws.settings();
        let prefetched = self.purpose.as_deref().is_some_and(|purpose| !purpose.trim().is_empty());
        Asker {
            agent: self.user_agent.clone(),
            address: self.address,
            kept_address: self.kept_address(ws),
            unread: self.is_head || prefetched,
            count_machines: settings.tracking.count_machines,
            zone: settings.general.timezone.clone(),
        }
    }

    /// Why what she does to a mail leaves no trace, if it must not. Machines leave one: they are told apart.
    pub fn ignored_in_mail(&self, ws: &Workspace) -> Option<Ignored> {
        self.ignored(ws, true).filter(|why| !matches!(why, Ignored::Robot | Ignored::NotSeen))
    }

    /// Why this request leaves no trace, if it must not.
    pub fn ignored(&self, ws: &Workspace, is_email_click: bool) -> Option<Ignored> {
        let settings = ws.settings();
        let visit = Visit {
            address: self.address,
            user_agent: &self.user_agent,
            is_head: self.is_head,
            purpose: self.purpose.as_deref(),
            gpc: self.gpc,
            dnt: self.dnt,
            own_user: self.own_user,
            is_email_click,
        };
        let rules = TrackingRules {
            respect_gpc: settings.tracking.respect_gpc,
            respect_dnt: settings.tracking.respect_dnt,
            // Only while mail is caught inside does it help to be counted like a visitor.
            track_own_users: settings.tracking.track_own_users && ws.mail_transport() == "outbox",
            do_not_track_ips: &settings.tracking.do_not_track_ips,
        };
        judge(&visit, &rules)
    }
}

/// What a request says about who its sender is.
#[derive(Debug, Clone, Default)]
pub struct Claims {
    /// From a link of ours.
    pub ct: Option<Ct>,
    /// Field and text, as typed.
    pub fields: BTreeMap<String, String>,
    /// Only fields that the public may write count; a form's own fields need not be public.
    pub public_only: bool,
}

/// Somebody recognised.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    pub contact: ContactId,
    pub device: DeviceId,
    pub tracking_id: String,
    /// She proved it, or the device made the contact.
    pub verified: bool,
    /// The message that led here.
    pub send: Option<SendRow>,
    pub last_active_at: Option<Timestamp>,
    pub has_zone: bool,
}

struct DeviceRow {
    id: DeviceId,
    tracking_id: String,
    contact: ContactId,
    verified: bool,
    visitor: Option<ContactId>,
    identified: bool,
    has_address: bool,
    last_active_at: Option<Timestamp>,
    has_zone: bool,
}

const DEVICE: &str = "SELECT d.id, d.tracking_id, d.contact_id, d.verified, d.visitor_id, c.identified_at IS NOT NULL, c.email_key IS NOT NULL, \
     c.last_active_at, c.timezone IS NOT NULL FROM devices d JOIN contacts c ON c.id = d.contact_id \
     WHERE d.tracking_id = $1 AND c.deleted_at IS NULL";

fn device(tx: &mut Tx<'_>, tracking_id: &str) -> Result<Option<DeviceRow>> {
    let flag = |r: &hg_store::Row<'_>, i: usize| {
        Ok::<_, hg_store::StoreError>(matches!(r.value(i)?, hg_store::ValueRef::Int(n) if n != 0))
    };
    Ok(tx.opt(Sql::new(DEVICE).bind(tracking_id), |r| {
        Ok(DeviceRow {
            id: r.get(0)?,
            tracking_id: r.get(1)?,
            contact: r.get(2)?,
            verified: r.get(3)?,
            visitor: r.get(4)?,
            identified: flag(r, 5)?,
            has_address: flag(r, 6)?,
            last_active_at: r.get(7)?,
            has_zone: flag(r, 8)?,
        })
    })?)
}

/// Recognises whoever sent a request, or makes somebody new, and binds the device. Values are not written yet.
pub fn identify(ws: &Workspace, tx: &mut Tx<'_>, visitor: &Visitor, claims: &Claims) -> Result<Known> {
    let now = ws.clock.now();
    let row = match visitor.device.as_deref().filter(|id| is_tracking_id(id)) {
        Some(id) => device(tx, id)?,
        None => None,
    };
    let send = send_of(tx, claims.ct.as_ref())?;
    let mut evidence = Evidence {
        device: row.as_ref().map(|d| TrackedDevice {
            contact: d.contact,
            anonymous: !d.identified,
            has_unique_value: d.has_address,
        }),
        ..Evidence::default()
    };
    if let Some(send) = &send {
        let contact = contacts::survivor(tx, send.contact).ok();
        if is_proof(tx, now, send, row.as_ref())? { evidence.proven = contact } else { evidence.claimed = contact }
    }
    if let Some(address) = claimed_address(ws, tx, claims)? {
        let owner = contacts::find_by_email(ws, tx, &address)?;
        evidence.claimed = owner.or(evidence.claimed);
        let own = row.as_ref().is_some_and(|d| Some(d.contact) == owner);
        evidence.gives_unique_value = !own;
    }
    let decision = decide(&evidence);
    let (contact, verified) = match decision {
        Decision::Stay(contact) => (contact, row.as_ref().is_some_and(|d| d.verified)),
        Decision::NewVisitor | Decision::NewContact => (contacts::create_or_update(ws, tx, &Values::new(), Source::Web)?.0, true),
        Decision::Bind(contact) | Decision::Merge { into: contact, .. } => (contact, true),
        Decision::Claim(contact) => (contact, false),
    };
    let bound = bind(ws, tx, now, visitor, row.as_ref(), decision, contact, verified)?;
    let fresh = row.as_ref().filter(|d| d.contact == contact);
    Ok(Known {
        contact,
        device: bound.0,
        tracking_id: bound.1,
        verified,
        send,
        last_active_at: fresh.and_then(|d| d.last_active_at),
        has_zone: fresh.is_some_and(|d| d.has_zone),
    })
}

fn is_tracking_id(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The message that a link stood in.
pub(super) fn send_of(tx: &mut Tx<'_>, ct: Option<&Ct>) -> Result<Option<SendRow>> {
    let Some(ct) = ct else { return Ok(None) };
    let Some(key) = &ct.stat else { return Ok(None) };
    let email = ct.channel.as_ref().filter(|(channel, _)| channel == "email").map(|(_, id)| *id).or(ct.email);
    Ok(sending::responses::of_key(tx, key)?.filter(|send| Some(send.email.0) == email))
}

/// The key of a message proves its recipient while it is fresh and not passed around.
fn is_proof(tx: &mut Tx<'_>, now: Timestamp, send: &SendRow, device: Option<&DeviceRow>) -> Result<bool> {
    let Some(sent_at) = send.sent_at else { return Ok(false) };
    if now.since(sent_at) > Millis::days(PROOF_AGE_DAYS) {
        return Ok(false);
    }
    if device.is_some_and(|d| d.contact == send.contact && d.verified) {
        return Ok(true);
    }
    let others: i64 = tx.scalar(
        Sql::new("SELECT count(*) FROM devices WHERE contact_id = $1 AND verified = 1 AND id <> $2")
            .bind(send.contact)
            .bind(device.map_or(0, |d| d.id.0)),
    )?;
    Ok(others < PROOF_DEVICES)
}

fn claimed_address(ws: &Workspace, tx: &mut Tx<'_>, claims: &Claims) -> Result<Option<String>> {
    let Some(address) = claims.fields.get("email").map(|a| a.trim()).filter(|a| hg_core::forms::is_email_address(a)) else {
        return Ok(None);
    };
    if claims.public_only && !crate::fields::catalogue(ws, tx)?.get("email").is_some_and(|f| f.publicly_updatable) {
        return Ok(None);
    }
    Ok(Some(address.to_owned()))
}

/// Points the device to the contact, as the decision says.
#[allow(clippy::too_many_arguments)]
fn bind(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    now: Timestamp,
    visitor: &Visitor,
    row: Option<&DeviceRow>,
    decision: Decision,
    contact: ContactId,
    verified: bool,
) -> Result<(DeviceId, String)> {
    let Some(row) = row else {
        let about = device_of(&visitor.user_agent);
        let versions = versions_of(&visitor.user_agent);
        let client = serde_json::json!({"type": "browser", "name": about.program, "version": versions.program});
        let tracking_id = alphanumeric(&*ws.chance, 23);
        let id = tx.scalar(
            Sql::new(
                "INSERT INTO devices (tracking_id, contact_id, kind, os, brand, agent, verified, created_at, seen_at, address, \
                 os_short, os_version, os_platform, model, client) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
            )
            .bind(&tracking_id)
            .bind(contact)
            .bind(about.kind)
            .bind(about.system)
            .bind(about.brand)
            .bind(about.program)
            .bind(verified)
            .bind(now)
            .bind(visitor.kept_address(ws))
            .bind(short_system(about.system))
            .bind(versions.system)
            .bind(versions.platform)
            .bind(versions.model)
            .bind(client),
        )?;
        return Ok((id, tracking_id));
    };
    if row.contact != contact || row.verified != verified {
        let before = match decision {
            // The nameless visitor waits until the claim is proven; then her history joins.
            Decision::Claim(_) if !row.identified => Some(row.contact),
            Decision::Claim(_) => row.visitor,
            _ => None,
        };
        tx.exec(
            Sql::new("UPDATE devices SET contact_id = $2, verified = $3, visitor_id = $4, seen_at = $5 WHERE id = $1")
                .bind(row.id)
                .bind(contact)
                .bind(verified)
                .bind(before)
                .bind(now),
        )?;
    }
    if let Decision::Merge { visitor, into } = decision {
        absorb(ws, tx, visitor, into)?;
    }
    if let (Decision::Bind(_), Some(waiting), false) = (decision, row.visitor, row.verified)
        && row.contact == contact
    {
        absorb(ws, tx, waiting, contact)?;
    }
    if verified && !row.verified {
        crate::forms::run_waiting_actions(ws, tx, contact, row.id)?;
    }
    Ok((row.id, row.tracking_id.clone()))
}

/// Writes what somebody typed: everything for those who proved who they are, and as the settings say for others. What
/// identifies a contact is never overwritten from outside.
pub(crate) fn write_values(ws: &Workspace, tx: &mut Tx<'_>, known: &Known, claims: &Claims) -> Result<()> {
    let how = match (known.verified, ws.settings().tracking.public_update_unverified) {
        (true, _) | (false, UnverifiedUpdates::Overwrite) => Existing::Overwrite,
        (false, UnverifiedUpdates::Fill) => Existing::Keep,
        (false, UnverifiedUpdates::None) => return Ok(()),
    };
    let fields = crate::fields::catalogue(ws, tx)?;
    let mut values = Values::new();
    for (alias, text) in &claims.fields {
        let Some(field) = fields.get(alias).filter(|f| f.published && (f.publicly_updatable || !claims.public_only)) else {
            continue;
        };
        match field.read(text) {
            Ok(value) if !value.is_empty() => {
                values.insert(alias.clone(), value);
            }
            _ => {}
        }
    }
    if values.is_empty() {
        return Ok(());
    }
    let contact = contacts::load(ws, tx, known.contact)?;
    for field in fields.unique() {
        if contact.values.get(&field.alias).is_some_and(|v: &FieldValue| !v.is_empty()) {
            values.remove(&field.alias);
        }
    }
    let change = save::Change {
        values: &values,
        existing: how,
        blanks_clear: false,
        owner: None,
        source: Source::Web,
        now: ws.clock.now(),
    };
    save::write(tx, &fields, Some(&contact), &change)?;
    Ok(())
}
