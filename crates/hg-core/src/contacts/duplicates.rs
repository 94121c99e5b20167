//! By what two contacts may be one person: keys that both would have.

use crate::text::{Email, fold};

/// A rule of likeness.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Likeness {
    /// The same mailbox, written with another `+tag` or, where the provider ignores them, other dots.
    Mailbox,
    /// The same telephone number.
    Phone,
    /// The same name at the same company.
    NameAndCompany,
}

impl Likeness {
    pub const ALL: [Likeness; 3] = [Self::Mailbox, Self::Phone, Self::NameAndCompany];

    /// The word in the database and the API.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Mailbox => "mailbox",
            Self::Phone => "phone",
            Self::NameAndCompany => "name_and_company",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.key() == word)
    }
}

/// What the rules look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traits<'a> {
    pub email: Option<&'a str>,
    pub phones: [Option<&'a str>; 2],
    pub first_name: Option<&'a str>,
    pub last_name: Option<&'a str>,
    pub company: Option<&'a str>,
}

impl Traits<'_> {
    /// The keys under which a rule looks for others.
    pub fn keys(&self, rule: Likeness) -> Vec<String> {
        match rule {
            Likeness::Mailbox => self.email.and_then(mailbox).into_iter().collect(),
            Likeness::Phone => self.phones.iter().filter_map(|p| p.and_then(number)).collect(),
            Likeness::NameAndCompany => {
                let part = |text: Option<&str>| text.map(|t| fold(t.trim())).filter(|t| !t.is_empty());
                match (part(self.first_name), part(self.last_name), part(self.company)) {
                    (Some(first), Some(last), Some(company)) => vec![format!("{first}\n{last}\n{company}")],
                    _ => Vec::new(),
                }
            }
        }
    }

    /// Whether nothing that both have speaks against their being one person.
    pub fn agrees_with(&self, other: &Traits<'_>) -> bool {
        let folded = |text: Option<&str>| text.map(|t| fold(t.trim())).filter(|t| !t.is_empty());
        let same = |a: Option<String>, b: Option<String>| a.is_none() || b.is_none() || a == b;
        let numbers = |t: &Traits<'_>| t.phones.iter().filter_map(|p| p.and_then(number)).collect::<Vec<_>>();
        let (mine, theirs) = (numbers(self), numbers(other));
        let phones = mine.is_empty() || theirs.is_empty() || mine.iter().any(|n| theirs.contains(n));
        same(self.email.and_then(mailbox), other.email.and_then(mailbox))
            && same(folded(self.first_name), folded(other.first_name))
            && same(folded(self.last_name), folded(other.last_name))
            && same(folded(self.company), folded(other.company))
            && phones
    }
}

/// The mailbox that an address leads to.
///
/// ```
/// use hg_core::contacts::mailbox;
/// assert_eq!(mailbox("Ada+News@example.org").as_deref(), Some("ada@example.org"));
/// assert_eq!(mailbox("a.d.a@googlemail.com").as_deref(), Some("ada@gmail.com"));
/// assert_eq!(mailbox("a.d.a@example.org").as_deref(), Some("a.d.a@example.org"));
/// ```
pub fn mailbox(address: &str) -> Option<String> {
    let email = Email::parse(address).ok()?;
    let (local, domain) = email.key().rsplit_once('@')?;
    let local = local.split('+').next().filter(|l| !l.is_empty())?;
    match domain {
        "gmail.com" | "googlemail.com" => Some(format!("{}@gmail.com", local.replace('.', ""))),
        _ => Some(format!("{local}@{domain}")),
    }
}

/// The digits of a telephone number, without what is written in front for calls from abroad; short ones tell nobody apart.
fn number(written: &str) -> Option<String> {
    let digits: String = written.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.trim_start_matches('0');
    // The last nine digits are the same with and without the code of the country.
    (digits.len() >= 7).then(|| digits[digits.len().saturating_sub(9)..].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_with_and_without_its_country() {
        let of = |phone| Traits { phones: [Some(phone), None], ..Traits::default() }.keys(Likeness::Phone);
        assert_eq!(of("+420 601 123 456"), of("601 123 456"));
        assert_eq!(of("00420601123456"), of("601-123-456"));
        assert!(of("112").is_empty() && of("").is_empty());
        assert_ne!(of("601123456"), of("601123457"));
    }

    #[test]
    fn a_name_counts_only_with_a_company() {
        let of = |company| Traits { first_name: Some("Zoë"), last_name: Some("Nováková "), company, ..Traits::default() };
        assert_eq!(of(Some("Acme")).keys(Likeness::NameAndCompany), ["zoe\nnovakova\nacme"]);
        assert!(of(None).keys(Likeness::NameAndCompany).is_empty());
    }

    #[test]
    fn what_is_missing_speaks_against_nothing() {
        let ada = Traits { email: Some("ada@example.org"), first_name: Some("Ada"), ..Traits::default() };
        let plus = Traits { email: Some("ada+x@example.org"), phones: [Some("601123456"), None], ..Traits::default() };
        assert!(ada.agrees_with(&plus) && plus.agrees_with(&ada));
        let bob = Traits { first_name: Some("Bob"), ..plus.clone() };
        assert!(!ada.agrees_with(&bob));
        let elsewhere = Traits { email: Some("ada@elsewhere.org"), ..plus };
        assert!(!ada.agrees_with(&elsewhere));
    }
}
