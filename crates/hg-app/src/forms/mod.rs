//! Forms: made by marketers, filled in by anybody, anywhere.
//!
//! A post is checked as a whole; one thing wrong and nothing is stored. A good one is a single transaction: contact,
//! values, consents, the answer itself, the actions, and what segments and campaigns react to. Whoever names an existing
//! contact without proving to be her fills only what is empty; tags, points, segments and consents wait until a link of
//! a mail proves it ([`run_waiting_actions`]). What robots fill in is answered like a success and kept apart.

mod actions;
mod model;
mod results;
mod service;
mod store;
mod submit;

pub use actions::run_waiting_actions;
pub use model::{FormKind, FormPatch, FormRecord, NewForm};
pub use results::{Answer, answer, answers, answers_csv};
pub(crate) use service::published;
pub use service::{create, delete, get, list, names, public_form, restore, update};
pub use submit::{After, Post, Submitted, submit};
