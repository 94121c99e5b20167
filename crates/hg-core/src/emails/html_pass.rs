//! What happens to the HTML of an email before it is parsed for tokens.

use std::{cell::RefCell, rc::Rc};

use lol_html::{RewriteStrSettings, element, errors::RewritingError, html_content::ContentType, rewrite_str, text};

use crate::tokens::{decode_entities, escaped_html, parse::link_marker};

/// Attributes that keep a link from being counted, in the spellings that authors know.
const UNCOUNTED: [&str; 2] = ["mautic:disable-tracking", "mautic:disable:tracking"];
/// Addresses of our own that are never wrapped.
const OWN: [&str; 4] = ["unsubscribe_url", "dnc_url", "webview_url", "trackable="];

/// The targets found so far; one entry per distinct address.
#[derive(Debug, Default)]
pub(super) struct Targets {
    pub(super) urls: Vec<String>,
}

impl Targets {
    /// The number of this address, added if it is new.
    pub(super) fn number_of(&mut self, url: &str) -> usize {
        self.urls.iter().position(|known| known == url).unwrap_or_else(|| {
            self.urls.push(url.to_owned());
            self.urls.len() - 1
        })
    }
}

/// Replaces the address of every countable link by a numbered marker.
pub(super) fn mark_links(html: &str, site_url: &str, count: bool, targets: &mut Targets) -> Result<String, RewritingError> {
    let shared = Rc::new(RefCell::new(std::mem::take(targets)));
    let inner = Rc::clone(&shared);
    let site_url = site_url.trim_end_matches('/').to_owned();
    let marked = rewrite_str(
        html,
        RewriteStrSettings::new().append_element_content_handler(element!("a[href], area[href]", move |el| {
            let mut counted = count;
            for name in UNCOUNTED {
                if let Some(value) = el.get_attribute(name) {
                    counted &= value == "false";
                    el.remove_attribute(name);
                }
            }
            let href = decode_entities(el.get_attribute("href").unwrap_or_default().trim());
            let href = if href.starts_with('/') && !href.starts_with("//") { format!("{site_url}{href}") } else { href };
            if counted && is_countable(&href) {
                let number = inner.borrow_mut().number_of(&href);
                el.set_attribute("href", &link_marker(number))?;
            } else {
                el.set_attribute("href", &escaped_html(&href))?;
            }
            Ok(())
        })),
    );
    *targets = std::mem::take(&mut *shared.borrow_mut());
    marked
}

/// Web addresses, and tokens that become one.
pub(super) fn is_countable(href: &str) -> bool {
    let lower = href.to_ascii_lowercase().replace("%7b", "{");
    // What a statement makes of an address is known only when the message is made.
    if lower.contains("{{") || lower.contains("{%") {
        return false;
    }
    if OWN.iter().any(|own| lower.contains(&format!("{{{own}"))) {
        return false;
    }
    ["http://", "https://", "{contactfield=", "{pagelink=", "{assetlink="].iter().any(|start| lower.starts_with(start))
}

/// Wraps a bare fragment into a document, and fills in title and language.
pub(super) fn as_document(html: &str, subject: &str, language: &str) -> String {
    let title = format!("<title>{}</title>", escaped_html(subject));
    let lower = html.to_ascii_lowercase();
    if !lower.contains("<html") {
        let language = if language.is_empty() { "en" } else { language };
        return format!(
            "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">{title}</head><body>{html}</body></html>",
            escaped_html(language)
        );
    }
    if let Some(open) = lower.find("<title>")
        && let Some(close) = lower[open..].find("</title>")
    {
        let inner = &html[open + 7..open + close];
        if inner.trim().is_empty() {
            return format!("{}{title}{}", &html[..open], &html[open + close + 8..]);
        }
        return html.to_owned();
    }
    match lower.find("</head>") {
        Some(at) => format!("{}{title}{}", &html[..at], &html[at..]),
        None => html.to_owned(),
    }
}

/// Puts one piece right after `<body>` and one right before `</body>`.
pub(super) fn around_body(html: &str, first: &str, last: &str) -> Result<String, RewritingError> {
    if !html.to_ascii_lowercase().contains("</body") {
        return Ok(format!("{first}{html}{last}"));
    }
    let (first, last) = (first.to_owned(), last.to_owned());
    rewrite_str(
        html,
        RewriteStrSettings::new().append_element_content_handler(element!("body", move |el| {
            el.prepend(&first, ContentType::Html);
            el.append(&last, ContentType::Html);
            Ok(())
        })),
    )
}

/// Text and address of every link, in their order.
pub fn links_of(html: &str) -> Vec<(String, String)> {
    let found: Rc<RefCell<Vec<(String, String)>>> = Rc::default();
    let (opened, read) = (Rc::clone(&found), Rc::clone(&found));
    let done = rewrite_str(
        html,
        RewriteStrSettings::new()
            .append_element_content_handler(element!("a[href], area[href]", move |el| {
                let href = decode_entities(&el.get_attribute("href").unwrap_or_default());
                opened.borrow_mut().push((String::new(), href));
                Ok(())
            }))
            .append_element_content_handler(text!("a[href]", move |chunk| {
                if let Some((text, _)) = read.borrow_mut().last_mut() {
                    text.push_str(chunk.as_str());
                }
                Ok(())
            })),
    );
    if done.is_err() {
        return Vec::new();
    }
    let links = std::mem::take(&mut *found.borrow_mut());
    links
        .into_iter()
        .map(|(text, href)| (decode_entities(&text).split_whitespace().collect::<Vec<_>>().join(" "), href))
        .collect()
}
