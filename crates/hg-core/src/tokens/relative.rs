//! Relative dates as people write them in tokens: `+1 day`, `next monday`, `last day of next month`.

use jiff::{
    Span, Zoned,
    civil::{Time, Weekday},
};

use super::php_date::{month_named, weekday_named};

/// Moves an instant as a relative expression says; `None` when a word is not understood.
///
/// Weekdays, `today`, `tomorrow`, `yesterday` and `midnight` set the clock to 0:00; amounts such as
/// `+2 weeks` keep it. Months are clamped to their last day.
///
/// ```
/// let at: jiff::Zoned = "2025-03-11T05:30:00[Asia/Tokyo]".parse().unwrap();
/// let moved = hg_core::tokens::shift_date(&at, "next monday").unwrap();
/// assert_eq!(moved.to_string(), "2025-03-17T00:00:00+09:00[Asia/Tokyo]");
/// ```
pub fn shift_date(at: &Zoned, expression: &str) -> Option<Zoned> {
    let lower = expression.to_ascii_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let mut moved = at.clone();
    let mut place = 0;
    while place < words.len() {
        let (next, used) = step(&moved, &words[place..])?;
        moved = next;
        place += used;
    }
    Some(moved)
}

/// Applies the first phrase of `words`; answers the new instant and how many words it took.
fn step(at: &Zoned, words: &[&str]) -> Option<(Zoned, usize)> {
    match words {
        ["now", ..] => Some((at.clone(), 1)),
        ["today" | "midnight", ..] => Some((start_of_day(at)?, 1)),
        ["noon", ..] => Some((at.with().time(Time::constant(12, 0, 0, 0)).build().ok()?, 1)),
        ["tomorrow", ..] => Some((start_of_day(&at.tomorrow().ok()?)?, 1)),
        ["yesterday", ..] => Some((start_of_day(&at.yesterday().ok()?)?, 1)),
        [edge @ ("first" | "last"), "day", "of", rest @ ..] => edge_of_month(at, *edge == "last", rest),
        ["next" | "last" | "previous" | "this", unit, ..] => {
            let amount = match words[0] {
                "next" => 1,
                "this" => 0,
                _ => -1,
            };
            let moved = match weekday_named(unit) {
                Some(day) => towards(at, day, amount)?,
                None => at.checked_add(span(amount, unit)?).ok()?,
            };
            Some((moved, 2))
        }
        [word, ..] => {
            if let Some(day) = weekday_named(word) {
                return Some((towards(at, day, 0)?, 1));
            }
            amount_and_unit(words).and_then(|(amount, unit, used)| {
                let backwards = words.get(used) == Some(&"ago");
                let span = span(if backwards { -amount } else { amount }, unit)?;
                Some((at.checked_add(span).ok()?, used + usize::from(backwards)))
            })
        }
        [] => None,
    }
}

/// `+1 day`, `+ 1 day`, `-2weeks`, `3 days`.
fn amount_and_unit<'a>(words: &[&'a str]) -> Option<(i64, &'a str, usize)> {
    let (sign, first, mut used) = match words[0] {
        "+" => (1, *words.get(1)?, 2),
        "-" => (-1, *words.get(1)?, 2),
        word if word.starts_with('-') => (-1, &word[1..], 1),
        word => (1, word.trim_start_matches('+'), 1),
    };
    let digits = first.bytes().take_while(u8::is_ascii_digit).count();
    let amount: i64 = first[..digits].parse().ok()?;
    let unit = if digits < first.len() {
        &first[digits..]
    } else {
        used += 1;
        *words.get(used - 1)?
    };
    Some((sign * amount, unit, used))
}

fn span(amount: i64, unit: &str) -> Option<Span> {
    let span = Span::new();
    match unit.trim_end_matches('s') {
        "sec" | "second" => span.try_seconds(amount),
        "min" | "minute" => span.try_minutes(amount),
        "hour" => span.try_hours(amount),
        "day" => span.try_days(amount),
        "week" => span.try_weeks(amount),
        "fortnight" => span.try_weeks(amount.checked_mul(2)?),
        "month" => span.try_months(amount),
        "year" => span.try_years(amount),
        _ => return None,
    }
    .ok()
}

fn start_of_day(at: &Zoned) -> Option<Zoned> {
    at.start_of_day().ok()
}

/// The wanted weekday: today or later (0), strictly later (1), strictly earlier (-1).
fn towards(at: &Zoned, day: Weekday, direction: i64) -> Option<Zoned> {
    let date = if direction == 0 && at.weekday() == day {
        at.date()
    } else {
        at.date().nth_weekday(if direction < 0 { -1 } else { 1 }, day).ok()?
    };
    date.to_zoned(at.time_zone().clone()).ok()
}

fn edge_of_month(at: &Zoned, last: bool, rest: &[&str]) -> Option<(Zoned, usize)> {
    let (month, used) = match rest {
        ["this" | "current", "month", ..] => (at.clone(), 5),
        ["next", "month", ..] => (at.first_of_month().ok()?.checked_add(Span::new().months(1)).ok()?, 5),
        ["last" | "previous", "month", ..] => (at.first_of_month().ok()?.checked_sub(Span::new().months(1)).ok()?, 5),
        [name, ..] => (at.with().day(1).month(month_named(name)?).build().ok()?, 4),
        [] => return None,
    };
    let edge = if last { month.last_of_month() } else { month.first_of_month() };
    Some((edge.ok()?, used))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_expressions_land_where_a_reader_expects_them() {
        let at: Zoned = "2025-01-31T05:30:00[Asia/Tokyo]".parse().expect("a zoned instant");
        for (expression, wanted) in [
            ("+1 day", "2025-02-01T05:30:00"),
            ("+ 1 day", "2025-02-01T05:30:00"),
            ("-2weeks", "2025-01-17T05:30:00"),
            ("3 days ago", "2025-01-28T05:30:00"),
            ("+1 month", "2025-02-28T05:30:00"),
            ("next month", "2025-02-28T05:30:00"),
            ("last day of next month", "2025-02-28T05:30:00"),
            ("first day of january", "2025-01-01T05:30:00"),
            ("friday", "2025-01-31T00:00:00"),
            ("next friday", "2025-02-07T00:00:00"),
            ("last friday", "2025-01-24T00:00:00"),
            ("tomorrow +9 hours", "2025-02-01T09:00:00"),
            ("tomorrow noon", "2025-02-01T12:00:00"),
        ] {
            let moved = shift_date(&at, expression).unwrap_or_else(|| panic!("{expression} is understood"));
            assert_eq!(moved.datetime().to_string(), wanted, "{expression}");
        }
    }

    #[test]
    fn nonsense_is_not_a_date() {
        let at: Zoned = "2025-01-31T05:30:00[UTC]".parse().expect("a zoned instant");
        for expression in ["soon", "+1", "+x days", "next", "last day of", "+99999999999999999999 days"] {
            assert_eq!(shift_date(&at, expression), None, "{expression}");
        }
    }
}
