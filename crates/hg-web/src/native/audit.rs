//! The audit log: who changed what.

use axum::Json;
use axum::http::header;
use axum::response::IntoResponse;
use hg_app::audit::{self, AuditQuery, AuditRow};
use hg_app::list::ListQuery;
use hg_core::ids::UserId;
use hg_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value as Value_;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{PageOut, Query};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(export))
}

/// One deed.
#[derive(Debug, Serialize, ToSchema)]
struct AuditOut {
    id: i64,
    at: String,
    user_id: Option<i64>,
    /// Who did it; `Honeyguide` for commands at the console.
    actor: String,
    /// `create`, `update`, `delete`, `restore`, `merge`, `unmerge`, `undo`, `erase`, `export`, `import`, `sign_in`, `publish`,
    /// `unpublish`, `send` or `bulk`.
    action: String,
    /// Kind of thing: `contact`, `segment`, `email`…
    object: String,
    object_id: Option<i64>,
    name: Option<String>,
    address: Option<String>,
    /// `{field: [before, after]}`, or what else was noted.
    detail: Option<Value_>,
}

impl From<AuditRow> for AuditOut {
    fn from(r: AuditRow) -> Self {
        Self {
            id: r.id,
            at: r.at.rfc3339(),
            user_id: r.user_id.map(|u| u.0),
            actor: r.actor,
            action: r.action,
            object: r.object,
            object_id: r.object_id,
            name: r.name,
            address: r.address,
            detail: r.detail,
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
struct AuditParams {
    /// Kind of thing, such as `contact`.
    object: Option<String>,
    object_id: Option<i64>,
    user_id: Option<i64>,
    action: Option<String>,
    /// From this instant on (RFC 3339).
    from: Option<String>,
    /// Before this instant (RFC 3339).
    until: Option<String>,
    limit: Option<u32>,
    cursor: Option<String>,
}

impl AuditParams {
    fn query(self) -> Answer<AuditQuery> {
        Ok(AuditQuery {
            list: ListQuery {
                limit: self.limit.unwrap_or(0).min(hg_app::list::MAX_LIMIT),
                cursor: self.cursor,
                ..ListQuery::default()
            },
            object: self.object.filter(|o| !o.is_empty()),
            object_id: self.object_id,
            user: self.user_id.map(UserId),
            action: self.action.filter(|a| !a.is_empty()),
            from: instant("/from", self.from)?,
            until: instant("/until", self.until)?,
        })
    }
}

fn instant(pointer: &str, text: Option<String>) -> Answer<Option<Timestamp>> {
    let Some(text) = text.filter(|t| !t.is_empty()) else { return Ok(None) };
    match Timestamp::parse(&text) {
        Ok(at) => Ok(Some(at)),
        Err(_) => Err(hg_app::Error::field(pointer, "instant", "Give an instant such as 2026-11-22T10:00:00Z.").into()),
    }
}

/// Who changed what, newest first.
#[utoipa::path(get, path = "/audit", tag = "audit", params(AuditParams), responses((status = 200, body = PageOut<AuditOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<AuditParams>) -> Answer<Json<PageOut<AuditOut>>> {
    Ok(PageOut::of(audit::list(&cx, q.query()?).await?, AuditOut::from))
}

/// The same as CSV.
#[utoipa::path(get, path = "/audit/export", tag = "audit", params(AuditParams), responses((status = 200, content_type = "text/csv", body = String)))]
async fn export(Caller(cx): Caller, Query(q): Query<AuditParams>) -> Answer<impl IntoResponse> {
    let file = audit::export_csv(&cx, q.query()?).await?;
    let headers =
        [(header::CONTENT_TYPE, "text/csv; charset=utf-8"), (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\"")];
    Ok((headers, file))
}
