//! HTML from Word, cleaned on wish.

use axum::Json;
use hg_app::emails;
use hg_core::emails::Rubbish;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::Body;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(tidy))
}

/// What is to be cleaned.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct EmailTidyIn {
    /// HTML of up to 2 MB.
    source: String,
}

/// What was taken out, and how often.
#[derive(Debug, Serialize, ToSchema)]
struct EmailRubbish {
    /// Comments that only some programs read.
    comments: usize,
    /// Islands of XML.
    islands: usize,
    /// Tags of Office, such as `<o:p>`.
    tags: usize,
    /// Declarations of styles that only Word reads.
    styles: usize,
    /// Rules of style sheets for Word's own classes.
    rules: usize,
    /// Word's classes.
    classes: usize,
    /// Namespaces and other attributes of Office.
    attributes: usize,
    /// Spans that say nothing.
    spans: usize,
    /// Paragraphs that became items of lists.
    items: usize,
}

impl From<Rubbish> for EmailRubbish {
    fn from(r: Rubbish) -> Self {
        let Rubbish { comments, islands, tags, styles, rules, classes, attributes, spans, items } = r;
        Self { comments, islands, tags, styles, rules, classes, attributes, spans, items }
    }
}

/// What is left, and what was taken out.
#[derive(Debug, Serialize, ToSchema)]
struct EmailTidied {
    source: String,
    taken: EmailRubbish,
}

/// Cleans HTML that Word or Outlook wrote: words, links, lists, tables and images stay. Nothing is stored.
#[utoipa::path(post, path = "/emails/tidy", tag = "emails", request_body = EmailTidyIn, responses((status = 200, body = EmailTidied)))]
async fn tidy(Caller(cx): Caller, Body(b): Body<EmailTidyIn>) -> Answer<Json<EmailTidied>> {
    let done = emails::tidy(&cx, &b.source)?;
    Ok(Json(EmailTidied { source: done.html, taken: done.taken.into() }))
}
