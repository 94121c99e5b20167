//! The lines on which records of a file begin. A reader of CSV tells where it went on, which may be before empty lines
//! that it passed over; so line breaks are counted as they pass.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::Read;
use std::rc::Rc;

/// Counts the line breaks of a text that is read through [`Lines::of`].
pub(super) struct Lines {
    /// Line breaks before the place where the last record ended.
    passed: i64,
    /// Where line breaks stand that no record reached yet, counted in bytes from the beginning of the text.
    ahead: Rc<RefCell<VecDeque<u64>>>,
}

impl Lines {
    /// `before`: line breaks before the beginning of the text.
    pub fn new(before: i64) -> Lines {
        Lines { passed: before, ahead: Rc::default() }
    }

    /// The text, whose line breaks are counted.
    pub fn of<R: Read>(&self, text: R) -> Counted<R> {
        Counted { text, at: 0, seen: Rc::clone(&self.ahead) }
    }

    /// The line on which a record begins that ends before `end`.
    pub fn begin(&mut self, record: &csv::StringRecord, end: u64) -> i64 {
        let mut ahead = self.ahead.borrow_mut();
        let mut closes = false;
        while let Some(at) = ahead.front().copied().filter(|at| *at < end) {
            ahead.pop_front();
            self.passed += 1;
            closes = at + 1 == end;
        }
        let inside: usize = record.iter().map(|cell| cell.bytes().filter(|b| *b == b'\n').count()).sum();
        self.passed - i64::from(closes) - i64::try_from(inside).unwrap_or(0) + 1
    }
}

/// A text that notes its line breaks.
pub(super) struct Counted<R> {
    text: R,
    at: u64,
    seen: Rc<RefCell<VecDeque<u64>>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.text.read(buffer)?;
        let mut seen = self.seen.borrow_mut();
        for (n, byte) in buffer[..length].iter().enumerate() {
            if *byte == b'\n' {
                seen.push_back(self.at + n as u64);
            }
        }
        self.at += length as u64;
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begins(text: &str) -> Vec<i64> {
        let mut lines = Lines::new(0);
        let text = lines.of(text.as_bytes());
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text);
        let mut record = csv::StringRecord::new();
        let mut found = Vec::new();
        while reader.read_record(&mut record).unwrap() {
            found.push(lines.begin(&record, reader.position().byte()));
        }
        found
    }

    #[test]
    fn a_record_begins_behind_the_empty_lines_before_it() {
        assert_eq!(begins("a\n\n\nb\nc"), [1, 4, 5]);
        assert_eq!(begins("a\r\n\r\n\r\nb\r\nc\r\n"), [1, 4, 5]);
        assert_eq!(begins("\n\na\nb\n"), [3, 4]);
    }

    #[test]
    fn line_breaks_in_cells_belong_to_their_record() {
        assert_eq!(begins("a,\"1\n2\"\n\nb,\"x\ny\nz\"\nc\n"), [1, 4, 7]);
    }
}
