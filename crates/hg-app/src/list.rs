//! What every list takes and gives: a search, a sort, a window by cursor, a total.

mod commands;
mod small;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hg_core::ids::UserId;
use hg_store::Value;

use crate::cx::Cx;
use crate::error::{Error, Result};

pub(crate) use commands::{Listed, Matcher};
pub(crate) use small::SmallTable;

/// How many rows a page holds when nobody says, and at most.
pub const DEFAULT_LIMIT: u32 = 50;
pub const MAX_LIMIT: u32 = 500;

/// What part of a list is wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListQuery {
    /// What a person typed in the search field.
    pub search: String,
    /// Field to sort by, `-` in front for descending; empty: the list's own order.
    pub sort: String,
    /// Rows wanted; 0: [`DEFAULT_LIMIT`].
    pub limit: u32,
    /// Where the last page ended; opaque to callers.
    pub cursor: Option<String>,
    /// Rows to leave out (the compatible API's `start`); used instead of a cursor.
    pub offset: u64,
    /// Whose things `is:mine` finds.
    pub asked_by: Option<UserId>,
}

impl ListQuery {
    /// The same, asked by whoever acts.
    #[must_use]
    pub fn asked_by(self, cx: &Cx) -> Self {
        Self { asked_by: cx.user_id(), ..self }
    }

    pub fn limit(&self) -> u32 {
        if self.limit == 0 { DEFAULT_LIMIT } else { self.limit }
    }

    /// The field and whether it is descending.
    pub fn sort_field(&self) -> (&str, bool) {
        match self.sort.strip_prefix('-') {
            Some(field) => (field, true),
            None => (self.sort.as_str(), false),
        }
    }

    /// The key at which the page starts: the sorted value and the id of the last row seen.
    pub fn after(&self) -> Result<Option<(Value, i64)>> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        decode(cursor)
            .map(Some)
            .ok_or_else(|| Error::field("/cursor", "cursor", "This cursor is not one of ours; start again without it."))
    }
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Goes into [`ListQuery::cursor`] for the next page; none on the last one.
    pub next_cursor: Option<String>,
    /// How many there are in all, when it is known.
    pub total: Option<u64>,
}

impl<T> Page<T> {
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next_cursor: self.next_cursor, total: self.total }
    }

    /// Makes a page of rows that were read with one row more than `limit`; `key` gives the sorted value and the id.
    pub fn of(mut items: Vec<T>, limit: u32, total: Option<u64>, key: impl Fn(&T) -> (Value, i64)) -> Self {
        let more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next_cursor = more.then(|| items.last().map(|last| encode(&key(last)))).flatten();
        Self { items, next_cursor, total }
    }
}

fn encode((value, id): &(Value, i64)) -> String {
    let value = match value {
        Value::Null => serde_json::Value::Null,
        Value::Int(n) => serde_json::json!({ "i": n }),
        Value::Real(x) => serde_json::json!({ "r": x }),
        Value::Text(t) => serde_json::json!({ "t": t }),
        Value::Bytes(_) => serde_json::Value::Null,
    };
    URL_SAFE_NO_PAD.encode(serde_json::json!([value, id]).to_string())
}

fn decode(cursor: &str) -> Option<(Value, i64)> {
    if cursor.len() > 2_048 {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (value, id): (serde_json::Value, i64) = serde_json::from_slice(&bytes).ok()?;
    let value = match &value {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Object(o) => {
            if let Some(n) = o.get("i").and_then(serde_json::Value::as_i64) {
                Value::Int(n)
            } else if let Some(x) = o.get("r").and_then(serde_json::Value::as_f64) {
                Value::Real(x)
            } else {
                Value::Text(o.get("t")?.as_str()?.to_owned())
            }
        }
        _ => return None,
    };
    Some((value, id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_the_row_it_was_made_from() {
        for value in [Value::Null, Value::Int(-7), Value::Text("Zoë".into()), Value::Real(1.5)] {
            let page = Page::of(vec![1, 2, 3], 2, None, |n| (value.clone(), *n));
            assert_eq!(page.items, [1, 2]);
            let query = ListQuery { cursor: page.next_cursor, ..ListQuery::default() };
            assert_eq!(query.after().unwrap(), Some((value.clone(), 2)));
        }
    }

    #[test]
    fn a_foreign_cursor_is_refused() {
        for cursor in ["x", "", "W10", &"A".repeat(5_000)] {
            let query = ListQuery { cursor: Some(cursor.to_owned()), ..ListQuery::default() };
            assert_eq!(query.after().unwrap_err().fields[0].pointer, "/cursor");
        }
    }
}
