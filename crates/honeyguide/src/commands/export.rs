//! `honeyguide export`: contacts, companies and consents as files.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use hg_app::consents;
use hg_app::contacts::{ContactQuery, ExportQuery};
use hg_app::exports::{self, Format};
use hg_app::list::ListQuery;
use hg_app::{Cx, Error, Result};
use hg_core::ids::SegmentId;

use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide export contacts > all.csv\n  honeyguide export contacts --search 'tag:news' --columns email,firstname --output news.csv\n  honeyguide export contacts --segment 3 --format xlsx --output members.xlsx\n  honeyguide export companies --format jsonl | jq .companyname\n\nOn SQLite this also works beside a running server."
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write contacts as CSV, JSON lines or a workbook.
    Contacts {
        /// As in the search field of the contact list.
        #[arg(long, default_value = "")]
        search: String,
        /// The id of a segment.
        #[arg(long)]
        segment: Option<i64>,
        /// Aliases of fields, `id`, `tags`, `do_not_contact`, with commas between; all when absent.
        #[arg(long, value_delimiter = ',')]
        columns: Vec<String>,
        /// `csv`, `jsonl` (one JSON object a line) or `xlsx`; the ending of the output's name when absent, else `csv`.
        #[arg(long, value_parser = ["csv", "jsonl", "xlsx"])]
        format: Option<String>,
        /// A file; the screen when absent.
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// Write every word on consents as CSV, with its proof.
    Consents {
        /// A file; the screen when absent.
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// Write companies as CSV, JSON lines or a workbook.
    Companies {
        /// As in the search field of the list of companies.
        #[arg(long, default_value = "")]
        search: String,
        /// Aliases of fields, `id`, `score`, with commas between; all when absent.
        #[arg(long, value_delimiter = ',')]
        columns: Vec<String>,
        /// `csv`, `jsonl` (one JSON object a line) or `xlsx`; the ending of the output's name when absent, else `csv`.
        #[arg(long, value_parser = ["csv", "jsonl", "xlsx"])]
        format: Option<String>,
        /// A file; the screen when absent.
        #[arg(long)]
        output: Option<PathBuf>,
    },
}

fn failed(e: std::io::Error) -> Error {
    open::plain(format!("The file cannot be written: {e}"))
}

fn target(output: Option<&PathBuf>) -> Result<Box<dyn Write + Send>> {
    Ok(match output {
        Some(path) => Box::new(std::fs::File::create(path).map_err(failed)?),
        None => Box::new(std::io::stdout()),
    })
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    let ws = open::reading(&config).await?;
    let cx = Cx::system(&ws);
    match args.command {
        Command::Contacts { search, segment, columns, format, output } => {
            let list = ListQuery { search, ..ListQuery::default() };
            let contacts = ContactQuery { list, segment: segment.map(SegmentId), ..ContactQuery::default() };
            let (query, format) = (ExportQuery { contacts, columns }, format_of(format.as_deref(), output.as_deref()));
            told(exports::contacts_now(&cx, query, format, output.as_deref()).await?, "contacts", output.as_deref());
        }
        Command::Consents { output } => write_consents(&cx, target(output.as_ref())?).await?,
        Command::Companies { search, columns, format, output } => {
            let format = format_of(format.as_deref(), output.as_deref());
            let written = exports::companies_now(&cx, &search, columns, format, output.as_deref()).await?;
            told(written, "companies", output.as_deref());
        }
    }
    ws.db.close().await;
    Ok(())
}

async fn write_consents(cx: &Cx, mut out: Box<dyn Write + Send>) -> Result<()> {
    out.write_all(&consents::export_start(cx).await?).map_err(failed)?;
    let mut after = 0;
    while let Some((lines, last)) = consents::export_page(cx, after).await? {
        out.write_all(&lines).map_err(failed)?;
        after = last;
    }
    out.flush().map_err(failed)
}

/// The format that was chosen, or the one that the name of the file says.
fn format_of(chosen: Option<&str>, output: Option<&Path>) -> Format {
    let ending = output.and_then(Path::extension).and_then(|e| e.to_str()).map(str::to_lowercase);
    chosen.or(ending.as_deref()).and_then(Format::from_key).unwrap_or(Format::Csv)
}

/// What was written where; nothing beside rows on the screen.
fn told(written: u64, things: &str, output: Option<&Path>) {
    if let Some(path) = output {
        eprintln!("{written} {things} written to {}", path.display());
    }
}
