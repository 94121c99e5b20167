//! Results of an email: where responses come from, and which links are clicked.

use axum::Json;
use hg_app::sending::{self, FacetCount};
use hg_core::ids::EmailId;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::Path;
use crate::native::emails::LinkStat;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(origins)).routes(routes!(click_map))
}

/// One value with the people behind it.
#[derive(Debug, Serialize, ToSchema)]
struct EmailOriginOut {
    value: String,
    opened: i64,
    clicked: i64,
}

/// Where the responses to an email come from; each person counts once.
#[derive(Debug, Serialize, ToSchema)]
struct EmailOriginsOut {
    device: Vec<EmailOriginOut>,
    client: Vec<EmailOriginOut>,
    domain: Vec<EmailOriginOut>,
    /// As the contacts say.
    country: Vec<EmailOriginOut>,
    /// `00` to `23`, in the workspace's zone.
    hour: Vec<EmailOriginOut>,
}

/// People who opened and clicked, by device, program, domain, country and hour.
#[utoipa::path(get, path = "/emails/{id}/origins", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = EmailOriginsOut)))]
async fn origins(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<EmailOriginsOut>> {
    let mut found = sending::origins(&cx, id).await?;
    let mut of = |facet: &str| -> Vec<EmailOriginOut> {
        let list = found.remove(facet).unwrap_or_default().into_iter();
        list.map(|FacetCount { value, opened, clicked }| EmailOriginOut { value, opened, clicked }).collect()
    };
    Ok(Json(EmailOriginsOut {
        device: of("device"),
        client: of("client"),
        domain: of("domain"),
        country: of("country"),
        hour: of("hour"),
    }))
}

/// An email with the clicks on each of its links.
#[derive(Debug, Serialize, ToSchema)]
struct ClickMapOut {
    /// A sample in which each counted link leads to `/r/` and its number in `links`.
    html: String,
    links: Vec<LinkStat>,
}

/// The email as it stands, with the clicks on each of its links.
#[utoipa::path(get, path = "/emails/{id}/click-map", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = ClickMapOut)))]
async fn click_map(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<ClickMapOut>> {
    let map = sending::click_map(&cx, id).await?;
    Ok(Json(ClickMapOut { html: map.html, links: map.links.into_iter().map(LinkStat::from).collect() }))
}
