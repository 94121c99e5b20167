//! Why a contact is in or out: the tree of a filter with what was found.

use serde::Serialize;

use crate::segments::dates::Window;
use crate::segments::{Bounds, ColumnTest, Facts, Match, Moment, Plan, Quantifier, Question, RelatedRow, Rule, Scratch, Value};
use crate::time::{Timestamp, format_date};

/// One condition or group with its verdict.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explained {
    pub verdict: bool,
    pub label: String,
    /// What was found for this contact, in words; groups have none.
    pub actual: Option<String>,
    /// The dates that were compared with, when the condition names dates.
    pub bounds: Option<String>,
    pub children: Vec<Explained>,
    /// How the children count together; conditions have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<Together>,
}

/// How the conditions of a group count together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Together {
    /// All of them must hold; otherwise one is enough.
    pub all: bool,
    pub not: bool,
}

impl Plan {
    /// Answers the filter for one contact and tells why.
    pub fn explain(&self, facts: &dyn Facts, moment: &Moment) -> Explained {
        let mut scratch = Scratch::default();
        let mut leaf = 0;
        self.explain_group(self.filter(), facts, moment, &mut scratch, &mut leaf)
    }

    fn explain_group(
        &self,
        group: &crate::segments::Filter,
        facts: &dyn Facts,
        moment: &Moment,
        scratch: &mut Scratch,
        leaf: &mut usize,
    ) -> Explained {
        let children: Vec<Explained> = group
            .rules
            .iter()
            .map(|rule| match rule {
                Rule::Group(inner) => self.explain_group(inner, facts, moment, scratch, leaf),
                Rule::Condition(_) => {
                    let explained = self.explain_leaf(*leaf, facts, moment, scratch);
                    *leaf += 1;
                    explained
                }
            })
            .collect();
        let (together, words) = match group.matching {
            Match::All => (children.iter().all(|c| c.verdict), "All of these"),
            Match::Any => (children.iter().any(|c| c.verdict), "Any of these"),
        };
        let empty = group.rules.is_empty();
        let label = match (empty, group.not) {
            (true, _) => "No conditions: only people added by hand".to_string(),
            (false, false) => words.to_string(),
            (false, true) => format!("Not: {}", words.to_lowercase()),
        };
        let counts = Together { all: matches!(group.matching, Match::All), not: group.not };
        let verdict = !empty && together != group.not;
        Explained { verdict, label, actual: None, bounds: None, children, group: Some(counts) }
    }

    fn explain_leaf(&self, leaf: usize, facts: &dyn Facts, moment: &Moment, scratch: &mut Scratch) -> Explained {
        let verdict = self.leaf(leaf, facts, moment, scratch);
        let actual = match &self.leaves[leaf].question {
            Question::Column { slot, test, .. } => column_words(facts.value(*slot, &self.columns[*slot]), test, moment),
            Question::Related { relation, quantifier: Quantifier::Count(_), .. } => {
                let rows = facts.related(relation);
                rows.iter().filter(|row| self.row_counts(leaf, row, moment, scratch)).count().to_string()
            }
            Question::Related { relation, .. } => rows_words(facts.related(relation)),
        };
        let bounds = match &self.leaves[leaf].question {
            Question::Column { test: ColumnTest::Day(_), .. } => moment.bounds[leaf].as_ref().map(day_words),
            _ => moment.bounds[leaf].as_ref().map(|bounds| instant_words(bounds, moment)),
        };
        let label = self.leaves[leaf].label.clone();
        Explained { verdict, label, actual: Some(actual), bounds, children: Vec::new(), group: None }
    }
}

fn column_words(value: Value<'_>, test: &ColumnTest, moment: &Moment) -> String {
    match (value, test) {
        (Value::Null, _) => "no value".to_string(),
        (Value::Text(""), _) => "empty".to_string(),
        (Value::Text(text), _) => text.to_string(),
        (Value::Number(number), _) => number.to_string(),
        (Value::Int(id), ColumnTest::Share(test)) => format!("drew {}", test.place(id)),
        (Value::Int(1), ColumnTest::YesNo(_)) => "yes".to_string(),
        (Value::Int(_), ColumnTest::YesNo(_)) => "no".to_string(),
        (Value::Int(at), ColumnTest::Instant(_) | ColumnTest::Written(_)) => local(Timestamp(at), moment),
        (Value::Int(number), _) => number.to_string(),
    }
}

fn rows_words(rows: &[RelatedRow]) -> String {
    const SHOWN: usize = 5;
    let texts: Vec<String> = rows
        .iter()
        .rev()
        .take(SHOWN)
        .filter_map(|row| {
            row.texts.first().map(|(_, text)| text.clone()).or_else(|| (row.object != 0).then(|| format!("#{}", row.object)))
        })
        .collect();
    match (rows.len(), texts.is_empty()) {
        (0, _) => "none".to_string(),
        (n, true) => n.to_string(),
        (n, false) if n > SHOWN => format!("{n}, the last: {}", texts.join(", ")),
        (_, false) => texts.join(", "),
    }
}

fn local(at: Timestamp, moment: &Moment) -> String {
    at.civil(&moment.zone).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn day_words(bounds: &Bounds) -> String {
    let before =
        |day: &str| day.parse::<jiff::civil::Date>().ok().and_then(|d| d.yesterday().ok()).map(format_date).unwrap_or_default();
    let words = |window: &Window| match (&window.from_day, &window.to_day) {
        (Some(from), Some(to)) if *from == before(to) => from.clone(),
        (Some(from), Some(to)) => format!("{from} to {}", before(to)),
        (Some(from), None) => format!("{from} or later"),
        (None, Some(to)) => format!("{} or earlier", before(to)),
        (None, None) => "any day".to_string(),
    };
    either(bounds, &words)
}

fn instant_words(bounds: &Bounds, moment: &Moment) -> String {
    let words = |window: &Window| match (window.from, window.to) {
        (Some(from), Some(to)) => format!("{} until {}", local(from, moment), local(to, moment)),
        (Some(from), None) => format!("{} or later", local(from, moment)),
        (None, Some(to)) => format!("before {}", local(to, moment)),
        (None, None) => "any time".to_string(),
    };
    either(bounds, &words)
}

fn either(bounds: &Bounds, words: &dyn Fn(&Window) -> String) -> String {
    match bounds {
        Bounds::Within(window) => words(window),
        Bounds::Outside(window) => format!("not {}", words(window)),
        Bounds::DayOfYear { days, negated } => {
            let days: Vec<String> = days.iter().map(|(month, day)| format!("{day}.{month}.")).collect();
            format!("{}{} of any year", if *negated { "not " } else { "" }, days.join(" or "))
        }
        Bounds::Never => "a date beyond the calendar".to_string(),
    }
}
