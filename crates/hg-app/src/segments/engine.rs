//! The bitmap engine: whom does a filter select among everybody?
//!
//! Every leaf becomes a set of contact ids. All leaves about columns are answered together in one scan of
//! the contact table, cut into ranges of ids that are read side by side; each of the others reads an index.
//! Sets are roaring bitmaps; and, or and not are algebra in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use hg_core::ids::{ContactId, SegmentId};
use hg_core::segments::{
    ColumnRef, ColumnTest, Columns, DateTest, Moment, Plan, Quantifier, Question, RelatedRow, Relation, RowTest, Scratch, Value,
};
use hg_core::time::Timestamp;
use hg_store::{Flow, Row, Sql, Tx, ValueRef};
use roaring::RoaringBitmap;
use serde_json::Value as Json;

use crate::contacts::directory::{self, Part};
use crate::error::Result;
use crate::ranges::each_range;
use crate::segments::companies;
use crate::segments::facts::{Narrow, Owned, each_contact, each_row};
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

fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
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
        let contact = Scanning { row, overflow: overflow_at.map(|at| overflow(row, at, plan)).unwrap_or_default() };
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

/// The leaves of a scan, put column by column: each value is read once, and what many leaves answered for one text is
/// remembered for the next contact who has the same.
struct Questions {
    /// Leaves that read more than one column.
    each: Vec<usize>,
    columns: Vec<ColumnQuestions>,
}

#[derive(Default)]
struct ColumnQuestions {
    slot: usize,
    /// Leaves that are asked for every value.
    each: Vec<usize>,
    /// Leaves whose answers are remembered.
    texts: Vec<usize>,
    answers: HashMap<String, Arc<[usize]>>,
    for_none: Option<Arc<[usize]>>,
    met: u32,
    known: u32,
}

/// So many different texts are remembered; a column with more of them hardly repeats any.
const MOST_TEXTS: usize = 8_192;

impl Questions {
    fn of(plan: &Plan) -> Self {
        let mut by_slot: BTreeMap<usize, ColumnQuestions> = BTreeMap::new();
        let mut each = Vec::new();
        for leaf in plan.scan_leaves() {
            let Question::Column { slot, test, zone_slot } = &plan.leaves[leaf].question else { continue };
            if zone_slot.is_some() {
                each.push(leaf);
                continue;
            }
            let of_column = by_slot.entry(*slot).or_default();
            of_column.slot = *slot;
            match test {
                ColumnTest::Text(_) | ColumnTest::EmailDomain(_) | ColumnTest::Choices(_) => of_column.texts.push(leaf),
                _ => of_column.each.push(leaf),
            }
        }
        Self { each, columns: by_slot.into_values().collect() }
    }

    fn put(&mut self, plan: &Plan, contact: &Scanning<'_>, moment: &Moment, scratch: &mut Scratch, yes: &mut impl FnMut(usize)) {
        for &leaf in &self.each {
            if plan.column_leaf(leaf, contact, moment, scratch) {
                yes(leaf);
            }
        }
        for column in &mut self.columns {
            let value = contact.value(column.slot, &plan.columns[column.slot]);
            column.put(value, &mut |leaf| plan.value_leaf(leaf, value, moment, scratch), yes);
        }
    }
}

impl ColumnQuestions {
    fn put(&mut self, value: Value<'_>, holds: &mut impl FnMut(usize) -> bool, yes: &mut impl FnMut(usize)) {
        for &leaf in &self.each {
            if holds(leaf) {
                yes(leaf);
            }
        }
        if self.texts.is_empty() {
            return;
        }
        let text = match value {
            Value::Text(text) => text,
            Value::Null => {
                let answers =
                    self.for_none.get_or_insert_with(|| self.texts.iter().copied().filter(|leaf| holds(*leaf)).collect());
                answers.iter().for_each(|leaf| yes(*leaf));
                return;
            }
            _ => {
                self.texts.iter().filter(|leaf| holds(**leaf)).for_each(|leaf| yes(*leaf));
                return;
            }
        };
        self.met += 1;
        if let Some(answers) = self.answers.get(text) {
            self.known += 1;
            answers.iter().for_each(|leaf| yes(*leaf));
            return;
        }
        if self.answers.len() < MOST_TEXTS && (self.met < 4_096 || self.known > self.met / 4) {
            let answers: Arc<[usize]> = self.texts.iter().copied().filter(|leaf| holds(*leaf)).collect();
            answers.iter().for_each(|leaf| yes(*leaf));
            self.answers.insert(text.to_owned(), answers);
            return;
        }
        self.texts.iter().filter(|leaf| holds(**leaf)).for_each(|leaf| yes(*leaf));
    }
}

/// Where the columns of the filter begin, after the id and whether she is known by name.
const FIRST_COLUMN: usize = 2;

/// A row of the scan, as the evaluator sees it.
pub(super) struct Scanning<'r> {
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
    if let Quantifier::OneOrNothing { nothing } = quantifier {
        return Ok((leaf, companies::leaf(tx, plan, leaf, moment, relation, *nothing)?, None));
    }
    let mut walk = Walk { plan, leaf, moment, scratch: Scratch::default(), next_flip: None };
    let narrow = Narrow::of(rows, moment.bounds(leaf));
    let set = match quantifier {
        Quantifier::AtLeastOne | Quantifier::None | Quantifier::OneOrNothing { .. } => {
            walk.some_row(tx, relation, rows, &narrow)?
        }
        // Negated or not: the set of those who have each of them.
        Quantifier::Each { .. } => walk.each_object(tx, relation, rows, &narrow)?,
        Quantifier::Count(test) => walk.counts(tx, relation, rows, test, &narrow)?,
        Quantifier::Sum(test) | Quantifier::Amount(test) => walk.sums(tx, relation, test, quantifier)?,
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
    fn note_flip(&mut self, row: &RelatedRow, rows: &RowTest) {
        if let Some(at) = row.at.filter(|_| rows.date_test().is_some()) {
            self.next_flip = earlier(self.next_flip, self.plan.next_related_flip(self.leaf, at, self.moment));
        }
    }

    /// How many rows that count each contact has.
    fn tally(&mut self, tx: &mut Tx<'_>, relation: &Relation, rows: &RowTest, narrow: &Narrow<'_>) -> Result<Tally> {
        let mut tally = Tally::default();
        if narrow.decides(relation, rows) && !rows.date_test().is_some_and(DateTest::moves_with_clock) {
            each_contact(tx, relation, narrow, &mut |contact| tally.add(contact))?;
            return Ok(tally);
        }
        each_row(tx, relation, None, narrow, &mut |contact, row| {
            self.note_flip(&row, rows);
            if self.plan.row_counts(self.leaf, &row, self.moment, &mut self.scratch) {
                tally.add(contact.bit());
            }
            Flow::Next
        })?;
        Ok(tally)
    }

    /// Contacts with at least one row that counts.
    fn some_row(&mut self, tx: &mut Tx<'_>, relation: &Relation, rows: &RowTest, narrow: &Narrow<'_>) -> Result<RoaringBitmap> {
        Ok(self.tally(tx, relation, rows, narrow)?.whose(|_| true))
    }

    fn each_object(
        &mut self,
        tx: &mut Tx<'_>,
        relation: &Relation,
        rows: &RowTest,
        narrow: &Narrow<'_>,
    ) -> Result<RoaringBitmap> {
        let Some(wanted) = rows.objects() else { return Ok(RoaringBitmap::new()) };
        let mut sets = vec![RoaringBitmap::new(); wanted.len()];
        each_row(tx, relation, None, narrow, &mut |contact, row| {
            if let Ok(i) = wanted.binary_search(&row.object) {
                sets[i].insert(contact.bit());
            }
            Flow::Next
        })?;
        let mut sets = sets.into_iter();
        let first = sets.next().unwrap_or_default();
        Ok(sets.fold(first, |all, set| all & set))
    }

    /// Contacts whose number of rows that count passes, or, when none at all passes too, those whose number does not.
    fn counts(
        &mut self,
        tx: &mut Tx<'_>,
        relation: &Relation,
        rows: &RowTest,
        test: &hg_core::segments::NumberTest,
        narrow: &Narrow<'_>,
    ) -> Result<RoaringBitmap> {
        let wanted = !test.passes(Some(0.0));
        Ok(self.tally(tx, relation, rows, narrow)?.whose(|count| test.passes(Some(f64::from(count))) == wanted))
    }

    /// The same for the sum of their amounts.
    fn sums(
        &mut self,
        tx: &mut Tx<'_>,
        relation: &Relation,
        test: &hg_core::segments::NumberTest,
        quantifier: &Quantifier,
    ) -> Result<RoaringBitmap> {
        let mut sums: HashMap<ContactId, i64> = HashMap::new();
        each_row(tx, relation, None, &Narrow::default(), &mut |contact, row| {
            *sums.entry(contact).or_default() += row.amount;
            Flow::Next
        })?;
        let wanted = !quantifier.holds_for_none();
        let passing = sums.into_iter().filter(|(_, sum)| test.passes(Some(*sum as f64)) == wanted);
        Ok(set_of(passing.map(|(contact, _)| contact.bit()).collect()))
    }
}

/// Numbers of rows, by contact.
#[derive(Default)]
struct Tally(Vec<u32>);

impl Tally {
    fn add(&mut self, contact: u32) {
        let at = contact as usize;
        if at >= self.0.len() {
            self.0.resize((at + 1).next_multiple_of(65_536), 0);
        }
        self.0[at] = self.0[at].saturating_add(1);
    }

    /// Contacts with rows whose number is a wanted one.
    fn whose(&self, mut wanted: impl FnMut(u32) -> bool) -> RoaringBitmap {
        let counts = (0..).zip(&self.0);
        RoaringBitmap::from_sorted_iter(counts.filter(|(_, n)| **n > 0 && wanted(**n)).map(|(id, _)| id)).unwrap_or_default()
    }
}

fn set_of(mut ids: Vec<u32>) -> RoaringBitmap {
    ids.sort_unstable();
    ids.dedup();
    RoaringBitmap::from_sorted_iter(ids).unwrap_or_default()
}

/// Membership of segments is there as bitmaps already.
fn segment_leaf(ws: &Workspace, tx: &mut Tx<'_>, rows: &RowTest, quantifier: &Quantifier) -> Result<RoaringBitmap> {
    let ids: Vec<SegmentId> = match rows.objects() {
        Some(ids) => ids.iter().map(|id| SegmentId(*id)).collect(),
        None => tx.all("SELECT id FROM segments WHERE deleted_at IS NULL", |r| r.get(0))?,
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
