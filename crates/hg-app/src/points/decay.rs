//! Scores that fade: one rule for the main score, one for each group.
//!
//! A day after the last run a run begins: it walks over the contacts by their ids, a batch in each transaction, and marks
//! in the rule how far it is, so that after a crash it goes on there and nobody loses points twice. It waits while the
//! queue of changes is long: what people do comes before what time does.

use async_trait::async_trait;
use hg_core::ids::{ContactId, PointGroupId};
use hg_core::points::Decay;
use hg_core::time::{Millis, Timestamp};
use hg_store::{Lane, Row, Sql, Tx};

use crate::audit::{self, Deed, Entry};
use crate::contacts::{self, ContactName, PointsOperator};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::points::{DecayRule, Given, PointsProblem, change_in, groups};
use crate::worker::Worker;
use crate::workspace::Workspace;

const COLUMNS: &str = "group_id, version, kind, days, amount, published, last_run_at, run_at, lost";
/// Announced when a rule was made or changed.
const TOPIC: &str = "decay";
/// How often a rule runs.
const EVERY: Millis = Millis::days(1);
/// So many ids are looked through in one transaction.
const WINDOW: i64 = 1_000;
/// Runs wait while more changes than this stand in the queue.
const BUSY: i64 = 2_000;

fn read(r: &Row<'_>) -> hg_store::Result<DecayRule> {
    let (group, kind, days, amount): (i64, String, i64, i64) = (r.get(0)?, r.get(2)?, r.get(3)?, r.get(4)?);
    Ok(DecayRule {
        group_id: Some(PointGroupId(group)).filter(|g| g.0 > 0),
        version: r.get(1)?,
        decay: if kind == "inactive" { Decay::Inactive { days, amount } } else { Decay::HalfLife { days } },
        published: r.get(5)?,
        last_run_at: r.get(6)?,
        running: r.get::<Option<Timestamp>>(7)?.is_some(),
        lost: r.get(8)?,
    })
}

/// Every rule, the main score's first.
pub async fn decay_rules(cx: &Cx) -> Result<Vec<DecayRule>> {
    cx.may(Action::View(Area::Points))?;
    cx.db().read(|tx| Ok(tx.all(format!("SELECT {COLUMNS} FROM point_decay ORDER BY group_id"), read)?)).await
}

fn check(decay: Decay) -> Result<(), PointsProblem> {
    let (days, amount) = match decay {
        Decay::HalfLife { days } => (days, 1),
        Decay::Inactive { days, amount } => (days, amount),
    };
    if !(1..=3_650).contains(&days) {
        return Err(PointsProblem::Decay { pointer: "/days", detail: "Write a number of days from 1 to 3,650." });
    }
    if !(1..=1_000_000).contains(&amount) {
        return Err(PointsProblem::Decay { pointer: "/amount", detail: "Write how many points are lost, from 1 to a million." });
    }
    Ok(())
}

/// Makes or changes the rule of a group; it begins with the next day.
pub async fn set_decay(cx: &Cx, group: Option<PointGroupId>, decay: Decay, published: bool) -> Result<DecayRule> {
    cx.may(Action::Edit(Area::Points))?;
    check(decay)?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            if let Some(group) = group {
                groups::find(tx, group)?;
            }
            let (kind, days, amount) = match decay {
                Decay::HalfLife { days } => ("half_life", days, 0),
                Decay::Inactive { days, amount } => ("inactive", days, amount),
            };
            let key = group.map_or(0, |g| g.0);
            tx.exec(
                Sql::new(
                    "INSERT INTO point_decay (group_id, created_at, updated_at, kind, days, amount, published, last_run_at) \
                     VALUES ($1, $2, $2, $3, $4, $5, $6, $2) ON CONFLICT (group_id) DO UPDATE SET updated_at = excluded.updated_at, \
                     version = point_decay.version + 1, kind = excluded.kind, days = excluded.days, amount = excluded.amount, \
                     published = excluded.published, \
                     last_run_at = CASE WHEN point_decay.published = 1 THEN point_decay.last_run_at ELSE excluded.last_run_at END",
                )
                .bind(key)
                .bind(now)
                .bind(kind)
                .bind(days)
                .bind(amount)
                .bind(published),
            )?;
            tx.wake(TOPIC);
            let detail = serde_json::json!({"decay": decay, "published": published});
            audit::record(tx, &who, Entry::new(Deed::Update, "point_decay", key, "Fading of points").detail(detail))?;
            Ok(tx.one(Sql::new(format!("SELECT {COLUMNS} FROM point_decay WHERE group_id = $1")).bind(key), read)?)
        })
        .await
}

/// Takes the rule of a group away. What was lost stays lost.
pub async fn remove_decay(cx: &Cx, group: Option<PointGroupId>) -> Result<()> {
    cx.may(Action::Edit(Area::Points))?;
    let who = cx.who();
    cx.db()
        .write(move |tx| {
            let key = group.map_or(0, |g| g.0);
            if tx.exec(Sql::new("DELETE FROM point_decay WHERE group_id = $1").bind(key))? == 0 {
                return Err(Error::not_found("rule for the group", key));
            }
            audit::record(tx, &who, Entry::new(Deed::Delete, "point_decay", key, "Fading of points"))
        })
        .await
}

/// What a rule would do to the highest scores.
#[derive(Debug, Clone)]
pub struct DecayPreview {
    pub days: i64,
    /// How many scores were looked at: the highest ones.
    pub people: u64,
    pub points_now: i64,
    pub points_then: i64,
    pub sample: Vec<Faded>,
    /// Every score was looked at.
    pub whole: bool,
}

/// One score now and then, if the contact does nothing more.
#[derive(Debug, Clone)]
pub struct Faded {
    pub contact: ContactId,
    pub name: ContactName,
    pub now: i64,
    pub then: i64,
}

/// So many scores a preview looks at.
const PREVIEWED: i64 = 5_000;
const SAMPLE: usize = 10;

/// What a rule, saved or not, would do within so many days. Nothing is written.
pub async fn preview(cx: &Cx, group: Option<PointGroupId>, decay: Decay, days: i64) -> Result<DecayPreview> {
    cx.may(Action::View(Area::Points))?;
    check(decay)?;
    let (now, days) = (cx.now(), days.clamp(1, 3_650));
    let then = Timestamp(now.0 + Millis::days(days).0);
    cx.db()
        .read(move |tx| {
            let text = match group {
                None => {
                    "SELECT id, points, points_rest, coalesce(last_active_at, created_at) FROM contacts \
                     WHERE points <> 0 AND deleted_at IS NULL AND $1 = 0 ORDER BY points DESC, id LIMIT $2"
                }
                Some(_) => {
                    "SELECT c.id, s.score, s.rest, coalesce(c.last_active_at, c.created_at) FROM contact_scores s \
                     JOIN contacts c ON c.id = s.contact_id WHERE s.group_id = $1 AND s.score <> 0 AND c.deleted_at IS NULL \
                     ORDER BY s.score DESC, c.id LIMIT $2"
                }
            };
            let rows: Vec<(ContactId, i64, f64, Timestamp)> = tx
                .all(Sql::new(text).bind(group.map_or(0, |g| g.0)).bind(PREVIEWED + 1), |r| {
                    Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))
                })?;
            let whole = rows.len() as i64 <= PREVIEWED;
            let looked: Vec<(ContactId, i64, i64)> = rows
                .into_iter()
                .take(usize::try_from(PREVIEWED).unwrap_or(usize::MAX))
                .map(|(contact, score, rest, active)| (contact, score, decay.after(score, rest, active, now, then).0))
                .collect();
            let ids: Vec<i64> = looked.iter().take(SAMPLE).map(|(c, ..)| c.0).collect();
            let mut names = contacts::names(tx, &ids)?;
            let sample = looked.iter().take(SAMPLE).filter_map(|(contact, score, after)| {
                Some(Faded { contact: *contact, name: names.remove(&contact.0)?, now: *score, then: *after })
            });
            Ok(DecayPreview {
                days,
                people: looked.len() as u64,
                points_now: looked.iter().map(|(_, score, _)| score).sum(),
                points_then: looked.iter().map(|(.., after)| after).sum(),
                sample: sample.collect(),
                whole,
            })
        })
        .await
}

/// Runs the rules when their day has come.
pub struct DecayClock;

#[async_trait]
impl Worker for DecayClock {
    fn name(&self) -> &'static str {
        "decay"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        let (ws, now) = (cx.ws.clone(), cx.now());
        let (due, busy) = cx.db().read(move |tx| Ok::<_, Error>((due(tx, now)?.is_some(), is_busy(tx)?))).await?;
        if !due || busy {
            return Ok(0);
        }
        cx.db().write_in(Lane::Bulk, move |tx| step(&ws, tx, now)).await
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        cx.db()
            .read(|tx| {
                let sql = "SELECT min(last_run_at) FROM point_decay WHERE published = 1";
                let last: Option<Timestamp> = tx.one(sql, |r| r.get(0))?;
                Ok(last.map(|at| Timestamp(at.0 + EVERY.0)))
            })
            .await
    }
}

fn is_busy(tx: &mut Tx<'_>) -> Result<bool> {
    let sql = Sql::new("SELECT count(*) FROM (SELECT 1 FROM contact_changes LIMIT $1) AS waiting").bind(BUSY);
    Ok(tx.scalar::<i64>(sql)? >= BUSY)
}

/// A rule that is due or under way: its group, how far it is, and the instant of its run.
fn due(tx: &mut Tx<'_>, now: Timestamp) -> Result<Option<(i64, i64, Option<Timestamp>)>> {
    let sql = Sql::new(
        "SELECT group_id, walked_to, run_at FROM point_decay WHERE published = 1 AND (run_at IS NOT NULL OR last_run_at <= $1) \
         ORDER BY group_id LIMIT 1",
    );
    Ok(tx.opt(sql.bind(Timestamp(now.0 - EVERY.0)), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?)
}

/// Walks one window of a run; how much there was to do.
fn step(ws: &Workspace, tx: &mut Tx<'_>, now: Timestamp) -> Result<usize> {
    let Some((key, from, run_at)) = due(tx, now)? else { return Ok(0) };
    let rule = tx.one(Sql::new(format!("SELECT {COLUMNS} FROM point_decay WHERE group_id = $1")).bind(key), read)?;
    let run_at = run_at.unwrap_or(now);
    let last: i64 = tx.scalar("SELECT coalesce(max(id), 0) FROM contacts")?;
    let upto = from.saturating_add(WINDOW);
    let lost = fade(ws, tx, &rule, from, upto, run_at)?;
    if upto >= last {
        tx.exec(
            Sql::new(
                "UPDATE point_decay SET last_run_at = $2, run_at = NULL, walked_to = 0, lost = lost + $3 WHERE group_id = $1",
            )
            .bind(key)
            .bind(run_at)
            .bind(lost),
        )?;
    } else {
        tx.exec(
            Sql::new("UPDATE point_decay SET run_at = $2, walked_to = $3, lost = lost + $4 WHERE group_id = $1")
                .bind(key)
                .bind(run_at)
                .bind(upto)
                .bind(lost),
        )?;
    }
    Ok(1)
}

/// Lets the scores of some contacts fade; how many points were lost.
fn fade(ws: &Workspace, tx: &mut Tx<'_>, rule: &DecayRule, from: i64, upto: i64, run_at: Timestamp) -> Result<i64> {
    let text = match rule.group_id {
        None => {
            "SELECT id, points, points_rest, coalesce(last_active_at, created_at) FROM contacts \
             WHERE id > $1 AND id <= $2 AND points <> 0 AND deleted_at IS NULL AND $3 = 0"
        }
        Some(_) => {
            "SELECT c.id, s.score, s.rest, coalesce(c.last_active_at, c.created_at) FROM contact_scores s \
             JOIN contacts c ON c.id = s.contact_id \
             WHERE s.contact_id > $1 AND s.contact_id <= $2 AND s.group_id = $3 AND s.score <> 0 AND c.deleted_at IS NULL"
        }
    };
    let sql = Sql::new(text).bind(from).bind(upto).bind(rule.group_id.map_or(0, |g| g.0));
    let rows: Vec<(ContactId, i64, f64, Timestamp)> = tx.all(sql, |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
    let given = Given::by("decay", reason(rule.decay));
    let mut lost = 0;
    for (contact, score, rest, active) in rows {
        let (after, left) = rule.decay.after(score, rest, active, rule.last_run_at, run_at);
        if after != score {
            change_in(ws, tx, contact, rule.group_id, PointsOperator::Set, after, &given)?;
            lost += score - after;
        }
        if left != rest {
            let text = match rule.group_id {
                None => "UPDATE contacts SET points_rest = $2 WHERE id = $1 AND $3 = 0",
                Some(_) => "UPDATE contact_scores SET rest = $2 WHERE contact_id = $1 AND group_id = $3",
            };
            tx.exec(Sql::new(text).bind(contact).bind(left).bind(rule.group_id.map_or(0, |g| g.0)))?;
        }
    }
    Ok(lost)
}

fn reason(decay: Decay) -> String {
    match decay {
        Decay::HalfLife { days } => format!("Faded: half is gone after {days} days"),
        Decay::Inactive { days, amount } => format!("Faded: {amount} points for {days} days without activity"),
    }
}
