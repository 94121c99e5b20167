//! Mappings with a name: which column goes where, and the options beside. A file with the same head line takes the one
//! that was saved last by itself.

use hg_core::ids::{ImportId, UserId};
use hg_core::imports::{Column, Object, Policy};
use hg_core::text::fold;
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::{self, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields;
use crate::imports::service::{not_open, targets_in};
use crate::imports::{Import, ImportOptions, Setup, store};

/// A mapping with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct SavedMapping {
    pub id: i64,
    pub name: String,
    pub object: Object,
    pub updated_at: Timestamp,
    pub columns: Vec<SavedColumn>,
    pub options: ImportOptions,
}

/// Where a column goes, by its name: its place may be another one in the next file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedColumn {
    pub header: String,
    pub target: Option<String>,
    #[serde(default)]
    pub policy: Policy,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    columns: Vec<SavedColumn>,
    #[serde(default)]
    options: ImportOptions,
}

const COLUMNS: &str = "id, name, object, updated_at, setup";

fn read(r: &Row<'_>) -> hg_store::Result<SavedMapping> {
    let setup: serde_json::Value = r.get(4)?;
    let object: String = r.get(2)?;
    let kept: Kept = serde_json::from_value(setup).unwrap_or(Kept { columns: Vec::new(), options: ImportOptions::default() });
    Ok(SavedMapping {
        id: r.get(0)?,
        name: r.get(1)?,
        object: Object::from_key(&object).unwrap_or_default(),
        updated_at: r.get(3)?,
        columns: kept.columns,
        options: kept.options,
    })
}

/// Head lines are equal whatever the order of their columns.
fn head_key(headers: &[String]) -> String {
    let mut names: Vec<String> = headers.iter().map(|h| fold(h.trim())).collect();
    names.sort_unstable();
    json!(names).to_string()
}

fn find(tx: &mut Tx<'_>, id: i64) -> Result<SavedMapping> {
    let text = format!("SELECT {COLUMNS} FROM import_mappings WHERE id = $1");
    tx.opt(Sql::new(text).bind(id), read)?.ok_or_else(|| Error::not_found("saved mapping", id))
}

/// The mappings that were saved, by name.
pub async fn list(cx: &Cx) -> Result<Vec<SavedMapping>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db()
        .read(|tx| Ok(tx.all(format!("SELECT {COLUMNS} FROM import_mappings ORDER BY name, id LIMIT 500").as_str(), read)?))
        .await
}

/// Saves the mapping of an import under a name; one of that name is replaced.
pub async fn save(cx: &Cx, import: ImportId, name: String) -> Result<SavedMapping> {
    cx.may(Action::Edit(Area::Contacts))?;
    let name = name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 100 {
        return Err(Error::field("/name", "import.mapping-name", "Give the mapping a name of at most 100 characters."));
    }
    let (who, now, user) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let import = store::find(tx, import)?;
            let id = write(tx, &import, &name, user, now)?;
            audit::record(
                tx,
                &who,
                Entry::new(Deed::Update, "import_mapping", id, name.clone()).detail(json!({"import": import.id})),
            )?;
            find(tx, id)
        })
        .await
}

fn write(tx: &mut Tx<'_>, import: &Import, name: &str, user: Option<UserId>, now: Timestamp) -> Result<i64> {
    let setup = &import.setup;
    let columns: Vec<SavedColumn> = setup
        .mapping
        .iter()
        .filter_map(|c| {
            let header = setup.headers.get(c.column)?.clone();
            Some(SavedColumn { header, target: c.target.clone(), policy: c.policy })
        })
        .collect();
    let kept = json!(Kept { columns, options: setup.options.clone() });
    Ok(tx.scalar(
        Sql::new(
            "INSERT INTO import_mappings (created_at, updated_at, created_by, name, object, head_key, setup) \
             VALUES ($1, $1, $2, $3, $4, $5, $6) ON CONFLICT (object, name) DO UPDATE SET updated_at = excluded.updated_at, \
             head_key = excluded.head_key, setup = excluded.setup, version = import_mappings.version + 1 RETURNING id",
        )
        .bind(now)
        .bind(user)
        .bind(name)
        .bind(import.object.as_str())
        .bind(head_key(&setup.headers))
        .bind(kept),
    )?)
}

/// Forgets a saved mapping; imports that took it keep theirs.
pub async fn delete(cx: &Cx, id: i64) -> Result<()> {
    cx.may(Action::Edit(Area::Contacts))?;
    let who = cx.who();
    cx.db()
        .write(move |tx| {
            let saved = find(tx, id)?;
            tx.exec(Sql::new("DELETE FROM import_mappings WHERE id = $1").bind(id))?;
            audit::record(tx, &who, Entry::new(Deed::Delete, "import_mapping", id, saved.name))
        })
        .await
}

/// Gives an import that was not started a saved mapping, by the names of the columns.
pub async fn apply(cx: &Cx, import: ImportId, mapping: i64) -> Result<Import> {
    cx.may(Action::Edit(Area::Contacts))?;
    let (ws, now) = (cx.ws.clone(), cx.now());
    cx.db()
        .write(move |tx| {
            let found = store::find(tx, import)?;
            if !found.state.is_open() {
                return Err(not_open());
            }
            let saved = find(tx, mapping)?;
            if saved.object.key() != found.object {
                let detail = "This mapping was saved for another kind of records.";
                return Err(Error::field("/mapping_id", "import.mapping-object", detail));
            }
            let fields = fields::catalogue(&ws, tx)?;
            let known = targets_in(saved.object, &fields);
            let mut setup = found.setup;
            put(&mut setup, &saved, &known);
            store::set_setup(tx, import, &setup, now)?;
            store::find(tx, import)
        })
        .await
}

/// The mapping of an earlier file with the same head line is taken.
pub(super) fn reuse(tx: &mut Tx<'_>, object: Object, setup: &mut Setup, known: &[String]) -> Result<()> {
    let text = format!(
        "SELECT {COLUMNS} FROM import_mappings WHERE object = $1 AND head_key = $2 ORDER BY updated_at DESC, id DESC LIMIT 1"
    );
    let sql = Sql::new(text).bind(object.key()).bind(head_key(&setup.headers));
    if let Some(saved) = tx.opt(sql, read)? {
        put(setup, &saved, known);
    }
    Ok(())
}

/// Targets that are there no more are left out.
fn put(setup: &mut Setup, saved: &SavedMapping, known: &[String]) {
    setup.mapping = setup
        .headers
        .iter()
        .enumerate()
        .map(|(column, header)| {
            let kept = saved.columns.iter().find(|c| fold(c.header.trim()) == fold(header.trim()));
            let there = |t: &String| known.contains(t) || t.starts_with("consent:");
            let target = kept.and_then(|c| c.target.clone()).filter(there);
            Column { column, target, guessed: false, policy: kept.map(|c| c.policy).unwrap_or_default() }
        })
        .collect();
    setup.options = saved.options.clone();
    setup.saved = Some(saved.name.clone());
}
