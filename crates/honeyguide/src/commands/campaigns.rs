//! `honeyguide campaigns`: what runs, start and pause, who is where.

use std::path::PathBuf;

use clap::Subcommand;
use hg_app::campaigns::simulate::{self, Report, Setup};
use hg_app::campaigns::{self, CampaignQuery, Next, PeopleQuery};
use hg_app::list::ListQuery;
use hg_app::{Cx, Result};

use super::find;
use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide campaigns list\n  honeyguide campaigns publish 'AMA invitation'\n  honeyguide campaigns pause 2\n  honeyguide campaigns people 2 --step welcome\n  honeyguide campaigns where ada@example.org\n  honeyguide campaigns export 2 --to ama.json\n  honeyguide campaigns import ama.json\n  honeyguide campaigns try 'AMA invitation' --days 60 --open 40\n  honeyguide campaigns try 2 --contact ada@example.org\n\nOn SQLite, list, people, where, export and try also work beside a running server; publish, pause and import need it stopped, or the app."
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
    /// Try a campaign on its real people in virtual time: nothing is sent and nothing changes.
    Try {
        /// Id or name.
        campaign: String,
        /// Of a larger audience so many, evenly spread.
        #[arg(long, default_value_t = 5_000)]
        people: i64,
        #[arg(long, default_value_t = 30)]
        days: i64,
        /// Percent who open; people who are known open as often as before unless --assume is given.
        #[arg(long, default_value_t = 35.0)]
        open: f64,
        /// Percent who click.
        #[arg(long, default_value_t = 5.0)]
        click: f64,
        /// Everybody behaves as assumed, whatever they did before.
        #[arg(long)]
        assume: bool,
        /// Only this contact (id or email address), step by step; may be given more than once.
        #[arg(long)]
        contact: Vec<String>,
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
        Command::Try { campaign, people, days, open, click, assume, contact } => {
            let mut contacts = Vec::new();
            for named in &contact {
                contacts.push(find::contact(cx, named).await?.0);
            }
            let setup = Setup {
                most_people: people,
                days,
                replay: !assume,
                open_percent: open,
                click_percent: click,
                contacts,
                ..Setup::default()
            };
            let id = find::campaign(cx, &campaign).await?;
            tell_simulation(&simulate::run_now(cx, id, &setup).await?);
            Ok(())
        }
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

fn tell_simulation(report: &Report) {
    println!(
        "{} of {} people, {} to {} UTC: {} mails, {} held back by limits ({} still at the end). It took {} ms.",
        report.people,
        report.audience,
        report.from.sql_text(),
        report.until.sql_text(),
        report.sent,
        report.held,
        report.still_held,
        report.took
    );
    for step in &report.steps {
        let ways = if step.yes + step.no > 0 { format!(" (yes {}, no {})", step.yes, step.no) } else { String::new() };
        println!("{:>9} done, {:>7} waiting, {:>7} failed  {}{ways}", step.done, step.waiting, step.failed, step.name);
        for reason in &step.said {
            println!("{:>9} × {}", reason.times, reason.text);
        }
    }
    for step in report.steps.iter().filter(|s| report.unreached.contains(&s.step)) {
        println!("Nobody came to “{}”.", step.name);
    }
    for reason in &report.not_sent {
        println!("Not sent, {} times: {}", reason.times, reason.text);
    }
    for day in &report.days {
        println!("{}  {:>9} mails", day.day, day.sent);
    }
    if report.too_many > 0 {
        println!("{} people would get too many mails within a week:", report.too_many);
    }
    for person in &report.busiest {
        println!("{:>9}  {} mails from {} UTC  {}", person.contact, person.mails, person.from.sql_text(), person.name);
    }
    for walk in &report.walks {
        println!("{} {}:", walk.contact, walk.name);
        for step in &walk.steps {
            let at = step.at.map_or(String::from("-"), |at| at.sql_text());
            let path = step.path.as_deref().map_or(String::new(), |path| format!(": {path}"));
            let text = step.text.as_deref().map_or(String::new(), |text| format!(" ({text})"));
            println!("  {at:19}  {:9}  {}{path}{text}", step.state, step.name);
        }
    }
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
