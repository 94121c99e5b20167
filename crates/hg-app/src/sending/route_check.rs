//! The ways out, for people: how each fares, and a mail that tries one of them.

use hg_core::emails::{Message, Sender};
use hg_core::forms::is_email_address;
use hg_core::ids::alphanumeric;

use super::compose::{Desk, Letter, Outgoing};
use super::routes::{MailRoutes, RouteHealth};
use super::test_send::deliver;
use super::transport::Envelope;
use crate::audit::{self, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::emails::EmailError;
use crate::error::{Error, Result};

/// The ways out in order of priority; none while the outbox catches everything.
pub fn routes(cx: &Cx) -> Result<Vec<RouteHealth>> {
    cx.may(Action::View(Area::Settings))?;
    Ok(cx.ws.get_part::<MailRoutes>().map(|routes| routes.0.health()).unwrap_or_default())
}

/// Sends a short mail through one way alone, so that a spare one is known to work before it is needed.
pub async fn try_route(cx: &Cx, number: usize, to: &str) -> Result<()> {
    cx.may(Action::Edit(Area::Settings))?;
    let to = to.trim();
    if !is_email_address(to) {
        return Err(Error::field("/to", "email", "Write an email address to send the test to."));
    }
    let routes = cx.ws.get_part::<MailRoutes>();
    let way = routes.as_ref().and_then(|routes| routes.0.alone(number));
    let way = way.ok_or_else(|| Error::not_found("way out", number))?;
    let desk = Desk::open(cx).await?;
    if desk.sender_email.is_empty() {
        return Err(EmailError::NoSender.into());
    }
    let text = format!("This mail left through {}. If you can read it, this way works.", way.describe());
    let message = Message {
        subject: "[TEST] A way out for mail".to_owned(),
        preheader: String::new(),
        html: format!("<p>{}</p>", hg_core::tokens::escaped_html(&text)),
        text,
    };
    let from = Sender { name: desk.sender_name.clone(), address: desk.sender_email.clone() };
    let message_id = format!("test.{}@localhost", alphanumeric(cx.chance(), 20));
    let letter = Letter {
        message: &message,
        from: &from,
        reply_to: None,
        to: ("", to),
        message_id: &message_id,
        date: cx.now(),
        unsubscribe: None,
        headers: &[("Auto-Submitted".to_owned(), "auto-generated".to_owned())],
        key: None,
        attachments: &[],
    };
    let outgoing = Outgoing {
        envelope: Envelope { sender: from.address.clone(), recipient: to.to_owned() },
        subject: message.subject.clone(),
        bytes: desk.signers.sign(&from.address, letter.build(), cx.now()),
    };
    let (who, name) = (cx.who(), way.describe());
    deliver(way, &[outgoing]).await?;
    let entry = Entry::new(Deed::Send, "way out", i64::try_from(number).unwrap_or(0), &name);
    cx.db().write(move |tx| audit::record(tx, &who, entry.clone())).await
}
