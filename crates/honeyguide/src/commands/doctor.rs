//! `honeyguide doctor`: checks that can be told apart, each with what to do.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hg_app::returns::{self, Mailboxes};
use hg_app::sending::{self, WayProbe};
use hg_app::{Cx, Result, settings, users};
use hg_core::time::Clock;
use hg_net::imap::ImapReader;
use hg_net::smtp::{Connection, SmtpConfig};
use hg_store::{DbUrl, StoreError};

use crate::clock::SystemClock;
use crate::config::Config;
use crate::open;
use crate::ways_out::{WayOut, parsed, ways_out};

/// Less room than this, and the next import or backup may fill the disk.
const LEAST_ROOM: u64 = 500_000_000;
/// A clock that is off by more makes steps late and signatures wrong.
const MOST_DRIFT_MS: i64 = 5_000;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide doctor\n  honeyguide doctor --database postgres://hg@db/honeyguide\n\nAlso works beside a running server. Nothing is changed, no mail is sent."
)]
pub struct Args {}

/// What a check found: fine, or what to do.
type Found = std::result::Result<String, String>;

pub async fn run(_: Args, config: Config) -> Result<()> {
    let mut findings: Vec<(&str, Found)> = vec![
        ("listen", config.listen().map(|a| a.to_string())),
        ("data folder", writable(&config)),
        ("disk", room(&config)),
        ("database", database(&config).await),
        ("mail", mail(&config).await),
        ("site", site(&config)),
    ];
    findings.extend(workspace(&config).await);
    for (what, found) in &findings {
        match found {
            Ok(text) => println!("ok     {what}: {text}"),
            Err(text) => println!("wrong  {what}: {text}"),
        }
    }
    let wrong = findings.iter().filter(|(_, found)| found.is_err()).count();
    if wrong == 0 { Ok(()) } else { Err(open::plain(format!("{wrong} of the checks failed"))) }
}

fn writable(config: &Config) -> Found {
    let dir = &config.data_dir;
    std::fs::create_dir_all(dir).map_err(|e| format!("{} cannot be made: {e}", dir.display()))?;
    let probe = dir.join(".doctor");
    std::fs::write(&probe, b"x").map_err(|e| format!("{} cannot be written: {e}", dir.display()))?;
    let _ = std::fs::remove_file(&probe);
    Ok(dir.display().to_string())
}

fn room(config: &Config) -> Found {
    let free = fs4::available_space(&config.data_dir).map_err(|e| format!("the free space cannot be read: {e}"))?;
    let text = format!("{:.1} GB free", free as f64 / 1e9);
    if free < LEAST_ROOM { Err(format!("{text}; make room before something cannot be written")) } else { Ok(text) }
}

/// Looked at for reading only, so that the doctor can be called beside a running server.
async fn database(config: &Config) -> Found {
    if let Some(path) = not_made_yet(config)? {
        return Ok(format!("{path} is made at the first start"));
    }
    let db = open::database_for_reading(config).await.map_err(|e| e.to_string())?;
    let version = db.schema_version().await;
    let drift = db.clock_ahead_of(SystemClock.now()).await;
    db.close().await;
    let (found, newest) = (version.map_err(|e| e.to_string())?, hg_store::migrate::newest());
    if found > newest {
        return Err(StoreError::NewerDatabase { found, known: newest }.to_string());
    }
    let drift = drift.map_err(|e| e.to_string())?;
    if drift.abs() > MOST_DRIFT_MS {
        let seconds = drift / 1_000;
        return Err(format!("its clock and ours differ by {seconds} seconds; let both machines keep time (NTP)"));
    }
    Ok(format!("schema {found} of {newest}"))
}

fn not_made_yet(config: &Config) -> std::result::Result<Option<String>, String> {
    match config.database_url().parse().map_err(|e: StoreError| e.to_string())? {
        DbUrl::Sqlite(path) if !path.exists() => Ok(Some(path.display().to_string())),
        _ => Ok(None),
    }
}

/// Goes as far as the sign-in.
async fn mail(config: &Config) -> Found {
    let ways = ways_out(config).map_err(|e| e.to_string())?;
    if ways.is_empty() {
        return Ok(
            "the configuration names no server: mail is caught in the outbox, unless the app has ways out of its own".into()
        );
    }
    let mut found = Vec::new();
    for way in ways {
        found.push(tried(way).await?);
    }
    Ok(found.join("; "))
}

async fn tried(way: WayOut) -> Found {
    match way {
        WayOut::Smtp(server) => answers(*server).await,
        // Only a mail shows whether its key is good; the app can send one through each way.
        WayOut::Api(address) => Ok(format!("{} is set", address.host())),
    }
}

/// Tries ways that were set in the app as those of the configuration are tried.
struct Trial {
    site: String,
}

#[async_trait]
impl WayProbe for Trial {
    async fn probe(&self, address: &str) -> Found {
        tried(parsed(&self.site, address)?).await
    }
}

/// The ways out that were set in the app, a line for each.
async fn own_ways(cx: &Cx, config: &Config) -> Vec<Found> {
    let trial = Trial { site: config.site_url() };
    sending::probe_ways(cx, &trial).await.unwrap_or_else(|error| vec![Err(error.to_string())])
}

async fn answers(mut server: SmtpConfig) -> Found {
    let name = format!("{}:{}", server.host, server.port);
    server.timeouts.connect = server.timeouts.connect.min(PATIENCE);
    server.timeouts.reply = server.timeouts.reply.min(PATIENCE);
    let connection = Connection::open(&server).await.map_err(|e| format!("{name} cannot be used: {e}"))?;
    connection.close().await;
    let signed_in = if server.credentials.is_some() { " and lets us in" } else { "" };
    Ok(format!("{name} answers{signed_in}"))
}

fn site(config: &Config) -> Found {
    let url = config.site_url();
    if !url.starts_with("http://") && !url.starts_with("https://") {
        return Err("the site's address must start with http:// or https://".into());
    }
    if url.starts_with("http://") && ways_out(config).is_ok_and(|ways| !ways.is_empty()) && !is_local(&url) {
        return Err(format!("{url} is not encrypted, and links in mails lead there; put a proxy with https in front"));
    }
    Ok(url)
}

fn is_local(url: &str) -> bool {
    ["http://127.", "http://localhost", "http://[::1]"].iter().any(|start| url.starts_with(start))
}

/// Opens the mailbox for what comes back, if there is one; no mail is read.
async fn mailbox(cx: &Cx) -> Option<Found> {
    let settings = returns::read_mailbox(cx).ok().filter(|mailbox| mailbox.enabled)?;
    cx.ws.set_part(Arc::new(Mailboxes(Arc::new(ImapReader::new(PATIENCE)))));
    let name = format!("{}:{}", settings.host, settings.port);
    Some(match returns::probe(cx).await {
        Ok(true) => Ok(format!("{name} lets us in, and tells of new mail at once")),
        Ok(false) => Ok(format!("{name} lets us in; it is looked into every {} minutes", settings.every_minutes)),
        Err(error) => Err(format!("{name}: {error}")),
    })
}

/// What can be seen once the workspace can be opened.
async fn workspace(config: &Config) -> Vec<(&'static str, Found)> {
    let Ok(ws) = open::reading(config).await else { return Vec::new() };
    let cx = Cx::system(&ws);
    let accounts = match users::list(&cx).await {
        Ok(people) if people.is_empty() => Err("nobody can sign in yet; open /s/ or run honeyguide admin create".to_owned()),
        Ok(people) => Ok(format!("{} can sign in", people.len())),
        Err(e) => Err(e.to_string()),
    };
    let sender = match settings::read_sending(&cx) {
        Ok(sending) if sending.sender_email.is_empty() => {
            Err("no address to send from; set it under Settings, Sending".to_owned())
        }
        Ok(sending) => Ok(sending.sender_email),
        Err(e) => Err(e.to_string()),
    };
    let ways = own_ways(&cx, config).await;
    let mailbox = mailbox(&cx).await;
    ws.db.close().await;
    let mut found = vec![("accounts", accounts), ("sender", sender)];
    found.extend(ways.into_iter().map(|way| ("way out", way)));
    found.extend(mailbox.map(|mailbox| ("mailbox", mailbox)));
    found
}
