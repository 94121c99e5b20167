//! `honeyguide suppressions`: the addresses that must not be written to.

use clap::Subcommand;
use hg_app::list::ListQuery;
use hg_app::suppressions::{self, Cause, Suppression, SuppressionQuery};
use hg_app::{Cx, Error, Result};

use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide suppressions list\n  honeyguide suppressions add ada@example.org --cause complained\n  honeyguide suppressions remove ada@example.org\n\nThe list holds hashes of addresses, so that it can outlive the contacts. On SQLite, list also works beside a running server."
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The list, what was added last first.
    List {
        /// Only this address, or this hash of one.
        address: Option<String>,
        /// Only those with this cause: unsubscribed, bounced, manual or complained.
        #[arg(long)]
        cause: Option<String>,
    },
    /// Put an address, or the hash of one, on the list.
    Add {
        address: String,
        /// Why: unsubscribed, bounced, manual or complained.
        #[arg(long, default_value = "manual")]
        cause: String,
        /// Kept with the entry, for colleagues.
        #[arg(long)]
        comments: Option<String>,
    },
    /// Take an address, or the hash of one, off the list.
    Remove { address: String },
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    let reads = matches!(args.command, Command::List { .. });
    let ws = if reads { open::reading(&config).await? } else { open::workspace(&config, false).await? };
    let outcome = execute(&Cx::system(&ws), args.command).await;
    ws.db.close().await;
    outcome
}

fn cause(word: &str) -> Result<Cause> {
    let wrong = || Error::field("/cause", "suppression.cause", "A cause is unsubscribed, bounced, manual or complained.");
    Cause::parse(word).ok_or_else(wrong)
}

async fn execute(cx: &Cx, command: Command) -> Result<()> {
    match command {
        Command::List { address, cause: only } => {
            let only = only.as_deref().map(cause).transpose()?;
            let list = ListQuery { search: address.unwrap_or_default(), limit: 500, ..ListQuery::default() };
            let mut query = SuppressionQuery { list, cause: only };
            loop {
                let page = suppressions::list(cx, query.clone()).await?;
                page.items.iter().for_each(print);
                let Some(cursor) = page.next_cursor else { return Ok(()) };
                query.list.cursor = Some(cursor);
            }
        }
        Command::Add { address, cause: word, comments } => {
            print(&suppressions::add(cx, address, cause(&word)?, comments).await?);
            Ok(())
        }
        Command::Remove { address } => {
            let list = ListQuery { search: address.clone(), limit: 1, ..ListQuery::default() };
            let found = suppressions::list(cx, SuppressionQuery { list, cause: None }).await?.items.pop();
            let found = found.filter(|_| !address.trim().is_empty());
            let found = found.ok_or_else(|| Error::not_found("suppressed address", &address))?;
            suppressions::remove(cx, found.id).await?;
            println!("{address} is off the list.");
            Ok(())
        }
    }
}

fn print(s: &Suppression) {
    let comments = s.comments.as_deref().unwrap_or("");
    println!("{}  {:<12}  {}  {}  {comments}", s.hash, s.cause.key(), s.added_at.sql_text(), s.source);
}
