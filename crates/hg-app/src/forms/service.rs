use std::collections::{HashMap, HashSet};

use hg_core::forms::{FieldKind, FormAction, FormField, PostAction, form_name};
use hg_core::ids::FormId;
use hg_store::Tx;

use super::model::{FormPatch, FormRecord, NewForm};
use super::store;
use crate::audit::{self, Changes, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, FieldError, Result};
use crate::list::{ListQuery, Page};
use crate::workspace::Workspace;

/// Forms, newest first unless sorted.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<FormRecord>> {
    cx.may(Action::View(Area::Forms))?;
    let query = query.asked_by(cx);
    cx.db().read(move |tx| store::list(tx, &query)).await
}

pub async fn get(cx: &Cx, id: FormId) -> Result<FormRecord> {
    cx.may(Action::View(Area::Forms))?;
    cx.db().read(move |tx| found(tx, id)).await
}

/// A form that the public may see; none when it is not published or not there.
pub async fn public_form(cx: &Cx, id: FormId) -> Result<Option<FormRecord>> {
    Ok(cx.db().read(move |tx| store::find(tx, id)).await?.filter(|f| f.published))
}

/// The same in the caller's transaction.
pub(crate) fn published(tx: &mut Tx<'_>, id: FormId) -> Result<Option<FormRecord>> {
    Ok(store::find(tx, id)?.filter(|f| f.published))
}

fn found(tx: &mut Tx<'_>, id: FormId) -> Result<FormRecord> {
    store::find(tx, id)?.ok_or_else(|| Error::not_found("form", id))
}

/// Makes a form.
pub async fn create(cx: &Cx, new: NewForm) -> Result<FormRecord> {
    cx.may(Action::Edit(Area::Forms))?;
    let (ws, who, now, by) = (cx.ws.clone(), cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let mut form = FormRecord {
                id: FormId(0),
                version: 1,
                created_at: now,
                updated_at: now,
                created_by: by,
                name: new.name.clone(),
                alias: new.alias.clone(),
                description: new.description.clone(),
                kind: new.kind,
                published: new.published,
                fields: new.fields.clone(),
                actions: new.actions.clone(),
                post_action: new.post_action.clone(),
                submissions: 0,
                extra: new.extra.clone(),
            };
            tidy(&mut form);
            check(&ws, tx, &form)?;
            let id = store::insert(tx, now, by, &form)?;
            let form = found(tx, id)?;
            audit::record(tx, &who, entry(Deed::Create, &form))?;
            Ok(form)
        })
        .await
}

/// Changes a form. Answers already given keep what they said.
pub async fn update(cx: &Cx, id: FormId, patch: FormPatch) -> Result<FormRecord> {
    cx.may(Action::Edit(Area::Forms))?;
    let (ws, who, now) = (cx.ws.clone(), cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let mut form = found(tx, id)?;
            let before = form.clone();
            if patch.version.is_some_and(|v| v != form.version) {
                return Err(Error::changed_meanwhile("form"));
            }
            let patch = patch.clone();
            form.name = patch.name.unwrap_or(form.name);
            form.alias = patch.alias.unwrap_or(form.alias);
            form.description = patch.description.unwrap_or(form.description);
            form.kind = patch.kind.unwrap_or(form.kind);
            form.published = patch.published.unwrap_or(form.published);
            form.fields = patch.fields.unwrap_or(form.fields);
            form.actions = patch.actions.unwrap_or(form.actions);
            form.post_action = patch.post_action.unwrap_or(form.post_action);
            form.extra = patch.extra.unwrap_or(form.extra);
            form.version += 1;
            tidy(&mut form);
            check(&ws, tx, &form)?;
            store::save(tx, now, &form)?;
            let changes = Changes::new()
                .field("name", &before.name, &form.name)
                .field("published", &before.published, &form.published)
                .touched("fields", before.fields != form.fields)
                .touched("actions", before.actions != form.actions)
                .touched("post_action", before.post_action != form.post_action);
            audit::record(tx, &who, entry(Deed::Update, &form).changes(changes))?;
            found(tx, id)
        })
        .await
}

/// Deletes a form; it can be restored, with its answers.
pub async fn delete(cx: &Cx, id: FormId) -> Result<()> {
    cx.may(Action::Edit(Area::Forms))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let form = found(tx, id)?;
            store::set_deleted(tx, now, id, true)?;
            audit::record(tx, &who, entry(Deed::Delete, &form))
        })
        .await
}

pub async fn restore(cx: &Cx, id: FormId) -> Result<FormRecord> {
    cx.may(Action::Edit(Area::Forms))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            if !store::set_deleted(tx, now, id, false)? {
                return Err(Error::not_found("form", id));
            }
            let form = found(tx, id)?;
            audit::record(tx, &who, entry(Deed::Restore, &form))?;
            Ok(form)
        })
        .await
}

fn entry(deed: Deed, form: &FormRecord) -> Entry {
    Entry::new(deed, "form", form.id.0, &form.name)
}

/// Names of forms, also of deleted ones.
pub fn names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<i64, String>> {
    Ok(store::names(tx, ids)?.into_iter().collect())
}

/// Fills in what follows from the rest: aliases and the ids of new fields.
fn tidy(form: &mut FormRecord) {
    form.name = form.name.trim().to_owned();
    if form.alias.trim().is_empty() {
        form.alias = form_name(&form.name).chars().take(10).collect();
    }
    let element = form_name(&form.name);
    let mut next = form.fields.iter().map(|f| f.id).max().unwrap_or(0).max(0) + 1;
    let mut taken: HashSet<String> =
        form.fields.iter().filter(|f| !f.alias.trim().is_empty()).map(|f| f.alias.trim().to_lowercase()).collect();
    for field in &mut form.fields {
        if field.id <= 0 {
            field.id = next;
            next += 1;
        }
        field.alias = field.alias.trim().to_lowercase();
        if field.alias.is_empty() {
            field.alias = free_alias(&field.label, field.kind, &taken);
            taken.insert(field.alias.clone());
        }
        if field.alias == element {
            field.alias = format!("f_{}", field.alias);
        }
    }
}

fn free_alias(label: &str, kind: FieldKind, taken: &HashSet<String>) -> String {
    let words: Vec<String> = label.split_whitespace().map(form_name).filter(|w| !w.is_empty()).take(4).collect();
    let stem: String = if words.is_empty() { kind.as_str().to_owned() } else { words.join("_").chars().take(25).collect() };
    let mut alias = stem.clone();
    let mut number = 1;
    while taken.contains(&alias) {
        number += 1;
        alias = format!("{stem}{number}");
    }
    alias
}

fn check(ws: &Workspace, tx: &mut Tx<'_>, form: &FormRecord) -> Result<()> {
    let mut wrong = Vec::new();
    if form.name.is_empty() || form_name(&form.name).is_empty() {
        wrong.push(FieldError::new("/name", "required", "Give the form a name with letters or digits in it."));
    }
    match &form.post_action {
        PostAction::Message(text) if text.trim().is_empty() => {
            wrong.push(FieldError::new("/post_action/value", "required", "Write what people read after sending the form."));
        }
        PostAction::Redirect(url) if !is_web_address(url) => {
            wrong.push(FieldError::new(
                "/post_action/value",
                "url",
                "Write the address of the next page, beginning with https:// or /.",
            ));
        }
        _ => {}
    }
    if !form.fields.iter().any(|f| f.kind.takes_value()) {
        wrong.push(FieldError::new("/fields", "required", "Add at least one field that can be answered."));
    }
    let catalogue = crate::fields::catalogue(ws, tx)?;
    let (mut aliases, mut mapped) = (HashSet::new(), HashSet::new());
    for (at, field) in form.fields.iter().enumerate() {
        check_field(&mut wrong, at, field);
        if !aliases.insert(field.alias.as_str()) {
            wrong.push(FieldError::new(format!("/fields/{at}/alias"), "taken", "Another field of this form has the same alias."));
        }
        if let Some(target) = field.mapped_field.as_deref() {
            if catalogue.get(target).is_none() {
                wrong.push(FieldError::new(
                    format!("/fields/{at}/mapped_field"),
                    "unknown",
                    format!("Contacts have no field “{target}”."),
                ));
            } else if !mapped.insert(target) {
                wrong.push(FieldError::new(
                    format!("/fields/{at}/mapped_field"),
                    "taken",
                    "Another field of this form goes to the same contact field.",
                ));
            }
        }
    }
    for (at, action) in form.actions.iter().enumerate() {
        if let FormAction::ChangePoints { operator, .. } = action
            && !matches!(operator.as_str(), "plus" | "minus" | "times" | "divide")
        {
            wrong.push(FieldError::new(format!("/actions/{at}/operator"), "operator", "Choose plus, minus, times or divide."));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
}

fn check_field(wrong: &mut Vec<FieldError>, at: usize, field: &FormField) {
    let mut say = |key: &str, code: &'static str, detail: &str| {
        wrong.push(FieldError::new(format!("/fields/{at}/{key}"), code, detail));
    };
    if field.label.trim().is_empty() && field.kind != FieldKind::Hidden {
        say("label", "required", "Give the field a label.");
    }
    let fits = field.alias.len() <= 50 && field.alias.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !fits || matches!(field.alias.as_str(), "formid" | "return" | "formname" | "messenger" | "nonce" | "mauticpage") {
        say("alias", "alias", "Use small letters, digits and underscores.");
    }
    if field.kind == FieldKind::Select && field.options.is_empty() {
        say("options", "required", "Add at least one choice.");
    }
    if field.kind == FieldKind::Consent && field.purpose.trim().is_empty() {
        say("purpose", "required", "Say what the consent is for, for example newsletter.");
    }
}

fn is_web_address(url: &str) -> bool {
    let url = url.trim().to_ascii_lowercase();
    ["http://", "https://", "/", "{pagelink="].iter().any(|start| url.starts_with(start)) && !url.contains(['\r', '\n', ' '])
}
