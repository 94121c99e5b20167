//! What comes back for messages, and the doors it comes through.

use axum::Json;
use hg_app::returns::webhooks::{self, Provider, Webhook};
use hg_app::returns::{self, Day, Look, ReturnQuery, ReturnRow, Watch};
use hg_app::{Action, Area, Error, settings};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, PageOut, Path, Query};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(days))
        .routes(routes!(read_mailbox, write_mailbox))
        .routes(routes!(look, fetch))
        .routes(routes!(watch))
        .routes(routes!(read_webhooks))
        .routes(routes!(write_webhook))
}

/// Something that came back.
#[derive(Debug, Serialize, ToSchema)]
struct ReturnOut {
    id: i64,
    received_at: String,
    /// `mailbox`, or a provider.
    source: String,
    #[schema(value_type = super::words::ReturnWord)]
    kind: String,
    /// Why a bounce came back: `unknown`, `full`, `antispam` …
    class: Option<String>,
    /// `suppress`, `count`, `alert` or `note` for bounces; `done`, or `not_ours` for mail that we never sent.
    verdict: String,
    contact_id: Option<i64>,
    email_id: Option<i64>,
    address: Option<String>,
    reason: Option<String>,
}

impl From<ReturnRow> for ReturnOut {
    fn from(r: ReturnRow) -> Self {
        Self {
            id: r.id,
            received_at: r.received_at.rfc3339(),
            source: r.source,
            kind: r.kind,
            class: r.class,
            verdict: r.verdict,
            contact_id: r.contact.map(|c| c.0),
            email_id: r.email.map(|e| e.0),
            address: r.address,
            reason: r.reason,
        }
    }
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct ReturnParams {
    /// Only this kind; all but deliveries when absent.
    #[serde(default)]
    kind: String,
    #[serde(default)]
    limit: u32,
    cursor: Option<String>,
}

/// What came back, the newest first.
#[utoipa::path(get, path = "/returns", tag = "returns", params(ReturnParams), responses((status = 200, body = PageOut<ReturnOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ReturnParams>) -> Answer<Json<PageOut<ReturnOut>>> {
    let cursor = q.cursor.filter(|c| !c.is_empty());
    let before =
        cursor.map(|c| c.parse::<i64>().map_err(|_| Error::field("/cursor", "cursor", "This cursor is not one of ours.")));
    let limit = if q.limit == 0 { 50 } else { q.limit };
    let query = ReturnQuery { kind: q.kind, before: before.transpose()?, limit };
    Ok(PageOut::of(returns::list(&cx, query).await?, ReturnOut::from))
}

/// How much came back on a day.
#[derive(Debug, Serialize, ToSchema)]
struct ReturnDayOut {
    day: String,
    source: String,
    /// `done`, `repeated`, `not_ours`, `loop`, `forged`, `stale`, `unreadable` or `later`.
    outcome: String,
    times: i64,
}

impl From<Day> for ReturnDayOut {
    fn from(d: Day) -> Self {
        Self { day: d.day.rfc3339()[..10].to_owned(), source: d.source, outcome: d.outcome, times: d.times }
    }
}

/// How much came back in the last thirty days, reports that were refused included.
#[utoipa::path(get, path = "/returns/days", tag = "returns", responses((status = 200, body = Vec<ReturnDayOut>)))]
async fn days(Caller(cx): Caller) -> Answer<Json<Vec<ReturnDayOut>>> {
    Ok(Json(returns::days(&cx, 30).await?.into_iter().map(ReturnDayOut::from).collect()))
}

/// The mailbox that bounces and answers come to.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(default)]
struct MailboxSettings {
    enabled: bool,
    /// `bounces@example.org`; bounces come to `bounces+bounce_…@example.org`.
    address: String,
    host: String,
    port: u16,
    /// TLS from the first byte.
    tls: bool,
    /// Without that: encrypted after the greeting (STARTTLS), before the password is sent.
    start_tls: bool,
    /// Whether the server's certificate must be good.
    verify: bool,
    user: String,
    /// Never told; empty keeps the one that is there.
    password: String,
    folder: String,
    every_minutes: i64,
    /// Read mails are removed instead of marked as seen.
    remove: bool,
}

impl Default for MailboxSettings {
    fn default() -> Self {
        settings::Mailbox::default().into()
    }
}

impl From<settings::Mailbox> for MailboxSettings {
    fn from(m: settings::Mailbox) -> Self {
        let settings::Mailbox {
            enabled,
            address,
            host,
            port,
            tls,
            start_tls,
            verify,
            user,
            password,
            folder,
            every_minutes,
            remove,
        } = m;
        Self { enabled, address, host, port, tls, start_tls, verify, user, password, folder, every_minutes, remove }
    }
}

/// The settings of the mailbox.
#[utoipa::path(get, path = "/settings/mailbox", tag = "settings", responses((status = 200, body = MailboxSettings)))]
async fn read_mailbox(Caller(cx): Caller) -> Answer<Json<MailboxSettings>> {
    Ok(Json(returns::read_mailbox(&cx)?.into()))
}

/// Sets the mailbox.
#[utoipa::path(put, path = "/settings/mailbox", tag = "settings", request_body = MailboxSettings, responses((status = 200, body = MailboxSettings)))]
async fn write_mailbox(Caller(cx): Caller, Body(b): Body<MailboxSettings>) -> Answer<Json<MailboxSettings>> {
    let MailboxSettings { enabled, address, host, port, tls, start_tls, verify, user, password, folder, every_minutes, remove } =
        b;
    let new =
        settings::Mailbox { enabled, address, host, port, tls, start_tls, verify, user, password, folder, every_minutes, remove };
    Ok(Json(returns::write_mailbox(&cx, new).await?.into()))
}

/// A look into the mailbox.
#[derive(Debug, Serialize, ToSchema)]
struct LookOut {
    at: String,
    /// Mails that were read.
    fetched: i64,
    /// Why it could not be read, or not to the end.
    error: Option<String>,
}

impl From<Look> for LookOut {
    fn from(l: Look) -> Self {
        Self { at: l.at.rfc3339(), fetched: l.fetched, error: l.error }
    }
}

/// The last look into the mailbox; null before the first.
#[utoipa::path(get, path = "/mailbox/look", tag = "returns", responses((status = 200, body = Option<LookOut>)))]
async fn look(Caller(cx): Caller) -> Answer<Json<Option<LookOut>>> {
    Ok(Json(returns::last_look(&cx).await?.map(LookOut::from)))
}

/// Looks into the mailbox now.
#[utoipa::path(post, path = "/mailbox/look", tag = "returns", responses((status = 200, body = LookOut)))]
async fn fetch(Caller(cx): Caller) -> Answer<Json<LookOut>> {
    Ok(Json(returns::fetch(&cx, None).await?.into()))
}

/// How new mails are heard of.
#[derive(Debug, Serialize, ToSchema)]
struct WatchOut {
    #[schema(value_type = super::words::WatchWord)]
    state: &'static str,
    /// Why the line to the mailbox broke, while it is `broken`.
    why: Option<String>,
}

impl From<Watch> for WatchOut {
    fn from(watch: Watch) -> Self {
        let (state, why) = match watch {
            Watch::Off => ("off", None),
            Watch::Polled => ("polled", None),
            Watch::Told => ("told", None),
            Watch::Broken(why) => ("broken", Some(why)),
        };
        Self { state, why }
    }
}

/// Whether the mailbox's server tells of new mails at once, or is looked into every few minutes.
#[utoipa::path(get, path = "/mailbox/watch", tag = "returns", responses((status = 200, body = WatchOut)))]
async fn watch(Caller(cx): Caller) -> Answer<Json<WatchOut>> {
    Ok(Json(returns::watch_state(&cx)?.into()))
}

/// A provider that may report.
#[derive(Debug, Serialize, ToSchema)]
struct WebhookOut {
    #[schema(value_type = super::words::ProviderWord)]
    provider: &'static str,
    /// Whether its secret is set; without one its reports are refused.
    is_set: bool,
    /// The address to enter at the provider.
    url: String,
}

impl From<Webhook> for WebhookOut {
    fn from(w: Webhook) -> Self {
        Self { provider: w.provider.key(), is_set: w.is_set, url: w.url }
    }
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct WebhookIn {
    /// The key or password to check reports with; for `ses` the ARNs of the topics. Empty: reports are refused.
    #[schema(required = true)]
    secret: String,
}

/// All providers that may report.
#[utoipa::path(get, path = "/settings/webhooks", tag = "settings", responses((status = 200, body = Vec<WebhookOut>)))]
async fn read_webhooks(Caller(cx): Caller) -> Answer<Json<Vec<WebhookOut>>> {
    Ok(Json(webhooks::read_webhooks(&cx)?.into_iter().map(WebhookOut::from).collect()))
}

/// Sets the secret of a provider.
#[utoipa::path(put, path = "/settings/webhooks/{provider}", tag = "settings", params(("provider" = String, Path)), request_body = WebhookIn, responses((status = 200, body = WebhookOut)))]
async fn write_webhook(Caller(cx): Caller, Path(provider): Path<String>, Body(b): Body<WebhookIn>) -> Answer<Json<WebhookOut>> {
    // Who may not change it is not told which ones there are.
    cx.may(Action::Edit(Area::Settings))?;
    let provider = Provider::of_key(&provider).ok_or_else(|| Error::not_found("provider", &provider))?;
    Ok(Json(webhooks::write_webhook(&cx, provider, &b.secret).await?.into()))
}
