//! Categories: how marketers sort their things, and what contacts can subscribe to.
//!
//! A category belongs to one kind of thing (its bundle), or is `global` and fits all. Contacts subscribe to global ones;
//! a preference centre writes that with [`subscribe_in`], and filters read it.

mod service;
mod subscriptions;
mod things;

pub use service::{BUNDLES, Category, CategoryPatch, NewCategory, create, delete, get, list, restore, update};
pub use subscriptions::{Subscription, subscribe, subscribe_in, subscriptions};
pub use things::{CategoryRef, Usage, assign, check, checked, of_rows, place, refs, thing, usage};
