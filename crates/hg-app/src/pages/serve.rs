//! A page as somebody sees it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use hg_core::emails::{ContactValues, local_now};
use hg_core::forms::{RenderWishes, render};
use hg_core::ids::{ContactId, FormId, PageId, alphanumeric};
use hg_core::tokens::{DateFormats, Place, Template, Token, TokenFacts, Value, Zoned, escaped_html};
use hg_core::tracking::HitParams;
use hg_store::{Sql, Tx};

use super::model::PageRecord;
use super::store;
use crate::cx::{Action, Area, Cx};
use crate::emails::{self, ContactTexts, site_url};
use crate::error::{Error, Result};
use crate::tracking::{Hit, HitAnswer, Visitor, record_hit};
use crate::workspace::Workspace;

/// What the public gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Served {
    Page {
        html: String,
        answer: HitAnswer,
    },
    /// Unpublished, and leads elsewhere.
    Redirect {
        status: u16,
        url: String,
        answer: HitAnswer,
    },
    /// Unpublished.
    Forbidden,
    NotFound,
}

/// Serves the page of an address. `params` is what the request said about itself, with the whole address in `url`.
pub async fn serve(cx: &Cx, alias: &str, visitor: Visitor, params: HitParams) -> Result<Served> {
    let wanted = alias.to_lowercase();
    let found = cx
        .db()
        .read(move |tx| match wanted.split_once(':').and_then(|(id, _)| id.parse().ok()) {
            Some(id) => store::find(tx, PageId(id)),
            None => store::by_alias(tx, &wanted),
        })
        .await?;
    // A preference centre is reached by the links in mails only.
    let Some(page) = found.filter(|p| !is_preference_centre(p)) else { return Ok(Served::NotFound) };
    if !page.published && page.redirect_type.is_none() {
        return Ok(Served::Forbidden);
    }
    let params = HitParams { title: page.title.clone(), language: page.language.clone(), ..params };
    let answer = record_hit(cx, Hit { visitor, params, page: Some(page.id) }).await?;
    if !page.published {
        let status = page.redirect_type.and_then(|s| u16::try_from(s).ok()).unwrap_or(302);
        return Ok(Served::Redirect { status, url: page.redirect_url, answer });
    }
    let reader = answer.contact.filter(|_| answer.verified);
    let html = filled_in(cx, page, reader, true).await?;
    Ok(Served::Page { html, answer })
}

/// A page as it stands in the editor, for a contact or for nobody. Nothing is counted.
pub async fn preview(cx: &Cx, page: PageRecord, contact: Option<ContactId>) -> Result<String> {
    cx.may(Action::View(Area::Pages))?;
    filled_in(cx, page, contact, false).await
}

/// The token that makes a page a preference centre.
const SAVE_BUTTON: &str = "{saveprefsbutton}";

/// The parts of a preference centre. They are no tokens of landing pages, so that they pass through as comments.
const PREFERENCE_PARTS: [&str; 7] = [
    "segmentlist",
    "categorylist",
    "channelfrequency",
    "preferredchannel",
    "saveprefsbutton",
    "successmessage",
    "leadidentifier",
];

/// Where a part of the preference centre stands in a filled-in page.
pub fn preference_mark(part: &str) -> String {
    format!("<!--preference:{part}-->")
}

fn is_preference_centre(page: &PageRecord) -> bool {
    page.html.contains(SAVE_BUTTON)
}

/// The landing page that is the preference centre for a contact, with everything filled in but the parts of the form: the
/// one in her language, else the one of the settings; none: the built-in page.
pub async fn preference_page(cx: &Cx, contact: ContactId, chosen: Option<i64>) -> Result<Option<String>> {
    let page = cx
        .db()
        .read(move |tx| {
            let locale: Option<String> = tx
                .opt(Sql::new("SELECT preferred_locale FROM contacts WHERE id = $1").bind(contact), |r| r.get::<Option<String>>(0))?
                .flatten();
            let language = locale.as_deref().and_then(|l| l.split(['_', '-']).next()).unwrap_or("").to_lowercase();
            let text = "SELECT id, language FROM pages WHERE published = 1 AND deleted_at IS NULL AND html LIKE '%{saveprefsbutton}%' ORDER BY id";
            let offered = tx.all(text, |r| Ok((r.get::<PageId>(0)?, r.get::<String>(1)?)))?;
            let speaks = |(_, page): &&(PageId, String)| {
                !language.is_empty() && page.to_lowercase().split(['_', '-']).next() == Some(language.as_str())
            };
            // Without a page in the settings the built-in one is meant, in every language.
            let found = chosen.and_then(|chosen| offered.iter().find(speaks).or_else(|| offered.iter().find(|o| o.0.0 == chosen)));
            Ok::<_, Error>(match found {
                Some((id, _)) => store::find(tx, *id)?,
                None => None,
            })
        })
        .await?;
    match page {
        Some(mut page) => {
            for part in PREFERENCE_PARTS {
                page.html = page.html.replace(&format!("{{{part}}}"), &preference_mark(part));
            }
            filled_in(cx, page, Some(contact), true).await.map(Some)
        }
        None => Ok(None),
    }
}

async fn filled_in(cx: &Cx, page: PageRecord, contact: Option<ContactId>, live: bool) -> Result<String> {
    let ws = cx.ws.clone();
    let template = Template::parse(&page.html);
    let nonce = alphanumeric(cx.chance(), 24);
    cx.db()
        .read(move |tx| {
            let facts = Facts::gather(&ws, tx, &page, &template, contact, live.then_some(nonce.as_str()))?;
            let body = template.render(&facts, Place::Html);
            Ok::<_, Error>(document(&page, &body, &facts.site, !facts.forms.is_empty()))
        })
        .await
}

struct Facts {
    site: String,
    now: Zoned,
    formats: DateFormats,
    texts: Option<ContactTexts>,
    title: String,
    description: String,
    forms: BTreeMap<i64, String>,
    pages: BTreeMap<i64, String>,
}

impl Facts {
    fn gather(
        ws: &Workspace,
        tx: &mut Tx<'_>,
        page: &PageRecord,
        template: &Template,
        contact: Option<ContactId>,
        nonce: Option<&str>,
    ) -> Result<Self> {
        let site = site_url(ws);
        let settings = ws.settings();
        let mut aliases: Vec<String> = template.field_aliases().map(str::to_owned).collect();
        aliases.push("timezone".into());
        let texts = match contact {
            Some(contact) => emails::texts(tx, &[contact.0], &aliases)?.remove(&contact.0).map(ContactTexts),
            None => None,
        };
        let (mut forms, mut linked) = (BTreeMap::new(), Vec::new());
        for (token, _) in template.tokens() {
            match token {
                Token::Form(id) => {
                    forms.insert(*id, embedded(tx, &site, page.id, FormId(*id), nonce)?);
                }
                Token::PageLink(id) => linked.push(*id),
                _ => {}
            }
        }
        let pages = store::aliases(tx, &linked)?.into_iter().map(|(id, alias)| (id, format!("{site}/{alias}"))).collect();
        let zones = [texts.as_ref().map_or("", |t| t.get("timezone")), settings.general.timezone.as_str()];
        Ok(Self {
            now: local_now(ws.clock.now(), &zones),
            formats: DateFormats { date: settings.general.date_format.clone(), time: settings.general.time_format.clone() },
            texts,
            title: page.title.clone(),
            description: page.meta_description.clone(),
            forms,
            pages,
            site,
        })
    }
}

/// A form on the page; one that cannot be filled in says so.
fn embedded(tx: &mut Tx<'_>, site: &str, page: PageId, form: FormId, nonce: Option<&str>) -> Result<String> {
    let Some(record) = crate::forms::published(tx, form)? else {
        return Ok("<div class=\"mauticform-error\">This form is not available at the moment.</div>".into());
    };
    let wishes = RenderWishes { site_url: site, page_id: Some(page.0), nonce, with_style: true, ..RenderWishes::default() };
    Ok(render(&record.form(), &wishes))
}

impl TokenFacts for Facts {
    fn now(&self) -> &Zoned {
        &self.now
    }
    fn formats(&self) -> &DateFormats {
        &self.formats
    }
    fn field(&self, alias: &str) -> Option<Value<'_>> {
        self.texts.as_ref()?.value(alias)
    }
    fn form_html(&self, id: i64) -> Option<Cow<'_, str>> {
        self.forms.get(&id).map(|html| html.as_str().into())
    }
    fn page_url(&self, id: i64) -> Option<Cow<'_, str>> {
        self.pages.get(&id).map(|url| url.as_str().into())
    }
    fn page_text(&self, token: &Token) -> Cow<'_, str> {
        match token {
            Token::PageTitle => self.title.as_str().into(),
            Token::PageDescription => self.description.as_str().into(),
            _ => "".into(),
        }
    }
}

/// Puts everything around the author's HTML that a document needs.
fn document(page: &PageRecord, body: &str, site: &str, has_form: bool) -> String {
    let mut head = String::new();
    if page.no_index {
        head.push_str("<meta name=\"robots\" content=\"noindex\">");
    }
    if !page.meta_description.is_empty() {
        head.push_str(&format!("<meta name=\"description\" content=\"{}\">", escaped_html(&page.meta_description)));
    }
    head.push_str(&page.head_script);
    let mut foot = String::new();
    if has_form {
        let site = escaped_html(site);
        foot.push_str(&format!(
            "<script>window.MauticSDKLoaded=true;window.MauticDomain=\"{site}\"</script>\
             <script src=\"{site}/media/js/mautic-form.js\" onload=\"MauticSDK.onLoad()\" defer></script>"
        ));
    }
    foot.push_str(&page.footer_script);
    let lower = body.to_ascii_lowercase();
    if !lower.contains("<html") {
        let language = if page.language.is_empty() { "en" } else { &page.language };
        return format!(
            "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, \
             initial-scale=1\"><title>{}</title>{head}</head><body>{body}{foot}</body></html>",
            escaped_html(language),
            escaped_html(&page.title)
        );
    }
    let with_head = before(body, "</head>", &head);
    before(&with_head, "</body>", &foot)
}

/// `piece` in front of the last `tag`, or at the end.
fn before(html: &str, tag: &str, piece: &str) -> String {
    match html.to_ascii_lowercase().rfind(tag) {
        Some(at) => format!("{}{piece}{}", &html[..at], &html[at..]),
        None => format!("{html}{piece}"),
    }
}
