//! Rows that were not imported, with their reasons.

use hg_core::ids::ImportId;
use hg_store::Value;

use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::imports::store;
use crate::list::{ListQuery, Page};

/// A page of the rows that were rejected, by line: line, reason, cells.
pub async fn rejected_rows(cx: &Cx, id: ImportId, query: ListQuery) -> Result<Page<store::RejectedRow>> {
    cx.may(Action::View(Area::Contacts))?;
    let after = query.after()?.map_or(0, |(_, line)| line);
    let limit = query.limit();
    cx.db()
        .read(move |tx| {
            store::find(tx, id)?;
            let rows = store::rejected(tx, id, after, i64::from(limit) + 1)?;
            Ok(Page::of(rows, limit, None, |row| (Value::Null, row.0)))
        })
        .await
}

/// Rejected rows as CSV, behind a line: the head and then pages; where to go on, `None` at the end.
pub async fn rejected_page(cx: &Cx, id: ImportId, after: Option<i64>) -> Result<Option<(Vec<u8>, i64)>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let import = store::find(tx, id)?;
            let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
            let broken = |e: csv::Error| Error::internal(e.to_string());
            let mut last = after.unwrap_or(0);
            if after.is_none() {
                let head = import.setup.headers.iter().map(String::as_str).chain(["line", "reason"]);
                writer.write_record(head).map_err(broken)?;
            }
            let rows = store::rejected(tx, id, last, 1_000)?;
            if rows.is_empty() && after.is_some() {
                return Ok(None);
            }
            for (line, reason, mut cells) in rows {
                last = line;
                // The reason stands in the same column whatever the row looked like.
                cells.resize(import.setup.headers.len().max(cells.len()), String::new());
                cells.extend([line.to_string(), reason]);
                writer.write_record(&cells).map_err(broken)?;
            }
            let bytes = writer.into_inner().map_err(|e| Error::internal(e.to_string()))?;
            Ok(Some((bytes, last)))
        })
        .await
}
