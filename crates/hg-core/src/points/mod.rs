//! What earns points, and how points fade.
//!
//! A rule is about one kind of thing that people do ([`Earns`]); whether it is met by what happened is decided here, from
//! facts that the caller brings. How scores fade with time is arithmetic alone ([`Decay`]).

mod decay;
mod earns;

pub use decay::Decay;
pub use earns::{EARNING_KINDS, Earns, EarnsError, UrlRule, Visits};
