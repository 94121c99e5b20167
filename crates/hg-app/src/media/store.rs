//! Statements about pictures.

use std::collections::HashMap;

use hg_core::ids::{MediaId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};

use crate::error::{Error, Result};
use crate::list::{ListQuery, Page, SmallTable};

/// Longer files are refused: no reader on a phone would wait for them.
pub const LONGEST: usize = 5 * 1024 * 1024;

/// A picture of the library.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaFile {
    pub id: MediaId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<UserId>,
    pub name: String,
    /// What it shows, for those who do not see it.
    pub alt: String,
    pub folder: String,
    pub content_type: String,
    pub bytes: i64,
    pub width: i64,
    pub height: i64,
    /// Where its bytes lie.
    pub hash: String,
}

impl MediaFile {
    /// The end of its address, after that of the site.
    pub fn path(&self) -> String {
        format!("/media/{}/{}", self.hash, self.name)
    }
}

const COLUMNS: &str =
    "id, version, created_at, updated_at, created_by, name, alt, folder, content_type, bytes, width, height, hash";

fn read(r: &Row<'_>) -> hg_store::Result<MediaFile> {
    Ok(MediaFile {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        created_by: r.get(4)?,
        name: r.get(5)?,
        alt: r.get(6)?,
        folder: r.get(7)?,
        content_type: r.get(8)?,
        bytes: r.get(9)?,
        width: r.get(10)?,
        height: r.get(11)?,
        hash: r.get(12)?,
    })
}

const LIST: SmallTable = SmallTable {
    table: "media_files",
    things: "Images",
    searched: &["name", "alt", "folder"],
    sorted: &["name", "bytes", "created_at"],
    published: None,
    global: None,
    category: false,
};

pub(super) fn page(tx: &mut Tx<'_>, query: &ListQuery) -> Result<Page<MediaFile>> {
    let load = |tx: &mut Tx<'_>, ids: &[i64]| {
        Ok(tx.all(Sql::new(format!("SELECT {COLUMNS} FROM media_files WHERE id @in($1)")).bind(ids), read)?)
    };
    LIST.page(tx, query, None, load, |file| file.id.0)
}

pub(super) fn find(tx: &mut Tx<'_>, id: MediaId) -> Result<MediaFile> {
    let text = format!("SELECT {COLUMNS} FROM media_files WHERE id = $1 AND deleted_at IS NULL");
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("image", id))
}

pub(super) fn by_hash(tx: &mut Tx<'_>, hash: &str) -> Result<Option<MediaFile>> {
    let text = format!("SELECT {COLUMNS} FROM media_files WHERE hash = $1 AND deleted_at IS NULL ORDER BY id");
    Ok(tx.all(Sql::new(text).bind(hash), read)?.into_iter().next())
}

pub(super) fn insert(tx: &mut Tx<'_>, file: &MediaFile, body: &[u8]) -> Result<MediaId> {
    tx.exec(
        Sql::new("INSERT INTO media_bodies (hash, body) VALUES ($1, $2) ON CONFLICT DO NOTHING").bind(&file.hash).bind(body),
    )?;
    Ok(tx.one(
        Sql::new(
            "INSERT INTO media_files (created_at, updated_at, created_by, name, alt, folder, content_type, bytes, width, height, hash) \
             VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
        )
        .bind(file.created_at)
        .bind(file.created_by)
        .bind(&file.name)
        .bind(&file.alt)
        .bind(&file.folder)
        .bind(&file.content_type)
        .bind(file.bytes)
        .bind(file.width)
        .bind(file.height)
        .bind(&file.hash),
        |r| r.get(0),
    )?)
}

pub(super) fn save(tx: &mut Tx<'_>, now: Timestamp, file: &MediaFile) -> Result<()> {
    let sql =
        Sql::new("UPDATE media_files SET name = $2, alt = $3, folder = $4, updated_at = $5, version = version + 1 WHERE id = $1");
    tx.exec(sql.bind(file.id).bind(&file.name).bind(&file.alt).bind(&file.folder).bind(now))?;
    Ok(())
}

pub(super) fn set_deleted(tx: &mut Tx<'_>, now: Timestamp, id: MediaId, deleted: bool) -> Result<()> {
    let sql = Sql::new("UPDATE media_files SET deleted_at = $2, updated_at = $3, version = version + 1 WHERE id = $1");
    tx.exec(sql.bind(id).bind(deleted.then_some(now)).bind(now))?;
    Ok(())
}

/// The bytes of a picture and what they are, whether it lies in the library or was taken out.
pub(super) fn body(tx: &mut Tx<'_>, hash: &str) -> Result<Option<(String, Vec<u8>)>> {
    let text = "SELECT f.content_type, b.body FROM media_bodies b JOIN media_files f ON f.hash = b.hash WHERE b.hash = $1 \
                ORDER BY f.id LIMIT 1";
    Ok(tx.opt(Sql::new(text).bind(hash), |r| Ok((r.get(0)?, r.get(1)?)))?)
}

/// How long pictures are, by their hashes.
pub(crate) fn sizes(tx: &mut Tx<'_>, hashes: &[String]) -> Result<HashMap<String, u64>> {
    let mut found = HashMap::new();
    for hash in hashes {
        let size: Option<i64> =
            tx.opt(Sql::new("SELECT bytes FROM media_files WHERE hash = $1 ORDER BY id LIMIT 1").bind(hash), |r| r.get(0))?;
        if let Some(size) = size {
            found.insert(hash.clone(), u64::try_from(size).unwrap_or_default());
        }
    }
    Ok(found)
}

/// Names of the emails and pages in whose text this address stands.
pub(super) fn uses(tx: &mut Tx<'_>, hash: &str) -> Result<Vec<(&'static str, i64, String)>> {
    let pattern = format!("%/media/{hash}/%");
    let mut found = Vec::new();
    for (kind, text) in [
        ("email", "SELECT id, name FROM emails WHERE deleted_at IS NULL AND source LIKE $1 ORDER BY name, id LIMIT 200"),
        ("page", "SELECT id, title FROM pages WHERE deleted_at IS NULL AND html LIKE $1 ORDER BY title, id LIMIT 200"),
    ] {
        let rows: Vec<(i64, String)> = tx.all(Sql::new(text).bind(&pattern), |r| Ok((r.get(0)?, r.get(1)?)))?;
        found.extend(rows.into_iter().map(|(id, name)| (kind, id, name)));
    }
    Ok(found)
}
