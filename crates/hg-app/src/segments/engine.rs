//! The bitmap engine: whom does a filter select among everybody?
//!
//! Every leaf becomes a set of contact ids. All leaves about columns are answered together in one scan of
//! the contact table, cut into ranges of ids that are read side by side; each of the others reads an index.
//! Sets are roaring bitmaps; and, or and not are algebra in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hg_core::segments::{Moment, Plan, Quantifier, Question, Scratch};
use hg_core::time::Timestamp;
use hg_store::{Flow, Sql, Tx, ValueRef};
use roaring::RoaringBitmap;

use crate::contacts::directory::{self, Part};
use crate::error::Result;
use crate::ranges::each_range;
use crate::segments::questions::{FIRST_COLUMN, Questions, Scanning};
use crate::segments::walk::read_leaves;
use crate::workspace::Workspace;

/// Who can belong to a segment at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Everyone {
    Identified,
    WithVisitors,
}

/// What an evaluation found.
#[derive(Debug, Clone)]
pub struct Counted {
    /// Whom the filter selects.
    pub selected: RoaringBitmap,
    /// The set of each leaf, among those who can belong.
    pub leaves: Vec<RoaringBitmap>,
    /// Everybody who can belong.
    pub everyone: RoaringBitmap,
    /// Everybody who is there, visitors without a name too: who is put into a segment by hand may be any of them.
    pub alive: RoaringBitmap,
    /// The part of the contacts that was looked at; below 1 when the time ran out.
    pub looked_at: f64,
    /// When the clock next changes an answer.
    pub next_flip: Option<Timestamp>,
}

/// Evaluates a plan over everybody. With `time_limit` it may stop early and say how far it came.
pub(crate) async fn select(
    ws: &Workspace,
    plan: Arc<Plan>,
    moment: Arc<Moment>,
    everyone: Everyone,
    time_limit: Option<Duration>,
) -> Result<Counted> {
    let until = time_limit.map(|limit| Instant::now() + limit);
    let related = read_leaves(ws, plan.clone(), moment.clone());
    let scan = scan(ws, plan.clone(), moment, everyone, until);
    let (scanned, related) = tokio::join!(scan, related);
    let (scanned, related) = (scanned?, related?);
    let mut leaves = scanned.leaves;
    let mut next_flip = scanned.next_flip;
    for (leaf, set, flip) in related {
        leaves[leaf] = among(&plan, leaf, &set, &scanned.everyone);
        next_flip = earlier(next_flip, flip);
    }
    let selected = plan.combine(&|leaf| &leaves[leaf], &scanned.everyone);
    Ok(Counted { selected, leaves, everyone: scanned.everyone, alive: scanned.alive, looked_at: scanned.looked_at, next_flip })
}

/// The set of a leaf about related rows among some people: for one that holds without any row, those who are not in it.
fn among(plan: &Plan, leaf: usize, set: &RoaringBitmap, people: &RoaringBitmap) -> RoaringBitmap {
    if quantifier(plan, leaf).is_some_and(Quantifier::holds_for_none) { people - set } else { set & people }
}

/// One of several plans that are evaluated in one pass.
pub(crate) struct Asked {
    pub plan: Plan,
    pub moment: Moment,
    pub everyone: Everyone,
}

/// Whom one of several plans selects, and when the clock next changes that.
pub(crate) struct Selected {
    pub people: RoaringBitmap,
    pub next_flip: Option<Timestamp>,
}

/// Evaluates several plans in one pass: every contact is read once, every question asked once. In the order of the
/// plans; and everybody who is there.
pub(crate) async fn select_many(ws: &Workspace, asked: Vec<Asked>) -> Result<(Vec<Selected>, RoaringBitmap)> {
    let plans: Vec<&Plan> = asked.iter().map(|a| &a.plan).collect();
    let (joined, places) = Plan::join(&plans);
    let zone = asked.first().map_or(hg_core::time::TimeZone::UTC, |a| a.moment.zone.clone());
    let now = asked.first().map_or_else(|| ws.clock.now(), |a| a.moment.now);
    let joined = Arc::new(joined);
    let moment = Arc::new(joined.at(now, &zone));
    let related = read_leaves(ws, joined.clone(), moment.clone()).await?;
    let clocks: Vec<bool> = asked.iter().map(|a| a.plan.dependencies().clock).collect();
    let mut related_flip: Vec<Option<Timestamp>> = vec![None; joined.leaves.len()];
    let mut sets: Vec<Option<RoaringBitmap>> = vec![None; joined.leaves.len()];
    for (leaf, set, flip) in related {
        related_flip[leaf] = flip;
        sets[leaf] = Some(set);
    }
    let mut found: Vec<Selected> = places
        .iter()
        .map(|own| Selected { people: RoaringBitmap::new(), next_flip: own.iter().filter_map(|leaf| related_flip[*leaf]).min() })
        .collect();
    let pass = Arc::new(Pass { joined, moment, asked, places, sets });
    let statement = scan_statement(&pass.joined);
    let shared = pass.clone();
    let read = move |tx: &mut Tx<'_>, from: i64, to: i64| pass_range(tx, &shared, &statement, from, to);
    let mut alive = RoaringBitmap::new();
    each_range(&ws.db, None, read, |(some, there, flip)| {
        alive |= there;
        for ((all, some), clock) in found.iter_mut().zip(some).zip(&clocks) {
            all.people |= some;
            if *clock {
                all.next_flip = earlier(all.next_flip, flip);
            }
        }
    })
    .await?;
    Ok((found, alive))
}

/// What all ranges of one pass share.
struct Pass {
    joined: Arc<Plan>,
    moment: Arc<Moment>,
    asked: Vec<Asked>,
    /// For each plan: where its own leaves stand among the joined ones.
    places: Vec<Vec<usize>>,
    /// The sets of the leaves about related rows.
    sets: Vec<Option<RoaringBitmap>>,
}

/// Whom each plan selects in a range of ids, who is there, and when the clock next matters for one of them.
type PassPart = (Vec<RoaringBitmap>, RoaringBitmap, Option<Timestamp>);

fn pass_range(tx: &mut Tx<'_>, pass: &Pass, statement: &str, from: i64, to: i64) -> Result<PassPart> {
    let scanned = scan_range(tx, &pass.joined, &pass.moment, Everyone::WithVisitors, statement, from, to)?;
    let mut leaves = scanned.leaves;
    for (leaf, set) in pass.sets.iter().enumerate() {
        if let Some(set) = set {
            leaves[leaf] = among(&pass.joined, leaf, set, &scanned.alive);
        }
    }
    let people = |asked: &Asked| match asked.everyone {
        Everyone::WithVisitors => &scanned.alive,
        Everyone::Identified => &scanned.identified,
    };
    let selected = pass.asked.iter().zip(&pass.places).map(|(asked, own)| {
        let people = people(asked);
        asked.plan.combine(&|leaf| &leaves[own[leaf]], people) & people
    });
    Ok((selected.collect(), scanned.alive.clone(), scanned.next_flip))
}

pub(super) fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

pub(super) fn quantifier(plan: &Plan, leaf: usize) -> Option<&Quantifier> {
    match &plan.leaves[leaf].question {
        Question::Related { quantifier, .. } => Some(quantifier),
        Question::Column { .. } => None,
    }
}

pub(super) struct Scanned {
    everyone: RoaringBitmap,
    pub alive: RoaringBitmap,
    pub identified: RoaringBitmap,
    pub leaves: Vec<RoaringBitmap>,
    looked_at: f64,
    next_flip: Option<Timestamp>,
}

async fn scan(
    ws: &Workspace,
    plan: Arc<Plan>,
    moment: Arc<Moment>,
    everyone: Everyone,
    until: Option<Instant>,
) -> Result<Scanned> {
    let mut found = Scanned {
        everyone: RoaringBitmap::new(),
        alive: RoaringBitmap::new(),
        identified: RoaringBitmap::new(),
        leaves: vec![RoaringBitmap::new(); plan.leaves.len()],
        looked_at: 1.0,
        next_flip: None,
    };
    if plan.scan_leaves().next().is_none() {
        // Nothing is asked about the contacts themselves: who is there is known.
        let directory = directory::current(ws, Part::People).await?;
        found.everyone = (*directory.everyone(everyone)).clone();
        found.alive = (*directory.everyone(Everyone::WithVisitors)).clone();
        return Ok(found);
    }
    let text = scan_statement(&plan);
    let read = move |tx: &mut Tx<'_>, from: i64, to: i64| scan_range(tx, &plan, &moment, everyone, &text, from, to);
    let looked_at = each_range(&ws.db, until, read, |part| {
        found.everyone |= part.everyone;
        found.alive |= part.alive;
        for (all, some) in found.leaves.iter_mut().zip(part.leaves) {
            *all |= some;
        }
        found.next_flip = earlier(found.next_flip, part.next_flip);
    })
    .await?;
    found.looked_at = looked_at;
    Ok(found)
}

fn scan_statement(plan: &Plan) -> String {
    format!("{} FROM contacts WHERE id >= $1 AND id < $2 AND deleted_at IS NULL ORDER BY id", scan_columns(plan))
}

/// What a scan reads of every contact.
pub(super) fn scan_columns(plan: &Plan) -> String {
    let mut text = "SELECT id, identified_at".to_owned();
    for column in &plan.columns {
        text.push_str(", ");
        text.push_str(column.column.as_deref().unwrap_or("NULL"));
    }
    if plan.columns.iter().any(|c| c.column.is_none()) {
        text.push_str(", overflow");
    }
    text
}

fn scan_range(
    tx: &mut Tx<'_>,
    plan: &Plan,
    moment: &Moment,
    everyone: Everyone,
    text: &str,
    from: i64,
    to: i64,
) -> Result<Scanned> {
    let mut next_flip = None;
    let clock = plan.dependencies().clock;
    let scanned = scan_rows(tx, plan, moment, everyone, Sql::new(text).bind(from).bind(to), |_, contact| {
        if clock {
            for leaf in plan.scan_leaves() {
                next_flip = earlier(next_flip, plan.next_clock_flip(leaf, contact, moment));
            }
        }
    })?;
    Ok(Scanned { next_flip, ..scanned })
}

/// Puts the questions about contacts to the rows of a statement that reads [`scan_columns`]; `each` sees everybody who
/// was asked.
pub(super) fn scan_rows(
    tx: &mut Tx<'_>,
    plan: &Plan,
    moment: &Moment,
    everyone: Everyone,
    sql: Sql,
    mut each: impl FnMut(u32, &Scanning<'_>),
) -> Result<Scanned> {
    let mut alive: Vec<u32> = Vec::new();
    let mut visitors: Vec<u32> = Vec::new();
    let mut questions = Questions::of(plan);
    let mut sets: Vec<Vec<u32>> = vec![Vec::new(); plan.leaves.len()];
    let mut scratch = Scratch::default();
    let overflow_at = plan.columns.iter().any(|c| c.column.is_none()).then_some(plan.columns.len() + FIRST_COLUMN);
    tx.each(sql, |row| {
        let id = row.get::<u32>(0)?;
        alive.push(id);
        if matches!(row.value(1)?, ValueRef::Null) {
            visitors.push(id);
            if everyone == Everyone::Identified {
                return Ok(Flow::Next);
            }
        }
        let contact = Scanning::of(row, overflow_at, plan);
        questions.put(plan, &contact, moment, &mut scratch, &mut |leaf| sets[leaf].push(id));
        each(id, &contact);
        Ok(Flow::Next)
    })?;
    let bitmap = |ids: Vec<u32>| RoaringBitmap::from_sorted_iter(ids).unwrap_or_default();
    let (alive, visitors) = (bitmap(alive), bitmap(visitors));
    let identified = &alive - &visitors;
    let leaves = sets.into_iter().map(bitmap).collect();
    let among = if everyone == Everyone::Identified { identified.clone() } else { alive.clone() };
    Ok(Scanned { everyone: among, alive, identified, leaves, looked_at: 1.0, next_flip: None })
}
