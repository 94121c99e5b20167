//! What an email looked like before: every save that changed what is sent is kept, and any of them can come back.

use hg_core::ids::EmailId;
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};

use super::model::{Content, Email, EmailPatch};
use super::{service, store};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};

/// The last so many are listed.
const LISTED: i64 = 100;

/// One look of an email.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    pub number: i64,
    pub created_at: Timestamp,
    pub subject: String,
    /// Length of what was written.
    pub bytes: usize,
}

fn listed(tx: &mut Tx<'_>, id: EmailId) -> Result<Vec<Revision>> {
    let text = "SELECT revision, created_at, content FROM email_revisions WHERE email_id = $1 ORDER BY revision DESC LIMIT $2";
    let rows: Vec<(i64, Timestamp, serde_json::Value)> =
        tx.all(Sql::new(text).bind(id).bind(LISTED), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    Ok(rows
        .into_iter()
        .map(|(number, created_at, content)| {
            let said = |key: &str| content.get(key).and_then(serde_json::Value::as_str).unwrap_or_default();
            Revision { number, created_at, subject: said("subject").to_owned(), bytes: said("source").len() }
        })
        .collect())
}

/// The looks of an email, the newest first.
pub async fn revisions(cx: &Cx, id: EmailId) -> Result<Vec<Revision>> {
    service::get(cx, id).await?;
    cx.db().read(move |tx| listed(tx, id)).await
}

/// One of them, whole.
pub async fn revision(cx: &Cx, id: EmailId, number: i64) -> Result<Content> {
    service::get(cx, id).await?;
    cx.db().read(move |tx| store::content_of(tx, id, number)?.ok_or_else(|| Error::not_found("version", number))).await
}

/// Makes an email look as it did; that is a new version, so that nothing is lost.
pub async fn restore_revision(cx: &Cx, id: EmailId, number: i64, version: Option<i64>) -> Result<Email> {
    cx.may(Action::Edit(Area::Emails))?;
    let content = revision(cx, id, number).await?;
    service::update(cx, id, EmailPatch { version, content: Some(content), ..EmailPatch::default() }).await
}
