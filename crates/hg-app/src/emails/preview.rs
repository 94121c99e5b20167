//! An email as somebody would get it, before anything leaves the house.

use std::collections::BTreeMap;

use hg_core::emails::{CompiledEmail, Links, Message, MessageFacts, MessageUrls, local_now};
use hg_core::ids::ContactId;

use super::context::{ContactTexts, site_url, workspace_facts};
use super::model::{Content, EmailError, EmailWarning};
use super::{service, store};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};

/// What to show, and to whom.
#[derive(Debug, Clone)]
pub struct PreviewRequest {
    /// For the web view's address; 0 while it was never saved.
    pub email_id: i64,
    pub content: Content,
    /// None: names of fields instead of values.
    pub contact: Option<ContactId>,
}

/// A message that nobody gets.
#[derive(Debug, Clone)]
pub struct Preview {
    pub message: Message,
    /// The text made from the HTML, with links as they were written.
    pub automatic_text: String,
    pub warnings: Vec<EmailWarning>,
}

fn sentence(error: &str) -> String {
    let mut letters = error.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

/// Fills in an email as it stands in the editor. Links lead straight to their targets, nothing is counted.
pub async fn preview(cx: &Cx, request: PreviewRequest) -> Result<Preview> {
    cx.may(Action::View(Area::Emails))?;
    let site = site_url(&cx.ws);
    let compiled = CompiledEmail::compile(&request.content.compilable(&site, true, false))
        .map_err(|e| EmailError::Source(sentence(&e.to_string())))?;
    let (now, chosen, aliases, page_ids) = (cx.now(), request.contact, compiled.field_aliases(), compiled.pages());
    let (texts, pages, known) = cx
        .db()
        .read(move |tx| {
            let texts = match chosen {
                None => None,
                Some(id) => {
                    let mut wanted = aliases.clone();
                    wanted.push("timezone".into());
                    let mut found = super::people::texts(tx, &[id.0], &wanted)?;
                    Some(ContactTexts(found.remove(&id.0).ok_or_else(|| Error::not_found("contact", id))?))
                }
            };
            let known = super::people::known_aliases(tx)?;
            Ok::<_, Error>((texts, store::page_aliases(tx, &page_ids)?, known))
        })
        .await?;
    let facts = workspace_facts(&cx.ws);
    let settings = cx.ws.settings();
    let zones = [texts.as_ref().map_or("", |t| t.get("timezone")), &settings.general.timezone];
    let pages: BTreeMap<i64, String> = pages.into_iter().map(|(id, alias)| (id, format!("{site}/{alias}"))).collect();
    let message = compiled.render(&MessageFacts {
        contact: texts.as_ref().map(|t| t as _),
        now: local_now(now, &zones),
        workspace: &facts,
        urls: MessageUrls::Preview { email_id: request.email_id },
        links: Links::Direct,
        pages: &pages,
        from_name: &settings.sending.sender_name,
        owner: None,
        given: &BTreeMap::new(),
        escape_given: false,
    });
    let message = message.map_err(|e| EmailError::Source(sentence(&e.to_string())))?;
    let warnings = service::warnings(&request.content, &compiled, &|alias| known.contains(alias));
    Ok(Preview { message, automatic_text: compiled.editable_text.clone(), warnings })
}
