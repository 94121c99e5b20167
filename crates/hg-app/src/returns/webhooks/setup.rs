//! Which providers may report, and the secrets to check them with.

use super::Provider;
use crate::cx::{Action, Area, Cx};
use crate::emails::site_url;
use crate::error::{Error, Result};
use crate::{secrets, settings};

/// A provider, as people set it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    pub provider: Provider,
    /// Whether a secret is there.
    pub is_set: bool,
    /// The address to enter at the provider.
    pub url: String,
}

fn about(provider: Provider) -> String {
    format!("the reports of {}", provider.key())
}

fn webhook(cx: &Cx, provider: Provider) -> Webhook {
    let is_set = cx.ws.settings().providers.secrets.contains_key(provider.key());
    Webhook { provider, is_set, url: format!("{}/mailer/callback/{}", site_url(&cx.ws), provider.key()) }
}

/// All providers.
pub fn read_webhooks(cx: &Cx) -> Result<Vec<Webhook>> {
    cx.may(Action::View(Area::Settings))?;
    Ok(Provider::ALL.into_iter().map(|p| webhook(cx, p)).collect())
}

/// Sets a provider's secret; an empty one shuts its door.
pub async fn write_webhook(cx: &Cx, provider: Provider, secret: &str) -> Result<Webhook> {
    cx.may(Action::Edit(Area::Settings))?;
    let secret = secret.trim();
    let fits = match provider {
        _ if secret.is_empty() => true,
        Provider::Ses => secret.split([',', ' ', '\n']).filter(|t| !t.is_empty()).all(|t| t.starts_with("arn:aws")),
        Provider::SendGrid => secret.len() > 80,
        _ => secret.len() >= 16,
    };
    if !fits {
        let detail = match provider {
            Provider::Ses => "Write the ARNs of the topics that may report, with commas between.",
            Provider::SendGrid => "Paste the verification key that SendGrid shows for the signed event webhook.",
            _ => "Write at least 16 characters: whoever knows them may report for the provider.",
        };
        return Err(Error::field("/secret", "secret", detail));
    }
    let mut providers = cx.ws.settings().providers.clone();
    if secret.is_empty() {
        providers.secrets.remove(provider.key());
    } else {
        let sealed = secrets::seal(&cx.ws, &about(provider), secret.as_bytes())?;
        providers.secrets.insert(provider.key().to_owned(), sealed);
    }
    settings::store_providers(cx, providers).await?;
    Ok(webhook(cx, provider))
}

/// The secret of a provider that was set up.
pub(super) fn secret(cx: &Cx, provider: Provider) -> Option<String> {
    let settings = cx.ws.settings();
    let sealed = settings.providers.secrets.get(provider.key())?;
    match secrets::open(&cx.ws, &about(provider), sealed) {
        Ok(plain) => String::from_utf8(plain).ok(),
        Err(error) => {
            tracing::error!(provider = provider.key(), error = %error.detail, "Reports cannot be checked");
            None
        }
    }
}
