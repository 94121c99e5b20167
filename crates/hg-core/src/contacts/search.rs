//! The search field above the contact list (`contacts.md` §8.1).
//!
//! Words beside each other must all be found; `OR`, `AND`, `!`, parentheses and quotes make Boolean
//! algebra of them, NOT before AND before OR. `tag:news` is a command; `tag:(a OR b)` applies it to each.
//! A command that nobody knows is literal text, which is for whoever evaluates to say.

/// What was searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    All(Vec<Search>),
    Any(Vec<Search>),
    Not(Box<Search>),
    Term(Term),
}

/// One word, phrase or command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    pub command: Option<String>,
    pub text: String,
    /// Written with `+`: no more than what is there.
    pub exact: bool,
}

/// Searches longer than this are not read.
const LONGEST: usize = 1_000;

impl Search {
    /// Reads a search; `None` when nothing is searched for. Broken parentheses and quotes are forgiven.
    pub fn parse(text: &str) -> Option<Search> {
        let text: String = text.chars().take(LONGEST).collect();
        let mut reader = Reader { tokens: tokens(&text), at: 0, depth: 0 };
        let mut parts = Vec::new();
        while reader.at < reader.tokens.len() {
            parts.extend(reader.any(None));
            // A stray closing parenthesis.
            reader.at += 1;
        }
        one_or(parts, Search::All)
    }

    /// Whether any term satisfies a test.
    pub fn mentions(&self, test: &dyn Fn(&Term) -> bool) -> bool {
        match self {
            Search::All(parts) | Search::Any(parts) => parts.iter().any(|p| p.mentions(test)),
            Search::Not(inner) => inner.mentions(test),
            Search::Term(term) => test(term),
        }
    }
}

fn one_or(mut parts: Vec<Search>, many: impl FnOnce(Vec<Search>) -> Search) -> Option<Search> {
    match parts.len() {
        0 => None,
        1 => parts.pop(),
        _ => Some(many(parts)),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Open,
    Close,
    Or,
    And,
    Not,
    /// `name:` in front of a word, a phrase or a parenthesis.
    Command(String),
    Word {
        text: String,
        exact: bool,
    },
}

fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        match first {
            '(' => (found.push(Token::Open), rest = &rest[1..]).1,
            ')' => (found.push(Token::Close), rest = &rest[1..]).1,
            '!' => (found.push(Token::Not), rest = &rest[1..]).1,
            '"' => {
                let (phrase, after) = rest[1..].split_once('"').unwrap_or((&rest[1..], ""));
                found.push(Token::Word { text: open(phrase), exact: false });
                rest = after;
            }
            _ => {
                if let Some(phrase) = rest.strip_prefix("+\"") {
                    let (phrase, after) = phrase.split_once('"').unwrap_or((phrase, ""));
                    found.push(Token::Word { text: open(phrase), exact: true });
                    rest = after.trim_start();
                    continue;
                }
                let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"')).unwrap_or(rest.len());
                let word = &rest[..end];
                let command_end = word.find(':').filter(|i| *i > 0 && is_command(&word[..*i]));
                if let Some(colon) = command_end {
                    found.push(Token::Command(word[..colon].to_lowercase()));
                    rest = &rest[colon + 1..];
                    if rest.starts_with(char::is_whitespace) || rest.is_empty() {
                        found.push(Token::Word { text: String::new(), exact: false });
                    }
                } else {
                    found.push(match word {
                        "OR" => Token::Or,
                        "AND" => Token::And,
                        _ => Token::Word { text: open(word.trim_start_matches('+')), exact: word.starts_with('+') },
                    });
                    rest = &rest[end..];
                }
            }
        }
        rest = rest.trim_start();
    }
    found
}

/// `*` is another way to write `%`.
fn open(word: &str) -> String {
    word.replace('*', "%")
}

fn is_command(word: &str) -> bool {
    word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Reader {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn any(&mut self, command: Option<&str>) -> Option<Search> {
        let mut parts: Vec<Search> = self.all(command).into_iter().collect();
        while self.peek() == Some(&Token::Or) {
            self.at += 1;
            parts.extend(self.all(command));
        }
        one_or(parts, Search::Any)
    }

    fn all(&mut self, command: Option<&str>) -> Option<Search> {
        let mut parts = Vec::new();
        loop {
            match self.peek() {
                None | Some(Token::Or | Token::Close) => break,
                Some(Token::And) => self.at += 1,
                Some(_) => parts.extend(self.one(command)),
            }
        }
        one_or(parts, Search::All)
    }

    fn one(&mut self, command: Option<&str>) -> Option<Search> {
        let token = self.peek()?.clone();
        self.at += 1;
        match token {
            Token::Not => self.one(command).map(|inner| Search::Not(Box::new(inner))),
            Token::Open => {
                self.depth += 1;
                if self.depth > 50 {
                    self.at = self.tokens.len();
                    return None;
                }
                let inner = self.any(command);
                if self.peek() == Some(&Token::Close) {
                    self.at += 1;
                }
                self.depth -= 1;
                inner
            }
            Token::Command(name) => self.one(Some(&name)),
            Token::Word { text, exact } => {
                let command = command.map(str::to_owned);
                (command.is_some() || !text.is_empty()).then_some(Search::Term(Term { command, text, exact }))
            }
            Token::Or | Token::And | Token::Close => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(search: &Search) -> String {
        let list = |parts: &[Search], sign: &str| format!("({})", parts.iter().map(shown).collect::<Vec<_>>().join(sign));
        match search {
            Search::All(parts) => list(parts, " & "),
            Search::Any(parts) => list(parts, " | "),
            Search::Not(inner) => format!("!{}", shown(inner)),
            Search::Term(Term { command, text, exact }) => {
                format!(
                    "{}{}{text}",
                    command.as_ref().map(|c| format!("{c}=")).unwrap_or_default(),
                    if *exact { "+" } else { "" }
                )
            }
        }
    }

    #[test]
    fn words_commands_and_algebra_are_understood() {
        for (text, expected) in [
            ("ada love", "(ada & love)"),
            ("\"ada love\" OR bob", "(ada love | bob)"),
            ("a OR b c", "(a | (b & c))"),
            ("company:+\"ada love\" b", "(company=+ada love & b)"),
            ("(a OR b) c", "((a | b) & c)"),
            ("!tag:news city:\"New York\"", "(!tag=news & city=New York)"),
            ("tag:(a OR b)", "(tag=a | tag=b)"),
            ("+exact is:anonymous", "(+exact & is=anonymous)"),
            ("points:>50", "points=>50"),
            ("Tag:News", "tag=News"),
            ("email:*@example.org", "email=%@example.org"),
            ("a AND b", "(a & b)"),
            (") a (", "a"),
            ("\"open", "open"),
            ("has: x", "(has= & x)"),
        ] {
            assert_eq!(Search::parse(text).map(|s| shown(&s)).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(Search::parse("  "), None);
        assert_eq!(Search::parse("OR"), None);
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_read(text in "[a-c:!()\" +OR]{0,60}") {
            let _ = Search::parse(&text);
        }
    }
}
