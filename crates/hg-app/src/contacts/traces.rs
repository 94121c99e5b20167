//! Where somebody came from: addresses, and the campaign parameters that led her here.

use std::collections::HashMap;

use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::Timestamp;
use hg_core::tracking::UtmTags;
use hg_store::{Sql, Tx};
use serde_json::{Map, Value as Json, json};

use crate::changes::{self, Happening};
use crate::contacts::service;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// An address that a contact came from.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenAddress {
    pub id: i64,
    pub address: String,
    /// What a look-up found out about it.
    pub details: Option<Json>,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
}

/// Campaign parameters that were recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct UtmRecord {
    pub id: i64,
    pub at: Timestamp,
    /// `hit`, `form` or `api`.
    pub origin: String,
    pub tags: NewUtm,
}

/// Campaign parameters, and the request that carried them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NewUtm {
    pub source: Option<String>,
    pub medium: Option<String>,
    pub campaign: Option<String>,
    pub content: Option<String>,
    pub term: Option<String>,
    pub url: Option<String>,
    pub referrer: Option<String>,
    pub agent: Option<String>,
    pub remote_host: Option<String>,
    pub query: Option<Json>,
}

impl From<UtmTags> for NewUtm {
    fn from(tags: UtmTags) -> Self {
        let some = |text: String| Some(text).filter(|t| !t.is_empty());
        Self {
            source: some(tags.source),
            medium: some(tags.medium),
            campaign: some(tags.campaign),
            content: some(tags.content),
            term: some(tags.term),
            ..Self::default()
        }
    }
}

impl NewUtm {
    /// Whether any of the five parameters says anything.
    pub fn says_something(&self) -> bool {
        [&self.source, &self.medium, &self.campaign, &self.content, &self.term].iter().any(|p| p.is_some())
    }
}

/// A contact was seen at an address.
pub fn see_address(tx: &mut Tx<'_>, contact: ContactId, address: &str, now: Timestamp) -> Result<()> {
    if address.is_empty() {
        return Ok(());
    }
    tx.exec(
        Sql::new(
            "INSERT INTO contact_addresses (contact_id, address, first_at, last_at) VALUES ($1, $2, $3, $3) \
             ON CONFLICT (contact_id, address) DO UPDATE SET last_at = excluded.last_at",
        )
        .bind(contact)
        .bind(address)
        .bind(now),
    )?;
    Ok(())
}

/// The addresses of contacts, the newest first.
pub fn addresses_of(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<ContactId, Vec<SeenAddress>>> {
    let mut found: HashMap<ContactId, Vec<SeenAddress>> = HashMap::new();
    let text = "SELECT contact_id, id, address, details, first_at, last_at FROM contact_addresses \
                WHERE contact_id @in($1) ORDER BY last_at DESC, id DESC";
    let rows = tx.all(Sql::new(text).bind(ids), |r| {
        let seen = SeenAddress { id: r.get(1)?, address: r.get(2)?, details: r.get(3)?, first_at: r.get(4)?, last_at: r.get(5)? };
        Ok((r.get::<ContactId>(0)?, seen))
    })?;
    for (contact, seen) in rows {
        found.entry(contact).or_default().push(seen);
    }
    Ok(found)
}

/// Records campaign parameters, when there are any. The id of the record.
pub fn record_utm(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, origin: &str, new: &NewUtm) -> Result<Option<i64>> {
    if !new.says_something() {
        return Ok(None);
    }
    let now = ws.clock.now();
    let short = |text: &Option<String>| text.as_ref().map(|t| t.chars().take(2_000).collect::<String>());
    let id: i64 = tx.scalar(
        Sql::new(
            "INSERT INTO utm_records (contact_id, at, origin, source, medium, campaign, content, term, url, referrer, agent, remote_host, query) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id",
        )
        .bind(contact)
        .bind(now)
        .bind(origin)
        .binds([&new.source, &new.medium, &new.campaign, &new.content, &new.term].map(short))
        .binds([&new.url, &new.referrer, &new.agent, &new.remote_host].map(short))
        .bind(new.query.as_ref()),
    )?;
    let mut detail = Map::new();
    for (name, value) in [
        ("source", &new.source),
        ("medium", &new.medium),
        ("campaign", &new.campaign),
        ("content", &new.content),
        ("term", &new.term),
        ("url", &new.url),
    ] {
        if let Some(value) = value {
            detail.insert(name.into(), json!(value));
        }
    }
    changes::record(tx, Happening::new(contact, EventKind::UtmRecorded, now).reference(id).detail(Json::Object(detail)))?;
    Ok(Some(id))
}

/// The campaign parameters of contacts, the newest first.
pub fn utm_of(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<ContactId, Vec<UtmRecord>>> {
    let mut found: HashMap<ContactId, Vec<UtmRecord>> = HashMap::new();
    let text = "SELECT contact_id, id, at, origin, source, medium, campaign, content, term, url, referrer, agent, remote_host, query \
                FROM utm_records WHERE contact_id @in($1) ORDER BY id DESC";
    let rows = tx.all(Sql::new(text).bind(ids), |r| {
        let tags = NewUtm {
            source: r.get(4)?,
            medium: r.get(5)?,
            campaign: r.get(6)?,
            content: r.get(7)?,
            term: r.get(8)?,
            url: r.get(9)?,
            referrer: r.get(10)?,
            agent: r.get(11)?,
            remote_host: r.get(12)?,
            query: r.get(13)?,
        };
        Ok((r.get::<ContactId>(0)?, UtmRecord { id: r.get(1)?, at: r.get(2)?, origin: r.get(3)?, tags }))
    })?;
    for (contact, record) in rows {
        found.entry(contact).or_default().push(record);
    }
    Ok(found)
}

/// The addresses of one contact.
pub async fn addresses(cx: &Cx, contact: ContactId) -> Result<Vec<SeenAddress>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let id = service::survivor(tx, contact)?;
            Ok(addresses_of(tx, &[id.0])?.remove(&id).unwrap_or_default())
        })
        .await
}

/// Somebody signed in says that a contact has an address.
pub async fn add_address(cx: &Cx, contact: ContactId, address: String) -> Result<()> {
    cx.may(Action::Edit(Area::Contacts))?;
    let Ok(ip) = address.trim().parse::<std::net::IpAddr>() else {
        return Err(Error::field("/ipAddress", "address", "Write an IP address such as 192.0.2.7."));
    };
    let shortened = cx.ws.settings().tracking.anonymize_ip;
    let kept = if shortened { hg_core::tracking::anonymized(ip).to_string() } else { ip.to_string() };
    let now = cx.now();
    cx.db()
        .write(move |tx| {
            let id = service::survivor(tx, contact)?;
            see_address(tx, id, &kept, now)
        })
        .await
}

/// The campaign parameters of one contact.
pub async fn utm(cx: &Cx, contact: ContactId) -> Result<Vec<UtmRecord>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let id = service::survivor(tx, contact)?;
            Ok(utm_of(tx, &[id.0])?.remove(&id).unwrap_or_default())
        })
        .await
}

/// Somebody signed in records campaign parameters.
pub async fn add_utm(cx: &Cx, contact: ContactId, new: NewUtm) -> Result<i64> {
    cx.may(Action::Edit(Area::Contacts))?;
    let ws = cx.ws.clone();
    let nothing = || Error::field("/source", "utm.empty", "Give at least one of source, medium, campaign, content and term.");
    cx.db()
        .write(move |tx| {
            let id = service::survivor(tx, contact)?;
            record_utm(&ws, tx, id, "api", &new)?.ok_or_else(nothing)
        })
        .await
}

/// Takes a record of campaign parameters away; whether it was there.
pub async fn remove_utm(cx: &Cx, contact: ContactId, record: i64) -> Result<bool> {
    cx.may(Action::Edit(Area::Contacts))?;
    let now = cx.now();
    cx.db()
        .write(move |tx| {
            let id = service::survivor(tx, contact)?;
            let gone = tx.exec(Sql::new("DELETE FROM utm_records WHERE id = $1 AND contact_id = $2").bind(record).bind(id))? == 1;
            if gone {
                // Segments that ask for it look again; the timeline forgets it too.
                tx.exec(
                    Sql::new("DELETE FROM events WHERE contact_id = $1 AND kind = $2 AND ref_id = $3")
                        .bind(id)
                        .bind(EventKind::UtmRecorded.code())
                        .bind(record),
                )?;
                changes::queue(tx, &Happening::new(id, EventKind::UtmRecorded, now))?;
            }
            Ok(gone)
        })
        .await
}
