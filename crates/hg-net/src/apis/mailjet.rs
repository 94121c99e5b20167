//! Mailjet, version 3.1.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hg_app::outgoing::{Ask, Method, Told};
use hg_core::time::Timestamp;
use serde_json::{Value as Json, json};

use super::address::host_of;
use super::letter::Letter;
use super::{Api, Said, Verdict};

pub(super) struct Mailjet {
    pub at: String,
    pub key: String,
    pub secret: String,
}

impl Api for Mailjet {
    fn host(&self) -> String {
        host_of(&self.at)
    }

    fn ask(&self, letter: &Letter<'_>, _: Timestamp) -> Result<Ask, String> {
        let mut message = json!({
            "From": letter.from().json("Email", "Name"),
            "To": [letter.to().json("Email", "Name")],
            "Subject": letter.subject(),
            "TextPart": letter.text(),
            "HTMLPart": letter.html(),
            "Headers": letter.header_map(),
            "TrackOpens": "disabled",
            "TrackClicks": "disabled",
        });
        if let Some(reply_to) = letter.reply_to() {
            message["ReplyTo"] = reply_to.json("Email", "Name");
        }
        if let Some(key) = letter.key() {
            message["CustomID"] = json!(key);
        }
        let (shown, beside): (Vec<_>, Vec<_>) = letter.attached().into_iter().partition(|file| file.cid.is_some());
        for (word, files) in [("InlinedAttachments", shown), ("Attachments", beside)] {
            let files: Vec<Json> = files
                .iter()
                .map(|file| {
                    let mut out = file.json("Filename", "ContentType", "Base64Content");
                    if let Some(cid) = &file.cid {
                        out.insert("ContentID".into(), json!(cid));
                    }
                    Json::Object(out)
                })
                .collect();
            if !files.is_empty() {
                message[word] = json!(files);
            }
        }
        let secret = STANDARD.encode(format!("{}:{}", self.key, self.secret));
        let ask = Ask::new(Method::Post, format!("{}/v3.1/send", self.at));
        Ok(ask.header("authorization", format!("Basic {secret}")).json(&json!({"Messages": [message]})))
    }

    fn judge(&self, told: &Told, said: &Said) -> Option<Verdict> {
        (told.is_success() && said.text("/Messages/0/Status") == "error").then(|| Verdict::never(said.words.as_str()))
    }
}
