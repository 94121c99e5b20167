//! Points for what happens, and what happens for points.

use std::collections::HashMap;

use hg_core::events::EventKind;
use hg_core::ids::{ContactId, FormId, PointGroupId};
use hg_core::points::{Earns, UrlRule, Visits};
use hg_core::time::{Millis, Timestamp};
use hg_store::{Sql, Tx};
use serde_json::Value as Json;

use crate::changes::{Change, Reactor};
use crate::contacts::{self, PointsOperator};
use crate::error::Result;
use crate::points::change::score_of;
use crate::points::known::{self, Rules};
use crate::points::{Given, PointAction, change_in, effects};
use crate::workspace::Workspace;

/// Gives points for what is in the queue, and fires the triggers that scores reach.
pub struct PointsReactor;

impl Reactor for PointsReactor {
    fn react(&self, ws: &Workspace, tx: &mut Tx<'_>, changes: &mut Vec<Change>) -> Result<()> {
        let rules = known::rules(ws, tx)?;
        if rules.actions.is_empty() && rules.triggers.is_empty() {
            return Ok(());
        }
        let mut categories = HashMap::new();
        for change in changes.iter() {
            award(ws, tx, &rules, change, &mut categories)?;
            reach(ws, tx, &rules, change)?;
        }
        Ok(())
    }

    fn listens(&self, ws: &Workspace, tx: &mut Tx<'_>, sample: &Change) -> Result<bool> {
        let rules = known::rules(ws, tx)?;
        Ok(!rules.triggers.is_empty() || rules.actions.iter().any(|a| a.earns.concerns(sample.kind, sample.object_id, "")))
    }
}

/// Somebody proved now that an answer to a form was hers: what it earns, it earns now.
pub fn form_proven(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, form: FormId, submission: i64) -> Result<()> {
    let rules = known::rules(ws, tx)?;
    let change = Change {
        id: 0,
        contact,
        kind: EventKind::FormSubmitted,
        object_id: form.0,
        ref_id: Some(submission),
        detail: None,
        at: ws.clock.now(),
    };
    award(ws, tx, &rules, &change, &mut HashMap::new())
}

/// The category of each email, as far as it was asked for.
type Categories = HashMap<i64, Option<i64>>;

fn award(ws: &Workspace, tx: &mut Tx<'_>, rules: &Rules, change: &Change, categories: &mut Categories) -> Result<()> {
    let url = change.detail.as_ref().and_then(|d| d.get("url")).and_then(Json::as_str).unwrap_or("");
    let now = ws.clock.now();
    let met = |a: &&PointAction| a.window.holds_at(now) && a.earns.concerns(change.kind, change.object_id, url);
    let met: Vec<&PointAction> = rules.actions.iter().filter(met).collect();
    if met.is_empty() {
        return Ok(());
    }
    // Merged or deleted since: the survivor earns, nobody earns.
    let contact = match contacts::survivor(tx, change.contact) {
        Ok(contact) => contact,
        Err(error) if error.is_not_found() => return Ok(()),
        Err(error) => return Err(error),
    };
    let Some(ip) = proven(tx, change)? else { return Ok(()) };
    for action in met {
        if !in_category(tx, action, change.object_id, categories)? || !holds(tx, action, contact, change.at)? {
            continue;
        }
        if !action.repeatable && !first_time(tx, action, contact, now)? {
            continue;
        }
        let given = Given {
            reason: action.name.clone(),
            kind: action.earns.kind(),
            event: Some(action.name.clone()),
            action: Some(action.earns.kind().to_owned()),
            ip: ip.clone(),
            rule: Some(action.id),
        };
        match change_in(ws, tx, contact, action.group_id, PointsOperator::Plus, action.delta, &given) {
            // The group was deleted since.
            Err(error) if error.code == "points.no-group" => {}
            other => other.map(|_| ())?,
        }
    }
    Ok(())
}

/// Where a visit or an answer came from, if it is sure whose it was; `None` while somebody only claims to be the contact.
fn proven(tx: &mut Tx<'_>, change: &Change) -> Result<Option<Option<String>>> {
    let text = match change.kind {
        EventKind::PageHit => "SELECT verified, address FROM devices WHERE id = $1",
        EventKind::FormSubmitted => "SELECT verified, address FROM submissions WHERE id = $1",
        _ => return Ok(Some(None)),
    };
    let row: Option<(bool, Option<String>)> = tx.opt(Sql::new(text).bind(change.ref_id), |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(match row {
        Some((verified, address)) => verified.then_some(address),
        // Nobody tracks the device: there is nothing to doubt.
        None => Some(None),
    })
}

fn in_category(tx: &mut Tx<'_>, action: &PointAction, email: i64, known: &mut Categories) -> Result<bool> {
    let wanted = action.earns.categories();
    if wanted.is_empty() {
        return Ok(true);
    }
    if let std::collections::hash_map::Entry::Vacant(vacant) = known.entry(email) {
        let sql = Sql::new("SELECT category_id FROM emails WHERE id = $1").bind(email);
        vacant.insert(tx.opt(sql, |r| r.get(0))?.flatten());
    }
    Ok(known.get(&email).copied().flatten().is_some_and(|category| wanted.contains(&category)))
}

fn first_time(tx: &mut Tx<'_>, action: &PointAction, contact: ContactId, now: Timestamp) -> Result<bool> {
    let written = tx.exec(
        Sql::new("INSERT INTO point_action_log (action_id, contact_id, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(action.id)
            .bind(contact)
            .bind(now),
    )?;
    Ok(written > 0)
}

fn holds(tx: &mut Tx<'_>, action: &PointAction, contact: ContactId, at: Timestamp) -> Result<bool> {
    match &action.earns {
        Earns::UrlHit(rule) if rule.asks_for_visits() => Ok(rule.holds(at, &visits(tx, rule, contact, at)?)),
        _ => Ok(true),
    }
}

/// So many visits of a contact are looked through, the newest first.
const VISITS: i64 = 1_000;
/// Whoever does nothing for longer has left the page.
const LONGEST_VISIT: i64 = 30 * 60_000;

/// What is known of a contact's visits to the address, up to and without the one at `at`.
fn visits(tx: &mut Tx<'_>, rule: &UrlRule, contact: ContactId, at: Timestamp) -> Result<Visits> {
    let mut rows: Vec<(Timestamp, String)> = tx.all(
        Sql::new(
            "SELECT e.occurred_at, u.url FROM events e JOIN urls u ON u.id = e.url_id \
             WHERE e.contact_id = $1 AND e.kind = $2 AND e.occurred_at <= $3 ORDER BY e.occurred_at DESC, e.id DESC LIMIT $4",
        )
        .bind(contact)
        .bind(EventKind::PageHit.code())
        .bind(at)
        .bind(VISITS),
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    rows.reverse();
    Ok(told(rule, &rows, at))
}

/// The same from visits in order; the last one at `at` that matches is the one judged.
pub(super) fn told(rule: &UrlRule, rows: &[(Timestamp, String)], at: Timestamp) -> Visits {
    let judged = rows.iter().rposition(|(when, url)| *when == at && rule.matches(url));
    let mut visits = Visits::default();
    for (place, (when, url)) in rows.iter().enumerate() {
        if Some(place) == judged || *when > at || !rule.matches(url) {
            continue;
        }
        visits.before += 1;
        visits.last = Some(*when);
        if let Some((next, _)) = rows.get(place + 1) {
            let gap = next.since(*when).0;
            if (0..=LONGEST_VISIT).contains(&gap) {
                visits.spent = Millis(visits.spent.0 + gap);
            }
        }
    }
    visits
}

/// Fires what a score reaches. A score that went down reaches nothing.
fn reach(ws: &Workspace, tx: &mut Tx<'_>, rules: &Rules, change: &Change) -> Result<()> {
    let group = match change.kind {
        EventKind::PointsChanged => {
            let delta = change.detail.as_ref().and_then(|d| d.get("delta")).and_then(Json::as_i64).unwrap_or(0);
            if delta < 0 {
                return Ok(());
            }
            Some(Some(PointGroupId(change.object_id)).filter(|g| g.0 > 0))
        }
        // Everybody begins with no points, and triggers may begin there too; merged scores are new scores.
        EventKind::Created | EventKind::Merged => None,
        _ => return Ok(()),
    };
    let now = ws.clock.now();
    let concerned = |g: Option<PointGroupId>| group.is_none_or(|changed| changed == g);
    for trigger in rules.triggers.iter().filter(|t| concerned(t.group_id) && t.window.holds_at(now)) {
        let Some(score) = current(tx, change.contact, trigger.group_id)? else { continue };
        if score >= trigger.points {
            effects::fire(ws, tx, trigger, change.contact, score)?;
        }
    }
    Ok(())
}

/// A score as it is; `None` for who is gone, and for who has none in the group.
pub(super) fn current(tx: &mut Tx<'_>, contact: ContactId, group: Option<PointGroupId>) -> Result<Option<i64>> {
    let main: Option<i64> =
        tx.opt(Sql::new("SELECT points FROM contacts WHERE id = $1 AND deleted_at IS NULL").bind(contact), |r| r.get(0))?;
    match (main, group) {
        (Some(_), Some(group)) => score_of(tx, contact, group),
        (main, _) => Ok(main),
    }
}
