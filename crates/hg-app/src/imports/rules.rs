//! What a row does to the values that are there: column by column.

use std::collections::HashMap;

use hg_core::contacts::FieldValue;
use hg_core::imports::{Column, NewRow, Policy};

use crate::contacts::Values;
use crate::imports::{ImportOptions, extras};

/// How values are written, for every row of an import.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    /// By target; columns that are not here win over what is there.
    policies: HashMap<String, Policy>,
    /// Fields that have a value are not overwritten.
    keep: bool,
    /// Every identifier that a row names must be the contact's.
    pub all_identifiers: bool,
}

impl Rules {
    pub fn new(mapping: &[Column], options: &ImportOptions, all_identifiers: bool) -> Rules {
        let special = mapping.iter().filter(|c| c.policy != Policy::Always);
        let policies = special.filter_map(|c| Some((c.target.clone()?, c.policy))).collect();
        Rules { policies, keep: options.skip_existing, all_identifiers }
    }

    fn of(&self, alias: &str) -> Policy {
        match self.policies.get(alias) {
            Some(policy) => *policy,
            None if self.keep => Policy::IfEmpty,
            None => Policy::Always,
        }
    }

    /// The value to be written beside the one that is there; none when that one stays.
    fn one(&self, alias: &str, before: Option<&FieldValue>, value: FieldValue) -> Option<FieldValue> {
        let before = before.filter(|v| !v.is_empty());
        match (self.of(alias), before, value) {
            (Policy::IfEmpty, Some(_), _) => None,
            (Policy::Append, Some(FieldValue::Choices(there)), FieldValue::Choices(more)) => {
                let mut all = there.clone();
                all.extend(more.into_iter().filter(|choice| !there.contains(choice)));
                Some(FieldValue::Choices(all))
            }
            (Policy::Append, Some(_), FieldValue::Empty) => None,
            (_, _, value) => Some(value),
        }
    }

    /// What of a contact's row is written.
    pub fn written(&self, before: &Values, row: &NewRow) -> Values {
        // The name of her company stands in her own field too, and follows the same rule.
        let policy_alias = |alias: &str| {
            if alias == "company" && row.company.iter().any(|(a, _)| a == "companyname") {
                "companyname".to_owned()
            } else {
                alias.to_owned()
            }
        };
        extras::values(row)
            .filter_map(|(alias, value)| Some((alias.clone(), self.one(&policy_alias(&alias), before.get(&alias), value)?)))
            .collect()
    }

    /// What of a company's values is written.
    pub fn of_company(&self, before: &Values, values: Values) -> Values {
        values
            .into_iter()
            .filter_map(|(alias, value)| Some((alias.clone(), self.one(&alias, before.get(&alias), value)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_column_has_its_own_rule() {
        let column = |target: &str, policy| Column { target: Some(target.into()), policy, ..Column::default() };
        let mapping = [column("city", Policy::IfEmpty), column("likes", Policy::Append), column("country", Policy::Always)];
        let rules = Rules::new(&mapping, &ImportOptions::default(), false);
        let text = |t: &str| FieldValue::Text(t.into());
        let choices = |c: &[&str]| FieldValue::Choices(c.iter().map(|c| (*c).to_owned()).collect());
        let before: Values = [("city".to_owned(), text("Rome")), ("likes".to_owned(), choices(&["a", "b"]))].into();
        let row = NewRow {
            values: vec![("city".into(), text("Paris")), ("likes".into(), choices(&["b", "c"])), ("country".into(), text("fr"))],
            ..NewRow::default()
        };
        let expected: Values = [("likes".to_owned(), choices(&["a", "b", "c"])), ("country".to_owned(), text("fr"))].into();
        assert_eq!(rules.written(&before, &row), expected);
        let keep = Rules::new(&[], &ImportOptions { skip_existing: true, ..ImportOptions::default() }, false);
        assert_eq!(keep.written(&before, &row), [("country".to_owned(), text("fr"))].into());
    }
}
