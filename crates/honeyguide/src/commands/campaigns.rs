//! `honeyguide campaigns`: what runs, start and pause, who is where.

use std::path::PathBuf;

use clap::Subcommand;
use hg_app::campaigns::{self, CampaignQuery, Next, PeopleQuery};
use hg_app::list::ListQuery;
use hg_app::{Cx, Result};

use super::find;
use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide campaigns list\n  honeyguide campaigns publish 'AMA invitation'\n  honeyguide campaigns pause 2\n  honeyguide campaigns people 2 --step welcome\n  honeyguide campaigns where ada@example.org\n  honeyguide campaigns export 2 --to ama.json\n  honeyguide campaigns import ama.json\n\nOn SQLite, list, people, where and export also work beside a running server; publish, pause and import need it stopped, or the app."
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// All campaigns with their state and people.
    List,
    /// Start a campaign; refused with reasons while it is not ready.
    Publish {
        /// Id or name.
        campaign: String,
    },
    /// Pause a campaign: what waits goes on waiting.
    Pause {
        /// Id or name.
        campaign: String,
    },
    /// The people of a campaign and where each of them is.
    People {
        /// Id or name.
        campaign: String,
        /// Only who passed or waits at this step (its key).
        #[arg(long)]
        step: Option<String>,
        /// active, left or removed; with --step: waiting, done, cancelled or failed.
        #[arg(long)]
        state: Option<String>,
        /// How many at most.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Write a campaign as a file that people can read and keep beside their other texts.
    Export {
        /// Id or name.
        campaign: String,
        /// Where to; the screen when absent.
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Make a draft of such a file; what it uses is found again by its name.
    Import {
        /// The file.
        file: PathBuf,
    },
    /// The campaigns of a contact, and what comes next in each.
    Where {
        /// Id or email address.
        contact: String,
    },
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    let writes = matches!(args.command, Command::Publish { .. } | Command::Pause { .. } | Command::Import { .. });
    let ws = if writes { open::workspace(&config, false).await? } else { open::reading(&config).await? };
    let cx = Cx::system(&ws);
    let outcome = execute(&cx, args.command).await;
    ws.db.close().await;
    outcome
}

async fn execute(cx: &Cx, command: Command) -> Result<()> {
    match command {
        Command::List => list(cx).await,
        Command::Publish { campaign } => {
            let campaign = campaigns::publish(cx, find::campaign(cx, &campaign).await?).await?;
            println!("“{}” is published. The server takes people in as soon as it runs.", campaign.name);
            Ok(())
        }
        Command::Pause { campaign } => {
            let campaign = campaigns::pause(cx, find::campaign(cx, &campaign).await?).await?;
            println!("“{}” is paused; {} people wait where they are.", campaign.name, campaign.counts.active);
            Ok(())
        }
        Command::People { campaign, step, state, limit } => people(cx, &campaign, step, state, limit).await,
        Command::Export { campaign, to } => export(cx, &campaign, to).await,
        Command::Import { file } => import(cx, file).await,
        Command::Where { contact } => places(cx, &contact).await,
    }
}

async fn export(cx: &Cx, campaign: &str, to: Option<PathBuf>) -> Result<()> {
    let file = campaigns::export(cx, find::campaign(cx, campaign).await?).await?;
    let text = serde_json::to_string_pretty(&file).map_err(|e| open::plain(e.to_string()))?;
    match to {
        Some(path) => std::fs::write(&path, text + "\n").map_err(|e| open::plain(format!("{}: {e}", path.display())))?,
        None => println!("{text}"),
    }
    Ok(())
}

async fn import(cx: &Cx, path: PathBuf) -> Result<()> {
    let text = std::fs::read_to_string(&path).map_err(|e| open::plain(format!("{}: {e}", path.display())))?;
    let file = serde_json::from_str(&text).map_err(|e| open::plain(format!("{} is no JSON: {e}", path.display())))?;
    let made = campaigns::import(cx, file).await?;
    println!("“{}” is there as a draft, number {}.", made.campaign.name, made.campaign.id);
    for missing in made.missing {
        println!("  {missing}");
    }
    Ok(())
}

async fn list(cx: &Cx) -> Result<()> {
    let mut query = CampaignQuery { list: ListQuery { limit: 500, ..ListQuery::default() }, state: None };
    loop {
        let page = campaigns::list(cx, query.clone()).await?;
        for c in page.items {
            println!("{:>5}  {:9}  {:>8} in, {:>8} ever  {}", c.id, c.state.key(), c.counts.active, c.counts.members, c.name);
            for problem in &c.problems {
                println!("{:18}not ready: {}", "", problem.detail);
            }
        }
        let Some(cursor) = page.next_cursor else { return Ok(()) };
        query.list.cursor = Some(cursor);
    }
}

async fn people(cx: &Cx, campaign: &str, step: Option<String>, state: Option<String>, limit: usize) -> Result<()> {
    let id = find::campaign(cx, campaign).await?;
    let mut query = PeopleQuery { list: ListQuery { limit: 500, ..ListQuery::default() }, step, state };
    let mut left = limit;
    while left > 0 {
        let page = campaigns::people(cx, id, query.clone()).await?;
        for person in page.items.into_iter().take(left) {
            left -= 1;
            let address = person.email.as_deref().unwrap_or("no address");
            println!(
                "{:>7}  {:8}  since {}  {} ({address})",
                person.contact,
                person.state,
                person.joined_at.sql_text(),
                person.name
            );
            tell_next(&person.current);
        }
        let Some(cursor) = page.next_cursor else { return Ok(()) };
        query.list.cursor = Some(cursor);
    }
    println!("There may be more; raise --limit to see them.");
    Ok(())
}

async fn places(cx: &Cx, contact: &str) -> Result<()> {
    let contact = find::contact(cx, contact).await?;
    let found = campaigns::campaigns_of(cx, contact).await?;
    if found.is_empty() {
        println!("Contact {contact} is in no campaign.");
    }
    for c in found {
        println!("{:>5}  {:8}  since {}  {}", c.id, c.state, c.joined_at.sql_text(), c.name);
        tell_next(&c.next);
    }
    Ok(())
}

/// What is still to come, one line each.
pub fn tell_next(next: &[Next]) {
    for n in next {
        let due = n.due_at.map_or(String::new(), |at| format!(" due {} UTC.", at.sql_text()));
        println!("         {} “{}”:{due} {}", n.state, n.name, n.explain);
    }
}
