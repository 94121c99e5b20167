//! Landing pages.

use axum::Json;
use axum::http::StatusCode;
use hg_app::Cx;
use hg_app::pages::{self, NewPage, PagePatch, PageRecord};
use hg_core::ids::{ContactId, PageId};
use hg_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::emails::present;
use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut as ListOut, Path, Query};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
        .routes(routes!(preview))
}

/// A landing page.
#[derive(Debug, Serialize, ToSchema)]
pub struct LandingPage {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    title: String,
    alias: String,
    html: String,
    language: String,
    published: bool,
    no_index: bool,
    meta_description: String,
    head_script: String,
    footer_script: String,
    redirect_type: Option<i64>,
    redirect_url: String,
    hits: i64,
    unique_hits: i64,
    /// Where the public finds it.
    url: String,
}

fn out(cx: &Cx, p: PageRecord) -> LandingPage {
    LandingPage {
        id: p.id.0,
        version: p.version,
        created_at: p.created_at.rfc3339(),
        updated_at: p.updated_at.rfc3339(),
        url: pages::url_of(&cx.ws, &p),
        title: p.title,
        alias: p.alias,
        html: p.html,
        language: p.language,
        published: p.published,
        no_index: p.no_index,
        meta_description: p.meta_description,
        head_script: p.head_script,
        footer_script: p.footer_script,
        redirect_type: p.redirect_type,
        redirect_url: p.redirect_url,
        hits: p.hits,
        unique_hits: p.unique_hits,
    }
}

/// What is sent to make or change a page; absent keys stay as they are.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct LandingPageIn {
    version: Option<i64>,
    title: Option<String>,
    /// Empty: made from the title.
    alias: Option<String>,
    html: Option<String>,
    language: Option<String>,
    published: Option<bool>,
    no_index: Option<bool>,
    meta_description: Option<String>,
    head_script: Option<String>,
    footer_script: Option<String>,
    #[serde(deserialize_with = "present")]
    redirect_type: Option<Option<i64>>,
    redirect_url: Option<String>,
}

/// Pages, newest first.
#[utoipa::path(get, path = "/pages", tag = "pages", params(ListParams), responses((status = 200, body = ListOut<LandingPage>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<ListOut<LandingPage>>> {
    let page = pages::list(&cx, q.into()).await?;
    Ok(ListOut::of(page, |p| out(&cx, p)))
}

/// Makes a page.
#[utoipa::path(post, path = "/pages", tag = "pages", request_body = LandingPageIn, responses((status = 201, body = LandingPage)))]
async fn create(Caller(cx): Caller, Body(b): Body<LandingPageIn>) -> Answer<(StatusCode, Json<LandingPage>)> {
    let new = NewPage {
        title: b.title.unwrap_or_default(),
        alias: b.alias.unwrap_or_default(),
        html: b.html.unwrap_or_default(),
        language: b.language.unwrap_or_else(|| "en".into()),
        published: b.published.unwrap_or(true),
        no_index: b.no_index.unwrap_or(false),
        meta_description: b.meta_description.unwrap_or_default(),
        head_script: b.head_script.unwrap_or_default(),
        footer_script: b.footer_script.unwrap_or_default(),
        redirect_type: b.redirect_type.flatten(),
        redirect_url: b.redirect_url.unwrap_or_default(),
    };
    let page = pages::create(&cx, new).await?;
    Ok((StatusCode::CREATED, Json(out(&cx, page))))
}

/// One page.
#[utoipa::path(get, path = "/pages/{id}", tag = "pages", params(("id" = i64, Path)), responses((status = 200, body = LandingPage)))]
async fn get(Caller(cx): Caller, Path(id): Path<PageId>) -> Answer<Json<LandingPage>> {
    let page = pages::get(&cx, id).await?;
    Ok(Json(out(&cx, page)))
}

/// Changes a page; only named keys change.
#[utoipa::path(patch, path = "/pages/{id}", tag = "pages", params(("id" = i64, Path)), request_body = LandingPageIn, responses((status = 200, body = LandingPage)))]
async fn update(Caller(cx): Caller, Path(id): Path<PageId>, Body(b): Body<LandingPageIn>) -> Answer<Json<LandingPage>> {
    let patch = PagePatch {
        version: b.version,
        title: b.title,
        alias: b.alias,
        html: b.html,
        language: b.language,
        published: b.published,
        no_index: b.no_index,
        meta_description: b.meta_description,
        head_script: b.head_script,
        footer_script: b.footer_script,
        redirect_type: b.redirect_type,
        redirect_url: b.redirect_url,
    };
    let page = pages::update(&cx, id, patch).await?;
    Ok(Json(out(&cx, page)))
}

/// Deletes a page; it can be restored.
#[utoipa::path(delete, path = "/pages/{id}", tag = "pages", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<PageId>) -> Answer<StatusCode> {
    pages::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted page back.
#[utoipa::path(post, path = "/pages/{id}/restore", tag = "pages", params(("id" = i64, Path)), responses((status = 200, body = LandingPage)))]
async fn restore(Caller(cx): Caller, Path(id): Path<PageId>) -> Answer<Json<LandingPage>> {
    let page = pages::restore(&cx, id).await?;
    Ok(Json(out(&cx, page)))
}

/// What to show, and to whom.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct PagePreviewIn {
    #[serde(flatten)]
    page: LandingPageIn,
    contact_id: Option<i64>,
}

/// A page that nobody is counted on.
#[derive(Debug, Serialize, ToSchema)]
pub struct PagePreviewOut {
    html: String,
}

/// A page as it stands in the editor.
#[utoipa::path(post, path = "/pages/preview", tag = "pages", request_body = PagePreviewIn, responses((status = 200, body = PagePreviewOut)))]
async fn preview(Caller(cx): Caller, Body(b): Body<PagePreviewIn>) -> Answer<Json<PagePreviewOut>> {
    let p = b.page;
    let page = PageRecord {
        id: PageId(0),
        version: 0,
        created_at: Timestamp::default(),
        updated_at: Timestamp::default(),
        created_by: None,
        title: p.title.unwrap_or_default(),
        alias: String::new(),
        html: p.html.unwrap_or_default(),
        language: p.language.unwrap_or_default(),
        published: true,
        no_index: false,
        meta_description: p.meta_description.unwrap_or_default(),
        head_script: String::new(),
        footer_script: String::new(),
        redirect_type: None,
        redirect_url: String::new(),
        hits: 0,
        unique_hits: 0,
        extra: serde_json::Value::Null,
    };
    let html = pages::preview(&cx, page, b.contact_id.map(ContactId)).await?;
    Ok(Json(PagePreviewOut { html }))
}
