//! Addresses that must not be written to. Only their hash is kept, so that the list outlives the contacts and gives
//! nobody's address away; it is asked before every message.

mod list;
mod store;

pub use list::{Suppression, SuppressionQuery, add, export_csv, import_csv, list, remove};
pub(crate) use store::among;
pub use store::{Cause, hash, keep};
