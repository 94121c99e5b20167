//! The filter tree as it is drawn, sent and stored.

use serde_json::{Map, Value as Json, json};

use crate::segments::Operator;

/// A group of rules: all of them or any of them, or the opposite of that.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter {
    pub matching: Match,
    pub not: bool,
    pub rules: Vec<Rule>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    All,
    Any,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Rule {
    Group(Filter),
    Condition(Condition),
}

/// One question: a field, an operator and what to compare with.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub field: String,
    pub op: Operator,
    pub value: Json,
    /// Relative dates count in the contact's own time zone instead of the workspace's.
    pub contact_zone: bool,
}

/// What is wrong with a filter, and where: a JSON pointer into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    pub pointer: String,
    pub code: &'static str,
    pub detail: String,
}

impl FilterError {
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> FilterError {
        FilterError { pointer: pointer.into(), code, detail: detail.into() }
    }
}

/// Groups may stand in groups this deep.
pub const DEEPEST: usize = 8;
/// A filter has at most this many conditions.
pub const MOST_CONDITIONS: usize = 200;
/// A value has at most this many characters or, as a list, entries.
const LONGEST_VALUE: usize = 2_000;

impl Filter {
    /// A filter with one level in which every condition must hold.
    pub fn all(conditions: Vec<Condition>) -> Filter {
        Filter { matching: Match::All, not: false, rules: conditions.into_iter().map(Rule::Condition).collect() }
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Reads a filter; every mistake in it is reported, not only the first.
    pub fn parse(json: &Json) -> Result<Filter, Vec<FilterError>> {
        let mut reader = Reader { errors: Vec::new(), conditions: 0 };
        let filter = reader.group(json, "", 1);
        match filter {
            Some(filter) if reader.errors.is_empty() => Ok(filter),
            _ => Err(reader.errors),
        }
    }

    pub fn to_json(&self) -> Json {
        let rules: Vec<Json> = self.rules.iter().map(Rule::to_json).collect();
        let mut group = Map::new();
        group.insert("match".into(), json!(if self.matching == Match::All { "all" } else { "any" }));
        if self.not {
            group.insert("not".into(), json!(true));
        }
        group.insert("rules".into(), Json::Array(rules));
        Json::Object(group)
    }

    /// All conditions with their pointers, in reading order.
    pub fn conditions(&self) -> Vec<(String, &Condition)> {
        let mut found = Vec::new();
        self.collect("", &mut found);
        found
    }

    fn collect<'a>(&'a self, pointer: &str, found: &mut Vec<(String, &'a Condition)>) {
        for (i, rule) in self.rules.iter().enumerate() {
            let pointer = format!("{pointer}/rules/{i}");
            match rule {
                Rule::Group(group) => group.collect(&pointer, found),
                Rule::Condition(condition) => found.push((pointer, condition)),
            }
        }
    }
}

impl Rule {
    fn to_json(&self) -> Json {
        match self {
            Rule::Group(group) => group.to_json(),
            Rule::Condition(condition) => condition.to_json(),
        }
    }
}

impl Condition {
    pub fn new(field: &str, op: Operator, value: Json) -> Condition {
        Condition { field: field.to_string(), op, value, contact_zone: false }
    }

    pub fn to_json(&self) -> Json {
        let mut condition = json!({"field": self.field, "op": self.op.key(), "value": self.value});
        if self.contact_zone {
            condition["zone"] = json!("contact");
        }
        condition
    }
}

struct Reader {
    errors: Vec<FilterError>,
    conditions: usize,
}

impl Reader {
    fn fail<T>(&mut self, pointer: String, code: &'static str, detail: impl Into<String>) -> Option<T> {
        self.errors.push(FilterError::new(pointer, code, detail));
        None
    }

    fn group(&mut self, json: &Json, at: &str, depth: usize) -> Option<Filter> {
        let Json::Object(object) = json else {
            return self.fail(at.to_string(), "not-a-group", "a filter is an object with “match” and “rules”");
        };
        if depth > DEEPEST {
            return self.fail(at.to_string(), "too-deep", format!("groups can stand in groups at most {DEEPEST} deep"));
        }
        let matching = match object.get("match").map(Json::as_str) {
            None | Some(Some("all")) => Match::All,
            Some(Some("any")) => Match::Any,
            _ => return self.fail(format!("{at}/match"), "unknown-match", "“match” is “all” or “any”"),
        };
        let not = match object.get("not") {
            None | Some(Json::Null) => false,
            Some(Json::Bool(not)) => *not,
            Some(_) => return self.fail(format!("{at}/not"), "not-a-boolean", "“not” is true or false"),
        };
        let rules = match object.get("rules") {
            Some(Json::Array(rules)) => rules,
            _ => return self.fail(format!("{at}/rules"), "no-rules", "“rules” is a list of conditions and groups"),
        };
        if rules.is_empty() && depth > 1 {
            return self.fail(at.to_string(), "empty-group", "this group has no conditions");
        }
        let rules: Vec<Option<Rule>> =
            rules.iter().enumerate().map(|(i, rule)| self.rule(rule, &format!("{at}/rules/{i}"), depth)).collect();
        let rules: Option<Vec<Rule>> = rules.into_iter().collect();
        Some(Filter { matching, not, rules: rules? })
    }

    fn rule(&mut self, json: &Json, at: &str, depth: usize) -> Option<Rule> {
        if json.get("rules").is_some() || json.get("match").is_some() {
            return self.group(json, at, depth + 1).map(Rule::Group);
        }
        let Json::Object(object) = json else {
            return self.fail(at.to_string(), "not-a-condition", "a condition is an object with “field”, “op” and “value”");
        };
        self.conditions += 1;
        if self.conditions > MOST_CONDITIONS {
            let first_too_many = self.conditions == MOST_CONDITIONS + 1;
            if first_too_many {
                self.fail::<Rule>(at.to_string(), "too-many", format!("a filter has at most {MOST_CONDITIONS} conditions"));
            }
            return None;
        }
        let Some(field) = object.get("field").and_then(Json::as_str).filter(|f| !f.is_empty()) else {
            return self.fail(format!("{at}/field"), "no-field", "choose a field for this condition");
        };
        let Some(op) = object.get("op").and_then(Json::as_str).and_then(Operator::parse) else {
            let given = object.get("op").map(Json::to_string).unwrap_or_default();
            return self.fail(format!("{at}/op"), "unknown-operator", format!("there is no operator {given}"));
        };
        let contact_zone = match object.get("zone").map(Json::as_str) {
            None | Some(Some("workspace")) => false,
            Some(Some("contact")) => true,
            _ => return self.fail(format!("{at}/zone"), "unknown-zone", "“zone” is “workspace” or “contact”"),
        };
        let value = object.get("value").cloned().unwrap_or(Json::Null);
        if size(&value) > LONGEST_VALUE {
            return self.fail(
                format!("{at}/value"),
                "too-long",
                format!("a value has at most {LONGEST_VALUE} characters or entries"),
            );
        }
        Some(Rule::Condition(Condition { field: field.to_string(), op, value, contact_zone }))
    }
}

fn size(value: &Json) -> usize {
    match value {
        Json::String(text) => text.chars().count(),
        Json::Array(items) => items.len().max(items.iter().map(size).max().unwrap_or(0)),
        Json::Object(object) => object.values().map(size).max().unwrap_or(0),
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_survives_being_written_and_read() {
        let json = json!({"match": "any", "not": true, "rules": [
            {"field": "city", "op": "=", "value": "Praha"},
            {"match": "all", "rules": [{"field": "bday", "op": "=", "value": "birthday", "zone": "contact"}]},
        ]});
        assert_eq!(Filter::parse(&json).unwrap().to_json(), json);
    }

    #[test]
    fn every_mistake_is_reported_at_its_place() {
        let json = json!({"match": "all", "rules": [
            {"op": "=", "value": 1},
            {"field": "city", "op": "~", "value": 1},
            {"match": "some", "rules": []},
            {"match": "all", "rules": []},
            7,
        ]});
        let errors = Filter::parse(&json).unwrap_err();
        let found: Vec<(&str, &str)> = errors.iter().map(|e| (e.pointer.as_str(), e.code)).collect();
        assert_eq!(
            found,
            [
                ("/rules/0/field", "no-field"),
                ("/rules/1/op", "unknown-operator"),
                ("/rules/2/match", "unknown-match"),
                ("/rules/3", "empty-group"),
                ("/rules/4", "not-a-condition"),
            ]
        );
    }

    #[test]
    fn an_endless_filter_is_refused() {
        let mut deep = json!({"field": "city", "op": "=", "value": 1});
        for _ in 0..DEEPEST + 1 {
            deep = json!({"match": "all", "rules": [deep]});
        }
        assert_eq!(Filter::parse(&deep).unwrap_err()[0].code, "too-deep");
        let rule = json!({"field": "city", "op": "=", "value": 1});
        let wide = json!({"match": "all", "rules": vec![rule; MOST_CONDITIONS + 5]});
        assert_eq!(Filter::parse(&wide).unwrap_err().len(), 1);
        let long = json!({"match": "all", "rules": [{"field": "city", "op": "=", "value": "x".repeat(5000)}]});
        assert_eq!(Filter::parse(&long).unwrap_err()[0].code, "too-long");
    }
}
