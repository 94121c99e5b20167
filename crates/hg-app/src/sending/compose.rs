//! A message as bytes: headers, plain text and HTML.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use hg_core::emails::{
    ContactValues, Links, LogicError, Message, MessageFacts, MessageUrls, Sender, SenderWishes, Workspace as Facts, local_now,
    owner_alias, sender, unsubscribe_secret,
};
use hg_core::ids::ContactId;
use hg_core::time::Timestamp;
use hg_core::tokens::{Owner, Template};
use hg_core::tracking::Ct;
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::date::Date;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::{BodyPart, MimePart};

use super::ledger::SendRow;
use super::transport::Envelope;
use crate::attachments::Attached;
use crate::cx::Cx;
use crate::deliverability::{Signers, signers};
use crate::emails::{ContactTexts, Content, Prepared, workspace_facts};
use crate::workspace::Workspace;

/// A message ready to be handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    pub envelope: Envelope,
    pub subject: String,
    pub bytes: Vec<u8>,
}

/// Why a message cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    #[error("There is no sender: set the sender's address in the settings for sending.")]
    NoSender,
    #[error("{0}")]
    Logic(#[from] LogicError),
}

/// What is the same for all messages of a batch.
pub(super) struct Desk {
    pub facts: Facts,
    pub secret_key: Vec<u8>,
    pub timezone: String,
    pub sender_name: String,
    pub sender_email: String,
    pub reply_to: String,
    /// The contact's owner sends, whatever the email says.
    pub owner_sends: bool,
    pub signers: Arc<Signers>,
    /// Local part and host of the mailbox that takes what comes back.
    pub mailbox: Option<(String, String)>,
    /// The host that mail leaves through; providers are told the key in their own way.
    pub mail_host: String,
}

impl Desk {
    /// With the keys that sign.
    pub(super) async fn open(cx: &Cx) -> crate::error::Result<Self> {
        Ok(Self { signers: signers(cx).await?, ..Self::of(&cx.ws) })
    }

    /// Without them, for what is only looked at.
    pub(super) fn of(ws: &Workspace) -> Self {
        let settings = ws.settings();
        Self {
            facts: workspace_facts(ws),
            secret_key: ws.site.secret_key.clone(),
            timezone: settings.general.timezone.clone(),
            sender_name: if settings.sending.sender_name.is_empty() {
                settings.general.site_name.clone()
            } else {
                settings.sending.sender_name.clone()
            },
            sender_email: sender_of(ws),
            reply_to: settings.sending.reply_to.clone(),
            owner_sends: settings.sending.owner_sends,
            signers: Arc::default(),
            mailbox: crate::returns::mailbox_parts(ws),
            mail_host: crate::deliverability::mail_host(ws),
        }
    }

    /// Fills in and builds one message; `more` files go out with this one alone.
    pub(super) fn compose(
        &self,
        send: &SendRow,
        email: &Prepared,
        texts: &ContactTexts,
        more: &[Arc<Attached>],
        now: Timestamp,
    ) -> Result<Outgoing, ComposeError> {
        let files: Vec<Arc<Attached>> = email.attachments.iter().chain(more).cloned().collect();
        let secret = unsubscribe_secret(&self.secret_key, &send.address);
        let urls = MessageUrls::Sent { key: &send.tracking_key, address: &send.address, secret: &secret };
        let ct = Ct::of_message(send.email.0, &send.tracking_key, send.contact.0).emit(&self.secret_key);
        let links = Links::Counted { redirects: &email.redirects, ct: &ct };
        let (given, escape_given) = given_tokens(send);
        let wants = Wants { contact: Some(texts), urls, links, given: &given, escape_given, now };
        let (message, from, reply_to, headers) = self.fill_in(email, &wants)?;
        let name = format!("{} {}", texts.get("firstname"), texts.get("lastname"));
        let unsubscribe = send.marketing.then(|| {
            let site = &self.facts.site_url;
            let address = hg_core::tokens::encode_component(&send.address);
            let page = format!("<{site}/email/unsubscribe/{}/{address}/{secret}>", send.tracking_key);
            match self.marked("unsubscribe", &send.tracking_key) {
                Some(mail) => format!("{page}, <mailto:{mail}?subject=unsubscribe>"),
                None => page,
            }
        });
        let letter = Letter {
            message: &message,
            from: &from,
            reply_to: reply_to.as_deref(),
            to: (name.trim(), &send.address),
            message_id: &send.message_id,
            date: now,
            unsubscribe: unsubscribe.as_deref(),
            headers: &headers,
            key: Some((&send.tracking_key, &self.mail_host)),
            attachments: &files,
        };
        let sender = self.marked("bounce", &send.tracking_key).unwrap_or_else(|| from.address.clone());
        Ok(Outgoing {
            envelope: Envelope { sender, recipient: send.address.clone() },
            bytes: self.signers.sign(&from.address, letter.build(), now),
            subject: message.subject,
        })
    }

    /// The mailbox's address with a key in it.
    fn marked(&self, word: &str, key: &str) -> Option<String> {
        self.mailbox.as_ref().map(|(local, host)| format!("{local}+{word}_{key}@{host}"))
    }

    /// The contact's owner, where she is the sender.
    fn owner(&self, content: &Content, contact: Option<&ContactTexts>) -> Option<Owner> {
        let contact = contact.filter(|_| self.owner_sends || content.owner_sends)?;
        let value = |name: &str| owner_alias(name).map(|alias| contact.get(&alias).to_owned()).unwrap_or_default();
        let owner =
            Owner { email: value("email"), first_name: value("firstname"), last_name: value("lastname"), ..Owner::default() };
        Some(owner).filter(|owner| !owner.email.is_empty())
    }

    /// The message, its sender and answer address, and the author's own headers.
    pub(super) fn fill_in(&self, email: &Prepared, wants: &Wants<'_>) -> Result<FilledIn, ComposeError> {
        let owner = self.owner(&email.content, wants.contact);
        let zones = [wants.contact.map_or("", |c| c.get("timezone")), self.timezone.as_str()];
        let facts = MessageFacts {
            contact: wants.contact.map(|c| c as &dyn ContactValues),
            now: local_now(wants.now, &zones),
            workspace: &self.facts,
            urls: wants.urls,
            links: wants.links,
            pages: &email.pages,
            from_name: &self.sender_name,
            owner: owner.as_ref().map(|owner| (owner, true)),
            given: wants.given,
            escape_given: wants.escape_given,
        };
        let line = |text: &str| {
            if text.contains(['{', '%']) { email.compiled.render_line(&Template::parse(text), &facts) } else { text.to_owned() }
        };
        let content = &email.content;
        let (name, address, answers) = (line(&content.from_name), line(&content.from_address), line(&content.reply_to));
        let owner_name = owner.as_ref().map(|o| format!("{} {}", o.first_name, o.last_name)).unwrap_or_default();
        let (from, reply_to) = sender(&SenderWishes {
            email_name: &name,
            email_address: &address,
            email_reply_to: &answers,
            system_name: &self.sender_name,
            system_address: &self.sender_email,
            system_reply_to: &self.reply_to,
            owner: owner.as_ref().map(|owner| (owner_name.trim(), owner.email.as_str())),
        });
        if from.address.is_empty() {
            return Err(ComposeError::NoSender);
        }
        let headers = content.headers.iter().map(|(name, value)| (name.clone(), line(value))).collect();
        Ok((email.compiled.render(&facts)?, from, reply_to, headers))
    }
}

pub(super) type FilledIn = (Message, Sender, Option<String>, Vec<(String, String)>);

/// How a message is to be filled in.
pub(super) struct Wants<'a> {
    pub contact: Option<&'a ContactTexts>,
    pub urls: MessageUrls<'a>,
    pub links: Links<'a>,
    pub given: &'a BTreeMap<String, String>,
    pub escape_given: bool,
    pub now: Timestamp,
}

/// The workspace's sender; while the outbox catches everything, an address that leads nowhere will do.
pub fn sender_of(ws: &Workspace) -> String {
    let settings = ws.settings();
    let own = settings.sending.sender_email.trim();
    if own.is_empty() && ws.get_part::<super::MailTransport>().is_none() { "outbox@localhost".into() } else { own.to_owned() }
}

/// Tokens given by the caller, names without braces in lower case.
fn given_tokens(send: &SendRow) -> (BTreeMap<String, String>, bool) {
    let Some(given) = &send.tokens else { return (BTreeMap::new(), false) };
    let escape = given.get("escape").and_then(serde_json::Value::as_bool).unwrap_or(false);
    let tokens = given.get("tokens").and_then(serde_json::Value::as_object);
    let named = tokens.into_iter().flatten().map(|(name, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (name.trim_start_matches('{').trim_end_matches('}').to_lowercase(), text)
    });
    (named.collect(), escape)
}

/// A filled-in message on its way to become bytes.
pub(super) struct Letter<'a> {
    pub message: &'a Message,
    pub from: &'a Sender,
    pub reply_to: Option<&'a str>,
    pub to: (&'a str, &'a str),
    pub message_id: &'a str,
    pub date: Timestamp,
    pub unsubscribe: Option<&'a str>,
    pub headers: &'a [(String, String)],
    /// The key of the message and the host it leaves through; none for tests.
    pub key: Option<(&'a str, &'a str)>,
    pub attachments: &'a [Arc<Attached>],
}

/// Headers that are ours alone.
const RESERVED: [&str; 12] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "cc",
    "bcc",
    "list-unsubscribe",
    "list-unsubscribe-post",
];

impl Letter<'_> {
    pub(super) fn build(&self) -> Vec<u8> {
        let name = |name: &str| Some(name.to_owned()).filter(|n| !n.is_empty());
        let mut builder = MessageBuilder::new()
            .from(Address::new_address(name(&self.from.name), self.from.address.as_str()))
            .to(Address::new_address(name(self.to.0), self.to.1))
            .subject(self.message.subject.as_str())
            .message_id(self.message_id)
            .date(Date::new(self.date.secs()))
            .text_body(self.message.text.as_str())
            .html_body(self.message.html.as_str());
        if let Some(reply_to) = self.reply_to {
            builder = builder.reply_to(reply_to);
        }
        if let Some(unsubscribe) = self.unsubscribe {
            builder = builder
                .header("List-Unsubscribe", Raw::new(unsubscribe))
                .header("List-Unsubscribe-Post", Raw::new("List-Unsubscribe=One-Click"))
                .header("Precedence", Raw::new("bulk"));
        }
        for (name, value) in self.headers {
            if !RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
                builder = builder.header(name.as_str(), Raw::new(value.as_str()));
            }
        }
        if let Some((key, host)) = self.key {
            builder = builder.header("X-Honeyguide-Key", Raw::new(key));
            if let Some((name, value)) = hg_core::deliverability::provider_header(host, key) {
                builder = builder.header(name, Raw::new(value));
            }
        }
        for file in self.attachments {
            // Encoded already, once for all messages.
            let part = MimePart::new(file.content_type.as_str(), BodyPart::Text(file.encoded.as_str().into()))
                .attachment(file.name.as_str())
                .transfer_encoding("base64");
            builder.attachments.get_or_insert_with(Vec::new).push(part);
        }
        let files: usize = self.attachments.iter().map(|file| file.encoded.len() + 256).sum();
        let mut bytes = Vec::with_capacity(self.message.html.len() + self.message.text.len() + files + 2_048);
        // Writing into memory cannot fail.
        let _ = builder.write_to(&mut bytes);
        bytes
    }
}

/// The values that the contacts of a batch need, by contact.
pub(super) type Texts = HashMap<ContactId, ContactTexts>;

/// A send with everything that its message is made of.
pub(super) struct Job {
    pub send: SendRow,
    pub email: Arc<Prepared>,
    pub texts: ContactTexts,
    /// Files that go out with this message alone.
    pub more: Vec<Arc<Attached>>,
}
