//! Databases for tests: a migrated one is made once per process and copied for each test.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use hg_core::time::Timestamp;
use hg_store::backup::copy_sqlite;
use hg_store::testing::{postgres_admin, schema_fingerprint, with_database};
use hg_store::{Db, DbUrl, Options};
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Which database a test runs on.
#[derive(Debug, Clone)]
pub enum Backend {
    Sqlite,
    /// The address of a server where databases may be made.
    Postgres(String),
}

impl Backend {
    /// The server named by `HG_TEST_POSTGRES`; says so when the half of a test is skipped.
    pub fn postgres() -> Option<Self> {
        match std::env::var("HG_TEST_POSTGRES") {
            Ok(url) => Some(Self::Postgres(url)),
            Err(_) => {
                assert!(std::env::var_os("CI").is_none(), "CI must set HG_TEST_POSTGRES");
                eprintln!("skipped on PostgreSQL: HG_TEST_POSTGRES is not set");
                None
            }
        }
    }
}

/// A database of one test; it goes with the value.
pub struct TestDb {
    pub db: Db,
    pub url: DbUrl,
    pub dir: TempDir,
    drop_at: Option<(String, String)>,
}

static SERIAL: AtomicU64 = AtomicU64::new(0);
static SQLITE_TEMPLATE: OnceCell<(TempDir, PathBuf)> = OnceCell::const_new();
static POSTGRES_TEMPLATE: OnceCell<String> = OnceCell::const_new();

fn options() -> Options {
    Options { durable: false, connections: 4, ..Options::default() }
}

fn temp_dir() -> TempDir {
    // Memory-backed where there is such a place: tests lose nothing they need by a power cut.
    let shm = std::path::Path::new("/dev/shm");
    if shm.is_dir() { tempfile::tempdir_in(shm) } else { tempfile::tempdir() }
        .unwrap_or_else(|e| panic!("a temporary folder: {e}"))
}

impl TestDb {
    /// A migrated database that nobody else uses.
    pub async fn new(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::sqlite().await,
            Backend::Postgres(url) => Self::postgres(url, true).await,
        }
    }

    /// A database without any table.
    pub async fn empty(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => {
                let dir = temp_dir();
                Self::open(DbUrl::Sqlite(dir.path().join("test.db")), dir, None).await
            }
            Backend::Postgres(url) => Self::postgres(url, false).await,
        }
    }

    async fn open(url: DbUrl, dir: TempDir, drop_at: Option<(String, String)>) -> Self {
        let db = Db::open(&url, options()).await.unwrap_or_else(|e| panic!("{e}"));
        Self { db, url, dir, drop_at }
    }

    async fn sqlite() -> Self {
        let (_, template) = SQLITE_TEMPLATE
            .get_or_init(|| async {
                let dir = temp_dir();
                let made = dir.path().join("made.db");
                let db = Db::open(&DbUrl::Sqlite(made.clone()), options()).await.unwrap_or_else(|e| panic!("{e}"));
                db.migrate(Timestamp(0)).await.unwrap_or_else(|e| panic!("{e}"));
                let template = dir.path().join("template.db");
                copy_sqlite(&made, &template).await.unwrap_or_else(|e| panic!("{e}"));
                db.close().await;
                (dir, template)
            })
            .await;
        let dir = temp_dir();
        let path = dir.path().join("test.db");
        std::fs::copy(template, &path).unwrap_or_else(|e| panic!("{e}"));
        Self::open(DbUrl::Sqlite(path), dir, None).await
    }

    async fn postgres(server: String, migrated: bool) -> Self {
        let name = format!("hg_{}_{}", std::process::id(), SERIAL.fetch_add(1, Ordering::SeqCst));
        let template = if migrated { Some(postgres_template(&server).await) } else { None };
        let create = match template {
            Some(t) => format!("CREATE DATABASE {name} TEMPLATE {t}"),
            None => format!("CREATE DATABASE {name}"),
        };
        admin(&server, vec![create]).await;
        Self::open(DbUrl::Postgres(with_database(&server, &name)), temp_dir(), Some((server, name))).await
    }
}

/// The template is shared by every test process of a run: its name tells the schema it was made from.
async fn postgres_template(server: &str) -> String {
    POSTGRES_TEMPLATE
        .get_or_init(|| async {
            let name = format!("hg_template_{}", schema_fingerprint());
            hg_store::testing::postgres_template(server, &name).await.unwrap_or_else(|e| panic!("{e}"));
            name
        })
        .await
        .clone()
}

async fn admin(server: &str, statements: Vec<String>) {
    postgres_admin(server, &statements).await.unwrap_or_else(|e| panic!("{statements:?}: {e}"));
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let Some((server, name)) = self.drop_at.take() else { return };
        let db = self.db.clone();
        // A runtime of its own: this may run while the test's own is going down.
        let drop_it = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(async {
                    db.close().await;
                    let _ = postgres_admin(&server, &[format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")]).await;
                });
            }
        };
        let _ = std::thread::spawn(drop_it).join();
    }
}
