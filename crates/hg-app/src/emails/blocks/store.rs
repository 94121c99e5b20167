//! Statements about saved blocks.

use std::collections::HashMap;

use hg_core::emails::{linked, linked_blocks, with_blocks};
use hg_core::ids::{BlockId, EmailId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};

use super::super::model::Content;
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page, SmallTable};

/// A piece of an email that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedBlock {
    pub id: BlockId,
    pub version: i64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub created_by: Option<UserId>,
    pub name: String,
    pub category: String,
    /// `html` or `mjml`.
    pub format: String,
    pub source: String,
    /// So many emails are linked to it.
    pub used_by: i64,
}

/// An email that is linked to a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockUse {
    pub email: EmailId,
    pub name: String,
    /// Readers got it already.
    pub sent: bool,
}

const COLUMNS: &str = "id, version, created_at, updated_at, created_by, name, category, format, source, \
     (SELECT count(*) FROM email_block_uses u JOIN emails e ON e.id = u.email_id WHERE u.block_id = email_blocks.id AND e.deleted_at IS NULL)";

fn read(r: &Row<'_>) -> hg_store::Result<SavedBlock> {
    Ok(SavedBlock {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        created_by: r.get(4)?,
        name: r.get(5)?,
        category: r.get(6)?,
        format: r.get(7)?,
        source: r.get(8)?,
        used_by: r.get(9)?,
    })
}

const LIST: SmallTable = SmallTable {
    table: "email_blocks",
    things: "Blocks",
    searched: &["name", "category"],
    sorted: &["name", "category", "updated_at"],
    published: None,
    global: None,
    category: false,
};

pub(super) fn page(tx: &mut Tx<'_>, query: &ListQuery, format: Option<&'static str>) -> Result<Page<SavedBlock>> {
    let load = |tx: &mut Tx<'_>, ids: &[i64]| {
        Ok(tx.all(Sql::new(format!("SELECT {COLUMNS} FROM email_blocks WHERE id @in($1)")).bind(ids), read)?)
    };
    LIST.page(tx, query, format.map(|format| ("format", format)), load, |block| block.id.0)
}

pub(super) fn find(tx: &mut Tx<'_>, id: BlockId) -> Result<SavedBlock> {
    let text = format!("SELECT {COLUMNS} FROM email_blocks WHERE id = $1 AND deleted_at IS NULL");
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("block", id))
}

pub(super) fn insert(
    tx: &mut Tx<'_>,
    now: Timestamp,
    by: Option<UserId>,
    (name, category, format, source): (&str, &str, &str, &str),
) -> Result<BlockId> {
    let sql = Sql::new(
        "INSERT INTO email_blocks (created_at, updated_at, created_by, name, category, format, source) \
         VALUES ($1, $1, $2, $3, $4, $5, $6) RETURNING id",
    );
    Ok(tx.scalar(sql.bind(now).bind(by).bind(name).bind(category).bind(format).bind(source))?)
}

pub(super) fn save(tx: &mut Tx<'_>, now: Timestamp, block: &SavedBlock) -> Result<()> {
    let sql = Sql::new(
        "UPDATE email_blocks SET name = $2, category = $3, source = $4, updated_at = $5, version = version + 1 WHERE id = $1",
    );
    tx.exec(sql.bind(block.id).bind(&block.name).bind(&block.category).bind(&block.source).bind(now))?;
    Ok(())
}

pub(super) fn set_deleted(tx: &mut Tx<'_>, now: Timestamp, id: BlockId, deleted: bool) -> Result<()> {
    let sql = Sql::new("UPDATE email_blocks SET deleted_at = $2, updated_at = $3, version = version + 1 WHERE id = $1");
    tx.exec(sql.bind(id).bind(deleted.then_some(now)).bind(now))?;
    Ok(())
}

/// Emails that are linked to a block, by name; those in the trash are left out.
pub(super) fn uses(tx: &mut Tx<'_>, id: BlockId) -> Result<Vec<BlockUse>> {
    let text = "SELECT e.id, e.name, c.sent > 0 FROM email_block_uses u JOIN emails e ON e.id = u.email_id \
                JOIN email_counts c ON c.email_id = e.id WHERE u.block_id = $1 AND e.deleted_at IS NULL ORDER BY e.name, e.id";
    Ok(tx.all(Sql::new(text).bind(id), |r| Ok(BlockUse { email: r.get(0)?, name: r.get(1)?, sent: r.get(2)? }))?)
}

/// Ids of all emails that are linked to a block, those in the trash too: they come back with what is in it now.
pub(super) fn emails_of(tx: &mut Tx<'_>, id: BlockId) -> Result<Vec<EmailId>> {
    let text = "SELECT email_id FROM email_block_uses WHERE block_id = $1 ORDER BY email_id";
    Ok(tx.all(Sql::new(text).bind(id), |r| r.get(0))?)
}

/// Writes down which blocks an email is linked to.
pub(in crate::emails) fn note_uses(tx: &mut Tx<'_>, email: EmailId, source: &str) -> Result<()> {
    tx.exec(Sql::new("DELETE FROM email_block_uses WHERE email_id = $1").bind(email))?;
    for block in linked_blocks(source) {
        let text = "INSERT INTO email_block_uses (block_id, email_id) VALUES ($1, $2) ON CONFLICT DO NOTHING";
        tx.exec(Sql::new(text).bind(block).bind(email))?;
    }
    Ok(())
}

/// Writes the linked blocks of an email as they are now; a block that is gone, or written in another format, stays as
/// it stands.
pub(in crate::emails) fn resolve(tx: &mut Tx<'_>, content: &mut Content) -> Result<()> {
    let ids = linked_blocks(&content.source);
    if ids.is_empty() {
        return Ok(());
    }
    let text = "SELECT id, name, source FROM email_blocks WHERE id @in($1) AND format = $2 AND deleted_at IS NULL";
    let rows: Vec<(i64, String, String)> =
        tx.all(Sql::new(text).bind(ids.as_slice()).bind(&content.format), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    let now: HashMap<i64, String> = rows.into_iter().map(|(id, name, source)| (id, linked(id, &name, &source))).collect();
    content.source = with_blocks(&content.source, |id| now.get(&id).cloned());
    Ok(())
}
