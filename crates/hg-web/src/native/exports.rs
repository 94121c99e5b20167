//! Exports in the background.

use axum::Json;
use axum::body::Body as HttpBody;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use hg_app::consents;
use hg_app::exports::{self, ExportInfo, Format, NewExport};
use hg_core::ids::ContactId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::native::contacts::SelectIn;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, start))
        .routes(routes!(get))
        .routes(routes!(file))
        .routes(routes!(start_companies))
        .routes(routes!(one))
        .routes(routes!(proofs))
}

/// An export of contacts.
#[derive(Debug, Serialize, ToSchema)]
struct ExportOut {
    id: i64,
    /// `contact` or `company`.
    object: String,
    created_at: String,
    #[schema(value_type = super::words::ExportFormat)]
    format: String,
    /// `queued`, `running`, `done`, `failed` or `expired`.
    state: String,
    /// How many contacts it holds, and how many are written.
    total: Option<i64>,
    done: i64,
    bytes: Option<i64>,
    message: Option<String>,
    expires_at: String,
    /// The task that writes it.
    task_id: Option<i64>,
}

impl From<ExportInfo> for ExportOut {
    fn from(e: ExportInfo) -> Self {
        Self {
            id: e.id,
            object: e.object,
            created_at: e.created_at.rfc3339(),
            format: e.format,
            state: e.state,
            total: e.total,
            done: e.done,
            bytes: e.bytes,
            message: e.message,
            expires_at: e.expires_at.rfc3339(),
            task_id: e.job.map(|j| j.0),
        }
    }
}

/// Which contacts, which columns, in which format.
#[derive(Debug, Deserialize, ToSchema)]
struct ExportIn {
    select: SelectIn,
    /// Aliases of fields, `id`, `tags`, `segments`, `stage`, `do_not_contact`, `owner`, `created_at`…; all when empty.
    #[serde(default)]
    columns: Vec<String>,
    #[schema(value_type = super::words::ExportFormat)]
    format: String,
}

/// Asks for a file of contacts; a task makes it.
#[utoipa::path(post, path = "/exports", tag = "exports", request_body = ExportIn, responses((status = 202, body = ExportOut)))]
async fn start(Caller(cx): Caller, Body(b): Body<ExportIn>) -> Answer<(StatusCode, Json<ExportOut>)> {
    cx.may(hg_app::Action::View(hg_app::Area::Contacts))?;
    let format = format_of(&b.format)?;
    let contacts = b.select.selection()?;
    let made = exports::start(&cx, NewExport { contacts, columns: b.columns, format }).await?;
    Ok((StatusCode::ACCEPTED, Json(made.into())))
}

/// Which companies, which columns, in which format.
#[derive(Debug, Deserialize, ToSchema)]
struct CompanyExportIn {
    /// As in the list of companies; all when empty.
    #[serde(default)]
    search: String,
    /// Aliases of fields, `id`, `tags`, `score`, `owner_id`, `created_at`, `updated_at`; all when empty.
    #[serde(default)]
    columns: Vec<String>,
    #[schema(value_type = super::words::ExportFormat)]
    format: String,
}

/// Asks for a file of companies; a task makes it.
#[utoipa::path(post, path = "/exports/companies", tag = "exports", request_body = CompanyExportIn, responses((status = 202, body = ExportOut)))]
async fn start_companies(Caller(cx): Caller, Body(b): Body<CompanyExportIn>) -> Answer<(StatusCode, Json<ExportOut>)> {
    cx.may(hg_app::Action::View(hg_app::Area::Contacts))?;
    let made = exports::start_companies(&cx, b.search, b.columns, format_of(&b.format)?).await?;
    Ok((StatusCode::ACCEPTED, Json(made.into())))
}

fn format_of(key: &str) -> Answer<Format> {
    let unknown = || hg_app::Error::field("/format", "export.format", "The formats are csv, xlsx and jsonl.");
    Ok(Format::from_key(key).ok_or_else(unknown)?)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct FormatParams {
    /// `xlsx` (when absent), `csv` or `jsonl`.
    format: Option<String>,
}

/// One contact as a file, with everything that hangs on her in columns.
#[utoipa::path(get, path = "/contacts/{id}/export", tag = "exports", params(("id" = i64, Path), FormatParams), responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
async fn one(Caller(cx): Caller, Path(id): Path<ContactId>, Query(q): Query<FormatParams>) -> Answer<Response> {
    let format = format_of(q.format.as_deref().unwrap_or("xlsx"))?;
    let (bytes, name) = exports::one(&cx, id, format).await?;
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, bytes).into_response())
}

/// Every word that anybody said on a consent, with its proof, as CSV.
#[utoipa::path(get, path = "/exports/consents.csv", tag = "exports", responses((status = 200, content_type = "text/csv", body = String)))]
async fn proofs(Caller(cx): Caller) -> Answer<Response> {
    let head = consents::export_start(&cx).await?;
    let pages = stream::try_unfold((cx, 0), |(cx, after)| async move {
        let page = consents::export_page(&cx, after).await?;
        Ok::<_, hg_app::Error>(page.map(|(lines, last)| (lines, (cx, last))))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"consents.csv\"".to_owned()),
    ];
    let body = HttpBody::from_stream(stream::once(async move { Ok(head) }).chain(pages));
    Ok((headers, body).into_response())
}

/// Exports, newest first.
#[utoipa::path(get, path = "/exports", tag = "exports", params(ListParams), responses((status = 200, body = PageOut<ExportOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<PageOut<ExportOut>>> {
    Ok(PageOut::of(exports::list(&cx, q.into()).await?, ExportOut::from))
}

/// One export.
#[utoipa::path(get, path = "/exports/{id}", tag = "exports", params(("id" = i64, Path)), responses((status = 200, body = ExportOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<Json<ExportOut>> {
    Ok(Json(exports::get(&cx, id).await?.into()))
}

/// The file of an export that is done.
#[utoipa::path(get, path = "/exports/{id}/file", tag = "exports", params(("id" = i64, Path)), responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>)))]
async fn file(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<Response> {
    let (path, name, format) = exports::file(&cx, id).await?;
    let file =
        tokio::fs::File::open(&path).await.map_err(|e| hg_app::Error::unavailable(format!("The file cannot be read: {e}.")))?;
    let headers = [
        (header::CONTENT_TYPE, format.content_type().to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, HttpBody::from_stream(tokio_util::io::ReaderStream::new(file))).into_response())
}
