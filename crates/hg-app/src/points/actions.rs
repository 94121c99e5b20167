//! Point actions: what people earn points for.

use hg_core::ids::PointActionId;
use hg_core::points::Earns;
use hg_core::publish::Window;
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, StoreError, Tx};
use serde_json::Value as Json;

use crate::audit::{self, Changes, Deed, Entry};
use crate::categories;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page, SmallTable};
use crate::points::groups::clean_name;
use crate::points::{ActionPatch, NewAction, PointAction, PointsProblem, groups};

const COLUMNS: &str = "id, version, created_at, updated_at, created_by, name, description, kind, settings, delta, repeatable, group_id, \
     category_id, published, publish_up, publish_down";

fn read(r: &Row<'_>) -> hg_store::Result<PointAction> {
    let (kind, settings): (String, Json) = (r.get(7)?, r.get(8)?);
    let earns = Earns::read(&kind, &settings).map_err(|e| StoreError::Damaged(format!("a point action: {e}")))?;
    Ok(PointAction {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        created_by: r.get(4)?,
        name: r.get(5)?,
        description: r.get(6)?,
        earns,
        delta: r.get(9)?,
        repeatable: r.get(10)?,
        group_id: r.get(11)?,
        category_id: r.get(12)?,
        window: Window { published: r.get(13)?, publish_up: r.get(14)?, publish_down: r.get(15)? },
    })
}

const LIST: SmallTable = SmallTable {
    table: "point_actions",
    things: "Point actions",
    searched: &["name", "description"],
    sorted: &["name", "delta", "kind", "updated_at"],
    published: Some("published = 1"),
    global: None,
    category: true,
};

/// Point actions, newest first unless sorted.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<PointAction>> {
    cx.may(Action::View(Area::Points))?;
    let query = query.asked_by(cx);
    cx.db()
        .read(move |tx| {
            let load = |tx: &mut Tx<'_>, ids: &[i64]| {
                Ok(tx.all(Sql::new(format!("SELECT {COLUMNS} FROM point_actions WHERE id @in($1)")).bind(ids), read)?)
            };
            LIST.page(tx, &query, None, load, |action| action.id.0)
        })
        .await
}

/// Those that are switched on, as is their category.
pub(super) fn switched_on(tx: &mut Tx<'_>) -> Result<Vec<PointAction>> {
    let text = format!(
        "SELECT {COLUMNS} FROM point_actions WHERE deleted_at IS NULL AND published = 1 AND (category_id IS NULL OR category_id IN \
         (SELECT c.id FROM categories c WHERE c.published = 1 AND c.deleted_at IS NULL)) ORDER BY id"
    );
    Ok(tx.all(text, read)?)
}

pub async fn get(cx: &Cx, id: PointActionId) -> Result<PointAction> {
    cx.may(Action::View(Area::Points))?;
    cx.db().read(move |tx| find(tx, id)).await
}

fn find(tx: &mut Tx<'_>, id: PointActionId) -> Result<PointAction> {
    let text = format!("SELECT {COLUMNS} FROM point_actions WHERE id = $1 AND deleted_at IS NULL");
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("point action", id))
}

/// The most that one thing may be worth.
const MOST: i64 = 1_000_000;

fn check(tx: &mut Tx<'_>, action: &PointAction) -> Result<()> {
    clean_name(&action.name)?;
    if action.delta == 0 || action.delta.abs() > MOST {
        return Err(PointsProblem::Delta.into());
    }
    if !action.window.is_possible() {
        return Err(PointsProblem::Window.into());
    }
    groups::check(tx, action.group_id)?;
    categories::check(tx, action.category_id, "point")
}

fn bind<'t>(sql: Sql<'t>, a: &PointAction) -> Sql<'t> {
    sql.bind(&a.name)
        .bind(a.description.as_deref().filter(|d| !d.trim().is_empty()))
        .bind(a.earns.kind())
        .bind(a.earns.write())
        .bind(a.delta)
        .bind(a.repeatable)
        .bind(a.group_id)
        .bind(a.category_id)
        .bind(a.window.published)
        .bind(a.window.publish_up)
        .bind(a.window.publish_down)
}

/// The action that somebody describes, whether it is saved or only tried.
pub(super) fn drawn(new: &NewAction, now: Timestamp) -> Result<PointAction> {
    Ok(PointAction {
        id: PointActionId(0),
        version: 1,
        created_at: now,
        updated_at: now,
        created_by: None,
        name: new.name.trim().to_owned(),
        description: new.description.clone(),
        earns: Earns::read(&new.kind, &new.settings).map_err(PointsProblem::Earns)?,
        delta: new.delta,
        repeatable: new.repeatable,
        group_id: new.group_id,
        category_id: new.category_id,
        window: new.window,
    })
}

/// Makes a point action. It counts for what happens from now on.
pub async fn create(cx: &Cx, new: NewAction) -> Result<PointAction> {
    cx.may(Action::Edit(Area::Points))?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let action = drawn(&new, now)?;
            check(tx, &action)?;
            let sql = Sql::new(
                "INSERT INTO point_actions (created_at, updated_at, created_by, name, description, kind, settings, delta, repeatable, \
                 group_id, category_id, published, publish_up, publish_down) \
                 VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING id",
            );
            let id: PointActionId = tx.scalar(bind(sql.bind(now).bind(by), &action))?;
            audit::record(tx, &who, Entry::new(Deed::Create, "point_action", id.0, &action.name))?;
            find(tx, id)
        })
        .await
}

/// Changes a point action. What it gave stays given.
pub async fn update(cx: &Cx, id: PointActionId, patch: ActionPatch) -> Result<PointAction> {
    cx.may(Action::Edit(Area::Points))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let before = find(tx, id)?;
            if patch.version.is_some_and(|v| v != before.version) {
                return Err(Error::changed_meanwhile("point action"));
            }
            let patch = patch.clone();
            let earns = if patch.kind.is_some() || patch.settings.is_some() {
                let kind = patch.kind.unwrap_or_else(|| before.earns.kind().to_owned());
                let settings = patch.settings.unwrap_or_else(|| before.earns.write());
                Earns::read(&kind, &settings).map_err(PointsProblem::Earns)?
            } else {
                before.earns.clone()
            };
            let after = PointAction {
                name: patch.name.map_or_else(|| before.name.clone(), |n| n.trim().to_owned()),
                description: patch.description.unwrap_or_else(|| before.description.clone()),
                earns,
                delta: patch.delta.unwrap_or(before.delta),
                repeatable: patch.repeatable.unwrap_or(before.repeatable),
                group_id: patch.group_id.unwrap_or(before.group_id),
                category_id: patch.category_id.unwrap_or(before.category_id),
                window: Window {
                    published: patch.published.unwrap_or(before.window.published),
                    publish_up: patch.publish_up.unwrap_or(before.window.publish_up),
                    publish_down: patch.publish_down.unwrap_or(before.window.publish_down),
                },
                ..before.clone()
            };
            check(tx, &after)?;
            let sql = Sql::new(
                "UPDATE point_actions SET updated_at = $1, version = version + 1, name = $3, description = $4, kind = $5, settings = $6, \
                 delta = $7, repeatable = $8, group_id = $9, category_id = $10, published = $11, publish_up = $12, publish_down = $13 \
                 WHERE id = $2",
            );
            tx.exec(bind(sql.bind(now).bind(id), &after))?;
            let changes = Changes::new().between(&before.told(), &after.told(), &[]);
            audit::record(tx, &who, Entry::new(Deed::Update, "point_action", id.0, &after.name).changes(changes))?;
            find(tx, id)
        })
        .await
}

/// Deletes a point action. What it gave stays given.
pub async fn delete(cx: &Cx, id: PointActionId) -> Result<PointAction> {
    cx.may(Action::Edit(Area::Points))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let action = find(tx, id)?;
            tx.exec(
                Sql::new("UPDATE point_actions SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1")
                    .bind(id)
                    .bind(now),
            )?;
            audit::record(tx, &who, Entry::new(Deed::Delete, "point_action", id.0, &action.name))?;
            Ok(action)
        })
        .await
}

/// Brings a deleted point action back.
pub async fn restore(cx: &Cx, id: PointActionId) -> Result<PointAction> {
    cx.may(Action::Edit(Area::Points))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let sql = Sql::new(
                "UPDATE point_actions SET deleted_at = NULL, updated_at = $2, version = version + 1 WHERE id = $1 AND deleted_at IS NOT NULL",
            );
            tx.exec(sql.bind(id).bind(now))?;
            let action = find(tx, id)?;
            audit::record(tx, &who, Entry::new(Deed::Restore, "point_action", id.0, &action.name))?;
            Ok(action)
        })
        .await
}
