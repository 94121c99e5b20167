//! `honeyguide explain`: why is it so, and what comes next.

use clap::Subcommand;
use hg_app::{Cx, Result, campaigns, segments, sending};
use hg_core::segments::Explained;

use super::{campaigns::tell_next, find};
use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide explain segment newsletter ada@example.org\n  honeyguide explain campaign 'AMA invitation' ada@example.org\n  honeyguide explain mail 'Invitation' 47\n\nNothing is changed; on SQLite this also works beside a running server."
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Why a contact belongs to a segment or does not.
    Segment {
        /// Id, alias or name.
        segment: String,
        /// Id or email address.
        contact: String,
    },
    /// Where a contact is in a campaign, how she came there, and what comes next.
    Campaign {
        /// Id or name.
        campaign: String,
        /// Id or email address.
        contact: String,
    },
    /// Why a contact got an email, or why not.
    Mail {
        /// Id or name of the email.
        email: String,
        /// Id or email address.
        contact: String,
    },
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    let ws = open::reading(&config).await?;
    let cx = Cx::system(&ws);
    let outcome = match args.command {
        Command::Segment { segment: named, contact } => segment(&cx, &named, &contact).await,
        Command::Campaign { campaign: named, contact } => campaign(&cx, &named, &contact).await,
        Command::Mail { email, contact } => mail(&cx, &email, &contact).await,
    };
    ws.db.close().await;
    outcome
}

/// Why a contact belongs to a segment or does not.
pub async fn segment(cx: &Cx, named: &str, contact: &str) -> Result<()> {
    let (segment, contact) = (find::segment(cx, named).await?, find::contact(cx, contact).await?);
    let why = segments::explain(cx, segment, contact).await?;
    let since = why.since.map_or(String::new(), |t| format!(", since {} UTC", t.sql_text()));
    println!("{} ({}{since})", if why.member { "A member" } else { "Not a member" }, why.origin);
    if let Some(tree) = why.tree {
        show(&tree, 0);
    }
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

async fn campaign(cx: &Cx, named: &str, contact: &str) -> Result<()> {
    let (id, contact) = (find::campaign(cx, named).await?, find::contact(cx, contact).await?);
    let campaign = campaigns::get(cx, id).await?;
    let progress = match campaigns::progress(cx, id, contact).await {
        Err(error) if error.is_not_found() => {
            println!("Contact {contact} never entered “{}” ({}).", campaign.name, campaign.state.key());
            for (source, name) in &campaign.sources {
                println!("  People enter from the {} “{name}”.", source.kind.key());
            }
            return Ok(());
        }
        other => other?,
    };
    let person = progress.person;
    let how = if person.by_hand { "a form or somebody" } else { "a segment" };
    println!("{} is {} in “{}” ({}).", person.name, person.state, campaign.name, campaign.state.key());
    println!("Entered {} UTC, brought in by {how}.", person.joined_at.sql_text());
    if let Some(at) = person.left_at {
        println!("Left {} UTC.", at.sql_text());
    }
    for step in progress.history {
        let path = step.path.map_or(String::new(), |p| format!(", took the {} path", p.key()));
        let detail = step.detail.map_or(String::new(), |d| format!(": {d}"));
        println!("  {} UTC  {} “{}”{path}{detail}", step.at.sql_text(), step.state, step.name);
    }
    if progress.next.is_empty() {
        println!("Nothing is left to come.");
    } else {
        println!("What comes next:");
        tell_next(&progress.next);
    }
    Ok(())
}

async fn mail(cx: &Cx, named: &str, contact: &str) -> Result<()> {
    let (email, contact) = (find::email(cx, named).await?, find::contact(cx, contact).await?);
    let why = sending::why(cx, email, contact).await?;
    println!("“{}”: {}", why.email, why.answer);
    println!("What comes next: {}", why.next);
    println!("The rules, as they stand now:");
    for rule in &why.rules {
        let mark = match (rule.asked, rule.holds) {
            (false, _) => "not asked",
            (true, true) => "holds",
            (true, false) => "stands in the way",
        };
        println!("  {:<18} {mark}: {}", rule.rule.as_str(), rule.seen);
    }
    for message in &why.messages {
        let reason = message.reason.as_deref().map_or(String::new(), |r| format!(" ({r})"));
        println!(
            "  {} UTC  {}, to {}, because of {}{reason}",
            message.made_at.sql_text(),
            message.state.key(),
            message.address,
            message.cause
        );
        for (what, at) in [("sent", message.sent_at), ("opened", message.opened_at), ("clicked", message.clicked_at)] {
            if let Some(at) = at {
                println!("      {what} {} UTC", at.sql_text());
            }
        }
    }
    Ok(())
}
