//! Bodies, queries and paths parsed into types, with problems that say what to do.

use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use bytes::Bytes;
use hg_app::list::{ListQuery, MAX_LIMIT};
use hg_app::{Error, ErrorKind};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::problem::Problem;

/// A JSON body.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let bytes = Bytes::from_request(request, state).await.map_err(too_large)?;
        let text: &[u8] = if bytes.iter().all(u8::is_ascii_whitespace) { b"{}" } else { &bytes };
        serde_json::from_slice(text).map(Body).map_err(|e| {
            let code = if e.is_data() { "value" } else { "json" };
            Problem(Error::field("", code, format!("The body cannot be read: {e}. Send JSON as the reference describes it.")))
        })
    }
}

fn too_large(rejection: BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        return Problem(Error::new(ErrorKind::TooLarge, "too-large", "The body is too large."));
    }
    Problem(Error::field("", "body", rejection.body_text()))
}

/// The query of a URL.
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Query::<T>::from_request_parts(parts, state)
            .await
            .map(|axum::extract::Query(q)| Self(q))
            .map_err(|e: QueryRejection| Problem(Error::field("", "query", e.body_text())))
    }
}

/// The ids in a path; anything that is no id is not found.
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        axum::extract::Path::<T>::from_request_parts(parts, state).await.map(|axum::extract::Path(p)| Self(p)).map_err(
            |_: PathRejection| Problem(Error::new(ErrorKind::NotFound, "not-found", "There is nothing at this address.")),
        )
    }
}

/// What every list takes in its query.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// What to search for.
    #[serde(default)]
    pub search: String,
    /// Field to sort by, `-` in front for descending.
    #[serde(default)]
    pub sort: String,
    /// Rows on a page, 50 when absent, 500 at most.
    #[serde(default)]
    pub limit: u32,
    /// Where the last page ended.
    pub cursor: Option<String>,
}

impl From<ListParams> for ListQuery {
    fn from(p: ListParams) -> Self {
        Self {
            search: p.search,
            sort: p.sort,
            limit: p.limit.min(MAX_LIMIT),
            cursor: p.cursor.filter(|c| !c.is_empty()),
            ..ListQuery::default()
        }
    }
}

/// A page of a list on the wire.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub struct PageOut<T> {
    pub items: Vec<T>,
    /// Goes into `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
    /// How many there are in all, when it is known.
    pub total: Option<u64>,
}

impl<T> PageOut<T> {
    pub fn of<U>(page: hg_app::list::Page<U>, f: impl FnMut(U) -> T) -> axum::Json<Self> {
        let page = page.map(f);
        axum::Json(Self { items: page.items, next_cursor: page.next_cursor, total: page.total })
    }
}
