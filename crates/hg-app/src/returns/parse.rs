//! A mail out of the mailbox: bounce, complaint, answer of a machine or of a person, or a wish to leave.

use hg_core::deliverability::{BounceClass, BounceVerdict, Report, Status, classify};
use mail_parser::{Message, MessageParser, MimeHeaders, PartType};
use sha2::{Digest, Sha256};

use super::act::{Returned, What};

/// Reads a mail. What cannot be read is `Other`.
pub fn read_mail(raw: &[u8]) -> Returned {
    let digest: String = Sha256::digest(raw).iter().map(|b| format!("{b:02x}")).collect();
    let mut returned = Returned::new(What::Other, digest);
    returned.raw = String::from_utf8_lossy(raw).into_owned();
    let Some(message) = MessageParser::default().parse(raw) else { return returned };
    returned.own_id = message.message_id().map(str::to_owned);
    // A report encloses our message; only the message itself carries our mark on top.
    if message.header_raw("X-Honeyguide-Key").is_some() {
        returned.what = What::Loop;
        return returned;
    }
    let keys = keys_of(&message);
    returned.key = keys.bounce.clone().or_else(|| keys.unsubscribe.clone());
    returned.message_id = ours(&message);
    let about = fields(&message);
    if part(&message, "message", "feedback-report").is_some() {
        return complaint(returned, &about, &message);
    }
    if let Some(found) = bounce(&message, &about, keys.bounce.is_some()) {
        returned.what = found.0;
        returned.address = found.1;
        returned.reason = found.2;
        return returned;
    }
    if is_automatic(&message) {
        returned.what = What::AutoReply;
        return returned;
    }
    returned.address = message.from().and_then(|f| f.first()).and_then(|a| a.address()).map(str::to_owned);
    returned.reason = message.subject().unwrap_or_default().to_owned();
    returned.what = if keys.unsubscribe.is_some() { What::Unsubscribe } else { What::Reply };
    if returned.what == What::Reply && returned.message_id.is_none() {
        returned.key = returned.key.or_else(|| quoted_key(&message));
    }
    returned
}

/// The keys in the addresses that a mail was sent to.
#[derive(Default)]
struct Keys {
    bounce: Option<String>,
    unsubscribe: Option<String>,
}

fn keys_of(message: &Message<'_>) -> Keys {
    let mut keys = Keys::default();
    for name in ["Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc"] {
        let Some(text) = message.header_raw(name) else { continue };
        let after = |mark: &str| {
            let (_, rest) = text.split_once(mark)?;
            let key: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
            (!key.is_empty()).then_some(key)
        };
        keys.bounce = keys.bounce.or_else(|| after("+bounce_"));
        keys.unsubscribe = keys.unsubscribe.or_else(|| after("+unsubscribe_"));
    }
    keys
}

/// The Message-ID of ours that a mail answers or encloses.
fn ours(message: &Message<'_>) -> Option<String> {
    for part in &message.parts {
        if let PartType::Message(inner) = &part.body
            && let Some(id) = inner.message_id()
        {
            return Some(id.to_owned());
        }
        let headers = part.is_content_type("text", "rfc822-headers");
        if headers
            && let Some(id) = MessageParser::default().parse(part.contents()).and_then(|m| m.message_id().map(str::to_owned))
        {
            return Some(id);
        }
    }
    let last = |value: &mail_parser::HeaderValue<'_>| value.as_text_list().and_then(|l| l.last().map(|t| t.to_string()));
    last(message.in_reply_to()).or_else(|| last(message.references()))
}

fn part<'m>(message: &'m Message<'_>, kind: &str, subtype: &str) -> Option<&'m [u8]> {
    message.parts.iter().find(|p| p.is_content_type(kind, subtype)).map(|p| p.contents())
}

/// The fields of the machine's part of a report, names in lower case, wrapped lines joined.
fn fields(message: &Message<'_>) -> Vec<(String, String)> {
    let bytes = part(message, "message", "delivery-status").or_else(|| part(message, "message", "feedback-report"));
    let text = String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    fields
}

fn field<'f>(fields: &'f [(String, String)], name: &str) -> Option<&'f str> {
    fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
}

/// `rfc822; ann@example.org` and `<ann@example.org>` are the same address.
fn address(text: &str) -> Option<String> {
    let text = text.rsplit_once(';').map_or(text, |(_, address)| address);
    let text = text.trim().trim_matches(['<', '>', '"']).trim();
    hg_core::text::Email::parse(text).ok().map(|email| email.written().to_owned())
}

/// Who a notice says is not reached, and why.
fn bounce(message: &Message<'_>, about: &[(String, String)], to_bounces: bool) -> Option<(What, Option<String>, String)> {
    let failed = message.header_raw("X-Failed-Recipients").and_then(address);
    if part(message, "message", "delivery-status").is_some() {
        let diagnostic = field(about, "diagnostic-code").unwrap_or_default();
        let report =
            Report { action: field(about, "action"), status: field(about, "status").and_then(Status::find), text: diagnostic };
        let (class, verdict) = classify(&report);
        let whom = field(about, "original-recipient").and_then(address);
        let whom = whom.or_else(|| field(about, "final-recipient").and_then(address)).or(failed);
        let reason = if diagnostic.is_empty() { field(about, "status").unwrap_or_default() } else { diagnostic };
        return Some((What::Bounce(class, verdict), whom, reason.to_owned()));
    }
    let sender = message.from().and_then(|f| f.first()).and_then(|a| a.address()).unwrap_or_default().to_ascii_lowercase();
    let from_machine = ["mailer-daemon@", "postmaster@", "mail-daemon@"].iter().any(|name| sender.starts_with(name));
    if failed.is_none() && !from_machine && !(to_bounces && is_null(message)) {
        return None;
    }
    let text = message.body_text(0).unwrap_or_default();
    let (class, verdict) = classify(&Report { action: None, status: None, text: &text });
    let words = || text.split_whitespace().take(40).collect::<Vec<_>>().join(" ");
    match class {
        BounceClass::OutOfOffice | BounceClass::Autoreply => Some((What::AutoReply, failed, String::new())),
        BounceClass::Delayed => Some((What::Bounce(class, BounceVerdict::Note), failed, words())),
        _ => Some((What::Bounce(class, verdict), failed, words())),
    }
}

/// Sent with the empty sender, as notices are.
fn is_null(message: &Message<'_>) -> bool {
    message.header_raw("Return-Path").is_some_and(|path| path.trim() == "<>")
}

/// A machine wrote this (RFC 3834), or it went in a circle.
fn is_automatic(message: &Message<'_>) -> bool {
    let says = |name: &str, what: &dyn Fn(&str) -> bool| {
        message.header_raw(name).is_some_and(|v| what(v.trim().to_ascii_lowercase().as_str()))
    };
    says("Auto-Submitted", &|v| v != "no")
        || says("Precedence", &|v| matches!(v, "bulk" | "junk" | "list" | "auto_reply"))
        || says("X-Auto-Response-Suppress", &|v| v != "none")
        || ["X-Autoreply", "X-Autorespond", "X-Autoresponse", "List-Id", "X-Loop"]
            .iter()
            .any(|name| message.header_raw(*name).is_some())
        || is_null(message)
        || message.headers().iter().filter(|h| h.name().eq_ignore_ascii_case("received")).count() > 50
        || hg_core::deliverability::is_absence(message.subject().unwrap_or_default())
}

fn complaint(mut returned: Returned, about: &[(String, String)], message: &Message<'_>) -> Returned {
    let kind = field(about, "feedback-type").unwrap_or("abuse").to_ascii_lowercase();
    returned.what = match kind.as_str() {
        "abuse" | "fraud" | "virus" | "opt-out" | "opt-out-list" => What::Complaint,
        // "not-spam" takes nothing back: what somebody wants, she says herself.
        _ => What::Other,
    };
    returned.reason = kind;
    let whom = field(about, "original-rcpt-to").or_else(|| field(about, "received-for")).and_then(address);
    let enclosed = || {
        message.parts.iter().find_map(|p| match &p.body {
            PartType::Message(inner) => inner.to().and_then(|t| t.first()).and_then(|a| a.address()).and_then(address),
            _ => None,
        })
    };
    returned.address = whom.or_else(enclosed);
    returned
}

/// The key in the pixel of a quoted message of ours.
fn quoted_key(message: &Message<'_>) -> Option<String> {
    let html = message.body_html(0)?;
    html.match_indices("/email/").find_map(|(at, found)| {
        let rest = &html[at + found.len()..];
        let key: String = rest.chars().take_while(char::is_ascii_hexdigit).collect();
        (key.len() >= 16 && rest[key.len()..].starts_with(".gif")).then_some(key)
    })
}
