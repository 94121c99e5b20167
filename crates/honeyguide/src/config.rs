//! Deployment: `honeyguide.toml`, then `HONEYGUIDE__SECTION__KEY`, then flags.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use hg_core::tracking::IpRule;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{PartialSchema, ToSchema};

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
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Signs tokens, cookies and links; made once in the data folder when absent.
    pub secret_key: Option<String>,
    /// Folder of the workspace's files.
    #[schema(value_type = String)]
    pub data_dir: PathBuf,
    #[schema(inline)]
    pub database: Database,
    #[schema(inline)]
    pub server: Server,
    #[schema(inline)]
    pub site: SiteConfig,
    #[schema(inline)]
    pub mail: Mail,
    #[schema(inline)]
    pub admin: Admin,
    #[schema(inline)]
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
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Database {
    /// `sqlite:PATH` or `postgres://…`; an SQLite file in the data folder when absent.
    pub url: Option<String>,
    /// Reading connections (SQLite) or connections in all (PostgreSQL).
    pub connections: Option<usize>,
}

/// Where the server listens.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Address and port, such as `127.0.0.1:8080`.
    pub listen: String,
    /// Addresses and networks of the proxies in front, such as `10.0.0.2` or `10.0.0.0/8`. Only what they say in
    /// `X-Forwarded-For` and `X-Forwarded-Proto` is believed. In the environment: with commas between.
    #[serde(deserialize_with = "list")]
    #[schema(value_type = Vec<String>)]
    pub trusted_proxies: Vec<String>,
}

impl Default for Server {
    fn default() -> Self {
        Self { listen: "127.0.0.1:8080".into(), trusted_proxies: Vec::new() }
    }
}

/// A list, or one text with commas between its parts, as the environment gives it.
fn list<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        List(Vec<String>),
    }
    let parts = match Either::deserialize(d)? {
        Either::Text(text) => text.split(',').map(str::to_owned).collect(),
        Either::List(parts) => parts,
    };
    Ok(parts.into_iter().map(|p: String| p.trim().to_owned()).filter(|p| !p.is_empty()).collect())
}

/// How the public reaches the site.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SiteConfig {
    /// Made from the listening address when absent.
    pub url: Option<String>,
}

/// How mail leaves.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// `outbox:` (caught inside), `smtp://user:pass@host:port`, `smtps://…`, or a provider such as
    /// `sendgrid+api://KEY@default`. Several, with spaces between, in order of priority: the next takes what the one
    /// before certainly did not.
    pub url: String,
}

impl Default for Mail {
    fn default() -> Self {
        Self { url: "outbox:".into() }
    }
}

/// The first administrator, made at start when nobody has this address.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// Who signs in.
    pub email: Option<String>,
    /// At least ten characters; better given in the environment than in a file.
    pub password: Option<String>,
}

/// What is written to standard error.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
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

    /// What cannot be right, whatever the command.
    pub fn check(&self) -> Result<(), String> {
        match self.server.trusted_proxies.iter().find(|entry| IpRule::parse(entry).is_none()) {
            Some(entry) => Err(format!(
                "server.trusted_proxies: “{entry}” is no address and no network; write it like 10.0.0.2 or 10.0.0.0/8"
            )),
            None => Ok(()),
        }
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
    config.check()?;
    Ok(config)
}

/// The JSON Schema of `honeyguide.toml`, for editors and checks.
pub fn schema() -> serde_json::Value {
    let mut schema = serde_json::to_value(<Config as PartialSchema>::schema()).unwrap_or_default();
    if let Some(object) = schema.as_object_mut() {
        object.insert("$schema".into(), "https://json-schema.org/draft/2020-12/schema".into());
        object.insert("title".into(), "honeyguide.toml".into());
        // A section comes as itself and its default, which says nothing that its keys do not say.
        for section in object.get_mut("properties").and_then(|p| p.as_object_mut()).into_iter().flat_map(|p| p.values_mut()) {
            if let Some(itself) = section.get_mut("allOf").and_then(|all| all.get_mut(0)).map(serde_json::Value::take) {
                *section = itself;
            }
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_describes_every_section_and_allows_nothing_else() {
        let schema = schema();
        let properties = schema["properties"].as_object().expect("an object");
        for section in ["database", "server", "site", "mail", "admin", "log"] {
            assert_eq!(properties[section]["additionalProperties"], false, "{section}");
        }
        assert_eq!(schema["additionalProperties"], false);
        assert!(
            schema.get("required").is_none_or(|r| r.as_array().is_some_and(Vec::is_empty)),
            "everything has a default: {schema}"
        );
        assert!(!schema.to_string().contains("$ref"), "{schema}");
    }

    #[test]
    fn proxies_come_as_a_list_or_with_commas_between() {
        let read = |text: &str| {
            let file = config::File::from_str(text, config::FileFormat::Toml);
            let config = config::Config::builder().add_source(file).build().expect("it can be read");
            config.try_deserialize::<Config>().expect("it is right").server.trusted_proxies
        };
        assert_eq!(read("[server]\ntrusted_proxies = [\"10.0.0.2\", \"::1\"]"), ["10.0.0.2", "::1"]);
        assert_eq!(read("[server]\ntrusted_proxies = \"10.0.0.2, 192.168.0.0/16\""), ["10.0.0.2", "192.168.0.0/16"]);
        let wrong = Server { trusted_proxies: vec!["proxy.example.org".into()], ..Server::default() };
        assert!(Config { server: wrong, ..Config::default() }.check().is_err_and(|e| e.contains("proxy.example.org")));
    }
}
