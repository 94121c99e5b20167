//! `honeyguide mailbox`: what comes back for messages.

use clap::Subcommand;
use hg_app::{Cx, Result, returns};

use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide mailbox fetch\n  honeyguide mailbox fetch --limit 50\n\nThe mailbox is set in the app, under Settings, Deliverability. The server looks into it by itself."
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read the mails that nobody has seen, and write what follows from them.
    Fetch(Fetch),
}

#[derive(Debug, clap::Args)]
pub struct Fetch {
    /// At most so many mails.
    #[arg(short = 'm', long = "limit", alias = "message-limit", value_name = "N")]
    limit: Option<usize>,
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    let Command::Fetch(args) = args.command;
    fetch(args, config).await
}

/// The same under the name that Mautic has for it.
pub async fn fetch(args: Fetch, config: Config) -> Result<()> {
    let ws = open::workspace(&config, false).await?;
    let outcome = returns::fetch(&Cx::system(&ws), args.limit).await;
    ws.db.close().await;
    let look = outcome?;
    println!("{} mails were read.", look.fetched);
    match look.error {
        Some(error) => Err(open::plain(error)),
        None => Ok(()),
    }
}
