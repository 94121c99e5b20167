//! Use cases and statements of exports.

use std::path::PathBuf;

use hg_core::ids::{ContactId, JobId, UserId};
use hg_core::time::{Millis, Timestamp};
use hg_store::{Row, Sql, Tx, Value};
use serde_json::json;

use super::direct::check_size;
use super::format::Format;
use crate::audit::{self, Deed, Entry};
use crate::companies;
use crate::contacts::{self, Selection};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, ErrorKind, Result};
use crate::jobs::{self, NewJob};
use crate::list::{ListQuery, Page};
use crate::workspace::Workspace;

pub(super) const KIND: &str = "contacts.export";
/// How long a file can be fetched.
const KEPT: Millis = Millis::days(7);

/// What somebody wants to have.
#[derive(Debug, Clone)]
pub struct NewExport {
    pub contacts: Selection,
    /// As in [`contacts::ExportQuery`]; all when empty.
    pub columns: Vec<String>,
    pub format: Format,
}

/// An export as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportInfo {
    pub id: i64,
    pub created_at: Timestamp,
    pub created_by: Option<UserId>,
    pub format: String,
    /// `contact` or `company`.
    pub object: String,
    /// `queued`, `running`, `done`, `failed` or `expired`.
    pub state: String,
    pub file_name: String,
    pub total: Option<i64>,
    pub done: i64,
    pub bytes: Option<i64>,
    pub message: Option<String>,
    pub expires_at: Timestamp,
    pub job: Option<JobId>,
}

const COLUMNS: &str =
    "id, created_at, created_by, format, state, file_name, total, done, bytes, message, expires_at, job_id, setup";

fn read(r: &Row<'_>) -> hg_store::Result<ExportInfo> {
    let setup: serde_json::Value = r.get(12)?;
    Ok(ExportInfo {
        id: r.get(0)?,
        created_at: r.get(1)?,
        created_by: r.get(2)?,
        format: r.get(3)?,
        state: r.get(4)?,
        file_name: r.get(5)?,
        total: r.get(6)?,
        done: r.get(7)?,
        bytes: r.get(8)?,
        message: r.get(9)?,
        expires_at: r.get(10)?,
        job: r.get(11)?,
        object: setup["object"].as_str().unwrap_or("contact").to_owned(),
    })
}

pub(super) fn find(tx: &mut Tx<'_>, id: i64) -> Result<ExportInfo> {
    let text = format!("SELECT {COLUMNS} FROM exports WHERE id = $1");
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("export", id))
}

/// Where the files of exports are.
pub(super) fn folder(ws: &Workspace) -> PathBuf {
    ws.site.data_dir.join("exports")
}

/// One contact as a file, at once: its bytes and its name.
pub async fn one(cx: &Cx, contact: ContactId, format: Format) -> Result<(Vec<u8>, String)> {
    cx.may(Action::View(Area::Contacts))?;
    let found = contacts::get(cx, contact).await?;
    let columns = contacts::export_columns(cx, Vec::new()).await?;
    let rows = contacts::export_rows(cx, vec![found.id], columns.clone()).await?;
    let name = format!("contact_{}.{}", found.id, format.key());
    let folder = folder(&cx.ws);
    let path = folder.join(format!("{}_{name}", hg_core::ids::alphanumeric(cx.chance(), 16)));
    let written = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&folder)
            .map_err(|e| Error::unavailable(format!("The folder of exports cannot be written: {e}.")))?;
        let mut writing = super::format::Writing::begin(format, &path, &columns)?;
        for cells in &rows {
            writing.row(cells)?;
        }
        writing.end()?;
        let bytes = std::fs::read(&path).map_err(|e| Error::unavailable(format!("The file cannot be read: {e}.")));
        let _ = std::fs::remove_file(&path);
        bytes
    });
    let bytes = written.await.map_err(|e| Error::internal(e.to_string()))??;
    let who = cx.who();
    cx.db().write(move |tx| audit::record(tx, &who, Entry::new(Deed::Export, "contact", found.id.0, found.name()))).await?;
    Ok((bytes, name))
}

/// Asks for a file of contacts.
pub async fn start(cx: &Cx, new: NewExport) -> Result<ExportInfo> {
    cx.may(Action::View(Area::Contacts))?;
    let columns = contacts::export_columns(cx, new.columns).await?;
    // Whom it is about is settled now: who comes later was not meant.
    let chosen = contacts::chosen(cx, new.contacts).await?;
    check_size(new.format, chosen.len())?;
    let mut ids = Vec::with_capacity(chosen.serialized_size());
    chosen.serialize_into(&mut ids).map_err(|e| Error::internal(e.to_string()))?;
    let total = i64::try_from(chosen.len()).unwrap_or(i64::MAX);
    let file_name = new_name(cx, "contacts", new.format);
    let folder = made_folder(&cx.ws)?;
    std::fs::write(folder.join(format!("{file_name}.ids")), &ids).map_err(|e| not_written(&e))?;
    let asked =
        Asked { object: "contact", things: "contacts", search: None, columns, format: new.format, file_name, total: Some(total) };
    push(cx, asked).await
}

/// Asks for a file of the companies that a search finds.
pub async fn start_companies(cx: &Cx, search: String, columns: Vec<String>, format: Format) -> Result<ExportInfo> {
    cx.may(Action::View(Area::Contacts))?;
    let columns = companies::export_columns(cx, columns).await?;
    let counted = companies::list(cx, ListQuery { search: search.clone(), limit: 1, ..ListQuery::default() }).await?.total;
    made_folder(&cx.ws)?;
    let asked = Asked {
        object: "company",
        things: "companies",
        file_name: new_name(cx, "companies", format),
        search: Some(search),
        columns,
        format,
        total: counted.and_then(|n| i64::try_from(n).ok()),
    };
    push(cx, asked).await
}

fn not_written(error: &std::io::Error) -> Error {
    Error::unavailable(format!("The folder of exports cannot be written: {error}."))
}

fn made_folder(ws: &Workspace) -> Result<PathBuf> {
    let folder = folder(ws);
    std::fs::create_dir_all(&folder).map_err(|e| not_written(&e))?;
    Ok(folder)
}

/// A name that nobody guesses.
fn new_name(cx: &Cx, things: &str, format: Format) -> String {
    let stamp = cx.now().sql_text().replace([' ', ':'], "-");
    let secret = hg_core::ids::alphanumeric(cx.chance(), 12);
    format!("{things}_{stamp}_{secret}.{}", format.key())
}

/// A file that was asked for.
struct Asked {
    /// As the audit log calls what is in it.
    object: &'static str,
    things: &'static str,
    search: Option<String>,
    columns: Vec<String>,
    format: Format,
    file_name: String,
    total: Option<i64>,
}

/// Writes down that a file is wanted, and queues the job that makes it.
async fn push(cx: &Cx, asked: Asked) -> Result<ExportInfo> {
    let (who, user, now) = (cx.who(), cx.user_id(), cx.now());
    cx.db()
        .write(move |tx| {
            let setup = json!({"object": asked.object, "columns": asked.columns, "search": asked.search});
            let id: i64 = tx.scalar(
                Sql::new(
                    "INSERT INTO exports (created_at, created_by, format, setup, state, file_name, total, expires_at) \
                     VALUES ($1, $2, $3, $4, 'queued', $5, $6, $7) RETURNING id",
                )
                .bind(now)
                .bind(user)
                .bind(asked.format.key())
                .bind(&setup)
                .bind(&asked.file_name)
                .bind(asked.total)
                .bind(now.plus(KEPT)),
            )?;
            let many = asked.total.map_or_else(String::new, |n| format!("{n} "));
            let job = NewJob {
                kind: KIND,
                dedupe_key: None,
                title: format!("Export {many}{} as {}", asked.things, asked.format.key().to_uppercase()),
                payload: json!({"export": id}),
                due_at: now,
                visible: true,
                link: Some("/exports".to_owned()),
                created_by: user,
            };
            let job = jobs::push(tx, now, job)?;
            tx.exec(Sql::new("UPDATE exports SET job_id = $2 WHERE id = $1").bind(id).bind(job))?;
            let detail = json!({(asked.things_key()): asked.total, "columns": asked.columns, "format": asked.format.key()});
            audit::record(tx, &who, Entry::new(Deed::Export, asked.object, id, asked.things).detail(detail))?;
            find(tx, id)
        })
        .await
}

impl Asked {
    fn things_key(&self) -> &'static str {
        if self.object == "contact" { "people" } else { "companies" }
    }
}

/// Exports, newest first: one's own, all of them for an administrator.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<ExportInfo>> {
    cx.may(Action::View(Area::Contacts))?;
    let before = query.after()?.map_or(i64::MAX, |(_, id)| id);
    let limit = query.limit();
    let only = only_own(cx);
    cx.db()
        .read(move |tx| {
            let text =
                format!("SELECT {COLUMNS} FROM exports WHERE id < $1 AND ($2 = 0 OR created_by = $2) ORDER BY id DESC LIMIT $3");
            let rows = tx.all(Sql::new(text).bind(before).bind(only).bind(i64::from(limit) + 1), read)?;
            Ok(Page::of(rows, limit, None, |e| (Value::Null, e.id)))
        })
        .await
}

/// 0 for who may see the exports of others.
fn only_own(cx: &Cx) -> i64 {
    if cx.may(Action::Edit(Area::Contacts)).is_ok() { 0 } else { cx.user_id().map_or(-1, |u| u.0) }
}

pub async fn get(cx: &Cx, id: i64) -> Result<ExportInfo> {
    cx.may(Action::View(Area::Contacts))?;
    let only = only_own(cx);
    let found = cx.db().read(move |tx| find(tx, id)).await?;
    if only != 0 && found.created_by.map(|u| u.0) != Some(only) {
        return Err(Error::not_found("export", id));
    }
    Ok(found)
}

/// The file of an export that is done: where it is, what it is called, what it holds.
pub async fn file(cx: &Cx, id: i64) -> Result<(PathBuf, String, Format)> {
    let found = get(cx, id).await?;
    let gone = || Error::new(ErrorKind::NotFound, "export.expired", "This file has expired. Export the contacts again.");
    if found.state == "expired" || found.expires_at <= cx.now() {
        return Err(gone());
    }
    if found.state != "done" {
        return Err(Error::conflict("export.not-done", "This file is not finished yet. Try again when its task is done."));
    }
    let path = folder(&cx.ws).join(&found.file_name);
    if !path.exists() {
        return Err(gone());
    }
    let format = Format::from_key(&found.format).unwrap_or(Format::Csv);
    let name = format!("contacts_{}.{}", found.created_at.sql_text().replace([' ', ':'], "-"), format.key());
    Ok((path, name, format))
}

/// The contacts of a selection.
pub(super) fn ids(bytes: &[u8]) -> Result<Vec<ContactId>> {
    let set = roaring::RoaringBitmap::deserialize_from(bytes).map_err(|e| Error::internal(e.to_string()))?;
    Ok(set.iter().map(ContactId::from_bit).collect())
}
