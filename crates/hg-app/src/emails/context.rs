//! What is needed to fill in messages, prepared once and kept: the compiled email with its tracked links, and the
//! texts of the workspace.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use hg_core::emails::{CompiledEmail, ContactValues, EmailSource, Workspace as Facts, owner_alias};
use hg_core::ids::{EmailId, hex};
use hg_core::time::Timestamp;
use hg_core::tokens::{DateFormats, OwnText, Value};
use hg_store::{Sql, Tx};

use super::model::Content;
use super::people::Text;
use super::store;
use crate::attachments::{self, Attached};
use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// More prepared emails than this are not kept.
const MOST_KEPT: usize = 200;

/// The public address of the workspace: the one of the settings, else of the configuration.
pub fn site_url(ws: &Workspace) -> String {
    let settings = ws.settings();
    let own = settings.general.site_url.trim_end_matches('/');
    if own.is_empty() { ws.site.url.clone() } else { own.to_owned() }
}

/// What is the same for every message.
pub fn workspace_facts(ws: &Workspace) -> Facts {
    let settings = ws.settings();
    Facts {
        site_url: site_url(ws),
        formats: DateFormats { date: settings.general.date_format.clone(), time: settings.general.time_format.clone() },
        unsubscribe_text: Facts::sentence(&settings.sending.unsubscribe_text, OwnText::Unsubscribe),
        webview_text: Facts::sentence(&settings.sending.webview_text, OwnText::WebView),
        signature_text: settings.general.site_name.clone(),
        escape_values: true,
    }
}

/// The values of one contact, as texts.
#[derive(Debug, Clone, Default)]
pub struct ContactTexts(pub HashMap<String, Text>);

impl ContactTexts {
    pub fn get(&self, alias: &str) -> &str {
        self.0.get(alias).map_or("", |t| t.value.as_str())
    }
}

impl ContactValues for ContactTexts {
    fn value(&self, alias: &str) -> Option<Value<'_>> {
        let text = self.0.get(alias)?;
        Some(Value { label: text.label.as_deref().map(Into::into), ..Value::plain(text.value.as_str()) })
    }
}

/// An email ready to be filled in for anybody.
#[derive(Debug)]
pub struct Prepared {
    pub content: Content,
    pub compiled: CompiledEmail,
    /// Fields that a message needs, sender and zone included.
    pub aliases: Vec<String>,
    /// Public keys of the redirects, in the order of the compiled links.
    pub redirects: Vec<String>,
    /// Addresses of the landing pages that it links to.
    pub pages: BTreeMap<i64, String>,
    /// Files that go out with it.
    pub(crate) attachments: Vec<Arc<Attached>>,
}

#[derive(Default)]
struct Kept {
    emails: Mutex<HashMap<(EmailId, i64, String), Arc<Prepared>>>,
}

/// The email in a revision, from memory or prepared anew; its tracked links get their redirects.
pub fn prepared(ws: &Workspace, tx: &mut Tx<'_>, now: Timestamp, id: EmailId, revision: i64) -> Result<Arc<Prepared>> {
    let settings = ws.settings();
    let (clicks, opens) = (settings.sending.track_clicks, settings.sending.track_opens);
    let site = site_url(ws);
    let hidden_link = settings.tracking.hidden_link;
    let key = (id, revision, format!("{clicks}{opens}{hidden_link}{}{site}", settings.sending.owner_sends));
    let kept = ws.part::<Kept>();
    if let Some(found) = kept.emails.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return Ok(found.clone());
    }
    let content = store::content_of(tx, id, revision)?.ok_or_else(|| Error::not_found("email", id))?;
    let compiled = CompiledEmail::compile(&EmailSource { hidden_link, ..content.compilable(&site, clicks, opens) })
        .map_err(|e| Error::from(super::EmailError::Source(e.to_string())))?;
    let urls: Vec<&str> = compiled.links.iter().map(|l| l.url.as_str()).collect();
    let redirects = redirect_keys(ws, tx, now, id, &urls)?;
    let pages =
        store::page_aliases(tx, &compiled.pages())?.into_iter().map(|(id, alias)| (id, format!("{site}/{alias}"))).collect();
    let attachments = attachments::attached_all(ws, tx, &content.attachments)?;
    let mut aliases = compiled.field_aliases();
    if content.owner_sends || settings.sending.owner_sends {
        aliases.extend(["email", "firstname", "lastname"].into_iter().filter_map(owner_alias));
    }
    for needed in ["email", "firstname", "lastname", "timezone"] {
        if !aliases.iter().any(|a| a == needed) {
            aliases.push(needed.to_owned());
        }
    }
    for line in [&content.from_name, &content.from_address, &content.reply_to].into_iter().chain(content.headers.values()) {
        aliases.extend(hg_core::tokens::Template::parse(line).field_aliases().map(str::to_owned));
    }
    let made = Arc::new(Prepared { content, compiled, aliases, redirects, pages, attachments });
    let mut emails = kept.emails.lock().unwrap_or_else(PoisonError::into_inner);
    if emails.len() >= MOST_KEPT {
        emails.clear();
    }
    emails.insert(key, made.clone());
    Ok(made)
}

/// One redirect for each target of an email; the same again for the same target.
fn redirect_keys(ws: &Workspace, tx: &mut Tx<'_>, now: Timestamp, email: EmailId, urls: &[&str]) -> Result<Vec<String>> {
    let mut keys = Vec::with_capacity(urls.len());
    for url in urls {
        tx.exec(
            Sql::new(
                "INSERT INTO redirects (public_key, url, email_id, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
            )
            .bind(hex(&*ws.chance, 25))
            .bind(*url)
            .bind(email)
            .bind(now),
        )?;
        keys.push(
            tx.scalar(Sql::new("SELECT public_key FROM redirects WHERE email_id = $1 AND url = $2").bind(email).bind(*url))?,
        );
    }
    Ok(keys)
}
