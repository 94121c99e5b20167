//! A test: the email as it stands, to addresses of one's own, outside every statistic.

use std::collections::BTreeMap;
use std::sync::Arc;

use hg_core::emails::{CompiledEmail, Links, MessageUrls};
use hg_core::forms::is_email_address;
use hg_core::ids::{ContactId, EmailId, alphanumeric};

use super::compose::{Desk, Letter, Outgoing, Wants};
use super::outbox;
use super::transport::{Channel, Envelope, MailTransport, Transport, Undelivered};
use crate::cx::{Action, Cx};
use crate::emails::{self, ContactTexts, Email, EmailError, Prepared};
use crate::error::{Error, ErrorKind, Result};

/// At most so many addresses at once.
const MOST: usize = 20;

/// Sends a test with `[TEST]` in front of the subject; of the draft, where one waits to be published. Links lead straight to their targets, nothing can be
/// unsubscribed. With a contact, her values are filled in; without, the names of the fields.
pub async fn send_test(cx: &Cx, id: EmailId, to: Vec<String>, contact: Option<ContactId>) -> Result<usize> {
    cx.may(Action::Send)?;
    let email = match emails::draft(cx, id).await? {
        Some(draft) => draft.email,
        None => emails::get(cx, id).await?,
    };
    write_to(cx, email, to, contact, "[TEST] ").await
}

/// A message outside the ledger; `prefix` stands in front of the subject.
pub(super) async fn send_outside(
    cx: &Cx,
    id: EmailId,
    to: Vec<String>,
    contact: Option<ContactId>,
    prefix: &str,
) -> Result<usize> {
    write_to(cx, emails::get(cx, id).await?, to, contact, prefix).await
}

async fn write_to(cx: &Cx, email: Email, to: Vec<String>, contact: Option<ContactId>, prefix: &str) -> Result<usize> {
    let id = email.id;
    let to: Vec<String> = to.iter().map(|a| a.trim().to_owned()).filter(|a| !a.is_empty()).collect();
    if to.is_empty() || to.len() > MOST || !to.iter().all(|a| is_email_address(a)) {
        return Err(Error::field("/to", "email", format!("Write one to {MOST} email addresses.")));
    }
    let desk = Desk::open(cx).await?;
    let compiled = CompiledEmail::compile(&email.content.compilable(&desk.facts.site_url, true, false))
        .map_err(|e| Error::from(EmailError::Source(e.to_string())))?;
    let (ws, files) = (cx.ws.clone(), email.content.attachments.clone());
    let attachments = cx.db().read(move |tx| crate::attachments::attached_all(&ws, tx, &files)).await?;
    let mut aliases = compiled.field_aliases();
    aliases.extend(["email", "firstname", "lastname"].into_iter().filter_map(hg_core::emails::owner_alias));
    let prepared =
        Prepared { aliases, content: email.content, compiled, redirects: Vec::new(), pages: BTreeMap::new(), attachments };
    let texts = match contact {
        Some(contact) => Some(values_of(cx, contact, &prepared).await?),
        None => None,
    };
    let wants = Wants {
        contact: texts.as_ref(),
        urls: MessageUrls::Preview { email_id: id.0 },
        links: Links::Direct,
        given: &BTreeMap::new(),
        escape_given: false,
        now: cx.now(),
    };
    let (mut message, from, reply_to, headers) = desk.fill_in(&prepared, &wants).map_err(|_| EmailError::NoSender)?;
    message.subject = format!("{prefix}{}", message.subject);
    let mut outgoing = Vec::with_capacity(to.len());
    for address in &to {
        let message_id = format!("test.{}@localhost", alphanumeric(cx.chance(), 20));
        let letter = Letter {
            message: &message,
            from: &from,
            reply_to: reply_to.as_deref(),
            to: ("", address),
            message_id: &message_id,
            date: cx.now(),
            unsubscribe: None,
            headers: &headers,
            key: None,
            attachments: &prepared.attachments,
        };
        outgoing.push(Outgoing {
            envelope: Envelope { sender: from.address.clone(), recipient: address.clone() },
            subject: message.subject.clone(),
            bytes: desk.signers.sign(&from.address, letter.build(), cx.now()),
        });
    }
    hand_over(cx, outgoing).await?;
    Ok(to.len())
}

/// Messages outside the ledger go to the mail server, or to the outbox where there is none.
pub(super) async fn hand_over(cx: &Cx, outgoing: Vec<Outgoing>) -> Result<()> {
    match cx.ws.get_part::<MailTransport>() {
        Some(transport) => deliver(transport.0.clone(), &outgoing).await,
        None => catch(cx, outgoing).await,
    }
}

async fn values_of(cx: &Cx, contact: ContactId, prepared: &Prepared) -> Result<ContactTexts> {
    let mut aliases = prepared.aliases.clone();
    aliases.extend(["email", "firstname", "lastname", "timezone"].map(String::from));
    let mut found = cx.db().read(move |tx| emails::texts(tx, &[contact.0], &aliases)).await?;
    found.remove(&contact.0).map(ContactTexts).ok_or_else(|| Error::not_found("contact", contact))
}

async fn catch(cx: &Cx, outgoing: Vec<Outgoing>) -> Result<()> {
    let now = cx.now();
    cx.db()
        .write(move |tx| {
            for message in &outgoing {
                outbox::keep(tx, now, None, message)?;
            }
            Ok(())
        })
        .await
}

/// Over one connection. What might have been sent is told apart from what was not: only the latter may be tried again.
pub(super) async fn deliver(transport: Arc<dyn Transport>, outgoing: &[Outgoing]) -> Result<()> {
    let refused = |reason: String| {
        Error::new(ErrorKind::Unavailable, "mail.refused", format!("The mail server did not take the message: {reason}"))
    };
    let mut channel: Option<Box<dyn Channel>> = None;
    for (sent, message) in outgoing.iter().enumerate() {
        // Whoever tries all of them again would repeat those that left.
        let failed = |reason: String| if sent == 0 { refused(reason) } else { in_part(sent, outgoing.len(), &reason) };
        let mut open = match channel.take().filter(|c| c.is_usable()) {
            Some(open) => open,
            None => transport.channel().await.map_err(|e| failed(e.to_string()))?,
        };
        open.offer(&message.envelope, &message.bytes).await.map_err(|e| failed(e.to_string()))?;
        open.deliver(&message.bytes).await.map_err(|e| match e {
            Undelivered::Unknown(reason) => nobody_knows(&reason),
            known => failed(known.to_string()),
        })?;
        channel = Some(open);
    }
    if let Some(channel) = channel {
        transport.release(channel).await;
    }
    Ok(())
}

fn nobody_knows(reason: &str) -> Error {
    let detail = format!("The mail server got the message and never answered: it may have been sent or not ({reason}).");
    Error::conflict("mail.unknown", detail)
}

fn in_part(sent: usize, of: usize, reason: &str) -> Error {
    Error::conflict("mail.in-part", format!("{sent} of {of} messages left; the mail server did not take the next: {reason}"))
}
