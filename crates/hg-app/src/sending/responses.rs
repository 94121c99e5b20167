//! What comes back: opens, clicks and answers.

use hg_core::events::EventKind;
use hg_core::ids::SendId;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde_json::json;

use super::ledger::{self, SendRow};
use crate::changes::{self, Happening};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;

/// The message that a tracking key belongs to.
pub fn of_key(tx: &mut Tx<'_>, key: &str) -> Result<Option<SendRow>> {
    ledger::by_key(tx, key)
}

/// The message with a Message-ID. Its first letters are those of the tracking key, which has the index.
pub fn of_message_id(tx: &mut Tx<'_>, message_id: &str) -> Result<Option<SendRow>> {
    let Some((head, _)) = message_id.split_once('.').filter(|(h, _)| h.len() == 12 && h.bytes().all(|b| b.is_ascii_hexdigit()))
    else {
        return Ok(None);
    };
    let text =
        format!("SELECT {} FROM sends WHERE tracking_key >= $1 AND tracking_key < $2 AND message_id = $3", ledger::COLUMNS);
    let sql = Sql::new(text).bind(head).bind(format!("{head}g")).bind(message_id);
    Ok(tx.opt(sql, ledger::read)?)
}

/// The last message that went to an address of a contact.
pub(crate) fn last_to(tx: &mut Tx<'_>, address: &str) -> Result<Option<SendRow>> {
    let Ok(email) = hg_core::text::Email::parse(address) else { return Ok(None) };
    let contact = Sql::new("SELECT id FROM contacts WHERE email_key = $1 ORDER BY id LIMIT 1").bind(email.key());
    let Some(contact) = tx.opt(contact, |r| r.get::<hg_core::ids::ContactId>(0))? else { return Ok(None) };
    let text =
        format!("SELECT {} FROM sends WHERE contact_id = $1 AND state IN (2, 3, 5) ORDER BY id DESC LIMIT 1", ledger::COLUMNS);
    Ok(tx.opt(Sql::new(text).bind(contact), ledger::read)?)
}

/// Counts an open.
pub async fn opened(cx: &Cx, send: SendId, in_browser: bool) -> Result<()> {
    let now = cx.now();
    cx.db()
        .write(move |tx| {
            let text = format!("SELECT {} FROM sends WHERE id = $1", ledger::COLUMNS);
            let Some(row) = tx.opt(Sql::new(text).bind(send), ledger::read)? else { return Ok(()) };
            write_open(tx, now, &row, in_browser)
        })
        .await
}

/// Writes an open in the caller's transaction. The first one counts for the email and is told.
pub fn write_open(tx: &mut Tx<'_>, now: Timestamp, send: &SendRow, in_browser: bool) -> Result<()> {
    let first =
        tx.exec(Sql::new("UPDATE sends SET opened_at = $2 WHERE id = $1 AND opened_at IS NULL").bind(send.id).bind(now))? == 1;
    tx.exec(Sql::new("UPDATE sends SET opens = opens + 1 WHERE id = $1").bind(send.id))?;
    if first {
        tx.exec(
            Sql::new("UPDATE email_counts SET opened = opened + 1 WHERE email_id IN ($1, $2)")
                .bind(send.email)
                .bind(send.content),
        )?;
        let happening = Happening::new(send.contact, EventKind::EmailOpened, now).object(send.email.0).reference(send.id.0);
        changes::record(tx, happening.detail(json!({"in_browser": in_browser})))?;
    }
    Ok(())
}

/// Writes a click in the caller's transaction. It proves that the message was read.
pub fn write_click(tx: &mut Tx<'_>, now: Timestamp, send: &SendRow, redirect: i64, url: &str, url_id: Option<i64>) -> Result<()> {
    if send.opened_at.is_none() {
        write_open(tx, now, send, false)?;
    }
    let first =
        tx.exec(Sql::new("UPDATE sends SET clicked_at = $2 WHERE id = $1 AND clicked_at IS NULL").bind(send.id).bind(now))? == 1;
    tx.exec(Sql::new("UPDATE sends SET clicks = clicks + 1 WHERE id = $1").bind(send.id))?;
    if first {
        tx.exec(
            Sql::new("UPDATE email_counts SET clicked = clicked + 1 WHERE email_id IN ($1, $2)")
                .bind(send.email)
                .bind(send.content),
        )?;
    }
    let mut happening = Happening::new(send.contact, EventKind::EmailClicked, now).object(send.email.0).reference(send.id.0);
    happening.url_id = url_id;
    changes::record(tx, happening.detail(json!({"url": url, "redirect_id": redirect})))?;
    Ok(())
}

/// Writes that a message was answered, as a client tells that reads the mailbox; false for keys that are not ours. Who
/// answers has read it.
pub async fn replied(cx: &Cx, key: &str) -> Result<bool> {
    cx.may(Action::Edit(Area::Emails))?;
    let (now, key) = (cx.now(), key.to_owned());
    cx.db()
        .write(move |tx| {
            let Some(send) = ledger::by_key(tx, &key)? else { return Ok(false) };
            write_reply(tx, now, &send)?;
            Ok(true)
        })
        .await
}

/// Writes an answer in the caller's transaction. The first one counts for the email.
pub(crate) fn write_reply(tx: &mut Tx<'_>, now: Timestamp, send: &SendRow) -> Result<()> {
    if send.opened_at.is_none() {
        write_open(tx, now, send, false)?;
    }
    let first =
        tx.exec(Sql::new("UPDATE sends SET replied_at = $2 WHERE id = $1 AND replied_at IS NULL").bind(send.id).bind(now))?;
    if first == 1 {
        tx.exec(
            Sql::new("UPDATE email_counts SET replied = replied + 1 WHERE email_id IN ($1, $2)")
                .bind(send.email)
                .bind(send.content),
        )?;
    }
    let happening = Happening::new(send.contact, EventKind::EmailReplied, now).object(send.email.0).reference(send.id.0);
    changes::record(tx, happening).map(|_| ())
}
