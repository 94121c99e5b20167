//! Point groups: scores beside the main one.

use std::collections::HashMap;

use hg_core::ids::{ContactId, PointGroupId};
use hg_store::{Row, Sql, Tx};
use serde_json::json;

use crate::audit::{self, Changes, Deed, Entry};
use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page, SmallTable};
use crate::points::{GroupPatch, NewGroup, PointGroup, PointsProblem, Score};
use crate::segments;
use crate::workspace::Workspace;

const COLUMNS: &str = "id, version, created_at, updated_at, created_by, name, description, published";

fn read(r: &Row<'_>) -> hg_store::Result<PointGroup> {
    Ok(PointGroup {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        created_by: r.get(4)?,
        name: r.get(5)?,
        description: r.get(6)?,
        published: r.get(7)?,
    })
}

const LIST: SmallTable = SmallTable {
    table: "point_groups",
    things: "Point groups",
    searched: &["name", "description"],
    sorted: &["name", "updated_at"],
    published: Some("published = 1"),
    global: None,
    category: false,
};

/// Point groups, newest first unless sorted.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<PointGroup>> {
    cx.may(Action::View(Area::Points))?;
    let query = query.asked_by(cx);
    cx.db()
        .read(move |tx| {
            let load = |tx: &mut Tx<'_>, ids: &[i64]| {
                Ok(tx.all(Sql::new(format!("SELECT {COLUMNS} FROM point_groups WHERE id @in($1)")).bind(ids), read)?)
            };
            LIST.page(tx, &query, None, load, |group| group.id.0)
        })
        .await
}

/// Id and name of every group, for filters.
pub fn group_names(tx: &mut Tx<'_>) -> Result<Vec<(i64, String)>> {
    Ok(tx.all("SELECT id, name FROM point_groups WHERE deleted_at IS NULL ORDER BY name, id", |r| Ok((r.get(0)?, r.get(1)?)))?)
}

/// Names of groups that are there.
pub(crate) fn names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<i64, String>> {
    let sql = Sql::new("SELECT id, name FROM point_groups WHERE id @in($1) AND deleted_at IS NULL").bind(ids);
    Ok(tx.all(sql, |r| Ok((r.get(0)?, r.get(1)?)))?.into_iter().collect())
}

pub async fn get(cx: &Cx, id: PointGroupId) -> Result<PointGroup> {
    cx.may(Action::View(Area::Points))?;
    cx.db().read(move |tx| find(tx, id)).await
}

pub(super) fn find(tx: &mut Tx<'_>, id: PointGroupId) -> Result<PointGroup> {
    let text = format!("SELECT {COLUMNS} FROM point_groups WHERE id = $1 AND deleted_at IS NULL");
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("point group", id))
}

pub(super) fn check(tx: &mut Tx<'_>, group: Option<PointGroupId>) -> Result<()> {
    match group {
        Some(group) if names(tx, &[group.0])?.is_empty() => Err(PointsProblem::NoGroup(group.0).into()),
        _ => Ok(()),
    }
}

pub(super) fn clean_name(name: &str) -> Result<String, PointsProblem> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 191 { Err(PointsProblem::NoName) } else { Ok(name.to_owned()) }
}

/// Makes a group.
pub async fn create(cx: &Cx, new: NewGroup) -> Result<PointGroup> {
    cx.may(Action::Edit(Area::Points))?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let name = clean_name(&new.name)?;
            let id: PointGroupId = tx.scalar(
                Sql::new(
                    "INSERT INTO point_groups (created_at, updated_at, created_by, name, description, published) \
                     VALUES ($1, $1, $2, $3, $4, $5) RETURNING id",
                )
                .bind(now)
                .bind(by)
                .bind(&name)
                .bind(new.description.as_deref().filter(|d| !d.trim().is_empty()))
                .bind(new.published.unwrap_or(true)),
            )?;
            audit::record(tx, &who, Entry::new(Deed::Create, "point_group", id.0, name))?;
            find(tx, id)
        })
        .await
}

/// Changes a group.
pub async fn update(cx: &Cx, id: PointGroupId, patch: GroupPatch) -> Result<PointGroup> {
    cx.may(Action::Edit(Area::Points))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let before = find(tx, id)?;
            if patch.version.is_some_and(|v| v != before.version) {
                return Err(Error::changed_meanwhile("point group"));
            }
            let name = patch.name.as_deref().map_or(Ok(before.name.clone()), clean_name)?;
            let description = patch.description.clone().unwrap_or_else(|| before.description.clone());
            tx.exec(
                Sql::new(
                    "UPDATE point_groups SET updated_at = $2, version = version + 1, name = $3, description = $4, published = $5 WHERE id = $1",
                )
                .bind(id)
                .bind(now)
                .bind(&name)
                .bind(description.filter(|d| !d.trim().is_empty()))
                .bind(patch.published.unwrap_or(before.published)),
            )?;
            let after = find(tx, id)?;
            let changes = Changes::new().between(&json!(before), &json!(after), &["version", "updated_at"]);
            audit::record(tx, &who, Entry::new(Deed::Update, "point_group", id.0, name).changes(changes))?;
            Ok(after)
        })
        .await
}

/// What uses a group.
fn users_of(ws: &Workspace, tx: &mut Tx<'_>, id: PointGroupId) -> Result<Vec<String>> {
    let mut users = Vec::new();
    for (what, text) in [
        ("point action", "SELECT name FROM point_actions WHERE group_id = $1 AND deleted_at IS NULL ORDER BY id"),
        ("point trigger", "SELECT name FROM point_triggers WHERE group_id = $1 AND deleted_at IS NULL ORDER BY id"),
    ] {
        let names = tx.all(Sql::new(text).bind(id), |r| r.get::<String>(0))?;
        users.extend(names.into_iter().map(|name| format!("the {what} “{name}”")));
    }
    let segments = segments::using_point_group(ws, tx, id)?;
    users.extend(segments.into_iter().map(|(_, name)| format!("the segment “{name}”")));
    Ok(users)
}

/// Deletes a group that nothing uses. The scores are kept and come back with it.
pub async fn delete(cx: &Cx, id: PointGroupId) -> Result<PointGroup> {
    cx.may(Action::Edit(Area::Points))?;
    let (ws, who, now) = (cx.ws.clone(), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let group = find(tx, id)?;
            let users = users_of(&ws, tx, id)?;
            if !users.is_empty() {
                return Err(PointsProblem::GroupInUse(users.join(", ")).into());
            }
            tx.exec(
                Sql::new("UPDATE point_groups SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1")
                    .bind(id)
                    .bind(now),
            )?;
            audit::record(tx, &who, Entry::new(Deed::Delete, "point_group", id.0, &group.name))?;
            Ok(group)
        })
        .await
}

/// Brings a deleted group back, with its scores.
pub async fn restore(cx: &Cx, id: PointGroupId) -> Result<PointGroup> {
    cx.may(Action::Edit(Area::Points))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let sql = Sql::new(
                "UPDATE point_groups SET deleted_at = NULL, updated_at = $2, version = version + 1 WHERE id = $1 AND deleted_at IS NOT NULL",
            );
            tx.exec(sql.bind(id).bind(now))?;
            let group = find(tx, id)?;
            audit::record(tx, &who, Entry::new(Deed::Restore, "point_group", id.0, &group.name))?;
            Ok(group)
        })
        .await
}

/// The scores of a contact in all groups that gave her any.
pub async fn scores(cx: &Cx, contact: ContactId) -> Result<Vec<Score>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            let columns = COLUMNS.split(", ").map(|c| format!("g.{c}")).collect::<Vec<_>>().join(", ");
            let text = format!(
                "SELECT {columns}, s.score FROM contact_scores s JOIN point_groups g ON g.id = s.group_id \
                 WHERE s.contact_id = $1 AND g.deleted_at IS NULL ORDER BY g.name, g.id"
            );
            Ok(tx.all(Sql::new(text).bind(contact), |r| Ok(Score { group: read(r)?, score: r.get(8)? }))?)
        })
        .await
}
