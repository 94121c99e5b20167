//! A readable plain text made from HTML, for people and filters who want one.

use std::{cell::RefCell, rc::Rc};

use lol_html::{RewriteStrSettings, doc_text, element, errors::RewritingError, html_content::Element, rewrite_str};

use crate::tokens::decode_entities;

const SILENT: [&str; 6] = ["style", "script", "title", "template", "noscript", "head"];
const PARAGRAPHS: [&str; 12] = ["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "blockquote", "table", "section"];
const LINES: [&str; 10] = ["div", "tr", "td", "th", "li", "header", "footer", "article", "center", "hr"];

/// The text of a page or email: paragraphs apart, lists with dashes, links as `text [address]`.
///
/// ```
/// let text = hg_core::emails::plain_text("<h1>Hi</h1><p>Come <a href='https://x.io'>here</a>.</p>").unwrap();
/// assert_eq!(text, "Hi\n\nCome here [https://x.io].");
/// ```
pub fn plain_text(html: &str) -> Result<String, RewritingError> {
    let writer = Rc::new(RefCell::new(Writer::default()));
    let (elements, texts) = (Rc::clone(&writer), Rc::clone(&writer));
    rewrite_str(
        html,
        RewriteStrSettings::new()
            .append_element_content_handler(element!("*", move |el| {
                open(el, &elements);
                Ok(())
            }))
            .append_document_content_handler(doc_text!(move |chunk| {
                let mut writer = texts.borrow_mut();
                writer.raw.push_str(chunk.as_str());
                if chunk.last_in_text_node() {
                    writer.flush_raw();
                }
                Ok(())
            })),
    )?;
    let writer = std::mem::take(&mut *writer.borrow_mut());
    Ok(writer.out.trim().to_owned())
}

fn open(el: &mut Element<'_, '_>, shared: &Rc<RefCell<Writer>>) {
    let name = el.tag_name();
    let hidden =
        el.get_attribute("style").is_some_and(|style| style.to_ascii_lowercase().replace(' ', "").contains("display:none"));
    let mut writer = shared.borrow_mut();
    match name.as_str() {
        "br" => writer.newline(1),
        "img" => writer.word(&decode_entities(&el.get_attribute("alt").unwrap_or_default())),
        "hr" => writer.newline(2),
        _ => writer.open_block(&name),
    }
    let silent = hidden || SILENT.contains(&name.as_str());
    let link = (name == "a").then(|| decode_entities(&el.get_attribute("href").unwrap_or_default()));
    let Some(handlers) = el.end_tag_handlers() else { return };
    writer.silent += u32::from(silent);
    let began = writer.out.len();
    let shared = Rc::clone(shared);
    handlers.push(Box::new(move |_| {
        let mut writer = shared.borrow_mut();
        if let Some(href) = &link {
            writer.close_link(href, began);
        }
        writer.silent -= u32::from(silent);
        writer.close_block(&name);
        Ok(())
    }));
}

#[derive(Default)]
struct Writer {
    out: String,
    raw: String,
    newlines: usize,
    blank: bool,
    silent: u32,
}

impl Writer {
    fn flush_raw(&mut self) {
        let raw = std::mem::take(&mut self.raw);
        if self.silent > 0 {
            return;
        }
        let text = decode_entities(&raw);
        if text.starts_with(char::is_whitespace) {
            self.blank = true;
        }
        for word in text.split([' ', '\t', '\r', '\n', '\u{a0}']).filter(|word| !word.is_empty()) {
            // Zero-width fillers of preheaders say nothing.
            let word = word.trim_matches(['\u{200c}', '\u{200b}', '\u{34f}', '\u{ad}', '\u{feff}']);
            if !word.is_empty() {
                self.push(word);
                self.blank = true;
            }
        }
        self.blank = text.ends_with(char::is_whitespace);
    }

    fn word(&mut self, text: &str) {
        if self.silent == 0 && !text.trim().is_empty() {
            self.push(text.trim());
        }
    }

    fn push(&mut self, text: &str) {
        if !self.out.is_empty() {
            if self.newlines > 0 {
                self.out.extend(std::iter::repeat_n('\n', self.newlines));
            } else if self.blank {
                self.out.push(' ');
            }
        }
        self.newlines = 0;
        self.blank = false;
        self.out.push_str(text);
    }

    fn newline(&mut self, count: usize) {
        self.newlines = self.newlines.max(count);
        self.blank = false;
    }

    fn open_block(&mut self, name: &str) {
        if PARAGRAPHS.contains(&name) {
            self.newline(2);
        } else if LINES.contains(&name) {
            self.newline(1);
        }
        if name == "li" && self.silent == 0 {
            self.push("-");
            self.blank = true;
        }
    }

    fn close_block(&mut self, name: &str) {
        if PARAGRAPHS.contains(&name) {
            self.newline(2);
        } else if LINES.contains(&name) {
            self.newline(1);
        }
    }

    fn close_link(&mut self, href: &str, began: usize) {
        if self.silent > 0 || href.is_empty() || href.starts_with('#') {
            return;
        }
        let text = self.out.get(began..).unwrap_or_default().trim();
        if text == href || href.strip_prefix("mailto:") == Some(text) {
            return;
        }
        self.blank = !text.is_empty();
        self.push(&format!("[{href}]"));
    }
}
