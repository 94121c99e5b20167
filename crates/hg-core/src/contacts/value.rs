//! Values of fields: read from what people type, and shown again.

use std::fmt::Write as _;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde_json::Value as Json;

use crate::contacts::{FieldDef, FieldType, countries, country_name, read_clock, read_date, read_instant, safe_html};
use crate::text::Email;
use crate::time::{self, Timestamp};

/// The value of one field of one contact.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum FieldValue {
    #[default]
    Empty,
    Text(String),
    Number(f64),
    Bool(bool),
    Date(Date),
    Instant(Timestamp),
    Choices(Vec<String>),
}

/// Why a value cannot be stored in a field. The sentence names no field: whoever shows it does.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    #[error("“{0}” is not a number")]
    NotANumber(String),
    #[error("“{0}” is neither yes nor no")]
    NotYesNo(String),
    #[error("“{0}” is not a date; write it like 2024-03-13")]
    NotADate(String),
    #[error("“{0}” is not a date and time; write it like 2024-03-13 15:30")]
    NotAnInstant(String),
    #[error("“{0}” is not a time of day; write it like 15:30")]
    NotATime(String),
    #[error("“{text}” is not one of the choices: {choices}")]
    NotAChoice { text: String, choices: String },
    #[error("“{text}” is not an e-mail address: {reason}")]
    NotAnEmail { text: String, reason: String },
    #[error("“{0}” is not a web address; write it like https://example.org/")]
    NotAUrl(String),
    #[error("“{0}” is not a phone number")]
    NotAPhone(String),
    #[error("“{0}” is not a country; write its English name or its two-letter code")]
    NotACountry(String),
    #[error("“{0}” is not a time zone; write it like Europe/Prague")]
    NotAZone(String),
    #[error("“{0}” is not a language; write it like cs or cs_CZ")]
    NotALocale(String),
    #[error("the value has {length} characters, at most {limit} are allowed")]
    TooLong { length: usize, limit: usize },
    #[error("a single value is needed here, not a list")]
    NotASingleValue,
}

const LONGEST_TEXT: usize = 65_535;

/// Languages that have a code of two letters, with the older codes that are still met.
const LANGUAGES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz \
    ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik in io is it iu iw ja ji \
    jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr ms mt my na nb nd ne ng nl nn \
    no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so sq sr ss st su sv sw ta te tg th \
    ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

impl FieldDef {
    /// Reads what a person, a file or a program wrote. Blank text is [`FieldValue::Empty`].
    pub fn read(&self, written: &str) -> Result<FieldValue, ValueError> {
        self.read_in(written, &TimeZone::UTC)
    }

    /// As [`FieldDef::read`]; a date and time without an offset is meant in `zone`.
    pub fn read_in(&self, written: &str, zone: &TimeZone) -> Result<FieldValue, ValueError> {
        let text = written.trim();
        if text.is_empty() {
            return Ok(FieldValue::Empty);
        }
        let quoted = || text.chars().take(80).collect::<String>();
        match self.kind {
            FieldType::Text | FieldType::Region | FieldType::Lookup => self.short(text.replace(['\r', '\n'], " ")),
            FieldType::LongText => self.short(text.to_string()),
            FieldType::Html => self.short(safe_html(text)),
            FieldType::Time => read_clock(text)
                .map(|time| FieldValue::Text(time.strftime("%H:%M:%S").to_string()))
                .ok_or_else(|| ValueError::NotATime(quoted())),
            FieldType::Number => {
                read_number(text, self.properties.scale).map(FieldValue::Number).ok_or_else(|| ValueError::NotANumber(quoted()))
            }
            FieldType::Boolean => self.read_bool(text).map(FieldValue::Bool).ok_or_else(|| ValueError::NotYesNo(quoted())),
            FieldType::Date => read_date(text).map(FieldValue::Date).ok_or_else(|| ValueError::NotADate(quoted())),
            FieldType::Datetime => {
                read_instant(text, zone).map(FieldValue::Instant).ok_or_else(|| ValueError::NotAnInstant(quoted()))
            }
            FieldType::Select => self.read_choice(text).map(FieldValue::Text),
            FieldType::Multiselect => self.read_choices(text.split('|')),
            FieldType::Email => match Email::parse(text) {
                Ok(email) => self.short(email.written().to_string()),
                Err(reason) => Err(ValueError::NotAnEmail { text: quoted(), reason: reason.to_string() }),
            },
            FieldType::Url => self.short(read_url(text).ok_or_else(|| ValueError::NotAUrl(quoted()))?),
            FieldType::Phone if text.chars().any(|c| c.is_ascii_digit()) => self.short(text.to_string()),
            FieldType::Phone => Err(ValueError::NotAPhone(quoted())),
            FieldType::Country => {
                country_name(text).map(|name| FieldValue::Text(name.to_string())).ok_or_else(|| ValueError::NotACountry(quoted()))
            }
            FieldType::Timezone => {
                let zone = time::zone(text).map_err(|_| ValueError::NotAZone(quoted()))?;
                Ok(FieldValue::Text(zone.iana_name().unwrap_or(text).to_string()))
            }
            FieldType::Locale => read_locale(text).map(FieldValue::Text).ok_or_else(|| ValueError::NotALocale(quoted())),
        }
    }

    /// Reads a value of JSON: numbers and booleans as they are, lists for multiselect, else as text.
    pub fn read_json(&self, value: &Json, zone: &TimeZone) -> Result<FieldValue, ValueError> {
        match value {
            Json::Null => Ok(FieldValue::Empty),
            Json::Bool(yes) if self.kind == FieldType::Boolean => Ok(FieldValue::Bool(*yes)),
            Json::Bool(yes) => self.read_in(if *yes { "1" } else { "0" }, zone),
            Json::Number(number) => self.read_in(&number.to_string(), zone),
            Json::String(text) => self.read_in(text, zone),
            Json::Array(items) if self.kind == FieldType::Multiselect => {
                let texts: Option<Vec<String>> = items.iter().map(scalar_text).collect();
                self.read_choices(texts.ok_or(ValueError::NotASingleValue)?.iter().map(String::as_str))
            }
            Json::Array(_) | Json::Object(_) => Err(ValueError::NotASingleValue),
        }
    }

    fn short(&self, text: String) -> Result<FieldValue, ValueError> {
        let limit = if self.kind.has_char_limit() { self.char_limit as usize } else { LONGEST_TEXT };
        let length = text.chars().count();
        if length > limit {
            return Err(ValueError::TooLong { length, limit });
        }
        Ok(FieldValue::Text(text))
    }

    fn read_bool(&self, text: &str) -> Option<bool> {
        let lower = text.to_lowercase();
        let labelled = |label: &Option<String>| label.as_ref().is_some_and(|l| l.to_lowercase() == lower);
        match lower.as_str() {
            _ if labelled(&self.properties.yes) => Some(true),
            _ if labelled(&self.properties.no) => Some(false),
            "1" | "true" | "on" | "yes" | "y" | "t" => Some(true),
            "0" | "false" | "off" | "no" | "n" | "f" => Some(false),
            _ => None,
        }
    }

    fn read_choice(&self, text: &str) -> Result<String, ValueError> {
        self.choice(text).map(|choice| choice.value.clone()).ok_or_else(|| ValueError::NotAChoice {
            text: text.chars().take(80).collect(),
            choices: self.properties.options.iter().map(|c| c.value.as_str()).take(20).collect::<Vec<_>>().join(", "),
        })
    }

    fn read_choices<'a>(&self, texts: impl Iterator<Item = &'a str>) -> Result<FieldValue, ValueError> {
        let mut chosen: Vec<String> = Vec::new();
        for text in texts.map(str::trim).filter(|t| !t.is_empty()) {
            let value = self.read_choice(text)?;
            if !chosen.contains(&value) {
                chosen.push(value);
            }
        }
        Ok(if chosen.is_empty() { FieldValue::Empty } else { FieldValue::Choices(chosen) })
    }
}

impl FieldValue {
    pub fn is_empty(&self) -> bool {
        match self {
            FieldValue::Empty => true,
            FieldValue::Text(text) => text.is_empty(),
            FieldValue::Choices(choices) => choices.is_empty(),
            _ => false,
        }
    }

    /// As plain text: in exports, tokens, and wherever a person reads it.
    pub fn to_text(&self) -> String {
        match self {
            FieldValue::Empty => String::new(),
            FieldValue::Text(text) => text.clone(),
            FieldValue::Number(number) => number.to_string(),
            FieldValue::Bool(yes) => if *yes { "1" } else { "0" }.to_string(),
            FieldValue::Date(date) => time::format_date(*date),
            FieldValue::Instant(at) => at.sql_text(),
            FieldValue::Choices(choices) => choices.join("|"),
        }
    }

    /// As the native API shows it.
    pub fn to_json(&self) -> Json {
        match self {
            FieldValue::Empty => Json::Null,
            FieldValue::Text(text) => Json::from(text.as_str()),
            FieldValue::Number(n) if n.fract() == 0.0 && n.abs() < 9e15 => Json::from(*n as i64),
            FieldValue::Number(number) => Json::from(*number),
            FieldValue::Bool(yes) => Json::from(*yes),
            FieldValue::Date(date) => Json::from(time::format_date(*date)),
            FieldValue::Instant(at) => Json::from(at.rfc3339()),
            FieldValue::Choices(choices) => Json::from(choices.clone()),
        }
    }
}

fn scalar_text(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(yes) => Some(if *yes { "1" } else { "0" }.to_string()),
        _ => None,
    }
}

/// Reads a number with a point or a comma, with or without separators of thousands.
fn read_number(text: &str, scale: Option<u8>) -> Option<f64> {
    let compact: String = text.chars().filter(|c| !matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\'' | '_')).collect();
    let plain = match (compact.rfind('.'), compact.rfind(',')) {
        (Some(point), Some(comma)) if comma > point => compact.replace('.', "").replacen(',', ".", 1),
        (Some(_), Some(_)) => compact.replace(',', ""),
        (None, Some(comma)) => {
            let thousands = compact[comma + 1..].len() == 3 || compact.matches(',').count() > 1;
            compact.replace(',', if thousands { "" } else { "." })
        }
        _ => compact,
    };
    let digits = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    let starts_well = digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    if !starts_well || !digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '-' | '+')) {
        return None;
    }
    let number: f64 = plain.parse().ok().filter(|n: &f64| n.is_finite())?;
    let Some(scale) = scale else { return Some(number) };
    let factor = 10f64.powi(i32::from(scale));
    let rounded = (number * factor).round() / factor;
    Some(if rounded.is_finite() { rounded } else { number })
}

fn read_url(text: &str) -> Option<String> {
    let with_scheme = if text.contains("://") { text.to_string() } else { format!("https://{text}") };
    let url = url::Url::parse(&with_scheme).ok()?;
    let web = matches!(url.scheme(), "http" | "https" | "ftp");
    let host = url.host_str().is_some_and(|h| h.contains('.') || h == "localhost" || h.starts_with('['));
    (web && host && !text.chars().any(char::is_whitespace)).then_some(with_scheme)
}

fn is_country(code: &str) -> bool {
    countries().any(|(known, _)| known.eq_ignore_ascii_case(code))
}

/// Reads `cs`, `cs-CZ`, `cs_cz`, `zh_Hans_CN` and writes it the way locales are stored: `cs_CZ`.
fn read_locale(text: &str) -> Option<String> {
    let mut parts = text.split(['_', '-']);
    let language = parts.next().unwrap_or("");
    if !(2..=3).contains(&language.len()) || !language.chars().all(|c| c.is_ascii_alphabetic()) {
        return None;
    }
    let mut locale = language.to_ascii_lowercase();
    if locale.len() == 2 && !LANGUAGES.split(' ').any(|known| known == locale) {
        return None;
    }
    for part in parts {
        let alphabetic = part.chars().all(|c| c.is_ascii_alphabetic());
        let _ = match part.len() {
            2 if is_country(part) => write!(locale, "_{}", part.to_ascii_uppercase()),
            3 if part.chars().all(|c| c.is_ascii_digit()) => write!(locale, "_{part}"),
            4 if alphabetic => write!(locale, "_{}{}", part[..1].to_ascii_uppercase(), part[1..].to_ascii_lowercase()),
            _ => return None,
        };
    }
    Some(locale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contacts::Choice;
    use proptest::prelude::*;

    fn field(kind: FieldType) -> FieldDef {
        let mut field = FieldDef::new("x", "X", kind);
        field.properties.options = vec![Choice { label: "Gold plan".into(), value: "gold".into() }, Choice::new("silver")];
        field.properties.yes = Some("Ano".into());
        field.properties.no = Some("Ne".into());
        field.char_limit = 64;
        field
    }

    fn shown(kind: FieldType, text: &str) -> Result<String, String> {
        field(kind).read(text).map(|v| v.to_text()).map_err(|e| e.to_string())
    }

    #[test]
    fn values_are_read_the_way_people_write_them() {
        for (kind, text, expected) in [
            (FieldType::Text, "  Ada \n", "Ada"),
            (FieldType::Number, "1 234,5", "1234.5"),
            (FieldType::Number, "1,234.50", "1234.5"),
            (FieldType::Number, "1.234,50", "1234.5"),
            (FieldType::Number, "3,5", "3.5"),
            (FieldType::Number, "1,234", "1234"),
            (FieldType::Number, "-7", "-7"),
            (FieldType::Boolean, "YES", "1"),
            (FieldType::Boolean, "ne", "0"),
            (FieldType::Boolean, "Ano", "1"),
            (FieldType::Date, "13.3.2024", "2024-03-13"),
            (FieldType::Date, "2024-03-13T10:00:00Z", "2024-03-13"),
            (FieldType::Datetime, "2024-03-13 15:30", "2024-03-13 15:30:00"),
            (FieldType::Datetime, "2024-03-13T15:30:00+02:00", "2024-03-13 13:30:00"),
            (FieldType::Time, "9:05", "09:05:00"),
            (FieldType::Time, "3:30:20 pm", "15:30:20"),
            (FieldType::Html, "<b onclick=\"x()\">Hi</b>", "<b>Hi</b>"),
            (FieldType::Select, "GOLD PLAN", "gold"),
            (FieldType::Multiselect, "silver|Gold plan|silver", "silver|gold"),
            (FieldType::Email, " Ada@Example.org ", "Ada@Example.org"),
            (FieldType::Url, "example.org/x", "https://example.org/x"),
            (FieldType::Phone, "+420 123 456 789", "+420 123 456 789"),
            (FieldType::Country, "cz", "Czech Republic"),
            (FieldType::Country, "cote d'ivoire", "Ivory Coast"),
            (FieldType::Timezone, "europe/prague", "Europe/Prague"),
            (FieldType::Locale, "cs-cz", "cs_CZ"),
            (FieldType::Locale, "zh-hans-cn", "zh_Hans_CN"),
            (FieldType::Locale, "es_419", "es_419"),
            (FieldType::Locale, "fil", "fil"),
            (FieldType::Text, "   ", ""),
        ] {
            assert_eq!(shown(kind, text).as_deref(), Ok(expected), "{kind} {text}");
        }
    }

    #[test]
    fn what_a_field_cannot_hold_is_refused_with_a_sentence() {
        for (kind, text, part) in [
            (FieldType::Number, "many", "is not a number"),
            (FieldType::Number, "1e999", "is not a number"),
            (FieldType::Number, "NaN", "is not a number"),
            (FieldType::Boolean, "maybe", "neither yes nor no"),
            (FieldType::Date, "31.2.2024", "is not a date"),
            (FieldType::Datetime, "soon", "is not a date and time"),
            (FieldType::Time, "25:00", "is not a time of day"),
            (FieldType::Time, "noon", "is not a time of day"),
            (FieldType::Time, "10:00+02:00", "is not a time of day"),
            (FieldType::Select, "bronze", "not one of the choices: gold, silver"),
            (FieldType::Multiselect, "gold|bronze", "not one of the choices"),
            (FieldType::Email, "ada@", "is not an e-mail address"),
            (FieldType::Url, "javascript:alert(1)", "is not a web address"),
            (FieldType::Phone, "none", "is not a phone number"),
            (FieldType::Country, "Atlantis", "is not a country"),
            (FieldType::Timezone, "Mars/Olympus", "is not a time zone"),
            (FieldType::Locale, "czech", "is not a language"),
            (FieldType::Locale, "xx", "is not a language"),
            (FieldType::Locale, "cs_QQ", "is not a language"),
        ] {
            let error = shown(kind, text).expect_err(text);
            assert!(error.contains(part), "{kind} {text}: {error}");
        }
        assert!(shown(FieldType::Text, &"x".repeat(65)).expect_err("long").contains("at most 64"));
    }

    #[test]
    fn json_values_are_read_by_their_own_type() {
        let read = |kind, value: Json| field(kind).read_json(&value, &TimeZone::UTC);
        assert_eq!(read(FieldType::Boolean, Json::from(true)), Ok(FieldValue::Bool(true)));
        assert_eq!(read(FieldType::Number, serde_json::json!(2.5)), Ok(FieldValue::Number(2.5)));
        assert_eq!(read(FieldType::Text, Json::from(7)), Ok(FieldValue::Text("7".into())));
        assert_eq!(read(FieldType::Multiselect, serde_json::json!(["gold"])), Ok(FieldValue::Choices(vec!["gold".into()])));
        assert_eq!(read(FieldType::Text, serde_json::json!(["a"])), Err(ValueError::NotASingleValue));
        assert_eq!(read(FieldType::Text, Json::Null), Ok(FieldValue::Empty));
    }

    proptest! {
        #[test]
        fn a_value_that_was_read_reads_back_as_itself(text in "\\PC{0,30}", which in 0usize..16) {
            let field = field(FieldType::ALL[which]);
            if let Ok(value) = field.read(&text) {
                prop_assert_eq!(field.read(&value.to_text()), Ok(value));
            }
        }

        #[test]
        fn a_number_survives_its_own_text(number in proptest::num::f64::NORMAL) {
            prop_assert_eq!(field(FieldType::Number).read(&number.to_string()), Ok(FieldValue::Number(number)));
        }
    }
}
