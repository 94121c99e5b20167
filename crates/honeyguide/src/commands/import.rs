//! `honeyguide import`: contacts out of a file, without a browser.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use clap::Subcommand;
use hg_app::imports::{self, Counts, ImportOptions, ImportPatch, UndoCounts};
use hg_app::{Cx, Result};
use hg_core::ids::ImportId;
use hg_core::imports::Column;

use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide import contacts people.csv\n  honeyguide import contacts people.csv --dry-run\n  honeyguide import contacts people.csv --map 'Mail address=email' --tag news --purpose newsletter --consent-text 'Send me the newsletter'"
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Import contacts from a CSV file.
    Contacts {
        file: PathBuf,
        /// Where a column goes, as COLUMN=TARGET; the others are guessed. An empty target leaves the column out.
        #[arg(long = "map", value_name = "COLUMN=TARGET")]
        map: Vec<String>,
        /// Only say what would happen.
        #[arg(long)]
        dry_run: bool,
        /// Do not overwrite fields that have a value.
        #[arg(long)]
        skip_existing: bool,
        /// A tag for everybody in the file; may be given more than once.
        #[arg(long = "tag")]
        tags: Vec<String>,
        /// Everybody in the file agreed to this purpose, such as newsletter.
        #[arg(long)]
        purpose: Option<String>,
        /// The words that they read when they agreed; kept with each consent.
        #[arg(long, value_name = "TEXT")]
        consent_text: Option<String>,
        /// The id of a segment for everybody in the file.
        #[arg(long)]
        segment: Option<i64>,
        /// Found out when absent; `tab` for tabs.
        #[arg(long)]
        delimiter: Option<String>,
        /// Found out when absent, such as windows-1250.
        #[arg(long)]
        encoding: Option<String>,
    },
    /// Take an import of the last thirty days back.
    Undo {
        /// The number of the import, as in its address in the app.
        id: i64,
        /// Only say what would happen.
        #[arg(long)]
        dry_run: bool,
    },
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    match args.command {
        Command::Undo { id, dry_run } => undo(&config, ImportId(id), dry_run).await,
        contacts => contacts_from(contacts, config).await,
    }
}

/// Takes an import back.
async fn undo(config: &Config, id: ImportId, dry_run: bool) -> Result<()> {
    let ws = open::workspace(config, false).await?;
    let cx = Cx::system(&ws);
    let said = |c: UndoCounts| {
        format!("{} deleted, {} as they were, {} kept because changed since, {} gone already", c.deleted, c.restored, c.kept, c.gone)
    };
    let preview = imports::undo_preview(&cx, id).await?;
    if dry_run {
        let about = if preview.exact { "" } else { "about " };
        println!("Would be: {about}{}", said(preview.counts));
    } else {
        println!("{}", said(imports::undo_now(&cx, id).await?.counts));
    }
    ws.db.close().await;
    Ok(())
}

async fn contacts_from(command: Command, config: Config) -> Result<()> {
    let Command::Contacts { file, map, dry_run, skip_existing, tags, purpose, consent_text, segment, delimiter, encoding } =
        command
    else {
        return Ok(());
    };
    let ws = open::workspace(&config, false).await?;
    let cx = Cx::system(&ws);
    let unreadable = |e: std::io::Error| open::plain(format!("{} cannot be read: {e}", file.display()));
    let file = std::fs::canonicalize(&file).map_err(unreadable)?;
    let bytes = i64::try_from(std::fs::metadata(&file).map_err(unreadable)?.len()).unwrap_or(i64::MAX);
    let name = file.file_name().map_or_else(|| "contacts.csv".to_owned(), |n| n.to_string_lossy().into_owned());
    let delimiter = delimiter.and_then(|d| if d == "tab" { Some('\t') } else { d.chars().next() });
    let import = imports::create(&cx, &name, file, bytes, delimiter, encoding.as_deref()).await?;
    let mut mapping = import.setup.mapping.clone();
    for entry in &map {
        set_target(&mut mapping, &import.setup.headers, entry)?;
    }
    let options = ImportOptions { skip_existing, tags, purpose, consent_text, segment_id: segment, ..ImportOptions::default() };
    let patch = ImportPatch { mapping: Some(mapping), options: Some(options), ..ImportPatch::default() };
    let import = imports::patch(&cx, import.id, patch).await?;
    for column in &import.setup.mapping {
        println!("{:30} → {}", import.setup.headers[column.column], column.target.as_deref().unwrap_or("(left out)"));
    }
    if dry_run {
        let found = imports::try_now(&cx, import.id).await?;
        println!("\nWould be: {}", sentence(found.counts));
        for reason in found.reasons {
            println!("  {} × {} (such as line {})", reason.count, reason.reason, reason.example_line);
        }
    } else {
        let started = Instant::now();
        let done = imports::run_now(&cx, import.id, |counts| {
            let rate = counts.rows() as f64 / started.elapsed().as_secs_f64().max(0.001);
            eprint!("\r{} rows, {rate:.0} a second", counts.rows());
            let _ = std::io::stderr().flush();
        })
        .await?;
        println!("\n{}", sentence(done.counts));
        if done.counts.rejected > 0 {
            let path = format!("rejected_{}.csv", import.id);
            write_rejected(&cx, &import, &path).await?;
            println!("The rejected rows with their reasons are in {path}.");
        }
    }
    ws.db.close().await;
    Ok(())
}

fn sentence(c: Counts) -> String {
    format!("{} created, {} updated, {} unchanged, {} rejected", c.created, c.updated, c.skipped, c.rejected)
}

fn set_target(mapping: &mut [Column], headers: &[String], entry: &str) -> Result<()> {
    let wrong = || open::plain(format!("“{entry}” is no mapping; write COLUMN=TARGET with a column of the file"));
    let (header, target) = entry.split_once('=').ok_or_else(wrong)?;
    let place = headers.iter().position(|h| h == header.trim()).ok_or_else(wrong)?;
    let column = mapping.iter_mut().find(|c| c.column == place).ok_or_else(wrong)?;
    column.target = Some(target.trim().to_owned()).filter(|t| !t.is_empty());
    column.guessed = false;
    Ok(())
}

async fn write_rejected(cx: &Cx, import: &imports::Import, path: &str) -> Result<()> {
    let failed = |e: std::io::Error| open::plain(format!("{path} cannot be written: {e}"));
    let mut file = std::fs::File::create(path).map_err(failed)?;
    let mut after = None;
    while let Some((lines, last)) = imports::rejected_page(cx, import.id, after).await? {
        file.write_all(&lines).map_err(failed)?;
        after = Some(last);
    }
    Ok(())
}
