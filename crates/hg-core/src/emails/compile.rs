//! From what the author wrote to parts that only need filling in.

use std::collections::HashMap;

use regex::Regex;

use super::{
    DynamicSlot, Purpose,
    dynamic::{self, Choice},
    html_pass::{Targets, around_body, as_document, is_countable, mark_links},
    linked::without_links,
    logic::{Logic, LogicError, is_logic},
    message::owner_alias,
    plain_text,
};
use crate::tokens::{Template, Token, Warning, parse::link_marker};

/// Sources above this are refused: no mail program shows them.
const LONGEST_SOURCE: usize = 2 * 1024 * 1024;

/// How the source is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceFormat {
    /// HTML, a document or a fragment.
    Html,
    /// MJML.
    Mjml,
}

/// The campaign parameters that links of an email carry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Utm {
    /// `utm_source`
    pub source: String,
    /// `utm_medium`
    pub medium: String,
    /// `utm_campaign`
    pub campaign: String,
    /// `utm_content`
    pub content: String,
}

/// Everything that decides what a message looks like.
#[derive(Debug, Clone)]
pub struct EmailSource<'a> {
    /// How `source` is written.
    pub format: SourceFormat,
    /// HTML or MJML.
    pub source: &'a str,
    /// The subject.
    pub subject: &'a str,
    /// The line that inboxes show after the subject.
    pub preheader: &'a str,
    /// The plain text, if the author wrote one.
    pub plain_text: Option<&'a str>,
    /// Language of the email, for the document.
    pub language: &'a str,
    /// Campaign parameters.
    pub utm: Utm,
    /// Marketing mail gets an unsubscribe sentence if the author forgot it.
    pub purpose: Purpose,
    /// Count clicks.
    pub track_clicks: bool,
    /// Count opens.
    pub track_opens: bool,
    /// A link that no person sees, so that whatever follows it is known for a machine.
    pub hidden_link: bool,
    /// The public address of the workspace, for links that begin with `/`.
    pub site_url: &'a str,
    /// Blocks that differ from person to person.
    pub dynamic: &'a [DynamicSlot],
}

/// Why an email cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The MJML has a mistake.
    #[error("the MJML cannot be read: {0}")]
    Mjml(String),
    /// The HTML cannot be processed.
    #[error("the HTML cannot be read: {0}")]
    Html(String),
    /// Too long.
    #[error("the email is longer than 2 MB")]
    TooLong,
    /// Conditions or loops that cannot run.
    #[error("{0}")]
    Logic(#[from] LogicError),
    /// A block of dynamic content that cannot be asked.
    #[error("the block “{name}” cannot be used: {detail}")]
    Dynamic { name: String, detail: String },
}

/// Where a counted link leads.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkTarget {
    /// As written, tokens included.
    pub url: String,
    /// The same, parsed.
    pub template: Template,
}

/// An email ready to be filled in.
#[derive(Debug, Clone)]
pub struct CompiledEmail {
    /// The subject.
    pub subject: Template,
    /// The preheader.
    pub preheader: Template,
    /// The HTML part.
    pub html: Template,
    /// The plain text part.
    pub text: Template,
    /// The plain text as an author may edit it: links as they were written.
    pub editable_text: String,
    /// Counted links, in the order of their markers.
    pub links: Vec<LinkTarget>,
    /// Campaign parameters, name and value.
    pub utm: Vec<(&'static str, Template)>,
    /// Blocks that differ from person to person.
    pub(super) blocks: Vec<Block>,
    /// Conditions and loops, if the email has any.
    pub(super) logic: Option<Logic>,
    /// Aliases that decide about blocks.
    deciding: Vec<String>,
}

/// A block of dynamic content, ready to be asked and filled in.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// In lower case.
    pub name: String,
    pub choice: Choice,
    /// The variations in their order, and the default behind them.
    pub contents: Vec<Template>,
}

/// The name under which the statements of a block's content are kept.
pub(super) fn content_name(block: usize, content: usize) -> String {
    format!("html:{block}:{content}")
}

impl CompiledEmail {
    /// Whether filling it in can fail for one contact and not for another: it has conditions or loops.
    pub const fn can_fail(&self) -> bool {
        self.logic.is_some()
    }

    /// Compiles one version of an email.
    pub fn compile(email: &EmailSource<'_>) -> Result<Self, CompileError> {
        if email.source.len() > LONGEST_SOURCE {
            return Err(CompileError::TooLong);
        }
        let html = match email.format {
            SourceFormat::Html => without_links(email.source).into_owned(),
            SourceFormat::Mjml => mjml_to_html(email.source)?,
        };
        let mut targets = Targets::default();
        let document = as_document(&html, email.subject, email.language);
        let marked = mark_links(&document, email.site_url, email.track_clicks, &mut targets)
            .map_err(|e| CompileError::Html(e.to_string()))?;
        let contents = marked_contents(email, &mut targets)?;
        let offered = offers_unsubscribing(&document) || contents.iter().flatten().any(|html| offers_unsubscribing(html));
        let needs_sentence = email.purpose == Purpose::Marketing && !offered;
        let mut automatic = plain_text(&marked).map_err(|e| CompileError::Html(e.to_string()))?;
        if needs_sentence {
            automatic.push_str("\n\n{unsubscribe_text}");
        }
        let text = match email.plain_text.filter(|text| !text.trim().is_empty()) {
            Some(own) => {
                let mut own = mark_bare_links(own, email.track_clicks, &mut targets);
                if email.purpose == Purpose::Marketing && !offers_unsubscribing(&own) {
                    own.push_str("\n\n{unsubscribe_text}");
                }
                own
            }
            None => automatic.clone(),
        };
        let html = around_body(&marked, &hidden_preheader(email.preheader), &closing(email, needs_sentence))
            .map_err(|e| CompileError::Html(e.to_string()))?;
        let editable_text = without_markers(&automatic, &targets.urls);
        // Statements that stand between tags leave halves behind in the text made from the HTML: those are left out.
        let own_text = email.plain_text.is_some_and(|text| !text.trim().is_empty());
        let text =
            if own_text || Logic::compile(&[("text".into(), &text, false)]).is_ok() { text } else { without_statements(&text) };
        let mut parts = vec![("line:subject".to_owned(), email.subject, false), ("html".to_owned(), html.as_str(), true)];
        parts.push(("line:preheader".to_owned(), email.preheader, false));
        parts.push(("text".to_owned(), text.as_str(), false));
        for (b, block) in contents.iter().enumerate() {
            parts.extend(block.iter().enumerate().map(|(c, html)| (content_name(b, c), html.as_str(), true)));
        }
        let logic = Logic::compile(&parts)?;
        Ok(Self {
            blocks: blocks(email, &contents)?,
            logic,
            deciding: dynamic::aliases(email.dynamic),
            subject: Template::parse(email.subject),
            preheader: Template::parse(email.preheader),
            html: Template::parse(&html),
            text: Template::parse(&text),
            editable_text,
            links: targets.urls.into_iter().map(|url| LinkTarget { template: Template::parse(&url), url }).collect(),
            utm: utm_templates(&email.utm),
        })
    }

    /// What the author should look at before sending.
    pub fn warnings(&self, knows_field: &dyn Fn(&str) -> bool) -> Vec<Warning> {
        let mut found = Vec::new();
        let links = self.links.iter().map(|link| &link.template);
        let contents = self.blocks.iter().flat_map(|block| &block.contents);
        let whole = [&self.subject, &self.preheader, &self.html, &self.text].into_iter();
        for template in whole.clone() {
            for (token, raw) in template.tokens() {
                if let Token::DynamicContent(name) = token
                    && !self.blocks.iter().any(|block| block.name == name.trim().to_lowercase())
                {
                    let missing = Warning::UnknownBlock { token: raw.to_owned() };
                    if !found.contains(&missing) {
                        found.push(missing);
                    }
                }
            }
        }
        for template in whole.chain(links).chain(contents) {
            for warning in template.warnings(knows_field) {
                let written = matches!(&warning, Warning::UnknownToken { token } if self.is_statement(token));
                if !written && !found.contains(&warning) {
                    found.push(warning);
                }
            }
        }
        found
    }

    /// Whether a word in braces is the inner half of `{{ … }}` or `{% … %}`.
    fn is_statement(&self, token: &str) -> bool {
        self.logic.is_some() && (token.starts_with("{%") || token.starts_with("{ ") || token.starts_with("{contact."))
    }

    /// Aliases of the contact fields that a message needs.
    pub fn field_aliases(&self) -> Vec<String> {
        let links = self.links.iter().map(|link| &link.template);
        let utm = self.utm.iter().map(|(_, template)| template);
        let contents = self.blocks.iter().flat_map(|block| &block.contents);
        let mut aliases: Vec<String> = [&self.subject, &self.preheader, &self.html, &self.text]
            .into_iter()
            .chain(links)
            .chain(utm)
            .chain(contents)
            .flat_map(Template::field_aliases)
            .map(str::to_owned)
            .collect();
        aliases.extend(self.deciding.iter().cloned());
        let contents = self.blocks.iter().flat_map(|block| &block.contents);
        let named = [&self.subject, &self.preheader, &self.html, &self.text].into_iter().chain(contents);
        aliases.extend(named.flat_map(Template::tokens).filter_map(|(token, _)| match token {
            Token::OwnerField(name) => owner_alias(name),
            _ => None,
        }));
        aliases.extend(self.logic.iter().flat_map(|logic| logic.aliases.iter().cloned()));
        aliases.sort_unstable();
        aliases.dedup();
        aliases
    }

    /// Ids of the landing pages that the email links to.
    pub fn pages(&self) -> Vec<i64> {
        let links = self.links.iter().map(|link| &link.template);
        let contents = self.blocks.iter().flat_map(|block| &block.contents);
        let mut pages: Vec<i64> = [&self.html, &self.text]
            .into_iter()
            .chain(links)
            .chain(contents)
            .flat_map(Template::tokens)
            .filter_map(|(token, _)| if let Token::PageLink(id) = token { Some(*id) } else { None })
            .collect();
        pages.sort_unstable();
        pages.dedup();
        pages
    }
}

/// The contents of every block, variations first and the default last, with their links marked.
fn marked_contents(email: &EmailSource<'_>, targets: &mut Targets) -> Result<Vec<Vec<String>>, CompileError> {
    let mut blocks = Vec::with_capacity(email.dynamic.len());
    let mut length = 0;
    for slot in email.dynamic {
        let mut contents = Vec::with_capacity(slot.variations.len() + 1);
        for html in slot.variations.iter().map(|v| &v.content).chain([&slot.content]) {
            length += html.len();
            if length > LONGEST_SOURCE {
                return Err(CompileError::TooLong);
            }
            let marked = mark_links(html, email.site_url, email.track_clicks, targets);
            contents.push(marked.map_err(|e| CompileError::Html(e.to_string()))?);
        }
        blocks.push(contents);
    }
    Ok(blocks)
}

fn blocks(email: &EmailSource<'_>, contents: &[Vec<String>]) -> Result<Vec<Block>, CompileError> {
    let compiled = email.dynamic.iter().zip(contents).map(|(slot, contents)| {
        let choice = Choice::of(slot, "").map_err(|wrong| CompileError::Dynamic {
            name: slot.name.clone(),
            detail: wrong.first().map(|w| w.detail.clone()).unwrap_or_default(),
        })?;
        let contents = contents.iter().map(|html| Template::parse(html)).collect();
        Ok(Block { name: slot.name.trim().to_lowercase(), choice, contents })
    });
    compiled.collect()
}

/// A text without its statements.
fn without_statements(text: &str) -> String {
    if !is_logic(text) {
        return text.to_owned();
    }
    Regex::new(r"(?s)\{%.*?%\}").map_or_else(|_| text.to_owned(), |pattern| pattern.replace_all(text, "").into_owned())
}

/// What a design becomes: tables and inlined styles that every mail program shows.
pub fn mjml_to_html(source: &str) -> Result<String, CompileError> {
    let source = without_links(source);
    let parsed = mrml::parse(source.as_ref()).map_err(|error| CompileError::Mjml(error.to_string()))?;
    // No fonts: mails must not load anything from a host of somebody else behind the author's back.
    let options =
        mrml::prelude::render::RenderOptions { disable_comments: true, social_icon_origin: None, fonts: HashMap::new() };
    parsed.element.render(&options).map_err(|error| CompileError::Mjml(error.to_string()))
}

pub(super) fn offers_unsubscribing(text: &str) -> bool {
    Template::parse(text).tokens().any(|(token, _)| {
        use crate::tokens::{OwnText, OwnUrl};
        matches!(token, Token::Text(OwnText::Unsubscribe) | Token::Url(OwnUrl::Unsubscribe) | Token::Url(OwnUrl::DoNotContact))
    })
}

fn hidden_preheader(preheader: &str) -> String {
    if preheader.trim().is_empty() {
        return String::new();
    }
    // The author's text may hold tokens, whose values are escaped when they are filled in.
    let text = preheader.replace('<', "&lt;").replace('>', "&gt;");
    format!(
        "<div style=\"display:none;max-height:0;overflow:hidden;mso-hide:all;font-size:1px;line-height:1px;opacity:0\">{text}</div>"
    )
}

fn closing(email: &EmailSource<'_>, needs_sentence: bool) -> String {
    let mut closing = String::new();
    if needs_sentence {
        closing.push_str(
            "<p style=\"font-family:Arial,sans-serif;font-size:12px;color:#666666;text-align:center\">{unsubscribe_text}</p>",
        );
    }
    let has_pixel = email.source.to_ascii_lowercase().contains("{tracking_pixel}");
    if email.track_opens && !has_pixel {
        closing.push_str("<img src=\"{tracking_pixel}\" width=\"1\" height=\"1\" alt=\"\" style=\"display:block;border:0\">");
    }
    if email.hidden_link {
        closing.push_str("<a href=\"{hidden_link}\" style=\"display:none\" tabindex=\"-1\" aria-hidden=\"true\"></a>");
    }
    closing
}

/// Addresses that stand in a hand-written plain text.
fn mark_bare_links(text: &str, count: bool, targets: &mut Targets) -> String {
    if !count {
        return text.to_owned();
    }
    let Ok(pattern) = Regex::new(r#"https?://[^\s<>\[\]()"']+"#) else { return text.to_owned() };
    pattern
        .replace_all(text, |found: &regex::Captures<'_>| {
            let whole = &found[0];
            let url = whole.trim_end_matches(['.', ',', ';', ':', '!', '?']);
            if !is_countable(url) {
                return whole.to_owned();
            }
            format!("{}{}", link_marker(targets.number_of(url)), &whole[url.len()..])
        })
        .into_owned()
}

fn without_markers(text: &str, urls: &[String]) -> String {
    urls.iter().enumerate().rev().fold(text.to_owned(), |text, (number, url)| text.replace(&link_marker(number), url))
}

fn utm_templates(utm: &Utm) -> Vec<(&'static str, Template)> {
    [("utm_source", &utm.source), ("utm_medium", &utm.medium), ("utm_campaign", &utm.campaign), ("utm_content", &utm.content)]
        .into_iter()
        .filter(|(_, value)| !value.trim().is_empty())
        .map(|(name, value)| (name, Template::parse(value.trim())))
        .collect()
}
