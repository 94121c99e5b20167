//! Why did this contact get this email, or why not?

use hg_core::emails::{Candidate, Purpose, SendState, Verdict, judge};
use hg_core::ids::{ContactId, EmailId, SendId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};

use super::audience;
use super::ledger::{self, reason_text};
use super::queue::addressee;
use crate::cx::{Action, Area, Cx};
use crate::emails::{self, Email, Kind, SendingState};
use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    pub email: String,
    /// One sentence.
    pub answer: String,
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
            let contact = crate::contacts::survivor(tx, contact)?;
            let messages = messages(tx, email.id, contact)?;
            let answer = match messages.last() {
                Some(last) => told(last),
                None => never(&ws, tx, &email, contact)?,
            };
            Ok(Why { email: email.name, answer, messages })
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

/// There is no message: nobody wanted one, or the send to segments would leave this contact out.
fn never(ws: &Workspace, tx: &mut Tx<'_>, email: &Email, contact: ContactId) -> Result<String> {
    if email.kind == Kind::Template {
        return Ok("Never sent: no campaign step, form or call of the API wanted this email for this contact.".to_owned());
    }
    let id = u32::try_from(contact.0).unwrap_or(0);
    let candidate = Candidate {
        published: email.published,
        in_audience: audience::people(ws, tx, email)?.binary_search(&id).is_ok(),
        had_it_already: ledger::had_it(tx, email.id, contact)?,
        ..addressee(tx, contact)?.candidate()
    };
    Ok(match (judge(&candidate, Purpose::Marketing), email.send_state) {
        (Verdict::Skip(skip), _) => format!("Never sent, and it would not be: {}", skip.text()),
        (Verdict::Send, SendingState::Idle) => {
            "Not sent yet. Nobody started the send to the segments; this contact would get it.".to_owned()
        }
        (Verdict::Send, _) => {
            "Not sent yet. This contact belongs to the segments now and gets it when the email is sent again.".to_owned()
        }
    })
}
