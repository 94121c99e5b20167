//! While somebody edits a filter: what can be asked, how many it selects, and whom.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hg_core::ids::{ContactId, SegmentId};
use hg_core::segments::{Explained, FilterField, Plan, canonical_name};
use hg_store::{Sql, Tx};
use roaring::RoaringBitmap;
use serde_json::Value as Json;

use crate::consents;
use crate::contacts::{self, Contact};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;
use crate::points;
use crate::segments::engine::{Everyone, select};
use crate::segments::members::members;
use crate::segments::{compile, why};
use crate::tags;

/// What somebody who edits a filter asks.
#[derive(Debug, Clone)]
pub struct PreviewQuery {
    pub filter: Json,
    pub include_anonymous: bool,
    /// The segment whose filter it is to become, to compare with who belongs to it now.
    pub segment: Option<SegmentId>,
    /// Looks at everybody, however long it takes; otherwise counts are estimated when a quarter of a second is over.
    pub everybody: bool,
}

/// What the filter selects now.
#[derive(Debug, Clone)]
pub struct Preview {
    pub count: u64,
    /// Whether everybody was looked at; otherwise the counts are estimated from a part.
    pub exact: bool,
    pub took_ms: i64,
    /// A few whom it selects.
    pub sample: Vec<Contact>,
    /// How many each condition selects by itself, by its pointer.
    pub conditions: Vec<(String, u64)>,
    /// How many remain after each part of the outermost group, in order, by its pointer.
    pub funnel: Vec<(String, u64)>,
    /// Everybody who could belong.
    pub everyone: u64,
    /// How many would join and how many would leave the segment, when one was named.
    pub moves: Option<(u64, u64)>,
    /// The filter in words.
    pub summary: String,
}

/// Everything that conditions can be about.
#[derive(Debug, Clone)]
pub struct FilterCatalogue {
    pub fields: Vec<FilterField>,
}

/// What a person who edits a filter does not notice; counts of more contacts than that allows are estimated.
const TIME_LIMIT: Duration = Duration::from_millis(250);
const SAMPLE: usize = 5;

/// What conditions can be about in this workspace.
pub async fn catalogue(cx: &Cx) -> Result<FilterCatalogue> {
    cx.may(Action::View(Area::Segments))?;
    let ws = cx.ws.clone();
    cx.db()
        .read(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let purposes = consents::purposes(tx)?;
            let groups = points::group_names(tx)?;
            Ok(FilterCatalogue { fields: hg_core::segments::catalogue(&fields, &purposes, &groups) })
        })
        .await
}

/// Names of tags in a filter become their ids, so that people and programs may write either. Names that no
/// tag has stay and are refused with their place.
pub fn resolve_filter(tx: &mut Tx<'_>, filter: &Json) -> Result<Json> {
    let mut filter = filter.clone();
    resolve(tx, &mut filter)?;
    Ok(filter)
}

fn resolve(tx: &mut Tx<'_>, node: &mut Json) -> Result<()> {
    if let Some(rules) = node.get_mut("rules").and_then(Json::as_array_mut) {
        for rule in rules {
            resolve(tx, rule)?;
        }
        return Ok(());
    }
    if node.get("field").and_then(Json::as_str).map(canonical_name) != Some("tags") {
        return Ok(());
    }
    let Some(value) = node.get_mut("value") else { return Ok(()) };
    let items = match value {
        Json::Array(items) => items.iter_mut().collect::<Vec<_>>(),
        Json::String(_) => vec![value],
        _ => return Ok(()),
    };
    for item in items {
        let Some(name) = item.as_str().filter(|n| n.trim().parse::<i64>().is_err()).map(str::to_owned) else { continue };
        if let Some((id, _)) = tags::find_by_name(tx, &name)? {
            *item = Json::from(id.0);
        }
    }
    Ok(())
}

/// Whom a filter selects, without saving it.
pub async fn preview(cx: &Cx, query: PreviewQuery) -> Result<Preview> {
    cx.may(Action::View(Area::Segments))?;
    let started = Instant::now();
    let plan = planned(cx, query.filter).await?;
    let zone = hg_core::time::zone_or(Some(&cx.ws.settings().general.timezone), &hg_core::time::TimeZone::UTC);
    let moment = Arc::new(plan.at(cx.now(), &zone));
    let plan = Arc::new(plan);
    let everyone = if query.include_anonymous { Everyone::WithVisitors } else { Everyone::Identified };
    let found = select(&cx.ws, plan.clone(), moment, everyone, (!query.everybody).then_some(TIME_LIMIT)).await?;
    let exact = found.looked_at >= 1.0;
    let scaled = |n: u64| if exact { n } else { (n as f64 / found.looked_at.max(0.001)).round() as u64 };
    let conditions = plan.conditions.iter().map(|(pointer, leaf)| (pointer.clone(), scaled(found.leaves[*leaf].len()))).collect();
    let leaf = |leaf: usize| &found.leaves[leaf];
    let funnel = plan.funnel(&leaf, &found.everyone).into_iter().map(|(pointer, count)| (pointer, scaled(count))).collect();
    let moves = match query.segment.filter(|_| exact) {
        Some(segment) => Some(moves(cx, segment, found.selected.clone()).await?),
        None => None,
    };
    let ids: Vec<ContactId> = spread(&found.selected).into_iter().map(ContactId::from_bit).collect();
    let ws = cx.ws.clone();
    let sample = cx.db().read(move |tx| contacts::get_many(&ws, tx, &ids)).await?;
    Ok(Preview {
        count: scaled(found.selected.len()),
        exact,
        took_ms: i64::try_from(started.elapsed().as_millis()).unwrap_or(0),
        sample,
        conditions,
        funnel,
        everyone: scaled(found.everyone.len()),
        moves,
        summary: plan.summary(),
    })
}

async fn planned(cx: &Cx, filter: Json) -> Result<Plan> {
    let ws = cx.ws.clone();
    cx.db()
        .read(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let filter = resolve_filter(tx, &filter)?;
            Ok::<_, Error>(compile(&filter, &fields)?)
        })
        .await
}

/// How many would join a segment and leave it, if a filter selected these. Hands go on beating the filter.
async fn moves(cx: &Cx, segment: SegmentId, mut selected: RoaringBitmap) -> Result<(u64, u64)> {
    let ws = cx.ws.clone();
    cx.db()
        .read(move |tx| {
            let members = members(&ws, tx, segment)?;
            let text = "SELECT contact_id, state FROM segment_overrides WHERE segment_id = $1";
            for (contact, state) in tx.all(Sql::new(text).bind(segment), |r| Ok((r.get::<u32>(0)?, r.get::<i64>(1)?)))? {
                if state > 0 {
                    selected.insert(contact)
                } else {
                    selected.remove(contact)
                };
            }
            Ok(((&selected - &*members).len(), (&*members - &selected).len()))
        })
        .await
}

/// Whether a filter that nobody saved yet selects a contact, and why.
pub async fn try_on(cx: &Cx, query: PreviewQuery, contact: ContactId) -> Result<(bool, Explained)> {
    cx.may(Action::View(Area::Segments))?;
    let include_anonymous = query.include_anonymous;
    let plan = planned(cx, query.filter).await?;
    let ws = cx.ws.clone();
    cx.db()
        .read(move |tx| {
            let contact = contacts::survivor(tx, contact)?;
            let (tree, identified) =
                why::explain_plan(&ws, tx, &plan, contact)?.ok_or_else(|| Error::not_found("contact", contact))?;
            Ok((tree.verdict && (identified || include_anonymous), tree))
        })
        .await
}

/// A few ids from all over the set.
fn spread(set: &RoaringBitmap) -> Vec<u32> {
    let len = set.len();
    let step = (len / SAMPLE as u64).max(1);
    (0..SAMPLE as u64).filter_map(|n| u32::try_from(n * step).ok()).filter_map(|n| set.select(n)).collect()
}
