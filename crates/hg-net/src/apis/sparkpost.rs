//! SparkPost: the message as it is.

use hg_app::outgoing::{Ask, Method, Told};
use hg_core::time::Timestamp;
use serde_json::json;

use super::address::host_of;
use super::letter::Letter;
use super::{Api, Said, Verdict};

pub(super) struct SparkPost {
    pub at: String,
    pub key: String,
}

impl Api for SparkPost {
    fn host(&self) -> String {
        host_of(&self.at)
    }

    fn ask(&self, letter: &Letter<'_>, _: Timestamp) -> Result<Ask, String> {
        // It goes as text: what is not, would arrive as something else.
        let raw = std::str::from_utf8(letter.raw).map_err(|_| "the message is not in UTF-8".to_owned())?;
        let mut recipient = json!({"address": {"email": letter.envelope.recipient}});
        if let Some(key) = letter.key() {
            recipient["metadata"] = json!({"hashId": key});
        }
        let body = json!({
            "options": {"open_tracking": false, "click_tracking": false},
            "recipients": [recipient],
            "content": {"email_rfc822": raw},
        });
        let ask = Ask::new(Method::Post, format!("{}/api/v1/transmissions", self.at));
        Ok(ask.header("authorization", self.key.as_str()).json(&body))
    }

    fn judge(&self, told: &Told, said: &Said) -> Option<Verdict> {
        match told.status {
            200 if said.number("/results/total_accepted_recipients") == Some(0) => Some(Verdict::never(said.words.as_str())),
            // The limits of the account.
            420 => Some(Verdict::Rest(said.words.clone())),
            _ => None,
        }
    }
}
