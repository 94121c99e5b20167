//! What earns points.

use serde_json::{Map, Value as Json, json};

use crate::campaigns::decide::matches_pattern;
use crate::events::EventKind;
use crate::time::{Millis, Timestamp};

/// A kind of thing that earns points, with what narrows it down. Empty lists mean any.
#[derive(Debug, Clone, PartialEq)]
pub enum Earns {
    /// `page.hit`: a landing page was visited.
    PageHit { pages: Vec<i64> },
    /// `url.hit`: an address was visited, under conditions.
    UrlHit(UrlRule),
    /// `email.open`: an email was opened.
    EmailOpen { emails: Vec<i64>, categories: Vec<i64> },
    /// `email.send`: an email was sent.
    EmailSend { emails: Vec<i64>, categories: Vec<i64> },
    /// `form.submit`: a form was sent in.
    FormSubmit { forms: Vec<i64> },
}

/// An address and what must hold besides; every condition that is set must hold.
#[derive(Debug, Clone, PartialEq)]
pub struct UrlRule {
    /// Written with `*` for anything and, within a path, `?` for one character.
    pub url: String,
    /// At least so many visits, this one among them.
    pub hits: i64,
    /// Only the first visit ever.
    pub first_time: bool,
    /// The visit before is at most this old.
    pub returns_within: i64,
    /// The visit before is at least this old.
    pub returns_after: i64,
    /// So many seconds were spent there in all.
    pub seconds: i64,
}

/// What is known of the visits to an address, up to and without the one that is judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Visits {
    pub before: i64,
    pub last: Option<Timestamp>,
    /// Time spent on the address so far.
    pub spent: Millis,
}

/// Why a rule cannot be read: the setting, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EarnsError {
    #[error("“asset.download” needs assets, which this version does not have yet")]
    NoAssets,
    #[error("“{0}” is not a kind of point action; use page.hit, url.hit, email.open, email.send or form.submit")]
    UnknownKind(String),
    #[error("{1}")]
    Setting(&'static str, String),
}

/// Every kind with what people call it.
pub const EARNING_KINDS: [(&str, &str); 5] = [
    ("email.send", "Is sent an email"),
    ("email.open", "Opens an email"),
    ("form.submit", "Submits a form"),
    ("page.hit", "Visits a landing page"),
    ("url.hit", "Visits specific URL"),
];

impl Earns {
    /// Reads a kind and its settings, as they are stored and as both APIs write them.
    pub fn read(kind: &str, settings: &Json) -> Result<Self, EarnsError> {
        let categories = || ids(settings, "categories");
        Ok(match kind {
            "page.hit" => Self::PageHit { pages: ids(settings, "pages")? },
            "email.open" => Self::EmailOpen { emails: ids(settings, "emails")?, categories: categories()? },
            "email.send" => Self::EmailSend { emails: ids(settings, "emails")?, categories: categories()? },
            "form.submit" => Self::FormSubmit { forms: ids(settings, "forms")? },
            "url.hit" => Self::UrlHit(UrlRule::read(settings)?),
            "asset.download" => return Err(EarnsError::NoAssets),
            other => return Err(EarnsError::UnknownKind(other.to_owned())),
        })
    }

    pub const fn kind(&self) -> &'static str {
        match self {
            Self::PageHit { .. } => "page.hit",
            Self::UrlHit(_) => "url.hit",
            Self::EmailOpen { .. } => "email.open",
            Self::EmailSend { .. } => "email.send",
            Self::FormSubmit { .. } => "form.submit",
        }
    }

    /// The settings as they are stored and shown.
    pub fn write(&self) -> Json {
        match self {
            Self::PageHit { pages } => json!({ "pages": pages }),
            Self::EmailOpen { emails, categories } | Self::EmailSend { emails, categories } => {
                let mut out = Map::from_iter([("emails".to_owned(), json!(emails))]);
                if !categories.is_empty() {
                    out.insert("categories".to_owned(), json!(categories));
                }
                Json::Object(out)
            }
            Self::FormSubmit { forms } => json!({ "forms": forms }),
            Self::UrlHit(rule) => rule.write(),
        }
    }

    /// What must happen for it.
    pub const fn event(&self) -> EventKind {
        match self {
            Self::PageHit { .. } | Self::UrlHit(_) => EventKind::PageHit,
            Self::EmailOpen { .. } => EventKind::EmailOpened,
            Self::EmailSend { .. } => EventKind::EmailSent,
            Self::FormSubmit { .. } => EventKind::FormSubmitted,
        }
    }

    /// Whether something that happened is what this is about. `object` is the landing page, email or form (0 for a page
    /// that is not ours), `url` the address of a visit. What an address rule asks besides is for [`UrlRule::holds`],
    /// and categories are for the caller, who knows them.
    pub fn concerns(&self, kind: EventKind, object: i64, url: &str) -> bool {
        if kind != self.event() {
            return false;
        }
        let among = |wanted: &[i64]| wanted.is_empty() || wanted.contains(&object);
        match self {
            Self::PageHit { pages } => object > 0 && among(pages),
            Self::EmailOpen { emails, .. } | Self::EmailSend { emails, .. } => among(emails),
            Self::FormSubmit { forms } => among(forms),
            Self::UrlHit(rule) => rule.matches(url),
        }
    }

    /// Categories that the email must belong to one of; empty: any.
    pub fn categories(&self) -> &[i64] {
        match self {
            Self::EmailOpen { categories, .. } | Self::EmailSend { categories, .. } => categories,
            _ => &[],
        }
    }
}

impl UrlRule {
    fn read(settings: &Json) -> Result<Self, EarnsError> {
        let url = settings.get("page_url").and_then(Json::as_str).unwrap_or("").trim().to_owned();
        if url.is_empty() {
            return Err(EarnsError::Setting(
                "page_url",
                "Write the address that people visit; * stands for anything.".to_owned(),
            ));
        }
        if url.chars().count() > 2_048 {
            return Err(EarnsError::Setting("page_url", "The address may have 2,048 characters at most.".to_owned()));
        }
        Ok(Self {
            url,
            hits: number(settings, "page_hits")?,
            first_time: settings.get("first_time").is_some_and(is_yes),
            returns_within: number(settings, "returns_within")?,
            returns_after: number(settings, "returns_after")?,
            seconds: number(settings, "accumulative_time")?,
        })
    }

    fn write(&self) -> Json {
        let some = |n: i64| (n > 0).then_some(n);
        json!({
            "page_url": self.url, "page_hits": some(self.hits), "first_time": self.first_time,
            "returns_within": some(self.returns_within), "returns_after": some(self.returns_after),
            "accumulative_time": some(self.seconds),
        })
    }

    /// Whether an address is the one.
    pub fn matches(&self, url: &str) -> bool {
        matches_pattern(&self.url, url) || matches_single(&self.url, url)
    }

    /// Whether earlier visits have to be known.
    pub fn asks_for_visits(&self) -> bool {
        self.hits > 1 || self.first_time || self.returns_within > 0 || self.returns_after > 0 || self.seconds > 0
    }

    /// Whether everything that is asked besides the address holds for a visit at `now`.
    pub fn holds(&self, now: Timestamp, visits: &Visits) -> bool {
        let away = visits.last.map(|last| now.since(last).0 / 1_000);
        (self.hits <= 1 || visits.before + 1 >= self.hits)
            && (!self.first_time || visits.before == 0)
            && (self.returns_within == 0 || away.is_some_and(|s| s <= self.returns_within))
            && (self.returns_after == 0 || away.is_some_and(|s| s >= self.returns_after))
            && (self.seconds == 0 || visits.spent.0 / 1_000 >= self.seconds)
    }
}

/// `?` for one character, where a question mark cannot begin a query: the pattern has no `=` behind it.
fn matches_single(pattern: &str, url: &str) -> bool {
    if !pattern.contains('?') || pattern.contains('=') {
        return false;
    }
    let plain = |text: &str| text.trim().trim_end_matches('/').to_lowercase();
    let (pattern, url) = (plain(pattern), plain(url.split(['?', '#']).next().unwrap_or("")));
    let without_scheme = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let path = without_scheme.find('/').map_or("/", |at| &without_scheme[at..]);
    [url.as_str(), without_scheme, path].into_iter().any(|text| wild(&pattern, text))
}

/// Linear in the length of the text: only the last star is remembered.
fn wild(pattern: &str, text: &str) -> bool {
    let (p, t): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut i, mut j, mut star) = (0, 0, None);
    while j < t.len() {
        if i < p.len() && p[i] == '*' {
            star = Some((i, j));
            i += 1;
        } else if i < p.len() && (p[i] == '?' || p[i] == t[j]) {
            i += 1;
            j += 1;
        } else if let Some((at, from)) = star {
            (i, j) = (at + 1, from + 1);
            star = Some((at, from + 1));
        } else {
            return false;
        }
    }
    p[i..].iter().all(|c| *c == '*')
}

fn ids(settings: &Json, key: &'static str) -> Result<Vec<i64>, EarnsError> {
    let one = |v: &Json| v.as_i64().or_else(|| v.as_str().and_then(|s| s.trim().parse().ok()));
    let items: Vec<&Json> = match settings.get(key) {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(items)) => items.iter().collect(),
        Some(Json::Object(items)) => items.values().collect(),
        Some(Json::String(text)) if text.trim().is_empty() => Vec::new(),
        Some(other) => vec![other],
    };
    let wrong = || EarnsError::Setting(key, format!("“{key}” is a list of ids."));
    items.into_iter().map(|item| one(item).filter(|id| *id > 0).ok_or_else(wrong)).collect()
}

fn number(settings: &Json, key: &'static str) -> Result<i64, EarnsError> {
    let wrong = || EarnsError::Setting(key, format!("“{key}” is a whole number, zero or more."));
    match settings.get(key) {
        None | Some(Json::Null) => Ok(0),
        Some(Json::String(text)) if text.trim().is_empty() => Ok(0),
        Some(Json::String(text)) => text.trim().parse().ok().filter(|n| *n >= 0).ok_or_else(wrong),
        Some(other) => other.as_i64().filter(|n| *n >= 0).ok_or_else(wrong),
    }
}

fn is_yes(value: &Json) -> bool {
    match value {
        Json::Bool(yes) => *yes,
        Json::Number(n) => n.as_i64().is_some_and(|n| n != 0),
        Json::String(text) => matches!(text.trim().to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn url_rule(more: Json) -> UrlRule {
        let mut settings = json!({"page_url": "*/pricing"});
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let Earns::UrlHit(rule) = Earns::read("url.hit", &settings).unwrap() else { panic!("an address rule") };
        rule
    }

    #[test]
    fn settings_come_back_as_they_were_written() {
        for (kind, settings) in [
            ("page.hit", json!({"pages": [1, 2]})),
            ("email.open", json!({"emails": [5]})),
            ("email.send", json!({"emails": [], "categories": [3]})),
            ("form.submit", json!({"forms": [4]})),
            (
                "url.hit",
                json!({"page_url": "x.io/*", "page_hits": 3, "first_time": false, "returns_within": 60, "returns_after": null, "accumulative_time": null}),
            ),
        ] {
            let read = Earns::read(kind, &settings).unwrap();
            assert_eq!((read.kind(), read.write()), (kind, settings));
        }
    }

    #[test]
    fn what_cannot_be_done_is_named() {
        let said = |kind: &str, settings: Json| Earns::read(kind, &settings).unwrap_err().to_string();
        assert!(said("asset.download", json!({})).contains("asset.download"));
        assert!(said("sms.reply", json!({})).contains("sms.reply"));
        assert!(said("url.hit", json!({})).contains("address"));
        assert!(said("page.hit", json!({"pages": ["x"]})).contains("pages"));
        assert!(said("url.hit", json!({"page_url": "a", "page_hits": -1})).contains("page_hits"));
    }

    #[rstest]
    #[case("https://x.io/shop/*", "https://x.io/shop/shoes?size=7", true)]
    #[case("/pricing", "https://x.io/pricing/", true)]
    #[case("https://x.io/page?", "https://x.io/page7", true)]
    #[case("https://x.io/page?", "https://x.io/page77", false)]
    #[case("https://x.io/buy?plan=pro", "https://x.io/buy?plan=pro", true)]
    #[case("/pricing", "https://x.io/pricing-old", false)]
    fn addresses(#[case] pattern: &str, #[case] url: &str, #[case] met: bool) {
        let rule = Earns::read("url.hit", &json!({ "page_url": pattern })).unwrap();
        assert_eq!(rule.concerns(EventKind::PageHit, 0, url), met);
    }

    #[test]
    fn every_condition_that_is_set_must_hold() {
        let now = Timestamp(1_000_000);
        let visits = |before, seconds_ago: i64, spent: i64| Visits {
            before,
            last: Some(Timestamp(now.0 - seconds_ago * 1_000)),
            spent: Millis(spent * 1_000),
        };
        let three = url_rule(json!({"page_hits": 3}));
        assert!(!three.holds(now, &visits(1, 5, 0)) && three.holds(now, &visits(2, 5, 0)));
        let first = url_rule(json!({"first_time": true}));
        assert!(first.holds(now, &Visits::default()) && !first.holds(now, &visits(1, 5, 0)));
        let soon = url_rule(json!({"returns_within": 60}));
        assert!(
            soon.holds(now, &visits(1, 60, 0)) && !soon.holds(now, &visits(1, 61, 0)) && !soon.holds(now, &Visits::default())
        );
        let later = url_rule(json!({"returns_after": 60, "accumulative_time": 30}));
        assert!(
            later.holds(now, &visits(4, 60, 30))
                && !later.holds(now, &visits(4, 59, 30))
                && !later.holds(now, &visits(4, 60, 29))
        );
    }

    #[test]
    fn a_page_of_somebody_else_is_no_landing_page() {
        let any = Earns::PageHit { pages: Vec::new() };
        assert!(any.concerns(EventKind::PageHit, 7, "") && !any.concerns(EventKind::PageHit, 0, "https://x.io"));
        assert!(!any.concerns(EventKind::EmailOpened, 7, ""));
    }
}
