//! Tags: short words that people and campaigns put on contacts. A tag is made the first time that
//! somebody uses it; "News" and "news" are one tag.

mod service;

pub use service::{NewTag, Tag, TagPatch, create, delete, get, list, resolve_names, restore, update};
pub(crate) use service::{ensure, find_by_name, like_escaped};
