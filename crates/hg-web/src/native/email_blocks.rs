//! Blocks of an email that differ from person to person, as the native API writes them.

use hg_core::emails::{DynamicRow, DynamicSlot, DynamicVariation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A block of dynamic content: the first variation that fits, else the default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DynamicBlock {
    /// What stands in `{dynamiccontent="…"}`.
    pub name: String,
    /// HTML for whoever no variation fits.
    pub content: String,
    pub variations: Vec<DynamicBlockVariation>,
}

/// What some people see instead of the default.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DynamicBlockVariation {
    pub content: String,
    /// A row with the glue `or` begins a new group; all rows of a group must hold, one group is enough.
    pub rows: Vec<DynamicBlockRow>,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DynamicBlockRow {
    /// `and` or `or`.
    pub glue: String,
    /// Alias of a field of contacts or companies, `tags`, or `leadlist` for segments.
    pub field: String,
    /// Type of the field; decides how values are compared.
    pub kind: String,
    /// For example `=`, `!=`, `gt`, `empty`, `like`, `in`, `regexp`, `startsWith`.
    pub operator: String,
    /// A text, a number, or a list of them.
    #[schema(value_type = Value)]
    pub value: serde_json::Value,
}

impl From<DynamicSlot> for DynamicBlock {
    fn from(slot: DynamicSlot) -> Self {
        let row = |r: DynamicRow| DynamicBlockRow {
            glue: if r.glue == "or" { "or".into() } else { "and".into() },
            field: r.field,
            kind: r.kind,
            operator: r.operator,
            value: r.value,
        };
        let variation =
            |v: DynamicVariation| DynamicBlockVariation { content: v.content, rows: v.rows.into_iter().map(row).collect() };
        Self { name: slot.name, content: slot.content, variations: slot.variations.into_iter().map(variation).collect() }
    }
}

impl From<DynamicBlock> for DynamicSlot {
    fn from(block: DynamicBlock) -> Self {
        let row = |r: DynamicBlockRow| DynamicRow {
            glue: r.glue,
            object: if r.field.starts_with("company") { "company".into() } else { "lead".into() },
            field: r.field,
            kind: r.kind,
            operator: r.operator,
            value: r.value,
        };
        let variation =
            |v: DynamicBlockVariation| DynamicVariation { content: v.content, rows: v.rows.into_iter().map(row).collect() };
        Self { name: block.name, content: block.content, variations: block.variations.into_iter().map(variation).collect() }
    }
}
