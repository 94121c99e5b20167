//! What hangs on a contact and says how she is treated: tags, do-not-contact entries, points.

use hg_core::events::EventKind;
use hg_core::ids::{ContactId, TagId};
use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde_json::json;

use crate::changes::{self, Happening};
use crate::contacts::{ContactProblem, PointsOperator, service};
use crate::cx::{Action, Area, Cx};
use crate::error::Result;
use crate::points::{self, Given};
use crate::tags;
use crate::workspace::Workspace;

/// A channel on which a contact must not be contacted, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct DoNotContact {
    pub channel: String,
    /// 1 unsubscribed, 2 bounced, 3 by hand.
    pub reason: i64,
    pub channel_id: Option<i64>,
    pub comments: String,
    pub at: Timestamp,
}

impl DoNotContact {
    pub fn reason_key(&self) -> &'static str {
        match self.reason {
            1 => "unsubscribed",
            2 => "bounced",
            _ => "manual",
        }
    }
}

/// An entry to be written; reason 0 takes the entry away.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDoNotContact {
    pub channel: String,
    pub reason: i64,
    pub channel_id: Option<i64>,
    pub comments: String,
}

/// Adds tags and takes tags away, by name; tags that are missing are made.
pub fn change_tags(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, add: &[String], remove: &[String]) -> Result<()> {
    change_tags_of(ws, tx, &[contact], add, remove)
}

/// The same for many contacts, with one statement for each tag. Who is not there is passed over.
pub(crate) fn change_tags_of(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contacts: &[ContactId],
    add: &[String],
    remove: &[String],
) -> Result<()> {
    let now = ws.clock.now();
    let ids: Vec<i64> = contacts.iter().map(|c| c.0).collect();
    for name in add {
        let Some((tag, name)) = tags::ensure(tx, name, now)? else { continue };
        let new = tx.all(
            Sql::new(
                "INSERT INTO contact_tags (contact_id, tag_id, added_at) SELECT id, $2, $3 FROM contacts WHERE id @in($1) \
                 ON CONFLICT DO NOTHING RETURNING contact_id",
            )
            .bind(ids.as_slice())
            .bind(tag)
            .bind(now),
            |r| r.get(0),
        )?;
        tagged(ws, tx, new, tag, &name, true)?;
    }
    for name in remove {
        let Some((tag, name)) = tags::find_by_name(tx, name)? else { continue };
        let gone = tx.all(
            Sql::new("DELETE FROM contact_tags WHERE contact_id @in($1) AND tag_id = $2 RETURNING contact_id")
                .bind(ids.as_slice())
                .bind(tag),
            |r| r.get(0),
        )?;
        tagged(ws, tx, gone, tag, &name, false)?;
    }
    Ok(())
}

fn tagged(ws: &Workspace, tx: &mut Tx<'_>, mut contacts: Vec<ContactId>, tag: TagId, name: &str, added: bool) -> Result<()> {
    let now = ws.clock.now();
    contacts.sort_unstable();
    let told: Vec<Happening> = contacts.into_iter().map(|c| tag_happening(c, tag, name, added, now)).collect();
    changes::record_many(ws, tx, &told)
}

/// Adds one tag that is there.
pub(crate) fn tag_one(tx: &mut Tx<'_>, contact: ContactId, tag: TagId, name: &str, now: Timestamp) -> Result<()> {
    let added = tx.exec(
        Sql::new("INSERT INTO contact_tags (contact_id, tag_id, added_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(contact)
            .bind(tag)
            .bind(now),
    )?;
    if added > 0 {
        changes::record(tx, tag_happening(contact, tag, name, true, now))?;
    }
    Ok(())
}

fn tag_happening(contact: ContactId, tag: TagId, name: &str, added: bool, now: Timestamp) -> Happening {
    Happening::new(contact, EventKind::TagChanged, now).object(tag.0).detail(json!({"added": added, "name": name}))
}

/// Splits `a`, `-b` into tags to add and tags to take away.
pub(crate) fn split_tags(written: &[String]) -> (Vec<String>, Vec<String>) {
    let mut add = Vec::new();
    let mut remove = Vec::new();
    for tag in written.iter().map(|t| t.trim()).filter(|t| !t.is_empty()) {
        match tag.strip_prefix('-') {
            Some(name) => remove.push(name.trim().to_owned()),
            None => add.push(tag.to_owned()),
        }
    }
    (add, remove)
}

/// Writes an entry in the caller's transaction. An unsubscription is only lifted on purpose, never by another reason, and
/// a bounce replaces nothing that a person said. Whether anything changed.
pub fn write_do_not_contact(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, new: &NewDoNotContact) -> Result<bool> {
    if new.reason == 0 {
        return lift(ws, tx, contact, &new.channel);
    }
    if !(1..=3).contains(&new.reason) {
        return Err(ContactProblem::Reason.into());
    }
    let now = ws.clock.now();
    let changed = tx.exec(
        Sql::new(
            "INSERT INTO do_not_contact (contact_id, channel, reason, channel_id, comments, added_at) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (contact_id, channel) DO UPDATE SET reason = excluded.reason, channel_id = excluded.channel_id, \
             comments = excluded.comments, added_at = excluded.added_at \
             WHERE do_not_contact.reason <> excluded.reason AND do_not_contact.reason <> 1 \
             AND NOT (do_not_contact.reason = 3 AND excluded.reason = 2)",
        )
        .bind(contact)
        .bind(&new.channel)
        .bind(new.reason)
        .bind(new.channel_id)
        .bind(&new.comments)
        .bind(now),
    )?;
    if changed > 0 {
        let detail = json!({"channel": new.channel, "reason": new.reason, "added": true, "comments": new.comments});
        changes::record(tx, Happening::new(contact, EventKind::DoNotContactChanged, now).detail(detail))?;
    }
    Ok(changed > 0)
}

/// Takes an entry away, whatever its reason. Whether there was one.
pub(crate) fn lift(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, channel: &str) -> Result<bool> {
    let reason: Option<i64> = tx.opt(
        Sql::new("DELETE FROM do_not_contact WHERE contact_id = $1 AND channel = $2 RETURNING reason")
            .bind(contact)
            .bind(channel),
        |r| r.get(0),
    )?;
    if let Some(reason) = reason {
        let detail = json!({"channel": channel, "reason": reason, "added": false, "comments": ""});
        changes::record(tx, Happening::new(contact, EventKind::DoNotContactChanged, ws.clock.now()).detail(detail))?;
    }
    Ok(reason.is_some())
}

/// As [`write_do_not_contact`], with the parts of the entry one by one.
pub fn set_do_not_contact(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contact: ContactId,
    channel: &str,
    reason: i64,
    comments: &str,
    channel_id: Option<i64>,
) -> Result<()> {
    let new = NewDoNotContact { channel: channel.to_owned(), reason, channel_id, comments: comments.to_owned() };
    write_do_not_contact(ws, tx, contact, &new).map(|_| ())
}

/// Takes an entry away, only if it has this reason when one is given. Whether there was one.
pub fn lift_do_not_contact(
    ws: &Workspace,
    tx: &mut Tx<'_>,
    contact: ContactId,
    channel: &str,
    only_reason: Option<i64>,
) -> Result<bool> {
    let there: Option<i64> = tx.opt(
        Sql::new("SELECT reason FROM do_not_contact WHERE contact_id = $1 AND channel = $2").bind(contact).bind(channel),
        |r| r.get(0),
    )?;
    if there.is_none() || only_reason.is_some_and(|only| Some(only) != there) {
        return Ok(false);
    }
    lift(ws, tx, contact, channel)
}

/// Somebody puts a contact on the do-not-contact list of a channel.
pub async fn stop_contacting(cx: &Cx, contact: ContactId, new: NewDoNotContact) -> Result<()> {
    cx.may(Action::Edit(Area::Contacts))?;
    let ws = cx.ws.clone();
    cx.db()
        .write(move |tx| {
            let contact = service::survivor(tx, contact)?;
            write_do_not_contact(&ws, tx, contact, &new).map(|_| ())
        })
        .await
}

/// Somebody takes a contact off the list of a channel; whether she was on it.
pub async fn contact_again(cx: &Cx, contact: ContactId, channel: String) -> Result<bool> {
    cx.may(Action::Edit(Area::Contacts))?;
    let ws = cx.ws.clone();
    cx.db()
        .write(move |tx| {
            let contact = service::survivor(tx, contact)?;
            lift(&ws, tx, contact, &channel)
        })
        .await
}

/// Adds points (or takes them away); the points after it.
pub fn change_points(ws: &Workspace, tx: &mut Tx<'_>, contact: ContactId, delta: i64, reason: &str) -> Result<i64> {
    points::change_in(ws, tx, contact, None, PointsOperator::Plus, delta, &Given::by("", reason))
}

/// Changes the points of a contact; the points after it.
pub async fn points(cx: &Cx, contact: ContactId, op: PointsOperator, by: i64, reason: String) -> Result<i64> {
    cx.may(Action::Edit(Area::Contacts))?;
    let ws = cx.ws.clone();
    cx.db()
        .write(move |tx| {
            let contact = service::survivor(tx, contact)?;
            points::change_in(&ws, tx, contact, None, op, by, &Given::by("user", reason.as_str()))
        })
        .await
}
