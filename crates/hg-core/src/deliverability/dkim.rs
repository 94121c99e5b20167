//! The pure half of DKIM (RFC 6376, RFC 8463): which bytes are signed, and the header that carries the signature. The
//! keys and the arithmetic on them are the caller's.
//!
//! Headers and body are both relaxed: mail servers on the way wrap lines and trim blanks. `From` is signed once more than
//! it is there, so that nobody can add a second one.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use crate::time::Timestamp;

/// How a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    Ed25519,
    Rsa,
}

impl Algorithm {
    pub const ALL: [Self; 2] = [Self::Ed25519, Self::Rsa];

    /// The word that is stored and shown.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519",
            Self::Rsa => "rsa",
        }
    }

    pub fn of_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|a| a.key() == key)
    }

    /// What stands behind `a=`.
    const fn tag(self) -> &'static str {
        match self {
            Self::Ed25519 => "ed25519-sha256",
            Self::Rsa => "rsa-sha256",
        }
    }

    /// The TXT record that makes a public key known.
    pub fn record(self, public_key: &str) -> String {
        format!("v=DKIM1; k={}; p={public_key}", self.key())
    }
}

/// Headers that a signature covers, when they are there.
const SIGNED: [&str; 14] = [
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-unsubscribe",
    "list-unsubscribe-post",
];

/// A message made ready to be signed; several keys sign the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signable {
    /// `a:b:c` for the `h=` tag.
    names: String,
    /// The signed headers, relaxed, each with its end of line.
    headers: String,
    body_hash: String,
}

impl Signable {
    /// Reads a message with CRLF line ends; none when it has no `From`.
    pub fn of(message: &[u8]) -> Option<Self> {
        let split = find(message, b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&message[..split]);
        let fields = fields(&head);
        let mut names = String::new();
        let mut headers = String::new();
        for name in SIGNED {
            // Of headers that are there several times the last one counts first.
            for (_, value) in fields.iter().rev().filter(|(n, _)| n == name) {
                names.push_str(name);
                names.push(':');
                let _ = write!(headers, "{name}:{value}\r\n");
            }
        }
        if !fields.iter().any(|(name, _)| name == "from") {
            return None;
        }
        names.push_str("from");
        let body_hash = STANDARD.encode(Sha256::digest(relaxed_body(&message[split + 4..])));
        Some(Self { names, headers, body_hash })
    }

    /// The header without its signature, and the bytes that the key signs (RSA: with SHA-256; Ed25519: their SHA-256).
    pub fn to_sign(&self, domain: &str, selector: &str, algorithm: Algorithm, at: Timestamp) -> (String, Vec<u8>) {
        let Self { names, body_hash, .. } = self;
        let (a, t) = (algorithm.tag(), at.secs());
        let mut h = String::with_capacity(names.len() + 32);
        // Folded where a line would become too long; blanks around a colon mean nothing.
        let mut line = 0;
        for name in names.split_inclusive(':') {
            if line + name.len() > 60 {
                h.push_str("\r\n\t");
                line = 0;
            }
            h.push_str(name);
            line += name.len();
        }
        let header = format!(
            "DKIM-Signature: v=1; a={a}; c=relaxed/relaxed;\r\n\td={domain}; s={selector}; t={t};\r\n\th={h};\r\n\tbh={body_hash};\r\n\tb="
        );
        let own = fields(&header).into_iter().next().map(|(name, value)| format!("{name}:{value}")).unwrap_or_default();
        (header, [self.headers.as_bytes(), own.as_bytes()].concat())
    }
}

/// The whole header, with the end of its line.
pub fn with_signature(mut header: String, signature: &[u8]) -> String {
    let text = STANDARD.encode(signature);
    for (at, c) in text.char_indices() {
        if at > 0 && at % 70 == 0 {
            header.push_str("\r\n\t");
        }
        header.push(c);
    }
    header.push_str("\r\n");
    header
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|w| w == what)
}

/// Names in lower case with relaxed values, in their order.
fn fields(head: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in head.split("\r\n") {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim_end().to_ascii_lowercase(), value.to_owned()));
        }
    }
    for (_, value) in &mut fields {
        let words: Vec<&str> = value.split([' ', '\t']).filter(|w| !w.is_empty()).collect();
        *value = words.join(" ");
    }
    fields
}

/// Blanks at the end of lines and empty lines at the end go; runs of blanks become one.
fn relaxed_body(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 2);
    let mut at = 0;
    let mut empty_lines = 0;
    while at < body.len() {
        let end = find(&body[at..], b"\r\n").map_or(body.len(), |n| at + n);
        let line = &body[at..end];
        let start = out.len();
        let mut blank = false;
        let mut written = false;
        for &byte in line {
            if byte == b' ' || byte == b'\t' {
                blank = true;
                continue;
            }
            if !written {
                for _ in 0..empty_lines {
                    out.extend_from_slice(b"\r\n");
                }
                empty_lines = 0;
                written = true;
            }
            if blank {
                out.push(b' ');
                blank = false;
            }
            out.push(byte);
        }
        if written {
            out.extend_from_slice(b"\r\n");
        } else {
            out.truncate(start);
            empty_lines += 1;
        }
        at = end + 2;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_relaxed_as_the_standard_shows() {
        // RFC 6376 §3.4.5.
        assert_eq!(relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n"), b" C\r\nD E\r\n");
        assert_eq!(relaxed_body(b"\r\n\r\n"), b"", "an empty body is empty");
        assert_eq!(relaxed_body(b"a\r\n\r\nb"), b"a\r\n\r\nb\r\n");
        assert_eq!(fields("A: X\r\nB : Y\t\r\n\tZ  "), [("a".to_owned(), "X".to_owned()), ("b".to_owned(), "Y Z".to_owned())]);
    }

    #[test]
    fn only_a_message_with_a_sender_is_signed_and_its_sender_once_more() {
        assert_eq!(Signable::of(b"To: x@y.z\r\n\r\nHello"), None);
        let ready = Signable::of(b"From: a@b.c\r\nTo: x@y.z\r\nX-Other: 1\r\n\r\nHello").expect("it has a sender");
        assert_eq!(ready.names, "from:to:from");
        let (header, bytes) = ready.to_sign("b.c", "hg1", Algorithm::Ed25519, Timestamp(1_000));
        assert!(header.lines().all(|line| line.len() < 78), "{header}");
        let text = String::from_utf8(bytes).expect("text");
        assert!(text.starts_with("from:a@b.c\r\nto:x@y.z\r\ndkim-signature:v=1; a=ed25519-sha256;"), "{text}");
        assert!(text.ends_with(" b="), "{text}");
    }
}
