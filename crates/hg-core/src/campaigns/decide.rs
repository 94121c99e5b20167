//! Whether something a contact did answers a decision (`campaigns.md` §4.2).

use crate::campaigns::model::StepType;
use crate::ids::SendId;

/// Something a contact did that a decision may wait for.
#[derive(Debug, Clone, PartialEq)]
pub enum Occurrence<'a> {
    /// Opened the mail of this send.
    Opened { send: SendId },
    /// Clicked a link of the mail of this send.
    Clicked { send: SendId, url: &'a str },
    /// Sent in a form.
    Submitted { form: i64 },
    /// Visited a page: its id (0 when it is not one of ours) and its address.
    Visited { page: i64, url: &'a str },
}

/// Whether the decision is met. `send` is the mail that the step above the decision sent.
pub fn answers(decision: &StepType, send: Option<SendId>, what: &Occurrence<'_>) -> bool {
    match (decision, what) {
        // A click shows that the mail was opened, even where pictures are not loaded.
        (StepType::OpensEmail, Occurrence::Opened { send: s } | Occurrence::Clicked { send: s, .. }) => send == Some(*s),
        (StepType::ClicksEmail { urls }, Occurrence::Clicked { send: s, url }) => {
            send == Some(*s) && (urls.is_empty() || urls.iter().any(|p| matches_pattern(p, url)))
        }
        (StepType::SubmitsForm { forms }, Occurrence::Submitted { form }) => {
            forms.is_empty() || forms.iter().any(|f| f.0 == *form)
        }
        (StepType::VisitsPage { pages, url: pattern }, Occurrence::Visited { page, url }) => {
            (pages.is_empty() && pattern.is_none())
                || pages.iter().any(|p| p.0 == *page)
                || pattern.as_deref().is_some_and(|list| list.split(',').any(|p| matches_pattern(p.trim(), url)))
        }
        _ => false,
    }
}

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
    fn only_the_mail_sent_just_before_counts() {
        let opened = Occurrence::Opened { send: SendId(5) };
        assert!(answers(&StepType::OpensEmail, Some(SendId(5)), &opened));
        assert!(!answers(&StepType::OpensEmail, Some(SendId(6)), &opened));
        assert!(!answers(&StepType::OpensEmail, None, &opened));
    }

    #[test]
    fn a_click_answers_open_and_click_but_an_open_answers_only_open() {
        let click = Occurrence::Clicked { send: SendId(5), url: "https://x.io/a" };
        let any = StepType::ClicksEmail { urls: vec![] };
        assert!(answers(&StepType::OpensEmail, Some(SendId(5)), &click));
        assert!(answers(&any, Some(SendId(5)), &click));
        assert!(!answers(&any, Some(SendId(5)), &Occurrence::Opened { send: SendId(5) }));
        assert!(!answers(&StepType::ClicksEmail { urls: vec!["*/b".into()] }, Some(SendId(5)), &click));
    }

    #[test]
    fn nothing_named_means_any_form_or_page() {
        assert!(answers(&StepType::SubmitsForm { forms: vec![] }, None, &Occurrence::Submitted { form: 3 }));
        assert!(!answers(&StepType::SubmitsForm { forms: vec![FormId(1)] }, None, &Occurrence::Submitted { form: 3 }));
        let visit = Occurrence::Visited { page: 2, url: "https://x.io/ama" };
        assert!(answers(&StepType::VisitsPage { pages: vec![], url: None }, None, &visit));
        assert!(answers(&StepType::VisitsPage { pages: vec![PageId(2)], url: None }, None, &visit));
        assert!(!answers(&StepType::VisitsPage { pages: vec![PageId(9)], url: Some("*/blog".into()) }, None, &visit));
    }
}
