//! Consents: what somebody agreed to, with the words that she saw. Every giving and withdrawing is a row
//! that stays; the newest row of a purpose holds.

mod export;

pub use export::{export_page, export_start};

use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde_json::{Value as Json, json};

use crate::changes::{self, Happening};
use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// A consent given or withdrawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Consent {
    pub purpose: String,
    pub given: bool,
    pub text: Option<String>,
    pub source: String,
    pub at: Timestamp,
    /// Whether it is the newest word on this purpose.
    pub current: bool,
}

/// Records that a contact gave or withdrew a consent, in the caller's transaction. Saying the same again
/// adds nothing.
#[allow(clippy::too_many_arguments)]
pub fn record(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contact: ContactId,
    purpose: &str,
    given: bool,
    text_shown: Option<&str>,
    source: &str,
    proof: Option<&Json>,
) -> Result<bool> {
    let purpose = purpose.trim();
    if purpose.is_empty() || purpose.len() > 100 {
        return Err(Error::field("/purpose", "consent.purpose", "Name the purpose of the consent, in at most 100 characters."));
    }
    let now = ws.clock.now();
    let before: Option<bool> = tx.opt(
        Sql::new("SELECT given FROM consents WHERE contact_id = $1 AND purpose = $2 AND current = 1").bind(contact).bind(purpose),
        |r| r.get(0),
    )?;
    if before == Some(given) {
        return Ok(false);
    }
    tx.exec(
        Sql::new("UPDATE consents SET current = 0 WHERE contact_id = $1 AND purpose = $2 AND current = 1")
            .bind(contact)
            .bind(purpose),
    )?;
    tx.exec(
        Sql::new("INSERT INTO consents (contact_id, purpose, given, text_shown, source, proof, at) VALUES ($1, $2, $3, $4, $5, $6, $7)")
            .bind(contact)
            .bind(purpose)
            .bind(given)
            .bind(text_shown)
            .bind(source)
            .bind(proof)
            .bind(now),
    )?;
    let detail = json!({"purpose": purpose, "given": given, "source": source});
    changes::record(tx, Happening::new(contact, EventKind::ConsentChanged, now).detail(detail))?;
    Ok(true)
}

/// Whether a contact's consent for a purpose holds.
pub fn holds(tx: &mut Tx<'_>, contact: ContactId, purpose: &str) -> Result<bool> {
    let given: Option<bool> = tx.opt(
        Sql::new("SELECT given FROM consents WHERE contact_id = $1 AND purpose = $2 AND current = 1").bind(contact).bind(purpose),
        |r| r.get(0),
    )?;
    Ok(given == Some(true))
}

/// Every word of a contact on consents, newest first.
pub async fn list(cx: &Cx, contact: ContactId) -> Result<Vec<Consent>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            Ok(tx.all(
                Sql::new(
                    "SELECT purpose, given, text_shown, source, at, current FROM consents WHERE contact_id = $1 ORDER BY id DESC",
                )
                .bind(contact),
                |r| {
                    Ok(Consent {
                        purpose: r.get(0)?,
                        given: r.get(1)?,
                        text: r.get(2)?,
                        source: r.get(3)?,
                        at: r.get(4)?,
                        current: r.get(5)?,
                    })
                },
            )?)
        })
        .await
}

/// Somebody signed in records a consent for a contact.
pub async fn set(cx: &Cx, contact: ContactId, purpose: String, given: bool, text: Option<String>) -> Result<Vec<Consent>> {
    cx.may(Action::Edit(Area::Contacts))?;
    let ws = cx.ws.clone();
    let source = cx.actor_name().to_owned();
    cx.db()
        .write(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            record(&ws, tx, contact, &purpose, given, text.as_deref(), &source, None)
        })
        .await?;
    list(cx, contact).await
}

/// The purposes that anybody ever said a word on, for the catalogue of filters.
pub(crate) fn purposes(tx: &mut Tx<'_>) -> Result<Vec<String>> {
    Ok(tx.all("SELECT DISTINCT purpose FROM consents WHERE current = 1 ORDER BY purpose", |r| r.get(0))?)
}
