//! HTML in pieces, each exactly as it is written: put together again they give the same text.

/// One piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    Text(&'a str),
    /// `<!-- … -->`, with what is between.
    Comment {
        whole: &'a str,
        inner: &'a str,
    },
    /// `<! … >` and `<? … >`.
    Declaration(&'a str),
    Open(Tag<'a>),
    Close {
        whole: &'a str,
        name: &'a str,
    },
}

/// An opening tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    pub whole: &'a str,
    pub name: &'a str,
    /// Between the name and the end.
    pub attributes: &'a str,
    /// Ends with `/>`.
    pub closed: bool,
}

/// Reads pieces; looks at each byte a fixed number of times, whatever it is given.
pub(super) struct Scan<'a> {
    html: &'a str,
    at: usize,
    /// The element whose content is no markup.
    raw: Option<&'a str>,
}

impl<'a> Scan<'a> {
    pub(super) fn of(html: &'a str) -> Self {
        Self { html, at: 0, raw: None }
    }

    /// The rest, from a byte on which a character begins.
    fn rest(&self) -> &'a str {
        &self.html[self.at..]
    }

    fn take(&mut self, length: usize) -> &'a str {
        let piece = &self.html[self.at..self.at + length];
        self.at += length;
        piece
    }

    /// What is left over, as text: there is no end to what began.
    fn all(&mut self) -> Piece<'a> {
        Piece::Text(self.take(self.html.len() - self.at))
    }

    fn comment(&mut self) -> Piece<'a> {
        let Some(end) = self.rest()[4..].find("-->") else { return self.all() };
        let whole = self.take(end + 7);
        Piece::Comment { whole, inner: &whole[4..4 + end] }
    }

    fn declaration(&mut self) -> Piece<'a> {
        match self.rest().find('>') {
            // Word ends some as comments end.
            Some(end) => Piece::Declaration(self.take(end + 1)),
            None => self.all(),
        }
    }

    fn close(&mut self) -> Piece<'a> {
        let Some(end) = self.rest().find('>') else { return self.all() };
        let whole = self.take(end + 1);
        let inner = &whole[2..end];
        let name = inner.split(|c: char| c.is_ascii_whitespace() || c == '/').next().unwrap_or_default();
        Piece::Close { whole, name }
    }

    fn open(&mut self) -> Piece<'a> {
        let Some(end) = end_of_tag(self.rest()) else { return self.all() };
        let whole = self.take(end + 1);
        let closed = whole.ends_with("/>");
        let inner = &whole[1..end - usize::from(closed)];
        let length = inner.find(|c: char| c.is_ascii_whitespace() || c == '/').unwrap_or(inner.len());
        let (name, attributes) = inner.split_at(length);
        if ["style", "script", "title", "textarea"].iter().any(|raw| name.eq_ignore_ascii_case(raw)) && !closed {
            self.raw = Some(name);
        }
        Piece::Open(Tag { whole, name, attributes, closed })
    }

    /// The content of an element in which nothing is markup.
    fn raw_text(&mut self, name: &str) -> Piece<'a> {
        let rest = self.rest();
        let end = rest.match_indices("</").map(|(at, _)| at).find(|at| {
            let after = &rest.as_bytes()[at + 2..];
            after.len() >= name.len() && after[..name.len()].eq_ignore_ascii_case(name.as_bytes())
        });
        let length = end.unwrap_or(rest.len());
        Piece::Text(self.take(length))
    }
}

impl<'a> Iterator for Scan<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let rest = self.rest();
        if rest.is_empty() {
            return None;
        }
        if let Some(name) = self.raw.take() {
            let text = self.raw_text(name);
            if text != Piece::Text("") {
                return Some(text);
            }
        }
        let bytes = rest.as_bytes();
        Some(match (bytes[0], bytes.get(1)) {
            (b'<', Some(b'!')) if bytes.starts_with(b"<!--") => self.comment(),
            (b'<', Some(b'!' | b'?')) => self.declaration(),
            (b'<', Some(b'/')) => self.close(),
            (b'<', Some(next)) if next.is_ascii_alphabetic() => self.open(),
            // A sign that opens nothing belongs to the text.
            (b'<', _) => Piece::Text(self.take(rest[1..].find('<').map_or(rest.len(), |at| at + 1))),
            _ => Piece::Text(self.take(rest.find('<').unwrap_or(rest.len()))),
        })
    }
}

/// Where the `>` of a tag is; those in quotes do not count.
fn end_of_tag(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = b' ';
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') if before == b'=' => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            before = byte;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(piece: Piece<'_>) -> &str {
        match piece {
            Piece::Text(whole) | Piece::Comment { whole, .. } | Piece::Declaration(whole) | Piece::Close { whole, .. } => whole,
            Piece::Open(tag) => tag.whole,
        }
    }

    #[test]
    fn pieces_put_together_give_what_was_read() {
        for html in [
            "<p class=a>é < b</p><!-- c --><br/>",
            "<style>p > a { }</style><![if !vml]>x<![endif]>",
            "<a href='x>y'>z",
            "<!-- never ends",
            "<a href=\"never ends",
            "é<",
            "",
            "<style>",
            "</",
        ] {
            assert_eq!(Scan::of(html).map(written).collect::<String>(), html);
        }
    }

    #[test]
    fn a_sign_in_quotes_does_not_end_a_tag() {
        let found: Vec<Piece<'_>> = Scan::of("<a title='1 > 0'>b</a>").collect();
        assert!(matches!(found[0], Piece::Open(Tag { name: "a", attributes: " title='1 > 0'", .. })));
        assert_eq!(found.len(), 3);
    }
}
