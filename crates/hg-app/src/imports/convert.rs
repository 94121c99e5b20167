//! Workbooks and JSON lines, written anew as CSV when they come in: from there on an import is read in one way, and goes
//! on at a byte after a crash.
//!
//! Every row of the source is one line of the copy, also an empty one, so that the line of a rejected row is its row in
//! the sheet (JSON lines have no head line: [`reader`](super::reader) counts them from one). Line breaks within cells are kept as [`BREAK`] for that and given back by [`whole`].

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;

use calamine::{DataRef, ExcelDateTime, Reader, SheetType, SheetVisible, Xlsx, XlsxError, open_workbook};
use serde_json::{Map, Value as Json};

use crate::csv_text::csv_line;
use crate::error::{Error, Result};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Comma, semicolon or tab separated text; nothing to be done.
    Text,
    Workbook,
    JsonLines,
}

impl Kind {
    pub fn key(self) -> &'static str {
        match self {
            Kind::Text => "csv",
            Kind::Workbook => "xlsx",
            Kind::JsonLines => "jsonl",
        }
    }

    /// By its first bytes: names lie.
    pub fn of(head: &[u8]) -> Kind {
        let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
        if head.starts_with(b"PK\x03\x04") {
            Kind::Workbook
        } else if text.starts_with(b"{") || (text.starts_with(b"[") && text[1..].trim_ascii_start().starts_with(b"{")) {
            Kind::JsonLines
        } else {
            Kind::Text
        }
    }
}

/// Stands for a line break within a cell of the copy.
const BREAK: char = '\u{2028}';

/// A cell of a copy with its own line breaks.
pub(super) fn whole(cell: &str) -> String {
    cell.replace(BREAK, "\n")
}

/// A workbook of more bytes is refused.
const LARGEST_BOOK: u64 = 300 * 1024 * 1024;
/// What a workbook holds beside its sheets has to fit into memory.
const LARGEST_TEXTS: u64 = 400 * 1024 * 1024;
const MOST_COLUMNS: usize = 1_000;
const MOST_ROWS: u32 = 1_048_576;
/// A longer line is no person.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;

fn refused(code: &'static str, detail: impl Into<String>) -> Error {
    Error::field("/file", code, detail)
}

fn unreadable(error: &dyn std::fmt::Display) -> Error {
    refused("import.unreadable", format!("The file cannot be read: {error}."))
}

fn no_room(error: &std::io::Error) -> Error {
    Error::unavailable(format!("The file cannot be kept: {error}. Is the disk full?"))
}

fn broken_book(detail: impl std::fmt::Display) -> Error {
    refused(
        "import.workbook",
        format!("The workbook cannot be read ({detail}). Open it, save it anew as .xlsx or CSV, and import that."),
    )
}

/// Writes the copy. Takes as long as reading the file does: call it where waiting is allowed.
pub(super) fn copy(kind: Kind, from: &Path, to: &Path) -> Result<()> {
    let written = std::panic::catch_unwind(|| match kind {
        Kind::Workbook => workbook(from, to),
        Kind::JsonLines => json_lines(from, to),
        Kind::Text => Ok(()),
    });
    let written = written.unwrap_or_else(|_| Err(broken_book("it is damaged")));
    if written.is_err() {
        let _ = std::fs::remove_file(to);
    }
    written
}

struct Copy {
    file: BufWriter<File>,
    width: usize,
}

impl Copy {
    fn begin(to: &Path, head: &[String], lines_before: u32) -> Result<Copy> {
        let file = BufWriter::new(File::create(to).map_err(|e| no_room(&e))?);
        let mut copy = Copy { file, width: head.len() };
        for _ in 0..lines_before {
            copy.file.write_all(b"\n").map_err(|e| no_room(&e))?;
        }
        copy.row(head)?;
        Ok(copy)
    }

    fn row(&mut self, cells: &[String]) -> Result<()> {
        if cells.iter().all(String::is_empty) {
            return self.empty();
        }
        let cells: Vec<String> = cells.iter().map(|c| c.replace("\r\n", "\n").replace(['\r', '\n'], "\u{2028}")).collect();
        let line = csv_line(cells.iter().map(String::as_str))?;
        self.file.write_all(&line).map_err(|e| no_room(&e))
    }

    /// A row with nothing in it: cells all the same, for a reader passes over empty lines without counting them.
    fn empty(&mut self) -> Result<()> {
        let line = csv_line(std::iter::repeat_n("", self.width.max(2)))?;
        self.file.write_all(&line).map_err(|e| no_room(&e))
    }

    fn end(self) -> Result<()> {
        let file = self.file.into_inner().map_err(|e| no_room(&e.into_error()))?;
        file.sync_all().map_err(|e| no_room(&e))
    }
}

/// The first sheet with anything in it that people see.
fn workbook(from: &Path, to: &Path) -> Result<()> {
    if std::fs::metadata(from).map_err(|e| unreadable(&e))?.len() > LARGEST_BOOK {
        return Err(refused("import.too-large", "The workbook is larger than 300 MB. Save it as CSV: that may have any size."));
    }
    fits_into_memory(from)?;
    let mut book: Xlsx<_> = open_workbook(from).map_err(|error: XlsxError| match error {
        XlsxError::Password => refused("import.password", "The workbook is protected by a password. Save it without one."),
        XlsxError::FileNotFound(_) => {
            refused("import.workbook", "This is an archive and no workbook. Save the list as .xlsx or CSV and import that.")
        }
        error => broken_book(error),
    })?;
    let sheets: Vec<String> = book
        .sheets_metadata()
        .iter()
        .filter(|s| s.typ == SheetType::WorkSheet && s.visible == SheetVisible::Visible)
        .map(|s| s.name.clone())
        .collect();
    for sheet in sheets {
        if copy_sheet(&mut book, &sheet, to)? {
            return Ok(());
        }
    }
    Err(refused("import.empty", "The workbook is empty."))
}

/// Texts and styles are held in memory while a sheet is read: what they really unpack to is counted first.
fn fits_into_memory(from: &Path) -> Result<()> {
    let file = File::open(from).map_err(|e| unreadable(&e))?;
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(broken_book)?;
    let mut left = LARGEST_TEXTS;
    for at in 0..archive.len() {
        let part = archive.by_index(at).map_err(broken_book)?;
        let name = part.name().map_err(broken_book)?.into_owned();
        if name.starts_with("xl/worksheets/sheet") || name.starts_with("xl/media/") {
            continue;
        }
        let read = std::io::copy(&mut part.take(left + 1), &mut std::io::sink()).map_err(broken_book)?;
        if read > left {
            return Err(refused("import.too-large", "The texts of the workbook are too large to be read. Save it as CSV."));
        }
        left -= read;
    }
    Ok(())
}

type Book = Xlsx<BufReader<File>>;

/// Whether there was anything in the sheet.
fn copy_sheet(book: &mut Book, sheet: &str, to: &Path) -> Result<bool> {
    let mut cells = book.worksheet_cells_reader(sheet).map_err(broken_book)?;
    let codes: HashMap<usize, usize> = cells
        .styles()
        .iter()
        .enumerate()
        .filter_map(|(id, style)| Some((id, zeros(&style.number_format.as_ref()?.format_code)?)))
        .collect();
    let mut copy: Option<Copy> = None;
    // The row that is being gathered: its number, the column at which the list begins, its cells.
    let (mut at, mut first, mut row) = (None::<u32>, 0usize, Vec::<String>::new());
    let mut next_line = 0u32;
    loop {
        let next = cells.next_cell_with_style_id().map_err(broken_book)?;
        let place = next.as_ref().map(|(cell, _)| cell.get_position());
        if at.is_some() && place.map(|(r, _)| r) != at {
            let number = at.unwrap_or(0);
            if number >= MOST_ROWS || number < next_line {
                return Err(broken_book("its rows are out of order"));
            }
            match &mut copy {
                None if row.iter().any(|cell| !cell.trim().is_empty()) => {
                    first = row.iter().position(|cell| !cell.trim().is_empty()).unwrap_or(0);
                    copy = Some(Copy::begin(to, &head_of(&row[first..]), number)?);
                    next_line = number + 1;
                }
                None => {}
                Some(copy) => {
                    while next_line < number {
                        copy.empty()?;
                        next_line += 1;
                    }
                    let mut cells: Vec<String> = row.get(first..).unwrap_or_default().to_vec();
                    cells.resize(copy.width, String::new());
                    copy.row(&cells)?;
                    next_line = number + 1;
                }
            }
            row.clear();
        }
        let Some((cell, style)) = next else { break };
        let (number, column) = cell.get_position();
        at = Some(number);
        let column = column as usize;
        let limit = copy.as_ref().map_or(MOST_COLUMNS + 100, |c| first + c.width);
        if column < limit {
            if row.len() <= column {
                row.resize(column + 1, String::new());
            }
            row[column] = shown(cell.get_value(), codes.get(&style).copied());
        }
    }
    match copy {
        Some(copy) => copy.end().map(|()| true),
        None => Ok(false),
    }
}

/// The names of the columns; cells behind the last name do not belong to the list.
fn head_of(row: &[String]) -> Vec<String> {
    let end = row.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |at| at + 1);
    row[..end.min(MOST_COLUMNS)].to_vec()
}

/// How many digits a format like `00000` shows at least: postal codes are often written so.
fn zeros(code: &str) -> Option<usize> {
    (code.len() > 1 && code.bytes().all(|b| b == b'0')).then_some(code.len())
}

/// A cell as people see it.
fn shown(value: &DataRef<'_>, digits: Option<usize>) -> String {
    match value {
        DataRef::Empty | DataRef::Error(_) => String::new(),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(yes) => if *yes { "true" } else { "false" }.to_owned(),
        DataRef::Int(n) => padded(n.to_string(), digits),
        DataRef::Float(x) => padded(number(*x), digits),
        DataRef::DateTime(at) => date(at),
    }
}

fn padded(number: String, digits: Option<usize>) -> String {
    match digits {
        Some(digits) if number.bytes().all(|b| b.is_ascii_digit()) => format!("{number:0>digits$}"),
        _ => number,
    }
}

/// Spreadsheets show fifteen digits: what is behind them is how computers count, and nobody wrote it.
fn number(x: f64) -> String {
    let rounded: f64 = format!("{x:.14e}").parse().unwrap_or(x);
    format!("{rounded}")
}

fn date(at: &ExcelDateTime) -> String {
    if at.is_duration() {
        let seconds = (at.as_f64() * 86_400.0).round() as i64;
        return format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    }
    let (year, month, day, hour, minute, second, _) = at.to_ymd_hms_milli();
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    match (at.as_f64() < 1.0, time.as_str()) {
        (true, time) => time.to_owned(),
        (false, "00:00:00") => format!("{year:04}-{month:02}-{day:02}"),
        (false, time) => format!("{year:04}-{month:02}-{day:02} {time}"),
    }
}

/// Lines of a file, cut at [`LONGEST_LINE`].
fn each_line(from: &Path, mut take: impl FnMut(&str) -> Result<()>) -> Result<()> {
    let mut file = BufReader::new(File::open(from).map_err(|e| unreadable(&e))?);
    let mut line = Vec::new();
    let mut first = true;
    loop {
        line.clear();
        let read = file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line).map_err(|e| unreadable(&e))?;
        if read == 0 {
            return Ok(());
        }
        if read as u64 == LONGEST_LINE && !line.ends_with(b"\n") {
            return Err(refused(
                "import.line-too-long",
                "A line is longer than 4 MB. Write one JSON object on each line (JSON lines), not a list of them.",
            ));
        }
        let text = String::from_utf8_lossy(&line);
        let text = if first { text.trim_start_matches('\u{feff}') } else { &text };
        first = false;
        take(text.trim())?;
    }
}

/// One object a line. Columns are the names that occur, in the order in which they are met; objects in objects are named
/// with a dot.
fn json_lines(from: &Path, to: &Path) -> Result<()> {
    let mut names: Vec<String> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    each_line(from, |line| {
        for (name, _) in object(line).unwrap_or_default() {
            if !known.contains_key(&name) {
                known.insert(name.clone(), names.len());
                names.push(name);
            }
        }
        if names.len() > MOST_COLUMNS {
            return Err(refused(
                "import.too-many-columns",
                "The objects have more than 1,000 different names. Are values used as names?",
            ));
        }
        Ok(())
    })?;
    if names.is_empty() {
        let text =
            "No line of the file is a JSON object. Write one object on each line, such as {\"email\": \"ada@example.org\"}.";
        return Err(refused("import.json", text));
    }
    let mut copy = Copy::begin(to, &names, 0)?;
    each_line(from, |line| match object(line) {
        _ if line.is_empty() => copy.empty(),
        Some(values) => {
            let mut cells = vec![String::new(); names.len()];
            for (name, value) in values {
                if let Some(at) = known.get(&name) {
                    cells[*at] = value;
                }
            }
            copy.row(&cells)
        }
        // One cell too few or too many: the row is rejected, and told as what it is.
        None => {
            let text: String = line.chars().take(2_000).collect();
            let extra = if names.len() == 1 { vec![text, String::new()] } else { vec![text] };
            copy.row(&extra)
        }
    })?;
    copy.end()
}

/// Names and values of an object, `None` when the line is none.
fn object(line: &str) -> Option<Vec<(String, String)>> {
    let object: Map<String, Json> = serde_json::from_str(line).ok()?;
    let mut found = Vec::new();
    flatten("", object, &mut found, 0);
    Some(found)
}

fn flatten(prefix: &str, object: Map<String, Json>, into: &mut Vec<(String, String)>, depth: usize) {
    for (name, value) in object {
        let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            Json::Object(inner) if depth < 8 => flatten(&name, inner, into, depth + 1),
            Json::Null => into.push((name, String::new())),
            Json::String(text) => into.push((name, text)),
            Json::Array(list) if list.iter().all(|v| !v.is_object() && !v.is_array()) => {
                let texts: Vec<String> = list.iter().map(plain).filter(|t| !t.is_empty()).collect();
                into.push((name, texts.join("|")));
            }
            other => into.push((name, plain(&other))),
        }
    }
}

fn plain(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_dates_are_what_people_see() {
        assert_eq!(number(420_777_123_456.0), "420777123456");
        assert_eq!((number(0.1 + 0.2), number(1e21)), ("0.3".to_owned(), "1000000000000000000000".to_owned()));
        assert_eq!(padded("123".into(), zeros("00000")), "00123");
        let at = |value| date(&ExcelDateTime::new(value, calamine::ExcelDateTimeType::DateTime, false));
        assert_eq!(
            (at(45_943.0), at(45_943.5), at(0.25)),
            ("2025-10-13".into(), "2025-10-13 12:00:00".into(), "06:00:00".into())
        );
        let long = ExcelDateTime::new(1.5, calamine::ExcelDateTimeType::TimeDelta, false);
        assert_eq!(date(&long), "36:00:00");
    }

    #[test]
    fn objects_in_objects_are_named_with_a_dot_and_lists_are_joined() {
        let found = object(r#"{"a": {"b": 1, "c": [true, "x"]}, "d": null, "e": [{"f": 2}]}"#).unwrap();
        let found: Vec<(&str, &str)> = found.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(found, [("a.b", "1"), ("a.c", "true|x"), ("d", ""), ("e", r#"[{"f":2}]"#)]);
    }

    #[test]
    fn a_file_is_known_by_its_first_bytes() {
        assert_eq!(Kind::of(b"PK\x03\x04rest"), Kind::Workbook);
        assert_eq!(Kind::of(b"\xEF\xBB\xBF  {\"a\": 1}"), Kind::JsonLines);
        assert_eq!(Kind::of(b"[\n {\"a\": 1}]"), Kind::JsonLines);
        assert_eq!(Kind::of(b"[draft],email\n"), Kind::Text);
    }
}
