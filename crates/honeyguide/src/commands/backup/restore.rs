//! `honeyguide restore`: a backup becomes the workspace again. What was there is kept beside it.

use std::path::{Path, PathBuf};

use hg_app::campaigns::{self, CampaignQuery, State};
use hg_app::emails::SendingState;
use hg_app::list::ListQuery;
use hg_app::{Cx, Result, emails, fields, sending, users};
use hg_core::time::{Clock, Timestamp};
use hg_store::{Db, DbUrl, Options, backup, migrate, rows};

use super::manifest::{Content, Manifest};
use super::{FILES_FOLDER, ROWS_FOLDER, SQLITE_FILE, files, stamp};
use crate::clock::SystemClock;
use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide restore honeyguide-backup-20261122-084500 --data-dir /var/lib/honeyguide\n  honeyguide restore monday --force --pause\n  honeyguide restore to-postgres --database postgres://hg@db/honeyguide\n\nStop the server first. With --force what was there is kept under another name, never deleted. Everybody has to sign in again."
)]
pub struct Args {
    /// The folder that honeyguide backup made.
    backup: PathBuf,
    /// Replace a workspace that is there; it is kept.
    #[arg(long)]
    force: bool,
    /// Pause every campaign and every send, so that you can look before anything goes on where the backup stopped.
    #[arg(long)]
    pause: bool,
    /// Only check that the backup is whole.
    #[arg(long)]
    check: bool,
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    let manifest = Manifest::checked(&args.backup)?;
    println!("The backup of {} UTC is whole: {}.", manifest.made_at.sql_text(), manifest.in_words());
    if args.check {
        return Ok(());
    }
    if manifest.schema > migrate::newest() {
        let (found, known) = (manifest.schema, migrate::newest());
        return Err(open::plain(format!(
            "the backup was made by a newer Honeyguide (schema {found}, this one knows {known}); use that version"
        )));
    }
    let now = SystemClock.now();
    let kept = format!("{}{}", files::KEPT, stamp(now));
    let restore = Restore { from: &args.backup, manifest: &manifest, config: &config, force: args.force, now, kept };
    std::fs::create_dir_all(&config.data_dir).map_err(files::failed(&config.data_dir, "made"))?;
    match config.database_url().parse().map_err(open::said)? {
        DbUrl::Sqlite(path) => restore.to_sqlite(&path).await?,
        DbUrl::Postgres(url) => restore.to_postgres(&url).await?,
    }
    restore.bring_files_back()?;
    finish(&config, args.pause).await
}

struct Restore<'a> {
    from: &'a Path,
    manifest: &'a Manifest,
    config: &'a Config,
    force: bool,
    now: Timestamp,
    /// Names what was there before.
    kept: String,
}

impl Restore<'_> {
    fn refuse(&self, place: &str) -> Result<()> {
        if self.force {
            return Ok(());
        }
        Err(open::plain(format!(
            "{place} holds a workspace already; with --force it is kept under another name and replaced, or choose another place"
        )))
    }

    async fn to_sqlite(&self, place: &Path) -> Result<()> {
        if place.exists() {
            self.refuse(&place.display().to_string())?;
        }
        let fresh = PathBuf::from(format!("{}.restoring", place.display()));
        for old in [fresh.clone(), PathBuf::from(format!("{}-wal", fresh.display()))] {
            let _ = std::fs::remove_file(old);
        }
        match self.manifest.content {
            Content::Sqlite => files::copy(&self.from.join(SQLITE_FILE), &fresh)?,
            Content::Rows { .. } => self.fill(&DbUrl::Sqlite(fresh.clone())).await?,
        }
        backup::check_sqlite(&fresh).await.map_err(open::said)?;
        let old = backup::replace_sqlite(&fresh, place, &format!(".{}", self.kept)).await.map_err(open::said)?;
        let _ = std::fs::remove_file(format!("{}.lock", fresh.display()));
        if let Some(old) = old {
            println!("The database that was there is kept as {}.", old.display());
        }
        println!("The database is back in {}.", place.display());
        Ok(())
    }

    async fn to_postgres(&self, url: &str) -> Result<()> {
        if matches!(self.manifest.content, Content::Sqlite) {
            return Err(open::plain(
                "this backup is a copy of an SQLite file; for PostgreSQL make one with honeyguide backup --portable".into(),
            ));
        }
        let (replacement, occupied) = backup::Replacement::begin(url).await.map_err(open::said)?;
        if occupied {
            self.refuse("the PostgreSQL database")?;
        }
        let work = replacement.prepare().await.map_err(open::said)?;
        self.fill(&work.parse().map_err(open::said)?).await?;
        let schema = self.kept.replace('-', "_");
        replacement.finish(&schema).await.map_err(open::said)?;
        if occupied {
            println!("The tables that were there are kept in the schema {schema}.");
        }
        println!("The database is back.");
        Ok(())
    }

    /// Fills an empty database with the rows of the backup.
    async fn fill(&self, url: &DbUrl) -> Result<()> {
        let db = Db::open(url, Options::default()).await.map_err(open::said)?;
        rows::load(&db, &self.from.join(ROWS_FOLDER), self.manifest.schema, self.now).await.map_err(open::said)?;
        db.write(fields::restore_unique_rules).await?;
        db.close().await;
        Ok(())
    }

    /// Puts the files back; those that differ from what is there are kept.
    fn bring_files_back(&self) -> Result<()> {
        let (source, target) = (self.from.join(FILES_FOLDER), &self.config.data_dir);
        let mut kept = 0;
        for name in self.manifest.below(FILES_FOLDER) {
            let (from, to) = (source.join(name), target.join(name));
            if to.exists() {
                if std::fs::read(&to).ok() == std::fs::read(&from).ok() {
                    continue;
                }
                files::copy(&to, &target.join(&self.kept).join(name))?;
                kept += 1;
            }
            files::copy(&from, &to)?;
        }
        if kept > 0 {
            println!("{kept} files that were there are kept in {}.", target.join(&self.kept).display());
        }
        if self.config.secret_key.is_some() {
            println!(
                "The secret key comes from the configuration. It must be the one of the time of the backup, or links in mails sent before no longer work."
            );
        }
        Ok(())
    }
}

/// Opens what was restored once: brings its schema up to date, ends every session, and says what goes on.
async fn finish(config: &Config, pause: bool) -> Result<()> {
    let ws = open::workspace(config, false).await?;
    let cx = Cx::system(&ws);
    users::end_every_session(&cx).await?;
    let outcome = what_goes_on(&cx, pause).await;
    ws.db.close().await;
    outcome
}

async fn what_goes_on(cx: &Cx, pause: bool) -> Result<()> {
    let most = ListQuery { limit: 500, ..ListQuery::default() };
    let published = CampaignQuery { list: most.clone(), state: Some(State::Published) };
    let running = campaigns::list(cx, published).await?.items;
    let mut going = emails::list(cx, most, None).await?.items;
    going.retain(|e| e.send_state == SendingState::Sending);
    if running.is_empty() && going.is_empty() {
        return Ok(());
    }
    if !pause {
        println!(
            "{} campaigns and {} sends go on where the backup stopped, as soon as the server starts. What they sent after it was made is sent again; --pause holds them.",
            running.len(),
            going.len()
        );
        return Ok(());
    }
    for campaign in &running {
        campaigns::pause(cx, campaign.id).await?;
    }
    for email in &going {
        sending::pause(cx, email.id).await?;
    }
    println!("{} campaigns and {} sends are paused; start them again in the app.", running.len(), going.len());
    Ok(())
}
