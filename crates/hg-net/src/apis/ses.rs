//! Amazon SES, version 2: the message as it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hg_app::outgoing::{Ask, Method, Told};
use hg_core::time::Timestamp;
use serde_json::json;

use super::address::host_of;
use super::letter::Letter;
use super::signature::Signed;
use super::{Api, Said, Verdict};

const PATH: &str = "/v2/email/outbound-emails";

pub(super) struct Ses {
    pub at: String,
    pub region: String,
    pub key: String,
    pub secret: String,
    pub session: Option<String>,
}

impl Api for Ses {
    fn host(&self) -> String {
        host_of(&self.at)
    }

    fn ask(&self, letter: &Letter<'_>, now: Timestamp) -> Result<Ask, String> {
        let body = json!({
            "FromEmailAddress": letter.from().address,
            "Destination": {"ToAddresses": [letter.envelope.recipient]},
            "Content": {"Raw": {"Data": STANDARD.encode(letter.raw)}},
        })
        .to_string();
        let at: String = now.rfc3339().chars().take(19).filter(|c| c.is_ascii_alphanumeric()).chain(['Z']).collect();
        // The host as the request names it, with a port that is not the usual one.
        let host = self.at.split_once("://").map_or(self.at.as_str(), |(_, rest)| rest).split('/').next().unwrap_or_default();
        let mut headers = vec![("content-type", "application/json"), ("host", host), ("x-amz-date", at.as_str())];
        if let Some(session) = &self.session {
            headers.push(("x-amz-security-token", session.as_str()));
        }
        let signed = Signed {
            method: "POST",
            path: PATH,
            query: "",
            headers: &headers,
            body: body.as_bytes(),
            at: &at,
            region: &self.region,
            service: "ses",
        };
        let mut ask = Ask::new(Method::Post, format!("{}{PATH}", self.at))
            .header("authorization", signed.authorization(&self.key, &self.secret))
            .header("x-amz-date", at.as_str());
        if let Some(session) = &self.session {
            ask = ask.header("x-amz-security-token", session.as_str());
        }
        Ok(ask.body("application/json", body))
    }

    fn judge(&self, told: &Told, said: &Said) -> Option<Verdict> {
        let kind = told.header("x-amzn-errortype").unwrap_or_else(|| said.text("/__type"));
        let kind = kind.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default();
        let account =
            ["TooManyRequests", "Throttling", "LimitExceeded", "SendingPaused", "AccountSuspended", "MailFromDomainNotVerified"];
        // Access is denied to keys, not to messages.
        let rests = told.status == 403 || (told.status == 400 && account.iter().any(|word| kind.starts_with(word)));
        rests.then(|| Verdict::Rest(format!("{kind} {}", said.words).trim().to_owned()))
    }
}
