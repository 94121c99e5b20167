use std::collections::HashMap;

use hg_core::emails::CompiledEmail;
use hg_core::ids::{EmailId, UserId};
use hg_core::time::Timestamp;
use hg_core::tokens::Warning;
use hg_store::Tx;

use super::blocks;
use super::context::site_url;
use super::model::{Content, Email, EmailError, EmailPatch, EmailWarning, Kind, NewEmail, SendingState};
use super::store;
use crate::attachments;
use crate::audit::{self, Changes, Deed, Entry, Who};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, FieldError, Result};
use crate::list::{ListQuery, Page};

/// Emails, newest first unless sorted.
pub async fn list(cx: &Cx, query: ListQuery, kind: Option<Kind>) -> Result<Page<Email>> {
    cx.may(Action::View(Area::Emails))?;
    let query = query.asked_by(cx);
    cx.db().read(move |tx| store::list(tx, &query, kind)).await
}

pub async fn get(cx: &Cx, id: EmailId) -> Result<Email> {
    cx.may(Action::View(Area::Emails))?;
    cx.db().read(move |tx| store::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))).await
}

/// Makes an email.
pub async fn create(cx: &Cx, new: NewEmail) -> Result<Email> {
    cx.may(Action::Edit(Area::Emails))?;
    check(cx, &new.name, &new.content)?;
    if !new.window().is_possible() {
        return Err(EmailError::EmptyWindow.into());
    }
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            attachments::check(tx, &new.content.attachments)?;
            let mut new = new.clone();
            blocks::resolve(tx, &mut new.content)?;
            let id = store::insert(tx, now, by, &new)?;
            let email = store::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            audit::record(tx, &who, entry(Deed::Create, &email))?;
            Ok(email)
        })
        .await
}

/// Changes an email. Whatever changes what is sent makes a new revision.
pub async fn update(cx: &Cx, id: EmailId, patch: EmailPatch) -> Result<Email> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    let before = get(cx, id).await?;
    check(cx, patch.name.as_ref().unwrap_or(&before.name), patch.content.as_ref().unwrap_or(&before.content))?;
    cx.db().write(move |tx| write(tx, &who, now, by, id, &patch)).await
}

/// The same in the caller's transaction, for what was checked.
pub(super) fn write(
    tx: &mut Tx<'_>,
    who: &Who,
    now: Timestamp,
    by: Option<UserId>,
    id: EmailId,
    patch: &EmailPatch,
) -> Result<Email> {
    let mut email = store::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
    if patch.version.is_some_and(|v| v != email.version) {
        return Err(Error::changed_meanwhile("email"));
    }
    if patch.kind.is_some_and(|k| k != email.kind) && store::was_sent(tx, id)? {
        return Err(EmailError::KindFixed.into());
    }
    if let Some(content) = patch.content.as_ref().filter(|content| content.attachments != email.content.attachments) {
        attachments::check(tx, &content.attachments)?;
    }
    let old = email.content.clone();
    let (name, window, evergreen) = (email.name.clone(), email.window(), email.evergreen);
    apply(&mut email, patch.clone());
    if !email.window().is_possible() {
        return Err(EmailError::EmptyWindow.into());
    }
    blocks::resolve(tx, &mut email.content)?;
    email.version += 1;
    email.revision += i64::from(old != email.content);
    store::save(tx, now, &email)?;
    if old != email.content {
        super::family::content_changed(tx, now, by, &email)?;
    }
    if email.send_state == SendingState::Sending && (email.evergreen || evergreen) {
        // Its audience, its time or whether it goes on may be another one now.
        crate::sending::fill_rest(tx, now, &email, by)?;
    }
    let changes = Changes::new()
        .field("name", &name, &email.name)
        .field("published", &window.published, &email.published)
        .field("publish_up", &window.publish_up, &email.publish_up)
        .field("publish_down", &window.publish_down, &email.publish_down)
        .field("evergreen", &evergreen, &email.evergreen)
        .field("subject", &old.subject, &email.content.subject)
        .field("attachments", &old.attachments, &email.content.attachments)
        .field("owner_sends", &old.owner_sends, &email.content.owner_sends)
        .touched("content", old != email.content);
    audit::record(tx, who, entry(Deed::Update, &email).changes(changes))?;
    store::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))
}

pub(super) fn entry(deed: Deed, email: &Email) -> Entry {
    Entry::new(deed, "email", email.id.0, &email.name)
}

fn apply(email: &mut Email, patch: EmailPatch) {
    email.name = patch.name.unwrap_or_else(|| std::mem::take(&mut email.name));
    email.content = patch.content.unwrap_or_else(|| std::mem::take(&mut email.content));
    email.kind = patch.kind.unwrap_or(email.kind);
    email.published = patch.published.unwrap_or(email.published);
    email.publish_up = patch.publish_up.unwrap_or(email.publish_up);
    email.publish_down = patch.publish_down.unwrap_or(email.publish_down);
    email.segments = patch.segments.unwrap_or_else(|| std::mem::take(&mut email.segments));
    email.excluded_segments = patch.excluded_segments.unwrap_or_else(|| std::mem::take(&mut email.excluded_segments));
    email.evergreen = patch.evergreen.unwrap_or(email.evergreen);
    email.extra = patch.extra.unwrap_or_else(|| std::mem::take(&mut email.extra));
}

/// Deletes an email; it can be restored. Messages that wait are not sent any more.
pub async fn delete(cx: &Cx, id: EmailId) -> Result<()> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let email = store::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            audit::record(tx, &who, entry(Deed::Delete, &email))?;
            store::set_deleted(tx, now, id, true)
        })
        .await
}

pub async fn restore(cx: &Cx, id: EmailId) -> Result<Email> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            store::find_deleted(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            store::set_deleted(tx, now, id, false)?;
            let email = store::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            audit::record(tx, &who, entry(Deed::Restore, &email))?;
            Ok(email)
        })
        .await
}

/// Names of emails, also of deleted ones.
pub fn names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<i64, String>> {
    Ok(store::names(tx, ids)?.into_iter().collect())
}

pub(super) fn check(cx: &Cx, name: &str, content: &Content) -> Result<()> {
    let mut wrong = Vec::new();
    if name.trim().is_empty() {
        wrong.push(FieldError::new("/name", "required", "Give the email a name."));
    }
    if content.subject.trim().is_empty() {
        wrong.push(FieldError::new("/subject", "required", "Write a subject."));
    }
    for (pointer, text, most) in [
        ("/name", name, 190),
        ("/subject", content.subject.as_str(), 190),
        ("/preheader", content.preheader.as_str(), 190),
        ("/from_name", content.from_name.as_str(), 190),
    ] {
        if text.chars().count() > most {
            wrong.push(FieldError::new(pointer, "too-long", format!("{most} characters fit here.")));
        }
    }
    for (pointer, address) in [("/from_address", &content.from_address), ("/reply_to", &content.reply_to)] {
        let with_token = address.contains('{');
        if !address.trim().is_empty() && !with_token && !hg_core::forms::is_email_address(address.trim()) {
            wrong.push(FieldError::new(pointer, "email", "Write an email address such as team@example.org."));
        }
    }
    if !matches!(content.format.as_str(), "html" | "mjml") {
        wrong.push(FieldError::new("/format", "format", "Choose html or mjml."));
    } else if let mistakes = hg_core::emails::dynamic_mistakes(&content.dynamic)
        && !mistakes.is_empty()
    {
        wrong.extend(mistakes.into_iter().map(|m| FieldError::new(format!("/dynamic{}", m.pointer), "dynamic", m.detail)));
    } else if let Err(error) = CompiledEmail::compile(&content.compilable(&site_url(&cx.ws), true, true)) {
        wrong.push(FieldError::new("/source", "source", format!("{error}.")));
    }
    for (name, value) in &content.headers {
        let fits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && b != b':') && !value.contains(['\r', '\n']);
        if !fits {
            wrong.push(FieldError::new("/headers", "header", format!("“{name}” cannot be a header.")));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
}

/// What the author of this content should look at before sending.
pub fn warnings(content: &Content, compiled: &CompiledEmail, knows_field: &dyn Fn(&str) -> bool) -> Vec<EmailWarning> {
    let mut found: Vec<EmailWarning> = compiled
        .warnings(knows_field)
        .into_iter()
        .map(|warning| match warning {
            Warning::UnknownField { token, alias } => EmailWarning {
                code: "unknown-field",
                detail: format!("{token}: contacts have no field “{alias}”, so this stays empty."),
            },
            Warning::UnknownToken { token } => {
                EmailWarning { code: "unknown-token", detail: format!("{token} is not a token and is sent as it stands.") }
            }
            Warning::UnknownBlock { token } => EmailWarning {
                code: "unknown-block",
                detail: format!("{token}: the email has no such dynamic block, so this stays empty."),
            },
            Warning::UnknownDate { token, expression } => {
                EmailWarning { code: "unknown-date", detail: format!("{token}: “{expression}” is not a date we understand.") }
            }
        })
        .collect();
    if content.source.trim().is_empty() {
        found.push(EmailWarning { code: "empty", detail: "The email has no content yet.".into() });
    }
    if content.source.len() > 102 * 1024 {
        found.push(EmailWarning { code: "clipped", detail: "Above 102 KB some inboxes cut the email off.".into() });
    }
    found
}
