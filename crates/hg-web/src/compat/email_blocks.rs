//! `dynamicContent` of `/api/emails` (`messages.md` §1.1 and §2.3).

use hg_core::emails::{DynamicRow, DynamicSlot, DynamicVariation};
use serde_json::{Value, json};

/// The blocks of a request; none when it does not name them.
pub fn read(body: &Value) -> Vec<DynamicSlot> {
    body.as_array().into_iter().flatten().enumerate().map(|(number, block)| slot(number, block)).collect()
}

fn text(from: &Value, key: &str) -> String {
    from.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'a>(from: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    from.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn slot(number: usize, block: &Value) -> DynamicSlot {
    let name = text(block, "tokenName");
    let variation =
        |one: &Value| DynamicVariation { content: text(one, "content"), rows: list(one, "filters").map(row).collect() };
    DynamicSlot {
        name: if name.is_empty() { format!("Dynamic Content {}", number + 1) } else { name },
        content: text(block, "content"),
        variations: list(block, "filters").map(variation).collect(),
    }
}

fn row(row: &Value) -> DynamicRow {
    let object = text(row, "object");
    DynamicRow {
        glue: text(row, "glue"),
        field: text(row, "field"),
        object: if object.is_empty() { "lead".into() } else { object },
        kind: text(row, "type"),
        operator: text(row, "operator"),
        value: row.get("filter").cloned().unwrap_or(Value::Null),
    }
}

/// The blocks of an answer.
pub fn show(slots: &[DynamicSlot]) -> Value {
    let row = |r: &DynamicRow| {
        json!({"glue": if r.glue.is_empty() { "and" } else { &r.glue }, "field": r.field, "object": r.object, "type": r.kind,
               "operator": r.operator, "filter": r.value, "display": null})
    };
    let variation = |v: &DynamicVariation| {
        let content = if v.content.is_empty() { Value::Null } else { json!(v.content) };
        json!({"content": content, "filters": v.rows.iter().map(row).collect::<Vec<_>>()})
    };
    let slot = |s: &DynamicSlot| json!({"tokenName": s.name, "content": s.content, "filters": s.variations.iter().map(variation).collect::<Vec<_>>()});
    slots.iter().map(slot).collect()
}
