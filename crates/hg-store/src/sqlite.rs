//! SQLite: one writer thread with group commit and three lanes, and a pool of readers.
//!
//! The writer takes what has gathered in its lanes, runs each closure in a savepoint of its own inside one
//! transaction, commits once, and then answers all of them: nobody is answered before the data is on disk, and the
//! batch grows by itself while the previous commit runs. A closure that fails takes only its own changes back.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fs4::fs_std::FileExt;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;

use crate::Result;
use crate::db::Lane;
use crate::error::StoreError;

/// How long one batch may gather work before it commits, so that nobody waits for long.
const BATCH_TIME: Duration = Duration::from_millis(40);
/// How many closures one batch takes at most.
const BATCH_SIZE: usize = 1_024;
/// How many closures may wait in one lane before callers wait outside.
const LANE_DEPTH: usize = 8_192;

/// A write that waits for its turn.
pub(crate) trait WriteTask: Send {
    /// Runs the closure once inside its savepoint. `Ok(true)`: keep its changes, `Ok(false)`: take them back.
    fn run(&mut self, conn: &Connection) -> bool;
    /// Answers the caller: the batch is on disk, or it failed as a whole.
    fn finish(self: Box<Self>, batch: Result<()>);
}

pub(crate) struct SqliteEngine {
    queue: Arc<Queue>,
    permits: [Arc<Semaphore>; 3],
    readers: Arc<Readers>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
    pub(crate) path: PathBuf,
    /// Held while this process may write; readers beside a server hold none.
    lock: Option<std::fs::File>,
}

struct Queue {
    lanes: Mutex<[VecDeque<Box<dyn WriteTask>>; 3]>,
    filled: Condvar,
    closing: AtomicBool,
}

struct Readers {
    idle: Mutex<Vec<Connection>>,
    turns: Arc<Semaphore>,
    path: PathBuf,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SqliteEngine {
    /// Opens (or creates) the file. `durable` is `synchronous=FULL`; tests that never lose power may do without.
    pub(crate) fn open(path: &Path, durable: bool, readers: usize) -> Result<Self> {
        if let Some(dir) = path.parent().filter(|d| !d.as_os_str().is_empty()) {
            std::fs::create_dir_all(dir)
                .map_err(|e| StoreError::WrongUrl(format!("the folder {} cannot be made: {e}", dir.display())))?;
        }
        let lock = lock_file(path)?;
        let writer = open_connection(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        writer.execute_batch(&format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = {}; PRAGMA foreign_keys = ON; PRAGMA cache_size = -{}; \
             PRAGMA wal_autocheckpoint = 8192; PRAGMA journal_size_limit = 67108864; PRAGMA secure_delete = FAST; PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = 5000;",
            if durable { "FULL" } else { "OFF" },
            64_000
        ))?;
        // Reading the schema finds files that are not databases before anything else happens.
        writer.query_row("SELECT count(*) FROM sqlite_master", [], |r| r.get::<_, i64>(0))?;
        let queue = Arc::new(Queue { lanes: Mutex::default(), filled: Condvar::new(), closing: AtomicBool::new(false) });
        let shared = queue.clone();
        let thread = std::thread::Builder::new()
            .name("hg-writer".into())
            .spawn(move || write_loop(&writer, &shared))
            .map_err(|e| StoreError::Other(e.to_string()))?;
        Ok(Self::assemble(path, readers, queue, Some(thread), Some(lock)))
    }

    /// Opens a file that is there for reading only, beside whoever writes it: readers of a WAL file see the last
    /// commit and are in nobody's way.
    pub(crate) fn open_for_reading(path: &Path, readers: usize) -> Result<Self> {
        if !path.exists() {
            return Err(StoreError::WrongUrl(format!(
                "there is no database at {}; check --data-dir and --database, or start the server once",
                path.display()
            )));
        }
        let queue = Arc::new(Queue { lanes: Mutex::default(), filled: Condvar::new(), closing: AtomicBool::new(false) });
        let engine = Self::assemble(path, readers, queue, None, None);
        let conn = engine.readers.take()?;
        conn.query_row("SELECT count(*) FROM sqlite_master", [], |r| r.get::<_, i64>(0))?;
        locked(&engine.readers.idle).push(conn);
        Ok(engine)
    }

    fn assemble(
        path: &Path,
        readers: usize,
        queue: Arc<Queue>,
        writer: Option<std::thread::JoinHandle<()>>,
        lock: Option<std::fs::File>,
    ) -> Self {
        let permits = std::array::from_fn(|_| Arc::new(Semaphore::new(LANE_DEPTH)));
        let turns = Arc::new(Semaphore::new(readers.max(1)));
        let readers = Arc::new(Readers { idle: Mutex::default(), turns, path: path.to_owned() });
        Self { queue, permits, readers, writer: Mutex::new(writer), path: path.to_owned(), lock }
    }

    /// Puts a write into its lane; waits outside while the lane is full.
    pub(crate) async fn submit(&self, lane: Lane, task: Box<dyn WriteTask>) -> Result<()> {
        if self.lock.is_none() {
            return Err(StoreError::ReadOnly);
        }
        let permit = self.permits[lane as usize].clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let task = Box::new(Permitted { task, _permit: permit });
        {
            // The flag is read under the same lock under which the writer leaves: no task can slip in behind it.
            let mut lanes = locked(&self.queue.lanes);
            if self.queue.closing.load(Ordering::Acquire) {
                return Err(StoreError::Closed);
            }
            lanes[lane as usize].push_back(task);
        }
        self.queue.filled.notify_one();
        Ok(())
    }

    /// Runs `f` on a reading connection inside one snapshot, on a blocking thread.
    pub(crate) async fn read<T: Send + 'static>(&self, f: impl FnOnce(&Connection) -> T + Send + 'static) -> Result<T> {
        let turn = self.readers.turns.clone().acquire_owned().await.map_err(|_| StoreError::Closed)?;
        let readers = self.readers.clone();
        let run = move || -> Result<T> {
            let _turn = turn;
            let conn = readers.take()?;
            conn.prepare_cached("BEGIN")?.raw_execute()?;
            let answer = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| f(&conn)));
            conn.prepare_cached("COMMIT")?.raw_execute()?;
            locked(&readers.idle).push(conn);
            answer.map_err(|p| StoreError::Panicked(panic_text(&*p)))
        };
        tokio::task::spawn_blocking(run).await.map_err(|e| StoreError::Other(e.to_string()))?
    }

    /// Writes what waits, then stops the writer and puts the log back into the file.
    pub(crate) fn close(&self) {
        {
            let _lanes = locked(&self.queue.lanes);
            self.queue.closing.store(true, Ordering::Release);
        }
        self.queue.filled.notify_all();
        // The last handle may have been held by a closure that the writer itself ran: it ends when that has returned.
        if let Some(thread) = locked(&self.writer).take().filter(|t| t.thread().id() != std::thread::current().id()) {
            let _ = thread.join();
        }
        locked(&self.readers.idle).clear();
    }
}

impl Drop for SqliteEngine {
    fn drop(&mut self) {
        self.close();
    }
}

impl Readers {
    fn take(&self) -> Result<Connection> {
        if let Some(conn) = locked(&self.idle).pop() {
            return Ok(conn);
        }
        let conn = open_connection(&self.path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        conn.execute_batch(
            "PRAGMA query_only = ON; PRAGMA cache_size = -4000; PRAGMA temp_store = MEMORY; PRAGMA busy_timeout = 5000;",
        )?;
        Ok(conn)
    }
}

/// Keeps a lane's permit until the task is answered.
struct Permitted {
    task: Box<dyn WriteTask>,
    _permit: tokio::sync::OwnedSemaphorePermit,
}

impl WriteTask for Permitted {
    fn run(&mut self, conn: &Connection) -> bool {
        self.task.run(conn)
    }
    fn finish(self: Box<Self>, batch: Result<()>) {
        self.task.finish(batch);
    }
}

/// Opens a connection with a statement cache that holds every hot statement.
pub(crate) fn open_connection(path: &Path, flags: OpenFlags) -> Result<Connection> {
    let conn =
        Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(|e| match StoreError::from(e) {
            StoreError::Unreachable(why) | StoreError::Other(why) => {
                StoreError::WrongUrl(format!("the database file {} cannot be opened: {why}", path.display()))
            }
            other => other,
        })?;
    conn.set_prepared_statement_cache_capacity(256);
    // Without this guarantee SQLite plans a statement anew whenever a value is bound that its plan might hang on:
    // a third of the writer's time. Our statements name in their text what a plan needs.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(conn)
}

/// SQLite is for one process only; a second one is told so instead of meeting "database is locked" later.
pub(crate) fn lock_file(path: &Path) -> Result<std::fs::File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = std::fs::OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&name)
        .map_err(|e| StoreError::WrongUrl(format!("the database file {} cannot be opened: {e}", path.display())))?;
    match FileExt::try_lock_exclusive(&file) {
        Ok(true) => Ok(file),
        _ => Err(StoreError::Locked { path: path.display().to_string() }),
    }
}

/// Empties the log beside the file, and writes the file anew unless it is larger than that. Whether it did.
pub(crate) fn compact(path: &Path, largest: u64) -> Result<bool> {
    let whole = std::fs::metadata(path).is_ok_and(|m| m.len() <= largest);
    let conn = open_connection(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.execute_batch("PRAGMA busy_timeout = 30000; PRAGMA temp_store = FILE;")?;
    if whole {
        conn.execute_batch("VACUUM;")?;
    }
    conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE);")?;
    Ok(whole)
}

fn write_loop(conn: &Connection, queue: &Queue) {
    loop {
        let mut waiting = locked(&queue.lanes);
        while waiting.iter().all(VecDeque::is_empty) {
            if queue.closing.load(Ordering::Acquire) {
                let _ = conn.execute_batch("PRAGMA optimize; PRAGMA wal_checkpoint(TRUNCATE);");
                return;
            }
            waiting = queue.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        drop(waiting);
        write_batch(conn, queue);
    }
}

/// The next task: what people wait for first, then live events, then bulk work.
fn next_task(queue: &Queue) -> Option<(usize, Box<dyn WriteTask>)> {
    let mut lanes = locked(&queue.lanes);
    (0..3).find_map(|lane| lanes[lane].pop_front().map(|task| (lane, task)))
}

fn write_batch(conn: &Connection, queue: &Queue) {
    if let Err(error) = conn.prepare_cached("BEGIN IMMEDIATE").and_then(|mut s| s.raw_execute()) {
        let error = StoreError::from(error);
        if let Some((_, task)) = next_task(queue) {
            task.finish(Err(error));
        }
        return;
    }
    let started = Instant::now();
    let mut done: Vec<Box<dyn WriteTask>> = Vec::new();
    let mut bulk_taken = false;
    let mut broken = None;
    while done.len() < BATCH_SIZE && started.elapsed() < BATCH_TIME {
        let Some((lane, mut task)) = next_task(queue) else { break };
        // One bulk closure a batch: the next one lets whoever came meanwhile go first.
        if lane == Lane::Bulk as usize {
            if bulk_taken {
                locked(&queue.lanes)[lane].push_front(task);
                break;
            }
            bulk_taken = true;
        }
        if done.is_empty() {
            match run_alone(conn, task) {
                Ok(Some(task)) => done.push(task),
                Ok(None) => return,
                Err((task, error)) => {
                    done.push(task);
                    broken = Some(error);
                    break;
                }
            }
            continue;
        }
        let outcome = run_in_savepoint(conn, &mut *task);
        done.push(task);
        if let Err(error) = outcome {
            broken = Some(error);
            break;
        }
    }
    let outcome = match broken {
        Some(error) => Err(error),
        None => conn.prepare_cached("COMMIT").and_then(|mut s| s.raw_execute()).map(|_| ()).map_err(StoreError::from),
    };
    if outcome.is_err() && !conn.is_autocommit() {
        let _ = conn.execute_batch("ROLLBACK");
    }
    for task in done {
        task.finish(outcome.clone());
    }
}

/// Runs the first task of a batch without a savepoint, which would copy each page that it changes: bulk work, campaign
/// steps and reactions change hundreds in one task. When its changes are taken back, the batch ends with it, and nothing
/// is left to commit.
#[allow(clippy::type_complexity)]
fn run_alone(
    conn: &Connection,
    mut task: Box<dyn WriteTask>,
) -> std::result::Result<Option<Box<dyn WriteTask>>, (Box<dyn WriteTask>, StoreError)> {
    let keep = task.run(conn);
    if conn.is_autocommit() {
        return Err((task, StoreError::DiskFull));
    }
    if keep {
        return Ok(Some(task));
    }
    match conn.prepare_cached("ROLLBACK").and_then(|mut s| s.raw_execute()) {
        Ok(_) => {
            task.finish(Ok(()));
            Ok(None)
        }
        Err(error) => Err((task, error.into())),
    }
}

/// An error means that the whole batch is gone (a full disk takes the transaction with it), not just this task.
fn run_in_savepoint(conn: &Connection, task: &mut dyn WriteTask) -> Result<()> {
    conn.prepare_cached("SAVEPOINT task")?.raw_execute()?;
    let keep = task.run(conn);
    if conn.is_autocommit() {
        return Err(StoreError::DiskFull);
    }
    if !keep {
        conn.prepare_cached("ROLLBACK TO task")?.raw_execute()?;
    }
    conn.prepare_cached("RELEASE task")?.raw_execute()?;
    Ok(())
}

pub(crate) fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    payload
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "unknown".to_owned())
}
