//! Messages of one contact that have not left: seen, and cancelled by hand.

use hg_core::emails::{SendState, Skip};
use hg_core::ids::{ContactId, EmailId, SendId};
use hg_core::time::Timestamp;
use hg_store::Sql;

use super::ledger::{self, Tally};
use crate::audit::{self, Deed, Entry};
use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};

/// A message that waits to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingMessage {
    pub id: SendId,
    pub email: EmailId,
    pub name: String,
    pub due_at: Timestamp,
    /// How often it was put off, and why the last time.
    pub held: i64,
    pub reason: Option<String>,
}

/// What of a contact's mail waits, the next one first.
pub async fn waiting(cx: &Cx, contact: ContactId) -> Result<Vec<WaitingMessage>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            let text = "SELECT s.id, s.email_id, e.name, s.due_at, s.held, s.held_reason FROM sends s JOIN emails e ON e.id = s.email_id \
                        WHERE s.contact_id = $1 AND s.state = 0 ORDER BY s.due_at, s.id LIMIT 200";
            Ok(tx.all(Sql::new(text).bind(contact), |r| {
                Ok(WaitingMessage {
                    id: r.get(0)?,
                    email: r.get(1)?,
                    name: r.get(2)?,
                    due_at: r.get(3)?,
                    held: r.get(4)?,
                    reason: r.get(5)?,
                })
            })?)
        })
        .await
}

/// Cancels a message that has not left; its campaign goes on as if it had been left out. What left cannot be called back.
pub async fn cancel(cx: &Cx, contact: ContactId, id: SendId) -> Result<()> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            let text = format!("SELECT {} FROM sends WHERE id = $1 AND contact_id = $2", ledger::COLUMNS);
            let send = tx.opt(Sql::new(text).bind(id).bind(contact), ledger::read)?;
            let send = send.ok_or_else(|| Error::not_found("message", id))?;
            if send.state != SendState::Queued || !ledger::ended(tx, now, &send, SendState::Skipped, Skip::Cancelled.as_str())? {
                return Err(Error::conflict("message.left", "This message is on its way or has left already."));
            }
            let mut tally = Tally::default();
            tally.of(send.email).skipped += 1;
            tally.write(tx)?;
            audit::record(tx, &who, Entry::new(Deed::Delete, "message", id.0, &send.address))
        })
        .await
}
