//! `/api/contacts` and what hangs on a contact (`api.md` §3.1–3.3).

use std::collections::BTreeMap;

use async_trait::async_trait;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use hg_app::contacts::{self, Contact, ContactInput, ContactQuery, NewDoNotContact, PointsOperator, TimelineQuery};
use hg_app::fields::{self, Field};
use hg_app::list::ListQuery;
use hg_app::{Cx, campaigns, segments, users};
use hg_core::contacts::{FieldDef, FieldType, FieldValue};
use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError, keyed};
use super::body::{self, AnyBody};
use super::crud::{CompatList, Condition, Entity, PublishBlock, id_of, is_true, routes};
use crate::Web;
use crate::auth::Caller;

pub fn router() -> Router<Web> {
    routes::<Contacts>()
        .route("/contacts/activity", get(all_activity))
        .route("/contacts/list/fields", get(list_fields))
        .route("/contacts/list/segments", get(list_segments))
        .route("/contacts/list/owners", get(list_owners))
        .route("/contacts/{id}/segments", get(in_segments))
        .route("/contacts/{id}/campaigns", get(in_campaigns))
        .route("/contacts/{id}/activity", get(activity))
        .route("/contacts/{id}/events", get(activity))
        .route("/contacts/{id}/dnc/{channel}/add", post(dnc_add))
        .route("/contacts/{id}/dnc/{channel}/remove", post(dnc_remove))
        .route("/contacts/{id}/points/{operator}/{n}", post(points))
}

struct Contacts;

/// A value as it is stored in the old tables: numbers as numbers, choices joined by `|`.
fn stored(field: &FieldDef, value: &FieldValue) -> Value {
    match value {
        FieldValue::Choices(choices) => json!(choices.join("|")),
        FieldValue::Bool(b) => json!(i64::from(*b)),
        FieldValue::Instant(at) if field.kind == FieldType::Datetime => json!(at.sql_text()),
        other => other.to_json(),
    }
}

fn entry(field: &FieldDef, value: &FieldValue, fresh: bool) -> Value {
    let normalized = match value {
        FieldValue::Choices(choices) => json!(choices),
        other => stored(field, other),
    };
    // On the answer of a create the old API gives numbers and objects where it gives texts elsewhere.
    let (id, fixed, properties) = if fresh {
        (json!(field.id), json!(i64::from(field.fixed)), properties(field))
    } else {
        (json!(field.id.to_string()), json!(if field.fixed { "1" } else { "0" }), json!(serialised(&properties(field))))
    };
    json!({
        "id": id, "label": field.label, "alias": field.alias, "type": field.kind.compatible_name(), "group": field.group.name(),
        "object": "lead", "is_fixed": fixed, "properties": properties, "default_value": field.default_value,
        "value": stored(field, value), "normalizedValue": normalized,
    })
}

/// A field's properties in the old shape.
pub(super) fn properties(field: &FieldDef) -> Value {
    let p = &field.properties;
    let mut out = Map::new();
    if !p.options.is_empty() {
        out.insert("list".into(), p.options.iter().map(|o| json!({"label": o.label, "value": o.value})).collect());
    }
    if let Some(yes) = &p.yes {
        out.insert("yes".into(), json!(yes));
    }
    if let Some(no) = &p.no {
        out.insert("no".into(), json!(no));
    }
    if let Some(scale) = p.scale {
        out.insert("scale".into(), json!(scale));
    }
    Value::Object(out)
}

/// PHP's serialisation, of what properties hold.
fn serialised(value: &Value) -> String {
    match value {
        Value::Null => "N;".into(),
        Value::Bool(b) => format!("b:{};", i64::from(*b)),
        Value::Number(n) => n.as_i64().map_or_else(|| format!("d:{n};"), |n| format!("i:{n};")),
        Value::String(s) => format!("s:{}:\"{s}\";", s.len()),
        Value::Array(items) => {
            let inner: String = items.iter().enumerate().map(|(i, v)| format!("i:{i};{}", serialised(v))).collect();
            format!("a:{}:{{{inner}}}", items.len())
        }
        Value::Object(map) => {
            let inner: String = map.iter().map(|(k, v)| format!("s:{}:\"{k}\";{}", k.len(), serialised(v))).collect();
            format!("a:{}:{{{inner}}}", map.len())
        }
    }
}

fn show(c: &Contact, all_fields: &[Field], minimal: bool, fresh: bool) -> Value {
    let block = PublishBlock {
        is_published: true,
        date_added: Some(c.created_at),
        date_modified: Some(c.updated_at),
        created_by: None,
        created_by_user: None,
    };
    let mut out = block.start();
    let mut groups: BTreeMap<&str, Map<String, Value>> =
        ["core", "social", "personal", "professional"].into_iter().map(|g| (g, Map::new())).collect();
    let mut flat = Map::from_iter([("id".to_owned(), json!(c.id)), ("points".to_owned(), json!(c.points))]);
    for field in all_fields.iter().map(|f| &f.def).filter(|f| f.published) {
        let value = c.values.get(&field.alias).cloned().unwrap_or_default();
        groups.entry(field.group.name()).or_default().insert(field.alias.clone(), entry(field, &value, fresh));
        flat.insert(field.alias.clone(), stored(field, &value));
    }
    let mut shown: Map<String, Value> = ["core", "social", "personal", "professional"]
        .into_iter()
        .map(|g| {
            let group = groups.remove(g).unwrap_or_default();
            (g.to_owned(), if group.is_empty() { json!([]) } else { Value::Object(group) })
        })
        .collect();
    shown.insert("all".into(), Value::Object(flat));
    out.insert("id".into(), json!(c.id));
    out.insert("points".into(), json!(c.points));
    out.insert("color".into(), Value::Null);
    out.insert("fields".into(), Value::Object(shown));
    if minimal {
        return Value::Object(out);
    }
    let date = |t: Option<Timestamp>| json!(t.map(Timestamp::rfc3339_offset));
    out.insert("lastActive".into(), date(c.last_active_at));
    out.insert(
        "owner".into(),
        c.owner_id.map_or(Value::Null, |id| json!({"createdByUser": null, "modifiedByUser": null, "id": id})),
    );
    out.insert("ipAddresses".into(), json!([]));
    out.insert("tags".into(), c.tags.iter().map(|(id, name)| json!({"id": id, "tag": name, "description": null})).collect());
    out.insert("utmtags".into(), json!([]));
    out.insert("stage".into(), Value::Null);
    out.insert("dateIdentified".into(), date(c.identified_at));
    out.insert("preferredProfileImage".into(), json!("gravatar"));
    let dnc = c.do_not_contact.iter().enumerate().map(|(i, d)| {
        json!({"id": i + 1, "reason": d.reason, "comments": d.comments, "channel": d.channel, "channelId": d.channel_id})
    });
    out.insert("doNotContact".into(), dnc.collect());
    out.insert("frequencyRules".into(), json!([]));
    Value::Object(out)
}

async fn shown(cx: &Cx, c: &Contact, fresh: bool) -> CompatAnswer<Value> {
    Ok(show(c, &fields::list(cx).await?, false, fresh))
}

/// What a body says of a contact: values of fields that exist, tags, owner, do-not-contact; the rest is passed over.
fn read(body: &Map<String, Value>, all_fields: &[Field], keep_blanks: bool) -> ContactInput {
    let blank = |v: &Value| matches!(v, Value::Null) || v.as_str().is_some_and(|s| s.trim().is_empty());
    let fields = all_fields
        .iter()
        .filter(|f| f.def.published)
        .filter_map(|f| body.get(&f.def.alias).map(|v| (f.def.alias.clone(), v.clone())))
        .filter(|(_, v)| keep_blanks || !blank(v));
    let tags = match body.get("tags") {
        Some(Value::Array(list)) => {
            list.iter().filter_map(|t| t.as_str().or_else(|| t.get("tag").and_then(Value::as_str))).map(str::to_owned).collect()
        }
        Some(Value::String(csv)) => csv.split(',').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect(),
        _ => Vec::new(),
    };
    let number = |v: &Value| v.as_i64().or_else(|| v.as_str().and_then(|s| s.trim().parse().ok()));
    let owner_id =
        body.get("owner").map(|v| number(v).or_else(|| v.get("id").and_then(number)).filter(|n| *n > 0).map(Into::into));
    let entries = match body.get("doNotContact") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(Value::Object(map)) => map.values().collect(),
        _ => Vec::new(),
    };
    let do_not_contact = entries.into_iter().filter(|e| e.is_object()).map(|e| NewDoNotContact {
        channel: e.get("channel").and_then(Value::as_str).unwrap_or("email").to_owned(),
        reason: e.get("reason").and_then(number).unwrap_or(3),
        channel_id: e.get("channelId").and_then(number),
        comments: e.get("comments").and_then(Value::as_str).unwrap_or("").to_owned(),
    });
    ContactInput { version: None, fields: fields.collect(), tags, owner_id, do_not_contact: do_not_contact.collect() }
}

/// Zero points of a POST or PATCH are passed over; there is an address of its own for points.
async fn set_points(cx: &Cx, id: ContactId, body: &Map<String, Value>, zero_counts: bool) -> CompatAnswer<()> {
    let wanted = body.get("points").and_then(|v| v.as_i64().or_else(|| v.as_str().and_then(|s| s.parse().ok())));
    if let Some(n) = wanted.filter(|n| *n != 0 || zero_counts) {
        contacts::points(cx, id, PointsOperator::Set, n, "API".into()).await?;
    }
    Ok(())
}

fn operator(expr: &str) -> Option<&'static str> {
    Some(match expr {
        "eq" => "=",
        "neq" => "!=",
        "lt" => "lt",
        "lte" => "lte",
        "gt" => "gt",
        "gte" => "gte",
        "like" => "like",
        "notLike" => "!like",
        "in" => "in",
        "notIn" => "!in",
        "between" => "between",
        "notBetween" => "!between",
        "isNull" | "isEmpty" => "empty",
        "isNotNull" | "isNotEmpty" => "!empty",
        _ => return None,
    })
}

fn column(name: &str) -> &str {
    match name {
        "dateAdded" => "date_added",
        "dateModified" => "date_modified",
        "dateIdentified" => "date_identified",
        "lastActive" => "last_active",
        other => other,
    }
}

/// `where` as a filter of ours.
fn rule(c: &Condition) -> CompatAnswer<Value> {
    if let "andX" | "orX" = c.expr.as_str() {
        let parts = match &c.value {
            Value::Array(list) => list.iter().collect(),
            Value::Object(map) => map.values().collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        let rules = parts.into_iter().filter_map(Value::as_object).map(|item| {
            let text = |a: &str, b: &str| item.get(a).or_else(|| item.get(b)).and_then(Value::as_str).unwrap_or("").to_owned();
            let value = item.get("val").or_else(|| item.get("value")).cloned().unwrap_or(Value::Null);
            rule(&Condition { column: text("col", "column"), expr: text("expr", "expr"), value })
        });
        let rules = rules.collect::<CompatAnswer<Vec<_>>>()?;
        return Ok(json!({"match": if c.expr == "orX" { "any" } else { "all" }, "rules": rules}));
    }
    let op = operator(&c.expr).ok_or_else(|| CompatError::bad(format!("Unknown operator {} in “where”.", c.expr)))?;
    let value = match (op, &c.value) {
        ("in" | "!in" | "between" | "!between", Value::String(csv)) => csv.split(',').map(|s| json!(s.trim())).collect(),
        (_, v) => v.clone(),
    };
    Ok(json!({"field": column(&c.column), "op": op, "value": value}))
}

#[async_trait]
impl Entity for Contacts {
    const PATH: &'static str = "contacts";
    const ONE: &'static str = "contact";
    const MANY: &'static str = "contacts";
    const KEYED: bool = true;
    const EMPTY_IS_OBJECT: bool = true;
    const TOTAL_IS_TEXT: bool = true;

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let all_fields = fields::list(cx).await?;
        let sort = query.order.first().map_or_else(
            || "-last_active_at".to_owned(),
            |(name, down)| {
                let field = match column(name) {
                    "date_added" => "created_at",
                    "date_modified" => "updated_at",
                    "last_active" => "last_active_at",
                    other => other,
                };
                format!("{}{field}", if *down { "-" } else { "" })
            },
        );
        let filter = if query.wheres.is_empty() {
            None
        } else {
            let rules = query.wheres.iter().map(rule).collect::<CompatAnswer<Vec<_>>>()?;
            Some(json!({"match": "all", "rules": rules}))
        };
        let mut rows = Vec::new();
        let mut total = 0;
        // A client may ask for any number of rows; they are read in windows.
        while (rows.len() as u64) < u64::from(query.limit) {
            let left = query.limit - u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let list = ListQuery {
                search: query.search.clone(),
                sort: sort.clone(),
                limit: left.min(500),
                cursor: None,
                offset: query.start + rows.len() as u64,
            };
            let wanted = ContactQuery { list, filter: filter.clone(), include_anonymous: true, ..ContactQuery::default() };
            let page = contacts::list(cx, wanted).await?;
            total = page.total.unwrap_or(0);
            let more = page.next_cursor.is_some();
            rows.extend(page.items.iter().map(|c| (c.id.0, show(c, &all_fields, query.minimal, false))));
            if !more {
                break;
            }
        }
        Ok((total, rows))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        shown(cx, &contacts::get(cx, ContactId(id)).await?, false).await
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        let all_fields = fields::list(cx).await?;
        let blanks = body.get("overwriteWithBlank").is_some_and(is_true);
        let (contact, new) = contacts::create(cx, read(&body, &all_fields, false), true).await?;
        if !new && blanks {
            contacts::update(cx, contact.id, read(&body, &all_fields, true), true).await?;
        }
        set_points(cx, contact.id, &body, false).await?;
        let contact = contacts::get(cx, contact.id).await?;
        Ok((contact.id.0, show(&contact, &all_fields, false, true), new))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        let all_fields = fields::list(cx).await?;
        let blanks = replace || body.get("overwriteWithBlank").is_some_and(is_true);
        let mut input = read(&body, &all_fields, blanks);
        if replace {
            for field in all_fields.iter().map(|f| &f.def).filter(|f| f.published) {
                input.fields.entry(field.alias.clone()).or_insert(Value::Null);
            }
        }
        let contact = contacts::update(cx, ContactId(id), input, blanks).await?;
        set_points(cx, contact.id, &body, replace).await?;
        Self::get(cx, contact.id.0).await
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        let shown = Self::get(cx, id).await?;
        contacts::delete(cx, ContactId(id)).await?;
        Ok(shown)
    }
}

fn contact_id(text: &str) -> CompatAnswer<ContactId> {
    id_of(text).map(ContactId).map_err(|_| CompatError::new(StatusCode::NOT_FOUND, "Contact not found."))
}

/// What hangs on a contact says so in words of its own when there is none.
fn no_contact(error: hg_app::Error) -> CompatError {
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
            "manuallyAdded": false, "listMembership": [],
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
    let all = users::list(&cx).await?;
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
    let reason = number("reason").unwrap_or(3);
    if !(1..=3).contains(&reason) {
        return Err(CompatError::bad("Invalid reason code given"));
    }
    let comments = body.get("comments").and_then(Value::as_str).unwrap_or("").to_owned();
    contacts::stop_contacting(&cx, id, NewDoNotContact { channel, reason, channel_id: number("channelId"), comments }).await?;
    Ok(Json(json!({"contact": Contacts::get(&cx, id.0).await?})))
}

async fn dnc_remove(Caller(cx): Caller, Path((id, channel)): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    let id = contact_id(&id)?;
    let found = contacts::contact_again(&cx, id, channel).await?;
    Ok(Json(json!({"recordFound": found, "contact": Contacts::get(&cx, id.0).await?})))
}

async fn points(
    Caller(cx): Caller,
    Path((id, operator, n)): Path<(String, String, String)>,
    body: AnyBody,
) -> CompatAnswer<Json<Value>> {
    let id = contact_id(&id)?;
    let by = n.parse::<i64>().map_err(|_| CompatError::bad("The points must be a number."))?;
    let op = PointsOperator::parse(&operator).filter(|o| *o != PointsOperator::Set);
    let op = op.ok_or_else(|| CompatError::bad(format!("Unknown operator {operator}; use plus, minus, times or divide.")))?;
    let body = body.0.unwrap_or(Value::Null);
    let name = body.get("eventName").and_then(Value::as_str).filter(|n| !n.is_empty()).unwrap_or("API").to_owned();
    contacts::points(&cx, id, op, by, name).await?;
    Ok(Json(json!({"success": 1})))
}

/// Old keys of events.
const EVENTS: &[(&str, &str, EventKind)] = &[
    ("lead.create", "Contact created", EventKind::Created),
    ("lead.identified", "Contact identified", EventKind::Identified),
    ("lead.apiadded", "Added through API", EventKind::ApiChanged),
    ("lead.donotcontact", "Do not contact", EventKind::DoNotContactChanged),
    ("lead.imported", "Imported", EventKind::Imported),
    ("point.gained", "Point gained", EventKind::PointsChanged),
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
    let wanted = |(key, _, _): &&(&str, &str, EventKind)| {
        (include.is_empty() || include.iter().any(|i| i == key)) && !exclude.iter().any(|e| e == key)
    };
    let kinds: Vec<EventKind> = EVENTS.iter().filter(wanted).map(|e| e.2).collect();
    let instant = |key: &str| filters.get(key).and_then(Value::as_str).and_then(|t| Timestamp::parse(t).ok());
    let list = ListQuery { limit: u32::try_from(limit).unwrap_or(25), offset: (page - 1) * limit, ..ListQuery::default() };
    let query = TimelineQuery { list, kinds, without: Vec::new(), from: instant("dateFrom"), until: instant("dateTo") };
    let found = contacts::timeline(cx, contact, query).await.map_err(no_contact)?;
    let total = found.total.unwrap_or(0);
    let events = found.items.into_iter().map(|m| {
        let (key, label, _) = EVENTS.iter().find(|e| e.2 == m.kind).copied().unwrap_or(("lead.update", "Changed", m.kind));
        json!({
            "event": key, "eventId": format!("{key}{}", m.id), "eventType": label, "eventLabel": m.title,
            "timestamp": m.at.rfc3339_offset(), "contactId": m.contact, "details": m.detail,
        })
    });
    let types: Map<String, Value> = EVENTS.iter().map(|(key, label, _)| ((*key).to_owned(), json!(label))).collect();
    Ok(Json(json!({
        "events": events.collect::<Vec<_>>(),
        "filters": {"search": filters.get("search").and_then(Value::as_str).unwrap_or(""), "includeEvents": include, "excludeEvents": exclude},
        "order": ["timestamp", "DESC"], "types": types, "total": total, "page": page, "limit": limit,
        "maxPages": total.div_ceil(limit),
    })))
}
