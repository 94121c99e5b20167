//! How somebody wants to be contacted: how often on which channel, when not at all, and which channel is dearest.

mod centre;
mod rules;

pub use centre::{Centre, Channel, Choice, Said, centre, save};
pub(crate) use rules::check;
pub use rules::{Period, Rule, rules, rules_of, set_rule, write_rule};
