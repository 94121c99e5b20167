//! `where` of the list of contacts, as a filter of ours (`api.md` §2.5).

use hg_app::contacts::IdRule;
use serde_json::{Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::crud::Condition;
use super::query::nested;

fn operator(expr: &str) -> Option<&'static str> {
    Some(match expr {
        "eq" => "=",
        "neq" => "!=",
        "lt" => "lt",
        "lte" => "lte",
        "gt" => "gt",
        "gte" => "gte",
        "like" => "like",
        "notLike" => "!like",
        "in" => "in",
        "notIn" => "!in",
        "between" => "between",
        "notBetween" => "!between",
        "isNull" | "isEmpty" => "empty",
        "isNotNull" | "isNotEmpty" => "!empty",
        _ => return None,
    })
}

pub(super) fn column(name: &str) -> &str {
    match name {
        "dateAdded" => "date_added",
        "dateModified" => "date_modified",
        "dateIdentified" => "date_identified",
        "lastActive" => "last_active",
        other => other,
    }
}

/// A condition on the id, which is no field that filters know; clients that follow changes page by it.
pub(super) fn id_rule(c: &Condition) -> CompatAnswer<IdRule> {
    const MOST: i64 = u32::MAX as i64;
    let number = |v: &Value| v.as_i64().or_else(|| v.as_str().and_then(|s| s.trim().parse::<i64>().ok()));
    let wrong = || CompatError::bad(format!("The id cannot be compared with “{}” {} in “where”.", c.expr, c.value));
    let one = || number(&c.value).ok_or_else(wrong);
    let many = || match &c.value {
        Value::String(csv) => csv.split(',').map(|s| s.trim().parse::<i64>().map_err(|_| wrong())).collect(),
        Value::Array(list) => list.iter().map(|v| number(v).ok_or_else(wrong)).collect(),
        other => number(other).map(|n| vec![n]).ok_or_else(wrong),
    };
    let ranges = match c.expr.as_str() {
        "eq" | "neq" => vec![(one()?, one()?)],
        "lt" => vec![(0, one()?.saturating_sub(1))],
        "lte" => vec![(0, one()?)],
        "gt" => vec![(one()?.saturating_add(1), MOST)],
        "gte" => vec![(one()?, MOST)],
        "in" | "notIn" => many()?.into_iter().map(|n| (n, n)).collect(),
        "between" | "notBetween" => match many()?.as_slice() {
            [from, to] => vec![(*from, *to)],
            _ => return Err(wrong()),
        },
        "isNotNull" | "isNotEmpty" => vec![(0, MOST)],
        "isNull" | "isEmpty" => Vec::new(),
        other => return Err(CompatError::bad(format!("Unknown operator {other} in “where”."))),
    };
    Ok(IdRule { ranges, outside: matches!(c.expr.as_str(), "neq" | "notIn" | "notBetween") })
}

/// `where` as a filter of ours.
pub(super) fn rule(c: &Condition) -> CompatAnswer<Value> {
    if let "andX" | "orX" = c.expr.as_str() {
        let rules = nested(&c.value)?.iter().map(rule).collect::<CompatAnswer<Vec<_>>>()?;
        return Ok(json!({"match": if c.expr == "orX" { "any" } else { "all" }, "rules": rules}));
    }
    let op = operator(&c.expr).ok_or_else(|| CompatError::bad(format!("Unknown operator {} in “where”.", c.expr)))?;
    let value = match (op, &c.value) {
        ("in" | "!in" | "between" | "!between", Value::String(csv)) => csv.split(',').map(|s| json!(s.trim())).collect(),
        (_, v) => v.clone(),
    };
    Ok(json!({"field": column(&c.column), "op": op, "value": value}))
}
