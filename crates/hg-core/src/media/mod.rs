//! Pictures, told by their first bytes and never by their names.

/// The kinds of pictures that mail programs and browsers show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    Png,
    Jpeg,
    Gif,
    Webp,
}

impl PictureKind {
    /// As it stands in a `Content-Type`.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
        }
    }

    /// How the names of such files end.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Gif => "gif",
            Self::Webp => "webp",
        }
    }
}

/// A picture's kind and its size in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture {
    pub kind: PictureKind,
    pub width: u32,
    pub height: u32,
}

/// What these bytes are; none for everything that is not one of our pictures, SVG among it, which can hold scripts.
pub fn picture(bytes: &[u8]) -> Option<Picture> {
    let (kind, (width, height)) = match bytes {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => (PictureKind::Png, png(bytes)?),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => (PictureKind::Gif, (low16(bytes, 6)?, low16(bytes, 8)?)),
        [0xff, 0xd8, 0xff, ..] => (PictureKind::Jpeg, jpeg(bytes)?),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => (PictureKind::Webp, webp(bytes)?),
        _ => return None,
    };
    (width > 0 && height > 0).then_some(Picture { kind, width, height })
}

fn high16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn low16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?)))
}

fn low24(bytes: &[u8], at: usize) -> Option<u32> {
    Some(low16(bytes, at)? | u32::from(*bytes.get(at + 2)?) << 16)
}

fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    let word = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    (bytes.get(12..16)? == b"IHDR").then_some((word(16)?, word(20)?))
}

/// Walks over the segments to the one that tells the size.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    loop {
        while *bytes.get(at)? == 0xff && *bytes.get(at + 1)? == 0xff {
            at += 1;
        }
        if *bytes.get(at)? != 0xff {
            return None;
        }
        match *bytes.get(at + 1)? {
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                return Some((high16(bytes, at + 7)?, high16(bytes, at + 5)?));
            }
            0x01 | 0xd0..=0xd8 => at += 2,
            _ => at += 2 + usize::try_from(high16(bytes, at + 2)?).ok()?,
        }
    }
}

fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    match bytes.get(12..16)? {
        b"VP8 " => Some((low16(bytes, 26)? & 0x3fff, low16(bytes, 28)? & 0x3fff)),
        b"VP8L" => {
            let word = u32::from_le_bytes(bytes.get(21..25)?.try_into().ok()?);
            Some(((word & 0x3fff) + 1, (word >> 14 & 0x3fff) + 1))
        }
        b"VP8X" => Some((low24(bytes, 24)? + 1, low24(bytes, 27)? + 1)),
        _ => None,
    }
}

/// A file's name as it may stand in an address: letters, digits, dashes, and the ending of what it is.
pub fn file_name(name: &str, kind: PictureKind) -> String {
    let stem = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let stem = stem.rsplit_once('.').map_or(stem, |(stem, _)| stem);
    let mut out = String::new();
    for c in stem.chars().take(80) {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.ends_with('-') {
            out.push('-');
        }
    }
    let stem = out.trim_matches('-');
    format!("{}.{}", if stem.is_empty() { "image" } else { stem }, kind.ending())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(bytes: &[u8], kind: PictureKind) {
        assert_eq!(picture(bytes), Some(Picture { kind, width: 3, height: 2 }));
    }

    #[test]
    fn pictures_are_told_by_their_bytes_with_their_size() {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
        png.extend([0, 0, 0, 3, 0, 0, 0, 2, 8, 6]);
        is(&png, PictureKind::Png);
        is(b"GIF89a\x03\0\x02\0\0", PictureKind::Gif);
        is(b"\xff\xd8\xff\xe0\0\x04ab\xff\xff\xc0\0\x0b\x08\0\x02\0\x03\x01", PictureKind::Jpeg);
        is(b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a\x03\0\x02\0", PictureKind::Webp);
        is(b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f\x02\x40\0\0", PictureKind::Webp);
        is(b"RIFF\0\0\0\0WEBPVP8X\0\0\0\0\0\0\0\0\x02\0\0\x01\0\0", PictureKind::Webp);
    }

    #[test]
    fn what_breaks_off_or_only_pretends_is_no_picture() {
        for bytes in [
            b"".as_slice(),
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            b"<!doctype html>",
            b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff\xe0\xff",
            b"\xff\xd8\xff\xe0\0\0",
            b"GIF89a\0\0\0\0",
            b"RIFF\0\0\0\0WAVEfmt ",
        ] {
            assert_eq!(picture(bytes), None, "{bytes:?}");
        }
    }

    #[test]
    fn names_become_plain_and_end_as_what_they_are() {
        assert_eq!(file_name("C:\\Photos\\Spring Garden (2).JPEG", PictureKind::Png), "spring-garden-2.png");
        assert_eq!(file_name("../../etc/passwd", PictureKind::Jpeg), "passwd.jpg");
        assert_eq!(file_name("花.png", PictureKind::Gif), "image.gif");
    }
}
