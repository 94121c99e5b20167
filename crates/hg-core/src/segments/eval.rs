//! Answering a plan for one contact.

use std::collections::HashMap;

use jiff::tz::TimeZone;

use crate::segments::leaf::ChoicesTest;
use crate::segments::{
    Bounds, ColumnRef, ColumnTest, DateTest, Moment, Node, Plan, Quantifier, Question, Relation, RowTest, TextColumn,
};
use crate::text;
use crate::time::{self, Timestamp};

/// A value as it is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    Null,
    /// Text, and days of the calendar (`YYYY-MM-DD`).
    Text(&'a str),
    Number(f64),
    /// Whole numbers, yes and no (1 and 0), and instants in milliseconds.
    Int(i64),
}

/// The values of one contact, by the place of their column in [`Plan::columns`].
pub trait Columns {
    fn value(&self, slot: usize, column: &ColumnRef) -> Value<'_>;
}

/// Everything that is known about one contact.
pub trait Facts: Columns {
    /// The rows of a kind that hang on the contact.
    fn related(&self, relation: &Relation) -> &[RelatedRow];
}

/// A row that hangs on a contact: about what, when, how much, and the texts that it carries.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RelatedRow {
    pub object: i64,
    pub at: Option<Timestamp>,
    pub amount: i64,
    pub texts: Vec<(TextColumn, String)>,
    /// Values of columns, as the relation names them.
    pub values: Vec<StoredValue>,
}

/// A value that a related row keeps.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum StoredValue {
    #[default]
    Null,
    Text(String),
    Number(f64),
    Int(i64),
}

impl StoredValue {
    pub fn get(&self) -> Value<'_> {
        match self {
            StoredValue::Null => Value::Null,
            StoredValue::Text(text) => Value::Text(text),
            StoredValue::Number(number) => Value::Number(*number),
            StoredValue::Int(number) => Value::Int(*number),
        }
    }
}

impl RelatedRow {
    pub fn about(object: i64) -> RelatedRow {
        RelatedRow { object, ..RelatedRow::default() }
    }

    fn text(&self, column: TextColumn) -> Option<&str> {
        self.texts.iter().find(|(c, _)| *c == column).map(|(_, text)| text.as_str())
    }
}

/// Memory that an evaluation reuses from contact to contact.
#[derive(Debug, Default)]
pub struct Scratch {
    folded: String,
    written: String,
    zones: HashMap<(usize, String), Bounds>,
}

impl Plan {
    /// Whether a contact satisfies the filter.
    pub fn matches(&self, facts: &dyn Facts, moment: &Moment, scratch: &mut Scratch) -> bool {
        self.node(&self.root, facts, moment, scratch)
    }

    fn node(&self, node: &Node, facts: &dyn Facts, moment: &Moment, scratch: &mut Scratch) -> bool {
        match node {
            Node::Leaf(leaf) => self.leaf(*leaf, facts, moment, scratch),
            Node::All(nodes) => nodes.iter().all(|n| self.node(n, facts, moment, scratch)),
            Node::Any(nodes) => nodes.iter().any(|n| self.node(n, facts, moment, scratch)),
            Node::Not(inner) => !self.node(inner, facts, moment, scratch),
            Node::Nobody => false,
        }
    }

    /// The answer of one leaf.
    pub fn leaf(&self, leaf: usize, facts: &dyn Facts, moment: &Moment, scratch: &mut Scratch) -> bool {
        match &self.leaves[leaf].question {
            Question::Column { .. } => self.column_leaf(leaf, facts, moment, scratch),
            Question::Related { relation, rows, quantifier } => {
                let related = facts.related(relation);
                let mut counts = |row: &RelatedRow| counts(rows, row, leaf, moment, scratch);
                match quantifier {
                    Quantifier::AtLeastOne => related.iter().any(&mut counts),
                    Quantifier::None => !related.iter().any(&mut counts),
                    Quantifier::OneOrNothing { nothing } if related.is_empty() => *nothing,
                    Quantifier::OneOrNothing { .. } => related.iter().any(&mut counts),
                    Quantifier::Each { negated } => {
                        let RowTest::Objects(wanted) = rows else { return false };
                        wanted.iter().all(|id| related.iter().any(|row| row.object == *id)) != *negated
                    }
                    Quantifier::Count(test) => test.passes(Some(related.iter().filter(|row| counts(row)).count() as f64)),
                    Quantifier::Amount(test) => test.passes(related.first().map(|row| row.amount as f64)),
                    Quantifier::Sum(test) => {
                        let sum: i64 = related.iter().filter(|row| counts(row)).map(|row| row.amount).sum();
                        test.passes(Some(sum as f64))
                    }
                }
            }
        }
    }

    /// Whether a related row counts for a leaf: what a walk over an index asks.
    pub fn row_counts(&self, leaf: usize, row: &RelatedRow, moment: &Moment, scratch: &mut Scratch) -> bool {
        let Question::Related { rows, .. } = &self.leaves[leaf].question else { return false };
        counts(rows, row, leaf, moment, scratch)
    }

    /// The answer of a leaf about a value of the contact itself: what a scan asks.
    pub fn column_leaf<C: Columns + ?Sized>(&self, leaf: usize, contact: &C, moment: &Moment, scratch: &mut Scratch) -> bool {
        let Question::Column { slot, test, zone_slot } = &self.leaves[leaf].question else { return false };
        let value = contact.value(*slot, &self.columns[*slot]);
        match (test, zone_slot) {
            (ColumnTest::Day(date) | ColumnTest::Instant(date), Some(zone_slot)) => {
                let zone = contact.value(*zone_slot, &self.columns[*zone_slot]);
                let (bounds, zone) = own_bounds(leaf, date, zone, moment, scratch);
                dated(value, &bounds, &zone, scratch)
            }
            _ => self.value_leaf(leaf, value, moment, scratch),
        }
    }

    /// The answer of a leaf for a value that was read already. Not for dates in the contact's own zone: for those it
    /// counts in the workspace's.
    pub fn value_leaf(&self, leaf: usize, value: Value<'_>, moment: &Moment, scratch: &mut Scratch) -> bool {
        let Question::Column { test, .. } = &self.leaves[leaf].question else { return false };
        passes(test, value, moment.bounds[leaf].as_ref(), &moment.zone, scratch)
    }

    /// When the clock next changes the answer of a leaf for a contact, if nothing else happens first.
    /// Only dates that move with the clock are looked at; the calendar is [`Plan::next_calendar_flip`]'s.
    pub fn next_clock_flip<C: Columns + ?Sized>(&self, leaf: usize, contact: &C, moment: &Moment) -> Option<Timestamp> {
        let Question::Column { slot, test: ColumnTest::Instant(test), .. } = &self.leaves[leaf].question else { return None };
        if !test.moves_with_clock() {
            return None;
        }
        let Value::Int(at) = contact.value(*slot, &self.columns[*slot]) else { return None };
        // The bounds move as fast as the clock: the answer changes when one of them reaches the value.
        flips(at, moment.bounds[leaf].as_ref(), moment.now)
    }

    /// As [`Plan::next_clock_flip`], for rows that hang on the contact.
    pub fn next_related_flip(&self, leaf: usize, at: Timestamp, moment: &Moment) -> Option<Timestamp> {
        let Question::Related { rows, .. } = &self.leaves[leaf].question else { return None };
        let test = rows.date_test()?;
        if test.moves_with_clock() { flips(at.0, moment.bounds[leaf].as_ref(), moment.now) } else { None }
    }
}

fn flips(at: i64, bounds: Option<&Bounds>, now: Timestamp) -> Option<Timestamp> {
    let (Bounds::Within(window) | Bounds::Outside(window)) = bounds? else { return None };
    [window.from, window.to]
        .into_iter()
        .flatten()
        .map(|edge| Timestamp(now.0 + (at - edge.0) + 1_000))
        .filter(|flip| *flip > now)
        .min()
}

/// Whether a related row counts.
fn counts(test: &RowTest, row: &RelatedRow, leaf: usize, moment: &Moment, scratch: &mut Scratch) -> bool {
    let bounds = moment.bounds[leaf].as_ref();
    match test {
        RowTest::Values(tests) => tests.iter().enumerate().all(|(n, test)| {
            let value = row.values.get(n).map_or(Value::Null, StoredValue::get);
            let bounds = moment.value_bounds[leaf].get(n).and_then(Option::as_ref);
            passes(test, value, bounds, &moment.zone, scratch)
        }),
        RowTest::Any => true,
        RowTest::All(tests) => tests.iter().all(|test| counts(test, row, leaf, moment, scratch)),
        RowTest::Objects(wanted) => wanted.binary_search(&row.object).is_ok(),
        RowTest::Text { column, test, null_counts } => match row.text(*column) {
            Some(text) => test.passes(Some(text), &mut scratch.folded),
            None => *null_counts,
        },
        RowTest::At(_) => match (row.at, bounds) {
            (Some(at), Some(Bounds::Within(window))) => window.holds(at),
            (Some(at), Some(Bounds::Outside(window))) => !window.holds(at),
            (Some(at), Some(Bounds::DayOfYear { days, negated })) => {
                let day = at.date(&TimeZone::UTC);
                days.contains(&(day.month(), day.day())) != *negated
            }
            _ => false,
        },
    }
}

/// The bounds in the contact's own zone, computed once for each zone.
fn own_bounds(leaf: usize, test: &DateTest, zone: Value<'_>, moment: &Moment, scratch: &mut Scratch) -> (Bounds, TimeZone) {
    let name = if let Value::Text(name) = zone { name } else { "" };
    let zone = time::zone_or(Some(name), &moment.zone);
    let bounds = scratch.zones.entry((leaf, name.to_string())).or_insert_with(|| test.bounds(moment.now, &zone));
    (bounds.clone(), zone)
}

/// Whether a test holds where there is no value, whatever the clock says.
pub(super) fn holds_without_value(test: &ColumnTest) -> bool {
    let (now, zone) = (Timestamp(0), TimeZone::UTC);
    let bounds = test.date().map(|date| date.bounds(now, &zone));
    passes(test, Value::Null, bounds.as_ref(), &zone, &mut Scratch::default())
}

fn passes(test: &ColumnTest, value: Value<'_>, bounds: Option<&Bounds>, zone: &TimeZone, scratch: &mut Scratch) -> bool {
    let text = if let Value::Text(text) = value { Some(text) } else { None };
    match test {
        ColumnTest::Text(test) => test.passes(text, &mut scratch.folded),
        ColumnTest::EmailDomain(test) => {
            let domain = text.map(|t| t.split_once('@').map_or(t, |(_, domain)| domain));
            test.passes(domain, &mut scratch.folded)
        }
        ColumnTest::Number(test) => test.passes(match value {
            Value::Number(number) => Some(number),
            Value::Int(number) => Some(number as f64),
            _ => None,
        }),
        ColumnTest::YesNo(wanted) => (value == Value::Int(1)) == *wanted,
        ColumnTest::Choices(test) => chosen(test, text.unwrap_or(""), &mut scratch.folded),
        ColumnTest::Share(test) => matches!(value, Value::Int(id) if test.holds(id)),
        ColumnTest::Missing(wanted) => (value == Value::Null) == *wanted,
        ColumnTest::Day(_) | ColumnTest::Instant(_) => bounds.is_some_and(|bounds| dated(value, bounds, zone, scratch)),
        ColumnTest::Written(test) => match value {
            Value::Int(at) => {
                scratch.written.clear();
                let at = Timestamp(at).civil(zone);
                let text = at.strftime("%Y-%m-%d %H:%M:%S").to_string();
                scratch.written.push_str(&text);
                test.passes(Some(&scratch.written), &mut scratch.folded)
            }
            _ => test.passes(text, &mut scratch.folded),
        },
    }
}

fn chosen(test: &ChoicesTest, stored: &str, folded: &mut String) -> bool {
    let mut found = 0;
    for token in stored.split('|').filter(|t| !t.is_empty()) {
        text::fold_into(token, folded);
        found += usize::from(test.wanted.contains(folded.as_str()));
    }
    let holds = if test.all { found >= test.wanted.len() } else { found > 0 };
    holds != test.negated
}

fn dated(value: Value<'_>, bounds: &Bounds, zone: &TimeZone, scratch: &mut Scratch) -> bool {
    let (holds, negated) = match (bounds, value) {
        (Bounds::Never, _) => return false,
        (Bounds::Within(window), Value::Int(at)) => (window.holds(Timestamp(at)), false),
        (Bounds::Within(window), Value::Text(day)) => (window.holds_day(day), false),
        (Bounds::Outside(window), Value::Int(at)) => (window.holds(Timestamp(at)), true),
        (Bounds::Outside(window), Value::Text(day)) => (window.holds_day(day), true),
        (Bounds::DayOfYear { days, negated }, Value::Int(at)) => {
            let day = Timestamp(at).date(zone);
            (days.contains(&(day.month(), day.day())), *negated)
        }
        (Bounds::DayOfYear { days, negated }, Value::Text(day)) => {
            scratch.written.clear();
            let holds = days.iter().any(|(month, date)| day.get(5..) == Some(format!("{month:02}-{date:02}").as_str()));
            (holds, *negated)
        }
        (Bounds::Within(_), _) => (false, false),
        (Bounds::Outside(_), _) => (false, true),
        (Bounds::DayOfYear { negated, .. }, _) => (false, *negated),
    };
    holds != negated
}
