//! Operators: the verbs of conditions.

use std::fmt;

/// How a condition compares. The keys are those of the filter JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operator {
    Eq,
    Ne,
    Gt,
    Gte,
    Lt,
    Lte,
    Empty,
    NotEmpty,
    Like,
    NotLike,
    In,
    NotIn,
    IncludesAll,
    ExcludesAll,
    Regexp,
    NotRegexp,
    StartsWith,
    EndsWith,
    Contains,
    Between,
    NotBetween,
    InLast,
    InNext,
}

use Operator as Op;

const TABLE: [(Operator, &str, &str); 23] = [
    (Op::Eq, "=", "equals"),
    (Op::Ne, "!=", "does not equal"),
    (Op::Gt, "gt", "is greater than"),
    (Op::Gte, "gte", "is at least"),
    (Op::Lt, "lt", "is less than"),
    (Op::Lte, "lte", "is at most"),
    (Op::Empty, "empty", "is empty"),
    (Op::NotEmpty, "!empty", "is not empty"),
    (Op::Like, "like", "is like"),
    (Op::NotLike, "!like", "is not like"),
    (Op::In, "in", "includes any of"),
    (Op::NotIn, "!in", "includes none of"),
    (Op::IncludesAll, "includesAll", "includes all of"),
    (Op::ExcludesAll, "excludesAll", "does not include all of"),
    (Op::Regexp, "regexp", "matches the pattern"),
    (Op::NotRegexp, "!regexp", "does not match the pattern"),
    (Op::StartsWith, "startsWith", "starts with"),
    (Op::EndsWith, "endsWith", "ends with"),
    (Op::Contains, "contains", "contains"),
    (Op::Between, "between", "is between"),
    (Op::NotBetween, "!between", "is not between"),
    (Op::InLast, "inLast", "is in the last"),
    (Op::InNext, "inNext", "is in the next"),
];

impl Operator {
    pub fn key(self) -> &'static str {
        TABLE[self as usize].1
    }

    /// The operator in words, as it stands between a field and a value.
    pub fn label(self) -> &'static str {
        TABLE[self as usize].2
    }

    /// The words used for dates, where "greater" would be odd.
    pub fn date_label(self) -> &'static str {
        match self {
            Op::Eq => "is",
            Op::Ne => "is not",
            Op::Gt => "is after",
            Op::Gte => "is on or after",
            Op::Lt => "is before",
            Op::Lte => "is on or before",
            other => other.label(),
        }
    }

    /// Reads a key or one of the names that other programs use for it.
    pub fn parse(text: &str) -> Option<Operator> {
        if let Some((op, _, _)) = TABLE.iter().find(|(_, key, _)| *key == text) {
            return Some(*op);
        }
        Some(match text {
            "eq" | "==" => Op::Eq,
            "neq" | "<>" => Op::Ne,
            ">" => Op::Gt,
            ">=" => Op::Gte,
            "<" => Op::Lt,
            "<=" => Op::Lte,
            "notEmpty" => Op::NotEmpty,
            "notLike" => Op::NotLike,
            "notIn" => Op::NotIn,
            "notRegexp" => Op::NotRegexp,
            "notBetween" => Op::NotBetween,
            "inAll" | "includingAll" | "including all" => Op::IncludesAll,
            "!inAll" | "notInAll" | "excludingAll" | "excluding all" => Op::ExcludesAll,
            _ => return None,
        })
    }

    /// Whether the condition is complete without a value.
    pub fn needs_no_value(self) -> bool {
        matches!(self, Op::Empty | Op::NotEmpty)
    }

    /// Whether the operator compares written text rather than the value itself.
    pub fn is_textual(self) -> bool {
        matches!(self, Op::Like | Op::NotLike | Op::Regexp | Op::NotRegexp | Op::StartsWith | Op::EndsWith | Op::Contains)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_is_found_by_its_own_key() {
        for (i, (op, key, _)) in TABLE.iter().enumerate() {
            assert_eq!((Operator::parse(key), *op as usize), (Some(*op), i));
        }
        assert_eq!(Operator::parse("notEmpty"), Some(Op::NotEmpty));
        assert_eq!(Operator::parse("similar"), None);
    }
}
