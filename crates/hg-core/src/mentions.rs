//! Colleagues who are named in a text: `@Ada Lovelace`, `@Ada` where only one is called so, `@ada@example.org`.

/// Somebody who can be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    /// The user's id.
    pub id: i64,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
    /// The address with which she signs in.
    pub email: String,
}

/// Ids of those who are named, each once, in the order in which they are named. Case does not count.
pub fn mentions(text: &str, colleagues: &[Colleague]) -> Vec<i64> {
    let names = names_of(colleagues);
    let text = text.to_lowercase();
    let mut found = Vec::new();
    for (at, _) in text.match_indices('@') {
        // What stands before is the name of a mailbox, not a call.
        if text[..at].chars().next_back().is_some_and(char::is_alphanumeric) {
            continue;
        }
        let rest = &text[at + 1..];
        let named = names.iter().find(|(name, _)| rest.strip_prefix(name.as_str()).is_some_and(ends_here));
        if let Some((_, id)) = named
            && !found.contains(id)
        {
            found.push(*id);
        }
    }
    found
}

/// A name goes on with a letter, a digit or a second address sign.
fn ends_here(rest: &str) -> bool {
    rest.chars().next().is_none_or(|next| !next.is_alphanumeric() && next != '@')
}

/// Every way to name somebody that means one person only, the longest first.
fn names_of(colleagues: &[Colleague]) -> Vec<(String, i64)> {
    let mut all: Vec<(String, i64)> = Vec::new();
    for one in colleagues {
        let full = format!("{} {}", one.first_name.trim(), one.last_name.trim());
        for name in [full.trim(), one.first_name.trim(), one.email.trim()] {
            let name = name.to_lowercase();
            if !name.is_empty() && !all.contains(&(name.clone(), one.id)) {
                all.push((name, one.id));
            }
        }
    }
    let means_one = |name: &str| all.iter().filter(|(other, _)| other == name).count() == 1;
    let mut names: Vec<(String, i64)> = all.iter().filter(|(name, _)| means_one(name)).cloned().collect();
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house() -> Vec<Colleague> {
        let one = |id, first: &str, last: &str, email: &str| Colleague {
            id,
            first_name: first.into(),
            last_name: last.into(),
            email: email.into(),
        };
        vec![
            one(1, "Ada", "Lovelace", "ada@house.example"),
            one(2, "Ada", "Byron", "byron@house.example"),
            one(3, "Bo", "", "bo@house.example"),
            one(4, "Élodie", "Dupont", "e@house.example"),
        ]
    }

    #[test]
    fn full_names_first_names_and_addresses_call_somebody() {
        assert_eq!(mentions("@Ada Lovelace, look; and @bo.", &house()), [1, 3]);
        assert_eq!(mentions("(@ÉLODIE) @byron@house.example", &house()), [4, 2]);
        assert_eq!(mentions("@Bo @bo @BO", &house()), [3]);
    }

    #[test]
    fn a_name_that_two_have_calls_nobody() {
        assert!(mentions("@Ada, look", &house()).is_empty());
    }

    #[test]
    fn addresses_and_longer_words_call_nobody() {
        assert!(mentions("write to me@bo.example or @Bob, @", &house()).is_empty());
    }
}
