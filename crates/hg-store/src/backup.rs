//! Whole databases: copied while they are in use, checked, and put in the place of others.
//!
//! An SQLite file is copied as a file ([`copy_sqlite`]). The rows of either database can also be written out and
//! loaded into either ([`crate::rows`]). What is replaced is always kept: the file under another name, the tables in a
//! schema of their own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use rusqlite::OpenFlags;
use tokio_postgres::NoTls;

use crate::Result;
use crate::error::StoreError;

/// Where the rows of a backup gather before they take the place of the tables.
const WORK_SCHEMA: &str = "honeyguide_restore";

/// Copies an SQLite database into a new file, as it stands, also while somebody writes it.
pub async fn copy_sqlite(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (from.to_owned(), to.to_owned());
    blocking(move || {
        let conn = crate::sqlite::open_connection(&from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let target = to.to_str().ok_or_else(|| StoreError::Other("the name of the copy is not UTF-8".into()))?;
        conn.execute("VACUUM INTO ?1", [target])?;
        Ok(())
    })
    .await
}

/// Reads every page of an SQLite file and says whether it is whole.
pub async fn check_sqlite(file: &Path) -> Result<()> {
    let file = file.to_owned();
    blocking(move || {
        let conn = crate::sqlite::open_connection(&file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let word: String = conn.query_row("PRAGMA integrity_check(1)", [], |r| r.get(0))?;
        if word == "ok" { Ok(()) } else { Err(StoreError::Damaged(word)) }
    })
    .await
}

/// Puts a new SQLite file in the place of another, which is kept under its name and `suffix`; where it is now.
/// Refused while another process has the old one open.
pub async fn replace_sqlite(new: &Path, place: &Path, suffix: &str) -> Result<Option<PathBuf>> {
    let (new, place, suffix) = (new.to_owned(), place.to_owned(), suffix.to_owned());
    blocking(move || {
        let _lock = crate::sqlite::lock_file(&place)?;
        let failed = |e: std::io::Error| StoreError::Other(format!("{} cannot be replaced: {e}", place.display()));
        let kept = with_suffix(&place, &suffix);
        let there = place.exists();
        // The log belongs to the file and goes with it, so that what is kept can be opened again.
        for tail in ["-wal", "-shm", ""] {
            let part = with_suffix(&place, tail);
            if part.exists() {
                std::fs::rename(&part, with_suffix(&kept, tail)).map_err(failed)?;
            }
        }
        std::fs::rename(&new, &place).map_err(failed)?;
        Ok(there.then_some(kept))
    })
    .await
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

async fn blocking<T: Send + 'static>(f: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(f).await.map_err(|e| StoreError::Other(e.to_string()))?
}

/// A PostgreSQL database whose tables are about to be replaced: the new ones are made beside them and take their
/// place in one transaction, so that a failure on the way leaves everything as it was.
pub struct Replacement {
    client: tokio_postgres::Client,
    url: String,
}

impl Replacement {
    /// Whether the database holds tables of ours. Others are refused: it is somebody else's.
    pub async fn begin(url: &str) -> Result<(Self, bool)> {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        let steps = client.query_one("SELECT count(*) FROM pg_class WHERE oid = to_regclass('schema_steps')", &[]).await?;
        let ours = steps.get::<_, i64>(0) > 0;
        if !ours && !tables_of(&client, "current_schema()").await?.is_empty() {
            return Err(StoreError::Damaged("it holds tables, but none of ours; restore into an empty database".into()));
        }
        Ok((Self { client, url: url.to_owned() }, ours))
    }

    /// Makes room for the new tables; the address under which they are to be made. Refused while others are connected.
    pub async fn prepare(&self) -> Result<String> {
        let others: i64 = self
            .client
            .query_one(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                 AND backend_type = 'client backend'",
                &[],
            )
            .await?
            .get(0);
        if others > 0 {
            return Err(StoreError::Occupied(others));
        }
        self.client.batch_execute(&format!("DROP SCHEMA IF EXISTS {WORK_SCHEMA} CASCADE; CREATE SCHEMA {WORK_SCHEMA}")).await?;
        let joint = if self.url.contains('?') { '&' } else { '?' };
        Ok(format!("{}{joint}options=-c%20search_path%3D{WORK_SCHEMA}", self.url))
    }

    /// Puts the new tables in place; the old ones go into the schema `keep`.
    pub async fn finish(self, keep: &str) -> Result<()> {
        let place: String = self.client.query_one("SELECT current_schema()::text", &[]).await?.get(0);
        let old = tables_of(&self.client, "current_schema()").await?;
        let new = tables_of(&self.client, &format!("'{WORK_SCHEMA}'")).await?;
        let mut text = String::from("BEGIN; ");
        if !old.is_empty() {
            text.push_str(&format!("CREATE SCHEMA \"{keep}\"; "));
        }
        for table in old {
            text.push_str(&format!("ALTER TABLE \"{place}\".\"{table}\" SET SCHEMA \"{keep}\"; "));
        }
        for table in new {
            text.push_str(&format!("ALTER TABLE {WORK_SCHEMA}.\"{table}\" SET SCHEMA \"{place}\"; "));
        }
        text.push_str(&format!("DROP SCHEMA {WORK_SCHEMA}; COMMIT"));
        Ok(self.client.batch_execute(&text).await?)
    }
}

async fn tables_of(client: &tokio_postgres::Client, schema: &str) -> Result<Vec<String>> {
    let text = format!("SELECT tablename::text FROM pg_tables WHERE schemaname = {schema}");
    Ok(client.query(&text, &[]).await?.into_iter().map(|r| r.get(0)).collect())
}
