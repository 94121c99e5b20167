//! What hangs on a contact: segments, campaigns, do-not-contact, points, activity (`api.md` §3.2, §3.3).

use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use hg_app::contacts::{self, NewDoNotContact, NewUtm, PointsOperator, TimelineQuery};
use hg_app::list::ListQuery;
use hg_app::{Cx, campaigns, fields, points, segments, users};
use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError, keyed};
use super::body::{self, AnyBody};
use super::contact_body::write_extras;
use super::contacts::Contacts;
use super::crud::{CompatList, Entity, id_of};
use crate::Web;
use crate::auth::Caller;

pub fn router() -> Router<Web> {
    Router::new()
        .route("/contacts/activity", get(all_activity))
        .route("/contacts/list/fields", get(list_fields))
        .route("/contacts/list/segments", get(list_segments))
        .route("/contacts/list/owners", get(list_owners))
        .route("/contacts/{id}/segments", get(in_segments))
        .route("/contacts/{id}/campaigns", get(in_campaigns))
        .route("/contacts/{id}/activity", get(activity))
        .route("/contacts/{id}/events", get(events))
        .route("/contacts/{id}/dnc/{channel}/add", post(dnc_add))
        .route("/contacts/{id}/dnc/{channel}/remove", post(dnc_remove))
        .route("/contacts/{id}/points/{operator}/{n}", post(change_points))
        .route("/contacts/{id}/merge/{other}", post(merge))
        .route("/contacts/{id}/utm/add", post(utm_add))
        .route("/contacts/{id}/utm/{record}/remove", post(utm_remove))
}

pub(super) fn contact_id(text: &str) -> CompatAnswer<ContactId> {
    id_of(text).map(ContactId).map_err(|_| CompatError::new(StatusCode::NOT_FOUND, "Contact not found."))
}

/// What hangs on a contact says so in words of its own when there is none.
pub(super) fn no_contact(error: hg_app::Error) -> CompatError {
    if error.is_not_found() { CompatError::new(StatusCode::NOT_FOUND, "Contact not found.") } else { error.into() }
}

async fn in_segments(Caller(cx): Caller, Path(id): Path<String>) -> CompatAnswer<Json<Value>> {
    let all = segments::memberships(&cx, contact_id(&id)?).await.map_err(no_contact)?;
    let total = all.len();
    let rows = all.into_iter().map(|m| {
        let by_hand = matches!(m.origin, segments::Origin::Hand(_));
        let row = json!({
            "id": m.segment, "name": m.name, "alias": m.alias, "dateAdded": m.joined_at.map(Timestamp::rfc3339_offset),
            "manuallyRemoved": false, "manuallyAdded": by_hand,
        });
        (m.segment.0, row)
    });
    Ok(Json(json!({"total": total, "lists": keyed(rows, json!([]))})))
}

async fn in_campaigns(Caller(cx): Caller, Path(id): Path<String>) -> CompatAnswer<Json<Value>> {
    let id = contacts::get(&cx, contact_id(&id)?).await.map_err(no_contact)?.id;
    let all = campaigns::campaigns_of(&cx, id).await?;
    let total = all.len();
    let rows = all.into_iter().map(|c| {
        let row = json!({
            "id": c.id, "name": c.name, "dateAdded": c.joined_at.rfc3339_offset(), "manuallyRemoved": c.state == "removed",
            "manuallyAdded": c.by_hand, "listMembership": c.through.iter().map(ToString::to_string).collect::<Vec<_>>(),
        });
        (c.id.0, row)
    });
    Ok(Json(json!({"total": total, "campaigns": keyed(rows, json!([]))})))
}

async fn list_fields(Caller(cx): Caller) -> CompatAnswer<Json<Value>> {
    let all = fields::list(&cx).await?;
    let rows = all.iter().map(|f| &f.def).filter(|f| f.published).map(|f| {
        let row = json!({
            "id": f.id.to_string(), "label": f.label, "alias": f.alias, "type": f.kind.compatible_name(), "group": f.group.name(),
            "order": f.order.to_string(), "object": "lead",
        });
        (f.id.0, row)
    });
    Ok(Json(keyed(rows, json!([]))))
}

async fn list_segments(Caller(cx): Caller) -> CompatAnswer<Json<Value>> {
    let page = segments::list(&cx, ListQuery { limit: 10_000, ..ListQuery::default() }).await?;
    let rows =
        page.items.into_iter().filter(|s| s.published).map(|s| (s.id.0, json!({"id": s.id, "name": s.name, "alias": s.alias})));
    Ok(Json(keyed(rows, json!([]))))
}

/// Who may own contacts; a window of the list, and only those whose name holds `filter`.
async fn list_owners(Caller(cx): Caller, RawQuery(query): RawQuery) -> CompatAnswer<Json<Value>> {
    let query = query.unwrap_or_default();
    let asked = CompatList::parse(&query)?;
    let wanted = url::form_urlencoded::parse(query.as_bytes()).find(|(n, _)| n == "filter").map(|(_, v)| hg_core::text::fold(&v));
    let all = users::owners(&cx).await?;
    let owners = all.iter().filter(|u| {
        wanted.as_ref().is_none_or(|w| hg_core::text::fold(&format!("{} {} {}", u.first_name, u.last_name, u.email)).contains(w))
    });
    let skip = usize::try_from(asked.start).unwrap_or(usize::MAX);
    let window = owners.skip(skip).take(asked.limit as usize);
    Ok(Json(window.map(|u| json!({"id": u.id, "firstName": u.first_name, "lastName": u.last_name})).collect()))
}

async fn dnc_add(Caller(cx): Caller, Path((id, channel)): Path<(String, String)>, body: AnyBody) -> CompatAnswer<Json<Value>> {
    let id = contact_id(&id)?;
    let body = body.0.unwrap_or(Value::Null);
    let number = |key: &str| body.get(key).and_then(|v| v.as_i64().or_else(|| v.as_str().and_then(|s| s.parse().ok())));
    let named = body.get("reason").is_some_and(|r| !(r.is_null() || r.as_str().is_some_and(str::is_empty)));
    let reason = if named { number("reason").unwrap_or(0) } else { 3 };
    if !(1..=3).contains(&reason) {
        return Err(CompatError::bad("Invalid reason code given"));
    }
    let comments = body.get("comments").and_then(Value::as_str).unwrap_or("").to_owned();
    contacts::stop_contacting(&cx, id, NewDoNotContact { channel, reason, channel_id: number("channelId"), comments })
        .await
        .map_err(no_contact)?;
    Ok(Json(json!({"contact": Contacts::get(&cx, id.0).await?})))
}

async fn dnc_remove(Caller(cx): Caller, Path((id, channel)): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    let id = contact_id(&id)?;
    let found = contacts::contact_again(&cx, id, channel).await.map_err(no_contact)?;
    Ok(Json(json!({"recordFound": found, "contact": Contacts::get(&cx, id.0).await?})))
}

async fn merge(Caller(cx): Caller, Path((id, other)): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    let merged = contacts::merge_by_hand(&cx, contact_id(&id)?, contact_id(&other)?, contacts::Choices::new()).await;
    let winner = merged.map_err(no_contact)?.id;
    Ok(Json(json!({"contact": Contacts::get(&cx, winner.0).await?})))
}

async fn utm_add(Caller(cx): Caller, Path(id): Path<String>, body: AnyBody) -> CompatAnswer<Json<Value>> {
    let id = contact_id(&id)?;
    let body = body.object()?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    let new = NewUtm {
        source: text("utm_source"),
        medium: text("utm_medium"),
        campaign: text("utm_campaign"),
        content: text("utm_content"),
        term: text("utm_term"),
        url: text("url"),
        referrer: text("referer"),
        agent: text("useragent"),
        remote_host: text("remotehost"),
        query: body.get("query").map(|q| match q.as_str() {
            Some(query) => url::form_urlencoded::parse(query.as_bytes()).map(|(k, v)| (k.into_owned(), json!(v))).collect(),
            None => q.clone(),
        }),
    };
    contacts::add_utm(&cx, id, new).await.map_err(no_contact)?;
    write_extras(&cx, id, &body).await?;
    Ok(Json(json!({"contact": Contacts::get(&cx, id.0).await?})))
}

async fn utm_remove(Caller(cx): Caller, Path((id, record)): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    let (id, record) = (contact_id(&id)?, id_of(&record)?);
    if !contacts::remove_utm(&cx, id, record).await.map_err(no_contact)? {
        return Err(CompatError::bad("The contact has no UTM tags with this id."));
    }
    Ok(Json(json!({"recordFound": true, "contact": Contacts::get(&cx, id.0).await?})))
}

async fn change_points(
    Caller(cx): Caller,
    Path((id, operator, n)): Path<(String, String, String)>,
    body: AnyBody,
) -> CompatAnswer<Json<Value>> {
    let id = contact_id(&id)?;
    let by = n.parse::<i64>().map_err(|_| CompatError::bad("The points must be a number."))?;
    let op = PointsOperator::parse(&operator).filter(|o| *o != PointsOperator::Set);
    let op = op.ok_or_else(|| CompatError::bad(format!("Unknown operator {operator}; use plus, minus, times or divide.")))?;
    let body = body.0.unwrap_or(Value::Null);
    points::change(&cx, id, None, op, by, given(&body)).await.map_err(no_contact)?;
    Ok(Json(json!({"success": 1})))
}

/// What a client says about the points that it gives.
pub(super) fn given(body: &Value) -> points::Given {
    let name = |key: &str| body.get(key).and_then(Value::as_str).filter(|n| !n.trim().is_empty()).unwrap_or("API").to_owned();
    points::Given {
        event: Some(name("eventName")),
        action: Some(name("actionName")),
        ..points::Given::by("api", name("eventName"))
    }
}

/// Old keys of events.
const EVENTS: &[(&str, &str, EventKind)] = &[
    ("lead.create", "Contact created", EventKind::Created),
    ("lead.identified", "Contact identified", EventKind::Identified),
    ("lead.apiadded", "Added through API", EventKind::ApiChanged),
    ("lead.ipadded", "Accessed from IP", EventKind::AddressSeen),
    ("lead.utmtagsadded", "UTM tags recorded", EventKind::UtmRecorded),
    ("message.queue", "Message queued", EventKind::MessageHeld),
    ("lead.donotcontact", "Do not contact", EventKind::DoNotContactChanged),
    ("lead.imported", "Imported", EventKind::Imported),
    ("point.gained", "Point gained", EventKind::PointsChanged),
    ("stage.changed", "Stage changed", EventKind::StageChanged),
    ("company_membership", "Company membership change", EventKind::CompanyChanged),
    ("segment_membership", "Segment membership change", EventKind::SegmentJoined),
    ("segment_membership", "Segment membership change", EventKind::SegmentLeft),
    ("campaign_membership", "Campaign membership change", EventKind::CampaignJoined),
    ("campaign_membership", "Campaign membership change", EventKind::CampaignLeft),
    ("campaign.event", "Campaign action triggered", EventKind::CampaignStep),
    ("page.hit", "Page hit", EventKind::PageHit),
    ("page.hit", "Page hit", EventKind::EmailClicked),
    ("email.sent", "Email sent", EventKind::EmailSent),
    ("email.read", "Email read", EventKind::EmailOpened),
    ("email.replied", "Email replied", EventKind::EmailReplied),
    ("email.failed", "Email failed", EventKind::EmailFailed),
    ("form.submitted", "Form submitted", EventKind::FormSubmitted),
];

async fn activity(Caller(cx): Caller, Path(id): Path<String>, RawQuery(query): RawQuery) -> CompatAnswer<Json<Value>> {
    timeline(&cx, Some(contact_id(&id)?), query).await
}

/// The older spelling, with three keys more that nobody fills.
async fn events(Caller(cx): Caller, Path(id): Path<String>, RawQuery(query): RawQuery) -> CompatAnswer<Json<Value>> {
    let Json(mut told) = timeline(&cx, Some(contact_id(&id)?), query).await?;
    for event in told.get_mut("events").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Value::Object(event) = event {
            event.extend(["eventPriority", "icon", "featured"].map(|key| (key.to_owned(), Value::Null)));
        }
    }
    Ok(Json(told))
}

async fn all_activity(Caller(cx): Caller, RawQuery(query): RawQuery) -> CompatAnswer<Json<Value>> {
    timeline(&cx, None, query).await
}

async fn timeline(cx: &Cx, contact: Option<ContactId>, query: Option<String>) -> CompatAnswer<Json<Value>> {
    let asked = body::pairs(url::form_urlencoded::parse(query.as_deref().unwrap_or("").as_bytes()).into_owned())?;
    let filters = asked.get("filters").cloned().unwrap_or(Value::Null);
    let names = |key: &str| match filters.get(key) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>(),
        _ => Vec::new(),
    };
    let (include, exclude) = (names("includeEvents"), names("excludeEvents"));
    let number = |key: &str, default: u64| {
        asked.get(key).and_then(Value::as_str).and_then(|s| s.parse().ok()).filter(|n| *n > 0).unwrap_or(default)
    };
    let (page, limit) = (number("page", 1), number("limit", 25).min(500));
    // The activity of everybody leaves out how each contact came to be.
    let of_one = ["lead.create", "lead.identified", "lead.ipadded", "lead.apiadded"];
    let wanted = |(key, _, _): &&(&str, &str, EventKind)| {
        (include.is_empty() || include.iter().any(|i| i == key))
            && !exclude.iter().any(|e| e == key)
            && (contact.is_some() || !of_one.contains(key))
    };
    let kinds: Vec<EventKind> = EVENTS.iter().filter(wanted).map(|e| e.2).collect();
    let instant = |key: &str| filters.get(key).and_then(Value::as_str).and_then(|t| Timestamp::parse(t).ok());
    let list = ListQuery { limit: u32::try_from(limit).unwrap_or(25), offset: (page - 1) * limit, ..ListQuery::default() };
    let order = |n: usize| asked.get("order").and_then(|o| o.get(n).or_else(|| o.get(n.to_string()))).and_then(Value::as_str);
    let oldest_first = order(1).is_some_and(|dir| dir.eq_ignore_ascii_case("asc"));
    let search = filters.get("search").and_then(Value::as_str).unwrap_or("").to_owned();
    if kinds.is_empty() {
        // Nothing that anybody asked for: no kinds would mean all of them.
        return Ok(Json(json!({
            "events": [], "filters": {"search": search, "includeEvents": include, "excludeEvents": exclude},
            "order": ["timestamp", if oldest_first { "ASC" } else { "DESC" }], "types": {}, "total": 0, "page": page, "limit": limit,
            "maxPages": 0,
        })));
    }
    let (from, until) = (instant("dateFrom"), instant("dateTo"));
    let query = TimelineQuery { list, kinds, from, until, search: search.clone(), oldest_first, ..TimelineQuery::default() };
    let found = contacts::timeline(cx, contact, query).await.map_err(no_contact)?;
    let total = found.total.unwrap_or(0);
    let events = found.items.into_iter().map(|m| {
        let (key, label, _) = EVENTS.iter().find(|e| e.2 == m.kind).copied().unwrap_or(("lead.update", "Changed", m.kind));
        json!({
            "event": key, "eventId": format!("{key}{}", m.id), "eventType": label, "eventLabel": m.title,
            "timestamp": m.at.rfc3339_offset(), "contactId": m.contact, "details": m.detail,
        })
    });
    let offered = EVENTS.iter().filter(|(key, _, _)| contact.is_some() || !of_one.contains(key));
    let types: Map<String, Value> = offered.map(|(key, label, _)| ((*key).to_owned(), json!(label))).collect();
    Ok(Json(json!({
        "events": events.collect::<Vec<_>>(),
        "filters": {"search": search, "includeEvents": include, "excludeEvents": exclude},
        "order": ["timestamp", if oldest_first { "ASC" } else { "DESC" }], "types": types, "total": total, "page": page, "limit": limit,
        "maxPages": total.div_ceil(limit),
    })))
}
