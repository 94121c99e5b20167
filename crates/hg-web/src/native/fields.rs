//! Fields of contacts and companies.

use axum::Json;
use axum::http::StatusCode;
use hg_app::Error;
use hg_app::fields::{self, Field, FieldPatch, FieldProblem, NewField};
use hg_app::list::Page;
use hg_core::contacts::{Choice, FieldGroup, FieldObject, FieldProperties, FieldType};
use hg_core::ids::FieldId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, PageOut, Path, Query};
use crate::native::maybe::Maybe;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
        .merge(super::field_parts::router())
}

/// A choice: what is shown and what is stored.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct OptionOut {
    pub label: String,
    pub value: String,
}

/// The words for yes and no.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub(super) struct Labels {
    pub(super) yes: String,
    pub(super) no: String,
}

/// A field of contacts or companies.
#[derive(Debug, Serialize, ToSchema)]
struct FieldOut {
    id: i64,
    #[schema(value_type = super::words::FieldObjectWord)]
    object: &'static str,
    version: i64,
    created_at: String,
    updated_at: String,
    alias: String,
    label: String,
    #[serde(rename = "type")]
    #[schema(value_type = super::words::FieldTypeWord)]
    kind: &'static str,
    group: &'static str,
    order: i64,
    required: bool,
    unique: bool,
    listable: bool,
    visible: bool,
    short_visible: bool,
    publicly_updatable: bool,
    fixed: bool,
    published: bool,
    default_value: Option<String>,
    char_limit: Option<u32>,
    /// Digits after the point, of numbers; none: as they come.
    decimals: Option<u8>,
    options: Vec<OptionOut>,
    labels: Option<Labels>,
}

impl From<Field> for FieldOut {
    fn from(f: Field) -> Self {
        let def = f.def;
        let labels = (def.kind == FieldType::Boolean).then(|| Labels {
            yes: def.properties.yes.clone().unwrap_or_else(|| "Yes".into()),
            no: def.properties.no.clone().unwrap_or_else(|| "No".into()),
        });
        Self {
            id: def.id.0,
            object: def.object.name(),
            version: f.version,
            created_at: f.created_at.rfc3339(),
            updated_at: f.updated_at.rfc3339(),
            alias: def.alias,
            label: def.label,
            kind: def.kind.name(),
            group: def.group.name(),
            order: def.order,
            required: def.required,
            unique: def.unique,
            listable: def.listable,
            visible: def.visible,
            short_visible: def.short_visible,
            publicly_updatable: def.publicly_updatable,
            fixed: def.fixed,
            published: def.published,
            default_value: def.default_value,
            char_limit: def.kind.has_char_limit().then_some(def.char_limit),
            decimals: def.properties.scale,
            options: def.properties.options.into_iter().map(|o| OptionOut { label: o.label, value: o.value }).collect(),
            labels,
        }
    }
}

/// A field to be made, or what of one changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct FieldIn {
    version: Option<i64>,
    label: Option<String>,
    /// `contact` when absent; never changes.
    #[schema(value_type = Option<super::words::FieldObjectWord>)]
    object: Option<String>,
    /// Made of the label when absent; never changes.
    alias: Option<String>,
    /// Never changes.
    #[serde(rename = "type")]
    #[schema(value_type = Option<super::words::FieldTypeWord>)]
    kind: Option<String>,
    /// `core`, `social`, `personal` or `professional`.
    group: Option<String>,
    order: Option<i64>,
    required: Option<bool>,
    unique: Option<bool>,
    listable: Option<bool>,
    visible: Option<bool>,
    short_visible: Option<bool>,
    publicly_updatable: Option<bool>,
    published: Option<bool>,
    #[schema(value_type = Option<String>)]
    default_value: Maybe<String>,
    char_limit: Option<u32>,
    #[schema(value_type = Option<u8>)]
    decimals: Maybe<u8>,
    options: Option<Vec<OptionOut>>,
    labels: Option<Labels>,
}

impl FieldIn {
    fn group(&self) -> Result<Option<FieldGroup>, Error> {
        let Some(name) = &self.group else { return Ok(None) };
        let wrong = || Error::field("/group", "field.group", "A group is core, social, personal or professional.");
        FieldGroup::from_name(name).ok_or_else(wrong).map(Some)
    }

    fn object(&self) -> Result<FieldObject, Error> {
        object_of(self.object.as_deref())
    }

    fn properties(&self, before: FieldProperties) -> Option<FieldProperties> {
        if self.options.is_none() && self.labels.is_none() && self.decimals.0.is_none() {
            return None;
        }
        let mut properties = before;
        if let Some(options) = &self.options {
            let label = |o: &OptionOut| if o.label.trim().is_empty() { o.value.clone() } else { o.label.clone() };
            properties.options = options.iter().map(|o| Choice { label: label(o), value: o.value.clone() }).collect();
        }
        if let Some(labels) = &self.labels {
            properties.yes = Some(labels.yes.clone());
            properties.no = Some(labels.no.clone());
        }
        if let Some(decimals) = self.decimals.0 {
            properties.scale = decimals;
        }
        Some(properties)
    }
}

fn object_of(name: Option<&str>) -> Result<FieldObject, Error> {
    let Some(name) = name else { return Ok(FieldObject::Contact) };
    let wrong = || Error::field("/object", "field.object", "A field belongs to a contact or to a company.");
    FieldObject::from_name(name).ok_or_else(wrong)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Whose {
    /// `contact` (when absent) or `company`.
    #[param(value_type = Option<super::words::FieldObjectWord>)]
    object: Option<String>,
}

/// All fields of contacts, or of companies, in their order.
#[utoipa::path(get, path = "/fields", tag = "fields", params(Whose), responses((status = 200, body = PageOut<FieldOut>)))]
async fn list(Caller(cx): Caller, Query(whose): Query<Whose>) -> Answer<Json<PageOut<FieldOut>>> {
    let items = fields::list_of(&cx, object_of(whose.object.as_deref())?).await?;
    let total = Some(items.len() as u64);
    Ok(PageOut::of(Page { items, next_cursor: None, total }, FieldOut::from))
}

/// Makes a field.
#[utoipa::path(post, path = "/fields", tag = "fields", request_body = FieldIn, responses((status = 201, body = FieldOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<FieldIn>) -> Answer<(StatusCode, Json<FieldOut>)> {
    let name = b.kind.clone().unwrap_or_default();
    let kind = FieldType::from_name(&name).ok_or(FieldProblem::UnknownType(name))?;
    let plain = NewField::new(b.label.as_deref().unwrap_or(""), kind);
    let new = NewField {
        object: b.object()?,
        alias: b.alias.clone(),
        group: b.group()?.unwrap_or(plain.group),
        order: b.order,
        required: b.required.unwrap_or(plain.required),
        unique: b.unique.unwrap_or(plain.unique),
        listable: b.listable.unwrap_or(plain.listable),
        visible: b.visible.unwrap_or(plain.visible),
        short_visible: b.short_visible.unwrap_or(plain.short_visible),
        publicly_updatable: b.publicly_updatable.unwrap_or(plain.publicly_updatable),
        published: b.published.unwrap_or(plain.published),
        char_limit: b.char_limit,
        properties: b.properties(FieldProperties::default()).unwrap_or_default(),
        default_value: b.default_value.0.flatten(),
        ..plain
    };
    Ok((StatusCode::CREATED, Json(fields::create(&cx, new).await?.into())))
}

/// One field.
#[utoipa::path(get, path = "/fields/{id}", tag = "fields", params(("id" = i64, Path)), responses((status = 200, body = FieldOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<FieldId>) -> Answer<Json<FieldOut>> {
    Ok(Json(fields::get(&cx, id).await?.into()))
}

/// Changes what is named; type and alias stay. A field can be made unique while no two contacts have the same value.
#[utoipa::path(patch, path = "/fields/{id}", tag = "fields", params(("id" = i64, Path)), request_body = FieldIn, responses((status = 200, body = FieldOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<FieldId>, Body(b): Body<FieldIn>) -> Answer<Json<FieldOut>> {
    let before = fields::get(&cx, id).await?.def;
    let patch = FieldPatch {
        version: b.version,
        label: b.label.clone(),
        group: b.group()?,
        order: b.order,
        required: b.required,
        unique: b.unique,
        listable: b.listable,
        visible: b.visible,
        short_visible: b.short_visible,
        publicly_updatable: b.publicly_updatable,
        published: b.published,
        char_limit: b.char_limit,
        properties: b.properties(before.properties),
        default_value: b.default_value.0,
    };
    Ok(Json(fields::update(&cx, id, patch).await?.into()))
}

/// Deletes a field; its values are kept for a month.
#[utoipa::path(delete, path = "/fields/{id}", tag = "fields", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<FieldId>) -> Answer<StatusCode> {
    fields::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted field back.
#[utoipa::path(post, path = "/fields/{id}/restore", tag = "fields", params(("id" = i64, Path)), responses((status = 200, body = FieldOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<FieldId>) -> Answer<Json<FieldOut>> {
    Ok(Json(fields::restore(&cx, id).await?.into()))
}
