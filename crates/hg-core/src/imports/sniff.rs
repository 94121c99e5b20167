//! Finding out how a file is written.

use crate::imports::Encoding;

/// How a file is written, and its first lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Sniffed {
    pub encoding: Encoding,
    pub delimiter: u8,
    pub headers: Vec<String>,
    /// The first rows below the head line.
    pub sample: Vec<Vec<String>>,
}

/// Why a file cannot be imported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SniffError {
    #[error("The file is empty.")]
    Empty,
    #[error("This is not a text file but {0}. Save the list as CSV and import that.")]
    Binary(&'static str),
    #[error("The file has a head line but no rows below it.")]
    OnlyHeaders,
    #[error("The column name “{0}” is in the head line twice. Rename one of the columns.")]
    HeaderTwice(String),
    #[error("There is no encoding “{0}”.")]
    UnknownEncoding(String),
}

const SAMPLE_ROWS: usize = 5;
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// Looks at the beginning of a file. Encoding and delimiter are found out unless they are given.
pub fn sniff(head: &[u8], encoding: Option<Encoding>, delimiter: Option<u8>) -> Result<Sniffed, SniffError> {
    if head.is_empty() {
        return Err(SniffError::Empty);
    }
    if let Some(what) = binary(head) {
        return Err(SniffError::Binary(what));
    }
    let encoding = match encoding {
        Some(encoding) => encoding,
        None => detect(head)?,
    };
    let text = encoding.text(head);
    if text.trim().is_empty() {
        return Err(SniffError::Empty);
    }
    let delimiter = delimiter.unwrap_or_else(|| find_delimiter(&text));
    let mut rows = records(&text, delimiter);
    if rows.is_empty() {
        return Err(SniffError::Empty);
    }
    let headers: Vec<String> = rows.remove(0).into_iter().map(|h| h.trim().to_owned()).collect();
    if rows.is_empty() {
        return Err(SniffError::OnlyHeaders);
    }
    let twice = headers.iter().enumerate().find(|(i, h)| !h.is_empty() && headers[..*i].contains(h));
    if let Some((_, header)) = twice {
        return Err(SniffError::HeaderTwice(header.clone()));
    }
    rows.truncate(SAMPLE_ROWS);
    Ok(Sniffed { encoding, delimiter, headers, sample: rows })
}

/// What kind of binary file this is, if it is one.
fn binary(head: &[u8]) -> Option<&'static str> {
    let signatures: [(&[u8], &str); 8] = [
        (b"PK\x03\x04", "a spreadsheet or an archive"),
        (b"\xD0\xCF\x11\xE0", "an old Excel file"),
        (b"%PDF", "a PDF file"),
        (b"\x89PNG", "a picture"),
        (b"\xFF\xD8\xFF", "a picture"),
        (b"GIF8", "a picture"),
        (b"\x1F\x8B", "a compressed file"),
        (b"SQLite format 3\0", "a database"),
    ];
    signatures.into_iter().find(|(signature, _)| head.starts_with(signature)).map(|(_, what)| what)
}

fn detect(head: &[u8]) -> Result<Encoding, SniffError> {
    if head.starts_with(b"\xEF\xBB\xBF") {
        return Ok(Encoding::UTF_8);
    }
    if head.starts_with(b"\xFF\xFE") {
        return Ok(Encoding::UTF_16LE);
    }
    if head.starts_with(b"\xFE\xFF") {
        return Ok(Encoding::UTF_16BE);
    }
    // Plain Latin text in UTF-16 has a zero in every other byte.
    let zeros = |start: usize| head.iter().skip(start).step_by(2).take(2_000).filter(|b| **b == 0).count();
    let (even, odd, half) = (zeros(0), zeros(1), head.len().min(4_000) / 2);
    if odd * 10 > half * 7 && even * 10 < half {
        return Ok(Encoding::UTF_16LE);
    }
    if even * 10 > half * 7 && odd * 10 < half {
        return Ok(Encoding::UTF_16BE);
    }
    let control = head.iter().filter(|b| **b < 32 && !matches!(**b, b'\t' | b'\r' | b'\n' | 0x0C | 0x1A)).count();
    if head.contains(&0) || control * 50 > head.len() {
        return Err(SniffError::Binary("a file for programs"));
    }
    let valid = match std::str::from_utf8(head) {
        Ok(_) => true,
        // A character may be cut at the end of what was looked at.
        Err(error) => error.error_len().is_none(),
    };
    if valid {
        return Ok(Encoding::UTF_8);
    }
    let mut detector = chardetng::EncodingDetector::new(chardetng::Iso2022JpDetection::Deny);
    detector.feed(head, true);
    Ok(Encoding::of(detector.guess(None, chardetng::Utf8Detection::Deny)))
}

/// The delimiter that cuts the most lines into the same number of columns.
fn find_delimiter(text: &str) -> u8 {
    let score = |delimiter: u8| {
        let rows = records(text, delimiter);
        let columns = rows.first().map_or(0, Vec::len);
        let same = rows.iter().filter(|row| row.len() == columns).count();
        if columns < 2 { 0 } else { same * 1_000 / rows.len() * 100 + columns.min(99) }
    };
    let mut best = (0, b',');
    for delimiter in DELIMITERS {
        let score = score(delimiter);
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    best.1
}

/// The first records of a text; the last one may be cut and is left out when there are others.
fn records(text: &str, delimiter: u8) -> Vec<Vec<String>> {
    const LOOKED_AT: usize = 60;
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text.as_bytes());
    let mut rows: Vec<Vec<String>> = reader
        .records()
        .take(LOOKED_AT)
        .filter_map(Result::ok)
        .map(|record| record.iter().map(str::to_owned).collect::<Vec<_>>())
        .filter(|row| row.iter().any(|cell| !cell.trim().is_empty()))
        .collect();
    let cut = !text.ends_with('\n') && rows.len() > 2 && rows.len() < LOOKED_AT && text.len() > 30_000;
    if cut {
        rows.pop();
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delimiters_and_encodings_are_found_out() {
        let czech = "Jméno;E-mail;Město\nŽofie Nováková;zofie@example.org;Plzeň\nJiří;jiri@example.org;České Budějovice\n";
        let found = sniff(czech.as_bytes(), None, None).unwrap();
        assert_eq!((found.encoding, found.delimiter, found.headers.len()), (Encoding::UTF_8, b';', 3));
        assert_eq!(found.sample[1][2], "České Budějovice");
        let western = encoding_rs::WINDOWS_1252.encode("name,city\nJosé,Málaga\nZoë,Zürich\n").0.into_owned();
        let found = sniff(&western, None, None).unwrap();
        assert_eq!((found.encoding, found.sample[1][1].as_str()), (Encoding::WINDOWS_1252, "Zürich"));
        let wide: Vec<u8> = "name\tcity\nAda\tLondon\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let found = sniff(&wide, None, None).unwrap();
        assert_eq!((found.encoding, found.delimiter, found.sample[0][1].as_str()), (Encoding::UTF_16LE, b'\t', "London"));
    }

    #[test]
    fn quoted_delimiters_and_line_breaks_belong_to_their_cell() {
        let found = sniff(b"name,note\n\"Lovelace, Ada\",\"two\nlines\"\n", None, None).unwrap();
        assert_eq!(found.sample, [["Lovelace, Ada", "two\nlines"]]);
    }

    #[test]
    fn what_is_no_list_is_refused_with_a_reason() {
        for (bytes, part) in [
            (&b""[..], "empty"),
            (b"  \n \n", "empty"),
            (b"name,city\n", "no rows below"),
            (b"PK\x03\x04xxxx", "a spreadsheet"),
            (b"%PDF-1.7", "a PDF"),
            (b"\x01\x02\x03\x00\x05\x06\x00\x07", "a file for programs"),
            (b"name,name\na,b\n", "twice"),
        ] {
            let error = sniff(bytes, None, None).expect_err(part).to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
