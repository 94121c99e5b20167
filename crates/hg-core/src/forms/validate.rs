//! What a valid answer is.

use std::collections::BTreeMap;

use super::{FieldKind, Form, FormField};

/// The field that people do not see and robots fill in.
pub const HONEYPOT: &str = "hg_homepage";
/// Longest answer of one line and of several.
const LONGEST_LINE: usize = 1_000;
const LONGEST_TEXT: usize = 65_000;

/// What is wrong with one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldProblem {
    /// The field.
    pub alias: String,
    /// A sentence for the person who filled in the form.
    pub message: String,
}

/// A consent, as it was asked and answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentAnswer {
    /// For what.
    pub purpose: String,
    /// The text next to the box.
    pub text: String,
}

/// Valid answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    /// Alias and value, in the order of the form.
    pub values: Vec<(String, String)>,
    /// Contact field and value, blanks left out.
    pub mapped: Vec<(String, String)>,
    /// Consents that were given. A box left empty says nothing: it withdraws nothing.
    pub consents: Vec<ConsentAnswer>,
    /// A robot filled in what people do not see.
    pub trapped: bool,
}

impl Form {
    /// Checks a post: `posted` holds the values of `mauticform[…]` by alias, several of one name joined by `|`.
    pub fn check(&self, posted: &BTreeMap<String, String>) -> Result<Answers, Vec<FieldProblem>> {
        let mut answers = Answers::default();
        let mut problems = Vec::new();
        for field in self.fields.iter().filter(|field| field.kind.takes_value()) {
            let value = posted.get(&field.alias).map(|value| clean(value)).unwrap_or_default();
            match check_field(field, &value) {
                Some(message) => problems.push(FieldProblem { alias: field.alias.clone(), message }),
                None => answers.take(field, value),
            }
        }
        answers.trapped = posted.get(HONEYPOT).is_some_and(|value| !value.trim().is_empty());
        if problems.is_empty() || answers.trapped { Ok(answers) } else { Err(problems) }
    }
}

impl Answers {
    fn take(&mut self, field: &FormField, value: String) {
        if field.kind == FieldKind::Consent {
            let given = is_ticked(&value);
            if given && !field.purpose.is_empty() {
                self.consents.push(ConsentAnswer { purpose: field.purpose.clone(), text: field.consent_text.clone() });
            }
            self.values.push((field.alias.clone(), if given { "yes" } else { "no" }.into()));
            return;
        }
        if let Some(target) = field.mapped_field.as_ref().filter(|_| !value.is_empty()) {
            self.mapped.push((target.clone(), value.clone()));
        }
        self.values.push((field.alias.clone(), value));
    }
}

fn clean(value: &str) -> String {
    value.trim().replace('\0', "").replace("\r\n", "\n")
}

fn is_ticked(value: &str) -> bool {
    !matches!(value.to_ascii_lowercase().as_str(), "" | "0" | "no" | "false" | "off")
}

fn check_field(field: &FormField, value: &str) -> Option<String> {
    let say = |sentence: String| {
        Some(if field.validation_message.trim().is_empty() { sentence } else { field.validation_message.clone() })
    };
    let missing = if field.kind == FieldKind::Consent { !is_ticked(value) } else { value.is_empty() };
    if missing {
        return if field.required { say(format!("“{}” is required.", field.label)) } else { None };
    }
    let longest = if field.kind == FieldKind::Textarea { LONGEST_TEXT } else { LONGEST_LINE };
    if value.chars().count() > longest {
        return Some(format!("“{}” is too long; {longest} characters fit.", field.label));
    }
    match field.kind {
        FieldKind::Email if !is_email_address(value) => {
            say(format!("“{}” needs an email address such as name@example.org.", field.label))
        }
        FieldKind::Select if !field.options.iter().any(|option| option.value == value) => {
            say(format!("“{}” does not offer this choice.", field.label))
        }
        _ => None,
    }
}

/// Whether a text can be an email address that a mail server somewhere might take.
///
/// ```
/// use hg_core::forms::is_email_address;
/// assert!(is_email_address("zoë@bücher.example"));
/// assert!(!is_email_address("a@b"));
/// assert!(!is_email_address("a b@x.io"));
/// ```
pub fn is_email_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "()<>[]:;,\\\"".contains(c);
    let label_ok = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && !label.contains(['_', '@', '/'])
    };
    !local.is_empty()
        && text.len() <= 254
        && local.len() <= 64
        && !local.contains('@')
        && !local.starts_with('.')
        && !local.ends_with('.')
        && !local.contains("..")
        && !text.chars().any(forbidden)
        && domain.contains('.')
        && domain.split('.').all(label_ok)
}
