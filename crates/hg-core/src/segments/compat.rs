//! The flat filter lists of the compatible API, read into a tree and written back.
//!
//! A list is read from left to right; a filter with the glue `or` starts a new group, inside a group
//! all must hold, and one group is enough. Lists made by older clients keep value and label beside the
//! other keys instead of under `properties`.

use serde_json::{Value as Json, json};

use crate::contacts::FieldCatalogue;
use crate::segments::{
    Condition, FieldKind, Filter, FilterError, Match, Operator, PRIMARY, Rule, Subject, canonical_name, find_field,
};

/// Reads a flat list. Pointers of mistakes lead into the list: `/1/operator`.
pub fn from_flat(list: &Json) -> Result<Filter, Vec<FilterError>> {
    let empty = Vec::new();
    let entries: Vec<&Json> = match list {
        Json::Null => empty.iter().collect(),
        Json::Array(entries) => entries.iter().collect(),
        Json::Object(entries) => entries.values().collect(),
        _ => return Err(vec![FilterError::new("", "not-a-list", "filters is a list")]),
    };
    let mut errors = Vec::new();
    let mut groups: Vec<Vec<Condition>> = Vec::new();
    for (i, entry) in entries.into_iter().enumerate() {
        match read_entry(entry, i) {
            Ok(condition) => {
                let starts_group = entry.get("glue").and_then(Json::as_str).is_some_and(|g| g.eq_ignore_ascii_case("or"));
                match groups.last_mut() {
                    Some(group) if !starts_group => group.push(condition),
                    _ => groups.push(vec![condition]),
                }
            }
            Err(error) => errors.push(error),
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut groups: Vec<Filter> = groups.into_iter().map(Filter::all).collect();
    Ok(match groups.len() {
        0 => Filter::all(Vec::new()),
        1 => groups.remove(0),
        _ => Filter { matching: Match::Any, not: false, rules: groups.into_iter().map(Rule::Group).collect() },
    })
}

fn read_entry(entry: &Json, i: usize) -> Result<Condition, FilterError> {
    let at = |part: &str, code: &'static str, detail: String| FilterError::new(format!("/{i}{part}"), code, detail);
    let Some(field) = entry.get("field").and_then(Json::as_str).filter(|f| !f.is_empty()) else {
        return Err(at("/field", "no-field", "a filter names a field".to_string()));
    };
    let written = entry.get("operator").and_then(Json::as_str).unwrap_or("=");
    let Some(op) = Operator::parse(written) else {
        return Err(at("/operator", "unknown-operator", format!("there is no operator “{written}”")));
    };
    let value = entry.get("properties").and_then(|p| p.get("filter")).or_else(|| entry.get("filter"));
    let value = value.cloned().unwrap_or(Json::Null);
    let value = if op.needs_no_value() { Json::Null } else { value };
    Ok(Condition::new(canonical_name(field), op, value))
}

/// Writes a tree as a flat list, when it has that shape: any of some groups, each of them all of some
/// conditions. Trees of another shape give `None`.
pub fn to_flat(filter: &Filter, fields: &FieldCatalogue) -> Option<Json> {
    let mut list = Vec::new();
    for group in groups(filter)? {
        for (i, condition) in group.into_iter().enumerate() {
            let glue = if i == 0 && !list.is_empty() { "or" } else { "and" };
            list.push(entry(condition, glue, fields));
        }
    }
    Some(Json::Array(list))
}

fn groups(filter: &Filter) -> Option<Vec<Vec<&Condition>>> {
    if filter.not {
        return None;
    }
    match filter.matching {
        Match::All if filter.rules.is_empty() => Some(Vec::new()),
        Match::All => all_of(filter).map(|group| vec![group]).or_else(|| match filter.rules.as_slice() {
            [Rule::Group(inner)] => groups(inner),
            _ => None,
        }),
        Match::Any => {
            let mut found = Vec::new();
            for rule in &filter.rules {
                match rule {
                    Rule::Condition(condition) => found.push(vec![condition]),
                    Rule::Group(inner) => found.extend(groups(inner)?),
                }
            }
            Some(found)
        }
    }
}

/// The conditions of a group all of which must hold, with groups of the same kind inside it.
fn all_of(filter: &Filter) -> Option<Vec<&Condition>> {
    let single = filter.rules.len() == 1;
    if filter.not || (filter.matching == Match::Any && !single) {
        return None;
    }
    let mut found = Vec::new();
    for rule in &filter.rules {
        match rule {
            Rule::Condition(condition) => found.push(condition),
            Rule::Group(inner) => found.extend(all_of(inner)?),
        }
    }
    Some(found)
}

fn entry(condition: &Condition, glue: &str, fields: &FieldCatalogue) -> Json {
    let known = find_field(&condition.field, fields);
    let object = match known.as_ref().map(|f| &f.subject) {
        Some(Subject::Company { .. }) => "company",
        Some(Subject::Related(_) | Subject::RelatedText(..)) if !is_contact_filter(&condition.field) => "behaviors",
        _ => "lead",
    };
    let of_company = condition.field.strip_prefix(PRIMARY).unwrap_or(&condition.field);
    let field = fields.get(&condition.field).or_else(|| fields.companies().get(of_company));
    let kind = field.map(|f| f.kind.compatible_name());
    let kind = kind.unwrap_or_else(|| match (condition.field.as_str(), known.map(|f| f.kind)) {
        ("segments", _) => "leadlist",
        ("tags", _) => "tags",
        ("campaign", _) => "campaign",
        ("owner_id", _) => "lookup_id",
        (_, Some(FieldKind::YesNo | FieldKind::RelatedYesNo)) => "boolean",
        (_, Some(FieldKind::Datetime | FieldKind::RelatedDate)) => "datetime",
        (_, Some(FieldKind::Number | FieldKind::Count | FieldKind::Sum)) => "number",
        (_, Some(FieldKind::Ids)) => "multiselect",
        _ => "text",
    });
    let field = if condition.field == "segments" { "leadlist" } else { &condition.field };
    json!({
        "object": object, "glue": glue, "field": field, "type": kind, "operator": condition.op.key(),
        "properties": {"filter": condition.value, "display": null},
    })
}

/// Related rows that count as the contact's own in the compatible API.
fn is_contact_filter(field: &str) -> bool {
    matches!(field, "tags" | "segments" | "campaign")
        || field.starts_with("dnc_")
        || field.starts_with("utm_")
        || field.starts_with("device_")
        || field.starts_with("consent:")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::{default_company_fields, default_fields};

    #[test]
    fn glue_makes_groups_and_comes_back() {
        let list = json!([
            {"glue": "or", "field": "city", "object": "lead", "type": "text", "operator": "=", "properties": {"filter": "Praha"}},
            {"glue": "or", "field": "points", "operator": "gte", "filter": 20, "display": null},
            {"glue": "and", "field": "leadlist", "operator": "notIn", "properties": {"filter": [1, 2]}},
        ]);
        let filter = from_flat(&list).unwrap();
        assert_eq!((filter.matching, filter.rules.len()), (Match::Any, 2));
        let fields = FieldCatalogue::new(default_fields());
        let written = to_flat(&filter, &fields).unwrap();
        let glue: Vec<_> = (0..3).map(|i| written[i]["glue"].as_str().unwrap()).collect();
        assert_eq!(glue, ["and", "or", "and"]);
        assert_eq!(written[2]["field"], "leadlist");
        assert_eq!(written[2]["operator"], "!in");
        assert_eq!(from_flat(&written).unwrap(), filter);
    }

    #[test]
    fn conditions_on_companies_come_back() {
        let list = json!([{"glue": "and", "field": "companycity", "object": "company", "type": "text", "operator": "=",
            "properties": {"filter": "Rome", "display": null}}]);
        let fields = FieldCatalogue::new(default_fields().into_iter().chain(default_company_fields()).collect());
        assert_eq!(to_flat(&from_flat(&list).unwrap(), &fields), Some(list));
    }

    #[test]
    fn a_tree_that_no_list_can_say_is_not_bent_into_one() {
        let tree = json!({"match": "all", "rules": [
            {"field": "city", "op": "=", "value": "Praha"},
            {"match": "any", "rules": [{"field": "city", "op": "=", "value": "a"}, {"field": "city", "op": "=", "value": "b"}]},
        ]});
        let fields = FieldCatalogue::new(default_fields());
        assert_eq!(to_flat(&Filter::parse(&tree).unwrap(), &fields), None);
    }

    #[test]
    fn mistakes_point_into_the_list() {
        let list = json!([{"field": "city", "operator": "~"}, {"operator": "="}]);
        let pointers: Vec<String> = from_flat(&list).unwrap_err().into_iter().map(|e| e.pointer).collect();
        assert_eq!(pointers, ["/0/operator", "/1/field"]);
    }
}
