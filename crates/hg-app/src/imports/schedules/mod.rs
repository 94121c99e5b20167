//! Imports that come back: every so often a file is fetched from the web, or a folder of the inbox is looked into.
//!
//! [`ScheduleClock`] pushes a job for each schedule that is due; [`ScheduleJob`] fetches, skips what it knows already
//! and starts an import like any other. The content's hash is written in the transaction that starts the import: a
//! crash in between leads to one import, never to two.

mod folder;
mod job;
mod model;
mod service;
mod store;

pub use job::{ScheduleClock, ScheduleJob};
pub use model::{NewSchedule, Schedule, SchedulePatch, SourceKind};
pub use service::{create, delete, get, list, run_soon, update};
