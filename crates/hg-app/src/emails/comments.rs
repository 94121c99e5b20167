//! What colleagues say to each other about an email: threads that are closed when their matter is settled. Whoever is
//! named in a comment (`@Ada Lovelace`) is told at the bell.

use hg_core::ids::{CommentId, EmailId, UserId};
use hg_core::mentions::{Colleague, mentions};
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};

use super::model::Email;
use super::service;
use super::store as emails;
use crate::audit::{self, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::notices::{self, News, Tone};
use crate::workspace::Workspace;

/// Longer comments are letters.
const LONGEST: usize = 5_000;
/// So much of a comment is told to those who are named in it.
const NAMED_IN: usize = 200;
/// So many are kept of an email.
const MOST: i64 = 1_000;

/// Something that somebody said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    pub id: CommentId,
    /// The comment that opened the thread; none: this one did.
    pub parent: Option<CommentId>,
    pub created_at: Timestamp,
    pub author: Option<UserId>,
    /// The author's name; empty when the account is gone.
    pub author_name: String,
    pub body: String,
    /// The version of the email that it speaks of.
    pub revision: i64,
    pub resolved_at: Option<Timestamp>,
}

const SELECT: &str = "SELECT c.id, c.parent_id, c.created_at, c.created_by, \
     trim(coalesce(u.first_name, '') || ' ' || coalesce(u.last_name, '')), c.body, c.revision, c.resolved_at \
     FROM email_comments c LEFT JOIN users u ON u.id = c.created_by";

fn read(r: &Row<'_>) -> hg_store::Result<Comment> {
    Ok(Comment {
        id: r.get(0)?,
        parent: r.get(1)?,
        created_at: r.get(2)?,
        author: r.get(3)?,
        author_name: r.get(4)?,
        body: r.get(5)?,
        revision: r.get(6)?,
        resolved_at: r.get(7)?,
    })
}

fn find(tx: &mut Tx<'_>, email: EmailId, id: CommentId) -> Result<Comment> {
    let text = format!("{SELECT} WHERE c.id = $1 AND c.email_id = $2");
    tx.opt(Sql::new(text).bind(id).bind(email), read)?.ok_or_else(|| Error::not_found("comment", id))
}

/// Everything said about an email, the oldest first.
pub async fn comments(cx: &Cx, email: EmailId) -> Result<Vec<Comment>> {
    service::get(cx, email).await?;
    let text = format!("{SELECT} WHERE c.email_id = $1 ORDER BY c.id");
    cx.db().read(move |tx| Ok(tx.all(Sql::new(text).bind(email), read)?)).await
}

/// Opens a thread, or answers in one; an answer opens a settled thread anew.
pub async fn say(cx: &Cx, email: EmailId, parent: Option<CommentId>, body: &str) -> Result<Comment> {
    cx.may(Action::Edit(Area::Emails))?;
    let body = body.trim().to_owned();
    if body.is_empty() {
        return Err(Error::field("/body", "required", "Write what you have to say."));
    }
    if body.chars().count() > LONGEST {
        return Err(Error::field("/body", "too-long", "5,000 characters fit here."));
    }
    let (who, now, by, ws) = (cx.who(), cx.now(), cx.user_id(), cx.ws.clone());
    cx.db()
        .write(move |tx| {
            let about = emails::find(tx, email)?.ok_or_else(|| Error::not_found("email", email))?;
            let said: i64 = tx.scalar(Sql::new("SELECT count(*) FROM email_comments WHERE email_id = $1").bind(email))?;
            if said >= MOST {
                return Err(Error::conflict("comments.too-many", "A thousand comments are enough for one email. Delete some."));
            }
            let thread = match parent {
                None => None,
                Some(id) => {
                    let opened = find(tx, email, id)?;
                    let thread = opened.parent.unwrap_or(opened.id);
                    tx.exec(
                        Sql::new("UPDATE email_comments SET resolved_at = NULL, resolved_by = NULL WHERE id = $1").bind(thread),
                    )?;
                    Some(thread)
                }
            };
            let sql = Sql::new(
                "INSERT INTO email_comments (email_id, parent_id, created_at, created_by, body, revision) \
                 VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
            );
            let id: CommentId =
                tx.one(sql.bind(email).bind(thread).bind(now).bind(by).bind(&body).bind(about.revision), |r| r.get(0))?;
            audit::record(tx, &who, Entry::new(Deed::Create, "comment", id.0, &about.name))?;
            let made = find(tx, email, id)?;
            tell_those_named(&ws, tx, &about, &made)?;
            Ok(made)
        })
        .await
}

/// Whoever is named hears of it, but for whoever wrote it.
fn tell_those_named(ws: &Workspace, tx: &mut Tx<'_>, about: &Email, comment: &Comment) -> Result<()> {
    let text = "SELECT id, first_name, last_name, email FROM users WHERE deleted_at IS NULL ORDER BY id";
    let colleagues =
        tx.all(text, |r| Ok(Colleague { id: r.get(0)?, first_name: r.get(1)?, last_name: r.get(2)?, email: r.get(3)? }))?;
    let author = if comment.author_name.is_empty() { "Somebody" } else { comment.author_name.as_str() };
    let title = format!("{author} named you in a comment on “{}”", about.name);
    let body: String = comment.body.chars().take(NAMED_IN).collect();
    let link = format!("/emails/{}/edit?comments=1", about.id);
    for user in mentions(&comment.body, &colleagues).into_iter().map(UserId).filter(|user| Some(*user) != comment.author) {
        let news = News { kind: "comment.named", tone: Tone::Good, title: &title, body: &body, link: &link };
        notices::tell(ws, tx, Some(user), &news)?;
    }
    Ok(())
}

/// Closes a thread, or opens it again.
pub async fn settle(cx: &Cx, email: EmailId, id: CommentId, settled: bool) -> Result<Comment> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let about = emails::find(tx, email)?.ok_or_else(|| Error::not_found("email", email))?;
            let opened = find(tx, email, id)?;
            let thread = opened.parent.unwrap_or(opened.id);
            let sql = Sql::new("UPDATE email_comments SET resolved_at = $2, resolved_by = $3 WHERE id = $1");
            tx.exec(sql.bind(thread).bind(settled.then_some(now)).bind(by.filter(|_| settled)))?;
            audit::record(tx, &who, Entry::new(Deed::Update, "comment", thread.0, &about.name))?;
            find(tx, email, thread)
        })
        .await
}

/// Takes a comment back, with its answers. Only whoever wrote it may.
pub async fn unsay(cx: &Cx, email: EmailId, id: CommentId) -> Result<()> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, by) = (cx.who(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let about = emails::find(tx, email)?.ok_or_else(|| Error::not_found("email", email))?;
            let comment = find(tx, email, id)?;
            if comment.author != by {
                return Err(Error::conflict(
                    "comments.not-yours",
                    "Only whoever wrote a comment can delete it. Settle it instead.",
                ));
            }
            tx.exec(Sql::new("DELETE FROM email_comments WHERE id = $1 OR parent_id = $1").bind(id))?;
            audit::record(tx, &who, Entry::new(Deed::Delete, "comment", id.0, &about.name))
        })
        .await
}
