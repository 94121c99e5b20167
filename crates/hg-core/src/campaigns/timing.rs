//! When a step is due (`campaigns.md` §5.1).

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};

use super::best_time::{Best, BestTime};
use crate::time::{Millis, Timestamp};

/// How the instant is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    #[default]
    Immediate,
    /// A while after what came before.
    Interval,
    /// At an instant that is the same for everybody.
    Date,
    /// When the contact is most likely to answer.
    Optimized,
}

/// Units of an interval. Minutes and hours are absolute, days and longer follow the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    #[serde(rename = "i")]
    Minutes,
    #[serde(rename = "h")]
    Hours,
    #[serde(rename = "d")]
    Days,
    #[serde(rename = "m")]
    Months,
    #[serde(rename = "y")]
    Years,
}

/// What happens to a date that has passed when a contact arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfPast {
    /// The step runs at once.
    #[default]
    Run,
    /// The step is left out for this contact, and the timeline says why.
    Skip,
}

/// When a step runs. Hours and weekdays are the contact's local time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Timing {
    pub mode: Mode,
    pub interval: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<Unit>,
    /// The instant of mode `date`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// `HH:MM`: only at this time of day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hour: Option<String>,
    /// `[HH:MM, HH:MM]`: only between these; the end itself is outside. A start after the end spans midnight.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub between: Option<(String, String)>,
    /// 0 = Sunday … 6 = Saturday; empty: any day.
    pub weekdays: Vec<u8>,
    pub if_past: IfPast,
    /// What mode `optimized` chooses.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub best: Option<Best>,
}

/// What a step's timing comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    At(Timestamp),
    /// The date has passed and the step says to leave it out then.
    Missed(Timestamp),
}

/// What is wrong with a timing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimingError {
    #[error("choose how long to wait")]
    NoInterval,
    #[error("an interval cannot be negative")]
    Negative,
    #[error("choose the date")]
    NoDate,
    #[error("“{0}” is not a time of day; write it like 09:30")]
    NotATime(String),
    #[error("weekdays are numbers from 0 (Sunday) to 6 (Saturday)")]
    NotAWeekday,
}

impl Timing {
    pub fn immediate() -> Self {
        Self::default()
    }

    pub fn after(interval: i64, unit: Unit) -> Self {
        Self { mode: Mode::Interval, interval, unit: Some(unit), ..Self::default() }
    }

    pub fn on(at: Timestamp, if_past: IfPast) -> Self {
        Self { mode: Mode::Date, at: Some(at), if_past, ..Self::default() }
    }

    /// Whether the timing says everything that its mode needs.
    pub fn validate(&self) -> Result<(), TimingError> {
        match self.mode {
            Mode::Interval if self.unit.is_none() => return Err(TimingError::NoInterval),
            Mode::Interval if self.interval < 0 => return Err(TimingError::Negative),
            Mode::Date if self.at.is_none() => return Err(TimingError::NoDate),
            _ => {}
        }
        let times = self.hour.iter().chain(self.between.iter().flat_map(|(a, b)| [a, b]));
        for text in times {
            time_of_day(text).ok_or_else(|| TimingError::NotATime(text.clone()))?;
        }
        if self.weekdays.iter().any(|d| *d > 6) {
            return Err(TimingError::NotAWeekday);
        }
        Ok(())
    }

    /// Whether a while passes before the step runs.
    pub fn takes_time(&self) -> bool {
        match self.mode {
            Mode::Immediate => false,
            Mode::Interval => self.interval > 0,
            Mode::Date | Mode::Optimized => true,
        }
    }

    /// Whether the moment hangs on the clock that the contact looks at.
    pub fn needs_zone(&self) -> bool {
        match self.mode {
            Mode::Immediate | Mode::Date => false,
            Mode::Optimized => true,
            Mode::Interval => self.hour.is_some() || self.between.is_some() || !self.weekdays.is_empty(),
        }
    }

    /// The fewest minutes that an interval can come to.
    pub fn shortest_minutes(&self) -> i64 {
        let unit = match self.unit.unwrap_or(Unit::Minutes) {
            Unit::Minutes => 1,
            Unit::Hours => 60,
            Unit::Days => 24 * 60,
            Unit::Months => 28 * 24 * 60,
            Unit::Years => 365 * 24 * 60,
        };
        self.interval.saturating_mul(unit)
    }

    /// When the step runs: `base` is when what came before was done, `zone` the contact's zone or else the
    /// workspace's; `habit` is when
    /// she mostly answers, which only mode `optimized` asks. Never before `now`.
    pub fn due(&self, base: Timestamp, now: Timestamp, zone: &TimeZone, habit: &BestTime) -> Due {
        match self.mode {
            Mode::Optimized => Due::At(habit.next(now, zone, self.best.unwrap_or_default())),
            Mode::Immediate => Due::At(now),
            Mode::Date => match self.at {
                Some(at) if at >= now => Due::At(at),
                Some(at) if self.if_past == IfPast::Skip => Due::Missed(at),
                _ => Due::At(now),
            },
            Mode::Interval => Due::At(self.restrict(self.add_interval(base).max(now), zone).max(now)),
        }
    }

    fn add_interval(&self, base: Timestamp) -> Timestamp {
        let n = self.interval;
        let calendar = |span: Span| base.plus_calendar(span, &TimeZone::UTC).unwrap_or(Timestamp::MAX);
        match self.unit.unwrap_or(Unit::Minutes) {
            Unit::Minutes => base.plus(Millis(n.saturating_mul(60_000))),
            Unit::Hours => base.plus(Millis(n.saturating_mul(3_600_000))),
            Unit::Days => calendar(n.min(4_000_000).days()),
            Unit::Months => calendar(n.min(119_000).months()),
            Unit::Years => calendar(n.min(9_900).years()),
        }
    }

    /// Moves a candidate forward to what hour, range and weekdays allow; never backwards.
    fn restrict(&self, candidate: Timestamp, zone: &TimeZone) -> Timestamp {
        let hour = self.hour.as_deref().and_then(time_of_day);
        let range = self.between.as_ref().and_then(|(a, b)| Some((time_of_day(a)?, time_of_day(b)?)));
        if hour.is_none() && range.is_none() && self.weekdays.is_empty() {
            return candidate;
        }
        let local = candidate.civil(zone);
        // Seconds are not compared: 09:00:07 is still nine o'clock.
        let minute = Time::new(local.hour(), local.minute(), 0, 0).unwrap_or(Time::midnight());
        let (mut date, mut time) = (local.date(), local.time());
        if let Some(hour) = hour {
            if minute > hour {
                date = date.tomorrow().unwrap_or(date);
            }
            time = hour;
        } else if let Some((start, stop)) = range {
            let inside = if start <= stop { start <= minute && minute < stop } else { minute >= start || minute < stop };
            if !inside {
                if minute >= start {
                    date = date.tomorrow().unwrap_or(date);
                }
                time = start;
            }
        }
        let allowed = |day: Weekday| {
            let sunday_first = u8::try_from(day.to_sunday_zero_offset()).unwrap_or(0);
            self.weekdays.is_empty() || self.weekdays.contains(&sunday_first)
        };
        if (date, time) == (local.date(), local.time()) && allowed(date.weekday()) {
            return candidate;
        }
        // A week finds an allowed day; one more, where the clocks went back and the time of day has passed already.
        for _ in 0..9 {
            if allowed(date.weekday()) {
                let instant = Timestamp::from_civil(date.to_datetime(time), zone).unwrap_or(Timestamp::MAX);
                if instant >= candidate {
                    return instant;
                }
            }
            date = date.tomorrow().unwrap_or(date);
        }
        candidate
    }

    /// The timing in words: "2 days later, at 09:00".
    pub fn in_words(&self) -> String {
        let mut out = match self.mode {
            Mode::Immediate => return "at once".into(),
            Mode::Optimized if self.best == Some(Best::DayAndHour) => return "at the contact's best day and hour".into(),
            Mode::Optimized => return "at the contact's best hour".into(),
            Mode::Date => return self.at.map_or_else(|| "on a date".into(), |at| format!("on {}", at.sql_text())),
            Mode::Interval => {
                let unit = match self.unit {
                    None | Some(Unit::Minutes) => "minute",
                    Some(Unit::Hours) => "hour",
                    Some(Unit::Days) => "day",
                    Some(Unit::Months) => "month",
                    Some(Unit::Years) => "year",
                };
                format!("{} {unit}{} later", self.interval, if self.interval == 1 { "" } else { "s" })
            }
        };
        if let Some(hour) = &self.hour {
            out.push_str(&format!(", at {hour}"));
        } else if let Some((a, b)) = &self.between {
            out.push_str(&format!(", between {a} and {b}"));
        }
        if !self.weekdays.is_empty() {
            const NAMES: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
            let names: Vec<&str> = self.weekdays.iter().filter_map(|d| NAMES.get(usize::from(*d)).copied()).collect();
            out.push_str(&format!(", on {}", names.join(", ")));
        }
        out
    }
}

/// Reads `HH:MM`.
pub fn time_of_day(text: &str) -> Option<Time> {
    let (h, m) = text.trim().split_once(':')?;
    let minutes = m.split(':').next()?;
    Time::new(h.parse().ok()?, minutes.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn t(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn zone(name: &str) -> TimeZone {
        crate::time::zone(name).unwrap()
    }

    fn after(n: i64, unit: Unit, hour: Option<&str>, between: Option<(&str, &str)>, weekdays: &[u8]) -> Timing {
        Timing {
            hour: hour.map(str::to_owned),
            between: between.map(|(a, b)| (a.to_owned(), b.to_owned())),
            weekdays: weekdays.to_vec(),
            ..Timing::after(n, unit)
        }
    }

    use Unit::{Days as D, Hours as H, Minutes as I, Months as M};
    const WORKDAYS: &[u8] = &[1, 2, 3, 4, 5];

    // campaigns.md §9; vectors that concern states (14, 16–19) are tests of the engine.
    #[rstest]
    #[case::v2(after(15, I, None, None, &[]), "2025-03-10 12:00", "UTC", "2025-03-10 12:15")]
    #[case::v3(after(1, D, Some("09:00"), None, &[]), "2025-03-10 12:00", "America/New_York", "2025-03-11 13:00")]
    #[case::v4(after(1, D, Some("09:00"), None, &[]), "2025-03-10 12:00", "Asia/Tokyo", "2025-03-12 00:00")]
    #[case::v5(after(0, H, None, Some(("09:00", "17:00")), &[]), "2025-07-01 16:30", "Europe/Paris", "2025-07-02 07:00")]
    #[case::v6(after(0, H, None, Some(("09:00", "17:00")), &[]), "2025-07-01 15:00", "Europe/Paris", "2025-07-02 07:00")]
    #[case::v7(after(1, D, None, None, WORKDAYS), "2025-01-09 22:00", "Pacific/Auckland", "2025-01-12 22:00")]
    #[case::v8(after(0, H, Some("08:00"), None, &[2, 4]), "2025-05-14 10:00", "Europe/Berlin", "2025-05-15 06:00")]
    #[case::v9(after(1, M, None, None, &[]), "2025-01-31 10:00", "UTC", "2025-02-28 10:00")]
    #[case::v12(after(0, H, Some("02:30"), None, &[]), "2025-03-09 06:00", "America/New_York", "2025-03-09 07:30")]
    #[case::v13a(after(0, H, Some("01:30"), None, &[]), "2025-11-02 04:00", "America/New_York", "2025-11-02 05:30")]
    #[case::v13b(after(0, H, Some("01:30"), None, &[]), "2025-11-02 06:00", "America/New_York", "2025-11-03 06:30")]
    #[case::v15(after(2, H, None, Some(("09:00", "11:00")), &[]), "2025-04-01 12:00", "America/Los_Angeles", "2025-04-01 16:00")]
    #[case::v20a(after(3, D, Some("09:00"), None, WORKDAYS), "2025-06-10 14:00", "America/Chicago", "2025-06-13 14:00")]
    #[case::v20b(after(3, D, Some("09:00"), None, WORKDAYS), "2025-06-10 14:01", "America/Chicago", "2025-06-16 14:00")]
    fn vectors_of_the_specification(#[case] timing: Timing, #[case] base: &str, #[case] tz: &str, #[case] due: &str) {
        assert_eq!(timing.due(t(base), t(base), &zone(tz), &BestTime::default()), Due::At(t(due)));
    }

    #[test]
    fn vector_1_immediately_is_now() {
        let now = t("2025-03-10T12:00:07Z");
        assert_eq!(Timing::immediate().due(now, now, &TimeZone::UTC, &BestTime::default()), Due::At(now));
    }

    #[test]
    fn vectors_10_and_11_a_date_is_one_instant_for_everybody_and_a_past_one_runs_at_once() {
        let run = Timing::on(t("2025-01-01 00:00"), IfPast::Run);
        let now = t("2025-02-01 09:30");
        assert_eq!(run.due(now, now, &TimeZone::UTC, &BestTime::default()), Due::At(now));
        let later = Timing::on(t("2025-03-01 08:00"), IfPast::Run);
        assert_eq!(later.due(now, now, &zone("Asia/Tokyo"), &BestTime::default()), Due::At(t("2025-03-01 08:00")));
    }

    #[test]
    fn a_past_date_is_left_out_when_the_step_says_so() {
        let skip = Timing::on(t("2025-01-01 00:00"), IfPast::Skip);
        let now = t("2025-02-01 09:30");
        assert_eq!(skip.due(now, now, &TimeZone::UTC, &BestTime::default()), Due::Missed(t("2025-01-01 00:00")));
    }

    #[test]
    fn a_range_over_midnight_holds_in_the_night_and_waits_for_the_evening_by_day() {
        let night = after(0, H, None, Some(("22:00", "06:00")), &[]);
        let due = |base| night.due(t(base), t(base), &TimeZone::UTC, &BestTime::default());
        assert_eq!(due("2025-07-01 23:15"), Due::At(t("2025-07-01 23:15")));
        assert_eq!(due("2025-07-01 05:59"), Due::At(t("2025-07-01 05:59")));
        assert_eq!(due("2025-07-01 12:00"), Due::At(t("2025-07-01 22:00")));
    }

    #[test]
    fn an_overdue_interval_runs_now_and_not_in_the_past() {
        let timing = Timing::after(1, D);
        assert_eq!(
            timing.due(t("2025-01-01 00:00"), t("2025-06-01 08:00"), &TimeZone::UTC, &BestTime::default()),
            Due::At(t("2025-06-01 08:00"))
        );
    }

    proptest::proptest! {
        #[test]
        fn never_early_never_backwards_always_on_an_allowed_day(
            minutes in 0i64..6_000_000, interval in 0i64..500, unit in 0usize..5, hour in proptest::option::of(0u8..24),
            days in proptest::collection::btree_set(0u8..7, 0..7), zone_at in 0usize..5,
        ) {
            let base = t("2020-01-01 00:00").plus(Millis::minutes(minutes));
            let unit = [Unit::Minutes, Unit::Hours, Unit::Days, Unit::Months, Unit::Years][unit];
            let interval = if unit == Unit::Years { interval % 20 } else { interval };
            let zone = zone(["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland", "America/Santiago"][zone_at]);
            let timing = Timing { hour: hour.map(|h| format!("{h:02}:30")), weekdays: days.iter().copied().collect(), ..Timing::after(interval, unit) };
            let Due::At(due) = timing.due(base, base, &zone, &BestTime::default()) else { panic!("an interval is never missed") };
            proptest::prop_assert!(due >= timing.add_interval(base));
            if !days.is_empty() {
                let day = u8::try_from(due.weekday(&zone).to_sunday_zero_offset()).unwrap();
                proptest::prop_assert!(days.contains(&day));
            }
            // At most a week and a day later than the interval asks, whatever the clocks do.
            proptest::prop_assert!(due.since(timing.add_interval(base)) <= Millis::days(9));
        }
    }
}
