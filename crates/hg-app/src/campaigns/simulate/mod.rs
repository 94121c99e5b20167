//! Trying a campaign: its real people, the real engine, a clock of its own, and nothing that leaves the house.
//!
//! A simulation copies what the campaign and its people are made of into a database of its own ([`scratch`]), puts the
//! same workers on it as the product runs ([`play`]), with a clock that goes from one due instant to the next. Mail is
//! judged and written down as always, but never made or handed over. What people do is thought up ([`mind`]): by
//! assumed shares, or by how each of them answered mail before. What came of it is read back ([`report`]), and the copy
//! is thrown away.

mod mind;
mod model;
mod outside;
mod play;
mod report;
mod scratch;
mod service;
mod store;

pub use model::{BusyPerson, DayReport, Reason, Report, Setup, Simulation, SimulationState, StepReport, Walk, WalkedStep};
pub use scratch::sweep;
pub use service::{SimulateJob, get, list, run_now, start};
pub(crate) use store::forget;
