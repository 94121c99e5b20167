//! Notices: what somebody is told about work that ended while they did something else. An import is done, a file is
//! ready, a segment can no longer be understood.
//!
//! Whoever ends such work calls [`tell`] in the transaction that ends it, so that nobody hears of what did not happen.
//! People read them at the bell of the app; who wishes it gets each by mail too. They are kept for thirty days, and at
//! most two hundred for each person; bad news that is still unread is not told again within a day.

mod service;

pub use service::{News, Notice, Notices, Tone, by_mail, clear, dismiss, list, mark_read, set_by_mail, tell};

/// Announced with each notice; the payload names the user.
pub const TOPIC: &str = "notice";
