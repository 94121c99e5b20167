//! Tracking: hits, clicks and opens, and whose they are.
//!
//! A request that may not be counted (robots, prefetching, people who ask not to be) is answered and leaves no trace.
//! Everything else is one transaction: the visitor is recognised (by the key of a message, by her device, or as
//! somebody new), the hit is written, and what follows from it is queued for segments and campaigns. Whoever only
//! claims an address gets the device pointed to that contact, without proof: empty public fields are filled, but no
//! histories join, no tags and no points change, until a link of a mail proves the claim ([`identify`]).

mod absorb;
mod click;
mod hit;
mod identify;
mod mail;
mod urls;

pub use click::{Click, click};
pub use hit::{Hit, HitAnswer, known_visitor, record_hit};
pub use identify::{Claims, Known, Visitor, identify};
pub use mail::{read_in_browser, read_in_mail, trapped};

pub(crate) use identify::write_values;
pub(crate) use urls::forget as forget_urls;
