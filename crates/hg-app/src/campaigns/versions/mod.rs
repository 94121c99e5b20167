//! Edits of a running campaign: every publishing of changes makes a version that stays as it was, and says what becomes
//! of the people inside. Nobody is lost and nobody repeats a step: a step that is known keeps its id, and with it the
//! rows of the log that make it run once; who waits at a removed one goes where the edit says.

mod apply;
mod model;
mod pauses;
mod service;
mod store;
mod work;

pub(super) use apply::{Edit, apply};
pub use model::{PeopleChoice, StepDifference, Version, VersionDetail};
pub(super) use pauses::pause_ends_or_begins;
pub use service::{difference, go_back, version, versions};
pub(super) use store::{keep, keep_first};
pub use work::EditJob;
pub(super) use work::push;
