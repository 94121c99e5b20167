//! Statements about fields, and the catalogue that everybody reads.

use std::sync::{Arc, Mutex, PoisonError};

use hg_core::contacts::{FieldCatalogue, FieldDef, FieldGroup, FieldObject, FieldType};
use hg_core::ids::FieldId;
use hg_core::time::Timestamp;
use hg_store::{Dialect, Row, Sql, Tx};

use crate::error::Result;
use crate::fields::Field;
use crate::workspace::Workspace;

const COLUMNS: &str = "id, alias, label, kind, field_group, position, column_name, required, is_unique, listable, visible, \
     short_visible, publicly_updatable, fixed, published, default_value, char_limit, properties, version, created_at, updated_at, object";

/// The catalogue as last read, with a stamp that changes with every change of a field.
#[derive(Default)]
struct Cached(Mutex<Option<(Stamp, Arc<FieldCatalogue>)>>);

#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp {
    fields: i64,
    versions: i64,
    newest: i64,
}

/// All fields of the workspace; read again only when one changed.
pub(crate) fn catalogue(ws: &Workspace, tx: &mut Tx<'_>) -> Result<Arc<FieldCatalogue>> {
    let stamp = tx.one("SELECT count(*), @sum(version), coalesce(max(id), 0) FROM fields WHERE deleted_at IS NULL", |r| {
        Ok(Stamp { fields: r.get(0)?, versions: r.get(1)?, newest: r.get(2)? })
    })?;
    let cached = ws.part::<Cached>();
    {
        let held = cached.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, catalogue)) = held.as_ref().filter(|(s, _)| *s == stamp) {
            return Ok(catalogue.clone());
        }
    }
    let fields = all(tx)?.into_iter().map(|f| f.def).collect();
    let catalogue = Arc::new(FieldCatalogue::new(fields));
    *cached.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((stamp, catalogue.clone()));
    Ok(catalogue)
}

fn read(r: &Row<'_>) -> hg_store::Result<Field> {
    let kind: String = r.get(3)?;
    let group: String = r.get(4)?;
    let limit: Option<i64> = r.get(16)?;
    let properties: serde_json::Value = r.get(17)?;
    let object: String = r.get(21)?;
    Ok(Field {
        def: FieldDef {
            id: r.get(0)?,
            object: FieldObject::from_name(&object).unwrap_or_default(),
            alias: r.get(1)?,
            label: r.get(2)?,
            kind: FieldType::from_name(&kind).unwrap_or(FieldType::Text),
            group: FieldGroup::from_name(&group).unwrap_or(FieldGroup::Core),
            order: r.get(5)?,
            column: r.get(6)?,
            required: r.get(7)?,
            unique: r.get(8)?,
            listable: r.get(9)?,
            visible: r.get(10)?,
            short_visible: r.get(11)?,
            publicly_updatable: r.get(12)?,
            fixed: r.get(13)?,
            published: r.get(14)?,
            default_value: r.get(15)?,
            char_limit: limit.and_then(|n| u32::try_from(n).ok()).unwrap_or(191),
            properties: serde_json::from_value(properties).unwrap_or_default(),
        },
        version: r.get(18)?,
        created_at: r.get(19)?,
        updated_at: r.get(20)?,
    })
}

pub(super) fn all(tx: &mut Tx<'_>) -> Result<Vec<Field>> {
    let text = format!("SELECT {COLUMNS} FROM fields WHERE deleted_at IS NULL ORDER BY position, id");
    Ok(tx.all(Sql::new(text), read)?)
}

pub(super) fn find(tx: &mut Tx<'_>, id: FieldId) -> Result<Option<Field>> {
    let text = format!("SELECT {COLUMNS} FROM fields WHERE id = $1 AND deleted_at IS NULL");
    Ok(tx.opt(Sql::new(text).bind(id), read)?)
}

pub(super) fn insert(tx: &mut Tx<'_>, def: &FieldDef, now: Timestamp) -> Result<FieldId> {
    let sql = Sql::new(
        "INSERT INTO fields (alias, label, kind, field_group, position, column_name, required, is_unique, listable, visible, \
         short_visible, publicly_updatable, fixed, published, default_value, char_limit, properties, created_at, updated_at, \
         object) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 0, $13, $14, $15, $16, $17, $17, $18) RETURNING id",
    );
    Ok(tx.scalar(bind(sql.bind(&def.alias), def).bind(now).bind(def.object.name()))?)
}

fn bind<'t>(sql: Sql<'t>, def: &FieldDef) -> Sql<'t> {
    let properties = serde_json::to_value(&def.properties).unwrap_or_default();
    sql.bind(&def.label)
        .bind(def.kind.name())
        .bind(def.group.name())
        .bind(def.order)
        .bind(def.column.as_deref())
        .bind(def.required)
        .bind(def.unique)
        .bind(def.listable)
        .bind(def.visible)
        .bind(def.short_visible)
        .bind(def.publicly_updatable)
        .bind(def.published)
        .bind(def.default_value.as_deref())
        .bind(i64::from(def.char_limit))
        .bind(properties)
}

pub(super) fn update(tx: &mut Tx<'_>, def: &FieldDef, now: Timestamp) -> Result<()> {
    let sql = Sql::new(
        "UPDATE fields SET label = $2, kind = $3, field_group = $4, position = $5, column_name = $6, required = $7, is_unique = $8, \
         listable = $9, visible = $10, short_visible = $11, publicly_updatable = $12, published = $13, default_value = $14, \
         char_limit = $15, properties = $16, updated_at = $17, version = version + 1 WHERE id = $1",
    );
    tx.exec(bind(sql.bind(def.id), def).bind(now))?;
    Ok(())
}

pub(super) fn hide(tx: &mut Tx<'_>, id: FieldId, now: Timestamp) -> Result<()> {
    tx.exec(
        Sql::new("UPDATE fields SET deleted_at = $2, updated_at = $2, version = version + 1 WHERE id = $1").bind(id).bind(now),
    )?;
    Ok(())
}

/// Shows a hidden field again, unless its values are gone.
pub(super) fn show(tx: &mut Tx<'_>, id: FieldId, now: Timestamp) -> Result<()> {
    tx.exec(
        Sql::new(
            "UPDATE fields SET deleted_at = NULL, updated_at = $2, version = version + 1 WHERE id = $1 AND column_name IS NOT NULL",
        )
        .bind(id)
        .bind(now),
    )?;
    Ok(())
}

/// Columns that were ever given to fields, whether the fields are still shown or not.
pub(super) fn columns(tx: &mut Tx<'_>, object: FieldObject) -> Result<Vec<String>> {
    let sql = Sql::new("SELECT column_name FROM fields WHERE column_name IS NOT NULL AND object = $1").bind(object.name());
    Ok(tx.all(sql, |r| r.get(0))?)
}

/// What the column of a field of a type holds.
pub(super) fn column_type(kind: FieldType) -> &'static str {
    match kind {
        FieldType::Number => "DOUBLE PRECISION",
        FieldType::Boolean | FieldType::Datetime => "BIGINT",
        _ => "TEXT",
    }
}

/// Gives the column of a field to a hidden one, which is dropped like that of a deleted field.
pub(super) fn hide_column(tx: &mut Tx<'_>, id: FieldId, now: Timestamp) -> Result<FieldId> {
    let text = "INSERT INTO fields (alias, label, kind, field_group, position, column_name, required, is_unique, listable, visible, \
                short_visible, publicly_updatable, fixed, published, default_value, char_limit, properties, created_at, updated_at, \
                object, deleted_at) SELECT alias, label, kind, field_group, position, column_name, 0, 0, listable, visible, \
                short_visible, publicly_updatable, 0, 0, NULL, char_limit, properties, created_at, $2, object, $2 \
                FROM fields WHERE id = $1 RETURNING id";
    Ok(tx.scalar(Sql::new(text).bind(id).bind(now))?)
}

/// Adds the column of a field, and for a unique one the column of its normalised values.
pub(super) fn add_column(tx: &mut Tx<'_>, def: &FieldDef) -> Result<()> {
    let Some(column) = &def.column else { return Ok(()) };
    let kind = column_type(def.kind);
    let table = def.object.table();
    tx.batch(&format!("ALTER TABLE {table} ADD COLUMN {column} {kind}"))?;
    if def.unique {
        add_key_column(tx, def.object, column)?;
        keep_unique(tx, def.object, column)?;
    }
    Ok(())
}

/// Makes room for the normalised values of a unique field.
pub(super) fn add_key_column(tx: &mut Tx<'_>, object: FieldObject, column: &str) -> Result<()> {
    Ok(tx.batch(&format!("ALTER TABLE {} ADD COLUMN {} TEXT", object.table(), key_column(column)))?)
}

/// Any contact or company may have any value again.
pub(super) fn forget_unique(tx: &mut Tx<'_>, object: FieldObject, column: &str) -> Result<()> {
    let (table, key) = (object.table(), key_column(column));
    Ok(tx.batch(&format!("DROP INDEX {table}_{key}; ALTER TABLE {table} DROP COLUMN {key}"))?)
}

/// No two contacts, or companies, may have the same value of this field.
pub(super) fn keep_unique(tx: &mut Tx<'_>, object: FieldObject, column: &str) -> Result<()> {
    let (table, key) = (object.table(), key_column(column));
    Ok(tx.batch(&format!(
        "CREATE UNIQUE INDEX IF NOT EXISTS {table}_{key} ON {table} ({key}) WHERE deleted_at IS NULL AND {key} IS NOT NULL"
    ))?)
}

/// Makes the unique rules of all fields anew where they are missing: rows that were loaded bring columns, but no rules.
pub fn restore_unique_rules(tx: &mut Tx<'_>) -> Result<()> {
    let columns: Vec<(String, String)> = tx
        .all("SELECT object, column_name FROM fields WHERE is_unique = 1 AND column_name IS NOT NULL", |r| {
            Ok((r.get(0)?, r.get(1)?))
        })?;
    columns.iter().try_for_each(|(object, column)| keep_unique(tx, FieldObject::from_name(object).unwrap_or_default(), column))
}

/// Drops what [`add_column`] added.
pub(super) fn drop_column(tx: &mut Tx<'_>, id: FieldId) -> Result<()> {
    let sql = Sql::new("SELECT column_name, is_unique, object FROM fields WHERE id = $1 AND deleted_at IS NOT NULL").bind(id);
    let found: Option<(Option<String>, bool, String)> = tx.opt(sql, |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    if let Some((Some(column), unique, object)) = found {
        let object = FieldObject::from_name(&object).unwrap_or_default();
        if unique {
            forget_unique(tx, object, &column)?;
        }
        tx.batch(&format!("ALTER TABLE {} DROP COLUMN {column}", object.table()))?;
        tx.exec(Sql::new("UPDATE fields SET column_name = NULL WHERE id = $1").bind(id))?;
    }
    Ok(())
}

/// Whether the object's table has a column of that name; a second run of a drop finds none.
pub(super) fn has_column(tx: &mut Tx<'_>, object: FieldObject, column: &str) -> Result<bool> {
    let text = match tx.dialect() {
        Dialect::Sqlite => "SELECT count(*) FROM pragma_table_info($2) WHERE name = $1",
        Dialect::Postgres => {
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $2 AND column_name = $1"
        }
    };
    Ok(tx.scalar::<i64>(Sql::new(text).bind(column).bind(object.table()))? > 0)
}

/// Where the normalised value of a unique field is kept.
pub(crate) fn key_column(column: &str) -> String {
    if column == "email" { "email_key".to_owned() } else { format!("k_{column}") }
}
