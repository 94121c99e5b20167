//! Use cases of imports.

use std::path::{Path, PathBuf};

use hg_core::contacts::{FieldCatalogue, FieldDef};
use hg_core::ids::{ImportId, UserId};
use hg_core::ids::{JobId, hex};
use hg_core::imports::{
    Encoding, Mapping, MappingError, Object, SniffError, guess_company_mapping, guess_mapping, sniff, special_targets,
    special_targets_of_companies,
};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx, Value};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::cx::{Action, Area, Cx};
use crate::error::{Error, ErrorKind, FieldError, Result};
use crate::fields;
use crate::imports::convert::{self, Kind};
use crate::imports::run::{DRY_RUN, RUN};
use crate::imports::{Import, ImportOptions, ImportPatch, ImportState, Setup, mappings, store};
use crate::jobs::{self, NewJob};
use crate::list::{ListQuery, Page};
use crate::workspace::Workspace;

/// A file on its way in.
pub struct Upload {
    name: String,
    path: PathBuf,
    file: tokio::fs::File,
    bytes: i64,
    /// The import has it now.
    is_kept: bool,
}

impl Drop for Upload {
    /// An upload that broke off leaves no file behind.
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn no_room(error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Unavailable, "import.file", format!("The file cannot be kept: {error}. Is the disk full?"))
}

impl Upload {
    /// Makes room for a file in the workspace's folder.
    pub async fn begin(cx: &Cx, name: &str) -> Result<Upload> {
        cx.may(Action::Edit(Area::Contacts))?;
        let folder = cx.ws.site.data_dir.join("imports");
        tokio::fs::create_dir_all(&folder).await.map_err(|e| no_room(&e))?;
        let path = folder.join(format!("{}.upload", hex(cx.chance(), 24)));
        let file = tokio::fs::File::create(&path).await.map_err(|e| no_room(&e))?;
        let name: String = name.rsplit(['/', '\\']).next().unwrap_or("").chars().take(200).collect();
        Ok(Upload { name: if name.is_empty() { "contacts.csv".to_owned() } else { name }, path, file, bytes: 0, is_kept: false })
    }

    pub async fn write(&mut self, chunk: &[u8]) -> Result<()> {
        self.bytes += i64::try_from(chunk.len()).unwrap_or(0);
        self.file.write_all(chunk).await.map_err(|e| no_room(&e))
    }

    /// The file is all here: looks at it and makes the import.
    pub async fn finish(mut self, cx: &Cx, object: Object) -> Result<Import> {
        self.file.flush().await.map_err(|e| no_room(&e))?;
        self.file.sync_all().await.map_err(|e| no_room(&e))?;
        let made = create(cx, object, &self.name, self.path.clone(), self.bytes, None, None).await;
        // Of a workbook only the copy is kept.
        self.is_kept = made.as_ref().is_ok_and(|import| import.file_path == self.path.to_string_lossy());
        made
    }
}

/// How much of a file is looked at.
const HEAD: u64 = 256 * 1024;

async fn head_of(path: &Path) -> Result<Vec<u8>> {
    let unreadable = |e: std::io::Error| Error::field("/file", "import.unreadable", format!("The file cannot be read: {e}."));
    let file = tokio::fs::File::open(path).await.map_err(unreadable)?;
    let mut head = Vec::new();
    file.take(HEAD).read_to_end(&mut head).await.map_err(unreadable)?;
    Ok(head)
}

fn sniff_error(error: SniffError) -> Error {
    let code = match error {
        SniffError::Binary(_) => "import.binary",
        SniffError::UnknownEncoding(_) => "import.encoding",
        SniffError::HeaderTwice(_) => "import.header-twice",
        SniffError::Empty | SniffError::OnlyHeaders => "import.empty",
    };
    Error::field("/file", code, error.to_string())
}

/// What is wrong with a mapping, with pointers into it.
pub(super) fn mapping_error(errors: Vec<(Option<usize>, MappingError)>) -> Error {
    let field = |(entry, error): (Option<usize>, MappingError)| {
        let pointer = entry.map_or("/mapping".to_owned(), |n| format!("/mapping/{n}/target"));
        let code = match error {
            MappingError::TargetTwice(_) => "import.target-twice",
            MappingError::UnknownTarget(_) => "import.unknown-target",
            MappingError::NoColumn(_) => "import.no-column",
            MappingError::Required(_) => "import.required",
            MappingError::Nothing => "import.nothing",
            MappingError::Append(_) => "import.append",
        };
        FieldError::new(pointer, code, error.to_string())
    };
    Error::invalid(errors.into_iter().map(field).collect())
}

/// Makes an import of a file that is there.
pub async fn create(
    cx: &Cx,
    object: Object,
    name: &str,
    path: PathBuf,
    bytes: i64,
    delimiter: Option<char>,
    encoding: Option<&str>,
) -> Result<Import> {
    cx.may(Action::Edit(Area::Contacts))?;
    let kind = Kind::of(&head_of(&path).await?);
    let (path, bytes, encoding, delimiter) = match kind {
        Kind::Text => (path, bytes, encoding_of(encoding)?, delimiter),
        // A copy is written in one way.
        _ => {
            let (path, bytes) = copied(cx, kind, path).await?;
            (path, bytes, Some(Encoding::UTF_8), Some(','))
        }
    };
    let made = look(cx, object, name, kind, &path, bytes, encoding, delimiter).await;
    if made.is_err() && kind != Kind::Text {
        let _ = std::fs::remove_file(&path);
    }
    made
}

/// Writes a workbook or JSON lines anew as CSV, into the workspace's folder.
async fn copied(cx: &Cx, kind: Kind, from: PathBuf) -> Result<(PathBuf, i64)> {
    let folder = cx.ws.site.data_dir.join("imports");
    tokio::fs::create_dir_all(&folder).await.map_err(|e| no_room(&e))?;
    let to = folder.join(format!("{}.csv", hex(cx.chance(), 24)));
    let path = to.clone();
    let written = tokio::task::spawn_blocking(move || convert::copy(kind, &from, &path)).await;
    written.map_err(|e| Error::internal(e.to_string()))??;
    let bytes = tokio::fs::metadata(&to).await.map_err(|e| no_room(&e))?.len();
    Ok((to, i64::try_from(bytes).unwrap_or(i64::MAX)))
}

#[allow(clippy::too_many_arguments)]
async fn look(
    cx: &Cx,
    object: Object,
    name: &str,
    kind: Kind,
    path: &Path,
    bytes: i64,
    encoding: Option<Encoding>,
    delimiter: Option<char>,
) -> Result<Import> {
    let head = head_of(path).await?;
    let mut sniffed = sniff(&head, encoding, delimiter.and_then(|d| u8::try_from(d).ok())).map_err(sniff_error)?;
    if kind != Kind::Text {
        sniffed.headers.iter_mut().chain(sniffed.sample.iter_mut().flatten()).for_each(|cell| *cell = convert::whole(cell));
    }
    let (ws, name, now, user) = (cx.ws.clone(), name.to_owned(), cx.now(), cx.user_id());
    let path = path.to_string_lossy().into_owned();
    cx.db()
        .write(move |tx| {
            let fields = fields::catalogue(&ws, tx)?;
            let guess = if object == Object::Company { guess_company_mapping } else { guess_mapping };
            let mut setup = Setup {
                encoding: sniffed.encoding.name().to_owned(),
                delimiter: char::from(sniffed.delimiter),
                mapping: guess(&sniffed.headers, &fields),
                headers: sniffed.headers.clone(),
                sample: sniffed.sample.clone(),
                options: ImportOptions::default(),
                saved: None,
            };
            mappings::reuse(tx, object, &mut setup, &targets_in(object, &fields))?;
            let id = store::insert(tx, (object, kind.key()), (&name, &path, bytes), &setup, user, now)?;
            store::find(tx, id)
        })
        .await
}

fn encoding_of(name: Option<&str>) -> Result<Option<Encoding>> {
    match name.filter(|n| !n.trim().is_empty()) {
        None => Ok(None),
        Some(name) => Encoding::from_name(name).map(Some).ok_or_else(|| {
            Error::field("/encoding", "import.encoding", SniffError::UnknownEncoding(name.to_owned()).to_string())
        }),
    }
}

pub async fn get(cx: &Cx, id: ImportId) -> Result<Import> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db().read(move |tx| store::find(tx, id)).await
}

/// Imports, newest first.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<Import>> {
    cx.may(Action::View(Area::Contacts))?;
    let before = query.after()?.map_or(i64::MAX, |(_, id)| id);
    let limit = query.limit();
    cx.db()
        .read(move |tx| {
            let rows = store::list(tx, before, i64::from(limit) + 1)?;
            Ok(Page::of(rows, limit, None, |i| (Value::Null, i.id.0)))
        })
        .await
}

/// Fields and special targets that a column can go to: name, label, type, whether it is special.
pub async fn targets(cx: &Cx, object: Object) -> Result<Vec<(String, String, String, bool)>> {
    cx.may(Action::View(Area::Contacts))?;
    let ws = cx.ws.clone();
    let fields = cx.db().read(move |tx| fields::catalogue(&ws, tx)).await?;
    let plain = |(name, label, kind): (&str, &str, &str)| (name.to_owned(), label.to_owned(), kind.to_owned(), true);
    if object == Object::Company {
        let own = fields.companies().published().map(|f| (f.alias.clone(), f.label.clone(), f.kind.name().to_owned(), false));
        return Ok(own.chain(special_targets_of_companies().into_iter().map(plain)).collect());
    }
    let own = own(&fields).map(|f| (f.alias.clone(), f.label.clone(), f.kind.name().to_owned(), false));
    let special = special_targets().into_iter().map(plain);
    let company = fields.companies().published();
    let company = company.map(|f| (f.alias.clone(), format!("Company: {}", f.label), f.kind.name().to_owned(), true));
    Ok(own.chain(special).chain(company).collect())
}

/// Fields of contacts that a column can go to. What is written by a way of its own, such as when somebody was last active,
/// is not among them.
fn own(fields: &FieldCatalogue) -> impl Iterator<Item = &FieldDef> {
    fields.published().filter(|f| special_targets().iter().all(|(name, ..)| *name != f.alias))
}

/// The names of everything that a column can go to.
pub(super) fn targets_in(object: Object, fields: &FieldCatalogue) -> Vec<String> {
    let companies = fields.companies().published().map(|f| f.alias.clone());
    if object == Object::Company {
        return companies.chain(special_targets_of_companies().map(|s| s.0.to_owned())).collect();
    }
    let own = own(fields).map(|f| f.alias.clone());
    own.chain(special_targets().map(|s| s.0.to_owned())).chain(companies).collect()
}

pub(super) fn not_open() -> Error {
    Error::conflict("import.not-open", "This import has been started. Only one that waits can be changed.")
}

/// Changes mapping, options, delimiter or encoding of an import that was not started.
pub async fn patch(cx: &Cx, id: ImportId, patch: ImportPatch) -> Result<Import> {
    cx.may(Action::Edit(Area::Contacts))?;
    let import = get(cx, id).await?;
    let mut setup = import.setup.clone();
    let rewritten = patch.delimiter.is_some() || patch.encoding.is_some();
    if rewritten && import.format != "csv" {
        let detail = "Only text files have a separator and an encoding; this is another format.";
        return Err(Error::field("/delimiter", "import.format", detail));
    }
    if rewritten {
        let head = head_of(&PathBuf::from(&import.file_path)).await?;
        let encoding = encoding_of(Some(patch.encoding.as_deref().unwrap_or(&setup.encoding)))?;
        let delimiter = u8::try_from(patch.delimiter.unwrap_or(setup.delimiter))
            .map_err(|_| Error::field("/delimiter", "import.delimiter", "A delimiter is one plain character."))?;
        let sniffed = sniff(&head, encoding, Some(delimiter)).map_err(sniff_error)?;
        setup.encoding = sniffed.encoding.name().to_owned();
        setup.delimiter = char::from(sniffed.delimiter);
        setup.headers = sniffed.headers;
        setup.sample = sniffed.sample;
    }
    let (ws, now) = (cx.ws.clone(), cx.now());
    cx.db()
        .write(move |tx| {
            let before = store::find(tx, id)?;
            if patch.version.is_some_and(|v| v != before.version) {
                return Err(Error::changed_meanwhile("import"));
            }
            if !before.state.is_open() {
                return Err(not_open());
            }
            let fields = fields::catalogue(&ws, tx)?;
            let mut setup = setup.clone();
            if let Some(priority) = patch.priority {
                if ![1, 64, 512].contains(&priority) {
                    let detail = "The priority is 1 (at once), 64 (as usual) or 512 (when there is time).";
                    return Err(Error::field("/priority", "import.priority", detail));
                }
                store::set_priority(tx, id, priority)?;
            }
            if let Some(options) = &patch.options {
                setup.options = options.clone();
            }
            match &patch.mapping {
                Some(mapping) => setup.mapping = mapping.clone(),
                None if rewritten && before.kind() == Object::Company => {
                    setup.mapping = guess_company_mapping(&setup.headers, &fields);
                }
                None if rewritten => setup.mapping = guess_mapping(&setup.headers, &fields),
                None => {}
            }
            Mapping::check(before.kind(), &setup.mapping, setup.headers.len(), &fields).map_err(mapping_error)?;
            store::set_setup(tx, id, &setup, now)?;
            store::find(tx, id)
        })
        .await
}

/// Tries an import out; the answer stands in the import when the task is done.
pub async fn start_dry_run(cx: &Cx, id: ImportId) -> Result<Import> {
    begin(cx, id, DRY_RUN, ImportState::DryRunning, |state| state.is_open() || state == ImportState::Failed).await
}

/// Starts an import.
pub async fn start(cx: &Cx, id: ImportId) -> Result<Import> {
    begin(cx, id, RUN, ImportState::Queued, |state| state.is_open()).await
}

/// Goes on with an import that was stopped or failed.
pub async fn resume(cx: &Cx, id: ImportId) -> Result<Import> {
    begin(cx, id, RUN, ImportState::Queued, |state| matches!(state, ImportState::Stopped | ImportState::Failed)).await
}

async fn begin(
    cx: &Cx,
    id: ImportId,
    kind: &'static str,
    state: ImportState,
    allowed: fn(ImportState) -> bool,
) -> Result<Import> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, now, user) = (cx.ws.clone(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let import = store::find(tx, id)?;
            if import.undo_state.is_some() {
                return Err(Error::conflict(
                    "import.undone",
                    "This import was undone. Upload the file again to import it once more.",
                ));
            }
            if !allowed(import.state) {
                return Err(not_open());
            }
            queue(&ws, tx, &import, kind, user, now)?;
            store::set_state(tx, id, state, None, now)?;
            store::find(tx, id)
        })
        .await
}

/// Checks the mapping and queues the job.
fn queue(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    import: &Import,
    kind: &'static str,
    user: Option<UserId>,
    now: Timestamp,
) -> Result<()> {
    let fields = fields::catalogue(ws, tx)?;
    Mapping::check(import.kind(), &import.setup.mapping, import.setup.headers.len(), &fields).map_err(mapping_error)?;
    let title = if kind == RUN { "Import" } else { "Try the import of" };
    let job = NewJob {
        kind,
        dedupe_key: Some(format!("{kind}:{}", import.id)),
        title: format!("{title} “{}”", import.file_name),
        payload: json!({"import": import.id.0}),
        due_at: now,
        visible: true,
        link: Some(format!("/imports/{}", import.id)),
        created_by: user,
    };
    jobs::push(tx, now, job).map(drop)
}

/// Starts an import that a schedule made, in the caller's transaction.
pub(crate) fn begin_in(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    id: ImportId,
    (schedule, user): (i64, Option<UserId>),
    now: Timestamp,
) -> Result<()> {
    let import = store::find(tx, id)?;
    queue(ws, tx, &import, RUN, user, now)?;
    store::set_schedule(tx, id, schedule, user)?;
    store::set_state(tx, id, ImportState::Queued, None, now)
}

/// Stops an import after the batch it is at; what it did stays.
pub async fn stop(cx: &Cx, id: ImportId) -> Result<Import> {
    cx.may(Action::Edit(Area::Contacts))?;
    let link = format!("/imports/{id}");
    let task: Option<JobId> = cx
        .db()
        .read(move |tx| {
            let sql = "SELECT id FROM jobs WHERE link = $1 AND state IN ('queued', 'running') ORDER BY id DESC LIMIT 1";
            Ok::<_, Error>(tx.opt(Sql::new(sql).bind(link), |r| r.get(0))?)
        })
        .await?;
    if let Some(task) = task {
        let was_waiting = jobs::stop(cx, task).await?.state == "stopped";
        let now = cx.now();
        if was_waiting {
            cx.db()
                .write(move |tx| {
                    let import = store::find(tx, id)?;
                    if let Some(undo) = import.undo.as_ref().filter(|_| import.undo_state.as_deref() == Some("queued")) {
                        return store::set_undo(tx, id, "stopped", undo);
                    }
                    let state = if import.state == ImportState::DryRunning { ImportState::Mapping } else { ImportState::Stopped };
                    store::set_state(tx, id, state, None, now)
                })
                .await?;
        }
    }
    get(cx, id).await
}
