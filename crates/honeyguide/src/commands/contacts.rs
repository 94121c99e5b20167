//! `honeyguide contacts`: bring duplicates together.

use clap::Subcommand;
use hg_app::{Cx, Result, duplicates};

use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide contacts deduplicate --dry-run\n  honeyguide contacts deduplicate\n\nOn SQLite the server must be stopped first."
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Find contacts that are one person and merge those that nothing speaks against.
    Deduplicate(Deduplicate),
}

#[derive(Debug, clap::Args)]
pub struct Deduplicate {
    /// The newer contact survives, instead of the older one.
    #[arg(long)]
    newer_into_older: bool,
    /// Pairs merged in one transaction.
    #[arg(long, default_value_t = 100)]
    batch: i64,
    /// Accepted for scripts written for Mautic; the work is done by one process.
    #[arg(long, default_value_t = 1, hide = true)]
    processes: u32,
    /// Only find and count.
    #[arg(long)]
    dry_run: bool,
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    match args.command {
        Command::Deduplicate(args) => deduplicate(args, config).await,
    }
}

pub async fn deduplicate(args: Deduplicate, config: Config) -> Result<()> {
    let ws = open::workspace(&config, false).await?;
    let outcome = find_and_merge(&Cx::system(&ws), &args).await;
    ws.db.close().await;
    outcome
}

async fn find_and_merge(cx: &Cx, args: &Deduplicate) -> Result<()> {
    let open = duplicates::find_now(cx).await?;
    println!("{open} pairs may be one person each.");
    if args.dry_run {
        return Ok(());
    }
    let merged = duplicates::merge_safe_now(cx, args.newer_into_older, args.batch).await?;
    println!("{merged} pairs merged; the others wait for a decision at Contacts, Duplicates.");
    Ok(())
}
