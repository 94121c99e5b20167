//! Attributes of a tag without what only Office reads.

use super::css;

/// What is left of a tag's attributes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cleaned {
    /// Each with the space before it; empty: none is left.
    pub text: String,
    /// Whether anything was taken out.
    pub changed: bool,
    pub styles: usize,
    pub classes: usize,
    pub others: usize,
}

/// One attribute as it is written.
struct Attribute<'a> {
    whole: &'a str,
    name: &'a str,
    /// Without its quotes.
    value: Option<&'a str>,
}

/// The value of an attribute.
pub(super) fn value_of<'a>(attributes: &'a str, wanted: &str) -> Option<&'a str> {
    each(attributes).into_iter().find(|one| one.name.eq_ignore_ascii_case(wanted)).and_then(|one| one.value)
}

/// Leaves out what only Office reads; everything else stays as it is written.
pub(super) fn clean(attributes: &str) -> Cleaned {
    let mut done = Cleaned::default();
    for one in each(attributes) {
        match one.name.to_ascii_lowercase().as_str() {
            "style" => style(&mut done, &one),
            "class" => class(&mut done, &one),
            name if is_office(name, one.value.unwrap_or_default()) => done.others += 1,
            _ => keep(&mut done, one.whole),
        }
    }
    done.changed = done.styles + done.classes + done.others > 0;
    done
}

fn keep(done: &mut Cleaned, whole: &str) {
    done.text.push(' ');
    done.text.push_str(whole);
}

fn style(done: &mut Cleaned, one: &Attribute<'_>) {
    let (kept, dropped) = css::declarations(one.value.unwrap_or_default());
    done.styles += dropped;
    if dropped == 0 {
        keep(done, one.whole);
    } else if !kept.is_empty() {
        keep(done, &quoted(one.name, &kept));
    }
}

fn class(done: &mut Cleaned, one: &Attribute<'_>) {
    let all: Vec<&str> = one.value.unwrap_or_default().split_ascii_whitespace().collect();
    let kept: Vec<&str> = all.iter().copied().filter(|name| !is_words_class(name)).collect();
    done.classes += all.len() - kept.len();
    if kept.len() == all.len() {
        keep(done, one.whole);
    } else if !kept.is_empty() {
        keep(done, &quoted(one.name, &kept.join(" ")));
    }
}

fn is_words_class(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let numbered =
        |start: &str| lower.strip_prefix(start).is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
    lower.starts_with("mso")
        || lower == "spelle"
        || lower == "grame"
        || numbered("wordsection")
        || numbered("section")
        || numbered("xl")
}

fn is_office(name: &str, value: &str) -> bool {
    let namespace = name == "xmlns" || name.starts_with("xmlns:");
    (namespace
        && (value.contains("schemas-microsoft-com")
            || value.contains("schemas.microsoft.com")
            || value.contains("TR/REC-html40")))
        || ["o:", "v:", "w:", "x:", "st1:", "mso-"].iter().any(|prefix| name.starts_with(prefix))
}

fn quoted(name: &str, value: &str) -> String {
    let quote = if value.contains('"') { '\'' } else { '"' };
    format!("{name}={quote}{value}{quote}")
}

fn each(attributes: &str) -> Vec<Attribute<'_>> {
    let (mut found, mut rest) = (Vec::new(), attributes);
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        if rest.is_empty() {
            return found;
        }
        // A name has at least one character: an equals sign in front is part of it.
        let ends = |(at, c): (usize, char)| (at > 0 && (c.is_ascii_whitespace() || c == '=' || c == '/')).then_some(at);
        let length = rest.char_indices().find_map(ends).unwrap_or(rest.len());
        let (name, after) = rest.split_at(length);
        let Some(value) = after.trim_start().strip_prefix('=') else {
            found.push(Attribute { whole: name, name, value: None });
            rest = after;
            continue;
        };
        let value = value.trim_start();
        let (value, left) = match value.chars().next().filter(|c| matches!(c, '"' | '\'')) {
            Some(quote) => value[1..].split_once(quote).unwrap_or((&value[1..], "")),
            None => value.split_at(value.find(|c: char| c.is_ascii_whitespace()).unwrap_or(value.len())),
        };
        found.push(Attribute { whole: &rest[..rest.len() - left.len()], name, value: Some(value) });
        rest = left;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_words_own_stays_as_it_is_written() {
        for kept in [" href=https://a.example/?x=1/ checked", " class='offer big' STYLE=\"color:red;\" data-x", " alt=\"\""] {
            let done = clean(kept);
            assert_eq!((done.text.as_str(), done.changed), (kept, false));
        }
    }

    #[test]
    fn classes_styles_and_namespaces_of_office_go() {
        let done = clean(
            " xmlns:o=\"urn:schemas-microsoft-com:office:office\" class=MsoNormal style='mso-fareast-language:EN;color:red' o:spid=\"x\"",
        );
        assert_eq!(done.text, " style=\"color:red\"");
        assert_eq!((done.styles, done.classes, done.others), (1, 1, 2));
    }

    #[test]
    fn quotes_of_a_value_never_break_the_tag() {
        let done = clean(" style='mso-a:b;font-family:\"Calibri\"'");
        assert_eq!(done.text, " style='font-family:\"Calibri\"'");
    }
}
