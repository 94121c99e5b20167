//! SendGrid, version 3.

use hg_app::outgoing::{Ask, Method, Told};
use hg_core::time::Timestamp;
use serde_json::{Value as Json, json};

use super::address::host_of;
use super::letter::Letter;
use super::{Api, Said, Verdict};

pub(super) struct SendGrid {
    pub at: String,
    pub key: String,
}

impl Api for SendGrid {
    fn host(&self) -> String {
        host_of(&self.at)
    }

    fn ask(&self, letter: &Letter<'_>, _: Timestamp) -> Result<Ask, String> {
        let mut headers = letter.header_map();
        if let Some(id) = letter.message_id() {
            headers.insert("Message-ID".to_owned(), json!(format!("<{id}>")));
        }
        let mut person = json!({"to": [letter.to().json("email", "name")], "headers": headers});
        if let Some(key) = letter.key() {
            person["custom_args"] = json!({"hashId": key});
        }
        // An empty part is refused.
        let parts = [("text/plain", letter.text()), ("text/html", letter.html())];
        let content: Vec<Json> = parts
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(kind, value)| json!({"type": kind, "value": value}))
            .collect();
        let mut body = json!({
            "personalizations": [person],
            "from": letter.from().json("email", "name"),
            "subject": letter.subject(),
            "content": content,
            // Links and opens are counted here already.
            "tracking_settings": {"click_tracking": {"enable": false}, "open_tracking": {"enable": false}},
        });
        if let Some(reply_to) = letter.reply_to() {
            body["reply_to"] = reply_to.json("email", "name");
        }
        let files: Vec<Json> = letter
            .attached()
            .iter()
            .map(|file| {
                let mut out = file.json("filename", "type", "content");
                out.insert("disposition".into(), json!(if file.cid.is_some() { "inline" } else { "attachment" }));
                if let Some(cid) = &file.cid {
                    out.insert("content_id".into(), json!(cid));
                }
                Json::Object(out)
            })
            .collect();
        if !files.is_empty() {
            body["attachments"] = json!(files);
        }
        let ask = Ask::new(Method::Post, format!("{}/v3/mail/send", self.at));
        Ok(ask.header("authorization", format!("Bearer {}", self.key)).json(&body))
    }

    fn judge(&self, _: &Told, _: &Said) -> Option<Verdict> {
        None
    }
}
