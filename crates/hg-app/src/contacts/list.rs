//! The contact list: search, filters, order, pages.

use hg_core::contacts::Search;
use hg_core::ids::{ContactId, SegmentId};
use hg_core::segments::Plan;
use hg_store::{Flow, Sql, Tx, Value};
use roaring::RoaringBitmap;
use serde_json::Value as Json;
use std::sync::Arc;

use crate::contacts::{Contact, directory, row, search, window};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;
use crate::list::{ListQuery, Page};
use crate::segments::{self, Everyone, select};
use crate::tags;

/// Which contacts are wanted.
#[derive(Debug, Clone, Default)]
pub struct ContactQuery {
    pub list: ListQuery,
    pub segment: Option<SegmentId>,
    /// By name.
    pub tag: Option<String>,
    /// A filter as segments have.
    pub filter: Option<Json>,
    /// Visitors are left out unless asked for, here or in the search.
    pub include_anonymous: bool,
    /// Conditions besides the filter, all of which are met.
    pub among: Vec<Among>,
}

/// Conditions of which some are on ids and some a filter.
#[derive(Debug, Clone, PartialEq)]
pub enum Among {
    Ids(IdRule),
    /// A filter as segments have.
    Filter(Json),
    Any(Vec<Among>),
    All(Vec<Among>),
}

/// The ids inside some ranges, both ends among them; or all others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdRule {
    pub ranges: Vec<(i64, i64)>,
    pub outside: bool,
}

impl IdRule {
    fn bits(&self) -> RoaringBitmap {
        let bit = |id: i64| u32::try_from(id.clamp(0, i64::from(u32::MAX))).unwrap_or(u32::MAX);
        let mut bits = RoaringBitmap::new();
        for (from, to) in self.ranges.iter().filter(|(from, to)| from <= to && *to >= 0) {
            bits.insert_range(bit(*from)..=bit(*to));
        }
        bits
    }
}

/// A page of contacts.
pub async fn list(cx: &Cx, query: ContactQuery) -> Result<Page<Contact>> {
    let (ids, total) = list_ids(cx, &query).await?;
    let ws = cx.ws.clone();
    let limit = query.list.limit();
    cx.db()
        .read(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let plain: Vec<ContactId> = ids.iter().map(|(id, _)| *id).collect();
            let keys: std::collections::HashMap<ContactId, Value> = ids.into_iter().collect();
            let contacts = row::load_many(tx, &fields, &plain)?;
            let key = |c: &Contact| (keys.get(&c.id).cloned().unwrap_or(Value::Null), c.id.0);
            Ok(Page::of(contacts, limit, Some(total), key))
        })
        .await
}

/// The ids of a page, one more than its size when there are more, with the values they are sorted by; and how
/// many there are in all.
pub async fn list_ids(cx: &Cx, query: &ContactQuery) -> Result<(Vec<(ContactId, Value)>, u64)> {
    cx.may(Action::View(Area::Contacts))?;
    let wanted = wanted(cx, query).await?;
    let total = wanted.len();
    Ok((window::window(cx, wanted, &query.list).await?, total))
}

/// Everybody whom a query wants, in no order.
pub(crate) async fn wanted(cx: &Cx, query: &ContactQuery) -> Result<RoaringBitmap> {
    let search = Search::parse(&query.list.search);
    let asks_for_visitors = search.as_ref().is_some_and(|s| {
        s.mentions(&|term| {
            term.command.as_deref() == Some("is") && term.text == "anonymous" || term.command.as_deref() == Some("ids")
        })
    });
    let everyone = if query.include_anonymous || asks_for_visitors { Everyone::WithVisitors } else { Everyone::Identified };
    let mut found = match &query.filter {
        Some(json) => filtered(cx, json, everyone).await?,
        None => directory::everyone(&cx.ws, everyone).await?,
    };
    if let Some(search) = &search {
        found &= search::find(cx, search).await?;
    }
    for part in &query.among {
        match part {
            Among::Ids(rule) if rule.outside => found -= rule.bits(),
            Among::Ids(rule) => found &= rule.bits(),
            part => found &= meeting(cx, part, everyone).await?,
        }
    }
    let (ws, segment, tag) = (cx.ws.clone(), query.segment, query.tag.clone());
    cx.db()
        .read(move |tx| {
            if let Some(segment) = segment {
                found &= &*segments::members(&ws, tx, segment)?;
            }
            if let Some(tag) = tag {
                found &= tagged(tx, &tag)?;
            }
            Ok(found)
        })
        .await
}

/// Everybody who meets a filter.
async fn filtered(cx: &Cx, json: &Json, everyone: Everyone) -> Result<RoaringBitmap> {
    let (ws, json) = (cx.ws.clone(), json.clone());
    let plan: Plan = cx
        .db()
        .read(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let json = segments::resolve_filter(tx, &json)?;
            Ok::<_, Error>(segments::compile(&json, &fields)?)
        })
        .await?;
    let zone = hg_core::time::zone_or(Some(&cx.ws.settings().general.timezone), &hg_core::time::TimeZone::UTC);
    let moment = Arc::new(plan.at(cx.now(), &zone));
    let no_conditions = plan.filter().is_empty();
    let found = select(&cx.ws, Arc::new(plan), moment, everyone, None).await?;
    Ok(if no_conditions { found.everyone } else { found.selected })
}

/// Everybody who meets a condition.
async fn meeting(cx: &Cx, part: &Among, everyone: Everyone) -> Result<RoaringBitmap> {
    Ok(match part {
        Among::Ids(rule) if rule.outside => directory::everyone(&cx.ws, everyone).await? - rule.bits(),
        Among::Ids(rule) => rule.bits(),
        Among::Filter(json) => filtered(cx, json, everyone).await?,
        Among::Any(parts) => {
            let mut found = RoaringBitmap::new();
            for part in parts {
                found |= Box::pin(meeting(cx, part, everyone)).await?;
            }
            found
        }
        Among::All(parts) => {
            let mut found = directory::everyone(&cx.ws, everyone).await?;
            for part in parts {
                found &= Box::pin(meeting(cx, part, everyone)).await?;
            }
            found
        }
    })
}

fn tagged(tx: &mut Tx<'_>, name: &str) -> Result<RoaringBitmap> {
    let Some((tag, _)) = tags::find_by_name(tx, name)? else { return Ok(RoaringBitmap::new()) };
    let mut found = RoaringBitmap::new();
    tx.each(Sql::new("SELECT contact_id FROM contact_tags WHERE tag_id = $1").bind(tag), |r| {
        found.insert(r.get(0)?);
        Ok(Flow::Next)
    })?;
    Ok(found)
}
