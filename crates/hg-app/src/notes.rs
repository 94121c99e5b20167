//! Notes: what colleagues write down about a contact, a call, a meeting.

use hg_core::ids::{ContactId, NoteId, UserId};
use hg_core::text::fold;
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx, Value};

use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};
use crate::tags::like_escaped;

/// What a note is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NoteKind {
    #[default]
    General,
    Email,
    Call,
    Meeting,
}

impl NoteKind {
    pub const ALL: [NoteKind; 4] = [Self::General, Self::Email, Self::Call, Self::Meeting];

    /// The word in the database and in both APIs.
    pub const fn key(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Email => "email",
            Self::Call => "call",
            Self::Meeting => "meeting",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.key() == word.trim().to_lowercase())
    }
}

/// A note.
#[derive(Debug, Clone, PartialEq)]
pub struct Note {
    pub id: NoteId,
    pub version: i64,
    pub contact: ContactId,
    pub kind: NoteKind,
    pub text: String,
    /// When it happened, which need not be when it was written down.
    pub happened_at: Timestamp,
    /// Stands above the others.
    pub pinned: bool,
    pub created_by: Option<UserId>,
    pub author: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

/// What somebody writes or changes; what is `None` stays.
#[derive(Debug, Clone, Default)]
pub struct NoteInput {
    pub version: Option<i64>,
    pub text: Option<String>,
    pub kind: Option<NoteKind>,
    pub happened_at: Option<Timestamp>,
    pub pinned: Option<bool>,
    /// Another contact to hang it on.
    pub contact: Option<ContactId>,
}

/// Which notes.
#[derive(Debug, Clone, Default)]
pub struct NoteQuery {
    /// Of this contact; of all, by id, when none is given.
    pub contact: Option<ContactId>,
    /// `type:call` besides words of the text.
    pub list: ListQuery,
}

const LONGEST: usize = 65_535;
const COLUMNS: &str = "n.id, n.version, n.contact_id, n.kind, n.body, n.happened_at, n.pinned, n.created_by, \
     (SELECT u.first_name || ' ' || u.last_name FROM users u WHERE u.id = n.created_by), n.created_at, n.updated_at";
/// Pinned ones first, then the newest.
const PLACE: &str = "(n.pinned * 1000000000000000 + n.happened_at)";
const PINNED: i64 = 1_000_000_000_000_000;

fn read(r: &Row<'_>) -> hg_store::Result<Note> {
    Ok(Note {
        id: r.get(0)?,
        version: r.get(1)?,
        contact: r.get(2)?,
        kind: NoteKind::parse(&r.get::<String>(3)?).unwrap_or_default(),
        text: r.get(4)?,
        happened_at: r.get(5)?,
        pinned: r.get(6)?,
        created_by: r.get(7)?,
        author: r.get::<Option<String>>(8)?.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()),
        created_at: r.get(9)?,
        updated_at: r.get(10)?,
    })
}

/// What a search asks for: kinds, and a pattern of the folded text.
fn wanted(search: &str) -> (Vec<&'static str>, String) {
    let (mut kinds, mut words) = (Vec::new(), Vec::new());
    for word in search.split_whitespace() {
        match word.strip_prefix("type:").map(NoteKind::parse) {
            Some(Some(kind)) => kinds.push(kind.key()),
            // A kind that nobody knows is no note's.
            Some(None) => kinds.push("-"),
            None => words.push(word),
        }
    }
    if kinds.is_empty() {
        kinds.extend(NoteKind::ALL.map(NoteKind::key));
    }
    (kinds, format!("%{}%", like_escaped(&fold(&words.join(" ")))))
}

/// Notes of a contact, pinned ones and then the newest first; or those of everybody by id.
pub async fn list(cx: &Cx, query: NoteQuery) -> Result<Page<Note>> {
    cx.may(Action::View(Area::Contacts))?;
    let after = query.list.after()?;
    let limit = query.list.limit();
    cx.db()
        .read(move |tx| {
            let (kinds, pattern) = wanted(&query.list.search);
            let kinds = serde_json::json!(kinds);
            let contact = query.contact.map(|id| contacts::survivor(tx, id)).transpose()?;
            let whose = if contact.is_some() { "n.contact_id = $1" } else { "$1 = 0" };
            let condition = format!("{whose} AND n.deleted_at IS NULL AND n.kind @intext($2) AND n.body_fold LIKE $3 ESCAPE '\\'");
            let bound =
                |text: String| Sql::new(text).bind(contact.map_or(0, |c| c.0)).bind(&kinds).bind(pattern.as_str());
            let total: i64 = tx.scalar(bound(format!("SELECT count(*) FROM notes n WHERE {condition}")))?;
            let (down, order) = match query.list.sort_field() {
                ("id", down) => (down, "n.id"),
                ("", _) if contact.is_none() => (false, "n.id"),
                ("happened_at", down) => (down, "n.happened_at"),
                ("text", down) => (down, "n.body_fold"),
                ("type", down) => (down, "n.kind"),
                _ => (true, PLACE),
            };
            let (at, id) = match after {
                Some((Value::Int(at), id)) => (at, id),
                _ => (i64::MAX, i64::MAX),
            };
            let page = if order == PLACE { format!("AND ({PLACE} < $4 OR ({PLACE} = $4 AND n.id < $5))") } else { "AND (n.id <= $4 OR n.id < $5)".into() };
            let direction = if down { "DESC" } else { "" };
            let text = format!(
                "SELECT {COLUMNS} FROM notes n WHERE {condition} {page} ORDER BY {order} {direction}, n.id {direction} LIMIT $6 OFFSET $7"
            );
            let offset = i64::try_from(query.list.offset).unwrap_or(i64::MAX);
            let rows = tx.all(bound(text).bind(at).bind(id).bind(i64::from(limit) + 1).bind(offset), read)?;
            let place = |n: &Note| i64::from(n.pinned) * PINNED + n.happened_at.0;
            Ok(Page::of(rows, limit, u64::try_from(total).ok(), |n| (Value::Int(place(n)), n.id.0)))
        })
        .await
}

pub async fn get(cx: &Cx, id: NoteId) -> Result<Note> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db().read(move |tx| find(tx, id)).await
}

fn find(tx: &mut Tx<'_>, id: NoteId) -> Result<Note> {
    let text = format!("SELECT {COLUMNS} FROM notes n WHERE n.id = $1 AND n.deleted_at IS NULL");
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("note", id))
}

fn checked(text: Option<String>) -> Result<String> {
    let text = text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    let text = text.ok_or_else(|| Error::field("/text", "note.no-text", "Write something into the note."))?;
    if text.len() > LONGEST {
        return Err(Error::field("/text", "note.too-long", "A note holds at most 65,535 characters."));
    }
    Ok(text)
}

/// Writes a note about a contact.
pub async fn create(cx: &Cx, contact: ContactId, new: NoteInput) -> Result<Note> {
    cx.may(Action::Edit(Area::Contacts))?;
    let text = checked(new.text)?;
    let (now, by) = (cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            let id: NoteId = tx.scalar(
                Sql::new(
                    "INSERT INTO notes (contact_id, kind, body, body_fold, happened_at, pinned, created_by, created_at, updated_at) \
                     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING id",
                )
                .bind(contact)
                .bind(new.kind.unwrap_or_default().key())
                .bind(&text)
                .bind(fold(&text))
                .bind(new.happened_at.unwrap_or(now))
                .bind(new.pinned.unwrap_or(false))
                .bind(by)
                .bind(now),
            )?;
            find(tx, id)
        })
        .await
}

/// Changes what is named.
pub async fn update(cx: &Cx, id: NoteId, patch: NoteInput) -> Result<Note> {
    cx.may(Action::Edit(Area::Contacts))?;
    let text = patch.text.map(|text| checked(Some(text))).transpose()?;
    let now = cx.now();
    cx.db()
        .write(move |tx| {
            let note = find(tx, id)?;
            if patch.version.is_some_and(|v| v != note.version) {
                return Err(Error::changed_meanwhile("note"));
            }
            let contact = patch.contact.map(|c| contacts::survivor(tx, c)).transpose()?.unwrap_or(note.contact);
            let text = text.as_ref().unwrap_or(&note.text);
            tx.exec(
                Sql::new(
                    "UPDATE notes SET contact_id = $2, kind = $3, body = $4, body_fold = $5, happened_at = $6, pinned = $7, \
                     updated_at = $8, version = version + 1 WHERE id = $1",
                )
                .bind(id)
                .bind(contact)
                .bind(patch.kind.unwrap_or(note.kind).key())
                .bind(text)
                .bind(fold(text))
                .bind(patch.happened_at.unwrap_or(note.happened_at))
                .bind(patch.pinned.unwrap_or(note.pinned))
                .bind(now),
            )?;
            find(tx, id)
        })
        .await
}

/// Deletes a note; gives it as it was.
pub async fn delete(cx: &Cx, id: NoteId) -> Result<Note> {
    cx.may(Action::Edit(Area::Contacts))?;
    let now = cx.now();
    cx.db()
        .write(move |tx| {
            let note = find(tx, id)?;
            tx.exec(Sql::new("UPDATE notes SET deleted_at = $2, version = version + 1 WHERE id = $1").bind(id).bind(now))?;
            Ok(note)
        })
        .await
}

/// Brings a deleted note back.
pub async fn restore(cx: &Cx, id: NoteId) -> Result<Note> {
    cx.may(Action::Edit(Area::Contacts))?;
    cx.db()
        .write(move |tx| {
            tx.exec(Sql::new("UPDATE notes SET deleted_at = NULL, version = version + 1 WHERE id = $1").bind(id))?;
            find(tx, id)
        })
        .await
}
