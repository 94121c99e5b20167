//! Leaving: the link in a mail shows a page with one button, the button acts; mail programs may act by themselves with
//! the one-click request of RFC 8058. Whoever has the link of a message may act for its address, nobody else.

use hg_core::emails::verify_unsubscribe_secret;
use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde_json::json;

use super::ledger::{self, SendRow};
use crate::changes::{self, Happening};
use crate::cx::Cx;
use crate::error::Result;

/// She left by herself.
pub const UNSUBSCRIBED: i64 = 1;

/// Her address refused mail for good.
pub(crate) const BOUNCED: i64 = super::queue::BOUNCED;

/// The link of a message: its key, and address and secret, which go on working when the message is forgotten.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeaveLink {
    pub key: String,
    pub address: String,
    pub secret: String,
}

/// Whom a link is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaver {
    pub contact: ContactId,
    pub address: String,
    /// Whether she has left already.
    pub has_left: bool,
    /// The key of the message, if it is still known: the way back.
    pub key: Option<String>,
}

/// Whom the link is for; none for links that are not ours.
pub async fn of_link(cx: &Cx, link: LeaveLink) -> Result<Option<Leaver>> {
    let key = cx.ws.site.secret_key.clone();
    cx.db().read(move |tx| leaver(tx, &key, &link)).await
}

/// Unsubscribes whom the link is for; none for links that are not ours.
pub async fn leave(cx: &Cx, link: LeaveLink) -> Result<Option<Leaver>> {
    let (key, now) = (cx.ws.site.secret_key.clone(), cx.now());
    cx.db()
        .write(move |tx| {
            let Some(leaver) = leaver(tx, &key, &link)? else { return Ok(None) };
            let send = ledger::by_key(tx, &link.key)?;
            if write(tx, now, leaver.contact, UNSUBSCRIBED, "User unsubscribed.", send.as_ref().map(|s| s.email.0))?
                && let Some(send) = send
            {
                count(tx, now, &send)?;
            }
            Ok(Some(Leaver { has_left: true, ..leaver }))
        })
        .await
}

/// Takes an unsubscription back; other reasons stay.
pub async fn come_back(cx: &Cx, link: LeaveLink) -> Result<Option<Leaver>> {
    let (key, now) = (cx.ws.site.secret_key.clone(), cx.now());
    cx.db()
        .write(move |tx| {
            let Some(leaver) = leaver(tx, &key, &link)? else { return Ok(None) };
            let lifted = tx.exec(
                Sql::new("DELETE FROM do_not_contact WHERE contact_id = $1 AND channel = 'email' AND reason = $2")
                    .bind(leaver.contact)
                    .bind(UNSUBSCRIBED),
            )? == 1;
            if lifted {
                let detail =
                    json!({"channel": "email", "reason": "unsubscribed", "added": false, "comments": "User resubscribed."});
                changes::record(tx, Happening::new(leaver.contact, EventKind::DoNotContactChanged, now).detail(detail))?;
            }
            Ok(Some(Leaver { has_left: false, ..leaver }))
        })
        .await
}

fn leaver(tx: &mut Tx<'_>, key: &[u8], link: &LeaveLink) -> Result<Option<Leaver>> {
    let by_secret = !link.secret.is_empty() && verify_unsubscribe_secret(key, &link.address, &link.secret);
    let (contact, address, way_back) = match ledger::by_key(tx, &link.key)? {
        Some(send) => (Some(survivor(tx, send.contact)?), send.address, Some(send.tracking_key)),
        None if by_secret => (by_address(tx, &link.address)?, link.address.clone(), None),
        None => (None, String::new(), None),
    };
    let Some(contact) = contact else { return Ok(None) };
    let blocked: Option<i64> = tx
        .opt(Sql::new("SELECT reason FROM do_not_contact WHERE contact_id = $1 AND channel = 'email'").bind(contact), |r| {
            r.get(0)
        })?;
    Ok(Some(Leaver { contact, address, has_left: blocked.is_some(), key: way_back }))
}

/// A merged contact's links go on working for the one she became.
fn survivor(tx: &mut Tx<'_>, contact: ContactId) -> Result<ContactId> {
    let winner = Sql::new("SELECT winner_id FROM contact_merges WHERE loser_id = $1").bind(contact);
    Ok(tx.opt(winner, |r| r.get(0))?.unwrap_or(contact))
}

fn by_address(tx: &mut Tx<'_>, address: &str) -> Result<Option<ContactId>> {
    let key = hg_core::text::Email::parse(address).map(|email| email.key().to_owned()).unwrap_or_default();
    Ok(tx.opt(Sql::new("SELECT id FROM contacts WHERE email_key = $1 AND deleted_at IS NULL").bind(key), |r| r.get(0))?)
}

pub(crate) fn count(tx: &mut Tx<'_>, now: Timestamp, send: &SendRow) -> Result<()> {
    let first = tx.exec(
        Sql::new("UPDATE sends SET unsubscribed_at = $2 WHERE id = $1 AND unsubscribed_at IS NULL").bind(send.id).bind(now),
    )? == 1;
    if first {
        tx.exec(
            Sql::new("UPDATE email_counts SET unsubscribed = unsubscribed + 1 WHERE email_id IN ($1, $2)")
                .bind(send.email)
                .bind(send.content),
        )?;
    }
    Ok(())
}

/// Writes a do-not-contact entry for email. A bounce replaces neither an opt-out nor what somebody wrote by hand;
/// whether anything changed.
pub fn write(
    tx: &mut Tx<'_>,
    now: Timestamp,
    contact: ContactId,
    reason: i64,
    comments: &str,
    email: Option<i64>,
) -> Result<bool> {
    let n = tx.exec(
        Sql::new(
            "INSERT INTO do_not_contact (contact_id, channel, reason, channel_id, comments, added_at) VALUES ($1, 'email', $2, $3, $4, $5) \
             ON CONFLICT (contact_id, channel) DO UPDATE SET reason = excluded.reason, channel_id = excluded.channel_id, \
             comments = excluded.comments, added_at = excluded.added_at \
             WHERE do_not_contact.reason <> 1 AND excluded.reason = 1",
        )
        .bind(contact)
        .bind(reason)
        .bind(email)
        .bind(comments)
        .bind(now),
    )?;
    if n == 1 {
        let word = if reason == UNSUBSCRIBED { "unsubscribed" } else { "bounced" };
        let detail = json!({"channel": "email", "reason": word, "added": true, "comments": comments});
        let happening = Happening::new(contact, EventKind::DoNotContactChanged, now).object(email.unwrap_or(0));
        changes::record(tx, happening.detail(detail))?;
    }
    Ok(n == 1)
}
