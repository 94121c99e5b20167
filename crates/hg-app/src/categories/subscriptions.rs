//! What contacts want to hear about.

use hg_core::events::EventKind;
use hg_core::ids::{CategoryId, ContactId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde_json::json;

use crate::categories::refs;
use crate::changes::{self, Happening};
use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// A contact's word on a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    pub category: CategoryId,
    pub title: String,
    pub subscribed: bool,
    pub source: String,
    pub at: Timestamp,
}

/// What a contact said about categories that are there.
pub async fn subscriptions(cx: &Cx, contact: ContactId) -> Result<Vec<Subscription>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            let sql = Sql::new(
                "SELECT k.id, k.title, s.subscribed, s.source, s.at FROM contact_categories s JOIN categories k ON k.id = s.category_id \
                 WHERE s.contact_id = $1 AND k.deleted_at IS NULL ORDER BY k.title, k.id",
            );
            Ok(tx.all(sql.bind(contact), |r| {
                Ok(Subscription {
                    category: r.get(0)?,
                    title: r.get(1)?,
                    subscribed: r.get(2)?,
                    source: r.get(3)?,
                    at: r.get(4)?,
                })
            })?)
        })
        .await
}

/// Somebody subscribes a contact to a category, or unsubscribes her. Whether that changed anything.
pub async fn subscribe(cx: &Cx, contact: ContactId, category: CategoryId, subscribed: bool) -> Result<bool> {
    cx.may(Action::Edit(Area::Contacts))?;
    let ws = cx.ws.clone();
    cx.db()
        .write(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            subscribe_in(&ws, tx, contact, category, subscribed, "user")
        })
        .await
}

/// The same in the caller's transaction; `source` is `user`, `api` or `preference centre`.
pub fn subscribe_in(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contact: ContactId,
    category: CategoryId,
    subscribed: bool,
    source: &str,
) -> Result<bool> {
    if refs(tx, &[category.0])?.is_empty() {
        return Err(Error::not_found("category", category));
    }
    let now = ws.clock.now();
    let changed = tx.exec(
        Sql::new(
            "INSERT INTO contact_categories (contact_id, category_id, subscribed, source, at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (contact_id, category_id) DO UPDATE SET subscribed = excluded.subscribed, source = excluded.source, at = excluded.at \
             WHERE contact_categories.subscribed <> excluded.subscribed",
        )
        .bind(contact)
        .bind(category)
        .bind(subscribed)
        .bind(source)
        .bind(now),
    )?;
    if changed > 0 {
        let detail = json!({"subscribed": subscribed, "source": source});
        changes::record(tx, Happening::new(contact, EventKind::CategoryChanged, now).object(category.0).detail(detail))?;
    }
    Ok(changed > 0)
}
