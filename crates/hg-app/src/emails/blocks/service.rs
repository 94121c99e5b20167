//! Keeping blocks, changing them everywhere at once, taking them away.

use hg_core::emails::{alone, linked, mjml_to_html, unlinked, with_blocks};
use hg_core::ids::{BlockId, EmailId, UserId};
use hg_core::time::Timestamp;
use hg_store::Tx;

use super::super::{family, store as emails};
use super::store::{self, BlockUse, SavedBlock};
use crate::audit::{self, Changes, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, FieldError, Result};
use crate::list::{ListQuery, Page};

/// Longer ones are emails.
const LONGEST: usize = 200 * 1024;
/// So many emails are named when a block cannot be deleted.
const NAMED: usize = 5;

/// A block to be kept.
#[derive(Debug, Clone, Default)]
pub struct NewBlock {
    pub name: String,
    pub category: String,
    /// `html` or `mjml`; it never changes.
    pub format: String,
    pub source: String,
}

/// What changes; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct BlockPatch {
    pub version: Option<i64>,
    pub name: Option<String>,
    pub category: Option<String>,
    pub source: Option<String>,
}

fn entry(deed: Deed, block: &SavedBlock) -> Entry {
    Entry::new(deed, "email_block", block.id.0, &block.name)
}

/// Blocks of a format, or all; newest first unless sorted.
pub async fn list(cx: &Cx, query: ListQuery, format: Option<&str>) -> Result<Page<SavedBlock>> {
    cx.may(Action::View(Area::Emails))?;
    let format = match format {
        None | Some("") => None,
        Some("html") => Some("html"),
        Some("mjml") => Some("mjml"),
        Some(_) => return Err(Error::field("/format", "format", "Choose html or mjml.")),
    };
    cx.db().read(move |tx| store::page(tx, &query, format)).await
}

pub async fn get(cx: &Cx, id: BlockId) -> Result<SavedBlock> {
    cx.may(Action::View(Area::Emails))?;
    cx.db().read(move |tx| store::find(tx, id)).await
}

/// Emails that are linked to a block: they change with it.
pub async fn uses(cx: &Cx, id: BlockId) -> Result<Vec<BlockUse>> {
    cx.may(Action::View(Area::Emails))?;
    cx.db()
        .read(move |tx| {
            store::find(tx, id)?;
            store::uses(tx, id)
        })
        .await
}

/// Keeps a block.
pub async fn create(cx: &Cx, new: NewBlock) -> Result<SavedBlock> {
    cx.may(Action::Edit(Area::Emails))?;
    let (name, category) = (clean(&new.name), clean(&new.category));
    check(&name, &category, &new.format, &new.source)?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let id = store::insert(tx, now, by, (&name, &category, &new.format, &new.source))?;
            let made = store::find(tx, id)?;
            audit::record(tx, &who, entry(Deed::Create, &made))?;
            Ok(made)
        })
        .await
}

/// Changes a block, and every email that is linked to it; each of them gets a new revision.
pub async fn update(cx: &Cx, id: BlockId, patch: BlockPatch) -> Result<SavedBlock> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let before = store::find(tx, id)?;
            if patch.version.is_some_and(|version| version != before.version) {
                return Err(Error::changed_meanwhile("block"));
            }
            let mut block = before.clone();
            block.name = patch.name.as_deref().map_or(block.name, clean);
            block.category = patch.category.as_deref().map_or(block.category, clean);
            block.source = patch.source.clone().unwrap_or(block.source);
            check(&block.name, &block.category, &block.format, &block.source)?;
            store::save(tx, now, &block)?;
            if (&block.name, &block.source) != (&before.name, &before.source) {
                let stands = linked(id.0, &block.name, &block.source);
                rewrite_all(tx, now, by, id, |source| with_blocks(source, |one| (one == id.0).then(|| stands.clone())))?;
            }
            let changes = Changes::new()
                .field("name", &before.name, &block.name)
                .field("category", &before.category, &block.category)
                .touched("source", before.source != block.source);
            audit::record(tx, &who, entry(Deed::Update, &block).changes(changes))?;
            store::find(tx, id)
        })
        .await
}

/// Deletes a block; it can be restored. While emails are linked to it this is refused, unless they may keep a copy.
pub async fn delete(cx: &Cx, id: BlockId, keep_copies: bool) -> Result<()> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let block = store::find(tx, id)?;
            let uses = store::uses(tx, id)?;
            if !uses.is_empty() && !keep_copies {
                return Err(in_use(&uses));
            }
            rewrite_all(tx, now, by, id, |source| unlinked(source, id.0))?;
            audit::record(tx, &who, entry(Deed::Delete, &block))?;
            store::set_deleted(tx, now, id, true)
        })
        .await
}

/// Brings a block back; emails that kept a copy are not linked to it again.
pub async fn restore(cx: &Cx, id: BlockId) -> Result<SavedBlock> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            store::set_deleted(tx, now, id, false)?;
            let block = store::find(tx, id)?;
            audit::record(tx, &who, entry(Deed::Restore, &block))?;
            Ok(block)
        })
        .await
}

/// Saves every email that is linked to a block with another source.
fn rewrite_all(tx: &mut Tx<'_>, now: Timestamp, by: Option<UserId>, id: BlockId, change: impl Fn(&str) -> String) -> Result<()> {
    for email in store::emails_of(tx, id)? {
        rewrite(tx, now, by, email, &change)?;
    }
    Ok(())
}

fn rewrite(tx: &mut Tx<'_>, now: Timestamp, by: Option<UserId>, id: EmailId, change: &impl Fn(&str) -> String) -> Result<()> {
    let there = emails::find(tx, id)?;
    let in_trash = there.is_none();
    let Some(mut email) = there.map_or_else(|| emails::find_deleted(tx, id), |email| Ok(Some(email)))? else { return Ok(()) };
    let source = change(&email.content.source);
    if source == email.content.source {
        return Ok(());
    }
    email.content.source = source;
    email.version += 1;
    email.revision += 1;
    emails::save(tx, now, &email)?;
    if in_trash { Ok(()) } else { family::content_changed(tx, now, by, &email) }
}

fn in_use(uses: &[BlockUse]) -> Error {
    let named: Vec<String> = uses.iter().take(NAMED).map(|one| format!("“{}”", one.name)).collect();
    let more = uses.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Error::conflict(
        "block.in-use",
        format!("Linked to {}{more}. Let them keep a copy, or take it out of them first.", named.join(", ")),
    )
}

fn clean(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn check(name: &str, category: &str, format: &str, source: &str) -> Result<()> {
    let mut wrong = Vec::new();
    for (pointer, text, needed) in [("/name", name, true), ("/category", category, false)] {
        if needed && text.is_empty() {
            wrong.push(FieldError::new(pointer, "required", "Give it a name."));
        }
        if text.chars().count() > 100 {
            wrong.push(FieldError::new(pointer, "too-long", "100 characters fit here."));
        }
    }
    if !matches!(format, "html" | "mjml") {
        wrong.push(FieldError::new("/format", "format", "Choose html or mjml."));
    }
    if let Some(detail) = what_is_wrong(format, source) {
        wrong.push(FieldError::new("/source", "source", detail));
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
}

/// Why a block cannot stand in an email; none: it can.
fn what_is_wrong(format: &str, source: &str) -> Option<String> {
    if source.trim().is_empty() {
        return Some("Put something in: what stands here is what emails show.".to_owned());
    }
    if source.len() > LONGEST {
        return Some("200 KB fit into a block. Make a template of it instead.".to_owned());
    }
    if source.to_ascii_lowercase().contains("hg-block") {
        return Some("A block cannot hold another saved block. Put that one in as a copy.".to_owned());
    }
    if format == "mjml" {
        return mjml_to_html(&alone(source)).err().map(|error| format!("This MJML cannot be read: {error}."));
    }
    None
}
