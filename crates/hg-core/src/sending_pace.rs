//! How much mail may leave, and when: ceilings of a new sender, quiet hours, when to stop.

use crate::time::{Millis, TimeZone, Timestamp};

/// The most marketing mails of a day: a fixed number (0: none), or what a sender that warms up may send after so many days.
/// The smaller one holds; none without either.
pub fn ceiling(fixed: i64, days_of_warm_up: Option<i64>, first: i64, growth_percent: i64) -> Option<i64> {
    let warm = days_of_warm_up.map(|days| {
        let mut most = first.max(1);
        for _ in 0..days.clamp(0, 365) {
            // At least one more each day, so that it ends.
            most = most.saturating_add((most.saturating_mul(growth_percent.max(0)) / 100).max(1)).min(1_000_000_000);
        }
        most
    });
    match (fixed > 0, warm) {
        (true, Some(warm)) => Some(fixed.min(warm)),
        (true, None) => Some(fixed),
        (false, warm) => warm,
    }
}

/// Hours in which nobody wants mail, in minutes of the day; `from` may be later than `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    pub from: i64,
    pub until: i64,
}

impl Quiet {
    /// When the quiet hours end, if they are on at this instant.
    pub fn over_at(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let minute = |at: Timestamp| {
            let civil = at.civil(zone);
            i64::from(civil.hour()) * 60 + i64::from(civil.minute())
        };
        let at = minute(now);
        let on = if self.from <= self.until { (self.from..self.until).contains(&at) } else { at >= self.from || at < self.until };
        if !on {
            return None;
        }
        let start = now.start_of_day(zone);
        let day = if at < self.until { start } else { start.plus_days(1, zone) };
        // Where a clock change moves the hour, the next minute that is not quiet.
        let mut over = day.plus(Millis::minutes(self.until));
        let off = self.until - minute(over);
        if off.abs() <= 120 {
            over = over.plus(Millis::minutes(off));
        }
        Some(over.max(now.plus(Millis::minutes(1))))
    }
}

/// Why a send should be stopped, if too much of it comes back. Few messages prove nothing.
pub fn too_much(
    sent: i64,
    bounced: i64,
    complained: i64,
    most_bounced_percent: i64,
    most_complained_permille: i64,
) -> Option<String> {
    const ENOUGH: i64 = 100;
    if sent < ENOUGH {
        return None;
    }
    if most_bounced_percent > 0 && bounced * 100 > sent * most_bounced_percent {
        return Some(format!("{bounced} of {sent} messages came back for good, more than {most_bounced_percent} %."));
    }
    if most_complained_permille > 0 && complained * 1_000 > sent * most_complained_permille {
        return Some(format!("{complained} of {sent} people reported it as spam, more than {most_complained_permille} ‰."));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_sender_sends_a_little_more_each_day() {
        let days: Vec<_> = (0..5).map(|day| ceiling(0, Some(day), 200, 50).expect("a ceiling")).collect();
        assert_eq!(days, [200, 300, 450, 675, 1_012]);
        assert_eq!(ceiling(0, None, 200, 50), None);
        assert_eq!(ceiling(1_000, Some(30), 200, 50), Some(1_000));
        assert_eq!(ceiling(1_000, Some(1), 200, 50), Some(300));
        assert_eq!(ceiling(0, Some(3), 1, 0), Some(4), "it grows whatever is asked");
        assert_eq!(ceiling(0, Some(-3), 200, 50), Some(200));
    }

    #[test]
    fn quiet_hours_are_the_contacts_own_and_may_span_midnight() {
        let night = Quiet { from: 22 * 60, until: 7 * 60 };
        let at = |text: &str| Timestamp::parse(text).expect("an instant");
        let prague = crate::time::zone("Europe/Prague").expect("a zone");
        for (now, until) in [
            ("2024-03-13T21:30:00Z", Some("2024-03-14T06:00:00Z")),
            ("2024-03-13T02:00:00Z", Some("2024-03-13T06:00:00Z")),
            ("2024-03-13T06:00:00Z", None),
            ("2024-03-13T20:59:00Z", None),
            // The night in which the clock goes forward.
            ("2024-03-30T22:00:00Z", Some("2024-03-31T05:00:00Z")),
        ] {
            assert_eq!(night.over_at(at(now), &prague), until.map(at), "{now}");
        }
        let noon = Quiet { from: 12 * 60, until: 13 * 60 };
        assert_eq!(noon.over_at(at("2024-03-13T12:30:00Z"), &TimeZone::UTC), Some(at("2024-03-13T13:00:00Z")));
        assert_eq!(noon.over_at(at("2024-03-13T13:00:00Z"), &TimeZone::UTC), None);
    }

    #[test]
    fn a_send_stops_when_enough_of_it_comes_back() {
        assert_eq!(too_much(99, 99, 99, 5, 3), None, "few messages prove nothing");
        assert_eq!(too_much(100, 5, 0, 5, 3), None);
        assert!(too_much(100, 6, 0, 5, 3).is_some_and(|why| why.contains("6 of 100")));
        assert!(too_much(1_000, 0, 4, 5, 3).is_some_and(|why| why.contains("spam")));
        assert_eq!(too_much(1_000, 900, 900, 0, 0), None, "both can be switched off");
    }
}
