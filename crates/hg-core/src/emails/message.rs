//! One message for one person.

use std::{borrow::Cow, collections::BTreeMap};

use jiff::Zoned;

use super::compile::content_name;
use super::logic::{Logic, unmask};
use super::{CompiledEmail, LogicError};
use crate::tokens::{
    DateFormats, OwnText, OwnUrl, Owner, Place, Template, Token, TokenFacts, Value, encode_component, escape_html, signature,
};

/// The values of one contact, by alias.
pub trait ContactValues {
    /// The value of a field; `None` if there is none.
    fn value(&self, alias: &str) -> Option<Value<'_>>;
}

/// What is the same for every message of a workspace.
#[derive(Debug, Clone, Default)]
pub struct Workspace {
    /// Public address, without a slash at its end.
    pub site_url: String,
    /// Date formats.
    pub formats: DateFormats,
    /// The unsubscribe sentence.
    pub unsubscribe_text: Template,
    /// The web view sentence.
    pub webview_text: Template,
    /// The signature.
    pub signature_text: String,
    /// Escape values in HTML; off only in workspaces that moved here.
    pub escape_values: bool,
}

impl Workspace {
    /// Parses a configured sentence: `|URL|` becomes the address it is about.
    pub fn sentence(text: &str, which: OwnText) -> Template {
        let token = match which {
            OwnText::Unsubscribe => "{unsubscribe_url}",
            OwnText::WebView => "{webview_url}",
        };
        Template::parse(&text.replace("|URL|", token))
    }
}

/// The addresses of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageUrls<'a> {
    /// A real message, known by its tracking key; the secret belongs to the address.
    Sent { key: &'a str, address: &'a str, secret: &'a str },
    /// The copy that the web view shows: like the message, but opening it must not count again.
    Copy { key: &'a str, address: &'a str, secret: &'a str },
    /// A preview or a test: nothing can be unsubscribed and nothing is counted.
    Preview { email_id: i64 },
}

/// Where counted links lead.
#[derive(Debug, Clone, Copy)]
pub enum Links<'a> {
    /// To our redirects, which carry `ct` so that the click is known as the recipient's.
    Counted { redirects: &'a [String], ct: &'a str },
    /// Straight to their targets.
    Direct,
}

/// What is needed to fill in one message.
pub struct MessageFacts<'a> {
    /// The contact; none in a sample.
    pub contact: Option<&'a dyn ContactValues>,
    /// Now, in her zone.
    pub now: Zoned,
    /// The workspace.
    pub workspace: &'a Workspace,
    /// The addresses of this message.
    pub urls: MessageUrls<'a>,
    /// Where links lead.
    pub links: Links<'a>,
    /// Addresses of landing pages, by id.
    pub pages: &'a BTreeMap<i64, String>,
    /// The name in the sender, for the signature.
    pub from_name: &'a str,
    /// The contact's owner, and whether she is the sender.
    pub owner: Option<(&'a Owner, bool)>,
    /// Tokens given by the caller, by name without braces in lower case.
    pub given: &'a BTreeMap<String, String>,
    /// Escape given tokens.
    pub escape_given: bool,
}

/// A message, filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// One line.
    pub subject: String,
    /// The preheader, one line.
    pub preheader: String,
    /// The HTML part.
    pub html: String,
    /// The plain text part.
    pub text: String,
}

impl CompiledEmail {
    /// Fills in one message. Only conditions and loops of the author can fail.
    pub fn render(&self, facts: &MessageFacts<'_>) -> Result<Message, LogicError> {
        let mut filling = Filling { facts, email: self, subject: String::new(), query: String::new(), blocks: Vec::new() };
        let scope = self.logic.as_ref().map(|logic| (logic, logic.contact(&|alias| plain_value(facts, alias))));
        filling.blocks = self.chosen(&filling, scope.as_ref())?;
        filling.subject = part(scope.as_ref(), "line:subject", &self.subject, &filling, Place::Line, 64)?;
        filling.query = self.query(&filling);
        if !self.blocks.is_empty() {
            // Once more: blocks may hold the subject and counted links, which are known only now.
            filling.blocks = self.chosen(&filling, scope.as_ref())?;
        }
        let html = part(scope.as_ref(), "html", &self.html, &filling, Place::Html, 16 * 1024)?;
        let text = part(scope.as_ref(), "text", &self.text, &filling, Place::Plain, 4 * 1024)?;
        let preheader = part(scope.as_ref(), "line:preheader", &self.preheader, &filling, Place::Line, 64)?;
        Ok(Message { subject: filling.subject, preheader, html, text })
    }

    /// What the contact gets of every block, as HTML.
    fn chosen(&self, filling: &Filling<'_>, scope: Option<&(&Logic, minijinja::Value)>) -> Result<Vec<String>, LogicError> {
        // A block never holds another one.
        let inner = Filling { blocks: Vec::new(), subject: filling.subject.clone(), query: filling.query.clone(), ..*filling };
        let chosen = self.blocks.iter().enumerate().map(|(number, block)| {
            let which = block.choice.pick(filling.facts.contact).unwrap_or(block.contents.len().saturating_sub(1));
            let Some(template) = block.contents.get(which) else { return Ok(String::new()) };
            part(scope, &content_name(number, which), template, &inner, Place::Html, 1024)
        });
        chosen.collect()
    }

    /// Fills in one line that belongs to the message, such as the name of the sender.
    pub fn render_line(&self, line: &Template, facts: &MessageFacts<'_>) -> String {
        let filling = Filling { facts, email: self, subject: String::new(), query: String::new(), blocks: Vec::new() };
        line.render(&filling, Place::Line)
    }

    /// What every counted link carries: `?ct=…&utm_source=…`.
    fn query(&self, filling: &Filling<'_>) -> String {
        let Links::Counted { ct, .. } = filling.facts.links else { return String::new() };
        let mut query = format!("?ct={}", encode_component(ct));
        for (name, template) in &self.utm {
            let value = template.render(filling, Place::Line);
            if !value.is_empty() {
                query.push_str(&format!("&{name}={}", encode_component(&value)));
            }
        }
        query
    }
}

struct Filling<'a> {
    facts: &'a MessageFacts<'a>,
    email: &'a CompiledEmail,
    subject: String,
    query: String,
    /// What the contact gets of every block.
    blocks: Vec<String>,
}

/// A part of the message: its statements run first, if it has any, and then its tokens are filled in.
fn part(
    scope: Option<&(&Logic, minijinja::Value)>,
    name: &str,
    template: &Template,
    filling: &Filling<'_>,
    place: Place,
    expected: usize,
) -> Result<String, LogicError> {
    let mut out = String::with_capacity(expected);
    let left = match scope {
        Some((logic, contact)) => logic.run(name, contact)?,
        None => None,
    };
    let Some(left) = left else {
        template.render_into(filling, place, &mut out);
        return Ok(out);
    };
    Template::parse(&left).render_into(filling, place, &mut out);
    Ok(unmask(out))
}

/// A value for the statements; in a sample the name of the field.
fn plain_value(facts: &MessageFacts<'_>, alias: &str) -> Option<String> {
    match facts.contact {
        Some(contact) => contact.value(alias).map(|value| value.text.into_owned()),
        None => Some(format!("[{alias}]")),
    }
}

/// The pseudo field that holds a value of the contact's owner.
pub fn owner_alias(name: &str) -> Option<String> {
    let name = match name {
        "email" => "email",
        "firstname" | "first_name" => "firstname",
        "lastname" | "last_name" => "lastname",
        _ => return None,
    };
    Some(format!("owner:{name}"))
}

impl TokenFacts for Filling<'_> {
    fn now(&self) -> &Zoned {
        &self.facts.now
    }
    fn formats(&self) -> &DateFormats {
        &self.facts.workspace.formats
    }
    fn field(&self, alias: &str) -> Option<Value<'_>> {
        self.facts.contact?.value(alias)
    }
    fn sample_of(&self, token: &Token) -> Option<Cow<'_, str>> {
        if self.facts.contact.is_some() {
            return None;
        }
        match token {
            Token::ContactField { alias, .. } => Some(format!("[{alias}]").into()),
            Token::OwnerField(name) => Some(format!("[Contact owner {name}]").into()),
            _ => None,
        }
    }
    fn owner(&self, name: &str) -> Option<Cow<'_, str>> {
        let Some((owner, _)) = self.facts.owner else {
            let value = self.facts.contact?.value(&owner_alias(name)?)?;
            return Some(Cow::Owned(value.text.into_owned()));
        };
        Some(match name {
            "email" => Cow::Borrowed(owner.email.as_str()),
            "firstname" | "first_name" => Cow::Borrowed(owner.first_name.as_str()),
            "lastname" | "last_name" => Cow::Borrowed(owner.last_name.as_str()),
            "position" => Cow::Borrowed(owner.position.as_str()),
            "signature" => Cow::Borrowed(owner.signature.as_str()),
            _ => return None,
        })
    }
    fn url(&self, which: OwnUrl) -> Option<Cow<'_, str>> {
        let site = &self.facts.workspace.site_url;
        Some(Cow::Owned(match (self.facts.urls, which) {
            (MessageUrls::Preview { email_id }, OwnUrl::WebView) => format!("{site}/email/preview/{email_id}"),
            (MessageUrls::Preview { .. } | MessageUrls::Copy { .. }, OwnUrl::Pixel | OwnUrl::Hidden) => return None,
            (MessageUrls::Preview { .. }, _) => "#".to_owned(),
            (MessageUrls::Sent { key, .. }, OwnUrl::Pixel) => format!("{site}/email/{key}.gif"),
            (MessageUrls::Sent { key, .. }, OwnUrl::Hidden) => format!("{site}/email/more/{key}"),
            (MessageUrls::Sent { key, .. } | MessageUrls::Copy { key, .. }, OwnUrl::WebView) => {
                format!("{site}/email/view/{key}")
            }
            (
                MessageUrls::Sent { key, address, secret } | MessageUrls::Copy { key, address, secret },
                OwnUrl::Unsubscribe | OwnUrl::DoNotContact,
            ) => {
                let word = if which == OwnUrl::Unsubscribe { "unsubscribe" } else { "dnc" };
                format!("{site}/email/{word}/{key}/{}/{secret}", encode_component(address))
            }
        }))
    }
    fn text(&self, which: OwnText) -> Option<&Template> {
        Some(match which {
            OwnText::Unsubscribe => &self.facts.workspace.unsubscribe_text,
            OwnText::WebView => &self.facts.workspace.webview_text,
        })
    }
    fn subject(&self) -> &str {
        &self.subject
    }
    fn signature(&self) -> Cow<'_, str> {
        let sending_owner = self.facts.owner.filter(|(_, sends)| *sends).map(|(owner, _)| owner);
        Cow::Owned(signature(&self.facts.workspace.signature_text, self.facts.from_name, sending_owner))
    }
    fn page_url(&self, id: i64) -> Option<Cow<'_, str>> {
        self.facts.pages.get(&id).map(|url| Cow::Borrowed(url.as_str()))
    }
    fn dynamic_content(&self, name: &str) -> Option<Cow<'_, str>> {
        let name = name.trim().to_lowercase();
        let number = self.email.blocks.iter().position(|block| block.name == name)?;
        self.blocks.get(number).map(|html| Cow::Borrowed(html.as_str()))
    }
    fn write_link(&self, number: usize, place: Place, out: &mut String) {
        let url = match self.facts.links {
            Links::Counted { redirects, .. } => match redirects.get(number) {
                Some(id) => format!("{}/r/{id}{}", self.facts.workspace.site_url, self.query),
                None => return,
            },
            Links::Direct => match self.email.links.get(number) {
                Some(target) => target.template.render(self, Place::Url),
                None => return,
            },
        };
        match place {
            Place::Html => escape_html(&url, out),
            _ => out.push_str(&url),
        }
    }
    fn given(&self, name: &str) -> Option<&str> {
        self.facts.given.get(name).map(String::as_str)
    }
    fn has_given(&self) -> bool {
        !self.facts.given.is_empty()
    }
    fn escapes_given(&self) -> bool {
        self.facts.escape_given
    }
    fn escapes_values(&self) -> bool {
        self.facts.workspace.escape_values
    }
}

/// Now as the reader's wall clock shows it: in the first of the zones that can be read, else in UTC.
pub fn local_now(now: crate::time::Timestamp, zones: &[&str]) -> Zoned {
    let zone = zones.iter().find_map(|name| crate::time::zone(name).ok()).unwrap_or(jiff::tz::TimeZone::UTC);
    now.jiff().to_zoned(zone)
}
