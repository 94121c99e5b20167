//! Lists of things of which a workspace has hundreds, not millions: forms, pages, emails, campaigns.
//!
//! What a person types is met in memory, because text is never compared by a database's own rules; only what is
//! searched and sorted is read for that, and the rows of the page afterwards.

use std::cmp::Ordering;

use hg_core::text::fold;
use hg_store::{Flow, Sql, Tx, Value, ValueRef};

use super::{ListQuery, Listed, Matcher, Page};
use crate::error::{Error, Result};

/// How a table is listed.
pub(crate) struct SmallTable {
    pub table: &'static str,
    /// What stands in it, for a sentence: `Forms`.
    pub things: &'static str,
    /// Columns in which a word of the search may stand.
    pub searched: &'static [&'static str],
    /// Columns by which it can be sorted, besides the order of creation.
    pub sorted: &'static [&'static str],
    /// What holds for those that are published, as a condition.
    pub published: Option<&'static str>,
    /// What holds for those that everybody sees.
    pub global: Option<&'static str>,
    /// Whether it has categories.
    pub category: bool,
}

impl SmallTable {
    /// A page of what is not deleted; `only` keeps rows with this text in a column. `load` reads rows by their ids, in
    /// any order.
    pub(crate) fn page<T>(
        &self,
        tx: &mut Tx<'_>,
        query: &ListQuery,
        only: Option<(&'static str, &'static str)>,
        load: impl FnOnce(&mut Tx<'_>, &[i64]) -> Result<Vec<T>>,
        id_of: impl Fn(&T) -> i64,
    ) -> Result<Page<T>> {
        let (column, descending) = self.order(query)?;
        let in_order = |a: &(Value, i64), b: &(Value, i64)| {
            let order = compare(&a.0, &b.0).then(a.1.cmp(&b.1));
            if descending { order.reverse() } else { order }
        };
        let mut found = self.matching(tx, query, column, only)?;
        found.sort_by(in_order);
        let start = match query.after()? {
            Some(last) => found.iter().position(|row| in_order(row, &last) == Ordering::Greater).unwrap_or(found.len()),
            None => usize::try_from(query.offset).unwrap_or(usize::MAX).min(found.len()),
        };
        let total = found.len() as u64;
        let limit = query.limit();
        let window: Vec<(Value, i64)> = found.into_iter().skip(start).take(limit as usize + 1).collect();
        let page = Page::of(window, limit, Some(total), |row| row.clone());
        let ids: Vec<i64> = page.items.iter().map(|row| row.1).collect();
        let mut rows = load(tx, &ids)?;
        rows.sort_by_key(|row| ids.iter().position(|id| *id == id_of(row)));
        Ok(Page { items: rows, next_cursor: page.next_cursor, total: page.total })
    }

    fn order(&self, query: &ListQuery) -> Result<(&'static str, bool)> {
        let (field, descending) = query.sort_field();
        match field {
            // Ids are given in the order of creation; the newest come first unless somebody says otherwise.
            "" => Ok(("id", true)),
            "id" | "created_at" => Ok(("id", descending)),
            other => match self.sorted.iter().find(|column| **column == other) {
                Some(column) => Ok((column, descending)),
                None => {
                    let known = self.sorted.join(", ");
                    let text = format!("{} cannot be sorted by “{other}”; use created_at, {known}.", self.things);
                    Err(Error::field("/sort", "sort", text))
                }
            },
        }
    }

    /// Sorted value and id of every row that the search wants.
    fn matching(
        &self,
        tx: &mut Tx<'_>,
        query: &ListQuery,
        column: &str,
        only: Option<(&str, &'static str)>,
    ) -> Result<Vec<(Value, i64)>> {
        let matcher = Matcher::of(tx, query)?;
        let condition = only.map_or(String::new(), |(column, _)| format!(" AND {column} = $1"));
        let truth = |test: Option<&str>| test.map_or("NULL".to_owned(), |test| format!("CASE WHEN {test} THEN 1 ELSE 0 END"));
        let category = if self.category { "category_id" } else { "NULL" };
        let text = format!(
            "SELECT id, {column}, created_by, {category}, {}, {}, {} FROM {} WHERE deleted_at IS NULL{condition}",
            truth(self.published),
            truth(self.global),
            self.searched.join(", "),
            self.table
        );
        let sql = match only {
            Some((_, value)) => Sql::new(text).bind(value),
            None => Sql::new(text),
        };
        let mut found = Vec::new();
        tx.each(sql, |row| {
            let flag = |at: usize| match row.value(at) {
                Ok(ValueRef::Int(n)) => Some(n != 0),
                _ => None,
            };
            let mut texts = Vec::with_capacity(self.searched.len());
            for place in 0..self.searched.len() {
                texts.push(fold(&row.get::<Option<String>>(place + 6)?.unwrap_or_default()));
            }
            let category = match row.value(3)? {
                ValueRef::Int(id) => Some(id),
                _ => None,
            };
            let listed = Listed {
                id: row.get(0)?,
                texts,
                published: flag(4),
                global: flag(5),
                created_by: row.get(2)?,
                category,
                unused: None,
            };
            if matcher.wants(&listed) {
                let key = match row.value(1)? {
                    ValueRef::Text(text) => Value::Text(fold(text)),
                    other => other.to_owned(),
                };
                found.push((key, listed.id));
            }
            Ok(Flow::Next)
        })?;
        Ok(found)
    }
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}
