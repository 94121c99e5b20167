//! Who would have gained how much: a point action put to what happened already.

use std::collections::{BTreeMap, HashMap};

use hg_core::ids::ContactId;
use hg_core::points::Earns;
use hg_core::time::{Millis, Timestamp};
use hg_store::{Flow, Sql, Tx};

use crate::contacts::{self, ContactName};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::points::react::told;
use crate::points::{NewAction, actions};

/// What a rule would have given.
#[derive(Debug, Clone)]
pub struct Simulation {
    pub days: i64,
    /// How many people would have gained.
    pub people: u64,
    /// How many points in all.
    pub points: i64,
    /// How often the rule would have been met.
    pub times: i64,
    /// Those who would have gained most.
    pub top: Vec<Gain>,
    /// Everything was looked at; otherwise only the newest of it.
    pub whole: bool,
}

/// What one contact would have gained.
#[derive(Debug, Clone)]
pub struct Gain {
    pub contact: ContactId,
    pub name: ContactName,
    pub times: i64,
    pub gained: i64,
    pub points_now: i64,
}

/// So many events are looked through, the newest first.
const MOST: usize = 200_000;
const TOP: usize = 20;

/// Puts an action, saved or not, to the last days. Nothing is written.
pub async fn simulate(cx: &Cx, action: NewAction, days: i64) -> Result<Simulation> {
    cx.may(Action::View(Area::Points))?;
    let now = cx.now();
    let days = days.clamp(1, 366);
    let drawn = actions::drawn(&action, now)?;
    let from = Timestamp(now.0 - Millis::days(days).0);
    cx.db()
        .read(move |tx| {
            let (mut visits, whole) = occasions(tx, &drawn.earns, from)?;
            let mut gains: BTreeMap<ContactId, i64> = BTreeMap::new();
            for (contact, happened) in &mut visits {
                let met = met(tx, &drawn.earns, *contact, happened, from)?;
                let times = if drawn.repeatable { met } else { met.min(1) };
                if times > 0 {
                    gains.insert(*contact, times);
                }
            }
            let times: i64 = gains.values().sum();
            let mut order: Vec<(ContactId, i64)> = gains.iter().map(|(c, n)| (*c, *n)).collect();
            order.sort_by_key(|(contact, times)| (std::cmp::Reverse(*times), *contact));
            order.truncate(TOP);
            let ids: Vec<i64> = order.iter().map(|(c, _)| c.0).collect();
            let mut names = contacts::names(tx, &ids)?;
            let sql = Sql::new("SELECT id, points FROM contacts WHERE id @in($1)").bind(ids.as_slice());
            let points: HashMap<i64, i64> = tx.all(sql, |r| Ok((r.get(0)?, r.get(1)?)))?.into_iter().collect();
            let top = order.into_iter().filter_map(|(contact, times)| {
                let name = names.remove(&contact.0)?;
                let points_now = points.get(&contact.0).copied().unwrap_or(0);
                Some(Gain { contact, name, times, gained: times.saturating_mul(drawn.delta), points_now })
            });
            Ok(Simulation {
                days,
                people: gains.len() as u64,
                points: times.saturating_mul(drawn.delta),
                times,
                top: top.collect(),
                whole,
            })
        })
        .await
}

type Happened = HashMap<ContactId, Vec<Timestamp>>;

/// When each contact did what the rule is about.
fn occasions(tx: &mut Tx<'_>, earns: &Earns, from: Timestamp) -> Result<(Happened, bool)> {
    let categories = earns.categories().to_vec();
    let wanted_emails = if categories.is_empty() {
        None
    } else {
        let sql = Sql::new("SELECT id FROM emails WHERE category_id @in($1)").bind(categories.as_slice());
        Some(tx.all(sql, |r| r.get::<i64>(0))?)
    };
    let mut found: Happened = HashMap::new();
    let mut seen = 0;
    let sql = Sql::new(
        "SELECT e.contact_id, e.occurred_at, e.object_id, u.url FROM events e LEFT JOIN urls u ON u.id = e.url_id \
         JOIN contacts c ON c.id = e.contact_id WHERE e.kind = $1 AND e.occurred_at >= $2 AND c.deleted_at IS NULL \
         ORDER BY e.id DESC LIMIT $3",
    );
    let kind = earns.event();
    let limit = i64::try_from(MOST + 1).unwrap_or(i64::MAX);
    tx.each(sql.bind(kind.code()).bind(from).bind(limit), |r| {
        seen += 1;
        if seen > MOST {
            return Ok(Flow::Stop);
        }
        let object: i64 = r.get(2)?;
        let url: Option<String> = r.get(3)?;
        let fits = wanted_emails.as_ref().is_none_or(|emails| emails.contains(&object));
        if fits && earns.concerns(kind, object, url.as_deref().unwrap_or("")) {
            found.entry(r.get(0)?).or_default().push(r.get(1)?);
        }
        Ok(Flow::Next)
    })?;
    Ok((found, seen <= MOST))
}

/// How often the rule holds for a contact.
fn met(tx: &mut Tx<'_>, earns: &Earns, contact: ContactId, happened: &mut [Timestamp], from: Timestamp) -> Result<i64> {
    let Earns::UrlHit(rule) = earns else { return Ok(i64::try_from(happened.len()).unwrap_or(i64::MAX)) };
    if !rule.asks_for_visits() {
        return Ok(i64::try_from(happened.len()).unwrap_or(i64::MAX));
    }
    happened.sort_unstable();
    let rows: Vec<(Timestamp, String)> = tx.all(
        Sql::new(
            "SELECT e.occurred_at, u.url FROM events e JOIN urls u ON u.id = e.url_id WHERE e.contact_id = $1 AND e.kind = $2 \
             ORDER BY e.occurred_at, e.id LIMIT 1000",
        )
        .bind(contact)
        .bind(earns.event().code()),
        |r| Ok((r.get(0)?, r.get(1)?)),
    )?;
    let mut times = 0;
    for at in happened.iter().filter(|at| **at >= from) {
        let upto = rows.partition_point(|(when, _)| when <= at);
        times += i64::from(rule.holds(*at, &told(rule, &rows[..upto], *at)));
    }
    Ok(times)
}
