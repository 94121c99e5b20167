//! The media library: pictures for emails and pages.
//!
//! The bytes lie in the database, under their hash: every backup, copy and restore carries them, on both databases, and
//! the same picture put in twice is kept once. They are served to anybody who knows the address, as mails need it, and
//! go on being served after the file was taken out of the library, for mails that were sent still show it.

mod serve;
mod service;
mod store;

pub use serve::{Served, serve};
pub use service::{MediaPatch, NewMedia, delete, get, list, remove_unused, restore, unused, update, upload, uses};
pub(crate) use store::sizes;
pub use store::{LONGEST, MediaFile};
