//! Colours as mails write them, and how well one is read on another.

/// Red, green and blue.
pub type Rgb = (u8, u8, u8);

const NAMED: [(&str, Rgb); 16] = [
    ("black", (0, 0, 0)),
    ("white", (255, 255, 255)),
    ("red", (255, 0, 0)),
    ("green", (0, 128, 0)),
    ("blue", (0, 0, 255)),
    ("yellow", (255, 255, 0)),
    ("gray", (128, 128, 128)),
    ("grey", (128, 128, 128)),
    ("silver", (192, 192, 192)),
    ("navy", (0, 0, 128)),
    ("teal", (0, 128, 128)),
    ("purple", (128, 0, 128)),
    ("orange", (255, 165, 0)),
    ("maroon", (128, 0, 0)),
    ("lightgray", (211, 211, 211)),
    ("lightgrey", (211, 211, 211)),
];

/// A colour by name, in hexadecimal digits or as `rgb()`; none for what cannot be told.
pub fn parse(text: &str) -> Option<Rgb> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.trim_end_matches("!important").trim();
    if let Some((_, rgb)) = NAMED.iter().find(|(name, _)| *name == text) {
        return Some(*rgb);
    }
    if let Some(inner) = text.strip_prefix("rgb(").and_then(|rest| rest.strip_suffix(')')) {
        let mut parts = inner.split(',').map(|part| part.trim().parse::<u8>().ok());
        return Some((parts.next()??, parts.next()??, parts.next()??));
    }
    let digits = text.strip_prefix('#')?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let one = |at: usize| u8::from_str_radix(digits.get(at..=at)?, 16).ok().map(|d| d * 17);
    let two = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    match digits.len() {
        3 => Some((one(0)?, one(1)?, one(2)?)),
        6 => Some((two(0)?, two(2)?, two(4)?)),
        _ => None,
    }
}

fn luminance((r, g, b): Rgb) -> f64 {
    let channel = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b)
}

/// The contrast between two colours, from 1 to 21, as the accessibility guidelines reckon it.
pub fn contrast(one: Rgb, other: Rgb) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_on_white_is_the_most_and_a_colour_on_itself_the_least() {
        assert!((contrast((0, 0, 0), (255, 255, 255)) - 21.0).abs() < 0.01);
        assert!((contrast((9, 9, 9), (9, 9, 9)) - 1.0).abs() < 0.01);
    }

    #[test]
    fn colours_are_read_in_every_spelling_that_mails_use() {
        for text in ["#fff", "#FFFFFF", "white", " rgb(255, 255,255) ", "#ffffff !important"] {
            assert_eq!(parse(text), Some((255, 255, 255)), "{text}");
        }
        for text in ["", "inherit", "#ffff0", "rgba(0,0,0,.5)", "var(--x)", "#éé1"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
