//! Two contacts turn out to be one (`contacts.md` §1.6).

use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_store::{Sql, Tx};
use serde_json::json;

use crate::changes::{self, Happening};
use crate::companies;
use crate::contacts::save::{self, Change};
use crate::contacts::{Existing, Source, Values, marks, service};
use crate::error::Result;
use crate::fields;
use crate::workspace::Workspace;

/// Everything that simply goes along with its contact.
const MOVED: [&str; 5] = [
    "UPDATE events SET contact_id = $2 WHERE contact_id = $1",
    "UPDATE devices SET contact_id = $2 WHERE contact_id = $1",
    "UPDATE submissions SET contact_id = $2 WHERE contact_id = $1",
    "UPDATE outbox SET contact_id = $2 WHERE contact_id = $1",
    "UPDATE contact_changes SET contact_id = $2 WHERE contact_id = $1",
];

/// What goes along unless the survivor has the same already.
const MOVED_ONCE: [&str; 12] = [
    "UPDATE sends SET contact_id = $2 WHERE contact_id = $1 AND NOT EXISTS \
     (SELECT 1 FROM sends w WHERE w.contact_id = $2 AND w.email_id = sends.email_id AND w.occasion = sends.occasion)",
    "UPDATE campaign_members SET contact_id = $2 WHERE contact_id = $1 AND NOT EXISTS \
     (SELECT 1 FROM campaign_members w WHERE w.contact_id = $2 AND w.campaign_id = campaign_members.campaign_id)",
    "UPDATE campaign_log SET contact_id = $2 WHERE contact_id = $1 AND NOT EXISTS \
     (SELECT 1 FROM campaign_log w WHERE w.contact_id = $2 AND w.step_id = campaign_log.step_id AND w.rotation = campaign_log.rotation)",
    "UPDATE segment_overrides SET contact_id = $2 WHERE contact_id = $1 AND NOT EXISTS \
     (SELECT 1 FROM segment_overrides w WHERE w.contact_id = $2 AND w.segment_id = segment_overrides.segment_id)",
    "UPDATE contact_tags SET contact_id = $2 WHERE contact_id = $1 AND NOT EXISTS \
     (SELECT 1 FROM contact_tags w WHERE w.contact_id = $2 AND w.tag_id = contact_tags.tag_id)",
    "UPDATE contact_categories SET contact_id = $2 WHERE contact_id = $1 AND NOT EXISTS \
     (SELECT 1 FROM contact_categories w WHERE w.contact_id = $2 AND w.category_id = contact_categories.category_id)",
    "UPDATE contact_scores SET score = score + (SELECT @sum(l.score) FROM contact_scores l WHERE l.contact_id = $1 \
     AND l.group_id = contact_scores.group_id) WHERE contact_id = $2",
    "UPDATE contact_scores SET contact_id = $2 WHERE contact_id = $1 AND NOT EXISTS \
     (SELECT 1 FROM contact_scores w WHERE w.contact_id = $2 AND w.group_id = contact_scores.group_id)",
    "UPDATE point_action_log SET contact_id = $2 WHERE contact_id = $1 AND NOT EXISTS \
     (SELECT 1 FROM point_action_log w WHERE w.contact_id = $2 AND w.action_id = point_action_log.action_id)",
    "UPDATE point_trigger_log SET contact_id = $2 WHERE contact_id = $1 AND NOT EXISTS \
     (SELECT 1 FROM point_trigger_log w WHERE w.contact_id = $2 AND w.event_id = point_trigger_log.event_id)",
    "UPDATE contacts SET stage_id = l.stage_id, stage_at = l.stage_at FROM contacts l \
     WHERE contacts.id = $2 AND l.id = $1 AND contacts.stage_id IS NULL",
    "UPDATE consents SET contact_id = $2, current = CASE WHEN EXISTS \
     (SELECT 1 FROM consents w WHERE w.contact_id = $2 AND w.purpose = consents.purpose AND w.current = 1) THEN 0 ELSE current END \
     WHERE contact_id = $1",
];

/// Merges a contact into another, which survives under her own id; the old id leads to her from now on. Values of the
/// one changed last win, identifiers and everything else of the survivor stay; points add up, opt-outs keep the
/// strictest reason.
pub fn merge(ws: &Workspace, tx: &mut Tx<'_>, loser: ContactId, winner: ContactId) -> Result<()> {
    let (loser, winner) = (service::load(ws, tx, loser)?, service::load(ws, tx, winner)?);
    if loser.id == winner.id {
        return Ok(());
    }
    let now = ws.clock.now();
    let fields = fields::catalogue(ws, tx)?;
    let newer = loser.updated_at > winner.updated_at && loser.identified_at.is_some();
    let mut values = Values::new();
    for field in fields.published().filter(|f| f.alias != "points" && f.alias != "last_active") {
        let theirs = loser.values.get(&field.alias).filter(|v| !v.is_empty());
        let has_own = winner.values.get(&field.alias).is_some_and(|v| !v.is_empty());
        if let Some(value) = theirs.filter(|_| !has_own || newer && !field.unique) {
            values.insert(field.alias.clone(), value.clone());
        }
    }
    // The loser goes first, so that her identifiers are free.
    tx.exec(
        Sql::new("UPDATE contacts SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1")
            .bind(loser.id)
            .bind(now),
    )?;
    let owner = winner.owner_id.is_none().then_some(loser.owner_id);
    let change =
        Change { values: &values, existing: Existing::Overwrite, blanks_clear: false, owner, source: Source::Engine, now };
    save::write(tx, &fields, Some(&winner), &change)?;
    let identified_at = [loser.identified_at, winner.identified_at].into_iter().flatten().min();
    let last_active_at = loser.last_active_at.max(winner.last_active_at);
    tx.exec(
        Sql::new(
            "UPDATE contacts SET points = points + $2, identified_at = coalesce($3, identified_at), \
             last_active_at = coalesce($4, last_active_at) WHERE id = $1",
        )
        .bind(winner.id)
        .bind(loser.points)
        .bind(identified_at)
        .bind(last_active_at),
    )?;
    stricter_marks(ws, tx, loser.id, winner.id)?;
    companies::absorb(tx, loser.id, winner.id, now)?;
    for text in MOVED.iter().chain(&MOVED_ONCE) {
        tx.exec(Sql::new(*text).bind(loser.id).bind(winner.id))?;
    }
    tx.exec(Sql::new("UPDATE contact_merges SET winner_id = $2 WHERE winner_id = $1").bind(loser.id).bind(winner.id))?;
    tx.exec(
        Sql::new(
            "INSERT INTO contact_merges (loser_id, winner_id, name, merged_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (loser_id) DO UPDATE SET winner_id = excluded.winner_id, merged_at = excluded.merged_at",
        )
        .bind(loser.id)
        .bind(winner.id)
        .bind(loser.name())
        .bind(now),
    )?;
    changes::queue(tx, &Happening::new(loser.id, EventKind::DeletedChanged, now).detail(json!({"deleted": true})))?;
    changes::record(tx, Happening::new(winner.id, EventKind::Merged, now).object(loser.id.0))?;
    Ok(())
}

/// An opt-out outlives the merge with its strictest reason: unsubscribed, then by hand, then bounced.
fn stricter_marks(ws: &Workspace, tx: &mut Tx<'_>, loser: ContactId, winner: ContactId) -> Result<()> {
    let rank = |reason: i64| match reason {
        1 => 3,
        3 => 2,
        _ => 1,
    };
    let theirs: Vec<(String, i64, Option<i64>, Option<String>)> = tx.all(
        Sql::new("DELETE FROM do_not_contact WHERE contact_id = $1 RETURNING channel, reason, channel_id, comments").bind(loser),
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)),
    )?;
    for (channel, reason, channel_id, comments) in theirs {
        let own: Option<i64> = tx.opt(
            Sql::new("SELECT reason FROM do_not_contact WHERE contact_id = $1 AND channel = $2").bind(winner).bind(&channel),
            |r| r.get(0),
        )?;
        if own.is_none_or(|own| rank(reason) > rank(own)) {
            marks::set_do_not_contact(ws, tx, winner, &channel, reason, comments.as_deref().unwrap_or(""), channel_id)?;
        }
    }
    Ok(())
}
