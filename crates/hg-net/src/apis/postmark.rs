//! Postmark.

use hg_app::outgoing::{Ask, Method, Told};
use hg_core::time::Timestamp;
use serde_json::{Value as Json, json};

use super::address::host_of;
use super::letter::Letter;
use super::{Api, Said, Verdict};

pub(super) struct Postmark {
    pub at: String,
    pub key: String,
    /// `outbound` when absent; mass mail must go through a broadcast stream.
    pub stream: Option<String>,
}

impl Api for Postmark {
    fn host(&self) -> String {
        host_of(&self.at)
    }

    fn ask(&self, letter: &Letter<'_>, _: Timestamp) -> Result<Ask, String> {
        let mut headers: Vec<Json> =
            letter.headers().into_iter().map(|(name, value)| json!({"Name": name, "Value": value})).collect();
        if let Some(id) = letter.message_id() {
            headers.push(json!({"Name": "Message-ID", "Value": format!("<{id}>")}));
            headers.push(json!({"Name": "X-PM-KeepID", "Value": "true"}));
        }
        let files: Vec<Json> = letter
            .attached()
            .iter()
            .map(|file| {
                let mut out = file.json("Name", "ContentType", "Content");
                if let Some(cid) = &file.cid {
                    out.insert("ContentID".into(), json!(format!("cid:{cid}")));
                }
                Json::Object(out)
            })
            .collect();
        let mut body = json!({
            "From": letter.from().line(),
            "To": letter.to().line(),
            "Subject": letter.subject(),
            "HtmlBody": letter.html(),
            "TextBody": letter.text(),
            "Headers": headers,
            "Attachments": files,
            "TrackOpens": false,
            "TrackLinks": "None",
            "MessageStream": self.stream.as_deref().unwrap_or("outbound"),
        });
        if let Some(reply_to) = letter.reply_to() {
            body["ReplyTo"] = json!(reply_to.line());
        }
        if let Some(key) = letter.key() {
            body["Metadata"] = json!({"hashId": key});
        }
        let ask = Ask::new(Method::Post, format!("{}/email", self.at)).header("accept", "application/json");
        Ok(ask.header("x-postmark-server-token", self.key.as_str()).json(&body))
    }

    fn judge(&self, told: &Told, said: &Said) -> Option<Verdict> {
        match (told.status, said.number("/ErrorCode")) {
            (200, Some(0) | None) => Some(Verdict::Taken),
            // Bounced or complained before: Postmark keeps it from further mail.
            (_, Some(406)) => Some(Verdict::dead_address(said.words.as_str())),
            // No credits left; the account waits for its approval.
            (_, Some(405 | 412 | 413)) => Some(Verdict::Rest(said.words.clone())),
            (200, Some(_)) => Some(Verdict::never(said.words.as_str())),
            _ => None,
        }
    }
}
