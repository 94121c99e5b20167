//! The reports of providers, each in its own words, as what they mean.

use hg_core::deliverability::{BounceClass, BounceVerdict, Report, Status, classify};
use serde_json::Value as Json;

use super::super::act::{Returned, What};
use super::Provider;

/// Reads a body that was verified. None: it is not what this provider sends.
pub(super) fn read(provider: Provider, id: Option<&str>, body: &Json) -> Option<Vec<Returned>> {
    let list = match body {
        Json::Array(list) => list.iter().collect(),
        Json::Object(_) => vec![body],
        _ => return None,
    };
    let mut found = Vec::with_capacity(list.len());
    for event in list {
        match provider {
            Provider::Ses => ses(event, &mut found)?,
            Provider::SendGrid => found.push(sendgrid(event)?),
            Provider::Mailgun => found.push(mailgun(event)?),
            Provider::Postmark => found.push(postmark(event)?),
            Provider::SparkPost => found.extend(sparkpost(event)),
            Provider::Mailjet => found.push(mailjet(event)?),
            Provider::Brevo => found.push(brevo(event)?),
            Provider::Resend => found.push(resend(event, id)?),
        }
    }
    Some(found)
}

fn text<'j>(json: &'j Json, path: &str) -> Option<&'j str> {
    json.pointer(path)?.as_str().filter(|t| !t.is_empty())
}

/// Numbers and texts alike, as keys of events.
fn word(json: &Json, path: &str) -> Option<String> {
    match json.pointer(path)? {
        Json::String(text) if !text.is_empty() => Some(text.clone()),
        Json::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// `<a@b>` without its brackets.
fn bare(id: &str) -> String {
    id.trim().trim_matches(['<', '>']).to_owned()
}

/// A report with what most of them have.
fn report(what: What, event_key: String, event: &Json) -> Returned {
    Returned { raw: event.to_string(), ..Returned::new(what, event_key) }
}

/// The provider gave up on an address. Its code or words may still say that the address is not at fault.
fn hard(status: Option<&str>, words: &str) -> What {
    let (class, verdict) = classify(&Report { action: Some("failed"), status: status.and_then(Status::find), text: words });
    match (class, verdict) {
        (_, BounceVerdict::Alert) | (BounceClass::Full, _) => What::Bounce(class, verdict),
        (BounceClass::Unrecognized | BounceClass::OutOfOffice | BounceClass::Autoreply, _) => {
            What::Bounce(BounceClass::Unknown, BounceVerdict::Suppress)
        }
        (class, _) => What::Bounce(class, BounceVerdict::Suppress),
    }
}

/// It did not take the message this time.
fn soft(words: &str) -> What {
    let (class, verdict) = classify(&Report { action: Some("failed"), status: None, text: words });
    match verdict {
        BounceVerdict::Alert => What::Bounce(class, verdict),
        BounceVerdict::Count => What::Bounce(class, BounceVerdict::Count),
        _ => What::Bounce(BounceClass::Defer, BounceVerdict::Count),
    }
}

/// Still on its way.
const DELAYED: What = What::Bounce(BounceClass::Delayed, BounceVerdict::Note);
/// Ours is the fault.
const BLOCKED: What = What::Bounce(BounceClass::Antispam, BounceVerdict::Alert);

fn ses(event: &Json, found: &mut Vec<Returned>) -> Option<()> {
    let kind = text(event, "/notificationType").or_else(|| text(event, "/eventType"))?;
    let header = |name: &str| {
        let headers = event.pointer("/mail/headers")?.as_array()?;
        let of = |h: &&Json| text(h, "/name").is_some_and(|n| n.eq_ignore_ascii_case(name));
        headers.iter().find(of).and_then(|h| text(h, "/value")).map(bare)
    };
    let base = word(event, "/mail/messageId")?;
    let mut push = |what: What, whom: &Json, address: Option<&str>, reason: String, id: String| {
        let key = format!("{kind}:{id}:{}", address.unwrap_or_default());
        let mut returned = report(what, key, event);
        returned.key = header("X-Honeyguide-Key");
        returned.message_id = header("Message-ID").or_else(|| text(event, "/mail/commonHeaders/messageId").map(bare));
        returned.address = address.or_else(|| whom.as_str()).map(str::to_owned);
        returned.reason = reason;
        found.push(returned);
    };
    let nobody = Json::Null;
    let list = |path: &str| event.pointer(path).and_then(Json::as_array).cloned().unwrap_or_default();
    match kind {
        "Bounce" => {
            let id = word(event, "/bounce/feedbackId").unwrap_or(base);
            let permanent = text(event, "/bounce/bounceType") == Some("Permanent");
            for whom in list("/bounce/bouncedRecipients") {
                let words = text(&whom, "/diagnosticCode").unwrap_or_default();
                let what = if permanent { hard(text(&whom, "/status"), words) } else { soft(words) };
                push(what, &nobody, text(&whom, "/emailAddress"), words.to_owned(), id.clone());
            }
        }
        "Complaint" => {
            let id = word(event, "/complaint/feedbackId").unwrap_or(base);
            let reason = text(event, "/complaint/complaintFeedbackType").unwrap_or("abuse").to_owned();
            for whom in list("/complaint/complainedRecipients") {
                push(What::Complaint, &nobody, text(&whom, "/emailAddress"), reason.clone(), id.clone());
            }
        }
        "Delivery" => {
            for whom in list("/delivery/recipients") {
                push(What::Delivered, &whom, whom.as_str(), String::new(), base.clone());
            }
        }
        "DeliveryDelay" => {
            for whom in list("/deliveryDelay/delayedRecipients") {
                push(DELAYED, &nobody, text(&whom, "/emailAddress"), String::new(), base.clone());
            }
        }
        _ => push(What::Other, &nobody, None, kind.to_owned(), base),
    }
    Some(())
}

fn sendgrid(event: &Json) -> Option<Returned> {
    let kind = text(event, "/event")?;
    let words = text(event, "/reason").or_else(|| text(event, "/response")).unwrap_or_default();
    let dropped = words.to_ascii_lowercase();
    let what = match kind {
        "bounce" if text(event, "/type") == Some("blocked") => BLOCKED,
        "bounce" => hard(text(event, "/status"), words),
        "dropped" if dropped.contains("invalid") || dropped.contains("bounced address") => {
            What::Bounce(BounceClass::Unknown, BounceVerdict::Suppress)
        }
        "deferred" => DELAYED,
        "spamreport" => What::Complaint,
        "unsubscribe" | "group_unsubscribe" => What::Unsubscribe,
        "delivered" => What::Delivered,
        _ => What::Other,
    };
    let fallback =
        || format!("{kind}:{}:{}", word(event, "/timestamp").unwrap_or_default(), text(event, "/smtp-id").unwrap_or_default());
    let mut returned = report(what, word(event, "/sg_event_id").unwrap_or_else(fallback), event);
    returned.key = word(event, "/hashId");
    returned.message_id = text(event, "/smtp-id").map(bare);
    returned.address = word(event, "/email");
    returned.reason = if words.is_empty() { kind.to_owned() } else { words.to_owned() };
    Some(returned)
}

fn mailgun(body: &Json) -> Option<Returned> {
    let event = body.get("event-data")?;
    let kind = text(event, "/event")?;
    let words = ["/delivery-status/message", "/delivery-status/description", "/reason"].iter().find_map(|p| text(event, p));
    let words = words.unwrap_or_default();
    let status = word(event, "/delivery-status/enhanced-code");
    let what = match (kind, text(event, "/severity")) {
        ("failed", Some("permanent")) => hard(status.as_deref(), words),
        ("failed" | "rejected", Some(_)) => soft(words),
        ("failed", None) => DELAYED,
        ("complained", _) => What::Complaint,
        ("unsubscribed", _) => What::Unsubscribe,
        ("delivered", _) => What::Delivered,
        _ => What::Other,
    };
    let mut returned = report(what, word(event, "/id")?, event);
    returned.key = word(event, "/user-variables/hashId");
    returned.message_id = text(event, "/message/headers/message-id").map(bare);
    returned.address = word(event, "/recipient");
    returned.reason = if words.is_empty() { kind.to_owned() } else { words.to_owned() };
    Some(returned)
}

fn postmark(event: &Json) -> Option<Returned> {
    let kind = text(event, "/RecordType")?;
    let words = ["/Details", "/Description", "/SuppressionReason"].iter().find_map(|p| text(event, p)).unwrap_or_default();
    let what = match (kind, text(event, "/Type").or_else(|| text(event, "/SuppressionReason"))) {
        ("Bounce", Some("HardBounce" | "BadEmailAddress")) => hard(None, words),
        ("Bounce", Some("SpamComplaint")) | ("SpamComplaint", _) => What::Complaint,
        ("Bounce", Some("Unsubscribe")) => What::Unsubscribe,
        ("Bounce", Some("AutoResponder" | "ChallengeVerification" | "OpenRelayTest")) => What::AutoReply,
        ("Bounce", Some("Blocked" | "SpamNotification" | "DMARCPolicy" | "ISPBlock")) => BLOCKED,
        ("Bounce", _) => soft(words),
        ("SubscriptionChange", _) if event.get("SuppressSending") != Some(&Json::Bool(true)) => What::Other,
        ("SubscriptionChange", Some("HardBounce")) => What::Bounce(BounceClass::Unknown, BounceVerdict::Suppress),
        ("SubscriptionChange", Some("SpamComplaint")) => What::Complaint,
        ("SubscriptionChange", _) => What::Unsubscribe,
        ("Delivery", _) => What::Delivered,
        _ => What::Other,
    };
    let at = ["/BouncedAt", "/DeliveredAt", "/ChangedAt", "/ReceivedAt"].iter().find_map(|p| text(event, p)).unwrap_or_default();
    let address = word(event, "/Email").or_else(|| word(event, "/Recipient"));
    let id = word(event, "/ID").or_else(|| word(event, "/MessageID"))?;
    let key = format!("{kind}:{id}:{at}:{}", address.as_deref().unwrap_or_default());
    let mut returned = report(what, key, event);
    returned.key = word(event, "/Metadata/hashId");
    returned.address = address;
    returned.reason = if words.is_empty() { kind.to_owned() } else { words.to_owned() };
    Some(returned)
}

fn sparkpost(body: &Json) -> Option<Returned> {
    let event = body.get("msys")?.as_object()?.values().next()?;
    let kind = text(event, "/type")?;
    let words = text(event, "/raw_reason").or_else(|| text(event, "/reason")).unwrap_or_default();
    let class: i64 = word(event, "/bounce_class").and_then(|c| c.parse().ok()).unwrap_or(0);
    let what = match (kind, class) {
        ("bounce" | "out_of_band", 10 | 30) => hard(None, words),
        ("bounce" | "out_of_band", 90) => What::Unsubscribe,
        ("bounce" | "out_of_band", 60) => What::AutoReply,
        ("bounce" | "out_of_band", 50..=54) => BLOCKED,
        ("bounce" | "out_of_band", 20..=24 | 40 | 70) => soft(words),
        ("bounce" | "out_of_band", _) => What::Bounce(BounceClass::Unrecognized, BounceVerdict::Count),
        ("delay", _) => DELAYED,
        ("spam_complaint", _) => What::Complaint,
        ("list_unsubscribe" | "link_unsubscribe", _) => What::Unsubscribe,
        ("delivery", _) => What::Delivered,
        _ => What::Other,
    };
    let mut returned = report(what, word(event, "/event_id")?, event);
    returned.key = word(event, "/rcpt_meta/hashId");
    returned.address = word(event, "/raw_rcpt_to").or_else(|| word(event, "/rcpt_to"));
    returned.reason = if words.is_empty() { kind.to_owned() } else { words.to_owned() };
    Some(returned)
}

fn mailjet(event: &Json) -> Option<Returned> {
    let kind = text(event, "/event")?;
    let words = text(event, "/comment").or_else(|| text(event, "/error")).unwrap_or_default();
    let is_hard = event.get("hard_bounce") == Some(&Json::Bool(true));
    let what = match kind {
        "bounce" if is_hard => hard(None, words),
        "bounce" => soft(words),
        "blocked" if matches!(text(event, "/error_related_to"), Some("recipient" | "domain")) => soft(words),
        "blocked" => BLOCKED,
        "spam" => What::Complaint,
        "unsub" => What::Unsubscribe,
        "sent" => What::Delivered,
        _ => What::Other,
    };
    let part = |path: &str| word(event, path).unwrap_or_default();
    let id = word(event, "/MessageID").or_else(|| word(event, "/Message_GUID"))?;
    let mut returned = report(what, format!("{kind}:{id}:{}:{}", part("/time"), part("/email")), event);
    returned.key = word(event, "/CustomID");
    returned.address = word(event, "/email");
    returned.reason = if words.is_empty() { kind.to_owned() } else { words.to_owned() };
    Some(returned)
}

fn brevo(event: &Json) -> Option<Returned> {
    let kind = text(event, "/event")?;
    let words = text(event, "/reason").unwrap_or_default();
    let what = match kind {
        "hard_bounce" => hard(None, words),
        "invalid_email" => What::Bounce(BounceClass::Unknown, BounceVerdict::Suppress),
        "soft_bounce" => soft(words),
        "deferred" => DELAYED,
        "blocked" | "error" => BLOCKED,
        "spam" | "complaint" => What::Complaint,
        "unsubscribed" | "unsubscribe" => What::Unsubscribe,
        "delivered" => What::Delivered,
        _ => What::Other,
    };
    let part = |path: &str| word(event, path).unwrap_or_default();
    let message_id = text(event, "/message-id").map(bare);
    let id = message_id.clone().or_else(|| word(event, "/id"))?;
    let mut returned = report(what, format!("{kind}:{id}:{}:{}", part("/ts_event"), part("/email")), event);
    returned.key = text(event, "/X-Mailin-custom").and_then(|c| c.strip_prefix("hashId:")).map(str::to_owned);
    returned.message_id = message_id;
    returned.address = word(event, "/email");
    returned.reason = if words.is_empty() { kind.to_owned() } else { words.to_owned() };
    Some(returned)
}

fn resend(event: &Json, id: Option<&str>) -> Option<Returned> {
    let kind = text(event, "/type")?;
    let words = text(event, "/data/bounce/message").unwrap_or_default();
    let what = match (kind, text(event, "/data/bounce/type")) {
        ("email.bounced", Some("Transient" | "Undetermined")) => soft(words),
        ("email.bounced", _) => hard(None, words),
        ("email.delivery_delayed", _) => DELAYED,
        ("email.complained", _) => What::Complaint,
        ("email.delivered", _) => What::Delivered,
        _ => What::Other,
    };
    let header = |name: &str| {
        let headers = event.pointer("/data/headers")?.as_array()?;
        let of = |h: &&Json| text(h, "/name").is_some_and(|n| n.eq_ignore_ascii_case(name));
        headers.iter().find(of).and_then(|h| text(h, "/value")).map(bare)
    };
    let mut returned = report(what, id.map(str::to_owned).or_else(|| word(event, "/data/email_id"))?, event);
    returned.key = header("X-Honeyguide-Key");
    returned.message_id = header("Message-ID");
    returned.address = word(event, "/data/to/0").or_else(|| word(event, "/data/to"));
    returned.reason = if words.is_empty() { kind.to_owned() } else { words.to_owned() };
    Some(returned)
}
