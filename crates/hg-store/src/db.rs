//! The database: opens, migrates, runs transactions, announces what happened, closes.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::{broadcast, oneshot};

use crate::Result;
use crate::announce::{Announcement, Hub, Wakes};
use crate::error::StoreError;
use crate::postgres::{PgEngine, PgTx, RETRIES};
use crate::sql::Dialect;
use crate::sqlite::{SqliteEngine, WriteTask, panic_text};
use crate::tx::{Tx, TxKind};

/// Where the data is: `sqlite:PATH` or `postgres://user:password@host:port/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DbUrl {
    Sqlite(PathBuf),
    Postgres(String),
}

impl FromStr for DbUrl {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Self> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() {
                return Err(StoreError::WrongUrl(
                    "the database address names no file; write it like sqlite:honeyguide.db".into(),
                ));
            }
            return Ok(Self::Sqlite(path.into()));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return Ok(Self::Postgres(text.to_owned()));
        }
        Err(StoreError::WrongUrl(format!(
            "“{}” is not a database address; write sqlite:PATH or postgres://user:password@host:5432/name",
            text.split('@').next_back().unwrap_or(text)
        )))
    }
}

/// Which of the writer's lanes a write takes. PostgreSQL has no lanes and treats all alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// A person waits for the answer.
    Interactive = 0,
    /// Hits, sends, campaign steps.
    Live = 1,
    /// Imports and rebuilds: closures of at most 20 ms.
    Bulk = 2,
}

/// How a database is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// Every commit reaches the disk before it is answered (the default; tests turn it off).
    pub durable: bool,
    /// Reading connections (SQLite) or connections in all (PostgreSQL).
    pub connections: usize,
    /// Nothing is written: an SQLite file can then be opened beside the process that writes it.
    pub read_only: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { durable: true, connections: 6, read_only: false }
    }
}

/// A handle on the database; clones share it.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    engine: Engine,
    read_only: bool,
    hub: Arc<Hub>,
}

enum Engine {
    Sqlite(SqliteEngine),
    Postgres(PgEngine),
}

impl Db {
    /// Opens the database without touching its schema; [`Db::migrate`] brings it up to date.
    pub async fn open(url: &DbUrl, options: Options) -> Result<Self> {
        let engine = match url {
            DbUrl::Sqlite(path) => {
                let path = path.clone();
                let open = move || match options.read_only {
                    true => SqliteEngine::open_for_reading(&path, options.connections),
                    false => SqliteEngine::open(&path, options.durable, options.connections),
                };
                Engine::Sqlite(tokio::task::spawn_blocking(open).await.map_err(|e| StoreError::Other(e.to_string()))??)
            }
            DbUrl::Postgres(url) => Engine::Postgres(PgEngine::open(url, options.connections.max(4)).await?),
        };
        Ok(Self(Arc::new(Inner { engine, read_only: options.read_only, hub: Arc::new(Hub::new()) })))
    }

    pub fn dialect(&self) -> Dialect {
        match self.0.engine {
            Engine::Sqlite(_) => Dialect::Sqlite,
            Engine::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The file of an SQLite database.
    pub fn file(&self) -> Option<&Path> {
        match &self.0.engine {
            Engine::Sqlite(engine) => Some(&engine.path),
            Engine::Postgres(_) => None,
        }
    }

    /// Everything announced from now on by transactions of this process, after their commit.
    pub fn subscribe(&self) -> broadcast::Receiver<Announcement> {
        self.0.hub.subscribe()
    }

    /// Wake-ups ([`Tx::wake`]) of these topics from now on, after the commit of whoever woke.
    pub fn wakes(&self, topics: &'static [&'static str]) -> Wakes {
        self.0.hub.sleeper(topics)
    }

    /// Runs a writing transaction that somebody waits for. See [`Db::write_in`].
    pub async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.write_in(Lane::Interactive, f).await
    }

    /// Runs a writing transaction in a lane. `f` may run again (PostgreSQL, when it met another transaction), so it
    /// must do nothing but statements. When it gives an error, nothing of it stays. The answer comes after the commit.
    pub async fn write_in<T, E, F>(&self, lane: Lane, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        match &self.0.engine {
            Engine::Sqlite(engine) => {
                let (reply, answer) = oneshot::channel();
                let task = SqliteWrite { f, result: None, announcements: Vec::new(), reply, hub: self.0.hub.clone() };
                engine.submit(lane, Box::new(task)).await.map_err(E::from)?;
                answer.await.map_err(|_| E::from(StoreError::Closed))?
            }
            Engine::Postgres(_) if self.0.read_only => Err(E::from(StoreError::ReadOnly)),
            Engine::Postgres(engine) => {
                let client = engine.connection().await.map_err(E::from)?;
                let hub = self.0.hub.clone();
                let handle = Handle::current();
                tokio::task::spawn_blocking(move || pg_write(client, handle, &hub, f))
                    .await
                    .unwrap_or_else(|e| Err(E::from(StoreError::Panicked(e.to_string()))))
            }
        }
    }

    /// Runs a reading transaction: one consistent snapshot.
    pub async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        match &self.0.engine {
            Engine::Sqlite(engine) => {
                engine.read(move |conn| f(&mut Tx::new(TxKind::Sqlite(conn), false))).await.unwrap_or_else(|e| Err(E::from(e)))
            }
            Engine::Postgres(engine) => {
                let client = engine.connection().await.map_err(E::from)?;
                let handle = Handle::current();
                let run = move || {
                    let mut pg = PgTx::begin(client, handle, "REPEATABLE READ READ ONLY").map_err(E::from)?;
                    let answer = f(&mut Tx::new(TxKind::Postgres(&mut pg), false));
                    pg.rollback();
                    answer
                };
                tokio::task::spawn_blocking(run).await.unwrap_or_else(|e| Err(E::from(StoreError::Panicked(e.to_string()))))
            }
        }
    }

    /// By how many milliseconds the database's clock is ahead; an SQLite file has none of its own.
    pub async fn clock_ahead_of(&self, now: hg_core::time::Timestamp) -> Result<i64> {
        match self.dialect() {
            Dialect::Sqlite => Ok(0),
            Dialect::Postgres => {
                let sql = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
                Ok(self.read(move |tx| tx.scalar::<i64>(sql)).await? - now.0)
            }
        }
    }

    /// Empties the log beside an SQLite file and, when the file is no larger than `largest`, writes it anew without what
    /// deleted rows left in it; writers wait for that long. Whether it was written anew. PostgreSQL does this by itself.
    pub async fn compact(&self, largest: u64) -> Result<bool> {
        let Some(path) = self.file().map(Path::to_path_buf) else { return Ok(false) };
        tokio::task::spawn_blocking(move || crate::sqlite::compact(&path, largest))
            .await
            .map_err(|e| StoreError::Other(e.to_string()))?
    }

    /// Finishes what waits and closes; later calls answer [`StoreError::Closed`].
    pub async fn close(&self) {
        let db = self.clone();
        let close = move || match &db.0.engine {
            Engine::Sqlite(engine) => engine.close(),
            Engine::Postgres(engine) => engine.close(),
        };
        let _ = tokio::task::spawn_blocking(close).await;
    }
}

struct SqliteWrite<T, E, F> {
    f: F,
    result: Option<Result<T, E>>,
    announcements: Vec<Announcement>,
    reply: oneshot::Sender<Result<T, E>>,
    hub: Arc<Hub>,
}

impl<T, E, F> WriteTask for SqliteWrite<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send,
{
    fn run(&mut self, conn: &rusqlite::Connection) -> bool {
        let mut tx = Tx::new(TxKind::Sqlite(conn), self.hub.is_heard());
        let f = &mut self.f;
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| f(&mut tx)))
            .unwrap_or_else(|p| Err(E::from(StoreError::Panicked(panic_text(&*p)))));
        let keep = result.is_ok();
        if keep {
            self.announcements = tx.announcements;
        }
        self.result = Some(result);
        keep
    }

    fn finish(self: Box<Self>, batch: Result<()>) {
        let result = match (batch, self.result) {
            (Ok(()), Some(result)) => result,
            (Err(e), _) => Err(E::from(e)),
            (Ok(()), None) => Err(E::from(StoreError::Closed)),
        };
        if result.is_ok() {
            self.hub.tell(self.announcements);
        }
        let _ = self.reply.send(result);
    }
}

fn pg_write<T, E, F>(client: deadpool_postgres::Object, handle: Handle, hub: &Hub, mut f: F) -> Result<T, E>
where
    E: From<StoreError>,
    F: FnMut(&mut Tx<'_>) -> Result<T, E>,
{
    const MODE: &str = "SERIALIZABLE";
    let mut pg = PgTx::begin(client, handle, MODE).map_err(E::from)?;
    for attempt in 0..=RETRIES {
        if attempt > 0 {
            pg.again(MODE).map_err(E::from)?;
        }
        let mut tx = Tx::new(TxKind::Postgres(&mut pg), hub.is_heard());
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| f(&mut tx)))
            .unwrap_or_else(|p| Err(E::from(StoreError::Panicked(panic_text(&*p)))));
        let announcements = tx.announcements;
        match result {
            Ok(value) => match pg.commit() {
                Ok(()) => {
                    hub.tell(announcements);
                    return Ok(value);
                }
                Err(StoreError::Contended) => pg.rollback(),
                Err(e) => {
                    pg.rollback();
                    return Err(E::from(e));
                }
            },
            Err(e) => {
                let contended = pg.contended;
                pg.rollback();
                if !contended {
                    return Err(e);
                }
            }
        }
    }
    Err(E::from(StoreError::Contended))
}
