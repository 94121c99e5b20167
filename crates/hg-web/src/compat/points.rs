//! `/api/points`, `/api/points/triggers`, `/api/points/groups` (`api.md` §4.11).

use async_trait::async_trait;
use axum::Router;
use hg_app::points::{
    self, ActionPatch, GroupPatch, NewAction, NewGroup, NewTrigger, PointAction, PointGroup, PointTrigger, TriggerEvent,
    TriggerPatch,
};
use hg_app::{Cx, Error};
use hg_core::ids::{PointActionId, PointGroupId, PointTriggerId, TriggerEventId};
use hg_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::crud::{CompatList, Entity, PublishBlock, ids, is_true, routes};
use super::reading::{new_window, number, sorted, text, window, window_patch};
use crate::Web;

pub fn router() -> Router<Web> {
    routes::<Actions>().merge(routes::<Triggers>()).merge(routes::<Groups>())
}

fn block(published: bool, added: Timestamp, modified: Timestamp, by: Option<i64>) -> Map<String, Value> {
    PublishBlock {
        is_published: published,
        date_added: Some(added),
        date_modified: Some(modified),
        created_by: by,
        created_by_user: None,
    }
    .start()
}

fn with(mut head: Map<String, Value>, own: Value) -> Value {
    if let Value::Object(own) = own {
        head.extend(own);
    }
    Value::Object(head)
}

fn date(t: Option<Timestamp>) -> Option<String> {
    t.map(Timestamp::rfc3339_offset)
}

fn group_in(body: &Map<String, Value>, replace: bool) -> Option<Option<PointGroupId>> {
    let named = body.get("group").map(|v| ids(Some(v)).first().copied().filter(|id| *id > 0).map(PointGroupId));
    named.or_else(|| replace.then_some(None))
}

fn name_of(body: &Map<String, Value>) -> CompatAnswer<String> {
    text(body, "name").filter(|n| !n.trim().is_empty()).ok_or_else(CompatError::from_missing_name)
}

fn check_name(body: &Map<String, Value>, replace: bool) -> CompatAnswer<()> {
    if replace || body.contains_key("name") { name_of(body).map(|_| ()) } else { Ok(()) }
}

struct Actions;

fn show_action(a: &PointAction) -> Value {
    let own = json!({
        "id": a.id, "name": a.name, "category": null, "type": a.earns.kind(), "description": a.description,
        "publishUp": date(a.window.publish_up), "publishDown": date(a.window.publish_down), "delta": a.delta,
        "properties": a.earns.write(), "repeatable": a.repeatable, "group": a.group_id.map(|id| json!({ "id": id })),
    });
    with(block(a.window.published, a.created_at, a.updated_at, a.created_by.map(|u| u.0)), own)
}

#[async_trait]
impl Entity for Actions {
    const PATH: &'static str = "points";
    const ONE: &'static str = "point";
    const MANY: &'static str = "points";
    const KEYED: bool = false;
    const CATEGORY: Option<(&'static str, &'static str)> = Some(("point", "point_actions"));

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let sort = sorted(query, &[("name", "name"), ("delta", "delta"), ("type", "kind")])?;
        let page = points::list_actions(cx, window(query, sort)).await?;
        Ok((page.total.unwrap_or(0), page.items.iter().map(|a| (a.id.0, show_action(a))).collect()))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show_action(&points::get_action(cx, PointActionId(id)).await?))
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        let missing = |key: &'static str| CompatError::from(Error::field(format!("/{key}"), "required", "A value is required."));
        let new = NewAction {
            name: name_of(&body)?,
            description: text(&body, "description"),
            kind: text(&body, "type").ok_or_else(|| missing("type"))?,
            settings: body.get("properties").cloned().unwrap_or(Value::Null),
            delta: number(&body, "delta")?.ok_or_else(|| missing("delta"))?,
            repeatable: body.get("repeatable").is_some_and(is_true),
            group_id: group_in(&body, false).flatten(),
            category_id: None,
            window: new_window(&body)?,
        };
        let made = points::create_action(cx, new).await?;
        Ok((made.id.0, show_action(&made), true))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        check_name(&body, replace)?;
        let named = |key: &str| replace || body.contains_key(key);
        let (publish_up, publish_down) = window_patch(&body, replace)?;
        let patch = ActionPatch {
            version: None,
            name: text(&body, "name"),
            description: named("description").then(|| text(&body, "description")),
            kind: text(&body, "type"),
            settings: named("properties").then(|| body.get("properties").cloned().unwrap_or(Value::Null)),
            delta: number(&body, "delta")?,
            repeatable: body.get("repeatable").map(is_true).or_else(|| replace.then_some(false)),
            group_id: group_in(&body, replace),
            category_id: None,
            published: body.get("isPublished").map(is_true).or_else(|| replace.then_some(false)),
            publish_up,
            publish_down,
        };
        Ok(show_action(&points::update_action(cx, PointActionId(id), patch).await?))
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show_action(&points::delete_action(cx, PointActionId(id)).await?))
    }
}

struct Triggers;

pub(super) fn show_trigger(t: &PointTrigger) -> Value {
    let event = |(at, e): (usize, &TriggerEvent)| {
        json!({
            "id": e.id, "name": e.name, "description": e.description, "type": e.kind, "order": at + 1, "properties": e.settings,
        })
    };
    let own = json!({
        "id": t.id, "name": t.name, "category": null, "description": t.description,
        "publishUp": date(t.window.publish_up), "publishDown": date(t.window.publish_down), "points": t.points,
        "color": t.color, "events": t.events.iter().enumerate().map(event).collect::<Vec<_>>(),
        "triggerExistingLeads": t.apply_existing, "group": t.group_id.map(|id| json!({ "id": id })),
    });
    with(block(t.window.published, t.created_at, t.updated_at, t.created_by.map(|u| u.0)), own)
}

/// The events of a body in their order; temporary ids make new ones.
fn events(body: &Map<String, Value>) -> Option<Vec<TriggerEvent>> {
    let list: Vec<&Map<String, Value>> = match body.get("events")? {
        Value::Array(list) => list.iter().filter_map(Value::as_object).collect(),
        Value::Object(map) => map.values().filter_map(Value::as_object).collect(),
        _ => Vec::new(),
    };
    let mut events: Vec<(i64, TriggerEvent)> = list
        .into_iter()
        .enumerate()
        .map(|(at, event)| {
            let place = i64::try_from(at + 1).unwrap_or(i64::MAX);
            let order = ids(event.get("order")).first().copied().unwrap_or(place);
            let event = TriggerEvent {
                id: TriggerEventId(ids(event.get("id")).first().copied().unwrap_or(0)),
                kind: text(event, "type").unwrap_or_default(),
                name: text(event, "name").unwrap_or_default(),
                description: text(event, "description"),
                settings: event.get("properties").cloned().unwrap_or(Value::Null),
            };
            (order, event)
        })
        .collect();
    events.sort_by_key(|(order, _)| *order);
    Some(events.into_iter().map(|(_, event)| event).collect())
}

#[async_trait]
impl Entity for Triggers {
    const PATH: &'static str = "points/triggers";
    const ONE: &'static str = "trigger";
    const MANY: &'static str = "triggers";
    const KEYED: bool = false;
    const CATEGORY: Option<(&'static str, &'static str)> = Some(("point", "point_triggers"));

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let sort = sorted(query, &[("name", "name"), ("points", "points")])?;
        let page = points::list_triggers(cx, window(query, sort)).await?;
        Ok((page.total.unwrap_or(0), page.items.iter().map(|t| (t.id.0, show_trigger(t))).collect()))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show_trigger(&points::get_trigger(cx, PointTriggerId(id)).await?))
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        let new = NewTrigger {
            name: name_of(&body)?,
            description: text(&body, "description"),
            points: number(&body, "points")?.unwrap_or(0),
            color: text(&body, "color"),
            apply_existing: body.get("triggerExistingLeads").is_some_and(is_true),
            group_id: group_in(&body, false).flatten(),
            category_id: None,
            window: new_window(&body)?,
            events: events(&body).unwrap_or_default(),
        };
        let made = points::create_trigger(cx, new).await?;
        Ok((made.id.0, show_trigger(&made), true))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        check_name(&body, replace)?;
        let named = |key: &str| replace || body.contains_key(key);
        let (publish_up, publish_down) = window_patch(&body, replace)?;
        let patch = TriggerPatch {
            version: None,
            name: text(&body, "name"),
            description: named("description").then(|| text(&body, "description")),
            points: number(&body, "points")?.or_else(|| replace.then_some(0)),
            color: named("color").then(|| text(&body, "color")),
            apply_existing: body.get("triggerExistingLeads").map(is_true).or_else(|| replace.then_some(false)),
            group_id: group_in(&body, replace),
            category_id: None,
            published: body.get("isPublished").map(is_true).or_else(|| replace.then_some(false)),
            publish_up,
            publish_down,
            events: events(&body).or_else(|| replace.then(Vec::new)),
        };
        Ok(show_trigger(&points::update_trigger(cx, PointTriggerId(id), patch).await?))
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show_trigger(&points::delete_trigger(cx, PointTriggerId(id)).await?))
    }
}

struct Groups;

fn show_group(g: &PointGroup) -> Value {
    let own = json!({"id": g.id, "name": g.name, "description": g.description.clone().unwrap_or_default()});
    with(block(g.published, g.created_at, g.updated_at, g.created_by.map(|u| u.0)), own)
}

#[async_trait]
impl Entity for Groups {
    const PATH: &'static str = "points/groups";
    const ONE: &'static str = "pointGroup";
    const MANY: &'static str = "pointGroups";
    const KEYED: bool = false;

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let page = points::list_groups(cx, window(query, sorted(query, &[("name", "name")])?)).await?;
        Ok((page.total.unwrap_or(0), page.items.iter().map(|g| (g.id.0, show_group(g))).collect()))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show_group(&points::get_group(cx, PointGroupId(id)).await?))
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        let new = NewGroup {
            name: name_of(&body)?,
            description: text(&body, "description"),
            published: body.get("isPublished").map(is_true),
        };
        let made = points::create_group(cx, new).await?;
        Ok((made.id.0, show_group(&made), true))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        check_name(&body, replace)?;
        let patch = GroupPatch {
            version: None,
            name: text(&body, "name"),
            description: (replace || body.contains_key("description")).then(|| text(&body, "description")),
            published: body.get("isPublished").map(is_true).or_else(|| replace.then_some(false)),
        };
        Ok(show_group(&points::update_group(cx, PointGroupId(id), patch).await?))
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show_group(&points::delete_group(cx, PointGroupId(id)).await?))
    }
}
