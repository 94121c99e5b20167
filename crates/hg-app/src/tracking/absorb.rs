//! A nameless visitor turns out to be somebody we know: her history joins, and her id leads to the contact from now on.

use hg_core::ids::ContactId;
use hg_store::{Sql, Tx};

use crate::contacts;
use crate::error::Result;
use crate::workspace::Workspace;

/// Moves everything of a visitor to a contact. Somebody with a name is never taken for a visitor.
pub(super) fn absorb(ws: &Workspace, tx: &mut Tx<'_>, visitor: ContactId, into: ContactId) -> Result<()> {
    let nameless =
        Sql::new("SELECT 1 FROM contacts WHERE id = $1 AND deleted_at IS NULL AND identified_at IS NULL").bind(visitor);
    if visitor == into || tx.opt(nameless, |_| Ok(()))?.is_none() {
        return Ok(());
    }
    contacts::merge(ws, tx, visitor, into)?;
    tx.exec(Sql::new("UPDATE devices SET visitor_id = NULL WHERE visitor_id = $1").bind(visitor))?;
    Ok(())
}
