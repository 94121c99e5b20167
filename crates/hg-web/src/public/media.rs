//! Pictures for readers of mails and visitors of pages: bytes and nothing else, whatever a browser would like to see in
//! them.

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hg_app::media;

use crate::{Web, problem};

/// A picture by its hash; the name behind it is for people.
pub async fn picture(State(web): State<Web>, Path((hash, _)): Path<(String, String)>, asked: HeaderMap) -> Response {
    let tag = format!("\"{hash}\"");
    let known = asked.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    match media::serve(&web.ws, &hash).await {
        Ok(Some(found)) => {
            let headers = [
                (header::CONTENT_TYPE, found.content_type.clone()),
                (header::CACHE_CONTROL, "public, max-age=31536000, immutable".to_owned()),
                (header::ETAG, tag),
                (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox".to_owned()),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
            ];
            if known {
                return (StatusCode::NOT_MODIFIED, headers).into_response();
            }
            (headers, found.body.clone()).into_response()
        }
        Ok(None) => (StatusCode::NOT_FOUND, "There is no image at this address.").into_response(),
        Err(error) => {
            problem::log(&error);
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
    }
}
