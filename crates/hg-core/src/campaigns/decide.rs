//! Whether something a contact did answers a decision (`campaigns.md` §4.2).

use std::cmp::Ordering;

use serde_json::Value as Json;

use crate::campaigns::steps::StepType;
use crate::ids::SendId;
use crate::text::fold;

/// Something a contact did that a decision may wait for.
#[derive(Debug, Clone, PartialEq)]
pub enum Occurrence<'a> {
    /// Opened the mail of this send; by a machine, such as the scanner of her mail gateway.
    Opened { send: SendId, machine: bool },
    /// Clicked a link of the mail of this send.
    Clicked { send: SendId, url: &'a str, machine: bool },
    /// Sent in a form.
    Submitted { form: i64 },
    /// Answered the mail of this send.
    Replied { send: SendId },
    /// Visited a page: its id (0 when it is not one of ours), its address, where the visit came from, and the device.
    Visited { page: i64, url: &'a str, referrer: &'a str, device: Device<'a> },
}

/// What is known about the device of a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Device<'a> {
    pub kind: Option<&'a str>,
    pub brand: Option<&'a str>,
    pub system: Option<&'a str>,
}

/// Whether the decision is met. `send` is the mail that the step above the decision sent.
pub fn answers(decision: &StepType, send: Option<SendId>, what: &Occurrence<'_>) -> bool {
    match (decision, what) {
        // A click shows that the mail was opened, even where pictures are not loaded.
        (
            StepType::OpensEmail { machines },
            Occurrence::Opened { send: s, machine } | Occurrence::Clicked { send: s, machine, .. },
        ) => send == Some(*s) && (*machines || !machine),
        (StepType::ClicksEmail { urls, machines }, Occurrence::Clicked { send: s, url, machine }) => {
            send == Some(*s) && (*machines || !machine) && (urls.is_empty() || urls.iter().any(|p| matches_pattern(p, url)))
        }
        (StepType::SubmitsForm { forms }, Occurrence::Submitted { form }) => {
            forms.is_empty() || forms.iter().any(|f| f.0 == *form)
        }
        (StepType::RepliesToEmail, Occurrence::Replied { send: s }) => send == Some(*s),
        (StepType::VisitsPage { pages, url: pattern, referrer: from }, Occurrence::Visited { page, url, referrer, .. }) => {
            (pages.is_empty() && pattern.is_none() && from.is_none())
                || pages.iter().any(|p| p.0 == *page)
                || pattern.as_deref().is_some_and(|list| any_matches(list, url))
                || from.as_deref().is_some_and(|list| any_matches(list, referrer))
        }
        (StepType::UsesDevice { device }, Occurrence::Visited { device: used, .. }) => {
            device.meets(used.kind, used.brand, used.system)
        }
        _ => false,
    }
}

/// Whether an address meets one of several patterns with commas between.
pub fn any_matches(list: &str, url: &str) -> bool {
    list.split(',').any(|p| matches_pattern(p.trim(), url))
}

/// Compares a text with a value: numbers as numbers where both are, else as texts in which neither case nor accents count.
/// `actual` holds every value of a field with several; none: it was not given.
pub fn compare(op: &str, actual: &[String], wanted: &Json) -> bool {
    let text = |v: &Json| v.as_str().map_or_else(|| v.to_string(), str::to_owned);
    let list: Vec<String> = match wanted {
        Json::Array(items) => items.iter().map(|v| fold(text(v).trim())).collect(),
        Json::Null => Vec::new(),
        Json::String(s) if op == "in" || op == "!in" => s.split(['|', ',']).map(|p| fold(p.trim())).collect(),
        one => vec![fold(text(one).trim())],
    };
    let given: Vec<String> = actual.iter().map(|a| fold(a.trim())).filter(|a| !a.is_empty()).collect();
    let first = list.first().map_or("", String::as_str);
    let any = |holds: &dyn Fn(&str) -> bool| given.iter().any(|a| holds(a));
    let order = |a: &str| match (a.parse::<f64>(), first.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.partial_cmp(&b),
        _ => Some(a.cmp(first)),
    };
    match op {
        "=" | "eq" => any(&|a| order(a) == Some(Ordering::Equal)),
        "!=" | "neq" => !any(&|a| order(a) == Some(Ordering::Equal)),
        "gt" => any(&|a| order(a) == Some(Ordering::Greater)),
        "gte" => any(&|a| matches!(order(a), Some(Ordering::Greater | Ordering::Equal))),
        "lt" => any(&|a| order(a) == Some(Ordering::Less)),
        "lte" => any(&|a| matches!(order(a), Some(Ordering::Less | Ordering::Equal))),
        "empty" => given.is_empty(),
        "!empty" => !given.is_empty(),
        "in" => any(&|a| list.iter().any(|w| w == a)),
        "!in" => !any(&|a| list.iter().any(|w| w == a)),
        "like" | "contains" => any(&|a| a.contains(first.trim_matches('%'))),
        "!like" => !any(&|a| a.contains(first.trim_matches('%'))),
        "startsWith" => any(&|a| a.starts_with(first)),
        "endsWith" => any(&|a| a.ends_with(first)),
        _ => false,
    }
}

/// The comparisons that [`compare`] knows.
pub const COMPARISONS: &[&str] =
    &["=", "!=", "gt", "gte", "lt", "lte", "empty", "!empty", "like", "!like", "in", "!in", "startsWith", "endsWith", "contains"];

/// `*` stands for anything. A pattern without a scheme is met by the address without it too; the query of the address
/// does not count unless the pattern has one.
pub fn matches_pattern(pattern: &str, url: &str) -> bool {
    let fold = |s: &str| s.trim().trim_end_matches('/').to_lowercase();
    let pattern = fold(pattern);
    if pattern.is_empty() {
        return false;
    }
    let url = fold(url);
    let bare =
        if pattern.contains('?') { url.as_str() } else { url.split(['?', '#']).next().unwrap_or("").trim_end_matches('/') };
    let without_scheme = bare.split_once("://").map_or(bare, |(_, rest)| rest);
    let path = without_scheme.find('/').map_or("/", |at| &without_scheme[at..]);
    [bare, without_scheme, path].into_iter().any(|candidate| glob(&pattern, candidate))
}

/// Linear in the length of the text: remembers only the last star.
fn glob(pattern: &str, text: &str) -> bool {
    let (p, t) = (pattern.as_bytes(), text.as_bytes());
    let (mut i, mut j, mut star) = (0, 0, None);
    while j < t.len() {
        if i < p.len() && p[i] == b'*' {
            star = Some((i, j));
            i += 1;
        } else if i < p.len() && p[i] == t[j] {
            i += 1;
            j += 1;
        } else if let Some((at, from)) = star {
            i = at + 1;
            j = from + 1;
            star = Some((at, from + 1));
        } else {
            return false;
        }
    }
    p[i..].iter().all(|&b| b == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{FormId, PageId};
    use rstest::rstest;

    #[rstest]
    #[case("https://x.io/pricing", "https://x.io/pricing", true)]
    #[case("https://x.io/pricing", "https://x.io/pricing/?utm_source=a", true)]
    #[case("*/pricing", "https://x.io/de/pricing", true)]
    #[case("/pricing", "https://x.io/pricing", true)]
    #[case("x.io/*", "https://x.io/a/b", true)]
    #[case("x.io/a", "https://x.io/a/b", false)]
    #[case("*?plan=pro*", "https://x.io/buy?plan=pro&y=1", true)]
    #[case("", "https://x.io/", false)]
    #[case("*a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)]
    fn patterns_of_addresses(#[case] pattern: &str, #[case] url: &str, #[case] met: bool) {
        assert_eq!(matches_pattern(pattern, url), met);
    }

    #[test]
    fn what_a_machine_does_answers_only_where_machines_count() {
        let click = |machine| Occurrence::Clicked { send: SendId(5), url: "https://x.io/a", machine };
        for (machines, machine, met) in [(false, false, true), (false, true, false), (true, true, true), (true, false, true)] {
            let decision = StepType::ClicksEmail { urls: vec![], machines };
            assert_eq!(answers(&decision, Some(SendId(5)), &click(machine)), met, "{machines} {machine}");
            assert_eq!(answers(&StepType::OpensEmail { machines }, Some(SendId(5)), &click(machine)), met);
        }
    }

    #[test]
    fn only_the_mail_sent_just_before_counts() {
        let opened = Occurrence::Opened { send: SendId(5), machine: false };
        assert!(answers(&StepType::OpensEmail { machines: false }, Some(SendId(5)), &opened));
        assert!(!answers(&StepType::OpensEmail { machines: false }, Some(SendId(6)), &opened));
        assert!(!answers(&StepType::OpensEmail { machines: false }, None, &opened));
    }

    #[test]
    fn a_click_answers_open_and_click_but_an_open_answers_only_open() {
        let click = Occurrence::Clicked { send: SendId(5), url: "https://x.io/a", machine: false };
        let any = StepType::ClicksEmail { urls: vec![], machines: false };
        assert!(answers(&StepType::OpensEmail { machines: false }, Some(SendId(5)), &click));
        assert!(answers(&any, Some(SendId(5)), &click));
        assert!(!answers(&any, Some(SendId(5)), &Occurrence::Opened { send: SendId(5), machine: false }));
        assert!(!answers(&StepType::ClicksEmail { urls: vec!["*/b".into()], machines: false }, Some(SendId(5)), &click));
    }

    #[test]
    fn nothing_named_means_any_form_or_page() {
        assert!(answers(&StepType::SubmitsForm { forms: vec![] }, None, &Occurrence::Submitted { form: 3 }));
        assert!(!answers(&StepType::SubmitsForm { forms: vec![FormId(1)] }, None, &Occurrence::Submitted { form: 3 }));
        let visit =
            Occurrence::Visited { page: 2, url: "https://x.io/ama", referrer: "https://google.com/", device: Device::default() };
        assert!(answers(&StepType::VisitsPage { pages: vec![], url: None, referrer: None }, None, &visit));
        assert!(answers(&StepType::VisitsPage { pages: vec![PageId(2)], url: None, referrer: None }, None, &visit));
        assert!(!answers(
            &StepType::VisitsPage { pages: vec![PageId(9)], url: Some("*/blog".into()), referrer: None },
            None,
            &visit
        ));
    }

    #[test]
    fn a_visit_may_be_known_by_where_it_came_from_or_by_the_device() {
        let phone = Device { kind: Some("smartphone"), brand: Some("Apple"), system: None };
        let visit =
            Occurrence::Visited { page: 0, url: "https://x.io/", referrer: "https://www.google.com/search", device: phone };
        let from = |pattern: &str| StepType::VisitsPage { pages: vec![], url: None, referrer: Some(pattern.into()) };
        assert!(answers(&from("*google.com*"), None, &visit));
        assert!(!answers(&from("*bing.com*"), None, &visit));
        let device = |kind: &str| StepType::UsesDevice {
            device: crate::campaigns::steps::DeviceTraits { types: vec![kind.into()], ..Default::default() },
        };
        assert!(answers(&device("smartphone"), None, &visit));
        assert!(!answers(&device("desktop"), None, &visit));
    }

    #[rstest]
    #[case("=", &["Prague"], serde_json::json!("prague "), true)]
    #[case("=", &["10"], serde_json::json!(10.0), true)]
    #[case("gt", &["9"], serde_json::json!("10"), false)]
    #[case("gt", &["b"], serde_json::json!("a"), true)]
    #[case("in", &["l"], serde_json::json!(["S", "L"]), true)]
    #[case("in", &["l"], serde_json::json!("S|L"), true)]
    #[case("!in", &[], serde_json::json!(["S"]), true)]
    #[case("empty", &[""], serde_json::json!(null), true)]
    #[case("!=", &[], serde_json::json!("a"), true)]
    #[case("like", &["Hello world"], serde_json::json!("%WORLD%"), true)]
    #[case("startsWith", &["Élan"], serde_json::json!("el"), true)]
    #[case("nonsense", &["a"], serde_json::json!("a"), false)]
    fn answers_are_compared(#[case] op: &str, #[case] actual: &[&str], #[case] wanted: Json, #[case] holds: bool) {
        let actual: Vec<String> = actual.iter().map(|s| (*s).to_owned()).collect();
        assert_eq!(compare(op, &actual, &wanted), holds);
    }
}
