//! The pairs that wait for a decision.

use hg_core::contacts::Likeness;
use hg_core::ids::ContactId;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx, Value};

use crate::contacts::{self, Contact};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};

/// Two contacts that may be one person.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    pub id: i64,
    pub rule: Likeness,
    /// Nothing speaks against merging them.
    pub safe: bool,
    pub first: Contact,
    pub other: Contact,
    pub found_at: Timestamp,
}

/// Which pairs.
#[derive(Debug, Clone, Default)]
pub struct PairQuery {
    pub list: ListQuery,
    pub rule: Option<Likeness>,
    pub safe_only: bool,
}

struct Row {
    id: i64,
    rule: String,
    first: ContactId,
    other: ContactId,
    safe: bool,
    found_at: Timestamp,
}

/// The open pairs, safe ones first, what was found last first.
pub async fn list(cx: &Cx, query: PairQuery) -> Result<Page<Pair>> {
    cx.may(Action::View(Area::Contacts))?;
    let after = query.list.after()?;
    let limit = query.list.limit();
    let ws = cx.ws.clone();
    cx.db()
        .read(move |tx| {
            let rule = query.rule.map_or("", Likeness::key);
            let condition = "state = 'open' AND safe >= $1 AND ($2 = '' OR rule = $2)";
            let bound = |text: String| Sql::new(text).bind(query.safe_only).bind(rule);
            let total: i64 = tx.scalar(bound(format!("SELECT count(*) FROM duplicates WHERE {condition}")))?;
            let (safe, id) = match after {
                Some((Value::Int(safe), id)) => (safe, id),
                _ => (2, i64::MAX),
            };
            let text = format!(
                "SELECT id, rule, first_id, other_id, safe, found_at FROM duplicates WHERE {condition} \
                 AND (safe < $3 OR (safe = $3 AND id < $4)) ORDER BY safe DESC, id DESC LIMIT $5"
            );
            let rows = tx.all(bound(text).bind(safe).bind(id).bind(i64::from(limit) + 1), |r| {
                Ok(Row {
                    id: r.get(0)?,
                    rule: r.get(1)?,
                    first: r.get(2)?,
                    other: r.get(3)?,
                    safe: r.get(4)?,
                    found_at: r.get(5)?,
                })
            })?;
            let page = Page::of(rows, limit, u64::try_from(total).ok(), |row| (Value::Int(i64::from(row.safe)), row.id));
            let ids: Vec<ContactId> = page.items.iter().flat_map(|row| [row.first, row.other]).collect();
            let people = contacts::get_many(&ws, tx, &ids)?;
            let of = |id: ContactId| people.iter().find(|c| c.id == id).cloned();
            // A pair of which one was deleted since is nothing to decide about.
            let items = page.items.into_iter().filter_map(|row| {
                let rule = Likeness::parse(&row.rule)?;
                Some(Pair {
                    id: row.id,
                    rule,
                    safe: row.safe,
                    first: of(row.first)?,
                    other: of(row.other)?,
                    found_at: row.found_at,
                })
            });
            Ok(Page { items: items.collect(), next_cursor: page.next_cursor, total: page.total })
        })
        .await
}

/// The two of a pair, if it waits for a decision.
pub(super) fn open(tx: &mut Tx<'_>, id: i64) -> Result<(ContactId, ContactId)> {
    let found = tx.opt(Sql::new("SELECT first_id, other_id FROM duplicates WHERE id = $1 AND state = 'open'").bind(id), |r| {
        Ok((r.get(0)?, r.get(1)?))
    })?;
    found.ok_or_else(|| Error::not_found("pair of duplicates", id))
}

/// They are two people: the pair is not shown again. `false` opens it once more.
pub async fn dismiss(cx: &Cx, id: i64, dismissed: bool) -> Result<()> {
    cx.may(Action::Edit(Area::Contacts))?;
    cx.db()
        .write(move |tx| {
            let (from, to) = if dismissed { ("open", "dismissed") } else { ("dismissed", "open") };
            let sql = Sql::new("UPDATE duplicates SET state = $3 WHERE id = $1 AND state = $2").bind(id).bind(from).bind(to);
            if tx.exec(sql)? == 1 { Ok(()) } else { Err(Error::not_found("pair of duplicates", id)) }
        })
        .await
}
