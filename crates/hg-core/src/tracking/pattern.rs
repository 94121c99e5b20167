//! Addresses of pages as marketers write them: exact, or with `*` for anything.

/// A pattern for addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlPattern {
    pieces: Vec<String>,
    /// The pattern names a host; otherwise only path and query are compared.
    whole: bool,
}

impl UrlPattern {
    /// Reads a pattern; blank ones match nothing.
    pub fn parse(pattern: &str) -> Self {
        let pattern = normal(pattern);
        let whole = pattern.contains("://") || pattern.starts_with('*');
        Self { pieces: pattern.split('*').map(str::to_owned).collect(), whole }
    }

    /// Whether an address matches. Neither case nor a slash at the end counts; without a `?` in the
    /// pattern the query does not count either.
    ///
    /// ```
    /// use hg_core::tracking::UrlPattern;
    /// assert!(UrlPattern::parse("https://x.io/shop/*").matches("https://x.io/shop/shoes?size=7"));
    /// assert!(UrlPattern::parse("/ama-2017").matches("https://x.io/ama-2017/?utm_source=blog"));
    /// assert!(!UrlPattern::parse("/ama-2017").matches("https://x.io/ama-2017-old"));
    /// ```
    pub fn matches(&self, url: &str) -> bool {
        let mut subject = normal(url);
        if !self.pieces.iter().any(|piece| piece.contains('?')) {
            subject = normal(subject.split('?').next().unwrap_or_default());
        }
        if !self.whole
            && let Some((_, rest)) = subject.split_once("://")
        {
            subject = rest.find('/').map_or_else(|| "/".to_owned(), |at| rest[at..].to_owned());
        }
        if self.pieces.iter().all(String::is_empty) && self.pieces.len() == 1 {
            return false;
        }
        fits(&self.pieces, &subject)
    }
}

fn normal(url: &str) -> String {
    let url = url.trim().to_lowercase();
    let url = url.split('#').next().unwrap_or_default();
    match url.strip_suffix('/') {
        Some(short) if !short.is_empty() && !short.ends_with('/') => short.to_owned(),
        _ => url.to_owned(),
    }
}

/// Greedy matching from left to right, linear in the length of the address for each piece.
fn fits(pieces: &[String], subject: &str) -> bool {
    let [first, middle @ .., last] = pieces else {
        return pieces.first().is_some_and(|only| only == subject);
    };
    let Some(mut rest) = subject.strip_prefix(first.as_str()) else { return false };
    for piece in middle {
        match rest.find(piece.as_str()) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last.as_str())
}

/// Whether an origin (`https://shop.x.io`) is one that a list entry means: exact, or with `*` for a part.
///
/// ```
/// use hg_core::tracking::origin_matches;
/// assert!(origin_matches("https://*.x.io", "https://shop.x.io"));
/// assert!(origin_matches("https://x.io/", "https://X.io"));
/// assert!(!origin_matches("https://*.x.io", "https://x.io.evil.example"));
/// ```
pub fn origin_matches(entry: &str, origin: &str) -> bool {
    let entry = entry.trim().trim_end_matches('/').to_lowercase();
    let origin = origin.trim().trim_end_matches('/').to_lowercase();
    if entry.is_empty() || entry == "*" {
        return false;
    }
    let entry = if entry.contains("://") { entry } else { format!("https://{entry}") };
    let pieces: Vec<String> = entry.split('*').map(str::to_owned).collect();
    fits(&pieces, &origin)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_what_a_marketer_means() {
        for (pattern, url, wanted) in [
            ("https://x.io/a", "https://X.io/a/", true),
            ("https://x.io/a", "https://x.io/a#top", true),
            ("https://x.io/a", "https://y.io/a", false),
            ("*pricing*", "https://x.io/en/pricing?x=1", true),
            ("*.pdf", "https://x.io/a.pdf", true),
            ("/a?b=1", "https://x.io/a?b=1", true),
            ("/a?b=1", "https://x.io/a?b=2", false),
            ("/", "https://x.io", true),
            ("/a*b*c", "https://x.io/abbc", true),
            ("/a*b*c", "https://x.io/acb", false),
            ("", "https://x.io/", false),
            ("*", "https://x.io/", true),
        ] {
            assert_eq!(UrlPattern::parse(pattern).matches(url), wanted, "{pattern} against {url}");
        }
    }
}
