//! Tracking: who is allowed to be counted, what a hit says, and whose it is.
//!
//! A request becomes a [`Visit`] (address, agent, wishes for privacy) and [`HitParams`] (what the page
//! said). [`judge`] decides whether it may be counted at all; [`Ct`] tells which message led here;
//! [`decide`] says whose hit it is, without ever giving one person's history to another on a mere
//! claim. Everything here is pure; the acts are in `hg-app`.

mod agent;
mod bots;
mod ct;
mod hit;
mod identity;
mod ip;
mod judge;
mod machine;
mod pattern;
mod php;

pub use agent::{Device, Versions, device_of, short_system, versions_of};
pub use bots::{is_robot, robots};
pub use ct::Ct;
pub use hit::{HitParams, UtmTags, decode_pixel_payload, utm_of_url};
pub use identity::{Decision, Evidence, TrackedDevice, decide};
pub use ip::{IpRule, anonymized, client_address, is_listed};
pub use judge::{Ignored, TrackingRules, Visit, judge};
pub use machine::{Responder, ResponseClass, ResponseSignals, judge_response};
pub use pattern::{UrlPattern, origin_matches};
pub use php::{Php, parse_php};

/// How old the proof in a link may be before it is only a claim.
pub const PROOF_AGE_DAYS: i64 = 30;
/// How many devices may prove themselves with the same message before it looks forwarded.
pub const PROOF_DEVICES: i64 = 3;
/// The transparent 1×1 GIF that every pixel answers.
pub const PIXEL: &[u8; 43] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";
