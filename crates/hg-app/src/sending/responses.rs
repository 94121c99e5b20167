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
        tx.exec(Sql::new("UPDATE email_counts SET opened = opened + 1 WHERE email_id = $1").bind(send.email))?;
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
        tx.exec(Sql::new("UPDATE email_counts SET clicked = clicked + 1 WHERE email_id = $1").bind(send.email))?;
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
            if send.opened_at.is_none() {
                write_open(tx, now, &send, false)?;
            }
            changes::record(
                tx,
                Happening::new(send.contact, EventKind::EmailReplied, now).object(send.email.0).reference(send.id.0),
            )?;
            Ok(true)
        })
        .await
}
