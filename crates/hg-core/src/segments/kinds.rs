//! The kinds of things that conditions can be about: the operators and the values that each takes.

use crate::segments::Operator as Op;

/// Which operators and values a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    Text,
    LongText,
    Select,
    Multiselect,
    Number,
    Date,
    Datetime,
    YesNo,
    /// One id: the owner.
    Id,
    /// Ids of related rows.
    Ids,
    RelatedYesNo,
    RelatedText,
    /// Texts of related rows, chosen from those that occur.
    RelatedChoice,
    RelatedDate,
    Count,
    Sum,
    /// How often something was done, about what and when: one block.
    Behaviour,
    /// The amount of the one related row.
    Amount,
    /// A random share of all.
    Share,
}

/// What kind of value goes with an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    None,
    Text,
    Number,
    Date,
    Datetime,
    Boolean,
    Option,
    Options,
    Ids,
    Interval,
    Range,
    /// `{"times", "last" or "from" and "to", "of", "url"}`.
    Behaviour,
    /// `{"percent", "from", "draw"}`.
    Share,
}

impl ValueKind {
    pub fn name(self) -> &'static str {
        match self {
            ValueKind::None => "none",
            ValueKind::Text => "text",
            ValueKind::Number => "number",
            ValueKind::Date => "date",
            ValueKind::Datetime => "datetime",
            ValueKind::Boolean => "boolean",
            ValueKind::Option => "option",
            ValueKind::Options => "options",
            ValueKind::Ids => "ids",
            ValueKind::Interval => "interval",
            ValueKind::Range => "range",
            ValueKind::Behaviour => "behaviour",
            ValueKind::Share => "share",
        }
    }
}

const TEXT: &[Op] = &[
    Op::Eq,
    Op::Ne,
    Op::Contains,
    Op::StartsWith,
    Op::EndsWith,
    Op::Empty,
    Op::NotEmpty,
    Op::Like,
    Op::NotLike,
    Op::In,
    Op::NotIn,
    Op::Regexp,
    Op::NotRegexp,
];
const LONG_TEXT: &[Op] = &[
    Op::Contains,
    Op::Like,
    Op::NotLike,
    Op::StartsWith,
    Op::EndsWith,
    Op::Eq,
    Op::Ne,
    Op::Empty,
    Op::NotEmpty,
    Op::Regexp,
    Op::NotRegexp,
    Op::Gt,
    Op::Gte,
    Op::Lt,
    Op::Lte,
];
const SELECT: &[Op] = &[Op::Eq, Op::Ne, Op::In, Op::NotIn, Op::Empty, Op::NotEmpty, Op::Regexp, Op::NotRegexp];
const MULTISELECT: &[Op] = &[Op::In, Op::NotIn, Op::IncludesAll, Op::ExcludesAll, Op::Empty, Op::NotEmpty];
const NUMBER: &[Op] = &[
    Op::Eq,
    Op::Ne,
    Op::Gt,
    Op::Gte,
    Op::Lt,
    Op::Lte,
    Op::Between,
    Op::NotBetween,
    Op::Empty,
    Op::NotEmpty,
    Op::Like,
    Op::NotLike,
    Op::Regexp,
    Op::NotRegexp,
    Op::StartsWith,
    Op::EndsWith,
    Op::Contains,
];
const DATE: &[Op] = &[
    Op::Eq,
    Op::Ne,
    Op::Gt,
    Op::Gte,
    Op::Lt,
    Op::Lte,
    Op::InLast,
    Op::InNext,
    Op::Between,
    Op::NotBetween,
    Op::Empty,
    Op::NotEmpty,
    Op::Like,
    Op::NotLike,
    Op::Regexp,
    Op::NotRegexp,
    Op::StartsWith,
    Op::EndsWith,
    Op::Contains,
];
const YES_NO: &[Op] = &[Op::Eq, Op::Ne];
const ID: &[Op] = &[Op::Eq, Op::Ne, Op::In, Op::NotIn, Op::Empty, Op::NotEmpty];
const RELATED_TEXT: &[Op] = &[
    Op::Contains,
    Op::Eq,
    Op::Ne,
    Op::Like,
    Op::NotLike,
    Op::StartsWith,
    Op::EndsWith,
    Op::Regexp,
    Op::NotRegexp,
    Op::Empty,
    Op::NotEmpty,
];
const RELATED_CHOICE: &[Op] = &[Op::In, Op::NotIn, Op::Empty, Op::NotEmpty, Op::Contains, Op::Like, Op::NotLike];
const RELATED_DATE: &[Op] =
    &[Op::Eq, Op::Ne, Op::Gt, Op::Gte, Op::Lt, Op::Lte, Op::InLast, Op::InNext, Op::Between, Op::Empty, Op::NotEmpty];
const TIMES: &[Op] = &[Op::Gte, Op::Lte, Op::Eq, Op::Gt, Op::Lt];
const COUNT: &[Op] = &[Op::Eq, Op::Ne, Op::Gt, Op::Gte, Op::Lt, Op::Lte, Op::Between];

impl FieldKind {
    /// The operators on offer, the usual ones first.
    pub fn operators(self) -> &'static [Op] {
        match self {
            FieldKind::Text => TEXT,
            FieldKind::LongText => LONG_TEXT,
            FieldKind::Select => SELECT,
            FieldKind::Multiselect | FieldKind::Ids => MULTISELECT,
            FieldKind::Number | FieldKind::Amount => NUMBER,
            FieldKind::Date | FieldKind::Datetime => DATE,
            FieldKind::YesNo | FieldKind::RelatedYesNo | FieldKind::Share => YES_NO,
            FieldKind::Id => ID,
            FieldKind::RelatedText => RELATED_TEXT,
            FieldKind::RelatedChoice => RELATED_CHOICE,
            FieldKind::RelatedDate => RELATED_DATE,
            FieldKind::Count | FieldKind::Sum => COUNT,
            FieldKind::Behaviour => TIMES,
        }
    }

    pub fn is_date(self) -> bool {
        matches!(self, FieldKind::Date | FieldKind::Datetime | FieldKind::RelatedDate)
    }

    /// The kind of value that an operator of this field compares with.
    pub fn value(self, op: Op) -> ValueKind {
        if op.needs_no_value() {
            return ValueKind::None;
        }
        match (self, op) {
            (FieldKind::Behaviour, _) => ValueKind::Behaviour,
            (FieldKind::Share, _) => ValueKind::Share,
            (_, Op::InLast | Op::InNext) => ValueKind::Interval,
            (_, Op::Between | Op::NotBetween) => ValueKind::Range,
            (FieldKind::YesNo | FieldKind::RelatedYesNo, _) => ValueKind::Boolean,
            (FieldKind::Ids | FieldKind::Id, _) => ValueKind::Ids,
            (_, Op::In | Op::NotIn | Op::IncludesAll | Op::ExcludesAll) => ValueKind::Options,
            (_, op) if op.is_textual() => ValueKind::Text,
            (FieldKind::Select, _) => ValueKind::Option,
            (FieldKind::Number | FieldKind::Count | FieldKind::Sum | FieldKind::Amount, _) => ValueKind::Number,
            (FieldKind::Date, _) => ValueKind::Date,
            (FieldKind::Datetime | FieldKind::RelatedDate, _) => ValueKind::Datetime,
            _ => ValueKind::Text,
        }
    }

    /// The name of the type in the catalogue of the API.
    pub fn type_name(self) -> &'static str {
        match self {
            FieldKind::Text | FieldKind::RelatedText => "text",
            FieldKind::LongText => "long_text",
            FieldKind::Select => "select",
            FieldKind::Multiselect | FieldKind::RelatedChoice => "multiselect",
            FieldKind::Number | FieldKind::Count | FieldKind::Sum | FieldKind::Amount => "number",
            FieldKind::Date => "date",
            FieldKind::Datetime | FieldKind::RelatedDate => "datetime",
            FieldKind::YesNo | FieldKind::RelatedYesNo => "boolean",
            FieldKind::Id => "id",
            FieldKind::Ids => "ids",
            FieldKind::Behaviour => "behaviour",
            FieldKind::Share => "share",
        }
    }
}
