//! Where a contact comes from: devices, addresses, campaign parameters.

use axum::Json;
use axum::http::StatusCode;
use hg_app::contacts::{self, Device, NewUtm, SeenAddress, UtmRecord};
use hg_app::{Error, list::ListQuery, users};
use hg_core::ids::{ContactId, DeviceId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, Path};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(traces))
        .routes(routes!(owners))
        .routes(routes!(forget_device))
        .routes(routes!(add_utm))
        .routes(routes!(remove_utm))
}

/// Everything that visits leave behind.
#[derive(Debug, Serialize, ToSchema)]
struct TracesOut {
    /// The one seen last first.
    devices: Vec<DeviceOut>,
    addresses: Vec<AddressOut>,
    utm: Vec<UtmOut>,
}

/// A device.
#[derive(Debug, Serialize, ToSchema)]
struct DeviceOut {
    id: i64,
    /// `desktop`, `smartphone`, `tablet`…
    kind: Option<String>,
    brand: Option<String>,
    model: Option<String>,
    system: Option<String>,
    system_version: Option<String>,
    program: Option<String>,
    /// She proved that it is hers.
    verified: bool,
    first_at: String,
    last_at: String,
}

impl From<Device> for DeviceOut {
    fn from(d: Device) -> Self {
        Self {
            id: d.id.0,
            kind: d.traits.kind,
            brand: d.traits.brand,
            model: d.traits.model,
            system: d.traits.os,
            system_version: d.traits.os_version,
            program: d.traits.program,
            verified: d.verified,
            first_at: d.created_at.rfc3339(),
            last_at: d.seen_at.rfc3339(),
        }
    }
}

/// An address she came from.
#[derive(Debug, Serialize, ToSchema)]
struct AddressOut {
    id: i64,
    address: String,
    first_at: String,
    last_at: String,
}

impl From<SeenAddress> for AddressOut {
    fn from(a: SeenAddress) -> Self {
        Self { id: a.id, address: a.address, first_at: a.first_at.rfc3339(), last_at: a.last_at.rfc3339() }
    }
}

/// Campaign parameters that led her here.
#[derive(Debug, Serialize, ToSchema)]
struct UtmOut {
    id: i64,
    at: String,
    /// `hit`, `form` or `api`.
    origin: String,
    source: Option<String>,
    medium: Option<String>,
    campaign: Option<String>,
    content: Option<String>,
    term: Option<String>,
    url: Option<String>,
    referrer: Option<String>,
}

impl From<UtmRecord> for UtmOut {
    fn from(r: UtmRecord) -> Self {
        let t = r.tags;
        Self {
            id: r.id,
            at: r.at.rfc3339(),
            origin: r.origin,
            source: t.source,
            medium: t.medium,
            campaign: t.campaign,
            content: t.content,
            term: t.term,
            url: t.url,
            referrer: t.referrer,
        }
    }
}

/// Devices, addresses and campaign parameters of a contact.
#[utoipa::path(get, path = "/contacts/{id}/traces", tag = "contacts", params(("id" = i64, Path)), responses((status = 200, body = TracesOut)))]
async fn traces(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<Json<TracesOut>> {
    let devices = contacts::devices(&cx, Some(id), ListQuery { limit: 100, ..ListQuery::default() }).await?;
    Ok(Json(TracesOut {
        devices: devices.items.into_iter().map(DeviceOut::from).collect(),
        addresses: contacts::addresses(&cx, id).await?.into_iter().map(AddressOut::from).collect(),
        utm: contacts::utm(&cx, id).await?.into_iter().map(UtmOut::from).collect(),
    }))
}

/// Somebody who may own contacts.
#[derive(Debug, Serialize, ToSchema)]
struct OwnerOut {
    id: i64,
    name: String,
}

/// Who may own contacts.
#[utoipa::path(get, path = "/contacts/owners", tag = "contacts", responses((status = 200, body = Vec<OwnerOut>)))]
async fn owners(Caller(cx): Caller) -> Answer<Json<Vec<OwnerOut>>> {
    let all = users::owners(&cx).await?;
    let name = |u: &users::User| match format!("{} {}", u.first_name, u.last_name).trim() {
        "" => u.email.clone(),
        name => name.to_owned(),
    };
    Ok(Json(all.iter().map(|u| OwnerOut { id: u.id.0, name: name(u) }).collect()))
}

/// Forgets a device: whoever uses it is a new visitor the next time.
#[utoipa::path(delete, path = "/devices/{id}", tag = "contacts", params(("id" = i64, Path)), responses((status = 204)))]
async fn forget_device(Caller(cx): Caller, Path(id): Path<DeviceId>) -> Answer<StatusCode> {
    contacts::forget_device(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct UtmIn {
    source: Option<String>,
    medium: Option<String>,
    campaign: Option<String>,
    content: Option<String>,
    term: Option<String>,
    url: Option<String>,
    referrer: Option<String>,
}

/// Records campaign parameters.
#[utoipa::path(post, path = "/contacts/{id}/utm", tag = "contacts", params(("id" = i64, Path)), request_body = UtmIn, responses((status = 201, body = UtmOut)))]
async fn add_utm(Caller(cx): Caller, Path(id): Path<ContactId>, Body(b): Body<UtmIn>) -> Answer<(StatusCode, Json<UtmOut>)> {
    let some = |text: Option<String>| text.map(|t| t.trim().to_owned()).filter(|t| !t.is_empty());
    let new = NewUtm {
        source: some(b.source),
        medium: some(b.medium),
        campaign: some(b.campaign),
        content: some(b.content),
        term: some(b.term),
        url: some(b.url),
        referrer: some(b.referrer),
        ..NewUtm::default()
    };
    let made = contacts::add_utm(&cx, id, new).await?;
    let record = contacts::utm(&cx, id).await?.into_iter().find(|r| r.id == made);
    let record = record.ok_or_else(|| Error::internal("the record was not kept"))?;
    Ok((StatusCode::CREATED, Json(record.into())))
}

/// Takes a record of campaign parameters away.
#[utoipa::path(delete, path = "/contacts/{id}/utm/{record}", tag = "contacts", params(("id" = i64, Path), ("record" = i64, Path)), responses((status = 204)))]
async fn remove_utm(Caller(cx): Caller, Path((id, record)): Path<(ContactId, i64)>) -> Answer<StatusCode> {
    if contacts::remove_utm(&cx, id, record).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Error::not_found("record of campaign parameters", record).into())
}
