//! Settings of how fast mail leaves.

use axum::Json;
use hg_app::settings;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::Body;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(read_pace, write_pace))
}

/// How fast marketing mail leaves, and when it stops by itself.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(default)]
struct PaceSettings {
    /// At most so many marketing mails a day (UTC); 0: no limit.
    daily_most: i64,
    /// A new sender begins small and grows each day.
    warm_up: bool,
    /// When the warm-up began; set by switching it on.
    warm_up_since: String,
    warm_up_first: i64,
    /// Per cent a day.
    warm_up_growth: i64,
    /// No marketing mail at night, in the contact's own zone.
    quiet: bool,
    /// Minutes of the day.
    quiet_from: i64,
    quiet_until: i64,
    /// A send to segments stops when more than so many per cent come back for good; 0: never.
    stop_bounced_percent: i64,
    /// The same for reports of spam, in thousandths.
    stop_complained_permille: i64,
    /// Minutes in which a send to segments can be called back, unless its author says otherwise.
    undo_minutes: i64,
}

impl Default for PaceSettings {
    fn default() -> Self {
        settings::Pace::default().into()
    }
}

impl From<settings::Pace> for PaceSettings {
    fn from(p: settings::Pace) -> Self {
        Self {
            daily_most: p.daily_most,
            warm_up: p.warm_up,
            warm_up_since: p.warm_up_since.rfc3339(),
            warm_up_first: p.warm_up_first,
            warm_up_growth: p.warm_up_growth,
            quiet: p.quiet,
            quiet_from: p.quiet_from,
            quiet_until: p.quiet_until,
            stop_bounced_percent: p.stop_bounced_percent,
            stop_complained_permille: p.stop_complained_permille,
            undo_minutes: p.undo_minutes,
        }
    }
}

/// How fast mail leaves.
#[utoipa::path(get, path = "/settings/pace", tag = "settings", responses((status = 200, body = PaceSettings)))]
async fn read_pace(Caller(cx): Caller) -> Answer<Json<PaceSettings>> {
    Ok(Json(settings::read_pace(&cx)?.into()))
}

/// Sets how fast mail leaves.
#[utoipa::path(put, path = "/settings/pace", tag = "settings", request_body = PaceSettings, responses((status = 200, body = PaceSettings)))]
async fn write_pace(Caller(cx): Caller, Body(b): Body<PaceSettings>) -> Answer<Json<PaceSettings>> {
    let new = settings::Pace {
        daily_most: b.daily_most,
        warm_up: b.warm_up,
        warm_up_first: b.warm_up_first,
        warm_up_growth: b.warm_up_growth,
        quiet: b.quiet,
        quiet_from: b.quiet_from,
        quiet_until: b.quiet_until,
        stop_bounced_percent: b.stop_bounced_percent,
        stop_complained_permille: b.stop_complained_permille,
        undo_minutes: b.undo_minutes,
        ..settings::Pace::default()
    };
    Ok(Json(settings::write_pace(&cx, new).await?.into()))
}
