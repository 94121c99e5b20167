//! What a server says.

use std::fmt;

/// `5.1.1` and the like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnhancedCode {
    /// 2, 4 or 5.
    pub class: u16,
    /// What it is about: 1 the address, 2 the mailbox, 7 policy.
    pub subject: u16,
    /// The detail.
    pub detail: u16,
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// A whole reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three digits.
    pub code: u16,
    /// The enhanced code of the last line, if it has one.
    pub enhanced: Option<EnhancedCode>,
    /// The texts of its lines.
    pub lines: Vec<String>,
}

impl Reply {
    /// Reads one line: code, whether more lines follow, text.
    pub(super) fn line(line: &str) -> Option<(u16, bool, &str)> {
        let code: u16 = line.get(..3)?.parse().ok().filter(|code| (200..600).contains(code))?;
        match line.as_bytes().get(3) {
            None => Some((code, false, "")),
            Some(b' ') => Some((code, false, &line[4..])),
            Some(b'-') => Some((code, true, &line[4..])),
            Some(_) => None,
        }
    }

    pub(super) fn of(code: u16, lines: Vec<String>) -> Self {
        let enhanced = lines.last().and_then(|line| enhanced(line, code));
        Self { code, enhanced, lines }
    }

    /// 2xx or 3xx.
    pub fn is_positive(&self) -> bool {
        self.code < 400
    }

    /// 5xx: trying again will not help.
    pub fn is_permanent(&self) -> bool {
        self.code >= 500
    }

    /// Whether the server says that the address itself can never take mail.
    pub fn blames_address(&self) -> bool {
        match self.enhanced {
            Some(code) => code.class == 5 && (code.subject == 1 || (code.subject == 2 && code.detail == 1)),
            None => self.code == 550 || self.code == 553,
        }
    }

    /// All in one line, for people.
    pub fn text(&self) -> String {
        format!("{} {}", self.code, self.lines.join(" ")).trim().to_owned()
    }
}

fn enhanced(line: &str, code: u16) -> Option<EnhancedCode> {
    let mut numbers = line.split_whitespace().next()?.split('.').map(str::parse::<u16>);
    let (class, subject, detail) = (numbers.next()?.ok()?, numbers.next()?.ok()?, numbers.next()?.ok()?);
    (numbers.next().is_none() && class == code / 100).then_some(EnhancedCode { class, subject, detail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        assert_eq!(Reply::line("250-SIZE 100"), Some((250, true, "SIZE 100")));
        assert_eq!(Reply::line("354 go"), Some((354, false, "go")));
        assert_eq!(Reply::line("220"), Some((220, false, "")));
        for broken in ["", "25", "abc hello", "250_x", "999 x", "+25 x"] {
            assert_eq!(Reply::line(broken), None, "{broken}");
        }
    }

    #[test]
    fn the_enhanced_code_decides_whether_the_address_is_at_fault() {
        for (code, text, at_fault) in [
            (550, "5.1.1 no such user", true),
            (550, "5.2.1 disabled", true),
            (550, "5.7.1 blocked by a list", false),
            (552, "5.2.2 over quota", false),
            (550, "No such user", true),
            (554, "rejected", false),
            (450, "4.1.1 later", false),
        ] {
            assert_eq!(Reply::of(code, vec![text.into()]).blames_address(), at_fault, "{code} {text}");
        }
    }
}
