//! Resend.

use hg_app::outgoing::{Ask, Method, Told};
use hg_core::time::Timestamp;
use serde_json::{Value as Json, json};

use super::address::host_of;
use super::letter::Letter;
use super::{Api, Said, Verdict};

pub(super) struct Resend {
    pub at: String,
    pub key: String,
}

impl Api for Resend {
    fn host(&self) -> String {
        host_of(&self.at)
    }

    fn ask(&self, letter: &Letter<'_>, _: Timestamp) -> Result<Ask, String> {
        let mut headers = letter.header_map();
        if let Some(id) = letter.message_id() {
            headers.insert("Message-ID".to_owned(), json!(format!("<{id}>")));
        }
        let mut body = json!({
            "from": letter.from().line(),
            "to": [letter.to().line()],
            "subject": letter.subject(),
            "html": letter.html(),
            "text": letter.text(),
            "headers": headers,
        });
        if let Some(reply_to) = letter.reply_to() {
            body["reply_to"] = json!(reply_to.line());
        }
        let files: Vec<Json> = letter
            .attached()
            .iter()
            .map(|file| {
                let mut out = file.json("filename", "content_type", "content");
                if let Some(cid) = &file.cid {
                    out.insert("content_id".into(), json!(cid));
                }
                Json::Object(out)
            })
            .collect();
        if !files.is_empty() {
            body["attachments"] = json!(files);
        }
        let mut ask = Ask::new(Method::Post, format!("{}/emails", self.at));
        // The same message asked for twice is one, whatever happens on the way.
        if let Some(id) = letter.message_id() {
            ask = ask.header("idempotency-key", id);
        }
        Ok(ask.header("authorization", format!("Bearer {}", self.key)).json(&body))
    }

    fn judge(&self, told: &Told, said: &Said) -> Option<Verdict> {
        match (told.status, said.text("/name")) {
            (409, _) => Some(Verdict::Unknown(said.words.clone())),
            (403, "invalid_api_key" | "restricted_api_key") => Some(Verdict::Rest(said.words.clone())),
            _ => None,
        }
    }
}
