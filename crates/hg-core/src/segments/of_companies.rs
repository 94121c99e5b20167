//! What conditions of a company segment can be about: the fields of companies, and little besides. The same trees, the
//! same operators, the same evaluator; the facts are those of a company.

use crate::contacts::FieldCatalogue;
use crate::segments::catalogue::{FilterField, Subject, canonical_name, column_field};
use crate::segments::kinds::FieldKind;
use crate::segments::{ColumnRef, Relation};

const OWN: [(&str, &str, FieldKind, &str); 4] = [
    ("date_added", "Date added", FieldKind::Datetime, "created_at"),
    ("date_modified", "Date modified", FieldKind::Datetime, "updated_at"),
    ("owner_id", "Owner", FieldKind::Id, "owner_id"),
    ("score", "Score", FieldKind::Number, "score"),
];

/// Everything that a condition on companies can be about. `fields` are those of companies.
pub fn company_catalogue(fields: &FieldCatalogue) -> Vec<FilterField> {
    let own = fields.published().filter(|f| f.listable).map(|f| FilterField { group: "company", ..column_field(f) });
    own.chain(OWN.into_iter().map(own_column)).chain([tags()]).collect()
}

/// The field of a name.
pub(super) fn find_company_field(name: &str, fields: &FieldCatalogue) -> Option<FilterField> {
    let name = canonical_name(name);
    if let Some(field) = fields.get(name) {
        return (field.published && field.listable).then(|| column_field(field));
    }
    match name {
        "tags" => Some(tags()),
        name => OWN.into_iter().find(|own| own.0 == name).map(own_column),
    }
}

fn own_column((field, label, kind, column): (&str, &str, FieldKind, &str)) -> FilterField {
    FilterField {
        field: field.to_string(),
        label: label.to_string(),
        group: "company",
        kind,
        subject: Subject::Column(ColumnRef { alias: field.to_string(), column: Some(column.to_string()) }),
        options: Vec::new(),
        source: (kind == FieldKind::Id).then_some("users"),
    }
}

fn tags() -> FilterField {
    FilterField {
        field: "tags".to_string(),
        label: "Tags".to_string(),
        group: "company",
        kind: FieldKind::Ids,
        subject: Subject::Related(Relation::Tag),
        options: Vec::new(),
        source: Some("tags"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::contacts::{default_company_fields, default_fields};
    use crate::segments::{Filter, Plan};

    fn errors(filter: &serde_json::Value) -> Vec<String> {
        let fields = FieldCatalogue::new(default_fields().into_iter().chain(default_company_fields()).collect());
        let filter = Filter::parse(filter).unwrap();
        Plan::of(&filter, fields.companies()).map_or_else(|e| e.into_iter().map(|e| e.code.to_string()).collect(), |_| Vec::new())
    }

    #[test]
    fn conditions_are_about_companies_and_about_nothing_of_contacts() {
        let one = |field: &str, op: &str, value: serde_json::Value| json!({"match": "all", "rules": [{"field": field, "op": op, "value": value}]});
        for (field, op, value) in [
            ("companyname", "contains", json!("Acme")),
            ("companynumber_of_employees", "gt", json!(50)),
            ("score", "gte", json!(10)),
            ("tags", "in", json!([1])),
            ("date_added", "inLast", json!({"interval": 3, "unit": "day"})),
        ] {
            assert!(errors(&one(field, op, value)).is_empty(), "{field}: {:?}", errors(&one(field, op, json!(1))));
        }
        for field in ["email", "segments", "stage", "last_active", "primary:companyname", "generated_email_domain"] {
            assert_eq!(errors(&one(field, "empty", json!(null))), ["unknown-field"], "{field}");
        }
    }
}
