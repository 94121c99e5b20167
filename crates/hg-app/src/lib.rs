//! Use cases of Honeyguide: one folder a domain, one public function a use case.
//!
//! A use case takes a [`Cx`] first (who asks, in which workspace, at what time), asks for permission, decides with the
//! pure rules of `hg-core`, and writes everything that follows from it in one transaction. What happens later is done
//! by [`worker::Worker`]s: the reactor that carries changes to segments and campaigns, the mail worker, the jobs.
//!
//! # How to add a use case
//! Rules go into `hg-core`, with tests; statements into the domain's `store.rs`; the use case into its `service.rs`;
//! then a test in `tests/` with `on_each_db!`, and the doors: native API, compatible API, UI.

pub mod attachments;
pub mod audit;
pub mod campaigns;
pub mod categories;
pub mod changes;
mod clock_watch;
pub mod companies;
pub mod company_segments;
pub mod consents;
pub mod contacts;
mod csv_text;
pub mod cx;
pub mod dashboard;
pub mod deliverability;
pub mod duplicates;
pub mod emails;
pub mod engine;
pub mod error;
pub mod exports;
pub mod fields;
pub mod forms;
pub mod imports;
pub mod jobs;
pub mod list;
pub mod media;
pub mod notes;
pub mod notices;
pub mod outgoing;
pub mod pages;
pub mod points;
pub mod preferences;
pub mod privacy;
mod ranges;
pub mod returns;
pub mod secrets;
pub mod segments;
pub mod sending;
pub mod settings;
pub mod stages;
pub mod suppressions;
pub mod tags;
pub mod tracking;
pub mod trash;
pub mod users;
pub mod views;
pub mod worker;
pub mod workspace;

pub use cx::{Action, Actor, Area, Cx, Role};
pub use error::{Error, ErrorKind, FieldError, Result};
pub use hg_store::Announcement;
pub use workspace::{OpenDoor, Site, Workspace};
