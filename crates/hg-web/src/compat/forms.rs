//! `/api/forms` (`api.md` §4.7). Types that cannot run here are refused by name.

use async_trait::async_trait;
use axum::extract::{Path, RawQuery};
use axum::routing::delete;
use axum::{Json, Router};
use hg_app::emails::site_url;
use hg_app::forms::{self, FormKind, FormPatch, FormRecord, NewForm};
use hg_app::list::ListQuery;
use hg_app::{Cx, Error};
use hg_core::forms::{ChoiceOption, FieldKind, FormAction, FormField, PostAction, RenderWishes, render};
use hg_core::ids::FormId;
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::body::{self, AnyBody};
use super::crud::{CompatList, Entity, Kept, PublishBlock, id_of, ids, is_true, routes};
use super::reading::words;
use crate::Web;
use crate::auth::Caller;

const KEPT: [Kept; 9] = [
    ("category", || Value::Null),
    ("publishUp", || Value::Null),
    ("publishDown", || Value::Null),
    ("template", || Value::Null),
    ("inKioskMode", || json!(false)),
    ("renderStyle", || json!(true)),
    ("noIndex", || json!(false)),
    ("formAttributes", || Value::Null),
    ("language", || Value::Null),
];

pub fn router() -> Router<Web> {
    routes::<Forms>()
        .route("/forms/{id}/fields/delete", delete(delete_fields))
        .route("/forms/{id}/actions/delete", delete(delete_actions))
}

struct Forms;

fn some(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}

fn show_field(f: &FormField, order: usize) -> Value {
    let kind = match f.kind {
        FieldKind::Consent => "checkboxgrp",
        kind => kind.as_str(),
    };
    let options: Vec<Value> = f.options.iter().map(|o| json!({"label": o.label, "value": o.value})).collect();
    let properties = match f.kind {
        FieldKind::Select => json!({"placeholder": f.placeholder, "list": {"list": options}, "multiple": false}),
        FieldKind::Consent => json!({"optionlist": {"list": [{"label": f.consent_text, "value": "1"}]}, "purpose": f.purpose}),
        _ => json!({"placeholder": f.placeholder}),
    };
    json!({
        "id": f.id, "label": f.label, "showLabel": f.show_label, "alias": f.alias, "type": kind, "defaultValue": some(&f.default_value),
        "isRequired": f.required, "validationMessage": some(&f.validation_message), "helpMessage": some(&f.help), "order": order,
        "properties": properties, "validation": [], "parent": null, "conditions": [], "labelAttributes": null, "inputAttributes": null,
        "containerAttributes": null, "leadField": f.mapped_field, "saveResult": true, "isAutoFill": false,
        "mappedObject": f.mapped_field.as_ref().map(|_| "contact"), "mappedField": f.mapped_field,
    })
}

fn show_action(action: &FormAction, at: usize) -> Value {
    let (kind, properties) = match action {
        FormAction::AddTags { tags, remove } => ("lead.changetags", json!({"add_tags": tags, "remove_tags": remove})),
        FormAction::ChangePoints { operator, points, group: None } => {
            ("lead.pointschange", json!({"operator": operator, "points": points}))
        }
        FormAction::ChangePoints { operator, points, group } => {
            ("lead.pointschange", json!({"operator": operator, "points": points, "group": group}))
        }
        FormAction::ChangeCompanyScore { score } => ("lead.scorecontactscompanies", json!({"score": score})),
        FormAction::ChangeStage { stage } => ("lead.changestage", json!({"stage": stage})),
        FormAction::AddToSegment { add, remove } => ("lead.changelist", json!({"addToLists": add, "removeFromLists": remove})),
        FormAction::RecordUtm => ("lead.addutmtags", json!({})),
        FormAction::AllowContact => ("lead.remove_do_not_contact", json!({})),
    };
    json!({"id": at, "name": kind, "description": null, "type": kind, "order": at, "properties": properties})
}

fn show(cx: &Cx, f: &FormRecord) -> Value {
    let block = PublishBlock {
        is_published: f.published,
        date_added: Some(f.created_at),
        date_modified: Some(f.updated_at),
        created_by: f.created_by.map(|u| u.0),
        created_by_user: None,
    };
    let (post_action, property) = match &f.post_action {
        PostAction::Message(text) => ("message", json!(text)),
        PostAction::Redirect(url) => ("redirect", json!(url)),
        PostAction::Return => ("return", Value::Null),
    };
    let site = site_url(&cx.ws);
    let html = render(&f.form(), &RenderWishes { site_url: &site, with_style: true, ..RenderWishes::default() });
    let mut out = block.start();
    let own = json!({
        "id": f.id, "name": f.name, "alias": f.alias, "description": some(&f.description), "cachedHtml": html,
        "fields": f.fields.iter().enumerate().map(|(at, field)| show_field(field, at + 1)).collect::<Vec<_>>(),
        "actions": f.actions.iter().enumerate().map(|(at, action)| show_action(action, at + 1)).collect::<Vec<_>>(),
        "formType": f.kind.key(), "postAction": post_action, "postActionProperty": property,
    });
    if let Value::Object(own) = own {
        out.extend(own);
    }
    for (key, default) in KEPT {
        out.insert(key.to_owned(), f.extra.get(key).cloned().unwrap_or_else(default));
    }
    Value::Object(out)
}

fn items(value: Option<&Value>) -> Option<Vec<&Map<String, Value>>> {
    Some(match value? {
        Value::Array(list) => list.iter().filter_map(Value::as_object).collect(),
        Value::Object(map) => map.values().filter_map(Value::as_object).collect(),
        _ => Vec::new(),
    })
}

fn text(map: &Map<String, Value>, key: &str) -> String {
    match map.get(key) {
        Some(Value::String(text)) => text.clone(),
        None | Some(Value::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

fn read_field(map: &Map<String, Value>) -> CompatAnswer<FormField> {
    let wanted = text(map, "type");
    let properties = map.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    let purpose = text(&properties, "purpose");
    let kind = match wanted.as_str() {
        "checkboxgrp" if !purpose.is_empty() => FieldKind::Consent,
        "consent" => FieldKind::Consent,
        other => FieldKind::of(other).ok_or_else(|| {
            CompatError::from(Error::field("/type", "type", format!("fields of the type {other} cannot be shown here yet.")))
        })?,
    };
    let list =
        properties.get("list").and_then(|l| l.get("list")).or_else(|| properties.get("optionlist").and_then(|l| l.get("list")));
    let options = items(list).unwrap_or_default();
    let options: Vec<ChoiceOption> =
        options.into_iter().map(|o| ChoiceOption { label: text(o, "label"), value: text(o, "value") }).collect();
    let mapped = [text(map, "mappedField"), text(map, "leadField")].into_iter().find(|m| !m.is_empty());
    let consent_text = options.first().map(|o| o.label.clone()).unwrap_or_default();
    Ok(FormField {
        id: ids(map.get("id")).first().copied().unwrap_or(0),
        alias: text(map, "alias"),
        label: text(map, "label"),
        kind,
        required: map.get("isRequired").is_some_and(is_true),
        placeholder: text(&properties, "placeholder"),
        help: text(map, "helpMessage"),
        default_value: text(map, "defaultValue"),
        options: if kind == FieldKind::Select { options } else { Vec::new() },
        validation_message: text(map, "validationMessage"),
        mapped_field: mapped,
        purpose,
        consent_text: if kind == FieldKind::Consent { consent_text } else { String::new() },
        show_label: map.get("showLabel").is_none_or(is_true),
    })
}

fn read_action(map: &Map<String, Value>) -> CompatAnswer<FormAction> {
    let properties = map.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    Ok(match text(map, "type").as_str() {
        "lead.changetags" => {
            FormAction::AddTags { tags: words(properties.get("add_tags")), remove: words(properties.get("remove_tags")) }
        }
        "lead.pointschange" => FormAction::ChangePoints {
            operator: Some(text(&properties, "operator")).filter(|o| !o.is_empty()).unwrap_or_else(|| "plus".into()),
            points: text(&properties, "points").parse().unwrap_or(0),
            group: ids(properties.get("group")).first().copied(),
        },
        "lead.scorecontactscompanies" => FormAction::ChangeCompanyScore {
            score: text(&properties, "score")
                .parse()
                .map_err(|_| CompatError::bad("actions: The score of lead.scorecontactscompanies must be a whole number."))?,
        },
        "lead.changestage" => FormAction::ChangeStage {
            stage: ids(properties.get("stage"))
                .first()
                .copied()
                .ok_or_else(|| CompatError::bad("actions: Choose the stage of lead.changestage."))?,
        },
        "lead.changelist" => {
            FormAction::AddToSegment { add: ids(properties.get("addToLists")), remove: ids(properties.get("removeFromLists")) }
        }
        "lead.addutmtags" => FormAction::RecordUtm,
        "lead.remove_do_not_contact" | "lead.removedonotcontact" => FormAction::AllowContact,
        other => {
            let detail = format!("actions of the type {other} cannot run here yet.");
            return Err(Error::field("/type", "type", detail).into());
        }
    })
}

/// The fields or actions after a request: PUT replaces the list, PATCH keeps what is not named.
fn merged<T: Clone>(sent: Option<Vec<(i64, T)>>, before: Vec<(i64, T)>, replace: bool) -> Option<Vec<T>> {
    let Some(sent) = sent else { return replace.then(Vec::new) };
    if replace {
        return Some(sent.into_iter().map(|(_, item)| item).collect());
    }
    let mut all = before;
    for (id, item) in sent {
        match all.iter_mut().find(|(known, _)| *known == id && id > 0) {
            Some(there) => there.1 = item,
            None => all.push((id, item)),
        }
    }
    Some(all.into_iter().map(|(_, item)| item).collect())
}

fn patch(body: &Map<String, Value>, before: Option<&FormRecord>, replace: bool) -> CompatAnswer<FormPatch> {
    let fields = items(body.get("fields"))
        .map(|list| list.into_iter().map(|m| read_field(m).map(|f| (f.id, f))).collect::<CompatAnswer<Vec<_>>>())
        .transpose()?;
    let actions = items(body.get("actions"))
        .map(|list| {
            let read = |m: &Map<String, Value>| Ok((ids(m.get("id")).first().copied().unwrap_or(0), read_action(m)?));
            list.into_iter().map(read).collect::<CompatAnswer<Vec<_>>>()
        })
        .transpose()?;
    let known_fields = before.map(|f| f.fields.iter().map(|x| (x.id, x.clone())).collect()).unwrap_or_default();
    let known_actions = before.map(|f| (1..).zip(f.actions.iter().cloned()).collect()).unwrap_or_default();
    let property = text(body, "postActionProperty");
    let post_action = match body.get("postAction").and_then(Value::as_str) {
        Some("message") => Some(PostAction::Message(property)),
        Some("redirect") => Some(PostAction::Redirect(property)),
        Some(_) => Some(PostAction::Return),
        None => replace.then_some(PostAction::Return),
    };
    let mut extra = before.filter(|_| !replace).and_then(|f| f.extra.as_object().cloned()).unwrap_or_default();
    for (key, _) in KEPT {
        if let Some(value) = body.get(key) {
            extra.insert(key.to_owned(), value.clone());
        }
    }
    let named = |key: &str| (replace || body.contains_key(key)).then(|| text(body, key));
    Ok(FormPatch {
        version: None,
        name: body.contains_key("name").then(|| text(body, "name")),
        alias: body.contains_key("alias").then(|| text(body, "alias")),
        description: named("description"),
        kind: body.get("formType").and_then(Value::as_str).and_then(FormKind::from_key),
        published: body.get("isPublished").map(is_true).or(replace.then_some(false)),
        fields: merged(fields, known_fields, replace),
        actions: merged(actions, known_actions, replace),
        post_action,
        extra: Some(Value::Object(extra)),
    })
}

#[async_trait]
impl Entity for Forms {
    const PATH: &'static str = "forms";
    const ONE: &'static str = "form";
    const MANY: &'static str = "forms";
    const KEYED: bool = false;
    const CATEGORY: Option<(&str, &str)> = Some(("form", "forms"));

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let published = query.published_only;
        let search = query.search.clone();
        let (column, down) = query.order.first().cloned().unwrap_or(("id".into(), false));
        let sort = match column.as_str() {
            "id" | "dateAdded" | "date_added" => "id",
            "name" => "name",
            "dateModified" | "date_modified" => "updated_at",
            other => return Err(CompatError::bad(format!("Unknown column {other}."))),
        };
        let sort = format!("{}{sort}", if down { "-" } else { "" });
        let page = forms::list(cx, ListQuery { search, sort, limit: 100_000, ..ListQuery::default() }).await?;
        let all: Vec<FormRecord> = page.items.into_iter().filter(|f| !published || f.published).collect();
        let skip = usize::try_from(query.start).unwrap_or(usize::MAX);
        Ok((all.len() as u64, all.iter().skip(skip).take(query.limit as usize).map(|f| (f.id.0, show(cx, f))).collect()))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show(cx, &forms::get(cx, FormId(id)).await?))
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        if text(&body, "name").trim().is_empty() {
            return Err(CompatError::from_missing_name());
        }
        let p = patch(&body, None, false)?;
        let new = NewForm {
            name: p.name.unwrap_or_default(),
            alias: p.alias.unwrap_or_default(),
            description: p.description.unwrap_or_default(),
            kind: p.kind.unwrap_or(FormKind::Standalone),
            published: body.get("isPublished").is_none_or(is_true),
            fields: p.fields.unwrap_or_default(),
            actions: p.actions.unwrap_or_default(),
            post_action: p.post_action.unwrap_or(PostAction::Return),
            extra: p.extra.unwrap_or_else(|| json!({})),
        };
        let made = forms::create(cx, new).await?;
        Ok((made.id.0, show(cx, &made), true))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        let before = forms::get(cx, FormId(id)).await?;
        if (replace || body.contains_key("name")) && text(&body, "name").trim().is_empty() {
            return Err(CompatError::from_missing_name());
        }
        let p = patch(&body, Some(&before), replace)?;
        Ok(show(cx, &forms::update(cx, FormId(id), p).await?))
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        let before = Self::get(cx, id).await?;
        forms::delete(cx, FormId(id)).await?;
        Ok(before)
    }
}

/// The ids that a list in the query or the body names; anything but a list is refused.
fn listed(key: &str, query: Option<&str>, body: AnyBody) -> CompatAnswer<Vec<i64>> {
    let asked = body::pairs(url::form_urlencoded::parse(query.unwrap_or("").as_bytes()).into_owned())?;
    let sent = body.0.unwrap_or(Value::Null);
    let list = asked.get(key).or_else(|| sent.get(key)).filter(|v| v.is_array() || v.is_object());
    list.map(|v| ids(Some(v))).ok_or_else(|| CompatError::bad(format!("The {key} attribute must be array.")))
}

async fn delete_fields(
    Caller(cx): Caller,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    body: AnyBody,
) -> CompatAnswer<Json<Value>> {
    let (id, gone) = (FormId(id_of(&id)?), listed("fields", query.as_deref(), body)?);
    let before = forms::get(&cx, id).await?;
    let fields = before.fields.into_iter().filter(|f| !gone.contains(&f.id)).collect();
    let patch = FormPatch { version: Some(before.version), fields: Some(fields), ..FormPatch::default() };
    Ok(Json(json!({"form": show(&cx, &forms::update(&cx, id, patch).await?)})))
}

async fn delete_actions(
    Caller(cx): Caller,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    body: AnyBody,
) -> CompatAnswer<Json<Value>> {
    let (id, gone) = (FormId(id_of(&id)?), listed("actions", query.as_deref(), body)?);
    let before = forms::get(&cx, id).await?;
    // Actions are known by their place, as `show` numbers them.
    let kept = (1..).zip(before.actions).filter(|(at, _)| !gone.contains(at)).map(|(_, action)| action);
    let patch = FormPatch { version: Some(before.version), actions: Some(kept.collect()), ..FormPatch::default() };
    Ok(Json(json!({"form": show(&cx, &forms::update(&cx, id, patch).await?)})))
}
