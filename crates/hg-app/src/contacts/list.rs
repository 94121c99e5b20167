//! The contact list: search, filters, order, pages.

use hg_core::contacts::{FieldCatalogue, Search};
use hg_core::ids::{ContactId, SegmentId};
use hg_core::segments::Plan;
use hg_store::{Flow, Sql, Tx, Value};
use roaring::RoaringBitmap;
use serde_json::Value as Json;
use std::sync::Arc;

use crate::contacts::{Contact, ContactProblem, row, search};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;
use crate::list::{ListQuery, Page};
use crate::segments::{self, Everyone, count_everyone, select};
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
    /// Conditions on ids, besides the filter.
    pub ids: Vec<IdRule>,
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
    let ws = cx.ws.clone();
    let list = query.list.clone();
    cx.db()
        .read(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let total = wanted.len();
            Ok((window(tx, &fields, &wanted, &list)?, total))
        })
        .await
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
        Some(json) => {
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
            if no_conditions { found.everyone } else { found.selected }
        }
        None => count_everyone(&cx.ws, everyone).await?,
    };
    if let Some(search) = &search {
        found &= search::find(cx, search).await?;
    }
    for rule in &query.ids {
        if rule.outside { found -= rule.bits() } else { found &= rule.bits() }
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

fn tagged(tx: &mut Tx<'_>, name: &str) -> Result<RoaringBitmap> {
    let Some((tag, _)) = tags::find_by_name(tx, name)? else { return Ok(RoaringBitmap::new()) };
    let mut found = RoaringBitmap::new();
    tx.each(Sql::new("SELECT contact_id FROM contact_tags WHERE tag_id = $1").bind(tag), |r| {
        found.insert(r.get(0)?);
        Ok(Flow::Next)
    })?;
    Ok(found)
}

/// The column that a list is sorted by.
fn sort_column(fields: &FieldCatalogue, name: &str) -> Result<String> {
    let column = match name {
        "" | "id" => "id",
        "created_at" | "date_added" => "created_at",
        "updated_at" | "date_modified" => "updated_at",
        "last_active" | "last_active_at" => "last_active_at",
        "identified_at" | "date_identified" => "identified_at",
        "points" => "points",
        "owner_id" => "owner_id",
        "name" => "name_fold",
        "email" => "email_fold",
        "company" => "company_fold",
        alias => {
            let field = fields.get(alias).and_then(|f| f.column.clone());
            return field.ok_or_else(|| ContactProblem::Sort(alias.to_owned()).into());
        }
    };
    Ok(column.to_owned())
}

/// Sets smaller than this are looked up by their ids; larger ones are met on a walk in the wanted order.
const FEW: u64 = 20_000;

fn window(tx: &mut Tx<'_>, fields: &FieldCatalogue, wanted: &RoaringBitmap, list: &ListQuery) -> Result<Vec<(ContactId, Value)>> {
    let (name, mut descending) = list.sort_field();
    let column = sort_column(fields, name)?;
    // Nobody said anything about the order: the newest first.
    descending |= list.sort.is_empty();
    let take = list.limit() as usize + 1;
    let after = list.after()?;
    let skip = usize::try_from(if after.is_some() { 0 } else { list.offset }).unwrap_or(usize::MAX);
    if column == "id" {
        let from = after.map(|(_, id)| id);
        let ids = by_id(wanted, descending, from).skip(skip).take(take);
        return Ok(ids.map(|id| (ContactId::from_bit(id), Value::Int(i64::from(id)))).collect());
    }
    let few = wanted.len() <= FEW;
    let mut values = Vec::new();
    let mut text = format!("SELECT id, {column} FROM contacts WHERE deleted_at IS NULL");
    if few {
        values.push(Value::Text(hg_store::value::id_list(wanted.iter().map(i64::from))));
        text.push_str(" AND id @in($1)");
    }
    if let Some((value, id)) = after {
        text.push_str(&keyset(&column, descending, value, id, &mut values));
    }
    let direction = if descending { "DESC" } else { "ASC" };
    text.push_str(&format!(" ORDER BY {column} {direction} NULLS LAST, id {direction}"));
    if few {
        text.push_str(&format!(" LIMIT {}", take.saturating_add(skip)));
    }
    let mut found = Vec::new();
    let mut left_out = 0;
    tx.each(Sql::new(text).binds(values), |r| {
        let id: u32 = r.get(0)?;
        if !few && !wanted.contains(id) {
            return Ok(Flow::Next);
        }
        if left_out < skip {
            left_out += 1;
            return Ok(Flow::Next);
        }
        found.push((ContactId::from_bit(id), r.get(1)?));
        Ok(if found.len() >= take { Flow::Stop } else { Flow::Next })
    })?;
    Ok(found)
}

fn by_id(wanted: &RoaringBitmap, descending: bool, after: Option<i64>) -> Box<dyn Iterator<Item = u32> + '_> {
    let after = after.and_then(|id| u32::try_from(id).ok());
    match (descending, after) {
        (true, Some(after)) => Box::new(wanted.range(..after).rev()),
        (true, None) => Box::new(wanted.iter().rev()),
        (false, Some(after)) => Box::new(wanted.range(after.saturating_add(1)..)),
        (false, None) => Box::new(wanted.iter()),
    }
}

/// The rows behind the last one seen; rows without a value come last either way.
fn keyset(column: &str, descending: bool, value: Value, id: i64, values: &mut Vec<Value>) -> String {
    let sign = if descending { "<" } else { ">" };
    if value == Value::Null {
        values.push(Value::Int(id));
        return format!(" AND {column} IS NULL AND id {sign} ${}", values.len());
    }
    values.extend([value, Value::Int(id)]);
    let (v, i) = (values.len() - 1, values.len());
    format!(" AND ({column} {sign} ${v} OR ({column} = ${v} AND id {sign} ${i}) OR {column} IS NULL)")
}
