//! The one way in which a score changes.

use hg_core::events::EventKind;
use hg_core::ids::{ContactId, PointActionId, PointGroupId};
use hg_store::{Sql, Tx};
use serde_json::json;

use crate::changes::{self, Happening};
use crate::contacts::{self, PointsOperator};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::points::{PointsProblem, group_names_of};
use crate::workspace::Workspace;

/// Who or what gives the points, as the log keeps it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Given {
    /// What people read: the reason.
    pub reason: String,
    /// `email.open`, `campaign`, `form`, `api`, `user`, `decay`.
    pub kind: &'static str,
    /// What happened, in the words of the giver.
    pub event: Option<String>,
    /// What was done about it.
    pub action: Option<String>,
    pub ip: Option<String>,
    /// The point action.
    pub rule: Option<PointActionId>,
}

impl Given {
    pub fn by(kind: &'static str, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into(), ..Self::default() }
    }
}

/// Changes a score in the caller's transaction; the score after it.
pub fn change_in(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contact: ContactId,
    group: Option<PointGroupId>,
    op: PointsOperator,
    by: i64,
    given: &Given,
) -> Result<i64> {
    let now = ws.clock.now();
    let main: i64 = tx
        .opt(Sql::new("SELECT points FROM contacts WHERE id = $1 AND deleted_at IS NULL @forupdate").bind(contact), |r| r.get(0))?
        .ok_or_else(|| Error::not_found("contact", contact))?;
    let before = match group {
        None => main,
        Some(group) => score_of(tx, contact, group)?.unwrap_or(0),
    };
    let after = op.apply(before, by);
    if after == before {
        return Ok(after);
    }
    let mut group_name = None;
    if let Some(group) = group {
        group_name = group_names_of(tx, &[group.0])?.remove(&group.0);
        if group_name.is_none() {
            return Err(PointsProblem::NoGroup(group.0).into());
        }
        tx.exec(
            Sql::new(
                "INSERT INTO contact_scores (contact_id, group_id, score, changed_at) VALUES ($1, $2, $3, $4) \
                 ON CONFLICT (contact_id, group_id) DO UPDATE SET score = excluded.score, changed_at = excluded.changed_at",
            )
            .bind(contact)
            .bind(group)
            .bind(after)
            .bind(now),
        )?;
    } else {
        tx.exec(
            Sql::new("UPDATE contacts SET points = $2, updated_at = $3, version = version + 1 WHERE id = $1")
                .bind(contact)
                .bind(after)
                .bind(now),
        )?;
    }
    let mut detail = json!({
        "delta": after.saturating_sub(before), "points": after, "reason": given.reason, "type": given.kind,
        "event": given.event, "action": given.action, "ip": given.ip, "group": group_name,
    });
    if let Some(detail) = detail.as_object_mut() {
        detail.retain(|_, value| !value.is_null());
    }
    let mut happening = Happening::new(contact, EventKind::PointsChanged, now).object(group.map_or(0, |g| g.0));
    happening.ref_id = given.rule.map(|rule| rule.0);
    changes::record(tx, happening.detail(detail))?;
    Ok(after)
}

/// The score of a contact in a group, when she has any there.
pub(super) fn score_of(tx: &mut Tx<'_>, contact: ContactId, group: PointGroupId) -> Result<Option<i64>> {
    let sql = Sql::new("SELECT score FROM contact_scores WHERE contact_id = $1 AND group_id = $2").bind(contact).bind(group);
    Ok(tx.opt(sql, |r| r.get(0))?)
}

/// Somebody changes a score of a contact; the score after it.
pub async fn change(
    cx: &Cx,
    contact: ContactId,
    group: Option<PointGroupId>,
    op: PointsOperator,
    by: i64,
    given: Given,
) -> Result<i64> {
    cx.may(Action::Edit(Area::Contacts))?;
    let ws = cx.ws.clone();
    let ip = cx.address.map(|a| a.to_string()).filter(|_| !ws.settings().tracking.anonymize_ip);
    cx.db()
        .write(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            if let Some(group) = group {
                crate::points::groups::find(tx, group)?;
            }
            change_in(&ws, tx, contact, group, op, by, &Given { ip: ip.clone(), ..given.clone() })
        })
        .await
}
