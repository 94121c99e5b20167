//! What the public meets: tracking, links in mails, pages, forms.

use axum::Router;

use crate::Web;

pub fn router() -> Router<Web> {
    Router::new()
}
