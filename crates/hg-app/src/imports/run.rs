//! The jobs that try an import out and that run it.

use std::path::PathBuf;

use async_trait::async_trait;
use hg_core::ids::ImportId;
use hg_core::imports::{Mapping, Object};
use hg_core::time::{self, Millis};
use hg_store::Lane;

use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::fields;
use crate::imports::batch::{self, Shared};
use crate::imports::dry_run::judge_all;
use crate::imports::reader::{self, Batch, Source};
use crate::imports::rules::Rules;
use crate::imports::service::mapping_error;
use crate::imports::{Counts, DryRun, Import, ImportState, companies, store, told};
use crate::jobs::{Job, JobHandle, JobRunner, Outcome};

pub(super) const DRY_RUN: &str = "imports.dry-run";
pub(super) const RUN: &str = "imports.run";
const ELSEWHERE: &str = "import.elsewhere";
/// How long an import waits for others before it asks again.
const WAIT: Millis = Millis::seconds(5);
/// So many points tell how fast it went.
const MOST_POINTS: usize = 120;

/// Tries an import out.
pub struct DryRunJob;

#[async_trait]
impl JobRunner for DryRunJob {
    fn kind(&self) -> &'static str {
        DRY_RUN
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let id = ImportId(job.payload["import"].as_i64().unwrap_or(0));
        let (import, source) = match prepare(cx, id, true).await {
            Ok(prepared) => prepared,
            Err(error) => return fail(cx, id, error).await,
        };
        let now = cx.now();
        match judge_all(cx, source, import.kind(), import.setup.options, Some(handle)).await {
            Ok(Some(found)) => {
                let rows = found.counts.rows();
                cx.db().write(move |tx| store::set_dry_run(tx, id, &found, now)).await?;
                Ok(Outcome::Done(format!("{rows} rows were tried.")))
            }
            Ok(None) => {
                cx.db().write(move |tx| store::set_state(tx, id, ImportState::Mapping, None, now)).await?;
                Ok(Outcome::Interrupted)
            }
            Err(error) => fail(cx, id, error).await,
        }
    }
}

/// Runs an import.
pub struct ImportJob;

#[async_trait]
impl JobRunner for ImportJob {
    fn kind(&self) -> &'static str {
        RUN
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let id = ImportId(job.payload["import"].as_i64().unwrap_or(0));
        let most = cx.ws.settings().imports.parallel;
        let waits = cx.db().read(move |tx| {
            let import = store::find(tx, id)?;
            // What was interrupted goes on at once.
            Ok::<_, Error>(import.state == ImportState::Queued && store::must_wait(tx, &import, most)?)
        });
        if waits.await? {
            return Ok(Outcome::Retry(WAIT, "Waits until another import is done.".to_owned()));
        }
        match run_rows(cx, id, Some(handle)).await {
            Ok(Ended::Done(counts)) => {
                let message = sentence(counts);
                let (ws, by, said) = (cx.ws.clone(), job.created_by, message.clone());
                cx.db().write(move |tx| told::ended(&ws, tx, id, by, ImportState::Done, &said)).await?;
                Ok(Outcome::Done(message))
            }
            Ok(Ended::Stopped) => {
                // When the process ends the import stays running: it goes on at the next start.
                if !cx.ws.is_stopping() {
                    let now = cx.now();
                    cx.db().write(move |tx| store::set_state(tx, id, ImportState::Stopped, None, now)).await?;
                }
                Ok(Outcome::Interrupted)
            }
            Ok(Ended::Elsewhere) => Ok(Outcome::Done("Another task goes on with this import.".to_owned())),
            Err(error) if error.store().is_some_and(hg_store::StoreError::is_passing) => Err(error),
            Err(error) => {
                let (ws, by, why) = (cx.ws.clone(), job.created_by, error.to_string());
                let said = why.clone();
                cx.db().write(move |tx| told::ended(&ws, tx, id, by, ImportState::Failed, &said)).await?;
                Ok(Outcome::Fail(why))
            }
        }
    }
}

/// Runs an import while the caller waits, for the console and the demo. `progress` hears of every few batches.
pub async fn run_now(cx: &Cx, id: ImportId, mut progress: impl FnMut(Counts) + Send) -> Result<Import> {
    let ended = run_batches(cx, id, None, &mut progress).await?;
    if let Ended::Done(counts) = ended {
        let (message, now) = (sentence(counts), cx.now());
        cx.db().write(move |tx| store::set_state(tx, id, ImportState::Done, Some(&message), now)).await?;
    }
    cx.db().read(move |tx| store::find(tx, id)).await
}

/// Tries an import out while the caller waits, for the console.
pub async fn try_now(cx: &Cx, id: ImportId) -> Result<DryRun> {
    let (import, source) = prepare(cx, id, true).await?;
    let found = judge_all(cx, source, import.kind(), import.setup.options, None).await?.unwrap_or_default();
    let (kept, now) = (found.clone(), cx.now());
    cx.db().write(move |tx| store::set_dry_run(tx, id, &kept, now)).await?;
    Ok(found)
}

fn sentence(c: Counts) -> String {
    format!("{} created, {} updated, {} unchanged, {} rejected.", c.created, c.updated, c.skipped, c.rejected)
}

async fn fail(cx: &Cx, id: ImportId, error: Error) -> Result<Outcome> {
    let (why, now) = (error.to_string(), cx.now());
    let said = why.clone();
    cx.db().write(move |tx| store::set_state(tx, id, ImportState::Failed, Some(&said), now)).await?;
    Ok(Outcome::Fail(why))
}

enum Ended {
    Done(Counts),
    Stopped,
    /// Somebody else moved the place in the file.
    Elsewhere,
}

/// Reads the import and checks that its file and mapping still fit.
async fn prepare(cx: &Cx, id: ImportId, from_start: bool) -> Result<(Import, Source)> {
    let ws = cx.ws.clone();
    cx.db()
        .read(move |tx| {
            let import = store::find(tx, id)?;
            let fields = fields::catalogue(&ws, tx)?;
            let mapping = Mapping::check(import.kind(), &import.setup.mapping, import.setup.headers.len(), &fields)
                .map_err(mapping_error)?;
            let users = tx.all("SELECT email_key FROM users WHERE deleted_at IS NULL", |r| r.get::<String>(0))?;
            let rules = Rules::new(&import.setup.mapping, &import.setup.options, ws.settings().identity.all_identifiers);
            let targets = || import.setup.mapping.iter().filter_map(|c| c.target.as_deref());
            let unique = |t: &&str| fields.get(t).or_else(|| fields.companies().get(t)).is_some_and(|f| f.unique);
            // With one identifier no row can be about two records.
            let keep_cells =
                import.kind() == Object::Company || targets().any(|t| t == "id") || targets().filter(unique).count() > 1;
            let source = Source {
                rules,
                keep_cells,
                object: import.kind(),
                format: import.format.clone(),
                users: users.into_iter().collect(),
                path: PathBuf::from(&import.file_path),
                setup: import.setup.clone(),
                mapping,
                fields,
                zone: time::zone_or(Some(&ws.settings().general.timezone), &time::TimeZone::UTC),
                resume_at: if from_start { 0 } else { import.resume_at },
            };
            Ok((import, source))
        })
        .await
}

async fn run_rows(cx: &Cx, id: ImportId, handle: Option<&JobHandle>) -> Result<Ended> {
    run_batches(cx, id, handle, &mut |_| {}).await
}

async fn run_batches(
    cx: &Cx,
    id: ImportId,
    handle: Option<&JobHandle>,
    progress: &mut (dyn FnMut(Counts) + Send),
) -> Result<Ended> {
    let (import, source) = prepare(cx, id, false).await?;
    let now = cx.now();
    let logged = cx
        .db()
        .write(move |tx| {
            store::begin_log(tx, id)?;
            store::set_state(tx, id, ImportState::Running, None, now)?;
            Ok::<_, Error>(store::find(tx, id)?.logged)
        })
        .await?;
    let shared = Shared {
        import: id,
        object: import.kind(),
        rules: source.rules.clone(),
        logged,
        options: import.setup.options.clone(),
        mapped: import.setup.mapping.iter().filter_map(|c| c.target.clone()).collect(),
    };
    let fields = source.fields.clone();
    let mut batches = reader::read(source);
    let mut counts = import.counts;
    let mut written = 0;
    let begun = import.started_at.unwrap_or(now);
    let mut pace = import.pace.clone();
    while let Some(next) = batches.recv().await {
        let next = std::sync::Arc::new(next?);
        let (ws, fields, shared) = (cx.ws.clone(), fields.clone(), shared.clone());
        let done = match cx.db().write_in(Lane::Bulk, move |tx| write(&ws, tx, &fields, &shared, &next)).await {
            Err(error) if error.code == ELSEWHERE => return Ok(Ended::Elsewhere),
            done => done?,
        };
        counts.created += done.created;
        counts.updated += done.updated;
        counts.skipped += done.skipped;
        counts.rejected += done.rejected;
        written += 1;
        if written % 2 == 0 {
            progress(counts);
            point(&mut pace, cx.now().since(begun).0, counts.rows());
            if written % 50 == 0 {
                keep_pace(cx, id, &pace).await?;
            }
            if let Some(handle) = handle
                && !handle.progress(counts.rows(), import.rows_total, None).await?
            {
                return Ok(Ended::Stopped);
            }
        }
    }
    point(&mut pace, cx.now().since(begun).0, counts.rows());
    keep_pace(cx, id, &pace).await?;
    if let Some(handle) = handle {
        handle.progress(counts.rows(), Some(counts.rows()), None).await?;
    }
    progress(counts);
    Ok(Ended::Done(counts))
}

/// Adds a point; when there are too many, every other one goes.
fn point(pace: &mut Vec<(i64, i64)>, elapsed: i64, rows: i64) {
    pace.push((elapsed, rows));
    if pace.len() > MOST_POINTS {
        let mut keep = false;
        pace.retain(|_| {
            keep = !keep;
            keep
        });
    }
}

async fn keep_pace(cx: &Cx, id: ImportId, pace: &[(i64, i64)]) -> Result<()> {
    let pace = pace.to_vec();
    cx.db().write_in(Lane::Bulk, move |tx| store::set_pace(tx, id, &pace)).await
}

fn write(
    ws: &crate::Workspace,
    tx: &mut hg_store::Tx<'_>,
    fields: &hg_core::contacts::FieldCatalogue,
    shared: &Shared,
    next: &Batch,
) -> Result<Counts> {
    let done = match shared.object {
        Object::Contact => batch::write(ws, tx, fields, shared, next)?,
        Object::Company => companies::write(ws, tx, fields, shared, next.from, &next.rows)?,
    };
    let mut counts = done.counts;
    let refused = done.rejected.iter().map(|(line, reason)| {
        let cells = next.cells.get(line).cloned().unwrap_or_default();
        (*line, reason.to_string(), cells)
    });
    let unread = next.rejected.iter().map(|(line, reason, cells)| (*line, reason.to_string(), cells.clone()));
    let rejects: Vec<_> = unread.chain(refused).collect();
    counts.rejected = i64::try_from(rejects.len()).unwrap_or(0);
    store::reject(tx, shared.import, &rejects)?;
    if !store::advance(tx, shared.import, next.from, next.to, counts, ws.clock.now())? {
        // Nothing of this batch may stay: somebody else wrote it.
        return Err(Error::conflict(ELSEWHERE, "Another task goes on with this import."));
    }
    Ok(counts)
}
