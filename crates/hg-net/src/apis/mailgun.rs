//! Mailgun: the message as it is.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hg_app::outgoing::{Ask, Method, Told};
use hg_core::time::Timestamp;

use super::address::host_of;
use super::letter::Letter;
use super::{Api, Said, Verdict};

pub(super) struct Mailgun {
    pub at: String,
    pub key: String,
    pub domain: String,
}

impl Api for Mailgun {
    fn host(&self) -> String {
        host_of(&self.at)
    }

    fn ask(&self, letter: &Letter<'_>, _: Timestamp) -> Result<Ask, String> {
        // A boundary that the message cannot hold: it is made longer until it does not.
        let mut boundary = "honeyguide-part".to_owned();
        while memchr::memmem::find(letter.raw, boundary.as_bytes()).is_some() {
            boundary.push('x');
        }
        let mut body = Vec::with_capacity(letter.raw.len() + 1_024);
        let key = letter.key();
        let fields = [("to", Some(letter.envelope.recipient.as_str())), ("v:hashId", key.as_deref()), ("o:tracking", Some("no"))];
        for (name, value) in fields.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            let part = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        let file = "Content-Disposition: form-data; name=\"message\"; filename=\"message.eml\"\r\nContent-Type: message/rfc822";
        body.extend_from_slice(format!("--{boundary}\r\n{file}\r\n\r\n").as_bytes());
        body.extend_from_slice(letter.raw);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        let secret = STANDARD.encode(format!("api:{}", self.key));
        Ok(Ask::new(Method::Post, format!("{}/v3/{}/messages.mime", self.at, self.domain))
            .header("authorization", format!("Basic {secret}"))
            .body(&format!("multipart/form-data; boundary={boundary}"), body))
    }

    fn judge(&self, _: &Told, _: &Said) -> Option<Verdict> {
        None
    }
}
