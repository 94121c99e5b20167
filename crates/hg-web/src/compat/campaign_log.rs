//! `/api/campaigns/events…`: the events of all campaigns, and what became of them for a contact (`api.md` §4.1).

use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use axum::{Json, Router};
use hg_app::campaigns::{self, Campaign, CampaignQuery, Given, LogChange, LogEntry, Person};
use hg_app::list::ListQuery;
use hg_app::{Cx, contacts};
use hg_core::campaigns::Path as Way;
use hg_core::ids::{CampaignId, ContactId, StepId};
use hg_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::body::AnyBody;
use super::campaign_events;
use super::campaigns::{Campaigns, instant, show};
use super::crud::{CompatList, id_of, ids, is_true};
use super::placed::{with_authors, with_categories};
use crate::Web;
use crate::auth::Caller;

pub fn router() -> Router<Web> {
    Router::new()
        .route("/campaigns/events", get(all))
        .route("/campaigns/events/{event}", get(one))
        .route("/campaigns/events/contact/{contact}", get(of_contact))
        .route("/campaigns/events/batch/edit", put(change_many))
        .route("/campaigns/events/{event}/contact/{contact}/edit", put(change_one))
        .route("/campaigns/{id}/events/contact/{contact}", get(of_member))
}

/// Every campaign that is not deleted.
async fn campaigns_all(cx: &Cx) -> CompatAnswer<Vec<Campaign>> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let list = ListQuery { limit: 500, sort: "created_at".into(), cursor, ..ListQuery::default() };
        let page = campaigns::list(cx, CampaignQuery { list, state: None }).await?;
        all.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(all);
        }
    }
}

/// The event of a step, with the campaign around it.
fn event(c: &Campaign, step: StepId) -> Option<Value> {
    let mut shown = campaign_events::one(&c.plan, step, &c.extra.clone().unwrap_or(Value::Null))?;
    shown["campaign"] = show(c, true);
    Some(shown)
}

/// The campaigns around events as every other answer shows them: with category and authors.
async fn around(cx: &Cx, events: Vec<&mut Value>) -> CompatAnswer<()> {
    let mut places = Vec::with_capacity(events.len());
    let mut rows = Vec::with_capacity(events.len());
    for campaign in events.into_iter().filter_map(|event| event.get_mut("campaign")) {
        rows.push((campaign["id"].as_i64().unwrap_or_default(), campaign.take()));
        places.push(campaign);
    }
    with_categories::<Campaigns>(cx, &mut rows).await?;
    with_authors::<Campaigns>(cx, &mut rows).await?;
    for (place, (_, campaign)) in places.into_iter().zip(rows) {
        *place = campaign;
    }
    Ok(())
}

async fn all(Caller(cx): Caller, RawQuery(query): RawQuery) -> CompatAnswer<Json<Value>> {
    let query = CompatList::parse(query.as_deref().unwrap_or(""))?;
    let found = campaigns_all(&cx).await?;
    let mut steps: Vec<(StepId, &Campaign)> = found.iter().flat_map(|c| c.plan.steps.iter().map(move |s| (s.id, c))).collect();
    steps.sort_by_key(|(id, _)| *id);
    if query.order.first().is_some_and(|(_, down)| *down) {
        steps.reverse();
    }
    let skip = usize::try_from(query.start).unwrap_or(usize::MAX);
    let mut events: Vec<Value> =
        steps.iter().skip(skip).take(query.limit as usize).filter_map(|(id, campaign)| event(campaign, *id)).collect();
    around(&cx, events.iter_mut().collect()).await?;
    Ok(Json(json!({"total": steps.len(), "events": events})))
}

async fn one(Caller(cx): Caller, Path(id): Path<String>) -> CompatAnswer<Json<Value>> {
    let step = StepId(id_of(&id)?);
    let campaign = campaigns::of_step(&cx, step).await?;
    let mut shown = event(&campaign, step).ok_or_else(CompatError::not_found)?;
    around(&cx, vec![&mut shown]).await?;
    Ok(Json(json!({ "event": shown })))
}

/// What became of an event for a contact. The parts around it are added where the route shows them.
fn log(entry: &LogEntry) -> Map<String, Value> {
    let date = |t: Option<Timestamp>| t.map(Timestamp::rfc3339_offset);
    let Value::Object(map) = json!({
        "ipAddress": entry.given.ip.map(|ip| json!({ "ipAddress": ip })),
        "dateTriggered": date(entry.done_at),
        "isScheduled": entry.is_open && entry.due_at.is_some(),
        "triggerDate": date(entry.due_at),
        "metadata": metadata(entry),
        "nonActionPathTaken": entry.path == Some(Way::No),
        "rotation": entry.rotation,
    }) else {
        unreachable!("an object was written")
    };
    map
}

/// What was found, and what a client told.
fn metadata(entry: &LogEntry) -> Value {
    let mut found = Map::new();
    found.extend(entry.text.as_ref().map(|text| ("reason".to_owned(), json!(text))));
    found.extend(entry.given.metadata.as_ref().and_then(Value::as_object).cloned().unwrap_or_default());
    Value::Object(found)
}

/// The channel is that of the event, unless a client told another one.
fn with_channel(mut log: Map<String, Value>, entry: &LogEntry, event: Option<&Value>) -> Value {
    let of_event = |key: &str| event.map_or(Value::Null, |e| e[key].clone());
    let Given { channel, channel_id, .. } = &entry.given;
    log.insert("channel".into(), channel.as_ref().map_or_else(|| of_event("channel"), |told| json!(told)));
    log.insert("channelId".into(), channel_id.map_or_else(|| of_event("channelId"), |told| json!(told)));
    Value::Object(log)
}

fn contact_of(text: &str) -> CompatAnswer<ContactId> {
    id_of(text).map(ContactId)
}

async fn of_contact(Caller(cx): Caller, Path(contact): Path<String>) -> CompatAnswer<Json<Value>> {
    let id = contact_of(&contact)?;
    let entries = campaigns::log_of(&cx, id, None).await?;
    let who = contacts::get(&cx, id).await?;
    let found = campaigns_all(&cx).await?;
    let events: Vec<Value> = entries
        .iter()
        .map(|entry| {
            let campaign = found.iter().find(|c| c.id == entry.campaign);
            let shown = campaign.and_then(|c| campaign_events::one(&c.plan, entry.step, &c.extra.clone().unwrap_or(Value::Null)));
            let mut row = log(entry);
            row.insert("event".into(), shown.clone().unwrap_or_else(|| json!({"id": entry.step})));
            row.insert("lead".into(), json!({"id": who.id, "points": who.points, "color": null}));
            row.insert("campaign".into(), campaign.map_or(Value::Null, |c| json!({"id": c.id, "name": c.name})));
            with_channel(row, entry, shown.as_ref())
        })
        .collect();
    Ok(Json(json!({"total": events.len(), "events": events})))
}

fn membership(person: &Person) -> Value {
    json!({
        "dateAdded": person.joined_at.rfc3339_offset(), "manuallyRemoved": person.state != "active",
        "manuallyAdded": person.by_hand, "rotation": person.rotation,
        "dateLastExited": person.left_at.map(Timestamp::rfc3339_offset),
    })
}

async fn of_member(Caller(cx): Caller, Path((id, contact)): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    let (id, contact) = (CampaignId(id_of(&id)?), contact_of(&contact)?);
    let campaign = campaigns::get(&cx, id).await?;
    contacts::get(&cx, contact).await?;
    let progress = match campaigns::progress(&cx, id, contact).await {
        Err(error) if error.is_not_found() => {
            return Err(CompatError::new(StatusCode::CONFLICT, "This contact is not a member of this campaign."));
        }
        other => other?,
    };
    let entries = campaigns::log_of(&cx, contact, Some(id)).await?;
    let events: Vec<Value> = campaign
        .plan
        .steps
        .iter()
        .filter_map(|step| {
            let mut shown = event(&campaign, step.id)?;
            let own = entries.iter().filter(|e| e.step == step.id);
            shown["contactLog"] = own.map(|e| with_channel(log(e), e, Some(&shown))).collect();
            Some(shown)
        })
        .collect();
    let mut answer = json!({
        "total": events.len(), "events": events, "campaign": show(&campaign, true), "membership": [membership(&progress.person)],
    });
    around(&cx, vec![&mut answer]).await?;
    around(&cx, answer["events"].as_array_mut().into_iter().flatten().collect()).await?;
    Ok(Json(answer))
}

/// What a body asks for: one of two dates.
fn change(cx: &Cx, body: &Map<String, Value>) -> CompatAnswer<LogChange> {
    match (instant(body, "dateTriggered")?, instant(body, "triggerDate")?) {
        (Some(at), _) if at > cx.now() => {
            Err(CompatError::bad("dateTriggered: This lies in the future; use triggerDate to schedule the event."))
        }
        (Some(at), _) => Ok(LogChange::Done(at)),
        (None, Some(at)) => Ok(LogChange::Schedule(at)),
        (None, None) => Err(CompatError::new(
            StatusCode::CONFLICT,
            "The event must be either executed (dateTriggered) or scheduled (triggerDate).",
        )),
    }
}

/// What a body tells beside the date.
fn given(body: &Map<String, Value>) -> CompatAnswer<Given> {
    let told = |key: &str| body.get(key).filter(|value| !value.is_null() && value.as_str() != Some(""));
    let wrong = |key: &str| CompatError::bad(format!("{key}: This value is not valid."));
    let ip = match told("ipAddress") {
        Some(value) => Some(value.as_str().and_then(|text| text.trim().parse().ok()).ok_or_else(|| wrong("ipAddress"))?),
        None => None,
    };
    let metadata = told("metadata").filter(|value| value.as_array().is_none_or(|list| !list.is_empty()));
    if metadata.is_some_and(|value| !value.is_object()) {
        return Err(wrong("metadata"));
    }
    let channel = match told("channel") {
        Some(value) => Some(value.as_str().filter(|text| text.len() <= 50).ok_or_else(|| wrong("channel"))?.to_owned()),
        None => None,
    };
    Ok(Given {
        no: body.get("nonActionPathTaken").is_some_and(is_true),
        ip,
        metadata: metadata.cloned(),
        channel,
        channel_id: ids(body.get("channelId")).first().copied(),
    })
}

async fn changed(cx: &Cx, event_id: i64, contact: i64, body: &Map<String, Value>) -> CompatAnswer<(Value, bool)> {
    let (step, contact) = (StepId(event_id), ContactId(contact));
    let (wanted, told) = (change(cx, body)?, given(body)?);
    let (entry, is_new) = campaigns::change_log(cx, step, contact, wanted, told).await?;
    let campaign = campaigns::of_step(cx, step).await?;
    let mut shown = event(&campaign, step).ok_or_else(CompatError::not_found)?;
    shown["contactLog"] = with_channel(log(&entry), &entry, Some(&shown));
    around(cx, vec![&mut shown]).await?;
    Ok((shown, is_new))
}

async fn change_one(Caller(cx): Caller, Path((event, contact)): Path<(String, String)>, body: AnyBody) -> CompatAnswer<Response> {
    let (shown, is_new) = changed(&cx, id_of(&event)?, id_of(&contact)?, &body.object()?).await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(json!({ "event": shown }))).into_response())
}

async fn change_many(Caller(cx): Caller, body: AnyBody) -> CompatAnswer<Json<Value>> {
    let (mut events, mut errors) = (Map::new(), Map::new());
    for (key, item) in body.limited_batch()? {
        let item = item.as_object().cloned().unwrap_or_default();
        let id = |name: &str| ids(item.get(name)).first().copied();
        let outcome = match (id("eventId"), id("contactId")) {
            (Some(event), Some(contact)) => changed(&cx, event, contact, &item).await,
            _ => Err(CompatError::bad("ID is missing from the payload.")),
        };
        match outcome {
            Ok((shown, _)) => events.insert(key, shown),
            Err(error) => errors.insert(key, error.body()),
        };
    }
    let mut out = Map::from_iter([("events".to_owned(), Value::Object(events))]);
    if !errors.is_empty() {
        out.insert("errors".into(), Value::Object(errors));
    }
    Ok(Json(Value::Object(out)))
}
