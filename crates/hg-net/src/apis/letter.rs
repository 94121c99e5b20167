//! A message taken apart, for providers that want its parts instead of its bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hg_app::sending::Envelope;
use mail_parser::{Address, Message, MessageParser, MimeHeaders as _};
use serde_json::{Map, Value as Json, json};

/// Headers that are told in fields of their own, or that the provider makes.
const TOLD_OTHERWISE: [&str; 17] = [
    "from",
    "to",
    "cc",
    "bcc",
    "reply-to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "dkim-signature",
    "x-smtpapi",
    "x-mailgun-variables",
    "x-msys-api",
    "x-mailin-custom",
    "x-mj-customid",
];

/// One message for one recipient.
pub(super) struct Letter<'a> {
    pub envelope: &'a Envelope,
    pub raw: &'a [u8],
    message: Message<'a>,
}

/// A name, perhaps empty, and an address.
pub(super) struct Person {
    pub name: String,
    pub address: String,
}

impl Person {
    fn first(address: Option<&Address<'_>>) -> Option<Self> {
        let first = address?.first()?;
        let name = first.name().unwrap_or_default().to_owned();
        Some(Self { name, address: first.address()?.to_owned() })
    }

    /// As JSON under the provider's words; without an empty name, which some refuse.
    pub fn json(&self, address: &str, name: &str) -> Json {
        let mut out = Map::new();
        out.insert(address.to_owned(), json!(self.address));
        if !self.name.is_empty() {
            out.insert(name.to_owned(), json!(self.name));
        }
        Json::Object(out)
    }

    /// `"Ann Lee" <ann@example.org>`.
    pub fn line(&self) -> String {
        if self.name.is_empty() {
            return self.address.clone();
        }
        format!("\"{}\" <{}>", self.name.replace(['\\', '"', '\r', '\n'], " "), self.address)
    }
}

/// A file that goes along.
pub(super) struct Attached {
    pub name: String,
    pub mime: String,
    /// Set when the HTML shows it.
    pub cid: Option<String>,
    /// Its bytes in base64.
    pub content: String,
}

impl<'a> Letter<'a> {
    pub fn read(envelope: &'a Envelope, raw: &'a [u8]) -> Option<Self> {
        MessageParser::default().parse(raw).map(|message| Self { envelope, raw, message })
    }

    pub fn from(&self) -> Person {
        Person::first(self.message.from())
            .unwrap_or_else(|| Person { name: String::new(), address: self.envelope.sender.clone() })
    }

    /// The name from the header, the address from the envelope: nobody else gets it.
    pub fn to(&self) -> Person {
        let name = Person::first(self.message.to()).map(|p| p.name).unwrap_or_default();
        Person { name, address: self.envelope.recipient.clone() }
    }

    pub fn reply_to(&self) -> Option<Person> {
        Person::first(self.message.reply_to())
    }

    pub fn subject(&self) -> &str {
        self.message.subject().unwrap_or_default()
    }

    pub fn html(&self) -> String {
        self.message.body_html(0).unwrap_or_default().into_owned()
    }

    pub fn text(&self) -> String {
        self.message.body_text(0).unwrap_or_default().into_owned()
    }

    pub fn message_id(&self) -> Option<&str> {
        self.message.message_id()
    }

    /// The key that reports name the message by.
    pub fn key(&self) -> Option<String> {
        self.header("x-honeyguide-key")
    }

    fn header(&self, wanted: &str) -> Option<String> {
        let mut headers = self.message.headers_raw();
        headers.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| unfolded(value))
    }

    /// The author's headers and those for leaving.
    pub fn headers(&self) -> Vec<(String, String)> {
        let own = |name: &str| {
            let name = name.to_ascii_lowercase();
            !TOLD_OTHERWISE.contains(&name.as_str()) && !name.starts_with("x-pm-metadata-")
        };
        let headers = self.message.headers_raw().filter(|(name, _)| own(name));
        headers.map(|(name, value)| (name.to_owned(), unfolded(value))).collect()
    }

    /// The same as a JSON object.
    pub fn header_map(&self) -> Map<String, Json> {
        self.headers().into_iter().map(|(name, value)| (name, Json::String(value))).collect()
    }

    pub fn attached(&self) -> Vec<Attached> {
        let of = |part: &mail_parser::MessagePart<'_>| {
            let mime = part.content_type().map_or_else(
                || "application/octet-stream".to_owned(),
                |t| format!("{}/{}", t.c_type, t.c_subtype.as_deref().unwrap_or("octet-stream")),
            );
            let cid = part.content_id().map(|id| id.trim_matches(['<', '>']).to_owned());
            Attached {
                name: part.attachment_name().unwrap_or("file").to_owned(),
                mime,
                cid,
                content: STANDARD.encode(part.contents()),
            }
        };
        self.message.attachments().map(of).collect()
    }
}

fn unfolded(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The file under a provider's words.
impl Attached {
    pub fn json(&self, name: &str, mime: &str, content: &str) -> Map<String, Json> {
        let pairs = [(name, &self.name), (mime, &self.mime), (content, &self.content)];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect()
    }
}
