//! `honeyguide segments`: rebuild, list, explain.

use clap::Subcommand;
use hg_app::list::ListQuery;
use hg_app::{Cx, Result, company_segments, segments};
use hg_core::ids::{CompanySegmentId, SegmentId};

use super::explain;
use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide segments list\n  honeyguide segments rebuild --id 3\n  honeyguide segments explain 3 ada@example.org\n  honeyguide segments companies list\n\nOn SQLite, list and explain also work beside a running server."
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
    /// The segments of companies.
    Companies {
        #[command(subcommand)]
        command: OfCompanies,
    },
    /// Why a contact belongs to a segment or does not.
    Explain {
        /// Id, alias or name.
        segment: String,
        /// Id or email address.
        contact: String,
    },
}

#[derive(Debug, Subcommand)]
enum OfCompanies {
    /// All of them with their sizes.
    List,
    /// Gather their companies anew.
    Rebuild {
        /// Only this segment.
        #[arg(long)]
        id: Option<i64>,
    },
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    let writes = matches!(args.command, Command::Rebuild { .. } | Command::Companies { command: OfCompanies::Rebuild { .. } });
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
        Command::Companies { command: OfCompanies::List } => list_of_companies(cx).await,
        Command::Companies { command: OfCompanies::Rebuild { id } } => rebuild_of_companies(cx, id).await,
        Command::Explain { segment, contact } => explain::segment(cx, &segment, &contact).await,
    }
}

async fn list_of_companies(cx: &Cx) -> Result<()> {
    let mut query = ListQuery { limit: 500, ..ListQuery::default() };
    loop {
        let page = company_segments::list(cx, query.clone()).await?;
        for s in page.items {
            let state = s.broken.as_deref().unwrap_or(if s.published { "" } else { "not published" });
            println!("{:>5}  {:>9}  {}  {state}", s.id, s.members, s.name);
        }
        let Some(cursor) = page.next_cursor else { return Ok(()) };
        query.cursor = Some(cursor);
    }
}

async fn rebuild_of_companies(cx: &Cx, id: Option<i64>) -> Result<()> {
    for segment in company_segments::build_all_now(cx, id.map(CompanySegmentId)).await? {
        println!("{:>5}  {:>9}  {}", segment.id, segment.members, segment.name);
    }
    Ok(())
}

/// Options of `mautic:company-segments:update`. Those that paced its batches are taken and have no effect.
#[derive(Debug, clap::Args)]
pub struct MauticUpdateCompanies {
    /// Only this segment.
    #[arg(short = 'i', long = "segment-id")]
    segment_id: Option<i64>,
    #[arg(short = 'b', long = "batch-limit", hide = true)]
    batch_limit: Option<u32>,
    #[arg(short = 'm', long = "max-companies", hide = true)]
    max_companies: Option<u32>,
}

pub async fn mautic_update_companies(args: MauticUpdateCompanies, config: Config) -> Result<()> {
    let ws = open::workspace(&config, false).await?;
    let outcome = rebuild_of_companies(&Cx::system(&ws), args.segment_id).await;
    ws.db.close().await;
    outcome
}

/// Options of `mautic:segments:update`. Those that paced Mautic's rebuilds are taken and have no effect: every rebuild
/// writes in short batches.
#[derive(Debug, clap::Args)]
pub struct MauticUpdate {
    /// Only this segment.
    #[arg(short = 'i', long = "list-id")]
    list_id: Option<i64>,
    /// Leave these out.
    #[arg(short = 'd', long = "exclude")]
    exclude: Vec<i64>,
    /// Print how long each took.
    #[arg(long)]
    timing: bool,
    #[arg(short = 'b', long = "batch-limit", hide = true)]
    batch_limit: Option<u32>,
    #[arg(short = 'm', long = "max-contacts", hide = true)]
    max_contacts: Option<u32>,
    #[arg(short = 'f', long, hide = true)]
    force: bool,
    #[arg(long = "bypass-locking", hide = true)]
    bypass_locking: bool,
    #[arg(short = 't', long, hide = true)]
    timeout: Option<u32>,
    #[arg(short = 'x', long = "lock_mode", hide = true)]
    lock_mode: Option<String>,
}

pub async fn mautic_update(args: MauticUpdate, config: Config) -> Result<()> {
    let ws = open::workspace(&config, false).await?;
    let cx = Cx::system(&ws);
    let outcome = update_all(&cx, &args).await;
    ws.db.close().await;
    outcome
}

async fn update_all(cx: &Cx, args: &MauticUpdate) -> Result<()> {
    if let Some(id) = args.list_id {
        // An unknown id is said and ends with a failure, as scripts expect.
        segments::get(cx, SegmentId(id)).await?;
    }
    let excluded: Vec<SegmentId> = args.exclude.iter().map(|id| SegmentId(*id)).collect();
    for (segment, took) in segments::rebuild_all_but(cx, args.list_id.map(SegmentId), &excluded).await? {
        let took = if args.timing { format!(" ({:.2} s)", took as f64 / 1e3) } else { String::new() };
        println!("Segment {} “{}”: {} members{took}", segment.id, segment.name, segment.members);
    }
    Ok(())
}
