//! Where the mail server is and how to speak with it, from one address.

use std::time::Duration;

/// How the connection is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS, or no connection at all.
    StartTls,
    /// STARTTLS if it is offered.
    Opportunistic,
    /// None.
    Plain,
}

/// Time limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To connect, secure and greet.
    pub connect: Duration,
    /// For each reply.
    pub reply: Duration,
    /// For the reply after the body, which may be scanned first.
    pub body: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(30), reply: Duration::from_secs(60), body: Duration::from_secs(300) }
    }
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SmtpConfig {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// How the connection is secured.
    pub security: Security,
    /// Whether the certificate must be good.
    pub verify: bool,
    /// User and password.
    pub credentials: Option<(String, String)>,
    /// The name we greet with.
    pub hello: String,
    /// Time limits.
    pub timeouts: Timeouts,
    /// Messages on one connection before it is renewed.
    pub messages_per_connection: u32,
}

/// Why an address of a mail server cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not one of ours.
    #[error(
        "a mail server is written smtp://user:password@host:587 or smtps://user:password@host:465, a provider like sendgrid+api://KEY@default"
    )]
    Shape,
    /// A provider whose key or domain is missing.
    #[error("write this provider as {0}, with special characters as %40 and the like")]
    Provider(&'static str),
    /// An option has a value that means nothing.
    #[error("the option {0} of the mail server cannot be {1}")]
    Option(String, String),
}

impl SmtpConfig {
    /// Reads `smtp://user:password@host:port?tls=required&verify=no&hello=name&per_connection=100`.
    ///
    /// `smtps` is TLS from the first byte. Without `tls=` STARTTLS is used when offered; the certificate is
    /// checked when there is a password to lose.
    pub fn parse(address: &str) -> Result<Self, ConfigError> {
        let (scheme, rest) = address.split_once("://").ok_or(ConfigError::Shape)?;
        let mut security = match scheme {
            "smtp" => Security::Opportunistic,
            "smtps" => Security::Tls,
            _ => return Err(ConfigError::Shape),
        };
        let (authority, query) = rest.split_once('?').unwrap_or((rest, ""));
        let authority = authority.trim_end_matches('/');
        let (user, server) = authority.rsplit_once('@').map_or((None, authority), |(user, server)| (Some(user), server));
        let (host, port) = host_and_port(server, if security == Security::Tls { 465 } else { 25 })?;
        let credentials = user.map(|user| {
            let (name, password) = user.split_once(':').unwrap_or((user, ""));
            (decoded(name), decoded(password))
        });
        let mut config = Self {
            host,
            port,
            security,
            verify: credentials.is_some() || security == Security::Tls,
            credentials,
            hello: "localhost".into(),
            timeouts: Timeouts::default(),
            messages_per_connection: 100,
        };
        for (name, value) in query.split('&').filter(|pair| !pair.is_empty()).filter_map(|pair| pair.split_once('=')) {
            let wrong = || ConfigError::Option(name.to_owned(), value.to_owned());
            match (name, value) {
                ("tls", "required") => {
                    security = Security::StartTls;
                    config.verify = true;
                }
                ("tls", "none") => security = Security::Plain,
                ("tls", "auto") => security = Security::Opportunistic,
                ("verify", "yes") => config.verify = true,
                ("verify", "no") => config.verify = false,
                ("hello", name) if !name.is_empty() => config.hello = decoded(name),
                ("timeout", seconds) => {
                    let limit = Duration::from_secs(seconds.parse().ok().filter(|s| *s > 0).ok_or_else(wrong)?);
                    config.timeouts = Timeouts { connect: limit, reply: limit, body: limit };
                }
                ("per_connection", count) => {
                    config.messages_per_connection = count.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?;
                }
                _ => return Err(wrong()),
            }
        }
        config.security = security;
        Ok(config)
    }
}

fn host_and_port(server: &str, default: u16) -> Result<(String, u16), ConfigError> {
    let (host, port) = if let Some(rest) = server.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or(ConfigError::Shape)?;
        (host, rest.strip_prefix(':'))
    } else {
        server.split_once(':').map_or((server, None), |(host, port)| (host, Some(port)))
    };
    if host.is_empty() {
        return Err(ConfigError::Shape);
    }
    let port = match port {
        Some(port) => port.parse().map_err(|_| ConfigError::Shape)?,
        None => default,
    };
    Ok((host.to_owned(), port))
}

/// Percent signs in names and passwords.
pub(crate) fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%').and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(hex.unwrap_or(bytes[at]));
        at += if hex.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_everything_about_a_mail_server() {
        let full =
            SmtpConfig::parse("smtp://me%40x.io:p%3Aw@mail.x.io:587?tls=required&hello=app.x.io&timeout=5&per_connection=7")
                .unwrap();
        assert_eq!((full.host.as_str(), full.port, full.security, full.verify), ("mail.x.io", 587, Security::StartTls, true));
        assert_eq!(full.credentials, Some(("me@x.io".into(), "p:w".into())));
        assert_eq!(
            (full.hello.as_str(), full.timeouts.reply, full.messages_per_connection),
            ("app.x.io", Duration::from_secs(5), 7)
        );
        let bare = SmtpConfig::parse("smtp://localhost").unwrap();
        assert_eq!((bare.port, bare.security, bare.verify), (25, Security::Opportunistic, false));
        assert_eq!(SmtpConfig::parse("smtps://[::1]").unwrap().port, 465);
    }

    #[test]
    fn an_address_that_is_none_says_how_to_write_one() {
        for wrong in ["", "mail.x.io", "http://x.io", "smtp://", "smtp://x.io:port", "smtp://[::1"] {
            assert_eq!(SmtpConfig::parse(wrong), Err(ConfigError::Shape), "{wrong}");
        }
        assert!(SmtpConfig::parse("smtp://x.io?timeout=0").is_err());
        assert!(SmtpConfig::parse("smtp://x.io?tsl=none").is_err());
    }
}
