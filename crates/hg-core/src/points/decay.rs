//! How points fade.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// A rule for one group, or for the main score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Decay {
    /// Half of the points are gone after so many days, little by little.
    HalfLife { days: i64 },
    /// Whoever does nothing for so many days loses this many points, and again after each further such period.
    Inactive { days: i64, amount: i64 },
}

/// A day in milliseconds.
const DAY: i64 = 86_400_000;

impl Decay {
    /// The score after the time from one run to the next, and what a half-life has left over of a whole point.
    /// `active` is when the contact last did something. Only what is there fades: nobody falls below zero by it.
    ///
    /// ```
    /// use hg_core::points::Decay;
    /// use hg_core::time::Timestamp;
    /// let half = Decay::HalfLife { days: 30 };
    /// let month = Timestamp(30 * 86_400_000);
    /// assert_eq!(half.after(100, 0.0, Timestamp(0), Timestamp(0), month).0, 50);
    /// ```
    pub fn after(self, score: i64, rest: f64, active: Timestamp, from: Timestamp, to: Timestamp) -> (i64, f64) {
        if score == 0 || to <= from {
            return (score, if score == 0 { 0.0 } else { rest });
        }
        match self {
            Self::HalfLife { days } => {
                let halves = (to.0 - from.0) as f64 / (days.max(1) * DAY) as f64;
                let exact = (score as f64 + rest) * (-halves).exp2();
                // A hair below a whole number is that number: binary fractions are not the marketer's fault.
                let whole = (exact.abs() + 1e-9).floor().copysign(exact);
                let left = exact - whole;
                // The last point goes too, once less than half of it is left.
                if whole == 0.0 && left.abs() < 0.5 { (0, 0.0) } else { at_least_one(whole, left) }
            }
            Self::Inactive { days, amount } => {
                let period = days.max(1) * DAY;
                let periods = |at: Timestamp| (at.0 - active.0).max(0) / period;
                let passed = periods(to) - periods(from);
                let lost = passed.saturating_mul(amount.max(0));
                (if score > 0 { score.saturating_sub(lost).max(0) } else { score }, rest)
            }
        }
    }
}

/// Between half a point and a whole one the score still shows one.
fn at_least_one(whole: f64, left: f64) -> (i64, f64) {
    if whole == 0.0 {
        let one = 1_f64.copysign(left);
        return (one as i64, left - one);
    }
    (whole as i64, left)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(n: i64) -> Timestamp {
        Timestamp(n * DAY)
    }

    #[test]
    fn daily_runs_come_to_the_same_as_one_long_one() {
        let rule = Decay::HalfLife { days: 30 };
        for start in [1_i64, 3, 10, 17, 1_000, -40] {
            let (mut score, mut rest) = (start, 0.0);
            for day in 0..30 {
                (score, rest) = rule.after(score, rest, days(0), days(day), days(day + 1));
            }
            let half = start as f64 / 2.0;
            assert!((score as f64 + rest - half).abs() < 0.51, "{start} became {score} and {rest}");
            assert!(score.abs() <= start.abs());
        }
    }

    #[test]
    fn small_scores_fade_to_nothing_in_the_end() {
        let rule = Decay::HalfLife { days: 10 };
        let (mut score, mut rest) = (5, 0.0);
        for day in 0..60 {
            (score, rest) = rule.after(score, rest, days(0), days(day), days(day + 1));
        }
        assert_eq!((score, rest), (0, 0.0));
    }

    #[test]
    fn inactivity_costs_once_a_period_however_often_it_is_looked_at() {
        let rule = Decay::Inactive { days: 7, amount: 5 };
        let (mut score, mut rest) = (12, 0.0);
        let mut seen = Vec::new();
        for day in 0..22 {
            (score, rest) = rule.after(score, rest, days(0), days(day), days(day + 1));
            seen.push(score);
        }
        assert_eq!((seen[5], seen[6], seen[13], seen[20]), (12, 7, 2, 0));
        assert_eq!(rule.after(12, 0.0, days(20), days(0), days(22)).0, 12, "active two days ago");
        assert_eq!(rule.after(-3, 0.0, days(0), days(0), days(70)).0, -3, "who has none loses none");
    }
}
