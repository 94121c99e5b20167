//! Categories: how marketers sort their things, and what contacts can subscribe to.
//!
//! A category belongs to one kind of thing (its bundle), or is `global` and fits all. Contacts subscribe to global ones;
//! a preference centre writes that with [`subscribe_in`], and filters read it.

mod service;
mod subscriptions;

pub use service::{
    BUNDLES, Category, CategoryPatch, CategoryRef, NewCategory, Usage, assign, check, checked, create, delete, get, list,
    of_rows, place, refs, restore, update, usage,
};
pub use subscriptions::{Subscription, subscribe, subscribe_in, subscriptions};
