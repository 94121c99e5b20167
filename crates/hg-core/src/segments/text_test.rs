//! Comparing text: what a text condition asks, decided on folded text and never by a database.

use std::collections::HashSet;

use regex::{Regex, RegexBuilder};

use crate::segments::Operator;
use crate::text;

/// A question about one text.
#[derive(Debug, Clone)]
pub struct TextTest {
    shape: Shape,
    negation: Negation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Negation {
    /// The text must fit; NULL never does.
    None,
    /// The text must not fit, or be NULL.
    OrNull,
    /// The text must not fit, and NULL does not count as one that does not.
    ButNotNull,
}

#[derive(Debug, Clone)]
enum Shape {
    Empty,
    Equals(String),
    OneOf(HashSet<String>),
    StartsWith(String),
    EndsWith(String),
    Contains(String),
    Like(Vec<Piece>),
    Pattern(Regex),
    Compare(Operator, String),
}

/// A part of a `like` pattern.
#[derive(Debug, Clone, PartialEq)]
enum Piece {
    /// `%`: any text.
    Any,
    /// `_`: one character.
    One,
    Char(char),
}

/// What a pattern may cost: its length, and the size of the machine that it becomes.
const LONGEST_PATTERN: usize = 1_000;
const LARGEST_MACHINE: usize = 1 << 20;

impl TextTest {
    /// The test of an operator with one text, or why there is none.
    pub fn of(op: Operator, wanted: &str) -> Result<TextTest, (&'static str, String)> {
        let folded = || text::fold(wanted);
        let (shape, negation) = match op {
            Operator::Eq => (Shape::Equals(folded()), Negation::None),
            Operator::Ne => (Shape::Equals(folded()), Negation::OrNull),
            Operator::Like => (Shape::Like(like_pieces(wanted)), Negation::None),
            Operator::NotLike => (Shape::Like(like_pieces(wanted)), Negation::OrNull),
            Operator::Regexp => (Shape::Pattern(pattern(wanted)?), Negation::None),
            Operator::NotRegexp => (Shape::Pattern(pattern(wanted)?), Negation::ButNotNull),
            Operator::StartsWith => (Shape::StartsWith(folded()), Negation::None),
            Operator::EndsWith => (Shape::EndsWith(folded()), Negation::None),
            Operator::Contains => (Shape::Contains(folded()), Negation::None),
            Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte => (Shape::Compare(op, folded()), Negation::None),
            Operator::In => (Shape::OneOf(HashSet::from([folded()])), Negation::None),
            Operator::NotIn => (Shape::OneOf(HashSet::from([folded()])), Negation::OrNull),
            other => return Err(("operator-not-offered", format!("“{}” cannot compare text", other.label()))),
        };
        Ok(TextTest { shape, negation })
    }

    pub fn empty(wanted: bool) -> TextTest {
        TextTest { shape: Shape::Empty, negation: if wanted { Negation::None } else { Negation::OrNull } }
    }

    pub fn one_of(wanted: &[String], negated: bool) -> TextTest {
        let folded = wanted.iter().map(|w| text::fold(w)).collect();
        TextTest { shape: Shape::OneOf(folded), negation: if negated { Negation::OrNull } else { Negation::None } }
    }

    /// Whether a text, or its absence, passes.
    pub fn passes(&self, value: Option<&str>, buffer: &mut String) -> bool {
        if let Shape::Empty = self.shape {
            let empty = value.is_none_or(|v| v.trim_end().is_empty());
            return empty == (self.negation == Negation::None);
        }
        match (value, self.negation) {
            (None, negation) => negation == Negation::OrNull,
            (Some(value), Negation::None) => self.fits(value, buffer),
            (Some(value), _) => !self.fits(value, buffer),
        }
    }

    /// Over related rows a negative asks that *no* row fits; then rows without a text may count too.
    pub(super) fn over_rows(&self) -> RowsTest {
        let positive = TextTest { shape: self.shape.clone(), negation: Negation::None };
        RowsTest { positive, none: self.negation != Negation::None, null_counts: self.negation == Negation::OrNull }
    }

    fn fits(&self, value: &str, buffer: &mut String) -> bool {
        if let Shape::Equals(wanted) = &self.shape {
            return text::same(value, wanted, buffer);
        }
        text::fold_into(value, buffer);
        match &self.shape {
            Shape::Empty | Shape::Equals(_) => false,
            Shape::OneOf(wanted) => wanted.contains(buffer.as_str()),
            Shape::StartsWith(wanted) => buffer.starts_with(wanted.as_str()),
            Shape::EndsWith(wanted) => buffer.ends_with(wanted.as_str()),
            Shape::Contains(wanted) => buffer.contains(wanted.as_str()),
            Shape::Like(pieces) => like(buffer, pieces),
            Shape::Pattern(regex) => regex.is_match(buffer),
            Shape::Compare(op, wanted) => match op {
                Operator::Gt => buffer.as_str() > wanted.as_str(),
                Operator::Gte => buffer.as_str() >= wanted.as_str(),
                Operator::Lt => buffer.as_str() < wanted.as_str(),
                _ => buffer.as_str() <= wanted.as_str(),
            },
        }
    }
}

/// A text test put to several rows.
#[derive(Debug, Clone)]
pub(super) struct RowsTest {
    pub positive: TextTest,
    /// No row may fit, instead of some row.
    pub none: bool,
    /// A row without a text counts like one that fits.
    pub null_counts: bool,
}

/// Takes a `like` pattern apart. Without `%` it is looked for anywhere; a backslash makes the next
/// character an ordinary one.
fn like_pieces(pattern: &str) -> Vec<Piece> {
    let folded = text::fold(pattern);
    let mut pieces = Vec::new();
    let mut anchored = false;
    let mut chars = folded.chars();
    while let Some(c) = chars.next() {
        let piece = match c {
            '%' => Piece::Any,
            '_' => Piece::One,
            '\\' => Piece::Char(chars.next().unwrap_or('\\')),
            other => Piece::Char(other),
        };
        anchored |= piece == Piece::Any;
        if !(piece == Piece::Any && pieces.last() == Some(&Piece::Any)) {
            pieces.push(piece);
        }
    }
    if !anchored {
        pieces.insert(0, Piece::Any);
        pieces.push(Piece::Any);
    }
    pieces
}

/// Matches with one place to come back to, so that the time is bounded by the two lengths multiplied.
fn like(text: &str, pieces: &[Piece]) -> bool {
    let mut rest = text.chars();
    let mut at = 0;
    let mut back: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let mut ahead = rest.clone();
        let next = ahead.next();
        match (pieces.get(at), next) {
            (Some(Piece::Any), _) => {
                at += 1;
                back = Some((at, rest.clone()));
                continue;
            }
            (Some(Piece::One), Some(_)) => {
                at += 1;
                rest = ahead;
                continue;
            }
            (Some(Piece::Char(wanted)), Some(c)) if *wanted == c => {
                at += 1;
                rest = ahead;
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        let Some((after_any, mut from)) = back.take() else { return false };
        if from.next().is_none() {
            return false;
        }
        (at, rest) = (after_any, from.clone());
        back = Some((after_any, from));
    }
}

/// Compiles a regular expression that runs in linear time. It is written without accents, because
/// the text that it searches has none.
pub(super) fn pattern(written: &str) -> Result<Regex, (&'static str, String)> {
    if written.chars().count() > LONGEST_PATTERN {
        return Err(("pattern-too-long", format!("a pattern has at most {LONGEST_PATTERN} characters")));
    }
    RegexBuilder::new(&text::without_marks(written))
        .case_insensitive(true)
        .size_limit(LARGEST_MACHINE)
        .dfa_size_limit(LARGEST_MACHINE)
        .nest_limit(50)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            if text.contains("look-around") {
                ("pattern-look-around", "patterns cannot look ahead or behind; say what must be there instead".to_string())
            } else if text.contains("backreferences") {
                ("pattern-back-reference", "patterns cannot refer back to what was matched before".to_string())
            } else if matches!(error, regex::Error::CompiledTooBig(_)) {
                ("pattern-too-big", "this pattern is too big; make its repetitions smaller".to_string())
            } else {
                let reason = text.lines().last().unwrap_or("").trim_start_matches("error: ").to_string();
                ("pattern-invalid", format!("this is not a pattern: {reason}"))
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn passes(op: Operator, wanted: &str, value: Option<&str>) -> bool {
        TextTest::of(op, wanted).unwrap().passes(value, &mut String::new())
    }

    #[test]
    fn like_knows_any_text_one_character_and_how_to_mean_them_literally() {
        for (wanted, value, expected) in [
            ("pra", "Stará Praha", true),
            ("pra%", "Stará Praha", false),
            ("%ha", "Praha", true),
            ("50% o%", "50% Off", true),
            ("a_b", "xaxbx", true),
            ("50\\%", "500", false),
            ("50\\%", "50%", true),
            ("%a%b%c%", "xxaxxbxxc", true),
            ("%a%b%c%", "xxaxxcxxb", false),
            ("", "anything", true),
        ] {
            assert_eq!(passes(Operator::Like, wanted, Some(value)), expected, "{value} like {wanted}");
        }
    }

    #[test]
    fn negatives_include_contacts_without_a_value_except_for_patterns() {
        assert!(passes(Operator::Ne, "x", None));
        assert!(passes(Operator::NotLike, "x", None));
        assert!(!passes(Operator::NotRegexp, "x", None));
        assert!(!passes(Operator::Eq, "", None));
    }

    #[test]
    fn patterns_ignore_case_and_accents_but_keep_their_classes() {
        assert!(passes(Operator::Regexp, "^plzeň$", Some("PLZEN")));
        assert!(passes(Operator::Regexp, r"^\S+$", Some("word")));
        assert!(!passes(Operator::Regexp, r"^\S+$", Some("two words")));
        assert!(passes(Operator::Regexp, "[A-C]ob", Some("bob")));
    }

    #[test]
    fn a_pattern_that_would_never_end_is_refused_with_a_reason() {
        for (written, code) in [
            ("(?=x)y", "pattern-look-around"),
            (r"(a)\1", "pattern-back-reference"),
            ("(a{1000}){1000}", "pattern-too-big"),
            ("[a", "pattern-invalid"),
        ] {
            assert_eq!(pattern(written).unwrap_err().0, code, "{written}");
        }
        assert_eq!(pattern(&"a".repeat(1001)).unwrap_err().0, "pattern-too-long");
        assert!(!passes(Operator::Regexp, "(a+)+$", Some(&format!("{}b", "a".repeat(5_000)))));
    }

    proptest! {
        #[test]
        fn a_negative_is_the_complement_of_its_positive(wanted in "[a-c%_ ]{0,4}", value in proptest::option::of("[a-cA-C ]{0,6}")) {
            let value = value.as_deref();
            prop_assert_ne!(passes(Operator::Eq, &wanted, value), passes(Operator::Ne, &wanted, value));
            prop_assert_ne!(passes(Operator::Like, &wanted, value), passes(Operator::NotLike, &wanted, value));
            prop_assert_ne!(passes(Operator::In, &wanted, value), passes(Operator::NotIn, &wanted, value));
        }

        #[test]
        fn like_with_any_text_around_is_contains(wanted in "[a-c]{0,3}", value in "[a-cA-C]{0,8}") {
            prop_assert_eq!(passes(Operator::Like, &format!("%{wanted}%"), Some(&value)), passes(Operator::Contains, &wanted, Some(&value)));
        }
    }
}
