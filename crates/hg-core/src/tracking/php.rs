//! Reads the one foreign format that old links carry: values serialised by PHP.
//!
//! Only strings, numbers, booleans, nothing and maps of them are understood; objects and references
//! never. Depth and size are bounded, and every length is checked before it is believed.

/// Longest text that is looked at.
const LONGEST: usize = 4_096;
/// Deepest nesting.
const DEEPEST: usize = 4;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Php {
    /// `N;`
    Null,
    /// `b:1;`
    Bool(bool),
    /// `i:12;`
    Int(i64),
    /// `d:0.5;`
    Float(f64),
    /// `s:2:"ab";`
    Text(String),
    /// `a:1:{…}` in its order; keys as text.
    Map(Vec<(String, Php)>),
}

impl Php {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Php> {
        match self {
            Self::Map(entries) => entries.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// As text, if it is a scalar.
    pub fn as_text(&self) -> Option<String> {
        Some(match self {
            Self::Text(text) => text.clone(),
            Self::Int(number) => number.to_string(),
            Self::Float(number) => number.to_string(),
            Self::Bool(yes) => u8::from(*yes).to_string(),
            Self::Null | Self::Map(_) => return None,
        })
    }

    /// As a positive number, also when it was written as text.
    pub fn as_id(&self) -> Option<i64> {
        self.as_text()?.parse().ok().filter(|id| *id > 0)
    }
}

/// Reads a map; anything else, anything broken and anything left over is `None`.
pub fn parse_php(bytes: &[u8]) -> Option<Php> {
    if bytes.len() > LONGEST || bytes.first() != Some(&b'a') {
        return None;
    }
    let mut reader = Reader { bytes, at: 0 };
    let value = reader.value(0)?;
    (reader.at == bytes.len()).then_some(value)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self, depth: usize) -> Option<Php> {
        if depth > DEEPEST {
            return None;
        }
        match self.next()? {
            b'N' => self.expect(b';').map(|()| Php::Null),
            b'b' => {
                let text = self.scalar()?;
                Some(Php::Bool(text == "1"))
            }
            b'i' => self.scalar()?.parse().ok().map(Php::Int),
            b'd' => self.scalar()?.parse().ok().filter(|number: &f64| number.is_finite()).map(Php::Float),
            b's' => {
                let text = self.text()?;
                self.expect(b';')?;
                Some(Php::Text(text))
            }
            b'a' => self.map(depth),
            _ => None,
        }
    }

    fn map(&mut self, depth: usize) -> Option<Php> {
        self.expect(b':')?;
        let count: usize = self.until(b':')?.parse().ok()?;
        self.expect(b'{')?;
        let mut entries = Vec::new();
        for _ in 0..count {
            let key = match self.value(DEEPEST)? {
                Php::Text(key) => key,
                Php::Int(key) => key.to_string(),
                _ => return None,
            };
            entries.push((key, self.value(depth + 1)?));
        }
        self.expect(b'}')?;
        Some(Php::Map(entries))
    }

    fn scalar(&mut self) -> Option<&'a str> {
        self.expect(b':')?;
        self.until(b';')
    }

    fn text(&mut self) -> Option<String> {
        self.expect(b':')?;
        let length: usize = self.until(b':')?.parse().ok()?;
        self.expect(b'"')?;
        let end = self.at.checked_add(length)?;
        let text = std::str::from_utf8(self.bytes.get(self.at..end)?).ok()?;
        self.at = end;
        self.expect(b'"')?;
        Some(text.to_owned())
    }

    fn until(&mut self, stop: u8) -> Option<&'a str> {
        let rest = self.bytes.get(self.at..)?;
        let length = rest.iter().take(24).position(|byte| *byte == stop)?;
        self.at += length + 1;
        std::str::from_utf8(&rest[..length]).ok()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.next()? == byte).then_some(())
    }
}
