//! Devices of a contact: what she uses, and since when.

use hg_core::events::EventKind;
use hg_core::ids::{ContactId, DeviceId, alphanumeric};
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx, Value};
use serde_json::Value as Json;

use crate::changes::{self, Happening};
use crate::contacts::service;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};

/// A device.
#[derive(Debug, Clone, PartialEq)]
pub struct Device {
    pub id: DeviceId,
    pub contact: ContactId,
    pub tracking_id: String,
    /// She proved that it is hers.
    pub verified: bool,
    pub traits: DeviceTraits,
    /// The address it was last seen at, as it may be kept.
    pub address: Option<String>,
    pub created_at: Timestamp,
    pub seen_at: Timestamp,
}

/// What is known about a device; what is `None` is not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DeviceTraits {
    /// `desktop`, `smartphone`, `tablet`…
    pub kind: Option<String>,
    pub brand: Option<String>,
    pub model: Option<String>,
    pub os: Option<String>,
    pub os_short: Option<String>,
    pub os_version: Option<String>,
    pub os_platform: Option<String>,
    /// Browser or mail program.
    pub program: Option<String>,
    /// More about the program, as a client of the API gave it or as it was read off the browser's name.
    pub client: Option<Json>,
}

/// What a client of the API says about a device.
#[derive(Debug, Clone, Default)]
pub struct DeviceInput {
    pub contact: Option<ContactId>,
    pub tracking_id: Option<String>,
    pub traits: DeviceTraits,
}

const COLUMNS: &str = "d.id, d.contact_id, d.tracking_id, d.verified, d.kind, d.brand, d.model, d.os, d.os_short, d.os_version, \
     d.os_platform, d.agent, d.client, d.address, d.created_at, d.seen_at";

fn read(r: &Row<'_>) -> hg_store::Result<Device> {
    let text = |i: usize| Ok::<_, hg_store::StoreError>(r.get::<Option<String>>(i)?.filter(|t| !t.is_empty()));
    Ok(Device {
        id: r.get(0)?,
        contact: r.get(1)?,
        tracking_id: r.get(2)?,
        verified: r.get(3)?,
        traits: DeviceTraits {
            kind: text(4)?,
            brand: text(5)?,
            model: text(6)?,
            os: text(7)?,
            os_short: text(8)?,
            os_version: text(9)?,
            os_platform: text(10)?,
            program: text(11)?,
            client: r.get(12)?,
        },
        address: text(13)?,
        created_at: r.get(14)?,
        seen_at: r.get(15)?,
    })
}

/// Devices of a contact, the one seen last first; or those of everybody by id.
pub async fn devices(cx: &Cx, contact: Option<ContactId>, query: ListQuery) -> Result<Page<Device>> {
    cx.may(Action::View(Area::Contacts))?;
    let after = query.after()?;
    let limit = query.limit();
    cx.db()
        .read(move |tx| {
            let contact = contact.map(|c| service::survivor(tx, c)).transpose()?;
            let (whose, order, key) = match contact {
                Some(_) => {
                    ("d.contact_id = $1", "d.seen_at DESC, d.id DESC", "(d.seen_at < $2 OR (d.seen_at = $2 AND d.id < $3))")
                }
                None => ("$1 = 0", "d.id", "(d.id <= $2 OR d.id < $3)"),
            };
            let (at, id) = match after {
                Some((Value::Int(at), id)) => (at, id),
                _ => (i64::MAX, i64::MAX),
            };
            let whom = contact.map_or(0, |c| c.0);
            let total: i64 = tx.scalar(Sql::new(format!("SELECT count(*) FROM devices d WHERE {whose}")).bind(whom))?;
            let text = format!("SELECT {COLUMNS} FROM devices d WHERE {whose} AND {key} ORDER BY {order} LIMIT $4 OFFSET $5");
            let sql = Sql::new(text).bind(whom).bind(at).bind(id).bind(i64::from(limit) + 1);
            let rows = tx.all(sql.bind(i64::try_from(query.offset).unwrap_or(i64::MAX)), read)?;
            Ok(Page::of(rows, limit, u64::try_from(total).ok(), |d| (Value::Int(d.seen_at.0), d.id.0)))
        })
        .await
}

pub async fn device(cx: &Cx, id: DeviceId) -> Result<Device> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db().read(move |tx| find(tx, id)).await
}

fn find(tx: &mut Tx<'_>, id: DeviceId) -> Result<Device> {
    tx.opt(Sql::new(format!("SELECT {COLUMNS} FROM devices d WHERE d.id = $1")).bind(id), read)?
        .ok_or_else(|| Error::not_found("device", id))
}

/// Puts a device down for a contact. One of the same type, brand and model is used again; whether it was made.
pub async fn add_device(cx: &Cx, new: DeviceInput) -> Result<(Device, bool)> {
    cx.may(Action::Edit(Area::Contacts))?;
    let contact = new.contact.ok_or_else(|| Error::field("/contact", "device.no-contact", "Say whose device it is."))?;
    let (ws, now) = (cx.ws.clone(), cx.now());
    cx.db()
        .write(move |tx| {
            let contact = service::survivor(tx, contact)?;
            let same: Option<DeviceId> = tx.opt(
                Sql::new(
                    "SELECT id FROM devices WHERE contact_id = $1 AND coalesce(kind, '') = $2 AND coalesce(brand, '') = $3 \
                     AND coalesce(model, '') = $4 AND ($5 = '' OR tracking_id = $5) ORDER BY id LIMIT 1",
                )
                .bind(contact)
                .bind(new.traits.kind.as_deref().unwrap_or(""))
                .bind(new.traits.brand.as_deref().unwrap_or(""))
                .bind(new.traits.model.as_deref().unwrap_or(""))
                .bind(new.tracking_id.as_deref().unwrap_or("")),
                |r| r.get(0),
            )?;
            if let Some(id) = same {
                write_traits(tx, id, &new.traits)?;
                return Ok((find(tx, id)?, false));
            }
            let tracking_id = new.tracking_id.clone().filter(|t| !t.is_empty()).unwrap_or_else(|| alphanumeric(&*ws.chance, 23));
            check_tracking_id(tx, &tracking_id, None)?;
            let id: DeviceId = tx.scalar(
                Sql::new(
                    "INSERT INTO devices (tracking_id, contact_id, verified, created_at, seen_at) VALUES ($1, $2, 1, $3, $3) RETURNING id",
                )
                .bind(tracking_id)
                .bind(contact)
                .bind(now),
            )?;
            write_traits(tx, id, &new.traits)?;
            changes::queue(tx, &Happening::new(contact, EventKind::AddressSeen, now))?;
            Ok((find(tx, id)?, true))
        })
        .await
}

fn check_tracking_id(tx: &mut Tx<'_>, tracking_id: &str, of: Option<DeviceId>) -> Result<()> {
    if !(8..=64).contains(&tracking_id.len()) || !tracking_id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        let detail = "A tracking id is made of 8 to 64 letters and digits.";
        return Err(Error::field("/tracking_id", "device.tracking-id", detail));
    }
    let other: Option<DeviceId> =
        tx.opt(Sql::new("SELECT id FROM devices WHERE tracking_id = $1").bind(tracking_id), |r| r.get(0))?;
    if other.is_some_and(|other| Some(other) != of) {
        return Err(Error::conflict("device.tracking-id-taken", "Another device has this tracking id."));
    }
    Ok(())
}

fn write_traits(tx: &mut Tx<'_>, id: DeviceId, t: &DeviceTraits) -> Result<()> {
    let sql = "UPDATE devices SET kind = coalesce($2, kind), brand = coalesce($3, brand), model = coalesce($4, model), \
               os = coalesce($5, os), os_short = coalesce($6, os_short), os_version = coalesce($7, os_version), \
               os_platform = coalesce($8, os_platform), agent = coalesce($9, agent), client = coalesce($10, client) WHERE id = $1";
    let parts = [&t.kind, &t.brand, &t.model, &t.os, &t.os_short, &t.os_version, &t.os_platform, &t.program];
    tx.exec(Sql::new(sql).bind(id).binds(parts.map(|p| p.as_deref())).bind(t.client.as_ref()))?;
    Ok(())
}

/// Changes what is said about a device.
pub async fn change_device(cx: &Cx, id: DeviceId, patch: DeviceInput) -> Result<Device> {
    cx.may(Action::Edit(Area::Contacts))?;
    cx.db()
        .write(move |tx| {
            find(tx, id)?;
            if let Some(tracking_id) = patch.tracking_id.as_deref().filter(|t| !t.is_empty()) {
                check_tracking_id(tx, tracking_id, Some(id))?;
                tx.exec(Sql::new("UPDATE devices SET tracking_id = $2 WHERE id = $1").bind(id).bind(tracking_id))?;
            }
            if let Some(contact) = patch.contact {
                let contact = service::survivor(tx, contact)?;
                tx.exec(Sql::new("UPDATE devices SET contact_id = $2 WHERE id = $1").bind(id).bind(contact))?;
            }
            write_traits(tx, id, &patch.traits)?;
            find(tx, id)
        })
        .await
}

/// Forgets a device: whoever uses it is a new visitor the next time. Gives it as it was.
pub async fn forget_device(cx: &Cx, id: DeviceId) -> Result<Device> {
    cx.may(Action::Edit(Area::Contacts))?;
    cx.db()
        .write(move |tx| {
            let device = find(tx, id)?;
            tx.exec(Sql::new("DELETE FROM devices WHERE id = $1").bind(id))?;
            Ok(device)
        })
        .await
}
