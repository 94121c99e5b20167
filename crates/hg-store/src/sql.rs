//! One statement text for both databases.
//!
//! Parameters are `$1`, `$2` … Four `@` words stand for what the databases say differently:
//!
//! | word | SQLite | PostgreSQL |
//! |---|---|---|
//! | `@greatest(a, b)` | `max(a, b)` | `greatest(a, b)` |
//! | `@least(a, b)` | `min(a, b)` | `least(a, b)` |
//! | `x @in($1)` | `x IN (SELECT value FROM json_each($1))` | `x IN (SELECT value::bigint FROM json_array_elements_text($1::json))` |
//! | `x @intext($1)` | the same | … without the cast |
//! | `@locked` | nothing | `FOR UPDATE SKIP LOCKED` |
//! | `@forupdate` | nothing | `FOR UPDATE` |
//! | `@sum(x)` | `coalesce(sum(x), 0)` | `coalesce(sum(x), 0)::bigint` |
//!
//! The parameter of `@in` is a JSON list ([`crate::value::id_list`]).

use std::borrow::Cow;

use crate::value::{ToValue, Value};

/// Which database a statement runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    Sqlite,
    Postgres,
}

/// A statement with its values.
#[derive(Debug, Clone)]
pub struct Sql<'t> {
    pub(crate) text: Cow<'t, str>,
    pub(crate) values: Vec<Value>,
}

impl<'t> Sql<'t> {
    pub fn new(text: impl Into<Cow<'t, str>>) -> Self {
        Self { text: text.into(), values: Vec::new() }
    }

    /// Binds the next parameter.
    #[must_use]
    pub fn bind(mut self, value: impl ToValue) -> Self {
        self.values.push(value.to_value());
        self
    }

    /// Binds several parameters in order.
    #[must_use]
    pub fn binds<V: ToValue>(mut self, values: impl IntoIterator<Item = V>) -> Self {
        self.values.extend(values.into_iter().map(ToValue::to_value));
        self
    }
}

impl<'t> From<&'t str> for Sql<'t> {
    fn from(text: &'t str) -> Self {
        Self::new(text)
    }
}

impl From<String> for Sql<'_> {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

/// The text as the database wants it. Quoted strings and names are left alone.
pub(crate) fn translate(text: &str, dialect: Dialect) -> Cow<'_, str> {
    let special = |b: u8| b == b'@' || (b == b'$' && dialect == Dialect::Sqlite);
    if !text.bytes().any(special) {
        return Cow::Borrowed(text);
    }
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len() + 64);
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'\'' | b'"') => {
                let end = bytes[at + 1..].iter().position(|&b| b == quote).map_or(bytes.len(), |n| at + n + 2);
                out.push_str(&text[at..end]);
                at = end;
            }
            b'$' if dialect == Dialect::Sqlite && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {
                out.push('?');
                at += 1;
            }
            b'@' => {
                let end = bytes[at + 1..].iter().position(|b| !b.is_ascii_alphabetic()).map_or(bytes.len(), |n| at + 1 + n);
                let word = &text[at + 1..end];
                at = expand(word, text, end, dialect, &mut out);
            }
            _ => {
                let end = bytes[at..].iter().position(|&b| special(b) || b == b'\'' || b == b'"').map_or(bytes.len(), |n| at + n);
                let end = if end == at { at + 1 } else { end };
                out.push_str(&text[at..end]);
                at = end;
            }
        }
    }
    Cow::Owned(out)
}

/// Writes one `@` word and returns where the text goes on.
fn expand(word: &str, text: &str, end: usize, dialect: Dialect, out: &mut String) -> usize {
    let sqlite = dialect == Dialect::Sqlite;
    let argument = || {
        let close = text[end..].find(')').map_or(text.len(), |n| end + n);
        (text.get(end + 1..close).unwrap_or("").trim().to_owned(), (close + 1).min(text.len()))
    };
    match word {
        "greatest" => out.push_str(if sqlite { "max" } else { "greatest" }),
        "least" => out.push_str(if sqlite { "min" } else { "least" }),
        "locked" => out.push_str(if sqlite { "" } else { "FOR UPDATE SKIP LOCKED" }),
        "forupdate" => out.push_str(if sqlite { "" } else { "FOR UPDATE" }),
        "in" | "intext" => {
            let (parameter, next) = argument();
            let cast = if word == "in" { "::bigint" } else { "" };
            if sqlite {
                out.push_str(&format!("IN (SELECT value FROM json_each(?{}))", parameter.trim_start_matches('$')));
            } else {
                out.push_str(&format!("IN (SELECT value{cast} FROM json_array_elements_text({parameter}::json))"));
            }
            return next;
        }
        "sum" => {
            let (column, next) = argument();
            out.push_str(&format!("coalesce(sum({column}), 0){}", if sqlite { "" } else { "::bigint" }));
            return next;
        }
        other => {
            out.push('@');
            out.push_str(other);
        }
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_and_words_are_said_as_each_database_wants_them() {
        let text = "UPDATE t SET a = @greatest(a, $2) WHERE id @in($1) AND b = '$1 @in' @locked";
        assert_eq!(
            translate(text, Dialect::Sqlite),
            "UPDATE t SET a = max(a, ?2) WHERE id IN (SELECT value FROM json_each(?1)) AND b = '$1 @in' "
        );
        assert_eq!(
            translate(text, Dialect::Postgres),
            "UPDATE t SET a = greatest(a, $2) WHERE id IN (SELECT value::bigint FROM json_array_elements_text($1::json)) AND b = '$1 @in' FOR UPDATE SKIP LOCKED"
        );
    }

    #[test]
    fn a_text_without_anything_special_is_not_copied() {
        assert!(matches!(translate("SELECT 1", Dialect::Sqlite), Cow::Borrowed(_)));
        assert!(matches!(translate("SELECT $1", Dialect::Postgres), Cow::Borrowed(_)));
    }
}
