//! Statements about pictures.

use std::collections::{BTreeSet, HashMap, HashSet};

use hg_core::ids::{MediaId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Flow, Row, Sql, Tx};

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

/// Where addresses of pictures can stand: kind, id, name and text of everything that is not deleted. What sent mails and
/// earlier versions show stays whatever becomes of the library, so they do not count.
const TEXTS: [(&str, &str); 9] = [
    ("email", "SELECT id, name, source FROM emails WHERE deleted_at IS NULL"),
    ("email", "SELECT id, name, CAST(dynamic AS TEXT) FROM emails WHERE deleted_at IS NULL AND dynamic IS NOT NULL"),
    (
        "email",
        "SELECT e.id, e.name, CAST(d.content AS TEXT) FROM email_drafts d JOIN emails e ON e.id = d.email_id WHERE e.deleted_at IS NULL",
    ),
    ("email_block", "SELECT id, name, source FROM email_blocks WHERE deleted_at IS NULL"),
    ("page", "SELECT id, title, html FROM pages WHERE deleted_at IS NULL"),
    ("form", "SELECT id, name, CAST(fields AS TEXT) FROM forms WHERE deleted_at IS NULL"),
    ("form", "SELECT id, name, post_action_property FROM forms WHERE deleted_at IS NULL AND post_action_property IS NOT NULL"),
    (
        "campaign",
        "SELECT c.id, c.name, CAST(s.settings AS TEXT) FROM campaign_steps s JOIN campaigns c ON c.id = s.campaign_id \
         WHERE c.deleted_at IS NULL AND s.deleted_at IS NULL",
    ),
    ("brand", "SELECT 0, 'Brand', CAST(body AS TEXT) FROM settings WHERE section = 'brand'"),
];

/// At most so many places of one picture are told.
const PLACES: usize = 200;

/// Where a picture stands, in order of kind and name.
pub(super) fn uses(tx: &mut Tx<'_>, hash: &str) -> Result<Vec<(&'static str, i64, String)>> {
    let pattern = format!("%/media/{hash}/%");
    let mut found = BTreeSet::new();
    for (kind, text) in TEXTS {
        let text = format!("SELECT t.id, t.name FROM ({}) t WHERE t.text LIKE $1", named(text));
        tx.each(Sql::new(text).bind(&pattern), |r| {
            found.insert((kind, r.get::<String>(1)?, r.get::<i64>(0)?));
            Ok(if found.len() < PLACES { Flow::Next } else { Flow::Stop })
        })?;
    }
    Ok(found.into_iter().map(|(kind, name, id)| (kind, id, name)).collect())
}

/// The same statement with its columns called `id`, `name` and `text`.
fn named(text: &str) -> String {
    format!("WITH found (id, name, text) AS ({text}) SELECT id, name, text FROM found")
}

/// The hashes of all pictures that stand somewhere.
fn used(tx: &mut Tx<'_>) -> Result<HashSet<String>> {
    let mut found = HashSet::new();
    for (_, text) in TEXTS {
        let text = format!("SELECT t.text FROM ({}) t WHERE t.text LIKE '%/media/%'", named(text));
        tx.each(Sql::new(text), |r| {
            found.extend(hashes_in(&r.get::<String>(0)?).map(str::to_owned));
            Ok(Flow::Next)
        })?;
    }
    Ok(found)
}

/// What stands between `/media/` and the next slash.
fn hashes_in(text: &str) -> impl Iterator<Item = &str> {
    text.split("/media/").skip(1).filter_map(|rest| rest.split_once('/')).map(|(hash, _)| hash)
}

/// Pictures put in before an instant that stand nowhere, the largest first.
pub(super) fn unused(tx: &mut Tx<'_>, before: Timestamp) -> Result<Vec<MediaFile>> {
    let used = used(tx)?;
    let text = format!("SELECT {COLUMNS} FROM media_files WHERE deleted_at IS NULL AND created_at < $1 ORDER BY bytes DESC, id");
    let mut files = tx.all(Sql::new(text).bind(before), read)?;
    files.retain(|file| !used.contains(&file.hash));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::hashes_in;

    #[test]
    fn every_address_of_a_picture_in_a_text_is_found() {
        let text = r#"<img src="https://x.example/media/ab12/a.png"> url(/media/cd34/b.png) /media/nothing"#;
        assert_eq!(hashes_in(text).collect::<Vec<_>>(), ["ab12", "cd34"]);
    }
}
