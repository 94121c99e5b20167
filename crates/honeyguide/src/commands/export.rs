//! `honeyguide export`: contacts and companies as CSV.

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use hg_app::contacts::{self, ContactQuery, ExportQuery};
use hg_app::list::ListQuery;
use hg_app::{Cx, Error, Result};
use hg_app::{companies, consents};
use hg_core::ids::SegmentId;

use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide export contacts > all.csv\n  honeyguide export contacts --search 'tag:news' --columns email,firstname --output news.csv\n\nOn SQLite this also works beside a running server."
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write contacts as CSV.
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
    /// Write companies as CSV.
    Companies {
        /// As in the search field of the list of companies.
        #[arg(long, default_value = "")]
        search: String,
        /// Aliases of fields, `id`, `score`, with commas between; all when absent.
        #[arg(long, value_delimiter = ',')]
        columns: Vec<String>,
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
        Command::Contacts { search, segment, columns, output } => {
            write_contacts(&cx, search, segment, columns, target(output.as_ref())?).await?;
        }
        Command::Consents { output } => write_consents(&cx, target(output.as_ref())?).await?,
        Command::Companies { search, columns, output } => {
            write_companies(&cx, &search, columns, target(output.as_ref())?).await?;
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

async fn write_companies(cx: &Cx, search: &str, columns: Vec<String>, mut out: Box<dyn Write + Send>) -> Result<()> {
    let (columns, head) = companies::export_start(cx, columns).await?;
    out.write_all(&head).map_err(failed)?;
    let mut after = 0;
    while let Some((lines, last)) = companies::export_page(cx, &columns, search, after).await? {
        out.write_all(&lines).map_err(failed)?;
        after = last;
    }
    out.flush().map_err(failed)
}

async fn write_contacts(
    cx: &Cx,
    search: String,
    segment: Option<i64>,
    columns: Vec<String>,
    mut out: Box<dyn Write + Send>,
) -> Result<()> {
    let list = ListQuery { search, ..ListQuery::default() };
    let query = ContactQuery { list, segment: segment.map(SegmentId), ..ContactQuery::default() };
    let (export, head) = contacts::export_start(cx, ExportQuery { contacts: query, columns }).await?;
    out.write_all(&head).map_err(failed)?;
    let mut after = None;
    while let Some((lines, last)) = contacts::export_page(cx, &export, after).await? {
        out.write_all(&lines).map_err(failed)?;
        after = Some(last);
    }
    out.flush().map_err(failed)
}
