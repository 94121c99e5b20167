//! A random share of all contacts: the same people every time, because chance is drawn from the id alone.
//!
//! The value of a condition is an object:
//!
//! * `percent` – how large the share is;
//! * `from` – where it begins, 0 when absent: shares of one draw that do not overlap share nobody;
//! * `draw` – a word; another word draws anew.

use serde_json::Value as Json;

use crate::segments::Operator as Op;
use crate::segments::build::{Built, missing};

/// A percent has so many places: a share can be as small as a hundredth of one.
const PLACES: f64 = 100.0;
const EVERYBODY: u64 = 10_000;

/// Whether a contact is in a share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShareTest {
    draw: u64,
    from: u64,
    until: u64,
    negated: bool,
}

impl ShareTest {
    /// Reads the value of a condition.
    pub(super) fn of(op: Op, value: &Json) -> Built<ShareTest> {
        let Json::Object(share) = value else { return Err(missing()) };
        if let Some(unknown) = share.keys().find(|key| !["percent", "from", "draw"].contains(&key.as_str())) {
            let detail = format!("a random share has no “{unknown}”; it takes percent, from and draw");
            return Err(("/value", "unknown-part", detail));
        }
        let percent = number(share.get("percent"))?.ok_or_else(missing)?;
        let from = number(share.get("from"))?.unwrap_or(0.0);
        if !(0.01..=100.0).contains(&percent) || from < 0.0 || from + percent > 100.000_1 {
            let detail = "a share is a part of 100 percent: its size is above 0, and with its beginning at most 100";
            return Err(("/value", "not-a-share", detail.to_string()));
        }
        let draw = share.get("draw").and_then(Json::as_str).unwrap_or("").trim();
        let places = |percent: f64| (percent * PLACES).round() as u64;
        Ok(ShareTest { draw: seed(draw), from: places(from), until: places(from + percent), negated: op == Op::Ne })
    }

    /// Whether the contact of this id is in it.
    pub fn holds(&self, id: i64) -> bool {
        let drawn = self.drawn(id);
        (drawn >= self.from && drawn < self.until) != self.negated
    }
}

impl ShareTest {
    fn drawn(&self, id: i64) -> u64 {
        mixed(self.draw ^ mixed(id.cast_unsigned())) % EVERYBODY
    }

    /// What was drawn for a contact, in percent.
    pub(super) fn place(&self, id: i64) -> String {
        format!("{:.2} %", self.drawn(id) as f64 / PLACES)
    }
}

fn number(value: Option<&Json>) -> Built<Option<f64>> {
    let Some(value) = value.filter(|v| !v.is_null()) else { return Ok(None) };
    let read = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok()).filter(|n: &f64| n.is_finite());
    read.map(Some).ok_or_else(|| ("/value", "not-a-number", format!("“{value}” is not a number of percent")))
}

/// A word as a number, the same for ever (FNV-1a).
fn seed(word: &str) -> u64 {
    word.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Spreads what is close together (the finisher of SplitMix64).
fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The share in words: "A random 10 % of all (draw “spring”, from 20 %)".
pub(super) fn words(label: &str, op: Op, value: &Json) -> String {
    let part = |key: &str| match value.get(key) {
        Some(Json::String(text)) => text.clone(),
        Some(Json::Number(number)) => number.to_string(),
        _ => String::new(),
    };
    let verb = if op == Op::Ne { "is not in" } else { "is in" };
    let mut notes = Vec::new();
    if !matches!(part("from").as_str(), "" | "0" | "0.0") {
        notes.push(format!("from {} %", part("from")));
    }
    if !part("draw").is_empty() {
        notes.push(format!("draw “{}”", part("draw")));
    }
    let notes = if notes.is_empty() { String::new() } else { format!(" ({})", notes.join(", ")) };
    format!("{label} {verb} {} %{notes}", part("percent"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn share(value: &Json) -> ShareTest {
        ShareTest::of(Op::Eq, value).unwrap()
    }

    fn people(test: &ShareTest) -> Vec<i64> {
        (1..=20_000).filter(|id| test.holds(*id)).collect()
    }

    #[test]
    fn a_share_is_as_large_as_it_says_and_spread_over_all() {
        for percent in [1.0, 10.0, 33.33, 50.0] {
            let found = people(&share(&json!({"percent": percent})));
            let wanted = 200.0 * percent;
            assert!((found.len() as f64 - wanted).abs() < 0.06 * wanted + 40.0, "{percent} %: {}", found.len());
            let early = found.iter().filter(|id| **id <= 10_000).count() as f64;
            assert!((early - wanted / 2.0).abs() < 0.1 * wanted + 40.0, "{percent} %: {early} of the first half");
        }
        assert_eq!(people(&share(&json!({"percent": 100}))).len(), 20_000);
    }

    #[test]
    fn parts_of_one_draw_share_nobody_and_make_up_everybody() {
        let parts = [(0.0, 33.33), (33.33, 33.33), (66.66, 33.34)];
        let sets: Vec<_> =
            parts.iter().map(|(from, p)| people(&share(&json!({"from": from, "percent": p, "draw": "x"})))).collect();
        let mut all: Vec<i64> = sets.concat();
        all.sort_unstable();
        assert_eq!(all, (1..=20_000).collect::<Vec<i64>>());
    }

    #[test]
    fn the_same_word_draws_the_same_people_for_ever_and_another_word_others() {
        let spring = people(&share(&json!({"percent": 10, "draw": "spring"})));
        // Written down: a release that draws others would move people between the arms of running tests.
        assert_eq!(spring[..5], SPRING);
        let autumn = people(&share(&json!({"percent": 10, "draw": "autumn"})));
        let both = spring.iter().filter(|id| autumn.contains(id)).count();
        assert!(both < 400, "{both} of 2,000 are in both");
        let not = ShareTest::of(Op::Ne, &json!({"percent": 10, "draw": "spring"})).unwrap();
        assert!((1..=20_000).all(|id| not.holds(id) != spring.contains(&id)));
    }

    const SPRING: [i64; 5] = [2, 12, 13, 28, 42];

    #[test]
    fn what_is_no_share_is_refused_with_a_reason() {
        for value in [
            json!(null),
            json!(10),
            json!({}),
            json!({"percent": 0}),
            json!({"percent": -1}),
            json!({"percent": 101}),
            json!({"percent": "many"}),
            json!({"percent": 60, "from": 50}),
            json!({"percent": 10, "from": -1}),
            json!({"percent": 10, "seed": 4}),
        ] {
            assert!(ShareTest::of(Op::Eq, &value).is_err(), "{value}");
        }
    }
}
