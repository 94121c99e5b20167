//! Points: what people earn by what they do, and what follows from it.
//!
//! A contact has a main score, and one in each point group that gave her any. [`change_in`] is the one way in which a
//! score changes; it records the change with its rule, so that a score can be explained ([`explain`]). [`PointsReactor`]
//! reads the queue of changes: it gives the points of every [`PointAction`] that is met, in the transaction that takes
//! the change from the queue, so that nothing counts twice and nothing is forgotten; and when a score changed, it fires the
//! [`PointTrigger`]s that are reached, each event once for a contact. What somebody only claims to be earns nothing until
//! it is proven. [`DecayClock`] lets scores fade day by day.

mod actions;
mod change;
mod decay;
mod effects;
mod error;
mod existing;
mod explain;
mod groups;
mod known;
mod model;
mod react;
mod simulate;
mod triggers;

pub use actions::{
    create as create_action, delete as delete_action, get as get_action, list as list_actions, restore as restore_action,
    update as update_action,
};
pub(crate) use change::change_many;
pub use change::{Given, change, change_in};
pub use decay::{DecayClock, DecayPreview, Faded, decay_rules, preview as preview_decay, remove_decay, set_decay};
pub use effects::{EVENT_KINDS, TriggerEvent};
pub use error::PointsProblem;
pub use existing::ExistingJob;
pub use explain::{ScoreLine, explain};
pub(crate) use groups::names as group_names_of;
pub use groups::{
    create as create_group, delete as delete_group, get as get_group, group_names, list as list_groups, restore as restore_group,
    scores, update as update_group,
};
pub(crate) use known::colours;
pub use model::{
    ActionPatch, DecayRule, GroupPatch, NewAction, NewGroup, NewTrigger, PointAction, PointGroup, PointTrigger, Score,
    TriggerPatch,
};
pub use react::{PointsReactor, form_proven};
pub use simulate::{Gain, Simulation, simulate};
pub use triggers::{
    create as create_trigger, delete as delete_trigger, get as get_trigger, list as list_triggers, remove_events,
    restore as restore_trigger, update as update_trigger,
};
