//! Words, rules and arithmetic of Honeyguide.
//!
//! Everything in this crate is pure: no I/O, no async, no clock, no randomness. What time it is and which
//! random key comes next are handed in by the caller through [`time::Clock`] and [`ids::Chance`], so that every
//! rule can be tested at any instant and replayed to the same result.

pub mod campaigns;
pub mod contacts;
pub mod deliverability;
pub mod emails;
pub mod events;
pub mod forms;
pub mod ids;
pub mod imports;
pub mod media;
pub mod mentions;
pub mod points;
pub mod publish;
pub mod segments;
pub mod sending_pace;
pub mod text;
pub mod time;
pub mod tokens;
pub mod tracking;
