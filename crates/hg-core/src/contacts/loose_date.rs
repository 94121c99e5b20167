//! Dates the way people and other programs write them.
//!
//! The order of day and month follows the separator, as in most tools: dots and dashes put the day
//! first (`13.3.2024`, `13-03-2024`), slashes the month (`3/13/2024`) unless that cannot be, four digits
//! in front are a year.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use crate::time::Timestamp;

const MONTHS: [&str; 12] =
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];

/// Reads a calendar date; a time after it is ignored.
pub fn read_date(text: &str) -> Option<Date> {
    split(text.trim()).map(|(date, _)| date)
}

/// Reads an instant; without an offset it is meant in `zone`, without a time it is midnight.
pub fn read_instant(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Some(Timestamp::from_jiff(at));
    }
    let (date, rest) = split(text)?;
    let (time, offset) = if rest.is_empty() { (Time::midnight(), None) } else { read_time(rest)? };
    let civil = DateTime::from_parts(date, time);
    match offset {
        Some(minutes) => {
            let utc = Timestamp::from_civil(civil, &TimeZone::UTC).ok()?;
            Some(Timestamp(utc.0 - i64::from(minutes) * 60_000))
        }
        None => Timestamp::from_civil(civil, zone).ok(),
    }
}

/// Reads a time of day, with or without seconds, `am` or `pm`.
pub fn read_clock(text: &str) -> Option<Time> {
    read_time(text.trim()).filter(|(_, offset)| offset.is_none() && text.contains(':')).map(|(time, _)| time)
}

/// The number of a month written out, or shortened to three letters at least.
pub(crate) fn month_number(word: &str) -> Option<i8> {
    let word = word.trim_end_matches('.').to_ascii_lowercase();
    if word.len() < 3 {
        return None;
    }
    let word = if word == "sept" { "sep" } else { word.as_str() };
    MONTHS.iter().position(|month| month.starts_with(word)).and_then(|i| i8::try_from(i + 1).ok())
}

/// Splits off the date; the rest is a time or empty.
fn split(text: &str) -> Option<(Date, &str)> {
    numeric(text).or_else(|| worded(text))
}

fn numeric(text: &str) -> Option<(Date, &str)> {
    let (first, rest) = number(text)?;
    let separator = rest.chars().next().filter(|c| matches!(c, '-' | '/' | '.'))?;
    let (second, rest) = number(rest[1..].trim_start())?;
    let (third, rest) = number(rest.strip_prefix(separator)?.trim_start())?;
    if !(rest.is_empty() || rest.starts_with([' ', 'T', 't', ','])) {
        return None;
    }
    let month_first = separator == '/' && (second.parse::<i16>().ok()? > 12 || first.parse::<i16>().ok()? <= 12);
    let (year, month, day) = match (first.len(), third.len()) {
        (4, _) => (first, second, third),
        (_, 4) if month_first => (third, first, second),
        (_, 4) => (third, second, first),
        _ => return None,
    };
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    Some((date, rest.trim_start_matches([' ', 'T', 't', ','])))
}

/// `13 March 2024`, `March 13, 2024`.
fn worded(text: &str) -> Option<(Date, &str)> {
    let mut rest = text;
    let mut parts: [&str; 3] = [""; 3];
    for part in &mut parts {
        rest = rest.trim_start_matches([' ', ',', '-', '.']);
        let end = rest.find([' ', ',', '-']).unwrap_or(rest.len());
        (*part, rest) = rest.split_at(end);
    }
    let [first, second, third] = parts;
    let (day, month) = match (month_number(second), month_number(first)) {
        (Some(month), _) => (first, month),
        (None, Some(month)) => (second, month),
        (None, None) => return None,
    };
    let day = day.trim_end_matches(|c: char| !c.is_ascii_digit());
    if third.len() != 4 {
        return None;
    }
    let date = Date::new(third.parse().ok()?, month, day.parse().ok()?).ok()?;
    Some((date, rest.trim_start_matches([' ', ','])))
}

fn number(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    (end > 0 && end <= 4).then(|| text.split_at(end))
}

/// `15:30`, `15:30:20.5`, `3:30 pm`, with `Z`, `UTC` or `+02:00` behind. The offset is in minutes.
fn read_time(text: &str) -> Option<(Time, Option<i32>)> {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(text.len());
    let (clock, rest) = text.split_at(end);
    let mut parts = clock.split(':');
    let mut hour: i8 = parts.next()?.parse().ok()?;
    let minute: i8 = parts.next().map_or(Some(0), |m| m.parse().ok())?;
    let (second, nanos) = match parts.next() {
        None => (0, 0),
        Some(seconds) => {
            let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
            let digits: String = fraction.chars().chain("000000000".chars()).take(9).collect();
            (whole.parse().ok()?, digits.parse().ok()?)
        }
    };
    if parts.next().is_some() {
        return None;
    }
    let rest = rest.trim().to_ascii_lowercase();
    let (half, rest) = match rest.get(..2) {
        Some("am") => (Some(false), rest[2..].trim()),
        Some("pm") => (Some(true), rest[2..].trim()),
        _ => (None, rest.as_str()),
    };
    match half {
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(afternoon) => hour = hour % 12 + if afternoon { 12 } else { 0 },
        None if !clock.contains(':') => return None,
        None => {}
    }
    let time = Time::new(hour, minute, second, nanos).ok()?;
    Some((time, read_offset(rest)?))
}

fn read_offset(text: &str) -> Option<Option<i32>> {
    if text.is_empty() {
        return Some(None);
    }
    if matches!(text, "z" | "utc" | "gmt") {
        return Some(Some(0));
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let digits: String = text.strip_prefix(['+', '-'])?.chars().filter(|c| *c != ':').collect();
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits[..2].parse().ok()?;
    let minutes: i32 = if digits.len() == 4 { digits[2..].parse().ok()? } else { 0 };
    (hours <= 14 && minutes < 60).then_some(Some(sign * (hours * 60 + minutes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_however_they_are_written() {
        for text in [
            "2024-03-13",
            "2024/3/13",
            "13.03.2024",
            "13. 3. 2024",
            "13-03-2024",
            "3/13/2024",
            "13/3/2024",
            "13 March 2024",
            "13th Mar 2024",
            "March 13, 2024",
            "13-Mar-2024",
            "2024-03-13T23:59:59Z",
            "2024-03-13 10:00",
        ] {
            assert_eq!(read_date(text), Some(jiff::civil::date(2024, 3, 13)), "{text}");
        }
    }

    #[test]
    fn instants_are_read_in_the_zone_unless_they_carry_one() {
        let prague = crate::time::zone("Europe/Prague").unwrap();
        for (text, utc) in [
            ("2024-03-13 15:30", "2024-03-13 14:30:00"),
            ("13.3.2024 3:30 pm", "2024-03-13 14:30:00"),
            ("2024-03-13T15:30:20.5", "2024-03-13 14:30:20"),
            ("2024-03-13", "2024-03-12 23:00:00"),
            ("2024-03-13T15:30:00Z", "2024-03-13 15:30:00"),
            ("2024-03-13 15:30 +0200", "2024-03-13 13:30:00"),
            ("March 13, 2024 12:00 am", "2024-03-12 23:00:00"),
        ] {
            assert_eq!(read_instant(text, &prague).map(Timestamp::sql_text).as_deref(), Some(utc), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_not_guessed_at() {
        for text in [
            "",
            "2024",
            "13.13.2024",
            "30.2.2024",
            "24-03-13",
            "2024-03-13x",
            "2024-03-13 25:00",
            "yesterday",
            "1 2 3",
            "ř.3.2024",
        ] {
            assert_eq!(read_instant(text, &TimeZone::UTC), None, "{text}");
        }
    }
}
