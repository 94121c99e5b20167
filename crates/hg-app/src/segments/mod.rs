//! Segments: named sets of contacts, kept current by themselves.
//!
//! Membership is a bitmap of contact ids, stored in pieces. It changes in two ways that must give the same
//! answer: [`SegmentReactor`] evaluates the segments that a change concerns for the one contact it happened
//! to, in the transaction that takes the change from the queue; [`rebuild`] evaluates a whole filter with one
//! scan and some index reads and writes the differences. Hands beat filters: a contact who was added stays,
//! one who was removed stays away. A segment whose filter can no longer be understood is marked broken
//! and keeps its members. Callers are the APIs, campaigns (sources and conditions), emails (audiences), imports.

mod bulk;
mod clock;
mod companies;
mod copies;
mod crowd;
mod engine;
mod error;
mod expiry;
mod facts;
mod hands;
mod history;
mod known;
mod many;
mod members;
mod model;
mod moves;
pub(crate) mod named;
mod overlap;
mod overrides;
mod preview;
mod questions;
mod reactor;
mod rebuild;
mod service;
mod store;
mod told;
mod users;
mod walk;
mod why;

pub use bulk::{SegmentDeed, change_many};
pub use clock::SegmentClock;
pub(crate) use companies::{selected as company_columns, values as company_values};
pub use copies::{Part, duplicate, freeze, split};
pub use crowd::refresh_contacts;
pub(crate) use engine::select;
pub use engine::{Counted, Everyone};
pub use error::SegmentProblem;
pub use expiry::ExpiryClock;
pub(crate) use hands::{ONE_BY_ONE, exceptions_of, set_exceptions};
pub use hands::{change_by_hand, change_by_hand_in};
pub use history::{Day, history};
pub(crate) use known::{compile, with_dependencies};
pub use many::{MovedWithMany, moved_with_many};
pub(crate) use members::{begin_with, names_of_many};
pub use members::{contains, members};
pub use model::{Membership, NewSegment, Origin, Segment, SegmentChange, SegmentPatch, UsedBy};
pub use moves::{changes, memberships};
pub use overlap::{Overlap, compare};
pub(crate) use overrides::forget_override_in;
pub use overrides::{Override, forget_override, overrides};
pub use preview::{FilterCatalogue, Preview, PreviewQuery, catalogue, preview, resolve_filter, try_on};
pub use reactor::SegmentReactor;
pub use rebuild::{RebuildJob, rebuild_all_but, rebuild_all_now};
pub use service::{SegmentCard, by_alias, cards, create, delete, get, list, names, rebuild, restore, update};
pub use users::{
    Reached, asked_by, reached, users_of_many, using_company_segment, using_field, using_point_group, using_segment, using_tag,
};
pub(crate) use users::{broken_by, rebuild_using};
pub use why::{Explanation, check_filter, explain, judge, matches};
