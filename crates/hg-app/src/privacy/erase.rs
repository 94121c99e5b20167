//! Erasing a contact: afterwards nothing that is kept holds a personal value of hers. What stays is her number without a
//! name, so that counts by day (sent, opened, visited) go on telling the same.

use std::collections::BTreeSet;

use hg_core::events::EventKind;
use hg_core::ids::{ContactId, UserId};
use hg_store::{Sql, Tx};
use serde_json::json;

use super::sweep;
use crate::audit::{self, Deed, Entry};
use crate::changes::{self, Happening};
use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::suppressions::{self, Cause};
use crate::tracking;
use crate::workspace::Workspace;

/// What an erasure takes away, in numbers, for the dialog before it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Consequence {
    pub events: i64,
    pub emails: i64,
    pub answers: i64,
    pub notes: i64,
    /// Campaigns that she leaves.
    pub campaigns: i64,
    /// Messages that wait and will not be sent.
    pub waiting: i64,
}

/// Rows that go.
const DELETED: &[&str] = &[
    "contact_tags",
    "do_not_contact",
    "consents",
    "devices",
    "contact_addresses",
    "utm_records",
    "notes",
    "frequency_rules",
    "contact_categories",
    "contact_scores",
    "point_action_log",
    "point_trigger_log",
    "segment_overrides",
    "outbox",
    "contact_changes",
    "contact_companies",
    "import_changes",
    "mail_returns",
    "soft_bounces",
    "campaign_calls",
];

/// Rows that stay for their counts, without anything personal.
const EMPTIED: &[&str] = &[
    "DELETE FROM mail_responses WHERE send_id IN (SELECT id FROM sends WHERE contact_id = $1)",
    "UPDATE events SET detail = NULL, url_id = NULL WHERE contact_id = $1",
    "UPDATE submissions SET answers = '{}', referrer = NULL, nonce = NULL, address = NULL, device_id = NULL WHERE contact_id = $1",
    "UPDATE sends SET address = '', tokens = NULL, tracking_key = 'erased-' || id, message_id = '', \
     reason = CASE WHEN state = 6 THEN reason ELSE NULL END, held_reason = NULL WHERE contact_id = $1",
    "UPDATE campaign_log SET detail = NULL WHERE contact_id = $1",
    "UPDATE company_log SET detail = NULL WHERE contact_id = $1",
    "UPDATE contact_merges SET name = NULL WHERE loser_id = $1 OR winner_id = $1",
    "UPDATE audit SET detail = NULL, object_name = NULL WHERE object_type = 'contact' AND object_id = $1",
];

/// How much hangs on a contact.
pub async fn consequence(cx: &Cx, id: ContactId) -> Result<Consequence> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let id = contacts::survivor(tx, id)?;
            let mut count = |text: &str| -> Result<i64> { Ok(tx.scalar(Sql::new(text.to_owned()).bind(id))?) };
            Ok(Consequence {
                events: count("SELECT count(*) FROM events WHERE contact_id = $1")?,
                emails: count("SELECT count(*) FROM sends WHERE contact_id = $1")?,
                answers: count("SELECT count(*) FROM submissions WHERE contact_id = $1")?,
                notes: count("SELECT count(*) FROM notes WHERE contact_id = $1")?,
                campaigns: count("SELECT count(*) FROM campaign_members WHERE contact_id = $1 AND state = 'active'")?,
                waiting: count("SELECT count(*) FROM sends WHERE contact_id = $1 AND state = 0")?,
            })
        })
        .await
}

/// Erases a contact and everybody who was merged into her. With `suppress` her address goes onto the suppression list, as
/// a hash, so that no import brings her back.
pub async fn erase(cx: &Cx, id: ContactId, suppress: bool) -> Result<()> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, who, by) = (cx.ws.clone(), cx.who(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let id = contacts::survivor(tx, id)?;
            write(&ws, tx, id, suppress, by, "request")?;
            audit::record(tx, &who, Entry::new(Deed::Erase, "contact", id.0, format!("Contact {id}")))?;
            sweep::push(tx, ws.clock.now(), by)
        })
        .await?;
    // The addresses of pages that only she saw are gone; nothing remembers their numbers.
    tracking::forget_urls(&cx.ws);
    Ok(())
}

/// Erases in the caller's transaction.
pub(super) fn write(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    id: ContactId,
    suppress: bool,
    by: Option<UserId>,
    reason: &str,
) -> Result<()> {
    let now = ws.clock.now();
    let merged = tx.all(Sql::new("SELECT loser_id FROM contact_merges WHERE winner_id = $1").bind(id), |r| r.get(0))?;
    for one in merged.into_iter().chain([id]) {
        keep_address_shut(tx, now, one, suppress)?;
        forget_personal_urls(tx, one)?;
        let merges = "DELETE FROM merge_moves WHERE merge_id IN (SELECT id FROM merges WHERE winner_id = $1 OR loser_id = $1)";
        tx.exec(Sql::new(merges).bind(one))?;
        tx.exec(Sql::new("DELETE FROM merges WHERE winner_id = $1 OR loser_id = $1").bind(one))?;
        tx.exec(Sql::new("DELETE FROM duplicates WHERE first_id = $1 OR other_id = $1").bind(one))?;
        crate::campaigns::simulate::forget(tx, one)?;
        for table in DELETED {
            tx.exec(Sql::new(format!("DELETE FROM {table} WHERE contact_id = $1")).bind(one))?;
        }
        for text in EMPTIED {
            tx.exec(Sql::new(*text).bind(one))?;
        }
        // What waits is not sent any more; what is on its way asks once more and finds nobody.
        let waiting = "UPDATE sends SET state = 6, reason = 'no-address' WHERE contact_id = $1 AND state = 0";
        tx.exec(Sql::new(waiting).bind(one))?;
        // A new row has every column empty, whatever fields there are or were.
        let gone: Option<(i64, i64)> = tx
            .opt(Sql::new("DELETE FROM contacts WHERE id = $1 RETURNING created_at, version").bind(one), |r| {
                Ok((r.get(0)?, r.get(1)?))
            })?;
        if let Some((created, version)) = gone {
            // Whoever follows contacts sees by the version that this is news.
            tx.exec(
                Sql::new("INSERT INTO contacts (id, version, created_at, updated_at, deleted_at) VALUES ($1, $2, $3, $4, $4)")
                    .bind(one)
                    .bind(version + 1)
                    .bind(created)
                    .bind(now),
            )?;
        }
        tx.exec(
            Sql::new(
                "INSERT INTO erasures (contact_id, erased_at, erased_by, reason) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            )
            .bind(one)
            .bind(now)
            .bind(by)
            .bind(reason),
        )?;
        // Segments and campaigns let go of her as of anybody deleted.
        changes::queue(tx, &Happening::new(one, EventKind::DeletedChanged, now).detail(json!({"deleted": true})))?;
    }
    Ok(())
}

/// Whoever left does not come back by the next import; whoever asks for it is kept away too.
fn keep_address_shut(tx: &mut Tx<'_>, now: hg_core::time::Timestamp, id: ContactId, always: bool) -> Result<()> {
    let address: Option<String> =
        tx.opt(Sql::new("SELECT email FROM contacts WHERE id = $1").bind(id), |r| r.get::<Option<String>>(0))?.flatten();
    let reason: Option<i64> =
        tx.opt(Sql::new("SELECT reason FROM do_not_contact WHERE contact_id = $1 AND channel = 'email'").bind(id), |r| r.get(0))?;
    if let Some(address) = address.filter(|_| always || reason.is_some()) {
        suppressions::keep(tx, now, &address, reason.map_or(Cause::Manual, Cause::of), "erasure", None)?;
    }
    Ok(())
}

/// Texts of a contact that may stand in an address of a page, such as `?email=`.
fn telling_values(tx: &mut Tx<'_>, id: ContactId) -> Result<BTreeSet<String>> {
    let text = "SELECT email, firstname, lastname, mobile, phone, company FROM contacts WHERE id = $1";
    let found = tx.opt(Sql::new(text).bind(id), |r| {
        let mut values = BTreeSet::new();
        for i in 0..6 {
            if let Some(value) = r.get::<Option<String>>(i)?.map(|v| v.trim().to_lowercase()).filter(|v| v.len() > 2) {
                values.insert(value);
            }
        }
        Ok(values)
    })?;
    Ok(found.unwrap_or_default())
}

/// Addresses of pages that she saw and that hold something of hers go, for everybody.
fn forget_personal_urls(tx: &mut Tx<'_>, id: ContactId) -> Result<()> {
    let values = telling_values(tx, id)?;
    if values.is_empty() {
        return Ok(());
    }
    let text = "SELECT DISTINCT u.id, u.url FROM events e JOIN urls u ON u.id = e.url_id WHERE e.contact_id = $1";
    let seen = tx.all(Sql::new(text).bind(id), |r| Ok((r.get::<i64>(0)?, r.get::<String>(1)?)))?;
    let personal: Vec<i64> = seen
        .into_iter()
        .filter(|(_, url)| {
            let plain = percent_decoded(url).to_lowercase();
            let raw = url.to_lowercase();
            values.iter().any(|v| plain.contains(v.as_str()) || raw.contains(v.as_str()))
        })
        .map(|(id, _)| id)
        .collect();
    if !personal.is_empty() {
        tx.exec(Sql::new("DELETE FROM urls WHERE id @in($1)").bind(personal.as_slice()))?;
    }
    Ok(())
}

/// An address with its `%40` and `+` read.
fn percent_decoded(url: &str) -> String {
    let bytes = url.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex =
            bytes.get(at + 1..at + 3).and_then(|h| std::str::from_utf8(h).ok()).and_then(|h| u8::from_str_radix(h, 16).ok());
        match (bytes[at], hex) {
            (b'%', Some(byte)) => {
                out.push(byte);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            (byte, _) => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}
