//! Addresses that must not be written to.

use axum::Json;
use axum::body::Body as HttpBody;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use hg_app::suppressions::{self, Cause, Suppression, SuppressionQuery};
use hg_app::{Cx, Error, list::ListQuery};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, PageOut, Path, Query};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(remove)).routes(routes!(import)).routes(routes!(export))
}

/// An address on the list, of which only the hash is known.
#[derive(Debug, Serialize, ToSchema)]
struct SuppressionOut {
    id: i64,
    /// SHA-256 of the address in its normal form.
    hash: String,
    #[schema(value_type = super::words::CauseWord)]
    cause: &'static str,
    /// What put it there.
    source: String,
    comments: Option<String>,
    added_at: String,
}

impl From<Suppression> for SuppressionOut {
    fn from(s: Suppression) -> Self {
        Self {
            id: s.id,
            hash: s.hash,
            cause: s.cause.key(),
            source: s.source,
            comments: s.comments,
            added_at: s.added_at.rfc3339(),
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SuppressionParams {
    /// An address, or the hash of one: the list knows no others.
    #[serde(default)]
    search: String,
    /// `unsubscribed`, `bounced`, `manual` or `complained`.
    #[serde(default)]
    cause: String,
    #[serde(default)]
    limit: u32,
    cursor: Option<String>,
}

/// The list, what was added last first.
#[utoipa::path(get, path = "/suppressions", tag = "suppressions", params(SuppressionParams), responses((status = 200, body = PageOut<SuppressionOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<SuppressionParams>) -> Answer<Json<PageOut<SuppressionOut>>> {
    let cursor = q.cursor.filter(|c| !c.is_empty());
    let list = ListQuery { search: q.search, limit: q.limit.min(500), cursor, ..ListQuery::default() };
    let query = SuppressionQuery { list, cause: Cause::parse(&q.cause) };
    Ok(PageOut::of(suppressions::list(&cx, query).await?, SuppressionOut::from))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct SuppressionIn {
    /// An email address, or its SHA-256 hash.
    #[schema(required = true)]
    address: String,
    #[schema(value_type = Option<super::words::CauseWord>)]
    cause: Option<String>,
    comments: Option<String>,
}

/// Puts an address on the list.
#[utoipa::path(post, path = "/suppressions", tag = "suppressions", request_body = SuppressionIn, responses((status = 201, body = SuppressionOut)))]
async fn add(Caller(cx): Caller, Body(b): Body<SuppressionIn>) -> Answer<(StatusCode, Json<SuppressionOut>)> {
    let wrong = || Error::field("/cause", "suppression.cause", "Choose unsubscribed, bounced, manual or complained.");
    let cause = b.cause.map_or(Ok(Cause::Manual), |word| Cause::parse(&word).ok_or_else(wrong))?;
    let comments = b.comments.filter(|c| !c.trim().is_empty());
    Ok((StatusCode::CREATED, Json(suppressions::add(&cx, b.address, cause, comments).await?.into())))
}

/// Takes an address off the list.
#[utoipa::path(delete, path = "/suppressions/{id}", tag = "suppressions", params(("id" = i64, Path)), responses((status = 204)))]
async fn remove(Caller(cx): Caller, Path(id): Path<i64>) -> Answer<StatusCode> {
    suppressions::remove(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct SuppressedListIn {
    /// One address or hash a line; a second column may say why.
    #[schema(required = true)]
    csv: String,
}

/// What an import of the list did.
#[derive(Debug, Serialize, ToSchema)]
struct ImportedOut {
    added: u64,
    /// Were on the list already.
    there: u64,
    /// Lines that hold neither an address nor a hash.
    unreadable: u64,
}

/// Brings many addresses onto the list.
#[utoipa::path(post, path = "/suppressions/import", tag = "suppressions", request_body = SuppressedListIn, responses((status = 200, body = ImportedOut)))]
async fn import(Caller(cx): Caller, Body(b): Body<SuppressedListIn>) -> Answer<Json<ImportedOut>> {
    let (added, there, unreadable) = suppressions::import_csv(&cx, b.csv.as_bytes()).await?;
    Ok(Json(ImportedOut { added, there, unreadable }))
}

/// The whole list as CSV: hash, cause, source and time.
#[utoipa::path(get, path = "/suppressions/export.csv", tag = "suppressions", responses((status = 200, content_type = "text/csv", body = String)))]
async fn export(Caller(cx): Caller) -> Answer<Response> {
    cx.may(hg_app::Action::View(hg_app::Area::Contacts))?;
    let pages = stream::try_unfold((cx, 0), |(cx, after): (Cx, i64)| async move {
        let page = suppressions::export_csv(&cx, after).await?;
        Ok::<_, Error>(page.map(|(lines, last)| (lines, (cx, last))))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"suppressions.csv\""),
    ];
    Ok((headers, HttpBody::from_stream(pages)).into_response())
}
