//! Campaigns: what a campaign is made of, when its steps run, which path a contact takes.
//!
//! Everything here decides and nothing here acts. A campaign is a forest of [`Step`]s below its sources: actions do
//! something, decisions wait for something the contact does, conditions look at the contact. [`timing`] says when a
//! step is due, [`check`] what is wrong with a plan before it is published, [`decide`] whether a decision is met.

pub mod best_time;
pub mod check;
pub mod decide;
pub mod edit;
pub mod explain;
pub mod goals;
pub mod model;
mod republish;
pub mod steps;
pub mod timing;

pub use best_time::{Best, BestTime};
pub use check::{Problem, check};
pub use decide::{Occurrence, answers, compare};
pub use edit::{Change, Difference, Inside, Part, differences};
pub use explain::Decision;
pub use model::{Kind, Path, Plan, Source, SourceKind, Step};
pub use republish::Republish;
pub use steps::{Needs, StepType};
pub use timing::{IfPast, Mode, Timing, Unit};
