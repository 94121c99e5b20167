//! An email about a contact to people of the house: what a point trigger tells them.

use async_trait::async_trait;
use hg_core::ids::{ContactId, EmailId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde::{Deserialize, Serialize};

use super::house_mail::{once, queue};
use super::test_send::send_outside;
use crate::cx::Cx;
use crate::error::{Error, Result};
use crate::jobs::{Job, JobHandle, JobRunner, Outcome};

/// Which email, about whom, to which addresses.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserMail {
    pub email: EmailId,
    pub contact: ContactId,
    pub to: Vec<String>,
}

const KIND: &str = "sending.user-mail";

/// Queues it in the caller's transaction.
pub fn push_user_mail(tx: &mut Tx<'_>, now: Timestamp, mail: &UserMail) -> Result<()> {
    queue(tx, now, (KIND, "Tell users about a contact"), mail)
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
        let sending = send_outside(cx, mail.email, mail.to, Some(mail.contact), "");
        once(job, handle, async { sending.await.map(|sent| format!("{sent} messages.")) }).await
    }
}
