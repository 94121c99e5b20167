//! `/api/campaigns` (`api.md` §4.1, `campaigns.md` §3.1).
//!
//! The old shape draws a campaign twice: as events, and as a canvas whose connections decide what follows what. Both
//! are read into the steps of a plan and written from it again. What a client stored and we do not use (a category,
//! settings of later features, the places on its canvas) is kept and given back.

use async_trait::async_trait;
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Json, Router};
use hg_app::campaigns::{self, Campaign, CampaignPatch, CampaignQuery, NewCampaign, PeopleQuery, State};
use hg_app::list::ListQuery;
use hg_app::{Cx, Error};
use hg_core::campaigns::{Republish, Source, SourceKind};
use hg_core::ids::{CampaignId, ContactId};
use hg_core::time::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError, created};
use super::campaign_events as events;
use super::crud::{CompatList, Entity, PublishBlock, id_of, ids, is_true, routes};
use super::placed::get_whole;
use crate::Web;
use crate::auth::Caller;

pub fn router() -> Router<Web> {
    routes::<Campaigns>()
        .route("/campaigns/{id}/contact/{contact}/add", post(add))
        .route("/campaigns/{id}/contact/{contact}/remove", post(remove))
        .route("/campaigns/{id}/contacts", get(contacts))
        .route("/campaigns/clone/{id}", post(clone))
}

pub(super) struct Campaigns;

/// A wrong plan is 422 here, as clients know it, and names the first event at fault; everything else as everywhere.
/// `keys`: the keys of the events in the order in which the client sent them.
fn told(error: Error, keys: &[String]) -> CompatError {
    let step = |pointer: &str| pointer.strip_prefix("/steps/").map(str::to_owned);
    let fault = error.fields.iter().find_map(|f| step(&f.pointer));
    if error.code != "campaign.not-ready" && fault.is_none() {
        return error.into();
    }
    let number = fault.and_then(|key| keys.iter().position(|k| *k == key).or_else(|| key.parse().ok()));
    let place = number.map_or_else(|| "data.events".to_owned(), |number| format!("data.events[{number}]"));
    let details: Vec<&str> = error.fields.iter().map(|f| f.detail.as_str()).collect();
    CompatError::invalid(place, if details.is_empty() { error.detail.clone() } else { details.join(" ") })
}

/// What becomes of waits after a pause; null stands for the workspace's.
fn republish(body: &Map<String, Value>) -> CompatAnswer<Option<Option<Republish>>> {
    match body.get("republishBehavior") {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(value) => match value.as_str().and_then(Republish::from_key) {
            Some(known) => Ok(Some(Some(known))),
            None => Err(CompatError::bad("republishBehavior: The selected choice is invalid.")),
        },
    }
}

pub(super) fn show(c: &Campaign, minimal: bool) -> Value {
    let block = PublishBlock {
        is_published: c.state == State::Published,
        date_added: Some(c.created_at),
        date_modified: Some(c.updated_at),
        created_by: c.created_by,
        created_by_user: None,
    };
    let mut out = block.start();
    let extra = c.extra.clone().unwrap_or(Value::Null);
    out.insert("id".into(), json!(c.id));
    out.insert("name".into(), json!(c.name));
    out.insert("category".into(), Value::Null);
    out.insert("description".into(), json!(c.description));
    if minimal {
        return Value::Object(out);
    }
    let date = |t: Option<Timestamp>| t.map(Timestamp::rfc3339_offset);
    out.insert("allowRestart".into(), json!(c.allow_restart));
    out.insert("republishBehavior".into(), json!(c.republish.map(Republish::key)));
    out.insert("publishUp".into(), json!(date(c.publish_up)));
    out.insert("publishDown".into(), json!(date(c.publish_down)));
    out.insert("events".into(), events::show(&c.plan, &extra));
    let sources = |kind| c.sources.iter().filter(move |(s, _)| s.kind == kind);
    out.insert("forms".into(), sources(SourceKind::Form).map(|(s, name)| json!({"id": s.id, "name": name})).collect());
    let list = |(s, name): &(Source, String)| json!({"createdByUser": null, "modifiedByUser": null, "id": s.id, "name": name, "publicName": name, "alias": null, "description": null, "category": null});
    out.insert("lists".into(), sources(SourceKind::Segment).map(list).collect());
    out.insert(
        "companySegments".into(),
        sources(SourceKind::CompanySegment).map(|(s, name)| json!({"id": s.id, "name": name})).collect(),
    );
    out.insert("canvasSettings".into(), events::canvas(c, &extra));
    Value::Object(out)
}

/// Sources named in the body; `None`: none are named.
fn sources(body: &Map<String, Value>) -> Option<Vec<Source>> {
    if !["lists", "forms", "companySegments"].iter().any(|key| body.contains_key(*key)) {
        return None;
    }
    let of = |key: &str, kind| ids(body.get(key)).into_iter().map(move |id| Source { kind, id }).collect::<Vec<_>>();
    let companies = of("companySegments", SourceKind::CompanySegment);
    Some([of("lists", SourceKind::Segment), of("forms", SourceKind::Form), companies].concat())
}

/// Clients that know nothing of segments of companies leave them as they are.
fn keeping_companies(body: &Map<String, Value>, before: &Campaign, mut named: Vec<Source>) -> Vec<Source> {
    if !body.contains_key("companySegments") {
        named.extend(before.sources.iter().map(|(s, _)| *s).filter(|s| s.kind == SourceKind::CompanySegment));
    }
    named
}

fn text(body: &Map<String, Value>, key: &str) -> Option<String> {
    body.get(key).and_then(Value::as_str).map(str::to_owned)
}

pub(super) fn instant(body: &Map<String, Value>, key: &str) -> CompatAnswer<Option<Timestamp>> {
    match body.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(s)) if s.trim().is_empty() || s.starts_with("0000-00-00") => Ok(None),
        Some(Value::String(s)) => {
            let at = hg_core::contacts::read_instant(s, &hg_core::time::TimeZone::UTC);
            at.map(Some).ok_or_else(|| CompatError::bad(format!("{key}: This value is not a valid datetime.")))
        }
        Some(_) => Err(CompatError::bad(format!("{key}: This value is not a valid datetime."))),
    }
}

fn wants_published(body: &Map<String, Value>) -> Option<bool> {
    body.get("isPublished").map(is_true)
}

#[async_trait]
impl Entity for Campaigns {
    const PATH: &'static str = "campaigns";
    const ONE: &'static str = "campaign";
    const MANY: &'static str = "campaigns";
    const KEYED: bool = true;
    const CATEGORY: Option<(&str, &str)> = Some(("campaign", "campaigns"));
    const SHORT: &'static [&'static str] = &["id", "name", "category", "description"];

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let sort = query.order.first().map_or_else(
            || Ok("created_at".to_owned()),
            |(column, down)| {
                let field = match column.as_str() {
                    "id" | "dateAdded" | "date_added" => "created_at",
                    "name" => "name",
                    "dateModified" | "date_modified" => "updated_at",
                    other => return Err(CompatError::bad(format!("Unknown column {other}."))),
                };
                Ok(format!("{}{field}", if *down { "-" } else { "" }))
            },
        )?;
        let (state, search) = match query.search.as_str() {
            "is:published" => (Some(State::Published), String::new()),
            other => (query.published_only.then_some(State::Published), other.to_owned()),
        };
        let list = ListQuery { search, sort, limit: query.limit, offset: query.start, ..ListQuery::default() };
        let page = campaigns::list(cx, CampaignQuery { list, state }).await?;
        let rows = page.items.iter().map(|c| (c.id.0, show(c, query.minimal))).collect();
        Ok((page.total.unwrap_or(0), rows))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show(&campaigns::get(cx, CampaignId(id)).await?, false))
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        let name = text(&body, "name").filter(|n| !n.trim().is_empty()).ok_or_else(CompatError::from_missing_name)?;
        let drawn = events::read(cx, &body, None)?;
        if drawn.steps.is_empty() {
            return Err(CompatError::bad("At least one event is required."));
        }
        let keys: Vec<String> = drawn.steps.iter().map(|step| step.key.clone()).collect();
        let sources = sources(&body).unwrap_or_default();
        if sources.is_empty() {
            return Err(CompatError::bad("At least one contact source is required."));
        }
        let new = NewCampaign {
            name,
            description: text(&body, "description"),
            publish_up: instant(&body, "publishUp")?,
            publish_down: instant(&body, "publishDown")?,
            allow_restart: body.get("allowRestart").is_some_and(is_true),
            republish: republish(&body)?.unwrap_or_default(),
            sources,
            steps: drawn.steps,
            rules: Vec::new(),
            layout: None,
            extra: Some(drawn.extra),
            publish: wants_published(&body).unwrap_or(true),
        };
        let made = campaigns::create(cx, new).await.map_err(|error| told(error, &keys))?;
        Ok((made.id.0, show(&made, false), true))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        let before = campaigns::get(cx, CampaignId(id)).await?;
        if replace && !body.contains_key("events") {
            return Err(CompatError::bad("At least one event is required."));
        }
        if replace && sources(&body).is_none_or(|s| s.is_empty()) {
            return Err(CompatError::bad("At least one contact source is required."));
        }
        if body.contains_key("name") && text(&body, "name").is_none_or(|n| n.trim().is_empty()) {
            return Err(CompatError::from_missing_name());
        }
        let drawn = if body.contains_key("events") { Some(events::read(cx, &body, Some(&before))?) } else { None };
        let drawn_keys: Option<Vec<String>> = drawn.as_ref().map(|d| d.steps.iter().map(|step| step.key.clone()).collect());
        let keys = drawn_keys.unwrap_or_else(|| before.plan.steps.iter().map(|step| step.key.clone()).collect());
        let told = |error| told(error, &keys);
        let named = |key: &str| replace || body.contains_key(key);
        let mut extra = before.extra.clone().filter(Value::is_object).unwrap_or_else(|| json!({}));
        if let Some(drawn) = &drawn {
            extra = drawn.extra.clone();
        } else if body.contains_key("category") {
            extra["category"] = body["category"].clone();
        }
        let patch = CampaignPatch {
            version: None,
            name: text(&body, "name"),
            description: named("description").then(|| text(&body, "description")),
            publish_up: if named("publishUp") { Some(instant(&body, "publishUp")?) } else { None },
            publish_down: if named("publishDown") { Some(instant(&body, "publishDown")?) } else { None },
            allow_restart: named("allowRestart").then(|| body.get("allowRestart").is_some_and(is_true)),
            republish: republish(&body)?,
            sources: sources(&body).map(|named| keeping_companies(&body, &before, named)),
            steps: drawn.map(|d| d.steps),
            rules: None,
            layout: None,
            extra: Some(extra),
            people: None,
        };
        let mut saved = campaigns::update(cx, CampaignId(id), patch).await.map_err(told)?;
        let publish = wants_published(&body).or_else(|| replace.then_some(false));
        match publish {
            Some(true) if saved.state != State::Published => {
                saved = campaigns::publish(cx, CampaignId(id)).await.map_err(told)?
            }
            Some(false) if saved.state == State::Published => saved = campaigns::pause(cx, CampaignId(id)).await?,
            _ => {}
        }
        Ok(show(&saved, false))
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        let shown = Self::get(cx, id).await?;
        campaigns::delete(cx, CampaignId(id)).await?;
        Ok(shown)
    }
}

async fn add(Caller(cx): Caller, Path((id, contact)): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    campaigns::change_people(&cx, CampaignId(id_of(&id)?), vec![ContactId(id_of(&contact)?)], vec![]).await?;
    Ok(Json(json!({"success": 1})))
}

async fn remove(Caller(cx): Caller, Path((id, contact)): Path<(String, String)>) -> CompatAnswer<Json<Value>> {
    campaigns::change_people(&cx, CampaignId(id_of(&id)?), vec![], vec![ContactId(id_of(&contact)?)]).await?;
    Ok(Json(json!({"success": 1})))
}

/// Rows of membership, everything a text as the old database driver gave it.
async fn contacts(Caller(cx): Caller, Path(id): Path<String>, RawQuery(query): RawQuery) -> CompatAnswer<Json<Value>> {
    let id = id_of(&id)?;
    let window = CompatList::parse(query.as_deref().unwrap_or(""))?;
    let mut rows = Vec::new();
    let (mut cursor, mut total) = (None, 0);
    let wanted = usize::try_from(window.start).unwrap_or(usize::MAX).saturating_add(window.limit as usize);
    while rows.len() < wanted {
        let list = ListQuery { limit: 500, cursor, ..ListQuery::default() };
        let page = campaigns::people(&cx, CampaignId(id), PeopleQuery { list, ..PeopleQuery::default() }).await?;
        total = page.total.unwrap_or(0);
        rows.extend(page.items.into_iter().map(|p| {
            json!({
                "campaign_id": id.to_string(), "lead_id": p.contact.0.to_string(), "date_added": p.joined_at.sql_text(),
                "manually_removed": if p.state == "active" { "0" } else { "1" }, "manually_added": if p.by_hand { "1" } else { "0" },
                "rotation": p.rotation.to_string(), "date_last_exited": p.left_at.map(Timestamp::sql_text),
            })
        }));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let rows: Vec<Value> =
        rows.into_iter().skip(usize::try_from(window.start).unwrap_or(usize::MAX)).take(window.limit as usize).collect();
    Ok(Json(json!({"total": total.to_string(), "contacts": rows})))
}

/// A copy of everything, unpublished.
async fn clone(Caller(cx): Caller, Path(id): Path<String>) -> CompatAnswer<Response> {
    let copy = campaigns::duplicate(&cx, CampaignId(id_of(&id)?)).await?;
    let shown = get_whole::<Campaigns>(&cx, copy.id.0).await?;
    let mut response = created("campaigns", copy.id.0, json!({ "campaign": shown }));
    *response.status_mut() = StatusCode::OK;
    Ok(response)
}
