//! Saved blocks: pieces of emails that are used again, as a copy or linked.
//!
//! A linked block stands whole in the source of an email, between tags that name it ([`hg_core::emails::linked`]). So an
//! email never needs anything else to be compiled, previewed or sent, and its revisions show for ever what was sent. When
//! a block changes, every email that is linked to it is saved with it, in the same transaction; each of them gets a new
//! revision. When an email is saved, its linked blocks are written as they are now: an editor that was opened earlier
//! cannot bring an old one back (`docs/decisions/0011`).

mod service;
mod store;

pub use service::{BlockPatch, NewBlock, create, delete, get, list, restore, update, uses};
pub use store::{BlockUse, SavedBlock};
pub(super) use store::{note_uses, resolve};
