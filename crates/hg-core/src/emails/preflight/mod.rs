//! A look over an email before it goes out: what would make readers stumble, inboxes distrust it, or lawyers write.
//!
//! Everything is judged from the author's text and a few facts about the house; nothing is fetched. Each remark says
//! what was seen and what to do.

mod colour;
mod markup;
mod words;

use super::{
    CompileError, EmailSource, Purpose, SourceFormat, compile::mjml_to_html, html_pass::as_document, plain_text, without_links,
};
use crate::deliverability::Finding;

/// How much a remark weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Mend it before you send.
    Error,
    /// Look at it.
    Warning,
    /// It could be better.
    Hint,
}

impl Weight {
    /// The word that is shown.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }
}

/// One thing that was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// A stable word.
    pub code: &'static str,
    /// How much it weighs.
    pub weight: Weight,
    /// What was seen.
    pub seen: String,
    /// What to do.
    pub advice: String,
}

impl Remark {
    /// A remark.
    pub fn new(code: &'static str, weight: Weight, seen: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { code, weight, seen: seen.into(), advice: advice.into() }
    }
}

/// What is known about the domain that the email comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SenderFacts {
    /// Nobody set an address yet.
    #[default]
    Nobody,
    /// Decided for each person by a token.
    Varies,
    /// A domain that was not added at the desk.
    Strange(String),
    /// What stands in the DNS: `spf`, `dkim` or `dmarc`, how it stands, and why.
    Known(String, Vec<(String, Finding, String)>),
}

/// What is asked about.
pub struct Preflight<'a> {
    /// The email.
    pub email: &'a EmailSource<'a>,
    /// Length of the message that one person gets.
    pub bytes: usize,
    /// The postal address of the house; empty: nobody set it.
    pub postal_address: &'a str,
    /// Where it comes from.
    pub sender: &'a SenderFacts,
    /// Size of an image, by its address, where it is known.
    pub image_bytes: &'a dyn Fn(&str) -> Option<u64>,
}

impl std::fmt::Debug for Preflight<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preflight").field("email", self.email).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

/// Above this Gmail cuts an email off.
pub const CLIPPED_BYTES: usize = 102 * 1024;

/// Whether words in one colour can be read on another; colours that cannot be told are given the benefit of the doubt.
pub fn readable_on(words: &str, ground: &str) -> bool {
    match (colour::parse(words), colour::parse(ground)) {
        (Some(words), Some(ground)) => colour::contrast(words, ground) >= 4.5,
        _ => true,
    }
}

/// Looks over an email; the weightiest remarks first.
pub fn preflight(asked: &Preflight<'_>) -> Result<Vec<Remark>, CompileError> {
    let email = asked.email;
    let html = match email.format {
        SourceFormat::Html => without_links(email.source).into_owned(),
        SourceFormat::Mjml => mjml_to_html(email.source)?,
    };
    let html = as_document(&html, email.subject, email.language);
    let wrong = |error: lol_html::errors::RewritingError| CompileError::Html(error.to_string());
    let text = plain_text(&html).map_err(wrong)?;
    let mut remarks = Vec::new();
    if email.source.trim().is_empty() {
        remarks.push(Remark::new(
            "empty",
            Weight::Error,
            "The email has no content.",
            "Write something, or start from a template.",
        ));
        return Ok(remarks);
    }
    words::judge_lines(email.subject, email.preheader, &mut remarks);
    words::judge_text(email.subject, &text, &mut remarks);
    let seen = markup::look(&html).map_err(wrong)?;
    seen.judge(email.site_url, &text, asked.image_bytes, &mut remarks);
    judge_size(asked.bytes, &mut remarks);
    if email.purpose == Purpose::Marketing {
        judge_duties(email, &text, asked.postal_address, &mut remarks);
    }
    judge_sender(asked.sender, &mut remarks);
    remarks.sort_by_key(|remark| remark.weight);
    Ok(remarks)
}

fn judge_size(bytes: usize, remarks: &mut Vec<Remark>) {
    let kb = bytes.div_ceil(1024);
    if bytes > CLIPPED_BYTES {
        remarks.push(Remark::new(
            "clipped",
            Weight::Error,
            format!("The message has {kb} KB. Gmail cuts off what is above 102 KB, the unsubscribe link with it."),
            "Shorten the text, or take out code that was pasted from a word processor.",
        ));
    } else if bytes > CLIPPED_BYTES / 10 * 9 {
        remarks.push(Remark::new(
            "nearly-clipped",
            Weight::Hint,
            format!("The message has {kb} KB; at 102 KB Gmail cuts it off."),
            "Leave some room: long names and links make it longer for some people.",
        ));
    }
}

fn judge_duties(email: &EmailSource<'_>, text: &str, address: &str, remarks: &mut Vec<Remark>) {
    let blocks = email.dynamic.iter().flat_map(|slot| slot.variations.iter().map(|v| &v.content).chain([&slot.content]));
    if ![email.source].into_iter().chain(blocks.map(String::as_str)).any(super::compile::offers_unsubscribing) {
        remarks.push(Remark::new(
            "no-unsubscribe",
            Weight::Warning,
            "There is no place for unsubscribing, so a sentence is put at the very end.",
            "Put {unsubscribe_text} or a link to {unsubscribe_url} where it fits your design.",
        ));
    }
    let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
    if address.trim().is_empty() {
        remarks.push(Remark::new(
            "no-address",
            Weight::Warning,
            "No postal address is set. Many countries ask for one in marketing mail.",
            "Write it down in the settings, and put it into the foot of the email.",
        ));
    } else if !address.lines().map(flat).filter(|line| !line.is_empty()).all(|line| flat(text).contains(&line)) {
        remarks.push(Remark::new(
            "address-missing",
            Weight::Warning,
            "Your postal address does not stand in the email. Many countries ask for it in marketing mail.",
            format!("Put it into the foot: {}.", address.lines().map(str::trim).collect::<Vec<_>>().join(", ")),
        ));
    }
}

/// Mailboxes for everybody: mail that claims to come from them is refused when it comes from elsewhere.
const FOR_EVERYBODY: [&str; 10] = [
    "gmail.com",
    "googlemail.com",
    "yahoo.com",
    "hotmail.com",
    "outlook.com",
    "live.com",
    "aol.com",
    "icloud.com",
    "gmx.net",
    "web.de",
];

fn judge_sender(sender: &SenderFacts, remarks: &mut Vec<Remark>) {
    match sender {
        SenderFacts::Nobody => remarks.push(Remark::new(
            "no-sender",
            Weight::Error,
            "There is no sender's address.",
            "Set one in the settings for sending, or for this email under “Sender and more”.",
        )),
        SenderFacts::Varies => {}
        SenderFacts::Strange(domain) if FOR_EVERYBODY.contains(&domain.as_str()) => remarks.push(Remark::new(
            "free-mailbox",
            Weight::Error,
            format!("The sender's address is at {domain}, whose owner tells other inboxes to refuse such mail."),
            "Send from an address at a domain of your own.",
        )),
        SenderFacts::Strange(domain) => remarks.push(Remark::new(
            "unknown-domain",
            Weight::Warning,
            format!("Nobody looked yet whether {domain} lets mail be sent in its name (SPF, DKIM, DMARC)."),
            format!("Add {domain} under Settings, Deliverability, and paste the lines shown there into its DNS."),
        )),
        SenderFacts::Known(domain, lines) => {
            for (purpose, finding, reason) in lines {
                let (code, name) = match purpose.as_str() {
                    "spf" => ("spf", "SPF"),
                    "dkim" => ("dkim", "DKIM"),
                    "dmarc" => ("dmarc", "DMARC"),
                    _ => continue,
                };
                let weight = match finding {
                    Finding::Good | Finding::Unknown => continue,
                    Finding::Weak => Weight::Hint,
                    Finding::Missing | Finding::Wrong => Weight::Warning,
                };
                let advice = format!("Under Settings, Deliverability, {domain} stands the line to paste into the DNS.");
                remarks.push(Remark::new(code, weight, format!("{name} of {domain}: {reason}"), advice));
            }
        }
    }
}
