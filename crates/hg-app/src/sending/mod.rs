//! Sending: the ledger of messages, and the worker that hands them over.
//!
//! One row for each contact, email and occasion, unique in the database: nobody gets the same thing twice. A row goes
//! `queued → claimed → handing_over → sent | failed | unknown`, or ends as `skipped` with a reason. Claiming takes
//! rows in small batches; whether the contact still wants mail is asked again in the very transaction that writes
//! `handing_over`, and only after that commit does the end of a message leave the house, one at a time for each
//! connection. After a crash what was claimed waits again, and what was being handed over is `unknown`: it is never
//! sent again by itself. So a crash leaves at most one unknown message for each open connection, and loses none.
//!
//! Who puts rows in: [`queue_one`] (campaigns, forms, the API) and the send to segments ([`segment`]). Where messages
//! go is a port ([`Transport`]); without one they land in the built-in [`outbox`].

mod audience;
mod batch;
mod clerk;
mod click_map;
mod compose;
mod evergreen;
mod facets;
mod hold;
mod house_mail;
mod lanes;
mod ledger;
pub mod machines;
pub mod outbox;
mod pace;
mod plan;
mod queue;
mod recipients;
mod rehearsal;
pub mod responses;
mod route_check;
mod routes;
mod segment;
mod test_send;
mod transport;
pub mod unsubscribe;
mod user_mail;
mod waiting;
mod ways;
mod web_view;
mod why;
mod why_rules;
mod worker;

pub use audience::{Audience, audience};
pub(crate) use audience::{pending, people_of};
pub use click_map::{ClickMap, click_map};
pub use compose::{ComposeError, Outgoing, sender_of};
pub use evergreen::{EvergreenReactor, audience_changed};
pub use facets::{FacetCount, origins};
pub use house_mail::{HouseMail, HouseMailJob, push_house_mail};
pub use lanes::LaneJob;
pub(crate) use lanes::stop_if_needed;
pub(crate) use ledger::reason_text;
pub use ledger::{SendRow, of_contact, recover};
pub use plan::{SendPlan, Wish, approve, call_back, plan, refuse, send_to_segments};
pub use queue::{Given, Personal, Queue, Queued, queue_given, queue_one, send_to_contact};
pub use recipients::{LinkCount, Recipient, links, recipients};
pub(crate) use rehearsal::{Rehearsed, RehearsedMail, answer, seal};
pub use route_check::{routes, try_route};
pub use routes::{MailRoutes, RouteHealth, Routes, Way};
pub(crate) use segment::fill_rest;
pub use segment::{FillJob, SegmentSend, pause, resume};
pub use test_send::send_test;
pub use transport::{Channel, Envelope, MailTransport, Refusal, Transport, TransportError, Undelivered};
pub use user_mail::{UserMail, UserMailJob, addresses_of_users, push_user_mail};
pub use waiting::{WaitingMessage, cancel, waiting};
pub use ways::{WayKit, WayMaker, WayProbe, add_way, change_way, move_way, open_ways, probe_ways, remove_way};
pub use web_view::{preview_page, web_view};
pub use why::{Message, Why, why};
pub use why_rules::WhyRule;
pub use worker::MailWorker;

pub use hg_core::emails::Skip as SkipReason;

/// Announced when there may be mail to send.
pub const TOPIC: &str = "mail";
/// Announced while an email goes out; the payload is the JSON of the live stream.
pub const PROGRESS: &str = "send";
