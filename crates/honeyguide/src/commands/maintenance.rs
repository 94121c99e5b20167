//! `honeyguide maintenance`: forget what has grown old.

use clap::Subcommand;
use hg_app::privacy::{self, CleanUp};
use hg_app::{Cx, Result};

use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide maintenance cleanup --dry-run\n  honeyguide maintenance cleanup --days-old 730 --gdpr\n\nOn SQLite the server must be stopped first; the server does the same every night by the rules in its settings."
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Erase visitors who did not come again, and with --gdpr contacts who did nothing.
    Cleanup(Cleanup),
    /// Write the database file anew, without what deleted rows left in it.
    Compact,
}

#[derive(Debug, clap::Args)]
pub struct Cleanup {
    /// Days without anything.
    #[arg(long, default_value_t = 365)]
    days_old: i64,
    /// Known contacts too.
    #[arg(long, short)]
    gdpr: bool,
    /// Only count.
    #[arg(long, short = 'r')]
    dry_run: bool,
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    match args.command {
        Command::Cleanup(args) => cleanup(args, config).await,
        Command::Compact => {
            let ws = open::workspace(&config, false).await?;
            let done = ws.db.compact(u64::MAX).await;
            ws.db.close().await;
            done?;
            println!("The database was compacted.");
            Ok(())
        }
    }
}

pub async fn cleanup(args: Cleanup, config: Config) -> Result<()> {
    let ws = open::workspace(&config, false).await?;
    let outcome = clean_up(&Cx::system(&ws), &args).await;
    ws.db.close().await;
    outcome
}

async fn clean_up(cx: &Cx, args: &Cleanup) -> Result<()> {
    let days = args.days_old.max(1);
    let rules = CleanUp { visitors_days: days, contacts_days: if args.gdpr { days } else { 0 }, ..CleanUp::default() };
    let (done, verb) = if args.dry_run {
        (privacy::count(cx, rules).await?, "would be erased")
    } else {
        (privacy::clean_up_now(cx, rules).await?, "erased")
    };
    println!("{} visitors and {} contacts {verb}.", done.visitors, done.contacts);
    Ok(())
}
