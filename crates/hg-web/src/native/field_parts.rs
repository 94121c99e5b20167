//! What somebody should know who renames, converts or deletes a field, and converting it.

use axum::Json;
use axum::http::StatusCode;
use hg_app::fields::{self, NewType};
use hg_core::contacts::{Choice, FieldProperties};
use hg_core::ids::FieldId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::fields::{Labels, OptionOut};
use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, Path};
use crate::problem::Answer;

pub(super) fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(uses)).routes(routes!(preview)).routes(routes!(convert))
}

/// Something that uses a field.
#[derive(Debug, Serialize, ToSchema)]
struct FieldUseOut {
    #[schema(value_type = super::words::FieldUserWord)]
    kind: &'static str,
    id: i64,
    name: String,
}

/// Where a field is used.
#[derive(Debug, Serialize, ToSchema)]
struct FieldUsesOut {
    uses: Vec<FieldUseOut>,
    /// How many contacts or companies have a value.
    values: u64,
    /// False: `values` is an estimate.
    exact: bool,
}

/// Where a field is used, and how many have a value in it.
#[utoipa::path(get, path = "/fields/{id}/uses", tag = "fields", params(("id" = i64, Path)), responses((status = 200, body = FieldUsesOut)))]
async fn uses(Caller(cx): Caller, Path(id): Path<FieldId>) -> Answer<Json<FieldUsesOut>> {
    let found = fields::uses(&cx, id).await?;
    let uses = found.uses.into_iter().map(|u| FieldUseOut { kind: u.kind, id: u.id, name: u.name }).collect();
    Ok(Json(FieldUsesOut { uses, values: found.values, exact: found.exact }))
}

/// What a field is to become.
#[derive(Debug, Deserialize, ToSchema)]
struct ConversionIn {
    #[serde(rename = "type")]
    #[schema(value_type = super::words::FieldTypeWord)]
    kind: String,
    /// For types with a list of choices.
    #[serde(default)]
    options: Vec<OptionOut>,
    labels: Option<Labels>,
}

impl From<ConversionIn> for NewType {
    fn from(b: ConversionIn) -> Self {
        let label = |o: &OptionOut| if o.label.trim().is_empty() { o.value.clone() } else { o.label.clone() };
        let (yes, no) = b.labels.map(|l| (l.yes, l.no)).unzip();
        let properties = FieldProperties {
            options: b.options.iter().map(|o| Choice { label: label(o), value: o.value.clone() }).collect(),
            yes,
            no,
            ..FieldProperties::default()
        };
        Self { kind: b.kind, properties }
    }
}

/// A value that does not fit, and why.
#[derive(Debug, Serialize, ToSchema)]
struct UnfitOut {
    value: String,
    reason: String,
}

/// A value and how often it was met.
#[derive(Debug, Serialize, ToSchema)]
struct MetOut {
    value: String,
    times: u64,
}

/// What a conversion would do.
#[derive(Debug, Serialize, ToSchema)]
struct ConversionPreviewOut {
    /// Values looked at.
    values: u64,
    /// Whether these are all.
    all: bool,
    /// How many fit; the others would be empty.
    fit: u64,
    /// Some of those that do not fit.
    unfit: Vec<UnfitOut>,
    /// The values met most often: choices can be made of them.
    met: Vec<MetOut>,
}

#[derive(Debug, Serialize, ToSchema)]
struct ConversionOut {
    /// The task that does it.
    task_id: i64,
}

/// Which values of a field would fit another type; nothing changes.
#[utoipa::path(post, path = "/fields/{id}/conversion/preview", tag = "fields", params(("id" = i64, Path)), request_body = ConversionIn, responses((status = 200, body = ConversionPreviewOut)))]
async fn preview(Caller(cx): Caller, Path(id): Path<FieldId>, Body(b): Body<ConversionIn>) -> Answer<Json<ConversionPreviewOut>> {
    let seen = fields::preview_conversion(&cx, id, b.into()).await?;
    Ok(Json(ConversionPreviewOut {
        values: seen.values,
        all: seen.all,
        fit: seen.fit,
        unfit: seen.unfit.into_iter().map(|(value, reason)| UnfitOut { value, reason }).collect(),
        met: seen.met.into_iter().map(|(value, times)| MetOut { value, times }).collect(),
    }))
}

/// Gives a field another type, in the background; values that do not fit are empty afterwards.
#[utoipa::path(post, path = "/fields/{id}/conversion", tag = "fields", params(("id" = i64, Path)), request_body = ConversionIn, responses((status = 202, body = ConversionOut)))]
async fn convert(
    Caller(cx): Caller,
    Path(id): Path<FieldId>,
    Body(b): Body<ConversionIn>,
) -> Answer<(StatusCode, Json<ConversionOut>)> {
    let task = fields::convert_field(&cx, id, b.into()).await?;
    Ok((StatusCode::ACCEPTED, Json(ConversionOut { task_id: task.0 })))
}
