//! The list of companies: search, order, pages.

use std::collections::{HashMap, HashSet};

use hg_core::contacts::{FieldCatalogue, FieldValue, Search, Term};
use hg_core::ids::{CompanyId, UserId};
use hg_core::segments::{Operator, TextTest};
use hg_store::{Flow, Row, Sql, Tx, Value};
use serde_json::Value as Json;

use crate::companies::row::count_contacts;
use crate::companies::search::{self, Facts};
use crate::companies::{Company, CompanyProblem, load_many, tags};
use crate::company_segments;
use crate::contacts::row;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;
use crate::list::{ListQuery, Page};

/// So many rows are looked at to say how many a search finds in all; of more nobody waits for the answer.
const MOST_COUNTED: usize = 200_000;

/// A page of companies. The total is known while the search is empty, or the companies are not too many to count.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<Company>> {
    cx.may(Action::View(Area::Contacts))?;
    let (ws, me) = (cx.ws.clone(), cx.user_id());
    cx.db()
        .read(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let fields = fields.companies();
            let search = Search::parse(&query.search);
            let wanted = Wanted::new(tx, fields, search.as_ref(), me)?;
            let (found, counted) = wanted.window(tx, &query)?;
            let total = match (&search, counted) {
                (None, _) => Some(tx.scalar::<i64>("SELECT count(*) FROM companies WHERE deleted_at IS NULL")?),
                (Some(_), counted) => counted,
            };
            let ids: Vec<CompanyId> = found.iter().map(|(_, id)| CompanyId(*id)).collect();
            let keys: HashMap<i64, Value> = found.into_iter().map(|(value, id)| (id, value)).collect();
            let companies = load_many(tx, fields, &ids)?;
            let total = total.and_then(|n| u64::try_from(n).ok());
            let key = |c: &Company| (keys.get(&c.id.0).cloned().unwrap_or(Value::Null), c.id.0);
            let mut page = Page::of(companies, query.limit(), total, key);
            count_contacts(tx, &mut page.items)?;
            Ok(page)
        })
        .await
}

/// Ids of all companies that a search finds, in the order of their ids, behind `after`.
pub(super) fn ids_after(
    tx: &mut Tx<'_>,
    fields: &FieldCatalogue,
    search: &str,
    me: Option<UserId>,
    after: i64,
    limit: u32,
) -> Result<Vec<CompanyId>> {
    let search = Search::parse(search);
    let wanted = Wanted::new(tx, fields, search.as_ref(), me)?;
    let mut found = Vec::new();
    let text = format!("SELECT {} FROM companies WHERE deleted_at IS NULL AND id > $1 ORDER BY id", wanted.columns("id"));
    tx.each(Sql::new(text).bind(after), |r| {
        if wanted.holds(r)? {
            found.push(CompanyId(r.get(0)?));
        }
        Ok(if found.len() >= limit as usize { Flow::Stop } else { Flow::Next })
    })?;
    Ok(found)
}

/// The companies that a command about tags or segments names.
fn members(tx: &mut Tx<'_>, term: &Term) -> Result<HashSet<i64>> {
    if term.command.as_deref() == Some("segment") {
        return company_segments::members_by_alias(tx, &term.text);
    }
    let name = match term.text.as_str() {
        "none" => None,
        text => Some(named(text, term.exact)?),
    };
    let found = tags::tagged(tx, name.as_ref())?;
    if name.is_some() {
        return Ok(found);
    }
    let all = tx.all("SELECT id FROM companies WHERE deleted_at IS NULL", |r| r.get::<i64>(0))?;
    Ok(all.into_iter().filter(|id| !found.contains(id)).collect())
}

/// Whether a name is what was written, or begins so.
fn named(written: &str, exact: bool) -> Result<TextTest> {
    let test = match (exact, written.contains('%')) {
        (true, false) => TextTest::of(Operator::Eq, written),
        (true, true) => TextTest::of(Operator::Like, &written.replace('_', "\\_")),
        (false, _) => TextTest::of(Operator::Like, &format!("{}%", written.replace('_', "\\_"))),
    };
    test.map_err(|(code, detail)| Error::field("/search", code, detail))
}

/// A search, and the columns that it looks at.
struct Wanted<'a> {
    fields: &'a FieldCatalogue,
    search: Option<&'a Search>,
    aliases: Vec<String>,
    me: Option<UserId>,
    /// Companies that commands about tags and segments name.
    inside: Vec<(&'a Term, HashSet<i64>)>,
}

/// Columns in front of those that the search looks at: id, sorted value, owner, published, overflow.
const FIXED: usize = 5;

/// Sorted values and ids, in order.
type Window = Vec<(Value, i64)>;

impl<'a> Wanted<'a> {
    fn new(tx: &mut Tx<'_>, fields: &'a FieldCatalogue, search: Option<&'a Search>, me: Option<UserId>) -> Result<Wanted<'a>> {
        let aliases = search.map(|s| search::aliases(s, fields).into_iter().collect()).unwrap_or_default();
        let mut inside = Vec::new();
        for term in search.map(search::hanging).unwrap_or_default() {
            inside.push((term, members(tx, term)?));
        }
        Ok(Wanted { fields, search, aliases, me, inside })
    }

    fn columns(&self, sorted: &str) -> String {
        let mut text = format!("id, {sorted}, owner_id, published, overflow");
        for alias in &self.aliases {
            text.push_str(", ");
            text.push_str(self.fields.get(alias).and_then(|f| f.column.as_deref()).unwrap_or("NULL"));
        }
        text
    }

    fn holds(&self, r: &Row<'_>) -> hg_store::Result<bool> {
        let Some(search) = self.search else { return Ok(true) };
        let overflow: Option<Json> = r.get(4)?;
        let mut texts: HashMap<&str, String> = HashMap::new();
        for (n, alias) in self.aliases.iter().enumerate() {
            let Some(field) = self.fields.get(alias) else { continue };
            let value = match &field.column {
                Some(_) => row::from_stored(field, r.value(FIXED + n)?),
                None => overflow.as_ref().map_or(FieldValue::Empty, |json| row::from_overflow(field, json)),
            };
            if !value.is_empty() {
                texts.insert(alias, value.to_text());
            }
        }
        let text = |alias: &str| texts.get(alias).cloned();
        let id: i64 = r.get(0)?;
        let inside = |term: &Term| self.inside.iter().any(|(known, ids)| *known == term && ids.contains(&id));
        let facts = Facts { id, owner: r.get(2)?, published: r.get(3)?, text: &text, inside: &inside };
        Ok(search::matches(search, self.fields, &facts, self.me))
    }

    /// Sorted values and ids of the page, one more when there are more; and how many there are in all, when that was counted.
    fn window(&self, tx: &mut Tx<'_>, query: &ListQuery) -> Result<(Window, Option<i64>)> {
        let (name, mut descending) = query.sort_field();
        let column = self.sort_column(name)?;
        // Nobody said anything about the order: the newest first.
        descending |= query.sort.is_empty();
        let after = query.after()?;
        let counts = self.search.is_some() && after.is_none();
        let take = query.limit() as usize + 1;
        let skip = usize::try_from(if after.is_some() { 0 } else { query.offset }).unwrap_or(usize::MAX);
        let (sign, direction) = if descending { ("<", "DESC") } else { (">", "ASC") };
        let mut values = Vec::new();
        let mut text = format!("SELECT {} FROM companies WHERE deleted_at IS NULL", self.columns(&column));
        if let Some((value, id)) = after {
            text.push_str(&match (column.as_str(), value) {
                ("id", _) => {
                    values.push(Value::Int(id));
                    format!(" AND id {sign} $1")
                }
                (_, Value::Null) => {
                    values.push(Value::Int(id));
                    format!(" AND {column} IS NULL AND id {sign} $1")
                }
                (_, value) => {
                    values.extend([value, Value::Int(id)]);
                    format!(" AND ({column} {sign} $1 OR ({column} = $1 AND id {sign} $2) OR {column} IS NULL)")
                }
            });
        }
        let order = match column.as_str() {
            "id" => format!("id {direction}"),
            // Never without a value: an index answers.
            "name_fold" | "score" | "updated_at" => format!("{column} {direction}, id {direction}"),
            other => format!("{other} {direction} NULLS LAST, id {direction}"),
        };
        text.push_str(&format!(" ORDER BY {order}"));
        let (mut found, mut met, mut seen) = (Vec::new(), 0_usize, 0_usize);
        tx.each(Sql::new(text).binds(values), |r| {
            seen += 1;
            if self.holds(r)? {
                met += 1;
                if met > skip && found.len() < take {
                    found.push((r.value(1)?.to_owned(), r.get(0)?));
                }
            }
            let enough = found.len() >= take && (!counts || seen >= MOST_COUNTED);
            Ok(if enough { Flow::Stop } else { Flow::Next })
        })?;
        let complete = counts && (seen < MOST_COUNTED || found.len() < take);
        Ok((found, complete.then(|| i64::try_from(met).unwrap_or(i64::MAX))))
    }

    fn sort_column(&self, name: &str) -> Result<String> {
        let column = match name {
            "" | "id" | "created_at" | "date_added" => "id",
            "updated_at" | "date_modified" => "updated_at",
            "name" | "companyname" => "name_fold",
            "score" => "score",
            "owner_id" => "owner_id",
            alias => {
                let column = self.fields.get(alias).and_then(|f| f.column.clone());
                return column.ok_or_else(|| Error::from(CompanyProblem::Sort(alias.to_owned())));
            }
        };
        Ok(column.to_owned())
    }
}
