//! Conditions on the companies of contacts, answered for everybody: companies first, of which there are fewer, then one walk over
//! who belongs to which.

use hg_core::segments::{ColumnRef, Moment, Plan, RelatedRow, Relation, Scratch, StoredValue};
use hg_store::{Flow, Row, Sql, Tx, ValueRef};
use roaring::RoaringBitmap;
use serde_json::Value as Json;

use crate::error::Result;

/// The columns of a relation to companies, behind the overflow; read by [`values`].
pub(crate) fn selected(columns: &[ColumnRef], table: &str) -> String {
    let mut text = format!("{table}.overflow");
    for column in columns {
        match &column.column {
            Some(name) => text.push_str(&format!(", {table}.{name}")),
            None => text.push_str(", NULL"),
        }
    }
    text
}

/// The values of one company, whose overflow stands at `at`.
pub(crate) fn values(r: &Row<'_>, at: usize, columns: &[ColumnRef]) -> hg_store::Result<Vec<StoredValue>> {
    let overflow: Option<Json> = if columns.iter().any(|c| c.column.is_none()) { r.get(at)? } else { None };
    let value = |(n, column): (usize, &ColumnRef)| {
        if column.column.is_none() {
            return Ok(match overflow.as_ref().and_then(|o| o.get(&column.alias)) {
                Some(Json::String(text)) => StoredValue::Text(text.clone()),
                Some(Json::Number(n)) => {
                    n.as_i64().map_or_else(|| StoredValue::Number(n.as_f64().unwrap_or(0.0)), StoredValue::Int)
                }
                _ => StoredValue::Null,
            });
        }
        Ok(match r.value(at + 1 + n)? {
            ValueRef::Text(text) => StoredValue::Text(text.to_owned()),
            ValueRef::Int(n) => StoredValue::Int(n),
            ValueRef::Real(x) => StoredValue::Number(x),
            ValueRef::Null | ValueRef::Bytes(_) => StoredValue::Null,
        })
    };
    columns.iter().enumerate().map(value).collect()
}

/// Contacts with a company that passes; when `nothing` is answered with yes, those who have companies, none of which passes.
pub(super) fn leaf(
    tx: &mut Tx<'_>,
    plan: &Plan,
    leaf: usize,
    moment: &Moment,
    relation: &Relation,
    nothing: bool,
) -> Result<RoaringBitmap> {
    let Relation::Company { primary, columns } = relation else { return Ok(RoaringBitmap::new()) };
    let (mut alive, mut passing) = (RoaringBitmap::new(), RoaringBitmap::new());
    let mut scratch = Scratch::default();
    let text = format!("SELECT c.id, {} FROM companies c WHERE c.deleted_at IS NULL ORDER BY c.id", selected(columns, "c"));
    tx.each(Sql::new(text), |r| {
        let id: u32 = r.get(0)?;
        let row = RelatedRow { values: values(r, 1, columns)?, ..RelatedRow::about(i64::from(id)) };
        alive.insert(id);
        if plan.row_counts(leaf, &row, moment, &mut scratch) {
            passing.insert(id);
        }
        Ok(Flow::Next)
    })?;
    let (mut anywhere, mut found) = (RoaringBitmap::new(), RoaringBitmap::new());
    let only = if *primary { " WHERE is_primary = 1" } else { "" };
    tx.each(Sql::new(format!("SELECT contact_id, company_id FROM contact_companies{only}")), |r| {
        let (contact, company): (u32, u32) = (r.get(0)?, r.get(1)?);
        if alive.contains(company) {
            anywhere.insert(contact);
        }
        if passing.contains(company) {
            found.insert(contact);
        }
        Ok(Flow::Next)
    })?;
    Ok(if nothing { anywhere - found } else { found })
}
