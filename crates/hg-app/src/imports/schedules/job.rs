//! Running schedules: fetch or look, skip what is known, start an import.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use hg_core::ids::{ImportId, UserId, hex};
use hg_core::time::{Millis, Timestamp};
use hg_store::Tx;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Schedule, SourceKind, folder, service, store};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::imports::{self, ImportState};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};
use crate::notices::{self, News, Tone};
use crate::outgoing::{self, Ask, Method, Told, Unanswered};
use crate::worker::Worker;

/// Announced when schedules changed.
pub(super) const TOPIC: &str = "import-schedules";
const KIND: &str = "imports.scheduled";
/// What a fetch may take.
const LONGEST: Duration = Duration::from_secs(30 * 60);
const MOST_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Queues a run; one that waits already does for all.
pub(super) fn push(tx: &mut Tx<'_>, schedule: &Schedule, by: Option<UserId>, now: Timestamp) -> Result<()> {
    let job = NewJob {
        kind: KIND,
        dedupe_key: Some(format!("{KIND}:{}", schedule.id)),
        title: format!("Look for new files: “{}”", schedule.name),
        payload: json!({"schedule": schedule.id}),
        due_at: now,
        visible: true,
        link: Some("/imports/schedules".to_owned()),
        created_by: by,
    };
    jobs::push(tx, now, job).map(drop)
}

/// Pushes the jobs of schedules that are due.
pub struct ScheduleClock;

#[async_trait]
impl Worker for ScheduleClock {
    fn name(&self) -> &'static str {
        "import schedules"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[TOPIC]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        let now = cx.now();
        cx.db()
            .write(move |tx| {
                let due = store::due(tx, now)?;
                for schedule in &due {
                    store::set_next(tx, schedule.id, service::next(schedule.next_at, schedule.every_minutes, now))?;
                    push(tx, schedule, None, now)?;
                }
                Ok::<_, Error>(due.len())
            })
            .await
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        cx.db().read(|tx| Ok(tx.scalar("SELECT min(next_at) FROM import_schedules WHERE paused = 0")?)).await
    }
}

/// Runs one schedule.
pub struct ScheduleJob;

#[async_trait]
impl JobRunner for ScheduleJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, _handle: &JobHandle) -> Result<Outcome> {
        let id = job.payload["schedule"].as_i64().unwrap_or(0);
        let schedule = match cx.db().read(move |tx| store::find(tx, id)).await {
            Ok(schedule) => schedule,
            Err(error) if error.is_not_found() => return Ok(Outcome::Done("The schedule was deleted.".to_owned())),
            Err(error) => return Err(error),
        };
        let ran = match schedule.kind {
            SourceKind::Url => from_web(cx, &schedule).await,
            SourceKind::Folder => from_folder(cx, &schedule).await,
        };
        let (state, message) = match ran {
            Ok(Ran::Started(text)) => ("ok", text),
            Ok(Ran::Nothing(text)) => ("unchanged", text),
            Err(error) if error.store().is_some_and(hg_store::StoreError::is_passing) => return Err(error),
            Err(error) => ("failed", error.to_string()),
        };
        let (ws, said, now) = (cx.ws.clone(), message.clone(), cx.now());
        cx.db()
            .write(move |tx| {
                store::set_last(tx, id, state, &said, None, now)?;
                if state != "failed" {
                    return Ok(());
                }
                let title = format!("The scheduled import “{}” failed", schedule.name);
                let news = News {
                    kind: "import-schedule.failed",
                    tone: Tone::Bad,
                    title: &title,
                    body: &said,
                    link: "/imports/schedules",
                };
                notices::tell(&ws, tx, schedule.created_by, &news)
            })
            .await?;
        Ok(if state == "failed" { Outcome::Fail(message) } else { Outcome::Done(message) })
    }
}

enum Ran {
    Started(String),
    Nothing(String),
}

/// A new file in the folder of imports.
fn place(cx: &Cx) -> Result<PathBuf> {
    let folder = cx.ws.site.data_dir.join("imports");
    std::fs::create_dir_all(&folder).map_err(|e| Error::unavailable(format!("The file cannot be kept: {e}.")))?;
    Ok(folder.join(format!("{}.upload", hex(cx.chance(), 24))))
}

/// Asks for the file, unless it is the one of the last time.
async fn fetch(cx: &Cx, schedule: &Schedule, to: &Path) -> Result<Told, Unanswered> {
    let mut ask = Ask::new(Method::Get, schedule.source.as_str()).as_allowed(cx);
    ask.timeout = LONGEST;
    ask.redirects = 5;
    ask.longest = MOST_BYTES;
    if let Some(etag) = &schedule.etag {
        ask = ask.header("if-none-match", etag);
    }
    if let Some(modified) = &schedule.modified {
        ask = ask.header("if-modified-since", modified);
    }
    outgoing::web(cx)?.fetch(ask, to).await
}

/// What an answer without a file means.
fn refusal(status: u16) -> String {
    match status {
        401 | 403 => format!("The server does not give the file to us ({status}). Check the address and what it asks for."),
        404 | 410 => format!("There is no such file at the server ({status})."),
        _ => format!("The server answered with {status} instead of the file."),
    }
}

async fn from_web(cx: &Cx, schedule: &Schedule) -> Result<Ran> {
    let to = place(cx)?;
    let told = match fetch(cx, schedule, &to).await {
        Ok(told) if told.is_success() => told,
        refused => {
            let _ = std::fs::remove_file(&to);
            return match refused {
                Ok(told) if told.status == 304 => Ok(Ran::Nothing("Nothing changed since the last time.".to_owned())),
                Ok(told) => Err(Error::unavailable(refusal(told.status))),
                Err(error) => Err(Error::unavailable(error.to_string())),
            };
        }
    };
    let said = |name: &str| told.header(name).map(str::to_owned);
    let (etag, modified) = (said("etag"), said("last-modified"));
    let name = schedule.source.split(['?', '#']).next().unwrap_or("").rsplit('/').next().unwrap_or("");
    let name = if name.is_empty() { schedule.name.clone() } else { name.chars().take(200).collect() };
    let started = begin(cx, schedule, &name, to).await?;
    let id = schedule.id;
    cx.db().write(move |tx| store::set_answer(tx, id, etag.as_deref(), modified.as_deref())).await?;
    Ok(match started {
        Some(import) => Ran::Started(format!("Import {import} was started.")),
        None => Ran::Nothing("The content is the one that was imported before.".to_owned()),
    })
}

async fn from_folder(cx: &Cx, schedule: &Schedule) -> Result<Ran> {
    folder::make(&cx.ws, &schedule.source)?;
    let path = folder::path(&cx.ws, &schedule.source);
    let there = folder::look(&path)?;
    let (mut started, mut known, mut failed) = (Vec::new(), 0, Vec::new());
    // Whoever was there before and did not change is whole.
    for file in there.iter().filter(|file| schedule.seen.contains(file)) {
        let (name, from, to) = (file.0.clone(), path.join(&file.0), place(cx)?);
        let copied = to.clone();
        let copy = tokio::task::spawn_blocking(move || std::fs::copy(from, copied)).await;
        let copy = copy.map_err(|e| Error::internal(e.to_string()))?;
        if let Err(error) = copy {
            let _ = std::fs::remove_file(&to);
            failed.push(format!("{name}: {error}"));
            continue;
        }
        match begin(cx, schedule, &name, to).await {
            Ok(Some(import)) => started.push(import),
            Ok(None) => known += 1,
            Err(error) if error.store().is_some() => return Err(error),
            Err(error) => {
                failed.push(format!("{name}: {error}"));
                folder::put_away(&path, &name, "failed")?;
                continue;
            }
        }
        folder::put_away(&path, &name, "done")?;
    }
    let (id, seen) = (schedule.id, folder::look(&path)?);
    let waiting = seen.len();
    cx.db().write(move |tx| store::set_seen(tx, id, &seen)).await?;
    // A file is taken at the second look at which it is the same: soon, not only when the schedule is due again.
    if waiting > 0 {
        let (soon, next) = (cx.now().plus(Millis::minutes(1)), schedule.next_at);
        if !schedule.paused && soon < next {
            cx.db().write(move |tx| store::set_next(tx, id, soon)).await?;
        }
    }
    if !failed.is_empty() {
        return Err(Error::unavailable(format!("{} cannot be imported. {}", failed.len(), failed.join(" "))));
    }
    Ok(match (started.len(), known, waiting) {
        (0, 0, 0) => Ran::Nothing("No new files.".to_owned()),
        (0, 0, n) => Ran::Nothing(format!("{n} files are new; they are imported once they no longer grow.")),
        (0, n, _) => Ran::Nothing(format!("{n} files hold what was imported before.")),
        (n, ..) => Ran::Started(format!("{n} imports were started.")),
    })
}

async fn hash_of(path: &Path) -> Result<String> {
    let path = path.to_owned();
    let hashed = tokio::task::spawn_blocking(move || {
        let mut file = std::fs::File::open(path)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match file.read(&mut buffer)? {
                0 => break,
                n => hasher.update(&buffer[..n]),
            }
        }
        Ok::<_, std::io::Error>(hasher.finalize().iter().map(|b| format!("{b:02x}")).collect::<String>())
    });
    let hashed = hashed.await.map_err(|e| Error::internal(e.to_string()))?;
    hashed.map_err(|e| Error::unavailable(format!("The file cannot be read: {e}.")))
}

/// Starts the import of a file, unless its content was taken before. The file belongs to the import then, or is gone.
async fn begin(cx: &Cx, schedule: &Schedule, name: &str, file: PathBuf) -> Result<Option<ImportId>> {
    let begun = begin_or_leave(cx, schedule, name, &file).await;
    // Of a workbook only its copy is kept.
    let kept = match &begun {
        Ok(Some(id)) => imports::get(cx, *id).await.is_ok_and(|i| i.file_path == file.to_string_lossy()),
        _ => false,
    };
    if !kept {
        let _ = std::fs::remove_file(&file);
    }
    begun
}

async fn begin_or_leave(cx: &Cx, schedule: &Schedule, name: &str, file: &Path) -> Result<Option<ImportId>> {
    let (id, hash) = (schedule.id, hash_of(file).await?);
    let known = hash.clone();
    if cx.db().read(move |tx| store::taken(tx, id, &known)).await?.is_some() {
        return Ok(None);
    }
    let bytes = std::fs::metadata(file).map_or(0, |m| i64::try_from(m.len()).unwrap_or(i64::MAX));
    let made = imports::create(cx, schedule.object, name, file.to_owned(), bytes, None, None).await?;
    let prepared = match schedule.mapping_id {
        Some(mapping) => imports::apply_mapping(cx, made.id, mapping).await.map(|_| ()),
        None => Ok(()),
    };
    let (import, now, user) = (made.id, cx.now(), schedule.created_by);
    let ws = cx.ws.clone();
    let begun = match prepared {
        Ok(()) => {
            cx.db()
                .write(move |tx| {
                    if !store::take(tx, id, &hash, import, now)? {
                        return Ok(false);
                    }
                    imports::service::begin_in(&ws, tx, import, (id, user), now)?;
                    store::set_last(tx, id, "ok", "", Some(import), now)?;
                    Ok::<_, Error>(true)
                })
                .await
        }
        Err(error) => Err(error),
    };
    match begun {
        Ok(true) => Ok(Some(import)),
        Ok(false) => Ok(None),
        Err(error) => {
            let why = error.to_string();
            cx.db().write(move |tx| imports::store::set_state(tx, import, ImportState::Failed, Some(&why), now)).await?;
            Err(error)
        }
    }
}
