//! The built-in outbox: catches every message instead of sending it, so that all of the product can be tried without a
//! mail server. A caught message can be read, looked at as source, opened and clicked as its recipient.

use hg_core::ids::{ContactId, EmailId, SendId};
use hg_core::time::Timestamp;
use hg_store::{Lane, Row, Sql, Tx, Value};

use super::batch::{self, Outcome};
use super::compose::{Desk, Outgoing};
use super::ledger::SendRow;
use super::responses;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};

/// A caught message in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caught {
    pub id: i64,
    pub send: Option<SendId>,
    pub email: Option<EmailId>,
    pub contact: Option<ContactId>,
    pub from: String,
    pub to: String,
    pub subject: String,
    pub caught_at: Timestamp,
    pub size: i64,
}

/// A caught message with its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaughtMessage {
    pub about: Caught,
    pub bytes: Vec<u8>,
    /// The key of its copy in the browser; none for tests.
    pub key: Option<String>,
}

/// Catches a claimed batch: message, outcome and event in one transaction.
pub(super) async fn catch(cx: &Cx, sends: Vec<SendRow>) -> Result<usize> {
    let count = sends.len();
    let ready = batch::prepare(cx, sends).await?;
    let desk = Desk::open(cx).await?;
    let now = cx.now();
    let mut settled = ready.settled;
    let mut messages = Vec::with_capacity(ready.jobs.len());
    for job in ready.jobs {
        match desk.compose(&job.send, &job.email, &job.texts, &job.more, now) {
            Ok(outgoing) => messages.push((job.send, outgoing)),
            Err(error) => settled.push((job.send, Outcome::Failed { reason: error.to_string(), blames_address: false })),
        }
    }
    let ws = cx.ws.clone();
    cx.db()
        .write_in(Lane::Live, move |tx| {
            let mut done = settled.clone();
            let sends: Vec<SendRow> = messages.iter().map(|(send, _)| send.clone()).collect();
            for ((send, outgoing), skip) in messages.iter().zip(batch::hand_over(tx, now, &sends)?) {
                let outcome = match skip {
                    Some(skip) => Outcome::Skipped(skip),
                    None => {
                        keep(tx, now, Some(send), outgoing)?;
                        Outcome::Sent
                    }
                };
                done.push((send.clone(), outcome));
            }
            batch::settle(&ws, tx, now, &done)?.write(tx)
        })
        .await?;
    Ok(count)
}

/// Puts a message into the outbox; once for each send.
pub(super) fn keep(tx: &mut Tx<'_>, now: Timestamp, send: Option<&SendRow>, outgoing: &Outgoing) -> Result<()> {
    tx.exec(
        Sql::new(
            "INSERT INTO outbox (send_id, email_id, contact_id, sender, recipient, subject, caught_at, message) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING",
        )
        .bind(send.map(|s| s.id))
        .bind(send.map(|s| s.email))
        .bind(send.map(|s| s.contact))
        .bind(&outgoing.envelope.sender)
        .bind(&outgoing.envelope.recipient)
        .bind(&outgoing.subject)
        .bind(now)
        .bind(outgoing.bytes.as_slice()),
    )?;
    Ok(())
}

const COLUMNS: &str = "id, send_id, email_id, contact_id, sender, recipient, subject, caught_at, length(message)";

fn read(r: &Row<'_>) -> hg_store::Result<Caught> {
    Ok(Caught {
        id: r.get(0)?,
        send: r.get(1)?,
        email: r.get(2)?,
        contact: r.get(3)?,
        from: r.get(4)?,
        to: r.get(5)?,
        subject: r.get(6)?,
        caught_at: r.get(7)?,
        size: r.get(8)?,
    })
}

/// Caught messages, newest first.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<Caught>> {
    cx.may(Action::View(Area::Emails))?;
    let after = query.after()?.map_or(i64::MAX, |(_, id)| id);
    let limit = query.limit();
    let search = query.search.trim().to_lowercase();
    cx.db()
        .read(move |tx| {
            let pattern = format!("%{}%", search.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
            let matches = "($2 = '%%' OR lower(recipient) LIKE $2 ESCAPE '\\' OR lower(subject) LIKE $2 ESCAPE '\\')";
            let text = format!("SELECT {COLUMNS} FROM outbox WHERE id < $1 AND {matches} ORDER BY id DESC LIMIT $3");
            let rows = tx.all(Sql::new(text).bind(after).bind(&pattern).bind(i64::from(limit) + 1), read)?;
            let count = format!("SELECT count(*) FROM outbox WHERE id < $1 AND {matches}");
            let total: i64 = tx.scalar(Sql::new(count).bind(i64::MAX).bind(&pattern))?;
            Ok(Page::of(rows, limit, Some(total as u64), |c| (Value::Null, c.id)))
        })
        .await
}

/// One caught message.
pub async fn get(cx: &Cx, id: i64) -> Result<CaughtMessage> {
    cx.may(Action::View(Area::Emails))?;
    cx.db()
        .read(move |tx| {
            let key = "(SELECT tracking_key FROM sends WHERE sends.id = outbox.send_id)";
            let text = format!("SELECT {COLUMNS}, message, {key} FROM outbox WHERE id = $1");
            let found =
                tx.opt(Sql::new(text).bind(id), |r| Ok(CaughtMessage { about: read(r)?, bytes: r.get(9)?, key: r.get(10)? }))?;
            found.ok_or_else(|| Error::not_found("message", id))
        })
        .await
}

/// Opens a caught message as its recipient would: the open counts.
pub async fn open(cx: &Cx, id: i64) -> Result<CaughtMessage> {
    cx.may(Action::Edit(Area::Emails))?;
    let message = get(cx, id).await?;
    if let Some(send) = message.about.send {
        responses::opened(cx, send, false).await?;
    }
    Ok(message)
}

/// Empties the outbox; what was counted stays.
pub async fn empty(cx: &Cx) -> Result<u64> {
    cx.may(Action::Edit(Area::Emails))?;
    cx.db().write(|tx| Ok::<_, Error>(tx.exec("DELETE FROM outbox")?)).await
}

/// A message taken apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    pub headers: Vec<(String, String)>,
    pub html: String,
    pub text: String,
    /// Text and address of each link.
    pub links: Vec<(String, String)>,
}

/// Takes a message apart for looking at it.
pub fn parts(bytes: &[u8]) -> Parts {
    let Some(message) = mail_parser::MessageParser::default().parse(bytes) else { return Parts::default() };
    let html = message.body_html(0).map(|h| h.into_owned()).unwrap_or_default();
    let headers =
        message.headers_raw().map(|(name, value)| (name.to_owned(), value.split_whitespace().collect::<Vec<_>>().join(" ")));
    Parts {
        headers: headers.collect(),
        text: message.body_text(0).map(|t| t.into_owned()).unwrap_or_default(),
        links: hg_core::emails::links_of(&html),
        html,
    }
}
