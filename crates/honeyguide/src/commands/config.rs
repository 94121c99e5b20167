//! `honeyguide config`: what the configuration comes to.

use clap::Subcommand;
use hg_app::Result;

use crate::config::{Config, schema};
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide config check\n  honeyguide config show\n  honeyguide config schema > honeyguide.schema.json"
)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read the configuration and say whether it can be used.
    Check,
    /// Print what is in force, without secrets.
    Show,
    /// Print the JSON Schema of honeyguide.toml.
    Schema,
}

pub async fn run(args: Args, config: Config) -> Result<()> {
    if matches!(args.command, Command::Schema) {
        println!("{:#}", schema());
        return Ok(());
    }
    config.listen().map_err(open::plain)?;
    config.database_url().parse::<hg_store::DbUrl>().map_err(open::said)?;
    match args.command {
        Command::Check => println!("The configuration can be used."),
        Command::Schema => {}
        Command::Show => {
            let hide = |url: &str| match (url.find("://"), url.rfind('@')) {
                (Some(start), Some(end)) if start < end => format!("{}…{}", &url[..start + 3], &url[end..]),
                _ => url.to_owned(),
            };
            let given = |secret: &Option<String>| if secret.is_some() { "(given)" } else { "(not given)" };
            println!("secret_key = {}", given(&config.secret_key));
            println!("data_dir = {:?}", config.data_dir);
            println!("database.url = {:?}", hide(&config.database_url()));
            println!("server.listen = {:?}", config.server.listen);
            println!("server.trusted_proxies = {:?}", config.server.trusted_proxies);
            println!("site.url = {:?}", config.site_url());
            println!("mail.url = {:?}", hide(&config.mail.url));
            println!("admin.email = {:?}", config.admin.email.as_deref().unwrap_or_default());
            println!("admin.password = {}", given(&config.admin.password));
            println!("log.level = {:?}", config.log.level);
            println!("log.format = {:?}", config.log.format);
        }
    }
    Ok(())
}
