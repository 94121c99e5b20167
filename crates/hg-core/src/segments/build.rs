//! From a condition as it is written to a leaf that can be answered; everything wrong is said here.

use std::collections::HashSet;

use serde_json::Value as Json;

use crate::contacts::FieldCatalogue;
use crate::segments::behaviour;
use crate::segments::catalogue::{FilterField, Subject, find_field};
use crate::segments::dates::{DateSpec, Unit};
use crate::segments::kinds::FieldKind;
use crate::segments::leaf::{ChoicesTest, DateAsk};
use crate::segments::share::{self, ShareTest};
use crate::segments::{
    ColumnRef, ColumnTest, Condition, DateTest, FilterError, NumberTest, Operator as Op, Quantifier, Relation, RowTest, TextTest,
};
use crate::text::fold;

/// A leaf before its columns have places.
pub(super) enum Draft {
    Column { column: ColumnRef, test: ColumnTest, contact_zone: bool },
    Related { relation: Relation, rows: RowTest, quantifier: Quantifier },
    Company { primary: bool, column: ColumnRef, test: ColumnTest },
}

/// What is wrong: where within the condition, which code, and the sentence.
pub(super) type Wrong = (&'static str, &'static str, String);
pub(super) type Built<T> = Result<T, Wrong>;

/// Builds the leaf of a condition, with its description in words.
pub(super) fn build(condition: &Condition, pointer: &str, fields: &FieldCatalogue) -> Result<(Draft, String), FilterError> {
    let at = |(part, code, detail): Wrong| FilterError::new(format!("{pointer}{part}"), code, detail);
    let Some(field) = find_field(&condition.field, fields) else {
        return Err(at(("/field", "unknown-field", format!("there is no field “{}” to filter by", condition.field))));
    };
    let op = plain_operator(condition, &field);
    if !field.kind.operators().contains(&op) {
        let offered: Vec<&str> = field.kind.operators().iter().map(|op| op.key()).collect();
        let detail = format!("“{}” cannot be compared with “{}”; it takes {}", field.label, op.key(), offered.join(", "));
        return Err(at(("/op", "operator-not-offered", detail)));
    }
    if condition.contact_zone && fields.is_of_companies() {
        let detail = "only dates of contacts can count in the contact's own zone".to_string();
        return Err(at(("/zone", "zone-not-offered", detail)));
    }
    let label = describe(&field, op, &condition.value);
    let draft =
        Builder { field: &field, op, value: &condition.value, contact_zone: condition.contact_zone }.draft().map_err(at)?;
    Ok((draft, label))
}

/// `=` with a list means "any of"; `in` with "none" spelt as `!=` means "none of".
fn plain_operator(condition: &Condition, field: &FilterField) -> Op {
    let list = condition.value.is_array();
    match condition.op {
        Op::Eq if list || is_list(field.kind) => Op::In,
        Op::Ne if list || is_list(field.kind) => Op::NotIn,
        op => op,
    }
}

fn is_list(kind: FieldKind) -> bool {
    matches!(kind, FieldKind::Ids | FieldKind::Multiselect | FieldKind::RelatedChoice)
}

struct Builder<'a> {
    field: &'a FilterField,
    op: Op,
    value: &'a Json,
    contact_zone: bool,
}

impl Builder<'_> {
    fn draft(&self) -> Built<Draft> {
        match &self.field.subject {
            Subject::Column(column) => {
                let test = self.column_test()?;
                let dated = matches!(test, ColumnTest::Day(_) | ColumnTest::Instant(_));
                Ok(Draft::Column { column: column.clone(), test, contact_zone: self.contact_zone && dated })
            }
            Subject::Company { primary, column } => {
                if self.contact_zone {
                    let detail = "only dates of the contact itself can count in the contact's own zone";
                    return Err(("/zone", "zone-not-offered", detail.to_string()));
                }
                Ok(Draft::Company { primary: *primary, column: column.clone(), test: self.column_test()? })
            }
            Subject::EmailDomain => {
                let column = ColumnRef { alias: "email".to_string(), column: Some("email".to_string()) };
                Ok(Draft::Column { column, test: ColumnTest::EmailDomain(self.text_test()?), contact_zone: false })
            }
            Subject::Related(relation) => self.related(relation.clone()),
            Subject::RelatedText(relation, column) => {
                let (rows, quantifier) = if self.op.needs_no_value() {
                    (RowTest::Any, self.presence())
                } else {
                    let over = self.text_test()?.over_rows();
                    let rows = RowTest::Text { column: *column, test: over.positive, null_counts: over.null_counts };
                    (rows, if over.none { Quantifier::None } else { Quantifier::AtLeastOne })
                };
                Ok(Draft::Related { relation: relation.clone(), rows, quantifier })
            }
        }
    }

    fn presence(&self) -> Quantifier {
        if self.op == Op::Empty { Quantifier::None } else { Quantifier::AtLeastOne }
    }

    fn related(&self, relation: Relation) -> Built<Draft> {
        let relation = match self.field.kind {
            FieldKind::Behaviour => behaviour::relation(self.value, relation)?,
            _ => relation,
        };
        if self.field.kind == FieldKind::Amount {
            let test = match self.op {
                Op::Empty => NumberTest::Missing(true),
                Op::NotEmpty => NumberTest::Missing(false),
                _ => self.number_test()?,
            };
            return Ok(Draft::Related { relation, rows: RowTest::Any, quantifier: Quantifier::Amount(test) });
        }
        if self.op.needs_no_value() {
            return Ok(Draft::Related { relation, rows: RowTest::Any, quantifier: self.presence() });
        }
        let (rows, quantifier) = match self.field.kind {
            FieldKind::RelatedYesNo => {
                let has = yes_no(self.value)? == (self.op == Op::Eq);
                (RowTest::Any, if has { Quantifier::AtLeastOne } else { Quantifier::None })
            }
            FieldKind::Count => (RowTest::Any, Quantifier::Count(self.number_test()?)),
            FieldKind::Sum => (RowTest::Any, Quantifier::Sum(self.number_test()?)),
            FieldKind::Behaviour => behaviour::block(self.op, self.value, &relation)?,
            FieldKind::RelatedDate => {
                let (op, quantifier) = match self.op {
                    Op::Ne => (Op::Eq, Quantifier::None),
                    op => (op, Quantifier::AtLeastOne),
                };
                if self.contact_zone {
                    let detail = "only dates of the contact itself can count in the contact's own zone";
                    return Err(("/zone", "zone-not-offered", detail.to_string()));
                }
                (RowTest::At(self.date_test(op)?), quantifier)
            }
            _ => {
                let quantifier = match self.op {
                    Op::NotIn => Quantifier::None,
                    Op::IncludesAll => Quantifier::Each { negated: false },
                    Op::ExcludesAll => Quantifier::Each { negated: true },
                    _ => Quantifier::AtLeastOne,
                };
                (RowTest::Objects(ids(self.value)?), quantifier)
            }
        };
        Ok(Draft::Related { relation, rows, quantifier })
    }

    fn column_test(&self) -> Built<ColumnTest> {
        if self.op.needs_no_value() {
            let empty = self.op == Op::Empty;
            return Ok(match self.field.kind {
                FieldKind::Text | FieldKind::LongText | FieldKind::Select | FieldKind::Multiselect => {
                    ColumnTest::Text(TextTest::empty(empty))
                }
                FieldKind::Number | FieldKind::Id => ColumnTest::Number(NumberTest::Missing(empty)),
                _ => ColumnTest::Missing(empty),
            });
        }
        Ok(match self.field.kind {
            FieldKind::Number => ColumnTest::Number(self.number_test()?),
            FieldKind::Id => ColumnTest::Number(self.id_test()?),
            FieldKind::Share => ColumnTest::Share(ShareTest::of(self.op, self.value)?),
            FieldKind::YesNo => ColumnTest::YesNo(yes_no(self.value)? == (self.op == Op::Eq)),
            FieldKind::Multiselect => ColumnTest::Choices(ChoicesTest {
                wanted: self.choices()?.iter().map(|c| fold(c)).collect(),
                all: matches!(self.op, Op::IncludesAll | Op::ExcludesAll),
                negated: matches!(self.op, Op::NotIn | Op::ExcludesAll),
            }),
            FieldKind::Date | FieldKind::Datetime if self.op.is_textual() => ColumnTest::Written(self.text_test()?),
            FieldKind::Date => ColumnTest::Day(self.date_test(self.op)?),
            FieldKind::Datetime => ColumnTest::Instant(self.date_test(self.op)?),
            _ => ColumnTest::Text(self.text_test()?),
        })
    }

    fn text_test(&self) -> Built<TextTest> {
        if self.op.needs_no_value() {
            return Ok(TextTest::empty(self.op == Op::Empty));
        }
        if matches!(self.op, Op::In | Op::NotIn) {
            return Ok(TextTest::one_of(&self.choices()?, self.op == Op::NotIn));
        }
        let wanted = text(self.value)?;
        let wanted = self.choice_value(&wanted);
        TextTest::of(self.op, &wanted).map_err(|(code, detail)| ("/value", code, detail))
    }

    /// A label of a choice stands for its value.
    fn choice_value(&self, written: &str) -> String {
        let folded = fold(written.trim());
        let options = &self.field.options;
        let known = options.iter().any(|o| fold(&o.value) == folded);
        let labelled = || options.iter().find(|o| fold(&o.label) == folded).map(|o| o.value.clone());
        if self.op.is_textual() || known { written.to_string() } else { labelled().unwrap_or_else(|| written.to_string()) }
    }

    fn choices(&self) -> Built<Vec<String>> {
        let written: Vec<String> = match self.value {
            Json::Array(items) => items.iter().map(text).collect::<Built<_>>()?,
            other => text(other)?.split('|').map(str::to_string).collect(),
        };
        let chosen: Vec<String> = written.iter().filter(|w| !w.trim().is_empty()).map(|w| self.choice_value(w)).collect();
        if chosen.is_empty() { Err(missing()) } else { Ok(chosen) }
    }

    fn number_test(&self) -> Built<NumberTest> {
        let negated = matches!(self.op, Op::NotRegexp | Op::NotBetween);
        match self.op {
            Op::Regexp | Op::NotRegexp => {
                let written = text(self.value)?;
                let regex = super::text_test::pattern(&written).map_err(|(code, detail)| ("/value", code, detail))?;
                Ok(NumberTest::Pattern { regex, negated })
            }
            Op::Between | Op::NotBetween => {
                let (low, high) = pair(self.value)?;
                let (low, high) = (number(low)?, number(high)?);
                if low > high {
                    return Err(backwards());
                }
                Ok(NumberTest::Between { low, high, outside: negated })
            }
            Op::Like | Op::StartsWith | Op::EndsWith | Op::Contains => Ok(NumberTest::Compare(Op::Eq, number(self.value)?)),
            Op::NotLike => Ok(NumberTest::Compare(Op::Ne, number(self.value)?)),
            op => Ok(NumberTest::Compare(op, number(self.value)?)),
        }
    }

    fn id_test(&self) -> Built<NumberTest> {
        let ids = ids(self.value)?;
        let op = if matches!(self.op, Op::Ne | Op::NotIn) { Op::Ne } else { Op::Eq };
        match ids.as_slice() {
            [id] => Ok(NumberTest::Compare(op, *id as f64)),
            _ => Err(("/value", "one-value", "choose one; several need a group with “any”".to_string())),
        }
    }

    fn date_test(&self, op: Op) -> Built<DateTest> {
        let ask = match op {
            Op::InLast | Op::InNext => {
                let (unit, count) = interval(self.value)?;
                if op == Op::InLast { DateAsk::Last(unit, count) } else { DateAsk::Next(unit, count) }
            }
            Op::Between | Op::NotBetween => {
                let (low, high) = pair(self.value)?;
                let (low, high) = (date(low)?, date(high)?);
                if matches!((&low, &high), (DateSpec::Day(low), DateSpec::Day(high)) if low > high) {
                    return Err(backwards());
                }
                DateAsk::Between { low, high, outside: op == Op::NotBetween }
            }
            op => {
                let spec = date(self.value)?;
                if matches!(spec, DateSpec::Anniversary(_)) && !matches!(op, Op::Eq | Op::Ne) {
                    let detail = "a birthday or anniversary can be met or not met, but not come before or after";
                    return Err(("/op", "operator-not-offered", detail.to_string()));
                }
                DateAsk::Compare(op, spec)
            }
        };
        if matches!(&ask, DateAsk::Between { low, high, .. }
            if [low, high].iter().any(|s| matches!(s, DateSpec::Anniversary(_))))
        {
            return Err(("/value", "not-a-date", "a range needs two dates".to_string()));
        }
        Ok(DateTest { ask, contact_zone: self.contact_zone })
    }
}

fn backwards() -> Wrong {
    ("/value", "range-backwards", "the range ends before it begins; swap its two values".to_string())
}

pub(super) fn missing() -> Wrong {
    ("/value", "value-missing", "say what to compare with".to_string())
}

fn text(value: &Json) -> Built<String> {
    match value {
        Json::String(text) if !text.is_empty() => Ok(text.clone()),
        Json::Number(number) => Ok(number.to_string()),
        Json::Bool(yes) => Ok(if *yes { "1" } else { "0" }.to_string()),
        Json::Null | Json::String(_) => Err(missing()),
        Json::Array(_) | Json::Object(_) => Err(("/value", "not-a-text", "a text is needed here".to_string())),
    }
}

fn number(value: &Json) -> Built<f64> {
    let number = match value {
        Json::Number(number) => number.as_f64(),
        Json::String(text) if text.trim().is_empty() => return Err(missing()),
        Json::String(text) => text.trim().parse().ok(),
        Json::Null => return Err(missing()),
        _ => None,
    };
    let shown = || value.as_str().map_or_else(|| value.to_string(), str::to_string);
    number.filter(|n: &f64| n.is_finite()).ok_or_else(|| ("/value", "not-a-number", format!("“{}” is not a number", shown())))
}

fn yes_no(value: &Json) -> Built<bool> {
    let read = match value {
        Json::Bool(yes) => Some(*yes),
        Json::Number(number) => match number.as_i64() {
            Some(1) => Some(true),
            Some(0) => Some(false),
            _ => None,
        },
        Json::String(text) => match text.trim().to_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Some(true),
            "0" | "false" | "no" | "off" => Some(false),
            "" => return Err(missing()),
            _ => None,
        },
        Json::Null => return Err(missing()),
        _ => None,
    };
    read.ok_or_else(|| ("/value", "not-yes-or-no", format!("{value} is neither yes nor no")))
}

pub(super) fn ids(value: &Json) -> Built<Vec<i64>> {
    let one = |item: &Json| match item {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let items: Vec<Json> = match value {
        Json::Array(items) => items.clone(),
        Json::String(text) => text.split(['|', ',']).map(Json::from).collect(),
        other => vec![other.clone()],
    };
    let read: HashSet<i64> = items
        .iter()
        .filter(|item| !item.is_null() && item.as_str() != Some(""))
        .map(|item| one(item).ok_or_else(|| ("/value", "not-an-id", format!("{item} is not in the list to choose from"))))
        .collect::<Built<_>>()?;
    let mut read: Vec<i64> = read.into_iter().collect();
    read.sort_unstable();
    if read.is_empty() { Err(missing()) } else { Ok(read) }
}

fn pair(value: &Json) -> Built<(&Json, &Json)> {
    match value {
        Json::Array(items) if items.len() == 2 => Ok((&items[0], &items[1])),
        Json::Object(object) => match (object.get("from"), object.get("to")) {
            (Some(from), Some(to)) => Ok((from, to)),
            _ => Err(("/value", "not-a-range", "a range has “from” and “to”".to_string())),
        },
        Json::Null => Err(missing()),
        _ => Err(("/value", "not-a-range", "a range is a list of two values".to_string())),
    }
}

pub(super) fn date(value: &Json) -> Built<DateSpec> {
    let written = text(value)?;
    DateSpec::parse(&written).ok_or_else(|| {
        let detail = format!("“{written}” is not a date; write 2024-03-13, today, last week, -3 days or birthday");
        ("/value", "not-a-date", detail)
    })
}

pub(super) fn interval(value: &Json) -> Built<(Unit, i64)> {
    let wrong = || ("/value", "not-an-interval", "an interval is a number of days, weeks, months or years".to_string());
    let count = match value.get("interval").unwrap_or(&Json::Null) {
        Json::Number(number) => number.as_i64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let count = count.filter(|n| (0..=36_500).contains(n)).ok_or_else(wrong)?;
    let unit = match value.get("unit").and_then(Json::as_str).unwrap_or("").trim_end_matches('s') {
        "day" | "d" => Unit::Day,
        "week" | "w" => Unit::Week,
        "month" | "m" => Unit::Month,
        "year" | "y" => Unit::Year,
        _ => return Err(wrong()),
    };
    Ok((unit, count))
}

/// The condition in words: "City is like “pra”".
fn describe(field: &FilterField, op: Op, value: &Json) -> String {
    let verb = if field.kind.is_date() { op.date_label() } else { op.label() };
    let shown = match (field.kind, value) {
        (FieldKind::YesNo | FieldKind::RelatedYesNo, value) => match yes_no(value) {
            Ok(yes) => return format!("{}: {}", field.label, if yes == (op == Op::Eq) { "yes" } else { "no" }),
            Err(_) => String::new(),
        },
        (FieldKind::Behaviour, value) => return behaviour::words(&field.label, op, value),
        (FieldKind::Share, value) => return share::words(&field.label, op, value),
        (_, _) if op.needs_no_value() => return format!("{} {verb}", field.label),
        (_, Json::Object(object)) if object.contains_key("interval") => {
            let part = |key| object.get(key).map(plain).unwrap_or_default();
            format!("{} {}s", part("interval"), part("unit").trim_end_matches('s'))
        }
        (_, value) => plain(value),
    };
    format!("{} {verb} {shown}", field.label)
}

pub(super) fn plain(value: &Json) -> String {
    match value {
        Json::String(text) => format!("“{text}”"),
        Json::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Json::Null => String::new(),
        other => other.to_string(),
    }
}
