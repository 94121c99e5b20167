use hg_core::forms::PostAction;
use hg_core::ids::{FormId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};
use serde_json::Value as Json;

use super::model::{FormKind, FormRecord};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page, SmallTable};

const COLUMNS: &str = "id, version, created_at, updated_at, created_by, name, alias, description, kind, published, fields, actions, \
     post_action, post_action_property, submissions, extra";

fn read(r: &Row<'_>) -> hg_store::Result<FormRecord> {
    let (action, property): (String, Option<String>) = (r.get(12)?, r.get(13)?);
    let property = property.unwrap_or_default();
    let fields: Json = r.get(10)?;
    let actions: Json = r.get(11)?;
    Ok(FormRecord {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        created_by: r.get(4)?,
        name: r.get(5)?,
        alias: r.get(6)?,
        description: r.get::<Option<String>>(7)?.unwrap_or_default(),
        kind: FormKind::from_key(&r.get::<String>(8)?).unwrap_or(FormKind::Standalone),
        published: r.get(9)?,
        fields: serde_json::from_value(fields).unwrap_or_default(),
        actions: serde_json::from_value(actions).unwrap_or_default(),
        post_action: match action.as_str() {
            "message" => PostAction::Message(property),
            "redirect" => PostAction::Redirect(property),
            _ => PostAction::Return,
        },
        submissions: r.get(14)?,
        extra: r.get::<Option<Json>>(15)?.unwrap_or_else(|| Json::Object(serde_json::Map::new())),
    })
}

fn post_action(action: &PostAction) -> (&'static str, Option<&str>) {
    match action {
        PostAction::Message(text) => ("message", Some(text)),
        PostAction::Redirect(url) => ("redirect", Some(url)),
        PostAction::Return => ("return", None),
    }
}

pub(super) fn find(tx: &mut Tx<'_>, id: FormId) -> Result<Option<FormRecord>> {
    Ok(tx.opt(Sql::new(format!("SELECT {COLUMNS} FROM forms WHERE id = $1 AND deleted_at IS NULL")).bind(id), read)?)
}

const LIST: SmallTable = SmallTable {
    table: "forms",
    things: "Forms",
    searched: &["name"],
    sorted: &["name", "submissions", "updated_at"],
    published: Some("published = 1"),
    global: None,
    category: true,
};

pub(super) fn list(tx: &mut Tx<'_>, query: &ListQuery) -> Result<Page<FormRecord>> {
    let load = |tx: &mut Tx<'_>, ids: &[i64]| {
        Ok(tx.all(Sql::new(format!("SELECT {COLUMNS} FROM forms WHERE id @in($1)")).bind(ids), read)?)
    };
    LIST.page(tx, query, None, load, |form| form.id.0)
}

fn json_of<T: serde::Serialize>(value: &T) -> Result<Json> {
    serde_json::to_value(value).map_err(|e| Error::internal(e.to_string()))
}

/// What people wrote, in the order of both statements.
fn bind<'t>(sql: Sql<'t>, form: &FormRecord) -> Result<Sql<'t>> {
    let (action, property) = post_action(&form.post_action);
    Ok(sql
        .bind(&form.name)
        .bind(&form.alias)
        .bind(&form.description)
        .bind(form.kind.key())
        .bind(form.published)
        .bind(json_of(&form.fields)?)
        .bind(json_of(&form.actions)?)
        .bind(action)
        .bind(property)
        .bind(&form.extra))
}

pub(super) fn insert(tx: &mut Tx<'_>, now: Timestamp, by: Option<UserId>, form: &FormRecord) -> Result<FormId> {
    let sql = Sql::new(
        "INSERT INTO forms (created_at, updated_at, created_by, name, alias, description, kind, published, fields, actions, \
         post_action, post_action_property, extra) VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
    );
    Ok(tx.scalar(bind(sql.bind(now).bind(by), form)?)?)
}

pub(super) fn save(tx: &mut Tx<'_>, now: Timestamp, form: &FormRecord) -> Result<()> {
    let sql = Sql::new(
        "UPDATE forms SET version = $2, updated_at = $3, name = $4, alias = $5, description = $6, kind = $7, published = $8, \
         fields = $9, actions = $10, post_action = $11, post_action_property = $12, extra = $13 WHERE id = $1",
    );
    tx.exec(bind(sql.bind(form.id).bind(form.version).bind(now), form)?)?;
    Ok(())
}

/// Deletes or brings back; whether there was anything to change.
pub(super) fn set_deleted(tx: &mut Tx<'_>, now: Timestamp, id: FormId, deleted: bool) -> Result<bool> {
    let n = tx.exec(
        Sql::new(
            "UPDATE forms SET deleted_at = $2, updated_at = $3, version = version + 1 \
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
    Ok(tx.all(Sql::new("SELECT id, name FROM forms WHERE id @in($1)").bind(ids), |r| Ok((r.get(0)?, r.get(1)?)))?)
}
