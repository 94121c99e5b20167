//! Exports: contacts as a file, made in the background.
//!
//! Somebody asks for the contacts of a list or a selection in a format; a row remembers it, a job writes the file page
//! by page, and the file can be fetched until it expires. A job that was interrupted begins its file anew.

mod direct;
mod format;
mod job;
mod service;

pub use direct::{companies_now, contacts_now};
pub use format::Format;
pub(crate) use job::forget_files;
pub use job::{ExpiryWorker, ExportJob};
pub use service::{ExportInfo, NewExport, file, get, list, one, start, start_companies};
