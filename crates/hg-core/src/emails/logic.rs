//! Conditions and loops in an email: `{% if contact.city %}…{% endif %}`, `{% for %}`, `{{ contact.city }}`.
//!
//! Only emails that hold `{%` pay for it. The statements run first, over the compiled parts, and what they leave is then
//! filled in like any other text; a value can never become a token. What could make much out of little (macros, includes,
//! assignments, joining and repeating texts) is not there, steps are counted, and the output has an end.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::Arc;

use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value};
use regex::Regex;

use crate::tokens::{decode_entities, escape_html};

/// Steps of one part of one message.
const STEPS: u64 = 200_000;
/// What one part of a message may grow to.
const LONGEST_OUTPUT: usize = 1024 * 1024;
/// Stand for `{` and `%` of values until the tokens are filled in.
const BRACE: char = '\u{FDD0}';
const PERCENT: char = '\u{FDD1}';
/// What a statement may begin with.
const STATEMENTS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];

/// Why the conditions and loops of an email cannot run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogicError {
    /// They cannot be read.
    #[error("the conditions and loops cannot be read: {0}")]
    Unreadable(String),
    /// They ran too long.
    #[error("the loops of the email were stopped after {STEPS} steps: loop over less")]
    TooManySteps,
    /// They made too much.
    #[error("the loops of the email made more than 1 MB out of it: loop over less")]
    TooLong,
    /// They failed for this contact.
    #[error("the conditions and loops failed: {0}")]
    Failed(String),
}

/// The parts of an email that hold statements, by name.
#[derive(Debug, Clone)]
pub(super) struct Logic {
    programs: Arc<Environment<'static>>,
    names: Vec<String>,
    /// Fields of contacts that they ask for.
    pub aliases: Vec<String>,
}

/// Whether a text holds statements.
pub(super) fn is_logic(text: &str) -> bool {
    text.contains("{%")
}

impl Logic {
    /// Compiles the parts; `markup`: HTML, where editors write `&gt;` for `>`.
    pub(super) fn compile(parts: &[(String, &str, bool)]) -> Result<Option<Self>, LogicError> {
        let with_logic: Vec<_> = parts.iter().filter(|(_, text, _)| is_logic(text)).collect();
        if with_logic.is_empty() {
            return Ok(None);
        }
        let mut programs = Environment::empty();
        programs.set_fuel(Some(STEPS));
        programs.set_undefined_behavior(UndefinedBehavior::Chainable);
        programs.set_auto_escape_callback(|_| AutoEscape::None);
        programs.set_formatter(|out, state, value| {
            if !value.is_undefined() && !value.is_none() {
                let text = value.to_string().replace('{', &BRACE.to_string()).replace('%', &PERCENT.to_string());
                let mut escaped = String::new();
                let shown = if state.name().starts_with("html") {
                    escape_html(&text, &mut escaped);
                    &escaped
                } else {
                    &text
                };
                out.write_str(shown).map_err(|_| minijinja::Error::new(ErrorKind::WriteFailure, "the output is full"))?;
            }
            Ok(())
        });
        add_helpers(&mut programs);
        let (mut names, mut aliases) = (Vec::new(), Vec::new());
        for (name, text, markup) in with_logic {
            let program = checked(text, *markup)?;
            aliases.extend(asked(&program));
            programs.add_template_owned(name.clone(), program).map_err(unreadable)?;
            names.push(name.clone());
        }
        aliases.sort_unstable();
        aliases.dedup();
        Ok(Some(Self { programs: Arc::new(programs), names, aliases }))
    }

    /// Runs the statements of a part; none if it has none.
    pub(super) fn run(&self, name: &str, contact: &Value) -> Result<Option<String>, LogicError> {
        if !self.names.iter().any(|known| known == name) {
            return Ok(None);
        }
        let program = self.programs.get_template(name).map_err(unreadable)?;
        let mut out = Bounded::default();
        let scope = Value::from(BTreeMap::from([("contact", contact.clone())]));
        let ran = program.render_captured_to(scope, &mut out).map(|_| ());
        if out.full {
            return Err(LogicError::TooLong);
        }
        ran.map_err(|error| match error.kind() {
            ErrorKind::OutOfFuel => LogicError::TooManySteps,
            _ => LogicError::Failed(error.to_string()),
        })?;
        String::from_utf8(out.bytes).map(Some).map_err(|e| LogicError::Failed(e.to_string()))
    }

    /// The contact as the statements see her.
    pub(super) fn contact(&self, value: &dyn Fn(&str) -> Option<String>) -> Value {
        Value::from(self.aliases.iter().map(|alias| (alias.clone(), typed(value(alias)))).collect::<BTreeMap<_, _>>())
    }
}

/// Puts back what values were not to mean.
pub(super) fn unmask(text: String) -> String {
    if text.contains([BRACE, PERCENT]) { text.replace(BRACE, "{").replace(PERCENT, "%") } else { text }
}

/// Numbers compare as numbers; everything else is text, and a missing value is false.
fn typed(text: Option<String>) -> Value {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Value::from("") };
    if let Ok(whole) = text.parse::<i64>()
        && whole.to_string() == text
    {
        return Value::from(whole);
    }
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number.to_string() == text => Value::from(number),
        _ => Value::from(text),
    }
}

/// None of these makes a text longer than a few times what it was.
fn add_helpers(programs: &mut Environment<'static>) {
    programs.add_filter("upper", |text: String| text.to_uppercase());
    programs.add_filter("lower", |text: String| text.to_lowercase());
    programs.add_filter("trim", |text: String| text.trim().to_owned());
    programs.add_filter("length", |value: Value| value.len().unwrap_or(0));
    programs.add_filter("default", |value: Value, other: Value| {
        let missing = value.is_undefined() || value.is_none() || value.as_str() == Some("");
        if missing { other } else { value }
    });
    programs.add_filter("split", |text: Value, by: String| {
        let text = text.to_string();
        let parts = text.split(by.as_str()).map(str::trim).filter(|part| !part.is_empty());
        Value::from(parts.map(str::to_owned).collect::<Vec<_>>())
    });
}

fn unreadable(error: minijinja::Error) -> LogicError {
    let place = error.line().map(|line| format!(" (line {line})")).unwrap_or_default();
    let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
    LogicError::Unreadable(format!("{detail}{place}"))
}

/// The text with its statements decoded; only statements and signs that cannot do harm are let through.
fn checked(text: &str, markup: bool) -> Result<String, LogicError> {
    let wrong = |detail: String| Err(LogicError::Unreadable(detail));
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("{%").into_iter().chain(rest.find("{{")).chain(rest.find("{#")).min() {
        out.push_str(&rest[..at]);
        let (open, close) = match &rest[at..at + 2] {
            "{%" => ("{%", "%}"),
            "{{" => ("{{", "}}"),
            _ => ("{#", "#}"),
        };
        let Some(length) = rest[at + 2..].find(close) else {
            return wrong(format!("“{open}” is never closed with “{close}”"));
        };
        let inner = &rest[at + 2..at + 2 + length];
        let inner = if markup { decode_entities(inner) } else { inner.to_owned() };
        // The closing sign inside quotes would end the statement for us and not for the engine.
        if open != "{#" && inner.matches('"').count() % 2 + inner.matches('\'').count() % 2 != 0 {
            return wrong(format!("a quote is not closed in “{open}{inner}{close}”"));
        }
        if open == "{%" {
            let body = inner.trim_start_matches(['-', '+']).trim_start();
            let word: String = body.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if !STATEMENTS.contains(&word.as_str()) {
                return wrong(format!("“{word}” cannot be used in an email; use if, elif, else, endif, for and endfor"));
            }
        }
        if open != "{#" && outside_quotes(&inner).contains(['*', '~']) {
            return wrong(format!("“*” and “~” cannot be used in “{open}{inner}{close}”"));
        }
        if open != "{#" {
            out.push_str(open);
            out.push_str(&inner);
            out.push_str(close);
        }
        rest = &rest[at + 2 + length + 2..];
    }
    out.push_str(rest);
    Ok(out)
}

/// A statement without the texts that stand in quotes.
fn outside_quotes(inner: &str) -> String {
    let (mut quote, mut escaped) = (None, false);
    inner
        .chars()
        .filter(|c| match quote {
            Some(open) => {
                if escaped {
                    escaped = false;
                } else if *c == '\\' {
                    escaped = true;
                } else if *c == open {
                    quote = None;
                }
                false
            }
            None => {
                if matches!(c, '"' | '\'') {
                    quote = Some(*c);
                }
                true
            }
        })
        .collect()
}

/// The fields that the statements of a text name.
fn asked(program: &str) -> Vec<String> {
    let Ok(pattern) = Regex::new(r"contact\s*(?:\.\s*([A-Za-z0-9_]+)|\[\s*.([A-Za-z0-9_]+).\s*\])") else { return Vec::new() };
    let found = pattern.captures_iter(program);
    found.filter_map(|c| Some(c.get(1).or_else(|| c.get(2))?.as_str().to_owned())).collect()
}

/// An output with an end.
#[derive(Default)]
struct Bounded {
    bytes: Vec<u8>,
    full: bool,
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > LONGEST_OUTPUT {
            self.full = true;
            return Err(io::Error::other("the output is full"));
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
