//! What providers report over HTTP. Nothing is believed that is not signed as its provider signs.

mod events;
mod setup;
mod sns;
mod verify;

use std::collections::BTreeMap;

use hg_store::Lane;
use serde_json::Value as Json;

use super::act::{Outcome, Returned, What, act, count};
use crate::cx::Cx;
use crate::error::Result;

pub use setup::{Webhook, read_webhooks, write_webhook};

/// Events in one transaction; a report may hold thousands.
const CHUNK: usize = 500;

/// Who reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provider {
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
    pub const ALL: [Self; 8] =
        [Self::Ses, Self::SendGrid, Self::Mailgun, Self::Postmark, Self::SparkPost, Self::Mailjet, Self::Brevo, Self::Resend];

    /// The word in addresses and in the store.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Ses => "ses",
            Self::SendGrid => "sendgrid",
            Self::Mailgun => "mailgun",
            Self::Postmark => "postmark",
            Self::SparkPost => "sparkpost",
            Self::Mailjet => "mailjet",
            Self::Brevo => "brevo",
            Self::Resend => "resend",
        }
    }

    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.key() == key)
    }
}

/// A report as it came.
#[derive(Debug, Clone, Default)]
pub struct Callback {
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Callback {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// Whose report it looks like: for the one address that all providers may share.
    pub fn provider(&self) -> Option<Provider> {
        let has = |name: &str| self.header(name).is_some();
        if has("x-amz-sns-message-type") {
            return Some(Provider::Ses);
        }
        if has("x-twilio-email-event-webhook-signature") {
            return Some(Provider::SendGrid);
        }
        if has("svix-id") {
            return Some(Provider::Resend);
        }
        let body: Json = serde_json::from_slice(&self.body).ok()?;
        let first = body.as_array().and_then(|l| l.first()).unwrap_or(&body);
        if first.get("event-data").is_some() {
            return Some(Provider::Mailgun);
        }
        if first.get("msys").is_some() {
            return Some(Provider::SparkPost);
        }
        if first.get("RecordType").is_some() {
            return Some(Provider::Postmark);
        }
        match (first.get("event"), first.get("message-id"), first.get("MessageID")) {
            (Some(_), Some(_), _) => Some(Provider::Brevo),
            (Some(_), _, Some(_)) => Some(Provider::Mailjet),
            _ => None,
        }
    }
}

/// Why a report is not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Not signed by the provider, or nobody set the provider up.
    Forged,
    /// Signed, but too long ago.
    Stale,
    /// It is not what the provider sends.
    Unreadable,
    /// It cannot be checked now; the provider may try again.
    Later(String),
}

impl Refused {
    /// The word under which it is counted.
    const fn key(&self) -> &'static str {
        match self {
            Self::Forged => "forged",
            Self::Stale => "stale",
            Self::Unreadable => "unreadable",
            Self::Later(_) => "later",
        }
    }
}

/// Takes a report: how many events it held, or why it is refused.
pub async fn take(cx: &Cx, provider: Provider, callback: Callback) -> Result<Result<usize, Refused>> {
    let judged = judge(cx, provider, &callback).await;
    match judged {
        Ok(found) => write(cx, provider, found).await.map(Ok),
        Err(refused) => {
            tracing::warn!(provider = provider.key(), why = refused.key(), "A provider's report was refused");
            let (now, word) = (cx.now(), refused.key());
            cx.db().write_in(Lane::Live, move |tx| count(tx, now, provider.key(), word, 1)).await?;
            Ok(Err(refused))
        }
    }
}

async fn judge(cx: &Cx, provider: Provider, callback: &Callback) -> Result<Vec<Returned>, Refused> {
    let secret = setup::secret(cx, provider).ok_or(Refused::Forged)?;
    let mut body: Json = serde_json::from_slice(&callback.body).map_err(|_| Refused::Unreadable)?;
    if provider == Provider::Ses {
        sns::verify(cx, &secret, &body).await?;
        let kind = body.get("Type").and_then(Json::as_str).unwrap_or_default().to_owned();
        if kind != "Notification" {
            if kind == "SubscriptionConfirmation" {
                sns::confirm(cx, &body).await?;
            }
            let id = body.get("MessageId").and_then(Json::as_str).unwrap_or_default().to_owned();
            return Ok(vec![Returned { reason: kind, raw: body.to_string(), ..Returned::new(What::Other, id) }]);
        }
        let inner = body.get("Message").and_then(Json::as_str).unwrap_or_default().to_owned();
        body = serde_json::from_str(&inner).map_err(|_| Refused::Unreadable)?;
    } else {
        verify::verify(provider, &secret, callback, &body, cx.now())?;
    }
    events::read(provider, callback.header("svix-id"), &body).ok_or(Refused::Unreadable)
}

/// Keeps the events and writes what follows, all of a chunk at once.
async fn write(cx: &Cx, provider: Provider, found: Vec<Returned>) -> Result<usize> {
    let (source, now, total) = (provider.key(), cx.now(), found.len());
    let mut rest = found.into_iter();
    loop {
        let chunk: Vec<Returned> = rest.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(total);
        }
        cx.db()
            .write_in(Lane::Live, move |tx| {
                let mut outcomes: BTreeMap<&str, i64> = BTreeMap::new();
                for returned in &chunk {
                    let outcome: Outcome = act(tx, now, source, returned)?;
                    *outcomes.entry(outcome.key()).or_default() += 1;
                }
                for (outcome, times) in outcomes {
                    count(tx, now, source, outcome, times)?;
                }
                Ok::<_, crate::error::Error>(())
            })
            .await?;
    }
}
