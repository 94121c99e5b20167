//! Use cases of fields.

use std::collections::HashSet;
use std::sync::Arc;

use hg_core::contacts::{FieldCatalogue, FieldDef, FieldObject, FieldProperties, FieldType, alias_from_label, check_alias};
use hg_core::ids::FieldId;
use hg_store::Tx;

use crate::audit::{self, Changes, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::fields::{Field, FieldPatch, FieldProblem, NewField, jobs, store, unique};
use crate::segments;

/// Real columns for fields; later ones go to the overflow.
const MOST_COLUMNS: usize = 400;
const MOST_FIELDS: i64 = 1_000;
const LONGEST_LABEL: usize = 191;
/// Characters that the texts of a new field may have when nobody says.
const USUAL_CHAR_LIMIT: u32 = 64;

/// All fields of contacts in their order.
pub async fn list(cx: &Cx) -> Result<Vec<Field>> {
    list_of(cx, FieldObject::Contact).await
}

/// All fields of contacts, or of companies, in their order.
pub async fn list_of(cx: &Cx, object: FieldObject) -> Result<Vec<Field>> {
    cx.may(Action::View(Area::Fields))?;
    let mut all = cx.db().read(store::all).await?;
    all.retain(|f| f.def.object == object);
    Ok(all)
}

/// All fields of contacts and companies, as filters and forms know them.
pub async fn known(cx: &Cx) -> Result<Arc<FieldCatalogue>> {
    cx.may(Action::View(Area::Fields))?;
    let ws = cx.ws.clone();
    cx.db().read(move |tx| store::catalogue(&ws, tx)).await
}

pub async fn get(cx: &Cx, id: FieldId) -> Result<Field> {
    cx.may(Action::View(Area::Fields))?;
    cx.db().read(move |tx| find(tx, id)).await
}

pub(super) fn find(tx: &mut Tx<'_>, id: FieldId) -> Result<Field> {
    store::find(tx, id)?.ok_or_else(|| Error::not_found("field", id))
}

/// Makes a field and its column.
pub async fn create(cx: &Cx, new: NewField) -> Result<Field> {
    cx.may(Action::Edit(Area::Fields))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let there = store::all(tx)?;
            if there.len() as i64 >= MOST_FIELDS {
                return Err(FieldProblem::TooMany { most: MOST_FIELDS }.into());
            }
            let mut def = define(&new, &there)?;
            let used: HashSet<String> = store::columns(tx, def.object)?.into_iter().collect();
            def.column = free_column(tx, &def, &used)?;
            if def.unique && def.column.is_none() {
                return Err(FieldProblem::Unique.into());
            }
            store::add_column(tx, &def)?;
            let id = store::insert(tx, &def, now)?;
            let field = find(tx, id)?;
            audit::record(tx, &who, entry(Deed::Create, &field))?;
            Ok(field)
        })
        .await
}

fn entry(deed: Deed, field: &Field) -> Entry {
    Entry::new(deed, "field", field.def.id.0, &field.def.label)
}

/// What the audit log compares.
fn described(field: &Field) -> serde_json::Value {
    let def = &field.def;
    serde_json::json!({
        "label": def.label,
        "group": format!("{:?}", def.group).to_lowercase(),
        "order": def.order,
        "required": def.required,
        "unique": def.unique,
        "listable": def.listable,
        "visible": def.visible,
        "short_visible": def.short_visible,
        "publicly_updatable": def.publicly_updatable,
        "published": def.published,
        "default_value": def.default_value,
        "char_limit": def.char_limit,
        "properties": def.properties,
    })
}

fn check_label(label: &str) -> Result<(), FieldProblem> {
    if label.is_empty() || label.chars().count() > LONGEST_LABEL { Err(FieldProblem::NoLabel) } else { Ok(()) }
}

fn define(new: &NewField, there: &[Field]) -> Result<FieldDef, FieldProblem> {
    let label = new.label.trim();
    check_label(label)?;
    let taken = |alias: &str| there.iter().any(|f| f.def.alias == alias);
    let alias = match new.alias.as_deref().map(str::trim).filter(|a| !a.is_empty()) {
        Some(alias) => {
            check_alias(alias, taken)?;
            alias.to_owned()
        }
        None => alias_from_label(label, taken),
    };
    if new.unique && !unique::is_possible(new.kind) {
        return Err(FieldProblem::Unique);
    }
    let last = there.iter().filter(|f| f.def.object == new.object).map(|f| f.def.order).max().unwrap_or(0);
    let mut def = FieldDef::new(&alias, label, new.kind);
    def.object = new.object;
    def.group = new.group;
    def.order = new.order.unwrap_or(last + 1);
    def.required = new.required;
    def.unique = new.unique;
    def.listable = new.listable && new.kind.can_be_asked_for();
    def.visible = new.visible;
    def.short_visible = new.short_visible;
    def.publicly_updatable = new.publicly_updatable;
    def.published = new.published;
    def.char_limit = new.char_limit.unwrap_or(USUAL_CHAR_LIMIT);
    def.properties = new.properties.clone();
    def.default_value = new.default_value.clone().filter(|d| !d.trim().is_empty());
    check(&def)?;
    Ok(def)
}

/// What must hold for a field whoever made or changed it.
pub(super) fn check(def: &FieldDef) -> Result<(), FieldProblem> {
    if !(1..=191).contains(&def.char_limit) {
        return Err(FieldProblem::CharLimit);
    }
    check_choices(def.kind, &def.properties)?;
    if let Some(default) = &def.default_value {
        def.read(default).map_err(|e| FieldProblem::Default(e.to_string()))?;
    }
    Ok(())
}

fn check_choices(kind: FieldType, properties: &FieldProperties) -> Result<(), FieldProblem> {
    if kind.needs_choices() && properties.options.is_empty() {
        return Err(FieldProblem::NoChoices);
    }
    let mut seen = HashSet::new();
    for choice in &properties.options {
        if choice.value.contains('|') {
            return Err(FieldProblem::ChoiceWithBar);
        }
        if !seen.insert(choice.value.as_str()) {
            return Err(FieldProblem::ChoiceTwice(choice.value.clone()));
        }
    }
    Ok(())
}

/// A column that no field ever had; `None` when there are enough.
pub(super) fn free_column(tx: &mut Tx<'_>, def: &FieldDef, used: &HashSet<String>) -> Result<Option<String>> {
    if used.len() >= MOST_COLUMNS {
        return Ok(None);
    }
    let alias = &def.alias;
    let mut column = format!("c_{alias}");
    let mut n = 1;
    while used.contains(&column) || store::has_column(tx, def.object, &column)? {
        n += 1;
        column = format!("c_{alias}_{n}");
    }
    Ok(Some(column))
}

/// Changes a field. Its alias stays what it is; its type changes by [`convert_field`](super::convert_field).
pub async fn update(cx: &Cx, id: FieldId, patch: FieldPatch) -> Result<Field> {
    cx.may(Action::Edit(Area::Fields))?;
    let (who, now) = (cx.who(), cx.now());
    let ws = cx.ws.clone();
    cx.db()
        .write(move |tx| {
            let field = find(tx, id)?;
            if patch.version.is_some_and(|v| v != field.version) {
                return Err(Error::changed_meanwhile("field"));
            }
            let mut def = field.def.clone();
            apply(&mut def, &patch);
            check_label(def.label.trim())?;
            check(&def)?;
            let switched_off = field.def.published && !def.published || field.def.listable && !def.listable;
            if switched_off {
                if field.def.fixed && !def.published {
                    return Err(FieldProblem::Fixed { label: def.label }.into());
                }
                refuse_if_used(&ws, tx, &def.alias)?;
            }
            if let Some(wanted) = patch.unique.filter(|wanted| *wanted != def.unique) {
                unique::change(tx, &def, wanted)?;
                def.unique = wanted;
            }
            store::update(tx, &def, now)?;
            let after = find(tx, id)?;
            let changes = Changes::new().between(&described(&field), &described(&after), &[]);
            audit::record(tx, &who, entry(Deed::Update, &after).changes(changes))?;
            Ok(after)
        })
        .await
}

fn apply(def: &mut FieldDef, patch: &FieldPatch) {
    let set = |slot: &mut bool, new: Option<bool>| {
        if let Some(new) = new {
            *slot = new;
        }
    };
    set(&mut def.required, patch.required);
    set(&mut def.listable, patch.listable.map(|wanted| wanted && def.kind.can_be_asked_for()));
    set(&mut def.visible, patch.visible);
    set(&mut def.short_visible, patch.short_visible);
    set(&mut def.publicly_updatable, patch.publicly_updatable);
    set(&mut def.published, patch.published);
    if let Some(label) = &patch.label {
        def.label = label.trim().to_owned();
    }
    if let Some(group) = patch.group {
        def.group = group;
    }
    if let Some(order) = patch.order {
        def.order = order;
    }
    if let Some(default) = &patch.default_value {
        def.default_value = default.clone().filter(|d| !d.trim().is_empty());
    }
    if let Some(limit) = patch.char_limit {
        def.char_limit = limit;
    }
    if let Some(properties) = &patch.properties {
        def.properties = properties.clone();
    }
}

fn refuse_if_used(ws: &crate::Workspace, tx: &mut Tx<'_>, alias: &str) -> Result<()> {
    let users = segments::using_field(ws, tx, alias)?;
    if users.is_empty() {
        return Ok(());
    }
    let names = users.iter().map(|(_, name)| format!("“{name}”")).collect::<Vec<_>>().join(", ");
    Err(FieldProblem::InUse { used_by: names }.into())
}

/// Deletes a field: hidden at once, its values are dropped after a month.
pub async fn delete(cx: &Cx, id: FieldId) -> Result<Field> {
    cx.may(Action::Edit(Area::Fields))?;
    let (who, now) = (cx.who(), cx.now());
    let ws = cx.ws.clone();
    cx.db()
        .write(move |tx| {
            let field = find(tx, id)?;
            if field.def.fixed {
                return Err(FieldProblem::Fixed { label: field.def.label }.into());
            }
            refuse_if_used(&ws, tx, &field.def.alias)?;
            store::hide(tx, id, now)?;
            audit::record(tx, &who, entry(Deed::Delete, &field))?;
            jobs::push(tx, id, &field.def.label, now)?;
            Ok(field)
        })
        .await
}

/// Brings a deleted field back with its values, as long as they are kept.
pub async fn restore(cx: &Cx, id: FieldId) -> Result<Field> {
    cx.may(Action::Edit(Area::Fields))?;
    let now = cx.now();
    cx.db()
        .write(move |tx| {
            store::show(tx, id, now)?;
            find(tx, id)
        })
        .await
}
