//! Erasing, giving somebody her data, and forgetting what has grown old.

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hg_app::preferences::{self, Period, Rule};
use hg_app::privacy::{self, CleanUp, CleanUpDone, Consequence};
use hg_app::settings::{self, Preferences, Retention};
use hg_app::{Cx, Error};
use hg_core::ids::ContactId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, Path};
use crate::native::maybe::instant;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(consequence))
        .routes(routes!(erase))
        .routes(routes!(archive))
        .routes(routes!(read_retention, write_retention))
        .routes(routes!(count))
        .routes(routes!(clean_up))
        .routes(routes!(read_preferences, write_preferences))
        .routes(routes!(rules, set_rule))
}

/// What a contact wants on a channel.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct RuleBody {
    channel: String,
    /// At most so many messages in a period; none: as the settings say.
    #[serde(default)]
    most: Option<i64>,
    #[serde(default)]
    #[schema(value_type = Option<super::words::PeriodWord>)]
    period: Option<String>,
    /// The channel she likes best.
    #[serde(default)]
    preferred: bool,
    /// Nothing from here…
    #[serde(default)]
    pause_from: Option<String>,
    /// … until here.
    #[serde(default)]
    pause_until: Option<String>,
}

impl From<Rule> for RuleBody {
    fn from(r: Rule) -> Self {
        Self {
            channel: r.channel,
            most: r.most,
            period: r.period.map(|p| p.key().to_lowercase()),
            preferred: r.preferred,
            pause_from: r.pause_from.map(|t| t.rfc3339()),
            pause_until: r.pause_until.map(|t| t.rfc3339()),
        }
    }
}

/// How often a contact wants to hear from us, by channel.
#[utoipa::path(get, path = "/contacts/{id}/preferences", tag = "contacts", params(("id" = i64, Path)), responses((status = 200, body = Vec<RuleBody>)))]
async fn rules(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<Json<Vec<RuleBody>>> {
    Ok(Json(preferences::rules(&cx, id).await?.into_iter().map(RuleBody::from).collect()))
}

/// Sets what a contact wants on a channel; a rule that says nothing is taken away.
#[utoipa::path(put, path = "/contacts/{id}/preferences", tag = "contacts", params(("id" = i64, Path)), request_body = RuleBody, responses((status = 200, body = Vec<RuleBody>)))]
async fn set_rule(Caller(cx): Caller, Path(id): Path<ContactId>, Body(b): Body<RuleBody>) -> Answer<Json<Vec<RuleBody>>> {
    let wrong = || Error::field("/period", "period", "Choose day, week or month.");
    let period = b.period.filter(|p| !p.is_empty()).map(|p| Period::parse(&p).ok_or_else(wrong)).transpose()?;
    let rule = Rule {
        channel: b.channel,
        most: b.most,
        period,
        preferred: b.preferred,
        pause_from: instant("/pause_from", b.pause_from)?,
        pause_until: instant("/pause_until", b.pause_until)?,
    };
    Ok(Json(preferences::set_rule(&cx, id, rule).await?.into_iter().map(RuleBody::from).collect()))
}

/// What an erasure takes away.
#[derive(Debug, Serialize, ToSchema)]
struct ConsequenceOut {
    events: i64,
    emails: i64,
    answers: i64,
    notes: i64,
    /// Campaigns that she leaves.
    campaigns: i64,
    /// Messages that wait and will not be sent.
    waiting: i64,
}

impl From<Consequence> for ConsequenceOut {
    fn from(c: Consequence) -> Self {
        Self {
            events: c.events,
            emails: c.emails,
            answers: c.answers,
            notes: c.notes,
            campaigns: c.campaigns,
            waiting: c.waiting,
        }
    }
}

/// What erasing a contact would take away.
#[utoipa::path(get, path = "/contacts/{id}/erase", tag = "privacy", params(("id" = i64, Path)), responses((status = 200, body = ConsequenceOut)))]
async fn consequence(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<Json<ConsequenceOut>> {
    Ok(Json(privacy::consequence(&cx, id).await?.into()))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(default)]
struct EraseIn {
    /// Keep the hash of the address, so that no import brings her back.
    suppress: bool,
}

impl Default for EraseIn {
    fn default() -> Self {
        Self { suppress: true }
    }
}

/// Erases a contact for good: no personal value of hers is kept anywhere. This cannot be undone.
#[utoipa::path(post, path = "/contacts/{id}/erase", tag = "privacy", params(("id" = i64, Path)), request_body = EraseIn, responses((status = 204)))]
async fn erase(Caller(cx): Caller, Path(id): Path<ContactId>, Body(b): Body<EraseIn>) -> Answer<StatusCode> {
    privacy::erase(&cx, id, b.suppress).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Everything that is kept about a contact, as a ZIP archive of JSON and CSV files.
#[utoipa::path(get, path = "/contacts/{id}/archive.zip", tag = "privacy", params(("id" = i64, Path)), responses((status = 200, content_type = "application/zip", body = Vec<u8>)))]
async fn archive(Caller(cx): Caller, Path(id): Path<ContactId>) -> Answer<Response> {
    let (name, bytes) = privacy::archive(&cx, id).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, bytes).into_response())
}

/// What is forgotten, after how many days; 0: never.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
struct RetentionSettings {
    /// Visitors whom nobody knows and who did not come again.
    visitors_days: i64,
    /// Contacts who did nothing, known ones too.
    contacts_days: i64,
    /// Visits, opens, clicks and everything else in timelines.
    events_days: i64,
    /// Addresses that people came from.
    addresses_days: i64,
}

impl From<Retention> for RetentionSettings {
    fn from(r: Retention) -> Self {
        Self {
            visitors_days: r.visitors_days,
            contacts_days: r.contacts_days,
            events_days: r.events_days,
            addresses_days: r.addresses_days,
        }
    }
}

impl RetentionSettings {
    fn rules(&self) -> CleanUp {
        CleanUp {
            visitors_days: self.visitors_days.max(0),
            contacts_days: self.contacts_days.max(0),
            events_days: self.events_days.max(0),
            addresses_days: self.addresses_days.max(0),
        }
    }
}

/// What is forgotten when it has grown old.
#[utoipa::path(get, path = "/settings/retention", tag = "settings", responses((status = 200, body = RetentionSettings)))]
async fn read_retention(Caller(cx): Caller) -> Answer<Json<RetentionSettings>> {
    Ok(Json(settings::read_retention(&cx)?.into()))
}

/// Sets what is forgotten. It begins the night after, at three in the morning.
#[utoipa::path(put, path = "/settings/retention", tag = "settings", request_body = RetentionSettings, responses((status = 200, body = RetentionSettings)))]
async fn write_retention(Caller(cx): Caller, Body(b): Body<RetentionSettings>) -> Answer<Json<RetentionSettings>> {
    let new = Retention {
        visitors_days: b.visitors_days,
        contacts_days: b.contacts_days,
        events_days: b.events_days,
        addresses_days: b.addresses_days,
        ..Retention::default()
    };
    Ok(Json(settings::write_retention(&cx, new).await?.into()))
}

/// How many of each; a hundred thousand stands for more.
#[derive(Debug, Serialize, ToSchema)]
struct CleanUpOut {
    visitors: i64,
    contacts: i64,
    events: i64,
    addresses: i64,
}

impl From<CleanUpDone> for CleanUpOut {
    fn from(d: CleanUpDone) -> Self {
        Self { visitors: d.visitors, contacts: d.contacts, events: d.events, addresses: d.addresses }
    }
}

/// What a clean-up by these rules would take now, without taking it.
#[utoipa::path(post, path = "/settings/retention/count", tag = "settings", request_body = RetentionSettings, responses((status = 200, body = CleanUpOut)))]
async fn count(Caller(cx): Caller, Body(b): Body<RetentionSettings>) -> Answer<Json<CleanUpOut>> {
    // Whoever may only look has no rules to try out.
    cx.may(hg_app::Action::Edit(hg_app::Area::Settings))?;
    Ok(Json(privacy::count(&cx, b.rules()).await?.into()))
}

/// The task that was started; none when one waits already.
#[derive(Debug, Serialize, ToSchema)]
struct CleanUpStarted {
    task_id: Option<i64>,
}

/// Cleans up now, by the rules of the settings.
#[utoipa::path(post, path = "/settings/retention/run", tag = "settings", responses((status = 200, body = CleanUpStarted)))]
async fn clean_up(Caller(cx): Caller) -> Answer<Json<CleanUpStarted>> {
    let rules = CleanUp::from(&cx.ws.settings().retention);
    Ok(Json(CleanUpStarted { task_id: privacy::start(&cx, rules).await?.map(|t| t.0) }))
}

/// How often people may hear from us, and what they may say about it on their own page.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct PreferenceSettings {
    show_preferences: bool,
    show_frequency: bool,
    show_pause_dates: bool,
    show_preferred_channel: bool,
    show_categories: bool,
    show_segments: bool,
    show_consents: bool,
    /// At most so many marketing mails in a period; 0: no limit.
    email_most: i64,
    #[schema(value_type = super::words::PeriodWord)]
    email_period: String,
    sms_most: i64,
    #[schema(value_type = super::words::PeriodWord)]
    sms_period: String,
    /// The landing page that is the preference centre; none: the built-in one.
    page_id: Option<i64>,
}

impl From<Preferences> for PreferenceSettings {
    fn from(p: Preferences) -> Self {
        Self {
            show_preferences: p.show_preferences,
            show_frequency: p.show_frequency,
            show_pause_dates: p.show_pause_dates,
            show_preferred_channel: p.show_preferred_channel,
            show_categories: p.show_categories,
            show_segments: p.show_segments,
            show_consents: p.show_consents,
            email_most: p.email_most,
            email_period: p.email_period.key().to_lowercase(),
            sms_most: p.sms_most,
            sms_period: p.sms_period.key().to_lowercase(),
            page_id: p.page_id,
        }
    }
}

/// How often people may hear from us, and what their own page shows.
#[utoipa::path(get, path = "/settings/preferences", tag = "settings", responses((status = 200, body = PreferenceSettings)))]
async fn read_preferences(Caller(cx): Caller) -> Answer<Json<PreferenceSettings>> {
    Ok(Json(settings::read_preferences(&cx)?.into()))
}

/// Sets how often people may hear from us, and what their own page shows.
#[utoipa::path(put, path = "/settings/preferences", tag = "settings", request_body = PreferenceSettings, responses((status = 200, body = PreferenceSettings)))]
async fn write_preferences(Caller(cx): Caller, Body(b): Body<PreferenceSettings>) -> Answer<Json<PreferenceSettings>> {
    Ok(Json(save_preferences(&cx, b).await?.into()))
}

async fn save_preferences(cx: &Cx, b: PreferenceSettings) -> Result<Preferences, Error> {
    let period = |pointer: &str, word: &str| {
        Period::parse(word).ok_or_else(|| Error::field(pointer.to_owned(), "period", "Choose day, week or month."))
    };
    let new = Preferences {
        show_preferences: b.show_preferences,
        show_frequency: b.show_frequency,
        show_pause_dates: b.show_pause_dates,
        show_preferred_channel: b.show_preferred_channel,
        show_categories: b.show_categories,
        show_segments: b.show_segments,
        show_consents: b.show_consents,
        email_most: b.email_most,
        email_period: period("/email_period", &b.email_period)?,
        sms_most: b.sms_most,
        sms_period: period("/sms_period", &b.sms_period)?,
        page_id: b.page_id,
    };
    settings::write_preferences(cx, new).await
}
