//! What happens, newest first; the live stream says when there is more.

use std::collections::HashMap;

use axum::Json;
use hg_app::contacts::{self, ContactName, Moment, TimelineQuery};
use hg_app::{Cx, Error};
use hg_core::events::EventKind;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{ListParams, PageOut, Query};
use crate::native::campaign_people::ContactRef;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ActivityParams {
    /// Comma list of kinds (`page_hit,email_opened`); all when absent.
    #[serde(default)]
    kinds: String,
    #[serde(default)]
    limit: u32,
    cursor: Option<String>,
}

/// Something that happened to somebody.
#[derive(Serialize, ToSchema)]
struct ActivityOut {
    id: i64,
    kind: String,
    occurred_at: String,
    contact: ContactRef,
    /// One sentence.
    title: String,
    #[schema(value_type = Object)]
    detail: Value,
    link: Option<ActivityLink>,
}

#[derive(Serialize, ToSchema)]
struct ActivityLink {
    #[serde(rename = "type")]
    what: String,
    id: i64,
    label: String,
}

/// What happened lately, to anybody.
#[utoipa::path(get, path = "/activity", tag = "dashboard", params(ActivityParams), responses((status = 200, body = PageOut<ActivityOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ActivityParams>) -> Answer<Json<PageOut<ActivityOut>>> {
    let kinds = q.kinds.split(',').filter_map(EventKind::from_key).collect();
    let list = ListParams { limit: q.limit, cursor: q.cursor, ..ListParams::default() }.into();
    let page = contacts::recent(&cx, TimelineQuery { list, kinds, ..TimelineQuery::default() }).await?;
    let names = names(&cx, &page.items).await?;
    Ok(PageOut::of(page, |m| present(m, &names)))
}

async fn names(cx: &Cx, moments: &[Moment]) -> Result<HashMap<i64, ContactName>, Error> {
    contacts::names_of(cx, moments.iter().map(|m| m.contact.0).collect()).await
}

fn present(m: Moment, names: &HashMap<i64, ContactName>) -> ActivityOut {
    let name = names.get(&m.contact.0);
    ActivityOut {
        id: m.id,
        kind: m.kind.key().into(),
        occurred_at: m.at.rfc3339(),
        contact: ContactRef {
            id: m.contact.0,
            name: name.map(|n| n.name.clone()).unwrap_or_default(),
            email: name.and_then(|n| n.email.clone()),
        },
        title: m.title,
        detail: m.detail,
        link: m.about.map(|(what, id, label)| ActivityLink { what: what.into(), id, label }),
    }
}

/// Events by id as the live stream tells them: JSON texts, the oldest first.
pub(super) async fn told(cx: &Cx, ids: Vec<i64>) -> Result<Vec<String>, Error> {
    let moments = contacts::moments(cx, ids).await?;
    let names = names(cx, &moments).await?;
    Ok(moments.into_iter().filter_map(|m| serde_json::to_string(&present(m, &names)).ok()).collect())
}
