//! The fields of contacts and companies: which there are, and the columns that hold their values.
//!
//! A workspace starts with the usual fields; people add their own. A field of theirs becomes a real
//! column of the table of contacts or companies, so that filters and lists read it like any other; past four hundred
//! columns new fields go to the overflow. A field that a segment's filter reads cannot be deleted; a deleted
//! one is hidden at once, its alias is free again, and a job drops its column after a month.

mod convert;
mod error;
mod jobs;
mod model;
mod service;
pub(crate) mod store;
mod unique;
mod uses;

pub use convert::{ConversionPreview, ConvertJob, NewType, convert_field, preview_conversion};
pub use error::FieldProblem;
pub use jobs::DropColumn;
pub use model::{Field, FieldPatch, NewField};
pub use service::{create, delete, get, known, list, list_of, restore, update};
pub(crate) use store::catalogue;
pub use store::restore_unique_rules;
pub use uses::{FieldUses, uses};
