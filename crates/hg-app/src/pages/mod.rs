//! Landing pages: HTML of the marketer's, with tokens and embedded forms, at an address of its own.
//!
//! Whoever looks at a page is counted before its last byte is sent. What we know about a person appears on a page only
//! if her device proved that it is hers; others see the defaults.

mod model;
mod serve;
mod service;
mod store;

pub use model::{NewPage, PagePatch, PageRecord};
pub use serve::{Served, preference_mark, preference_page, preview, serve};
pub use service::{create, delete, get, list, names, restore, update, url_of};
