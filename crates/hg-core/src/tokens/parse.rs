//! From text to parts: where tokens begin and end, and what each one asks for.

use jiff::Zoned;
use percent_encoding::percent_decode_str;

/// Nothing longer than this between two braces is a token.
const LONGEST_TOKEN: usize = 1_000;

/// A text with its tokens found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Template {
    pub(super) parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Text(String),
    /// A token, and the text it was written as: API tokens of that name win over built-in ones.
    Token {
        token: Token,
        raw: String,
    },
}

/// What a token asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    /// A field of the contact, by alias.
    ContactField { alias: String, modifier: FieldModifier },
    /// A field of the contact's owner.
    OwnerField(String),
    /// The present moment in the contact's zone, moved by a relative expression.
    Today { format: TodayFormat, shift: Option<String> },
    /// A fixed instant, shown in the contact's zone.
    Time { at: Box<Zoned>, format: TodayFormat },
    /// The subject of the message.
    Subject,
    /// One of the addresses that belong to the message.
    Url(OwnUrl),
    /// One of the configured texts.
    Text(OwnText),
    /// The signature of the sender.
    Signature,
    /// The address of a landing page.
    PageLink(i64),
    /// The download address of an asset.
    AssetLink(i64),
    /// An embedded form.
    Form(i64),
    /// A block chosen by filters.
    DynamicContent(String),
    /// The title of the page.
    PageTitle,
    /// The description of the page.
    PageDescription,
    /// What to say after something was saved.
    SuccessMessage,
    /// A link that is counted; the number is its place in the list of links of the message.
    TrackedLink(usize),
    /// A token of a later feature, or one without a meaning here: always empty.
    Nothing,
    /// A word in braces that means something only if the caller gives it a value.
    Word,
}

/// What to do with the value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldModifier {
    /// The stored value.
    None,
    /// This text, if the value is empty.
    Default(String),
    /// Form-style URL encoding.
    UrlEncoded,
    /// As a date.
    Date,
    /// As a time of day.
    Time,
    /// As date and time.
    DateTime,
    /// The label of the chosen option.
    Label,
    /// Without escaping.
    Raw,
}

/// How an instant is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TodayFormat {
    /// The workspace's date and time.
    Full,
    /// The workspace's date.
    Date,
    /// The workspace's time.
    Time,
    /// A date format of the author.
    Custom(String),
}

/// Addresses that belong to the message being rendered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnUrl {
    /// The page with the unsubscribe button, or the preferences.
    Unsubscribe,
    /// The page that unsubscribes from everything.
    DoNotContact,
    /// The message in the browser.
    WebView,
    /// The open pixel.
    Pixel,
    /// The link that no person sees.
    Hidden,
}

/// Texts of the workspace that may hold tokens themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnText {
    /// The sentence with the unsubscribe link.
    Unsubscribe,
    /// The sentence with the web view link.
    WebView,
}

/// Something the author probably did not mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Warning {
    /// The contact has no such field.
    UnknownField { token: String, alias: String },
    /// A word in braces that is neither a token nor, it seems, part of a style sheet.
    UnknownToken { token: String },
    /// A relative date that is not understood.
    UnknownDate { token: String, expression: String },
    /// The email has no such block of dynamic content.
    UnknownBlock { token: String },
}

impl Template {
    /// Finds the tokens of a text. Never fails: what is no token stays text.
    pub fn parse(source: &str) -> Self {
        let mut parts = Vec::new();
        let mut text = String::new();
        let mut rest = source;
        while let Some(at) = rest.find(['{', '%']) {
            text.push_str(&rest[..at]);
            rest = &rest[at..];
            match token_at(rest) {
                Some((token, length)) => {
                    if !text.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut text)));
                    }
                    parts.push(Part::Token { token, raw: rest[..length].to_owned() });
                    rest = &rest[length..];
                }
                None => {
                    text.push_str(&rest[..1]);
                    rest = &rest[1..];
                }
            }
        }
        text.push_str(rest);
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        Self { parts }
    }

    /// The tokens in order, with the text each was written as.
    pub fn tokens(&self) -> impl Iterator<Item = (&Token, &str)> {
        self.parts.iter().filter_map(|part| match part {
            Part::Token { token, raw } => Some((token, raw.as_str())),
            Part::Text(_) => None,
        })
    }

    /// Whether the text needs no facts at all.
    pub fn is_static(&self) -> bool {
        self.tokens().next().is_none()
    }

    /// Aliases of the contact fields that the text needs.
    pub fn field_aliases(&self) -> impl Iterator<Item = &str> {
        self.tokens().filter_map(|(token, _)| match token {
            Token::ContactField { alias, .. } => Some(alias.as_str()),
            _ => None,
        })
    }

    /// Whether the text begins with a field of the contact: a link whose whole target is a value.
    pub fn starts_with_field(&self) -> bool {
        matches!(self.parts.first(), Some(Part::Token { token: Token::ContactField { .. }, .. }))
    }

    /// What the author should look at; `knows_field` answers whether a field of that alias exists.
    pub fn warnings(&self, knows_field: &dyn Fn(&str) -> bool) -> Vec<Warning> {
        let mut found = Vec::new();
        for (token, raw) in self.tokens() {
            let token_text = raw.to_owned();
            match token {
                Token::ContactField { alias, .. } if !knows_field(alias) => {
                    found.push(Warning::UnknownField { token: token_text, alias: alias.clone() });
                }
                Token::Word if looks_like_a_token(raw) => found.push(Warning::UnknownToken { token: token_text }),
                Token::Today { shift: Some(expression), .. }
                    if super::relative::shift_date(&Zoned::default(), expression).is_none() =>
                {
                    found.push(Warning::UnknownDate { token: token_text, expression: expression.clone() });
                }
                _ => {}
            }
        }
        found
    }
}

/// `{first_name}` was surely meant as a token; `{ }` of a style sheet never gets here.
fn looks_like_a_token(raw: &str) -> bool {
    let inner = raw.trim_start_matches('{').trim_end_matches('}');
    !inner.is_empty() && inner.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '=' | '|' | ' ' | '.'))
}

/// The token that begins here, and its length in bytes.
fn token_at(rest: &str) -> Option<(Token, usize)> {
    if let Some(inner) = rest.strip_prefix('{') {
        let close = inner.bytes().take(LONGEST_TOKEN).position(|b| matches!(b, b'}' | b'{' | b'\n'))?;
        if inner.as_bytes()[close] != b'}' {
            return None;
        }
        let token = named(&inner[..close]).or_else(|| word(&inner[..close]))?;
        return Some((token, close + 2));
    }
    let inner = strip_prefix_any_case(rest, "%7b")?;
    let close = inner
        .as_bytes()
        .windows(3)
        .take(LONGEST_TOKEN)
        .position(|window| window[0] == b'%' && window[1] == b'7' && window[2].eq_ignore_ascii_case(&b'd'))?;
    let decoded = percent_decode_str(&inner[..close]).decode_utf8().ok()?;
    if decoded.contains(['{', '}', '\n']) {
        return None;
    }
    Some((named(&decoded)?, close + 6))
}

fn strip_prefix_any_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

/// The marker of a counted link, which no author can write by accident.
pub(crate) fn link_marker(number: usize) -> String {
    format!("{{\u{1}trackable={number}}}")
}

/// A token with a meaning of its own.
fn named(inner: &str) -> Option<Token> {
    if let Some(number) = inner.strip_prefix("\u{1}trackable=") {
        return Some(Token::TrackedLink(number.parse().ok()?));
    }
    let (name, value) = match inner.split_once('=') {
        Some((name, value)) if !name.contains('|') => (name.trim().to_ascii_lowercase(), Some(value)),
        _ => {
            let name = inner.split('|').next().unwrap_or_default();
            (name.trim().to_ascii_lowercase(), None)
        }
    };
    match value {
        Some(value) => family(&name, value),
        None => fixed(&name, inner),
    }
}

fn fixed(name: &str, inner: &str) -> Option<Token> {
    if name == "today" {
        return Some(today(inner));
    }
    if inner.contains('|') {
        return None;
    }
    Some(match name {
        "subject" => Token::Subject,
        "unsubscribe_url" => Token::Url(OwnUrl::Unsubscribe),
        "dnc_url" => Token::Url(OwnUrl::DoNotContact),
        "webview_url" => Token::Url(OwnUrl::WebView),
        "tracking_pixel" => Token::Url(OwnUrl::Pixel),
        "hidden_link" => Token::Url(OwnUrl::Hidden),
        "unsubscribe_text" => Token::Text(OwnText::Unsubscribe),
        "webview_text" => Token::Text(OwnText::WebView),
        "signature" => Token::Signature,
        "pagetitle" => Token::PageTitle,
        "pagemetadescription" => Token::PageDescription,
        "successmessage" => Token::SuccessMessage,
        "langbar" | "sharebuttons" | "segmentlist" | "categorylist" | "channelfrequency" | "preferredchannel"
        | "saveprefsbutton" | "leadidentifier" => Token::Nothing,
        _ => return None,
    })
}

fn family(name: &str, value: &str) -> Option<Token> {
    Some(match name {
        "contactfield" | "leadfield" => {
            let mut pieces = value.split('|');
            let alias = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
            Token::ContactField { alias, modifier: pieces.next().map_or(FieldModifier::None, modifier) }
        }
        "ownerfield" => Token::OwnerField(value.trim().to_ascii_lowercase()),
        "time" => {
            let (at, format) = value.split_once('|').map_or((value, None), |(at, format)| (at, Some(format)));
            Token::Time { at: Box::new(at.trim().parse().ok()?), format: date_format(format) }
        }
        "pagelink" => number(value).map_or(Token::Nothing, Token::PageLink),
        "assetlink" => number(value).map_or(Token::Nothing, Token::AssetLink),
        "form" => number(value).map_or(Token::Nothing, Token::Form),
        "dynamiccontent" => Token::DynamicContent(unquoted(value).to_owned()),
        "focus" | "dwc" | "mapped-integration-object" => Token::Nothing,
        _ => return None,
    })
}

fn number(value: &str) -> Option<i64> {
    value.trim().parse().ok()
}

fn unquoted(value: &str) -> &str {
    let value = value.trim();
    for quote in ["\"", "&quot;"] {
        if let Some(inner) = value.strip_prefix(quote).and_then(|v| v.strip_suffix(quote)) {
            return inner;
        }
    }
    value
}

fn modifier(word: &str) -> FieldModifier {
    match word.trim().to_ascii_lowercase().as_str() {
        "true" => FieldModifier::UrlEncoded,
        "date" => FieldModifier::Date,
        "time" => FieldModifier::Time,
        "datetime" => FieldModifier::DateTime,
        "label" => FieldModifier::Label,
        "raw" => FieldModifier::Raw,
        _ => FieldModifier::Default(word.to_owned()),
    }
}

fn today(inner: &str) -> Token {
    let mut pieces = inner.split('|').skip(1);
    let format = date_format(pieces.next());
    Token::Today { format, shift: pieces.next().map(|words| words.trim().to_owned()).filter(|words| !words.is_empty()) }
}

fn date_format(word: Option<&str>) -> TodayFormat {
    match word.map(str::trim) {
        None | Some("" | "datetime") => TodayFormat::Full,
        Some("date") => TodayFormat::Date,
        Some("time") => TodayFormat::Time,
        Some(format) => TodayFormat::Custom(format.to_owned()),
    }
}

/// A word that only an API token can give a meaning. Declarations of a style sheet are none.
fn word(inner: &str) -> Option<Token> {
    let fits = !inner.is_empty() && inner.len() <= 100 && !inner.contains([';', '<', '>', '"']) && !inner.contains(": ");
    fits.then_some(Token::Word)
}
