//! Reads a file on a thread of its own, batch by batch, a few ahead of whoever writes.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::sync::Arc;

use hg_core::contacts::FieldCatalogue;
use hg_core::imports::{Decoder, Encoding, Mapping, NewRow, Object, Rejected};
use hg_core::time::TimeZone;
use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::imports::Setup;
use crate::imports::convert::whole;
use crate::imports::known::{Key, keys};
use crate::imports::lines::Lines;
use crate::imports::rules::Rules;

/// Rows that belong together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// Rows that can be imported, with their lines.
    pub rows: Vec<(i64, NewRow)>,
    /// The identifiers of each of them.
    pub keys: Vec<Vec<Key>>,
    pub rejected: Vec<(i64, Rejected, Vec<String>)>,
    /// What stood in the rows, by line, when they may still be rejected while they are written.
    pub cells: HashMap<i64, Vec<String>>,
    /// Where in the decoded file the batch begins and ends.
    pub from: i64,
    pub to: i64,
}

/// What is needed to read a file.
pub(super) struct Source {
    pub path: PathBuf,
    pub setup: Setup,
    pub mapping: Mapping,
    /// `csv`, `xlsx` or `jsonl`.
    pub format: String,
    pub keep_cells: bool,
    pub rules: Rules,
    pub object: Object,
    pub fields: Arc<FieldCatalogue>,
    pub zone: TimeZone,
    /// Normalised addresses of the users who can own contacts.
    pub users: HashSet<String>,
    /// Where to go on; 0 is the beginning.
    pub resume_at: i64,
}

/// How many rows a batch has: few enough to be written in one short transaction.
const ROWS: usize = 2_000;
const AHEAD: usize = 4;

/// Starts to read; batches come as they are asked for.
pub(super) fn read(source: Source) -> mpsc::Receiver<Result<Batch>> {
    let (send, receive) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = read_all(source, &send) {
            let _ = send.blocking_send(Err(error));
        }
    });
    receive
}

fn broken(error: &dyn std::fmt::Display) -> Error {
    Error::unavailable(format!("The uploaded file cannot be read: {error}."))
}

fn read_all(source: Source, send: &mpsc::Sender<Result<Batch>>) -> Result<()> {
    let file = File::open(&source.path).map_err(|e| broken(&e))?;
    let encoding = Encoding::from_name(&source.setup.encoding).unwrap_or(Encoding::UTF_8);
    let mut text = BufReader::with_capacity(64 * 1024, Decoder::new(file, encoding));
    let start = u64::try_from(source.resume_at).unwrap_or(0);
    let mut lines = Lines::new(skip(&mut text, start).map_err(|e| broken(&e))?);
    let text = lines.of(text);
    let delimiter = u8::try_from(source.setup.delimiter).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text);
    let mut record = csv::StringRecord::new();
    let mut head = start == 0;
    // A copy of another format has its own way to write line breaks.
    let copied = source.format != "csv";
    let contacts = source.object == Object::Contact;
    let mut batch = Batch { from: source.resume_at, ..Batch::default() };
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                // The decoder gives UTF-8 and the reader is flexible: what is left are errors of the disk.
                return Err(broken(&error));
            }
        }
        let line = lines.begin(&record, reader.position().byte());
        // The head line of JSON lines is only in the copy.
        let line = line - i64::from(source.format == "jsonl");
        batch.to = source.resume_at + i64::try_from(reader.position().byte()).unwrap_or(0);
        if head {
            head = false;
        } else if !(record.len() == 1 || copied) || record.iter().any(|cell| !cell.trim().is_empty()) {
            if copied {
                record = record.iter().map(whole).collect();
            }
            let row = source.mapping.read_row(record.iter(), &source.fields, &source.zone).and_then(|row| match &row.owner {
                Some(owner) if !source.users.contains(&owner.trim().to_lowercase()) => Err(Rejected::Owner(owner.clone())),
                _ => Ok(row),
            });
            let row = row.map_err(|reason| match reason {
                Rejected::Cells { .. } if source.format == "jsonl" => Rejected::NoObject,
                reason => reason,
            });
            match row {
                Ok(row) => {
                    if source.keep_cells {
                        batch.cells.insert(line, record.iter().map(shortened).collect());
                    }
                    batch.keys.push(if contacts { keys(&source.fields, &row) } else { Vec::new() });
                    batch.rows.push((line, row));
                }
                Err(reason) => batch.rejected.push((line, reason, record.iter().map(shortened).collect())),
            }
        }
        if batch.rows.len() + batch.rejected.len() >= ROWS {
            let next = Batch { from: batch.to, to: batch.to, ..Batch::default() };
            if send.blocking_send(Ok(std::mem::replace(&mut batch, next))).is_err() {
                return Ok(());
            }
        }
    }
    if batch.to > batch.from {
        let _ = send.blocking_send(Ok(batch));
    }
    Ok(())
}

/// Passes over what is done already; how many lines that was.
fn skip(text: &mut impl BufRead, bytes: u64) -> std::io::Result<i64> {
    let mut lines = 0;
    let mut left = text.by_ref().take(bytes);
    loop {
        let buffer = left.fill_buf()?;
        if buffer.is_empty() {
            return Ok(lines);
        }
        lines += i64::try_from(buffer.iter().filter(|b| **b == b'\n').count()).unwrap_or(0);
        let length = buffer.len();
        left.consume(length);
    }
}

/// A cell of a rejected row; nobody needs megabytes of it.
fn shortened(cell: &str) -> String {
    cell.chars().take(2_000).collect()
}
