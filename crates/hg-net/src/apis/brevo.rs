//! Brevo, once Sendinblue.

use hg_app::outgoing::{Ask, Method, Told};
use hg_core::time::Timestamp;
use serde_json::{Value as Json, json};

use super::address::host_of;
use super::letter::Letter;
use super::{Api, Said, Verdict};

pub(super) struct Brevo {
    pub at: String,
    pub key: String,
}

impl Api for Brevo {
    fn host(&self) -> String {
        host_of(&self.at)
    }

    fn ask(&self, letter: &Letter<'_>, _: Timestamp) -> Result<Ask, String> {
        let mut headers = letter.header_map();
        if let Some(key) = letter.key() {
            headers.insert("X-Mailin-custom".to_owned(), json!(format!("hashId:{key}")));
        }
        let mut body = json!({
            "sender": letter.from().json("email", "name"),
            "to": [letter.to().json("email", "name")],
            "subject": letter.subject(),
            "htmlContent": letter.html(),
            "textContent": letter.text(),
            "headers": headers,
        });
        if let Some(reply_to) = letter.reply_to() {
            body["replyTo"] = reply_to.json("email", "name");
        }
        let files: Vec<Json> = letter.attached().iter().map(|file| json!({"name": file.name, "content": file.content})).collect();
        if !files.is_empty() {
            body["attachment"] = json!(files);
        }
        let ask = Ask::new(Method::Post, format!("{}/v3/smtp/email", self.at)).header("accept", "application/json");
        Ok(ask.header("api-key", self.key.as_str()).json(&body))
    }

    fn judge(&self, told: &Told, said: &Said) -> Option<Verdict> {
        let account = ["not_enough_credits", "unauthorized", "account_under_validation", "permission_denied"];
        (told.status >= 400 && account.contains(&said.text("/code"))).then(|| Verdict::Rest(said.words.clone()))
    }
}
