//! An email about a contact to people of the house: what a point trigger tells them.

use async_trait::async_trait;
use hg_core::ids::{ContactId, EmailId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde::{Deserialize, Serialize};

use super::test_send::send_outside;
use crate::cx::Cx;
use crate::error::{Error, ErrorKind, Result};
use crate::jobs::{self, Job, JobHandle, JobRunner, NewJob, Outcome};

/// Which email, about whom, to which addresses.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserMail {
    pub email: EmailId,
    pub contact: ContactId,
    pub to: Vec<String>,
}

const KIND: &str = "sending.user-mail";
const BUSY_FOR: hg_core::time::Millis = hg_core::time::Millis::minutes(5);

/// Queues it in the caller's transaction.
pub fn push_user_mail(tx: &mut Tx<'_>, now: Timestamp, mail: &UserMail) -> Result<()> {
    let job = NewJob {
        kind: KIND,
        dedupe_key: None,
        title: "Tell users about a contact".to_owned(),
        payload: serde_json::to_value(mail).map_err(|e| Error::internal(e.to_string()))?,
        due_at: now,
        visible: false,
        link: None,
        created_by: None,
    };
    jobs::push(tx, now, job).map(|_| ())
}

/// Addresses of users, and of the owner of a contact when one is given.
pub fn addresses_of_users(tx: &mut Tx<'_>, users: &[i64], owner_of: Option<ContactId>) -> Result<Vec<String>> {
    let mut users = users.to_vec();
    if let Some(contact) = owner_of {
        let owner: Option<Option<i64>> =
            tx.opt(Sql::new("SELECT owner_id FROM contacts WHERE id = $1").bind(contact), |r| r.get(0))?;
        users.extend(owner.flatten());
    }
    let sql = Sql::new("SELECT email FROM users WHERE id @in($1) AND deleted_at IS NULL").bind(users.as_slice());
    Ok(tx.all(sql, |r| r.get(0))?)
}

/// Sends it. Like every mail it is not sent twice: before it leaves, the job says so.
pub struct UserMailJob;

#[async_trait]
impl JobRunner for UserMailJob {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, cx: &Cx, job: &Job, handle: &JobHandle) -> Result<Outcome> {
        let mail: UserMail = serde_json::from_value(job.payload.clone()).map_err(|e| Error::internal(e.to_string()))?;
        if job.done > 0 {
            return Ok(Outcome::Fail("It was about to leave when the server stopped; nobody knows whether it did.".to_owned()));
        }
        handle.progress(1, Some(1), None).await?;
        match send_outside(cx, mail.email, mail.to, Some(mail.contact), "").await {
            Ok(sent) => Ok(Outcome::Done(format!("{sent} messages."))),
            Err(error) if error.kind == ErrorKind::Unavailable => {
                // The mail server did not take it: it may be tried again.
                handle.progress(0, Some(1), None).await?;
                Ok(Outcome::Retry(BUSY_FOR, error.detail))
            }
            Err(error) => Ok(Outcome::Fail(error.detail)),
        }
    }
}
