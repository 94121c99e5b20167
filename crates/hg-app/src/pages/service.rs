use std::collections::HashMap;

use hg_core::forms::form_name;
use hg_core::ids::PageId;
use hg_store::Tx;
use serde_json::{Map, Value as Json};

use super::model::{NewPage, PagePatch, PageRecord};
use super::store;
use crate::audit::{self, Changes, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::emails::site_url;
use crate::error::{Error, FieldError, Result};
use crate::list::{ListQuery, Page};
use crate::workspace::Workspace;

/// First parts of addresses that are not pages'.
const RESERVED: [&str; 24] = [
    "s",
    "api",
    "r",
    "redirect",
    "email",
    "form",
    "forms",
    "mtc",
    "mtc.js",
    "mtracking.gif",
    "media",
    "health",
    "page",
    "asset",
    "dwc",
    "focus",
    "index.php",
    "favicon.ico",
    "css",
    "images",
    "js",
    "plugins",
    "plugin",
    "mailer",
];
const REDIRECTS: [i64; 5] = [301, 302, 303, 307, 308];

/// Pages, newest first unless sorted.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<PageRecord>> {
    cx.may(Action::View(Area::Pages))?;
    let query = query.asked_by(cx);
    cx.db().read(move |tx| store::list(tx, &query)).await
}

pub async fn get(cx: &Cx, id: PageId) -> Result<PageRecord> {
    cx.may(Action::View(Area::Pages))?;
    cx.db().read(move |tx| found(tx, id)).await
}

fn found(tx: &mut Tx<'_>, id: PageId) -> Result<PageRecord> {
    store::find(tx, id)?.ok_or_else(|| Error::not_found("page", id))
}

/// Where the public finds a page.
pub fn url_of(ws: &Workspace, page: &PageRecord) -> String {
    format!("{}/{}", site_url(ws), page.alias)
}

/// Makes a page.
pub async fn create(cx: &Cx, new: NewPage) -> Result<PageRecord> {
    cx.may(Action::Edit(Area::Pages))?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let new = new.clone();
            let mut page = PageRecord {
                id: PageId(0),
                version: 1,
                created_at: now,
                updated_at: now,
                created_by: by,
                title: new.title,
                alias: new.alias,
                html: new.html,
                language: new.language,
                published: new.published,
                no_index: new.no_index,
                meta_description: new.meta_description,
                head_script: new.head_script,
                footer_script: new.footer_script,
                redirect_type: new.redirect_type,
                redirect_url: new.redirect_url,
                hits: 0,
                unique_hits: 0,
                extra: Json::Object(Map::new()),
            };
            tidy(tx, &mut page)?;
            check(&page)?;
            let id = store::insert(tx, now, by, &page)?;
            let page = found(tx, id)?;
            audit::record(tx, &who, entry(Deed::Create, &page))?;
            Ok(page)
        })
        .await
}

/// Changes a page.
pub async fn update(cx: &Cx, id: PageId, patch: PagePatch) -> Result<PageRecord> {
    cx.may(Action::Edit(Area::Pages))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let mut page = found(tx, id)?;
            let before = page.clone();
            if patch.version.is_some_and(|v| v != page.version) {
                return Err(Error::changed_meanwhile("page"));
            }
            let patch = patch.clone();
            page.title = patch.title.unwrap_or(page.title);
            page.alias = patch.alias.unwrap_or(page.alias);
            page.html = patch.html.unwrap_or(page.html);
            page.language = patch.language.unwrap_or(page.language);
            page.published = patch.published.unwrap_or(page.published);
            page.no_index = patch.no_index.unwrap_or(page.no_index);
            page.meta_description = patch.meta_description.unwrap_or(page.meta_description);
            page.head_script = patch.head_script.unwrap_or(page.head_script);
            page.footer_script = patch.footer_script.unwrap_or(page.footer_script);
            page.redirect_type = patch.redirect_type.unwrap_or(page.redirect_type);
            page.redirect_url = patch.redirect_url.unwrap_or(page.redirect_url);
            page.version += 1;
            tidy(tx, &mut page)?;
            check(&page)?;
            store::save(tx, now, &page)?;
            let changes = Changes::new()
                .field("title", &before.title, &page.title)
                .field("alias", &before.alias, &page.alias)
                .field("published", &before.published, &page.published)
                .touched("html", before.html != page.html)
                .touched("scripts", (&before.head_script, &before.footer_script) != (&page.head_script, &page.footer_script));
            audit::record(tx, &who, entry(Deed::Update, &page).changes(changes))?;
            found(tx, id)
        })
        .await
}

/// Deletes a page; it can be restored.
pub async fn delete(cx: &Cx, id: PageId) -> Result<()> {
    cx.may(Action::Edit(Area::Pages))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let page = found(tx, id)?;
            store::set_deleted(tx, now, id, true)?;
            audit::record(tx, &who, entry(Deed::Delete, &page))
        })
        .await
}

pub async fn restore(cx: &Cx, id: PageId) -> Result<PageRecord> {
    cx.may(Action::Edit(Area::Pages))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            if !store::set_deleted(tx, now, id, false)? {
                return Err(Error::not_found("page", id));
            }
            let page = found(tx, id)?;
            audit::record(tx, &who, entry(Deed::Restore, &page))?;
            Ok(page)
        })
        .await
}

fn entry(deed: Deed, page: &PageRecord) -> Entry {
    Entry::new(deed, "page", page.id.0, &page.title)
}

/// Titles of pages, also of deleted ones.
pub fn names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<i64, String>> {
    Ok(store::names(tx, ids)?.into_iter().collect())
}

/// An address from the title where none was given, and one that nobody else has.
fn tidy(tx: &mut Tx<'_>, page: &mut PageRecord) -> Result<()> {
    page.title = page.title.trim().to_owned();
    let wanted = if page.alias.trim().is_empty() {
        page.title.split_whitespace().map(form_name).filter(|w| !w.is_empty()).collect::<Vec<_>>().join("-")
    } else {
        page.alias.trim().trim_matches('/').to_lowercase()
    };
    let stem = if wanted.is_empty() { "page".to_owned() } else { wanted };
    page.alias.clone_from(&stem);
    let mut number = 1;
    while RESERVED.contains(&page.alias.as_str()) || store::taken(tx, &page.alias, page.id)? {
        page.alias = format!("{stem}{number}");
        number += 1;
    }
    Ok(())
}

fn check(page: &PageRecord) -> Result<()> {
    let mut wrong = Vec::new();
    if page.title.is_empty() || page.title.chars().count() > 190 {
        wrong.push(FieldError::new("/title", "required", "Give the page a title of at most 190 characters."));
    }
    if !page.alias.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'))
        || page.alias.len() > 190
    {
        wrong.push(FieldError::new("/alias", "alias", "Use small letters, digits, hyphens and underscores."));
    }
    if page.html.len() > 4 * 1024 * 1024 {
        wrong.push(FieldError::new("/html", "too-long", "A page may have 4 MB of HTML."));
    }
    if let Some(kind) = page.redirect_type {
        if !REDIRECTS.contains(&kind) {
            wrong.push(FieldError::new("/redirect_type", "redirect", "Choose 301, 302, 303, 307 or 308."));
        }
        let url = page.redirect_url.to_ascii_lowercase();
        if !(url.starts_with("http://") || url.starts_with("https://")) || url.len() > 2_048 || url.contains(['\r', '\n']) {
            wrong.push(FieldError::new("/redirect_url", "url", "Write where the page leads, beginning with https://."));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
}
