//! `honeyguide segments`: rebuild, list, explain.

use clap::Subcommand;
use hg_app::list::ListQuery;
use hg_app::{Cx, Result, segments};
use hg_core::ids::{ContactId, SegmentId};
use hg_core::segments::Explained;

use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide segments list\n  honeyguide segments rebuild --id 3\n  honeyguide segments explain 3 47"
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
    Explain { segment: i64, contact: i64 },
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    let ws = open::workspace(&config, false).await?;
    let cx = Cx::system(&ws);
    match args.command {
        Command::List => {
            let mut query = ListQuery { limit: 500, ..ListQuery::default() };
            loop {
                let page = segments::list(&cx, query.clone()).await?;
                for s in page.items {
                    let state = s.broken.as_deref().unwrap_or(if s.published { "" } else { "not published" });
                    println!("{:>5}  {:>9}  {}  {state}", s.id, s.members, s.name);
                }
                let Some(cursor) = page.next_cursor else { break };
                query.cursor = Some(cursor);
            }
        }
        Command::Rebuild { id } => {
            for (segment, took) in segments::rebuild_all_now(&cx, id.map(SegmentId)).await? {
                println!("{:>5}  {:>9}  {}  {took} ms", segment.id, segment.members, segment.name);
            }
        }
        Command::Explain { segment, contact } => {
            let why = segments::explain(&cx, SegmentId(segment), ContactId(contact)).await?;
            let since = why.since.map_or(String::new(), |t| format!(", since {t}"));
            println!("{} ({}{since})", if why.member { "A member" } else { "Not a member" }, why.origin);
            if let Some(tree) = why.tree {
                show(&tree, 0);
            }
        }
    }
    ws.db.close().await;
    Ok(())
}

fn show(node: &Explained, depth: usize) {
    let found = node.actual.as_ref().map_or(String::new(), |a| format!("; found: {a}"));
    let bounds = node.bounds.as_ref().map_or(String::new(), |b| format!("; asked: {b}"));
    println!("{}{} {}{found}{bounds}", "  ".repeat(depth), if node.verdict { "yes" } else { "no " }, node.label);
    for child in &node.children {
        show(child, depth + 1);
    }
}
