//! Who gets which variant, and when one may be called better.

use hg_core::emails::{Arm, leader, lift, pick_translation, pick_variant, takes_part, winner};

/// A stream of numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.next() % 1_000 < percent * 10
    }
}

#[test]
fn the_weights_are_kept_and_the_choice_never_changes() {
    let weights = [(11, 30), (12, 20)];
    let mut counts = [0; 3];
    for contact in 1..=100_000 {
        let first = pick_variant(7, contact, &weights);
        assert_eq!(first, pick_variant(7, contact, &weights));
        counts[match first {
            Some(11) => 1,
            Some(12) => 2,
            _ => 0,
        }] += 1;
    }
    for (count, wanted) in counts.into_iter().zip([50_000_i32, 30_000, 20_000]) {
        assert!((count - wanted).abs() < 700, "{counts:?}");
    }
}

#[test]
fn the_share_of_the_test_says_nothing_about_the_variant() {
    let tested: Vec<i64> = (1..=100_000).filter(|contact| takes_part(7, *contact, 20)).collect();
    assert!((tested.len() as i64 - 20_000).abs() < 700, "{}", tested.len());
    let first = tested.iter().filter(|contact| pick_variant(7, **contact, &[(11, 50)]).is_some()).count() as i64;
    assert!((first - tested.len() as i64 / 2).abs() < 400, "{first} of {}", tested.len());
    assert!((1..=1_000).all(|contact| takes_part(7, contact, 100)) && !(1..=1_000).any(|contact| takes_part(7, contact, 0)));
}

#[test]
fn readers_get_their_language_else_its_family_else_the_parent() {
    let others = [("de".to_owned(), 1), ("fr_CA".to_owned(), 2), ("fr".to_owned(), 3)];
    for (wanted, found) in [
        ("de", Some(1)),
        ("de_AT", Some(1)),
        ("fr-CA", Some(2)),
        ("fr", Some(3)),
        ("fr_BE", Some(2)),
        ("es", None),
        ("", None),
        ("en", None),
        ("en_GB", None),
    ] {
        assert_eq!(pick_translation(wanted, "en", &others).copied(), found, "{wanted}");
    }
}

/// Days of a test in which responses arrive late, between variants of these rates in percent.
fn plays(dice: &mut Dice, rates: &[u64], people: i64, days: usize) -> Option<usize> {
    let mut arms = vec![Arm::default(); rates.len()];
    let mut late = vec![0; rates.len()];
    for _ in 0..days {
        for (number, rate) in rates.iter().enumerate() {
            arms[number].sent += people;
            arms[number].responses += std::mem::take(&mut late[number]);
            for _ in 0..people {
                if dice.chance(*rate) {
                    if dice.chance(60) { arms[number].responses += 1 } else { late[number] += 1 }
                }
            }
        }
        if let Some(found) = winner(&arms) {
            return Some(found);
        }
    }
    None
}

#[test]
fn ten_thousand_tests_of_equals_looked_at_daily_have_few_false_winners() {
    let mut dice = Dice(42);
    for rates in [[4, 4].as_slice(), &[30, 30], &[8, 8, 8]] {
        let runs = if rates.len() == 2 { 4_000 } else { 2_000 };
        let false_winners = (0..runs).filter(|_| plays(&mut dice, rates, 60, 21).is_some()).count();
        assert!(false_winners * 20 <= runs, "{rates:?}: {false_winners} of {runs}");
    }
}

#[test]
fn a_real_difference_is_found_and_never_the_wrong_way_round() {
    let mut dice = Dice(7);
    let found: Vec<Option<usize>> = (0..200).map(|_| plays(&mut dice, &[10, 16], 150, 21)).collect();
    let right = found.iter().filter(|w| **w == Some(1)).count();
    assert!(right >= 180, "{right} of 200");
    assert!(found.iter().filter(|w| **w == Some(0)).count() <= 2);
}

#[test]
fn the_interval_holds_the_truth_and_says_nothing_without_responses() {
    let nothing = lift(Arm { sent: 100, responses: 0 }, Arm { sent: 100, responses: 0 }, 0.05);
    assert_eq!((nothing.ratio, nothing.low, nothing.high), (None, 0.0, f64::INFINITY));
    let clear = lift(Arm { sent: 10_000, responses: 1_500 }, Arm { sent: 10_000, responses: 1_000 }, 0.05);
    assert!((clear.ratio.unwrap() - 1.5).abs() < 1e-9);
    assert!(clear.low > 1.3 && clear.low < 1.45 && clear.high > 1.55 && clear.high < 1.75, "{clear:?}");
    let uneven = lift(Arm { sent: 1_000, responses: 100 }, Arm { sent: 9_000, responses: 900 }, 0.05);
    assert!((uneven.ratio.unwrap() - 1.0).abs() < 1e-9 && uneven.low < 0.8 && uneven.high > 1.2, "{uneven:?}");
    let one_sided = lift(Arm { sent: 100, responses: 9 }, Arm { sent: 100, responses: 0 }, 0.05);
    assert!(one_sided.high.is_infinite() && one_sided.low > 0.0);
    assert_eq!(winner(&[Arm { sent: 5, responses: 1 }]), None);
    assert_eq!(leader(&[Arm { sent: 9, responses: 0 }, Arm { sent: 9, responses: 0 }]), None);
    assert_eq!(leader(&[Arm { sent: 90, responses: 8 }, Arm { sent: 9, responses: 1 }]), Some(1));
}
