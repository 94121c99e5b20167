//! Emails: what marketers write, kept in revisions, compiled once, previewed as anybody.
//!
//! A save that changes what is sent makes a new revision; a message remembers the revision it was made
//! from, so that the web view shows what was sent. Sending itself, from the ledger to the transport, is
//! the neighbour [`crate::sending`]; what campaigns need of it is re-exported here under the names of
//! this domain.

pub mod blocks;
mod check;
mod comments;
mod context;
mod draft;
pub mod family;
mod model;
mod people;
mod preview;
mod related;
mod revisions;
mod service;
mod store;
mod tidy;

pub use check::{Check, brand, check, gallery};
pub use comments::{Comment, comments, say, settle, unsay};
pub use context::{ContactTexts, Prepared, prepared, site_url, workspace_facts};
pub use draft::{Draft, discard_draft, draft, is_live, publish_draft, save_draft};
pub use model::{Content, Counts, Email, EmailError, EmailPatch, EmailWarning, Kind, NewEmail, SendingState};
pub use people::{Text, known_aliases, texts};
pub use preview::{Preview, PreviewRequest, preview};
pub use revisions::{Revision, restore_revision, revision, revisions};
pub use service::{create, delete, get, list, names, restore, update, warnings};
pub use store::{content_of, find, find_uncounted};
pub use tidy::tidy;

pub use crate::sending::{Queue, Queued, SkipReason, queue_one};
