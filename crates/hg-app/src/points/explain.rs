//! Where a score came from.

use std::collections::BTreeMap;

use hg_core::events::EventKind;
use hg_core::ids::{ContactId, PointActionId, PointGroupId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde_json::Value as Json;

use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::points::change::score_of;
use crate::points::group_names_of;

/// What one rule or reason contributed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScoreLine {
    /// `None`: the main score.
    pub group: Option<(PointGroupId, String)>,
    /// The point action, when one gave them.
    pub rule: Option<PointActionId>,
    pub reason: String,
    /// `email.open`, `campaign`, `api`, `user`, `decay`; empty for what no log tells.
    pub kind: String,
    pub points: i64,
    pub times: i64,
    pub last_at: Option<Timestamp>,
}

/// So far back the log of one contact is read.
const MOST: i64 = 20_000;

#[derive(Default)]
struct Sum {
    points: i64,
    times: i64,
    last: Option<Timestamp>,
}

/// Explains every score of a contact, the largest contribution first; the sums are the scores.
pub async fn explain(cx: &Cx, contact: ContactId) -> Result<Vec<ScoreLine>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db().read(move |tx| lines(tx, contact)).await
}

fn lines(tx: &mut Tx<'_>, contact: ContactId) -> Result<Vec<ScoreLine>> {
    let contact = contacts::survivor(tx, contact)?;
    let rows: Vec<(i64, Option<i64>, Timestamp, Option<Json>)> = tx.all(
        Sql::new(
            "SELECT object_id, ref_id, occurred_at, detail FROM events WHERE contact_id = $1 AND kind = $2 \
             ORDER BY occurred_at DESC, id DESC LIMIT $3",
        )
        .bind(contact)
        .bind(EventKind::PointsChanged.code())
        .bind(MOST),
        |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)),
    )?;
    let mut sums: BTreeMap<(i64, Option<i64>, String, String), Sum> = BTreeMap::new();
    for (group, rule, at, detail) in rows {
        let detail = detail.unwrap_or(Json::Null);
        let text = |key: &str| detail.get(key).and_then(Json::as_str).unwrap_or("").to_owned();
        let sum = sums.entry((group, rule, text("type"), text("reason"))).or_default();
        sum.points += detail.get("delta").and_then(Json::as_i64).unwrap_or(0);
        sum.times += 1;
        sum.last = sum.last.max(Some(at));
    }
    let mut scores: BTreeMap<i64, i64> = BTreeMap::new();
    let main: i64 = tx.scalar(Sql::new("SELECT points FROM contacts WHERE id = $1").bind(contact))?;
    scores.insert(0, main);
    for group in sums.keys().map(|k| k.0).filter(|g| *g > 0) {
        scores.insert(group, score_of(tx, contact, PointGroupId(group))?.unwrap_or(0));
    }
    let ids: Vec<i64> = scores.keys().copied().filter(|g| *g > 0).collect();
    let names = group_names_of(tx, &ids)?;
    let mut lines = Vec::new();
    for (group, score) in scores {
        let named = if group == 0 { None } else { Some((PointGroupId(group), names.get(&group).cloned().unwrap_or_default())) };
        if group > 0 && !names.contains_key(&group) {
            continue;
        }
        let mut told = 0;
        let mut own = Vec::new();
        for ((_, rule, kind, reason), sum) in sums.iter().filter(|(k, _)| k.0 == group) {
            told += sum.points;
            own.push(ScoreLine {
                group: named.clone(),
                rule: rule.map(PointActionId),
                reason: reason.clone(),
                kind: kind.clone(),
                points: sum.points,
                times: sum.times,
                last_at: sum.last,
            });
        }
        if told != score {
            let reason = "Before the log, by import or merge".to_owned();
            let points = score - told;
            own.push(ScoreLine { group: named, rule: None, reason, kind: String::new(), points, times: 0, last_at: None });
        }
        own.sort_by_key(|line| std::cmp::Reverse(line.points.abs()));
        lines.extend(own);
    }
    Ok(lines)
}
