//! `honeyguide backup`: everything that a workspace is, in one folder, while the server runs.
//!
//! The folder holds the database (an SQLite copy, or the rows of every table as text), the files of the data folder
//! with the secret key, and `manifest.json` with the checksum of each. It is written under another name and gets its
//! own when it is complete: a folder with a manifest is a whole backup.

mod files;
mod manifest;
pub mod restore;

use std::path::{Path, PathBuf};

use hg_app::Result;
use hg_core::time::{Clock, Timestamp};
use hg_store::{DbUrl, backup, rows};

use crate::clock::SystemClock;
use crate::config::Config;
use crate::open;
use manifest::{Content, Manifest};

/// The copy of an SQLite database within a backup.
const SQLITE_FILE: &str = "honeyguide.db";
/// The rows of every table, one file each.
const ROWS_FOLDER: &str = "rows";
/// What lay in the data folder.
const FILES_FOLDER: &str = "files";

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide backup\n  honeyguide backup --output /backups/monday\n  honeyguide backup --portable --output to-postgres\n\nWorks beside a running server. The backup holds the secret key and everything about your contacts: keep it safe. Bring it back with honeyguide restore."
)]
pub struct Args {
    /// A folder that is not there yet; honeyguide-backup-DATE-TIME in this folder when absent.
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Write the rows as text even on SQLite: such a backup can be restored into PostgreSQL.
    #[arg(long)]
    portable: bool,
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    let now = SystemClock.now();
    let target = args.output.unwrap_or_else(|| PathBuf::from(format!("honeyguide-backup-{}", stamp(now))));
    if target.exists() {
        return Err(open::plain(format!("{} is there already; choose another folder with --output", target.display())));
    }
    let half = PathBuf::from(format!("{}.part", target.display()));
    let taken = take(&config, args.portable, now, &half).await;
    if taken.is_err() {
        let _ = std::fs::remove_dir_all(&half);
    }
    let manifest = taken?;
    std::fs::rename(&half, &target).map_err(|e| open::plain(format!("{} cannot be named: {e}", target.display())))?;
    println!("Backed up to {}: {}.", target.display(), manifest.in_words());
    if config.secret_key.is_some() {
        println!(
            "The secret key comes from the configuration and is not in the backup. Keep it too: links in mails are signed with it."
        );
    }
    Ok(())
}

async fn take(config: &Config, portable: bool, now: Timestamp, folder: &Path) -> Result<Manifest> {
    files::make_private(folder)?;
    let db = open::database_for_reading(config).await?;
    let schema = db.schema_version().await.map_err(open::said)?;
    if schema == 0 {
        return Err(open::plain("the database is empty; there is nothing to back up".into()));
    }
    let content = match db.file().filter(|_| !portable) {
        Some(file) => {
            let copy = folder.join(SQLITE_FILE);
            backup::copy_sqlite(file, &copy).await.map_err(open::said)?;
            backup::check_sqlite(&copy).await.map_err(open::said)?;
            Content::Sqlite
        }
        None => {
            let rows_folder = folder.join(ROWS_FOLDER);
            files::make_private(&rows_folder)?;
            Content::Rows { rows: rows::write_out(&db, &rows_folder).await.map_err(open::said)? }
        }
    };
    db.close().await;
    // The database comes first: every file that it names is older than the copy.
    let database = match config.database_url().parse().map_err(open::said)? {
        DbUrl::Sqlite(path) => Some(path),
        DbUrl::Postgres(_) => None,
    };
    files::copy_data_folder(&config.data_dir, database.as_deref(), &folder.join(FILES_FOLDER))?;
    let manifest = Manifest::of(folder, schema, now, content)?;
    manifest.write(folder)?;
    Ok(manifest)
}

/// `20261122-084500`, for names of files.
fn stamp(now: Timestamp) -> String {
    now.sql_text().replace(['-', ':'], "").replace(' ', "-")
}
