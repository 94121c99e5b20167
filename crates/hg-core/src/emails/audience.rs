//! Who gets an email: the questions in their fixed order, the first "no" is the reason.

use serde::{Deserialize, Serialize};

/// Whether people who opted out may still get an email.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Needs the contact's willingness.
    Marketing,
    /// Answers something the contact did: a receipt, a password.
    Transactional,
}

impl Purpose {
    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Marketing => "marketing",
            Self::Transactional => "transactional",
        }
    }

    /// Reads the word; anything unknown is the stricter one.
    pub fn of(word: &str) -> Self {
        if word == "transactional" { Self::Transactional } else { Self::Marketing }
    }
}

/// What is known about one contact and one email on one occasion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// The email is published.
    pub published: bool,
    /// The contact has an address that a server would accept.
    pub has_address: bool,
    /// The contact opted out of email, by herself or by hand of a colleague.
    pub opted_out: bool,
    /// Her address refused mail for good, or she complained about spam: blocks everything.
    pub undeliverable: bool,
    /// Her address is on the suppression list.
    pub suppressed: bool,
    /// She does not want what is in this category.
    pub category_refused: bool,
    /// She had this email before (marketing only).
    pub had_it_already: bool,
    /// She is in the audience; true where there is none to be in.
    pub in_audience: bool,
    /// Somebody with the same address gets or got this email.
    pub same_address_served: bool,
}

impl Candidate {
    /// Somebody who may get everything; tests and callers take away from here.
    pub const WELCOME: Self = Self {
        published: true,
        has_address: true,
        opted_out: false,
        undeliverable: false,
        suppressed: false,
        category_refused: false,
        had_it_already: false,
        in_audience: true,
        same_address_served: false,
    };
}

/// Why a contact does not get an email.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skip {
    /// The email is not published.
    NotPublished,
    /// No address, or one that cannot exist.
    NoAddress,
    /// Hard bounce or spam complaint.
    Undeliverable,
    /// Do not contact.
    OptedOut,
    /// The address is on the suppression list.
    Suppressed,
    /// She does not want this category.
    CategoryRefused,
    /// This email was sent before.
    HadItAlready,
    /// Not, or no longer, in the audience.
    NotInAudience,
    /// Another contact with this address has it.
    SameAddress,
    /// Somebody took it out of the queue.
    Cancelled,
}

impl Skip {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::NotPublished,
        Self::NoAddress,
        Self::Undeliverable,
        Self::OptedOut,
        Self::Suppressed,
        Self::CategoryRefused,
        Self::HadItAlready,
        Self::NotInAudience,
        Self::SameAddress,
        Self::Cancelled,
    ];

    /// From the word in the database.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// A sentence for the timeline and for lists of recipients.
    pub fn text(self) -> &'static str {
        match self {
            Self::NotPublished => "The email is not published.",
            Self::NoAddress => "The contact has no usable email address.",
            Self::Undeliverable => "The address refused mail for good.",
            Self::OptedOut => "The contact does not want email.",
            Self::Suppressed => "The address is on the suppression list.",
            Self::CategoryRefused => "The contact does not want emails of this category.",
            Self::HadItAlready => "The contact has had this email before.",
            Self::NotInAudience => "The contact is not in the audience.",
            Self::SameAddress => "Another contact with the same address gets this email.",
            Self::Cancelled => "Somebody cancelled it.",
        }
    }

    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotPublished => "not-published",
            Self::NoAddress => "no-address",
            Self::Undeliverable => "undeliverable",
            Self::OptedOut => "opted-out",
            Self::Suppressed => "suppressed",
            Self::CategoryRefused => "category-refused",
            Self::HadItAlready => "had-it-already",
            Self::NotInAudience => "not-in-audience",
            Self::SameAddress => "same-address",
            Self::Cancelled => "cancelled",
        }
    }
}

/// The answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Send it.
    Send,
    /// Do not, because.
    Skip(Skip),
}

/// Asks the questions in order.
///
/// ```
/// use hg_core::emails::{Candidate, Purpose, Skip, Verdict, judge};
/// let ada = Candidate { opted_out: true, ..Candidate::WELCOME };
/// assert_eq!(judge(&ada, Purpose::Marketing), Verdict::Skip(Skip::OptedOut));
/// assert_eq!(judge(&ada, Purpose::Transactional), Verdict::Send);
/// ```
pub fn judge(candidate: &Candidate, purpose: Purpose) -> Verdict {
    rules(candidate, purpose).into_iter().find(|rule| rule.forbids()).map_or(Verdict::Send, |rule| Verdict::Skip(rule.skip))
}

/// One of the questions and its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// What it says when it stands in the way.
    pub skip: Skip,
    /// Whether it is asked for the email's purpose at all.
    pub asked: bool,
    /// Whether it holds; one that does not stands in the way if it is asked.
    pub holds: bool,
}

impl Rule {
    /// Whether it keeps the email from being sent.
    pub const fn forbids(self) -> bool {
        self.asked && !self.holds
    }
}

/// Every question with its answer, in the order in which they are asked: the explanation of [`judge`].
pub fn rules(candidate: &Candidate, purpose: Purpose) -> [Rule; 9] {
    let marketing = purpose == Purpose::Marketing;
    let always = |skip, holds| Rule { skip, asked: true, holds };
    let willing = |skip, holds| Rule { skip, asked: marketing, holds };
    [
        always(Skip::NotPublished, candidate.published),
        always(Skip::NoAddress, candidate.has_address),
        always(Skip::Undeliverable, !candidate.undeliverable),
        willing(Skip::OptedOut, !candidate.opted_out),
        willing(Skip::Suppressed, !candidate.suppressed),
        willing(Skip::CategoryRefused, !candidate.category_refused),
        willing(Skip::HadItAlready, !candidate.had_it_already),
        always(Skip::NotInAudience, candidate.in_audience),
        willing(Skip::SameAddress, !candidate.same_address_served),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hard_bounce_blocks_transactional_mail_too() {
        let bounced = Candidate { undeliverable: true, ..Candidate::WELCOME };
        assert_eq!(judge(&bounced, Purpose::Transactional), Verdict::Skip(Skip::Undeliverable));
    }

    #[test]
    fn the_first_reason_is_the_one_that_is_told() {
        let hopeless = Candidate { has_address: false, opted_out: true, in_audience: false, ..Candidate::WELCOME };
        assert_eq!(judge(&hopeless, Purpose::Marketing), Verdict::Skip(Skip::NoAddress));
    }

    #[test]
    fn the_explanation_names_every_rule_that_stands_in_the_way_and_those_that_are_not_asked() {
        let left = Candidate { opted_out: true, in_audience: false, ..Candidate::WELCOME };
        let in_the_way =
            |purpose| rules(&left, purpose).into_iter().filter(|rule| rule.forbids()).map(|rule| rule.skip).collect::<Vec<_>>();
        assert_eq!(in_the_way(Purpose::Marketing), [Skip::OptedOut, Skip::NotInAudience]);
        assert_eq!(in_the_way(Purpose::Transactional), [Skip::NotInAudience]);
    }

    #[test]
    fn a_transactional_email_may_go_out_twice() {
        let again = Candidate { had_it_already: true, same_address_served: true, ..Candidate::WELCOME };
        assert_eq!(judge(&again, Purpose::Transactional), Verdict::Send);
        assert_eq!(judge(&again, Purpose::Marketing), Verdict::Skip(Skip::HadItAlready));
    }
}
