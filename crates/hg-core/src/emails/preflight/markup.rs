//! Links, images and colours of the HTML.

use std::{cell::RefCell, rc::Rc};

use lol_html::{RewriteStrSettings, doc_text, element, errors::RewritingError, html_content::Element, rewrite_str};
use url::Url;

use super::colour::{Rgb, contrast, parse};
use super::{Remark, Weight};
use crate::tokens::decode_entities;

/// So many examples are named of each kind.
const EXAMPLES: usize = 3;
/// Images together above this take long on a phone.
const HEAVY_BYTES: u64 = 1024 * 1024;

#[derive(Debug, Default)]
pub(super) struct Seen {
    links: Vec<String>,
    images: Vec<Image>,
    faint: Vec<(String, f64)>,
}

#[derive(Debug)]
struct Image {
    src: String,
    alt: String,
    sized: bool,
    pixel: bool,
}

#[derive(Debug, Clone)]
struct Paint {
    words: Rgb,
    /// None: a picture lies behind, and nobody can tell.
    ground: Option<Rgb>,
    large: bool,
    hidden: bool,
}

struct Looking {
    seen: Seen,
    paints: Vec<Paint>,
    text: String,
}

const SILENT: [&str; 5] = ["style", "script", "title", "head", "template"];

/// Reads the HTML once.
pub(super) fn look(html: &str) -> Result<Seen, RewritingError> {
    let first = Paint { words: (0, 0, 0), ground: Some((255, 255, 255)), large: false, hidden: false };
    let looking = Rc::new(RefCell::new(Looking { seen: Seen::default(), paints: vec![first], text: String::new() }));
    let (elements, texts) = (Rc::clone(&looking), Rc::clone(&looking));
    rewrite_str(
        html,
        RewriteStrSettings::new()
            .append_element_content_handler(element!("*", move |el| {
                open(el, &elements);
                Ok(())
            }))
            .append_document_content_handler(doc_text!(move |chunk| {
                let mut looking = texts.borrow_mut();
                looking.text.push_str(chunk.as_str());
                if chunk.last_in_text_node() {
                    looking.words();
                }
                Ok(())
            })),
    )?;
    let seen = std::mem::take(&mut looking.borrow_mut().seen);
    Ok(seen)
}

fn open(el: &mut Element<'_, '_>, shared: &Rc<RefCell<Looking>>) {
    let name = el.tag_name();
    let mut looking = shared.borrow_mut();
    let attribute = |name: &str| el.get_attribute(name).map(|value| decode_entities(&value));
    match name.as_str() {
        "a" | "area" => {
            if let Some(href) = attribute("href") {
                looking.seen.links.push(href.trim().to_owned());
            }
        }
        "img" => {
            let width = attribute("width").unwrap_or_default();
            let style = attribute("style").unwrap_or_default();
            let image = Image {
                src: attribute("src").unwrap_or_default().trim().to_owned(),
                alt: attribute("alt").unwrap_or_default().trim().to_owned(),
                sized: !width.is_empty() || style.contains("width"),
                pixel: width == "1" || attribute("role").as_deref() == Some("presentation"),
            };
            looking.seen.images.push(image);
        }
        _ => {}
    }
    let paint = looking.paint(
        &name,
        &attribute("style").unwrap_or_default(),
        attribute("bgcolor"),
        attribute("background"),
        attribute("color"),
    );
    let Some(handlers) = el.end_tag_handlers() else { return };
    looking.paints.push(paint);
    let shared = Rc::clone(shared);
    handlers.push(Box::new(move |_| {
        let mut looking = shared.borrow_mut();
        if looking.paints.len() > 1 {
            looking.paints.pop();
        }
        Ok(())
    }));
}

impl Looking {
    fn paint(&self, name: &str, style: &str, ground: Option<String>, picture: Option<String>, words: Option<String>) -> Paint {
        let base = Paint { words: (0, 0, 0), ground: Some((255, 255, 255)), large: false, hidden: false };
        let mut paint = self.paints.last().cloned().unwrap_or(base);
        if name == "a" {
            paint.words = (0, 0, 238);
        }
        paint.large |= matches!(name, "h1" | "h2");
        paint.hidden |= SILENT.contains(&name);
        if let Some(colour) = words.filter(|_| name == "font").and_then(|text| parse(&text)) {
            paint.words = colour;
        }
        if let Some(colour) = ground.and_then(|text| parse(&text)) {
            paint.ground = Some(colour);
        }
        if picture.is_some() {
            paint.ground = None;
        }
        let (mut pixels, mut bold) = (None, false);
        for (property, value) in style.split(';').filter_map(|pair| pair.split_once(':')) {
            let value = value.trim().to_ascii_lowercase();
            match property.trim().to_ascii_lowercase().as_str() {
                "color" => match parse(&value) {
                    Some(colour) => paint.words = colour,
                    None if value == "inherit" => paint.words = self.paints.last().map_or(paint.words, |p| p.words),
                    None => {}
                },
                "background-color" => paint.ground = parse(&value).or(paint.ground),
                "background" if value.contains("url(") => paint.ground = None,
                "background" => {
                    paint.ground = value.split_whitespace().find_map(parse).or(paint.ground);
                }
                "background-image" if value != "none" => paint.ground = None,
                "display" if value.starts_with("none") => paint.hidden = true,
                "font-size" => pixels = value.trim_end_matches("px").trim().parse::<f64>().ok(),
                "font-weight" => bold = value == "bold" || value.parse::<u32>().is_ok_and(|w| w >= 700),
                _ => {}
            }
        }
        if let Some(pixels) = pixels {
            paint.large = pixels >= 24.0 || (bold && pixels >= 18.66);
            paint.hidden |= pixels <= 1.0;
        }
        paint
    }

    fn words(&mut self) {
        let text = std::mem::take(&mut self.text);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let Some(paint) = self.paints.last() else { return };
        let said = text.chars().any(char::is_alphanumeric);
        let Some(ground) = paint.ground.filter(|_| said && !paint.hidden) else { return };
        let ratio = contrast(paint.words, ground);
        if ratio < if paint.large { 3.0 } else { 4.5 } {
            self.seen.faint.push((text, ratio));
        }
    }
}

fn named(list: &[&str]) -> String {
    let shown: Vec<String> = list.iter().take(EXAMPLES).map(|text| format!("“{}”", shortened(text))).collect();
    let more = list.len().saturating_sub(EXAMPLES);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 60 { text.to_owned() } else { format!("{}…", text.chars().take(60).collect::<String>()) }
}

/// What is wrong with an address, if anything.
fn fault(href: &str, site: &str) -> Option<&'static str> {
    let lower = href.to_ascii_lowercase();
    if lower.is_empty() || lower == "#" || lower == "http://" || lower == "https://" {
        return Some("empty");
    }
    // A token becomes an address; and one of our own pages is reached at the address of the house.
    if lower.starts_with('{') || lower.starts_with("%7b") || (lower.starts_with('/') && !lower.starts_with("//")) {
        return None;
    }
    if !site.is_empty() && lower.starts_with(&site.to_ascii_lowercase()) {
        return None;
    }
    if ["mailto:", "tel:", "sms:", "#"].iter().any(|start| lower.starts_with(start)) {
        return None;
    }
    if ["javascript:", "data:", "file:", "vbscript:"].iter().any(|start| lower.starts_with(start)) {
        return Some("forbidden");
    }
    if !lower.starts_with("http://") && !lower.starts_with("https://") {
        return Some("relative");
    }
    let host_is_token = lower.split("://").nth(1).is_some_and(|rest| rest.starts_with('{'));
    if !host_is_token {
        match Url::parse(&href.replace(['{', '}'], "x")) {
            Ok(url) if url.host_str().is_some_and(|host| host.contains('.') || host == "localhost") => {
                let host = url.host_str().unwrap_or_default();
                if ["example.org", "example.com", "example.net"].iter().any(|e| host == *e || host.ends_with(&format!(".{e}"))) {
                    return Some("placeholder");
                }
            }
            _ => return Some("broken"),
        }
    }
    lower.starts_with("http://").then_some("insecure")
}

impl Seen {
    pub(super) fn judge(&self, site: &str, text: &str, image_bytes: &dyn Fn(&str) -> Option<u64>, remarks: &mut Vec<Remark>) {
        self.judge_links(site, remarks);
        self.judge_images(site, text, image_bytes, remarks);
        let faint: Vec<&str> = self.faint.iter().map(|(text, _)| text.as_str()).collect();
        if let Some(least) = self.faint.iter().map(|(_, ratio)| *ratio).reduce(f64::min) {
            remarks.push(Remark::new(
                "contrast",
                Weight::Warning,
                format!("Hard to read on its background (contrast {least:.1}, wanted 4.5): {}.", named(&faint)),
                "Take a darker colour for the words, or a lighter one behind them.",
            ));
        }
    }

    fn judge_links(&self, site: &str, remarks: &mut Vec<Remark>) {
        let with = |wanted: &str| -> Vec<&str> {
            self.links.iter().filter(|href| fault(href, site) == Some(wanted)).map(String::as_str).collect()
        };
        for (kind, code, weight, what, advice) in [
            ("empty", "link-empty", Weight::Error, "Links that lead nowhere", "Give each link and button an address."),
            ("broken", "link-broken", Weight::Error, "Addresses that no browser can open", "Correct the address."),
            (
                "relative",
                "link-relative",
                Weight::Error,
                "Addresses that say only the end of the way",
                "Write the whole address, with https:// in front.",
            ),
            (
                "forbidden",
                "link-forbidden",
                Weight::Error,
                "Addresses that mail programs block",
                "Link to a page on the web instead.",
            ),
            (
                "placeholder",
                "link-placeholder",
                Weight::Error,
                "Links that still lead to an example",
                "Put in the address that you mean.",
            ),
            (
                "insecure",
                "link-insecure",
                Weight::Warning,
                "Addresses without encryption",
                "Write https:// in place of http://; browsers warn of the others.",
            ),
        ] {
            let found = with(kind);
            if found.is_empty() {
                continue;
            }
            let said = if kind == "empty" { format!("{what}: {}.", found.len()) } else { format!("{what}: {}.", named(&found)) };
            remarks.push(Remark::new(code, weight, said, advice));
        }
        if self.links.len() > 100 {
            remarks.push(Remark::new(
                "many-links",
                Weight::Hint,
                format!("The email has {} links.", self.links.len()),
                "Fewer links get more clicks, and filters trust the mail more.",
            ));
        }
    }

    fn judge_images(&self, site: &str, text: &str, bytes: &dyn Fn(&str) -> Option<u64>, remarks: &mut Vec<Remark>) {
        let images: Vec<&Image> = self.images.iter().filter(|image| !image.pixel).collect();
        let names = |wanted: &dyn Fn(&Image) -> bool| -> Vec<&str> {
            images.iter().filter(|image| wanted(image)).map(|image| image.src.as_str()).collect()
        };
        let placeholder = |image: &Image| image.src.is_empty() || image.src.starts_with("data:image/svg");
        let missing = names(&placeholder);
        if !missing.is_empty() {
            remarks.push(Remark::new(
                "image-missing",
                Weight::Error,
                format!("Images that are still to be chosen: {}.", missing.len()),
                "Choose an image from the media library, or take the block out.",
            ));
        }
        if !names(&|image| image.src.starts_with("data:") && !placeholder(image)).is_empty() {
            remarks.push(Remark::new(
                "image-embedded",
                Weight::Error,
                "An image is written into the email itself. Gmail and Outlook do not show such images.",
                "Put the image into the media library and choose it there.",
            ));
        }
        let fault_of =
            |image: &Image| fault(&image.src, site).filter(|_| !image.src.starts_with("data:") && !image.src.is_empty());
        let unreachable = names(&|image| fault_of(image).is_some_and(|f| f != "insecure" && f != "placeholder"));
        if !unreachable.is_empty() {
            remarks.push(Remark::new(
                "image-address",
                Weight::Error,
                format!("Images that no reader can load: {}.", named(&unreachable)),
                "Write the whole address, with https:// in front.",
            ));
        }
        let insecure = names(&|image| fault_of(image) == Some("insecure"));
        if !insecure.is_empty() {
            remarks.push(Remark::new(
                "image-insecure",
                Weight::Warning,
                format!("Images without encryption, which many inboxes do not load: {}.", named(&insecure)),
                "Write https:// in place of http://.",
            ));
        }
        let silent = names(&|image| image.alt.is_empty() && !placeholder(image));
        if !silent.is_empty() {
            remarks.push(Remark::new(
                "image-without-text",
                Weight::Warning,
                format!("Images that say nothing to those who do not see them: {}.", named(&silent)),
                "Say in a few words what each image shows; half of all inboxes hide images at first.",
            ));
        }
        let unsized_ = names(&|image| !image.sized && !placeholder(image));
        if !unsized_.is_empty() {
            remarks.push(Remark::new(
                "image-size",
                Weight::Hint,
                format!("Images without a width, which Outlook shows as large as they are: {}.", named(&unsized_)),
                "Give each image a width in pixels.",
            ));
        }
        let mut known: Vec<&str> = images.iter().map(|image| image.src.as_str()).collect();
        known.sort_unstable();
        known.dedup();
        let total: u64 = known.iter().filter_map(|src| bytes(src)).sum();
        if total > HEAVY_BYTES {
            remarks.push(Remark::new(
                "heavy-images",
                Weight::Warning,
                format!("The images have {:.1} MB together.", total as f64 / 1_048_576.0),
                "Make them smaller: 600 pixels wide is enough for most, twice that for sharp screens.",
            ));
        }
        if !images.is_empty() && text.chars().filter(|c| c.is_alphanumeric()).count() < 60 {
            remarks.push(Remark::new(
                "only-images",
                Weight::Warning,
                "The email is nearly all images. Filters distrust that, and where images are hidden nothing is left.",
                "Write what matters as text.",
            ));
        }
    }
}
