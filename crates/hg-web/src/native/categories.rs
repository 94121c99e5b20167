//! Categories, and what contacts subscribe to.

use axum::Json;
use axum::http::StatusCode;
use hg_app::categories::{self, Category, CategoryPatch, CategoryRef, NewCategory, Subscription};
use hg_core::ids::{CategoryId, ContactId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::native::maybe::Maybe;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
        .routes(routes!(usage))
        .routes(routes!(of_things))
        .routes(routes!(place))
        .routes(routes!(subscriptions, subscribe))
}

/// A category.
#[derive(Debug, Serialize, ToSchema)]
struct CategoryOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    /// The kind of thing that it is for; `global` fits all.
    #[schema(value_type = super::words::BundleWord)]
    bundle: String,
    title: String,
    alias: String,
    description: Option<String>,
    /// Six hexadecimal digits.
    color: Option<String>,
    published: bool,
    /// How many things are in it.
    used: i64,
}

impl From<Category> for CategoryOut {
    fn from(c: Category) -> Self {
        Self {
            id: c.id.0,
            version: c.version,
            created_at: c.created_at.rfc3339(),
            updated_at: c.updated_at.rfc3339(),
            bundle: c.bundle,
            title: c.title,
            alias: c.alias,
            description: c.description,
            color: c.color,
            published: c.published,
            used: c.used,
        }
    }
}

/// The category of a thing.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CategoryRefOut {
    id: i64,
    title: String,
    color: Option<String>,
}

impl From<&CategoryRef> for CategoryRefOut {
    fn from(c: &CategoryRef) -> Self {
        Self { id: c.id.0, title: c.title.clone(), color: c.color.clone() }
    }
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct CategoryIn {
    version: Option<i64>,
    /// `global` when absent; cannot be changed later.
    #[schema(value_type = Option<super::words::BundleWord>)]
    bundle: Option<String>,
    title: Option<String>,
    alias: Option<String>,
    #[schema(value_type = Option<String>)]
    description: Maybe<String>,
    #[schema(value_type = Option<String>)]
    color: Maybe<String>,
    published: Option<bool>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct BundleParams {
    /// Only those that fit things of this kind.
    #[param(value_type = Option<super::words::BundleWord>)]
    bundle: Option<String>,
}

/// Categories; with a bundle, those that fit its things.
#[utoipa::path(get, path = "/categories", tag = "categories", params(ListParams, BundleParams), responses((status = 200, body = PageOut<CategoryOut>)))]
async fn list(
    Caller(cx): Caller,
    Query(q): Query<ListParams>,
    Query(b): Query<BundleParams>,
) -> Answer<Json<PageOut<CategoryOut>>> {
    let bundle = b.bundle.filter(|b| !b.is_empty());
    Ok(PageOut::of(categories::list(&cx, q.into(), bundle).await?, CategoryOut::from))
}

/// Makes a category.
#[utoipa::path(post, path = "/categories", tag = "categories", request_body = CategoryIn, responses((status = 201, body = CategoryOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<CategoryIn>) -> Answer<(StatusCode, Json<CategoryOut>)> {
    let new = NewCategory {
        bundle: b.bundle,
        title: b.title.unwrap_or_default(),
        alias: b.alias,
        description: b.description.0.flatten(),
        color: b.color.0.flatten(),
        published: b.published,
    };
    Ok((StatusCode::CREATED, Json(categories::create(&cx, new).await?.into())))
}

/// One category.
#[utoipa::path(get, path = "/categories/{id}", tag = "categories", params(("id" = i64, Path)), responses((status = 200, body = CategoryOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<CategoryId>) -> Answer<Json<CategoryOut>> {
    Ok(Json(categories::get(&cx, id).await?.into()))
}

/// Changes what is named.
#[utoipa::path(patch, path = "/categories/{id}", tag = "categories", params(("id" = i64, Path)), request_body = CategoryIn, responses((status = 200, body = CategoryOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<CategoryId>, Body(b): Body<CategoryIn>) -> Answer<Json<CategoryOut>> {
    let patch = CategoryPatch {
        version: b.version,
        title: b.title,
        alias: b.alias,
        description: b.description.0,
        color: b.color.0,
        published: b.published,
    };
    Ok(Json(categories::update(&cx, id, patch).await?.into()))
}

/// Deletes a category; the things in it are in none.
#[utoipa::path(delete, path = "/categories/{id}", tag = "categories", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<CategoryId>) -> Answer<StatusCode> {
    categories::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted category back, with everything that was in it.
#[utoipa::path(post, path = "/categories/{id}/restore", tag = "categories", params(("id" = i64, Path)), responses((status = 200, body = CategoryOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<CategoryId>) -> Answer<Json<CategoryOut>> {
    Ok(Json(categories::restore(&cx, id).await?.into()))
}

/// Something that is in a category.
#[derive(Debug, Serialize, ToSchema)]
struct CategoryUseOut {
    #[serde(rename = "type")]
    kind: &'static str,
    id: i64,
    name: String,
}

/// Everything that is in a category.
#[utoipa::path(get, path = "/categories/{id}/usage", tag = "categories", params(("id" = i64, Path)), responses((status = 200, body = Vec<CategoryUseOut>)))]
async fn usage(Caller(cx): Caller, Path(id): Path<CategoryId>) -> Answer<Json<Vec<CategoryUseOut>>> {
    let found = categories::usage(&cx, id).await?;
    Ok(Json(found.into_iter().map(|u| CategoryUseOut { kind: u.kind, id: u.id, name: u.name }).collect()))
}

/// A thing and its category.
#[derive(Debug, Serialize, ToSchema)]
struct ThingCategoryOut {
    id: i64,
    category: Option<CategoryRefOut>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ThingsParams {
    /// Ids with commas between.
    ids: String,
}

/// The categories of things of a kind: `segment`, `email`, `page`, `form`, `campaign`, `stage`, `point_action`, `point_trigger`.
#[utoipa::path(get, path = "/categories/things/{kind}", tag = "categories", params(("kind" = String, Path), ThingsParams), responses((status = 200, body = Vec<ThingCategoryOut>)))]
async fn of_things(
    Caller(cx): Caller,
    Path(kind): Path<String>,
    Query(q): Query<ThingsParams>,
) -> Answer<Json<Vec<ThingCategoryOut>>> {
    let (_, table) = categories::thing(&cx, &kind)?;
    let ids: Vec<i64> = q.ids.split(',').filter_map(|id| id.trim().parse().ok()).take(MOST_THINGS).collect();
    let found = categories::of_rows(&cx, table, ids.clone()).await?;
    Ok(Json(ids.into_iter().map(|id| ThingCategoryOut { id, category: found.get(&id).map(CategoryRefOut::from) }).collect()))
}

/// So many things are asked about at once.
const MOST_THINGS: usize = 500;

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct PlaceIn {
    /// Null: in none.
    category_id: Option<i64>,
}

/// Puts a thing into a category, or takes it out.
#[utoipa::path(put, path = "/categories/things/{kind}/{id}", tag = "categories", params(("kind" = String, Path), ("id" = i64, Path)), request_body = PlaceIn, responses((status = 200, body = ThingCategoryOut)))]
async fn place(
    Caller(cx): Caller,
    Path((kind, id)): Path<(String, i64)>,
    Body(b): Body<PlaceIn>,
) -> Answer<Json<ThingCategoryOut>> {
    let (bundle, table) = categories::thing(&cx, &kind)?;
    categories::place(&cx, bundle, table, id, b.category_id.map(CategoryId)).await?;
    let found = categories::of_rows(&cx, table, vec![id]).await?;
    Ok(Json(ThingCategoryOut { id, category: found.get(&id).map(CategoryRefOut::from) }))
}

/// A contact's word on a category.
#[derive(Debug, Serialize, ToSchema)]
struct SubscriptionOut {
    category_id: i64,
    title: String,
    subscribed: bool,
    source: String,
    at: String,
}

impl From<Subscription> for SubscriptionOut {
    fn from(s: Subscription) -> Self {
        Self { category_id: s.category.0, title: s.title, subscribed: s.subscribed, source: s.source, at: s.at.rfc3339() }
    }
}

#[derive(Debug, Deserialize, ToSchema)]
struct SubscriptionIn {
    category_id: i64,
    subscribed: bool,
}

/// What a contact wants to hear about.
#[utoipa::path(get, path = "/contacts/{id}/categories", tag = "contacts", params(("id" = i64, Path)), responses((status = 200, body = Vec<SubscriptionOut>)))]
async fn subscriptions(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<Json<Vec<SubscriptionOut>>> {
    let all = categories::subscriptions(&cx, id).await?;
    Ok(Json(all.into_iter().map(SubscriptionOut::from).collect()))
}

/// Subscribes a contact to a category, or unsubscribes her.
#[utoipa::path(post, path = "/contacts/{id}/categories", tag = "contacts", params(("id" = i64, Path)), request_body = SubscriptionIn, responses((status = 200, body = Vec<SubscriptionOut>)))]
async fn subscribe(
    Caller(cx): Caller,
    Path(id): Path<ContactId>,
    Body(b): Body<SubscriptionIn>,
) -> Answer<Json<Vec<SubscriptionOut>>> {
    categories::subscribe(&cx, id, CategoryId(b.category_id), b.subscribed).await?;
    let all = categories::subscriptions(&cx, id).await?;
    Ok(Json(all.into_iter().map(SubscriptionOut::from).collect()))
}
