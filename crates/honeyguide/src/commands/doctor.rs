//! `honeyguide doctor`: checks that can be told apart, each with what to do.

use hg_app::Result;
use hg_store::DbUrl;

use crate::config::Config;
use crate::open;

#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide doctor\n  honeyguide doctor --database postgres://hg@db/honeyguide\n\nAlso works beside a running server."
)]
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
    let database = database(&config).await;
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

/// Looked at for reading only, so that the doctor can be called beside a running server.
async fn database(config: &Config) -> std::result::Result<String, String> {
    match config.database_url().parse().map_err(|e: hg_store::StoreError| e.to_string())? {
        DbUrl::Sqlite(path) if !path.exists() => return Ok(format!("{} is made at the first start", path.display())),
        _ => {}
    }
    let db = open::database_for_reading(config).await.map_err(|e| e.to_string())?;
    let version = db.schema_version().await;
    db.close().await;
    let (found, newest) = (version.map_err(|e| e.to_string())?, hg_store::migrate::newest());
    if found > newest {
        return Err(hg_store::StoreError::NewerDatabase { found, known: newest }.to_string());
    }
    Ok(format!("schema {found} of {newest}"))
}

fn writable(config: &Config) -> std::result::Result<String, String> {
    let dir = &config.data_dir;
    std::fs::create_dir_all(dir).map_err(|e| format!("{} cannot be made: {e}", dir.display()))?;
    let probe = dir.join(".doctor");
    std::fs::write(&probe, b"x").map_err(|e| format!("{} cannot be written: {e}", dir.display()))?;
    let _ = std::fs::remove_file(&probe);
    Ok(dir.display().to_string())
}
