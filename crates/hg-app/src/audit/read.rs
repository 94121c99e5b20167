//! Reading the log.

use hg_core::ids::UserId;
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx, Value};
use serde_json::Value as Json;

use crate::csv_text::{csv_line, harmless};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::list::{ListQuery, Page};

/// A row of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    pub id: i64,
    pub at: Timestamp,
    pub user_id: Option<UserId>,
    pub actor: String,
    pub action: String,
    pub object: String,
    pub object_id: Option<i64>,
    pub name: Option<String>,
    pub address: Option<String>,
    /// `{field: [before, after]}`, or what else was noted.
    pub detail: Option<Json>,
}

/// Which rows are wanted; the newest come first.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    pub list: ListQuery,
    /// Kind of thing, as the API calls it.
    pub object: Option<String>,
    pub object_id: Option<i64>,
    pub user: Option<UserId>,
    pub action: Option<String>,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

const COLUMNS: &str = "id, at, user_id, actor, action, object_type, object_id, object_name, address, detail";

fn read(r: &Row<'_>) -> hg_store::Result<AuditRow> {
    Ok(AuditRow {
        id: r.get(0)?,
        at: r.get(1)?,
        user_id: r.get(2)?,
        actor: r.get(3)?,
        action: r.get(4)?,
        object: r.get(5)?,
        object_id: r.get(6)?,
        name: r.get(7)?,
        address: r.get(8)?,
        detail: r.get(9)?,
    })
}

fn rows(tx: &mut Tx<'_>, query: &AuditQuery, before: i64, limit: u32) -> Result<Vec<AuditRow>> {
    let mut values = vec![Value::Int(before)];
    let mut text = format!("SELECT {COLUMNS} FROM audit WHERE id < $1");
    let mut and = |condition: &str, value: Value| {
        values.push(value);
        text.push_str(&format!(" AND {condition} ${}", values.len()));
    };
    if let Some(object) = &query.object {
        and("object_type =", Value::Text(object.clone()));
    }
    if let Some(id) = query.object_id {
        and("object_id =", Value::Int(id));
    }
    if let Some(user) = query.user {
        and("user_id =", Value::Int(user.0));
    }
    if let Some(action) = &query.action {
        and("action =", Value::Text(action.clone()));
    }
    if let Some(from) = query.from {
        and("at >=", Value::Int(from.0));
    }
    if let Some(until) = query.until {
        and("at <", Value::Int(until.0));
    }
    text.push_str(&format!(" ORDER BY id DESC LIMIT {limit}"));
    Ok(tx.all(Sql::new(text).binds(values), read)?)
}

fn may(cx: &Cx, query: &AuditQuery) -> Result<()> {
    // What was done to one thing is for everybody who sees it; the whole log shows what colleagues do.
    let area = if query.object.is_some() && query.object_id.is_some() { Area::Contacts } else { Area::Users };
    cx.may(Action::View(area))
}

/// A page of the log.
pub async fn list(cx: &Cx, query: AuditQuery) -> Result<Page<AuditRow>> {
    may(cx, &query)?;
    let before = query.list.after()?.map_or(i64::MAX, |(_, id)| id);
    let limit = query.list.limit();
    cx.db()
        .read(move |tx| {
            let found = rows(tx, &query, before, limit.saturating_add(1))?;
            Ok(Page::of(found, limit, None, |row| (Value::Null, row.id)))
        })
        .await
}

/// The most rows that one file holds.
const MOST: u32 = 100_000;

/// The log as CSV, newest first.
pub async fn export_csv(cx: &Cx, query: AuditQuery) -> Result<Vec<u8>> {
    may(cx, &query)?;
    let found = cx.db().read(move |tx| rows(tx, &query, i64::MAX, MOST)).await?;
    let head = ["at", "user", "action", "object", "id", "name", "address", "detail"];
    let mut text = csv_line(head.into_iter())?;
    for row in found {
        let cells = [
            row.at.rfc3339(),
            row.actor,
            row.action,
            row.object,
            row.object_id.map(|id| id.to_string()).unwrap_or_default(),
            row.name.unwrap_or_default(),
            row.address.unwrap_or_default(),
            row.detail.map(|d| d.to_string()).unwrap_or_default(),
        ];
        let cells: Vec<String> = cells.into_iter().map(harmless).collect();
        text.extend(csv_line(cells.iter().map(String::as_str))?);
    }
    Ok(text)
}
