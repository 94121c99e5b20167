//! The questions of a scan, put to one contact after the other.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use hg_core::segments::{ColumnRef, ColumnTest, Columns, Moment, Plan, Question, Scratch, Value};
use hg_store::{Row, ValueRef};
use serde_json::Value as Json;

use crate::segments::facts::Owned;

/// The leaves of a scan, put column by column: each value is read once, and what many leaves answered for one text is
/// remembered for the next contact who has the same.
pub(super) struct Questions {
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
    pub fn of(plan: &Plan) -> Self {
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

    pub fn put(
        &mut self,
        plan: &Plan,
        contact: &Scanning<'_>,
        moment: &Moment,
        scratch: &mut Scratch,
        yes: &mut impl FnMut(usize),
    ) {
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
pub(super) const FIRST_COLUMN: usize = 2;

/// A row of the scan, as the evaluator sees it.
pub(super) struct Scanning<'r> {
    row: &'r Row<'r>,
    overflow: Vec<Option<Owned>>,
}

impl<'r> Scanning<'r> {
    /// A row of the scan; `overflow_at` is where the values without a column of their own stand, if any are asked for.
    pub fn of(row: &'r Row<'r>, overflow_at: Option<usize>, plan: &Plan) -> Self {
        Self { row, overflow: overflow_at.map(|at| overflow(row, at, plan)).unwrap_or_default() }
    }
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
