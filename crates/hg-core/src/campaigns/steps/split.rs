//! Who belongs to a share of all contacts: by chance, and always the same ones.

/// Whether a contact belongs to the first `percent` of a hundred. `salt` names what is split, so that two splits share their
/// people out independently; the same contact always gets the same answer from the same split.
pub fn is_in_share(contact: i64, salt: i64, percent: i64) -> bool {
    bucket(contact, salt) < percent.clamp(0, 100).unsigned_abs() * 100
}

/// 0 to 9,999, evenly.
fn bucket(contact: i64, salt: i64) -> u64 {
    // SplitMix64's finaliser, twice, so that neighbouring ids and salts land far apart.
    let mix = |mut z: u64| {
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let salted = mix(salt.cast_unsigned().wrapping_add(0x9e37_79b9_7f4a_7c15));
    mix(salted ^ mix(contact.cast_unsigned().wrapping_mul(0x9e37_79b9_7f4a_7c15))) % 10_000
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(salt: i64, percent: i64) -> usize {
        (1..=10_000).filter(|contact| is_in_share(*contact, salt, percent)).count()
    }

    #[test]
    fn a_share_is_about_as_large_as_it_says() {
        for (salt, percent) in [(1, 10), (2, 50), (77, 90)] {
            let wanted = usize::try_from(percent * 100).unwrap();
            assert!(share(salt, percent).abs_diff(wanted) < 200, "{percent} % gave {}", share(salt, percent));
        }
        assert_eq!((share(5, 0), share(5, 100)), (0, 10_000));
    }

    #[test]
    fn two_splits_share_out_independently_and_each_stays_as_it_is() {
        let both = (1..=10_000).filter(|c| is_in_share(*c, 1, 50) && is_in_share(*c, 2, 50)).count();
        assert!(both.abs_diff(2_500) < 200, "{both}");
        assert!((1..=1_000).all(|c| is_in_share(c, 9, 30) == is_in_share(c, 9, 30)));
    }

    #[test]
    fn a_larger_share_holds_everybody_of_the_smaller_one() {
        assert!((1..=5_000).all(|c| !is_in_share(c, 3, 20) || is_in_share(c, 3, 40)));
    }
}
