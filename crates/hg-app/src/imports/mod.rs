//! Imports: contact lists out of CSV files.
//!
//! A file is uploaded and looked at; people correct the guessed mapping, may try it without writing anything
//! (the dry run), and start. Rows are written in batches; the place in the file, the counts and the rejected rows are
//! written in the same transaction as the contacts, so that an import that was stopped or killed goes on with the
//! next row, neither twice nor short of one. Segments are current with every batch.

mod batch;
mod companies;
mod convert;
mod dry_run;
mod extras;
mod insert;
mod known;
mod lines;
mod mappings;
mod model;
mod reader;
mod rejected;
mod rules;
mod run;
pub mod schedules;
pub(crate) mod service;
pub(crate) mod store;
mod told;
mod undo;

pub use mappings::{
    SavedColumn, SavedMapping, apply as apply_mapping, delete as delete_mapping, list as saved_mappings, save as save_mapping,
};
pub use model::{Counts, DryRun, Import, ImportOptions, ImportPatch, ImportState, Reason, Setup};
pub use rejected::{rejected_page, rejected_rows};
pub use run::{DryRunJob, ImportJob, run_now, try_now};
pub use schedules::{ScheduleClock, ScheduleJob};
pub use service::{Upload, create, get, list, patch, resume, start, start_dry_run, stop, targets};
pub use undo::{
    KEPT as UNDO_KEPT, NotesExpiry, Undo, UndoCounts, UndoJob, UndoPreview, possible_until, preview as undo_preview,
    start as undo, undo_now,
};
