//! Why a contact got an email, or why not.

use axum::Json;
use hg_app::sending::{self, Message, WhyRule};
use hg_core::ids::{ContactId, EmailId};
use hg_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Path, Query};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(why))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct WhyParams {
    /// Id of the contact.
    contact: i64,
}

/// One message of the email to the contact.
#[derive(Serialize, ToSchema)]
struct WhyMessage {
    id: i64,
    state: String,
    address: String,
    /// What brought it about.
    cause: String,
    reason: Option<String>,
    made_at: String,
    due_at: String,
    sent_at: Option<String>,
    opened_at: Option<String>,
    clicked_at: Option<String>,
}

/// One of the rules that decide, as it stands now.
#[derive(Serialize, ToSchema)]
struct WhyRuleOut {
    /// The reason that it gives when it does not hold, such as `opted-out`.
    rule: String,
    /// Whether it is asked for this kind of email at all.
    asked: bool,
    holds: bool,
    /// What it sees, in words.
    seen: String,
}

impl From<WhyRule> for WhyRuleOut {
    fn from(r: WhyRule) -> Self {
        Self { rule: r.rule.as_str().to_owned(), asked: r.asked, holds: r.holds, seen: r.seen }
    }
}

/// Why a contact got an email, or why not.
#[derive(Serialize, ToSchema)]
struct EmailWhy {
    /// One sentence.
    answer: String,
    /// What comes next, in a sentence.
    next: String,
    /// Every rule in the order in which they are asked; the first that is asked and does not hold decides.
    rules: Vec<WhyRuleOut>,
    /// The oldest first.
    messages: Vec<WhyMessage>,
}

impl From<Message> for WhyMessage {
    fn from(m: Message) -> Self {
        let at = |t: Option<Timestamp>| t.map(Timestamp::rfc3339);
        Self {
            id: m.id.0,
            state: m.state.key().to_owned(),
            address: m.address,
            cause: m.cause,
            reason: m.reason,
            made_at: m.made_at.rfc3339(),
            due_at: m.due_at.rfc3339(),
            sent_at: at(m.sent_at),
            opened_at: at(m.opened_at),
            clicked_at: at(m.clicked_at),
        }
    }
}

/// Why a contact got this email, or why not.
#[utoipa::path(get, path = "/emails/{id}/why", tag = "emails", params(("id" = i64, Path), WhyParams), responses((status = 200, body = EmailWhy)))]
async fn why(Caller(cx): Caller, Path(id): Path<EmailId>, Query(q): Query<WhyParams>) -> Answer<Json<EmailWhy>> {
    let why = sending::why(&cx, id, ContactId(q.contact)).await?;
    Ok(Json(EmailWhy {
        answer: why.answer,
        next: why.next,
        rules: why.rules.into_iter().map(WhyRuleOut::from).collect(),
        messages: why.messages.into_iter().map(WhyMessage::from).collect(),
    }))
}
