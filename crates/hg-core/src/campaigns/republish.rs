//! What becomes of waits when a paused campaign is published again (`campaigns.md` §5.3).

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// How the time of a pause counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Republish {
    /// It counts: what is overdue runs at once.
    #[default]
    CountAllTime,
    /// It does not count: every wait takes that much longer.
    CountOnlyWhilePublished,
    /// Every wait begins anew.
    RestartOnPublish,
}

impl Republish {
    /// The name in files, APIs and the database.
    pub const fn key(self) -> &'static str {
        match self {
            Self::CountAllTime => "count_all_time",
            Self::CountOnlyWhilePublished => "count_only_while_published",
            Self::RestartOnPublish => "restart_on_publish",
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        [Self::CountAllTime, Self::CountOnlyWhilePublished, Self::RestartOnPublish].into_iter().find(|r| r.key() == key)
    }

    /// From when a wait that began at `base` counts, after a pause.
    pub fn base(self, base: Timestamp, paused: Timestamp, published: Timestamp) -> Timestamp {
        match self {
            Self::CountAllTime => base,
            Self::CountOnlyWhilePublished => base.plus(published.since(base.max(paused))).min(published),
            Self::RestartOnPublish => published,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaigns::timing::Due;
    use crate::campaigns::{BestTime, Timing, Unit};
    use crate::time::TimeZone;
    use rstest::rstest;

    /// `campaigns.md` §9, vector 17.
    #[rstest]
    #[case::all_time(Republish::CountAllTime, "2025-10-12T00:00:00Z")]
    #[case::only_while_published(Republish::CountOnlyWhilePublished, "2025-10-17T00:00:00Z")]
    #[case::restart(Republish::RestartOnPublish, "2025-10-20T00:00:00Z")]
    fn a_wait_of_ten_days_with_a_pause_of_five(#[case] republish: Republish, #[case] expected: &str) {
        let day = |n: u8| Timestamp::parse(&format!("2025-10-{n:02}T00:00:00Z")).unwrap();
        let base = republish.base(day(2), day(5), day(10));
        let due = Timing::after(10, Unit::Days).due(base, day(10), &TimeZone::UTC, &BestTime::default());
        assert_eq!(due, Due::At(Timestamp::parse(expected).unwrap()));
    }

    #[test]
    fn whoever_came_during_the_pause_waits_longer_by_what_was_left_of_it() {
        let day = |n: u8| Timestamp::parse(&format!("2025-10-{n:02}T00:00:00Z")).unwrap();
        assert_eq!(Republish::CountOnlyWhilePublished.base(day(7), day(5), day(10)), day(10));
    }
}
