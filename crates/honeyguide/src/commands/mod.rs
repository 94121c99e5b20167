//! The commands of the binary.

mod admin;
mod backup;
mod bench;
mod campaigns;
mod config;
mod contacts;
mod doctor;
mod explain;
mod export;
mod find;
mod import;
mod mailbox;
mod maintenance;
mod migrate;
mod segments;
pub mod serve;
mod suppressions;

use clap::{Parser, Subcommand};
use hg_app::Result;

use crate::config::{Config, Options};

/// Open-source marketing automation in one binary.
#[derive(Debug, Parser)]
#[command(
    name = "honeyguide",
    version,
    about,
    after_help = "Examples:\n  honeyguide serve\n  honeyguide serve --listen 0.0.0.0:80 --database postgres://hg@db/honeyguide\n  honeyguide admin create --email you@example.org"
)]
pub struct Cli {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server.
    Serve(serve::Args),
    /// Serve a workspace with believable sample data.
    Demo(crate::demo::Args),
    /// Accounts of people who sign in.
    Admin(admin::Args),
    /// Bring the database's schema up to date.
    Migrate(migrate::Args),
    /// Import contacts from a file.
    Import(import::Args),
    /// Write contacts into a file.
    Export(export::Args),
    /// Segments: list, rebuild, explain.
    Segments(segments::Args),
    /// List, add and remove addresses that must not be written to.
    Suppressions(suppressions::Args),
    /// Read the mailbox that bounces and answers come to.
    Mailbox(mailbox::Args),
    #[command(name = "mautic:email:fetch", hide = true)]
    MauticEmailFetch(mailbox::Fetch),
    /// Contacts: bring duplicates together.
    Contacts(contacts::Args),
    #[command(name = "mautic:contacts:deduplicate", hide = true)]
    MauticDeduplicate(contacts::Deduplicate),
    /// Forget what has grown old, compact the database.
    Maintenance(maintenance::Args),
    #[command(name = "mautic:maintenance:cleanup", hide = true)]
    MauticCleanup(maintenance::Cleanup),
    /// Gather the members of segments anew, under the name and with the options that Mautic has for it.
    #[command(name = "mautic:segments:update", alias = "mautic:segments:rebuild", hide = true)]
    MauticSegmentsUpdate(segments::MauticUpdate),
    /// The same for segments of companies.
    #[command(name = "mautic:company-segments:update", hide = true)]
    MauticCompanySegmentsUpdate(segments::MauticUpdateCompanies),
    /// Campaigns: list, publish, pause, who is where.
    Campaigns(campaigns::Args),
    /// Why is a contact in a segment, where in a campaign, and why did she get a mail or not?
    Explain(explain::Args),
    /// Copy the whole workspace into a folder, while the server runs.
    Backup(backup::Args),
    /// Bring a backup back.
    Restore(backup::restore::Args),
    /// Measure figures, each beside a limit measured in the same run.
    Bench(bench::Args),
    /// Check the installation and say what is wrong.
    Doctor(doctor::Args),
    /// Show, check or describe the configuration.
    Config(config::Args),
    /// Print the description of the native API (OpenAPI 3.1).
    Openapi,
}

pub async fn run(command: Command, config: Config) -> Result<()> {
    match command {
        Command::Serve(args) => serve::run(args, config).await,
        Command::Demo(args) => crate::demo::run(args, config).await,
        Command::Admin(args) => admin::run(args, config).await,
        Command::Migrate(args) => migrate::run(args, config).await,
        Command::Bench(args) => bench::run(args, config).await,
        Command::Doctor(args) => doctor::run(args, config).await,
        Command::Export(args) => export::run(args, config).await,
        Command::Import(args) => import::run(args, config).await,
        Command::Segments(args) => self::segments::run(args, config).await,
        Command::Suppressions(args) => self::suppressions::run(args, config).await,
        Command::Mailbox(args) => mailbox::run(args, config).await,
        Command::MauticEmailFetch(args) => mailbox::fetch(args, config).await,
        Command::Contacts(args) => self::contacts::run(args, config).await,
        Command::MauticDeduplicate(args) => self::contacts::deduplicate(args, config).await,
        Command::Maintenance(args) => self::maintenance::run(args, config).await,
        Command::MauticCleanup(args) => self::maintenance::cleanup(args, config).await,
        Command::MauticSegmentsUpdate(args) => self::segments::mautic_update(args, config).await,
        Command::MauticCompanySegmentsUpdate(args) => self::segments::mautic_update_companies(args, config).await,
        Command::Campaigns(args) => self::campaigns::run(args, config).await,
        Command::Explain(args) => explain::run(args, config).await,
        Command::Backup(args) => backup::run(args, config).await,
        Command::Restore(args) => backup::restore::run(args, config).await,
        Command::Config(args) => self::config::run(args, config).await,
        Command::Openapi => {
            let text = hg_web::native::openapi().to_pretty_json().map_err(|e| crate::open::plain(e.to_string()))?;
            println!("{text}");
            Ok(())
        }
    }
}
