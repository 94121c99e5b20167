//! `/api/stages` (`api.md` §4.13).

use async_trait::async_trait;
use axum::extract::Path;
use axum::routing::post;
use axum::{Json, Router};
use hg_app::Cx;
use hg_app::stages::{self, NewStage, Stage, StagePatch};
use hg_core::ids::StageId;
use hg_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::contact_parts::{contact_id, no_contact};
use super::crud::{CompatList, Entity, PublishBlock, id_of, is_true, routes};
use super::reading::{new_window, number, sorted, text, window, window_patch};
use crate::Web;
use crate::auth::Caller;

pub fn router() -> Router<Web> {
    routes::<Stages>()
        .route("/stages/{id}/contact/{contact}/add", post(add))
        .route("/stages/{id}/contact/{contact}/remove", post(remove))
}

struct Stages;

fn parts(s: &Stage) -> Value {
    let date = |t: Option<Timestamp>| t.map(Timestamp::rfc3339_offset);
    json!({
        "id": s.id, "name": s.name, "category": null, "weight": s.weight, "description": s.description,
        "publishUp": date(s.window.publish_up), "publishDown": date(s.window.publish_down),
    })
}

/// A stage as it stands inside a contact.
pub(super) fn nested(s: &Stage) -> Value {
    let mut out = Map::from_iter([("createdByUser".to_owned(), Value::Null), ("modifiedByUser".to_owned(), Value::Null)]);
    if let Value::Object(parts) = parts(s) {
        out.extend(parts);
    }
    Value::Object(out)
}

fn show(s: &Stage) -> Value {
    let block = PublishBlock {
        is_published: s.window.published,
        date_added: Some(s.created_at),
        date_modified: Some(s.updated_at),
        created_by: s.created_by.map(|u| u.0),
        created_by_user: None,
    };
    let mut out = block.start();
    if let Value::Object(parts) = parts(s) {
        out.extend(parts);
    }
    Value::Object(out)
}

#[async_trait]
impl Entity for Stages {
    const PATH: &'static str = "stages";
    const ONE: &'static str = "stage";
    const MANY: &'static str = "stages";
    const KEYED: bool = false;
    const CATEGORY: Option<(&'static str, &'static str)> = Some(("stage", "stages"));

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let sort = sorted(query, &[("name", "name"), ("weight", "weight")])?;
        let page = stages::list(cx, window(query, sort)).await?;
        Ok((page.total.unwrap_or(0), page.items.iter().map(|s| (s.id.0, show(s))).collect()))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show(&stages::get(cx, StageId(id)).await?))
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        let new = NewStage {
            name: text(&body, "name").filter(|n| !n.trim().is_empty()).ok_or_else(CompatError::from_missing_name)?,
            description: text(&body, "description"),
            weight: number(&body, "weight")?.unwrap_or(0),
            category_id: None,
            window: new_window(&body)?,
        };
        let made = stages::create(cx, new).await?;
        Ok((made.id.0, show(&made), true))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        if (replace || body.contains_key("name")) && text(&body, "name").is_none_or(|n| n.trim().is_empty()) {
            return Err(CompatError::from_missing_name());
        }
        let named = |key: &str| replace || body.contains_key(key);
        let (publish_up, publish_down) = window_patch(&body, replace)?;
        let patch = StagePatch {
            version: None,
            name: text(&body, "name"),
            description: named("description").then(|| text(&body, "description")),
            weight: number(&body, "weight")?.or_else(|| replace.then_some(0)),
            category_id: None,
            published: body.get("isPublished").map(is_true).or_else(|| replace.then_some(false)),
            publish_up,
            publish_down,
        };
        Ok(show(&stages::update(cx, StageId(id), patch).await?))
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show(&stages::delete(cx, StageId(id)).await?))
    }
}

async fn add(Caller(cx): Caller, Path((id, contact)): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    let (stage, contact) = (StageId(id_of(&id)?), contact_id(&contact)?);
    stages::get(&cx, stage).await?;
    stages::change(&cx, contact, Some(stage)).await.map_err(no_contact)?;
    Ok(Json(json!({"success": 1})))
}

/// Takes a contact out of the stage; one who is in another stays there.
async fn remove(Caller(cx): Caller, Path((id, contact)): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    let (stage, contact) = (StageId(id_of(&id)?), contact_id(&contact)?);
    stages::get(&cx, stage).await?;
    let found = hg_app::contacts::get(&cx, contact).await.map_err(no_contact)?;
    if found.stage.is_some_and(|(id, _)| id == stage) {
        stages::change(&cx, contact, None).await?;
    }
    Ok(Json(json!({"success": 1})))
}
