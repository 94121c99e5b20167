use super::attributes::{self, value_of};
use super::lists::{Kind, Lists, level_of};
use super::scan::{Piece, Scan, Tag};
use super::{Rubbish, Tidied, css};

/// A span that was written.
struct Span {
    /// Where it begins in what is written.
    start: usize,
    /// Behind its opening tag; none: the tags are left out.
    inside: Option<usize>,
}

/// A paragraph that becomes an item, until its first words are known.
struct Pending {
    level: usize,
    /// Where the item begins in what is written.
    start: usize,
    /// What stands in front of it, as far as it was read.
    marker: String,
}

/// What stands in front of an item is read, and left out.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Marker {
    /// Until the end of the condition.
    Condition,
    /// Until the span ends; how many are open.
    Span(usize),
}

#[derive(Default)]
struct Cleaner {
    out: String,
    taken: Rubbish,
    spans: Vec<Span>,
    /// For each open anchor, whether its tags are left out.
    anchors: Vec<bool>,
    lists: Lists,
    pending: Option<Pending>,
    /// A paragraph is being written as an item.
    in_item: bool,
    marker: Option<Marker>,
    /// So many islands of XML end further on; without an end one is no island.
    island_ends: usize,
    in_island: bool,
    /// The opening tag of a style sheet whose text is still to come.
    sheet: Option<String>,
    without_sheet: bool,
}

pub(super) fn clean(html: &str) -> Tidied {
    let is_island_end = |piece: &Piece<'_>| matches!(piece, Piece::Close { name, .. } if name.eq_ignore_ascii_case("xml"));
    let mut cleaner = Cleaner { island_ends: Scan::of(html).filter(is_island_end).count(), ..Cleaner::default() };
    cleaner.out.reserve(html.len());
    for piece in Scan::of(html) {
        cleaner.take(piece);
    }
    cleaner.finish()
}

/// Names of elements with a prefix that Office uses.
fn is_office_tag(name: &str) -> bool {
    let prefix = name.split_once(':').map(|(prefix, _)| prefix.to_ascii_lowercase());
    prefix.is_some_and(|p| matches!(p.as_str(), "o" | "v" | "w" | "m" | "x" | "p" | "st1" | "wp" | "a" | "dt"))
}

/// What the head of a document says about the program that wrote it.
fn is_word_head(tag: &Tag<'_>) -> bool {
    let said = |name: &str| value_of(tag.attributes, name).unwrap_or_default().to_ascii_lowercase();
    match tag.name.to_ascii_lowercase().as_str() {
        "meta" => {
            let content = said("content");
            matches!(said("name").as_str(), "generator" | "progid" | "originator")
                && ["microsoft", "word.document", "excel.sheet"].iter().any(|own| content.starts_with(own))
        }
        "link" => {
            let rel = said("rel");
            rel.starts_with("ole-object")
                || matches!(rel.as_str(), "file-list" | "edit-time-data" | "themedata" | "colorschememapping")
        }
        _ => false,
    }
}

impl Cleaner {
    fn take(&mut self, piece: Piece<'_>) {
        if self.in_island {
            if matches!(piece, Piece::Close { name, .. } if name.eq_ignore_ascii_case("xml")) {
                self.in_island = false;
                self.island_ends -= 1;
            }
            return;
        }
        if self.marker.is_some() && self.read_marker(&piece) {
            return;
        }
        match piece {
            Piece::Text(text) => self.text(text),
            Piece::Comment { whole, inner } => self.comment(whole, inner.trim()),
            Piece::Declaration(whole) => self.declaration(whole),
            Piece::Open(tag) => self.open(&tag),
            Piece::Close { whole, name } => self.close(whole, name),
        }
    }

    /// Reads on in what stands in front of an item; whether the piece belongs to it.
    fn read_marker(&mut self, piece: &Piece<'_>) -> bool {
        let left = match (self.marker, piece) {
            (_, Piece::Text(text)) => {
                if let Some(pending) = &mut self.pending {
                    pending.marker.push_str(text);
                }
                return true;
            }
            (Some(Marker::Condition), Piece::Comment { inner, .. }) if is_end(inner) => None,
            (Some(Marker::Condition), Piece::Declaration(whole)) if is_end(whole) => None,
            (Some(Marker::Span(open)), Piece::Open(tag)) if tag.name.eq_ignore_ascii_case("span") => Some(Marker::Span(open + 1)),
            (Some(Marker::Span(1)), Piece::Close { name, .. }) if name.eq_ignore_ascii_case("span") => None,
            (Some(Marker::Span(open)), Piece::Close { name, .. }) if name.eq_ignore_ascii_case("span") => {
                Some(Marker::Span(open - 1))
            }
            // It has no end of its own: the paragraph ends it.
            (_, Piece::Close { name, .. }) if name.eq_ignore_ascii_case("p") => {
                self.marker = None;
                self.begin_item();
                return false;
            }
            (now, _) => now,
        };
        self.marker = left;
        if left.is_none() {
            self.taken.comments += usize::from(!matches!(piece, Piece::Close { .. }));
            self.begin_item();
        }
        true
    }

    fn text(&mut self, text: &str) {
        if let Some(open) = self.sheet.take() {
            return self.style_sheet(&open, text);
        }
        if !text.trim().is_empty() {
            self.begin_content();
        }
        self.out.push_str(text);
    }

    fn style_sheet(&mut self, open: &str, text: &str) {
        let (kept, dropped) = css::sheet(text);
        self.taken.rules += dropped;
        if dropped == 0 {
            self.out.push_str(open);
            self.out.push_str(text);
        } else if kept.trim().is_empty() {
            self.without_sheet = true;
        } else {
            self.out.push_str(open);
            self.out.push('\n');
            self.out.push_str(&kept);
        }
    }

    fn comment(&mut self, whole: &str, inner: &str) {
        let lower = inner.get(..inner.len().min(20)).unwrap_or(inner).to_ascii_lowercase();
        if lower.starts_with("[if") || is_end(inner) || lower == "startfragment" || lower == "endfragment" {
            self.taken.comments += 1;
            self.condition(inner);
        } else {
            self.out.push_str(whole);
        }
    }

    fn declaration(&mut self, whole: &str) {
        let lower = whole.get(..whole.len().min(14)).unwrap_or(whole).to_ascii_lowercase();
        if lower.starts_with("<![if") || is_end(whole) {
            self.taken.comments += 1;
            self.condition(whole);
        } else if lower.starts_with("<?xml:namespac") {
            self.taken.tags += 1;
        } else {
            self.out.push_str(whole);
        }
    }

    /// A condition around the sign of an item begins what is left out.
    fn condition(&mut self, said: &str) {
        let is_sign = said.len() < 60 && said.to_ascii_lowercase().contains("!supportlists");
        if is_sign && self.pending.is_some() {
            self.marker = Some(Marker::Condition);
        }
    }

    fn open(&mut self, tag: &Tag<'_>) {
        let name = tag.name.to_ascii_lowercase();
        if name == "xml" {
            self.taken.islands += 1;
            self.in_island = !tag.closed && self.island_ends > 0;
            return;
        }
        if is_office_tag(&name) || is_word_head(tag) {
            self.taken.tags += 1;
            return;
        }
        let style = value_of(tag.attributes, "style").unwrap_or_default();
        if name == "p"
            && let Some(level) = level_of(style)
        {
            self.end_item();
            self.pending = Some(Pending { level, start: self.out.len(), marker: String::new() });
            self.in_item = true;
            return;
        }
        if name == "span" && self.pending.is_some() && style.to_ascii_lowercase().replace(' ', "").contains("mso-list:ignore") {
            self.marker = Some(Marker::Span(1));
            return;
        }
        // What is only about looks may stand around the sign of an item.
        if !matches!(name.as_str(), "span" | "a" | "b" | "i" | "u" | "strong" | "em" | "font") {
            self.begin_content();
        } else if !self.in_item {
            self.close_lists();
        }
        self.write_open(tag, &name);
    }

    fn write_open(&mut self, tag: &Tag<'_>, name: &str) {
        let cleaned = attributes::clean(tag.attributes);
        self.taken.styles += cleaned.styles;
        self.taken.classes += cleaned.classes;
        self.taken.attributes += cleaned.others;
        let end = if tag.closed { "/>" } else { ">" };
        let whole = if cleaned.changed { format!("<{}{}{end}", tag.name, cleaned.text) } else { tag.whole.to_owned() };
        let start = self.out.len();
        match name {
            "style" if !tag.closed => return self.sheet = Some(whole),
            "span" if cleaned.text.is_empty() => {
                self.taken.spans += 1;
                if !tag.closed {
                    self.spans.push(Span { start, inside: None });
                }
                return;
            }
            "a" => {
                let bookmark = value_of(tag.attributes, "name").is_some_and(|n| n.starts_with('_'));
                let left_out = bookmark && value_of(tag.attributes, "href").is_none();
                self.anchors.push(left_out);
                if left_out {
                    self.taken.tags += 1;
                    return;
                }
            }
            _ => {}
        }
        self.out.push_str(&whole);
        if name == "span" && !tag.closed {
            self.spans.push(Span { start, inside: Some(self.out.len()) });
        }
    }

    fn close(&mut self, whole: &str, name: &str) {
        let lower = name.to_ascii_lowercase();
        if is_office_tag(&lower) || lower == "xml" {
            return;
        }
        match lower.as_str() {
            "style" => {
                if let Some(open) = self.sheet.take() {
                    self.out.push_str(&open);
                }
                if std::mem::take(&mut self.without_sheet) {
                    return;
                }
            }
            "span" => return self.close_span(whole),
            "a" if self.anchors.pop() == Some(true) => return,
            "p" if self.in_item => return self.end_item(),
            "a" | "b" | "i" | "u" | "strong" | "em" | "font" => {}
            _ => self.begin_content(),
        }
        self.out.push_str(whole);
    }

    fn close_span(&mut self, whole: &str) {
        match self.spans.pop() {
            Some(Span { inside: None, .. }) => {}
            Some(Span { start, inside: Some(inside) }) if inside == self.out.len() => {
                self.taken.spans += 1;
                self.out.truncate(start);
            }
            _ => self.out.push_str(whole),
        }
    }

    /// Words begin: an item that waited for its sign has none, and what is in no item ends the lists.
    fn begin_content(&mut self) {
        self.begin_item();
        if !self.in_item {
            self.close_lists();
        }
    }

    fn begin_item(&mut self) {
        let Some(pending) = self.pending.take() else { return };
        self.taken.items += 1;
        let item = self.lists.item(pending.level, Kind::of_marker(&pending.marker));
        self.out.insert_str(pending.start, &item);
        for span in self.spans.iter_mut().rev().take_while(|span| span.start >= pending.start) {
            span.start += item.len();
            span.inside = span.inside.map(|inside| inside + item.len());
        }
    }

    fn end_item(&mut self) {
        self.begin_item();
        self.in_item = false;
    }

    fn close_lists(&mut self) {
        if self.lists.is_open() {
            let end = self.lists.close();
            self.out.push_str(&end);
        }
    }

    fn finish(mut self) -> Tidied {
        self.end_item();
        if let Some(open) = self.sheet.take() {
            self.out.push_str(&open);
        }
        self.close_lists();
        Tidied { html: self.out, taken: self.taken }
    }
}

/// The end of a condition, in any of the ways in which it is written.
fn is_end(said: &str) -> bool {
    said.len() < 40 && said.to_ascii_lowercase().contains("[endif]")
}
