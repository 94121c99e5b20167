//! Asking the DNS, for the desk of sender domains.

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use hg_app::deliverability::{RecordKind, Resolver};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;

/// Name servers, asked directly: what was published a minute ago must be seen, so that nothing is kept.
pub struct DnsResolver(TokioResolver);

impl DnsResolver {
    /// The name servers of the machine.
    ///
    /// # Errors
    /// When the machine's configuration names none.
    pub fn of_the_system() -> Result<Self, String> {
        let mut builder = TokioResolver::builder_tokio().map_err(|e| e.to_string())?;
        builder.options_mut().cache_size = 0;
        builder.build().map(Self).map_err(|e| e.to_string())
    }

    /// One name server, over UDP and TCP, with a limit for each try.
    ///
    /// # Errors
    /// When the resolver cannot be set up.
    pub fn of(server: SocketAddr, limit: Duration) -> Result<Self, String> {
        let on = |mut connection: ConnectionConfig| {
            connection.port = server.port();
            connection
        };
        let connections = vec![on(ConnectionConfig::udp()), on(ConnectionConfig::tcp())];
        let config = ResolverConfig::from_name_servers(vec![NameServerConfig::new(server.ip(), true, connections)]);
        let mut builder = TokioResolver::builder_with_config(config, TokioRuntimeProvider::default());
        let options = builder.options_mut();
        (options.cache_size, options.timeout, options.attempts) = (0, limit, 1);
        builder.build().map(Self).map_err(|e| e.to_string())
    }
}

/// Names with a dot at the end are whole; the machine's own domain is not put behind them.
fn whole(name: &str) -> String {
    format!("{}.", name.trim_end_matches('.'))
}

/// Nothing there is an answer too.
fn or_nothing(answer: Result<Vec<String>, NetError>) -> Result<Vec<String>, String> {
    match answer {
        Err(error) if error.is_no_records_found() || error.is_nx_domain() => Ok(Vec::new()),
        other => other.map_err(|e| e.to_string()),
    }
}

#[async_trait]
impl Resolver for DnsResolver {
    async fn ask(&self, kind: RecordKind, name: &str) -> Result<Vec<String>, String> {
        let name = whole(name);
        let text = |data: &RData| match data {
            RData::TXT(txt) => Some(txt.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect::<String>()),
            RData::MX(mx) => Some(format!("{} {}", mx.preference, mx.exchange.to_utf8().trim_end_matches('.'))),
            _ => None,
        };
        or_nothing(match kind {
            RecordKind::Txt => self.0.txt_lookup(name).await.map(|l| l.answers().iter().filter_map(|r| text(&r.data)).collect()),
            RecordKind::Mx => self.0.mx_lookup(name).await.map(|l| l.answers().iter().filter_map(|r| text(&r.data)).collect()),
            RecordKind::Address => self.0.lookup_ip(name).await.map(|l| l.iter().map(|ip| ip.to_string()).collect()),
        })
    }
}
