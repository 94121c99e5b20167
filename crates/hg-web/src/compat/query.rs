//! What a list was asked for (`api.md` §2.3), and conditions put to what an entity shows.

use std::cmp::Ordering;

use hg_core::text::fold;
use hg_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::CompatError;
use super::body;
use super::crud::is_true;

/// Rows of a list when nobody says (`default_pagelimit`).
const DEFAULT_LIMIT: u32 = 30;

/// The parameters of a list (`api.md` §2.3).
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CompatList {
    pub search: String,
    pub start: u64,
    pub limit: u32,
    /// Column names as the client wrote them, in order, each with whether it is descending.
    pub order: Vec<(String, bool)>,
    /// Only what is published.
    pub published_only: bool,
    /// The short set of keys.
    pub minimal: bool,
    /// `where[n][col|expr|val]`.
    pub wheres: Vec<Condition>,
    /// `select[]`: only these keys.
    pub select: Vec<String>,
}

/// One condition of `where`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub column: String,
    pub expr: String,
    pub value: Value,
}

impl CompatList {
    /// Reads a query string with PHP brackets.
    pub fn parse(query: &str) -> Result<Self, CompatError> {
        let Value::Object(map) = body::pairs(url::form_urlencoded::parse(query.as_bytes()).into_owned())? else {
            return Ok(Self { limit: DEFAULT_LIMIT, ..Self::default() });
        };
        let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or("").trim().to_owned();
        let number = |key: &str, default: u64| match text(key).as_str() {
            "" => Ok(default),
            n => n.parse::<u64>().map_err(|_| CompatError::bad(format!("{key}: This value should be a number."))),
        };
        let descending = text("orderByDir").eq_ignore_ascii_case("desc");
        let mut order: Vec<(String, bool)> =
            text("orderBy").split(',').map(clean_column).filter(|c| !c.is_empty()).map(|c| (c, descending)).collect();
        for item in items(map.get("order")) {
            let column = clean_column(item.get("col").or_else(|| item.get("column")).and_then(Value::as_str).unwrap_or(""));
            let down = item.get("dir").and_then(Value::as_str).is_some_and(|d| d.eq_ignore_ascii_case("desc"));
            if !column.is_empty() {
                order.push((column, down));
            }
        }
        Ok(Self {
            search: text("search"),
            start: number("start", 0)?,
            limit: u32::try_from(number("limit", u64::from(DEFAULT_LIMIT))?).unwrap_or(u32::MAX).max(1),
            order,
            published_only: [text("publishedOnly"), text("published")].iter().any(|t| is_true(&json!(t))),
            minimal: is_true(&json!(text("minimal"))),
            wheres: items(map.get("where")).into_iter().map(condition).collect::<Result<_, _>>()?,
            select: match map.get("select") {
                Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                Some(Value::String(one)) => vec![one.clone()],
                _ => Vec::new(),
            },
        })
    }
}

fn clean_column(name: &str) -> String {
    let name = name.trim().rsplit('.').next().unwrap_or("");
    name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

fn items(value: Option<&Value>) -> Vec<&Map<String, Value>> {
    match value {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_object).collect(),
        Some(Value::Object(map)) => map.values().filter_map(Value::as_object).collect(),
        _ => Vec::new(),
    }
}

pub(super) fn condition(item: &Map<String, Value>) -> Result<Condition, CompatError> {
    let text = |a: &str, b: &str| item.get(a).or_else(|| item.get(b)).and_then(Value::as_str).unwrap_or("").to_owned();
    let (column, expr) = (text("col", "column"), text("expr", "expr"));
    let nested = matches!(expr.as_str(), "andX" | "orX");
    if expr.is_empty() || (column.is_empty() && !nested) {
        return Err(CompatError::bad("Each condition of “where” needs col and expr."));
    }
    let value = item.get("val").or_else(|| item.get("value")).cloned().unwrap_or(Value::Null);
    Ok(Condition { column: clean_column(&column), expr, value })
}

/// The conditions nested in `andX` and `orX`.
pub(super) fn nested(value: &Value) -> Result<Vec<Condition>, CompatError> {
    items(Some(value)).into_iter().map(condition).collect()
}

/// The keys at the head of an entity.
const HEAD: [&str; 7] =
    ["isPublished", "dateAdded", "dateModified", "createdBy", "createdByUser", "modifiedBy", "modifiedByUser"];

/// The short set of keys.
pub(super) fn keep_short(row: &mut Value, short: &[&str]) {
    if let Value::Object(map) = row {
        map.retain(|key, _| HEAD.contains(&key.as_str()) || short.contains(&key.as_str()));
    }
}

/// Whether a row meets every condition. Columns that it does not show are named.
pub(super) fn meets(row: &Value, conditions: &[Condition]) -> Result<bool, CompatError> {
    for condition in conditions {
        if !meets_one(row, condition)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn meets_one(row: &Value, c: &Condition) -> Result<bool, CompatError> {
    if let "andX" | "orX" = c.expr.as_str() {
        let parts = nested(&c.value)?;
        let mut outcomes = Vec::with_capacity(parts.len());
        for part in &parts {
            outcomes.push(meets_one(row, part)?);
        }
        return Ok(if c.expr == "andX" { outcomes.iter().all(|o| *o) } else { outcomes.iter().any(|o| *o) });
    }
    let value = column(row, &c.column)?;
    let blank = value.is_null() || value.as_str().is_some_and(str::is_empty) || value.as_array().is_some_and(Vec::is_empty);
    let is = |wanted: &Value| compare(value, wanted) == Some(Ordering::Equal);
    let among = || list(&c.value).iter().any(is);
    let between = || {
        let ends = list(&c.value);
        let (Some(from), Some(to)) = (ends.first(), ends.get(1)) else { return false };
        compare(value, from).is_some_and(Ordering::is_ge) && compare(value, to).is_some_and(Ordering::is_le)
    };
    Ok(match c.expr.as_str() {
        "eq" => is(&c.value),
        "neq" => !value.is_null() && !is(&c.value),
        "lt" => compare(value, &c.value).is_some_and(Ordering::is_lt),
        "lte" => compare(value, &c.value).is_some_and(Ordering::is_le),
        "gt" => compare(value, &c.value).is_some_and(Ordering::is_gt),
        "gte" => compare(value, &c.value).is_some_and(Ordering::is_ge),
        "like" => like(value, &c.value),
        "notLike" => !value.is_null() && !like(value, &c.value),
        "in" => among(),
        "notIn" => !value.is_null() && !among(),
        "between" => between(),
        "notBetween" => !value.is_null() && !between(),
        "isNull" => value.is_null(),
        "isNotNull" => !value.is_null(),
        "isEmpty" => blank,
        "isNotEmpty" => !blank,
        other => return Err(CompatError::bad(format!("Unknown operator {other} in “where”."))),
    })
}

/// The value of a column, in either spelling (`date_added`, `dateAdded`).
fn column<'a>(row: &'a Value, name: &str) -> Result<&'a Value, CompatError> {
    let plain = |text: &str| text.replace('_', "").to_ascii_lowercase();
    let Value::Object(map) = row else { return Ok(&Value::Null) };
    // Fields of contacts and companies stand one level deeper.
    let field = || map.get("fields").and_then(|fields| fields.get("all")).and_then(|all| all.get(name));
    let found = map.iter().find(|(key, _)| plain(key) == plain(name)).map(|(_, value)| value).or_else(field);
    found.ok_or_else(|| {
        let known: Vec<&str> = map.iter().filter(|(_, v)| !v.is_object() && !v.is_array()).map(|(k, _)| k.as_str()).collect();
        CompatError::bad(format!("Unknown column {name} in “where”; use one of {}.", known.join(", ")))
    })
}

fn list(value: &Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items.clone(),
        Value::Object(items) => items.values().cloned().collect(),
        Value::String(csv) => csv.split(',').map(|s| json!(s.trim())).collect(),
        other => vec![other.clone()],
    }
}

/// Numbers as numbers, yes and no as 1 and 0, dates as instants, everything else as folded text.
fn compare(value: &Value, wanted: &Value) -> Option<Ordering> {
    let number = |v: &Value| match v {
        Value::Bool(b) => Some(f64::from(u8::from(*b))),
        Value::Number(n) => n.as_f64(),
        Value::String(s) => match s.trim().to_ascii_lowercase().as_str() {
            "true" => Some(1.0),
            "false" => Some(0.0),
            text => text.parse().ok(),
        },
        // A relation is meant by its id.
        Value::Object(o) => o.get("id")?.as_f64(),
        _ => None,
    };
    if value.is_null() {
        return None;
    }
    if !value.is_string() {
        return number(value)?.partial_cmp(&number(wanted)?);
    }
    let (own, other) = (value.as_str()?, text(wanted));
    if let (Ok(own), Ok(other)) = (Timestamp::parse(own), Timestamp::parse(&other)) {
        return Some(own.cmp(&other));
    }
    Some(fold(own).cmp(&fold(&other)))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `%` stands for any text, and only where the caller wrote it.
fn like(value: &Value, pattern: &Value) -> bool {
    if value.is_null() {
        return false;
    }
    let (own, pattern) = (fold(&text(value)), fold(&text(pattern)));
    let pieces: Vec<&str> = pattern.split('%').collect();
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return false };
    if pieces.len() == 1 {
        return own == *first;
    }
    let Some(mut rest) = own.strip_prefix(first) else { return false };
    for piece in &pieces[1..pieces.len() - 1] {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_asked_for_with_brackets_or_without() {
        let q = CompatList::parse("search=is%3Apublished&start=10&limit=5&orderBy=e.dateAdded&orderByDir=desc&where[0][col]=email&where[0][expr]=like&where[0][val]=%25x%25&published=1").unwrap();
        assert_eq!((q.search.as_str(), q.start, q.limit, q.published_only), ("is:published", 10, 5, true));
        assert_eq!(q.order, [("dateAdded".to_owned(), true)]);
        assert_eq!(q.wheres, [Condition { column: "email".into(), expr: "like".into(), value: json!("%x%") }]);
        assert_eq!(CompatList::parse("").unwrap().limit, 30);
        assert!(CompatList::parse("where[0][col]=email").is_err());
        assert!(CompatList::parse("limit=many").is_err());
    }

    #[test]
    fn conditions_are_put_to_what_is_shown() {
        let row = json!({"id": 7, "name": "Zoë's news", "isPublished": true, "description": null, "dateAdded": "2025-03-01T09:30:00+00:00", "category": {"id": 3}});
        let ask = |column: &str, expr: &str, value: Value| {
            meets(&row, &[Condition { column: column.into(), expr: expr.into(), value }]).unwrap()
        };
        for (column, expr, value) in [
            ("id", "eq", json!("7")),
            ("id", "neq", json!(8)),
            ("id", "gt", json!("6.5")),
            ("id", "lte", json!(7)),
            ("id", "in", json!("1,7")),
            ("id", "notIn", json!([1, 2])),
            ("id", "between", json!("5,9")),
            ("id", "notBetween", json!([8, 9])),
            ("name", "eq", json!("zoe's NEWS")),
            ("name", "like", json!("%s n%")),
            ("name", "like", json!("zoë%")),
            ("name", "notLike", json!("news")),
            ("is_published", "eq", json!("1")),
            ("isPublished", "neq", json!("false")),
            ("description", "isNull", Value::Null),
            ("description", "isEmpty", Value::Null),
            ("name", "isNotEmpty", Value::Null),
            ("date_added", "lt", json!("2025-03-01 10:00:00")),
            ("dateAdded", "gte", json!("2025-03-01")),
            ("category", "eq", json!(3)),
            ("", "orX", json!([{"col": "id", "expr": "eq", "val": "1"}, {"col": "id", "expr": "eq", "val": "7"}])),
        ] {
            assert!(ask(column, expr, value.clone()), "{column} {expr} {value}");
        }
        for (column, expr, value) in [
            ("description", "neq", json!("x")),
            ("description", "like", json!("%")),
            ("name", "like", json!("news%")),
            ("", "andX", json!([{"col": "id", "expr": "eq", "val": "7"}, {"col": "name", "expr": "eq", "val": "x"}])),
        ] {
            assert!(!ask(column, expr, value.clone()), "{column} {expr} {value}");
        }
        assert!(meets(&row, &[Condition { column: "shoe".into(), expr: "eq".into(), value: Value::Null }]).is_err());
        assert!(meets(&row, &[Condition { column: "id".into(), expr: "sounds".into(), value: Value::Null }]).is_err());
    }
}
