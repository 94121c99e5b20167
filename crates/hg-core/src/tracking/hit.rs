//! What a page says when it is looked at.

use std::collections::BTreeMap;

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};

use super::php::{Php, parse_php};

/// Values beyond this are cut; addresses of pages are rarely longer.
const LONGEST_VALUE: usize = 4_096;
/// More parameters than this are ignored.
const MOST_PARAMS: usize = 200;

/// Parameters that describe the hit; everything else may be a field of the contact.
const ABOUT_THE_HIT: [&str; 22] = [
    "page_title",
    "page_language",
    "preferred_locale",
    "page_referrer",
    "page_url",
    "counter",
    "timezone_offset",
    "timezone",
    "resolution",
    "platform",
    "do_not_track",
    "mautic_device_id",
    "ct",
    "d",
    "fingerprint",
    "tags",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_content",
    "utm_term",
    "hash",
];

/// The five campaign parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UtmTags {
    /// `utm_source`
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// `utm_medium`
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub medium: String,
    /// `utm_campaign`
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub campaign: String,
    /// `utm_content`
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content: String,
    /// `utm_term`
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub term: String,
}

impl UtmTags {
    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    fn of(params: &BTreeMap<String, String>) -> Self {
        let get = |name: &str| params.get(name).map(|value| value.trim().to_owned()).unwrap_or_default();
        Self {
            source: get("utm_source"),
            medium: get("utm_medium"),
            campaign: get("utm_campaign"),
            content: get("utm_content"),
            term: get("utm_term"),
        }
    }
}

/// The campaign parameters in an address.
pub fn utm_of_url(url: &str) -> UtmTags {
    UtmTags::of(&lower_case_query(url))
}

/// Everything a hit said, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HitParams {
    /// The page.
    pub url: String,
    /// Its title.
    pub title: String,
    /// Where the visitor came from.
    pub referrer: String,
    /// Language of the page.
    pub language: String,
    /// The visitor's zone, by name.
    pub timezone: String,
    /// The visitor's language.
    pub locale: String,
    /// The script heard that she does not want to be tracked.
    pub do_not_track: bool,
    /// The device id that the script kept where cookies of ours are not sent.
    pub device: String,
    /// Where the link stood that led here.
    pub ct: String,
    /// Tags to add, and with `-` in front to take away.
    pub tags: Vec<String>,
    /// Campaign parameters.
    pub utm: UtmTags,
    /// The rest: perhaps fields of the contact.
    pub fields: BTreeMap<String, String>,
}

impl HitParams {
    /// Sorts parameters. The query of the page's own address counts too, with its names in lower case;
    /// what was said explicitly wins. `fallback_url` is used when the page did not say where it is.
    pub fn read(pairs: impl IntoIterator<Item = (String, String)>, fallback_url: &str) -> Self {
        let mut params: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in pairs.into_iter().take(MOST_PARAMS) {
            params.insert(name, cut(value));
        }
        if let Some(payload) = params.remove("d") {
            for (name, value) in decode_pixel_payload(&payload) {
                params.entry(name).or_insert_with(|| cut(value));
            }
        }
        let url = params.get("page_url").filter(|url| !url.is_empty()).cloned().unwrap_or_else(|| fallback_url.to_owned());
        let mut all = lower_case_query(&url);
        all.extend(params);
        let utm = UtmTags::of(&all);
        let mut take = |name: &str| all.remove(name).unwrap_or_default();
        let do_not_track = matches!(take("do_not_track").as_str(), "1" | "true" | "yes");
        let tags = take("tags")
            .split(',')
            .map(|tag| tag.trim().to_owned())
            .filter(|tag| tag.len() > usize::from(tag.starts_with('-')))
            .collect();
        let read = Self {
            url,
            title: take("page_title"),
            referrer: take("page_referrer"),
            language: take("page_language"),
            timezone: take("timezone"),
            locale: take("preferred_locale"),
            do_not_track,
            device: take("mautic_device_id"),
            ct: take("ct"),
            tags,
            utm,
            fields: BTreeMap::new(),
        };
        all.retain(|name, _| !ABOUT_THE_HIT.contains(&name.as_str()) && name.len() <= 100);
        Self { fields: all, ..read }
    }

    /// Reads a query or a urlencoded body.
    pub fn read_encoded(encoded: &[u8], fallback_url: &str) -> Self {
        let pairs = form_urlencoded::parse(encoded).map(|(name, value)| (name.into_owned(), value.into_owned()));
        Self::read(pairs, fallback_url)
    }
}

fn cut(mut value: String) -> String {
    if value.len() > LONGEST_VALUE {
        let end = (0..=LONGEST_VALUE).rev().find(|at| value.is_char_boundary(*at)).unwrap_or(0);
        value.truncate(end);
    }
    // Databases do not take the character zero.
    if value.contains('\0') { value.replace('\0', "") } else { value }
}

fn lower_case_query(url: &str) -> BTreeMap<String, String> {
    let query = match Url::parse(url) {
        Ok(url) => url.query().unwrap_or_default().to_owned(),
        Err(_) => {
            url.split_once('?').map(|(_, query)| query.split('#').next().unwrap_or_default().to_owned()).unwrap_or_default()
        }
    };
    form_urlencoded::parse(query.as_bytes())
        .take(MOST_PARAMS)
        .map(|(name, value)| (name.to_lowercase(), cut(value.into_owned())))
        .collect()
}

/// The `d` parameter of old pixels: the same parameters, serialised. Broken ones are as good as none.
pub fn decode_pixel_payload(payload: &str) -> Vec<(String, String)> {
    let payload = payload.trim().replace(' ', "+");
    let payload = payload.trim_end_matches('=');
    let bytes = STANDARD_NO_PAD.decode(payload).or_else(|_| URL_SAFE_NO_PAD.decode(payload));
    match bytes.ok().and_then(|bytes| parse_php(&bytes)) {
        Some(Php::Map(entries)) => entries.into_iter().filter_map(|(name, value)| Some((name, value.as_text()?))).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn a_hit_is_sorted_into_page_campaign_and_fields() {
        let hit = HitParams::read_encoded(
            b"page_url=https%3A%2F%2Fx.io%2Fa%3FUTM_Source%3Dblog%26firstname%3DAda&page_title=A&email=a%40x.io&tags=new,-old,,-&counter=0",
            "",
        );
        assert_eq!((hit.url.as_str(), hit.title.as_str()), ("https://x.io/a?UTM_Source=blog&firstname=Ada", "A"));
        assert_eq!(hit.utm.source, "blog");
        assert_eq!(hit.tags, ["new", "-old"]);
        let fields: Vec<(&str, &str)> = hit.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(fields, [("email", "a@x.io"), ("firstname", "Ada")]);
    }

    #[test]
    fn what_is_said_explicitly_wins_over_the_query_of_the_page() {
        let hit = HitParams::read_encoded(b"page_url=https%3A%2F%2Fx.io%2F%3Fcity%3DRome&city=Oslo", "");
        assert_eq!(hit.fields["city"], "Oslo");
    }

    #[test]
    fn the_payload_of_an_old_pixel_is_read() {
        let payload = STANDARD.encode(r#"a:2:{s:8:"page_url";s:14:"https://x.io/b";s:5:"email";s:6:"b@x.io";}"#);
        let hit = HitParams::read([("d".to_owned(), payload)], "https://x.io/fallback");
        assert_eq!((hit.url.as_str(), hit.fields["email"].as_str()), ("https://x.io/b", "b@x.io"));
    }

    #[test]
    fn rubbish_is_a_hit_on_the_page_that_asked() {
        for body in [&b"%ff%fe=%00&d=%%%"[..], b"", b"&&&===", &[0xff; 64]] {
            assert_eq!(HitParams::read_encoded(body, "https://x.io/").url, "https://x.io/");
        }
        let long = format!("page_title={}", "é".repeat(10_000));
        assert!(HitParams::read_encoded(long.as_bytes(), "").title.len() <= 4_096);
    }
}
