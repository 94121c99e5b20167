//! The ways out for mail, as the configuration names them.

use std::sync::Arc;

use hg_app::outgoing::Web;
use hg_app::sending::{Transport, WayMaker};
use hg_app::{Error, Result};
use hg_core::time::SharedClock;
use hg_net::apis::{ApiAddress, ApiTransport, smtp_address};
use hg_net::smtp::{SmtpConfig, SmtpTransport};

use crate::config::Config;

/// One way out.
pub enum WayOut {
    Smtp(Box<SmtpConfig>),
    Api(ApiAddress),
}

/// The ways in order of priority; none while the built-in outbox catches mail.
pub fn ways_out(config: &Config) -> Result<Vec<WayOut>> {
    if config.mail.url.starts_with("outbox") {
        return Ok(Vec::new());
    }
    let ways: Vec<WayOut> = addresses(&config.mail.url).map(|address| way(config, address)).collect::<Result<_>>()?;
    if ways.is_empty() {
        return Err(Error::unavailable("mail.url: write outbox: or the address of a mail server"));
    }
    Ok(ways)
}

/// Several stand with spaces between, or within `failover(…)`.
fn addresses(url: &str) -> impl Iterator<Item = &str> {
    let url = url.trim();
    let inner = url.strip_prefix("failover(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(url);
    inner.split_whitespace()
}

fn way(config: &Config, address: &str) -> Result<WayOut> {
    parsed(&config.site_url(), address).map_err(|error| Error::unavailable(format!("mail.url: {error}")))
}

/// The way that an address stands for; `site` says how we introduce ourselves.
///
/// # Errors
/// When the address is none, in words for people.
pub fn parsed(site: &str, address: &str) -> Result<WayOut, String> {
    if let Some(api) = ApiAddress::parse(address) {
        return api.map(WayOut::Api).map_err(|e| e.to_string());
    }
    let behind = smtp_address(address);
    let mut smtp = SmtpConfig::parse(behind.as_deref().unwrap_or(address)).map_err(|e| e.to_string())?;
    if smtp.hello == "localhost" {
        let host = site.split("://").nth(1).unwrap_or_default().split(['/', ':']).next().unwrap_or_default();
        smtp.hello = if host.is_empty() { "localhost".into() } else { host.to_owned() };
    }
    Ok(WayOut::Smtp(Box::new(smtp)))
}

/// Makes transports of addresses.
pub struct Maker {
    pub site: String,
    pub web: Arc<dyn Web>,
    pub clock: SharedClock,
}

impl Maker {
    pub fn open(&self, way: WayOut) -> Arc<dyn Transport> {
        match way {
            WayOut::Smtp(smtp) => Arc::new(SmtpTransport::new(*smtp)),
            WayOut::Api(address) => Arc::new(ApiTransport::new(address, Arc::clone(&self.web), Arc::clone(&self.clock))),
        }
    }
}

impl WayMaker for Maker {
    fn make(&self, address: &str) -> Result<Arc<dyn Transport>, String> {
        parsed(&self.site, address).map(|way| self.open(way))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_ways_stand_in_order_with_spaces_between_or_in_the_words_of_others() {
        for url in ["smtp://a.io sendgrid+api://k@default", "failover(smtp://a.io sendgrid+api://k@default)"] {
            let mut config = Config::default();
            config.mail.url = url.into();
            let ways = ways_out(&config).unwrap();
            assert!(matches!(&ways[..], [WayOut::Smtp(smtp), WayOut::Api(_)] if smtp.host == "a.io"), "{url}");
        }
        let mut config = Config::default();
        config.mail.url = "smtp://a.io mailgun+api://k@default".into();
        assert!(ways_out(&config).err().unwrap().detail.contains("mailgun+api://KEY:DOMAIN@default"));
    }
}
