//! A nameless visitor turns out to be somebody we know: her history joins, and her id leads to the contact from now on.

use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde_json::json;

use crate::changes::{self, Happening};
use crate::error::Result;
use crate::workspace::Workspace;

/// Rows that simply follow.
const FOLLOW: [&str; 6] = [
    "UPDATE events SET contact_id = $2 WHERE contact_id = $1",
    "UPDATE devices SET contact_id = $2 WHERE contact_id = $1",
    "UPDATE devices SET visitor_id = NULL WHERE visitor_id = $1 AND contact_id <> $2",
    "UPDATE submissions SET contact_id = $2 WHERE contact_id = $1",
    "UPDATE contact_merges SET winner_id = $2 WHERE winner_id = $1",
    "UPDATE consents SET current = CASE WHEN EXISTS (SELECT 1 FROM consents o WHERE o.contact_id = $2 AND o.purpose = consents.purpose \
     AND o.current = 1) THEN 0 ELSE current END, contact_id = $2 WHERE contact_id = $1",
];

/// Rows of which the contact may have one already: then hers holds.
const FOLLOW_UNLESS_THERE: [(&str, &str); 6] = [
    ("contact_tags", "o.tag_id = t.tag_id"),
    ("do_not_contact", "o.channel = t.channel"),
    ("segment_overrides", "o.segment_id = t.segment_id"),
    ("campaign_members", "o.campaign_id = t.campaign_id"),
    ("campaign_log", "o.step_id = t.step_id AND o.rotation = t.rotation"),
    ("sends", "o.email_id = t.email_id AND o.occasion = t.occasion"),
];

/// Moves everything of a visitor to a contact.
pub(super) fn absorb(ws: &Workspace, tx: &mut Tx<'_>, now: Timestamp, visitor: ContactId, into: ContactId) -> Result<()> {
    if visitor == into {
        return Ok(());
    }
    let found = tx.opt(
        Sql::new("SELECT points, last_active_at FROM contacts WHERE id = $1 AND deleted_at IS NULL AND identified_at IS NULL").bind(visitor),
        |r| Ok((r.get::<i64>(0)?, r.get::<Option<Timestamp>>(1)?)),
    )?;
    let Some((points, last_active_at)) = found else { return Ok(()) };
    for text in FOLLOW {
        tx.exec(Sql::new(text).bind(visitor).bind(into))?;
    }
    for (table, same) in FOLLOW_UNLESS_THERE {
        let text = format!(
            "UPDATE {table} AS t SET contact_id = $2 WHERE t.contact_id = $1 \
             AND NOT EXISTS (SELECT 1 FROM {table} o WHERE o.contact_id = $2 AND {same})"
        );
        tx.exec(Sql::new(text).bind(visitor).bind(into))?;
    }
    if points != 0 {
        crate::contacts::change_points(ws, tx, into, points, "Points of the visitor she was before")?;
    }
    tx.exec(
        Sql::new(
            "UPDATE contacts SET last_active_at = @greatest(coalesce(last_active_at, 0), $2), version = version + 1, updated_at = $3 WHERE id = $1",
        )
        .bind(into)
        .bind(last_active_at.unwrap_or_default())
        .bind(now),
    )?;
    tx.exec(Sql::new("UPDATE contacts SET deleted_at = $2, updated_at = $2 WHERE id = $1").bind(visitor).bind(now))?;
    tx.exec(
        Sql::new("INSERT INTO contact_merges (loser_id, winner_id, merged_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(visitor)
            .bind(into)
            .bind(now),
    )?;
    let gone = Happening::new(visitor, EventKind::DeletedChanged, now).detail(json!({"deleted": true}));
    changes::record(tx, gone)?;
    changes::record(tx, Happening::new(into, EventKind::Merged, now).object(visitor.0))?;
    Ok(())
}
