//! Statements about files.

use hg_core::emails::{LONGEST_ATTACHMENTS, MOST_ATTACHMENTS};
use hg_core::ids::{AttachmentId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};

use crate::error::{Error, Result};
use crate::list::{ListQuery, Page, SmallTable};

/// A file that emails can carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub id: AttachmentId,
    pub created_at: Timestamp,
    pub created_by: Option<UserId>,
    pub name: String,
    pub content_type: String,
    pub bytes: i64,
    /// Where its bytes lie.
    pub hash: String,
}

const COLUMNS: &str = "id, created_at, created_by, name, content_type, bytes, hash";

fn read(r: &Row<'_>) -> hg_store::Result<Attachment> {
    Ok(Attachment {
        id: r.get(0)?,
        created_at: r.get(1)?,
        created_by: r.get(2)?,
        name: r.get(3)?,
        content_type: r.get(4)?,
        bytes: r.get(5)?,
        hash: r.get(6)?,
    })
}

const LIST: SmallTable = SmallTable {
    table: "attachments",
    things: "Files",
    searched: &["name"],
    sorted: &["name", "bytes", "created_at"],
    published: None,
    global: None,
    category: false,
};

pub(super) fn page(tx: &mut Tx<'_>, query: &ListQuery) -> Result<Page<Attachment>> {
    let load = |tx: &mut Tx<'_>, ids: &[i64]| of_ids(tx, ids);
    LIST.page(tx, query, None, load, |file| file.id.0)
}

pub(super) fn of_ids(tx: &mut Tx<'_>, ids: &[i64]) -> Result<Vec<Attachment>> {
    Ok(tx.all(Sql::new(format!("SELECT {COLUMNS} FROM attachments WHERE id @in($1)")).bind(ids), read)?)
}

pub(super) fn find(tx: &mut Tx<'_>, id: AttachmentId) -> Result<Attachment> {
    let text = format!("SELECT {COLUMNS} FROM attachments WHERE id = $1");
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("file", id))
}

pub(super) fn same(tx: &mut Tx<'_>, hash: &str, name: &str) -> Result<Option<Attachment>> {
    let text = format!("SELECT {COLUMNS} FROM attachments WHERE hash = $1 AND name = $2 ORDER BY id LIMIT 1");
    Ok(tx.opt(Sql::new(text).bind(hash).bind(name), read)?)
}

pub(super) fn insert(tx: &mut Tx<'_>, file: &Attachment, body: &[u8]) -> Result<AttachmentId> {
    tx.exec(
        Sql::new("INSERT INTO media_bodies (hash, body) VALUES ($1, $2) ON CONFLICT DO NOTHING").bind(&file.hash).bind(body),
    )?;
    let text = "INSERT INTO attachments (created_at, created_by, name, content_type, bytes, hash) VALUES ($1, $2, $3, $4, $5, $6) \
                RETURNING id";
    Ok(tx.one(
        Sql::new(text)
            .bind(file.created_at)
            .bind(file.created_by)
            .bind(&file.name)
            .bind(&file.content_type)
            .bind(file.bytes)
            .bind(&file.hash),
        |r| r.get(0),
    )?)
}

pub(super) fn body(tx: &mut Tx<'_>, hash: &str) -> Result<Option<Vec<u8>>> {
    Ok(tx.opt(Sql::new("SELECT body FROM media_bodies WHERE hash = $1").bind(hash), |r| r.get(0))?)
}

/// Whether an email can carry these files.
pub(crate) fn check(tx: &mut Tx<'_>, ids: &[i64]) -> Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    if ids.len() > MOST_ATTACHMENTS {
        let detail = format!("An email can carry {MOST_ATTACHMENTS} files.");
        return Err(Error::field("/attachments", "attachments.too-many", detail));
    }
    let found = of_ids(tx, ids)?;
    if let Some(missing) = ids.iter().find(|id| !found.iter().any(|file| file.id.0 == **id)) {
        let detail = format!("There is no file {missing}. Put it in with POST /api/v1/attachments.");
        return Err(Error::field("/attachments", "attachments.missing", detail));
    }
    let total: i64 = found.iter().map(|file| file.bytes).sum();
    if usize::try_from(total).unwrap_or(usize::MAX) > LONGEST_ATTACHMENTS {
        let detail = "All files of an email together can have 10 MB. Put large files on a page and link to them.";
        return Err(Error::field("/attachments", "attachments.too-long", detail));
    }
    Ok(())
}
