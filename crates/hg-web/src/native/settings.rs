//! What people set.

use axum::Json;
use hg_app::settings::{self, Campaigns, General, Identity, Imports, Outgoing, Sending, Tracking, UnverifiedUpdates};
use hg_core::campaigns::Republish;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::Body;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(read_general, write_general))
        .routes(routes!(read_sending, write_sending))
        .routes(routes!(read_tracking, write_tracking))
        .routes(routes!(read_identity, write_identity))
        .routes(routes!(read_outgoing, write_outgoing))
        .routes(routes!(read_imports, write_imports))
        .routes(routes!(read_campaigns, write_campaigns))
}

/// Who and where the workspace is.
#[derive(Serialize, Deserialize, ToSchema)]
struct GeneralSettings {
    site_name: String,
    #[serde(default)]
    site_url: String,
    timezone: String,
    #[serde(default = "english")]
    locale: String,
    date_format: Option<String>,
    time_format: Option<String>,
    #[serde(default)]
    postal_address: String,
}

fn english() -> String {
    "en".into()
}

/// Who mail comes from and what it carries.
#[derive(Serialize, Deserialize, ToSchema)]
struct SendingSettings {
    #[serde(default)]
    sender_name: String,
    #[serde(default)]
    sender_email: String,
    #[serde(default)]
    reply_to: String,
    unsubscribe_text: String,
    webview_text: String,
    /// Set by the configuration, not here.
    #[serde(default)]
    #[schema(value_type = Option<super::words::TransportWord>)]
    transport_in_use: String,
    max_connections: u32,
    unsubscribe_on_get: bool,
    track_opens: bool,
    track_clicks: bool,
    /// Each contact's owner is the sender of what the contact gets.
    #[serde(default)]
    owner_sends: bool,
}

/// How visitors are tracked.
#[derive(Serialize, Deserialize, ToSchema)]
struct TrackingSettings {
    respect_gpc: bool,
    respect_dnt: bool,
    track_own_users: bool,
    anonymize_ip: bool,
    #[serde(default)]
    do_not_track_ips: Vec<String>,
    #[serde(default)]
    cors_valid_domains: Vec<String>,
    /// `fill`, `overwrite` or `none`.
    public_update_unverified: UpdateRule,
    /// What mail scanners open and follow counts as if people had.
    #[serde(default)]
    count_machines: bool,
    /// Each mail gets a link that no person sees; whatever follows it is a machine.
    #[serde(default)]
    hidden_link: bool,
    /// What goes into the pages of a website; made for you.
    #[serde(default)]
    script_snippet: String,
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum UpdateRule {
    Fill,
    Overwrite,
    None,
}

fn general_out(g: General) -> GeneralSettings {
    GeneralSettings {
        site_name: g.site_name,
        site_url: g.site_url,
        timezone: g.timezone,
        locale: g.locale,
        date_format: Some(g.date_format),
        time_format: Some(g.time_format),
        postal_address: g.postal_address,
    }
}

/// The general settings.
#[utoipa::path(get, path = "/settings/general", tag = "settings", responses((status = 200, body = GeneralSettings)))]
async fn read_general(Caller(cx): Caller) -> Answer<Json<GeneralSettings>> {
    Ok(Json(general_out(settings::read_general(&cx)?)))
}

/// Sets the general settings.
#[utoipa::path(put, path = "/settings/general", tag = "settings", request_body = GeneralSettings, responses((status = 200, body = GeneralSettings)))]
async fn write_general(Caller(cx): Caller, Body(b): Body<GeneralSettings>) -> Answer<Json<GeneralSettings>> {
    let before = cx.ws.settings();
    let new = General {
        site_name: b.site_name,
        site_url: b.site_url,
        timezone: b.timezone,
        locale: b.locale,
        date_format: b.date_format.unwrap_or_else(|| before.general.date_format.clone()),
        time_format: b.time_format.unwrap_or_else(|| before.general.time_format.clone()),
        postal_address: b.postal_address,
    };
    Ok(Json(general_out(settings::write_general(&cx, new).await?)))
}

fn sending_out(cx: &hg_app::Cx, s: Sending) -> SendingSettings {
    SendingSettings {
        sender_name: s.sender_name,
        sender_email: s.sender_email,
        reply_to: s.reply_to,
        unsubscribe_text: s.unsubscribe_text,
        webview_text: s.webview_text,
        transport_in_use: cx.ws.mail_transport().to_owned(),
        max_connections: s.max_connections,
        unsubscribe_on_get: s.unsubscribe_on_get,
        track_opens: s.track_opens,
        track_clicks: s.track_clicks,
        owner_sends: s.owner_sends,
    }
}

/// The sending settings.
#[utoipa::path(get, path = "/settings/sending", tag = "settings", responses((status = 200, body = SendingSettings)))]
async fn read_sending(Caller(cx): Caller) -> Answer<Json<SendingSettings>> {
    let s = settings::read_sending(&cx)?;
    Ok(Json(sending_out(&cx, s)))
}

/// Sets the sending settings.
#[utoipa::path(put, path = "/settings/sending", tag = "settings", request_body = SendingSettings, responses((status = 200, body = SendingSettings)))]
async fn write_sending(Caller(cx): Caller, Body(b): Body<SendingSettings>) -> Answer<Json<SendingSettings>> {
    let new = Sending {
        sender_name: b.sender_name,
        sender_email: b.sender_email,
        reply_to: b.reply_to,
        unsubscribe_text: b.unsubscribe_text,
        webview_text: b.webview_text,
        max_connections: b.max_connections,
        unsubscribe_on_get: b.unsubscribe_on_get,
        track_opens: b.track_opens,
        track_clicks: b.track_clicks,
        owner_sends: b.owner_sends,
    };
    let s = settings::write_sending(&cx, new).await?;
    Ok(Json(sending_out(&cx, s)))
}

fn tracking_out(cx: &hg_app::Cx, t: Tracking) -> TrackingSettings {
    let general = &cx.ws.settings().general.site_url;
    let site = if general.is_empty() { &cx.ws.site.url } else { general };
    TrackingSettings {
        respect_gpc: t.respect_gpc,
        respect_dnt: t.respect_dnt,
        track_own_users: t.track_own_users,
        anonymize_ip: t.anonymize_ip,
        do_not_track_ips: t.do_not_track_ips,
        cors_valid_domains: t.cors_valid_domains,
        count_machines: t.count_machines,
        hidden_link: t.hidden_link,
        public_update_unverified: match t.public_update_unverified {
            UnverifiedUpdates::Fill => UpdateRule::Fill,
            UnverifiedUpdates::Overwrite => UpdateRule::Overwrite,
            UnverifiedUpdates::None => UpdateRule::None,
        },
        script_snippet: format!(
            "<script>\n(function(w,d,s,u,n){{w.MauticTrackingObject=n;w[n]=w[n]||function(){{(w[n].q=w[n].q||[]).push(arguments)}};\n\
             var a=d.createElement(s),m=d.getElementsByTagName(s)[0];a.async=1;a.src=u;m.parentNode.insertBefore(a,m)}})\n\
             (window,document,'script','{site}/mtc.js','mt');\nmt('send','pageview');\n</script>"
        ),
    }
}

/// How contacts are told apart.
#[derive(Serialize, Deserialize, ToSchema)]
struct IdentitySettings {
    /// All identifiers that somebody gives must be a contact's; otherwise any of them is enough.
    all_identifiers: bool,
    /// The same for companies.
    #[serde(default)]
    all_company_identifiers: bool,
    /// A contact belongs to one company at most.
    #[serde(default)]
    one_company: bool,
}

impl From<Identity> for IdentitySettings {
    fn from(i: Identity) -> Self {
        Self {
            all_identifiers: i.all_identifiers,
            all_company_identifiers: i.all_company_identifiers,
            one_company: i.one_company,
        }
    }
}

/// How contacts are told apart.
#[utoipa::path(get, path = "/settings/identity", tag = "settings", responses((status = 200, body = IdentitySettings)))]
async fn read_identity(Caller(cx): Caller) -> Answer<Json<IdentitySettings>> {
    Ok(Json(settings::read_identity(&cx)?.into()))
}

/// Sets how contacts are told apart.
#[utoipa::path(put, path = "/settings/identity", tag = "settings", request_body = IdentitySettings, responses((status = 200, body = IdentitySettings)))]
async fn write_identity(Caller(cx): Caller, Body(b): Body<IdentitySettings>) -> Answer<Json<IdentitySettings>> {
    let new = Identity {
        all_identifiers: b.all_identifiers,
        all_company_identifiers: b.all_company_identifiers,
        one_company: b.one_company,
    };
    Ok(Json(settings::write_identity(&cx, new).await?.into()))
}

/// Which servers of others are asked.
#[derive(Serialize, Deserialize, ToSchema)]
struct OutgoingSettings {
    /// Webhooks, imports and providers may be at machines of one's own network.
    allow_private_addresses: bool,
}

/// Which servers of others are asked.
#[utoipa::path(get, path = "/settings/outgoing", tag = "settings", responses((status = 200, body = OutgoingSettings)))]
async fn read_outgoing(Caller(cx): Caller) -> Answer<Json<OutgoingSettings>> {
    let o = settings::read_outgoing(&cx)?;
    Ok(Json(OutgoingSettings { allow_private_addresses: o.allow_private_addresses }))
}

/// Sets which servers of others are asked.
#[utoipa::path(put, path = "/settings/outgoing", tag = "settings", request_body = OutgoingSettings, responses((status = 200, body = OutgoingSettings)))]
async fn write_outgoing(Caller(cx): Caller, Body(b): Body<OutgoingSettings>) -> Answer<Json<OutgoingSettings>> {
    let new = settings::write_outgoing(&cx, Outgoing { allow_private_addresses: b.allow_private_addresses }).await?;
    Ok(Json(OutgoingSettings { allow_private_addresses: new.allow_private_addresses }))
}

/// How imports run.
#[derive(Serialize, Deserialize, ToSchema)]
struct ImportSettings {
    /// So many run at once, one or two; the others wait.
    parallel: i64,
}

impl From<Imports> for ImportSettings {
    fn from(i: Imports) -> Self {
        Self { parallel: i.parallel }
    }
}

/// How imports run.
#[utoipa::path(get, path = "/settings/imports", tag = "settings", responses((status = 200, body = ImportSettings)))]
async fn read_imports(Caller(cx): Caller) -> Answer<Json<ImportSettings>> {
    Ok(Json(settings::read_imports(&cx)?.into()))
}

/// Sets how imports run.
#[utoipa::path(put, path = "/settings/imports", tag = "settings", request_body = ImportSettings, responses((status = 200, body = ImportSettings)))]
async fn write_imports(Caller(cx): Caller, Body(b): Body<ImportSettings>) -> Answer<Json<ImportSettings>> {
    Ok(Json(settings::write_imports(&cx, Imports { parallel: b.parallel }).await?.into()))
}

/// What holds for campaigns that do not say otherwise.
#[derive(Serialize, Deserialize, ToSchema)]
struct CampaignSettings {
    /// What becomes of waits when a paused campaign is published again.
    #[schema(value_type = super::words::RepublishWord)]
    republish: Republish,
}

/// What holds for campaigns that do not say otherwise.
#[utoipa::path(get, path = "/settings/campaigns", tag = "settings", responses((status = 200, body = CampaignSettings)))]
async fn read_campaigns(Caller(cx): Caller) -> Answer<Json<CampaignSettings>> {
    Ok(Json(CampaignSettings { republish: settings::read_campaigns(&cx)?.republish }))
}

/// Sets what holds for campaigns that do not say otherwise.
#[utoipa::path(put, path = "/settings/campaigns", tag = "settings", request_body = CampaignSettings, responses((status = 200, body = CampaignSettings)))]
async fn write_campaigns(Caller(cx): Caller, Body(b): Body<CampaignSettings>) -> Answer<Json<CampaignSettings>> {
    let new = settings::write_campaigns(&cx, Campaigns { republish: b.republish }).await?;
    Ok(Json(CampaignSettings { republish: new.republish }))
}

/// The tracking settings.
#[utoipa::path(get, path = "/settings/tracking", tag = "settings", responses((status = 200, body = TrackingSettings)))]
async fn read_tracking(Caller(cx): Caller) -> Answer<Json<TrackingSettings>> {
    let t = settings::read_tracking(&cx)?;
    Ok(Json(tracking_out(&cx, t)))
}

/// Sets the tracking settings.
#[utoipa::path(put, path = "/settings/tracking", tag = "settings", request_body = TrackingSettings, responses((status = 200, body = TrackingSettings)))]
async fn write_tracking(Caller(cx): Caller, Body(b): Body<TrackingSettings>) -> Answer<Json<TrackingSettings>> {
    let new = Tracking {
        respect_gpc: b.respect_gpc,
        respect_dnt: b.respect_dnt,
        track_own_users: b.track_own_users,
        anonymize_ip: b.anonymize_ip,
        do_not_track_ips: b.do_not_track_ips,
        cors_valid_domains: b.cors_valid_domains,
        count_machines: b.count_machines,
        hidden_link: b.hidden_link,
        public_update_unverified: match b.public_update_unverified {
            UpdateRule::Fill => UnverifiedUpdates::Fill,
            UpdateRule::Overwrite => UnverifiedUpdates::Overwrite,
            UpdateRule::None => UnverifiedUpdates::None,
        },
    };
    let t = settings::write_tracking(&cx, new).await?;
    Ok(Json(tracking_out(&cx, t)))
}
