//! Segments of companies: the list, one segment, its filter while somebody edits it, its companies.

use axum::Json;
use axum::http::StatusCode;
use hg_app::categories::{self, CategoryRef};
use hg_app::company_segments::{
    self, CompanyMembership, CompanyPreview, CompanySegment, CompanySegmentPatch, Hand, NewCompanySegment,
};
use hg_app::{Action, Area, Cx, jobs};
use hg_core::ids::{CategoryId, CompanyId, CompanySegmentId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::native::categories::CategoryRefOut;
use crate::native::companies::CompanyOut;
use crate::native::maybe::Maybe;
use crate::native::segments::{CatalogueGroup, CatalogueOut, ConditionCount, UsedByOut, counts, field_out, uses};
use crate::native::tasks::TaskOut;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(catalogue))
        .routes(routes!(preview))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
        .routes(routes!(clone))
        .routes(routes!(rebuild))
        .routes(routes!(members, change_members))
        .routes(routes!(of_company))
}

/// A named set of companies.
#[derive(Debug, Serialize, ToSchema)]
struct CompanySegmentOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    name: String,
    public_name: String,
    alias: String,
    description: Option<String>,
    published: bool,
    category: Option<CategoryRefOut>,
    /// Null: only companies put in by hand.
    #[schema(value_type = Option<super::words::FilterGroup>)]
    filter: Option<Value>,
    count: i64,
    /// Its companies are being gathered.
    building: bool,
    last_built_at: Option<String>,
    last_built_ms: Option<i64>,
    /// What in the filter can no longer be understood.
    broken: Option<String>,
    /// Segments of contacts that ask about it.
    used_by: Vec<UsedByOut>,
}

impl CompanySegmentOut {
    fn of(s: CompanySegment, category: Option<&CategoryRef>) -> Self {
        Self {
            category: category.map(CategoryRefOut::from),
            id: s.id.0,
            version: s.version,
            created_at: s.created_at.rfc3339(),
            updated_at: s.updated_at.rfc3339(),
            public_name: s.public_name.unwrap_or_else(|| s.name.clone()),
            name: s.name,
            alias: s.alias,
            description: s.description,
            published: s.published,
            filter: s.filter,
            count: s.members,
            building: s.building,
            last_built_at: s.built_at.map(|t| t.rfc3339()),
            last_built_ms: s.build_ms,
            broken: s.broken,
            used_by: uses(s.used_by),
        }
    }
}

/// A segment with its category.
async fn shown(cx: &Cx, segment: CompanySegment) -> Answer<Json<CompanySegmentOut>> {
    let categories = categories::of_rows(cx, "company_segments", vec![segment.id.0]).await?;
    let category = categories.get(&segment.id.0);
    Ok(Json(CompanySegmentOut::of(segment, category)))
}

/// A company segment to be made, or what of one changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct CompanySegmentIn {
    version: Option<i64>,
    name: Option<String>,
    #[schema(value_type = Option<String>)]
    public_name: Maybe<String>,
    alias: Option<String>,
    #[schema(value_type = Option<String>)]
    description: Maybe<String>,
    published: Option<bool>,
    #[schema(value_type = Option<i64>)]
    category_id: Maybe<i64>,
    #[schema(value_type = Option<super::words::FilterGroup>)]
    filter: Maybe<Value>,
}

/// Company segments by name.
#[utoipa::path(get, path = "/company-segments", tag = "companies", params(ListParams), responses((status = 200, body = PageOut<CompanySegmentOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<PageOut<CompanySegmentOut>>> {
    let page = company_segments::list(&cx, q.into()).await?;
    let ids = page.items.iter().map(|s| s.id.0).collect();
    let categories = categories::of_rows(&cx, "company_segments", ids).await?;
    Ok(PageOut::of(page, |s| {
        let category = categories.get(&s.id.0);
        CompanySegmentOut::of(s, category)
    }))
}

/// Makes a company segment; its companies are there within a moment.
#[utoipa::path(post, path = "/company-segments", tag = "companies", request_body = CompanySegmentIn, responses((status = 201, body = CompanySegmentOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<CompanySegmentIn>) -> Answer<(StatusCode, Json<CompanySegmentOut>)> {
    let new = NewCompanySegment {
        name: b.name.unwrap_or_default(),
        public_name: b.public_name.0.flatten(),
        alias: b.alias,
        description: b.description.0.flatten(),
        published: b.published,
        category_id: b.category_id.0.flatten().map(CategoryId),
        filter: b.filter.0.flatten(),
    };
    let made = company_segments::create(&cx, new).await?;
    Ok((StatusCode::CREATED, shown(&cx, made).await?))
}

/// One company segment and what uses it.
#[utoipa::path(get, path = "/company-segments/{id}", tag = "companies", params(("id" = i64, Path)), responses((status = 200, body = CompanySegmentOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<CompanySegmentId>) -> Answer<Json<CompanySegmentOut>> {
    let segment = company_segments::get(&cx, id).await?;
    shown(&cx, segment).await
}

/// Changes what is named; a new filter takes effect within a moment.
#[utoipa::path(patch, path = "/company-segments/{id}", tag = "companies", params(("id" = i64, Path)), request_body = CompanySegmentIn, responses((status = 200, body = CompanySegmentOut)))]
async fn update(
    Caller(cx): Caller,
    Path(id): Path<CompanySegmentId>,
    Body(b): Body<CompanySegmentIn>,
) -> Answer<Json<CompanySegmentOut>> {
    let patch = CompanySegmentPatch {
        version: b.version,
        name: b.name,
        public_name: b.public_name.0,
        alias: b.alias,
        description: b.description.0,
        published: b.published,
        category_id: b.category_id.0.map(|c| c.map(CategoryId)),
        filter: b.filter.0,
    };
    let segment = company_segments::update(&cx, id, patch).await?;
    shown(&cx, segment).await
}

/// Deletes a company segment that nothing uses.
#[utoipa::path(delete, path = "/company-segments/{id}", tag = "companies", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<CompanySegmentId>) -> Answer<StatusCode> {
    company_segments::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted company segment back and builds it anew.
#[utoipa::path(post, path = "/company-segments/{id}/restore", tag = "companies", params(("id" = i64, Path)), responses((status = 200, body = CompanySegmentOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<CompanySegmentId>) -> Answer<Json<CompanySegmentOut>> {
    let segment = company_segments::restore(&cx, id).await?;
    shown(&cx, segment).await
}

/// Copies the conditions of a company segment; the copy is not published.
#[utoipa::path(post, path = "/company-segments/{id}/clone", tag = "companies", params(("id" = i64, Path)), responses((status = 201, body = CompanySegmentOut)))]
async fn clone(Caller(cx): Caller, Path(id): Path<CompanySegmentId>) -> Answer<(StatusCode, Json<CompanySegmentOut>)> {
    let made = company_segments::duplicate(&cx, id).await?;
    Ok((StatusCode::CREATED, shown(&cx, made).await?))
}

/// Gathers the companies of a segment anew.
#[utoipa::path(post, path = "/company-segments/{id}/rebuild", tag = "companies", params(("id" = i64, Path)), responses((status = 202, body = Option<TaskOut>)))]
async fn rebuild(Caller(cx): Caller, Path(id): Path<CompanySegmentId>) -> Answer<(StatusCode, Json<Option<TaskOut>>)> {
    let task = match company_segments::rebuild(&cx, id).await? {
        Some(job) => Some(TaskOut::from(jobs::get(&cx, job).await?)),
        None => None,
    };
    Ok((StatusCode::ACCEPTED, Json(task)))
}

/// What conditions on companies can be about, with the operators and kinds of values.
#[utoipa::path(get, path = "/company-segments/catalogue", tag = "companies", responses((status = 200, body = CatalogueOut)))]
async fn catalogue(Caller(cx): Caller) -> Answer<Json<CatalogueOut>> {
    let fields = company_segments::catalogue(&cx).await?.iter().map(field_out).collect();
    Ok(Json(CatalogueOut { groups: vec![CatalogueGroup { key: "company", label: "Company", fields }] }))
}

#[derive(Debug, Deserialize, ToSchema)]
struct CompanyPreviewIn {
    #[schema(value_type = super::words::FilterGroup)]
    filter: Value,
    /// Looks at all companies, however long it takes; otherwise counts are estimated when a quarter of a second is over.
    #[serde(default)]
    everybody: bool,
}

/// Which companies a filter selects now.
#[derive(Debug, Serialize, ToSchema)]
struct CompanyPreviewOut {
    count: u64,
    /// Whether all companies were looked at; otherwise the counts are estimated.
    exact: bool,
    took_ms: i64,
    sample: Vec<CompanyOut>,
    /// How many each condition selects by itself.
    conditions: Vec<ConditionCount>,
    /// All companies.
    everyone: u64,
    /// The filter in words.
    summary: String,
}

impl From<CompanyPreview> for CompanyPreviewOut {
    fn from(p: CompanyPreview) -> Self {
        Self {
            count: p.count,
            exact: p.exact,
            took_ms: p.took_ms,
            sample: p.sample.into_iter().map(CompanyOut::from).collect(),
            conditions: counts(p.conditions),
            everyone: p.everyone,
            summary: p.summary,
        }
    }
}

/// Counts which companies a filter selects, without saving it.
#[utoipa::path(post, path = "/company-segments/preview", tag = "companies", request_body = CompanyPreviewIn, responses((status = 200, body = CompanyPreviewOut)))]
async fn preview(Caller(cx): Caller, Body(b): Body<CompanyPreviewIn>) -> Answer<Json<CompanyPreviewOut>> {
    Ok(Json(company_segments::preview(&cx, b.filter, b.everybody).await?.into()))
}

/// A company of a segment.
#[derive(Debug, Serialize, ToSchema)]
struct SegmentCompanyOut {
    #[serde(flatten)]
    company: CompanyOut,
    /// Put in by hand; otherwise by the filter.
    by_hand: bool,
}

/// The companies of a segment.
#[utoipa::path(get, path = "/company-segments/{id}/companies", tag = "companies", params(("id" = i64, Path), ListParams), responses((status = 200, body = PageOut<SegmentCompanyOut>)))]
async fn members(
    Caller(cx): Caller,
    Path(id): Path<CompanySegmentId>,
    Query(q): Query<ListParams>,
) -> Answer<Json<PageOut<SegmentCompanyOut>>> {
    let (page, by_hand) = company_segments::companies_of(&cx, id, q.into()).await?;
    Ok(PageOut::of(page, |c| SegmentCompanyOut { by_hand: by_hand.contains(&c.id), company: c.into() }))
}

/// Companies to put in, to take out, and to leave to the filter again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct CompanyHandsIn {
    add: Vec<i64>,
    remove: Vec<i64>,
    forget: Vec<i64>,
}

#[derive(Debug, Serialize, ToSchema)]
struct CompanyHandsOut {
    /// How many companies joined or left.
    moved: usize,
}

/// Puts companies in and takes them out by hand, whatever the filter says, or lets it decide again.
#[utoipa::path(post, path = "/company-segments/{id}/companies", tag = "companies", params(("id" = i64, Path)), request_body = CompanyHandsIn, responses((status = 200, body = CompanyHandsOut)))]
async fn change_members(
    Caller(cx): Caller,
    Path(id): Path<CompanySegmentId>,
    Body(b): Body<CompanyHandsIn>,
) -> Answer<Json<CompanyHandsOut>> {
    cx.may(Action::Edit(Area::Segments))?;
    let mut moved = 0;
    for (ids, hand) in [(b.add, Hand::In), (b.remove, Hand::Out), (b.forget, Hand::Away)] {
        if !ids.is_empty() {
            moved += company_segments::change_by_hand(&cx, id, ids.into_iter().map(CompanyId).collect(), hand).await?;
        }
    }
    Ok(Json(CompanyHandsOut { moved }))
}

/// A segment that a company belongs to.
#[derive(Debug, Serialize, ToSchema)]
struct CompanyMembershipOut {
    id: i64,
    name: String,
    alias: String,
    by_hand: bool,
    since: String,
}

impl From<CompanyMembership> for CompanyMembershipOut {
    fn from(m: CompanyMembership) -> Self {
        Self { id: m.segment.0, name: m.name, alias: m.alias, by_hand: m.by_hand, since: m.since.rfc3339() }
    }
}

/// The segments that a company belongs to, by name.
#[utoipa::path(get, path = "/companies/{id}/segments", tag = "companies", params(("id" = i64, Path)), responses((status = 200, body = Vec<CompanyMembershipOut>)))]
async fn of_company(Caller(cx): Caller, Path(id): Path<CompanyId>) -> Answer<Json<Vec<CompanyMembershipOut>>> {
    Ok(Json(company_segments::segments_of(&cx, id).await?.into_iter().map(CompanyMembershipOut::from).collect()))
}
