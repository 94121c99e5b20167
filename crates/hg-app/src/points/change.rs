//! The one way in which a score changes.

use std::collections::{BTreeMap, HashMap};

use hg_core::events::EventKind;
use hg_core::ids::{ContactId, PointActionId, PointGroupId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx, Value};
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
    let scores = change_many(ws, tx, &[contact], group, op, by, given)?;
    scores.first().map(|score| score.after).ok_or_else(|| Error::not_found("contact", contact))
}

/// A contact's score before a change and after it.
pub(crate) struct Score {
    pub contact: ContactId,
    pub before: i64,
    pub after: i64,
}

/// Changes the score of many contacts alike, with a few statements for all; the scores of those who are there.
pub(crate) fn change_many(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contacts: &[ContactId],
    group: Option<PointGroupId>,
    op: PointsOperator,
    by: i64,
    given: &Given,
) -> Result<Vec<Score>> {
    let now = ws.clock.now();
    let ids: Vec<i64> = contacts.iter().map(|c| c.0).collect();
    let main: Vec<(ContactId, i64)> = tx.all(
        Sql::new("SELECT id, points FROM contacts WHERE id @in($1) AND deleted_at IS NULL ORDER BY id @forupdate")
            .bind(ids.as_slice()),
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    let in_group = group.map(|group| scores_in(tx, &ids, group)).transpose()?;
    let scores: Vec<Score> = main
        .into_iter()
        .map(|(contact, main)| {
            let before = in_group.as_ref().map_or(main, |scores| scores.get(&contact).copied().unwrap_or(0));
            Score { contact, before, after: op.apply(before, by) }
        })
        .collect();
    let changed = || scores.iter().filter(|s| s.before != s.after);
    if changed().next().is_none() {
        return Ok(scores);
    }
    let mut group_name = None;
    if let Some(group) = group {
        group_name = group_names_of(tx, &[group.0])?.remove(&group.0);
        if group_name.is_none() {
            return Err(PointsProblem::NoGroup(group.0).into());
        }
        let rows: Vec<Value> = changed().flat_map(|s| [s.contact.0, group.0, s.after, now.0].map(Value::Int)).collect();
        tx.insert_many(
            "INSERT INTO contact_scores (contact_id, group_id, score, changed_at)",
            "ON CONFLICT (contact_id, group_id) DO UPDATE SET score = excluded.score, changed_at = excluded.changed_at",
            4,
            &rows,
        )?;
    } else {
        // Who changes by the same amount changes with the same statement: nearly always everybody.
        let mut by_delta: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
        for s in changed() {
            match s.after.checked_sub(s.before) {
                Some(delta) => by_delta.entry(delta).or_default().push(s.contact.0),
                // From one end of what a number can hold to the other.
                None => set_points(tx, s, now)?,
            }
        }
        for (delta, ids) in by_delta {
            tx.exec(
                Sql::new("UPDATE contacts SET points = points + $2, updated_at = $3, version = version + 1 WHERE id @in($1)")
                    .bind(ids.as_slice())
                    .bind(delta)
                    .bind(now),
            )?;
        }
    }
    let told: Vec<Happening> = changed().map(|s| happening(s, group, group_name.as_deref(), given, now)).collect();
    changes::record_many(ws, tx, &told)?;
    Ok(scores)
}

fn set_points(tx: &mut Tx<'_>, score: &Score, now: Timestamp) -> Result<()> {
    tx.exec(
        Sql::new("UPDATE contacts SET points = $2, updated_at = $3, version = version + 1 WHERE id = $1")
            .bind(score.contact)
            .bind(score.after)
            .bind(now),
    )?;
    Ok(())
}

fn happening(score: &Score, group: Option<PointGroupId>, group_name: Option<&str>, given: &Given, now: Timestamp) -> Happening {
    let mut detail = json!({
        "delta": score.after.saturating_sub(score.before), "points": score.after, "reason": given.reason, "type": given.kind,
        "event": given.event, "action": given.action, "ip": given.ip, "group": group_name,
    });
    if let Some(detail) = detail.as_object_mut() {
        detail.retain(|_, value| !value.is_null());
    }
    let mut told = Happening::new(score.contact, EventKind::PointsChanged, now).object(group.map_or(0, |g| g.0));
    told.ref_id = given.rule.map(|rule| rule.0);
    told.detail(detail)
}

/// The scores of contacts in a group; who has none there is left out.
fn scores_in(tx: &mut Tx<'_>, contacts: &[i64], group: PointGroupId) -> Result<HashMap<ContactId, i64>> {
    let sql = Sql::new("SELECT contact_id, score FROM contact_scores WHERE contact_id @in($1) AND group_id = $2");
    let rows = tx.all(sql.bind(contacts).bind(group), |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(rows.into_iter().collect())
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
