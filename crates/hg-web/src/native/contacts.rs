//! Contacts: the list, one contact, many at once, export.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Body as HttpBody;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use hg_app::companies::CompanyLink;
use hg_app::contacts::{self, Contact, ContactInput, ContactQuery, ExportQuery, Selection};
use hg_app::list::{ListQuery, MAX_LIMIT};
use hg_app::{Cx, Error};
use hg_core::ids::{CompanyId, ContactId, SegmentId, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
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
        .routes(routes!(export))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
}

/// A person, or a visitor whom nobody knows yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct ContactOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    email: Option<String>,
    /// What to call her.
    name: String,
    points: i64,
    /// Of the highest point trigger that she reached.
    color: Option<String>,
    stage: Option<StageRef>,
    owner_id: Option<i64>,
    identified_at: Option<String>,
    last_active_at: Option<String>,
    /// Every field by its alias; null without a value.
    #[schema(value_type = BTreeMap<String, super::words::FieldValue>)]
    fields: BTreeMap<String, Value>,
    tags: Vec<TagRef>,
    /// The primary one first.
    companies: Vec<CompanyRef>,
    do_not_contact: Vec<DoNotContactOut>,
}

/// A company of a contact.
#[derive(Debug, Serialize, ToSchema)]
pub struct CompanyRef {
    id: i64,
    name: String,
    primary: bool,
    added_at: String,
}

impl From<CompanyLink> for CompanyRef {
    fn from(l: CompanyLink) -> Self {
        Self { id: l.id.0, name: l.name, primary: l.primary, added_at: l.added_at.rfc3339() }
    }
}

/// Where she stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct StageRef {
    id: i64,
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TagRef {
    pub(super) id: i64,
    pub(super) name: String,
}

/// A channel on which she must not be contacted.
#[derive(Debug, Serialize, ToSchema)]
pub struct DoNotContactOut {
    channel: String,
    /// `unsubscribed`, `bounced` or `manual`.
    reason: &'static str,
    comments: String,
    at: String,
}

impl From<Contact> for ContactOut {
    fn from(c: Contact) -> Self {
        Self {
            id: c.id.0,
            version: c.version,
            created_at: c.created_at.rfc3339(),
            updated_at: c.updated_at.rfc3339(),
            email: c.email(),
            name: c.name(),
            points: c.points,
            color: c.color.clone(),
            stage: c.stage.as_ref().map(|(id, name)| StageRef { id: id.0, name: name.clone() }),
            owner_id: c.owner_id.map(|o| o.0),
            identified_at: c.identified_at.map(|t| t.rfc3339()),
            last_active_at: c.last_active_at.map(|t| t.rfc3339()),
            fields: c.values.iter().map(|(alias, value)| (alias.clone(), value.to_json())).collect(),
            tags: c.tags.into_iter().map(|(id, name)| TagRef { id: id.0, name }).collect(),
            companies: c.companies.into_iter().map(CompanyRef::from).collect(),
            do_not_contact: c
                .do_not_contact
                .into_iter()
                .map(|d| DoNotContactOut { reason: d.reason_key(), channel: d.channel, comments: d.comments, at: d.at.rfc3339() })
                .collect(),
        }
    }
}

/// Which contacts a list shows.
#[derive(Debug, Default, Clone, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContactScope {
    /// Words, or commands such as `tag:news`, `points:>50`, `is:anonymous`; `OR`, `!` and parentheses work.
    #[serde(default)]
    search: String,
    /// Only members of this segment.
    segment: Option<i64>,
    /// Only contacts with this tag.
    tag: Option<String>,
    /// Only whom this filter selects: JSON as segments have.
    #[schema(value_type = Option<super::words::FilterGroup>)]
    filter: Option<Value>,
    /// Visitors too.
    #[serde(default)]
    include_anonymous: bool,
}

impl ContactScope {
    pub(super) fn query(self, list: ListQuery) -> Result<ContactQuery, Error> {
        let filter = match self.filter {
            // In a URL the filter is text.
            Some(Value::String(text)) if text.trim().is_empty() => None,
            Some(Value::String(text)) => {
                let read = serde_json::from_str(&text);
                Some(read.map_err(|e| Error::field("/filter", "json", format!("The filter is not JSON: {e}.")))?)
            }
            other => other.filter(|f| !f.is_null()),
        };
        Ok(ContactQuery {
            list: ListQuery { search: self.search, ..list },
            segment: self.segment.map(SegmentId),
            tag: self.tag.filter(|t| !t.is_empty()),
            filter,
            include_anonymous: self.include_anonymous,
            ..ContactQuery::default()
        })
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Window {
    /// `id`, `name`, `email`, `created_at`, `points`, `last_active` or the alias of a field; `-` in front for descending.
    #[serde(default)]
    sort: String,
    /// Rows on a page, 50 when absent, 500 at most.
    #[serde(default)]
    limit: Option<u32>,
    /// Where the last page ended.
    cursor: Option<String>,
    #[serde(default)]
    search: String,
    segment: Option<i64>,
    tag: Option<String>,
    /// A filter as JSON.
    filter: Option<String>,
    #[serde(default)]
    #[param(value_type = Option<bool>)]
    include_anonymous: Option<String>,
    /// Columns of an export: aliases, `id`, `tags`, `do_not_contact`, with commas between.
    #[serde(default)]
    columns: String,
}

impl Window {
    fn scope(&self) -> ContactScope {
        ContactScope {
            search: self.search.clone(),
            segment: self.segment,
            tag: self.tag.clone(),
            filter: self.filter.clone().map(Value::String),
            include_anonymous: matches!(self.include_anonymous.as_deref(), Some("1" | "true" | "yes" | "on")),
        }
    }

    fn list(&self) -> ListQuery {
        ListQuery {
            search: String::new(),
            sort: self.sort.clone(),
            limit: self.limit.unwrap_or(0).min(MAX_LIMIT),
            cursor: self.cursor.clone().filter(|c| !c.is_empty()),
            ..ListQuery::default()
        }
    }
}

/// What is known of a contact to be made or changed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct ContactIn {
    /// Refused with 409 when the contact is no longer at this version.
    version: Option<i64>,
    /// Values by the alias of their field; null clears.
    #[schema(value_type = BTreeMap<String, super::words::FieldValue>)]
    fields: BTreeMap<String, Value>,
    /// Tags by name; `-name` takes one away.
    tags: Vec<String>,
    #[schema(value_type = Option<i64>)]
    owner_id: Maybe<i64>,
    /// Ids of all companies of the contact; of those that are new the first becomes the primary one.
    companies: Option<Vec<i64>>,
}

impl From<ContactIn> for ContactInput {
    fn from(b: ContactIn) -> Self {
        ContactInput {
            version: b.version,
            fields: b.fields,
            tags: b.tags,
            owner_id: b.owner_id.0.map(|id| id.map(UserId)),
            do_not_contact: Vec::new(),
            companies: b.companies.map(|ids| ids.into_iter().map(CompanyId).collect()),
        }
    }
}

/// Contacts.
#[utoipa::path(get, path = "/contacts", tag = "contacts", params(Window), responses((status = 200, body = PageOut<ContactOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<Window>) -> Answer<Json<PageOut<ContactOut>>> {
    let query = q.scope().query(q.list())?;
    Ok(PageOut::of(contacts::list(&cx, query).await?, ContactOut::from))
}

/// Makes a contact. An address that another contact has is refused with 409.
#[utoipa::path(post, path = "/contacts", tag = "contacts", request_body = ContactIn, responses((status = 201, body = ContactOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<ContactIn>) -> Answer<(StatusCode, Json<ContactOut>)> {
    let (contact, _) = contacts::create(&cx, b.into(), false).await?;
    Ok((StatusCode::CREATED, Json(contact.into())))
}

/// One contact; an id that was merged away leads to the survivor.
#[utoipa::path(get, path = "/contacts/{id}", tag = "contacts", params(("id" = i64, Path)), responses((status = 200, body = ContactOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<Json<ContactOut>> {
    Ok(Json(contacts::get(&cx, id).await?.into()))
}

/// Changes what is named.
#[utoipa::path(patch, path = "/contacts/{id}", tag = "contacts", params(("id" = i64, Path)), request_body = ContactIn, responses((status = 200, body = ContactOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<ContactId>, Body(b): Body<ContactIn>) -> Answer<Json<ContactOut>> {
    Ok(Json(contacts::update(&cx, id, b.into(), true).await?.into()))
}

/// Deletes a contact; she can be brought back.
#[utoipa::path(delete, path = "/contacts/{id}", tag = "contacts", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<StatusCode> {
    contacts::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted contact back.
#[utoipa::path(post, path = "/contacts/{id}/restore", tag = "contacts", params(("id" = i64, Path)), responses((status = 200, body = ContactOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<Json<ContactOut>> {
    Ok(Json(contacts::restore(&cx, id).await?.into()))
}

/// Contacts by their ids, or all that a list shows.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct SelectIn {
    pub(super) ids: Option<Vec<i64>>,
    #[serde(flatten)]
    pub(super) scope: ContactScope,
}

impl SelectIn {
    pub(super) fn selection(self) -> Result<Selection, Error> {
        Ok(match self.ids {
            Some(ids) => Selection::Ids(ids.into_iter().map(ContactId).collect()),
            None => Selection::Query(Box::new(self.scope.query(ListQuery::default())?)),
        })
    }
}

/// Contacts as CSV; takes the parameters of the list, and `columns`.
#[utoipa::path(get, path = "/contacts/export.csv", tag = "contacts", params(Window), responses((status = 200, content_type = "text/csv", body = String)))]
async fn export(Caller(cx): Caller, Query(q): Query<Window>) -> Answer<Response> {
    let columns = q.columns.split(',').map(|c| c.trim().to_owned()).filter(|c| !c.is_empty()).collect();
    let query = ExportQuery { contacts: q.scope().query(q.list())?, columns };
    let (export, head) = contacts::export_start(&cx, query).await?;
    let name = format!("contacts_{}.csv", cx.now().sql_text().replace([' ', ':'], "-"));
    let pages = stream::try_unfold(Some((cx, export, None)), next_page);
    let body = HttpBody::from_stream(futures_util::StreamExt::chain(stream::once(async { Ok(head) }), pages));
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, body).into_response())
}

type Going = Option<(Cx, contacts::Export, Option<u32>)>;

async fn next_page(going: Going) -> Result<Option<(Vec<u8>, Going)>, Error> {
    let Some((cx, export, after)) = going else { return Ok(None) };
    let page = contacts::export_page(&cx, &export, after).await?;
    Ok(page.map(|(lines, last)| (lines, Some((cx, export, Some(last))))))
}
