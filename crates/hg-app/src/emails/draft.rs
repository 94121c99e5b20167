//! Drafts of emails that readers get already: what the author changes waits beside the email until it is published.
//! Readers go on getting what was published; publishing is an ordinary save, with a new revision.

use hg_core::emails::{CompiledEmail, Mark, SourceFormat, line_diff};
use hg_core::ids::{EmailId, UserId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde_json::Value as Json;

use super::context::site_url;
use super::model::{Content, Email, EmailPatch};
use super::{service, store};
use crate::attachments;
use crate::audit::{self, Changes, Deed};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};

/// What waits to be published.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The email as it would be.
    pub email: Email,
    /// Counts the saves of the draft.
    pub version: i64,
    pub updated_at: Timestamp,
    pub updated_by: Option<UserId>,
    /// The email was changed by something else since the draft was begun.
    pub behind: bool,
    /// Settings that differ: what, before, after.
    pub changes: Vec<(&'static str, String, String)>,
    /// The words that readers see, line by line.
    pub text: Vec<(Mark, String)>,
}

/// A row of the table.
struct Row {
    version: i64,
    updated_at: Timestamp,
    updated_by: Option<UserId>,
    revision: i64,
    content: Content,
}

fn row(tx: &mut Tx<'_>, id: EmailId) -> Result<Option<Row>> {
    let text = "SELECT version, updated_at, updated_by, revision, content FROM email_drafts WHERE email_id = $1";
    let found = tx.opt(Sql::new(text).bind(id), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get::<Json>(4)?)))?;
    let Some((version, updated_at, updated_by, revision, content)) = found else { return Ok(None) };
    let content = serde_json::from_value(content).map_err(|e| Error::internal(e.to_string()))?;
    Ok(Some(Row { version, updated_at, updated_by, revision, content }))
}

fn forget(tx: &mut Tx<'_>, id: EmailId) -> Result<()> {
    tx.exec(Sql::new("DELETE FROM email_drafts WHERE email_id = $1").bind(id))?;
    Ok(())
}

/// Whether readers get this email already: it was sent, is being sent, or a running campaign sends it.
pub async fn is_live(cx: &Cx, email: &Email) -> Result<bool> {
    cx.may(Action::View(Area::Emails))?;
    use super::model::SendingState as State;
    if email.counts.sent > 0 || matches!(email.send_state, State::Sending | State::Paused | State::Sent) {
        return Ok(true);
    }
    let id = email.parent.map_or(email.id, |(parent, _)| parent);
    let text = "SELECT 1 FROM campaign_steps s JOIN campaigns c ON c.id = s.campaign_id WHERE s.deleted_at IS NULL \
                AND c.deleted_at IS NULL AND c.state = 'published' AND CAST(s.settings ->> 'email_id' AS BIGINT) = $1 LIMIT 1";
    cx.db().read(move |tx| Ok(tx.opt(Sql::new(text).bind(id), |_| Ok(()))?.is_some())).await
}

/// What waits to be published, and how it differs; none: nothing does.
pub async fn draft(cx: &Cx, id: EmailId) -> Result<Option<Draft>> {
    let email = service::get(cx, id).await?;
    let Some(row) = cx.db().read(move |tx| row(tx, id)).await? else { return Ok(None) };
    let site = site_url(&cx.ws);
    let text = line_diff(&words(&email.content, &site), &words(&row.content, &site));
    let changes = settings_that_differ(&email.content, &row.content);
    let behind = row.revision != email.revision;
    let (version, updated_at, updated_by) = (row.version, row.updated_at, row.updated_by);
    Ok(Some(Draft { email: Email { content: row.content, ..email }, version, updated_at, updated_by, behind, changes, text }))
}

/// What readers see, as text; the source where it cannot be compiled.
fn words(content: &Content, site: &str) -> String {
    let own = content.plain_text.as_deref().map_or(String::new(), |own| format!("\n\n{own}"));
    match CompiledEmail::compile(&content.compilable(site, false, false)) {
        Ok(compiled) => compiled.editable_text + &own,
        Err(_) => content.source.clone() + &own,
    }
}

fn settings_that_differ(before: &Content, after: &Content) -> Vec<(&'static str, String, String)> {
    let said = |c: &Content| {
        let format = if c.compilable("", false, false).format == SourceFormat::Mjml { "MJML" } else { "HTML" };
        [
            ("subject", c.subject.clone()),
            ("preheader", c.preheader.clone()),
            ("from_name", c.from_name.clone()),
            ("from_address", c.from_address.clone()),
            ("reply_to", c.reply_to.clone()),
            ("format", format.to_owned()),
            ("purpose", c.purpose.clone()),
            ("language", c.language.clone()),
            ("utm", [&*c.utm_source, &c.utm_medium, &c.utm_campaign, &c.utm_content].join(" ").trim().to_owned()),
            ("dynamic", c.dynamic.iter().map(|block| &*block.name).collect::<Vec<_>>().join(", ")),
            ("attachments", c.attachments.len().to_string()),
            ("owner_sends", c.owner_sends.to_string()),
        ]
    };
    let differ = said(before).into_iter().zip(said(after)).filter(|((_, a), (_, b))| a != b);
    let mut found: Vec<_> = differ.map(|((what, a), (_, b))| (what, a, b)).collect();
    // Words can be the same while looks, links or conditions differ.
    for (what, differs) in [("source", before.source != after.source), ("blocks", before.dynamic != after.dynamic)] {
        if differs {
            found.push((what, String::new(), String::new()));
        }
    }
    found
}

/// Keeps what the author changed. `version`: of the draft that she saw, 0 when there was none.
pub async fn save_draft(cx: &Cx, id: EmailId, version: Option<i64>, content: Content) -> Result<Draft> {
    cx.may(Action::Edit(Area::Emails))?;
    let email = service::get(cx, id).await?;
    service::check(cx, &email.name, &content)?;
    let (now, by) = (cx.now(), cx.user_id());
    let json = serde_json::to_value(&content).map_err(|e| Error::internal(e.to_string()))?;
    cx.db()
        .write(move |tx| {
            let email = store::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            let there = row(tx, id)?;
            if version.is_some_and(|seen| seen != there.as_ref().map_or(0, |row| row.version)) {
                return Err(Error::changed_meanwhile("draft"));
            }
            attachments::check(tx, &content.attachments)?;
            let sql = Sql::new(
                "INSERT INTO email_drafts (email_id, version, created_at, updated_at, updated_by, revision, content) \
                 VALUES ($1, 1, $2, $2, $3, $4, $5) ON CONFLICT (email_id) DO UPDATE SET version = email_drafts.version + 1, \
                 updated_at = excluded.updated_at, updated_by = excluded.updated_by, content = excluded.content",
            );
            tx.exec(sql.bind(id).bind(now).bind(by).bind(email.revision).bind(&json))?;
            Ok(())
        })
        .await?;
    draft(cx, id).await?.ok_or_else(|| Error::not_found("draft", id))
}

/// Makes the draft what readers get from now on.
pub async fn publish_draft(cx: &Cx, id: EmailId, version: Option<i64>) -> Result<Email> {
    cx.may(Action::Edit(Area::Emails))?;
    let waiting = cx.db().read(move |tx| row(tx, id)).await?.ok_or_else(|| Error::not_found("draft", id))?;
    let name = service::get(cx, id).await?.name;
    // What it names may be gone since it was saved.
    service::check(cx, &name, &waiting.content)?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let row = row(tx, id)?.ok_or_else(|| Error::not_found("draft", id))?;
            if row.version != waiting.version || version.is_some_and(|seen| seen != row.version) {
                return Err(Error::changed_meanwhile("draft"));
            }
            let patch = EmailPatch { content: Some(row.content), ..EmailPatch::default() };
            let email = service::write(tx, &who, now, by, id, &patch)?;
            forget(tx, id)?;
            Ok(email)
        })
        .await
}

/// Throws the draft away; readers never got it.
pub async fn discard_draft(cx: &Cx, id: EmailId) -> Result<()> {
    cx.may(Action::Edit(Area::Emails))?;
    let who = cx.who();
    cx.db()
        .write(move |tx| {
            let email = store::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            row(tx, id)?.ok_or_else(|| Error::not_found("draft", id))?;
            forget(tx, id)?;
            audit::record(tx, &who, service::entry(Deed::Update, &email).changes(Changes::new().touched("draft", true)))
        })
        .await
}
