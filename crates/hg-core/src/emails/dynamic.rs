//! Dynamic content: blocks of an email of which each person gets the first variation that fits, else the default.
//!
//! The rows of a variation are tried in their order: a row with the glue `or` begins a new group; inside a group every
//! row must hold, and one group is enough. A field that the contact does not have counts as empty.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::ContactValues;
use crate::segments::{Operator, TextTest};

/// More than this is surely a mistake.
const MOST: usize = 100;

/// The pseudo field that asks whether a contact is in a segment.
pub fn segment_alias(id: i64) -> String {
    format!("segment:{id}")
}

/// The segment that a pseudo field asks about.
pub fn segment_of_alias(alias: &str) -> Option<i64> {
    alias.strip_prefix("segment:")?.parse().ok()
}

/// The pseudo field that asks whether a contact is in any segment at all.
pub const ANY_SEGMENT: &str = "segment:any";

/// A named block.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DynamicSlot {
    /// What stands in `{dynamiccontent="…"}`.
    pub name: String,
    /// HTML for whoever no variation fits.
    pub content: String,
    /// Tried in their order.
    pub variations: Vec<DynamicVariation>,
}

/// What some people see instead of the default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DynamicVariation {
    /// HTML, tokens included.
    pub content: String,
    /// Who they are.
    pub rows: Vec<DynamicRow>,
}

/// One condition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DynamicRow {
    /// `or` begins a new group.
    pub glue: String,
    /// Alias of a field; `leadlist` asks for segments.
    pub field: String,
    /// `lead` or `company`.
    pub object: String,
    /// The type of the field, as the program that wrote the row calls it.
    pub kind: String,
    /// Key of the operator.
    pub operator: String,
    /// What to compare with.
    pub value: Json,
}

/// What is wrong with a block, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamicMistake {
    /// JSON pointer inside the list of blocks.
    pub pointer: String,
    /// A sentence for the author.
    pub detail: String,
}

impl DynamicRow {
    /// Whether the row asks for segments.
    pub fn asks_segments(&self) -> bool {
        self.kind == "leadlist" || self.field == "leadlist" || self.field == "segment"
    }

    fn segments(&self) -> Vec<i64> {
        wanted(&self.value).iter().filter_map(|text| text.trim().parse().ok()).collect()
    }

    /// Aliases whose values decide the row.
    fn aliases(&self) -> Vec<String> {
        if !self.asks_segments() {
            return vec![self.field.clone()];
        }
        let mut aliases: Vec<String> = self.segments().into_iter().map(segment_alias).collect();
        if aliases.is_empty() {
            aliases.push(ANY_SEGMENT.to_owned());
        }
        aliases
    }
}

/// The texts that a row compares with.
fn wanted(value: &Json) -> Vec<String> {
    let text = |one: &Json| match one {
        Json::String(text) => text.clone(),
        Json::Bool(yes) => i64::from(*yes).to_string(),
        Json::Null => String::new(),
        other => other.to_string(),
    };
    match value {
        Json::Array(many) => many.iter().map(text).collect(),
        Json::Null => Vec::new(),
        one => vec![text(one)],
    }
}

/// The variations of all blocks, ready to be asked.
#[derive(Debug, Clone)]
pub(super) struct Choice {
    /// One row of groups for each variation.
    variations: Vec<Vec<Vec<Test>>>,
}

#[derive(Debug, Clone)]
struct Test {
    aliases: Vec<String>,
    asks: Asks,
}

#[derive(Debug, Clone)]
enum Asks {
    /// Member of one of the segments of the aliases (or of any); or of none.
    Segments {
        member: bool,
    },
    /// One of several values shared with a field that may hold several.
    Any {
        wanted: HashSet<String>,
        negated: bool,
    },
    Number {
        op: Operator,
        wanted: f64,
    },
    Truth {
        wanted: bool,
        negated: bool,
    },
    Text(TextTest),
}

impl Choice {
    /// Compiles the variations of a block, or tells what is wrong with them.
    pub(super) fn of(slot: &DynamicSlot, pointer: &str) -> Result<Self, Vec<DynamicMistake>> {
        let (mut variations, mut wrong) = (Vec::new(), Vec::new());
        for (v, variation) in slot.variations.iter().enumerate() {
            let mut groups: Vec<Vec<Test>> = Vec::new();
            for (r, row) in variation.rows.iter().enumerate() {
                let at = format!("{pointer}/variations/{v}/rows/{r}");
                match Test::of(row) {
                    Ok(test) => {
                        if groups.is_empty() || row.glue == "or" {
                            groups.push(Vec::new());
                        }
                        if let Some(group) = groups.last_mut() {
                            group.push(test);
                        }
                    }
                    Err(detail) => wrong.push(DynamicMistake { pointer: at, detail }),
                }
            }
            variations.push(groups);
        }
        if wrong.is_empty() { Ok(Self { variations }) } else { Err(wrong) }
    }

    /// The number of the first variation that fits; none without a contact, and never one without conditions.
    pub(super) fn pick(&self, contact: Option<&dyn ContactValues>) -> Option<usize> {
        let contact = contact?;
        self.variations.iter().position(|groups| groups.iter().any(|group| group.iter().all(|test| test.holds(contact))))
    }
}

impl Test {
    fn of(row: &DynamicRow) -> Result<Self, String> {
        if row.field.trim().is_empty() {
            return Err("Choose a field.".into());
        }
        let Some(op) = Operator::parse(&row.operator) else {
            return Err(format!("There is no operator “{}”.", row.operator));
        };
        let aliases = row.aliases();
        let asks = if row.asks_segments() { Asks::segments(row, op)? } else { Asks::of(row, op)? };
        Ok(Self { aliases, asks })
    }

    fn holds(&self, contact: &dyn ContactValues) -> bool {
        let has = |alias: &String| contact.value(alias).is_some_and(|v| !v.text.is_empty());
        if let Asks::Segments { member } = self.asks {
            return self.aliases.iter().any(has) == member;
        }
        let value = self.aliases.first().and_then(|alias| contact.value(alias));
        let text = value.as_ref().map(|v| v.text.as_ref()).filter(|text| !text.is_empty());
        self.asks.passes(text)
    }
}

impl Asks {
    fn segments(row: &DynamicRow, op: Operator) -> Result<Self, String> {
        let named = !row.segments().is_empty();
        match op {
            Operator::In | Operator::Eq if named => Ok(Self::Segments { member: true }),
            Operator::NotIn | Operator::Ne if named => Ok(Self::Segments { member: false }),
            Operator::In | Operator::Eq | Operator::NotIn | Operator::Ne => Err("Choose a segment.".into()),
            Operator::Empty => Ok(Self::Segments { member: false }),
            Operator::NotEmpty => Ok(Self::Segments { member: true }),
            other => Err(format!("“{}” cannot be asked of segments.", other.label())),
        }
    }

    fn of(row: &DynamicRow, op: Operator) -> Result<Self, String> {
        let values = wanted(&row.value);
        let first = values.first().map(String::as_str).unwrap_or_default();
        let number = || first.trim().replace(',', ".").parse::<f64>().ok().filter(|n| n.is_finite());
        let compares = matches!(op, Operator::Gt | Operator::Gte | Operator::Lt | Operator::Lte);
        let equals = matches!(op, Operator::Eq | Operator::Ne);
        Ok(match op {
            Operator::Empty => Self::Text(TextTest::empty(true)),
            Operator::NotEmpty => Self::Text(TextTest::empty(false)),
            _ if row.kind == "boolean" && (equals || matches!(op, Operator::In | Operator::NotIn)) => {
                let wanted = is_true(first);
                Self::Truth { wanted, negated: matches!(op, Operator::Ne | Operator::NotIn) }
            }
            Operator::In | Operator::NotIn => {
                if values.is_empty() {
                    return Err("Choose at least one value.".into());
                }
                let wanted = values.iter().map(|text| crate::text::fold(text.trim())).collect();
                Self::Any { wanted, negated: op == Operator::NotIn }
            }
            _ if (row.kind == "number" && equals || compares) && number().is_some() => {
                Self::Number { op, wanted: number().unwrap_or_default() }
            }
            _ if row.kind == "number" && (equals || compares) => return Err("Compare a number with a number.".into()),
            Operator::Like | Operator::NotLike => {
                Self::Text(TextTest::of(op, &first.replace('*', "%")).map_err(|(_, detail)| format!("{detail}."))?)
            }
            _ => Self::Text(TextTest::of(op, first).map_err(|(_, detail)| format!("{detail}."))?),
        })
    }

    /// `text`: none when the field is empty or unknown.
    fn passes(&self, text: Option<&str>) -> bool {
        match self {
            Self::Segments { .. } => false,
            Self::Any { wanted, negated } => {
                let mut parts = text.into_iter().flat_map(|text| std::iter::once(text).chain(text.split('|')));
                parts.any(|part| wanted.contains(&crate::text::fold(part.trim()))) != *negated
            }
            Self::Number { op, wanted } => {
                let Some(value) = text.and_then(|text| text.trim().parse::<f64>().ok()) else { return *op == Operator::Ne };
                match op {
                    Operator::Eq => value == *wanted,
                    Operator::Ne => value != *wanted,
                    Operator::Gt => value > *wanted,
                    Operator::Gte => value >= *wanted,
                    Operator::Lt => value < *wanted,
                    _ => value <= *wanted,
                }
            }
            Self::Truth { wanted, negated } => (text.is_some_and(is_true) == *wanted) != *negated,
            Self::Text(test) => test.passes(text, &mut String::new()),
        }
    }
}

fn is_true(text: &str) -> bool {
    matches!(text.trim().to_ascii_lowercase().as_str(), "1" | "true" | "yes" | "on")
}

/// Aliases of everything that decides about the blocks.
pub(super) fn aliases(slots: &[DynamicSlot]) -> Vec<String> {
    slots.iter().flat_map(|slot| &slot.variations).flat_map(|v| &v.rows).flat_map(DynamicRow::aliases).collect()
}

/// What is wrong with the blocks of an email.
pub fn dynamic_mistakes(slots: &[DynamicSlot]) -> Vec<DynamicMistake> {
    let mut wrong = Vec::new();
    let mut names = HashSet::new();
    if slots.len() > MOST {
        wrong.push(DynamicMistake { pointer: String::new(), detail: format!("An email has at most {MOST} blocks.") });
    }
    for (number, slot) in slots.iter().enumerate() {
        let pointer = format!("/{number}");
        let name = slot.name.trim();
        let mut say = |detail: String| wrong.push(DynamicMistake { pointer: format!("{pointer}/name"), detail });
        if name.is_empty() {
            say("Give the block a name.".into());
        } else if name.contains(['"', '{', '}', '<', '>', '\n']) || name.chars().count() > 100 {
            say("A name has at most 100 characters, without quotes, braces and angle brackets.".into());
        } else if !names.insert(name.to_lowercase()) {
            say(format!("There are two blocks named “{name}”."));
        }
        let rows = slot.variations.iter().map(|v| v.rows.len()).max().unwrap_or(0);
        if slot.variations.len() > MOST || rows > MOST {
            say(format!("A block has at most {MOST} variations, and each at most {MOST} conditions."));
        }
        if let Some(empty) = slot.variations.iter().position(|v| v.rows.is_empty() && !v.content.trim().is_empty()) {
            let pointer = format!("{pointer}/variations/{empty}");
            wrong.push(DynamicMistake { pointer, detail: "Say who sees this variation: add a condition.".into() });
        }
        if let Err(mistakes) = Choice::of(slot, &pointer) {
            wrong.extend(mistakes);
        }
    }
    wrong
}
