//! Forms and their answers.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use hg_app::emails::site_url;
use hg_app::forms::{self, FormKind, FormPatch, FormRecord, NewForm};
use hg_app::{Cx, Error};
use hg_core::forms::{ChoiceOption, FieldKind, FormAction, FormField, PostAction, embed_code};
use hg_core::ids::FormId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::emails::RecipientRef;
use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
        .routes(routes!(submissions))
        .routes(routes!(submissions_csv))
}

/// A choice of a select.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ChoiceBody {
    label: String,
    value: String,
}

/// A field of a form.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct FormFieldBody {
    /// 0: a new field.
    id: i64,
    /// Empty: made from the label.
    alias: String,
    label: String,
    #[serde(rename = "type")]
    #[schema(value_type = super::words::FormFieldWord)]
    kind: String,
    required: bool,
    placeholder: String,
    help: String,
    default_value: String,
    options: Vec<ChoiceBody>,
    validation_message: String,
    /// The contact field that the answer goes to.
    mapped_field: Option<String>,
    /// What a consent is for.
    purpose: String,
    consent_text: String,
}

impl From<FormField> for FormFieldBody {
    fn from(f: FormField) -> Self {
        Self {
            id: f.id,
            alias: f.alias,
            label: f.label,
            kind: f.kind.as_str().to_owned(),
            required: f.required,
            placeholder: f.placeholder,
            help: f.help,
            default_value: f.default_value,
            options: f.options.into_iter().map(|o| ChoiceBody { label: o.label, value: o.value }).collect(),
            validation_message: f.validation_message,
            mapped_field: f.mapped_field,
            purpose: f.purpose,
            consent_text: f.consent_text,
        }
    }
}

impl FormFieldBody {
    fn read(self, at: usize) -> Result<FormField, Error> {
        let Some(kind) = FieldKind::of(&self.kind) else {
            let detail = format!("“{}” is no type of field; choose text, email, textarea, select, hidden or consent.", self.kind);
            return Err(Error::field(format!("/fields/{at}/type"), "type", detail));
        };
        Ok(FormField {
            id: self.id,
            alias: self.alias,
            label: self.label,
            kind,
            required: self.required,
            placeholder: self.placeholder,
            help: self.help,
            default_value: self.default_value,
            options: self.options.into_iter().map(|o| ChoiceOption { label: o.label, value: o.value }).collect(),
            validation_message: self.validation_message,
            mapped_field: self.mapped_field.filter(|m| !m.is_empty()),
            purpose: self.purpose,
            consent_text: self.consent_text,
            show_label: true,
        })
    }
}

/// What happens when the form was sent in.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct FormActionBody {
    #[schema(value_type = super::words::FormActionWord, required = true)]
    kind: String,
    /// Tags that come, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    /// Tags that go, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remove_tags: Vec<String>,
    /// `plus`, `minus`, `times` or `divide`.
    #[serde(skip_serializing_if = "Option::is_none")]
    operator: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    points: Option<i64>,
    /// The point group; absent: the main score.
    #[serde(skip_serializing_if = "Option::is_none")]
    group_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_id: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment_id: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    segments: Vec<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remove_segments: Vec<i64>,
}

impl From<FormAction> for FormActionBody {
    fn from(action: FormAction) -> Self {
        match action {
            FormAction::AddTags { tags, remove } => {
                Self { kind: "add_tags".into(), tags, remove_tags: remove, ..Self::default() }
            }
            FormAction::ChangePoints { operator, points, group } => Self {
                kind: "change_points".into(),
                operator: Some(operator),
                points: Some(points),
                group_id: group,
                ..Self::default()
            },
            FormAction::ChangeCompanyScore { score } => {
                Self { kind: "change_company_score".into(), points: Some(score), ..Self::default() }
            }
            FormAction::ChangeStage { stage } => Self { kind: "change_stage".into(), stage_id: Some(stage), ..Self::default() },
            FormAction::AddToSegment { add, remove } => {
                Self { kind: "add_to_segment".into(), segments: add, remove_segments: remove, ..Self::default() }
            }
            FormAction::RecordUtm => Self { kind: "record_utm".into(), ..Self::default() },
            FormAction::AllowContact => Self { kind: "allow_contact".into(), ..Self::default() },
        }
    }
}

impl FormActionBody {
    fn read(self, at: usize) -> Result<FormAction, Error> {
        Ok(match self.kind.as_str() {
            "add_tags" => FormAction::AddTags { tags: self.tags, remove: self.remove_tags },
            "change_points" => FormAction::ChangePoints {
                operator: self.operator.unwrap_or_else(|| "plus".into()),
                points: self.points.unwrap_or(0),
                group: self.group_id.filter(|id| *id > 0),
            },
            "change_company_score" => FormAction::ChangeCompanyScore { score: self.points.unwrap_or(0) },
            "change_stage" => FormAction::ChangeStage {
                stage: self
                    .stage_id
                    .filter(|id| *id > 0)
                    .ok_or_else(|| Error::field(format!("/actions/{at}/stage_id"), "required", "Choose the stage to move to."))?,
            },
            "add_to_segment" => FormAction::AddToSegment {
                add: self.segments.into_iter().chain(self.segment_id).collect(),
                remove: self.remove_segments,
            },
            "record_utm" => FormAction::RecordUtm,
            "allow_contact" => FormAction::AllowContact,
            other => {
                let detail = format!(
                    "“{other}” is no action; choose add_tags, change_points, change_company_score, change_stage, add_to_segment, record_utm or \
                     allow_contact."
                );
                return Err(Error::field(format!("/actions/{at}/kind"), "kind", detail));
            }
        })
    }
}

/// What people see afterwards.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PostActionBody {
    #[schema(value_type = super::words::PostActionWord, required = true)]
    kind: String,
    #[schema(required = true)]
    value: String,
}

impl From<PostAction> for PostActionBody {
    fn from(action: PostAction) -> Self {
        let (kind, value) = match action {
            PostAction::Message(text) => ("message", text),
            PostAction::Redirect(url) => ("redirect", url),
            PostAction::Return => ("return", String::new()),
        };
        Self { kind: kind.into(), value }
    }
}

impl PostActionBody {
    fn read(self) -> Result<PostAction, Error> {
        match self.kind.as_str() {
            "message" => Ok(PostAction::Message(self.value)),
            "redirect" => Ok(PostAction::Redirect(self.value)),
            "" | "return" => Ok(PostAction::Return),
            _ => Err(Error::field("/post_action/kind", "kind", "Choose message, redirect or return.")),
        }
    }
}

/// Ways to put the form on a page.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmbedOut {
    script: String,
    html: String,
    iframe: String,
}

/// A form.
#[derive(Debug, Serialize, ToSchema)]
pub struct FormOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    name: String,
    alias: String,
    description: String,
    #[schema(value_type = super::words::FormWord)]
    kind: String,
    published: bool,
    fields: Vec<FormFieldBody>,
    actions: Vec<FormActionBody>,
    post_action: PostActionBody,
    submissions: i64,
    embed: EmbedOut,
}

fn out(cx: &Cx, f: FormRecord) -> FormOut {
    let (script, iframe, html) = embed_code(&f.form(), &site_url(&cx.ws));
    FormOut {
        id: f.id.0,
        version: f.version,
        created_at: f.created_at.rfc3339(),
        updated_at: f.updated_at.rfc3339(),
        name: f.name,
        alias: f.alias,
        description: f.description,
        kind: f.kind.key().to_owned(),
        published: f.published,
        fields: f.fields.into_iter().map(FormFieldBody::from).collect(),
        actions: f.actions.into_iter().map(FormActionBody::from).collect(),
        post_action: f.post_action.into(),
        submissions: f.submissions,
        embed: EmbedOut { script, html, iframe },
    }
}

/// What is sent to make or change a form; absent keys stay as they are.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
pub struct FormIn {
    version: Option<i64>,
    name: Option<String>,
    alias: Option<String>,
    description: Option<String>,
    #[schema(value_type = Option<super::words::FormWord>)]
    kind: Option<String>,
    published: Option<bool>,
    fields: Option<Vec<FormFieldBody>>,
    actions: Option<Vec<FormActionBody>>,
    post_action: Option<PostActionBody>,
}

impl FormIn {
    fn patch(self) -> Result<FormPatch, Error> {
        let wrong_kind = || Error::field("/kind", "kind", "Choose standalone or campaign.");
        let fields = self.fields.map(|list| list.into_iter().enumerate().map(|(at, f)| f.read(at)).collect::<Result<_, _>>());
        let actions = self.actions.map(|list| list.into_iter().enumerate().map(|(at, a)| a.read(at)).collect::<Result<_, _>>());
        Ok(FormPatch {
            version: self.version,
            name: self.name,
            alias: self.alias,
            description: self.description,
            kind: self.kind.as_deref().map(|k| FormKind::from_key(k).ok_or_else(wrong_kind)).transpose()?,
            published: self.published,
            fields: fields.transpose()?,
            actions: actions.transpose()?,
            post_action: self.post_action.map(PostActionBody::read).transpose()?,
            extra: None,
        })
    }
}

/// Forms, newest first.
#[utoipa::path(get, path = "/forms", tag = "forms", params(ListParams), responses((status = 200, body = PageOut<FormOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<PageOut<FormOut>>> {
    let page = forms::list(&cx, q.into()).await?;
    Ok(PageOut::of(page, |f| out(&cx, f)))
}

/// Makes a form.
#[utoipa::path(post, path = "/forms", tag = "forms", request_body = FormIn, responses((status = 201, body = FormOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<FormIn>) -> Answer<(StatusCode, Json<FormOut>)> {
    let patch = b.patch()?;
    let new = NewForm {
        name: patch.name.unwrap_or_default(),
        alias: patch.alias.unwrap_or_default(),
        description: patch.description.unwrap_or_default(),
        kind: patch.kind.unwrap_or(FormKind::Standalone),
        published: patch.published.unwrap_or(true),
        fields: patch.fields.unwrap_or_default(),
        actions: patch.actions.unwrap_or_default(),
        post_action: patch.post_action.unwrap_or(PostAction::Message("Thank you!".into())),
        ..NewForm::default()
    };
    let form = forms::create(&cx, new).await?;
    Ok((StatusCode::CREATED, Json(out(&cx, form))))
}

/// One form.
#[utoipa::path(get, path = "/forms/{id}", tag = "forms", params(("id" = i64, Path)), responses((status = 200, body = FormOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<FormId>) -> Answer<Json<FormOut>> {
    let form = forms::get(&cx, id).await?;
    Ok(Json(out(&cx, form)))
}

/// Changes a form; only named keys change.
#[utoipa::path(patch, path = "/forms/{id}", tag = "forms", params(("id" = i64, Path)), request_body = FormIn, responses((status = 200, body = FormOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<FormId>, Body(b): Body<FormIn>) -> Answer<Json<FormOut>> {
    let form = forms::update(&cx, id, b.patch()?).await?;
    Ok(Json(out(&cx, form)))
}

/// Deletes a form; it can be restored.
#[utoipa::path(delete, path = "/forms/{id}", tag = "forms", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<FormId>) -> Answer<StatusCode> {
    forms::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted form back.
#[utoipa::path(post, path = "/forms/{id}/restore", tag = "forms", params(("id" = i64, Path)), responses((status = 200, body = FormOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<FormId>) -> Answer<Json<FormOut>> {
    let form = forms::restore(&cx, id).await?;
    Ok(Json(out(&cx, form)))
}

/// Where an answer came from.
#[derive(Debug, Serialize, ToSchema)]
pub struct AnswerUtm {
    source: Option<String>,
    medium: Option<String>,
    campaign: Option<String>,
}

/// One answer.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubmissionOut {
    id: i64,
    submitted_at: String,
    contact: Option<RecipientRef>,
    /// Alias → text.
    #[schema(value_type = std::collections::BTreeMap<String, String>)]
    values: serde_json::Value,
    page_id: Option<i64>,
    referrer: Option<String>,
    utm: AnswerUtm,
    /// False while somebody only claims to be that contact; tags and points wait.
    verified: bool,
    /// The network address it came from, shortened when the settings say so.
    address: Option<String>,
}

/// The answers to a form, newest first.
#[utoipa::path(get, path = "/forms/{id}/submissions", tag = "forms", params(("id" = i64, Path), ListParams), responses((status = 200, body = PageOut<SubmissionOut>)))]
async fn submissions(
    Caller(cx): Caller,
    Path(id): Path<FormId>,
    Query(q): Query<ListParams>,
) -> Answer<Json<PageOut<SubmissionOut>>> {
    let page = forms::answers(&cx, id, None, q.into()).await?;
    Ok(PageOut::of(page, |a| SubmissionOut {
        id: a.id,
        submitted_at: a.submitted_at.rfc3339(),
        contact: a.contact.map(|(id, name, email)| RecipientRef { id: id.0, name, email }),
        values: a.values,
        page_id: a.page.map(|p| p.0),
        referrer: a.referrer,
        utm: AnswerUtm { source: a.utm_source, medium: a.utm_medium, campaign: a.utm_campaign },
        verified: a.verified,
        address: a.address,
    }))
}

/// The answers as CSV.
#[utoipa::path(get, path = "/forms/{id}/submissions.csv", tag = "forms", params(("id" = i64, Path)), responses((status = 200, body = String, content_type = "text/csv")))]
async fn submissions_csv(Caller(cx): Caller, Path(id): Path<FormId>) -> Answer<impl IntoResponse> {
    let csv = forms::answers_csv(&cx, id).await?;
    let name = format!("attachment; filename=\"form-{id}.csv\"");
    Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)], csv))
}
