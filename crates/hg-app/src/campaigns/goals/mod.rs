//! Goals and exit rules: looked at when something about a contact changed, or she did something. Who meets one leaves, and
//! what was to come is cancelled in the same transaction.

mod model;
mod store;
mod watch;

pub(super) use model::read;
pub use model::{GoalFigures, RuleCounts, RuleIn, Ruled};
pub(super) use store::{of, save};
