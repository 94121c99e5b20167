//! How the house looks.

use axum::Json;
use hg_app::settings::{self, BrandSettings, Profile};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::Body;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(read, write))
}

/// A profile elsewhere.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct BrandProfile {
    name: String,
    url: String,
}

/// Logo, colours and fonts that templates and blocks of emails take from.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct BrandBody {
    /// Empty: the name of the site is written.
    logo_url: String,
    logo_width: u32,
    /// Colour of buttons, as `#rrggbb`.
    primary: String,
    text: String,
    ground: String,
    card: String,
    font: String,
    /// How round buttons are, in pixels.
    radius: u32,
    profiles: Vec<BrandProfile>,
}

impl From<BrandSettings> for BrandBody {
    fn from(b: BrandSettings) -> Self {
        Self {
            logo_url: b.logo_url,
            logo_width: b.logo_width,
            primary: b.primary,
            text: b.text,
            ground: b.ground,
            card: b.card,
            font: b.font,
            radius: b.radius,
            profiles: b.profiles.into_iter().map(|p| BrandProfile { name: p.name, url: p.url }).collect(),
        }
    }
}

/// How the house looks.
#[utoipa::path(get, path = "/settings/brand", tag = "settings", responses((status = 200, body = BrandBody)))]
async fn read(Caller(cx): Caller) -> Answer<Json<BrandBody>> {
    Ok(Json(settings::read_brand(&cx)?.into()))
}

/// Sets how the house looks.
#[utoipa::path(put, path = "/settings/brand", tag = "settings", request_body = BrandBody, responses((status = 200, body = BrandBody)))]
async fn write(Caller(cx): Caller, Body(b): Body<BrandBody>) -> Answer<Json<BrandBody>> {
    let new = BrandSettings {
        logo_url: b.logo_url.trim().to_owned(),
        logo_width: b.logo_width,
        primary: b.primary.trim().to_owned(),
        text: b.text.trim().to_owned(),
        ground: b.ground.trim().to_owned(),
        card: b.card.trim().to_owned(),
        font: b.font.trim().to_owned(),
        radius: b.radius,
        profiles: b
            .profiles
            .into_iter()
            .map(|p| Profile { name: p.name.trim().to_owned(), url: p.url.trim().to_owned() })
            .collect(),
    };
    Ok(Json(settings::write_brand(&cx, new).await?.into()))
}
