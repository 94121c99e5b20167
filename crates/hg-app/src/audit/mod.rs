//! Who changed what: one row for each deed of a person, written in the transaction that did it.
//!
//! Services call [`record`] beside their own statement; what workers, imports and campaigns do to single contacts stands
//! in timelines instead. Rows are only ever added, except that erasing a contact empties what was told about her.
//! Read by [`list`], for one thing ([`AuditQuery::object`]) or for the whole workspace.

mod authors;
mod entry;
mod read;

pub use authors::{Author, Authors, authors, made_by};
pub use entry::{Changes, Deed, Entry, Who, record};
pub use read::{AuditQuery, AuditRow, export_csv, list};
