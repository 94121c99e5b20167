//! Why did this contact get this email, or why not?

use hg_core::emails::{SendState, Verdict};
use hg_core::ids::{ContactId, EmailId, SendId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};

use super::ledger::reason_text;
use super::why_rules::{self, WhyRule};
use crate::cx::{Action, Area, Cx};
use crate::emails::{self, Email, Kind, SendingState};
use crate::error::{Error, Result};

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    pub email: String,
    /// One sentence.
    pub answer: String,
    /// What comes next, in a sentence.
    pub next: String,
    /// Every rule with what it sees now, in the order in which they are asked; the first that is asked and does not
    /// hold decides.
    pub rules: Vec<WhyRule>,
    /// Every message of this email to this contact, the oldest first.
    pub messages: Vec<Message>,
}

/// One row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: SendId,
    pub state: SendState,
    pub address: String,
    /// What brought it about.
    pub cause: String,
    pub reason: Option<String>,
    pub made_at: Timestamp,
    pub due_at: Timestamp,
    pub sent_at: Option<Timestamp>,
    pub opened_at: Option<Timestamp>,
    pub clicked_at: Option<Timestamp>,
}

/// Explains why an email was sent to a contact, waits, or was not sent.
pub async fn why(cx: &Cx, email: EmailId, contact: ContactId) -> Result<Why> {
    cx.may(Action::View(Area::Emails))?;
    cx.may(Action::View(Area::Contacts))?;
    let ws = cx.ws.clone();
    cx.db()
        .read(move |tx| {
            let email = emails::find(tx, email)?.ok_or_else(|| Error::not_found("email", email))?;
            // Variants and translations go out in the name of the email that they belong to.
            let email = match email.parent {
                Some((parent, _)) => emails::find(tx, parent)?.ok_or_else(|| Error::not_found("email", parent))?,
                None => email,
            };
            let contact = crate::contacts::survivor(tx, contact)?;
            let messages = messages(tx, email.id, contact)?;
            let case = why_rules::look(&ws, tx, &email, contact)?;
            let (answer, next) = match messages.last() {
                Some(last) => (told(last), after(&email, last)),
                None => (never(&email, case.verdict), to_come(&email, case.verdict)),
            };
            Ok(Why { email: email.name, answer, next, rules: case.rules, messages })
        })
        .await
}

const MESSAGES: &str = "SELECT s.id, s.state, s.address, s.occasion, c.name, p.name, s.reason, s.created_at, s.due_at, s.sent_at, s.opened_at, \
     s.clicked_at FROM sends s LEFT JOIN campaigns c ON c.id = s.campaign_id LEFT JOIN campaign_steps p ON p.id = s.step_id \
     WHERE s.email_id = $1 AND s.contact_id = $2 ORDER BY s.id";

fn messages(tx: &mut Tx<'_>, email: EmailId, contact: ContactId) -> Result<Vec<Message>> {
    Ok(tx.all(Sql::new(MESSAGES).bind(email).bind(contact), |r| {
        let campaign = r.get::<Option<String>>(4)?.zip(r.get::<Option<String>>(5)?);
        Ok(Message {
            id: r.get(0)?,
            state: SendState::of_code(r.get(1)?).unwrap_or(SendState::Unknown),
            address: r.get(2)?,
            cause: cause(&r.get::<String>(3)?, campaign),
            reason: r.get::<Option<String>>(6)?.map(|reason| reason_text(&reason)),
            made_at: r.get(7)?,
            due_at: r.get(8)?,
            sent_at: r.get(9)?,
            opened_at: r.get(10)?,
            clicked_at: r.get(11)?,
        })
    })?)
}

fn cause(occasion: &str, campaign: Option<(String, String)>) -> String {
    match (campaign, occasion.split(':').next()) {
        (Some((campaign, step)), _) => format!("the step “{step}” of the campaign “{campaign}”"),
        (None, Some("campaign")) => "a campaign".to_owned(),
        (None, Some("api")) => "a call of the API".to_owned(),
        (None, Some("form")) => "a form".to_owned(),
        _ => "the send to its segments".to_owned(),
    }
}

fn told(message: &Message) -> String {
    let Message { address, cause, .. } = message;
    let reason = message.reason.as_deref().map(|r| format!(" {r}")).unwrap_or_default();
    match message.state {
        SendState::Sent => {
            let at = message.sent_at.unwrap_or(message.made_at);
            format!("Sent to {address} at {} UTC, because of {cause}.", at.sql_text())
        }
        SendState::Queued | SendState::Claimed => {
            let (made, due) = (message.made_at.sql_text(), message.due_at.sql_text());
            format!("Waits since {made} UTC to be sent to {address}, because of {cause}; due at {due} UTC.{reason}")
        }
        SendState::HandingOver => format!("Is being handed over to the mail server, because of {cause}."),
        SendState::Failed => format!("Not delivered to {address}; {cause} wanted it sent.{reason}"),
        SendState::Unknown => format!(
            "Handed over to the mail server, whose answer was never seen; {cause} wanted it. It may have arrived, so it is not sent again."
        ),
        SendState::Skipped => format!("Not sent, although {cause} wanted it.{reason}"),
    }
}

/// What follows a message.
fn after(email: &Email, message: &Message) -> String {
    let once = email.kind == Kind::Segment || email.content.purpose() == hg_core::emails::Purpose::Marketing;
    match message.state {
        SendState::Queued | SendState::Claimed => {
            format!("It leaves at {} UTC or soon after, if all rules still hold then.", message.due_at.sql_text())
        }
        SendState::HandingOver => "The answer of the mail server is awaited.".to_owned(),
        SendState::Sent if once => "Nothing: nobody gets a marketing email twice.".to_owned(),
        SendState::Sent => "Nothing, until a campaign, a form or the API wants it sent again.".to_owned(),
        SendState::Unknown => "It is not sent again by itself.".to_owned(),
        SendState::Failed | SendState::Skipped if email.kind == Kind::Segment => {
            "Nothing: each contact has one turn in the send to the segments.".to_owned()
        }
        SendState::Failed | SendState::Skipped => {
            "Nothing, unless another step, form or call of the API wants it sent.".to_owned()
        }
    }
}

/// There is no message: nobody wanted one, or the send to segments would leave this contact out.
fn never(email: &Email, verdict: Verdict) -> String {
    if email.kind == Kind::Template {
        return "Never sent: no campaign step, form or call of the API wanted this email for this contact.".to_owned();
    }
    match (verdict, email.send_state) {
        (Verdict::Skip(skip), _) => format!("Never sent, and it would not be: {}", skip.text()),
        (Verdict::Send, SendingState::Sending) if email.evergreen => {
            "Not sent yet. The send goes on, and this contact belongs to the segments now.".to_owned()
        }
        (Verdict::Send, SendingState::Idle) => {
            "Not sent yet. Nobody started the send to the segments; this contact would get it.".to_owned()
        }
        (Verdict::Send, _) => {
            "Not sent yet. This contact belongs to the segments now and gets it when the email is sent again.".to_owned()
        }
    }
}

/// What would have to happen for a first message.
fn to_come(email: &Email, verdict: Verdict) -> String {
    match (verdict, email.kind, email.send_state) {
        (Verdict::Skip(skip), _, _) => format!("Nothing, as long as this is so: {}", skip.text()),
        (Verdict::Send, Kind::Template, _) => {
            "All rules hold: it is sent as soon as a campaign, a form or the API wants it.".to_owned()
        }
        (Verdict::Send, Kind::Segment, SendingState::Sending) if email.evergreen => {
            "All rules hold: it is sent within a moment.".to_owned()
        }
        (Verdict::Send, Kind::Segment, SendingState::Scheduled) => "It is sent when the planned send begins.".to_owned(),
        (Verdict::Send, Kind::Segment, SendingState::Asked) => "It is sent when somebody allows the send.".to_owned(),
        (Verdict::Send, Kind::Segment, _) => "All rules hold: it is sent with the next send to the segments.".to_owned(),
    }
}
