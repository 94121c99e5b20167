//! Lines of CSV files that spreadsheets open.

use crate::error::{Error, Result};

/// A cell that a spreadsheet would run as a formula gets an apostrophe in front.
pub(crate) fn harmless(text: String) -> String {
    let risky = text.starts_with(['=', '@', '\t', '\r'])
        || (text.starts_with(['+', '-']) && text[1..].starts_with(|c: char| c.is_ascii_alphabetic() || c == '('));
    if risky { format!("'{text}") } else { text }
}

/// One line, with its line end.
pub(crate) fn csv_line<'a>(cells: impl Iterator<Item = &'a str>) -> Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(cells).map_err(|e| Error::internal(e.to_string()))?;
    writer.into_inner().map_err(|e| Error::internal(e.to_string()))
}
