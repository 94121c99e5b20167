//! `honeyguide admin`: accounts without a browser.

use clap::Subcommand;
use hg_app::users::{self, NewUser};
use hg_app::{Cx, Result, Role};

use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide admin create --email you@example.org --password 'a long sentence'\n  honeyguide admin list"
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an account.
    Create {
        #[arg(long)]
        email: String,
        /// Read from HONEYGUIDE_PASSWORD when absent, so that it does not stand in the shell's history.
        #[arg(long, env = "HONEYGUIDE_PASSWORD", hide_env_values = true)]
        password: String,
        #[arg(long, default_value = "")]
        first_name: String,
        #[arg(long, default_value = "")]
        last_name: String,
        /// administrator, author or viewer.
        #[arg(long, default_value = "administrator")]
        role: String,
    },
    /// List the accounts.
    List,
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    let ws = open::workspace(&config, false).await?;
    let cx = Cx::system(&ws);
    match args.command {
        Command::Create { email, password, first_name, last_name, role } => {
            let role = Role::from_key(&role)
                .ok_or_else(|| open::plain(format!("“{role}” is not a role; write administrator, author or viewer")))?;
            let user = users::create(&cx, NewUser { email, password, first_name, last_name, role, timezone: None }).await?;
            println!("Made the account {} ({}).", user.email, user.role.key());
        }
        Command::List => {
            for user in users::list(&cx).await? {
                println!("{}\t{}\t{}", user.email, user.role.key(), user.name());
            }
        }
    }
    ws.db.close().await;
    Ok(())
}
