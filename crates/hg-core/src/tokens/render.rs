//! From parts to text: each value is fetched, shaped and written for the place it goes to.

use std::borrow::Cow;

use jiff::{Zoned, civil, tz::TimeZone};

use super::{
    FieldModifier, OwnText, OwnUrl, Template, TodayFormat, Token,
    escape::{decode_entities, encode_component, encode_form, escape_html, one_line, readable, strip_tags},
    format_date, shift_date,
};
use crate::tokens::parse::Part;

/// Where a rendered text goes; decides how values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// HTML, in text or inside a quoted attribute.
    Html,
    /// Plain text.
    Plain,
    /// One line: a subject or another header.
    Line,
    /// The target of a link: values are percent-encoded, except one that is the whole beginning.
    Url,
}

/// A value and what is needed to show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value<'a> {
    /// As stored: options by their value, several of them with `|` between, dates as text.
    pub text: Cow<'a, str>,
    /// How it is meant.
    pub kind: ValueKind,
    /// The label of the chosen option, where there is one.
    pub label: Option<Cow<'a, str>>,
}

/// How the text of a value is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ValueKind {
    /// Plain words.
    #[default]
    Plain,
    /// HTML that the workspace trusts.
    Html,
}

impl<'a> Value<'a> {
    /// A value of plain words.
    pub fn plain(text: impl Into<Cow<'a, str>>) -> Self {
        Self { text: text.into(), kind: ValueKind::Plain, label: None }
    }
}

/// The date formats of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateFormats {
    /// Dates alone.
    pub date: String,
    /// Times alone.
    pub time: String,
}

impl Default for DateFormats {
    fn default() -> Self {
        Self { date: "F j, Y".into(), time: "g:i a".into() }
    }
}

/// What a rendering may ask for. Everything but the time has an answer of "nothing".
pub trait TokenFacts {
    /// Now, in the contact's zone (else the workspace's).
    fn now(&self) -> &Zoned;
    /// The date formats of the workspace.
    fn formats(&self) -> &DateFormats;
    /// A field of the contact.
    fn field(&self, _alias: &str) -> Option<Value<'_>> {
        None
    }
    /// What to print instead of values when there is no contact, for example `[First name]`.
    fn sample_of(&self, _token: &Token) -> Option<Cow<'_, str>> {
        None
    }
    /// A field of the contact's owner.
    fn owner(&self, _name: &str) -> Option<Cow<'_, str>> {
        None
    }
    /// An address that belongs to the message.
    fn url(&self, _which: OwnUrl) -> Option<Cow<'_, str>> {
        None
    }
    /// A text of the workspace, parsed, with `|URL|` already turned into the token.
    fn text(&self, _which: OwnText) -> Option<&Template> {
        None
    }
    /// The subject of the message.
    fn subject(&self) -> &str {
        ""
    }
    /// The signature, as HTML.
    fn signature(&self) -> Cow<'_, str> {
        Cow::Borrowed("")
    }
    /// The address of a page.
    fn page_url(&self, _id: i64) -> Option<Cow<'_, str>> {
        None
    }
    /// The address of an asset.
    fn asset_url(&self, _id: i64) -> Option<Cow<'_, str>> {
        None
    }
    /// The HTML of a form.
    fn form_html(&self, _id: i64) -> Option<Cow<'_, str>> {
        None
    }
    /// A dynamic block, already rendered for this contact.
    fn dynamic_content(&self, _name: &str) -> Option<Cow<'_, str>> {
        None
    }
    /// Title and description of the page.
    fn page_text(&self, _token: &Token) -> Cow<'_, str> {
        Cow::Borrowed("")
    }
    /// Writes the address of a counted link, escaped for the place.
    fn write_link(&self, _number: usize, _place: Place, _out: &mut String) {}
    /// A token that the caller of the API gave a value, by its name without braces, in lower case.
    fn given(&self, _name: &str) -> Option<&str> {
        None
    }
    /// Whether the caller gave any tokens at all.
    fn has_given(&self) -> bool {
        false
    }
    /// Whether given tokens are escaped like values.
    fn escapes_given(&self) -> bool {
        false
    }
    /// Whether values of fields are escaped in HTML; off only for workspaces that moved here.
    fn escapes_values(&self) -> bool {
        true
    }
}

impl Template {
    /// Renders to a new string.
    pub fn render(&self, facts: &dyn TokenFacts, place: Place) -> String {
        let mut out = String::new();
        self.render_into(facts, place, &mut out);
        out
    }

    /// Appends the rendering to `out`.
    pub fn render_into(&self, facts: &dyn TokenFacts, place: Place, out: &mut String) {
        for (number, part) in self.parts.iter().enumerate() {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Token { token, raw } => {
                    let mut writer = Writer { facts, place, out, leads: number == 0 };
                    writer.token(token, raw);
                }
            }
        }
    }
}

struct Writer<'a> {
    facts: &'a dyn TokenFacts,
    place: Place,
    out: &'a mut String,
    /// The token stands at the very beginning: a link that is a value as a whole.
    leads: bool,
}

impl Writer<'_> {
    fn token(&mut self, token: &Token, raw: &str) {
        if self.facts.has_given() && self.given(raw) {
            return;
        }
        if let Some(sample) = self.facts.sample_of(token) {
            return self.value(&Value::plain(sample));
        }
        let facts = self.facts;
        match token {
            Token::ContactField { alias, modifier } => self.contact_field(alias, modifier),
            Token::OwnerField(name) => self.optional(facts.owner(name)),
            Token::Today { format, shift } => {
                let moved = shift.as_deref().and_then(|shift| shift_date(facts.now(), shift));
                self.date(moved.as_ref().unwrap_or(facts.now()), format);
            }
            Token::Time { at, format } => {
                let local = at.with_time_zone(facts.now().time_zone().clone());
                self.date(&local, format);
            }
            Token::Subject => self.value(&Value::plain(facts.subject())),
            Token::Url(which) => self.address(facts.url(*which)),
            Token::PageLink(id) => self.address(facts.page_url(*id)),
            Token::AssetLink(id) => self.address(facts.asset_url(*id)),
            Token::Text(which) => self.own_text(*which),
            Token::Signature => self.markup(&facts.signature()),
            Token::Form(id) => self.markup(&facts.form_html(*id).unwrap_or_default()),
            Token::DynamicContent(name) => self.markup(&facts.dynamic_content(name).unwrap_or_default()),
            Token::PageTitle | Token::PageDescription | Token::SuccessMessage => {
                self.value(&Value::plain(facts.page_text(token)));
            }
            Token::TrackedLink(number) => facts.write_link(*number, self.place, self.out),
            Token::Nothing => {}
            Token::Word => self.out.push_str(raw),
        }
    }

    /// Writes what the caller of the API gave for this token; false if nothing was given.
    fn given(&mut self, raw: &str) -> bool {
        let name = raw.trim_start_matches('{').trim_end_matches('}').to_lowercase();
        let facts = self.facts;
        let Some(text) = facts.given(&name) else { return false };
        if facts.escapes_given() {
            self.value(&Value::plain(text));
        } else {
            self.markup(text);
        }
        true
    }

    fn contact_field(&mut self, alias: &str, modifier: &FieldModifier) {
        let facts = self.facts;
        let value = facts.field(alias).filter(|value| !value.text.is_empty());
        let Some(value) = value else {
            if let FieldModifier::Default(text) = modifier {
                self.authored(text);
            }
            return;
        };
        match modifier {
            FieldModifier::None | FieldModifier::Default(_) => self.value(&value),
            FieldModifier::UrlEncoded => self.out.push_str(&encode_form(&value.text)),
            FieldModifier::Raw => self.markup(&value.text),
            FieldModifier::Label => {
                let label = value.label.clone().unwrap_or_else(|| value.text.clone());
                self.value(&Value { text: label, ..Value::plain("") });
            }
            FieldModifier::Date | FieldModifier::Time | FieldModifier::DateTime => {
                let shown = self.stored_date(&value.text, modifier);
                self.value(&Value::plain(shown));
            }
        }
    }

    /// A stored date in the workspace's format, without moving it between zones.
    fn stored_date(&self, text: &str, modifier: &FieldModifier) -> String {
        let Some(at) = read_stored(text) else { return text.to_owned() };
        let formats = self.facts.formats();
        match modifier {
            FieldModifier::Date => format_date(&at, &formats.date),
            FieldModifier::Time => format_date(&at, &formats.time),
            _ => format!("{} {}", format_date(&at, &formats.date), format_date(&at, &formats.time)),
        }
    }

    fn date(&mut self, at: &Zoned, format: &TodayFormat) {
        let formats = self.facts.formats();
        let text = match format {
            TodayFormat::Full => format!("{} {}", format_date(at, &formats.date), format_date(at, &formats.time)),
            TodayFormat::Date => format_date(at, &formats.date),
            TodayFormat::Time => format_date(at, &formats.time),
            TodayFormat::Custom(format) => format_date(at, format),
        };
        self.value(&Value::plain(text));
    }

    fn optional(&mut self, text: Option<Cow<'_, str>>) {
        if let Some(text) = text {
            self.value(&Value::plain(text));
        }
    }

    /// An address of our own: never percent-encoded again.
    fn address(&mut self, url: Option<Cow<'_, str>>) {
        let Some(url) = url else { return };
        match self.place {
            Place::Html => escape_html(&url, self.out),
            _ => self.out.push_str(&url),
        }
    }

    fn own_text(&mut self, which: OwnText) {
        let facts = self.facts;
        let Some(template) = facts.text(which) else { return };
        if self.place == Place::Html {
            return template.render_into(facts, Place::Html, self.out);
        }
        let html = template.render(facts, Place::Html);
        self.markup(&html);
    }

    /// What the author of the email wrote: trusted as it is.
    fn authored(&mut self, text: &str) {
        match self.place {
            Place::Line => one_line(text, self.out),
            Place::Url => self.encoded(text),
            Place::Html | Place::Plain => self.out.push_str(text),
        }
    }

    /// Something that is HTML already.
    fn markup(&mut self, html: &str) {
        match self.place {
            Place::Html => self.out.push_str(html),
            Place::Plain => self.out.push_str(&readable(html)),
            Place::Line => one_line(&decode_entities(&strip_tags(html)), self.out),
            Place::Url => self.encoded(&decode_entities(&strip_tags(html))),
        }
    }

    fn value(&mut self, value: &Value<'_>) {
        if value.kind == ValueKind::Html || !(self.facts.escapes_values() || self.place != Place::Html) {
            return self.markup(&value.text);
        }
        match self.place {
            Place::Html => escape_html(&value.text, self.out),
            Place::Plain => self.out.push_str(&value.text),
            Place::Line => one_line(&value.text, self.out),
            Place::Url => self.encoded(&value.text),
        }
    }

    fn encoded(&mut self, text: &str) {
        if self.leads {
            one_line(text, self.out);
        } else {
            self.out.push_str(&encode_component(text));
        }
    }
}

/// A date, a time or both, as stored: text without a zone.
fn read_stored(text: &str) -> Option<Zoned> {
    let text = text.trim();
    let at = text
        .parse::<civil::DateTime>()
        .or_else(|_| text.parse::<civil::Date>().map(|date| date.at(0, 0, 0, 0)))
        .or_else(|_| text.parse::<civil::Time>().map(|time| civil::date(1970, 1, 1).to_datetime(time)))
        .ok()?;
    at.to_zoned(TimeZone::UTC).ok()
}
