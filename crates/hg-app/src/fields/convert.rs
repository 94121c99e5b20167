//! Another type for a field that has values: first a look at which of them fit, then the conversion in the background.
//!
//! The values are read as the new type into a column of their own while the field goes on as it is; at the end the field
//! changes over in one transaction. The column before stays with a hidden field for a month, as that of a deleted one does.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use hg_core::contacts::{FieldCatalogue, FieldDef, FieldProperties, FieldType, FieldValue};
use hg_core::ids::{FieldId, JobId};
use hg_core::time::Timestamp;
use hg_store::{Flow, Lane, Sql, Tx, Value};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::audit::{self, Changes, Deed, Entry};
use crate::contacts::row::{from_overflow, from_stored, to_stored};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields::service::{check, find, free_column};
use crate::fields::{Field, FieldProblem, jobs as drops, store};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};
use crate::segments;

const KIND: &str = "fields.convert";
/// Values looked at by a preview.
const LOOKED_AT: i64 = 50_000;
/// Different values that a preview names.
const NAMED: usize = 50;
/// Rows converted in one transaction.
const CHUNK: i64 = 500;

/// What a field is to become.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewType {
    pub kind: String,
    pub properties: FieldProperties,
}

/// What a conversion would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversionPreview {
    /// Values looked at.
    pub values: u64,
    /// Whether these are all.
    pub all: bool,
    /// How many of them fit the new type; the others would be empty.
    pub fit: u64,
    /// Some that do not fit, and why.
    pub unfit: Vec<(String, String)>,
    /// The values met most often, and how often: what choices could be made of.
    pub met: Vec<(String, u64)>,
}

/// The field as it is to become; refused when that cannot be.
fn wanted(tx: &mut Tx<'_>, field: &Field, new: &NewType) -> Result<FieldDef> {
    let before = &field.def;
    if before.fixed {
        return Err(FieldProblem::FixedType { label: before.label.clone() }.into());
    }
    if before.unique {
        return Err(FieldProblem::UniqueType { label: before.label.clone() }.into());
    }
    let def = retyped(before, new)?;
    check(&def)?;
    refuse_filters(tx, &def)?;
    Ok(def)
}

/// Filters that ask about the field must be able to ask the same of the new type.
fn refuse_filters(tx: &mut Tx<'_>, def: &FieldDef) -> Result<()> {
    let others = store::all(tx)?.into_iter().map(|f| if f.def.id == def.id { def.clone() } else { f.def });
    let after = FieldCatalogue::new(others.collect());
    let lost = segments::broken_by(tx, &def.alias, &after)?;
    if lost.is_empty() {
        return Ok(());
    }
    let names = lost.iter().map(|name| format!("“{name}”")).collect::<Vec<_>>().join(", ");
    Err(FieldProblem::InUse { used_by: names }.into())
}

/// Reads a value as the new type.
fn convert(def: &FieldDef, value: &FieldValue) -> std::result::Result<FieldValue, String> {
    let text = match value {
        // Yes and no are words in every type that can hold words.
        FieldValue::Bool(yes) if !matches!(def.kind, FieldType::Boolean | FieldType::Number) => {
            let (word, other) = if *yes { (&def.properties.yes, "Yes") } else { (&def.properties.no, "No") };
            word.clone().unwrap_or_else(|| other.to_owned())
        }
        value => value.to_text(),
    };
    let read = def.read(&text).map_err(|e| e.to_string())?;
    // A choice that is not in the list becomes nothing, which is a loss.
    if read.is_empty() && !value.is_empty() { Err("is none of the choices".to_owned()) } else { Ok(read) }
}

fn value_of(def: &FieldDef, r: &hg_store::Row<'_>) -> hg_store::Result<FieldValue> {
    match &def.column {
        Some(_) => Ok(from_stored(def, r.value(1)?)),
        None => {
            let overflow: Option<Json> = r.get(1)?;
            Ok(overflow.as_ref().map_or(FieldValue::Empty, |json| from_overflow(def, json)))
        }
    }
}

fn source(def: &FieldDef) -> &str {
    def.column.as_deref().unwrap_or("overflow")
}

/// Which values would fit another type, without changing anything.
pub async fn preview_conversion(cx: &Cx, id: FieldId, new: NewType) -> Result<ConversionPreview> {
    cx.may(Action::View(Area::Fields))?;
    cx.db()
        .read(move |tx| {
            let field = find(tx, id)?;
            let def = wanted(tx, &field, &new).or_else(|error| match error.code.as_ref() {
                // Without choices the preview says which values there are to make them of.
                "field.choices" => {
                    let kind = FieldType::from_name(&new.kind).unwrap_or(FieldType::Text);
                    Ok(FieldDef { kind, properties: new.properties.clone(), ..field.def.clone() })
                }
                _ => Err(error),
            })?;
            look(tx, &field.def, &def)
        })
        .await
}

fn look(tx: &mut Tx<'_>, before: &FieldDef, after: &FieldDef) -> Result<ConversionPreview> {
    let mut seen = ConversionPreview { values: 0, all: true, fit: 0, unfit: Vec::new(), met: Vec::new() };
    let mut met: HashMap<String, u64> = HashMap::new();
    let mut told = BTreeSet::new();
    let column = source(before);
    let text = format!(
        "SELECT id, {column} FROM {} WHERE {column} IS NOT NULL AND deleted_at IS NULL ORDER BY id LIMIT {}",
        before.object.table(),
        LOOKED_AT + 1
    );
    let mut rows = 0;
    tx.each(Sql::new(text), |r| {
        rows += 1;
        if rows > LOOKED_AT {
            seen.all = false;
            return Ok(Flow::Stop);
        }
        let value = value_of(before, r)?;
        if value.is_empty() {
            return Ok(Flow::Next);
        }
        seen.values += 1;
        for part in parts(&value) {
            if met.len() < 10_000 || met.contains_key(&part) {
                *met.entry(part).or_default() += 1;
            }
        }
        match convert(after, &value) {
            Ok(_) => seen.fit += 1,
            Err(why) => {
                let text = value.to_text();
                if seen.unfit.len() < 10 && told.insert(text.clone()) {
                    seen.unfit.push((text, why));
                }
            }
        }
        Ok(Flow::Next)
    })?;
    seen.met = met.into_iter().collect();
    seen.met.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    seen.met.truncate(NAMED);
    Ok(seen)
}

/// What choices could be made of a value.
fn parts(value: &FieldValue) -> Vec<String> {
    match value {
        FieldValue::Choices(choices) => choices.clone(),
        other => vec![other.to_text().replace('|', " ").chars().take(191).collect()],
    }
}

/// Begins a conversion; the task that does it.
pub async fn convert_field(cx: &Cx, id: FieldId, new: NewType) -> Result<JobId> {
    cx.may(Action::Edit(Area::Fields))?;
    let (who, now, user) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let field = find(tx, id)?;
            let mut def = wanted(tx, &field, &new)?;
            let used = store::columns(tx, def.object)?.into_iter().collect();
            def.column = free_column(tx, &def, &used)?;
            let Some(column) = def.column.clone() else { return Err(FieldProblem::NoColumn.into()) };
            let job = jobs::push(
                tx,
                now,
                NewJob {
                    kind: KIND,
                    dedupe_key: Some(format!("{KIND}:{id}")),
                    title: format!("Change the type of the field “{}”", def.label),
                    payload: serde_json::json!({"field": id.0, "to": new, "column": column, "since": now.0}),
                    due_at: now,
                    visible: true,
                    link: Some("/fields".to_owned()),
                    created_by: user,
                },
            )?;
            let job = job.ok_or_else(|| Error::from(FieldProblem::Converting { label: def.label.clone() }))?;
            store::add_column(tx, &def)?;
            let changes = Changes::new().field("type", field.def.kind.name(), def.kind.name());
            audit::record(tx, &who, Entry::new(Deed::Update, "field", id.0, &def.label).changes(changes))?;
            Ok(job)
        })
        .await
}

/// Reads the values of a field as another type.
pub struct ConvertJob;

#[async_trait]
impl JobRunner for ConvertJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let id = FieldId(job.payload["field"].as_i64().unwrap_or(0));
        let new: NewType = serde_json::from_value(job.payload["to"].clone()).map_err(|e| Error::internal(e.to_string()))?;
        let column = job.payload["column"].as_str().unwrap_or_default().to_owned();
        let since = Timestamp(job.payload["since"].as_i64().unwrap_or(0));
        let found = cx.db().read(move |tx| store::find(tx, id)).await?;
        let Some(field) = found else { return Ok(Outcome::Fail("The field was deleted.".to_owned())) };
        if field.def.column.as_deref() == Some(column.as_str()) {
            return Ok(Outcome::Done("The field has its new type.".to_owned()));
        }
        let table = field.def.object.table();
        let newest = format!("SELECT coalesce(max(id), 0) FROM {table}");
        let last: i64 = cx.db().read(move |tx| Ok::<_, Error>(tx.scalar(Sql::new(newest.as_str()))?)).await?;
        let mut after = job.done;
        while after < last {
            let (before, new, column) = (field.def.clone(), new.clone(), column.clone());
            let next = cx
                .db()
                .write_in(Lane::Bulk, move |tx| {
                    let def = FieldDef { column: Some(column.clone()), ..retyped(&before, &new)? };
                    let condition = format!("{} IS NOT NULL AND id > {after}", source(&before));
                    let done = piece(tx, &before, &def, &condition)?;
                    Ok::<_, Error>(done.filter(|(_, full)| *full).map(|(id, _)| id))
                })
                .await?;
            after = next.unwrap_or(last);
            if !handle.progress(after, Some(last), None).await? {
                return Ok(Outcome::Interrupted);
            }
        }
        let (ws, now) = (cx.ws.clone(), cx.now());
        let outcome = cx
            .db()
            .write_in(Lane::Bulk, move |tx| {
                let field = find(tx, id)?;
                let def = FieldDef { column: Some(column.clone()), ..retyped(&field.def, &new)? };
                // Filters that were saved meanwhile.
                if let Err(error) = refuse_filters(tx, &def) {
                    tx.batch(&format!("ALTER TABLE {} DROP COLUMN {column}", def.object.table()))?;
                    return Ok(Err(error.to_string()));
                }
                // Whoever changed meanwhile is read once more; then nobody can change before the field does.
                let mut from = 0;
                while let Some((id, full)) = piece(tx, &field.def, &def, &format!("updated_at >= {} AND id > {from}", since.0))? {
                    from = id;
                    if !full {
                        break;
                    }
                }
                change_over(&ws, tx, &field, &def, now)?;
                Ok::<_, Error>(Ok(()))
            })
            .await?;
        Ok(match outcome {
            Ok(()) => Outcome::Done("The field has its new type.".to_owned()),
            Err(why) => Outcome::Fail(why),
        })
    }
}

/// The field with another type; a default value that does not fit it is none.
fn retyped(before: &FieldDef, new: &NewType) -> Result<FieldDef> {
    let kind = FieldType::from_name(&new.kind).ok_or_else(|| FieldProblem::UnknownType(new.kind.clone()))?;
    let def = FieldDef { kind, properties: new.properties.clone(), default_value: None, ..before.clone() };
    let default_value = before.default_value.clone().filter(|text| def.read(text).is_ok());
    let listable = def.listable && kind.can_be_asked_for();
    Ok(FieldDef { default_value, listable, ..def })
}

/// Converts a piece of the rows that a condition names: the last id, and whether there may be more.
fn piece(tx: &mut Tx<'_>, before: &FieldDef, after: &FieldDef, condition: &str) -> Result<Option<(i64, bool)>> {
    let table = before.object.table();
    let text = format!("SELECT id, {} FROM {table} WHERE {condition} ORDER BY id LIMIT {CHUNK}", source(before));
    let rows: Vec<(i64, FieldValue)> = tx.all(Sql::new(text), |r| Ok((r.get(0)?, value_of(before, r)?)))?;
    let Some((last, _)) = rows.last() else { return Ok(None) };
    let done = Some((*last, rows.len() as i64 == CHUNK));
    let column = after.column.as_deref().unwrap_or_default();
    for some in rows.chunks(100) {
        let ids: Vec<i64> = some.iter().map(|(id, _)| *id).collect();
        let mut cases = String::new();
        let mut bound: Vec<Value> = Vec::new();
        for (id, value) in some {
            let stored = match convert(after, value) {
                Ok(value) => to_stored(after, &value),
                Err(_) => Value::Null,
            };
            if stored == Value::Null {
                cases.push_str(&format!(" WHEN {id} THEN NULL"));
            } else {
                bound.push(stored);
                cases.push_str(&format!(" WHEN {id} THEN CAST(${} AS {})", bound.len() + 1, store::column_type(after.kind)));
            }
        }
        let text = format!("UPDATE {table} SET {column} = CASE id{cases} END WHERE id @in($1)");
        tx.exec(Sql::new(text).bind(ids.as_slice()).binds(bound))?;
    }
    Ok(done)
}

/// The field takes its new type and column; the old column goes to a hidden field, which is dropped after a month.
fn change_over(ws: &crate::Workspace, tx: &mut Tx<'_>, field: &Field, def: &FieldDef, now: Timestamp) -> Result<()> {
    if field.def.column.is_some() {
        let hidden = store::hide_column(tx, field.def.id, now)?;
        drops::push(tx, hidden, &field.def.label, now)?;
    }
    store::update(tx, def, now)?;
    segments::rebuild_using(ws, tx, &def.alias, now)
}
