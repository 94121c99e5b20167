//! Campaigns: who is in, what each contact did and waits for, what happens next.
//!
//! Nothing here runs on a schedule. A contact enters when a segment or a form lets her in ([`react`]); each step is a
//! row of the log with the instant at which it is due, or with the instant at which a decision's no path is taken;
//! the timer ([`timer`]) runs what is due, and the reactor answers decisions when something happens. The row's key
//! (step, contact, rotation) makes a step run once, whatever crashes; its effects are written in the same transaction.
//!
//! Invariant: on every path of an active member exactly one of these holds: a step is scheduled, a step waits for its
//! mail to leave, a decision waits, or the path is at its end.

mod answers;
mod calls;
mod due;
mod effects;
mod error;
mod execute;
mod failures;
mod file;
mod goals;
mod log;
mod look;
mod members;
mod model;
mod people;
mod react;
mod redirect;
mod run;
mod service;
mod sets;
pub mod simulate;
mod steps;
mod store;
mod sync;
mod templates;
mod texts;
mod timer;
mod versions;

pub use calls::CallWorker;
pub use error::{CampaignError, LogError};
pub use failures::{Again, pause_step, take_up};
pub use file::{Imported, export, import};
pub use goals::{GoalFigures, RuleCounts, RuleIn, Ruled};
pub use log::{Given, LogChange, LogEntry, change_log, log_of, of_step};
pub use model::{Campaign, CampaignPatch, CampaignQuery, Counts, NewCampaign, State, StepCounts, StepIn, StepPause};
pub use people::{History, InCampaign, Next, PeopleQuery, Person, Progress, campaigns_of, people, progress};
pub use react::CampaignReactor;
pub(crate) use run::TOPIC;
pub(crate) use service::{change_one_in, change_some_in};
pub use service::{change_people, create, delete, duplicate, get, list, names, pause, publish, restore, update};
pub(crate) use store::{segments_in_steps, using_company_segment};
pub use sync::{SyncJob, company_sources_changed, sources_changed};
pub use templates::{Template, create_from, templates};
pub use timer::CampaignTimer;
pub use versions::{EditJob, PeopleChoice, StepDifference, Version, VersionDetail, difference, go_back, version, versions};
