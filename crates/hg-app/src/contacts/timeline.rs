//! What happened to a contact, newest first.

use std::collections::HashMap;

use hg_core::events::EventKind;
use hg_core::ids::ContactId;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx, Value};
use serde_json::{Value as Json, json};

use crate::contacts::service;
use crate::contacts::traces::addresses_of;
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::list::{ListQuery, Page};
use crate::segments;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Moment {
    pub id: i64,
    pub contact: ContactId,
    pub kind: EventKind,
    pub at: Timestamp,
    /// One sentence.
    pub title: String,
    pub detail: Json,
    /// What it was about: type, id, name.
    pub about: Option<(&'static str, i64, String)>,
}

/// Which part of a timeline is wanted.
#[derive(Debug, Clone, Default)]
pub struct TimelineQuery {
    pub list: ListQuery,
    /// Only these kinds; all when empty.
    pub kinds: Vec<EventKind>,
    /// Not these kinds.
    pub without: Vec<EventKind>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Only what is told with this in it, among the newest of the events.
    pub search: String,
    /// The oldest first; pages then go by offset.
    pub oldest_first: bool,
}

/// How far a search looks back.
const SEARCHED: i64 = 5_000;

/// The timeline of a contact, or of all when none is given.
pub async fn timeline(cx: &Cx, contact: Option<ContactId>, query: TimelineQuery) -> Result<Page<Moment>> {
    cx.may(Action::View(Area::Contacts))?;
    let after = query.list.after()?;
    cx.db()
        .read(move |tx| {
            let contact = contact.map(|c| service::survivor(tx, c)).transpose()?;
            let limit = query.list.limit();
            let kinds: Vec<i64> = EventKind::ALL
                .iter()
                .filter(|k| k.is_shown() && !query.without.contains(k) && (query.kinds.is_empty() || query.kinds.contains(k)))
                .map(|k| k.code())
                .collect();
            let (at, id) = match after {
                Some((Value::Int(at), id)) => (at, id),
                _ => (i64::MAX, i64::MAX),
            };
            let ours = if contact.is_some() { "e.contact_id = $1" } else { "$1 = 0" };
            let conditions = format!("{ours} AND e.kind @in($2) AND e.occurred_at >= $3 AND e.occurred_at < $4");
            let from = query.from.map_or(i64::MIN, |t| t.0);
            let until = query.until.map_or(i64::MAX, |t| t.0);
            let bound = |text: String| {
                Sql::new(text).bind(contact.map_or(0, |c| c.0)).bind(kinds.as_slice()).bind(from).bind(until)
            };
            let mut total: i64 = tx.scalar(bound(format!("SELECT count(*) FROM events e WHERE {conditions}")))?;
            let text = format!(
                "SELECT e.id, e.contact_id, e.kind, e.occurred_at, e.object_id, e.detail, u.url FROM events e LEFT JOIN urls u ON u.id = e.url_id \
                 WHERE {conditions} AND (e.occurred_at < $5 OR (e.occurred_at = $5 AND e.id < $6)) \
                 ORDER BY e.occurred_at DESC, e.id DESC LIMIT $7 OFFSET $8"
            );
            let offset = i64::try_from(query.list.offset).unwrap_or(i64::MAX);
            let text = if query.oldest_first { text.replace(" DESC", "") } else { text };
            let wanted = i64::from(limit) + 1;
            if !query.search.trim().is_empty() {
                let mut raw = tx.all(bound(text).bind(at).bind(id).bind(SEARCHED).bind(0), read)?;
                if let Some(contact) = contact {
                    raw.extend(with_many(tx, contact, &kinds, from, until)?);
                    raw.extend(addresses_first_seen(tx, contact, &kinds, from, until)?);
                }
                return found(tx, raw, &query);
            }
            let many = match contact {
                Some(contact) => {
                    let mut told = with_many(tx, contact, &kinds, from, until)?;
                    told.extend(addresses_first_seen(tx, contact, &kinds, from, until)?);
                    told
                }
                None => Vec::new(),
            };
            let rows = if many.is_empty() {
                tx.all(bound(text).bind(at).bind(id).bind(wanted).bind(offset), read)?
            } else {
                total += many.len() as i64;
                let events = tx.all(bound(text).bind(at).bind(id).bind(wanted.saturating_add(offset)).bind(0), read)?;
                let skip = usize::try_from(offset).unwrap_or(usize::MAX);
                let others = many.into_iter().filter(|m| (m.at.0, m.id) < (at, id));
                together(events, others, query.oldest_first).skip(skip).take(limit as usize + 1).collect()
            };
            let names = Names::of(tx, &rows)?;
            let moments = rows.into_iter().map(|raw| names.tell(raw)).collect();
            Ok(Page::of(moments, limit, u64::try_from(total).ok(), |m: &Moment| (Value::Int(m.at.0), m.id)))
        })
        .await
}

/// What happened lately to anybody, the newest first, without a total: this is asked for often, and of many millions.
pub async fn recent(cx: &Cx, query: TimelineQuery) -> Result<Page<Moment>> {
    cx.may(Action::View(Area::Contacts))?;
    let after = query.list.after()?.map_or(i64::MAX, |(_, id)| id);
    cx.db()
        .read(move |tx| {
            let limit = query.list.limit();
            let shown = |k: &&EventKind| k.is_shown() && (query.kinds.is_empty() || query.kinds.contains(k));
            let kinds: Vec<i64> = EventKind::ALL.iter().filter(shown).map(|k| k.code()).collect();
            let text = "SELECT e.id, e.contact_id, e.kind, e.occurred_at, e.object_id, e.detail, u.url FROM events e LEFT JOIN urls u ON u.id = e.url_id \
                 WHERE e.id < $1 AND e.kind @in($2) ORDER BY e.id DESC LIMIT $3";
            let rows = tx.all(Sql::new(text).bind(after).bind(kinds.as_slice()).bind(i64::from(limit) + 1), read)?;
            let names = Names::of(tx, &rows)?;
            let moments = rows.into_iter().map(|raw| names.tell(raw)).collect();
            Ok(Page::of(moments, limit, None, |m: &Moment| (Value::Null, m.id)))
        })
        .await
}

/// Certain events, the oldest first, for the live stream.
pub async fn moments(cx: &Cx, ids: Vec<i64>) -> Result<Vec<Moment>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let text = "SELECT e.id, e.contact_id, e.kind, e.occurred_at, e.object_id, e.detail, u.url FROM events e LEFT JOIN urls u ON u.id = e.url_id \
                 WHERE e.id @in($1) ORDER BY e.id";
            let rows = tx.all(Sql::new(text).bind(ids.as_slice()), read)?;
            let names = Names::of(tx, &rows)?;
            Ok(rows.into_iter().map(|raw| names.tell(raw)).collect())
        })
        .await
}

/// Joins and leaves that stand for many in the log of segments, newest first. Their ids are below zero, so that they
/// never meet those of events.
fn with_many(tx: &mut Tx<'_>, contact: ContactId, kinds: &[i64], from: i64, until: i64) -> Result<Vec<Raw>> {
    let kind_of = |joined: bool| if joined { EventKind::SegmentJoined } else { EventKind::SegmentLeft };
    if ![true, false].iter().any(|joined| kinds.contains(&kind_of(*joined).code())) {
        return Ok(Vec::new());
    }
    let moves = segments::moved_with_many(tx, contact, from, until)?;
    let raw = moves.into_iter().filter(|m| kinds.contains(&kind_of(m.joined).code())).map(|m| Raw {
        id: -m.row,
        contact,
        kind: kind_of(m.joined),
        at: m.at,
        object: m.segment.0,
        detail: json!({}),
        url: None,
    });
    Ok(raw.collect())
}

/// Below the ids of segment moves, so that the two never meet.
const ADDRESSES_FROM: i64 = -(1 << 50);

/// When each address of a contact was seen first.
fn addresses_first_seen(tx: &mut Tx<'_>, contact: ContactId, kinds: &[i64], from: i64, until: i64) -> Result<Vec<Raw>> {
    if !kinds.contains(&EventKind::AddressSeen.code()) {
        return Ok(Vec::new());
    }
    let seen = addresses_of(tx, &[contact.0])?.remove(&contact).unwrap_or_default();
    let within = seen.into_iter().filter(|a| a.first_at.0 >= from && a.first_at.0 < until);
    let raw = within.map(|a| Raw {
        id: ADDRESSES_FROM - a.id,
        contact,
        kind: EventKind::AddressSeen,
        at: a.first_at,
        object: 0,
        detail: json!({"address": a.address}),
        url: None,
    });
    Ok(raw.collect())
}

/// Both in one order: the newest first, or the oldest.
fn together(events: Vec<Raw>, others: impl Iterator<Item = Raw>, oldest_first: bool) -> impl Iterator<Item = Raw> {
    let mut all: Vec<Raw> = events.into_iter().chain(others).collect();
    all.sort_by_key(|raw| std::cmp::Reverse((raw.at, raw.id)));
    if oldest_first {
        all.reverse();
    }
    all.into_iter()
}

/// What a search finds among events, told.
fn found(tx: &mut Tx<'_>, raw: Vec<Raw>, query: &TimelineQuery) -> Result<Page<Moment>> {
    let names = Names::of(tx, &raw)?;
    let wanted = hg_core::text::fold(query.search.trim());
    let holds = |m: &Moment| {
        let detail = m.detail.as_object().into_iter().flat_map(|d| d.values()).filter_map(Json::as_str);
        std::iter::once(m.title.as_str()).chain(detail).any(|text| hg_core::text::fold(text).contains(&wanted))
    };
    let all: Vec<Moment> = together(raw, std::iter::empty(), query.oldest_first).map(|r| names.tell(r)).filter(holds).collect();
    let total = all.len() as u64;
    let skip = usize::try_from(query.list.offset).unwrap_or(usize::MAX);
    let page = all.into_iter().skip(skip).take(query.list.limit() as usize).collect();
    Ok(Page { items: page, next_cursor: None, total: Some(total) })
}

fn read(r: &hg_store::Row<'_>) -> hg_store::Result<Raw> {
    Ok(Raw {
        id: r.get(0)?,
        contact: r.get(1)?,
        kind: EventKind::from_code(r.get(2)?).unwrap_or(EventKind::TimePassed),
        at: r.get(3)?,
        object: r.get(4)?,
        detail: r.get::<Option<Json>>(5)?.unwrap_or_else(|| json!({})),
        url: r.get(6)?,
    })
}

struct Raw {
    id: i64,
    contact: ContactId,
    kind: EventKind,
    at: Timestamp,
    object: i64,
    detail: Json,
    url: Option<String>,
}

/// What an event's object is.
fn thing(kind: EventKind) -> Option<&'static str> {
    Some(match kind {
        EventKind::TagChanged => "tag",
        EventKind::CompanyChanged => "company",
        EventKind::SegmentJoined | EventKind::SegmentLeft => "segment",
        EventKind::CampaignJoined | EventKind::CampaignLeft => "campaign",
        EventKind::PageHit => "page",
        EventKind::EmailSent
        | EventKind::MessageHeld
        | EventKind::EmailOpened
        | EventKind::EmailClicked
        | EventKind::MachineOpened
        | EventKind::MachineClicked
        | EventKind::EmailReplied
        | EventKind::EmailBounced
        | EventKind::EmailComplained
        | EventKind::EmailFailed => "email",
        EventKind::FormSubmitted => "form",
        EventKind::Imported | EventKind::Created => "import",
        EventKind::StageChanged => "stage",
        EventKind::CategoryChanged => "category",
        _ => return None,
    })
}

/// The names of everything that a page of events is about.
struct Names(HashMap<(&'static str, i64), String>);

impl Names {
    fn of(tx: &mut Tx<'_>, rows: &[Raw]) -> Result<Names> {
        let mut found = HashMap::new();
        for (what, text) in [
            ("tag", "SELECT id, name FROM tags WHERE id @in($1)"),
            ("company", "SELECT id, coalesce(companyname, '') FROM companies WHERE id @in($1)"),
            ("campaign", "SELECT id, name FROM campaigns WHERE id @in($1)"),
            ("page", "SELECT id, title FROM pages WHERE id @in($1)"),
            ("email", "SELECT id, name FROM emails WHERE id @in($1)"),
            ("form", "SELECT id, name FROM forms WHERE id @in($1)"),
            ("import", "SELECT id, file_name FROM imports WHERE id @in($1)"),
            ("stage", "SELECT id, name FROM stages WHERE id @in($1)"),
            ("category", "SELECT id, title FROM categories WHERE id @in($1)"),
        ] {
            let ids = ids_of(rows, what);
            if !ids.is_empty() {
                let names = tx.all(Sql::new(text).bind(ids.as_slice()), |r| Ok((r.get::<i64>(0)?, r.get::<String>(1)?)))?;
                found.extend(names.into_iter().map(|(id, name)| ((what, id), name)));
            }
        }
        let segments = segments::names(tx, &ids_of(rows, "segment"))?;
        found.extend(segments.into_iter().map(|(id, name)| (("segment", id), name)));
        Ok(Names(found))
    }

    fn tell(&self, raw: Raw) -> Moment {
        let about = thing(raw.kind).filter(|_| raw.object > 0).map(|what| {
            let name = self.0.get(&(what, raw.object)).cloned().unwrap_or_else(|| format!("{what} {}", raw.object));
            (what, raw.object, name)
        });
        let name = about.as_ref().map_or(String::new(), |(_, _, name)| format!("“{name}”"));
        let text = |key: &str| raw.detail.get(key).and_then(Json::as_str).unwrap_or("").to_owned();
        let flag = |key: &str| raw.detail.get(key).and_then(Json::as_bool).unwrap_or(false);
        let url = raw.url.clone().unwrap_or_else(|| text("url"));
        let title = match raw.kind {
            EventKind::Created if about.is_some() && !text("by").is_empty() => {
                format!("Imported from {name}, made by {}", text("by"))
            }
            EventKind::Created if about.is_some() => format!("Imported from {name}"),
            EventKind::Created => "Contact created".to_owned(),
            EventKind::Identified => "Contact identified".to_owned(),
            EventKind::TagChanged if flag("added") => format!("Tag “{}” added", text("name")),
            EventKind::TagChanged => format!("Tag “{}” removed", text("name")),
            EventKind::PointsChanged => {
                let delta = raw.detail.get("delta").and_then(Json::as_i64).unwrap_or(0);
                let group = text("group");
                let group = if group.is_empty() { String::new() } else { format!(" ({group})") };
                format!("{delta:+} points{group}: {}", text("reason"))
            }
            EventKind::DoNotContactChanged if flag("added") => format!("Do not contact: {}", text("channel")),
            EventKind::DoNotContactChanged => format!("May be contacted again: {}", text("channel")),
            EventKind::ConsentChanged if flag("given") => format!("Agreed to “{}”", text("purpose")),
            EventKind::ConsentChanged => format!("Withdrew the agreement to “{}”", text("purpose")),
            EventKind::CompanyChanged if flag("added") => format!("Came to the company {name}"),
            EventKind::CompanyChanged => format!("Left the company {name}"),
            EventKind::SegmentJoined => format!("Joined the segment {name}"),
            EventKind::SegmentLeft => format!("Left the segment {name}"),
            EventKind::CampaignJoined => format!("Joined the campaign {name}"),
            EventKind::CampaignLeft => format!("Left the campaign {name}"),
            EventKind::CampaignStep => format!("Campaign step “{}”", text("name")),
            EventKind::PageHit if about.is_some() => format!("Visited the page {name}"),
            EventKind::PageHit => format!("Visited {url}"),
            EventKind::EmailSent => format!("Was sent the email {name}"),
            EventKind::EmailOpened => format!("Opened the email {name}"),
            EventKind::EmailClicked => format!("Clicked {url} in the email {name}"),
            EventKind::MachineOpened => format!("A mail scanner opened the email {name}"),
            EventKind::MachineClicked => format!("A mail scanner followed {url} in the email {name}"),
            EventKind::EmailReplied => format!("Answered the email {name}"),
            EventKind::EmailFailed => format!("The email {name} was not delivered: {}", text("reason")),
            EventKind::EmailBounced if flag("final") => format!("The email {name} came back for good: {}", text("reason")),
            EventKind::EmailBounced => format!("The email {name} came back for now: {}", text("reason")),
            EventKind::EmailComplained => format!("Reported the email {name} as spam"),
            EventKind::FormSubmitted => format!("Sent in the form {name}"),
            EventKind::Imported if !text("by").is_empty() => format!("Updated from {name}, changed by {}", text("by")),
            EventKind::Imported => format!("Updated from {name}"),
            EventKind::Merged => "Another contact was merged into this one".to_owned(),
            EventKind::ApiChanged => "Written through the API".to_owned(),
            EventKind::UtmRecorded => {
                let said: Vec<String> =
                    ["campaign", "source", "medium", "content", "term"].into_iter().map(text).filter(|t| !t.is_empty()).collect();
                format!("Came through the campaign parameters {}", said.join(", "))
            }
            EventKind::AddressSeen => format!("Seen at the address {} for the first time", text("address")),
            EventKind::MessageHeld => format!("The email {name} waits: {}", text("reason")),
            EventKind::Unmerged => "A merge with another contact was undone".to_owned(),
            EventKind::PreferencesChanged => format!("Changed how she wants to be contacted: {}", text("channel")),
            EventKind::StageChanged if about.is_some() => format!("Moved to the stage {name}"),
            EventKind::StageChanged => format!("Left the stage “{}”", text("from")),
            EventKind::CategoryChanged if flag("subscribed") => format!("Subscribed to {name}"),
            EventKind::CategoryChanged => format!("Unsubscribed from {name}"),
            EventKind::TriggerReached => format!("Reached “{}”", text("name")),
            EventKind::FieldsChanged | EventKind::DeletedChanged | EventKind::TimePassed | EventKind::CompanyEdited => {
                "Changed".to_owned()
            }
        };
        let mut detail = raw.detail;
        if let (Some(url), Json::Object(object)) = (raw.url, &mut detail) {
            object.entry("url").or_insert_with(|| Json::from(url));
        }
        Moment { id: raw.id, contact: raw.contact, kind: raw.kind, at: raw.at, title, detail, about }
    }
}

fn ids_of(rows: &[Raw], what: &str) -> Vec<i64> {
    let ids: std::collections::BTreeSet<i64> =
        rows.iter().filter(|r| r.object > 0 && thing(r.kind) == Some(what)).map(|r| r.object).collect();
    ids.into_iter().collect()
}
