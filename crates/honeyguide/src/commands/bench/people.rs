//! A table of contacts and nothing else.

use hg_app::{Error, Result};
use hg_core::text::fold;
use hg_store::{Lane, Value};

use super::{Bench, HEADERS, cells};

/// Fills the contact table.
pub(super) async fn fill(bench: &Bench, ws: &hg_app::Workspace) -> Result<()> {
    let mut from = 0;
    while from < bench.contacts {
        let to = (from + 1_000).min(bench.contacts);
        ws.db
            .write_in(Lane::Bulk, move |tx| {
                let rows: Vec<Value> = (from..to).flat_map(row).collect();
                let head = format!(
                    "INSERT INTO contacts ({}, email_key, company_fold, created_at, updated_at, identified_at)",
                    HEADERS.join(", ")
                );
                tx.insert_many(&head, "", HEADERS.len() + 5, &rows)?;
                Ok::<_, Error>(())
            })
            .await?;
        from = to;
    }
    Ok(())
}

fn row(n: u32) -> Vec<Value> {
    let cells = cells(n);
    let (email, company) = (cells[2].clone(), fold(&cells[7]));
    let mut values: Vec<Value> = cells
        .into_iter()
        .zip(HEADERS)
        .map(|(cell, header)| if header == "points" { Value::Int(cell.parse().unwrap_or(0)) } else { Value::Text(cell) })
        .collect();
    values.extend([Value::Text(email), Value::Text(company), Value::Int(1), Value::Int(1), Value::Int(1)]);
    values
}
