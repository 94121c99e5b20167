//! PostgreSQL: a pool of connections, serialisable transactions with retries.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use deadpool_postgres::{Config, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use futures_util::StreamExt;
use tokio::runtime::Handle;
use tokio_postgres::NoTls;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, private::BytesMut, to_sql_checked};

use crate::Result;
use crate::error::StoreError;
use crate::sql::{Dialect, Sql, translate};
use crate::tx::Flow;
use crate::value::{Value, ValueRef};

pub(crate) struct PgEngine {
    pool: Pool,
}

/// How often a transaction that met another one is run again.
pub(crate) const RETRIES: usize = 16;
/// Gives each of those that met another wait, so that they do not meet again.
static TURN: AtomicU64 = AtomicU64::new(0);

impl PgEngine {
    pub(crate) async fn open(url: &str, connections: usize) -> Result<Self> {
        let parsed: tokio_postgres::Config = url.parse().map_err(|e: tokio_postgres::Error| {
            StoreError::WrongUrl(format!(
                "the database address cannot be read ({}); write it like postgres://user:password@host:5432/name",
                e.source().map_or_else(|| e.to_string(), ToString::to_string)
            ))
        })?;
        if parsed.get_dbname().is_none_or(str::is_empty) {
            return Err(StoreError::WrongUrl(
                "the database address names no database; write it like postgres://user:password@host:5432/name".into(),
            ));
        }
        let mut config = Config::new();
        config.url = Some(url.to_owned());
        config.manager = Some(ManagerConfig { recycling_method: RecyclingMethod::Fast });
        config.pool = Some(deadpool_postgres::PoolConfig::new(connections));
        let pool = config.create_pool(Some(Runtime::Tokio1), NoTls).map_err(|e| StoreError::WrongUrl(e.to_string()))?;
        let engine = Self { pool };
        drop(engine.connection().await?);
        Ok(engine)
    }

    pub(crate) async fn connection(&self) -> Result<Object> {
        use deadpool_postgres::PoolError;
        self.pool.get().await.map_err(|e| match e {
            PoolError::Backend(e) => match StoreError::from(e) {
                StoreError::Other(why) => StoreError::Unreachable(why),
                other => other,
            },
            PoolError::Closed => StoreError::Closed,
            other => StoreError::Unreachable(other.to_string()),
        })
    }

    pub(crate) fn close(&self) {
        self.pool.close();
    }
}

/// A transaction on one connection, driven from a blocking thread.
pub(crate) struct PgTx {
    client: Object,
    handle: Handle,
    /// Set when a statement failed because another transaction was in the way: the whole closure runs again.
    pub(crate) contended: bool,
    tries: u64,
}

impl PgTx {
    pub(crate) fn begin(client: Object, handle: Handle, mode: &str) -> Result<Self> {
        handle.block_on(client.batch_execute(&format!("BEGIN ISOLATION LEVEL {mode}")))?;
        Ok(Self { client, handle, contended: false, tries: 0 })
    }

    /// Begins once more, after a moment that grows.
    pub(crate) fn again(&mut self, mode: &str) -> Result<()> {
        self.contended = false;
        self.tries += 1;
        let wait = Duration::from_millis(self.tries * (1 + TURN.fetch_add(1, Ordering::Relaxed) % 8));
        self.handle.block_on(tokio::time::sleep(wait));
        self.batch(&format!("BEGIN ISOLATION LEVEL {mode}"))
    }

    pub(crate) fn commit(&mut self) -> Result<()> {
        self.batch("COMMIT")
    }

    pub(crate) fn rollback(&mut self) {
        let _ = self.handle.block_on(self.client.batch_execute("ROLLBACK"));
    }

    fn note<T>(&mut self, result: std::result::Result<T, tokio_postgres::Error>) -> Result<T> {
        result.map_err(|e| {
            let error = StoreError::from(e);
            self.contended |= matches!(error, StoreError::Contended);
            error
        })
    }

    pub(crate) fn batch(&mut self, text: &str) -> Result<()> {
        let result = self.handle.block_on(self.client.batch_execute(text));
        self.note(result)
    }

    pub(crate) fn exec(&mut self, sql: &Sql<'_>) -> Result<u64> {
        let text = translate(&sql.text, Dialect::Postgres);
        let result = self.handle.block_on(async {
            let statement = self.client.prepare_cached(&text).await?;
            self.client.execute_raw(&statement, sql.values.iter()).await
        });
        self.note(result)
    }

    pub(crate) fn each(&mut self, sql: &Sql<'_>, f: &mut dyn FnMut(&tokio_postgres::Row) -> Result<Flow>) -> Result<()> {
        let text = translate(&sql.text, Dialect::Postgres);
        let started = self.handle.block_on(async {
            let statement = self.client.prepare_cached(&text).await?;
            self.client.query_raw(&statement, sql.values.iter()).await
        });
        let stream = self.note(started)?;
        let mut chunks = Box::pin(stream.ready_chunks(512));
        let mut stopped = false;
        while let Some(chunk) = self.handle.block_on(chunks.next()) {
            for row in chunk {
                let row = match row {
                    Ok(row) => row,
                    Err(e) => return self.note(Err(e)),
                };
                if !stopped && f(&row)? == Flow::Stop {
                    // What is left is thrown away by the driver; a writing statement has run to its end on the server.
                    stopped = true;
                }
            }
        }
        Ok(())
    }
}

/// The raw bytes of a column with its type, to be read without conversions in between.
struct Raw<'a>(Type, Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(ty.clone(), Some(raw)))
    }
    fn from_sql_null(ty: &Type) -> std::result::Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(ty.clone(), None))
    }
    fn accepts(_: &Type) -> bool {
        true
    }
}

pub(crate) fn value(row: &tokio_postgres::Row, i: usize) -> Result<ValueRef<'_>> {
    let Raw(ty, bytes) = row.try_get(i)?;
    let Some(b) = bytes else { return Ok(ValueRef::Null) };
    let wrong = || StoreError::Type { column: i, wanted: "known column type" };
    let text = |b| std::str::from_utf8(b).map(ValueRef::Text).map_err(|_| wrong());
    Ok(match ty {
        Type::INT8 => ValueRef::Int(i64::from_be_bytes(b.try_into().map_err(|_| wrong())?)),
        Type::INT4 => ValueRef::Int(i32::from_be_bytes(b.try_into().map_err(|_| wrong())?).into()),
        Type::INT2 => ValueRef::Int(i16::from_be_bytes(b.try_into().map_err(|_| wrong())?).into()),
        Type::BOOL => ValueRef::Int(b.first().is_some_and(|&x| x != 0).into()),
        Type::FLOAT8 => ValueRef::Real(f64::from_be_bytes(b.try_into().map_err(|_| wrong())?)),
        Type::FLOAT4 => ValueRef::Real(f32::from_be_bytes(b.try_into().map_err(|_| wrong())?).into()),
        Type::BYTEA => ValueRef::Bytes(b),
        Type::JSONB => text(b.get(1..).unwrap_or_default())?,
        Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON | Type::UNKNOWN => text(b)?,
        _ => return Err(wrong()),
    })
}

impl ToSql for Value {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> std::result::Result<IsNull, Box<dyn Error + Sync + Send>> {
        match (self, ty) {
            (Value::Null, _) => return Ok(IsNull::Yes),
            (Value::Int(n), &Type::INT8) => out.extend_from_slice(&n.to_be_bytes()),
            (Value::Int(n), &Type::INT4) => out.extend_from_slice(&i32::try_from(*n)?.to_be_bytes()),
            (Value::Int(n), &Type::INT2) => out.extend_from_slice(&i16::try_from(*n)?.to_be_bytes()),
            (Value::Int(n), &Type::FLOAT8) => out.extend_from_slice(&(*n as f64).to_be_bytes()),
            (Value::Int(n), &Type::BOOL) => out.extend_from_slice(&[u8::from(*n != 0)]),
            (Value::Real(x), &Type::FLOAT8) => out.extend_from_slice(&x.to_be_bytes()),
            (Value::Text(t), &Type::JSONB) => {
                out.extend_from_slice(&[1]);
                out.extend_from_slice(t.as_bytes());
            }
            (Value::Text(t), &(Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON | Type::UNKNOWN)) => {
                // PostgreSQL has no place for the zero character; SQLite would keep it and cut the text there.
                if t.contains('\0') {
                    out.extend_from_slice(t.replace('\0', "").as_bytes());
                } else {
                    out.extend_from_slice(t.as_bytes());
                }
            }
            (Value::Bytes(b), &Type::BYTEA) => out.extend_from_slice(b),
            (value, ty) => return Err(format!("a {} cannot be bound to a column of type {ty}", value.kind()).into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl Value {
    fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Int(_) => "number",
            Value::Real(_) => "decimal number",
            Value::Text(_) => "text",
            Value::Bytes(_) => "byte string",
        }
    }
}
