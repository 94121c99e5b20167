//! Instants, zones and calendar arithmetic.
//!
//! An instant is a [`Timestamp`]: milliseconds since 1970 in UTC. Zones and "plus one month" live here and
//! nowhere else. `now` always comes from a [`Clock`] that the caller passes in.

use std::fmt;
use std::sync::Arc;

use jiff::civil::{Date, DateTime, Weekday};
pub use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
///
/// Serialises as RFC 3339 in UTC with milliseconds (`2026-11-22T04:49:52.000Z`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

/// A length of time in milliseconds, for intervals that do not depend on a calendar.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Millis(pub i64);

impl Millis {
    pub const fn seconds(n: i64) -> Self {
        Self(n * 1_000)
    }
    pub const fn minutes(n: i64) -> Self {
        Self(n * 60_000)
    }
    pub const fn hours(n: i64) -> Self {
        Self(n * 3_600_000)
    }
    pub const fn days(n: i64) -> Self {
        Self(n * 86_400_000)
    }
}

/// Where the current instant comes from. The binary owns the only system clock; tests and the demo pass their own.
pub trait Clock: Send + Sync + 'static {
    fn now(&self) -> Timestamp;
}

/// A shared clock.
pub type SharedClock = Arc<dyn Clock>;

/// What a text that should be an instant or a zone could not be read as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    #[error("“{0}” is not a date and time; write it like 2026-11-22T09:30:00Z or 2026-11-22 09:30")]
    NotAnInstant(String),
    #[error("“{0}” is not a date; write it like 2026-11-22")]
    NotADate(String),
    #[error("“{0}” is not a time zone; write it like Europe/Prague")]
    NotAZone(String),
    #[error("this date lies outside the years 1 to 9999")]
    OutOfRange,
}

impl Timestamp {
    /// The largest instant the calendar knows (year 9999), for "never".
    pub const MAX: Timestamp = Timestamp(253_370_764_799_000);
    pub const MIN: Timestamp = Timestamp(-62_135_596_800_000);

    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }
    pub const fn from_secs(s: i64) -> Self {
        Self(s * 1_000)
    }
    pub const fn millis(self) -> i64 {
        self.0
    }
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    pub const fn plus(self, by: Millis) -> Self {
        Self(self.0.saturating_add(by.0))
    }
    pub const fn minus(self, by: Millis) -> Self {
        Self(self.0.saturating_sub(by.0))
    }
    /// How long after `earlier` this instant is; negative when it is before.
    pub const fn since(self, earlier: Timestamp) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }

    /// Reads an instant: RFC 3339, or `YYYY-MM-DD[ HH:MM[:SS]]` meant in UTC.
    pub fn parse(text: &str) -> Result<Self, TimeError> {
        Self::parse_in(text, &TimeZone::UTC)
    }

    /// Reads an instant; a text without an offset is meant in `zone`.
    pub fn parse_in(text: &str, zone: &TimeZone) -> Result<Self, TimeError> {
        let text = text.trim();
        if let Ok(t) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::from_jiff(t));
        }
        let civil = text
            .parse::<DateTime>()
            .or_else(|_| text.parse::<Date>().map(|d| d.to_datetime(jiff::civil::Time::midnight())))
            .map_err(|_| TimeError::NotAnInstant(text.to_owned()))?;
        Self::from_civil(civil, zone)
    }

    /// The instant at which a wall clock in `zone` shows `civil`. A time in a gap moves forward by the gap, an
    /// ambiguous one means the earlier offset (`campaigns.md` §5.1 rule 4).
    pub fn from_civil(civil: DateTime, zone: &TimeZone) -> Result<Self, TimeError> {
        zone.to_ambiguous_timestamp(civil).compatible().map(Self::from_jiff).map_err(|_| TimeError::OutOfRange)
    }

    /// What a wall clock in `zone` shows at this instant.
    pub fn civil(self, zone: &TimeZone) -> DateTime {
        zone.to_datetime(self.jiff())
    }

    /// The calendar date in `zone`.
    pub fn date(self, zone: &TimeZone) -> Date {
        self.civil(zone).date()
    }

    pub fn weekday(self, zone: &TimeZone) -> Weekday {
        self.civil(zone).weekday()
    }

    /// Calendar addition in `zone`: months and years clamp to the last day of the month.
    pub fn plus_calendar(self, span: Span, zone: &TimeZone) -> Result<Self, TimeError> {
        self.jiff()
            .to_zoned(zone.clone())
            .checked_add(span)
            .map(|z| Self::from_jiff(z.timestamp()))
            .map_err(|_| TimeError::OutOfRange)
    }

    /// Adds whole calendar days in `zone`; a range error leaves the instant at the end of time.
    pub fn plus_days(self, days: i64, zone: &TimeZone) -> Self {
        self.plus_calendar(days.days(), zone).unwrap_or(if days < 0 { Self::MIN } else { Self::MAX })
    }

    /// Adds whole months in `zone`, clamped to the last day of a month.
    pub fn plus_months(self, months: i64, zone: &TimeZone) -> Self {
        self.plus_calendar(months.months(), zone).unwrap_or(if months < 0 { Self::MIN } else { Self::MAX })
    }

    /// Midnight of this instant's day in `zone`; where the clocks skip midnight, the first moment of the day.
    pub fn start_of_day(self, zone: &TimeZone) -> Self {
        Self::from_civil(self.date(zone).to_datetime(jiff::civil::Time::midnight()), zone).unwrap_or(self)
    }

    /// The same instant cut down to its minute, as due instants are compared.
    pub const fn floor_minute(self) -> Self {
        Self(self.0 - self.0.rem_euclid(60_000))
    }

    pub fn jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_millisecond(self.0.clamp(Self::MIN.0, Self::MAX.0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    pub fn from_jiff(t: jiff::Timestamp) -> Self {
        Self(t.as_millisecond())
    }

    /// `2026-11-22T04:49:52.000Z`.
    pub fn rfc3339(self) -> String {
        let c = self.civil(&TimeZone::UTC);
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
            c.year(),
            c.month(),
            c.day(),
            c.hour(),
            c.minute(),
            c.second(),
            c.millisecond()
        )
    }

    /// `2026-11-22T04:49:52+00:00`, as the compatible API writes instants.
    pub fn rfc3339_offset(self) -> String {
        let c = self.civil(&TimeZone::UTC);
        format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}+00:00", c.year(), c.month(), c.day(), c.hour(), c.minute(), c.second())
    }

    /// `2026-11-22 04:49:52`, as the compatible API writes plain date-times (UTC).
    pub fn sql_text(self) -> String {
        let c = self.civil(&TimeZone::UTC);
        format!("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", c.year(), c.month(), c.day(), c.hour(), c.minute(), c.second())
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Timestamp::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// Reads an IANA zone name such as `Europe/Prague`; offsets and made-up names are refused.
pub fn zone(name: &str) -> Result<TimeZone, TimeError> {
    let name = name.trim();
    if name.is_empty() || name.len() > 64 {
        return Err(TimeError::NotAZone(name.to_owned()));
    }
    TimeZone::get(name).map_err(|_| TimeError::NotAZone(name.to_owned()))
}

/// The zone of that name, or the first fall-back that can be read, or UTC.
pub fn zone_or(name: Option<&str>, fallback: &TimeZone) -> TimeZone {
    name.and_then(|n| zone(n).ok()).unwrap_or_else(|| fallback.clone())
}

/// Reads a calendar date `YYYY-MM-DD`.
pub fn parse_date(text: &str) -> Result<Date, TimeError> {
    text.trim().parse::<Date>().map_err(|_| TimeError::NotADate(text.trim().to_owned()))
}

/// `YYYY-MM-DD`.
pub fn format_date(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn t(s: &str) -> Timestamp {
        Timestamp::parse(s).unwrap()
    }

    #[test]
    fn instants_round_trip_through_their_text() {
        for text in
            ["2026-11-22T04:49:52.000Z", "1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z", "9998-12-31T00:00:00.000Z"]
        {
            assert_eq!(t(text).rfc3339(), text);
        }
    }

    #[test]
    fn a_text_without_an_offset_is_meant_in_the_given_zone() {
        let prague = zone("Europe/Prague").unwrap();
        assert_eq!(Timestamp::parse_in("2026-07-01 09:30", &prague).unwrap(), t("2026-07-01T07:30:00Z"));
        assert_eq!(Timestamp::parse_in("2026-07-01", &prague).unwrap(), t("2026-06-30T22:00:00Z"));
    }

    #[test]
    fn a_time_in_a_gap_moves_forward_and_an_ambiguous_one_is_the_earlier() {
        let ny = zone("America/New_York").unwrap();
        assert_eq!(Timestamp::parse_in("2025-03-09 02:30", &ny).unwrap(), t("2025-03-09T07:30:00Z"));
        assert_eq!(Timestamp::parse_in("2025-11-02 01:30", &ny).unwrap(), t("2025-11-02T05:30:00Z"));
    }

    #[test]
    fn a_month_after_the_last_of_january_is_the_last_of_february() {
        let utc = TimeZone::UTC;
        assert_eq!(t("2025-01-31T10:00:00Z").plus_calendar(1.month(), &utc).unwrap(), t("2025-02-28T10:00:00Z"));
        assert_eq!(t("2024-02-29T10:00:00Z").plus_calendar(1.year(), &utc).unwrap(), t("2025-02-28T10:00:00Z"));
    }

    #[test]
    fn a_wrong_zone_or_date_says_what_to_write_instead() {
        assert!(zone("Middle/Earth").unwrap_err().to_string().contains("Europe/Prague"));
        assert!(Timestamp::parse("soon").unwrap_err().to_string().contains("2026-11-22"));
        assert!(parse_date("2026-02-30").is_err());
    }
}
