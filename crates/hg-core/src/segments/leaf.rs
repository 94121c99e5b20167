//! Leaves: single questions about a contact.

use std::collections::HashSet;

use jiff::tz::TimeZone;
use regex::Regex;

use crate::segments::dates::{DateSpec, Shift, Unit, Window};
use crate::segments::share::ShareTest;
use crate::segments::{Operator, TextTest};
use crate::time::Timestamp;

/// One question with a plain yes or no for every contact.
#[derive(Debug, Clone)]
pub struct Leaf {
    pub question: Question,
    /// The condition in words.
    pub label: String,
}

#[derive(Debug, Clone)]
pub enum Question {
    /// About a value of the contact itself. `slot` is its place in [`crate::segments::Plan::columns`].
    Column { slot: usize, test: ColumnTest, zone_slot: Option<usize> },
    /// About rows that hang on the contact.
    Related { relation: Relation, rows: RowTest, quantifier: Quantifier },
}

/// A column of the contact table, as conditions see it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ColumnRef {
    /// The field's alias, or the name that filters use for a column of the product's own.
    pub alias: String,
    /// The column; `None` when the values are in the overflow.
    pub column: Option<String>,
}

#[derive(Debug, Clone)]
pub enum ColumnTest {
    Text(TextTest),
    /// The part of an address after its first `@`.
    EmailDomain(TextTest),
    Number(NumberTest),
    /// Whether the answer is yes; no answer is no.
    YesNo(bool),
    Choices(ChoicesTest),
    /// A day of the calendar.
    Day(DateTest),
    /// An instant.
    Instant(DateTest),
    /// A day or an instant as written text.
    Written(TextTest),
    /// Whether there is a value at all.
    Missing(bool),
    /// Whether the id is in a random share.
    Share(ShareTest),
}

/// A question about a number. Without a value only negations hold.
#[derive(Debug, Clone)]
pub enum NumberTest {
    Missing(bool),
    Compare(Operator, f64),
    Between { low: f64, high: f64, outside: bool },
    Pattern { regex: Regex, negated: bool },
}

impl NumberTest {
    pub fn passes(&self, number: Option<f64>) -> bool {
        match (self, number) {
            (NumberTest::Missing(wanted), number) => number.is_none() == *wanted,
            (NumberTest::Compare(op, _), None) => *op == Operator::Ne,
            (NumberTest::Compare(op, x), Some(n)) => match op {
                Operator::Ne => n != *x,
                Operator::Gt => n > *x,
                Operator::Gte => n >= *x,
                Operator::Lt => n < *x,
                Operator::Lte => n <= *x,
                _ => n == *x,
            },
            (NumberTest::Between { outside, .. }, None) => *outside,
            (NumberTest::Between { low, high, outside }, Some(n)) => (n >= *low && n <= *high) != *outside,
            (NumberTest::Pattern { .. }, None) => false,
            (NumberTest::Pattern { regex, negated }, Some(n)) => regex.is_match(&n.to_string()) != *negated,
        }
    }
}

/// A question about a list of choices, kept as `a|b|c`.
#[derive(Debug, Clone)]
pub struct ChoicesTest {
    pub wanted: HashSet<String>,
    /// All of them, instead of any.
    pub all: bool,
    pub negated: bool,
}

/// A question about a day or an instant.
#[derive(Debug, Clone)]
pub struct DateTest {
    pub ask: DateAsk,
    pub contact_zone: bool,
}

#[derive(Debug, Clone)]
pub enum DateAsk {
    Compare(Operator, DateSpec),
    Between { low: DateSpec, high: DateSpec, outside: bool },
    Last(Unit, i64),
    Next(Unit, i64),
}

/// What a date test comes to at one moment.
#[derive(Debug, Clone, PartialEq)]
pub enum Bounds {
    Within(Window),
    /// Outside of it, or no date at all.
    Outside(Window),
    /// On one of these days of any year.
    DayOfYear {
        days: Vec<(i8, i8)>,
        negated: bool,
    },
    /// The calendar ends before the date that was asked for.
    Never,
}

impl DateTest {
    pub fn moves_daily(&self) -> bool {
        match &self.ask {
            DateAsk::Compare(_, spec) => spec.moves_daily(),
            DateAsk::Between { low, high, .. } => low.moves_daily() || high.moves_daily(),
            DateAsk::Last(..) | DateAsk::Next(..) => true,
        }
    }

    pub fn moves_with_clock(&self) -> bool {
        match &self.ask {
            DateAsk::Compare(_, spec) => spec.moves_with_clock(),
            DateAsk::Between { low, high, .. } => low.moves_with_clock() || high.moves_with_clock(),
            DateAsk::Last(..) | DateAsk::Next(..) => false,
        }
    }

    /// The bounds for one `now` in one zone.
    pub fn bounds(&self, now: Timestamp, zone: &TimeZone) -> Bounds {
        self.try_bounds(now, zone).unwrap_or(Bounds::Never)
    }

    fn try_bounds(&self, now: Timestamp, zone: &TimeZone) -> Option<Bounds> {
        let within = |low: &DateSpec, high: &DateSpec| {
            let (low, high) = (low.span(now, zone)?, high.span(now, zone)?);
            Some(Window::instants(Some(low.start), Some(high.end)).with_days(Some(low.first_day), Some(high.after_day)))
        };
        let (op, spec) = match &self.ask {
            DateAsk::Last(unit, count) => {
                return within(&DateSpec::Relative(Shift::of(*unit, -count)), &today()).map(Bounds::Within);
            }
            DateAsk::Next(unit, count) => {
                return within(&today(), &DateSpec::Relative(Shift::of(*unit, *count))).map(Bounds::Within);
            }
            DateAsk::Between { low, high, outside } => {
                let high = match high {
                    // A whole day at the upper end belongs to the range.
                    DateSpec::Day(day) => &DateSpec::WallClock(day.at(23, 59, 59, 0)),
                    other => other,
                };
                let window = within(low, high)?;
                return Some(if *outside { Bounds::Outside(window) } else { Bounds::Within(window) });
            }
            DateAsk::Compare(op, spec) => (*op, spec),
        };
        if let Some(days) = spec.anniversary(now, zone) {
            return Some(Bounds::DayOfYear { days, negated: op == Operator::Ne });
        }
        let span = spec.span(now, zone)?;
        // "After today" is after its end, "after a point in time" after that point.
        let past = if span.point { Timestamp(span.start.0 + 1_000) } else { span.end };
        let window = match op {
            Operator::Ne => {
                let inside = Window::instants(Some(span.start), Some(span.end));
                return Some(Bounds::Outside(inside.with_days(Some(span.first_day), Some(span.after_day))));
            }
            Operator::Gt => Window::instants(Some(past), None).with_days(Some(span.after_day), None),
            Operator::Gte => Window::instants(Some(span.start), None).with_days(Some(span.first_day), None),
            Operator::Lt => Window::instants(None, Some(span.start)).with_days(None, Some(span.first_day)),
            Operator::Lte => Window::instants(None, Some(past)).with_days(None, Some(span.after_day)),
            _ => Window::instants(Some(span.start), Some(span.end)).with_days(Some(span.first_day), Some(span.after_day)),
        };
        Some(Bounds::Within(window))
    }
}

fn today() -> DateSpec {
    DateSpec::Relative(Shift::default())
}

impl ColumnTest {
    /// The date that it compares with.
    pub fn date(&self) -> Option<&DateTest> {
        match self {
            ColumnTest::Day(test) | ColumnTest::Instant(test) => Some(test),
            _ => None,
        }
    }
}

/// What can hang on a contact.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    Tag,
    Segment,
    /// Segments of her companies.
    CompanySegment,
    Campaign,
    /// Categories that the contact wants to hear about.
    Category,
    /// The score in a point group.
    GroupPoints(i64),
    /// An entry for a channel; with a reason only such.
    DoNotContact {
        channel: String,
        reason: Option<i64>,
    },
    /// A consent that was given for a purpose and holds.
    Consent(String),
    EmailSent,
    EmailOpened,
    /// Mails with the number of their opens.
    OpenCount,
    EmailClicked,
    /// Opened by the contact or by a machine before her.
    EmailOpenedByAny,
    EmailClickedByAny,
    EmailReplied,
    /// Came back, for good or for now.
    EmailBounced,
    EmailComplained,
    FormSubmitted,
    /// Visits of landing pages.
    PageVisited,
    /// Every page hit and every click.
    Hit,
    /// Hits with no other hit in the half hour before.
    Session,
    /// Campaign parameters that were recorded.
    Utm,
    /// Companies, with the values of some columns; only the primary one, or any.
    Company {
        primary: bool,
        columns: Vec<ColumnRef>,
    },
    /// Devices she uses.
    Device,
}

/// A text of a related row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TextColumn {
    Url,
    Referrer,
    Title,
    /// What led to the page, such as `email`.
    Source,
    UtmSource,
    UtmMedium,
    UtmCampaign,
    UtmContent,
    UtmTerm,
    DeviceType,
    DeviceSystem,
    DeviceBrand,
    DeviceModel,
}

/// Which related rows count.
#[derive(Debug, Clone)]
pub enum RowTest {
    Any,
    /// Rows about one of these things.
    Objects(Vec<i64>),
    Text {
        column: TextColumn,
        test: TextTest,
        null_counts: bool,
    },
    At(DateTest),
    /// Rows all of whose values pass, by the place of their column in the relation.
    Values(Vec<ColumnTest>),
    /// Rows that pass each of these; at most one of them is about dates.
    All(Vec<RowTest>),
}

impl RowTest {
    /// The test of the rows' instants, if there is one.
    pub fn date_test(&self) -> Option<&DateTest> {
        match self {
            RowTest::At(test) => Some(test),
            RowTest::All(tests) => tests.iter().find_map(RowTest::date_test),
            RowTest::Any | RowTest::Objects(_) | RowTest::Text { .. } | RowTest::Values(_) => None,
        }
    }

    /// The only things that rows can be about to count, in order; `None`: about anything.
    pub fn objects(&self) -> Option<&[i64]> {
        match self {
            RowTest::Objects(ids) => Some(ids),
            RowTest::All(tests) => tests.iter().find_map(RowTest::objects),
            RowTest::Any | RowTest::At(_) | RowTest::Text { .. } | RowTest::Values(_) => None,
        }
    }

    /// Whether the texts of rows are asked for.
    pub fn reads_texts(&self) -> bool {
        match self {
            RowTest::Text { .. } => true,
            RowTest::All(tests) => tests.iter().any(RowTest::reads_texts),
            RowTest::Any | RowTest::At(_) | RowTest::Objects(_) | RowTest::Values(_) => false,
        }
    }
}

/// How many rows must count.
#[derive(Debug, Clone)]
pub enum Quantifier {
    AtLeastOne,
    None,
    /// One at least; whoever has no rows at all is answered as one row without values is.
    OneOrNothing {
        nothing: bool,
    },
    /// One at least for each of the objects; negated: not for each.
    Each {
        negated: bool,
    },
    /// The number of rows that count.
    Count(NumberTest),
    /// The sum of their amounts.
    Sum(NumberTest),
    /// The amount of the one row there is; no row is no value.
    Amount(NumberTest),
}
