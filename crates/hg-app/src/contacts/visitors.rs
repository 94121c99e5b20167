//! Visitors, and what they type about themselves.

use hg_core::contacts::FieldValue;
use hg_core::ids::ContactId;
use hg_core::time;
use hg_store::{Sql, Tx};

use crate::contacts::save::{self, Change, unique_key};
use crate::contacts::{Existing, Source, Values, service};
use crate::error::Result;
use crate::fields::{self, store::key_column};
use crate::workspace::Workspace;

/// What happens to values that a contact already has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    All,
    OnlyEmpty,
}

/// Makes a contact of whom nothing is known.
pub fn create_anonymous(ws: &Workspace, tx: &mut Tx<'_>) -> Result<ContactId> {
    let fields = fields::catalogue(ws, tx)?;
    let change = Change {
        values: &Values::new(),
        existing: Existing::Overwrite,
        blanks_clear: false,
        owner: None,
        source: Source::Web,
        now: ws.clock.now(),
    };
    Ok(save::write(tx, &fields, None, &change)?.id)
}

/// Writes values as a visitor typed them. Aliases that nobody knows and values that cannot be read are passed over,
/// blanks change nothing, and an identifier that the contact has, or that is somebody else's, stays. With
/// `public_only` only publicly updatable fields are written.
pub fn write_texts(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contact: ContactId,
    values: &[(String, String)],
    how: Overwrite,
    public_only: bool,
) -> Result<()> {
    let fields = fields::catalogue(ws, tx)?;
    let target = service::load(ws, tx, contact)?;
    let zone = time::zone_or(Some(&ws.settings().general.timezone), &time::TimeZone::UTC);
    let mut read = Values::new();
    for (alias, text) in values {
        let Some(field) = fields.get(alias).filter(|f| f.published && (f.publicly_updatable || !public_only)) else { continue };
        let Some(value) = field.read_in(text, &zone).ok().filter(|v| !v.is_empty()) else { continue };
        if field.unique {
            let has_one = target.values.get(alias).is_some_and(|v| !v.is_empty());
            let (Some(column), Some(key)) = (&field.column, unique_key(field, &value)) else { continue };
            let text = format!("SELECT count(*) FROM contacts WHERE {} = $1 AND deleted_at IS NULL", key_column(column));
            if has_one || tx.scalar::<i64>(Sql::new(text).bind(key))? > 0 {
                continue;
            }
        }
        read.insert(alias.clone(), value);
    }
    read.remove("points");
    debug_assert!(read.values().all(|v| *v != FieldValue::Empty));
    let existing = if how == Overwrite::All { Existing::Overwrite } else { Existing::Keep };
    let change = Change { values: &read, existing, blanks_clear: false, owner: None, source: Source::Web, now: ws.clock.now() };
    save::write(tx, &fields, Some(&target), &change)?;
    Ok(())
}
