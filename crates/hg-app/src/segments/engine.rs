//! The bitmap engine: whom does a filter select among everybody?
//!
//! Every leaf becomes a set of contact ids. All leaves about columns are answered together in one scan of
//! the contact table, cut into ranges of ids that are read side by side; each of the others reads an index.
//! Sets are roaring bitmaps; and, or and not are algebra in memory.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hg_core::ids::{ContactId, SegmentId};
use hg_core::segments::{ColumnRef, Columns, Moment, Plan, Quantifier, Question, RelatedRow, Relation, RowTest, Scratch, Value};
use hg_core::time::Timestamp;
use hg_store::{Flow, Row, Sql, Tx, ValueRef};
use roaring::RoaringBitmap;
use serde_json::Value as Json;

use crate::contacts::directory::{self, Part};
use crate::error::Result;
use crate::ranges::each_range;
use crate::segments::facts::{Owned, each_row};
use crate::segments::members::members;
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
        let set = if quantifier(&plan, leaf).is_some_and(Quantifier::holds_for_none) {
            &scanned.everyone - set
        } else {
            set & &scanned.everyone
        };
        leaves[leaf] = set;
        next_flip = earlier(next_flip, flip);
    }
    let selected = plan.combine(&leaves, &scanned.everyone);
    Ok(Counted { selected, leaves, everyone: scanned.everyone, alive: scanned.alive, looked_at: scanned.looked_at, next_flip })
}

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn quantifier(plan: &Plan, leaf: usize) -> Option<&Quantifier> {
    match &plan.leaves[leaf].question {
        Question::Related { quantifier, .. } => Some(quantifier),
        Question::Column { .. } => None,
    }
}

struct Scanned {
    everyone: RoaringBitmap,
    alive: RoaringBitmap,
    leaves: Vec<RoaringBitmap>,
    looked_at: f64,
    next_flip: Option<Timestamp>,
}

async fn scan(ws: &Workspace, plan: Arc<Plan>, moment: Arc<Moment>, everyone: Everyone, until: Option<Instant>) -> Result<Scanned> {
    let mut found = Scanned {
        everyone: RoaringBitmap::new(),
        alive: RoaringBitmap::new(),
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
    let mut text = "SELECT id, identified_at".to_owned();
    for column in &plan.columns {
        text.push_str(", ");
        text.push_str(column.column.as_deref().unwrap_or("NULL"));
    }
    if plan.columns.iter().any(|c| c.column.is_none()) {
        text.push_str(", overflow");
    }
    text.push_str(" FROM contacts WHERE id >= $1 AND id < $2 AND deleted_at IS NULL ORDER BY id");
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
    let mut alive: Vec<u32> = Vec::new();
    let mut visitors: Vec<u32> = Vec::new();
    let leaves: Vec<usize> = plan.scan_leaves().collect();
    let mut sets: Vec<Vec<u32>> = vec![Vec::new(); plan.leaves.len()];
    let mut scratch = Scratch::default();
    let mut next_flip = None;
    let overflow_at = plan.columns.iter().any(|c| c.column.is_none()).then_some(plan.columns.len() + FIRST_COLUMN);
    let clock = plan.dependencies().clock;
    let sql = Sql::new(text).bind(from).bind(to);
    tx.each(sql, |row| {
        let id = row.get::<u32>(0)?;
        alive.push(id);
        if everyone == Everyone::Identified && matches!(row.value(1)?, ValueRef::Null) {
            visitors.push(id);
            return Ok(Flow::Next);
        }
        let contact = Scanning { row, overflow: overflow_at.map(|at| overflow(row, at, plan)).unwrap_or_default() };
        for &leaf in &leaves {
            if plan.column_leaf(leaf, &contact, moment, &mut scratch) {
                sets[leaf].push(id);
            }
            if clock {
                next_flip = earlier(next_flip, plan.next_clock_flip(leaf, &contact, moment));
            }
        }
        Ok(Flow::Next)
    })?;
    let bitmap = |ids: Vec<u32>| RoaringBitmap::from_sorted_iter(ids).unwrap_or_default();
    let (alive, visitors) = (bitmap(alive), bitmap(visitors));
    let leaves = sets.into_iter().map(bitmap).collect();
    Ok(Scanned { everyone: &alive - &visitors, alive, leaves, looked_at: 1.0, next_flip })
}

/// Where the columns of the filter begin, after the id and whether she is known by name.
const FIRST_COLUMN: usize = 2;

/// A row of the scan, as the evaluator sees it.
struct Scanning<'r> {
    row: &'r Row<'r>,
    overflow: Vec<Option<Owned>>,
}

impl Columns for Scanning<'_> {
    fn value(&self, slot: usize, column: &ColumnRef) -> Value<'_> {
        if column.column.is_none() {
            return self.overflow.get(slot).and_then(Option::as_ref).map_or(Value::Null, Owned::as_value);
        }
        match self.row.value(slot + FIRST_COLUMN) {
            Ok(ValueRef::Int(n)) => Value::Int(n),
            Ok(ValueRef::Real(x)) => Value::Number(x),
            Ok(ValueRef::Text(text)) => Value::Text(text),
            _ => Value::Null,
        }
    }
}

fn overflow(row: &Row<'_>, at: usize, plan: &Plan) -> Vec<Option<Owned>> {
    let json: Option<Json> = row.get(at).unwrap_or_default();
    let value = |column: &ColumnRef| {
        let value = json.as_ref().filter(|_| column.column.is_none())?.get(&column.alias)?;
        Owned::of_json(value)
    };
    plan.columns.iter().map(value).collect()
}

/// A leaf, its set, and when the clock next changes it.
type LeafSet = (usize, RoaringBitmap, Option<Timestamp>);

/// The sets of the leaves about related rows: for those that hold without any row, whom they do *not* hold for.
async fn read_leaves(ws: &Workspace, plan: Arc<Plan>, moment: Arc<Moment>) -> Result<Vec<LeafSet>> {
    if plan.index_leaves().next().is_none() {
        return Ok(Vec::new());
    }
    let ws2 = ws.clone();
    ws.db
        .read(move |tx| plan.index_leaves().map(|leaf| read_leaf(&ws2, tx, &plan, leaf, &moment)).collect::<Result<Vec<_>>>())
        .await
}

fn read_leaf(ws: &Workspace, tx: &mut Tx<'_>, plan: &Plan, leaf: usize, moment: &Moment) -> Result<LeafSet> {
    let Question::Related { relation, rows, quantifier } = &plan.leaves[leaf].question else {
        return Ok((leaf, RoaringBitmap::new(), None));
    };
    if *relation == Relation::Segment {
        return Ok((leaf, segment_leaf(ws, tx, rows, quantifier)?, None));
    }
    let mut walk = Walk { plan, leaf, moment, scratch: Scratch::default(), next_flip: None };
    let set = match quantifier {
        Quantifier::AtLeastOne | Quantifier::None => walk.some_row(tx, relation, rows)?,
        // Negated or not: the set of those who have each of them.
        Quantifier::Each { .. } => walk.each_object(tx, relation, rows)?,
        Quantifier::Count(test) => walk.sums(tx, relation, |_| 1, test)?,
        Quantifier::Sum(test) => walk.sums(tx, relation, |row| row.amount, test)?,
    };
    Ok((leaf, set, walk.next_flip))
}

struct Walk<'a> {
    plan: &'a Plan,
    leaf: usize,
    moment: &'a Moment,
    scratch: Scratch,
    next_flip: Option<Timestamp>,
}

impl Walk<'_> {
    /// Contacts with at least one row that counts.
    fn some_row(&mut self, tx: &mut Tx<'_>, relation: &Relation, rows: &RowTest) -> Result<RoaringBitmap> {
        let mut set = RoaringBitmap::new();
        each_row(tx, relation, None, &mut |contact, row| {
            if let Some(at) = row.at.filter(|_| matches!(rows, RowTest::At(_))) {
                self.next_flip = earlier(self.next_flip, self.plan.next_related_flip(self.leaf, at, self.moment));
            }
            if self.plan.row_counts(self.leaf, &row, self.moment, &mut self.scratch) {
                set.insert(contact.bit());
            }
            Flow::Next
        })?;
        Ok(set)
    }

    fn each_object(&mut self, tx: &mut Tx<'_>, relation: &Relation, rows: &RowTest) -> Result<RoaringBitmap> {
        let RowTest::Objects(wanted) = rows else { return Ok(RoaringBitmap::new()) };
        let mut sets = vec![RoaringBitmap::new(); wanted.len()];
        each_row(tx, relation, None, &mut |contact, row| {
            if let Ok(i) = wanted.binary_search(&row.object) {
                sets[i].insert(contact.bit());
            }
            Flow::Next
        })?;
        let mut sets = sets.into_iter();
        let first = sets.next().unwrap_or_default();
        Ok(sets.fold(first, |all, set| all & set))
    }

    /// Contacts whose sum passes, or, when no row passes too, those whose sum does not.
    fn sums(
        &mut self,
        tx: &mut Tx<'_>,
        relation: &Relation,
        amount: impl Fn(&RelatedRow) -> i64,
        test: &hg_core::segments::NumberTest,
    ) -> Result<RoaringBitmap> {
        let mut sums: std::collections::HashMap<ContactId, i64> = std::collections::HashMap::new();
        each_row(tx, relation, None, &mut |contact, row| {
            *sums.entry(contact).or_default() += amount(&row);
            Flow::Next
        })?;
        let wanted = !test.passes(Some(0.0));
        Ok(sums
            .into_iter()
            .filter(|(_, sum)| test.passes(Some(*sum as f64)) == wanted)
            .map(|(contact, _)| contact.bit())
            .collect())
    }
}

/// Membership of segments is there as bitmaps already.
fn segment_leaf(ws: &Workspace, tx: &mut Tx<'_>, rows: &RowTest, quantifier: &Quantifier) -> Result<RoaringBitmap> {
    let ids: Vec<SegmentId> = match rows {
        RowTest::Objects(ids) => ids.iter().map(|id| SegmentId(*id)).collect(),
        _ => tx.all("SELECT id FROM segments WHERE deleted_at IS NULL", |r| r.get(0))?,
    };
    let all = matches!(quantifier, Quantifier::Each { .. });
    let mut result: Option<RoaringBitmap> = None;
    for id in ids {
        let bits = members(ws, tx, id)?;
        result = Some(match result {
            None => (*bits).clone(),
            Some(so_far) if all => so_far & &*bits,
            Some(so_far) => so_far | &*bits,
        });
    }
    Ok(result.unwrap_or_default())
}
