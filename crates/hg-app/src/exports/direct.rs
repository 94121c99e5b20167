//! Exports that somebody waits for, at the console: the same columns and formats, no row that remembers them.

use std::path::Path;

use hg_core::ids::ContactId;

use super::format::{Format, Writing};
use crate::companies;
use crate::contacts::{self, ExportQuery};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};

/// How many contacts are read at once.
const PAGE: usize = 1_000;

fn begin(format: Format, output: Option<&Path>, columns: &[String]) -> Result<Writing> {
    match output {
        Some(path) => Writing::begin(format, path, columns),
        None => Writing::on_screen(format, columns),
    }
}

/// Refuses what a format cannot hold, before much of it was written.
pub(super) fn check_size(format: Format, rows: u64) -> Result<()> {
    match format.most_rows().filter(|most| rows > *most) {
        None => Ok(()),
        Some(most) => {
            let text = format!("A workbook holds at most {most} rows and these are {rows}. Choose CSV or JSON lines.");
            Err(Error::field("/format", "export.too-many", text))
        }
    }
}

/// Writes contacts to a file, or to the screen when none is named; how many they are.
pub async fn contacts_now(cx: &Cx, query: ExportQuery, format: Format, output: Option<&Path>) -> Result<u64> {
    let (wanted, columns) = contacts::export_chosen(cx, query).await?;
    check_size(format, wanted.len())?;
    let mut writing = begin(format, output, &columns)?;
    let mut people = wanted.iter().map(ContactId::from_bit);
    let mut written = 0;
    loop {
        let page: Vec<ContactId> = people.by_ref().take(PAGE).collect();
        if page.is_empty() {
            break;
        }
        for cells in contacts::export_rows(cx, page, columns.clone()).await? {
            writing.row(&cells)?;
            written += 1;
        }
    }
    writing.end()?;
    Ok(written)
}

/// The same for the companies that a search finds.
pub async fn companies_now(cx: &Cx, search: &str, columns: Vec<String>, format: Format, output: Option<&Path>) -> Result<u64> {
    cx.may(Action::View(Area::Contacts))?;
    let columns = companies::export_columns(cx, columns).await?;
    let mut writing = begin(format, output, &columns)?;
    let (mut written, mut after) = (0, 0);
    while let Some((rows, last)) = companies::export_rows(cx, &columns, search, cx.user_id(), after).await? {
        check_size(format, written + rows.len() as u64)?;
        for cells in &rows {
            writing.row(cells)?;
            written += 1;
        }
        after = last;
    }
    writing.end()?;
    Ok(written)
}
