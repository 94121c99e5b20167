//! A transaction: the only way to the data.

use crate::Result;
use crate::announce::Announcement;
use crate::error::StoreError;
use crate::postgres::PgTx;
use crate::sql::{Dialect, Sql, translate};
use crate::value::{FromValue, Value, ValueRef, read};

/// Whether a walk over rows goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    Next,
    Stop,
}

/// One row of a result, borrowed while its closure runs.
pub struct Row<'r>(pub(crate) RowKind<'r>);

pub(crate) enum RowKind<'r> {
    Sqlite(&'r rusqlite::Row<'r>),
    Postgres(&'r tokio_postgres::Row),
}

impl Row<'_> {
    /// The value of column `i` (from 0).
    pub fn get<T: FromValue>(&self, i: usize) -> Result<T> {
        read(self.value(i)?, i)
    }

    /// The value of column `i`, borrowed.
    pub fn value(&self, i: usize) -> Result<ValueRef<'_>> {
        match &self.0 {
            RowKind::Sqlite(row) => Ok(match row.get_ref(i)? {
                rusqlite::types::ValueRef::Null => ValueRef::Null,
                rusqlite::types::ValueRef::Integer(n) => ValueRef::Int(n),
                rusqlite::types::ValueRef::Real(x) => ValueRef::Real(x),
                rusqlite::types::ValueRef::Text(t) => {
                    ValueRef::Text(std::str::from_utf8(t).map_err(|_| StoreError::Type { column: i, wanted: "UTF-8 text" })?)
                }
                rusqlite::types::ValueRef::Blob(b) => ValueRef::Bytes(b),
            }),
            RowKind::Postgres(row) => crate::postgres::value(row, i),
        }
    }
}

/// A transaction in progress.
pub struct Tx<'a> {
    kind: TxKind<'a>,
    pub(crate) announcements: Vec<Announcement>,
    woken: Vec<&'static str>,
    heard: bool,
}

pub(crate) enum TxKind<'a> {
    Sqlite(&'a rusqlite::Connection),
    Postgres(&'a mut PgTx),
}

impl<'a> Tx<'a> {
    /// `heard`: somebody listens to announcements; otherwise only wake-ups are kept.
    pub(crate) fn new(kind: TxKind<'a>, heard: bool) -> Self {
        Self { kind, announcements: Vec::new(), woken: Vec::new(), heard }
    }

    pub fn dialect(&self) -> Dialect {
        match self.kind {
            TxKind::Sqlite(_) => Dialect::Sqlite,
            TxKind::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement; how many rows it touched.
    pub fn exec<'t>(&mut self, sql: impl Into<Sql<'t>>) -> Result<u64> {
        let sql = sql.into();
        match &mut self.kind {
            TxKind::Sqlite(conn) => {
                let mut statement = conn.prepare_cached(&translate(&sql.text, Dialect::Sqlite))?;
                bind(&mut statement, &sql.values)?;
                // A statement with RETURNING gives rows; walking them runs it to its end.
                if statement.column_count() > 0 {
                    let mut rows = statement.raw_query();
                    let mut n = 0;
                    while rows.next()?.is_some() {
                        n += 1;
                    }
                    return Ok(n);
                }
                Ok(statement.raw_execute()? as u64)
            }
            TxKind::Postgres(pg) => pg.exec(&sql),
        }
    }

    /// Every row, turned into a value by `f`.
    pub fn all<'t, T>(&mut self, sql: impl Into<Sql<'t>>, mut f: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        let mut out = Vec::new();
        self.each(sql, |row| {
            out.push(f(row)?);
            Ok(Flow::Next)
        })?;
        Ok(out)
    }

    /// The first row, if there is one.
    pub fn opt<'t, T>(&mut self, sql: impl Into<Sql<'t>>, mut f: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Option<T>> {
        let mut out = None;
        self.each(sql, |row| {
            out = Some(f(row)?);
            Ok(Flow::Stop)
        })?;
        Ok(out)
    }

    /// The first row; [`StoreError::NoRow`] when there is none.
    pub fn one<'t, T>(&mut self, sql: impl Into<Sql<'t>>, f: impl FnMut(&Row<'_>) -> Result<T>) -> Result<T> {
        self.opt(sql, f)?.ok_or(StoreError::NoRow)
    }

    /// One column of the first row.
    pub fn scalar<'t, T: FromValue>(&mut self, sql: impl Into<Sql<'t>>) -> Result<T> {
        self.one(sql, |row| row.get(0))
    }

    /// Walks rows as they come, in bounded memory, until `f` says stop.
    pub fn each<'t>(&mut self, sql: impl Into<Sql<'t>>, mut f: impl FnMut(&Row<'_>) -> Result<Flow>) -> Result<()> {
        let sql = sql.into();
        match &mut self.kind {
            TxKind::Sqlite(conn) => {
                let mut statement = conn.prepare_cached(&translate(&sql.text, Dialect::Sqlite))?;
                bind(&mut statement, &sql.values)?;
                // A statement that writes must reach its end even if nobody wants its later rows.
                let writes = !statement.readonly();
                let mut stopped = false;
                let mut rows = statement.raw_query();
                while let Some(row) = rows.next()? {
                    if !stopped && f(&Row(RowKind::Sqlite(row)))? == Flow::Stop {
                        stopped = true;
                        if !writes {
                            break;
                        }
                    }
                }
                Ok(())
            }
            TxKind::Postgres(pg) => pg.each(&sql, &mut |row| f(&Row(RowKind::Postgres(row)))),
        }
    }

    /// Runs one statement for many rows of values: a prepared loop on SQLite, several rows a statement on PostgreSQL.
    /// `head` is everything before `VALUES` (`INSERT INTO t (a, b)`), `tail` what follows (`ON CONFLICT …`, or empty).
    pub fn insert_many(&mut self, head: &str, tail: &str, width: usize, rows: &[Value]) -> Result<u64> {
        if width == 0 || rows.is_empty() {
            return Ok(0);
        }
        match &mut self.kind {
            TxKind::Sqlite(conn) => {
                let text = format!("{head} VALUES ({}) {tail}", marks(1, width));
                let mut statement = conn.prepare_cached(&translate(&text, Dialect::Sqlite))?;
                let mut n = 0;
                for row in rows.chunks_exact(width) {
                    bind(&mut statement, row)?;
                    n += statement.raw_execute()? as u64;
                }
                Ok(n)
            }
            TxKind::Postgres(pg) => {
                let mut n = 0;
                for part in portions(rows, width) {
                    let groups: Vec<String> =
                        (0..part.len() / width).map(|r| format!("({})", marks(r * width + 1, width))).collect();
                    let text = format!("{head} VALUES {} {tail}", groups.join(", "));
                    n += pg.exec(&Sql { text: text.into(), values: part.to_vec() })?;
                }
                Ok(n)
            }
        }
    }

    /// Runs several statements without parameters, such as the definition of a column.
    pub fn batch(&mut self, text: &str) -> Result<()> {
        match &mut self.kind {
            TxKind::Sqlite(conn) => Ok(conn.execute_batch(text)?),
            TxKind::Postgres(pg) => pg.batch(text),
        }
    }

    /// Makes rows whose ids the database gives; the ids in the order of the rows. `head` as for [`Tx::insert_many`].
    pub fn insert_ids(&mut self, head: &str, width: usize, rows: &[Value]) -> Result<Vec<i64>> {
        if width == 0 || rows.is_empty() {
            return Ok(Vec::new());
        }
        match &mut self.kind {
            TxKind::Sqlite(conn) => {
                let text = format!("{head} VALUES ({})", marks(1, width));
                let mut statement = conn.prepare_cached(&translate(&text, Dialect::Sqlite))?;
                let mut ids = Vec::with_capacity(rows.len() / width);
                for row in rows.chunks_exact(width) {
                    bind(&mut statement, row)?;
                    statement.raw_execute()?;
                    ids.push(conn.last_insert_rowid());
                }
                Ok(ids)
            }
            TxKind::Postgres(pg) => {
                let mut made = Vec::with_capacity(rows.len() / width);
                for part in portions(rows, width) {
                    let groups: Vec<String> =
                        (0..part.len() / width).map(|r| format!("({})", marks(r * width + 1, width))).collect();
                    let text = format!("{head} VALUES {} RETURNING id", groups.join(", "));
                    let mut ids: Vec<i64> = Vec::with_capacity(groups.len());
                    pg.each(&Sql { text: text.into(), values: part.to_vec() }, &mut |row| {
                        ids.push(Row(RowKind::Postgres(row)).get(0)?);
                        Ok(Flow::Next)
                    })?;
                    // Ids are given in the order of the rows, whatever the order in which they come back.
                    ids.sort_unstable();
                    made.extend(ids);
                }
                Ok(made)
            }
        }
    }

    /// Tells the rest of the process, once this transaction is on disk.
    pub fn announce(&mut self, topic: &'static str, payload: impl Into<String>) {
        self.announce_with(topic, || payload.into());
    }

    /// Whether anybody would hear what is announced.
    pub fn is_heard(&self) -> bool {
        self.heard
    }

    /// The same; the payload is only made when somebody listens.
    pub fn announce_with(&mut self, topic: &'static str, payload: impl FnOnce() -> String) {
        if self.heard {
            self.announcements.push(Announcement { topic, payload: payload() });
        }
    }

    /// Wakes whoever waits for `topic`, once this transaction is on disk; several calls wake once.
    pub fn wake(&mut self, topic: &'static str) {
        if !self.woken.contains(&topic) {
            self.woken.push(topic);
            self.announcements.push(Announcement { topic, payload: String::new() });
        }
    }
}

/// `$first, …` for a row of `width` values.
fn marks(first: usize, width: usize) -> String {
    (first..first + width).map(|n| format!("${n}")).collect::<Vec<_>>().join(", ")
}

/// Rows in portions for one PostgreSQL statement each: at most 65,535 parameters, and a few sizes only, so that the
/// statement cache stays small.
fn portions(mut rows: &[Value], width: usize) -> Vec<&[Value]> {
    let most = (60_000 / width).clamp(1, 500);
    let mut out = Vec::new();
    while rows.len() >= width {
        let count = rows.len() / width;
        let take = [most, 50.min(most), 1].into_iter().find(|n| *n <= count).unwrap_or(1);
        let (now, later) = rows.split_at(take * width);
        out.push(now);
        rows = later;
    }
    out
}

fn bind(statement: &mut rusqlite::CachedStatement<'_>, values: &[Value]) -> Result<()> {
    for (i, value) in values.iter().enumerate() {
        match value {
            Value::Null => statement.raw_bind_parameter(i + 1, rusqlite::types::Null)?,
            Value::Int(n) => statement.raw_bind_parameter(i + 1, n)?,
            Value::Real(x) => statement.raw_bind_parameter(i + 1, x)?,
            Value::Text(t) => statement.raw_bind_parameter(i + 1, t.as_str())?,
            Value::Bytes(b) => statement.raw_bind_parameter(i + 1, b.as_slice())?,
        }
    }
    Ok(())
}
