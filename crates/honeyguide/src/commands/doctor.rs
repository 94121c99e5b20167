//! `honeyguide doctor`: checks that can be told apart, each with what to do.

use hg_app::Result;

use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  honeyguide doctor\n  honeyguide doctor --database postgres://hg@db/honeyguide")]
pub struct Args {}

pub async fn run(_: Args, config: Config) -> Result<()> {
    let mut wrong = 0;
    let mut tell = |what: &str, outcome: std::result::Result<String, String>| match outcome {
        Ok(text) => println!("ok     {what}: {text}"),
        Err(text) => {
            wrong += 1;
            println!("wrong  {what}: {text}");
        }
    };
    tell("listen", config.listen().map(|a| a.to_string()));
    tell("data folder", writable(&config));
    let database = match open::database(&config).await {
        Ok(db) => {
            let version = db.schema_version().await;
            db.close().await;
            version.map(|v| format!("schema {v} of {}", hg_store::migrate::newest())).map_err(|e| e.to_string())
        }
        Err(e) => Err(e.to_string()),
    };
    tell("database", database);
    let mail = &config.mail.url;
    let known = ["outbox:", "smtp://", "smtps://"].iter().any(|p| mail.starts_with(p));
    tell(
        "mail",
        if known {
            Ok(if mail.starts_with("outbox") { "caught in the built-in outbox".into() } else { "SMTP".into() })
        } else {
            Err("write outbox:, smtp://user:pass@host:port or smtps://…".into())
        },
    );
    tell(
        "site",
        if config.site_url().starts_with("http") {
            Ok(config.site_url())
        } else {
            Err("the site's address must start with http:// or https://".into())
        },
    );
    if wrong == 0 { Ok(()) } else { Err(open::plain(format!("{wrong} of the checks failed"))) }
}

fn writable(config: &Config) -> std::result::Result<String, String> {
    let dir = &config.data_dir;
    std::fs::create_dir_all(dir).map_err(|e| format!("{} cannot be made: {e}", dir.display()))?;
    let probe = dir.join(".doctor");
    std::fs::write(&probe, b"x").map_err(|e| format!("{} cannot be written: {e}", dir.display()))?;
    let _ = std::fs::remove_file(&probe);
    Ok(dir.display().to_string())
}
