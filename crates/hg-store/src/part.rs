//! Copies a part of one database into another of the same schema: whole tables, or the rows of some ids. For work that
//! is to happen beside the real data.

use crate::Result;
use crate::db::{Db, Lane};
use crate::error::StoreError;
use crate::rows;
use crate::sql::Sql;
use crate::tx::Flow;
use crate::value::{Value, ValueRef};

/// Ids of one statement.
const IDS: usize = 500;

/// Which rows of a table.
#[derive(Debug, Clone, Copy)]
pub enum Rows<'a> {
    All,
    /// Those whose column holds one of these.
    Of(&'static str, &'a [i64]),
}

/// Copies rows; what the target had in the table goes. Columns of fields that people made are added to it. How many
/// rows there were.
///
/// # Errors
/// When either database fails. A part of the rows may be there then.
pub async fn copy(from: &Db, to: &Db, table: &'static str, which: Rows<'_>) -> Result<u64> {
    let columns = from.read(move |tx| rows::columns(tx, table)).await?;
    let there = to.read(move |tx| rows::columns(tx, table)).await?;
    let missing: Vec<(String, &'static str)> =
        columns.iter().filter(|(name, _)| there.iter().all(|(n, _)| n != name)).cloned().collect();
    to.write_in(Lane::Bulk, move |tx| {
        for (column, kind) in &missing {
            tx.batch(&format!("ALTER TABLE {table} ADD COLUMN {column} {}", rows::column_type(kind)))?;
        }
        tx.exec(format!("DELETE FROM {table}"))?;
        Ok::<_, StoreError>(())
    })
    .await?;
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let (width, list) = (names.len(), names.join(", "));
    let (select, insert) = (format!("SELECT {list} FROM {table}"), format!("INSERT INTO {table} ({list})"));
    let portions: Vec<Option<(&'static str, Vec<i64>)>> = match which {
        Rows::All => vec![None],
        Rows::Of(column, ids) => ids.chunks(IDS).map(|part| Some((column, part.to_vec()))).collect(),
    };
    let mut copied = 0;
    for portion in portions {
        let select = select.clone();
        let values = from
            .read(move |tx| {
                let sql = match &portion {
                    None => Sql::new(select.clone()),
                    Some((column, ids)) => Sql::new(format!("{select} WHERE {column} @in($1)")).bind(ids.as_slice()),
                };
                let mut values = Vec::new();
                tx.each(sql, |r| {
                    for i in 0..width {
                        values.push(owned(r.value(i)?));
                    }
                    Ok(Flow::Next)
                })?;
                Ok::<_, StoreError>(values)
            })
            .await?;
        copied += (values.len() / width.max(1)) as u64;
        let insert = insert.clone();
        to.write_in(Lane::Bulk, move |tx| tx.insert_many(&insert, "", width, &values)).await?;
    }
    Ok(copied)
}

fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Int(n) => Value::Int(n),
        ValueRef::Real(x) => Value::Real(x),
        ValueRef::Text(text) => Value::Text(text.to_owned()),
        ValueRef::Bytes(bytes) => Value::Bytes(bytes.to_vec()),
    }
}
