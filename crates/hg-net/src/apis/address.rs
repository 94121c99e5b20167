//! Which provider, from one address in the words that Symfony's mailers use.

use std::sync::Arc;
use std::time::Duration;

use super::Api;
use super::brevo::Brevo;
use super::mailgun::Mailgun;
use super::mailjet::Mailjet;
use super::postmark::Postmark;
use super::resend::Resend;
use super::sendgrid::SendGrid;
use super::ses::Ses;
use super::sparkpost::SparkPost;
use crate::smtp::{ConfigError, decoded};

/// How long one message may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The interface of a provider and how to be let in.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiAddress {
    provider: Provider,
    user: String,
    password: String,
    region: Option<String>,
    stream: Option<String>,
    session: Option<String>,
    /// Another server than the provider's, such as a proxy of one's own.
    pub(super) endpoint: Option<String>,
    pub(super) timeout: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Provider {
    Ses,
    SendGrid,
    Mailgun,
    Postmark,
    SparkPost,
    Mailjet,
    Brevo,
    Resend,
}

impl Provider {
    fn of(scheme: &str) -> Option<(Self, bool)> {
        let (name, way) = scheme.split_once('+')?;
        let provider = match name {
            "ses" => Self::Ses,
            "sendgrid" => Self::SendGrid,
            "mailgun" => Self::Mailgun,
            "postmark" => Self::Postmark,
            "sparkpost" => Self::SparkPost,
            "mailjet" => Self::Mailjet,
            "brevo" | "sendinblue" => Self::Brevo,
            "resend" => Self::Resend,
            _ => return None,
        };
        match way {
            "api" | "https" => Some((provider, true)),
            "smtp" | "smtps" => Some((provider, false)),
            _ => None,
        }
    }

    /// What stands in front of the @, for people.
    const fn wants(self) -> &'static str {
        match self {
            Self::Ses => "ses+api://ACCESS_KEY:SECRET_KEY@default?region=eu-west-1",
            Self::SendGrid => "sendgrid+api://KEY@default",
            Self::Mailgun => "mailgun+api://KEY:DOMAIN@default?region=eu",
            Self::Postmark => "postmark+api://TOKEN@default",
            Self::SparkPost => "sparkpost+api://KEY@default?region=eu",
            Self::Mailjet => "mailjet+api://PUBLIC_KEY:PRIVATE_KEY@default",
            Self::Brevo => "brevo+api://KEY@default",
            Self::Resend => "resend+api://KEY@default",
        }
    }

    const fn needs_two(self) -> bool {
        matches!(self, Self::Ses | Self::Mailgun | Self::Mailjet)
    }
}

/// The SMTP server behind `sendgrid+smtp://KEY@default` and the like; none for other addresses.
pub fn smtp_address(address: &str) -> Option<String> {
    let (scheme, rest) = address.split_once("://")?;
    let (provider, false) = Provider::of(scheme)? else { return None };
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (user, host) = rest.rsplit_once('@')?;
    let (region, others): (Vec<&str>, Vec<&str>) =
        query.split('&').filter(|p| !p.is_empty()).partition(|p| p.starts_with("region="));
    let region = region.first().map(|p| &p["region=".len()..]).or(Some(host).filter(|h| *h != "default" && !h.contains('.')));
    let (server, user) = match provider {
        Provider::Ses => (format!("email-smtp.{}.amazonaws.com", region.unwrap_or("eu-west-1")), user.to_owned()),
        Provider::SendGrid => ("smtp.sendgrid.net".into(), format!("apikey:{user}")),
        Provider::Mailgun if region == Some("eu") => ("smtp.eu.mailgun.org".into(), user.to_owned()),
        Provider::Mailgun => ("smtp.mailgun.org".into(), user.to_owned()),
        Provider::Postmark => ("smtp.postmarkapp.com".into(), format!("{user}:{user}")),
        Provider::SparkPost if region == Some("eu") => ("smtp.eu.sparkpostmail.com".into(), format!("SMTP_Injection:{user}")),
        Provider::SparkPost => ("smtp.sparkpostmail.com".into(), format!("SMTP_Injection:{user}")),
        Provider::Mailjet => ("in-v3.mailjet.com".into(), user.to_owned()),
        Provider::Brevo => ("smtp-relay.brevo.com".into(), user.to_owned()),
        Provider::Resend => ("smtp.resend.com".into(), format!("resend:{user}")),
    };
    let options: String = others.iter().map(|option| format!("&{option}")).collect();
    Some(format!("smtp://{user}@{server}:587?tls=required{options}"))
}

impl ApiAddress {
    /// Reads `sendgrid+api://KEY@default?region=eu` and the like; none when the address is of another kind.
    pub fn parse(address: &str) -> Option<Result<Self, ConfigError>> {
        let (scheme, rest) = address.split_once("://")?;
        let (provider, true) = Provider::of(scheme)? else { return None };
        Some(Self::read(provider, rest))
    }

    fn read(provider: Provider, rest: &str) -> Result<Self, ConfigError> {
        let shape = || ConfigError::Provider(provider.wants());
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (credentials, host) = rest.trim_end_matches('/').rsplit_once('@').ok_or_else(shape)?;
        let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
        if user.is_empty() || host.is_empty() || provider.needs_two() == password.is_empty() {
            return Err(shape());
        }
        let mut out = Self {
            provider,
            user: decoded(user),
            password: decoded(password),
            region: None,
            stream: None,
            session: None,
            endpoint: None,
            timeout: TIMEOUT,
        };
        match host {
            "default" => {}
            host if host.contains(['.', ':']) => out.endpoint = Some(format!("https://{host}")),
            region => out.region = Some(region.to_owned()),
        }
        for (name, value) in query.split('&').filter(|p| !p.is_empty()).map(|p| p.split_once('=').unwrap_or((p, ""))) {
            let wrong = || ConfigError::Option(name.to_owned(), value.to_owned());
            match name {
                "region" if !value.is_empty() => out.region = Some(decoded(value)),
                "message_stream" if provider == Provider::Postmark => out.stream = Some(decoded(value)),
                "session_token" if provider == Provider::Ses => out.session = Some(decoded(value)),
                "endpoint" if value.starts_with("http") => out.endpoint = Some(decoded(value).trim_end_matches('/').to_owned()),
                "timeout" => {
                    out.timeout = value.parse().ok().filter(|s| *s > 0).map(Duration::from_secs).ok_or_else(wrong)?;
                }
                _ => return Err(wrong()),
            }
        }
        if out.region.as_deref().is_some_and(|r| !r.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')) {
            return Err(shape());
        }
        Ok(out)
    }

    /// The server, for people.
    pub fn host(&self) -> String {
        self.api().host()
    }

    pub(super) fn api(&self) -> Arc<dyn Api> {
        let (key, eu) = (self.user.clone(), self.region.as_deref() == Some("eu"));
        let at = |usual: &str, europe: &str| {
            self.endpoint.clone().unwrap_or_else(|| format!("https://{}", if eu { europe } else { usual }))
        };
        match self.provider {
            Provider::Ses => {
                let region = self.region.clone().unwrap_or_else(|| "eu-west-1".to_owned());
                let usual = format!("email.{region}.amazonaws.com");
                Arc::new(Ses {
                    at: at(&usual, &usual),
                    region,
                    key,
                    secret: self.password.clone(),
                    session: self.session.clone(),
                })
            }
            Provider::SendGrid => Arc::new(SendGrid { at: at("api.sendgrid.com", "api.eu.sendgrid.com"), key }),
            Provider::Mailgun => {
                Arc::new(Mailgun { at: at("api.mailgun.net", "api.eu.mailgun.net"), key, domain: self.password.clone() })
            }
            Provider::Postmark => {
                Arc::new(Postmark { at: at("api.postmarkapp.com", "api.postmarkapp.com"), key, stream: self.stream.clone() })
            }
            Provider::SparkPost => Arc::new(SparkPost { at: at("api.sparkpost.com", "api.eu.sparkpost.com"), key }),
            Provider::Mailjet => {
                Arc::new(Mailjet { at: at("api.mailjet.com", "api.mailjet.com"), key, secret: self.password.clone() })
            }
            Provider::Brevo => Arc::new(Brevo { at: at("api.brevo.com", "api.brevo.com"), key }),
            Provider::Resend => Arc::new(Resend { at: at("api.resend.com", "api.resend.com"), key }),
        }
    }
}

/// The host in an address of the web.
pub(super) fn host_of(at: &str) -> String {
    let rest = at.split_once("://").map_or(at, |(_, rest)| rest);
    rest.split(['/', ':']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_the_provider_and_how_to_be_let_in() {
        let ses = ApiAddress::parse("ses+api://AK:s%2Fk@default?region=us-east-2").unwrap().unwrap();
        assert_eq!((ses.user.as_str(), ses.password.as_str(), ses.region.as_deref()), ("AK", "s/k", Some("us-east-2")));
        assert_eq!(ses.api().host(), "email.us-east-2.amazonaws.com");
        assert_eq!(
            ApiAddress::parse("ses+api://AK:SK@eu-central-1").unwrap().unwrap().api().host(),
            "email.eu-central-1.amazonaws.com"
        );
        let eu = ApiAddress::parse("mailgun+api://k:mg.x.io@default?region=eu").unwrap().unwrap();
        assert_eq!(eu.api().host(), "api.eu.mailgun.net");
        for (address, host) in [
            ("sendgrid+api://k@default", "api.sendgrid.com"),
            ("postmark+api://k@default?message_stream=broadcast", "api.postmarkapp.com"),
            ("sparkpost+api://k@default", "api.sparkpost.com"),
            ("mailjet+api://k:s@default", "api.mailjet.com"),
            ("brevo+api://k@default", "api.brevo.com"),
            ("resend+api://k@default", "api.resend.com"),
        ] {
            assert_eq!(ApiAddress::parse(address).unwrap().unwrap().api().host(), host);
        }
    }

    #[test]
    fn an_address_that_lacks_something_shows_how_to_write_one() {
        for wrong in ["ses+api://AK@default", "sendgrid+api://default", "mailgun+api://k@default", "brevo+api://@default"] {
            let error = ApiAddress::parse(wrong).unwrap().err().unwrap();
            assert!(error.to_string().contains("@default"), "{error}");
        }
        assert!(ApiAddress::parse("sendgrid+api://k@default?regoin=eu").unwrap().is_err());
        assert!(ApiAddress::parse("ses+api://a:b@default?region=x/y").unwrap().is_err());
        assert!(ApiAddress::parse("smtp://x.io").is_none() && ApiAddress::parse("sendgrid+smtp://k@default").is_none());
    }

    #[test]
    fn a_provider_over_smtp_is_its_server() {
        use crate::smtp::SmtpConfig;
        let config = SmtpConfig::parse(&smtp_address("sendgrid+smtp://S%3AG@default?hello=x.io").unwrap()).unwrap();
        assert_eq!((config.host.as_str(), config.port, config.hello.as_str()), ("smtp.sendgrid.net", 587, "x.io"));
        assert_eq!(config.credentials, Some(("apikey".into(), "S:G".into())));
        let ses = smtp_address("ses+smtp://a:b@default?region=us-east-1").unwrap();
        assert_eq!(SmtpConfig::parse(&ses).unwrap().host, "email-smtp.us-east-1.amazonaws.com");
        assert_eq!(smtp_address("smtp://x.io"), None);
    }
}
