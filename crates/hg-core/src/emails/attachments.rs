//! Files that go out with an email: which ones mail servers let through, and how many.

use super::Purpose;
use super::preflight::{Remark, Weight};

/// One file, and all files of an email together, may have so many bytes: they grow by a third on their way, and many
/// servers take 20 MB at most.
pub const LONGEST_ATTACHMENTS: usize = 10 * 1024 * 1024;
/// An email has at most so many files.
pub const MOST_ATTACHMENTS: usize = 10;
/// From here on readers on the road wait.
const HEAVY: i64 = 2 * 1024 * 1024;

/// Programs: mail servers refuse the whole message for one of them, whatever is inside.
const REFUSED: [&str; 37] = [
    "ade", "adp", "apk", "appx", "bat", "cab", "chm", "cmd", "com", "cpl", "dll", "dmg", "exe", "hta", "ins", "iso", "jar", "js",
    "jse", "lib", "lnk", "mde", "msc", "msi", "msp", "mst", "nsh", "pif", "ps1", "reg", "scr", "sct", "shb", "sys", "vb", "vbs",
    "wsf",
];

const TYPES: [(&str, &str); 20] = [
    ("pdf", "application/pdf"),
    ("ics", "text/calendar"),
    ("csv", "text/csv"),
    ("txt", "text/plain"),
    ("vcf", "text/vcard"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("zip", "application/zip"),
    ("json", "application/json"),
    ("epub", "application/epub+zip"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
];

fn ending(name: &str) -> String {
    name.rsplit_once('.').map(|(_, ending)| ending.trim().to_ascii_lowercase()).unwrap_or_default()
}

/// Whether mail servers refuse a file for its name.
///
/// ```
/// use hg_core::emails::is_refused_attachment;
/// assert!(is_refused_attachment("Invoice.pdf.EXE") && !is_refused_attachment("invoice.pdf"));
/// ```
pub fn is_refused_attachment(name: &str) -> bool {
    REFUSED.contains(&ending(name).as_str())
}

/// The kind of a file, by its name.
pub fn attachment_type(name: &str) -> &'static str {
    let ending = ending(name);
    TYPES.iter().find(|(known, _)| *known == ending).map_or("application/octet-stream", |(_, kind)| kind)
}

/// A file name that can stand in a header: no paths, no control characters, at most 120 characters with its ending.
///
/// ```
/// use hg_core::emails::attachment_name;
/// assert_eq!(attachment_name("C:\\Users\\ann\\price\r\nlist.pdf"), "price list.pdf");
/// assert_eq!(attachment_name("/"), "file");
/// ```
pub fn attachment_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = last.chars().map(|c| if c.is_control() || matches!(c, '"' | '<' | '>') { ' ' } else { c }).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    let plain = plain.trim_start_matches('.').trim();
    if plain.is_empty() {
        return "file".to_owned();
    }
    match plain.rsplit_once('.') {
        Some((stem, ending)) if plain.chars().count() > 120 && ending.chars().count() <= 10 => {
            let stem: String = stem.chars().take(109).collect();
            format!("{stem}.{ending}")
        }
        _ => plain.chars().take(120).collect(),
    }
}

/// What an author should know of the files of her email before it goes out.
pub fn attachment_remarks(bytes: &[i64], purpose: Purpose) -> Vec<Remark> {
    let mut found = Vec::new();
    let total: i64 = bytes.iter().sum();
    if total > HEAVY {
        let seen = format!("The attachments make each message {} MB longer.", (total * 4 / 3 + 524_288) / 1_048_576);
        let advice = "Put large files on a page and link to them: people with little room cannot take such a message.";
        found.push(Remark::new("attachment-size", Weight::Warning, seen, advice));
    }
    if !bytes.is_empty() && purpose == Purpose::Marketing {
        let advice = "A link to the file arrives more often, and shows who took it.";
        found.push(Remark::new(
            "attachment-marketing",
            Weight::Hint,
            "Spam filters distrust marketing with attachments.",
            advice,
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_ending_however_long_they_are() {
        let name = attachment_name(&format!("{}.pdf", "x".repeat(300)));
        assert!(name.len() <= 120 && name.ends_with(".pdf"), "{name}");
        assert_eq!(attachment_type("A.PDF"), "application/pdf");
        assert_eq!(attachment_type("without"), "application/octet-stream");
    }

    #[test]
    fn large_files_and_files_in_marketing_are_told() {
        let codes = |bytes: &[i64], purpose| attachment_remarks(bytes, purpose).iter().map(|r| r.code).collect::<Vec<_>>();
        assert!(codes(&[], Purpose::Marketing).is_empty());
        assert!(codes(&[1_000], Purpose::Transactional).is_empty());
        assert_eq!(codes(&[1_000], Purpose::Marketing), ["attachment-marketing"]);
        assert_eq!(codes(&[3_000_000], Purpose::Transactional), ["attachment-size"]);
    }
}
