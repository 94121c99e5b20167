//! A plain message to somebody of the house, outside every statistic: a notice that was wished for by mail.

use async_trait::async_trait;
use hg_core::emails::{Message, Sender};
use hg_core::ids::alphanumeric;
use hg_core::time::{Millis, Timestamp};
use hg_core::tokens::escaped_html;
use hg_store::Tx;
use serde::{Deserialize, Serialize};

use super::compose::{Desk, Letter, Outgoing};
use super::test_send::hand_over;
use super::transport::Envelope;
use crate::cx::Cx;
use crate::emails::EmailError;
use crate::error::{Error, ErrorKind, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};

/// What it says, and to whom.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HouseMail {
    pub to: String,
    pub subject: String,
    /// Paragraphs with blank lines between.
    pub text: String,
}

const KIND: &str = "sending.house-mail";
const BUSY_FOR: Millis = Millis::minutes(5);

/// Queues it in the caller's transaction.
pub fn push_house_mail(tx: &mut Tx<'_>, now: Timestamp, mail: &HouseMail) -> Result<()> {
    queue(tx, now, (KIND, "Tell a user by mail"), mail)
}

/// Queues a mail to people of the house, as a task that nobody sees.
pub(super) fn queue(tx: &mut Tx<'_>, now: Timestamp, (kind, title): (&'static str, &str), mail: &impl Serialize) -> Result<()> {
    let job = NewJob {
        kind,
        dedupe_key: None,
        title: title.to_owned(),
        payload: serde_json::to_value(mail).map_err(|e| Error::internal(e.to_string()))?,
        due_at: now,
        visible: false,
        link: None,
        created_by: None,
    };
    jobs::push(tx, now, job).map(|_| ())
}

/// Sends it. Like every mail it is not sent twice: before it leaves, the job says so.
pub struct HouseMailJob;

#[async_trait]
impl JobRunner for HouseMailJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let mail: HouseMail = serde_json::from_value(job.payload.clone()).map_err(|e| Error::internal(e.to_string()))?;
        once(job, handle, async { send(cx, mail).await.map(|()| "Told.".to_owned()) }).await
    }
}

/// Runs the sending of a job that must not happen twice: where nobody knows whether it did, it is not tried again.
pub(super) async fn once(job: &Job, handle: &JobHandle, sending: impl Future<Output = Result<String>>) -> Result<Outcome> {
    if job.done > 0 {
        return Ok(Outcome::Fail("It was about to leave when the server stopped; nobody knows whether it did.".to_owned()));
    }
    handle.progress(1, Some(1), None).await?;
    match sending.await {
        Ok(said) => Ok(Outcome::Done(said)),
        Err(error) if error.kind == ErrorKind::Unavailable => {
            // The mail server did not take it: it may be tried again.
            handle.progress(0, Some(1), None).await?;
            Ok(Outcome::Retry(BUSY_FOR, error.detail))
        }
        Err(error) => Ok(Outcome::Fail(error.detail)),
    }
}

async fn send(cx: &Cx, mail: HouseMail) -> Result<()> {
    let desk = Desk::open(cx).await?;
    if desk.sender_email.is_empty() {
        return Err(EmailError::NoSender.into());
    }
    let paragraphs = mail.text.split("\n\n").map(|p| format!("<p>{}</p>", escaped_html(p)));
    let message = Message {
        subject: mail.subject.clone(),
        preheader: String::new(),
        html: paragraphs.collect::<String>(),
        text: mail.text.clone(),
    };
    let from = Sender { name: desk.sender_name.clone(), address: desk.sender_email.clone() };
    let message_id = format!("notice.{}@localhost", alphanumeric(cx.chance(), 20));
    let headers = [("Auto-Submitted".to_owned(), "auto-generated".to_owned())];
    let letter = Letter {
        message: &message,
        from: &from,
        reply_to: None,
        to: ("", &mail.to),
        message_id: &message_id,
        date: cx.now(),
        unsubscribe: None,
        headers: &headers,
        key: None,
        attachments: &[],
    };
    let outgoing = Outgoing {
        envelope: Envelope { sender: from.address.clone(), recipient: mail.to.clone() },
        subject: message.subject.clone(),
        bytes: desk.signers.sign(&from.address, letter.build(), cx.now()),
    };
    hand_over(cx, vec![outgoing]).await
}
