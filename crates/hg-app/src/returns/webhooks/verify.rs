//! Whether a report really comes from its provider: each signs in its own way.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hg_core::time::{Millis, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde_json::Value as Json;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

use super::{Callback, Provider, Refused};

/// How old a signed report may be. Providers that sign each try anew get less time.
const FRESH: Millis = Millis::minutes(10);
/// Those that repeat an old signature.
const PATIENT: Millis = Millis::days(1);

type Verdict = Result<(), Refused>;

/// Checks everything but Amazon's, whose certificate has to be fetched first.
pub(super) fn verify(provider: Provider, secret: &str, callback: &Callback, body: &Json, now: Timestamp) -> Verdict {
    match provider {
        Provider::SendGrid => sendgrid(secret, callback, now),
        Provider::Mailgun => mailgun(secret, body, now),
        Provider::Resend => svix(secret, callback, now),
        Provider::Postmark | Provider::SparkPost | Provider::Mailjet | Provider::Brevo => shared(secret, callback),
        Provider::Ses => Err(Refused::Forged),
    }
}

fn same(a: &[u8], b: &[u8]) -> Verdict {
    if bool::from(a.ct_eq(b)) { Ok(()) } else { Err(Refused::Forged) }
}

fn mac(key: &[u8], parts: &[&[u8]]) -> Result<Vec<u8>, Refused> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).map_err(|_| Refused::Forged)?;
    for part in parts {
        mac.update(part);
    }
    Ok(mac.finalize().into_bytes().to_vec())
}

/// Neither old nor from the future. Asked last: only who signed may learn that he was late.
fn fresh(seconds: &str, now: Timestamp, limit: Millis) -> Verdict {
    let at = seconds.parse::<i64>().map_err(|_| Refused::Forged)?;
    let at = Timestamp(at.saturating_mul(1_000));
    if now.0.abs_diff(at.0) <= limit.0.unsigned_abs() { Ok(()) } else { Err(Refused::Stale) }
}

/// ECDSA over time and body, with the key that SendGrid shows once.
fn sendgrid(key: &str, callback: &Callback, now: Timestamp) -> Verdict {
    let header = |name: &str| callback.header(name).ok_or(Refused::Forged);
    let at = header("x-twilio-email-event-webhook-timestamp")?;
    let signature = header("x-twilio-email-event-webhook-signature")?;
    let signature = STANDARD.decode(signature.trim()).map_err(|_| Refused::Forged)?;
    let key = STANDARD.decode(key.trim()).map_err(|_| Refused::Forged)?;
    // The point stands at the end of the key's frame.
    let point = key.len().checked_sub(65).and_then(|from| key.get(from..)).ok_or(Refused::Forged)?;
    let signed = [at.as_bytes(), &callback.body].concat();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).verify(&signed, &signature).map_err(|_| Refused::Forged)?;
    fresh(at, now, FRESH)
}

/// HMAC over time and token, inside the body.
fn mailgun(key: &str, body: &Json, now: Timestamp) -> Verdict {
    let part = |name: &str| body.pointer(&format!("/signature/{name}")).and_then(Json::as_str).ok_or(Refused::Forged);
    let (at, token, signature) = (part("timestamp")?, part("token")?, part("signature")?);
    let wanted: String = mac(key.as_bytes(), &[at.as_bytes(), token.as_bytes()])?.iter().map(|b| format!("{b:02x}")).collect();
    same(wanted.as_bytes(), signature.to_ascii_lowercase().as_bytes())?;
    fresh(at, now, PATIENT)
}

/// The scheme of svix, which Resend uses.
fn svix(secret: &str, callback: &Callback, now: Timestamp) -> Verdict {
    let header = |name: &str| callback.header(name).ok_or(Refused::Forged);
    let (id, at, signatures) = (header("svix-id")?, header("svix-timestamp")?, header("svix-signature")?);
    let key = secret.trim();
    let key = STANDARD.decode(key.strip_prefix("whsec_").unwrap_or(key)).map_err(|_| Refused::Forged)?;
    let wanted = mac(&key, &[id.as_bytes(), b".", at.as_bytes(), b".", &callback.body])?;
    let given = signatures.split_whitespace().filter_map(|s| s.strip_prefix("v1,")).filter_map(|s| STANDARD.decode(s).ok());
    let mut found = false;
    for signature in given {
        found |= same(&wanted, &signature).is_ok();
    }
    if !found {
        return Err(Refused::Forged);
    }
    fresh(at, now, FRESH)
}

/// Providers that do not sign send what was agreed upon: a name and password, or a token.
fn shared(secret: &str, callback: &Callback) -> Verdict {
    let given = callback.header("authorization").ok_or(Refused::Forged)?;
    let (scheme, rest) = given.split_once(' ').ok_or(Refused::Forged)?;
    match scheme.to_ascii_lowercase().as_str() {
        "basic" => same(secret.as_bytes(), &STANDARD.decode(rest.trim()).map_err(|_| Refused::Forged)?),
        "bearer" => same(secret.as_bytes(), rest.trim().as_bytes()),
        _ => Err(Refused::Forged),
    }
}
