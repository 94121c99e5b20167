//! When somebody is most likely to answer: learned from when she did (`campaigns.md` §5.1, mode `optimized`).

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::time::{Millis, Timestamp};

/// What is learned goes back so far.
pub const LOOKS_BACK: Millis = Millis::days(60);
/// So many moments of each kind count, at most one an hour.
pub const MOST_OF_A_KIND: usize = 50;
/// With fewer moments in all nothing is learned.
pub const FEWEST: usize = 5;

/// How narrowly the moment is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Best {
    /// The best hours of any day.
    #[default]
    Hour,
    /// The best hours of the best days.
    DayAndHour,
}

/// The hours and days on which somebody answers most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BestTime {
    /// The first hour of the window, 0 to 21, which is three hours long.
    pub from: i8,
    /// The best days, the best first.
    pub days: [Weekday; 3],
    /// Whether it was learned; otherwise it is what mostly holds.
    pub learned: bool,
}

/// Hours of a window.
const HOURS: i8 = 3;

impl Default for BestTime {
    fn default() -> Self {
        Self { from: 9, days: [Weekday::Tuesday, Weekday::Monday, Weekday::Thursday], learned: false }
    }
}

impl BestTime {
    /// Learns from moments of each kind, the newest first, as `zone` shows them.
    pub fn learn<'a>(kinds: impl IntoIterator<Item = &'a [Timestamp]>, zone: &TimeZone) -> Self {
        let mut hours: Vec<i8> = Vec::new();
        let mut days = [0usize; 7];
        for moments in kinds {
            let mut last = None;
            let mut counted = 0;
            for moment in moments {
                let hour = moment.0.div_euclid(Millis::hours(1).0);
                if counted == MOST_OF_A_KIND || last == Some(hour) {
                    continue;
                }
                last = Some(hour);
                counted += 1;
                let local = moment.civil(zone);
                hours.push(local.hour());
                if let Some(day) = days.get_mut(usize::try_from(local.weekday().to_monday_zero_offset()).unwrap_or(0)) {
                    *day += 1;
                }
            }
        }
        if hours.len() < FEWEST {
            return Self::default();
        }
        hours.sort_unstable();
        let median = hours.get(hours.len() / 2).copied().unwrap_or(10);
        let usual = Self::default().days;
        let mut ranked: Vec<Weekday> = usual.into_iter().chain(Weekday::Monday.cycle_forward().take(7)).collect();
        // Of days alike the usual ones come first, then those early in the week.
        let count = |day: &Weekday| days.get(usize::try_from(day.to_monday_zero_offset()).unwrap_or(0)).copied().unwrap_or(0);
        ranked.sort_by_key(|day| std::cmp::Reverse(count(day)));
        let mut best: Vec<Weekday> = Vec::with_capacity(3);
        for day in ranked {
            if !best.contains(&day) {
                best.push(day);
            }
        }
        let days = match best[..] {
            [a, b, c, ..] => [a, b, c],
            _ => usual,
        };
        Self { from: (median - 1).clamp(0, 24 - HOURS), days, learned: true }
    }

    /// Now if this is such a time, else the beginning of the next one, as `zone` shows it.
    pub fn next(&self, now: Timestamp, zone: &TimeZone, best: Best) -> Timestamp {
        let local = now.civil(zone);
        let allowed = |day: Weekday| best == Best::Hour || self.days.contains(&day);
        let inside = (self.from..self.from + HOURS).contains(&local.hour());
        if inside && allowed(local.weekday()) {
            return now;
        }
        let start = Time::new(self.from, 0, 0, 0).unwrap_or(Time::midnight());
        let mut date = if local.hour() < self.from { local.date() } else { local.date().tomorrow().unwrap_or(local.date()) };
        // A week holds every day.
        for _ in 0..8 {
            if allowed(date.weekday()) {
                return Timestamp::from_civil(date.to_datetime(start), zone).unwrap_or(now).max(now);
            }
            date = date.tomorrow().unwrap_or(date);
        }
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn t(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn with_fewer_than_five_moments_what_mostly_holds_is_taken() {
        let four = [t("2025-03-03T20:00:00Z"), t("2025-03-04T20:00:00Z"), t("2025-03-05T20:00:00Z"), t("2025-03-06T20:00:00Z")];
        assert_eq!(BestTime::learn([four.as_slice()], &TimeZone::UTC), BestTime::default());
    }

    #[test]
    fn moments_of_one_hour_count_once() {
        let one_evening: Vec<_> = (0..30).map(|m| t("2025-03-03T20:00:00Z").plus(Millis::minutes(m))).collect();
        assert!(!BestTime::learn([one_evening.as_slice()], &TimeZone::UTC).learned);
    }

    #[test]
    fn the_window_is_an_hour_around_the_median_of_her_own_clock() {
        // Evenings in Prague, in summer: 18, 19, 20, 20 and 21 o'clock, on Sundays mostly.
        let moments = [
            "2025-07-06T16:05:00Z",
            "2025-07-13T17:05:00Z",
            "2025-07-20T18:05:00Z",
            "2025-07-23T18:05:00Z",
            "2025-07-27T19:00:00Z",
        ];
        let moments: Vec<_> = moments.iter().rev().map(|m| t(m)).collect();
        let zone = TimeZone::get("Europe/Prague").unwrap();
        let best = BestTime::learn([moments.as_slice()], &zone);
        assert_eq!((best.from, best.days[0], best.learned), (19, Weekday::Sunday, true));
        assert_eq!(best.days[1], Weekday::Wednesday);
    }

    #[rstest]
    #[case::inside("2025-03-11T10:30:00Z", Best::Hour, "2025-03-11T10:30:00Z")]
    #[case::too_early("2025-03-11T03:00:00Z", Best::Hour, "2025-03-11T09:00:00Z")]
    #[case::just_over("2025-03-11T12:00:00Z", Best::Hour, "2025-03-12T09:00:00Z")]
    #[case::a_good_day("2025-03-11T10:30:00Z", Best::DayAndHour, "2025-03-11T10:30:00Z")]
    #[case::a_bad_day("2025-03-12T10:30:00Z", Best::DayAndHour, "2025-03-13T09:00:00Z")]
    #[case::over_the_weekend("2025-03-13T12:30:00Z", Best::DayAndHour, "2025-03-17T09:00:00Z")]
    fn now_if_it_is_such_a_time_else_the_next_beginning(#[case] now: &str, #[case] best: Best, #[case] expected: &str) {
        assert_eq!(BestTime::default().next(t(now), &TimeZone::UTC, best), t(expected));
    }

    #[test]
    fn a_beginning_that_the_clock_skips_moves_forward() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let night = BestTime { from: 2, ..BestTime::default() };
        // 2025-03-09 02:00 does not exist there: the clock shows 03:00 then.
        assert_eq!(night.next(t("2025-03-09T06:00:00Z"), &zone, Best::Hour), t("2025-03-09T07:00:00Z"));
    }
}
