//! Imports of contacts.

use axum::Json;
use axum::body::Body as HttpBody;
use axum::extract::{DefaultBodyLimit, Multipart};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use hg_app::imports::{self, Import, ImportOptions, ImportPatch, ImportState, Upload};
use hg_app::{Cx, Error, ErrorKind};
use hg_core::ids::ImportId;
use hg_core::imports::{Column, Object, Policy};
use hg_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::native::import_undo::{UndoOut, undo_out};
use crate::problem::{Answer, Problem};

pub fn router() -> OpenApiRouter<Web> {
    // Files may have any size: they go to the disk as they come in.
    let upload = OpenApiRouter::new().routes(routes!(list, create)).layer(DefaultBodyLimit::disable());
    OpenApiRouter::new()
        .merge(upload)
        .routes(routes!(targets))
        .routes(routes!(get, update))
        .routes(routes!(dry_run))
        .routes(routes!(start))
        .routes(routes!(stop))
        .routes(routes!(resume))
        .routes(routes!(rejected))
        .routes(routes!(rejected_rows))
}

/// An import of contacts from a file.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    file_name: String,
    #[schema(value_type = super::words::ImportStateWord)]
    state: &'static str,
    encoding: String,
    delimiter: String,
    headers: Vec<String>,
    /// The first rows.
    sample: Vec<Vec<String>>,
    row_count_estimate: Option<i64>,
    mapping: Vec<ColumnOut>,
    /// The name of the saved mapping that was taken.
    saved_mapping: Option<String>,
    options: OptionsOut,
    dry_run: Option<DryRunOut>,
    progress: Option<ImportProgress>,
    finished_at: Option<String>,
    message: Option<String>,
    /// `contact` or `company`.
    object: String,
    /// `csv`, `jsonl` or `xlsx`.
    format: String,
    /// Until when it can be undone; null: it cannot.
    can_undo_until: Option<String>,
    undo: Option<UndoOut>,
    /// Of those that wait the lowest begins first: 1 at once, 64 as usual, 512 when there is time.
    priority: i64,
    /// The schedule that made it.
    schedule_id: Option<i64>,
    /// How fast it went.
    pace: Vec<PaceOut>,
}

/// How far an import was at a moment.
#[derive(Debug, Serialize, ToSchema)]
struct PaceOut {
    /// Seconds since the start.
    seconds: f64,
    rows: i64,
}

/// Where a column goes.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct ColumnOut {
    /// Counted from 0.
    column: usize,
    /// The alias of a field or a special target; null: left out.
    target: Option<String>,
    #[serde(default)]
    guessed: bool,
    /// What happens to a value that is there: `always` (the file wins), `if_empty`, `append` (choices are added).
    #[serde(default = "always")]
    policy: String,
}

fn always() -> String {
    Policy::Always.key().to_owned()
}

impl From<Column> for ColumnOut {
    fn from(c: Column) -> Self {
        Self { column: c.column, target: c.target, guessed: c.guessed, policy: c.policy.key().to_owned() }
    }
}

fn column((place, c): (usize, ColumnOut)) -> Answer<Column> {
    let policy = Policy::from_key(&c.policy).ok_or_else(|| {
        let detail = "A column is written always, if_empty or append.";
        Problem(Error::field(format!("/mapping/{place}/policy"), "import.policy", detail))
    })?;
    Ok(Column { column: c.column, target: c.target.filter(|t| !t.is_empty()), guessed: c.guessed, policy })
}

#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub(super) struct OptionsOut {
    /// Fields that have a value are not overwritten.
    skip_existing: bool,
    tags: Vec<String>,
    segment_id: Option<i64>,
    owner_id: Option<i64>,
    /// Everybody in the file agreed to this purpose.
    purpose: Option<String>,
    /// The words that the people of the file read when they agreed; kept with each consent.
    consent_text: Option<String>,
}

impl From<ImportOptions> for OptionsOut {
    fn from(o: ImportOptions) -> Self {
        Self {
            skip_existing: o.skip_existing,
            tags: o.tags,
            segment_id: o.segment_id,
            owner_id: o.owner_id,
            purpose: o.purpose,
            consent_text: o.consent_text,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
struct DryRunOut {
    created: i64,
    updated: i64,
    skipped: i64,
    rejected: i64,
    reasons: Vec<ReasonOut>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ReasonOut {
    reason: String,
    count: i64,
    example_line: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ImportProgress {
    done: i64,
    total: Option<i64>,
    created: i64,
    updated: i64,
    skipped: i64,
    rejected: i64,
    rows_per_second: Option<i64>,
}

/// Rows in a file, from the length of the first ones.
fn estimate(import: &Import) -> Option<i64> {
    if import.rows_total.is_some() {
        return import.rows_total;
    }
    let cells = |row: &Vec<String>| row.iter().map(|c| c.len() + 1).sum::<usize>();
    let width = import.setup.sample.iter().map(cells).sum::<usize>().checked_div(import.setup.sample.len())?;
    i64::try_from(width).ok().filter(|w| *w > 0).map(|w| import.file_bytes / w)
}

fn progress(import: &Import) -> Option<ImportProgress> {
    let started = import.started_at?;
    let counts = import.counts;
    let until = import.finished_at.unwrap_or(import.updated_at);
    let took = until.since(started).0;
    Some(ImportProgress {
        done: counts.rows(),
        total: if import.state == ImportState::Done { Some(counts.rows()) } else { estimate(import) },
        created: counts.created,
        updated: counts.updated,
        skipped: counts.skipped,
        rejected: counts.rejected,
        rows_per_second: (took > 0).then(|| counts.rows() * 1_000 / took),
    })
}

impl ImportOut {
    pub fn of(i: Import, now: Timestamp) -> Self {
        let (row_count_estimate, progress) = (estimate(&i), progress(&i));
        let can_undo_until = imports::possible_until(&i, now).map(Timestamp::rfc3339);
        let undo = undo_out(&i);
        Self {
            id: i.id.0,
            version: i.version,
            created_at: i.created_at.rfc3339(),
            updated_at: i.updated_at.rfc3339(),
            file_name: i.file_name,
            state: i.state.key(),
            encoding: i.setup.encoding,
            delimiter: i.setup.delimiter.to_string(),
            headers: i.setup.headers,
            sample: i.setup.sample,
            row_count_estimate,
            mapping: i.setup.mapping.into_iter().map(ColumnOut::from).collect(),
            saved_mapping: i.setup.saved,
            options: i.setup.options.into(),
            dry_run: i.dry_run.map(|d| DryRunOut {
                created: d.counts.created,
                updated: d.counts.updated,
                skipped: d.counts.skipped,
                rejected: d.counts.rejected,
                reasons: d
                    .reasons
                    .into_iter()
                    .map(|r| ReasonOut { reason: r.reason, count: r.count, example_line: r.example_line })
                    .collect(),
            }),
            progress,
            finished_at: i.finished_at.map(|t| t.rfc3339()),
            message: i.message,
            object: i.object,
            format: i.format,
            can_undo_until,
            undo,
            priority: i.priority,
            schedule_id: i.schedule_id,
            pace: i.pace.into_iter().map(|(ms, rows)| PaceOut { seconds: ms as f64 / 1_000.0, rows }).collect(),
        }
    }
}

/// Imports, newest first.
#[utoipa::path(get, path = "/imports", tag = "imports", params(ListParams), responses((status = 200, body = PageOut<ImportOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<PageOut<ImportOut>>> {
    let now = cx.now();
    Ok(PageOut::of(imports::list(&cx, q.into()).await?, |i| ImportOut::of(i, now)))
}

#[derive(ToSchema)]
#[allow(dead_code)]
struct UploadIn {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Whose records a file holds.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct ObjectParams {
    /// `contact` (when absent) or `company`.
    object: Option<String>,
}

impl ObjectParams {
    fn read(self) -> Answer<Object> {
        match self.object.as_deref() {
            None | Some("") => Ok(Object::Contact),
            Some(key) => Object::from_key(key).ok_or_else(|| {
                Problem(Error::field("/object", "import.object", "A file holds records of the kind contact or company."))
            }),
        }
    }
}

/// Uploads a file (multipart, part `file`) and looks at it: CSV, TSV, JSON lines or an Excel workbook.
#[utoipa::path(post, path = "/imports", tag = "imports", params(ObjectParams), request_body(content = UploadIn, content_type = "multipart/form-data"), responses((status = 201, body = ImportOut)))]
async fn create(Caller(cx): Caller, Query(q): Query<ObjectParams>, mut form: Multipart) -> Answer<(StatusCode, Json<ImportOut>)> {
    cx.may(hg_app::Action::Edit(hg_app::Area::Contacts))?;
    let object = q.read()?;
    let broken = |e: axum::extract::multipart::MultipartError| {
        Problem(Error::field("/file", "import.upload", format!("The upload broke off: {}.", e.body_text())))
    };
    while let Some(mut part) = form.next_field().await.map_err(broken)? {
        if part.name() != Some("file") {
            continue;
        }
        let mut upload = Upload::begin(&cx, part.file_name().unwrap_or("contacts.csv")).await?;
        while let Some(chunk) = part.chunk().await.map_err(broken)? {
            upload.write(&chunk).await?;
        }
        return Ok((StatusCode::CREATED, Json(ImportOut::of(upload.finish(&cx, object).await?, cx.now()))));
    }
    Err(Error::new(ErrorKind::Invalid, "import.no-file", "Send the file as the part “file” of a form.").into())
}

/// Something a column can go to.
#[derive(Debug, Serialize, ToSchema)]
struct TargetOut {
    target: String,
    label: String,
    #[serde(rename = "type")]
    kind: String,
    /// Not a field of the contact.
    special: bool,
}

/// What columns can go to.
#[utoipa::path(get, path = "/imports/targets", tag = "imports", params(ObjectParams), responses((status = 200, body = Vec<TargetOut>)))]
async fn targets(Caller(cx): Caller, Query(q): Query<ObjectParams>) -> Answer<Json<Vec<TargetOut>>> {
    let all = imports::targets(&cx, q.read()?).await?;
    Ok(Json(all.into_iter().map(|(target, label, kind, special)| TargetOut { target, label, kind, special }).collect()))
}

/// One import.
#[utoipa::path(get, path = "/imports/{id}", tag = "imports", params(("id" = i64, Path)), responses((status = 200, body = ImportOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<ImportId>) -> Answer<Json<ImportOut>> {
    Ok(Json(ImportOut::of(imports::get(&cx, id).await?, cx.now())))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct ImportIn {
    version: Option<i64>,
    mapping: Option<Vec<ColumnOut>>,
    options: Option<OptionsOut>,
    /// One character.
    delimiter: Option<String>,
    /// `utf-8`, `utf-16le`, `windows-1252` …
    encoding: Option<String>,
    /// 1, 64 or 512.
    priority: Option<i64>,
}

/// Changes mapping and options of an import that was not started.
#[utoipa::path(patch, path = "/imports/{id}", tag = "imports", params(("id" = i64, Path)), request_body = ImportIn, responses((status = 200, body = ImportOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<ImportId>, Body(b): Body<ImportIn>) -> Answer<Json<ImportOut>> {
    cx.may(hg_app::Action::Edit(hg_app::Area::Contacts))?;
    let delimiter = match b.delimiter.as_deref() {
        None | Some("") => None,
        Some("\\t" | "tab") => Some('\t'),
        Some(text) => text.chars().next(),
    };
    let patch = ImportPatch {
        version: b.version,
        mapping: b.mapping.map(|m| m.into_iter().enumerate().map(column).collect::<Answer<Vec<_>>>()).transpose()?,
        options: b.options.map(|o| ImportOptions {
            skip_existing: o.skip_existing,
            tags: o.tags,
            segment_id: o.segment_id,
            owner_id: o.owner_id,
            purpose: o.purpose,
            consent_text: o.consent_text,
        }),
        delimiter,
        encoding: b.encoding,
        priority: b.priority,
    };
    Ok(Json(ImportOut::of(imports::patch(&cx, id, patch).await?, cx.now())))
}

/// Tries the import out without writing anything.
#[utoipa::path(post, path = "/imports/{id}/dry-run", tag = "imports", params(("id" = i64, Path)), responses((status = 200, body = ImportOut)))]
async fn dry_run(Caller(cx): Caller, Path(id): Path<ImportId>) -> Answer<Json<ImportOut>> {
    Ok(Json(ImportOut::of(imports::start_dry_run(&cx, id).await?, cx.now())))
}

/// Starts the import.
#[utoipa::path(post, path = "/imports/{id}/start", tag = "imports", params(("id" = i64, Path)), responses((status = 200, body = ImportOut)))]
async fn start(Caller(cx): Caller, Path(id): Path<ImportId>) -> Answer<Json<ImportOut>> {
    Ok(Json(ImportOut::of(imports::start(&cx, id).await?, cx.now())))
}

/// Stops the import; what it did stays.
#[utoipa::path(post, path = "/imports/{id}/stop", tag = "imports", params(("id" = i64, Path)), responses((status = 200, body = ImportOut)))]
async fn stop(Caller(cx): Caller, Path(id): Path<ImportId>) -> Answer<Json<ImportOut>> {
    Ok(Json(ImportOut::of(imports::stop(&cx, id).await?, cx.now())))
}

/// Goes on where the import was stopped.
#[utoipa::path(post, path = "/imports/{id}/resume", tag = "imports", params(("id" = i64, Path)), responses((status = 200, body = ImportOut)))]
async fn resume(Caller(cx): Caller, Path(id): Path<ImportId>) -> Answer<Json<ImportOut>> {
    Ok(Json(ImportOut::of(imports::resume(&cx, id).await?, cx.now())))
}

/// A row that was not imported.
#[derive(Debug, Serialize, ToSchema)]
struct RejectedOut {
    line: i64,
    reason: String,
    cells: Vec<String>,
}

/// The rejected rows, by line.
#[utoipa::path(get, path = "/imports/{id}/rejected", tag = "imports", params(("id" = i64, Path), ListParams), responses((status = 200, body = PageOut<RejectedOut>)))]
async fn rejected_rows(
    Caller(cx): Caller,
    Path(id): Path<ImportId>,
    Query(q): Query<ListParams>,
) -> Answer<Json<PageOut<RejectedOut>>> {
    let page = imports::rejected_rows(&cx, id, q.into()).await?;
    Ok(PageOut::of(page, |(line, reason, cells)| RejectedOut { line, reason, cells }))
}

/// The rejected rows as CSV, each with its line and the reason.
#[utoipa::path(get, path = "/imports/{id}/rejected.csv", tag = "imports", params(("id" = i64, Path)), responses((status = 200, content_type = "text/csv", body = String)))]
async fn rejected(Caller(cx): Caller, Path(id): Path<ImportId>) -> Answer<Response> {
    imports::get(&cx, id).await?;
    let body = HttpBody::from_stream(stream::try_unfold((cx, None), move |at| next_page(at, id)));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"rejected_{id}.csv\"")),
    ];
    Ok((headers, body).into_response())
}

type Going = (Cx, Option<i64>);

async fn next_page((cx, after): Going, id: ImportId) -> Result<Option<(Vec<u8>, Going)>, Error> {
    let page = imports::rejected_page(&cx, id, after).await?;
    Ok(page.map(|(lines, last)| (lines, (cx, Some(last)))))
}
