//! `honeyguide migrate`: the schema, without starting the server.

use hg_app::Result;
use hg_core::time::Clock;

use crate::clock::SystemClock;
use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide migrate\n  honeyguide migrate --database postgres://hg@db/honeyguide\n\nAn SQLite file is copied before it changes."
)]
pub struct Args {}

pub async fn run(_: Args, config: Config) -> Result<()> {
    let db = open::database(&config).await?;
    let report = db.migrate(SystemClock.now()).await.map_err(open::said)?;
    if let Some(copy) = &report.copy {
        println!("Copied the database to {} first.", copy.display());
    }
    if report.from == report.to {
        println!("The schema is up to date ({}).", report.to);
    } else {
        println!("The schema went from {} to {}.", report.from, report.to);
    }
    db.close().await;
    Ok(())
}
