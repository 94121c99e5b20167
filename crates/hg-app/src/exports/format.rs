//! The formats that contacts are written in.

use std::fs::File;
use std::io::{BufWriter, Stdout, Write};
use std::path::{Path, PathBuf};

use rust_xlsxwriter::{Workbook, XlsxError};

use crate::csv_text::csv_line;
use crate::error::{Error, Result};

/// What a file of contacts looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// UTF-8 with commas (RFC 4180).
    Csv,
    /// A workbook with one sheet; at most 1,048,575 contacts.
    Xlsx,
    /// One JSON object a line.
    Jsonl,
}

impl Format {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
            Self::Jsonl => "jsonl",
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        [Self::Csv, Self::Xlsx, Self::Jsonl].into_iter().find(|f| f.key() == key)
    }

    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Jsonl => "application/x-ndjson",
        }
    }

    /// How many rows a file can hold, when the format has a limit.
    pub const fn most_rows(self) -> Option<u64> {
        match self {
            Self::Xlsx => Some(1_048_575),
            Self::Csv | Self::Jsonl => None,
        }
    }
}

/// Where lines go.
pub(super) trait Target: Write + Send {
    /// Sees to it that everything is where it belongs.
    fn keep(&mut self) -> std::io::Result<()>;
}

impl Target for File {
    fn keep(&mut self) -> std::io::Result<()> {
        self.sync_all()
    }
}

impl Target for Stdout {
    fn keep(&mut self) -> std::io::Result<()> {
        self.flush()
    }
}

type Lines = BufWriter<Box<dyn Target>>;

/// A file that is being written: a head line, then rows.
pub(super) enum Writing {
    Csv(Lines),
    Jsonl(Lines, Vec<String>),
    Xlsx { book: Box<Workbook>, path: PathBuf, row: u32 },
}

fn disk(error: std::io::Error) -> Error {
    Error::unavailable(format!("The file cannot be written: {error}."))
}

fn book(error: XlsxError) -> Error {
    Error::internal(error.to_string())
}

impl Writing {
    pub fn begin(format: Format, path: &Path, columns: &[String]) -> Result<Self> {
        match format {
            Format::Csv | Format::Jsonl => {
                let file = File::create(path).map_err(disk)?;
                Self::lines(format, Box::new(file), columns)
            }
            Format::Xlsx => {
                let mut made = Workbook::new();
                // Rows go to a file of their own as they come, so that a million needs no more memory than one.
                let sheet = made.add_worksheet_with_constant_memory().map_err(book)?;
                for (at, column) in columns.iter().enumerate() {
                    sheet.write_string(0, narrow(at), column).map_err(book)?;
                }
                Ok(Self::Xlsx { book: Box::new(made), path: path.to_owned(), row: 1 })
            }
        }
    }

    /// Lines to the screen, or to the program behind a pipe.
    pub fn on_screen(format: Format, columns: &[String]) -> Result<Self> {
        Self::lines(format, Box::new(std::io::stdout()), columns)
    }

    fn lines(format: Format, target: Box<dyn Target>, columns: &[String]) -> Result<Self> {
        let mut lines = BufWriter::new(target);
        match format {
            Format::Jsonl => Ok(Self::Jsonl(lines, columns.to_vec())),
            Format::Csv => {
                lines.write_all(&csv_line(columns.iter().map(String::as_str))?).map_err(disk)?;
                Ok(Self::Csv(lines))
            }
            Format::Xlsx => {
                let text = "A workbook cannot be written to the screen. Name a file with --output.";
                Err(Error::field("/output", "export.no-file", text))
            }
        }
    }

    pub fn row(&mut self, cells: &[String]) -> Result<()> {
        match self {
            Self::Csv(file) => {
                let safe: Vec<String> = cells.iter().cloned().map(crate::csv_text::harmless).collect();
                file.write_all(&csv_line(safe.iter().map(String::as_str))?).map_err(disk)
            }
            Self::Jsonl(file, columns) => {
                let pairs = columns.iter().zip(cells).filter(|(_, cell)| !cell.is_empty());
                let object: serde_json::Map<_, _> = pairs.map(|(k, v)| (k.clone(), v.clone().into())).collect();
                writeln!(file, "{}", serde_json::Value::Object(object)).map_err(disk)
            }
            Self::Xlsx { book: made, row, .. } => {
                let sheet = made.worksheet_from_index(0).map_err(book)?;
                for (at, cell) in cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty()) {
                    // Text stays text: leading zeros, telephone numbers and what looks like a formula.
                    sheet.write_string(*row, narrow(at), cell).map_err(book)?;
                }
                *row += 1;
                Ok(())
            }
        }
    }

    /// Ends the file and sees to it that it is on disk.
    pub fn end(self) -> Result<()> {
        match self {
            Self::Csv(file) | Self::Jsonl(file, _) => {
                let mut file = file.into_inner().map_err(|e| disk(e.into_error()))?;
                file.keep().map_err(disk)
            }
            Self::Xlsx { book: mut made, path, .. } => made.save(path).map_err(book),
        }
    }
}

fn narrow(column: usize) -> u16 {
    u16::try_from(column).unwrap_or(u16::MAX)
}
