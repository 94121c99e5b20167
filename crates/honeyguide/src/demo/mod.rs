//! `honeyguide demo`: the golden path. A community imports its contact list, writes six emails, puts up a landing page
//! with a form and starts two campaigns; four days of it are played through the real engine by a clock that is handed
//! in, with visitors who open mails, click links and send in questions through the public doors. Then the real clock
//! runs on. Nothing is written behind the services' backs.

mod browser;
mod clock;
mod content;
mod people;
mod play;
mod setup;
mod state;

use std::path::PathBuf;
use std::sync::Arc;

use hg_app::{Cx, OpenDoor, Result, users};
use hg_core::time::{Clock, Millis, TimeZone, Timestamp};

use crate::clock::SystemClock;
use crate::commands::serve;
use crate::config::Config;
use crate::open;
use clock::DemoClock;
use state::State;

/// Who signs in when the configuration names nobody.
const EMAIL: &str = "demo@example.org";
const PASSWORD: &str = "ask me anything";
/// How long before the first start the history begins.
const HISTORY: Millis = Millis::days(4);

/// Serves a workspace with believable sample data; mail is caught in the built-in outbox.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide demo\n  honeyguide demo --fresh\n  honeyguide demo --print-contacts > contacts.csv\n\nA second start goes on where the first one stopped."
)]
pub struct Args {
    /// Begin again in another folder; the old one is left alone.
    #[arg(long)]
    fresh: bool,
    /// Print the sample contact list and stop.
    #[arg(long)]
    print_contacts: bool,
    /// Make the workspace and stop, without serving it.
    #[arg(long)]
    prepare: bool,
}

pub async fn run(args: Args, mut config: Config) -> Result<()> {
    if args.print_contacts {
        print!("{}", people::csv());
        return Ok(());
    }
    if config.data_dir == Config::default().data_dir {
        config.data_dir = "honeyguide-demo".into();
    }
    if args.fresh {
        config.data_dir = unused(config.data_dir);
    }
    let own_account = config.admin.email.is_some() || config.admin.password.is_some();
    let email = config.admin.email.get_or_insert_with(|| EMAIL.to_owned()).clone();
    let password = config.admin.password.get_or_insert_with(|| PASSWORD.to_owned()).clone();
    let address = config.listen().map_err(open::plain)?;
    // The address is taken before anything is made, so that a port in use is told at once.
    let listener = if args.prepare { None } else { Some(serve::bind(address).await?) };
    let clock = Arc::new(DemoClock::default());
    let ws = open::workspace_at(&config, true, clock.clone()).await?;
    if !own_account {
        ws.set_part(Arc::new(OpenDoor(Some((email.clone(), password.clone())))));
    }
    let cx = Cx::system(&ws);
    let mut state = match State::load(&config.data_dir)? {
        Some(state) => state,
        None => State::begin(&config.data_dir, SystemClock.now().minus(HISTORY).floor_minute(), next_session(SystemClock.now()))?,
    };
    if !state.finished {
        println!("Playing four days of a community's first campaign …");
        clock.stand_at(state.played_until);
        setup::run(&cx, &mut state).await?;
        play::run(&cx, &clock, &mut state).await?;
        clock.run();
        state.finish()?;
        if !args.prepare {
            ws.db.close().await;
            drop(listener);
            return start_again(&config);
        }
    }
    let users = users::list(&cx).await?.len();
    println!("\nHoneyguide's demo is ready.\n  open      {}/s/\n  sign in   {email}\n  password  {password}\n", ws.site.url);
    tracing::info!(users, folder = %config.data_dir.display(), "The demo workspace is open");
    match listener {
        Some(listener) => serve::serve(ws, listener).await,
        None => {
            ws.db.close().await;
            Ok(())
        }
    }
}

/// Goes on as a new program in the same process: four played days leave memory behind that a server need not keep.
fn start_again(config: &Config) -> Result<()> {
    use std::os::unix::process::CommandExt;

    let mut given = std::env::args_os();
    let name = given.next().unwrap_or_default();
    let mut command = std::process::Command::new(std::env::current_exe().unwrap_or_else(|_| name.into()));
    command.args(again(given)).arg("--data-dir").arg(&config.data_dir);
    Err(open::plain(format!("The demo is ready, but the server could not be started: {}.", command.exec())))
}

/// What was asked for, without what has been done: the new folder and its name.
fn again(given: impl Iterator<Item = std::ffi::OsString>) -> Vec<std::ffi::OsString> {
    let mut kept = Vec::new();
    let mut is_folder = false;
    for argument in given {
        let text = argument.to_string_lossy();
        if std::mem::take(&mut is_folder) || text == "--fresh" || text.starts_with("--data-dir=") {
            continue;
        }
        is_folder = text == "--data-dir";
        if !is_folder {
            kept.push(argument);
        }
    }
    kept
}

/// The folder itself when it is not there yet, else the first free one with a number.
fn unused(dir: PathBuf) -> PathBuf {
    if !dir.exists() {
        return dir;
    }
    let name = dir.display().to_string();
    (2..).map(|n| PathBuf::from(format!("{name}-{n}"))).find(|d| !d.exists()).unwrap_or(dir)
}

/// The first Thursday at least six days away, at ten in the morning in New York.
fn next_session(now: Timestamp) -> Timestamp {
    let zone = hg_core::time::zone("America/New_York").unwrap_or(TimeZone::UTC);
    let mut day = now.plus(Millis::days(6)).start_of_day(&zone);
    if day < now.plus(Millis::days(6)) {
        day = day.plus_days(1, &zone);
    }
    // Monday is day 1 of the week.
    while day.weekday(&zone).to_monday_one_offset() != 4 {
        day = day.plus_days(1, &zone);
    }
    day.plus(Millis::hours(10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_start_neither_begins_anew_nor_names_its_folder_twice() {
        let given = ["demo", "--fresh", "--data-dir", "x", "--listen", "127.0.0.1:1", "--data-dir=y"];
        assert_eq!(again(given.into_iter().map(Into::into)), ["demo", "--listen", "127.0.0.1:1"]);
    }

    #[test]
    fn the_session_is_on_a_thursday_at_ten_in_new_york_and_at_least_six_days_away() {
        let zone = hg_core::time::zone("America/New_York").unwrap();
        for day in 0..30 {
            let now = Timestamp::parse("2026-11-22T04:49:52Z").unwrap().plus(Millis::days(day));
            let session = next_session(now);
            assert_eq!(session.weekday(&zone).to_monday_one_offset(), 4);
            assert_eq!(session.civil(&zone).hour(), 10, "{session}");
            assert!(session.since(now) >= Millis::days(6) && session.since(now) <= Millis::days(14), "{now} {session}");
        }
    }
}
