//! Companies: the list, one company, its contacts, what happened to it.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use hg_app::companies::{self, Company, CompanyInput, CompanyMember, CompanyMoment};
use hg_app::contacts::PointsOperator;
use hg_app::{Action, Area, Cx, Error};
use hg_core::ids::{CompanyId, ContactId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::native::contacts::CompanyRef;
use crate::native::maybe::Maybe;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(bulk))
        .routes(routes!(export))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
        .routes(routes!(merge))
        .routes(routes!(score))
        .routes(routes!(log))
        .routes(routes!(members))
        .routes(routes!(add_member, remove_member))
        .routes(routes!(of_contact, set_of_contact))
        .routes(routes!(make_primary))
}

/// A company.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CompanyOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    name: String,
    score: i64,
    published: bool,
    owner_id: Option<i64>,
    /// How many contacts belong to it; 1,000 stands for 1,000 and more.
    contacts: i64,
    tags: Vec<super::contacts::TagRef>,
    /// Every field by its alias; null without a value.
    #[schema(value_type = BTreeMap<String, super::words::FieldValue>)]
    fields: BTreeMap<String, Value>,
}

impl From<Company> for CompanyOut {
    fn from(c: Company) -> Self {
        Self {
            id: c.id.0,
            version: c.version,
            created_at: c.created_at.rfc3339(),
            updated_at: c.updated_at.rfc3339(),
            name: c.name(),
            score: c.score,
            published: c.published,
            owner_id: c.owner_id.map(|o| o.0),
            contacts: c.contacts,
            tags: c.tags.iter().map(|(id, name)| super::contacts::TagRef { id: id.0, name: name.clone() }).collect(),
            fields: c.values.iter().map(|(alias, value)| (alias.clone(), value.to_json())).collect(),
        }
    }
}

/// A company to be made, or what of one changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct CompanyIn {
    /// Refused with 409 when the company is no longer at this version.
    version: Option<i64>,
    /// Values by the alias of their field; null clears.
    #[schema(value_type = BTreeMap<String, super::words::FieldValue>)]
    fields: BTreeMap<String, Value>,
    #[schema(value_type = Option<i64>)]
    owner_id: Maybe<i64>,
    score: Option<i64>,
    published: Option<bool>,
    /// Tags by name; `-name` takes one away.
    tags: Vec<String>,
}

impl From<CompanyIn> for CompanyInput {
    fn from(b: CompanyIn) -> Self {
        CompanyInput {
            version: b.version,
            fields: b.fields,
            owner_id: b.owner_id.0.map(|id| id.map(UserId)),
            score: b.score,
            published: b.published,
            tags: b.tags,
        }
    }
}

/// Companies. The search takes words, `ids:1,2`, `is:mine`, `is:published`, `tag:vip`, `tag:none` and the alias of any field (`companycity:rome`).
#[utoipa::path(get, path = "/companies", tag = "companies", params(ListParams), responses((status = 200, body = PageOut<CompanyOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<PageOut<CompanyOut>>> {
    Ok(PageOut::of(companies::list(&cx, q.into()).await?, CompanyOut::from))
}

/// Makes a company. A name that another company has is refused with 409.
#[utoipa::path(post, path = "/companies", tag = "companies", request_body = CompanyIn, responses((status = 201, body = CompanyOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<CompanyIn>) -> Answer<(StatusCode, Json<CompanyOut>)> {
    let (company, _) = companies::create(&cx, b.into(), false).await?;
    Ok((StatusCode::CREATED, Json(company.into())))
}

/// One company; an id that was merged away leads to the survivor.
#[utoipa::path(get, path = "/companies/{id}", tag = "companies", params(("id" = i64, Path)), responses((status = 200, body = CompanyOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<CompanyId>) -> Answer<Json<CompanyOut>> {
    Ok(Json(companies::get(&cx, id).await?.into()))
}

/// Changes what is named; contacts whose primary company it is show its new name.
#[utoipa::path(patch, path = "/companies/{id}", tag = "companies", params(("id" = i64, Path)), request_body = CompanyIn, responses((status = 200, body = CompanyOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<CompanyId>, Body(b): Body<CompanyIn>) -> Answer<Json<CompanyOut>> {
    Ok(Json(companies::update(&cx, id, b.into(), true).await?.into()))
}

/// Deletes a company; its contacts stay.
#[utoipa::path(delete, path = "/companies/{id}", tag = "companies", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<CompanyId>) -> Answer<StatusCode> {
    companies::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted company back, with its contacts.
#[utoipa::path(post, path = "/companies/{id}/restore", tag = "companies", params(("id" = i64, Path)), responses((status = 200, body = CompanyOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<CompanyId>) -> Answer<Json<CompanyOut>> {
    Ok(Json(companies::restore(&cx, id).await?.into()))
}

/// Which companies, and what happens to them.
#[derive(Debug, Deserialize, ToSchema)]
struct CompaniesIn {
    ids: Vec<i64>,
    /// `delete` or `restore`.
    action: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct CompaniesOut {
    affected: usize,
}

/// Deletes up to 200 companies, or brings them back.
#[utoipa::path(post, path = "/companies/bulk", tag = "companies", request_body = CompaniesIn, responses((status = 200, body = CompaniesOut)))]
async fn bulk(Caller(cx): Caller, Body(b): Body<CompaniesIn>) -> Answer<Json<CompaniesOut>> {
    cx.may(Action::Edit(Area::Contacts))?;
    let ids: Vec<CompanyId> = b.ids.into_iter().map(CompanyId).collect();
    let affected = match b.action.as_str() {
        "delete" => companies::delete_many(&cx, ids).await?,
        "restore" => {
            let mut affected = 0;
            for id in ids {
                companies::restore(&cx, id).await?;
                affected += 1;
            }
            affected
        }
        _ => return Err(Error::field("/action", "company.action", "Say what to do: delete or restore.").into()),
    };
    Ok(Json(CompaniesOut { affected }))
}

#[derive(Debug, Deserialize, ToSchema)]
struct CompanyMergeIn {
    /// The company that stays.
    into: i64,
}

/// Merges this company into another, which keeps its own values, and gives that one back.
#[utoipa::path(post, path = "/companies/{id}/merge", tag = "companies", params(("id" = i64, Path)), request_body = CompanyMergeIn, responses((status = 200, body = CompanyOut)))]
async fn merge(Caller(cx): Caller, Path(id): Path<CompanyId>, Body(b): Body<CompanyMergeIn>) -> Answer<Json<CompanyOut>> {
    Ok(Json(companies::merge(&cx, id, CompanyId(b.into)).await?.into()))
}

#[derive(Debug, Deserialize, ToSchema)]
struct CompanyScoreIn {
    /// `plus`, `minus`, `times`, `divide` or `set`.
    operator: String,
    value: i64,
    #[serde(default)]
    reason: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct CompanyScoreOut {
    score: i64,
}

/// Changes the score of a company.
#[utoipa::path(post, path = "/companies/{id}/score", tag = "companies", params(("id" = i64, Path)), request_body = CompanyScoreIn, responses((status = 200, body = CompanyScoreOut)))]
async fn score(Caller(cx): Caller, Path(id): Path<CompanyId>, Body(b): Body<CompanyScoreIn>) -> Answer<Json<CompanyScoreOut>> {
    cx.may(Action::Edit(Area::Contacts))?;
    let wrong = || Error::field("/operator", "company.operator", "An operator is plus, minus, times, divide or set.");
    let operator = PointsOperator::parse(&b.operator).ok_or_else(wrong)?;
    let score = companies::change_score(&cx, id, operator, b.value, b.reason).await?;
    Ok(Json(CompanyScoreOut { score }))
}

/// Something that happened to a company.
#[derive(Debug, Serialize, ToSchema)]
struct CompanyMomentOut {
    id: i64,
    at: String,
    #[schema(value_type = super::words::CompanyMomentWord)]
    kind: String,
    contact_id: Option<i64>,
    contact_name: Option<String>,
    /// Who did it.
    actor: String,
    /// For a score: `delta`, `score`, `reason`; for a merge: `name`.
    #[schema(value_type = BTreeMap<String, Value>)]
    detail: Value,
}

impl From<CompanyMoment> for CompanyMomentOut {
    fn from(m: CompanyMoment) -> Self {
        let (contact_id, contact_name) = m.contact.map(|(id, name)| (id.0, name)).unzip();
        Self { id: m.id, at: m.at.rfc3339(), kind: m.kind, contact_id, contact_name, actor: m.actor, detail: m.detail }
    }
}

/// What happened to a company, the newest first.
#[utoipa::path(get, path = "/companies/{id}/log", tag = "companies", params(("id" = i64, Path), ListParams), responses((status = 200, body = PageOut<CompanyMomentOut>)))]
async fn log(
    Caller(cx): Caller,
    Path(id): Path<CompanyId>,
    Query(q): Query<ListParams>,
) -> Answer<Json<PageOut<CompanyMomentOut>>> {
    Ok(PageOut::of(companies::moments(&cx, id, q.into()).await?, CompanyMomentOut::from))
}

/// A contact of a company.
#[derive(Debug, Serialize, ToSchema)]
struct CompanyMemberOut {
    id: i64,
    name: String,
    email: Option<String>,
    /// Whether it is the contact's primary company.
    primary: bool,
    added_at: String,
}

impl From<CompanyMember> for CompanyMemberOut {
    fn from(m: CompanyMember) -> Self {
        Self { id: m.contact.0, name: m.name, email: m.email, primary: m.primary, added_at: m.added_at.rfc3339() }
    }
}

/// The contacts of a company, the newest first.
#[utoipa::path(get, path = "/companies/{id}/contacts", tag = "companies", params(("id" = i64, Path), ListParams), responses((status = 200, body = PageOut<CompanyMemberOut>)))]
async fn members(
    Caller(cx): Caller,
    Path(id): Path<CompanyId>,
    Query(q): Query<ListParams>,
) -> Answer<Json<PageOut<CompanyMemberOut>>> {
    Ok(PageOut::of(companies::contacts_of(&cx, id, q.into()).await?, CompanyMemberOut::from))
}

/// Adds a contact to a company, which becomes the contact's primary one.
#[utoipa::path(put, path = "/companies/{id}/contacts/{contact}", tag = "companies", params(("id" = i64, Path), ("contact" = i64, Path)), responses((status = 204)))]
async fn add_member(Caller(cx): Caller, Path((id, contact)): Path<(CompanyId, ContactId)>) -> Answer<StatusCode> {
    companies::link(&cx, id, contact).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a contact out of a company.
#[utoipa::path(delete, path = "/companies/{id}/contacts/{contact}", tag = "companies", params(("id" = i64, Path), ("contact" = i64, Path)), responses((status = 204)))]
async fn remove_member(Caller(cx): Caller, Path((id, contact)): Path<(CompanyId, ContactId)>) -> Answer<StatusCode> {
    companies::unlink(&cx, id, contact).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The companies of a contact, the primary one first.
#[utoipa::path(get, path = "/contacts/{id}/companies", tag = "companies", params(("id" = i64, Path)), responses((status = 200, body = Vec<CompanyRef>)))]
async fn of_contact(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<Json<Vec<CompanyRef>>> {
    Ok(Json(companies::links_of(&cx, id).await?.into_iter().map(CompanyRef::from).collect()))
}

/// The companies that a contact belongs to from now on.
#[derive(Debug, Deserialize, ToSchema)]
struct CompanyIdsIn {
    ids: Vec<i64>,
}

/// Makes these the companies of a contact; of those that are new the first becomes the primary one.
#[utoipa::path(put, path = "/contacts/{id}/companies", tag = "companies", params(("id" = i64, Path)), request_body = CompanyIdsIn, responses((status = 200, body = Vec<CompanyRef>)))]
async fn set_of_contact(
    Caller(cx): Caller,
    Path(id): Path<ContactId>,
    Body(b): Body<CompanyIdsIn>,
) -> Answer<Json<Vec<CompanyRef>>> {
    companies::replace_links(&cx, id, b.ids.into_iter().map(CompanyId).collect()).await?;
    Ok(Json(companies::links_of(&cx, id).await?.into_iter().map(CompanyRef::from).collect()))
}

/// Makes a company of a contact the primary one.
#[utoipa::path(post, path = "/contacts/{id}/companies/{company}/primary", tag = "companies", params(("id" = i64, Path), ("company" = i64, Path)), responses((status = 204)))]
async fn make_primary(Caller(cx): Caller, Path((id, company)): Path<(ContactId, CompanyId)>) -> Answer<StatusCode> {
    companies::make_primary(&cx, company, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ExportParams {
    /// As in the list.
    #[serde(default)]
    search: String,
    /// Aliases of fields, or `id`, `score`, `owner_id`, `created_at`, `updated_at`, with commas between; all when absent.
    #[serde(default)]
    columns: String,
}

/// Companies as CSV.
#[utoipa::path(get, path = "/companies/export.csv", tag = "companies", params(ExportParams), responses((status = 200, content_type = "text/csv", body = String)))]
async fn export(Caller(cx): Caller, Query(q): Query<ExportParams>) -> Answer<Response> {
    let columns = q.columns.split(',').map(|c| c.trim().to_owned()).filter(|c| !c.is_empty()).collect();
    let (columns, head) = companies::export_start(&cx, columns).await?;
    let name = format!("companies_{}.csv", cx.now().sql_text().replace([' ', ':'], "-"));
    let pages = stream::try_unfold(Some(Going { cx, columns, search: q.search, after: 0 }), next_page);
    let body = HttpBody::from_stream(futures_util::StreamExt::chain(stream::once(async { Ok(head) }), pages));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, body).into_response())
}

struct Going {
    cx: Cx,
    columns: Vec<String>,
    search: String,
    after: i64,
}

async fn next_page(going: Option<Going>) -> Result<Option<(Vec<u8>, Option<Going>)>, Error> {
    let Some(going) = going else { return Ok(None) };
    let page = companies::export_page(&going.cx, &going.columns, &going.search, going.after).await?;
    Ok(page.map(|(lines, last)| (lines, Some(Going { after: last, ..going }))))
}
