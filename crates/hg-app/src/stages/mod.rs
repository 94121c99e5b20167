//! Stages: where somebody stands on the way from a stranger to a friend.
//!
//! A contact is in one stage or in none. People, imports and the API may move her anywhere; campaigns only forwards, to a
//! stage of more weight. [`change_in`] is the one way in which that is written: it records the change for the timeline,
//! for segments and for campaigns. Deleting a stage takes everybody out of it, in the background; bringing it back puts
//! those back who are in no other stage since.

mod clear;
mod model;
mod moving;
mod service;
mod store;

pub use clear::ClearJob;
pub use model::{Lane, LanePerson, NewStage, Stage, StagePatch};
pub use moving::{Forward, change, change_in, forward_in};
pub use service::{board, create, delete, get, lane, list, restore, update};
pub use store::{by_name, ensure, names};
