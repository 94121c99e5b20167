//! What bodies and lists of most entities say alike: texts, numbers, publish windows, orders.

use hg_app::list::ListQuery;
use hg_core::contacts::{FieldDef, FieldType, FieldValue};
use hg_core::publish::Window;
use hg_core::time::Timestamp;
use hg_core::tokens::strip_tags;
use serde_json::{Map, Value};

use super::answer::{CompatAnswer, CompatError};
use super::campaigns::instant;
use super::crud::{CompatList, is_true};

/// A text of a body.
pub fn text(body: &Map<String, Value>, key: &str) -> Option<String> {
    body.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// The value of a field as a client sends it, as the fields read it: without an offset an instant is meant in UTC, and
/// tags stand only where formatting is meant.
pub fn field_value(field: &FieldDef, value: &Value) -> Value {
    let Value::String(written) = value else { return value.clone() };
    match field.kind {
        FieldType::Datetime => match field.read(written) {
            Ok(FieldValue::Instant(at)) => Value::String(at.rfc3339()),
            _ => value.clone(),
        },
        FieldType::Html => value.clone(),
        _ => Value::String(strip_tags(written)),
    }
}

/// Words as a list, or as one text with commas.
pub fn words(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        Some(Value::String(one)) => one.split(',').map(|w| w.trim().to_owned()).filter(|w| !w.is_empty()).collect(),
        _ => Vec::new(),
    }
}

/// A whole number of a body, written as a number or as a text.
pub fn number(body: &Map<String, Value>, key: &str) -> CompatAnswer<Option<i64>> {
    let wrong = || CompatError::bad(format!("{key}: This value should be a number."));
    match body.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => text.trim().parse().map(Some).map_err(|_| wrong()),
        Some(other) => other.as_i64().map(Some).ok_or_else(wrong),
    }
}

/// The publish window of a body that makes something.
pub fn new_window(body: &Map<String, Value>) -> CompatAnswer<Window> {
    Ok(Window {
        published: body.get("isPublished").is_none_or(is_true),
        publish_up: instant(body, "publishUp")?,
        publish_down: instant(body, "publishDown")?,
    })
}

/// An end of a window in a body that changes something; the outer `None`: it stays.
pub type End = Option<Option<Timestamp>>;

/// Both ends of the window in a body that changes something. `replace`: what is not named is emptied.
pub fn window_patch(body: &Map<String, Value>, replace: bool) -> CompatAnswer<(End, End)> {
    let end = |key: &str| {
        if replace || body.contains_key(key) { instant(body, key).map(Some) } else { Ok(None) }
    };
    Ok((end("publishUp")?, end("publishDown")?))
}

/// The order of a list: columns as clients name them, with ours.
pub fn sorted(query: &CompatList, known: &[(&str, &str)]) -> CompatAnswer<String> {
    let Some((column, down)) = query.order.first() else { return Ok("created_at".to_owned()) };
    let ours = match column.as_str() {
        "id" | "dateAdded" | "date_added" => "created_at",
        "dateModified" | "date_modified" => "updated_at",
        other => {
            let found = known.iter().find(|(theirs, _)| *theirs == other).map(|(_, ours)| *ours);
            found.ok_or_else(|| CompatError::bad(format!("Unknown column {other}.")))?
        }
    };
    Ok(format!("{}{ours}", if *down { "-" } else { "" }))
}

/// The window of a list; only what is published when that is asked for.
pub fn window(query: &CompatList, sort: String) -> ListQuery {
    let search = if query.published_only { format!("is:published {}", query.search) } else { query.search.clone() };
    ListQuery { search, sort, limit: query.limit.min(MOST_ROWS), offset: query.start, ..ListQuery::default() }
}

/// More rows than any list has.
const MOST_ROWS: u32 = 1_000_000;
