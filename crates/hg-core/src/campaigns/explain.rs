//! A decision with everything it was decided by. The engine decides by these, and keeps them: whoever reads one later comes to
//! the same outcome, without asking anything else.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::campaigns::decide::{any_matches, compare};
use crate::campaigns::steps::{DeviceTraits, is_in_share};
use crate::emails::{Candidate, Purpose, Verdict, judge};
use crate::segments::Explained;
use crate::text::{Email, fold};
use crate::time::Timestamp;

/// Kind, brand and system of a device.
pub type Traits = [Option<String>; 3];

/// What was found, beside what was asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "rule", rename_all = "snake_case")]
pub enum Decision {
    /// A value, or several of one field, compared with what is wanted.
    Compare { op: String, has: Vec<String>, wanted: Json },
    /// One name of many, whatever its case.
    AnyOf { has: Vec<String>, wanted: Vec<String> },
    /// One id of many.
    AnyId { has: Vec<i64>, wanted: Vec<i64> },
    /// Channels with the reason of the opt-out; reason 0 asks for any.
    Blocked { has: Vec<(String, i64)>, channels: Vec<String>, reason: i64 },
    /// Devices that the contact used.
    Device { has: Vec<Traits>, types: Vec<String>, brands: Vec<String>, systems: Vec<String> },
    /// The visit that answered; none: no visit of that time did.
    Visit { hit: Option<Visit>, pages: Vec<i64>, url: Option<String>, from: Option<Timestamp>, to: Option<Timestamp> },
    /// Campaigns that the contact is or was in.
    Campaigns { has: Vec<Membership>, wanted: Vec<i64>, ever: bool, joined: Option<(bool, Timestamp)> },
    /// An email address; empty: none.
    Address { text: String },
    /// The share that a contact is drawn for by a number; `held`: who is drawn goes the no path.
    Share { contact: i64, by: i64, percent: i64, held: bool },
    /// Whether a contact may get a mail.
    Mail { candidate: Candidate, purpose: Purpose },
    /// Conditions together: all of them or any, or not so.
    Group { all: bool, not: bool, parts: Vec<Decision> },
    /// One condition of a filter, with what was found, in words.
    Condition { asked: String, found: String, bounds: Option<String>, holds: bool },
    /// The contact is gone.
    Gone,
}

/// A visit, as far as a decision looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    pub page: i64,
    pub url: String,
    pub at: Timestamp,
}

/// A campaign of a contact, as far as a decision looks at it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    pub campaign: i64,
    pub active: bool,
    pub joined: Timestamp,
}

impl Decision {
    /// What it comes to, from what stands in it alone.
    pub fn outcome(&self) -> bool {
        match self {
            Self::Compare { op, has, wanted } => compare(op, has, wanted),
            Self::AnyOf { has, wanted } => wanted.iter().any(|one| has.iter().any(|tag| fold(tag) == fold(one))),
            Self::AnyId { has, wanted } => wanted.iter().any(|id| has.contains(id)),
            Self::Blocked { has, channels, reason } => {
                has.iter().any(|(channel, why)| channels.contains(channel) && (*reason == 0 || reason == why))
            }
            Self::Device { has, types, brands, systems } => {
                let wanted = DeviceTraits { types: types.clone(), brands: brands.clone(), systems: systems.clone() };
                has.iter().any(|[kind, brand, system]| wanted.meets(kind.as_deref(), brand.as_deref(), system.as_deref()))
            }
            Self::Visit { hit, pages, url, from, to } => hit.as_ref().is_some_and(|visit| {
                let in_time = from.is_none_or(|f| visit.at >= f) && to.is_none_or(|t| visit.at <= t);
                in_time && visit_answers(pages, url.as_deref(), visit.page, &visit.url)
            }),
            Self::Campaigns { has, wanted, ever, joined } => has.iter().any(|m| {
                let in_time = joined.is_none_or(|(after, limit)| if after { m.joined > limit } else { m.joined < limit });
                wanted.contains(&m.campaign) && (*ever || m.active) && in_time
            }),
            Self::Address { text } => Email::parse(text).is_ok(),
            Self::Share { contact, by, percent, held } => is_in_share(*contact, *by, *percent) != *held,
            Self::Mail { candidate, purpose } => judge(candidate, *purpose) == Verdict::Send,
            Self::Group { all, not, parts } => {
                let together = if *all { parts.iter().all(Self::outcome) } else { parts.iter().any(Self::outcome) };
                !parts.is_empty() && together != *not
            }
            Self::Condition { holds, .. } => *holds,
            Self::Gone => false,
        }
    }

    /// The finding of a filter.
    pub fn of_filter(found: &Explained) -> Self {
        match &found.group {
            Some(group) => {
                let parts = found.children.iter().map(Self::of_filter).collect();
                Self::Group { all: group.all, not: group.not, parts }
            }
            None => Self::Condition {
                asked: found.label.clone(),
                found: found.actual.clone().unwrap_or_default(),
                bounds: found.bounds.clone(),
                holds: found.verdict,
            },
        }
    }
}

/// Whether a visit is one that is asked for: any, one of the pages, or an address.
pub fn visit_answers(pages: &[i64], patterns: Option<&str>, page: i64, url: &str) -> bool {
    let any = pages.is_empty() && patterns.is_none();
    any || pages.contains(&page) || patterns.is_some_and(|list| any_matches(list, url))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn word() -> impl Strategy<Value = String> {
        prop_oneof!["[a-cA-C]{0,3}", "-?[0-9]{1,3}", "20[0-9]{2}-0[1-9]-1[0-9]"]
    }

    fn words() -> impl Strategy<Value = Vec<String>> {
        prop::collection::vec(word(), 0..4)
    }

    fn ids() -> impl Strategy<Value = Vec<i64>> {
        prop::collection::vec(0i64..6, 0..4)
    }

    fn instant() -> impl Strategy<Value = Timestamp> {
        (0i64..50).prop_map(|n| Timestamp(1_700_000_000_000 + n * 86_400_000))
    }

    fn candidate() -> impl Strategy<Value = Candidate> {
        prop::array::uniform9(any::<bool>()).prop_map(|b| Candidate {
            published: b[0],
            has_address: b[1],
            opted_out: b[2],
            undeliverable: b[3],
            suppressed: b[4],
            category_refused: b[5],
            had_it_already: b[6],
            in_audience: b[7],
            same_address_served: b[8],
        })
    }

    fn leaf() -> impl Strategy<Value = Decision> {
        let op = prop::sample::select(vec!["=", "!=", "gt", "gte", "lt", "lte", "empty", "!empty", "like", "!like"]);
        let visit = (0i64..4, "[a-c/]{0,4}", instant()).prop_map(|(page, url, at)| Visit { page, url, at });
        let member =
            (0i64..6, any::<bool>(), instant()).prop_map(|(campaign, active, joined)| Membership { campaign, active, joined });
        prop_oneof![
            (op, words(), word()).prop_map(|(op, has, wanted)| Decision::Compare { op: op.into(), has, wanted: wanted.into() }),
            (words(), words()).prop_map(|(has, wanted)| Decision::AnyOf { has, wanted }),
            (ids(), ids()).prop_map(|(has, wanted)| Decision::AnyId { has, wanted }),
            (prop::collection::vec((word(), 1i64..4), 0..3), words(), 0i64..4)
                .prop_map(|(has, channels, reason)| Decision::Blocked { has, channels, reason }),
            (prop::collection::vec(prop::array::uniform3(prop::option::of(word())), 0..3), words(), words(), words())
                .prop_map(|(has, types, brands, systems)| Decision::Device { has, types, brands, systems }),
            (prop::option::of(visit), ids(), prop::option::of(word()), prop::option::of(instant()), prop::option::of(instant()))
                .prop_map(|(hit, pages, url, from, to)| Decision::Visit { hit, pages, url, from, to }),
            (prop::collection::vec(member, 0..4), ids(), any::<bool>(), prop::option::of((any::<bool>(), instant())))
                .prop_map(|(has, wanted, ever, joined)| Decision::Campaigns { has, wanted, ever, joined }),
            "[a-c@.]{0,8}".prop_map(|text| Decision::Address { text }),
            (any::<i64>(), any::<i64>(), 0i64..=100, any::<bool>()).prop_map(|(contact, by, percent, held)| Decision::Share {
                contact,
                by,
                percent,
                held
            }),
            (candidate(), prop_oneof![Just(Purpose::Marketing), Just(Purpose::Transactional)])
                .prop_map(|(candidate, purpose)| Decision::Mail { candidate, purpose }),
            (word(), word(), any::<bool>()).prop_map(|(asked, found, holds)| Decision::Condition {
                asked,
                found,
                bounds: None,
                holds
            }),
            Just(Decision::Gone),
        ]
    }

    fn decision() -> impl Strategy<Value = Decision> {
        leaf().prop_recursive(3, 12, 4, |inner| {
            (any::<bool>(), any::<bool>(), prop::collection::vec(inner, 0..4)).prop_map(|(all, not, parts)| Decision::Group {
                all,
                not,
                parts,
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 10_000, ..ProptestConfig::default() })]
        #[test]
        fn what_is_kept_of_a_decision_leads_to_the_same_outcome(decision in decision()) {
            let kept = serde_json::to_string(&decision).unwrap();
            let read: Decision = serde_json::from_str(&kept).unwrap();
            prop_assert_eq!(read.outcome(), decision.outcome());
            prop_assert_eq!(read, decision);
        }
    }
}
