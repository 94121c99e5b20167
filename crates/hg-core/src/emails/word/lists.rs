//! Lists that Word writes as paragraphs with a sign in front become lists.

/// With signs or with numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Signs,
    Numbers,
}

impl Kind {
    /// From what stands in front of the paragraph: `·`, `o`, `1.`, `b)`.
    pub(super) fn of_marker(marker: &str) -> Self {
        let marker = marker.replace("&nbsp;", " ");
        let marker = marker.trim().trim_start_matches('(');
        let body = marker.trim_end_matches(['.', ')']);
        let counted =
            body.len() < marker.len() && body.len() <= 6 && body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.');
        if counted && !body.is_empty() { Self::Numbers } else { Self::Signs }
    }

    const fn tag(self) -> &'static str {
        match self {
            Self::Signs => "ul",
            Self::Numbers => "ol",
        }
    }
}

/// More levels than Word has are a mistake.
const DEEPEST: usize = 9;

/// The level that a paragraph has in a list; none: it is in none.
pub(super) fn level_of(style: &str) -> Option<usize> {
    let lower = style.to_ascii_lowercase();
    let list = &lower[lower.find("mso-list:")?..];
    let list = list.split(';').next().unwrap_or_default();
    let digits = list.split("level").nth(1)?;
    let digits: String = digits.chars().take_while(char::is_ascii_digit).collect();
    digits.parse::<usize>().ok().map(|level| level.clamp(1, DEEPEST))
}

/// The lists that are open, each with an open item.
#[derive(Debug, Default)]
pub(super) struct Lists(Vec<Kind>);

impl Lists {
    pub(super) fn is_open(&self) -> bool {
        !self.0.is_empty()
    }

    /// What has to be written so that an item begins.
    pub(super) fn item(&mut self, level: usize, kind: Kind) -> String {
        let mut out = String::new();
        while self.0.len() > level {
            self.close_one(&mut out);
        }
        if self.0.len() == level && self.0.last() == Some(&kind) {
            out.push_str("</li><li>");
            return out;
        }
        if self.0.len() == level {
            self.close_one(&mut out);
        }
        while self.0.len() < level {
            out.push_str(&format!("<{}><li>", kind.tag()));
            self.0.push(kind);
        }
        out
    }

    fn close_one(&mut self, out: &mut String) {
        if let Some(kind) = self.0.pop() {
            out.push_str(&format!("</li></{}>", kind.tag()));
        }
    }

    /// What has to be written so that no list is open.
    pub(super) fn close(&mut self) -> String {
        let mut out = String::new();
        while self.is_open() {
            self.close_one(&mut out);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_front_tells_numbers_from_signs() {
        for numbers in ["1.", "12)", "(a)", "iv.&nbsp;&nbsp;", "1.2."] {
            assert_eq!(Kind::of_marker(numbers), Kind::Numbers, "{numbers}");
        }
        for signs in ["·", "o", "§&nbsp;", "-", "", "."] {
            assert_eq!(Kind::of_marker(signs), Kind::Signs, "{signs}");
        }
    }

    #[test]
    fn the_level_is_read_from_the_style() {
        assert_eq!(level_of("margin:0;mso-list:l0 level2 lfo1;color:red"), Some(2));
        assert_eq!(level_of("MSO-LIST:l0 level1 lfo1"), Some(1));
        assert_eq!(level_of("mso-list:l0 level99999999 lfo1"), Some(9));
        assert_eq!(level_of("mso-list:none;x:level3"), None);
        assert_eq!(level_of("color:red"), None);
    }
}
