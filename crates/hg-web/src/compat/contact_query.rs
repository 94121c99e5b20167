//! `where` of the list of contacts, as a filter of ours (`api.md` §2.5).

use hg_app::contacts::{Among, IdRule};
use hg_app::{Cx, audit, users};
use hg_core::contacts::read_instant;
use hg_core::time::TimeZone;
use serde_json::{Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::crud::Condition;
use super::query::{meets, nested};

/// The highest id there can be.
const MOST: i64 = u32::MAX as i64;

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
        "createdBy" => "created_by",
        "isPublished" => "is_published",
        "ownerId" => "owner_id",
        "stageId" => "stage_id",
        other => other,
    }
}

/// What `where` asks for: conditions that need to know the id, and the rest as a filter of ours.
#[derive(Default)]
pub(super) struct Asked {
    pub(super) among: Vec<Among>,
    pub(super) rules: Vec<Value>,
}

/// Sorts the conditions of a list into those on ids and the others.
pub(super) async fn asked(cx: &Cx, conditions: &[Condition]) -> CompatAnswer<Asked> {
    let mut asked = Asked::default();
    let mut open: Vec<Condition> = conditions.to_vec();
    while let Some(condition) = open.pop() {
        if condition.expr == "andX" {
            open.extend(nested(&condition.value)?);
        } else if let Some(by_id) = by_id(cx, &condition).await? {
            asked.among.push(Among::Ids(by_id));
        } else if asks_id(&condition)? {
            asked.among.push(part(cx, &condition).await?);
        } else {
            asked.rules.push(rule(&condition)?);
        }
    }
    Ok(asked)
}

/// Whether ids answer a part of a condition.
fn asks_id(c: &Condition) -> CompatAnswer<bool> {
    if let "andX" | "orX" = c.expr.as_str() {
        return Ok(nested(&c.value)?.iter().map(asks_id).collect::<CompatAnswer<Vec<_>>>()?.contains(&true));
    }
    Ok(matches!(column(&c.column), "id" | "created_by" | "is_published"))
}

/// A condition of which ids answer a part.
async fn part(cx: &Cx, c: &Condition) -> CompatAnswer<Among> {
    if let Some(by_id) = by_id(cx, c).await? {
        return Ok(Among::Ids(by_id));
    }
    if !asks_id(c)? {
        return Ok(Among::Filter(json!({"match": "all", "rules": [rule(c)?]})));
    }
    let mut parts = Vec::new();
    for inner in nested(&c.value)? {
        parts.push(Box::pin(part(cx, &inner)).await?);
    }
    Ok(if c.expr == "orX" { Among::Any(parts) } else { Among::All(parts) })
}

/// A condition that ids can answer; `None`: it is about something else.
async fn by_id(cx: &Cx, c: &Condition) -> CompatAnswer<Option<IdRule>> {
    if c.expr == "orX" {
        let mut inside = Vec::new();
        for part in nested(&c.value)? {
            match Box::pin(by_id(cx, &part)).await? {
                Some(rule) => inside.extend(ranges_of(rule)),
                None => return Ok(None),
            }
        }
        return Ok(Some(IdRule { ranges: inside, outside: false }));
    }
    Ok(match column(&c.column) {
        "id" => Some(id_rule(c)?),
        "created_by" => Some(made_by(cx, c).await?),
        "is_published" => {
            // Contacts are always published.
            let everybody = meets(&json!({"is_published": true}), std::slice::from_ref(c))?;
            Some(IdRule { ranges: Vec::new(), outside: everybody })
        }
        _ => None,
    })
}

/// Contacts that somebody made, as the audit log tells.
async fn made_by(cx: &Cx, c: &Condition) -> CompatAnswer<IdRule> {
    let one = |id: i64| (id, id);
    let users = match c.expr.as_str() {
        "isNull" | "isNotNull" | "isEmpty" | "isNotEmpty" => users::owners(cx).await?.into_iter().map(|u| one(u.id.0)).collect(),
        "eq" | "neq" | "in" | "notIn" => id_rule(c)?.ranges,
        other => {
            return Err(CompatError::bad(format!(
                "created_by cannot be compared with “{other}”; use eq, neq, in, notIn, isNull or isNotNull."
            )));
        }
    };
    let made = audit::made_by(cx, "contact", users.into_iter().map(|(id, _)| id).collect()).await?;
    let outside = matches!(c.expr.as_str(), "neq" | "notIn" | "isNull" | "isEmpty");
    Ok(IdRule { ranges: made.into_iter().map(one).collect(), outside })
}

/// The ids that meet a rule, as ranges.
fn ranges_of(rule: IdRule) -> Vec<(i64, i64)> {
    let mut ranges = rule.ranges;
    if !rule.outside {
        return ranges;
    }
    ranges.sort_unstable();
    let (mut gaps, mut next) = (Vec::new(), 0);
    for (from, to) in ranges {
        gaps.push((next, from - 1));
        next = next.max(to.saturating_add(1));
    }
    gaps.push((next, MOST));
    gaps
}

/// A condition on the id, which is no field that filters know; clients that follow changes page by it.
fn id_rule(c: &Condition) -> CompatAnswer<IdRule> {
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
fn rule(c: &Condition) -> CompatAnswer<Value> {
    if let "andX" | "orX" = c.expr.as_str() {
        let rules = nested(&c.value)?.iter().map(rule).collect::<CompatAnswer<Vec<_>>>()?;
        return Ok(json!({"match": if c.expr == "orX" { "any" } else { "all" }, "rules": rules}));
    }
    let op = operator(&c.expr).ok_or_else(|| CompatError::bad(format!("Unknown operator {} in “where”.", c.expr)))?;
    let value = match (op, &c.value) {
        ("in" | "!in" | "between" | "!between", Value::String(csv)) => csv.split(',').map(|s| json!(s.trim())).collect(),
        (_, v) => v.clone(),
    };
    Ok(json!({"field": column(&c.column), "op": op, "value": in_utc(value)}))
}

/// Instants without an offset are meant in UTC here; filters of ours mean them in the zone of the workspace.
fn in_utc(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(in_utc).collect(),
        Value::String(text) if looks_like_instant(&text) => {
            read_instant(&text, &TimeZone::UTC).map_or(Value::String(text), |at| Value::String(at.rfc3339()))
        }
        other => other,
    }
}

/// `2025-03-01 09:30`, with or without seconds.
fn looks_like_instant(text: &str) -> bool {
    let digits = |part: &str, n: usize| part.len() == n && part.bytes().all(|b| b.is_ascii_digit());
    let Some((date, clock)) = text.trim().split_once([' ', 'T']) else { return false };
    let mut day = date.split('-');
    let dated = [4, 2, 2].into_iter().all(|n| day.next().is_some_and(|part| digits(part, n))) && day.next().is_none();
    dated && matches!(clock.len(), 5 | 8) && clock.split(':').all(|part| digits(part, 2))
}
