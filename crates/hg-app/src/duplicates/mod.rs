//! Contacts that may be one person: found by a task, shown in pairs, merged one by one or, where nothing speaks against
//! it, all at once.

mod find;
mod merge;
mod pairs;

pub use find::{FindJob, find_now, start};
pub use merge::{MergeSafeJob, merge_pair, merge_safe, merge_safe_now};
pub use pairs::{Pair, PairQuery, dismiss, list};
