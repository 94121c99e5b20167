//! Storage of Honeyguide: SQLite (embedded, the default) and PostgreSQL behind one small door.
//!
//! * [`Db`] runs transactions. A transaction is a synchronous closure over a [`Tx`]; it may run more than once, so it
//!   must have no effect besides its statements. Services await [`Db::write`] and [`Db::read`]; nobody is answered
//!   before the data is on disk.
//! * [`Sql`] is one statement text for both databases with `$1` parameters. What differs goes through the few `@`
//!   words of [`sql`]: `@greatest(`, `@least(`, `@in($n)`, `@locked`.
//! * Migrations are one file a step, for both databases ([`migrate`]).
//!
//! No other crate of the workspace names a database driver.
//!
//! # How to add a table
//! Add `migrations/NNNN_name.sql`, list it in `migrate.rs`, write the statements in the domain's `store.rs`, and run
//! the schema test: it compares what both databases made of the file.

pub mod announce;
pub mod backup;
pub mod db;
pub mod error;
pub mod migrate;
pub mod part;
mod postgres;
pub mod rows;
pub mod sql;
mod sqlite;
pub mod testing;
pub mod tx;
pub mod value;

pub use announce::{Announcement, Wakes};
pub use db::{Db, DbUrl, Lane, Options};
pub use error::StoreError;
pub use sql::{Dialect, Sql};
pub use tx::{Flow, Row, Tx};
pub use value::{FromValue, ToValue, Value, ValueRef};

/// What a storage call gives back.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;
