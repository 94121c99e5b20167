//! What date conditions are compared with: written dates, words, shifts and anniversaries.
//!
//! A written value becomes a [`DateSpec`] once, when a filter is saved. At evaluation a spec and the
//! operator become a [`Window`] for one `now` in one zone: half-open instants, or days of the calendar.
//! Months and years clamp to the last day of the month; weeks run from Monday to Sunday.

use jiff::civil::{Date, DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use crate::contacts::{month_number, read_instant};
use crate::time::{Timestamp, format_date};

/// What a date is compared with, as it was written.
#[derive(Debug, Clone, PartialEq)]
pub enum DateSpec {
    /// A calendar day.
    Day(Date),
    /// A wall-clock time in the zone of the evaluation.
    WallClock(DateTime),
    /// An instant that carries its own offset.
    Instant(Timestamp),
    /// A stretch of the calendar around today.
    Range(Stretch),
    /// Today, shifted.
    Relative(Shift),
    /// Now, shifted by hours, minutes or seconds.
    Clock(Shift),
    /// Month and day of today, shifted; any year.
    Anniversary(Shift),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Day,
    Week,
    Month,
    Year,
}

/// A whole day, week, month or year, counted from the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    pub unit: Unit,
    pub offset: i64,
}

/// Steps away from a starting point, taken in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shift {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq)]
enum Step {
    Days(i64),
    Weekdays(i64),
    Months(i64),
    Seconds(i64),
    FirstDayOfMonth,
    LastDayOfMonth,
    /// January is 1; the year is the current one unless written.
    MonthOf(i8, Option<i16>),
}

const FARTHEST: i64 = 200_000;

impl DateSpec {
    /// Reads a value of a date condition (`segments.md` §7.1).
    pub fn parse(written: &str) -> Option<DateSpec> {
        let text = written.trim().to_lowercase();
        if let Some(stretch) = keyword(&text) {
            return Some(DateSpec::Range(stretch));
        }
        for word in ["birthday", "anniversary"] {
            if let Some(rest) = text.strip_prefix(word) {
                let shift = if rest.trim().is_empty() { Shift::default() } else { Shift::parse(rest.trim())? };
                return (!shift.has_clock()).then_some(DateSpec::Anniversary(shift));
            }
        }
        if let Some(spec) = absolute(written.trim()) {
            return Some(spec);
        }
        let shift = Shift::parse(&text)?;
        Some(if shift.has_clock() { DateSpec::Clock(shift) } else { DateSpec::Relative(shift) })
    }

    /// Whether the meaning moves with the calendar: it changes at midnight.
    pub fn moves_daily(&self) -> bool {
        matches!(self, DateSpec::Range(_) | DateSpec::Relative(_) | DateSpec::Anniversary(_))
    }

    /// Whether the meaning moves with the clock: it changes at every instant.
    pub fn moves_with_clock(&self) -> bool {
        matches!(self, DateSpec::Clock(_))
    }
}

impl Shift {
    /// Days forward or back, for "in the last" and "in the next".
    pub fn of(unit: Unit, count: i64) -> Shift {
        let step = match unit {
            Unit::Day => Step::Days(count),
            Unit::Week => Step::Days(count * 7),
            Unit::Month => Step::Months(count),
            Unit::Year => Step::Months(count * 12),
        };
        Shift { steps: vec![step] }
    }

    fn parse(text: &str) -> Option<Shift> {
        for (words, step) in [("first day of", Step::FirstDayOfMonth), ("last day of", Step::LastDayOfMonth)] {
            if let Some(rest) = text.strip_prefix(words) {
                let mut steps = month_words(rest.trim())?;
                steps.push(step);
                return Some(Shift { steps });
            }
        }
        let (text, ago) = match text.strip_suffix(" ago") {
            Some(rest) => (rest, true),
            None => (text, false),
        };
        let mut rest = text.trim();
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let negative = rest.starts_with('-') != ago;
            rest = rest.trim_start_matches(['+', '-', ' ']);
            let digits = rest.find(|c: char| !c.is_ascii_digit())?;
            let count: i64 = rest[..digits].parse().ok().filter(|n| *n <= FARTHEST)?;
            rest = rest[digits..].trim_start();
            let word_end = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let count = if negative { -count } else { count };
            steps.push(match rest[..word_end].trim_end_matches('s') {
                "day" => Step::Days(count),
                "week" => Step::Days(count * 7),
                "fortnight" => Step::Days(count * 14),
                "weekday" => Step::Weekdays(count),
                "month" => Step::Months(count),
                "year" => Step::Months(count * 12),
                "hour" => Step::Seconds(count * 3_600),
                "minute" | "min" => Step::Seconds(count * 60),
                "second" | "sec" => Step::Seconds(count),
                _ => return None,
            });
            rest = rest[word_end..].trim_start();
        }
        (!steps.is_empty() && steps.len() <= 8).then_some(Shift { steps })
    }

    fn has_clock(&self) -> bool {
        self.steps.iter().any(|step| matches!(step, Step::Seconds(_)))
    }

    fn after(&self, start: DateTime) -> Option<DateTime> {
        self.steps.iter().try_fold(start, |at, step| {
            let shifted = |span: Span| at.checked_add(span).ok();
            match step {
                Step::Days(n) => shifted(n.days()),
                Step::Months(n) => shifted(n.months()),
                Step::Seconds(n) => shifted(n.seconds()),
                Step::Weekdays(n) => weekdays(at, *n),
                Step::FirstDayOfMonth => Some(at.date().first_of_month().to_datetime(at.time())),
                Step::LastDayOfMonth => Some(at.date().last_of_month().to_datetime(at.time())),
                Step::MonthOf(month, year) => {
                    Date::new(year.unwrap_or(at.year()), *month, 1).ok().map(|d| d.to_datetime(at.time()))
                }
            }
        })
    }
}

fn weekdays(at: DateTime, count: i64) -> Option<DateTime> {
    let step = if count < 0 { -1 } else { 1 };
    let mut left = count.abs().min(10_000);
    let mut at = at;
    while left > 0 {
        at = at.checked_add(step.days()).ok()?;
        if !matches!(at.weekday(), Weekday::Saturday | Weekday::Sunday) {
            left -= 1;
        }
    }
    Some(at)
}

fn keyword(text: &str) -> Option<Stretch> {
    let stretch = |unit, offset| Some(Stretch { unit, offset });
    match text {
        "today" => return stretch(Unit::Day, 0),
        "yesterday" => return stretch(Unit::Day, -1),
        "tomorrow" => return stretch(Unit::Day, 1),
        _ => {}
    }
    let (which, unit) = text.split_once([' ', '_'])?;
    let offset = match which {
        "this" => 0,
        "last" | "previous" => -1,
        "next" => 1,
        _ => return None,
    };
    match unit.trim() {
        "week" => stretch(Unit::Week, offset),
        "month" => stretch(Unit::Month, offset),
        "year" => stretch(Unit::Year, offset),
        _ => None,
    }
}

/// What may follow "first day of": `previous month`, `February 2024`, `next year`, `January`.
fn month_words(text: &str) -> Option<Vec<Step>> {
    if let Some(Stretch { unit, offset }) = keyword(text) {
        return match unit {
            Unit::Month => Some(vec![Step::Months(offset)]),
            Unit::Year => Some(vec![Step::Months(offset * 12)]),
            Unit::Day | Unit::Week => None,
        };
    }
    let mut words = text.split_whitespace();
    let month = month_number(words.next()?)?;
    let year = match words.next() {
        Some(year) => Some(year.parse().ok()?),
        None => None,
    };
    words.next().is_none().then_some(vec![Step::MonthOf(month, year)])
}

fn absolute(text: &str) -> Option<DateSpec> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(DateSpec::Instant(Timestamp::from_jiff(at)));
    }
    let at = read_instant(text, &TimeZone::UTC)?;
    let civil = at.civil(&TimeZone::UTC);
    Some(if text.contains(':') { DateSpec::WallClock(civil) } else { DateSpec::Day(civil.date()) })
}

/// A stretch of time that a date condition asks for, resolved for one `now` in one zone. `from` is
/// inside, `to` is not; an open end is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
    /// The same on the calendar, for fields that hold days: written `YYYY-MM-DD`, compared as text.
    pub from_day: Option<String>,
    pub to_day: Option<String>,
}

/// One second: literals are compared by the second, the finest that people write.
const SECOND: i64 = 1_000;

/// The two ends of a spec: where it begins and where it is over.
pub(super) struct Extent {
    pub start: Timestamp,
    pub end: Timestamp,
    pub first_day: Date,
    /// The day after the last.
    pub after_day: Date,
    /// Comparisons look at the point where it begins, not at the whole stretch.
    pub point: bool,
}

impl DateSpec {
    pub(super) fn span(&self, now: Timestamp, zone: &TimeZone) -> Option<Extent> {
        let today = now.date(zone);
        let midnight = |day: Date| Timestamp::from_civil(day.to_datetime(Time::midnight()), zone).ok();
        let days = |first: Date, after: Date, point: bool| {
            Some(Extent { start: midnight(first)?, end: midnight(after)?, first_day: first, after_day: after, point })
        };
        let instant = |at: Timestamp, day: Date| {
            let start = Timestamp(at.0 - at.0.rem_euclid(SECOND));
            Some(Extent { start, end: Timestamp(start.0 + SECOND), first_day: day, after_day: day.tomorrow().ok()?, point: true })
        };
        match self {
            DateSpec::Day(day) => instant(midnight(*day)?, *day),
            DateSpec::WallClock(civil) => instant(Timestamp::from_civil(*civil, zone).ok()?, civil.date()),
            DateSpec::Instant(at) => instant(*at, at.date(zone)),
            DateSpec::Range(stretch) => {
                let (first, after) = stretch.days(today)?;
                days(first, after, false)
            }
            DateSpec::Relative(shift) => {
                let day = shift.after(today.to_datetime(Time::midnight()))?.date();
                days(day, day.tomorrow().ok()?, true)
            }
            DateSpec::Clock(shift) => {
                let at = shift.after_instant(now, zone)?;
                instant(at, at.date(zone))
            }
            DateSpec::Anniversary(_) => None,
        }
    }

    /// The days of the year that an anniversary falls on. On 28 February of a common year, people
    /// born on the 29th are remembered too.
    pub(super) fn anniversary(&self, now: Timestamp, zone: &TimeZone) -> Option<Vec<(i8, i8)>> {
        let DateSpec::Anniversary(shift) = self else { return None };
        let day = shift.after(now.date(zone).to_datetime(Time::midnight()))?.date();
        let mut days = vec![(day.month(), day.day())];
        if days[0] == (2, 28) && !day.in_leap_year() {
            days.push((2, 29));
        }
        Some(days)
    }
}

impl Shift {
    /// Calendar steps are taken on the wall clock of the zone, seconds on the time line.
    fn after_instant(&self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let (clock, calendar): (Vec<Step>, Vec<Step>) =
            self.steps.iter().cloned().partition(|step| matches!(step, Step::Seconds(_)));
        let mut at = now;
        if !calendar.is_empty() {
            at = Timestamp::from_civil(Shift { steps: calendar }.after(now.civil(zone))?, zone).ok()?;
        }
        let seconds: i64 = clock.iter().map(|step| if let Step::Seconds(n) = step { *n } else { 0 }).sum();
        Some(Timestamp(at.0.checked_add(seconds * SECOND)?))
    }
}

impl Stretch {
    /// The first day, and the day after the last.
    fn days(self, today: Date) -> Option<(Date, Date)> {
        let (first, length) = match self.unit {
            Unit::Day => (today, 1.day()),
            Unit::Week => {
                let since_monday = i64::from(today.weekday().to_monday_zero_offset());
                (today.checked_sub(since_monday.days()).ok()?, 7.days())
            }
            Unit::Month => (today.first_of_month(), 1.month()),
            Unit::Year => (today.first_of_year(), 1.year()),
        };
        let first = first.checked_add(length.checked_mul(self.offset).ok()?).ok()?;
        Some((first, first.checked_add(length).ok()?))
    }
}

impl Window {
    pub(super) fn instants(from: Option<Timestamp>, to: Option<Timestamp>) -> Window {
        Window { from, to, from_day: None, to_day: None }
    }

    pub(super) fn with_days(mut self, from: Option<Date>, to: Option<Date>) -> Window {
        self.from_day = from.map(format_date);
        self.to_day = to.map(format_date);
        self
    }

    /// Whether an instant lies inside.
    pub fn holds(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| at >= from) && self.to.is_none_or(|to| at < to)
    }

    /// Whether a day, written `YYYY-MM-DD`, lies inside.
    pub fn holds_day(&self, day: &str) -> bool {
        self.from_day.as_deref().is_none_or(|from| day >= from) && self.to_day.as_deref().is_none_or(|to| day < to)
    }
}

/// The next local midnight: when "today" becomes another day.
pub(super) fn next_midnight(now: Timestamp, zone: &TimeZone) -> Timestamp {
    now.date(zone)
        .tomorrow()
        .ok()
        .and_then(|day| Timestamp::from_civil(day.to_datetime(Time::midnight()), zone).ok())
        .unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(text: &str, now: &str) -> Option<(String, String)> {
        let now = Timestamp::parse(now).unwrap();
        let span = DateSpec::parse(text)?.span(now, &TimeZone::UTC)?;
        Some((format_date(span.first_day), format_date(span.after_day)))
    }

    #[test]
    fn words_shifts_and_written_dates_are_understood() {
        for (text, first, after) in [
            ("today", "2024-03-13", "2024-03-14"),
            ("Last week", "2024-03-04", "2024-03-11"),
            ("this month", "2024-03-01", "2024-04-01"),
            ("next year", "2025-01-01", "2026-01-01"),
            ("-1 day", "2024-03-12", "2024-03-13"),
            ("+2 weeks", "2024-03-27", "2024-03-28"),
            ("1 day", "2024-03-14", "2024-03-15"),
            ("5 days ago", "2024-03-08", "2024-03-09"),
            ("-1 month +2 days", "2024-02-15", "2024-02-16"),
            ("last day of February 2024", "2024-02-29", "2024-03-01"),
            ("first day of previous month", "2024-02-01", "2024-02-02"),
            ("last day of next year", "2025-03-31", "2025-04-01"),
            ("+3 weekdays", "2024-03-18", "2024-03-19"),
            ("2024-03-13", "2024-03-13", "2024-03-14"),
            ("2024-03-13 15:30", "2024-03-13", "2024-03-14"),
            ("13.3.2024", "2024-03-13", "2024-03-14"),
        ] {
            assert_eq!(days(text, "2024-03-13T10:00:00Z"), Some((first.into(), after.into())), "{text}");
        }
    }

    #[test]
    fn months_clamp_to_their_last_day() {
        assert_eq!(days("-1 month", "2024-03-31T10:00:00Z").unwrap().0, "2024-02-29");
        assert_eq!(days("-1 year", "2024-02-29T10:00:00Z").unwrap().0, "2023-02-28");
    }

    #[test]
    fn hours_are_counted_from_now() {
        let now = Timestamp::parse("2024-03-13T10:00:00Z").unwrap();
        let span = DateSpec::parse("-2 hours").unwrap().span(now, &TimeZone::UTC).unwrap();
        assert_eq!(span.start, Timestamp::parse("2024-03-13T08:00:00Z").unwrap());
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "soon",
            "-1 parsec",
            "this decade",
            "last day of Smarch",
            "99999999999 days",
            "birthday -2 hours",
            "-",
            "2024-13-01",
            "+ days",
            "ago",
        ] {
            assert_eq!(DateSpec::parse(text), None, "{text}");
        }
    }

    #[test]
    fn people_born_on_a_leap_day_are_remembered_every_year() {
        let spec = DateSpec::parse("birthday").unwrap();
        let on = |now: &str| spec.anniversary(Timestamp::parse(now).unwrap(), &TimeZone::UTC).unwrap();
        assert_eq!(on("2023-02-28T10:00:00Z"), [(2, 28), (2, 29)]);
        assert_eq!(on("2024-02-28T10:00:00Z"), [(2, 28)]);
        assert_eq!(on("2024-02-29T10:00:00Z"), [(2, 29)]);
    }
}
