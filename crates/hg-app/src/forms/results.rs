//! What people answered.

use hg_core::ids::{ContactId, FormId, PageId};
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Value};
use serde_json::Value as Json;

use super::{service, store};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};

/// One answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub id: i64,
    pub submitted_at: Timestamp,
    pub contact: Option<(ContactId, String, Option<String>)>,
    /// Alias → text.
    pub values: Json,
    pub page: Option<PageId>,
    pub referrer: Option<String>,
    pub utm_source: Option<String>,
    pub utm_medium: Option<String>,
    pub utm_campaign: Option<String>,
    /// False while somebody only claims to be that contact.
    pub verified: bool,
    /// The network address it came from, shortened when the settings say so.
    pub address: Option<String>,
}

/// The answers to a form, newest first. What robots sent is left out.
pub async fn answers(cx: &Cx, form: FormId, contact: Option<ContactId>, query: ListQuery) -> Result<Page<Answer>> {
    cx.may(Action::View(Area::Forms))?;
    service::get(cx, form).await?;
    let after = query.after()?.map_or(i64::MAX, |(_, id)| id);
    let limit = query.limit();
    cx.db()
        .read(move |tx| {
            let mine = "s.form_id = $1 AND s.quarantined = 0 AND ($2 = 0 OR s.contact_id = $2)";
            let text = format!("{ANSWERS} WHERE {mine} AND s.id < $3 ORDER BY s.id DESC LIMIT $4 OFFSET $5");
            let only = contact.map_or(0, |c| c.0);
            let sql = Sql::new(text).bind(form).bind(only).bind(after).bind(i64::from(limit) + 1).bind(query.offset as i64);
            let rows = tx.all(sql, read)?;
            let total: i64 =
                tx.scalar(Sql::new(format!("SELECT count(*) FROM submissions s WHERE {mine}")).bind(form).bind(only))?;
            Ok::<_, Error>(Page::of(rows, limit, Some(total as u64), |a| (Value::Null, a.id)))
        })
        .await
}

/// One answer to a form.
pub async fn answer(cx: &Cx, form: FormId, id: i64) -> Result<Answer> {
    cx.may(Action::View(Area::Forms))?;
    service::get(cx, form).await?;
    cx.db()
        .read(move |tx| {
            let text = format!("{ANSWERS} WHERE s.form_id = $1 AND s.quarantined = 0 AND s.id = $2");
            tx.opt(Sql::new(text).bind(form).bind(id), read)?.ok_or_else(|| Error::not_found("submission", id))
        })
        .await
}

const ANSWERS: &str = "SELECT s.id, s.submitted_at, s.contact_id, c.firstname, c.lastname, c.email, s.answers, s.page_id, s.referrer, \
     s.utm_source, s.utm_medium, s.utm_campaign, s.verified, s.address FROM submissions s LEFT JOIN contacts c ON c.id = s.contact_id";

fn read(r: &Row<'_>) -> hg_store::Result<Answer> {
    let contact: Option<ContactId> = r.get(2)?;
    let (first, last) = (r.get::<Option<String>>(3)?.unwrap_or_default(), r.get::<Option<String>>(4)?.unwrap_or_default());
    let email: Option<String> = r.get(5)?;
    let full = format!("{first} {last}").trim().to_owned();
    let name = if full.is_empty() { email.clone().unwrap_or_else(|| "Anonymous".into()) } else { full };
    Ok(Answer {
        id: r.get(0)?,
        submitted_at: r.get(1)?,
        contact: contact.map(|id| (id, name, email)),
        values: r.get(6)?,
        page: r.get(7)?,
        referrer: r.get(8)?,
        utm_source: r.get(9)?,
        utm_medium: r.get(10)?,
        utm_campaign: r.get(11)?,
        verified: r.get(12)?,
        address: r.get(13)?,
    })
}

/// The answers as CSV, oldest first. Cells that a spreadsheet would run as a formula are defused.
pub async fn answers_csv(cx: &Cx, form: FormId) -> Result<String> {
    cx.may(Action::View(Area::Forms))?;
    let csv = cx
        .db()
        .read(move |tx| {
            let record = store::find(tx, form)?.ok_or_else(|| Error::not_found("form", form))?;
            let aliases: Vec<String> = record.fields.iter().filter(|f| f.kind.takes_value()).map(|f| f.alias.clone()).collect();
            let mut writer = csv::Writer::from_writer(Vec::new());
            let mut head = vec!["id".to_owned(), "submitted_at".into(), "contact_id".into()];
            head.extend(aliases.iter().cloned());
            head.extend(["referrer", "utm_source", "utm_medium", "utm_campaign"].map(String::from));
            let broken = |e: csv::Error| Error::internal(e.to_string());
            writer.write_record(&head).map_err(broken)?;
            let rows = tx.all(
                Sql::new(
                    "SELECT id, submitted_at, contact_id, answers, referrer, utm_source, utm_medium, utm_campaign FROM submissions \
                     WHERE form_id = $1 AND quarantined = 0 ORDER BY id",
                )
                .bind(form),
                |r| {
                    let answers: Json = r.get(3)?;
                    let mut cells =
                        vec![r.get::<i64>(0)?.to_string(), r.get::<Timestamp>(1)?.rfc3339(), r.get::<Option<i64>>(2)?.map(|n| n.to_string()).unwrap_or_default()];
                    cells.extend(aliases.iter().map(|a| answers.get(a).and_then(Json::as_str).unwrap_or_default().to_owned()));
                    for column in 4..8 {
                        cells.push(r.get::<Option<String>>(column)?.unwrap_or_default());
                    }
                    Ok(cells)
                },
            )?;
            for cells in rows {
                writer.write_record(cells.iter().map(|c| defused(c))).map_err(broken)?;
            }
            writer.into_inner().map_err(|e| Error::internal(e.to_string()))
        })
        .await?;
    String::from_utf8(csv).map_err(|e| Error::internal(e.to_string()))
}

fn defused(cell: &str) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() }
}
