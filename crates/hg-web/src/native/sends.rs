//! The send of an email to its segments: planned, asked for, allowed, paused, called back.

use axum::Json;
use axum::http::HeaderMap;
use hg_app::sending::{self, Queued, SendPlan, Wish};
use hg_app::{Error, emails, users};
use hg_core::ids::{ContactId, EmailId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::emails::EmailOut;
use super::maybe::instant;
use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, Path};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(send))
        .routes(routes!(plan))
        .routes(routes!(pause))
        .routes(routes!(resume))
        .routes(routes!(call_back))
        .routes(routes!(approve))
        .routes(routes!(refuse))
        .routes(routes!(send_to_one))
}

/// How a send is wanted.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct SendWish {
    /// Not before this instant; none: at once.
    at: Option<String>,
    /// Minutes in which it can be called back, 0 to 60.
    undo_minutes: i64,
    /// At most so many mails an hour; 0: as fast as it goes.
    per_hour: i64,
    /// Whoever joins the segments later gets it too; absent: as the email says.
    evergreen: Option<bool>,
}

/// How a send goes out.
#[derive(Serialize, ToSchema)]
struct SendPlanOut {
    #[schema(value_type = super::words::SendState)]
    send_state: String,
    /// Why it stopped by itself, if it did.
    stopped_reason: Option<String>,
    /// When it begins or began; none: it was never sent.
    starts_at: Option<String>,
    /// At most so many an hour; 0: as fast as it goes.
    per_hour: i64,
    asked_by: Option<String>,
    answered_by: Option<String>,
    /// Why somebody said no.
    answer: Option<String>,
    /// Whether you may send, or ask for it.
    you_may_send: bool,
    /// The time to change one's mind that the settings suggest.
    undo_minutes: i64,
}

impl SendPlanOut {
    async fn of(cx: &hg_app::Cx, email: emails::Email, plan: Option<SendPlan>) -> Result<Self, Error> {
        let ids: Vec<i64> = plan.iter().flat_map(|p| [p.asked_by, p.answered_by]).flatten().map(|id| id.0).collect();
        let names = cx.db().read(move |tx| users::names(tx, &ids)).await?;
        let name = |id: Option<hg_core::ids::UserId>| id.and_then(|id| names.get(&id.0).cloned());
        Ok(Self {
            send_state: email.send_state.key().to_owned(),
            stopped_reason: email.stopped_reason,
            starts_at: plan.as_ref().map(|p| p.starts_at.rfc3339()),
            per_hour: plan.as_ref().map_or(0, |p| p.per_hour),
            asked_by: name(plan.as_ref().and_then(|p| p.asked_by)),
            answered_by: name(plan.as_ref().and_then(|p| p.answered_by)),
            answer: plan.and_then(|p| p.answer),
            you_may_send: cx.may(hg_app::Action::Send).is_ok(),
            undo_minutes: cx.ws.settings().pace.undo_minutes,
        })
    }
}

/// Sends to the segments, now or later; again: to those who joined since. Who may not send asks an administrator.
#[utoipa::path(post, path = "/emails/{id}/send", tag = "emails", params(("id" = i64, Path)),
    request_body = SendWish, responses((status = 200, body = EmailOut)))]
async fn send(Caller(cx): Caller, Path(id): Path<EmailId>, Body(b): Body<SendWish>) -> Answer<Json<EmailOut>> {
    let wish = Wish { at: instant("/at", b.at)?, undo_minutes: b.undo_minutes, per_hour: b.per_hour, evergreen: b.evergreen };
    Ok(Json(sending::send_to_segments(&cx, id, wish).await?.email.into()))
}

/// How a send goes out, and who allowed it.
#[utoipa::path(get, path = "/emails/{id}/send", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = SendPlanOut)))]
async fn plan(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<SendPlanOut>> {
    let (email, plan) = sending::plan(&cx, id).await?;
    Ok(Json(SendPlanOut::of(&cx, email, plan).await?))
}

/// Stops handing over.
#[utoipa::path(post, path = "/emails/{id}/pause", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = EmailOut)))]
async fn pause(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<EmailOut>> {
    Ok(Json(sending::pause(&cx, id).await?.email.into()))
}

/// Goes on.
#[utoipa::path(post, path = "/emails/{id}/resume", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = EmailOut)))]
async fn resume(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<EmailOut>> {
    Ok(Json(sending::resume(&cx, id).await?.email.into()))
}

/// Calls a send back before it begins; once it runs, cancels what has not left.
#[utoipa::path(post, path = "/emails/{id}/call-back", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = EmailOut)))]
async fn call_back(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<EmailOut>> {
    Ok(Json(sending::call_back(&cx, id).await?.email.into()))
}

/// Says yes to a send that somebody asked for.
#[utoipa::path(post, path = "/emails/{id}/approve", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = EmailOut)))]
async fn approve(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<EmailOut>> {
    Ok(Json(sending::approve(&cx, id).await?.email.into()))
}

/// Why not.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RefusalIn {
    /// What should change first.
    answer: String,
}

/// Says no to a send that somebody asked for.
#[utoipa::path(post, path = "/emails/{id}/refuse", tag = "emails", params(("id" = i64, Path)),
    request_body = RefusalIn, responses((status = 200, body = EmailOut)))]
async fn refuse(Caller(cx): Caller, Path(id): Path<EmailId>, Body(b): Body<RefusalIn>) -> Answer<Json<EmailOut>> {
    Ok(Json(sending::refuse(&cx, id, &b.answer).await?.email.into()))
}

/// One message to one contact.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SingleSend {
    contact_id: i64,
    /// Texts for tokens of this message: `{"order": "A-17"}` fills `{order}`.
    #[serde(default)]
    tokens: Option<serde_json::Map<String, serde_json::Value>>,
    /// Ids of files that go out with this message, beside those of the email.
    #[serde(default)]
    attachments: Vec<i64>,
    /// The same key again gives the same answer and sends nothing; the header `Idempotency-Key` does the same.
    #[serde(default)]
    idempotency_key: Option<String>,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
struct SingleSent {
    /// None: it was not sent.
    message_id: Option<i64>,
    /// Why it was not sent, in a word and in a sentence.
    skipped: Option<String>,
    skipped_text: Option<String>,
}

/// Sends an email to one contact at once, as an answer to something she did: in spite of an opt-out, but not of a bounce.
#[utoipa::path(post, path = "/emails/{id}/send-to", tag = "emails", params(("id" = i64, Path)),
    request_body = SingleSend, responses((status = 200, body = SingleSent)))]
async fn send_to_one(
    Caller(cx): Caller,
    Path(id): Path<EmailId>,
    headers: HeaderMap,
    Body(b): Body<SingleSend>,
) -> Answer<Json<SingleSent>> {
    let key = b.idempotency_key.or_else(|| key_of(&headers));
    let personal = sending::Personal { tokens: b.tokens.map(serde_json::Value::Object), attachments: b.attachments };
    let queued = sending::send_to_contact(&cx, id, ContactId(b.contact_id), personal, key).await?;
    Ok(Json(match queued {
        Queued::Queued(send) => SingleSent { message_id: Some(send.0), skipped: None, skipped_text: None },
        Queued::Skipped(why) => {
            SingleSent { message_id: None, skipped: Some(why.as_str().to_owned()), skipped_text: Some(why.text().to_owned()) }
        }
    }))
}

/// The key with which a client names its wish.
pub fn key_of(headers: &HeaderMap) -> Option<String> {
    headers.get("idempotency-key").map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned())
}
