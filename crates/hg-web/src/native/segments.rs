//! Segments: the list, one segment, its filter while somebody edits it.

use axum::Json;
use axum::http::StatusCode;
use hg_app::Cx;
use hg_app::categories::{self, CategoryRef};
use hg_app::segments::{self, NewSegment, PreviewQuery, Segment, SegmentPatch, UsedBy};
use hg_core::contacts::Choice;
use hg_core::ids::{CategoryId, ContactId, SegmentId};
use hg_core::segments::FilterField;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::native::categories::CategoryRefOut;
use crate::native::contacts::ContactOut;
use crate::native::maybe::{Maybe, instant};
use crate::native::segment_parts::ExplainTree;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(catalogue))
        .routes(routes!(preview))
        .routes(routes!(try_on))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
}

/// A named set of contacts.
#[derive(Debug, Serialize, ToSchema)]
pub struct SegmentOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    name: String,
    public_name: String,
    alias: String,
    description: Option<String>,
    published: bool,
    /// Everybody in the team sees it in lists; `is:mine` finds one's own.
    is_global: bool,
    /// Contacts see it in the preference centre.
    in_preferences: bool,
    category: Option<CategoryRefOut>,
    include_anonymous: bool,
    /// Null: only people added by hand.
    #[schema(value_type = Option<super::words::FilterGroup>)]
    filter: Option<Value>,
    count: i64,
    /// Its members are being gathered.
    building: bool,
    last_built_at: Option<String>,
    last_built_ms: Option<i64>,
    /// What in the filter can no longer be understood.
    broken: Option<String>,
    /// Then it is switched off when nothing uses it any more; its maker is reminded a week before.
    expires_at: Option<String>,
    used_by: Vec<UsedByOut>,
    /// Segments that its filter asks about; only for a single segment.
    depends_on: Vec<UsedByOut>,
}

/// Something that uses the segment.
#[derive(Debug, Serialize, ToSchema)]
pub struct UsedByOut {
    #[serde(rename = "type")]
    kind: &'static str,
    id: i64,
    name: String,
}

pub(super) fn uses(list: Vec<UsedBy>) -> Vec<UsedByOut> {
    list.into_iter().map(|u| UsedByOut { kind: u.kind, id: u.id, name: u.name }).collect()
}

fn present(s: Segment, used_by: Vec<UsedBy>, category: Option<&CategoryRef>, depends_on: Vec<UsedBy>) -> SegmentOut {
    SegmentOut {
        id: s.id.0,
        version: s.version,
        created_at: s.created_at.rfc3339(),
        updated_at: s.updated_at.rfc3339(),
        public_name: s.public_name.unwrap_or_else(|| s.name.clone()),
        name: s.name,
        alias: s.alias,
        description: s.description,
        published: s.published,
        is_global: s.is_global,
        in_preferences: s.in_preferences,
        category: category.map(CategoryRefOut::from),
        include_anonymous: s.include_anonymous,
        filter: s.filter,
        count: s.members,
        building: s.building,
        last_built_at: s.built_at.map(|t| t.rfc3339()),
        last_built_ms: s.build_ms,
        broken: s.broken,
        expires_at: s.expires_at.map(|t| t.rfc3339()),
        used_by: uses(used_by),
        depends_on: uses(depends_on),
    }
}

/// One segment with everything around it.
pub async fn whole(cx: &Cx, id: SegmentId) -> Answer<SegmentOut> {
    let (segment, used_by) = segments::get(cx, id).await?;
    let ws = cx.ws.clone();
    let asked = cx.db().read(move |tx| segments::asked_by(&ws, tx, id)).await?;
    let categories = categories::of_rows(cx, "segments", vec![id.0]).await?;
    Ok(present(segment, used_by, categories.get(&id.0), asked))
}

/// A segment to be made, or what of one changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct SegmentIn {
    version: Option<i64>,
    name: Option<String>,
    #[schema(value_type = Option<String>)]
    public_name: Maybe<String>,
    alias: Option<String>,
    #[schema(value_type = Option<String>)]
    description: Maybe<String>,
    published: Option<bool>,
    is_global: Option<bool>,
    in_preferences: Option<bool>,
    #[schema(value_type = Option<i64>)]
    category_id: Maybe<i64>,
    include_anonymous: Option<bool>,
    #[schema(value_type = Option<super::words::FilterGroup>)]
    filter: Maybe<Value>,
    /// An instant still to come, or null.
    #[schema(value_type = Option<String>)]
    expires_at: Maybe<String>,
}

/// Segments by name.
#[utoipa::path(get, path = "/segments", tag = "segments", params(ListParams), responses((status = 200, body = PageOut<SegmentOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<PageOut<SegmentOut>>> {
    let page = segments::list(&cx, q.into()).await?;
    let ids: Vec<SegmentId> = page.items.iter().map(|s| s.id).collect();
    let categories = categories::of_rows(&cx, "segments", ids.iter().map(|id| id.0).collect()).await?;
    let mut users = segments::users_of_many(&cx, ids).await?;
    Ok(PageOut::of(page, |s| {
        let used_by = users.remove(&s.id).unwrap_or_default();
        let category = categories.get(&s.id.0);
        present(s, used_by, category, Vec::new())
    }))
}

/// Makes a segment; its members are there within a moment.
#[utoipa::path(post, path = "/segments", tag = "segments", request_body = SegmentIn, responses((status = 201, body = SegmentOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<SegmentIn>) -> Answer<(StatusCode, Json<SegmentOut>)> {
    let new = NewSegment {
        name: b.name.unwrap_or_default(),
        public_name: b.public_name.0.flatten(),
        alias: b.alias,
        description: b.description.0.flatten(),
        published: b.published,
        is_global: b.is_global,
        in_preferences: b.in_preferences.unwrap_or(false),
        category_id: b.category_id.0.flatten().map(CategoryId),
        include_anonymous: b.include_anonymous.unwrap_or(false),
        filter: b.filter.0.flatten(),
        expires_at: instant("/expires_at", b.expires_at.0.flatten())?,
        ..NewSegment::default()
    };
    let segment = segments::create(&cx, new).await?;
    Ok((StatusCode::CREATED, Json(whole(&cx, segment.id).await?)))
}

/// One segment and what uses it.
#[utoipa::path(get, path = "/segments/{id}", tag = "segments", params(("id" = i64, Path)), responses((status = 200, body = SegmentOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<SegmentId>) -> Answer<Json<SegmentOut>> {
    Ok(Json(whole(&cx, id).await?))
}

/// Changes what is named; a new filter takes effect within a moment.
#[utoipa::path(patch, path = "/segments/{id}", tag = "segments", params(("id" = i64, Path)), request_body = SegmentIn, responses((status = 200, body = SegmentOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<SegmentId>, Body(b): Body<SegmentIn>) -> Answer<Json<SegmentOut>> {
    let patch = SegmentPatch {
        version: b.version,
        name: b.name,
        public_name: b.public_name.0,
        alias: b.alias,
        description: b.description.0,
        published: b.published,
        is_global: b.is_global,
        in_preferences: b.in_preferences,
        category_id: b.category_id.0.map(|c| c.map(CategoryId)),
        include_anonymous: b.include_anonymous,
        filter: b.filter.0,
        expires_at: b.expires_at.0.map(|t| instant("/expires_at", t)).transpose()?,
        ..SegmentPatch::default()
    };
    segments::update(&cx, id, patch).await?;
    Ok(Json(whole(&cx, id).await?))
}

/// Deletes a segment that nothing uses.
#[utoipa::path(delete, path = "/segments/{id}", tag = "segments", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<SegmentId>) -> Answer<StatusCode> {
    segments::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted segment back and builds it anew.
#[utoipa::path(post, path = "/segments/{id}/restore", tag = "segments", params(("id" = i64, Path)), responses((status = 200, body = SegmentOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<SegmentId>) -> Answer<Json<SegmentOut>> {
    segments::restore(&cx, id).await?;
    Ok(Json(whole(&cx, id).await?))
}

/// What conditions can be about, in groups.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CatalogueOut {
    pub groups: Vec<CatalogueGroup>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CatalogueGroup {
    pub key: &'static str,
    pub label: &'static str,
    pub fields: Vec<CatalogueField>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CatalogueField {
    field: String,
    label: String,
    #[serde(rename = "type")]
    kind: &'static str,
    operators: Vec<OperatorOut>,
    options: Vec<super::fields::OptionOut>,
    /// Where ids to choose from come from: `tags`, `segments`, `emails`, `forms`, `pages`, `campaigns`, `company_segments`, `users`.
    source: Option<&'static str>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OperatorOut {
    op: &'static str,
    label: &'static str,
    #[schema(value_type = super::words::ValueWord)]
    value: &'static str,
}

const GROUPS: [(&str, &str); 8] = [
    ("contact", "Contact"),
    ("company", "Any company of the contact"),
    ("primary_company", "Primary company of the contact"),
    ("membership", "Tags, segments and campaigns"),
    ("consent", "Consent and do not contact"),
    ("behaviour", "What they did"),
    ("email", "Email"),
    ("web", "Website and forms"),
];

pub(super) fn field_out(field: &FilterField) -> CatalogueField {
    let operator = |op: &hg_core::segments::Operator| OperatorOut {
        op: op.key(),
        label: if field.kind.is_date() { op.date_label() } else { op.label() },
        value: field.kind.value(*op).name(),
    };
    let option = |c: &Choice| super::fields::OptionOut { label: c.label.clone(), value: c.value.clone() };
    CatalogueField {
        field: field.field.clone(),
        label: field.label.clone(),
        kind: field.kind.type_name(),
        operators: field.kind.operators().iter().map(operator).collect(),
        options: field.options.iter().map(option).collect(),
        source: field.source,
    }
}

/// What conditions can be about, with the operators and kinds of values.
#[utoipa::path(get, path = "/segments/catalogue", tag = "segments", responses((status = 200, body = CatalogueOut)))]
async fn catalogue(Caller(cx): Caller) -> Answer<Json<CatalogueOut>> {
    let all = segments::catalogue(&cx).await?.fields;
    let group = |(key, label): (&'static str, &'static str)| CatalogueGroup {
        key,
        label,
        fields: all.iter().filter(|f| f.group == key).map(field_out).collect(),
    };
    Ok(Json(CatalogueOut { groups: GROUPS.into_iter().map(group).collect() }))
}

#[derive(Debug, Deserialize, ToSchema)]
struct SegmentPreviewIn {
    #[schema(value_type = super::words::FilterGroup)]
    filter: Value,
    #[serde(default)]
    include_anonymous: bool,
    /// The segment whose filter it is to become: how many would join and leave is counted too.
    segment_id: Option<i64>,
    /// Looks at everybody, however long it takes; otherwise counts are estimated when a quarter of a second is over.
    #[serde(default)]
    everybody: bool,
}

impl SegmentPreviewIn {
    fn query(self) -> PreviewQuery {
        let Self { filter, include_anonymous, segment_id, everybody } = self;
        PreviewQuery { filter, include_anonymous, segment: segment_id.map(SegmentId), everybody }
    }
}

/// Whom a filter selects now.
#[derive(Debug, Serialize, ToSchema)]
struct SegmentPreview {
    count: u64,
    /// Whether everybody was looked at; otherwise the counts are estimated.
    exact: bool,
    took_ms: i64,
    sample: Vec<ContactOut>,
    /// How many each condition selects by itself.
    conditions: Vec<ConditionCount>,
    /// How many remain after each part of the outermost group, in order.
    funnel: Vec<ConditionCount>,
    /// Everybody who could belong.
    everyone: u64,
    /// How many would join the segment that was named.
    would_join: Option<u64>,
    would_leave: Option<u64>,
    /// The filter in words.
    summary: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ConditionCount {
    /// JSON pointer into the filter.
    pointer: String,
    count: u64,
}

pub(super) fn counts(of: Vec<(String, u64)>) -> Vec<ConditionCount> {
    of.into_iter().map(|(pointer, count)| ConditionCount { pointer, count }).collect()
}

/// Counts whom a filter selects, without saving it.
#[utoipa::path(post, path = "/segments/preview", tag = "segments", request_body = SegmentPreviewIn, responses((status = 200, body = SegmentPreview)))]
async fn preview(Caller(cx): Caller, Body(b): Body<SegmentPreviewIn>) -> Answer<Json<SegmentPreview>> {
    let found = segments::preview(&cx, b.query()).await?;
    Ok(Json(SegmentPreview {
        count: found.count,
        exact: found.exact,
        took_ms: found.took_ms,
        sample: found.sample.into_iter().map(ContactOut::from).collect(),
        conditions: counts(found.conditions),
        funnel: counts(found.funnel),
        everyone: found.everyone,
        would_join: found.moves.map(|m| m.0),
        would_leave: found.moves.map(|m| m.1),
        summary: found.summary,
    }))
}

/// A filter and the contact to try it on.
#[derive(Debug, Deserialize, ToSchema)]
struct TryIn {
    #[serde(flatten)]
    preview: SegmentPreviewIn,
    contact_id: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct TryOut {
    member: bool,
    tree: ExplainTree,
}

/// Tries a filter on one contact, without saving it: whether she would belong, and what each condition found.
#[utoipa::path(post, path = "/segments/try", tag = "segments", request_body = TryIn, responses((status = 200, body = TryOut)))]
async fn try_on(Caller(cx): Caller, Body(b): Body<TryIn>) -> Answer<Json<TryOut>> {
    let (member, tree) = segments::try_on(&cx, b.preview.query(), ContactId(b.contact_id)).await?;
    Ok(Json(TryOut { member, tree: tree.into() }))
}
