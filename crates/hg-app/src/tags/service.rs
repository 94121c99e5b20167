//! Use cases and statements of tags.

use std::collections::HashMap;

use hg_core::ids::TagId;
use hg_core::text::fold;
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx, Value};

use crate::audit::{self, Changes, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};

/// A tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub id: TagId,
    pub version: i64,
    pub name: String,
    pub description: Option<String>,
    /// How many contacts carry it.
    pub contacts: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[derive(Debug, Clone, Default)]
pub struct NewTag {
    pub name: String,
    pub description: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub struct TagPatch {
    pub version: Option<i64>,
    pub name: Option<String>,
    pub description: Option<Option<String>>,
}

const LONGEST: usize = 191;
const COLUMNS: &str = "id, version, name, description, \
     (SELECT count(*) FROM contact_tags ct JOIN contacts c ON c.id = ct.contact_id WHERE ct.tag_id = tags.id AND c.deleted_at IS NULL), \
     created_at, updated_at, name_key";

fn read(r: &Row<'_>) -> hg_store::Result<Tag> {
    Ok(Tag {
        id: r.get(0)?,
        version: r.get(1)?,
        name: r.get(2)?,
        description: r.get(3)?,
        contacts: r.get(4)?,
        created_at: r.get(5)?,
        updated_at: r.get(6)?,
    })
}

/// A name as it is stored: blanks trimmed, line breaks gone. `None` when nothing is left.
fn clean(name: &str) -> Option<String> {
    let name = name.trim().replace(['\r', '\n', '\t'], " ");
    (!name.is_empty()).then(|| name.chars().take(LONGEST).collect())
}

/// The tag of a name, made when it is missing. `None` for a blank name.
pub(crate) fn ensure(tx: &mut Tx<'_>, name: &str, now: Timestamp) -> Result<Option<(TagId, String)>> {
    if let Some(found) = find_by_name(tx, name)? {
        return Ok(Some(found));
    }
    let Some(name) = clean(name) else { return Ok(None) };
    let id: TagId = tx.scalar(
        Sql::new("INSERT INTO tags (name, name_key, created_at, updated_at) VALUES ($1, $2, $3, $3) RETURNING id")
            .bind(&name)
            .bind(fold(&name))
            .bind(now),
    )?;
    Ok(Some((id, name)))
}

pub(crate) fn find_by_name(tx: &mut Tx<'_>, name: &str) -> Result<Option<(TagId, String)>> {
    let Some(name) = clean(name) else { return Ok(None) };
    Ok(tx.opt(Sql::new("SELECT id, name FROM tags WHERE name_key = $1 AND deleted_at IS NULL").bind(fold(&name)), |r| {
        Ok((r.get(0)?, r.get(1)?))
    })?)
}

/// Ids of tags by their names; names that no tag has are left out.
pub fn resolve_names(tx: &mut Tx<'_>, names: &[String]) -> Result<HashMap<String, TagId>> {
    let mut found = HashMap::new();
    for name in names {
        if let Some((id, _)) = find_by_name(tx, name)? {
            found.insert(name.clone(), id);
        }
    }
    Ok(found)
}

/// Tags by name.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<Tag>> {
    cx.may(Action::View(Area::Contacts))?;
    let search = format!("%{}%", like_escaped(&fold(query.search.trim())));
    let after = query.after()?;
    let limit = query.limit();
    cx.db()
        .read(move |tx| {
            let where_ = "deleted_at IS NULL AND name_key LIKE $1 ESCAPE '\\'";
            let total: i64 = tx.scalar(Sql::new(format!("SELECT count(*) FROM tags WHERE {where_}")).bind(&search))?;
            let (name, id) = match after {
                Some((Value::Text(name), id)) => (name, id),
                _ => (String::new(), 0),
            };
            let text = format!(
                "SELECT {COLUMNS} FROM tags WHERE {where_} AND (name_key > $2 OR (name_key = $2 AND id > $3)) \
                 ORDER BY name_key, id LIMIT $4 OFFSET $5"
            );
            let offset = i64::try_from(query.offset).unwrap_or(i64::MAX);
            let sql = Sql::new(text).bind(&search).bind(name).bind(id).bind(i64::from(limit) + 1).bind(offset);
            let rows = tx.all(sql, |r| Ok((read(r)?, r.get::<String>(7)?)))?;
            let total = u64::try_from(total).ok();
            Ok(Page::of(rows, limit, total, |(tag, key)| (Value::Text(key.clone()), tag.id.0)).map(|(tag, _)| tag))
        })
        .await
}

/// Makes `%`, `_` and `\` ordinary characters of a LIKE pattern.
pub(crate) fn like_escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

pub async fn get(cx: &Cx, id: TagId) -> Result<Tag> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db().read(move |tx| find(tx, id)).await
}

fn find(tx: &mut Tx<'_>, id: TagId) -> Result<Tag> {
    let text = format!("SELECT {COLUMNS} FROM tags WHERE id = $1 AND deleted_at IS NULL");
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("tag", id))
}

fn entry(deed: Deed, tag: &Tag) -> Entry {
    Entry::new(deed, "tag", tag.id.0, &tag.name)
}

fn no_name() -> Error {
    Error::field("/name", "tag.no-name", "Give the tag a name.")
}

/// Makes a tag, or finds the one of that name; whether it was made.
pub async fn create(cx: &Cx, new: NewTag) -> Result<(Tag, bool)> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let there = find_by_name(tx, &new.name)?;
            let (id, _) = ensure(tx, &new.name, now)?.ok_or_else(no_name)?;
            if let (None, Some(description)) = (&there, &new.description) {
                tx.exec(Sql::new("UPDATE tags SET description = $2 WHERE id = $1").bind(id).bind(description))?;
            }
            let tag = find(tx, id)?;
            if there.is_none() {
                audit::record(tx, &who, entry(Deed::Create, &tag))?;
            }
            Ok((tag, there.is_none()))
        })
        .await
}

/// Renames or describes a tag.
pub async fn update(cx: &Cx, id: TagId, patch: TagPatch) -> Result<Tag> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let tag = find(tx, id)?;
            if patch.version.is_some_and(|v| v != tag.version) {
                return Err(Error::changed_meanwhile("tag"));
            }
            let name = match &patch.name {
                Some(name) => clean(name).ok_or_else(no_name)?,
                None => tag.name.clone(),
            };
            if find_by_name(tx, &name)?.is_some_and(|(other, _)| other != id) {
                return Err(Error::conflict("tag.name-taken", format!("There is a tag “{name}” already.")));
            }
            let description = patch.description.clone().unwrap_or_else(|| tag.description.clone());
            tx.exec(
                Sql::new("UPDATE tags SET name = $2, name_key = $3, description = $4, updated_at = $5, version = version + 1 WHERE id = $1")
                    .bind(id)
                    .bind(&name)
                    .bind(fold(&name))
                    .bind(description)
                    .bind(now),
            )?;
            let after = find(tx, id)?;
            let changes =
                Changes::new().field("name", &tag.name, &after.name).field("description", &tag.description, &after.description);
            audit::record(tx, &who, entry(Deed::Update, &after).changes(changes))?;
            Ok(after)
        })
        .await
}

/// Deletes a tag; nobody carries it any more, until it is brought back.
pub async fn delete(cx: &Cx, id: TagId) -> Result<Tag> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (who, now) = (cx.who(), cx.now());
    let ws = cx.ws.clone();
    cx.db()
        .write(move |tx| {
            let tag = find(tx, id)?;
            let users = crate::segments::using_tag(&ws, tx, id)?;
            if !users.is_empty() {
                let names = users.iter().map(|(_, name)| format!("“{name}”")).collect::<Vec<_>>().join(", ");
                return Err(Error::conflict(
                    "tag.in-use",
                    format!("The tag is used by the filter of {names}. Change that first."),
                ));
            }
            tx.exec(
                Sql::new("UPDATE tags SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1")
                    .bind(id)
                    .bind(now),
            )?;
            audit::record(tx, &who, entry(Deed::Delete, &tag))?;
            Ok(tag)
        })
        .await
}

/// Brings a deleted tag back, with everybody who carried it.
pub async fn restore(cx: &Cx, id: TagId) -> Result<Tag> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            tx.exec(
                Sql::new("UPDATE tags SET deleted_at = NULL, updated_at = $2, version = version + 1 WHERE id = $1")
                    .bind(id)
                    .bind(now),
            )?;
            let tag = find(tx, id)?;
            audit::record(tx, &who, entry(Deed::Restore, &tag))?;
            Ok(tag)
        })
        .await
}
