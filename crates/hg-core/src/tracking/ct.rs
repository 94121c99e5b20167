//! `ct`: what a link of ours says about where it stood and for whom.
//!
//! We write `hg1.<JSON>.<signature>`. Links of mails sent by Mautic carry a serialised map without a
//! signature; they are understood for ever, but prove nothing by themselves: only the key of a message
//! that we know identifies a contact. Whatever is forged, cut, huge or broken is treated as absent.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::php::{Php, parse_php};

const LONGEST: usize = 4_096;
const SIGNATURE: usize = 16;

/// Where a link stood.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ct {
    /// What sent it: `email`, `campaign.event`, `form`, `page` and its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<(String, i64)>,
    /// The email.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<i64>,
    /// The tracking key of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stat: Option<String>,
    /// The contact it was for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<i64>,
    /// The channel and the id of its thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<(String, i64)>,
    /// Whether our signature is on it.
    #[serde(skip)]
    pub signed: bool,
}

impl Ct {
    /// What the links of one message carry.
    pub fn of_message(email: i64, key: &str, contact: i64) -> Self {
        Self {
            source: Some(("email".into(), email)),
            email: Some(email),
            stat: Some(key.to_owned()),
            lead: Some(contact),
            channel: Some(("email".into(), email)),
            signed: true,
        }
    }

    /// Signs and writes it; safe in a URL as it is.
    pub fn emit(&self, key: &[u8]) -> String {
        let json = serde_json::to_vec(self).unwrap_or_default();
        let body = format!("hg1.{}", URL_SAFE_NO_PAD.encode(json));
        let signature = URL_SAFE_NO_PAD.encode(sign(key, &body));
        format!("{body}.{signature}")
    }

    /// Reads what a request brought. `None` for everything that is not whole and, if signed, genuine.
    ///
    /// ```
    /// use hg_core::tracking::Ct;
    /// let ct = Ct::of_message(12, "key", 5).emit(b"secret");
    /// assert_eq!(Ct::read(&ct, b"secret").and_then(|ct| ct.email), Some(12));
    /// assert_eq!(Ct::read(&ct, b"other"), None);
    /// assert_eq!(Ct::read(&ct[..20], b"secret"), None);
    /// ```
    pub fn read(text: &str, key: &[u8]) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > LONGEST {
            return None;
        }
        if text.starts_with("hg1.") { read_signed(text, key) } else { read_old(text) }
    }
}

fn sign(key: &[u8], body: &str) -> [u8; SIGNATURE] {
    let mut mac = match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mac) => mac,
        Err(_) => unreachable!("HMAC takes keys of any length"),
    };
    mac.update(body.as_bytes());
    let whole = mac.finalize().into_bytes();
    std::array::from_fn(|at| whole[at])
}

fn read_signed(text: &str, key: &[u8]) -> Option<Ct> {
    let (body, signature) = text.rsplit_once('.')?;
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    if !bool::from(sign(key, body).ct_eq(signature.as_slice())) {
        return None;
    }
    let json = URL_SAFE_NO_PAD.decode(body.strip_prefix("hg1.")?).ok()?;
    let ct: Ct = serde_json::from_slice(&json).ok()?;
    Some(Ct { signed: true, ..ct })
}

fn read_old(text: &str) -> Option<Ct> {
    // Some mail programs encode once more, or turn `+` into a blank.
    let text = percent_decode_str(text).decode_utf8().ok()?.replace(' ', "+");
    let text = text.trim_end_matches(['&', '=']).replace('-', "+").replace('_', "/");
    let map = parse_php(&STANDARD_NO_PAD.decode(text).ok()?)?;
    Some(Ct {
        source: map.get("source").and_then(pair),
        email: map.get("email").and_then(Php::as_id),
        stat: map.get("stat").and_then(Php::as_text).filter(|stat| is_key(stat)),
        lead: map.get("lead").and_then(Php::as_id),
        channel: map.get("channel").and_then(channel),
        signed: false,
    })
}

fn is_key(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `[type, id]`
fn pair(value: &Php) -> Option<(String, i64)> {
    Some((value.get("0")?.as_text()?, value.get("1")?.as_id()?))
}

/// `{email: 12}` or `[email, 12]`
fn channel(value: &Php) -> Option<(String, i64)> {
    if let Some(found) = pair(value) {
        return Some(found);
    }
    match value {
        Php::Map(entries) => entries.first().and_then(|(name, id)| Some((name.clone(), id.as_id()?))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    fn old(serialised: &str) -> Option<Ct> {
        Ct::read(&STANDARD.encode(serialised), b"key")
    }

    #[test]
    fn what_we_sign_comes_back_as_it_was() {
        let ct = Ct::of_message(12, "0123456789abcdef012345", 5);
        assert_eq!(Ct::read(&ct.emit(b"key"), b"key"), Some(ct));
    }

    #[test]
    fn a_link_of_mautic_is_understood() {
        let ct = old(r#"a:5:{s:6:"source";a:2:{i:0;s:14:"campaign.event";i:1;i:7;}s:5:"email";i:12;s:4:"stat";s:22:"5f0c3b2a1d4e6123456789";s:4:"lead";s:2:"47";s:7:"channel";a:1:{s:5:"email";i:12;}}"#).expect("it is whole");
        assert_eq!(ct.source, Some(("campaign.event".into(), 7)));
        assert_eq!((ct.email, ct.lead), (Some(12), Some(47)));
        assert_eq!(ct.stat.as_deref(), Some("5f0c3b2a1d4e6123456789"));
        assert_eq!(ct.channel, Some(("email".into(), 12)));
        assert!(!ct.signed);
    }

    #[test]
    fn forged_cut_and_huge_ones_are_as_good_as_none() {
        let genuine = Ct::of_message(12, "0123456789abcdef", 5).emit(b"key");
        let (body, signature) = genuine.rsplit_once('.').expect("it has a signature");
        let forged = format!("hg1.{}.{signature}", URL_SAFE_NO_PAD.encode(r#"{"lead":1}"#));
        for text in [
            forged.as_str(),
            body,
            &genuine[..genuine.len() - 1],
            &format!("{genuine}A"),
            "hg1..",
            "hg1",
            "",
            "%%%",
            &"A".repeat(100_000),
        ] {
            assert_eq!(Ct::read(text, b"key"), None, "{}", &text[..text.len().min(40)]);
        }
    }

    #[test]
    fn serialised_objects_lies_about_lengths_and_deep_nests_are_refused() {
        let deep = format!("{}i:1;{}", "a:1:{i:0;".repeat(9), "}".repeat(9));
        for text in [
            r#"O:8:"stdClass":0:{}"#,
            r#"a:1:{s:4:"stat";O:8:"stdClass":0:{}}"#,
            r#"a:1:{s:999999999:"stat";i:1;}"#,
            r#"a:99999999:{}"#,
            r#"a:1:{s:5:"email";i:12;}trailing"#,
            r#"s:3:"abc";"#,
            r#"a:1:{s:5:"email";R:1;}"#,
            deep.as_str(),
        ] {
            assert_eq!(old(text), None, "{text}");
        }
    }
}
