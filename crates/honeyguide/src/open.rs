//! Opens a workspace as the configuration says.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hg_app::campaigns::simulate;
use hg_app::deliverability::Names;
use hg_app::outgoing::{Outgoing, Web};
use hg_app::returns::Mailboxes;
use hg_app::sending::{self, MailTransport, WayKit};
use hg_app::{Cx, Error, Result, Site, Workspace, jobs, settings, users};
use hg_core::ids::{Chance, SharedChance, hex};
use hg_core::time::SharedClock;
use hg_net::dns::DnsResolver;
use hg_net::imap::ImapReader;
use hg_store::{Db, DbUrl, Options, StoreError};

use crate::chance::SystemChance;
use crate::clock::SystemClock;
use crate::config::Config;
use crate::ways_out::{Maker, ways_out};

/// Opens and migrates the database and makes the workspace on it.
pub async fn workspace(config: &Config, demo: bool) -> Result<Workspace> {
    workspace_at(config, demo, Arc::new(SystemClock)).await
}

/// The same with a clock of the caller's.
pub async fn workspace_at(config: &Config, demo: bool, clock: SharedClock) -> Result<Workspace> {
    let chance: SharedChance = Arc::new(SystemChance);
    std::fs::create_dir_all(&config.data_dir)
        .map_err(|e| plain(format!("the data folder {} cannot be made: {e}", config.data_dir.display())))?;
    let ways = ways_out(config)?;
    let db = database(config).await?;
    let migrated = db.migrate(clock.now()).await.map_err(said)?;
    if let Some(copy) = &migrated.copy {
        tracing::info!(copy = %copy.display(), "The database was copied before its update");
    }
    let site = site(config, secret_key(config, &*chance)?, demo);
    let settings = settings::load(&db).await?;
    let ws = Workspace::new(db, clock, chance, site, settings);
    let web: Arc<dyn Web> = Arc::new(hg_net::web::WebClient::new().map_err(plain)?);
    let maker = Maker { site: config.site_url(), web: Arc::clone(&web), clock: ws.clock.clone() };
    ws.set_part(Arc::new(Outgoing(web)));
    let configured = ways.into_iter().map(|way| maker.open(way)).collect();
    ws.set_part(Arc::new(WayKit { configured, maker: Arc::new(maker), clock: ws.clock.clone() }));
    sending::open_ways(&ws).await?;
    let outbox = ws.get_part::<MailTransport>().is_none();
    ws.set_part(Arc::new(Mailboxes(Arc::new(ImapReader::new(Duration::from_secs(60))))));
    match DnsResolver::of_the_system() {
        Ok(names) => ws.set_part(Arc::new(Names(Arc::new(names)))),
        Err(error) => tracing::warn!(error = %error, "The DNS cannot be asked; sender domains stay unchecked"),
    }
    let cx = Cx::system(&ws);
    jobs::recover(&cx).await?;
    simulate::sweep(&ws).await;
    // An SQLite file belongs to this process alone: whatever is open was left behind by a crash.
    let unsure = sending::recover(&cx, ws.db.file().is_some()).await?;
    if unsure > 0 {
        tracing::warn!(messages = unsure, outbox, "Messages were on their way when Honeyguide stopped; they are sorted out");
    }
    if let (Some(email), Some(password)) = (&config.admin.email, &config.admin.password) {
        users::ensure_first_administrator(&cx, email, password).await?;
    }
    Ok(ws)
}

/// Opens the workspace for commands that only look. On SQLite this also works while a server runs on the same file;
/// nothing is migrated, recovered or written.
pub async fn reading(config: &Config) -> Result<Workspace> {
    let db = database_for_reading(config).await?;
    let (found, known) = (db.schema_version().await.map_err(said)?, hg_store::migrate::newest());
    if found > known {
        return Err(said(StoreError::NewerDatabase { found, known }));
    }
    if found < known {
        return Err(plain(format!(
            "the database is older than this program (schema {found} of {known}); run honeyguide migrate first"
        )));
    }
    let settings = settings::load(&db).await?;
    let site = site(config, known_key(config).unwrap_or_default(), false);
    Ok(Workspace::new(db, Arc::new(SystemClock), Arc::new(SystemChance), site, settings))
}

fn site(config: &Config, secret_key: Vec<u8>, demo: bool) -> Site {
    Site {
        url: config.site_url(),
        data_dir: config.data_dir.clone(),
        secret_key,
        mail_transport: if config.mail.url.starts_with("outbox") { "outbox".into() } else { "smtp".into() },
        trusted_proxies: config.server.trusted_proxies.clone(),
        demo,
    }
}

/// Opens the database without touching its schema.
pub async fn database(config: &Config) -> Result<Db> {
    opened(config, false).await
}

/// The same for reading only.
pub async fn database_for_reading(config: &Config) -> Result<Db> {
    opened(config, true).await
}

async fn opened(config: &Config, read_only: bool) -> Result<Db> {
    let url: DbUrl = config.database_url().parse().map_err(said)?;
    let options = Options { connections: config.database.connections.unwrap_or(6), read_only, ..Options::default() };
    Db::open(&url, options).await.map_err(said)
}

/// A storage error in its own words: whoever starts the program wants to know exactly.
pub fn said(error: hg_store::StoreError) -> Error {
    plain(error.to_string())
}

/// A sentence for whoever sits at the console.
pub fn plain(text: String) -> Error {
    Error::unavailable(text)
}

/// The configured key, or the one in the data folder, which is made once and readable only to its owner.
fn secret_key(config: &Config, chance: &dyn Chance) -> Result<Vec<u8>> {
    if let Some(key) = &config.secret_key {
        if key.len() < 32 {
            return Err(plain("the secret key is too short; give at least 32 characters".into()));
        }
        return Ok(key.clone().into_bytes());
    }
    if let Some(key) = known_key(config) {
        return Ok(key);
    }
    let (path, key) = (key_file(config), hex(chance, 64));
    write_private(&path, &key).map_err(|e| plain(format!("the secret key {} cannot be written: {e}", path.display())))?;
    Ok(key.into_bytes())
}

fn key_file(config: &Config) -> PathBuf {
    config.data_dir.join("secret.key")
}

/// The key that is there already.
fn known_key(config: &Config) -> Option<Vec<u8>> {
    let configured = config.secret_key.clone().map(String::into_bytes);
    configured.or_else(|| Some(std::fs::read_to_string(key_file(config)).ok()?.trim().to_owned().into_bytes()))
}

fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
