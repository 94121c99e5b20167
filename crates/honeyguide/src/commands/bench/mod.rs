//! `honeyguide bench`: figures, each with the ratio to a limit measured in the same run.

mod handover;
mod import;
mod ingest;
mod list;
mod live;
mod people;
mod react;
mod segment;
mod send;
mod steps;
mod webhooks;
mod world;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Subcommand;
use hg_app::settings::Settings;
use hg_app::{Result, Site, Workspace};
use hg_store::{Db, DbUrl, Options};

use crate::chance::SystemChance;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide bench import --contacts 1000000\n  honeyguide bench segment --contacts 1000000 --database postgres://hg@localhost/empty\n  \
                  honeyguide bench list --contacts 10000000 --keep /var/tmp/ten-million"
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
    /// How many contacts.
    #[arg(long, global = true, default_value_t = 100_000)]
    contacts: u32,
    /// Keeps the made-up workspace of `segment`, `list` and `live` in this folder, and uses the one that is there.
    #[arg(long, global = true, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// `handover` only: for how many minutes.
    #[arg(long, global = true, default_value_t = 1)]
    minutes: u32,
    /// `send` only: over this many connections at most.
    #[arg(long, global = true, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=100))]
    connections: u32,
    /// `send` only: signs every mail.
    #[arg(long, global = true, value_enum)]
    sign: Option<send::Sign>,
    /// `import` only: imports into a made-up workspace of this many contacts.
    #[arg(long, global = true, value_name = "N")]
    into: Option<u32>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Rows a second of a CSV import of twelve columns, against bare inserts into the same table.
    Import,
    /// The contact list in every order, with searches, and forms that are opened, against a plain SQL count.
    List,
    /// From a change to membership in 200 segments, while 500 changes a second arrive.
    Live,
    /// First builds, counts while editing and a rebuild of all 200 segments, against a bare scan of the same columns.
    Segment,
    /// Page hits of known visitors over 64 connections, against an empty handler of the same server.
    Ingest,
    /// From an open, a click or a form to the next step of a campaign, under a load of page hits.
    React,
    /// From a click, a form or a changed field to the hand-over of the mail that follows, in a large workspace where 50
    /// campaigns run and 500 changes a second arrive.
    Handover,
    /// Personalised mails to a local server, against one prepared message over the same connections.
    Send,
    /// Steps of a campaign that do the same to everybody, against bare writes of the rows that they leave behind.
    Steps,
    /// Events that a provider reports, against bare inserts of the same rows.
    Webhooks,
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    let bench = Bench::new(&args, config)?;
    let result = match args.command {
        Command::Import => import::run(&bench, args.into).await,
        Command::List => list::run(&bench).await,
        Command::Live => live::run(&bench).await,
        Command::Segment => segment::run(&bench).await,
        Command::Ingest => ingest::run(&bench).await,
        Command::React => react::run(&bench).await,
        Command::Handover => handover::run(&bench, args.minutes).await,
        Command::Send => send::run(&bench, args.connections, args.sign).await,
        Command::Steps => steps::run(&bench).await,
        Command::Webhooks => webhooks::run(&bench).await,
    };
    if !bench.kept {
        let _ = std::fs::remove_dir_all(&bench.folder);
    }
    result
}

/// Where a bench works.
#[derive(Clone)]
struct Bench {
    folder: PathBuf,
    /// Whether what is in the folder stays.
    kept: bool,
    /// An empty database; one in the folder when absent.
    database: Option<String>,
    contacts: u32,
}

impl Bench {
    fn new(args: &Args, config: Config) -> Result<Bench> {
        let passing = || std::env::temp_dir().join(format!("honeyguide-bench-{}", std::process::id()));
        let folder = args.keep.clone().unwrap_or_else(passing);
        std::fs::create_dir_all(&folder).map_err(|e| open::plain(format!("{} cannot be made: {e}", folder.display())))?;
        Ok(Bench { folder, kept: args.keep.is_some(), database: config.database.url, contacts: args.contacts })
    }

    /// A workspace on an empty database, durable as in production.
    async fn workspace(&self, name: &str) -> Result<Workspace> {
        let url: DbUrl = match &self.database {
            Some(url) => url.parse().map_err(open::said)?,
            None => DbUrl::Sqlite(self.folder.join(format!("{name}.db"))),
        };
        let db = Db::open(&url, Options::default()).await.map_err(open::said)?;
        let clock = Arc::new(SystemClock);
        db.migrate(hg_core::time::Clock::now(&*clock)).await.map_err(open::said)?;
        let site = Site {
            url: "http://localhost".into(),
            data_dir: self.folder.clone(),
            secret_key: vec![7; 32],
            mail_transport: "outbox".into(),
            trusted_proxies: Vec::new(),
            demo: false,
        };
        Ok(Workspace::new(db, clock, Arc::new(SystemChance), site, Settings::default()))
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

/// The most memory that the process had, in megabytes.
fn peak_memory() -> f64 {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1_024.0
}

/// Lets the peak begin anew: what it took to make a workspace is not what it takes to work with it.
fn forget_peak() {
    // Where the system does not know it, the peak stays the higher one.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// Made-up people: the same in every run.
fn cells(n: u32) -> [String; 12] {
    let pick = |of: &[&str], salt: u32| of[(n.wrapping_mul(2_654_435_761).rotate_left(salt) as usize) % of.len()].to_owned();
    [
        pick(&["Ada", "Bob", "Chloé", "Dana", "Emil", "Fatima", "Goran", "Hana", "Ivan", "Jo"], 3),
        pick(&["Lovelace", "Novák", "Müller", "García", "Smith", "Okafor", "Rossi", "Sato", "Silva", "Kowalski"], 7),
        format!("person{n}@example{}.org", n % 97),
        pick(&["Praha", "Brno", "Berlin", "Lisboa", "London", "Lagos", "Roma", "Tokyo", "São Paulo", "Kraków"], 11),
        pick(&["Czech Republic", "Germany", "Portugal", "United Kingdom", "Nigeria", "Italy", "Japan", "Brazil", "Poland"], 13),
        pick(&["Europe/Prague", "Europe/Berlin", "Africa/Lagos", "Asia/Tokyo", "America/Sao_Paulo"], 17),
        pick(&["cs_CZ", "de_DE", "en", "pt_BR"], 19),
        format!("Company {}", n % 5_000),
        format!("+420 {:09}", n),
        format!("{}", n % 200),
        format!("{} Main Street", n % 900),
        format!("{:05}", n % 99_999),
    ]
}

const HEADERS: [&str; 12] = [
    "firstname",
    "lastname",
    "email",
    "city",
    "country",
    "timezone",
    "preferred_locale",
    "company",
    "phone",
    "points",
    "address1",
    "zipcode",
];
