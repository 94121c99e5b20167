//! `/api/fields/contact` and `/api/fields/company` (`api.md` §3.8).

use std::marker::PhantomData;

use async_trait::async_trait;
use axum::Router;
use hg_app::Cx;
use hg_app::fields::{self, Field, FieldPatch, NewField};
use hg_core::contacts::{Choice, FieldGroup, FieldObject, FieldProperties, FieldType};
use hg_core::ids::FieldId;
use serde_json::{Map, Value, json};

use super::answer::{CompatAnswer, CompatError};
use super::contacts::properties;
use super::crud::{CompatList, Entity, PublishBlock, is_true, routes};
use super::field_search;
use crate::Web;

pub fn router() -> Router<Web> {
    routes::<Fields<OfContacts>>().merge(routes::<Fields<OfCompanies>>())
}

struct Fields<O>(PhantomData<O>);

/// Whose fields an address is about.
trait Whose: Send + Sync + 'static {
    const OBJECT: FieldObject;
    const PATH: &'static str;
}

struct OfContacts;
struct OfCompanies;

impl Whose for OfContacts {
    const OBJECT: FieldObject = FieldObject::Contact;
    const PATH: &'static str = "fields/contact";
}

impl Whose for OfCompanies {
    const OBJECT: FieldObject = FieldObject::Company;
    const PATH: &'static str = "fields/company";
}

/// A field at its own address only.
async fn find<O: Whose>(cx: &Cx, id: i64) -> CompatAnswer<Field> {
    let field = fields::get(cx, FieldId(id)).await?;
    if field.def.object == O::OBJECT { Ok(field) } else { Err(CompatError::not_found()) }
}

fn show(f: &Field) -> Value {
    let d = &f.def;
    let block = PublishBlock {
        is_published: d.published,
        date_added: Some(f.created_at),
        date_modified: Some(f.updated_at),
        created_by: None,
        created_by_user: None,
    };
    let mut out = block.start();
    let own = json!({
        "id": d.id, "label": d.label, "alias": d.alias, "type": d.kind.compatible_name(), "group": d.group.name(), "order": d.order,
        "object": if d.object == FieldObject::Company { "company" } else { "lead" }, "defaultValue": d.default_value, "isRequired": d.required, "isFixed": d.fixed, "isListable": d.listable,
        "isVisible": d.visible, "isShortVisible": d.short_visible, "isUniqueIdentifier": d.unique, "isUniqueIdentifer": d.unique,
        "isPubliclyUpdatable": d.publicly_updatable, "isIndex": d.unique, "charLengthLimit": d.char_limit, "properties": properties(d),
    });
    if let Value::Object(own) = own {
        out.extend(own);
    }
    Value::Object(out)
}

/// The order of a list; that of the fields themselves when nobody says.
fn sort(all: &mut [Field], query: &CompatList) -> CompatAnswer<()> {
    let Some((column, down)) = query.order.first() else { return Ok(()) };
    match column.as_str() {
        "id" => all.sort_by_key(|f| f.def.id.0),
        "label" | "name" => all.sort_by_cached_key(|f| hg_core::text::fold(&f.def.label)),
        "alias" => all.sort_by(|a, b| a.def.alias.cmp(&b.def.alias)),
        "type" => all.sort_by_key(|f| f.def.kind.compatible_name()),
        "group" => all.sort_by_key(|f| f.def.group),
        "order" => all.sort_by_key(|f| f.def.order),
        "dateAdded" | "date_added" => all.sort_by_key(|f| f.created_at),
        "dateModified" | "date_modified" => all.sort_by_key(|f| f.updated_at),
        other => return Err(CompatError::bad(format!("Unknown column {other}."))),
    }
    if *down {
        all.reverse();
    }
    Ok(())
}

/// `list` as objects, as `a|b`, or as a map.
fn choices(list: Option<&Value>) -> Vec<Choice> {
    let text = |v: &Value| v.as_str().map(str::to_owned).or_else(|| v.as_i64().map(|n| n.to_string()));
    match list {
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(|i| match i {
                Value::Object(o) => {
                    let value = o.get("value").and_then(text)?;
                    Some(Choice { label: o.get("label").and_then(text).unwrap_or_else(|| value.clone()), value })
                }
                other => text(other).map(Choice::new),
            })
            .collect(),
        Some(Value::String(bar)) => bar.split('|').map(str::trim).filter(|s| !s.is_empty()).map(Choice::new).collect(),
        Some(Value::Object(map)) => map
            .iter()
            .map(|(value, label)| Choice { label: text(label).unwrap_or_else(|| value.clone()), value: value.clone() })
            .collect(),
        _ => Vec::new(),
    }
}

fn properties_in(body: &Map<String, Value>) -> Option<FieldProperties> {
    let p = body.get("properties")?;
    let text = |key: &str| p.get(key).and_then(Value::as_str).map(str::to_owned);
    Some(FieldProperties {
        options: choices(p.get("list")),
        yes: text("yes"),
        no: text("no"),
        scale: p
            .get("scale")
            .and_then(|v| v.as_u64().or_else(|| v.as_str().and_then(|s| s.parse().ok())))
            .and_then(|n| u8::try_from(n).ok()),
    })
}

/// Yes and no must have names: clients show them.
fn check_labels(kind: FieldType, properties: &FieldProperties) -> CompatAnswer<()> {
    let named = |label: &Option<String>| label.as_ref().is_some_and(|l| !l.trim().is_empty());
    if kind == FieldType::Boolean && !(named(&properties.yes) && named(&properties.no)) {
        return Err(CompatError::bad("properties: A yes/no field needs the labels “yes” and “no”."));
    }
    Ok(())
}

fn group(body: &Map<String, Value>) -> CompatAnswer<Option<FieldGroup>> {
    match body.get("group").and_then(Value::as_str) {
        None | Some("") => Ok(None),
        Some(name) => FieldGroup::from_name(name).map(Some).ok_or_else(|| CompatError::bad("group: This value is not valid.")),
    }
}

#[async_trait]
impl<O: Whose> Entity for Fields<O> {
    const PATH: &'static str = O::PATH;
    const ONE: &'static str = "field";
    const MANY: &'static str = "fields";
    const KEYED: bool = true;

    async fn list(cx: &Cx, query: &CompatList) -> CompatAnswer<(u64, Vec<(i64, Value)>)> {
        let mut all = field_search::found(cx, fields::list_of(cx, O::OBJECT).await?, &query.search).await?;
        all.retain(|f| !query.published_only || f.def.published);
        sort(&mut all, query)?;
        let total = all.len() as u64;
        let skip = usize::try_from(query.start).unwrap_or(usize::MAX);
        Ok((total, all.iter().skip(skip).take(query.limit as usize).map(|f| (f.def.id.0, show(f))).collect()))
    }

    async fn get(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        Ok(show(&find::<O>(cx, id).await?))
    }

    async fn create(cx: &Cx, body: Map<String, Value>) -> CompatAnswer<(i64, Value, bool)> {
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        let flag = |key: &str, default: bool| body.get(key).map_or(default, is_true);
        let label =
            text("label").filter(|l| !l.trim().is_empty()).ok_or_else(|| CompatError::bad("label: A label is required."))?;
        let kind = text("type").unwrap_or_else(|| "text".into());
        let kind = FieldType::from_compatible_name(&kind)
            .ok_or_else(|| CompatError::bad(format!("type: The field type “{kind}” is not supported by this version.")))?;
        let properties = properties_in(&body).unwrap_or_default();
        check_labels(kind, &properties)?;
        let new = NewField {
            object: O::OBJECT,
            alias: text("alias").filter(|a| !a.is_empty()),
            group: group(&body)?.unwrap_or(FieldGroup::Core),
            order: body.get("order").and_then(Value::as_i64),
            required: flag("isRequired", false),
            unique: flag("isUniqueIdentifier", false) || flag("isUniqueIdentifer", false),
            listable: flag("isListable", true),
            visible: flag("isVisible", true),
            short_visible: flag("isShortVisible", false),
            publicly_updatable: flag("isPubliclyUpdatable", false),
            published: flag("isPublished", true),
            default_value: text("defaultValue").filter(|d| !d.is_empty()),
            char_limit: body.get("charLengthLimit").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()),
            properties,
            ..NewField::new(&label, kind)
        };
        let made = fields::create(cx, new).await?;
        Ok((made.def.id.0, show(&made), true))
    }

    async fn edit(cx: &Cx, id: i64, body: Map<String, Value>, replace: bool) -> CompatAnswer<Value> {
        let text = |key: &str| body.get(key).and_then(Value::as_str).map(str::to_owned);
        let flag = |key: &str, empty: bool| body.get(key).map(is_true).or_else(|| replace.then_some(empty));
        let patch = FieldPatch {
            version: None,
            label: text("label"),
            group: group(&body)?,
            order: body.get("order").and_then(Value::as_i64),
            required: flag("isRequired", false),
            unique: body.get("isUniqueIdentifier").or_else(|| body.get("isUniqueIdentifer")).map(is_true),
            listable: flag("isListable", false),
            visible: flag("isVisible", false),
            short_visible: flag("isShortVisible", false),
            publicly_updatable: flag("isPubliclyUpdatable", false),
            published: body.get("isPublished").map(is_true),
            default_value: (replace || body.contains_key("defaultValue")).then(|| text("defaultValue").filter(|d| !d.is_empty())),
            char_limit: body.get("charLengthLimit").and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok()),
            properties: properties_in(&body),
        };
        let field = find::<O>(cx, id).await?;
        if let Some(properties) = &patch.properties {
            check_labels(field.def.kind, properties)?;
        }
        Ok(show(&fields::update(cx, FieldId(id), patch).await?))
    }

    async fn delete(cx: &Cx, id: i64) -> CompatAnswer<Value> {
        find::<O>(cx, id).await?;
        Ok(show(&fields::delete(cx, FieldId(id)).await?))
    }
}
