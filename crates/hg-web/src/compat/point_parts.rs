//! What hangs on points: types, single events of triggers, scores of contacts (`api.md` §3.2, §4.11).

use axum::extract::{Path, RawQuery};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use hg_app::contacts::PointsOperator;
use hg_app::points::{self, EVENT_KINDS, PointGroup, Score};
use hg_app::{Cx, contacts};
use hg_core::ids::{ContactId, PointGroupId, PointTriggerId, TriggerEventId};
use hg_core::points::EARNING_KINDS;
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::body::{self, AnyBody};
use super::contact_parts::{contact_id, given, no_contact};
use super::crud::{id_of, ids};
use super::points::show_trigger;
use crate::Web;
use crate::auth::Caller;

pub fn router() -> Router<Web> {
    Router::new()
        .route("/points/actions/types", get(action_types))
        .route("/points/triggers/events/types", get(event_types))
        .route("/points/triggers/{id}/events/delete", delete(delete_events))
        .route("/contacts/{id}/points/groups", get(scores))
        .route("/contacts/{id}/points/groups/{group}", get(score))
        .route("/contacts/{id}/points/groups/{group}/{operator}/{n}", post(change))
}

fn types(kinds: &[(&str, &str)]) -> Map<String, Value> {
    kinds.iter().map(|(kind, label)| ((*kind).to_owned(), json!(label))).collect()
}

async fn action_types(Caller(_): Caller) -> Json<Value> {
    Json(json!({"pointActionTypes": types(&EARNING_KINDS)}))
}

async fn event_types(Caller(_): Caller) -> Json<Value> {
    Json(json!({"eventTypes": types(&EVENT_KINDS)}))
}

/// Takes single events away; they are named in the query or in the body.
async fn delete_events(
    Caller(cx): Caller,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    body: AnyBody,
) -> CompatAnswer<Json<Value>> {
    let asked = body::pairs(url::form_urlencoded::parse(query.as_deref().unwrap_or("").as_bytes()).into_owned())?;
    let named = asked.get("events").cloned().or_else(|| body.0.as_ref().and_then(|b| b.get("events").cloned()));
    let events: Vec<TriggerEventId> = ids(named.as_ref()).into_iter().map(TriggerEventId).collect();
    if events.is_empty() {
        return Err(CompatError::bad("events: At least one event is required."));
    }
    let trigger = points::remove_events(&cx, PointTriggerId(id_of(&id)?), events).await?;
    Ok(Json(json!({"trigger": show_trigger(&trigger)})))
}

fn show_group(g: &PointGroup) -> Value {
    json!({
        "createdByUser": null, "modifiedByUser": null, "id": g.id, "name": g.name,
        "description": g.description.clone().unwrap_or_default(),
    })
}

fn show_score(s: &Score) -> Value {
    json!({"score": s.score, "group": show_group(&s.group)})
}

async fn scores(Caller(cx): Caller, Path(id): Path<String>) -> CompatAnswer<Json<Value>> {
    let all = points::scores(&cx, contact_id(&id)?).await.map_err(no_contact)?;
    Ok(Json(json!({"total": all.len(), "groupScores": all.iter().map(show_score).collect::<Vec<_>>()})))
}

/// The score in a group; a contact who has none there has zero.
async fn one(cx: &Cx, contact: ContactId, group: PointGroupId) -> CompatAnswer<Json<Value>> {
    contacts::get(cx, contact).await.map_err(no_contact)?;
    let group = points::get_group(cx, group).await?;
    let all = points::scores(cx, contact).await.map_err(no_contact)?;
    let score = all.into_iter().find(|s| s.group.id == group.id).unwrap_or(Score { group, score: 0 });
    Ok(Json(json!({"groupScore": show_score(&score)})))
}

async fn score(Caller(cx): Caller, Path((id, group)): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    one(&cx, contact_id(&id)?, PointGroupId(id_of(&group)?)).await
}

async fn change(
    Caller(cx): Caller,
    Path((id, group, operator, n)): Path<(String, String, String, String)>,
    body: AnyBody,
) -> CompatAnswer<Json<Value>> {
    let (contact, group) = (contact_id(&id)?, PointGroupId(id_of(&group)?));
    let by = n.parse::<i64>().map_err(|_| CompatError::bad("The points must be a number."))?;
    let op = PointsOperator::parse(&operator)
        .ok_or_else(|| CompatError::bad(format!("Unknown operator {operator}; use plus, minus, times, divide or set.")))?;
    contacts::get(&cx, contact).await.map_err(no_contact)?;
    points::change(&cx, contact, Some(group), op, by, given(&body.0.unwrap_or(Value::Null))).await?;
    one(&cx, contact, group).await
}
