//! The things that a filter inside of a step names by id.

use serde_json::Value as Json;

use crate::campaigns::steps::Needs;
use crate::segments::canonical_name;

/// What ids of a condition about this field are ids of; none: they are no ids, or of nothing that has a name.
fn kind_of(field: &str) -> Option<fn(i64) -> Needs> {
    let field = canonical_name(field);
    Some(match field.strip_prefix("did:").unwrap_or(field) {
        "tags" => Needs::Tag,
        "segments" => Needs::Segment,
        "company_segments" => Needs::CompanySegment,
        "campaign" => Needs::Campaign,
        "globalcategory" => Needs::Category,
        "stage" => Needs::Stage,
        "owner_id" => Needs::User,
        "lead_email_sent" | "lead_email_received" | "source_id" => Needs::Email,
        "email_sent" | "email_opened" | "email_clicked" | "email_replied" | "email_bounced" | "email_complained" => Needs::Email,
        "form_submitted" => Needs::Form,
        "page_visited" => Needs::Page,
        _ => return None,
    })
}

/// Asks for every id of a filter what it becomes, and writes that; none takes it out.
pub(super) fn swap(filter: &mut Json, to: &mut dyn FnMut(Needs) -> Option<i64>) {
    if let Some(rules) = filter.get_mut("rules").and_then(Json::as_array_mut) {
        for rule in rules {
            swap(rule, to);
        }
        return;
    }
    let Some(make) = filter.get("field").and_then(Json::as_str).and_then(kind_of) else { return };
    let Some(value) = filter.get_mut("value") else { return };
    // What people did is a block, with the things they did it to in it.
    let ids = if value.is_object() { value.get_mut("of") } else { Some(value) };
    match ids {
        Some(Json::Array(ids)) => {
            let one = |id: &Json| match number(id) {
                Some(id) => to(make(id)).map(Json::from),
                None => Some(id.clone()),
            };
            *ids = ids.iter().filter_map(one).collect();
        }
        Some(id) => {
            if let Some(n) = number(id) {
                *id = to(make(n)).map_or(Json::Null, Json::from);
            }
        }
        None => {}
    }
}

fn number(id: &Json) -> Option<i64> {
    id.as_i64().or_else(|| id.as_str()?.trim().parse().ok())
}

/// Every id of a filter.
pub(super) fn all(filter: &Json) -> Vec<Needs> {
    let mut found = Vec::new();
    swap(&mut filter.clone(), &mut |needs| {
        found.push(needs);
        Some(needs.id())
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::FieldCatalogue;
    use crate::segments::catalogue;
    use serde_json::json;

    #[test]
    fn ids_are_found_and_moved_wherever_they_stand() {
        let filter = json!({"match": "all", "rules": [
            {"field": "segment", "op": "in", "value": [1, "2"]},
            {"match": "any", "rules": [
                {"field": "tags", "op": "!in", "value": [3]},
                {"field": "did:email_opened", "op": ">=", "value": {"times": 2, "of": [4]}},
                {"field": "stage", "op": "=", "value": 5},
                {"field": "city", "op": "=", "value": "6"},
            ]},
        ]});
        assert_eq!(all(&filter), [Needs::Segment(1), Needs::Segment(2), Needs::Tag(3), Needs::Email(4), Needs::Stage(5)]);
        let mut moved = filter;
        swap(&mut moved, &mut |needs| (needs != Needs::Segment(2)).then(|| needs.id() + 40));
        assert_eq!(
            moved,
            json!({"match": "all", "rules": [
                {"field": "segment", "op": "in", "value": [41]},
                {"match": "any", "rules": [
                    {"field": "tags", "op": "!in", "value": [43]},
                    {"field": "did:email_opened", "op": ">=", "value": {"times": 2, "of": [44]}},
                    {"field": "stage", "op": "=", "value": 45},
                    {"field": "city", "op": "=", "value": "6"},
                ]},
            ]})
        );
    }

    #[test]
    fn every_field_of_the_catalogue_whose_values_are_ids_is_known_here() {
        for field in catalogue(&FieldCatalogue::default(), &[], &[]).into_iter().filter(|field| field.source.is_some()) {
            assert!(kind_of(&field.field).is_some(), "{}", field.field);
        }
    }
}
