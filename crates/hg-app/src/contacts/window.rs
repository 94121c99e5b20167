//! A page of a set of contacts, in the order that somebody wants.
//!
//! Few contacts are read and sorted. Of many, the page is met on a walk: along an index where the database keeps one,
//! along an order of the [`directory`] otherwise.

use std::collections::HashMap;

use hg_core::contacts::FieldCatalogue;
use hg_core::ids::ContactId;
use hg_store::{Flow, Sql, Tx, Value};
use roaring::RoaringBitmap;

use crate::contacts::ContactProblem;
use crate::contacts::directory::{self, Directory, Part, SortKey, sort_key};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::fields;
use crate::list::ListQuery;

/// Sets of at most this many are read and sorted.
const FEW: u64 = 500;
/// Columns whose order the database keeps.
const INDEXED: [&str; 2] = ["last_active_at", "updated_at"];

/// A contact and the value that she is sorted by.
type Placed = (ContactId, Value);

/// Which page of which order.
struct Wish {
    column: String,
    descending: bool,
    after: Option<(Value, i64)>,
    skip: usize,
    take: usize,
}

/// The page that a list query asks for, of those who are wanted.
pub(super) async fn window(cx: &Cx, wanted: RoaringBitmap, list: &ListQuery) -> Result<Vec<Placed>> {
    let (name, mut descending) = list.sort_field();
    // Nobody said anything about the order: the newest first.
    descending |= list.sort.is_empty();
    let (ws, name) = (cx.ws.clone(), name.to_owned());
    let column = cx.db().read(move |tx| sort_column(&*fields::catalogue(&ws, tx)?, &name)).await?;
    let after = list.after()?;
    let skip = usize::try_from(if after.is_some() { 0 } else { list.offset }).unwrap_or(usize::MAX);
    let wish = Wish { column, descending, after, skip, take: list.limit() as usize + 1 };
    if wish.column == "id" {
        return Ok(by_id(&wanted, &wish));
    }
    if wanted.len() <= FEW {
        return cx.db().read(move |tx| sorted(tx, &wanted, &wish)).await;
    }
    if INDEXED.contains(&wish.column.as_str()) {
        return cx.db().read(move |tx| along_index(tx, &wanted, &wish)).await;
    }
    let column = wish.column.clone();
    let directory = directory::current(&cx.ws, Part::Order(&column)).await?;
    cx.db().read(move |tx| along_order(tx, &directory, &wanted, &wish)).await
}

/// The column that a list is sorted by.
fn sort_column(fields: &FieldCatalogue, name: &str) -> Result<String> {
    let column = match name {
        // Ids are given in the order of creation, but a contact may say that she was made earlier.
        "" | "id" => "id",
        "created_at" | "date_added" => "created_at",
        "updated_at" | "date_modified" => "updated_at",
        "last_active" | "last_active_at" => "last_active_at",
        "identified_at" | "date_identified" => "identified_at",
        "points" => "points",
        "owner_id" => "owner_id",
        "stage" | "stage_id" => "stage_id",
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

fn ids_after(set: &RoaringBitmap, descending: bool, after: Option<i64>) -> Box<dyn Iterator<Item = u32> + '_> {
    let after = after.and_then(|id| u32::try_from(id).ok());
    match (descending, after) {
        (true, Some(after)) => Box::new(set.range(..after).rev()),
        (true, None) => Box::new(set.iter().rev()),
        (false, Some(after)) => Box::new(set.range(after.saturating_add(1)..)),
        (false, None) => Box::new(set.iter()),
    }
}

fn by_id(wanted: &RoaringBitmap, wish: &Wish) -> Vec<Placed> {
    let from = wish.after.as_ref().map(|(_, id)| *id);
    let ids = ids_after(wanted, wish.descending, from).skip(wish.skip).take(wish.take);
    ids.map(|id| (ContactId::from_bit(id), Value::Int(i64::from(id)))).collect()
}

/// Values of a column by the ids of their contacts.
fn values(tx: &mut Tx<'_>, column: &str, ids: impl Iterator<Item = u32>) -> Result<HashMap<u32, Value>> {
    let ids: Vec<i64> = ids.map(i64::from).collect();
    let mut found = HashMap::with_capacity(ids.len());
    let text = format!("SELECT id, {column} FROM contacts WHERE id @in($1)");
    tx.each(Sql::new(text).bind(ids.as_slice()), |r| {
        found.insert(r.get(0)?, r.value(1)?.to_owned());
        Ok(Flow::Next)
    })?;
    Ok(found)
}

/// How two contacts stand to each other; who has no value comes last either way.
fn compare(a: &(Option<SortKey>, u32), b: &(Option<SortKey>, u32), descending: bool) -> std::cmp::Ordering {
    let either = |order: std::cmp::Ordering| if descending { order.reverse() } else { order };
    match (&a.0, &b.0) {
        (Some(x), Some(y)) => either(x.cmp(y).then(a.1.cmp(&b.1))),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => either(a.1.cmp(&b.1)),
    }
}

fn place_of(after: &(Value, i64)) -> (Option<SortKey>, u32) {
    (sort_key(after.0.as_ref()), u32::try_from(after.1).unwrap_or(0))
}

fn sorted(tx: &mut Tx<'_>, wanted: &RoaringBitmap, wish: &Wish) -> Result<Vec<Placed>> {
    let mut values = values(tx, &wish.column, wanted.iter())?;
    let mut rows: Vec<(Option<SortKey>, u32)> = values.iter().map(|(id, value)| (sort_key(value.as_ref()), *id)).collect();
    rows.sort_unstable_by(|a, b| compare(a, b, wish.descending));
    let after = wish.after.as_ref().map(place_of);
    let behind = |row: &(Option<SortKey>, u32)| {
        after.as_ref().is_none_or(|after| compare(row, after, wish.descending) == std::cmp::Ordering::Greater)
    };
    let page = rows.into_iter().filter(behind).skip(wish.skip).take(wish.take);
    Ok(page.map(|(_, id)| (ContactId::from_bit(id), values.remove(&id).unwrap_or(Value::Null))).collect())
}

fn along_index(tx: &mut Tx<'_>, wanted: &RoaringBitmap, wish: &Wish) -> Result<Vec<Placed>> {
    let Wish { column, descending, .. } = wish;
    let (sign, direction) = if *descending { ("<", "DESC") } else { (">", "ASC") };
    let mut skip = wish.skip;
    let mut found = Vec::new();
    let mut walk = |tx: &mut Tx<'_>, text: String, values: Vec<Value>| {
        tx.each(Sql::new(text).binds(values), |r| {
            let id: u32 = r.get(0)?;
            if wanted.contains(id) {
                if skip > 0 {
                    skip -= 1;
                } else {
                    found.push((ContactId::from_bit(id), r.get(1)?));
                }
            }
            Ok(if found.len() >= wish.take { Flow::Stop } else { Flow::Next })
        })
        .map(|()| found.len() >= wish.take)
    };
    let order = format!("ORDER BY {column} {direction}, id {direction}");
    let in_nothing = wish.after.as_ref().is_some_and(|(value, _)| *value == Value::Null);
    if !in_nothing {
        let (and, values) = match &wish.after {
            Some((value, id)) => (format!(" AND ({column}, id) {sign} ($1, $2)"), vec![value.clone(), Value::Int(*id)]),
            None => (String::new(), Vec::new()),
        };
        if walk(tx, format!("SELECT id, {column} FROM contacts WHERE {column} IS NOT NULL{and} {order}"), values)? {
            return Ok(found);
        }
    }
    let (and, values) = match &wish.after {
        Some((Value::Null, id)) => (format!(" AND id {sign} $1"), vec![Value::Int(*id)]),
        _ => (String::new(), Vec::new()),
    };
    walk(tx, format!("SELECT id, {column} FROM contacts WHERE {column} IS NULL{and} ORDER BY id {direction}"), values)?;
    Ok(found)
}

fn along_order(tx: &mut Tx<'_>, directory: &Directory, wanted: &RoaringBitmap, wish: &Wish) -> Result<Vec<Placed>> {
    let Some(order) = directory.order(&wish.column) else { return Err(Error::internal("the order is gone")) };
    let after = wish.after.as_ref().map(place_of);
    let many = wish.take.saturating_add(wish.skip);
    let mut page: Vec<(Option<SortKey>, u32)> = Vec::new();
    let after_key = after.as_ref().and_then(|(key, id)| Some((key.clone()?, *id)));
    if after.is_none() || after_key.is_some() {
        let place = order.place(after_key.as_ref(), wish.descending, &mut |id| {
            let value = values(tx, &wish.column, std::iter::once(id))?.remove(&id).unwrap_or(Value::Null);
            Ok(sort_key(value.as_ref()))
        })?;
        let settled: Vec<u32> = order.settled(wish.descending, place).filter(|id| wanted.contains(*id)).take(many).collect();
        let apart = order.apart(wish.descending, after_key.as_ref()).filter(|(_, id)| wanted.contains(*id)).take(many);
        page.extend(apart.map(|(key, id)| (Some(key.clone()), *id)));
        let values = values(tx, &wish.column, settled.iter().copied())?;
        page.extend(settled.into_iter().map(|id| (values.get(&id).and_then(|v| sort_key(v.as_ref())), id)));
        page.sort_unstable_by(|a, b| compare(a, b, wish.descending));
        page.truncate(many);
    }
    let from = after.as_ref().filter(|(key, _)| key.is_none()).map(|(_, id)| i64::from(*id));
    let without = ids_after(wanted, wish.descending, from).filter(|id| !order.has_value(*id));
    page.extend(without.take(many.saturating_sub(page.len())).map(|id| (None, id)));
    let page: Vec<u32> = page.into_iter().skip(wish.skip).take(wish.take).map(|(_, id)| id).collect();
    let mut values = values(tx, &wish.column, page.iter().copied())?;
    Ok(page.into_iter().map(|id| (ContactId::from_bit(id), values.remove(&id).unwrap_or(Value::Null))).collect())
}
