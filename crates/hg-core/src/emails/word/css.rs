//! Styles without what only Word reads.

/// Properties that no mail program and no browser knows.
const OFFICE: [&str; 8] =
    ["tab-stops", "tab-interval", "text-autospace", "layout-grid-mode", "punctuation-wrap", "text-underline", "panose-1", "page"];

/// The declarations of a `style` attribute that mean something elsewhere, written as they were; how many were left out.
pub(super) fn declarations(style: &str) -> (String, usize) {
    let (mut kept, mut dropped) = (Vec::new(), 0);
    for one in pieces(style, b';') {
        let one = one.trim();
        if one.is_empty() {
            continue;
        }
        if is_office(one) {
            dropped += 1;
        } else {
            kept.push(one);
        }
    }
    (kept.join(";"), dropped)
}

fn is_office(declaration: &str) -> bool {
    let name = declaration.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
    name.starts_with("mso-") || OFFICE.contains(&name.as_str())
}

/// A style sheet without rules for Word's own classes and pages; how many rules were left out.
pub(super) fn sheet(css: &str) -> (String, usize) {
    let (mut kept, mut dropped, mut at) = (String::new(), 0, 0);
    let bytes = css.as_bytes();
    while at < css.len() {
        let Some(open) = find(bytes, at, b'{') else { break };
        let end = block_end(bytes, open);
        // Word wraps its rules in signs of comments, and names them in comments.
        let selector = without_comments(&css[at..open]);
        let inner = css.get(open + 1..end.saturating_sub(1)).unwrap_or_default();
        at = end;
        if is_words_own(&selector) {
            dropped += 1;
            continue;
        }
        let (inner, fewer) = if inner.contains('{') { (inner.to_owned(), 0) } else { declarations(inner) };
        dropped += fewer;
        if !inner.trim().is_empty() {
            kept.push_str(&format!("{selector} {{{inner}}}\n"));
        }
    }
    (kept, dropped)
}

fn is_words_own(selector: &str) -> bool {
    let lower = selector.to_ascii_lowercase();
    ["mso", "wordsection", "@font-face", "@page", "@list", "div.section", "table.xl"].iter().any(|own| lower.contains(own))
}

fn without_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find("/*") {
        out.push_str(&rest[..open]);
        rest = rest[open + 2..].find("*/").map_or("", |close| &rest[open + 2 + close + 2..]);
    }
    out.push_str(rest);
    out.replace("<!--", "").replace("-->", "").trim().to_owned()
}

fn find(bytes: &[u8], from: usize, wanted: u8) -> Option<usize> {
    bytes[from..].iter().position(|byte| *byte == wanted).map(|at| from + at)
}

/// Behind the brace that closes the one at `open`.
fn block_end(bytes: &[u8], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, byte) in bytes.iter().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    bytes.len()
}

/// Split where a sign stands outside of quotes and brackets.
fn pieces(text: &str, sign: u8) -> Vec<&str> {
    let (mut found, mut from, mut depth, mut quote) = (Vec::new(), 0, 0usize, None);
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (Some(open), _) if open == byte => quote = None,
            (Some(_), _) => {}
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'(') => depth += 1,
            (None, b')') => depth = depth.saturating_sub(1),
            (None, _) if byte == sign && depth == 0 => {
                found.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[from..]);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarations_that_only_word_reads_go_and_the_others_stay_as_they_are() {
        let style =
            "mso-style-unhide:no; color:red;background:url(data:image/png;base64,AA==);font-family:\"A;B\",serif;tab-stops:1in";
        let (kept, dropped) = declarations(style);
        assert_eq!(kept, "color:red;background:url(data:image/png;base64,AA==);font-family:\"A;B\",serif");
        assert_eq!(dropped, 2);
    }

    #[test]
    fn a_sheet_keeps_the_rules_of_the_author() {
        let css = "<!-- /* Font Definitions */ @font-face {font-family:X; panose-1:2 15;} \
                   p.MsoNormal, li.MsoNormal {margin:0in} .offer {color:red; mso-ansi-language:EN} \
                   @media (max-width:600px) { .offer { width:100% } } @page WordSection1 {size:8in} -->";
        let (kept, dropped) = sheet(css);
        assert_eq!(kept, ".offer {color:red}\n@media (max-width:600px) { .offer { width:100% } }\n");
        assert_eq!(dropped, 4);
    }
}
