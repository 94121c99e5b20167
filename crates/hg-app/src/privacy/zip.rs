//! A ZIP archive of a few small files, stored without compression: enough for what one person is given.

/// Files by their names, in order.
#[derive(Default)]
pub(super) struct Zip {
    bytes: Vec<u8>,
    directory: Vec<u8>,
    files: u16,
}

/// 1 January 1980: the archive says when it was made in its own text.
const DATE: u16 = 0x0021;

impl Zip {
    pub(super) fn add(&mut self, name: &str, content: &[u8]) {
        let size = u32::try_from(content.len()).unwrap_or(u32::MAX);
        let offset = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let mut common = Vec::new();
        // Version 2.0, names in UTF-8, stored.
        for part in [20u16, 0x0800, 0, 0, DATE] {
            common.extend(part.to_le_bytes());
        }
        for part in [crc32(content), size, size] {
            common.extend(part.to_le_bytes());
        }
        common.extend(u16::try_from(name.len()).unwrap_or(u16::MAX).to_le_bytes());
        common.extend(0u16.to_le_bytes());
        self.bytes.extend(0x0403_4b50_u32.to_le_bytes());
        self.bytes.extend(&common);
        self.bytes.extend(name.as_bytes());
        self.bytes.extend(content);
        self.directory.extend(0x0201_4b50_u32.to_le_bytes());
        self.directory.extend(20u16.to_le_bytes());
        self.directory.extend(&common);
        self.directory.extend([0; 10]);
        self.directory.extend(offset.to_le_bytes());
        self.directory.extend(name.as_bytes());
        self.files += 1;
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        let offset = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let size = u32::try_from(self.directory.len()).unwrap_or(u32::MAX);
        self.bytes.extend(&self.directory);
        self.bytes.extend(0x0605_4b50_u32.to_le_bytes());
        for part in [0, 0, self.files, self.files] {
            self.bytes.extend(part.to_le_bytes());
        }
        self.bytes.extend(size.to_le_bytes());
        self.bytes.extend(offset.to_le_bytes());
        self.bytes.extend(0u16.to_le_bytes());
        self.bytes
    }
}

/// The checksum that ZIP wants.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn an_archive_ends_with_its_directory() {
        let mut zip = Zip::default();
        zip.add("a.txt", b"hello");
        let bytes = zip.finish();
        assert!(bytes.starts_with(b"PK\x03\x04") && bytes[bytes.len() - 22..].starts_with(b"PK\x05\x06"));
        assert_eq!(bytes.len(), (30 + 5 + 5) + (46 + 5) + 22);
    }
}
