use hg_core::ids::{PageId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};
use serde_json::Value as Json;

use super::model::PageRecord;
use crate::error::Result;
use crate::list::{ListQuery, Page, SmallTable};

const COLUMNS: &str = "id, version, created_at, updated_at, created_by, title, alias, html, language, published, no_index, meta_description, \
     head_script, footer_script, redirect_type, redirect_url, hits, unique_hits, extra";

fn read(r: &Row<'_>) -> hg_store::Result<PageRecord> {
    let text = |i: usize| Ok::<_, hg_store::StoreError>(r.get::<Option<String>>(i)?.unwrap_or_default());
    Ok(PageRecord {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        created_by: r.get(4)?,
        title: r.get(5)?,
        alias: r.get(6)?,
        html: r.get(7)?,
        language: r.get(8)?,
        published: r.get(9)?,
        no_index: r.get(10)?,
        meta_description: text(11)?,
        head_script: text(12)?,
        footer_script: text(13)?,
        redirect_type: r.get(14)?,
        redirect_url: text(15)?,
        hits: r.get(16)?,
        unique_hits: r.get(17)?,
        extra: r.get::<Option<Json>>(18)?.unwrap_or_else(|| Json::Object(serde_json::Map::new())),
    })
}

pub(super) fn find(tx: &mut Tx<'_>, id: PageId) -> Result<Option<PageRecord>> {
    Ok(tx.opt(Sql::new(format!("SELECT {COLUMNS} FROM pages WHERE id = $1 AND deleted_at IS NULL")).bind(id), read)?)
}

pub(super) fn by_alias(tx: &mut Tx<'_>, alias: &str) -> Result<Option<PageRecord>> {
    Ok(tx.opt(Sql::new(format!("SELECT {COLUMNS} FROM pages WHERE alias = $1 AND deleted_at IS NULL")).bind(alias), read)?)
}

const LIST: SmallTable = SmallTable {
    table: "pages",
    things: "Pages",
    searched: &["title", "alias"],
    sorted: &["title", "hits", "updated_at"],
    published: Some("published = 1"),
    global: None,
    category: true,
};

pub(super) fn list(tx: &mut Tx<'_>, query: &ListQuery) -> Result<Page<PageRecord>> {
    let load = |tx: &mut Tx<'_>, ids: &[i64]| {
        Ok(tx.all(Sql::new(format!("SELECT {COLUMNS} FROM pages WHERE id @in($1)")).bind(ids), read)?)
    };
    LIST.page(tx, query, None, load, |page| page.id.0)
}

/// Whether another page has this address.
pub(super) fn taken(tx: &mut Tx<'_>, alias: &str, but: PageId) -> Result<bool> {
    let sql = Sql::new("SELECT 1 FROM pages WHERE alias = $1 AND deleted_at IS NULL AND id <> $2").bind(alias).bind(but);
    Ok(tx.opt(sql, |_| Ok(()))?.is_some())
}

/// What people wrote, in the order of both statements.
fn bind<'t>(sql: Sql<'t>, page: &PageRecord) -> Sql<'t> {
    sql.bind(&page.title)
        .bind(&page.alias)
        .bind(&page.html)
        .bind(&page.language)
        .bind(page.published)
        .bind(page.no_index)
        .bind(&page.meta_description)
        .bind(&page.head_script)
        .bind(&page.footer_script)
        .bind(page.redirect_type)
        .bind(&page.redirect_url)
        .bind(&page.extra)
}

pub(super) fn insert(tx: &mut Tx<'_>, now: Timestamp, by: Option<UserId>, page: &PageRecord) -> Result<PageId> {
    let sql = Sql::new(
        "INSERT INTO pages (created_at, updated_at, created_by, title, alias, html, language, published, no_index, meta_description, \
         head_script, footer_script, redirect_type, redirect_url, extra) \
         VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id",
    );
    Ok(tx.scalar(bind(sql.bind(now).bind(by), page))?)
}

pub(super) fn save(tx: &mut Tx<'_>, now: Timestamp, page: &PageRecord) -> Result<()> {
    let sql = Sql::new(
        "UPDATE pages SET version = $2, updated_at = $3, title = $4, alias = $5, html = $6, language = $7, published = $8, no_index = $9, \
         meta_description = $10, head_script = $11, footer_script = $12, redirect_type = $13, redirect_url = $14, extra = $15 WHERE id = $1",
    );
    tx.exec(bind(sql.bind(page.id).bind(page.version).bind(now), page))?;
    Ok(())
}

/// Deletes or brings back; whether there was anything to change.
pub(super) fn set_deleted(tx: &mut Tx<'_>, now: Timestamp, id: PageId, deleted: bool) -> Result<bool> {
    let n = tx.exec(
        Sql::new(
            "UPDATE pages SET deleted_at = $2, updated_at = $3, version = version + 1 \
             WHERE id = $1 AND ((deleted_at IS NULL) = ($4 = 1))",
        )
        .bind(id)
        .bind(deleted.then_some(now))
        .bind(now)
        .bind(deleted),
    )?;
    Ok(n == 1)
}

pub(super) fn names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<Vec<(i64, String)>> {
    Ok(tx.all(Sql::new("SELECT id, title FROM pages WHERE id @in($1)").bind(ids), |r| Ok((r.get(0)?, r.get(1)?)))?)
}

/// Addresses of pages, by id.
pub(super) fn aliases(tx: &mut Tx<'_>, ids: &[i64]) -> Result<Vec<(i64, String)>> {
    let sql = Sql::new("SELECT id, alias FROM pages WHERE id @in($1) AND deleted_at IS NULL").bind(ids);
    Ok(tx.all(sql, |r| Ok((r.get(0)?, r.get(1)?)))?)
}
