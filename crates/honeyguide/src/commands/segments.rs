//! `honeyguide segments`: rebuild, list, explain.

use clap::Subcommand;
use hg_app::list::ListQuery;
use hg_app::{Cx, Result, segments};
use hg_core::ids::SegmentId;

use super::explain;
use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide segments list\n  honeyguide segments rebuild --id 3\n  honeyguide segments explain 3 ada@example.org\n\nOn SQLite, list and explain also work beside a running server."
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All segments with their sizes.
    List,
    /// Gather the members anew. Live membership makes this unnecessary; it proves that nothing drifted.
    Rebuild {
        /// Only this segment.
        #[arg(long)]
        id: Option<i64>,
    },
    /// Why a contact belongs to a segment or does not.
    Explain {
        /// Id, alias or name.
        segment: String,
        /// Id or email address.
        contact: String,
    },
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    let writes = matches!(args.command, Command::Rebuild { .. });
    let ws = if writes { open::workspace(&config, false).await? } else { open::reading(&config).await? };
    let cx = Cx::system(&ws);
    let outcome = execute(&cx, args.command).await;
    ws.db.close().await;
    outcome
}

async fn execute(cx: &Cx, command: Command) -> Result<()> {
    match command {
        Command::List => {
            let mut query = ListQuery { limit: 500, ..ListQuery::default() };
            loop {
                let page = segments::list(cx, query.clone()).await?;
                for s in page.items {
                    let state = s.broken.as_deref().unwrap_or(if s.published { "" } else { "not published" });
                    println!("{:>5}  {:>9}  {}  {state}", s.id, s.members, s.name);
                }
                let Some(cursor) = page.next_cursor else { return Ok(()) };
                query.cursor = Some(cursor);
            }
        }
        Command::Rebuild { id } => {
            for (segment, took) in segments::rebuild_all_now(cx, id.map(SegmentId)).await? {
                println!("{:>5}  {:>9}  {}  {took} ms", segment.id, segment.members, segment.name);
            }
            Ok(())
        }
        Command::Explain { segment, contact } => explain::segment(cx, &segment, &contact).await,
    }
}
