//! HTML that people keep in fields: formatting stays, whatever acts or loads does not.

use lol_html::html_content::Element;
use lol_html::{RewriteStrSettings, doc_comments, element, rewrite_str};

/// Tags that format text.
const FORMATTING: [&str; 37] = [
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "code",
    "dd",
    "del",
    "div",
    "dl",
    "dt",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "small",
    "span",
    "strong",
    "sub",
    "sup",
    "table",
    "u",
    "ul",
    "wbr",
];
/// Parts of tables.
const TABLE_PARTS: [&str; 6] = ["tbody", "td", "tfoot", "th", "thead", "tr"];
/// Tags that go together with what is in them.
const ACTING: [&str; 14] = [
    "applet", "embed", "frame", "frameset", "iframe", "math", "noscript", "object", "script", "style", "svg", "template",
    "textarea", "title",
];
const PLAIN_ATTRIBUTES: [&str; 8] = ["alt", "colspan", "dir", "height", "lang", "rowspan", "title", "width"];

/// HTML with formatting, links and images only; a text that cannot be read as HTML loses its tags.
///
/// ```
/// use hg_core::contacts::safe_html;
/// assert_eq!(safe_html("<b onclick=x()>Hi</b><script>x()</script>"), "<b>Hi</b>");
/// ```
pub fn safe_html(html: &str) -> String {
    let settings = RewriteStrSettings::new()
        .append_element_content_handler(element!("*", |el| {
            keep(el);
            Ok(())
        }))
        .append_document_content_handler(doc_comments!(|comment| {
            comment.remove();
            Ok(())
        }));
    rewrite_str(html, settings).unwrap_or_else(|_| crate::tokens::strip_tags(html))
}

fn keep(el: &mut Element<'_, '_>) {
    let tag = el.tag_name();
    if ACTING.contains(&tag.as_str()) {
        return el.remove();
    }
    if !FORMATTING.contains(&tag.as_str()) && !TABLE_PARTS.contains(&tag.as_str()) {
        return el.remove_and_keep_content();
    }
    let attributes: Vec<(String, String)> = el.attributes().iter().map(|a| (a.name(), a.value())).collect();
    for (name, value) in attributes {
        let leads_somewhere = matches!((tag.as_str(), name.as_str()), ("a", "href") | ("img", "src"));
        if !(PLAIN_ATTRIBUTES.contains(&name.as_str()) || leads_somewhere && is_harmless_address(&value)) {
            el.remove_attribute(&name);
        }
    }
}

/// Only addresses that browsers load and mail programs write to; entities could hide another scheme.
fn is_harmless_address(value: &str) -> bool {
    let plain = crate::tokens::decode_entities(value);
    let plain: String = plain.chars().filter(|c| !c.is_control() && !c.is_whitespace()).collect();
    let lower = plain.to_ascii_lowercase();
    ["https://", "http://", "mailto:", "tel:"].iter().any(|scheme| lower.starts_with(scheme))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_links_and_images_stay() {
        let html = "<p>Hi <strong>Ann</strong>, <a href=\"https://example.org/\">read</a><br><img src=\"https://example.org/a.png\" alt=\"A\"></p>";
        assert_eq!(safe_html(html), html);
        assert_eq!(
            safe_html("<table><tr><td colspan=\"2\">x</td></tr></table>"),
            "<table><tr><td colspan=\"2\">x</td></tr></table>"
        );
        assert_eq!(safe_html("3 < 4 & 5"), "3 < 4 & 5");
    }

    #[test]
    fn nothing_that_acts_stays() {
        for (sent, kept) in [
            ("a<script>alert(1)</script>b", "ab"),
            ("<b onmouseover=\"x()\" style=\"position:fixed\">b</b>", "<b>b</b>"),
            ("<a href=\"javascript:x()\">a</a>", "<a>a</a>"),
            ("<a href=\"java&#115;cript:x()\">a</a>", "<a>a</a>"),
            ("<a href=\" JAVA\tSCRIPT:x()\">a</a>", "<a>a</a>"),
            ("<iframe src=\"https://example.org\"></iframe>x", "x"),
            ("<form action=\"https://example.org\"><p>x</p></form>", "<p>x</p>"),
            ("<!-- x -->y", "y"),
            ("<svg><script>x()</script></svg>z", "z"),
        ] {
            assert_eq!(safe_html(sent), kept, "{sent}");
        }
    }
}
