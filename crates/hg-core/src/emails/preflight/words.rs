//! Subject, preview text and the words of the email.

use super::{Remark, Weight};

/// Words that filters count, in the spelling that offends.
const LOUD: [&str; 28] = [
    "100% free",
    "act now",
    "apply now",
    "buy now",
    "cash bonus",
    "casino",
    "cheap",
    "click here",
    "double your",
    "earn money",
    "extra income",
    "free money",
    "get paid",
    "guaranteed",
    "limited time",
    "lowest price",
    "make money",
    "miracle",
    "no obligation",
    "no risk",
    "once in a lifetime",
    "order now",
    "risk-free",
    "risk free",
    "this is not spam",
    "urgent",
    "winner",
    "you have been selected",
];

/// Without tokens, whose values nobody knows.
fn without_tokens(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

pub(super) fn judge_lines(subject: &str, preheader: &str, remarks: &mut Vec<Remark>) {
    let plain = without_tokens(subject);
    let letters: Vec<char> = plain.chars().filter(|c| c.is_alphabetic()).collect();
    let length = subject.chars().count();
    if subject.trim().is_empty() {
        remarks.push(Remark::new("no-subject", Weight::Error, "There is no subject.", "Write one that says what is inside."));
        return;
    }
    if plain.chars().count() > 60 {
        remarks.push(Remark::new(
            "long-subject",
            Weight::Hint,
            format!("The subject has {length} characters; phones show about 40, most inboxes about 60."),
            "Put what matters first, or shorten it.",
        ));
    }
    let shouted = letters.iter().any(|c| c.is_uppercase()) && !letters.iter().any(|c| c.is_lowercase());
    if letters.len() >= 6 && shouted {
        remarks.push(Remark::new(
            "capitals",
            Weight::Warning,
            "The subject is written in capitals. Filters and readers take that for shouting.",
            "Write it as you would speak.",
        ));
    }
    if plain.matches(['!', '¡', '！']).count() > 1 {
        remarks.push(Remark::new(
            "exclamation-marks",
            Weight::Warning,
            "The subject has several exclamation marks.",
            "Keep one at most.",
        ));
    }
    let lower = plain.trim_start().to_lowercase();
    if ["re:", "fw:", "fwd:"].iter().any(|start| lower.starts_with(start)) {
        remarks.push(Remark::new(
            "false-reply",
            Weight::Warning,
            "The subject pretends to be an answer.",
            "Take the first letters away: people feel cheated, and some laws forbid it.",
        ));
    }
    let preview = preheader.trim();
    if preview.is_empty() {
        remarks.push(Remark::new(
            "no-preview-text",
            Weight::Hint,
            "There is no preview text, so inboxes show the first words of the email after the subject.",
            "Write one sentence that goes on where the subject ends.",
        ));
    } else if preview.eq_ignore_ascii_case(subject.trim()) {
        remarks.push(Remark::new(
            "same-preview-text",
            Weight::Hint,
            "The preview text repeats the subject.",
            "Say something that the subject does not say.",
        ));
    } else if without_tokens(preview).chars().count() > 130 {
        remarks.push(Remark::new(
            "long-preview-text",
            Weight::Hint,
            "The preview text is longer than any inbox shows.",
            "Keep it below 130 characters.",
        ));
    }
}

pub(super) fn judge_text(subject: &str, text: &str, remarks: &mut Vec<Remark>) {
    let all = format!("{subject}\n{text}").to_lowercase();
    let found: Vec<String> = LOUD.iter().filter(|word| has_word(&all, word)).map(|word| format!("“{word}”")).collect();
    if !found.is_empty() {
        remarks.push(Remark::new(
            "spam-words",
            if found.len() > 2 { Weight::Warning } else { Weight::Hint },
            format!("Filters count these words: {}.", found.join(", ")),
            "Say it in other words, or leave it out.",
        ));
    }
    if text.matches('!').count() > 8 {
        remarks.push(Remark::new(
            "many-exclamation-marks",
            Weight::Hint,
            format!("The text has {} exclamation marks.", text.matches('!').count()),
            "Take most of them out: filters count them.",
        ));
    }
}

/// The words, not as a part of longer ones.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric)
    })
}
