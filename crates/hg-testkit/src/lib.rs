//! What tests share: a clock that stands still, seeded chance, databases that are made in a moment, an application
//! with every worker, an SMTP sink, a mailbox that speaks IMAP.
//!
//! Tests that use this crate live in `tests/` folders. `on_each_db!` runs one body on SQLite and, when
//! `HG_TEST_POSTGRES` names a server, on PostgreSQL; without it the PostgreSQL half says that it was skipped.

pub mod app;
pub mod clock;
pub mod db;
pub mod imap_stand;
pub mod smtp_sink;
pub mod web;

pub use app::TestApp;
pub use clock::{FakeClock, SeededChance};
pub use db::{Backend, TestDb};

/// Runs a body on each database: `on_each_db!(name_of_the_claim, |app| { … });`
#[macro_export]
macro_rules! on_each_db {
    ($name:ident, |$app:ident| $body:block) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn body($app: $crate::TestApp) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                body($crate::TestApp::new($crate::Backend::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                if let Some(backend) = $crate::Backend::postgres() {
                    body($crate::TestApp::new(backend).await).await;
                }
            }
        }
    };
}
