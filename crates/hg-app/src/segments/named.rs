//! What segments of contacts and of companies share: names, aliases, lists, and that nothing in use is taken away.

use hg_core::text::{fold, slug};
use hg_core::time::Timestamp;
use hg_store::Value;

use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};
use crate::segments::{SegmentProblem, UsedBy};

/// A name without blanks around it.
pub(crate) fn clean_name(name: &str) -> Result<String, SegmentProblem> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 191 { Err(SegmentProblem::NoName) } else { Ok(name.to_owned()) }
}

pub(crate) fn blank_is_none(text: Option<String>) -> Option<String> {
    text.filter(|t| !t.trim().is_empty())
}

/// The name of a copy.
pub(crate) fn name_of_copy(name: &str, what: &str) -> String {
    let short: String = name.chars().take(170).collect();
    format!("{short} ({what})")
}

/// A chosen alias must be free; one made of the name, or of `fallback` when nothing is left of it, gets a number until
/// it is.
pub(crate) fn free_alias(
    chosen: Option<&str>,
    name: &str,
    fallback: &str,
    mut taken: impl FnMut(&str) -> Result<bool>,
) -> Result<String> {
    if let Some(chosen) = chosen.map(|a| slug(a, '-')).filter(|a| !a.is_empty()) {
        return if taken(&chosen)? { Err(SegmentProblem::AliasTaken(chosen).into()) } else { Ok(chosen) };
    }
    let base = Some(slug(name, '-')).filter(|b| !b.is_empty()).unwrap_or_else(|| fallback.to_owned());
    let (mut alias, mut n) = (base.clone(), 1);
    while taken(&alias)? {
        n += 1;
        alias = format!("{base}-{n}");
    }
    Ok(alias)
}

/// What uses a segment, in words; none when nothing does.
pub(crate) fn users_named(users: &[UsedBy]) -> Option<String> {
    let named: Vec<String> = users.iter().map(|u| format!("the {} “{}”", u.kind, u.name)).collect();
    (!named.is_empty()).then(|| named.join(", "))
}

/// Refuses to take away what something uses.
pub(crate) fn refuse_if_used(users: &[UsedBy]) -> Result<()> {
    users_named(users).map_or(Ok(()), |named| Err(SegmentProblem::InUse(named).into()))
}

/// What a list of segments is sorted by.
pub(crate) fn sort_key(field: &str, name: &str, members: i64, created: Timestamp, updated: Timestamp, id: i64) -> Value {
    match field {
        "members" | "count" => Value::Int(members),
        "created_at" => Value::Int(created.0),
        "updated_at" => Value::Int(updated.0),
        "id" => Value::Int(id),
        _ => Value::Text(fold(name)),
    }
}

/// Orders what a search found and cuts the page out of it; `key` gives the value that it is sorted by, and the id.
pub(crate) fn page_of<T>(mut found: Vec<T>, query: &ListQuery, key: impl Fn(&T) -> (Value, i64)) -> Result<Page<T>> {
    let (_, descending) = query.sort_field();
    found.sort_by(|a, b| {
        let ((a, id_a), (b, id_b)) = (key(a), key(b));
        let order = compare(&a, &b).then(id_a.cmp(&id_b));
        if descending { order.reverse() } else { order }
    });
    let total = found.len() as u64;
    let start = match query.after()? {
        Some((_, id)) => found.iter().position(|s| key(s).1 == id).map_or(0, |i| i + 1),
        None => usize::try_from(query.offset).unwrap_or(usize::MAX).min(found.len()),
    };
    let limit = query.limit();
    let window: Vec<T> = found.into_iter().skip(start).take(limit as usize + 1).collect();
    Ok(Page::of(window, limit, Some(total), key))
}

fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        _ => std::cmp::Ordering::Equal,
    }
}

/// An alias is taken by another than `own`, in the words of an error of storage when it cannot be asked.
pub(crate) fn by_another<I: PartialEq>(found: Result<Option<I>>, own: Option<I>) -> Result<bool, Error> {
    Ok(found?.is_some_and(|id| Some(id) != own))
}
