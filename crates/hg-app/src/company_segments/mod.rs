//! Segments of companies: the same trees of conditions as those of contacts, answered for companies.
//!
//! There are far fewer companies than contacts, so that membership is a row ([`judge`]). A company that changes is noted
//! in the transaction that changes it ([`noted`]); [`CompanySegmentReactor`] looks at it a moment later, and where a
//! segment of contacts asks about the segment that it joined or left, its contacts are queued and follow.
//! [`BuildJob`] goes through all companies when a filter changes.

mod build;
mod hands;
mod judge;
mod model;
mod preview;
mod reactor;
mod service;
mod store;

pub use build::{BuildClock, BuildJob, build_all_now};
pub use hands::{Hand, change_by_hand, companies_of, segments_of};
pub use model::{CompanyMembership, CompanySegment, CompanySegmentPatch, NewCompanySegment};
pub use preview::{CompanyPreview, catalogue, preview};
pub use reactor::{CompanySegmentReactor, noted};
pub use service::{create, delete, duplicate, get, list, rebuild, restore, update};
pub(crate) use store::{contacts_of, holds, members_by_alias};
