//! Writing the files, and taking them away when they have expired.

use std::path::Path;

use async_trait::async_trait;
use hg_core::ids::ContactId;
use hg_core::time::Timestamp;
use hg_store::{Lane, Sql};

use super::format::{Format, Writing};
use super::service::{ExportInfo, KIND, find, folder, ids};
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, Outcome};
use crate::notices::{self, News, Tone};
use crate::worker::Worker;
use crate::{companies, contacts};

/// How many contacts are read at once.
const PAGE: usize = 1_000;

/// Writes the file of an export.
pub struct ExportJob;

#[async_trait]
impl JobRunner for ExportJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let id = job.payload["export"].as_i64().unwrap_or(0);
        let found = cx.db().read(move |tx| find(tx, id)).await?;
        if found.state == "done" || found.state == "expired" {
            return Ok(Outcome::Done("The file is there.".to_owned()));
        }
        set_state(cx, id, "running", None, None).await?;
        match write(cx, &found, handle).await {
            Ok(Some(bytes)) => {
                set_state(cx, id, "done", Some(bytes), None).await?;
                tell(cx, &found, None).await?;
                Ok(Outcome::Done("The file is kept for seven days.".to_owned()))
            }
            Ok(None) => {
                set_state(cx, id, "queued", None, None).await?;
                Ok(Outcome::Interrupted)
            }
            Err(error) => {
                set_state(cx, id, "failed", None, Some(error.to_string())).await?;
                if job.attempts >= jobs::TRIES {
                    tell(cx, &found, Some(error.to_string())).await?;
                }
                Err(error)
            }
        }
    }
}

/// Whoever asked for the file hears that it is there, or why it is not.
async fn tell(cx: &Cx, export: &ExportInfo, failed: Option<String>) -> Result<()> {
    let things = if export.object == "company" { "companies" } else { "contacts" };
    let kept = format!("The file is kept for seven days: {} as {}.", things, export.format.to_uppercase());
    let (kind, tone, title) = match failed {
        None => ("export.done", Tone::Good, format!("Your export of {things} is ready")),
        Some(_) => ("export.failed", Tone::Bad, format!("Your export of {things} failed")),
    };
    let (ws, by, body) = (cx.ws.clone(), export.created_by, failed.unwrap_or(kept));
    let write =
        cx.db().write(move |tx| notices::tell(&ws, tx, by, &News { kind, tone, title: &title, body: &body, link: "/exports" }));
    write.await
}

async fn set_state(cx: &Cx, id: i64, state: &'static str, bytes: Option<i64>, message: Option<String>) -> Result<()> {
    cx.db()
        .write_in(Lane::Bulk, move |tx| {
            tx.exec(
                Sql::new("UPDATE exports SET state = $2, bytes = coalesce($3, bytes), message = $4 WHERE id = $1")
                    .bind(id)
                    .bind(state)
                    .bind(bytes)
                    .bind(message.as_deref()),
            )?;
            Ok::<_, Error>(())
        })
        .await
}

/// Writes the file; its size in bytes, none when it was stopped.
async fn write(cx: &Cx, export: &ExportInfo, handle: &JobHandle) -> Result<Option<i64>> {
    let path = folder(&cx.ws).join(&export.file_name);
    if export.object == "company" {
        return write_companies(cx, export, &path, handle).await;
    }
    let chosen = path.with_file_name(format!("{}.ids", export.file_name));
    let bytes = std::fs::read(&chosen).map_err(|e| Error::internal(format!("the selection of an export is gone: {e}")))?;
    let people: Vec<ContactId> = ids(&bytes)?;
    let (columns, _) = setup_of(cx, export.id).await?;
    let format = Format::from_key(&export.format).unwrap_or(Format::Csv);
    let mut writing = Writing::begin(format, &path, &columns)?;
    let mut done = 0;
    for page in people.chunks(PAGE) {
        for cells in contacts::export_rows(cx, page.to_vec(), columns.clone()).await? {
            writing.row(&cells)?;
        }
        done += i64::try_from(page.len()).unwrap_or(0);
        set_done(cx, export.id, done).await?;
        if !handle.progress(done, export.total, None).await? {
            return Ok(None);
        }
    }
    writing.end()?;
    // Whom it was about is not needed any more.
    let _ = std::fs::remove_file(&chosen);
    Ok(size_of(&path))
}

fn size_of(path: &Path) -> Option<i64> {
    std::fs::metadata(path).ok().and_then(|m| i64::try_from(m.len()).ok())
}

/// The columns of an export, and the search that chooses companies.
async fn setup_of(cx: &Cx, id: i64) -> Result<(Vec<String>, String)> {
    let text = "SELECT setup FROM exports WHERE id = $1";
    let setup: serde_json::Value = cx.db().read(move |tx| Ok::<_, Error>(tx.scalar(Sql::new(text).bind(id))?)).await?;
    let columns = serde_json::from_value(setup["columns"].clone()).unwrap_or_default();
    Ok((columns, setup["search"].as_str().unwrap_or("").to_owned()))
}

async fn set_done(cx: &Cx, id: i64, done: i64) -> Result<()> {
    let text = "UPDATE exports SET done = $2 WHERE id = $1";
    let write = cx.db().write_in(Lane::Bulk, move |tx| Ok::<_, Error>(tx.exec(Sql::new(text).bind(id).bind(done)).map(drop)?));
    write.await
}

/// The same for companies, which are searched for page by page.
async fn write_companies(cx: &Cx, export: &ExportInfo, path: &Path, handle: &JobHandle) -> Result<Option<i64>> {
    let (columns, search) = setup_of(cx, export.id).await?;
    let format = Format::from_key(&export.format).unwrap_or(Format::Csv);
    let mut writing = Writing::begin(format, path, &columns)?;
    let (mut done, mut after) = (0_i64, 0);
    while let Some((rows, last)) = companies::export_rows(cx, &columns, &search, export.created_by, after).await? {
        done += i64::try_from(rows.len()).unwrap_or(0);
        if format.most_rows().is_some_and(|most| done.unsigned_abs() > most) {
            let text = "A workbook cannot hold so many companies. Choose CSV or JSON lines.";
            return Err(Error::field("/format", "export.too-many", text));
        }
        for cells in rows {
            writing.row(&cells)?;
        }
        after = last;
        set_done(cx, export.id, done).await?;
        if !handle.progress(done, export.total, None).await? {
            return Ok(None);
        }
    }
    writing.end()?;
    let (id, text) = (export.id, "UPDATE exports SET total = $2 WHERE id = $1");
    cx.db().write(move |tx| Ok::<_, Error>(tx.exec(Sql::new(text).bind(id).bind(done)).map(drop)?)).await?;
    Ok(size_of(path))
}

/// Takes files away when they have expired.
pub struct ExpiryWorker;

#[async_trait]
impl Worker for ExpiryWorker {
    fn name(&self) -> &'static str {
        "expiry of exports"
    }

    fn topics(&self) -> &'static [&'static str] {
        &[]
    }

    async fn run_once(&self, cx: &Cx) -> Result<usize> {
        take_away(cx, cx.now()).await
    }

    async fn next_due(&self, cx: &Cx) -> Result<Option<Timestamp>> {
        cx.db().read(|tx| Ok(tx.scalar("SELECT min(expires_at) FROM exports WHERE state <> 'expired'")?)).await
    }
}

/// Takes the files of all exports away that are written, whoever is in them: somebody was erased.
pub(crate) async fn forget_files(cx: &Cx) -> Result<()> {
    while take_away(cx, Timestamp(i64::MAX)).await? > 0 {}
    Ok(())
}

/// Takes away up to a hundred files that expire until then, but for those that are still being written.
async fn take_away(cx: &Cx, until: Timestamp) -> Result<usize> {
    let now = cx.now();
    let due: Vec<(i64, String)> = cx
            .db()
            .read(move |tx| {
                let text = "SELECT id, file_name FROM exports WHERE expires_at <= $1 AND (state IN ('done', 'failed') OR state <> 'expired' AND expires_at <= $2) LIMIT 100";
                Ok::<_, Error>(tx.all(Sql::new(text).bind(until).bind(now), |r| Ok((r.get(0)?, r.get(1)?)))?)
            })
            .await?;
    for (id, name) in &due {
        let path = folder(&cx.ws).join(name);
        let _ = std::fs::remove_file(path.with_file_name(format!("{name}.ids")));
        let _ = std::fs::remove_file(path);
        set_state(cx, *id, "expired", None, None).await?;
    }
    Ok(due.len())
}
