//! How somebody wants to be contacted: how often on which channel, when not at all, and which channel is dearest.

mod rules;

pub use rules::{Period, Rule, rules, rules_of, set_rule, write_rule};
