//! Statements about stages.

use std::collections::HashMap;

use hg_core::ids::{StageId, UserId};
use hg_core::publish::Window;
use hg_core::text::fold;
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};

use crate::error::{Error, Result};
use crate::list::{ListQuery, Page, SmallTable};
use crate::stages::Stage;

const COLUMNS: &str = "id, version, created_at, updated_at, created_by, name, description, weight, category_id, published, publish_up, publish_down";

fn read(r: &Row<'_>) -> hg_store::Result<Stage> {
    Ok(Stage {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        created_by: r.get(4)?,
        name: r.get(5)?,
        description: r.get(6)?,
        weight: r.get(7)?,
        category_id: r.get(8)?,
        window: Window { published: r.get(9)?, publish_up: r.get(10)?, publish_down: r.get(11)? },
    })
}

const LIST: SmallTable = SmallTable {
    table: "stages",
    things: "Stages",
    searched: &["name", "description"],
    sorted: &["name", "weight", "updated_at"],
    published: Some("published = 1"),
    global: None,
    category: true,
};

pub(super) fn page(tx: &mut Tx<'_>, query: &ListQuery) -> Result<Page<Stage>> {
    let load = |tx: &mut Tx<'_>, ids: &[i64]| {
        Ok(tx.all(Sql::new(format!("SELECT {COLUMNS} FROM stages WHERE id @in($1)")).bind(ids), read)?)
    };
    LIST.page(tx, query, None, load, |stage| stage.id.0)
}

/// Every stage, lightest first.
pub(super) fn all(tx: &mut Tx<'_>) -> Result<Vec<Stage>> {
    Ok(tx.all(format!("SELECT {COLUMNS} FROM stages WHERE deleted_at IS NULL ORDER BY weight, id"), read)?)
}

pub(super) fn find(tx: &mut Tx<'_>, id: StageId) -> Result<Stage> {
    let text = format!("SELECT {COLUMNS} FROM stages WHERE id = $1 AND deleted_at IS NULL");
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("stage", id))
}

/// The stage of a name, however it is written.
pub fn by_name(tx: &mut Tx<'_>, name: &str) -> Result<Option<StageId>> {
    let sql = Sql::new("SELECT min(id) FROM stages WHERE name_key = $1 AND deleted_at IS NULL").bind(fold(name.trim()));
    Ok(tx.one(sql, |r| r.get(0))?)
}

/// The stage of a name, made when nobody knows it.
pub fn ensure(tx: &mut Tx<'_>, name: &str, now: Timestamp) -> Result<StageId> {
    if let Some(found) = by_name(tx, name)? {
        return Ok(found);
    }
    let name: String = name.trim().chars().take(191).collect();
    let sql = Sql::new("INSERT INTO stages (created_at, updated_at, name, name_key) VALUES ($1, $1, $2, $3) RETURNING id");
    Ok(tx.scalar(sql.bind(now).bind(&name).bind(fold(&name)))?)
}

/// Names of stages, deleted ones too.
pub fn names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<i64, String>> {
    let rows = tx.all(Sql::new("SELECT id, name FROM stages WHERE id @in($1)").bind(ids), |r| Ok((r.get(0)?, r.get(1)?)))?;
    Ok(rows.into_iter().collect())
}

fn bind<'t>(sql: Sql<'t>, s: &Stage) -> Sql<'t> {
    sql.bind(&s.name)
        .bind(fold(&s.name))
        .bind(s.description.as_deref())
        .bind(s.weight)
        .bind(s.category_id)
        .bind(s.window.published)
        .bind(s.window.publish_up)
        .bind(s.window.publish_down)
}

pub(super) fn insert(tx: &mut Tx<'_>, s: &Stage, by: Option<UserId>) -> Result<StageId> {
    let sql = Sql::new(
        "INSERT INTO stages (created_at, updated_at, created_by, name, name_key, description, weight, category_id, published, \
         publish_up, publish_down) VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING id",
    );
    Ok(tx.scalar(bind(sql.bind(s.created_at).bind(by), s))?)
}

pub(super) fn update(tx: &mut Tx<'_>, s: &Stage, now: Timestamp) -> Result<()> {
    let sql = Sql::new(
        "UPDATE stages SET updated_at = $1, version = version + 1, name = $3, name_key = $4, description = $5, weight = $6, \
         category_id = $7, published = $8, publish_up = $9, publish_down = $10 WHERE id = $2",
    );
    tx.exec(bind(sql.bind(now).bind(s.id), s))?;
    Ok(())
}
