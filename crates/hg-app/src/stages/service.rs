//! Use cases of stages.

use std::collections::HashMap;

use hg_core::ids::{ContactId, StageId};
use hg_core::publish::Window;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx, Value};
use serde_json::json;

use crate::audit::{self, Changes, Deed, Entry};
use crate::categories;
use crate::contacts;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, FieldError, Result};
use crate::list::{ListQuery, Page};
use crate::stages::{Lane, LanePerson, NewStage, Stage, StagePatch, clear, store};

/// Stages, newest first unless sorted.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<Stage>> {
    cx.may(Action::View(Area::Stages))?;
    let query = query.asked_by(cx);
    cx.db().read(move |tx| store::page(tx, &query)).await
}

/// Every stage, lightest first, with how many people stand in it.
pub async fn board(cx: &Cx) -> Result<Vec<Lane>> {
    cx.may(Action::View(Area::Stages))?;
    cx.db()
        .read(|tx| {
            let sql =
                "SELECT stage_id, count(*) FROM contacts WHERE stage_id IS NOT NULL AND deleted_at IS NULL GROUP BY stage_id";
            let counts: HashMap<i64, i64> = tx.all(sql, |r| Ok((r.get(0)?, r.get(1)?)))?.into_iter().collect();
            let lanes = store::all(tx)?.into_iter().map(|stage| {
                let people = counts.get(&stage.id.0).copied().unwrap_or(0);
                Lane { people: u64::try_from(people).unwrap_or(0), stage }
            });
            Ok(lanes.collect())
        })
        .await
}

/// Who stands in a stage, the newest arrivals first.
pub async fn lane(cx: &Cx, id: StageId, query: ListQuery) -> Result<Page<LanePerson>> {
    cx.may(Action::View(Area::Contacts))?;
    let after = query.after()?;
    let limit = query.limit();
    cx.db()
        .read(move |tx| {
            store::find(tx, id)?;
            let (at, contact) = match after {
                Some((Value::Int(at), contact)) => (at, contact),
                _ => (i64::MAX, i64::MAX),
            };
            let rows = tx.all(
                Sql::new(
                    "SELECT id, points, stage_at FROM contacts WHERE stage_id = $1 AND deleted_at IS NULL \
                     AND (stage_at < $2 OR (stage_at = $2 AND id < $3)) ORDER BY stage_at DESC, id DESC LIMIT $4",
                )
                .bind(id)
                .bind(at)
                .bind(contact)
                .bind(i64::from(limit) + 1),
                |r| Ok((r.get::<ContactId>(0)?, r.get::<i64>(1)?, r.get::<Option<Timestamp>>(2)?)),
            )?;
            let ids: Vec<i64> = rows.iter().map(|(id, ..)| id.0).collect();
            let mut names = contacts::names(tx, &ids)?;
            let people = rows.into_iter().filter_map(|(contact, points, since)| {
                let name = names.remove(&contact.0)?;
                Some(LanePerson { contact, name: name.name, email: name.email, points, since })
            });
            let key = |p: &LanePerson| (p.since.map_or(Value::Null, |at| Value::Int(at.0)), p.contact.0);
            Ok(Page::of(people.collect(), limit, None, key))
        })
        .await
}

pub async fn get(cx: &Cx, id: StageId) -> Result<Stage> {
    cx.may(Action::View(Area::Stages))?;
    cx.db().read(move |tx| store::find(tx, id)).await
}

fn check(tx: &mut Tx<'_>, stage: &Stage) -> Result<()> {
    let mut wrong = Vec::new();
    if stage.name.is_empty() || stage.name.chars().count() > 191 {
        wrong.push(FieldError::new("/name", "required", "Give the stage a name of 1 to 191 characters."));
    }
    if !stage.window.is_possible() {
        wrong.push(FieldError::new("/publish_down", "window", "The end must come after the beginning."));
    }
    if !wrong.is_empty() {
        return Err(Error::invalid(wrong));
    }
    categories::check(tx, stage.category_id, "stage")
}

/// Makes a stage.
pub async fn create(cx: &Cx, new: NewStage) -> Result<Stage> {
    cx.may(Action::Edit(Area::Stages))?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let stage = Stage {
                id: StageId(0),
                version: 1,
                created_at: now,
                updated_at: now,
                created_by: by,
                name: new.name.trim().to_owned(),
                description: new.description.clone().filter(|d| !d.trim().is_empty()),
                weight: new.weight,
                category_id: new.category_id,
                window: new.window,
            };
            check(tx, &stage)?;
            let id = store::insert(tx, &stage, by)?;
            audit::record(tx, &who, Entry::new(Deed::Create, "stage", id.0, &stage.name))?;
            store::find(tx, id)
        })
        .await
}

/// Changes a stage.
pub async fn update(cx: &Cx, id: StageId, patch: StagePatch) -> Result<Stage> {
    cx.may(Action::Edit(Area::Stages))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let before = store::find(tx, id)?;
            if patch.version.is_some_and(|v| v != before.version) {
                return Err(Error::changed_meanwhile("stage"));
            }
            let patch = patch.clone();
            let after = Stage {
                name: patch.name.map_or_else(|| before.name.clone(), |n| n.trim().to_owned()),
                description: patch.description.unwrap_or_else(|| before.description.clone()).filter(|d| !d.trim().is_empty()),
                weight: patch.weight.unwrap_or(before.weight),
                category_id: patch.category_id.unwrap_or(before.category_id),
                window: Window {
                    published: patch.published.unwrap_or(before.window.published),
                    publish_up: patch.publish_up.unwrap_or(before.window.publish_up),
                    publish_down: patch.publish_down.unwrap_or(before.window.publish_down),
                },
                ..before.clone()
            };
            check(tx, &after)?;
            store::update(tx, &after, now)?;
            let changes = Changes::new().between(&json!(before), &json!(after), &["version", "updated_at"]);
            audit::record(tx, &who, Entry::new(Deed::Update, "stage", id.0, &after.name).changes(changes))?;
            store::find(tx, id)
        })
        .await
}

/// Deletes a stage; everybody in it is in none, within a moment.
pub async fn delete(cx: &Cx, id: StageId) -> Result<Stage> {
    cx.may(Action::Edit(Area::Stages))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let stage = store::find(tx, id)?;
            let users = users_of(tx, id)?;
            if !users.is_empty() {
                let text = format!("The stage is used by {}. Change that first.", users.join(", "));
                return Err(Error::conflict("stage.in-use", text));
            }
            clear::begin(tx, now, &stage)?;
            audit::record(tx, &who, Entry::new(Deed::Delete, "stage", id.0, &stage.name))?;
            Ok(stage)
        })
        .await
}

/// Steps of campaigns that move people to the stage.
fn users_of(tx: &mut Tx<'_>, id: StageId) -> Result<Vec<String>> {
    let rows = tx.all(
        "SELECT c.name, s.settings FROM campaign_steps s JOIN campaigns c ON c.id = s.campaign_id \
         WHERE s.type = 'contact.stage' AND s.deleted_at IS NULL AND c.deleted_at IS NULL ORDER BY c.id",
        |r| Ok((r.get::<String>(0)?, r.get::<serde_json::Value>(1)?)),
    )?;
    let mut names: Vec<String> =
        rows.into_iter().filter(|(_, s)| s["stage_id"] == id.0).map(|(name, _)| format!("the campaign “{name}”")).collect();
    names.dedup();
    Ok(names)
}

/// Brings a deleted stage back, with everybody who was in it and is in no other since.
pub async fn restore(cx: &Cx, id: StageId) -> Result<Stage> {
    cx.may(Action::Edit(Area::Stages))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            clear::bring_back(tx, now, id)?;
            let stage = store::find(tx, id)?;
            audit::record(tx, &who, Entry::new(Deed::Restore, "stage", id.0, &stage.name))?;
            Ok(stage)
        })
        .await
}
