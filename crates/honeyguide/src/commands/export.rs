//! `honeyguide export`: contacts as CSV.

use std::io::Write;
use std::path::PathBuf;

use clap::Subcommand;
use hg_app::contacts::{self, ContactQuery, ExportQuery};
use hg_app::list::ListQuery;
use hg_app::{Cx, Result};
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
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    let Command::Contacts { search, segment, columns, output } = args.command;
    let ws = open::reading(&config).await?;
    let cx = Cx::system(&ws);
    let list = ListQuery { search, ..ListQuery::default() };
    let query = ContactQuery { list, segment: segment.map(SegmentId), ..ContactQuery::default() };
    let (export, head) = contacts::export_start(&cx, ExportQuery { contacts: query, columns }).await?;
    let failed = |e: std::io::Error| open::plain(format!("The file cannot be written: {e}"));
    let mut out: Box<dyn Write + Send> = match &output {
        Some(path) => Box::new(std::fs::File::create(path).map_err(failed)?),
        None => Box::new(std::io::stdout()),
    };
    out.write_all(&head).map_err(failed)?;
    let mut after = None;
    while let Some((lines, last)) = contacts::export_page(&cx, &export, after).await? {
        out.write_all(&lines).map_err(failed)?;
        after = Some(last);
    }
    out.flush().map_err(failed)?;
    drop(out);
    ws.db.close().await;
    Ok(())
}
