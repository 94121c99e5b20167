//! Encodings, and a stream of bytes turned into UTF-8.

use std::io::{self, Read};

use encoding_rs::{UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// An encoding of text files. Names are those of the web (`windows-1250`, `utf-16le` …).
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Encoding(&'static encoding_rs::Encoding);

impl Encoding {
    pub const UTF_8: Encoding = Encoding(UTF_8);
    pub const UTF_16LE: Encoding = Encoding(UTF_16LE);
    pub const UTF_16BE: Encoding = Encoding(UTF_16BE);
    pub const WINDOWS_1252: Encoding = Encoding(WINDOWS_1252);

    pub fn from_name(name: &str) -> Option<Encoding> {
        encoding_rs::Encoding::for_label(name.trim().as_bytes()).map(Encoding)
    }

    pub fn name(self) -> &'static str {
        self.0.name()
    }

    pub(super) fn of(encoding: &'static encoding_rs::Encoding) -> Encoding {
        Encoding(encoding)
    }

    /// The text of a few bytes, for a look at the beginning of a file.
    pub(super) fn text(self, bytes: &[u8]) -> String {
        let mut decoder = self.0.new_decoder_with_bom_removal();
        let mut text = String::with_capacity(decoder.max_utf8_buffer_length(bytes.len()).unwrap_or(bytes.len() * 3));
        let _ = decoder.decode_to_string(bytes, &mut text, false);
        text
    }
}

impl std::fmt::Debug for Encoding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Turns bytes of an encoding into UTF-8, without a byte order mark. Bytes that stand for nothing become `�`.
pub struct Decoder<R> {
    input: R,
    decoder: encoding_rs::Decoder,
    raw: Vec<u8>,
    /// Decoded text, of which this much was handed out.
    text: Vec<u8>,
    handed: usize,
    decoded: usize,
    ended: bool,
}

const CHUNK: usize = 64 * 1024;

impl<R: Read> Decoder<R> {
    pub fn new(input: R, encoding: Encoding) -> Decoder<R> {
        let decoder = encoding.0.new_decoder_with_bom_removal();
        let room = decoder.max_utf8_buffer_length(CHUNK).unwrap_or(CHUNK * 4);
        Decoder { input, decoder, raw: vec![0; CHUNK], text: vec![0; room], handed: 0, decoded: 0, ended: false }
    }

    /// Decodes the next chunk; nothing more comes after the end.
    fn fill(&mut self) -> io::Result<()> {
        let read = self.input.read(&mut self.raw)?;
        self.ended = read == 0;
        // There is always room: the buffer was made for the largest outcome of a chunk.
        let (_, _, decoded, _) = self.decoder.decode_to_utf8(&self.raw[..read], &mut self.text, self.ended);
        (self.handed, self.decoded) = (0, decoded);
        Ok(())
    }
}

impl<R: Read> Read for Decoder<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.handed == self.decoded && !self.ended {
            self.fill()?;
        }
        let count = out.len().min(self.decoded - self.handed);
        out[..count].copy_from_slice(&self.text[self.handed..self.handed + count]);
        self.handed += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_comes_out_as_the_same_text() {
        let text = "jméno;město\nŽofie;Plzeň\n".repeat(10_000);
        let utf16 = |big: bool| -> Vec<u8> {
            let units = std::iter::once(0xFEFF).chain(text.encode_utf16());
            units.flat_map(|u: u16| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
        };
        let with_bom = [b"\xEF\xBB\xBF".as_slice(), text.as_bytes()].concat();
        let windows = encoding_rs::WINDOWS_1250.encode(&text).0.into_owned();
        for (bytes, encoding) in [
            (text.clone().into_bytes(), Encoding::UTF_8),
            (with_bom, Encoding::UTF_8),
            (utf16(false), Encoding::UTF_16LE),
            (utf16(true), Encoding::UTF_16BE),
            (windows, Encoding::from_name("windows-1250").unwrap()),
        ] {
            let mut decoded = String::new();
            Decoder::new(bytes.as_slice(), encoding).read_to_string(&mut decoded).unwrap();
            assert_eq!(decoded, text, "{encoding:?}");
        }
    }
}
