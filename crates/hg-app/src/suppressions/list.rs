//! The list as people see and change it.

use hg_core::time::Timestamp;
use hg_store::{Lane, Sql, Value};

use super::store::{Cause, hash, keep};
use crate::audit::{self, Deed, Entry};
use crate::csv_text::csv_line;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};

/// An address on the list.
#[derive(Debug, Clone, PartialEq)]
pub struct Suppression {
    pub id: i64,
    pub hash: String,
    pub cause: Cause,
    /// What put it there: a person's name, `merge`, `erasure`, `import`.
    pub source: String,
    pub comments: Option<String>,
    pub added_at: Timestamp,
}

/// Which ones.
#[derive(Debug, Clone, Default)]
pub struct SuppressionQuery {
    /// A search is an address or a hash: the list knows no others.
    pub list: ListQuery,
    pub cause: Option<Cause>,
}

const COLUMNS: &str = "id, hash, reason, source, comments, added_at";

fn read(r: &hg_store::Row<'_>) -> hg_store::Result<Suppression> {
    Ok(Suppression {
        id: r.get(0)?,
        hash: r.get(1)?,
        cause: Cause::of(r.get(2)?),
        source: r.get(3)?,
        comments: r.get(4)?,
        added_at: r.get(5)?,
    })
}

/// The list, what was added last first.
pub async fn list(cx: &Cx, query: SuppressionQuery) -> Result<Page<Suppression>> {
    cx.may(Action::View(Area::Contacts))?;
    let after = query.list.after()?.map_or(i64::MAX, |(_, id)| id);
    let limit = query.list.limit();
    let search = query.list.search.trim().to_owned();
    let wanted = if search.is_empty() { String::new() } else { hash(&search).unwrap_or_else(|| "-".into()) };
    cx.db()
        .read(move |tx| {
            let condition = "channel = 'email' AND ($1 = '' OR hash = $1) AND ($2 = 0 OR reason = $2)";
            let bound = |text: String| Sql::new(text).bind(&wanted).bind(query.cause.map_or(0, Cause::code));
            let total: i64 = tx.scalar(bound(format!("SELECT count(*) FROM suppressions WHERE {condition}")))?;
            let text = format!("SELECT {COLUMNS} FROM suppressions WHERE {condition} AND id < $3 ORDER BY id DESC LIMIT $4");
            let rows = tx.all(bound(text).bind(after).bind(i64::from(limit) + 1), read)?;
            Ok(Page::of(rows, limit, u64::try_from(total).ok(), |s| (Value::Null, s.id)))
        })
        .await
}

/// Puts an address, or a hash of one, on the list.
pub async fn add(cx: &Cx, address: String, cause: Cause, comments: Option<String>) -> Result<Suppression> {
    cx.may(Action::Edit(Area::Contacts))?;
    let key = hash(&address).ok_or_else(|| {
        Error::field("/address", "suppression.address", "Write an email address such as ada@example.org, or its SHA-256 hash.")
    })?;
    let (now, who) = (cx.now(), cx.who());
    let source = cx.actor_name().to_owned();
    cx.db()
        .write(move |tx| {
            keep(tx, now, &address, cause, &source, comments.as_deref())?;
            let text = format!("SELECT {COLUMNS} FROM suppressions WHERE channel = 'email' AND hash = $1");
            let made = tx.one(Sql::new(text).bind(&key), read)?;
            audit::record(tx, &who, Entry::new(Deed::Create, "suppression", made.id, &key[..12]))?;
            Ok(made)
        })
        .await
}

/// Takes an address off the list.
pub async fn remove(cx: &Cx, id: i64) -> Result<()> {
    cx.may(Action::Edit(Area::Contacts))?;
    let who = cx.who();
    cx.db()
        .write(move |tx| {
            let gone: Option<String> =
                tx.opt(Sql::new("DELETE FROM suppressions WHERE id = $1 RETURNING hash").bind(id), |r| r.get(0))?;
            let gone = gone.ok_or_else(|| Error::not_found("suppression", id))?;
            audit::record(tx, &who, Entry::new(Deed::Delete, "suppression", id, gone.chars().take(12).collect::<String>()))
        })
        .await
}

/// Rows written in one transaction.
const CHUNK: usize = 1_000;
/// Rows of one file.
const MOST: usize = 2_000_000;

/// Reads a file with an address or a hash in its first column and, if there is one, a cause in its second. How many came
/// onto the list, how many were there, and how many lines were neither.
pub async fn import_csv(cx: &Cx, content: &[u8]) -> Result<(u64, u64, u64)> {
    cx.may(Action::Edit(Area::Contacts))?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).trim(csv::Trim::All).from_reader(content);
    let (mut wanted, mut unreadable) = (Vec::new(), 0);
    for (line, record) in reader.records().enumerate() {
        let record = record.map_err(|e| Error::field("/file", "csv", format!("The file cannot be read as CSV: {e}.")))?;
        let address = record.get(0).unwrap_or("").trim_start_matches('\u{feff}').to_owned();
        let cause = record.get(1).and_then(Cause::parse).unwrap_or(Cause::Manual);
        match hash(&address) {
            Some(_) => wanted.push((address, cause)),
            // The first line may hold the names of the columns.
            None if line == 0 || address.is_empty() => {}
            None => unreadable += 1,
        }
        if wanted.len() > MOST {
            return Err(Error::field("/file", "suppression.too-many", "A file holds at most 2,000,000 addresses; split it."));
        }
    }
    let now = cx.now();
    let (mut added, mut there) = (0, 0);
    let mut rest = wanted.into_iter();
    loop {
        let chunk: Vec<(String, Cause)> = rest.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            break;
        }
        let count = chunk.len() as u64;
        let fresh = cx
            .db()
            .write_in(Lane::Bulk, move |tx| {
                let mut fresh = 0;
                for (address, cause) in &chunk {
                    fresh += u64::from(keep(tx, now, address, *cause, "import", None)?);
                }
                Ok::<_, Error>(fresh)
            })
            .await?;
        added += fresh;
        there += count - fresh;
    }
    let who = cx.who();
    let detail = serde_json::json!({"added": added, "there": there, "unreadable": unreadable});
    cx.db()
        .write(move |tx| {
            audit::record(tx, &who, Entry::new(Deed::Import, "suppression", 0, "Suppression list").detail(detail.clone()))
        })
        .await?;
    Ok((added, there, unreadable))
}

/// Lines of the list behind a row, as CSV, and where to go on; none at the end. The first page carries the head line.
pub async fn export_csv(cx: &Cx, after: i64) -> Result<Option<(Vec<u8>, i64)>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(move |tx| {
            let text = format!("SELECT {COLUMNS} FROM suppressions WHERE channel = 'email' AND id > $1 ORDER BY id LIMIT 5000");
            let rows = tx.all(Sql::new(text).bind(after), read)?;
            let Some(last) = rows.last().map(|s| s.id) else { return Ok(None) };
            let mut lines =
                if after == 0 { csv_line(["sha256", "cause", "source", "added_at"].into_iter())? } else { Vec::new() };
            for s in rows {
                lines.extend(csv_line([s.hash.as_str(), s.cause.key(), &s.source, &s.added_at.rfc3339()].into_iter())?);
            }
            Ok(Some((lines, last)))
        })
        .await
}
