//! Amazon's notification service: messages signed with a certificate that has to be fetched from Amazon, and
//! subscriptions that have to be confirmed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hg_core::time::{Millis, Timestamp};
use ring::signature::{RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use serde_json::Value as Json;

use super::Refused;
use crate::cx::Cx;
use crate::outgoing::{self, Ask, Method};

/// How old a message may be; Amazon repeats an old one for an hour.
const FRESH: Millis = Millis::hours(2);
/// A region has a few certificates.
const MOST_KEYS: usize = 50;

/// Public keys by the address of their certificate.
#[derive(Default)]
struct Keys(Mutex<HashMap<String, Vec<u8>>>);

/// An address at Amazon's notification service itself, and nowhere else.
fn is_amazons(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let region = host.strip_prefix("sns.").and_then(|h| h.strip_suffix(".amazonaws.com").or(h.strip_suffix(".amazonaws.com.cn")));
    region.is_some_and(|region| !region.is_empty() && region.chars().all(plain))
}

/// Checks topic, signature and age.
pub(super) async fn verify(cx: &Cx, topics: &str, body: &Json) -> Result<(), Refused> {
    let part = |name: &str| body.get(name).and_then(Json::as_str);
    let topic = part("TopicArn").ok_or(Refused::Forged)?;
    if !topics.split([',', ' ', '\n']).any(|allowed| allowed == topic) {
        return Err(Refused::Forged);
    }
    let url = part("SigningCertURL").filter(|url| is_amazons(url) && url.ends_with(".pem")).ok_or(Refused::Forged)?;
    let signature = part("Signature").and_then(|s| STANDARD.decode(s).ok()).ok_or(Refused::Forged)?;
    let names: &[&str] = match part("Type") {
        Some("Notification") => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
        Some("SubscriptionConfirmation" | "UnsubscribeConfirmation") => {
            &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        }
        _ => return Err(Refused::Forged),
    };
    let signed: String = names.iter().filter_map(|n| Some(format!("{n}\n{}\n", part(n)?))).collect();
    let key = key(cx, url).await?;
    let algorithm = if part("SignatureVersion") == Some("2") {
        &RSA_PKCS1_2048_8192_SHA256
    } else {
        &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY
    };
    UnparsedPublicKey::new(algorithm, key).verify(signed.as_bytes(), &signature).map_err(|_| Refused::Forged)?;
    let at = part("Timestamp").and_then(|t| Timestamp::parse(t).ok()).ok_or(Refused::Forged)?;
    if cx.now().0.abs_diff(at.0) > FRESH.0.unsigned_abs() {
        return Err(Refused::Stale);
    }
    Ok(())
}

async fn key(cx: &Cx, url: &str) -> Result<Vec<u8>, Refused> {
    let keys = cx.ws.part::<Keys>();
    if let Some(key) = keys.0.lock().unwrap_or_else(PoisonError::into_inner).get(url) {
        return Ok(key.clone());
    }
    let pem = get(cx, url).await?;
    let key = public_key(&String::from_utf8_lossy(&pem)).ok_or(Refused::Forged)?;
    let mut known = keys.0.lock().unwrap_or_else(PoisonError::into_inner);
    if known.len() >= MOST_KEYS {
        known.clear();
    }
    known.insert(url.to_owned(), key.clone());
    Ok(key)
}

async fn get(cx: &Cx, url: &str) -> Result<Vec<u8>, Refused> {
    let web = outgoing::web(cx).map_err(|e| Refused::Later(e.to_string()))?;
    let told = web.ask(Ask::new(Method::Get, url)).await.map_err(|e| Refused::Later(e.to_string()))?;
    if told.is_success() { Ok(told.body) } else { Err(Refused::Later(format!("{url} answers {}", told.status))) }
}

/// Says yes to a subscription whose message was verified.
pub(super) async fn confirm(cx: &Cx, body: &Json) -> Result<(), Refused> {
    let url = body.get("SubscribeURL").and_then(Json::as_str).filter(|url| is_amazons(url)).ok_or(Refused::Forged)?;
    get(cx, url).await.map(|_| ())
}

/// The RSA key out of a certificate.
fn public_key(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (text, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let der = STANDARD.decode(text.split_whitespace().collect::<String>()).ok()?;
    // Certificate → what is signed → version, serial, algorithm, issuer, validity, subject, key.
    let (certificate, _) = inside(&der, 0x30)?;
    let (mut signed, _) = inside(certificate, 0x30)?;
    if signed.first() == Some(&0xa0) {
        signed = inside(signed, 0xa0)?.1;
    }
    for tag in [0x02, 0x30, 0x30, 0x30, 0x30] {
        signed = inside(signed, tag)?.1;
    }
    let (key, _) = inside(signed, 0x30)?;
    let (_, bits) = inside(key, 0x30)?;
    let (bits, _) = inside(bits, 0x03)?;
    // The first byte counts unused bits.
    bits.get(1..).map(<[u8]>::to_vec)
}

/// A value of this kind, and what stands behind it.
fn inside(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f)).filter(|(b, _)| b.len() <= 4)?;
        (bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b)), rest)
    };
    let (value, rest) = rest.split_at_checked(length)?;
    (found == tag).then_some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_amazons_own_servers_are_asked() {
        for good in [
            "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem",
            "https://sns.cn-north-1.amazonaws.com.cn/x.pem",
        ] {
            assert!(is_amazons(good), "{good}");
        }
        for bad in [
            "http://sns.eu-west-1.amazonaws.com/x.pem",
            "https://sns.evil.org/x.pem",
            "https://sns.eu-west-1.amazonaws.com.evil.org/x.pem",
            "https://sns.a@evil.org/.amazonaws.com/x.pem",
            "https://s3.amazonaws.com/sns.x.amazonaws.com/x.pem",
            "https://sns.amazonaws.com@evil.org/x.pem",
            "https://sns..amazonaws.com/x.pem",
        ] {
            assert!(!is_amazons(bad), "{bad}");
        }
    }
}
