//! `honeyguide import`: contacts out of a file, without a browser.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use clap::Subcommand;
use hg_app::imports::{self, Counts, Import, ImportPatch, UndoCounts};
use hg_app::{Cx, Result};
use hg_core::ids::ImportId;
use hg_core::imports::{Column, Object, Policy};

use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide import contacts people.csv\n  honeyguide import contacts people.csv --dry-run\n  honeyguide import companies firms.xlsx\n  honeyguide import undo 7\n  honeyguide import contacts people.csv --map 'Mail address=email' --tag news --purpose newsletter --consent-text 'Send me the newsletter'"
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Import contacts from a file: CSV, TSV, JSON lines or an Excel workbook.
    Contacts(FileArgs),
    /// Import companies from a file.
    Companies(FileArgs),
    /// Take an import of the last thirty days back.
    Undo {
        /// The number of the import, as in its address in the app.
        id: i64,
        /// Only say what would happen.
        #[arg(long)]
        dry_run: bool,
    },
}

#[derive(Debug, clap::Args)]
struct FileArgs {
    file: PathBuf,
    /// Where a column goes, as COLUMN=TARGET; the others are guessed. An empty target leaves the column out.
    #[arg(long = "map", value_name = "COLUMN=TARGET")]
    map: Vec<String>,
    /// Columns that only fill what is empty.
    #[arg(long, value_name = "COLUMN")]
    if_empty: Vec<String>,
    /// Columns whose choices are added to those that are there.
    #[arg(long, value_name = "COLUMN")]
    append: Vec<String>,
    /// Take a mapping that was saved under this name.
    #[arg(long, value_name = "NAME")]
    mapping: Option<String>,
    /// Save the mapping under this name.
    #[arg(long, value_name = "NAME")]
    save_mapping: Option<String>,
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
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    match args.command {
        Command::Undo { id, dry_run } => undo(&config, ImportId(id), dry_run).await,
        Command::Contacts(file) => from_file(file, Object::Contact, &config).await,
        Command::Companies(file) => from_file(file, Object::Company, &config).await,
    }
}

/// Takes an import back.
async fn undo(config: &Config, id: ImportId, dry_run: bool) -> Result<()> {
    let ws = open::workspace(config, false).await?;
    let cx = Cx::system(&ws);
    let said = |c: UndoCounts| {
        format!(
            "{} deleted, {} as they were, {} kept because changed since, {} gone already",
            c.deleted, c.restored, c.kept, c.gone
        )
    };
    let preview = imports::undo_preview(&cx, id).await?;
    if let Some(reason) = preview.reason {
        println!("{reason}");
    } else if dry_run {
        let about = if preview.exact { "" } else { "about " };
        println!("Would be: {about}{}", said(preview.counts));
    } else {
        println!("{}", said(imports::undo_now(&cx, id).await?.counts));
    }
    ws.db.close().await;
    Ok(())
}

async fn from_file(args: FileArgs, object: Object, config: &Config) -> Result<()> {
    let ws = open::workspace(config, false).await?;
    let cx = Cx::system(&ws);
    let import = prepared(&cx, &args, object).await?;
    for column in &import.setup.mapping {
        println!("{:30} → {}", import.setup.headers[column.column], column.target.as_deref().unwrap_or("(left out)"));
    }
    if args.dry_run {
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

/// The import of the file as the arguments want it, not started.
async fn prepared(cx: &Cx, args: &FileArgs, object: Object) -> Result<Import> {
    let unreadable = |e: std::io::Error| open::plain(format!("{} cannot be read: {e}", args.file.display()));
    let file = std::fs::canonicalize(&args.file).map_err(unreadable)?;
    let bytes = i64::try_from(std::fs::metadata(&file).map_err(unreadable)?.len()).unwrap_or(i64::MAX);
    let name = file.file_name().map_or_else(|| "contacts.csv".to_owned(), |n| n.to_string_lossy().into_owned());
    let delimiter = args.delimiter.as_deref().and_then(|d| if d == "tab" { Some('\t') } else { d.chars().next() });
    let mut import = imports::create(cx, object, &name, file, bytes, delimiter, args.encoding.as_deref()).await?;
    if let Some(wanted) = &args.mapping {
        let saved = imports::saved_mappings(cx).await?.into_iter().find(|m| m.name == *wanted && m.object == object);
        let saved = saved.ok_or_else(|| open::plain(format!("there is no saved mapping “{wanted}”")))?;
        import = imports::apply_mapping(cx, import.id, saved.id).await?;
    }
    let mut mapping = import.setup.mapping.clone();
    for entry in &args.map {
        set_target(&mut mapping, &import.setup.headers, entry)?;
    }
    for (headers, policy) in [(&args.if_empty, Policy::IfEmpty), (&args.append, Policy::Append)] {
        for header in headers {
            column_of(&mut mapping, &import.setup.headers, header)?.policy = policy;
        }
    }
    let mut options = import.setup.options.clone();
    options.skip_existing |= args.skip_existing;
    options.tags.extend(args.tags.iter().cloned());
    options.purpose = args.purpose.clone().or(options.purpose);
    options.consent_text = args.consent_text.clone().or(options.consent_text);
    options.segment_id = args.segment.or(options.segment_id);
    let patch = ImportPatch { mapping: Some(mapping), options: Some(options), ..ImportPatch::default() };
    let import = imports::patch(cx, import.id, patch).await?;
    if let Some(name) = &args.save_mapping {
        imports::save_mapping(cx, import.id, name.clone()).await?;
    }
    Ok(import)
}

fn column_of<'a>(mapping: &'a mut [Column], headers: &[String], header: &str) -> Result<&'a mut Column> {
    let missing = || open::plain(format!("the file has no column “{header}”"));
    let place = headers.iter().position(|h| h == header.trim()).ok_or_else(missing)?;
    mapping.iter_mut().find(|c| c.column == place).ok_or_else(missing)
}

fn sentence(c: Counts) -> String {
    format!("{} created, {} updated, {} unchanged, {} rejected", c.created, c.updated, c.skipped, c.rejected)
}

fn set_target(mapping: &mut [Column], headers: &[String], entry: &str) -> Result<()> {
    let wrong = || open::plain(format!("“{entry}” is no mapping; write COLUMN=TARGET with a column of the file"));
    let (header, target) = entry.split_once('=').ok_or_else(wrong)?;
    let column = column_of(mapping, headers, header)?;
    column.target = Some(target.trim().to_owned()).filter(|t| !t.is_empty());
    column.guessed = false;
    Ok(())
}

async fn write_rejected(cx: &Cx, import: &Import, path: &str) -> Result<()> {
    let failed = |e: std::io::Error| open::plain(format!("{path} cannot be written: {e}"));
    let mut file = std::fs::File::create(path).map_err(failed)?;
    let mut after = None;
    while let Some((lines, last)) = imports::rejected_page(cx, import.id, after).await? {
        file.write_all(&lines).map_err(failed)?;
        after = Some(last);
    }
    Ok(())
}
