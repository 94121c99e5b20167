//! Sender domains: their keys, and what the DNS says.

use axum::Json;
use axum::http::StatusCode;
use hg_app::deliverability::{self, DnsRecord, SenderDomain, SenderKey};
use hg_core::ids::{SenderDomainId, SenderKeyId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, Path};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, add))
        .routes(routes!(get, delete))
        .routes(routes!(restore))
        .routes(routes!(check))
        .routes(routes!(rotate))
        .routes(routes!(remove_key))
        .routes(routes!(activate))
}

/// A domain that mail is sent from.
#[derive(Debug, Serialize, ToSchema)]
struct SenderDomainOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    name: String,
    /// When the DNS was looked at last.
    checked_at: Option<String>,
    keys: Vec<SenderKeyOut>,
    records: Vec<DnsRecordOut>,
}

/// A key that signs mail of the domain.
#[derive(Debug, Serialize, ToSchema)]
struct SenderKeyOut {
    id: i64,
    selector: String,
    #[schema(value_type = super::words::KeyAlgorithmWord)]
    algorithm: &'static str,
    /// `waiting` to be seen in the DNS, `active`, or `retired`: its record may go after some days.
    #[schema(value_type = super::words::KeyStateWord)]
    state: &'static str,
    state_at: String,
    created_at: String,
}

/// A line of the DNS, and what was found in its place.
#[derive(Debug, Serialize, ToSchema)]
struct DnsRecordOut {
    #[schema(value_type = super::words::RecordPurposeWord)]
    purpose: &'static str,
    name: String,
    /// `TXT`, `MX` or `A`.
    kind: &'static str,
    /// What to paste; empty where it depends on servers that others run.
    value: String,
    #[schema(value_type = super::words::FindingWord)]
    finding: &'static str,
    reason: String,
    found: Vec<String>,
}

fn key_out(k: SenderKey) -> SenderKeyOut {
    SenderKeyOut {
        id: k.id.0,
        selector: k.selector,
        algorithm: k.algorithm.key(),
        state: k.state.key(),
        state_at: k.state_at.rfc3339(),
        created_at: k.created_at.rfc3339(),
    }
}

fn record_out(r: DnsRecord) -> DnsRecordOut {
    DnsRecordOut {
        purpose: r.purpose,
        name: r.name,
        kind: r.kind,
        value: r.value,
        finding: r.finding.key(),
        reason: r.reason,
        found: r.found,
    }
}

impl From<SenderDomain> for SenderDomainOut {
    fn from(d: SenderDomain) -> Self {
        Self {
            id: d.id.0,
            version: d.version,
            created_at: d.created_at.rfc3339(),
            updated_at: d.updated_at.rfc3339(),
            name: d.name,
            checked_at: d.checked_at.map(|at| at.rfc3339()),
            keys: d.keys.into_iter().map(key_out).collect(),
            records: d.records.into_iter().map(record_out).collect(),
        }
    }
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct SenderDomainIn {
    /// A domain, or an address at it.
    #[schema(required = true)]
    name: String,
}

/// All sender domains by name.
#[utoipa::path(get, path = "/sender-domains", tag = "sender domains", responses((status = 200, body = Vec<SenderDomainOut>)))]
async fn list(Caller(cx): Caller) -> Answer<Json<Vec<SenderDomainOut>>> {
    Ok(Json(deliverability::list(&cx).await?.into_iter().map(SenderDomainOut::from).collect()))
}

/// Adds a sender domain, with keys of its own.
#[utoipa::path(post, path = "/sender-domains", tag = "sender domains", request_body = SenderDomainIn, responses((status = 201, body = SenderDomainOut)))]
async fn add(Caller(cx): Caller, Body(b): Body<SenderDomainIn>) -> Answer<(StatusCode, Json<SenderDomainOut>)> {
    Ok((StatusCode::CREATED, Json(deliverability::add(&cx, &b.name).await?.into())))
}

/// One sender domain.
#[utoipa::path(get, path = "/sender-domains/{id}", tag = "sender domains", params(("id" = i64, Path)), responses((status = 200, body = SenderDomainOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<SenderDomainId>) -> Answer<Json<SenderDomainOut>> {
    Ok(Json(deliverability::get(&cx, id).await?.into()))
}

/// Deletes a sender domain; its keys sign no more.
#[utoipa::path(delete, path = "/sender-domains/{id}", tag = "sender domains", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<SenderDomainId>) -> Answer<StatusCode> {
    deliverability::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted sender domain back, with its keys.
#[utoipa::path(post, path = "/sender-domains/{id}/restore", tag = "sender domains", params(("id" = i64, Path)), responses((status = 200, body = SenderDomainOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<SenderDomainId>) -> Answer<Json<SenderDomainOut>> {
    Ok(Json(deliverability::restore(&cx, id).await?.into()))
}

/// Looks into the DNS now. Keys that are seen there begin to sign.
#[utoipa::path(post, path = "/sender-domains/{id}/check", tag = "sender domains", params(("id" = i64, Path)), responses((status = 200, body = SenderDomainOut)))]
async fn check(Caller(cx): Caller, Path(id): Path<SenderDomainId>) -> Answer<Json<SenderDomainOut>> {
    Ok(Json(deliverability::check(&cx, id).await?.into()))
}

/// Makes new keys, which take over when they are seen in the DNS.
#[utoipa::path(post, path = "/sender-domains/{id}/keys", tag = "sender domains", params(("id" = i64, Path)), responses((status = 201, body = SenderDomainOut)))]
async fn rotate(Caller(cx): Caller, Path(id): Path<SenderDomainId>) -> Answer<(StatusCode, Json<SenderDomainOut>)> {
    Ok((StatusCode::CREATED, Json(deliverability::rotate(&cx, id).await?.into())))
}

/// Removes a key that does not sign.
#[utoipa::path(delete, path = "/sender-domains/{id}/keys/{key}", tag = "sender domains", params(("id" = i64, Path), ("key" = i64, Path)), responses((status = 200, body = SenderDomainOut)))]
async fn remove_key(Caller(cx): Caller, Path((id, key)): Path<(SenderDomainId, SenderKeyId)>) -> Answer<Json<SenderDomainOut>> {
    Ok(Json(deliverability::remove_key(&cx, id, key).await?.into()))
}

/// Lets a key sign without waiting to see it in the DNS.
#[utoipa::path(post, path = "/sender-domains/{id}/keys/{key}/activate", tag = "sender domains", params(("id" = i64, Path), ("key" = i64, Path)), responses((status = 200, body = SenderDomainOut)))]
async fn activate(Caller(cx): Caller, Path((id, key)): Path<(SenderDomainId, SenderKeyId)>) -> Answer<Json<SenderDomainOut>> {
    Ok(Json(deliverability::activate(&cx, id, key).await?.into()))
}
