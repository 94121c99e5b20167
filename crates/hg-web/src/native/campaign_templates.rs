//! Campaigns to start from.

use axum::Json;
use axum::http::StatusCode;
use hg_app::campaigns;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::campaigns::{CampaignOut, SourceIn, sources_in};
use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, Path};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(create))
}

/// A campaign to start from.
#[derive(Serialize, ToSchema)]
struct CampaignTemplate {
    key: String,
    name: String,
    description: String,
    /// What is to be chosen before it can start.
    needs: String,
    steps: usize,
}

#[derive(Deserialize, ToSchema)]
struct FromTemplate {
    name: Option<String>,
    #[serde(default)]
    sources: Vec<SourceIn>,
}

/// Campaigns to start from.
#[utoipa::path(get, path = "/campaigns/templates", tag = "campaigns", responses((status = 200, body = Vec<CampaignTemplate>)))]
async fn list(Caller(cx): Caller) -> Answer<Json<Vec<CampaignTemplate>>> {
    cx.may(hg_app::Action::View(hg_app::Area::Campaigns))?;
    let shown = campaigns::templates().into_iter().map(|t| CampaignTemplate {
        key: t.key.into(),
        name: t.name.into(),
        description: t.description.into(),
        needs: t.needs.into(),
        steps: t.steps.len(),
    });
    Ok(Json(shown.collect()))
}

/// Makes a draft of a template; what only the workspace knows is left open.
#[utoipa::path(post, path = "/campaigns/templates/{key}", tag = "campaigns", params(("key" = String, Path)), request_body = FromTemplate, responses((status = 201, body = CampaignOut)))]
async fn create(
    Caller(cx): Caller,
    Path(key): Path<String>,
    Body(b): Body<FromTemplate>,
) -> Answer<(StatusCode, Json<CampaignOut>)> {
    let made = campaigns::create_from(&cx, &key, b.name, sources_in(b.sources)?).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}
