//! Point triggers: thresholds, and what follows when somebody reaches them.

use std::collections::{BTreeMap, HashSet};

use hg_core::ids::{PointTriggerId, TriggerEventId};
use hg_core::publish::Window;
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};

use crate::audit::{self, Changes, Deed, Entry};
use crate::categories;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page, SmallTable};
use crate::points::groups::clean_name;
use crate::points::{NewTrigger, PointTrigger, PointsProblem, TriggerEvent, TriggerPatch, effects, existing, groups};

const COLUMNS: &str = "id, version, created_at, updated_at, created_by, name, description, points, color, apply_existing, group_id, \
     category_id, published, publish_up, publish_down";

fn read(r: &Row<'_>) -> hg_store::Result<PointTrigger> {
    Ok(PointTrigger {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        created_by: r.get(4)?,
        name: r.get(5)?,
        description: r.get(6)?,
        points: r.get(7)?,
        color: r.get(8)?,
        apply_existing: r.get(9)?,
        group_id: r.get(10)?,
        category_id: r.get(11)?,
        window: Window { published: r.get(12)?, publish_up: r.get(13)?, publish_down: r.get(14)? },
        events: Vec::new(),
    })
}

/// Adds the events, in order.
fn with_events(tx: &mut Tx<'_>, mut triggers: Vec<PointTrigger>) -> Result<Vec<PointTrigger>> {
    let ids: Vec<i64> = triggers.iter().map(|t| t.id.0).collect();
    let rows = tx.all(
        Sql::new(
            "SELECT trigger_id, id, kind, name, description, settings FROM point_trigger_events WHERE trigger_id @in($1) \
             ORDER BY trigger_id, position, id",
        )
        .bind(ids.as_slice()),
        |r| {
            let event =
                TriggerEvent { id: r.get(1)?, kind: r.get(2)?, name: r.get(3)?, description: r.get(4)?, settings: r.get(5)? };
            Ok((r.get::<PointTriggerId>(0)?, event))
        },
    )?;
    let mut by_trigger: BTreeMap<PointTriggerId, Vec<TriggerEvent>> = BTreeMap::new();
    for (trigger, event) in rows {
        by_trigger.entry(trigger).or_default().push(event);
    }
    for trigger in &mut triggers {
        trigger.events = by_trigger.remove(&trigger.id).unwrap_or_default();
    }
    Ok(triggers)
}

const LIST: SmallTable = SmallTable {
    table: "point_triggers",
    things: "Point triggers",
    searched: &["name", "description"],
    sorted: &["name", "points", "updated_at"],
    published: Some("published = 1"),
    global: None,
    category: true,
};

/// Point triggers, newest first unless sorted.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<PointTrigger>> {
    cx.may(Action::View(Area::Points))?;
    let query = query.asked_by(cx);
    cx.db()
        .read(move |tx| {
            let load = |tx: &mut Tx<'_>, ids: &[i64]| {
                let rows = tx.all(Sql::new(format!("SELECT {COLUMNS} FROM point_triggers WHERE id @in($1)")).bind(ids), read)?;
                with_events(tx, rows)
            };
            LIST.page(tx, &query, None, load, |trigger| trigger.id.0)
        })
        .await
}

/// Those that are switched on, as is their category, lowest first.
pub(super) fn switched_on(tx: &mut Tx<'_>) -> Result<Vec<PointTrigger>> {
    let text = format!(
        "SELECT {COLUMNS} FROM point_triggers WHERE deleted_at IS NULL AND published = 1 AND (category_id IS NULL OR category_id IN \
         (SELECT c.id FROM categories c WHERE c.published = 1 AND c.deleted_at IS NULL)) ORDER BY points, id"
    );
    let rows = tx.all(text, read)?;
    with_events(tx, rows)
}

pub async fn get(cx: &Cx, id: PointTriggerId) -> Result<PointTrigger> {
    cx.may(Action::View(Area::Points))?;
    cx.db().read(move |tx| find(tx, id)).await
}

pub(super) fn find(tx: &mut Tx<'_>, id: PointTriggerId) -> Result<PointTrigger> {
    let text = format!("SELECT {COLUMNS} FROM point_triggers WHERE id = $1 AND deleted_at IS NULL");
    let rows = tx.all(Sql::new(text).bind(id), read)?;
    with_events(tx, rows)?.pop().ok_or_else(|| Error::not_found("point trigger", id))
}

/// `#4E5D9D` and `4e5d9d` are one colour.
fn colour(written: Option<&str>) -> Result<Option<String>, PointsProblem> {
    match written.map(|c| c.trim().trim_start_matches('#').to_ascii_lowercase()).filter(|c| !c.is_empty()) {
        None => Ok(None),
        Some(c) if c.len() == 6 && c.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(Some(c)),
        Some(_) => Err(PointsProblem::Colour),
    }
}

fn check(tx: &mut Tx<'_>, trigger: &mut PointTrigger) -> Result<()> {
    trigger.name = clean_name(&trigger.name)?;
    trigger.color = colour(trigger.color.as_deref())?;
    if !trigger.window.is_possible() {
        return Err(PointsProblem::Window.into());
    }
    groups::check(tx, trigger.group_id)?;
    categories::check(tx, trigger.category_id, "point")?;
    for (index, event) in trigger.events.iter_mut().enumerate() {
        effects::check(tx, event).map_err(|detail| PointsProblem::Event { index, detail })?;
    }
    Ok(())
}

fn bind<'t>(sql: Sql<'t>, t: &PointTrigger) -> Sql<'t> {
    sql.bind(&t.name)
        .bind(t.description.as_deref().filter(|d| !d.trim().is_empty()))
        .bind(t.points)
        .bind(t.color.as_deref())
        .bind(t.apply_existing)
        .bind(t.group_id)
        .bind(t.category_id)
        .bind(t.window.published)
        .bind(t.window.publish_up)
        .bind(t.window.publish_down)
}

/// Writes the events over the stored ones; those with a known id keep it, so that they act once for a contact still.
fn save_events(tx: &mut Tx<'_>, id: PointTriggerId, events: &[TriggerEvent]) -> Result<()> {
    let stored: HashSet<TriggerEventId> = tx
        .all(Sql::new("SELECT id FROM point_trigger_events WHERE trigger_id = $1").bind(id), |r| r.get(0))?
        .into_iter()
        .collect();
    let kept: HashSet<TriggerEventId> = events.iter().map(|e| e.id).filter(|id| stored.contains(id)).collect();
    for gone in stored.difference(&kept) {
        tx.exec(Sql::new("DELETE FROM point_trigger_events WHERE id = $1").bind(*gone))?;
    }
    for (position, event) in events.iter().enumerate() {
        let position = i64::try_from(position + 1).unwrap_or(i64::MAX);
        let parts = |sql: Sql<'static>| {
            sql.bind(position).bind(&event.kind).bind(&event.name).bind(event.description.as_deref()).bind(&event.settings)
        };
        if kept.contains(&event.id) {
            let text = "UPDATE point_trigger_events SET position = $2, kind = $3, name = $4, description = $5, settings = $6 WHERE id = $1";
            tx.exec(parts(Sql::new(text).bind(event.id)))?;
        } else {
            let text = "INSERT INTO point_trigger_events (trigger_id, position, kind, name, description, settings) \
                 VALUES ($1, $2, $3, $4, $5, $6)";
            tx.exec(parts(Sql::new(text).bind(id)))?;
        }
    }
    Ok(())
}

/// Makes a trigger.
pub async fn create(cx: &Cx, new: NewTrigger) -> Result<PointTrigger> {
    cx.may(Action::Edit(Area::Points))?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let new = new.clone();
            let mut trigger = PointTrigger {
                id: PointTriggerId(0),
                version: 1,
                created_at: now,
                updated_at: now,
                created_by: by,
                name: new.name,
                description: new.description,
                points: new.points,
                color: new.color,
                apply_existing: new.apply_existing,
                group_id: new.group_id,
                category_id: new.category_id,
                window: new.window,
                events: new.events,
            };
            check(tx, &mut trigger)?;
            let sql = Sql::new(
                "INSERT INTO point_triggers (created_at, updated_at, created_by, name, description, points, color, apply_existing, \
                 group_id, category_id, published, publish_up, publish_down) \
                 VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING id",
            );
            let id: PointTriggerId = tx.scalar(bind(sql.bind(now).bind(by), &trigger))?;
            save_events(tx, id, &trigger.events)?;
            audit::record(tx, &who, Entry::new(Deed::Create, "point_trigger", id.0, &trigger.name))?;
            let made = find(tx, id)?;
            existing::look_back(tx, now, None, &made)?;
            Ok(made)
        })
        .await
}

/// Changes a trigger.
pub async fn update(cx: &Cx, id: PointTriggerId, patch: TriggerPatch) -> Result<PointTrigger> {
    cx.may(Action::Edit(Area::Points))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let before = find(tx, id)?;
            if patch.version.is_some_and(|v| v != before.version) {
                return Err(Error::changed_meanwhile("point trigger"));
            }
            let patch = patch.clone();
            let mut after = PointTrigger {
                name: patch.name.unwrap_or_else(|| before.name.clone()),
                description: patch.description.unwrap_or_else(|| before.description.clone()),
                points: patch.points.unwrap_or(before.points),
                color: patch.color.unwrap_or_else(|| before.color.clone()),
                apply_existing: patch.apply_existing.unwrap_or(before.apply_existing),
                group_id: patch.group_id.unwrap_or(before.group_id),
                category_id: patch.category_id.unwrap_or(before.category_id),
                window: Window {
                    published: patch.published.unwrap_or(before.window.published),
                    publish_up: patch.publish_up.unwrap_or(before.window.publish_up),
                    publish_down: patch.publish_down.unwrap_or(before.window.publish_down),
                },
                events: patch.events.unwrap_or_else(|| before.events.clone()),
                ..before.clone()
            };
            check(tx, &mut after)?;
            write(tx, now, &after)?;
            let changes = Changes::new().between(&before.told(), &after.told(), &[]);
            audit::record(tx, &who, Entry::new(Deed::Update, "point_trigger", id.0, &after.name).changes(changes))?;
            let saved = find(tx, id)?;
            existing::look_back(tx, now, Some(&before), &saved)?;
            Ok(saved)
        })
        .await
}

fn write(tx: &mut Tx<'_>, now: Timestamp, trigger: &PointTrigger) -> Result<()> {
    let sql = Sql::new(
        "UPDATE point_triggers SET updated_at = $1, version = version + 1, name = $3, description = $4, points = $5, color = $6, \
         apply_existing = $7, group_id = $8, category_id = $9, published = $10, publish_up = $11, publish_down = $12 WHERE id = $2",
    );
    tx.exec(bind(sql.bind(now).bind(trigger.id), trigger))?;
    save_events(tx, trigger.id, &trigger.events)
}

/// Takes events away from a trigger.
pub async fn remove_events(cx: &Cx, id: PointTriggerId, events: Vec<TriggerEventId>) -> Result<PointTrigger> {
    let before = get(cx, id).await?;
    let left = before.events.into_iter().filter(|e| !events.contains(&e.id)).collect();
    update(cx, id, TriggerPatch { events: Some(left), ..TriggerPatch::default() }).await
}

/// Deletes a trigger. What it did stays done.
pub async fn delete(cx: &Cx, id: PointTriggerId) -> Result<PointTrigger> {
    cx.may(Action::Edit(Area::Points))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let trigger = find(tx, id)?;
            tx.exec(
                Sql::new("UPDATE point_triggers SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1")
                    .bind(id)
                    .bind(now),
            )?;
            audit::record(tx, &who, Entry::new(Deed::Delete, "point_trigger", id.0, &trigger.name))?;
            Ok(trigger)
        })
        .await
}

/// Brings a deleted trigger back.
pub async fn restore(cx: &Cx, id: PointTriggerId) -> Result<PointTrigger> {
    cx.may(Action::Edit(Area::Points))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let sql = Sql::new(
                "UPDATE point_triggers SET deleted_at = NULL, updated_at = $2, version = version + 1 WHERE id = $1 AND deleted_at IS NOT NULL",
            );
            tx.exec(sql.bind(id).bind(now))?;
            let trigger = find(tx, id)?;
            audit::record(tx, &who, Entry::new(Deed::Restore, "point_trigger", id.0, &trigger.name))?;
            Ok(trigger)
        })
        .await
}
