//! Date formats as tokens write them: one letter per part, a backslash before a literal letter.

use std::fmt::Write as _;

use jiff::{Zoned, civil::Weekday};

const MONTHS: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Formats an instant in its zone.
///
/// ```
/// let at: jiff::Zoned = "2017-12-21T10:00:00[America/New_York]".parse().unwrap();
/// assert_eq!(hg_core::tokens::format_date(&at, r"l, F jS \a\t g:i a T"), "Thursday, December 21st at 10:00 am EST");
/// ```
pub fn format_date(at: &Zoned, format: &str) -> String {
    let mut out = String::with_capacity(format.len() * 3);
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\' {
            out.extend(letters.next());
        } else {
            write_part(at, letter, &mut out);
        }
    }
    out
}

fn write_part(at: &Zoned, letter: char, out: &mut String) {
    let hour12 = match at.hour() % 12 {
        0 => 12,
        hour => hour,
    };
    // Writing into a String cannot fail.
    let _ = match letter {
        'd' => write!(out, "{:02}", at.day()),
        'D' => write!(out, "{}", &day_name(at)[..3]),
        'j' => write!(out, "{}", at.day()),
        'l' => write!(out, "{}", day_name(at)),
        'N' => write!(out, "{}", at.weekday().to_monday_one_offset()),
        'S' => write!(out, "{}", ordinal(at.day())),
        'w' => write!(out, "{}", at.weekday().to_sunday_zero_offset()),
        'z' => write!(out, "{}", at.day_of_year() - 1),
        'W' => write!(out, "{:02}", at.date().iso_week_date().week()),
        'o' => write!(out, "{}", at.date().iso_week_date().year()),
        'F' => write!(out, "{}", month_name(at)),
        'm' => write!(out, "{:02}", at.month()),
        'M' => write!(out, "{}", &month_name(at)[..3]),
        'n' => write!(out, "{}", at.month()),
        't' => write!(out, "{}", at.days_in_month()),
        'L' => write!(out, "{}", u8::from(at.in_leap_year())),
        'Y' => write!(out, "{:04}", at.year()),
        'y' => write!(out, "{:02}", at.year().rem_euclid(100)),
        'a' => write!(out, "{}", if at.hour() < 12 { "am" } else { "pm" }),
        'A' => write!(out, "{}", if at.hour() < 12 { "AM" } else { "PM" }),
        'g' => write!(out, "{hour12}"),
        'G' => write!(out, "{}", at.hour()),
        'h' => write!(out, "{hour12:02}"),
        'H' => write!(out, "{:02}", at.hour()),
        'i' => write!(out, "{:02}", at.minute()),
        's' => write!(out, "{:02}", at.second()),
        'u' => write!(out, "{:06}", at.subsec_nanosecond() / 1_000),
        'v' => write!(out, "{:03}", at.subsec_nanosecond() / 1_000_000),
        'e' => write!(out, "{}", at.time_zone().iana_name().unwrap_or("UTC")),
        'I' => write!(out, "{}", u8::from(at.time_zone().to_offset_info(at.timestamp()).dst().is_dst())),
        'O' => write_offset(at, "", out),
        'P' => write_offset(at, ":", out),
        'p' if at.offset().seconds() == 0 => write!(out, "Z"),
        'p' => write_offset(at, ":", out),
        'T' => write!(out, "{}", at.time_zone().to_offset_info(at.timestamp()).abbreviation()),
        'Z' => write!(out, "{}", at.offset().seconds()),
        'U' => write!(out, "{}", at.timestamp().as_second()),
        'c' => write!(out, "{}", format_date(at, r"Y-m-d\TH:i:sP")),
        'r' => write!(out, "{}", format_date(at, "D, d M Y H:i:s O")),
        other => write!(out, "{other}"),
    };
}

fn write_offset(at: &Zoned, colon: &str, out: &mut String) -> std::fmt::Result {
    let seconds = at.offset().seconds();
    let minutes = seconds.abs() / 60;
    let sign = if seconds < 0 { '-' } else { '+' };
    write!(out, "{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
}

fn day_name(at: &Zoned) -> &'static str {
    DAYS[at.weekday().to_monday_zero_offset() as usize]
}

fn month_name(at: &Zoned) -> &'static str {
    MONTHS[at.month() as usize - 1]
}

fn ordinal(day: i8) -> &'static str {
    match (day % 10, day) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

/// The weekday that a word names, full or by its first three letters.
pub(super) fn weekday_named(word: &str) -> Option<Weekday> {
    let place = DAYS.iter().position(|day| matches_name(day, word))?;
    Weekday::from_monday_zero_offset(place as i8).ok()
}

/// The month (1 to 12) that a word names.
pub(super) fn month_named(word: &str) -> Option<i8> {
    MONTHS.iter().position(|month| matches_name(month, word)).map(|place| place as i8 + 1)
}

fn matches_name(name: &str, word: &str) -> bool {
    name.eq_ignore_ascii_case(word) || (word.len() == 3 && name[..3].eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_letter_of_a_date_format_means_what_php_says() {
        let at: Zoned = "2025-03-02T15:04:05.678[Asia/Tokyo]".parse().expect("a zoned instant");
        for (format, wanted) in [
            ("d D j l N S w z", "02 Sun 2 Sunday 7 nd 0 60"),
            ("W o", "09 2025"),
            ("F m M n t L", "March 03 Mar 3 31 0"),
            ("Y y", "2025 25"),
            ("a A g G h H i s", "pm PM 3 15 03 15 04 05"),
            ("u v", "678000 678"),
            ("e I O P T Z", "Asia/Tokyo 0 +0900 +09:00 JST 32400"),
            ("c", "2025-03-02T15:04:05+09:00"),
            ("r", "Sun, 02 Mar 2025 15:04:05 +0900"),
            ("U", "1740895445"),
            (r"\Y\e\a\r Y", "Year 2025"),
        ] {
            assert_eq!(format_date(&at, format), wanted, "format {format}");
        }
    }

    #[test]
    fn midnight_and_noon_are_twelve_o_clock() {
        let midnight: Zoned = "2025-07-01T00:00:00[UTC]".parse().expect("a zoned instant");
        let noon: Zoned = "2025-07-01T12:00:00[UTC]".parse().expect("a zoned instant");
        assert_eq!(format_date(&midnight, "g a"), "12 am");
        assert_eq!(format_date(&noon, "g a"), "12 pm");
    }
}
