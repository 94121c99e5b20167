//! Deployment: `honeyguide.toml`, then `HONEYGUIDE__SECTION__KEY`, then flags.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use serde::Deserialize;

/// Flags that every command takes.
#[derive(Debug, Clone, Args)]
pub struct Options {
    /// Configuration file; honeyguide.toml of this folder when it is there.
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the data is: sqlite:PATH or postgres://user:password@host:5432/name.
    #[arg(long, global = true, value_name = "URL")]
    pub database: Option<String>,
    /// Address to listen on, such as 127.0.0.1:8080.
    #[arg(long, global = true, value_name = "ADDR:PORT")]
    pub listen: Option<String>,
    /// Folder of the workspace's files.
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
}

/// The whole configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Signs tokens, cookies and links; made once in the data folder when absent.
    pub secret_key: Option<String>,
    /// Folder of the workspace's files.
    pub data_dir: PathBuf,
    pub database: Database,
    pub server: Server,
    pub site: SiteConfig,
    pub mail: Mail,
    pub admin: Admin,
    pub log: Log,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            secret_key: None,
            data_dir: "honeyguide-data".into(),
            database: Database::default(),
            server: Server::default(),
            site: SiteConfig::default(),
            mail: Mail::default(),
            admin: Admin::default(),
            log: Log::default(),
        }
    }
}

/// Where the data is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://…`; an SQLite file in the data folder when absent.
    pub url: Option<String>,
    /// Reading connections (SQLite) or connections in all (PostgreSQL).
    pub connections: Option<usize>,
}

/// Where the server listens.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    pub listen: String,
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8080".into() }
    }
}

/// How the public reaches the site.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SiteConfig {
    /// Made from the listening address when absent.
    pub url: Option<String>,
}

/// How mail leaves.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// `outbox:` (caught inside), `smtp://user:pass@host:port` or `smtps://…`.
    pub url: String,
}

impl Default for Mail {
    fn default() -> Self {
        Self { url: "outbox:".into() }
    }
}

/// The first administrator, made at start when nobody has this address.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    pub email: Option<String>,
    pub password: Option<String>,
}

/// What is written to standard error.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, or a filter such as `info,hg_app=debug`.
    pub level: String,
    /// `text` or `json`.
    pub format: String,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into(), format: "text".into() }
    }
}

impl Config {
    pub fn database_url(&self) -> String {
        self.database.url.clone().unwrap_or_else(|| format!("sqlite:{}", self.data_dir.join("honeyguide.db").display()))
    }

    pub fn listen(&self) -> Result<SocketAddr, String> {
        self.server
            .listen
            .parse()
            .map_err(|_| format!("“{}” is not an address to listen on; write it like 127.0.0.1:8080", self.server.listen))
    }

    /// The site's address, without a trailing slash.
    pub fn site_url(&self) -> String {
        match &self.site.url {
            Some(url) if !url.trim().is_empty() => url.trim().trim_end_matches('/').to_owned(),
            _ => format!("http://{}", self.server.listen.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]")),
        }
    }
}

/// Reads file, environment and flags, in this order; later ones win.
pub fn load(options: &Options) -> Result<Config, String> {
    let mut builder = config::Config::builder();
    builder = match &options.config {
        Some(file) => builder.add_source(config::File::from(file.as_path()).format(config::FileFormat::Toml)),
        None => builder.add_source(config::File::new("honeyguide.toml", config::FileFormat::Toml).required(false)),
    };
    let built = builder
        .add_source(config::Environment::with_prefix("HONEYGUIDE").prefix_separator("__").separator("__"))
        .build()
        .map_err(|e| format!("the configuration cannot be read: {e}"))?;
    let mut config: Config = built.try_deserialize().map_err(|e| format!("the configuration is not right: {e}"))?;
    if let Some(url) = &options.database {
        config.database.url = Some(url.clone());
    }
    if let Some(listen) = &options.listen {
        config.server.listen.clone_from(listen);
    }
    if let Some(dir) = &options.data_dir {
        config.data_dir.clone_from(dir);
    }
    Ok(config)
}
